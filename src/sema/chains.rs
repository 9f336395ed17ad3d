//! Chains of `+ -` and of `and or`, walked along their left spine: a million terms are one loop.

use super::Sema;
use super::value::{ArrKind, Operand, Value};
use crate::ir::NodeId;
use crate::syntax::ast::{BinOp, ExprId, ExprKind};

impl Sema<'_> {
    /// The operands of a left-deep chain of operators of one kind, in order; each with the operator
    /// before it (the first with that of the chain's beginning, which means nothing).
    pub(super) fn spine(&self, id: ExprId, belongs: fn(BinOp) -> bool) -> Vec<(BinOp, ExprId)> {
        let mut operands = Vec::new();
        let mut at = id;
        loop {
            match &self.stmt.exprs[at].kind {
                ExprKind::Binary { op, left, right, .. } if belongs(*op) => {
                    operands.push((*op, *right));
                    at = *left;
                }
                _ => break,
            }
        }
        operands.push((BinOp::Add, at));
        operands.reverse();
        operands
    }

    /// `a + b - c ...`.
    pub(super) fn sum_chain(&mut self, id: ExprId) -> Value {
        let at = self.stmt.expr_span(id);
        let parts = self.spine(id, |op| matches!(op, BinOp::Add | BinOp::Sub));
        let mut terms: Vec<(bool, Operand)> = Vec::with_capacity(parts.len());
        let mut is_complete = true;
        for (op, part) in parts {
            match self.operand(part) {
                Some(operand) => terms.push((op == BinOp::Sub, operand)),
                None => is_complete = false,
            }
        }
        if !is_complete {
            return Value::Error;
        }
        let operands: Vec<Operand> = terms.iter().map(|(_, operand)| *operand).collect();
        if operands.iter().any(|o| matches!(o, Operand::Array(_))) {
            return match self.common_shape(&operands, at) {
                Some(shape) => self.like(shape, ArrKind::Sum(terms), at),
                None => Value::Error,
            };
        }
        let signed: Vec<(bool, NodeId)> = terms.iter().filter_map(|(minus, o)| Some((*minus, scalar(*o)?))).collect();
        self.here(at);
        Value::Num(self.signed_sum(&signed))
    }

    /// The sum of nodes, some of them subtracted.
    pub(super) fn signed_sum(&mut self, terms: &[(bool, NodeId)]) -> NodeId {
        let graph = &mut self.model.graph;
        let terms: Vec<NodeId> = terms.iter().map(|(minus, node)| if *minus { graph.neg(*node) } else { *node }).collect();
        graph.add(&terms)
    }

    /// `a and b and c`, or with `or`.
    pub(super) fn logic_chain(&mut self, id: ExprId, op: BinOp) -> Value {
        let at = self.stmt.expr_span(id);
        let (parts, name) = match op {
            BinOp::And => (self.spine(id, |op| op == BinOp::And), "and"),
            _ => (self.spine(id, |op| op == BinOp::Or), "or"),
        };
        let mut nodes = Vec::with_capacity(parts.len());
        let mut is_complete = true;
        for (_, part) in parts {
            match self.condition(part) {
                Some(node) => nodes.push(node),
                None => is_complete = false,
            }
        }
        if !is_complete {
            return Value::Error;
        }
        self.here(at);
        Value::Bool(self.model.graph.call(name, &nodes))
    }
}

/// The node of a scalar operand.
pub(super) fn scalar(operand: Operand) -> Option<NodeId> {
    match operand {
        Operand::Scalar(node) => Some(node),
        Operand::Array(_) => None,
    }
}
