//! An oracle that remembers where it could not be evaluated, so that the failure can be replayed.

use crate::base::Interval;
use crate::num::sparse::Pattern;
use crate::problem::{Capabilities, EvalError, Oracle, Place, SecondOrder, Shape, Workspace};
use std::sync::{Arc, Mutex};

/// A failed evaluation: the point, and what had no value there.
#[derive(Clone, PartialEq, Debug)]
pub struct Failure {
    /// The point.
    pub x: Vec<f64>,
    /// What was evaluated.
    pub place: Place,
}

/// Passes everything on; keeps the last failure.
pub struct Watched {
    inner: Arc<dyn Oracle>,
    last: Mutex<Option<Failure>>,
    /// In place of the oracle's own.
    shape: Option<Shape>,
}

impl Watched {
    /// Watches `inner`.
    pub fn new(inner: Arc<dyn Oracle>) -> Self {
        Self { inner, last: Mutex::new(None), shape: None }
    }

    /// The same with absolute values of these weights beside the objective; variables behind the last weight have none.
    #[must_use]
    pub fn beside(mut self, weights: &[f64]) -> Self {
        if !weights.is_empty() {
            let mut shape = self.inner.shape().clone();
            shape.l1 = weights.to_vec();
            shape.l1.resize(shape.n_vars, 0.0);
            self.shape = Some(shape);
        }
        self
    }

    /// The same with rows that hold together.
    #[must_use]
    pub fn with_cones(mut self, cones: &[SecondOrder]) -> Self {
        self.shape = Some(Shape { cones: cones.to_vec(), ..self.shape().clone() });
        self
    }

    /// The last failure, if there was one.
    pub fn last(&self) -> Option<Failure> {
        self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn note<T>(&self, x: &[f64], result: Result<T, EvalError>) -> Result<T, EvalError> {
        if let Err(EvalError::NonFinite { place, .. }) = result {
            let failure = Failure { x: x.to_vec(), place };
            *self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(failure);
        }
        result
    }
}

impl Oracle for Watched {
    fn shape(&self) -> &Shape {
        self.shape.as_ref().unwrap_or_else(|| self.inner.shape())
    }
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    fn workspace(&self) -> Workspace {
        self.inner.workspace()
    }
    fn objective(&self, ws: &mut Workspace, k: usize) -> Result<f64, EvalError> {
        let result = self.inner.objective(ws, k);
        self.note(ws.x(), result)
    }
    fn gradient(&self, ws: &mut Workspace, sigma: &[f64], g: &mut [f64]) -> Result<(), EvalError> {
        let result = self.inner.gradient(ws, sigma, g);
        self.note(ws.x(), result)
    }
    fn constraints(&self, ws: &mut Workspace, c: &mut [f64]) -> Result<(), EvalError> {
        let result = self.inner.constraints(ws, c);
        self.note(ws.x(), result)
    }
    fn jacobian_pattern(&self) -> &Pattern {
        self.inner.jacobian_pattern()
    }
    fn jacobian(&self, ws: &mut Workspace, vals: &mut [f64]) -> Result<(), EvalError> {
        let result = self.inner.jacobian(ws, vals);
        self.note(ws.x(), result)
    }
    fn hessian_pattern(&self) -> &Pattern {
        self.inner.hessian_pattern()
    }
    fn hessian(&self, ws: &mut Workspace, sigma: &[f64], y: &[f64], vals: &mut [f64]) -> Result<(), EvalError> {
        let result = self.inner.hessian(ws, sigma, y, vals);
        self.note(ws.x(), result)
    }
    fn hvp(&self, ws: &mut Workspace, sigma: &[f64], y: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        let result = self.inner.hvp(ws, sigma, y, v, out);
        self.note(ws.x(), result)
    }
    fn jtv(&self, ws: &mut Workspace, y: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        let result = self.inner.jtv(ws, y, out);
        self.note(ws.x(), result)
    }
    fn jv(&self, ws: &mut Workspace, v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        let result = self.inner.jv(ws, v, out);
        self.note(ws.x(), result)
    }
    fn batch_len(&self) -> Option<usize> {
        self.inner.batch_len()
    }
    fn population(&self, ws: &mut Workspace, points: &[f64], f: &mut [f64], c: &mut [f64]) -> Result<(), EvalError> {
        self.inner.population(ws, points, f, c)
    }
    fn enclose(&self, x: &[Interval], f: &mut [Interval], c: &mut [Interval]) -> Result<(), EvalError> {
        self.inner.enclose(x, f, c)
    }
}
