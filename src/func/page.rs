//! The page of the documentation that lists every builtin, made from the rows.

use super::row::{Builtin, Curvature, Surface, Trend};
use super::{all, arrays};
use crate::base::Interval;
use std::fmt::Write;

/// `docs/functions.md`: operators, functions of numbers, functions of arrays, each sorted by name.
pub fn page() -> String {
    let mut rows: Vec<&Builtin> = all().to_vec();
    rows.sort_unstable_by_key(|row| row.name);
    let mut page = String::from(HEAD);
    page.push_str("\n## Operators\n\n");
    table(&mut page, rows.iter().copied().filter(|row| matches!(row.surface, Surface::Operator(_))));
    page.push_str("\n## Functions of numbers\n\n");
    table(&mut page, rows.iter().copied().filter(|row| row.surface == Surface::Function));
    page.push_str("\n## Functions of arrays\n\n| function | meaning | shapes |\n|---|---|---|\n");
    for row in arrays::all() {
        write_row(&mut page, &[format!("`{}`", row.signature()), row.doc.to_owned(), row.shape.to_owned()]);
    }
    page
}

const HEAD: &str = "\
# Builtin functions

Made from the rows of `src/func`; `OPTC_BLESS=1 cargo test functions` writes it again.

Functions of numbers map over arrays element by element; losses then take the mean. Arguments with `=` may be
left out or given by name. *Behaviour* is what is known on the whole domain; on the bounds of a model more may hold.
";

fn table<'a>(page: &mut String, rows: impl Iterator<Item = &'a Builtin>) {
    page.push_str("| function | meaning | condition | behaviour |\n|---|---|---|---|\n");
    for row in rows {
        write_row(
            page,
            &[format!("`{}`", row.signature()), row.doc.to_owned(), row.domain.text.to_owned(), behaviour(row)],
        );
    }
}

fn write_row(page: &mut String, cells: &[String]) {
    page.push('|');
    for cell in cells {
        let cell = cell.replace('|', "\\|");
        write!(page, " {cell} |").expect("a string takes all text");
    }
    page.push('\n');
}

/// Curvature and trend on the whole domain, where they are known.
fn behaviour(row: &Builtin) -> String {
    let ranges: Vec<Interval> = (0..row.params.len()).map(|k| row.domain.range(k)).collect();
    let curvature = match (row.curvature)(&ranges) {
        Curvature::Constant => "constant",
        Curvature::Affine => "affine",
        Curvature::Convex => "convex",
        Curvature::Concave => "concave",
        Curvature::Unknown => "",
    };
    let trends = (row.monotone)(&ranges);
    let trend = if trends.iter().all(|t| *t == Trend::Increasing) {
        "increasing"
    } else if trends.iter().all(|t| *t == Trend::Decreasing) {
        "decreasing"
    } else {
        ""
    };
    [curvature, trend].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
}
