//! Primal-dual points, what is evaluated at them, and the measures of the paper.

use super::model::Model;
use crate::num::dense::{norm_inf, norm1};
use crate::problem::EvalError;

/// A primal-dual point. Multipliers of absent bounds are 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Iterate {
    /// Variables with slacks, length `n`.
    pub x: Vec<f64>,
    /// Multipliers of the equations, length `m`.
    pub y: Vec<f64>,
    /// Multipliers of lower bounds, length `n`.
    pub zl: Vec<f64>,
    /// Multipliers of upper bounds, length `n`.
    pub zu: Vec<f64>,
}

impl Iterate {
    /// Zeros.
    pub fn new(n: usize, m: usize) -> Self {
        Self { x: vec![0.0; n], y: vec![0.0; m], zl: vec![0.0; n], zu: vec![0.0; n] }
    }

    /// Overwrites with another point of the same lengths.
    pub fn copy_from(&mut self, other: &Self) {
        self.x.copy_from_slice(&other.x);
        self.y.copy_from_slice(&other.y);
        self.zl.copy_from_slice(&other.zl);
        self.zu.copy_from_slice(&other.zu);
    }
}

/// Distances to the bounds, infinite where there is none.
#[derive(Clone, Debug, Default)]
pub struct Slacks {
    /// `x - lower`.
    pub lower: Vec<f64>,
    /// `upper - x`.
    pub upper: Vec<f64>,
}

impl Slacks {
    /// Room for `n` variables.
    pub fn new(n: usize) -> Self {
        Self { lower: vec![0.0; n], upper: vec![0.0; n] }
    }

    /// Distances at `x`.
    pub fn update(&mut self, model: &dyn Model, x: &[f64]) {
        let (lower, upper) = (model.lower(), model.upper());
        for j in 0..x.len() {
            self.lower[j] = x[j] - lower[j];
            self.upper[j] = upper[j] - x[j];
        }
    }
}

/// Values and first derivatives at a point.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Objective.
    pub f: f64,
    /// Gradient, length `n`.
    pub g: Vec<f64>,
    /// Equations, length `m`.
    pub c: Vec<f64>,
    /// Jacobian in pattern order.
    pub jacobian: Vec<f64>,
}

impl Values {
    /// Room for a model's values.
    pub fn new(model: &dyn Model) -> Self {
        let (n, m) = (model.n(), model.m());
        Self { f: 0.0, g: vec![0.0; n], c: vec![0.0; m], jacobian: vec![0.0; model.jacobian_pattern().nnz()] }
    }

    /// Objective and equations.
    pub fn evaluate(&mut self, model: &mut dyn Model, x: &[f64], mu: f64) -> Result<(), EvalError> {
        self.f = model.objective(x, mu)?;
        model.constraints(x, &mut self.c)
    }

    /// First derivatives.
    pub fn differentiate(&mut self, model: &mut dyn Model, x: &[f64], mu: f64) -> Result<(), EvalError> {
        model.gradient(x, mu, &mut self.g)?;
        model.jacobian(x, &mut self.jacobian)
    }

    /// `theta(x) = |c(x)|_1`.
    pub fn theta(&self) -> f64 {
        norm1(&self.c)
    }
}

/// Weight of the linear terms that keep variables with one bound from running away (κ_d, section 3.7).
pub const DAMPING: f64 = 1e-5;

/// Which one-sided bound, if any: the sign of the damping term's gradient.
pub fn damping_sign(slack_lower: f64, slack_upper: f64) -> f64 {
    match (slack_lower.is_finite(), slack_upper.is_finite()) {
        (true, false) => 1.0,
        (false, true) => -1.0,
        _ => 0.0,
    }
}

/// `phi_mu(x) = f(x) - mu Σ log s + κ_d mu Σ s` over one-sided bounds; infinite outside the bounds.
pub fn barrier(f: f64, slacks: &Slacks, mu: f64) -> f64 {
    let mut logs = 0.0;
    let mut damping = 0.0;
    for (&sl, &su) in slacks.lower.iter().zip(&slacks.upper) {
        if !(sl > 0.0 && su > 0.0) {
            return f64::INFINITY;
        }
        match (sl.is_finite(), su.is_finite()) {
            (true, true) => logs += crate::num::vmath::log(sl) + crate::num::vmath::log(su),
            (true, false) => {
                logs += crate::num::vmath::log(sl);
                damping += sl;
            }
            (false, true) => {
                logs += crate::num::vmath::log(su);
                damping += su;
            }
            (false, false) => {}
        }
    }
    f - mu * logs + DAMPING * mu * damping
}

/// The parts of the optimality error `E_mu` ((5) of the paper), unscaled by `s_d` and `s_c`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Errors {
    /// `|∇f + J'y - zl + zu|`.
    pub dual: f64,
    /// `|c|`.
    pub primal: f64,
    /// `|S z - mu|` at the given `mu`.
    pub complementarity: f64,
    /// `s_d`.
    pub dual_scale: f64,
    /// `s_c`.
    pub complementarity_scale: f64,
}

impl Errors {
    /// `E_mu`.
    pub fn total(&self) -> f64 {
        (self.dual / self.dual_scale).max(self.primal).max(self.complementarity / self.complementarity_scale)
    }
}

/// Multipliers larger than this on average scale the error down (`s_max`).
const MULTIPLIER_MAX: f64 = 100.0;

/// Errors at a point; `lagrangian` is scratch of length `n` and holds `∇f + J'y - zl + zu` afterwards.
pub fn errors(
    model: &dyn Model,
    point: &Iterate,
    slacks: &Slacks,
    values: &Values,
    mu: f64,
    lagrangian: &mut [f64],
) -> Errors {
    lagrangian.copy_from_slice(&values.g);
    model.jacobian_pattern().mul_transposed_add(&values.jacobian, 1.0, &point.y, lagrangian);
    let mut complementarity = 0.0f64;
    let mut n_bounds = 0usize;
    let product = |slack: f64, z: f64| if slack.is_finite() { (slack * z - mu).abs() } else { 0.0 };
    for j in 0..lagrangian.len() {
        lagrangian[j] += point.zu[j] - point.zl[j];
        n_bounds += usize::from(slacks.lower[j].is_finite()) + usize::from(slacks.upper[j].is_finite());
        let here = product(slacks.lower[j], point.zl[j]).max(product(slacks.upper[j], point.zu[j]));
        complementarity = complementarity.max(here);
    }
    let z_sum = norm1(&point.zl) + norm1(&point.zu);
    let scale = |sum: f64, count: usize| (sum / count.max(1) as f64).max(MULTIPLIER_MAX) / MULTIPLIER_MAX;
    Errors {
        dual: norm_inf(lagrangian),
        primal: norm_inf(&values.c),
        complementarity,
        dual_scale: scale(norm1(&point.y) + z_sum, point.y.len() + n_bounds),
        complementarity_scale: scale(z_sum, n_bounds),
    }
}

/// The largest step in `(0, 1]` that keeps `slack + alpha * change >= (1 - tau) slack` ((15) of the paper).
pub fn fraction_to_boundary<'a>(tau: f64, pairs: impl Iterator<Item = (&'a f64, f64)>) -> f64 {
    let mut alpha = 1.0f64;
    for (&slack, change) in pairs {
        if change < 0.0 && slack.is_finite() {
            alpha = alpha.min(-tau * slack / change);
        }
    }
    alpha
}
