//! The Newton step of the barrier problem: assembly, inertia correction, refinement.
//!
//! Section 3.1 of the paper. The unreduced system for `(dx, dy, dzl, dzu)` is
//!
//! ```text
//! (W + δw I) dx + J' dy - dzl + dzu = -r.x        Zl dx + Sl dzl = -r.zl
//!        J dx  -  δc dy             = -r.y       -Zu dx + Su dzu = -r.zu
//! ```
//!
//! with `Sl = x - lower`, `Su = upper - x`. Bound multipliers are eliminated, which gives (13); residuals are those of
//! the unreduced system (section 3.10).

use super::iterate::{Iterate, Slacks};
use crate::num::dense::norm_inf;
use crate::num::kkt::{KktError, KktSolver, default_solver};
use crate::num::sparse::{Pattern, PatternError};

/// Constants of algorithm IC (names of the paper; values of its authors' code, which has moved on since).
mod constants {
    pub const DELTA_W_MIN: f64 = 1e-20;
    pub const DELTA_W_0: f64 = 1e-4;
    pub const DELTA_W_MAX: f64 = 1e20;
    pub const DELTA_C: f64 = 1e-8;
    pub const KAPPA_W_MINUS: f64 = 1.0 / 3.0;
    pub const KAPPA_W_PLUS: f64 = 8.0;
    pub const KAPPA_W_PLUS_FIRST: f64 = 100.0;
    /// Refinement stops below this relative residual.
    pub const RESIDUAL: f64 = 1e-10;
    /// Above this the matrix counts as singular.
    pub const RESIDUAL_SINGULAR: f64 = 1e-5;
    pub const MAX_REFINEMENTS: usize = 10;
}
use constants::{
    DELTA_C, DELTA_W_0, DELTA_W_MAX, DELTA_W_MIN, KAPPA_W_MINUS, KAPPA_W_PLUS, KAPPA_W_PLUS_FIRST, MAX_REFINEMENTS,
    RESIDUAL, RESIDUAL_SINGULAR,
};

/// A right-hand side or a solution: one vector per group of unknowns.
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    /// Variables, length `n`.
    pub x: Vec<f64>,
    /// Equations, length `m`.
    pub y: Vec<f64>,
    /// Lower bounds, length `n`, 0 where there is none.
    pub zl: Vec<f64>,
    /// Upper bounds, length `n`, 0 where there is none.
    pub zu: Vec<f64>,
}

impl Blocks {
    /// Zeros.
    pub fn new(n: usize, m: usize) -> Self {
        Self { x: vec![0.0; n], y: vec![0.0; m], zl: vec![0.0; n], zu: vec![0.0; n] }
    }

    fn norm(&self) -> f64 {
        norm_inf(&self.x).max(norm_inf(&self.y)).max(norm_inf(&self.zl)).max(norm_inf(&self.zu))
    }

    fn add(&mut self, other: &Self) {
        let pairs =
            [(&mut self.x, &other.x), (&mut self.y, &other.y), (&mut self.zl, &other.zl), (&mut self.zu, &other.zu)];
        for (to, from) in pairs {
            to.iter_mut().zip(from).for_each(|(t, f)| *t += f);
        }
    }

    fn copy_from(&mut self, other: &Self) {
        self.x.copy_from_slice(&other.x);
        self.y.copy_from_slice(&other.y);
        self.zl.copy_from_slice(&other.zl);
        self.zu.copy_from_slice(&other.zu);
    }
}

/// Why there is no step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoStep {
    /// No regularisation gave the right inertia.
    Inertia,
    /// The library failed or a value is not a number.
    LinearAlgebra,
}

/// Matrices of the current point: values in the order of the model's patterns.
pub struct Matrices<'a> {
    /// Jacobian pattern and values.
    pub jacobian: (&'a Pattern, &'a [f64]),
    /// Hessian pattern and values.
    pub hessian: (&'a Pattern, &'a [f64]),
}

/// The KKT matrix of one model, its factorisation and the memory of solves.
pub struct Newton {
    n: usize,
    m: usize,
    solver: Box<dyn KktSolver>,
    vals: Vec<f64>,
    base: Vec<f64>,
    hessian_slots: Vec<u32>,
    jacobian_slots: Vec<u32>,
    diagonal_slots: Vec<u32>,
    rhs: Vec<f64>,
    solution: Vec<f64>,
    residual: Blocks,
    correction: Blocks,
    trial: Blocks,
    /// δw of the last corrected matrix, 0 before the first.
    pub last_delta_w: f64,
    /// δw in the present factorisation.
    pub delta_w: f64,
    /// δc in the present factorisation.
    pub delta_c: f64,
    /// Matrices in a row that were singular without δc: after three it is always used.
    pub singular_count: u64,
}

