//! A problem made of Rust closures: the seam for embedders who bring their own functions.
//!
//! ```
//! use optc::problem::{ClosureOracle, Oracle};
//!
//! let rosenbrock = ClosureOracle::new(2, |x| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2))
//!     .start(&[-1.2, 1.0])
//!     .gradient(|x, g| {
//!         let r = x[1] - x[0] * x[0];
//!         g[0] = -2.0 * (1.0 - x[0]) - 400.0 * x[0] * r;
//!         g[1] = 200.0 * r;
//!     });
//! assert!(rosenbrock.capabilities().gradient);
//! ```

use super::oracle::{Capabilities, EvalError, Oracle, Place, Workspace, check_finite, check_finite_entries};
use super::shape::{Bounds, Sense, Shape};
use crate::num::sparse::Pattern;

type Value = Box<dyn Fn(&[f64]) -> f64 + Send + Sync>;
type Values = Box<dyn Fn(&[f64], &mut [f64]) + Send + Sync>;
type Hessian = Box<dyn Fn(&[f64], f64, &[f64], &mut [f64]) + Send + Sync>;
type Product = Box<dyn Fn(&[f64], &[f64], &mut [f64]) + Send + Sync>;
type HessianProduct = Box<dyn Fn(&[f64], f64, &[f64], &[f64], &mut [f64]) + Send + Sync>;

/// One objective and rows given by closures. Values that are not finite become [`EvalError`]s.
///
/// Closures are called with slices of the lengths that are documented. Slices that are given here with other lengths, and
/// patterns of other sizes, are found before a solve begins ([`contradiction`](super::oracle::contradiction)); an
/// oracle that is evaluated in spite of them, or at points of another length, panics.
pub struct ClosureOracle {
    shape: Shape,
    objective: Value,
    gradient: Option<Values>,
    constraints: Option<Values>,
    jacobian: Option<Values>,
    jacobian_pattern: Pattern,
    hessian: Option<Hessian>,
    hessian_pattern: Pattern,
    hvp: Option<HessianProduct>,
    jv: Option<Product>,
    jtv: Option<Product>,
}

impl ClosureOracle {
    /// `min objective(x)` over `n_vars` free variables, from 0. `objective` takes a slice of length `n_vars`.
    pub fn new(n_vars: usize, objective: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) -> Self {
        Self {
            shape: Shape::unconstrained(n_vars),
            objective: Box::new(objective),
            gradient: None,
            constraints: None,
            jacobian: None,
            jacobian_pattern: Pattern::empty(0, n_vars),
            hessian: None,
            hessian_pattern: Pattern::empty(n_vars, n_vars),
            hvp: None,
            jv: None,
            jtv: None,
        }
    }

    /// `n_residuals` residuals of `n_vars` free parameters, from 0, as the rows of a fit; `residuals` fills a slice of
    /// their number. There is no objective to speak of: the sum over the rows is what a fit minimises.
    pub fn residuals(
        n_vars: usize,
        n_residuals: usize,
        residuals: impl Fn(&[f64], &mut [f64]) + Send + Sync + 'static,
    ) -> Self {
        let free = vec![f64::INFINITY; n_residuals];
        let below: Vec<f64> = free.iter().map(|end| -end).collect();
        Self::new(n_vars, |_| 0.0).constraints(&below, &free, residuals)
    }

    /// Starts at `x`, of length `n_vars`.
    #[must_use]
    pub fn start(mut self, x: &[f64]) -> Self {
        self.shape.start = x.to_vec();
        self
    }

    /// Bounds of the variables, each of length `n_vars`, infinite where absent.
    #[must_use]
    pub fn bounds(mut self, lower: &[f64], upper: &[f64]) -> Self {
        self.shape.vars = Bounds { lower: lower.to_vec(), upper: upper.to_vec() };
        self
    }

    /// Reports the objective as maximised; the closure still gives the value to be minimised.
    #[must_use]
    pub fn maximised(mut self) -> Self {
        self.shape.senses = vec![Sense::Maximize];
        self
    }

    /// The gradient: the second slice, of length `n_vars`, is to be filled.
    #[must_use]
    pub fn gradient(mut self, gradient: impl Fn(&[f64], &mut [f64]) + Send + Sync + 'static) -> Self {
        self.gradient = Some(Box::new(gradient));
        self
    }

    /// Rows `lower <= c(x) <= upper`; the closure fills a slice of their number. The Jacobian is empty until
    /// [`ClosureOracle::jacobian`] says otherwise.
    #[must_use]
    pub fn constraints(
        mut self,
        lower: &[f64],
        upper: &[f64],
        constraints: impl Fn(&[f64], &mut [f64]) + Send + Sync + 'static,
    ) -> Self {
        let n_cons = lower.len();
        self.shape.n_cons = n_cons;
        self.shape.rows = Bounds { lower: lower.to_vec(), upper: upper.to_vec() };
        self.shape.linear_rows = vec![false; n_cons];
        self.constraints = Some(Box::new(constraints));
        self.jacobian_pattern = Pattern::empty(n_cons, self.shape.n_vars);
        self
    }

    /// The Jacobian: `pattern` is `n_cons` by `n_vars`, the closure fills its values.
    #[must_use]
    pub fn jacobian(mut self, pattern: Pattern, jacobian: impl Fn(&[f64], &mut [f64]) + Send + Sync + 'static) -> Self {
        self.jacobian_pattern = pattern;
        self.jacobian = Some(Box::new(jacobian));
        self
    }

