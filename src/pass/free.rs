//! Free binders of nodes: those used but not bound inside.

use crate::ir::graph::{data_of, with_domains};
use crate::ir::{BinderId, Model, Node, NodeId};
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
