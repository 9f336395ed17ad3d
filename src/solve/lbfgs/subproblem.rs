//! The quadratic model on the box: its Cauchy point and the minimiser on the face that point identifies.
//!
//! Source: Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16 (1995), algorithm CP and the direct primal method of
//! section 5.1; the projection at the end is that of Morales and Nocedal, ACM Trans. Math. Softw. 38 (2011).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::face::Face;
use super::memory::Memory;
use crate::num::dense::dot;
use crate::problem::Bounds;

/// Where the projected path meets a bound. The greatest in a heap is the one that is met first.
#[derive(Clone, Copy, PartialEq)]
struct Breakpoint {
    t: f64,
    i: u32,
}

impl Eq for Breakpoint {}

impl Ord for Breakpoint {
    fn cmp(&self, other: &Self) -> Ordering {
        other.t.total_cmp(&self.t).then(other.i.cmp(&self.i))
    }
}

impl PartialOrd for Breakpoint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Memory of the two steps, taken once.
pub struct Subproblem {
    /// The Cauchy point, then the model's minimiser; length `n`.
    pub target: Vec<f64>,
    d: Vec<f64>,
    breakpoints: Vec<Breakpoint>,
    r: Vec<f64>,
    /// `Wᵀ d`.
    p: Vec<f64>,
    /// `Wᵀ z`, with `z` the way gone.
    c: Vec<f64>,
    /// The part of it that variables held at bounds have gone.
    held: Vec<f64>,
    w: Vec<f64>,
    v: Vec<f64>,
    face: Face,
}

/// The line that the path follows now: how far it was followed, and slope and curvature of the model along it.
struct Piece {
    t: f64,
    slope: f64,
    curvature: f64,
    floor: f64,
}

impl Piece {
    /// How far ahead the minimiser on the line through this piece lies.
    fn ahead(&self) -> f64 {
        if self.slope < 0.0 { -self.slope / self.curvature.max(self.floor) } else { 0.0 }
    }
}

impl Subproblem {
    /// For `n` variables and a memory of `capacity` pairs.
    pub fn new(n: usize, capacity: usize) -> Self {
        let k = 2 * capacity;
        Self {
            target: vec![0.0; n],
            d: vec![0.0; n],
            breakpoints: Vec::with_capacity(n),
            r: vec![0.0; n],
            p: vec![0.0; k],
            c: vec![0.0; k],
            held: vec![0.0; k],
            w: vec![0.0; k],
            v: vec![0.0; k],
            face: Face::new(n, k),
        }
    }

    /// Leaves in [`Subproblem::target`] a point of the box where the model at `x` is lower than at `x`.
    pub fn solve(&mut self, memory: &Memory, bounds: &Bounds, x: &[f64], g: &[f64]) {
        self.cauchy_point(memory, bounds, x, g);
        let n_free = self.split(memory, bounds, x, g);
        if n_free > 0 && memory.len() > 0 && self.face.minimise(memory, g, &self.p, &self.held, &mut self.d) {
            self.take_face_step(bounds, x, g);
        }
    }

    /// The first local minimiser of the model along the projected steepest descent path.
    fn cauchy_point(&mut self, memory: &Memory, bounds: &Bounds, x: &[f64], g: &[f64]) {
        let k = memory.rank();
        let theta = memory.theta();
        self.target.copy_from_slice(x);
        let first = self.first_breakpoint(bounds, x, g);
        memory.w_transposed(&self.d, &mut self.p[..k]);
        self.c[..k].fill(0.0);
        self.held[..k].fill(0.0);
        // f' = -dᵀd, f'' = theta dᵀd - pᵀ M p.
        let slope = -dot(&self.d, &self.d);
        let curvature = -theta * slope - self.middle_form(memory, k);
        let mut piece = Piece { t: 0.0, slope, curvature, floor: f64::EPSILON * curvature.abs() };
        if first <= piece.ahead() {
            self.collect_breakpoints(bounds, x);
            self.walk(memory, bounds, x, g, &mut piece);
        }
        let ahead = piece.ahead();
        if ahead.is_finite() {
            piece.t += ahead;
        }
        for i in 0..x.len() {
            if self.d[i] != 0.0 {
                self.target[i] = bounds.clamp(i, x[i] + piece.t * self.d[i]);
            }
        }
    }

    /// Fills `d`; gives the first `t` at which an entry of `x + t d` meets its bound.
    fn first_breakpoint(&mut self, bounds: &Bounds, x: &[f64], g: &[f64]) -> f64 {
        let mut first = f64::INFINITY;
        let ends = bounds.lower.iter().zip(&bounds.upper);
        for (((d, x), g), (lower, upper)) in self.d.iter_mut().zip(x).zip(g).zip(ends) {
            let (down, up) = (x - lower, upper - x);
            let room = if *g < 0.0 { up } else { down };
            let t = room / g.abs();
            *d = if room > 0.0 { -g } else { 0.0 };
            first = if room > 0.0 && t < first { t } else { first };
        }
        first
    }

