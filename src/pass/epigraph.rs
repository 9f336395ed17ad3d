//! Kinks in a harmless position as smooth rows: `minimize max(f, g)` is `minimize t` with `f <= t` and `g <= t`.
//!
//! Takes a checked model and what is known of the range of its data; gives the model with one variable and one or more
//! constraints for every `max`, `min` and `abs` that can only be pressed against its arguments: on the side of an objective
//! or of a row that an optimum pushes down (`max`, `abs`) or up (`min`), with factors of known sign. A kink under a `sum` gets
//! a variable per instance, still as one template. What is added stands after what the user wrote, so that a point
//! of the new model begins with a point of the old one; the arguments need not be convex.
//! The same walk finds norms in such a position: each gets a variable above it ([`above_norms`]), from which
//! [`norms`](super::norms) makes second-order cones.
//! Deliberately absent: kinks in other positions (they are nonconvex) and inside indexed `let`s.

use super::instantiate::{at_subs, instantiate};
use crate::base::{Id, Interval};
use crate::func::{self, Residual};
use crate::ir::model::{ArrayKind, Binder, Constraint, Domain, Over, Set, SetKind, Start, Var, VarType};
use crate::ir::model::{ElemType, Model};
use crate::ir::{BinderId, ConId, DomainId, Node, NodeId, ObjId, ReduceOp};
use crate::syntax::ast::Sense;

/// What is known of the values of a node that depends on data alone.
pub type RangeOf<'r> = dyn Fn(&Model, NodeId) -> Interval + 'r;

/// The model without harmless kinks, and how many templates there were; nothing when there are none.
pub fn without_kinks(model: &Model, range: &RangeOf<'_>) -> Option<(Model, usize)> {
    let pass = walked(model, range, Sought::Kinks);
    (pass.count > 0).then_some((pass.model, pass.count))
}

/// Whether a `max`, `min` or `abs` of variables stands anywhere in the model: without one, no numbers make kinks of this kind.
pub fn has_kinks(model: &Model) -> bool {
    (0..model.graph.len()).map(NodeId::new).filter(|node| model.graph.has_var(*node)).any(|node| {
        match model.graph.node(node) {
            Node::Reduce { op, .. } => matches!(op, ReduceOp::Max | ReduceOp::Min),
            Node::Call { func, .. } => matches!(func::row(*func).name, "max" | "min" | "abs"),
            _ => false,
        }
    })
}

/// A norm, and what stands above it.
#[derive(Clone, Copy, Debug)]
pub struct Norm {
    /// The constraint `norm - bound <= 0`.
    pub con: ConId,
    /// The norm.
    pub norm: NodeId,
    /// The variable at the subscripts of the constraint's domain.
    pub bound: NodeId,
}

/// The model with a variable in place of every root and `hypot` that an optimum presses down, and their constraints;
/// nothing when there are none. Whether what is under a root is a sum of squares is for the caller to see.
pub fn above_norms(model: &Model, range: &RangeOf<'_>) -> Option<(Model, Vec<Norm>)> {
    let pass = walked(model, range, Sought::Norms);
    (!pass.norms.is_empty()).then_some((pass.model, pass.norms))
}

/// What gets a variable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sought {
    Kinks,
    Norms,
}

fn walked<'r>(model: &Model, range: &'r RangeOf<'r>, sought: Sought) -> Epigraph<'r> {
    let (scope, norms) = (Vec::new(), Vec::new());
    let mut pass = Epigraph { model: model.clone(), range, sought, scope, count: 0, norms };
    for k in 0..model.objectives.len() {
        let objective = ObjId::new(k);
        let side = if model.objectives[objective].sense == Sense::Minimize { Side::Down } else { Side::Up };
        let body = pass.rewrite(model.objectives[objective].body, side);
        pass.model.objectives[objective].body = body;
    }
    for k in 0..model.constraints.len() {
        let con = ConId::new(k);
        let written = &model.constraints[con];
        let side = match (written.lower, written.upper, &written.complements) {
            (None, Some(_), None) => Side::Down,
            (Some(_), None, None) => Side::Up,
            _ => continue,
        };
        pass.scope.push(written.domain);
        let body = pass.rewrite(written.body, side);
        pass.scope.pop();
        pass.model.constraints[con].body = body;
    }
    pass
}

