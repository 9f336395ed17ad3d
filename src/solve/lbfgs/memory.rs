//! The limited-memory matrix `B = theta I - W M Wᵀ` in compact form.
//!
//! Source: Byrd, Nocedal and Schnabel, Math. Program. 63 (1994), (3.5) of Byrd, Lu, Nocedal and Zhu (1995):
//! `W = [Y, theta S]` and `M⁻¹ = [-D, Lᵀ; L, theta SᵀS]`, with `SᵀY = L + D + R`.

use crate::num::dense::{axpy, axpy_dot, axpy_pair, dot, dot_pair};

/// Pairs of steps `s` and gradient changes `y`, oldest first, and the products the compact form needs.
#[derive(Clone, Debug)]
pub struct Memory {
    n: usize,
    capacity: usize,
    /// Whether the products of the compact form are kept: only bounds need them.
    compact: bool,
    /// Steps, one after the other, in slots that are used in turn.
    s: Vec<f64>,
    /// Gradient changes likewise.
    y: Vec<f64>,
    len: usize,
    /// Slot of the oldest pair.
    first: usize,
    theta: f64,
    /// `SᵀY`, `SᵀS` and `YᵀY`, `capacity` square, by rows.
    sy: Vec<f64>,
    ss: Vec<f64>,
    yy: Vec<f64>,
    middle: Lu,
    alpha: Vec<f64>,
}

