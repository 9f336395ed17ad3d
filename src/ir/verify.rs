//! Whether a model holds together: ids in range, subscripts as many as axes, indices used in scope.
//!
//! Takes a model as `sema` or `front` made it (before any pass); gives the first fault in words. A fault is
//! a bug in optc, never the user's error. Used by tests and by debug builds.
//! Deliberately absent: whether the model means what was written.

use super::model::{ArrayKind, Expected, Initialiser, Over, ParamSource, SetKind, Start};
use super::{ArrayId, BinderId, DomainId, Model, Node, NodeId, SetId};
use crate::base::Id;
use crate::func;
use indexmap::IndexSet;

/// Checks a model; the first fault found, in words.
///
/// # Errors
/// What does not hold together, for a bug report.
pub fn verify(model: &Model) -> Result<(), String> {
    let checker = Checker { model };
    checker.nodes()?;
    checker.binders()?;
    checker.sets()?;
    checker.data()?;
    checker.goals()?;
    checker.outcome()
}

struct Checker<'m> {
    model: &'m Model,
}

impl Checker<'_> {
    /// Every node by itself: ids in range, counts of subscripts and arguments.
    fn nodes(&self) -> Result<(), String> {
        for id in (0..self.model.graph.len()).map(NodeId::new) {
            self.node(id).map_err(|fault| format!("node {}: {fault}", id.0))?;
        }
        Ok(())
    }

    fn node(&self, id: NodeId) -> Result<(), String> {
        let model = self.model;
        let node = model.graph.node(id);
        let mut late = None;
        node.for_each_child(|child| {
            if child >= id {
                late = Some(child);
            }
        });
        if let Some(child) = late {
            return Err(format!("its child {} is not older", child.0));
        }
        match node {
            Node::Index { binder, part } => {
                let arity = self.arity_of_binder(*binder)?;
                ensure((*part as usize) < arity, || format!("part {part} of an element with {arity} parts"))
            }
            Node::Param { param, subs } => {
                let param = model.params.get(*param).ok_or("no such param")?;
                self.subs(&param.axes, subs.len(), &param.name)
            }
            Node::Var { var, subs } => {
                let var = model.vars.get(*var).ok_or("no such variable")?;
                self.subs(&var.axes, subs.len(), &var.name)
            }
            Node::Array { array, subs } => {
                let array = model.arrays.get(*array).ok_or("no such array")?;
                self.subs(&array.axes, subs.len(), array.name.as_deref().unwrap_or("an array"))
            }
            Node::Call { func, args } => {
                let row = func::row(*func);
                ensure(row.arity.accepts(args.len()), || format!("`{}` with {} arguments", row.name, args.len()))
            }
            Node::Reduce { domain, .. } => ensure(domain.index() < model.domains.len(), || "no such domain".into()),
            Node::Member { set, subs } => self.subs(&[*set], subs.len(), "a set"),
            Node::Dual { con, subs } | Node::Slack { con, subs } => {
                let con = model.constraints.get(*con).ok_or("no such constraint")?;
                let binders = &model.domains[con.domain].binders;
                let arity: usize = binders.iter().map(|b| self.arity_of_binder(*b)).sum::<Result<_, _>>()?;
                ensure(subs.len() == arity, || format!("{} subscripts for a row with {arity}", subs.len()))
            }
            Node::Num(_) | Node::Label(_) | Node::Slot(_) | Node::If { .. } | Node::SameElem { .. } => Ok(()),
        }
    }

    fn subs(&self, axes: &[SetId], found: usize, name: &str) -> Result<(), String> {
        let mut arity = 0;
        for axis in axes {
            arity += self.model.sets.get(*axis).ok_or_else(|| format!("`{name}` has an axis that is no set"))?.arity();
        }
        ensure(found == arity, || format!("`{name}` takes {arity} subscripts and has {found}"))
    }

    fn arity_of_binder(&self, binder: BinderId) -> Result<usize, String> {
        match self.model.binders.get(binder).ok_or("no such binder")?.over {
            Over::Set(set) => Ok(self.model.sets.get(set).ok_or("a binder over no set")?.arity()),
            Over::Range { .. } => Ok(1),
        }
    }

    /// Every binder belongs to one domain at most.
    fn binders(&self) -> Result<(), String> {
        let mut seen = IndexSet::new();
        for (id, domain) in self.model.domains.enumerate() {
            for binder in &domain.binders {
                ensure(seen.insert(*binder), || {
                    format!("binder {} of domain {} is bound elsewhere too", binder.0, id.0)
                })?;
            }
        }
        Ok(())
    }

    fn sets(&self) -> Result<(), String> {
        for (id, set) in self.model.sets.enumerate() {
            let fault = |what: String| format!("set {}: {what}", id.0);
            ensure(!set.elem.is_empty(), || fault("elements without parts".into()))?;
            match &set.kind {
                SetKind::Range { lo, hi } => {
                    self.closed(&[*lo, *hi], &[]).map_err(fault)?;
                }
                SetKind::Where(domain) => {
                    self.domain(*domain, &[]).map_err(fault)?;
                    let binders = &self.model.domains[*domain].binders;
                    let arity: usize = binders.iter().map(|b| self.arity_of_binder(*b)).sum::<Result<_, _>>()?;
                    ensure(arity == set.arity(), || fault(format!("{arity} parts in its domain")))?;
                }
                SetKind::Tuples(tuples) => {
                    let is_whole = tuples.iter().all(|t| t.len() == set.arity());
                    ensure(is_whole, || fault("a tuple of another length".into()))?;
                }
                _ => {}
            }
            if let Some(parent) = set.parent {
                let parent = self.model.sets.get(parent).ok_or_else(|| fault("no such parent".into()))?;
                ensure(parent.elem == set.elem, || fault("its parent has other elements".into()))?;
            }
        }
        Ok(())
    }

    fn data(&self) -> Result<(), String> {
        for param in self.model.params.iter() {
            let fault = |what: String| format!("param `{}`: {what}", param.name);
            match &param.source {
                ParamSource::Computed { domain, body } => {
                    self.template(*domain, &param.axes, &[*body]).map_err(fault)?;
                }
                ParamSource::Map(entries) => {
                    let nodes: Vec<NodeId> = entries.iter().map(|(_, node, _)| *node).collect();
                    self.closed(&nodes, &[]).map_err(fault)?;
                }
                ParamSource::List(nodes) => self.closed(nodes, &[]).map_err(fault)?,
                _ => {}
            }
        }
        for (id, array) in self.model.arrays.enumerate() {
            self.array(id, &array.kind).map_err(|fault| format!("array {}: {fault}", id.0))?;
        }
        Ok(())
    }

    fn array(&self, id: ArrayId, kind: &ArrayKind) -> Result<(), String> {
        match kind {
            ArrayKind::Template { domain, body } => self.template(*domain, &self.model.arrays[id].axes, &[*body]),
            ArrayKind::MatMul { left, right } => {
                let axes =
                    |array: &ArrayId| self.model.arrays.get(*array).map(|a| a.axes.len()).ok_or("no such operand");
                let (left, right) = (axes(left)?, axes(right)?);
                let counts_fit = (1..=2).contains(&left) && (1..=2).contains(&right) && left + right > 2;
                ensure(counts_fit, || format!("a product of {left} and {right} axes"))?;
                let axes = self.model.arrays[id].axes.len();
                ensure(axes == left + right - 2, || format!("a product of {left} and {right} axes has {axes}"))
            }
            ArrayKind::LogDet { of } => {
                let axes = self.model.arrays.get(*of).map(|a| a.axes.len());
                ensure(axes == Some(2), || "a determinant of no matrix".into())
            }
        }
    }

    /// A value per instance of a domain whose binders range over the axes.
    fn template(&self, domain: DomainId, axes: &[SetId], nodes: &[NodeId]) -> Result<(), String> {
        let binders = &self.model.domains.get(domain).ok_or("no such domain")?.binders;
        let arity = |sets: &[SetId]| sets.iter().map(|s| self.model.sets[*s].arity()).sum::<usize>();
        let bound: usize = binders.iter().map(|b| self.arity_of_binder(*b)).sum::<Result<_, _>>()?;
        ensure(bound == arity(axes), || format!("{bound} parts bound, {} in the axes", arity(axes)))?;
        self.domain(domain, &[])?;
        self.closed(nodes, binders)
    }

    fn goals(&self) -> Result<(), String> {
        for var in self.model.vars.iter() {
            let fault = |what: String| format!("variable `{}`: {what}", var.name);
            let mut nodes: Vec<NodeId> = var.lower.into_iter().chain(var.upper).collect();
            match var.start {
                Start::Value(node) => nodes.push(node),
                Start::Random(Initialiser::Normal(a, b) | Initialiser::Uniform(a, b)) => nodes.extend([a, b]),
                Start::Default | Start::Random(_) => {}
            }
            self.template(var.domain, &var.axes, &nodes).map_err(fault)?;
        }
        for objective in self.model.objectives.iter() {
            self.closed(&[objective.body], &[]).map_err(|fault| format!("objective: {fault}"))?;
        }
        for (id, con) in self.model.constraints.enumerate() {
            let mut nodes: Vec<NodeId> = [Some(con.body), con.lower, con.upper].into_iter().flatten().collect();
            if let Some((body, lower, upper)) = con.complements {
                nodes.extend([Some(body), lower, upper].into_iter().flatten());
            }
            let binders = &self.model.domains.get(con.domain).ok_or("no such domain")?.binders;
            let checked = self.domain(con.domain, &[]).and_then(|()| self.closed(&nodes, binders));
            checked.map_err(|fault| format!("constraint {}: {fault}", id.0))?;
        }
        Ok(())
    }

    fn outcome(&self) -> Result<(), String> {
        let nodes = self.model.checks.iter().map(|c| c.cond);
        let expected = self.model.expects.iter().flat_map(|e| match e.what {
            Expected::Holds(node) => vec![node],
            Expected::Near { left, right, tol } => [Some(left), Some(right), tol].into_iter().flatten().collect(),
        });
        let nodes: Vec<NodeId> = nodes.chain(expected).chain(self.model.tunes.iter().map(|t| t.target)).collect();
        self.closed(&nodes, &[])?;
        for show in &self.model.shows {
            let binders = &self.model.domains.get(show.domain).ok_or("no such domain")?.binders;
            self.closed(&[show.body], binders).map_err(|fault| format!("show `{}`: {fault}", show.text))?;
        }
        Ok(())
    }

    /// The filter and the ranges of a domain use indices of its own and of `outer` only.
    fn domain(&self, domain: DomainId, outer: &[BinderId]) -> Result<(), String> {
        let domain = self.model.domains.get(domain).ok_or("no such domain")?;
        let mut bound = outer.to_vec();
        for binder in &domain.binders {
            if let Over::Range { lo, hi } = self.model.binders[*binder].over {
                self.closed(&[lo, hi], &bound)?;
            }
            bound.push(*binder);
        }
        self.closed(&domain.filter.into_iter().collect::<Vec<_>>(), &bound)
    }

    /// Every index below the nodes is bound there or by `outer`.
    fn closed(&self, nodes: &[NodeId], outer: &[BinderId]) -> Result<(), String> {
        let mut bound: IndexSet<BinderId> = outer.iter().copied().collect();
        let order = super::graph::with_domains(self.model, nodes);
        for id in &order {
            if let Node::Reduce { domain, .. } = self.model.graph.node(*id) {
                bound.extend(&self.model.domains[*domain].binders);
            }
        }
        for id in order {
            if let Node::Index { binder, .. } = self.model.graph.node(id) {
                ensure(bound.contains(binder), || format!("binder {} is used where nothing binds it", binder.0))?;
            }
        }
        Ok(())
    }
}

fn ensure(holds: bool, fault: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(fault()) }
}
