//! The judge says no more than it can prove, and all that it can: optima, local and global, and infeasibility.

use optc::data::FolderLoader;
use optc::driver::method_option::MethodOption;
use optc::driver::patience::Patience;
use optc::driver::report::Report;
use optc::driver::{Session, Setup};
use optc::num::sparse::Pattern;
use optc::problem::verify::interrupted;
use optc::problem::{Candidate, ClosureOracle, ProblemFacts, Status, StopFlag, StopReason, verify};
use std::sync::Arc;
use std::time::Duration;

fn solve(text: &str) -> Report {
    let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), Setup::default());
    let checked = session.check_text("model.opt", text);
    match session.solve_checked("model.opt", checked, None) {
        Ok(solved) => solved.report,
        Err(reports) => panic!("{text}\n{:?}", reports.messages()),
    }
}

/// What is said of a model that no method takes as it is asked for.
fn refusal(text: &str) -> String {
    let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), Setup::default());
    let checked = session.check_text("model.opt", text);
    match session.solve_checked("model.opt", checked, None) {
        Ok(_) => panic!("{text} was solved"),
        Err(reports) => {
            reports.messages().iter().map(|m| optc::diag::render::render(m, &session.sources, false)).collect()
        }
    }
}

fn status(text: &str) -> Status {
    solve(text).status().expect("something was solved")
}

#[test]
fn a_point_held_by_huge_multipliers_alone_is_no_optimum() {
    // The optimum is x = 1, where the gradient of the row vanishes: no multipliers exist there, and outside they grow
    // without end while the violation goes to zero.
    for power in [3, 5] {
        let text = format!("var x\nvar y >= 0\nmaximize x\nsubject to y == (1 - x)^{power}\n");
        let report = solve(&text);
        let found = report.objectives[0].value;
        assert_eq!(report.status(), Some(Status::FeasibleNotCertified), "power {power}, x = {found}");
        assert!(found > 1.0 + 1e-6, "the point is not what this test is about: {found}");
        let price = report.runs[0].evidence.iter().find(|e| e.what == "price of violation").expect("it is shown");
        assert!(!price.holds);
    }
}

#[test]
fn multipliers_that_are_large_because_of_units_do_no_harm() {
    // A transport of tonnes counted in milligrams, and a price in millions: multipliers of 1e9 and of 1e-9.
    let large = status("var x >= 0\nvar y >= 0\nminimize 1e3 * x^2 + 2e3 * y^2\nsubject to 1e-6 * (x + y) == 2e-6\n");
    let small = status("var x >= 0\nvar y >= 0\nminimize 1e-3 * (x^2 + 2 * y^2)\nsubject to 1e6 * (x + y) == 2e6\n");
    assert_eq!([large, small], [Status::GlobalOptimum; 2]);
}

#[test]
fn a_signal_while_the_answer_is_judged_ends_the_judging_but_not_the_answer() {
    let text = "set s = 1..50\nvar x[s]\nminimize sum(i in s: (x[i] - 1)^2)\nsubject to c[i in s]: x[i] >= i\n";
    let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), Setup::default());
    let checked = session.check_text("model.opt", text);
    let bound = session.bind(checked).unwrap_or_else(|reports| panic!("{:?}", reports.messages()));
    let optimum: Vec<f64> = (1..=50).map(f64::from).collect();
    let candidate = Candidate::at("a method", optimum, StopReason::Converged);
    let stop = StopFlag::default();
    let judge = bound.judge().with(Patience::new(stop.clone(), Duration::ZERO));
    assert_eq!(verify(&judge, &bound.facts, &candidate).status, Status::GlobalOptimum);
    assert!(!judge.gave_up());
    stop.raise();
    let verdict = interrupted(verify(&judge, &bound.facts, &candidate));
    assert!(judge.gave_up());
    assert_eq!((verdict.status, verdict.stop), (Status::LimitReached, StopReason::Interrupted));
    // With time left, the best point of an interrupted run is judged all the same.
    let patient = bound.judge().with(Patience::new(stop, Duration::from_secs(3600)));
    assert_eq!(verify(&patient, &bound.facts, &candidate).status, Status::GlobalOptimum);
}

