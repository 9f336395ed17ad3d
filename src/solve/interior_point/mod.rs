//! Primal-dual interior-point method with a filter line search.
//!
//! Source: Wächter and Biegler, Math. Program. 106 (2006); numbers (n) in this folder are its equations, constants are
//! those of its authors' code where the two differ.
//!
//! | here       | paper  | meaning                                   | shape  |
//! |------------|--------|-------------------------------------------|--------|
//! | `x`        | x      | free variables, then slacks of inequalities | `n`  |
//! | `y`        | λ      | multipliers of `c(x) = 0`                 | `m`    |
//! | `zl`, `zu` | z      | multipliers of lower and upper bounds     | `n`    |
//! | `mu`       | μ      | barrier parameter                         | scalar |
//! | `delta_w`  | δ_w    | shift of the Hessian                      | scalar |
//! | `theta`    | θ      | violation `|c(x)|_1`                      | scalar |
//! | `phi`      | φ_μ    | barrier function                          | scalar |
//!
//! Marks in the trace: `f` decrease of the objective, `h` decrease of violation or objective, capital with a
//! second-order correction, `s` soft restoration, `t` step at rounding level, `r` restoration, `R` its last step.

mod algorithm;
mod iterate;
mod model;
mod newton;
mod relaxed;
mod restoration;
mod search;
mod standard;
mod start;
mod state;
mod stop;

use self::algorithm::{Algorithm, Moved, Outcome};
use self::iterate::Iterate;
use self::model::Model;
use self::relaxed::RHO;
use self::restoration::{Restoration, Restored};
use self::standard::Standard;
use self::start::Push;
use self::stop::{Stop, smallest_mu, strictness};
use super::limits::Meter;
use super::registry::one_smooth_objective;
use crate::problem::verify::tolerance::VIOLATION;
use crate::problem::{
    Budget, Candidate, Capabilities, Form, MethodRow, OptionKind, OptionRow, OptionValue, Program, Progress, Refusal,
    Request, SetupError, Snapshot, Solver, StopReason, TraceRow, WarmStart,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "interior_point",
    doc: "Primal-dual interior-point method for smooth problems with constraints, using second derivatives.",
    source: "Wächter and Biegler, Math. Program. 106 (2006)",
    accepts: one_smooth_objective,
    needs: Capabilities::SECOND_ORDER,
    form: Form::Nlp,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 6] = [
    OptionRow {
        name: "tol",
        doc: "Largest scaled error of the optimality conditions.",
        kind: OptionKind::Real { lo: 1e-16, hi: 1.0 },
        default: OptionValue::Real(1e-8),
        unit: "relative",
    },
    OptionRow {
        name: "max_iter",
        doc: "Most iterations.",
        kind: OptionKind::Int { lo: 0, hi: i64::MAX },
        default: OptionValue::Int(3000),
        unit: "",
    },
    OptionRow {
        name: "mu_init",
        doc: "First barrier parameter.",
        kind: OptionKind::Real { lo: 1e-12, hi: 1e6 },
        default: OptionValue::Real(0.1),
        unit: "absolute",
    },
    OptionRow {
        name: "bound_push",
        doc: "How far inside its bounds the start is moved.",
        kind: OptionKind::Real { lo: 1e-12, hi: 0.5 },
        default: OptionValue::Real(1e-2),
        unit: "relative",
    },
    OptionRow {
        name: "bound_relax",
        doc: "How far bounds are widened so that the feasible set has an interior.",
        kind: OptionKind::Real { lo: 0.0, hi: 1e-7 },
        default: OptionValue::Real(1e-10),
        unit: "relative",
    },
    OptionRow {
        name: "scaling",
        doc: "Whether functions with large gradients at the start are scaled down.",
        kind: OptionKind::Bool,
        default: OptionValue::Bool(true),
        unit: "",
    },
];

/// Attempts to go on from one point without moving before the run ends.
const MAX_RETRIES: u32 = 3;

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    InteriorPoint::new(request).map(|solver| Box::new(solver) as Box<dyn Solver>)
}

/// A run of the method.
pub struct InteriorPoint {
    standard: Standard,
    main: Algorithm,
    /// Memory for restorations, taken when the first one begins.
    restoration: Option<Restoration>,
    restoring: bool,
    /// The point that comes closest to what the judge demands.
    best: Iterate,
    stop: Stop,
    start: Vec<f64>,
    warm: Option<WarmStart>,
    push: Push,
    mu_init: f64,
    scale: bool,
    retries: u32,
    ray: Option<Vec<f64>>,
    meter: Meter,
    started: bool,
    done: Option<StopReason>,
}

