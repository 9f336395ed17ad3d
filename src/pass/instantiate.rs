//! A template at given subscripts: substitution of binders, with fresh binders for what it binds.

use crate::base::Id;
use crate::ir::graph::{data_of, with_domains};
use crate::ir::model::{Binder, Domain, Over};
use crate::ir::{BinderId, DomainId, Model, Node, NodeId};
use std::collections::BTreeMap;

/// What stands for each part of a binder.
pub type Substitution = BTreeMap<BinderId, Vec<NodeId>>;

/// `body` with the binders of `with` replaced; every reduction inside gets binders of its own, so
/// that two instances never share an index.
pub fn instantiate(model: &mut Model, body: NodeId, with: &Substitution) -> NodeId {
    let order = with_domains(model, &[body]);
    let mut with = with.clone();
    let fresh = fresh_domains(model, &order, &mut with);
    let mut made: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    let mut finished: BTreeMap<DomainId, ()> = BTreeMap::new();
    for id in order {
        let node = model.graph.node(id).clone();
        let origin = model.graph.origin(id);
        model.graph.set_origin(origin);
        let new = match &node {
            Node::Index { binder, part } => match with.get(binder) {
                Some(parts) => parts[*part as usize],
                None => id,
            },
            Node::Reduce { op, domain, body } => {
                let new_domain = fresh[domain];
                if finished.insert(*domain, ()).is_none() {
                    rewrite_domain(model, new_domain, &made);
                }
                let body = made[body];
                model.graph.reduce(*op, new_domain, body)
            }
            _ => rebuild(model, &node, id, &made),
        };
        made.insert(id, new);
    }
    made[&body]
}

/// The node with new children, through the smart constructors.
pub fn rebuild(model: &mut Model, node: &Node, old: NodeId, made: &BTreeMap<NodeId, NodeId>) -> NodeId {
    let mut changed = false;
    let new = node.map_children(|c| {
        let to = made.get(&c).copied().unwrap_or(c);
        changed |= to != c;
        to
    });
    if !changed {
        return old;
    }
    match new {
        Node::Call { func, args } => model.graph.call_id(func, &args),
        Node::If { cond, then, otherwise } => model.graph.select(cond, then, otherwise),
        Node::SameElem { left, right } => model.graph.same_elem(left, right),
        other => model.graph.intern(other),
    }
}

fn fresh_domains(model: &mut Model, order: &[NodeId], with: &mut Substitution) -> BTreeMap<DomainId, DomainId> {
    let mut fresh = BTreeMap::new();
    for &id in order {
        let Node::Reduce { domain, .. } = *model.graph.node(id) else { continue };
        if fresh.contains_key(&domain) {
            continue;
        }
        let old = model.domains[domain].clone();
        let mut binders = Vec::with_capacity(old.binders.len());
        for binder in &old.binders {
            let copy = model.binders[*binder].clone();
            let parts = parts_of(model, &copy);
            let new = model.binders.push(copy);
            let nodes = (0..parts).map(|p| model.graph.index(new, p)).collect();
            with.insert(*binder, nodes);
            binders.push(new);
        }
        fresh.insert(domain, model.domains.push(Domain { binders, ..old }));
    }
    fresh
}

/// Filter and dependent ranges of a copied domain, once the nodes they use are rewritten.
fn rewrite_domain(model: &mut Model, domain: DomainId, made: &BTreeMap<NodeId, NodeId>) {
    debug_assert!(data_of(model, &model.domains[domain]).iter().all(|n| made.contains_key(n)));
    if let Some(filter) = model.domains[domain].filter {
        model.domains[domain].filter = Some(made[&filter]);
    }
    for binder in model.domains[domain].binders.clone() {
        if let Over::Range { lo, hi } = model.binders[binder].over {
            model.binders[binder].over = Over::Range { lo: made[&lo], hi: made[&hi] };
        }
    }
}

/// Number of parts of the elements a binder stands at.
pub fn parts_of(model: &Model, binder: &Binder) -> u16 {
    match binder.over {
        Over::Set(set) => u16::try_from(model.sets[set].arity()).unwrap_or(u16::MAX),
        Over::Range { .. } => 1,
    }
}

/// Subscripts at which the binders of a domain stand: their parts in order.
pub fn subs_of(model: &mut Model, binders: &[BinderId]) -> Vec<NodeId> {
    let mut subs = Vec::new();
    for &binder in binders {
        let parts = parts_of(model, &model.binders[binder]);
        debug_assert!(binder.index() < model.binders.len());
        for part in 0..parts {
            subs.push(model.graph.index(binder, part));
        }
    }
    subs
}

/// The substitution that puts the binders of a template's domain at `subs`.
pub fn at_subs(model: &Model, binders: &[BinderId], subs: &[NodeId]) -> Substitution {
    let mut with = Substitution::new();
    let mut next = 0;
    for &binder in binders {
        let parts = parts_of(model, &model.binders[binder]) as usize;
        with.insert(binder, subs[next..next + parts].to_vec());
        next += parts;
    }
    with
}
