//! Solves of compiled problems and of functions of your own.

use super::errors::Errors;
use super::problem::Problem;
use super::solution::Solution;
use crate::bridge;
use crate::diag::codes::class::ClassError;
use crate::diag::codes::limit::LimitError;
use crate::diag::{Reports, Sources};
use crate::driver::route::route;
use crate::driver::solve::{recovered, refused, setup_failed};
use crate::driver::watch::Watched;
use crate::problem::{
    Control, Form, Limits, Nlp, OptionSet, Oracle, ProblemFacts, Request, StopFlag, TraceRow, TraceSink, WarmStart,
    verify,
};
use crate::solve::options::wants;
use crate::solve::{Given, OptionProblem, find, methods, parse_options};
use std::ops::ControlFlow;
use std::sync::Arc;
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

enum Target<'a> {
    Problem(&'a Problem),
    Oracle(Arc<dyn Oracle>),
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

/// A solve with wishes; nothing happens before [`Solve::run`].
#[must_use]
pub struct Solve<'a> {
    target: Target<'a>,
    method: Option<String>,
    options: Vec<(String, Given)>,
    warm: Option<WarmStart>,
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
            warm: None,
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

    /// This method instead of the one that fits; `optc methods` lists them.
    pub fn method(mut self, name: &str) -> Self {
        self.method = Some(name.to_owned());
        self
    }

    /// An option of the method.
    pub fn option(mut self, name: &str, value: impl Into<OptionGiven>) -> Self {
        self.options.push((name.to_owned(), value.into().0));
        self
    }

    /// Starts at `x`, of length `n_vars`.
    pub fn start(mut self, x: &[f64]) -> Self {
        self.warm = Some(WarmStart { x: x.to_vec(), ..WarmStart::default() });
        self
    }

    /// Starts where an earlier solve ended, multipliers included.
    pub fn warm(mut self, solution: &Solution) -> Self {
        self.warm = Some(solution.warm().clone());
        self
    }

    /// Most seconds of the method.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limits.seconds = Some(limit.as_secs_f64());
        self
    }

    /// Most iterations.
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

    /// Called after every iteration, the start first; `Break` ends the run with its best point.
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
        }
    }

    fn run_problem(self, problem: &Problem) -> Result<Solution, Errors> {
        let bound = Arc::clone(problem.bound());
        let failed = |reports: &Reports| problem.errors(reports);
        let choice = route(&bound.facts, self.method.as_deref())
            .map_err(|(row, refusal)| failed(&refused(&bound, row, refusal, None)))?;
        let options = self.options(choice.row).map_err(|error| failed(&Reports::from(error)))?;
        let residuals = bound.residuals.as_ref().filter(|_| choice.row.form == Form::LeastSquares);
        let oracle = residuals.map_or_else(|| bound.oracle.clone() as Arc<dyn Oracle>, |r| r.fit.oracle.clone());
        let watched = Arc::new(Watched::new(oracle).beside(&bound.l1));
        let (n_vars, n_cons) = (watched.shape().n_vars, watched.shape().n_cons);
        let (program, back) = match residuals {
            Some(residuals) => (residuals.program(watched.clone(), &bound.facts), bridge::Back::none(watched)),
            None => {
                let facts = ProblemFacts { n_vars, n_cons, ..bound.facts.clone() };
                bridge::fit(choice.row.form, Nlp { oracle: watched, facts })
                    .map_err(|error| failed(&setup_failed(&bound, &choice, error, None)))?
            }
        };
        // A point of the model's own variables, when its arrays are variables of the method too.
        let own = bound.instance.shape.n_vars;
        let lift = |warm: WarmStart| match warm.x.len() == own && own != n_vars {
            true => WarmStart { x: bound.oracle.lift_point(&warm.x), ..WarmStart::default() },
            false => warm,
        };
        let (limits, seed, quick) = (self.limits, self.seed, self.quick);
        let warm = self.warm.map(lift);
        let control = Self::control(self.watcher, self.stop, limits, seed);
        let request = Request { options, control, warm, ..Request::new(choice.row, program) };
        let ran = (choice.row.make)(request).map(|mut solver| solver.run());
        let candidate = ran.map_err(|error| failed(&setup_failed(&bound, &choice, error, None)))?;
        let candidate = back.recover(candidate);
        let warm = WarmStart {
            x: candidate.x.clone(),
            y: candidate.y.clone(),
            z_lower: candidate.z_lower.clone(),
            z_upper: candidate.z_upper.clone(),
        };
        let candidate = if residuals.is_some() { candidate } else { recovered(&bound, candidate) };
        let verdict = if quick && !bound.oracle.is_lifted() && bound.l1.is_empty() {
            verify(&*bound.oracle, &bound.facts, &candidate)
        } else {
            verify(&bound.judge(), &bound.facts, &candidate)
        };
        Ok(Solution::new(Some(Arc::clone(problem.names())), candidate, verdict, warm))
    }

    fn run_oracle(self, oracle: Arc<dyn Oracle>) -> Result<Solution, Reports> {
        let facts = ProblemFacts::of(&*oracle);
        let refuse = |method: &str, reason: String| {
            Reports::from(ClassError::MethodRefuses { at: None, method: method.into(), reason, instead: None })
        };
        let choice =
            route(&facts, self.method.as_deref()).map_err(|(row, refusal)| refuse(row.name, refusal.to_string()))?;
        let options = self.options(choice.row)?;
        let nlp = Nlp { oracle: Arc::clone(&oracle), facts: facts.clone() };
        let failed = |error: crate::problem::SetupError| refuse(choice.row.name, error.to_string());
        let (program, back) = bridge::fit(choice.row.form, nlp).map_err(failed)?;
        let control = Self::control(self.watcher, self.stop, self.limits, self.seed);
        let request = Request { options, control, warm: self.warm, ..Request::new(choice.row, program) };
        let ran = (choice.row.make)(request).map(|mut solver| solver.run());
        let candidate = back.recover(ran.map_err(failed)?);
        let verdict = verify(&*oracle, &facts, &candidate);
        let warm = WarmStart {
            x: candidate.x.clone(),
            y: candidate.y.clone(),
            z_lower: candidate.z_lower.clone(),
            z_upper: candidate.z_upper.clone(),
        };
        Ok(Solution::new(None, candidate, verdict, warm))
    }
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