#[test]
fn a_start_without_a_value_is_shown_with_the_place_of_the_fault() {
    let text = "var x\nvar y start 0.5\nminimize x - log(x) + y^2\nsubject to y >= -1\n";
    let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), Setup::default());
    let checked = session.check_text("model.opt", text);
    let solved = session.solve_checked("model.opt", checked, None).unwrap_or_else(|r| panic!("{:?}", r.messages()));
    assert_eq!(solved.report.status(), Some(Status::NumericalFailure));
    let values: Vec<f64> = solved.report.variables.iter().flat_map(|v| v.values.clone()).collect();
    assert_eq!(values, [0.0, 0.5], "the start is the best point there is");
    let messages = solved.remarks.messages();
    assert_eq!(messages.len(), 1);
    let span = messages[0].labels[0].span;
    assert_eq!((messages[0].code, &text[span.start as usize..span.end as usize]), ("E0601", "log(x)"));
}

#[test]
fn linear_and_convex_problems_without_a_point_are_proved_infeasible() {
    let texts = [
        "var x\nminimize x\nsubject to\n  x >= 3\n  x <= 2\n",
        "var x == 2\nminimize x\nsubject to x == 3\n",
        "var x\nvar y >= 0\nminimize x\nsubject to\n  x + y >= 3\n  x + 2 * y <= 2\n  x <= 1\n",
        "var x\nvar y\nminimize x\nsubject to\n  x^2 + y^2 <= 1\n  x + y >= 3\n",
        "var x\nminimize x\nsubject to\n  exp(x) <= 1\n  x >= 1\n",
        // Neither the objective nor the rows are convex, but the sum of rows that proves it is linear or convex.
        "var x\nvar y\nminimize sin(x) * y\nsubject to\n  x + y >= 3\n  x + y <= 2\n",
        "var x\nvar y\nminimize x * y\nsubject to\n  x * y + x^2 + y^2 <= 1\n  x + y == 5\n",
        // Only all rows together: 39 steps up of 1 each, and an end that is too low for them.
        "set steps = 1..40\nvar h[steps] >= 0\nminimize sum(i in steps: h[i])\nsubject to\n  \
         up[i in steps if i < 40]: h[i + 1] >= h[i] + 1\n  end: h[40] <= 38\n",
    ];
    for text in texts {
        assert_eq!(status(text), Status::Infeasible, "{text}");
    }
}

#[test]
fn a_dead_end_of_a_nonconvex_problem_is_no_proof() {
    // From -1 the violation cannot be lowered; beyond 2.1 there are feasible points.
    let pattern = Pattern::from_entries(1, 1, [(0, 0)]).expect("one entry").0;
    let dead_end = ClosureOracle::new(1, |x| x[0])
        .gradient(|_, g| g[0] = 1.0)
        .constraints(&[3.0], &[f64::INFINITY], |x, c| c[0] = x[0].powi(3) - 3.0 * x[0])
        .jacobian(pattern, |x, j| j[0] = 3.0 * x[0] * x[0] - 3.0);
    let claim = Candidate::at("a method", vec![-1.0], StopReason::Infeasible);
    let found = verify(&dead_end, &ProblemFacts::of(&dead_end), &claim).status;
    assert_eq!(found, Status::LocallyInfeasible);
    // Feasible, by a hair and by nothing.
    for gap in ["1e-3", "0"] {
        let text = format!("param gap = {gap}\nvar x\nminimize x^2\nsubject to\n  x >= 2\n  x <= 2 + gap\n");
        assert_eq!(status(&text), Status::GlobalOptimum, "{text}");
    }
}

/// `x' (I - (1 + t) v v' / v'v) x / 2` over a box, whose least eigenvalue is `-t`; the matrix is data.
fn along_one_direction(n: usize, t: f64) -> String {
    format!(
        "set s = 1..{n}\nparam t = {t:e}\nparam v[i in s] = sin(i)\nparam size = sum(i in s: v[i]^2)\n\
         param q[i in s, j in s] = (if i == j then 1 else 0) - (1 + t) * v[i] * v[j] / size\n\
         var x[s] in [-1, 1] start 0.5\n\
         minimize sum(i in s, j in s: q[i, j] * x[i] * x[j]) / 2 + sum(i in s: x[i]) / 10\n\
         subject to sum(i in s: i * x[i]) <= 3\n"
    )
}

