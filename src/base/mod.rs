//! The ground everything stands on: spans, ids, intervals, limits.
//!
//! Takes nothing from the rest of the crate.
//! Deliberately absent: anything that knows a model, a file format or a solver.

pub mod id;
pub mod interval;
pub mod limits;
pub mod span;

pub use id::{Id, IdVec};
pub use interval::Interval;
pub use span::{FileId, Origin, Span};

/// A name as written in a model. Cheap to clone, compared by content.
pub type Name = std::sync::Arc<str>;

/// Aborts with a report that says the fault is in optc and not in the model.
///
/// Use it only where the alternative is a wrong answer; input can never reach it.
#[macro_export]
macro_rules! bug {
    ($($part:tt)*) => {
        panic!(
            "this is a bug in optc {} ({}:{}), not in your model: {}\nplease report it with the model that shows it",
            env!("CARGO_PKG_VERSION"), file!(), line!(), format_args!($($part)*)
        )
    };
}
