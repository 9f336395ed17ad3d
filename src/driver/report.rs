//! What a run has to say, as data: the same for the terminal, for JSON and for embedders.
//!
//! Arrays are kept as flat values in the order of their index, the last index running fastest.
//! Infinite bounds and values that are not numbers are `null` in JSON. `docs/json.md` documents the
//! form; [`VERSION`] grows when a field changes its meaning or goes away.

use crate::problem::{Counts, ProblemFacts, Sense, Status, StopReason, TraceRow};
use serde::{Deserialize, Serialize, Serializer};
use std::sync::Arc;

/// Version of the JSON form.
pub const VERSION: u32 = 1;

/// The report of `optc solve`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The model as it was named on the command line.
    pub model: String,
    /// Class and sizes of the problem.
    pub problem: ProblemSummary,
    /// One for each stage of each `solve`, in order.
    pub runs: Vec<Run>,
    /// One for each `solve`, in order; the values below are at the point of the last one.
    pub solves: Vec<SolveReport>,
    /// Objectives at the final point.
    pub objectives: Vec<ObjectiveReport>,
    /// Variables at the final point.
    pub variables: Vec<VariableReport>,
    /// Constraints at the final point.
    pub constraints: Vec<ConstraintReport>,
    /// Standard errors and the like, when the objective is a sum of squares or losses of residuals and the final point is an
    /// optimum.
    pub fit: Option<FitReport>,
    /// What proves that there is no answer, when the final status is that there is none and the judge has verified why.
    pub proof: Option<ProofReport>,
    /// What `show` asked for, in order.
    pub shown: Vec<Shown>,
    /// What `expect` demanded, in order.
    pub expectations: Vec<Expectation>,
    /// Seconds of each stage, in order.
    pub timings: Vec<Timing>,
}

impl Report {
    /// What the last `solve` came to; nothing when nothing was run.
    pub fn status(&self) -> Option<Status> {
        self.solves.last().map(|solve| solve.status).or_else(|| self.runs.last().map(|run| run.status))
    }
}

/// Class and sizes.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemSummary {
    /// `LP`, `QP`, `NLP`, ...
    pub class: String,
    /// The class in one line of words, e.g. `nonlinear, smooth, 4 variables, 2 constraints`.
    pub words: String,
    /// The numbers behind it.
    pub facts: ProblemFacts,
}

/// One `solve`: a pipeline of one or more runs.
#[derive(Clone, Debug, Serialize)]
pub struct SolveReport {
    /// `model.opt:12`; nothing when no line of the model asked for it.
    pub place: Option<String>,
    /// Its stages, as positions in [`Report::runs`]; empty when a limit was reached before.
    pub runs: Vec<usize>,
    /// The run whose point is the result, as a position in [`Report::runs`].
    pub kept: Option<usize>,
    /// What the judge says of that point, or that a limit kept stages from being run.
    pub status: Status,
    /// First objective there, in the user's sense; not a number when there is none.
    pub objective: f64,
}

/// One run of one method.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// The method's name.
    pub method: String,
    /// Why this method: one line naming the deciding fact.
    pub reason: String,
    /// What the judge says of the answer.
    pub status: Status,
    /// Why the method stopped.
    pub stop: StopReason,
    /// The numbers behind the status.
    pub evidence: Vec<EvidenceLine>,
    /// Further lines for the reader, e.g. where a function had no value.
    pub notes: Vec<String>,
    /// First objective at the answer, in the user's sense; not a number when there is none.
    pub objective: f64,
    /// Iterations done.
    pub iterations: u64,
    /// Evaluations done.
    pub counts: Counts,
    /// Seconds in the method.
    pub seconds: f64,
    /// The iterations.
    pub trace: Vec<TraceRow>,
}

impl Run {
    /// Whether the answer is a stationary point from which the objective falls, by its second derivatives.
    pub fn is_saddle(&self) -> bool {
        let falls = |line: &EvidenceLine| line.what == "curvature" && !line.holds;
        self.status == Status::Stationary && self.evidence.iter().any(falls)
    }
}

/// One number that the judge looked at.
#[derive(Clone, Debug, Serialize)]
pub struct EvidenceLine {
    /// What is measured: `violation`, `stationarity`, `complementarity`, `curvature`, ...
    pub what: String,
    /// The measured number.
    pub value: f64,
    /// What the judge allows; curvature, rate of fall and distance followed must be at least, all others at most, this.
    pub allowed: f64,
    /// Whether the judge is content.
    pub holds: bool,
    /// Where it is worst, by name: `capacity[seattle]`.
    pub at: Option<String>,
}

