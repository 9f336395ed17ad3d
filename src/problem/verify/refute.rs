//! The claim that no point satisfies the rows, and the weights that prove it.

use super::point::At;
use super::tolerance::{FLAT, violation_at};
use super::{convexity, fit, gain};
use crate::num::dense::{all_finite, norm_inf};
use crate::problem::candidate::Candidate;
use crate::problem::facts::{Curvature, ProblemFacts};
use crate::problem::verdict::{Site, Status, Worst};

/// What weights on the rows prove, by how much, and the weights.
pub struct Refuted {
    pub status: Status,
    pub evidence: Worst<Site>,
    pub weights: Vec<f64>,
}

/// Whether weights `w` on the rows show that no point satisfies them, here or anywhere.
///
/// For every point of the box, `w'(c + J d)` is at least `w'c + min over d of (J'w)'d`; when that exceeds the most that
/// row bounds allow `w'c` to be, the linearised rows cannot hold. With linear rows and any `d` of the box this is
/// Farkas' lemma. It is the same when the problem is convex by `facts`, or the sum of rows by its constant Hessian: it lies
/// above its linearisation then. Otherwise `d` is kept to the scale of `x` and the proof is local.
pub fn is_infeasible(at: &mut At<'_>, candidate: &Candidate, facts: &ProblemFacts) -> Option<Refuted> {
    at.differentiate_rows().ok()?;
    let given = candidate.ray.clone().filter(|ray| ray.len() == at.c.len() && all_finite(ray));
    let violation: Vec<f64> = (0..at.c.len()).map(|i| at.shape().rows.excess(i, at.c[i])).collect();
    let tried: Vec<Vec<f64>> = [given, Some(violation)].into_iter().flatten().filter_map(|w| unit(at, w)).collect();
    let mut found = None;
    for weights in tried {
        let polished = polish(at, &weights).and_then(|w| unit(at, w));
        for weights in [Some(weights), polished].into_iter().flatten() {
            let everywhere = lies_above(at, facts, &weights);
            match refutes(at, &weights, everywhere) {
                Some((Status::Infeasible, evidence)) => {
                    return Some(Refuted { status: Status::Infeasible, evidence, weights });
                }
                Some((status, evidence)) => {
                    if everywhere && let Some(refuted) = lower_down(at, facts, weights.clone()) {
                        return Some(refuted);
                    }
                    found = found.or(Some(Refuted { status, evidence, weights }));
                }
                None => {}
            }
        }
    }
    found
}

/// Whether the sum of rows with these weights lies above its linearisations: it is linear or convex.
fn lies_above(at: &mut At<'_>, facts: &ProblemFacts, weights: &[f64]) -> bool {
    is_linear(at, weights) || facts.curvature == Curvature::Convex || convexity::of_rows(at, facts, weights)
}

fn is_linear(at: &At<'_>, weights: &[f64]) -> bool {
    weights.iter().zip(&at.shape().linear_rows).all(|(&w, &linear)| w == 0.0 || linear)
}

/// The proof from linearisations nearer to the minimum of the weighted rows, when they are curved. Where the method ended, a
/// slope of its tolerance is left, which would fall for ever; a linearisation at any other point of the box proves as much.
fn lower_down(at: &mut At<'_>, facts: &ProblemFacts, mut weights: Vec<f64>) -> Option<Refuted> {
    const STEPS: usize = 4;
    if is_linear(at, &weights) {
        return None;
    }
    let mut x = at.x.to_vec();
    for _ in 0..STEPS {
        x = {
            let mut here = At::new(at.oracle, &x).ok()?;
            here.differentiate_rows().ok()?;
            let step = gain::newton_of_rows(&mut here, &weights)?;
            let vars = &at.shape().vars;
            x.iter().zip(&step).enumerate().map(|(j, (x, d))| vars.clamp(j, x + d)).collect()
        };
        let mut there = At::new(at.oracle, &x).ok()?;
        there.differentiate_rows().ok()?;
        weights = polish(&there, &weights).and_then(|w| unit(&there, w))?;
        let everywhere = lies_above(&mut there, facts, &weights);
        if let Some((Status::Infeasible, evidence)) = refutes(&there, &weights, everywhere) {
            return Some(Refuted { status: Status::Infeasible, evidence, weights });
        }
    }
    None
}

