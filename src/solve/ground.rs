//! What the methods for one function over a box share: the point, its functions, the meter, stopping and saving.
//!
//! Takes a [`Request`] and the steps of a method ([`Steps`]); [`Run`] makes of both a solver that can be paused, saved and
//! resumed. Stationarity is the length of `x - P(x - g)`, with `P` the projection onto the box or, beside absolute values,
//! their proximal map; it is 0 exactly where the first-order conditions hold.
//! Deliberately absent: rows, and how a step is found.

use std::sync::Arc;

use super::limits::Meter;
use crate::num::dense::{clamp, norm_inf};
use crate::problem::snapshot::SnapshotReader;
use crate::problem::{
    Bounds, Budget, Candidate, Claim, Counts, MethodRow, OptionKind, OptionRow, OptionSet, OptionValue, Oracle,
    ProblemFacts, Program, Progress, Refusal, Request, SetupError, Snapshot, SnapshotError, Solver, StopReason,
    TraceRow, Workspace,
};

/// Objectives below this, at feasible points, count as unbounded (the judge uses the same number).
pub const UNBOUNDED: f64 = -1e20;

/// The option `tol` of methods that follow derivatives.
pub const TOL: OptionRow = OptionRow {
    name: "tol",
    doc: "Stop when no entry of the projected gradient is larger.",
    kind: OptionKind::Real { lo: 0.0, hi: 1.0 },
    default: OptionValue::Real(1e-8),
    unit: "absolute",
};

/// The option `max_iter` with this default.
pub const fn max_iter(default: i64) -> OptionRow {
    OptionRow {
        name: "max_iter",
        doc: "Most iterations.",
        kind: OptionKind::Int { lo: 0, hi: i64::MAX },
        default: OptionValue::Int(default),
        unit: "",
    }
}

/// One iteration, for the trace.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its length, largest entry.
    pub length: f64,
    /// The part of the direction that was taken.
    pub alpha: f64,
    /// Trial points.
    pub trials: u32,
    /// What kind it was; the method's documentation explains the letter.
    pub mark: char,
}

/// How a method moves.
pub trait Steps: Send {
    /// Layout of its part of a snapshot.
    const VERSION: u32;
    /// Iterations without progress beyond rounding after which the run gives up.
    const MAX_IDLE: u32 = 20;
    /// Whether it follows derivatives; else it ends as the best point of a search.
    const DERIVATIVES: bool = true;
    /// Whether values may rise on the way, so that the lowest point is to be remembered.
    const MAY_RISE: bool = false;

    /// One iteration from `ground.x`, which it moves, with `ground.f` and `ground.g` there.
    ///
    /// # Errors
    /// Why the run ends here.
    fn advance(&mut self, ground: &mut Ground) -> Result<Step, StopReason>;

    /// The function has changed, the point has not; `gently` says that its curvature is about the same.
    fn forget(&mut self, ground: &Ground, gently: bool) {
        let _ = (ground, gently);
    }

    /// Appends what the next iterations depend on beside the point.
    fn put(&self, to: &mut Snapshot);

    /// Reads what [`Steps::put`] wrote.
    ///
    /// # Errors
    /// When it does not fit.
    fn take(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), SnapshotError>;
}

/// The objective with its derivatives, evaluated and counted.
pub struct Functions {
    /// The problem.
    pub oracle: Arc<dyn Oracle>,
    /// Where the oracle keeps its work.
    pub workspace: Workspace,
    /// The weights that pick the first objective.
    pub sigma: Vec<f64>,
}

impl Functions {
    fn new(oracle: Arc<dyn Oracle>) -> Self {
        Self { workspace: oracle.workspace(), sigma: oracle.shape().first_objective(), oracle }
    }

    /// Value at `x`; `None` where it is not a number.
    pub fn value(&mut self, x: &[f64], counts: &mut Counts) -> Option<f64> {
        self.workspace.set_point(x);
        if self.sigma.is_empty() {
            return Some(0.0);
        }
        counts.objective += 1;
        let value = self.oracle.objective(&mut self.workspace, 0).ok().filter(|f| f.is_finite());
        counts.failures += u64::from(value.is_none());
        value
    }

    /// Gradient at the last point given to [`Functions::value`]; `None` where it is not a number.
    pub fn gradient(&mut self, g: &mut [f64], counts: &mut Counts) -> Option<()> {
        if self.sigma.is_empty() {
            g.fill(0.0);
            return Some(());
        }
        counts.gradient += 1;
        let result = self.oracle.gradient(&mut self.workspace, &self.sigma, g).ok();
        counts.failures += u64::from(result.is_none());
        result
    }

