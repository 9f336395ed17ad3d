//! The class of a bound problem, as numbers and in words.
//!
//! Takes what the survey proved, the compiled functions and the shape; gives [`ProblemFacts`], which the router and the
//! report read.
//! Deliberately absent: what follows from the class.

use super::survey::{Line, Survey};
use crate::num::definite::is_positive_semidefinite;
use crate::problem::verify::tolerance::CONVEXITY_ROUNDING;
use crate::problem::{Degree, Oracle, ProblemFacts, Shape};

/// The class of a bound problem.
pub fn facts(survey: &Survey, oracle: &dyn Oracle, shape: &Shape) -> ProblemFacts {
    let of_oracle = ProblemFacts::of(oracle);
    let is_binary = |j: usize| shape.integer[j] && shape.vars.lower[j] == 0.0 && shape.vars.upper[j] == 1.0;
    ProblemFacts {
        n_vars: shape.n_vars,
        n_cons: shape.n_cons,
        n_equalities: (0..shape.n_cons).filter(|i| shape.rows.is_fixed(*i)).count(),
        n_bounded: (0..shape.n_vars)
            .filter(|j| shape.vars.lower[*j].is_finite() || shape.vars.upper[*j].is_finite())
            .count(),
        n_fixed: (0..shape.n_vars).filter(|j| shape.vars.is_fixed(*j)).count(),
        n_binary: (0..shape.n_vars).filter(|j| is_binary(*j)).count(),
        objective: survey.objective_degree(),
        rows: survey.row_degree(),
        curvature: survey.curvature,
        convex_objective: !matches!(survey.breaks, Some(Line::Objective(_))) || has_convex_hessian(survey, oracle),
        smoothness: survey.smoothness().0,
        ..of_oracle
    }
}

/// Whether the objective, as minimised, is quadratic and its Hessian has no negative eigenvalue.
fn has_convex_hessian(survey: &Survey, oracle: &dyn Oracle) -> bool {
    if survey.objective_degree() != Degree::Quadratic || survey.objectives.len() != 1 {
        return false;
    }
    let shape = oracle.shape();
    let mut ws = oracle.workspace();
    ws.set_point(&vec![0.0; shape.n_vars]);
    let mut hessian = vec![0.0; oracle.hessian_pattern().nnz()];
    let fixed = |j: usize| shape.vars.is_fixed(j);
    oracle.hessian(&mut ws, &shape.first_objective(), &vec![0.0; shape.n_cons], &mut hessian).is_ok()
        && is_positive_semidefinite(oracle.hessian_pattern(), &hessian, &fixed, CONVEXITY_ROUNDING)
}

/// The class in one line of words.
pub fn words(facts: &ProblemFacts) -> String {
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let degree = match facts.objective.max(facts.rows) {
        Degree::Constant => "constant",
        Degree::Linear => "linear",
        Degree::Quadratic => "quadratic",
        Degree::Nonlinear => "nonlinear",
    };
    let mut parts = vec![degree.to_string()];
    if facts.curvature == crate::problem::Curvature::Convex {
        parts.push("convex".into());
    }
    parts.push(
        match facts.smoothness {
            crate::problem::Smoothness::Twice => "smooth",
            crate::problem::Smoothness::Once => "once differentiable",
            crate::problem::Smoothness::Continuous => "with kinks",
            crate::problem::Smoothness::Discontinuous => "with jumps",
        }
        .into(),
    );
    parts.push(count(facts.n_vars, "variable", "variables"));
    if facts.n_integer > 0 {
        parts.push(format!("{} of them integer", facts.n_integer));
    }
    parts.push(count(facts.n_cons, "constraint row", "constraint rows"));
    parts.join(", ")
}
