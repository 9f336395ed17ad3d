//! The problem as solvers see it: functions and derivatives at a point.
//!
//! An [`Oracle`] is shared (`Arc`, `Send + Sync`); each thread brings its own [`Workspace`], sets a point once and
//! asks for what it needs there. Oracles may keep work of one point in the workspace, keyed by its stamp.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::shape::Shape;
use crate::base::Interval;
use crate::num::sparse::Pattern;
use crate::num::vmath;

/// What an oracle can do, and what a method needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Capabilities {
    /// Gradients of the objectives.
    pub gradient: bool,
    /// The sparse Jacobian of the rows.
    pub jacobian: bool,
    /// The sparse Hessian of the Lagrangian.
    pub hessian: bool,
    /// Products with the Hessian of the Lagrangian without forming it.
    pub hvp: bool,
    /// Restriction to part of a batch axis.
    pub rows: bool,
    /// Many points at once.
    pub population: bool,
    /// Enclosures of objectives and rows over a box.
    pub enclose: bool,
}

impl Capabilities {
    /// Values only.
    pub const VALUES: Self = Self {
        gradient: false,
        jacobian: false,
        hessian: false,
        hvp: false,
        rows: false,
        population: false,
        enclose: false,
    };
    /// Values, gradients and the Jacobian.
    pub const FIRST_ORDER: Self = Self { gradient: true, jacobian: true, ..Self::VALUES };
    /// Values, gradients, the Jacobian and the Hessian.
    pub const SECOND_ORDER: Self = Self { hessian: true, ..Self::FIRST_ORDER };

    /// The first thing in `needs` that is not offered here, in words.
    pub fn missing(&self, needs: &Self) -> Option<&'static str> {
        let rows: [(bool, bool, &'static str); 7] = [
            (self.gradient, needs.gradient, "gradients"),
            (self.jacobian, needs.jacobian, "a Jacobian"),
            (self.hessian, needs.hessian, "a Hessian"),
            (self.hvp, needs.hvp, "Hessian-vector products"),
            (self.rows, needs.rows, "mini-batches"),
            (self.population, needs.population, "evaluation of many points at once"),
            (self.enclose, needs.enclose, "interval enclosures"),
        ];
        rows.into_iter().find(|&(has, wants, _)| wants && !has).map(|(_, _, name)| name)
    }
}

/// Which instances of a batch axis enter sums over it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Rows {
    /// The whole axis.
    #[default]
    All,
    /// A contiguous part.
    Range(Range<u32>),
    /// Chosen instances, in this order.
    List(Arc<[u32]>),
}

/// The part of the problem that could not be evaluated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Place {
    /// Objective by number.
    Objective(u32),
    /// Constraint row by number.
    Constraint(u32),
    /// Entry of the gradient, by variable.
    Gradient(u32),
    /// Entry of the Jacobian.
    Jacobian {
        /// Constraint row.
        row: u32,
        /// Variable.
        var: u32,
    },
    /// Entry of the Hessian.
    Hessian {
        /// Row variable.
        row: u32,
        /// Column variable.
        col: u32,
    },
}

/// Why an evaluation gave no answer. Solvers treat it as a failed step; the driver replays it for the user.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum EvalError {
    /// A value is NaN or infinite.
    #[error("{place:?} is {value}")]
    NonFinite {
        /// What was evaluated.
        place: Place,
        /// The value found.
        value: f64,
    },
    /// The oracle does not offer this; [`Oracle::capabilities`] says so beforehand.
    #[error("{0} is not available")]
    Unsupported(&'static str),
    /// An evaluation outside optc failed (a closure, a black box).
    #[error("{0}")]
    Failed(String),
}

/// What one thread needs to evaluate an oracle: the point, its stamp, and the oracle's own memory.
pub struct Workspace {
    x: Vec<f64>,
    stamp: u64,
    rows: Rows,
    scratch: Box<dyn Any + Send>,
    /// Values of a matrix whose product is asked for.
    matrix: Vec<f64>,
}

impl Workspace {
    /// For points of length `n_vars`, with the oracle's own memory.
    pub fn new(n_vars: usize, scratch: impl Any + Send) -> Self {
        Self { x: vec![0.0; n_vars], stamp: 0, rows: Rows::All, scratch: Box::new(scratch), matrix: Vec::new() }
    }

    /// Moves to the point `x` (length `n_vars`).
    pub fn set_point(&mut self, x: &[f64]) {
        self.x.copy_from_slice(x);
        self.stamp += 1;
    }

    /// Restricts sums over the batch axis from here on. Only for oracles with the `rows` capability.
    pub fn set_rows(&mut self, rows: Rows) {
        self.rows = rows;
        self.stamp += 1;
    }

    /// The point.
    pub fn x(&self) -> &[f64] {
        &self.x
    }

    /// Changes whenever the point or the restriction does; 0 before the first point.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// The restriction of the batch axis.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The oracle's own memory, which must be of the type given to [`Workspace::new`].
    pub fn scratch<T: Any>(&self) -> &T {
        self.scratch.downcast_ref::<T>().expect("a workspace is used with the oracle that made it")
    }

