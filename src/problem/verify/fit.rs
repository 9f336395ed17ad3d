//! Multipliers fitted to the active constraints by least squares.
//!
//! Minimises `|∇f + A' λ|²` over the entries of variables that no bound holds, with `A` the active rows; multipliers
//! of wrong sign are dropped and the fit repeated. The minimiser solves `[I, A'; A, -δ I] [w; λ] = [-∇f; 0]`.

use super::point::{At, Multipliers, is_near};
use crate::num::kkt::default_solver;
use crate::num::sparse::Pattern;

/// Rounds of dropping multipliers of wrong sign.
const ROUNDS: usize = 12;
/// Regularises dependent rows; small against rows of unit length.
const DELTA: f64 = 1e-12;

/// Multipliers that fit best, or nothing when the linear algebra fails. `given` says which constraints to trust.
pub fn multipliers(at: &At<'_>, given: Option<&Multipliers>) -> Option<Multipliers> {
    let shape = at.shape();
    let (rows, vars) = (&shape.rows, &shape.vars);
    // A multiplier larger than the slack speaks for an active constraint.
    let trusted = |multiplier: Option<f64>, slack: f64, bound: f64| {
        slack <= 1e-3 && multiplier.map_or_else(|| is_near(slack, bound), |m| m > slack || is_near(slack, bound))
    };
    let mut active: Vec<bool> = (0..shape.n_cons)
        .map(|i| {
            let y = given.map(|g| g.y[i]);
            trusted(y, rows.upper[i] - at.c[i], rows.upper[i])
                || trusted(y.map(|y| -y), at.c[i] - rows.lower[i], rows.lower[i])
        })
        .collect();
    let mut held: Vec<bool> = (0..shape.n_vars)
        .map(|j| {
            trusted(given.map(|g| g.z_lower[j]), at.x[j] - vars.lower[j], vars.lower[j])
                || trusted(given.map(|g| g.z_upper[j]), vars.upper[j] - at.x[j], vars.upper[j])
        })
        .collect();
    for _ in 0..ROUNDS {
        let y = least_squares(at, &active, &held, &at.gradient)?;
        let mut z = at.jtv(&y);
        for (z_j, g_j) in z.iter_mut().zip(&at.gradient) {
            *z_j += g_j;
        }
        let dropped = drop_wrong_signs(at, &y, &z, &mut active, &mut held);
        if !dropped {
            return Some(finish(at, y, &z, &held));
        }
    }
    None
}

/// Frees constraints whose multiplier pulls the wrong way; says whether there were any.
fn drop_wrong_signs(at: &At<'_>, y: &[f64], z: &[f64], active: &mut [bool], held: &mut [bool]) -> bool {
    let (rows, vars) = (&at.shape().rows, &at.shape().vars);
    let largest = |v: &[f64]| v.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    let rounding = 1e-12 * largest(y).max(largest(z)).max(1.0);
    let mut dropped = false;
    for i in 0..y.len() {
        let (from_upper, from_lower) = (rows.upper[i] - at.c[i], at.c[i] - rows.lower[i]);
        let wrong = if from_upper < from_lower { y[i] < -rounding } else { y[i] > rounding };
        if active[i] && !rows.is_fixed(i) && wrong {
            active[i] = false;
            dropped = true;
        }
    }
    for j in 0..z.len() {
        let (from_upper, from_lower) = (vars.upper[j] - at.x[j], at.x[j] - vars.lower[j]);
        let wrong = if from_upper < from_lower { z[j] > rounding } else { z[j] < -rounding };
        if held[j] && !vars.is_fixed(j) && wrong {
            held[j] = false;
            dropped = true;
        }
    }
    dropped
}

fn finish(at: &At<'_>, mut y: Vec<f64>, z: &[f64], held: &[bool]) -> Multipliers {
    let (rows, vars) = (&at.shape().rows, &at.shape().vars);
    for (i, y_i) in y.iter_mut().enumerate() {
        // What rounding left on the wrong side of an inequality.
        let wrong =
            (*y_i > 0.0 && rows.upper[i] == f64::INFINITY) || (*y_i < 0.0 && rows.lower[i] == f64::NEG_INFINITY);
        if wrong {
            *y_i = 0.0;
        }
    }
    let side = |j: usize, end: f64, value: f64| if held[j] && end.is_finite() { value.max(0.0) } else { 0.0 };
    Multipliers {
        z_lower: (0..z.len()).map(|j| side(j, vars.lower[j], z[j])).collect(),
        z_upper: (0..z.len()).map(|j| side(j, vars.upper[j], -z[j])).collect(),
        y,
    }
}

/// The `λ` of the active rows that minimises `|g + J' λ|²` over variables that are not held; 0 for the other rows.
/// `g` has length `n_vars`.
pub fn least_squares(at: &At<'_>, active: &[bool], held: &[bool], g: &[f64]) -> Option<Vec<f64>> {
    let (n, m) = (at.shape().n_vars, at.shape().n_cons);
    let jacobian = at.oracle.jacobian_pattern();
    let mut scale = vec![0.0f64; m];
    for (k, i, j) in jacobian.entries() {
        if !held[j] {
            scale[i] = scale[i].max(at.jacobian[k].abs());
        }
    }
    let in_fit = |i: usize| active[i] && scale[i] > 0.0;
    let mut entries: Vec<(usize, usize)> = (0..n + m).map(|k| (k, k)).collect();
    let mut vals: Vec<f64> = vec![1.0; n];
    vals.resize(n + m, -DELTA);
    for (k, i, j) in jacobian.entries() {
        if in_fit(i) && !held[j] {
            entries.push((n + i, j));
            vals.push(at.jacobian[k] / scale[i]);
        }
    }
    let (pattern, slots) = Pattern::from_entries(n + m, n + m, entries).ok()?;
    let mut matrix = vec![0.0; pattern.nnz()];
    for (&slot, &value) in slots.iter().zip(&vals) {
        matrix[slot as usize] += value;
    }
    let mut rhs = vec![0.0; n + m];
    for j in 0..n {
        rhs[j] = if held[j] { 0.0 } else { -g[j] };
    }
    let mut solution = vec![0.0; n + m];
    let mut solver = default_solver();
    solver.analyse(&pattern).ok()?;
    solver.factor(&matrix).ok()?;
    solver.solve(&rhs, &mut solution).ok()?;
    solver.refine(&rhs, &mut solution, 5).ok()?;
    let y = (0..m).map(|i| if in_fit(i) { solution[n + i] / scale[i] } else { 0.0 }).collect::<Vec<f64>>();
    y.iter().all(|v| v.is_finite()).then_some(y)
}
