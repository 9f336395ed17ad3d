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
/// Address.
#[derive(Clone, Debug)]
pub enum Address { Affine { base: u32, stride: i32 }, Gather(Arc<[u32]>) }
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
