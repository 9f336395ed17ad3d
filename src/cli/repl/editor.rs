//! The terminal: lines with history, completion, colours; an entry ends by the rule of the language.

use super::commands;
use super::engine::Repl;
use super::show;
use crate::cli::output::{Style, note, print};
use crate::problem::OptionKind;
use crate::solve::methods;
use crate::syntax::entry::{Entry, WordKind, words};
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::borrow::Cow;
use std::path::PathBuf;

const PROMPT: &str = "> ";
const MOST_HISTORY: usize = 5_000;

/// Reads entries from the terminal until Ctrl-D.
pub fn run(repl: &mut Repl) {
    let builder = Config::builder().completion_type(CompletionType::List).history_ignore_space(false);
    let config = builder.max_history_size(MOST_HISTORY).map(|b| b.auto_add_history(true).build());
    let editor = config.and_then(Editor::<Guide, FileHistory>::with_config);
    let mut editor = match editor {
        Ok(editor) => editor,
        Err(fault) => return note(&format!("optc: the terminal cannot be used: {fault}\n")),
    };
    let history = history_file();
    let mut keeps = true;
    if let Some(path) = &history {
        // The first session has none.
        let _ = editor.load_history(path);
    }
    editor.set_helper(Some(Guide { names: repl.names(), style: repl.style, files: FilenameCompleter::new() }));
    print(&format!("optc {} · `:help` lists what can be done, Ctrl-D ends\n", env!("CARGO_PKG_VERSION")));
    loop {
        match editor.readline(PROMPT) {
            Ok(text) => {
                // Before it is carried out, so that whatever ends the process loses nothing.
                if let Some(path) = history.as_ref().filter(|_| keeps)
                    && let Err(fault) = editor.append_history(path)
                {
                    keeps = false;
                    note(&format!("optc: note: the history is not kept: {fault}\n"));
                }
                if !show(&repl.typed(&text)) {
                    break;
                }
                if let Some(guide) = editor.helper_mut() {
                    guide.names = repl.names();
                }
            }
            // The line is given up, the session goes on.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(fault) => {
                note(&format!("optc: {fault}\n"));
                break;
            }
        }
    }
}

/// Where the history is kept: `OPTC_HISTORY`, else below the folder for the state of programs.
fn history_file() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(path) = set("OPTC_HISTORY") {
        return Some(path);
    }
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")))?;
    let folder = state.join("optc");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// What helps with a line that is typed.
struct Guide {
    names: Vec<String>,
    style: Style,
    files: FilenameCompleter,
}

impl Helper for Guide {}

impl Hinter for Guide {
    type Hint = String;
}

impl Validator for Guide {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        let more = !text.trim_start().starts_with(':') && Entry::of(text).wants_more();
        // An empty line ends an entry that cannot be mended by going on.
        let given_up = text.rsplit_once('\n').is_some_and(|(_, line)| line.trim().is_empty());
        Ok(if more && !given_up { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Highlighter for Guide {
    fn highlight<'l>(&self, line: &'l str, _at: usize) -> Cow<'l, str> {
        if self.style.colour { Cow::Owned(coloured(line)) } else { Cow::Borrowed(line) }
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        if self.style.colour { Cow::Owned(format!("\x1b[1;32m{prompt}\x1b[0m")) } else { Cow::Borrowed(prompt) }
    }

    fn highlight_char(&self, _line: &str, _at: usize, _kind: CmdKind) -> bool {
        self.style.colour
    }
}

impl Completer for Guide {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..at];
        if wants_file(before) {
            return self.files.complete(line, at, context);
        }
        let (start, found) = candidates(before, &self.names);
        let pair = |word: String| Pair { display: word.clone(), replacement: word };
        Ok((start, found.into_iter().map(pair).collect()))
    }
}

/// A line with the colours of its words.
fn coloured(line: &str) -> String {
    let (mut out, mut done) = (String::with_capacity(2 * line.len()), 0);
    if line.trim_start().starts_with(':') {
        let begin = line.find(':').unwrap_or(0);
        let end = line[begin..].find(char::is_whitespace).map_or(line.len(), |at| begin + at);
        out += &format!("{}\x1b[1;35m{}\x1b[0m", &line[..begin], &line[begin..end]);
        done = end;
    }
    for word in words(line) {
        if word.at.start < done {
            continue;
        }
        let code = match word.kind {
            WordKind::Keyword | WordKind::In => "1;34",
            WordKind::Number => "36",
            WordKind::Text => "32",
            WordKind::Comment => "2",
            _ => continue,
        };
        out += &format!("{}\x1b[{code}m{}\x1b[0m", &line[done..word.at.start], &line[word.at.clone()]);
        done = word.at.end;
    }
    out + &line[done..]
}

/// The command that a line begins with, also when it is written short.
fn command(line: &str) -> Option<&'static commands::Row> {
    let (word, _) = line.trim_start().strip_prefix(':')?.split_once(char::is_whitespace)?;
    commands::find(word)
}

/// Whether the name of a file is typed.
fn wants_file(before: &str) -> bool {
    let draws = command(before).is_some_and(|row| row.args.contains("--svg"));
    let behind = before.rsplit_once("--svg").filter(|_| draws).map(|(_, name)| name);
    let picture = behind.is_some_and(|name| name.starts_with([' ', '=']) && !name.trim_start().contains(' '));
    picture || command(before).is_some_and(|row| row.args == "FILE")
}

