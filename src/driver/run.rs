//! One run of one method, from the request to the judge's verdict.

use super::method_option;
use super::report::{EvidenceLine, Run};
use super::route::Choice;
use super::session::Setup;
use crate::base::Name;
use crate::bridge::Back;
use crate::diag::codes::limit::LimitError;
use crate::ir::model::{OptionValue as Written, Stage};
use crate::problem::verify::tolerance::GAP;
use crate::problem::{
    Candidate, Control, CurvatureEvidence, Evidence, Fall, Limits, MethodRow, OptionSet, Program, Request, Schedule,
    ScheduleShape, Site, TraceRow, TraceSink, Verdict, WarmStart,
};
use crate::solve::options::{Given, OptionProblem, wants};
use crate::solve::parse_options;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Rows are kept for the report and shown as they come. The first one is the first point that a signal could lose.
struct Tee {
    idle: Arc<AtomicBool>,
    kept: Arc<Mutex<Vec<TraceRow>>>,
    live: Option<Arc<Mutex<dyn TraceSink>>>,
}

impl TraceSink for Tee {
    fn row(&mut self, row: &TraceRow) {
        self.idle.store(false, Ordering::Relaxed);
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(*row);
        if let Some(live) = &self.live {
            live.lock().unwrap_or_else(std::sync::PoisonError::into_inner).row(row);
        }
    }
}

/// A candidate with the iterations that led to it.
pub struct Ran {
    /// The method's answer.
    pub candidate: Candidate,
    /// Its iterations.
    pub trace: Vec<TraceRow>,
}

/// Runs a method to its end within `limits`. `live` watches.
///
/// # Errors
/// When the run could not begin: memory, empty bounds, a size beyond what the method takes.
pub fn run(
    choice: &Choice,
    (program, back): (Program, &Back),
    options: OptionSet,
    (setup, limits): (&Setup, Limits),
    warm: Option<WarmStart>,
    live: Option<Arc<Mutex<dyn TraceSink>>>,
) -> Result<Ran, crate::problem::SetupError> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let mut request = Request::new(choice.row, program);
    request.options = options;
    request.warm = warm.as_ref().and_then(|start| back.forward(start));
    let lost = warm.is_some() && request.warm.is_none();
    request.control = Control {
        limits,
        stop: setup.stop.clone(),
        seed: setup.seed,
        trace: Box::new(Tee { idle: Arc::clone(&setup.idle), kept: Arc::clone(&kept), live }),
    };
    let mut solver = (choice.row.make)(request)?;
    let mut candidate = back.recover(solver.run());
    candidate.start_unused |= lost;
    setup.idle.store(false, Ordering::Relaxed);
    drop(solver);
    let trace = std::mem::take(&mut *kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    Ok(Ran { candidate, trace })
}

/// The options of a run: the method's defaults, what the model's stage says, then `--set METHOD.OPTION`, then those of any method,
/// then `--tol`. `alone` says that it is the only
/// run of the session.
///
/// # Errors
/// What of the command line the method does not take; the model's own options were checked by `sema`.
pub fn options(
    row: &'static MethodRow,
    stage: Option<&Stage>,
    setup: &Setup,
    alone: bool,
) -> Result<OptionSet, LimitError> {
    let mut given: Vec<(&str, Given)> = Vec::new();
    let mut replace = |name, value| {
        given.retain(|(earlier, _)| *earlier != name);
        given.push((name, value));
    };
    for (name, _, value) in stage.map_or(&[][..], |s| &s.options) {
        // `--tol` stands in place of the model's own.
        if !(setup.tol.is_some() && &**name == "tol") {
            replace(name, as_given(value));
        }
    }
    for asked in method_option::of(&setup.options, row) {
        replace(asked.option, asked.value.clone());
    }
    // Beside others in a pipeline, a method without an option goes without.
    let has = |wanted: &str| row.options.iter().any(|option| option.name == wanted);
    let any = setup.any_options.iter().filter(|(name, _)| alone || has(name));
    given.retain(|(name, _)| setup.any_options.iter().all(|(wanted, _)| wanted != name));
    given.extend(any.map(|(name, value)| (name.as_str(), value.clone())));
    let takes_tol = alone || has("tol");
    let own_tol = given.iter().any(|(name, _)| *name == "tol");
    if let Some(tol) = setup.tol.filter(|_| takes_tol && !own_tol) {
        given.push(("tol", Given::number(tol)));
    }
    let names: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
    parse_options(row, given).map_err(|problems| {
        let (at, problem) = &problems[0];
        let reason = match problem {
            OptionProblem::OutOfRange { row, .. } | OptionProblem::WrongKind(row) => {
                format!("it must be {}", wants(row))
            }
            OptionProblem::Unknown => format!("`{}` has no such option", row.name),
            OptionProblem::Repeated => "it is given twice".into(),
        };
        if setup.any_options.iter().all(|(name, _)| name != names[*at]) {
            return LimitError::BadArgument { argument: "--tol".into(), reason, help: None };
        }
        let known = row.options.iter().map(|option| option.name).collect::<Vec<_>>().join(", ");
        let help = Some(format!("the options of `{}` are {known}", row.name));
        LimitError::BadArgument { argument: format!("option `{}`", names[*at]), reason, help }
    })
}

