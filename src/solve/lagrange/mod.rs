//! Augmented Lagrangian method: problems with constraints by a sequence of problems with bounds.
//!
//! Source: Birgin and Martínez, Practical Augmented Lagrangian Methods for Constrained Optimization (2014), algorithm 4.1 with
//! the numbers of chapter 12; Conn, Gould and Toint, SIAM J. Numer. Anal. 28 (1991) (LANCELOT). The bounds stay bounds; the inner
//! method is L-BFGS-B or Newton in a trust region, kept alive from one subproblem to the next.
//!
//! | here      | book    | meaning                                        | shape    |
//! |-----------|---------|------------------------------------------------|----------|
//! | `lambda`  | λ̄       | safeguarded multipliers                        | `n_cons` |
//! | `rho`     | ρ       | penalty                                        | scalar   |
//! | `eps`     | ε_k     | largest projected gradient of the subproblem   | scalar   |
//! | `change`  | ‖V‖     | how far rows are from feasible and complementary | scalar |
//! | `weight`  | w_f     | scale factor of the objective                  | scalar   |
//!
//! Iterations are those of the inner method. Marks in the trace: `m` first step with new multipliers, `p` with a new penalty,
//! `f` steps that lower the violation alone, else the inner method's.

mod augmented;
mod measure;
mod saved;

use std::sync::Arc;

use self::augmented::{Augmented, Terms};
use self::measure::{Best, Measure, estimate};
use super::ground::{Ground, Step, Steps, TOL, UNBOUNDED, max_iter, outward, pushed};
use super::registry::{one_smooth_objective, smooth_in_a_box};
use super::{lbfgs, newton};
use crate::num::dense::{all_finite, clamp};
use crate::problem::verify::tolerance::VIOLATION;
use crate::problem::{
    Budget, Candidate, Capabilities, Form, MethodRow, Nlp, OptionKind, OptionRow, OptionSet, OptionValue, Oracle,
    ProblemFacts, Program, Progress, Refusal, Request, SetupError, Snapshot, Solver, StopReason, TraceRow,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "augmented_lagrangian",
    doc: "Augmented Lagrangian method for smooth problems with constraints, over L-BFGS or Newton steps in the bounds.",
    source: "Birgin and Martínez, Practical Augmented Lagrangian Methods (2014)",
    accepts: one_smooth_objective,
    needs: Capabilities::FIRST_ORDER,
    form: Form::Nlp,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 5] = [
    TOL,
    max_iter(20_000),
    OptionRow {
        name: "inner",
        doc: "The method for the subproblems: with second derivatives where there are some, or L-BFGS.",
        kind: OptionKind::Choice(&["auto", "lbfgs", "newton"]),
        default: OptionValue::Choice("auto"),
        unit: "",
    },
    OptionRow {
        name: "penalty",
        doc: "First penalty; 0 lets the start decide.",
        kind: OptionKind::Real { lo: 0.0, hi: 1e12 },
        default: OptionValue::Real(0.0),
        unit: "",
    },
    OptionRow {
        name: "scaling",
        doc: "Whether functions with large gradients at the start are scaled down.",
        kind: OptionKind::Bool,
        default: OptionValue::Bool(true),
        unit: "",
    },
];

