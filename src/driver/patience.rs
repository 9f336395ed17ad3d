//! How long the judge goes on when the user wants to stop.
//!
//! Takes the flag that a signal raises; says when the judge should give up. Deliberately absent: limits of the methods,
//! which look at the flag themselves.

use crate::problem::StopFlag;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Time to judge the best point of an interrupted run.
pub const AFTER_A_SIGNAL: Duration = Duration::from_secs(1);

/// A flag, and the time that is left once it is raised.
pub struct Patience {
    stop: StopFlag,
    time: Duration,
    since: OnceLock<Instant>,
    lost: AtomicBool,
}

impl Patience {
    /// Lasts until `stop` has been seen raised for `time`.
    pub fn new(stop: StopFlag, time: Duration) -> Self {
        Self { stop, time, since: OnceLock::new(), lost: AtomicBool::new(false) }
    }

    /// Whether it is over; from then on it stays so.
    pub fn is_over(&self) -> bool {
        if self.stop.is_raised() && self.since.get_or_init(Instant::now).elapsed() >= self.time {
            self.lost.store(true, Ordering::Relaxed);
        }
        self.was_lost()
    }

    /// Whether anyone was told that it is over.
    pub fn was_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}
