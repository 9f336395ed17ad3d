//! The limited-memory matrix `B = theta I - W M Wᵀ` in compact form.
//!
//! Source: Byrd, Nocedal and Schnabel, Math. Program. 63 (1994), (3.5) of Byrd, Lu, Nocedal and Zhu (1995):
//! `W = [Y, theta S]` and `M⁻¹ = [-D, Lᵀ; L, theta SᵀS]`, with `SᵀY = L + D + R`.

use crate::num::dense::{axpy, dot};

/// Pairs of steps `s` and gradient changes `y`, oldest first, and the products the compact form needs.
#[derive(Clone, Debug)]
pub struct Memory {
    n: usize,
    capacity: usize,
    /// Steps, one after the other.
    s: Vec<f64>,
    /// Gradient changes, one after the other.
    y: Vec<f64>,
    len: usize,
    theta: f64,
    /// `SᵀY` and `SᵀS`, `capacity` square, by rows.
    sy: Vec<f64>,
    ss: Vec<f64>,
    middle: Lu,
    alpha: Vec<f64>,
}

impl Memory {
    /// Room for `capacity` pairs of vectors of length `n`.
    pub fn new(n: usize, capacity: usize) -> Self {
        Self {
            n,
            capacity,
            s: vec![0.0; n * capacity],
            y: vec![0.0; n * capacity],
            len: 0,
            theta: 1.0,
            sy: vec![0.0; capacity * capacity],
            ss: vec![0.0; capacity * capacity],
            middle: Lu::new(2 * capacity),
            alpha: vec![0.0; capacity],
        }
    }

    /// Number of pairs kept.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Columns of `W`.
    pub fn rank(&self) -> usize {
        2 * self.len
    }

    /// Scale of the identity.
    pub fn theta(&self) -> f64 {
        self.theta
    }

    /// Forgets all pairs.
    pub fn clear(&mut self) {
        self.len = 0;
        self.theta = 1.0;
        self.middle.resize(0);
    }

    /// The pairs as one slice each, oldest first, `len * n` numbers.
    pub fn pairs(&self) -> (&[f64], &[f64]) {
        (&self.s[..self.len * self.n], &self.y[..self.len * self.n])
    }

    /// Entry `i` of column `k` of `W`.
    pub fn w(&self, i: usize, k: usize) -> f64 {
        if k < self.len { self.y[k * self.n + i] } else { self.theta * self.s[(k - self.len) * self.n + i] }
    }

    /// `out = Wᵀ v`, length [`Memory::rank`].
    pub fn w_transposed(&self, v: &[f64], out: &mut [f64]) {
        for k in 0..self.len {
            out[k] = dot(self.y_k(k), v);
            out[self.len + k] = self.theta * dot(self.s_k(k), v);
        }
    }

    /// Takes a pair in unless its curvature is too small to keep `B` positive definite; says whether it did.
    pub fn push(&mut self, s: &[f64], y: &[f64]) -> bool {
        let (curvature, yy) = (dot(s, y), dot(y, y));
        // The test of L-BFGS-B: sᵀy > eps |y|².
        if !(curvature > f64::EPSILON * yy) || !(yy / curvature).is_finite() {
            return false;
        }
        self.append(s, y);
        self.theta = yy / curvature;
        if self.factor_middle().is_none() {
            self.clear();
        }
        true
    }

    /// Restores pairs as [`Memory::pairs`] gave them.
    pub fn restore(&mut self, s: &[f64], y: &[f64]) {
        self.clear();
        if self.n > 0 {
            for (s_k, y_k) in s.chunks_exact(self.n).zip(y.chunks_exact(self.n)) {
                self.push(s_k, y_k);
            }
        }
    }

    fn append(&mut self, s: &[f64], y: &[f64]) {
        let (n, c) = (self.n, self.capacity);
        if self.len == c {
            self.s.copy_within(n.., 0);
            self.y.copy_within(n.., 0);
            for i in 1..c {
                for j in 1..c {
                    self.sy[(i - 1) * c + j - 1] = self.sy[i * c + j];
                    self.ss[(i - 1) * c + j - 1] = self.ss[i * c + j];
                }
            }
            self.len -= 1;
        }
        let last = self.len;
        self.s[last * n..(last + 1) * n].copy_from_slice(s);
        self.y[last * n..(last + 1) * n].copy_from_slice(y);
        self.len += 1;
        for k in 0..self.len {
            self.sy[last * c + k] = dot(s, self.y_k(k));
            self.sy[k * c + last] = dot(self.s_k(k), y);
            let ss = dot(s, self.s_k(k));
            self.ss[last * c + k] = ss;
            self.ss[k * c + last] = ss;
        }
    }

