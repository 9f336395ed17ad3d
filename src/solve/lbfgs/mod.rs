//! Limited-memory BFGS with bounds.
//!
//! Source: Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16 (1995); line search of Moré and Thuente (1994);
//! two-loop recursion of Nocedal (1980) when no variable is bounded.
//!
//! | here     | paper | meaning                                     | shape          |
//! |----------|-------|---------------------------------------------|----------------|
//! | `x`, `g` | x, g  | point in the box and gradient there         | `n`            |
//! | `memory` | B     | `theta I - W M Wᵀ`                          | `n` square     |
//! | `target` | x̄     | minimiser of the model on the identified face | `n`          |
//!
//! Marks in the trace: `s` first step along the gradient, `r` memory was cleared, blank otherwise.

mod memory;
mod subproblem;

use std::sync::Arc;

use self::memory::Memory;
use self::subproblem::Subproblem;
use super::limits::Meter;
use super::line_search::{Found, Sample, Wolfe, search};
use super::registry::one_smooth_objective;
use crate::num::dense::{clamp, dot, norm_inf};
use crate::problem::{
    Bounds, Budget, Candidate, Capabilities, Counts, Form, MethodRow, OptionKind, OptionRow, OptionValue, Oracle,
    ProblemFacts, Program, Progress, Refusal, Request, SetupError, Snapshot, SnapshotError, Solver, StopReason,
    TraceRow, Workspace,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "lbfgs",
    doc: "Limited-memory quasi-Newton method for smooth functions of many variables, with bounds.",
    source: "Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16 (1995)",
    accepts,
    needs: Capabilities { gradient: true, ..Capabilities::VALUES },
    form: Form::Nlp,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 4] = [
    OptionRow {
        name: "tol",
        doc: "Stop when no entry of the projected gradient is larger.",
        kind: OptionKind::Real { lo: 0.0, hi: 1.0 },
        default: OptionValue::Real(1e-8),
        unit: "absolute",
    },
    OptionRow {
        name: "max_iter",
        doc: "Most iterations.",
        kind: OptionKind::Int { lo: 0, hi: i64::MAX },
        default: OptionValue::Int(15_000),
        unit: "",
    },
    OptionRow {
        name: "memory",
        doc: "Pairs of steps and gradient changes that are remembered.",
        kind: OptionKind::Int { lo: 1, hi: 100 },
        default: OptionValue::Int(10),
        unit: "",
    },
    OptionRow {
        name: "max_trials",
        doc: "Most trial points of one line search.",
        kind: OptionKind::Int { lo: 1, hi: 1000 },
        default: OptionValue::Int(40),
        unit: "",
    },
];

/// Objectives below this, at feasible points, count as unbounded (the judge uses the same number).
const UNBOUNDED: f64 = -1e20;
/// Iterations without progress beyond rounding after which the method gives up.
const MAX_IDLE: u32 = 20;
const VERSION: u32 = 1;

fn accepts(facts: &ProblemFacts) -> Result<(), Refusal> {
    one_smooth_objective(facts)?;
    if facts.n_cons > 0 {
        return Err(Refusal::Constraints(facts.n_cons));
    }
    Ok(())
}

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    Lbfgs::new(request).map(|solver| Box::new(solver) as Box<dyn Solver>)
}

/// A run of the method.
pub struct Lbfgs {
    functions: Functions,
    bounds: Bounds,
    bounded: bool,
    tol: f64,
    wolfe: Wolfe,
    memory: Memory,
    subproblem: Subproblem,
    x: Vec<f64>,
    f: f64,
    g: Vec<f64>,
    step: Vec<f64>,
    change: Vec<f64>,
    trial_x: Vec<f64>,
    trial_g: Vec<f64>,
    idle: u32,
    best_residual: f64,
    meter: Meter,
    started: bool,
    stop: Option<StopReason>,
}

impl Lbfgs {
    /// Takes all memory; evaluates nothing.
    fn new(request: Request) -> Result<Self, SetupError> {
        let Program::Nlp(nlp) = request.program else { return Err(Refusal::WrongForm("nonlinear").into()) };
        accepts(&ProblemFacts { offers: nlp.facts.offers, ..ProblemFacts::of(&*nlp.oracle) })?;
        let shape = nlp.oracle.shape();
        let n = shape.n_vars;
        let bounds = request.bounds.as_deref().unwrap_or(&shape.vars).clone();
        if let Some(index) = bounds.first_empty() {
            return Err(SetupError::EmptyBounds { what: "variable", index });
        }
        let capacity = request.options.count("memory") as usize;
        let meter = Meter::start(request.control, request.options.count("max_iter"));
        meter.check_memory((2 * capacity + 12).saturating_mul(n).saturating_mul(8))?;
        let start = request.warm.filter(|warm| warm.x.len() == n).map_or_else(|| shape.start.clone(), |warm| warm.x);
        let x: Vec<f64> = start.iter().enumerate().map(|(i, &v)| bounds.clamp(i, v)).collect();
        let mut solver = Self {
            bounded: (0..n).any(|i| bounds.lower[i].is_finite() || bounds.upper[i].is_finite()),
            bounds,
            tol: request.options.real("tol"),
            wolfe: Wolfe { max_trials: request.options.count("max_trials") as u32, ..Wolfe::default() },
            memory: Memory::new(n, capacity),
            subproblem: Subproblem::new(n, capacity),
            x,
            f: f64::NAN,
            g: vec![0.0; n],
            step: vec![0.0; n],
            change: vec![0.0; n],
            trial_x: vec![0.0; n],
            trial_g: vec![0.0; n],
            idle: 0,
            best_residual: f64::INFINITY,
            meter,
            started: false,
            stop: None,
            functions: Functions::new(nlp.oracle),
        };
        if let Some(state) = request.resume {
            solver.restore(&state)?;
        }
        Ok(solver)
    }

