//! Comparisons, equality of elements, membership.

use super::Sema;
use super::sets::SetSource;
use super::value::{ArrKind, Elem, Value};
use crate::base::{Name, Span};
use crate::diag::codes::kind::KindError;
use crate::diag::codes::shape::ShapeError;
use crate::ir::NodeId;
use crate::ir::model::ElemType;
use crate::syntax::ast::{BinOp, ExprId, ExprKind, Rel};

/// The row of `func` behind a comparison.
pub(super) fn row_name(op: BinOp) -> &'static str {
    match op {
        BinOp::Lt => "lt",
        BinOp::Le => "le",
        BinOp::Gt => "gt",
        BinOp::Ge => "ge",
        BinOp::Ne => "ne",
        _ => "eq",
    }
}

/// As it is written.
pub(super) fn sign(op: BinOp) -> &'static str {
    match op {
        BinOp::Lt => "<",
        BinOp::Le => "<=",
        BinOp::Gt => ">",
        BinOp::Ge => ">=",
        BinOp::Ne => "!=",
        _ => "==",
    }
}

impl Sema<'_> {
    /// `a < b`, `a == b` ...
    pub(super) fn comparison(&mut self, op: BinOp, left: ExprId, right: ExprId, at: Span) -> Value {
        let (a, b) = self.two_sides(left, right);
        self.compare_values(op, (a, left), (b, right), at)
    }

    /// `a <= b < c` as a condition.
    pub(super) fn comparison_chain(&mut self, parts: &[ExprId], ops: &[(BinOp, Rel)], at: Span) -> Value {
        let values: Vec<Value> = parts.iter().map(|part| self.expr(*part)).collect();
        let mut nodes = Vec::with_capacity(ops.len());
        let mut is_complete = true;
        for (place, (op, _)) in ops.iter().enumerate() {
            let (left, right) = (parts[place], parts[place + 1]);
            let sides = ((values[place].clone(), left), (values[place + 1].clone(), right));
            match self.compare_values(*op, sides.0, sides.1, at) {
                Value::Bool(node) => nodes.push(node),
                Value::Error => is_complete = false,
                other => {
                    let found = self.describe(&other);
                    self.reports.push(KindError::NotACondition { at, found, help: None });
                    is_complete = false;
                }
            }
        }
        if !is_complete {
            return Value::Error;
        }
        self.here(at);
        Value::Bool(self.model.graph.call("and", &nodes))
    }

    /// The values of both sides; a bare name beside a label is a label of the same set.
    fn two_sides(&mut self, left: ExprId, right: ExprId) -> (Value, Value) {
        match (self.free_name(left), self.free_name(right)) {
            (None, Some(name)) => {
                let a = self.expr(left);
                let b = self.name_beside(&a, &name, right);
                (a, b)
            }
            (Some(name), None) => {
                let b = self.expr(right);
                let a = self.name_beside(&b, &name, left);
                (a, b)
            }
            _ => (self.expr(left), self.expr(right)),
        }
    }

    /// A bare name that nothing in scope has.
    fn free_name(&self, id: ExprId) -> Option<Name> {
        let ExprKind::Name(name) = &self.stmt.exprs[id].kind else { return None };
        let is_known = self.locals.get(name).is_some()
            || self.names.get(name).is_some()
            || super::names::constant(name).is_some();
        (!is_known).then(|| name.clone())
    }

    fn name_beside(&mut self, other: &Value, name: &Name, id: ExprId) -> Value {
        let at = self.stmt.expr_span(id);
        let _ = name;
        match other {
            Value::Elem(elem) if elem.ty == ElemType::Label => {
                let set = elem.set;
                let expected = set.map(|axis| super::subscripts::Expected { axis, ty: ElemType::Label, set: Some(axis) });
                match (self.element(id, expected), expected) {
                    (Some(parts), _) if parts.len() == 1 => parts[0].value(),
                    _ => Value::Error,
                }
            }
            Value::Error => Value::Error,
            _ => {
                self.unknown_name(name, at, None);
                Value::Error
            }
        }
    }

    fn compare_values(&mut self, op: BinOp, a: (Value, ExprId), b: (Value, ExprId), at: Span) -> Value {
        let is_equality = matches!(op, BinOp::Eq | BinOp::Ne);
        match (&a.0, &b.0) {
            (Value::Error, _) | (_, Value::Error) => Value::Error,
            (Value::Num(x), Value::Num(y)) => {
                self.here(at);
                Value::Bool(self.model.graph.call(row_name(op), &[*x, *y]))
            }
            (Value::Array(_), Value::Array(_) | Value::Num(_)) | (Value::Num(_), Value::Array(_)) => {
                self.compare_arrays(op, a, b, at)
            }
            (Value::Elem(_) | Value::Num(_) | Value::Tuple(_), Value::Elem(_) | Value::Num(_) | Value::Tuple(_))
                if is_equality =>
            {
                let same = self.same_element(&parts_of(&a.0), &parts_of(&b.0), at);
                match same {
                    Some(node) if op == BinOp::Ne => {
                        self.here(at);
                        Value::Bool(self.model.graph.call("not", &[node]))
                    }
                    Some(node) => Value::Bool(node),
                    None => self.cannot_compare(op, a, b),
                }
            }
            _ => self.cannot_compare(op, a, b),
        }
    }

    fn compare_arrays(&mut self, op: BinOp, a: (Value, ExprId), b: (Value, ExprId), at: Span) -> Value {
        let (Some(x), Some(y)) = (self.operand_of(a.0, a.1), self.operand_of(b.0, b.1)) else {
            return Value::Error;
        };
        let Some(shape) = self.common_shape(&[x, y], at) else { return Value::Error };
        let kind = ArrKind::Map(self.builtin(row_name(op)), vec![x, y]);
        self.like_condition(shape, kind, at)
    }

    fn cannot_compare(&mut self, op: BinOp, a: (Value, ExprId), b: (Value, ExprId)) -> Value {
        let (left_at, right_at) = (self.stmt.expr_span(a.1), self.stmt.expr_span(b.1));
        let (left, right) = (self.describe(&a.0), self.describe(&b.0));
        self.error(KindError::CannotCompare { op: sign(op), left, left_at, right, right_at })
    }

    /// 1 when two elements are the same; nothing when they are of different kinds.
    fn same_element(&mut self, a: &[Elem], b: &[Elem], at: Span) -> Option<NodeId> {
        if a.len() != b.len() {
            return None;
        }
        let mut nodes = Vec::with_capacity(a.len());
        for (x, y) in a.iter().zip(b) {
            nodes.push(self.same_part(*x, *y, at)?);
        }
        if let [one] = nodes[..] {
            return Some(one);
        }
        self.here(at);
        Some(self.model.graph.call("and", &nodes))
    }

    fn same_part(&mut self, x: Elem, y: Elem, at: Span) -> Option<NodeId> {
        match (x.ty, y.ty) {
            (ElemType::Int, ElemType::Int) => {
                self.here(at);
                Some(self.model.graph.call("eq", &[x.node, y.node]))
            }
            (ElemType::Label, ElemType::Label) => {
                self.here(at);
                Some(self.model.graph.same_elem(x.node, y.node))
            }
            (ElemType::Row(a), ElemType::Row(b)) if a == b && !x.by_key && !y.by_key => {
                self.here(at);
                Some(self.model.graph.same_elem(x.node, y.node))
            }
            (ElemType::Row(a), ElemType::Row(b)) if a == b => {
                let (x, y) = (self.key_of(x, at)?, self.key_of(y, at)?);
                self.same_part(x, y, at)
            }
            // A row beside a value of its key: `k.bus == i`.
            (ElemType::Row(_), _) => {
                let key = self.key_of(x, at)?;
                (key.ty == y.ty).then_some(())?;
                self.same_part(key, y, at)
            }
            (_, ElemType::Row(_)) => self.same_part(y, x, at),
            _ => None,
        }
    }

    /// The value of the key of a row, when its table has one key column.
    fn key_of(&mut self, row: Elem, at: Span) -> Option<Elem> {
        let ElemType::Row(table) = row.ty else { return None };
        let ty = self.key_type(table)?;
        if row.by_key {
            return Some(Elem::new(row.node, ty, None));
        }
        let column = *self.model.tables[table].key.first()?;
        let param = self.column_param(table, column);
        self.here(at);
        Some(Elem::new(self.model.graph.param(param, &[row.node]), ty, None))
    }

    /// `a in S`.
    pub(super) fn membership(&mut self, left: ExprId, right: ExprId, at: Span) -> Value {
        match self.set_source(right) {
            SetSource::Error => {
                self.element(left, None);
                Value::Error
            }
            SetSource::Set(set) => self.member_of(left, set, at),
            SetSource::Range(lo, hi) => {
                let Some(value) = self.number(left) else { return Value::Error };
                self.here(at);
                let graph = &mut self.model.graph;
                let parts = [graph.call("le", &[lo, value]), graph.call("le", &[value, hi])];
                Value::Bool(graph.call("and", &parts))
            }
            SetSource::Comprehension(id) => {
                let set = self.comprehension(id);
                self.member_of(left, set, at)
            }
        }
    }

    fn member_of(&mut self, left: ExprId, set: crate::ir::SetId, at: Span) -> Value {
        let left_at = self.stmt.expr_span(left);
        let stmt = self.stmt;
        let items: Vec<ExprId> = match &stmt.exprs[left].kind {
            ExprKind::Tuple(items) => items.clone(),
            _ => vec![left],
        };
        let elem = self.model.sets[set].elem.clone();
        let mut parts: Vec<(Elem, Span)> = Vec::new();
        let mut is_complete = true;
        for item in items {
            let part = parts.len();
            let expected = elem.get(part).map(|ty| super::subscripts::Expected {
                axis: set,
                ty: *ty,
                set: self.component_set(set, part),
            });
            let item_at = stmt.expr_span(item);
            match self.element(item, expected) {
                Some(found) => parts.extend(found.into_iter().map(|p| (p, item_at))),
                None => is_complete = false,
            }
        }
        if !is_complete {
            return Value::Error;
        }
        if parts.len() != elem.len() {
            let (set_words, set_at) = (self.set_words(set), self.model.sets[set].at);
            let (names, arity) = (parts.len(), elem.len());
            return self.error(ShapeError::TupleSize { at: left_at, names, set: set_words, set_at, arity });
        }
        let mut subs = Vec::with_capacity(parts.len());
        for (place, (part, part_at)) in parts.iter().enumerate() {
            // Membership is a question: values outside the set are welcome, of another type they are not.
            let expected = super::subscripts::Expected { axis: set, ty: elem[place], set: None };
            match self.fit(*part, expected, *part_at, true) {
                Some(node) => subs.push(node),
                None => return Value::Error,
            }
        }
        self.here(at);
        Value::Bool(self.model.graph.member(set, &subs))
    }
}

fn parts_of(value: &Value) -> Vec<Elem> {
    match value {
        Value::Num(node) => vec![Elem::new(*node, ElemType::Int, None)],
        Value::Elem(elem) => vec![*elem],
        Value::Tuple(parts) => parts.clone(),
        _ => Vec::new(),
    }
}

impl Sema<'_> {
    /// A condition, or all conditions of an array of them.
    pub(super) fn all_of(&mut self, value: Value, id: ExprId) -> Option<NodeId> {
        match value {
            Value::Array(arr) if self.arrs[arr].is_bool => {
                let (axes, at) = (self.arrs[arr].axes.clone(), self.arrs[arr].at);
                let (domain, subs) = self.domain_over(&axes, at);
                let body = self.entry(arr, &subs);
                self.here(at);
                Some(self.model.graph.reduce(crate::ir::ReduceOp::All, domain, body))
            }
            value => self.condition_of(value, id),
        }
    }
}
