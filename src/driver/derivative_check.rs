//! The derivative check of `optc check`: compiled derivatives against the interpreter's, and both
//! against differences.
//!
//! Takes two oracles of one problem; gives how many entries were compared and the worst of them.
//! Entries are compared relative to `max(1, |entry|)`; differences are directional, so that one pair of
//! evaluations checks a whole gradient or Jacobian.

use crate::num::random::Stream;
use crate::problem::{Oracle, Pattern, Place};

/// Agreement asked of the two exact ways.
const EXACT: f64 = 1e-9;
/// Agreement asked of central differences, whose truncation and rounding errors are near 1e-6 at best.
const DIFFERENCE: f64 = 1e-4;
/// Step of the central differences, relative to `max(1, |x|)`.
const STEP: f64 = 1e-5;

/// The random stream of the check, apart from those of starts and methods.
const STREAM: u64 = 0xDE51;

/// One comparison that failed.
#[derive(Clone, PartialEq, Debug)]
pub struct Mismatch {
    /// The entry; for differences the objective or row.
    pub place: Place,
    /// The compiled value.
    pub compiled: f64,
    /// What it was compared with.
    pub other: f64,
    /// With what: `interpreter` or `differences`.
    pub against: &'static str,
}

/// The outcome.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DerivativeCheck {
    /// Points where everything could be evaluated.
    pub n_points: usize,
    /// Points given up because some value is not a number there.
    pub n_undefined: usize,
    /// Entries compared exactly.
    pub n_entries: usize,
    /// Directional differences compared.
    pub n_differences: usize,
    /// Failures, the first per place.
    pub mismatches: Vec<Mismatch>,
}

/// Compares at the start and at `n_random` points around it, drawn from `seed`.
pub fn compare(compiled: &dyn Oracle, judge: &dyn Oracle, n_random: usize, seed: u64) -> DerivativeCheck {
    let mut check = DerivativeCheck::default();
    let mut stream = Stream::new(seed, STREAM);
    let shape = compiled.shape();
    let start: Vec<f64> = (0..shape.n_vars).map(|j| shape.vars.clamp(j, shape.start[j])).collect();
    for k in 0..=n_random {
        let spread = if k == 0 { 0.0 } else { 0.1 };
        let point: Vec<f64> = start
            .iter()
            .enumerate()
            .map(|(j, x)| shape.vars.clamp(j, x + spread * (2.0 * stream.unit() - 1.0) * x.abs().max(1.0)))
            .collect();
        match at_point(compiled, judge, &point, &mut stream, &mut check) {
            Some(()) => check.n_points += 1,
            None => check.n_undefined += 1,
        }
    }
    check
}

fn at_point(
    compiled: &dyn Oracle,
    judge: &dyn Oracle,
    point: &[f64],
    stream: &mut Stream,
    check: &mut DerivativeCheck,
) -> Option<()> {
    let shape = compiled.shape();
    let (n, m, k) = (shape.n_vars, shape.n_cons, shape.n_objectives);
    let mut both = [(compiled, compiled.workspace()), (judge, judge.workspace())];
    let mut gradients = vec![vec![vec![0.0; n]; k]; 2];
    let mut jacobians = vec![Vec::new(); 2];
    let mut hessians = vec![Vec::new(); 2];
    let sigma: Vec<f64> = (0..k).map(|_| 1.0).collect();
    let y: Vec<f64> = (0..m).map(|_| 2.0 * stream.unit() - 1.0).collect();
    for (at, (oracle, ws)) in both.iter_mut().enumerate() {
        ws.set_point(point);
        for (obj, gradient) in gradients[at].iter_mut().enumerate() {
            let mut pick = vec![0.0; k];
            pick[obj] = 1.0;
            oracle.gradient(ws, &pick, gradient).ok()?;
        }
        let mut vals = vec![0.0; oracle.jacobian_pattern().nnz()];
        oracle.jacobian(ws, &mut vals).ok()?;
        jacobians[at] = vals;
        let mut vals = vec![0.0; oracle.hessian_pattern().nnz()];
        oracle.hessian(ws, &sigma, &y, &mut vals).ok()?;
        hessians[at] = vals;
    }
    for obj in 0..k {
        for j in 0..n {
            let place = Place::Gradient(j as u32);
            check.exact(place, gradients[0][obj][j], gradients[1][obj][j]);
        }
    }
    let entry = |row, var| Place::Jacobian { row, var };
    check.matrices(compiled.jacobian_pattern(), &jacobians[0], judge.jacobian_pattern(), &jacobians[1], entry);
    let entry = |row, col| Place::Hessian { row, col };
    check.matrices(compiled.hessian_pattern(), &hessians[0], judge.hessian_pattern(), &hessians[1], entry);
    check.differences(judge, compiled, point, &gradients[0], &jacobians[0], stream)
}

