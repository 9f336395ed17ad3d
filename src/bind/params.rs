//! Sets and params, in order of dependence.

use super::domain::BoundDomain;
use super::enumerate::{conjuncts, enumerate};
use super::lanes::Lanes;
use super::order::{self, Item};
use super::sets::BoundSet;
use super::world::{Block, LaneFault, Stop, World};
use crate::base::{Name, Span, limits};
use crate::data::Column;
use crate::diag::codes::data::DataError;
use crate::diag::codes::domain::DomainError;
use crate::diag::codes::limit::LimitError;
use crate::diag::{Reports, closest};
use crate::interp::{self, Env, FaultKind, Interp, Plain, Writer};
use crate::ir::model::{ElemType, Key, ParamSource, SetKind};
use crate::ir::{Model, Node, NodeId, ParamId, SetId, pretty};
use crate::num::random::Stream;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A bind in progress.
pub struct Binding<'a> {
    /// The model.
    pub model: &'a Model,
    /// What is bound so far.
    pub world: World,
    /// `--set`.
    pub overrides: Vec<(Name, f64)>,
    /// Where random numbers come from.
    pub seed: u64,
    /// Params that stand in bounds, where an infinite value means that there is none.
    pub ends: BTreeSet<ParamId>,
    /// What is wrong.
    pub reports: &'a mut Reports,
}

/// The params that bounds of variables and constraints mention.
pub fn params_in_bounds(model: &Model) -> BTreeSet<ParamId> {
    let vars = model.vars.iter().flat_map(|v| [v.lower, v.upper]);
    let rows = model.constraints.iter().flat_map(|c| [c.lower, c.upper]);
    let roots: Vec<NodeId> = vars.chain(rows).flatten().collect();
    let params = model.graph.reachable(&roots).into_iter().filter_map(|n| match model.graph.node(n) {
        Node::Param { param, .. } => Some(*param),
        _ => None,
    });
    params.collect()
}

/// Reports about elements of one statement, at most.
const MOST_OF_ONE: usize = 10;

