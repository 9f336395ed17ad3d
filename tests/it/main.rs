//! The test binary: one module per promise.

mod data;
mod kkt;
mod matpower;
mod solvers;
