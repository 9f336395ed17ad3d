//! Other methods, after the router's choice came to no certified answer.
//!
//! Takes the runs so far, adds the run of a method that proves more, or a note of those that were tried. Which methods they are
//! stands in [`super::route::after`]. Deliberately absent: methods that were asked for; they are never replaced.

use super::report::Run;
use super::route::{Choice, after, route};
use super::runs::{Runner, Runs};
use crate::base::Span;
use crate::num::random::Stream;
use crate::problem::{Oracle, Shape, Status, StopReason};

impl Runner<'_> {
    /// What the router's choice left unproved, another method may prove; if none does, the first answer stays.
    pub(super) fn try_others(&mut self, state: &mut Runs<'_>, at: Option<Span>) {
        let Some(first) = state.runs.last() else { return };
        let (n_runs, name, is_saddle) = (state.runs.len(), first.method.clone(), first.is_saddle());
        if !(is_saddle || self.is_unproved(first)) {
            return;
        }
        let mut tried = Vec::new();
        // Of the others only this one looks for the way down from a saddle.
        let fits = |other: &&str| !is_saddle || *other == "newton_trust_region";
        for other in after(&state.bound.facts, &name).into_iter().filter(fits) {
            let Ok(choice) = route(&state.bound.facts, Some(other)) else { continue };
            let choice = Choice { reason: format!("`{name}` came to no certified answer"), ..choice };
            // From the model's own start: what is not certified may be far off. A saddle is where to leave it from.
            let before = state.kept.clone();
            state.kept = state.kept.take().filter(|_| is_saddle);
            if let Some(kept) = &mut state.kept {
                step_aside(&mut kept.compiled.x, state.bound.oracle.shape());
            }
            let ran = self.run_choice(state, choice, None, at);
            let proves = |run: &Run| !run.is_saddle() && !self.is_unproved(run);
            let proved = state.runs.get(n_runs).is_some_and(proves);
            if ran.is_ok() && proved {
                return;
            }
            state.runs.truncate(n_runs);
            state.kept = before;
            tried.push(format!("`{other}`"));
        }
        if let Some((last, others)) = tried.split_last() {
            let names = if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) };
            let was = if others.is_empty() { "was" } else { "were" };
            state.note(format!("{names} {was} tried after it, and came to no certified answer either"));
        }
    }

    /// Whether a run ended without an answer that the judge certifies, and no limit that was asked for is the reason.
    fn is_unproved(&self, run: &Run) -> bool {
        match run.status {
            Status::NumericalFailure | Status::FeasibleNotCertified => true,
            Status::LimitReached => {
                let any = self.setup.any_options.iter().map(|(name, _)| name.as_str());
                let mut named = self.setup.options.iter().map(|asked| asked.option).chain(any);
                let asked = self.setup.limits.iterations.is_some() || named.any(|option| option == "max_iter");
                run.stop == StopReason::IterationLimit && !asked
            }
            _ => false,
        }
    }
}

/// At a saddle itself no slope shows the way down.
fn step_aside(x: &mut [f64], shape: &Shape) {
    let mut stream = Stream::new(1, 23);
    for (j, x) in x.iter_mut().enumerate() {
        let step = 1e-3 * x.abs().max(1.0) * stream.uniform(-1.0, 1.0);
        *x = (*x + step).max(shape.vars.lower[j]).min(shape.vars.upper[j]);
    }
}
