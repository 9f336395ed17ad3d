//! Solves of compiled problems and of functions of your own.

use super::errors::Errors;
use super::problem::Problem;
use super::solution::Solution;
use crate::bridge;
use crate::diag::codes::class::ClassError;
use crate::diag::codes::limit::LimitError;
use crate::diag::{Reports, Sources};
use crate::driver::Setup;
use crate::driver::route::route;
use crate::driver::runs::{Runner, Wishes};
use crate::driver::solve::Bound;
use crate::problem::oracle::contradiction;
use crate::problem::{
    Candidate, Control, Form, LeastSquares, Limits, MethodRow, Nlp, OptionSet, Oracle, ProblemFacts, Program, Refusal,
    Request, SetupError, StopFlag, SumOracle, TraceRow, TraceSink, Verdict, WarmStart, verify,
};
use crate::solve::options::wants;
use crate::solve::{Given, OptionProblem, find, methods, parse_options};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One iteration, for those who watch.
pub type Iteration = TraceRow;

type Watcher = Box<dyn FnMut(&Iteration) -> ControlFlow<()> + Send>;

/// The value of an option: a number, a truth value or a word.
#[derive(Clone, PartialEq, Debug)]
pub struct OptionGiven(Given);

impl From<f64> for OptionGiven {
    fn from(value: f64) -> Self {
        Self(Given::number(value))
    }
}

impl From<i32> for OptionGiven {
    fn from(value: i32) -> Self {
        Self(Given::number(f64::from(value)))
    }
}

impl From<bool> for OptionGiven {
    fn from(value: bool) -> Self {
        Self(Given::Bool(value))
    }
}

impl From<&str> for OptionGiven {
    fn from(word: &str) -> Self {
        Self(Given::Word(word.to_owned()))
    }
}

/// Where a run is to begin.
#[derive(Clone)]
pub(super) struct Start {
    /// In the variables and rows of the problem; multipliers may be empty.
    pub own: WarmStart,
    /// The same in those of the form that was solved, which says more.
    pub compiled: Option<WarmStart>,
}

impl Start {
    /// In the compiled variables of `solved`, a form of the problem `written`.
    fn of(&self, written: &Bound, solved: &Bound) -> Result<WarmStart, LimitError> {
        let (own, compiled) = (&written.instance.shape, solved.oracle.shape());
        match &self.compiled {
            Some(start) if fits(start, (compiled.n_vars, compiled.n_cons)) => Ok(start.clone()),
            _ => Ok(solved.begin_at(self.checked((own.n_vars, own.n_cons))?)),
        }
    }

    /// Of a problem of so many variables and rows.
    fn checked(&self, (n_vars, n_cons): (usize, usize)) -> Result<WarmStart, LimitError> {
        let start = &self.own;
        if fits(start, (n_vars, n_cons)) {
            return Ok(start.clone());
        }
        let multipliers =
            if start.y.is_empty() { String::new() } else { format!(" and {} multipliers", start.y.len()) };
        let (n, reason) = (start.x.len(), format!("and the problem has {n_vars} variables and {n_cons} rows"));
        Err(LimitError::BadArgument {
            argument: "start".into(),
            reason: format!("it has {n} values{multipliers}, {reason}"),
            help: Some("start at a point of this problem, or at a solution of it".into()),
        })
    }
}

/// Whether a start has the lengths of a problem of so many variables and rows.
fn fits(start: &WarmStart, (n_vars, n_cons): (usize, usize)) -> bool {
    let fits = |of: &[f64], len: usize| of.is_empty() || of.len() == len;
    let bounds = fits(&start.z_lower, n_vars) && fits(&start.z_upper, n_vars);
    start.x.len() == n_vars && fits(&start.y, n_cons) && bounds
}

enum Target<'a> {
    Problem(&'a Problem),
    Oracle(Arc<dyn Oracle>),
    /// A sum over the rows of an oracle.
    Squares(LeastSquares),
}