    /// The point and the oracle's own memory, which must be of the type given to [`Workspace::new`].
    pub fn parts<T: Any>(&mut self) -> (&[f64], &mut T) {
        let scratch = self.scratch.downcast_mut::<T>().expect("a workspace is used with the oracle that made it");
        (&self.x, scratch)
    }

    /// Calls `with` with a vector of length `len` whose content means nothing; it is allocated once.
    fn with_matrix<T>(&mut self, len: usize, with: impl FnOnce(&mut Self, &mut [f64]) -> T) -> T {
        let mut matrix = std::mem::take(&mut self.matrix);
        if matrix.len() < len {
            matrix.resize(len, 0.0);
        }
        let result = with(self, &mut matrix[..len]);
        self.matrix = matrix;
        result
    }
}

/// A compiled problem: `min f(x)` subject to bounds on rows `c(x)` and on `x`. Signs: see [`super`].
///
/// All functions speak of the point last given to [`Workspace::set_point`]. Outputs are overwritten, not added to,
/// also when an error is returned (then their content means nothing). Every value returned with `Ok` is finite.
pub trait Oracle: Send + Sync {
    /// Sizes, bounds, start, structure.
    fn shape(&self) -> &Shape;

    /// What this oracle offers beyond values.
    fn capabilities(&self) -> Capabilities;

    /// Memory for one thread.
    fn workspace(&self) -> Workspace;

    /// Value of objective `k`, minimised.
    ///
    /// # Errors
    /// [`EvalError::NonFinite`] when it is not a number here.
    fn objective(&self, ws: &mut Workspace, k: usize) -> Result<f64, EvalError>;

    /// Values of all objectives; `f` has length `n_objectives`.
    ///
    /// # Errors
    /// The first objective that is not a number here.
    fn objectives(&self, ws: &mut Workspace, f: &mut [f64]) -> Result<(), EvalError> {
        for (k, f_k) in f.iter_mut().enumerate() {
            *f_k = self.objective(ws, k)?;
        }
        Ok(())
    }

    /// Gradient of `sigma' f`; `sigma` has length `n_objectives`, `g` has length `n_vars`.
    ///
    /// # Errors
    /// The first entry that is not a number here.
    fn gradient(&self, ws: &mut Workspace, sigma: &[f64], g: &mut [f64]) -> Result<(), EvalError>;

    /// Values of the rows; `c` has length `n_cons`.
    ///
    /// # Errors
    /// The first row that is not a number here.
    fn constraints(&self, ws: &mut Workspace, c: &mut [f64]) -> Result<(), EvalError>;

    /// Where the Jacobian may be nonzero: `n_cons` by `n_vars`, compressed columns.
    fn jacobian_pattern(&self) -> &Pattern;

    /// Values of the Jacobian in the order of [`Oracle::jacobian_pattern`].
    ///
    /// # Errors
    /// The first entry that is not a number here.
    fn jacobian(&self, ws: &mut Workspace, vals: &mut [f64]) -> Result<(), EvalError>;

    /// Where the Hessian of the Lagrangian may be nonzero: lower triangle, compressed columns, `n_vars` square.
    fn hessian_pattern(&self) -> &Pattern;

    /// Values of the Hessian of `sigma' f + y' c`, lower triangle, in the order of [`Oracle::hessian_pattern`].
    ///
    /// `sigma` has length `n_objectives`, `y` has length `n_cons`.
    ///
    /// # Errors
    /// The first entry that is not a number here, or [`EvalError::Unsupported`].
    fn hessian(&self, ws: &mut Workspace, sigma: &[f64], y: &[f64], vals: &mut [f64]) -> Result<(), EvalError>;

    /// `out = H v` with the Hessian of `sigma' f + y' c`; `v` and `out` have length `n_vars`.
    ///
    /// The default forms the Hessian; oracles with the `hvp` capability do not.
    ///
    /// # Errors
    /// As [`Oracle::hessian`].
    fn hvp(&self, ws: &mut Workspace, sigma: &[f64], y: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        self.hvp_by_matrix(ws, sigma, y, v, out)
    }

    /// [`Oracle::hvp`] by the Hessian itself: what the default does, for oracles that can do better only at times.
    ///
    /// # Errors
    /// As [`Oracle::hessian`].
    fn hvp_by_matrix(
        &self,
        ws: &mut Workspace,
        sigma: &[f64],
        y: &[f64],
        v: &[f64],
        out: &mut [f64],
    ) -> Result<(), EvalError> {
        ws.with_matrix(self.hessian_pattern().nnz(), |ws, vals| {
            self.hessian(ws, sigma, y, vals)?;
            out.fill(0.0);
            self.hessian_pattern().mul_symmetric_add(vals, 1.0, v, out);
            Ok(())
        })
    }

    /// `out = J v`; `v` has length `n_vars`, `out` has length `n_cons`.
    ///
    /// The default forms the Jacobian.
    ///
    /// # Errors
    /// As [`Oracle::jacobian`].
    fn jv(&self, ws: &mut Workspace, v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        self.jv_by_matrix(ws, v, out)
    }

