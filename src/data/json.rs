//! JSON files.
//!
//! A table is an array of objects (records) or an object of arrays (columns). Values for indexed
//! params are also objects nested by key, arrays nested by position, or a mix of both.
//!
//! `serde_json` judges the syntax; after that a cursor walks the text, so that every value keeps
//! its place. Nothing recurses.

use super::csv::Input;
use super::number::{Cell, read_cell};
use super::provenance::Provenance;
use super::table::{Column, Table};
use super::tensor::Tensor;
use super::values::Values;
use crate::base::{FileId, Name, Span};
use crate::diag::Reports;
use crate::diag::codes::data::DataError;
use indexmap::{IndexMap, IndexSet};
use std::ops::Range;
use std::sync::Arc;

/// Reads a table: an array of objects, or an object of arrays.
pub fn read_json_table(input: &Input, reports: &mut Reports) -> Option<Table> {
    let document = Document::check(input, reports)?;
    match document.table() {
        Ok(table) => Some(table),
        Err(error) => {
            reports.push(error);
            None
        }
    }
}

/// Reads values for `n_keys` indices.
pub fn read_json_values(input: &Input, n_keys: usize, reports: &mut Reports) -> Option<Values> {
    let document = Document::check(input, reports)?;
    match document.values(n_keys) {
        Ok(values) => Some(values),
        Err(error) => {
            reports.push(error);
            None
        }
    }
}

/// A text that is known to be JSON.
struct Document<'a> {
    input: &'a Input,
    bytes: &'a [u8],
    root: usize,
}

/// One value of a row or at the end of the keys.
enum Scalar {
    Number(f64),
    Missing,
    Text(Arc<str>),
}

impl<'a> Document<'a> {
    fn check(input: &'a Input, reports: &mut Reports) -> Option<Self> {
        let bytes = input.text.as_bytes();
        if let Err(fault) = serde_json::from_str::<serde::de::IgnoredAny>(&input.text) {
            let at = place(&input.text, fault.line(), fault.column());
            let words = fault.to_string();
            let reason = words.rsplit_once(" at line").map_or(words.as_str(), |(before, _)| before).to_string();
            let end = (at + 1).min(bytes.len());
            reports.push(DataError::BadJson { at: input.span(at, end), reason, needed_at: input.needed_at });
            return None;
        }
        Some(Self { input, bytes, root: skip_space(bytes, 0) })
    }

    fn table(&self) -> Result<Table, DataError> {
        let first = self.items(self.root).next();
        match (self.bytes[self.root], first) {
            (b'[', None) => Err(self.empty()),
            (b'[', Some(item)) if self.bytes[item.value.start] == b'{' => self.records(),
            (b'{', Some(item)) if self.bytes[item.value.start] == b'[' => self.columns(),
            _ => Err(self.shape("an array of objects, or an object of arrays,", self.root)),
        }
    }

    fn empty(&self) -> DataError {
        DataError::EmptyTable { file: self.input.path.to_string(), needed_at: self.input.needed_at }
    }

    /// `[{"a": 1, "b": 2}, ...]`: columns in order of first appearance.
    fn records(&self) -> Result<Table, DataError> {
        let mut columns: IndexMap<Name, Vec<Scalar>> = IndexMap::new();
        let mut rows = Vec::new();
        for (row, record) in self.items(self.root).enumerate() {
            if self.bytes[record.value.start] != b'{' {
                return Err(self.shape("an object (a row of the table)", record.value.start));
            }
            rows.push(offset(record.value.start));
            for field in self.items(record.value.start) {
                let cells = columns.entry(self.key(&field)).or_default();
                if cells.len() > row {
                    return Err(self.repeated(&field, record.value.start));
                }
                cells.resize_with(row, || Scalar::Missing);
                cells.push(self.scalar(&field.value)?);
            }
        }
        let n_rows = rows.len();
        let columns = columns.into_iter().map(|(name, mut cells)| {
            cells.resize_with(n_rows, || Scalar::Missing);
            (name, column(cells))
        });
        let provenance = Provenance::JsonRecords { file: self.input.file, text: self.input.text.clone(), rows };
        Ok(Table::with_provenance(self.input.path.clone(), columns.collect(), provenance))
    }

