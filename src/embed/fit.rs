//! Fits of residuals that are closures: least-squares methods and what they say about the parameters.

use super::solve::{Solve, squares};
use crate::num::loss::Loss;
use crate::problem::{EvalError, LeastSquares, Oracle, PerRow, ResidualTerm, Statistics, statistics};
use std::sync::Arc;

/// The sum of squares, or of other losses, of the rows of an oracle: residuals of your own, fitted without the compiler.
///
/// ```
/// use optc::embed::{ClosureOracle, Fit, Pattern};
///
/// // y = a exp(-b t) through four points; the Jacobian by columns.
/// let (t, y) = ([0.0, 1.0, 2.0, 3.0], [2.0, 1.2, 0.8, 0.5]);
/// let residuals = ClosureOracle::residuals(2, 4, move |x, r| {
///     (0..4).for_each(|i| r[i] = y[i] - x[0] * (-x[1] * t[i]).exp());
/// })
/// .start(&[1.0, 1.0])
/// .jacobian(Pattern::full(4, 2)?, move |x, j| {
///     for i in 0..4 {
///         let e = (-x[1] * t[i]).exp();
///         (j[i], j[4 + i]) = (-e, x[0] * t[i] * e);
///     }
/// });
/// let fit = Fit::new(residuals);
/// let solution = fit.solver().method("levenberg_marquardt").run()?;
/// let known = fit.statistics(solution.x())?;
/// assert!((solution.x()[1] - 0.47).abs() < 0.02);
/// assert!(known.standard_errors[1] < 0.02 && known.covariance.len() == 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Fit {
    squares: LeastSquares,
}

impl Fit {
    /// The plain sum of squares of all rows of `residuals`, such as [`ClosureOracle::residuals`] makes. Its objective and
    /// the bounds of its rows mean nothing.
    ///
    /// [`ClosureOracle::residuals`]: crate::problem::ClosureOracle::residuals
    pub fn new(residuals: impl Oracle + 'static) -> Self {
        Self { squares: LeastSquares::squares(Arc::new(residuals)) }
    }

    /// Factors of the squares or losses, one for each residual, not negative: `1 / σ²` where `σ` is the deviation of a
    /// measurement. Another number of them is an error when it is solved.
    #[must_use]
    pub fn weights(self, weights: &[f64]) -> Self {
        self.term(|term| term.weight = PerRow::Each(weights.to_vec()))
    }

    /// Another loss in place of the square, which counts residuals beyond `scale` less.
    #[must_use]
    pub fn loss(self, loss: Loss, scale: f64) -> Self {
        self.term(|term| (term.loss, term.scale) = (loss, PerRow::Same(scale)))
    }

    fn term(self, change: impl FnOnce(&mut ResidualTerm)) -> Self {
        let LeastSquares { oracle, mut terms, .. } = self.squares;
        if let Some(term) = terms.first_mut() {
            change(term);
        }
        Self { squares: LeastSquares::new(oracle, terms) }
    }

    /// A solve with wishes: by a method for sums of squares unless another is asked for.
    pub fn solver(&self) -> Solve<'static> {
        squares(self.squares.clone())
    }

    /// Standard errors, covariance and what cannot be known of the parameters at a solution `x`, of length `n_vars`.
    ///
    /// # Errors
    /// When `x` has another length, or what cannot be evaluated there.
    pub fn statistics(&self, x: &[f64]) -> Result<Statistics, EvalError> {
        let shape = self.squares.oracle.shape();
        if x.len() != shape.n_vars {
            return Err(EvalError::Failed(format!("{} values for {} parameters", x.len(), shape.n_vars)));
        }
        if !self.squares.is_sound() {
            return Err(EvalError::Failed("weights or scales do not fit the residuals".into()));
        }
        statistics(&self.squares, &shape.vars, x)
    }
}
