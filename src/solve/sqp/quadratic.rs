//! The quadratic program of a step: its sides and its positive definite matrix.

use super::active_set::{ActiveSet, Normals, Side};
use super::eigen::make_definite;
use super::point::{Point, Scales};
use crate::num::dense::{axpy, dot};
use crate::problem::snapshot::SnapshotReader;
use crate::problem::{Bounds, Counts, Oracle, Pattern, Snapshot, SnapshotError, Workspace};
use crate::solve::cholesky::Cholesky;

/// What a side is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Of {
    Row(u32),
    Var(u32),
}

/// All sides of rows and bounds, always in the same order.
pub struct Sides {
    /// Bounds of the scaled rows.
    pub rows: Bounds,
    /// The sides at the present point.
    pub list: Vec<Side>,
    vars: Bounds,
    /// What each is about, and 1 for a lower end or an equation, -1 for an upper end.
    about: Vec<(Of, f64)>,
}

impl Sides {
    /// Of these bounds; rows not scaled.
    pub fn new(vars: &Bounds, rows: &Bounds) -> Self {
        let mut about = Vec::with_capacity(2 * (vars.len() + rows.len()));
        let mut push = |of: Of, bounds: &Bounds, i: usize| {
            if bounds.lower[i].is_finite() {
                about.push((of, 1.0));
            }
            if bounds.upper[i].is_finite() && !bounds.is_fixed(i) {
                about.push((of, -1.0));
            }
        };
        (0..rows.len()).for_each(|i| push(Of::Row(i as u32), rows, i));
        (0..vars.len()).for_each(|j| push(Of::Var(j as u32), vars, j));
        let list = vec![Side { rhs: f64::NEG_INFINITY, equal: false }; about.len()];
        Self { rows: rows.clone(), vars: vars.clone(), list, about }
    }

    /// Bounds of rows times their scales.
    pub fn rescale(&mut self, rows: &Bounds, scales: &[f64]) {
        for (i, s) in scales.iter().enumerate() {
            self.rows.lower[i] = rows.lower[i] * s;
            self.rows.upper[i] = rows.upper[i] * s;
        }
    }

    /// The sides of a step from `here`; `shift` is what the rows lie higher than their linearisation.
    pub fn linearise(&mut self, here: &Point, shift: Option<&[f64]>) {
        for (side, (of, sign)) in self.list.iter_mut().zip(&self.about) {
            let (ends, i, at) = match of {
                Of::Row(i) => {
                    let i = *i as usize;
                    // With a shift `c(x + d) - J d` stands for `c(x)`.
                    (&self.rows, i, here.c[i] + shift.map_or(0.0, |s| s[i]))
                }
                Of::Var(j) => (&self.vars, *j as usize, here.x[*j as usize]),
            };
            let end = if *sign > 0.0 { ends.lower[i] } else { ends.upper[i] };
            *side = Side { rhs: sign * (end - at), equal: ends.is_fixed(i) };
        }
    }

    /// Bounds of the variables alone.
    pub fn bounds_only(&mut self, here: &Point) {
        self.linearise(here, None);
        for (side, (of, _)) in self.list.iter_mut().zip(&self.about) {
            if matches!(of, Of::Row(_)) {
                *side = Side { rhs: f64::NEG_INFINITY, equal: false };
            }
        }
    }

    /// Multipliers of rows `y` and bounds `z` (lower less upper) of the last solution.
    pub fn multipliers(&self, set: &ActiveSet, y: &mut [f64], z: &mut [f64]) {
        y.fill(0.0);
        z.fill(0.0);
        for (k, side) in set.active.iter().enumerate() {
            let (of, sign) = self.about[*side as usize];
            let u = set.multiplier(k) * sign;
            match of {
                Of::Row(i) => y[i as usize] -= u,
                Of::Var(j) => z[j as usize] += u,
            }
        }
    }

    /// Marks rows that are equations or active in the last solution.
    fn active_rows(&self, set: &ActiveSet, marks: &mut [bool]) {
        for (i, mark) in marks.iter_mut().enumerate() {
            *mark = self.rows.is_fixed(i);
        }
        for side in &set.active {
            if let Of::Row(i) = self.about[*side as usize].0 {
                marks[i as usize] = true;
            }
        }
    }
}

/// Normals of the sides at a point.
pub struct AtPoint<'a> {
    /// The sides.
    pub sides: &'a Sides,
    /// The dense Jacobian by rows.
    pub rows: &'a [f64],
}

impl Normals for AtPoint<'_> {
    fn normal(&self, k: usize, a: &mut [f64]) {
        let (of, sign) = self.sides.about[k];
        match of {
            Of::Row(i) => {
                let row = &self.rows[i as usize * a.len()..(i as usize + 1) * a.len()];
                a.iter_mut().zip(row).for_each(|(a, r)| *a = sign * r);
            }
            Of::Var(j) => {
                a.fill(0.0);
                a[j as usize] = sign;
            }
        }
    }

    fn products(&self, d: &[f64], out: &mut [f64]) {
        for (out, (of, sign)) in out.iter_mut().zip(&self.sides.about) {
            *out = match of {
                Of::Row(i) => sign * dot(&self.rows[*i as usize * d.len()..(*i as usize + 1) * d.len()], d),
                Of::Var(j) => sign * d[*j as usize],
            };
        }
    }
}

