//! The augmented Lagrangian of a problem as the objective of a problem with bounds alone.
//!
//! Takes the problem's oracle; multipliers, penalty and scale factors are kept in the workspace, where the outer loop changes
//! them. For row `i` with bounds `[l, u]`, value `c`, multiplier `λ` and penalty `ρ`, all scaled, and `t = c + λ/ρ`:
//!
//! ```text
//! L(x) = w f(x) + sum of { r (λ + ρ r / 2)   with r = c - u or c - l, when t is outside [l, u]
//!                        { -λ² / (2 ρ)       otherwise
//! y    = ρ (t - P(t))                        the estimate of the multiplier
//! ∇L   = w ∇f + J' y
//! ∇²L  = ∇²(w f + y' c) + ρ Ja' Ja           Ja: the rows that are outside
//! ```
//!
//! (Powell, Hestenes, Rockafellar.) Values are computed once per point. Deliberately absent: the choice of multipliers.

use std::sync::Arc;

use crate::num::dense::norm_inf;
use crate::num::sparse::Pattern;
use crate::problem::{Capabilities, EvalError, Oracle, Place, Sense, Shape, Workspace};

/// The matrix `Ja' Ja` is formed when it has at most so many products per variable, or so many in all.
const PRODUCTS_PER_VARIABLE: usize = 60;
const FEW_PRODUCTS: usize = 60_000;

/// What the outer loop changes, and what was evaluated at the last point.
pub struct Terms {
    /// Factor of the objective, 0 while only the rows count.
    pub weight: f64,
    /// Factors of the rows, length `n_cons`.
    pub scale: Vec<f64>,
    /// Multipliers of the scaled rows, length `n_cons`.
    pub lambda: Vec<f64>,
    /// The penalty.
    pub rho: f64,
    /// Objective, not scaled; not a number where it has none and does not count.
    pub f: f64,
    /// Rows, not scaled, length `n_cons`.
    pub c: Vec<f64>,
    /// Values of the Jacobian, not scaled.
    pub jacobian: Vec<f64>,
    value: f64,
    /// `y` of the rows as they are: scaled multiplier times scale.
    y: Vec<f64>,
    /// `ρ scale²` of the rows that are outside, 0 for the others.
    stiffness: Vec<f64>,
    sigma: Vec<f64>,
    hessian: Vec<f64>,
    jv: Vec<f64>,
    inner: Workspace,
    at: [u64; 3],
}

/// Nothing was evaluated.
const NOWHERE: [u64; 3] = [u64::MAX; 3];

impl Terms {
    /// What was evaluated no longer holds: multipliers, penalty or factors have changed.
    pub fn forget(&mut self) {
        self.at = NOWHERE;
    }

    /// Value and estimates at `x`, whose stamp is `stamp`.
    fn value(&mut self, oracle: &dyn Oracle, x: &[f64], stamp: u64) -> Result<f64, EvalError> {
        if self.at[0] == stamp {
            return Ok(self.value);
        }
        self.at = NOWHERE;
        let shape = oracle.shape();
        self.inner.set_point(x);
        let f = if shape.n_objectives == 0 { Ok(0.0) } else { oracle.objective(&mut self.inner, 0) };
        self.f = match f {
            Ok(f) => f,
            Err(_) if self.weight == 0.0 => f64::NAN,
            Err(error) => return Err(error),
        };
        oracle.constraints(&mut self.inner, &mut self.c)?;
        let mut value = if self.weight == 0.0 { 0.0 } else { self.weight * self.f };
        for i in 0..self.c.len() {
            let (scale, lambda) = (self.scale[i], self.lambda[i]);
            let shift = lambda / (self.rho * scale);
            let t = self.c[i] + shift;
            let (lo, hi) = (shape.rows.lower[i], shape.rows.upper[i]);
            let end = if t > hi {
                hi
            } else if t < lo {
                lo
            } else {
                value -= 0.5 * lambda * lambda / self.rho;
                (self.y[i], self.stiffness[i]) = (0.0, 0.0);
                continue;
            };
            let r = (self.c[i] - end) * scale;
            value += r * (lambda + 0.5 * self.rho * r);
            self.y[i] = (lambda + self.rho * r) * scale;
            self.stiffness[i] = self.rho * scale * scale;
        }
        if !value.is_finite() {
            return Err(EvalError::NonFinite { place: Place::Objective(0), value });
        }
        self.value = value;
        self.at[0] = stamp;
        Ok(value)
    }

