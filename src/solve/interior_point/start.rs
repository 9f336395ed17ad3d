//! Where the algorithm begins: section 3.6 of the paper.

use super::algorithm::Algorithm;
use super::model::Model;
use super::standard::Standard;
use crate::num::dense::clamp;
use crate::problem::{EvalError, WarmStart};

/// Multipliers of the equations larger than this at the start are set to 0.
const MAX_MULTIPLIER: f64 = 1000.0;

/// An answer of an earlier run is moved no further into its bounds than this.
const NEAREST: f64 = 1e-9;
/// The barrier parameter of a warm start is this part of the error there, and at least so large.
const WARM_PART: f64 = 0.1;
const SMALLEST_MU: f64 = 1e-9;

/// How far inside its bounds a start must be (κ_1, κ_2).
#[derive(Clone, Copy, Debug)]
pub struct Push {
    /// Absolute, relative to `max(1, |bound|)`.
    pub bound: f64,
    /// Relative to the distance of the bounds.
    pub range: f64,
}

/// Chooses scale factors and the first point. Where the start has no value, points pushed further inside are tried.
pub fn begin(
    algorithm: &mut Algorithm,
    standard: &mut Standard,
    start: &[f64],
    scale: bool,
    push: Push,
) -> Result<(), EvalError> {
    let n_free = standard.free.len();
    let given = standard.to_standard(start);
    let mut result = Ok(());
    for factor in [0.0, 1.0, 10.0] {
        let mut x = given.clone();
        if factor > 0.0 {
            push_inside(standard, &mut x, Push { bound: push.bound * factor, range: push.range * factor }, 0..n_free);
        }
        if scale && !standard.is_scaled() {
            // The authors' code scales at the start as given, even outside its bounds.
            result = standard.scale_at(&x);
        }
        if result.is_ok() {
            result = place(algorithm, standard, x, push);
        }
        if result.is_ok() {
            break;
        }
    }
    result
}

fn place(algorithm: &mut Algorithm, standard: &mut Standard, mut x: Vec<f64>, push: Push) -> Result<(), EvalError> {
    let n_free = standard.free.len();
    push_inside(standard, &mut x, push, 0..n_free);
    standard.set_slacks(&mut x)?;
    push_inside(standard, &mut x, push, n_free..standard.n());
    algorithm.point.x.copy_from_slice(&x);
    for j in 0..x.len() {
        algorithm.point.zl[j] = if standard.lower()[j].is_finite() { 1.0 } else { 0.0 };
        algorithm.point.zu[j] = if standard.upper()[j].is_finite() { 1.0 } else { 0.0 };
    }
    algorithm.begin(standard)?;
    algorithm.fit_multipliers(standard, MAX_MULTIPLIER);
    Ok(())
}

/// Begins at the point and the multipliers of an earlier run, with at most the given push and barrier parameter.
///
/// Nothing says whether they are of this problem or of one like it: the error of the optimality conditions there decides how
/// near to its bounds the point may stay, and the barrier parameter with it. An answer is recognised as one; where the
/// problem has changed, the usual distance keeps the first steps long.
pub fn begin_warm(
    algorithm: &mut Algorithm,
    standard: &mut Standard,
    earlier: &WarmStart,
    scale: bool,
    (push, mu): (Push, f64),
) -> Result<(), EvalError> {
    begin(algorithm, standard, &earlier.x, scale, Push { bound: NEAREST, range: NEAREST })?;
    algorithm.mu = 0.0;
    warm(algorithm, standard, earlier);
    let error = algorithm.errors(standard, 0.0).total();
    let part = if error.is_finite() { clamp(WARM_PART * error / mu, 0.0, 1.0) } else { 1.0 };
    let push = Push { bound: (part * push.bound).max(NEAREST), range: (part * push.range).max(NEAREST) };
    if push.bound > NEAREST {
        begin(algorithm, standard, &earlier.x, scale, push)?;
    }
    algorithm.mu = (part * mu).max(SMALLEST_MU);
    warm(algorithm, standard, earlier);
    Ok(())
}

/// Multipliers of an earlier run instead of the usual ones, kept away from 0 by the barrier parameter.
fn warm(algorithm: &mut Algorithm, standard: &Standard, warm: &WarmStart) {
    let scale = standard.objective_scale;
    if warm.y.len() == standard.oracle().shape().n_cons {
        for (y, row) in algorithm.point.y.iter_mut().zip(&standard.rows) {
            *y = warm.y[row.of as usize] * scale / row.scale;
        }
    }
    let n = standard.oracle().shape().n_vars;
    if warm.z_lower.len() == n && warm.z_upper.len() == n {
        for (at, &j) in standard.free.iter().enumerate() {
            algorithm.point.zl[at] = warm.z_lower[j as usize] * scale;
            algorithm.point.zu[at] = warm.z_upper[j as usize] * scale;
        }
        for (i, row) in standard.rows.iter().enumerate() {
            if let Some(slack) = row.slack() {
                let y = algorithm.point.y[i];
                algorithm.point.zl[slack] = (-y).max(0.0);
                algorithm.point.zu[slack] = y.max(0.0);
            }
        }
        let mu = algorithm.mu;
        let (point, slacks) = (&mut algorithm.point, &algorithm.slacks);
        for j in 0..point.x.len() {
            point.zl[j] = point.zl[j].max(0.1 * mu / slacks.lower[j]);
            point.zu[j] = point.zu[j].max(0.1 * mu / slacks.upper[j]);
        }
    }
}

/// Moves `x[j]` inside its bounds by the smaller of the two pushes.
fn push_inside(model: &dyn Model, x: &mut [f64], push: Push, range: std::ops::Range<usize>) {
    for j in range {
        let (lower, upper) = (model.lower()[j], model.upper()[j]);
        let room = |bound: f64| (push.bound * bound.abs().max(1.0)).min(push.range * (upper - lower));
        let lo = if lower.is_finite() { lower + room(lower) } else { lower };
        let hi = if upper.is_finite() { upper - room(upper) } else { upper };
        x[j] = clamp(x[j], lo, hi);
    }
}
