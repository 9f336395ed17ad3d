//! Functions and residuals of Rust programs: what methods and judge make of closures, and what wrong ones come to.

use optc::embed::{ClosureOracle, Evaluator, Fit, Loss, Pattern, Problem, Solve, Source, Status};
use std::sync::Arc;

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{a} is not {b}");
}

/// Words of the errors of a solve.
fn refused(solve: Solve<'_>) -> String {
    solve.run().unwrap_err().to_string()
}

fn valley() -> Problem {
    let text = "var x[1..2] start -1\nminimize (1 - x[1])^2 + 100 * (x[2] - x[1]^2)^2\nsubject to disk: x[1]^2 + x[2]^2 <= 1.5";
    Source::new(text).compile().expect("it is a model")
}

#[test]
fn closures_are_solved_and_judged_without_a_compiler() {
    let oracle = ClosureOracle::new(2, |x| (x[0] - 3.0).powi(2) + (x[1] + 1.0).powi(2))
        .gradient(|x, g| {
            g[0] = 2.0 * (x[0] - 3.0);
            g[1] = 2.0 * (x[1] + 1.0);
        })
        .bounds(&[0.0, 0.0], &[2.0, 5.0]);
    let solution = optc::embed::solver(oracle).run().unwrap();
    near(solution.objective(), 2.0);
    assert_eq!(solution.x(), [2.0, 0.0]);
    let nan = ClosureOracle::new(1, |_| f64::NAN).gradient(|_, g| g[0] = 0.0);
    let solution = optc::embed::solver(nan).run().unwrap();
    assert_eq!(solution.status(), Status::NumericalFailure);
}

#[test]
fn slices_of_wrong_lengths_are_errors_and_no_panics() {
    let problem = valley();
    let mut at = problem.evaluator().unwrap();
    let words = at.at(&[1.0]).value().unwrap_err().to_string();
    assert_eq!(words, "the point has length 1, and it should be 2");
    assert!(at.at(&[1.0, 1.0]).gradient(&mut [0.0; 3]).is_err());
    assert!(at.constraints(&mut []).is_err());
    assert!(at.jacobian(&mut [0.0]).is_err());
    assert!(at.lagrangian_hessian(1.0, &[], &mut [0.0; 3]).is_err());
    assert!(at.hessian_times(&[1.0], &mut [0.0; 2]).is_err());
    assert!(at.jacobian_transposed_times(&[1.0, 1.0], &mut [0.0; 2]).is_err());
    assert!(at.value().is_ok(), "the point is still there");
    let wrong = |oracle: ClosureOracle| refused(optc::embed::solver(oracle));
    let bowl = || ClosureOracle::new(2, |x| x[0] * x[0] + x[1] * x[1]).gradient(|x, g| g.copy_from_slice(x));
    assert!(wrong(bowl().start(&[1.0])).contains("start: 1 numbers are given, and 2 are wanted"));
    assert!(wrong(bowl().bounds(&[0.0; 2], &[1.0; 3])).contains("upper bounds of variables"));
    assert!(wrong(bowl().constraints(&[0.0], &[], |_, _| ())).contains("upper ends of rows"));
    let slanted = Pattern::from_entries(2, 2, [(0, 1)]).unwrap().0;
    assert!(wrong(bowl().hessian(slanted, |_, _, _, _| ())).contains("above its diagonal"));
    let small = Pattern::full(1, 1).unwrap();
    assert!(wrong(bowl().hessian(small, |_, _, _, _| ())).contains("1 by 1, and not 2 by 2"));
}

#[test]
fn products_that_are_closures_are_used_in_place_of_matrices() {
    let mut at = Evaluator::new(Arc::new(
        ClosureOracle::new(2, |x| x[0] * x[1])
            .constraints(&[0.0], &[1.0], |x, c| c[0] = x[0] * x[0])
            .hessian_times(|x, sigma, y, v, out| {
                assert_eq!(x.len(), 2);
                out.copy_from_slice(&[sigma * v[1] + 2.0 * y[0] * v[0], sigma * v[0]]);
            })
            .jacobian_times(|x, v, out| out[0] = 2.0 * x[0] * v[0])
            .jacobian_transposed_times(|x, y, out| out.copy_from_slice(&[2.0 * x[0] * y[0], 0.0])),
    ));
    let (mut out, mut row) = ([0.0; 2], [0.0]);
    at.at(&[3.0, 1.0]).hessian_times(&[1.0, 5.0], &mut out).unwrap();
    assert_eq!(out, [5.0, 1.0]);
    at.jacobian_times(&[1.0, 5.0], &mut row).unwrap();
    assert_eq!(row, [6.0]);
    at.jacobian_transposed_times(&[2.0], &mut out).unwrap();
    assert_eq!(out, [12.0, 0.0]);
    assert!(at.hessian(&mut []).is_err(), "there is no matrix");
    // Newton's method by products alone.
    let bowl = ClosureOracle::new(2, |x| x[0] * x[0] + 3.0 * (x[1] - 1.0).powi(2))
        .gradient(|x, g| g.copy_from_slice(&[2.0 * x[0], 6.0 * (x[1] - 1.0)]))
        .start(&[4.0, 4.0])
        .hessian_times(|_, sigma, _, v, out| out.copy_from_slice(&[2.0 * sigma * v[0], 6.0 * sigma * v[1]]));
    let solution = optc::embed::solver(bowl).method("newton_trust_region").option("linear_solver", "cg").run().unwrap();
    near(solution.x()[1], 1.0);
    assert!(solution.counts().hvp > 0);
}

