//! Seconds of every stage for one chained model at growing sizes: what does not depend on data stays
//! flat, the rest grows with it. `cargo bench --bench stages`.

use optc::data::MemoryLoader;
use optc::driver::{Session, Setup};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The chained Rosenbrock function with neighbouring constraints (Lukšan and Vlček 1999, problem 5.1).
fn chained(n: usize) -> String {
    format!(
        "
param n = {n}
var x[i in 1..n] start if i / 2 == floor(i / 2) then 1 else -1.2
minimize f: sum(i in 2..n: 100 * (x[i-1]^2 - x[i])^2 + (x[i-1] - 1)^2)
subject to
  c[i in 2..n-1]: 3 * x[i]^3 + 2 * x[i+1] - 5 + sin(x[i] - x[i+1]) * sin(x[i] + x[i+1])
    + 4 * x[i] - x[i-1] * exp(x[i-1] - x[i]) - 3 == 0
"
    )
}

fn main() {
    println!("stage seconds, the least of 5");
    for n in [1_000, 10_000, 100_000] {
        let mut least: BTreeMap<String, f64> = BTreeMap::new();
        for _ in 0..5 {
            let mut session = Session::new(Arc::new(MemoryLoader::new()), Setup::default());
            let checked = session.check_text("chained.opt", &chained(n));
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