impl Newton {
    /// Takes all memory and analyses the pattern.
    pub fn new(jacobian: &Pattern, hessian: &Pattern) -> Result<Self, KktError> {
        let (n, m) = (hessian.n_cols(), jacobian.n_rows());
        let (pattern, slots) = kkt_pattern(jacobian, hessian).map_err(|e| KktError::Misuse(e.to_string()))?;
        let mut solver = default_solver();
        solver.analyse(&pattern)?;
        let (diagonal_slots, rest) = slots.split_at(n + m);
        let (hessian_slots, jacobian_slots) = rest.split_at(hessian.nnz());
        Ok(Self {
            n,
            m,
            solver,
            vals: vec![0.0; pattern.nnz()],
            base: vec![0.0; pattern.nnz()],
            hessian_slots: hessian_slots.to_vec(),
            jacobian_slots: jacobian_slots.to_vec(),
            diagonal_slots: diagonal_slots.to_vec(),
            rhs: vec![0.0; n + m],
            solution: vec![0.0; n + m],
            residual: Blocks::new(n, m),
            correction: Blocks::new(n, m),
            trial: Blocks::new(n, m),
            last_delta_w: 0.0,
            delta_w: 0.0,
            delta_c: 0.0,
            singular_count: 0,
        })
    }

    /// Factors the matrix at `point` with the right inertia and solves for `rhs`; algorithm IC of the paper.
    pub fn step(
        &mut self,
        matrices: &Matrices<'_>,
        point: &Iterate,
        slacks: &Slacks,
        mu: f64,
        rhs: &Blocks,
        step: &mut Blocks,
    ) -> Result<(), NoStep> {
        self.assemble(matrices, point, slacks);
        self.delta_w = 0.0;
        self.delta_c = if self.singular_count >= 3 { Self::singular_delta(mu) } else { 0.0 };
        let mut quality_raised = false;
        loop {
            match self.try_factor() {
                Trial::Right => {
                    let residual = self.solve(matrices, point, slacks, rhs, step)?;
                    if residual <= RESIDUAL_SINGULAR {
                        break;
                    }
                    if !quality_raised && self.solver.raise_quality() {
                        quality_raised = true;
                        continue;
                    }
                    if self.delta_c > 0.0 && self.delta_w > 0.0 && residual <= 1e-2 {
                        break;
                    }
                    self.correct_singular(mu)?;
                }
                Trial::Singular => self.correct_singular(mu)?,
                Trial::Wrong => self.correct_inertia(mu)?,
                Trial::Failed => return Err(NoStep::LinearAlgebra),
            }
        }
        if self.delta_w > 0.0 {
            self.last_delta_w = self.delta_w;
        }
        Ok(())
    }

    /// Solves with the present factorisation for another right-hand side (second-order corrections).
    ///
    /// Gives the relative residual of the unreduced system.
    pub fn solve(
        &mut self,
        matrices: &Matrices<'_>,
        point: &Iterate,
        slacks: &Slacks,
        rhs: &Blocks,
        step: &mut Blocks,
    ) -> Result<f64, NoStep> {
        self.reduced_solve(point, slacks, rhs, RhsSide::Given, step)?;
        let rhs_norm = rhs.norm();
        let mut ratio = self.residual_ratio(matrices, point, slacks, rhs, rhs_norm, step);
        for round in 0..MAX_REFINEMENTS {
            // At least one refinement, as in the authors' code, unless the solution is exact to rounding.
            if (round > 0 && ratio <= RESIDUAL) || ratio <= 1e-14 {
                break;
            }
            self.trial.copy_from(step);
            let mut correction = std::mem::take(&mut self.correction);
            let solved = self.reduced_solve(point, slacks, rhs, RhsSide::Residual, &mut correction);
            if solved.is_ok() {
                step.add(&correction);
            }
            self.correction = correction;
            solved?;
            let new_ratio = self.residual_ratio(matrices, point, slacks, rhs, rhs_norm, step);
            if !(new_ratio < ratio) {
                step.copy_from(&self.trial);
                break;
            }
            ratio = new_ratio;
        }
        if ratio.is_finite() { Ok(ratio) } else { Err(NoStep::LinearAlgebra) }
    }

