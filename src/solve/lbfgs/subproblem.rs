//! The quadratic model on the box: its Cauchy point and the minimiser on the face that point identifies.
//!
//! Source: Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16 (1995), algorithm CP and the direct primal method of
//! section 5.1; the projection at the end is that of Morales and Nocedal, ACM Trans. Math. Softw. 38 (2011).

use super::memory::{Lu, Memory};
use crate::problem::Bounds;

/// Memory of the two steps, taken once.
pub struct Subproblem {
    /// The Cauchy point, then the model's minimiser; length `n`.
    pub target: Vec<f64>,
    d: Vec<f64>,
    breakpoints: Vec<(f64, u32)>,
    free: Vec<u32>,
    r: Vec<f64>,
    p: Vec<f64>,
    c: Vec<f64>,
    w: Vec<f64>,
    v: Vec<f64>,
    lu: Lu,
}

impl Subproblem {
    /// For `n` variables and a memory of `capacity` pairs.
    pub fn new(n: usize, capacity: usize) -> Self {
        let k = 2 * capacity;
        Self {
            target: vec![0.0; n],
            d: vec![0.0; n],
            breakpoints: Vec::with_capacity(n),
            free: Vec::with_capacity(n),
            r: vec![0.0; n],
            p: vec![0.0; k],
            c: vec![0.0; k],
            w: vec![0.0; k],
            v: vec![0.0; k],
            lu: Lu::new(k),
        }
    }

    /// Leaves in [`Subproblem::target`] a point of the box where the model at `x` is lower than at `x`.
    pub fn solve(&mut self, memory: &Memory, bounds: &Bounds, x: &[f64], g: &[f64]) {
        self.cauchy_point(memory, bounds, x, g);
        self.collect_free(bounds);
        if !self.free.is_empty() && memory.len() > 0 {
            self.minimise_on_face(memory, bounds, x, g);
        }
    }

    /// The first local minimiser of the model along the projected steepest descent path.
    fn cauchy_point(&mut self, memory: &Memory, bounds: &Bounds, x: &[f64], g: &[f64]) {
        let k = memory.rank();
        let theta = memory.theta();
        self.target.copy_from_slice(x);
        self.breakpoints.clear();
        for i in 0..x.len() {
            let end = if g[i] < 0.0 { bounds.upper[i] } else { bounds.lower[i] };
            let t = if g[i] == 0.0 { f64::INFINITY } else { ((x[i] - end) / g[i]).max(0.0) };
            self.d[i] = if t == 0.0 { 0.0 } else { -g[i] };
            if t > 0.0 && t < f64::INFINITY {
                self.breakpoints.push((t, i as u32));
            }
        }
        self.breakpoints.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        memory.w_transposed(&self.d, &mut self.p[..k]);
        self.c[..k].fill(0.0);
        // f' = -dᵀd, f'' = theta dᵀd - pᵀ M p.
        let mut slope = -self.d.iter().map(|d| d * d).sum::<f64>();
        let mut curvature = -theta * slope - self.middle_form(memory, k);
        let curvature_floor = f64::EPSILON * curvature.abs();
        let mut t_old = 0.0;
        let mut ahead = if slope == 0.0 { 0.0 } else { -slope / curvature.max(curvature_floor) };
        let mut fixed = 0;
        while fixed < self.breakpoints.len() {
            let (t, b) = self.breakpoints[fixed];
            let b = b as usize;
            let dt = t - t_old;
            if ahead < dt {
                break;
            }
            let end = if self.d[b] > 0.0 { bounds.upper[b] } else { bounds.lower[b] };
            self.target[b] = end;
            let (z_b, g_b) = (end - x[b], g[b]);
            for j in 0..k {
                self.c[j] += dt * self.p[j];
                self.w[j] = memory.w(b, j);
            }
            // w_bᵀ M c, w_bᵀ M p and w_bᵀ M w_b share one solve: M is symmetric.
            self.v[..k].copy_from_slice(&self.w[..k]);
            memory.apply_middle(&mut self.v[..k]);
            let with = |a: &[f64]| self.v[..k].iter().zip(a).map(|(v, a)| v * a).sum::<f64>();
            let (w_c, w_p, w_w) = (with(&self.c), with(&self.p), with(&self.w));
            slope += dt * curvature + g_b * g_b + theta * g_b * z_b - g_b * w_c;
            curvature += -theta * g_b * g_b - 2.0 * g_b * w_p - g_b * g_b * w_w;
            curvature = curvature.max(curvature_floor);
            for j in 0..k {
                self.p[j] += g_b * self.w[j];
            }
            self.d[b] = 0.0;
            t_old = t;
            fixed += 1;
            ahead = if slope < 0.0 { -slope / curvature } else { 0.0 };
            if !(slope < 0.0) {
                break;
            }
        }
        let ahead = ahead.max(0.0);
        if ahead.is_finite() {
            t_old += ahead;
            for j in 0..k {
                self.c[j] += ahead * self.p[j];
            }
        }
        for i in 0..x.len() {
            if self.d[i] != 0.0 {
                self.target[i] = bounds.clamp(i, x[i] + t_old * self.d[i]);
            }
        }
    }

