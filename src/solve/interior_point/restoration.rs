//! The feasibility restoration phase: section 3.3 of the paper.
//!
//! When the filter accepts no step, the violation alone is minimised by the same algorithm on [`super::relaxed`], one
//! iteration at a time, until a point is found that the filter accepts and that has at most 0.9 of the violation.

use super::algorithm::{Algorithm, Moved, Outcome};
use super::iterate::{Slacks, barrier, fraction_to_boundary};
use super::model::Model;
use super::relaxed::{RHO, Relaxed, View, split_violation};
use super::search::Reference;
use super::standard::Standard;
use crate::num::dense::{norm_inf, norm1};
use crate::num::kkt::KktError;
use crate::problem::EvalError;

/// The violation must fall to this part (κ_resto).
const KAPPA_RESTO: f64 = 0.9;
/// Bound multipliers larger than this after a restoration are set to 1.
const MAX_BOUND_MULTIPLIER: f64 = 1000.0;
/// Multipliers of the equations larger than this after a restoration are set to 0.
const MAX_MULTIPLIER: f64 = 1000.0;
/// A restoration that can go no further counts as minimal below this error.
const ACCEPTABLE: f64 = 1e-6;

/// A restoration, or the memory for one.
pub struct Restoration {
    /// The problem it solves.
    pub relaxed: Relaxed,
    /// The algorithm on it.
    pub algorithm: Algorithm,
    /// Where the main algorithm stood.
    pub from: Reference,
    c: Vec<f64>,
    slacks: Slacks,
}

/// What one iteration of a restoration came to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Restored {
    /// It goes on.
    Moved(Moved),
    /// The main algorithm goes on from the new point.
    Done(Moved),
    /// The violation cannot be lowered further.
    Minimal,
    /// The restoration is itself stuck.
    Failed,
}

impl Restoration {
    /// Takes the memory for restorations of `standard`.
    ///
    /// # Errors
    /// When the matrices are too large for the linear solver.
    pub fn new(standard: &mut Standard) -> Result<Self, KktError> {
        let mut relaxed = Relaxed::new(standard).map_err(|e| KktError::Misuse(e.to_string()))?;
        let (n, m) = (standard.n(), standard.m());
        let algorithm = Algorithm::new(&View { relaxed: &mut relaxed, standard })?;
        let from = Reference { theta: 0.0, phi: 0.0, slope: 0.0 };
        Ok(Self { relaxed, algorithm, from, c: vec![0.0; m], slacks: Slacks::new(n) })
    }

    /// Begins at the main algorithm's point; (33) and (34) of the paper.
    ///
    /// # Errors
    /// When something has no value there.
    pub fn begin(&mut self, main: &Algorithm, standard: &mut Standard) -> Result<(), EvalError> {
        let (n, m) = (standard.n(), standard.m());
        self.from = main.reference();
        self.relaxed.begin(standard, &main.point.x);
        let algorithm = &mut self.algorithm;
        algorithm.mu = main.mu.max(norm_inf(&main.values.c));
        algorithm.mu_min = main.mu_min;
        let (mu, point) = (algorithm.mu, &mut algorithm.point);
        point.x[..n].copy_from_slice(&main.point.x);
        for j in 0..n {
            point.zl[j] = main.point.zl[j].min(RHO);
            point.zu[j] = main.point.zu[j].min(RHO);
        }
        for i in 0..m {
            let (p, q) = split_violation(main.values.c[i], mu);
            (point.x[n + i], point.x[n + m + i]) = (p, q);
            (point.zl[n + i], point.zl[n + m + i]) = (mu / p, mu / q);
        }
        point.y.fill(0.0);
        algorithm.newton.last_delta_w = 0.0;
        algorithm.begin(&mut View { relaxed: &mut self.relaxed, standard })
    }

    /// One iteration; when it is done, `main` stands at the new point.
    pub fn advance(&mut self, main: &mut Algorithm, standard: &mut Standard, tol: f64) -> Restored {
        let mut view = View { relaxed: &mut self.relaxed, standard };
        let error = self.algorithm.errors(&view, 0.0).total();
        if error <= tol {
            return Restored::Minimal;
        }
        let moved = match self.algorithm.advance(&mut view) {
            Outcome::Advanced(moved) => moved,
            Outcome::Stuck if self.rebalance(standard) => Moved::default(),
            Outcome::Exhausted | Outcome::Stuck if error <= ACCEPTABLE => return Restored::Minimal,
            _ => return Restored::Failed,
        };
        if self.is_acceptable(main, standard) && self.hand_back(main, standard).is_ok() {
            return Restored::Done(moved);
        }
        Restored::Moved(moved)
    }