    fn factor_middle(&mut self) -> Option<()> {
        let (k, c) = (self.len, self.capacity);
        self.middle.resize(2 * k);
        for i in 0..k {
            for j in 0..k {
                let d = if i == j { -self.sy[i * c + i] } else { 0.0 };
                // L holds sᵢᵀyⱼ for i > j.
                let l = if i > j { self.sy[i * c + j] } else { 0.0 };
                let l_transposed = if j > i { self.sy[j * c + i] } else { 0.0 };
                self.middle.set(i, j, d);
                self.middle.set(k + i, j, l);
                self.middle.set(i, k + j, l_transposed);
                self.middle.set(k + i, k + j, self.theta * self.ss[i * c + j]);
            }
        }
        self.middle.factor()
    }

    /// `v = M v`, length [`Memory::rank`].
    pub fn apply_middle(&self, v: &mut [f64]) {
        self.middle.solve(v);
    }

    /// `out = -B⁻¹ g` by the two-loop recursion (Nocedal 1980).
    pub fn descend(&mut self, g: &[f64], out: &mut [f64]) {
        let c = self.capacity;
        for (out_i, g_i) in out.iter_mut().zip(g) {
            *out_i = -g_i;
        }
        for k in (0..self.len).rev() {
            self.alpha[k] = dot(self.s_k(k), out) / self.sy[k * c + k];
            axpy(-self.alpha[k], &self.y[k * self.n..(k + 1) * self.n], out);
        }
        out.iter_mut().for_each(|v| *v /= self.theta);
        for k in 0..self.len {
            let beta = dot(self.y_k(k), out) / self.sy[k * c + k];
            axpy(self.alpha[k] - beta, &self.s[k * self.n..(k + 1) * self.n], out);
        }
    }

    fn s_k(&self, k: usize) -> &[f64] {
        &self.s[k * self.n..(k + 1) * self.n]
    }

    fn y_k(&self, k: usize) -> &[f64] {
        &self.y[k * self.n..(k + 1) * self.n]
    }
}

/// A small dense matrix and its factorisation with partial pivoting.
#[derive(Clone, Debug)]
pub struct Lu {
    n: usize,
    a: Vec<f64>,
    pivots: Vec<usize>,
}

impl Lu {
    /// Room for order `capacity`.
    pub fn new(capacity: usize) -> Self {
        Self { n: 0, a: vec![0.0; capacity * capacity], pivots: vec![0; capacity] }
    }

    /// Order `n`, at most the capacity; entries are to be set anew.
    pub fn resize(&mut self, n: usize) {
        self.n = n;
    }

    /// Sets an entry.
    pub fn set(&mut self, i: usize, j: usize, value: f64) {
        self.a[i * self.n + j] = value;
    }

    /// Factors in place; `None` when the matrix is singular or not a number.
    pub fn factor(&mut self) -> Option<()> {
        let n = self.n;
        for k in 0..n {
            let pivot = (k..n).max_by(|&i, &j| self.a[i * n + k].abs().total_cmp(&self.a[j * n + k].abs()))?;
            let size = self.a[pivot * n + k];
            if size == 0.0 || !size.is_finite() {
                return None;
            }
            self.pivots[k] = pivot;
            if pivot != k {
                for j in 0..n {
                    self.a.swap(k * n + j, pivot * n + j);
                }
            }
            for i in k + 1..n {
                let factor = self.a[i * n + k] / size;
                self.a[i * n + k] = factor;
                for j in k + 1..n {
                    self.a[i * n + j] -= factor * self.a[k * n + j];
                }
            }
        }
        Some(())
    }

    /// Solves in place.
    pub fn solve(&self, v: &mut [f64]) {
        let n = self.n;
        for k in 0..n {
            v.swap(k, self.pivots[k]);
        }
        for i in 0..n {
            for j in 0..i {
                v[i] -= self.a[i * n + j] * v[j];
            }
        }
        for i in (0..n).rev() {
            for j in i + 1..n {
                v[i] -= self.a[i * n + j] * v[j];
            }
            v[i] /= self.a[i * n + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::random::Stream;

    #[test]
    fn the_compact_form_and_the_two_loop_recursion_are_inverse_to_each_other() {
        let (n, mut stream) = (7, Stream::new(2, 0));
        let mut memory = Memory::new(n, 3);
        for _ in 0..5 {
            let s: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
            let y: Vec<f64> = s.iter().enumerate().map(|(i, s_i)| (1.0 + i as f64) * s_i).collect();
            assert!(memory.push(&s, &y));
        }
        let g: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
        let mut d = vec![0.0; n];
        memory.descend(&g, &mut d);
        // B d = theta d - W M Wᵀ d must be -g.
        let mut v = vec![0.0; memory.rank()];
        memory.w_transposed(&d, &mut v);
        memory.apply_middle(&mut v);
        for i in 0..n {
            let correction: f64 = (0..memory.rank()).map(|k| memory.w(i, k) * v[k]).sum();
            let b_d = memory.theta() * d[i] - correction;
            assert!((b_d + g[i]).abs() < 1e-9, "entry {i}: {b_d} against {}", -g[i]);
        }
    }
}
