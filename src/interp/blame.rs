//! Which part of an expression is to blame for a value that is not a number.
//!
//! Descends from a root whose value is not finite to the deepest part whose own parts all are; or
//! looks for a part whose value is finite and whose derivative is not.

use super::algebra::{Algebra, Plain};
use super::env::Val;
use super::rule::Rules;
use super::text::{self, Writer};
use super::walk::{Fault, FaultKind, Interp, Item};
use crate::base::Span;
use crate::func;
use crate::ir::model::{ArrayKind, ParamSource};
use crate::ir::{DomainId, Node, NodeId, ReduceOp, SetId};
use std::collections::HashSet;

/// What is wrong with a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// Its arguments are outside the function's domain.
    Domain,
    /// Its arguments are inside and the value is too large for a double.
    Overflow,
    /// A datum that is not finite.
    Data,
    /// A variable that is not finite.
    Variable,
    /// A minimum, maximum or mean over an empty set.
    Empty,
    /// The value is finite, a derivative is not.
    Derivative,
}

/// The part to blame.
#[derive(Clone, PartialEq, Debug)]
pub struct Culprit {
    /// The part.
    pub node: NodeId,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// It as text at its instance, such as `log(x[7])`.
    pub text: String,
    /// Its value.
    pub value: f64,
    /// Its arguments as text with their values.
    pub parts: Vec<(String, f64)>,
    /// What the function needs, such as `log needs x > 0`; empty when it needs nothing.
    pub needs: &'static str,
    /// The name of the param whose definition it stands in.
    pub defines: Option<Span>,
}

/// The culprit below `root` where the binders of `interp` stand: for its value, or (when that is
/// finite) for its first or second derivatives.
pub fn find(interp: &mut Interp<'_, Plain<'_>>, root: NodeId) -> Option<Culprit> {
    let value = number(interp, root)?;
    if value.is_finite() {
        return find_steep(interp, root);
    }
    let mut node = root;
    let mut defines = None;
    while let Some(next) = deeper(interp, node)? {
        if let Node::Param { param, .. } = interp.model().graph.node(node) {
            defines = Some(interp.model().params[*param].at);
        }
        node = next;
    }
    Some(Culprit { defines, ..describe(interp, node) })
}

fn number(interp: &mut Interp<'_, Plain<'_>>, node: NodeId) -> Option<f64> {
    match interp.eval(node).ok()? {
        Item::Data(Val::Num(v)) | Item::Expr(v) => Some(v),
        Item::Data(_) => Some(0.0),
    }
}

/// A part that is not finite itself; leaves the binders at its instance. Nothing when this is the deepest.
fn deeper(interp: &mut Interp<'_, Plain<'_>>, node: NodeId) -> Option<Option<NodeId>> {
    let model = interp.model();
    Some(match model.graph.node(node) {
        Node::Call { args, .. } => first_bad(interp, args),
        Node::If { cond, then, otherwise } => {
            let branch = if number(interp, *cond)? != 0.0 { then } else { otherwise };
            Some(*branch)
        }
        Node::Reduce { domain, body, .. } => {
            let mut found = false;
            let stop = |this: &Interp<'_, Plain<'_>>| this.fault(*body, FaultKind::NotANumber);
            // An error is the way out of the loop with the binders where they are.
            let _ = interp.for_each(*domain, &mut |this| match number(this, *body) {
                Some(v) if v.is_finite() => Ok(()),
                _ => {
                    found = true;
                    Err(stop(this))
                }
            });
            found.then_some(*body)
        }
        Node::Array { array, subs } => {
            let ArrayKind::Template { domain, body } = &model.arrays[*array].kind else { return Some(None) };
            place(interp, *domain, &model.arrays[*array].axes, subs)?.then_some(*body)
        }
        Node::Param { param, subs } => {
            let ParamSource::Computed { domain, body } = &model.params[*param].source else { return Some(None) };
            let placed = place(interp, *domain, &model.params[*param].axes, subs)?;
            // A value given from outside is not what the definition says.
            (placed && number(interp, *body).is_some_and(|v| !v.is_finite())).then_some(*body)
        }
        _ => None,
    })
}

