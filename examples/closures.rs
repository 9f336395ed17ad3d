//! Methods without the compiler: an objective, a constraint and their derivatives as closures.
//!
//! `cargo run --release --example closures`

use optc::embed::{ClosureOracle, Fit, Iteration, Pattern, Solution, solver};
use std::error::Error;
use std::ops::ControlFlow;

fn main() -> Result<(), Box<dyn Error>> {
    let solution = valley(|row| {
        let (iteration, objective, violation) = (row.iteration, row.objective, row.primal_infeasibility);
        println!("{iteration:>3}  objective {objective:>12.5e}  violation {violation:.1e}");
        ControlFlow::Continue(())
    })?;
    println!("{:?} at {:?} after {} iterations", solution.status(), solution.x(), solution.iterations());
    let (estimates, errors) = decay()?;
    println!("a fit of closures: {estimates:.4?}, standard errors {errors:.4?}");
    Ok(())
}

/// The lowest point of a valley inside a disk; `watch` sees every iteration.
pub fn valley(watch: impl FnMut(&Iteration) -> ControlFlow<()> + Send + 'static) -> Result<Solution, Box<dyn Error>> {
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
    Ok(solver(oracle).method("sqp").each_iteration(watch).run()?)
}

/// `y = a exp(-b t)` through measured points: estimates and standard errors.
#[allow(clippy::disallowed_methods, reason = "programs of their own call the standard library")]
pub fn decay() -> Result<(Vec<f64>, Vec<f64>), Box<dyn Error>> {
    let counts = [102.0, 83.0, 69.0, 57.0, 46.0, 39.0, 31.5, 26.0, 22.0, 17.5, 15.0, 12.0];
    let m = counts.len();
    let residuals = ClosureOracle::residuals(2, m, move |x, r| {
        for (t, r) in r.iter_mut().enumerate() {
            *r = counts[t] - x[0] * (-x[1] * t as f64).exp();
        }
    })
    .start(&[80.0, 0.1])
    // By columns: first those of `a`, then those of `b`.
    .jacobian(Pattern::full(m, 2)?, move |x, values| {
        for t in 0..m {
            let e = (-x[1] * t as f64).exp();
            (values[t], values[m + t]) = (-e, x[0] * t as f64 * e);
        }
    });
    let fit = Fit::new(residuals);
    let solution = fit.solver().method("levenberg_marquardt").run()?;
    let known = fit.statistics(solution.x())?;
    Ok((solution.x().to_vec(), known.standard_errors))
}
