//! The quadratic model `q(p) = ½ |A p + b|²` of one iteration and its damped minimisers.
//!
//! Takes the weighted Jacobian `A` and residuals `b`, gives `argmin q(p) + ½ λ |D p|²` over some of the variables, the
//! others moved as told. Few variables: `A = Q R` by rows, then everything happens in `R` (accurate, `n³` per trial).
//! Many: the sparse symmetric system `[λ D², Aᵀ; A, -I]`, which is quasidefinite for `λ > 0` (Björck 1996, 7.7.2).
//! Neither forms `AᵀA`.

use crate::num::kkt::{KktSolver, default_solver};
use crate::num::qr::RowQr;
use crate::num::sparse::Pattern;
use crate::problem::SetupError;

/// Up to so many variables the model is a dense triangle.
const DENSE_UP_TO: usize = 400;
/// Rows of `A` that are taken in at once: a block of 16 columns fills half of a 32 kB cache.
const BLOCK: usize = 128;

/// The model at the present point.
#[allow(clippy::large_enum_variant, reason = "there is one of it in a run")]
pub enum Quadratic {
    /// As a triangle.
    Dense(Box<Dense>),
    /// As a sparse symmetric system.
    Sparse(Box<Sparse>),
}

impl Quadratic {
    /// Takes the memory for matrices of this pattern.
    pub fn new(pattern: &Pattern) -> Result<Self, SetupError> {
        if pattern.n_cols() <= DENSE_UP_TO {
            Ok(Self::Dense(Box::new(Dense::new(pattern))))
        } else {
            Sparse::new(pattern).map(|sparse| Self::Sparse(Box::new(sparse)))
        }
    }

    /// Bytes that [`Quadratic::new`] takes, about.
    pub fn bytes(pattern: &Pattern) -> usize {
        let n = pattern.n_cols();
        if n <= DENSE_UP_TO {
            RowQr::bytes(n, BLOCK) + 2 * RowQr::bytes(n, n)
        } else {
            (pattern.nnz().saturating_add(pattern.n_rows() + n)).saturating_mul(64)
        }
    }

    /// The model of `A` with values `vals` and of `b`; fills `gradient = Aᵀ b` and the lengths of the columns of `A`.
    pub fn load(&mut self, pattern: &Pattern, vals: &[f64], b: &[f64], gradient: &mut [f64], norms: &mut [f64]) {
        match self {
            Self::Dense(dense) => dense.load(pattern, vals, b),
            Self::Sparse(sparse) => sparse.load(vals, b),
        }
        gradient.fill(0.0);
        pattern.mul_transposed_add(vals, 1.0, b, gradient);
        for (j, norm) in norms.iter_mut().enumerate() {
            *norm = crate::num::dense::norm2(&vals[pattern.col(j)]);
        }
    }

    /// Minimises over the `free` variables; `p` holds the moves of the others and gets those of the free ones. `None`
    /// when the system is singular or not a number.
    pub fn minimise(&mut self, lambda: f64, d: &[f64], free: &[bool], p: &mut [f64]) -> Option<()> {
        match self {
            Self::Dense(dense) => dense.minimise(lambda, d, free, p),
            Self::Sparse(sparse) => sparse.minimise(lambda, d, free, p),
        }
    }

    /// Solves `(AᵀA + λ D²) a = -g` over the variables that were free in the last [`Quadratic::minimise`], and with its
    /// damping; the other entries of `a` are 0.
    pub fn correct(&mut self, g: &[f64], free: &[bool], a: &mut [f64]) -> Option<()> {
        match self {
            Self::Dense(dense) => dense.correct(g, free, a),
            Self::Sparse(sparse) => sparse.correct(g, free, a),
        }
    }

    /// `|A p|²`.
    pub fn image_squared(&mut self, pattern: &Pattern, p: &[f64]) -> f64 {
        match self {
            Self::Dense(dense) => dense.whole.image_squared(p),
            Self::Sparse(sparse) => sparse.image_squared(pattern, p),
        }
    }
}