impl EvidenceLine {
    /// Whether the measured number must be at least what is allowed.
    pub fn is_at_least(&self) -> bool {
        matches!(self.what.as_str(), "curvature" | "rate of fall" | "distance followed")
    }
}

/// A proof that there is no answer, by name.
#[derive(Clone, Debug, Serialize)]
pub struct ProofReport {
    /// `infeasible`: entries are weights of constraint rows. `unbounded`: they are a direction of the variables.
    pub kind: &'static str,
    /// Those that are not 0, in the order of the problem; the largest is 1.
    pub entries: Vec<ProofEntry>,
}

/// One number of a proof.
#[derive(Clone, Debug, Serialize)]
pub struct ProofEntry {
    /// The constraint or the variable, as in the report.
    pub name: String,
    /// The subscripts; none for a scalar.
    pub index: Vec<Label>,
    /// Weight of the row, positive for its upper end and negative for its lower one; or how the variable moves.
    pub value: f64,
}

/// One objective.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectiveReport {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Whether less or more is better.
    #[serde(serialize_with = "sense_word")]
    pub sense: Sense,
    /// Its value in the user's sense.
    pub value: f64,
}

fn sense_word<S: Serializer>(sense: &Sense, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(match sense {
        Sense::Minimize => "minimize",
        Sense::Maximize => "maximize",
    })
}

/// What an array is indexed by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Index {
    /// All combinations of the elements of some sets; no set for a scalar.
    Product(Vec<Axis>),
    /// Listed tuples.
    Tuples {
        /// What each part is called.
        names: Vec<String>,
        /// For each part, the label in each tuple.
        columns: Vec<Vec<Label>>,
    },
}

impl Index {
    /// A single value.
    pub const SCALAR: Self = Self::Product(Vec::new());

    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Product(axes) => axes.iter().map(|axis| axis.labels.len()).product(),
            Self::Tuples { columns, .. } => columns.first().map_or(0, Vec::len),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is one value without subscripts.
    pub fn is_scalar(&self) -> bool {
        matches!(self, Self::Product(axes) if axes.is_empty())
    }

    /// Number of subscripts.
    pub fn n_parts(&self) -> usize {
        match self {
            Self::Product(axes) => axes.len(),
            Self::Tuples { columns, .. } => columns.len(),
        }
    }

    /// What each subscript is called.
    pub fn part_names(&self) -> Vec<&str> {
        match self {
            Self::Product(axes) => axes.iter().map(|axis| axis.name.as_str()).collect(),
            Self::Tuples { names, .. } => names.iter().map(String::as_str).collect(),
        }
    }

    /// One subscript of a value.
    pub fn label(&self, position: usize, part: usize) -> Label {
        match self {
            Self::Product(axes) => {
                let stride: usize = axes[part + 1..].iter().map(|axis| axis.labels.len()).product();
                axes[part].labels.get(position / stride % axes[part].labels.len())
            }
            Self::Tuples { columns, .. } => columns[part][position].clone(),
        }
    }

    /// The subscripts as they are written: `[seattle, 3]`; empty for a scalar.
    pub fn subscript(&self, position: usize) -> String {
        if self.is_scalar() {
            return String::new();
        }
        let parts: Vec<String> = (0..self.n_parts()).map(|part| self.label(position, part).to_string()).collect();
        format!("[{}]", parts.join(", "))
    }
}

/// One index set of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// The name of the set, or what stands in the model for it (`1..24`).
    pub name: String,
    /// Its elements.
    pub labels: Labels,
}

/// The elements of a set, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Labels {
    /// The integers `first..=last`.
    Range {
        /// The first one.
        first: i64,
        /// The last one.
        last: i64,
    },
    /// Listed.
    List(Arc<[Label]>),
}

impl Labels {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Range { first, last } => usize::try_from(last - first + 1).unwrap_or(0),
            Self::List(labels) => labels.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One element.
    pub fn get(&self, position: usize) -> Label {
        match self {
            Self::Range { first, .. } => Label::Int(first + position as i64),
            Self::List(labels) => labels[position].clone(),
        }
    }
}

/// An element of a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Label {
    /// An integer.
    Int(i64),
    /// A label.
    Text(Arc<str>),
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(value) => value.fmt(f),
            Self::Text(text) => f.pad(text),
        }
    }
}

/// What values a variable takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// Reals.
    Real,
    /// Integers.
    Integer,
    /// 0 and 1.
    Boolean,
}

