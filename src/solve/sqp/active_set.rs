//! Strictly convex quadratic programs by a dual active-set method, with a warm start.
//!
//! Source: Goldfarb and Idnani, Mathematical Programming 27 (1983), in their notation; the factors are theirs.
//!
//! | here     | paper | meaning                                                        | shape        |
//! |----------|-------|----------------------------------------------------------------|--------------|
//! | `j`      | J     | `J Jᵀ = B⁻¹`; with the active normals `N`, `Jᵀ N = [R; 0]`      | `n` square   |
//! | `r`      | R     | upper triangle                                                 | `n` square   |
//! | `u`      | u     | multipliers of the active sides, `B d + g = N u`               | active sides |
//!
//! A warm start takes the sides that were active before as equations and drops those whose multipliers come out negative:
//! what is left is a pair the method can go on from.
//!
//! Deliberately absent: sparsity. A step costs `O(n²)`, setting up `O(n³)`.

use crate::num::dense::{axpy, dot, norm2};
use crate::num::vmath::hypot;
use crate::solve::cholesky::Cholesky;

/// The normals of the sides.
pub trait Normals {
    /// Writes the normal of side `k`.
    fn normal(&self, k: usize, a: &mut [f64]);
    /// Writes the products of all normals with `d`.
    fn products(&self, d: &[f64], out: &mut [f64]);
}

/// One side `a' d >= rhs`, or `a' d = rhs`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Side {
    /// The number on the right.
    pub rhs: f64,
    /// Whether it is an equation.
    pub equal: bool,
}

/// Why there is no minimiser.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// No `d` satisfies all sides.
    Infeasible,
    /// Rounding led in circles.
    Circling,
    /// The caller said so.
    Stopped,
}

/// The method's memory; taken once.
pub struct ActiveSet {
    n: usize,
    /// By columns.
    j: Vec<f64>,
    /// By columns.
    r: Vec<f64>,
    /// The minimiser, length `n`.
    pub d: Vec<f64>,
    /// Active sides in the order they were added.
    pub active: Vec<u32>,
    /// Their multipliers.
    pub u: Vec<f64>,
    /// 1, or -1 for an equation that is used with its normal turned round.
    turned: Vec<f64>,
    is_active: Vec<bool>,
    /// Sides that a warm start tries: all equations, then inequalities that were active.
    before: Vec<u32>,
    products: Vec<f64>,
    normal: Vec<f64>,
    image: Vec<f64>,
    step: Vec<f64>,
    dual: Vec<f64>,
}

/// Parts of a normal below this times its size are rounding: the side depends on the active ones.
const DEPENDENT: f64 = 1e-11;
/// A side is satisfied when it misses by no more than this times its size.
const SATISFIED: f64 = 1e-11;

impl ActiveSet {
    /// For `n` variables and up to `n_sides` sides.
    pub fn new(n: usize, n_sides: usize) -> Self {
        let zeros = |n: usize| vec![0.0; n];
        Self {
            n,
            j: zeros(n * n),
            r: zeros(n * n),
            d: zeros(n),
            active: Vec::with_capacity(n + 1),
            u: Vec::with_capacity(n + 1),
            turned: Vec::with_capacity(n + 1),
            is_active: vec![false; n_sides],
            before: Vec::with_capacity(n_sides),
            products: zeros(n_sides),
            normal: zeros(n),
            image: zeros(n),
            step: zeros(n),
            dual: zeros(n + 1),
        }
    }

    /// Bytes that [`ActiveSet::new`] takes.
    pub fn bytes(n: usize, n_sides: usize) -> usize {
        n.saturating_mul(n).saturating_mul(16).saturating_add(13 * n_sides).saturating_add(n.saturating_mul(64))
    }

    /// Minimises `½ d'B d + g'd` over the sides; `b` is the factor of `B`; `stop` is asked between steps. Sides that are in [`ActiveSet::active`] from the last call are tried first.
    ///
    /// # Errors
    /// [`Failure`]; the active set is empty then.
    pub fn solve(
        &mut self,
        b: &Cholesky,
        g: &[f64],
        sides: &[Side],
        normals: &impl Normals,
        stop: impl Fn() -> bool,
    ) -> Result<(), Failure> {
        b.inverse_transposed(&mut self.j);
        self.start_warm(g, sides, normals, &stop);
        let most = 50 + 20 * (self.n + sides.len());
        for _ in 0..most {
            let Some((side, turn)) = self.most_violated(sides, normals) else { return Ok(()) };
            if stop() {
                self.forget();
                return Err(Failure::Stopped);
            }
            if let Err(failure) = self.satisfy(side, turn, sides, normals) {
                self.forget();
                return Err(failure);
            }
        }
        self.forget();
        Err(Failure::Circling)
    }