/// Multipliers of scaled rows are kept within this.
const MOST_LAMBDA: f64 = 1e16;
/// The penalty grows by this factor unless `change` falls below this part of what it was.
const GROWTH: f64 = 10.0;
const ENOUGH: f64 = 0.5;
/// Penalties beyond this end the run.
const MOST_RHO: f64 = 1e18;
/// The first subproblem is solved so exactly; the first one of a warm start so.
const FIRST_EPS: f64 = 1e-3;
const WARM_EPS: f64 = 1e-6;
/// Rounds in which the violation did not fall to this part of what it was, after which the violation alone is lowered.
const STUCK: u64 = 4;
const FALL: f64 = 0.9;
/// How often that is tried.
const MOST_REPAIRS: u64 = 3;
/// Rounds, and rounds in a row whose subproblem could not be solved as exactly as wanted and that brought nothing.
const MOST_ROUNDS: u64 = 300;
const MOST_STALLS: u64 = 8;
/// Iterations of one subproblem.
const MOST_INNER: u64 = 3000;
/// How often the penalty is raised because a subproblem has no minimum.
const MOST_BLOWUPS: u64 = 10;

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    let Program::Nlp(nlp) = &request.program else { return Err(Refusal::WrongForm("nonlinear").into()) };
    super::registry::accepts(&ROW, &nlp.facts)?;
    let rows = &nlp.oracle.shape().rows;
    if let Some(index) = rows.first_empty() {
        return Err(SetupError::EmptyBounds { what: "row", index });
    }
    let offers = nlp.oracle.capabilities();
    let curved = offers.hessian || offers.hvp;
    let by_newton = match request.options.choice("inner") {
        "newton" if !curved => return Err(Refusal::Missing("a Hessian").into()),
        "lbfgs" => false,
        _ => curved,
    };
    let m = nlp.oracle.shape().n_cons;
    let warm_y = request.warm.as_ref().map_or_else(Vec::new, |warm| warm.y.clone());
    let augmented = Arc::new(Augmented::new(Arc::clone(&nlp.oracle), by_newton));
    let oracle: Arc<dyn Oracle> = augmented.clone();
    let facts = ProblemFacts { smoothness: nlp.facts.smoothness, ..ProblemFacts::of(&*oracle) };
    let inner_bytes = if by_newton { newton::bytes(&*oracle)? } else { 0 };
    let request = Request { program: Program::Nlp(Nlp { oracle, facts }), ..request };
    let vectors = 5 + if by_newton { 12 } else { 2 * lbfgs::MEMORY + 6 };
    let (ground, options, resume) =
        Ground::new(request, smooth_in_a_box, vectors, augmented.bytes() + inner_bytes + 16 * m)?;
    let parts = Parts { augmented, ground, warm_y, options };
    Ok(if by_newton {
        let steps = newton::steps(&parts.ground)?;
        Box::new(Lagrangian::new("augmented_lagrangian over newton_trust_region", parts, steps, resume.as_ref())?)
    } else {
        let steps = lbfgs::steps(&parts.ground);
        Box::new(Lagrangian::new("augmented_lagrangian over lbfgs", parts, steps, resume.as_ref())?)
    })
}

/// Where the outer loop is.
#[derive(Clone, Copy, Debug)]
struct Outer {
    /// Subproblems solved.
    rounds: u64,
    /// Largest projected gradient of this subproblem.
    eps: f64,
    /// `change` and the relative violation at the end of the last one.
    change: f64,
    violation: f64,
    /// Rounds in a row in which the violation did not fall.
    stuck: u64,
    /// Rounds in a row that brought nothing.
    stalls: u64,
    /// Subproblems without a minimum.
    blowups: u64,
    /// Phases in which only the violation was lowered, and whether this is one.
    repairs: u64,
    repairing: bool,
    /// The penalty such a phase goes back to.
    rho: f64,
    /// Nothing more is to be had from this subproblem.
    exhausted: bool,
    /// Its iterations, and those in a row without progress.
    inner: u64,
    idle: u64,
    lowest: f64,
    flattest: f64,
    /// Its value at the beginning.
    first: f64,
    mark: char,
}

/// A run of the method.
struct Lagrangian<S> {
    /// What its saved states are called.
    name: &'static str,
    augmented: Arc<Augmented>,
    ground: Ground,
    steps: S,
    outer: Outer,
    tol: f64,
    penalty: f64,
    scaling: bool,
    warm_y: Vec<f64>,
    /// Factor of the objective.
    weight: f64,
    /// Objective and rows at `ground.x`, not scaled.
    f: f64,
    c: Vec<f64>,
    /// Where the subproblem began.
    anchor: Vec<f64>,
    best: Best,
    ray: Option<Vec<f64>>,
    started: bool,
    stop: Option<StopReason>,
}

/// What both inner methods share.
struct Parts {
    augmented: Arc<Augmented>,
    ground: Ground,
    warm_y: Vec<f64>,
    options: OptionSet,
}

impl<S: Steps> Lagrangian<S> {
    fn new(
        name: &'static str,
        Parts { augmented, ground, warm_y, options }: Parts,
        steps: S,
        resume: Option<&Snapshot>,
    ) -> Result<Self, SetupError> {
        let m = augmented.problem().shape().n_cons;
        let tol = ground.tol;
        let mut run = Self {
            name,
            best: Best::at(&ground.x, m),
            anchor: ground.x.clone(),
            c: vec![0.0; m],
            f: f64::NAN,
            weight: 1.0,
            warm_y: if warm_y.len() == m && all_finite(&warm_y) { warm_y } else { Vec::new() },
            penalty: options.real("penalty"),
            scaling: options.flag("scaling"),
            tol,
            outer: Outer {
                rounds: 0,
                eps: FIRST_EPS,
                change: f64::INFINITY,
                violation: f64::INFINITY,
                stuck: 0,
                stalls: 0,
                blowups: 0,
                repairs: 0,
                repairing: false,
                rho: 1.0,
                exhausted: false,
                inner: 0,
                idle: 0,
                lowest: f64::INFINITY,
                flattest: f64::INFINITY,
                first: 0.0,
                mark: ' ',
            },
            ray: None,
            started: false,
            stop: None,
            augmented,
            ground,
            steps,
        };
        if let Some(state) = resume {
            run.restore(state)?;
        }
        Ok(run)
    }