impl Binding<'_> {
    /// Binds all sets and params.
    pub fn sets_and_params(&mut self, files: &mut super::instance::Inputs<'_>) {
        self.check_overrides();
        for item in order::order(self.model) {
            match item {
                Item::Set(set) => {
                    if let Some(bound) = self.set(set) {
                        self.world.sets[set] = bound;
                    }
                }
                Item::Param(param) => self.param(param, files),
            }
            // What follows from an error would only confuse.
            if self.reports.len() > limits::MAX_REPORTS {
                return;
            }
        }
    }

    /// Reports `--set` of what is no scalar param.
    pub fn check_overrides(&mut self) {
        for (name, _) in self.overrides.clone() {
            let Some(param) = self.model.params.iter().find(|p| p.name == name) else {
                let known = self.model.params.iter().filter(|p| p.axes.is_empty()).map(|p| &*p.name);
                let suggestion = closest(&name, known).map(str::to_string);
                let reason = "the model has no such param".into();
                self.reports.push(DataError::CannotSet { name: name.to_string(), at: None, reason, suggestion });
                continue;
            };
            if !param.axes.is_empty() {
                let reason = format!("it has an index; give a file by `--data {name}=FILE`");
                let at = Some(param.at);
                self.reports.push(DataError::CannotSet { name: name.to_string(), at, reason, suggestion: None });
            }
        }
    }

    /// Reports why a statement could not be bound.
    pub fn report(&mut self, stop: Stop, within: Span) {
        match stop {
            Stop::Limit(limit) => self.reports.push(limit),
            Stop::Faults(faults) => {
                for fault in faults.iter().take(MOST_OF_ONE) {
                    if let Some(error) = explain(self.model, &self.world, fault, within) {
                        self.reports.push(error);
                    }
                }
            }
        }
    }

    /// The value of a data expression without indices.
    pub fn scalar(&mut self, node: NodeId, at: Span) -> Option<f64> {
        if let Some(value) = self.model.graph.as_num(node) {
            return Some(value);
        }
        self.column(&BoundDomain::root(), node, at).map(|c| c[0])
    }

    /// The values of a data expression over a domain.
    pub fn column(&mut self, domain: &BoundDomain, node: NodeId, at: Span) -> Option<Vec<f64>> {
        let values = self
            .world
            .take(domain.count, 8, at)
            .and_then(|()| Lanes::new(self.model, &self.world, domain, &[node], at)?.column());
        match values {
            Ok(values) => Some(values),
            Err(stop) => {
                self.report(stop, at);
                None
            }
        }
    }

    /// A domain of the model, outermost.
    pub fn domain(&mut self, domain: crate::ir::DomainId, at: Span) -> Option<BoundDomain> {
        let head = &self.model.domains[domain];
        let filters = conjuncts(self.model, head.filter);
        match enumerate(self.model, &self.world, &BoundDomain::root(), &head.binders, &filters, at) {
            Ok(domain) => Some(domain),
            Err(stop) => {
                self.report(stop, at);
                None
            }
        }
    }

    fn set(&mut self, set: SetId) -> Option<BoundSet> {
        let declared = &self.model.sets[set];
        let at = declared.at;
        let parts: Vec<Vec<f64>> = match &declared.kind {
            SetKind::Range { lo, hi } => return self.range(*lo, *hi, at),
            SetKind::Rows(table) => {
                let len = self.world.tables[*table].as_ref()?.table.n_rows();
                return Some(BoundSet { len, elems: super::sets::Elems::Rows(*table) });
            }
            SetKind::Labels(labels) => vec![labels.iter().map(|l| f64::from(l.0)).collect()],
            SetKind::Ints(ints) => vec![ints.iter().map(|i| *i as f64).collect()],
            SetKind::Tuples(tuples) => {
                let part = |k: usize| tuples.iter().map(|t| key_code(t[k])).collect();
                (0..declared.arity()).map(part).collect()
            }
            SetKind::Where(domain) => self.elements_of(*domain, at)?,
            SetKind::Distinct(column) => vec![self.distinct(*column, set)?],
            SetKind::SplitPart { split, part } => vec![self.split_part(*split, *part)?],
            SetKind::Empty => return Some(BoundSet::empty(declared.arity())),
        };
        let len = parts.first().map_or(0, Vec::len);
        let (bound, twice) = BoundSet::list(parts, len);
        // Literals are compared by `sema`; all other kinds are distinct by what they are.
        debug_assert!(twice.is_none(), "an element of {} stands twice", set_words(self.model, set));
        Some(bound)
    }

    fn range(&mut self, lo: NodeId, hi: NodeId, at: Span) -> Option<BoundSet> {
        let (lo, hi) = (self.scalar(lo, at)?, self.scalar(hi, at)?);
        let len = (hi - lo + 1.0).max(0.0);
        let whole = |v: f64| v.fract() == 0.0 && v.abs() < 9e15;
        let too_many = lo.fract() == 0.0 && hi.fract() == 0.0 && len > limits::MAX_ELEMENTS as f64;
        if !too_many && (!whole(lo) || !whole(hi)) {
            let text = interp::number;
            self.reports.push(DomainError::NotARange { at, lo: text(lo), hi: text(hi) });
            return None;
        }
        if too_many {
            let count = (len < usize::MAX as f64).then_some(len as usize);
            self.reports.push(LimitError::TooManyElements { at, count, most: limits::MAX_ELEMENTS });
            return None;
        }
        Some(BoundSet::range(lo as i64, len as usize))
    }

    /// Codes of all parts of all binders at all instances.
    fn elements_of(&mut self, domain: crate::ir::DomainId, at: Span) -> Option<Vec<Vec<f64>>> {
        use crate::ir::model::Over;
        let bound = self.domain(domain, at)?;
        if bound.count > limits::MAX_ELEMENTS {
            let count = Some(bound.count);
            self.reports.push(LimitError::TooManyElements { at, count, most: limits::MAX_ELEMENTS });
            return None;
        }
        let mut parts = Vec::new();
        for place in &bound.own {
            let (set, arity) = match self.model.binders[place.binder].over {
                Over::Set(set) => (Some(&self.world.sets[set]), self.model.sets[set].arity()),
                Over::Range { .. } => (None, 1),
            };
            for part in 0..arity {
                if let Err(stop) = self.world.take(bound.count, 12, at) {
                    self.report(stop, at);
                    return None;
                }
                let code = |k: usize| {
                    let position = place.pos.at(k);
                    set.map_or((place.offset + i64::from(position)) as f64, |s| s.code(position as usize, part))
                };
                parts.push((0..bound.count).map(code).collect());
            }
        }
        Some(parts)
    }

    /// Distinct entries of a column, in order of first appearance.
    fn distinct(&mut self, column: ParamId, set: SetId) -> Option<Vec<f64>> {
        let block = self.world.params[column];
        let is_int = self.model.sets[set].elem == [ElemType::Int];
        let mut out = Vec::new();
        let values: Vec<f64> = (0..block.len).map(|k| self.world.entry(column, k)).collect();
        let (index, _) = super::keys::KeyIndex::build(&[&values], values.len());
        for (k, value) in values.iter().enumerate() {
            if is_int && value.fract() != 0.0 {
                let needed_at = Some(self.model.sets[set].at);
                let ParamSource::Column { table, column } = self.model.params[column].source else { return None };
                let name = self.model.tables[table].columns[column].name.to_string();
                let bound = self.world.tables[table].as_ref()?;
                let cell = bound.columns[column].and_then(|c| bound.table.cell_span(k, c));
                let found = value.to_string();
                self.reports.push(DataError::NotAnInteger { cell, column: name, found, needed_at });
                return None;
            }
            if index.find(&[&values], &[*value]) == Some(k) {
                out.push(*value);
            }
        }
        Some(out)
    }

    /// The rows of one part of a split, in order of the table: a shuffle by the split's seed, cut by its
    /// fractions.
    fn split_part(&mut self, split: usize, part: usize) -> Option<Vec<f64>> {
        let split_of = self.model.splits.get(split)?;
        let n = self.world.tables[split_of.table].as_ref()?.table.n_rows();
        let mut rows: Vec<u32> = (0..n as u32).collect();
        Stream::new(split_of.seed, split as u64).shuffle(&mut rows);
        let share = |k: usize| split_of.parts.iter().take(k).map(|p| p.1).sum::<f64>();
        let cut = |k: usize| ((share(k) * n as f64).round() as usize).min(n);
        let mut mine: Vec<f64> = rows[cut(part)..cut(part + 1)].iter().map(|r| f64::from(*r)).collect();
        mine.sort_unstable_by(f64::total_cmp);
        Some(mine)
    }

    fn param(&mut self, param: ParamId, files: &mut super::instance::Inputs<'_>) {
        let declared = &self.model.params[param];
        let at = declared.at;
        let sizes: Vec<usize> = declared.axes.iter().map(|a| self.world.sets[*a].len).collect();
        let len = sizes.iter().try_fold(1usize, |n, len| n.checked_mul(*len));
        let Some(len) = len.filter(|n| *n <= limits::MAX_ELEMENTS) else {
            self.reports.push(LimitError::TooManyElements { at, count: len, most: limits::MAX_ELEMENTS });
            return;
        };
        if declared.labels {
            if let Some(codes) = self.label_column(param) {
                let offset = self.world.codes.len();
                self.world.codes.extend(codes);
                self.world.params[param] = Block { offset, len };
            }
            return;
        }
        if let Err(stop) = self.world.take(len, 8, at) {
            self.report(stop, at);
        } else {
            let values = self.values(param, &sizes, len, files);
            // Entries that had an error read as 0, so that what uses them can be checked too.
            let values = values.unwrap_or_else(|| vec![0.0; len]);
            let offset = self.world.store(values);
            self.world.params[param] = Block { offset, len };
        }
    }

    /// The values of a numeric param.
    fn values(
        &mut self,
        param: ParamId,
        sizes: &[usize],
        len: usize,
        files: &mut super::instance::Inputs<'_>,
    ) -> Option<Vec<f64>> {
        let declared = &self.model.params[param];
        let is_set = declared.axes.is_empty() && self.overrides.iter().any(|(n, _)| *n == declared.name);
        match &declared.source {
            _ if is_set => self.values_of_model(param, len),
            ParamSource::Column { table, column } => {
                self.numeric_column(*table, *column, self.ends.contains(&param), declared.at)
            }
            ParamSource::File { path, at } => self.file_values(param, sizes, len, (path, *at), files),
            _ => self.values_of_model(param, len),
        }
    }

    /// The values of a param that reads no file.
    pub fn values_of_model(&mut self, param: ParamId, len: usize) -> Option<Vec<f64>> {
        let declared = &self.model.params[param];
        if let Some((_, value)) = self.overrides.iter().rev().find(|(n, _)| *n == declared.name)
            && declared.axes.is_empty()
        {
            return Some(vec![*value]);
        }
        match &declared.source {
            ParamSource::Computed { .. } => self.computed(param),
            ParamSource::Map(entries) => self.map_entries(param, entries, len),
            ParamSource::List(values) => {
                if values.len() != len {
                    let (name, at) = (declared.name.clone(), declared.at);
                    self.reports.push(DataError::WrongLength { at, name, expected: len, found: values.len() });
                    return None;
                }
                values.iter().map(|v| self.scalar(*v, declared.at)).collect()
            }
            ParamSource::Missing => self.hyper(param),
            ParamSource::Column { .. } | ParamSource::File { .. } => None,
        }
    }

    /// The values of a computed param.
    pub fn computed(&mut self, param: ParamId) -> Option<Vec<f64>> {
        let declared = &self.model.params[param];
        let ParamSource::Computed { domain, body } = declared.source else { return None };
        let bound = self.domain(domain, declared.at)?;
        let values = self.column(&bound, body, declared.at)?;
        if let Some(k) = values.iter().position(|v| v.is_nan()) {
            self.not_a_number(&declared.name, &bound, k, body, declared.at);
            return None;
        }
        Some(values)
    }

    /// Reports a data expression that is not a number at an instance.
    pub fn not_a_number(&mut self, name: &str, domain: &BoundDomain, k: usize, body: NodeId, at: Span) {
        let mut walk = Interp::new(self.model, &self.world, &self.world.deps, Plain { x: &[] });
        let places = super::lanes::places_at(domain, k);
        for (binder, place) in &places {
            walk.place(*binder, *place);
        }
        let writer = Writer::new(self.model, &self.world);
        let element: Vec<interp::Val> = places.iter().flat_map(|(b, _)| walk.element_of(*b)).collect();
        let name = writer.indexed(name, &element);
        let (words, span) = match interp::find(&mut walk, body) {
            Some(culprit) => {
                let graph = &self.model.graph;
                let span = match culprit.defines {
                    Some(name) => graph.span_after(culprit.node, name),
                    None => graph.span_within(culprit.node, at),
                };
                (culprit.words(), span)
            }
            None => ("not a number here".to_owned(), at),
        };
        let declared_at = (span != at).then_some(at);
        self.reports.push(DomainError::DataNotFinite { at: span, name, words, declared_at });
    }

    fn map_entries(&mut self, param: ParamId, entries: &[(Vec<Key>, NodeId, Span)], len: usize) -> Option<Vec<f64>> {
        let declared = &self.model.params[param];
        let mut out = vec![f64::NAN; len];
        let mut given = vec![false; len];
        let mut good = true;
        for (keys, node, span) in entries {
            let codes: Vec<f64> = keys.iter().map(|k| key_code(*k)).collect();
            let kinds: Vec<bool> = keys.iter().map(|k| matches!(k, Key::Label(_))).collect();
            let Some(entry) = self.position(param, &codes, &kinds) else {
                let element = self.keys_text(keys);
                let set = declared.axes.iter().map(|a| set_words(self.model, *a)).collect::<Vec<_>>().join(", ");
                let suggestion = self.like(param, keys);
                self.reports.push(DataError::UnknownEntry { at: *span, element, set, suggestion });
                good = false;
                continue;
            };
            // Keys that stand twice are found by `sema`.
            given[entry] = true;
            match self.scalar(*node, *span) {
                Some(value) => out[entry] = value,
                None => good = false,
            }
        }
        let missing: Vec<usize> = (0..len).filter(|k| !given[*k]).collect();
        if !missing.is_empty() && good {
            let (name, at, count) = (declared.name.clone(), declared.at, missing.len());
            let missing = missing.iter().take(3).map(|k| self.entry_text(param, *k)).collect();
            self.reports.push(DataError::MissingEntry { at, name, missing, count });
            good = false;
        }
        good.then_some(out)
    }

    /// The entry of a param at key codes; `label[k]` tells which are labels.
    pub fn position(&self, param: ParamId, codes: &[f64], label: &[bool]) -> Option<usize> {
        let mut entry = 0;
        let mut next = 0;
        for &axis in &self.model.params[param].axes {
            let elem = &self.model.sets[axis].elem;
            let range = next..next + elem.len();
            next = range.end;
            let key = codes.get(range.clone())?;
            let fits = elem.iter().zip(label.get(range)?).all(|(ty, is_label)| match ty {
                ElemType::Int => !is_label,
                ElemType::Label => *is_label,
                ElemType::Row(_) => true,
            });
            let position = self.world.find(axis, key, &vec![false; key.len()]).filter(|_| fits)?;
            entry = entry * self.world.sets[axis].len + position;
        }
        (next == codes.len()).then_some(entry)
    }

    fn keys_text(&self, keys: &[Key]) -> String {
        let text = |k: &Key| match k {
            Key::Int(v) => v.to_string(),
            Key::Label(l) => self.model.graph.label_name(*l).to_string(),
        };
        keys.iter().map(text).collect::<Vec<_>>().join(", ")
    }

    /// A label of the axes that looks like one of the keys.
    fn like(&self, param: ParamId, keys: &[Key]) -> Option<String> {
        let [Key::Label(label)] = keys else { return None };
        let wrong = self.model.graph.label_name(*label).clone();
        let axis = *self.model.params[param].axes.first()?;
        self.closest_label(axis, &wrong)
    }

    /// The label of a set that looks most like `wrong`.
    pub fn closest_label(&self, set: SetId, wrong: &str) -> Option<String> {
        const MOST: usize = 10_000;
        if self.model.sets[set].elem != [ElemType::Label] {
            return None;
        }
        let bound = &self.world.sets[set];
        let labels: Vec<String> = (0..bound.len.min(MOST)).map(|k| self.world.label(bound.code(k, 0) as u32)).collect();
        closest(wrong, labels.iter().map(String::as_str)).map(str::to_string)
    }

    /// An entry of a param as `a, b`.
    pub fn entry_text(&self, param: ParamId, entry: usize) -> String {
        let writer = Writer::new(self.model, &self.world);
        let mut rest = entry;
        let mut parts = Vec::new();
        for &axis in self.model.params[param].axes.iter().rev() {
            let len = self.world.sets[axis].len.max(1);
            for part in (0..self.model.sets[axis].arity()).rev() {
                parts.push(writer.val(self.world.element(axis, rest % len, part)));
            }
            rest /= len;
        }
        parts.reverse();
        parts.join(", ")
    }

    fn numeric_column(
        &mut self,
        table: crate::ir::TableId,
        column: usize,
        infinite: bool,
        at: Span,
    ) -> Option<Vec<f64>> {
        let bound = self.world.tables[table].as_ref()?;
        let file_column = bound.columns[column]?;
        match bound.table.numbers(file_column, infinite, Some(at)) {
            Ok(values) => Some(values.to_vec()),
            Err(error) => {
                self.reports.push(error);
                None
            }
        }
    }

    /// The labels of a column.
    fn label_column(&mut self, param: ParamId) -> Option<Vec<u32>> {
        let ParamSource::Column { table, column } = self.model.params[param].source else { return None };
        let bound = self.world.tables[table].as_ref()?;
        let (table, column) = (Arc::clone(&bound.table), bound.columns[column]?);
        Some(self.codes_of(&table, column))
    }

    /// Label numbers of a column of a file, interned.
    pub fn codes_of(&mut self, table: &crate::data::Table, column: usize) -> Vec<u32> {
        match table.column(column) {
            Column::Text { codes, dict } => {
                let known: Vec<u32> = dict.iter().map(|l| self.world.intern(l)).collect();
                codes.iter().map(|c| known[*c as usize]).collect()
            }
            numbers => (0..numbers.len()).map(|row| self.world.intern(&numbers.text(row))).collect(),
        }
    }

    /// The middle of a hyper-parameter's range; otherwise a param without a value is an error.
    fn hyper(&mut self, param: ParamId) -> Option<Vec<f64>> {
        let declared = &self.model.params[param];
        let Some(hyper) = self.model.hypers.iter().find(|h| h.param == param) else {
            let (name, indexed) = (declared.name.clone(), !declared.axes.is_empty());
            self.reports.push(DataError::NoValue { at: declared.at, name, indexed });
            return None;
        };
        let (lo, hi) = (self.scalar(hyper.lo, hyper.at)?, self.scalar(hyper.hi, hyper.at)?);
        let middle = if hyper.log { (lo * hi).sqrt() } else { 0.5 * (lo + hi) };
        let middle = if hyper.ty == crate::ir::model::VarType::Real { middle } else { middle.round() };
        Some(vec![middle])
    }
}

