//! The model on the free variables inside a ball: exactly, or by conjugate gradients.
//!
//! Finds `w` with `|D w|` at most `radius`, 0 on variables that are not free, that lowers `r'w + w'Hw/2`. With `v = D w` this is the
//! ball for `D⁻¹ H D⁻¹`; `D` is the identity unless [`Region::rescale`] is called. Conjugate gradients know no scales.
//! Sources: Moré and Sorensen (1983) in the form of Conn, Gould and Toint, Trust-Region Methods (2000), algorithm 7.3.4;
//! Steihaug (1983), algorithm 7.5.1 there.

use super::super::cholesky::Cholesky;
use super::super::ground::Ground;
use super::model::{Hessian, Kind};
use crate::num::dense::{axpy, dot, norm2};
use crate::num::kkt::{KktSolver, default_solver};
use crate::problem::{Pattern, SetupError};

/// How near to the rim a step must end, relative.
const RIM: f64 = 0.1;
/// Most factorisations of one step.
const MOST_FACTORS: usize = 40;

/// The factors of `H + λ I` on the free variables, the identity on the others.
#[allow(clippy::large_enum_variant, reason = "there is one of it in a run")]
enum Factors {
    Dense {
        /// By rows.
        matrix: Vec<f64>,
        factor: Cholesky,
    },
    Sparse {
        /// Where entries of the Hessian, then the diagonal, stand in it.
        slots: Vec<u32>,
        vals: Vec<f64>,
        solver: Box<dyn KktSolver>,
    },
    Cg,
}

/// Memory of the step, taken once.
pub struct Region {
    factors: Factors,
    d: Vec<f64>,
    hd: Vec<f64>,
    r: Vec<f64>,
    q: Vec<f64>,
    rhs: Vec<f64>,
    /// The inverse of `D`.
    pub inverse: Vec<f64>,
}

impl Region {
    /// For `n` variables.
    ///
    /// # Errors
    /// When the sparse factorisation cannot be prepared.
    pub fn new(n: usize, kind: Kind, hessian: &Hessian) -> Result<Self, SetupError> {
        let factors = match kind {
            Kind::Cg => Factors::Cg,
            Kind::Dense => Factors::Dense { matrix: vec![0.0; n * n], factor: Cholesky::new(n) },
            Kind::Sparse => {
                let entries = hessian.pattern.entries().map(|(_, i, j)| (i, j)).chain((0..n).map(|i| (i, i)));
                let size = |error: &dyn std::fmt::Display| SetupError::Size(error.to_string());
                let (pattern, slots) = Pattern::from_entries(n, n, entries).map_err(|e| size(&e))?;
                let mut solver = default_solver();
                solver.analyse(&pattern).map_err(|e| size(&e))?;
                Factors::Sparse { vals: vec![0.0; pattern.nnz()], slots, solver }
            }
        };
        let zero = || vec![0.0; n];
        Ok(Self { factors, d: zero(), hd: zero(), r: zero(), q: zero(), rhs: zero(), inverse: vec![1.0; n] })
    }

    /// Scales of the variables from the diagonal of the Hessian: `D² = |diag H|`, entries below a part of the largest raised
    /// (Conn, Gould and Toint 2000, section 6.7).
    pub fn rescale(&mut self, hessian: &Hessian) {
        /// The least quotient of squared scales: no variable may go more than 10 times as far as another. Curvature at one point
        /// says little about the way ahead, and HS85 takes a hundred times the steps when scales differ by more than 100.
        const LEAST: f64 = 1e-2;
        let Some(vals) = hessian.vals.as_deref().filter(|_| self.is_exact()) else { return };
        self.hd.fill(0.0);
        for (k, i, j) in hessian.pattern.entries() {
            if i == j {
                self.hd[i] = vals[k].abs();
            }
        }
        let most = self.hd.iter().copied().fold(0.0, f64::max);
        for (inverse, square) in self.inverse.iter_mut().zip(&self.hd) {
            let scale = square.max(LEAST * most).sqrt();
            *inverse = if scale > 0.0 && scale.is_finite() { 1.0 / scale } else { 1.0 };
        }
    }

    /// `D⁻² v` at entry `i`.
    pub fn steepest(&self, i: usize, v: f64) -> f64 {
        self.inverse[i] * self.inverse[i] * v
    }

    /// `|D v|`.
    pub fn length(&self, v: &[f64]) -> f64 {
        self.scaled(v, |v, inverse| v / inverse)
    }

    /// `|D⁻¹ v|`, the length of a gradient.
    pub fn dual_length(&self, v: &[f64]) -> f64 {
        self.scaled(v, |v, inverse| v * inverse)
    }