/// A solve of functions of your own, without the compiler: closures behind a
/// [`ClosureOracle`](crate::problem::ClosureOracle), or any [`Oracle`].
///
/// ```
/// use optc::embed::{ClosureOracle, solver};
///
/// let bowl = ClosureOracle::new(2, |x| (x[0] - 1.0).powi(2) + (x[1] + 2.0).powi(2)).gradient(|x, g| {
///     g[0] = 2.0 * (x[0] - 1.0);
///     g[1] = 2.0 * (x[1] + 2.0);
/// });
/// let solution = solver(bowl).method("lbfgs").run()?;
/// assert!((solution.x()[1] + 2.0).abs() < 1e-6);
/// # Ok::<(), optc::embed::Errors>(())
/// ```
pub fn solver(oracle: impl Oracle + 'static) -> Solve<'static> {
    Solve::new(Target::Oracle(Arc::new(oracle)))
}

pub(super) fn squares(squares: LeastSquares) -> Solve<'static> {
    Solve::new(Target::Squares(squares))
}

/// A solve with wishes; nothing happens before [`Solve::run`].
#[must_use]
pub struct Solve<'a> {
    target: Target<'a>,
    method: Option<String>,
    options: Vec<(String, Given)>,
    start: Option<Start>,
    limits: Limits,
    stop: StopFlag,
    seed: u64,
    watcher: Option<Watcher>,
    quick: bool,
}

impl<'a> Solve<'a> {
    fn new(target: Target<'a>) -> Self {
        Self {
            target,
            method: None,
            options: Vec::new(),
            start: None,
            limits: Limits::default(),
            stop: StopFlag::default(),
            seed: 0,
            watcher: None,
            quick: false,
        }
    }

    pub(super) fn of(problem: &'a Problem) -> Self {
        let setup = problem.setup();
        Self { limits: setup.limits, seed: setup.seed, ..Self::new(Target::Problem(problem)) }
    }

    /// This method alone, instead of what the model asks for or what fits; `optc methods` lists them. It works on the model
    /// as it is written where it takes that, otherwise on the form without kinks, if there is one.
    pub fn method(mut self, name: &str) -> Self {
        self.method = Some(name.to_owned());
        self
    }

    /// An option of whatever method runs. Where the model asks for several, those that have it get it.
    pub fn option(mut self, name: &str, value: impl Into<OptionGiven>) -> Self {
        self.options.push((name.to_owned(), value.into().0));
        self
    }

    /// Starts at `x`, of length `n_vars` of [`Problem::shape`]; any other length is an error of [`Solve::run`].
    pub fn start(mut self, x: &[f64]) -> Self {
        self.start = Some(Start { own: WarmStart { x: x.to_vec(), ..WarmStart::default() }, compiled: None });
        self
    }

    /// Starts where an earlier solve of the same problem ended, multipliers included; one of another problem is an error
    /// of [`Solve::run`]. [`Solution::used_start`] says whether it helped.
    pub fn warm(mut self, solution: &Solution) -> Self {
        self.start = Some(solution.as_start());
        self
    }

