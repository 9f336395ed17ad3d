//! Wrong programs: each mark `#~ E0302` is met on its line, no other line is reported, and the words
//! are those of the snapshot beside the program (`OPTC_BLESS=1` rewrites it).

use optc::diag::{Message, Sources, render::render};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Reports of a program by everything that checks one without solving it, with the texts they speak of.
fn reports(folder: &Path, name: &str, text: &str) -> (Vec<Message>, Sources) {
    let mut sources = Sources::new();
    let file = sources.add(name, text);
    let parsed = optc::syntax::parse(file, text).reports;
    if !parsed.is_empty() {
        return (parsed.messages(), sources);
    }
    let checked = crate::sema::check_in(folder, name, text);
    (checked.reports.messages(), checked.sources)
}

/// Programs below a folder, in order.
fn programs(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            programs(&path, found);
        } else if path.extension().is_some_and(|e| e == "opt") {
            found.push(path);
        }
    }
}

/// Lines (from 1) and codes that the marks of a program promise; `#~^` speaks of the line above.
fn marks(text: &str) -> BTreeSet<(usize, String)> {
    let mut marks = BTreeSet::new();
    for (nth, line) in text.lines().enumerate() {
        let Some((_, said)) = line.split_once("#~") else { continue };
        let (said, line) = match said.strip_prefix('^') {
            Some(said) => (said, nth),
            None => (said, nth + 1),
        };
        marks.extend(said.split_whitespace().map(|code| (line, code.to_owned())));
    }
    marks
}

/// What is wrong with the reports on one program.
fn judge(path: &Path, seen: &mut BTreeSet<String>) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let (messages, sources) = reports(path.parent().unwrap_or(Path::new(".")), &name, &text);
    let drawn: String = messages.iter().map(|m| render(m, &sources, false)).collect();
    let found: BTreeSet<(usize, String)> =
        messages.iter().map(|m| (m.primary_span().map_or(0, |s| sources.line(s)), m.code.to_owned())).collect();
    seen.extend(messages.iter().map(|m| m.code.to_owned()));
    let wanted = marks(&text);
    if wanted.is_empty() {
        return Err("has no mark `#~ E…`".into());
    }
    let missed: Vec<_> = wanted.difference(&found).collect();
    let extra: Vec<_> = found.difference(&wanted).collect();
    if !missed.is_empty() || !extra.is_empty() {
        return Err(format!("missed {missed:?}, not marked {extra:?}\n{drawn}"));
    }
    let snapshot = path.with_extension("stderr");
    if std::env::var_os("OPTC_BLESS").is_some() {
        return fs::write(&snapshot, &drawn).map_err(|e| e.to_string());
    }
    match fs::read_to_string(&snapshot) {
        Ok(kept) if kept == drawn => Ok(()),
        Ok(kept) => Err(format!("the words changed; the snapshot says\n{kept}\nnow\n{drawn}")),
        Err(_) => Err(format!("has no snapshot; run with OPTC_BLESS=1\n{drawn}")),
    }
}

#[test]
fn every_wrong_program_is_reported_on_its_marked_lines_in_the_words_kept() {
    let mut paths = Vec::new();
    programs(Path::new("tests/ui"), &mut paths);
    let mut seen = BTreeSet::new();
    let faults: Vec<String> = paths
        .iter()
        .filter_map(|path| judge(path, &mut seen).err().map(|fault| format!("{}: {fault}\n", path.display())))
        .collect();
    println!("{} wrong programs, {} codes", paths.len(), seen.len());
    assert!(faults.is_empty(), "{} of {} programs\n{}", faults.len(), paths.len(), faults.concat());
    // A name given on the command line, and a model that grows beyond a limit, are no programs of a few lines.
    let elsewhere = ["E0213"];
    let areas = [
        optc::diag::codes::syntax::SyntaxError::CODES,
        optc::diag::codes::name::NameError::CODES,
        optc::diag::codes::shape::ShapeError::CODES,
        optc::diag::codes::kind::KindError::CODES,
        optc::diag::codes::option::OptionError::CODES,
    ];
    let unseen: Vec<_> = areas.concat().into_iter().filter(|c| !seen.contains(*c) && !elsewhere.contains(c)).collect();
    assert!(unseen.is_empty(), "no wrong program shows {unseen:?}");
}
