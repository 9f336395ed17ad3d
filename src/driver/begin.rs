//! A point of the model as it is written, as a place where the form that is solved begins.
//!
//! Takes a start in the model's own variables and rows; gives one in those of the compiled problem, which may have variables
//! that stand for kinks and for defined arrays.
//! Deliberately absent: where such a start comes from, and what methods make of it.

use super::solve::Bound;
use crate::problem::{Oracle, WarmStart};
use std::ops::Range;

impl Bound {
    /// Numbers of variables and rows of the model as it was written; what stands for kinks comes behind them.
    pub fn written_sizes(&self) -> (usize, usize) {
        let ((vars, rows), shape) = (self.added_for_kinks(), &self.instance.shape);
        (shape.n_vars - vars, shape.n_cons - rows)
    }

    /// Where a run of the compiled problem begins that should begin at `start` of the model as it was written, whose
    /// multipliers may be empty.
    ///
    /// A variable that stands for a kink begins at its value, rows that were added with multipliers of 0. Where defined arrays
    /// are variables, their equations have multipliers that are not known, so that there are none at all.
    pub fn begin_at(&self, start: WarmStart) -> WarmStart {
        let shape = &self.instance.shape;
        let WarmStart { mut x, mut y, mut z_lower, mut z_upper } = start;
        if x.len() < shape.n_vars {
            x.extend_from_slice(&shape.start[x.len()..]);
            self.kinks_at(&mut x);
            for (of, len) in [(&mut y, shape.n_cons), (&mut z_lower, shape.n_vars), (&mut z_upper, shape.n_vars)] {
                if !of.is_empty() {
                    of.resize(len, 0.0);
                }
            }
        }
        let lifted = self.oracle.lift_point(&x);
        if lifted.len() > x.len() {
            return WarmStart { x: lifted, ..WarmStart::default() };
        }
        WarmStart { x, y, z_lower, z_upper }
    }

    /// Gives the variables that stand for kinks the values of their arguments at the point of the others; what has no value
    /// leaves them as they are.
    fn kinks_at(&self, x: &mut [f64]) {
        let ((n_vars, n_rows), shape) = (self.written_sizes(), &self.instance.shape);
        let mut ws = self.oracle.workspace();
        ws.set_point(&self.oracle.lift_point(x));
        let pattern = self.oracle.jacobian_pattern();
        let mut jacobian = vec![0.0; pattern.nnz()];
        if self.oracle.jacobian(&mut ws, &mut jacobian).is_err() {
            return;
        }
        // A kink comes before those in its arguments: of a row's variables of this kind, its own is the first.
        let mut own: Vec<Option<(usize, f64)>> = vec![None; shape.n_cons];
        for var in (n_vars..shape.n_vars).rev() {
            for slot in column(pattern.col_ptr(), var) {
                let row = pattern.row_idx()[slot] as usize;
                if row < shape.n_cons && n_rows <= row {
                    own[row] = Some((var, jacobian[slot]));
                }
            }
        }
        let mut rows = vec![0.0; self.oracle.shape().n_cons];
        // Each round gets those right whose arguments are, from the innermost outwards.
        for _ in 0..=self.n_kinks {
            ws.set_point(&self.oracle.lift_point(x));
            if self.oracle.constraints(&mut ws, &mut rows).is_err() {
                return;
            }
            let mut values: Vec<Option<f64>> = vec![None; shape.n_vars];
            for (row, own) in own.iter().enumerate() {
                let Some((var, sign)) = *own else { continue };
                // `argument - t <= 0` or `t - argument <= 0`: the greatest or the least argument.
                let argument = x[var] - sign.signum() * (rows[row] - shape.rows.upper[row]);
                let value = &mut values[var];
                *value = Some(match *value {
                    Some(other) if sign < 0.0 => other.max(argument),
                    Some(other) => other.min(argument),
                    None => argument,
                });
            }
            let mut moved = false;
            for (x, value) in x.iter_mut().zip(values) {
                if let Some(value) = value.filter(|value| value.is_finite() && value != x) {
                    (*x, moved) = (value, true);
                }
            }
            if !moved {
                return;
            }
        }
    }
}

fn column(col_ptr: &[u32], var: usize) -> Range<usize> {
    col_ptr[var] as usize..col_ptr[var + 1] as usize
}
