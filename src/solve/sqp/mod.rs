//! Sequential quadratic programming with an active-set method for the steps.
//!
//! Source: Nocedal and Wright, Numerical Optimization (2006), chapter 18: algorithm 18.3 with the l1 merit function (15.24),
//! second-order correction (18.22) and damped BFGS (procedure 18.2); restoration as in Fletcher and Leyffer, Mathematical
//! Programming 91 (2002); steps by Goldfarb and Idnani, Mathematical Programming 27 (1983).
//!
//! | here   | book | meaning                                                    | shape        |
//! |--------|------|------------------------------------------------------------|--------------|
//! | `b`    | B    | Hessian of the Lagrangian, made positive definite          | `n` square   |
//! | `rows` | A    | Jacobian of the scaled rows                                | `m` by `n`   |
//! | `nu`   | μ    | weights of the violations in the merit function            | `m`          |
//!
//! For up to some hundreds of variables: matrices are dense, and each step starts from the active set of the one before. The
//! exact Hessian is used where the problem offers one; where it is not positive definite, multiples of `a aᵀ` of
//! active rows are added, which changes nothing along them, then eigenvalues lose their sign. Where the linearised rows
//! contradict each other, the squared violation is made smaller by Levenberg-Marquardt steps in the box; a
//! minimum of it that is not 0 ends the run.
//!
//! Marks in the trace: `c` with second-order correction, `i` indefinite matrix mended, `r` restoration, blank otherwise.

mod active_set;
mod eigen;
mod point;
mod quadratic;

use self::active_set::{ActiveSet, Failure};
use self::point::{Point, Scales};
use self::quadratic::{AtPoint, Model, Sides};
use super::ground::{TOL, UNBOUNDED, max_iter, outward};
use super::limits::Meter;
use super::registry::one_smooth_objective;
use crate::num::dense::{dot, norm_inf};
use crate::problem::{
    Budget, Candidate, Capabilities, Counts, Form, MethodRow, OptionKind, OptionRow, OptionValue, ProblemFacts,
    Program, Progress, Refusal, Request, SetupError, Snapshot, SnapshotError, Solver, StopReason, TraceRow,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "sqp",
    doc: "Sequential quadratic programming for up to some hundreds of variables; few evaluations, warm active sets.",
    source: "Nocedal and Wright, Numerical Optimization (2006), algorithm 18.3",
    accepts,
    needs: Capabilities { gradient: true, jacobian: true, ..Capabilities::VALUES },
    form: Form::Nlp,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 3] = [
    OptionRow { doc: "Stop when violation, complementarity and gradient of the Lagrangian are no larger.", ..TOL },
    max_iter(1000),
    OptionRow {
        name: "hessian",
        doc: "Second derivatives: exact where the problem offers them, or from changes of gradients.",
        kind: OptionKind::Choice(&["exact", "bfgs"]),
        default: OptionValue::Choice("exact"),
        unit: "",
    },
];

/// Beyond this many variables dense matrices take minutes.
const MOST_VARS: usize = 1_000;
/// How much larger than scaled residuals those of the problem as it was given may be.
const UNSCALED: f64 = 50.0;
/// Sufficient decrease of the merit function.
const DECREASE: f64 = 1e-4;
/// Steps shorter than this part of the direction are no progress.
const SHORTEST: f64 = 1e-10;
/// Restoration hands back when the violation fell to this part.
const RESTORED: f64 = 0.1;
/// The first multiple of the identity where rows are not linear, and the least that is remembered.
const FIRST_SHIFT: f64 = 1.0;
const LEAST_SHIFT: f64 = 1e-10;
/// Beyond this a shorter step is no use.
const MOST_SHIFT: f64 = 1e6;
/// Iterations without progress beyond rounding after which the run gives up.
const MAX_IDLE: u32 = 20;
/// Full steps in a row of this length say that nothing ends the descent.
const RUNAWAY: f64 = 1e5;
/// How many of them.
const RUNAWAYS: u32 = 4;

