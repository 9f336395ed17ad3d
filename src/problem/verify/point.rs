//! Everything the judge computes at one point: values, derivatives, residuals.

use super::tolerance::{COMPLEMENTARITY, INTEGRALITY, PRICE, RESOLUTION, STATIONARITY, violation_at};
use super::whole_point;
use crate::num::dense::{all_finite, clamp};
use crate::problem::candidate::Candidate;
use crate::problem::oracle::{EvalError, Oracle, Workspace};
use crate::problem::shape::{Bounds, SecondOrder, Shape};
use crate::problem::verdict::{Site, Worst};

/// An oracle at a point, with what was evaluated there.
pub struct At<'a> {
    pub oracle: &'a dyn Oracle,
    pub workspace: Workspace,
    pub x: &'a [f64],
    pub c: Vec<f64>,
    pub gradient: Vec<f64>,
    pub jacobian: Vec<f64>,
    /// Whether a kink of `|x[j]|` holds variable `j` at 0; empty without such terms.
    pub held_by_kink: Vec<bool>,
    /// What rounding of the point does to each entry of the gradient of the Lagrangian; empty until asked for.
    pub resolution: Vec<f64>,
}

impl<'a> At<'a> {
    /// Evaluates the rows.
    pub fn new(oracle: &'a dyn Oracle, x: &'a [f64]) -> Result<Self, EvalError> {
        let shape = oracle.shape();
        if x.len() != shape.n_vars || !all_finite(x) {
            return Err(whole_point());
        }
        let mut workspace = oracle.workspace();
        workspace.set_point(x);
        let mut c = vec![0.0; shape.n_cons];
        oracle.constraints(&mut workspace, &mut c)?;
        let none = Vec::new;
        Ok(Self {
            oracle,
            workspace,
            x,
            c,
            gradient: none(),
            jacobian: none(),
            held_by_kink: Vec::new(),
            resolution: none(),
        })
    }

