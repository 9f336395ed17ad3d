//! An answer, and what the judge says of it.

use super::problem::Names;
use crate::problem::{Candidate, Counts, Status, StopReason, Verdict, WarmStart};
use std::sync::Arc;

/// Where a solve ended.
#[derive(Clone)]
pub struct Solution {
    names: Option<Arc<Names>>,
    candidate: Candidate,
    verdict: Verdict,
    warm: WarmStart,
    started: bool,
}

impl Solution {
    /// `warm` is where a later solve may go on; `started` says whether this one was given a start.
    pub(super) fn new(
        names: Option<Arc<Names>>,
        (candidate, verdict): (Candidate, Verdict),
        (warm, started): (WarmStart, bool),
    ) -> Self {
        Self { names, candidate, verdict, warm, started }
    }

    pub(super) fn warm(&self) -> &WarmStart {
        &self.warm
    }

    /// What it is, with everything recomputed by the judge.
    pub fn status(&self) -> Status {
        self.verdict.status
    }

    /// Why the method stopped.
    pub fn stop(&self) -> StopReason {
        self.candidate.stop
    }

    /// Numbers behind the status.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The method's name.
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

    /// Iterations of the method; 0 where the start led to the answer at once.
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

impl std::fmt::Debug for Solution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Solution")
            .field("status", &self.status())
            .field("objective", &self.objective())
            .field("x", &self.x())
            .finish_non_exhaustive()
    }
}
