//! What a fit says about its parameters: variances, standard errors, correlations, and what cannot be known.
//!
//! Takes a [`LeastSquares`] and a point, which should be its solution; gives [`Statistics`]. With squares, `m` residuals
//! that count and a Jacobian of rank `p` in the parameters that may move: `s² = Σ w r² / (m - p)` and the covariance
//! `s² (JᵀWJ)⁺` (Seber and Wild, *Nonlinear Regression*, 1989, (5.24)); with other losses the estimate of Huber, *Robust Statistics* (1981),
//! (7.83), which is the same for squares. Intervals are `estimate ± t s.e.` with Student's `t` of `m - p` degrees.
//! They are of first order: as good as the model is straight within them.
//! The Jacobian, its columns scaled to length 1, is reduced to a triangle, whose singular values tell the rank; nothing
//! is squared.
//!
//! Parameters on a bound or with equal bounds are not free: they have no standard error, and those of the others
//! take them as known. Directions in which no residual changes have no variance: the parameters that take part in them
//! have no standard error either, and a quantity has one when it does not change along them.

use faer::Mat;

use super::oracle::EvalError;
use super::residuals::LeastSquares;
use super::shape::Bounds;
use crate::num::dense::{dot, norm2};
use crate::num::loss::Loss;
use crate::num::qr::RowQr;
use crate::num::student;

/// Up to so many free parameters the covariance is computed.
pub const MOST_PARAMETERS: usize = 1000;
/// Rows taken in at once.
const BLOCK: usize = 128;
/// A parameter takes part in a direction when its entry (of a unit vector, in scaled parameters) is larger.
const TAKES_PART: f64 = 1e-3;
/// A quantity changes along a direction when this part of its gradient, in scaled parameters, points there.
const CHANGES: f64 = 1e-6;

/// Why a parameter has no standard error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    /// It has one, or takes part in an undetermined direction.
    Free,
    /// Its bounds are equal.
    Fixed,
    /// It is at its lower bound.
    Lower,
    /// It is at its upper bound.
    Upper,
}

/// What is known about the parameters at a solution. Vectors have one entry per variable.
#[derive(Clone, PartialEq, Debug)]
pub struct Statistics {
    /// Residuals that count: those of positive weight.
    pub n_residuals: usize,
    /// Parameters that may move.
    pub n_free: usize,
    /// Directions of them in which residuals change: their number, less the undetermined directions.
    pub rank: usize,
    /// `n_residuals - rank`, the degrees of freedom; statistics of scale need it to be positive.
    pub freedom: i64,
    /// Variance of a residual of weight 1; NaN without degrees of freedom.
    pub variance: f64,
    /// Student's quantile for 95 %, NaN without degrees of freedom.
    pub quantile: f64,
    /// Which parameters are held.
    pub held: Vec<Held>,
    /// Standard errors; NaN where there is none.
    pub standard_errors: Vec<f64>,
    /// Covariances, `n_vars` square by rows; NaN where there is none.
    pub covariance: Vec<f64>,
    /// Directions in which no residual changes: the parameters that take part, by number.
    pub undetermined: Vec<Vec<usize>>,
    basis: Basis,
}

/// The directions of the free parameters, each parameter in units in which its column of the Jacobian has length 1.
#[derive(Clone, PartialEq, Debug, Default)]
struct Basis {
    /// Numbers and units of the free parameters.
    free: Vec<usize>,
    units: Vec<f64>,
    /// Those in which residuals change, divided by how much: the rows of `V S⁻¹`, one per free parameter.
    known: Vec<Vec<f64>>,
    /// Those in which none does, likewise of length 1.
    lost: Vec<Vec<f64>>,
}

/// The coverage of [`Statistics::quantile`].
pub const COVERAGE: f64 = 0.95;

impl Statistics {
    /// Half the length of the interval for parameter `j`.
    pub fn half_width(&self, j: usize) -> f64 {
        self.quantile * self.standard_errors[j]
    }

    /// Correlation of parameters `i` and `j`; NaN where there is none.
    pub fn correlation(&self, i: usize, j: usize) -> f64 {
        let n = self.standard_errors.len();
        let value = self.covariance[i * n + j] / (self.standard_errors[i] * self.standard_errors[j]);
        // Rounding must not make it larger than 1; NaN stays.
        if value.abs() > 1.0 { value.signum() } else { value }
    }

