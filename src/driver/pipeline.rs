//! Several runs in one session: what is left of the limits, and whose point is kept.
//!
//! Takes the answers of runs with the judge's verdicts; says which of two is to be kept, and what a `solve` line came to.
//! A certified answer takes the place of the one it began from; what proves nothing does so unless it is worse.
//! Deliberately absent: the single run, and judging it.

use super::report::SolveReport;
use super::route::route;
use super::run;
use super::runs::{Runner, Runs};
use super::solve::{Bound, refused};
use crate::base::Span;
use crate::diag::Reports;
use crate::diag::codes::limit::LimitError;
use crate::ir::model::{Solve, Stage};
use crate::problem::verify::tolerance::{INTEGRALITY, violation_at};
use crate::problem::{Bounds, Candidate, Limits, Oracle, Status, StopFlag, StopReason, Verdict};
use std::time::Instant;

/// Objectives that differ by less, relative to their size, are equal.
const SAME: f64 = 1e-9;

/// One `solve`: where it stands, and its stages; `None` lets the router choose.
pub struct Line<'m> {
    /// The line, unless nothing in the model asks for it.
    pub at: Option<Span>,
    /// At least one.
    pub stages: Vec<Option<&'m Stage>>,
}

/// The lines of a model; one without a stage when it has none, or when the command line names the method.
pub fn lines(solves: &[Solve], one: bool) -> Vec<Line<'_>> {
    if one || solves.is_empty() {
        return vec![Line { at: None, stages: vec![None] }];
    }
    fn stages(solve: &Solve) -> Vec<Option<&Stage>> {
        if solve.stages.is_empty() { vec![None] } else { solve.stages.iter().map(Some).collect() }
    }
    solves.iter().map(|solve| Line { at: Some(solve.at), stages: stages(solve) }).collect()
}

impl Runner<'_> {
    /// Asks every stage whether it takes the problem, before the first one runs.
    ///
    /// # Errors
    /// All refusals.
    pub(super) fn refuse_stages(&self, bound: &Bound, lines: &[Line<'_>]) -> Result<(), Reports> {
        let stages: Vec<&Stage> = lines.iter().flat_map(|line| &line.stages).copied().flatten().collect();
        let mut reports = Reports::new();
        for stage in &stages {
            match route(&bound.facts, Some(&stage.method)) {
                Err((row, refusal)) => reports.extend(refused(bound, row, refusal, Some(stage.at))),
                Ok(choice) => {
                    if let Err(error) = run::options(choice.row, Some(stage), self.setup, stages.len() == 1) {
                        reports.push(error);
                    }
                }
            }
        }
        if stages.len() > 1 {
            let takes = |name: &str| {
                let mut rows = stages.iter().filter_map(|stage| crate::solve::find(&stage.method));
                rows.any(|row| row.options.iter().any(|option| option.name == name))
            };
            for (name, _) in self.setup.any_options.iter().filter(|(name, _)| !takes(name)) {
                let reason = "no method of the model's `solve` lines has such an option".into();
                reports.push(LimitError::BadArgument { argument: format!("option `{name}`"), reason, help: None });
            }
        }
        if reports.is_empty() { Ok(()) } else { Err(reports) }
    }

    /// Runs the stages of one `solve`, each from where the one before left off.
    ///
    /// # Errors
    /// Why the first run of the session could not begin.
    pub(super) fn line(&mut self, state: &mut Runs<'_>, line: &Line<'_>) -> Result<(), Reports> {
        let first = state.runs.len();
        let mut not_run: Vec<String> = Vec::new();
        let mut reason = None;
        for stage in &line.stages {
            reason = reason.or_else(|| state.used.over(&self.setup.limits, &self.setup.stop));
            if reason.is_some() {
                not_run.push(stage.map_or_else(|| "`solve`".to_string(), |s| format!("`{}`", s.method)));
                continue;
            }
            let at = stage.map_or(line.at, |s| Some(s.at));
            match self.stage(state, *stage, at) {
                // What went before is not lost because of what cannot begin.
                Err(reports) if state.kept.is_some() => {
                    let why = reports.messages().first().map_or_else(String::new, |m| m.title.clone());
                    state.note(format!("a stage was left out: {why}"));
                }
                other => other?,
            }
        }
        if let Some(reason) = reason {
            let verb = if not_run.len() == 1 { "was" } else { "were" };
            state.note(format!("{} {verb} not run because of {}", not_run.join(", "), words(reason)));
        }
        let place = line.at.map(|at| self.sources.place(at));
        let own = first..state.runs.len();
        let last = state.runs[own.clone()].last().map(|run| run.status);
        let Some(kept) = &state.kept else { crate::bug!("the first stage is always run") };
        let solve = outcome(place, own, last, kept, reason.is_some());
        let objective = state.bound.in_users_sense(kept.candidate.objective);
        state.solves.push(SolveReport { objective, ..solve });
        Ok(())
    }
}

