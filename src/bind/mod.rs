//! Local stand-in until `bind` lands.
use crate::base::IdVec;
use crate::ir::plan::{FamilyId};
use crate::ir::NodeId;
use crate::problem::Shape;
use std::collections::BTreeMap;
use std::sync::Arc;
/// Buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Buffer { Z, Data }
/// Element `k` of a family stands at slot `base + stride * k`, or at `slots[k]`.
#[derive(Clone, PartialEq, Debug)]
pub enum Address {
    /// `base + stride * k`; a stride of 0 is one slot for all.
    Affine {
        /// Of the first instance.
        base: u32,
        /// From one instance to the next.
        stride: i32,
    },
    /// One slot per instance.
    Gather(Arc<[u32]>),
}

impl Address {
    /// The slot of instance `k`.
    pub fn at(&self, k: usize) -> usize {
        match self {
            Self::Affine { base, stride } => (i64::from(*base) + i64::from(*stride) * k as i64) as usize,
            Self::Gather(slots) => slots[k] as usize,
        }
    }

    /// Slots as they are, or the affine form they have.
    pub fn compress(slots: Vec<u32>) -> Self {
        let Some(&first) = slots.first() else { return Self::Affine { base: 0, stride: 0 } };
        let stride = slots.get(1).map_or(0, |second| i64::from(*second) - i64::from(first));
        let affine = slots.windows(2).all(|w| i64::from(w[1]) - i64::from(w[0]) == stride);
        match i32::try_from(stride) {
            Ok(stride) if affine => Self::Affine { base: first, stride },
            _ => Self::Gather(slots.into()),
        }
    }
}

/// Leaf.
#[derive(Clone, Debug)]
pub struct Leaf { pub buffer: Buffer, pub at: Address }
/// Family.
#[derive(Clone, Debug)]
pub struct FamilyInstance { pub count: usize, pub leaves: BTreeMap<NodeId, Leaf>, pub target: Address }
/// Def.
#[derive(Clone, Debug)]
pub struct DefInstance { pub z: usize, pub len: usize, pub dims: Vec<usize>, pub parents: Option<Address> }
/// Instance.
#[derive(Clone, Debug)]
pub struct Instance { pub n_x: usize, pub n_z: usize, pub data: Vec<f64>, pub families: IdVec<FamilyId, FamilyInstance>, pub defs: Vec<DefInstance>, pub shape: Shape }
