//! Templates meet data.
//!
//! Takes a [`Model`](crate::ir::Model) with its [`Plan`](crate::ir::Plan), the leaves its families load,
//! and data files; gives an [`Instance`]: elements of sets, values of params, bounds and start of
//! variables, and for every family the number of its instances and the address of each leaf.
//! Expressions are never expanded: they are evaluated a column at a time, equality filters are joins,
//! affine subscripts need no index array, ranges and dense domains are never stored. Everything that
//! takes memory is counted before it is taken.
//! Deliberately absent: derivatives, kernels, evaluation at a point.

mod address;
mod domain;
mod enumerate;
mod family;
mod files;
mod instance;
mod joins;
mod keys;
mod lanes;
mod order;
mod params;
mod rebind;
mod reduce;
mod sets;
mod vars;
mod world;

pub use address::{Address, Pos};
pub use domain::{BoundDomain, Place};
pub use instance::{Buffer, DefInstance, FamilyInstance, Inputs, Instance, Leaf, bind};
pub use sets::BoundSet;
pub use world::World;
