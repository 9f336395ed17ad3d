//! Runs of methods on a bound problem: what its `solve` lines ask for, each answer judged.
//!
//! Takes a bound problem and wishes; gives the runs and the answer that is kept. The command line and the library solve by this
//! alone, so that both come to the same answer.
//! Deliberately absent: texts and data, reports, and which of two answers is the better one ([`super::pipeline`]).

use super::blame::{self, When};
use super::judge::Judge;
use super::method_option::MethodOption;
use super::patience::{self, Patience};
use super::pipeline::{self, Kept, Used, Worth, gives_way};
use super::report::{Run, SolveReport, Timing};
use super::route::{Choice, route};
use super::run;
use super::session::Setup;
use super::solve::{Bound, Live, recovered, refused, setup_failed};
use super::watch::{Failure, Watched};
use crate::base::Span;
use crate::bridge;
use crate::diag::codes::class::ClassError;
use crate::diag::codes::limit::LimitError;
use crate::diag::{Reports, Sources};
use crate::ir::model::Stage;
use crate::problem::verify::{interrupted, verify};
use crate::problem::{
    Candidate, Degree, Form, Limits, Nlp, OptionSet, Oracle, Place, ProblemFacts, SetupError, Site, Status, Verdict,
    WarmStart,
};
use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Instant;

/// Runs methods as a [`Setup`] says.
pub struct Runner<'s> {
    pub(super) setup: &'s Setup,
    pub(super) sources: &'s Sources,
    /// Seconds of the stages so far, in order.
    pub timings: Vec<Timing>,
}

/// What is wanted of the runs beside methods and limits.
#[derive(Default)]
pub struct Wishes {
    /// Where the first run begins, in the variables of the compiled problem; at the model's own start if not said.
    pub first: Option<WarmStart>,
    /// Who watches.
    pub live: Live,
    /// Whether answers are judged by the compiled functions where these are the problem's own, not by the interpreter.
    pub quick: bool,
    /// Whether only the answer is wanted: places have no names then, and nothing is said about failed evaluations.
    pub silent: bool,
}

/// What the runs came to.
pub struct Ended {
    /// One for each stage of each `solve`.
    pub runs: Vec<Run>,
    /// One for each `solve`.
    pub solves: Vec<SolveReport>,
    /// Numerical blame and other remarks, warnings of the model before them.
    pub remarks: Reports,
    /// The answer.
    pub kept: Kept,
}

impl<'s> Runner<'s> {
    /// Speaks of places in `sources`.
    pub fn new(setup: &'s Setup, sources: &'s Sources) -> Self {
        Self { setup, sources, timings: Vec::new() }
    }

    /// Runs what the model's `solve` lines ask for, or the method of the setup.
    ///
    /// # Errors
    /// When no method takes the problem, or a run could not begin.
    pub fn run(&mut self, bound: &Bound, wishes: Wishes) -> Result<Ended, Reports> {
        refuse_what_is_not_built(bound)?;
        let one = self.setup.method.is_some();
        let lines = pipeline::lines(&bound.checked.solves, one);
        self.refuse_stages(bound, &lines)?;
        let alone = lines.iter().map(|line| line.stages.len()).sum::<usize>() == 1;
        let mut state = Runs::new(bound, self.setup, wishes, alone);
        for line in &lines {
            self.line(&mut state, line)?;
        }
        let idle = |asked: &&MethodOption| state.runs.iter().all(|run| run.method != asked.method);
        for asked in self.setup.options.iter().filter(idle).map(MethodOption::name).collect::<Vec<_>>() {
            state.note(format!("`{asked}` changed nothing: its method did not run"));
        }
        let Runs { runs, solves, remarks, kept, .. } = state;
        let Some(kept) = kept else { crate::bug!("at least one stage was run") };
        Ok(Ended { runs, solves, remarks, kept })
    }

    pub(super) fn timed<T>(&mut self, stage: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let begin = Instant::now();
        let result = work(self);
        self.timings.push(Timing { stage: stage.into(), seconds: begin.elapsed().as_secs_f64() });
        result
    }
}