    /// The Jacobian there as well.
    fn differentiate(&mut self, oracle: &dyn Oracle, x: &[f64], stamp: u64) -> Result<(), EvalError> {
        self.value(oracle, x, stamp)?;
        if self.at[1] != stamp {
            oracle.jacobian(&mut self.inner, &mut self.jacobian)?;
            self.at[1] = stamp;
        }
        Ok(())
    }

    /// The Hessian of the weighted objective and rows there as well.
    fn curve(&mut self, oracle: &dyn Oracle, x: &[f64], stamp: u64) -> Result<(), EvalError> {
        self.differentiate(oracle, x, stamp)?;
        if self.at[2] != stamp {
            weigh(&mut self.sigma, self.weight);
            oracle.hessian(&mut self.inner, &self.sigma, &self.y, &mut self.hessian)?;
            self.at[2] = stamp;
        }
        Ok(())
    }
}

/// Where the products of a row with itself go.
struct Products {
    /// The pattern of the whole matrix, lower triangle.
    pattern: Pattern,
    /// Places of the entries of the problem's own Hessian.
    own: Vec<u32>,
    /// For each row its entries in the Jacobian, one row after the other, and where each row begins.
    slots: Vec<u32>,
    rows: Vec<u32>,
    /// Places of the products, in the order of two nested loops over each row.
    places: Vec<u32>,
}

/// The augmented Lagrangian behind an oracle.
pub struct Augmented {
    of: Arc<dyn Oracle>,
    shape: Shape,
    products: Option<Products>,
    none: Pattern,
}

impl Augmented {
    /// The augmented Lagrangian of `of`; with second derivatives when `curved` and the problem has some.
    pub fn new(of: Arc<dyn Oracle>, curved: bool) -> Self {
        let from = of.shape();
        let shape = Shape {
            n_cons: 0,
            n_objectives: 1,
            rows: crate::problem::Bounds::default(),
            senses: vec![Sense::Minimize],
            linear_rows: Vec::new(),
            linear_objectives: vec![false],
            ..from.clone()
        };
        let n = shape.n_vars;
        let products = if curved && of.capabilities().hessian { products(&*of) } else { None };
        Self { of, shape, products, none: Pattern::empty(n, n) }
    }

    /// Bytes of a workspace and of the places.
    pub fn bytes(&self) -> usize {
        let offers = self.of.capabilities();
        let hessian = if offers.hessian { self.of.hessian_pattern().nnz() } else { 0 };
        let of_products = self.products.as_ref().map_or(0, |p| p.places.len() + 3 * p.pattern.nnz());
        8 * (6 * self.of.shape().n_cons + self.of.jacobian_pattern().nnz() + hessian) + 4 * of_products
    }

    /// The problem itself.
    pub fn problem(&self) -> &dyn Oracle {
        &*self.of
    }

    /// Chooses the factors at the last point given to `ws`: gradients longer than 1 are shortened to 1, within reason.
    /// `g` has length `n_vars` and is overwritten. Where derivatives have no value the factors stay.
    pub fn choose_factors(&self, ws: &mut Workspace, g: &mut [f64]) {
        const SMALLEST: f64 = 1e-6;
        let stamp = ws.stamp();
        let (x, terms) = ws.parts::<Terms>();
        if terms.differentiate(&*self.of, x, stamp).is_err() {
            return;
        }
        let factor = |length: f64| (1.0 / length.max(1.0)).max(SMALLEST);
        if !terms.sigma.is_empty() {
            weigh(&mut terms.sigma, 1.0);
            if self.of.gradient(&mut terms.inner, &terms.sigma, g).is_ok() {
                terms.weight = factor(norm_inf(g));
            }
        }
        terms.scale.fill(0.0);
        for (k, i, _) in self.of.jacobian_pattern().entries() {
            terms.scale[i] = terms.scale[i].max(terms.jacobian[k].abs());
        }
        terms.scale.iter_mut().for_each(|scale| *scale = factor(*scale));
        terms.forget();
    }

