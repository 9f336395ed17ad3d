//! No false certificates: unbounded problems have no optimum, feasible ones are not infeasible, bounded ones not unbounded,
//! and what is flat is not taken for a minimum.

use optc::data::FolderLoader;
use optc::driver::report::Report;
use optc::driver::{Session, Setup};
use optc::problem::{Candidate, Limits, Proof, Status, StopReason, verify};
use std::sync::Arc;

fn solve_in(setup: Setup, text: &str) -> Report {
    let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), setup);
    let checked = session.check_text("model.opt", text);
    match session.solve_checked("model.opt", checked, None) {
        Ok(solved) => solved.report,
        Err(reports) => panic!("{text}\n{:?}", reports.messages()),
    }
}

fn solve_with(text: &str, method: Option<&str>) -> Report {
    solve_in(Setup { method: method.map(String::from), ..Setup::default() }, text)
}

fn status(text: &str, method: Option<&str>) -> Status {
    solve_with(text, method).status().expect("something was solved")
}

#[test]
fn what_falls_for_ever_has_no_optimum_however_large_the_point() {
    // Far out, rounding of the point changes these gradients by more than they are; the slope along the way down stays.
    let texts = [
        "var x start 10\nvar y start 10\nminimize f: x + (x + y)^2\n",
        "var x start 10\nvar y start 10\nminimize f: x + (x + y)^4\n",
        "var x[1..4] start 10\nminimize f: 2 * x[1] + x[2] + (x[1] + x[2] + x[3])^4 + (x[1] + x[2] + x[3] + x[4])^10\n",
        "var x[i in 1..5] start i / 6\nminimize f: sum(i in 1..5: x[i]) + 0.5 * sum(i in 2..4: cos(2 * x[i] - x[5] - x[1]))\n",
    ];
    for text in texts {
        for method in [None, Some("newton_trust_region"), Some("interior_point"), Some("lbfgs"), Some("sqp")] {
            let found = status(text, method);
            assert!(!found.is_optimal(), "{text} by {method:?}: {found:?}");
        }
    }
}

#[test]
fn a_quadratic_problem_without_rows_that_falls_for_ever_is_unbounded() {
    for text in [
        "var x start 10\nvar y start 10\nminimize f: x + (x + y)^2\n",
        "var x\nvar y\nvar z\nminimize f: (x - y)^2 + 3 * z\nsubject to x + y + z == 1\n",
    ] {
        assert_eq!(status(text, None), Status::Unbounded, "{text}");
    }
    assert_eq!(status("var x\nvar y\nminimize f: x + y + (x + y)^2\n", None), Status::GlobalOptimum);
}

#[test]
fn large_units_are_still_no_reason_for_doubt() {
    // Rounding of x changes the gradient by about 1.
    assert_eq!(status("var x start 1\nminimize f: 1e8 * (x / 3 - 1e7)^2 + x\n", None), Status::GlobalOptimum);
    let text = "var x start 1\nvar y start 1\nminimize f: 1e10 * (x - 12345678.9)^4 + 1e9 * (x * y / 3 - 1e9)^2\n";
    let found = status(text, Some("newton_trust_region"));
    assert!(found != Status::NumericalFailure, "{found:?}");
}

