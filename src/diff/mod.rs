//! Derivatives of families.
//!
//! Takes the families of a [`Plan`], gives for each the structural nonzeros of its gradient and of the
//! lower triangle of its Hessian, as nodes of the same graph. The local variables of a family are its
//! leaves: entries of variables, arrays and slots.
//!
//! Invariant: nothing here expands an index set; the work is proportional to the text of the model
//! (Shin, Anitescu, Pacaud 2024). Invariant: no function is named here; rules come from the rows of
//! [`func`](crate::func).
//! Deliberately absent: slots of `x`, sparsity over instances, kernels.

mod colours;
mod sweep;

use crate::base::IdVec;
use crate::ir::plan::FamilyId;
use crate::ir::{Graph, Node, NodeId, Plan};
use std::collections::BTreeMap;

/// Derivatives of one family's template.
#[derive(Clone, Debug, Default)]
pub struct FamilyDerivs {
    /// Distinct leaves that are entries of variables, arrays or slots, in order of node id.
    pub inputs: Vec<NodeId>,
    /// `d body / d input`, structural nonzeros only, ascending by input.
    pub grad: Vec<(u32, NodeId)>,
    /// `d2 body / d input_i d input_j` with `j <= i`, structural nonzeros only. When two inputs of an
    /// instance are the same slot, an off-diagonal entry counts twice on the diagonal.
    pub hess: Vec<(u32, u32, NodeId)>,
}

/// Derivatives of all families of a plan.
#[derive(Clone, Debug, Default)]
pub struct Derivs {
    /// By family.
    pub families: IdVec<FamilyId, FamilyDerivs>,
}

impl Derivs {
    /// The leaves that binding must give addresses to, per family: of the body and of every
    /// derivative, ascending.
    pub fn leaves(&self, graph: &Graph, plan: &Plan) -> IdVec<FamilyId, Vec<NodeId>> {
        self.families
            .enumerate()
            .map(|(id, derivs)| {
                let mut roots = vec![plan.families[id].body];
                roots.extend(derivs.grad.iter().map(|g| g.1));
                roots.extend(derivs.hess.iter().map(|h| h.2));
                leaves(graph, &roots)
            })
            .collect()
    }
}

/// Gradient and Hessian templates of every family.
pub fn derive(graph: &mut Graph, plan: &Plan) -> Derivs {
    let families = plan.families.iter().map(|family| {
        graph.set_origin(crate::base::Origin::Made("diff", family.origin.span()));
        derive_one(graph, family.body)
    });
    Derivs { families: families.collect() }
}

/// Gradient and Hessian templates of one body.
pub fn derive_one(graph: &mut Graph, body: NodeId) -> FamilyDerivs {
    derive_by(graph, body, colours::choose)
}

/// As [`derive_one`], the Hessian by colours of its columns, whatever that costs.
pub fn derive_compressed(graph: &mut Graph, body: NodeId) -> FamilyDerivs {
    derive_by(graph, body, colours::compressed)
}

/// As [`derive_one`], the Hessian row by row, whatever that costs.
pub fn derive_closed(graph: &mut Graph, body: NodeId) -> FamilyDerivs {
    derive_by(graph, body, colours::by_rows)
}

fn derive_by(
    graph: &mut Graph,
    body: NodeId,
    hessian: impl FnOnce(&mut Graph, &BTreeMap<NodeId, u32>, &[(u32, NodeId)]) -> colours::Entries,
) -> FamilyDerivs {
    let inputs: Vec<NodeId> = leaves(graph, &[body]).into_iter().filter(|l| graph.has_var(*l)).collect();
    let position: BTreeMap<NodeId, u32> = inputs.iter().zip(0..).map(|(node, at)| (*node, at)).collect();
    let mut grad = Vec::new();
    for (leaf, value) in sweep::adjoints(graph, &[body]) {
        if graph.as_num(value) != Some(0.0) {
            grad.push((position[&leaf], value));
        }
    }
    let hess = hessian(graph, &position, &grad);
    FamilyDerivs { inputs, grad, hess }
}

/// Leaves under `roots`: everything a kernel loads. Subscripts are part of a leaf, not below it.
pub fn leaves(graph: &Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut seen = std::collections::BTreeSet::new();
    let mut found = std::collections::BTreeSet::new();
    let mut stack = roots.to_vec();
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        match graph.node(id) {
            Node::Num(_) => {}
            Node::Call { args, .. } => stack.extend(args.iter()),
            Node::If { cond, then, otherwise } => stack.extend([cond, then, otherwise]),
            _ => {
                found.insert(id);
            }
        }
    }
    found.into_iter().collect()
}
