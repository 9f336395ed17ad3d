//! The matrices of a problem whose rows are linear and whose objective is at most quadratic.
//!
//! Takes an oracle, evaluates it at two points, gives a [`Qp`]. At 0 all that is constant is read off; at the second point
//! the matrices must predict every value, so that nothing nonlinear passes for linear by mistake.

use crate::num::dense::norm_inf;
use crate::num::sparse::Pattern;
use crate::problem::{Bounds, EvalError, Nlp, Oracle, Place, Qp, Refusal, SetupError};

/// How far a value may be from its prediction, relative to the terms that add up in it.
const EXACT: f64 = 1e-9;

/// Objective and rows as matrices; the bounds of the rows have the constants of the rows taken off.
///
/// # Errors
/// A function without a value, or one that is not linear (rows) or quadratic (objective).
pub fn matrices(nlp: &Nlp) -> Result<Qp, SetupError> {
    let oracle = nlp.oracle.as_ref();
    let shape = oracle.shape();
    let (n, m) = (shape.n_vars, shape.n_cons);
    let sigma = shape.first_objective();
    let mut ws = oracle.workspace();
    ws.set_point(&vec![0.0; n]);
    let (mut constant, mut linear) = (0.0, vec![0.0; n]);
    let mut quadratic = (Pattern::empty(n, n), Vec::new());
    if !sigma.is_empty() {
        constant = oracle.objective(&mut ws, 0)?;
        oracle.gradient(&mut ws, &sigma, &mut linear)?;
        if !shape.linear_objectives.first().is_some_and(|&l| l) && oracle.capabilities().hessian {
            let mut vals = vec![0.0; oracle.hessian_pattern().nnz()];
            oracle.hessian(&mut ws, &sigma, &vec![0.0; m], &mut vals)?;
            quadratic = without_zeros(oracle.hessian_pattern(), &vals);
        }
    }
    let mut at_zero = vec![0.0; m];
    oracle.constraints(&mut ws, &mut at_zero)?;
    let mut vals = vec![0.0; oracle.jacobian_pattern().nnz()];
    if m > 0 {
        oracle.jacobian(&mut ws, &mut vals)?;
    }
    let (rows, rows_vals) = without_zeros(oracle.jacobian_pattern(), &vals);
    let less = |ends: &[f64]| ends.iter().zip(&at_zero).map(|(end, c)| end - c).collect();
    let mut shape = shape.clone();
    shape.rows = Bounds { lower: less(&shape.rows.lower), upper: less(&shape.rows.upper) };
    let (quadratic, quadratic_vals) = quadratic;
    let qp = Qp { shape, quadratic, quadratic_vals, linear, constant, rows, rows_vals };
    confirm(oracle, &qp, &at_zero)?;
    Ok(qp)
}

/// The entries that are not zero.
fn without_zeros(pattern: &Pattern, vals: &[f64]) -> (Pattern, Vec<f64>) {
    if vals.iter().all(|v| *v != 0.0) {
        return (pattern.clone(), vals.to_vec());
    }
    let mut col_ptr = vec![0u32];
    let (mut row_idx, mut kept) = (Vec::new(), Vec::new());
    for j in 0..pattern.n_cols() {
        for k in pattern.col(j).filter(|&k| vals[k] != 0.0) {
            row_idx.push(pattern.row_idx()[k]);
            kept.push(vals[k]);
        }
        col_ptr.push(row_idx.len() as u32);
    }
    let kept_pattern = Pattern::new(pattern.n_rows(), pattern.n_cols(), col_ptr, row_idx)
        .unwrap_or_else(|_| crate::bug!("entries of a pattern make a pattern"));
    (kept_pattern, kept)
}

/// Compares the oracle with the matrices at a point where nothing is special.
fn confirm(oracle: &dyn Oracle, qp: &Qp, at_zero: &[f64]) -> Result<(), SetupError> {
    let (n, m) = (qp.shape.n_vars, qp.shape.n_cons);
    // Multiples of the golden ratio, without their whole parts, spread evenly.
    let x: Vec<f64> = (1..=n).map(|j| 0.5 + (j as f64 * 0.618_033_988_749_894_9).fract()).collect();
    let mut ws = oracle.workspace();
    ws.set_point(&x);
    let mut c = vec![0.0; m];
    oracle.constraints(&mut ws, &mut c)?;
    let (mut sum, mut size) = (at_zero.to_vec(), at_zero.iter().map(|c| c.abs()).collect::<Vec<f64>>());
    for (k, i, j) in qp.rows.entries() {
        let term = qp.rows_vals[k] * x[j];
        sum[i] += term;
        size[i] += term.abs();
    }
    let differs = |found: f64, predicted: f64, size: f64| !((found - predicted).abs() <= EXACT * size.max(1e-300));
    if (0..m).any(|i| differs(c[i], sum[i], size[i])) {
        return Err(Refusal::WrongForm("linear and quadratic").into());
    }
    if qp.shape.n_objectives == 0 {
        return Ok(());
    }
    let (value, size) = objective(qp, &x);
    let found = oracle.objective(&mut ws, 0)?;
    if differs(found, value, size) {
        return Err(Refusal::WrongForm("linear and quadratic").into());
    }
    if !norm_inf(&qp.linear).is_finite() {
        return Err(EvalError::NonFinite { place: Place::Objective(0), value: f64::INFINITY }.into());
    }
    Ok(())
}

/// The objective at `x`, and the sum of the sizes of its terms.
pub fn objective(qp: &Qp, x: &[f64]) -> (f64, f64) {
    let (mut value, mut size) = (qp.constant, qp.constant.abs());
    let mut add = |term: f64| {
        value += term;
        size += term.abs();
    };
    for (q, x) in qp.linear.iter().zip(x) {
        add(q * x);
    }
    for (k, i, j) in qp.quadratic.entries() {
        let weight = if i == j { 0.5 } else { 1.0 };
        add(weight * qp.quadratic_vals[k] * x[i] * x[j]);
    }
    (value, size)
}
