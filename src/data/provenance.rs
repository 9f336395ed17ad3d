//! Where the cells of a table stand in their file.

use super::csv::{Dialect, locate_cell};
use super::json;
use super::table::ColumnSchema;
use crate::base::{FileId, Span};
use std::sync::Arc;

/// Enough to find a cell again in its text, without a span per cell.
#[derive(Clone, Debug)]
pub enum Provenance {
    /// Made in memory, or read from a file that is not text.
    Memory,
    /// A CSV file.
    Csv {
        /// The file.
        file: FileId,
        /// Its text.
        text: Arc<str>,
        /// How it separates cells.
        dialect: Dialect,
        /// Where the header starts.
        header: u32,
        /// Where each row starts.
        rows: Vec<u32>,
    },
    /// A JSON array of objects: where each object starts.
    JsonRecords {
        /// The file.
        file: FileId,
        /// Its text.
        text: Arc<str>,
        /// Where each row starts.
        rows: Vec<u32>,
    },
    /// A JSON object of arrays: where each array starts.
    JsonColumns {
        /// The file.
        file: FileId,
        /// Its text.
        text: Arc<str>,
        /// Where each column starts.
        columns: Vec<u32>,
    },
    /// Nested JSON objects as key columns and a value column: where each value starts.
    JsonLeaves {
        /// The file.
        file: FileId,
        /// Its text.
        text: Arc<str>,
        /// Where each value starts.
        rows: Vec<u32>,
    },
}

impl Provenance {
    /// The file, when it is a text of the session.
    pub const fn file(&self) -> Option<FileId> {
        match self {
            Self::Memory => None,
            Self::Csv { file, .. }
            | Self::JsonRecords { file, .. }
            | Self::JsonColumns { file, .. }
            | Self::JsonLeaves { file, .. } => Some(*file),
        }
    }

    /// Where the columns are named.
    pub fn header(&self) -> Option<Span> {
        match self {
            Self::Csv { file, text, header, .. } => Some(line_span(*file, text, *header)),
            _ => None,
        }
    }

    /// Where one column is named.
    pub fn header_cell(&self, column: usize) -> Option<Span> {
        match self {
            Self::Csv { file, text, dialect, header, .. } => {
                let (start, end) = locate_cell(text, *dialect, *header, column)?;
                Some(Span::new(*file, start, end))
            }
            _ => None,
        }
    }

    /// Where a row stands.
    pub fn row(&self, row: usize) -> Option<Span> {
        match self {
            Self::Csv { file, text, rows, .. } => Some(line_span(*file, text, *rows.get(row)?)),
            Self::JsonRecords { file, text, rows } | Self::JsonLeaves { file, text, rows } => {
                json::value_span(*file, text, *rows.get(row)?)
            }
            Self::Memory | Self::JsonColumns { .. } => None,
        }
    }

    /// Where a cell stands.
    pub fn cell(&self, row: usize, column: usize, schema: &[ColumnSchema]) -> Option<Span> {
        match self {
            Self::Memory => None,
            Self::Csv { file, text, dialect, rows, .. } => {
                let (start, end) = locate_cell(text, *dialect, *rows.get(row)?, column)?;
                Some(Span::new(*file, start, end))
            }
            Self::JsonRecords { file, text, rows } => {
                json::field_span(*file, text, *rows.get(row)?, &schema.get(column)?.name)
            }
            Self::JsonColumns { file, text, columns } => json::item_span(*file, text, *columns.get(column)?, row),
            Self::JsonLeaves { .. } => self.row(row),
        }
    }

    /// The text of a cell, without quotes.
    pub fn cell_text(&self, row: usize, column: usize, schema: &[ColumnSchema]) -> Option<String> {
        let span = match self {
            Self::JsonLeaves { .. } if column + 1 < schema.len() => return None,
            _ => self.cell(row, column, schema)?,
        };
        let (Self::Csv { text, .. }
        | Self::JsonRecords { text, .. }
        | Self::JsonColumns { text, .. }
        | Self::JsonLeaves { text, .. }) = self
        else {
            return None;
        };
        let raw = text.get(span.start as usize..span.end as usize)?.trim();
        let inner = raw.strip_prefix('"').and_then(|r| r.strip_suffix('"'));
        Some(inner.map_or_else(|| raw.to_string(), |inner| inner.replace("\"\"", "\"")))
    }
}

/// From `start` to the end of its line.
fn line_span(file: FileId, text: &str, start: u32) -> Span {
    let rest = text.get(start as usize..).unwrap_or("");
    let length = rest.find('\n').unwrap_or(rest.len());
    let length = rest[..length].trim_end_matches('\r').len();
    Span::new(file, start, start + u32::try_from(length).unwrap_or(0))
}
