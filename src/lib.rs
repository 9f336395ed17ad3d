//! `optc`: a compiler for declarative optimization.
pub mod base;
pub mod bind;
pub mod cli;
pub mod data;
pub mod diag;
pub mod diff;
pub mod driver;
pub mod func;
pub mod interp;
pub mod ir;
pub mod num;
pub mod pass;
pub mod problem;
pub mod sema;
pub mod solve;
pub mod syntax;
