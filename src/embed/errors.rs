//! Errors as data, with the texts they speak of.

use crate::base::Span;
use crate::diag::{Message, Reports, Severity, Sources, render};
use std::ops::Range;
use std::sync::Arc;

/// Everything that is wrong with a model, its data or a request, in the order of the text.
///
/// `Display` draws it as the command line does, without colour.
#[derive(Clone)]
pub struct Errors {
    messages: Vec<Message>,
    sources: Arc<Sources>,
}

/// One error or warning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The code, such as `E0302`; `optc explain` has a page for each.
    pub code: &'static str,
    /// What is wrong, in words.
    pub title: String,
    /// File, line and column (from 1) of the place it is about, and the bytes `start..end` of the file.
    pub place: Option<(String, usize, usize, Range<usize>)>,
    /// All places with what is said of each: first the one it is about, then where the other facts come from.
    pub marks: Vec<Mark>,
    /// An edit that works.
    pub help: Option<String>,
    /// Further facts, one line each.
    pub notes: Vec<String>,
    /// Whether it is a warning only.
    pub is_warning: bool,
}

/// A place in a text, and what is said of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The file, by the name it was given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the file.
    pub bytes: Range<usize>,
    /// What about it.
    pub text: String,
}

impl Errors {
    pub(super) fn new(reports: &Reports, sources: Arc<Sources>) -> Self {
        Self { messages: reports.messages(), sources }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Problem> + '_ {
        self.messages.iter().map(|message| {
            let marks: Vec<Mark> =
                message.labels.iter().filter_map(|label| self.mark(label.span, &label.text)).collect();
            let place = marks.first().map(|at| (at.file.clone(), at.line, at.column, at.bytes.clone()));
            Problem {
                code: message.code,
                title: message.title.clone(),
                place,
                marks,
                help: message.help.clone(),
                notes: message.notes.clone(),
                is_warning: message.severity == Severity::Warning,
            }
        })
    }

    fn mark(&self, span: Span, text: &str) -> Option<Mark> {
        let source = self.sources.get(span.file)?;
        let (start, end) = (span.start as usize, span.end as usize);
        let before = source.text.get(..start)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some(Mark {
            file: source.name.clone(),
            line: self.sources.line(span),
            column: before[line_start..].chars().count() + 1,
            bytes: start..end,
            text: text.to_owned(),
        })
    }

    /// Whether one has this code.
    pub fn has(&self, code: &str) -> bool {
        self.messages.iter().any(|message| message.code == code)
    }
}

impl std::fmt::Display for Errors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&render::render_all(&self.messages, &self.sources, false))
    }
}

impl std::fmt::Debug for Errors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Errors {}
