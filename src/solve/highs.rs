//! HiGHS: simplex, interior point, active sets and branch and cut (built with the feature `highs`).
//!
//! Source: Huangfu and Hall, Math. Program. Comput. 10 (2018). The library is C++ and does its work in one call: a run is one
//! iteration here, a time limit ends it, a stop flag only before it begins. What it claims is read off: multipliers, the bound of
//! a search; weights that prove infeasibility are the multipliers of the problem "violate the rows as little as possible".

use std::panic::{AssertUnwindSafe, catch_unwind};

use highs::{ColProblem, HessianFormat, HighsModelStatus, Model, Sense, SolvedModel};

use super::clarabel::unboundedness;
use super::cones::cones;
use super::engine::{Engine, Replayed, Watch};
use super::limits::Meter;
use super::registry::{one_convex_quadratic, one_linear};
use crate::problem::verify::tolerance::VIOLATION;
use crate::problem::{
    Candidate, Capabilities, Form, MethodRow, OptionKind, OptionRow, OptionValue, Program, Qp, Refusal, Request,
    SetupError, Solver, StopReason, TraceRow,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "highs",
    doc: "Simplex, interior point and branch and cut for linear, convex quadratic and mixed-integer linear problems (HiGHS).",
    source: "Huangfu and Hall, Math. Program. Comput. 10 (2018)",
    accepts: |facts| one_linear(facts).or_else(|refusal| one_convex_quadratic(facts).map_err(|_| refusal)),
    needs: Capabilities::SECOND_ORDER,
    form: Form::Qp,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 4] = [
    OptionRow {
        name: "tol",
        doc: "Largest violation of a row, a bound or a reduced cost.",
        kind: OptionKind::Real { lo: 1e-10, hi: 1e-3 },
        default: OptionValue::Real(1e-9),
        unit: "absolute",
    },
    OptionRow {
        name: "gap",
        doc: "Distance between the best point and the bound at which a search over whole points stops.",
        kind: OptionKind::Real { lo: 0.0, hi: 1.0 },
        default: OptionValue::Real(0.0),
        unit: "relative",
    },
    OptionRow {
        name: "max_iter",
        doc: "Most runs: 0 or 1.",
        kind: OptionKind::Int { lo: 0, hi: i64::MAX },
        default: OptionValue::Int(1),
        unit: "",
    },
    OptionRow {
        name: "method",
        doc: "How linear problems are solved.",
        kind: OptionKind::Choice(&["choose", "simplex", "ipm"]),
        default: OptionValue::Choice("choose"),
        unit: "",
    },
];

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    let Program::Qp(qp) = request.program else { return Err(Refusal::WrongForm("quadratic").into()) };
    let options = &request.options;
    let meter = Meter::start(request.control, options.count("max_iter"));
    meter.check_memory(400 * (qp.shape.n_vars + qp.shape.n_cons) + 150 * (qp.rows.nnz() + qp.quadratic.nnz()))?;
    let (tol, gap, method) = (options.real("tol"), options.real("gap"), options.choice("method"));
    let engine = Highs { tol, gap, method, qp, start_given: request.warm.is_some() };
    Ok(Box::new(Replayed::new(engine, meter, request.resume.as_ref())?))
}

struct Highs {
    qp: Qp,
    tol: f64,
    gap: f64,
    method: &'static str,
    /// None is passed on.
    start_given: bool,
}

/// What is put in place of the problem's objective.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aim {
    /// The objective.
    Objective,
    /// Nothing.
    Feasible,
    /// The sum of violations of the rows.
    LeastViolation,
}

/// Whether this is what a run can end with; what is not may be due to the presolve.
fn is_answer(status: HighsModelStatus) -> bool {
    matches!(
        status,
        HighsModelStatus::Optimal
            | HighsModelStatus::ModelEmpty
            | HighsModelStatus::Infeasible
            | HighsModelStatus::Unbounded
            | HighsModelStatus::ReachedTimeLimit
            | HighsModelStatus::ReachedMemoryLimit
    )
}

impl Engine for Highs {
    fn name(&self) -> &'static str {
        ROW.name
    }

    fn start(&self) -> Candidate {
        let vars = &self.qp.shape.vars;
        let x = (0..vars.len()).map(|j| vars.clamp(j, 0.0)).collect();
        Candidate { start_unused: self.start_given, ..Candidate::at(ROW.name, x, StopReason::Running) }
    }

    fn run(&mut self, _cap: u64, watch: &Watch) -> Candidate {
        let start = self.start();
        watch.trace(0, TraceRow { objective: f64::NAN, mark: ' ', ..TraceRow::default() });
        if watch.max_iterations() == 0 {
            return Candidate { stop: StopReason::IterationLimit, ..start };
        }
        // The bindings check by assertions; none may end the program.
        let ran = catch_unwind(AssertUnwindSafe(|| self.solve(watch))).ok().flatten();
        let candidate = ran.unwrap_or(Candidate { stop: StopReason::LinearAlgebra, ..start });
        watch.trace(1, TraceRow { objective: candidate.objective, mark: ' ', ..TraceRow::default() });
        Candidate { iterations: 1, ..candidate }
    }
}

