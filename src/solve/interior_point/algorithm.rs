//! The barrier algorithm on one [`Model`]: Newton steps, barrier updates, and the point they move.
//!
//! The filter line search is in [`super::search`]; what happens when it fails is the caller's choice.

use super::iterate::{DAMPING, Errors, Iterate, Slacks, Values, barrier, damping_sign, errors, fraction_to_boundary};
use super::model::Model;
use super::newton::{Blocks, Matrices, Newton, NoStep};
use super::search::Acceptor;
use crate::num::dense::{clamp, norm_inf};
use crate::num::kkt::KktError;
use crate::problem::EvalError;

/// Barrier subproblems are solved to this multiple of mu (κ_ε of (7)).
pub const KAPPA_EPSILON: f64 = 10.0;
/// Linear decrease of mu (κ_μ of (7)).
const KAPPA_MU: f64 = 0.2;
/// Least fraction to the boundary (τ_min of (8)).
const TAU_MIN: f64 = 0.99;
/// Bound multipliers stay within this factor of `mu / s` (κ_Σ of (16)).
const KAPPA_SIGMA: f64 = 1e10;
/// Slacks below `eps min(1, mu)` move their bound by this part of its size.
const SLACK_MOVE: f64 = 1.8e-12;

/// What one iteration came to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Outcome {
    /// The point moved.
    Advanced(Moved),
    /// The line search failed, or there was no Newton step.
    Stuck,
    /// Steps are at rounding level and mu cannot decrease: the end of the road.
    Exhausted,
    /// The Hessian has no value at the point.
    NotANumber,
}

/// How the point moved, for the trace.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Moved {
    /// Primal step length.
    pub alpha: f64,
    /// Step length of the bound multipliers.
    pub alpha_z: f64,
    /// Largest entry of the primal step.
    pub step: f64,
    /// Shift of the Hessian.
    pub delta_w: f64,
    /// Trial points.
    pub trials: u32,
    /// `f` decrease of the objective, `h` of the violation, capital with a correction, `s` soft restoration, `t` tiny.
    pub mark: char,
}

/// The state of the algorithm on one model.
pub struct Algorithm {
    /// The present point.
    pub point: Iterate,
    /// Its distances to the bounds.
    pub slacks: Slacks,
    /// Values and derivatives there.
    pub values: Values,
    /// Barrier parameter.
    pub mu: f64,
    /// Smallest barrier parameter.
    pub mu_min: f64,
    /// The filter and its margins.
    pub acceptor: Acceptor,
    /// The KKT matrix.
    pub newton: Newton,
    /// Steps of soft restoration in a row.
    pub soft_steps: u32,
    /// Whether the last step was at rounding level.
    pub tiny_step: bool,
    pub(super) step: Blocks,
    pub(super) corrected: Blocks,
    pub(super) rhs: Blocks,
    pub(super) hessian: Vec<f64>,
    pub(super) trial: Iterate,
    pub(super) trial_slacks: Slacks,
    pub(super) trial_values: Values,
    pub(super) lagrangian: Vec<f64>,
}

impl Algorithm {
    /// Takes all memory.
    ///
    /// # Errors
    /// When the KKT matrix is too large for the linear solver.
    pub fn new(model: &dyn Model) -> Result<Self, KktError> {
        let (n, m) = (model.n(), model.m());
        Ok(Self {
            point: Iterate::new(n, m),
            slacks: Slacks::new(n),
            values: Values::new(model),
            mu: 0.1,
            mu_min: 0.0,
            acceptor: Acceptor::default(),
            newton: Newton::new(model.jacobian_pattern(), model.hessian_pattern())?,
            soft_steps: 0,
            tiny_step: false,
            step: Blocks::new(n, m),
            corrected: Blocks::new(n, m),
            rhs: Blocks::new(n, m),
            hessian: vec![0.0; model.hessian_pattern().nnz()],
            trial: Iterate::new(n, m),
            trial_slacks: Slacks::new(n),
            trial_values: Values::new(model),
            lagrangian: vec![0.0; n],
        })
    }

