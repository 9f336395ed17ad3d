//! Methods and their options as rows, and the trait every method implements.

use std::sync::Arc;

use super::candidate::Candidate;
use super::control::{Budget, Control, Progress};
use super::facts::ProblemFacts;
use super::oracle::{Capabilities, EvalError};
use super::program::{Form, Program};
use super::shape::Bounds;
use super::snapshot::{Snapshot, SnapshotError};

/// One method: all that `optc methods`, the router and the option checker know about it.
pub struct MethodRow {
    /// The name used in `solve with NAME(...)`.
    pub name: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// The paper or book it follows.
    pub source: &'static str,
    /// Whether it can solve problems of this class, and why not.
    pub accepts: fn(&ProblemFacts) -> Result<(), Refusal>,
    /// What the oracle must offer.
    pub needs: Capabilities,
    /// The kind of [`Program`] that [`MethodRow::make`] takes; `bridge::fit` makes it.
    pub form: Form,
    /// Its options.
    pub options: &'static [OptionRow],
    /// Sets a run up; takes all the memory the run will need.
    pub make: fn(Request) -> Result<Box<dyn Solver>, SetupError>,
}

/// One option of a method.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OptionRow {
    /// Its name.
    pub name: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// What values it takes.
    pub kind: OptionKind,
    /// The value when nothing is given.
    pub default: OptionValue,
    /// The unit of its values: `seconds`, `relative`, or empty.
    pub unit: &'static str,
}

/// What values an option takes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum OptionKind {
    /// A number in `[lo, hi]`.
    Real {
        /// Smallest value.
        lo: f64,
        /// Largest value.
        hi: f64,
    },
    /// An integer in `lo..=hi`.
    Int {
        /// Smallest value.
        lo: i64,
        /// Largest value.
        hi: i64,
    },
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A positive number or a schedule such as `cosine(1e-2, warmup = 100)`.
    Schedule,
}

/// The value of an option.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum OptionValue {
    /// Of [`OptionKind::Real`].
    Real(f64),
    /// Of [`OptionKind::Int`].
    Int(i64),
    /// Of [`OptionKind::Bool`].
    Bool(bool),
    /// Of [`OptionKind::Choice`].
    Choice(&'static str),
    /// Of [`OptionKind::Schedule`].
    Schedule(Schedule),
}

/// How a rate changes over a run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ScheduleShape {
    /// Not at all.
    Constant,
    /// Half a cosine from the peak to 0.
    Cosine,
    /// A straight line from the peak to 0.
    Linear,
    /// By this factor per epoch.
    Exponential(f64),
}

/// A rate over a run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Schedule {
    /// Its shape.
    pub shape: ScheduleShape,
    /// The largest rate.
    pub peak: f64,
    /// Steps of linear increase from 0 before the shape begins.
    pub warmup: u64,
}

/// A value for every option of one method, in the order of its rows.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OptionSet {
    values: Vec<(&'static str, OptionValue)>,
}

impl OptionSet {
    /// The defaults of `row`.
    pub fn defaults(row: &MethodRow) -> Self {
        Self { values: row.options.iter().map(|option| (option.name, option.default)).collect() }
    }

    /// Sets a value that was checked against its row; unknown names are ignored.
    pub fn set(&mut self, name: &str, value: OptionValue) {
        if let Some(slot) = self.values.iter_mut().find(|(known, _)| *known == name) {
            slot.1 = value;
        }
    }

    /// The value of option `name`, if the method has it.
    pub fn get(&self, name: &str) -> Option<OptionValue> {
        self.values.iter().find(|(known, _)| *known == name).map(|&(_, value)| value)
    }

    /// The number of a real or integer option.
    pub fn real(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(OptionValue::Real(value)) => value,
            Some(OptionValue::Int(value)) => value as f64,
            other => crate::bug!("option `{name}` is {other:?}, not a number"),
        }
    }

    /// The value of an integer option that is never negative.
    pub fn count(&self, name: &str) -> u64 {
        match self.get(name) {
            Some(OptionValue::Int(value)) => value.max(0) as u64,
            other => crate::bug!("option `{name}` is {other:?}, not an integer"),
        }
    }

    /// The value of a yes-or-no option.
    pub fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(OptionValue::Bool(value)) => value,
            other => crate::bug!("option `{name}` is {other:?}, not true or false"),
        }
    }

    /// The word of a choice.
    pub fn choice(&self, name: &str) -> &'static str {
        match self.get(name) {
            Some(OptionValue::Choice(value)) => value,
            other => crate::bug!("option `{name}` is {other:?}, not a word"),
        }
    }

    /// Names and values in the order of the rows.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, OptionValue)> + '_ {
        self.values.iter().copied()
    }
}

