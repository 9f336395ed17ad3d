//! Does a compiled oracle say what the interpreter says?

use optc::driver::judge::Judge;
use optc::interp::{Deps, Env, Interp, Scaled};
use optc::ir::Model;
use optc::kernel::CompiledOracle;
use optc::num::random::Stream;
use optc::problem::{EvalError, Oracle, Pattern, Workspace};
use std::collections::BTreeMap;

/// Agreement asked of values, times the sum of the absolute terms.
const VALUE: f64 = 1e-12;
/// Agreement asked of derivatives, times `1 + |entry|`.
const DERIVATIVE: f64 = 1e-9;
/// … plus this times the largest entry: sums of large terms leave small entries few digits.
const LARGEST: f64 = 1e-12;
/// Units in the last place that a point is moved by to see how ill-conditioned its derivatives are.
const NUDGE: f64 = 4.0 * f64::EPSILON;
/// Agreement asked of central differences.
const DIFFERENCE: f64 = 2e-5;

/// Entries of a matrix by (row, column), zeros left out.
pub type Entries = BTreeMap<(usize, usize), f64>;

/// What the interpreter says at one point.
pub struct PointReference {
    pub x: Vec<f64>,
    pub sigma: Vec<f64>,
    pub y: Vec<f64>,
    /// Values with the sum of their absolute terms.
    pub objectives: Sizes,
    pub rows: Sizes,
    pub gradient: Vec<f64>,
    pub jacobian: Entries,
    pub hessian: Entries,
    /// How far derivatives move when the point does by a few units in the last place; nothing unless asked for.
    blur: Blur,
}

/// Differences that conditioning explains.
#[derive(Clone, Default)]
struct Blur {
    gradient: Vec<f64>,
    jacobian: Entries,
    hessian: Entries,
}

impl Blur {
    fn widen(&mut self, nudged: &PointReference, at: &PointReference) {
        self.gradient.resize(at.gradient.len(), 0.0);
        for (blur, (a, b)) in self.gradient.iter_mut().zip(nudged.gradient.iter().zip(&at.gradient)) {
            *blur = blur.max((a - b).abs());
        }
        let matrices =
            [(&mut self.jacobian, &nudged.jacobian, &at.jacobian), (&mut self.hessian, &nudged.hessian, &at.hessian)];
        for (blur, nudged, at) in matrices {
            for place in nudged.keys().chain(at.keys()) {
                let [a, b] = [nudged, at].map(|entries| entries.get(place).copied().unwrap_or(0.0));
                let blur = blur.entry(*place).or_insert(0.0);
                *blur = blur.max((a - b).abs());
            }
        }
    }
}

/// What the interpreter says at several points.
pub struct Reference {
    pub points: Vec<PointReference>,
}

impl Reference {
    /// At `n_points` random points.
    pub fn new(model: &Model, env: &dyn Env, judge: &Judge, seed: u64, n_points: usize) -> Result<Self, EvalError> {
        let mut rng = Stream::new(seed, 0x504F_494E);
        let points =
            (0..n_points).map(|_| PointReference::new(model, env, judge, &mut rng)).collect::<Result<_, _>>()?;
        Ok(Self { points })
    }

    /// The first thing the oracle says otherwise. Where something is, the interpreter is asked again next to the points:
    /// the sine of 8 million has few digits, and no two orders of a long sum under it agree on them.
    pub fn check(&self, oracle: &CompiledOracle, model: &Model, env: &dyn Env, judge: &Judge) -> Result<(), String> {
        self.check_sharp(oracle).or_else(|why| {
            let blurred = self.points.iter().map(|point| point.blurred(model, env, judge)).collect();
            Self { points: blurred }.check_sharp(oracle).map_err(|_| why)
        })
    }

    fn check_sharp(&self, oracle: &CompiledOracle) -> Result<(), String> {
        let mut ws = oracle.workspace();
        // Back to the first point at the end: nothing of another point may be left.
        for point in self.points.iter().chain(self.points.first()) {
            point.check(oracle, &mut ws)?;
        }
        Ok(())
    }
}

fn random(rng: &mut Stream, n: usize) -> Vec<f64> {
    (0..n).map(|_| rng.uniform(-1.2, 1.2)).collect()
}

