//! Methods without the compiler: an objective, a constraint and their derivatives as closures.
//!
//! `cargo run --release --example closures`

use optc::embed::{ClosureOracle, Pattern, solver};
use std::error::Error;
use std::ops::ControlFlow;

fn main() -> Result<(), Box<dyn Error>> {
    // Rosenbrock's valley inside a disk of radius sqrt(1.5).
    let pattern = Pattern::from_entries(1, 2, [(0, 0), (0, 1)])?.0;
    let oracle = ClosureOracle::new(2, |x| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2))
        .start(&[-1.2, 1.0])
        .gradient(|x, g| {
            let r = x[1] - x[0] * x[0];
            g[0] = -2.0 * (1.0 - x[0]) - 400.0 * x[0] * r;
            g[1] = 200.0 * r;
        })
        .constraints(&[f64::NEG_INFINITY], &[1.5], |x, c| c[0] = x[0] * x[0] + x[1] * x[1])
        .jacobian(pattern, |x, values| {
            values[0] = 2.0 * x[0];
            values[1] = 2.0 * x[1];
        });
    let solution = solver(oracle)
        .method("sqp")
        .each_iteration(|row| {
            println!(
                "{:>3}  objective {:>12.5e}  violation {:.1e}",
                row.iteration, row.objective, row.primal_infeasibility
            );
            ControlFlow::Continue(())
        })
        .run()?;
    println!("{:?} at {:?} after {} iterations", solution.status(), solution.x(), solution.iterations());
    Ok(())
}
