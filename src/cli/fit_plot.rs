//! A fit as a picture: data, curve and confidence band over one covariate, or the residuals in order; below, residuals.

use super::number::show;
use super::plot::{Area, BLUE, FINE, FONT, Fault, GRID, INK, ORANGE, SIZE, spread};
use crate::driver::report::{CurveReport, FitReport};
use plotters::prelude::*;

/// A unit of length in a picture.
const DOTS: i32 = FINE as i32;
/// Points beyond this number are drawn small.
const MANY: usize = 200;
/// Most residuals that are drawn; of more, every so manieth.
const MOST: usize = 5_000;

/// Draws a fit: the curve above and the residuals below, or the residuals alone.
pub fn draw<'s>(root: &Area<'s>, fit: &FitReport) -> Result<(), Fault<'s>> {
    match &fit.curve {
        Some(curve) => {
            let (upper, lower) = root.split_vertically(SIZE.1 * FINE * 66 / 100);
            draw_curve(&upper, curve, fit)?;
            let at: Vec<f64> = curve.points.iter().map(|p| p.0).collect();
            let of_curve = fit.residual_values.len() == at.len();
            let labels = if of_curve { at } else { numbers(fit) };
            let name = if of_curve { curve.covariate.as_str() } else { "residual number" };
            draw_residuals(&lower, &labels, name, fit)
        }
        None => draw_residuals(root, &numbers(fit), "residual number", fit),
    }
}

fn numbers(fit: &FitReport) -> Vec<f64> {
    (1..=fit.residual_values.len()).map(|k| k as f64).collect()
}

fn draw_curve<'s>(area: &Area<'s>, curve: &CurveReport, fit: &FitReport) -> Result<(), Fault<'s>> {
    let band: Vec<(f64, f64, f64)> = (0..curve.x.len())
        .map(|k| (curve.x[k], curve.value[k], Some(curve.half_width[k]).filter(|w| w.is_finite()).unwrap_or(0.0)))
        .filter(|p| p.1.is_finite())
        .collect();
    let (x_lo, x_hi) = spread(curve.points.iter().map(|p| p.0));
    // The band may be wide where there are no data: the picture is of the data and the curve.
    let (y_lo, y_hi) = spread(curve.points.iter().map(|p| p.1).chain(band.iter().map(|p| p.1)));
    let room = y_hi - y_lo;
    let (band_lo, band_hi) = spread(band.iter().flat_map(|p| [p.1 - p.2, p.1 + p.2]));
    let (y_lo, y_hi) = (y_lo.min(band_lo.max(y_lo - room)), y_hi.max(band_hi.min(y_hi + room)));
    let mut chart = ChartBuilder::on(area)
        .margin(12 * FINE)
        .margin_right(24 * FINE)
        .x_label_area_size(28 * FINE)
        .y_label_area_size(76 * FINE)
        .build_cartesian_2d(x_lo..x_hi, y_lo..y_hi)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID.stroke_width(FINE))
        .axis_style(INK.stroke_width(FINE))
        .x_labels(8)
        .y_labels(8)
        .x_label_formatter(&|x| show(*x))
        .y_label_formatter(&|y| show(*y))
        .label_style((FONT, 13 * FINE).into_font().color(&INK))
        .y_desc(curve.response.as_str())
        .axis_desc_style((FONT, 14 * FINE).into_font().color(&INK))
        .set_all_tick_mark_size(5 * FINE)
        .draw()?;
    if band.iter().any(|p| p.2 > 0.0) {
        let clip = |y: f64| y.max(y_lo).min(y_hi);
        let upper = band.iter().map(|p| (p.0, clip(p.1 + p.2)));
        let lower = band.iter().rev().map(|p| (p.0, clip(p.1 - p.2)));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        chart
            .draw_series(std::iter::once(Polygon::new(outline, BLUE.mix(0.18).filled())))?
            .label(format!("{:.0} % band of the curve", fit.coverage * 100.0))
            .legend(|(x, y)| {
                Rectangle::new([(x, y - 5 * DOTS), (x + 22 * DOTS, y + 5 * DOTS)], BLUE.mix(0.18).filled())
            });
    }
    chart
        .draw_series(LineSeries::new(band.iter().map(|p| (p.0, p.1)), BLUE.stroke_width(2 * FINE)))?
        .label("fitted curve")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 22 * DOTS, y)], BLUE.stroke_width(2 * FINE)));
    let size = if curve.points.len() > MANY { DOTS } else { 3 * DOTS };
    let step = curve.points.len().div_ceil(MOST).max(1);
    chart
        .draw_series(curve.points.iter().step_by(step).map(|p| Circle::new(*p, size, ORANGE.filled())))?
        .label("data")
        .legend(|(x, y)| Circle::new((x + 11 * DOTS, y), 3 * DOTS, ORANGE.filled()));
    // In the corner that the curve leaves free.
    let falls = band.first().zip(band.last()).is_some_and(|(first, last)| first.1 > last.1);
    let corner = if falls { SeriesLabelPosition::UpperRight } else { SeriesLabelPosition::UpperLeft };
    chart
        .configure_series_labels()
        .position(corner)
        .margin(8 * FINE)
        .legend_area_size(30 * FINE)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID.stroke_width(FINE))
        .label_font((FONT, 13 * FINE).into_font().color(&INK))
        .draw()
}

fn draw_residuals<'s>(area: &Area<'s>, at: &[f64], name: &str, fit: &FitReport) -> Result<(), Fault<'s>> {
    let points: Vec<(f64, f64)> = at.iter().copied().zip(fit.residual_values.iter().copied()).collect();
    let (x_lo, x_hi) = spread(at.iter().copied());
    let deviation = Some(fit.residual_deviation).filter(|s| s.is_finite()).unwrap_or(0.0);
    let (y_lo, y_hi) = spread(points.iter().map(|p| p.1).chain([deviation, -deviation]));
    let mut chart = ChartBuilder::on(area)
        .margin(12 * FINE)
        .margin_right(24 * FINE)
        .x_label_area_size(44 * FINE)
        .y_label_area_size(76 * FINE)
        .build_cartesian_2d(x_lo..x_hi, y_lo..y_hi)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID.stroke_width(FINE))
        .axis_style(INK.stroke_width(FINE))
        .x_labels(8)
        .y_labels(5)
        .x_label_formatter(&|x| show(*x))
        .y_label_formatter(&|y| show(*y))
        .label_style((FONT, 13 * FINE).into_font().color(&INK))
        .x_desc(name)
        .y_desc("residual")
        .axis_desc_style((FONT, 14 * FINE).into_font().color(&INK))
        .set_all_tick_mark_size(5 * FINE)
        .draw()?;
    chart.draw_series(LineSeries::new([(x_lo, 0.0), (x_hi, 0.0)], INK.stroke_width(FINE)))?;
    if deviation > 0.0 {
        for y in [deviation, -deviation] {
            chart.draw_series(DashedLineSeries::new(
                [(x_lo, y), (x_hi, y)],
                5 * FINE,
                5 * FINE,
                BLUE.stroke_width(FINE),
            ))?;
        }
    }
    let size = if points.len() > MANY { DOTS } else { 3 * DOTS };
    let step = points.len().div_ceil(MOST).max(1);
    chart.draw_series(points.iter().step_by(step).map(|p| Circle::new(*p, size, ORANGE.filled())))?;
    Ok(())
}