    fn scaled(&self, v: &[f64], entry: impl Fn(f64, f64) -> f64) -> f64 {
        let entries = || v.iter().zip(&self.inverse).map(|(v, inverse)| entry(*v, *inverse));
        let largest = entries().fold(0.0f64, |a, b| a.max(b.abs()));
        if largest == 0.0 || !largest.is_finite() {
            return largest;
        }
        largest * entries().map(|v| (v / largest) * (v / largest)).sum::<f64>().sqrt()
    }

    /// Whether a step inside the ball is the minimiser.
    pub fn is_exact(&self) -> bool {
        !matches!(self.factors, Factors::Cg)
    }

    /// Leaves the step in `w`; says whether it ends at the rim. `None` when the linear algebra fails.
    pub fn solve(
        &mut self,
        ground: &mut Ground,
        hessian: &Hessian,
        r: &[f64],
        free: &[bool],
        radius: f64,
        w: &mut [f64],
    ) -> Option<bool> {
        if self.is_exact() {
            let rim = self.exactly(ground, hessian, r, free, radius, w);
            // From v to w.
            w.iter_mut().zip(&self.inverse).for_each(|(w, inverse)| *w *= inverse);
            rim
        } else {
            self.by_conjugate_gradients(ground, hessian, r, free, radius, w)
        }
    }

    /// Moré and Sorensen: `(H + λ I) w = -r` with `|w| = Δ`, or `λ = 0` and `|w| <= Δ`; here `w` is `v`, and `H` and `r` are scaled.
    fn exactly(
        &mut self,
        ground: &mut Ground,
        hessian: &Hessian,
        r: &[f64],
        free: &[bool],
        radius: f64,
        w: &mut [f64],
    ) -> Option<bool> {
        let (mut lower, size) = self.bounds_of_shift(hessian, free);
        let mut upper = self.dual_length(r) / radius + size;
        let mut lambda = 0.0f64;
        // `d` keeps the last step of a definite matrix, for the hard case.
        let mut inside = None;
        for _ in 0..MOST_FACTORS {
            ground.meter.check_inside().ok()?;
            if !self.factor(hessian, free, lambda) {
                lower = lower.max(lambda);
                lambda = between(lower, upper);
                if upper - lower <= 1e-14 * upper {
                    break;
                }
                continue;
            }
            w.iter_mut().zip(r).zip(&self.inverse).for_each(|((w, r), inverse)| *w = -r * inverse);
            self.solve_factored(w)?;
            let length = norm2(w);
            if length <= radius && (lambda == 0.0 || length >= (1.0 - RIM) * radius) {
                return Some(lambda > 0.0);
            }
            if length > radius && length <= (1.0 + RIM) * radius {
                w.iter_mut().for_each(|w| *w *= radius / length);
                return Some(true);
            }
            // Newton's step for 1/Δ - 1/|w|: q'q = w'(H + λ I)⁻¹ w.
            let mut q = std::mem::take(&mut self.q);
            q.copy_from_slice(w);
            let solved = self.solve_factored(&mut q);
            let qq = dot(w, &q);
            self.q = q;
            solved?;
            if length < radius {
                upper = upper.min(lambda);
                inside = Some(lambda);
                self.d.copy_from_slice(w);
                if upper - lower <= 1e-6 * upper {
                    break;
                }
            } else {
                lower = lower.max(lambda);
            }
            let newton = lambda + (length - radius) / radius * length * length / qq;
            lambda = if newton > lower && newton < upper { newton } else { between(lower, upper) };
        }
        // The hard case: the last step inside, extended to the rim along a direction of least curvature.
        let lambda = inside?;
        self.factor(hessian, free, lambda).then_some(())?;
        self.hard_case(free, radius, w)
    }

    /// `w = d + τ z` on the rim, `z` by inverse iteration with the present factors.
    fn hard_case(&mut self, free: &[bool], radius: f64, w: &mut [f64]) -> Option<bool> {
        let mut z = std::mem::take(&mut self.r);
        for (i, z_i) in z.iter_mut().enumerate() {
            // Any start that is not orthogonal to the direction sought.
            *z_i = if free[i] { 1.0 + 0.5 * ((i * 7919) % 101) as f64 / 101.0 } else { 0.0 };
        }
        let mut solved = Some(());
        for _ in 0..3 {
            let size = norm2(&z);
            z.iter_mut().for_each(|z| *z /= size);
            solved = solved.and(self.solve_factored(&mut z));
        }
        let size = norm2(&z);
        z.iter_mut().for_each(|z| *z /= size);
        w.copy_from_slice(&self.d);
        let tau = to_rim(w, &z, radius);
        axpy(tau, &z, w);
        self.r = z;
        solved.map(|()| true)
    }

