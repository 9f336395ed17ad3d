//! The problem as the interpreter sees it: the oracle that `problem::verify` judges on.
//!
//! Takes a checked model and an environment (bound data); walks the constraints and objectives as they
//! were written, without families, derivative templates, kernels or slots, and differentiates on a tape
//! of numbers. It is slow and independent; agreement with the compiled oracle is evidence.

use super::patience::Patience;
use crate::interp::{Deps, Env, Fault, FaultKind, Interp, Mode, Plain, Tape};
use crate::ir::{Model, NodeId};
use crate::num::sparse::Pattern;
use crate::problem::{Capabilities, EvalError, Oracle, Place, Sense, Shape, Workspace};
use std::sync::{Arc, OnceLock};

/// What is done with a row: its number and its body.
type EachRow<'f, A> = dyn FnMut(&mut Interp<'_, A>, usize, crate::ir::NodeId) -> Result<(), Fault> + 'f;

/// An oracle by interpretation. Rows are in the order of the constraints and, within one, of the
/// instances of its domain: the order of binding.
pub struct Judge {
    model: Arc<Model>,
    env: Arc<dyn Env + Send + Sync>,
    deps: Deps,
    shape: Shape,
    jacobian: OnceLock<Pattern>,
    hessian: OnceLock<Pattern>,
    patience: Option<Patience>,
}

impl Judge {
    /// The judge of a bound model. `shape` is the bound problem's; objectives of `maximize` are negated.
    pub fn new(model: Arc<Model>, env: Arc<dyn Env + Send + Sync>, shape: Shape) -> Self {
        let deps = Deps::new(&model);
        Self { model, env, deps, shape, jacobian: OnceLock::new(), hessian: OnceLock::new(), patience: None }
    }

    /// Every evaluation fails once `patience` is over.
    #[must_use]
    pub fn with(mut self, patience: Patience) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Whether an evaluation failed because patience was over: what was judged on it means nothing.
    pub fn gave_up(&self) -> bool {
        self.patience.as_ref().is_some_and(Patience::was_lost)
    }

    /// Fails when patience is over. `node` is what was to be evaluated.
    fn go_on(&self, node: NodeId) -> Result<(), Fault> {
        if self.patience.as_ref().is_some_and(Patience::is_over) {
            return Err(Fault { node, kind: FaultKind::NotANumber, at: Vec::new() });
        }
        Ok(())
    }

