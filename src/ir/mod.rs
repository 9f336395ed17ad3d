//! Typed indexed templates: what a model means, before any index set is known.
//!
//! Takes nothing but names and numbers; `sema` and `front` build a [`Model`], `pass` turns it into a
//! [`Plan`] of families, `diff` differentiates those, `bind` meets them with data.
//! A line of the model is one template whatever the size of its sets.
//! Deliberately absent: elements of sets, values of data, slots of `x`, anything expanded.

pub mod build;
pub mod graph;
pub mod model;
pub mod plan;
pub mod pretty;
pub mod text;
pub mod verify;

pub use graph::{Graph, Node, ReduceOp};
pub use model::Model;
pub use plan::Plan;

crate::id_types! {
    /// A node of the [`Graph`]; children have smaller ids than their parents.
    NodeId,
    /// An index bound by a domain.
    BinderId,
    /// A set, named or written in place.
    SetId,
    /// A data table.
    TableId,
    /// A param, a column of a table in use, or a value computed from data.
    ParamId,
    /// A declared variable (a block of slots of `x`).
    VarId,
    /// A defined array: a `let`, a matrix product, a sum inside a nonlinear function.
    ArrayId,
    /// Binders with a filter.
    DomainId,
    /// A constraint as written: one row per instance of its domain.
    ConId,
    /// An objective as written.
    ObjId,
    /// A label of the model's text, interned in the [`Graph`].
    LabelId,
}