    /// A lower bound of the shift that makes the matrix definite, and the size of the matrix.
    fn bounds_of_shift(&mut self, hessian: &Hessian, free: &[bool]) -> (f64, f64) {
        let vals = hessian.vals.as_deref().unwrap_or(&[]);
        let (mut lowest, mut square) = (f64::INFINITY, 0.0);
        self.hd.fill(0.0);
        for (k, i, j) in hessian.pattern.entries().filter(|&(_, i, j)| free[i] && free[j]) {
            let value = vals[k] * self.inverse[i] * self.inverse[j];
            if i == j {
                self.hd[i] = value;
            }
            square += value * value * if i == j { 1.0 } else { 2.0 };
        }
        for (i, free) in free.iter().enumerate() {
            if *free {
                lowest = lowest.min(self.hd[i]);
            }
        }
        ((-lowest).max(0.0), f64::sqrt(square))
    }

    /// Factors the shifted matrix; false when it is not positive definite.
    fn factor(&mut self, hessian: &Hessian, free: &[bool], lambda: f64) -> bool {
        let from = hessian.vals.as_deref().unwrap_or(&[]);
        let n = free.len();
        let inverse = &self.inverse;
        match &mut self.factors {
            Factors::Cg => false,
            Factors::Dense { matrix, factor } => {
                matrix.fill(0.0);
                for (k, i, j) in hessian.pattern.entries().filter(|&(_, i, j)| free[i] && free[j]) {
                    matrix[i * n + j] = from[k] * inverse[i] * inverse[j];
                }
                for i in 0..n {
                    matrix[i * n + i] += if free[i] { lambda } else { 1.0 };
                }
                factor.factor(|i, j| matrix[i * n + j])
            }
            Factors::Sparse { slots, vals, solver, .. } => {
                vals.fill(0.0);
                let (of_entries, of_diagonal) = slots.split_at(from.len());
                for (k, i, j) in hessian.pattern.entries().filter(|&(_, i, j)| free[i] && free[j]) {
                    vals[of_entries[k] as usize] = from[k] * inverse[i] * inverse[j];
                }
                for (i, &slot) in of_diagonal.iter().enumerate() {
                    vals[slot as usize] += if free[i] { lambda } else { 1.0 };
                }
                solver.factor(vals).is_ok_and(|inertia| inertia.positive == n)
            }
        }
    }

    /// Solves in place with the last factors.
    fn solve_factored(&mut self, v: &mut [f64]) -> Option<()> {
        match &mut self.factors {
            Factors::Cg => None,
            Factors::Dense { factor, .. } => {
                factor.solve(v);
                Some(())
            }
            Factors::Sparse { solver, .. } => {
                self.rhs.copy_from_slice(v);
                solver.solve(&self.rhs, v).ok()
            }
        }
    }

    /// Steihaug and Toint: conjugate gradients until the residual is small, the curvature negative, or the rim is met.
    fn by_conjugate_gradients(
        &mut self,
        ground: &mut Ground,
        hessian: &Hessian,
        g: &[f64],
        free: &[bool],
        radius: f64,
        w: &mut [f64],
    ) -> Option<bool> {
        let size = norm2(g);
        let target = size * 0.1f64.min(size.sqrt());
        w.fill(0.0);
        self.r.copy_from_slice(g);
        self.d.iter_mut().zip(g).for_each(|(d, g)| *d = -g);
        let mut rr = size * size;
        for _ in 0..2 * g.len() + 10 {
            ground.meter.check_inside().ok()?;
            hessian.mul(ground, &self.d, &mut self.hd)?;
            for (hd, free) in self.hd.iter_mut().zip(free) {
                *hd = if *free { *hd } else { 0.0 };
            }
            let curvature = dot(&self.d, &self.hd);
            let alpha = rr / curvature;
            let leaves = !(curvature > 0.0) || {
                // |w + α d|² against Δ².
                dot(w, w) + 2.0 * alpha * dot(w, &self.d) + alpha * alpha * dot(&self.d, &self.d) >= radius * radius
            };
            if leaves {
                let tau = to_rim(w, &self.d, radius);
                axpy(tau, &self.d, w);
                return Some(true);
            }
            axpy(alpha, &self.d, w);
            axpy(alpha, &self.hd, &mut self.r);
            let next = dot(&self.r, &self.r);
            if next.sqrt() <= target {
                return Some(false);
            }
            let beta = next / rr;
            rr = next;
            for (d, r) in self.d.iter_mut().zip(&self.r) {
                *d = beta * *d - r;
            }
        }
        Some(false)
    }
}

/// The positive `τ` with `|w + τ d| = radius`.
fn to_rim(w: &[f64], d: &[f64], radius: f64) -> f64 {
    let (a, b, c) = (dot(d, d), dot(w, d), dot(w, w) - radius * radius);
    let root = (b * b - a * c).max(0.0).sqrt();
    let tau = if b > 0.0 { -c / (b + root) } else { (root - b) / a };
    if tau.is_finite() { tau.max(0.0) } else { 0.0 }
}

/// A shift between both ends (Moré and Sorensen's safeguard).
fn between(lower: f64, upper: f64) -> f64 {
    (lower * upper).sqrt().max(lower + 0.01 * (upper - lower))
}
