//! optc inside a program: what is promised to those who embed it.

use optc::embed::{ClosureOracle, Errors, Evaluator, Problem, Solution, Solve, Source, Status, StopFlag, StopReason};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

const VALLEY: &str = "param a = 1
var x[1..2] start -1
minimize (a - x[1])^2 + 100 * (x[2] - x[1]^2)^2
subject to disk: x[1]^2 + x[2]^2 <= 1.5";

fn valley() -> Problem {
    Source::new(VALLEY).compile().expect("it is a model")
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{a} is not {b}");
}

#[test]
fn what_is_shared_between_threads_may_be() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<Problem>();
    shared::<Solution>();
    shared::<Errors>();
    sent::<Evaluator>();
    sent::<Solve<'static>>();
}

#[test]
fn derivatives_on_slices_are_those_of_the_formula() {
    let problem = valley();
    let mut at = problem.evaluator().unwrap();
    let x = [0.3, -0.7];
    let r = x[1] - x[0] * x[0];
    near(at.at(&x).value().unwrap(), (1.0 - x[0]) * (1.0 - x[0]) + 100.0 * r * r);
    let mut g = [0.0; 2];
    at.gradient(&mut g).unwrap();
    near(g[0], -2.0 * (1.0 - x[0]) - 400.0 * x[0] * r);
    near(g[1], 200.0 * r);
    let mut c = [0.0];
    at.constraints(&mut c).unwrap();
    near(c[0], 0.58);
    let mut j = vec![0.0; at.jacobian_pattern().nnz()];
    at.jacobian(&mut j).unwrap();
    assert_eq!(j, [0.6, -1.4]);
    let mut h = vec![0.0; at.hessian_pattern().nnz()];
    at.hessian(&mut h).unwrap();
    let (h11, h21, h22) = (2.0 - 400.0 * r + 800.0 * x[0] * x[0], -400.0 * x[0], 200.0);
    near(h[0], h11);
    near(h[1], h21);
    near(h[2], h22);
    at.lagrangian_hessian(2.0, &[3.0], &mut h).unwrap();
    near(h[0], 2.0 * h11 + 6.0);
    let (v, mut hv) = ([1.0, -2.0], [0.0; 2]);
    at.hessian_times(&v, &mut hv).unwrap();
    near(hv[0], h11 - 2.0 * h21);
    near(hv[1], h21 - 2.0 * h22);
    let mut jv = [0.0];
    at.jacobian_times(&v, &mut jv).unwrap();
    near(jv[0], 0.6 + 2.8);
    let mut jty = [0.0; 2];
    at.jacobian_transposed_times(&[2.0], &mut jty).unwrap();
    near(jty[1], -2.8);
}

#[test]
fn a_function_without_a_value_is_an_error_and_no_panic() {
    let problem = Source::new("var x start 1\nminimize log(x)").compile().unwrap();
    let mut at = problem.evaluator().unwrap();
    let error = at.at(&[-1.0]).value().unwrap_err();
    assert!(error.to_string().contains("NaN"), "{error}");
    assert!(at.at(&[1.0]).value().is_ok());
}

#[test]
fn answers_have_names_duals_and_a_status_by_the_judge() {
    let problem = Source::new(
        "var x >= 0\nvar y >= 0\nmaximize 3 * x + 2 * y\nsubject to\n  room: x + y <= 4\n  work: x + 3 * y <= 6",
    )
    .compile()
    .unwrap();
    let solution = problem.solve().unwrap();
    assert_eq!(solution.status(), Status::GlobalOptimum);
    near(solution.objective(), 12.0);
    near(solution.value("x").unwrap(), 4.0);
    // One more unit of room is worth 3.
    near(solution.duals("room").unwrap()[0], 3.0);
    near(solution.duals("work").unwrap()[0], 0.0);
    assert_eq!(solution.value("z"), None);
    assert!(solution.duals("rooms").is_none());
    assert_eq!(problem.variable("y"), Some(1..2));
    assert_eq!(problem.constraint("work"), Some(1..2));
    assert_eq!(problem.report().unwrap().status(), Some(Status::GlobalOptimum));
}

#[test]
fn other_numbers_need_no_compiling_and_leave_clones_alone() {
    let mut problem = valley();
    let before = problem.clone();
    let first = problem.solve().unwrap();
    problem.set("a", &[0.5]).unwrap();
    let second = problem.solver().warm(&first).run().unwrap();
    near(second.value("x").unwrap_or(second.x()[0]), 0.5);
    let again = before.solve().unwrap();
    assert_eq!(again.x(), first.x());
    assert!(second.iterations() <= first.iterations(), "{} {}", second.iterations(), first.iterations());
}

