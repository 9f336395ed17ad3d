//! A sum of losses of residuals: `f(x) = constant + Σ weight_i loss_i(r_i(x))`, bounds on `x`, no rows to satisfy.
//!
//! Takes an oracle whose *rows* are the residuals, with their Jacobian (a compiled model, or a
//! [`ClosureOracle`](super::ClosureOracle)), and what each row counts. The objective of that oracle and the bounds of its
//! rows mean nothing. Least-squares methods and [`statistics`](mod@super::statistics) work on it; an answer is a point of
//! the very variables of the problem it was made from, so that its way back is the identity, and it is judged there.
//!
//! ```
//! use optc::problem::{ClosureOracle, LeastSquares, Pattern};
//! use std::sync::Arc;
//!
//! // y = a exp(-b t) through four points.
//! let (t, y) = ([0.0, 1.0, 2.0, 3.0], [2.0, 1.2, 0.8, 0.5]);
//! let free = [f64::INFINITY; 4];
//! let rows = ClosureOracle::new(2, |_| 0.0)
//!     .start(&[1.0, 1.0])
//!     .constraints(&free.map(|f: f64| -f), &free, move |x, r| {
//!         (0..4).for_each(|i| r[i] = y[i] - x[0] * (-x[1] * t[i]).exp());
//!     })
//!     .jacobian(Pattern::full(4, 2).unwrap(), move |x, j| {
//!         for i in 0..4 {
//!             let e = (-x[1] * t[i]).exp();
//!             (j[i], j[4 + i]) = (-e, x[0] * t[i] * e);
//!         }
//!     });
//! let fit = LeastSquares::squares(Arc::new(rows));
//! assert_eq!(fit.n_residuals(), 4);
//! ```

use std::ops::Range;
use std::sync::Arc;

use super::facts::ProblemFacts;
use super::oracle::{Capabilities, EvalError, Oracle, Place, Workspace};
use super::shape::{Bounds, Shape};
use crate::num::loss::Loss;
use crate::num::sparse::Pattern;

/// A number for every row of a term.
#[derive(Clone, PartialEq, Debug)]
pub enum PerRow {
    /// The same one.
    Same(f64),
    /// One each.
    Each(Vec<f64>),
}

impl PerRow {
    /// The number of row `i`, counted from the first of the term.
    pub fn get(&self, i: usize) -> f64 {
        match self {
            Self::Same(value) => *value,
            Self::Each(values) => values[i],
        }
    }

    /// Whether all numbers are finite and at least `least`.
    fn at_least(&self, least: f64) -> bool {
        let good = |v: &f64| v.is_finite() && *v >= least;
        match self {
            Self::Same(value) => good(value),
            Self::Each(values) => values.iter().all(good),
        }
    }
}

/// Consecutive residuals that count in the same way.
#[derive(Clone, PartialEq, Debug)]
pub struct ResidualTerm {
    /// Rows of the oracle.
    pub rows: Range<usize>,
    /// How much a residual counts.
    pub loss: Loss,
    /// Factors of the losses, not negative.
    pub weight: PerRow,
    /// Scales of the losses, positive; without meaning for squares.
    pub scale: PerRow,
}

/// A sum of losses of residuals.
#[derive(Clone)]
pub struct LeastSquares {
    /// Its rows are the residuals.
    pub oracle: Arc<dyn Oracle>,
    /// Every row in one term, in order.
    pub terms: Vec<ResidualTerm>,
    /// Added to the objective.
    pub constant: f64,
    /// The class of the problem: no rows, so many residuals.
    pub facts: ProblemFacts,
}

impl LeastSquares {
    /// The plain sum of squares of all rows of `oracle`.
    pub fn squares(oracle: Arc<dyn Oracle>) -> Self {
        let rows = 0..oracle.shape().n_cons;
        let one = || PerRow::Same(1.0);
        Self::new(oracle, vec![ResidualTerm { rows, loss: Loss::Square, weight: one(), scale: one() }])
    }

    /// The sum of `terms` over the rows of `oracle`.
    pub fn new(oracle: Arc<dyn Oracle>, terms: Vec<ResidualTerm>) -> Self {
        let of_oracle = ProblemFacts::of(&*oracle);
        let facts = ProblemFacts {
            n_cons: 0,
            n_objectives: 1,
            n_equalities: 0,
            n_residuals: of_oracle.n_cons,
            rows: super::Degree::Constant,
            objective: super::Degree::Nonlinear,
            ..of_oracle
        };
        Self { oracle, terms, constant: 0.0, facts }
    }

    /// Number of residuals.
    pub fn n_residuals(&self) -> usize {
        self.oracle.shape().n_cons
    }

    /// Whether the terms cover the rows in order, weights are not negative and scales positive.
    pub fn is_sound(&self) -> bool {
        let mut next = 0;
        let in_order = self.terms.iter().all(|t| {
            let fits = |p: &PerRow| !matches!(p, PerRow::Each(v) if v.len() != t.rows.len());
            let follows = t.rows.start == next && t.rows.end >= next && fits(&t.weight) && fits(&t.scale);
            next = t.rows.end;
            follows
        });
        let positive = |t: &ResidualTerm| t.loss == Loss::Square || t.scale.at_least(f64::MIN_POSITIVE);
        in_order && next == self.n_residuals() && self.terms.iter().all(|t| t.weight.at_least(0.0) && positive(t))
    }

