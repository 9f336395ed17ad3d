//! A compiled problem and its functions.

use super::errors::Errors;
use super::solution::Solution;
use super::solve::Solve;
use crate::base::{Id, Name};
use crate::diag::{Reports, Sources};
use crate::driver::forms::Forms;
use crate::driver::report::Report;
use crate::driver::solve::Bound;
use crate::driver::{Session, Setup};
use crate::kernel::{CompiledOracle, Mode};
use crate::problem::{EvalError, Oracle, Pattern, ProblemFacts, Sense, Shape, Workspace};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A model, checked, differentiated, bound to data and compiled.
///
/// Cheap to clone and `Send + Sync`: threads may solve and evaluate it at the same time. [`Problem::set`] gives this one
/// other numbers; clones keep theirs.
#[derive(Clone)]
pub struct Problem {
    // Absent only inside `set`.
    forms: Option<Forms>,
    names: Arc<Names>,
    sources: Arc<Sources>,
    setup: Setup,
}

/// Where what has a name stands. Numbers do not change it.
pub(super) struct Names {
    vars: BTreeMap<String, Range<usize>>,
    rows: BTreeMap<String, Range<usize>>,
    /// Of the first objective.
    pub sense: Sense,
}

impl Names {
    fn of(bound: &Bound) -> Self {
        let model = &bound.checked;
        let var = |id| {
            let block = bound.instance.world.vars[id];
            (model.vars[id].name.to_string(), block.offset..block.offset + block.len)
        };
        let row = |id: crate::ir::ConId| {
            let at = id.index();
            let rows = bound.instance.rows[at]..bound.instance.rows[at + 1];
            Some((model.constraints[id].name.as_ref()?.to_string(), rows))
        };
        Self {
            vars: model.vars.ids().map(var).collect(),
            rows: model.constraints.ids().filter_map(row).collect(),
            sense: bound.instance.shape.senses.first().copied().unwrap_or_default(),
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<Range<usize>> {
        self.vars.get(name).cloned()
    }

    pub(super) fn constraint(&self, name: &str) -> Option<Range<usize>> {
        self.rows.get(name).cloned()
    }
}

impl Problem {
    pub(super) fn new(session: Session, bound: Bound) -> Self {
        let (names, sources) = (Arc::new(Names::of(&bound)), Arc::new(session.sources.clone()));
        let setup = session.setup.clone();
        Self { forms: Some(Forms::new(session, bound)), names, sources, setup }
    }

    fn forms(&self) -> &Forms {
        self.forms.as_ref().expect("only `set` takes it, and puts it back")
    }

    /// The model as it is written.
    pub(super) fn written(&self) -> &Arc<Bound> {
        self.forms().written()
    }

    /// What is solved, by the model's own `solve` lines or by the method `asked` for.
    pub(super) fn solved(&self, asked: Option<&str>) -> &Arc<Bound> {
        self.forms().solved(asked)
    }

    pub(super) fn sources(&self) -> &Arc<Sources> {
        &self.sources
    }

    pub(super) fn setup(&self) -> &Setup {
        &self.setup
    }

    pub(super) fn errors(&self, reports: &Reports) -> Errors {
        Errors::new(reports, Arc::clone(&self.sources))
    }

    /// Sizes, bounds, start, in the variables and rows of the model as it is written.
    pub fn shape(&self) -> &Shape {
        &self.written().instance.shape
    }

    /// What is known of the class of the model as it is written.
    pub fn facts(&self) -> &ProblemFacts {
        &self.written().facts
    }

    /// Warnings of model and data.
    pub fn warnings(&self) -> Errors {
        self.errors(&self.written().reports)
    }

    pub(super) fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// Where the entries of the variable `name` stand in `x`, the last index running fastest.
    pub fn variable(&self, name: &str) -> Option<Range<usize>> {
        self.names.variable(name)
    }

    /// Where the rows of the constraint `name` stand in `c` and `y`.
    pub fn constraint(&self, name: &str) -> Option<Range<usize>> {
        self.names.constraint(name)
    }

    /// Gives the numeric param `name` other values: one for a scalar, one for each entry of an array, the last index running
    /// fastest. Params computed from it follow. Clones of this problem keep their values.
    ///
    /// Nothing is compiled, with one exception: when a factor of `abs`, `max` or `min` gets another sign, so that rows can stand
    /// for other kinks than before, the form that is solved is compiled anew.
    ///
    /// # Errors
    /// An unknown name, another number of values, or a param that decides sizes. Nothing has changed then.
    pub fn set(&mut self, name: &str, values: &[f64]) -> Result<(), Errors> {
        self.set_all(&[(name, values)])
    }

    /// Several params at once.
    ///
    /// # Errors
    /// As [`Problem::set`].
    pub fn set_all(&mut self, values: &[(&str, &[f64])]) -> Result<(), Errors> {
        let values: Vec<(Name, Vec<f64>)> = values.iter().map(|(n, v)| (Name::from(*n), v.to_vec())).collect();
        let forms = self.forms.take().expect("it is put back below");
        let (forms, result) = forms.with_values(&values);
        self.forms = Some(forms);
        result.map_err(|reports| self.errors(&reports))
    }

    /// Functions and derivatives on slices. Each thread takes its own.
    ///
    /// They are those of the model as it is written, whatever form it is solved in. At a kink itself derivatives are those of
    /// one of the pieces that meet there, with `abs` counted as flat at 0, and second derivatives are those of the pieces.
    ///
    /// # Errors
    /// When a matrix of derivatives by the problem's own variables would be too large.
    pub fn evaluator(&self) -> Result<Evaluator, Errors> {
        let bound = self.written();
        let oracle: Arc<dyn Oracle> = if bound.oracle.is_lifted() {
            let program = Arc::new(bound.oracle.program().clone());
            let condensed = CompiledOracle::new(program, Arc::clone(&bound.instance), Mode::Condensed);
            Arc::new(condensed.map_err(|error| {
                let what = "a matrix of derivatives".into();
                let error = crate::diag::codes::limit::LimitError::TooLarge { what, reason: error.to_string() };
                self.errors(&Reports::from(error))
            })?)
        } else {
            bound.oracle.clone()
        };
        Ok(Evaluator::new(oracle))
    }

    /// Functions and derivatives of the model as it is written for methods of your own. Where a defined array makes second
    /// derivatives dense, its entries are variables behind those of the model, with an equation each; an
    /// [`Evaluator`](Problem::evaluator) has none of these.
    pub fn oracle(&self) -> Arc<dyn Oracle> {
        self.written().oracle.clone()
    }

    /// Solves as `optc solve` does: by the `solve` lines of the model, or with the method that fits, and another one after it
    /// where that ends without a certified answer; from the start of the model.
    ///
    /// # Errors
    /// When no method takes the problem. A run that finds nothing is no error: look at [`Solution::status`].
    pub fn solve(&self) -> Result<Solution, Errors> {
        self.solver().run()
    }

    /// A solve with wishes.
    pub fn solver(&self) -> Solve<'_> {
        Solve::of(self)
    }

    /// The same from the start of the model, with everything that the command line reports.
    ///
    /// # Errors
    /// As [`Problem::solve`].
    pub fn report(&self) -> Result<Report, Errors> {
        let loader = Arc::new(crate::data::MemoryLoader::new());
        let mut session = Session::new(loader, self.setup.clone());
        session.sources = Sources::clone(&self.sources);
        session.solve_bound("model", self.solved(None), None).map(|solved| solved.report).map_err(|r| self.errors(&r))
    }
}

/// Functions and derivatives of a problem at a point. Nothing is allocated after it was made.
///
/// Objectives are minimised: the value of a `maximize` is negated. Every number returned with `Ok` is finite. Slices of
/// wrong lengths are errors ([`EvalError::Failed`]), as are points.
///
/// ```
/// use optc::embed::Source;
///
/// let problem = Source::new("var x[1..2] start 1\nminimize (1 - x[1])^2 + 100 * (x[2] - x[1]^2)^2").compile()?;
/// let mut at = problem.evaluator()?;
/// let mut g = [0.0; 2];
/// assert_eq!(at.at(&[0.0, 0.0]).value()?, 1.0);
/// at.gradient(&mut g)?;
/// assert_eq!(g, [-2.0, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Evaluator {
    oracle: Arc<dyn Oracle>,
    workspace: Workspace,
    sigma: Vec<f64>,
    none: Vec<f64>,
    /// The length of the last point, when it was a wrong one.
    wrong: Option<usize>,
}

