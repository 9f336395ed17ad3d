//! From a checked model to a report: bind, compile, route, run, judge, read.

use super::blame::{self, When};
use super::class;
use super::cones::Cones;
use super::fit;
use super::judge::Judge;
use super::method_option::MethodOption;
use super::patience::{self, Patience};
use super::pipeline::{self, Kept, Used, Worth};
use super::ranges::Hulls;
use super::report::{FitReport, ProblemSummary, Report, Run, SolveReport};
use super::residuals::Residuals;
use super::results::{Answer, Results};
use super::route::{Choice, route};
use super::run;
use super::session::{Checked, Prepared, Session};
use super::survey::{Line, Survey, survey};
use super::watch::{Failure, Watched};
use crate::base::{Id, Name, Span, limits};
use crate::bind::{self, Instance};
use crate::bridge;
use crate::diag::codes::class::ClassError;
use crate::diag::codes::limit::LimitError;
use crate::diag::{Reports, Sources};
use crate::ir::Model;
use crate::ir::model::Stage;
use crate::jit::{self, Jit};
use crate::kernel::{self, CompiledOracle, Mode};
use crate::pass::traits::{self, Traits};
use crate::pass::{absolute, epigraph};
use crate::problem::recover;
use crate::problem::statistics::MOST_PARAMETERS;
use crate::problem::verify::{interrupted, verify};
use crate::problem::{
    Candidate, Degree, Form, Limits, MethodRow, Nlp, OptionSet, Oracle, Place, ProblemFacts, Refusal, SetupError,
    Shape, Site, Smoothness, Status, TraceSink, Verdict, WarmStart,
};
use crate::syntax::ast::{Stmt, StmtKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Who watches a run from outside.
pub type Live = Option<Arc<Mutex<dyn TraceSink>>>;

/// A model with its data: everything about it that can be known without solving.
#[derive(Clone)]
pub struct Bound {
    /// The checked model, as written.
    pub written: Arc<Model>,
    /// The model that is solved: as written, or with rows in place of kinks.
    pub checked: Arc<Model>,
    /// How many kinks rows stand for.
    pub n_kinks: usize,
    /// Weights of absolute values that stand apart from the objective, see [`Shape::l1`]; empty without them.
    pub l1: Vec<f64>,
    /// Plan and derivatives.
    pub prepared: Prepared,
    /// Addresses, bounds, rows.
    pub instance: Arc<Instance>,
    /// The compiled problem.
    pub oracle: Arc<CompiledOracle>,
    /// What is proved about each line.
    pub survey: Survey,
    /// The class as numbers.
    pub facts: ProblemFacts,
    /// The residuals, when the objective is a sum of their squares or losses and a method for those may run.
    pub residuals: Option<Residuals>,
    /// The conic form, when norms are second-order cones and a method for those may run.
    pub cones: Option<Cones>,
    /// Warnings of the model and its data.
    pub reports: Reports,
    pub(super) docs: BTreeMap<Name, Name>,
}

/// A finished session: the report, and what to say about it beside.
pub struct Solved {
    /// The report.
    pub report: Report,
    /// Numerical blame and other remarks, to be drawn.
    pub remarks: Reports,
}

impl Session {
    /// Binds and compiles a checked model.
    ///
    /// # Errors
    /// What is wrong with the data, or what would not fit.
    pub fn bind(&mut self, checked: Checked) -> Result<Bound, Reports> {
        let model = Arc::new(checked.model);
        self.bind_model(Arc::clone(&model), (model, 0), docs(&checked.stmts), checked.reports)
    }

    /// Binds what stands for the model `written`: itself, or a model with rows in place of so many kinks.
    fn bind_model(
        &mut self,
        written: Arc<Model>,
        (model, n_kinks): (Arc<Model>, usize),
        docs: BTreeMap<Name, Name>,
        mut reports: Reports,
    ) -> Result<Bound, Reports> {
        let prepared = self.prepare(Model::clone(&model));
        let (instance, oracle) = self.compile(&model, &prepared, Mode::Auto, &mut reports)?;
        let oracle = Arc::new(oracle);
        let (survey, facts) = self.timed("survey", |_| {
            let survey = survey(&prepared.model, &prepared.plan, &Hulls::new(&prepared, &instance));
            let facts = class::facts(&survey, oracle.as_ref(), &instance.shape);
            (survey, facts)
        });
        let l1 = Vec::new();
        let may_fit = self.may_run(&model, Form::LeastSquares);
        let residuals = if may_fit { self.residuals(&model, &facts) } else { None };
        let facts = ProblemFacts { n_residuals: residuals.as_ref().map_or(0, |r| r.fit.n_residuals()), ..facts };
        let may_use_cones = self.may_run(&model, Form::Conic);
        let mut bound = Bound {
            written,
            checked: model,
            n_kinks,
            l1,
            prepared,
            instance,
            oracle,
            survey,
            facts,
            residuals,
            cones: None,
            reports,
            docs,
        };
        if may_use_cones {
            bound.cones = self.cones(&bound);
            bound.facts.n_cones = bound.cones.as_ref().map_or(0, |c| c.cones.len());
        }
        Ok(bound)
    }

    /// Data and code of a model and what was prepared of it. Remarks are added to `reports`.
    ///
    /// # Errors
    /// All reports, when the data are wrong; what would not fit.
    pub(super) fn compile(
        &mut self,
        model: &Model,
        prepared: &Prepared,
        mode: Mode,
        reports: &mut Reports,
    ) -> Result<(Arc<Instance>, CompiledOracle), Reports> {
        let instance = self.timed("bind", |s| {
            let instance = s.bind_plan(prepared, reports)?;
            // For the interpreter, which judges the answer.
            instance.world.list_joins(model);
            Some(instance)
        });
        let Some(instance) = instance.map(Arc::new) else { return Err(std::mem::take(reports)) };
        let program = self.timed("compile", |_| kernel::compile(&prepared.model, &prepared.plan, &prepared.derivs));
        let oracle = self.timed("link", |_| CompiledOracle::new(Arc::new(program), Arc::clone(&instance), mode));
        let mut oracle = oracle.map_err(|error| {
            Reports::from(LimitError::TooLarge { what: "a matrix of derivatives".into(), reason: error.to_string() })
        })?;
        if let Some(level) = self.setup.executor.level() {
            self.timed("machine code", |s| {
                // The portable executor gives the same bits, only later.
                match Jit::new(level).and_then(|jit| jit.attach(&mut oracle)) {
                    Ok(summary) => {
                        let shared = jit::share(&mut oracle, &s.pool);
                        tracing::debug!(?summary, shared, "machine code");
                    }
                    Err(error) => tracing::warn!(%error, "no machine code"),
                }
            });
        }
        Ok((instance, oracle))
    }

    fn bind_plan(&mut self, prepared: &Prepared, reports: &mut Reports) -> Option<Instance> {
        let leaves = prepared.derivs.leaves(&prepared.model.graph, &prepared.plan);
        let inputs = bind::Inputs {
            store: &mut self.store,
            sources: &mut self.sources,
            set: &self.setup.set,
            seed: self.setup.seed,
            max_bytes: self.setup.limits.bytes.unwrap_or(limits::MAX_BIND_BYTES),
        };
        bind::bind(&prepared.model, &prepared.plan, &leaves, inputs, reports)
    }

    /// Solves the model in file `path`.
    ///
    /// # Errors
    /// Everything wrong with the model or its data; warnings come with the report.
    pub fn solve(&mut self, path: &str, live: Live) -> Result<Solved, Reports> {
        let checked = self.check(path);
        self.solve_checked(path, checked, live)
    }

    /// Solves a checked model.
    ///
    /// # Errors
    /// As [`Session::solve`].
    pub fn solve_checked(&mut self, name: &str, checked: Checked, live: Live) -> Result<Solved, Reports> {
        if checked.reports.has_errors() {
            return Err(checked.reports);
        }
        let bound = self.bind(checked)?;
        let bound = match self.restated(&bound) {
            // What is to be said about model and data was said when the model was bound as it is written.
            Some(smooth) => Bound { reports: bound.reports, ..smooth },
            None => bound,
        };
        self.solve_bound(name, &bound, live)
    }

    /// The same problem in the form its method wants: without kinks, or with absolute values apart.
    pub fn restated(&mut self, bound: &Bound) -> Option<Bound> {
        self.without_kinks(bound).or_else(|| self.with_absolute_values_apart(bound))
    }

    /// The same problem with its absolute values of variables as weights beside a smooth objective, when a method is asked
    /// for that takes them so.
    fn with_absolute_values_apart(&mut self, bound: &Bound) -> Option<Bound> {
        let stages = bound.checked.solves.iter().flat_map(|s| &s.stages).map(|stage| &*stage.method);
        let asked: Vec<&str> = self.setup.method.as_deref().map_or_else(|| stages.collect(), |name| vec![name]);
        if bound.facts.smoothness != Smoothness::Continuous || !asked.into_iter().any(takes_absolute_values) {
            return None;
        }
        let absolute::Apart { smooth, weights } = absolute::apart(&bound.checked)?;
        let written = Arc::clone(&bound.written);
        let mut apart = self.bind_model(written, (Arc::new(smooth), 0), bound.docs.clone(), Reports::new()).ok()?;
        let weights = Arc::new(weights);
        apart.instance.world.list_joins(&weights);
        let linear = Judge::new(weights, apart.instance.world.clone(), apart.instance.shape.clone());
        let mut ws = linear.workspace();
        apart.l1 = vec![0.0; apart.instance.shape.n_vars];
        linear.gradient(&mut ws, &[1.0], &mut apart.l1).ok()?;
        (apart.residuals, apart.facts.n_residuals) = (None, 0);
        apart.facts.n_l1 = apart.l1.iter().filter(|w| **w > 0.0).count();
        let convex = apart.l1.iter().all(|w| *w >= 0.0);
        (convex && apart.facts.smoothness < Smoothness::Continuous).then_some(apart)
    }

    /// Whether a method for problems of this form may be what runs: the choice is open, or one is asked for.
    fn may_run(&self, model: &Model, form: Form) -> bool {
        let fits = |name: &str| crate::solve::find(name).is_some_and(|row| row.form == form);
        match &self.setup.method {
            Some(name) => fits(name),
            None => {
                let open = model.solves.is_empty() || model.solves.iter().any(|solve| solve.stages.is_empty());
                open || model.solves.iter().flat_map(|solve| &solve.stages).any(|stage| fits(&stage.method))
            }
        }
    }

    /// The same problem without kinks, when there are some, the user leaves the choice of the method open, and rows can
    /// stand for all of them.
    pub fn without_kinks(&mut self, bound: &Bound) -> Option<Bound> {
        let free = self.setup.method.is_none() && bound.checked.solves.iter().all(|s| s.stages.is_empty());
        if !free || bound.facts.smoothness != Smoothness::Continuous {
            return None;
        }
        let hulls = Hulls::new(&bound.prepared, &bound.instance);
        let range = |model: &Model, node| super::survey::range_of_data(model, node, &hulls);
        let (model, n_kinks) = epigraph::without_kinks(&bound.checked, &range)?;
        let written = Arc::clone(&bound.written);
        let smooth = self.bind_model(written, (Arc::new(model), n_kinks), bound.docs.clone(), Reports::new()).ok()?;
        (smooth.facts.smoothness < bound.facts.smoothness || smooth.facts.n_cones > 0).then_some(smooth)
    }

    /// Runs what the model's `solve` lines ask for and reads the last answer.
    ///
    /// # Errors
    /// When no method takes the problem, or a run could not begin.
    pub fn solve_bound(&mut self, name: &str, bound: &Bound, live: Live) -> Result<Solved, Reports> {
        refuse_what_is_not_built(bound, &self.setup.set)?;
        let judge = bound.judge().with(Patience::new(self.setup.stop.clone(), patience::AFTER_A_SIGNAL));
        let one = self.setup.method.is_some();
        let lines = pipeline::lines(&bound.checked.solves, one);
        self.refuse_stages(bound, &lines)?;
        let alone = lines.iter().map(|line| line.stages.len()).sum::<usize>() == 1;
        let (first, note) = self.restart(bound)?.map_or((None, None), |r| (Some(r.warm), Some(r.note)));
        let mut state = Runs {
            bound,
            judge: &judge,
            runs: Vec::new(),
            solves: Vec::new(),
            remarks: bound.reports.clone(),
            first,
            kept: None,
            used: Used::nothing(),
            alone,
            live,
        };
        for line in &lines {
            self.line(&mut state, line)?;
        }
        if let (Some(note), Some(run)) = (note, state.runs.first_mut()) {
            run.notes.insert(0, note);
        }
        let idle = |asked: &&MethodOption| state.runs.iter().all(|run| run.method != asked.method);
        for asked in self.setup.options.iter().filter(idle).map(MethodOption::name).collect::<Vec<_>>() {
            state.note(format!("`{asked}` changed nothing: its method did not run"));
        }
        let Runs { runs, solves, remarks, kept, .. } = state;
        let Some(Kept { candidate, verdict, .. }) = kept else { crate::bug!("at least one stage was run") };
        let report = self.timed("report", |s| s.read(name, bound, (runs, solves), &candidate, &verdict));
        let report = Report { timings: self.timings.clone(), ..report };
        Ok(Solved { report, remarks })
    }

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
        let options = run::options(choice.row, stage, &self.setup, state.alone)?;
        let limits = state.limits(&self.setup.limits, stage, &options);
        let begin = state.kept.as_ref().map(|kept| warm(&kept.compiled)).or_else(|| state.first.clone());
        let warm = begin.filter(|_| cones.is_none()).map(|begin| match residuals {
            Some(_) => {
                let own = begin.x.len().min(bound.instance.shape.n_vars);
                WarmStart { x: begin.x[..own].to_vec(), ..WarmStart::default() }
            }
            None => begin,
        });
        let live = state.live.clone();
        let ran = self.timed("solve", |s| run::run(&choice, (program, &back), options, (&s.setup, limits), warm, live));
        let mut ran = ran.map_err(|error| setup_failed(bound, &choice, error, at))?;
        let (mut verdict, compiled);
        match cones {
            Some(cones) => {
                let patience = Patience::new(self.setup.stop.clone(), patience::AFTER_A_SIGNAL);
                let judged = self.timed("verify", |_| cones.judged(&ran.candidate, (state.judge, patience)));
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
                verdict = self.timed("verify", |_| verify(state.judge, &bound.facts, &ran.candidate));
            }
        }
        if state.judge.gave_up() {
            verdict = interrupted(verdict);
            ran.candidate.stop = verdict.stop;
        }
        let candidate = ran.candidate.clone();
        let objective = bound.in_users_sense(candidate.objective);
        let own_sizes = (bound.instance.shape.n_vars, bound.instance.shape.n_cons);
        let name = |site: Site| cones.map_or_else(|| bound.site_name(site), |c| c.site_name(site, own_sizes));
        let mut described = run::describe(&choice, ran, &verdict, objective, &name);
        if bound.n_kinks > 0 {
            let (vars, rows) = bound.added_for_kinks();
            let vars = format!("{vars} {}", if vars == 1 { "variable" } else { "variables" });
            let rows = format!("{rows} {}", if rows == 1 { "row" } else { "rows" });
            described.notes.push(format!("solved without kinks: {vars} and {rows} stand for `max`, `min` or `abs`"));
        }
        // A failure of another form is at a point that means nothing here.
        let failure = if cones.is_some() { None } else { watched.last() };
        state.remark(&candidate, &verdict, failure, &mut described);
        state.runs.push(described);
        let own = residuals.is_some() || cones.is_some();
        let functions: &dyn Oracle = if own { bound.oracle.as_ref() } else { watched.as_ref() };
        state.keep(functions, compiled, candidate, verdict);
        Ok(())
    }

    fn read(
        &mut self,
        name: &str,
        bound: &Bound,
        (runs, solves): (Vec<Run>, Vec<SolveReport>),
        candidate: &Candidate,
        verdict: &Verdict,
    ) -> Report {
        let shape = &bound.instance.shape;
        let mut rows = vec![f64::NAN; shape.n_cons];
        let judge = bound.judge();
        let mut ws = judge.workspace();
        ws.set_point(&candidate.x);
        // A row without a value stays "not a number" in the report.
        let _ = judge.constraints(&mut ws, &mut rows);
        let (y, z_lower, z_upper) = match verdict.y.is_empty() && verdict.z_lower.is_empty() {
            true => (&candidate.y, &candidate.z_lower, &candidate.z_upper),
            false => (&verdict.y, &verdict.z_lower, &verdict.z_upper),
        };
        let answer = Answer { x: &candidate.x, y, z_lower, z_upper, rows: &rows };
        let results = Results::new(&bound.written, &bound.instance, answer);
        let fit = if is_solution(verdict.status) { self.fit(bound, &candidate.x) } else { None };
        Report {
            model: name.to_string(),
            problem: ProblemSummary {
                class: bound.facts.class_name().to_string(),
                words: class::words(&bound.facts),
                facts: bound.facts.clone(),
            },
            runs,
            solves,
            objectives: results.objectives(),
            variables: results.variables(&bound.docs),
            constraints: results.constraints(&self.sources, &bound.docs),
            fit,
            proof: verdict.proof.as_ref().map(|proof| results.proof(&self.sources, proof)),
            shown: results.shown(),
            expectations: results.expectations(&self.sources),
            timings: Vec::new(),
        }
    }
}