    /// Standard error of a quantity whose derivatives in the parameters are `gradient`: `s |S⁻¹ Vᵀ g|`. Parameters that are
    /// held count as known; NaN when the quantity changes along a direction in which no residual does.
    pub fn error_of(&self, gradient: &[f64]) -> f64 {
        let Basis { free, units, known, lost } = &self.basis;
        let scaled: Vec<f64> = free.iter().zip(units).map(|(&j, unit)| gradient[j] / unit).collect();
        let along = |directions: &[Vec<f64>]| -> Vec<f64> {
            let count = directions.first().map_or(0, Vec::len);
            (0..count).map(|k| directions.iter().zip(&scaled).map(|(row, g)| row[k] * g).sum()).collect()
        };
        if norm2(&along(lost)) > CHANGES * norm2(&scaled) {
            return f64::NAN;
        }
        self.variance.sqrt() * norm2(&along(known))
    }
}

/// Statistics at `x`, where bounds are those of the problem.
///
/// # Errors
/// What cannot be evaluated; [`EvalError::Unsupported`] for more than [`MOST_PARAMETERS`] free parameters.
pub fn statistics(fit: &LeastSquares, bounds: &Bounds, x: &[f64]) -> Result<Statistics, EvalError> {
    let (n, m) = (x.len(), fit.n_residuals());
    let held: Vec<Held> = (0..n).map(|j| held(bounds, j, x[j])).collect();
    let free: Vec<usize> = (0..n).filter(|j| held[*j] == Held::Free).collect();
    if free.len() > MOST_PARAMETERS {
        return Err(EvalError::Unsupported("standard errors of so many parameters"));
    }
    let mut workspace = fit.oracle.workspace();
    workspace.set_point(x);
    let mut r = vec![0.0; m];
    fit.oracle.constraints(&mut workspace, &mut r)?;
    let pattern = fit.oracle.jacobian_pattern();
    let mut jacobian = vec![0.0; pattern.nnz()];
    fit.oracle.jacobian(&mut workspace, &mut jacobian)?;

    let roots: Vec<f64> = (0..m).map(|i| fit.row(i).1.sqrt()).collect();
    for (value, row) in jacobian.iter_mut().zip(pattern.row_idx()) {
        *value *= roots[*row as usize];
    }
    let n_residuals = roots.iter().filter(|root| **root > 0.0).count();
    let units: Vec<f64> =
        free.iter().map(|&j| Some(norm2(&jacobian[pattern.col(j)])).filter(|s| *s > 0.0).unwrap_or(1.0)).collect();
    let triangle = triangle(pattern, &jacobian, &free, &units, m);
    let basis = basis(&triangle, n_residuals, free, units)
        .ok_or(EvalError::Failed("the singular values of the Jacobian could not be found".into()))?;
    let rank = basis.known.first().map_or(0, Vec::len);
    let freedom = n_residuals as i64 - rank as i64;
    let mut found = Statistics {
        n_residuals,
        n_free: basis.free.len(),
        rank,
        freedom,
        variance: variance(fit, &r, rank, n_residuals),
        quantile: student::two_sided(COVERAGE, freedom as f64),
        held,
        standard_errors: vec![f64::NAN; n],
        covariance: vec![f64::NAN; n * n],
        undetermined: Vec::new(),
        basis,
    };
    spread(&mut found);
    Ok(found)
}

fn held(bounds: &Bounds, j: usize, x: f64) -> Held {
    /// Relative distance at which a bound counts as reached: that of the judge.
    const NEAR: f64 = 1e-6;
    let near = |bound: f64| bound.is_finite() && (x - bound).abs() <= NEAR * bound.abs().max(f64::MIN_POSITIVE);
    if bounds.is_fixed(j) {
        Held::Fixed
    } else if x <= bounds.lower[j] || near(bounds.lower[j]) {
        Held::Lower
    } else if x >= bounds.upper[j] || near(bounds.upper[j]) {
        Held::Upper
    } else {
        Held::Free
    }
}