    /// Collects where each entry of `x + t d` meets its bound.
    fn collect_breakpoints(&mut self, bounds: &Bounds, x: &[f64]) {
        self.breakpoints.clear();
        for (i, &d) in self.d.iter().enumerate().filter(|(_, d)| **d != 0.0) {
            let room = if d > 0.0 { bounds.upper[i] - x[i] } else { x[i] - bounds.lower[i] };
            let t = room / d.abs();
            if t < f64::INFINITY {
                self.breakpoints.push(Breakpoint { t, i: i as u32 });
            }
        }
    }

    /// Follows the path from one breakpoint to the next until the minimiser lies before the next.
    fn walk(&mut self, memory: &Memory, bounds: &Bounds, x: &[f64], g: &[f64], piece: &mut Piece) {
        let (k, theta) = (memory.rank(), memory.theta());
        // A heap, because few of many breakpoints are met; it takes over the memory of the list and gives it back.
        let mut heap = BinaryHeap::from(std::mem::take(&mut self.breakpoints));
        while let Some(&Breakpoint { t, i }) = heap.peek() {
            let b = i as usize;
            let dt = t - piece.t;
            if piece.ahead() < dt {
                break;
            }
            heap.pop();
            let end = if self.d[b] > 0.0 { bounds.upper[b] } else { bounds.lower[b] };
            self.target[b] = end;
            let (z_b, g_b) = (end - x[b], g[b]);
            memory.row(b, &mut self.w[..k]);
            // w_bᵀ M c, w_bᵀ M p and w_bᵀ M w_b share one solve: M is symmetric.
            self.v[..k].copy_from_slice(&self.w[..k]);
            memory.apply_middle(&mut self.v[..k]);
            let (mut w_c, mut w_p, mut w_w) = (0.0, 0.0, 0.0);
            for j in 0..k {
                self.c[j] += dt * self.p[j];
                w_c += self.v[j] * self.c[j];
                w_p += self.v[j] * self.p[j];
                w_w += self.v[j] * self.w[j];
                self.p[j] += g_b * self.w[j];
                self.held[j] += z_b * self.w[j];
            }
            piece.slope += dt * piece.curvature + g_b * g_b + theta * g_b * z_b - g_b * w_c;
            let change = -theta * g_b * g_b - 2.0 * g_b * w_p - g_b * g_b * w_w;
            piece.curvature = (piece.curvature + change).max(piece.floor);
            self.d[b] = 0.0;
            piece.t = t;
            if !(piece.slope < 0.0) {
                break;
            }
        }
        self.breakpoints = heap.into_vec();
    }

    /// `pᵀ M p`.
    fn middle_form(&mut self, memory: &Memory, k: usize) -> f64 {
        self.v[..k].copy_from_slice(&self.p[..k]);
        memory.apply_middle(&mut self.v[..k]);
        self.v[..k].iter().zip(&self.p).map(|(v, p)| v * p).sum()
    }

    /// Marks the variables that the Cauchy point leaves between their bounds; says how many.
    fn split(&mut self, memory: &Memory, bounds: &Bounds, x: &[f64], g: &[f64]) -> usize {
        let k = memory.rank();
        let mut n_free = 0;
        for i in 0..x.len() {
            let free = bounds.lower[i] < self.target[i] && self.target[i] < bounds.upper[i];
            self.face.free[i] = free;
            n_free += usize::from(free);
            if !free && self.d[i] != 0.0 {
                // The last piece ended on this bound, by rounding.
                memory.row(i, &mut self.w[..k]);
                for j in 0..k {
                    self.p[j] += g[i] * self.w[j];
                    self.held[j] += (self.target[i] - x[i]) * self.w[j];
                }
            }
        }
        n_free
    }

    /// Projects the step `d` from `x` to the face's minimiser; when that is no descent direction, goes from the Cauchy
    /// point towards the minimiser as far as the box allows instead.
    fn take_face_step(&mut self, bounds: &Bounds, x: &[f64], g: &[f64]) {
        let mut slope = 0.0;
        for i in 0..x.len() {
            self.r[i] = if self.face.free[i] { bounds.clamp(i, x[i] + self.d[i]) } else { self.target[i] };
            slope += (self.r[i] - x[i]) * g[i];
        }
        if slope < 0.0 {
            std::mem::swap(&mut self.target, &mut self.r);
            return;
        }
        let mut alpha = 1.0f64;
        for i in 0..x.len() {
            self.r[i] = if self.face.free[i] { x[i] + self.d[i] - self.target[i] } else { 0.0 };
            if self.r[i] != 0.0 {
                let room = if self.r[i] > 0.0 { bounds.upper[i] } else { bounds.lower[i] } - self.target[i];
                alpha = alpha.min(room / self.r[i]);
            }
        }
        for i in 0..x.len() {
            self.target[i] = bounds.clamp(i, self.target[i] + alpha * self.r[i]);
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
            let (mut coefficients, mut column) = (vec![0.0; k], vec![0.0; n]);
            memory.row(j, &mut coefficients);
            memory.apply_middle(&mut coefficients);
            memory.add_w(&coefficients, &mut column);
            for i in 0..n {
                matrix[i * n + j] = if i == j { memory.theta() } else { 0.0 } - column[i];
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