impl Memory {
    /// Room for `capacity` pairs of vectors of length `n`; `compact` when more than [`Memory::descend`] will be asked for.
    pub fn new(n: usize, capacity: usize, compact: bool) -> Self {
        Self {
            n,
            capacity,
            compact,
            first: 0,
            s: vec![0.0; n * capacity],
            y: vec![0.0; n * capacity],
            len: 0,
            theta: 1.0,
            sy: vec![0.0; capacity * capacity],
            ss: vec![0.0; capacity * capacity],
            yy: vec![0.0; capacity * capacity],
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
        self.first = 0;
        self.theta = 1.0;
        self.middle.resize(0);
    }

    /// The pairs, oldest first.
    pub fn pairs(&self) -> impl Iterator<Item = (&[f64], &[f64])> {
        (0..self.len).map(|k| (self.s_k(k), self.y_k(k)))
    }

    /// Row `i` of `W`, length [`Memory::rank`].
    pub fn row(&self, i: usize, out: &mut [f64]) {
        for k in 0..self.len {
            let at = self.at(k) + i;
            out[k] = self.y[at];
            out[self.len + k] = self.theta * self.s[at];
        }
    }

    /// Column `k` of `W` as a factor and a vector.
    pub fn column(&self, k: usize) -> (f64, &[f64]) {
        if k < self.len { (1.0, self.y_k(k)) } else { (self.theta, self.s_k(k - self.len)) }
    }

    /// `out = Wᵀ v`, length [`Memory::rank`].
    pub fn w_transposed(&self, v: &[f64], out: &mut [f64]) {
        for k in 0..self.len {
            let (with_s, with_y) = dot_pair(v, self.s_k(k), self.y_k(k));
            out[k] = with_y;
            out[self.len + k] = self.theta * with_s;
        }
    }

    /// `out += W u`, with `u` of length [`Memory::rank`].
    pub fn add_w(&self, u: &[f64], out: &mut [f64]) {
        /// A piece of this length stays in the first cache while all pairs are added to it.
        const PIECE: usize = 1024;
        for (piece, out) in out.chunks_mut(PIECE).enumerate() {
            let range = piece * PIECE..piece * PIECE + out.len();
            for k in 0..self.len {
                let (s, y) = (&self.s_k(k)[range.clone()], &self.y_k(k)[range.clone()]);
                axpy_pair((u[k], y), (self.theta * u[self.len + k], s), out);
            }
        }
    }

    /// Entry `(i, j)` of `WᵀW`, for `i >= j`.
    pub fn w_w(&self, i: usize, j: usize) -> f64 {
        let (k, c) = (self.len, self.capacity);
        if i < k {
            self.yy[i * c + j]
        } else if j < k {
            self.theta * self.sy[(i - k) * c + j]
        } else {
            self.theta * self.theta * self.ss[(i - k) * c + j - k]
        }
    }

    /// Entry `(i, j)` of `M⁻¹`.
    pub fn middle_inverse(&self, i: usize, j: usize) -> f64 {
        let (k, c) = (self.len, self.capacity);
        match (i < k, j < k) {
            (true, true) => {
                if i == j {
                    -self.sy[i * c + i]
                } else {
                    0.0
                }
            }
            // L holds sᵢᵀyⱼ for i > j.
            (false, true) => {
                if i - k > j {
                    self.sy[(i - k) * c + j]
                } else {
                    0.0
                }
            }
            (true, false) => self.middle_inverse(j, i),
            (false, false) => self.theta * self.ss[(i - k) * c + j - k],
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
        if self.compact && self.factor_middle().is_none() {
            self.clear();
        }
        true
    }

    fn append(&mut self, s: &[f64], y: &[f64]) {
        let c = self.capacity;
        if self.len == c {
            self.first = (self.first + 1) % c;
            for i in 1..c {
                for j in 1..c {
                    self.sy[(i - 1) * c + j - 1] = self.sy[i * c + j];
                    self.ss[(i - 1) * c + j - 1] = self.ss[i * c + j];
                    self.yy[(i - 1) * c + j - 1] = self.yy[i * c + j];
                }
            }
            self.len -= 1;
        }
        let last = self.len;
        self.len += 1;
        let slot = self.at(last);
        self.s[slot..slot + self.n].copy_from_slice(s);
        self.y[slot..slot + self.n].copy_from_slice(y);
        self.sy[last * c + last] = dot(s, y);
        if !self.compact {
            return;
        }
        for k in 0..self.len {
            let (ss, sy) = dot_pair(self.s_k(k), s, y);
            let (ys, yy) = dot_pair(self.y_k(k), s, y);
            self.sy[last * c + k] = ys;
            self.sy[k * c + last] = sy;
            (self.ss[last * c + k], self.ss[k * c + last]) = (ss, ss);
            (self.yy[last * c + k], self.yy[k * c + last]) = (yy, yy);
        }
    }

    fn factor_middle(&mut self) -> Option<()> {
        let rank = self.rank();
        self.middle.resize(rank);
        for i in 0..rank {
            for j in 0..rank {
                self.middle.set(i, j, self.middle_inverse(i, j));
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
        let Some(last) = self.len.checked_sub(1) else { return };
        // Each addition to `out` gives the next product in the same pass.
        let mut product = dot(self.s_k(last), out);
        for k in (0..self.len).rev() {
            let alpha = product / self.sy[k * c + k];
            self.alpha[k] = alpha;
            let next = if k > 0 { self.s_k(k - 1) } else { self.y_k(0) };
            product = axpy_dot(-alpha, self.y_k(k), out, next);
        }
        // The last product was with y_0, before the scaling.
        product /= self.theta;
        out.iter_mut().for_each(|v| *v /= self.theta);
        for k in 0..self.len {
            let step = self.alpha[k] - product / self.sy[k * c + k];
            if k < last {
                product = axpy_dot(step, self.s_k(k), out, self.y_k(k + 1));
            } else {
                axpy(step, self.s_k(k), out);
            }
        }
    }

    /// Where pair `k`, counted from the oldest, begins.
    fn at(&self, k: usize) -> usize {
        (self.first + k) % self.capacity * self.n
    }

    fn s_k(&self, k: usize) -> &[f64] {
        &self.s[self.at(k)..][..self.n]
    }

    fn y_k(&self, k: usize) -> &[f64] {
        &self.y[self.at(k)..][..self.n]
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
            let (above, below) = self.a[..n * n].split_at_mut((k + 1) * n);
            let pivot_row = &above[k * n + k + 1..];
            for row in below.chunks_exact_mut(n) {
                let factor = row[k] / size;
                row[k] = factor;
                axpy(-factor, pivot_row, &mut row[k + 1..]);
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
        let row = |i: usize| &self.a[i * n..][..n];
        for i in 0..n {
            v[i] -= dot(&row(i)[..i], &v[..i]);
        }
        for i in (0..n).rev() {
            v[i] = (v[i] - dot(&row(i)[i + 1..], &v[i + 1..n])) / row(i)[i];
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
        let mut memory = Memory::new(n, 3, true);
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
        let mut correction = vec![0.0; n];
        memory.add_w(&v, &mut correction);
        for i in 0..n {
            let b_d = memory.theta() * d[i] - correction[i];
            assert!((b_d + g[i]).abs() < 1e-9, "entry {i}: {b_d} against {}", -g[i]);
        }
    }
}