/// Added to the diagonal always, times the size of the matrix: what keeps flat directions finite.
const FLOOR: f64 = 1e-8;

/// Up to this order an indefinite matrix is mended by its eigenvalues, beyond by multiples of the identity.
const MOST_EIGENVALUES: usize = 200;

/// The matrix of the quadratic program.
pub struct Model {
    /// Factor of the matrix.
    pub factor: Cholesky,
    /// The dense Jacobian by rows, `m` by `n`.
    pub rows: Vec<f64>,
    n: usize,
    /// The matrix, both triangles, `n` square.
    b: Vec<f64>,
    exact: bool,
    values: Vec<f64>,
    weights: Vec<f64>,
    sigma: Vec<f64>,
    marks: Vec<bool>,
    /// The factor of `a aᵀ` of the active rows in the matrix.
    rho: f64,
    /// Whether approximate second derivatives have been fed a step.
    learnt: bool,
    s: Vec<f64>,
    w: Vec<f64>,
    bs: Vec<f64>,
    /// Eigenvectors, and what finding them takes.
    vectors: Vec<f64>,
    work: Vec<f64>,
}

impl Model {
    /// Takes the memory.
    pub fn new(oracle: &dyn Oracle, exact: bool) -> Self {
        let (n, m) = (oracle.shape().n_vars, oracle.shape().n_cons);
        let eigen = if exact && n <= MOST_EIGENVALUES { n * n } else { 0 };
        let mut model = Self {
            factor: Cholesky::new(n),
            rows: vec![0.0; n * m],
            n,
            b: vec![0.0; n * n],
            exact,
            values: vec![0.0; if exact { oracle.hessian_pattern().nnz() } else { 0 }],
            weights: vec![0.0; m],
            sigma: vec![0.0; oracle.shape().n_objectives],
            marks: vec![false; m],
            rho: 0.0,
            learnt: false,
            s: vec![0.0; n],
            w: vec![0.0; n],
            bs: vec![0.0; n],
            vectors: vec![0.0; eigen],
            work: vec![0.0; eigen],
        };
        model.reset();
        model
    }

    fn reset(&mut self) {
        self.b.fill(0.0);
        for i in 0..self.n {
            self.b[i * self.n + i] = 1.0;
        }
        self.learnt = false;
    }

    /// Forgets approximate second derivatives; false when there is nothing to forget.
    pub fn forget(&mut self) -> bool {
        let had = !self.exact && self.learnt;
        if !self.exact {
            self.reset();
        }
        had
    }

    fn lay_out_rows(&mut self, here: &Point, pattern: &Pattern) {
        self.rows.fill(0.0);
        for (k, i, j) in pattern.entries() {
            self.rows[i * self.n + j] = here.jacobian[k];
        }
    }

    /// `J d` into `out`.
    pub fn rows_times(&self, d: &[f64], out: &mut [f64]) {
        for (out, row) in out.iter_mut().zip(self.rows.chunks_exact(self.n.max(1))) {
            *out = dot(row, d);
        }
    }

    /// Matrix and rows at `here` with multipliers `y`, positive definite, at least `shift` of the identity added; says whether
    /// more was needed.
    /// `None` where second derivatives are not numbers.
    #[allow(clippy::too_many_arguments)] // the parts of a run
    pub fn prepare(
        &mut self,
        oracle: &dyn Oracle,
        ws: &mut Workspace,
        here: &Point,
        (scales, y, shift): (&Scales, &[f64], f64),
        set: &ActiveSet,
        sides: &Sides,
        counts: &mut Counts,
    ) -> Option<bool> {
        let n = self.n;
        self.lay_out_rows(here, oracle.jacobian_pattern());
        self.rho = 0.0;
        if self.exact {
            ws.set_point(&here.x);
            for (w, (y, s)) in self.weights.iter_mut().zip(y.iter().zip(&scales.rows)) {
                *w = y * s;
            }
            if let Some(first) = self.sigma.first_mut() {
                *first = scales.objective;
            }
            counts.hessian += 1;
            if oracle.hessian(ws, &self.sigma, &self.weights, &mut self.values).is_err() {
                counts.failures += 1;
                return None;
            }
            self.b.fill(0.0);
            for (k, i, j) in oracle.hessian_pattern().entries() {
                self.b[i * n + j] = self.values[k];
                self.b[j * n + i] = self.values[k];
            }
        }
        let size = self.b.iter().fold(0.0f64, |m, v| m.max(v.abs())).max(1e-8);
        let floor = shift.max(FLOOR * size.max(1e-3));
        if self.try_factor(floor) {
            return Some(false);
        }
        sides.active_rows(set, &mut self.marks);
        let steepest = self.rows.iter().fold(0.0f64, |m, v| m.max(v.abs())).max(1e-8);
        for power in [1e1, 1e3] {
            self.add_rows(power * size / (steepest * steepest));
            if self.try_factor(floor) {
                return Some(false);
            }
        }
        if self.exact && n <= MOST_EIGENVALUES {
            make_definite(&mut self.b, &mut self.vectors, &mut self.work, n, (1e-6 * size).max(floor));
            if self.try_factor(0.0) {
                return Some(true);
            }
        }
        let mut delta = (1e-3 * size).max(2.0 * floor);
        while delta < 1e20 * size {
            if self.try_factor(delta) {
                return Some(true);
            }
            delta *= 4.0;
        }
        None
    }