fn accepts(facts: &ProblemFacts) -> Result<(), Refusal> {
    one_smooth_objective(facts)?;
    if facts.n_vars > MOST_VARS { Err(Refusal::ManyVariables(facts.n_vars, MOST_VARS)) } else { Ok(()) }
}

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    let Program::Nlp(nlp) = request.program else { return Err(Refusal::WrongForm("nonlinear").into()) };
    accepts(&nlp.facts)?;
    let meter = Meter::start(request.control, request.options.count("max_iter"));
    let shape = nlp.oracle.shape();
    let (n, m) = (shape.n_vars, shape.n_cons);
    let bounds = request.bounds.as_deref().unwrap_or(&shape.vars).clone();
    for (what, ends) in [("variable", &bounds), ("row", &shape.rows)] {
        if let Some(index) = ends.first_empty() {
            return Err(SetupError::EmptyBounds { what, index });
        }
    }
    let n_sides = 2 * (n + m);
    let dense = n.saturating_mul(3 * n + 2 * m).saturating_mul(8);
    meter.check_memory(dense.saturating_add(ActiveSet::bytes(n, n_sides)))?;
    let exact = nlp.oracle.capabilities().hessian && request.options.choice("hessian") == "exact";
    let warm = request.warm.unwrap_or_default();
    let mut start = if warm.x.len() == n { warm.x } else { shape.start.clone() };
    start.iter_mut().enumerate().for_each(|(i, x)| *x = bounds.clamp(i, *x));
    let mut run = Sqp {
        here: Point::new(&*nlp.oracle, start),
        trial: Point::new(&*nlp.oracle, vec![0.0; n]),
        scales: Scales::new(m),
        model: Model::new(&*nlp.oracle, exact),
        sides: Sides::new(&bounds, &shape.rows),
        set: ActiveSet::new(n, n_sides),
        workspace: nlp.oracle.workspace(),
        y: if warm.y.len() == m { warm.y } else { vec![0.0; m] },
        z: vec![0.0; n],
        y_next: vec![0.0; m],
        z_next: vec![0.0; n],
        nu: vec![0.0; m],
        step: vec![0.0; n],
        slope: vec![0.0; n],
        correction: vec![0.0; m],
        most_violation: f64::INFINITY,
        restoring: None,
        lambda: 0.0,
        // Without multipliers nothing is known of how rows bend.
        shift: if shape.linear_rows.iter().all(|linear| *linear) { 0.0 } else { FIRST_SHIFT },
        idle: 0,
        runaways: 0,
        best_merit: f64::INFINITY,
        best_residual: f64::INFINITY,
        ray: false,
        tol: request.options.real("tol"),
        oracle: nlp.oracle,
        bounds,
        meter,
        started: false,
        stop: None,
    };
    if let Some(state) = &request.resume {
        run.restore(state)?;
    }
    Ok(Box::new(run))
}

/// A run. Functions and multipliers are scaled; vectors have lengths `n` and `m`.
struct Sqp {
    oracle: std::sync::Arc<dyn crate::problem::Oracle>,
    workspace: crate::problem::Workspace,
    bounds: crate::problem::Bounds,
    scales: Scales,
    here: Point,
    trial: Point,
    model: Model,
    sides: Sides,
    set: ActiveSet,
    /// Multipliers of the rows and, lower less upper, of the bounds.
    y: Vec<f64>,
    z: Vec<f64>,
    y_next: Vec<f64>,
    z_next: Vec<f64>,
    nu: Vec<f64>,
    step: Vec<f64>,
    slope: Vec<f64>,
    correction: Vec<f64>,
    /// No step goes where rows are violated by more (Wächter and Biegler 2006, equation 21).
    most_violation: f64,
    /// The violation that restoration is to reduce.
    restoring: Option<f64>,
    lambda: f64,
    /// The least multiple of the identity in the matrix: what shortens steps that went too far.
    shift: f64,
    idle: u32,
    runaways: u32,
    best_merit: f64,
    best_residual: f64,
    /// Whether `step` is a direction along which the objective falls without end.
    ray: bool,
    tol: f64,
    meter: Meter,
    started: bool,
    stop: Option<StopReason>,
}