    /// Value and gradient at `x`; `None` where one is not a number.
    pub fn evaluate(&mut self, x: &[f64], g: &mut [f64], counts: &mut Counts) -> Option<f64> {
        let value = self.value(x, counts)?;
        self.gradient(g, counts).map(|()| value)
    }
}

/// The point and everything around it. All vectors have length `n_vars`.
pub struct Ground {
    /// Functions and derivatives.
    pub functions: Functions,
    /// The box.
    pub bounds: Bounds,
    /// Whether any variable has a bound.
    pub bounded: bool,
    /// Weights of absolute values, or empty.
    pub l1: Vec<f64>,
    /// The point, in the box.
    pub x: Vec<f64>,
    /// Smooth part of the objective at `x`.
    pub f: f64,
    /// Its gradient at `x`.
    pub g: Vec<f64>,
    /// A point being tried.
    pub trial_x: Vec<f64>,
    /// The gradient there.
    pub trial_g: Vec<f64>,
    /// Largest entry of the projected gradient that counts as 0.
    pub tol: f64,
    /// Iterations, evaluations, limits.
    pub meter: Meter,
    /// [`Ground::residual`] at the point of the last iteration.
    last_residual: f64,
    idle: u32,
    best_value: f64,
    best_residual: f64,
    /// The lowest point so far, for methods whose values may rise.
    lowest: Option<Lowest>,
}

/// A point with its value, absolute values left out, and its gradient.
struct Lowest {
    x: Vec<f64>,
    f: f64,
    g: Vec<f64>,
}

impl Ground {
    /// Takes the memory all methods need, beside `own_vectors` vectors and `own_bytes` of the method's; evaluates nothing.
    ///
    /// # Errors
    /// What a method says of a problem it does not take, empty bounds, too little memory.
    pub fn new(
        request: Request,
        accepts: fn(&ProblemFacts) -> Result<(), Refusal>,
        own_vectors: usize,
        own_bytes: usize,
    ) -> Result<(Self, OptionSet, Option<Snapshot>), SetupError> {
        let Program::Nlp(nlp) = request.program else { return Err(Refusal::WrongForm("nonlinear").into()) };
        accepts(&ProblemFacts {
            offers: nlp.facts.offers,
            smoothness: nlp.facts.smoothness,
            ..ProblemFacts::of(&*nlp.oracle)
        })?;
        let shape = nlp.oracle.shape();
        let n = shape.n_vars;
        let bounds = request.bounds.as_deref().unwrap_or(&shape.vars).clone();
        if let Some(index) = bounds.first_empty() {
            return Err(SetupError::EmptyBounds { what: "variable", index });
        }
        let meter = Meter::start(request.control, request.options.count("max_iter"));
        meter.check_memory((own_vectors + 8).saturating_mul(n).saturating_mul(8).saturating_add(own_bytes))?;
        let start = request.warm.filter(|warm| warm.x.len() == n).map_or_else(|| shape.start.clone(), |warm| warm.x);
        let x = start.iter().enumerate().map(|(i, &v)| bounds.clamp(i, v)).collect();
        let ground = Self {
            bounded: (0..n).any(|i| bounds.lower[i].is_finite() || bounds.upper[i].is_finite()),
            bounds,
            l1: shape.l1.clone(),
            x,
            f: f64::NAN,
            g: vec![0.0; n],
            trial_x: vec![0.0; n],
            trial_g: vec![0.0; n],
            tol: request.options.real("tol"),
            meter,
            last_residual: f64::NAN,
            idle: 0,
            best_value: f64::INFINITY,
            best_residual: f64::INFINITY,
            lowest: None,
            functions: Functions::new(nlp.oracle),
        };
        Ok((ground, request.options, request.resume))
    }

    /// Number of variables.
    pub fn n(&self) -> usize {
        self.x.len()
    }

    /// The objective at `x`, absolute values included.
    pub fn objective(&self) -> f64 {
        self.f + self.l1_term(&self.x)
    }

    /// The term of absolute values at `x`.
    pub fn l1_term(&self, x: &[f64]) -> f64 {
        self.l1.iter().zip(x).map(|(w, x)| w * x.abs()).sum()
    }

    /// Value and gradient at [`Ground::trial_x`].
    pub fn evaluate_trial(&mut self) -> Option<f64> {
        self.functions.evaluate(&self.trial_x, &mut self.trial_g, &mut self.meter.counts)
    }

