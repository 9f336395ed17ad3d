//! What the objective could still gain by a step of Newton's method, and what such a step would leave of the gradient.
//!
//! With `r` the gradient of the Lagrangian and `H` its Hessian, the model of second order falls by `r' H⁻¹ r / 2` on the
//! active constraints: half the square of the Newton decrement (Boyd and Vandenberghe (2004), section 9.5.1). For a convex
//! objective it tells a minimum from a gradient that is small only because the function is flat, or because it falls for
//! ever. Where `H` has no curvature, the little that is added to it turns any slope beyond rounding into a huge gain, and the
//! slope itself is left. No gain is larger than the slope times the room there is.

use super::curvature::{Face, RowOn};
use super::point::{At, Multipliers};
use super::tolerance::{FACTORED_UP_TO, FLAT, GAIN};
use crate::num::dense::all_finite;
use crate::num::kkt::default_solver;
use crate::num::sparse::Pattern;
use crate::problem::verdict::{Site, Worst};

/// Added to a Hessian with a diagonal of 1, and taken from the rows in their units.
const SHIFT: f64 = 1e-12;

/// The step and what it promises.
pub struct Newton {
    /// How much the objective falls, at the variable with the largest part in it.
    pub gain: Worst<Site>,
    /// What would be left of each entry of the gradient of the Lagrangian; empty when there was no step to take.
    left: Vec<f64>,
}

impl Newton {
    /// Whether the point is as good as the one that the step leads to, `allowed` being what a gradient may be.
    pub fn ends_here(&self, allowed: &[f64]) -> bool {
        self.gain.holds() && self.left.iter().zip(allowed).all(|(left, allowed)| left <= allowed)
    }
}

/// The step from `at`; `None` where the Hessian cannot be had or factored, or has no minimum on the active constraints.
/// `objective` is its value there.
pub fn newton(at: &mut At<'_>, m: &Multipliers, objective: f64) -> Option<Newton> {
    let allowed = GAIN * objective.abs().max(1.0);
    let (mut slopes, within) = slopes(at, m, allowed);
    let at_var = |j: usize| Site::Var(j as u32);
    if slopes.iter().all(|r| *r == 0.0) {
        return Some(Newton { gain: Worst { value: within, allowed, at: at_var(0) }, left: Vec::new() });
    }
    if !at.oracle.capabilities().hessian || at.oracle.hessian_pattern().nnz() > FACTORED_UP_TO {
        return None;
    }
    let sigma = at.shape().first_objective();
    let mut hessian = vec![0.0; at.oracle.hessian_pattern().nnz()];
    at.oracle.hessian(&mut at.workspace, &sigma, &m.y, &mut hessian).ok()?;
    let face = Face::new(at, m);
    for (j, var) in face.var.iter().enumerate() {
        if var.is_none() {
            slopes[j] = 0.0;
        }
    }
    let units = units(at, &face, &hessian);
    let step = step(at, &face, &hessian, &units, &slopes)?;
    let (mut gain, mut largest) = (0.0, (0.0, 0));
    let mut left = vec![0.0; slopes.len()];
    for (j, var) in face.var.iter().enumerate() {
        if let Some(var) = *var {
            let part = -0.5 * slopes[j] * units[var] * step[var];
            gain += part;
            if part > largest.0 {
                largest = (part, j);
            }
            left[j] = (SHIFT * step[var] / units[var]).abs();
        }
    }
    let value = within + gain.max(0.0);
    gain.is_finite().then_some(Newton { gain: Worst { value, allowed, at: at_var(largest.1) }, left })
}

/// The gradient of the Lagrangian without what is rounding, or worth nothing in the room there is; and the sum of what that
/// is worth.
fn slopes(at: &At<'_>, m: &Multipliers, allowed: f64) -> (Vec<f64>, f64) {
    let vars = &at.shape().vars;
    let (jty, terms) = (at.jtv(&m.y), at.terms(&m.y));
    let little = 0.5 * allowed / jty.len().max(1) as f64;
    let mut within = 0.0;
    let slope = |j: usize| {
        let r = at.gradient[j] + jty[j] - m.z_lower[j] + m.z_upper[j];
        let size = at.gradient[j].abs().max(terms[j]).max(m.z_lower[j]).max(m.z_upper[j]);
        let room = if r > 0.0 { at.x[j] - vars.lower[j] } else { vars.upper[j] - at.x[j] };
        let worth = r.abs() * room.max(0.0);
        if r.abs() <= FLAT * size {
            0.0
        } else if worth <= little {
            within += worth;
            0.0
        } else {
            r
        }
    };
    let slopes = (0..jty.len()).map(slope).collect();
    (slopes, within)
}

/// Units of the free variables in which their curvature is 1; their size where there is none.
fn units(at: &At<'_>, face: &Face, hessian: &[f64]) -> Vec<f64> {
    let mut curvature = face.bound.clone();
    for (k, i, j) in at.oracle.hessian_pattern().entries() {
        if let (true, Some(var)) = (i == j, face.var[j]) {
            curvature[var] += hessian[k];
        }
    }
    for (k, i, j) in at.oracle.jacobian_pattern().entries() {
        if let (Some(RowOn::Near(_, sigma)), Some(var)) = (face.row[i], face.var[j]) {
            curvature[var] += sigma * at.jacobian[k] * at.jacobian[k];
        }
    }
    for (j, var) in face.var.iter().enumerate() {
        if let Some(var) = *var {
            let unit = 1.0 / curvature[var].sqrt();
            curvature[var] = if unit.is_finite() && unit > 0.0 { unit } else { at.x[j].abs().max(1.0) };
        }
    }
    curvature
}

