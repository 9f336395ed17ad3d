//! Which binders the value of a node depends on.

use crate::base::Id;
use crate::ir::model::Over;
use crate::ir::{BinderId, DomainId, Model, Node, NodeId};
use std::collections::{BTreeSet, HashMap};

/// Free binders of every node, as interned lists. A list may name too many, never too few.
#[derive(Clone, Debug, Default)]
pub struct Deps {
    of: Vec<u32>,
    lists: Vec<Vec<BinderId>>,
}

impl Deps {
    /// For all nodes of a model; linear in their number.
    pub fn new(model: &Model) -> Self {
        // Maps are looked up by key only, so their order cannot leak.
        let mut make = Make { lists: vec![Vec::new()], ids: HashMap::new(), unions: HashMap::new() };
        make.ids.insert(Vec::new(), 0);
        let mut of: Vec<u32> = Vec::with_capacity(model.graph.len());
        // Looked up by key only; order never leaks.
        let mut domains: HashMap<DomainId, Vec<BinderId>> = HashMap::new();
        for at in 0..model.graph.len() {
            let node = model.graph.node(NodeId::new(at));
            let mut list = 0;
            node.for_each_child(|child| list = make.union(list, of[child.index()]));
            match node {
                Node::Index { binder, .. } => list = make.id(vec![*binder]),
                Node::Reduce { domain, .. } => {
                    let outer = domains.entry(*domain).or_insert_with(|| outer_of(model, *domain));
                    let outer = make.id(outer.clone());
                    let bound = &model.domains[*domain].binders;
                    let both = make.union(list, outer);
                    let left = make.lists[both as usize].iter().filter(|b| !bound.contains(b)).copied().collect();
                    list = make.id(left);
                }
                _ => {}
            }
            of.push(list);
        }
        Self { of, lists: make.lists }
    }

    /// The binders a node depends on, ascending.
    pub fn of(&self, node: NodeId) -> &[BinderId] {
        &self.lists[self.of[node.index()] as usize]
    }
}

/// Outer binders that the filter and the dependent ranges of a domain mention.
pub fn outer_of(model: &Model, domain: DomainId) -> Vec<BinderId> {
    let mut seen_domains = BTreeSet::new();
    let mut found: BTreeSet<BinderId> = BTreeSet::new();
    let mut own: BTreeSet<BinderId> = BTreeSet::new();
    let mut pending = vec![domain];
    while let Some(at) = pending.pop() {
        if !seen_domains.insert(at) {
            continue;
        }
        let domain = &model.domains[at];
        own.extend(&domain.binders);
        let ranges = domain.binders.iter().filter_map(|b| match model.binders[*b].over {
            Over::Range { lo, hi } => Some([lo, hi]),
            Over::Set(_) => None,
        });
        let roots: Vec<NodeId> = domain.filter.into_iter().chain(ranges.flatten()).collect();
        for node in model.graph.reachable(&roots) {
            match model.graph.node(node) {
                Node::Index { binder, .. } => {
                    found.insert(*binder);
                }
                Node::Reduce { domain, .. } => pending.push(*domain),
                _ => {}
            }
        }
    }
    found.difference(&own).copied().collect()
}

struct Make {
    lists: Vec<Vec<BinderId>>,
    // Looked up by key only; order never leaks.
    ids: HashMap<Vec<BinderId>, u32>,
    unions: HashMap<(u32, u32), u32>,
}

impl Make {
    fn id(&mut self, list: Vec<BinderId>) -> u32 {
        if let Some(&id) = self.ids.get(&list) {
            return id;
        }
        let id = u32::try_from(self.lists.len()).expect("fewer lists than nodes");
        self.lists.push(list.clone());
        self.ids.insert(list, id);
        id
    }

    fn union(&mut self, a: u32, b: u32) -> u32 {
        if a == b || b == 0 {
            return a;
        }
        if a == 0 {
            return b;
        }
        let key = (a.min(b), a.max(b));
        if let Some(&id) = self.unions.get(&key) {
            return id;
        }
        let both: BTreeSet<BinderId> = self.lists[a as usize].iter().chain(&self.lists[b as usize]).copied().collect();
        let id = self.id(both.into_iter().collect());
        self.unions.insert(key, id);
        id
    }
}
