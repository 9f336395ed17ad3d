//! Instance to instance: reformulations, each with its way back.
//!
//! Takes sizes, gives a [`Recover`](crate::problem::Recover) for every reformulation.
//! Deliberately absent: evaluation (`kernel`), methods, the choice between reformulations (`driver`).

pub mod lift;
