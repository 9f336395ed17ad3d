//! The user's problem in the form of [`Model`]: fixed variables removed, a slack per inequality, scaled.
//!
//! Rows `lo <= c_i(x) <= hi` become `r_i c_i(x) - s_i = 0` with bounds on `s_i`; equations become `r_i (c_i(x) - lo) = 0`;
//! rows without bounds or without free variables are left out. Scale factors as in section 3.8 of the paper: gradients
//! larger than 100 at the start are scaled down to 100. Bounds are relaxed by a relative
//! 1e-10 (section 3.5 has 1e-8, which moves optima with steep bounds by more than 1e-6).

use std::sync::Arc;

use super::model::Model;
use crate::num::sparse::Pattern;
use crate::problem::{Bounds, Counts, EvalError, Oracle, SetupError, Workspace};

/// Gradients larger than this at the start are scaled down to it.
const MAX_GRADIENT: f64 = 100.0;
/// No scale factor is smaller.
const MIN_SCALE: f64 = 1e-8;
/// Slot of an entry that is left out.
const NOWHERE: u32 = u32::MAX;

/// What one equation of the standard form is made of.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The user's row.
    pub of: u32,
    /// Scale factor.
    pub scale: f64,
    /// Subtracted from the row before scaling: the right-hand side of an equation, 0 with a slack.
    shift: f64,
    /// The slack's number among the variables.
    slack: Option<u32>,
}

impl Row {
    /// The slack's number among the variables, for an inequality.
    pub fn slack(&self) -> Option<usize> {
        self.slack.map(|s| s as usize)
    }
}

/// The user's problem with slacks, scaled.
pub struct Standard {
    oracle: Arc<dyn Oracle>,
    workspace: Workspace,
    /// Bounds of the user's variables in this run.
    pub vars: Bounds,
    /// The user's variable behind each free one.
    pub free: Vec<u32>,
    /// The equations.
    pub rows: Vec<Row>,
    /// Scale factor of the objective.
    pub objective_scale: f64,
    scaled: bool,
    /// Evaluations so far.
    pub counts: Counts,
    lower: Vec<f64>,
    upper: Vec<f64>,
    jacobian_pattern: Pattern,
    jacobian_slots: Vec<u32>,
    slack_slots: Vec<u32>,
    hessian_pattern: Pattern,
    hessian_slots: Vec<u32>,
    sigma: Vec<f64>,
    full_x: Vec<f64>,
    full_g: Vec<f64>,
    full_c: Vec<f64>,
    full_y: Vec<f64>,
    full_jacobian: Vec<f64>,
    full_hessian: Vec<f64>,
}

impl Standard {
    /// Takes all memory; evaluates nothing. `relax` is the relative widening of bounds.
    pub fn new(oracle: Arc<dyn Oracle>, vars: Bounds, relax: f64) -> Result<Self, SetupError> {
        let shape = oracle.shape();
        let (n, m) = (shape.n_vars, shape.n_cons);
        let free: Vec<u32> = (0..n as u32).filter(|&j| !vars.is_fixed(j as usize)).collect();
        let position = inverse(n, &free);
        let mut touched = vec![false; m];
        for (_, i, j) in oracle.jacobian_pattern().entries() {
            touched[i] |= position[j] != NOWHERE;
        }
        let mut rows = Vec::new();
        let (mut lower, mut upper) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for &j in &free {
            let (lo, hi) = (vars.lower[j as usize], vars.upper[j as usize]);
            lower.push(widened(lo, -relax));
            upper.push(widened(hi, relax));
        }
        for i in 0..m {
            let (lo, hi) = (shape.rows.lower[i], shape.rows.upper[i]);
            if !touched[i] || (lo == f64::NEG_INFINITY && hi == f64::INFINITY) {
                continue;
            }
            let mut row = Row { of: i as u32, scale: 1.0, shift: lo, slack: None };
            if lo != hi {
                row.slack = Some(lower.len() as u32);
                row.shift = 0.0;
                lower.push(widened(lo, -relax));
                upper.push(widened(hi, relax));
            }
            rows.push(row);
        }
        let too_large = |_| SetupError::Size("the problem has too many nonzeros".to_owned());
        let (jacobian_pattern, jacobian_slots, slack_slots) =
            standard_jacobian(&*oracle, &rows, &position, lower.len()).map_err(too_large)?;
        let (hessian_pattern, hessian_slots) = standard_hessian(&*oracle, &position, lower.len()).map_err(too_large)?;
        let mut full_x = vars.lower.clone();
        for &j in &free {
            full_x[j as usize] = 0.0;
        }
        Ok(Self {
            workspace: oracle.workspace(),
            sigma: shape.first_objective(),
            full_g: vec![0.0; n],
            full_c: vec![0.0; m],
            full_y: vec![0.0; m],
            full_jacobian: vec![0.0; oracle.jacobian_pattern().nnz()],
            full_hessian: vec![0.0; oracle.hessian_pattern().nnz()],
            objective_scale: 1.0,
            scaled: false,
            counts: Counts::default(),
            oracle,
            vars,
            free,
            rows,
            lower,
            upper,
            jacobian_pattern,
            jacobian_slots,
            slack_slots,
            hessian_pattern,
            hessian_slots,
            full_x,
        })
    }