    /// Evaluates the start; where it has no value, points pushed into the box are tried.
    fn begin(&mut self) -> Result<(), StopReason> {
        self.started = true;
        for push in [0.0, 1e-2, 1e-1] {
            for i in 0..self.x.len() {
                self.trial_x[i] = pushed(&self.bounds, i, self.x[i], push);
            }
            if let Some(f) = self.functions.evaluate(&self.trial_x, &mut self.trial_g, &mut self.meter.counts) {
                self.f = f;
                self.x.copy_from_slice(&self.trial_x);
                self.g.copy_from_slice(&self.trial_g);
                self.trace(0.0, 0, ' ');
                return Ok(());
            }
        }
        Err(StopReason::NotANumber)
    }

    /// One iteration.
    fn iterate(&mut self) -> Result<(), StopReason> {
        let residual = self.projected_gradient();
        if residual <= self.tol {
            return Err(StopReason::Converged);
        }
        if self.f <= UNBOUNDED {
            return Err(StopReason::Unbounded);
        }
        self.meter.check()?;
        let mut mark = if self.memory.len() == 0 { 's' } else { ' ' };
        let mut trials = 0;
        let f_before = self.f;
        let found = match self.advance(&mut trials) {
            Found::Nothing if self.memory.len() > 0 => {
                mark = 'r';
                trials = 0;
                self.memory.clear();
                self.advance(&mut trials)
            }
            other => other,
        };
        let (Found::Wolfe(sample) | Found::Decrease(sample)) = found else {
            return Err(self.meter.check_inside().err().unwrap_or(StopReason::Stalled));
        };
        self.memory.push(&self.step, &self.change);
        self.meter.iterations += 1;
        self.trace(sample.step, trials, mark);
        self.watch_progress(f_before)
    }

    /// Searches along the model's direction and moves there; fills `step` and `change`.
    fn advance(&mut self, trials: &mut u32) -> Found {
        let longest = self.choose_direction();
        let slope = dot(&self.step, &self.g);
        if !(slope < 0.0) {
            return Found::Nothing;
        }
        let first = if self.memory.len() == 0 { 1f64.min(1.0 / norm_inf(&self.step)) } else { 1.0 };
        let start = Sample { step: 0.0, value: self.f, slope };
        let Self { functions, bounds, x, step, trial_x, trial_g, meter, .. } = self;
        let mut value = f64::NAN;
        let found = search(start, first, longest, &self.wolfe, trials, |alpha| {
            meter.check_inside().ok()?;
            for i in 0..x.len() {
                trial_x[i] = bounds.clamp(i, x[i] + alpha * step[i]);
            }
            value = functions.evaluate(trial_x, trial_g, &mut meter.counts)?;
            Some((value, dot(trial_g, step)))
        });
        if !matches!(found, Found::Nothing) {
            for i in 0..self.x.len() {
                self.step[i] = self.trial_x[i] - self.x[i];
                self.change[i] = self.trial_g[i] - self.g[i];
            }
            self.f = value;
            self.x.copy_from_slice(&self.trial_x);
            self.g.copy_from_slice(&self.trial_g);
        }
        found
    }

    /// Leaves a direction in `step`; gives the longest step along it inside the box.
    fn choose_direction(&mut self) -> f64 {
        const FAR: f64 = 1e20;
        if !self.bounded {
            self.memory.descend(&self.g, &mut self.step);
            return FAR;
        }
        self.subproblem.solve(&self.memory, &self.bounds, &self.x, &self.g);
        let mut longest = FAR;
        for i in 0..self.x.len() {
            let d = self.subproblem.target[i] - self.x[i];
            self.step[i] = d;
            if d != 0.0 {
                let end = if d > 0.0 { self.bounds.upper[i] } else { self.bounds.lower[i] };
                longest = longest.min((end - self.x[i]) / d);
            }
        }
        longest.max(1.0)
    }

    /// Largest entry of `x - P(x - g)`, formed without adding `g` to a large `x`.
    fn projected_gradient(&self) -> f64 {
        let moved = |i: usize| {
            let (down, up) = (self.x[i] - self.bounds.lower[i], self.x[i] - self.bounds.upper[i]);
            clamp(self.g[i], up, down).abs()
        };
        (0..self.x.len()).fold(0.0, |largest: f64, i| largest.max(moved(i)))
    }

