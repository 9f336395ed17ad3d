//! Curvature of the Lagrangian along directions that keep the strictly active constraints.
//!
//! Source: Nocedal and Wright (2006), section 12.5. With `A` the gradients of the strictly active constraints and `Z` a
//! basis of its null space, the reduced Hessian is `Zᵀ H Z`; for large problems its sign follows from the inertia of
//! `[H + t I, A'; A, -δ I]`, which has as many negative eigenvalues as `A` has rows when the reduced Hessian exceeds `-t`.
//!
//! A constraint whose multiplier exceeds its slack is strictly active. One with a smaller positive multiplier `λ` at a
//! slack `s` is not active at this point, yet leaving it costs `λ`: it adds `λ/s a a'` to `H`, its curvature in the
//! barrier function (section 19.1). The objective at the minimum so judged differs by at most `λ s`, which the judge of
//! complementarity has already found small.

use faer::{Mat, Side};

use super::point::{At, Multipliers};
use super::tolerance::{CURVATURE, CURVATURE_ROUNDING, DENSE_UP_TO};
use crate::num::kkt::default_solver;
use crate::num::sparse::Pattern;
use crate::problem::verdict::CurvatureEvidence;

/// Evidence about the reduced Hessian at `at`.
pub fn reduced(at: &mut At<'_>, multipliers: &Multipliers) -> CurvatureEvidence {
    if !at.oracle.capabilities().hessian {
        return CurvatureEvidence::Unknown;
    }
    let sigma = at.shape().first_objective();
    let mut hessian = vec![0.0; at.oracle.hessian_pattern().nnz()];
    if at.oracle.hessian(&mut at.workspace, &sigma, &multipliers.y, &mut hessian).is_err() {
        return CurvatureEvidence::Unknown;
    }
    let face = Face::new(at, multipliers);
    if face.n_free == 0 {
        return CurvatureEvidence::Vertex;
    }
    let size = hessian.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    let allowed = -(CURVATURE + CURVATURE_ROUNDING * size);
    if face.n_free <= DENSE_UP_TO {
        by_eigenvalues(at, &face, &hessian, allowed)
    } else {
        by_inertia(at, &face, &hessian, allowed)
    }
}

/// Free variables and rows with multipliers, renumbered.
pub struct Face {
    pub var: Vec<Option<usize>>,
    /// Barrier curvature of the bounds of each free variable.
    pub bound: Vec<f64>,
    pub row: Vec<Option<RowOn>>,
    pub n_free: usize,
    /// Strictly active rows.
    pub n_active: usize,
    /// Rows with a multiplier smaller than their slack.
    pub n_near: usize,
    scale: Vec<f64>,
}

/// How a row takes part.
#[derive(Clone, Copy)]
pub enum RowOn {
    /// Strictly active, with its number among those.
    Active(usize),
    /// Near, with its number among those and `λ/s`.
    Near(usize, f64),
}

impl Face {
    pub fn new(at: &At<'_>, m: &Multipliers) -> Self {
        let (rows, vars) = (&at.shape().rows, &at.shape().vars);
        let mut face = Self {
            var: vec![None; at.x.len()],
            bound: Vec::new(),
            row: vec![None; at.c.len()],
            n_free: 0,
            n_active: 0,
            n_near: 0,
            scale: vec![0.0; at.c.len()],
        };
        for j in 0..at.x.len() {
            let lower = barrier_curvature(m.z_lower[j], at.x[j] - vars.lower[j]);
            let upper = barrier_curvature(m.z_upper[j], vars.upper[j] - at.x[j]);
            let held = vars.is_fixed(j) || at.held_by_kink.get(j) == Some(&true);
            if let (false, Some(lower), Some(upper)) = (held, lower, upper) {
                face.var[j] = Some(face.n_free);
                face.bound.push(lower + upper);
                face.n_free += 1;
            }
        }
        for (k, i, j) in at.oracle.jacobian_pattern().entries() {
            if face.var[j].is_some() {
                face.scale[i] = face.scale[i].max(at.jacobian[k].abs());
            }
        }
        for i in (0..at.c.len()).filter(|&i| face.scale[i] > 0.0) {
            let (from_upper, from_lower) = (rows.upper[i] - at.c[i], at.c[i] - rows.lower[i]);
            let near = if m.y[i] > 0.0 {
                barrier_curvature(m.y[i], from_upper)
            } else {
                barrier_curvature(-m.y[i], from_lower)
            };
            match near {
                Some(sigma) if !rows.is_fixed(i) => {
                    if sigma > 0.0 {
                        face.row[i] = Some(RowOn::Near(face.n_near, sigma));
                        face.n_near += 1;
                    }
                }
                _ => {
                    face.row[i] = Some(RowOn::Active(face.n_active));
                    face.n_active += 1;
                }
            }
        }
        face
    }
}

/// `multiplier / slack` of a constraint that is not strictly active; `None` when it is.
fn barrier_curvature(multiplier: f64, slack: f64) -> Option<f64> {
    if multiplier > slack {
        return None;
    }
    Some(if multiplier > 0.0 && slack.is_finite() { multiplier / slack } else { 0.0 })
}