    pub fn shape(&self) -> &'a Shape {
        self.oracle.shape()
    }

    /// First objective; `None` when there is none.
    pub fn objective(&mut self) -> Result<Option<f64>, EvalError> {
        if self.shape().n_objectives == 0 {
            return Ok(None);
        }
        let smooth = self.oracle.objective(&mut self.workspace, 0)?;
        Ok(Some(smooth + self.shape().l1_term(self.x)))
    }

    /// Evaluates gradient and Jacobian. Beside absolute values the gradient is the subgradient of least length.
    pub fn differentiate(&mut self) -> Result<(), EvalError> {
        let offers = self.oracle.capabilities();
        if !offers.gradient || (self.shape().n_cons > 0 && !offers.jacobian) {
            return Err(EvalError::Unsupported("a derivative"));
        }
        self.gradient = vec![0.0; self.shape().n_vars];
        let sigma = self.shape().first_objective();
        self.oracle.gradient(&mut self.workspace, &sigma, &mut self.gradient)?;
        self.add_subgradient();
        self.differentiate_rows()
    }

    /// `g[j] + w[j] sign(x[j])`; at `x[j] = 0` the number of `g[j] + w[j] [-1, 1]` nearest to 0.
    fn add_subgradient(&mut self) {
        let l1 = &self.shape().l1;
        self.held_by_kink = l1.iter().zip(&self.gradient).map(|(w, g)| g.abs() < *w).collect();
        for (j, &w) in l1.iter().enumerate() {
            let (x, g) = (self.x[j], self.gradient[j]);
            self.held_by_kink[j] &= x == 0.0;
            self.gradient[j] = if x == 0.0 { g - clamp(g, -w, w) } else { g + w * x.signum() };
        }
    }

    /// Evaluates the Jacobian alone.
    pub fn differentiate_rows(&mut self) -> Result<(), EvalError> {
        self.jacobian = vec![0.0; self.oracle.jacobian_pattern().nnz()];
        if self.shape().n_cons > 0 {
            self.oracle.jacobian(&mut self.workspace, &mut self.jacobian)?;
        }
        Ok(())
    }

    pub fn is_linear(&self) -> bool {
        self.shape().linear_rows.iter().all(|&l| l) && self.shape().linear_objectives.iter().all(|&l| l)
    }

    /// The violation furthest beyond what is allowed, of rows and bounds.
    pub fn worst_violation(&self) -> Option<Worst<Site>> {
        worst(self.violations())
    }

    /// All violations: of single rows, of cones at their heads, of bounds.
    pub fn violations(&self) -> impl Iterator<Item = Worst<Site>> {
        let shape = self.shape();
        let inside = shape.rows_of_cones();
        let single = (0..shape.n_cons).filter(move |&i| !inside[i]);
        let rows = single.map(|i| (Site::Row(i as u32), violation(&shape.rows, i, self.c[i])));
        let cones = shape.cones.iter().map(|cone| {
            let length = cone.length(&self.c);
            (Site::Row(cone.head), ((length - cone_slack(self, cone)).max(0.0), violation_at(length)))
        });
        let rows = rows.chain(cones);
        let vars = (0..shape.n_vars).map(|j| (Site::Var(j as u32), violation(&shape.vars, j, self.x[j])));
        rows.chain(vars).map(|(at, (value, allowed))| Worst { value, allowed, at })
    }

    /// The largest distance from an integer.
    pub fn worst_integrality(&self) -> Option<Worst<Site>> {
        let integer = |j: &usize| self.shape().integer[*j];
        worst((0..self.shape().n_vars).filter(integer).map(|j| {
            let value = (self.x[j] - self.x[j].round()).abs();
            Worst { value, allowed: INTEGRALITY, at: Site::Var(j as u32) }
        }))
    }

    /// Finds what rounding of the point does to the gradient of the Lagrangian with multipliers `y`, to first order;
    /// nothing without a Hessian.
    pub fn resolve(&mut self, y: &[f64]) {
        if !self.oracle.capabilities().hessian {
            return;
        }
        let sigma = self.shape().first_objective();
        let pattern = self.oracle.hessian_pattern();
        let mut hessian = vec![0.0; pattern.nnz()];
        if self.oracle.hessian(&mut self.workspace, &sigma, y, &mut hessian).is_err() {
            return;
        }
        let sizes: Vec<f64> = self.x.iter().map(|x| RESOLUTION * x.abs()).collect();
        hessian.iter_mut().for_each(|h| *h = h.abs());
        self.resolution = vec![0.0; self.x.len()];
        pattern.mul_symmetric_add(&hessian, 1.0, &sizes, &mut self.resolution);
    }

    /// The sums of sizes in `J' y`: what rounding of its entries is measured by.
    pub fn terms(&self, y: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.shape().n_vars];
        for (k, i, j) in self.oracle.jacobian_pattern().entries() {
            out[j] += (self.jacobian[k] * y[i]).abs();
        }
        out
    }

    /// `J' y`.
    pub fn jtv(&self, y: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.shape().n_vars];
        self.oracle.jacobian_pattern().mul_transposed_add(&self.jacobian, 1.0, y, &mut out);
        out
    }
}

/// Violation of interval `i` and what is allowed there.
fn violation(bounds: &Bounds, i: usize, value: f64) -> (f64, f64) {
    let excess = bounds.excess(i, value);
    let bound = if excess > 0.0 { bounds.upper[i] } else { bounds.lower[i] };
    let allowed = if bound.is_finite() { violation_at(bound) } else { violation_at(0.0) };
    (excess.abs(), allowed)
}

/// The most that the entries of a cone may be long together.
fn cone_slack(at: &At<'_>, cone: &SecondOrder) -> f64 {
    let head = cone.head as usize;
    at.shape().rows.upper[head] - at.c[head]
}

/// The entry largest relative to what is allowed there; the first of equals.
pub fn worst(entries: impl Iterator<Item = Worst<Site>>) -> Option<Worst<Site>> {
    let mut found: Option<Worst<Site>> = None;
    for entry in entries {
        let larger = |f: &Worst<Site>| !(entry.value / entry.allowed <= f.value / f.allowed);
        if found.as_ref().is_none_or(larger) {
            found = Some(entry);
        }
    }
    found
}

/// Multipliers in the signs of [`crate::problem`].
#[derive(Clone, Debug, Default)]
pub struct Multipliers {
    pub y: Vec<f64>,
    pub z_lower: Vec<f64>,
    pub z_upper: Vec<f64>,
}

