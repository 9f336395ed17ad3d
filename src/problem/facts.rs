//! What is known about a problem's class: the router and every method's `accepts` read it.

use serde::{Deserialize, Serialize};

use super::oracle::Capabilities;

/// How an expression depends on the variables, from simple to hard.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Degree {
    /// Not at all.
    #[default]
    Constant,
    /// Affinely.
    Linear,
    /// By a polynomial of degree two.
    Quadratic,
    /// In any other way.
    Nonlinear,
}

/// What is proved about convexity of the whole problem.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curvature {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Every local optimum is global.
    Convex,
    /// Proved not to be convex.
    Nonconvex,
}

/// How smooth the functions are where they are defined, from best to worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Smoothness {
    /// Twice continuously differentiable.
    #[default]
    Twice,
    /// Once continuously differentiable.
    Once,
    /// Continuous with kinks (`abs`, `max`).
    Continuous,
    /// With jumps (`sign`, `floor`, some `if`).
    Discontinuous,
}

/// The class of a problem as numbers. All counts are of the bound problem.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ProblemFacts {
    /// Variables.
    pub n_vars: usize,
    /// Constraint rows.
    pub n_cons: usize,
    /// Objectives; 0 means any feasible point will do.
    pub n_objectives: usize,
    /// Rows with equal bounds.
    pub n_equalities: usize,
    /// Variables with at least one finite bound.
    pub n_bounded: usize,
    /// Variables with equal bounds.
    pub n_fixed: usize,
    /// Integer variables, binaries included.
    pub n_integer: usize,
    /// Integer variables with bounds 0 and 1.
    pub n_binary: usize,
    /// `complements` pairs.
    pub n_complementarity: usize,
    /// The hardest objective.
    pub objective: Degree,
    /// The hardest row.
    pub rows: Degree,
    /// Convexity of the whole problem.
    pub curvature: Curvature,
    /// Whether the objective is proved convex, by rules or because its constant Hessian has no negative eigenvalue.
    pub convex_objective: bool,
    /// The least smooth function.
    pub smoothness: Smoothness,
    /// Residuals, when the objective is a sum of their squares or losses and there are no rows; else 0.
    pub n_residuals: usize,
    /// Structural nonzeros of the Jacobian.
    pub nnz_jacobian: usize,
    /// Structural nonzeros of the Hessian of the Lagrangian, lower triangle.
    pub nnz_hessian: usize,
    /// Variables whose absolute value stands with a weight beside a smooth objective, see [`super::Shape::l1`].
    #[serde(default)]
    pub n_l1: usize,
    /// Norms that are second-order cones, when everything else is linear or a convex quadratic objective; else 0.
    #[serde(default)]
    pub n_cones: usize,
    /// Length of the batch axis, when the objective is a sum over data.
    pub batch: Option<usize>,
    /// Whether some value comes from a program outside optc.
    pub black_box: bool,
    /// What the oracle offers.
    pub offers: Capabilities,
}

impl ProblemFacts {
    /// The facts that shape and oracle alone can tell: nothing about curvature, smooth unless told otherwise.
    pub fn of(oracle: &dyn super::Oracle) -> Self {
        let shape = oracle.shape();
        let offers = oracle.capabilities();
        let (vars, rows) = (&shape.vars, &shape.rows);
        let is_binary = |j: usize| shape.integer[j] && vars.lower[j] == 0.0 && vars.upper[j] == 1.0;
        let degree = |all_linear: bool| if all_linear { Degree::Linear } else { Degree::Nonlinear };
        Self {
            n_vars: shape.n_vars,
            n_cons: shape.n_cons,
            n_objectives: shape.n_objectives,
            n_equalities: (0..shape.n_cons).filter(|&i| rows.is_fixed(i)).count(),
            n_bounded: (0..shape.n_vars).filter(|&j| vars.lower[j].is_finite() || vars.upper[j].is_finite()).count(),
            n_fixed: (0..shape.n_vars).filter(|&j| vars.is_fixed(j)).count(),
            n_integer: shape.n_integer(),
            n_binary: (0..shape.n_vars).filter(|&j| is_binary(j)).count(),
            n_complementarity: shape.complements.len(),
            objective: degree(shape.linear_objectives.iter().all(|&l| l)),
            rows: degree(shape.linear_rows.iter().all(|&l| l)),
            nnz_jacobian: if offers.jacobian { oracle.jacobian_pattern().nnz() } else { 0 },
            nnz_hessian: if offers.hessian { oracle.hessian_pattern().nnz() } else { 0 },
            n_l1: shape.l1.iter().filter(|&&w| w > 0.0).count(),
            batch: oracle.batch_len(),
            offers,
            ..Self::default()
        }
    }

    /// The class in the usual letters, for reports: `LP`, `QP`, `SOCP`, `NLP`, `MINLP`, ...
    pub fn class_name(&self) -> &'static str {
        let integer = self.n_integer > 0;
        if self.n_cones > 0 {
            return "SOCP";
        }
        match (self.n_complementarity > 0, self.n_objectives > 1, self.objective, self.rows) {
            (true, ..) => "MPCC",
            (_, true, ..) => "MOP",
            (_, _, Degree::Constant | Degree::Linear, Degree::Constant | Degree::Linear) if integer => "MILP",
            (_, _, Degree::Constant | Degree::Linear, Degree::Constant | Degree::Linear) => "LP",
            (_, _, Degree::Quadratic, Degree::Constant | Degree::Linear) if integer => "MIQP",
            (_, _, Degree::Quadratic, Degree::Constant | Degree::Linear) => "QP",
            (_, _, Degree::Nonlinear, _) | (_, _, _, Degree::Nonlinear) if integer => "MINLP",
            (_, _, Degree::Nonlinear, _) | (_, _, _, Degree::Nonlinear) => "NLP",
            _ if integer => "MIQCP",
            _ => "QCP",
        }
    }
}