impl Evaluator {
    /// Of any oracle.
    pub fn new(oracle: Arc<dyn Oracle>) -> Self {
        let (workspace, sigma) = (oracle.workspace(), oracle.shape().first_objective());
        let none = vec![0.0; oracle.shape().n_cons];
        Self { oracle, workspace, sigma, none, wrong: None }
    }

    /// Sizes, bounds, start.
    pub fn shape(&self) -> &Shape {
        self.oracle.shape()
    }

    /// Moves to `x`, of length `n_vars`; after a point of another length every function is an error.
    pub fn at(&mut self, x: &[f64]) -> &mut Self {
        self.wrong = (x.len() != self.shape().n_vars).then_some(x.len());
        if self.wrong.is_none() {
            self.workspace.set_point(x);
        }
        self
    }

    /// An error unless the point and these slices, each with its name, have the lengths they should have.
    fn lengths<const N: usize>(&self, slices: [(&str, usize, usize); N]) -> Result<(), EvalError> {
        let point = self.wrong.map(|found| ("the point", found, self.shape().n_vars));
        let wrong = |&(_, found, wanted): &(&str, usize, usize)| found != wanted;
        match point.or_else(|| slices.into_iter().find(wrong)) {
            None => Ok(()),
            Some((what, found, wanted)) => {
                Err(EvalError::Failed(format!("{what} has length {found}, and it should be {wanted}")))
            }
        }
    }