    /// `pᵀ M p`.
    fn middle_form(&mut self, memory: &Memory, k: usize) -> f64 {
        self.v[..k].copy_from_slice(&self.p[..k]);
        memory.apply_middle(&mut self.v[..k]);
        self.v[..k].iter().zip(&self.p).map(|(v, p)| v * p).sum()
    }

    fn collect_free(&mut self, bounds: &Bounds) {
        self.free.clear();
        for (i, &t) in self.target.iter().enumerate() {
            if bounds.lower[i] < t && t < bounds.upper[i] {
                self.free.push(i as u32);
            }
        }
    }

    /// Minimises the model over the free variables (Sherman, Morrison and Woodbury) and projects onto the box.
    fn minimise_on_face(&mut self, memory: &Memory, bounds: &Bounds, x: &[f64], g: &[f64]) {
        let (k, theta) = (memory.rank(), memory.theta());
        // r = Zᵀ (g + theta (target - x) - W M c).
        self.v[..k].copy_from_slice(&self.c[..k]);
        memory.apply_middle(&mut self.v[..k]);
        self.w[..k].fill(0.0);
        for (r, &i) in self.r.iter_mut().zip(&self.free) {
            let i = i as usize;
            let w_m_c: f64 = (0..k).map(|j| memory.w(i, j) * self.v[j]).sum();
            *r = g[i] + theta * (self.target[i] - x[i]) - w_m_c;
            for j in 0..k {
                self.w[j] += memory.w(i, j) * *r;
            }
        }
        // v = (I - M WᵀZZᵀW / theta)⁻¹ M WᵀZ r.
        self.lu.resize(k);
        for column in 0..k {
            for j in 0..k {
                let sum: f64 = self.free.iter().map(|&i| memory.w(i as usize, j) * memory.w(i as usize, column)).sum();
                self.p[j] = sum / theta;
            }
            memory.apply_middle(&mut self.p[..k]);
            for j in 0..k {
                let identity = if j == column { 1.0 } else { 0.0 };
                self.lu.set(j, column, identity - self.p[j]);
            }
        }
        memory.apply_middle(&mut self.w[..k]);
        if self.lu.factor().is_none() {
            return;
        }
        self.lu.solve(&mut self.w[..k]);
        // d = -r / theta - ZᵀW v / theta².
        for (at, &i) in self.free.iter().enumerate() {
            let i = i as usize;
            let w_v: f64 = (0..k).map(|j| memory.w(i, j) * self.w[j]).sum();
            self.d[at] = -(self.r[at] + w_v / theta) / theta;
        }
        self.take_face_step(bounds, x, g);
    }