    /// The Hessian of `sigma f + y' c`: `pattern` is its lower triangle, the closure takes `x`, `sigma`, `y` and
    /// fills its values.
    #[must_use]
    pub fn hessian(
        mut self,
        pattern: Pattern,
        hessian: impl Fn(&[f64], f64, &[f64], &mut [f64]) + Send + Sync + 'static,
    ) -> Self {
        self.hessian_pattern = pattern;
        self.hessian = Some(Box::new(hessian));
        self
    }

    /// `out = H v` with the Hessian of `sigma f + y' c`, without the matrix: the closure takes `x`, `sigma`, `y`, `v` and
    /// fills `out`, of length `n_vars`.
    #[must_use]
    pub fn hessian_times(
        mut self,
        product: impl Fn(&[f64], f64, &[f64], &[f64], &mut [f64]) + Send + Sync + 'static,
    ) -> Self {
        self.hvp = Some(Box::new(product));
        self
    }

    /// `out = J v`, without the matrix: the closure takes `x`, `v` of length `n_vars`, and fills `out`, of length `n_cons`.
    #[must_use]
    pub fn jacobian_times(mut self, product: impl Fn(&[f64], &[f64], &mut [f64]) + Send + Sync + 'static) -> Self {
        self.jv = Some(Box::new(product));
        self
    }

    /// `out = Jᵀ y`, without the matrix: the closure takes `x`, `y` of length `n_cons`, and fills `out`, of length `n_vars`.
    #[must_use]
    pub fn jacobian_transposed_times(
        mut self,
        product: impl Fn(&[f64], &[f64], &mut [f64]) + Send + Sync + 'static,
    ) -> Self {
        self.jtv = Some(Box::new(product));
        self
    }

    /// Whether its shape says that everything in it is linear.
    fn is_linear(&self) -> bool {
        self.shape.linear_rows.iter().all(|&l| l) && self.shape.linear_objectives.iter().all(|&l| l)
    }

    /// Changes what the builder does not cover: linear rows, integer flags.
    #[must_use]
    pub fn with_shape(mut self, change: impl FnOnce(&mut Shape)) -> Self {
        change(&mut self.shape);
        self
    }
}

impl Oracle for ClosureOracle {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            gradient: self.gradient.is_some(),
            jacobian: self.jacobian.is_some() || self.shape.n_cons == 0,
            hessian: self.hessian.is_some() || self.is_linear(),
            hvp: self.hvp.is_some(),
            ..Capabilities::VALUES
        }
    }

    fn workspace(&self) -> Workspace {
        Workspace::new(self.shape.n_vars, ())
    }

    fn objective(&self, ws: &mut Workspace, k: usize) -> Result<f64, EvalError> {
        let value = (self.objective)(ws.x());
        check_finite(&[value], |_| Place::Objective(k as u32)).map(|()| value)
    }

    fn gradient(&self, ws: &mut Workspace, sigma: &[f64], g: &mut [f64]) -> Result<(), EvalError> {
        let weight = sigma.first().copied().unwrap_or(0.0);
        match &self.gradient {
            _ if weight == 0.0 => g.fill(0.0),
            None => return Err(EvalError::Unsupported("a gradient")),
            Some(gradient) => {
                gradient(ws.x(), g);
                g.iter_mut().for_each(|g_j| *g_j *= weight);
            }
        }
        check_finite(g, |j| Place::Gradient(j as u32))
    }

    fn constraints(&self, ws: &mut Workspace, c: &mut [f64]) -> Result<(), EvalError> {
        if let Some(constraints) = &self.constraints {
            constraints(ws.x(), c);
        }
        check_finite(c, |i| Place::Constraint(i as u32))
    }

    fn jacobian_pattern(&self) -> &Pattern {
        &self.jacobian_pattern
    }

    fn jacobian(&self, ws: &mut Workspace, vals: &mut [f64]) -> Result<(), EvalError> {
        match &self.jacobian {
            None if self.shape.n_cons == 0 => {}
            None => return Err(EvalError::Unsupported("a Jacobian")),
            Some(jacobian) => jacobian(ws.x(), vals),
        }
        check_finite_entries(&self.jacobian_pattern, vals, |row, var| Place::Jacobian { row, var })
    }

    fn hessian_pattern(&self) -> &Pattern {
        &self.hessian_pattern
    }

    fn hessian(&self, ws: &mut Workspace, sigma: &[f64], y: &[f64], vals: &mut [f64]) -> Result<(), EvalError> {
        match &self.hessian {
            // It is 0 everywhere.
            None if self.is_linear() => vals.fill(0.0),
            None => return Err(EvalError::Unsupported("a Hessian")),
            Some(hessian) => hessian(ws.x(), sigma.first().copied().unwrap_or(0.0), y, vals),
        }
        check_finite_entries(&self.hessian_pattern, vals, |row, col| Place::Hessian { row, col })
    }

    fn hvp(&self, ws: &mut Workspace, sigma: &[f64], y: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        let Some(product) = &self.hvp else { return self.hvp_by_matrix(ws, sigma, y, v, out) };
        product(ws.x(), sigma.first().copied().unwrap_or(0.0), y, v, out);
        check_finite(out, |j| Place::Gradient(j as u32))
    }

    fn jv(&self, ws: &mut Workspace, v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        let Some(product) = &self.jv else { return self.jv_by_matrix(ws, v, out) };
        product(ws.x(), v, out);
        check_finite(out, |i| Place::Constraint(i as u32))
    }

    fn jtv(&self, ws: &mut Workspace, y: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        let Some(product) = &self.jtv else { return self.jtv_by_matrix(ws, y, out) };
        product(ws.x(), y, out);
        check_finite(out, |j| Place::Gradient(j as u32))
    }
}
