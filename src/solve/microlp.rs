//! microlp: simplex, and branch and bound for integer variables.
//!
//! The crate does the search, one node at a time so that limits and the stop flag are asked between nodes; a long
//! relaxation is left and gone on with every second. It has no multipliers, and its proof that nothing is better cannot be
//! checked from outside: the bound goes into the answer as a claim. Claims that there is no answer at all get weights or a
//! direction from the relaxation, where those exist.
//!
//! Deliberately absent: integers beyond 32 bits (the crate has none); the search ends at those bounds, and an answer on one of
//! them claims nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use microlp::{ComparisonOp, Error, OptimizationDirection, Problem, SolveOptions, SolveOutcome, TerminationReason};

use super::clarabel::{infeasibility, unboundedness};
use super::cones::cones;
use super::engine::{Engine, Replayed, Watch};
use super::limits::Meter;
use super::registry::one_linear;
use crate::problem::{
    Candidate, Capabilities, Form, MethodRow, Mip, OptionKind, OptionRow, OptionValue, Point, Program, Qp, Recover,
    Refusal, Request, SetupError, Shape, Solver, StopReason, TraceRow,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "microlp",
    doc: "Simplex, and branch and bound for integer variables, of small linear problems (the crate microlp).",
    source: "Dantzig, Linear Programming and Extensions (1963); Land and Doig, Econometrica 28 (1960)",
    accepts: one_linear,
    needs: Capabilities::FIRST_ORDER,
    form: Form::Mip,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 3] = [
    OptionRow {
        name: "tol",
        doc: "Largest violation of a row or bound; also how far from a whole number an integer variable may be.",
        kind: OptionKind::Real { lo: 1e-10, hi: 1e-3 },
        default: OptionValue::Real(1e-7),
        unit: "absolute",
    },
    OptionRow {
        name: "gap",
        doc: "Distance between the best point and the bound at which the search stops.",
        kind: OptionKind::Real { lo: 0.0, hi: 1.0 },
        default: OptionValue::Real(0.0),
        unit: "relative",
    },
    OptionRow {
        name: "max_iter",
        doc: "Most nodes, the relaxation counted as one.",
        kind: OptionKind::Int { lo: 0, hi: i64::MAX },
        default: OptionValue::Int(10_000_000),
        unit: "",
    },
];

/// Seconds of simplex steps between two looks at the clock and the stop flag.
const SLICE: f64 = 0.25;

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    let Program::Mip(mip) = request.program else { return Err(Refusal::WrongForm("mixed-integer linear").into()) };
    let options = &request.options;
    let meter = Meter::start(request.control, options.count("max_iter"));
    meter.check_memory(400 * (mip.linear.len() + mip.row_bounds.len()) + 100 * mip.rows.nnz())?;
    let start_given = request.warm.is_some();
    let engine = Microlp { tol: options.real("tol"), gap: options.real("gap"), mip, start_given };
    Ok(Box::new(Replayed::new(engine, meter, request.resume.as_ref())?))
}

struct Microlp {
    mip: Mip,
    tol: f64,
    gap: f64,
    /// The crate takes none.
    start_given: bool,
}

impl Engine for Microlp {
    fn name(&self) -> &'static str {
        ROW.name
    }

    fn start(&self) -> Candidate {
        let bounds = &self.mip.var_bounds;
        let x = (0..bounds.len()).map(|j| bounds.clamp(j, 0.0)).collect();
        Candidate { start_unused: self.start_given, ..Candidate::at(ROW.name, x, StopReason::Running) }
    }

    fn run(&mut self, cap: u64, watch: &Watch) -> Candidate {
        // The crate checks itself by assertions; none may end the program.
        catch_unwind(AssertUnwindSafe(|| self.search(cap, watch)))
            .unwrap_or_else(|_| Candidate { stop: StopReason::LinearAlgebra, ..self.start() })
    }
}

impl Microlp {
    fn search(&self, cap: u64, watch: &Watch) -> Candidate {
        let mut candidate = self.start();
        watch.trace(0, TraceRow { objective: f64::NAN, mark: ' ', ..TraceRow::default() });
        if let Some(stop) = ended(0, cap, watch) {
            candidate.stop = stop;
            return candidate;
        }
        let problem = self.problem();
        let mut outcome = problem.solve_with(self.options(watch));
        loop {
            let done = match &outcome {
                Err(error) => {
                    candidate.iterations = (candidate.iterations + 1).min(cap).min(watch.max_iterations());
                    watch.trace(candidate.iterations, TraceRow { objective: f64::NAN, ..TraceRow::default() });
                    return self.refuted(candidate, error, watch);
                }
                Ok(outcome) => outcome,
            };
            let nodes = 1 + done.stats().nodes_solved;
            self.read(done, &mut candidate);
            while candidate.iterations < nodes.min(cap).min(watch.max_iterations()) {
                candidate.iterations += 1;
                let (objective, gap) = (candidate.objective, done.stats().gap);
                let row = TraceRow { objective, dual_infeasibility: gap.unwrap_or(f64::NAN), ..TraceRow::default() };
                watch.trace(candidate.iterations, TraceRow { mark: ' ', ..row });
            }
            if done.is_optimal() || done.termination_reason() == TerminationReason::MipGap {
                candidate.stop = StopReason::Converged;
                return candidate;
            }
            if let Some(stop) = ended(candidate.iterations, cap, watch) {
                candidate.stop = stop;
                return candidate;
            }
            let next = outcome.expect("its error was returned above");
            let mut again = next.last_resume_options();
            again.node_limit = Some(1);
            again.time_limit = Some(self.slice(watch));
            outcome = next.resume_with(again);
        }
    }

    fn slice(&self, watch: &Watch) -> Duration {
        Duration::from_secs_f64(watch.seconds_left().unwrap_or(SLICE).clamp(1e-3, SLICE))
    }

