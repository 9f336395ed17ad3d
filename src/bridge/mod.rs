//! Instance to instance or program: reformulations, each with its way back.
//!
//! Takes sizes or an oracle, gives a [`Recover`](crate::problem::Recover) for every reformulation; [`fit()`] makes the program
//! that a method takes.
//! Deliberately absent: evaluation (`kernel`), methods, the choice between reformulations (`driver`).

pub mod fit;
pub mod lift;
pub mod matrices;
pub mod presolve;

pub use fit::{Back, fit};
