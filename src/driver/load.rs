//! A model's text with everything it includes.
//!
//! Takes a path and a [`Loader`]; gives the statements of all files in reading order. A file is read
//! once however often it is included, so a circle of includes ends by itself.

use crate::base::{FileId, Span};
use crate::data::{LoadError, Loader};
use crate::diag::codes::limit::LimitError;
use crate::diag::{Reports, Sources};
use crate::syntax::ast::{Stmt, StmtKind};
use crate::syntax::{self, Lost};
use std::collections::BTreeSet;

/// What the files say.
#[derive(Debug, Default)]
pub struct Loaded {
    /// All statements but `include`, in reading order.
    pub stmts: Vec<Stmt>,
    /// Statements that could not be read, and what they would have declared.
    pub lost: Vec<Lost>,
    /// What is wrong.
    pub reports: Reports,
}

/// Reads `path` and what it includes. Texts become `sources` under the names the model uses.
pub fn load(path: &str, loader: &dyn Loader, sources: &mut Sources) -> Loaded {
    let mut out = Loaded::default();
    match loader.read_text(path) {
        Ok(text) => {
            let file = sources.add(path, text);
            load_parsed(file, path, loader, sources, &mut out);
        }
        Err(error) => out.reports.push(unreadable(path, &error, None)),
    }
    out
}

/// As [`load`] for a text that is in memory under the name `name`.
pub fn load_text(name: &str, text: &str, loader: &dyn Loader, sources: &mut Sources) -> Loaded {
    let mut out = Loaded::default();
    let file = sources.add(name, text);
    load_parsed(file, name, loader, sources, &mut out);
    out
}

fn load_parsed(file: FileId, path: &str, loader: &dyn Loader, sources: &mut Sources, out: &mut Loaded) {
    let mut seen: BTreeSet<String> = BTreeSet::from([path.to_string()]);
    let mut open = vec![statements(file, sources, out)];
    while let Some(level) = open.last_mut() {
        let Some(stmt) = level.next() else {
            open.pop();
            continue;
        };
        let StmtKind::Include { path } = &stmt.kind else {
            out.stmts.push(stmt);
            continue;
        };
        if !seen.insert(path.text.to_string()) {
            continue;
        }
        match loader.read_text(&path.text) {
            Ok(text) => {
                let file = sources.add(path.text.to_string(), text);
                open.push(statements(file, sources, out));
            }
            Err(error) => {
                let at = stmt.span(path.at);
                out.lost.push(Lost { at, names: Vec::new(), include: true });
                out.reports.push(unreadable(&path.text, &error, Some(at)));
            }
        }
    }
}

fn statements(file: FileId, sources: &Sources, out: &mut Loaded) -> std::vec::IntoIter<Stmt> {
    let text = sources.get(file).map(|s| s.text.clone()).unwrap_or_default();
    let parsed = syntax::parse(file, &text);
    out.reports.extend(parsed.reports);
    out.lost.extend(parsed.lost);
    parsed.stmts.into_iter()
}

pub(super) fn unreadable(path: &str, error: &LoadError, needed_at: Option<Span>) -> LimitError {
    match error {
        LoadError::NotUtf8 { line } => LimitError::NotUtf8 { path: path.into(), line: *line, needed_at },
        _ => LimitError::CannotRead { path: path.into(), reason: error.to_string(), needed_at },
    }
}
