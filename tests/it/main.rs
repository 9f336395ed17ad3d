//! The test binary: one module per promise.

mod kkt;
mod data;
