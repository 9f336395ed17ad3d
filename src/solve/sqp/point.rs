//! A point with its scaled functions and derivatives, and what is measured there.

use super::quadratic::Sides;
use crate::problem::{Counts, Oracle, Pattern, Workspace};

/// Slopes at the start are scaled down to this.
const MOST_SLOPE: f64 = 100.0;
/// No scale is below this.
const LEAST_SCALE: f64 = 1e-8;

/// What functions are multiplied by.
pub struct Scales {
    /// The objective.
    pub objective: f64,
    /// Each row.
    pub rows: Vec<f64>,
}

impl Scales {
    /// No scaling of `m` rows.
    pub fn new(m: usize) -> Self {
        Self { objective: 1.0, rows: vec![1.0; m] }
    }

    /// No scaling.
    pub fn reset(&mut self) {
        self.objective = 1.0;
        self.rows.fill(1.0);
    }

    /// Scales that leave no slope of `at`, which is not scaled, above 100.
    pub fn fit(&mut self, at: &Point, pattern: &Pattern) {
        let scale = |slope: f64| if slope > MOST_SLOPE { (MOST_SLOPE / slope).max(LEAST_SCALE) } else { 1.0 };
        self.objective = scale(at.g.iter().fold(0.0, |m: f64, g| m.max(g.abs())));
        self.rows.fill(0.0);
        for (k, i, _) in pattern.entries() {
            self.rows[i] = self.rows[i].max(at.jacobian[k].abs());
        }
        self.rows.iter_mut().for_each(|s| *s = scale(*s));
    }
}

/// A point with scaled functions.
pub struct Point {
    /// The point, length `n`.
    pub x: Vec<f64>,
    /// Objective.
    pub f: f64,
    /// Its gradient, length `n`.
    pub g: Vec<f64>,
    /// Rows, length `m`.
    pub c: Vec<f64>,
    /// Jacobian, in the order of the oracle's pattern.
    pub jacobian: Vec<f64>,
}

impl Point {
    /// Room for functions of `oracle` at `x`.
    pub fn new(oracle: &dyn Oracle, x: Vec<f64>) -> Self {
        let (n, m) = (oracle.shape().n_vars, oracle.shape().n_cons);
        Self { x, f: f64::NAN, g: vec![0.0; n], c: vec![0.0; m], jacobian: vec![0.0; oracle.jacobian_pattern().nnz()] }
    }

    /// Objective and rows; false where one is not a number.
    pub fn evaluate(&mut self, oracle: &dyn Oracle, ws: &mut Workspace, scales: &Scales, counts: &mut Counts) -> bool {
        ws.set_point(&self.x);
        self.f = 0.0;
        if oracle.shape().n_objectives > 0 {
            counts.objective += 1;
            match oracle.objective(ws, 0) {
                Ok(f) if f.is_finite() => self.f = f * scales.objective,
                _ => {
                    counts.failures += 1;
                    return false;
                }
            }
        }
        if !self.c.is_empty() {
            counts.constraints += 1;
            if oracle.constraints(ws, &mut self.c).is_err() {
                counts.failures += 1;
                return false;
            }
            self.c.iter_mut().zip(&scales.rows).for_each(|(c, s)| *c *= s);
        }
        true
    }

    /// Gradient and Jacobian; false where an entry is not a number.
    pub fn differentiate(
        &mut self,
        oracle: &dyn Oracle,
        ws: &mut Workspace,
        scales: &Scales,
        counts: &mut Counts,
    ) -> bool {
        ws.set_point(&self.x);
        if oracle.shape().n_objectives > 0 {
            counts.gradient += 1;
            if oracle.gradient(ws, &[scales.objective], &mut self.g).is_err() {
                counts.failures += 1;
                return false;
            }
        } else {
            self.g.fill(0.0);
        }
        if !self.c.is_empty() {
            counts.jacobian += 1;
            if oracle.jacobian(ws, &mut self.jacobian).is_err() {
                counts.failures += 1;
                return false;
            }
            for (k, i, _) in oracle.jacobian_pattern().entries() {
                self.jacobian[k] *= scales.rows[i];
            }
        }
        true
    }

    /// Applies scales to functions that had none.
    pub fn rescale(&mut self, scales: &Scales, pattern: &Pattern) {
        self.f *= scales.objective;
        self.g.iter_mut().for_each(|g| *g *= scales.objective);
        self.c.iter_mut().zip(&scales.rows).for_each(|(c, s)| *c *= s);
        for (k, i, _) in pattern.entries() {
            self.jacobian[k] *= scales.rows[i];
        }
    }

    /// Largest violation of a row.
    pub fn violation(&self, sides: &Sides) -> f64 {
        (0..self.c.len()).map(|i| sides.rows.excess(i, self.c[i]).abs()).fold(0.0, f64::max)
    }

    /// The same of the rows as they were given.
    pub fn unscaled_violation(&self, sides: &Sides, scales: &[f64]) -> f64 {
        (0..self.c.len()).map(|i| sides.rows.excess(i, self.c[i]).abs() / scales[i]).fold(0.0, f64::max)
    }

    /// `sum of nu[i] * violation[i]`.
    pub fn weighted_violation(&self, sides: &Sides, nu: &[f64]) -> f64 {
        (0..self.c.len()).map(|i| nu[i] * sides.rows.excess(i, self.c[i]).abs()).sum()
    }

    /// The merit function (15.24).
    pub fn merit(&self, sides: &Sides, nu: &[f64]) -> f64 {
        self.f + self.weighted_violation(sides, nu)
    }

    /// Half the sum of squared violations.
    pub fn squared_violation(&self, sides: &Sides) -> f64 {
        0.5 * (0..self.c.len()).map(|i| sides.rows.excess(i, self.c[i]).powi(2)).sum::<f64>()
    }

    /// Its gradient into `out`, length `n`.
    pub fn violation_gradient(&self, sides: &Sides, pattern: &Pattern, out: &mut [f64]) {
        out.fill(0.0);
        for (k, i, j) in pattern.entries() {
            out[j] += self.jacobian[k] * sides.rows.excess(i, self.c[i]);
        }
    }

    /// `g + J' y` into `out`, length `n`.
    pub fn lagrangian(&self, pattern: &Pattern, y: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.g);
        if !y.is_empty() {
            pattern.mul_transposed_add(&self.jacobian, 1.0, y, out);
        }
    }
}