#[test]
fn weights_with_a_small_slope_prove_nothing_where_there_is_room() {
    let texts = [
        "var x >= 0\nvar y >= 0\nminimize f: x + 2 * y\nsubject to a: 1e-9 * x + 1e-9 * y >= 10\n",
        "var x\nvar y\nminimize f: x^4 + y^4\nsubject to\n  a: 1e-8 * x + 1e-8 * y >= 1\n  b: x - y <= 3\n",
        "var x\nvar y\nminimize f: (x - 1)^2 + y^2\nsubject to a: x + y >= 1e9\n",
    ];
    for text in texts {
        for method in [None, Some("interior_point"), Some("augmented_lagrangian"), Some("sqp")] {
            let found = status(text, method);
            assert!(!matches!(found, Status::Infeasible), "{text} by {method:?}");
        }
    }
    // Where rows are curved, the slope that is left at the end of a run is no way out either.
    for text in [
        "var x\nvar y\nminimize f: x\nsubject to\n  a: exp(x) + exp(y) + exp(x - y) <= 1\n  b: x + y >= 1\n",
        "var x\nvar y\nminimize f: x\nsubject to\n  a: x^2 + 3 * y^2 <= 1\n  b: x + y >= 1.5\n",
    ] {
        assert_eq!(status(text, Some("interior_point")), Status::Infeasible, "{text}");
    }
    // With an end to the room the same weights are a proof.
    let text = "var x in [0, 4e9]\nvar y in [0, 4e9]\nminimize f: x\nsubject to a: 1e-9 * x + 1e-9 * y >= 10\n";
    for method in [None, Some("interior_point"), Some("augmented_lagrangian")] {
        assert_eq!(status(text, method), Status::Infeasible, "{method:?}");
    }
}

#[test]
fn nothing_in_a_closed_box_is_unbounded() {
    let texts = [
        "var x in [-1e6, 1e6] start 1\nminimize f: (x^2 - 1e11)^2 - 1e22\n",
        "var x in [0, 1e21]\nvar y in [0, 1]\nmaximize f: x + y\n",
        "var x in [0, 1e12]\nminimize f: -x\n",
        "var x in [0, 1e11]\nvar y in [0, 1]\nmaximize f: x + y\nsubject to c: x + y <= 1e12\n",
        // Rows close what bounds leave open.
        "var x\nvar y\nmaximize f: x + y\nsubject to\n  x + y <= 1e12\n  x - y <= 1\n  y - x <= 1\n",
    ];
    for text in texts {
        for method in [None, Some("interior_point"), Some("sqp"), Some("lbfgs"), Some("augmented_lagrangian")] {
            if method == Some("lbfgs") && text.contains("subject to") {
                continue;
            }
            let found = status(text, method);
            assert!(found != Status::Unbounded, "{text} by {method:?}");
        }
    }
    let report = solve_with("var x in [0, 1e12]\nminimize f: -x\n", Some("sqp"));
    assert_eq!((report.status(), report.objectives[0].value), (Some(Status::GlobalOptimum), -1e12));
}

#[test]
fn a_fall_without_end_comes_with_its_ray_from_every_method() {
    let texts = [
        "var x start 1\nvar y in [0, 7] start 3\nminimize f: -x^2 + y\n",
        "var x >= 1 start 2\nvar y start 1\nminimize f: -x^1.5 + (y - 5)^2\n",
        "var x start 1\nminimize f: -exp(x)\n",
    ];
    for text in texts {
        for method in ["lbfgs", "newton_trust_region", "interior_point", "nelder_mead", "augmented_lagrangian", "sqp"] {
            let report = solve_with(text, Some(method));
            let found = report.status().expect("something was solved");
            assert!(!found.is_optimal(), "{text} by {method}");
            if found == Status::Unbounded {
                let proof = report.proof.as_ref().expect("a proof");
                assert_eq!((proof.kind, proof.entries[0].name.as_str()), ("unbounded", "x"), "{text} by {method}");
                assert!((proof.entries[0].value - 1.0).abs() < 1e-6);
                let rate = report.runs[0].evidence.iter().find(|e| e.what == "rate of fall").expect("numbers");
                assert!(rate.value > 0.0);
            }
        }
    }
    assert_eq!(status(texts[0], Some("interior_point")), Status::Unbounded);
    assert_eq!(status(texts[0], Some("lbfgs")), Status::Unbounded);
}

