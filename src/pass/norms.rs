//! Norms in a convex position as second-order cones: `norm2(i in I: f[i]) <= t` is a point `(t, f)` of the cone
//! `t >= |f|` when all `f[i]` are affine.
//!
//! Takes a checked model and what is known of the range of its data; gives the model with a variable above each norm, and in
//! place of the constraint between the two a head row `-t <= 0` and tail rows `f[i] = 0`, which hold together as
//! `|f| <= t` ([`Shape::cones`](crate::problem::Shape::cones)). A norm is a root of a sum of squares (`norm2`,
//! `sqrt(x^2 + y^2)`) or a `hypot`. Templates stay templates; what is added stands after what was there.
//! Source: Boyd and Vandenberghe, Convex Optimization (2004), section 4.4.2.
//! Deliberately absent: whether the rows are affine, which is for the survey to prove; norms in other positions.

use super::epigraph::{Norm, RangeOf, above_norms};
use super::squares::squares_of;
use crate::func::{self, Residual};
use crate::ir::model::{Constraint, Model};
use crate::ir::{ConId, DomainId, Node, NodeId, ReduceOp};

/// A model whose norms are rows of cones.
#[derive(Clone, Debug)]
pub struct Norms {
    /// The variables and rows of the model, then those of the cones.
    pub model: Model,
    /// The cones.
    pub cones: Vec<Template>,
}

/// A cone for each instance of the domain of its head.
#[derive(Clone, Debug)]
pub struct Template {
    /// The constraint `-t <= 0`.
    pub head: ConId,
    /// The norm itself, in the domain of the head.
    pub norm: NodeId,
    /// The parts of the vector whose norm it is.
    pub tails: Vec<Tails>,
}

/// Rows of a vector.
#[derive(Clone, Copy, Debug)]
pub struct Tails {
    /// The constraint `f = 0`; the instances of one head follow each other.
    pub rows: ConId,
    /// How many instances belong to one head: data, in the domain of the head.
    pub count: NodeId,
}

/// The model with its norms as cones; nothing when there are none, or what is under a root is not a sum of squares.
pub fn norms(model: &Model, range: &RangeOf<'_>) -> Option<Norms> {
    let (mut model, found) = above_norms(model, range)?;
    let mut cones = Vec::new();
    for Norm { con, norm, bound } in found {
        model.constraints[con].body = model.graph.neg(bound);
        let domain = model.constraints[con].domain;
        let Node::Call { func, args } = model.graph.node(norm).clone() else { return None };
        let tails = match func::row(func).residual {
            Residual::Length => args.into_iter().map(|arg| entry(&mut model, arg, domain)).collect(),
            _ => {
                let (with, tails) = under_root(model, args[0], domain)?;
                model = with;
                tails
            }
        };
        cones.push(Template { head: con, norm, tails });
    }
    Some(Norms { model, cones })
}

/// The vector has `arg` as one entry.
fn entry(model: &mut Model, arg: NodeId, domain: DomainId) -> Tails {
    let at = model.graph.origin(arg).span();
    let zero = Some(model.graph.number(0.0));
    let (name, complements) = (None, None);
    let rows =
        model.constraints.push(Constraint { name, at, domain, body: arg, lower: zero, upper: zero, complements });
    Tails { rows, count: model.graph.number(1.0) }
}

/// The vector whose squares add up to `sum`; squares with factors become those of the entries times their roots.
fn under_root(model: Model, sum: NodeId, domain: DomainId) -> Option<(Model, Vec<Tails>)> {
    let (mut model, terms) = squares_of(model, sum, domain).ok()?;
    let zero = model.graph.number(0.0);
    let mut tails = Vec::new();
    for (term, inner) in terms {
        let factor = model.graph.call("sqrt", &[term.weight]);
        let row = &mut model.constraints[term.rows];
        row.body = model.graph.mul(&[factor, row.body]);
        (row.lower, row.upper) = (Some(zero), Some(zero));
        let mut count = model.graph.number(1.0);
        for domain in inner.into_iter().rev() {
            count = model.graph.reduce(ReduceOp::Sum, domain, count);
        }
        tails.push(Tails { rows: term.rows, count });
    }
    Some((model, tails))
}