#[test]
fn quadratic_problems_are_proved_convex_from_their_matrices() {
    for n in [3, 20, 60] {
        assert_eq!(status(&along_one_direction(n, -0.1)), Status::GlobalOptimum, "definite, {n}");
        assert_eq!(status(&along_one_direction(n, 0.0)), Status::GlobalOptimum, "semidefinite, {n}");
        let indefinite = status(&along_one_direction(n, 1e-6));
        assert!(indefinite != Status::GlobalOptimum, "indefinite, {n}: {indefinite:?}");
    }
    let report = solve(&along_one_direction(3, 0.0));
    let proof = report.runs[0].evidence.iter().find(|e| e.what == "negative eigenvalues of the constant Hessian");
    assert!(proof.is_some_and(|line| line.holds && line.value == 0.0));
}

#[test]
fn no_large_entry_hides_a_small_negative_eigenvalue() {
    let text = "param big = 1e13\nparam small = -1\nvar x in [-1, 1]\nvar y in [-1, 2] start -0.5\n\
                minimize big * x^2 + small * y^2\n";
    let found = status(text);
    assert!(found != Status::GlobalOptimum, "{found:?}");
}

/// The report of a model that must be solved without kinks.
fn smoothed(text: &str) -> Report {
    let report = solve(text);
    assert_eq!(report.status(), Some(Status::GlobalOptimum), "{text}");
    assert!(report.runs[0].notes.iter().any(|n| n.starts_with("solved without kinks")), "{text}");
    assert!(report.variables.iter().all(|v| !v.name.starts_with('%')), "only what the user wrote is shown");
    report
}

#[test]
fn the_least_of_a_greatest_is_found_to_full_accuracy() {
    let report = smoothed("var x\nvar y\nminimize max(x^2 + y^2, (x - 2)^2 + y, x + y)\n");
    // Two pieces meet at the optimum; along their common line, where `y^2 - y = 4 - 4 x`, a fine grid finds the least.
    let value = |y: f64| {
        let x = (4.0 - y * y + y) / 4.0;
        (x * x + y * y).max((x - 2.0).powi(2) + y).max(x + y)
    };
    let least = (-1_000_000..1_000_000).map(|k| value(f64::from(k) / 1e6)).fold(f64::INFINITY, f64::min);
    assert!((report.objectives[0].value - least).abs() <= 1e-6, "{} is not {least}", report.objectives[0].value);
    assert_eq!(report.variables.len(), 2);
    assert!(report.constraints.is_empty());
}

#[test]
fn kinks_under_sums_and_in_rows_become_smooth_families() {
    // A median, by least absolute deviations: one variable per datum.
    let report = smoothed("set s = 1..9\nvar m\nminimize mean(i in s: abs(m - i^2))\n");
    assert!((report.variables[0].values[0] - 25.0).abs() <= 1e-6);
    // Distances below and above the diagonal, with a filter, and a factor whose sign only the data know.
    let report = smoothed(
        "set s = 1..6\nparam k = -2\nvar x[s] in [0, 9]\n\
         maximize k * sum(i in s, j in s if i < j: abs(x[i] - x[j] - (j - i))) + sum(i in s: x[i])\n",
    );
    assert!((report.objectives[0].value - 39.0).abs() <= 1e-5, "9 + 8 + 7 + 6 + 5 + 4: {}", report.objectives[0].value);
    // In a row: a ball of the norm 1, whose corner is the answer.
    let report = smoothed(
        "set s = 1..4\nvar x[s]\nmaximize sum(i in s: i * x[i])\nsubject to ball: sum(i in s: abs(x[i])) <= 2\n",
    );
    assert!((report.objectives[0].value - 8.0).abs() <= 1e-6);
    assert_eq!(report.constraints.len(), 1);
    assert!((report.constraints[0].activity[0] - 2.0).abs() <= 1e-6);
    assert!((report.constraints[0].duals[0] - 4.0).abs() <= 1e-5);
    // `min` where more is better, and a greatest within a greatest.
    let report = smoothed("set s = 1..3\nvar x[s] in [0, 1]\nmaximize min(i in s: x[i] / i) - max(abs(x[1]), x[2])\n");
    assert!(report.objectives[0].value.abs() <= 1e-6);
}

#[test]
fn a_kink_that_an_optimum_pulls_away_from_its_arguments_stays() {
    // Both would be unbounded if a variable stood for the kink.
    for text in [
        "var x in [-1, 2]\nmaximize abs(x)\n",
        "var x in [-1, 2]\nparam k = -1\nminimize k * max(x, 0)\n",
        "var x in [-1, 2]\nminimize x\nsubject to abs(x) >= 0.5\n",
        "var x in [-1, 2]\nminimize x\nsubject to abs(x) == 0.5\n",
    ] {
        let report = solve(text);
        assert!(report.runs[0].notes.iter().all(|n| !n.starts_with("solved without kinks")), "{text}");
        assert!(!matches!(report.status(), Some(Status::GlobalOptimum | Status::Unbounded)), "{text}");
    }
}

