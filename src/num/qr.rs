//! The triangular factor of many rows, taken in block by block.
//!
//! Takes rows of `[A | b]`, gives `R` and `Qᵀ b` of `A = Q R` in the order the rows come (Householder reflections, Golub
//! and Van Loan 2013, 5.2; rows added as in 6.5.3). Least squares solved from `R` have the accuracy of `A`, not of
//! `AᵀA`. The memory is that of `R` and one block, whatever the number of rows.
//! Deliberately absent: `Q`, pivoting, rank decisions.

use super::dense::{axpy, dot, norm2};
use super::vmath::hypot;

/// `R` and `Qᵀ b` so far.
#[derive(Clone, Debug)]
pub struct RowQr {
    n: usize,
    room: usize,
    /// Columns `0..n` of `R` and then `Qᵀ b`, each of length `n`.
    r: Vec<f64>,
    /// Columns of the block, `room` apart; the last one is its right-hand side.
    block: Vec<f64>,
    /// Order in use, at most `n`.
    used: usize,
}

impl RowQr {
    /// Room for `n` columns and blocks of `rows` rows.
    pub fn new(n: usize, rows: usize) -> Self {
        Self { n, room: rows, r: vec![0.0; n * (n + 1)], block: vec![0.0; rows * (n + 1)], used: n }
    }

    /// Bytes that [`RowQr::new`] takes.
    pub fn bytes(n: usize, rows: usize) -> usize {
        (n.saturating_add(rows)).saturating_mul(n.saturating_add(1)).saturating_mul(8)
    }

    /// Most rows of a block.
    pub fn room(&self) -> usize {
        self.room
    }

    /// Starts anew with `used` columns, at most as many as there is room for.
    pub fn clear(&mut self, used: usize) {
        self.used = used;
        self.r[..(used + 1) * self.n].fill(0.0);
    }

    /// The first `rows` entries of column `j` of the block, to be set before [`RowQr::append`]; column number `used` is
    /// the right-hand side.
    pub fn block_mut(&mut self, j: usize, rows: usize) -> &mut [f64] {
        &mut self.block[j * self.room..j * self.room + rows]
    }

    /// Takes the first `rows` rows of the block in.
    pub fn append(&mut self, rows: usize) {
        let (n, used, room) = (self.n, self.used, self.room);
        for j in 0..used {
            let (head, tail) = self.block.split_at_mut((j + 1) * room);
            let v = &mut head[j * room..j * room + rows];
            let below = norm2(v);
            if below == 0.0 {
                continue;
            }
            // H = I - tau [1; v] [1; v]ᵀ maps (r_jj, v) to (beta, 0).
            let alpha = self.r[j * n + j];
            let beta = -hypot(alpha, below).copysign(alpha);
            let tau = (beta - alpha) / beta;
            let scale = 1.0 / (alpha - beta);
            v.iter_mut().for_each(|e| *e *= scale);
            self.r[j * n + j] = beta;
            for k in j + 1..=used {
                let column = &mut tail[(k - j - 1) * room..(k - j - 1) * room + rows];
                let w = tau * (self.r[k * n + j] + dot(v, column));
                self.r[k * n + j] -= w;
                axpy(-w, v, column);
            }
        }
    }

    /// Entry `(i, j)` of `R`, `i <= j`.
    pub fn r(&self, i: usize, j: usize) -> f64 {
        self.r[j * self.n + i]
    }

    /// `Qᵀ b`.
    pub fn rhs(&self) -> &[f64] {
        &self.r[self.used * self.n..self.used * self.n + self.used]
    }

    /// The upper part of column `j` of `R`: rows `0..=j`.
    pub fn column(&self, j: usize) -> &[f64] {
        &self.r[j * self.n..=j * self.n + j]
    }

