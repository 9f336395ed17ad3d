//! Objectives and constraints as families over a tree of domains.
//!
//! - A sum at the additive top becomes a family on a child domain; factors free of reductions move
//!   into it, so `c * sum(i: u)` and `x * sum(i: u)` stay sparse.
//! - A reduction of data alone becomes a computed param (or, where its domain is filtered, a defined
//!   array without derivatives).
//! - Any other reduction becomes a defined array: dense over the sets of its free binders where those
//!   are plain sets, else one slot per instance of the enclosing domain.
//! - A `let` without reductions is inlined; one with reductions is inlined at the additive top and a
//!   defined array elsewhere; matrix products are always defined arrays.

use super::free::Free;
use super::instantiate::{at_subs, instantiate, parts_of, rebuild, subs_of};
use crate::base::{IdVec, Origin};
use crate::func::FuncId;
use crate::ir::graph::Depends;
use crate::ir::model::{Array, ArrayKind, Domain, Over, Param, ParamSource, Role};
use crate::ir::plan::{Def, DefKind, Family, Plan, PlanDomain, PlanDomainId, Target};
use crate::ir::{ArrayId, BinderId, DomainId, Model, Node, NodeId, ParamId, ReduceOp};
use std::collections::{BTreeMap, BTreeSet};

/// The plan of a model. New arrays, params, binders and domains are appended to the model.
pub fn normalise(model: &mut Model) -> Plan {
    let mut pass = Normalise::new(model);
    pass.inline_lets();
    for con in pass.model.constraints.ids() {
        let (domain, body, origin) = {
            let c = &pass.model.constraints[con];
            (c.domain, c.body, Origin::Source(c.at))
        };
        let rows = pass.child(Plan::ROOT, domain, origin);
        pass.plan.rows.push(rows);
        pass.split(body, rows, Target::Row(con), origin);
    }
    for obj in pass.model.objectives.ids() {
        let (body, origin) = (pass.model.objectives[obj].body, Origin::Source(pass.model.objectives[obj].at));
        pass.split(body, Plan::ROOT, Target::Objective(obj), origin);
    }
    pass.plan.homes = pass.plan.rows.clone();
    pass.plan
}

/// What becomes of a `let` or a matrix product.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Substituted wherever it is used.
    Inline,
    /// Substituted at the additive top, a defined array elsewhere.
    Sum,
    /// A defined array.
    Def,
    /// Data alone: a computed param.
    Data(ParamId),
}

struct Normalise<'m> {
    model: &'m mut Model,
    plan: Plan,
    free: Free,
    uses: IdVec<ArrayId, Use>,
    defined: BTreeSet<ArrayId>,
    // Reductions that already have an array: dense ones by node, others by domain and node.
    dense: BTreeMap<NodeId, NodeId>,
    slots: BTreeMap<(PlanDomainId, NodeId), NodeId>,
    hoisted: BTreeMap<NodeId, NodeId>,
    add: FuncId,
    mul: FuncId,
    div: FuncId,
}

/// A part of an additive top on its way to a family.
struct Term {
    node: NodeId,
    domain: PlanDomainId,
    factors: Vec<NodeId>,
}

impl<'m> Normalise<'m> {
    fn new(model: &'m mut Model) -> Self {
        let root = Origin::Made("normalise", model.graph.origin_now().span());
        let mut plan = Plan::default();
        plan.domains.push(PlanDomain { parent: None, binders: Vec::new(), filters: Vec::new(), origin: root });
        let id = |name| crate::func::lookup(name).unwrap_or_else(|| crate::bug!("no builtin `{name}`"));
        Self {
            uses: model.arrays.iter().map(|_| Use::Def).collect(),
            model,
            plan,
            free: Free::default(),
            defined: BTreeSet::new(),
            dense: BTreeMap::new(),
            slots: BTreeMap::new(),
            hoisted: BTreeMap::new(),
            add: id("add"),
            mul: id("mul"),
            div: id("div"),
        }
    }

    /// Rewrites every template so that no inlined `let` is left in it, lets in order of dependence.
    fn inline_lets(&mut self) {
        for array in self.arrays_in_order() {
            let ArrayKind::Template { domain, body } = self.model.arrays[array].kind else { continue };
            let body = self.inline(body);
            self.model.arrays[array].kind = ArrayKind::Template { domain, body };
            self.uses[array] = if !self.model.graph.has_var(body) {
                Use::Data(self.data_param(array, domain, body))
            } else if self.reduces_vars(body) {
                Use::Sum
            } else {
                Use::Inline
            };
        }
        for con in self.model.constraints.ids() {
            let body = self.model.constraints[con].body;
            self.model.constraints[con].body = self.inline(body);
        }
        for obj in self.model.objectives.ids() {
            let body = self.model.objectives[obj].body;
            self.model.objectives[obj].body = self.inline(body);
        }
    }

