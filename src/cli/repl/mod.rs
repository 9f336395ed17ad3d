//! `optc repl`: a model that grows line by line.
//!
//! [`engine`] takes the text of an entry and gives the text of the answer, without a terminal; here lines are read from a
//! terminal (`editor`) or a pipe, and answers printed: results on stdout, what is wrong on stderr.

pub mod arguments;
pub mod canvas;
pub mod commands;
pub mod contour;
pub mod curve;
mod editor;
pub mod engine;
mod files;
mod hints;
mod shelf;
mod typed;
mod words;

use super::args;
use super::exit::Exit;
use super::output::{Style, note, print};
use crate::driver::{Session, Setup};
use crate::problem::StopFlag;
use crate::syntax::entry::Entry;
use engine::{Part, Repl, Reply};
use shelf::Shelf;
use signal_hook::consts::SIGINT;
use signal_hook::flag;
use std::io::{BufRead, IsTerminal};
use std::sync::Arc;

/// Reads entries until the end; the code is that of the last entry that failed.
pub fn run(args: &args::Repl, out: Style, err: Style) -> Exit {
    let stop = StopFlag::default();
    // The order matters: a signal that finds the flag raised ends the process, else it raises it.
    let second = flag::register_conditional_shutdown(SIGINT, 130, stop.handle());
    let first = flag::register(SIGINT, stop.handle());
    if first.is_err() || second.is_err() {
        note("optc: note: signals cannot be handled here; Ctrl-C ends the session\n");
    }
    let setup = Setup { seed: args.seed, stop, executor: args.code.executor(), ..Setup::default() };
    let shelf = Arc::new(Shelf::new(&args.allow_read));
    let mut repl = Repl::new(Session::new(shelf.clone(), setup), shelf, out, err);
    if let Some(file) = &args.file {
        show(&repl.enter(&format!(":load {}", file.display())));
    }
    if std::io::stdin().is_terminal() {
        editor::run(&mut repl);
    } else {
        piped(&mut repl);
    }
    repl.exit()
}

/// Prints an answer; `false` when it was the last.
fn show(reply: &Reply) -> bool {
    for part in &reply.parts {
        match part {
            Part::Out(text) => print(text),
            Part::Err(text) => note(text),
        }
    }
    !reply.ends
}

/// Entries from a pipe: an entry ends where the next line does not go on, or at an empty line.
fn piped(repl: &mut Repl) {
    let mut entry = Entry::default();
    for line in std::io::stdin().lock().split(b'\n') {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line);
        let line = line.strip_suffix('\r').unwrap_or(&line);
        let is_command = line.trim_start().starts_with(':') && !entry.wants_more();
        let ends = line.trim().is_empty() && !entry.wants_more();
        if (is_command || ends || !entry.goes_on_with(line)) && !take(repl, &mut entry) {
            return;
        }
        if is_command {
            if !show(&repl.enter(line)) {
                return;
            }
        } else if !ends {
            entry.push(line);
        }
    }
    take(repl, &mut entry);
}

fn take(repl: &mut Repl, entry: &mut Entry) -> bool {
    let entry = std::mem::take(entry);
    entry.is_empty() || show(&repl.enter(entry.text()))
}