    /// Gives up after many iterations that improved neither value nor gradient beyond rounding.
    fn watch_progress(&mut self, f_before: f64) -> Result<(), StopReason> {
        let residual = self.projected_gradient();
        let lower = f_before - self.f > 2.0 * f64::EPSILON * f_before.abs();
        if lower || residual < 0.5 * self.best_residual {
            self.idle = 0;
            self.best_residual = self.best_residual.min(residual);
            return Ok(());
        }
        self.idle += 1;
        if self.idle > MAX_IDLE { Err(StopReason::Stalled) } else { Ok(()) }
    }

    fn trace(&mut self, alpha: f64, trials: u32, mark: char) {
        let row = TraceRow {
            objective: self.f,
            dual_infeasibility: self.projected_gradient(),
            step: (alpha > 0.0).then(|| norm_inf(&self.step)),
            alpha_primal: (alpha > 0.0).then_some(alpha),
            trials,
            mark,
            ..TraceRow::default()
        };
        self.meter.trace(row);
    }

    fn restore(&mut self, state: &Snapshot) -> Result<(), SnapshotError> {
        let n = self.x.len();
        let mut from = state.read(ROW.name, VERSION)?;
        let seconds = from.take_real()?;
        let iterations = from.take()?;
        let mut counts = Counts { objective: from.take()?, gradient: from.take()?, ..Counts::default() };
        counts.failures = from.take()?;
        self.meter.resume(seconds, iterations, counts);
        self.started = from.take()? != 0;
        self.idle = from.take()? as u32;
        self.best_residual = from.take_real()?;
        self.f = from.take_real()?;
        from.take_reals(&mut self.x)?;
        from.take_reals(&mut self.g)?;
        let most = n.saturating_mul(100);
        let (s, y) = (from.take_vec(most)?, from.take_vec(most)?);
        self.memory.restore(&s, &y);
        Ok(())
    }
}

/// `x` moved into the interior of interval `i` by the part `push` of its length, or of 1 when it is longer.
fn pushed(bounds: &Bounds, i: usize, x: f64, push: f64) -> f64 {
    let (lo, hi) = (bounds.lower[i], bounds.upper[i]);
    let room = push * (hi - lo).min(1.0);
    clamp(x, lo + room, hi - room)
}

impl Solver for Lbfgs {
    fn step(&mut self, budget: Budget) -> Progress {
        if let Some(reason) = self.stop {
            return Progress::Done(reason);
        }
        let mut left = match budget {
            Budget::Unlimited => u64::MAX,
            Budget::Iterations(count) => count,
        };
        let mut result = if self.started { Ok(()) } else { self.begin() };
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
        let n = self.x.len();
        // The projection hits a bound exactly where the gradient pushes against it from close enough.
        let at_lower = |i: usize| self.g[i] > 0.0 && self.x[i] - self.bounds.lower[i] < self.g[i];
        let at_upper = |i: usize| self.g[i] < 0.0 && self.bounds.upper[i] - self.x[i] < -self.g[i];
        Candidate {
            z_lower: (0..n).map(|i| if at_lower(i) { self.g[i] } else { 0.0 }).collect(),
            z_upper: (0..n).map(|i| if at_upper(i) { -self.g[i] } else { 0.0 }).collect(),
            objective: self.f,
            iterations: self.meter.iterations,
            counts: self.meter.counts,
            seconds: self.meter.seconds(),
            ..Candidate::at(ROW.name, self.x.clone(), self.stop.unwrap_or(StopReason::Running))
        }
    }

    fn save(&self) -> Snapshot {
        let mut to = Snapshot::new(ROW.name, VERSION);
        to.put_real(self.meter.seconds());
        to.put(self.meter.iterations);
        to.put(self.meter.counts.objective);
        to.put(self.meter.counts.gradient);
        to.put(self.meter.counts.failures);
        to.put(u64::from(self.started));
        to.put(u64::from(self.idle));
        to.put_real(self.best_residual);
        to.put_real(self.f);
        to.put_reals(&self.x);
        to.put_reals(&self.g);
        let (s, y) = self.memory.pairs();
        to.put_reals(s);
        to.put_reals(y);
        to
    }
}

/// The objective with its gradient, evaluated together and counted.
struct Functions {
    oracle: Arc<dyn Oracle>,
    workspace: Workspace,
    sigma: Vec<f64>,
}

impl Functions {
    fn new(oracle: Arc<dyn Oracle>) -> Self {
        Self { workspace: oracle.workspace(), sigma: oracle.shape().first_objective(), oracle }
    }

    /// Value and gradient at `x`; `None` where one is not a number.
    fn evaluate(&mut self, x: &[f64], g: &mut [f64], counts: &mut Counts) -> Option<f64> {
        self.workspace.set_point(x);
        if self.sigma.is_empty() {
            g.fill(0.0);
            return Some(0.0);
        }
        counts.objective += 1;
        let value = self.oracle.objective(&mut self.workspace, 0);
        let value = value.and_then(|f| {
            counts.gradient += 1;
            self.oracle.gradient(&mut self.workspace, &self.sigma, g).map(|()| f)
        });
        if value.is_err() {
            counts.failures += 1;
        }
        value.ok()
    }
}