/// 1, or the mean multiplier when it is larger: what stationarity is measured by.
fn size(y: &[f64], z: &[f64]) -> f64 {
    let sum: f64 = y.iter().chain(z).map(|v| v.abs()).sum();
    (sum / (y.len() + z.len()).max(1) as f64).max(1.0)
}

/// How an iteration went, for the trace.
struct Taken {
    alpha: f64,
    trials: u32,
    mark: char,
}

impl Sqp {
    fn n(&self) -> usize {
        self.step.len()
    }

    /// Evaluates the start; where it has no value, points pushed into the box are tried.
    fn begin(&mut self) -> Result<(), StopReason> {
        let start = self.here.x.clone();
        for push in [0.0, 1e-2, 1e-1] {
            for i in 0..start.len() {
                self.here.x[i] = super::ground::pushed(&self.bounds, i, start[i], push);
            }
            self.scales.reset();
            let found = self.here.evaluate(&*self.oracle, &mut self.workspace, &self.scales, &mut self.meter.counts)
                && self.here.differentiate(&*self.oracle, &mut self.workspace, &self.scales, &mut self.meter.counts);
            if found {
                self.rescale();
                self.most_violation = 1e4 * self.here.violation(&self.sides).max(1.0);
                self.trace(None);
                return Ok(());
            }
        }
        Err(StopReason::NotANumber)
    }

    /// Scales functions so that no slope at the start is beyond 100 (Wächter and Biegler 2006, section 3.8).
    fn rescale(&mut self) {
        self.scales.fit(&self.here, self.oracle.jacobian_pattern());
        self.here.rescale(&self.scales, self.oracle.jacobian_pattern());
        self.sides.rescale(&self.oracle.shape().rows, &self.scales.rows);
        for (y, s) in self.y.iter_mut().zip(&self.scales.rows) {
            *y *= self.scales.objective / s;
        }
    }

    fn iterate(&mut self) -> Result<(), StopReason> {
        self.check()?;
        let taken = if self.restoring.is_some() { self.restore_rows()? } else { self.descend()? };
        self.meter.iterations += 1;
        self.trace(Some(&taken));
        self.watch_progress()
    }

    fn check(&mut self) -> Result<(), StopReason> {
        let violation = self.here.violation(&self.sides);
        if self.restoring.is_none() && violation <= self.tol {
            let residual = self.residual();
            // As scaled, and nearly so as the problem was given.
            let given = residual / self.scales.objective;
            if residual <= self.tol * size(&self.y, &self.z) && given <= UNSCALED * self.tol {
                return Err(StopReason::Converged);
            }
        }
        let may_escape = violation <= self.tol && !self.bounds.are_closed();
        if self.here.f / self.scales.objective <= UNBOUNDED && may_escape {
            return Err(StopReason::Unbounded);
        }
        if self.runaways >= RUNAWAYS && may_escape {
            self.ray = true;
            return Err(StopReason::Unbounded);
        }
        self.meter.check()
    }

    /// Largest failure of stationarity and complementarity at the present multipliers of the rows.
    fn residual(&mut self) -> f64 {
        let Self { here, slope, y, sides, bounds, .. } = self;
        here.lagrangian(self.oracle.jacobian_pattern(), y, slope);
        let mut worst = 0.0f64;
        for i in 0..slope.len() {
            let moved = (here.x[i] - slope[i]).clamp(bounds.lower[i], bounds.upper[i]);
            let projected = if slope[i] == 0.0 { 0.0 } else { moved - here.x[i] };
            worst = worst.max(projected.abs().min(slope[i].abs()));
        }
        for (i, y) in y.iter().enumerate() {
            let end = if *y > 0.0 { sides.rows.upper[i] } else { sides.rows.lower[i] };
            worst = worst.max(y.abs().min((end - here.c[i]).abs()));
        }
        worst
    }