    /// Largest entry of the user's equations at the present point, as scaled.
    pub fn violation(&mut self) -> &[f64] {
        let (n, m) = (self.relaxed.x_ref.len(), self.c.len());
        let algorithm = &self.algorithm;
        for i in 0..m {
            // c(x) - p + n is what the restoration calls its equation.
            self.c[i] = algorithm.values.c[i] + algorithm.point.x[n + i] - algorithm.point.x[n + m + i];
        }
        &self.c
    }

    /// Moves to the present point whatever the filter says, when it is nearly feasible.
    ///
    /// # Errors
    /// When something has no value there.
    pub fn hand_back(&mut self, main: &mut Algorithm, standard: &mut Standard) -> Result<(), EvalError> {
        let n = standard.n();
        for j in 0..n {
            let lower = self.relaxed.lower_of(j).min(standard.lower()[j]);
            let upper = self.relaxed.upper_of(j).max(standard.upper()[j]);
            standard.relax(j, lower, upper);
        }
        main.trial.x.copy_from_slice(&main.point.x);
        main.point.x.copy_from_slice(&self.algorithm.point.x[..n]);
        move_bound_multipliers(main);
        if let Err(error) = main.refresh(standard) {
            std::mem::swap(&mut main.point.x, &mut main.trial.x);
            main.refresh(standard)?;
            return Err(error);
        }
        std::mem::swap(&mut main.point.zl, &mut main.trial.zl);
        std::mem::swap(&mut main.point.zu, &mut main.trial.zu);
        let largest = norm_inf(&main.point.zl).max(norm_inf(&main.point.zu));
        if largest > MAX_BOUND_MULTIPLIER {
            main.point.zl.fill(1.0);
            main.point.zu.fill(1.0);
        }
        main.widen_bounds_too_close(standard);
        main.reset_bound_multipliers();
        main.fit_multipliers(standard, MAX_MULTIPLIER);
        main.soft_steps = 0;
        main.tiny_step = false;
        Ok(())
    }

    /// Whether the main filter takes the present point.
    fn is_acceptable(&mut self, main: &Algorithm, standard: &mut Standard) -> bool {
        let theta = norm1(self.violation());
        if theta > KAPPA_RESTO * self.from.theta {
            return false;
        }
        let x = &self.algorithm.point.x[..standard.n()];
        let Ok(f) = standard.objective(x, main.mu) else { return false };
        self.slacks.update(standard, x);
        let phi = barrier(f, &self.slacks, main.mu);
        phi.is_finite() && main.acceptor.filter.accepts(theta, phi) && main.acceptor.improves(&self.from, theta, phi)
    }

    /// When the restoration itself is stuck: the best `p` and `n` for the present `x`; says whether that helped.
    fn rebalance(&mut self, standard: &mut Standard) -> bool {
        let (n, m) = (standard.n(), standard.m());
        let before = self.algorithm.barrier();
        self.violation();
        let mu = self.algorithm.mu;
        for i in 0..m {
            let (p, q) = split_violation(self.c[i], mu);
            let point = &mut self.algorithm.point;
            (point.x[n + i], point.x[n + m + i]) = (p, q);
            (point.zl[n + i], point.zl[n + m + i]) = (mu / p, mu / q);
        }
        let mut view = View { relaxed: &mut self.relaxed, standard };
        self.algorithm.refresh(&mut view).is_ok() && {
            self.algorithm.acceptor.filter.clear();
            self.algorithm.barrier() < before - 1e-8 * before.abs()
        }
    }
}

/// One Newton step of the bound multipliers, into `main.trial`, for the move from `main.trial.x` to `main.point.x`.
fn move_bound_multipliers(main: &mut Algorithm) {
    let tau = main.tau();
    let Algorithm { point, trial, slacks, mu, .. } = main;
    let (n, mu) = (point.x.len(), *mu);
    let change = |z: f64, s: f64, ds: f64| if s.is_finite() { -z + (mu - z * ds) / s } else { 0.0 };
    for j in 0..n {
        let dx = point.x[j] - trial.x[j];
        trial.zl[j] = change(point.zl[j], slacks.lower[j], dx);
        trial.zu[j] = change(point.zu[j], slacks.upper[j], -dx);
    }
    let lower = point.zl.iter().zip(trial.zl.iter().copied());
    let upper = point.zu.iter().zip(trial.zu.iter().copied());
    let alpha = fraction_to_boundary(tau, lower.chain(upper));
    for j in 0..n {
        trial.zl[j] = point.zl[j] + alpha * trial.zl[j];
        trial.zu[j] = point.zu[j] + alpha * trial.zu[j];
    }
}
