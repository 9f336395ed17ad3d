//! Methods for sums of squares and of other losses of residuals, with bounds.
//!
//! Sources: Levenberg (1944), Marquardt (1963) and Moré, *The Levenberg-Marquardt algorithm: implementation and theory*,
//! Lecture Notes in Mathematics 630 (1978), for the damping and its scales; Nielsen, IMM-REP-1999-05 (1999), for its
//! control; Powell (1970) for the dogleg; Dennis, Gay and Welsch, ACM Trans. Math. Softw. 7 (1981), for what a loss other
//! than the square does to the model; Transtrum and Sethna, arXiv:1201.5885 (2012), for the geodesic acceleration.
//!
//! | here     | meaning                                                                | shape    |
//! |----------|------------------------------------------------------------------------|----------|
//! | `r`, `J` | residuals and their Jacobian                                           | `m`, `m` by `n` |
//! | `A`, `b` | `W^½ J` and `W^-½ φ'(r)`, with `W = diag φ''(r)`, so that `½ abs(A p + b)²` models the sum | the same |
//! | `d`      | scales of the variables: lengths of the columns of `A`                 | `n`      |
//! | `lambda` | damping: a step minimises `½ abs(A p + b)² + ½ λ abs(D p)²`            | scalar   |
//!
//! For squares `A` and `b` are `√2w` times `J` and `r`, and the sum *is* `½ abs(b)²`. The three methods differ in how they
//! choose steps of this one model; see `core.rs` for bounds. All go on until values of the sum drown in rounding, and then as
//! long as the gradient still shrinks: parameters come out as exactly as the data define them.
//!
//! Decided here: a loss is part of the model text (`sum(i: huber(r[i], 0.5))`), never an option of a method. An option
//! would make the method minimise another objective than the one that is written and judged.
//!
//! Marks in the trace: `x` the step was refused, `p` it lowered the gradient where the sum cannot show a decrease,
//! `a` it was bent by the geodesic acceleration, blank otherwise.

mod core;
mod functions;
mod quadratic;

use self::core::{Core, ROUNDING};
use super::registry::one_smooth_objective;
use crate::problem::{
    Budget, Candidate, Capabilities, Degree, Form, MethodRow, OptionKind, OptionRow, OptionValue, ProblemFacts,
    Program, Progress, Refusal, Request, SetupError, Snapshot, SnapshotError, Solver, StopReason,
};

const TOL: OptionRow = OptionRow {
    name: "tol",
    doc: "Stop when the cosine between residuals and columns of the Jacobian, and the step beside the point, are no larger.",
    kind: OptionKind::Real { lo: 0.0, hi: 1.0 },
    default: OptionValue::Real(1e-14),
    unit: "relative",
};

const MAX_ITER: OptionRow = OptionRow {
    name: "max_iter",
    doc: "Most iterations; a refused step counts as one.",
    kind: OptionKind::Int { lo: 0, hi: i64::MAX },
    default: OptionValue::Int(10_000),
    unit: "",
};

/// The registry row of Levenberg and Marquardt's method.
pub static LEVENBERG_MARQUARDT: MethodRow = MethodRow {
    name: "levenberg_marquardt",
    doc: "Damped Gauss-Newton method for sums of squares and other losses, with bounds: the method of choice for fits.",
    source: "Moré, Lecture Notes in Mathematics 630 (1978); Nielsen, IMM-REP-1999-05",
    accepts,
    needs: NEEDS,
    form: Form::LeastSquares,
    options: &[
        TOL,
        MAX_ITER,
        OptionRow {
            name: "damping",
            doc: "Damping of the first step, beside the squared columns of the Jacobian; none where residuals are linear.",
            kind: OptionKind::Real { lo: 0.0, hi: 1e10 },
            default: OptionValue::Real(0.1),
            unit: "relative",
        },
        OptionRow {
            name: "geodesic",
            doc: "Bend steps along the second derivative of the residuals, at one more evaluation each.",
            kind: OptionKind::Bool,
            default: OptionValue::Bool(true),
            unit: "",
        },
    ],
    make: |request| {
        make(request, |options| Plan::Marquardt {
            lambda: options.real("damping"),
            growth: 2.0,
            geodesic: options.flag("geodesic"),
        })
    },
};

