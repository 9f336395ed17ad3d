//! The quadratic model `g's + s'Bs/2` on the box with a dense `B`: Cauchy point, then the minimiser on its face.
//!
//! Source: Conn, Gould and Toint (1988), section 5, for the path; Morales and Nocedal (2011) for the projection at the end.

use super::super::cholesky::Cholesky;
use crate::num::dense::dot;
use crate::problem::Bounds;

/// Memory of the two steps, taken once.
pub struct Face {
    /// The Cauchy point, then the model's minimiser; length `n`.
    pub target: Vec<f64>,
    /// Direction of the path, 0 on variables that have met their bound.
    d: Vec<f64>,
    /// `B d`, and `B (target - x)`.
    bd: Vec<f64>,
    bs: Vec<f64>,
    breakpoints: Vec<(f64, u32)>,
    free: Vec<u32>,
    r: Vec<f64>,
    factor: Cholesky,
}

impl Face {
    /// For `n` variables.
    pub fn new(n: usize) -> Self {
        let zero = || vec![0.0; n];
        Self {
            target: zero(),
            d: zero(),
            bd: zero(),
            bs: zero(),
            breakpoints: Vec::with_capacity(n),
            free: Vec::with_capacity(n),
            r: zero(),
            factor: Cholesky::new(n),
        }
    }

    /// Leaves in [`Face::target`] a point of the box where the model is lower than at `x`. Without a matrix `B` is the identity.
    pub fn solve(&mut self, matrix: Option<&Vec<f64>>, bounds: &Bounds, x: &[f64], g: &[f64]) {
        let n = x.len();
        self.cauchy_point(matrix, bounds, x, g);
        let Some(matrix) = matrix else { return };
        self.free.clear();
        self.free.extend(
            (0..n).filter(|&i| bounds.lower[i] < self.target[i] && self.target[i] < bounds.upper[i]).map(|i| i as u32),
        );
        if !self.free.is_empty() {
            self.minimise_on_face(matrix, bounds, x, g);
        }
    }

    /// The first local minimiser of the model along `P(x - t g)`.
    fn cauchy_point(&mut self, matrix: Option<&Vec<f64>>, bounds: &Bounds, x: &[f64], g: &[f64]) {
        let n = x.len();
        self.target.copy_from_slice(x);
        self.bs.fill(0.0);
        self.breakpoints.clear();
        for i in 0..n {
            let end = if g[i] < 0.0 { bounds.upper[i] } else { bounds.lower[i] };
            let t = if g[i] == 0.0 { f64::INFINITY } else { ((x[i] - end) / g[i]).max(0.0) };
            self.d[i] = if t == 0.0 { 0.0 } else { -g[i] };
            if t > 0.0 && t < f64::INFINITY {
                self.breakpoints.push((t, i as u32));
            }
        }
        self.breakpoints.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        match matrix {
            Some(b) => (0..n).for_each(|i| self.bd[i] = dot(&b[i * n..(i + 1) * n], &self.d)),
            None => self.bd.copy_from_slice(&self.d),
        }
        let mut t_old = 0.0;
        let mut next = 0;
        loop {
            // Slope and curvature of the model along d at the present point of the path.
            let slope = dot(g, &self.d) + dot(&self.bs, &self.d);
            let curvature = dot(&self.d, &self.bd);
            let dt = self.breakpoints.get(next).map_or(f64::INFINITY, |(t, _)| t - t_old);
            let ahead = if slope >= 0.0 { 0.0 } else { -slope / curvature.max(f64::MIN_POSITIVE) };
            let length = ahead.min(dt);
            for i in 0..n {
                if self.d[i] != 0.0 {
                    self.target[i] = bounds.clamp(i, self.target[i] + length * self.d[i]);
                }
                self.bs[i] += length * self.bd[i];
            }
            if !(dt <= ahead) || slope >= 0.0 {
                return;
            }
            let b = self.breakpoints[next].1 as usize;
            self.target[b] = if self.d[b] > 0.0 { bounds.upper[b] } else { bounds.lower[b] };
            let d_b = self.d[b];
            self.d[b] = 0.0;
            match matrix {
                Some(m) => (0..n).for_each(|i| self.bd[i] -= d_b * m[b * n + i]),
                None => self.bd[b] = 0.0,
            }
            t_old += dt;
            next += 1;
        }
    }

    /// Solves `B_FF w = -(g + B (target - x))_F` on the free variables and projects onto the box.
    fn minimise_on_face(&mut self, matrix: &[f64], bounds: &Bounds, x: &[f64], g: &[f64]) {
        let (n, k) = (x.len(), self.free.len());
        for (at, &i) in self.free.iter().enumerate() {
            self.r[at] = -(g[i as usize] + self.bs[i as usize]);
        }
        let free = &self.free;
        self.factor.resize(k);
        if !self.factor.factor(|i, j| matrix[free[i] as usize * n + free[j] as usize]) {
            return;
        }
        self.factor.solve(&mut self.r[..k]);
        // The projected step, if it falls; else as much of it as stays in the box.
        self.d.copy_from_slice(&self.target);
        for (at, &i) in self.free.iter().enumerate() {
            let i = i as usize;
            self.d[i] = bounds.clamp(i, self.target[i] + self.r[at]);
        }
        let slope: f64 = (0..n).map(|i| (self.d[i] - x[i]) * g[i]).sum();
        if slope < 0.0 {
            self.target.copy_from_slice(&self.d);
            return;
        }
        let mut alpha = 1.0f64;
        for (at, &i) in self.free.iter().enumerate() {
            let i = i as usize;
            let room = if self.r[at] > 0.0 { bounds.upper[i] } else { bounds.lower[i] } - self.target[i];
            if self.r[at] != 0.0 {
                alpha = alpha.min(room / self.r[at]);
            }
        }
        for (at, &i) in self.free.iter().enumerate() {
            let i = i as usize;
            self.target[i] = bounds.clamp(i, self.target[i] + alpha * self.r[at]);
        }
    }
}
