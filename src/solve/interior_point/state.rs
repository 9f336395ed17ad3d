//! The run from outside: its answer in the user's variables, and its state in words.

use super::algorithm::Algorithm;
use super::iterate::Iterate;
use super::model::Model;
use super::restoration::Restoration;
use super::search::Reference;
use super::{InteriorPoint, ROW};
use crate::num::dense::all_finite;
use crate::problem::snapshot::SnapshotReader;
use crate::problem::verify::tolerance::{COMPLEMENTARITY, STATIONARITY, violation_at};
use crate::problem::{Candidate, Counts, EvalError, Oracle, Snapshot, SnapshotError, StopReason, Workspace};

const VERSION: u32 = 1;
/// Most filter pairs a snapshot may hold.
const MAX_FILTER: usize = 1 << 24;

impl InteriorPoint {
    /// `point` in the user's variables and units. Multipliers of fixed variables follow from the gradient.
    pub(super) fn candidate_at(&self, point: &Iterate, stop: StopReason) -> Candidate {
        let standard = &self.standard;
        let oracle = standard.oracle();
        let shape = oracle.shape();
        let scale = standard.objective_scale;
        let mut candidate = Candidate::at(ROW.name, standard.to_full(&point.x), stop);
        candidate.y = vec![0.0; shape.n_cons];
        for (row, y) in standard.rows.iter().zip(&point.y) {
            candidate.y[row.of as usize] = y * row.scale / scale;
        }
        candidate.z_lower = vec![0.0; shape.n_vars];
        candidate.z_upper = vec![0.0; shape.n_vars];
        for (at, &j) in standard.free.iter().enumerate() {
            candidate.z_lower[j as usize] = point.zl[at] / scale;
            candidate.z_upper[j as usize] = point.zu[at] / scale;
        }
        let mut workspace = oracle.workspace();
        self.settle_on_bounds(&mut workspace, &mut candidate);
        workspace.set_point(&candidate.x);
        if shape.n_objectives == 0 {
            candidate.objective = 0.0;
        } else if let Ok(objective) = oracle.objective(&mut workspace, 0) {
            candidate.objective = objective;
        }
        if standard.free.len() < shape.n_vars {
            let mut r = vec![0.0; shape.n_vars];
            let mut jty = vec![0.0; shape.n_vars];
            let known = oracle.gradient(&mut workspace, &shape.first_objective(), &mut r).is_ok()
                && oracle.jtv(&mut workspace, &candidate.y, &mut jty).is_ok();
            for j in (0..shape.n_vars).filter(|&j| known && standard.vars.is_fixed(j)) {
                let r_j = r[j] + jty[j];
                candidate.z_lower[j] = r_j.max(0.0);
                candidate.z_upper[j] = (-r_j).max(0.0);
            }
        }
        candidate.ray.clone_from(&self.ray);
        candidate.iterations = self.meter.iterations;
        candidate.counts = self.meter.counts;
        candidate.seconds = self.meter.seconds();
        candidate
    }

    /// Takes back the relaxation of the bounds, unless functions are too steep for the conditions to survive it.
    fn settle_on_bounds(&self, workspace: &mut Workspace, candidate: &mut Candidate) {
        let (oracle, vars) = (self.standard.oracle(), &self.standard.vars);
        let settled: Vec<f64> = candidate.x.iter().enumerate().map(|(j, &x)| vars.clamp(j, x)).collect();
        if settled == candidate.x {
            return;
        }
        let Ok(new) = Conditions::at(oracle, workspace, &settled, candidate) else { return };
        let old = Conditions::at(oracle, workspace, &candidate.x, candidate);
        if old.is_ok_and(|old| !new.hold_as_well_as(&old, oracle, &candidate.y)) {
            return;
        }
        candidate.x = settled;
    }

    /// Everything the next iteration depends on.
    pub(super) fn snapshot(&self) -> Snapshot {
        let mut to = Snapshot::new(ROW.name, VERSION);
        to.put_real(self.meter.seconds());
        to.put(self.meter.iterations);
        put_counts(&mut to, &self.standard.counts);
        to.put(u64::from(self.started));
        to.put_real(self.standard.objective_scale);
        to.put_reals(&self.standard.rows.iter().map(|row| row.scale).collect::<Vec<_>>());
        to.put_reals(self.standard.lower());
        to.put_reals(self.standard.upper());
        put_algorithm(&mut to, &self.main);
        put_iterate(&mut to, &self.best);
        to.put(u64::from(self.stop.idle));
        to.put_real(self.stop.best_score);
        to.put(u64::from(self.retries));
        match self.restoration.as_ref().filter(|_| self.restoring) {
            None => to.put(0),
            Some(restoration) => {
                to.put(1);
                put_restoration(&mut to, restoration);
            }
        }
        to
    }