/// The ending of a counted noun.
const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Why a method cannot take a problem: the deciding fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// It handles bounds only.
    #[error("it has {0} constraint{s}, and this method handles bounds only", s = plural(*.0))]
    Constraints(usize),
    /// It handles continuous variables only.
    #[error("it has {0} integer variable{s}, and this method handles continuous ones only", s = plural(*.0))]
    Integers(usize),
    /// It cannot treat `complements`.
    #[error("it has {0} complementarity condition{s}", s = plural(*.0))]
    Complementarity(usize),
    /// It handles one objective.
    #[error("it has {0} objectives and this method handles one")]
    ManyObjectives(usize),
    /// Its matrices are dense.
    #[error("it has {0} variables, and this method with its dense matrices takes at most {1}")]
    ManyVariables(usize, usize),
    /// The functions are not smooth enough.
    #[error("its functions have jumps and this method follows derivatives")]
    NotSmooth,
    /// Absolute values stand beside the smooth objective.
    #[error("its objective has the absolute values of {0} variable{s} beside its smooth part", s = plural(*.0))]
    AbsoluteValues(usize),
    /// Kinks that are not absolute values of variables.
    #[error(
        "its kinks are not of the form `weight * abs(variable)` with a weight that is not negative, added to the objective"
    )]
    OtherKinks,
    /// It is for sums of squares.
    #[error("its objective is not a sum of squares or losses of residuals, and this method is for those alone")]
    NotSquares,
    /// The oracle lacks something.
    #[error("it does not offer {0}")]
    Missing(&'static str),
    /// The method is for another form of problem.
    #[error("this method is for {0} problems")]
    WrongForm(&'static str),
}

/// Where a run begins instead of the problem's own start. Empty vectors mean "unknown".
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WarmStart {
    /// Point, length `n_vars`.
    pub x: Vec<f64>,
    /// Row multipliers, length `n_cons`.
    pub y: Vec<f64>,
    /// Multipliers of lower bounds, length `n_vars`.
    pub z_lower: Vec<f64>,
    /// Multipliers of upper bounds, length `n_vars`.
    pub z_upper: Vec<f64>,
}

/// All that a run needs.
pub struct Request {
    /// The problem.
    pub program: Program,
    /// Checked options.
    pub options: OptionSet,
    /// Limits, stop flag, seed, observer.
    pub control: Control,
    /// Another start.
    pub warm: Option<WarmStart>,
    /// Tighter bounds of the variables (node solves), length `n_vars`.
    pub bounds: Option<Arc<Bounds>>,
    /// The state of a paused run to go on from.
    pub resume: Option<Snapshot>,
}

impl Request {
    /// A run of `row` on `program` with default options.
    pub fn new(row: &MethodRow, program: Program) -> Self {
        Self {
            program,
            options: OptionSet::defaults(row),
            control: Control::default(),
            warm: None,
            bounds: None,
            resume: None,
        }
    }
}

/// Why a run could not begin.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum SetupError {
    /// The method does not take this problem.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The problem's functions failed in a way that does not depend on the point.
    #[error("{0}")]
    Evaluation(#[from] EvalError),
    /// The saved state is of another run.
    #[error("{0}")]
    Snapshot(#[from] SnapshotError),
    /// It would take more memory than allowed.
    #[error("this method would take {wanted} bytes, the limit is {limit}")]
    Memory {
        /// Bytes wanted.
        wanted: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A bound pair holds no number.
    #[error("the bounds of {what} {index} hold no number")]
    EmptyBounds {
        /// `variable` or `row`.
        what: &'static str,
        /// Its number.
        index: usize,
    },
    /// The matrices cannot be factored because of their sizes.
    #[error("{0}")]
    Size(String),
}

/// A method at work: pausable, resumable, always with a best point.
pub trait Solver: Send {
    /// Goes on until it is done or the budget is used up. After `Done` it does nothing more.
    fn step(&mut self, budget: Budget) -> Progress;

    /// The best point so far with its multipliers; after `Done` the answer.
    fn best(&self) -> Candidate;

    /// The state between two calls of [`Solver::step`]: a run resumed from it makes the same iterates.
    fn save(&self) -> Snapshot;

    /// Runs to the end.
    fn run(&mut self) -> Candidate {
        while self.step(Budget::Unlimited) == Progress::Paused {}
        self.best()
    }
}
