//! Residuals and their Jacobian at a point, evaluated and counted, in the form of the quadratic model.

use crate::problem::{Counts, LeastSquares, Workspace};

/// Where a loss bends down, or is straight, the model bends by this part of `slope / r`, so that it stays convex and
/// its steps finite. The rest of the bend is exact, so that convergence is as fast as the residuals allow.
const LEAST_BEND: f64 = 1e-3;

/// The sum of losses and what the quadratic model needs of it.
pub struct Functions {
    /// The problem.
    pub fit: LeastSquares,
    workspace: Workspace,
    /// Slopes and bends of the losses.
    slope: Vec<f64>,
    bend: Vec<f64>,
    /// Values of the Jacobian, rows scaled by the roots of the bends once [`Functions::linearise`] returns.
    pub jacobian: Vec<f64>,
    /// `b` of the model: slopes over the roots of the bends.
    pub b: Vec<f64>,
}

impl Functions {
    /// Takes all memory.
    pub fn new(fit: LeastSquares) -> Self {
        let (m, nnz) = (fit.n_residuals(), fit.oracle.jacobian_pattern().nnz());
        Self {
            workspace: fit.oracle.workspace(),
            slope: vec![0.0; m],
            bend: vec![0.0; m],
            jacobian: vec![0.0; nnz],
            b: vec![0.0; m],
            fit,
        }
    }

    /// The value of the sum at `x`, and residuals into `r`; `None` where one is not a number.
    pub fn evaluate(&mut self, x: &[f64], r: &mut [f64], counts: &mut Counts) -> Option<f64> {
        self.workspace.set_point(x);
        counts.constraints += 1;
        let value = self.fit.oracle.constraints(&mut self.workspace, r).ok().map(|()| self.fit.value(r));
        let value = value.filter(|f| f.is_finite());
        if value.is_none() {
            counts.failures += 1;
        }
        value
    }

    /// Jacobian and `b` at `x` with residuals `r`. `None` where an entry is not a number.
    pub fn linearise(&mut self, x: &[f64], r: &[f64], counts: &mut Counts) -> Option<()> {
        self.workspace.set_point(x);
        counts.jacobian += 1;
        if self.fit.oracle.jacobian(&mut self.workspace, &mut self.jacobian).is_err() {
            counts.failures += 1;
            return None;
        }
        self.fit.derivatives(r, &mut self.slope, &mut self.bend);
        for i in 0..r.len() {
            let least = if r[i] == 0.0 { self.bend[i] } else { LEAST_BEND * (self.slope[i] / r[i]) };
            let root = self.bend[i].max(least).sqrt();
            self.b[i] = if root > 0.0 { self.slope[i] / root } else { 0.0 };
            self.bend[i] = root;
        }
        let rows = self.fit.oracle.jacobian_pattern().row_idx();
        for (value, row) in self.jacobian.iter_mut().zip(rows) {
            *value *= self.bend[*row as usize];
        }
        Some(())
    }

    /// The residuals' second derivative along `v`, in the model's rows, by differences of residuals: from `r` at `x`,
    /// `r_ahead` at `x + h v` and the model's `A v`, this is `2 (root (r_ahead - r) / h - A v) / h`, into `out`.
    pub fn second_along(&self, r: &[f64], r_ahead: &[f64], h: f64, v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        self.fit.oracle.jacobian_pattern().mul_add(&self.jacobian, -1.0, v, out);
        for i in 0..r.len() {
            out[i] = 2.0 / h * (self.bend[i] * (r_ahead[i] - r[i]) / h + out[i]);
        }
    }
}
