//! The meaning of an expression in an environment: values, scales, enclosures and derivatives by
//! walking the nodes of the graph, before anything is rewritten.
//!
//! Takes a [`Model`](crate::ir::Model) and an [`Env`] (elements of sets, entries of params and
//! variables); gives the value of any node at any instance in any [`Algebra`]: numbers, numbers with
//! the size of their terms, intervals, a tape that knows first and second derivatives.
//! It is the judge of everything that is compiled, so it shares nothing with `diff` and `kernel` but
//! the rows of `func`.
//! Deliberately absent: families, kernels, addresses, speed beyond what a judge needs.

mod algebra;
mod blame;
mod deps;
mod env;
mod line;
mod rule;
mod tape;
mod text;
mod walk;

pub use algebra::{Algebra, Boxes, Neumaier, Plain, Scaled, Sized, log_sum_exp};
pub use blame::{Culprit, Wrong, find};
pub use deps::{Deps, outer_of};
pub use env::{Env, Joined, Val};
pub use tape::{Mode, Tape, TapeVal};
pub use text::{Writer, number};
pub use walk::{Fault, FaultKind, Interp, Item};