/// Where an optimum, or feasibility, pushes a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Down,
    Up,
}

impl Side {
    fn flipped(self) -> Self {
        if self == Self::Down { Self::Up } else { Self::Down }
    }
}

struct Epigraph<'r> {
    model: Model,
    range: &'r RangeOf<'r>,
    sought: Sought,
    /// Domains that enclose the node, the outermost first.
    scope: Vec<DomainId>,
    count: usize,
    norms: Vec<Norm>,
}

impl Epigraph<'_> {
    /// The node with its harmless kinks replaced.
    fn rewrite(&mut self, node: NodeId, side: Side) -> NodeId {
        if !self.model.graph.has_var(node) {
            return node;
        }
        stacker::maybe_grow(64 << 10, 1 << 20, || self.rewrite_inner(node, side))
    }

    fn rewrite_inner(&mut self, node: NodeId, side: Side) -> NodeId {
        if let Some(terms) = self.model.graph.as_sum(node).map(<[NodeId]>::to_vec) {
            let new: Vec<NodeId> = terms.iter().map(|t| self.rewrite(*t, side)).collect();
            return if new == terms { node } else { self.model.graph.add(&new) };
        }
        if let Some(factors) = self.model.graph.as_product(node).map(<[NodeId]>::to_vec) {
            return self.product(node, factors, side);
        }
        let read = self.model.graph.node(node).clone();
        if let Node::Reduce { op: ReduceOp::Sum, domain, body } = read {
            self.scope.push(domain);
            let new = self.rewrite(body, side);
            self.scope.pop();
            return if new == body { node } else { self.model.graph.reduce(ReduceOp::Sum, domain, new) };
        }
        if self.sought == Sought::Norms { self.norm(node, read, side) } else { self.kink(node, read, side) }
    }

    fn norm(&mut self, node: NodeId, read: Node, side: Side) -> NodeId {
        match read {
            Node::Call { func, .. }
                if side == Side::Down && matches!(func::row(func).residual, Residual::Root | Residual::Length) =>
            {
                let bound = self.bound(node, &[], None, side);
                let con = ConId::new(self.model.constraints.len());
                let body = self.model.graph.sub(node, bound);
                let at = self.model.graph.origin(node).span();
                let domain = self.domain_of_scope(at);
                self.constrain(body, domain, at);
                self.norms.push(Norm { con, norm: node, bound });
                bound
            }
            Node::Array { array, subs } => {
                let ArrayKind::Template { domain, body } = self.model.arrays[array].kind else { return node };
                let binders = self.model.domains[domain].binders.clone();
                let with = at_subs(&self.model, &binders, &subs);
                let written = instantiate(&mut self.model, body, &with);
                let new = self.rewrite(written, side);
                if new == written { node } else { new }
            }
            _ => node,
        }
    }

    fn kink(&mut self, node: NodeId, read: Node, side: Side) -> NodeId {
        match read {
            Node::Reduce { op: ReduceOp::Max, domain, body } if side == Side::Down => {
                self.bound(node, &[body], Some(domain), side)
            }
            Node::Reduce { op: ReduceOp::Min, domain, body } if side == Side::Up => {
                self.bound(node, &[body], Some(domain), side)
            }
            Node::Call { func, args } => match (crate::func::row(func).name, side) {
                ("max", Side::Down) | ("min", Side::Up) => self.bound(node, &args, None, side),
                ("abs", Side::Down) => {
                    let opposite = self.model.graph.neg(args[0]);
                    self.bound(node, &[args[0], opposite], None, side)
                }
                _ => node,
            },
            Node::Array { array, subs } if subs.is_empty() => match self.model.arrays[array].kind {
                ArrayKind::Template { body, .. } => {
                    let new = self.rewrite(body, side);
                    if new == body { node } else { new }
                }
                _ => node,
            },
            _ => node,
        }
    }

    /// A product with one factor of variables and others of known sign.
    fn product(&mut self, node: NodeId, factors: Vec<NodeId>, side: Side) -> NodeId {
        let mut inner = None;
        let mut at = side;
        for (k, factor) in factors.iter().enumerate() {
            if self.model.graph.has_var(*factor) {
                if inner.replace(k).is_some() {
                    return node;
                }
                continue;
            }
            let range = (self.range)(&self.model, *factor);
            if range.hi <= 0.0 {
                at = at.flipped();
            } else if !(range.lo >= 0.0) {
                return node;
            }
        }
        let Some(inner) = inner else { return node };
        let new = self.rewrite(factors[inner], at);
        if new == factors[inner] {
            return node;
        }
        let mut factors = factors;
        factors[inner] = new;
        self.model.graph.mul(&factors)
    }

    /// A variable on the right side of all `args`, in every instance of `over`; it stands for the kink `node`.
    fn bound(&mut self, node: NodeId, args: &[NodeId], over: Option<DomainId>, side: Side) -> NodeId {
        self.count += 1;
        let origin = self.model.graph.origin(node);
        self.model.graph.set_origin(origin);
        let at = origin.span();
        let binders = self.binders_in_scope();
        let mut subs = Vec::new();
        for binder in &binders {
            for part in 0..self.elem(*binder).len() {
                subs.push(self.model.graph.index(*binder, part as u16));
            }
        }
        let var = self.variable(&binders, &subs, at);
        self.scope.extend(over);
        let args: Vec<NodeId> = args.iter().map(|arg| self.rewrite(*arg, side)).collect();
        let domain = self.domain_of_scope(at);
        if over.is_some() {
            self.scope.pop();
        }
        for arg in args {
            let body = match side {
                Side::Down => self.model.graph.sub(arg, var),
                Side::Up => self.model.graph.sub(var, arg),
            };
            self.constrain(body, domain, at);
        }
        var
    }

    /// The constraint `body <= 0`.
    fn constrain(&mut self, body: NodeId, domain: DomainId, at: crate::base::Span) {
        let upper = Some(self.model.graph.number(0.0));
        let (name, lower, complements) = (None, None, None);
        self.model.constraints.push(Constraint { name, at, domain, body, lower, upper, complements });
    }

    /// A free variable for each instance of the scope; the node stands for the one at `subs`.
    fn variable(&mut self, binders: &[BinderId], subs: &[NodeId], at: crate::base::Span) -> NodeId {
        let (mut axes, mut own) = (Vec::new(), Vec::new());
        if !binders.is_empty() {
            let domain = self.domain_of_scope(at);
            let elem: Vec<ElemType> = binders.iter().flat_map(|b| self.elem(*b)).collect();
            let parent = match (binders, binders.first().map(|b| self.model.binders[*b].over.clone())) {
                ([_], Some(Over::Set(set))) => Some(set),
                _ => None,
            };
            let set = self.model.sets.push(Set { name: None, at, elem, parent, kind: SetKind::Where(domain) });
            axes.push(set);
            own.push(self.model.binders.push(Binder { names: Vec::new(), at, over: Over::Set(set) }));
        }
        let domain = self.model.domains.push(Domain { binders: own, filter: None, at });
        let var = self.model.vars.push(Var {
            name: format!("%kink{}", self.count).as_str().into(),
            at,
            axes,
            domain,
            ty: VarType::Real,
            lower: None,
            upper: None,
            start: Start::Default,
        });
        self.model.graph.var(var, subs)
    }

    fn binders_in_scope(&self) -> Vec<BinderId> {
        self.scope.iter().flat_map(|d| self.model.domains[*d].binders.clone()).collect()
    }

    /// All domains of the scope in one.
    fn domain_of_scope(&mut self, at: crate::base::Span) -> DomainId {
        if let [one] = self.scope[..] {
            return one;
        }
        let binders = self.binders_in_scope();
        let filters: Vec<NodeId> = self.scope.iter().filter_map(|d| self.model.domains[*d].filter).collect();
        let filter = match filters[..] {
            [] => None,
            [one] => Some(one),
            _ => Some(self.model.graph.call("and", &filters)),
        };
        self.model.domains.push(Domain { binders, filter, at })
    }

    /// Types of the parts of an element that a binder stands at.
    fn elem(&self, binder: BinderId) -> Vec<ElemType> {
        match self.model.binders[binder].over {
            Over::Set(set) => self.model.sets[set].elem.clone(),
            Over::Range { .. } => vec![ElemType::Int],
        }
    }
}
