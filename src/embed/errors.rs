//! Errors as data, with the texts they speak of.

use crate::diag::{Message, Reports, Severity, Sources, render};
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
    pub place: Option<(String, usize, usize, std::ops::Range<usize>)>,
    /// An edit that works.
    pub help: Option<String>,
    /// Whether it is a warning only.
    pub is_warning: bool,
}

impl Errors {
    pub(super) fn new(reports: &Reports, sources: Arc<Sources>) -> Self {
        Self { messages: reports.messages(), sources }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Problem> + '_ {
        self.messages.iter().map(|message| Problem {
            code: message.code,
            title: message.title.clone(),
            place: message.labels.first().and_then(|label| {
                let source = self.sources.get(label.span.file)?;
                let (start, end) = (label.span.start as usize, label.span.end as usize);
                let line_start = source.text[..start].rfind('\n').map_or(0, |at| at + 1);
                let column = source.text[line_start..start].chars().count() + 1;
                Some((source.name.clone(), self.sources.line(label.span), column, start..end))
            }),
            help: message.help.clone(),
            is_warning: message.severity == Severity::Warning,
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