impl Session {
    /// Statistics of a solution that is a fit, whatever method found it.
    fn fit(&mut self, bound: &Bound, x: &[f64]) -> Option<FitReport> {
        if let Some(residuals) = &bound.residuals {
            return fit::report(bound, residuals, x);
        }
        let asked_for_another = !self.may_run(&bound.checked, Form::LeastSquares) && bound.l1.is_empty();
        let residuals = if asked_for_another && x.len() <= MOST_PARAMETERS {
            self.residuals(&bound.checked, &bound.facts)
        } else {
            None
        };
        fit::report(bound, &residuals?, x)
    }
}

/// Runs so far.
pub(super) struct Runs<'a> {
    pub(super) bound: &'a Bound,
    judge: &'a Judge,
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
}

impl Runs<'_> {
    /// What is left of the session's limits. The iterations of one stage among others stay the model's own.
    fn limits(&self, of: &Limits, stage: Option<&Stage>, options: &OptionSet) -> Limits {
        let left = self.used.left(of);
        let names_own = stage.is_some_and(|s| s.options.iter().any(|(name, ..)| &**name == "max_iter"));
        let own = (names_own && !self.alone).then(|| options.count("max_iter"));
        Limits { iterations: left.iterations.map(|most| own.map_or(most, |own| own.min(most))), ..left }
    }

    /// A remark below the last run.
    pub(super) fn note(&mut self, text: String) {
        if let Some(run) = self.runs.last_mut() {
            run.notes.push(text);
        }
    }

    /// Takes the answer of the last run, of the problem behind `oracle`, unless the one it began from is better.
    fn keep(&mut self, oracle: &dyn Oracle, compiled: Candidate, candidate: Candidate, verdict: Verdict) {
        self.used.add(&candidate);
        let worth = Worth::of(oracle, &compiled.x);
        let new = Kept { candidate, compiled, verdict, worth, run: self.runs.len() - 1 };
        match &self.kept {
            Some(old) if !old.gives_way_to(&new) => {
                let method = &self.runs[old.run].method;
                let note = format!("the point of `{method}` before it is better and stays");
                self.note(note);
            }
            _ => self.kept = Some(new),
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

impl Bound {
    /// Variables and rows that stand for kinks.
    fn added_for_kinks(&self) -> (usize, usize) {
        let world = &self.instance.world;
        let first = self.written.vars.len();
        let vars = self.checked.vars.ids().skip(first).map(|v| world.vars[v].len).sum();
        (vars, self.instance.shape.n_cons - self.instance.rows[self.written.constraints.len()])
    }

    /// An answer in the problem's own variables in those of the compiled problem.
    fn of_compiled(&self, candidate: &Candidate) -> Candidate {
        let x = self.oracle.lift_point(&candidate.x);
        if x.len() == candidate.x.len() {
            return candidate.clone();
        }
        Candidate { x, z_lower: Vec::new(), z_upper: Vec::new(), ..candidate.clone() }
    }

    /// The problem as functions.
    fn nlp(&self) -> Nlp {
        let shape = self.oracle.shape();
        let facts = ProblemFacts { n_vars: shape.n_vars, n_cons: shape.n_cons, ..self.facts.clone() };
        Nlp { oracle: self.oracle.clone(), facts }
    }

    /// The problem as it is solved, by interpretation.
    pub fn judge(&self) -> Judge {
        let env: Arc<dyn crate::interp::Env + Send + Sync> = self.instance.world.clone();
        Judge::new(Arc::clone(&self.checked), env, self.judged_shape())
    }

    /// The shape of the problem as it was written, with what the survey proved to be linear.
    fn judged_shape(&self) -> Shape {
        let mut shape = Shape { l1: self.l1.clone(), ..self.instance.shape.clone() };
        let linear = |traits: &Option<Traits>| traits.as_ref().is_none_or(|t| t.degree <= traits::Degree::Linear);
        for (flag, traits) in shape.linear_objectives.iter_mut().zip(self.survey.objectives.iter()) {
            *flag = linear(traits);
        }
        for (con, domain) in self.instance.row_domains.enumerate() {
            let first = self.instance.rows[con.index()];
            shape.linear_rows[first..first + domain.count].fill(linear(&self.survey.constraints[con]));
        }
        shape
    }

    /// What is proved about convexity of the whole, and the line where the proof ends.
    pub fn convexity(&self, sources: &Sources) -> String {
        let model = &self.checked;
        let place = |name: &Option<Name>, at: Span| match name {
            Some(name) => format!("`{name}` ({})", sources.place(at)),
            None => sources.place(at),
        };
        let line = match self.survey.breaks {
            None => return "proved: every local optimum is global".into(),
            Some(Line::Objective(_)) if self.facts.convex_objective && self.facts.rows <= Degree::Linear => {
                return "proved: the constant Hessian has no negative eigenvalue, so every local optimum is global"
                    .into();
            }
            Some(Line::Objective(id)) => place(&model.objectives[id].name, model.objectives[id].at),
            Some(Line::Constraint(id)) => place(&model.constraints[id].name, model.constraints[id].at),
        };
        format!("not proved because of {line}: a local optimum need not be global")
    }

    /// A value of the first objective as the user asked for it.
    pub(super) fn in_users_sense(&self, objective: f64) -> f64 {
        self.instance.shape.senses.first().map_or(f64::NAN, |sense| sense.flip(objective))
    }

    fn site_name(&self, site: Site) -> String {
        match site {
            Site::Row(row) => self.instance.row_name(&self.checked, row as usize).unwrap_or_default(),
            Site::Var(var) => self.instance.var_name(&self.checked, var as usize).unwrap_or_default(),
        }
    }
}

/// Whether statistics of the point mean something.
fn is_solution(status: Status) -> bool {
    matches!(status, Status::GlobalOptimum | Status::LocalOptimum)
}

fn docs(stmts: &[Stmt]) -> BTreeMap<Name, Name> {
    let mut docs = BTreeMap::new();
    for stmt in stmts {
        let name = match &stmt.kind {
            StmtKind::Var { name, .. } => Some(name),
            StmtKind::Constraint { name, .. } => name.as_ref(),
            _ => None,
        };
        if let (Some(name), Some(doc)) = (name, &stmt.doc) {
            docs.insert(name.name.clone(), doc.clone());
        }
    }
    docs
}

/// Whether the method takes absolute values as weights beside a smooth objective.
fn takes_absolute_values(method: &str) -> bool {
    let lasso = ProblemFacts { n_vars: 1, n_objectives: 1, n_l1: 1, ..ProblemFacts::default() };
    crate::solve::find(method).is_some_and(|row| (row.accepts)(&lasso).is_ok())
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
fn refuse_what_is_not_built(bound: &Bound, set: &[(Name, f64)]) -> Result<(), Reports> {
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
        if !set.iter().any(|(given, _)| given == name) {
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

pub(crate) fn refused(bound: &Bound, row: &'static MethodRow, refusal: Refusal, at: Option<Span>) -> Reports {
    let instead = route(&bound.facts, None).ok().map(|choice| Name::from(choice.row.name));
    ClassError::MethodRefuses { at, method: row.name.into(), reason: refusal.to_string(), instead }.into()
}

pub(crate) fn setup_failed(bound: &Bound, choice: &Choice, error: SetupError, at: Option<Span>) -> Reports {
    match error {
        SetupError::Refused(refusal) => refused(bound, choice.row, refusal, at),
        SetupError::Memory { .. } | SetupError::Size(_) => {
            LimitError::TooLarge { what: format!("`{}`", choice.row.name), reason: error.to_string() }.into()
        }
        _ => ClassError::MethodRefuses { at, method: choice.row.name.into(), reason: error.to_string(), instead: None }
            .into(),
    }
}

/// An answer of the oracle's problem in the problem's own variables.
/// A method's answer in the problem's own variables.
pub fn recovered(bound: &Bound, candidate: Candidate) -> Candidate {
    match bound.oracle.recover() {
        Some(lift) => recover::candidate(&lift, candidate),
        None => candidate,
    }
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
