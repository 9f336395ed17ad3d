//! The reference of the language keeps its word: every program of `docs/language.md` runs.

use crate::programs::{self, Program};
use optc::data::MemoryLoader;
use optc::diag::{Reports, Sources, render::render};
use optc::driver::report::Report;
use optc::driver::{Session, Setup};
use std::path::Path;
use std::sync::Arc;

/// Solves a program; errors come as codes with their text.
fn solve(program: &Program) -> Result<Report, (Vec<&'static str>, String)> {
    let loader = program.files.iter().fold(MemoryLoader::new(), |l, (name, text)| l.with(name.as_str(), text.as_str()));
    let mut session = Session::new(Arc::new(loader), Setup::default());
    let said = |reports: &Reports, sources: &Sources| {
        let messages = reports.messages();
        let text: String = messages.iter().map(|m| render(m, sources, false)).collect();
        (messages.iter().map(|m| m.code).collect(), text)
    };
    let checked = session.check_text(&program.place, &program.text);
    if !checked.reports.is_empty() {
        return Err(said(&checked.reports, &session.sources));
    }
    match session.solve_checked(&program.place, checked, None) {
        Ok(solved) => Ok(solved.report),
        Err(reports) => Err(said(&reports, &session.sources)),
    }
}

/// What is not as the page says.
fn fault(program: &Program) -> Option<String> {
    match (solve(program), &program.fails) {
        (Err((codes, _)), Some(code)) if codes.contains(&code.as_str()) => None,
        // Declarations alone are checked and bound, and then there is nothing to solve.
        (Err((codes, _)), None) if codes == ["E0803"] && !program.text.contains("solve") => None,
        (Err((codes, text)), _) => Some(format!("found {codes:?}\n{text}")),
        (Ok(_), Some(_)) => Some("nothing is wrong".into()),
        (Ok(report), None) => {
            let broken = report.expectations.iter().find(|e| !e.holds).map(|e| format!("{}: {}", e.text, e.found));
            let status = report.status().filter(|status| !status.is_optimal());
            broken.or_else(|| status.map(|status| status.phrase().to_string()))
        }
    }
}

#[test]
fn every_program_of_the_reference_keeps_its_word() {
    let mut programs = programs::of_page(Path::new("docs/language.md"));
    assert!(programs.len() >= 20, "only {} programs found", programs.len());
    programs.extend(programs::of_page(Path::new("docs/methods.md")));
    programs.extend(programs::of_page(Path::new("docs/fitting.md")));
    let faults: Vec<String> = programs
        .iter()
        .filter_map(|p| fault(p).map(|why| format!("{} (fails: {:?}): {why}", p.place, p.fails)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
