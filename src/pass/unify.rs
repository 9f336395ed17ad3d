//! Domains with the same instances become one, so that families over one set share kernels.
//!
//! Takes a plan; families of `c[i in I]` and `d[j in I]` end up over one domain, with the indices of the first. A domain
//! is the same as another when it lies in the same one, ranges over the same sets, and has the same filters once indices
//! are renamed. The rows of a constraint keep their own domain, in which its bounds are written; [`Plan::homes`] says
//! which one its families see.
//! Deliberately absent: sets that happen to have the same elements.

use super::instantiate::{Substitution, instantiate, parts_of};
use crate::base::{Id, IdVec};
use crate::ir::model::{Over, SetKind};
use crate::ir::plan::{Plan, PlanDomain, PlanDomainId};
use crate::ir::{BinderId, Model, NodeId, SetId};
use std::collections::BTreeMap;

/// Most domains one is compared with: beyond them, domains over the same sets have ever other filters.
const MOST_COMPARED: usize = 8;

/// Makes domains with the same instances one.
pub fn unify(model: &mut Model, plan: &mut Plan) {
    let mut unifier = Unifier { seen: BTreeMap::new(), to: IdVec::new(), with: IdVec::new() };
    for id in plan.domains.ids().collect::<Vec<_>>() {
        unifier.domain(model, plan, id);
    }
    let Unifier { to, with, .. } = unifier;
    for k in plan.families.ids().collect::<Vec<_>>() {
        let (domain, body) = (plan.families[k].domain, plan.families[k].body);
        if !with[domain].is_empty() {
            plan.families[k].body = instantiate(model, body, &with[domain]);
        }
        plan.families[k].domain = to[domain];
    }
    for def in &mut plan.defs {
        def.domain = to[def.domain];
    }
    plan.homes = plan.rows.iter().map(|domain| to[*domain]).collect();
}

/// What must agree before domains are compared: the domain around, and the sets.
type Key = (PlanDomainId, Vec<Option<(SetId, Option<(NodeId, NodeId)>)>>, usize);

struct Unifier {
    seen: BTreeMap<Key, Vec<PlanDomainId>>,
    /// The domain that stands for each.
    to: IdVec<PlanDomainId, PlanDomainId>,
    /// What its indices are in that domain.
    with: IdVec<PlanDomainId, Substitution>,
}

impl Unifier {
    fn domain(&mut self, model: &mut Model, plan: &mut Plan, id: PlanDomainId) {
        let domain = plan.domains[id].clone();
        let Some(parent) = domain.parent else {
            self.to.push(id);
            self.with.push(Substitution::new());
            return;
        };
        let (parent, outer) = (self.to[parent], self.with[parent].clone());
        let overs = domain.binders.iter().map(|b| over_key(model, *b)).collect();
        let key = (parent, overs, domain.filters.len());
        for other in self.seen.get(&key).cloned().unwrap_or_default() {
            if let Some(with) = same(model, &domain, &plan.domains[other].clone(), &outer) {
                self.to.push(other);
                self.with.push(with);
                return;
            }
        }
        let (to, with) = if outer.is_empty() { (id, outer) } else { moved(model, plan, &domain, parent, outer) };
        let list = self.seen.entry(key).or_default();
        if list.len() < MOST_COMPARED {
            list.push(to);
        }
        self.to.push(to);
        self.with.push(with);
    }
}

/// The set a binder ranges over, the same for ranges with the same ends; nothing for ranges that depend on an index.
fn over_key(model: &Model, binder: BinderId) -> Option<(SetId, Option<(NodeId, NodeId)>)> {
    match model.binders[binder].over {
        Over::Set(set) => Some(match model.sets[set].kind {
            SetKind::Range { lo, hi } => (SetId::new(0), Some((lo, hi))),
            _ => (set, None),
        }),
        Over::Range { .. } => None,
    }
}

/// What the indices of a domain are in another one that has the same instances.
fn same(model: &mut Model, domain: &PlanDomain, other: &PlanDomain, outer: &Substitution) -> Option<Substitution> {
    let mut with = outer.clone();
    for (&binder, &twin) in domain.binders.iter().zip(&other.binders) {
        if let (Over::Range { lo, hi }, Over::Range { lo: from, hi: to }) =
            (model.binders[binder].over.clone(), model.binders[twin].over.clone())
            && (instantiate(model, lo, &with) != from || instantiate(model, hi, &with) != to)
        {
            return None;
        }
        stand_for(model, &mut with, binder, twin);
    }
    let filters = domain.filters.iter().zip(&other.filters);
    for (filter, twin) in filters {
        if instantiate(model, *filter, &with) != *twin {
            return None;
        }
    }
    Some(with)
}

/// A domain inside one that another stands for.
fn moved(
    model: &mut Model,
    plan: &mut Plan,
    domain: &PlanDomain,
    parent: PlanDomainId,
    outer: Substitution,
) -> (PlanDomainId, Substitution) {
    let mut with = outer;
    let mut binders = Vec::with_capacity(domain.binders.len());
    for &binder in &domain.binders {
        let Over::Range { lo, hi } = model.binders[binder].over else {
            binders.push(binder);
            continue;
        };
        let over = Over::Range { lo: instantiate(model, lo, &with), hi: instantiate(model, hi, &with) };
        let copy = crate::ir::model::Binder { over, ..model.binders[binder].clone() };
        let new = model.binders.push(copy);
        stand_for(model, &mut with, binder, new);
        binders.push(new);
    }
    let filters = domain.filters.iter().map(|f| instantiate(model, *f, &with)).collect();
    let id = plan.domains.push(PlanDomain { parent: Some(parent), binders, filters, origin: domain.origin });
    (id, with)
}

fn stand_for(model: &mut Model, with: &mut Substitution, binder: BinderId, twin: BinderId) {
    let parts = parts_of(model, &model.binders[twin]);
    let nodes = (0..parts).map(|part| model.graph.index(twin, part)).collect();
    with.insert(binder, nodes);
}
