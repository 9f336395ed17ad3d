//! How a run is bounded, watched and stopped from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::candidate::StopReason;

/// A flag that any thread or signal handler may raise to end a run at its next check.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Shares a flag made elsewhere (`signal_hook::flag::register` wants such an `Arc`).
    pub fn shared(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }

    /// The flag itself, for a signal handler.
    pub fn handle(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Asks the run to end.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was raised.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Bounds of one run. Absent means unbounded, except for iterations, where each method has its own default.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Limits {
    /// Seconds of wall-clock time.
    pub seconds: Option<f64>,
    /// Iterations; overrides the method's `max_iter`.
    pub iterations: Option<u64>,
    /// Evaluations of any function, see [`super::Counts::total`].
    pub evaluations: Option<u64>,
    /// Bytes the method may take before its loop.
    pub bytes: Option<usize>,
}

/// One line of the iteration table. Absent entries mean that the method has no such number.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct TraceRow {
    /// Iteration number; row 0 is the start.
    pub iteration: u64,
    /// Objective, minimised and unscaled.
    pub objective: f64,
    /// Largest violation of a row or bound, unscaled.
    pub primal_infeasibility: f64,
    /// Largest entry of the gradient of the Lagrangian (or of the projected gradient).
    pub dual_infeasibility: f64,
    /// Barrier parameter.
    pub mu: Option<f64>,
    /// Length of the primal step direction, largest entry.
    pub step: Option<f64>,
    /// Primal step length.
    pub alpha_primal: Option<f64>,
    /// Dual step length.
    pub alpha_dual: Option<f64>,
    /// What was added to the Hessian to correct the inertia.
    pub regularization: Option<f64>,
    /// Trial points of the line search.
    pub trials: u32,
    /// A letter that says what kind of step it was; the method's documentation explains it.
    pub mark: char,
    /// Seconds since the run began.
    pub seconds: f64,
}

/// Who watches a run.
pub trait TraceSink: Send {
    /// Called once per iteration, in order.
    fn row(&mut self, row: &TraceRow);
}

/// Rows are kept.
impl TraceSink for Vec<TraceRow> {
    fn row(&mut self, row: &TraceRow) {
        self.push(*row);
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl TraceSink for Silent {
    fn row(&mut self, _row: &TraceRow) {}
}

/// Limits, stop flag, seed and observer of one run.
pub struct Control {
    /// Bounds of the run.
    pub limits: Limits,
    /// Raised from outside to end it.
    pub stop: StopFlag,
    /// Where random numbers come from.
    pub seed: u64,
    /// Who watches.
    pub trace: Box<dyn TraceSink>,
}

impl Default for Control {
    fn default() -> Self {
        Self { limits: Limits::default(), stop: StopFlag::default(), seed: 0, trace: Box::new(Silent) }
    }
}

/// How much a call of [`super::Solver::step`] may do before it pauses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Budget {
    /// Until it is done.
    Unlimited,
    /// So many iterations.
    Iterations(u64),
}

/// What a call of [`super::Solver::step`] came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// The budget is used up; call again.
    Paused,
    /// The run has ended.
    Done(StopReason),
}
