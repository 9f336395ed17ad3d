//! `:contour`: level lines over two variables, by compiled code, in the terminal or as SVG.
//!
//! Lines are found by marching squares: in each cell of a grid a level enters and leaves by its sides, where it is
//! interpolated linearly.

use super::arguments::split;
use super::canvas::Canvas;
use super::commands::{all_move, applied, interval, no_range};
use super::curve::framed;
use super::engine::{Line, Repl, Stop};
use super::files::{picture, write};
use crate::cli::number::{brief, show};
use crate::cli::plot::{FINE, FONT, INK, shrunk};
use plotters::prelude::*;

/// Places along each axis.
const POINTS: usize = 97;
const LEVELS: usize = 9;
const COLUMNS: usize = 64;
/// Size of a picture.
const SIZE: (u32, u32) = (760, 600);
const ROWS: usize = 24;

/// Values over a grid.
struct Surface {
    /// Row by row, from the lowest.
    values: Vec<f64>,
    x: (f64, f64),
    y: (f64, f64),
    levels: Vec<f64>,
}

/// A place in the plane.
type Place = (f64, f64);

/// Draws level lines.
pub fn contour(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let (text, svg) = picture(line)?;
    let line = &Line { text: &text, rest: line.rest.clone(), ..*line };
    let found = split(line.text, line.rest.start..line.text.len());
    let [first, second] = &found.pairs[..] else {
        let reason = "level lines need two axes";
        return Err(if found.pairs.is_empty() { no_range(repl, line, reason) } else { line.wrong(0..0, reason) });
    };
    let x = interval(repl, line, first)?;
    let y = interval(repl, line, second)?;
    for (range, pair) in [(x, first), (y, second)] {
        if !(range.1 > range.0 && (range.1 - range.0).is_finite()) {
            return Err(line.wrong(pair.value.clone(), "the range has no length that can be drawn"));
        }
    }
    let axes = [repl.axis(line, first.name.clone())?, repl.axis(line, second.name.clone())?];
    if axes[0].text == axes[1].text {
        return Err(line.wrong(second.name.clone(), "the two axes are the same"));
    }
    let asked = repl.asked(line, found.head)?;
    all_move(repl, line, &[&asked], (&axes, &found.pairs))?;
    let plain = asked.clone();
    let asked = applied(repl, asked, &axes);
    let stop = repl.bench.session.setup.stop.clone();
    let mut function = repl.bench.function(&asked, &axes)?;
    let mut values = Vec::with_capacity(POINTS * POINTS);
    for j in 0..POINTS {
        if stop.is_raised() {
            return Err(Stop::Interrupted);
        }
        values.extend((0..POINTS).map(|i| function.at(&[between(x, i as f64), between(y, j as f64)])));
    }
    let (title, names) = (asked.text.to_string(), [axes[0].text.to_string(), axes[1].text.to_string()]);
    let levels = levels(&values);
    let lowest = lowest(&values, x, y);
    let Some((value, place)) = lowest else {
        return Err(line.wrong(0..0, format!("`{title}` has no value anywhere in this range")));
    };
    let missing = values.iter().filter(|v| !v.is_finite()).count();
    let surface = Surface { values, x, y, levels };
    let mut out = match &svg {
        None => draw(&surface, &title, &names),
        Some(path) => {
            let svg = render(&surface, &title, &names).map_err(|fault| Stop::File(format!("cannot draw: {fault}")))?;
            write(path, &svg)?;
            format!("written to {path}\n")
        }
    };
    let listed: Vec<String> = surface.levels.iter().map(|v| brief(*v)).collect();
    if listed.is_empty() {
        out += "flat: there is no level to draw\n";
    } else {
        out += &format!("levels {}\n", listed.join(", "));
    }
    let (at, [a, b]) = ((show(place.0), show(place.1)), &names);
    out += &format!("lowest of the grid {} at {a} = {}, {b} = {}\n", show(value), at.0, at.1);
    if missing > 0 {
        out += &format!("no value at {missing} of {} points\n", POINTS * POINTS);
    }
    repl.last = Some(plain);
    Ok(out)
}

/// A coordinate by its place on the grid.
fn between((lo, hi): (f64, f64), k: f64) -> f64 {
    let t = k / (POINTS - 1) as f64;
    lo * (1.0 - t) + hi * t
}

fn lowest(values: &[f64], x: (f64, f64), y: (f64, f64)) -> Option<(f64, Place)> {
    let finite = values.iter().enumerate().filter(|(_, v)| v.is_finite());
    let (at, value) = finite.min_by(|a, b| a.1.total_cmp(b.1))?;
    Some((*value, (between(x, (at % POINTS) as f64), between(y, (at / POINTS) as f64))))
}

/// Levels that cut the area into equal parts, as short numbers.
fn levels(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (sorted.first().copied(), sorted.last().copied()) else { return Vec::new() };
    let short = |v: f64| format!("{v:.1e}").parse().unwrap_or(v);
    let share = |k: usize| sorted[((k as f64 + 0.5) / LEVELS as f64 * (sorted.len() - 1) as f64) as usize];
    let mut levels: Vec<f64> = (0..LEVELS).map(|k| short(share(k))).filter(|v| first < *v && *v < last).collect();
    levels.dedup();
    levels
}