/// Smallest eigenvalue of the reduced Hessian, by singular and eigenvalue decompositions.
fn by_eigenvalues(at: &At<'_>, face: &Face, hessian: &[f64], allowed: f64) -> CurvatureEvidence {
    let n = face.n_free;
    let mut h = Mat::<f64>::zeros(n, n);
    for (k, i, j) in at.oracle.hessian_pattern().entries() {
        if let (Some(i), Some(j)) = (face.var[i], face.var[j]) {
            h[(i, j)] = hessian[k];
            h[(j, i)] = hessian[k];
        }
    }
    for (j, sigma) in face.bound.iter().enumerate() {
        h[(j, j)] += sigma;
    }
    // Rows of zeros make the matrix square: its right singular vectors then span the whole space.
    let mut a = Mat::<f64>::zeros(face.n_active.max(n), n);
    let mut near = Mat::<f64>::zeros(face.n_near, n);
    for (k, i, j) in at.oracle.jacobian_pattern().entries() {
        match (face.row[i], face.var[j]) {
            (Some(RowOn::Active(row)), Some(var)) => a[(row, var)] = at.jacobian[k] / face.scale[i],
            (Some(RowOn::Near(row, sigma)), Some(var)) => near[(row, var)] = at.jacobian[k] * sigma.sqrt(),
            _ => {}
        }
    }
    let h = h + near.transpose() * &near;
    let Ok(svd) = a.svd() else { return CurvatureEvidence::Unknown };
    let largest = svd.S().column_vector().iter().fold(0.0f64, |m, s| m.max(*s));
    let cut = 1e-10 * largest;
    let rank = svd.S().column_vector().iter().filter(|s| **s > cut).count();
    if rank >= n {
        return CurvatureEvidence::Vertex;
    }
    let z = svd.V().get(.., rank..n);
    let reduced = z.transpose() * &h * z;
    let Ok(values) = reduced.self_adjoint_eigenvalues(Side::Lower) else { return CurvatureEvidence::Unknown };
    let value = values.iter().fold(f64::INFINITY, |m, v| m.min(*v));
    CurvatureEvidence::Smallest { value, allowed }
}

/// Negative eigenvalues of the shifted KKT matrix beyond those of the constraints.
fn by_inertia(at: &At<'_>, face: &Face, hessian: &[f64], allowed: f64) -> CurvatureEvidence {
    // The right inertia for any `δ > 0` proves the claim. A large one makes dependent rows harmless but demands more:
    // the reduced Hessian must then exceed about `δ |H|²`.
    const DELTAS: [f64; 4] = [1e-20, 1e-16, 1e-12, 1e-8];
    let (n, m) = (face.n_free, face.n_active + face.n_near);
    let mut entries: Vec<(usize, usize)> = (0..n + m).map(|k| (k, k)).collect();
    let mut vals: Vec<f64> = face.bound.iter().map(|sigma| sigma - allowed).collect();
    vals.resize(n + m, 0.0);
    for (i, row) in face.row.iter().enumerate() {
        // `σ a a'` is what eliminating a row `a` with `-1/σ` on the diagonal leaves.
        if let Some(RowOn::Near(near, sigma)) = *row {
            vals[n + face.n_active + near] = -1.0 / (sigma * face.scale[i] * face.scale[i]);
        }
    }
    for (k, i, j) in at.oracle.hessian_pattern().entries() {
        if let (Some(i), Some(j)) = (face.var[i], face.var[j]) {
            entries.push((i.max(j), i.min(j)));
            vals.push(hessian[k]);
        }
    }
    for (k, i, j) in at.oracle.jacobian_pattern().entries() {
        if let (Some(row), Some(var)) = (face.row[i], face.var[j]) {
            let row = match row {
                RowOn::Active(row) => row,
                RowOn::Near(row, _) => face.n_active + row,
            };
            entries.push((n + row, var));
            vals.push(at.jacobian[k] / face.scale[i]);
        }
    }
    let Ok((pattern, slots)) = Pattern::from_entries(n + m, n + m, entries) else { return CurvatureEvidence::Unknown };
    let mut matrix = vec![0.0; pattern.nnz()];
    for (&slot, &value) in slots.iter().zip(&vals) {
        matrix[slot as usize] += value;
    }
    let mut solver = default_solver();
    if solver.analyse(&pattern).is_err() {
        return CurvatureEvidence::Unknown;
    }
    let mut found = CurvatureEvidence::Unknown;
    for delta in DELTAS {
        let mut shifted = matrix.clone();
        for k in n..n + face.n_active {
            if let Some(slot) = pattern.slot(k, k) {
                shifted[slot] = -delta;
            }
        }
        let Ok(inertia) = solver.factor(&shifted) else { continue };
        let negative = (inertia.negative + inertia.zero).saturating_sub(m);
        if inertia.negative == m && inertia.zero == 0 {
            return CurvatureEvidence::Inertia { negative: 0 };
        }
        found = CurvatureEvidence::Inertia { negative: negative.max(1) };
    }
    found
}