    /// Arrays, each after those it uses. (`sema` refuses cycles.)
    fn arrays_in_order(&self) -> Vec<ArrayId> {
        let mut order = Vec::new();
        let mut state: IdVec<ArrayId, u8> = self.model.arrays.iter().map(|_| 0).collect();
        for root in self.model.arrays.ids() {
            let mut stack = vec![root];
            while let Some(&at) = stack.last() {
                if state[at] == 0 {
                    state[at] = 1;
                    stack.extend(self.needs(at).into_iter().filter(|n| state[*n] == 0));
                } else {
                    stack.pop();
                    if state[at] == 1 {
                        state[at] = 2;
                        order.push(at);
                    }
                }
            }
        }
        order
    }

    fn needs(&self, array: ArrayId) -> Vec<ArrayId> {
        match self.model.arrays[array].kind {
            ArrayKind::MatMul { left, right } => vec![left, right],
            ArrayKind::LogDet { of } => vec![of],
            ArrayKind::Template { body, .. } => {
                let used = self.model.graph.reachable(&[body]).into_iter();
                used.filter_map(|n| match self.model.graph.node(n) {
                    Node::Array { array, .. } => Some(*array),
                    _ => None,
                })
                .collect()
            }
        }
    }

    fn inline(&mut self, body: NodeId) -> NodeId {
        let mut made = BTreeMap::new();
        for id in self.model.graph.reachable(&[body]) {
            let node = self.model.graph.node(id).clone();
            let mut new = rebuild(self.model, &node, id, &made);
            if let Node::Array { array, subs } = self.model.graph.node(new).clone() {
                new = match self.uses[array] {
                    Use::Inline => self.template_at(array, &subs),
                    Use::Data(param) => self.model.graph.param(param, &subs),
                    Use::Sum | Use::Def => new,
                };
            }
            made.insert(id, new);
        }
        made[&body]
    }

    /// A `let` of data alone as a param of the same axes.
    fn data_param(&mut self, array: ArrayId, domain: DomainId, body: NodeId) -> ParamId {
        let Array { name, at, axes, .. } = self.model.arrays[array].clone();
        let name = name.unwrap_or_else(|| format!("%{}", self.model.params.len()).into());
        let source = ParamSource::Computed { domain, body };
        self.model.params.push(Param { name, at, axes, labels: false, role: Role::Numeric, source })
    }

    /// The body of a template array at subscripts.
    fn template_at(&mut self, array: ArrayId, subs: &[NodeId]) -> NodeId {
        let ArrayKind::Template { domain, body } = self.model.arrays[array].kind else {
            crate::bug!("only templates are substituted")
        };
        let binders = self.model.domains[domain].binders.clone();
        let with = at_subs(self.model, &binders, subs);
        instantiate(self.model, body, &with)
    }

    /// Whether a reduction that involves variables is left in the body.
    fn reduces_vars(&self, body: NodeId) -> bool {
        let graph = &self.model.graph;
        if !graph.depends(body).on(Depends::REDUCE) {
            return false;
        }
        graph
            .reachable(&[body])
            .into_iter()
            .any(|n| matches!(graph.node(n), Node::Reduce { body, .. } if graph.has_var(*body)))
    }

    fn child(&mut self, parent: PlanDomainId, domain: DomainId, origin: Origin) -> PlanDomainId {
        let Domain { binders, filter, .. } = self.model.domains[domain].clone();
        if binders.is_empty() && filter.is_none() {
            return parent;
        }
        let filters = filter.map_or_else(Vec::new, |f| self.conjuncts(f));
        self.plan.domains.push(PlanDomain { parent: Some(parent), binders, filters, origin })
    }

    fn conjuncts(&self, filter: NodeId) -> Vec<NodeId> {
        let and = crate::func::lookup("and");
        let mut out = Vec::new();
        let mut stack = vec![filter];
        while let Some(id) = stack.pop() {
            match self.model.graph.node(id) {
                Node::Call { func, args } if Some(*func) == and => stack.extend(args.iter().rev()),
                _ => out.push(id),
            }
        }
        out
    }

