//! Where a run begins that goes on from the report of an earlier one (`--start-from result.json`).
//!
//! Takes the text of a report and a bound model; gives a point with multipliers, matched by the names of variables and
//! constraints and by their subscripts, and one line about what did not match. The text is not trusted: what it says of
//! its own sizes is compared with what it holds before anything is made of it.
//! Deliberately absent: files, and what methods make of the start.

use super::load;
use super::report::{Index, Labels, VERSION};
use super::results::{Answer, Results};
use super::session::Session;
use super::solve::Bound;
use crate::diag::codes::limit::LimitError;
use crate::diag::{Reports, Sources};
use crate::problem::{Sense, WarmStart};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Names listed in the line about what did not match.
const MOST_NAMES: usize = 3;

/// The part of a report that is read; other fields are passed over.
#[derive(Deserialize)]
struct File {
    optc_report: u32,
    #[serde(default)]
    objectives: Vec<Objective>,
    variables: Vec<Array>,
    #[serde(default)]
    constraints: Vec<Array>,
}

#[derive(Deserialize)]
struct Objective {
    sense: String,
}

/// A variable or a constraint.
#[derive(Deserialize)]
struct Array {
    name: String,
    index: Index,
    /// Absent in constraints.
    #[serde(default)]
    values: Vec<Option<f64>>,
    #[serde(default)]
    duals: Vec<Option<f64>>,
}

/// A start, and what is to be said about it.
pub struct Restart {
    /// Point and multipliers of the model as it is written.
    pub warm: WarmStart,
    /// One line: how much of the file was used.
    pub note: String,
}

impl Session {
    /// What `--start-from` says, in the variables of the compiled problem.
    ///
    /// # Errors
    /// When the file cannot be read, or as [`restart`].
    pub(super) fn restart(&mut self, bound: &Bound) -> Result<Option<Restart>, Reports> {
        let Some(path) = self.setup.start_from.clone() else { return Ok(None) };
        let text = self.loader.read_text(&path).map_err(|error| load::unreadable(&path, &error, None))?;
        let found = self.timed("start", |s| restart(&path, &text, bound, &s.sources))?;
        let warm = bound.begin_at(found.warm.clone());
        Ok(Some(Restart { warm, ..found }))
    }
}

/// Reads the report `text`, which messages call `path`, for the model `bound`.
///
/// # Errors
/// What is wrong with the file, or that nothing in it belongs to the model.
pub fn restart(path: &str, text: &str, bound: &Bound, sources: &Sources) -> Result<Restart, LimitError> {
    let file = read(path, text)?;
    let shape = &bound.instance.shape;
    let (n, m) = bound.written_sizes();
    let (zeros, rows) = (vec![0.0; shape.n_vars], vec![0.0; shape.n_cons]);
    let answer = Answer { x: &shape.start, y: &rows, z_lower: &zeros, z_upper: &zeros, rows: &rows };
    let results = Results::new(&bound.written, &bound.instance, answer);
    let sense = match file.objectives.first() {
        Some(objective) if objective.sense == "maximize" => Sense::Maximize,
        _ => Sense::Minimize,
    };
    let mut warm = WarmStart { x: shape.start[..n].to_vec(), ..WarmStart::default() };
    let (mut z, mut y) = (vec![0.0; n], vec![0.0; m]);
    let mut found = Found::default();

    let variables: BTreeMap<&str, &Array> = file.variables.iter().map(|a| (a.name.as_str(), a)).collect();
    let slots = results.slots();
    for (name, index, slots) in &slots {
        found.values += slots.len();
        let Some(from) = variables.get(name.as_str()) else {
            found.missing.push(name.clone());
            continue;
        };
        let mut matched = 0;
        for (to, at) in pairs(index, &from.index) {
            let slot = slots[to];
            // Values were looked at when the file was read.
            warm.x[slot] = from.values[at].unwrap_or(warm.x[slot]);
            if let Some(Some(dual)) = from.duals.get(at) {
                z[slot] = -sense.flip(*dual);
                found.multipliers += 1;
            }
            matched += 1;
        }
        found.matched += matched;
        if matched < slots.len() {
            found.partly.push(name.clone());
        }
    }
    let known: BTreeSet<&str> = slots.iter().map(|(name, ..)| name.as_str()).collect();
    found.unknown =
        file.variables.iter().filter(|a| !known.contains(a.name.as_str())).map(|a| a.name.clone()).collect();
    if found.matched == 0 && found.values > 0 {
        let names = found.unknown.iter().take(MOST_NAMES).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        return Err(LimitError::NothingMatches { path: path.into(), names });
    }

    let constraints: BTreeMap<&str, &Array> = file.constraints.iter().map(|a| (a.name.as_str(), a)).collect();
    for (name, index, first) in results.row_blocks(sources) {
        let Some(from) = constraints.get(name.as_str()) else { continue };
        for (to, at) in pairs(&index, &from.index) {
            if let Some(Some(dual)) = from.duals.get(at) {
                y[first + to] = -sense.flip(*dual);
                found.multipliers += 1;
            }
        }
    }
    if found.multipliers > 0 {
        warm.y = y;
        warm.z_lower = z.iter().map(|z| (-z).max(0.0)).collect();
        warm.z_upper = z.iter().map(|z| z.max(0.0)).collect();
    }
    Ok(Restart { note: found.line(path), warm })
}