    /// The oracle behind it.
    pub fn oracle(&self) -> &dyn Oracle {
        &*self.oracle
    }

    /// Whether scale factors were chosen.
    pub fn is_scaled(&self) -> bool {
        self.scaled
    }

    /// Chooses the scale factors at `x` (standard variables; slacks do not matter) and scales bounds of slacks.
    pub fn scale_at(&mut self, x: &[f64]) -> Result<(), EvalError> {
        let n_free = self.free.len();
        let mut g = vec![0.0; self.lower.len()];
        self.gradient(x, 0.0, &mut g)?;
        let mut vals = vec![0.0; self.jacobian_pattern.nnz()];
        self.jacobian(x, &mut vals)?;
        let mut largest = vec![0.0f64; self.rows.len()];
        for (k, i, j) in self.jacobian_pattern.entries() {
            if j < n_free {
                largest[i] = largest[i].max(vals[k].abs());
            }
        }
        self.objective_scale = factor(g[..n_free].iter().fold(0.0, |a, b| a.max(b.abs())));
        let factors: Vec<f64> = largest.into_iter().map(factor).collect();
        self.set_row_scales(&factors);
        Ok(())
    }

    /// Sets the scale factors of all equations, also those saved from an earlier run.
    pub fn set_row_scales(&mut self, factors: &[f64]) {
        self.scaled = true;
        for (row, &scale) in self.rows.iter_mut().zip(factors) {
            row.scale = scale;
            if let Some(slack) = row.slack {
                self.lower[slack as usize] *= scale;
                self.upper[slack as usize] *= scale;
            }
        }
    }

    /// `c(x)` and a slack for it: each slack is set to the value of its row, scaled.
    pub fn set_slacks(&mut self, x: &mut [f64]) -> Result<(), EvalError> {
        self.set_point(x);
        self.counts.constraints += 1;
        let result = self.oracle.constraints(&mut self.workspace, &mut self.full_c);
        self.count_failure(result)?;
        for row in &self.rows {
            if let Some(slack) = row.slack {
                x[slack as usize] = row.scale * self.full_c[row.of as usize];
            }
        }
        Ok(())
    }

    /// A point of the user's variables as free variables, with slacks at 0.
    pub fn to_standard(&self, full: &[f64]) -> Vec<f64> {
        let mut x = vec![0.0; self.lower.len()];
        for (x_j, &j) in x.iter_mut().zip(&self.free) {
            *x_j = full[j as usize];
        }
        x
    }

    /// The user's variables at `x`, which may be outside their bounds by the relaxation.
    pub fn to_full(&self, x: &[f64]) -> Vec<f64> {
        let mut full = self.full_x.clone();
        for (&j, &value) in self.free.iter().zip(x) {
            full[j as usize] = value;
        }
        full
    }

    /// Distance of the equations from 0 in the user's units, relative to `max(1, |right-hand side|)`.
    pub fn unscaled_violation(&self, c: &[f64]) -> f64 {
        let bounds = &self.oracle.shape().rows;
        let size = |end: f64| if end.is_finite() { end.abs() } else { 0.0 };
        let relative = |(row, c): (&Row, &f64)| {
            let i = row.of as usize;
            // A row with two ends is judged by the nearer one; the smaller is the safe choice.
            let end = match (bounds.lower[i].is_finite(), bounds.upper[i].is_finite()) {
                (true, true) => size(bounds.lower[i]).min(size(bounds.upper[i])),
                _ => size(bounds.lower[i]).max(size(bounds.upper[i])),
            };
            c.abs() / row.scale / end.max(1.0)
        };
        self.rows.iter().zip(c).map(relative).fold(0.0, f64::max)
    }