/// Moves the binders of a definition to the entry that `subs` ask for.
fn place(interp: &mut Interp<'_, Plain<'_>>, domain: DomainId, axes: &[SetId], subs: &[NodeId]) -> Option<bool> {
    let mut element = Vec::with_capacity(subs.len());
    for sub in subs {
        match interp.eval(*sub).ok()? {
            Item::Data(v) => element.push(v),
            Item::Expr(_) => return Some(false),
        }
    }
    let model = interp.model();
    let mut next = 0;
    let env = interp.env();
    for (binder, axis) in model.domains[domain].binders.iter().zip(axes) {
        let arity = model.sets[*axis].arity();
        let position = env.position(*axis, element.get(next..next + arity)?)?;
        next += arity;
        interp.place(*binder, position as i64);
    }
    Some(true)
}

/// Whether a node counts or lists the elements of a set that has none.
fn is_empty(interp: &mut Interp<'_, Plain<'_>>, node: NodeId) -> bool {
    let model = interp.model();
    let Node::Reduce { op, domain, body } = model.graph.node(node) else { return false };
    let counts = *op == ReduceOp::Sum && model.graph.as_num(*body).is_some();
    let chooses = matches!(op, ReduceOp::Min | ReduceOp::Max);
    if !counts && !chooses {
        return false;
    }
    let mut empty = true;
    let seen = interp.for_each(*domain, &mut |this| {
        empty = false;
        Err(this.fault(*body, FaultKind::NotANumber))
    });
    empty && seen.is_ok()
}

fn first_bad(interp: &mut Interp<'_, Plain<'_>>, args: &[NodeId]) -> Option<NodeId> {
    args.iter().copied().find(|a| number(interp, *a).is_some_and(|v| !v.is_finite()))
}

fn describe(interp: &mut Interp<'_, Plain<'_>>, node: NodeId) -> Culprit {
    let model = interp.model();
    let value = number(interp, node).unwrap_or(f64::NAN);
    let (wrong, needs) = match model.graph.node(node) {
        Node::Call { func, args } => {
            let row = func::row(*func);
            let values: Vec<f64> = args.iter().filter_map(|a| number(interp, *a)).collect();
            if args.iter().any(|a| is_empty(interp, *a)) {
                (Wrong::Empty, "")
            } else if row.domain.contains(&values) {
                (Wrong::Overflow, "")
            } else {
                (Wrong::Domain, row.domain.text)
            }
        }
        Node::Param { .. } => (Wrong::Data, ""),
        Node::Var { .. } => (Wrong::Variable, ""),
        Node::Reduce { .. } if is_empty(interp, node) => (Wrong::Empty, ""),
        _ => (Wrong::Overflow, ""),
    };
    let found = culprit(interp, node, wrong, value, needs);
    match model.graph.node(node) {
        // A quotient by the number of elements is how a mean is kept.
        Node::Call { .. } if wrong == Wrong::Empty => Culprit { text: "a mean".into(), ..found },
        _ => found,
    }
}

fn culprit(interp: &mut Interp<'_, Plain<'_>>, node: NodeId, wrong: Wrong, value: f64, needs: &'static str) -> Culprit {
    const MOST_PARTS: usize = 4;
    let model = interp.model();
    let writer = Writer::new(model, interp.env());
    let mut parts = Vec::new();
    if let Node::Call { args, .. } = model.graph.node(node) {
        for arg in args.iter().filter(|a| model.graph.as_num(**a).is_none()).take(MOST_PARTS) {
            let value = number(interp, *arg).unwrap_or(f64::NAN);
            parts.push((writer.node(interp, *arg), value));
        }
    }
    Culprit { node, wrong, text: writer.node(interp, node), value, parts, needs, defines: None }
}

