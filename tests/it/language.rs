//! The reference of the language keeps its word: every program of `docs/language.md` runs.

use crate::programs;
use crate::sema::check_in;
use std::path::Path;

#[test]
fn every_program_of_the_reference_is_accepted_or_fails_as_it_says() {
    let programs = programs::of_page(Path::new("docs/language.md"));
    assert!(programs.len() >= 15, "only {} programs found", programs.len());
    let mut wrong = String::new();
    for program in programs {
        let folder = tempfile::tempdir().expect("a folder for the data");
        for (name, text) in &program.files {
            std::fs::write(folder.path().join(name), text).expect("data are written");
        }
        let checked = check_in(folder.path(), &program.place, &program.text);
        let holds = match &program.fails {
            // Found where data meet the model, after the checks that run here.
            Some(code) if code.starts_with("E06") => checked.reports.is_empty(),
            Some(code) => checked.fails() && (code.is_empty() || checked.codes().contains(&code.as_str())),
            None => checked.reports.is_empty(),
        };
        if !holds {
            wrong += &format!("{} (must fail: {:?})\n{}\n", program.place, program.fails, checked.said());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