/// `A = Q R` and the rows of smaller problems.
pub struct Dense {
    whole: RowQr,
    /// The free columns, then with damping.
    part: RowQr,
    damped: RowQr,
    /// Where each column of the pattern goes on.
    cursor: Vec<u32>,
    solution: Vec<f64>,
}

impl Dense {
    fn new(pattern: &Pattern) -> Self {
        let n = pattern.n_cols();
        Self {
            whole: RowQr::new(n, BLOCK),
            part: RowQr::new(n, n.max(1)),
            damped: RowQr::new(n, n.max(1)),
            cursor: vec![0; n],
            solution: vec![0.0; n],
        }
    }

    fn load(&mut self, pattern: &Pattern, vals: &[f64], b: &[f64]) {
        let (n, m) = (pattern.n_cols(), pattern.n_rows());
        self.whole.clear(n);
        self.cursor.copy_from_slice(&pattern.col_ptr()[..n]);
        let rows = pattern.row_idx();
        let mut first = 0;
        while first < m {
            let count = BLOCK.min(m - first);
            for j in 0..n {
                let end = pattern.col_ptr()[j + 1];
                let column = self.whole.block_mut(j, count);
                column.fill(0.0);
                let mut at = self.cursor[j];
                while at < end && (rows[at as usize] as usize) < first + count {
                    column[rows[at as usize] as usize - first] = vals[at as usize];
                    at += 1;
                }
                self.cursor[j] = at;
            }
            self.whole.block_mut(n, count).copy_from_slice(&b[first..first + count]);
            self.whole.append(count);
            first += count;
        }
    }

    fn minimise(&mut self, lambda: f64, d: &[f64], free: &[bool], p: &mut [f64]) -> Option<()> {
        let n = free.len();
        let used = free.iter().filter(|f| **f).count();
        if used == n {
            self.damped.copy_from(&self.whole);
        } else {
            // R_F p_F + (Qᵀ b + R_B p_B), as a dense block of n rows.
            self.part.clear(used);
            for (k, j) in (0..n).filter(|j| free[*j]).enumerate() {
                let column = self.part.block_mut(k, n);
                column.fill(0.0);
                column[..=j].copy_from_slice(self.whole.column(j));
            }
            let rhs = self.part.block_mut(used, n);
            rhs.copy_from_slice(self.whole.rhs());
            for j in (0..n).filter(|j| !free[*j] && p[*j] != 0.0) {
                crate::num::dense::axpy(p[j], self.whole.column(j), &mut rhs[..=j]);
            }
            self.part.append(n);
            self.damped.copy_from(&self.part);
        }
        if lambda > 0.0 {
            let root = lambda.sqrt();
            for k in 0..=used {
                self.damped.block_mut(k, used).fill(0.0);
            }
            for (k, j) in (0..n).filter(|j| free[*j]).enumerate() {
                self.damped.block_mut(k, used)[k] = root * d[j];
            }
            self.damped.append(used);
        }
        self.damped.solve_negated(&mut self.solution[..used])?;
        for (k, j) in (0..n).filter(|j| free[*j]).enumerate() {
            p[j] = self.solution[k];
        }
        Some(())
    }
}

impl Dense {
    fn correct(&mut self, g: &[f64], free: &[bool], a: &mut [f64]) -> Option<()> {
        let used = free.iter().filter(|f| **f).count();
        for (k, j) in (0..free.len()).filter(|j| free[*j]).enumerate() {
            self.solution[k] = -g[j];
        }
        self.damped.solve_normal(&mut self.solution[..used])?;
        a.fill(0.0);
        for (k, j) in (0..free.len()).filter(|j| free[*j]).enumerate() {
            a[j] = self.solution[k];
        }
        Some(())
    }
}