#[test]
fn arrays_change_and_what_is_computed_from_them_follows() {
    let mut problem = Source::new(
        "set I = 1..3
         param a[I] = [1, 2, 3]
         param b[i in I] = 10 * a[i]
         param total = sum(i in I: a[i])
         var x[i in I] in [0, total]
         minimize sum(i in I: (x[i] - b[i])^2)",
    )
    .compile()
    .unwrap();
    assert_eq!(problem.solve().unwrap().values("x").unwrap().iter().map(|v| v.round()).collect::<Vec<_>>(), [6.0; 3]);
    problem.set("a", &[0.1, 0.2, 70.0]).unwrap();
    let solution = problem.solve().unwrap();
    let x = solution.values("x").unwrap();
    near(x[0], 1.0);
    near(x[1], 2.0);
    near(x[2], 70.3);
    problem.set_all(&[("a", &[1.0, 1.0, 1.0]), ("b", &[0.5, 0.25, 2.0])]).unwrap();
    let solution = problem.solve().unwrap();
    near(solution.values("x").unwrap()[1], 0.25);
}

#[test]
fn a_convex_problem_that_is_given_other_numbers_is_looked_at_again() {
    let mut problem = Source::new("param q = 1\nvar x in [-1, 2]\nminimize q * x^2").compile().unwrap();
    assert_eq!(problem.solve().unwrap().status(), Status::GlobalOptimum);
    problem.set("q", &[-1.0]).unwrap();
    let solution = problem.solver().start(&[0.5]).run().unwrap();
    assert_ne!(solution.status(), Status::GlobalOptimum, "{solution:?}");
    near(solution.objective(), -4.0);
}

#[test]
fn numbers_that_cannot_be_set_leave_everything_as_it_was() {
    let mut problem = Source::new(
        "param n = 3\nparam p[1..2] = [1, 2]\nset I = 1..n\nvar x[I] >= 1\nminimize p[1] * sum(i in I: x[i]^2)",
    )
    .compile()
    .unwrap();
    for (name, values, code) in [
        ("n", &[4.0][..], "E0532"),
        ("p", &[1.0, 2.0, 3.0], "E0530"),
        ("p", &[1.0, f64::NAN], "E0532"),
        ("q", &[1.0], "E0532"),
        ("q", &[1.0, 2.0], "E0532"),
    ] {
        let errors = problem.set(name, values).unwrap_err();
        assert!(errors.has(code), "{name}: {errors}");
    }
    near(problem.solve().unwrap().objective(), 3.0);
}

#[test]
fn data_come_from_slices_views_closures_and_files_in_memory() {
    let wide = ndarray::array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let problem = Source::new(
        "set I = 1..3
         set J = 1..2
         param a[I]
         param b[I, J]
         param c[I]
         param d[I] from \"d.csv\"
         table t from \"t.csv\"
         var x[I]
         minimize sum(i in I: (x[i] - a[i] - b[i, 2] - c[i] - d[i])^2) + sum(r in t: r.w * (x[r.at] - x[r.at])^2)",
    )
    .array("a", &[3], &[100.0, 200.0, 300.0])
    // A transposed view is read in its own order.
    .ndarray("b", wide.t())
    .array_from("c", &[3], |at| 0.5 * at[0] as f64)
    .file("d.csv", "I,d\n3,0.03\n1,0.01\n2,0.02\n")
    .table("t.csv", &[("at", &[1.0, 2.0]), ("w", &[1.0, 0.5])])
    .compile()
    .unwrap();
    let solution = problem.solve().unwrap();
    for (x, wanted) in solution.values("x").unwrap().iter().zip([104.01, 205.52, 307.03]) {
        near(*x, wanted);
    }
}

#[test]
fn data_of_the_wrong_shape_are_told_with_their_place() {
    let model = "set I = 1..3\nparam a[I]\nvar x\nminimize (x - a[1])^2";
    let errors = Source::new(model).array("a", &[2], &[1.0, 2.0]).compile().err().expect("two are not three");
    let first = errors.iter().next().unwrap();
    assert_eq!(first.place.as_ref().map(|p| p.1), Some(2), "{errors}");
    assert!(Source::new(model).array("a", &[4, 2], &[1.0]).compile().is_err());
    assert!(
        Source::new(model).compile().err().expect("no data").has("E0531"),
        "{}",
        Source::new(model).compile().err().unwrap()
    );
    // No file is read that was not given.
    let outside = Source::new("param a from \"/etc/hostname\"\nvar x\nminimize a * x^2").compile().err().unwrap();
    assert!(outside.iter().all(|e| e.code.starts_with("E05")), "{outside}");
}