fn entries(pattern: &Pattern, values: &[f64]) -> Entries {
    let all = pattern.entries().map(|(slot, row, col)| ((row, col), values[slot]));
    all.filter(|(_, v)| *v != 0.0).collect()
}

impl PointReference {
    fn new(model: &Model, env: &dyn Env, judge: &Judge, rng: &mut Stream) -> Result<Self, EvalError> {
        let shape = judge.shape();
        let x = random(rng, shape.n_vars);
        let (sigma, y) = (random(rng, shape.n_objectives), random(rng, shape.n_cons));
        Self::at(model, env, judge, x, sigma, y)
    }

    fn at(
        model: &Model,
        env: &dyn Env,
        judge: &Judge,
        x: Vec<f64>,
        sigma: Vec<f64>,
        y: Vec<f64>,
    ) -> Result<Self, EvalError> {
        let shape = judge.shape();
        let mut ws = judge.workspace();
        ws.set_point(&x);
        let mut gradient = vec![0.0; shape.n_vars];
        judge.gradient(&mut ws, &sigma, &mut gradient)?;
        let mut values = vec![0.0; judge.jacobian_pattern().nnz()];
        judge.jacobian(&mut ws, &mut values)?;
        let jacobian = entries(judge.jacobian_pattern(), &values);
        let mut values = vec![0.0; judge.hessian_pattern().nnz()];
        judge.hessian(&mut ws, &sigma, &y, &mut values)?;
        let hessian = entries(judge.hessian_pattern(), &values);
        let (objectives, rows) = sizes(model, env, judge, &x);
        Ok(Self { x, sigma, y, objectives, rows, gradient, jacobian, hessian, blur: Blur::default() })
    }

    /// The same with what conditioning explains.
    pub fn blurred(&self, model: &Model, env: &dyn Env, judge: &Judge) -> Self {
        let mut blur = Blur::default();
        for by in [NUDGE, -NUDGE] {
            let x = self.x.iter().map(|x| x + x * by).collect();
            if let Ok(nudged) = Self::at(model, env, judge, x, self.sigma.clone(), self.y.clone()) {
                blur.widen(&nudged, self);
            }
        }
        let mut same = Self::at(model, env, judge, self.x.clone(), self.sigma.clone(), self.y.clone())
            .expect("it had a value before");
        same.blur = blur;
        same
    }

    fn check(&self, oracle: &CompiledOracle, ws: &mut Workspace) -> Result<(), String> {
        let said = |what: &str, error: EvalError| format!("{what}: {error}");
        ws.set_point(&self.x);
        let mut f = vec![0.0; self.objectives.len()];
        oracle.objectives(ws, &mut f).map_err(|e| said("objectives", e))?;
        for (k, (f, (value, size))) in f.iter().zip(&self.objectives).enumerate() {
            near(&format!("objective {k}"), *f, *value, VALUE * (1.0 + size))?;
        }
        let mut c = vec![0.0; self.rows.len()];
        oracle.constraints(ws, &mut c).map_err(|e| said("rows", e))?;
        for (i, (c, (value, size))) in c.iter().zip(&self.rows).enumerate() {
            near(&format!("row {i}"), *c, *value, VALUE * (1.0 + size))?;
        }
        let mut g = vec![0.0; self.x.len()];
        oracle.gradient(ws, &self.sigma, &mut g).map_err(|e| said("gradient", e))?;
        vectors("gradient", &g, &self.gradient, &self.blur.gradient)?;
        let mut values = vec![0.0; oracle.jacobian_pattern().nnz()];
        oracle.jacobian(ws, &mut values).map_err(|e| said("jacobian", e))?;
        matrices("jacobian", &entries(oracle.jacobian_pattern(), &values), &self.jacobian, &self.blur.jacobian)?;
        let mut values = vec![0.0; oracle.hessian_pattern().nnz()];
        oracle.hessian(ws, &self.sigma, &self.y, &mut values).map_err(|e| said("hessian", e))?;
        matrices("hessian", &entries(oracle.hessian_pattern(), &values), &self.hessian, &self.blur.hessian)?;
        // Products agree with the matrix written out.
        let mut product = vec![0.0; self.x.len()];
        oracle.jtv(ws, &self.y, &mut product).map_err(|e| said("product", e))?;
        let mut dense = vec![0.0; self.x.len()];
        self.jacobian.iter().for_each(|((row, col), v)| dense[*col] += v * self.y[*row]);
        let mut blur = vec![0.0; self.x.len()];
        self.blur.jacobian.iter().for_each(|((row, col), v)| blur[*col] += v * self.y[*row].abs());
        vectors("transposed product", &product, &dense, &blur)?;
        oracle.hvp(ws, &self.sigma, &self.y, &self.x, &mut product).map_err(|e| said("Hessian product", e))?;
        dense.fill(0.0);
        for (&(row, col), v) in &self.hessian {
            dense[row] += v * self.x[col];
            dense[col] += if row == col { 0.0 } else { v * self.x[row] };
        }
        blur.fill(0.0);
        for (&(row, col), v) in &self.blur.hessian {
            blur[row] += v * self.x[col].abs();
            blur[col] += v * self.x[row].abs();
        }
        vectors("Hessian product", &product, &dense, &blur)?;
        let mut along = vec![0.0; self.rows.len()];
        oracle.jv(ws, &self.x, &mut along).map_err(|e| said("rows along x", e))?;
        let (mut dense, mut blur) = (vec![0.0; self.rows.len()], vec![0.0; self.rows.len()]);
        self.jacobian.iter().for_each(|((row, col), v)| dense[*row] += v * self.x[*col]);
        self.blur.jacobian.iter().for_each(|((row, col), v)| blur[*row] += v * self.x[*col].abs());
        vectors("rows along x", &along, &dense, &blur)
    }