    /// Whether all losses are squares.
    pub fn is_quadratic(&self) -> bool {
        self.terms.iter().all(|t| t.loss == Loss::Square)
    }

    /// The value of the sum for residuals `r`, summed with the rounding of each addition kept (Neumaier 1974).
    pub fn value(&self, r: &[f64]) -> f64 {
        let (mut sum, mut lost) = (self.constant, 0.0);
        for term in &self.terms {
            for (k, r_i) in r[term.rows.clone()].iter().enumerate() {
                let part = term.weight.get(k) * term.loss.value(*r_i, term.scale.get(k));
                let next = sum + part;
                lost += if f64::abs(sum) >= part { (sum - next) + part } else { (part - next) + sum };
                sum = next;
            }
        }
        sum + lost
    }

    /// Derivatives of the sum in each residual: `slope` the first, `bend` the second; all of the length of `r`.
    pub fn derivatives(&self, r: &[f64], slope: &mut [f64], bend: &mut [f64]) {
        for term in &self.terms {
            for (k, i) in term.rows.clone().enumerate() {
                let (weight, scale) = (term.weight.get(k), term.scale.get(k));
                slope[i] = weight * term.loss.slope(r[i], scale);
                bend[i] = weight * term.loss.bend(r[i], scale);
            }
        }
    }

    /// The weight and loss of row `i`.
    pub fn row(&self, i: usize) -> (Loss, f64, f64) {
        let at = self.terms.partition_point(|t| t.rows.end <= i);
        let term = &self.terms[at];
        let k = i - term.rows.start;
        (term.loss, term.weight.get(k), term.scale.get(k))
    }
}

/// The sum as an objective: what `verify` judges a fit of closures on. It has no second derivatives.
pub struct SumOracle {
    fit: LeastSquares,
    shape: Shape,
    empty: (Pattern, Pattern),
}

impl SumOracle {
    /// The problem `min f(x)` of a sum of losses.
    pub fn new(fit: LeastSquares) -> Self {
        let rows = fit.oracle.shape();
        let shape = Shape {
            vars: rows.vars.clone(),
            start: rows.start.clone(),
            rows: Bounds::default(),
            ..Shape::unconstrained(rows.n_vars)
        };
        let n = rows.n_vars;
        Self { fit, shape, empty: (Pattern::empty(0, n), Pattern::empty(n, n)) }
    }

    fn residuals(&self, ws: &mut Workspace) -> Result<(Vec<f64>, Workspace), EvalError> {
        let mut inner = self.fit.oracle.workspace();
        inner.set_point(ws.x());
        let mut r = vec![0.0; self.fit.n_residuals()];
        self.fit.oracle.constraints(&mut inner, &mut r)?;
        Ok((r, inner))
    }
}

impl Oracle for SumOracle {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn capabilities(&self) -> Capabilities {
        let jacobian = self.fit.oracle.capabilities().jacobian;
        Capabilities { gradient: jacobian, jacobian: true, ..Capabilities::VALUES }
    }

    fn workspace(&self) -> Workspace {
        Workspace::new(self.shape.n_vars, ())
    }

    fn objective(&self, ws: &mut Workspace, _: usize) -> Result<f64, EvalError> {
        let (r, _) = self.residuals(ws)?;
        let value = self.fit.value(&r);
        if value.is_finite() { Ok(value) } else { Err(EvalError::NonFinite { place: Place::Objective(0), value }) }
    }

    fn gradient(&self, ws: &mut Workspace, sigma: &[f64], g: &mut [f64]) -> Result<(), EvalError> {
        let (r, mut inner) = self.residuals(ws)?;
        let (mut slope, mut bend) = (vec![0.0; r.len()], vec![0.0; r.len()]);
        self.fit.derivatives(&r, &mut slope, &mut bend);
        self.fit.oracle.jtv(&mut inner, &slope, g)?;
        let weight = sigma.first().copied().unwrap_or(0.0);
        g.iter_mut().for_each(|g_j| *g_j *= weight);
        super::oracle::check_finite(g, |j| Place::Gradient(j as u32))
    }

    fn constraints(&self, _: &mut Workspace, _: &mut [f64]) -> Result<(), EvalError> {
        Ok(())
    }

    fn jacobian_pattern(&self) -> &Pattern {
        &self.empty.0
    }

    fn jacobian(&self, _: &mut Workspace, _: &mut [f64]) -> Result<(), EvalError> {
        Ok(())
    }

    fn hessian_pattern(&self) -> &Pattern {
        &self.empty.1
    }

    fn hessian(&self, _: &mut Workspace, _: &[f64], _: &[f64], _: &mut [f64]) -> Result<(), EvalError> {
        Err(EvalError::Unsupported("a Hessian"))
    }
}
