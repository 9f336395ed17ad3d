//! Directions along which a conic problem's objective falls without end, made exact to rounding.
//!
//! An interior-point method gives a direction to its tolerance; followed far enough, any error of it leaves the feasible set.
//! The nearest direction that keeps what it almost keeps satisfies `A_k d = 0` for the rows `k` whose values are small.

use crate::num::dense::norm_inf;
use crate::num::kkt::default_solver;
use crate::num::sparse::Pattern;
use crate::problem::Conic;

/// Below this, relative to the largest entry, a value of a direction is taken for 0.
const SMALL: f64 = 1e-6;

/// `d` scaled to a largest entry of 1, moved to the nearest direction that keeps the rows it almost keeps.
pub fn sharpened(conic: &Conic, mut d: Vec<f64>) -> Vec<f64> {
    let largest = norm_inf(&d);
    if !(largest > 0.0) {
        return d;
    }
    for d in &mut d {
        *d /= largest;
        if d.abs() < SMALL {
            *d = 0.0;
        }
    }
    nearest(conic, &d).unwrap_or(d)
}

/// Minimises `|e - d|²` over the directions `e` with `A_k e = 0`, zeros kept.
fn nearest(conic: &Conic, d: &[f64]) -> Option<Vec<f64>> {
    let n = d.len();
    let mut moved = vec![0.0; conic.rhs.len()];
    conic.rows.mul_add(&conic.rows_vals, 1.0, d, &mut moved);
    let mut scale = vec![0.0f64; moved.len()];
    for (k, i, j) in conic.rows.entries() {
        if d[j] != 0.0 {
            scale[i] = scale[i].max(conic.rows_vals[k].abs());
        }
    }
    let mut place = vec![None; moved.len()];
    let mut n_kept = 0;
    for i in 0..moved.len() {
        if scale[i] > 0.0 && moved[i].abs() < 1e2 * SMALL * scale[i] {
            place[i] = Some(n_kept);
            n_kept += 1;
        }
    }
    let mut entries: Vec<(usize, usize)> = (0..n + n_kept).map(|k| (k, k)).collect();
    let mut vals = vec![1.0; n];
    vals.resize(n + n_kept, -1e-12);
    for (k, i, j) in conic.rows.entries() {
        if let (Some(row), true) = (place[i], d[j] != 0.0) {
            entries.push((n + row, j));
            vals.push(conic.rows_vals[k] / scale[i]);
        }
    }
    let (pattern, slots) = Pattern::from_entries(n + n_kept, n + n_kept, entries).ok()?;
    let mut matrix = vec![0.0; pattern.nnz()];
    for (&slot, &value) in slots.iter().zip(&vals) {
        matrix[slot as usize] += value;
    }
    let mut solver = default_solver();
    solver.analyse(&pattern).ok()?;
    solver.factor(&matrix).ok()?;
    let mut e = d.to_vec();
    // Each round takes off what is left of the rows, so that the regularisation drops out.
    for _ in 0..3 {
        let mut left = vec![0.0; moved.len()];
        conic.rows.mul_add(&conic.rows_vals, 1.0, &e, &mut left);
        let mut rhs = vec![0.0; n + n_kept];
        for (i, row) in place.iter().enumerate() {
            if let Some(row) = *row {
                rhs[n + row] = -left[i] / scale[i];
            }
        }
        let mut step = vec![0.0; n + n_kept];
        solver.solve(&rhs, &mut step).ok()?;
        solver.refine(&rhs, &mut step, 3).ok()?;
        for j in (0..n).filter(|&j| d[j] != 0.0) {
            e[j] += step[j];
        }
    }
    let close = e.iter().zip(d).all(|(e, d)| (e - d).abs() <= 1e-3);
    close.then_some(e)
}
