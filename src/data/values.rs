//! Values for an indexed param: which columns are keys and which hold values.
//!
//! *Long*: one key column per index, then the value. *Wide*: the elements of the last index are
//! the names of the value columns. *Rows*: wide without a key column, the rows are the first index.

use super::number::{Cell, read_cell};
use super::table::{Column, Table};
use super::tensor::Tensor;
use crate::base::Span;
use crate::diag::codes::data::DataError;
use std::sync::Arc;

/// What a file offers to a param.
#[derive(Clone, Debug)]
pub enum Values {
    /// Numbers by position.
    Tensor(Arc<Tensor>),
    /// Rows with keys.
    Entries {
        /// The rows.
        table: Arc<Table>,
        /// For each key column whether it holds positions in the set, from 1, and not elements; empty
        /// when none does.
        positional: Vec<bool>,
    },
}

impl Values {
    /// Rows whose keys are elements.
    pub const fn table(table: Arc<Table>) -> Self {
        Self::Entries { table, positional: Vec::new() }
    }
}

/// One part of the key of an entry.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Key<'t> {
    /// An integer.
    Int(i64),
    /// A label; column names of a wide table are always labels.
    Text(&'t str),
    /// A number that is not an integer, or a missing cell (NaN): never an element.
    Number(f64),
}

impl Key<'_> {
    /// The integer it stands for; a label may spell one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Number(_) => None,
        }
    }
}

impl std::fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(value) => value.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Number(value) => value.fmt(f),
        }
    }
}

/// Where the values stand in a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Layout {
    /// Keys in the first columns, the value in one column.
    Long {
        /// Number of key columns.
        n_keys: usize,
        /// The column of the value.
        value: usize,
    },
    /// All keys but the last in the first columns; every further column is an element of the last index.
    Wide {
        /// Number of key columns, one less than there are indices.
        n_keys: usize,
    },
    /// Two indices and no key column: row by row the elements of the first index, in order; the columns
    /// that are named by elements of the second index hold the values, others are not read.
    Rows {
        /// The columns of values.
        columns: Vec<usize>,
    },
}

/// The position of one value of a layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The row.
    pub row: usize,
    /// The column of the value.
    pub column: usize,
}

impl Layout {
    /// Decides how a table gives values to `value_name`, which has `n_keys` indices.
    ///
    /// `is_last_key` tells whether a name is an element of the last index.
    ///
    /// # Errors
    /// [`DataError::WrongColumns`] when the columns fit neither form.
    pub fn decide(
        table: &Table,
        n_keys: usize,
        value_name: &str,
        is_last_key: &dyn Fn(&str) -> bool,
        needed_at: Span,
    ) -> Result<Self, DataError> {
        let names: Vec<&str> = table.schema().iter().map(|c| &*c.name).collect();
        let after = |count: usize| names.get(count..).unwrap_or(&[]);
        if n_keys == 2 && names.first().is_some_and(|first| is_last_key(first)) {
            let columns = (0..names.len()).filter(|&column| is_last_key(names[column])).collect();
            return Ok(Self::Rows { columns });
        }
        let wide = if n_keys == 0 { &[] } else { after(n_keys - 1) };
        if !wide.is_empty() && wide.iter().all(|name| is_last_key(name)) {
            return Ok(Self::Wide { n_keys: n_keys - 1 });
        }
        if names.len() == n_keys + 1 {
            return Ok(Self::Long { n_keys, value: n_keys });
        }
        if let Some(at) = after(n_keys).iter().position(|name| *name == value_name) {
            return Ok(Self::Long { n_keys, value: n_keys + at });
        }
        if n_keys >= 2 && wide.iter().any(|name| is_last_key(name)) {
            return Ok(Self::Wide { n_keys: n_keys - 1 });
        }
        Err(DataError::WrongColumns {
            needed_at,
            file: table.name().to_string(),
            keys: n_keys,
            found: names.len(),
            value: value_name.into(),
            header: table.header_span(),
        })
    }

    /// Number of indices.
    pub const fn n_indices(&self) -> usize {
        match self {
            Self::Long { n_keys, .. } => *n_keys,
            Self::Wide { n_keys } => *n_keys + 1,
            Self::Rows { .. } => 2,
        }
    }

    /// Whether the keys of this index are positions in its set, from 1, and not elements.
    pub const fn is_positional(&self, index: usize) -> bool {
        matches!(self, Self::Rows { .. }) && index == 0
    }

    /// Number of values.
    pub fn len(&self, table: &Table) -> usize {
        match self {
            Self::Long { .. } => table.n_rows(),
            Self::Wide { n_keys } => table.n_rows() * (table.n_columns() - n_keys),
            Self::Rows { columns } => table.n_rows() * columns.len(),
        }
    }

    /// All values, row by row.
    pub fn entries(&self, table: &Table) -> impl Iterator<Item = Entry> + use<> {
        let columns: Vec<usize> = match self {
            Self::Long { value, .. } => vec![*value],
            Self::Wide { n_keys } => (*n_keys..table.n_columns()).collect(),
            Self::Rows { columns } => columns.clone(),
        };
        let n_columns = columns.len();
        (0..table.n_rows() * n_columns).map(move |at| Entry { row: at / n_columns, column: columns[at % n_columns] })
    }

    /// One part of the key of an entry.
    pub fn key<'t>(&self, table: &'t Table, entry: Entry, index: usize) -> Key<'t> {
        if self.is_header_key(index) {
            return Key::Text(&table.schema()[entry.column].name);
        }
        if self.is_positional(index) {
            return Key::Int(entry.row as i64 + 1);
        }
        match table.column(index) {
            Column::Text { codes, dict } => Key::Text(&dict[codes[entry.row] as usize]),
            Column::Num { values, .. } => {
                let value = values[entry.row];
                if super::table::is_integer(value) { Key::Int(value as i64) } else { Key::Number(value) }
            }
        }
    }

    /// The whole key as text, e.g. `seattle, chicago`.
    pub fn key_text(&self, table: &Table, entry: Entry) -> String {
        (0..self.n_indices()).map(|k| self.key(table, entry, k).to_string()).collect::<Vec<_>>().join(", ")
    }

    /// Where one part of the key of an entry stands.
    pub fn key_span(&self, table: &Table, entry: Entry, index: usize) -> Option<Span> {
        if self.is_header_key(index) {
            return table.header_cell_span(entry.column);
        }
        if self.is_positional(index) {
            return table.row_span(entry.row);
        }
        table.cell_span(entry.row, index)
    }

    /// The value of an entry; NaN when the cell is missing or a word: [`Table::number_fault`] says which.
    pub fn value(&self, table: &Table, entry: Entry) -> f64 {
        match table.column(entry.column) {
            Column::Num { values, .. } => values[entry.row],
            // One word makes a column of labels; the cells beside it are numbers all the same.
            Column::Text { codes, dict } => match read_cell(dict[codes[entry.row] as usize].as_bytes()) {
                Cell::Number(value) => value,
                Cell::Missing | Cell::Word => f64::NAN,
            },
        }
    }

    const fn is_header_key(&self, index: usize) -> bool {
        match self {
            Self::Long { .. } => false,
            Self::Wide { n_keys } => index == *n_keys,
            Self::Rows { .. } => index == 1,
        }
    }
}