/// The registry row of Powell's dogleg.
pub static DOGLEG: MethodRow = MethodRow {
    name: "dogleg",
    doc: "Trust-region method for sums of squares and other losses that bends from steepest descent to Gauss-Newton.",
    source: "Powell, in Rabinowitz (ed.), Numerical Methods for Nonlinear Algebraic Equations (1970)",
    accepts,
    needs: NEEDS,
    form: Form::LeastSquares,
    options: &[
        TOL,
        MAX_ITER,
        OptionRow {
            name: "radius",
            doc: "First trust radius, beside the length of the start in scaled variables.",
            kind: OptionKind::Real { lo: 1e-10, hi: 1e10 },
            default: OptionValue::Real(1.0),
            unit: "relative",
        },
    ],
    make: |request| make(request, |options| Plan::Dogleg { radius: -options.real("radius") }),
};

/// The registry row of Gauss and Newton's method.
pub static GAUSS_NEWTON: MethodRow = MethodRow {
    name: "gauss_newton",
    doc: "Undamped steps with a line search: fast near a solution with small residuals, else take levenberg_marquardt.",
    source: "Nocedal and Wright, Numerical Optimization (2006), 10.3",
    accepts,
    needs: NEEDS,
    form: Form::LeastSquares,
    options: &[TOL, MAX_ITER],
    make: |request| make(request, |_| Plan::GaussNewton),
};

/// Gradients are made of the Jacobian of the residuals.
const NEEDS: Capabilities = Capabilities { jacobian: true, ..Capabilities::VALUES };
const VERSION: u32 = 1;
/// Damping that stands for none: keeps steps finite where columns depend on each other, changes no digit elsewhere.
const LEAST_DAMPING: f64 = 1e-24;
/// Above this damping no step is left.
const MOST_DAMPING: f64 = 1e40;
/// A step must lower the sum by this part of what the model promises (Moré 1978).
const ENOUGH: f64 = 1e-4;
/// Decrease beside the sum below which differences of sums are no guide: their rounding, with room.
const FAINT: f64 = 1e-12;
/// A polishing step must lower the gradient by this factor.
const POLISHED: f64 = 0.9;

fn accepts(facts: &ProblemFacts) -> Result<(), Refusal> {
    one_smooth_objective(facts)?;
    if facts.n_cons > 0 {
        return Err(Refusal::Constraints(facts.n_cons));
    }
    if facts.n_residuals == 0 {
        return Err(Refusal::NotSquares);
    }
    Ok(())
}

fn make(
    request: Request,
    plan: impl FnOnce(&crate::problem::OptionSet) -> Plan,
) -> Result<Box<dyn Solver>, SetupError> {
    let plan = plan(&request.options);
    LeastSquaresRun::new(request, plan).map(|solver| Box::new(solver) as Box<dyn Solver>)
}

/// How steps are chosen.
enum Plan {
    /// Damping with its factor of growth.
    Marquardt { lambda: f64, growth: f64, geodesic: bool },
    /// Within a radius; negative: to be multiplied by the length of the start.
    Dogleg { radius: f64 },
    /// Along a line.
    GaussNewton,
}

impl Plan {
    fn name(&self) -> &'static str {
        match self {
            Self::Marquardt { .. } => LEVENBERG_MARQUARDT.name,
            Self::Dogleg { .. } => DOGLEG.name,
            Self::GaussNewton => GAUSS_NEWTON.name,
        }
    }
}

/// A run of one of the methods.
struct LeastSquaresRun {
    core: Core,
    plan: Plan,
    started: bool,
    stop: Option<StopReason>,
}

impl LeastSquaresRun {
    fn new(mut request: Request, plan: Plan) -> Result<Self, SetupError> {
        let Program::LeastSquares(fit) = request.program.clone() else {
            return Err(Refusal::NotSquares.into());
        };
        accepts(&fit.facts)?;
        if !fit.is_sound() {
            return Err(SetupError::Size("weights must not be negative, and scales of losses positive".into()));
        }
        let resume = request.resume.take();
        // A straight model needs no damping: its first step ends at the solution.
        let straight = fit.facts.objective <= Degree::Quadratic && fit.is_quadratic();
        let plan = match plan {
            Plan::Marquardt { growth, .. } if straight => {
                Plan::Marquardt { lambda: LEAST_DAMPING, growth, geodesic: false }
            }
            other => other,
        };
        let mut run = Self { core: Core::new(fit, request)?, plan, started: false, stop: None };
        if let Some(state) = resume {
            run.restore(&state)?;
        }
        Ok(run)
    }

