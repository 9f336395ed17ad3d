//! CSV files.
//!
//! The first line names the columns. Cells are separated by commas; by tabs in `.tsv` files; by
//! semicolons, tabs or bars when the header has more of them than commas. Quoted cells follow RFC 4180. Blank lines are skipped,
//! and so are lines of spaces.

use super::number::{Cell, read_cell};
use super::provenance::Provenance;
use super::table::{Column, Table};
use crate::base::{FileId, Name, Span};
use crate::diag::Reports;
use crate::diag::codes::data::DataError;
use ::csv::{ByteRecord, Reader, ReaderBuilder};
use indexmap::IndexSet;
use std::sync::Arc;

/// How a file separates cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// The byte between two cells.
    pub delimiter: u8,
}

impl Dialect {
    /// The dialect of a file, from its name and first line.
    pub fn sniff(path: &str, text: &str) -> Self {
        let header = text.trim_start_matches(['\r', '\n']).lines().next().unwrap_or("");
        let delimiter = match () {
            () if path.ends_with(".tsv") => b'\t',
            // What stands most often outside of quotes; of equals the first.
            () => {
                let outside: String = header.split('"').step_by(2).collect();
                let count = |byte: &u8| outside.bytes().filter(|b| b == byte).count();
                b"|\t;,".iter().copied().max_by_key(count).unwrap_or(b',')
            }
        };
        Self { delimiter }
    }

    fn reader(self, text: &str) -> Reader<&[u8]> {
        ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .buffer_capacity(1 << 16)
            .from_reader(text.as_bytes())
    }
}

/// Most rows that are looked at to guess the kinds of the columns, and most ragged rows reported.
const SAMPLE: usize = 256;
const MOST_RAGGED: usize = 10;

/// Where a text comes from.
#[derive(Clone, Debug)]
pub struct Input {
    /// The name that the model uses.
    pub path: Name,
    /// The file in the session.
    pub file: FileId,
    /// The text, at most `u32::MAX` bytes, without byte order mark.
    pub text: Arc<str>,
    /// The line of the model that reads it.
    pub needed_at: Option<Span>,
}

impl Input {
    /// The span of bytes of the text.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let at = |p: usize| u32::try_from(p).expect("loaders return at most u32::MAX bytes");
        Span::new(self.file, at(start), at(end))
    }
}

/// Reads a table; everything wrong with it is reported.
///
/// With `most_rows` only the first rows are read, for their schema.
pub fn read_csv(input: &Input, most_rows: Option<usize>, reports: &mut Reports) -> Option<Table> {
    let dialect = Dialect::sniff(&input.path, &input.text);
    let header = read_header(input, dialect, reports)?;
    let mut columns = guess(input, dialect, header.names.len(), most_rows);
    let scan = Scan { input, dialect, header: &header, most_rows: most_rows.unwrap_or(usize::MAX) };
    let mut starts = Vec::new();
    let before = reports.len();
    let mut failed = scan.run(&mut columns, Some((&mut starts, &mut *reports)));
    if reports.len() > before {
        return None;
    }
    if failed.iter().any(|f| *f) {
        for (column, failed) in columns.iter_mut().zip(&failed) {
            *column = if *failed { Builder::text() } else { Builder::Done(std::mem::take(column).finish()) };
        }
        failed = scan.run(&mut columns, None);
        debug_assert!(failed.iter().all(|f| !f), "every cell is a label");
    }
    let mut columns: Vec<(Name, Column)> =
        header.names.iter().cloned().zip(columns.into_iter().map(Builder::finish)).collect();
    while columns.len() > 1 && columns.last().is_some_and(|(name, column)| name.is_empty() && is_blank(column)) {
        columns.pop();
    }
    let provenance = Provenance::Csv {
        file: input.file,
        text: input.text.clone(),
        dialect,
        header: header.span.start,
        rows: starts,
    };
    Some(Table::with_provenance(input.path.clone(), columns, provenance))
}

fn is_blank(column: &Column) -> bool {
    match column {
        Column::Num { values, .. } => values.iter().all(|v| v.is_nan()),
        Column::Text { .. } => false,
    }
}

struct Header {
    names: Vec<Name>,
    span: Span,
}

