//! The test binary: one module per promise.

mod data;
mod diff;
mod interp;
mod kkt;
mod matpower;
mod solvers;
mod syntax;