    /// The best point and the bound, where there are some.
    fn read(&self, outcome: &SolveOutcome, candidate: &mut Candidate) {
        let Some(solution) = outcome.solution() else { return };
        let integer = &self.mip.integer;
        let mut at_a_limit = false;
        for (j, (_, value)) in solution.iter().enumerate() {
            let (lower, upper) = (self.mip.var_bounds.lower[j], self.mip.var_bounds.upper[j]);
            candidate.x[j] = if integer[j] { value.round() } else { value };
            at_a_limit |= integer[j] && (beyond(lower) || beyond(upper)) && value.abs() >= f64::from(i32::MAX);
        }
        candidate.objective = solution.objective() + self.mip.constant;
        let bound = if outcome.is_optimal() { Some(solution.objective()) } else { outcome.stats().best_bound };
        candidate.bound = bound.filter(|_| !at_a_limit).map(|bound| bound + self.mip.constant);
    }

    /// The end of a run that found no answer.
    fn refuted(&self, mut candidate: Candidate, error: &Error, watch: &Watch) -> Candidate {
        match error {
            Error::Infeasible => {
                candidate.stop = StopReason::Infeasible;
                let (conic, back) = cones(&self.relaxed());
                candidate.ray = infeasibility(&conic, watch)
                    .and_then(|ray| back.recover(Point { dual_ray: Some(ray), ..Point::default() }).dual_ray);
            }
            Error::Unbounded => {
                candidate.stop = StopReason::Unbounded;
                let (conic, _) = cones(&self.relaxed());
                candidate.ray = unboundedness(&conic, watch);
                let feasible = Mip { linear: vec![0.0; self.mip.linear.len()], ..self.mip.clone() };
                let feasible = Self { mip: feasible, ..*self };
                feasible.first_point(&mut candidate, watch);
                candidate.bound = None;
            }
            _ => candidate.stop = StopReason::LinearAlgebra,
        }
        candidate
    }

    /// The first point that the search comes to, if limits allow: where the objective is 0, every point is as good.
    fn first_point(&self, candidate: &mut Candidate, watch: &Watch) {
        let mut options = self.options(watch);
        options.mip_gap = 1.0;
        let mut outcome = self.problem().solve_with(options);
        while let Ok(found) = outcome {
            self.read(&found, candidate);
            if found.solution().is_some() || found.is_optimal() || watch.check_aside().is_err() {
                return;
            }
            let mut again = found.last_resume_options();
            again.node_limit = Some(1);
            again.time_limit = Some(self.slice(watch));
            outcome = found.resume_with(again);
        }
    }

    /// The crate's options for the first part of a search.
    fn options(&self, watch: &Watch) -> SolveOptions {
        let mut options = SolveOptions::default();
        options.tolerances.feasibility = self.tol;
        options.int_tol = self.tol;
        options.mip_gap = self.gap;
        options.node_limit = Some(0);
        options.time_limit = Some(self.slice(watch));
        options
    }

    /// The problem without the demand for whole values.
    fn relaxed(&self) -> Qp {
        let n = self.mip.linear.len();
        let shape = Shape {
            vars: self.mip.var_bounds.clone(),
            n_cons: self.mip.row_bounds.len(),
            rows: self.mip.row_bounds.clone(),
            ..Shape::unconstrained(n)
        };
        Qp {
            shape,
            quadratic: crate::num::sparse::Pattern::empty(n, n),
            quadratic_vals: Vec::new(),
            linear: self.mip.linear.clone(),
            constant: self.mip.constant,
            rows: self.mip.rows.clone(),
            rows_vals: self.mip.rows_vals.clone(),
        }
    }

    fn problem(&self) -> Problem {
        let mip = &self.mip;
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        let vars: Vec<_> = (0..mip.linear.len())
            .map(|j| {
                let (lower, upper) = (mip.var_bounds.lower[j], mip.var_bounds.upper[j]);
                if mip.integer[j] {
                    problem.add_integer_var(mip.linear[j], whole(lower, upper))
                } else {
                    problem.add_var(mip.linear[j], (lower, upper))
                }
            })
            .collect();
        let mut rows = vec![Vec::new(); mip.row_bounds.len()];
        for (k, i, j) in mip.rows.entries() {
            rows[i].push((vars[j], mip.rows_vals[k]));
        }
        for (i, row) in rows.into_iter().enumerate() {
            let (lower, upper) = (mip.row_bounds.lower[i], mip.row_bounds.upper[i]);
            if lower == upper {
                problem.add_constraint(row, ComparisonOp::Eq, lower);
                continue;
            }
            if lower.is_finite() {
                problem.add_constraint(row.as_slice(), ComparisonOp::Ge, lower);
            }
            if upper.is_finite() {
                problem.add_constraint(row, ComparisonOp::Le, upper);
            }
        }
        problem
    }
}

/// Why a run that has done so many nodes ends here.
fn ended(nodes: u64, cap: u64, watch: &Watch) -> Option<StopReason> {
    match watch.check(nodes) {
        Err(reason) => Some(reason),
        Ok(()) if nodes >= watch.max_iterations() => Some(StopReason::IterationLimit),
        Ok(()) if nodes >= cap => Some(StopReason::Running),
        Ok(()) => None,
    }
}

/// Whether a bound is outside what the crate's integers reach.
fn beyond(bound: f64) -> bool {
    bound.abs() > f64::from(i32::MAX)
}

/// The whole numbers between two bounds; bounds a hair off a whole number mean it.
fn whole(lower: f64, upper: f64) -> (i32, i32) {
    const HAIR: f64 = 1e-9;
    ((lower - HAIR).ceil() as i32, (upper + HAIR).floor() as i32)
}