/// The residuals of a straight line through four points, one of them far off.
fn line() -> ClosureOracle {
    let y = [1.0, 3.0, 5.0, 17.0];
    ClosureOracle::residuals(2, 4, move |x, r| (0..4).for_each(|i| r[i] = x[0] + x[1] * i as f64 - y[i]))
        .jacobian(Pattern::full(4, 2).unwrap(), |_, j| j.copy_from_slice(&[1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 2.0, 3.0]))
}

#[test]
fn residuals_that_are_closures_are_fitted_by_every_method_for_them() {
    // By the normal equations: 4 a + 6 b = 26, 6 a + 14 b = 64.
    let fit = Fit::new(line());
    for method in ["levenberg_marquardt", "gauss_newton", "dogleg", "lbfgs"] {
        let solution = fit.solver().method(method).run().unwrap_or_else(|errors| panic!("{errors}"));
        near(solution.x()[0], -1.0);
        near(solution.x()[1], 5.0);
        near(solution.objective(), 30.0);
    }
    let chosen = fit.solver().run().unwrap();
    assert_eq!(chosen.method(), "levenberg_marquardt");
    // s² = 30 / 2; (J'J)⁻¹ = [14, -6; -6, 4] / 20.
    let known = fit.statistics(chosen.x()).unwrap();
    near(known.standard_errors[0], (15.0 * 14.0 / 20.0f64).sqrt());
    near(known.covariance[1], -15.0 * 6.0 / 20.0);
    // Without the last point, and with a loss that hardly sees it.
    let weighted = Fit::new(line()).weights(&[1.0, 1.0, 1.0, 0.0]);
    near(weighted.solver().run().unwrap().x()[1], 2.0);
    let robust = Fit::new(line()).loss(Loss::Cauchy, 0.1).solver().start(&[1.0, 2.5]).run().unwrap();
    assert!((robust.x()[1] - 2.0).abs() < 0.05, "{robust:?}");
    assert!(refused(Fit::new(line()).weights(&[1.0]).solver()).contains("weights must be 4 numbers"));
    assert!(refused(Fit::new(line()).loss(Loss::Huber, -1.0).solver()).contains("scales of losses positive"));
    assert!(Fit::new(line()).statistics(&[1.0]).is_err());
}

#[test]
fn what_closures_cannot_tell_is_said_with_what_would_help() {
    let rows = || {
        ClosureOracle::new(2, |x| x[0] + x[1])
            .gradient(|_, g| g.fill(1.0))
            .constraints(&[1.0], &[f64::INFINITY], |x, c| c[0] = x[0] + 2.0 * x[1])
            .jacobian(Pattern::full(1, 2).unwrap(), |_, j| j.copy_from_slice(&[1.0, 2.0]))
            .bounds(&[0.0; 2], &[9.0; 2])
    };
    assert!(refused(optc::embed::solver(rows()).method("levenberg_marquardt")).contains("`Fit` takes residuals"));
    assert!(refused(optc::embed::solver(rows()).method("clarabel")).contains("with_shape"));
    let linear = rows().with_shape(|shape| (shape.linear_rows, shape.linear_objectives) = (vec![true], vec![true]));
    let solution = optc::embed::solver(linear).method("clarabel").run().unwrap();
    near(solution.objective(), 0.5);
    // Said to be linear, and not.
    let bent = ClosureOracle::new(1, |x| x[0] * x[0])
        .gradient(|x, g| g[0] = 2.0 * x[0])
        .with_shape(|shape| shape.linear_objectives = vec![true]);
    assert!(refused(optc::embed::solver(bent).method("clarabel")).contains("linear"));
}
