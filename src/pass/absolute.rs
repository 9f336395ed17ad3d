//! Absolute values of variables apart: `f(x) + sum(i: w[i] * abs(x[i]))` as the smooth `f` and the weights `w`.
//!
//! Takes a checked model with one objective; gives the model whose objective is the rest, and one whose objective is
//! `sum(i: w[i] * x[i])`, linear, so that its gradient is the weights. Both share sets, variables and rows with the model.
//! Only terms that are added at the top of the objective, under sums and with factors that are data, are taken out.
//! Deliberately absent: the sign of the weights, which depends on data, and kinks of any other form: they stay where they are.

use crate::base::Id;
use crate::ir::model::{ArrayKind, Model};
use crate::ir::{Node, NodeId, ObjId, ReduceOp};

/// The two models.
pub struct Apart {
    /// The model without the absolute values.
    pub smooth: Model,
    /// The model whose objective has the variables in place of their absolute values, and nothing else.
    pub weights: Model,
}

/// The model in two parts; nothing when no absolute value of a variable can be taken out.
pub fn apart(model: &Model) -> Option<Apart> {
    if model.objectives.len() != 1 {
        return None;
    }
    let objective = ObjId::new(0);
    let mut pass = Split { model: model.clone() };
    let parts = pass.split(model.objectives[objective].body);
    let weights_body = parts.weights?;
    let smooth_body = parts.smooth.unwrap_or_else(|| pass.model.graph.number(0.0));
    let mut smooth = pass.model.clone();
    smooth.objectives[objective].body = smooth_body;
    let mut weights = pass.model;
    weights.objectives[objective].body = weights_body;
    Some(Apart { smooth, weights })
}

/// A node as a sum of two, either of which may be missing.
#[derive(Clone, Copy)]
struct Parts {
    smooth: Option<NodeId>,
    weights: Option<NodeId>,
}

struct Split {
    model: Model,
}

impl Split {
    fn split(&mut self, node: NodeId) -> Parts {
        if !self.model.graph.has_var(node) {
            return Parts { smooth: Some(node), weights: None };
        }
        stacker::maybe_grow(64 << 10, 1 << 20, || self.split_inner(node))
    }

    fn split_inner(&mut self, node: NodeId) -> Parts {
        let whole = Parts { smooth: Some(node), weights: None };
        let origin = self.model.graph.origin(node);
        if let Some(terms) = self.model.graph.as_sum(node).map(<[NodeId]>::to_vec) {
            let parts: Vec<Parts> = terms.iter().map(|term| self.split(*term)).collect();
            if parts.iter().all(|p| p.weights.is_none()) {
                return whole;
            }
            self.model.graph.set_origin(origin);
            let smooth: Vec<NodeId> = parts.iter().filter_map(|p| p.smooth).collect();
            let weights: Vec<NodeId> = parts.iter().filter_map(|p| p.weights).collect();
            return Parts { smooth: self.add(&smooth), weights: self.add(&weights) };
        }
        if let Some(factors) = self.model.graph.as_product(node).map(<[NodeId]>::to_vec) {
            let mut with_vars = (0..factors.len()).filter(|&k| self.model.graph.has_var(factors[k]));
            let (Some(k), None) = (with_vars.next(), with_vars.next()) else { return whole };
            let parts = self.split(factors[k]);
            if parts.weights.is_none() {
                return whole;
            }
            self.model.graph.set_origin(origin);
            let mut scaled = |part: NodeId| {
                let mut factors = factors.clone();
                factors[k] = part;
                self.model.graph.mul(&factors)
            };
            return Parts { smooth: parts.smooth.map(&mut scaled), weights: parts.weights.map(&mut scaled) };
        }
        match self.model.graph.node(node).clone() {
            Node::Reduce { op: ReduceOp::Sum, domain, body } => {
                let parts = self.split(body);
                if parts.weights.is_none() {
                    return whole;
                }
                self.model.graph.set_origin(origin);
                let mut summed = |part| self.model.graph.reduce(ReduceOp::Sum, domain, part);
                Parts { smooth: parts.smooth.map(&mut summed), weights: parts.weights.map(&mut summed) }
            }
            Node::Call { func, args } if crate::func::row(func).name == "abs" => match self.model.graph.node(args[0]) {
                Node::Var { .. } => Parts { smooth: None, weights: Some(args[0]) },
                _ => whole,
            },
            Node::Array { array, subs } if subs.is_empty() => match self.model.arrays[array].kind {
                ArrayKind::Template { body, .. } => {
                    let parts = self.split(body);
                    if parts.weights.is_none() { whole } else { parts }
                }
                _ => whole,
            },
            _ => whole,
        }
    }

    fn add(&mut self, terms: &[NodeId]) -> Option<NodeId> {
        match terms {
            [] => None,
            [one] => Some(*one),
            _ => Some(self.model.graph.add(terms)),
        }
    }
}
