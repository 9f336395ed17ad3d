//! Methods on small problems with known answers, given as closures and judged by `problem::verify`.

mod cases;
mod contract;
mod jet;
mod options;
mod squares;
mod unconstrained;
