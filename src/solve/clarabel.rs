//! Clarabel: a primal-dual interior-point method for linear and quadratic objectives over cones.
//!
//! Source: Goulart and Chen, Clarabel: an interior-point solver for conic programs with quadratic objectives (2024). The crate
//! does the iterations; here its answers get the last digits ([`polish()`]), a claim of unboundedness gets the feasible point it
//! starts from, and limits are asked between iterations. One factorisation cannot be interrupted. An interior point has no use
//! for a start, but the rows that are active there often are those of the answer: that is tried first ([`continued`]).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettings, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};

use super::engine::{Engine, Replayed, Watch};
use super::limits::Meter;
use super::polish::{continued, polish};
use super::ray;
use super::registry::one_convex_quadratic;
use crate::num::dense::{all_finite, dot};
use crate::num::sparse::Pattern;
use crate::problem::{
    Candidate, Capabilities, Cone, Conic, Form, MethodRow, OptionKind, OptionRow, OptionValue, Program, Refusal,
    Request, SetupError, Solver, StopReason, TraceRow, WarmStart,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "clarabel",
    doc: "Interior-point method for linear and convex quadratic objectives, linear rows and cones (the crate Clarabel).",
    source: "Goulart and Chen, Clarabel: an interior-point solver for conic programs with quadratic objectives (2024)",
    accepts: one_convex_quadratic,
    needs: Capabilities::SECOND_ORDER,
    form: Form::Conic,
    options: &OPTIONS,
    make,
};

/// What [`ROW`] stops at unless told otherwise.
const TOL: f64 = 1e-9;

static OPTIONS: [OptionRow; 3] = [
    OptionRow {
        name: "tol",
        doc: "Residuals and duality gap at which it stops.",
        kind: OptionKind::Real { lo: 1e-14, hi: 1.0 },
        default: OptionValue::Real(TOL),
        unit: "relative",
    },
    OptionRow {
        name: "max_iter",
        doc: "Most iterations.",
        kind: OptionKind::Int { lo: 0, hi: i64::MAX },
        default: OptionValue::Int(200),
        unit: "",
    },
    OptionRow {
        name: "polish",
        doc: "Whether the equations of the active constraints are solved at the end, for the last digits.",
        kind: OptionKind::Bool,
        default: OptionValue::Bool(true),
        unit: "",
    },
];

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    let Program::Conic(conic) = request.program else { return Err(Refusal::WrongForm("conic").into()) };
    let options = &request.options;
    let meter = Meter::start(request.control, options.count("max_iter"));
    let nonzeros = conic.quadratic.nnz() + conic.rows.nnz();
    // Copies of the data, vectors, and a factor about five times as full as the matrix.
    meter.check_memory(400 * (conic.linear.len() + conic.rhs.len()) + 250 * nonzeros)?;
    let engine = Clarabel { tol: options.real("tol"), polish: options.flag("polish"), warm: request.warm, conic };
    Ok(Box::new(Replayed::new(engine, meter, request.resume.as_ref())?))
}

struct Clarabel {
    conic: Conic,
    tol: f64,
    polish: bool,
    warm: Option<WarmStart>,
}

/// What a run of the crate ended with.
struct Ended {
    status: SolverStatus,
    iterations: u64,
    x: Vec<f64>,
    z: Vec<f64>,
}

impl Engine for Clarabel {
    fn name(&self) -> &'static str {
        ROW.name
    }

    fn start(&self) -> Candidate {
        let zeros = vec![0.0; self.conic.linear.len()];
        Candidate { start_unused: self.warm.is_some(), ..Candidate::at(ROW.name, zeros, StopReason::Running) }
    }

    fn run(&mut self, cap: u64, watch: &Watch) -> Candidate {
        if let Some(candidate) = self.continued(watch) {
            return candidate;
        }
        // Where equations for the active constraints cannot give the last digits, the method itself goes on.
        let curved = self.conic.cones.iter().any(|cone| !matches!(cone, Cone::Zero(_) | Cone::Nonnegative(_)));
        let tol = if curved && self.polish { self.tol * FURTHER } else { self.tol };
        let first = self.attempt(tol, (0, cap), watch);
        let Some((candidate, left)) = first else {
            return Candidate { stop: StopReason::LinearAlgebra, ..self.start() };
        };
        let unfinished = matches!(candidate.stop, StopReason::Converged | StopReason::Stalled);
        if !self.polish || !unfinished || left <= 1.0 || candidate.iterations >= watch.max_iterations() {
            return candidate;
        }
        // The tolerances are relative to sizes that hide what the judge asks of single rows: once more, as far as it gets.
        match self.attempt(self.tol * FURTHER, (candidate.iterations, cap), watch) {
            Some((again, left_again)) if !again.stop.is_refutation() => {
                let better = if left_again < left { again.clone() } else { candidate };
                Candidate { stop: again.stop, iterations: again.iterations, ..better }
            }
            _ => candidate,
        }
    }
}

