//! The test binary: one module per promise.

mod data;
mod diff;
mod kkt;
mod matpower;
mod solvers;
mod syntax;