/// How good a point is, by the numbers of the compiled problem: enough to choose, not to judge.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Worth {
    /// Largest violation, as a multiple of what the judge allows there.
    pub violation: f64,
    /// First objective, minimised.
    pub objective: f64,
}

impl Worth {
    /// Of the point `x` of the compiled problem; the worst there is where a function has no value.
    pub fn of(oracle: &dyn Oracle, x: &[f64]) -> Self {
        let shape = oracle.shape();
        let none = Self { violation: f64::INFINITY, objective: f64::INFINITY };
        let mut ws = oracle.workspace();
        let mut rows = vec![0.0; shape.n_cons];
        ws.set_point(x);
        if oracle.constraints(&mut ws, &mut rows).is_err() {
            return none;
        }
        let objective = if shape.n_objectives == 0 { Ok(0.0) } else { oracle.objective(&mut ws, 0) };
        let Ok(objective) = objective else { return none };
        let whole = |j: usize| if shape.integer[j] { (x[j] - x[j].round()).abs() / INTEGRALITY } else { 0.0 };
        let fractions = (0..x.len()).map(whole).fold(0.0, f64::max);
        let violation = worst(&shape.rows, &rows).max(worst(&shape.vars, x)).max(fractions);
        Self { violation, objective: objective + shape.l1_term(x) }
    }

    fn is_feasible(self) -> bool {
        self.violation <= 1.0
    }

    /// Whether it is better by more than rounding.
    fn beats(self, other: Self) -> bool {
        match (self.is_feasible(), other.is_feasible()) {
            (true, false) => true,
            (false, true) => false,
            (false, false) => self.violation < 0.99 * other.violation,
            (true, true) => self.objective < other.objective - SAME * other.objective.abs().max(1.0),
        }
    }
}

fn worst(bounds: &Bounds, values: &[f64]) -> f64 {
    let relative = |i: usize| {
        let excess = bounds.excess(i, values[i]);
        let end = if excess > 0.0 { bounds.upper[i] } else { bounds.lower[i] };
        excess.abs() / if end.is_finite() { violation_at(end) } else { violation_at(0.0) }
    };
    (0..bounds.len()).map(relative).fold(0.0, f64::max)
}

/// The answer of a run.
#[derive(Clone)]
pub struct Kept {
    /// In the problem's own variables.
    pub candidate: Candidate,
    /// In the variables of the compiled problem.
    pub compiled: Candidate,
    /// What the judge says.
    pub verdict: Verdict,
    /// Which run it is of, from 0.
    pub run: usize,
}

/// Whether the answer that a run began from gives way to the run's own: the status and the worth of each.
pub fn gives_way(old: (Status, Worth), new: (Status, Worth)) -> bool {
    let ((old, was), (new, is)) = (old, new);
    match (old, new) {
        (_, Status::GlobalOptimum | Status::Unbounded) => true,
        (Status::GlobalOptimum, _) => false,
        _ if new.is_optimal() => !(old.is_optimal() && was.beats(is)),
        _ if says_infeasible(new) => !was.is_feasible(),
        _ if says_infeasible(old) => is.is_feasible(),
        _ if old.is_optimal() => is.beats(was),
        _ => !was.beats(is),
    }
}

fn says_infeasible(status: Status) -> bool {
    matches!(status, Status::Infeasible | Status::ClaimedInfeasible | Status::LocallyInfeasible)
}

/// What the runs of a session have used up.
pub struct Used {
    since: Instant,
    iterations: u64,
    evaluations: u64,
    any: bool,
}

impl Used {
    /// Nothing yet; the clock starts.
    pub fn nothing() -> Self {
        Self { since: Instant::now(), iterations: 0, evaluations: 0, any: false }
    }

    /// Adds a run.
    pub fn add(&mut self, candidate: &Candidate) {
        self.iterations += candidate.iterations;
        self.evaluations += candidate.counts.total();
        self.any = true;
    }