/// How much further a second attempt goes.
const FURTHER: f64 = 1e-4;

impl Clarabel {
    /// The answer by the rows that are active at the start, when there is one and they lead there: no iteration is needed.
    fn continued(&self, watch: &Watch) -> Option<Candidate> {
        let warm = self.warm.as_ref().filter(|_| watch.max_iterations() > 0)?;
        let (x, y) = continued(&self.conic, warm)?;
        let mut half = vec![0.0; x.len()];
        self.conic.quadratic.mul_symmetric_add(&self.conic.quadratic_vals, 0.5, &x, &mut half);
        let objective = self.conic.constant + dot(&half, &x) + dot(&self.conic.linear, &x);
        watch.trace(0, TraceRow { objective, ..TraceRow::default() });
        Some(Candidate { x, y, start_unused: false, stop: StopReason::Converged, ..self.start() })
    }

    /// One run after `done` iterations of another; also gives what is left of the worst residual, 1 for what the judge
    /// allows.
    fn attempt(&self, tol: f64, (done, cap): (u64, u64), watch: &Watch) -> Option<(Candidate, f64)> {
        let mut candidate = self.start();
        let stopped = Arc::new(Mutex::new(None));
        let most = watch.max_iterations().saturating_sub(done);
        let observer = Observer { done: Some(done), cap, watch: watch.clone(), stopped: Arc::clone(&stopped) };
        let Ended { status, iterations, mut x, mut z } = iterate(&self.conic, tol, observer, most)?;
        let reason = *stopped.lock().unwrap_or_else(PoisonError::into_inner);
        candidate.iterations = iterations;
        candidate.stop = match status {
            SolverStatus::Solved => StopReason::Converged,
            SolverStatus::PrimalInfeasible => StopReason::Infeasible,
            SolverStatus::DualInfeasible => StopReason::Unbounded,
            SolverStatus::AlmostPrimalInfeasible if iterations < watch.max_iterations() => StopReason::Infeasible,
            SolverStatus::AlmostDualInfeasible if iterations < watch.max_iterations() => StopReason::Unbounded,
            SolverStatus::MaxIterations => StopReason::IterationLimit,
            SolverStatus::CallbackTerminated => reason.unwrap_or(StopReason::Running),
            // Its own judgement of a run that a limit ended.
            _ if iterations >= watch.max_iterations() => StopReason::IterationLimit,
            _ => StopReason::Stalled,
        };
        if !all_finite(&x) || !all_finite(&z) {
            return None;
        }
        match candidate.stop {
            StopReason::Infeasible => candidate.ray = Some(z),
            StopReason::Unbounded => self.descend(x, &mut candidate, watch),
            _ => {
                let finished = matches!(candidate.stop, StopReason::Converged | StopReason::Stalled);
                let left = if self.polish && finished { polish(&self.conic, &mut x, &mut z) } else { None };
                (candidate.x, candidate.y) = (x, z);
                return Some((candidate, left.unwrap_or(0.0)));
            }
        }
        Some((candidate, 0.0))
    }

    /// The answer when the objective falls along `d`: where that begins, or that it begins nowhere.
    fn descend(&self, d: Vec<f64>, candidate: &mut Candidate, watch: &Watch) {
        let n = self.conic.linear.len();
        let mut conic = self.conic.clone();
        conic.linear.fill(0.0);
        conic.quadratic = Pattern::empty(n, n);
        conic.quadratic_vals.clear();
        let Some(Ended { status, mut x, mut z, .. }) = iterate(&conic, self.tol, aside(watch), ASIDE) else { return };
        if status == SolverStatus::PrimalInfeasible && all_finite(&z) {
            candidate.stop = StopReason::Infeasible;
            candidate.ray = Some(z);
            return;
        }
        polish(&conic, &mut x, &mut z);
        if all_finite(&x) {
            candidate.x = x;
        }
        candidate.ray = Some(ray::sharpened(&self.conic, d));
    }
}

/// Who is told of a run's iterations.
struct Observer {
    /// Iterations of earlier runs; `None` beside the run, where only limits and the stop flag are asked for.
    done: Option<u64>,
    cap: u64,
    watch: Watch,
    stopped: Arc<Mutex<Option<StopReason>>>,
}

/// Most iterations of a run that looks for a proof or a point beside the run itself.
const ASIDE: u64 = 200;

/// For such a run.
fn aside(watch: &Watch) -> Observer {
    Observer { done: None, cap: u64::MAX, watch: watch.clone(), stopped: Arc::default() }
}

