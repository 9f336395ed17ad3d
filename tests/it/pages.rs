//! Each page of `docs/errors` keeps its word: its failing program yields its code, its mended one no error.

use crate::programs::{self, Program};
use optc::data::MemoryLoader;
use optc::diag::{Severity, render::render};
use optc::driver::{Session, Setup};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Codes a program yields when it is checked and, if nothing is wrong, solved; and how they look.
fn reported(program: &Program) -> (Vec<&'static str>, String) {
    let loader = program.files.iter().fold(MemoryLoader::new(), |l, (name, text)| l.with(name.as_str(), text.as_str()));
    let mut session = Session::new(Arc::new(loader), Setup::default());
    let checked = session.check_text(&program.place, &program.text);
    let mut reports = checked.reports.clone();
    if !reports.has_errors() {
        reports.extend(match session.solve_checked(&program.place, checked, None) {
            Ok(solved) => solved.remarks,
            Err(found) => found,
        });
    }
    let messages = reports.messages();
    let text = messages.iter().map(|m| render(m, &session.sources, false)).collect();
    (messages.iter().map(|m| m.code).collect(), text)
}

/// What a page says that does not hold.
fn faults(page: &Path) -> Vec<String> {
    let code = page.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let mut faults = Vec::new();
    for program in programs::of_page(page) {
        let (codes, text) = reported(&program);
        let fails = codes.contains(&code.as_str());
        match (&program.fails, codes.is_empty()) {
            (Some(_), _) if fails => {}
            (None, true) => {}
            (Some(_), _) => faults.push(format!("{}: should fail with {code}, found {codes:?}\n{text}", program.place)),
            (None, false) => faults.push(format!("{}: should be mended, found {codes:?}\n{text}", program.place)),
        }
    }
    faults
}

#[test]
fn every_page_fails_and_is_mended_as_it_says() {
    let entries = std::fs::read_dir("docs/errors").expect("the pages are part of the project");
    let mut pages: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    pages.retain(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with('E')));
    pages.sort();
    let found: Vec<String> = pages.iter().flat_map(|page| faults(page)).collect();
    println!("{} pages", pages.len());
    assert!(found.is_empty(), "{} faults in {} pages\n{}", found.len(), pages.len(), found.join("\n"));
}

#[test]
fn a_message_is_an_error_or_a_warning_by_its_page() {
    let page = programs::of_page(Path::new("docs/errors/E0125.md"));
    let mut sources = optc::diag::Sources::new();
    let file = sources.add("model.opt", page[0].text.as_str());
    let messages = optc::syntax::parse(file, &page[0].text).reports.messages();
    assert!(messages.iter().all(|m| m.severity == Severity::Warning));
}