/// The code of a literal key.
pub fn key_code(key: Key) -> f64 {
    match key {
        Key::Int(v) => v as f64,
        Key::Label(l) => f64::from(l.0),
    }
}

/// A set in a sentence: `` `hours` (1..24) ``.
pub fn set_words(model: &Model, set: SetId) -> String {
    let text = pretty::set_name(model, set);
    match (&model.sets[set].name, &model.sets[set].kind) {
        (Some(name), SetKind::Range { lo, hi }) => {
            format!("`{name}` ({}..{})", pretty::expr(model, *lo), pretty::expr(model, *hi))
        }
        (Some(name), _) => format!("`{name}`"),
        _ => text,
    }
}

/// A fault as a report: what was asked for, where the indices stood, which set does not have it.
pub fn explain(model: &Model, world: &World, fault: &LaneFault, within: Span) -> Option<DomainError> {
    let mut walk = Interp::new(model, world, &world.deps, Plain { x: &[] });
    for (binder, place) in &fault.places {
        walk.place(*binder, *place);
    }
    let found = walk.eval(fault.node).err()?;
    let FaultKind::OutOfSet { set, asked } = &found.kind else { return None };
    let writer = Writer::new(model, world);
    let asked: Vec<String> = asked.iter().map(|v| writer.val(*v)).collect();
    let asked = if asked.len() == 1 { asked[0].clone() } else { format!("({})", asked.join(", ")) };
    let indices = found.indices(&walk);
    let help = (!indices.is_empty()).then(|| {
        let index = indices.split(" = ").next().unwrap_or("t");
        format!("leave such instances out by a filter after the last index: `if {index} …`")
    });
    Some(DomainError::OutOfSet {
        at: model.graph.span_within(found.node, within),
        text: writer.template(found.node),
        asked,
        indices,
        set: set_words(model, *set),
        declared_at: model.sets[*set].name.is_some().then_some(model.sets[*set].at),
        help,
    })
}
