//! Ctrl-C and SIGTERM: the first asks the run to end with its best point, the second ends the process.
//! Before a run has its first point there is none to lose, and the first signal ends the process.

use crate::problem::StopFlag;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Exit status of a process that a second signal ended, as shells report a SIGINT.
const KILLED: i32 = 130;

/// A flag that both signals raise, and one that says that there is no point yet: whoever runs lowers it.
pub fn stop_on_signals() -> (StopFlag, Arc<AtomicBool>) {
    let stop = StopFlag::default();
    let idle = Arc::new(AtomicBool::new(true));
    for signal in [SIGINT, SIGTERM] {
        // The order matters: a signal that finds the flag raised ends the process, else it raises it.
        let early = flag::register_conditional_shutdown(signal, KILLED, Arc::clone(&idle));
        let second = flag::register_conditional_shutdown(signal, KILLED, stop.handle());
        let first = flag::register(signal, stop.handle());
        if early.is_err() || second.is_err() || first.is_err() {
            super::output::note("optc: note: signals cannot be handled here; Ctrl-C loses the best point\n");
        }
    }
    (stop, idle)
}