    /// Splits the additive top of `body` into families.
    fn split(&mut self, body: NodeId, domain: PlanDomainId, target: Target, origin: Origin) {
        let mut rest: BTreeMap<PlanDomainId, Vec<NodeId>> = BTreeMap::new();
        let mut stack = vec![Term { node: body, domain, factors: Vec::new() }];
        while let Some(term) = stack.pop() {
            if let Some(term) = self.split_one(term, &mut stack) {
                let mut product = term.factors;
                product.push(term.node);
                let node = self.model.graph.mul(&product);
                rest.entry(term.domain).or_default().push(node);
            }
        }
        for (domain, terms) in rest {
            self.model.graph.set_origin(origin);
            let sum = self.model.graph.add(&terms);
            let body = self.lower(sum, domain);
            self.plan.families.push(Family { domain, body, target, origin });
        }
    }

    /// Pushes the parts of a term that can be split; gives it back when it cannot.
    fn split_one(&mut self, term: Term, stack: &mut Vec<Term>) -> Option<Term> {
        if !self.model.graph.has_var(term.node) {
            return Some(term);
        }
        let Term { node, domain, mut factors } = term;
        match self.model.graph.node(node).clone() {
            Node::Call { func, args } if func == self.add => {
                let parts = args.iter().rev().map(|a| Term { node: *a, domain, factors: factors.clone() });
                stack.extend(parts);
                None
            }
            Node::Call { func, args } if func == self.mul => {
                let heavy: Vec<usize> = (0..args.len()).filter(|k| self.sums(args[*k])).collect();
                let &[heavy] = &heavy[..] else { return Some(Term { node, domain, factors }) };
                factors.extend(args.iter().enumerate().filter(|(k, _)| *k != heavy).map(|(_, a)| *a));
                stack.push(Term { node: args[heavy], domain, factors });
                None
            }
            Node::Call { func, args } if func == self.div && self.sums(args[0]) && !self.sums(args[1]) => {
                let one = self.model.graph.number(1.0);
                factors.push(self.model.graph.div(one, args[1]));
                stack.push(Term { node: args[0], domain, factors });
                None
            }
            Node::Reduce { op: ReduceOp::Sum, domain: inner, body } => {
                let origin = self.model.graph.origin(node);
                let child = self.child(domain, inner, origin);
                stack.push(Term { node: body, domain: child, factors });
                None
            }
            Node::Array { array, subs } if self.uses[array] == Use::Sum => {
                let node = self.template_at(array, &subs);
                stack.push(Term { node, domain, factors });
                None
            }
            _ => Some(Term { node, domain, factors }),
        }
    }

    /// Whether a node has, at its additive top or below, a reduction over variables.
    fn sums(&self, node: NodeId) -> bool {
        let graph = &self.model.graph;
        if !graph.has_var(node) {
            return false;
        }
        graph.reachable(&[node]).into_iter().any(|n| match graph.node(n) {
            Node::Reduce { body, .. } => graph.has_var(*body),
            Node::Array { array, .. } => self.uses[*array] == Use::Sum,
            _ => false,
        })
    }

    /// Replaces reductions and lets with arrays, so that only leaves and calls remain.
    fn lower(&mut self, body: NodeId, domain: PlanDomainId) -> NodeId {
        let mut made: BTreeMap<NodeId, NodeId> = BTreeMap::new();
        for id in self.outer_nodes(body) {
            let node = self.model.graph.node(id).clone();
            self.model.graph.set_origin(self.model.graph.origin(id));
            let new = match node {
                Node::Reduce { op, domain: inner, body } if self.model.graph.has_var(body) => {
                    self.define_reduction(id, op, inner, body, domain)
                }
                Node::Reduce { .. } => self.hoist(id, domain),
                Node::Array { array, ref subs } => {
                    self.define(array);
                    self.model.graph.array(array, subs)
                }
                _ => rebuild(self.model, &node, id, &made),
            };
            made.insert(id, new);
        }
        made[&body]
    }

    /// Nodes of a body down to its reductions, children first.
    fn outer_nodes(&self, body: NodeId) -> Vec<NodeId> {
        let mut seen = BTreeSet::new();
        let mut stack = vec![body];
        while let Some(id) = stack.pop() {
            if seen.insert(id) {
                let node = self.model.graph.node(id);
                if !matches!(node, Node::Reduce { .. }) {
                    node.for_each_child(|c| stack.push(c));
                }
            }
        }
        seen.into_iter().collect()
    }

