//! Symmetric indefinite systems: factor, count the signs of the eigenvalues, solve.
//!
//! Takes the lower triangle of a symmetric matrix as a [`Pattern`] and values, gives [`Inertia`] and solutions.
//! Deliberately absent: what the matrix means. Interior-point methods, the judge and least squares all use it.

mod feral;

use super::sparse::Pattern;

pub use self::feral::Feral;

/// How many eigenvalues have each sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Inertia {
    /// Eigenvalues above zero.
    pub positive: usize,
    /// Eigenvalues below zero.
    pub negative: usize,
    /// Eigenvalues that the factorisation could not tell from zero.
    pub zero: usize,
}

/// Why a system could not be factored or solved.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KktError {
    /// A value is NaN or infinite.
    #[error("the matrix has an entry that is not a number")]
    NonFinite,
    /// The matrix is singular to working precision.
    #[error("the matrix is singular")]
    Singular,
    /// Lengths do not fit, or nothing was factored yet.
    #[error("{0}")]
    Misuse(String),
    /// The library gave up for another reason.
    #[error("the factorisation failed: {0}")]
    Failed(String),
}

/// A direct solver for symmetric indefinite sparse systems.
///
/// Call [`KktSolver::analyse`] once per pattern, [`KktSolver::factor`] per matrix, then solve any number of times.
pub trait KktSolver: Send {
    /// Takes the pattern: square, lower triangle, compressed columns.
    ///
    /// # Errors
    /// [`KktError::Misuse`] for a pattern that is not square or has entries above the diagonal.
    fn analyse(&mut self, pattern: &Pattern) -> Result<(), KktError>;

    /// Factors the matrix with values `vals`, in the order of the pattern.
    ///
    /// # Errors
    /// [`KktError::NonFinite`], [`KktError::Singular`], or a failure of the library.
    fn factor(&mut self, vals: &[f64]) -> Result<Inertia, KktError>;

    /// Solves with the last factorisation; `rhs` and `x` have the order of the matrix.
    ///
    /// # Errors
    /// [`KktError::Misuse`] before a successful [`KktSolver::factor`].
    fn solve(&mut self, rhs: &[f64], x: &mut [f64]) -> Result<(), KktError>;

    /// Improves `x` by at most `max_steps` corrections; never makes it worse.
    ///
    /// Returns the backward error `|rhs - A x| / (|A| |x| + |rhs|)` in the infinity norm.
    ///
    /// # Errors
    /// As [`KktSolver::solve`].
    fn refine(&mut self, rhs: &[f64], x: &mut [f64], max_steps: usize) -> Result<f64, KktError>;

    /// Asks for more careful pivoting from the next factorisation on; false when nothing more can be done.
    fn raise_quality(&mut self) -> bool;
}

/// A solver for a matrix of this order that is factored once.
pub fn solver_for_once(order: usize) -> Box<dyn KktSolver> {
    // Of larger ones the factorisation is most of the work, and a good ordering pays.
    if order <= 2000 { Box::new(Feral::plain()) } else { default_solver() }
}

/// The default solver for matrices of any shape.
pub fn default_solver() -> Box<dyn KktSolver> {
    Box::new(Feral::new())
}
