//! Where things stand in the source.

use serde::{Deserialize, Serialize};

crate::id_types! {
    /// One source file of a session: the model, an include, a data file.
    FileId,
}

/// A range of bytes in one file, end exclusive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes `start..end` of `file`.
    pub const fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// The smallest span that covers both; `other` must be of the same file.
    pub fn to(self, other: Self) -> Self {
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Length in bytes.
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether it covers no byte.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Where a thing comes from: the text, or a pass that made it from something in the text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Origin {
    /// Written by the modeller.
    Source(Span),
    /// Made by the named pass from what stands at the span.
    Made(&'static str, Span),
}

impl Origin {
    /// The place in the text that a message about this thing should point at.
    pub const fn span(self) -> Span {
        match self {
            Self::Source(span) | Self::Made(_, span) => span,
        }
    }
}