fn read_header(input: &Input, dialect: Dialect, reports: &mut Reports) -> Option<Header> {
    let needed_at = input.needed_at;
    let mut record = ByteRecord::new();
    let mut reader = dialect.reader(&input.text);
    let no_header = |at| DataError::NoHeader { file: input.path.to_string(), at, needed_at };
    if !matches!(reader.read_byte_record(&mut record), Ok(true)) {
        reports.push(no_header(None));
        return None;
    }
    let start = record_start(&input.text, &record);
    let end = reader.position().byte() as usize;
    let line = input.text[start..end].trim_end_matches(['\r', '\n']).len();
    let span = input.span(start, start + line);
    if let Some(quote) = unclosed_quote(&input.text, start, end) {
        reports.push(DataError::UnclosedQuote { at: input.span(quote, quote + 1), needed_at });
        return None;
    }
    if record.iter().all(|cell| matches!(read_cell(cell), Cell::Number(_))) {
        reports.push(no_header(Some(span)));
        return None;
    }
    let names: Vec<Name> = record.iter().map(|cell| String::from_utf8_lossy(cell).trim().into()).collect();
    let place = |column| {
        let (start, end) = locate_cell(&input.text, dialect, span.start, column).unwrap_or((span.start, span.end));
        Span::new(input.file, start, end)
    };
    let mut seen = indexmap::IndexMap::new();
    let before = reports.len();
    for (at, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if let Some(first) = seen.insert(name, at) {
            let column = name.to_string();
            reports.push(DataError::DuplicateColumn { at: place(at), first: place(first), column, needed_at });
        }
    }
    (reports.len() == before).then_some(Header { names, span })
}

/// The kinds of the columns by the first rows: text where a cell is a word, else numbers. With room for as many rows as
/// the length of these promises.
fn guess(input: &Input, dialect: Dialect, n_columns: usize, most_rows: Option<usize>) -> Vec<Builder> {
    let mut is_text = vec![false; n_columns];
    let mut record = ByteRecord::new();
    let mut reader = dialect.reader(&input.text);
    let mut row = 0;
    while row <= SAMPLE && matches!(reader.read_byte_record(&mut record), Ok(true)) {
        if row > 0 {
            for (is_text, cell) in is_text.iter_mut().zip(&record) {
                *is_text |= read_cell(cell) == Cell::Word;
            }
        }
        row += 1;
    }
    let room = input.text.len().saturating_mul(row) / (reader.position().byte() as usize).max(1) + row / 8;
    let room = room.min(most_rows.unwrap_or(usize::MAX));
    let numbers = || {
        let mut values = Vec::new();
        // Without the room it grows.
        let _ = values.try_reserve(room);
        Builder::Num(values)
    };
    is_text.into_iter().map(|text| if text { Builder::text() } else { numbers() }).collect()
}

/// A column being read.
enum Builder {
    Num(Vec<f64>),
    Text {
        codes: Vec<u32>,
        dict: IndexSet<Arc<str>>,
        last: u32,
    },
    /// Read in an earlier pass.
    Done(Column),
}

impl Default for Builder {
    fn default() -> Self {
        Self::Num(Vec::new())
    }
}

impl Builder {
    fn text() -> Self {
        Self::Text { codes: Vec::new(), dict: IndexSet::new(), last: 0 }
    }

    /// Adds a cell; says whether it could not: a word in a column of numbers.
    fn push(&mut self, cell: &[u8]) -> bool {
        match self {
            Self::Done(_) => {}
            Self::Num(values) => match read_cell(cell) {
                Cell::Number(value) => values.push(value),
                Cell::Missing => values.push(f64::NAN),
                Cell::Word => {
                    values.push(f64::NAN);
                    return true;
                }
            },
            Self::Text { codes, dict, last } => {
                // The file is valid UTF-8 and cells end at ASCII bytes, so this borrows.
                let label = String::from_utf8_lossy(cell);
                let label = label.trim();
                if dict.get_index(*last as usize).is_none_or(|before| &**before != label) {
                    let index = dict.get_index_of(label).unwrap_or_else(|| dict.insert_full(label.into()).0);
                    *last = u32::try_from(index).expect("a text of u32::MAX bytes has fewer labels");
                }
                codes.push(*last);
            }
        }
        false
    }

    fn finish(self) -> Column {
        match self {
            Self::Num(mut values) => {
                values.shrink_to(values.len() + values.len() / 4);
                Column::numbers(values)
            }
            Self::Text { codes, dict, .. } => Column::Text { codes, dict: dict.into_iter().collect() },
            Self::Done(column) => column,
        }
    }
}

/// One pass over the rows.
struct Scan<'a> {
    input: &'a Input,
    dialect: Dialect,
    header: &'a Header,
    most_rows: usize,
}