    /// [`Oracle::jv`] by the Jacobian itself: what the default does, for oracles that can do better only at times.
    ///
    /// # Errors
    /// As [`Oracle::jacobian`].
    fn jv_by_matrix(&self, ws: &mut Workspace, v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        ws.with_matrix(self.jacobian_pattern().nnz(), |ws, vals| {
            self.jacobian(ws, vals)?;
            out.fill(0.0);
            self.jacobian_pattern().mul_add(vals, 1.0, v, out);
            Ok(())
        })
    }

    /// `out = Jᵀ y`; `y` has length `n_cons`, `out` has length `n_vars`.
    ///
    /// The default forms the Jacobian.
    ///
    /// # Errors
    /// As [`Oracle::jacobian`].
    fn jtv(&self, ws: &mut Workspace, y: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        self.jtv_by_matrix(ws, y, out)
    }

    /// [`Oracle::jtv`] by the Jacobian itself: what the default does, for oracles that can do better only at times.
    ///
    /// # Errors
    /// As [`Oracle::jacobian`].
    fn jtv_by_matrix(&self, ws: &mut Workspace, y: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        ws.with_matrix(self.jacobian_pattern().nnz(), |ws, vals| {
            self.jacobian(ws, vals)?;
            out.fill(0.0);
            self.jacobian_pattern().mul_transposed_add(vals, 1.0, y, out);
            Ok(())
        })
    }

    /// Length of the batch axis that [`Rows`] speak of, when there is one.
    fn batch_len(&self) -> Option<usize> {
        None
    }

    /// Objectives and rows of many points: `points` holds them one after the other, `f` and `c` their values likewise.
    ///
    /// Values that are not numbers come back as NaN; one bad point does not spoil the others. The default is a loop.
    ///
    /// # Errors
    /// Only failures that concern every point.
    fn population(&self, ws: &mut Workspace, points: &[f64], f: &mut [f64], c: &mut [f64]) -> Result<(), EvalError> {
        let (n, k, m) = (self.shape().n_vars, self.shape().n_objectives, self.shape().n_cons);
        let n_points = points.len().checked_div(n).unwrap_or(0);
        for p in 0..n_points {
            ws.set_point(&points[p * n..(p + 1) * n]);
            let (f_p, c_p) = (&mut f[p * k..(p + 1) * k], &mut c[p * m..(p + 1) * m]);
            if self.objectives(ws, f_p).is_err() {
                f_p.fill(f64::NAN);
            }
            if self.constraints(ws, c_p).is_err() {
                c_p.fill(f64::NAN);
            }
        }
        Ok(())
    }

    /// Enclosures of objectives and rows over the box `x` (length `n_vars`).
    ///
    /// # Errors
    /// [`EvalError::Unsupported`] without the `enclose` capability.
    fn enclose(&self, x: &[Interval], f: &mut [Interval], c: &mut [Interval]) -> Result<(), EvalError> {
        let _ = (x, f, c);
        Err(EvalError::Unsupported("an interval enclosure"))
    }
}

/// What of the lengths and patterns an oracle speaks of does not fit its sizes; `None` when all does.
pub fn contradiction(oracle: &dyn Oracle) -> Option<String> {
    let shape = oracle.shape();
    if let Some(wrong) = shape.contradiction() {
        return Some(wrong);
    }
    let (n, m) = (shape.n_vars, shape.n_cons);
    let offers = oracle.capabilities();
    let patterns = [
        ("Jacobian", offers.jacobian.then(|| oracle.jacobian_pattern()), (m, n)),
        ("Hessian", offers.hessian.then(|| oracle.hessian_pattern()), (n, n)),
    ];
    for (what, pattern, (rows, cols)) in patterns {
        let Some(pattern) = pattern else { continue };
        let (found_rows, found_cols) = (pattern.n_rows(), pattern.n_cols());
        if (found_rows, found_cols) != (rows, cols) {
            return Some(format!(
                "the pattern of the {what} is {found_rows} by {found_cols}, and not {rows} by {cols}"
            ));
        }
        if what == "Hessian" && pattern.entries().any(|(_, i, j)| i < j) {
            return Some("the pattern of the Hessian has entries above its diagonal".into());
        }
    }
    None
}

/// `Ok` when all `values` are finite, else the error at the first that is not.
///
/// # Errors
/// [`EvalError::NonFinite`] at `place(index)`.
pub fn check_finite(values: &[f64], place: impl Fn(usize) -> Place) -> Result<(), EvalError> {
    if vmath::block::all_finite(values) {
        return Ok(());
    }
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(at) => Err(EvalError::NonFinite { place: place(at), value: values[at] }),
    }
}

/// As [`check_finite`] for values in the order of `pattern`, with `place(row, column)`.
///
/// # Errors
/// [`EvalError::NonFinite`] at the entry.
pub fn check_finite_entries(
    pattern: &Pattern,
    values: &[f64],
    place: impl Fn(u32, u32) -> Place,
) -> Result<(), EvalError> {
    check_finite(values, |slot| {
        let col = pattern.col_ptr().partition_point(|&start| start as usize <= slot) - 1;
        place(pattern.row_idx()[slot], col as u32)
    })
}
