//! Nanoseconds per value of the block routines on every level of this processor, and of a loop over the
//! standard library's function. `cargo bench --bench vmath [NAME…]`.
#![allow(clippy::disallowed_methods)] // The loop to beat is that of the standard library.

use optc::num::vmath::{Level, block};
use std::hint::black_box;
use std::time::Instant;

/// Numbers of a block, as the executor has them.
const N: usize = 256;
/// Blocks per measurement; the least of [`REPEATS`] counts.
const BLOCKS: usize = 20;
const REPEATS: usize = 300;

type Routine = fn(Level, &[f64], &mut [f64]);
type Row = (&'static str, Routine, fn(f64) -> f64, f64, f64);

const ROWS: &[Row] = &[
    ("exp", block::exp, f64::exp, -20.0, 20.0),
    ("exp2", block::exp2, f64::exp2, -20.0, 20.0),
    ("expm1", block::expm1, f64::exp_m1, -5.0, 5.0),
    ("log", block::log, f64::ln, 0.01, 100.0),
    ("log2", block::log2, f64::log2, 0.01, 100.0),
    ("log10", block::log10, f64::log10, 0.01, 100.0),
    ("log1p", block::log1p, f64::ln_1p, -0.9, 10.0),
    ("sin", block::sin, f64::sin, -10.0, 10.0),
    ("cos", block::cos, f64::cos, -10.0, 10.0),
    ("tan", block::tan, f64::tan, -10.0, 10.0),
    ("asin", block::asin, f64::asin, -1.0, 1.0),
    ("acos", block::acos, f64::acos, -1.0, 1.0),
    ("atan", block::atan, f64::atan, -5.0, 5.0),
    ("sinh", block::sinh, f64::sinh, -5.0, 5.0),
    ("cosh", block::cosh, f64::cosh, -5.0, 5.0),
    ("tanh", block::tanh, f64::tanh, -3.0, 3.0),
    ("sigmoid", block::sigmoid, |x| 1.0 / (1.0 + (-x).exp()), -10.0, 10.0),
    ("softplus", block::softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), -10.0, 10.0),
    ("erf", block::erf, libm::erf, -3.0, 3.0),
    ("lgamma", block::lgamma, libm::lgamma, 0.1, 20.0),
    ("cube by pow", |level, x, out| block::pow(level, x, &[3.0; N], out), |x| x.powf(3.0), 0.1, 10.0),
    ("pow", |level, x, out| block::pow(level, x, x, out), |x| x.powf(x), 0.1, 10.0),
    ("sin and cos", |level, x, out| block::sin_cos(level, x, &mut [0.0; N], out), |x| x.sin() + x.cos(), -10.0, 10.0),
];

/// Nanoseconds per value.
fn time(mut run: impl FnMut(&[f64], &mut [f64]), lo: f64, hi: f64) -> f64 {
    // A golden-ratio sequence fills the range evenly and in no order that a predictor learns.
    let x: Vec<f64> = (1..=N).map(|i| lo + (hi - lo) * (i as f64 * 0.618_033_988_749_894_9).fract()).collect();
    let mut out = vec![0.0; N];
    let mut least = f64::INFINITY;
    for _ in 0..REPEATS {
        let begin = Instant::now();
        for _ in 0..BLOCKS {
            run(black_box(&x), &mut out);
            black_box(&out);
        }
        least = least.min(begin.elapsed().as_secs_f64());
    }
    least * 1e9 / (N * BLOCKS) as f64
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let levels: Vec<Level> = Level::ALL.into_iter().filter(|level| level.is_here()).collect();
    print!("{:12}", "ns per value");
    levels.iter().for_each(|level| print!("{:>10}", format!("{level:?}")));
    println!("{:>10}", "std loop");
    for &(name, routine, scalar, lo, hi) in ROWS {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        print!("{name:12}");
        for &level in &levels {
            print!("{:10.2}", time(|x, out| routine(level, x, out), lo, hi));
        }
        println!("{:10.2}", time(|x, out| out.iter_mut().zip(x).for_each(|(out, &x)| *out = scalar(x)), lo, hi));
    }
}
