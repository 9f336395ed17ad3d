//! How near a point is to an answer, without scale factors, and the nearest one so far.

use super::super::ground::Steps;
use super::Lagrangian;
use super::augmented::Terms;
use crate::problem::Bounds;

/// Residuals of the optimality conditions, each as a part of what is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Largest violation of a row, relative to `max(1, |end|)`.
    pub violation: f64,
    /// All residuals together: at most 1 when the point is an answer.
    pub score: f64,
}

impl Measure {
    /// Whether the point is an answer.
    pub fn holds(&self) -> bool {
        self.score <= 1.0
    }
}

/// The nearest point so far, with multipliers of the problem without scale factors.
#[derive(Clone, Debug)]
pub struct Best {
    pub score: f64,
    pub objective: f64,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub z_lower: Vec<f64>,
    pub z_upper: Vec<f64>,
}

impl Best {
    /// The start, about which nothing is known.
    pub fn at(x: &[f64], n_cons: usize) -> Self {
        let zero = vec![0.0; x.len()];
        Self {
            score: f64::INFINITY,
            objective: f64::NAN,
            x: x.to_vec(),
            y: vec![0.0; n_cons],
            z_lower: zero.clone(),
            z_upper: zero,
        }
    }
}

/// The multiplier that the scaled row `i` with value `c` (not scaled) speaks for.
pub fn estimate(terms: &Terms, rows: &Bounds, i: usize, c: f64) -> f64 {
    let (scale, lambda) = (terms.scale[i], terms.lambda[i]);
    let t = c + lambda / (terms.rho * scale);
    let excess = rows.excess(i, t);
    if excess == 0.0 {
        return 0.0;
    }
    let end = if excess > 0.0 { rows.upper[i] } else { rows.lower[i] };
    lambda + terms.rho * (c - end) * scale
}

/// Relative violation of row `i`.
fn violation(rows: &Bounds, i: usize, c: f64) -> f64 {
    let excess = rows.excess(i, c);
    let end = if excess > 0.0 { rows.upper[i] } else { rows.lower[i] };
    if excess == 0.0 { 0.0 } else { excess.abs() / end.abs().max(1.0) }
}

impl<S: Steps> Lagrangian<S> {
    /// Largest relative violation of a row at the point.
    pub(super) fn violation(&self) -> f64 {
        let rows = &self.augmented.problem().shape().rows;
        (0..self.c.len()).map(|i| violation(rows, i, self.c[i])).fold(0.0, f64::max)
    }

    /// How near the point is to an answer. Tolerances leave the judge's a factor of ten.
    pub(super) fn measure(&mut self) -> Measure {
        let rows = &self.augmented.problem().shape().rows;
        let terms = self.ground.functions.workspace.parts::<Terms>().1;
        let (mut feasibility, mut complementarity, mut price, mut sum) = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
        for i in 0..self.c.len() {
            let c = self.c[i];
            let y = estimate(terms, rows, i, c) * terms.scale[i] / self.weight;
            let excess = rows.excess(i, c).abs();
            feasibility = feasibility.max(violation(rows, i, c));
            let slack = if y > 0.0 { rows.upper[i] - c } else { c - rows.lower[i] };
            if y != 0.0 && !rows.is_fixed(i) {
                complementarity = complementarity.max(y.abs() * slack.max(0.0));
            }
            price += y.abs() * excess;
            sum += y.abs();
        }
        let mean = sum / self.c.len().max(1) as f64;
        let near = 10.0 * self.tol;
        let parts = [
            feasibility / self.tol,
            self.ground.residual() / (self.weight * near * mean.max(1.0)),
            complementarity / near,
            price / (near * self.f.abs().max(1.0)),
        ];
        let score = parts.iter().fold(0.0, |worst, &part| if part > worst || part.is_nan() { part } else { worst });
        Measure { violation: feasibility, score: if score.is_nan() { f64::INFINITY } else { score } }
    }

    /// Keeps the point when it is nearer to an answer than all before; says whether it is.
    pub(super) fn remember(&mut self, measure: &Measure) -> bool {
        if !(measure.score < self.best.score) {
            return false;
        }
        let rows = &self.augmented.problem().shape().rows;
        let (ground, best) = (&mut self.ground, &mut self.best);
        let terms = ground.functions.workspace.parts::<Terms>().1;
        for i in 0..self.c.len() {
            best.y[i] = estimate(terms, rows, i, self.c[i]) * terms.scale[i] / self.weight;
        }
        best.x.copy_from_slice(&ground.x);
        best.score = measure.score;
        best.objective = self.f;
        // The projection hits a bound exactly where the gradient pushes against it from close enough.
        let multiplier = |g: f64, room: f64| if g > 0.0 && room < g { g } else { 0.0 };
        for j in 0..ground.n() {
            let g = ground.g[j] / self.weight;
            best.z_lower[j] = multiplier(g, ground.x[j] - ground.bounds.lower[j]);
            best.z_upper[j] = multiplier(-g, ground.bounds.upper[j] - ground.x[j]);
        }
        true
    }
}
