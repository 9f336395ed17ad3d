//! Nonlinear regression of NIST's Statistical Reference Datasets: `suites/nist`, from both starts of each set.
//!
//! Compared are the digits of parameters and standard errors that agree with the certified ones (11 digits): the least
//! `-log10 |found - certified| / |certified|` of a set, at most 11. Parameters of a run are right with 8 digits, standard
//! errors with 6; those of Lanczos1, whose residuals are rounding of its data, do not count.

use optc::data::FolderLoader;
use optc::driver::{Session, Setup};
use std::fmt::Write as _;
use std::sync::Arc;

/// Digits that certified values have.
const MOST: f64 = 11.0;
/// Digits wanted of parameters and standard errors.
const PARAMETERS: f64 = 8.0;
const ERRORS: f64 = 6.0;

/// The table, the sentence above it, and whether the bars are met.
pub fn run(rows: &[Vec<String>]) -> Result<(String, String, bool), String> {
    let mut table =
        String::from("| set | m | n | start | parameters | standard errors | RSS | status | iterations |\n");
    table.push_str("|---|--:|--:|--:|--:|--:|--:|---|--:|\n");
    let (mut solved, mut exact, mut errors, mut wanted) = ([0, 0], 0, 0, 0);
    for row in rows {
        let [name, m, n, _, certified, deviations] = &row[..] else { return Err("known.csv has six columns".into()) };
        for start in [1, 2] {
            let report = solve(name, start)?;
            let values: Vec<f64> = report.variables.iter().filter_map(|v| v.values.first().copied()).collect();
            let digits = agreement(&values, certified)?;
            let of_fit = |f: &optc::driver::report::FitReport| f.parameters.iter().map(|p| p.standard_error).collect();
            let deviation: Vec<f64> = report.fit.as_ref().map_or_else(Vec::new, of_fit);
            let error_digits = agreement(&deviation, deviations)?;
            let last = report.runs.last().ok_or("nothing was solved")?;
            let right = digits >= 4.0;
            solved[start - 1] += usize::from(right);
            exact += usize::from(digits >= PARAMETERS);
            if right && name != "lanczos1" {
                wanted += 1;
                errors += usize::from(error_digits >= ERRORS);
            }
            writeln!(
                table,
                "| {name} | {m} | {n} | {start} | {digits:.1} | {error_digits:.1} | {:.10e} | {} | {} |",
                last.objective,
                last.status.phrase(),
                last.iterations
            )
            .expect("a string takes any text");
        }
    }
    let sets = rows.len();
    let verdict = format!(
        "{} of {sets} sets solved from start 1, {} from start 2; parameters agree to 8 digits in {exact} of {} runs, \
         standard errors to 6 digits in {errors} of {wanted} solved runs (Lanczos1 left out). Columns are the least number \
         of digits that agree with the certified values, which have 11. Made by `just suite nist`.",
        solved[0],
        solved[1],
        2 * sets
    );
    let met = solved[0] + 1 >= sets && solved[1] == sets && exact + 2 >= 2 * sets && errors == wanted;
    Ok((table, verdict, met))
}

fn solve(name: &str, start: usize) -> Result<optc::driver::report::Report, String> {
    let setup = Setup { set: vec![("start_from".into(), start as f64)], ..Setup::default() };
    let mut session = Session::new(Arc::new(FolderLoader::new("suites/nist")), setup);
    session.solve(&format!("{name}.opt"), None).map(|s| s.report).map_err(|_| format!("{name} cannot be solved"))
}

/// The least number of digits in which values agree with the listed ones; 0 where one is missing.
fn agreement(found: &[f64], listed: &str) -> Result<f64, String> {
    let listed: Result<Vec<f64>, _> = listed.split_whitespace().map(str::parse::<f64>).collect();
    let listed = listed.map_err(|e| e.to_string())?;
    if listed.len() != found.len() {
        return Ok(0.0);
    }
    let digits = found.iter().zip(&listed).map(|(x, known)| {
        let error = (x - known).abs() / known.abs();
        if error.is_nan() { 0.0 } else { (-optc::num::vmath::log10(error)).clamp(0.0, MOST) }
    });
    Ok(digits.fold(MOST, f64::min))
}