    /// The first objective, or 0 without one.
    ///
    /// # Errors
    /// When it is not a number here.
    pub fn value(&mut self) -> Result<f64, EvalError> {
        self.lengths([])?;
        if self.sigma.is_empty() { Ok(0.0) } else { self.oracle.objective(&mut self.workspace, 0) }
    }

    /// Its gradient into `g`, of length `n_vars`.
    ///
    /// # Errors
    /// The first entry that is not a number here.
    pub fn gradient(&mut self, g: &mut [f64]) -> Result<(), EvalError> {
        self.lengths([("the gradient", g.len(), self.shape().n_vars)])?;
        self.oracle.gradient(&mut self.workspace, &self.sigma, g)
    }

    /// Values of the rows into `c`, of length `n_cons`.
    ///
    /// # Errors
    /// The first row that is not a number here.
    pub fn constraints(&mut self, c: &mut [f64]) -> Result<(), EvalError> {
        self.lengths([("the slice of rows", c.len(), self.shape().n_cons)])?;
        self.oracle.constraints(&mut self.workspace, c)
    }

    /// Where the Jacobian may be nonzero: `n_cons` by `n_vars`, compressed columns.
    pub fn jacobian_pattern(&self) -> &Pattern {
        self.oracle.jacobian_pattern()
    }

    /// Values of the Jacobian in the order of its pattern.
    ///
    /// # Errors
    /// The first entry that is not a number here.
    pub fn jacobian(&mut self, values: &mut [f64]) -> Result<(), EvalError> {
        self.lengths([("the Jacobian", values.len(), self.jacobian_pattern().nnz())])?;
        self.oracle.jacobian(&mut self.workspace, values)
    }

    /// Where the Hessian may be nonzero: lower triangle, compressed columns.
    pub fn hessian_pattern(&self) -> &Pattern {
        self.oracle.hessian_pattern()
    }

    /// Values of the Hessian of the first objective, in the order of its pattern.
    ///
    /// # Errors
    /// The first entry that is not a number here.
    pub fn hessian(&mut self, values: &mut [f64]) -> Result<(), EvalError> {
        self.lengths([("the Hessian", values.len(), self.hessian_pattern().nnz())])?;
        self.oracle.hessian(&mut self.workspace, &self.sigma, &self.none, values)
    }

    /// Values of the Hessian of `weight * objective + y' c`; `y` has length `n_cons`.
    ///
    /// # Errors
    /// The first entry that is not a number here.
    pub fn lagrangian_hessian(&mut self, weight: f64, y: &[f64], values: &mut [f64]) -> Result<(), EvalError> {
        let (m, nonzeros) = (self.shape().n_cons, self.hessian_pattern().nnz());
        self.lengths([("`y`", y.len(), m), ("the Hessian", values.len(), nonzeros)])?;
        if let Some(first) = self.sigma.first_mut() {
            *first = weight;
        }
        let done = self.oracle.hessian(&mut self.workspace, &self.sigma, y, values);
        if let Some(first) = self.sigma.first_mut() {
            *first = 1.0;
        }
        done
    }

    /// `out = H v` with the Hessian of the first objective, without forming it; both of length `n_vars`.
    ///
    /// # Errors
    /// The first entry that is not a number here.
    pub fn hessian_times(&mut self, v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        let n = self.shape().n_vars;
        self.lengths([("`v`", v.len(), n), ("`out`", out.len(), n)])?;
        self.oracle.hvp(&mut self.workspace, &self.sigma, &self.none, v, out)
    }

    /// `out = J v`; `v` has length `n_vars`, `out` has length `n_cons`.
    ///
    /// # Errors
    /// The first entry that is not a number here.
    pub fn jacobian_times(&mut self, v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        let (n, m) = (self.shape().n_vars, self.shape().n_cons);
        self.lengths([("`v`", v.len(), n), ("`out`", out.len(), m)])?;
        self.oracle.jv(&mut self.workspace, v, out)
    }

    /// `out = Jᵀ y`; `y` has length `n_cons`, `out` has length `n_vars`.
    ///
    /// # Errors
    /// The first entry that is not a number here.
    pub fn jacobian_transposed_times(&mut self, y: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        let (n, m) = (self.shape().n_vars, self.shape().n_cons);
        self.lengths([("`y`", y.len(), m), ("`out`", out.len(), n)])?;
        self.oracle.jtv(&mut self.workspace, y, out)
    }
}
