//! The minimiser of the limited-memory model over the variables that are between their bounds.
//!
//! Source: Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16 (1995), section 5.1. With `Z` the free columns of the identity,
//! `z` the way of the held variables, `c = Wᵀz` and `N = WᵀZZᵀW`, the step of the free variables from `x` is
//! `d = -Zᵀg / theta + ZᵀW u`, `u = M c / theta - (M⁻¹ - N / theta)⁻¹ (WᵀZZᵀg - N M c) / theta²`. So two passes over the pairs
//! do, and one more over the fewer of the free and the held variables for `N`.

use super::memory::{Lu, Memory};
use crate::num::dense::dot;

/// Variables that are gathered at a time: twice as many columns of this length stay in the first cache.
const BLOCK: usize = 64;

/// Memory for the step, taken once.
pub struct Face {
    /// Whether each variable is free.
    pub free: Vec<bool>,
    /// `N`, lower triangle by rows.
    n: Vec<f64>,
    /// Rows of `W` and entries of `g`, column by column.
    block: Vec<f64>,
    /// `WᵀZZᵀg`.
    w_g: Vec<f64>,
    m_c: Vec<f64>,
    u: Vec<f64>,
    lu: Lu,
}

impl Face {
    /// For `n` variables and at most `k` columns of `W`.
    pub fn new(n: usize, k: usize) -> Self {
        Self {
            free: vec![false; n],
            n: vec![0.0; k * k],
            block: vec![0.0; (k + 1) * BLOCK],
            w_g: vec![0.0; k],
            m_c: vec![0.0; k],
            u: vec![0.0; k],
            lu: Lu::new(k),
        }
    }

    /// The step in `d`, of length `n`, of which only the free entries mean something; `p = -WᵀZZᵀg`. False when the
    /// matrix of the step is singular.
    pub fn minimise(&mut self, memory: &Memory, g: &[f64], p: &[f64], c: &[f64], d: &mut [f64]) -> bool {
        let (k, theta) = (memory.rank(), memory.theta());
        self.form(memory, g, p);
        self.lu.resize(k);
        for i in 0..k {
            for j in 0..=i {
                let entry = memory.middle_inverse(i, j) - self.n[i * k + j] / theta;
                self.lu.set(i, j, entry);
                self.lu.set(j, i, entry);
            }
        }
        if self.lu.factor().is_none() {
            return false;
        }
        self.m_c[..k].copy_from_slice(&c[..k]);
        memory.apply_middle(&mut self.m_c[..k]);
        for i in 0..k {
            let n_m_c: f64 = (0..k).map(|j| self.n[i.max(j) * k + i.min(j)] * self.m_c[j]).sum();
            self.u[i] = self.w_g[i] - n_m_c;
        }
        self.lu.solve(&mut self.u[..k]);
        for i in 0..k {
            self.u[i] = (self.m_c[i] - self.u[i] / theta) / theta;
        }
        for (d_i, g_i) in d.iter_mut().zip(g) {
            *d_i = -g_i / theta;
        }
        memory.add_w(&self.u[..k], d);
        true
    }

    /// `N` and `WᵀZZᵀg`: what the memory knows of all variables less the held ones where these are fewer.
    fn form(&mut self, memory: &Memory, g: &[f64], p: &[f64]) {
        let k = memory.rank();
        let held = self.free.iter().filter(|free| !**free).count();
        if held <= self.free.len() / 2 {
            for i in 0..k {
                for j in 0..=i {
                    self.n[i * k + j] = memory.w_w(i, j);
                }
                self.w_g[i] = -p[i];
            }
            if held == 0 {
                return;
            }
            self.gather(memory, g, false);
            // A difference that lost half its digits is no basis for a step.
            if (0..k).all(|j| self.n[j * k + j] > f64::EPSILON.sqrt() * memory.w_w(j, j)) {
                return;
            }
        }
        self.n[..k * k].fill(0.0);
        self.w_g[..k].fill(0.0);
        self.gather(memory, g, true);
    }

    /// Adds the parts of the free variables, or subtracts those of `N` of the held ones.
    fn gather(&mut self, memory: &Memory, g: &[f64], wanted: bool) {
        let mut indices = [0u32; BLOCK];
        let mut len = 0;
        for i in 0..self.free.len() {
            if self.free[i] == wanted {
                indices[len] = i as u32;
                len += 1;
                if len == BLOCK {
                    self.add_block(memory, g, &indices, wanted);
                    len = 0;
                }
            }
        }
        self.add_block(memory, g, &indices[..len], wanted);
    }

    fn add_block(&mut self, memory: &Memory, g: &[f64], indices: &[u32], wanted: bool) {
        let (k, len) = (memory.rank(), indices.len());
        for column in 0..k {
            let (factor, entries) = memory.column(column);
            for (to, &i) in self.block[column * BLOCK..].iter_mut().zip(indices) {
                *to = factor * entries[i as usize];
            }
        }
        let sign = if wanted { 1.0 } else { -1.0 };
        for i in 0..k {
            let own = &self.block[i * BLOCK..][..len];
            for j in 0..=i {
                self.n[i * k + j] += sign * dot(own, &self.block[j * BLOCK..][..len]);
            }
        }
        if wanted {
            let at = k * BLOCK;
            for (to, &i) in self.block[at..].iter_mut().zip(indices) {
                *to = g[i as usize];
            }
            for i in 0..k {
                self.w_g[i] += dot(&self.block[i * BLOCK..][..len], &self.block[at..][..len]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::random::Stream;

    #[test]
    fn the_gradient_of_the_model_vanishes_on_the_face() {
        let (n, mut stream) = (200, Stream::new(11, 0));
        // All free, few held, few free: each has its own way to N.
        for held in [0, 1, 60, 100, 101, 190, 199] {
            let mut memory = Memory::new(n, 5, true);
            for _ in 0..8 {
                let s: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
                let y: Vec<f64> = (0..n).map(|i| (1.0 + (i % 7) as f64) * s[i] + 0.1 * s[(i + 1) % n]).collect();
                assert!(memory.push(&s, &y));
            }
            let mut face = Face::new(n, 10);
            // 77 is prime to 200: the held ones lie all over.
            (0..n).for_each(|i| face.free[i * 77 % n] = i >= held);
            let g: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
            let mut way: Vec<f64> = face.free.iter().map(|f| if *f { 0.0 } else { stream.normal() }).collect();
            let downhill: Vec<f64> = (0..n).map(|i| if face.free[i] { -g[i] } else { 0.0 }).collect();
            let (mut p, mut c, mut d) = ([0.0; 10], [0.0; 10], vec![0.0; n]);
            memory.w_transposed(&downhill, &mut p);
            memory.w_transposed(&way, &mut c);
            assert!(face.minimise(&memory, &g, &p, &c, &mut d));
            (0..n).filter(|&i| face.free[i]).for_each(|i| way[i] = d[i]);
            // B way = theta way - W M Wᵀ way.
            let (mut v, mut w_v) = ([0.0; 10], vec![0.0; n]);
            memory.w_transposed(&way, &mut v);
            memory.apply_middle(&mut v);
            memory.add_w(&v, &mut w_v);
            for i in (0..n).filter(|&i| face.free[i]) {
                let slope = g[i] + memory.theta() * way[i] - w_v[i];
                assert!(slope.abs() < 1e-11, "{held} held, entry {i}: {slope}");
            }
        }
    }
}
