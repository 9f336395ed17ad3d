//! The test binary: one module per promise.

mod data;
mod diff;
mod interp;
mod kkt;
mod language;
mod matpower;
mod programs;
mod solvers;
mod syntax;
