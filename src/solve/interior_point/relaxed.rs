//! The problem of the restoration phase: as little violation as possible, near the point where it began.
//!
//! Section 3.3.1 of the paper, (29): `min rho Σ(p + n) + zeta/2 |D (x - x_ref)|²` subject to `c(x) - p + n = 0`, bounds on
//! `x`, and `p, n >= 0`, with `zeta = sqrt(mu)` and `D = diag(1 / max(1, |x_ref|))`. Variables are `x`, then `p`, then `n`.

use super::model::Model;
use super::standard::Standard;
use crate::num::sparse::{Pattern, PatternError};
use crate::problem::EvalError;

/// Weight of the violation.
pub const RHO: f64 = 1000.0;

/// All of the restoration problem but the user's functions.
pub struct Relaxed {
    /// Where the restoration began, standard variables.
    pub x_ref: Vec<f64>,
    weight: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    jacobian_pattern: Pattern,
    jacobian_slots: Vec<u32>,
    fixed_slots: Vec<(u32, f64)>,
    hessian_pattern: Pattern,
    hessian_slots: Vec<u32>,
    diagonal_slots: Vec<u32>,
    inner_jacobian: Vec<f64>,
    inner_hessian: Vec<f64>,
}

impl Relaxed {
    /// Takes the memory for restorations of `standard`.
    pub fn new(standard: &Standard) -> Result<Self, PatternError> {
        let (n, m) = (standard.n(), standard.m());
        let inner = standard.jacobian_pattern();
        let p_and_n = (0..m).flat_map(|i| [(i, n + i), (i, n + m + i)]);
        let entries = inner.entries().map(|(_, i, j)| (i, j)).chain(p_and_n);
        let (jacobian_pattern, slots) = Pattern::from_entries(m, n + 2 * m, entries)?;
        let (jacobian_slots, fixed) = slots.split_at(inner.nnz());
        let signs = [-1.0, 1.0].into_iter().cycle();
        let fixed_slots = fixed.iter().copied().zip(signs).collect();
        let jacobian_slots = jacobian_slots.to_vec();

        let hessian = standard.hessian_pattern();
        let entries = hessian.entries().map(|(_, i, j)| (i, j)).chain((0..n).map(|j| (j, j)));
        let (hessian_pattern, slots) = Pattern::from_entries(n + 2 * m, n + 2 * m, entries)?;
        let (hessian_slots, diagonal_slots) = slots.split_at(hessian.nnz());
        Ok(Self {
            x_ref: vec![0.0; n],
            weight: vec![0.0; n],
            lower: vec![0.0; n + 2 * m],
            upper: vec![f64::INFINITY; n + 2 * m],
            jacobian_slots,
            fixed_slots,
            inner_jacobian: vec![0.0; inner.nnz()],
            inner_hessian: vec![0.0; hessian.nnz()],
            hessian_slots: hessian_slots.to_vec(),
            diagonal_slots: diagonal_slots.to_vec(),
            jacobian_pattern,
            hessian_pattern,
        })
    }

    /// Lower bound of variable `j` as the restoration left it.
    pub fn lower_of(&self, j: usize) -> f64 {
        self.lower[j]
    }

    /// Upper bound of variable `j` as the restoration left it.
    pub fn upper_of(&self, j: usize) -> f64 {
        self.upper[j]
    }

    /// Begins a restoration at `x` (standard variables).
    pub fn begin(&mut self, standard: &Standard, x: &[f64]) {
        let n = x.len();
        self.x_ref.copy_from_slice(x);
        self.lower[..n].copy_from_slice(standard.lower());
        self.upper[..n].copy_from_slice(standard.upper());
        self.lower[n..].fill(0.0);
        for (weight, x_j) in self.weight.iter_mut().zip(x) {
            let d = 1.0 / x_j.abs().max(1.0);
            *weight = d * d;
        }
    }
}

