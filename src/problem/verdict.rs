//! What `problem::verify` says about an answer, with the numbers that made it say so.

use serde::{Deserialize, Serialize};

use super::candidate::StopReason;
use super::oracle::Place;

/// What an answer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A local optimum of a problem whose convexity is proved, or of a Lagrangian whose convexity is: hence a global one.
    GlobalOptimum,
    /// Feasible, first-order optimal, reduced curvature not negative.
    LocalOptimum,
    /// Feasible and first-order optimal; curvature unknown or negative along some feasible direction, or so flat that the
    /// objective could still gain.
    Stationary,
    /// Feasible, but no multipliers prove optimality (often no constraint qualification holds).
    FeasibleNotCertified,
    /// Feasible with whole values where asked, and as good as the bound that the method's search claims; the bound itself is
    /// the method's word.
    ClaimedOptimum,
    /// Feasible, from a method that seeks without derivatives and proves nothing.
    BestFound,
    /// No point satisfies the rows: proved by weights, because all rows that matter are linear or convex.
    Infeasible,
    /// No whole point satisfies the rows, says the method's search; there is no proof that could be checked.
    ClaimedInfeasible,
    /// The violation cannot be lowered from here to first order; other regions may hold feasible points.
    LocallyInfeasible,
    /// Feasible points go on without end along a ray, and the objective falls along it.
    Unbounded,
    /// A limit or a signal ended the run before a certified point was found.
    LimitReached,
    /// None of the above: the run ended at a point about which nothing good can be said.
    NumericalFailure,
}

impl Status {
    /// Whether the answer is an optimum, as far as the judge can tell from derivatives or the method from its search.
    pub fn is_optimal(self) -> bool {
        matches!(self, Self::GlobalOptimum | Self::LocalOptimum | Self::ClaimedOptimum)
    }

    /// In the words of reports.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::GlobalOptimum => "global optimum",
            Self::LocalOptimum => "local optimum",
            Self::Stationary => "stationary point",
            Self::FeasibleNotCertified => "feasible, not certified",
            Self::ClaimedOptimum => "optimum by the method's bound",
            Self::BestFound => "best found",
            Self::Infeasible => "infeasible",
            Self::ClaimedInfeasible => "infeasible by the method's search",
            Self::LocallyInfeasible => "locally infeasible",
            Self::Unbounded => "unbounded",
            Self::LimitReached => "limit reached",
            Self::NumericalFailure => "numerical failure",
        }
    }
}

/// The worst entry of some residual.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Worst<At> {
    /// Its size, absolute.
    pub value: f64,
    /// The size the judge allows there.
    pub allowed: f64,
    /// Where it is.
    pub at: At,
}

impl<At> Worst<At> {
    /// Whether the judge allows it.
    pub fn holds(&self) -> bool {
        self.value <= self.allowed
    }
}

/// A row, a bound of a variable, or a demand on its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Site {
    /// Constraint row by number.
    Row(u32),
    /// Variable by number.
    Var(u32),
}

/// Where multipliers of the certificate come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MultiplierSource {
    /// As the method gave them.
    Method,
    /// Fitted to the active constraints by the judge.
    Fitted,
}

/// Curvature along directions that keep the active constraints.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub enum CurvatureEvidence {
    /// No Hessian is available.
    Unknown,
    /// There is no such direction.
    Vertex,
    /// The Hessian of the Lagrangian is constant and has no negative eigenvalue.
    Everywhere,
    /// The smallest eigenvalue of the reduced Hessian, and whether it is negative beyond the tolerance.
    Smallest {
        /// Eigenvalue, absolute.
        value: f64,
        /// What the judge allows, negative.
        allowed: f64,
    },
    /// From the inertia of the KKT matrix: whether the reduced Hessian plus the tolerance is positive definite.
    Inertia {
        /// Negative directions found; 0 when it holds.
        negative: usize,
    },
}