/// Row weights that prove that no point satisfies the rows, where the crate finds some.
pub(super) fn infeasibility(conic: &Conic, watch: &Watch) -> Option<Vec<f64>> {
    let ended = iterate(conic, TOL, aside(watch), ASIDE)?;
    (ended.status == SolverStatus::PrimalInfeasible && all_finite(&ended.z)).then_some(ended.z)
}

/// A direction along which the objective falls without end, where the crate finds one.
pub(super) fn unboundedness(conic: &Conic, watch: &Watch) -> Option<Vec<f64>> {
    let ended = iterate(conic, TOL, aside(watch), ASIDE)?;
    (ended.status == SolverStatus::DualInfeasible && all_finite(&ended.x)).then(|| ray::sharpened(conic, ended.x))
}

/// Runs the crate; `None` when it refuses the data or breaks down.
fn iterate(conic: &Conic, tol: f64, observer: Observer, max_iter: u64) -> Option<Ended> {
    let n = conic.linear.len();
    let p = transposed(&conic.quadratic, &conic.quadratic_vals, n);
    let a = csc(&conic.rows, &conic.rows_vals);
    let cones: Vec<SupportedConeT<f64>> = conic.cones.iter().filter_map(|cone| supported(*cone)).collect();
    let settings = DefaultSettings {
        verbose: false,
        max_iter: u32::try_from(max_iter).unwrap_or(u32::MAX),
        tol_gap_abs: tol,
        tol_gap_rel: tol,
        tol_feas: tol,
        max_threads: 1,
        ..DefaultSettings::default()
    };
    // The crate checks by assertions; none should fail on finite data, and none may end the program.
    let run = || {
        let mut solver = DefaultSolver::new(&p, &conic.linear, &a, &conic.rhs, &cones, settings).ok()?;
        let last = Arc::new(Mutex::new(0u64));
        let (constant, seen) = (conic.constant, Arc::clone(&last));
        let Observer { done, cap, watch, stopped } = observer;
        solver.set_termination_callback(move |info: &clarabel::solver::DefaultInfo<f64>| {
            let iteration = done.unwrap_or(0) + u64::from(info.iterations);
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = iteration;
            if done.is_none() {
                return watch.check_aside().is_err();
            }
            watch.trace(
                iteration,
                TraceRow {
                    objective: info.cost_primal + constant,
                    primal_infeasibility: info.res_primal,
                    dual_infeasibility: info.res_dual,
                    mu: Some(info.mu),
                    alpha_primal: (iteration > 0).then_some(info.step_length),
                    mark: ' ',
                    ..TraceRow::default()
                },
            );
            let reason = match watch.check(iteration) {
                Err(reason) => reason,
                Ok(()) if iteration >= cap => StopReason::Running,
                Ok(()) => return false,
            };
            *stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
            true
        });
        solver.solve();
        let iterations = *last.lock().unwrap_or_else(PoisonError::into_inner);
        let solution = &solver.solution;
        Some(Ended { status: solution.status, iterations, x: solution.x.clone(), z: solution.z.clone() })
    };
    catch_unwind(AssertUnwindSafe(run)).ok().flatten()
}

fn supported(cone: Cone) -> Option<SupportedConeT<f64>> {
    Some(match cone {
        Cone::Zero(0) | Cone::Nonnegative(0) | Cone::SecondOrder(0) => return None,
        Cone::Zero(n) => SupportedConeT::ZeroConeT(n),
        Cone::Nonnegative(n) => SupportedConeT::NonnegativeConeT(n),
        Cone::SecondOrder(n) => SupportedConeT::SecondOrderConeT(n),
        Cone::Exponential => SupportedConeT::ExponentialConeT(),
        Cone::Power(a) => SupportedConeT::PowerConeT(a),
    })
}

fn csc(pattern: &Pattern, vals: &[f64]) -> CscMatrix<f64> {
    let col_ptr = pattern.col_ptr().iter().map(|&p| p as usize).collect();
    let row_idx = pattern.row_idx().iter().map(|&i| i as usize).collect();
    CscMatrix::new(pattern.n_rows(), pattern.n_cols(), col_ptr, row_idx, vals.to_vec())
}

/// The upper triangle in columns of what is given as the lower one.
fn transposed(pattern: &Pattern, vals: &[f64], n: usize) -> CscMatrix<f64> {
    let mut next = vec![0usize; n + 1];
    for (_, i, _) in pattern.entries() {
        next[i + 1] += 1;
    }
    for i in 0..n {
        next[i + 1] += next[i];
    }
    let col_ptr = next.clone();
    let (mut row_idx, mut upper) = (vec![0; vals.len()], vec![0.0; vals.len()]);
    // Columns come in ascending order, so rows ascend in each column of the transpose.
    for (k, i, j) in pattern.entries() {
        row_idx[next[i]] = j;
        upper[next[i]] = vals[k];
        next[i] += 1;
    }
    CscMatrix::new(n, n, col_ptr, row_idx, upper)
}