#[test]
fn a_ray_is_believed_only_where_it_leads_down_for_ever() {
    // x may go down as far as -1e15, which no walk along the ray would notice by the objective.
    let verdict_of = |text: &str, x: &[f64], ray: &[f64]| {
        let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), Setup::default());
        let checked = session.check_text("model.opt", text);
        let bound = session.bind(checked).unwrap_or_else(|reports| panic!("{:?}", reports.messages()));
        let claim =
            Candidate { ray: Some(ray.to_vec()), ..Candidate::at("a method", x.to_vec(), StopReason::Unbounded) };
        verify(&bound.judge(), &bound.facts, &claim)
    };
    let open = "var x\nvar y\nminimize f: x\nsubject to c: x - y <= 5\n";
    // The row is left at a rate of 1e-9 until the ray is made exact.
    let found = verdict_of(open, &[0.0, 0.0], &[-2.0, -2.0 - 1e-9]);
    assert_eq!(found.status, Status::Unbounded);
    let Some(Proof::Unbounded(ray)) = found.proof else { panic!("no ray") };
    assert!((ray[0] - ray[1]).abs() <= 1e-15, "{ray:?}");
    for (text, ray) in [
        ("var x >= -1e15\nvar y\nminimize f: x\nsubject to c: x - y <= 5\n", [-1.0, -1.0]),
        ("var x\nvar y\nminimize f: x\nsubject to c: -1e15 <= x - 2 * y\n", [-1.0, 0.0]),
        (open, [0.0, -1.0]),
        (open, [1.0, 1.0]),
        ("var x\nvar y\nminimize f: -log(1 + x^2) + y^2\n", [1.0, 0.0]),
        ("var x\nvar y\nminimize f: x + 1e-3 * y^2\n", [-1.0, 1e-2]),
    ] {
        assert_ne!(verdict_of(text, &[0.0, 0.0], &ray).status, Status::Unbounded, "{text}");
    }
}

#[test]
fn a_convex_function_that_is_only_flat_is_not_at_its_minimum() {
    for text in [
        "var x >= 0 start 1\nminimize f: -log(x + 1)\n",
        "var x start 1\nvar y start 1\nminimize f: (x - 1e8)^2 * 1e-20\n",
        "var x start 1\nvar y start 1\nminimize f: exp(-(x + y) * 1e-3) + (x - y)^2\n",
    ] {
        let report = solve_with(text, Some("interior_point"));
        assert_eq!(report.status(), Some(Status::Stationary), "{text}");
        assert!(report.runs[0].evidence.iter().any(|e| e.what == "possible gain" && !e.holds), "{text}");
    }
    // Flat valleys whose floor is reached, redundant parameters, variables that nothing depends on.
    for text in [
        "var x start 1\nminimize f: 1e-8 * (x - 5)^2\n",
        "var x[1..6] start 2\nminimize f: (sum(i in 1..6: x[i]) - 3)^2 + (x[1] - x[2])^4\n",
        "var x[1..6] start 2\nvar y in [0, 1e6]\nminimize f: sum(i in 1..6: exp(x[i] - i)) + sum(i in 1..6: x[i]^2)\n",
        "var x >= 0\nvar y\nminimize f: x^2 + exp(y) - y\nsubject to c: x + y >= 3\n",
        "var x\nvar y\nminimize f: x^2\nsubject to c: x + y == 3\n",
    ] {
        assert_eq!(status(text, Some("interior_point")), Status::GlobalOptimum, "{text}");
    }
}

#[test]
fn a_search_that_a_limit_ended_says_so_and_keeps_what_it_found() {
    let text = "var x[1..6] start 1\nminimize f: sum(i in 1..6: (x[i] - i)^2)\n";
    for method in ["nelder_mead", "pattern_search"] {
        let limited = |iterations, evaluations| {
            let limits = Limits { iterations, evaluations, ..Limits::default() };
            solve_in(Setup { method: Some(method.into()), limits, ..Setup::default() }, text)
        };
        let report = limited(Some(1), None);
        assert_eq!(report.status(), Some(Status::LimitReached), "{method}");
        // In the middle of the first simplex or of the first round: some of the points before are better than the start.
        for evaluations in 4..8 {
            let report = limited(None, Some(evaluations));
            assert_eq!(report.status(), Some(Status::LimitReached), "{method}");
            assert!(report.objectives[0].value < 55.0, "{method} after {evaluations}: {}", report.objectives[0].value);
        }
        assert_eq!(solve_with(text, Some(method)).status(), Some(Status::BestFound), "{method}");
    }
}

