//! From a checked model to a report: bind, compile, run, read.

use super::class;
use super::cones::Cones;
use super::fit;
use super::judge::Judge;
use super::ranges::Hulls;
use super::report::{FitReport, ProblemSummary, Report, Run, SolveReport};
use super::residuals::Residuals;
use super::results::{Answer, Results};
use super::route::{Choice, route};
use super::runs::{Ended, Runner, Wishes};
use super::session::{Checked, Prepared, Session};
use super::survey::{Line, Survey, survey};
use crate::base::{Id, Name, Span, limits};
use crate::bind::{self, Instance};
use crate::diag::codes::class::ClassError;
use crate::diag::codes::limit::LimitError;
use crate::diag::{Reports, Sources};
use crate::ir::Model;
use crate::jit::{self, Jit};
use crate::kernel::{self, CompiledOracle, Mode};
use crate::pass::traits::{self, Traits};
use crate::problem::recover;
use crate::problem::statistics::MOST_PARAMETERS;
use crate::problem::{
    Candidate, Degree, Form, MethodRow, Nlp, Oracle, ProblemFacts, Refusal, SetupError, Shape, Site, Status, TraceSink,
    Verdict, WarmStart,
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
    pub(super) fn bind_model(
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

    /// Whether a method for problems of this form may be what runs: the choice is open, or one is asked for.
    pub(super) fn may_run(&self, model: &Model, form: Form) -> bool {
        let fits = |name: &str| crate::solve::find(name).is_some_and(|row| row.form == form);
        match &self.setup.method {
            Some(name) => fits(name),
            None => {
                let open = model.solves.is_empty() || model.solves.iter().any(|solve| solve.stages.is_empty());
                open || model.solves.iter().flat_map(|solve| &solve.stages).any(|stage| fits(&stage.method))
            }
        }
    }

    /// Runs what the model's `solve` lines ask for and reads the last answer.
    ///
    /// # Errors
    /// When no method takes the problem, or a run could not begin.
    pub fn solve_bound(&mut self, name: &str, bound: &Bound, live: Live) -> Result<Solved, Reports> {
        let start = self.restart(bound)?.map_or((None, None), |r| (Some(r.warm), Some(r.note)));
        self.solve_from(name, bound, start, live)
    }

    /// As [`Session::solve_bound`], with the first run from where it is said and a line about that.
    ///
    /// # Errors
    /// As [`Session::solve_bound`].
    pub(super) fn solve_from(
        &mut self,
        name: &str,
        bound: &Bound,
        (first, note): (Option<WarmStart>, Option<String>),
        live: Live,
    ) -> Result<Solved, Reports> {
        let mut runner = Runner::new(&self.setup, &self.sources);
        let ended = runner.run(bound, Wishes { first, live, ..Wishes::default() });
        let timings = runner.timings;
        self.timings.extend(timings);
        let Ended { mut runs, solves, remarks, kept } = ended?;
        if let (Some(note), Some(run)) = (note, runs.first_mut()) {
            run.notes.insert(0, note);
        }
        let report = self.timed("report", |s| s.read(name, bound, (runs, solves), &kept.candidate, &kept.verdict));
        let report = Report { timings: self.timings.clone(), ..report };
        Ok(Solved { report, remarks })
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
        // They were bound with the numbers that the model came with.
        let given = bound.instance.given(&bound.checked);
        let residuals = if given.is_empty() { residuals } else { residuals.and_then(|r| r.with_values(&given)) };
        fit::report(bound, &residuals?, x)
    }
}

impl Bound {
    /// Variables and rows that stand for kinks.
    pub(super) fn added_for_kinks(&self) -> (usize, usize) {
        let world = &self.instance.world;
        let first = self.written.vars.len();
        let vars = self.checked.vars.ids().skip(first).map(|v| world.vars[v].len).sum();
        (vars, self.instance.shape.n_cons - self.instance.rows[self.written.constraints.len()])
    }

    /// An answer in the problem's own variables in those of the compiled problem.
    pub(super) fn of_compiled(&self, candidate: &Candidate) -> Candidate {
        let x = self.oracle.lift_point(&candidate.x);
        if x.len() == candidate.x.len() {
            return candidate.clone();
        }
        Candidate { x, z_lower: Vec::new(), z_upper: Vec::new(), ..candidate.clone() }
    }

    /// The problem as functions.
    pub(super) fn nlp(&self) -> Nlp {
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

    pub(super) fn site_name(&self, site: Site) -> String {
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

/// A method's answer in the problem's own variables.
pub fn recovered(bound: &Bound, candidate: Candidate) -> Candidate {
    match bound.oracle.recover() {
        Some(lift) => recover::candidate(&lift, candidate),
        None => candidate,
    }
}
