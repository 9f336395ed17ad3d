//! optc inside a Rust program: models from text or made in Rust, compiled problems, solves, answers.
//!
//! | to | use |
//! |---|---|
//! | compile a model from text, with data from memory | [`Source`] |
//! | make a model without text | [`Model`](build::Model) |
//! | evaluate functions and derivatives on slices | [`Problem::evaluator`] |
//! | solve, watch, stop, start warm | [`Problem::solver`], [`Solve`] |
//! | solve functions of your own | [`solver`] |
//! | fit residuals of your own, with standard errors | [`Fit`] |
//! | change data and solve again | [`Problem::set`] |
//! | read an answer | [`Solution`] |
//!
//! ```
//! use optc::embed::Source;
//!
//! let problem = Source::new("var x >= 0 start 1\nvar y >= 0 start 1\nparam a = 3\nminimize (x - a)^2 + x * y + exp(y)")
//!     .compile()?;
//! let solution = problem.solve()?;
//! assert!(solution.status().is_optimal());
//! assert!((solution.value("x").unwrap() - 3.0).abs() < 1e-6);
//! # Ok::<(), optc::embed::Errors>(())
//! ```
//!
//! Everything that can go wrong is data: [`Errors`] has a code, a title, places in the text and a help for each.
//! Deliberately absent: printing, files (a [`Source`] reads none but those it is given, unless told otherwise), terminals.

pub mod build;
mod errors;
mod fit;
mod problem;
mod solution;
mod solve;
mod source;

pub use errors::{Errors, Mark, Problem as Reported};
pub use fit::Fit;
pub use problem::{Evaluator, Problem};
pub use solution::Solution;
pub use solve::{Iteration, OptionGiven, Solve, solver};
pub use source::Source;

pub use crate::problem::{
    Bounds, Capabilities, ClosureOracle, Counts, EvalError, Loss, Oracle, Pattern, Place, Shape, Statistics, Status,
    StopFlag, StopReason, Workspace,
};

/// The programs of `docs/embedding.md` are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
struct Embedding;
