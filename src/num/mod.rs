//! Numerical kernels that know no model: elementary functions, linear algebra, random streams.
//!
//! Takes slices of numbers, gives numbers.
//! Deliberately absent: models, templates, solvers.

pub mod definite;
pub mod dense;
pub mod kkt;
pub mod loss;
pub mod lu;
pub mod qr;
pub mod random;
pub mod sparse;
pub mod student;
pub mod vmath;
