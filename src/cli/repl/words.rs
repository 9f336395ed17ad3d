//! Values as text, exact where they are few.

use crate::cli::grid::{Align, Grid};
use crate::cli::number::{align, group};
use crate::cli::output::Style;
use crate::driver::interactive::{Evaluated, Shape};
use crate::driver::report::Index;
use crate::ir::model::VarType;

/// Longer arrays are cut.
const MOST_ROWS: usize = 20;
/// Rows shown of an array that is cut.
const CUT_ROWS: usize = 12;
/// Wider matrices are shown as lists.
const MOST_COLUMNS: usize = 8;
/// Elements of a set shown on its line.
const MOST_ELEMENTS: usize = 24;

/// The shortest text that reads back as the same number.
pub fn exact(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    match value.abs() {
        size if !value.is_finite() => {
            if size.is_nan() {
                "nan".into()
            } else {
                value.to_string()
            }
        }
        size if (1e-5..1e16).contains(&size) => value.to_string(),
        _ => format!("{value:e}"),
    }
}

/// A value with its type.
pub fn value(of: &Evaluated, style: Style) -> String {
    let kind = style.dim(&format!(": {}", kind(of)));
    match of.shape {
        Shape::Set => format!("{} {kind}\n", elements(&of.index)),
        _ if of.index.is_scalar() => {
            let value = of.values.first().copied().unwrap_or(f64::NAN);
            format!("{} {kind}\n", one(of, value))
        }
        _ => format!("{}\n{}", style.dim(&self::kind(of)), array(of, style)),
    }
}

fn one(of: &Evaluated, value: f64) -> String {
    match of.shape {
        Shape::Conditions if value == 0.0 => "false".into(),
        Shape::Conditions if !value.is_nan() => "true".into(),
        _ => exact(value),
    }
}

/// The type of a value in words.
pub fn kind(of: &Evaluated) -> String {
    let n = of.index.len();
    let words = match of.shape {
        Shape::Set => return format!("set of {} {}", group(n), if n == 1 { "element" } else { "elements" }),
        Shape::Numbers => match of.ty {
            VarType::Real => ("number", "numbers"),
            VarType::Int => ("integer", "integers"),
            VarType::Bool => ("0 or 1", "numbers, each 0 or 1"),
        },
        Shape::Conditions => ("condition", "conditions"),
    };
    if of.index.is_scalar() {
        return words.0.into();
    }
    let axes = of.index.part_names().join(" × ");
    format!("array over {axes}: {} {}", group(n), if n == 1 { words.0 } else { words.1 })
}

fn elements(index: &Index) -> String {
    let n = index.len();
    let one = |at: usize| {
        let parts: Vec<String> = (0..index.n_parts()).map(|part| index.label(at, part).to_string()).collect();
        if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(", ")) }
    };
    let mut shown: Vec<String> = (0..n.min(MOST_ELEMENTS)).map(one).collect();
    if n > MOST_ELEMENTS {
        shown.push("…".into());
    }
    format!("{{{}}}", shown.join(", "))
}

fn array(of: &Evaluated, style: Style) -> String {
    if let Some(matrix) = matrix(of) {
        return matrix;
    }
    let n = of.index.len();
    let shown = if n > MOST_ROWS { CUT_ROWS } else { n };
    let parts = of.index.n_parts();
    let names = of.index.part_names().into_iter().map(|name| (name.to_owned(), Align::Left));
    let mut grid = Grid::new(names.chain([(String::from("value"), Align::Right)]));
    let cells = cells(of, &of.values[..shown]);
    for (at, cell) in cells.into_iter().enumerate() {
        let labels = (0..parts).map(|part| of.index.label(at, part).to_string());
        grid.row(labels.chain([cell]).collect());
    }
    let cut = style.dim(&format!("… {} more", group(n - shown)));
    if shown < n { format!("{}  {cut}\n", grid.render()) } else { grid.render() }
}

fn cells(of: &Evaluated, values: &[f64]) -> Vec<String> {
    match of.shape {
        Shape::Conditions => values.iter().map(|v| one(of, *v)).collect(),
        _ => align(values),
    }
}

/// An array over two sets as a matrix, if it is small enough.
fn matrix(of: &Evaluated) -> Option<String> {
    let Index::Product(axes) = &of.index else { return None };
    let [rows, columns] = axes.as_slice() else { return None };
    let (n, m) = (rows.labels.len(), columns.labels.len());
    if n == 0 || m == 0 || m > MOST_COLUMNS || n > MOST_ROWS {
        return None;
    }
    let column = |c: usize| cells(of, &(0..n).map(|r| of.values[r * m + c]).collect::<Vec<_>>());
    let cells: Vec<Vec<String>> = (0..m).map(column).collect();
    let headers = (0..m).map(|c| (columns.labels.get(c).to_string(), Align::Right));
    let mut grid = Grid::new(std::iter::once((rows.name.clone(), Align::Left)).chain(headers));
    for r in 0..n {
        let label = rows.labels.get(r).to_string();
        grid.row(std::iter::once(label).chain(cells.iter().map(|c| c[r].clone())).collect());
    }
    Some(grid.render())
}