    fn terms(&mut self) -> &mut Terms {
        self.ground.functions.workspace.parts::<Terms>().1
    }

    /// The exactness wanted of the last subproblems: what the judge asks, with room, of the problem without scale factors.
    fn last_eps(&self) -> f64 {
        self.tol * (5.0 * self.weight).min(1.0)
    }

    /// Scale factors, penalty and multipliers at the start; where it has no value, points pushed into the box are tried.
    fn begin(&mut self) -> Result<(), StopReason> {
        self.started = true;
        for push in [0.0, 1e-2, 1e-1] {
            for i in 0..self.ground.n() {
                self.ground.trial_x[i] = pushed(&self.ground.bounds, i, self.ground.x[i], push);
            }
            if self.ground.evaluate_trial().is_none() {
                continue;
            }
            self.choose_terms();
            if let Some(f) = self.ground.evaluate_trial() {
                self.ground.accept(f);
                self.arrive();
                self.begin_subproblem();
                self.trace(None);
                return Ok(());
            }
        }
        Err(StopReason::NotANumber)
    }

    /// Book, section 12.4: factors from the gradients, the penalty from objective and violation at the start.
    fn choose_terms(&mut self) {
        let Self { augmented, ground, .. } = self;
        if self.scaling {
            augmented.choose_factors(&mut ground.functions.workspace, &mut ground.trial_g);
        }
        let rows = &augmented.problem().shape().rows;
        let (warm_y, penalty) = (&self.warm_y, self.penalty);
        let terms = ground.functions.workspace.parts::<Terms>().1;
        self.weight = terms.weight;
        let square: f64 = (0..terms.c.len()).map(|i| (terms.scale[i] * rows.excess(i, terms.c[i])).powi(2)).sum();
        let f = if terms.f.is_finite() { (terms.weight * terms.f).abs() } else { 0.0 };
        terms.rho = if penalty > 0.0 { penalty } else { clamp(10.0 * f.max(1.0) / (0.5 * square).max(1.0), 0.1, 1e6) };
        for (i, y) in warm_y.iter().enumerate() {
            terms.lambda[i] = clamp(y * terms.weight / terms.scale[i], -MOST_LAMBDA, MOST_LAMBDA);
        }
        terms.forget();
        self.outer.rho = terms.rho;
        let first = if warm_y.is_empty() { FIRST_EPS } else { WARM_EPS };
        self.outer.eps = if terms.c.is_empty() { self.last_eps() } else { first.max(self.last_eps()) };
    }

    /// Keeps what was evaluated at the point just reached.
    fn arrive(&mut self) {
        let terms = self.ground.functions.workspace.parts::<Terms>().1;
        self.f = terms.f;
        self.c.copy_from_slice(&terms.c);
        if !self.c.is_empty() {
            let counts = &mut self.ground.meter.counts;
            (counts.constraints, counts.jacobian) = (counts.objective, counts.gradient);
        }
    }

    fn begin_subproblem(&mut self) {
        self.anchor.copy_from_slice(&self.ground.x);
        let outer = &mut self.outer;
        (outer.exhausted, outer.inner, outer.idle) = (false, 0, 0);
        (outer.lowest, outer.flattest, outer.first) = (f64::INFINITY, f64::INFINITY, self.ground.f);
    }

    /// Value and gradient again at the same point, after multipliers or penalty have changed.
    fn evaluate_again(&mut self, gently: bool) -> Result<(), StopReason> {
        self.terms().forget();
        self.ground.trial_x.copy_from_slice(&self.ground.x);
        let f = self.ground.evaluate_trial().ok_or_else(|| self.ground.nothing_found())?;
        self.ground.accept(f);
        self.arrive();
        self.steps.forget(&self.ground, gently);
        self.begin_subproblem();
        Ok(())
    }