#[test]
fn a_bound_above_the_objective_is_no_proof_of_anything() {
    let text = "var x: int in [0, 9]\nminimize f: 2 * x\nsubject to c: 3 * x >= 7\n";
    let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), Setup::default());
    let checked = session.check_text("model.opt", text);
    let bound = session.bind(checked).unwrap_or_else(|reports| panic!("{:?}", reports.messages()));
    let claimed = |x: f64, limit: f64| {
        let claim = Candidate { bound: Some(limit), ..Candidate::at("a method", vec![x], StopReason::Converged) };
        verify(&bound.judge(), &bound.facts, &claim).status
    };
    assert_eq!(claimed(3.0, 6.0), Status::ClaimedOptimum);
    assert_eq!(claimed(3.0, 6.0 + 1e-7), Status::ClaimedOptimum);
    for (x, limit) in [(4.0, 6.0), (3.0, 8.0), (4.0, 1e9)] {
        assert_eq!(claimed(x, limit), Status::BestFound, "{x} with {limit}");
    }
}

#[test]
fn a_worse_optimum_does_not_take_the_place_of_a_better_one() {
    // The first method stays in the ditch at the bound, the second is pushed out of it into the wide valley.
    let text =
        "var x in [0, 10] start 0\nminimize f: -3 * exp(-50 * x) + (x - 1)^2\nsolve with lbfgs then interior_point\n";
    let report = solve_with(text, None);
    assert_eq!(report.status(), Some(Status::LocalOptimum));
    assert!(report.objectives[0].value < -1.9, "{}", report.objectives[0].value);
}

#[test]
fn what_could_be_gained_ends_at_bounds_and_rows() {
    // A slope below the tolerance, along which nothing is curved: the gain is the slope times the way to the end.
    for (end, row) in [("x >= 0", "x + z >= -9"), ("x", "x + 0.25 * y >= 0"), ("x", "0 <= 3 * x + 3 * z <= 1e9")] {
        let text = format!(
            "var {end}\nvar y in [0, 0]\nvar z\nminimize f: (z - 1)^4 + 5e-7 * x + (z - 1)^2\nsubject to c: {row}\n"
        );
        let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), Setup::default());
        let checked = session.check_text("model.opt", &text);
        let bound = session.bind(checked).unwrap_or_else(|reports| panic!("{:?}", reports.messages()));
        let status = |x: f64| {
            let zero = vec![0.0; 3];
            let point = Candidate::at("a method", vec![x, 0.0, 1.0], StopReason::Converged);
            let claim = Candidate { y: vec![0.0], z_lower: zero.clone(), z_upper: zero, ..point };
            verify(&bound.judge(), &bound.facts, &claim).status
        };
        assert_eq!(status(0.5), Status::GlobalOptimum, "{text}");
        assert_eq!(status(20.0), Status::Stationary, "{text}");
    }
}

#[test]
fn a_small_cost_with_much_room_is_no_optimum() {
    // The cost is far below what a gradient may be, and still worth a thousand.
    for method in ["lbfgs", "interior_point", "gradient_descent"] {
        let report = solve_with("var x in [0, 1e12]\nminimize f: -1e-9 * x\n", Some(method));
        let wrong = report.objectives[0].value > -999.0 && report.status() == Some(Status::GlobalOptimum);
        assert!(!wrong, "{method}: {:?}", report.runs);
    }
}
