//! Free binders of nodes: those used but not bound inside.

use crate::base::Id;
use crate::ir::model::{Domain, Over};
use crate::ir::{BinderId, DomainId, Model, Node, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// Free binders, remembered per node and per domain.
#[derive(Default)]
pub struct Free {
    nodes: BTreeMap<NodeId, BTreeSet<BinderId>>,
}

impl Free {
    /// Binders free in `node`, in order of their ids.
    pub fn of(&mut self, model: &Model, node: NodeId) -> BTreeSet<BinderId> {
        if let Some(known) = self.nodes.get(&node) {
            return known.clone();
        }
        for id in with_domains(model, &[node]) {
            if self.nodes.contains_key(&id) {
                continue;
            }
            let mut free = BTreeSet::new();
            let here = model.graph.node(id);
            here.for_each_child(|child| {
                if let Some(inner) = self.nodes.get(&child) {
                    free.extend(inner.iter().copied());
                }
            });
            match here {
                Node::Index { binder, .. } => {
                    free.insert(*binder);
                }
                Node::Reduce { domain, .. } => {
                    let domain = &model.domains[*domain];
                    for data in data_of(model, domain) {
                        if let Some(inner) = self.nodes.get(&data) {
                            free.extend(inner.iter().copied());
                        }
                    }
                    for binder in &domain.binders {
                        free.remove(binder);
                    }
                }
                _ => {}
            }
            self.nodes.insert(id, free);
        }
        self.nodes[&node].clone()
    }
}

/// The nodes a domain itself uses: filter and bounds of dependent ranges.
pub fn data_of(model: &Model, domain: &Domain) -> Vec<NodeId> {
    let mut nodes: Vec<NodeId> = domain.filter.into_iter().collect();
    for binder in &domain.binders {
        if let Over::Range { lo, hi } = model.binders[*binder].over {
            nodes.extend([lo, hi]);
        }
    }
    nodes
}

/// Nodes reachable from `roots` through bodies **and** domains, in an order with dependencies first.
pub fn with_domains(model: &Model, roots: &[NodeId]) -> Vec<NodeId> {
    // Filters are made before the reductions that use them, so ascending ids remain an order of
    // evaluation.
    let mut seen: BTreeSet<NodeId> = BTreeSet::new();
    let mut domains: BTreeSet<DomainId> = BTreeSet::new();
    let mut stack: Vec<NodeId> = roots.to_vec();
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        debug_assert!(id.index() < model.graph.len());
        let node = model.graph.node(id);
        node.for_each_child(|c| stack.push(c));
        if let Node::Reduce { domain, .. } = node
            && domains.insert(*domain)
        {
            stack.extend(data_of(model, &model.domains[*domain]));
        }
    }
    seen.into_iter().collect()
}
