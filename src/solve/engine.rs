//! Engines: methods of other crates, whose state cannot be taken out of them.
//!
//! Takes an [`Engine`] that runs from the beginning up to a given iteration, gives a [`Solver`]. Engines are deterministic, so
//! the number of iterations done is all of a paused run's state: going on runs the engine again to where it was paused, and
//! further. The iterates are the same; the time is spent again. An unpaused run pays nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::limits::Meter;
use crate::problem::{Budget, Candidate, Counts, Progress, SetupError, Snapshot, Solver, StopReason, TraceRow};

/// Layout of the saved state.
const LAYOUT: u32 = 1;

/// A method of another crate.
pub trait Engine: Send {
    /// Its name in the registry.
    fn name(&self) -> &'static str;

    /// Where it stands before its first iteration.
    fn start(&self) -> Candidate;

    /// Runs from the beginning, for at most `cap` iterations, and gives the point where it stands. The candidate's `stop` is
    /// [`StopReason::Running`] when `cap` ended the run. The end of other limits is asked of `watch`.
    fn run(&mut self, cap: u64, watch: &Watch) -> Candidate;
}

/// Limits and observer of a run, shared with what an engine calls back.
#[derive(Clone)]
pub struct Watch {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    meter: Meter,
    /// Rows shown so far: those of a run that is done again are not shown again.
    shown: u64,
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first limit that is reached after so many iterations, the iteration limit left out.
    ///
    /// # Errors
    /// Why to stop.
    pub fn check(&self, iterations: u64) -> Result<(), StopReason> {
        let mut inner = self.lock();
        inner.meter.iterations = iterations;
        inner.meter.check_inside()
    }

    /// As [`Watch::check`], beside the run: iterations are not counted.
    ///
    /// # Errors
    /// Why to stop.
    pub fn check_aside(&self) -> Result<(), StopReason> {
        self.lock().meter.check_inside()
    }

    /// Most iterations.
    pub fn max_iterations(&self) -> u64 {
        self.lock().meter.max_iterations()
    }

    /// Seconds left, when there is a limit.
    pub fn seconds_left(&self) -> Option<f64> {
        let inner = self.lock();
        inner.meter.seconds_limit().map(|limit| (limit - inner.meter.seconds()).max(0.0))
    }

    /// Shows the row of an iteration once.
    pub fn trace(&self, iteration: u64, row: TraceRow) {
        let mut inner = self.lock();
        if iteration >= inner.shown {
            inner.shown = iteration + 1;
            inner.meter.iterations = iteration;
            inner.meter.trace(row);
        }
    }
}

/// An engine as a [`Solver`].
pub struct Replayed<E> {
    engine: E,
    watch: Watch,
    best: Candidate,
    iterations: u64,
    done: Option<StopReason>,
}

impl<E: Engine> Replayed<E> {
    /// A run of `engine`, or what is left of the one that `resume` was saved from.
    ///
    /// # Errors
    /// When `resume` is of another method.
    pub fn new(engine: E, mut meter: Meter, resume: Option<&Snapshot>) -> Result<Self, SetupError> {
        let (mut iterations, mut shown) = (0, 0);
        if let Some(snapshot) = resume {
            let mut words = snapshot.read(engine.name(), LAYOUT)?;
            iterations = words.take()?;
            shown = words.take()?;
            meter.resume(words.take_real()?, iterations, Counts::default());
        }
        let best = engine.start();
        let watch = Watch { inner: Arc::new(Mutex::new(Inner { meter, shown })) };
        Ok(Self { engine, watch, best, iterations, done: None })
    }
}

impl<E: Engine> Solver for Replayed<E> {
    fn step(&mut self, budget: Budget) -> Progress {
        if let Some(reason) = self.done {
            return Progress::Done(reason);
        }
        let cap = match budget {
            Budget::Unlimited => u64::MAX,
            Budget::Iterations(0) => return Progress::Paused,
            Budget::Iterations(count) => self.iterations.saturating_add(count),
        };
        if let Err(reason) = self.watch.check(self.iterations) {
            self.best.stop = reason;
            self.done = Some(reason);
            return Progress::Done(reason);
        }
        self.best = self.engine.run(cap, &self.watch);
        self.iterations = self.best.iterations;
        self.best.seconds = self.watch.lock().meter.seconds();
        match self.best.stop {
            StopReason::Running => Progress::Paused,
            reason => {
                self.done = Some(reason);
                Progress::Done(reason)
            }
        }
    }

    fn best(&self) -> Candidate {
        self.best.clone()
    }

    fn save(&self) -> Snapshot {
        let mut snapshot = Snapshot::new(self.engine.name(), LAYOUT);
        let inner = self.watch.lock();
        snapshot.put(self.iterations);
        snapshot.put(inner.shown);
        snapshot.put_real(inner.meter.seconds());
        snapshot
    }
}