    /// Evaluates everything at `self.point`, after it was set from outside, and forgets the filter.
    ///
    /// # Errors
    /// When something has no value there.
    pub fn begin(&mut self, model: &mut dyn Model) -> Result<(), EvalError> {
        self.refresh(model)?;
        self.acceptor.begin(self.values.theta());
        self.soft_steps = 0;
        self.tiny_step = false;
        Ok(())
    }

    /// Evaluates everything at `self.point` and keeps the filter.
    ///
    /// # Errors
    /// When something has no value there.
    pub fn refresh(&mut self, model: &mut dyn Model) -> Result<(), EvalError> {
        self.slacks.update(model, &self.point.x);
        self.values.evaluate(model, &self.point.x, self.mu)?;
        self.values.differentiate(model, &self.point.x, self.mu)
    }

    /// Optimality errors at the present point for barrier parameter `mu`.
    pub fn errors(&mut self, model: &dyn Model, mu: f64) -> Errors {
        errors(model, &self.point, &self.slacks, &self.values, mu, &mut self.lagrangian)
    }

    /// `tau` of (8).
    pub fn tau(&self) -> f64 {
        TAU_MIN.max(1.0 - self.mu)
    }

    /// `phi_mu` at the present point.
    pub fn barrier(&self) -> f64 {
        barrier(self.values.f, &self.slacks, self.mu)
    }

    /// One iteration: barrier update (7), Newton step (13), filter line search.
    pub fn advance(&mut self, model: &mut dyn Model) -> Outcome {
        if self.update_barrier(model).is_err() {
            return Outcome::NotANumber;
        }
        match self.newton_step(model) {
            Ok(()) => {}
            Err(None) => return Outcome::NotANumber,
            Err(Some(_)) => return Outcome::Stuck,
        }
        if self.is_tiny_step() {
            return self.take_tiny_step(model);
        }
        self.tiny_step = false;
        self.search(model)
    }

    /// Decreases mu as long as the barrier problem is solved well enough; (7) of the paper.
    fn update_barrier(&mut self, model: &mut dyn Model) -> Result<(), EvalError> {
        let mut force = self.tiny_step;
        while self.mu > self.mu_min {
            let error = self.errors(&*model, self.mu).total();
            if error > KAPPA_EPSILON * self.mu && !force {
                break;
            }
            force = false;
            // max(mu_min, min(κ_μ mu, mu^θ_μ)) with θ_μ = 3/2.
            self.mu = (KAPPA_MU * self.mu).min(self.mu * self.mu.sqrt()).max(self.mu_min);
            self.acceptor.filter.clear();
            self.soft_steps = 0;
            if model.depends_on_mu() {
                self.values.f = model.objective(&self.point.x, self.mu)?;
                model.gradient(&self.point.x, self.mu, &mut self.values.g)?;
            }
        }
        Ok(())
    }

    /// Solves (13) with corrected inertia; `None` when the Hessian has no value.
    fn newton_step(&mut self, model: &mut dyn Model) -> Result<(), Option<NoStep>> {
        model.hessian(&self.point.x, &self.point.y, self.mu, &mut self.hessian).map_err(|_| None)?;
        self.residual_of_barrier_problem(&*model);
        let matrices = Matrices {
            jacobian: (model.jacobian_pattern(), &self.values.jacobian),
            hessian: (model.hessian_pattern(), &self.hessian),
        };
        self.newton.step(&matrices, &self.point, &self.slacks, self.mu, &self.rhs, &mut self.step).map_err(Some)
    }