impl Runner<'_> {
    /// Runs one stage of a `solve`.
    ///
    /// # Errors
    /// When its method does not take the problem, or could not begin.
    pub(super) fn stage(
        &mut self,
        state: &mut Runs<'_>,
        stage: Option<&Stage>,
        at: Option<Span>,
    ) -> Result<(), Reports> {
        let bound = state.bound;
        let asked = match (&self.setup.method, stage) {
            (Some(name), _) => Some(known_method(name)?),
            (None, Some(stage)) => Some(stage.method.as_ref()),
            (None, None) => None,
        };
        let choice = route(&bound.facts, asked).map_err(|(row, refusal)| refused(bound, row, refusal, at))?;
        let open = choice.rule.is_some();
        self.run_choice(state, choice, stage, at)?;
        if open {
            self.try_others(state, at);
        }
        Ok(())
    }

    pub(super) fn run_choice(
        &mut self,
        state: &mut Runs<'_>,
        mut choice: Choice,
        stage: Option<&Stage>,
        at: Option<Span>,
    ) -> Result<(), Reports> {
        let bound = state.bound;
        let residuals = bound.residuals.as_ref().filter(|_| choice.row.form == Form::LeastSquares);
        let cones = bound.cones.as_ref().filter(|_| choice.row.form == Form::Conic);
        let watched = Arc::new(match (residuals, cones) {
            (Some(r), _) => Watched::new(r.fit.oracle.clone()),
            (None, Some(c)) => Watched::new(c.oracle.clone()).with_cones(&c.cones),
            (None, None) => Watched::new(bound.oracle.clone()).beside(&bound.l1),
        });
        let facts = cones.map_or(&bound.facts, |c| &c.facts).clone();
        let facts = ProblemFacts { n_vars: watched.shape().n_vars, n_cons: watched.shape().n_cons, ..facts };
        let nlp = Nlp { oracle: watched.clone(), facts };
        let fitted = self.timed("fit", |_| {
            if let Some(residuals) = residuals {
                return Ok((residuals.program(watched.clone(), &bound.facts), bridge::Back::none(watched.clone())));
            }
            let fitted = bridge::fit(choice.row.form, nlp.clone());
            if choice.rule.is_none() || !matches!(fitted, Err(SetupError::Refused(_) | SetupError::Evaluation(_))) {
                return fitted;
            }
            // What was proved of the lines does not hold of the numbers: overflow, or a value that only 0 lacks.
            let general = route(&bound.facts, Some("interior_point")).ok();
            choice = general.map_or(choice.clone(), |c| Choice { reason: "its matrices could not be had".into(), ..c });
            bridge::fit(choice.row.form, if cones.is_none() { nlp } else { bound.nlp() })
        });
        let (program, back) = fitted.map_err(|error| setup_failed(bound, &choice, error, at))?;
        // The general method works on the problem itself.
        let cones = cones.filter(|_| choice.row.form == Form::Conic);
        let options = run::options(choice.row, stage, self.setup, state.alone)?;
        let limits = state.limits(&self.setup.limits, stage, &options);
        let begin = state.begin(residuals.is_some());
        let given = begin.is_some();
        // The conic form has variables and rows of its own.
        let warm = begin.filter(|_| cones.is_none());
        let live = state.live.clone();
        let ran = self.timed("solve", |s| run::run(&choice, (program, &back), options, (s.setup, limits), warm, live));
        let mut ran = ran.map_err(|error| setup_failed(bound, &choice, error, at))?;
        ran.candidate.start_unused |= given && cones.is_some();
        let unused = given && ran.candidate.start_unused;
        let (mut verdict, compiled);
        match cones {
            Some(cones) => {
                let patience = Patience::new(self.setup.stop.clone(), patience::AFTER_A_SIGNAL);
                let judged = self.timed("verify", |_| cones.judged(&ran.candidate, (state.judge(), patience)));
                (verdict, ran.candidate) = judged;
                compiled = bound.of_compiled(&ran.candidate);
            }
            None => {
                compiled = match residuals {
                    Some(_) => bound.of_compiled(&ran.candidate),
                    None => ran.candidate.clone(),
                };
                if residuals.is_none() {
                    ran.candidate = recovered(bound, ran.candidate);
                }
                verdict = self.timed("verify", |_| state.verdict(&ran.candidate));
            }
        }
        if state.judge.get().is_some_and(Judge::gave_up) {
            verdict = interrupted(verdict);
            ran.candidate.stop = verdict.stop;
        }
        let candidate = ran.candidate.clone();
        let objective = bound.in_users_sense(candidate.objective);
        let own_sizes = (bound.instance.shape.n_vars, bound.instance.shape.n_cons);
        let silent = state.silent;
        let name = |site: Site| match cones {
            _ if silent => String::new(),
            Some(cones) => cones.site_name(site, own_sizes),
            None => bound.site_name(site),
        };
        let mut described = run::describe(&choice, ran, &verdict, objective, &name);
        if unused {
            described.notes.push(format!("`{}` made its own start: the one given led nowhere", choice.row.name));
        }
        described.notes.extend(bound.without_kinks_note());
        // A failure of another form is at a point that means nothing here.
        let failure = if cones.is_some() { None } else { watched.last() };
        if !silent {
            state.remark(&candidate, &verdict, failure, &mut described);
        }
        state.runs.push(described);
        state.keep(compiled, candidate, verdict);
        Ok(())
    }
}

