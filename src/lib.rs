//! `optc`: a compiler for declarative optimization.
//!
//! A `.opt` text states variables, objective, constraints and data; [`driver::Session`] checks it,
//! differentiates it, binds it to data, solves it and judges the answer. The floors of the house and
//! what each is for stand in `ARCHITECTURE.md`.
pub mod base;
pub mod bind;
pub mod bridge;
pub mod cli;
pub mod data;
pub mod diag;
pub mod diff;
pub mod driver;
pub mod embed;
pub mod func;
pub mod interp;
pub mod ir;
pub mod jit;
pub mod kernel;
pub mod num;
pub mod pass;
pub mod problem;
pub mod sema;
pub mod solve;
pub mod syntax;