impl Scan<'_> {
    /// Adds every row to the columns; tells which columns met a word where they held numbers.
    ///
    /// `log` gets where each row starts, and what is wrong.
    fn run(&self, columns: &mut [Builder], mut log: Option<(&mut Vec<u32>, &mut Reports)>) -> Vec<bool> {
        let mut failed = vec![false; columns.len()];
        let mut reader = self.dialect.reader(&self.input.text);
        let mut record = ByteRecord::new();
        let mut n_rows = 0;
        let mut ragged = 0;
        let mut last = 0;
        let mut is_header = true;
        while n_rows < self.most_rows && matches!(reader.read_byte_record(&mut record), Ok(true)) {
            if std::mem::take(&mut is_header) || is_blank_line(&record, columns.len()) {
                continue;
            }
            if let Some((starts, _)) = &mut log {
                last = record_start(&self.input.text, &record);
                starts.push(u32::try_from(last).expect("loaders return at most u32::MAX bytes"));
            }
            if record.len() == columns.len() {
                for (at, cell) in record.iter().enumerate() {
                    failed[at] |= columns[at].push(cell);
                }
            } else if let Some((_, reports)) = &mut log {
                ragged += 1;
                if ragged <= MOST_RAGGED {
                    reports.push(self.row_fault(last, reader.position().byte() as usize, record.len()));
                }
            }
            n_rows += 1;
        }
        if let Some((_, reports)) = &mut log
            && reader.is_done()
            && ragged == 0
            && let Some(quote) = unclosed_quote(&self.input.text, last, self.input.text.len())
        {
            let at = self.input.span(quote, quote + 1);
            reports.push(DataError::UnclosedQuote { at, needed_at: self.input.needed_at });
        }
        failed
    }

    /// A row of another length than the header; an unclosed quote is named as the cause.
    fn row_fault(&self, start: usize, end: usize, found: usize) -> DataError {
        let needed_at = self.input.needed_at;
        if let Some(quote) = unclosed_quote(&self.input.text, start, end) {
            return DataError::UnclosedQuote { at: self.input.span(quote, quote + 1), needed_at };
        }
        let line = self.input.text[start..end].trim_end_matches(['\r', '\n']).len();
        DataError::RaggedRow {
            at: self.input.span(start, start + line),
            header: self.header.span,
            expected: self.header.names.len(),
            found,
            needed_at,
        }
    }
}

/// A line of spaces; in a table of one column it would be a missing value.
fn is_blank_line(record: &ByteRecord, n_columns: usize) -> bool {
    n_columns > 1 && record.len() == 1 && record[0].trim_ascii().is_empty()
}

/// Where a record starts: the reader's position may lie before blank lines.
fn record_start(text: &str, record: &ByteRecord) -> usize {
    let at = record.position().map_or(0, |p| p.byte() as usize);
    let blank = text.as_bytes()[at..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    at + blank
}

/// The opening quote of the last quoted cell of a record, when it is never closed.
fn unclosed_quote(text: &str, start: usize, end: usize) -> Option<usize> {
    let record = text.as_bytes().get(start..end)?;
    let (mut inside, mut opened, mut cell_starts) = (false, 0, true);
    for (at, byte) in record.iter().enumerate() {
        if *byte == b'"' {
            // A quote right after a closing one is a doubled quote inside the cell.
            let doubled = at > 0 && record[at - 1] == b'"';
            if !inside && cell_starts {
                opened = start + at;
            }
            inside = !inside && (cell_starts || doubled);
        }
        cell_starts = !inside && matches!(byte, b',' | b';' | b'|' | b'\t' | b'\n' | b'\r');
    }
    inside.then_some(opened)
}

/// Start and end of a cell in the record that starts at `start`, quotes included.
pub fn locate_cell(text: &str, dialect: Dialect, start: u32, column: usize) -> Option<(u32, u32)> {
    let bytes = text.as_bytes();
    let mut at = start as usize;
    let mut cell = 0;
    loop {
        let first = at;
        let mut quoted = bytes.get(at) == Some(&b'"');
        if quoted {
            at += 1;
        }
        while let Some(byte) = bytes.get(at) {
            if quoted {
                quoted = *byte != b'"';
            } else if *byte == b'"' {
                quoted = true;
            } else if *byte == dialect.delimiter || matches!(byte, b'\n' | b'\r') {
                break;
            }
            at += 1;
        }
        if cell == column {
            return Some((u32::try_from(first).ok()?, u32::try_from(at).ok()?));
        }
        if bytes.get(at) != Some(&dialect.delimiter) {
            return None;
        }
        at += 1;
        cell += 1;
    }
}
