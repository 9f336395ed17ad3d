//! Everything bound so far: labels, tables, sets, params; and the memory that is left.

use super::keys::KeyIndex;
use super::sets::{BoundSet, Elems, whole};
use crate::base::{Id, IdVec, Name, Span};
use crate::data::Table;
use crate::diag::codes::limit::LimitError;
use crate::interp::{Deps, Env, Joined, Val};
use crate::ir::model::ElemType;
use crate::ir::{ArrayId, BinderId, DomainId, Model, Node, NodeId, ParamId, SetId, TableId, VarId};
use indexmap::IndexSet;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// A table with its keys.
#[derive(Clone, Debug)]
pub struct BoundTable {
    /// The rows.
    pub table: Arc<Table>,
    /// Columns of the file by column of the model.
    pub columns: Vec<Option<usize>>,
    /// Codes of the key columns, and where each key stands; none when rows are numbered.
    pub keys: Vec<Vec<f64>>,
    /// Which key columns hold labels.
    pub label_keys: Vec<bool>,
    /// Finds a row by its key.
    pub index: KeyIndex,
}

/// Where the entries of a param are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// First entry.
    pub offset: usize,
    /// Number of entries.
    pub len: usize,
}

/// Bound data.
#[derive(Debug)]
pub struct World {
    /// Labels: those of the text first.
    pub labels: IndexSet<Name>,
    /// Tables in use.
    pub tables: IdVec<TableId, Option<BoundTable>>,
    /// Sets bound so far.
    pub sets: IdVec<SetId, BoundSet>,
    /// Types of components, by set.
    pub elems: IdVec<SetId, Vec<ElemType>>,
    /// Numeric params are in `data`, params of labels in `codes`.
    pub params: IdVec<ParamId, Block>,
    /// Which params are labels.
    pub is_label: IdVec<ParamId, bool>,
    /// Numbers: entries of params first, then columns made for families.
    pub data: Arc<Vec<f64>>,
    /// Labels of params.
    pub codes: Vec<u32>,
    /// Slots of x, by variable.
    pub vars: IdVec<VarId, Block>,
    /// Binders each node depends on.
    pub deps: Deps,
    /// Instances of domains with joins, for the interpreter.
    pub joined: OnceLock<BTreeMap<DomainId, Joined>>,
    /// Values of arrays of data alone, made when first needed.
    pub arrays: Mutex<BTreeMap<ArrayId, Arc<[f64]>>>,
    budget: AtomicUsize,
    most: usize,
}

/// Why binding stopped.
#[derive(Clone, Debug)]
pub enum Stop {
    /// Subscripts that ask for what is not there, each with where the binders stood.
    Faults(Vec<LaneFault>),
    /// Too large.
    Limit(LimitError),
}

/// A node without a value at an instance.
#[derive(Clone, PartialEq, Debug)]
pub struct LaneFault {
    /// The node.
    pub node: NodeId,
    /// Where the binders stood: positions, or integers of dependent ranges.
    pub places: Vec<(BinderId, i64)>,
}

impl World {
    /// Nothing bound yet; at most `most` bytes may be taken.
    pub fn new(model: &Model, most: usize) -> Self {
        let labels = (0..model.graph.n_labels()).map(|l| model.graph.label_name(Id::new(l)).clone()).collect();
        Self {
            labels,
            tables: model.tables.iter().map(|_| None).collect(),
            sets: model.sets.iter().map(|s| BoundSet::empty(s.arity())).collect(),
            elems: model.sets.iter().map(|s| s.elem.clone()).collect(),
            params: model.params.iter().map(|_| Block::default()).collect(),
            is_label: model.params.iter().map(|p| p.labels).collect(),
            data: Arc::default(),
            codes: Vec::new(),
            vars: model.vars.iter().map(|_| Block::default()).collect(),
            deps: Deps::new(model),
            joined: OnceLock::new(),
            arrays: Mutex::new(BTreeMap::new()),
            budget: AtomicUsize::new(most),
            most,
        }
    }

    /// A copy to compute numbers in; sets and tables are shared.
    pub fn fork(&self) -> Self {
        Self {
            labels: self.labels.clone(),
            tables: self.tables.clone(),
            sets: self.sets.clone(),
            elems: self.elems.clone(),
            params: self.params.clone(),
            is_label: self.is_label.clone(),
            data: self.data.clone(),
            codes: self.codes.clone(),
            vars: self.vars.clone(),
            deps: self.deps.clone(),
            joined: self.joined.clone(),
            arrays: Mutex::new(BTreeMap::new()),
            budget: AtomicUsize::new(self.most),
            most: self.most,
        }
    }

