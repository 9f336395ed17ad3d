//! Fit data with Levenberg-Marquardt and read standard errors and the covariance.
//!
//! `cargo run --release --example fit_covariance`

use optc::driver::report::FitReport;
use optc::embed::Source;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let fit = decay()?;
    println!("{} residuals, {} parameters", fit.residuals, fit.free);
    for parameter in &fit.parameters {
        println!("{:>6} = {:.5} ± {:.5}", parameter.name, parameter.estimate, parameter.standard_error);
    }
    println!("covariance {:.3e}", fit.covariance[1]);
    println!("correlation {:.3}", fit.correlation[1]);
    Ok(())
}

/// Fits `first * exp(-rate * minutes)`.
pub fn decay() -> Result<FitReport, Box<dyn Error>> {
    // Decay of a sample, counted every minute.
    let minutes: Vec<f64> = (0..12).map(f64::from).collect();
    let counts = [102.0, 83.0, 69.0, 57.0, 46.0, 39.0, 31.5, 26.0, 22.0, 17.5, 15.0, 12.0];
    let problem = Source::new(
        "table t from \"t.csv\"
         var first start 80
         var rate start 0.1
         minimize sum(r in t: (r.counts - first * exp(-rate * r.minutes))^2)",
    )
    .table("t.csv", &[("minutes", &minutes), ("counts", &counts)])
    .compile()?;
    problem.report()?.fit.ok_or_else(|| "a sum of squares has a fit".into())
}