impl Highs {
    fn solve(&self, watch: &Watch) -> Option<Candidate> {
        let mut candidate = self.start();
        let mut solved = self.model(Aim::Objective, true, watch)?;
        if !is_answer(solved.status()) {
            solved = self.model(Aim::Objective, false, watch)?;
        }
        if !is_answer(solved.status()) {
            // It could not make up its mind; weights on the rows may still settle the matter.
            candidate.stop = StopReason::Stalled;
            self.refute(&mut candidate, watch);
            if candidate.ray.is_some() {
                candidate.stop = StopReason::Infeasible;
                return Some(candidate);
            }
        }
        candidate.stop = match solved.status() {
            HighsModelStatus::Optimal | HighsModelStatus::ModelEmpty => StopReason::Converged,
            HighsModelStatus::Infeasible => StopReason::Infeasible,
            HighsModelStatus::Unbounded | HighsModelStatus::UnboundedOrInfeasible => StopReason::Unbounded,
            HighsModelStatus::ReachedTimeLimit => StopReason::TimeLimit,
            HighsModelStatus::ReachedIterationLimit => StopReason::IterationLimit,
            HighsModelStatus::ReachedMemoryLimit => StopReason::MemoryLimit,
            _ => StopReason::Stalled,
        };
        match candidate.stop {
            StopReason::Infeasible => self.refute(&mut candidate, watch),
            StopReason::Unbounded => {
                let feasible = self.model(Aim::Feasible, true, watch)?;
                if feasible.status() == HighsModelStatus::Infeasible {
                    candidate.stop = StopReason::Infeasible;
                    self.refute(&mut candidate, watch);
                } else {
                    candidate.x = self.point(&feasible);
                    candidate.ray = unboundedness(&cones(&self.qp).0, watch);
                }
            }
            _ => self.read(&solved, &mut candidate),
        }
        Some(candidate)
    }

    fn point(&self, solved: &SolvedModel) -> Vec<f64> {
        let mut x = solved.get_solution().columns().to_vec();
        for (x, integer) in x.iter_mut().zip(&self.qp.shape.integer) {
            *x = if *integer { x.round() } else { *x };
        }
        x
    }

    fn read(&self, solved: &SolvedModel, candidate: &mut Candidate) {
        let n = self.qp.shape.n_vars;
        candidate.x = self.point(solved);
        candidate.objective = solved.objective_value() + self.qp.constant;
        if self.qp.shape.n_integer() > 0 {
            let bound = solved.double_info_value(c"mip_dual_bound").ok();
            candidate.bound = bound.filter(|b| b.is_finite()).map(|b| b + self.qp.constant);
            return;
        }
        let solution = solved.get_solution();
        // Its multipliers are derivatives of the objective; ours weigh the rows.
        candidate.y = solution.dual_rows().iter().map(|y| -y).collect();
        let d = &solution.dual_columns()[..n];
        candidate.z_lower = d.iter().map(|d| d.max(0.0)).collect();
        candidate.z_upper = d.iter().map(|d| (-d).max(0.0)).collect();
    }

    /// Weights on the rows that prove infeasibility, where the problem without whole values has some.
    fn refute(&self, candidate: &mut Candidate, watch: &Watch) {
        if let Some(solved) = self.model(Aim::LeastViolation, true, watch)
            && solved.status() == HighsModelStatus::Optimal
            && solved.objective_value() > VIOLATION
        {
            candidate.ray = Some(solved.get_solution().dual_rows().iter().map(|y| -y).collect());
        }
    }

    /// Solves the problem or a variant of it.
    fn model(&self, aim: Aim, presolve: bool, watch: &Watch) -> Option<SolvedModel> {
        let qp = &self.qp;
        let mut problem = ColProblem::new();
        let ends = &qp.shape.rows;
        let rows: Vec<_> = (0..qp.shape.n_cons).map(|i| problem.add_row(ends.lower[i]..=ends.upper[i])).collect();
        for j in 0..qp.shape.n_vars {
            let cost = if aim == Aim::Objective { qp.linear[j] } else { 0.0 };
            let bounds = qp.shape.vars.lower[j]..=qp.shape.vars.upper[j];
            let entries = qp.rows.col(j).map(|k| (rows[qp.rows.row_idx()[k] as usize], qp.rows_vals[k]));
            let integer = qp.shape.integer[j] && aim != Aim::LeastViolation;
            problem.add_column_with_integrality(cost, bounds, entries, integer);
        }
        if aim == Aim::LeastViolation {
            for &row in &rows {
                problem.add_column(1.0, 0.0..=f64::INFINITY, [(row, 1.0)]);
                problem.add_column(1.0, 0.0..=f64::INFINITY, [(row, -1.0)]);
            }
        }
        let mut model = problem.try_optimise(Sense::Minimise).ok()?;
        self.set_options(&mut model, presolve, watch);
        if aim == Aim::Objective && qp.quadratic.nnz() > 0 {
            let column = |j: usize| {
                let range = qp.quadratic.col(j);
                range.map(|k| (qp.quadratic.row_idx()[k] as i64, qp.quadratic_vals[k])).collect::<Vec<_>>()
            };
            model.try_pass_hessian(HessianFormat::Triangular, (0..qp.shape.n_vars).map(column)).ok()?;
        }
        model.try_solve().ok()
    }

    fn set_options(&self, model: &mut Model, presolve: bool, watch: &Watch) {
        model.make_quiet();
        // An option that a build of the library lacks keeps its default.
        let _ = model.try_set_option("threads", 1);
        let _ = model.try_set_option("parallel", "off");
        let _ = model.try_set_option("random_seed", 0);
        // Its active sets for quadratic objectives end in circles when asked for more than its own default.
        let tol = if self.qp.quadratic.nnz() > 0 { self.tol.max(1e-7) } else { self.tol };
        let _ = model.try_set_option("primal_feasibility_tolerance", tol);
        let _ = model.try_set_option("dual_feasibility_tolerance", tol);
        let _ = model.try_set_option("mip_rel_gap", self.gap);
        let _ = model.try_set_option("solver", self.method);
        if !presolve {
            let _ = model.try_set_option("presolve", "off");
        }
        if let Some(seconds) = watch.seconds_left() {
            let _ = model.try_set_option("time_limit", seconds);
        }
    }
}