#[test]
fn errors_are_data_with_code_place_and_help() {
    let errors = Source::new("var x\nminimize (x - 1)^2 + cso(x)\nminimise x").name("bad.opt").compile().err().unwrap();
    let all: Vec<_> = errors.iter().collect();
    assert!(all.len() >= 2, "{errors}");
    let unknown = all.iter().find(|e| e.place.as_ref().is_some_and(|p| p.1 == 2)).expect("line 2 is wrong");
    let (file, line, column, bytes) = unknown.place.clone().unwrap();
    assert_eq!((file.as_str(), line, column), ("bad.opt", 2, 22));
    assert_eq!(bytes, 27..30);
    assert!(unknown.help.as_deref().is_some_and(|help| help.contains("cos")), "{unknown:?}");
    assert!(!unknown.is_warning && unknown.code.starts_with('E'));
    assert!(errors.to_string().contains("bad.opt:2:22"), "{errors}");
}

#[test]
fn wishes_that_cannot_be_met_are_errors() {
    let problem = valley();
    let words = |solve: Solve<'_>| solve.run().unwrap_err().to_string();
    assert!(words(problem.solver().method("simplex")).contains("interior_point"));
    assert!(words(problem.solver().method("lbfgs")).contains("1 constraint"));
    assert!(words(problem.solver().method("sqp").option("tolerance", 1e-9)).contains("tol, max_iter"));
    assert!(words(problem.solver().method("sqp").option("tol", "small")).contains("a number"));
    assert!(words(problem.solver().method("sqp").option("tol", -1.0)).contains("from 0"));
    let bare = ClosureOracle::new(2, |x| x[0] * x[0] + x[1] * x[1]);
    assert!(optc::embed::solver(bare).method("bfgs").run().unwrap_err().to_string().contains("gradients"));
}

