//! Subscripts and fields: `x[i, "New York", t - 1]`, `r.column`.

use super::Sema;
use super::literals::integer;
use super::names::Entity;
use super::value::{ArrId, Elem, Leaf, Value};
use crate::base::{Name, Span};
use crate::diag::closest;
use crate::diag::codes::kind::KindError;
use crate::diag::codes::name::NameError;
use crate::diag::codes::shape::ShapeError;
use crate::ir::model::{ElemType, SetKind};
use crate::ir::{NodeId, ParamId, SetId, TableId};
use crate::syntax::ast::{ExprId, ExprKind, Ident};

/// At most this many elements of a set are listed.
const MOST_LISTED: usize = 8;

/// What a subscript is expected to be: a component of an axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub axis: SetId,
    pub ty: ElemType,
    /// The set the component comes from, if it is known.
    pub set: Option<SetId>,
}

impl Sema<'_> {
    /// `of[subs]`.
    pub(super) fn index(&mut self, of: ExprId, subs: &[ExprId], at: Span) -> Value {
        let stmt = self.stmt;
        let of_at = stmt.expr_span(of);
        let value = match &stmt.exprs[of].kind {
            ExprKind::Name(name) => match self.indexed_name(name, of_at) {
                Ok(leaf) => return self.index_leaf(leaf, subs, at),
                Err(value) => value,
            },
            _ => self.expr(of),
        };
        match value {
            Value::Array(arr) => self.index_array(arr, subs, at),
            Value::Set(set) if self.is_whole_table(set) => self.row_by_key(set, subs, at),
            Value::Error => {
                self.read_subs(subs);
                Value::Error
            }
            other => {
                let found = self.describe(&other);
                self.read_subs(subs);
                self.error(ShapeError::NotIndexed { at: of_at, found, text: self.text_at(of_at) })
            }
        }
    }

    /// Reads subscripts whose meaning is lost, for the errors inside them; bare names may be labels.
    fn read_subs(&mut self, subs: &[ExprId]) {
        for &sub in subs {
            if !matches!(self.stmt.exprs[sub].kind, ExprKind::Name(_)) {
                self.expr(sub);
            }
        }
    }

    /// The declared thing behind a name that is indexed, or the value of the name.
    fn indexed_name(&mut self, name: &Name, at: Span) -> Result<Leaf, Value> {
        if self.locals.get(name).is_none()
            && let Some(decl) = self.names.get(name)
        {
            match decl.entity {
                Entity::Param(param) => return Ok(Leaf::Param(param)),
                Entity::Var(var) => return Ok(Leaf::Var(var)),
                Entity::Array(array) => return Ok(Leaf::Array(array)),
                _ => {}
            }
        }
        Err(self.name_value(name, at))
    }

    fn index_leaf(&mut self, leaf: Leaf, subs: &[ExprId], at: Span) -> Value {
        let axes = self.axes_of(leaf);
        let (name, declared_at, _) = self.leaf_facts(leaf);
        let name = name.unwrap_or_else(|| "this".into());
        match self.subscripts(&axes, subs, &name, declared_at) {
            Some(nodes) => self.leaf_at(leaf, nodes, at),
            None => Value::Error,
        }
    }

    /// An entry, or a part, of an array expression.
    fn index_array(&mut self, arr: ArrId, subs: &[ExprId], at: Span) -> Value {
        let this = self.arrs[arr].clone();
        let name: Name = self.text_at(this.at).into();
        let Some(nodes) = self.subscripts(&this.axes, subs, &name, this.at) else { return Value::Error };
        let n_axes = nodes.len();
        if n_axes < self.arity_of(&this.axes) {
            if let super::value::ArrKind::Leaf(leaf, given) = &this.kind {
                let nodes = [&given[..], &nodes].concat();
                return self.leaf_at(*leaf, nodes, at);
            }
            let (axes, found) = (self.arity_of(&this.axes), n_axes);
            let error = ShapeError::WrongIndexCount { at, name, declared_at: None, expected: axes, found };
            return self.error(error);
        }
        let node = self.entry(arr, &nodes);
        if let super::value::ArrKind::Leaf(leaf, _) = this.kind {
            return self.leaf_value(leaf, node);
        }
        if this.is_bool { Value::Bool(node) } else { Value::Num(node) }
    }

    /// The nodes of subscripts that end with an axis. Reported and nothing when one is wrong or their
    /// number is.
    pub(super) fn subscripts(
        &mut self,
        axes: &[SetId],
        subs: &[ExprId],
        name: &Name,
        declared_at: Span,
    ) -> Option<Vec<NodeId>> {
        let expected = self.expected_of(axes);
        let mut nodes = Vec::with_capacity(expected.len());
        let mut is_complete = true;
        let mut extra: Option<Span> = None;
        for &sub in subs {
            let place = expected.get(nodes.len()).copied();
            let at = self.stmt.expr_span(sub);
            if place.is_none() {
                extra = Some(extra.map_or(at, |first| first.to(at)));
            }
            match self.element(sub, place) {
                Some(parts) => {
                    for (offset, part) in parts.iter().enumerate() {
                        if let Some(place) = expected.get(nodes.len()).copied() {
                            match self.fit(*part, place, at, offset == 0) {
                                Some(node) => nodes.push(node),
                                None => {
                                    is_complete = false;
                                    nodes.push(part.node);
                                }
                            }
                        } else {
                            extra = Some(extra.map_or(at, |first| first.to(at)));
                        }
                    }
                }
                None => {
                    is_complete = false;
                    // One stands for one, so that the later ones are checked at their places.
                    if place.is_some() {
                        nodes.push(self.model.graph.number(0.0));
                    }
                }
            }
        }
        let found = if extra.is_some() { nodes.len().max(subs.len()) } else { nodes.len() };
        if extra.is_some() || !self.ends_with_axis(axes, nodes.len()) {
            let at = extra.unwrap_or_else(|| self.subs_span(subs));
            let (name, declared_at) = (name.clone(), Some(declared_at));
            let error = ShapeError::WrongIndexCount { at, name, declared_at, expected: expected.len(), found };
            self.reports.push(error);
            return None;
        }
        is_complete.then_some(nodes)
    }

    fn subs_span(&self, subs: &[ExprId]) -> Span {
        let spans = subs.iter().map(|s| self.stmt.expr_span(*s));
        spans.reduce(Span::to).unwrap_or_else(|| self.stmt.span(self.stmt.at))
    }

    fn ends_with_axis(&self, axes: &[SetId], n: usize) -> bool {
        let mut before = 0;
        for axis in axes {
            if before == n {
                return true;
            }
            before += self.model.sets[*axis].arity();
        }
        before == n
    }

    fn expected_of(&self, axes: &[SetId]) -> Vec<Expected> {
        let mut expected = Vec::new();
        for &axis in axes {
            for (part, ty) in self.model.sets[axis].elem.iter().enumerate() {
                expected.push(Expected { axis, ty: *ty, set: self.component_set(axis, part) });
            }
        }
        expected
    }

    /// The components of a subscript; a bare name may be a label of the expected set.
    pub(super) fn element(&mut self, id: ExprId, expected: Option<Expected>) -> Option<Vec<Elem>> {
        let stmt = self.stmt;
        let at = stmt.expr_span(id);
        let value = match &stmt.exprs[id].kind {
            ExprKind::Name(name) => self.subscript_name(name, expected, at),
            _ => self.expr(id),
        };
        match value {
            Value::Num(node) => Some(vec![Elem::new(node, ElemType::Int, None)]),
            Value::Elem(elem) => Some(vec![elem]),
            Value::Tuple(parts) => Some(parts),
            Value::Error => None,
            other => {
                let found = self.describe(&other);
                self.reports.push(KindError::NotAnElement { at, found });
                None
            }
        }
    }

    /// A bare name in a subscript: an index or a param, else a label of a written set.
    fn subscript_name(&mut self, name: &Name, expected: Option<Expected>, at: Span) -> Value {
        let written = expected.and_then(|e| Some((e, e.set?))).filter(|(e, _)| e.ty == ElemType::Label);
        let label = self.model.graph.label(name);
        let is_label =
            written.is_some_and(|(_, set)| self.literal_labels(set).is_some_and(|(_, labels)| labels.contains(&label)));
        let declared = self.locals.get(name).map(|local| local.at).or_else(|| {
            let decl = self.names.get(name)?;
            let is_index = matches!(decl.entity, Entity::Param(_) | Entity::Array(_) | Entity::Error);
            (is_index || !is_label).then_some(decl.at)
        });
        match (declared, is_label) {
            (Some(declared_at), true) => {
                let set = expected.map_or_else(String::new, |e| self.set_words(e.axis));
                self.error(NameError::LabelClash { at, name: name.clone(), declared_at, set })
            }
            (Some(_), false) => self.name_value(name, at),
            (None, true) => {
                self.here(at);
                let node = self.model.graph.label_node(label);
                Value::Elem(Elem::new(node, ElemType::Label, expected.and_then(|e| e.set)))
            }
            (None, false) => self.unknown_subscript(name, expected, at),
        }
    }

    fn unknown_subscript(&mut self, name: &Name, expected: Option<Expected>, at: Span) -> Value {
        let Some(expected) = expected.filter(|e| e.ty == ElemType::Label) else {
            return self.name_value(name, at);
        };
        let local = closest(name, self.locals.names()).map(Name::from);
        if let Some(set) = expected.set
            && self.literal_labels(set).is_some()
            && local.is_none()
        {
            return self.unknown_label(name, set, at);
        }
        if local.is_none() && expected.set.is_none_or(|set| self.literal_labels(set).is_none()) {
            let set = self.set_words(expected.axis);
            let set_at = self.model.sets[expected.axis].at;
            return self.error(NameError::UnquotedLabel { at, name: name.clone(), set, set_at });
        }
        self.name_value(name, at)
    }

    fn unknown_label(&mut self, label: &Name, set: SetId, at: Span) -> Value {
        let Some((root, _)) = self.literal_labels(set) else { return Value::Error };
        let SetKind::Labels(labels) = &self.model.sets[root].kind else { return Value::Error };
        let words = labels.iter().map(|l| &**self.label_text(*l));
        let suggestion = closest(label, words).map(Name::from);
        let known = labels.iter().take(MOST_LISTED).map(|l| self.label_text(*l).clone()).collect();
        let more = labels.len().saturating_sub(MOST_LISTED);
        let set_at = self.model.sets[root].at;
        let set = self.set_words(root);
        self.error(NameError::UnknownLabel { at, label: label.clone(), set, set_at, suggestion, known, more })
    }

    /// The node of a component that fits where it is used; reported and nothing when it does not.
    pub(super) fn fit(&mut self, part: Elem, expected: Expected, at: Span, is_first: bool) -> Option<NodeId> {
        let node = part.node;
        match (expected.ty, part.ty) {
            (ElemType::Int, ElemType::Int) => self.fit_integer(node, expected, at).then_some(node),
            (ElemType::Label, ElemType::Label) => self.fit_label(part, expected, at).then_some(node),
            (ElemType::Row(a), ElemType::Row(b)) if a == b => Some(node),
            // The value of a table's key finds the row.
            (ElemType::Row(table), ElemType::Int | ElemType::Label) => {
                let wanted = self.key_type(table);
                if wanted == Some(part.ty) || self.unread_tables.contains(&table) {
                    return self.is_index_data(node, at).then_some(node);
                }
                self.wrong_element(part, expected, at, is_first);
                None
            }
            _ => {
                self.wrong_element(part, expected, at, is_first);
                None
            }
        }
    }

    fn wrong_element(&mut self, part: Elem, expected: Expected, at: Span, is_first: bool) {
        let found = match part.set.filter(|_| is_first) {
            Some(set) => format!("an element of {}", self.set_words(set)),
            None if part.ty == ElemType::Int => "a number".into(),
            None => self.describe_type(part.ty),
        };
        let found_at = part.set.map(|set| self.model.sets[set].at);
        let (set, set_at) = (self.set_words(expected.axis), self.model.sets[expected.axis].at);
        let wanted = match expected.ty {
            ElemType::Row(_) => self.describe_type(expected.ty),
            ty => format!("{} of {set}", self.describe_type(ty)),
        };
        self.reports.push(ShapeError::WrongSet { at, found, found_at, wanted, set, set_at });
    }

    /// The type of a single key of a table; rows without a key are numbered.
    pub(super) fn key_type(&self, table: TableId) -> Option<ElemType> {
        let table = &self.model.tables[table];
        match table.key[..] {
            [] => Some(ElemType::Int),
            [one] if table.columns[one].numeric => Some(ElemType::Int),
            [_] => Some(ElemType::Label),
            _ => None,
        }
    }

    fn fit_integer(&mut self, node: NodeId, expected: Expected, at: Span) -> bool {
        if !self.is_index_data(node, at) {
            return false;
        }
        let Some(value) = self.model.graph.as_num(node) else { return true };
        let Some(value) = integer(value) else {
            self.reports.push(KindError::NotAnInteger { at, what: "a subscript".into() });
            return false;
        };
        let Some(set) = expected.set else { return true };
        let is_in = match &self.model.sets[set].kind {
            SetKind::Ints(ints) => ints.contains(&value),
            SetKind::Range { lo, hi } => {
                let ends = (self.model.graph.as_num(*lo), self.model.graph.as_num(*hi));
                ends.0.is_none_or(|lo| lo <= value as f64) && ends.1.is_none_or(|hi| value as f64 <= hi)
            }
            _ => true,
        };
        if !is_in {
            let (set, set_at) = (self.set_words(set), self.model.sets[set].at);
            self.reports.push(ShapeError::OutOfSet { at, value: value.to_string(), set, set_at });
        }
        is_in
    }

    fn fit_label(&mut self, part: Elem, expected: Expected, at: Span) -> bool {
        let Some(set) = expected.set else { return true };
        if let crate::ir::Node::Label(label) = *self.model.graph.node(part.node) {
            let missing = self.literal_labels(set).is_some_and(|(_, labels)| !labels.contains(&label));
            if missing {
                let name = self.label_text(label).clone();
                self.unknown_label(&name, set, at);
            }
            return !missing;
        }
        if let Some(from) = part.set.or_else(|| self.index_set(part.node))
            && self.are_disjoint(from, set)
        {
            self.wrong_element(Elem { set: Some(from), ..part }, expected, at, true);
            return false;
        }
        true
    }

    /// Whether a subscript is free of variables; reported when not.
    fn is_index_data(&mut self, node: NodeId, at: Span) -> bool {
        if let Some((name, declared_at)) = self.variable_in(node) {
            let place = "a subscript";
            self.reports.push(KindError::VariableInData { at, place, name, declared_at });
            return false;
        }
        true
    }

    fn is_whole_table(&self, set: SetId) -> bool {
        matches!(self.model.sets[set].kind, SetKind::Rows(_))
    }

    /// `table[key]`: the row with that key.
    fn row_by_key(&mut self, set: SetId, subs: &[ExprId], at: Span) -> Value {
        let Some(table) = self.table_of(set) else { return Value::Error };
        let (name, declared_at) = (self.model.tables[table].name.clone(), self.model.tables[table].at);
        match self.subscripts(&[set], subs, &name, declared_at) {
            Some(nodes) => {
                let is_row =
                    matches!(self.index_set(nodes[0]).map(|s| self.model.sets[s].elem[0]), Some(ElemType::Row(_)));
                let _ = at;
                let elem = Elem::new(nodes[0], ElemType::Row(table), Some(set));
                Value::Elem(Elem { by_key: !is_row, ..elem })
            }
            None => Value::Error,
        }
    }

    /// `of.field`: a column of a row, or of all rows.
    pub(super) fn field(&mut self, of: ExprId, field: &Ident, at: Span) -> Value {
        let of_at = self.stmt.expr_span(of);
        match self.expr(of) {
            Value::Elem(Elem { node, ty: ElemType::Row(table), .. }) => match self.column_of(table, field) {
                Some(param) => {
                    self.here(at);
                    let entry = self.model.graph.param(param, &[node]);
                    self.leaf_value(Leaf::Param(param), entry)
                }
                None => Value::Error,
            },
            Value::Set(set) => match self.table_of(set) {
                Some(table) => match self.column_of(table, field) {
                    Some(param) => self.whole_column(param, set, at),
                    None => Value::Error,
                },
                None => self.no_record(&Value::Set(set), of_at, field),
            },
            Value::Error => Value::Error,
            other => self.no_record(&other, of_at, field),
        }
    }

    fn no_record(&mut self, value: &Value, at: Span, field: &Ident) -> Value {
        let found = self.describe(value);
        self.error(KindError::NotARecord { at, field: field.name.clone(), found })
    }

    /// A column over all rows of a table, or over a part of it.
    fn whole_column(&mut self, param: ParamId, set: SetId, at: Span) -> Value {
        if self.model.params[param].labels && self.word_in_param(param, at) {
            return Value::Error;
        }
        if self.model.params[param].labels {
            return self.error(KindError::NotANumber {
                at,
                found: "a column of labels".into(),
                declared_at: None,
                help: Some("labels are compared row by row: `r.column == \"label\"`".into()),
            });
        }
        let kind = super::value::ArrKind::Leaf(Leaf::Param(param), Vec::new());
        Value::Array(self.push_arr(vec![set], at, kind))
    }
}