    /// Moves to [`Ground::trial_x`], where value `f` and gradient were evaluated.
    pub fn accept(&mut self, f: f64) {
        self.f = f;
        std::mem::swap(&mut self.x, &mut self.trial_x);
        std::mem::swap(&mut self.g, &mut self.trial_g);
    }

    /// The number nearest to `v` in the box, after absolute values of weight `t w[i]` have pulled it towards 0: the
    /// minimiser of `t w |u| + (u - v)²/2` over interval `i`.
    pub fn prox(&self, i: usize, v: f64, t: f64) -> f64 {
        let soft = self.l1.get(i).map_or(v, |w| v - clamp(v, -t * w, t * w));
        self.bounds.clamp(i, soft)
    }

    /// Entry `i` of `P(x - g) - x`, formed without adding `g` to a large `x`.
    pub fn reduced(&self, i: usize) -> f64 {
        let d = match self.l1.get(i) {
            // Below 0 the absolute value falls, above it rises; at 0 it holds as long as it can.
            Some(&w) if w > 0.0 => {
                let (x, g) = (self.x[i], self.g[i]);
                let (to_left, to_right) = (-(g + w), w - g);
                if x - g - w > 0.0 {
                    to_left
                } else if x - g + w < 0.0 {
                    to_right
                } else {
                    -x
                }
            }
            _ => -self.g[i],
        };
        clamp(d, self.bounds.lower[i] - self.x[i], self.bounds.upper[i] - self.x[i])
    }

    /// Largest entry of `x - P(x - g)`.
    pub fn residual(&self) -> f64 {
        if !self.bounded && self.l1.is_empty() {
            return norm_inf(&self.g);
        }
        let mut largest = 0.0f64;
        for i in 0..self.n() {
            largest = largest.max(self.reduced(i).abs());
        }
        largest
    }

    /// Whether bound and gradient hold variable `i` where it is.
    pub fn is_held(&self, i: usize) -> bool {
        (self.x[i] <= self.bounds.lower[i] && self.g[i] >= 0.0)
            || (self.x[i] >= self.bounds.upper[i] && self.g[i] <= 0.0)
    }

    /// Evaluates the start; where it has no value, points pushed into the box are tried.
    fn begin(&mut self, derivatives: bool) -> Result<(), StopReason> {
        for push in [0.0, 1e-2, 1e-1] {
            for i in 0..self.n() {
                self.trial_x[i] = pushed(&self.bounds, i, self.x[i], push);
            }
            let value = if derivatives {
                self.evaluate_trial()
            } else {
                self.functions.value(&self.trial_x, &mut self.meter.counts)
            };
            if let Some(f) = value {
                self.accept(f);
                self.remember_lowest();
                self.best_value = self.objective();
                self.last_residual = self.residual();
                self.trace(None, derivatives);
                return Ok(());
            }
        }
        Err(StopReason::NotANumber)
    }

    /// What must hold before an iteration.
    fn check(&self, derivatives: bool) -> Result<(), StopReason> {
        if derivatives && self.last_residual <= self.tol {
            return Err(StopReason::Converged);
        }
        if self.f <= UNBOUNDED && !self.bounds.are_closed() {
            return Err(StopReason::Unbounded);
        }
        self.meter.check()
    }

    /// Gives up after many iterations that improved neither value nor gradient beyond rounding.
    fn watch_progress(&mut self, max_idle: u32) -> Result<(), StopReason> {
        let (value, residual) = (self.objective(), self.last_residual);
        let lower = self.best_value - value > 2.0 * f64::EPSILON * self.best_value.abs();
        self.best_value = self.best_value.min(value);
        if lower || residual < 0.5 * self.best_residual {
            self.idle = 0;
            self.best_residual = self.best_residual.min(residual);
            return Ok(());
        }
        self.idle += 1;
        if self.idle > max_idle { Err(StopReason::Stalled) } else { Ok(()) }
    }

    /// Remembers the point when it is the lowest so far.
    fn remember_lowest(&mut self) {
        let Some(mut lowest) = self.lowest.take() else { return };
        if self.objective() < lowest.f + self.l1_term(&lowest.x) {
            lowest.x.copy_from_slice(&self.x);
            lowest.g.copy_from_slice(&self.g);
            lowest.f = self.f;
        }
        self.lowest = Some(lowest);
    }

    /// The point to answer with: where the run stands, or the lowest point when that is lower beyond rounding.
    fn answer(&self, stop: StopReason) -> (&[f64], f64, &[f64]) {
        let here = self.objective();
        let lower = |kept: &&Lowest| kept.f + self.l1_term(&kept.x) < here - 2.0 * f64::EPSILON * here.abs();
        match self.lowest.as_ref().filter(|_| stop != StopReason::Converged).filter(lower) {
            Some(kept) => (&kept.x, kept.f, &kept.g),
            None => (&self.x, self.f, &self.g),
        }
    }

