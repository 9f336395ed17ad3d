//! Curvature of the Lagrangian along directions that keep the strictly active constraints.
//!
//! Source: Nocedal and Wright (2006), section 12.5. With `A` the gradients of the strictly active constraints and `Z` a
//! basis of its null space, the reduced Hessian is `Zᵀ H Z`; for large problems its sign follows from the inertia of
//! `[H + t I, A'; A, -δ I]`, which has as many negative eigenvalues as `A` has rows when the reduced Hessian exceeds `-t`.

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

/// Free variables and strictly active rows, renumbered.
struct Face {
    var: Vec<Option<usize>>,
    row: Vec<Option<usize>>,
    n_free: usize,
    n_rows: usize,
    scale: Vec<f64>,
}

impl Face {
    fn new(at: &At<'_>, m: &Multipliers) -> Self {
        let (rows, vars) = (&at.shape().rows, &at.shape().vars);
        let mut n_free = 0;
        let var = (0..at.x.len())
            .map(|j| {
                let held = vars.is_fixed(j)
                    || m.z_lower[j] > at.x[j] - vars.lower[j]
                    || m.z_upper[j] > vars.upper[j] - at.x[j];
                (!held).then(|| {
                    n_free += 1;
                    n_free - 1
                })
            })
            .collect::<Vec<_>>();
        let mut scale = vec![0.0f64; at.c.len()];
        for (k, i, j) in at.oracle.jacobian_pattern().entries() {
            if var[j].is_some() {
                scale[i] = scale[i].max(at.jacobian[k].abs());
            }
        }
        let mut n_rows = 0;
        let row = (0..at.c.len())
            .map(|i| {
                let active = rows.is_fixed(i) || m.y[i] > rows.upper[i] - at.c[i] || -m.y[i] > at.c[i] - rows.lower[i];
                (active && scale[i] > 0.0).then(|| {
                    n_rows += 1;
                    n_rows - 1
                })
            })
            .collect();
        Self { var, row, n_free, n_rows, scale }
    }
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
    // Rows of zeros make the matrix square: its right singular vectors then span the whole space.
    let mut a = Mat::<f64>::zeros(face.n_rows.max(n), n);
    for (k, i, j) in at.oracle.jacobian_pattern().entries() {
        if let (Some(row), Some(var)) = (face.row[i], face.var[j]) {
            a[(row, var)] = at.jacobian[k] / face.scale[i];
        }
    }
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
    // Small against rows of unit size, large against rounding.
    const DELTA: f64 = 1e-10;
    let (n, m) = (face.n_free, face.n_rows);
    let mut entries: Vec<(usize, usize)> = (0..n + m).map(|k| (k, k)).collect();
    let mut vals = vec![-allowed; n];
    vals.resize(n + m, -DELTA);
    for (k, i, j) in at.oracle.hessian_pattern().entries() {
        if let (Some(i), Some(j)) = (face.var[i], face.var[j]) {
            entries.push((i.max(j), i.min(j)));
            vals.push(hessian[k]);
        }
    }
    for (k, i, j) in at.oracle.jacobian_pattern().entries() {
        if let (Some(row), Some(var)) = (face.row[i], face.var[j]) {
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
    match solver.analyse(&pattern).and_then(|()| solver.factor(&matrix)) {
        Ok(inertia) => CurvatureEvidence::Inertia { negative: (inertia.negative + inertia.zero).saturating_sub(m) },
        Err(_) => CurvatureEvidence::Unknown,
    }
}
