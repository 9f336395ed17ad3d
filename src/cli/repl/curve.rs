//! `:plot`: a curve, by compiled code, in the terminal or as SVG.

use super::arguments::{items, split};
use super::canvas::{Canvas, Place, clip};
use super::commands::{all_move, applied, interval, no_range};
use super::engine::{Line, Repl, Stop};
use super::files::{picture, write};
use crate::cli::number::{brief, show};
use crate::cli::plot::{BLUE, FINE, FONT, GRID, INK, ORANGE, TEAL, shrunk};
use crate::driver::interactive::{Asked, Axis};
use plotters::prelude::*;

/// Places where the curve is computed. With an even number of steps the middle is one of them.
const POINTS: usize = 801;
/// Size of the drawing in characters.
const COLUMNS: usize = 64;
/// Size of a picture.
const SIZE: (u32, u32) = (820, 520);
const ROWS: usize = 16;
/// A curve that goes this many times as far as most of it is cut: a pole would leave nothing else to see.
const FAR: f64 = 8.0;

/// Most curves in one picture.
const MOST: usize = 6;

/// Sampled curves over one axis.
struct Curves {
    /// What is drawn, and its points.
    of: Vec<(String, Vec<Place>)>,
    name: String,
    x: (f64, f64),
    y: (f64, f64),
    /// Whether values beyond `y` are cut.
    cut: bool,
}

