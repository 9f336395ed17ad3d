//! The session without a terminal: text in, text out.
//!
//! Takes an entry: a command, statements, expressions, or several of these; gives a [`Reply`]. What an entry gets wrong
//! leaves everything as it was.

use super::commands;
use super::hints;
use super::shelf::Shelf;
use super::words;
use crate::base::{FileId, Name, Span};
use crate::cli::exit::Exit;
use crate::cli::output::Style;
use crate::cli::reports::draw;
use crate::cli::text::{Detail, render};
use crate::diag::Reports;
use crate::diag::codes::limit::LimitError;
use crate::driver::Session;
use crate::driver::interactive::{Asked, Axis, Bench, Enter, Entered, Shape};
use crate::driver::solve::Live;
use crate::syntax::ast::{Stmt, StmtKind};
use crate::syntax::entry;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A piece of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// A result.
    Out(String),
    /// What is wrong, or a warning.
    Err(String),
}

/// The answer to an entry.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reply {
    /// In order.
    pub parts: Vec<Part>,
    /// Whether the session ends.
    pub ends: bool,
}

impl Reply {
    /// All of it, in order.
    pub fn text(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Out(text) | Part::Err(text) => text.as_str(),
            })
            .collect()
    }
}

/// Why a command gave no result.
pub enum Stop {
    /// What is wrong.
    Wrong(Reports),
    /// A file could not be read or written.
    File(String),
    /// Ctrl-C.
    Interrupted,
}

impl<E: Into<Reports>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Wrong(error.into())
    }
}

/// A line with a command, for whoever carries it out.
pub struct Line<'a> {
    /// The text as messages show it.
    pub file: FileId,
    /// The same, with options taken out.
    pub text: &'a str,
    /// What stands behind the command.
    pub rest: Range<usize>,
    /// The command's row.
    pub row: &'static commands::Row,
}

impl Line<'_> {
    /// The error of arguments that cannot be used, under a part of them.
    pub fn wrong(&self, at: Range<usize>, reason: impl Into<String>) -> Stop {
        self.usage(at, reason.into(), None)
    }

    /// The same, with a line that can be typed instead.
    pub fn instead(&self, at: Range<usize>, reason: impl Into<String>, instead: String) -> Stop {
        self.usage(at, reason.into(), Some(instead))
    }

    fn usage(&self, at: Range<usize>, reason: String, instead: Option<String>) -> Stop {
        let at = if at.is_empty() { 0..self.text.trim_end().len() } else { at };
        let at = Span::new(self.file, at.start as u32, at.end as u32);
        let (usage, example) = (self.row.usage(), self.row.example.lines().last().unwrap_or("").to_owned());
        LimitError::CommandUsage { at, reason, usage, example, instead }.into()
    }
}

/// A session.
pub struct Repl {
    /// The model.
    pub bench: Bench,
    pub(super) shelf: Arc<Shelf>,
    pub(super) style: Style,
    err: Style,
    exit: Exit,
    /// Whether indented lines are constraints.
    pub(super) section: bool,
    /// The entry before as it was typed in a terminal, and whether it changed the statements.
    pub(super) before: Option<(String, bool)>,
    /// The expression entered last.
    pub(super) last: Option<Asked>,
    pub(super) live: Live,
}

impl Repl {
    /// A session that reads files from `shelf`.
    pub fn new(session: Session, shelf: Arc<Shelf>, style: Style, err: Style) -> Self {
        let bench = Bench::new(session);
        Self { bench, shelf, style, err, exit: Exit::Solved, section: false, before: None, last: None, live: None }
    }

    /// A session without colours over the files of a folder, as tests and documentation use it.
    pub fn plain(folder: &std::path::Path) -> Self {
        let shelf = Arc::new(Shelf::new(&[]));
        shelf.open(folder);
        let session = Session::new(shelf.clone(), crate::driver::Setup::default());
        let plain = Style { colour: false };
        Self::new(session, shelf, plain, plain)
    }

    /// The code of the last entry that failed.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Carries out an entry: statements, expressions and commands, with `;` between them.
    pub fn enter(&mut self, text: &str) -> Reply {
        self.bench.session.setup.stop.handle().store(false, Ordering::Relaxed);
        let mut reply = Reply::default();
        let pieces = entry::pieces(text);
        let is_command = |piece: &Range<usize>| text[piece.clone()].starts_with(':');
        let mut at = 0;
        while at < pieces.len() && !reply.ends {
            let n = pieces[at..].iter().take_while(|piece| !is_command(piece)).count();
            let good = match n {
                0 => self.command(&text[pieces[at].clone()], &mut reply),
                _ => {
                    // From the beginning of the line: its indent counts.
                    let start = if at == 0 { 0 } else { pieces[at].start };
                    let end = pieces.get(at + n).map_or(text.len(), |_| pieces[at + n - 1].end);
                    self.sentences(&text[start..end], &mut reply)
                }
            };
            if !good {
                break;
            }
            at += n.max(1);
        }
        reply
    }

