//! Seconds of every stage for one chained model at growing sizes: what does not depend on data stays
//! flat, the rest grows with it. `cargo bench --bench stages`.

mod models;

use optc::data::MemoryLoader;
use optc::driver::{Session, Setup};
use std::collections::BTreeMap;
use std::sync::Arc;

fn main() {
    println!("stage seconds, the least of 5");
    for n in [1_000, 10_000, 100_000] {
        let mut least: BTreeMap<String, f64> = BTreeMap::new();
        for _ in 0..5 {
            let mut session = Session::new(Arc::new(MemoryLoader::new()), Setup::default());
            let checked = session.check_text("chained.opt", &models::named(&format!("lv{n}")).0);
            let Ok(bound) = session.bind(checked) else { panic!("the model is right") };
            assert_eq!(bound.facts.n_vars, n);
            for timing in session.timings() {
                let entry = least.entry(timing.stage.clone()).or_insert(f64::INFINITY);
                *entry = entry.min(timing.seconds);
            }
        }
        let line: Vec<String> = least.iter().map(|(stage, s)| format!("{stage} {s:.6}")).collect();
        println!("n = {n}: {}", line.join(", "));
    }
}
