//! The Hessian of the objective: as a matrix, or as products with it.

use super::super::ground::Ground;
use crate::problem::{Oracle, Pattern, SetupError};

/// The largest order for which a dense factorisation is the default.
const DENSE_UP_TO: usize = 200;
/// The largest order that a dense factorisation takes.
const MOST_DENSE: usize = 5_000;
/// Nonzeros per variable above which conjugate gradients are the default.
const MANY_NONZEROS: usize = 50;

/// How steps are found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Dense Cholesky factors.
    Dense,
    /// Sparse factors.
    Sparse,
    /// Conjugate gradients.
    Cg,
}

impl Kind {
    /// The one asked for, or the one for this size.
    ///
    /// # Errors
    /// When a matrix is asked for and cannot be had.
    pub fn choose(word: &str, oracle: &dyn Oracle) -> Result<Self, SetupError> {
        let (n, matrix) = (oracle.shape().n_vars, oracle.capabilities().hessian);
        let kind = match word {
            "dense" => Self::Dense,
            "sparse" => Self::Sparse,
            "cg" => Self::Cg,
            _ if !matrix => Self::Cg,
            _ if n <= DENSE_UP_TO => Self::Dense,
            _ if oracle.hessian_pattern().nnz() <= MANY_NONZEROS * n => Self::Sparse,
            _ => Self::Cg,
        };
        if kind != Self::Cg && !matrix {
            return Err(crate::problem::Refusal::Missing("a Hessian").into());
        }
        if kind == Self::Dense && n > MOST_DENSE {
            return Err(SetupError::Size(format!(
                "a dense factorisation takes at most {MOST_DENSE} variables, and there are {n}"
            )));
        }
        Ok(kind)
    }

    /// Bytes its matrices take, those of the sparse factors left out.
    pub fn bytes(self, oracle: &dyn Oracle) -> usize {
        let n = oracle.shape().n_vars;
        match self {
            Self::Dense => n.saturating_mul(n).saturating_mul(16),
            Self::Sparse => oracle.hessian_pattern().nnz().saturating_mul(40),
            Self::Cg => 0,
        }
    }
}

/// The Hessian at one point.
pub struct Hessian {
    /// Values in the order of the oracle's pattern; `None` when products are asked for one by one.
    pub vals: Option<Vec<f64>>,
    /// The pattern, lower triangle; empty without values.
    pub pattern: Pattern,
}

impl Hessian {
    /// Memory for the Hessian of `oracle`.
    pub fn new(kind: Kind, oracle: &dyn Oracle) -> Self {
        if kind == Kind::Cg && oracle.capabilities().hvp {
            return Self { vals: None, pattern: Pattern::empty(0, 0) };
        }
        let pattern = oracle.hessian_pattern().clone();
        Self { vals: Some(vec![0.0; pattern.nnz()]), pattern }
    }

    /// Evaluates it at `ground.x`, `counts` times for the meter; `None` where it has no value.
    pub fn update(&mut self, ground: &mut Ground, counts: u64) -> Option<()> {
        let functions = &mut ground.functions;
        functions.workspace.set_point(&ground.x);
        let Some(vals) = &mut self.vals else { return Some(()) };
        if functions.sigma.is_empty() {
            vals.fill(0.0);
            return Some(());
        }
        ground.meter.counts.hessian += counts;
        let result = functions.oracle.hessian(&mut functions.workspace, &functions.sigma, &[], vals).ok();
        ground.meter.counts.failures += u64::from(result.is_none());
        result
    }

    /// `out = H v`.
    pub fn mul(&self, ground: &mut Ground, v: &[f64], out: &mut [f64]) -> Option<()> {
        if let Some(vals) = &self.vals {
            out.fill(0.0);
            self.pattern.mul_symmetric_add(vals, 1.0, v, out);
            return Some(());
        }
        let functions = &mut ground.functions;
        if functions.sigma.is_empty() {
            out.fill(0.0);
            return Some(());
        }
        if functions.workspace.x() != ground.x {
            functions.workspace.set_point(&ground.x);
        }
        ground.meter.counts.hvp += 1;
        let result = functions.oracle.hvp(&mut functions.workspace, &functions.sigma, &[], v, out).ok();
        ground.meter.counts.failures += u64::from(result.is_none());
        result
    }
}