    /// Statements and expressions; `false` when one of them failed.
    fn sentences(&mut self, text: &str, reply: &mut Reply) -> bool {
        let indented = text.starts_with([' ', '\t']);
        let pieces = entry::pieces(text);
        let file = self.bench.add_source(text);
        let mut open = self.section && indented;
        let mut group: Option<Range<usize>> = None;
        let mut before = 0;
        for piece in pieces {
            let own = &text[piece.clone()];
            let mut what = Enter::of(own);
            if own.starts_with("subject") {
                open = true;
            } else if open && what == Enter::Expression {
                what = Enter::Statement;
            } else if what == Enter::Statement && entry::begins_statement(own) {
                open = false;
            }
            if what == Enter::Statement {
                group = Some(group.map_or(before, |g| g.start)..piece.end);
            } else {
                if let Some(group) = group.take()
                    && !self.statements(file, text, group, reply)
                {
                    return false;
                }
                if !self.one(file, text, piece.clone(), what, reply) {
                    return false;
                }
            }
            before = piece.end;
        }
        let good = group.is_none_or(|group| self.statements(file, text, group, reply));
        self.section = open;
        good
    }

    /// A command; `false` when it failed.
    fn command(&mut self, text: &str, reply: &mut Reply) -> bool {
        let file = self.bench.add_source(text.trim_end());
        let begin = text.find(':').unwrap_or(0);
        let word = text[begin + 1..].split_whitespace().next().unwrap_or("");
        let end = begin + 1 + text[begin + 1..].find(word).unwrap_or(0) + word.len();
        let Some(row) = commands::find(word) else {
            let at = Span::new(file, begin as u32, end as u32);
            let suggestion = hints::suggest(word).map(str::to_owned);
            let error = LimitError::UnknownCommand { at, word: word.to_owned(), suggestion };
            self.fail(Stop::Wrong(error.into()), reply);
            return false;
        };
        let line = Line { file, text: text.trim_end(), rest: end..text.trim_end().len().max(end), row };
        match (row.run)(self, &line) {
            Ok(text) => {
                reply.ends = row.name == "quit";
                if !text.is_empty() {
                    reply.parts.push(Part::Out(text));
                }
                true
            }
            Err(stop) => {
                self.fail(stop, reply);
                false
            }
        }
    }

    /// Says what is wrong and notes the code.
    fn fail(&mut self, stop: Stop, reply: &mut Reply) {
        match stop {
            Stop::Wrong(reports) => {
                let reports = self.bench.with_suggestions(reports);
                self.exit = Exit::of_errors(&reports);
                reply.parts.push(Part::Err(draw(&reports.messages(), &self.bench.session.sources, self.err)));
            }
            Stop::File(text) => {
                self.exit = Exit::Usage;
                reply.parts.push(Part::Err(format!("{text}\n")));
            }
            Stop::Interrupted => {
                self.exit = Exit::Limit;
                reply.parts.push(Part::Err("interrupted\n".into()));
            }
        }
    }

    /// Warnings, if there are any.
    pub(super) fn warn(&self, reports: &Reports, reply: &mut Reply) {
        let messages = reports.messages();
        if !messages.is_empty() {
            reply.parts.push(Part::Err(draw(&messages, &self.bench.session.sources, self.err)));
        }
    }

    /// The error of a command that was typed without its `:`, in place of what was said of it as an expression.
    fn without_colon(&self, file: FileId, text: &str, at: Range<usize>) -> Option<Reports> {
        let first = entry::pieces(&text[at.clone()]).into_iter().next()?;
        let own = at.start + first.start..at.start + first.end;
        let (len, line) = hints::without_colon(&text[own.clone()])?;
        let word = text[own.start..own.start + len].to_owned();
        let at = Span::new(file, own.start as u32, (own.start + len) as u32);
        let is_known = self.bench.program().owner(&word).is_some();
        (!is_known).then(|| LimitError::WithoutColon { at, word, line }.into())
    }