    /// One step of the method.
    fn descend(&mut self) -> Result<Taken, StopReason> {
        let Self { model, here, y, set, sides, scales, .. } = self;
        let weights = (&*scales, &y[..], self.shift);
        let shifted = model
            .prepare(&*self.oracle, &mut self.workspace, here, weights, set, sides, &mut self.meter.counts)
            .ok_or(StopReason::NotANumber)?;
        sides.linearise(here, None);
        let normals = AtPoint { sides, rows: &model.rows };
        match set.solve(&model.factor, &here.g, &sides.list, &normals, || self.meter.check_inside().is_err()) {
            Ok(()) => {}
            Err(Failure::Stopped) => return Err(self.meter.check_inside().err().unwrap_or(StopReason::Stalled)),
            Err(Failure::Infeasible | Failure::Circling) => {
                return self.begin_restoration();
            }
        }
        self.step.copy_from_slice(&set.d);
        sides.multipliers(set, &mut self.y_next, &mut self.z_next);
        model.correct_multipliers(&self.step, &mut self.y_next);
        let mark = if shifted { 'i' } else { ' ' };
        self.search(mark)
    }

    /// A line search on the merit function, with a second-order correction of the first trial.
    fn search(&mut self, mut mark: char) -> Result<Taken, StopReason> {
        for (nu, y) in self.nu.iter_mut().zip(&self.y_next) {
            *nu = y.abs().max(0.5 * (*nu + y.abs()));
        }
        let merit = self.here.merit(&self.sides, &self.nu);
        let slope = dot(&self.here.g, &self.step) - self.here.weighted_violation(&self.sides, &self.nu);
        let rounding = 10.0 * f64::EPSILON * (self.here.f.abs() + merit.abs());
        let mut alpha = 1.0;
        let mut trials = 0;
        loop {
            trials += 1;
            let most = self.most_violation;
            let good = |trial: &Point, sides: &Sides, nu: &[f64]| {
                trial.violation(sides) <= most
                    && trial.merit(sides, nu) <= merit + DECREASE * alpha * slope.min(0.0) + rounding
            };
            let valued = self.try_step(alpha, false);
            if valued && good(&self.trial, &self.sides, &self.nu) {
                break;
            }
            let worse = valued && self.trial.violation(&self.sides) >= self.here.violation(&self.sides);
            if trials == 1 && worse && self.correct() {
                trials += 1;
                if self.try_step(1.0, true) && good(&self.trial, &self.sides, &self.nu) {
                    mark = 'c';
                    break;
                }
            }
            alpha *= 0.5;
            self.meter.check_inside()?;
            if alpha < SHORTEST {
                return self.no_step();
            }
        }
        let differentiable =
            self.trial.differentiate(&*self.oracle, &mut self.workspace, &self.scales, &mut self.meter.counts);
        if !differentiable {
            return self.no_step();
        }
        self.shift = match alpha {
            1.0 => {
                if self.shift < LEAST_SHIFT {
                    0.0
                } else {
                    0.1 * self.shift
                }
            }
            a if a < 0.1 => (10.0 * self.shift).max(1e-4),
            _ => self.shift,
        };
        if alpha == 1.0 && norm_inf(&self.step) > RUNAWAY {
            self.runaways += 1;
        } else {
            self.runaways = 0;
        }
        let pattern = self.oracle.jacobian_pattern();
        self.model.learn(&self.here, &self.trial, &self.y_next, pattern);
        std::mem::swap(&mut self.here, &mut self.trial);
        std::mem::swap(&mut self.y, &mut self.y_next);
        std::mem::swap(&mut self.z, &mut self.z_next);
        Ok(Taken { alpha, trials, mark })
    }