    fn trace(&mut self, step: Option<Step>, derivatives: bool) {
        let row = TraceRow {
            objective: self.objective(),
            dual_infeasibility: if derivatives { self.last_residual } else { f64::NAN },
            step: step.map(|s| s.length),
            alpha_primal: step.map(|s| s.alpha),
            trials: step.map_or(0, |s| s.trials),
            mark: step.map_or(' ', |s| s.mark),
            ..TraceRow::default()
        };
        self.meter.trace(row);
    }

    /// Where the search along a line gave nothing: the limit that cut it, or that nothing better is to be had.
    pub fn nothing_found(&self) -> StopReason {
        self.meter.check_inside().err().unwrap_or(StopReason::Stalled)
    }
}

/// `x` moved into the interior of interval `i` by the part `push` of its length, or of 1 when it is longer.
pub(super) fn pushed(bounds: &Bounds, i: usize, x: f64, push: f64) -> f64 {
    let (lo, hi) = (bounds.lower[i], bounds.upper[i]);
    let room = push * (hi - lo).min(1.0);
    clamp(x, lo + room, hi - room)
}

/// A method at work.
pub struct Run<S> {
    row: &'static MethodRow,
    ground: Ground,
    steps: S,
    started: bool,
    stop: Option<StopReason>,
}

impl<S: Steps> Run<S> {
    /// A run of the method `row`, fresh or from a saved state.
    ///
    /// # Errors
    /// When the saved state is of another run.
    pub fn new(
        row: &'static MethodRow,
        ground: Ground,
        steps: S,
        resume: Option<&Snapshot>,
    ) -> Result<Self, SetupError> {
        let n = ground.n();
        let mut run = Self { row, ground, steps, started: false, stop: None };
        if S::MAY_RISE {
            run.ground.lowest = Some(Lowest { x: vec![0.0; n], f: f64::INFINITY, g: vec![0.0; n] });
        }
        if let Some(state) = resume {
            run.restore(state)?;
        }
        Ok(run)
    }

    fn iterate(&mut self) -> Result<(), StopReason> {
        self.ground.check(S::DERIVATIVES)?;
        let step = self.steps.advance(&mut self.ground)?;
        self.ground.meter.iterations += 1;
        if S::DERIVATIVES {
            self.ground.last_residual = self.ground.residual();
        }
        self.ground.trace(Some(step), S::DERIVATIVES);
        self.ground.remember_lowest();
        if S::DERIVATIVES { self.ground.watch_progress(S::MAX_IDLE) } else { Ok(()) }
    }

    fn restore(&mut self, state: &Snapshot) -> Result<(), SnapshotError> {
        let mut from = state.read(self.row.name, S::VERSION)?;
        let ground = &mut self.ground;
        let seconds = from.take_real()?;
        let iterations = from.take()?;
        let counts = Counts {
            objective: from.take()?,
            gradient: from.take()?,
            hessian: from.take()?,
            hvp: from.take()?,
            failures: from.take()?,
            ..Counts::default()
        };
        ground.meter.resume(seconds, iterations, counts);
        self.started = from.take()? != 0;
        ground.idle = from.take()? as u32;
        ground.best_value = from.take_real()?;
        ground.best_residual = from.take_real()?;
        ground.f = from.take_real()?;
        from.take_reals(&mut ground.x)?;
        from.take_reals(&mut ground.g)?;
        if let Some(lowest) = &mut ground.lowest {
            lowest.f = from.take_real()?;
            from.take_reals(&mut lowest.x)?;
            from.take_reals(&mut lowest.g)?;
        }
        ground.last_residual = ground.residual();
        self.steps.take(&mut from)
    }
}

