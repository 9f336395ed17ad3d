//! An answer, and what the judge says of it.

use super::problem::{Names, Problem};
use super::solve::Start;
use crate::driver::pipeline::Kept;
use crate::driver::runs::Ended;
use crate::driver::solve::Bound;
use crate::problem::{Candidate, Counts, Oracle, Status, StopReason, Verdict, WarmStart};
use std::sync::Arc;

/// Where a solve ended.
#[derive(Clone)]
pub struct Solution {
    names: Option<Arc<Names>>,
    candidate: Candidate,
    verdict: Verdict,
    started: bool,
    /// Where it ended in the form that was solved, when that is another one.
    compiled: Option<WarmStart>,
}

impl Solution {
    /// An answer in the variables and rows of the problem. `started` says whether a start was given; `compiled` is the point in
    /// the form that was solved.
    pub(super) fn new(
        names: Option<Arc<Names>>,
        (candidate, verdict): (Candidate, Verdict),
        started: bool,
        compiled: Option<WarmStart>,
    ) -> Self {
        Self { names, candidate, verdict, started, compiled }
    }

    /// What the runs of `bound`, a form of the problem, came to.
    pub(super) fn of_model(problem: &Problem, bound: &Bound, ended: Ended, started: bool) -> Self {
        let Ended { kept: Kept { mut candidate, compiled, mut verdict, .. }, solves, .. } = ended;
        if let Some(solve) = solves.last() {
            verdict.status = solve.status;
        }
        let written = problem.written();
        let compiled = (written.oracle.is_lifted() || bound.is_restated()).then(|| where_it_ended(&compiled));
        let (n, m) = (written.instance.shape.n_vars, written.instance.shape.n_cons);
        if bound.is_restated() {
            (verdict, candidate) = (verdict.within(n, m), candidate.within(n, m));
            // Without what stands for kinks, and with the absolute values that stood apart.
            candidate.objective = objective_at(&*written.oracle, written.oracle.lift_point(&candidate.x));
        }
        Self::new(Some(Arc::clone(problem.names())), (candidate, verdict), started, compiled)
    }

    /// Where a later solve may go on.
    pub(super) fn as_start(&self) -> Start {
        Start { own: where_it_ended(&self.candidate), compiled: self.compiled.clone() }
    }

    /// What it is, with everything recomputed by the judge.
    pub fn status(&self) -> Status {
        self.verdict.status
    }

    /// Why the method stopped.
    pub fn stop(&self) -> StopReason {
        self.candidate.stop
    }

    /// Numbers behind the status. Where rows stand for kinks these were judged with the others: a place in the evidence behind
    /// the last row or variable of the model is such a one.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The method that found the answer.
    pub fn method(&self) -> &str {
        &self.candidate.method
    }

    /// The point, of length `n_vars`.
    pub fn x(&self) -> &[f64] {
        &self.candidate.x
    }

    /// The first objective in the sense of the model (a `maximize` is not negated); not a number without one.
    pub fn objective(&self) -> f64 {
        self.names.as_ref().map_or(self.candidate.objective, |names| names.sense.flip(self.candidate.objective))
    }

    /// Entries of the variable `name`, the last index running fastest.
    pub fn values(&self, name: &str) -> Option<&[f64]> {
        self.candidate.x.get(self.names.as_ref()?.variable(name)?)
    }

    /// The value of the scalar variable `name`.
    pub fn value(&self, name: &str) -> Option<f64> {
        match self.values(name)? {
            [value] => Some(*value),
            _ => None,
        }
    }

    /// Multipliers `y` of all rows, of length `n_cons`, or empty when there are none: `y[i] >= 0` where only the upper end of
    /// the row is active, `<= 0` for the lower end; raising the upper end by `t` changes the minimised objective by `-y t`.
    pub fn multipliers(&self) -> &[f64] {
        if self.verdict.y.is_empty() { &self.candidate.y } else { &self.verdict.y }
    }

    /// Multipliers of the lower and of the upper bounds of the variables, both of length `n_vars` and not negative, or empty
    /// when there are none.
    pub fn bound_multipliers(&self) -> (&[f64], &[f64]) {
        if self.verdict.z_lower.is_empty() && self.verdict.z_upper.is_empty() {
            return (&self.candidate.z_lower, &self.candidate.z_upper);
        }
        (&self.verdict.z_lower, &self.verdict.z_upper)
    }

    /// Shadow prices of the rows of the constraint `name`: how fast the objective, in the sense of the model, changes when
    /// the active end of a row moves up; `dual(name)` of the language.
    pub fn duals(&self, name: &str) -> Option<Vec<f64>> {
        let names = self.names.as_ref()?;
        let rows = self.multipliers().get(names.constraint(name)?)?;
        Some(rows.iter().map(|y| crate::driver::results::price(names.sense, *y)).collect())
    }

    /// Whether a start was given that the method made use of. Interior points of other crates make their own; linear and
    /// quadratic problems go on from the rows that were active, where those lead to the answer.
    pub fn used_start(&self) -> bool {
        self.started && !self.candidate.start_unused
    }

    /// Iterations of the method that found the answer; 0 where the start led to the answer at once.
    pub fn iterations(&self) -> u64 {
        self.candidate.iterations
    }

    /// Evaluations by kind.
    pub fn counts(&self) -> Counts {
        self.candidate.counts
    }

    /// Seconds in the method.
    pub fn seconds(&self) -> f64 {
        self.candidate.seconds
    }
}

/// Point and multipliers of an answer.
fn where_it_ended(candidate: &Candidate) -> WarmStart {
    WarmStart {
        x: candidate.x.clone(),
        y: candidate.y.clone(),
        z_lower: candidate.z_lower.clone(),
        z_upper: candidate.z_upper.clone(),
    }
}

/// The first objective, minimised; not a number where it has no value, 0 without one.
fn objective_at(oracle: &dyn Oracle, x: Vec<f64>) -> f64 {
    if oracle.shape().n_objectives == 0 {
        return 0.0;
    }
    let mut ws = oracle.workspace();
    ws.set_point(&x);
    oracle.objective(&mut ws, 0).unwrap_or(f64::NAN)
}

impl std::fmt::Debug for Solution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Solution")
            .field("status", &self.status())
            .field("objective", &self.objective())
            .field("x", &self.x())
            .finish_non_exhaustive()
    }
}
