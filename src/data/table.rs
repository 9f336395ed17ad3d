//! Tables: named columns, stored by column, with the place of every cell.
//!
//! A cell's place is found again from the text when a message needs it; only where each row starts
//! is kept.

use crate::base::{FileId, Name, Span};
use crate::data::number::{Cell, read_cell};
use crate::data::provenance::Provenance;
use crate::diag::codes::data::DataError;
use crate::diag::{closest, decimal_comma};
use std::sync::Arc;

/// What the cells of a column are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnKind {
    /// Every cell that is not empty is a number.
    Number,
    /// Every cell is an integer below 2^53 in size.
    Integer,
    /// Labels.
    Text,
}

/// Name and kind of a column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ColumnSchema {
    /// As in the header.
    pub name: Name,
    /// What its cells are.
    pub kind: ColumnKind,
    /// For labels that stand beside numbers: the first cell that is no number.
    pub word: Option<Span>,
}

/// The cells of one column.
#[derive(Clone, PartialEq, Debug)]
pub enum Column {
    /// Numbers; a missing cell is NaN.
    Num {
        /// One per row.
        values: Vec<f64>,
        /// Whether all are integers below 2^53 in size (so none is missing).
        integral: bool,
    },
    /// Labels.
    Text {
        /// For each row the position of its label in `dict`.
        codes: Vec<u32>,
        /// The labels in order of first appearance; a missing cell is the empty label.
        dict: Vec<Arc<str>>,
    },
}

impl Column {
    /// A column of numbers; NaN stands for a missing one.
    pub fn numbers(values: Vec<f64>) -> Self {
        let integral = values.iter().all(|v| is_integer(*v));
        Self::Num { values, integral }
    }