    /// Most seconds of all methods together.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limits.seconds = Some(limit.as_secs_f64());
        self
    }

    /// Most iterations of all methods together.
    pub fn max_iterations(mut self, most: u64) -> Self {
        self.limits.iterations = Some(most);
        self
    }

    /// Where random numbers come from.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A flag that other threads may raise to end the run.
    pub fn stop_flag(mut self, flag: StopFlag) -> Self {
        self.stop = flag;
        self
    }

    /// Called after every iteration, the start first; `Break` ends the run with its best point. Where a second method runs, its
    /// iterations follow, again the start first.
    pub fn each_iteration(mut self, watcher: impl FnMut(&Iteration) -> ControlFlow<()> + Send + 'static) -> Self {
        self.watcher = Some(Box::new(watcher));
        self
    }

    /// Judges the answer by the compiled functions and not by the interpreter, which reads the model anew: for thousands of
    /// solves of one model.
    pub fn judged_quickly(mut self) -> Self {
        self.quick = true;
        self
    }

    /// Solves.
    ///
    /// # Errors
    /// A method that is not there or does not take the problem, a wrong option, a problem too large. A run that finds
    /// nothing is no error: look at [`Solution::status`].
    pub fn run(self) -> Result<Solution, Errors> {
        let nobody = || Arc::new(Sources::new());
        if let Some(name) = self.method.as_deref().filter(|name| find(name).is_none()) {
            let known = methods().iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
            let error = LimitError::BadArgument {
                argument: format!("method `{name}`"),
                reason: "there is no such method".into(),
                help: Some(format!("the methods are {known}")),
            };
            return Err(Errors::new(&Reports::from(error), nobody()));
        }
        match &self.target {
            Target::Problem(problem) => {
                let problem = *problem;
                self.run_problem(problem)
            }
            Target::Oracle(oracle) => {
                let oracle = Arc::clone(oracle);
                self.run_oracle(oracle).map_err(|reports| Errors::new(&reports, nobody()))
            }
            Target::Squares(squares) => {
                let squares = squares.clone();
                self.run_squares(squares).map_err(|reports| Errors::new(&reports, nobody()))
            }
        }
    }

    fn run_problem(self, problem: &Problem) -> Result<Solution, Errors> {
        let bound = Arc::clone(problem.solved(self.method.as_deref()));
        let start = match &self.start {
            Some(start) => Some(start.of(problem.written(), &bound).map_err(|e| problem.errors(&Reports::from(e)))?),
            None => None,
        };
        let started = start.is_some();
        let setup = Setup {
            any_options: self.options,
            method: self.method,
            limits: self.limits,
            seed: self.seed,
            stop: self.stop.clone(),
            ..Setup::default()
        };
        let live = self.watcher.map(|each| {
            let watching: Arc<Mutex<dyn TraceSink>> = Arc::new(Mutex::new(Watching { each, stop: self.stop }));
            watching
        });
        let wishes = Wishes { first: start, live, quick: self.quick, silent: true };
        let ended = Runner::new(&setup, problem.sources()).run(&bound, wishes);
        let ended = ended.map_err(|reports| problem.errors(&reports))?;
        Ok(Solution::of_model(problem, &bound, ended, started))
    }

    /// Where a problem of so many variables and rows without a model begins.
    fn checked_start(&self, sizes: (usize, usize)) -> Result<Option<WarmStart>, LimitError> {
        self.start.as_ref().map(|start| start.checked(sizes)).transpose()
    }

    fn run_oracle(self, oracle: Arc<dyn Oracle>) -> Result<Solution, Reports> {
        if let Some(reason) = contradiction(&*oracle) {
            return Err(LimitError::BadArgument { argument: "oracle".into(), reason, help: None }.into());
        }
        let facts = ProblemFacts::of(&*oracle);
        let choice = route(&facts, self.method.as_deref()).map_err(|(row, refusal)| of_closures(row, refusal))?;
        let options = self.options(choice.row)?;
        let start = self.checked_start((facts.n_vars, facts.n_cons))?;
        let nlp = Nlp { oracle: Arc::clone(&oracle), facts: facts.clone() };
        let (failed, given) = (|error: SetupError| could_not_begin(choice.row, error), start.is_some());
        let fitted = bridge::fit(choice.row.form, nlp).map_err(failed)?;
        let control = Self::control(self.watcher, self.stop, self.limits, self.seed);
        let candidate = ran(choice.row, (fitted.0, &fitted.1), options, control, start).map_err(failed)?;
        let verdict = verify(&*oracle, &facts, &candidate);
        Ok(answered(candidate, verdict, given))
    }

    fn run_squares(self, squares: LeastSquares) -> Result<Solution, Reports> {
        let wrong = |reason: String| LimitError::BadArgument { argument: "fit".into(), reason, help: None };
        if let Some(reason) = contradiction(&*squares.oracle) {
            return Err(wrong(reason).into());
        }
        if !squares.is_sound() {
            let m = squares.n_residuals();
            let reason = format!("weights must be {m} numbers that are not negative, and scales of losses positive");
            return Err(wrong(reason).into());
        }
        let sum: Arc<dyn Oracle> = Arc::new(SumOracle::new(squares.clone()));
        // Of the sum: what derivatives its rows have, it has.
        let facts = ProblemFacts { offers: sum.capabilities(), ..squares.facts.clone() };
        let choice = route(&facts, self.method.as_deref()).map_err(|(row, refusal)| of_closures(row, refusal))?;
        let options = self.options(choice.row)?;
        let start = self.checked_start((facts.n_vars, 0))?;
        let (failed, given) = (|error: SetupError| could_not_begin(choice.row, error), start.is_some());
        let (program, back) = match choice.row.form {
            Form::LeastSquares => (Program::LeastSquares(squares), bridge::Back::none(Arc::clone(&sum))),
            form => {
                bridge::fit(form, Nlp { oracle: Arc::clone(&sum), facts: ProblemFacts::of(&*sum) }).map_err(failed)?
            }
        };
        let control = Self::control(self.watcher, self.stop, self.limits, self.seed);
        let candidate = ran(choice.row, (program, &back), options, control, start).map_err(failed)?;
        let verdict = verify(&*sum, &facts, &candidate);
        Ok(answered(candidate, verdict, given))
    }
}

