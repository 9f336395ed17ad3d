//! The reference of the language keeps its word: every program of `docs/language.md` runs.

use crate::programs;
use optc::base::{FileId, Id};
use optc::diag::{Sources, render::render};
use optc::syntax::parse;
use std::path::Path;

#[test]
fn every_program_of_the_reference_parses_or_fails_as_it_says() {
    let programs = programs::of_page(Path::new("docs/language.md"));
    assert!(programs.len() >= 15, "only {} programs found", programs.len());
    for program in programs {
        let parsed = parse(FileId::new(0), &program.text);
        let mut sources = Sources::new();
        sources.add(program.place.as_str(), program.text.as_str());
        let said: String = parsed.reports.messages().iter().map(|m| render(m, &sources, false)).collect();
        match program.fails {
            Some(code) if code.is_empty() || code.starts_with("E01") => {
                assert!(!said.is_empty() && said.contains(&code), "{}: {said}", program.place)
            }
            _ => assert!(said.is_empty(), "{}: {said}", program.place),
        }
    }
}
