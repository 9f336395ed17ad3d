//! A result as a picture: of a fit the data with curve and band, else the convergence of the runs, the objective above and
//! the residuals (log scale) below.

use super::number::show;
use super::output::write_file;
use crate::driver::report::{FitReport, Report, Run};
use crate::problem::TraceRow;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::io;
use std::path::Path;

pub(super) const SIZE: (u32, u32) = (900, 640);
pub(super) const FONT: &str = "sans-serif";
pub(super) const INK: RGBColor = RGBColor(0x33, 0x33, 0x33);
pub(super) const GRID: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);
pub(super) const BLUE: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
pub(super) const ORANGE: RGBColor = RGBColor(0xd9, 0x6c, 0x06);
pub(super) const TEAL: RGBColor = RGBColor(0x0a, 0x8f, 0x7c);
/// Residuals below this are drawn at it: a logarithm has no zero.
const FLOOR: f64 = 1e-16;
/// With fewer points than this each is marked.
const MARKED: usize = 80;

/// Pictures are drawn this much larger and shown smaller: places are whole numbers, and a curve is not.
pub(super) const FINE: u32 = 4;

/// Says in the head of a picture that it is to be shown smaller than it was drawn.
pub(super) fn shrunk(svg: &str, (width, height): (u32, u32)) -> String {
    let drawn = format!("width=\"{}\" height=\"{}\"", width * FINE, height * FINE);
    svg.replacen(&drawn, &format!("width=\"{width}\" height=\"{height}\""), 1)
}

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Fault<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

/// Draws all runs of a report, one after the other, to an SVG file.
///
/// # Errors
/// When there is nothing to draw, or what the operating system says.
pub fn convergence(path: &Path, report: &Report) -> io::Result<()> {
    let svg = render(report)?;
    write_file(path, |out| out.write_all(svg.as_bytes()))
}

/// The picture as SVG.
///
/// # Errors
/// When there is neither a fit nor an iteration to draw.
pub fn render(report: &Report) -> io::Result<String> {
    let mut svg = String::new();
    if let Some(fit) = report.fit.as_ref().filter(|fit| fit.is_worth_a_table()) {
        draw_fit(&mut svg, fit, &title(report)).map_err(|fault| io::Error::other(fault.to_string()))?;
        return Ok(shrunk(&svg, SIZE));
    }
    let rows = joined(&report.runs);
    if rows.is_empty() {
        return Err(io::Error::other("there are no iterations to draw"));
    }
    draw(&mut svg, &rows, &title(report)).map_err(|fault| io::Error::other(fault.to_string()))?;
    Ok(svg)
}

/// The rows of all runs, their iterations counted on.
fn joined(runs: &[Run]) -> Vec<TraceRow> {
    let mut rows: Vec<TraceRow> = Vec::new();
    for run in runs {
        let before = rows.last().map_or(0, |row| row.iteration);
        rows.extend(run.trace.iter().map(|row| TraceRow { iteration: row.iteration + before, ..*row }));
    }
    rows
}

fn title(report: &Report) -> String {
    let methods: Vec<&str> = report.runs.iter().map(|run| run.method.as_str()).collect();
    let status = report.status().map_or("", |s| s.phrase());
    format!("{} · {} · {status}", report.model, methods.join(", then "))
}

fn draw_fit<'s>(svg: &'s mut String, fit: &FitReport, title: &str) -> Result<(), Fault<'s>> {
    let root = SVGBackend::with_string(svg, (SIZE.0 * FINE, SIZE.1 * FINE)).into_drawing_area();
    root.fill(&WHITE)?;
    let root = root.margin(12 * FINE, 0, 0, 0).titled(title, (FONT, 20 * FINE).into_font().color(&INK))?;
    super::fit_plot::draw(&root, fit)?;
    root.present()
}

fn draw<'s>(svg: &'s mut String, rows: &[TraceRow], title: &str) -> Result<(), Fault<'s>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let root = root.margin(12, 0, 0, 0).titled(title, (FONT, 20).into_font().color(&INK))?;
    let (upper, lower) = root.split_vertically(SIZE.1 * 45 / 100);
    let last = rows.last().map_or(1, |row| row.iteration).max(1) as f64;
    objective(&upper, rows, last)?;
    residuals(&lower, rows, last)?;
    root.present()
}