impl InteriorPoint {
    /// Takes the memory of the main loop; evaluates nothing.
    fn new(request: Request) -> Result<Self, SetupError> {
        let Program::Nlp(nlp) = request.program else { return Err(Refusal::WrongForm("nonlinear").into()) };
        super::registry::accepts(&ROW, &nlp.facts)?;
        let shape = nlp.oracle.shape();
        let options = &request.options;
        let vars = request.bounds.as_deref().unwrap_or(&shape.vars).clone();
        for (what, bounds) in [("variable", &vars), ("row", &shape.rows)] {
            if let Some(index) = bounds.first_empty() {
                return Err(SetupError::EmptyBounds { what, index });
            }
        }
        let meter = Meter::start(request.control, options.count("max_iter"));
        let nonzeros = nlp.oracle.hessian_pattern().nnz() + nlp.oracle.jacobian_pattern().nnz();
        // Vectors, patterns and values, and a factor about five times as full as the matrix.
        meter.check_memory(300 * (shape.n_vars + 2 * shape.n_cons) + 200 * nonzeros)?;
        let warm = request.warm.filter(|warm| warm.x.len() == shape.n_vars);
        let start = warm.as_ref().map_or_else(|| shape.start.clone(), |warm| warm.x.clone());
        let with_multipliers = warm.as_ref().is_some_and(|w| w.z_lower.len() == shape.n_vars);
        let push = options.real("bound_push") * if with_multipliers { 1e-2 } else { 1.0 };
        let standard = Standard::new(nlp.oracle.clone(), vars, options.real("bound_relax"))?;
        let main = Algorithm::new(&standard).map_err(|error| SetupError::Size(error.to_string()))?;
        let mut solver = Self {
            best: main.point.clone(),
            restoration: None,
            restoring: false,
            stop: Stop::new(options.real("tol")),
            start,
            push: Push { bound: push, range: push },
            mu_init: options.real("mu_init") * if with_multipliers { 1e-2 } else { 1.0 },
            warm: warm.filter(|_| with_multipliers),
            scale: options.flag("scaling"),
            retries: 0,
            ray: None,
            meter,
            started: false,
            done: None,
            standard,
            main,
        };
        if let Some(state) = request.resume {
            solver.restore(&state)?;
        }
        Ok(solver)
    }

    /// Evaluates the start and chooses scale factors.
    fn begin(&mut self) -> Result<(), StopReason> {
        self.started = true;
        let Self { main, standard, start, push, .. } = self;
        main.mu = self.mu_init;
        let begun = match &self.warm {
            Some(warm) => start::begin_warm(main, standard, warm, self.scale, (*push, self.mu_init)),
            None => start::begin(main, standard, start, self.scale, *push),
        };
        if begun.is_err() {
            // The start as given is the best point there is, and the one to blame.
            let given = standard.to_standard(start);
            self.best.x[..given.len()].copy_from_slice(&given);
            return Err(StopReason::NotANumber);
        }
        main.mu_min = smallest_mu(self.stop.tol, standard.objective_scale);
        if let Some(row) = standard.impossible_row(&main.point.x) {
            let mut ray = vec![0.0; standard.oracle().shape().n_cons];
            let bounds = &standard.oracle().shape().rows;
            ray[row] = bounds.excess(row, standard.value_of(row));
            self.ray = Some(ray);
            return Err(StopReason::Infeasible);
        }
        self.best.copy_from(&main.point);
        self.trace(&Moved { mark: ' ', ..Moved::default() });
        Ok(())
    }

    /// One iteration of the main algorithm or of a restoration.
    fn iterate(&mut self) -> Result<(), StopReason> {
        if self.restoring {
            return self.restore_feasibility();
        }
        let errors = self.main.errors(&self.standard, 0.0);
        let score = strictness(&errors, &self.main, &self.standard);
        if score <= self.stop.best_score {
            self.best.copy_from(&self.main.point);
        }
        self.stop.check(&errors, score, &self.main, &self.standard)?;
        self.check_limits()?;
        match self.main.advance(&mut self.standard) {
            Outcome::Advanced(moved) => {
                self.retries = 0;
                self.meter.iterations += 1;
                self.trace(&moved);
                Ok(())
            }
            Outcome::Stuck => self.leave_the_filter(),
            Outcome::Exhausted => Err(StopReason::Stalled),
            Outcome::NotANumber => Err(StopReason::NotANumber),
        }
    }

    /// No acceptable step: more careful linear algebra and an empty filter near feasibility, else restoration.
    fn leave_the_filter(&mut self) -> Result<(), StopReason> {
        self.retries += 1;
        if self.retries > MAX_RETRIES {
            return Err(StopReason::Stalled);
        }
        let violation = self.standard.unscaled_violation(&self.main.values.c);
        if violation <= 1e-2 * VIOLATION {
            let refined = self.main.newton.raise_quality();
            let forgot = !self.main.acceptor.filter.entries().is_empty();
            self.main.acceptor.filter.clear();
            return if refined || forgot { Ok(()) } else { Err(StopReason::Stalled) };
        }
        if self.restoration.is_none() {
            let made = Restoration::new(&mut self.standard).map_err(|_| StopReason::LinearAlgebra)?;
            self.restoration = Some(made);
        }
        let restoration = self.restoration.as_mut().expect("it was made above");
        if restoration.begin(&self.main, &mut self.standard).is_err() {
            return Err(StopReason::NotANumber);
        }
        self.restoring = true;
        Ok(())
    }

