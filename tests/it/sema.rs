//! What the checker makes of programs: models that hold together, one report for one cause.

use optc::base::Name;
use optc::data::{ColumnKind, FolderLoader, Store};
use optc::diag::{Reports, Severity, Sources, render::render};
use optc::ir::Model;
use optc::sema::{self, ColumnInfo};
use optc::solve::registry;
use optc::syntax::ast::StmtKind;
use optc::syntax::parse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A checked program: the model, the reports, and the texts to draw them with.
pub struct Checked {
    pub model: Model,
    pub reports: Reports,
    pub sources: Sources,
}

impl Checked {
    /// All reports as text.
    pub fn said(&self) -> String {
        self.reports.messages().iter().map(|m| render(m, &self.sources, false)).collect()
    }

    /// The codes of the errors, in source order.
    pub fn codes(&self) -> Vec<&'static str> {
        self.reports.messages().iter().map(|m| m.code).collect()
    }

    /// Whether some report is an error.
    pub fn fails(&self) -> bool {
        self.reports.messages().iter().any(|m| m.severity == Severity::Error)
    }
}

/// Checks a text; tables are read from `folder`.
pub fn check_in(folder: &Path, name: &str, text: &str) -> Checked {
    let mut sources = Sources::new();
    let file = sources.add(name, text);
    let parsed = parse(file, text);
    let mut reports = parsed.reports;
    let mut store = Store::new(Arc::new(FolderLoader::new(folder)));
    let mut schemas: BTreeMap<Name, Vec<ColumnInfo>> = BTreeMap::new();
    for stmt in &parsed.stmts {
        if let StmtKind::Table { name, path, .. } = &stmt.kind {
            let at = Some(stmt.span(path.at));
            if let Some(columns) = store.schema(&path.text, at, &mut sources, &mut reports) {
                let info =
                    |c: optc::data::ColumnSchema| ColumnInfo { numeric: c.kind != ColumnKind::Text, name: c.name };
                schemas.insert(name.name.clone(), columns.into_iter().map(info).collect());
            }
        }
    }
    let (model, found) = sema::analyse(&sema::Inputs {
        stmts: &parsed.stmts,
        sources: &sources,
        schemas: &schemas,
        methods: registry::methods(),
        overrides: &[],
    });
    reports.extend(found);
    Checked { model, reports, sources }
}

/// Checks a text without files.
pub fn check(text: &str) -> Checked {
    check_in(Path::new("."), "model.opt", text)
}

fn models_in(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{folder}: {e}"))
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "opt"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_example_and_every_model_of_the_suites_is_accepted_in_silence() {
    let files: Vec<PathBuf> = ["examples", "suites/hs"].iter().flat_map(|f| models_in(f)).collect();
    assert!(files.len() > 70, "only {} models found", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a readable model");
        let folder = file.parent().expect("a file in a folder");
        let checked = check_in(folder, &file.display().to_string(), &text);
        assert!(checked.reports.is_empty(), "{}", checked.said());
    }
}
