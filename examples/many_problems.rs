//! Thousands of small problems on all threads: one compiled model, each thread with a clone and numbers of its own.
//!
//! `cargo run --release --example many_problems`

use optc::embed::Source;
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let (n, threads) = (4000, std::thread::available_parallelism().map_or(1, usize::from));
    let begin = Instant::now();
    let worst = tins(n, threads)?;
    let seconds = begin.elapsed().as_secs_f64();
    let rate = n as f64 / seconds;
    println!("{n} problems on {threads} threads in {seconds:.2} s, {rate:.0} per second; worst error {worst:.1e}");
    Ok(())
}

/// Solves `n` problems and gives how far the worst answer is from the formula.
pub fn tins(n: usize, threads: usize) -> Result<f64, Box<dyn Error>> {
    // The cheapest tin for a volume, for many prices of lid and side.
    let problem = Source::new(
        "param lid = 1
         param side = 1
         var radius >= 0.1 start 1
         var height >= 0.1 start 1
         minimize lid * 2 * 3.141592653589793 * radius^2 + side * 2 * 3.141592653589793 * radius * height
         subject to volume: 3.141592653589793 * radius^2 * height >= 1",
    )
    .compile()?;
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                let mut own = problem.clone();
                scope.spawn(move || -> Result<f64, String> {
                    let mut worst = 0.0f64;
                    for k in (thread..n).step_by(threads) {
                        let lid = 0.5 + k as f64 / n as f64;
                        own.set("lid", &[lid]).map_err(|errors| errors.to_string())?;
                        let solution = own.solver().judged_quickly().run().map_err(|errors| errors.to_string())?;
                        if !solution.status().is_optimal() {
                            return Err(format!("problem {k}: {solution:?}"));
                        }
                        // The best height is twice the radius times what the lid costs more than the side.
                        let (r, h) = (
                            solution.value("radius").unwrap_or(f64::NAN),
                            solution.value("height").unwrap_or(f64::NAN),
                        );
                        worst = worst.max((h / r - 2.0 * lid).abs());
                    }
                    Ok(worst)
                })
            })
            .collect();
        let mut worst = 0.0f64;
        for handle in handles {
            worst = worst.max(handle.join().map_err(|_| "a thread ended badly")??);
        }
        Ok(worst)
    })
}
