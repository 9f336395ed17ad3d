//! The last digits of an interior-point answer, by equations for the constraints that are active.
//!
//! Takes a point and multipliers of a [`Conic`] program whose cones are lines and half lines, guesses which inequalities hold
//! with equality (multiplier larger than slack), and solves
//!
//! ```text
//! [P + ρI, A_a'] [dx]   [-(P x + q + A' z)]
//! [A_a,    -δI ] [dz] = [ b_a - A_a x     ]
//! ```
//!
//! some times over, so that δ and ρ drop out. A larger ρ keeps directions that no active constraint holds from running away
//! where there are too few. What the guess got wrong (a multiplier that became negative, an inequality that is
//! violated) is corrected and the equations are solved again. The result counts only when it is better by the judge's measure.
//! From the answer of a problem nearby this alone is often the whole solution: correcting all rows at once is a Newton step of
//! the conditions of optimality (Hintermüller, Ito and Kunisch, SIAM J. Optim. 13 (2002)).
//! Source: Stellato and others, OSQP, Math. Program. Comput. 12 (2020), section 4.
//!
//! Deliberately absent: second-order cones.

use crate::num::dense::{all_finite, norm_inf};
use crate::num::kkt::{default_solver, solver_for_once};
use crate::num::sparse::Pattern;
use crate::problem::verify::tolerance::{COMPLEMENTARITY, STATIONARITY, violation_at};
use crate::problem::{Cone, Conic, WarmStart};

/// Rounds of correcting the guess.
const ROUNDS: usize = 12;
/// Solves per guess.
const SOLVES: usize = 6;
/// Regularisation, relative to rows and columns of size 1.
const DELTA: f64 = 1e-9;

/// Regularisation of the point, in this order: exact equations, then steps no longer than need be.
const RHO: [f64; 3] = [1e-9, 1e-4, 1.0];

/// A better point and multipliers than `x` and `z`, in place; gives what is left of the worst residual, 1 for what the judge
/// allows. `None` for cones that are not linear.
pub fn polish(conic: &Conic, x: &mut Vec<f64>, z: &mut Vec<f64>) -> Option<f64> {
    let n_equations = linear(conic)?;
    let mut best = merit(conic, n_equations, x, z);
    for rho in RHO {
        if best <= ENOUGH || (rho != RHO[0] && best <= GOOD) {
            break;
        }
        let given = (x.clone(), z.clone());
        let active = guess(conic, n_equations, x, z);
        let way = Way { n_equations, rho, once: false };
        best = rounds(conic, way, (given, active), (x, z), best);
    }
    Some(best)
}

/// Point and multipliers near a start, when the rows that are active there, corrected, lead to what the judge accepts with
/// room to spare; `None` else.
pub fn continued(conic: &Conic, start: &WarmStart) -> Option<(Vec<f64>, Vec<f64>)> {
    let n_equations = linear(conic)?;
    let (mut x, mut z) = (start.x.clone(), start.y.clone());
    if x.len() != conic.linear.len() || !all_finite(&x) || !all_finite(&z) {
        return None;
    }
    let mut active = vec![true; conic.rhs.len()];
    if z.len() == conic.rhs.len() {
        active = guess(conic, n_equations, &x, &z);
    } else {
        let slacks = slacks(conic, &x);
        z = vec![0.0; conic.rhs.len()];
        for i in n_equations..active.len() {
            active[i] = slacks[i] <= NEAR * conic.rhs[i].abs().max(1.0);
        }
    }
    let given = (x.clone(), z.clone());
    let way = Way { n_equations, rho: RHO[0], once: true };
    let left = rounds(conic, way, (given, active), (&mut x, &mut z), f64::INFINITY);
    (left <= GOOD).then_some((x, z))
}

/// How the equations are solved.
#[derive(Clone, Copy)]
struct Way {
    n_equations: usize,
    /// Regularisation of the point.
    rho: f64,
    /// Whether it is to be quick, since another way is open.
    once: bool,
}

