//! [`KktSolver`] on the feral library: multifrontal `L D Lᵀ` with threshold pivoting.

use feral::numeric::factorize::NumericParams;
use feral::symbolic::OrderingMethod;
use feral::symbolic::supernode::{OrderingPreprocess, SupernodeParams};
use feral::{CscMatrix, FactorStatus, FeralError, Solver};

use super::{Inertia, KktError, KktSolver};
use crate::num::dense;
use crate::num::sparse::Pattern;

/// Matrices from this order on are factored by several threads; the bits are the same.
const PARALLEL_FROM: usize = 20_000;

/// Feral's solver with its own copy of the matrix.
pub struct Feral {
    pattern: Pattern,
    matrix: CscMatrix,
    /// Made for a pattern.
    solver: Option<Solver>,
    /// Whether one ordering is enough, and none is compared with another.
    plain: bool,
    residual: Vec<f64>,
    correction: Vec<f64>,
    trial: Vec<f64>,
    norm: f64,
}

impl Feral {
    /// A solver without a matrix.
    pub fn new() -> Self {
        let matrix = CscMatrix { n: 0, col_ptr: vec![0], row_idx: Vec::new(), values: Vec::new() };
        Self {
            pattern: Pattern::empty(0, 0),
            matrix,
            solver: None,
            plain: false,
            residual: Vec::new(),
            correction: Vec::new(),
            trial: Vec::new(),
            norm: 0.0,
        }
    }

    /// For matrices that are factored once: the analysis, else most of the work, takes half the time.
    pub fn plain() -> Self {
        Self { plain: true, ..Self::new() }
    }

    /// `residual = rhs - A x`; returns its largest entry.
    fn update_residual(pattern: &Pattern, vals: &[f64], rhs: &[f64], x: &[f64], residual: &mut [f64]) -> f64 {
        residual.copy_from_slice(rhs);
        pattern.mul_symmetric_add(vals, -1.0, x, residual);
        dense::norm_inf(residual)
    }

    /// Largest sum of absolute values of a row.
    fn matrix_norm(&mut self) -> f64 {
        let sums = &mut self.residual;
        sums.fill(0.0);
        for (slot, i, j) in self.pattern.entries() {
            let size = self.matrix.values[slot].abs();
            sums[i] += size;
            if i != j {
                sums[j] += size;
            }
        }
        dense::norm_inf(sums)
    }
}

impl Default for Feral {
    fn default() -> Self {
        Self::new()
    }
}

impl KktSolver for Feral {
    fn analyse(&mut self, pattern: &Pattern) -> Result<(), KktError> {
        if pattern.n_rows() != pattern.n_cols() {
            return Err(KktError::Misuse("a symmetric matrix is square".to_owned()));
        }
        if pattern.entries().any(|(_, i, j)| i < j) {
            return Err(KktError::Misuse("only the lower triangle may be stored".to_owned()));
        }
        let n = pattern.n_cols();
        self.pattern = pattern.clone();
        self.matrix = CscMatrix {
            n,
            col_ptr: pattern.col_ptr().iter().map(|&p| p as usize).collect(),
            row_idx: pattern.row_idx().iter().map(|&i| i as usize).collect(),
            values: vec![0.0; pattern.nnz()],
        };
        let solver = if self.plain {
            let order = SupernodeParams { preprocess: OrderingPreprocess::None, ..SupernodeParams::default() };
            Solver::with_params(NumericParams::default(), order).with_ordering(OrderingMethod::Amd)
        } else {
            Solver::new()
        };
        self.solver = Some(solver.with_parallel(n >= PARALLEL_FROM && Solver::default_use_parallel()));
        self.residual = vec![0.0; n];
        self.correction = vec![0.0; n];
        self.trial = vec![0.0; n];
        Ok(())
    }

    fn factor(&mut self, vals: &[f64]) -> Result<Inertia, KktError> {
        if vals.len() != self.matrix.values.len() {
            return Err(KktError::Misuse("values do not have the length of the pattern".to_owned()));
        }
        if !dense::all_finite(vals) {
            return Err(KktError::NonFinite);
        }
        self.matrix.values.copy_from_slice(vals);
        if self.matrix.n == 0 {
            return Ok(Inertia::default());
        }
        self.norm = self.matrix_norm();
        let solver = self.solver.as_mut().ok_or_else(no_pattern)?;
        match solver.factor(&self.matrix, None) {
            FactorStatus::Success | FactorStatus::WrongInertia { .. } => {}
            FactorStatus::Singular => return Err(KktError::Singular),
            FactorStatus::FatalError(FeralError::NumericallyRankDeficient) => return Err(KktError::Singular),
            FactorStatus::FatalError(error) => return Err(KktError::Failed(error.to_string())),
        }
        let found = solver.inertia().ok_or(KktError::Singular)?;
        Ok(Inertia { positive: found.positive, negative: found.negative, zero: found.zero })
    }

    fn solve(&mut self, rhs: &[f64], x: &mut [f64]) -> Result<(), KktError> {
        if rhs.len() != self.matrix.n || x.len() != self.matrix.n {
            return Err(KktError::Misuse("right-hand side and solution have the order of the matrix".to_owned()));
        }
        if self.matrix.n == 0 {
            return Ok(());
        }
        self.solver
            .as_ref()
            .ok_or_else(no_pattern)?
            .solve_into(rhs, x)
            .map_err(|error| KktError::Failed(error.to_string()))
    }

    fn refine(&mut self, rhs: &[f64], x: &mut [f64], max_steps: usize) -> Result<f64, KktError> {
        if rhs.len() != self.matrix.n || x.len() != self.matrix.n {
            return Err(KktError::Misuse("right-hand side and solution have the order of the matrix".to_owned()));
        }
        let solver = self.solver.as_ref().ok_or_else(no_pattern)?;
        let vals = &self.matrix.values;
        let rhs_norm = dense::norm_inf(rhs);
        let backward = |error: f64, x: &[f64], norm: f64| {
            let scale = norm * dense::norm_inf(x) + rhs_norm;
            if scale == 0.0 { 0.0 } else { error / scale }
        };
        let mut error = Self::update_residual(&self.pattern, vals, rhs, x, &mut self.residual);
        for _ in 0..max_steps {
            if !(backward(error, x, self.norm) > f64::EPSILON) || !error.is_finite() {
                break;
            }
            solver
                .solve_into(&self.residual, &mut self.correction)
                .map_err(|error| KktError::Failed(error.to_string()))?;
            for ((trial, x_i), d_i) in self.trial.iter_mut().zip(x.iter()).zip(&self.correction) {
                *trial = x_i + d_i;
            }
            let new_error = Self::update_residual(&self.pattern, vals, rhs, &self.trial, &mut self.residual);
            if !(new_error < error) {
                break;
            }
            x.copy_from_slice(&self.trial);
            error = new_error;
        }
        Ok(backward(error, x, self.norm))
    }

    fn raise_quality(&mut self) -> bool {
        self.solver.as_mut().is_some_and(Solver::increase_quality)
    }
}

fn no_pattern() -> KktError {
    KktError::Misuse("no pattern was analysed".to_owned())
}