    /// One iteration: one step tried, or one line search.
    fn iterate(&mut self) -> Result<(), StopReason> {
        if self.core.angle() == 0.0 {
            return Err(StopReason::Converged);
        }
        self.core.meter.check()?;
        match self.plan {
            Plan::Marquardt { lambda, growth, geodesic } => self.marquardt(lambda, growth, geodesic),
            Plan::Dogleg { radius } => self.dogleg(radius),
            Plan::GaussNewton => self.gauss_newton(),
        }
    }

    /// Ends the run when the step `p`, which lowers the model by `decrease`, is of no use any more. Where values of the
    /// sum can hardly show a decrease, steps that lower the gradient are taken, the undamped one first: `Ok(true)`.
    fn settle(&mut self, decrease: f64, damping: Option<f64>) -> Result<bool, StopReason> {
        /// As small a gradient as the judge wants, with room.
        const SMALL: f64 = 1e-7;
        let core = &mut self.core;
        let (angle, step) = (core.angle(), core.relative_step());
        if angle <= core.tol && step <= core.tol && core.projected_gradient() <= SMALL {
            return Err(StopReason::Converged);
        }
        // Many refused steps may have left a damping that allows no progress: what an undamped step would gain decides.
        let nearly = decrease <= FAINT * core.f.abs();
        if !nearly {
            return Ok(false);
        }
        let newton = core.damped_step(LEAST_DAMPING);
        let faint = newton.is_none_or(|gain| gain <= FAINT * core.f.abs());
        let polished = newton.is_some() && faint && self.polish(LEAST_DAMPING, angle)
            || damping.is_some_and(|lambda| self.polish(lambda, angle));
        if let (false, Some(lambda)) = (polished, damping) {
            // The step that was to be judged.
            let _ = self.core.damped_step(lambda);
        }
        if polished {
            self.core.meter.iterations += 1;
            self.core.trace(1, 1.0, damping, 'p');
            return Ok(true);
        }
        if faint && decrease <= ROUNDING * self.core.f.abs() || decrease <= 0.0 { Err(rest(angle)) } else { Ok(false) }
    }

    /// Takes a few steps with this damping if they lower the gradient from `angle` and do not raise the sum beyond
    /// rounding. Near a solution with large residuals the gradient may rise once before it falls.
    fn polish(&mut self, lambda: f64, angle: f64) -> bool {
        const STEPS: u32 = 3;
        let core = &mut self.core;
        core.drop_anchor();
        let before = core.f;
        for _ in 0..STEPS {
            let step = core.damped_step(lambda);
            let gone = step.and_then(|_| core.try_step(1.0)).filter(|f| *f - before <= FAINT * before.abs());
            if !gone.is_some_and(|f| core.move_to_trial(f)) {
                break;
            }
            if core.angle() <= POLISHED * angle {
                return true;
            }
        }
        core.back_to_anchor();
        false
    }

    fn marquardt(&mut self, lambda: f64, growth: f64, geodesic: bool) -> Result<(), StopReason> {
        let (mut lambda, mut growth) = (lambda.max(LEAST_DAMPING), growth);
        let mut mark = 'x';
        let step = self.core.damped_step(lambda);
        if let Some(decrease) = step
            && self.settle(decrease, Some(lambda))?
        {
            self.plan = Plan::Marquardt { lambda: lambda / 3.0, growth: 2.0, geodesic };
            return Ok(());
        }
        let core = &mut self.core;
        let bent = geodesic && step.is_some() && core.accelerate();
        let gain = step.zip(core.try_step(1.0)).map(|(decrease, f)| ((core.f - f) / decrease, f));
        match gain {
            Some((ratio, f)) if ratio > ENOUGH && core.move_after(f, ratio) => {
                mark = if bent { 'a' } else { ' ' };
                // Nielsen (1999), (2.21).
                let t = 2.0 * ratio - 1.0;
                lambda *= (1.0 - t * t * t).max(1.0 / 3.0);
                growth = 2.0;
            }
            _ => {
                lambda *= growth;
                growth *= 2.0;
            }
        }
        core.meter.iterations += 1;
        core.trace(1, 1.0, Some(lambda), mark);
        self.plan = Plan::Marquardt { lambda, growth, geodesic };
        if lambda > MOST_DAMPING { Err(rest(self.core.angle())) } else { Ok(()) }
    }