    /// Forgets the active set.
    pub fn forget(&mut self) {
        self.active.clear();
        self.u.clear();
        self.turned.clear();
        self.is_active.fill(false);
    }

    /// Multiplier of active side `k` for the normal as [`ActiveSet::solve`] was given it.
    pub fn multiplier(&self, k: usize) -> f64 {
        self.u[k] * self.turned[k]
    }

    /// The former active sides as equations, less those with negative multipliers, and the minimiser there.
    fn start_warm(&mut self, g: &[f64], sides: &[Side], normals: &impl Normals, stop: &impl Fn() -> bool) {
        // Equations first: they cannot be dropped.
        let mut before = std::mem::take(&mut self.before);
        before.clear();
        before.extend((0..sides.len() as u32).filter(|k| sides[*k as usize].equal));
        let is_inequality = |k: &u32| sides.get(*k as usize).is_some_and(|side| !side.equal);
        before.extend(self.active.iter().copied().filter(is_inequality));
        self.forget();
        for &side in &before {
            if self.active.len() < self.n && !stop() {
                self.take_normal(side as usize, 1.0, normals);
                self.add_if_independent(side, 1.0);
            }
        }
        self.before = before;
        loop {
            self.minimise_on_active(g, sides);
            let inequalities = (0..self.active.len()).filter(|k| !sides[self.active[*k] as usize].equal);
            match inequalities.min_by(|a, b| self.u[*a].total_cmp(&self.u[*b])) {
                Some(worst) if self.u[worst] < 0.0 => self.drop(worst),
                _ => return,
            }
        }
    }

    /// `d` and `u` with the active sides as equations.
    fn minimise_on_active(&mut self, g: &[f64], sides: &[Side]) {
        let (n, q) = (self.n, self.active.len());
        self.d.fill(0.0);
        // Rᵀ w = rhs, d = J₁ w - J₂ J₂ᵀ g.
        for k in 0..q {
            let column = &self.r[k * n..k * n + k];
            let rhs = self.turned[k] * sides[self.active[k] as usize].rhs;
            self.step[k] = (rhs - dot(column, &self.step[..k])) / self.r[k * n + k];
        }
        for k in q..n {
            self.step[k] = -dot(&self.j[k * n..(k + 1) * n], g);
        }
        for k in 0..n {
            axpy(self.step[k], &self.j[k * n..(k + 1) * n], &mut self.d);
        }
        // R u = w + J₁ᵀ g.
        for k in 0..q {
            self.dual[k] = self.step[k] + dot(&self.j[k * n..(k + 1) * n], g);
        }
        self.back_substitute(q);
        self.u.clear();
        self.u.extend_from_slice(&self.dual[..q]);
    }

    /// Solves `R v = dual` in place for the first `q` entries.
    fn back_substitute(&mut self, q: usize) {
        let n = self.n;
        for k in (0..q).rev() {
            self.dual[k] /= self.r[k * n + k];
            let v = self.dual[k];
            let column = &self.r[k * n..k * n + k];
            for (to, r) in self.dual[..k].iter_mut().zip(column) {
                *to -= r * v;
            }
        }
    }

    /// The side that is missed by most for its size, and how an equation is to be turned.
    fn most_violated(&mut self, sides: &[Side], normals: &impl Normals) -> Option<(usize, f64)> {
        let mut worst = None;
        let mut most = SATISFIED;
        normals.products(&self.d, &mut self.products);
        for (k, side) in sides.iter().enumerate() {
            if self.is_active[k] || (!side.equal && side.rhs == f64::NEG_INFINITY) {
                continue;
            }
            let at = self.products[k];
            let size = side.rhs.abs().max(1e-2 * at.abs()).max(1.0);
            let missing = side.rhs - at;
            let amount = if side.equal { missing.abs() } else { missing } / size;
            if amount > most {
                most = amount;
                worst = Some((k, if missing < 0.0 { -1.0 } else { 1.0 }));
            }
        }
        worst
    }

    fn take_normal(&mut self, side: usize, turn: f64, normals: &impl Normals) {
        normals.normal(side, &mut self.normal);
        if turn < 0.0 {
            self.normal.iter_mut().for_each(|a| *a = -*a);
        }
        let n = self.n;
        for k in 0..n {
            self.image[k] = dot(&self.j[k * n..(k + 1) * n], &self.normal);
        }
    }

