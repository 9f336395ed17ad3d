//! The test binary: one module per promise.

mod bind;
mod bound_models;
mod cli;
mod data;
mod derivative_check;
mod diff;
mod examples;
mod families;
mod fmt;
mod functions;
mod interp;
mod kernel;
mod kkt;
mod language;
mod matpower;
mod pages;
mod programs;
mod random_models;
mod report;
mod scale;
mod sema;
mod solvers;
mod support;
mod syntax;
mod tidy;
mod ui;