    /// One iteration of the restoration; decides what its end means.
    fn restore_feasibility(&mut self) -> Result<(), StopReason> {
        self.check_limits()?;
        let restoration = self.restoration.as_mut().expect("a restoration runs only after it was made");
        let restored = restoration.advance(&mut self.main, &mut self.standard, self.stop.tol);
        let violation = self.standard.unscaled_violation(restoration.violation());
        match restored {
            Restored::Moved(moved) => {
                self.meter.iterations += 1;
                self.trace_restoration(&Moved { mark: 'r', ..moved }, violation);
                Ok(())
            }
            Restored::Done(moved) => {
                self.restoring = false;
                self.retries = 0;
                self.meter.iterations += 1;
                self.trace_restoration(&Moved { mark: 'R', ..moved }, violation);
                Ok(())
            }
            Restored::Minimal | Restored::Failed if violation <= VIOLATION => {
                // Feasible, but not to the filter's liking: forget the filter.
                self.restoring = false;
                let handed = restoration.hand_back(&mut self.main, &mut self.standard);
                self.main.acceptor.filter.clear();
                handed.map_err(|_| StopReason::NotANumber)
            }
            Restored::Minimal => {
                self.keep_proof_of_infeasibility();
                Err(StopReason::Infeasible)
            }
            Restored::Failed => Err(StopReason::Stalled),
        }
    }

    /// The multipliers of the restoration weigh the rows so that their sum cannot fall; the point goes with them.
    fn keep_proof_of_infeasibility(&mut self) {
        let Some(restoration) = &self.restoration else { return };
        let point = &restoration.algorithm.point;
        let mut ray = vec![0.0; self.standard.oracle().shape().n_cons];
        for (row, y) in self.standard.rows.iter().zip(&point.y) {
            ray[row.of as usize] = row.scale * y / RHO;
        }
        self.ray = Some(ray);
        let n = self.standard.n();
        self.best.x.copy_from_slice(&point.x[..n]);
    }

    fn check_limits(&mut self) -> Result<(), StopReason> {
        self.meter.counts = self.standard.counts;
        self.meter.check()
    }

    fn trace(&mut self, moved: &Moved) {
        let errors = self.main.errors(&self.standard, 0.0);
        let row = TraceRow {
            objective: self.main.values.f / self.standard.objective_scale,
            primal_infeasibility: self.standard.unscaled_violation(&self.main.values.c),
            dual_infeasibility: errors.dual / self.standard.objective_scale,
            mu: Some(self.main.mu),
            ..trace_row(moved)
        };
        self.meter.trace(row);
    }

    fn trace_restoration(&mut self, moved: &Moved, violation: f64) {
        let Some(restoration) = &mut self.restoration else { return };
        let n = self.standard.n();
        let objective = self.standard.objective(&restoration.algorithm.point.x[..n], 0.0).unwrap_or(f64::NAN);
        let mu = restoration.algorithm.mu;
        let view = relaxed::View { relaxed: &mut restoration.relaxed, standard: &mut self.standard };
        let errors = restoration.algorithm.errors(&view, 0.0);
        let row = TraceRow {
            objective: objective / self.standard.objective_scale,
            primal_infeasibility: violation,
            dual_infeasibility: errors.dual,
            mu: Some(mu),
            ..trace_row(moved)
        };
        self.meter.trace(row);
    }
}

fn trace_row(moved: &Moved) -> TraceRow {
    let taken = moved.trials > 0;
    TraceRow {
        step: taken.then_some(moved.step),
        alpha_primal: taken.then_some(moved.alpha),
        alpha_dual: taken.then_some(moved.alpha_z),
        regularization: taken.then_some(moved.delta_w),
        trials: moved.trials,
        mark: moved.mark,
        ..TraceRow::default()
    }
}

impl Solver for InteriorPoint {
    fn step(&mut self, budget: Budget) -> Progress {
        if let Some(reason) = self.done {
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
        self.meter.counts = self.standard.counts;
        match result {
            Ok(()) => Progress::Paused,
            Err(reason) => {
                self.done = Some(reason);
                Progress::Done(reason)
            }
        }
    }

    fn best(&self) -> Candidate {
        let stop = self.done.unwrap_or(StopReason::Running);
        let point = match stop {
            StopReason::Converged | StopReason::Unbounded => &self.main.point,
            _ => &self.best,
        };
        let mut candidate = self.candidate_at(point, stop);
        if stop == StopReason::Unbounded {
            candidate.ray = Some(super::ground::outward(&candidate.x));
        }
        candidate
    }

    fn save(&self) -> Snapshot {
        self.snapshot()
    }
}