/// Where the word that is typed begins, and what it can become.
fn candidates(before: &str, names: &[String]) -> (usize, Vec<String>) {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let start = before.char_indices().rev().find(|(_, c)| !part(*c)).map_or(0, |(at, c)| at + c.len_utf8());
    let word = &before[start..];
    let starts = |name: &str| name.starts_with(word);
    // The statement that is typed begins behind a `;` or on its line.
    let whole = before[..start].rsplit(['\n', ';']).next().unwrap_or("");
    let head = whole.trim();
    let row = command(before);
    if head == ":" || row.is_some_and(|row| row.name == "help") {
        let rows = commands::ROWS.iter().map(|row| row.name.to_owned());
        return (start, rows.filter(|n| starts(n)).collect());
    }
    if head.ends_with("--") && row.is_some_and(|row| row.args.contains("--svg")) {
        return (start, ["svg "].into_iter().filter(|n| starts(n)).map(str::to_owned).collect());
    }
    if head.starts_with("solve") || row.is_some_and(|row| row.name == "solve") {
        return (start, of_solve(whole).into_iter().filter(|n| starts(n)).collect());
    }
    (start, names.iter().filter(|n| starts(n)).cloned().collect())
}

/// Behind `solve with` and `then` a method, in its brackets an option, behind its `=` a value.
fn of_solve(before: &str) -> Vec<String> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let Some(open) = before.rfind('(').filter(|at| !before[*at..].contains(')')) else {
        return methods().iter().map(|m| m.name).chain(["with", "then"]).map(str::to_owned).collect();
    };
    let method = before[..open].rsplit(|c: char| !part(c)).next().unwrap_or("");
    let options = methods().iter().filter(|m| m.name == method).flat_map(|m| m.options.iter());
    let asked = before[open + 1..].rsplit(',').next().unwrap_or("");
    match asked.split_once('=') {
        None => options.map(|o| format!("{} = ", o.name)).collect(),
        Some((name, _)) => options.filter(|o| o.name == name.trim()).flat_map(|o| values(&o.kind)).collect(),
    }
}

/// Values that an option can have, where they are words.
fn values(kind: &OptionKind) -> Vec<String> {
    match kind {
        OptionKind::Bool => ["true", "false"].map(str::to_owned).into(),
        OptionKind::Choice(words) => words.iter().map(|w| (*w).to_owned()).collect(),
        OptionKind::Real { .. } | OptionKind::Int { .. } => Vec::new(),
        OptionKind::Schedule => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_names_methods_and_options_are_completed() {
        let names: Vec<String> = ["sin", "sinh", "size", "var"].map(String::from).into();
        let found = |before: &str| candidates(before, &names);
        assert_eq!(found(":pl"), (1, vec!["plot".into()]));
        assert_eq!(found("2 * si"), (4, vec!["sin".into(), "sinh".into(), "size".into()]));
        assert_eq!(found(":plot si").0, 6);
        assert_eq!(found("solve with interior_p"), (11, vec!["interior_point".into()]));
        assert!(found("solve with interior_point(max_i").1.contains(&"max_iter = ".to_owned()));
        assert!(found(":solve interior_point(tol = 1, max_i").1.contains(&"max_iter = ".to_owned()));
        assert_eq!(found("θ + va"), ("θ + ".len(), vec!["var".into()]));
    }

    #[test]
    fn what_is_completed_depends_on_where_it_stands() {
        let names: Vec<String> = ["sin", "solve", "x"].map(String::from).into();
        let found = |before: &str| candidates(before, &names).1;
        assert_eq!(found("var x; si"), ["sin"]);
        assert_eq!(found("var x; solve with interior_p"), ["interior_point"]);
        assert_eq!(found("minimize x^2\nsolve with interior_p"), ["interior_point"]);
        assert_eq!(found("solve with lbfgs; si"), ["sin"], "the next statement");
        assert_eq!(found(":so interior_p"), ["interior_point"], "a command that is written short");
        assert_eq!(found(":h plo"), ["plot"]);
        assert_eq!(found(":plot sin(x) x=0..1 --"), ["svg "]);
        assert_eq!(found("x --"), ["sin", "solve", "x"]);
        let choice = methods().iter().find_map(|m| {
            let option = m.options.iter().find_map(|o| match o.kind {
                OptionKind::Choice(words) => Some((o.name, words)),
                _ => None,
            })?;
            Some((m.name, option))
        });
        let (method, (option, words)) = choice.expect("a method with a choice");
        assert_eq!(found(&format!("solve with {method}({option} = ")), words);
        assert!(found("solve with lbfgs(tol = ").is_empty(), "a number");
        for (before, file) in [
            (":load ", true),
            (":l", false),
            (":loa exa", true),
            (":sa my", true),
            (":list ", false),
            (":plot x x=0..1 --svg ", true),
            (":plot x x=0..1 --svg=pic", true),
            (":pl x --svg a.svg x", false),
            ("x --svg ", false),
        ] {
            assert_eq!(wants_file(before), file, "{before}");
        }
    }

    #[test]
    fn words_have_colours_and_no_word_is_lost() {
        let plain = |text: &str| {
            let mut out = String::new();
            for (k, part) in text.split("\x1b[").enumerate() {
                out += if k == 0 { part } else { part.split_once('m').map_or("", |(_, rest)| rest) };
            }
            out
        };
        for line in [
            "var x >= 1.5 # words",
            ":plot sin(x)/x x=-1..1",
            "param s = \"a b\" + @",
            "",
            "  :",
            "θ |x| ?",
            "sum(i in I: i)",
        ] {
            assert_eq!(plain(&coloured(line)), line);
        }
        assert_eq!(coloured("var x >= 1"), "\x1b[1;34mvar\x1b[0m x >= \x1b[36m1\x1b[0m");
        assert_eq!(coloured(":at x=\"a\""), "\x1b[1;35m:at\x1b[0m x=\x1b[32m\"a\"\x1b[0m");
        assert_eq!(coloured("x # no"), "x \x1b[2m# no\x1b[0m");
    }
}
