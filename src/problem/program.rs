//! What a solver is given: one of five kinds of problem data.

use std::sync::Arc;

use super::facts::ProblemFacts;
use super::oracle::Oracle;
use super::residuals::LeastSquares;
use super::shape::{Bounds, Shape};
use crate::num::sparse::Pattern;

/// The kinds of [`Program`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    /// [`Program::Nlp`].
    #[default]
    Nlp,
    /// [`Program::LeastSquares`].
    LeastSquares,
    /// [`Program::Qp`].
    Qp,
    /// [`Program::Conic`].
    Conic,
    /// [`Program::Mip`].
    Mip,
}

/// A problem in the form its method wants.
#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one of it in a run")]
pub enum Program {
    /// Smooth functions behind an oracle.
    Nlp(Nlp),
    /// A sum of losses of residuals behind an oracle whose rows they are.
    LeastSquares(LeastSquares),
    /// Quadratic objective, linear rows, as matrices.
    Qp(Qp),
    /// Linear or quadratic objective over cones, as matrices.
    Conic(Conic),
    /// Linear objective and rows with integer variables, as matrices.
    Mip(Mip),
}

/// A nonlinear program.
#[derive(Clone)]
pub struct Nlp {
    /// Functions and derivatives.
    pub oracle: Arc<dyn Oracle>,
    /// Its class.
    pub facts: ProblemFacts,
}

/// `min 1/2 x' P x + q' x + r` subject to bounds on `A x` and on `x`.
#[derive(Clone, Debug)]
pub struct Qp {
    /// Sizes, bounds, start.
    pub shape: Shape,
    /// Pattern of `P`, lower triangle.
    pub quadratic: Pattern,
    /// Values of `P`.
    pub quadratic_vals: Vec<f64>,
    /// `q`, length `n_vars`.
    pub linear: Vec<f64>,
    /// `r`.
    pub constant: f64,
    /// Pattern of `A`, `n_cons` by `n_vars`.
    pub rows: Pattern,
    /// Values of `A`.
    pub rows_vals: Vec<f64>,
}

/// One block of rows of a [`Conic`] program.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cone {
    /// `s = 0`, so many rows.
    Zero(usize),
    /// `s >= 0`, so many rows.
    Nonnegative(usize),
    /// `s[0] >= |s[1..]|`, so many rows.
    SecondOrder(usize),
    /// `s[1] exp(s[0] / s[1]) <= s[2]`, three rows.
    Exponential,
    /// `s[0]^a s[1]^(1-a) >= |s[2]|`, three rows.
    Power(f64),
}

/// `min 1/2 x' P x + q' x + r` subject to `b - A x` in a product of cones, `P` without negative eigenvalues.
///
/// Answers have one multiplier `y` per row, of the dual cone, with `P x + q + A' y = 0`; none of bounds, which are rows here.
/// A proof of infeasibility is a `y` of the dual cone with `A' y = 0` and `b' y < 0`.
#[derive(Clone, Debug)]
pub struct Conic {
    /// Pattern of `P`, lower triangle.
    pub quadratic: Pattern,
    /// Values of `P`.
    pub quadratic_vals: Vec<f64>,
    /// `q`, length `n_vars`.
    pub linear: Vec<f64>,
    /// `r`.
    pub constant: f64,
    /// Pattern of `A`.
    pub rows: Pattern,
    /// Values of `A`.
    pub rows_vals: Vec<f64>,
    /// `b`, one per row.
    pub rhs: Vec<f64>,
    /// The cones, in row order.
    pub cones: Vec<Cone>,
}

/// `min q' x` subject to bounds on `A x` and on `x`, some of `x` integer.
#[derive(Clone, Debug)]
pub struct Mip {
    /// `q`, length `n_vars`.
    pub linear: Vec<f64>,
    /// Added to the objective.
    pub constant: f64,
    /// Pattern of `A`.
    pub rows: Pattern,
    /// Values of `A`.
    pub rows_vals: Vec<f64>,
    /// Bounds of `A x`.
    pub row_bounds: Bounds,
    /// Bounds of `x`.
    pub var_bounds: Bounds,
    /// Which variables are integer, length `n_vars`.
    pub integer: Vec<bool>,
}