    /// Steps until side `p` holds and is active, dropping others on the way (steps 1 and 2 of the paper).
    fn satisfy(&mut self, p: usize, turn: f64, sides: &[Side], normals: &impl Normals) -> Result<(), Failure> {
        let n = self.n;
        let mut u_p = 0.0;
        loop {
            self.take_normal(p, turn, normals);
            let q = self.active.len();
            // z = J₂ J₂ᵀ a, the step; r = R⁻¹ J₁ᵀ a, what it costs the multipliers.
            self.step.fill(0.0);
            for k in q..n {
                axpy(self.image[k], &self.j[k * n..(k + 1) * n], &mut self.step);
            }
            self.dual[..q].copy_from_slice(&self.image[..q]);
            self.back_substitute(q);
            let mut longest_dual = f64::INFINITY;
            let mut leaving = None;
            for k in 0..q {
                if !sides[self.active[k] as usize].equal && self.dual[k] > 0.0 {
                    let t = self.u[k] / self.dual[k];
                    if t < longest_dual {
                        (longest_dual, leaving) = (t, Some(k));
                    }
                }
            }
            let room = norm2(&self.image[q..]);
            let independent = room > DEPENDENT * norm2(&self.image).max(f64::MIN_POSITIVE);
            let missing = turn * sides[p].rhs - dot(&self.normal, &self.d);
            let full = if independent { (missing / (room * room)).max(0.0) } else { f64::INFINITY };
            let t = full.min(longest_dual);
            if t == f64::INFINITY {
                return Err(Failure::Infeasible);
            }
            if independent {
                axpy(t, &self.step, &mut self.d);
            }
            for k in 0..q {
                self.u[k] -= t * self.dual[k];
            }
            u_p += t;
            match leaving {
                Some(leaving) if longest_dual < full => {
                    self.drop(leaving);
                }
                _ => {
                    self.add(p as u32, turn);
                    self.u.push(u_p);
                    return Ok(());
                }
            }
        }
    }

    fn add_if_independent(&mut self, side: u32, turn: f64) {
        let q = self.active.len();
        if norm2(&self.image[q..]) > 1e-9 * norm2(&self.image) {
            self.add(side, turn);
        }
    }

    /// Adds the side whose normal has the image `Jᵀ a` at hand: rotations of J₂ make all but one entry 0.
    fn add(&mut self, side: u32, turn: f64) {
        let (n, q) = (self.n, self.active.len());
        for k in (q + 1..n).rev() {
            let (a, b) = (self.image[k - 1], self.image[k]);
            if b == 0.0 {
                continue;
            }
            let h = hypot(a, b);
            self.rotate(k - 1, k, a / h, b / h);
            self.image[k - 1] = h;
            self.image[k] = 0.0;
        }
        self.r[q * n..q * n + q + 1].copy_from_slice(&self.image[..=q]);
        self.active.push(side);
        self.turned.push(turn);
        self.is_active[side as usize] = true;
    }

    /// Columns `a` and `b` of J become `c a + s b` and `c b - s a`.
    fn rotate(&mut self, a: usize, b: usize, c: f64, s: f64) {
        let n = self.n;
        let (left, right) = self.j.split_at_mut(b * n);
        for (x, y) in left[a * n..(a + 1) * n].iter_mut().zip(&mut right[..n]) {
            (*x, *y) = (c * *x + s * *y, c * *y - s * *x);
        }
    }