#[test]
fn a_watcher_sees_every_iteration_and_ends_the_run_with_its_best_point() {
    let problem = valley();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let solution = problem
        .solver()
        .each_iteration(move |row| {
            kept.lock().unwrap().push(row.iteration);
            if row.iteration == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .run()
        .unwrap();
    assert_eq!(*seen.lock().unwrap(), [0, 1, 2, 3]);
    assert_eq!((solution.stop(), solution.status()), (StopReason::Interrupted, Status::LimitReached));
    assert_eq!(solution.x().len(), 2);
    let flag = StopFlag::default();
    flag.raise();
    assert_eq!(problem.solver().stop_flag(flag).run().unwrap().iterations(), 0);
    assert_eq!(problem.solver().max_iterations(2).run().unwrap().stop(), StopReason::IterationLimit);
}

#[test]
fn quick_judgement_says_what_the_interpreter_says() {
    let problem = valley();
    let (slow, quick) = (problem.solver().run().unwrap(), problem.solver().judged_quickly().run().unwrap());
    assert_eq!(slow.status(), quick.status());
    assert_eq!(slow.x(), quick.x());
}

/// Words of the errors of a solve.
fn refused(solve: Solve<'_>) -> String {
    solve.run().unwrap_err().to_string()
}

#[test]
fn a_thousand_changes_of_numbers_compile_nothing() {
    let mut problem = valley();
    let count = || optc::kernel::compilations() + optc::jit::attachments();
    let before = count();
    let mut last = problem.solve().unwrap();
    for k in 0..1000 {
        problem.set("a", &[1.0 + 1e-4 * f64::from(k)]).unwrap();
        last = problem.solver().warm(&last).judged_quickly().run().unwrap();
    }
    assert!(last.status().is_optimal());
    assert_eq!(count(), before);
    // The counter counts.
    valley();
    assert!(count() > before);
}

#[test]
fn a_start_of_another_problem_is_an_error() {
    let problem = valley();
    let other = Source::new("var x\nvar y\nvar z\nminimize x^2 + y^2 + (z - 1)^2").compile().unwrap().solve().unwrap();
    let error = problem.solver().start(&[1.0]).run().unwrap_err();
    assert!(error.has("E0902") && error.to_string().contains("it has 1 values, and the problem has 2"), "{error}");
    assert!(refused(problem.solver().warm(&other)).contains("it has 3 values"));
    // As many variables, but no row.
    let flat = Source::new("var x\nvar y\nminimize x^2 + (y - 1)^2").compile().unwrap();
    let with_multipliers = problem.solve().unwrap();
    assert!(refused(flat.solver().warm(&with_multipliers)).contains("1 multipliers"));
    assert!(refused(problem.solver().start(&[])).contains("it has 0 values"));
    let bowl = || ClosureOracle::new(2, |x| x[0] * x[0] + x[1] * x[1]).gradient(|x, g| g.copy_from_slice(x));
    assert!(refused(optc::embed::solver(bowl()).start(&[1.0; 3])).contains("it has 3 values"));
    assert!(optc::embed::solver(bowl()).start(&[1.0; 2]).run().unwrap().used_start());
}

const LINES: &str = "set I = 1..8
param b[I] = [1, 4, 2, 8, 5, 7, 1, 3]
var x[I] in [0, 3]
minimize sum(i in I: (x[i] - b[i])^2) + sum(i in 1..7: x[i] * x[i+1])
subject to
  room: sum(i in I: x[i]) <= 14
  pair: x[1] + x[2] == 2
  only: x[3] >= 0.5";

#[test]
fn a_quadratic_problem_goes_on_from_the_rows_that_were_active() {
    let mut problem = Source::new(LINES).compile().unwrap();
    let cold = problem.solve().unwrap();
    assert!(cold.iterations() > 0 && !cold.used_start());
    let same = problem.solver().warm(&cold).run().unwrap();
    assert_eq!((same.iterations(), same.used_start(), same.method()), (0, true, "clarabel"));
    // Other numbers, other active rows: the answer is that of a run from nothing.
    let mut last = same;
    for k in 1..40 {
        let t = 0.2 * f64::from(k);
        let b: Vec<f64> = (0..8).map(|i| 4.0 + 3.0 * optc::num::vmath::sin(t + f64::from(i))).collect();
        problem.set("b", &b).unwrap();
        let (cold, warm) = (problem.solve().unwrap(), problem.solver().warm(&last).run().unwrap());
        assert_eq!(warm.status(), Status::GlobalOptimum);
        near(warm.objective(), cold.objective());
        for (a, b) in warm.x().iter().zip(cold.x()) {
            near(*a, *b);
        }
        near(warm.duals("room").unwrap()[0], cold.duals("room").unwrap()[0]);
        last = warm;
    }
    // From a point alone.
    assert!(problem.solver().start(last.x()).run().unwrap().used_start());
}

#[test]
fn a_start_that_leads_nowhere_does_no_harm_and_is_spoken_of() {
    let mut problem =
        Source::new("param a = 1\nvar x in [0, 4]\nmaximize x\nsubject to cap: x <= a").compile().unwrap();
    let first = problem.solve().unwrap();
    near(first.objective(), 1.0);
    problem.set("a", &[-1.0]).unwrap();
    let none = problem.solver().warm(&first).run().unwrap();
    assert_eq!((none.status(), none.used_start()), (Status::Infeasible, false));
    // Whole numbers are searched for from nothing.
    let whole = Source::new("var n: int in [0, 9]\nmaximize n\nsubject to cap: 2 * n <= 7").compile().unwrap();
    let found = whole.solver().start(&[3.0]).run().unwrap();
    assert_eq!((found.objective(), found.used_start()), (3.0, false));
}

#[test]
fn norms_that_are_cones_are_solved_as_by_the_command_line() {
    let text = "set I = 1..3\nparam c[I] = [1, 2, 2]\nvar x[I]\nmaximize sum(i in I: c[i] * x[i])\n\
                subject to ball: norm2(i in I: x[i]) <= 1";
    let problem = Source::new(text).compile().unwrap();
    let solution = problem.solve().unwrap();
    assert_eq!((solution.status(), solution.method()), (Status::GlobalOptimum, "clarabel"));
    near(solution.objective(), 3.0);
    near(solution.x()[1], 2.0 / 3.0);
    near(solution.duals("ball").unwrap()[0], 3.0);
    let again = problem.solver().warm(&solution).run().unwrap();
    assert!(!again.used_start() && again.status() == Status::GlobalOptimum);
}

#[test]
fn errors_have_all_their_places_and_notes() {
    let text = "set I = 1..3\nvar x[I]\nminimize sum(i in I: x[i, 2]^2)";
    let errors = Source::new(text).name("plant.opt").compile().err().unwrap();
    let error = errors.iter().next().unwrap();
    assert_eq!(error.code, "E0302");
    assert_eq!(error.marks.len(), 2, "{error:?}");
    let (first, second) = (&error.marks[0], &error.marks[1]);
    assert_eq!((first.line, second.line), (3, 2));
    assert_eq!(error.place, Some((first.file.clone(), first.line, first.column, first.bytes.clone())));
    assert_eq!(&text[second.bytes.clone()], "x");
    assert!(second.text.contains("declared here"), "{second:?}");
    assert!(error.notes.iter().all(|note| errors.to_string().contains(note)));
}
