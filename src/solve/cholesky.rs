//! Cholesky factors of small dense matrices, in memory that is taken once.
//!
//! Source: Golub and Van Loan, Matrix Computations (2013), algorithm 4.2.1, by rows.
//! Deliberately absent: pivoting; what is not positive definite is said to be so.

use crate::num::dense::dot;

/// The factor `L` of a symmetric matrix `A = L Lᵀ`, by rows.
#[derive(Clone, Debug)]
pub struct Cholesky {
    n: usize,
    l: Vec<f64>,
}

impl Cholesky {
    /// Room for order `n`.
    pub fn new(n: usize) -> Self {
        Self { n, l: vec![0.0; n * n] }
    }

    /// Changes the order, to at most what there is room for.
    pub fn resize(&mut self, n: usize) {
        self.n = n;
    }

    /// Factors the matrix with entries `a(i, j)`, asked for `i >= j`; false when it is not positive definite.
    pub fn factor(&mut self, a: impl Fn(usize, usize) -> f64) -> bool {
        let n = self.n;
        for i in 0..n {
            let (above, from_i) = self.l.split_at_mut(i * n);
            let row = &mut from_i[..n];
            for j in 0..i {
                let other = &above[j * n..j * n + n];
                row[j] = (a(i, j) - dot(&row[..j], &other[..j])) / other[j];
            }
            let diagonal = a(i, i);
            let pivot = diagonal - dot(&row[..i], &row[..i]);
            // Below this the pivot is rounding.
            if !(pivot > f64::EPSILON * diagonal.abs() && pivot.is_finite()) {
                return false;
            }
            row[i] = pivot.sqrt();
        }
        true
    }

    /// Solves `A v = v` in place with the last factor; `v` has length `n`.
    pub fn solve(&self, v: &mut [f64]) {
        let n = self.n;
        for i in 0..n {
            let row = &self.l[i * n..i * n + i + 1];
            v[i] = (v[i] - dot(&row[..i], &v[..i])) / row[i];
        }
        for i in (0..n).rev() {
            let row = &self.l[i * n..i * n + i + 1];
            v[i] /= row[i];
            let v_i = v[i];
            for j in 0..i {
                v[j] -= row[j] * v_i;
            }
        }
    }
}

impl Cholesky {
    /// `L⁻ᵀ` by columns into `out`, of length `n * n`.
    pub fn inverse_transposed(&self, out: &mut [f64]) {
        let n = self.n;
        for (k, column) in out.chunks_exact_mut(n.max(1)).enumerate() {
            column.fill(0.0);
            column[k] = 1.0;
            for i in (0..=k).rev() {
                column[i] /= self.l[i * n + i];
                let v = column[i];
                let (above, row) = (&mut column[..i], &self.l[i * n..i * n + i]);
                above.iter_mut().zip(row).for_each(|(to, l)| *to -= l * v);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definite_matrix_is_solved_and_an_indefinite_one_is_refused() {
        // The Hilbert matrix of order 5 plus the identity.
        let a = |i: usize, j: usize| 1.0 / (i + j + 1) as f64 + if i == j { 1.0 } else { 0.0 };
        let mut factor = Cholesky::new(5);
        assert!(factor.factor(a));
        let x = [1.0, -2.0, 3.0, -4.0, 5.0];
        let mut v: Vec<f64> = (0..5).map(|i| (0..5).map(|j| a(i, j) * x[j]).sum()).collect();
        factor.solve(&mut v);
        assert!(v.iter().zip(x).all(|(v, x)| (v - x).abs() < 1e-13), "{v:?}");
        assert!(!factor.factor(|i, j| if i == j { 1.0 } else { 2.0 }));
    }
}