    /// Directional central differences; a direction with a kink nearby is left out. What a step of 1e-5 finds wrong, a
    /// smaller one must find wrong too: the first is too long for functions that oscillate, such as the sine of 253^2 y,
    /// and rounding blurs the second.
    pub fn check_differences(&self, oracle: &CompiledOracle, seed: u64) -> Result<(), String> {
        let mut faults = self.faults_by_differences(oracle, seed, 1e-5);
        if !faults.is_empty() {
            let again = self.faults_by_differences(oracle, seed, 1e-6);
            faults.retain(|place, _| again.contains_key(place));
        }
        faults.into_values().next().map_or(Ok(()), Err)
    }

    /// What differences of this step say otherwise, by kind and position.
    fn faults_by_differences(&self, oracle: &CompiledOracle, seed: u64, step: f64) -> BTreeMap<(usize, usize), String> {
        let mut faults = BTreeMap::new();
        let direction = random(&mut Stream::new(seed, 0xD1FF), self.x.len());
        let mut ws = oracle.workspace();
        let mut at = |t: f64| -> Option<(Vec<f64>, Vec<f64>)> {
            let x: Vec<f64> = self.x.iter().zip(&direction).map(|(x, d)| x + t * d).collect();
            ws.set_point(&x);
            let mut values = vec![0.0; self.objectives.len() + self.rows.len()];
            let (f, c) = values.split_at_mut(self.objectives.len());
            oracle.objectives(&mut ws, f).ok()?;
            oracle.constraints(&mut ws, c).ok()?;
            let (mut g, mut jty) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            oracle.gradient(&mut ws, &self.sigma, &mut g).ok()?;
            oracle.jtv(&mut ws, &self.y, &mut jty).ok()?;
            Some((values, g.iter().zip(&jty).map(|(a, b)| a + b).collect()))
        };
        let (Some(before), Some(here), Some(after)) = (at(-step), at(0.0), at(step)) else { return faults };
        let mut slopes = vec![0.0; here.0.len()];
        slopes[self.objectives.len()..].iter_mut().zip(self.rows.iter()).for_each(|(s, _)| *s = 0.0);
        for ((row, col), v) in &self.jacobian {
            slopes[self.objectives.len() + row] += v * direction[*col];
        }
        let mut curvature = vec![0.0; self.x.len()];
        for ((row, col), v) in &self.hessian {
            curvature[*row] += v * direction[*col];
            if row != col {
                curvature[*col] += v * direction[*row];
            }
        }
        if self.objectives.len() == 1 && self.sigma[0] != 0.0 {
            slopes[0] = self.gradient.iter().zip(&direction).map(|(g, d)| g * d).sum::<f64>() / self.sigma[0];
            let values = [&before.0[..1], &here.0[..1], &after.0[..1]];
            differences((0, "objective"), values, &slopes[..1], step, &mut faults);
        }
        let from = self.objectives.len();
        let values = [&before.0[from..], &here.0[from..], &after.0[from..]];
        differences((1, "rows"), values, &slopes[from..], step, &mut faults);
        let gradients = [&*before.1, &*here.1, &*after.1];
        differences((2, "gradient of the Lagrangian"), gradients, &curvature, step, &mut faults);
        faults
    }
}

