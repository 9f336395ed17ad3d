//! The kernel program and its portable executor.
//!
//! Takes families, their derivatives and a bound instance; gives a
//! [`problem::Oracle`](crate::problem::Oracle). [`compile()`] makes a [`Program`] from templates alone:
//! its size does not depend on the data. [`link`] meets it with an
//! [`Instance`](crate::bind::Instance): addresses, sparsity, the place of every derivative in its
//! compressed matrix. [`exec`] runs kernels in blocks of 256 instances.
//!
//! Invariant: a program says everything that decides a bit of a result: order of operations, rounding,
//! blocks, reduction trees. Native code made from it agrees with [`exec`] exactly.
//! Deliberately absent: names and spans in the hot path, threads, machine code.

pub mod arrays;
pub mod assemble;
pub mod chain;
pub mod compile;
pub mod exec;
#[doc(hidden)]
pub mod fault;
pub mod first;
pub mod kept;
pub mod link;
pub mod lower;
pub mod matrix;
pub mod oracle;
pub mod program;
pub mod region;
pub mod share;
pub mod split;
pub mod text;

pub use assemble::Mode;
pub use compile::{compilations, compile};
pub use oracle::CompiledOracle;
pub use program::Program;