/// Weights of size 1 without those that point to an end that a row does not have.
fn unit(at: &At<'_>, mut weights: Vec<f64>) -> Option<Vec<f64>> {
    let rows = &at.shape().rows;
    for (i, w) in weights.iter_mut().enumerate() {
        let end = if *w > 0.0 { rows.upper[i] } else { rows.lower[i] };
        if !end.is_finite() {
            *w = 0.0;
        }
    }
    // Into the cones' duals, where the weighted slacks of all points are not negative.
    for cone in &at.shape().cones {
        let head = cone.head as usize;
        weights[head] = weights[head].max(cone.length(&weights));
    }
    let largest = norm_inf(&weights);
    weights.iter_mut().for_each(|w| *w /= largest);
    (largest > 0.0).then_some(weights)
}

/// The nearest weights whose sum of rows is flat in the directions that no bound ends. What a method found to its own
/// tolerance becomes exact up to rounding, and holds as far as the box reaches.
fn polish(at: &At<'_>, weights: &[f64]) -> Option<Vec<f64>> {
    /// Room beyond which even a small slope adds up.
    const FAR: f64 = 1e3;
    let vars = &at.shape().vars;
    let slopes = at.jtv(weights);
    let used: Vec<bool> = weights.iter().map(|w| w.abs() > 1e-6).collect();
    let held: Vec<bool> = (0..slopes.len())
        .map(|j| {
            let room = if slopes[j] > 0.0 { at.x[j] - vars.lower[j] } else { vars.upper[j] - at.x[j] };
            room <= FAR * at.x[j].abs().max(1.0)
        })
        .collect();
    let mut polished: Vec<f64> = weights.iter().zip(&used).map(|(w, used)| if *used { *w } else { 0.0 }).collect();
    // Twice: the regularisation of the first fit drops out in the second.
    for _ in 0..2 {
        let change = fit::least_squares(at, &used, &held, &at.jtv(&polished))?;
        polished.iter_mut().zip(change).for_each(|(w, dw)| *w += dw);
    }
    Some(polished)
}

/// `global` says that the weighted rows lie above their linearisation.
fn refutes(at: &At<'_>, weights: &[f64], global: bool) -> Option<(Status, Worst<Site>)> {
    let shape = at.shape();
    let (mut excess, mut allowed) = (0.0, 0.0);
    let (mut worst_row, mut worst_part) = (0, 0.0);
    for (i, w) in weights.iter().enumerate().filter(|(_, w)| **w != 0.0) {
        let end = if *w > 0.0 { shape.rows.upper[i] } else { shape.rows.lower[i] };
        let part = w * (at.c[i] - end);
        excess += part;
        allowed += w.abs() * violation_at(end);
        if part > worst_part {
            (worst_row, worst_part) = (i, part);
        }
    }
    let slopes = at.jtv(weights);
    let terms = at.terms(weights);
    let room = |j: usize| {
        let (x, vars) = (at.x[j], &shape.vars);
        (if slopes[j] > 0.0 { x - vars.lower[j] } else { vars.upper[j] - x }).max(0.0)
    };
    let near = |j: usize| at.x[j].abs().max(1.0);
    // How much the weighted rows can fall within the box. A slope of rounding is none, but what it adds up to far away is
    // counted all the same; a true one goes on for as long as there is room.
    let fall = |far: &dyn Fn(usize) -> f64| -> f64 {
        (0..slopes.len()).filter(|&j| slopes[j] != 0.0).map(|j| slopes[j].abs() * room(j).min(far(j))).sum()
    };
    let is_flat = |j: usize| slopes[j].abs() <= FLAT * terms[j];
    let evidence = |value: f64| Worst { value, allowed, at: Site::Row(worst_row as u32) };
    let everywhere = excess - fall(&|j| if is_flat(j) { 1e6 * near(j) } else { f64::INFINITY });
    if global && everywhere > allowed {
        return Some((Status::Infeasible, evidence(everywhere)));
    }
    let nearby = excess - fall(&near);
    (nearby > allowed).then(|| (Status::LocallyInfeasible, evidence(nearby)))
}
