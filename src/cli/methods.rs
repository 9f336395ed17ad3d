//! `optc methods`: what the rows of the registry say.

use super::exit::Exit;
use super::grid::{Align, Grid};
use super::number::show;
use super::output::{Style, note, print};
use crate::diag::closest;
use crate::problem::{MethodRow, OptionKind, OptionRow, OptionValue, ScheduleShape};
use crate::solve::registry;
use serde_json::{Value, json};

/// Lists the methods, or describes one.
pub fn run(name: Option<&str>, as_json: bool, style: Style) -> Exit {
    let rows = registry::methods();
    let Some(name) = name else {
        let text = if as_json { render_json(rows) } else { list(rows, style) };
        print(&text);
        return Exit::Solved;
    };
    let Some(row) = registry::find(name) else {
        let near = closest(name, rows.iter().map(|row| row.name));
        let hint = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        note(&format!("optc: there is no method `{name}`\n{hint}`optc methods` lists all methods\n"));
        return Exit::Usage;
    };
    print(&if as_json { render_json(&[row]) } else { describe(row, style) });
    Exit::Solved
}

fn list(rows: &[&'static MethodRow], style: Style) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let line =
        |row: &&MethodRow| format!("{}{}  {}\n", style.bold(row.name), " ".repeat(width - row.name.len()), row.doc);
    let mut text: String = rows.iter().map(line).collect();
    text.push_str(&style.dim("\n`optc methods NAME` shows the options; `solve with NAME(option = value)` sets them\n"));
    text
}

fn describe(row: &MethodRow, style: Style) -> String {
    let mut text =
        format!("{}\n\n{}\n\nsource  {}\nneeds   {}\n", style.bold(row.name), row.doc, row.source, needs(row));
    if row.options.is_empty() {
        return text;
    }
    let columns = ["option", "default", "values", ""].map(|name| (name.to_string(), Align::Left));
    let mut grid = Grid::new(columns);
    for option in row.options {
        let unit = if option.unit.is_empty() { String::new() } else { format!(" ({})", option.unit) };
        grid.row(vec![option.name.into(), value(&option.default), values(option) + &unit, option.doc.into()]);
    }
    text.push('\n');
    text.push_str(&grid.render());
    text
}

/// The options of all methods as a table in Markdown, those of builds with `--features highs` left out.
pub fn markdown() -> String {
    let mut text = String::from("| method | option | default | values | |\n|---|---|---|---|---|\n");
    for row in registry::methods().iter().filter(|row| row.name != "highs") {
        for (at, option) in row.options.iter().enumerate() {
            let name = if at == 0 { format!("`{}`", row.name) } else { String::new() };
            let (default, takes) = (value(&option.default), values(option));
            let unit = if option.unit.is_empty() { String::new() } else { format!(" ({})", option.unit) };
            text.push_str(&format!("| {name} | `{}` | {default} | {takes}{unit} | {} |\n", option.name, option.doc));
        }
    }
    text
}

/// What values an option takes, short.
fn values(option: &OptionRow) -> String {
    match option.kind {
        OptionKind::Real { lo, hi } if hi.is_infinite() => format!("number from {}", show(lo)),
        OptionKind::Real { lo, hi } => format!("number from {} to {}", show(lo), show(hi)),
        OptionKind::Int { lo, hi: i64::MAX } => format!("integer from {lo}"),
        OptionKind::Int { lo, hi } => format!("integer from {lo} to {hi}"),
        OptionKind::Bool => "true or false".into(),
        OptionKind::Choice(words) => words.join(", "),
        OptionKind::Schedule => "positive number, or cosine(1e-2), linear(1e-2), ...".into(),
    }
}

fn needs(row: &MethodRow) -> String {
    let needs = &row.needs;
    let parts = [
        (needs.gradient, "gradients"),
        (needs.jacobian, "the Jacobian"),
        (needs.hessian, "the Hessian"),
        (needs.hvp, "Hessian-vector products"),
        (needs.rows, "mini-batches"),
        (needs.population, "many points at once"),
        (needs.enclose, "enclosures"),
    ];
    let wanted: Vec<&str> = parts.iter().filter(|(needed, _)| *needed).map(|(_, what)| *what).collect();
    if wanted.is_empty() { "values only".into() } else { wanted.join(", ") }
}

fn value(value: &OptionValue) -> String {
    match value {
        OptionValue::Real(number) => show(*number),
        OptionValue::Int(number) => number.to_string(),
        OptionValue::Bool(flag) => flag.to_string(),
        OptionValue::Choice(word) => (*word).into(),
        OptionValue::Schedule(schedule) => {
            let peak = show(schedule.peak);
            let warmup = if schedule.warmup == 0 { String::new() } else { format!(", warmup = {}", schedule.warmup) };
            match schedule.shape {
                ScheduleShape::Constant => peak,
                ScheduleShape::Cosine => format!("cosine({peak}{warmup})"),
                ScheduleShape::Linear => format!("linear({peak}{warmup})"),
                ScheduleShape::Exponential(factor) => format!("exponential({peak}, factor = {}{warmup})", show(factor)),
            }
        }
    }
}

fn render_json(rows: &[&'static MethodRow]) -> String {
    let option = |option: &OptionRow| {
        json!({
            "name": option.name,
            "doc": option.doc,
            "default": default_json(&option.default),
            "values": values(option),
            "unit": option.unit,
        })
    };
    let method = |row: &&MethodRow| {
        json!({
            "name": row.name,
            "doc": row.doc,
            "source": row.source,
            "needs": needs(row),
            "options": row.options.iter().map(option).collect::<Vec<_>>(),
        })
    };
    let document = Value::Array(rows.iter().map(method).collect());
    format!("{document:#}\n")
}

fn default_json(default: &OptionValue) -> Value {
    match default {
        OptionValue::Real(number) => json!(number),
        OptionValue::Int(number) => json!(number),
        OptionValue::Bool(flag) => json!(flag),
        OptionValue::Choice(_) | OptionValue::Schedule(_) => json!(value(default)),
    }
}
