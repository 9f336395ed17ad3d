//! Small dense systems: LU with partial pivoting, in place.
//!
//! For matrices of models (determinants, Newton steps of a few unknowns), not for large systems: see
//! `num::kkt`. Matrices are row-major.

/// Factors the `n` by `n` matrix in `a` as `P A = L U`, `L` with unit diagonal, both in place.
///
/// `pivots[k]` is the row exchanged with row `k`. Returns the sign of the determinant: 0 when a pivot
/// is exactly zero, NaN when the matrix holds one.
pub fn factor(a: &mut [f64], n: usize, pivots: &mut [usize]) -> f64 {
    let mut sign = 1.0;
    for k in 0..n {
        let better = |best: usize, i: usize| if a[i * n + k].abs() > a[best * n + k].abs() { i } else { best };
        let pivot = (k + 1..n).fold(k, better);
        pivots[k] = pivot;
        if pivot != k {
            sign = -sign;
            let (top, bottom) = a.split_at_mut(pivot * n);
            top[k * n..(k + 1) * n].swap_with_slice(&mut bottom[..n]);
        }
        let (top, bottom) = a.split_at_mut((k + 1) * n);
        let row = &top[k * n..];
        sign *= if row[k] == 0.0 { 0.0 } else { row[k].signum() };
        for below in bottom.chunks_exact_mut(n) {
            let factor = below[k] / row[k];
            below[k] = factor;
            for (b, r) in below[k + 1..].iter_mut().zip(&row[k + 1..]) {
                *b -= factor * r;
            }
        }
    }
    sign
}

/// Solves `A x = b` in place of `b`, with the factors and pivots of [`factor`].
pub fn solve(lu: &[f64], n: usize, pivots: &[usize], b: &mut [f64]) {
    for (k, &pivot) in pivots.iter().enumerate() {
        b.swap(k, pivot);
    }
    for i in 0..n {
        let row = &lu[i * n..i * n + i];
        b[i] -= row.iter().zip(&*b).map(|(l, x)| l * x).sum::<f64>();
    }
    for i in (0..n).rev() {
        let row = &lu[i * n + i + 1..(i + 1) * n];
        let sum: f64 = row.iter().zip(&b[i + 1..]).map(|(u, x)| u * x).sum();
        b[i] = (b[i] - sum) / lu[i * n + i];
    }
}