impl Bound {
    /// What stands for its kinks, in words.
    fn without_kinks_note(&self) -> Option<String> {
        if self.n_kinks == 0 {
            return None;
        }
        let (vars, rows) = self.added_for_kinks();
        let vars = format!("{vars} {}", if vars == 1 { "variable" } else { "variables" });
        let rows = format!("{rows} {}", if rows == 1 { "row" } else { "rows" });
        Some(format!("solved without kinks: {vars} and {rows} stand for `max`, `min` or `abs`"))
    }
}

/// Runs so far.
pub(super) struct Runs<'a> {
    pub(super) bound: &'a Bound,
    setup: &'a Setup,
    /// Made when it is asked: reading a model takes longer than many a run.
    judge: OnceCell<Judge>,
    pub(super) runs: Vec<Run>,
    pub(super) solves: Vec<SolveReport>,
    remarks: Reports,
    /// Where the first run begins, unless at the model's own start.
    first: Option<WarmStart>,
    pub(super) kept: Option<Kept>,
    pub(super) used: Used,
    /// Whether there is one run only.
    alone: bool,
    live: Live,
    quick: bool,
    silent: bool,
}

impl<'a> Runs<'a> {
    fn new(bound: &'a Bound, setup: &'a Setup, wishes: Wishes, alone: bool) -> Self {
        let Wishes { first, live, quick, silent } = wishes;
        Self {
            bound,
            setup,
            judge: OnceCell::new(),
            runs: Vec::new(),
            solves: Vec::new(),
            remarks: bound.reports.clone(),
            first,
            kept: None,
            used: Used::nothing(),
            alone,
            live,
            // The compiled functions of a problem with variables of the compiler's own, or without its absolute values, are
            // not those of the problem.
            quick: quick && !bound.oracle.is_lifted() && bound.l1.is_empty(),
            silent,
        }
    }

    /// The problem by interpretation.
    fn judge(&self) -> &Judge {
        let patience = || Patience::new(self.setup.stop.clone(), patience::AFTER_A_SIGNAL);
        self.judge.get_or_init(|| self.bound.judge().with(patience()))
    }

    fn verdict(&self, candidate: &Candidate) -> Verdict {
        let facts = &self.bound.facts;
        if self.quick {
            verify(self.bound.oracle.as_ref(), facts, candidate)
        } else {
            verify(self.judge(), facts, candidate)
        }
    }

    /// What is left of the session's limits. The iterations of one stage among others stay the model's own.
    fn limits(&self, of: &Limits, stage: Option<&Stage>, options: &OptionSet) -> Limits {
        let left = self.used.left(of);
        let names_own = stage.is_some_and(|s| s.options.iter().any(|(name, ..)| &**name == "max_iter"));
        let own = (names_own && !self.alone).then(|| options.count("max_iter"));
        Limits { iterations: left.iterations.map(|most| own.map_or(most, |own| own.min(most))), ..left }
    }

    /// Where the next run begins, unless at the model's own start: where the one before it ended. Residuals are functions of
    /// the model's own variables.
    fn begin(&self, residuals: bool) -> Option<WarmStart> {
        let begin = self.kept.as_ref().map(|kept| warm(&kept.compiled)).or_else(|| self.first.clone())?;
        if !residuals {
            return Some(begin);
        }
        let own = begin.x.len().min(self.bound.instance.shape.n_vars);
        Some(WarmStart { x: begin.x[..own].to_vec(), ..WarmStart::default() })
    }

    /// A remark below the last run.
    pub(super) fn note(&mut self, text: String) {
        if let Some(run) = self.runs.last_mut() {
            run.notes.push(text);
        }
    }

    /// Takes the answer of the last run, unless the one it began from is better.
    fn keep(&mut self, compiled: Candidate, candidate: Candidate, verdict: Verdict) {
        self.used.add(&candidate);
        let new = Kept { candidate, compiled, verdict, run: self.runs.len() - 1 };
        let stays = self.kept.as_ref().filter(|old| {
            let functions = Watched::new(self.bound.oracle.clone()).beside(&self.bound.l1);
            let of = |kept: &Kept| (kept.verdict.status, Worth::of(&functions, &kept.compiled.x));
            !gives_way(of(old), of(&new))
        });
        match stays.map(|old| old.run) {
            Some(run) => {
                let method = &self.runs[run].method;
                let note = format!("the point of `{method}` before it is better and stays");
                self.note(note);
            }
            None => self.kept = Some(new),
        }
    }