    fn statements(&mut self, file: FileId, text: &str, at: Range<usize>, reply: &mut Reply) -> bool {
        let entered = match self.bench.enter(file, text, at.clone()) {
            Ok(entered) => entered,
            Err(reports) => {
                if let Some(meant) = self.without_colon(file, text, at) {
                    self.fail(Stop::Wrong(meant), reply);
                    return false;
                }
                let elsewhere = |m: &crate::diag::Message| m.primary_span().is_some_and(|span| span.file != file);
                let elsewhere = reports.messages().iter().any(elsewhere);
                self.fail(Stop::Wrong(reports), reply);
                if elsewhere {
                    let note =
                        "nothing changed: what was entered before would not fit; two changes go on one line with `;`";
                    reply.parts.push(Part::Err(format!("{}\n", self.err.dim(note))));
                }
                return false;
            }
        };
        self.warn(&entered.warnings, reply);
        let said = self.said(&entered);
        if !said.is_empty() {
            reply.parts.push(Part::Out(said));
        }
        for stmt in &entered.now {
            if let Err(stop) = self.now(stmt, reply) {
                self.fail(stop, reply);
                return false;
            }
        }
        true
    }

    /// What statements changed beyond themselves.
    pub(super) fn said(&self, entered: &Entered) -> String {
        let list = |names: &[Name]| names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        let mut out = String::new();
        if !entered.replaced.is_empty() {
            let verb = if entered.dependents.len() == 1 { "depends" } else { "depend" };
            let also = match entered.dependents.is_empty() {
                true => String::new(),
                false => format!("; {} {verb} on it", list(&entered.dependents)),
            };
            out = format!("{} replaced{also}", list(&entered.replaced));
        }
        if entered.n_objectives > 1 {
            let space = if out.is_empty() { "" } else { "; " };
            out += &format!("{space}there are {} objectives now: `:drop NAME` takes one away", entered.n_objectives);
        }
        if out.is_empty() { out } else { format!("{}\n", self.style.dim(&out)) }
    }

    /// `solve`, `show`, `expect`.
    fn now(&mut self, stmt: &Stmt, reply: &mut Reply) -> Result<(), Stop> {
        match &stmt.kind {
            StmtKind::Solve { .. } => {
                let text = self.solve(Some(stmt.clone()), reply)?;
                reply.parts.push(Part::Out(text));
            }
            StmtKind::Show { .. } => {
                let sources = &self.bench.session.sources;
                for asked in Asked::items(stmt, |span| sources.snippet(span).to_owned()) {
                    let text = asked.text.clone();
                    let shown = self.valued(&asked, reply)?;
                    let sign = if shown.contains('\n') && shown.lines().count() > 1 { ": " } else { " = " };
                    reply.parts.push(Part::Out(format!("{text}{sign}{shown}")));
                }
            }
            StmtKind::Expect { .. } => {
                let (holds, found) = self.bench.holds(stmt)?;
                let verdict = if holds { self.style.green("holds") } else { self.style.red("fails") };
                if !holds {
                    self.exit = Exit::ModelError;
                }
                reply.parts.push(Part::Out(format!("{verdict}: {found}\n")));
            }
            _ => {}
        }
        Ok(())
    }

    /// Solves the model; gives the report as text.
    pub(super) fn solve(&mut self, asked: Option<Stmt>, reply: &mut Reply) -> Result<String, Stop> {
        let live = self.live.clone();
        let solved = self.bench.solve(asked, live)?;
        self.warn(&solved.remarks, reply);
        let exit = Exit::of_report(&solved.report);
        if exit != Exit::Solved {
            self.exit = exit;
        }
        Ok(render(&solved.report, Detail::Normal, self.style))
    }

    /// An expression or an assignment.
    fn one(&mut self, file: FileId, text: &str, at: Range<usize>, what: Enter, reply: &mut Reply) -> bool {
        let done = match what {
            Enter::Assignment(name) => Err(self.assignment(file, text, at.clone(), name)),
            _ => Asked::new(file, text, at.clone()).map_err(Stop::Wrong).and_then(|asked| {
                let text = self.valued(&asked, reply)?;
                reply.parts.push(Part::Out(text));
                self.last = Some(asked);
                Ok(())
            }),
        };
        let done = done.map_err(|stop| match self.without_colon(file, text, at) {
            Some(meant) if matches!(stop, Stop::Wrong(_)) => Stop::Wrong(meant),
            _ => stop,
        });
        done.map_err(|stop| self.fail(stop, reply)).is_ok()
    }

