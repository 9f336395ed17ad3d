//! The filter line search with second-order corrections: steps of the paper, and soft restoration.

use super::algorithm::{Algorithm, Outcome, StepOf};
use super::iterate::{Iterate, Slacks, Values};
use super::model::Model;
use super::newton::Matrices;
use crate::num::dense::norm1;
use crate::solve::filter::{Filter, at_most};

/// Margins and exponents of (18) to (23), values of the authors' code.
const GAMMA_THETA: f64 = 1e-5;
const GAMMA_PHI: f64 = 1e-8;
const DELTA: f64 = 1.0;
const S_PHI: f64 = 2.3;
const S_THETA: f64 = 1.1;
const ETA_PHI: f64 = 1e-8;
const GAMMA_ALPHA: f64 = 0.05;
/// Second-order corrections: at most so many, as long as the violation falls by this factor.
const MAX_CORRECTIONS: u32 = 4;
const KAPPA_SOC: f64 = 0.99;
/// A step may raise the barrier function by so many orders of magnitude at most.
const MAX_INCREASE: f64 = 5.0;
/// Steps of soft restoration in a row, and the decrease of the error each must bring (section 3.3 of the paper's code).
const MAX_SOFT_STEPS: u32 = 10;
const SOFT_DECREASE: f64 = 0.9999;
/// The filter is forgotten when it alone refused the last trial of so many searches, at most so often.
const RESET_AFTER: u32 = 5;
const MAX_RESETS: u32 = 5;

/// The filter with the bounds on violation that belong to it.
#[derive(Clone, Debug, Default)]
pub struct Acceptor {
    /// Pairs no trial point may be worse than.
    pub filter: Filter,
    /// Violations above this are never accepted.
    pub theta_max: f64,
    /// Below this violation, decrease of the objective decides.
    pub theta_min: f64,
    /// Searches in a row whose last refusal was the filter's.
    pub refusals: u32,
    /// How often the filter was forgotten for that reason.
    pub resets: u32,
}

/// Why a trial point is accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accepted {
    /// The objective decreased as its slope promised.
    Objective,
    /// Violation or objective decreased enough; the filter grows.
    Either,
}

/// Where a search starts from.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// Violation.
    pub theta: f64,
    /// Barrier function.
    pub phi: f64,
    /// Its slope along the step.
    pub slope: f64,
}

impl Acceptor {
    /// Forgets everything and sets the bounds from the violation at the start.
    pub fn begin(&mut self, theta: f64) {
        self.filter.clear();
        self.theta_max = 1e4 * theta.max(1.0);
        self.theta_min = 1e-4 * theta.max(1.0);
        self.refusals = 0;
        self.resets = 0;
    }

    /// Whether the switching condition (19) holds.
    fn is_objective_step(from: &Reference, alpha: f64) -> bool {
        from.slope < 0.0 && alpha * power(-from.slope, S_PHI) > DELTA * power(from.theta, S_THETA)
    }

    /// The tests of step.
    fn test(&self, from: &Reference, alpha: f64, theta: f64, phi: f64) -> Result<Accepted, Refused> {
        if !theta.is_finite() || !phi.is_finite() || theta > self.theta_max {
            return Err(Refused::Point);
        }
        let by_objective = Self::is_objective_step(from, alpha) && from.theta <= self.theta_min;
        let enough = if by_objective {
            at_most(phi - from.phi, ETA_PHI * alpha * from.slope, from.phi)
        } else {
            self.improves(from, theta, phi)
        };
        if !enough {
            return Err(Refused::Point);
        }
        if !self.filter.accepts(theta, phi) {
            return Err(Refused::Filter);
        }
        Ok(if by_objective { Accepted::Objective } else { Accepted::Either })
    }

    /// Whether a point is better than `from` in violation or objective; (18) of the paper.
    pub fn improves(&self, from: &Reference, theta: f64, phi: f64) -> bool {
        if phi > from.phi && log10(phi - from.phi) > MAX_INCREASE + log10(from.phi.abs().max(10.0)) {
            return false;
        }
        at_most(theta, (1.0 - GAMMA_THETA) * from.theta, from.theta)
            || at_most(phi - from.phi, -GAMMA_PHI * from.theta, from.phi)
    }

    /// Adds a point with the margins of (22).
    pub fn augment(&mut self, from: &Reference) {
        self.filter.add((1.0 - GAMMA_THETA) * from.theta, from.phi - GAMMA_PHI * from.theta);
    }

