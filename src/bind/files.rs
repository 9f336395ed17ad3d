//! Tables and files of values: keys become elements.

use super::instance::Inputs;
use super::keys::KeyIndex;
use super::params::{Binding, set_words};
use super::world::BoundTable;
use crate::base::{Name, Span};
use crate::data::{Column, Entry, Key, Layout, Table, Values};
use crate::diag::codes::data::DataError;
use crate::ir::model::ElemType;
use crate::ir::{ParamId, TableId};
use std::sync::Arc;

/// Reports about cells of one file, at most.
const MOST_OF_ONE: usize = 10;

impl Binding<'_> {
    /// Reads all tables.
    pub fn tables(&mut self, files: &mut Inputs<'_>) {
        for id in self.model.tables.ids() {
            let declared = &self.model.tables[id];
            let at = Some(declared.path_at);
            let Some(table) = files.store.table(&declared.path, at, files.sources, self.reports) else { continue };
            self.world.tables[id] = self.table(id, table);
        }
    }

    fn table(&mut self, id: TableId, table: Arc<Table>) -> Option<BoundTable> {
        let declared = &self.model.tables[id];
        let columns: Vec<Option<usize>> = declared.columns.iter().map(|c| table.column_index(&c.name)).collect();
        let used = |k: usize| declared.columns[k].param.is_some() || declared.key.contains(&k);
        for (k, column) in columns.iter().enumerate() {
            if column.is_none() && used(k) {
                self.reports.push(table.unknown_column(declared.path_at, &declared.columns[k].name));
                return None;
            }
        }
        let mut keys = Vec::new();
        let mut label_keys = Vec::new();
        for &key in &declared.key {
            let column = columns[key]?;
            match table.column(column) {
                Column::Num { values, .. } => {
                    keys.push(values.clone());
                    label_keys.push(false);
                }
                Column::Text { .. } => {
                    keys.push(self.codes_of(&table, column).into_iter().map(f64::from).collect());
                    label_keys.push(true);
                }
            }
        }
        let slices: Vec<&[f64]> = keys.iter().map(Vec::as_slice).collect();
        let n_rows = if keys.is_empty() { 0 } else { table.n_rows() };
        let (index, twice) = KeyIndex::build(&slices, n_rows);
        if let Some((first, again)) = twice {
            let column = columns[declared.key[0]]?;
            let key: Vec<String> =
                declared.key.iter().filter_map(|k| columns[*k]).map(|c| table.cell_text(again, c)).collect();
            self.reports.push(DataError::DuplicateKey {
                cell: table.cell_span(again, column),
                first: table.cell_span(first, column),
                key: key.join(", "),
                needed_at: Some(declared.at),
            });
        }
        Some(BoundTable { table, columns, keys, label_keys, index })
    }

    /// The values of a param that reads a file.
    pub fn file_values(
        &mut self,
        param: ParamId,
        sizes: &[usize],
        len: usize,
        (path, at): (&Name, Span),
        files: &mut Inputs<'_>,
    ) -> Option<Vec<f64>> {
        let axes = &self.model.params[param].axes;
        let n_keys: usize = axes.iter().map(|a| self.model.sets[*a].arity()).sum();
        match files.store.values(path, n_keys, Some(at), files.sources, self.reports)? {
            Values::Tensor(tensor) => match tensor.numbers(sizes, self.ends.contains(&param), at) {
                Ok(values) => Some(values.to_vec()),
                Err(error) => {
                    self.reports.push(error);
                    None
                }
            },
            Values::Entries { table, positional } => self.entries(param, len, &table, &positional, n_keys, at),
        }
    }

    fn entries(
        &mut self,
        param: ParamId,
        len: usize,
        table: &Table,
        positional: &[bool],
        n_keys: usize,
        at: Span,
    ) -> Option<Vec<f64>> {
        let name = self.model.params[param].name.clone();
        let kinds: Vec<ElemType> =
            self.model.params[param].axes.iter().flat_map(|a| self.model.sets[*a].elem.clone()).collect();
        let is_last = |text: &str| self.is_last_element(param, text);
        let layout = match Layout::decide(table, n_keys, &name, &is_last, at) {
            Ok(layout) => layout,
            Err(error) => {
                self.reports.push(error);
                return None;
            }
        };
        let mut out = vec![f64::NAN; len];
        let mut given: Vec<u32> = vec![u32::MAX; len];
        let infinite = self.ends.contains(&param);
        let mut faults = 0;
        let mut codes = vec![0.0; n_keys];
        let labels: Vec<bool> = kinds.iter().map(|k| *k == ElemType::Label).collect();
        let by_dict: Vec<Option<Vec<Option<f64>>>> =
            (0..n_keys).map(|k| self.dict_codes(param, k, kinds[k], &layout, table, positional)).collect();
        for (at_entry, entry) in layout.entries(table).enumerate() {
            let mut unknown = None;
            for k in 0..n_keys {
                let code = match (&by_dict[k], table.columns().get(k)) {
                    (Some(known), Some(Column::Text { codes, .. })) => known[codes[entry.row] as usize],
                    _ => {
                        let by_position = layout.is_positional(k) || positional.get(k).copied().unwrap_or(false);
                        self.key_code(param, k, kinds[k], layout.key(table, entry, k), by_position)
                    }
                };
                match code {
                    Some(code) => codes[k] = code,
                    None => unknown = unknown.or(Some(k)),
                }
            }
            let position = if unknown.is_none() { self.position(param, &codes, &labels) } else { None };
            let Some(position) = position else {
                faults += 1;
                if faults <= MOST_OF_ONE {
                    let k = unknown.unwrap_or_else(|| self.first_unknown(param, &codes));
                    self.unknown_key(param, &layout, table, entry, k, at);
                }
                continue;
            };
            if given[position] != u32::MAX {
                faults += 1;
                if faults <= MOST_OF_ONE {
                    let first = layout.entries(table).nth(given[position] as usize);
                    self.reports.push(DataError::DuplicateKey {
                        cell: layout.key_span(table, entry, 0),
                        first: first.and_then(|f| layout.key_span(table, f, 0)),
                        key: layout.key_text(table, entry),
                        needed_at: Some(at),
                    });
                }
                continue;
            }
            given[position] = at_entry as u32;
            out[position] = layout.value(table, entry);
            if out[position].is_nan() || (out[position].is_infinite() && !infinite) {
                faults += 1;
                if faults <= MOST_OF_ONE {
                    self.reports.push(table.number_fault(entry.row, entry.column, Some(at)));
                }
            }
        }
        let missing: Vec<usize> = (0..len).filter(|k| given[*k] == u32::MAX).collect();
        if !missing.is_empty() && faults == 0 {
            let (file, header, count) = (table.name().to_string(), table.header_span(), missing.len());
            let missing: Vec<String> = missing.iter().take(3).map(|k| self.entry_text(param, *k)).collect();
            // A file without a header has data in its place.
            let titled = table.schema().iter().any(|column| missing.iter().any(|key| **key == *column.name));
            self.reports.push(DataError::MissingKey { needed_at: at, name, file, missing, count, header, titled });
            return None;
        }
        (faults == 0).then_some(out)
    }

    /// Codes of the labels of a key column, each looked up once.
    fn dict_codes(
        &self,
        param: ParamId,
        k: usize,
        kind: ElemType,
        layout: &Layout,
        table: &Table,
        positional: &[bool],
    ) -> Option<Vec<Option<f64>>> {
        let in_column = match layout {
            Layout::Long { n_keys, .. } | Layout::Wide { n_keys } => k < *n_keys,
            Layout::Rows { .. } => false,
        };
        if !in_column || positional.get(k).copied().unwrap_or(false) {
            return None;
        }
        let Column::Text { dict, .. } = table.column(k) else { return None };
        Some(dict.iter().map(|label| self.key_code(param, k, kind, Key::Text(label), false)).collect())
    }

    /// The axis and the part of it that key `k` belongs to.
    fn axis_of(&self, param: ParamId, k: usize) -> Option<(crate::ir::SetId, usize)> {
        let mut before = 0;
        for &axis in &self.model.params[param].axes {
            let arity = self.model.sets[axis].arity();
            if k < before + arity {
                return Some((axis, k - before));
            }
            before += arity;
        }
        None
    }

    fn is_last_element(&self, param: ParamId, text: &str) -> bool {
        let Some(&axis) = self.model.params[param].axes.last() else { return false };
        if self.model.sets[axis].arity() != 1 {
            return false;
        }
        let n_keys: usize = self.model.params[param].axes.iter().map(|a| self.model.sets[*a].arity()).sum();
        let kind = self.model.sets[axis].elem[0];
        self.key_code(param, n_keys - 1, kind, Key::Text(text), false)
            .is_some_and(|code| self.world.find(axis, &[code], &[false]).is_some())
    }

    /// The code of a key of a file; none when it cannot be an element of that kind.
    fn key_code(&self, param: ParamId, k: usize, kind: ElemType, key: Key<'_>, by_position: bool) -> Option<f64> {
        if by_position {
            let (axis, part) = self.axis_of(param, k)?;
            let at = usize::try_from(key.as_int()?.checked_sub(1)?).ok()?;
            let set = &self.world.sets[axis];
            let code = (at < set.len).then(|| set.code(at, part))?;
            return match kind {
                // Positions name rows; rows are found by key below.
                ElemType::Row(table) => Some(self.key_of_row(table, code as usize)),
                _ => Some(code),
            };
        }
        let label = |text: &str| self.world.labels.get_index_of(text).map(|l| l as f64);
        let as_label = |key: Key<'_>| match key {
            Key::Text(text) => label(text),
            Key::Int(v) => label(&v.to_string()),
            Key::Number(v) => label(&v.to_string()),
        };
        match kind {
            ElemType::Label => as_label(key),
            ElemType::Int => key.as_int().map(|v| v as f64),
            ElemType::Row(table) => {
                let bound = self.world.tables[table].as_ref()?;
                if bound.label_keys.first() == Some(&true) { as_label(key) } else { key.as_int().map(|v| v as f64) }
            }
        }
    }

    fn key_of_row(&self, table: TableId, row: usize) -> f64 {
        let keys = self.world.tables[table].as_ref().and_then(|t| t.keys.first());
        keys.map_or(row as f64 + 1.0, |k| k[row])
    }

    fn first_unknown(&self, param: ParamId, codes: &[f64]) -> usize {
        let mut next = 0;
        for &axis in &self.model.params[param].axes {
            let arity = self.model.sets[axis].arity();
            let key = &codes[next..next + arity];
            if self.world.find(axis, key, &vec![false; arity]).is_none() {
                return next;
            }
            next += arity;
        }
        0
    }

    fn unknown_key(&mut self, param: ParamId, layout: &Layout, table: &Table, entry: Entry, k: usize, at: Span) {
        let Some((axis, part)) = self.axis_of(param, k) else { return };
        let key = layout.key(table, entry, k);
        if self.model.sets[axis].elem[part] == ElemType::Int && key.as_int().is_none() {
            let (cell, found) = (layout.key_span(table, entry, k), key.to_string());
            let column = table.schema().get(k).map_or_else(String::new, |c| c.name.to_string());
            self.reports.push(DataError::NotAnInteger { cell, column, found, needed_at: Some(at) });
            return;
        }
        let arity = self.model.sets[axis].arity();
        let label = if arity == 1 { layout.key(table, entry, k).to_string() } else { layout.key_text(table, entry) };
        let suggestion = self.closest_label(axis, &label);
        let set = match &self.model.sets[axis].name {
            Some(name) => name.clone(),
            None => set_words(self.model, axis).into(),
        };
        self.reports.push(DataError::UnknownLabel {
            cell: layout.key_span(table, entry, k),
            label,
            set,
            needed_at: Some(at),
            suggestion,
        });
    }
}
