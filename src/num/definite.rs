//! Whether a sparse symmetric matrix has no negative eigenvalue.
//!
//! Takes a lower triangle and a rounding, gives a proof or none.

use super::kkt::default_solver;
use super::sparse::Pattern;

/// Whether the matrix with this lower triangle, rows and columns for which `left_out` holds taken away, is positive
/// definite once its diagonal is larger by the part `rounding`.
///
/// Rows and columns are scaled to a diagonal of 1 first: the signs of eigenvalues stay, and no large entry can hide a small
/// negative one.
pub fn is_positive_semidefinite(
    pattern: &Pattern,
    vals: &[f64],
    left_out: &dyn Fn(usize) -> bool,
    rounding: f64,
) -> bool {
    let n = pattern.n_cols();
    let mut diagonal = vec![0.0; n];
    for (k, i, j) in pattern.entries() {
        if i == j {
            diagonal[j] = vals[k];
        }
    }
    let mut place = vec![None; n];
    let mut order = 0;
    for j in (0..n).filter(|&j| !left_out(j)) {
        if !(diagonal[j] >= 0.0) {
            return false;
        }
        if diagonal[j] > 0.0 {
            place[j] = Some(order);
            order += 1;
        }
    }
    let mut entries: Vec<(usize, usize)> = (0..order).map(|k| (k, k)).collect();
    let mut scaled = vec![1.0 + rounding; order];
    for (k, i, j) in pattern.entries() {
        if i == j || vals[k] == 0.0 || left_out(i) || left_out(j) {
            continue;
        }
        // Beside a zero on the diagonal any entry makes a negative eigenvalue.
        let (Some(row), Some(col)) = (place[i], place[j]) else { return false };
        entries.push((row.max(col), row.min(col)));
        scaled.push(vals[k] / (diagonal[i].sqrt() * diagonal[j].sqrt()));
    }
    // Diagonal matrices need no factor.
    order == entries.len() || is_positive_definite(order, entries, &scaled)
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
