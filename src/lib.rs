//! `optc`: a compiler for declarative optimization.
pub mod base;
pub mod diag;
pub mod func;
pub mod num;
pub mod problem;
pub mod syntax;