    /// Goes on from a [`InteriorPoint::snapshot`].
    pub(super) fn restore(&mut self, state: &Snapshot) -> Result<(), SnapshotError> {
        let mut from = state.read(ROW.name, VERSION)?;
        let (seconds, iterations) = (from.take_real()?, from.take()?);
        self.standard.counts = take_counts(&mut from)?;
        self.meter.resume(seconds, iterations, self.standard.counts);
        self.started = from.take()? != 0;
        self.standard.objective_scale = from.take_real()?;
        let mut scales = vec![1.0; self.standard.rows.len()];
        from.take_reals(&mut scales)?;
        self.standard.set_row_scales(&scales);
        let (mut lower, mut upper) = (vec![0.0; self.standard.n()], vec![0.0; self.standard.n()]);
        from.take_reals(&mut lower)?;
        from.take_reals(&mut upper)?;
        for j in 0..lower.len() {
            self.standard.relax(j, lower[j], upper[j]);
        }
        take_algorithm(&mut from, &mut self.main)?;
        take_iterate(&mut from, &mut self.best)?;
        self.stop.idle = from.take()? as u32;
        self.stop.best_score = from.take_real()?;
        self.retries = from.take()? as u32;
        if self.started && all_finite(&self.main.point.x) {
            self.main.refresh(&mut self.standard).map_err(|_| SnapshotError::Malformed)?;
        }
        if from.take()? == 1 {
            let mut restoration = Restoration::new(&mut self.standard).map_err(|_| SnapshotError::Malformed)?;
            take_restoration(&mut from, &mut restoration, self)?;
            self.restoration = Some(restoration);
            self.restoring = true;
        }
        // Evaluations made to get here again are not the run's.
        self.standard.counts = self.meter.counts;
        Ok(())
    }
}

/// What the judge will look at, at one point.
struct Conditions {
    c: Vec<f64>,
    /// Largest entry of `∇f + J'y - zl + zu` over free variables.
    stationarity: f64,
}

impl Conditions {
    fn at(oracle: &dyn Oracle, ws: &mut Workspace, x: &[f64], candidate: &Candidate) -> Result<Self, EvalError> {
        let shape = oracle.shape();
        let mut c = vec![0.0; shape.n_cons];
        let (mut r, mut jty) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        ws.set_point(x);
        oracle.constraints(ws, &mut c)?;
        oracle.gradient(ws, &shape.first_objective(), &mut r)?;
        oracle.jtv(ws, &candidate.y, &mut jty)?;
        let residual = |j: usize| (r[j] + jty[j] - candidate.z_lower[j] + candidate.z_upper[j]).abs();
        let free = (0..x.len()).filter(|&j| !shape.vars.is_fixed(j));
        Ok(Self { c, stationarity: free.map(residual).fold(0.0, f64::max) })
    }

    /// Whether nothing got worse beyond half of what the judge allows.
    fn hold_as_well_as(&self, old: &Self, oracle: &dyn Oracle, y: &[f64]) -> bool {
        let rows = &oracle.shape().rows;
        let row_holds = |i: usize| {
            let end = if self.c[i] >= rows.upper[i] { rows.upper[i] } else { rows.lower[i] };
            let excess = |c: f64| rows.excess(i, c).abs();
            let slack = |c: f64| if y[i] > 0.0 { rows.upper[i] - c } else { c - rows.lower[i] };
            let product = |c: f64| if y[i] == 0.0 || rows.is_fixed(i) { 0.0 } else { y[i].abs() * slack(c).max(0.0) };
            excess(self.c[i]) <= excess(old.c[i]).max(0.5 * violation_at(end))
                && product(self.c[i]) <= product(old.c[i]).max(0.5 * COMPLEMENTARITY)
        };
        self.stationarity <= old.stationarity.max(0.5 * STATIONARITY) && (0..self.c.len()).all(row_holds)
    }
}

fn put_counts(to: &mut Snapshot, counts: &Counts) {
    let Counts { objective, gradient, constraints, jacobian, hessian, hvp, failures } = *counts;
    [objective, gradient, constraints, jacobian, hessian, hvp, failures].into_iter().for_each(|word| to.put(word));
}

