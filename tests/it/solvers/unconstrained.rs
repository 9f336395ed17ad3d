//! L-BFGS with bounds.

use optc::problem::{ClosureOracle, Nlp, ProblemFacts, Program, Request, StopReason};
use optc::solve::lbfgs;
use std::sync::Arc;

use super::jet::{Jet, Problem, no_rows};

const INF: f64 = f64::INFINITY;

fn program(problem: &Problem) -> Program {
    let oracle = problem.oracle();
    Program::Nlp(Nlp { facts: ProblemFacts::of(&*oracle), oracle })
}

fn solve(problem: &Problem) -> optc::problem::Candidate {
    let mut solver = (lbfgs::ROW.make)(Request::new(&lbfgs::ROW, program(problem))).unwrap();
    solver.run()
}

fn rosenbrock(x: &[Jet]) -> Jet {
    let mut sum = (1.0 - &x[0]).sq() * 0.0;
    for i in 0..x.len() - 1 {
        sum = sum + 100.0 * (&x[i + 1] - x[i].sq()).sq() + (1.0 - &x[i]).sq();
    }
    sum
}

#[test]
fn the_banana_valley_is_followed_to_its_end() {
    let problem =
        Problem { objective: rosenbrock, rows: no_rows, row_bounds: &[], bounds: &[], start: &[-1.2, 1.0, -1.2, 1.0] };
    let answer = solve(&problem);
    assert_eq!(answer.stop, StopReason::Converged);
    assert!(answer.x.iter().all(|x| (x - 1.0).abs() < 1e-7), "{answer:?}");
}

#[test]
fn a_bound_that_cuts_the_valley_gets_its_multiplier() {
    // HS2 with a tighter bound: x[1] >= 1.5, minimiser at x[1] = 1.5, multiplier = df/dx1 > 0.
    const BOUNDS: &[(f64, f64)] = &[(-INF, INF), (1.5, INF)];
    let problem =
        Problem { objective: rosenbrock, rows: no_rows, row_bounds: &[], bounds: BOUNDS, start: &[-2.0, 1.0] };
    let answer = solve(&problem);
    assert_eq!(answer.stop, StopReason::Converged, "{answer:?}");
    assert_eq!(answer.x[1], 1.5);
    // f* = 0.0504261879 (Hock and Schittkowski, problem 2).
    let local = (answer.objective - 0.050_426_187_9).abs() < 1e-8 || (answer.objective - 4.941_229).abs() < 1e-4;
    assert!(local, "{answer:?}");
    assert!(answer.z_lower[1] > 0.0);
}

#[test]
fn trial_points_without_a_value_are_shortened() {
    // -log(1 - x) - log(x - 0.2) - log(2 - y) + y^2: values only in 0.2 < x < 1, y < 2.
    let problem = Problem {
        objective: |x| -(1.0 - &x[0]).ln() - (&x[0] - 0.2).ln() - (2.0 - &x[1]).ln() + 1e4 * x[1].sq(),
        rows: no_rows,
        row_bounds: &[],
        bounds: &[],
        start: &[0.999, -300.0],
    };
    let answer = solve(&problem);
    assert!(matches!(answer.stop, StopReason::Converged | StopReason::Stalled), "{answer:?}");
    assert!((answer.x[0] - 0.6).abs() < 1e-6, "{answer:?}");
}

#[test]
fn a_falling_line_is_reported_as_unbounded() {
    let oracle = ClosureOracle::new(1, |x| -x[0]).gradient(|_, g| g[0] = -1.0);
    let facts = ProblemFacts::of(&oracle);
    let program = Program::Nlp(Nlp { oracle: Arc::new(oracle), facts });
    let mut solver = (lbfgs::ROW.make)(Request::new(&lbfgs::ROW, program)).unwrap();
    assert_eq!(solver.run().stop, StopReason::Unbounded);
}