impl Multipliers {
    /// The method's, when it has any. Missing bound multipliers follow from the gradient of the Lagrangian.
    pub fn given(at: &At<'_>, candidate: &Candidate) -> Option<Self> {
        let (n, m) = (at.shape().n_vars, at.shape().n_cons);
        let finite = |v: &[f64]| all_finite(v);
        if candidate.y.len() != m || !finite(&candidate.y) {
            return None;
        }
        let y = candidate.y.clone();
        if candidate.z_lower.len() == n && candidate.z_upper.len() == n {
            let (z_lower, z_upper) = (candidate.z_lower.clone(), candidate.z_upper.clone());
            return (finite(&z_lower) && finite(&z_upper)).then_some(Self { y, z_lower, z_upper });
        }
        Some(Self::with_bounds_from_gradient(at, y))
    }

    /// Bound multipliers that make the gradient of the Lagrangian vanish on active bounds.
    pub fn with_bounds_from_gradient(at: &At<'_>, y: Vec<f64>) -> Self {
        let vars = &at.shape().vars;
        let mut z_lower = at.jtv(&y);
        let mut z_upper = vec![0.0; z_lower.len()];
        for j in 0..z_lower.len() {
            let r = at.gradient[j] + z_lower[j];
            z_lower[j] = if is_near(at.x[j] - vars.lower[j], vars.lower[j]) { r.max(0.0) } else { 0.0 };
            z_upper[j] = if is_near(vars.upper[j] - at.x[j], vars.upper[j]) { (-r).max(0.0) } else { 0.0 };
        }
        Self { y, z_lower, z_upper }
    }
}

/// Whether a bound at this distance counts as active.
pub fn is_near(distance: f64, bound: f64) -> bool {
    distance <= violation_at(bound)
}

/// How far multipliers are from proving first-order optimality.
pub struct Residuals {
    pub stationarity: Option<Worst<Site>>,
    pub complementarity: Option<Worst<Site>>,
    pub price: Option<Worst<Site>>,
}

impl Residuals {
    /// `objective` is its value there.
    pub fn of(at: &At<'_>, multipliers: &Multipliers, objective: f64) -> Self {
        Self {
            stationarity: stationarity(at, multipliers),
            complementarity: complementarity(at, multipliers),
            price: price(at, multipliers, objective),
        }
    }

    pub fn hold(&self) -> bool {
        [&self.stationarity, &self.complementarity, &self.price]
            .into_iter()
            .all(|worst| worst.is_none_or(|w| w.holds()))
    }
}

/// Largest entry of `∇f + J' y - zl + zu`, relative to the multipliers and to the terms that cancel in it.
fn stationarity(at: &At<'_>, m: &Multipliers) -> Option<Worst<Site>> {
    let jty = at.jtv(&m.y);
    let allowed = gradient_allowed(at, m);
    worst((0..jty.len()).map(|j| {
        let value = (at.gradient[j] + jty[j] - m.z_lower[j] + m.z_upper[j]).abs();
        let rounding = at.resolution.get(j).copied().unwrap_or(0.0);
        Worst { value, allowed: allowed[j] + rounding, at: Site::Var(j as u32) }
    }))
}

/// What each entry of the gradient of the Lagrangian may be, rounding of the point apart.
///
/// Only both together are safe, the mean multiplier and the terms: one huge multiplier says nothing about the entries it does
/// not appear in, and the terms of an entry grow with the units of its variable.
pub fn gradient_allowed(at: &At<'_>, m: &Multipliers) -> Vec<f64> {
    let vars = &at.shape().vars;
    let finite = |ends: &[f64]| ends.iter().filter(|e| e.is_finite()).count();
    let count = m.y.len() + finite(&vars.lower) + finite(&vars.upper);
    let sum: f64 = [&m.y, &m.z_lower, &m.z_upper].into_iter().flatten().map(|v| v.abs()).sum();
    let mean = if count == 0 { 0.0 } else { sum / count as f64 };
    let mut terms: Vec<f64> = m.z_lower.iter().zip(&m.z_upper).map(|(l, u)| l.abs().max(u.abs())).collect();
    for (k, i, j) in at.oracle.jacobian_pattern().entries() {
        terms[j] = terms[j].max((at.jacobian[k] * m.y[i]).abs());
    }
    terms.into_iter().map(|terms| STATIONARITY * mean.min(terms).max(1.0)).collect()
}

