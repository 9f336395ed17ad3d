//! When to stop: the paper's own test, the judge's demands on the unscaled problem, and the end of progress.

use super::algorithm::Algorithm;
use super::iterate::Errors;
use super::standard::Standard;
use crate::num::dense::norm_inf;
use crate::problem::StopReason;
use crate::problem::verify::tolerance::{COMPLEMENTARITY, STATIONARITY, UNBOUNDED, VIOLATION};

/// Variables larger than this speak for an unbounded problem.
const DIVERGED: f64 = 1e20;
/// Iterations without progress below the acceptable error after which the run ends (the authors' acceptable_iter is 15).
const MAX_IDLE: u32 = 50;
/// Error below which the end of progress is the end of the run (the authors' acceptable_tol).
const ACCEPTABLE: f64 = 1e-6;
/// Part of the judge's tolerances that is aimed at.
const SAFETY: f64 = 0.5;

/// The test and its memory.
#[derive(Clone, Debug)]
pub struct Stop {
    /// Largest scaled error (5) at which the run ends.
    pub tol: f64,
    /// Iterations in a row below the acceptable error that brought nothing.
    pub idle: u32,
    /// Smallest [`strictness`] so far.
    pub best_score: f64,
}

impl Stop {
    /// Nothing seen yet.
    pub fn new(tol: f64) -> Self {
        Self { tol, idle: 0, best_score: f64::INFINITY }
    }

    /// Whether to stop at a point with these errors; `score` is its [`strictness`].
    ///
    /// # Errors
    /// Why to stop.
    pub fn check(
        &mut self,
        errors: &Errors,
        score: f64,
        algorithm: &Algorithm,
        standard: &Standard,
    ) -> Result<(), StopReason> {
        // A looser tolerance than the judge's is the user's choice, and the judge's word on it will be honest.
        let strict = self.tol > VIOLATION || score <= SAFETY;
        if errors.total() <= self.tol && strict {
            return Err(StopReason::Converged);
        }
        let diverged = norm_inf(&algorithm.point.x[..standard.free.len()]) > DIVERGED;
        let fallen = algorithm.values.f / standard.objective_scale <= UNBOUNDED
            && standard.unscaled_violation(&algorithm.values.c) <= VIOLATION;
        if (diverged || fallen) && !standard.oracle().shape().vars.are_closed() {
            return Err(StopReason::Unbounded);
        }
        let progress = score < 0.9 * self.best_score;
        self.best_score = self.best_score.min(score);
        let acceptable = errors.total() <= ACCEPTABLE || score <= 1.0;
        self.idle = if acceptable && !progress { self.idle + 1 } else { 0 };
        if self.idle < MAX_IDLE {
            return Ok(());
        }
        Err(if errors.total() <= self.tol { StopReason::Converged } else { StopReason::Stalled })
    }
}

/// How far a point is from what the judge demands of the unscaled problem: at most 1 when it is met.
pub fn strictness(errors: &Errors, algorithm: &Algorithm, standard: &Standard) -> f64 {
    let scale = standard.objective_scale;
    let point = &algorithm.point;
    let n_free = standard.free.len();
    let y_sum: f64 = point.y.iter().zip(&standard.rows).map(|(y, row)| y.abs() * row.scale).sum();
    let z_sum: f64 = point.zl[..n_free].iter().chain(&point.zu[..n_free]).sum();
    let finite = |v: &[f64]| v[..n_free].iter().filter(|s| s.is_finite()).count();
    let count = point.y.len() + finite(&algorithm.slacks.lower) + finite(&algorithm.slacks.upper);
    let mean = (y_sum + z_sum) / scale / count.max(1) as f64;
    let violation = standard.unscaled_violation(&algorithm.values.c) / VIOLATION;
    let dual = errors.dual / scale / (STATIONARITY * mean.max(1.0));
    // The judge measures an inequality by the row itself, which differs from its slack by the row's residual.
    let rows = standard.rows.iter().zip(&point.y).zip(&algorithm.values.c);
    let by_rows = rows.map(|((row, y), c)| if row.slack().is_some() { (y * c).abs() } else { 0.0 }).fold(0.0, f64::max);
    let complementarity = errors.complementarity.max(by_rows) / scale / COMPLEMENTARITY;
    violation.max(dual).max(complementarity)
}

/// The smallest barrier parameter that serves `tol` and the judge's complementarity.
pub fn smallest_mu(tol: f64, objective_scale: f64) -> f64 {
    tol.min(SAFETY * COMPLEMENTARITY * objective_scale) / (super::algorithm::KAPPA_EPSILON + 1.0)
}