    /// Asks the linear solver for more careful pivoting; false when it has nothing more to give.
    pub fn raise_quality(&mut self) -> bool {
        self.solver.raise_quality()
    }

    /// `W + Σ` and `J`, without regularisation.
    fn assemble(&mut self, matrices: &Matrices<'_>, point: &Iterate, slacks: &Slacks) {
        self.base.fill(0.0);
        for (&slot, &value) in self.hessian_slots.iter().zip(matrices.hessian.1) {
            self.base[slot as usize] += value;
        }
        for (&slot, &value) in self.jacobian_slots.iter().zip(matrices.jacobian.1) {
            self.base[slot as usize] += value;
        }
        for j in 0..self.n {
            let sigma = point.zl[j] / slacks.lower[j] + point.zu[j] / slacks.upper[j];
            self.base[self.diagonal_slots[j] as usize] += sigma;
        }
    }

    fn try_factor(&mut self) -> Trial {
        self.vals.copy_from_slice(&self.base);
        for (k, &slot) in self.diagonal_slots.iter().enumerate() {
            self.vals[slot as usize] += if k < self.n { self.delta_w } else { -self.delta_c };
        }
        match self.solver.factor(&self.vals) {
            Ok(inertia) if inertia.zero > 0 || inertia.negative < self.m => Trial::Singular,
            Ok(inertia) if inertia.negative > self.m => Trial::Wrong,
            Ok(_) => Trial::Right,
            Err(KktError::Singular) => Trial::Singular,
            Err(_) => Trial::Failed,
        }
    }

    fn singular_delta(mu: f64) -> f64 {
        // δc = δ̄c mu^κc with κc = 1/4.
        DELTA_C * mu.sqrt().sqrt()
    }

    /// IC-3: a zero eigenvalue speaks for dependent rows of `J`; after that, for a singular Hessian.
    fn correct_singular(&mut self, mu: f64) -> Result<(), NoStep> {
        if self.delta_c == 0.0 && self.m > 0 {
            self.delta_c = Self::singular_delta(mu);
            self.singular_count += 1;
            return Ok(());
        }
        self.raise_delta_w()
    }

    /// IC-4 to IC-6: shift the Hessian; where no shift helps, rows may be dependent after all.
    fn correct_inertia(&mut self, mu: f64) -> Result<(), NoStep> {
        if self.delta_c == 0.0 && self.m > 0 && self.delta_w > 1e6 * self.last_delta_w.max(1.0) {
            self.delta_c = Self::singular_delta(mu);
            self.delta_w = 0.0;
        }
        self.raise_delta_w()
    }

    fn raise_delta_w(&mut self) -> Result<(), NoStep> {
        self.delta_w = if self.delta_w == 0.0 {
            if self.last_delta_w == 0.0 { DELTA_W_0 } else { (KAPPA_W_MINUS * self.last_delta_w).max(DELTA_W_MIN) }
        } else if self.last_delta_w == 0.0 || 1e5 * self.last_delta_w < self.delta_w {
            KAPPA_W_PLUS_FIRST * self.delta_w
        } else {
            KAPPA_W_PLUS * self.delta_w
        };
        if self.delta_w > DELTA_W_MAX { Err(NoStep::Inertia) } else { Ok(()) }
    }

    /// Eliminates the bound multipliers, solves, and recovers them.
    fn reduced_solve(
        &mut self,
        point: &Iterate,
        slacks: &Slacks,
        rhs: &Blocks,
        side: RhsSide,
        out: &mut Blocks,
    ) -> Result<(), NoStep> {
        let (n, m) = (self.n, self.m);
        let r = match side {
            RhsSide::Given => rhs,
            RhsSide::Residual => &self.residual,
        };
        for j in 0..n {
            self.rhs[j] = -r.x[j] - r.zl[j] / slacks.lower[j] + r.zu[j] / slacks.upper[j];
        }
        for i in 0..m {
            self.rhs[n + i] = -r.y[i];
        }
        self.solver.solve(&self.rhs, &mut self.solution).map_err(|_| NoStep::LinearAlgebra)?;
        out.x.copy_from_slice(&self.solution[..n]);
        out.y.copy_from_slice(&self.solution[n..]);
        for j in 0..n {
            out.zl[j] = -(r.zl[j] + point.zl[j] * out.x[j]) / slacks.lower[j];
            out.zu[j] = (-r.zu[j] + point.zu[j] * out.x[j]) / slacks.upper[j];
        }
        Ok(())
    }