/// Solves `[H + SHIFT, A'; A, -SHIFT] [d; w] = [-r; 0]` in these units.
fn step(at: &At<'_>, face: &Face, hessian: &[f64], units: &[f64], slopes: &[f64]) -> Option<Vec<f64>> {
    let (n, m) = (face.n_free, face.n_active + face.n_near);
    let mut scale = vec![0.0f64; at.c.len()];
    for (k, i, j) in at.oracle.jacobian_pattern().entries() {
        if let Some(var) = face.var[j] {
            scale[i] = scale[i].max((at.jacobian[k] * units[var]).abs());
        }
    }
    let mut entries: Vec<(usize, usize)> = (0..n + m).map(|k| (k, k)).collect();
    let mut vals: Vec<f64> = face.bound.iter().zip(units).map(|(sigma, unit)| sigma * unit * unit + SHIFT).collect();
    vals.resize(n + m, -SHIFT);
    for (i, row) in face.row.iter().enumerate() {
        if let Some(RowOn::Near(near, sigma)) = *row {
            vals[n + face.n_active + near] = -1.0 / (sigma * scale[i] * scale[i]);
        }
    }
    for (k, i, j) in at.oracle.hessian_pattern().entries() {
        if let (Some(i), Some(j)) = (face.var[i], face.var[j]) {
            entries.push((i.max(j), i.min(j)));
            vals.push(hessian[k] * units[i] * units[j]);
        }
    }
    for (k, i, j) in at.oracle.jacobian_pattern().entries() {
        if let (Some(row), Some(var)) = (face.row[i], face.var[j]) {
            let row = match row {
                RowOn::Active(row) => row,
                RowOn::Near(row, _) => face.n_active + row,
            };
            entries.push((n + row, var));
            vals.push(at.jacobian[k] * units[var] / scale[i]);
        }
    }
    let (pattern, slots) = Pattern::from_entries(n + m, n + m, entries).ok()?;
    let mut matrix = vec![0.0; pattern.nnz()];
    for (&slot, &value) in slots.iter().zip(&vals) {
        matrix[slot as usize] += value;
    }
    let mut rhs = vec![0.0; n + m];
    for (j, var) in face.var.iter().enumerate() {
        if let Some(var) = *var {
            rhs[var] = -slopes[j] * units[var];
        }
    }
    let mut solver = default_solver();
    solver.analyse(&pattern).ok()?;
    let inertia = solver.factor(&matrix).ok()?;
    if inertia.negative != m || inertia.zero > 0 {
        return None;
    }
    let mut solution = vec![0.0; n + m];
    solver.solve(&rhs, &mut solution).ok()?;
    solver.refine(&rhs, &mut solution, 5).ok()?;
    solution.truncate(n);
    Some(solution)
}

/// The step of Newton's method from `at` for the sum of rows with these weights, 0 for variables without curvature and for
/// those that a bound holds; `None` where the Hessian cannot be had or is not that of a convex function.
pub fn newton_of_rows(at: &mut At<'_>, weights: &[f64]) -> Option<Vec<f64>> {
    if !at.oracle.capabilities().hessian || at.oracle.hessian_pattern().nnz() > FACTORED_UP_TO {
        return None;
    }
    let sigma = vec![0.0; at.shape().n_objectives];
    let mut hessian = vec![0.0; at.oracle.hessian_pattern().nnz()];
    at.oracle.hessian(&mut at.workspace, &sigma, weights, &mut hessian).ok()?;
    let (slopes, vars) = (at.jtv(weights), &at.shape().vars);
    let n = slopes.len();
    let mut units = vec![0.0; n];
    for (k, i, j) in at.oracle.hessian_pattern().entries() {
        let end = if slopes[j] > 0.0 { vars.lower[j] } else { vars.upper[j] };
        if i == j && hessian[k] > 0.0 && at.x[j] != end {
            units[j] = 1.0 / hessian[k].sqrt();
        }
    }
    let mut entries: Vec<(usize, usize)> = (0..n).map(|j| (j, j)).collect();
    let mut vals: Vec<f64> = units.iter().map(|unit| if *unit > 0.0 { 1.0 + SHIFT } else { 1.0 }).collect();
    for (k, i, j) in at.oracle.hessian_pattern().entries() {
        if i != j && units[i] > 0.0 && units[j] > 0.0 {
            entries.push((i.max(j), i.min(j)));
            vals.push(hessian[k] * units[i] * units[j]);
        }
    }
    let (pattern, slots) = Pattern::from_entries(n, n, entries).ok()?;
    let mut matrix = vec![0.0; pattern.nnz()];
    for (&slot, &value) in slots.iter().zip(&vals) {
        matrix[slot as usize] += value;
    }
    let rhs: Vec<f64> = slopes.iter().zip(&units).map(|(s, unit)| -s * unit).collect();
    let mut solver = default_solver();
    solver.analyse(&pattern).ok()?;
    if solver.factor(&matrix).ok()?.positive != n {
        return None;
    }
    let mut step = vec![0.0; n];
    solver.solve(&rhs, &mut step).ok()?;
    step.iter_mut().zip(&units).for_each(|(d, unit)| *d *= unit);
    all_finite(&step).then_some(step)
}