fn differences(
    (kind, what): (usize, &str),
    [before, here, after]: [&[f64]; 3],
    slopes: &[f64],
    step: f64,
    faults: &mut BTreeMap<(usize, usize), String>,
) {
    for (k, slope) in slopes.iter().enumerate() {
        let central = (after[k] - before[k]) / (2.0 * step);
        let bend = (after[k] - 2.0 * here[k] + before[k]).abs();
        let size = 1.0 + here[k].abs() + slope.abs();
        if bend > 2e-9 * size {
            continue;
        }
        // A kink that bends so little may stand between the points, and tilts the difference by half of that.
        let kink = bend / (2.0 * step);
        let allowed = DIFFERENCE * size + kink;
        if let Err(fault) = near(&format!("{what} {k} by differences"), *slope, central, allowed) {
            faults.insert((kind, k), fault);
        }
    }
}

/// Values with the sum of their absolute terms.
type Sizes = Vec<(f64, f64)>;

fn sizes(model: &Model, env: &dyn Env, judge: &Judge, x: &[f64]) -> (Sizes, Sizes) {
    let deps = Deps::new(model);
    let mut walk = Interp::new(model, env, &deps, Scaled::new(x));
    let senses = judge.shape().senses.iter();
    let objectives = model
        .objectives
        .iter()
        .zip(senses)
        .map(|(objective, sense)| {
            let value = walk.number(objective.body).expect("the judge has evaluated it");
            (sense.flip(value.value), value.size)
        })
        .collect();
    let mut rows = Vec::new();
    for constraint in model.constraints.iter() {
        let each = &mut |walk: &mut Interp<'_, Scaled<'_>>| {
            let value = walk.number(constraint.body)?;
            rows.push((value.value, value.size));
            Ok(())
        };
        walk.for_each(constraint.domain, each).expect("the judge has evaluated it");
    }
    (objectives, rows)
}

fn near(what: &str, found: f64, wanted: f64, allowed: f64) -> Result<(), String> {
    if (found - wanted).abs() <= allowed {
        return Ok(());
    }
    Err(format!("{what} is {found:e}, should be {wanted:e} (off by {:e}, allowed {allowed:e})", found - wanted))
}

fn vectors(what: &str, found: &[f64], wanted: &[f64], blur: &[f64]) -> Result<(), String> {
    let largest = wanted.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    for (k, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let blur = blur.get(k).copied().unwrap_or(0.0);
        near(&format!("{what} {k}"), *found, *wanted, DERIVATIVE * (1.0 + wanted.abs()) + LARGEST * largest + blur)?;
    }
    Ok(())
}

/// Entries that only one of the two has are compared with 0: a pattern must hold every nonzero.
fn matrices(what: &str, found: &Entries, wanted: &Entries, blur: &Entries) -> Result<(), String> {
    let largest = wanted.values().fold(0.0, |m: f64, v| m.max(v.abs()));
    for at in found.keys().chain(wanted.keys()) {
        let (a, b) = (found.get(at).copied().unwrap_or(0.0), wanted.get(at).copied().unwrap_or(0.0));
        let blur = blur.get(at).copied().unwrap_or(0.0);
        near(&format!("{what} {at:?}"), a, b, DERIVATIVE * (1.0 + b.abs()) + LARGEST * largest + blur)?;
    }
    Ok(())
}

/// Whether the equations of the slots have slopes at a point. The norm of a sum over an empty join has none when lifted:
/// its slot is 0, where a root has no slope. Condensed, the empty sum has no derivative that could meet it.
pub fn has_slopes(lifted: &CompiledOracle, point: &PointReference) -> bool {
    let mut ws = lifted.workspace();
    let z = lifted.lift_point(&point.x);
    ws.set_point(&z);
    let mut values = vec![0.0; lifted.jacobian_pattern().nnz()];
    let without = matches!(lifted.jacobian(&mut ws, &mut values), Err(EvalError::NonFinite { .. }));
    !(without && z[point.x.len()..].contains(&0.0))
}