    /// What the next run may use.
    pub fn left(&self, of: &Limits) -> Limits {
        Limits {
            seconds: of.seconds.map(|most| (most - self.since.elapsed().as_secs_f64()).max(0.0)),
            iterations: of.iterations.map(|most| most.saturating_sub(self.iterations)),
            evaluations: of.evaluations.map(|most| most.saturating_sub(self.evaluations)),
            bytes: of.bytes,
        }
    }

    /// Why no further run may begin. The first one always may, so that there is a point.
    pub fn over(&self, limits: &Limits, stop: &StopFlag) -> Option<StopReason> {
        let left = self.left(limits);
        match left {
            _ if !self.any => None,
            _ if stop.is_raised() => Some(StopReason::Interrupted),
            Limits { iterations: Some(0), .. } => Some(StopReason::IterationLimit),
            Limits { evaluations: Some(0), .. } => Some(StopReason::EvaluationLimit),
            Limits { seconds: Some(seconds), .. } if seconds <= 0.0 => Some(StopReason::TimeLimit),
            _ => None,
        }
    }
}

/// What one `solve` came to. `own` are its runs and `last` the status of the last of them; `not_run` says that a limit kept
/// stages from being run.
pub fn outcome(
    place: Option<String>,
    own: std::ops::Range<usize>,
    last: Option<Status>,
    kept: &Kept,
    not_run: bool,
) -> SolveReport {
    // Where the point of an earlier line stays, this line still came to what its own runs came to.
    let found = if own.contains(&kept.run) { kept.verdict.status } else { last.unwrap_or(Status::LimitReached) };
    let is_certified =
        found.is_optimal() || matches!(found, Status::Infeasible | Status::LocallyInfeasible | Status::Unbounded);
    SolveReport {
        place,
        kept: Some(kept.run),
        status: if not_run && !is_certified { Status::LimitReached } else { found },
        runs: own.collect(),
        objective: f64::NAN,
    }
}

/// Why a run ended, for a note.
pub fn words(reason: StopReason) -> &'static str {
    match reason {
        StopReason::TimeLimit => "the time limit",
        StopReason::IterationLimit => "the iteration limit",
        StopReason::EvaluationLimit => "the evaluation limit",
        _ => "an interruption",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certified_answer_counts_and_a_failed_one_must_be_better() {
        use Status::*;
        // (before, after, whether the later one is kept): status, violation, objective.
        let cases = [
            ((BestFound, 0.0, 1.0), (LocalOptimum, 0.0, 2.0), true),
            ((LocalOptimum, 0.0, 1.0), (LocalOptimum, 0.0, 2.0), false),
            ((LocalOptimum, 0.0, 1.0), (LocalOptimum, 0.0, 1.0), true),
            ((ClaimedOptimum, 0.0, 1.0), (LocalOptimum, 0.0, 2.0), false),
            ((LocalOptimum, 0.0, 1.0), (GlobalOptimum, 0.0, 1.0 + 1e-8), true),
            ((GlobalOptimum, 0.0, 1.0 + 1e-8), (LocalOptimum, 0.0, 1.0), false),
            ((LocalOptimum, 0.0, 1.0), (BestFound, 0.0, 1.0 - 1e-12), false),
            ((LocalOptimum, 0.0, 1.0), (BestFound, 0.0, 0.5), true),
            ((LocalOptimum, 0.0, 1.0), (NumericalFailure, 5.0, -9.0), false),
            ((FeasibleNotCertified, 0.0, 1.0), (LocallyInfeasible, 5.0, -9.0), false),
            ((LimitReached, 9.0, 1.0), (Infeasible, 20.0, 0.0), true),
            ((Infeasible, 9.0, 1.0), (NumericalFailure, 2.0, 0.0), false),
            ((LocallyInfeasible, 9.0, 1.0), (LimitReached, 0.5, 0.0), true),
            ((LimitReached, 0.0, 1.0), (LimitReached, 0.0, 1.0), true),
            ((LimitReached, 0.0, 1.0), (NumericalFailure, f64::INFINITY, f64::INFINITY), false),
            ((LimitReached, 0.0, 1.0), (Unbounded, 0.0, -1e21), true),
        ];
        for (before, after, expected) in cases {
            let [old, new] =
                [before, after].map(|(status, violation, objective)| (status, Worth { violation, objective }));
            assert_eq!(gives_way(old, new), expected, "{before:?} {after:?}");
        }
    }
}