    /// Starts from the rows of `other`, which has the same number of columns in use.
    pub fn copy_from(&mut self, other: &Self) {
        self.used = other.used;
        for k in 0..=self.used {
            let used = self.used;
            let from = &other.r[k * other.n..k * other.n + used];
            self.r[k * self.n..k * self.n + used].copy_from_slice(from);
        }
    }

    /// `x = -R⁻¹ Qᵀ b`: the least squares solution of `A x = -b`. `None` when `R` is singular or not a number.
    pub fn solve_negated(&self, x: &mut [f64]) -> Option<()> {
        let used = self.used;
        for (x_j, q) in x.iter_mut().zip(self.rhs()) {
            *x_j = -q;
        }
        for j in (0..used).rev() {
            let pivot = self.r(j, j);
            if pivot == 0.0 {
                return None;
            }
            x[j] /= pivot;
            if !x[j].is_finite() {
                return None;
            }
            let (x_j, column) = (x[j], self.column(j));
            axpy(-x_j, &column[..j], &mut x[..j]);
        }
        Some(())
    }

    /// Solves `RᵀR x = v` in place of `v`. `None` as in [`RowQr::solve_negated`].
    pub fn solve_normal(&self, v: &mut [f64]) -> Option<()> {
        for j in 0..self.used {
            let pivot = self.r(j, j);
            if pivot == 0.0 {
                return None;
            }
            v[j] = (v[j] - dot(&self.column(j)[..j], &v[..j])) / pivot;
        }
        for j in (0..self.used).rev() {
            v[j] /= self.r(j, j);
            let (v_j, column) = (v[j], self.column(j));
            axpy(-v_j, &column[..j], &mut v[..j]);
        }
        v.iter().all(|x| x.is_finite()).then_some(())
    }

    /// `|R x|²`, which is `|A x|²`.
    pub fn image_squared(&self, x: &[f64]) -> f64 {
        let row = |i: usize| (i..self.used).map(|j| self.r(i, j) * x[j]).sum::<f64>();
        (0..self.used).map(|i| row(i) * row(i)).sum()
    }

    /// `out = Rᵀ Qᵀ b`, which is `Aᵀ b`.
    pub fn gradient(&self, out: &mut [f64]) {
        for j in 0..self.used {
            out[j] = dot(self.column(j), &self.rhs()[..=j]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::random::Stream;

    #[test]
    fn blocks_of_any_size_give_the_same_least_squares_solution() {
        let (m, n) = (23, 4);
        let mut stream = Stream::new(3, 0);
        let a: Vec<f64> = (0..m * n).map(|_| stream.normal()).collect();
        let x = [1.0, -2.0, 0.5, 3.0];
        let b: Vec<f64> = (0..m).map(|i| -(0..n).map(|j| a[i * n + j] * x[j]).sum::<f64>()).collect();
        for rows in [1, 5, 23] {
            let mut qr = RowQr::new(n, rows);
            let mut at = 0;
            while at < m {
                let count = rows.min(m - at);
                for j in 0..n {
                    for (i, e) in qr.block_mut(j, count).iter_mut().enumerate() {
                        *e = a[(at + i) * n + j];
                    }
                }
                qr.block_mut(n, count).copy_from_slice(&b[at..at + count]);
                qr.append(count);
                at += count;
            }
            let mut found = [0.0; 4];
            qr.solve_negated(&mut found).unwrap();
            for (f, x) in found.iter().zip(x) {
                assert!((f - x).abs() < 1e-13, "{found:?}");
            }
            let gradient: f64 = (0..m).map(|i| a[i * n] * b[i]).sum();
            let mut g = [0.0; 4];
            qr.gradient(&mut g);
            assert!((g[0] - gradient).abs() < 1e-12 * gradient.abs());
        }
    }

    #[test]
    fn a_column_of_zeros_is_singular() {
        let mut qr = RowQr::new(2, 2);
        qr.block_mut(0, 2).copy_from_slice(&[1.0, 2.0]);
        qr.append(2);
        assert!(qr.solve_negated(&mut [0.0, 0.0]).is_none());
    }
}