/// Rounds of solving and correcting from a given point; keeps what is best.
fn rounds(
    conic: &Conic,
    way: Way,
    ((mut now_x, mut now_z), mut active): ((Vec<f64>, Vec<f64>), Vec<bool>),
    (x, z): (&mut Vec<f64>, &mut Vec<f64>),
    mut best: f64,
) -> f64 {
    let n_equations = way.n_equations;
    let given = merit(conic, n_equations, &now_x, &now_z);
    let mut seen: Vec<Vec<bool>> = Vec::new();
    for _ in 0..ROUNDS {
        // The same guess again would go round in circles.
        if seen.contains(&active) {
            break;
        }
        seen.push(active.clone());
        for i in (0..active.len()).filter(|&i| !active[i]) {
            now_z[i] = 0.0;
        }
        if solve(conic, &active, way, &mut now_x, &mut now_z).is_none() {
            break;
        }
        let found = merit(conic, n_equations, &now_x, &now_z);
        if found < best {
            best = found;
            x.clone_from(&now_x);
            z.clone_from(&now_z);
        }
        // Far off, the guess was too wrong to be corrected.
        let lost = found > 1e4 * given.max(1.0);
        if best <= ENOUGH || lost || !correct(conic, n_equations, &now_x, &mut now_z, &mut active) {
            break;
        }
    }
    best
}

/// Part of what the judge allows, at which there is nothing left to do.
const ENOUGH: f64 = 1e-4;
/// Part of it that is good enough when the exact equations did not give more.
const GOOD: f64 = 0.1;
/// Slack of a row that counts as active at a start without multipliers, relative.
const NEAR: f64 = 1e-7;

/// Number of equations when the cones are these and half lines.
fn linear(conic: &Conic) -> Option<usize> {
    let mut n_equations = 0;
    let mut seen_inequality = false;
    for cone in &conic.cones {
        match *cone {
            Cone::Zero(n) if !seen_inequality => n_equations += n,
            Cone::Nonnegative(_) => seen_inequality = true,
            _ => return None,
        }
    }
    Some(n_equations)
}

/// `b - A x`.
fn slacks(conic: &Conic, x: &[f64]) -> Vec<f64> {
    let mut s = conic.rhs.clone();
    conic.rows.mul_add(&conic.rows_vals, -1.0, x, &mut s);
    s
}

/// `P x + q + A' z`, and the largest of the terms that cancel in each entry.
fn stationarity(conic: &Conic, x: &[f64], z: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut r = conic.linear.clone();
    conic.quadratic.mul_symmetric_add(&conic.quadratic_vals, 1.0, x, &mut r);
    conic.rows.mul_transposed_add(&conic.rows_vals, 1.0, z, &mut r);
    let mut size = vec![1.0f64; r.len()];
    for (k, i, j) in conic.rows.entries() {
        size[j] = size[j].max((conic.rows_vals[k] * z[i]).abs());
    }
    (r, size)
}

/// The worst residual, each relative to about what the judge allows there.
fn merit(conic: &Conic, n_equations: usize, x: &[f64], z: &[f64]) -> f64 {
    let s = slacks(conic, x);
    let (r, size) = stationarity(conic, x, z);
    let mean = z.iter().map(|z| z.abs()).sum::<f64>() / z.len().max(1) as f64;
    let mut worst = 0.0f64;
    // `max` would drop what is not a number.
    let mut take = |value: f64| worst = if value > worst || value.is_nan() { value } else { worst };
    for i in 0..s.len() {
        let violation = if i < n_equations { s[i].abs() } else { (-s[i]).max(0.0) };
        take(violation / violation_at(conic.rhs[i]));
        if i >= n_equations {
            take((-z[i]).max(0.0) / COMPLEMENTARITY);
            take((z[i] * s[i].max(0.0)).abs() / COMPLEMENTARITY);
        }
    }
    for (r, size) in r.iter().zip(&size) {
        take(r.abs() / (STATIONARITY * size.min(mean).max(1.0)));
    }
    if worst.is_nan() { f64::INFINITY } else { worst }
}