/// Parses a report and checks that it holds what it says.
fn read(path: &str, text: &str) -> Result<File, LimitError> {
    let no_report = |reason: String| LimitError::NoReport { path: path.into(), reason };
    let file: File = serde_json::from_str(text).map_err(|error| {
        no_report(match error.classify() {
            serde_json::error::Category::Data => error.to_string(),
            _ => format!("it is not JSON: {error}"),
        })
    })?;
    if file.optc_report == 0 || file.optc_report > VERSION {
        let found = file.optc_report;
        return Err(no_report(format!("its form has version {found}, and this program reads up to {VERSION}")));
    }
    for (arrays, is_variable) in [(&file.variables, true), (&file.constraints, false)] {
        let mut names = BTreeSet::new();
        for array in arrays {
            let wrong =
                |reason: String| LimitError::WrongReport { path: path.into(), name: array.name.clone(), reason };
            if is_variable && !names.insert(&array.name) {
                return Err(wrong("it is there twice".into()));
            }
            check(array, is_variable).map_err(wrong)?;
        }
    }
    Ok(file)
}

/// Whether index, values and multipliers of an array fit together.
fn check(array: &Array, is_variable: bool) -> Result<(), String> {
    let Some(len) = len(&array.index) else { return Err("its index is broken".into()) };
    if is_variable && array.values.len() != len {
        return Err(format!("it has {} values, and its index has {len} elements", array.values.len()));
    }
    if !array.duals.is_empty() && array.duals.len() != len {
        return Err(format!("it has {} multipliers, and its index has {len} elements", array.duals.len()));
    }
    match array.values.iter().position(Option::is_none) {
        Some(at) if is_variable => Err(format!("value {} of {len} is not a number", at + 1)),
        _ => Ok(()),
    }
}

/// Number of elements, when the parts of the index fit together.
fn len(index: &Index) -> Option<usize> {
    match index {
        Index::Product(axes) => axes.iter().try_fold(1usize, |len, axis| {
            let elements = match &axis.labels {
                Labels::Range { first, last } => {
                    usize::try_from(last.checked_sub(*first)?.checked_add(1)?.max(0)).ok()?
                }
                Labels::List(labels) => labels.len(),
            };
            len.checked_mul(elements)
        }),
        Index::Tuples { names, columns } => {
            let len = columns.first().map_or(0, Vec::len);
            (names.len() == columns.len() && columns.iter().all(|c| c.len() == len)).then_some(len)
        }
    }
}

/// Positions of the elements that both indices have: in the first, in the second. The second was checked.
fn pairs(to: &Index, from: &Index) -> Vec<(usize, usize)> {
    if to == from {
        return (0..to.len()).map(|k| (k, k)).collect();
    }
    if to.n_parts() != from.n_parts() {
        return Vec::new();
    }
    let key = |index: &Index, at: usize| -> Vec<String> {
        // The number 3 and the label "3" are one.
        (0..index.n_parts()).map(|part| index.label(at, part).to_string()).collect()
    };
    let places: BTreeMap<Vec<String>, usize> = (0..from.len()).map(|at| (key(from, at), at)).collect();
    (0..to.len()).filter_map(|k| places.get(&key(to, k)).map(|&at| (k, at))).collect()
}

/// What of a file was used.
#[derive(Default)]
struct Found {
    values: usize,
    matched: usize,
    multipliers: usize,
    /// Variables of the model that the file does not have at all, or lacks elements of.
    missing: Vec<String>,
    partly: Vec<String>,
    /// Variables of the file that the model does not have.
    unknown: Vec<String>,
}

impl Found {
    fn line(&self, path: &str) -> String {
        let multipliers = if self.multipliers > 0 { " and multipliers" } else { "" };
        let mut parts = vec![if self.matched == self.values {
            format!("all values{multipliers}")
        } else {
            format!("{} of {} values{multipliers}", self.matched, self.values)
        }];
        let mut name = |names: &[String], words: &str| {
            if !names.is_empty() {
                let shown: Vec<String> = names.iter().take(MOST_NAMES).map(|n| format!("`{n}`")).collect();
                let more = if names.len() > MOST_NAMES { ", …" } else { "" };
                parts.push(format!("{}{more} {words}", shown.join(", ")));
            }
        };
        name(&self.partly, "only in part");
        name(&self.missing, "not in the file");
        name(&self.unknown, "not in the model");
        format!("start from `{path}`: {}", parts.join("; "))
    }
}
