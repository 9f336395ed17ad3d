//! Claims that there is no answer: infeasible, unbounded. Both need proof that is checked here.

use super::point::At;
use super::tolerance::{UNBOUNDED, violation_at};
use super::{convexity, fit};
use crate::num::dense::{all_finite, norm_inf};
use crate::problem::candidate::Candidate;
use crate::problem::facts::{Curvature, ProblemFacts};
use crate::problem::verdict::{Site, Status, Worst};

/// Whether feasible points with objectives below any useful number are at hand.
pub fn is_unbounded(at: &mut At<'_>, candidate: &Candidate) -> bool {
    let Ok(Some(here)) = at.objective() else { return false };
    if here <= UNBOUNDED {
        return true;
    }
    let Some(ray) = candidate.ray.as_ref().filter(|ray| ray.len() == at.x.len() && all_finite(ray)) else {
        return false;
    };
    // Along the ray the objective must fall at a steady rate, at feasible points, far beyond the scale of `x`.
    let mut rate = f64::INFINITY;
    [1.0, 1e3, 1e6, 1e9].into_iter().all(|t| {
        let point: Vec<f64> = at.x.iter().zip(ray).map(|(x, d)| x + t * d).collect();
        let Ok(mut far) = At::new(at.oracle, &point) else { return false };
        let feasible = far.worst_violation().is_none_or(|w| w.holds());
        let Ok(Some(value)) = far.objective() else { return false };
        let new_rate = (here - value) / t;
        let steady = new_rate > 0.0 && (rate == f64::INFINITY || new_rate > 0.1 * rate);
        rate = new_rate;
        feasible && steady
    })
}

/// Whether weights `w` on the rows show that no point satisfies them, here or anywhere.
///
/// For every point of the box, `w'(c + J d)` is at least `w'c + min over d of (J'w)'d`; when that exceeds the most that
/// row bounds allow `w'c` to be, the linearised rows cannot hold. With linear rows and any `d` of the box this is
/// Farkas' lemma. It is the same when the problem is convex by `facts`, or the sum of rows by its constant Hessian: it lies
/// above its linearisation then. Otherwise `d` is kept to the scale of `x` and the proof is local.
pub fn is_infeasible(at: &mut At<'_>, candidate: &Candidate, facts: &ProblemFacts) -> Option<(Status, Worst<Site>)> {
    at.differentiate_rows().ok()?;
    let given = candidate.ray.clone().filter(|ray| ray.len() == at.c.len() && all_finite(ray));
    let violation: Vec<f64> = (0..at.c.len()).map(|i| at.shape().rows.excess(i, at.c[i])).collect();
    let tried: Vec<Vec<f64>> = [given, Some(violation)].into_iter().flatten().filter_map(|w| unit(at, w)).collect();
    let mut found = None;
    for weights in tried {
        let polished = polish(at, &weights).and_then(|w| unit(at, w));
        for weights in [Some(weights), polished].into_iter().flatten() {
            let linear = weights.iter().zip(&at.shape().linear_rows).all(|(&w, &linear)| w == 0.0 || linear);
            let everywhere = linear || facts.curvature == Curvature::Convex || convexity::of_rows(at, facts, &weights);
            match refutes(at, &weights, everywhere) {
                Some((Status::Infeasible, evidence)) => return Some((Status::Infeasible, evidence)),
                local => found = found.or(local),
            }
        }
    }
    found
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
    let change = fit::least_squares(at, &used, &held, &slopes)?;
    Some(weights.iter().zip(&used).zip(change).map(|((w, used), dw)| if *used { w + dw } else { 0.0 }).collect())
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
    // How much the weighted rows can fall within the box and a radius.
    let fall = |radius: &dyn Fn(f64) -> f64| -> f64 {
        (0..slopes.len())
            .map(|j| {
                let room = if slopes[j] > 0.0 { at.x[j] - shape.vars.lower[j] } else { shape.vars.upper[j] - at.x[j] };
                slopes[j].abs() * room.max(0.0).min(radius(at.x[j].abs()))
            })
            .sum()
    };
    let evidence = |value: f64| Worst { value, allowed, at: Site::Row(worst_row as u32) };
    let everywhere = excess - fall(&|size| 1e6 * size.max(1.0));
    if global && everywhere > allowed {
        return Some((Status::Infeasible, evidence(everywhere)));
    }
    let nearby = excess - fall(&|size| size.max(1.0));
    (nearby > allowed).then(|| (Status::LocallyInfeasible, evidence(nearby)))
}