    /// Evaluates the point `alpha` along the step, or the corrected one; false where it has no value.
    fn try_step(&mut self, alpha: f64, corrected: bool) -> bool {
        let step = if corrected { &self.set.d } else { &self.step };
        for i in 0..step.len() {
            self.trial.x[i] = self.bounds.clamp(i, self.here.x[i] + alpha * step[i]);
        }
        self.trial.evaluate(&*self.oracle, &mut self.workspace, &self.scales, &mut self.meter.counts)
    }

    /// The step with the rows as they turned out to be at its end (18.22); false when there is none.
    fn correct(&mut self) -> bool {
        if self.y.is_empty() {
            return false;
        }
        let Self { sides, here, trial, model, set, step, correction, .. } = self;
        model.rows_times(step, correction);
        for (c, moved) in correction.iter_mut().zip(&trial.c) {
            *c = moved - *c;
        }
        sides.linearise(here, Some(correction));
        let normals = AtPoint { sides, rows: &model.rows };
        set.solve(&model.factor, &here.g, &sides.list, &normals, || self.meter.check_inside().is_err()).is_ok()
    }

    /// Nothing along the direction: other second derivatives, then restoration, then the end.
    fn no_step(&mut self) -> Result<Taken, StopReason> {
        let forgot = self.model.forget();
        if forgot || self.shift < MOST_SHIFT {
            if !forgot {
                self.shift = (100.0 * self.shift).max(1e-2);
            }
            self.set.forget();
            return Ok(Taken { alpha: 0.0, trials: 0, mark: 'i' });
        }
        if self.here.violation(&self.sides) > self.tol {
            return self.begin_restoration();
        }
        Err(StopReason::Stalled)
    }

    fn begin_restoration(&mut self) -> Result<Taken, StopReason> {
        let violation = self.here.violation(&self.sides);
        if violation <= self.tol * 1e-2 {
            return Err(StopReason::Stalled);
        }
        self.restoring = Some(violation);
        self.lambda = 0.0;
        self.set.forget();
        self.restore_rows()
    }

    /// One Levenberg-Marquardt step on half the squared violation, in the box.
    fn restore_rows(&mut self) -> Result<Taken, StopReason> {
        let goal = self.restoring.unwrap_or(0.0);
        let oracle = std::sync::Arc::clone(&self.oracle);
        let pattern = oracle.jacobian_pattern();
        let before = self.here.squared_violation(&self.sides);
        self.here.violation_gradient(&self.sides, pattern, &mut self.slope);
        let mut flat = 0.0f64;
        for i in 0..self.n() {
            let x = self.here.x[i];
            let moved = (x - self.slope[i]).clamp(self.bounds.lower[i], self.bounds.upper[i]);
            flat = flat.max((moved - x).abs().min(self.slope[i].abs()));
        }
        // The slope of half the square goes down with the violation itself.
        if flat <= 1e-9 * self.here.violation(&self.sides).max(self.tol) {
            return Err(StopReason::Infeasible);
        }
        let mut trials = 0;
        loop {
            let Self { model, here, sides, set, .. } = self;
            if !model.prepare_restoration(here, sides, pattern, &mut self.lambda) {
                return Err(StopReason::LinearAlgebra);
            }
            sides.bounds_only(here);
            let normals = AtPoint { sides, rows: &model.rows };
            let stopped = || self.meter.check_inside().is_err();
            if set.solve(&model.factor, &self.slope, &sides.list, &normals, stopped).is_err() {
                return Err(self.meter.check_inside().err().unwrap_or(StopReason::LinearAlgebra));
            }
            self.step.copy_from_slice(&set.d);
            trials += 1;
            let valued = self.try_step(1.0, false);
            let after = if valued { self.trial.squared_violation(&self.sides) } else { f64::INFINITY };
            let predicted = -0.5 * dot(&self.slope, &self.step);
            if after < before && before - after >= DECREASE * predicted {
                self.lambda *= if before - after > 0.75 * predicted { 0.1 } else { 1.0 };
                break;
            }
            self.lambda *= 10.0;
            self.meter.check_inside()?;
            if norm_inf(&self.step) <= 1e-14 * norm_inf(&self.here.x).max(1.0) || trials > 60 {
                return Err(StopReason::Infeasible);
            }
        }
        if !self.trial.differentiate(&*self.oracle, &mut self.workspace, &self.scales, &mut self.meter.counts) {
            return Err(StopReason::NotANumber);
        }
        std::mem::swap(&mut self.here, &mut self.trial);
        if self.here.violation(&self.sides) <= (RESTORED * goal).max(0.1 * self.tol) {
            self.restoring = None;
            self.model.forget();
            self.set.forget();
            self.y.fill(0.0);
            self.z.fill(0.0);
            self.nu.fill(0.0);
        }
        (self.idle, self.best_merit, self.best_residual) = (0, f64::INFINITY, f64::INFINITY);
        Ok(Taken { alpha: 1.0, trials, mark: 'r' })
    }

