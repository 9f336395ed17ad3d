//! How deep a statement's expressions go.
//!
//! Takes an arena; gives the first expression beyond `limits::MAX_NESTING`. Brackets, calls, unary
//! operators, powers, `if` and postfix chains count; a chain of `+` or `*` to the left does not,
//! since every pass walks it with a loop.

use super::ast::{BinOp, Expr, ExprId, ExprKind, Head};
use crate::base::limits::MAX_NESTING;
use crate::base::{Id, IdVec};

/// The first expression nested deeper than allowed.
pub fn too_deep(exprs: &IdVec<ExprId, Expr>) -> Option<ExprId> {
    let mut depth: Vec<u32> = Vec::with_capacity(exprs.len());
    for (id, expr) in exprs.enumerate() {
        let mut inner = 0;
        let own = children(&expr.kind, |child, step| inner = inner.max(depth[child.index()] + step));
        let total = inner + own;
        if total as usize > MAX_NESTING {
            return Some(id);
        }
        depth.push(total);
    }
    None
}

/// Calls back with each child and the level its edge adds; gives the level of the expression itself.
fn children(kind: &ExprKind, mut visit: impl FnMut(ExprId, u32)) -> u32 {
    match kind {
        ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Name(_) => return 0,
        ExprKind::Paren(of) | ExprKind::Unary { of, .. } | ExprKind::Field { of, .. } => visit(*of, 0),
        ExprKind::Binary { op, left, right, .. } => {
            visit(*left, 0);
            visit(*right, u32::from(matches!(op, BinOp::Pow | BinOp::ElemPow)));
            return 0;
        }
        ExprKind::Range { lo: left, hi: right } | ExprKind::Complements { left, right } => {
            visit(*left, 0);
            visit(*right, 0);
            return 0;
        }
        ExprKind::Compare { parts, .. } => {
            parts.iter().for_each(|p| visit(*p, 0));
            return 0;
        }
        ExprKind::If { cond, then, otherwise } => [cond, then, otherwise].into_iter().for_each(|p| visit(*p, 0)),
        ExprKind::Call { args, .. } => args.iter().for_each(|a| visit(a.value, 0)),
        ExprKind::Index { of, subs } => {
            visit(*of, 0);
            subs.iter().for_each(|s| visit(*s, 0));
        }
        ExprKind::Tuple(parts) | ExprKind::List(parts) | ExprKind::Braces(parts) => {
            parts.iter().for_each(|p| visit(*p, 0));
        }
        ExprKind::Map(pairs) => pairs.iter().for_each(|(k, v)| {
            visit(*k, 0);
            visit(*v, 0);
        }),
        ExprKind::Comprehension { head } => visit_head(head, &mut visit),
        ExprKind::Reduce { head, body, .. } => {
            visit_head(head, &mut visit);
            visit(*body, 0);
        }
    }
    1
}

fn visit_head(head: &Head, visit: &mut impl FnMut(ExprId, u32)) {
    head.binders.iter().for_each(|b| visit(b.set, 0));
    head.filter.iter().for_each(|f| visit(*f, 0));
}