    /// Projects the face step; when that is no descent direction, shortens it to the box instead.
    fn take_face_step(&mut self, bounds: &Bounds, x: &[f64], g: &[f64]) {
        let mut slope = 0.0;
        for i in 0..x.len() {
            self.r[i] = self.target[i];
        }
        for (at, &i) in self.free.iter().enumerate() {
            let i = i as usize;
            self.r[i] = bounds.clamp(i, self.target[i] + self.d[at]);
        }
        for i in 0..x.len() {
            slope += (self.r[i] - x[i]) * g[i];
        }
        if slope < 0.0 {
            self.target.copy_from_slice(&self.r);
            return;
        }
        let mut alpha = 1.0f64;
        for (at, &i) in self.free.iter().enumerate() {
            let i = i as usize;
            let room = if self.d[at] > 0.0 { bounds.upper[i] } else { bounds.lower[i] } - self.target[i];
            if self.d[at] != 0.0 && (room / self.d[at]) < alpha {
                alpha = room / self.d[at];
            }
        }
        for (at, &i) in self.free.iter().enumerate() {
            let i = i as usize;
            self.target[i] = bounds.clamp(i, self.target[i] + alpha * self.d[at]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::random::Stream;

    /// `B = theta I - W M Wᵀ`, entry by entry.
    fn dense(memory: &Memory, n: usize) -> Vec<f64> {
        let k = memory.rank();
        let mut matrix = vec![0.0; n * n];
        for j in 0..n {
            let mut column: Vec<f64> = (0..k).map(|c| memory.w(j, c)).collect();
            memory.apply_middle(&mut column);
            for i in 0..n {
                let correction: f64 = (0..k).map(|c| memory.w(i, c) * column[c]).sum();
                matrix[i * n + j] = if i == j { memory.theta() } else { 0.0 } - correction;
            }
        }
        matrix
    }

    /// The point `P(x - t g)` at which the model, walked from one breakpoint to the next by its definition, stops falling.
    fn by_definition(b: &[f64], bounds: &Bounds, x: &[f64], g: &[f64]) -> Vec<f64> {
        let n = x.len();
        let at = |t: f64| -> Vec<f64> { (0..n).map(|i| bounds.clamp(i, x[i] - t * g[i])).collect() };
        let end = |i: usize| if g[i] < 0.0 { bounds.upper[i] } else { bounds.lower[i] };
        let mut stops: Vec<f64> =
            (0..n).map(|i| (x[i] - end(i)) / g[i]).filter(|t| *t > 0.0 && t.is_finite()).collect();
        stops.sort_by(f64::total_cmp);
        stops.push(1e12);
        let mut from = 0.0;
        for to in stops {
            let middle = 0.5 * (from + to);
            let d: Vec<f64> =
                (0..n).map(|i| if (x[i] - middle * g[i] - at(middle)[i]).abs() > 0.0 { 0.0 } else { -g[i] }).collect();
            let s: Vec<f64> = at(from).iter().zip(x).map(|(a, x)| a - x).collect();
            let bs = |i: usize| (0..n).map(|j| b[i * n + j] * s[j]).sum::<f64>();
            let slope: f64 = (0..n).map(|i| d[i] * (g[i] + bs(i))).sum();
            let curvature: f64 = (0..n).map(|i| d[i] * (0..n).map(|j| b[i * n + j] * d[j]).sum::<f64>()).sum();
            if slope >= 0.0 {
                break;
            }
            let ahead = -slope / curvature;
            if from + ahead < to {
                return at(from + ahead);
            }
            from = to;
        }
        at(from)
    }

    #[test]
    fn the_cauchy_point_is_the_first_minimiser_along_the_projected_path() {
        let (n, mut stream) = (9, Stream::new(5, 0));
        let mut on_bounds = 0;
        for round in 0..200 {
            let mut memory = Memory::new(n, 4, true);
            for _ in 0..round % 7 {
                let s: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
                let y: Vec<f64> = (0..n).map(|i| (0.2 + 3.0 * i as f64) * s[i] + 0.1 * s[(i + 1) % n]).collect();
                memory.push(&s, &y);
            }
            let mut bounds = Bounds::free(n);
            for i in 0..n {
                bounds.lower[i] = if i % 4 == 0 { f64::NEG_INFINITY } else { -stream.unit() };
                bounds.upper[i] = if i % 3 == 0 { f64::INFINITY } else { stream.unit() };
            }
            let x: Vec<f64> = (0..n).map(|i| bounds.clamp(i, 0.7 * stream.normal())).collect();
            let g: Vec<f64> = (0..n).map(|_| 2.0 * stream.normal()).collect();
            let mut subproblem = Subproblem::new(n, 4);
            subproblem.cauchy_point(&memory, &bounds, &x, &g);
            let expected = by_definition(&dense(&memory, n), &bounds, &x, &g);
            for i in 0..n {
                let difference = (subproblem.target[i] - expected[i]).abs();
                assert!(
                    difference <= 1e-8,
                    "round {round}, entry {i}: {} is not {}",
                    subproblem.target[i],
                    expected[i]
                );
                on_bounds += usize::from(expected[i] == bounds.lower[i] || expected[i] == bounds.upper[i]);
            }
        }
        assert!(on_bounds > 300, "the test is about bounds, and only {on_bounds} were met");
    }
}
