//! Template to template: from a checked model to families.
//!
//! Takes an [`ir::Model`](crate::ir::Model), gives an [`ir::Plan`](crate::ir::Plan); may add arrays,
//! params, binders and domains to the model. The work is proportional to the text of the model.
//! Deliberately absent: data. Nothing here knows how long a set is.

pub mod absolute;
pub mod epigraph;
mod free;
mod instantiate;
pub mod normalise;
pub mod norms;
pub mod squares;
pub mod traits;
pub mod unify;

pub use normalise::normalise;
pub use unify::unify;