    fn assignment(&self, file: FileId, text: &str, at: Range<usize>, name: Name) -> Stop {
        let found = self.bench.program().owner(&name).map(|s| match s.stmt.kind {
            StmtKind::Var { .. } => "a variable",
            StmtKind::Param { .. } => "a param",
            StmtKind::Set { .. } => "a set",
            StmtKind::Objective { .. } => "an objective",
            StmtKind::Fn { .. } | StmtKind::ExternFn { .. } => "a function",
            _ => "defined already",
        });
        let span = Span::new(file, at.start as u32, at.end as u32);
        // `:=` and `<-` are meant as `=`.
        let text = text[at].replace(":=", "=").split_whitespace().collect::<Vec<_>>().join(" ");
        LimitError::Assignment { at: span, name, text, found }.into()
    }

    /// The value of an expression as text; what is not a finite number is explained.
    fn valued(&mut self, asked: &Asked, reply: &mut Reply) -> Result<String, Stop> {
        let value = self.bench.evaluate(asked)?;
        let scalar = value.index.is_scalar() && value.shape != Shape::Set;
        let first = value.values.first().copied().unwrap_or(f64::NAN);
        if value.of_result && value.values.iter().all(|v| v.is_nan()) {
            return Err(self.no_result(asked));
        }
        if let Some(fault) = value.fault.clone() {
            if scalar && first.is_nan() {
                return Err(fault.into());
            }
            self.warn(&fault.into(), reply);
            self.exit = Exit::ModelError;
        }
        if scalar && value.shape == Shape::Numbers {
            self.bench.remember(first);
        }
        Ok(words::value(&value, self.style))
    }

    fn no_result(&self, asked: &Asked) -> Stop {
        let argument = asked.text.to_string();
        let reason = "multipliers and slacks are known after a solve".to_owned();
        LimitError::BadArgument { argument, reason, help: Some("`:solve` finds them".into()) }.into()
    }

    /// The number that an expression in a part of a line stands for.
    pub(super) fn number(&mut self, line: &Line<'_>, at: Range<usize>) -> Result<f64, Stop> {
        if line.text[at.clone()].trim().is_empty() {
            return Err(line.wrong(at, "a number is missing"));
        }
        let asked = Asked::new(line.file, line.text, at.clone())?;
        let value = self.bench.evaluate(&asked)?;
        if let Some(fault) = value.fault.filter(|_| value.values.iter().any(|v| v.is_nan())) {
            return Err(fault.into());
        }
        match value.values[..] {
            [one] if value.index.is_scalar() && value.shape == Shape::Numbers => Ok(one),
            _ => Err(line.wrong(at, "a number is needed here")),
        }
    }

    /// The expression in the head of a line, or the one entered last.
    pub(super) fn asked(&mut self, line: &Line<'_>, head: Range<usize>) -> Result<Asked, Stop> {
        if line.text[head.clone()].trim().is_empty() {
            return match &self.last {
                Some(last) => Ok(last.clone()),
                None => Err(line.wrong(0..0, "the expression is missing")),
            };
        }
        Ok(Asked::new(line.file, line.text, head)?)
    }

    /// What the name of a pair moves.
    pub(super) fn axis(&mut self, line: &Line<'_>, name: Range<usize>) -> Result<Axis, Stop> {
        let text = &line.text[name.clone()];
        let base = text.split('[').next().unwrap_or("").trim();
        let owner = self.bench.program().owner(base).cloned();
        let is_free = match owner.as_deref().map(|s| &s.stmt.kind) {
            None => true,
            Some(StmtKind::Var { .. }) => true,
            Some(StmtKind::Param { axes, .. }) => axes.binders.is_empty() && base == text,
            Some(_) => false,
        };
        if !is_free {
            return Err(line.wrong(name, format!("`{text}` cannot move: it is no variable and no single param")));
        }
        let entry = match base == text {
            true => None,
            false => {
                let asked = Asked::new(line.file, line.text, name.clone())?;
                if self.bench.places(&asked)?.is_none_or(|places| places.len() != 1) {
                    return Err(line.wrong(name, format!("`{text}` is not one entry of a variable")));
                }
                Some(asked)
            }
        };
        Ok(Axis { text: text.into(), name: base.into(), entry })
    }

    /// Names that can be completed: declared, builtin, words of the language.
    pub fn names(&self) -> Vec<String> {
        let declared = self.bench.program().statements().iter().flat_map(|s| s.names.iter().map(|n| n.to_string()));
        let known = crate::sema::known_names().chain(entry::keywords()).map(str::to_owned);
        let mut names: Vec<String> = declared.chain(known).filter(|n| !n.is_empty()).collect();
        names.sort();
        names.dedup();
        names
    }
}
