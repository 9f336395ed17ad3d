//! The part of a report about a fit as text: estimates with standard errors and intervals, correlations, warnings.

use super::grid::{Align, Grid};
use super::number::{align_all, brief, count, show};
use super::output::Style;
use super::text::LEFT;
use crate::driver::report::{FitReport, ParameterReport};

/// Parameters shown before the table is cut.
pub const MOST_ROWS: usize = 24;
/// Correlations of at most so many parameters are shown as a matrix.
const MOST_IN_MATRIX: usize = 8;

/// The section.
pub fn render(fit: &FitReport, style: Style) -> String {
    let pad = |heading: &str| format!("{}{}", style.dim(heading), " ".repeat(LEFT.saturating_sub(heading.len())));
    let mut out = format!(
        "{}{}, {}, {}; residual standard deviation {}\n",
        pad("fit"),
        count(fit.residuals, "residual"),
        count(fit.free, "free parameter"),
        degrees(fit.degrees_of_freedom),
        show(fit.residual_deviation)
    );
    for note in &fit.notes {
        out += &format!("{}{note}\n", pad(""));
    }
    out.push('\n');
    out += &parameters(fit, style);
    out += &correlations(fit);
    out
}

/// Why a curve through data has no such section.
pub fn why_not(fit: &FitReport, style: Style) -> String {
    let mut out = String::new();
    for note in fit.notes.iter().filter(|_| fit.is_of_data()) {
        let heading = if out.is_empty() { "fit" } else { "" };
        out += &format!("{}{}{note}\n", style.dim(heading), " ".repeat(LEFT.saturating_sub(heading.len())));
    }
    out
}

fn degrees(freedom: i64) -> String {
    format!("{freedom} {} of freedom", if freedom == 1 { "degree" } else { "degrees" })
}

fn parameters(fit: &FitReport, style: Style) -> String {
    let shown = &fit.parameters[..fit.parameters.len().min(MOST_ROWS)];
    let interval = format!("{:.0} % interval", fit.coverage * 100.0);
    let heads = ["parameter", "estimate", "", "std. error", "rel.", &interval, "", "", "at"];
    let sides = [
        Align::Left,
        Align::Right,
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Left,
        Align::Right,
        Align::Left,
    ];
    let heads = heads.iter().zip(sides).map(|(head, side)| ((*head).to_string(), side));
    let idle = shown.iter().all(|p| p.held.is_none());
    let mut grid = Grid::new(heads.map(|(head, side)| (if head == "at" && idle { String::new() } else { head }, side)));
    let column = |pick: fn(&ParameterReport) -> f64| -> Vec<String> {
        let values: Vec<f64> = shown.iter().map(pick).collect();
        let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        let mut texts = align_all(&finite).into_iter();
        values.iter().map(|v| if v.is_finite() { texts.next().unwrap_or_default() } else { String::new() }).collect()
    };
    let (estimates, errors) = (column(|p| p.estimate), column(|p| p.standard_error));
    let (lower, upper) = (column(|p| p.lower), column(|p| p.upper));
    for (k, parameter) in shown.iter().enumerate() {
        let known = !errors[k].is_empty();
        let mark = |text: &str| if known { text.to_string() } else { String::new() };
        let relative = parameter.standard_error / parameter.estimate.abs();
        let relative =
            if known && relative.is_finite() { format!("{} %", brief(100.0 * relative)) } else { String::new() };
        grid.row(vec![
            parameter.name.clone(),
            estimates[k].clone(),
            mark("±"),
            errors[k].clone(),
            relative,
            lower[k].clone(),
            mark("…"),
            upper[k].clone(),
            parameter.held.unwrap_or("").to_string(),
        ]);
    }
    let rest = fit.parameters.len() - shown.len();
    let cut = if rest > 0 {
        format!("  {}\n", style.dim(&format!("… {rest} more; --json prints all")))
    } else {
        String::new()
    };
    grid.render() + &cut
}

/// The lower triangle of the correlations, when it is small.
fn correlations(fit: &FitReport) -> String {
    let n = fit.parameters.len();
    let known: Vec<usize> = (0..n).filter(|j| fit.parameters[*j].standard_error.is_finite()).collect();
    if known.len() < 2 || known.len() > MOST_IN_MATRIX || fit.correlation.is_empty() {
        return String::new();
    }
    let name = |j: &usize| fit.parameters[*j].name.clone();
    let columns = &known[..known.len() - 1];
    let heads = std::iter::once(("correlation".to_string(), Align::Left));
    let mut grid = Grid::new(heads.chain(columns.iter().map(|j| (name(j), Align::Right))));
    for (at, i) in known.iter().enumerate().skip(1) {
        let cells = columns.iter().enumerate().map(|(k, j)| match k < at {
            true => format!("{:.3}", fit.correlation[i * n + j]),
            false => String::new(),
        });
        grid.row(std::iter::once(name(i)).chain(cells).collect());
    }
    format!("\n{}", grid.render())
}
