//! Expressions: what each form is worth, and what is asked of a value.

use super::Sema;
use super::names::{DeclKind, Entity, constant};
use super::value::{ArrId, ArrKind, Elem, Leaf, Operand, Value};
use crate::base::{Name, Span};
use crate::diag::codes::data::DataError;
use crate::diag::codes::kind::KindError;
use crate::diag::codes::shape::ShapeError;
use crate::ir::graph::Depends;
use crate::ir::model::{ElemType, ParamSource};
use crate::ir::{Node, NodeId, ParamId};
use crate::syntax::ast::{BinOp, ExprId, ExprKind, StmtKind, UnOp};

impl Sema<'_> {
    /// The value of an expression of the current statement.
    pub(super) fn expr(&mut self, id: ExprId) -> Value {
        if self.inlining > 0 && !self.spend(self.stmt.expr_span(id)) {
            return Value::Error;
        }
        super::grow(|| self.expr_at(id))
    }

    fn expr_at(&mut self, id: ExprId) -> Value {
        let stmt = self.stmt;
        let at = stmt.expr_span(id);
        match &stmt.exprs[id].kind {
            ExprKind::Number(value) => {
                self.here(at);
                Value::Num(self.model.graph.number(*value))
            }
            ExprKind::Text(text) => {
                let label = self.model.graph.label(text);
                self.here(at);
                Value::Elem(Elem::new(self.model.graph.label_node(label), ElemType::Label, None))
            }
            ExprKind::Name(name) => self.name_value(name, at),
            ExprKind::Paren(of) => self.expr(*of),
            ExprKind::Unary { op, of } => self.unary(*op, *of, at),
            ExprKind::Binary { op, op_at, left, right } => match op {
                BinOp::Add | BinOp::Sub => self.sum_chain(id),
                BinOp::Mul | BinOp::Div | BinOp::ElemMul | BinOp::ElemDiv => self.product_chain(id),
                BinOp::Pow => self.power(*left, *right, stmt.span(*op_at), at),
                BinOp::ElemPow => self.elementwise_power(*left, *right, at),
                BinOp::And | BinOp::Or => self.logic_chain(id, *op),
                BinOp::In => self.membership(*left, *right, at),
                BinOp::Near => {
                    let (left, right) = (self.text_of(*left), self.text_of(*right));
                    let help = match stmt.kind {
                        StmtKind::Check { .. } => format!("write `abs({left} - {}) <= 1e-6`", in_parentheses(&right)),
                        _ => format!("it belongs in `expect {left} ~= {right} tol 1e-6`"),
                    };
                    self.misplaced(at, "`~=`", Some(help))
                }
                _ => self.comparison(*op, *left, *right, at),
            },
            ExprKind::Compare { parts, ops } => self.comparison_chain(parts, ops, at),
            ExprKind::If { cond, then, otherwise } => self.choice(*cond, *then, *otherwise, at),
            ExprKind::Call { name, args } => self.call(name, args, at),
            ExprKind::Index { of, subs } => self.index(*of, subs, at),
            ExprKind::Field { of, field } => self.field(*of, field, at),
            ExprKind::List(items) => self.list(items, at),
            ExprKind::Reduce { op, name_at, head, body } => self.reduce(*op, *name_at, head, *body, at),
            ExprKind::Tuple(items) => self.tuple(items),
            ExprKind::Comprehension { .. } => Value::Set(self.comprehension(id)),
            ExprKind::Braces(items) => Value::Set(self.braces(items, at)),
            ExprKind::Range { .. } => {
                self.misplaced(at, "a range", Some("a range stands after `in`: `i in 1..n`".into()))
            }
            ExprKind::Complements { .. } => {
                self.misplaced(at, "`complements`", Some("it joins two comparisons of one constraint".into()))
            }
            ExprKind::Map(_) => self.misplaced(
                at,
                "a list of keys and values",
                Some("it gives the values of a param: `param supply[plants] = {...}`".into()),
            ),
        }
    }

    /// Reports something that has no value where one is needed.
    pub(super) fn misplaced(&mut self, at: Span, what: &str, help: Option<String>) -> Value {
        self.error(KindError::Misplaced { at, what: what.into(), help })
    }

    fn tuple(&mut self, items: &[ExprId]) -> Value {
        let mut parts = Vec::with_capacity(items.len());
        for &item in items {
            match self.expr(item) {
                Value::Num(node) => parts.push(Elem::new(node, ElemType::Int, None)),
                Value::Elem(elem) => parts.push(elem),
                Value::Tuple(inner) => parts.extend(inner),
                Value::Error => return Value::Error,
                other => {
                    let found = self.describe(&other);
                    let at = self.stmt.expr_span(item);
                    return self.error(KindError::NotAnElement { at, found });
                }
            }
        }
        Value::Tuple(parts)
    }

    /// The value of a bare name.
    pub(super) fn name_value(&mut self, name: &Name, at: Span) -> Value {
        if let Some(local) = self.locals.get(name) {
            return local.value.clone();
        }
        let Some(decl) = self.names.get(name) else {
            if let Some(value) = constant(name) {
                self.here(at);
                return Value::Num(self.model.graph.number(value));
            }
            if super::names::is_builtin(name) {
                return self.function_without_call(name, at, None);
            }
            self.unknown_name(name, at, None);
            return Value::Error;
        };
        let (entity, kind, declared_at) = (decl.entity, decl.kind, decl.at);
        match entity {
            Entity::Error => Value::Error,
            Entity::Set(set) => Value::Set(set),
            Entity::Param(param) => self.leaf(Leaf::Param(param), at),
            Entity::Var(var) => self.leaf(Leaf::Var(var), at),
            Entity::Array(array) => self.leaf(Leaf::Array(array), at),
            Entity::Fn | Entity::Extern => self.function_without_call(name, at, Some(declared_at)),
            Entity::Objective(node) if self.after_solve => Value::Num(node),
            Entity::Objective(_) | Entity::Con(_) => {
                let what = kind.words();
                self.error(KindError::GoalAsValue {
                    at,
                    name: name.clone(),
                    what,
                    declared_at,
                    is_objective: kind == DeclKind::Objective,
                })
            }
        }
    }

    fn function_without_call(&mut self, name: &Name, at: Span, declared_at: Option<Span>) -> Value {
        let help = Some(format!("call it: `{name}(...)`"));
        self.error(KindError::NotANumber { at, found: format!("the function `{name}`"), declared_at, help })
    }

    /// `-a`, `+a`, `not a`, `a'`.
    fn unary(&mut self, op: UnOp, of: ExprId, at: Span) -> Value {
        match op {
            UnOp::Plus => match self.expr(of) {
                Value::Array(arr) => Value::Array(arr),
                value => self.number_of(value, of).map_or(Value::Error, Value::Num),
            },
            UnOp::Neg => match self.operand(of) {
                Some(Operand::Scalar(node)) => {
                    self.here(at);
                    Value::Num(self.model.graph.neg(node))
                }
                Some(Operand::Array(arr)) => {
                    let kind = ArrKind::Sum(vec![(true, Operand::Array(arr))]);
                    self.like(arr, kind, at)
                }
                None => Value::Error,
            },
            UnOp::Not => match self.expr(of) {
                Value::Array(arr) if self.arrs[arr].is_bool => {
                    let kind = ArrKind::Map(self.builtin("not"), vec![Operand::Array(arr)]);
                    self.like_condition(arr, kind, at)
                }
                value => match self.condition_of(value, of) {
                    Some(node) => {
                        self.here(at);
                        Value::Bool(self.model.graph.call("not", &[node]))
                    }
                    None => Value::Error,
                },
            },
            UnOp::Transpose => self.transpose(of, at),
        }
    }

    /// `if cond then a else b`.
    fn choice(&mut self, cond: ExprId, then: ExprId, otherwise: ExprId, at: Span) -> Value {
        let cond_value = self.expr(cond);
        let cond_arr = match cond_value {
            Value::Array(arr) if self.arrs[arr].is_bool => Some(arr),
            _ => None,
        };
        let cond = match cond_arr {
            Some(arr) => Some(Operand::Array(arr)),
            None => self.condition_of(cond_value, cond).map(Operand::Scalar),
        };
        let (first, second) = (self.expr(then), self.expr(otherwise));
        if let (Value::Bool(a), Value::Bool(b), Some(Operand::Scalar(c))) = (&first, &second, cond) {
            self.here(at);
            return Value::Bool(self.model.graph.select(c, *a, *b));
        }
        let branches = (self.operand_of(first, then), self.operand_of(second, otherwise));
        let (Some(cond), (Some(a), Some(b))) = (cond, branches) else { return Value::Error };
        if let (Operand::Scalar(c), Operand::Scalar(a), Operand::Scalar(b)) = (cond, a, b) {
            self.here(at);
            return Value::Num(self.model.graph.select(c, a, b));
        }
        let Some(shape) = self.common_shape(&[cond, a, b], at) else { return Value::Error };
        self.like(shape, ArrKind::If(cond, a, b), at)
    }

    /// A number or an array of numbers; reported and nothing when it is neither.
    pub(super) fn operand(&mut self, id: ExprId) -> Option<Operand> {
        let value = self.expr(id);
        self.operand_of(value, id)
    }

    /// The same of a value that is known.
    pub(super) fn operand_of(&mut self, value: Value, id: ExprId) -> Option<Operand> {
        match value {
            Value::Array(arr) if !self.arrs[arr].is_bool => Some(Operand::Array(arr)),
            value => self.number_of(value, id).map(Operand::Scalar),
        }
    }

    /// One number; reported and nothing when it is something else.
    pub(super) fn number(&mut self, id: ExprId) -> Option<NodeId> {
        let value = self.expr(id);
        self.number_of(value, id)
    }

    /// The same of a value that is known.
    pub(super) fn number_of(&mut self, value: Value, id: ExprId) -> Option<NodeId> {
        let at = self.stmt.expr_span(id);
        let help = match &value {
            Value::Num(node) => return Some(*node),
            Value::Error => return None,
            Value::Array(arr) => {
                self.array_for_number(*arr, at);
                return None;
            }
            Value::Bool(_) => Some(format!("write `if {} then 1 else 0`", self.text_at(at))),
            Value::Set(set) if self.table_of(*set).is_none() => {
                Some(format!("for the number of its elements write `count({})`", self.text_at(at)))
            }
            Value::Elem(Elem { ty: ElemType::Row(table), .. }) => {
                let columns = &self.model.tables[*table].columns;
                let column = columns.iter().find(|c| c.numeric).map(|c| c.name.clone());
                column.map(|c| format!("for a column of it write `{}.{c}`", self.text_at(at)))
            }
            _ => None,
        };
        if self.word_in_column(&value, at) {
            return None;
        }
        let found = self.describe(&value);
        self.reports.push(KindError::NotANumber { at, found, declared_at: None, help });
        None
    }

    /// Blames the cell that made labels of a column of numbers, if the value is of such a column.
    pub(super) fn word_in_column(&mut self, value: &Value, at: Span) -> bool {
        let Value::Elem(elem) = value else { return false };
        let Node::Param { param, .. } = self.model.graph.node(elem.node) else { return false };
        self.word_in_param(*param, at)
    }

    /// The same of a column as a whole.
    pub(super) fn word_in_param(&mut self, param: ParamId, at: Span) -> bool {
        let ParamSource::Column { table, column } = self.model.params[param].source else { return false };
        let column = &self.model.tables[table].columns[column];
        let Some(cell) = column.word else { return false };
        let found = self.inputs.sources.snippet(cell).trim().to_owned();
        let column = column.name.to_string();
        self.reports.push(DataError::BadCell { cell: Some(cell), needed_at: Some(at), column, found });
        true
    }

    fn array_for_number(&mut self, arr: ArrId, at: Span) {
        let this = &self.arrs[arr];
        if let Some((leaf, found)) = self.partial(this) {
            let (name, declared_at, expected) = self.leaf_facts(leaf);
            let name = name.unwrap_or_else(|| self.text_at(at).into());
            let error = ShapeError::WrongIndexCount { at, name, declared_at: Some(declared_at), expected, found };
            self.reports.push(error);
            return;
        }
        let axes = self.axes_words(&self.arrs[arr].axes);
        let text = self.text_at(at);
        self.reports.push(ShapeError::ArrayForNumber { at, axes, text });
    }

    /// One condition; reported and nothing when it is something else.
    pub(super) fn condition(&mut self, id: ExprId) -> Option<NodeId> {
        let value = self.expr(id);
        self.condition_of(value, id)
    }

    /// The same of a value that is known.
    pub(super) fn condition_of(&mut self, value: Value, id: ExprId) -> Option<NodeId> {
        let at = self.stmt.expr_span(id);
        let help = match &value {
            Value::Bool(node) => return Some(*node),
            Value::Error => return None,
            Value::Array(arr) if self.arrs[*arr].is_bool => {
                Some(format!("for all of them write `all({})`", self.text_at(at)))
            }
            Value::Num(_) => Some(format!("compare it: `{} != 0`", self.text_at(at))),
            _ => None,
        };
        let found = self.describe(&value);
        self.reports.push(KindError::NotACondition { at, found, help });
        None
    }

    /// One number free of variables; `place` says what it is for, in messages.
    pub(super) fn data(&mut self, id: ExprId, place: &'static str) -> Option<NodeId> {
        let node = self.number(id)?;
        self.is_data(node, id, place).then_some(node)
    }

    /// A condition free of variables.
    pub(super) fn data_condition(&mut self, id: ExprId, place: &'static str) -> Option<NodeId> {
        let node = self.condition(id)?;
        self.is_data(node, id, place).then_some(node)
    }

    /// Whether a node is free of variables and results; reported when not.
    pub(super) fn is_data(&mut self, node: NodeId, id: ExprId, place: &'static str) -> bool {
        let at = self.stmt.expr_span(id);
        if let Some((name, declared_at)) = self.variable_in(node) {
            let within = self.variable_span(node, at);
            self.reports.push(KindError::VariableInData { at: within, place, name, declared_at });
            return false;
        }
        if self.model.graph.depends(node).on(Depends::RESULT) {
            self.reports.push(KindError::ResultTooEarly { at, place });
            return false;
        }
        true
    }

    /// Whether a node is free of variables.
    pub(super) fn is_free_of_variables(&self, node: NodeId) -> bool {
        !self.model.graph.has_var(node) || self.variable_in(node).is_none()
    }

    /// Where the variable of a node stands inside an expression.
    fn variable_span(&self, node: NodeId, within: Span) -> Span {
        use crate::ir::Node;
        let graph = &self.model.graph;
        let mut at = node;
        // Down the first child that has a variable.
        loop {
            let mut next = None;
            graph.node(at).for_each_child(|child| {
                if next.is_none() && graph.has_var(child) {
                    next = Some(child);
                }
            });
            match (graph.node(at), next) {
                (Node::Var { .. } | Node::Array { .. }, _) | (_, None) => break,
                (_, Some(child)) => at = child,
            }
        }
        graph.span_within(at, within)
    }
}

/// A text that can follow a minus.
fn in_parentheses(text: &str) -> String {
    if text.contains(['+', '-', ' ']) { format!("({text})") } else { text.to_owned() }
}