/// Whether some variable has a cost that no multiplier answers, although following it would gain more than `most`: costs
/// below the absolute tolerance of stationarity matter where there is room.
pub fn cost_without_counterpart(at: &At<'_>, m: &Multipliers, most: f64) -> bool {
    let vars = &at.shape().vars;
    let jty = at.jtv(&m.y);
    (0..at.x.len()).any(|j| {
        let (cost, left) = (at.gradient[j], at.gradient[j] + jty[j] - m.z_lower[j] + m.z_upper[j]);
        let room = if left > 0.0 { at.x[j] - vars.lower[j] } else { vars.upper[j] - at.x[j] };
        left.abs() > 0.5 * cost.abs() && cost != 0.0 && left.abs() * room.max(0.0) > most
    })
}

/// What the violations are worth: each times its multiplier, all together. To first order this is how much better than the
/// optimum the objective may be, because the point is outside; where no constraint qualification holds, multipliers grow
/// as violations shrink, and this alone tells such a point from an optimum. It stands at the largest.
fn price(at: &At<'_>, m: &Multipliers, objective: f64) -> Option<Worst<Site>> {
    let (rows, vars) = (&at.shape().rows, &at.shape().vars);
    let inside = at.shape().rows_of_cones();
    let single = (0..m.y.len()).filter(|&i| !inside[i]);
    let of_rows = single.map(|i| (m.y[i] * rows.excess(i, at.c[i]), Site::Row(i as u32)));
    let of_cones = at.shape().cones.iter().map(|cone| {
        let excess = (cone.length(&at.c) - cone_slack(at, cone)).max(0.0);
        (m.y[cone.head as usize] * excess, Site::Row(cone.head))
    });
    let of_rows = of_rows.chain(of_cones);
    let of_vars = (0..m.z_lower.len()).map(|j| {
        let excess = vars.excess(j, at.x[j]);
        (if excess > 0.0 { m.z_upper[j] } else { m.z_lower[j] } * excess, Site::Var(j as u32))
    });
    let (mut sum, mut largest) = (0.0, None::<(f64, Site)>);
    for (part, site) in of_rows.chain(of_vars).map(|(part, site)| (part.abs(), site)) {
        sum += part;
        if largest.is_none_or(|(most, _)| part > most) {
            largest = Some((part, site));
        }
    }
    largest.map(|(_, at)| Worst { value: sum, allowed: PRICE * objective.abs().max(1.0), at })
}

/// Largest product of a multiplier and its slack; a multiplier of wrong sign counts by its size, those of a cone by how far
/// they are outside of its dual.
fn complementarity(at: &At<'_>, m: &Multipliers) -> Option<Worst<Site>> {
    let product = |multiplier: f64, slack: f64| {
        if multiplier <= 0.0 {
            -multiplier
        } else if slack == f64::INFINITY {
            multiplier
        } else {
            multiplier * slack.max(0.0)
        }
    };
    let (rows, vars) = (&at.shape().rows, &at.shape().vars);
    let inside = at.shape().rows_of_cones();
    let of_cones = at.shape().cones.iter().map(|cone| {
        let head = m.y[cone.head as usize];
        let along: f64 = cone.tail.iter().map(|&i| m.y[i as usize] * at.c[i as usize]).sum();
        let product = (head * cone_slack(at, cone) - along).abs();
        (product.max(cone.length(&m.y) - head), Site::Row(cone.head))
    });
    let of_rows = (0..m.y.len()).filter(|&i| !inside[i]).map(|i| {
        let slack = if m.y[i] > 0.0 { rows.upper[i] - at.c[i] } else { at.c[i] - rows.lower[i] };
        // An equation has a multiplier of any sign; how well it holds is a matter of violation.
        let value = if rows.is_fixed(i) { 0.0 } else { product(m.y[i].abs(), slack) };
        (value, Site::Row(i as u32))
    });
    let of_vars = (0..m.z_lower.len()).map(|j| {
        let lower = product(m.z_lower[j], at.x[j] - vars.lower[j]);
        let upper = product(m.z_upper[j], vars.upper[j] - at.x[j]);
        let (lower, upper) = if vars.is_fixed(j) { (0.0, 0.0) } else { (lower, upper) };
        (lower.max(upper), Site::Var(j as u32))
    });
    let all = of_rows.chain(of_cones).chain(of_vars);
    worst(all.map(|(value, at)| Worst { value, allowed: COMPLEMENTARITY, at }))
}
