//! Joins for the interpreter: the instances of filtered domains, listed once.
//!
//! The interpreter walks a domain by nested loops and tries its filter on each combination. Where the
//! filter ties indices by equalities that would be quadratic, so the instances are enumerated here, for
//! every element of the outer indices the domain depends on.

use super::domain::BoundDomain;
use super::enumerate::{conjuncts, enumerate};
use super::world::World;
use crate::func;
use crate::interp::{Joined, outer_of};
use crate::ir::model::{ArrayKind, Over};
use crate::ir::{DomainId, Model, Node, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Combinations that nested loops may go through as well.
const FEW: usize = 4096;
/// Most combinations of outer indices.
const MOST_OUTER: usize = 1 << 26;

impl World {
    /// Lists the instances of all domains of `model` whose filter is a join. Does so once.
    pub fn list_joins(&self, model: &Model) {
        self.joined.get_or_init(|| {
            let list = domains_of(model).into_iter();
            list.filter_map(|domain| Some((domain, self.join(model, domain)?))).collect::<BTreeMap<_, _>>()
        });
    }

    fn join(&self, model: &Model, domain: DomainId) -> Option<Joined> {
        let head = &model.domains[domain];
        let filters = conjuncts(model, head.filter);
        let eq = func::lookup("eq");
        let is_join = |f: &NodeId| match model.graph.node(*f) {
            Node::Call { func, .. } => Some(*func) == eq,
            other => matches!(other, Node::SameElem { .. } | Node::Member { .. }),
        };
        if !filters.iter().any(is_join) {
            return None;
        }
        let len = |binder| match model.binders[binder].over {
            Over::Set(set) => Some(self.sets[set].len),
            Over::Range { .. } => None,
        };
        let outer: Vec<_> = outer_of(model, domain).into_iter().map(|b| Some((b, len(b)?))).collect::<Option<_>>()?;
        let inner = head.binders.iter().try_fold(1usize, |n, b| n.checked_mul(len(*b)?));
        let around = outer.iter().try_fold(1usize, |n, (_, len)| n.checked_mul(*len))?;
        let few = inner.and_then(|n| n.checked_mul(around)).is_some_and(|n| n <= FEW);
        if few || around > MOST_OUTER {
            return None;
        }
        let mut base = BoundDomain::below(&BoundDomain::root());
        for (binder, len) in &outer {
            base.push_dense(*binder, *len)?;
        }
        let count = base.count;
        // A fault at a combination that never occurs is no fault: the domain is walked instead.
        let listed = enumerate(model, self, &Arc::new(base), &head.binders, &filters, head.at).ok()?;
        let mut start = vec![0u32; count + 1];
        for k in 0..listed.count {
            start[listed.outer.at(k) as usize + 1] += 1;
        }
        for k in 0..count {
            start[k + 1] += start[k];
        }
        let places = |p: &super::domain::Place| (0..listed.count).map(|k| p.offset + i64::from(p.pos.at(k))).collect();
        Some(Joined { outer, start, places: listed.own.iter().map(places).collect() })
    }
}

/// Domains of constraints and of all reductions below them, objectives, `show` and `expect`.
fn domains_of(model: &Model) -> BTreeSet<DomainId> {
    let mut found: BTreeSet<DomainId> = model.constraints.iter().map(|c| c.domain).collect();
    found.extend(model.shows.iter().map(|s| s.domain));
    found.extend(model.arrays.iter().filter_map(|a| match a.kind {
        ArrayKind::Template { domain, .. } => Some(domain),
        _ => None,
    }));
    for at in 0..model.graph.len() {
        if let Node::Reduce { domain, .. } = model.graph.node(crate::base::Id::new(at)) {
            found.insert(*domain);
        }
    }
    found
}