/// The first part, in order of evaluation, whose first or second partials are not finite.
fn find_steep(interp: &mut Interp<'_, Plain<'_>>, root: NodeId) -> Option<Culprit> {
    stacker::maybe_grow(128 << 10, 2 << 20, || {
        let model = interp.model();
        let mut rules = Rules::default();
        let mut seen = HashSet::new(); // only tested for membership
        let mut stack = vec![(root, false)];
        while let Some((node, ready)) = stack.pop() {
            if ready {
                if let Some(found) = steep_here(interp, &mut rules, node) {
                    return Some(found);
                }
                continue;
            }
            if !model.graph.has_var(node) || !seen.insert(node) {
                continue;
            }
            stack.push((node, true));
            match model.graph.node(node) {
                Node::If { cond, then, otherwise } => {
                    stack.push((if number(interp, *cond)? != 0.0 { *then } else { *otherwise }, false));
                }
                Node::Call { args, .. } => stack.extend(args.iter().rev().map(|a| (*a, false))),
                _ => {}
            }
        }
        None
    })
}

fn steep_here(interp: &mut Interp<'_, Plain<'_>>, rules: &mut Rules, node: NodeId) -> Option<Culprit> {
    let model = interp.model();
    match model.graph.node(node) {
        Node::Call { func, args } => {
            let values: Vec<f64> = args.iter().filter_map(|a| number(interp, *a)).collect();
            let row = func::row(*func);
            let value = row.eval(&values);
            let live = |k: usize| model.graph.has_var(args[k]);
            // Sums of a million terms have no curvature; their rule is not needed to know it.
            if args.len() > 64 && !row.domain.is_steep(&values) {
                return None;
            }
            let rule = rules.rule(*func, args.len());
            let (first, second) = rules.second(rule, &values, value);
            let bad = first.iter().enumerate().any(|(k, v)| live(k) && !v.is_finite())
                || second.iter().any(|(i, j, v)| live(*i as usize) && live(*j as usize) && !v.is_finite());
            bad.then(|| culprit(interp, node, Wrong::Derivative, value, row.domain.text))
        }
        Node::Reduce { domain, body, .. } => {
            let mut found = None;
            let _ = interp.for_each(*domain, &mut |this| match find_steep(this, *body) {
                None => Ok(()),
                some => {
                    found = some;
                    Err(this.fault(*body, FaultKind::NotANumber))
                }
            });
            found
        }
        Node::Array { .. } => {
            let body = deeper(interp, node)??;
            find_steep(interp, body)
        }
        _ => None,
    }
}

impl Culprit {
    /// `log(x[7]): x[7] = -3.1e-9`, or what else is wrong, in words.
    pub fn words(&self) -> String {
        let parts = self.values();
        let of = if parts.is_empty() { String::new() } else { format!(": {parts}") };
        match self.wrong {
            Wrong::Domain | Wrong::Overflow if !of.is_empty() => format!("{}{of}", self.text),
            Wrong::Empty => format!("{} goes over an empty set", self.text),
            Wrong::Derivative => format!("the derivative of {} is not finite{of}", self.text),
            _ => format!("{} is {}", self.text, text::number(self.value)),
        }
    }

    /// `x[7] = -3.1e-9, y = 2`.
    pub fn values(&self) -> String {
        let parts = self.parts.iter().map(|(text, value)| format!("{text} = {}", text::number(*value)));
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// Faults say where they stood; this is the same in words: `t = 1, i = "seattle"`.
impl Fault {
    /// The indices with the elements they stood at.
    pub fn indices<A: Algebra>(&self, interp: &Interp<'_, A>) -> String {
        let model = interp.model();
        let writer = Writer::new(model, interp.env());
        let mut out = Vec::new();
        for (binder, element) in &self.at {
            let names = &model.binders[*binder].names;
            let parts: Vec<String> = element.iter().map(|v| writer.val(*v)).collect();
            if names.len() == parts.len() {
                out.extend(names.iter().zip(parts).map(|(n, p)| format!("{n} = {p}")));
            } else if let [name] = names.as_slice() {
                out.push(format!("{name} = ({})", parts.join(", ")));
            }
        }
        out.join(", ")
    }
}