fn take_counts(from: &mut SnapshotReader<'_>) -> Result<Counts, SnapshotError> {
    Ok(Counts {
        objective: from.take()?,
        gradient: from.take()?,
        constraints: from.take()?,
        jacobian: from.take()?,
        hessian: from.take()?,
        hvp: from.take()?,
        failures: from.take()?,
    })
}

fn put_iterate(to: &mut Snapshot, point: &Iterate) {
    [&point.x, &point.y, &point.zl, &point.zu].into_iter().for_each(|v| to.put_reals(v));
}

fn take_iterate(from: &mut SnapshotReader<'_>, point: &mut Iterate) -> Result<(), SnapshotError> {
    [&mut point.x, &mut point.y, &mut point.zl, &mut point.zu].into_iter().try_for_each(|v| from.take_reals(v))
}

fn put_algorithm(to: &mut Snapshot, algorithm: &Algorithm) {
    put_iterate(to, &algorithm.point);
    let acceptor = &algorithm.acceptor;
    let (thetas, phis): (Vec<f64>, Vec<f64>) = acceptor.filter.entries().iter().copied().unzip();
    for value in [algorithm.mu, algorithm.mu_min, algorithm.newton.last_delta_w, acceptor.theta_max, acceptor.theta_min]
    {
        to.put_real(value);
    }
    for word in [algorithm.soft_steps, u32::from(algorithm.tiny_step), acceptor.refusals, acceptor.resets] {
        to.put(u64::from(word));
    }
    to.put(algorithm.newton.singular_count);
    to.put_reals(&thetas);
    to.put_reals(&phis);
}

fn take_algorithm(from: &mut SnapshotReader<'_>, algorithm: &mut Algorithm) -> Result<(), SnapshotError> {
    take_iterate(from, &mut algorithm.point)?;
    algorithm.mu = from.take_real()?;
    algorithm.mu_min = from.take_real()?;
    algorithm.newton.last_delta_w = from.take_real()?;
    algorithm.acceptor.theta_max = from.take_real()?;
    algorithm.acceptor.theta_min = from.take_real()?;
    algorithm.soft_steps = from.take()? as u32;
    algorithm.tiny_step = from.take()? != 0;
    algorithm.acceptor.refusals = from.take()? as u32;
    algorithm.acceptor.resets = from.take()? as u32;
    algorithm.newton.singular_count = from.take()?;
    let (thetas, phis) = (from.take_vec(MAX_FILTER)?, from.take_vec(MAX_FILTER)?);
    algorithm.acceptor.filter.clear();
    for (theta, phi) in thetas.into_iter().zip(phis) {
        algorithm.acceptor.filter.add(theta, phi);
    }
    Ok(())
}

fn put_restoration(to: &mut Snapshot, restoration: &Restoration) {
    let Reference { theta, phi, slope } = restoration.from;
    [theta, phi, slope].into_iter().for_each(|value| to.put_real(value));
    to.put_reals(&restoration.relaxed.x_ref);
    let n = restoration.algorithm.point.x.len();
    to.put_reals(&(0..n).map(|j| restoration.relaxed.lower_of(j)).collect::<Vec<_>>());
    to.put_reals(&(0..n).map(|j| restoration.relaxed.upper_of(j)).collect::<Vec<_>>());
    put_algorithm(to, &restoration.algorithm);
}

fn take_restoration(
    from: &mut SnapshotReader<'_>,
    restoration: &mut Restoration,
    run: &mut InteriorPoint,
) -> Result<(), SnapshotError> {
    restoration.from = Reference { theta: from.take_real()?, phi: from.take_real()?, slope: from.take_real()? };
    let mut x_ref = vec![0.0; run.standard.n()];
    from.take_reals(&mut x_ref)?;
    restoration.relaxed.begin(&run.standard, &x_ref);
    let n = restoration.algorithm.point.x.len();
    let (mut lower, mut upper) = (vec![0.0; n], vec![0.0; n]);
    from.take_reals(&mut lower)?;
    from.take_reals(&mut upper)?;
    let mut view = super::relaxed::View { relaxed: &mut restoration.relaxed, standard: &mut run.standard };
    for j in 0..n {
        view.relax(j, lower[j], upper[j]);
    }
    take_algorithm(from, &mut restoration.algorithm)?;
    restoration.algorithm.refresh(&mut view).map_err(|_| SnapshotError::Malformed)
}
