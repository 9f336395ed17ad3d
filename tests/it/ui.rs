//! Wrong programs: each mark `#~ E0302` is met on its line, no other line is reported, and the words
//! are those of the snapshot beside the program (`OPTC_BLESS=1` rewrites it).
//!
//! Programs below `tests/ui/run` are bound to the files beside them and solved. A line `#! --set a=2` or
//! `#! --data t=other.csv` stands for the command line. A message about a data file is met on the line of the
//! model that needs the file; `#~0` promises a message that speaks of no line.

use optc::data::FolderLoader;
use optc::diag::{Message, Sources, render::render};
use optc::driver::{Session, Setup};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// What the lines `#! --set a=2` of a program ask for.
fn asked(text: &str) -> Setup {
    let mut setup = Setup::default();
    for line in text.lines().filter_map(|line| line.strip_prefix("#! ")) {
        let (option, value) = line.split_once(' ').expect("an option and its value");
        let (name, value) = value.split_once('=').unwrap_or((value, ""));
        match option {
            "--set" => setup.set.push((name.into(), value.parse().expect("a number"))),
            "--data" => setup.data.push((name.into(), value.into())),
            _ => panic!("`{option}` is no option of a wrong program"),
        }
    }
    setup
}

/// Reports of a program that is bound to its data and solved, and the texts they speak of.
fn reports_of_run(folder: &Path, name: &str, text: &str) -> (Vec<Message>, Sources) {
    let mut session = Session::new(Arc::new(FolderLoader::new(folder)), asked(text));
    let checked = session.check_text(name, text);
    let mut reports = checked.reports.clone();
    if !reports.has_errors() {
        reports.extend(match session.solve_checked(name, checked, None) {
            Ok(solved) => solved.remarks,
            Err(found) => found,
        });
    }
    (reports.messages(), session.sources)
}

/// The line of a program that a message speaks of first; 0 when it speaks of none.
fn line_of(message: &Message, sources: &Sources, program: &str) -> usize {
    let inside = |span: &optc::base::Span| sources.get(span.file).is_some_and(|source| source.name == program);
    message.labels.iter().map(|label| label.span).find(inside).map_or(0, |span| sources.line(span))
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
        let (said, line) = match said.as_bytes().first() {
            Some(b'^') => (&said[1..], nth),
            Some(b'0') => (&said[1..], 0),
            _ => (said, nth + 1),
        };
        marks.extend(said.split_whitespace().map(|code| (line, code.to_owned())));
    }
    marks
}

/// What is wrong with the reports on one program.
fn judge(path: &Path, seen: &mut BTreeSet<String>) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new("."));
    let run = folder.ends_with("run");
    let (messages, sources) = if run { reports_of_run(folder, &name, &text) } else { reports(folder, &name, &text) };
    let drawn: String = messages.iter().map(|m| render(m, &sources, false)).collect();
    let found: BTreeSet<(usize, String)> =
        messages.iter().map(|m| (line_of(m, &sources, &name), m.code.to_owned())).collect();
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
    // What no program of a few lines can show: the name says why.
    let elsewhere: BTreeMap<&str, &str> = [
        ("E0506", "the file changes while it is read"),
        ("E0524", "a data file of more than 4 GiB"),
        ("E0902", "an argument of the command line; tests/it/cli.rs"),
        ("E0605", "an expression of a session; tests/it/repl.rs"),
        ("E0930", "a command of a session; tests/it/repl.rs"),
        ("E0931", "a command of a session; tests/it/repl.rs"),
        ("E0932", "a line of a session; tests/it/repl.rs"),
        ("E0166", "a line of a session; tests/it/repl.rs"),
        ("E0934", "a line of a session; tests/it/repl.rs"),
        ("E0933", "a session that is interrupted; tests/it/repl.rs"),
        ("E0903", "a matrix with hundreds of millions of entries"),
        ("E0911", "a word of more than 16 MiB"),
        ("E0915", "more memory than is allowed"),
        ("E0904", "a file of the command line; tests/it/restarts.rs"),
        ("E0905", "a file of the command line; tests/it/restarts.rs"),
        ("E0906", "a file of the command line; tests/it/restarts.rs"),
        ("E0921", "a machine without machine code"),
    ]
    .into();
    let codes = optc::diag::codes::all_codes();
    let unseen: Vec<_> = codes.iter().filter(|c| !seen.contains(**c) && !elsewhere.contains_key(**c)).collect();
    assert!(unseen.is_empty(), "no wrong program shows {unseen:?}");
    let shown: Vec<_> = elsewhere.keys().filter(|c| seen.contains(**c)).collect();
    assert!(shown.is_empty(), "these can be shown after all: {shown:?}");
}
