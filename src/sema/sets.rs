//! Sets: declarations and set expressions.

use super::Sema;
use super::names::{DeclKind, Entity};
use super::value::Value;
use crate::base::{Name, Span};
use crate::diag::closest;
use crate::diag::codes::name::NameError;
use crate::diag::codes::shape::ShapeError;
use crate::ir::model::{ElemType, Key, Over, Set, SetKind};
use crate::ir::{BinderId, LabelId, NodeId, SetId, TableId};
use crate::syntax::ast::{Arg, ExprId, ExprKind, Ident};
use indexmap::IndexSet;

/// What a set expression gives to a head.
pub(super) enum SetSource {
    /// Had an error.
    Error,
    /// A set of the model.
    Set(SetId),
    /// A range that depends on an index.
    Range(NodeId, NodeId),
    /// `{... in ... if ...}`, to be read in place.
    Comprehension(ExprId),
}

impl Sema<'_> {
    /// `set NAME = ...`.
    pub(super) fn set_statement(&mut self, name: &Ident, value: ExprId) {
        let at = self.stmt.span(name.at);
        let is_alias = matches!(self.stmt.exprs[value].kind, ExprKind::Name(_));
        let before = self.model.sets.next_id();
        let set = match self.set_source(value) {
            SetSource::Error => return,
            // `set a = b` is another name for one set.
            SetSource::Set(set) if is_alias => return self.becomes(Entity::Set(set)),
            SetSource::Set(set) if set >= before => {
                self.forget_anonymous(set);
                set
            }
            SetSource::Set(set) => {
                let copy = self.model.sets[set].clone();
                let id = self.model.sets.push(copy);
                self.index_labels(id);
                id
            }
            SetSource::Range(..) => crate::bug!("a declared set is outside every head"),
            SetSource::Comprehension(id) => self.comprehension(id),
        };
        let declared = &mut self.model.sets[set];
        (declared.name, declared.at) = (Some(name.name.clone()), at);
        self.becomes(Entity::Set(set));
    }

    /// A set that got a name does not stand for the anonymous ones equal to it.
    fn forget_anonymous(&mut self, set: SetId) {
        let flat: Vec<Key> = match &self.model.sets[set].kind {
            SetKind::Range { lo, hi } => {
                self.ranges.swap_remove(&(*lo, *hi));
                return;
            }
            SetKind::Labels(labels) => labels.iter().map(|l| Key::Label(*l)).collect(),
            SetKind::Ints(ints) => ints.iter().map(|i| Key::Int(*i)).collect(),
            SetKind::Tuples(tuples) => tuples.iter().flatten().copied().collect(),
            _ => return,
        };
        self.literals.swap_remove(&flat);
    }

    /// A set expression.
    pub(super) fn set_source(&mut self, id: ExprId) -> SetSource {
        let stmt = self.stmt;
        let id = self.unparen(id);
        let at = stmt.expr_span(id);
        match &stmt.exprs[id].kind {
            ExprKind::Name(name) => self.set_by_name(name, at),
            ExprKind::Range { lo, hi } => self.range(*lo, *hi, at),
            ExprKind::Braces(items) => SetSource::Set(self.braces(items, at)),
            ExprKind::Comprehension { .. } => SetSource::Comprehension(id),
            ExprKind::Call { name, args } if &*name.name == "distinct" => self.distinct(args, at),
            _ => {
                let value = self.expr(id);
                self.not_a_set(&value, at, None)
            }
        }
    }

    fn set_by_name(&mut self, name: &Name, at: Span) -> SetSource {
        if let Some(local) = self.locals.get(name) {
            return match local.value.clone() {
                Value::Set(set) => SetSource::Set(set),
                value => {
                    let declared_at = Some(local.at);
                    self.not_a_set(&value, at, declared_at)
                }
            };
        }
        let Some(decl) = self.names.get(name) else {
            let sets = self.names.decls.iter().filter(|d| is_set(d.kind)).map(|d| &*d.name);
            let near = closest(name, sets).map(Name::from);
            let near_at = near.as_ref().and_then(|n| self.names.get(n)).map(|d| d.at);
            if near.is_some() {
                self.reports.push(NameError::UnknownName {
                    at,
                    name: name.clone(),
                    suggestion: near,
                    declared_at: near_at,
                    hint: None,
                });
            } else {
                self.unknown_name(name, at, Some(format!("declare it: `set {name} = {{...}}`")));
            }
            return SetSource::Error;
        };
        match (decl.entity, decl.kind) {
            (Entity::Set(set), _) => SetSource::Set(set),
            (Entity::Error, kind) if is_set(kind) => SetSource::Error,
            (_, kind) => {
                let declared_at = Some(decl.at);
                let found = format!("{} `{name}`", kind.words().trim_start_matches("a ").trim_start_matches("an "));
                let help = (kind == DeclKind::Param).then(|| format!("for the integers up to it write `1..{name}`"));
                self.reports.push(ShapeError::NotASet { at, found: format!("the {found}"), declared_at, help });
                SetSource::Error
            }
        }
    }

    fn not_a_set(&mut self, value: &Value, at: Span, declared_at: Option<Span>) -> SetSource {
        match value {
            Value::Error => {}
            Value::Set(set) => return SetSource::Set(*set),
            other => {
                let found = self.describe(other);
                let number = matches!(other, Value::Num(_));
                let text = self.text_at(at);
                let listed = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
                let help = match listed {
                    _ if number => Some(format!("for the integers up to it write `1..{text}`")),
                    Some(items) => Some(format!("the elements of a set stand in braces: write `{{{items}}}`")),
                    None => None,
                };
                self.reports.push(ShapeError::NotASet { at, found, declared_at, help });
            }
        }
        SetSource::Error
    }

    /// `lo..hi`: a set when it is free of indices, equal for equal ends.
    fn range(&mut self, lo: ExprId, hi: ExprId, at: Span) -> SetSource {
        let ends = (self.data(lo, "the end of a range"), self.data(hi, "the end of a range"));
        let (Some(lo), Some(hi)) = ends else { return SetSource::Error };
        if self.has_free_index(lo) || self.has_free_index(hi) {
            return SetSource::Range(lo, hi);
        }
        if let (Some(from), Some(to)) = (self.model.graph.as_num(lo), self.model.graph.as_num(hi)) {
            if from.fract() != 0.0 || to.fract() != 0.0 {
                self.reports
                    .push(crate::diag::codes::kind::KindError::NotAnInteger { at, what: "each end of a range".into() });
                return SetSource::Error;
            }
            if from > to + 1.0 {
                self.reports.push(ShapeError::EmptyRange { at, lo: from, hi: to });
            }
        }
        SetSource::Set(self.range_set(lo, hi, at))
    }

    /// The anonymous set of the integers from `lo` to `hi`.
    pub(super) fn range_set(&mut self, lo: NodeId, hi: NodeId, at: Span) -> SetId {
        if let Some(&known) = self.ranges.get(&(lo, hi)) {
            return known;
        }
        let set = Set { name: None, at, elem: vec![ElemType::Int], parent: None, kind: SetKind::Range { lo, hi } };
        let id = self.model.sets.push(set);
        self.ranges.insert((lo, hi), id);
        id
    }

    /// The axis of a written vector: `1..n`.
    pub(super) fn counting_set(&mut self, n: usize, at: Span) -> SetId {
        let (lo, hi) = (self.model.graph.number(1.0), self.model.graph.number(n as f64));
        self.range_set(lo, hi, at)
    }

    /// `{a, b}`: equal ones are one set.
    pub(super) fn braces(&mut self, items: &[ExprId], at: Span) -> SetId {
        let (elem, keys) = self.literal_elements(items);
        let flat: Vec<Key> = keys.iter().flatten().copied().collect();
        if let Some(&known) = self.literals.get(&flat).filter(|s| self.model.sets[**s].elem == elem) {
            return known;
        }
        let kind = match elem[..] {
            [ElemType::Int] => SetKind::Ints(flat.iter().filter_map(|k| as_int(*k)).collect()),
            [_] => SetKind::Labels(flat.iter().filter_map(|k| as_label(*k)).collect()),
            _ => SetKind::Tuples(keys),
        };
        let id = self.model.sets.push(Set { name: None, at, elem, parent: None, kind });
        self.index_labels(id);
        self.literals.insert(flat, id);
        id
    }

    /// Remembers the labels of a written set; a set of tuples has a set of labels for each part.
    fn index_labels(&mut self, set: SetId) {
        match &self.model.sets[set].kind {
            SetKind::Labels(labels) => {
                self.labels_of.insert(set, labels.iter().copied().collect());
            }
            SetKind::Tuples(tuples) => {
                let (at, tuples) = (self.model.sets[set].at, tuples.clone());
                let parts = (0..self.model.sets[set].arity()).map(|part| self.part_labels(&tuples, part, at)).collect();
                self.tuple_parts.insert(set, parts);
            }
            _ => {}
        }
    }

    /// The labels that stand at one place of written tuples, as a set; nothing for integers.
    fn part_labels(&mut self, tuples: &[Vec<Key>], part: usize, at: Span) -> Option<SetId> {
        let labels: IndexSet<LabelId> = tuples.iter().filter_map(|tuple| as_label(tuple[part])).collect();
        if labels.is_empty() {
            return None;
        }
        let kind = SetKind::Labels(labels.iter().copied().collect());
        let id = self.model.sets.push(Set { name: None, at, elem: vec![ElemType::Label], parent: None, kind });
        self.labels_of.insert(id, labels);
        Some(id)
    }

    /// `distinct(t.column)`.
    fn distinct(&mut self, args: &[Arg], at: Span) -> SetSource {
        let [Arg { name: None, value }] = args else {
            self.reports.push(ShapeError::DistinctOfColumn { at });
            return SetSource::Error;
        };
        let stmt = self.stmt;
        let column = match &stmt.exprs[*value].kind {
            ExprKind::Field { of, field } => self.table_named(*of).map(|table| self.column_of(table, field)),
            _ => None,
        };
        match column {
            Some(Some(param)) => {
                let elem = if self.model.params[param].labels { ElemType::Label } else { ElemType::Int };
                let kind = SetKind::Distinct(param);
                SetSource::Set(self.model.sets.push(Set { name: None, at, elem: vec![elem], parent: None, kind }))
            }
            Some(None) => SetSource::Error,
            None => {
                self.reports.push(ShapeError::DistinctOfColumn { at: self.stmt.expr_span(*value) });
                SetSource::Error
            }
        }
    }

    /// The table an expression names, if it does.
    fn table_named(&self, id: ExprId) -> Option<TableId> {
        let ExprKind::Name(name) = &self.stmt.exprs[id].kind else { return None };
        match self.entity(name)? {
            Entity::Set(set) => self.table_of(set),
            _ => None,
        }
    }

    /// The table whose rows a set holds.
    pub(super) fn table_of(&self, set: SetId) -> Option<TableId> {
        match self.model.sets[set].elem[..] {
            [ElemType::Row(table)] => Some(table),
            _ => None,
        }
    }

    /// A comprehension as a set of the model.
    pub(super) fn comprehension(&mut self, id: ExprId) -> SetId {
        let stmt = self.stmt;
        let ExprKind::Comprehension { head } = &stmt.exprs[id].kind else {
            crate::bug!("not a comprehension");
        };
        self.set_where(head, stmt.expr_span(id))
    }

    /// Whether two axes are the same: one set, or a literal range equal by value.
    pub(super) fn same_axis(&self, a: SetId, b: SetId) -> bool {
        if a == b {
            return true;
        }
        let (left, right) = (&self.model.sets[a], &self.model.sets[b]);
        if left.name.is_some() && right.name.is_some() {
            return false;
        }
        match (&left.kind, &right.kind) {
            (SetKind::Range { lo, hi }, SetKind::Range { lo: from, hi: to }) => lo == from && hi == to,
            (SetKind::Ints(x), SetKind::Ints(y)) => x == y,
            (SetKind::Labels(x), SetKind::Labels(y)) => x == y,
            _ => false,
        }
    }

    /// Number of elements when the text alone tells.
    pub(super) fn literal_len(&self, set: SetId) -> Option<usize> {
        match &self.model.sets[set].kind {
            SetKind::Labels(labels) => Some(labels.len()),
            SetKind::Ints(ints) => Some(ints.len()),
            SetKind::Tuples(tuples) => Some(tuples.len()),
            SetKind::Range { lo, hi } => {
                let (lo, hi) = (self.model.graph.as_num(*lo)?, self.model.graph.as_num(*hi)?);
                Some((hi - lo + 1.0).max(0.0) as usize)
            }
            _ => None,
        }
    }

    /// Number of subscripts of axes.
    pub(super) fn arity_of(&self, axes: &[SetId]) -> usize {
        axes.iter().map(|a| self.model.sets[*a].arity()).sum()
    }

    /// The set one component of an element comes from: the set itself, or that of the binder behind it.
    pub(super) fn component_set(&self, set: SetId, part: usize) -> Option<SetId> {
        let (mut set, mut part) = (set, part);
        loop {
            let this = &self.model.sets[set];
            if this.arity() == 1 {
                return Some(set);
            }
            let domain = match this.kind {
                SetKind::Where(domain) => domain,
                SetKind::Tuples(_) => return self.tuple_parts.get(&set).and_then(|parts| parts[part]),
                _ => return None,
            };
            let mut before = 0;
            let binders = &self.model.domains[domain].binders;
            let (binder, inner) = binders.iter().find_map(|b| {
                let arity = self.binder_elem(*b).len();
                let hit = (before..before + arity).contains(&part).then(|| (*b, part - before));
                before += arity;
                hit
            })?;
            let Over::Set(next) = self.model.binders[binder].over else { return None };
            (set, part) = (next, inner);
        }
    }

    /// Types of the components of what a binder ranges over.
    pub(super) fn binder_elem(&self, binder: BinderId) -> Vec<ElemType> {
        match self.model.binders[binder].over {
            Over::Set(set) => self.model.sets[set].elem.clone(),
            Over::Range { .. } => vec![ElemType::Int],
        }
    }

    /// The declared set a set is part of, itself if of none.
    pub(super) fn root_set(&self, set: SetId) -> SetId {
        let mut set = set;
        while let Some(parent) = self.model.sets[set].parent {
            set = parent;
        }
        set
    }

    /// The written labels among which every label of the set is, when the text tells.
    pub(super) fn literal_labels(&self, set: SetId) -> Option<(SetId, &IndexSet<LabelId>)> {
        let root = self.root_set(set);
        self.labels_of.get(&root).map(|labels| (root, labels))
    }

    /// Whether two sets of labels, both written out, have none in common.
    pub(super) fn are_disjoint(&mut self, a: SetId, b: SetId) -> bool {
        let (a, b) = (self.root_set(a), self.root_set(b));
        if a == b {
            return false;
        }
        let key = (a.min(b), a.max(b));
        if let Some(&known) = self.disjoint.get(&key) {
            return known;
        }
        let answer = match (self.labels_of.get(&a), self.labels_of.get(&b)) {
            (Some(x), Some(y)) => x.is_disjoint(y),
            _ => false,
        };
        self.disjoint.insert(key, answer);
        answer
    }
}

fn is_set(kind: DeclKind) -> bool {
    matches!(kind, DeclKind::Set | DeclKind::Table | DeclKind::Part)
}

fn as_int(key: Key) -> Option<i64> {
    match key {
        Key::Int(value) => Some(value),
        Key::Label(_) => None,
    }
}

fn as_label(key: Key) -> Option<LabelId> {
    match key {
        Key::Label(label) => Some(label),
        Key::Int(_) => None,
    }
}
