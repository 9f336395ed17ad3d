//! Every user-facing error as data, and the one place that turns it into sentences.
//!
//! Takes: facts and spans. Gives: [`Error`] (data), [`Message`] (title, labels, help) and, through
//! [`render`], text. An error is one row in a file of `codes/`: variant, code and words, and one page
//! in `docs/errors/`.
//! Deliberately absent: knowledge of how an error was found; terminals.

pub mod codes;
mod excerpt;
mod macros;
pub mod message;
pub mod render;
pub mod sources;
pub mod suggest;
mod window;

pub use codes::Error;
pub use message::{Label, Message, Severity};
pub use sources::{Source, Sources};
pub use suggest::{closest, decimal_comma};

/// The reports of one run: collected, never thrown at the first.
#[derive(Debug, Default, Clone)]
pub struct Reports {
    errors: Vec<Error>,
}

impl Reports {
    /// No reports.
    pub const fn new() -> Self {
        Self { errors: Vec::new() }
    }

    /// Adds a report.
    pub fn push(&mut self, error: impl Into<Error>) {
        self.errors.push(error.into());
    }

    /// Adds all reports of another collection.
    pub fn extend(&mut self, other: Self) {
        self.errors.extend(other.errors);
    }

    /// Whether some report is an error and not just a warning.
    pub fn has_errors(&self) -> bool {
        self.errors.iter().any(|e| e.message().severity == Severity::Error)
    }

    /// Whether there is no report at all.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Number of reports.
    pub fn len(&self) -> usize {
        self.errors.len()
    }

    /// The reports in the order they were made.
    pub fn iter(&self) -> std::slice::Iter<'_, Error> {
        self.errors.iter()
    }

    /// The messages in source order, without two for one cause (same primary span and code).
    pub fn messages(&self) -> Vec<Message> {
        let mut messages: Vec<Message> = self.errors.iter().map(Error::message).collect();
        messages.sort_by_key(|m| (m.primary_span(), m.code));
        messages
            .dedup_by(|b, a| a.code == b.code && a.primary_span() == b.primary_span() && a.primary_span().is_some());
        messages
    }
}

impl<E: Into<Error>> From<E> for Reports {
    fn from(error: E) -> Self {
        Self { errors: vec![error.into()] }
    }
}
