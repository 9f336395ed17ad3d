//! The texts of a session, by file id.

use crate::base::{FileId, Id, IdVec, Span};
use std::sync::Arc;

/// One text: a model, an include, or a data file that a message points into.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name shown to the user.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
}

/// All texts of a session.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: IdVec<FileId, Source>,
}

impl Sources {
    /// No texts.
    pub const fn new() -> Self {
        Self { files: IdVec::new() }
    }

    /// Adds a text; the name is what messages show.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.files.push(Source { name: name.into(), text: text.into() })
    }

    /// The text of a file, or nothing for an id of another session.
    pub fn get(&self, file: FileId) -> Option<&Source> {
        self.files.get(file)
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The id the next file will get.
    pub fn next_id(&self) -> FileId {
        FileId::new(self.files.len())
    }

    /// The bytes under a span; empty when the span is not of these texts.
    pub fn snippet(&self, span: Span) -> &str {
        self.get(span.file).and_then(|s| s.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// `name:line:column` of the start of a span, both from 1, the column in characters.
    pub fn place(&self, span: Span) -> String {
        let Some(source) = self.get(span.file) else { return String::new() };
        let (line, column) = line_column(&source.text, span.start as usize);
        format!("{}:{line}:{column}", source.name)
    }

    /// Line of the start of a span, from 1.
    pub fn line(&self, span: Span) -> usize {
        self.get(span.file).map_or(0, |s| line_column(&s.text, span.start as usize).0)
    }
}

fn line_column(text: &str, at: usize) -> (usize, usize) {
    let at = at.min(text.len());
    let before = &text.as_bytes()[..at];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    (line, column)
}