    fn dogleg(&mut self, radius: f64) -> Result<(), StopReason> {
        let core = &mut self.core;
        let mut radius = radius;
        if radius < 0.0 {
            let size = core.scaled_norm(&core.x);
            radius = -radius * if size > 0.0 { size } else { 1.0 };
        }
        let decrease = core.dogleg_step(radius).ok_or(StopReason::LinearAlgebra)?;
        if self.settle(decrease, None)? {
            self.plan = Plan::Dogleg { radius };
            return Ok(());
        }
        let core = &mut self.core;
        // What was tried in between left another step.
        let decrease = core.dogleg_step(radius).ok_or(StopReason::LinearAlgebra)?;
        let length = core.scaled_norm(&core.p);
        let gain = core.try_step(1.0).map(|f| ((core.f - f) / decrease, f));
        let mut mark = 'x';
        match gain {
            Some((ratio, f)) if ratio > ENOUGH && core.move_after(f, ratio) => {
                mark = ' ';
                if ratio > 0.75 {
                    radius = radius.max(3.0 * length);
                } else if ratio < 0.25 {
                    radius = 0.5 * length;
                }
            }
            _ => radius = 0.25 * length,
        }
        core.meter.iterations += 1;
        core.trace(1, 1.0, None, mark);
        self.plan = Plan::Dogleg { radius };
        if radius > 0.0 && length > 0.0 { Ok(()) } else { Err(rest(self.core.angle())) }
    }

    fn gauss_newton(&mut self) -> Result<(), StopReason> {
        /// Sufficient decrease (Nocedal and Wright 2006, (3.4)), and most halvings.
        const ARMIJO: f64 = 1e-4;
        const MOST: u32 = 60;
        let decrease = self.core.damped_step(LEAST_DAMPING).ok_or(StopReason::LinearAlgebra)?;
        if self.settle(decrease, None)? {
            return Ok(());
        }
        let core = &mut self.core;
        core.damped_step(LEAST_DAMPING).ok_or(StopReason::LinearAlgebra)?;
        let slope = crate::num::dense::dot(&core.g, &core.p);
        let mut t = 1.0;
        for trial in 1..=MOST {
            let wanted = core.f + ARMIJO * t * slope;
            if let Some(f) = core.try_step(t)
                && f <= wanted
                && core.move_to_trial(f)
            {
                core.meter.iterations += 1;
                core.trace(trial, t, None, ' ');
                return Ok(());
            }
            core.meter.check_inside()?;
            t *= 0.5;
        }
        Err(rest(core.angle()))
    }

    fn restore(&mut self, state: &Snapshot) -> Result<(), SnapshotError> {
        let mut from = state.read(self.plan.name(), VERSION)?;
        self.started = from.take()? != 0;
        let (first, second) = (from.take_real()?, from.take_real()?);
        match &mut self.plan {
            Plan::Marquardt { lambda, growth, .. } => (*lambda, *growth) = (first, second),
            Plan::Dogleg { radius } => *radius = first,
            Plan::GaussNewton => {}
        }
        self.core.restore(&mut from, self.started)
    }
}

/// Why a run ended where no step helps any more.
fn rest(angle: f64) -> StopReason {
    /// Cosine below which residuals and Jacobian count as orthogonal.
    const ORTHOGONAL: f64 = 1e-5;
    if angle <= ORTHOGONAL { StopReason::Converged } else { StopReason::Stalled }
}

impl Solver for LeastSquaresRun {
    fn step(&mut self, budget: Budget) -> Progress {
        if let Some(reason) = self.stop {
            return Progress::Done(reason);
        }
        let mut left = match budget {
            Budget::Unlimited => u64::MAX,
            Budget::Iterations(count) => count,
        };
        let mut result = Ok(());
        if !self.started {
            self.started = true;
            result = self.core.begin();
        }
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
        self.core.candidate(self.plan.name(), self.stop.unwrap_or(StopReason::Running))
    }

    fn save(&self) -> Snapshot {
        let mut to = Snapshot::new(self.plan.name(), VERSION);
        to.put(u64::from(self.started));
        let (first, second) = match self.plan {
            Plan::Marquardt { lambda, growth, .. } => (lambda, growth),
            Plan::Dogleg { radius } => (radius, 0.0),
            Plan::GaussNewton => (0.0, 0.0),
        };
        to.put_real(first);
        to.put_real(second);
        self.core.save(&mut to);
        to
    }
}