    /// The first row without free variables whose value is outside its bounds at the point last evaluated.
    pub fn impossible_row(&mut self, x: &[f64]) -> Option<usize> {
        self.set_point(x);
        self.oracle.constraints(&mut self.workspace, &mut self.full_c).ok()?;
        let bounds = &self.oracle.shape().rows;
        let mut kept = vec![false; self.full_c.len()];
        self.rows.iter().for_each(|row| kept[row.of as usize] = true);
        (0..self.full_c.len()).find(|&i| {
            let excess = bounds.excess(i, self.full_c[i]);
            let end = if excess > 0.0 { bounds.upper[i] } else { bounds.lower[i] };
            !kept[i] && excess.abs() > 1e-6 * end.abs().max(1.0)
        })
    }

    /// Value of the user's row at the point last evaluated.
    pub fn value_of(&self, row: usize) -> f64 {
        self.full_c[row]
    }

    /// As [`Model::hessian`] with the objective weighted by `sigma`.
    pub fn weighted_hessian(&mut self, x: &[f64], sigma: f64, y: &[f64], vals: &mut [f64]) -> Result<(), EvalError> {
        self.set_point(x);
        self.full_y.fill(0.0);
        for (row, y_i) in self.rows.iter().zip(y) {
            self.full_y[row.of as usize] = row.scale * y_i;
        }
        let mut weights = [0.0];
        let k = self.sigma.len().min(1);
        weights[0] = sigma * self.objective_scale;
        self.counts.hessian += 1;
        let mut all = std::mem::take(&mut self.sigma);
        all[..k].copy_from_slice(&weights[..k]);
        let result = self.oracle.hessian(&mut self.workspace, &all, &self.full_y, &mut self.full_hessian);
        all[..k].fill(1.0);
        self.sigma = all;
        self.count_failure(result)?;
        scatter(&self.hessian_slots, &self.full_hessian, vals);
        Ok(())
    }

    fn set_point(&mut self, x: &[f64]) {
        for (&j, &value) in self.free.iter().zip(x) {
            self.full_x[j as usize] = value;
        }
        if self.workspace.stamp() == 0 || self.workspace.x() != self.full_x {
            self.workspace.set_point(&self.full_x);
        }
    }

    fn count_failure(&mut self, result: Result<(), EvalError>) -> Result<(), EvalError> {
        if result.is_err() {
            self.counts.failures += 1;
        }
        result
    }
}

impl Model for Standard {
    fn lower(&self) -> &[f64] {
        &self.lower
    }

    fn upper(&self) -> &[f64] {
        &self.upper
    }

    fn relax(&mut self, j: usize, lower: f64, upper: f64) {
        self.lower[j] = lower;
        self.upper[j] = upper;
    }

    fn jacobian_pattern(&self) -> &Pattern {
        &self.jacobian_pattern
    }

    fn hessian_pattern(&self) -> &Pattern {
        &self.hessian_pattern
    }

    fn objective(&mut self, x: &[f64], _mu: f64) -> Result<f64, EvalError> {
        if self.sigma.is_empty() {
            return Ok(0.0);
        }
        self.set_point(x);
        self.counts.objective += 1;
        let value = self.oracle.objective(&mut self.workspace, 0);
        if value.is_err() {
            self.counts.failures += 1;
        }
        Ok(self.objective_scale * value?)
    }

    fn gradient(&mut self, x: &[f64], _mu: f64, g: &mut [f64]) -> Result<(), EvalError> {
        g.fill(0.0);
        if self.sigma.is_empty() {
            return Ok(());
        }
        self.set_point(x);
        self.counts.gradient += 1;
        let result = self.oracle.gradient(&mut self.workspace, &self.sigma, &mut self.full_g);
        self.count_failure(result)?;
        for (g_j, &j) in g.iter_mut().zip(&self.free) {
            *g_j = self.objective_scale * self.full_g[j as usize];
        }
        Ok(())
    }

    fn constraints(&mut self, x: &[f64], c: &mut [f64]) -> Result<(), EvalError> {
        self.set_point(x);
        self.counts.constraints += 1;
        let result = self.oracle.constraints(&mut self.workspace, &mut self.full_c);
        self.count_failure(result)?;
        for (c_i, row) in c.iter_mut().zip(&self.rows) {
            let value = row.scale * (self.full_c[row.of as usize] - row.shift);
            *c_i = value - row.slack.map_or(0.0, |s| x[s as usize]);
        }
        Ok(())
    }