    fn try_factor(&mut self, shift: f64) -> bool {
        let (b, n) = (&self.b, self.n);
        self.factor.factor(|i, j| b[i * n + j] + if i == j { shift } else { 0.0 })
    }

    /// Brings the part of `a aᵀ` of marked rows in the matrix to `rho`.
    fn add_rows(&mut self, rho: f64) {
        let (n, more) = (self.n, rho - self.rho);
        for (row, _) in self.rows.chunks_exact(n.max(1)).zip(&self.marks).filter(|(_, mark)| **mark) {
            for i in (0..n).filter(|i| row[*i] != 0.0) {
                axpy(more * row[i], row, &mut self.b[i * n..(i + 1) * n]);
            }
        }
        self.rho = rho;
    }

    /// Multipliers of the Lagrangian itself: with `rho a aᵀ` in the matrix the step's are less by `rho a'd`.
    pub fn correct_multipliers(&self, step: &[f64], y: &mut [f64]) {
        if self.rho == 0.0 {
            return;
        }
        for ((y, row), mark) in y.iter_mut().zip(self.rows.chunks_exact(self.n)).zip(&self.marks) {
            if *mark {
                *y += self.rho * dot(row, step);
            }
        }
    }

    /// Damped BFGS with the change of the gradient of the Lagrangian at multipliers `y`.
    pub fn learn(&mut self, before: &Point, after: &Point, y: &[f64], pattern: &Pattern) {
        if self.exact {
            return;
        }
        let n = self.n;
        before.lagrangian(pattern, y, &mut self.s);
        after.lagrangian(pattern, y, &mut self.w);
        for i in 0..n {
            self.w[i] -= self.s[i];
            self.s[i] = after.x[i] - before.x[i];
        }
        let (s_s, s_w) = (dot(&self.s, &self.s), dot(&self.s, &self.w));
        if s_s == 0.0 || !s_w.is_finite() {
            return;
        }
        if !self.learnt {
            // The size of the first curvature (Nocedal and Wright, 6.20).
            let first = if s_w > 0.0 { (dot(&self.w, &self.w) / s_w).clamp(1e-6, 1e6) } else { 1.0 };
            for i in 0..n {
                self.b[i * n + i] = first;
            }
            self.learnt = true;
        }
        let Self { b, s, w, bs, .. } = self;
        for i in 0..n {
            bs[i] = dot(&b[i * n..(i + 1) * n], s);
        }
        let curvature = dot(s, bs);
        if !(curvature > 0.0) {
            return self.reset();
        }
        // `w` becomes `r = theta w + (1 - theta) B s`, which keeps the matrix definite.
        let theta = if s_w >= 0.2 * curvature { 1.0 } else { 0.8 * curvature / (curvature - s_w) };
        for i in 0..n {
            w[i] = theta * w[i] + (1.0 - theta) * bs[i];
        }
        let s_r = dot(s, w);
        for i in 0..n {
            for j in 0..n {
                b[i * n + j] += w[i] * w[j] / s_r - bs[i] * bs[j] / curvature;
            }
        }
    }

    /// Levenberg-Marquardt: `Jᵀ J` of violated rows plus `lambda`, chosen when it is 0.
    pub fn prepare_restoration(&mut self, here: &Point, sides: &Sides, pattern: &Pattern, lambda: &mut f64) -> bool {
        self.lay_out_rows(here, pattern);
        self.b.fill(0.0);
        self.rho = 0.0;
        for i in 0..here.c.len() {
            self.marks[i] = sides.rows.excess(i, here.c[i]) != 0.0;
        }
        self.add_rows(1.0);
        self.rho = 0.0;
        let size = (0..self.n).map(|i| self.b[i * self.n + i]).fold(0.0f64, f64::max).max(1e-12);
        if *lambda == 0.0 {
            *lambda = 1e-3 * size;
        }
        *lambda = lambda.max(1e-10 * size);
        let done = self.try_factor(*lambda);
        self.learnt = true;
        done
    }

    /// Appends what the next iterations depend on.
    pub fn put(&self, to: &mut Snapshot) {
        to.put(u64::from(self.learnt));
        to.put_reals(if self.exact { &[] } else { &self.b });
    }

    /// Reads what [`Model::put`] wrote.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn take(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        self.learnt = from.take()? != 0;
        if self.exact { from.take_reals(&mut []) } else { from.take_reals(&mut self.b) }
    }
}