    /// Takes `count` items of `bytes` each from the budget, before they are allocated.
    ///
    /// # Errors
    /// When there is not so much left.
    pub fn take(&self, count: usize, bytes: usize, at: Span) -> Result<(), Stop> {
        let wanted = count.checked_mul(bytes);
        let taken = wanted.and_then(|w| {
            self.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(w)).ok()
        });
        match taken {
            Some(_) => Ok(()),
            None => Err(Stop::Limit(LimitError::TooMuchMemory { at, bytes: wanted, most: self.most })),
        }
    }

    /// Gives back what [`take`](Self::take) took.
    pub fn give(&self, count: usize, bytes: usize) {
        self.budget.fetch_add(count * bytes, Ordering::Relaxed);
    }

    /// Where an element of codes stands; `is_row[k]` tells whether component `k` is a row and not a key.
    pub fn find(&self, set: SetId, key: &[f64], is_row: &[bool]) -> Option<usize> {
        let bound = &self.sets[set];
        let elem = &self.elems[set];
        let needs_key = |k: usize| matches!(elem.get(k), Some(ElemType::Row(_))) && !is_row[k];
        if !(0..key.len()).any(needs_key) {
            return bound.find(key);
        }
        let mut rows = key.to_vec();
        for k in 0..rows.len() {
            if let Some(ElemType::Row(table)) = elem.get(k)
                && !is_row[k]
            {
                rows[k] = self.row_by_key(*table, rows[k])? as f64;
            }
        }
        bound.find(&rows)
    }

    /// The row with a key of one component; without a key, by number from 1.
    pub fn row_by_key(&self, table: TableId, key: f64) -> Option<usize> {
        let table = self.tables[table].as_ref()?;
        match table.keys.as_slice() {
            [] => whole(key - 1.0, table.table.n_rows()),
            [one] => table.index.find_one(one, key),
            _ => None,
        }
    }

    /// A code as a value.
    pub fn val(&self, ty: ElemType, code: f64) -> Val {
        match ty {
            ElemType::Int => Val::Num(code),
            ElemType::Label => Val::Label(code as u32),
            ElemType::Row(table) => Val::Row(table, code as u32),
        }
    }

    /// The entry of a param as a code.
    pub fn entry(&self, param: ParamId, at: usize) -> f64 {
        let block = self.params[param];
        if self.is_label[param] { f64::from(self.codes[block.offset + at]) } else { self.data[block.offset + at] }
    }

    /// Appends numbers and says where they begin.
    pub fn store(&mut self, values: impl IntoIterator<Item = f64>) -> usize {
        let offset = self.data.len();
        Arc::make_mut(&mut self.data).extend(values);
        offset
    }

    /// The number of a label, interned.
    pub fn intern(&mut self, label: &str) -> u32 {
        if let Some(at) = self.labels.get_index_of(label) {
            return at as u32;
        }
        self.labels.insert_full(label.into()).0 as u32
    }
}

/// Whether the value of a node is a row of a table (rather than a number, a label or a key).
pub fn is_row(model: &Model, node: NodeId) -> bool {
    match model.graph.node(node) {
        Node::Index { binder, part } => match model.binders[*binder].over {
            crate::ir::model::Over::Set(set) => matches!(model.sets[set].elem[*part as usize], ElemType::Row(_)),
            crate::ir::model::Over::Range { .. } => false,
        },
        Node::If { then, .. } => is_row(model, *then),
        _ => false,
    }
}

fn code(value: Val) -> f64 {
    match value {
        Val::Num(v) => v,
        Val::Label(label) => f64::from(label),
        Val::Row(_, row) => f64::from(row),
    }
}

impl Env for World {
    fn set_len(&self, set: SetId) -> usize {
        self.sets[set].len
    }
    fn element(&self, set: SetId, position: usize, part: usize) -> Val {
        self.val(self.elems[set][part], self.sets[set].code(position, part))
    }
    fn position(&self, set: SetId, element: &[Val]) -> Option<usize> {
        let fits = |(value, ty): (&Val, &ElemType)| match (value, ty) {
            (Val::Num(_), ElemType::Label) | (Val::Label(_) | Val::Row(..), ElemType::Int) => false,
            (Val::Row(..), ElemType::Label) => false,
            (Val::Row(of, _), ElemType::Row(table)) => of == table,
            _ => true,
        };
        if !element.iter().zip(&self.elems[set]).all(fits) {
            return None;
        }
        let key: Vec<f64> = element.iter().map(|v| code(*v)).collect();
        let rows: Vec<bool> = element.iter().map(|v| matches!(v, Val::Row(..))).collect();
        self.find(set, &key, &rows)
    }
    fn param(&self, param: ParamId, entry: usize) -> Val {
        let code = self.entry(param, entry);
        if self.is_label[param] { Val::Label(code as u32) } else { Val::Num(code) }
    }
    fn slot(&self, var: VarId, entry: usize) -> usize {
        self.vars[var].offset + entry
    }
    fn joined(&self, domain: DomainId) -> Option<&Joined> {
        self.joined.get()?.get(&domain)
    }
    fn label(&self, label: u32) -> String {
        self.labels.get_index(label as usize).map_or_else(String::new, ToString::to_string)
    }
    fn row_name(&self, table: TableId, row: u32) -> String {
        let Some(bound) = &self.tables[table] else { return (row + 1).to_string() };
        if bound.keys.is_empty() {
            return (row + 1).to_string();
        }
        let parts = bound.keys.iter().zip(&bound.label_keys).map(|(column, is_label)| {
            let code = column[row as usize];
            if *is_label { self.label(code as u32) } else { code.to_string() }
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

impl World {
    /// The table a set of all its rows belongs to.
    pub fn rows_of(&self, set: SetId) -> Option<TableId> {
        match self.sets[set].elems {
            Elems::Rows(table) => Some(table),
            _ => None,
        }
    }
}