    fn jacobian(&mut self, x: &[f64], vals: &mut [f64]) -> Result<(), EvalError> {
        self.set_point(x);
        self.counts.jacobian += 1;
        let result = self.oracle.jacobian(&mut self.workspace, &mut self.full_jacobian);
        self.count_failure(result)?;
        scatter(&self.jacobian_slots, &self.full_jacobian, vals);
        for (val, &i) in vals.iter_mut().zip(self.jacobian_pattern.row_idx()) {
            *val *= self.rows[i as usize].scale;
        }
        for &slot in &self.slack_slots {
            vals[slot as usize] = -1.0;
        }
        Ok(())
    }

    fn hessian(&mut self, x: &[f64], y: &[f64], _mu: f64, vals: &mut [f64]) -> Result<(), EvalError> {
        self.weighted_hessian(x, 1.0, y, vals)
    }
}

fn widened(end: f64, by: f64) -> f64 {
    if end.is_finite() { end + by * end.abs().max(1.0) } else { end }
}

fn factor(largest_gradient: f64) -> f64 {
    if largest_gradient > MAX_GRADIENT { (MAX_GRADIENT / largest_gradient).max(MIN_SCALE) } else { 1.0 }
}

/// Position of each of `n` things in `chosen`, [`NOWHERE`] for the others.
fn inverse(n: usize, chosen: &[u32]) -> Vec<u32> {
    let mut position = vec![NOWHERE; n];
    for (at, &j) in chosen.iter().enumerate() {
        position[j as usize] = at as u32;
    }
    position
}

fn scatter(slots: &[u32], from: &[f64], to: &mut [f64]) {
    to.fill(0.0);
    for (&slot, &value) in slots.iter().zip(from) {
        if slot != NOWHERE {
            to[slot as usize] += value;
        }
    }
}

/// Pattern with slack columns, slot of each oracle entry, slot of each slack's -1.
fn standard_jacobian(
    oracle: &dyn Oracle,
    rows: &[Row],
    position: &[u32],
    n: usize,
) -> Result<(Pattern, Vec<u32>, Vec<u32>), crate::problem::PatternError> {
    let row_of: Vec<u32> = rows.iter().map(|row| row.of).collect();
    let row_position = inverse(oracle.shape().n_cons, &row_of);
    let mut entries = Vec::with_capacity(oracle.jacobian_pattern().nnz() + rows.len());
    let mut kept = Vec::with_capacity(oracle.jacobian_pattern().nnz());
    for (_, i, j) in oracle.jacobian_pattern().entries() {
        let keep = row_position[i] != NOWHERE && position[j] != NOWHERE;
        kept.push(keep);
        if keep {
            entries.push((row_position[i] as usize, position[j] as usize));
        }
    }
    let n_kept = entries.len();
    entries.extend(rows.iter().enumerate().filter_map(|(i, row)| row.slack.map(|s| (i, s as usize))));
    let (pattern, slots) = Pattern::from_entries(rows.len(), n, entries)?;
    Ok((pattern, spread(&kept, &slots[..n_kept]), slots[n_kept..].to_vec()))
}

fn standard_hessian(
    oracle: &dyn Oracle,
    position: &[u32],
    n: usize,
) -> Result<(Pattern, Vec<u32>), crate::problem::PatternError> {
    let mut entries = Vec::with_capacity(oracle.hessian_pattern().nnz());
    let mut kept = Vec::with_capacity(oracle.hessian_pattern().nnz());
    for (_, i, j) in oracle.hessian_pattern().entries() {
        let (i, j) = (position[i], position[j]);
        let keep = i != NOWHERE && j != NOWHERE;
        kept.push(keep);
        if keep {
            entries.push((i.max(j) as usize, i.min(j) as usize));
        }
    }
    let (pattern, slots) = Pattern::from_entries(n, n, entries)?;
    Ok((pattern, spread(&kept, &slots)))
}

/// Slots of the kept entries, [`NOWHERE`] for the others, in the order of all entries.
fn spread(kept: &[bool], slots: &[u32]) -> Vec<u32> {
    let mut next = slots.iter();
    kept.iter().map(|&keep| if keep { next.next().copied().unwrap_or(NOWHERE) } else { NOWHERE }).collect()
}
