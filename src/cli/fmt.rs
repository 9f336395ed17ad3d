//! `optc fmt`.

use super::args::Fmt;
use super::exit::Exit;
use super::output::{Style, note, print, write_file};
use super::reports::show_reports;
use crate::diag::{Reports, Sources};
use crate::syntax;
use std::io::Read;
use std::path::Path;

/// What became of one file.
enum Outcome {
    Formatted,
    NotFormatted,
    Wrong,
    Unreadable,
}

/// Rewrites the files, or with `--check` names those that are not in the standard layout.
pub fn run(args: &Fmt, style: Style) -> Exit {
    let mut exit = Exit::Solved;
    for file in &args.files {
        let found = match one(file, args.check, style) {
            Outcome::Formatted => Exit::Solved,
            Outcome::NotFormatted | Outcome::Wrong => Exit::ModelError,
            Outcome::Unreadable => Exit::Usage,
        };
        // A file that cannot be read weighs more than one that is not formatted.
        if exit != Exit::Usage && found != Exit::Solved {
            exit = found;
        }
    }
    exit
}

fn one(file: &Path, check: bool, style: Style) -> Outcome {
    let is_stdin = file.as_os_str() == "-";
    let text = match read(file, is_stdin) {
        Ok(text) => text,
        Err(fault) => {
            note(&format!("optc: cannot read `{}`: {fault}\n", file.display()));
            return Outcome::Unreadable;
        }
    };
    let formatted = match syntax::format(&text) {
        Ok(formatted) => formatted,
        Err(reports) => {
            wrong(file, &text, &reports, style);
            return Outcome::Wrong;
        }
    };
    match (check, is_stdin, formatted == text) {
        (true, _, true) => Outcome::Formatted,
        (true, _, false) => {
            print(&format!("{}\n", file.display()));
            Outcome::NotFormatted
        }
        (false, true, _) => {
            print(&formatted);
            Outcome::Formatted
        }
        (false, false, true) => Outcome::Formatted,
        (false, false, false) => match write_file(file, |out| out.write_all(formatted.as_bytes())) {
            Ok(()) => Outcome::Formatted,
            Err(fault) => {
                note(&format!("optc: cannot write `{}`: {fault}\n", file.display()));
                Outcome::Unreadable
            }
        },
    }
}

fn read(file: &Path, is_stdin: bool) -> std::io::Result<String> {
    if !is_stdin {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

fn wrong(file: &Path, text: &str, reports: &Reports, style: Style) {
    let mut sources = Sources::new();
    sources.add(file.display().to_string(), text);
    show_reports(reports, &sources, style);
}
