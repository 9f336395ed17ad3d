//! `check` before solving; `expect` and `show` after it; what is reserved.

use super::Sema;
use super::value::{ArrId, Operand, Value};
use crate::base::{Name, Span};
use crate::diag::codes::class::ClassError;
use crate::diag::codes::kind::KindError;
use crate::ir::model::{Check, Expect, Expected, Show};
use crate::ir::{NodeId, ReduceOp};
use crate::syntax::ast::{BinOp, ExprId, ExprKind, Ident, Text};

/// The tolerance of `expect a ~= b` when none is given, relative above 1.
const EXPECT_TOLERANCE: f64 = 1e-6;

impl Sema<'_> {
    /// `check cond : "message"`.
    pub(super) fn check_statement(&mut self, cond: ExprId, message: Option<&Text>) {
        let value = self.expr(cond);
        let Some(node) = self.all_of(value, cond) else { return };
        if !self.is_data(node, cond, "a check") {
            return;
        }
        let at = self.stmt.span(self.stmt.at);
        self.model.checks.push(Check { at, cond: node, message: message.map(|m| m.text.clone()) });
    }

    /// `expect cond`, `expect a ~= b tol t`.
    pub(super) fn expect_statement(&mut self, cond: ExprId, tol: Option<ExprId>) {
        self.after_solve = true;
        let stmt = self.stmt;
        let at = stmt.span(stmt.at);
        let tol_at = tol.map(|id| stmt.expr_span(id));
        let tol = match tol {
            Some(id) => match self.data(id, "a tolerance") {
                Some(node) => Some(node),
                None => return,
            },
            None => None,
        };
        let what = match &stmt.exprs[cond].kind {
            ExprKind::Binary { op: BinOp::Near, left, right, .. } => {
                let sides = (self.operand(*left), self.operand(*right));
                let (Some(left), Some(right)) = sides else { return };
                self.near(left, right, tol, stmt.expr_span(cond))
            }
            _ => {
                if let Some(at) = tol_at {
                    self.misplaced(at, "`tol`", Some("a tolerance belongs to `~=`".into()));
                    return;
                }
                let value = self.expr(cond);
                self.all_of(value, cond).map(Expected::Holds)
            }
        };
        if let Some(what) = what {
            self.model.expects.push(Expect { at, what });
        }
    }

    fn near(&mut self, left: Operand, right: Operand, tol: Option<NodeId>, at: Span) -> Option<Expected> {
        if let (Operand::Scalar(left), Operand::Scalar(right)) = (left, right) {
            return Some(Expected::Near { left, right, tol });
        }
        // Arrays are near when every entry is.
        let shape = self.common_shape(&[left, right], at)?;
        let axes = self.arrs[shape].axes.clone();
        let (domain, subs) = self.domain_over(&axes, at);
        let (a, b) = (self.operand_entry(left, &subs), self.operand_entry(right, &subs));
        self.here(at);
        let graph = &mut self.model.graph;
        let size = graph.call("abs", &[b]);
        let one = graph.number(1.0);
        let scale = graph.call("max", &[one, size]);
        let tolerance = tol.unwrap_or_else(|| graph.number(EXPECT_TOLERANCE));
        let allowed = graph.mul(&[tolerance, scale]);
        let difference = graph.sub(a, b);
        let size = graph.call("abs", &[difference]);
        let is_near = graph.call("le", &[size, allowed]);
        Some(Expected::Holds(graph.reduce(ReduceOp::All, domain, is_near)))
    }

    /// `show a, b`.
    pub(super) fn show_statement(&mut self, items: &[ExprId]) {
        self.after_solve = true;
        for &item in items {
            let at = self.stmt.expr_span(item);
            let value = self.expr(item);
            let shown = match value {
                Value::Array(arr) => Some(self.shown_array(arr, at)),
                Value::Bool(node) => Some((self.domain_over(&[], at).0, node)),
                value => self.number_of(value, item).map(|node| (self.domain_over(&[], at).0, node)),
            };
            if let Some((domain, body)) = shown {
                let text: Name = self.inputs.sources.snippet(at).into();
                self.model.shows.push(Show { at, text, domain, body });
            }
        }
    }

    fn shown_array(&mut self, arr: ArrId, at: Span) -> (crate::ir::DomainId, NodeId) {
        let axes = self.arrs[arr].axes.clone();
        let (domain, subs) = self.domain_over(&axes, at);
        (domain, self.entry(arr, &subs))
    }

    /// A word kept for what comes next.
    pub(super) fn reserved_statement(&mut self, word: &Ident) {
        let at = self.stmt.span(word.at);
        self.reports.push(ClassError::NotYet { at, word: word.name.clone() });
    }

    /// The body of a named objective or an expression of the result, as one number.
    pub(super) fn result_number(&mut self, id: ExprId) -> Option<NodeId> {
        self.after_solve = true;
        let value = self.expr(id);
        if let Value::Set(_) | Value::Elem(_) | Value::Tuple(_) = value {
            let at = self.stmt.expr_span(id);
            let found = self.describe(&value);
            self.reports.push(KindError::NotANumber { at, found, declared_at: None, help: None });
            return None;
        }
        self.number_of(value, id)
    }
}