    /// `{"a": [1, 2], "b": [3, 4]}`: columns of equal length.
    fn columns(&self) -> Result<Table, DataError> {
        let mut columns: IndexMap<Name, Column> = IndexMap::new();
        let mut starts = Vec::new();
        let mut n_rows = None;
        for field in self.items(self.root) {
            if self.bytes[field.value.start] != b'[' {
                return Err(self.shape("an array (a column of the table)", field.value.start));
            }
            let cells = self.items(field.value.start).map(|i| self.scalar(&i.value)).collect::<Result<Vec<_>, _>>()?;
            let expected = *n_rows.get_or_insert(cells.len());
            if cells.len() != expected {
                let needed = format!("a column of {expected} values, like the first,");
                let found = format!("one of {}", cells.len());
                return Err(self.shape_as(needed, found, field.value.start));
            }
            starts.push(offset(field.value.start));
            if columns.insert(self.key(&field), column(cells)).is_some() {
                return Err(self.repeated(&field, self.root));
            }
        }
        let provenance =
            Provenance::JsonColumns { file: self.input.file, text: self.input.text.clone(), columns: starts };
        Ok(Table::with_provenance(self.input.path.clone(), columns.into_iter().collect(), provenance))
    }

    fn values(&self, n_keys: usize) -> Result<Values, DataError> {
        if self.is_table(n_keys) {
            return Ok(Values::table(Arc::new(self.table()?)));
        }
        let mut leaves = Leaves::new(n_keys);
        let mut path: Vec<u32> = Vec::with_capacity(n_keys);
        let mut open: Vec<Open> = Vec::with_capacity(n_keys);
        let mut next = Some(self.root);
        loop {
            if let Some(at) = next.take() {
                if open.len() == n_keys {
                    leaves.push(&path, self.number(at)?, offset(at));
                } else {
                    self.open(&mut leaves.levels, open.len(), at)?;
                    open.push(Open { items: self.items(at), position: 0, at });
                }
            }
            let depth = open.len();
            let Some(innermost) = open.last_mut() else { break };
            path.truncate(depth - 1);
            let Some(item) = innermost.items.next() else {
                self.close(&mut leaves.levels[depth - 1], innermost.position, innermost.at)?;
                open.pop();
                continue;
            };
            innermost.position += 1;
            path.push(match item.key {
                Some(_) => leaves.levels[depth - 1].code(self.key(&item)),
                None => innermost.position,
            });
            next = Some(item.value.start);
        }
        Ok(self.collect(leaves))
    }

    /// Enters an object or an array, which must be the same for all values of one level.
    fn open(&self, levels: &mut [Level], depth: usize, at: usize) -> Result<(), DataError> {
        let by_key = self.bytes[at] == b'{';
        let level = &mut levels[depth];
        let is_same = !level.opened || level.by_key == by_key;
        if !matches!(self.bytes[at], b'{' | b'[') || !is_same {
            let kind = match (level.opened, level.by_key) {
                (false, _) => "an object or an array",
                (true, true) => "an object, as before,",
                (true, false) => "an array, as before,",
            };
            return Err(self.shape(&format!("{kind} (index {} of {})", depth + 1, levels.len()), at));
        }
        (level.opened, level.by_key) = (true, by_key);
        Ok(())
    }

    /// Leaves an object or an array; arrays of one level must have one length.
    fn close(&self, level: &mut Level, length: u32, at: usize) -> Result<(), DataError> {
        let expected = *level.length.get_or_insert(length);
        if level.by_key || expected == length {
            return Ok(());
        }
        Err(self.shape_as(format!("an array of {expected} values, like the others,"), format!("one of {length}"), at))
    }

    fn collect(&self, leaves: Leaves) -> Values {
        let (file, text) = (self.input.file, self.input.text.clone());
        if leaves.levels.iter().all(|l| !l.by_key) {
            let shape = leaves.levels.iter().map(|l| l.length.unwrap_or(0) as usize).collect();
            let place = Some((file, text, leaves.starts));
            return Values::Tensor(Arc::new(Tensor::new(self.input.path.clone(), shape, leaves.values, place)));
        }
        let positional = leaves.levels.iter().map(|l| !l.by_key).collect();
        let keys = leaves.levels.into_iter().zip(leaves.keys).enumerate();
        let mut columns: Vec<(Name, Column)> =
            keys.map(|(at, (level, codes))| (format!("key {}", at + 1).into(), level.column(codes))).collect();
        columns.push(("value".into(), Column::numbers(leaves.values)));
        let provenance = Provenance::JsonLeaves { file, text, rows: leaves.starts };
        let table = Table::with_provenance(self.input.path.clone(), columns, provenance);
        Values::Entries { table: Arc::new(table), positional }
    }