    fn offers_products(&self) -> bool {
        let offers = self.of.capabilities();
        offers.hvp || offers.hessian
    }
}

/// Where products go, unless there are too many of them.
fn products(of: &dyn Oracle) -> Option<Products> {
    let (n, m) = (of.shape().n_vars, of.shape().n_cons);
    let jacobian = of.jacobian_pattern();
    let mut rows = vec![0u32; m + 1];
    for (_, i, _) in jacobian.entries() {
        rows[i + 1] += 1;
    }
    let count: usize = rows.iter().map(|&len| len as usize * (len as usize + 1) / 2).sum();
    if count > FEW_PRODUCTS.max(PRODUCTS_PER_VARIABLE.saturating_mul(n)) {
        return None;
    }
    for i in 0..m {
        rows[i + 1] += rows[i];
    }
    let mut slots = vec![0u32; jacobian.nnz()];
    let mut columns = vec![0u32; jacobian.nnz()];
    let mut next = rows.clone();
    for (k, i, j) in jacobian.entries() {
        let at = next[i] as usize;
        (slots[at], columns[at]) = (k as u32, j as u32);
        next[i] += 1;
    }
    let hessian = of.hessian_pattern();
    let mut entries: Vec<(usize, usize)> = hessian.entries().map(|(_, i, j)| (i, j)).collect();
    let n_own = entries.len();
    for i in 0..m {
        // Columns ascend within a row, so `a >= b` is the lower triangle.
        let of_row = &columns[rows[i] as usize..rows[i + 1] as usize];
        for (at, &a) in of_row.iter().enumerate() {
            entries.extend(of_row[..=at].iter().map(|&b| (a as usize, b as usize)));
        }
    }
    let (pattern, places) = Pattern::from_entries(n, n, entries).ok()?;
    let (own, places) = (places[..n_own].to_vec(), places[n_own..].to_vec());
    Some(Products { pattern, own, slots, rows, places })
}

