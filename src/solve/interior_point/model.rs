//! What the algorithm works on: `min f(x)` subject to `c(x) = 0` and `lower <= x <= upper`.
//!
//! Two problems have this form: the user's with slacks ([`super::standard`]) and the one that restores feasibility
//! ([`super::relaxed`]). Both are scaled; `mu` is passed because the second one's objective depends on it.

use crate::num::sparse::Pattern;
use crate::problem::EvalError;

/// A problem with equations and bounds only. All values are finite when a call succeeds.
pub trait Model {
    /// Lower bounds, `-inf` where absent; length `n`.
    fn lower(&self) -> &[f64];
    /// Upper bounds; length `n`.
    fn upper(&self) -> &[f64];
    /// Moves a bound outward: the algorithm does so when a slack becomes too small to compute with.
    fn relax(&mut self, j: usize, lower: f64, upper: f64);
    /// Where the Jacobian of `c` may be nonzero, `m` by `n`.
    fn jacobian_pattern(&self) -> &Pattern;
    /// Where the Hessian of the Lagrangian may be nonzero, lower triangle.
    fn hessian_pattern(&self) -> &Pattern;
    /// `f(x)`.
    fn objective(&mut self, x: &[f64], mu: f64) -> Result<f64, EvalError>;
    /// `∇f(x)`.
    fn gradient(&mut self, x: &[f64], mu: f64, g: &mut [f64]) -> Result<(), EvalError>;
    /// `c(x)`.
    fn constraints(&mut self, x: &[f64], c: &mut [f64]) -> Result<(), EvalError>;
    /// `J(x)` in pattern order.
    fn jacobian(&mut self, x: &[f64], vals: &mut [f64]) -> Result<(), EvalError>;
    /// `∇²(f + y' c)(x)` in pattern order.
    fn hessian(&mut self, x: &[f64], y: &[f64], mu: f64, vals: &mut [f64]) -> Result<(), EvalError>;

    /// Whether `f` changes with `mu`.
    fn depends_on_mu(&self) -> bool {
        false
    }

    /// Number of variables.
    fn n(&self) -> usize {
        self.lower().len()
    }

    /// Number of equations.
    fn m(&self) -> usize {
        self.jacobian_pattern().n_rows()
    }
}