/// Variance of a residual of weight 1: `K² Σψ² / (m - n) / (mean ψ')²` with `K = 1 + n/m var(ψ') / (mean ψ')²`, `n` the rank.
fn variance(fit: &LeastSquares, r: &[f64], n: usize, m: usize) -> f64 {
    if m <= n {
        return f64::NAN;
    }
    let (mut slope, mut bend) = (vec![0.0; r.len()], vec![0.0; r.len()]);
    fit.derivatives(r, &mut slope, &mut bend);
    let (mut squares, mut bends, mut squared_bends) = (0.0, 0.0, 0.0);
    for i in 0..r.len() {
        let (loss, weight, _) = fit.row(i);
        if weight > 0.0 {
            // `r²` is twice what the other losses are near 0.
            let half = if loss == Loss::Square { 2.0 } else { 1.0 };
            let (psi, dpsi) = (slope[i] / (half * weight.sqrt()), bend[i] / (half * weight));
            squares += psi * psi;
            bends += dpsi;
            squared_bends += dpsi * dpsi;
        }
    }
    let (count, mean) = (m as f64, bends / m as f64);
    let spread = (squared_bends / count - mean * mean).max(0.0);
    let correction = 1.0 + n as f64 / count * spread / (mean * mean);
    if mean > 0.0 { correction * correction * squares / (count - n as f64) / (mean * mean) } else { f64::NAN }
}

/// The triangular factor of the free columns, in units of length 1.
fn triangle(pattern: &crate::num::sparse::Pattern, values: &[f64], free: &[usize], scales: &[f64], m: usize) -> RowQr {
    let n = free.len();
    let mut qr = RowQr::new(n, BLOCK);
    let mut cursor: Vec<usize> = free.iter().map(|&j| pattern.col(j).start).collect();
    let mut first = 0;
    while first < m {
        let count = BLOCK.min(m - first);
        for (k, &j) in free.iter().enumerate() {
            let column = qr.block_mut(k, count);
            column.fill(0.0);
            while cursor[k] < pattern.col(j).end && (pattern.row_idx()[cursor[k]] as usize) < first + count {
                column[pattern.row_idx()[cursor[k]] as usize - first] = values[cursor[k]] / scales[k];
                cursor[k] += 1;
            }
        }
        qr.block_mut(n, count).fill(0.0);
        qr.append(count);
        first += count;
    }
    qr
}

/// The directions from the singular values of the triangle.
fn basis(triangle: &RowQr, n_residuals: usize, free: Vec<usize>, units: Vec<f64>) -> Option<Basis> {
    let n = free.len();
    let matrix = Mat::<f64>::from_fn(n, n, |i, j| if i <= j { triangle.r(i, j) } else { 0.0 });
    let svd = matrix.svd().ok()?;
    let sizes: Vec<f64> = svd.S().column_vector().iter().copied().collect();
    let largest = sizes.iter().fold(0.0f64, |a, b| a.max(*b));
    // What rounding leaves of a singular value of zero.
    let cut = 8.0 * f64::EPSILON * largest * n as f64 * (n_residuals.max(1) as f64).sqrt();
    let (known, lost): (Vec<usize>, Vec<usize>) = (0..n).partition(|k| sizes[*k] > cut);
    let v = svd.V();
    Some(Basis {
        known: (0..n).map(|j| known.iter().map(|&k| v[(j, k)] / sizes[k]).collect()).collect(),
        lost: (0..n).map(|j| lost.iter().map(|&k| v[(j, k)]).collect()).collect(),
        free,
        units,
    })
}

/// Standard errors, covariances and undetermined directions.
fn spread(found: &mut Statistics) {
    let Basis { free, units, known, lost } = &found.basis;
    let (n, n_vars) = (free.len(), found.standard_errors.len());
    let mut vague = vec![false; n];
    for k in 0..n - found.rank {
        let part: Vec<usize> = (0..n).filter(|j| lost[*j][k].abs() > TAKES_PART).collect();
        part.iter().for_each(|j| vague[*j] = true);
        found.undetermined.push(part.into_iter().map(|j| free[j]).collect());
    }
    if !(found.variance >= 0.0) {
        return;
    }
    for (a, &i) in free.iter().enumerate().filter(|(a, _)| !vague[*a]) {
        for (b, &j) in free.iter().enumerate().filter(|(b, _)| !vague[*b]) {
            found.covariance[i * n_vars + j] = found.variance * dot(&known[a], &known[b]) / (units[a] * units[b]);
        }
        found.standard_errors[i] = found.covariance[i * n_vars + i].sqrt();
    }
}
