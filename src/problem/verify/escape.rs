//! The claim that the objective falls without end, and the ray that proves it.
//!
//! A ray of a problem whose feasible set is convex keeps to it for ever when it moves towards no end of a variable or of a
//! linear row (Rockafellar, *Convex Analysis* (1970), theorem 8.4). Other rows and the objective are looked at far out.
//! What a method found to its own tolerance is first made exact up to rounding.

use super::point::At;
use super::tolerance::FLAT;
use super::{fit, point};
use crate::num::dense::{all_finite, norm_inf};
use crate::problem::candidate::Candidate;
use crate::problem::oracle::{EvalError, Place};
use crate::problem::verdict::{Fall, Site, Worst};

/// Entries of a ray, relative to its largest, that a method's tolerance may have left where none belongs.
const LOOSE: f64 = 1e-6;
/// Points that are looked at, in units of the size of the point where the ray begins.
const DISTANCES: [f64; 5] = [1.0, 1e3, 1e6, 1e9, 1e12];
/// The part of its rate that the fall must keep from one point to the next.
const STEADY: f64 = 0.1;

/// The fall along the candidate's ray, and the ray as it was verified; `None` when it proves nothing.
pub fn along(at: &mut At<'_>, candidate: &Candidate) -> Option<(Fall, Vec<f64>)> {
    if at.shape().vars.are_closed() {
        return None;
    }
    at.differentiate_rows().ok()?;
    let mut ray = candidate.ray.clone().filter(|ray| ray.len() == at.x.len() && all_finite(ray))?;
    let largest = norm_inf(&ray);
    if !(largest > 0.0) {
        return None;
    }
    ray.iter_mut().for_each(|d| *d /= largest);
    let ray = kept_inside(at, ray)?;
    let fall = followed(at, &ray)?;
    Some((fall, ray))
}

/// The nearest ray that moves towards no end of a variable or of a linear row, unless it moves there in earnest.
fn kept_inside(at: &At<'_>, mut ray: Vec<f64>) -> Option<Vec<f64>> {
    let vars = &at.shape().vars;
    let ends = |j: usize, d: f64| (if d > 0.0 { vars.upper[j] } else { vars.lower[j] }).is_finite();
    for j in 0..ray.len() {
        if ray[j] != 0.0 && ends(j, ray[j]) {
            if ray[j].abs() > LOOSE {
                return None;
            }
            ray[j] = 0.0;
        }
    }
    // Twice: the regularisation of the first projection drops out in the second.
    for _ in 0..2 {
        let bent = towards_ends(at, &ray, FLAT);
        if bent.iter().all(|towards| !towards) {
            break;
        }
        if towards_ends(at, &ray, LOOSE).contains(&true) {
            return None;
        }
        let held: Vec<bool> = (0..ray.len()).map(|j| ray[j] == 0.0 || vars.is_fixed(j)).collect();
        let weights = fit::least_squares(at, &bent, &held, &ray)?;
        let change = at.jtv(&weights);
        for j in (0..ray.len()).filter(|&j| !held[j]) {
            ray[j] += change[j];
        }
    }
    let astray = (0..ray.len()).any(|j| ray[j] != 0.0 && ends(j, ray[j]));
    (!astray && !towards_ends(at, &ray, FLAT).contains(&true)).then_some(ray)
}

/// Which linear rows the ray moves towards an end of, by more than this part of the terms. Rows of cones hold together and
/// are left to the points.
fn towards_ends(at: &At<'_>, ray: &[f64], part: f64) -> Vec<bool> {
    let shape = at.shape();
    let (mut slopes, mut terms) = (vec![0.0; shape.n_cons], vec![0.0; shape.n_cons]);
    for (k, i, j) in at.oracle.jacobian_pattern().entries() {
        slopes[i] += at.jacobian[k] * ray[j];
        terms[i] += (at.jacobian[k] * ray[j]).abs();
    }
    let inside = shape.rows_of_cones();
    (0..shape.n_cons)
        .map(|i| {
            let end = if slopes[i] > 0.0 { shape.rows.upper[i] } else { shape.rows.lower[i] };
            shape.linear_rows[i] && !inside[i] && end.is_finite() && slopes[i].abs() > part * terms[i]
        })
        .collect()
}

/// The fall from point to point, which must be steady and at points that other rows allow too.
fn followed(at: &mut At<'_>, ray: &[f64]) -> Option<Fall> {
    let here = at.objective().ok().flatten()?;
    let scale = norm_inf(at.x).max(1.0);
    let mut fall = None::<Fall>;
    for distance in DISTANCES.map(|part| part * scale) {
        let point: Vec<f64> = at.x.iter().zip(ray).map(|(x, d)| x + distance * d).collect();
        let mut far = At::new(at.oracle, &point).ok()?;
        if !far.others_hold() {
            return None;
        }
        let value = match far.objective() {
            Ok(value) => value?,
            // Below all numbers: there is nothing further down to look for.
            Err(EvalError::NonFinite { place: Place::Objective(0), value }) if value == f64::NEG_INFINITY => {
                return fall.map(|_| Fall { rate: f64::INFINITY, distance });
            }
            Err(_) => return None,
        };
        let rate = (here - value) / distance;
        if !(rate > 0.0) || fall.is_some_and(|before| rate < STEADY * before.rate) {
            return None;
        }
        fall = Some(Fall { rate, distance });
    }
    fall
}

impl At<'_> {
    /// Whether the rows hold that are not linear, or are of cones: the others are known to hold along a ray.
    fn others_hold(&self) -> bool {
        let shape = self.shape();
        let known: Vec<bool> =
            shape.linear_rows.iter().zip(shape.rows_of_cones()).map(|(l, cone)| *l && !cone).collect();
        let other = |worst: &Worst<Site>| matches!(worst.at, Site::Row(i) if !known[i as usize]);
        point::worst(self.violations().filter(other)).is_none_or(|worst| worst.holds())
    }
}
