//! What was meant: the command behind a word without its `:`, the pair behind a range that stands alone.
//!
//! Takes the text of what was wrong; gives a line that can be typed instead, or nothing.

use super::arguments::split;
use super::commands::{self, Row};
use crate::diag::closest;
use crate::syntax::entry::{Word, WordKind, words};
use std::ops::Range;

/// What commands are called elsewhere, and here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("q", "quit"),
    ("exit", "quit"),
    ("bye", "quit"),
    ("derivative", "grad"),
    ("derive", "grad"),
    ("deriv", "grad"),
    ("diff", "grad"),
    ("differentiate", "grad"),
    ("gradient", "grad"),
    ("hessian", "hess"),
    ("vars", "at"),
    ("point", "at"),
    ("draw", "plot"),
    ("graph", "plot"),
    ("man", "help"),
    ("ls", "list"),
    ("open", "load"),
    ("write", "save"),
    ("delete", "drop"),
    ("reset", "clear"),
    ("bounds", "range"),
];

/// The command that does what `word` does elsewhere.
fn elsewhere(word: &str) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(name, _)| *name == word).map(|(_, ours)| *ours)
}

/// The command that was meant by a wrong word behind `:`.
pub fn suggest(word: &str) -> Option<&'static str> {
    elsewhere(word).or_else(|| closest(word, commands::ROWS.iter().map(|row| row.name)))
}

/// A line that should have begun with `:`, as it should have been typed, and how much of it is the command's word.
pub fn without_colon(text: &str) -> Option<(usize, String)> {
    if let Some(rest) = text.strip_prefix("d/d") {
        let variable: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let of = rest[variable.len()..].trim();
        return (!variable.is_empty())
            .then(|| (3 + variable.len(), format!(":grad {}", bare(of)).trim_end().to_owned()));
    }
    let len = text.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(text.len());
    let (word, rest) = text.split_at(len);
    // `solve` is a statement too.
    let is_command = |row: &&Row| row.name != "solve" && (row.name == word || Some(row.name) == elsewhere(word));
    let row = commands::ROWS.iter().find(is_command)?;
    let next = rest.trim_start().chars().next();
    let begins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '(' | '[' | '/' | '.');
    let applied = rest.starts_with('(');
    if !(rest.trim().is_empty() || applied || rest.starts_with(' ') && next.is_some_and(begins)) {
        return None;
    }
    let of = bare(rest.trim());
    // `diff(f, x)`: commands differentiate by all variables.
    let of = if applied && !row.args.contains("LO..HI") { first_item(of) } else { of };
    let line = format!(":{} {of}", row.name).trim_end().to_owned();
    Some((len, with_axes(row, line)))
}

/// A line of a command with the axes that it lacks.
fn with_axes(row: &Row, line: String) -> String {
    let head = row.name.len() + 1;
    if !row.args.contains("LO..HI") || !split(&line, head..line.len()).pairs.is_empty() || line.len() <= head + 1 {
        return line;
    }
    let axes = ["x=-10..10", "y=-10..10"];
    let n = row.args.matches("LO..HI").count().min(axes.len());
    format!("{line} {}", axes[..n].join(" "))
}

/// A text without brackets around all of it.
fn bare(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) else { return text };
    let mut depth = 0_i32;
    let closes = inner.chars().any(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth < 0
    });
    if closes { text } else { inner.trim() }
}

fn first_item(text: &str) -> &str {
    let first = super::arguments::items(text, 0..text.len()).into_iter().next();
    first.map_or(text, |at| &text[at])
}

/// A range as `LO..HI`, from other ways to write one: `-1:1`, `-1 to 1`, `-1, 1`, `(-1, 1)`, `-1...1`.
pub fn range(text: &str) -> Option<String> {
    let inner = text.trim().trim_start_matches(['[', '(', '{']).trim_end_matches([']', ')', '}']);
    let (lo, hi) = ["...", "..", "…", " to ", ",", ":", ";"].into_iter().find_map(|sign| inner.split_once(sign))?;
    let hi = hi.rsplit_once(':').map_or(hi, |(_, last)| last);
    let number = |t: &str| t.trim().chars().any(|c| c.is_alphanumeric()) && !t.trim().contains(char::is_whitespace);
    (number(lo) && number(hi)).then(|| format!("{}..{}", lo.trim(), hi.trim()))
}

/// The line `line` with `NAME = RANGE` at its end, where a name and a range stand there side by side, or a range alone.
pub fn paired(line: &str, rest: Range<usize>, interval: bool) -> Option<String> {
    let own = line[rest.clone()].trim_end();
    let cut = own.rfind(['[', '(']).filter(|_| own.ends_with([']', ')'])).or_else(|| own.rfind(char::is_whitespace))?;
    let (before, last) = (own[..cut].trim_end_matches([' ', '\t', '=', ',', ':']), &own[cut..]);
    let ends = range(last)?;
    let name_at = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
    let name = before[name_at..].trim();
    let is_name = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let bracketed = match ends.split_once("..") {
        Some((lo, hi)) if interval => format!(" in [{lo}, {hi}]"),
        _ => format!("={ends}"),
    };
    is_name.then(|| format!("{}{before}{bracketed}", &line[..rest.start]))
}

/// The names in a text that are no functions: what a plot can move.
pub fn names(text: &str, is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let words: Vec<Word> = words(text);
    let mut found: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let called = words.get(at + 1).is_some_and(|next| &text[next.at.clone()] == "(");
        let name = &text[word.at.clone()];
        if word.kind == WordKind::Name && !called && !is_known(name) && !found.iter().any(|n| n == name) {
            found.push(name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_without_its_colon_is_recognised() {
        for (text, wanted) in [
            ("exit", Some(":quit")),
            ("plot sin(x)/x", Some(":plot sin(x)/x x=-10..10")),
            ("plot sin(x) x=0..1", Some(":plot sin(x) x=0..1")),
            ("derivative(x^2)", Some(":grad x^2")),
            ("diff((x + 1)*(x - 1), x)", Some(":grad (x + 1)*(x - 1)")),
            ("d/dx x^2", Some(":grad x^2")),
            ("d/dx (x^2 + 1)", Some(":grad x^2 + 1")),
            ("load mine.opt", Some(":load mine.opt")),
            ("help", Some(":help")),
            ("plot", Some(":plot")),
            ("range = 3", None),
            ("at + 1", None),
            ("plots x", None),
            ("solve lbfgs", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(without_colon(text).map(|found| found.1).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn ranges_of_other_languages_are_read() {
        for (text, wanted) in [
            ("-10:10", Some("-10..10")),
            ("0:0.1:5", Some("0..5")),
            ("(-1, 1)", Some("-1..1")),
            ("0 to 2*pi", Some("0..2*pi")),
            ("-1...1", Some("-1..1")),
            ("5", None),
            ("..", None),
            ("x y", None),
        ] {
            assert_eq!(range(text).as_deref(), wanted, "{text}");
        }
        let paired = |line: &str, interval| paired(line, 5..line.len(), interval);
        assert_eq!(paired(":plot x^2 x -10..10", false).as_deref(), Some(":plot x^2 x=-10..10"));
        assert_eq!(paired(":rang x [0,1]", true).as_deref(), Some(":rang x in [0, 1]"));
        assert_eq!(paired(":plot x^2 -10..10", false), None);
        assert_eq!(paired(":plot", false), None);
    }
}
