//! Commands about files: `:load`, `:save`, and pictures of `--svg FILE`.

use super::arguments::{Taken, take_option};
use super::commands::{model, trimmed};
use super::engine::{Line, Repl, Stop};
use crate::cli::output::write_file;
use crate::data::Loader;
use crate::diag::closest;
use crate::syntax::ast::{ParamSource, StmtKind, Text};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

/// The file behind a command.
fn file_name(line: &Line<'_>) -> Result<String, Stop> {
    let name = line.text[trimmed(line)].trim_matches('"').to_owned();
    if name.is_empty() { Err(line.wrong(0..0, "the file is missing")) } else { Ok(name) }
}

/// `:load FILE`.
pub(super) fn load(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let path = file_name(line)?;
    let folder = Path::new(&path).parent().unwrap_or(Path::new("")).to_path_buf();
    let name = Path::new(&path).file_name().map_or_else(|| path.clone(), |n| n.to_string_lossy().into_owned());
    repl.shelf.open(&folder);
    if matches!(repl.shelf.read(&name), Err(crate::data::LoadError::NotFound))
        && let Some(near) = near(&repl.shelf.siblings(&name), &name)
    {
        repl.shelf.close();
        let instead = Path::new(&path).with_file_name(near).display().to_string();
        return Err(line.instead(trimmed(line), format!("there is no file `{path}`"), format!(":load {instead}")));
    }
    match repl.bench.load(&name) {
        Ok(entered) => {
            let n = repl.bench.program().statements().len();
            let warned = entered.warnings.messages();
            let warned = if warned.is_empty() { String::new() } else { format!(", {} warnings", warned.len()) };
            Ok(format!("{}{}\n", repl.said(&entered), repl.style.dim(&format!("{path}: {n} statements{warned}"))))
        }
        Err(reports) => {
            repl.shelf.close();
            Err(reports.into())
        }
    }
}

/// The model that was meant by a name.
fn near<'a>(names: &'a [String], wanted: &str) -> Option<&'a str> {
    let models: Vec<&str> = names.iter().map(String::as_str).filter(|n| n.ends_with(".opt")).collect();
    let with_ending = format!("{wanted}.opt");
    let exact = models.iter().find(|n| **n == with_ending).copied();
    exact.or_else(|| closest(wanted, models.iter().copied())).or_else(|| closest(&with_ending, models.iter().copied()))
}

/// `:save FILE`.
pub(super) fn save(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let path = file_name(line)?;
    let folder = match Path::new(&path).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut moved = BTreeMap::new();
    for statement in repl.bench.program().statements() {
        let Some(data) = data_file(&statement.stmt.kind) else { continue };
        let Some(at) = repl.shelf.place(&data.text) else { continue };
        let Some(inside) = below(folder, &at) else {
            let home = at.parent().map_or_else(String::new, |p| p.display().to_string());
            let what = statement.names.first().map_or_else(String::new, |n| format!("`{n}` reads "));
            let reason =
                format!("{what}`{}`, which is not below the folder of the model: it would not be found", data.text);
            let file = Path::new(&path).file_name().map_or_else(|| path.clone(), |n| n.to_string_lossy().into_owned());
            let there = Path::new(&home).join(file).display().to_string();
            let there = if there.contains(' ') { format!("\"{there}\"") } else { there };
            return Err(line.instead(trimmed(line), reason, format!(":save {there}")));
        };
        if inside != *data.text {
            moved.insert((statement.stmt.file, statement.stmt.base, data.at.start), inside);
        }
    }
    let text = model(repl, &|statement| {
        let data = data_file(&statement.stmt.kind)?;
        let inside = moved.get(&(statement.stmt.file, statement.stmt.base, data.at.start))?;
        let (begin, own) = (statement.stmt.at.start, data.at);
        let at = (own.start.checked_sub(begin)? as usize)..(own.end.checked_sub(begin)? as usize);
        let text = &statement.text;
        Some(format!("{}\"{inside}\"{}", text.get(..at.start)?, text.get(at.end..)?))
    });
    if text.is_empty() {
        return Err(line.wrong(0..0, "there is nothing to save: no statement was entered"));
    }
    write(&path, &text)?;
    Ok(repl.style.dim(&format!("{path}: {} statements", repl.bench.program().statements().len())) + "\n")
}

/// The file that a statement reads data from.
fn data_file(kind: &StmtKind) -> Option<&Text> {
    match kind {
        StmtKind::Table { path, .. } => Some(path),
        StmtKind::Param { source: ParamSource::File(path), .. } => Some(path),
        _ => None,
    }
}

/// A file as it is called from a folder, if it is below that.
fn below(folder: &Path, file: &Path) -> Option<String> {
    let folder = std::fs::canonicalize(folder).ok()?;
    let inside: PathBuf = file.strip_prefix(folder).ok()?.to_path_buf();
    let parts = inside.components().map(|part| match part {
        Component::Normal(name) => name.to_str().map(str::to_owned),
        _ => None,
    });
    Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
}

/// Writes a text into a file.
pub(super) fn write(path: &str, text: &str) -> Result<(), Stop> {
    write_file(Path::new(path), |out| out.write_all(text.as_bytes()))
        .map_err(|fault| Stop::File(format!("cannot write `{path}`: {fault}")))
}

/// A line without `--svg FILE`, and the file.
pub(super) fn picture(line: &Line<'_>) -> Result<(String, Option<String>), Stop> {
    let Taken { text, value } = take_option(line.text, "--svg");
    if let Some(at) = unknown_option(&text) {
        let reason = format!("there is no option `{}`; a picture is written by `--svg FILE`", &line.text[at.clone()]);
        return Err(line.wrong(at, reason));
    }
    let Some(at) = value else { return Ok((text, None)) };
    let name = line.text[at.clone()].to_owned();
    if name.is_empty() {
        return Err(line.wrong(0..0, "the file behind `--svg` is missing"));
    }
    if name.to_ascii_lowercase().ends_with(".svg") {
        return Ok((text, Some(name)));
    }
    // `--svg my plot.svg`: the name goes on behind a space.
    let rest = &line.text[at.start..];
    if let Some(end) = rest.to_ascii_lowercase().find(".svg").map(|end| at.start + end + 4) {
        let whole = &line.text[at.start..end];
        let instead = format!("{}\"{whole}\"{}", &line.text[..at.start], &line.text[end..]);
        return Err(line.instead(at.start..end, "a name with a space stands in quotes", instead));
    }
    let stem = Path::new(&name).with_extension("svg").display().to_string();
    let instead = format!("{}{stem}{}", &line.text[..at.start], &line.text[at.end..]);
    Err(line.instead(at, format!("`{name}` should end in .svg: pictures are SVG, which every browser shows"), instead))
}

/// Where ` --word` stands.
fn unknown_option(text: &str) -> Option<Range<usize>> {
    text.match_indices("--").map(|(at, _)| at).find_map(|at| {
        let own = text[at + 2..].find(|c: char| !c.is_ascii_lowercase()).map_or(text.len(), |end| at + 2 + end);
        let ends = text[own..].chars().next().is_none_or(|c| c.is_whitespace() || c == '=');
        (own > at + 3 && ends && text[..at].ends_with(char::is_whitespace)).then_some(at..own)
    })
}