    /// Fills `rhs` with the residual of the perturbed optimality conditions (4) and damping.
    fn residual_of_barrier_problem(&mut self, model: &dyn Model) {
        let mu = self.mu;
        let Self { rhs, point, slacks, values, .. } = self;
        rhs.x.copy_from_slice(&values.g);
        model.jacobian_pattern().mul_transposed_add(&values.jacobian, 1.0, &point.y, &mut rhs.x);
        rhs.y.copy_from_slice(&values.c);
        let product = |slack: f64, z: f64| if slack.is_finite() { slack * z - mu } else { 0.0 };
        for j in 0..rhs.x.len() {
            let (sl, su) = (slacks.lower[j], slacks.upper[j]);
            rhs.x[j] += point.zu[j] - point.zl[j] + DAMPING * mu * damping_sign(sl, su);
            rhs.zl[j] = product(sl, point.zl[j]);
            rhs.zu[j] = product(su, point.zu[j]);
        }
    }

    /// Whether the step is below rounding of `x` at an almost feasible point (section 3.9).
    fn is_tiny_step(&self) -> bool {
        let relative = |(d, x): (&f64, &f64)| d.abs() / (1.0 + x.abs());
        let largest = self.step.x.iter().zip(&self.point.x).map(relative).fold(0.0, f64::max);
        largest <= 10.0 * f64::EPSILON && norm_inf(&self.values.c) <= 1e-4
    }

    /// Takes a step below rounding without a line search; the second in a row forces mu down, or ends the run.
    fn take_tiny_step(&mut self, model: &mut dyn Model) -> Outcome {
        if self.tiny_step && self.mu <= self.mu_min {
            return Outcome::Exhausted;
        }
        self.tiny_step = true;
        let (alpha, alpha_z) = self.longest_steps(StepOf::Newton);
        if self.try_point(model, alpha, StepOf::Newton).is_err() || !self.accept(model, alpha, alpha_z, StepOf::Newton)
        {
            return Outcome::Exhausted;
        }
        Outcome::Advanced(self.moved(alpha, alpha_z, 1, 't'))
    }

    /// Longest primal and dual steps that stay inside the bounds; (15) of the paper.
    pub(super) fn longest_steps(&self, of: StepOf) -> (f64, f64) {
        let (tau, step) = (self.tau(), self.chosen(of));
        let down = self.slacks.lower.iter().zip(step.x.iter().copied());
        let up = self.slacks.upper.iter().zip(step.x.iter().map(|d| -d));
        let alpha = fraction_to_boundary(tau, down.chain(up));
        let zl = self.point.zl.iter().zip(step.zl.iter().copied());
        let zu = self.point.zu.iter().zip(step.zu.iter().copied());
        (alpha, fraction_to_boundary(tau, zl.chain(zu)))
    }

    /// Slope of the barrier function along the Newton step.
    pub(super) fn slope(&self) -> f64 {
        let mut slope = 0.0;
        for j in 0..self.step.x.len() {
            let (sl, su) = (self.slacks.lower[j], self.slacks.upper[j]);
            let g = self.values.g[j] - self.mu / sl + self.mu / su + DAMPING * self.mu * damping_sign(sl, su);
            slope += g * self.step.x[j];
        }
        slope
    }

    /// Evaluates objective and equations at `x + alpha dx`; gives violation and barrier function there.
    pub(super) fn try_point(&mut self, model: &mut dyn Model, alpha: f64, of: StepOf) -> Result<(f64, f64), EvalError> {
        let step = if of == StepOf::Newton { &self.step } else { &self.corrected };
        for j in 0..self.point.x.len() {
            self.trial.x[j] = self.point.x[j] + alpha * step.x[j];
        }
        self.trial_slacks.update(&*model, &self.trial.x);
        // Slacks that rounding made 0 count as the smallest that can be computed with.
        let least = f64::EPSILON * self.mu.min(1.0);
        for slack in self.trial_slacks.lower.iter_mut().chain(&mut self.trial_slacks.upper) {
            *slack = slack.max(least);
        }
        self.trial_values.evaluate(model, &self.trial.x, self.mu)?;
        Ok((self.trial_values.theta(), barrier(self.trial_values.f, &self.trial_slacks, self.mu)))
    }