/// Whether the lifted problem says the same as the condensed one, by its own derivatives: with slots
/// at their values its rows agree; with multipliers that cancel the slots' part its gradient does; with
/// slots that follow the variables its Hessian does. Nothing is asked where the slots have no slopes.
pub fn check_lifted(lifted: &CompiledOracle, point: &PointReference, n_defs: usize) -> Result<(), String> {
    if !has_slopes(lifted, point) {
        return Ok(());
    }
    let said = |error: EvalError| format!("lifted: {error}");
    let (n_x, n_rows) = (point.x.len(), point.rows.len());
    let (n, m) = (lifted.shape().n_vars, lifted.shape().n_cons);
    let mut ws = lifted.workspace();
    let z = lifted.lift_point(&point.x);
    ws.set_point(&z);
    let mut c = vec![0.0; m];
    lifted.constraints(&mut ws, &mut c).map_err(said)?;
    for (i, (c, (value, size))) in c.iter().zip(&point.rows).enumerate() {
        near(&format!("lifted row {i}"), *c, *value, VALUE * (1.0 + size))?;
    }
    for (k, c) in c[n_rows..].iter().enumerate() {
        near(&format!("equation of slot {k}"), *c, 0.0, 1e-12)?;
    }
    // Multipliers w of the equations with (gradient of L + J' w) = 0 in the slots.
    let multipliers = |ws: &mut Workspace, wanted: &[f64]| -> Result<(Vec<f64>, Vec<f64>), String> {
        let (mut y, mut out) = (vec![0.0; m], vec![0.0; n]);
        for _ in 0..=n_defs {
            lifted.jtv(ws, &y, &mut out).map_err(said)?;
            for k in 0..n - n_x {
                y[n_rows + k] += wanted[n_x + k] + out[n_x + k];
            }
        }
        lifted.jtv(ws, &y, &mut out).map_err(said)?;
        Ok((y, out))
    };
    let mut g = vec![0.0; n];
    lifted.gradient(&mut ws, &point.sigma, &mut g).map_err(said)?;
    let (_, out) = multipliers(&mut ws, &g)?;
    let total: Vec<f64> = (0..n_x).map(|j| g[j] + out[j]).collect();
    vectors("lifted gradient", &total, &point.gradient, &point.blur.gradient)?;
    // The Lagrangian with the rows' multipliers.
    let mut rows_y = point.y.clone();
    rows_y.resize(m, 0.0);
    let mut jty = vec![0.0; n];
    lifted.jtv(&mut ws, &rows_y, &mut jty).map_err(said)?;
    let lagrangian: Vec<f64> = g.iter().zip(&jty).map(|(a, b)| a + b).collect();
    let (w, _) = multipliers(&mut ws, &lagrangian)?;
    let y: Vec<f64> = point.y.iter().chain(&w[n_rows..]).copied().collect();
    let mut values = vec![0.0; lifted.jacobian_pattern().nnz()];
    lifted.jacobian(&mut ws, &mut values).map_err(said)?;
    let mut v = random(&mut Stream::new(7, 7), n_x);
    v.resize(n, 0.0);
    for _ in 0..=n_defs {
        let mut moved = vec![0.0; m];
        lifted.jacobian_pattern().mul_add(&values, 1.0, &v, &mut moved);
        (0..n - n_x).for_each(|k| v[n_x + k] += moved[n_rows + k]);
    }
    let mut hv = vec![0.0; n];
    lifted.hvp(&mut ws, &point.sigma, &y, &v, &mut hv).map_err(said)?;
    let (_, out) = multipliers(&mut ws, &hv)?;
    let total: Vec<f64> = (0..n_x).map(|j| hv[j] + out[j]).collect();
    let mut wanted = vec![0.0; n_x];
    for ((row, col), h) in &point.hessian {
        wanted[*row] += h * v[*col];
        if row != col {
            wanted[*col] += h * v[*row];
        }
    }
    let mut blur = vec![0.0; n_x];
    for (&(row, col), h) in &point.blur.hessian {
        blur[row] += h * v[col].abs();
        blur[col] += h * v[row].abs();
    }
    vectors("lifted Hessian", &total, &wanted, &blur)
}