fn guess(conic: &Conic, n_equations: usize, x: &[f64], z: &[f64]) -> Vec<bool> {
    let s = slacks(conic, x);
    (0..s.len()).map(|i| i < n_equations || z[i] > s[i]).collect()
}

/// Lets go of multipliers of wrong sign, takes on inequalities that are violated; says whether there were any.
fn correct(conic: &Conic, n_equations: usize, x: &[f64], z: &mut [f64], active: &mut [bool]) -> bool {
    let s = slacks(conic, x);
    let mut changed = false;
    for i in n_equations..s.len() {
        if active[i] && z[i] < 0.0 {
            active[i] = false;
            z[i] = 0.0;
            changed = true;
        } else if !active[i] && s[i] < -1e-3 * violation_at(conic.rhs[i]) {
            active[i] = true;
            changed = true;
        }
    }
    changed
}

/// Solves the equations of the active rows from `x` and `z`, in place.
fn solve(conic: &Conic, active: &[bool], way: Way, x: &mut [f64], z: &mut [f64]) -> Option<()> {
    let n = x.len();
    let mut place = vec![None; active.len()];
    let mut n_active = 0;
    for i in (0..active.len()).filter(|&i| active[i]) {
        place[i] = Some(n_active);
        n_active += 1;
    }
    let mut scale = vec![0.0f64; n_active];
    for (k, i, _) in conic.rows.entries() {
        if let Some(row) = place[i] {
            scale[row] = scale[row].max(conic.rows_vals[k].abs());
        }
    }
    scale.iter_mut().for_each(|s| *s = if *s > 0.0 { 1.0 / *s } else { 1.0 });
    let mut entries: Vec<(usize, usize)> = (0..n + n_active).map(|k| (k, k)).collect();
    let mut vals = vec![way.rho; n];
    vals.resize(n + n_active, -DELTA);
    for (k, i, j) in conic.quadratic.entries() {
        entries.push((i, j));
        vals.push(conic.quadratic_vals[k]);
    }
    for (k, i, j) in conic.rows.entries() {
        if let Some(row) = place[i] {
            entries.push((n + row, j));
            vals.push(conic.rows_vals[k] * scale[row]);
        }
    }
    let (pattern, slots) = Pattern::from_entries(n + n_active, n + n_active, entries).ok()?;
    let mut matrix = vec![0.0; pattern.nnz()];
    for (&slot, &value) in slots.iter().zip(&vals) {
        matrix[slot as usize] += value;
    }
    let mut solver = if way.once { solver_for_once(n + n_active) } else { default_solver() };
    solver.analyse(&pattern).ok()?;
    solver.factor(&matrix).ok()?;
    let mut step = vec![0.0; n + n_active];
    let mut rhs = vec![0.0; n + n_active];
    for _ in 0..SOLVES {
        let (r, _) = stationarity(conic, x, z);
        let s = slacks(conic, x);
        for j in 0..n {
            rhs[j] = -r[j];
        }
        for (i, row) in place.iter().enumerate() {
            if let Some(row) = *row {
                rhs[n + row] = s[i] * scale[row];
            }
        }
        solver.solve(&rhs, &mut step).ok()?;
        solver.refine(&rhs, &mut step, 3).ok()?;
        if !all_finite(&step) {
            return None;
        }
        for j in 0..n {
            x[j] += step[j];
        }
        for (i, row) in place.iter().enumerate() {
            if let Some(row) = *row {
                z[i] += step[n + row] * scale[row];
            }
        }
        // Rounding is all that is left to correct.
        if norm_inf(&step) <= f64::EPSILON * norm_inf(x).max(norm_inf(z)) {
            break;
        }
    }
    Some(())
}