    fn tape(&self, mode: Mode, x: &[f64]) -> Interp<'_, Tape> {
        Interp::new(&self.model, self.env.as_ref(), &self.deps, Tape::new(mode, x))
    }

    fn sign(&self, k: usize) -> f64 {
        self.shape.senses.get(k).copied().unwrap_or(Sense::Minimize).flip(1.0)
    }

    /// Calls `each` with every row's number where its binders stand.
    fn for_each_row<A: crate::interp::Algebra>(
        &self,
        walk: &mut Interp<'_, A>,
        each: &mut EachRow<'_, A>,
    ) -> Result<(), EvalError> {
        let mut row = 0;
        for constraint in self.model.constraints.iter() {
            let body = constraint.body;
            walk.for_each(constraint.domain, &mut |walk| {
                row += 1;
                self.go_on(body)?;
                each(walk, row - 1, body)
            })
            .map_err(|fault| failed(&fault))?;
        }
        Ok(())
    }

    /// Calls `each` with the terms of the weighted sum of objectives and rows; rows of weight 0 are skipped.
    #[allow(clippy::type_complexity)] // a closure over the walker, named nowhere else
    fn for_each_term(
        &self,
        walk: &mut Interp<'_, Tape>,
        sigma: &[f64],
        y: &[f64],
        each: &mut dyn FnMut(&mut Interp<'_, Tape>, NodeId, f64) -> Result<(), Fault>,
    ) -> Result<(), EvalError> {
        for (k, objective) in self.model.objectives.iter().enumerate() {
            let weight = sigma[k] * self.sign(k);
            let mut each = |walk: &mut Interp<'_, Tape>, node: NodeId, weight: f64| {
                self.go_on(node)?;
                each(walk, node, weight)
            };
            walk.for_each_term(objective.body, weight, &mut each).map_err(|fault| failed(&fault))?;
        }
        if y.is_empty() {
            return Ok(());
        }
        self.for_each_row(walk, &mut |walk, row, body| match y[row] {
            0.0 => Ok(()),
            weight => walk.for_each_term(body, weight, each),
        })
    }

    fn patterns(&self) -> (Pattern, Pattern) {
        let zero = vec![0.0; self.shape.n_vars];
        let mut rows = Entries::default();
        let mut walk = self.tape(Mode::Pattern, &zero);
        // A fault here comes again with values; the pattern of what could be walked serves until then.
        let _ = self.for_each_row(&mut walk, &mut |walk, row, body| {
            let from = walk.algebra.len();
            let out = walk.number(body)?;
            walk.algebra.seed(out, 1.0);
            walk.algebra.sweep_sparse(from);
            walk.algebra.take_gradient(|var, _| rows.push(var, row as u32));
            cut(walk, LONG_TAPE);
            Ok(())
        });
        let mut entries = Entries::default();
        let mut walk = self.tape(Mode::Pattern, &zero);
        let (sigma, y) = (vec![1.0; self.shape.n_objectives], vec![1.0; self.shape.n_cons]);
        let _ = self.for_each_term(&mut walk, &sigma, &y, &mut |walk, node, _| {
            let out = walk.number(node)?;
            walk.algebra.seed(out, 1.0);
            if walk.algebra.len() > LONG_TAPE {
                walk.algebra.sweep_second(0, &mut |i, j, _| entries.push(j, i));
                cut(walk, 0);
            }
            Ok(())
        });
        walk.algebra.sweep_second(0, &mut |i, j, _| entries.push(j, i));
        let n = self.shape.n_vars;
        (rows.pattern(self.shape.n_cons, n), entries.pattern(n, n))
    }

    fn both(&self) -> (&Pattern, &Pattern) {
        let (Some(jacobian), Some(hessian)) = (self.jacobian.get(), self.hessian.get()) else {
            let (jacobian, hessian) = self.patterns();
            return (self.jacobian.get_or_init(|| jacobian), self.hessian.get_or_init(|| hessian));
        };
        (jacobian, hessian)
    }
}

/// Operations on a tape before it is swept and cut.
const LONG_TAPE: usize = 1 << 15;

/// Forgets the tape when it is longer than `most`.
fn cut(walk: &mut Interp<'_, Tape>, most: usize) {
    if walk.algebra.len() > most {
        walk.algebra.take_gradient(|_, _| {});
        walk.algebra.truncate(0);
        walk.forget();
    }
}

/// Entries of a pattern in the making: column in the high half, row in the low half.
#[derive(Default)]
struct Entries {
    found: Vec<u64>,
    // Length after the last sorting.
    sorted: usize,
}

impl Entries {
    fn push(&mut self, col: u32, row: u32) {
        let entry = u64::from(col) << 32 | u64::from(row);
        if self.found.last() != Some(&entry) {
            self.found.push(entry);
        }
        if self.found.len() > 2 * self.sorted + (1 << 16) {
            self.sort();
        }
    }

    fn sort(&mut self) {
        self.found.sort_unstable();
        self.found.dedup();
        self.sorted = self.found.len();
    }

    fn pattern(mut self, n_rows: usize, n_cols: usize) -> Pattern {
        self.sort();
        let mut col_ptr = vec![0u32; n_cols + 1];
        for entry in &self.found {
            col_ptr[(entry >> 32) as usize + 1] += 1;
        }
        for j in 0..n_cols {
            col_ptr[j + 1] += col_ptr[j];
        }
        let row_idx = self.found.into_iter().map(|entry| entry as u32).collect();
        Pattern::new(n_rows, n_cols, col_ptr, row_idx).unwrap_or_else(|_| crate::bug!("sorted entries make a pattern"))
    }
}

fn failed(fault: &Fault) -> EvalError {
    EvalError::Failed(format!("the expression has no value: {:?}", fault.kind))
}

fn finite(value: f64, place: Place) -> Result<f64, EvalError> {
    if value.is_finite() { Ok(value) } else { Err(EvalError::NonFinite { place, value }) }
}

