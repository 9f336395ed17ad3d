//! The methods: each a file or folder and one row of the registry.
//!
//! Takes a [`Request`](crate::problem::Request) with a program behind an oracle, gives a
//! [`Candidate`](crate::problem::Candidate). Sees `base`, `num` and `problem` only: a Rust user can hand it closures.
//! Deliberately absent: names of variables, source text, and any judgement of answers (`problem::verify` has that).

pub mod bfgs;
pub mod cholesky;
pub mod clarabel;
pub mod cones;
pub mod conjugate_gradient;
pub mod engine;
pub mod filter;
pub mod gradient;
pub mod ground;
#[cfg(feature = "highs")]
pub mod highs;
pub mod interior_point;
pub mod lagrange;
pub mod lbfgs;
pub mod least_squares;
pub mod limits;
pub mod line_search;
pub mod microlp;
pub mod nelder_mead;
pub mod newton;
pub mod options;
pub mod pattern_search;
pub mod polish;
pub mod ray;
pub mod registry;
pub mod sqp;

pub use options::{Given, OptionProblem, parse_options};
pub use registry::{find, methods};