    /// Whether the document is a table with key columns and not nested keys.
    fn is_table(&self, n_keys: usize) -> bool {
        let Some(first) = self.items(self.root).next() else { return false };
        match (self.bytes[self.root], self.bytes[first.value.start]) {
            (b'[', b'{') => true,
            (b'{', b'[') => {
                n_keys == 1
                    || self.items(self.root).any(|field| {
                        self.items(field.value.start).next().is_some_and(|i| self.bytes[i.value.start] == b'"')
                    })
            }
            _ => false,
        }
    }

    fn items(&self, at: usize) -> Items<'a> {
        Items::new(self.bytes, at)
    }

    fn key(&self, item: &Item) -> Name {
        let key = item.key.clone().expect("items of an object have keys");
        unquote(&self.input.text[key])
    }

    fn scalar(&self, value: &Range<usize>) -> Result<Scalar, DataError> {
        match self.bytes[value.start] {
            b'"' => Ok(Scalar::Text(unquote(&self.input.text[value.clone()]))),
            b'n' => Ok(Scalar::Missing),
            b'{' | b'[' => Err(self.shape("a number or a text", value.start)),
            _ => self.number(value.start).map(Scalar::Number),
        }
    }

    fn number(&self, at: usize) -> Result<f64, DataError> {
        let raw = &self.bytes[at..value_end(self.bytes, at)];
        match (raw[0], read_cell(raw)) {
            (b't', _) => Ok(1.0),
            (b'f', _) => Ok(0.0),
            (b'n', _) => Ok(f64::NAN),
            (b'-' | b'0'..=b'9', Cell::Number(value)) => Ok(value),
            _ => Err(self.shape("a number", at)),
        }
    }

    fn shape(&self, expected: &str, at: usize) -> DataError {
        let found = match self.bytes[at] {
            b'{' => "an object",
            b'[' => "an array",
            b'"' => "a text",
            b'n' => "null",
            b't' | b'f' => "true or false",
            _ => "a number",
        };
        self.shape_as(expected.into(), found.into(), at)
    }

    fn shape_as(&self, expected: String, found: String, at: usize) -> DataError {
        let end = match self.bytes[at] {
            b'{' | b'[' => at + 1,
            _ => value_end(self.bytes, at),
        };
        DataError::JsonShape { at: self.input.span(at, end), expected, found, needed_at: self.input.needed_at }
    }

    fn repeated(&self, field: &Item, object: usize) -> DataError {
        let name = self.key(field);
        let first = self.items(object).find(|i| self.key(i) == name).and_then(|i| i.key);
        let span = |r: Range<usize>| self.input.span(r.start, r.end);
        let at = field.key.clone().map_or_else(|| self.input.span(object, object + 1), span);
        DataError::DuplicateColumn {
            at,
            first: first.map_or(at, span),
            column: name.to_string(),
            needed_at: self.input.needed_at,
        }
    }
}

/// The values below all keys, with the keys of each.
struct Leaves {
    levels: Vec<Level>,
    keys: Vec<Vec<u32>>,
    values: Vec<f64>,
    starts: Vec<u32>,
}

impl Leaves {
    fn new(n_keys: usize) -> Self {
        Self {
            levels: vec![Level::default(); n_keys],
            keys: vec![Vec::new(); n_keys],
            values: Vec::new(),
            starts: Vec::new(),
        }
    }

    fn push(&mut self, path: &[u32], value: f64, start: u32) {
        for (column, code) in self.keys.iter_mut().zip(path) {
            column.push(*code);
        }
        self.values.push(value);
        self.starts.push(start);
    }
}

/// An object or array being walked.
struct Open<'a> {
    items: Items<'a>,
    position: u32,
    at: usize,
}

/// What one level of nesting is made of.
#[derive(Clone, Default)]
struct Level {
    opened: bool,
    by_key: bool,
    length: Option<u32>,
    names: IndexSet<Name>,
}

impl Level {
    fn code(&mut self, key: Name) -> u32 {
        offset(self.names.insert_full(key).0)
    }