    /// The smallest step worth trying; (23) of the paper.
    fn least_step(&self, from: &Reference) -> f64 {
        let mut least = GAMMA_THETA;
        if from.slope < 0.0 {
            least = least.min(GAMMA_PHI * from.theta / -from.slope);
            if from.theta <= self.theta_min {
                least = least.min(DELTA * power(from.theta, S_THETA) / power(-from.slope, S_PHI));
            }
        }
        GAMMA_ALPHA * least
    }

    /// Keeps count of searches the filter alone made fail.
    fn note(&mut self, last: Option<Refused>) {
        if last != Some(Refused::Filter) {
            self.refusals = 0;
            return;
        }
        self.refusals += 1;
        if self.refusals >= RESET_AFTER && self.resets < MAX_RESETS {
            self.filter.clear();
            self.refusals = 0;
            self.resets += 1;
        }
    }
}

/// Who refused a trial point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refused {
    Point,
    Filter,
}

fn log10(value: f64) -> f64 {
    crate::num::vmath::log(value) / std::f64::consts::LN_10
}

fn power(base: f64, exponent: f64) -> f64 {
    if base <= 0.0 { 0.0 } else { crate::num::vmath::exp(exponent * crate::num::vmath::log(base)) }
}

impl Algorithm {
    /// Where the present point stands, with the slope along the Newton step.
    pub fn reference(&self) -> Reference {
        Reference { theta: self.values.theta(), phi: self.barrier(), slope: self.slope() }
    }

    /// Steps A-5: backtracking along the Newton step.
    pub(super) fn search(&mut self, model: &mut dyn Model) -> Outcome {
        let from = self.reference();
        let (longest, alpha_z) = self.longest_steps(StepOf::Newton);
        if self.soft_steps > 0 {
            return self.continue_soft(model, &from, longest.min(alpha_z));
        }
        let least = self.acceptor.least_step(&from);
        let (mut alpha, mut trials, mut last) = (longest, 0, None);
        while trials == 0 || alpha >= least {
            trials += 1;
            let tried = self.try_point(model, alpha, StepOf::Newton);
            if let Ok((theta, phi)) = tried {
                match self.acceptor.test(&from, alpha, theta, phi) {
                    Ok(accepted) => {
                        if self.accept(model, alpha, alpha_z, StepOf::Newton) {
                            return self.finish(&from, accepted, alpha, alpha_z, trials, last);
                        }
                    }
                    Err(refused) => {
                        last = Some(refused);
                        if trials == 1
                            && theta >= from.theta
                            && let Some((accepted, alpha, alpha_z)) = self.correct(model, &from, alpha, theta)
                        {
                            let outcome = self.finish(&from, accepted, alpha, alpha_z, trials, None);
                            return capitalise(outcome);
                        }
                    }
                }
            }
            alpha *= 0.5;
            if alpha < 1e-300 {
                break;
            }
        }
        self.acceptor.note(last);
        self.start_soft(model, &from, longest.min(alpha_z), trials)
    }

    fn finish(
        &mut self,
        from: &Reference,
        accepted: Accepted,
        alpha: f64,
        alpha_z: f64,
        trials: u32,
        last: Option<Refused>,
    ) -> Outcome {
        self.acceptor.note(last);
        if accepted == Accepted::Either {
            self.acceptor.augment(from);
        }
        let mark = if accepted == Accepted::Objective { 'f' } else { 'h' };
        Outcome::Advanced(self.moved(alpha, alpha_z, trials, mark))
    }

    /// Steps: solves again with the violation of the trial point taken in.
    fn correct(
        &mut self,
        model: &mut dyn Model,
        from: &Reference,
        first_alpha: f64,
        first_theta: f64,
    ) -> Option<(Accepted, f64, f64)> {
        let (mut alpha, mut theta_old) = (first_alpha, 0.0);
        let mut theta_trial = first_theta;
        for correction in 0..MAX_CORRECTIONS {
            if correction > 0 && theta_trial > KAPPA_SOC * theta_old {
                break;
            }
            theta_old = theta_trial;
            // c_soc = alpha c_soc + c(x + alpha d), from c_soc = c(x); (27) of the paper.
            for (sum, trial) in self.rhs.y.iter_mut().zip(&self.trial_values.c) {
                *sum = alpha * *sum + trial;
            }
            if !self.solve_corrected(&*model) {
                return None;
            }
            let alpha_z;
            (alpha, alpha_z) = self.longest_steps(StepOf::Corrected);
            let (theta, phi) = self.try_point(model, alpha, StepOf::Corrected).ok()?;
            if let Ok(accepted) = self.acceptor.test(from, first_alpha, theta, phi) {
                let moved = self.accept(model, alpha, alpha_z, StepOf::Corrected);
                return moved.then_some((accepted, alpha, alpha_z));
            }
            theta_trial = theta;
        }
        None
    }

