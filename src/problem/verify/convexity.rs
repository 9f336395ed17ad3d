//! Convexity that numbers prove: the Lagrangian of a quadratic problem has one Hessian everywhere.
//!
//! With multipliers `y` of the right signs, every feasible point `x` has `f(x) >= f(x) + y'(c(x) - ends)`, and the right side
//! is convex in `x` when that Hessian has no negative eigenvalue; a point that is stationary for it is then its minimum over
//! the box, and being complementary the minimum of `f` over all feasible points. Source: Boyd and Vandenberghe (2004),
//! sections 5.1.3 and 5.5.2. Neither the rows nor the objective need be convex each by itself.

use super::point::{At, Multipliers};
use super::tolerance::CONVEXITY_ROUNDING;
use crate::num::kkt::default_solver;
use crate::num::sparse::Pattern;
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
    at.oracle.hessian(&mut at.workspace, sigma, y, &mut hessian).is_ok() && is_positive_semidefinite(at, &hessian)
}

/// Whether a matrix over the variables, fixed ones left out, has no negative eigenvalue beyond rounding.
///
/// Rows and columns are scaled to a diagonal of 1 first: the signs of eigenvalues stay, and no large entry can hide a small
/// negative one.
fn is_positive_semidefinite(at: &At<'_>, hessian: &[f64]) -> bool {
    let n = at.x.len();
    let free = |j: usize| !at.shape().vars.is_fixed(j);
    let mut diagonal = vec![0.0; n];
    for (k, i, j) in at.oracle.hessian_pattern().entries() {
        if i == j {
            diagonal[j] = hessian[k];
        }
    }
    let mut place = vec![None; n];
    let mut order = 0;
    for j in (0..n).filter(|&j| free(j)) {
        if diagonal[j] < 0.0 {
            return false;
        }
        if diagonal[j] > 0.0 {
            place[j] = Some(order);
            order += 1;
        }
    }
    let mut entries: Vec<(usize, usize)> = (0..order).map(|k| (k, k)).collect();
    let mut vals = vec![1.0 + CONVEXITY_ROUNDING; order];
    for (k, i, j) in at.oracle.hessian_pattern().entries() {
        if i == j || hessian[k] == 0.0 || !free(i) || !free(j) {
            continue;
        }
        // Beside a zero on the diagonal any entry makes a negative eigenvalue.
        let (Some(row), Some(col)) = (place[i], place[j]) else { return false };
        entries.push((row.max(col), row.min(col)));
        vals.push(hessian[k] / (diagonal[i].sqrt() * diagonal[j].sqrt()));
    }
    order == 0 || is_positive_definite(order, entries, &vals)
}

fn is_positive_definite(order: usize, entries: Vec<(usize, usize)>, vals: &[f64]) -> bool {
    let Ok((pattern, slots)) = Pattern::from_entries(order, order, entries) else { return false };
    let mut matrix = vec![0.0; pattern.nnz()];
    for (&slot, &value) in slots.iter().zip(vals) {
        matrix[slot as usize] += value;
    }
    let mut solver = default_solver();
    solver.analyse(&pattern).is_ok() && solver.factor(&matrix).is_ok_and(|inertia| inertia.positive == order)
}