/// A variable, scalar or array.
#[derive(Clone, Debug, Serialize)]
pub struct VariableReport {
    /// Its name.
    pub name: String,
    /// The comment above its declaration.
    pub doc: Option<String>,
    /// What values it takes.
    pub domain: Domain,
    /// What it is indexed by.
    pub index: Index,
    /// Its values.
    pub values: Vec<f64>,
    /// Lower bounds, one each.
    pub lower: Vec<f64>,
    /// Upper bounds, one each.
    pub upper: Vec<f64>,
    /// How the objective changes, in the user's sense, per unit that the active bound moves up; 0 between the
    /// bounds, and empty when the method gives no multipliers.
    pub duals: Vec<f64>,
}

/// A constraint, scalar or indexed.
#[derive(Clone, Debug, Serialize)]
pub struct ConstraintReport {
    /// Its name, or `line 12` when it has none.
    pub name: String,
    /// The comment above it.
    pub doc: Option<String>,
    /// What it is indexed by.
    pub index: Index,
    /// Values of its expression.
    pub activity: Vec<f64>,
    /// Lower ends, one each.
    pub lower: Vec<f64>,
    /// Upper ends, one each.
    pub upper: Vec<f64>,
    /// Distance to the nearer end; negative when violated.
    pub slack: Vec<f64>,
    /// How the objective changes, in the user's sense, per unit that the active end moves up; empty when the
    /// method gives no multipliers.
    pub duals: Vec<f64>,
}

/// What a fit says about its parameters.
#[derive(Clone, Debug, Serialize)]
pub struct FitReport {
    /// Residuals that count.
    pub residuals: usize,
    /// Parameters that may move.
    pub free: usize,
    /// `residuals` less the directions of the free parameters in which some residual changes.
    pub degrees_of_freedom: i64,
    /// Standard deviation of a residual of weight 1; not a number without degrees of freedom.
    pub residual_deviation: f64,
    /// How often an interval holds the true value, if the model is right.
    pub coverage: f64,
    /// Student's quantile for it.
    pub quantile: f64,
    /// Every variable, in the order of the problem.
    pub parameters: Vec<ParameterReport>,
    /// Covariances of the parameters, row by row; empty for more than 100.
    pub covariance: Vec<f64>,
    /// Their correlations, likewise.
    pub correlation: Vec<f64>,
    /// What to know before believing the numbers.
    pub notes: Vec<String>,
    /// The fitted curve, when the residuals are differences of data and a function of one covariate.
    pub curve: Option<CurveReport>,
    /// Residuals times the roots of their weights, in order.
    #[serde(skip)]
    pub residual_values: Vec<f64>,
}

impl FitReport {
    /// Whether something is known about some parameter.
    pub fn is_worth_a_table(&self) -> bool {
        self.degrees_of_freedom > 0
    }

    /// Whether a curve through data is what was fitted: who did that waits for standard errors.
    pub fn is_of_data(&self) -> bool {
        self.curve.is_some()
    }
}

/// A parameter of a fit.
#[derive(Clone, Debug, Serialize)]
pub struct ParameterReport {
    /// Its name: `b1`, `rate[3]`.
    pub name: String,
    /// Its value.
    pub estimate: f64,
    /// Its standard error; not a number where there is none.
    pub standard_error: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
    /// Why it has no standard error: `fixed`, `lower bound`, `upper bound`, `undetermined`.
    pub held: Option<&'static str>,
}

/// A fitted curve over one covariate.
#[derive(Clone, Debug, Serialize)]
pub struct CurveReport {
    /// What is on the horizontal axis.
    pub covariate: String,
    /// What was measured.
    pub response: String,
    /// Covariates, increasing.
    pub x: Vec<f64>,
    /// The curve there.
    pub value: Vec<f64>,
    /// Half the height of the confidence band of the curve there.
    pub half_width: Vec<f64>,
    /// What was measured, `(covariate, response)`.
    #[serde(skip)]
    pub points: Vec<(f64, f64)>,
}

/// A value that `show` asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// As written in the model.
    pub text: String,
    /// What it is indexed by.
    pub index: Index,
    /// Its values.
    pub values: Vec<f64>,
}

/// An `expect` and whether it holds.
#[derive(Clone, Debug, Serialize)]
pub struct Expectation {
    /// As written in the model.
    pub text: String,
    /// `model.opt:12`.
    pub place: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was found, in words: `cost = 153.68`.
    pub found: String,
}

/// Seconds of one stage.
#[derive(Clone, Debug, Serialize)]
pub struct Timing {
    /// `parse`, `check`, `differentiate`, `bind`, `solve`, `verify`, ...
    pub stage: String,
    /// Wall-clock seconds.
    pub seconds: f64,
}