fn objective<'s>(area: &Area<'s>, rows: &[TraceRow], last: f64) -> Result<(), Fault<'s>> {
    let points: Vec<(f64, f64)> =
        rows.iter().filter(|r| r.objective.is_finite()).map(|r| (r.iteration as f64, r.objective)).collect();
    let (lo, hi) = spread(points.iter().map(|p| p.1));
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(24)
        .x_label_area_size(24)
        .y_label_area_size(76)
        .build_cartesian_2d(0.0..last, lo..hi)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(INK)
        .x_labels(whole_labels(last))
        .y_labels(6)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| show(*y))
        .label_style((FONT, 13).into_font().color(&INK))
        .y_desc("objective")
        .axis_desc_style((FONT, 14).into_font().color(&INK))
        .draw()?;
    chart.draw_series(LineSeries::new(points.iter().copied(), BLUE.stroke_width(2)))?;
    if points.len() <= MARKED {
        chart.draw_series(points.iter().map(|p| Circle::new(*p, 3, BLUE.filled())))?;
    }
    Ok(())
}

/// A name, how to read the number, and the colour of its curve.
type Curve = (&'static str, fn(&TraceRow) -> Option<f64>, RGBColor);

const CURVES: [Curve; 3] = [
    ("violation", |row| Some(row.primal_infeasibility), ORANGE),
    ("optimality", |row| Some(row.dual_infeasibility), TEAL),
    ("barrier parameter", |row| row.mu, BLUE),
];

fn residuals<'s>(area: &Area<'s>, rows: &[TraceRow], last: f64) -> Result<(), Fault<'s>> {
    let series: Vec<(&Curve, Vec<(f64, f64)>)> = CURVES
        .iter()
        .map(|curve| {
            let value = |row: &TraceRow| (curve.1)(row).filter(|v| v.is_finite()).map(|v| v.max(FLOOR));
            (curve, rows.iter().filter_map(|row| Some((row.iteration as f64, value(row)?))).collect())
        })
        .filter(|(_, points): &(_, Vec<(f64, f64)>)| points.iter().any(|p| p.1 > FLOOR))
        .collect();
    let all = || series.iter().flat_map(|(_, points)| points.iter().map(|p| p.1)).filter(|v| *v > FLOOR);
    let (lo, hi) = all().fold((f64::INFINITY, 0.0_f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let (lo, hi) = if lo <= hi { decades(lo, hi) } else { (FLOOR, 1.0) };
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(76)
        .build_cartesian_2d(0.0..last, (lo..hi).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(INK)
        .x_labels(whole_labels(last))
        .y_labels(8)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0e}"))
        .label_style((FONT, 13).into_font().color(&INK))
        .x_desc("iteration")
        .y_desc("residual (log scale)")
        .axis_desc_style((FONT, 14).into_font().color(&INK))
        .draw()?;
    for ((name, _, colour), points) in series {
        let colour = *colour;
        let clipped = points.iter().map(|p| (p.0, p.1.max(lo)));
        chart
            .draw_series(LineSeries::new(clipped.clone(), colour.stroke_width(2)))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(2)));
        if points.len() <= MARKED {
            chart.draw_series(clipped.map(|p| Circle::new(p, 3, colour.filled())))?;
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .label_font((FONT, 13).into_font().color(&INK))
        .draw()
}

/// At most ten labels, so that each is a whole number.
fn whole_labels(last: f64) -> usize {
    (last as usize + 1).clamp(2, 10)
}

/// The range of values with a little room; never empty.
pub(super) fn spread(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (lo, hi) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    if lo > hi {
        return (0.0, 1.0);
    }
    let room = ((hi - lo) * 0.06).max(lo.abs().max(hi.abs()) * 1e-6).max(1e-12);
    (lo - room, hi + room)
}

/// Whole powers of ten around a range.
fn decades(lo: f64, hi: f64) -> (f64, f64) {
    let mut below = FLOOR / 10.0;
    while below * 10.0 <= lo {
        below *= 10.0;
    }
    let mut above = below * 10.0;
    while above < hi && above < 1e300 {
        above *= 10.0;
    }
    (below, above)
}