/// The best `(p, n)` with `p - n = c` for a violation `c`: (33) of the paper.
pub fn split_violation(c: f64, mu: f64) -> (f64, f64) {
    (part(-c, mu), part(c, mu))
}

/// `n` of (33), the positive root of `n² - 2 a n = mu c / (2 rho)` with `a = (mu - rho c) / (2 rho)`.
fn part(c: f64, mu: f64) -> f64 {
    let a = (mu - RHO * c) / (2.0 * RHO);
    let b = mu * c / (2.0 * RHO);
    let root = (a * a + b).sqrt();
    if a < 0.0 { b / (root - a) } else { a + root }
}

/// The restoration problem with the user's functions at hand.
pub struct View<'a> {
    /// What it is made of.
    pub relaxed: &'a mut Relaxed,
    /// The user's functions.
    pub standard: &'a mut Standard,
}

impl Model for View<'_> {
    fn depends_on_mu(&self) -> bool {
        true
    }

    fn lower(&self) -> &[f64] {
        &self.relaxed.lower
    }

    fn upper(&self) -> &[f64] {
        &self.relaxed.upper
    }

    fn relax(&mut self, j: usize, lower: f64, upper: f64) {
        self.relaxed.lower[j] = lower;
        self.relaxed.upper[j] = upper;
    }

    fn jacobian_pattern(&self) -> &Pattern {
        &self.relaxed.jacobian_pattern
    }

    fn hessian_pattern(&self) -> &Pattern {
        &self.relaxed.hessian_pattern
    }

    fn objective(&mut self, x: &[f64], mu: f64) -> Result<f64, EvalError> {
        let n = self.relaxed.x_ref.len();
        let violation: f64 = x[n..].iter().sum();
        let distance: f64 = (0..n)
            .map(|j| self.relaxed.weight[j] * (x[j] - self.relaxed.x_ref[j]) * (x[j] - self.relaxed.x_ref[j]))
            .sum();
        Ok(RHO * violation + 0.5 * mu.sqrt() * distance)
    }

    fn gradient(&mut self, x: &[f64], mu: f64, g: &mut [f64]) -> Result<(), EvalError> {
        let n = self.relaxed.x_ref.len();
        for j in 0..n {
            g[j] = mu.sqrt() * self.relaxed.weight[j] * (x[j] - self.relaxed.x_ref[j]);
        }
        g[n..].fill(RHO);
        Ok(())
    }

    fn constraints(&mut self, x: &[f64], c: &mut [f64]) -> Result<(), EvalError> {
        let (n, m) = (self.relaxed.x_ref.len(), c.len());
        self.standard.constraints(&x[..n], c)?;
        for i in 0..m {
            c[i] += x[n + m + i] - x[n + i];
        }
        Ok(())
    }

    fn jacobian(&mut self, x: &[f64], vals: &mut [f64]) -> Result<(), EvalError> {
        let relaxed = &mut *self.relaxed;
        self.standard.jacobian(&x[..relaxed.x_ref.len()], &mut relaxed.inner_jacobian)?;
        for (&slot, &value) in relaxed.jacobian_slots.iter().zip(&relaxed.inner_jacobian) {
            vals[slot as usize] = value;
        }
        for &(slot, sign) in &relaxed.fixed_slots {
            vals[slot as usize] = sign;
        }
        Ok(())
    }

    fn hessian(&mut self, x: &[f64], y: &[f64], mu: f64, vals: &mut [f64]) -> Result<(), EvalError> {
        let relaxed = &mut *self.relaxed;
        let n = relaxed.x_ref.len();
        self.standard.weighted_hessian(&x[..n], 0.0, y, &mut relaxed.inner_hessian)?;
        vals.fill(0.0);
        for (&slot, &value) in relaxed.hessian_slots.iter().zip(&relaxed.inner_hessian) {
            vals[slot as usize] += value;
        }
        for (&slot, &weight) in relaxed.diagonal_slots.iter().zip(&relaxed.weight) {
            vals[slot as usize] += mu.sqrt() * weight;
        }
        Ok(())
    }
}