    /// A reduction over data as a computed param, or as an array where its domain is filtered.
    fn hoist(&mut self, node: NodeId, domain: PlanDomainId) -> NodeId {
        if let Some(&known) = self.hoisted.get(&node) {
            return known;
        }
        let free: Vec<BinderId> = self.free.of(self.model, node).into_iter().collect();
        let Some(axes) = self.plain_axes(&free, domain) else {
            return self.define_slot(node, domain, |pass, _, target, origin, rows| {
                pass.plan.families.push(Family { domain: rows, body: node, target, origin });
            });
        };
        let at = self.model.graph.origin(node).span();
        let over = self.model.domains.push(Domain { binders: free.clone(), filter: None, at });
        let name = format!("%{}", self.model.params.len()).into();
        let source = ParamSource::Computed { domain: over, body: node };
        let param: ParamId =
            self.model.params.push(Param { name, at, axes, labels: false, role: Role::Numeric, source });
        let subs = subs_of(self.model, &free);
        let new = self.model.graph.param(param, &subs);
        self.hoisted.insert(node, new);
        new
    }

    /// The sets of the binders when all are plain sets and no filter of the enclosing domains
    /// guards them; their dense product may then be evaluated.
    fn plain_axes(&self, free: &[BinderId], domain: PlanDomainId) -> Option<Vec<crate::ir::SetId>> {
        if !free.is_empty() && self.filtered(domain) {
            return None;
        }
        free.iter()
            .map(|b| match self.model.binders[*b].over {
                Over::Set(set) => Some(set),
                Over::Range { .. } => None,
            })
            .collect()
    }

    fn filtered(&self, mut domain: PlanDomainId) -> bool {
        loop {
            let here = &self.plan.domains[domain];
            if !here.filters.is_empty() {
                return true;
            }
            match here.parent {
                Some(parent) => domain = parent,
                None => return false,
            }
        }
    }

    fn define_reduction(
        &mut self,
        node: NodeId,
        op: ReduceOp,
        inner: DomainId,
        body: NodeId,
        domain: PlanDomainId,
    ) -> NodeId {
        if matches!(op, ReduceOp::All | ReduceOp::Any) {
            return self.define_quantifier(op, inner, body, domain);
        }
        let free: Vec<BinderId> = self.free.of(self.model, node).into_iter().collect();
        let Some(axes) = self.plain_axes(&free, domain) else {
            return self.define_slot(node, domain, |pass, array, target, origin, rows| {
                pass.reduction_families(array, target, op, inner, body, rows, origin);
            });
        };
        if let Some(&known) = self.dense.get(&node) {
            return known;
        }
        let origin = Origin::Made("normalise", self.model.graph.origin(node).span());
        let rows = if free.is_empty() {
            Plan::ROOT
        } else {
            let parent = Some(Plan::ROOT);
            self.plan.domains.push(PlanDomain { parent, binders: free.clone(), filters: Vec::new(), origin })
        };
        let at = origin.span();
        let over = self.model.domains.push(Domain { binders: free.clone(), filter: None, at });
        let array =
            self.push_array(Array { name: None, at, axes, kind: ArrayKind::Template { domain: over, body: node } });
        self.reduction_families(array, Target::Array(array), op, inner, body, rows, origin);
        let kind = self.kind_of(array, op);
        self.plan.defs.push(Def { array, domain: rows, dense: true, kind, origin });
        let subs = subs_of(self.model, &free);
        let new = self.model.graph.array(array, &subs);
        self.dense.insert(node, new);
        new
    }

    /// `all(d: c)` is "the number of failures is zero", `any(d: c)` "the number of successes is not".
    fn define_quantifier(&mut self, op: ReduceOp, inner: DomainId, body: NodeId, domain: PlanDomainId) -> NodeId {
        let graph = &mut self.model.graph;
        let (zero, one, half) = (graph.number(0.0), graph.number(1.0), graph.number(0.5));
        let counted = match op {
            ReduceOp::All => graph.select(body, zero, one),
            _ => graph.select(body, one, zero),
        };
        let count = graph.reduce(ReduceOp::Sum, inner, counted);
        let count = self.define_reduction(count, ReduceOp::Sum, inner, counted, domain);
        match op {
            ReduceOp::All => self.model.graph.call("lt", &[count, half]),
            _ => self.model.graph.call("gt", &[count, half]),
        }
    }