impl<S: Steps> Solver for Run<S> {
    fn step(&mut self, budget: Budget) -> Progress {
        if let Some(reason) = self.stop {
            return Progress::Done(reason);
        }
        let mut left = match budget {
            Budget::Unlimited => u64::MAX,
            Budget::Iterations(count) => count,
        };
        let mut result = if self.started { Ok(()) } else { self.ground.begin(S::DERIVATIVES) };
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
        let ground = &self.ground;
        let n = ground.n();
        let stop = self.stop.unwrap_or(StopReason::Running);
        let (x, f, g) = ground.answer(stop);
        let candidate = Candidate {
            objective: f + ground.l1_term(x),
            iterations: ground.meter.iterations,
            counts: ground.meter.counts,
            seconds: ground.meter.seconds(),
            ..Candidate::at(self.row.name, x.to_vec(), stop)
        };
        let candidate =
            Candidate { ray: (candidate.stop == StopReason::Unbounded).then(|| outward(&ground.x)), ..candidate };
        if !S::DERIVATIVES {
            return Candidate { claim: Claim::Best, ..candidate };
        }
        // The projection hits a bound exactly where the gradient pushes against it from close enough.
        let slope = |i: usize| match (ground.l1.get(i), x[i]) {
            (None, _) => g[i],
            (Some(&w), 0.0) => g[i] - clamp(g[i], -w, w),
            (Some(&w), x) => g[i] + w * x.signum(),
        };
        let multiplier = |g: f64, room: f64| if g > 0.0 && room < g { g } else { 0.0 };
        Candidate {
            z_lower: (0..n).map(|i| multiplier(slope(i), x[i] - ground.bounds.lower[i])).collect(),
            z_upper: (0..n).map(|i| multiplier(-slope(i), ground.bounds.upper[i] - x[i])).collect(),
            ..candidate
        }
    }

    fn save(&self) -> Snapshot {
        let ground = &self.ground;
        let mut to = Snapshot::new(self.row.name, S::VERSION);
        to.put_real(ground.meter.seconds());
        to.put(ground.meter.iterations);
        let Counts { objective, gradient, hessian, hvp, failures, .. } = ground.meter.counts;
        [objective, gradient, hessian, hvp, failures].into_iter().for_each(|count| to.put(count));
        to.put(u64::from(self.started));
        to.put(u64::from(ground.idle));
        to.put_real(ground.best_value);
        to.put_real(ground.best_residual);
        to.put_real(ground.f);
        to.put_reals(&ground.x);
        to.put_reals(&ground.g);
        if let Some(lowest) = &ground.lowest {
            to.put_real(lowest.f);
            to.put_reals(&lowest.x);
            to.put_reals(&lowest.g);
        }
        self.steps.put(&mut to);
        to
    }
}

/// Moves along `step` from the point until both Wolfe conditions hold, and leaves the step taken in `step` and the change of
/// the gradient in `change`. The directional slope must be negative.
pub fn line_search(
    ground: &mut Ground,
    step: &mut [f64],
    change: &mut [f64],
    (first, longest): (f64, f64),
    wolfe: &super::line_search::Wolfe,
    trials: &mut u32,
) -> Option<f64> {
    use super::line_search::{Found, Sample, search};
    let slope = crate::num::dense::dot(step, &ground.g);
    if !(slope < 0.0) {
        return None;
    }
    let start = Sample { step: 0.0, value: ground.f, slope };
    let Ground { functions, bounds, bounded, x, trial_x, trial_g, meter, .. } = ground;
    let mut value = f64::NAN;
    let found = search(start, first, longest, wolfe, trials, |alpha| {
        meter.check_inside().ok()?;
        for i in 0..x.len() {
            trial_x[i] = x[i] + alpha * step[i];
        }
        if *bounded {
            for i in 0..x.len() {
                trial_x[i] = bounds.clamp(i, trial_x[i]);
            }
        }
        value = functions.evaluate(trial_x, trial_g, &mut meter.counts)?;
        Some((value, crate::num::dense::dot(trial_g, step)))
    });
    let (Found::Wolfe(sample) | Found::Decrease(sample)) = found else { return None };
    for i in 0..step.len() {
        step[i] = ground.trial_x[i] - ground.x[i];
        change[i] = ground.trial_g[i] - ground.g[i];
    }
    ground.accept(value);
    Some(sample.step)
}

/// The direction of a point that has gone far: along it the objective fell.
pub fn outward(x: &[f64]) -> Vec<f64> {
    let largest = norm_inf(x).max(1.0);
    x.iter().map(|x| x / largest).collect()
}

/// The longest part of `step` from `x` that stays in the box, at least 0; `far` without an end.
pub fn longest_inside(bounds: &Bounds, x: &[f64], step: &[f64], far: f64) -> f64 {
    let mut longest = far;
    for i in 0..x.len() {
        if step[i] != 0.0 {
            let end = if step[i] > 0.0 { bounds.upper[i] } else { bounds.lower[i] };
            longest = longest.min((end - x[i]) / step[i]);
        }
    }
    longest.max(0.0)
}

/// Largest entry, for the trace.
pub fn length(step: &[f64]) -> f64 {
    norm_inf(step)
}
