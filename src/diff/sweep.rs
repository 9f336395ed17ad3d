//! One symbolic reverse sweep.
//!
//! The adjoint of a node is the sum over its uses of the user's adjoint times the row's partial.
//! Under an `if` a use counts only where its branch is taken; the partials of the other branch may be
//! infinite there, so contributions are guarded by the condition rather than multiplied by zero.

use crate::func;
use crate::ir::{Graph, Node, NodeId};
use std::collections::BTreeMap;

/// What has come together at a node so far.
struct Pending {
    /// Summands of the adjoint.
    parts: Vec<NodeId>,
    /// Conditions under which the node matters; `None`: always.
    guards: Option<Vec<NodeId>>,
}

/// `d (sum of bodies) / d leaf` for every leaf that involves a variable, ascending by leaf.
pub fn adjoints(graph: &mut Graph, bodies: &[NodeId]) -> BTreeMap<NodeId, NodeId> {
    let mut sweep = Sweep { graph, pending: BTreeMap::new(), found: BTreeMap::new() };
    let one = sweep.graph.number(1.0);
    bodies.iter().for_each(|body| sweep.give(*body, one, None));
    // Users have larger ids than what they use: the largest pending node is complete.
    while let Some((node, pending)) = sweep.pending.pop_last() {
        sweep.visit(node, pending);
    }
    sweep.found
}

struct Sweep<'g> {
    graph: &'g mut Graph,
    pending: BTreeMap<NodeId, Pending>,
    found: BTreeMap<NodeId, NodeId>,
}

impl Sweep<'_> {
    fn give(&mut self, to: NodeId, part: NodeId, guard: Option<NodeId>) {
        if !self.graph.has_var(to) || self.graph.as_num(part) == Some(0.0) {
            return;
        }
        let fresh = || Pending { parts: Vec::new(), guards: Some(Vec::new()) };
        let pending = self.pending.entry(to).or_insert_with(fresh);
        pending.parts.push(part);
        match (guard, &mut pending.guards) {
            (None, guards) => *guards = None,
            (Some(guard), Some(guards)) => guards.push(guard),
            (Some(_), None) => {}
        }
    }

    fn visit(&mut self, node: NodeId, pending: Pending) {
        let adjoint = self.graph.add(&pending.parts);
        let guard = pending.guards.map(|g| self.any(&g));
        match self.graph.node(node).clone() {
            Node::Call { func, args } => self.through_call(node, func, &args, adjoint, guard),
            Node::If { cond, then, otherwise } => self.through_if(cond, [then, otherwise], adjoint, guard),
            _ => {
                self.found.insert(node, adjoint);
            }
        }
    }

    fn through_call(&mut self, y: NodeId, func: func::FuncId, args: &[NodeId], adjoint: NodeId, guard: Option<NodeId>) {
        let x: Vec<func::Ex> = args.iter().map(|a| func::Ex(a.0)).collect();
        let partials = (func::row(func).partials)(self.graph, &x, func::Ex(y.0));
        for (&arg, partial) in args.iter().zip(partials) {
            if !self.graph.has_var(arg) {
                continue;
            }
            let inner = self.unmasked(adjoint, guard);
            let part = self.graph.mul(&[inner, NodeId(partial.0)]);
            let part = self.masked(part, guard);
            self.give(arg, part, guard);
        }
    }

    fn through_if(&mut self, cond: NodeId, branches: [NodeId; 2], adjoint: NodeId, guard: Option<NodeId>) {
        let not = self.graph.call("not", &[cond]);
        let inner = self.unmasked(adjoint, guard);
        for (branch, taken) in branches.into_iter().zip([cond, not]) {
            let guard = Some(match guard {
                Some(outer) => self.graph.call("and", &[outer, taken]),
                None => taken,
            });
            let part = self.masked(inner, guard);
            self.give(branch, part, guard);
        }
    }

    /// `if guard then value else 0`.
    fn masked(&mut self, value: NodeId, guard: Option<NodeId>) -> NodeId {
        let Some(guard) = guard else { return value };
        let zero = self.graph.number(0.0);
        self.graph.select(guard, value, zero)
    }

    /// What a masked value is where its guard holds.
    fn unmasked(&self, value: NodeId, guard: Option<NodeId>) -> NodeId {
        match *self.graph.node(value) {
            Node::If { cond, then, otherwise } if Some(cond) == guard && self.graph.as_num(otherwise) == Some(0.0) => {
                then
            }
            _ => value,
        }
    }

    fn any(&mut self, guards: &[NodeId]) -> NodeId {
        let mut guards = guards.to_vec();
        guards.sort_unstable();
        guards.dedup();
        let first = guards[0];
        guards[1..].iter().fold(first, |all, g| self.graph.call("or", &[all, *g]))
    }
}