/// Runs a method to its end; its answer in the problem's own variables and rows.
fn ran(
    row: &'static MethodRow,
    (program, back): (Program, &bridge::Back),
    options: OptionSet,
    control: Control,
    start: Option<WarmStart>,
) -> Result<Candidate, SetupError> {
    let warm = start.as_ref().and_then(|start| back.forward(start));
    let lost = start.is_some() && warm.is_none();
    let request = Request { options, control, warm, ..Request::new(row, program) };
    let mut candidate = back.recover((row.make)(request)?.run());
    candidate.start_unused |= lost;
    Ok(candidate)
}

/// An answer to a problem without a model.
fn answered(candidate: Candidate, verdict: Verdict, started: bool) -> Solution {
    Solution::new(None, (candidate, verdict), started, None)
}

fn could_not_begin(row: &'static MethodRow, error: SetupError) -> Reports {
    match error {
        SetupError::Refused(refusal) => of_closures(row, refusal),
        error => refuse(row, error.to_string()),
    }
}

/// Why a method does not take functions of which no more is known than their values, and what would help.
fn of_closures(row: &'static MethodRow, refusal: Refusal) -> Reports {
    let help = match row.form {
        Form::LeastSquares => "; `Fit` takes residuals as closures",
        Form::Conic | Form::Qp | Form::Mip => {
            "; of closures it takes those whose `Shape` says that rows and objective are linear (`with_shape`), and \
             everything else as a model"
        }
        Form::Nlp => "",
    };
    refuse(row, format!("{refusal}{help}"))
}

fn refuse(row: &'static MethodRow, reason: String) -> Reports {
    ClassError::MethodRefuses { at: None, method: row.name.into(), reason, instead: None }.into()
}

impl Solve<'_> {
    fn options(&self, row: &'static crate::problem::MethodRow) -> Result<OptionSet, LimitError> {
        let given = self.options.iter().map(|(name, value)| (name.as_str(), value.clone()));
        parse_options(row, given).map_err(|problems| {
            let (at, problem) = &problems[0];
            let reason = match problem {
                OptionProblem::OutOfRange { row, .. } | OptionProblem::WrongKind(row) => {
                    format!("it must be {}", wants(row))
                }
                OptionProblem::Unknown => format!("`{}` has no such option", row.name),
                OptionProblem::Repeated => "it is given twice".into(),
            };
            let known = row.options.iter().map(|option| option.name).collect::<Vec<_>>().join(", ");
            LimitError::BadArgument {
                argument: format!("option `{}`", self.options[*at].0),
                reason,
                help: Some(format!("the options of `{}` are {known}", row.name)),
            }
        })
    }

    fn control(watcher: Option<Watcher>, stop: StopFlag, limits: Limits, seed: u64) -> Control {
        let mut control = Control { limits, stop: stop.clone(), seed, ..Control::default() };
        if let Some(each) = watcher {
            control.trace = Box::new(Watching { each, stop });
        }
        control
    }
}

/// Calls the watcher, and raises the flag when it has seen enough.
struct Watching {
    each: Watcher,
    stop: StopFlag,
}

impl TraceSink for Watching {
    fn row(&mut self, row: &TraceRow) {
        if (self.each)(row).is_break() {
            self.stop.raise();
        }
    }
}
