//! The meter of a run: time, iterations, evaluations, and whether to go on.

use std::time::Instant;

use crate::problem::{Control, Counts, SetupError, StopReason, TraceRow};

/// Counts what a run uses up and compares it with its limits.
pub struct Meter {
    control: Control,
    started: Instant,
    earlier_seconds: f64,
    max_iterations: u64,
    /// Iterations done.
    pub iterations: u64,
    /// Evaluations done.
    pub counts: Counts,
}

impl Meter {
    /// Starts the clock. `max_iter` is the method's own default, which the limits override.
    pub fn start(control: Control, max_iter: u64) -> Self {
        let max_iterations = control.limits.iterations.unwrap_or(max_iter);
        Self {
            control,
            started: Instant::now(),
            earlier_seconds: 0.0,
            max_iterations,
            iterations: 0,
            counts: Counts::default(),
        }
    }

    /// Goes on from what an earlier part of the run used up.
    pub fn resume(&mut self, seconds: f64, iterations: u64, counts: Counts) {
        self.earlier_seconds = seconds;
        self.iterations = iterations;
        self.counts = counts;
    }

    /// Seconds since the run began, pauses of a resumed run left out.
    pub fn seconds(&self) -> f64 {
        self.earlier_seconds + self.started.elapsed().as_secs_f64()
    }

    /// Most iterations.
    pub fn max_iterations(&self) -> u64 {
        self.max_iterations
    }

    /// Most seconds, when there is a limit.
    pub fn seconds_limit(&self) -> Option<f64> {
        self.control.limits.seconds
    }

    /// Where random numbers come from.
    pub fn seed(&self) -> u64 {
        self.control.seed
    }

    /// The first limit that is reached.
    ///
    /// # Errors
    /// Why to stop.
    pub fn check(&self) -> Result<(), StopReason> {
        let limits = &self.control.limits;
        if self.control.stop.is_raised() {
            Err(StopReason::Interrupted)
        } else if self.iterations >= self.max_iterations {
            Err(StopReason::IterationLimit)
        } else if limits.evaluations.is_some_and(|most| self.counts.total() >= most) {
            Err(StopReason::EvaluationLimit)
        } else if limits.seconds.is_some_and(|most| self.seconds() >= most) {
            Err(StopReason::TimeLimit)
        } else {
            Ok(())
        }
    }

    /// As [`Meter::check`] without the iteration limit: between trial points of one iteration.
    ///
    /// # Errors
    /// Why to stop.
    pub fn check_inside(&self) -> Result<(), StopReason> {
        match self.check() {
            Err(StopReason::IterationLimit) => Ok(()),
            other => other,
        }
    }

    /// Whether `wanted` bytes may be taken.
    ///
    /// # Errors
    /// [`SetupError::Memory`] above the limit.
    pub fn check_memory(&self, wanted: usize) -> Result<(), SetupError> {
        match self.control.limits.bytes {
            Some(limit) if wanted > limit => Err(SetupError::Memory { wanted, limit }),
            _ => Ok(()),
        }
    }

    /// Shows a row to the observer, stamped with iteration and time.
    pub fn trace(&mut self, row: TraceRow) {
        let row = TraceRow { iteration: self.iterations, seconds: self.seconds(), ..row };
        self.control.trace.row(&row);
    }
}