    /// Blame when a run ended badly, a note when it met points without values and got past them.
    fn remark(&mut self, candidate: &Candidate, verdict: &Verdict, failure: Option<Failure>, run: &mut Run) {
        let at_end = verdict.evidence.undefined.map(|place| Failure { x: candidate.x.clone(), place });
        let bad =
            matches!(verdict.status, Status::NumericalFailure | Status::FeasibleNotCertified | Status::LimitReached);
        if !bad && at_end.is_none() {
            if candidate.counts.failures > 0 {
                let times = candidate.counts.failures;
                run.notes.push(format!("{times} trial points had no value and were stepped back from"));
            }
            return;
        }
        let Some(failure) = at_end.or_else(|| failure.map(|f| self.own_part(f))) else { return };
        let when = if candidate.iterations == 0 { When::Start } else { When::Trial };
        let env = self.bound.instance.world.as_ref();
        if let Some(error) = blame::blame(&self.bound.checked, env, &failure, when) {
            self.remarks.push(error);
        }
    }

    /// A failure of the lifted problem in the problem's own variables and rows.
    fn own_part(&self, mut failure: Failure) -> Failure {
        let shape = &self.bound.instance.shape;
        failure.x.truncate(shape.n_vars);
        let own = match failure.place {
            Place::Constraint(row) | Place::Jacobian { row, .. } => (row as usize) < shape.n_cons,
            _ => true,
        };
        if !own {
            failure.place = Place::Hessian { row: 0, col: 0 };
        }
        failure
    }
}

fn known_method(name: &str) -> Result<&'static str, LimitError> {
    let rows = crate::solve::methods();
    if let Some(row) = crate::solve::find(name) {
        return Ok(row.name);
    }
    let suggestion = crate::diag::closest(name, rows.iter().map(|r| r.name));
    Err(LimitError::BadArgument {
        argument: format!("--method {name}"),
        reason: "there is no such method".into(),
        help: Some(match suggestion {
            Some(close) => format!("did you mean `{close}`? `optc methods` lists all"),
            None => "`optc methods` lists all".to_string(),
        }),
    })
}

/// What the language knows and no method runs yet.
fn refuse_what_is_not_built(bound: &Bound) -> Result<(), Reports> {
    let model = &bound.checked;
    let mut reports = Reports::new();
    let states = !model.vars.is_empty() || !model.objectives.is_empty() || !model.constraints.is_empty();
    if !states && model.shows.is_empty() && model.expects.is_empty() {
        reports.push(ClassError::NothingToSolve { at: model.solves.first().map(|s| s.at) });
    }
    for tune in &model.tunes {
        reports.push(ClassError::NotYetSolved {
            at: tune.at,
            what: "tuning".into(),
            help: "make the hyper-parameter a `param` and solve for one value of it: `--set NAME=VALUE` changes it"
                .into(),
        });
    }
    let asked = !model.solves.is_empty();
    for hyper in model.hypers.iter().filter(|_| asked) {
        let name = &model.params[hyper.param].name;
        if !bound.instance.given(model).iter().any(|(given, _)| given == name) {
            reports.push(ClassError::NotYetSolved {
                at: hyper.at,
                what: format!("the hyper-parameter `{name}`"),
                help: format!("give it a value with `--set {name}=VALUE`, or make it a `param`"),
            });
        }
    }
    for stage in model.solves.iter().flat_map(|s| &s.stages).filter(|s| crate::solve::find(&s.method).is_none()) {
        reports.push(ClassError::NotYetSolved {
            at: stage.at,
            what: format!("the method `{}`", stage.method),
            help: "a plain `solve` chooses among the methods there are; `optc methods` lists them".into(),
        });
    }
    let linear = bound.facts.objective.max(bound.facts.rows) <= Degree::Linear;
    for var in model.vars.iter().filter(|v| !linear && v.ty != crate::ir::model::VarType::Real) {
        reports.push(ClassError::IntegerNotYet { at: var.at, name: var.name.clone() });
    }
    for constraint in model.constraints.iter().filter(|c| c.complements.is_some()) {
        let name = constraint.name.clone().unwrap_or_else(|| "this".into());
        reports.push(ClassError::ComplementarityNotYet { at: constraint.at, name });
    }
    if reports.is_empty() { Ok(()) } else { Err(reports) }
}

/// Where a stage begins: where the one before it ended.
fn warm(compiled: &Candidate) -> WarmStart {
    WarmStart {
        x: compiled.x.clone(),
        y: compiled.y.clone(),
        z_lower: compiled.z_lower.clone(),
        z_upper: compiled.z_upper.clone(),
    }
}