    fn iterate(&mut self) -> Result<(), StopReason> {
        while self.is_solved() {
            self.renew()?;
            self.ground.meter.check()?;
        }
        self.ground.meter.check()?;
        let step = match self.steps.advance(&mut self.ground) {
            Ok(step) => step,
            Err(StopReason::Stalled) => {
                self.outer.exhausted = true;
                return Ok(());
            }
            Err(reason) => return Err(reason),
        };
        self.ground.meter.iterations += 1;
        self.outer.inner += 1;
        if step.alpha != 0.0 {
            self.arrive();
        }
        self.trace(Some(step));
        self.outer.mark = ' ';
        self.watch_progress();
        self.look_down()
    }

    /// Whether the subproblem is solved as exactly as it will be.
    fn is_solved(&self) -> bool {
        let feasible = self.outer.repairing && self.violation() <= 0.1 * self.tol;
        self.outer.exhausted || feasible || self.ground.residual() <= self.outer.eps
    }

    /// Notices that neither value nor gradient of the subproblem improve beyond rounding.
    fn watch_progress(&mut self) {
        let (value, residual) = (self.ground.f, self.ground.residual());
        let outer = &mut self.outer;
        let lower = !(outer.lowest - value <= 2.0 * f64::EPSILON * outer.lowest.abs());
        outer.lowest = outer.lowest.min(value);
        if lower || residual < 0.5 * outer.flattest {
            outer.idle = 0;
            outer.flattest = outer.flattest.min(residual);
        } else {
            outer.idle += 1;
        }
        outer.exhausted = outer.idle > u64::from(S::MAX_IDLE) || outer.inner > MOST_INNER;
    }

    /// Whether the objective falls without end: at feasible points, or only because the penalty is too small.
    fn look_down(&mut self) -> Result<(), StopReason> {
        if self.outer.repairing {
            return Ok(());
        }
        if self.f <= UNBOUNDED && self.violation() <= VIOLATION && !self.augmented.problem().shape().vars.are_closed() {
            return Err(StopReason::Unbounded);
        }
        let floor = -1e10 * self.outer.first.abs().max(1.0);
        if self.ground.f >= floor || self.violation() <= 1e-3 {
            return Ok(());
        }
        self.outer.blowups += 1;
        if self.outer.blowups > MOST_BLOWUPS {
            return Err(StopReason::Stalled);
        }
        self.ground.x.copy_from_slice(&self.anchor);
        let terms = self.terms();
        terms.rho = (terms.rho * GROWTH * GROWTH).min(MOST_RHO);
        self.outer.rho = self.terms().rho;
        self.outer.mark = 'p';
        self.evaluate_again(false)
    }

    /// The end of a subproblem: new multipliers, a new penalty, or the end of the run.
    fn renew(&mut self) -> Result<(), StopReason> {
        let measure = self.measure();
        if self.outer.repairing {
            return self.end_repair(&measure);
        }
        let better = self.remember(&measure);
        if measure.holds() {
            return Err(StopReason::Converged);
        }
        self.outer.rounds += 1;
        let exhausted = self.outer.exhausted;
        self.outer.stalls = if exhausted && !better { self.outer.stalls + 1 } else { 0 };
        let feasible = measure.violation <= self.tol;
        if self.outer.rounds > MOST_ROUNDS || self.outer.stalls > MOST_STALLS || self.c.is_empty() && exhausted {
            return if feasible { Err(StopReason::Stalled) } else { self.begin_repair() };
        }
        let falls = feasible || measure.violation <= FALL * self.outer.violation;
        self.outer.stuck = if falls { 0 } else { self.outer.stuck + 1 };
        if self.outer.stuck >= STUCK {
            return self.begin_repair();
        }
        self.outer.violation = measure.violation;
        let change = self.update_multipliers();
        let slow = self.outer.change.is_finite() && change > ENOUGH * self.outer.change;
        self.outer.change = change;
        self.outer.mark = 'm';
        if slow {
            self.outer.mark = 'p';
            let terms = self.terms();
            terms.rho *= GROWTH;
            self.outer.rho = self.terms().rho;
            if self.outer.rho > MOST_RHO {
                return if feasible { Err(StopReason::Stalled) } else { self.begin_repair() };
            }
        }
        let last = self.last_eps();
        self.outer.eps = (0.1 * self.outer.eps).max(last);
        self.evaluate_again(!slow && !exhausted)
    }

    /// `λ = P(y)`; gives `‖V‖`, the largest `|y - λ| / ρ`.
    fn update_multipliers(&mut self) -> f64 {
        let rows = &self.augmented.problem().shape().rows;
        let terms = self.ground.functions.workspace.parts::<Terms>().1;
        let mut change = 0.0f64;
        for i in 0..self.c.len() {
            let y = estimate(terms, rows, i, self.c[i]);
            change = change.max((y - terms.lambda[i]).abs() / terms.rho);
            terms.lambda[i] = clamp(y, -MOST_LAMBDA, MOST_LAMBDA);
        }
        change
    }