impl CurvatureEvidence {
    /// Whether it speaks for a minimum; `None` when nothing is known.
    pub fn holds(&self) -> Option<bool> {
        match *self {
            Self::Unknown => None,
            Self::Vertex | Self::Everywhere => Some(true),
            Self::Smallest { value, allowed } => Some(value >= allowed),
            Self::Inertia { negative } => Some(negative == 0),
        }
    }
}

/// How the objective falls along a ray.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fall {
    /// Per unit of the ray's largest entry, as far as it was followed; infinite where the objective fell out of all numbers.
    pub rate: f64,
    /// How far it was followed, in units of its largest entry.
    pub distance: f64,
}

/// What proves that there is no answer, as the judge has verified it. Largest entry 1.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Proof {
    /// Weights `w` of the rows, length `n_cons`: at no point of the box is `w'c` as small as `w'` times the ends, the upper one
    /// where `w` is positive and the lower one where it is negative.
    Infeasible(Vec<f64>),
    /// A direction, length `n_vars`, along which feasible points go on for ever and the objective falls.
    Unbounded(Vec<f64>),
}

/// The numbers behind a [`Status`], of the unscaled problem. Absent ones were not reached.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// First objective, minimised.
    pub objective: Option<f64>,
    /// Largest violation of a row or bound, relative to what is allowed there.
    pub violation: Option<Worst<Site>>,
    /// Largest distance of an integer variable from an integer.
    pub integrality: Option<Worst<Site>>,
    /// Largest entry of the gradient of the Lagrangian.
    pub stationarity: Option<Worst<Site>>,
    /// Largest product of a multiplier and the distance to its bound, or multiplier of wrong sign.
    pub complementarity: Option<Worst<Site>>,
    /// Sum of violations, each times its multiplier: how much better than the optimum the objective may be for them.
    pub price: Option<Worst<Site>>,
    /// Curvature on the active constraints.
    pub curvature: Option<CurvatureEvidence>,
    /// Where the multipliers come from.
    pub multipliers: Option<MultiplierSource>,
    /// How far the objective is above the bound that the method claims, relative.
    pub gap: Option<f64>,
    /// For infeasibility: by how much the weighted rows cannot be met, weights at most 1.
    pub infeasibility: Option<Worst<Site>>,
    /// For a convex problem: what a step of Newton's method says that the objective could still gain.
    #[serde(default)]
    pub gain: Option<Worst<Site>>,
    /// For a local optimum beside kinks: by how much the objective is better at a point nearby.
    #[serde(default)]
    pub nearby: Option<f64>,
    /// For unboundedness: how the objective falls.
    #[serde(default)]
    pub fall: Option<Fall>,
    /// What could not be evaluated.
    pub undefined: Option<Place>,
}

/// The judgement: status, evidence, and the multipliers or the proof it rests on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// What the answer is.
    pub status: Status,
    /// Why the method stopped; explains `LimitReached`.
    pub stop: StopReason,
    /// The numbers.
    pub evidence: Evidence,
    /// Row multipliers of the certificate, empty without one. Signs: see [`super`].
    pub y: Vec<f64>,
    /// Multipliers of lower bounds.
    pub z_lower: Vec<f64>,
    /// Multipliers of upper bounds.
    pub z_upper: Vec<f64>,
    /// What proves that there is no answer, where the status says so.
    #[serde(default)]
    pub proof: Option<Proof>,
}

impl Verdict {
    /// The same with the multipliers and the proof of the first variables and rows alone, as [`Candidate::within`] has the answer.
    /// Places in the evidence stay what they are.
    ///
    /// [`Candidate::within`]: super::Candidate::within
    #[must_use]
    pub fn within(mut self, n_vars: usize, n_cons: usize) -> Self {
        self.y.truncate(n_cons);
        self.z_lower.truncate(n_vars);
        self.z_upper.truncate(n_vars);
        match &mut self.proof {
            Some(Proof::Infeasible(weights)) => weights.truncate(n_cons),
            Some(Proof::Unbounded(ray)) => ray.truncate(n_vars),
            None => {}
        }
        self
    }
}