    /// Removes active side `l`: rotations make R triangular again.
    fn drop(&mut self, l: usize) {
        let (n, q) = (self.n, self.active.len());
        self.is_active[self.active[l] as usize] = false;
        self.active.remove(l);
        self.turned.remove(l);
        if l < self.u.len() {
            self.u.remove(l);
        }
        for k in l + 1..q {
            self.r.copy_within(k * n..k * n + k + 1, (k - 1) * n);
        }
        for k in l..q - 1 {
            let (a, b) = (self.r[k * n + k], self.r[k * n + k + 1]);
            let h = hypot(a, b);
            if h == 0.0 {
                continue;
            }
            let (c, s) = (a / h, b / h);
            self.rotate(k, k + 1, c, s);
            for column in k..q - 1 {
                let at = column * n + k;
                let (x, y) = (self.r[at], self.r[at + 1]);
                (self.r[at], self.r[at + 1]) = (c * x + s * y, c * y - s * x);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::random::Stream;

    struct Dense<'a>(&'a [Vec<f64>]);

    impl Normals for Dense<'_> {
        fn normal(&self, k: usize, a: &mut [f64]) {
            a.copy_from_slice(&self.0[k]);
        }
        fn products(&self, d: &[f64], out: &mut [f64]) {
            out.iter_mut().zip(self.0).for_each(|(out, normal)| *out = dot(normal, d));
        }
    }

    /// Largest failure of the optimality conditions of the last solution.
    fn residual(set: &ActiveSet, b: &[Vec<f64>], g: &[f64], sides: &[Side], normals: &[Vec<f64>]) -> f64 {
        let n = g.len();
        let mut worst = 0.0f64;
        for i in 0..n {
            let mut slope = g[i] + dot(&b[i], &set.d);
            for (k, side) in set.active.iter().enumerate() {
                slope -= set.multiplier(k) * normals[*side as usize][i];
            }
            worst = worst.max(slope.abs());
        }
        for (side, normal) in sides.iter().zip(normals) {
            let missing = side.rhs - dot(normal, &set.d);
            worst = worst.max(if side.equal { missing.abs() } else { missing });
        }
        for (k, side) in set.active.iter().enumerate() {
            let side = *side as usize;
            worst = worst.max((sides[side].rhs - dot(&normals[side], &set.d)).abs());
            if !sides[side].equal {
                worst = worst.max(-set.u[k]);
            }
        }
        worst
    }

    #[test]
    fn random_programs_end_at_points_that_satisfy_the_optimality_conditions_cold_and_warm() {
        let mut rng = Stream::new(5, 1983);
        let mut solved = 0;
        for draw in 0..300 {
            let n = 1 + draw % 9;
            let root: Vec<Vec<f64>> = (0..n).map(|_| (0..n).map(|_| rng.uniform(-1.0, 1.0)).collect()).collect();
            let b: Vec<Vec<f64>> = (0..n)
                .map(|i| (0..n).map(|j| dot(&root[i], &root[j]) + if i == j { 0.1 } else { 0.0 }).collect())
                .collect();
            let mut chol = Cholesky::new(n);
            assert!(chol.factor(|i, j| b[i][j]));
            let m = 3 * n;
            // A point that satisfies all sides, some of them to the edge.
            let inside: Vec<f64> = (0..n).map(|_| rng.uniform(-1.0, 1.0)).collect();
            let mut normals: Vec<Vec<f64>> = (0..m).map(|_| (0..n).map(|_| rng.uniform(-1.0, 1.0)).collect()).collect();
            if n > 2 {
                normals[1] = normals[0].clone();
            }
            let sides: Vec<Side> = (0..m)
                .map(|k| {
                    let at = dot(&normals[k], &inside);
                    let equal = k < n / 3 || (k == 1 && n > 2 && n / 3 > 0);
                    let slack = if equal || k % 3 == 0 { 0.0 } else { rng.uniform(0.0, 0.5) };
                    Side { rhs: at - slack, equal }
                })
                .collect();
            let mut set = ActiveSet::new(n, m);
            for _ in 0..3 {
                let g: Vec<f64> = (0..n).map(|_| rng.uniform(-3.0, 3.0)).collect();
                set.solve(&chol, &g, &sides, &Dense(&normals), || false).unwrap();
                let worst = residual(&set, &b, &g, &sides, &normals);
                assert!(worst < 1e-8, "draw {draw}: {worst:e}");
                solved += 1;
            }
        }
        assert_eq!(solved, 900);
    }

    #[test]
    fn sides_that_contradict_each_other_are_infeasible() {
        let mut chol = Cholesky::new(2);
        assert!(chol.factor(|i, j| f64::from(u8::from(i == j))));
        let normals = [vec![1.0, 1.0], vec![-1.0, -1.0], vec![1.0, 1.0]];
        let solve = |sides: &[Side]| {
            let mut set = ActiveSet::new(2, sides.len());
            set.solve(&chol, &[0.0, 0.0], sides, &Dense(&normals), || false)
        };
        let at_least = |rhs| Side { rhs, equal: false };
        assert_eq!(solve(&[at_least(2.0), at_least(-1.0)]), Err(Failure::Infeasible));
        let equals = |rhs| Side { rhs, equal: true };
        assert_eq!(solve(&[equals(1.0), at_least(-9.0), equals(3.0)]), Err(Failure::Infeasible));
        assert_eq!(solve(&[equals(1.0), at_least(-9.0), equals(1.0)]), Ok(()));
    }
}