    /// From here on the sum of squared violations alone is lowered: a feasible point, or a proof that none is near.
    fn begin_repair(&mut self) -> Result<(), StopReason> {
        self.outer.repairs += 1;
        if self.outer.repairs > MOST_REPAIRS {
            return Err(StopReason::Stalled);
        }
        self.outer.repairing = true;
        self.outer.mark = 'f';
        let terms = self.terms();
        (terms.weight, terms.rho) = (0.0, 1.0);
        terms.lambda.fill(0.0);
        let violation = self.scaled_violation();
        self.outer.eps = 1e-9 * violation;
        self.evaluate_again(false)
    }

    fn end_repair(&mut self, measure: &Measure) -> Result<(), StopReason> {
        if measure.violation > self.tol {
            let stationary = self.ground.residual() <= 1e-3 * self.scaled_violation();
            if !stationary {
                return Err(StopReason::Stalled);
            }
            let rows = &self.augmented.problem().shape().rows;
            let terms = self.ground.functions.workspace.parts::<Terms>().1;
            let weight = |i: usize| terms.scale[i] * terms.scale[i] * rows.excess(i, self.c[i]);
            self.ray = Some((0..self.c.len()).map(weight).collect());
            return Err(StopReason::Infeasible);
        }
        let weight = self.weight;
        self.outer.repairing = false;
        self.outer.rho = (self.outer.rho * GROWTH).min(MOST_RHO);
        let rho = self.outer.rho;
        let terms = self.terms();
        (terms.weight, terms.rho) = (weight, rho);
        (self.outer.stuck, self.outer.stalls, self.outer.mark) = (0, 0, 'p');
        (self.outer.change, self.outer.violation) = (f64::INFINITY, f64::INFINITY);
        self.outer.eps = FIRST_EPS.max(self.last_eps());
        self.evaluate_again(false)
    }

    /// Largest scaled excess of a row.
    fn scaled_violation(&mut self) -> f64 {
        let rows = &self.augmented.problem().shape().rows;
        let terms = self.ground.functions.workspace.parts::<Terms>().1;
        (0..self.c.len()).map(|i| terms.scale[i] * rows.excess(i, self.c[i]).abs()).fold(0.0, f64::max)
    }

    fn trace(&mut self, step: Option<Step>) {
        let mark = match (self.outer.repairing, self.outer.mark) {
            (true, _) => 'f',
            (_, ' ') => step.map_or(' ', |s| s.mark),
            (_, mark) => mark,
        };
        let row = TraceRow {
            objective: self.f,
            primal_infeasibility: self.violation(),
            dual_infeasibility: self.ground.residual() / self.weight,
            step: step.map(|s| s.length),
            alpha_primal: step.map(|s| s.alpha),
            trials: step.map_or(0, |s| s.trials),
            mark,
            ..TraceRow::default()
        };
        self.ground.meter.trace(row);
    }
}

impl<S: Steps> Solver for Lagrangian<S> {
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
                if reason != StopReason::NotANumber && !self.outer.repairing {
                    let measure = self.measure();
                    self.remember(&measure);
                }
                Progress::Done(reason)
            }
        }
    }

    fn best(&self) -> Candidate {
        let stop = self.stop.unwrap_or(StopReason::Running);
        let meter = &self.ground.meter;
        let of_run = Candidate {
            iterations: meter.iterations,
            counts: meter.counts,
            seconds: meter.seconds(),
            ray: self.ray.clone(),
            ..Candidate::at(ROW.name, Vec::new(), stop)
        };
        if stop.is_refutation() {
            let ray = if stop == StopReason::Unbounded { Some(outward(&self.ground.x)) } else { self.ray.clone() };
            return Candidate { x: self.ground.x.clone(), objective: self.f, ray, ..of_run };
        }
        let Best { x, y, z_lower, z_upper, objective, score } = &self.best;
        let known = score.is_finite();
        let or_none = |v: &Vec<f64>| if known { v.clone() } else { Vec::new() };
        Candidate {
            x: x.clone(),
            y: or_none(y),
            z_lower: or_none(z_lower),
            z_upper: or_none(z_upper),
            objective: *objective,
            ..of_run
        }
    }

    fn save(&self) -> Snapshot {
        self.snapshot()
    }
}