    /// Moves to the trial point, multipliers included; false when its derivatives have no value.
    pub(super) fn accept(&mut self, model: &mut dyn Model, alpha: f64, alpha_z: f64, of: StepOf) -> bool {
        if self.trial_values.differentiate(model, &self.trial.x, self.mu).is_err() {
            return false;
        }
        let step = if of == StepOf::Newton { &self.step } else { &self.corrected };
        for i in 0..self.point.y.len() {
            self.point.y[i] += alpha * step.y[i];
        }
        for j in 0..self.point.x.len() {
            self.point.zl[j] += alpha_z * step.zl[j];
            self.point.zu[j] += alpha_z * step.zu[j];
        }
        std::mem::swap(&mut self.point.x, &mut self.trial.x);
        std::mem::swap(&mut self.slacks, &mut self.trial_slacks);
        std::mem::swap(&mut self.values, &mut self.trial_values);
        self.widen_bounds_too_close(model);
        self.reset_bound_multipliers();
        true
    }

    /// Moves bounds that rounding has reached (section 3.5).
    pub(super) fn widen_bounds_too_close(&mut self, model: &mut dyn Model) {
        let least = f64::EPSILON * self.mu.min(1.0);
        for j in 0..self.point.x.len() {
            let x = self.point.x[j];
            let (lower, upper) = (model.lower()[j], model.upper()[j]);
            let wanted = |z: f64, bound: f64| (self.mu / z).max(least).min(SLACK_MOVE * bound.abs().max(1.0));
            let (mut new_lower, mut new_upper) = (lower, upper);
            if x - lower < least {
                new_lower = x - wanted(self.point.zl[j], lower);
            }
            if upper - x < least {
                new_upper = x + wanted(self.point.zu[j], upper);
            }
            if new_lower < lower || new_upper > upper {
                model.relax(j, new_lower.min(lower), new_upper.max(upper));
                self.slacks.lower[j] = x - model.lower()[j];
                self.slacks.upper[j] = model.upper()[j] - x;
            }
        }
    }

    /// Keeps `z` near `mu / s`; (16) of the paper.
    pub(super) fn reset_bound_multipliers(&mut self) {
        let mu = self.mu;
        let near =
            |z: f64, s: f64| if s.is_finite() { clamp(z, mu / (KAPPA_SIGMA * s), KAPPA_SIGMA * mu / s) } else { 0.0 };
        for j in 0..self.point.x.len() {
            self.point.zl[j] = near(self.point.zl[j], self.slacks.lower[j]);
            self.point.zu[j] = near(self.point.zu[j], self.slacks.upper[j]);
        }
    }

    /// Least-squares multipliers of the equations when none is larger than `most`, else 0 (section 3.6).
    pub fn fit_multipliers(&mut self, model: &dyn Model, most: f64) {
        let (n, m) = (self.point.x.len(), self.point.y.len());
        for j in 0..n {
            self.lagrangian[j] = self.values.g[j] - self.point.zl[j] + self.point.zu[j];
        }
        let jacobian = (model.jacobian_pattern(), self.values.jacobian.as_slice());
        // Square systems leave nothing to fit.
        let fitted = m > 0
            && n != m
            && self.newton.least_squares(jacobian, &self.lagrangian, &mut self.point.y).is_ok()
            && norm_inf(&self.point.y) <= most;
        if !fitted {
            self.point.y.fill(0.0);
        }
    }

    pub(super) fn moved(&self, alpha: f64, alpha_z: f64, trials: u32, mark: char) -> Moved {
        Moved { alpha, alpha_z, step: norm_inf(&self.step.x), delta_w: self.newton.delta_w, trials, mark }
    }

    pub(super) fn chosen(&self, of: StepOf) -> &Blocks {
        match of {
            StepOf::Newton => &self.step,
            StepOf::Corrected => &self.corrected,
        }
    }
}

/// Which step a trial point lies on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepOf {
    /// The Newton step.
    Newton,
    /// The step with a second-order correction.
    Corrected,
}