    fn solve_corrected(&mut self, model: &dyn Model) -> bool {
        let matrices = Matrices {
            jacobian: (model.jacobian_pattern(), &self.values.jacobian),
            hessian: (model.hessian_pattern(), &self.hessian),
        };
        let Self { newton, point, slacks, rhs, corrected, .. } = self;
        newton.solve(&matrices, point, slacks, rhs, corrected).is_ok()
    }

    /// The line search failed: a step that lowers the error of the optimality conditions will do for a while.
    fn start_soft(&mut self, model: &mut dyn Model, from: &Reference, alpha: f64, trials: u32) -> Outcome {
        self.acceptor.augment(from);
        match self.soft_step(model, alpha) {
            Some(()) => {
                self.soft_steps = 1;
                Outcome::Advanced(self.moved(alpha, alpha, trials + 1, 's'))
            }
            None => Outcome::Stuck,
        }
    }

    /// In soft restoration: back to normal as soon as the filter accepts a step.
    fn continue_soft(&mut self, model: &mut dyn Model, from: &Reference, alpha: f64) -> Outcome {
        if let Ok((theta, phi)) = self.try_point(model, alpha, StepOf::Newton)
            && let Ok(accepted) = self.acceptor.test(from, 0.0, theta, phi)
            && self.accept(model, alpha, alpha, StepOf::Newton)
        {
            self.soft_steps = 0;
            return self.finish(from, accepted, alpha, alpha, 1, None);
        }
        self.soft_steps += 1;
        if self.soft_steps > MAX_SOFT_STEPS || self.soft_step(model, alpha).is_none() {
            self.soft_steps = 0;
            return Outcome::Stuck;
        }
        Outcome::Advanced(self.moved(alpha, alpha, 1, 's'))
    }

    /// Takes the step when the averaged error of the optimality conditions falls.
    fn soft_step(&mut self, model: &mut dyn Model, alpha: f64) -> Option<()> {
        let before = self.averaged_error(&*model, Which::Present);
        self.try_point(model, alpha, StepOf::Newton).ok()?;
        self.trial_values.differentiate(model, &self.trial.x, self.mu).ok()?;
        for i in 0..self.point.y.len() {
            self.trial.y[i] = self.point.y[i] + alpha * self.step.y[i];
        }
        for j in 0..self.point.x.len() {
            self.trial.zl[j] = self.point.zl[j] + alpha * self.step.zl[j];
            self.trial.zu[j] = self.point.zu[j] + alpha * self.step.zu[j];
        }
        let after = self.averaged_error(&*model, Which::Trial);
        let lower = after <= SOFT_DECREASE * before;
        (lower && self.accept(model, alpha, alpha, StepOf::Newton)).then_some(())
    }

    fn averaged_error(&mut self, model: &dyn Model, which: Which) -> f64 {
        let Self { point, slacks, values, trial, trial_slacks, trial_values, lagrangian, mu, .. } = self;
        match which {
            Which::Present => averaged_error(model, point, slacks, values, *mu, lagrangian),
            Which::Trial => averaged_error(model, trial, trial_slacks, trial_values, *mu, lagrangian),
        }
    }
}

enum Which {
    Present,
    Trial,
}

/// Mean absolute residual of each group of the perturbed optimality conditions, added up.
fn averaged_error(
    model: &dyn Model,
    point: &Iterate,
    slacks: &Slacks,
    values: &Values,
    mu: f64,
    lagrangian: &mut [f64],
) -> f64 {
    lagrangian.copy_from_slice(&values.g);
    model.jacobian_pattern().mul_transposed_add(&values.jacobian, 1.0, &point.y, lagrangian);
    let (mut complementarity, mut n_bounds) = (0.0, 0usize);
    for j in 0..lagrangian.len() {
        lagrangian[j] += point.zu[j] - point.zl[j];
        for (slack, z) in [(slacks.lower[j], point.zl[j]), (slacks.upper[j], point.zu[j])] {
            if slack.is_finite() {
                complementarity += (slack * z - mu).abs();
                n_bounds += 1;
            }
        }
    }
    let mean = |sum: f64, count: usize| sum / count.max(1) as f64;
    mean(norm1(lagrangian), lagrangian.len()) + mean(values.theta(), values.c.len()) + mean(complementarity, n_bounds)
}

fn capitalise(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Advanced(mut moved) => {
            moved.mark = moved.mark.to_ascii_uppercase();
            Outcome::Advanced(moved)
        }
        other => other,
    }
}