#[test]
fn a_method_that_was_asked_for_gets_the_problem_as_it_is_written() {
    let report = solve("var x start 3\nminimize max(x, -2 * x)\nsolve with lbfgs\n");
    assert_eq!(report.runs[0].method, "lbfgs");
    assert!(report.runs[0].notes.iter().all(|n| !n.starts_with("solved without kinks")));
}

#[test]
fn absolute_values_stand_beside_a_smooth_objective_for_a_method_that_takes_them_so() {
    // 0.5 (x - 3)² + 2 |x| is least at 1; the weights come from data, a `let` and two places.
    let report = solve(
        "set s = 1..4\nparam t[s] = [3, 1, -5, 0.5]\nparam k = 1\nvar x[s] start 9\nlet size = sum(i in s: abs(x[i]))\n\
         minimize f: 0.5 * sum(i in s: (x[i] - t[i])^2) + k * size + sum(i in s: k * abs(x[i]))\n\
         solve with proximal_gradient\n",
    );
    assert_eq!(report.status(), Some(Status::GlobalOptimum));
    assert_eq!(report.variables[0].values[1], 0.0);
    assert_eq!(report.variables[0].values[3], 0.0);
    assert!((report.variables[0].values[0] - 1.0).abs() <= 1e-7 && (report.variables[0].values[2] + 3.0).abs() <= 1e-7);
    // 0.5 (4 + 1 + 4 + 0.25) + 2 (1 + 3).
    assert!((report.objectives[0].value - 12.625).abs() <= 1e-9, "{}", report.objectives[0].value);
    assert!((report.runs[0].objective - 12.625).abs() <= 1e-9, "{}", report.runs[0].objective);
    // A nonconvex smooth part, more is better, a bound that keeps a variable from 0.
    let report = solve(
        "var x in [0.5, 4]\nvar y start 2\nmaximize -(x - 1)^4 + y^2 - y^4 - 0.1 * abs(x) - 0.25 * abs(y)\n\
         solve with proximal_gradient\n",
    );
    assert_eq!(report.status(), Some(Status::LocalOptimum));
    // Stopped early, it is no optimum.
    let text = "var x start 50\nvar y start 3\nminimize (x - y)^4 + x^2 + abs(x) + abs(y)\n";
    let report = solve(&format!("{text}solve with proximal_gradient(max_iter = 2)\n"));
    assert_eq!(report.status(), Some(Status::LimitReached));
}

#[test]
fn kinks_of_another_form_are_refused_by_name() {
    for objective in ["abs(x - 1)", "x^2 - abs(x)", "x^2 + max(x, 0)", "x^2 * abs(x)", "abs(x) + abs(x^2 - 1)"] {
        let text = format!("var x start 3\nminimize {objective}\nsolve with proximal_gradient\n");
        let said = refusal(&text);
        assert!(said.contains("its kinks are not of the form"), "{objective}: {said}");
    }
    let said = refusal("var x start 3\nminimize x^2 + abs(x)\nsolve with proximal_gradient then lbfgs\n");
    assert!(said.contains("absolute values of 1 variable beside"), "{said}");
    // Asked for a smooth problem it is a projected gradient method.
    let report = solve("var x >= 2\nminimize x^2\nsolve with proximal_gradient\n");
    assert_eq!(report.status(), Some(Status::GlobalOptimum));
}

#[test]
fn a_lagrangian_may_be_convex_when_its_parts_are_not() {
    // A trust region: the multiplier of the ball lifts the negative eigenvalue. The least value on the circle of radius 1
    // is found on a fine grid.
    let text = "param a = -1\nvar x start 0.3\nvar y start -0.9\nminimize f: a * x^2 + y^2 + x + y\n\
                subject to x^2 + y^2 <= 1\n";
    let report = solve(text);
    let at = |side: f64, t: f64| {
        let (x, y) = (side * (1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t));
        y * y - x * x + x + y
    };
    let half = |side: f64| (-500_000..=500_000).map(move |k| at(side, f64::from(k) / 5e5));
    let least = half(1.0).chain(half(-1.0)).fold(f64::INFINITY, f64::min);
    let found = report.objectives[0].value;
    if report.status() == Some(Status::GlobalOptimum) {
        assert!((found - least).abs() <= 1e-6, "{found} is not {least}");
    }
    assert_eq!(report.status(), Some(Status::GlobalOptimum));
    // Between two ends of a concave function nothing is proved.
    assert_eq!(status("param a = -1\nvar x in [-1, 1] start -0.5\nminimize a * x^2 + x / 10\n"), Status::LocalOptimum);
}

