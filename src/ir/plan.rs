//! A model in the form that is differentiated, bound and compiled: families over a tree of domains.
//!
//! `pass::normalise` makes it. Bodies are nodes of the same graph with these leaves only: numbers,
//! [`Node::Index`](super::Node::Index) of binders in scope, params, variables, arrays, slots; no
//! reductions. Sums at the additive top of an objective or constraint are families of their own on a
//! child domain; data-only reductions are computed params; other reductions are defined arrays.

use super::{ArrayId, BinderId, ConId, NodeId, ObjId};
use crate::base::{IdVec, Origin};

crate::id_types! {
    /// A domain of the plan.
    PlanDomainId,
    /// A family.
    FamilyId,
}

/// A domain inside its parent: an instance is an instance of the parent with values for `binders`.
#[derive(Clone, Debug)]
pub struct PlanDomain {
    /// The enclosing domain; the root has one instance and no binders.
    pub parent: Option<PlanDomainId>,
    /// Added binders, in order.
    pub binders: Vec<BinderId>,
    /// Added filter: conjuncts, each free of variables.
    pub filters: Vec<NodeId>,
    /// Where it is written.
    pub origin: Origin,
}

/// Where a family's values go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// Added into an objective.
    Objective(ObjId),
    /// Added into the row of the constraint's instance that encloses this one.
    Row(ConId),
    /// Added into the slot of a defined array: of the instance of the array's domain that encloses.
    Array(ArrayId),
}

/// A template over a domain, one value per instance.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its instances.
    pub domain: PlanDomainId,
    /// The value of one instance.
    pub body: NodeId,
    /// Where the value goes.
    pub target: Target,
    /// The line it comes from.
    pub origin: Origin,
}

/// How the slots of a defined array get their values.
#[derive(Clone, Debug)]
pub enum DefKind {
    /// Families with this array as target add into it; one slot per instance of `domain`, which is
    /// the dense product of the array's axes when `dense` and else addressed by
    /// [`Node::Slot`](super::Node::Slot) from domains below it.
    Sum,
    /// One slot per instance of `domain`: the reduction of the slots of `items` (an array with one
    /// slot per instance of a child domain) that belong to it.
    Group {
        /// `Prod`, `Min`, `Max` or `LogSumExp`.
        op: super::ReduceOp,
        /// The items.
        items: ArrayId,
    },
    /// The matrix product of two dense arrays (row-major in their axes).
    MatMul {
        /// Left operand.
        left: ArrayId,
        /// Right operand.
        right: ArrayId,
    },
    /// log |det| of a dense square array.
    LogDet {
        /// The matrix.
        of: ArrayId,
    },
}

/// A defined array of the plan, in an order in which each needs only earlier ones.
#[derive(Clone, Debug)]
pub struct Def {
    /// The array (an entry of [`Model::arrays`](super::Model::arrays), perhaps added by the pass).
    pub array: ArrayId,
    /// Its slots: one per instance, in order.
    pub domain: PlanDomainId,
    /// Whether the slots are the dense row-major product of the array's axes, addressed by
    /// subscripts; otherwise by [`Node::Slot`](super::Node::Slot).
    pub dense: bool,
    /// How it is computed.
    pub kind: DefKind,
    /// Where it comes from.
    pub origin: Origin,
}

/// The whole plan.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Domains, parents first. The first is the root.
    pub domains: IdVec<PlanDomainId, PlanDomain>,
    /// Families, in order of the text.
    pub families: IdVec<FamilyId, Family>,
    /// Defined arrays in order of evaluation.
    pub defs: Vec<Def>,
    /// The domain of each constraint's rows.
    pub rows: IdVec<ConId, PlanDomainId>,
    /// The domain with the same instances that encloses the families of each constraint.
    pub homes: IdVec<ConId, PlanDomainId>,
}

impl Plan {
    /// The root: one instance, no binders.
    pub const ROOT: PlanDomainId = PlanDomainId(0);

    /// The definition of an array, if the plan computes it.
    pub fn def_of(&self, array: ArrayId) -> Option<&Def> {
        self.defs.iter().find(|d| d.array == array)
    }
}