impl DerivativeCheck {
    /// Whether every comparison held.
    pub fn holds(&self) -> bool {
        self.mismatches.is_empty()
    }

    fn exact(&mut self, place: Place, compiled: f64, other: f64) {
        self.n_entries += 1;
        if !close(compiled, other, EXACT) {
            self.fail(Mismatch { place, compiled, other, against: "interpreter" });
        }
    }

    fn fail(&mut self, mismatch: Mismatch) {
        if !self.mismatches.iter().any(|m| m.place == mismatch.place) {
            self.mismatches.push(mismatch);
        }
    }

    /// Entry by entry; an entry that one pattern lacks is a zero there.
    fn matrices(
        &mut self,
        a: &Pattern,
        a_vals: &[f64],
        b: &Pattern,
        b_vals: &[f64],
        place: impl Fn(u32, u32) -> Place,
    ) {
        for col in 0..a.n_cols() {
            let (mut p, mut q) = (a.col(col), b.col(col));
            loop {
                let (ra, rb) = (p.clone().next().map(|s| a.row_idx()[s]), q.clone().next().map(|s| b.row_idx()[s]));
                let row = match (ra, rb) {
                    (None, None) => break,
                    (Some(r), None) | (None, Some(r)) => r,
                    (Some(r), Some(s)) => r.min(s),
                };
                let left = if ra == Some(row) { p.next().map_or(0.0, |s| a_vals[s]) } else { 0.0 };
                let right = if rb == Some(row) { q.next().map_or(0.0, |s| b_vals[s]) } else { 0.0 };
                self.exact(place(row, col as u32), left, right);
            }
        }
    }

    /// Directional central differences of the judge's values against the compiled derivatives.
    fn differences(
        &mut self,
        judge: &dyn Oracle,
        compiled: &dyn Oracle,
        point: &[f64],
        gradients: &[Vec<f64>],
        jacobian: &[f64],
        stream: &mut Stream,
    ) -> Option<()> {
        let (n, m, k) = (point.len(), compiled.shape().n_cons, gradients.len());
        let direction: Vec<f64> = point.iter().map(|x| (2.0 * stream.unit() - 1.0) * x.abs().max(1.0)).collect();
        let mut ws = judge.workspace();
        let mut values = |h: f64| -> Option<Vec<f64>> {
            let moved: Vec<f64> = point.iter().zip(&direction).map(|(x, d)| x + h * d).collect();
            ws.set_point(&moved);
            let mut all = vec![0.0; k + m];
            judge.objectives(&mut ws, &mut all[..k]).ok()?;
            judge.constraints(&mut ws, &mut all[k..]).ok()?;
            Some(all)
        };
        // A point at the edge of the domain has no differences; the exact comparison stands.
        let (Some(plus), Some(minus)) = (values(STEP), values(-STEP)) else { return Some(()) };
        let (Some(near), Some(far)) = (values(STEP / 2.0), values(-STEP / 2.0)) else { return Some(()) };
        let mut slopes: Vec<f64> = gradients.iter().map(|g| (0..n).map(|j| g[j] * direction[j]).sum()).collect();
        let mut rows = vec![0.0; m];
        compiled.jacobian_pattern().mul_add(jacobian, 1.0, &direction, &mut rows);
        slopes.extend(rows);
        for (i, slope) in slopes.into_iter().enumerate() {
            let coarse = (plus[i] - minus[i]) / (2.0 * STEP);
            let fine = (near[i] - far[i]) / STEP;
            // Kinks and noise: the two steps disagree, and differences say nothing.
            if !close(coarse, fine, DIFFERENCE / 4.0) {
                continue;
            }
            self.n_differences += 1;
            if !close(slope, fine, DIFFERENCE) {
                let place = if i < k { Place::Objective(i as u32) } else { Place::Constraint((i - k) as u32) };
                self.fail(Mismatch { place, compiled: slope, other: fine, against: "differences" });
            }
        }
        Some(())
    }
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}
