//! Constraints, in the one form `lower <= body <= upper`, and objectives.

use super::Sema;
use super::compare::sign;
use super::names::Entity;
use super::value::{ArrId, Operand, Value};
use crate::base::Span;
use crate::diag::codes::kind::KindError;
use crate::diag::codes::shape::ShapeError;
use crate::ir::graph::Depends;
use crate::ir::model::{Constraint, Objective};
use crate::ir::{BinderId, NodeId};
use crate::syntax::ast::{BinOp, ExprId, ExprKind, Head, HeadOp, Ident, Rel, Sense};

/// `lower <= body <= upper` with its rows not yet spread over axes.
struct Row {
    body: Operand,
    lower: Option<Operand>,
    upper: Option<Operand>,
    at: Span,
}

/// A row with its nodes.
struct RowNodes {
    body: NodeId,
    lower: Option<NodeId>,
    upper: Option<NodeId>,
}

impl Sema<'_> {
    /// `name[head]: body`.
    pub(super) fn constraint_statement(&mut self, name: Option<&Ident>, head: &Head, body: ExprId) {
        let at = self.stmt.span(self.stmt.at);
        let open = self.open_head(head);
        let stmt = self.stmt;
        let body = self.unparen(body);
        let (first, second) = match &stmt.exprs[body].kind {
            ExprKind::Complements { left, right } => (self.row(*left), Some(self.row(*right))),
            _ => (self.row(body), None),
        };
        let broken = open.broken;
        let head_at = self.head_span(head);
        let domain = self.close_head(open, head_at);
        let second = match second {
            Some(None) => return,
            Some(row) => row,
            None => None,
        };
        let Some(first) = first.filter(|_| !broken) else { return };
        let Some((nodes, more)) = self.spread(&first, second.as_ref()) else { return };
        self.model.domains[domain].binders.extend(more);
        let [row, other @ ..] = &nodes[..] else { return };
        let complements = other.first().map(|other| (other.body, other.lower, other.upper));
        let con = self.model.constraints.push(Constraint {
            name: name.map(|n| n.name.clone()),
            at,
            domain,
            body: row.body,
            lower: row.lower,
            upper: row.upper,
            complements,
        });
        self.becomes(Entity::Con(con));
    }

    /// The expression inside parentheses.
    pub(super) fn unparen(&self, id: ExprId) -> ExprId {
        let mut id = id;
        while let ExprKind::Paren(inner) = self.stmt.exprs[id].kind {
            id = inner;
        }
        id
    }

    /// Arrays on the sides give one row per element: their axes join the domain.
    fn spread(&mut self, first: &Row, second: Option<&Row>) -> Option<(Vec<RowNodes>, Vec<BinderId>)> {
        let rows: Vec<&Row> = std::iter::once(first).chain(second).collect();
        let operands: Vec<Operand> =
            rows.iter().flat_map(|row| [Some(row.body), row.lower, row.upper]).flatten().collect();
        let has_array = operands.iter().any(|o| matches!(o, Operand::Array(_)));
        let (more, subs) = if has_array {
            let shape = self.common_shape(&operands, first.at)?;
            let axes = self.arrs[shape].axes.clone();
            self.fresh_axes(&axes, self.arrs[shape].at)
        } else {
            (Vec::new(), Vec::new())
        };
        let nodes = rows
            .iter()
            .map(|row| RowNodes {
                body: self.operand_entry(row.body, &subs),
                lower: row.lower.map(|o| self.operand_entry(o, &subs)),
                upper: row.upper.map(|o| self.operand_entry(o, &subs)),
            })
            .collect();
        Some((nodes, more))
    }

    /// A comparison or a range as a row; reported and nothing when it is neither.
    fn row(&mut self, id: ExprId) -> Option<Row> {
        let id = self.unparen(id);
        let at = self.stmt.expr_span(id);
        let stmt = self.stmt;
        match &stmt.exprs[id].kind {
            ExprKind::Binary { op: op @ (BinOp::Le | BinOp::Ge | BinOp::Eq), left, right, .. } => {
                self.two_sided(*op, *left, *right, at)
            }
            ExprKind::Binary { op: op @ (BinOp::Lt | BinOp::Gt), op_at, left, right } => {
                let (op_at, offer) = (stmt.span(*op_at), if *op == BinOp::Lt { "<=" } else { ">=" });
                self.reports.push(KindError::StrictConstraint { at: op_at, op: sign(*op), offer });
                self.expr(*left);
                self.expr(*right);
                None
            }
            ExprKind::Binary { op: BinOp::Ne, op_at, left, right } => {
                let op_at = stmt.span(*op_at);
                self.reports.push(KindError::StrictConstraint { at: op_at, op: "!=", offer: "==" });
                self.expr(*left);
                self.expr(*right);
                None
            }
            ExprKind::Compare { parts, ops } => self.range_row(parts, ops, at),
            _ => self.no_row(id, at),
        }
    }

    fn no_row(&mut self, id: ExprId, at: Span) -> Option<Row> {
        let stmt = self.stmt;
        let help = match &stmt.exprs[id].kind {
            ExprKind::Binary { op: BinOp::And, .. } => Some("write one constraint for each condition".to_owned()),
            ExprKind::Reduce { op: HeadOp::All, body, head, .. } => {
                let head = self.text_at(self.head_span(head));
                Some(format!(
                    "a constraint holds for all elements of its head: `name[{head}]: {}`",
                    self.text_of(*body)
                ))
            }
            ExprKind::Binary { op: BinOp::Or, .. } | ExprKind::Unary { .. } => None,
            _ => Some(format!("compare it: `{} == 0`", self.text_at(at))),
        };
        let help = if matches!(self.expr(id), Value::Error) { return None } else { help };
        self.reports.push(KindError::NotAConstraint { at, help });
        None
    }

    fn two_sided(&mut self, op: BinOp, left: ExprId, right: ExprId, at: Span) -> Option<Row> {
        let sides = (self.operand(left), self.operand(right));
        let (a, b) = (sides.0?, sides.1?);
        let (in_left, in_right) = (self.side_has_var(a, left)?, self.side_has_var(b, right)?);
        if !in_left && !in_right {
            let text = self.text_at(at);
            self.reports.push(KindError::ConstantConstraint { at, text });
            return None;
        }
        let (body, bound, op) = match (in_left, in_right) {
            (true, false) => (a, b, op),
            (false, true) => (b, a, flip(op)),
            _ => {
                let zero = self.model.graph.number(0.0);
                (self.difference(a, b, at)?, Operand::Scalar(zero), op)
            }
        };
        let bound = self.finite(bound);
        let (lower, upper) = match op {
            BinOp::Le => (None, bound),
            BinOp::Ge => (bound, None),
            _ => (bound, bound),
        };
        Some(Row { body, lower, upper, at })
    }

    /// A bound without limit is none.
    fn finite(&self, bound: Operand) -> Option<Operand> {
        match bound {
            Operand::Scalar(node) if self.model.graph.as_num(node).is_some_and(f64::is_infinite) => None,
            bound => Some(bound),
        }
    }

    fn difference(&mut self, a: Operand, b: Operand, at: Span) -> Option<Operand> {
        if let (Operand::Scalar(a), Operand::Scalar(b)) = (a, b) {
            self.here(at);
            return Some(Operand::Scalar(self.model.graph.sub(a, b)));
        }
        let shape = self.common_shape(&[a, b], at)?;
        match self.like(shape, super::value::ArrKind::Sum(vec![(false, a), (true, b)]), at) {
            Value::Array(arr) => Some(Operand::Array(arr)),
            _ => None,
        }
    }

    /// Whether a side has variables; reported and nothing when it has results of solving.
    fn side_has_var(&mut self, side: Operand, id: ExprId) -> Option<bool> {
        let facts = self.facts_of(side);
        if facts.result {
            let at = self.stmt.expr_span(id);
            self.reports.push(KindError::ResultTooEarly { at, place: "a constraint" });
            return None;
        }
        Some(facts.var)
    }

    /// `lo <= body <= hi`.
    fn range_row(&mut self, parts: &[ExprId], ops: &[(BinOp, Rel)], at: Span) -> Option<Row> {
        let operands: Vec<Option<Operand>> = parts.iter().map(|part| self.operand(*part)).collect();
        if let Some((op, rel)) = ops.iter().find(|(op, _)| matches!(op, BinOp::Lt | BinOp::Gt)) {
            let (at, offer) = (self.stmt.span(*rel), if *op == BinOp::Lt { "<=" } else { ">=" });
            self.reports.push(KindError::StrictConstraint { at, op: sign(*op), offer });
            return None;
        }
        let upward = match ops {
            [(BinOp::Le, _), (BinOp::Le, _)] => true,
            [(BinOp::Ge, _), (BinOp::Ge, _)] => false,
            _ => {
                let help = Some("a range goes one way: `lo <= body <= hi`".into());
                self.reports.push(KindError::NotAConstraint { at, help });
                return None;
            }
        };
        let operands: Vec<Operand> = operands.into_iter().collect::<Option<_>>()?;
        for end in [0, 2] {
            if self.side_has_var(operands[end], parts[end])? {
                let end_at = self.stmt.expr_span(parts[end]);
                self.reports.push(KindError::VariableEnds { at: end_at, text: self.text_at(end_at) });
                return None;
            }
        }
        if !self.side_has_var(operands[1], parts[1])? {
            let text = self.text_at(at);
            self.reports.push(KindError::ConstantConstraint { at, text });
            return None;
        }
        let (low, high) = if upward { (operands[0], operands[2]) } else { (operands[2], operands[0]) };
        if let (Operand::Scalar(lo), Operand::Scalar(hi)) = (low, high)
            && let (Some(lo), Some(hi)) = (self.model.graph.as_num(lo), self.model.graph.as_num(hi))
            && lo > hi
        {
            self.reports.push(KindError::EmptyBounds { at, lo, hi });
            return None;
        }
        Some(Row { body: operands[1], lower: self.finite(low), upper: self.finite(high), at })
    }

    /// `minimize name: body`.
    pub(super) fn objective_statement(&mut self, sense: Sense, name: Option<&Ident>, body: ExprId) {
        let at = self.stmt.span(self.stmt.at);
        let node = match self.expr(body) {
            Value::Array(arr) if !self.is_partial(arr) && !self.arrs[arr].is_bool => {
                self.array_objective(arr, body);
                None
            }
            value => self.number_of(value, body),
        };
        let Some(node) = node else { return };
        if self.model.graph.depends(node).on(Depends::RESULT) {
            let at = self.stmt.expr_span(body);
            self.reports.push(KindError::ResultTooEarly { at, place: "an objective" });
            return;
        }
        self.model.objectives.push(Objective { name: name.map(|n| n.name.clone()), at, sense, body: node });
        self.becomes(Entity::Objective(node));
    }

    fn array_objective(&mut self, arr: ArrId, body: ExprId) {
        let at = self.stmt.expr_span(body);
        let axes = self.axes_words(&self.arrs[arr].axes);
        let text = self.text_at(at);
        self.reports.push(ShapeError::ArrayObjective { at, axes, text });
    }
}

fn flip(op: BinOp) -> BinOp {
    match op {
        BinOp::Le => BinOp::Ge,
        BinOp::Ge => BinOp::Le,
        other => other,
    }
}