impl Oracle for Judge {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::SECOND_ORDER
    }

    fn workspace(&self) -> Workspace {
        Workspace::new(self.shape.n_vars, ())
    }

    fn objective(&self, ws: &mut Workspace, k: usize) -> Result<f64, EvalError> {
        let Some(objective) = self.model.objectives.iter().nth(k) else { return Ok(0.0) };
        self.go_on(objective.body).map_err(|fault| failed(&fault))?;
        let algebra = Plain { x: ws.x() };
        let mut walk = Interp::new(&self.model, self.env.as_ref(), &self.deps, algebra);
        let value = walk.number(objective.body).map_err(|fault| failed(&fault))?;
        finite(self.sign(k) * value, Place::Objective(k as u32))
    }

    fn gradient(&self, ws: &mut Workspace, sigma: &[f64], g: &mut [f64]) -> Result<(), EvalError> {
        g.fill(0.0);
        let mut walk = self.tape(Mode::Values, ws.x());
        self.for_each_term(&mut walk, sigma, &[], &mut |walk, node, weight| {
            let out = walk.number(node)?;
            walk.algebra.seed(out, weight);
            if walk.algebra.len() > LONG_TAPE {
                walk.algebra.sweep(0);
                walk.algebra.take_gradient(|var, value| g[var as usize] += value);
                cut(walk, 0);
            }
            Ok(())
        })?;
        walk.algebra.sweep(0);
        walk.algebra.take_gradient(|var, value| g[var as usize] += value);
        crate::problem::oracle::check_finite(g, |j| Place::Gradient(j as u32))
    }

    fn constraints(&self, ws: &mut Workspace, c: &mut [f64]) -> Result<(), EvalError> {
        let mut walk = Interp::new(&self.model, self.env.as_ref(), &self.deps, Plain { x: ws.x() });
        self.for_each_row(&mut walk, &mut |walk, row, body| {
            c[row] = walk.number(body)?;
            Ok(())
        })?;
        crate::problem::oracle::check_finite(c, |i| Place::Constraint(i as u32))
    }

    fn jacobian_pattern(&self) -> &Pattern {
        self.both().0
    }

    fn jacobian(&self, ws: &mut Workspace, vals: &mut [f64]) -> Result<(), EvalError> {
        vals.fill(0.0);
        let pattern = self.jacobian_pattern();
        let mut walk = self.tape(Mode::Values, ws.x());
        self.for_each_row(&mut walk, &mut |walk, row, body| {
            let from = walk.algebra.len();
            let out = walk.number(body)?;
            walk.algebra.seed(out, 1.0);
            walk.algebra.sweep_sparse(from);
            walk.algebra.take_gradient(|var, value| {
                if let Some(slot) = pattern.slot(row, var as usize) {
                    vals[slot] = value;
                }
            });
            cut(walk, LONG_TAPE);
            Ok(())
        })?;
        let place = |row, var| Place::Jacobian { row, var };
        crate::problem::oracle::check_finite_entries(pattern, vals, place)
    }

    fn hessian_pattern(&self) -> &Pattern {
        self.both().1
    }

    fn hessian(&self, ws: &mut Workspace, sigma: &[f64], y: &[f64], vals: &mut [f64]) -> Result<(), EvalError> {
        vals.fill(0.0);
        let pattern = self.hessian_pattern();
        let mut walk = self.tape(Mode::Values, ws.x());
        let mut add = |i: u32, j: u32, value: f64| {
            if let Some(slot) = pattern.slot(i as usize, j as usize) {
                vals[slot] += value;
            }
        };
        self.for_each_term(&mut walk, sigma, y, &mut |walk, node, weight| {
            let out = walk.number(node)?;
            walk.algebra.seed(out, weight);
            if walk.algebra.len() > LONG_TAPE {
                walk.algebra.sweep_second(0, &mut add);
                cut(walk, 0);
            }
            Ok(())
        })?;
        walk.algebra.sweep_second(0, &mut add);
        let place = |row, col| Place::Hessian { row, col };
        crate::problem::oracle::check_finite_entries(pattern, vals, place)
    }
}