    /// The keys as a column: positions from 1, integers when all keys are, else labels.
    fn column(self, codes: Vec<u32>) -> Column {
        if !self.by_key {
            return Column::numbers(codes.into_iter().map(f64::from).collect());
        }
        let whole = |name: &Name| name.parse::<i64>().ok().filter(|v| v.to_string() == **name);
        let integers: Option<Vec<f64>> = self.names.iter().map(|n| whole(n).map(|v| v as f64)).collect();
        match integers {
            Some(integers) => Column::numbers(codes.into_iter().map(|c| integers[c as usize]).collect()),
            None => Column::Text { codes, dict: self.names.into_iter().collect() },
        }
    }
}

/// Scalars as a column: numbers when none is a text.
fn column(cells: Vec<Scalar>) -> Column {
    if !cells.iter().any(|c| matches!(c, Scalar::Text(_))) {
        let number = |cell: Scalar| if let Scalar::Number(value) = cell { value } else { f64::NAN };
        return Column::numbers(cells.into_iter().map(number).collect());
    }
    let mut dict: IndexSet<Arc<str>> = IndexSet::new();
    let codes = cells.into_iter().map(|cell| {
        offset(match cell {
            Scalar::Text(text) => dict.insert_full(text).0,
            Scalar::Number(value) => dict.insert_full(value.to_string().into()).0,
            Scalar::Missing => dict.insert_full("".into()).0,
        })
    });
    Column::Text { codes: codes.collect(), dict: dict.into_iter().collect() }
}

/// Positions fit because texts have at most `u32::MAX` bytes.
fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("loaders return at most u32::MAX bytes")
}

/// A JSON string without quotes and escapes.
fn unquote(raw: &str) -> Arc<str> {
    let inner = raw.trim_matches('"');
    if raw.contains('\\') {
        return serde_json::from_str::<String>(raw).map_or_else(|_| inner.into(), Into::into);
    }
    inner.into()
}

/// Byte position of a line and column as `serde_json` counts them.
fn place(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(text.len().saturating_sub(1))
}

// ---- the cursor: valid JSON only ----

/// One item of an array, or one member of an object.
struct Item {
    key: Option<Range<usize>>,
    value: Range<usize>,
}

/// The items of an array or object; none for other values.
struct Items<'a> {
    bytes: &'a [u8],
    at: usize,
    by_key: bool,
}

impl<'a> Items<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        let by_key = bytes.get(at) == Some(&b'{');
        let open = by_key || bytes.get(at) == Some(&b'[');
        Self { bytes, at: if open { at + 1 } else { bytes.len() }, by_key }
    }
}

impl Iterator for Items<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        let mut at = skip_space(self.bytes, self.at);
        if self.bytes.get(at) == Some(&b',') {
            at = skip_space(self.bytes, at + 1);
        }
        if matches!(self.bytes.get(at), None | Some(b']' | b'}')) {
            return None;
        }
        let mut key = None;
        if self.by_key {
            let end = value_end(self.bytes, at);
            key = Some(at..end);
            at = skip_space(self.bytes, skip_space(self.bytes, end) + 1);
        }
        let end = value_end(self.bytes, at);
        self.at = end;
        Some(Item { key, value: at..end })
    }
}

fn skip_space(bytes: &[u8], at: usize) -> usize {
    at + bytes.get(at..).unwrap_or(&[]).iter().take_while(|b| b.is_ascii_whitespace()).count()
}

/// One past the last byte of the value that starts at `at`.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ if depth > 0 => {
                at += 1;
                continue;
            }
            _ => {
                let is_end = |b: &u8| matches!(b, b',' | b']' | b'}' | b':') || b.is_ascii_whitespace();
                return at + bytes[at..].iter().position(is_end).unwrap_or(bytes.len() - at);
            }
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The span of the value that starts at `at`.
pub fn value_span(file: FileId, text: &str, at: u32) -> Option<Span> {
    let end = value_end(text.as_bytes(), at as usize);
    Some(Span::new(file, at, u32::try_from(end).ok()?))
}

/// The span of the value of a member of the object at `at`; the object's when it has no such member.
pub fn field_span(file: FileId, text: &str, at: u32, name: &str) -> Option<Span> {
    let mut items = Items::new(text.as_bytes(), at as usize);
    let found = items.find(|i| i.key.clone().is_some_and(|k| &*unquote(&text[k]) == name));
    value_span(file, text, found.map_or(at, |i| offset(i.value.start)))
}

/// The span of an item of the array at `at`.
pub fn item_span(file: FileId, text: &str, at: u32, index: usize) -> Option<Span> {
    let item = Items::new(text.as_bytes(), at as usize).nth(index)?;
    value_span(file, text, offset(item.value.start))
}
