//! A problem in the form a method wants, and its answers brought back.

use super::matrices::matrices;
use super::presolve::presolve;
use crate::problem::verify::tolerance::INTEGRALITY;
use crate::problem::{
    Candidate, Form, Mip, Nlp, Oracle, Program, Recover, Refusal, SetupError, Stack, StopReason, WarmStart, recover,
};
use crate::solve::cones::cones;
use std::sync::Arc;

/// A value this close to a bound, relative, stands on it.
const ON_BOUND: f64 = 1e-14;

/// The way back from a method's form to the problem.
pub struct Back {
    form: Form,
    oracle: Arc<dyn Oracle>,
    steps: Stack,
}

/// `nlp` in the form that `form` says, and the way back.
///
/// # Errors
/// When the problem has no such form, or its functions have no values at 0.
pub fn fit(form: Form, nlp: Nlp) -> Result<(Program, Back), SetupError> {
    let oracle = Arc::clone(&nlp.oracle);
    let mut steps = Stack::default();
    if form == Form::Nlp {
        return Ok((Program::Nlp(nlp), Back { form, oracle, steps }));
    }
    let shape = nlp.oracle.shape();
    for (what, bounds) in [("variable", &shape.vars), ("row", &shape.rows)] {
        if let Some(index) = bounds.first_empty() {
            return Err(SetupError::EmptyBounds { what, index });
        }
    }
    let mut qp = matrices(&nlp)?;
    // Presolve knows rows one by one.
    if let Some((smaller, step)) = if qp.shape.cones.is_empty() { presolve(&qp) } else { None } {
        qp = smaller;
        steps.push(Box::new(step));
    }
    let program = match form {
        Form::Conic => {
            let (conic, step) = cones(&qp);
            steps.push(Box::new(step));
            Program::Conic(conic)
        }
        Form::Mip => Program::Mip(Mip {
            integer: qp.shape.integer,
            linear: qp.linear,
            constant: qp.constant,
            rows: qp.rows,
            rows_vals: qp.rows_vals,
            row_bounds: qp.shape.rows,
            var_bounds: qp.shape.vars,
        }),
        // Residuals are made of the model, not of its functions.
        Form::LeastSquares => return Err(Refusal::NotSquares.into()),
        Form::Qp | Form::Nlp => Program::Qp(qp),
    };
    Ok((program, Back { form, oracle, steps }))
}

impl Back {
    /// No way at all: the method works on `oracle` itself, or in its variables.
    pub fn none(oracle: Arc<dyn Oracle>) -> Self {
        Self { form: Form::Nlp, oracle, steps: Stack::default() }
    }

    /// Where the method begins that should begin at `start` of the problem; `None` when there is no such place.
    pub fn forward(&self, start: &WarmStart) -> Option<WarmStart> {
        if self.form == Form::Nlp { Some(start.clone()) } else { self.steps.forward(start) }
    }

    /// The method's answer in the problem's own variables and rows.
    #[must_use]
    pub fn recover(&self, candidate: Candidate) -> Candidate {
        if self.form == Form::Nlp {
            return candidate;
        }
        let mut candidate = recover::candidate(&self.steps, candidate);
        let shape = self.oracle.shape();
        if candidate.stop == StopReason::Infeasible {
            // Such an answer is a proof, not a point; any point of the box serves.
            candidate.x = (0..shape.n_vars).map(|j| shape.vars.clamp(j, 0.0)).collect();
            (candidate.y, candidate.z_lower, candidate.z_upper) = Default::default();
        }
        for (j, x) in candidate.x.iter_mut().enumerate() {
            // What rounding left beside a bound.
            let end = shape.vars.clamp(j, x.round());
            let near = |bound: f64| bound.is_finite() && (*x - bound).abs() <= ON_BOUND * bound.abs().max(1.0);
            if let Some(bound) = [shape.vars.lower[j], shape.vars.upper[j]].into_iter().find(|b| near(*b)) {
                *x = bound;
            } else if shape.integer[j] && (*x - end).abs() <= INTEGRALITY {
                *x = end;
            }
        }
        let mut ws = self.oracle.workspace();
        if candidate.x.len() == shape.n_vars {
            ws.set_point(&candidate.x);
            candidate.objective =
                if shape.n_objectives == 0 { 0.0 } else { self.oracle.objective(&mut ws, 0).unwrap_or(f64::NAN) };
        }
        candidate
    }
}