    /// Gives up after many iterations that improved neither merit nor conditions beyond rounding.
    fn watch_progress(&mut self) -> Result<(), StopReason> {
        if self.restoring.is_some() {
            return Ok(());
        }
        let violation = self.here.violation(&self.sides);
        let residual = self.residual().max(violation);
        let merit = self.here.merit(&self.sides, &self.nu);
        let lower = self.best_merit - merit > 4.0 * f64::EPSILON * merit.abs().max(1e-300);
        self.best_merit = self.best_merit.min(merit);
        if lower || residual < 0.5 * self.best_residual {
            self.idle = 0;
            self.best_residual = self.best_residual.min(residual);
            return Ok(());
        }
        self.idle += 1;
        if self.idle <= MAX_IDLE {
            return Ok(());
        }
        if violation > 1e-2 * self.tol.max(1e-10) {
            self.begin_restoration().map(|_| ())
        } else {
            Err(StopReason::Stalled)
        }
    }

    fn trace(&mut self, taken: Option<&Taken>) {
        let row = TraceRow {
            objective: self.here.f / self.scales.objective,
            primal_infeasibility: self.here.unscaled_violation(&self.sides, &self.scales.rows),
            dual_infeasibility: self.residual() / self.scales.objective,
            step: taken.map(|_| norm_inf(&self.step)),
            alpha_primal: taken.map(|t| t.alpha),
            trials: taken.map_or(0, |t| t.trials),
            mark: taken.map_or(' ', |t| t.mark),
            ..TraceRow::default()
        };
        self.meter.trace(row);
    }

    const VERSION: u32 = 1;

    fn restore(&mut self, state: &Snapshot) -> Result<(), SnapshotError> {
        let mut from = state.read(ROW.name, Self::VERSION)?;
        let seconds = from.take_real()?;
        let iterations = from.take()?;
        let counts = Counts {
            objective: from.take()?,
            gradient: from.take()?,
            constraints: from.take()?,
            jacobian: from.take()?,
            hessian: from.take()?,
            hvp: 0,
            failures: from.take()?,
        };
        self.meter.resume(seconds, iterations, counts);
        self.started = from.take()? != 0;
        self.idle = from.take()? as u32;
        self.runaways = from.take()? as u32;
        let numbers = [&mut self.lambda, &mut self.shift, &mut self.most_violation];
        for number in numbers.into_iter().chain([&mut self.best_merit, &mut self.best_residual]) {
            *number = from.take_real()?;
        }
        let goal = from.take_real()?;
        self.restoring = (!goal.is_nan()).then_some(goal);
        from.take_reals(&mut self.here.x)?;
        for vector in [&mut self.y, &mut self.z, &mut self.nu, &mut self.scales.rows] {
            from.take_reals(vector)?;
        }
        self.scales.objective = from.take_real()?;
        let active = from.take_vec(self.n() + 1)?;
        self.set.active.extend(active.iter().map(|side| *side as u32));
        self.model.take(&mut from)?;
        if self.started {
            // What was evaluated and counted before.
            let mut counted = Counts::default();
            self.sides.rescale(&self.oracle.shape().rows, &self.scales.rows);
            self.here.evaluate(&*self.oracle, &mut self.workspace, &self.scales, &mut counted);
            self.here.differentiate(&*self.oracle, &mut self.workspace, &self.scales, &mut counted);
        }
        Ok(())
    }
}

