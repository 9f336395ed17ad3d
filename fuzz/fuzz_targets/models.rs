//! Draws a model from bytes and holds native code, the portable executor and the interpreter against each other:
//! `cargo +nightly fuzz run models`. What it finds is a model; `just fuzz` runs the same judges on drawn ones.

#![no_main]

#[path = "../../tests/it/support/mod.rs"]
#[allow(dead_code)]
mod support;

use libfuzzer_sys::fuzz_target;
use optc::jit::{Jit, Level};
use support::drawn::Made;
use support::models::draw_from;

fuzz_target!(|bytes: &[u8]| {
    // The first byte says which instructions may be used; numbers come from a stream that it begins.
    let (first, choices) = bytes.split_first().unwrap_or((&0, &[]));
    let level = if first % 2 == 0 { Level::Machine } else { Level::Portable };
    let Ok(jit) = Jit::new(level) else { return };
    let jit = jit.with_budget(1 << 19);
    let drawn = draw_from(choices, u64::from(*first));
    let judged = Made::new(&drawn).and_then(|made| made.three_judges(&jit, u64::from(*first), 4));
    if let Err(why) = judged {
        panic!("{why}\n{}\n{}", drawn.text, drawn.table);
    }
});