impl Oracle for Augmented {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            gradient: true,
            jacobian: true,
            hessian: self.products.is_some(),
            hvp: self.offers_products(),
            ..Capabilities::VALUES
        }
    }

    fn workspace(&self) -> Workspace {
        let shape = self.of.shape();
        let (n, m) = (shape.n_vars, shape.n_cons);
        let hessian = if self.of.capabilities().hessian { self.of.hessian_pattern().nnz() } else { 0 };
        let terms = Terms {
            weight: 1.0,
            scale: vec![1.0; m],
            lambda: vec![0.0; m],
            rho: 1.0,
            f: f64::NAN,
            c: vec![0.0; m],
            jacobian: vec![0.0; self.of.jacobian_pattern().nnz()],
            value: f64::NAN,
            y: vec![0.0; m],
            stiffness: vec![0.0; m],
            sigma: shape.first_objective(),
            hessian: vec![0.0; hessian],
            jv: vec![0.0; m],
            inner: self.of.workspace(),
            at: NOWHERE,
        };
        Workspace::new(n, terms)
    }

    fn objective(&self, ws: &mut Workspace, _k: usize) -> Result<f64, EvalError> {
        let stamp = ws.stamp();
        let (x, terms) = ws.parts::<Terms>();
        terms.value(&*self.of, x, stamp)
    }

    fn gradient(&self, ws: &mut Workspace, _sigma: &[f64], g: &mut [f64]) -> Result<(), EvalError> {
        let stamp = ws.stamp();
        let (x, terms) = ws.parts::<Terms>();
        terms.differentiate(&*self.of, x, stamp)?;
        if terms.weight == 0.0 || terms.sigma.is_empty() {
            g.fill(0.0);
        } else {
            weigh(&mut terms.sigma, terms.weight);
            self.of.gradient(&mut terms.inner, &terms.sigma, g)?;
        }
        self.of.jacobian_pattern().mul_transposed_add(&terms.jacobian, 1.0, &terms.y, g);
        crate::problem::oracle::check_finite(g, |j| Place::Gradient(j as u32))
    }

    fn constraints(&self, _ws: &mut Workspace, _c: &mut [f64]) -> Result<(), EvalError> {
        Ok(())
    }

    fn jacobian_pattern(&self) -> &Pattern {
        // No rows: the pattern is only asked for its size.
        &self.none
    }

    fn jacobian(&self, _ws: &mut Workspace, _vals: &mut [f64]) -> Result<(), EvalError> {
        Ok(())
    }

    fn hessian_pattern(&self) -> &Pattern {
        self.products.as_ref().map_or(&self.none, |p| &p.pattern)
    }

    fn hessian(&self, ws: &mut Workspace, _sigma: &[f64], _y: &[f64], vals: &mut [f64]) -> Result<(), EvalError> {
        let Some(products) = &self.products else { return Err(EvalError::Unsupported("a Hessian")) };
        let stamp = ws.stamp();
        let (x, terms) = ws.parts::<Terms>();
        terms.curve(&*self.of, x, stamp)?;
        vals.fill(0.0);
        for (&place, value) in products.own.iter().zip(&terms.hessian) {
            vals[place as usize] += value;
        }
        let mut next = 0;
        for (i, &stiffness) in terms.stiffness.iter().enumerate() {
            let slots = &products.slots[products.rows[i] as usize..products.rows[i + 1] as usize];
            let count = slots.len() * (slots.len() + 1) / 2;
            if stiffness != 0.0 {
                let mut places = products.places[next..next + count].iter();
                for (at, &a) in slots.iter().enumerate() {
                    let scaled = stiffness * terms.jacobian[a as usize];
                    for (&b, &place) in slots[..=at].iter().zip(places.by_ref()) {
                        vals[place as usize] += scaled * terms.jacobian[b as usize];
                    }
                }
            }
            next += count;
        }
        crate::problem::oracle::check_finite_entries(&products.pattern, vals, |row, col| Place::Hessian { row, col })
    }

    fn hvp(&self, ws: &mut Workspace, _s: &[f64], _y: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        let stamp = ws.stamp();
        let (x, terms) = ws.parts::<Terms>();
        let offers = self.of.capabilities();
        if offers.hessian {
            terms.curve(&*self.of, x, stamp)?;
            out.fill(0.0);
            self.of.hessian_pattern().mul_symmetric_add(&terms.hessian, 1.0, v, out);
        } else {
            terms.differentiate(&*self.of, x, stamp)?;
            weigh(&mut terms.sigma, terms.weight);
            self.of.hvp(&mut terms.inner, &terms.sigma, &terms.y, v, out)?;
        }
        let jacobian = self.of.jacobian_pattern();
        terms.jv.fill(0.0);
        jacobian.mul_add(&terms.jacobian, 1.0, v, &mut terms.jv);
        for (jv, stiffness) in terms.jv.iter_mut().zip(&terms.stiffness) {
            *jv *= stiffness;
        }
        jacobian.mul_transposed_add(&terms.jacobian, 1.0, &terms.jv, out);
        crate::problem::oracle::check_finite(out, |j| Place::Hessian { row: j as u32, col: j as u32 })
    }
}

/// The weights that pick the first objective with this factor.
fn weigh(sigma: &mut [f64], weight: f64) {
    if let Some(first) = sigma.first_mut() {
        *first = weight;
    }
}