    /// Leaves the residual of the unreduced system in `self.residual`; gives its relative size.
    fn residual_ratio(
        &mut self,
        matrices: &Matrices<'_>,
        point: &Iterate,
        slacks: &Slacks,
        rhs: &Blocks,
        rhs_norm: f64,
        step: &Blocks,
    ) -> f64 {
        let residual = &mut self.residual;
        for j in 0..self.n {
            residual.x[j] = rhs.x[j] - step.zl[j] + step.zu[j] + self.delta_w * step.x[j];
            // Infinite slacks have no multipliers and no residual.
            residual.zl[j] = if slacks.lower[j].is_finite() {
                rhs.zl[j] + point.zl[j] * step.x[j] + slacks.lower[j] * step.zl[j]
            } else {
                0.0
            };
            residual.zu[j] = if slacks.upper[j].is_finite() {
                rhs.zu[j] - point.zu[j] * step.x[j] + slacks.upper[j] * step.zu[j]
            } else {
                0.0
            };
        }
        for i in 0..self.m {
            residual.y[i] = rhs.y[i] - self.delta_c * step.y[i];
        }
        matrices.hessian.0.mul_symmetric_add(matrices.hessian.1, 1.0, &step.x, &mut residual.x);
        matrices.jacobian.0.mul_transposed_add(matrices.jacobian.1, 1.0, &step.y, &mut residual.x);
        matrices.jacobian.0.mul_add(matrices.jacobian.1, 1.0, &step.x, &mut residual.y);
        let size = residual.norm();
        if size == 0.0 {
            return 0.0;
        }
        size / (step.norm().min(1e6 * rhs_norm) + rhs_norm)
    }

    /// Least-squares multipliers for `∇f - zl + zu + J' y ≈ 0` ((36) of the paper): solves `[I, J'; J, 0]`.
    ///
    /// `gradient` is `∇f - zl + zu`; `y` is overwritten.
    pub fn least_squares(
        &mut self,
        jacobian: (&Pattern, &[f64]),
        gradient: &[f64],
        y: &mut [f64],
    ) -> Result<(), NoStep> {
        let n = self.n;
        self.vals.fill(0.0);
        for (&slot, &value) in self.jacobian_slots.iter().zip(jacobian.1) {
            self.vals[slot as usize] += value;
        }
        for delta_c in [0.0, DELTA_C] {
            for (k, &slot) in self.diagonal_slots.iter().enumerate() {
                self.vals[slot as usize] = if k < n { 1.0 } else { -delta_c };
            }
            let Ok(inertia) = self.solver.factor(&self.vals) else { continue };
            if inertia.negative != self.m {
                continue;
            }
            for j in 0..n {
                self.rhs[j] = -gradient[j];
            }
            self.rhs[n..].fill(0.0);
            self.solver.solve(&self.rhs, &mut self.solution).map_err(|_| NoStep::LinearAlgebra)?;
            let error = self.solver.refine(&self.rhs, &mut self.solution, 3).map_err(|_| NoStep::LinearAlgebra)?;
            if error <= 1e-8 && self.solution.iter().all(|v| v.is_finite()) {
                y.copy_from_slice(&self.solution[n..]);
                return Ok(());
            }
        }
        Err(NoStep::LinearAlgebra)
    }
}

enum Trial {
    Right,
    Wrong,
    Singular,
    Failed,
}

/// Which right-hand side a reduced solve takes.
enum RhsSide {
    Given,
    Residual,
}

/// Diagonal first, then Hessian, then Jacobian: pattern and slots in this order.
fn kkt_pattern(jacobian: &Pattern, hessian: &Pattern) -> Result<(Pattern, Vec<u32>), PatternError> {
    let (n, m) = (hessian.n_cols(), jacobian.n_rows());
    let diagonal = (0..n + m).map(|k| (k, k));
    let w = hessian.entries().map(|(_, i, j)| (i, j));
    let j = jacobian.entries().map(|(_, i, j)| (n + i, j));
    Pattern::from_entries(n + m, n + m, diagonal.chain(w).chain(j))
}