impl Solver for Sqp {
    fn step(&mut self, budget: Budget) -> Progress {
        if let Some(reason) = self.stop {
            return Progress::Done(reason);
        }
        let mut left = match budget {
            Budget::Unlimited => u64::MAX,
            Budget::Iterations(count) => count,
        };
        let mut result = if self.started { Ok(()) } else { self.begin() };
        self.started = true;
        while result.is_ok() && left > 0 {
            result = self.iterate();
            left -= 1;
        }
        match result {
            Ok(()) => Progress::Paused,
            Err(reason) => {
                self.stop = Some(reason);
                Progress::Done(reason)
            }
        }
    }

    fn best(&self) -> Candidate {
        let objective = self.scales.objective;
        let candidate = Candidate {
            objective: self.here.f / objective,
            iterations: self.meter.iterations,
            counts: self.meter.counts,
            seconds: self.meter.seconds(),
            ..Candidate::at(ROW.name, self.here.x.clone(), self.stop.unwrap_or(StopReason::Running))
        };
        if self.ray {
            let size = norm_inf(&self.step);
            return Candidate { ray: Some(self.step.iter().map(|d| d / size).collect()), ..candidate };
        }
        if candidate.stop == StopReason::Unbounded {
            return Candidate { ray: Some(outward(&self.here.x)), ..candidate };
        }
        // The bounds take what the rows leave of the slope.
        let mut slope = vec![0.0; self.n()];
        self.here.lagrangian(self.oracle.jacobian_pattern(), &self.y, &mut slope);
        let side = |room: f64, slope: f64| if slope > 0.0 && room < slope { slope / objective } else { 0.0 };
        let (x, ends) = (&self.here.x, &self.bounds);
        Candidate {
            y: self.y.iter().zip(&self.scales.rows).map(|(y, s)| y * s / objective).collect(),
            z_lower: (0..x.len()).map(|i| side(x[i] - ends.lower[i], slope[i])).collect(),
            z_upper: (0..x.len()).map(|i| side(ends.upper[i] - x[i], -slope[i])).collect(),
            ..candidate
        }
    }

    fn save(&self) -> Snapshot {
        let mut to = Snapshot::new(ROW.name, Self::VERSION);
        to.put_real(self.meter.seconds());
        to.put(self.meter.iterations);
        let Counts { objective, gradient, constraints, jacobian, hessian, hvp: _, failures } = self.meter.counts;
        for count in [objective, gradient, constraints, jacobian, hessian, failures] {
            to.put(count);
        }
        to.put(u64::from(self.started));
        to.put(u64::from(self.idle));
        to.put(u64::from(self.runaways));
        let goal = self.restoring.unwrap_or(f64::NAN);
        for number in [self.lambda, self.shift, self.most_violation, self.best_merit, self.best_residual, goal] {
            to.put_real(number);
        }
        to.put_reals(&self.here.x);
        for vector in [&self.y, &self.z, &self.nu, &self.scales.rows] {
            to.put_reals(vector);
        }
        to.put_real(self.scales.objective);
        let active: Vec<f64> = self.set.active.iter().map(|side| f64::from(*side)).collect();
        to.put_reals(&active);
        self.model.put(&mut to);
        to
    }
}