    /// The first row with a word, in a column of labels that has a number too, or nothing but numbers with decimal commas.
    fn first_word(&self) -> Option<usize> {
        let Self::Text { codes, dict } = self else { return None };
        let is_word: Vec<bool> = dict.iter().map(|label| read_cell(label.as_bytes()) == Cell::Word).collect();
        let has_number = dict.iter().any(|label| matches!(read_cell(label.as_bytes()), Cell::Number(_)));
        let commas = || dict.iter().all(|label| label.is_empty() || decimal_comma(label).is_some());
        if !has_number && !commas() {
            return None;
        }
        codes.iter().position(|code| is_word[*code as usize])
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Num { values, .. } => values.len(),
            Self::Text { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What its cells are.
    pub fn kind(&self) -> ColumnKind {
        match self {
            Self::Num { integral: true, .. } => ColumnKind::Integer,
            Self::Num { .. } => ColumnKind::Number,
            Self::Text { .. } => ColumnKind::Text,
        }
    }

    /// The numbers, for a column of numbers.
    pub fn as_numbers(&self) -> Option<&[f64]> {
        match self {
            Self::Num { values, .. } => Some(values),
            Self::Text { .. } => None,
        }
    }

    /// A cell as text, as short as can be read back.
    pub fn text(&self, row: usize) -> String {
        match self {
            Self::Num { values, .. } if values[row].is_nan() => String::new(),
            Self::Num { values, .. } => values[row].to_string(),
            Self::Text { codes, dict } => dict[codes[row] as usize].to_string(),
        }
    }
}

/// Whether `value` is an integer that a double holds exactly.
pub fn is_integer(value: f64) -> bool {
    value.trunc() == value && value.abs() <= 9_007_199_254_740_992.0
}

/// Named columns of equal length.
#[derive(Clone, Debug)]
pub struct Table {
    name: Name,
    schema: Vec<ColumnSchema>,
    columns: Vec<Column>,
    n_rows: usize,
    provenance: Provenance,
}

impl Table {
    /// A table from columns of equal length that come from no file.
    ///
    /// # Panics
    /// When the columns have different lengths.
    pub fn from_columns(name: impl Into<Name>, columns: Vec<(Name, Column)>) -> Self {
        Self::with_provenance(name.into(), columns, Provenance::Memory)
    }

    pub(crate) fn with_provenance(name: Name, columns: Vec<(Name, Column)>, provenance: Provenance) -> Self {
        let n_rows = columns.first().map_or(0, |(_, c)| c.len());
        assert!(columns.iter().all(|(_, c)| c.len() == n_rows), "the columns of a table have one length");
        let (names, columns): (Vec<Name>, Vec<Column>) = columns.into_iter().unzip();
        let schema = names.into_iter().zip(&columns).map(|(name, c)| ColumnSchema { name, kind: c.kind(), word: None });
        let mut schema: Vec<ColumnSchema> = schema.collect();
        for (at, column) in columns.iter().enumerate() {
            schema[at].word = column.first_word().and_then(|row| provenance.cell(row, at, &schema));
        }
        Self { name, schema, columns, n_rows, provenance }
    }

    /// The file as the model names it, or the name given by an embedder.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Names and kinds of the columns.
    pub fn schema(&self) -> &[ColumnSchema] {
        &self.schema
    }

    /// The columns, in the order of the schema.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// One column.
    pub fn column(&self, index: usize) -> &Column {
        &self.columns[index]
    }

    /// Number of rows.
    pub const fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// The position of a column; upper and lower case differ.
    pub fn column_index(&self, name: &str) -> Option<usize> {
        self.schema.iter().position(|c| &*c.name == name)
    }

    /// The file, when it is a text of the session.
    pub fn file(&self) -> Option<FileId> {
        self.provenance.file()
    }

    /// Where the columns are named.
    pub fn header_span(&self) -> Option<Span> {
        self.provenance.header()
    }

    /// Where one column is named.
    pub fn header_cell_span(&self, column: usize) -> Option<Span> {
        self.provenance.header_cell(column)
    }

    /// Where a row stands.
    pub fn row_span(&self, row: usize) -> Option<Span> {
        self.provenance.row(row)
    }

    /// Where a cell stands, found in the text again: use it for messages only.
    pub fn cell_span(&self, row: usize, column: usize) -> Option<Span> {
        self.provenance.cell(row, column, &self.schema)
    }

    /// A cell as it stands in the file.
    pub fn cell_text(&self, row: usize, column: usize) -> String {
        self.provenance.cell_text(row, column, &self.schema).unwrap_or_else(|| self.columns[column].text(row))
    }

    /// The first cell of a column that is neither a number nor missing.
    pub fn first_non_number(&self, column: usize) -> Option<usize> {
        let Column::Text { codes, dict } = &self.columns[column] else { return None };
        let words: Vec<bool> = dict.iter().map(|label| read_cell(label.as_bytes()) == Cell::Word).collect();
        codes.iter().position(|code| words[*code as usize])
    }

    /// The numbers of a column, all present and finite unless `infinite` is welcome.
    ///
    /// # Errors
    /// The first cell that is not such a number.
    pub fn numbers(&self, column: usize, infinite: bool, needed_at: Option<Span>) -> Result<&[f64], DataError> {
        let Column::Num { values, .. } = &self.columns[column] else {
            let row = self.first_non_number(column).unwrap_or(0);
            return Err(self.number_fault(row, column, needed_at));
        };
        match values.iter().position(|v| v.is_nan() || (!infinite && v.is_infinite())) {
            Some(row) => Err(self.number_fault(row, column, needed_at)),
            None => Ok(values),
        }
    }

    /// What is wrong with a cell that should hold a finite number.
    pub fn number_fault(&self, row: usize, column: usize, needed_at: Option<Span>) -> DataError {
        let cell = if row < self.n_rows { self.cell_span(row, column) } else { self.header_span() };
        let found = if row < self.n_rows { self.cell_text(row, column) } else { String::new() };
        let column = self.schema[column].name.to_string();
        match read_cell(found.as_bytes()) {
            Cell::Missing => DataError::MissingValue { cell, column, needed_at },
            Cell::Number(_) => DataError::NotFinite { cell, column, found, needed_at },
            Cell::Word => DataError::BadCell { cell, column, found, needed_at },
        }
    }

    /// The message for a column that is not there: `at` is the place in the model.
    pub fn unknown_column(&self, at: Span, column: &str) -> DataError {
        let known: Vec<String> = self.schema.iter().map(|c| c.name.to_string()).collect();
        let suggestion = closest(column, known.iter().map(String::as_str)).map(str::to_string);
        let header = self.header_span();
        DataError::UnknownColumn { at, table: self.name.clone(), column: column.into(), known, suggestion, header }
    }
}