fn solve_with(setup: Setup, text: &str) -> Report {
    let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), setup);
    let checked = session.check_text("model.opt", text);
    session.solve_checked("model.opt", checked, None).unwrap_or_else(|e| panic!("{text}\n{:?}", e.messages())).report
}

fn methods(report: &Report) -> Vec<&str> {
    report.runs.iter().map(|run| run.method.as_str()).collect()
}

#[test]
fn what_one_method_leaves_unproved_another_may_prove() {
    // A bound so far off that interior methods lose the digits of the rest.
    let far = "var x in [0, 1e11]\nvar y in [0, 1]\nmaximize f: x + y\nsubject to\n  c: x + y <= 1e12\n";
    let report = solve(far);
    assert_eq!((methods(&report), report.status()), (vec!["clarabel", "microlp"], Some(Status::GlobalOptimum)));
    assert_eq!(report.objectives[0].value, 1e11 + 1.0);
    // From equal powers the way leads to a saddle: residuals know no way down from there, second derivatives do.
    let powers = std::fs::read_to_string("suites/cutest/powersumb.opt").unwrap();
    let report = solve(&powers);
    assert_eq!(methods(&report), ["levenberg_marquardt", "newton_trust_region"]);
    assert!(report.runs[0].is_saddle() && report.status() == Some(Status::LocalOptimum), "{:?}", report.status());
    assert!(report.objectives[0].value < 1e-6);
    // The default method ends at the limit of its own.
    let cosines = std::fs::read_to_string("suites/cutest/sscosine.opt").unwrap();
    let report = solve(&cosines);
    assert_eq!(methods(&report), ["interior_point", "bfgs"]);
    assert_eq!(report.runs[0].stop, StopReason::IterationLimit);
    assert_eq!(report.status(), Some(Status::LocalOptimum));
}

#[test]
fn a_limit_that_was_asked_for_is_no_reason_for_another_method() {
    let text = "var x start -1.2\nvar y start 1\nminimize f: (1 - x)^2 + 100 * (y - x^2)^2\n";
    let limits = optc::problem::Limits { iterations: Some(3), ..Default::default() };
    let report = solve_with(Setup { limits, ..Setup::default() }, text);
    assert_eq!((report.runs.len(), report.status()), (1, Some(Status::LimitReached)));
    let option = MethodOption::read("levenberg_marquardt.max_iter", "3").unwrap().unwrap();
    let report = solve_with(Setup { options: vec![option], ..Setup::default() }, text);
    assert_eq!((report.runs.len(), report.status()), (1, Some(Status::LimitReached)));
    assert_eq!(report.runs[0].iterations, 3);
}

#[test]
fn options_from_outside_stand_in_place_of_the_models() {
    let text = "var x start -1.2\nvar y start 1\nminimize f: (1 - x)^2 + 100 * (y - x^2)^2\n";
    let asked = format!("{text}solve with lbfgs(max_iter = 7)\n");
    let option = |name, value| MethodOption::read(name, value).unwrap().unwrap();
    let with = |options: Vec<MethodOption>| solve_with(Setup { options, ..Setup::default() }, &asked);
    assert_eq!(with(vec![]).runs[0].iterations, 7);
    assert_eq!(with(vec![option("lbfgs.max_iter", "4")]).runs[0].iterations, 4);
    // The later one counts, and what belongs to a method that does not run is said to be idle.
    let options = vec![option("lbfgs.max_iter", "4"), option("lbfgs.max_iter", "5"), option("bfgs.max_iter", "2")];
    let report = with(options);
    assert_eq!(report.runs[0].iterations, 5);
    assert_eq!(report.runs[0].notes, ["`bfgs.max_iter` changed nothing: its method did not run"]);
}

#[test]
fn a_tangent_is_smooth_where_it_is_defined() {
    // Poles are inside the bounds, as that of 1 / x would be.
    let report = solve("var x in [-1, 4] start 0.2\nminimize f: tan(x)^2 - x\n");
    assert_eq!(report.status(), Some(Status::LocalOptimum));
    // 2 tan(x) (1 + tan(x)^2) = 1.
    let t = optc::num::vmath::tan(report.variables[0].values[0]);
    assert!((2.0 * t * (1.0 + t * t) - 1.0).abs() < 1e-6);
}

