//! The one judge of answers.
//!
//! Takes an unscaled oracle, the facts of its class and a candidate; gives a [`Verdict`] with numbers computed here,
//! never the method's own. Constants: [`tolerance`]. Conditions: Nocedal and Wright, Numerical Optimization (2006),
//! theorems 12.1 (first order) and 12.5 (second order).
//!
//! Deliberately absent: solving. Multipliers may be fitted at the given point, the point is never moved.

mod convexity;
mod curvature;
mod escape;
mod fit;
mod gain;
mod nearby;
mod point;
mod refute;
pub mod tolerance;

use self::point::{At, Multipliers, Residuals};
use super::candidate::{Candidate, Claim, StopReason};
use super::facts::{Curvature, ProblemFacts, Smoothness};
use super::oracle::{EvalError, Oracle, Place};
use super::verdict::{CurvatureEvidence, Evidence, MultiplierSource, Proof, Status, Verdict};

/// Says what `candidate` is. `oracle` must be unscaled; `facts.curvature` is believed.
pub fn verify(oracle: &dyn Oracle, facts: &ProblemFacts, candidate: &Candidate) -> Verdict {
    let evidence = Evidence::default();
    let mut judge = Judge { oracle, facts, candidate, evidence, certificate: None, proof: None };
    let status = judge.judge();
    let Multipliers { y, z_lower, z_upper } = judge.certificate.unwrap_or_default();
    Verdict { status, stop: candidate.stop, evidence: judge.evidence, y, z_lower, z_upper, proof: judge.proof }
}

/// The verdict on a reformulation, when its point `x` is one of the problem behind `oracle` too; violation and objective
/// are then those of that problem.
#[must_use]
pub fn confirmed(verdict: Verdict, oracle: &dyn Oracle, x: &[f64]) -> Verdict {
    let mut evidence = verdict.evidence.clone();
    let Ok(mut at) = At::new(oracle, x) else { return Verdict { status: Status::NumericalFailure, ..verdict } };
    let violation = at.worst_violation();
    evidence.objective = at.objective().ok().flatten();
    let outside = violation.is_some_and(|worst| !worst.holds());
    evidence.violation = violation;
    let refuted = matches!(verdict.status, Status::Infeasible | Status::LocallyInfeasible | Status::LimitReached);
    let status = if outside && !refuted { Status::NumericalFailure } else { verdict.status };
    let proof = if status == verdict.status { verdict.proof } else { None };
    Verdict { status, evidence, proof, ..verdict }
}

/// The verdict of a judge who was interrupted: whatever it says, nothing was found out beyond the evidence there is.
pub fn interrupted(verdict: Verdict) -> Verdict {
    let none = Vec::new;
    Verdict {
        status: Status::LimitReached,
        stop: StopReason::Interrupted,
        y: none(),
        z_lower: none(),
        z_upper: none(),
        proof: None,
        ..verdict
    }
}

struct Judge<'a> {
    oracle: &'a dyn Oracle,
    facts: &'a ProblemFacts,
    candidate: &'a Candidate,
    evidence: Evidence,
    certificate: Option<Multipliers>,
    proof: Option<Proof>,
}