impl Curves {
    fn title(&self) -> String {
        self.of.iter().map(|(title, _)| title.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// Draws curves.
pub fn plot(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let (text, svg) = picture(line)?;
    let line = &Line { text: &text, rest: line.rest.clone(), ..*line };
    let found = split(line.text, line.rest.start..line.text.len());
    let [pair] = &found.pairs[..] else {
        return Err(match found.pairs.len() {
            0 => no_range(repl, line, "it is not said what goes along the axis"),
            _ => line.wrong(0..0, "a curve has one axis; `:contour` has two"),
        });
    };
    let x = interval(repl, line, pair)?;
    if !(x.1 > x.0 && (x.1 - x.0).is_finite()) {
        return Err(line.wrong(pair.value.clone(), "the range has no length that can be drawn"));
    }
    let axes = [repl.axis(line, pair.name.clone())?];
    let heads = items(line.text, found.head.clone());
    if heads.len() > MOST {
        return Err(line.wrong(found.head, format!("at most {MOST} curves fit into one picture")));
    }
    let mut all_asked = Vec::new();
    for head in heads {
        if head.is_empty() && !found.head.is_empty() {
            return Err(line.wrong(found.head, "an expression is missing beside a comma"));
        }
        all_asked.push(repl.asked(line, head)?);
    }
    all_move(repl, line, &all_asked.iter().collect::<Vec<_>>(), (&axes, &found.pairs))?;
    let mut of = Vec::new();
    for asked in &all_asked {
        of.push((asked.text.to_string(), sampled(repl, asked, &axes, x)?));
    }
    let all: Vec<Place> = of.iter().flat_map(|(_, points)| points.iter().copied()).collect();
    let name = axes[0].text.to_string();
    let Some((y, cut)) = heights(&all) else {
        let title = of.iter().map(|(title, _)| format!("`{title}`")).collect::<Vec<_>>().join(", ");
        return Err(line.wrong(0..0, format!("{title} has no value anywhere in this range")));
    };
    let curves = Curves { of, name, x, y, cut };
    let mut out = match &svg {
        None => draw(&curves),
        Some(path) => {
            write(path, &render(&curves).map_err(|fault| Stop::File(format!("cannot draw: {fault}")))?)?;
            format!("written to {path}\n")
        }
    };
    out += &gaps(&curves);
    repl.last = all_asked.into_iter().next();
    Ok(out)
}

/// The points of one curve.
fn sampled(repl: &mut Repl, asked: &Asked, axes: &[Axis], x: (f64, f64)) -> Result<Vec<Place>, Stop> {
    let asked = applied(repl, asked.clone(), axes);
    let stop = repl.bench.session.setup.stop.clone();
    let mut function = repl.bench.function(&asked, axes)?;
    let mut points = Vec::with_capacity(POINTS);
    for k in 0..POINTS {
        if stop.is_raised() {
            return Err(Stop::Interrupted);
        }
        let t = k as f64 / (POINTS - 1) as f64;
        let at = x.0 * (1.0 - t) + x.1 * t;
        points.push((at, function.at(&[at])));
    }
    Ok(points)
}

/// Where the curves have no value, as text.
fn gaps(curves: &Curves) -> String {
    let mut out = String::new();
    for (title, points) in &curves.of {
        let of = if curves.of.len() > 1 { format!(" of {title}") } else { String::new() };
        let name = &curves.name;
        let gaps: Vec<f64> = points.iter().filter(|p| !p.1.is_finite()).map(|p| p.0).collect();
        match &gaps[..] {
            [] => {}
            [one] => out += &format!("no value{of} at {name} = {}\n", show(*one)),
            many => {
                let (first, last) = (show(many[0]), show(many[many.len() - 1]));
                let n = many.len();
                out += &format!("no value{of} at {n} of {POINTS} points, from {name} = {first} to {last}\n");
            }
        }
    }
    out
}

/// The heights to show, and whether the curve goes beyond them.
fn heights(points: &[(f64, f64)]) -> Option<((f64, f64), bool)> {
    let mut values: Vec<f64> = points.iter().map(|p| p.1).filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let (first, last) = (*values.first()?, *values.last()?);
    let at = |share: f64| values[(share * (values.len() - 1) as f64).round() as usize];
    let (low, high) = (at(0.05), at(0.95));
    let far = (last - first) > FAR * (high - low) && high > low;
    let (lo, hi) = if far { (low - 0.5 * (high - low), high + 0.5 * (high - low)) } else { (first, last) };
    let (lo, hi) = (lo.max(first), hi.min(last));
    let room = if hi > lo { 0.0 } else { (hi.abs() * 0.1).max(0.5) };
    Some(((lo - room, hi + room), far))
}

/// Pieces of the curve without gaps; a single missing point between two near ones is none.
fn pieces(curve: &Curves, points: &[Place]) -> Vec<Vec<Place>> {
    let span = curve.y.1 - curve.y.0;
    let outside = |y: f64| y < curve.y.0 || y > curve.y.1;
    let mut pieces: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    let mut missing = 0;
    for point in points {
        if !point.1.is_finite() {
            missing += 1;
            continue;
        }
        let last = pieces.last().and_then(|p| p.last()).copied();
        let torn = last.is_some_and(|before: (f64, f64)| {
            let jump = (before.1 - point.1).abs();
            missing > 1
                || missing == 1 && jump > 0.05 * span
                || curve.cut && outside(before.1) && outside(point.1) && jump > span
        });
        missing = 0;
        if torn {
            pieces.push(Vec::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(*point);
        }
    }
    pieces
}

/// The curve in characters, with its axes.
fn draw(curve: &Curves) -> String {
    let mut canvas = Canvas::new(COLUMNS, ROWS);
    let (w, h) = (canvas.width() as f64 - 1.0, canvas.height() as f64 - 1.0);
    let place = |(x, y): (f64, f64)| {
        let across = (x - curve.x.0) / (curve.x.1 - curve.x.0) * w;
        (across, (curve.y.1 - y) / (curve.y.1 - curve.y.0) * h)
    };
    // The axes through zero, dotted.
    let zero = place((0.0, 0.0));
    if curve.x.0 < 0.0 && curve.x.1 > 0.0 {
        (0..canvas.height() as i64).step_by(4).for_each(|y| canvas.set(zero.0.round() as i64, y));
    }
    if curve.y.0 < 0.0 && curve.y.1 > 0.0 {
        (0..canvas.width() as i64).step_by(4).for_each(|x| canvas.set(x, zero.1.round() as i64));
    }
    for piece in curve.of.iter().flat_map(|(_, points)| pieces(curve, points)) {
        for pair in piece.windows(2) {
            canvas.line(place(pair[0]), place(pair[1]));
        }
        if let [only] = piece[..] {
            canvas.line(place(only), place(only));
        }
    }
    framed(&canvas.lines(), &curve.title(), (curve.x, &curve.name), curve.y)
}

/// A drawing with labels at the ends of its axes.
pub fn framed(lines: &[String], title: &str, (x, name): ((f64, f64), &str), y: (f64, f64)) -> String {
    let middle = lines.len() / 2;
    let label = |row: usize| match row {
        0 => brief(y.1),
        r if r + 1 == lines.len() => brief(y.0),
        r if r == middle => brief(y.1 - (y.1 - y.0) * (middle as f64 + 0.5) / lines.len() as f64),
        _ => String::new(),
    };
    let width = (0..lines.len()).map(|r| label(r).chars().count()).max().unwrap_or(0);
    let mut out = format!("{}{title}\n", " ".repeat(width + 3));
    for (row, line) in lines.iter().enumerate() {
        let label = label(row);
        let tick = if label.is_empty() { '│' } else { '┤' };
        out += &format!("{}{label} {tick}{line}\n", " ".repeat(width - label.chars().count()));
    }
    out += &format!("{} └{}\n", " ".repeat(width), "─".repeat(COLUMNS));
    let (lo, hi) = (show(x.0), format!("{name} = {}", show(x.1)));
    let space = (COLUMNS + 1).saturating_sub(lo.chars().count() + hi.chars().count());
    out + &format!("{} {lo}{}{hi}\n", " ".repeat(width), " ".repeat(space))
}

/// The parts of a curve between two heights.
fn visible(piece: &[Place], heights: (f64, f64)) -> Vec<Vec<Place>> {
    let mut parts: Vec<Vec<Place>> = Vec::new();
    let mut end = None;
    for pair in piece.windows(2) {
        let Some((from, to)) = clip(pair[0], pair[1], heights) else { continue };
        match parts.last_mut().filter(|_| end == Some(from)) {
            Some(part) => part.push(to),
            None => parts.push(vec![from, to]),
        }
        end = Some(to);
    }
    parts
}

/// Colours of curves in order.
const COLOURS: [RGBColor; MOST] =
    [BLUE, ORANGE, TEAL, RGBColor(0x8a, 0x2d, 0x8f), RGBColor(0xb3, 0x26, 0x2e), RGBColor(0x70, 0x70, 0x70)];

/// The curves as SVG.
fn render(curve: &Curves) -> Result<String, Box<dyn std::error::Error>> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (SIZE.0 * FINE, SIZE.1 * FINE)).into_drawing_area();
        root.fill(&WHITE).map_err(|e| e.to_string())?;
        let room = 0.04 * (curve.y.1 - curve.y.0);
        let mut chart = ChartBuilder::on(&root)
            .caption(curve.title(), (FONT, 20 * FINE).into_font().color(&INK))
            .margin(14 * FINE)
            .margin_right(26 * FINE)
            .x_label_area_size(44 * FINE)
            .y_label_area_size(70 * FINE)
            .build_cartesian_2d(curve.x.0..curve.x.1, curve.y.0 - room..curve.y.1 + room)
            .map_err(|e| e.to_string())?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(GRID.stroke_width(FINE))
            .axis_style(INK.stroke_width(FINE))
            .x_labels(9)
            .y_labels(7)
            .x_label_formatter(&|x| show(*x))
            .y_label_formatter(&|y| show(*y))
            .label_style((FONT, 13 * FINE).into_font().color(&INK))
            .x_desc(&curve.name)
            .axis_desc_style((FONT, 15 * FINE).into_font().color(&INK))
            .set_all_tick_mark_size(5 * FINE)
            .draw()
            .map_err(|e| e.to_string())?;
        let heights = (curve.y.0 - room, curve.y.1 + room);
        for ((title, points), colour) in curve.of.iter().zip(COLOURS) {
            let style = colour.stroke_width(2 * FINE);
            let parts = pieces(curve, points).into_iter().flat_map(|p| visible(&p, heights));
            let drawn = parts.map(|part| PathElement::new(part, style));
            chart
                .draw_series(drawn)
                .map_err(|e| e.to_string())?
                .label(title)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18 * FINE as i32, y)], style));
        }
        if curve.of.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .margin(8 * FINE)
                .legend_area_size(24 * FINE)
                .background_style(WHITE.mix(0.85))
                .border_style(INK.mix(0.2))
                .label_font((FONT, 12 * FINE).into_font().color(&INK))
                .draw()
                .map_err(|e| e.to_string())?;
        }
        root.present().map_err(|e| e.to_string())?;
    }
    Ok(shrunk(&svg, SIZE))
}