fn as_given(value: &Written) -> Given {
    match value {
        Written::Number(number) => Given::number(*number),
        Written::Word(word) => Given::from_text(word),
        Written::Call(name, args) => Given::Schedule(schedule(name, args)),
    }
}

/// `cosine(1e-2, warmup = 100)`: the first unnamed number is the peak.
fn schedule(name: &str, args: &[(Option<Name>, Written)]) -> Schedule {
    let number = |wanted: Option<&str>, or: f64| {
        args.iter()
            .find_map(|(given, value)| match value {
                Written::Number(v) if given.as_deref() == wanted => Some(*v),
                _ => None,
            })
            .unwrap_or(or)
    };
    let shape = match name {
        "cosine" => ScheduleShape::Cosine,
        "linear" => ScheduleShape::Linear,
        "exponential" => ScheduleShape::Exponential(number(Some("factor"), 0.9)),
        _ => ScheduleShape::Constant,
    };
    Schedule { shape, peak: number(None, 1.0), warmup: number(Some("warmup"), 0.0) as u64 }
}

/// The part of the report about one run.
pub fn describe(choice: &Choice, ran: Ran, verdict: &Verdict, objective: f64, name: &dyn Fn(Site) -> String) -> Run {
    let Ran { candidate, trace } = ran;
    Run {
        method: candidate.method.clone(),
        reason: choice.reason.clone(),
        status: verdict.status,
        stop: candidate.stop,
        evidence: evidence(&verdict.evidence, name),
        notes: Vec::new(),
        objective,
        iterations: candidate.iterations,
        counts: candidate.counts,
        seconds: candidate.seconds,
        trace,
    }
}

fn evidence(found: &Evidence, name: &dyn Fn(Site) -> String) -> Vec<EvidenceLine> {
    let parts = [
        ("violation", found.violation),
        ("integrality", found.integrality),
        ("stationarity", found.stationarity),
        ("complementarity", found.complementarity),
        // Feasible points have nothing to pay for.
        ("price of violation", found.price.filter(|price| price.value > 0.0)),
        // Most optima leave nothing to speak of.
        ("possible gain", found.gain.filter(|gain| gain.value > 1e-3 * gain.allowed)),
        ("infeasibility", found.infeasibility),
    ];
    let mut lines: Vec<EvidenceLine> = parts
        .into_iter()
        .filter_map(|(what, worst)| worst.map(|w| (what, w)))
        .map(|(what, worst)| EvidenceLine {
            what: what.into(),
            value: worst.value,
            allowed: worst.allowed,
            holds: worst.holds(),
            at: (worst.value > 0.0).then(|| name(worst.at)),
        })
        .collect();
    if let Some(value) = found.nearby {
        lines.push(EvidenceLine {
            what: "better at a point nearby, by".into(),
            value,
            allowed: 0.0,
            holds: false,
            at: None,
        });
    }
    if let Some(Fall { rate, distance }) = found.fall {
        for (what, value) in [("rate of fall", rate), ("distance followed", distance)] {
            lines.push(EvidenceLine { what: what.into(), value, allowed: 0.0, holds: true, at: None });
        }
    }
    if let Some(gap) = found.gap {
        let (what, holds) = ("gap to the bound the method claims".into(), gap.abs() <= GAP);
        lines.push(EvidenceLine { what, value: gap, allowed: GAP, holds, at: None });
    }
    if found.curvature == Some(CurvatureEvidence::Everywhere) {
        let what = "negative eigenvalues of the constant Hessian".into();
        lines.push(EvidenceLine { what, value: 0.0, allowed: 0.0, holds: true, at: None });
    }
    if let Some(CurvatureEvidence::Smallest { value, allowed }) = found.curvature {
        let holds = value >= allowed;
        lines.push(EvidenceLine { what: "curvature".into(), value, allowed, holds, at: None });
    }
    if let Some(CurvatureEvidence::Inertia { negative }) = found.curvature {
        let (value, holds) = (negative as f64, negative == 0);
        lines.push(EvidenceLine { what: "negative curvature".into(), value, allowed: 0.0, holds, at: None });
    }
    lines
}