impl Judge<'_> {
    fn judge(&mut self) -> Status {
        let mut at = match At::new(self.oracle, &self.candidate.x) {
            Ok(at) => at,
            Err(error) => return self.undefined(&error),
        };
        self.evidence.violation = at.worst_violation();
        self.evidence.integrality = at.worst_integrality();
        let meets = |worst: &Option<super::verdict::Worst<super::verdict::Site>>| worst.is_none_or(|w| w.holds());
        if !meets(&self.evidence.violation) || !meets(&self.evidence.integrality) {
            return self.judge_infeasible(&mut at);
        }
        match at.objective() {
            Ok(objective) => self.evidence.objective = objective,
            Err(error) => return self.undefined(&error),
        }
        if self.facts.n_objectives == 0 {
            return Status::GlobalOptimum;
        }
        if self.candidate.stop == StopReason::Unbounded
            && let Some((fall, ray)) = escape::along(&mut at, self.candidate)
        {
            self.evidence.fall = Some(fall);
            self.proof = Some(Proof::Unbounded(ray));
            return Status::Unbounded;
        }
        if self.candidate.claim == Claim::Best {
            return self.unfinished(Status::BestFound);
        }
        let status = self.judge_optimality(&mut at);
        if status == Status::GlobalOptimum { status } else { self.judge_bound().unwrap_or(status) }
    }

    /// What the bound of a search over whole points makes of a feasible one.
    fn judge_bound(&mut self) -> Option<Status> {
        let (bound, objective) = (self.candidate.bound?, self.evidence.objective?);
        if self.facts.n_integer == 0 {
            return None;
        }
        let gap = (objective - bound) / objective.abs().max(1.0);
        self.evidence.gap = Some(gap);
        // What was said of multipliers speaks of whole values held fast, not of the problem.
        (self.evidence.stationarity, self.evidence.complementarity, self.evidence.price) = (None, None, None);
        // A bound above a feasible point is wrong, and says nothing about it.
        Some(if gap.abs() <= tolerance::GAP { Status::ClaimedOptimum } else { self.unfinished(Status::BestFound) })
    }

    fn judge_infeasible(&mut self, at: &mut At<'_>) -> Status {
        if self.candidate.stop == StopReason::Infeasible
            && let Some(refuted) = refute::is_infeasible(at, self.candidate, self.facts)
            && (refuted.status == Status::Infeasible || self.is_least_violated(at))
        {
            self.evidence.infeasibility = Some(refuted.evidence);
            if refuted.status == Status::Infeasible {
                self.proof = Some(Proof::Infeasible(refuted.weights));
            }
            return refuted.status;
        }
        if self.candidate.stop == StopReason::Infeasible && self.facts.n_integer > 0 {
            return Status::ClaimedInfeasible;
        }
        self.unfinished(Status::NumericalFailure)
    }

    /// Whether what derivatives say of a least violation may stand: whole numbers have other neighbours, kinks other sides.
    fn is_least_violated(&self, at: &At<'_>) -> bool {
        let smooth = self.facts.smoothness < Smoothness::Continuous;
        self.facts.n_integer == 0 && (smooth || nearby::less_violated(at).is_none())
    }

    /// First-order conditions with the method's multipliers, then with fitted ones; then curvature.
    fn judge_optimality(&mut self, at: &mut At<'_>) -> Status {
        if let Err(error) = at.differentiate() {
            if let EvalError::NonFinite { place, .. } = error {
                self.evidence.undefined = Some(place);
            }
            return self.unfinished(Status::FeasibleNotCertified);
        }
        let given = Multipliers::given(at, self.candidate);
        let mut source = MultiplierSource::Method;
        let objective = self.evidence.objective.unwrap_or(0.0);
        let mut found = given.as_ref().map(|m| (m.clone(), residuals(at, m, objective)));
        // A fit knows of single rows only.
        let fits = at.shape().cones.is_empty();
        if fits && !found.as_ref().is_some_and(|(_, residuals)| residuals.hold()) {
            let fitted = fit::multipliers(at, given.as_ref());
            if let Some(fitted) = fitted {
                let residuals = residuals(at, &fitted, objective);
                if found.is_none() || residuals.hold() {
                    source = MultiplierSource::Fitted;
                    found = Some((fitted, residuals));
                }
            }
        }
        let Some((multipliers, residuals)) = found else { return self.unfinished(Status::FeasibleNotCertified) };
        self.evidence.stationarity = residuals.stationarity;
        self.evidence.complementarity = residuals.complementarity;
        self.evidence.price = residuals.price;
        self.evidence.multipliers = Some(source);
        if !residuals.hold() {
            return self.unfinished(Status::FeasibleNotCertified);
        }
        let status = self.judge_curvature(at, &multipliers);
        self.certificate = Some(multipliers);
        status
    }

    fn judge_curvature(&mut self, at: &mut At<'_>, multipliers: &Multipliers) -> Status {
        // Whole points are points of the problem without that demand: what is best among all is best among them.
        if at.is_linear() {
            let objective = self.evidence.objective.unwrap_or(0.0);
            let moves = point::cost_without_counterpart(at, multipliers, tolerance::GAIN * objective.abs().max(1.0));
            return if moves { Status::Stationary } else { Status::GlobalOptimum };
        }
        if self.facts.curvature == Curvature::Convex {
            return self.judge_gain(at, multipliers);
        }
        if self.facts.n_integer > 0 {
            return Status::BestFound;
        }
        if convexity::of_lagrangian(at, self.facts, multipliers) {
            self.evidence.curvature = Some(CurvatureEvidence::Everywhere);
            return self.judge_gain(at, multipliers);
        }
        let evidence = curvature::reduced(at, multipliers);
        self.evidence.curvature = Some(evidence);
        if evidence.holds() != Some(true) {
            return Status::Stationary;
        }
        if self.facts.smoothness >= Smoothness::Continuous {
            // Derivatives know one side of a kink.
            let better = nearby::better(at, self.evidence.objective.unwrap_or(0.0));
            self.evidence.nearby = better;
            if better.is_some() {
                return Status::Stationary;
            }
        }
        Status::LocalOptimum
    }

    /// Global by convexity, unless a step of Newton's method promises a better point. Kinks and cones have no such steps.
    fn judge_gain(&mut self, at: &mut At<'_>, multipliers: &Multipliers) -> Status {
        if self.facts.smoothness < Smoothness::Continuous && at.shape().cones.is_empty() {
            let objective = self.evidence.objective.unwrap_or(0.0);
            self.evidence.gain = gain::newton(at, multipliers, objective).map(|newton| newton.gain);
        }
        if self.evidence.gain.is_some_and(|gain| !gain.holds()) { Status::Stationary } else { Status::GlobalOptimum }
    }

    fn undefined(&mut self, error: &EvalError) -> Status {
        if let EvalError::NonFinite { place, .. } = *error {
            self.evidence.undefined = Some(place);
        }
        self.unfinished(Status::NumericalFailure)
    }

    /// `otherwise`, unless the user's own limit is the reason.
    fn unfinished(&self, otherwise: Status) -> Status {
        if self.candidate.stop.is_limit() { Status::LimitReached } else { otherwise }
    }
}

/// The residuals of these multipliers, with an allowance for rounding of the point where they need one and may have it.
fn residuals(at: &mut At<'_>, multipliers: &Multipliers, objective: f64) -> Residuals {
    at.resolution.clear();
    let found = Residuals::of(at, multipliers, objective);
    let steep = found.stationarity.is_some_and(|worst| !worst.holds());
    if !steep || !is_rounding(at, multipliers, objective) {
        return found;
    }
    at.resolve(&multipliers.y);
    Residuals::of(at, multipliers, objective)
}

/// Whether a gradient of the Lagrangian that is too large can be rounding of the point: a step of Newton's method would leave
/// nothing of it and gain nothing. The slope of a function that falls for ever stays.
fn is_rounding(at: &mut At<'_>, multipliers: &Multipliers, objective: f64) -> bool {
    let allowed = point::gradient_allowed(at, multipliers);
    gain::newton(at, multipliers, objective).is_some_and(|newton| newton.ends_here(&allowed))
}

/// The place named by an error that concerns the point as a whole.
fn whole_point() -> EvalError {
    EvalError::NonFinite { place: Place::Objective(0), value: f64::NAN }
}
