//! The terminal: lines with history, completion, colours; an entry ends by the rule of the language.

use super::commands;
use super::engine::Repl;
use super::show;
use crate::cli::output::{Style, note, print};
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
    if let Some(path) = &history {
        // The first session has none.
        let _ = editor.load_history(path);
    }
    editor.set_helper(Some(Guide { names: repl.names(), style: repl.style, files: FilenameCompleter::new() }));
    print(&format!("optc {} · `:help` lists what can be done, Ctrl-D ends\n", env!("CARGO_PKG_VERSION")));
    loop {
        match editor.readline(PROMPT) {
            Ok(text) => {
                if !show(&repl.enter(&text)) {
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
    if let Some(path) = history
        && let Err(fault) = editor.save_history(&path)
    {
        note(&format!("optc: note: the history is not kept: {fault}\n"));
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
        let given_up = text.ends_with("\n\n");
        Ok(if more && !given_up { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Highlighter for Guide {
    fn highlight<'l>(&self, line: &'l str, _at: usize) -> Cow<'l, str> {
        if !self.style.colour {
            return Cow::Borrowed(line);
        }
        let (mut out, mut done) = (String::with_capacity(2 * line.len()), 0);
        let command = line.trim_start().starts_with(':');
        if command {
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
        out += &line[done..];
        Cow::Owned(out)
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
        let first = before.trim_start();
        if [":load ", ":save "].iter().any(|c| first.starts_with(c)) || before.contains("--svg ") {
            return self.files.complete(line, at, context);
        }
        let (start, found) = candidates(before, &self.names);
        let pair = |word: String| Pair { display: word.clone(), replacement: word };
        Ok((start, found.into_iter().map(pair).collect()))
    }
}

/// Where the word that is typed begins, and what it can become.
fn candidates(before: &str, names: &[String]) -> (usize, Vec<String>) {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let start = before.char_indices().rev().find(|(_, c)| !part(*c)).map_or(0, |(at, c)| at + c.len_utf8());
    let word = &before[start..];
    let starts = |name: &str| name.starts_with(word);
    let head = before[..start].trim();
    if head == ":" || head == ":help" {
        let rows = commands::ROWS.iter().map(|row| row.name.to_owned());
        return (start, rows.filter(|n| starts(n)).collect());
    }
    // Behind `solve with` and `then` a method, in its brackets an option.
    let open = before[..start].rfind('(').filter(|at| !before[*at..start].contains(')'));
    let solves = head.starts_with("solve") || head.starts_with(":solve");
    if let (true, Some(open)) = (solves, open) {
        let method = before[..open].rsplit(|c: char| !part(c)).next().unwrap_or("");
        let options = methods().iter().filter(|m| m.name == method).flat_map(|m| m.options.iter());
        return (start, options.map(|o| format!("{} = ", o.name)).filter(|n| starts(n)).collect());
    }
    if solves {
        let words = methods().iter().map(|m| m.name).chain(["with", "then"]);
        return (start, words.filter(|n| starts(n)).map(str::to_owned).collect());
    }
    (start, names.iter().filter(|n| starts(n)).cloned().collect())
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
}
