//! What a method hands back: a point, multipliers, and why it stopped. It claims nothing that `verify` believes unseen.

use serde::{Deserialize, Serialize};

/// How often each function was evaluated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Objective values.
    pub objective: u64,
    /// Gradients.
    pub gradient: u64,
    /// Constraint vectors.
    pub constraints: u64,
    /// Jacobians.
    pub jacobian: u64,
    /// Hessians.
    pub hessian: u64,
    /// Hessian-vector products.
    pub hvp: u64,
    /// Evaluations that gave a value that is not a number.
    pub failures: u64,
}

impl Counts {
    /// All evaluations together, the unit of [`super::Limits::evaluations`].
    pub fn total(&self) -> u64 {
        self.objective + self.gradient + self.constraints + self.jacobian + self.hessian + self.hvp
    }
}

/// Why a method stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Its own test of optimality held.
    Converged,
    /// No further progress was possible; the point may still be good.
    Stalled,
    /// It believes that no point satisfies the rows, at least near here.
    Infeasible,
    /// It believes that the objective falls without bound.
    Unbounded,
    /// A limit of [`super::Limits`].
    TimeLimit,
    /// A limit of [`super::Limits`].
    IterationLimit,
    /// A limit of [`super::Limits`].
    EvaluationLimit,
    /// A limit of [`super::Limits`].
    MemoryLimit,
    /// The stop flag was raised.
    Interrupted,
    /// The functions have no value at the start or around the last point.
    NotANumber,
    /// The linear algebra failed beyond repair.
    LinearAlgebra,
    /// It has not stopped: [`super::Solver::best`] was asked in between.
    Running,
}

impl StopReason {
    /// Whether the method believes that there is no answer.
    pub fn is_refutation(self) -> bool {
        matches!(self, Self::Infeasible | Self::Unbounded)
    }

    /// Whether the user's limit or signal ended the run.
    pub fn is_limit(self) -> bool {
        matches!(
            self,
            Self::TimeLimit | Self::IterationLimit | Self::EvaluationLimit | Self::MemoryLimit | Self::Interrupted
        )
    }
}

/// What kind of answer the method aims at; it decides which judgement is possible.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Claim {
    /// A point with multipliers that satisfy the optimality conditions.
    #[default]
    Kkt,
    /// The best point of a search without such conditions (derivative-free, stochastic).
    Best,
}

/// A method's answer, in the problem's own variables, unscaled. Signs: see [`super`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Candidate {
    /// The method's name.
    pub method: String,
    /// The point, length `n_vars`.
    pub x: Vec<f64>,
    /// Row multipliers, length `n_cons`, or empty when the method has none.
    pub y: Vec<f64>,
    /// Multipliers of lower bounds, length `n_vars`, or empty when the method has none.
    pub z_lower: Vec<f64>,
    /// Multipliers of upper bounds, length `n_vars`, or empty when the method has none.
    pub z_upper: Vec<f64>,
    /// First objective at `x` (minimised), NaN when it could not be evaluated.
    pub objective: f64,
    /// Proof of a claim: row weights that show infeasibility (length `n_cons`) or a direction along which the objective
    /// falls without end (length `n_vars`).
    pub ray: Option<Vec<f64>>,
    /// Below this no objective can be, says a method that searched all whole points; nobody else can check it.
    #[serde(default)]
    pub bound: Option<f64>,
    /// What the method aimed at.
    pub claim: Claim,
    /// Why it stopped.
    pub stop: StopReason,
    /// Whether a start was given that this answer owes nothing to.
    #[serde(default)]
    pub start_unused: bool,
    /// Iterations done.
    pub iterations: u64,
    /// Evaluations done.
    pub counts: Counts,
    /// Seconds spent in the method.
    pub seconds: f64,
}

impl Candidate {
    /// The answer in the first variables and rows alone: those of a problem that this one was made from by adding others behind
    /// them.
    #[must_use]
    pub fn within(mut self, n_vars: usize, n_cons: usize) -> Self {
        let len = if self.stop == StopReason::Unbounded { n_vars } else { n_cons };
        if let Some(ray) = &mut self.ray {
            ray.truncate(len);
        }
        self.x.truncate(n_vars);
        self.y.truncate(n_cons);
        self.z_lower.truncate(n_vars);
        self.z_upper.truncate(n_vars);
        self
    }

    /// A point about which nothing else is known.
    pub fn at(method: &str, x: Vec<f64>, stop: StopReason) -> Self {
        Self {
            method: method.to_owned(),
            x,
            y: Vec::new(),
            z_lower: Vec::new(),
            z_upper: Vec::new(),
            objective: f64::NAN,
            ray: None,
            bound: None,
            claim: Claim::Kkt,
            stop,
            start_unused: false,
            iterations: 0,
            counts: Counts::default(),
            seconds: 0.0,
        }
    }
}