/// The pieces of a level line, in places of the grid.
fn segments(surface: &Surface, level: f64) -> Vec<[Place; 2]> {
    let value = |i: usize, j: usize| surface.values[j * POINTS + i];
    let mut out = Vec::new();
    for j in 0..POINTS - 1 {
        for i in 0..POINTS - 1 {
            let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
            let heights = corners.map(|(i, j)| value(i, j));
            if !heights.iter().all(|v| v.is_finite()) {
                continue;
            }
            let mut cuts: Vec<Place> = Vec::with_capacity(4);
            for k in 0..4 {
                let (a, b) = (heights[k], heights[(k + 1) % 4]);
                if (a < level) != (b < level) {
                    let t = (level - a) / (b - a);
                    let (p, q) = (corners[k], corners[(k + 1) % 4]);
                    let along = |p: usize, q: usize| p as f64 + t * (q as f64 - p as f64);
                    cuts.push((along(p.0, q.0), along(p.1, q.1)));
                }
            }
            // A saddle has four: which belong together cannot be told from the corners, and hardly matters.
            out.extend(cuts.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
        }
    }
    out
}

/// Joins pieces that meet into lines.
fn joined(mut segments: Vec<[Place; 2]>) -> Vec<Vec<Place>> {
    use std::collections::BTreeMap;
    let key = |p: Place| (p.0.to_bits(), p.1.to_bits());
    let mut ends: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
    segments.retain(|[a, b]| a != b);
    for (k, [a, b]) in segments.iter().enumerate() {
        ends.entry(key(*a)).or_default().push(k);
        ends.entry(key(*b)).or_default().push(k);
    }
    let mut used = vec![false; segments.len()];
    let mut lines = Vec::new();
    for first in 0..segments.len() {
        if used[first] {
            continue;
        }
        used[first] = true;
        let mut line: std::collections::VecDeque<Place> = segments[first].into();
        for front in [false, true] {
            loop {
                let tip = if front { line.front() } else { line.back() };
                let Some(tip) = tip.copied() else { break };
                let Some(&next) = ends.get(&key(tip)).and_then(|all| all.iter().find(|k| !used[**k])) else { break };
                used[next] = true;
                let [a, b] = segments[next];
                let other = if key(a) == key(tip) { b } else { a };
                if front { line.push_front(other) } else { line.push_back(other) }
            }
        }
        lines.push(line.into());
    }
    lines
}

fn draw(surface: &Surface, title: &str, names: &[String; 2]) -> String {
    let mut canvas = Canvas::new(COLUMNS, ROWS);
    let (w, h) = (canvas.width() as f64 - 1.0, canvas.height() as f64 - 1.0);
    let scale = (POINTS - 1) as f64;
    for level in &surface.levels {
        for [a, b] in segments(surface, *level) {
            let place = |p: Place| (p.0 / scale * w, (1.0 - p.1 / scale) * h);
            canvas.line(place(a), place(b));
        }
    }
    framed(&canvas.lines(), &format!("{title}   ({} upward)", names[1]), (surface.x, &names[0]), surface.y)
}

/// The colour of a level, dark for the lowest.
fn colour(k: usize, n: usize) -> RGBColor {
    let t = if n > 1 { k as f64 / (n - 1) as f64 } else { 0.0 };
    let mix = |a: u8, b: u8| (f64::from(a) + t * (f64::from(b) - f64::from(a))) as u8;
    RGBColor(mix(0x12, 0xe8), mix(0x3a, 0x8a), mix(0x7c, 0x1a))
}

fn render(surface: &Surface, title: &str, names: &[String; 2]) -> Result<String, Box<dyn std::error::Error>> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (SIZE.0 * FINE, SIZE.1 * FINE)).into_drawing_area();
        root.fill(&WHITE).map_err(|e| e.to_string())?;
        let mut chart = ChartBuilder::on(&root)
            .caption(title, (FONT, 20 * FINE).into_font().color(&INK))
            .margin(14 * FINE)
            .margin_right(26 * FINE)
            .x_label_area_size(44 * FINE)
            .y_label_area_size(70 * FINE)
            .build_cartesian_2d(surface.x.0..surface.x.1, surface.y.0..surface.y.1)
            .map_err(|e| e.to_string())?;
        chart
            .configure_mesh()
            .disable_mesh()
            .axis_style(INK.stroke_width(FINE))
            .x_label_formatter(&|x| show(*x))
            .y_label_formatter(&|y| show(*y))
            .label_style((FONT, 13 * FINE).into_font().color(&INK))
            .x_desc(&names[0])
            .y_desc(&names[1])
            .axis_desc_style((FONT, 15 * FINE).into_font().color(&INK))
            .set_all_tick_mark_size(5 * FINE)
            .draw()
            .map_err(|e| e.to_string())?;
        let n = surface.levels.len();
        for (k, level) in surface.levels.iter().enumerate() {
            let colour = colour(k, n);
            let place = |p: Place| (between(surface.x, p.0), between(surface.y, p.1));
            let lines = joined(segments(surface, *level));
            let drawn = lines
                .into_iter()
                .map(|l| PathElement::new(l.into_iter().map(place).collect::<Vec<_>>(), colour.stroke_width(2 * FINE)));
            chart.draw_series(drawn).map_err(|e| e.to_string())?.label(brief(*level)).legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 18 * FINE as i32, y)], colour.stroke_width(2 * FINE))
            });
        }
        if n > 0 {
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
