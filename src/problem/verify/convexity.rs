//! Convexity that numbers prove: the Lagrangian of a quadratic problem has one Hessian everywhere.
//!
//! With multipliers `y` of the right signs, every feasible point `x` has `f(x) >= f(x) + y'(c(x) - ends)`, and the right side
//! is convex in `x` when that Hessian has no negative eigenvalue; a point that is stationary for it is then its minimum over
//! the box, and being complementary the minimum of `f` over all feasible points. Source: Boyd and Vandenberghe (2004),
//! sections 5.1.3 and 5.5.2. Neither the rows nor the objective need be convex each by itself.

use super::point::{At, Multipliers};
use super::tolerance::CONVEXITY_ROUNDING;
use crate::num::definite::is_positive_semidefinite;
use crate::problem::facts::{Degree, ProblemFacts, Smoothness};

/// Whether the Lagrangian at these multipliers is proved convex over all variables that are not fixed.
pub fn of_lagrangian(at: &mut At<'_>, facts: &ProblemFacts, multipliers: &Multipliers) -> bool {
    let sigma = at.shape().first_objective();
    facts.objective.max(facts.rows) <= Degree::Quadratic && of_sum(at, facts, &sigma, &multipliers.y)
}

/// Whether the sum of rows with these weights is proved convex likewise.
pub fn of_rows(at: &mut At<'_>, facts: &ProblemFacts, weights: &[f64]) -> bool {
    let sigma = vec![0.0; at.shape().n_objectives];
    facts.rows <= Degree::Quadratic && of_sum(at, facts, &sigma, weights)
}

fn of_sum(at: &mut At<'_>, facts: &ProblemFacts, sigma: &[f64], y: &[f64]) -> bool {
    if facts.smoothness != Smoothness::Twice || !at.oracle.capabilities().hessian {
        return false;
    }
    let mut hessian = vec![0.0; at.oracle.hessian_pattern().nnz()];
    let vars = &at.shape().vars;
    let fixed = |j: usize| vars.is_fixed(j);
    at.oracle.hessian(&mut at.workspace, sigma, y, &mut hessian).is_ok()
        && is_positive_semidefinite(at.oracle.hessian_pattern(), &hessian, &fixed, CONVEXITY_ROUNDING)
}