/// The system `[λ D², Aᵀ; A, -I] [p; s] = [0; -b]`.
pub struct Sparse {
    n: usize,
    m: usize,
    solver: Box<dyn KktSolver>,
    /// Values of `A`, and where each stands in the system; then the diagonal.
    a: Vec<f64>,
    a_slots: Vec<u32>,
    a_cols: Vec<u32>,
    a_rows: Vec<u32>,
    diagonal: Vec<u32>,
    b: Vec<f64>,
    system: Vec<f64>,
    rhs: Vec<f64>,
    solution: Vec<f64>,
    image: Vec<f64>,
}

impl Sparse {
    fn new(pattern: &Pattern) -> Result<Self, SetupError> {
        let (n, m) = (pattern.n_cols(), pattern.n_rows());
        let own = pattern.entries().map(|(_, i, j)| (n + i, j));
        let entries: Vec<(usize, usize)> = own.chain((0..n + m).map(|k| (k, k))).collect();
        let (kkt, slots) =
            Pattern::from_entries(n + m, n + m, entries).map_err(|error| SetupError::Size(error.to_string()))?;
        let mut solver = default_solver();
        solver.analyse(&kkt).map_err(|error| SetupError::Size(error.to_string()))?;
        let nnz = pattern.nnz();
        Ok(Self {
            n,
            m,
            solver,
            a: vec![0.0; nnz],
            a_slots: slots[..nnz].to_vec(),
            a_cols: pattern.entries().map(|(_, _, j)| j as u32).collect(),
            a_rows: pattern.entries().map(|(_, i, _)| i as u32).collect(),
            diagonal: slots[nnz..].to_vec(),
            b: vec![0.0; m],
            system: vec![0.0; kkt.nnz()],
            rhs: vec![0.0; n + m],
            solution: vec![0.0; n + m],
            image: vec![0.0; m],
        })
    }

    fn load(&mut self, vals: &[f64], b: &[f64]) {
        self.a.copy_from_slice(vals);
        self.b.copy_from_slice(b);
    }

    fn minimise(&mut self, lambda: f64, d: &[f64], free: &[bool], p: &mut [f64]) -> Option<()> {
        let n = self.n;
        self.rhs[..n].fill(0.0);
        for (rhs, b) in self.rhs[n..].iter_mut().zip(&self.b) {
            *rhs = -b;
        }
        for k in 0..self.a.len() {
            let (j, i) = (self.a_cols[k] as usize, self.a_rows[k] as usize);
            if !free[j] {
                self.rhs[n + i] -= self.a[k] * p[j];
            }
            self.system[self.a_slots[k] as usize] = if free[j] { self.a[k] } else { 0.0 };
        }
        for j in 0..n {
            self.system[self.diagonal[j] as usize] = if free[j] { lambda * d[j] * d[j] } else { 1.0 };
        }
        for i in 0..self.m {
            self.system[self.diagonal[n + i] as usize] = -1.0;
        }
        self.solver.factor(&self.system).ok()?;
        self.solver.solve(&self.rhs, &mut self.solution).ok()?;
        self.solver.refine(&self.rhs, &mut self.solution, 3).ok()?;
        if !crate::num::dense::all_finite(&self.solution[..n]) {
            return None;
        }
        for j in (0..n).filter(|j| free[*j]) {
            p[j] = self.solution[j];
        }
        Some(())
    }

    fn correct(&mut self, g: &[f64], free: &[bool], a: &mut [f64]) -> Option<()> {
        let n = self.n;
        self.rhs.fill(0.0);
        for j in (0..n).filter(|j| free[*j]) {
            self.rhs[j] = -g[j];
        }
        self.solver.solve(&self.rhs, &mut self.solution).ok()?;
        a.copy_from_slice(&self.solution[..n]);
        crate::num::dense::all_finite(a).then_some(())
    }

    fn image_squared(&mut self, pattern: &Pattern, p: &[f64]) -> f64 {
        self.image.fill(0.0);
        pattern.mul_add(&self.a, 1.0, p, &mut self.image);
        crate::num::dense::dot(&self.image, &self.image)
    }
}