#[test]
fn valleys_of_penalties_are_followed_by_variables_of_very_different_size() {
    // Alkylation of Hock and Schittkowski (1981), problem 114: variables from 1e-2 to 2e3, optimum -1768.80696.
    let text = std::fs::read_to_string("suites/hs/hs114.opt").unwrap();
    let options = vec![MethodOption::read("augmented_lagrangian.inner", "newton").unwrap().unwrap()];
    let report = solve_with(Setup { method: Some("augmented_lagrangian".into()), options, ..Setup::default() }, &text);
    assert_eq!(report.status(), Some(Status::LocalOptimum));
    assert!((report.objectives[0].value + 1_768.806_96).abs() < 1e-4, "{}", report.objectives[0].value);
    assert!(report.runs[0].iterations < 300, "{} iterations", report.runs[0].iterations);
}

/// At a kink derivatives are those of one of its sides.
#[test]
fn a_kink_is_no_local_optimum_where_one_side_leads_on() {
    for text in [
        "var y in [-2, 2] start 1\nminimize f: y\nsubject to\n  c: max(y, -0.5 * y) >= 0\n",
        "var y in [-2, 2] start -0.4\nminimize f: y\nsubject to\n  c: abs(y + 1) >= 0\n",
        "var x in [-2, 2]\nminimize f: -abs(x)\n",
        "var x in [-2, 2]\nmaximize f: abs(x)\n",
        "var x in [-2, 2]\nminimize f: x^2 - abs(x)\n",
        "var x in [-2, 2] start 1\nminimize f: -abs(x - 1)\n",
        "var x in [-2, 2]\nvar y in [-2, 2]\nminimize f: abs(x) - 2 * abs(y)\n",
        "var x in [-2, 2]\nvar y in [-2, 2]\nminimize f: -hypot(x, y) + y^2\n",
    ] {
        let report = solve(text);
        let found = (report.status().expect("it was solved"), report.objectives[0].value);
        let optimal = matches!(found.0, Status::LocalOptimum | Status::GlobalOptimum);
        assert!(!optimal || found.1.abs() > 0.2, "{found:?}: {text}");
    }
    // What is an optimum stays one.
    for text in [
        "var x in [-2, 2] start 1.5\nminimize f: (x^2 - 1)^2 + abs(x - 1)\n",
        "var x in [-9, 9] start 3\nvar y in [-9, 9] start 2\nminimize f: sin(x) * 0.1 + abs(x * y - 1) + (x - y)^2\n",
    ] {
        assert!(matches!(status(text), Status::LocalOptimum | Status::GlobalOptimum), "{text}");
    }
}

#[test]
fn a_point_that_any_step_mends_is_no_least_violation() {
    for text in [
        "var x\nminimize f: x^2\nsubject to\n  c: abs(x) >= 1\n",
        "var x\nvar y\nminimize f: x\nsubject to\n  c: abs(x) + abs(y) == 1\n",
    ] {
        let status = status(text);
        assert!(!matches!(status, Status::LocallyInfeasible | Status::Infeasible), "{status:?}: {text}");
    }
    let whole = "var a: int in 0..5\nvar b: int in 0..5\nminimize f: a\nsubject to\n  c: 2 * a + 4 * b == 7\n";
    assert!(matches!(status(whole), Status::ClaimedInfeasible | Status::Infeasible), "{:?}", status(whole));
}

/// From a saddle itself no slope leads on: the second method begins beside it.
#[test]
fn a_saddle_is_left() {
    for (text, least) in [
        ("var x\nminimize f: -x^2 + x^4\n", -0.25),
        ("var x\nvar y\nminimize f: (x^2 - 1)^2 + y^2\n", 0.0),
        ("var x in [-1, 1]\nvar y in [-1, 1]\nminimize f: x^2 - y^2\n", -1.0),
        ("var x in [-1, 1]\nvar y in [-1, 1]\nminimize f: x * y\n", -1.0),
    ] {
        let report = solve(text);
        assert_eq!(report.status(), Some(Status::LocalOptimum), "{text}");
        assert!((report.objectives[0].value - least).abs() < 1e-7, "{}: {text}", report.objectives[0].value);
    }
}