    /// An array with one slot per instance of `domain`, its families made by `fill`.
    fn define_slot(
        &mut self,
        node: NodeId,
        domain: PlanDomainId,
        fill: impl FnOnce(&mut Self, ArrayId, Target, Origin, PlanDomainId),
    ) -> NodeId {
        if let Some(&known) = self.slots.get(&(domain, node)) {
            return known;
        }
        let origin = Origin::Made("normalise", self.model.graph.origin(node).span());
        let op = match *self.model.graph.node(node) {
            Node::Reduce { op, .. } if self.model.graph.has_var(node) => op,
            _ => ReduceOp::Sum,
        };
        let array = self.slot_array(node, origin);
        fill(self, array, Target::Array(array), origin, domain);
        let kind = self.kind_of(array, op);
        self.plan.defs.push(Def { array, domain, dense: false, kind, origin });
        let new = self.model.graph.intern(Node::Slot(array));
        self.slots.insert((domain, node), new);
        new
    }

    fn slot_array(&mut self, node: NodeId, origin: Origin) -> ArrayId {
        let at = origin.span();
        let over = self.model.domains.push(Domain { binders: Vec::new(), filter: None, at });
        let kind = ArrayKind::Template { domain: over, body: node };
        self.push_array(Array { name: None, at, axes: Vec::new(), kind })
    }

    fn push_array(&mut self, array: Array) -> ArrayId {
        self.uses.push(Use::Def);
        let id = self.model.arrays.push(array);
        self.defined.insert(id);
        id
    }

    fn kind_of(&self, array: ArrayId, op: ReduceOp) -> DefKind {
        // The items of a group are the definition made just before it.
        match (op, self.plan.defs.last()) {
            (ReduceOp::Sum, _) => DefKind::Sum,
            (op, Some(items)) if items.array != array => DefKind::Group { op, items: items.array },
            _ => crate::bug!("a group has items"),
        }
    }

    /// The families of a reduction: sums add straight into the target, others get an array of items.
    #[allow(clippy::too_many_arguments)] // the parts of one reduction, used together once
    fn reduction_families(
        &mut self,
        array: ArrayId,
        target: Target,
        op: ReduceOp,
        inner: DomainId,
        body: NodeId,
        rows: PlanDomainId,
        origin: Origin,
    ) {
        let child = self.child(rows, inner, origin);
        if op == ReduceOp::Sum {
            self.split(body, child, target, origin);
            return;
        }
        debug_assert!(self.model.arrays.get(array).is_some());
        let items = self.slot_array(body, origin);
        self.split(body, child, Target::Array(items), origin);
        self.plan.defs.push(Def { array: items, domain: child, dense: false, kind: DefKind::Sum, origin });
    }

    /// Makes sure that a `let` or a matrix product has its definition.
    fn define(&mut self, array: ArrayId) {
        if self.defined.insert(array) {
            // As deep as lets with sums use each other inside nonlinear functions.
            stacker::maybe_grow(64 << 10, 1 << 20, || self.define_one(array));
        }
    }

    fn define_one(&mut self, array: ArrayId) {
        let Array { axes, kind, at, .. } = self.model.arrays[array].clone();
        let origin = Origin::Source(at);
        let (rows, kind) = match kind {
            ArrayKind::Template { domain, body } => {
                let rows = self.child(Plan::ROOT, domain, origin);
                self.split(body, rows, Target::Array(array), origin);
                (rows, DefKind::Sum)
            }
            ArrayKind::MatMul { left, right } => {
                self.define(left);
                self.define(right);
                (self.product_of(&axes, origin), DefKind::MatMul { left, right })
            }
            ArrayKind::LogDet { of } => {
                self.define(of);
                (Plan::ROOT, DefKind::LogDet { of })
            }
        };
        self.plan.defs.push(Def { array, domain: rows, dense: true, kind, origin });
    }

    /// A domain with one fresh binder per axis.
    fn product_of(&mut self, axes: &[crate::ir::SetId], origin: Origin) -> PlanDomainId {
        if axes.is_empty() {
            return Plan::ROOT;
        }
        let binder = |set: &crate::ir::SetId| crate::ir::model::Binder {
            names: Vec::new(),
            at: origin.span(),
            over: Over::Set(*set),
        };
        let binders: Vec<BinderId> = axes.iter().map(|s| self.model.binders.push(binder(s))).collect();
        debug_assert!(binders.iter().all(|b| parts_of(self.model, &self.model.binders[*b]) > 0));
        self.plan.domains.push(PlanDomain { parent: Some(Plan::ROOT), binders, filters: Vec::new(), origin })
    }
}
