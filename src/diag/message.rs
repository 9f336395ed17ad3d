//! What a report says, before anyone draws it.

use crate::base::Span;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The model cannot be used.
    Error,
    /// The model can be used; the reader should look.
    Warning,
}

/// A span with words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What about it, without a full stop.
    pub text: String,
}

/// A report as title, labels and help.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The code, e.g. `E0302`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in the user's words, no full stop.
    pub title: String,
    /// The first label is the primary one: the smallest wrong span.
    pub labels: Vec<Label>,
    /// An edit that works.
    pub help: Option<String>,
    /// Further facts, one line each.
    pub notes: Vec<String>,
}

impl Message {
    /// An error with this title.
    pub fn error(title: impl Into<String>) -> Self {
        Self {
            code: "",
            severity: Severity::Error,
            title: title.into(),
            labels: Vec::new(),
            help: None,
            notes: Vec::new(),
        }
    }

    /// A warning with this title.
    pub fn warning(title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(title) }
    }

    /// Adds a label; the first one added is the primary label.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a label where the other fact comes from, if there is such a place.
    #[must_use]
    pub fn label_opt(self, span: Option<Span>, text: impl Into<String>) -> Self {
        match span {
            Some(span) => self.label(span, text),
            None => self,
        }
    }

    /// Sets the help: an edit that works.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Sets the help when there is one.
    #[must_use]
    pub fn help_opt(mut self, text: Option<String>) -> Self {
        self.help = text.or(self.help);
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds a note, if there is one.
    #[must_use]
    pub fn note_opt(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.note(text),
            None => self,
        }
    }

    /// The span of the primary label.
    pub fn primary_span(&self) -> Option<Span> {
        self.labels.first().map(|l| l.span)
    }
}
