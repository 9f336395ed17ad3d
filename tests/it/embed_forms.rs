//! Models that are solved in another form than they are written in: whoever embeds them sees them as written, and gets the answers
//! of the command line.

use optc::data::MemoryLoader;
use optc::driver::report::Report;
use optc::driver::{Session, Setup};
use optc::embed::{Problem, Solution, Source, Status, StopReason};
use optc::num::random::Stream;
use optc::problem::{Oracle, WarmStart};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

fn near(a: f64, b: f64, tol: f64, what: &str) {
    assert!((a - b).abs() <= tol * b.abs().max(1.0), "{what}: {a} is not {b}");
}

fn compiled(text: &str) -> Problem {
    Source::new(text).compile().unwrap_or_else(|errors| panic!("{text}\n{errors}"))
}

fn session(setup: Setup) -> Session {
    Session::new(Arc::new(MemoryLoader::new()), setup)
}

/// What the command line makes of a model.
fn by_command_line(text: &str, setup: Setup) -> Report {
    let mut session = session(setup);
    let checked = session.check_text("model", text);
    match session.solve_checked("model", checked, None) {
        Ok(solved) => solved.report,
        Err(reports) => panic!("{text}\n{:?}", reports.messages()),
    }
}

const ABS: &str = "param c = 1\nvar x start 0.3\nvar y start 2\nminimize abs(x - c) + y^2";

const NESTED: &str = "set I = 1..3
param w[I] = [1, 2, 0.5]
param b[i in I] = i - 2
var x[I] start 0.7
var s in [-4, 4]
minimize sum(i in I: w[i] * max(abs(x[i] - b[i]), 0.25 * x[i] + s, 0.1)) + 0.5 * s^2
subject to
  cap: max(i in I: x[i] + s) <= 3
  both[i in 1..2]: x[i] + x[i+1]^2 - 2 * s <= 4
  low: min(x[1], x[3] + 1) >= -2";

/// The kinks stay: an optimum pulls them away from their arguments.
const NONCONVEX: &str =
    "var x in [-3, 2] start 0.5\nvar y in [-1, 1] start 0.2\nminimize y^2 - abs(x) * 0.5 + max(x, y)";

const LASSO: &str = "set I = 1..4
param b[I] = [3, -0.5, 2, -4]
param w = 1
var x[I]
minimize 0.5 * sum(i in I: (x[i] - b[i])^2) + 0.1 * x[1] * x[3] + w * sum(i in I: abs(x[i]))
solve with proximal_gradient";

/// Functions of the problem by the interpreter, which knows no other form.
fn interpreted(text: &str) -> impl Oracle {
    let mut session = session(Setup::default());
    let checked = session.check_text("model", text);
    session.bind(checked).unwrap_or_else(|reports| panic!("{:?}", reports.messages())).judge()
}

/// Rows as dense lists, from values in the order of a pattern; both triangles of a symmetric matrix.
fn dense(pattern: &optc::embed::Pattern, values: &[f64], symmetric: bool) -> Vec<Vec<f64>> {
    let mut out = vec![vec![0.0; pattern.n_cols()]; pattern.n_rows()];
    for col in 0..pattern.n_cols() {
        for slot in pattern.col_ptr()[col] as usize..pattern.col_ptr()[col + 1] as usize {
            let row = pattern.row_idx()[slot] as usize;
            out[row][col] = values[slot];
            if symmetric {
                out[col][row] = values[slot];
            }
        }
    }
    out
}

#[test]
fn functions_of_models_with_kinks_are_those_of_the_text() {
    for text in [ABS, NESTED, NONCONVEX, LASSO] {
        let (problem, judge) = (compiled(text), interpreted(text));
        let mut at = problem.evaluator().unwrap();
        let (n, m) = (judge.shape().n_vars, judge.shape().n_cons);
        assert_eq!((problem.shape().n_vars, problem.shape().n_cons), (n, m), "{text}");
        assert_eq!((at.shape().n_vars, problem.oracle().shape().n_vars), (n, n), "{text}");
        assert_eq!(problem.shape().start, judge.shape().start);
        let mut ws = judge.workspace();
        for seed in 0..20 {
            let mut stream = Stream::new(seed, 3);
            let x: Vec<f64> = (0..n).map(|_| stream.uniform(-3.0, 3.0)).collect();
            ws.set_point(&x);
            near(at.at(&x).value().unwrap(), judge.objective(&mut ws, 0).unwrap(), 1e-13, text);
            let (mut found, mut wanted) = (vec![0.0; n], vec![0.0; n]);
            at.gradient(&mut found).unwrap();
            judge.gradient(&mut ws, &[1.0], &mut wanted).unwrap();
            found.iter().zip(&wanted).for_each(|(a, b)| near(*a, *b, 1e-12, text));
            // The interpreter shares the rules of derivatives; differences of values do not.
            for j in 0..n {
                let h = 1e-6;
                let mut value = |step: f64| {
                    let mut moved = x.clone();
                    moved[j] += step;
                    at.at(&moved).value().unwrap()
                };
                let (left, middle, right) = (value(-h), value(0.0), value(h));
                // A kink in between has two slopes.
                if ((right - middle) - (middle - left)).abs() < 1e-9 {
                    near(found[j], (right - left) / (2.0 * h), 1e-6, text);
                }
            }
            at.at(&x);
            let (mut found, mut wanted) = (vec![0.0; m], vec![0.0; m]);
            at.constraints(&mut found).unwrap();
            judge.constraints(&mut ws, &mut wanted).unwrap();
            found.iter().zip(&wanted).for_each(|(a, b)| near(*a, *b, 1e-13, text));
            let mut found = vec![0.0; at.jacobian_pattern().nnz()];
            let mut wanted = vec![0.0; judge.jacobian_pattern().nnz()];
            at.jacobian(&mut found).unwrap();
            judge.jacobian(&mut ws, &mut wanted).unwrap();
            let found = dense(at.jacobian_pattern(), &found, false).concat();
            let wanted = dense(judge.jacobian_pattern(), &wanted, false).concat();
            found.iter().zip(&wanted).for_each(|(a, b)| near(*a, *b, 1e-12, text));
            let y: Vec<f64> = (0..m).map(|_| stream.uniform(-1.0, 1.0)).collect();
            let mut found = vec![0.0; at.hessian_pattern().nnz()];
            let mut wanted = vec![0.0; judge.hessian_pattern().nnz()];
            at.lagrangian_hessian(0.5, &y, &mut found).unwrap();
            judge.hessian(&mut ws, &[0.5], &y, &mut wanted).unwrap();
            let found = dense(at.hessian_pattern(), &found, true).concat();
            let wanted = dense(judge.hessian_pattern(), &wanted, true).concat();
            found.iter().zip(&wanted).for_each(|(a, b)| near(*a, *b, 1e-12, text));
        }
    }
}

#[test]
fn at_a_kink_the_value_is_right_and_the_slope_is_that_of_a_piece() {
    let problem = compiled(ABS);
    let mut at = problem.evaluator().unwrap();
    let mut g = [9.0; 2];
    assert_eq!(at.at(&[1.0, 3.0]).value().unwrap(), 9.0);
    at.gradient(&mut g).unwrap();
    // The absolute value counts as flat at 0.
    assert_eq!(g, [0.0, 6.0]);
    for (x, value, slope) in [(1.5, 0.5, 1.0), (0.0, 1.0, -1.0)] {
        assert_eq!(at.at(&[x, 0.0]).value().unwrap(), value);
        at.gradient(&mut g).unwrap();
        assert_eq!(g, [slope, 0.0]);
    }
    // The first of the greatest.
    let problem = compiled("var x\nminimize max(2 * x, -3 * x, x)");
    let mut at = problem.evaluator().unwrap();
    let mut g = [9.0];
    assert_eq!(at.at(&[0.0]).value().unwrap(), 0.0);
    at.gradient(&mut g).unwrap();
    assert_eq!(g, [2.0]);
    // The absolute values of a lasso are part of it.
    let problem = compiled(LASSO);
    let mut at = problem.evaluator().unwrap();
    let mut g = [9.0; 4];
    near(at.at(&[0.0, 1.0, -1.0, 0.0]).value().unwrap(), 0.5 * (9.0 + 2.25 + 9.0 + 16.0) + 2.0, 1e-15, "lasso");
    at.gradient(&mut g).unwrap();
    for (found, wanted) in g.iter().zip([-3.1, 2.5, -4.0, 4.0]) {
        near(*found, wanted, 1e-15, "slope of the lasso");
    }
}

#[test]
fn an_answer_has_the_variables_and_rows_of_the_text() {
    let text = "param most = 2
        var x in [-1, 5]
        var y >= 0
        maximize 3 * y - abs(x - 2) - max(x, 2 * y, 1)
        subject to
          room: abs(x) + y <= most
          other: x - y >= -1";
    let mut problem = compiled(text);
    assert_eq!((problem.variable("y"), problem.constraint("other")), (Some(1..2), Some(1..2)));
    assert_eq!((problem.shape().n_vars, problem.facts().n_vars, problem.shape().n_cons), (2, 2, 2));
    let solution = problem.solve().unwrap();
    assert_eq!(solution.status(), Status::GlobalOptimum);
    assert_eq!((solution.x().len(), solution.multipliers().len()), (2, 2));
    let (lower, upper) = solution.bound_multipliers();
    assert_eq!((lower.len(), upper.len()), (2, 2));
    assert_eq!((solution.verdict().y.len(), solution.verdict().z_lower.len()), (2, 2));
    let mut at = problem.evaluator().unwrap();
    near(solution.objective(), -at.at(solution.x()).value().unwrap(), 1e-15, "objective");
    // The price of room is what a little more of it brings.
    let price = solution.duals("room").unwrap()[0];
    problem.set("most", &[2.0 + 1e-4]).unwrap();
    let more = problem.solve().unwrap();
    assert!(price > 0.1, "{price}");
    near((more.objective() - solution.objective()) / 1e-4, price, 1e-4, "price");
}

#[test]
fn a_run_begins_at_a_point_of_the_text() {
    let text = "set I = 1..5
        param b[I] = [1, 4, 2, 8, 5]
        var x[I]
        minimize sum(i in I: abs(x[i] - b[i])) + max(i in I: abs(x[i]))
        subject to room: sum(i in I: x[i]) <= 12";
    let mut problem = compiled(text);
    let cold = problem.solve().unwrap();
    assert!(cold.status().is_optimal() && cold.iterations() > 0);
    let warm = problem.solver().warm(&cold).run().unwrap();
    assert_eq!((warm.iterations(), warm.used_start()), (0, true));
    // From the point alone: what stands for kinks begins at their values.
    let x = cold.x().to_vec();
    let warm = problem.solver().start(&x).run().unwrap();
    assert_eq!((warm.iterations(), warm.used_start()), (0, true));
    near(warm.objective(), cold.objective(), 1e-9, "objective");
    let error = problem.solver().start(&[0.0; 6]).run().unwrap_err();
    assert!(error.to_string().contains("the problem has 5 variables and 1 rows"), "{error}");
    // An answer of a method that takes the model as it is written, to one that does not, and back.
    let as_written = problem.solver().method("augmented_lagrangian").run();
    let rough = problem.solver().method("clarabel").run().unwrap();
    near(rough.objective(), cold.objective(), 1e-7, "objective");
    if let Ok(written) = as_written {
        assert_eq!(written.x().len(), 5);
        assert!(problem.solver().warm(&written).run().unwrap().status().is_optimal());
    }
    problem.set("b", &[1.0, 4.0, 2.0, 8.0, 5.5]).unwrap();
    assert!(problem.solver().warm(&cold).judged_quickly().run().unwrap().status().is_optimal());
}

#[test]
fn what_stands_for_kinks_begins_at_their_values() {
    for text in [ABS, NESTED] {
        let mut session = session(Setup::default());
        let checked = session.check_text("model", text);
        let written = session.bind(checked).unwrap_or_else(|reports| panic!("{:?}", reports.messages()));
        let solved = session.without_kinks(&written).expect("rows stand for its kinks");
        let (n, m) = solved.written_sizes();
        assert_eq!((n, m), (written.instance.shape.n_vars, written.instance.shape.n_cons));
        let (mut ws, mut own) = (solved.oracle.workspace(), written.oracle.workspace());
        let (mut rows, mut own_rows) = (vec![0.0; solved.oracle.shape().n_cons], vec![0.0; m]);
        for seed in 0..10 {
            let mut stream = Stream::new(seed, 4);
            let x: Vec<f64> = (0..n).map(|_| stream.uniform(-3.0, 3.0)).collect();
            let start = WarmStart { x: x.clone(), y: vec![0.5; m], ..WarmStart::default() };
            let begin = solved.begin_at(start);
            assert_eq!((&begin.x[..n], &begin.y[..m]), (&x[..], &vec![0.5; m][..]));
            assert!(begin.y.is_empty() == (m == 0) && begin.y[m..].iter().all(|y| *y == 0.0), "{:?}", begin.y);
            ws.set_point(&begin.x);
            own.set_point(&x);
            let (found, wanted) = (solved.oracle.objective(&mut ws, 0), written.oracle.objective(&mut own, 0));
            near(found.unwrap(), wanted.unwrap(), 1e-13, text);
            solved.oracle.constraints(&mut ws, &mut rows).unwrap();
            written.oracle.constraints(&mut own, &mut own_rows).unwrap();
            rows.iter().zip(&own_rows).for_each(|(a, b)| near(*a, *b, 1e-13, text));
            assert!(rows[m..].iter().all(|row| *row <= 1e-13), "{rows:?}");
        }
    }
}

/// The same at several points, and solved.
fn same(problem: &Problem, fresh: &Problem, what: &str) {
    let n = problem.shape().n_vars;
    assert_eq!(problem.shape(), fresh.shape(), "{what}");
    let (mut a, mut b) = (problem.evaluator().unwrap(), fresh.evaluator().unwrap());
    for seed in 0..5 {
        let mut stream = Stream::new(seed, 5);
        let x: Vec<f64> = (0..n).map(|_| stream.uniform(-3.0, 3.0)).collect();
        assert_eq!(a.at(&x).value().unwrap(), b.at(&x).value().unwrap(), "{what}");
        let (mut g, mut h) = (vec![0.0; n], vec![0.0; n]);
        a.gradient(&mut g).unwrap();
        b.gradient(&mut h).unwrap();
        assert_eq!(g, h, "{what}");
    }
    let (a, b) = match (problem.solve(), fresh.solve()) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(a), Err(b)) => return assert_eq!(a.to_string(), b.to_string(), "{what}"),
        (a, b) => panic!("{what}: {a:?} {b:?}"),
    };
    assert_eq!((a.status(), a.method()), (b.status(), b.method()), "{what}");
    near(a.objective(), b.objective(), 1e-9, what);
}

#[test]
fn other_numbers_give_what_compiling_with_them_gives() {
    let kinks = |w: f64, lo: f64| {
        format!(
            "param w = {w}\nparam lo = {lo}\nvar x in [lo, 5] start 2\nvar y in [-2, 2]\n\
             minimize w * abs(x - 1) + (y - 0.5)^2 + max(y, x / 10)"
        )
    };
    let mut problem = compiled(&kinks(1.0, -5.0));
    let clone = problem.clone();
    let count = || optc::kernel::compilations() + optc::jit::attachments();
    // The factor changes its sign, and the bound takes the kink of the absolute value away and brings it back. A factor of 0 is
    // one that is not positive.
    let compiling = [(3.0, -5.0, false), (-1.0, -5.0, true), (-2.0, -4.0, false), (0.5, -5.0, true), (0.5, 1.5, false)];
    for (w, lo, compiles) in compiling.into_iter().chain([(2.0, -1.0, false), (0.0, -1.0, true), (-1.0, -1.0, false)]) {
        let before = count();
        problem.set_all(&[("w", &[w]), ("lo", &[lo])]).unwrap();
        assert_eq!(count() > before, compiles, "{w} {lo}");
        same(&problem, &compiled(&kinks(w, lo)), &format!("{w} {lo}"));
    }
    same(&clone, &compiled(&kinks(1.0, -5.0)), "the clone");

    let lasso = |w: f64| LASSO.replace("param w = 1", &format!("param w = {w}"));
    let mut problem = compiled(LASSO);
    for w in [0.5, 2.0, -1.0, 1.5, 0.0] {
        problem.set("w", &[w]).unwrap();
        same(&problem, &compiled(&lasso(w)), &format!("lasso, {w}"));
    }
    problem.set("b", &[-1.0, 2.0, 5.0, 0.25]).unwrap();
    let text = lasso(0.0).replace("[3, -0.5, 2, -4]", "[-1, 2, 5, 0.25]");
    same(&problem, &compiled(&text), "lasso, b");

    // Kinks that numbers bring into a model that had none.
    let bounded = |lo: f64| format!("param lo = {lo}\nvar x in [lo, 5]\nminimize abs(x) + 0.1 * x^2 - x / 2");
    let mut problem = compiled(&bounded(1.0));
    for lo in [-1.0, 2.0, -3.0] {
        problem.set("lo", &[lo]).unwrap();
        same(&problem, &compiled(&bounded(lo)), &format!("lower bound {lo}"));
    }
}

#[test]
fn numbers_that_cannot_be_set_leave_both_forms_as_they_were() {
    let mut problem = compiled(ABS);
    problem.set("c", &[2.5]).unwrap();
    for (name, values) in [("c", &[1.0, 2.0][..]), ("c", &[f64::NAN]), ("d", &[1.0])] {
        assert!(problem.set(name, values).is_err());
        same(&problem, &compiled(&ABS.replace("c = 1", "c = 2.5")), name);
    }
}

#[test]
fn a_scalar_that_is_set_again_and_again_is_kept_once() {
    let mut session = session(Setup::default());
    let checked = session.check_text("model", ABS);
    let mut bound = session.bind(checked).unwrap_or_else(|reports| panic!("{:?}", reports.messages()));
    for k in 0..50 {
        bound = bound.with_values(&[("c".into(), vec![f64::from(k)])]).map_err(|failed| failed.1).unwrap();
    }
    assert_eq!(bound.instance.given(&bound.checked), [("c".into(), vec![49.0])]);
}

/// From equal powers the way of residuals leads to a saddle, which another method leaves.
const SADDLE: &str = include_str!("../../suites/cutest/powersumb.opt");

/// A bound so far off that interior methods lose the digits of the rest.
const FAR: &str = "var x in [0, 1e11]\nvar y in [0, 1]\nmaximize f: x + y\nsubject to\n  c: x + y <= 1e12\n";

#[test]
fn the_library_answers_as_the_command_line_does() {
    let models = [
        ("kinks", ABS),
        ("nested kinks", NESTED),
        ("kinks that stay", NONCONVEX),
        ("lasso", LASSO),
        ("saddle", SADDLE),
        ("far bound", FAR),
        (
            "valley",
            "var x[1..2] start -1\nminimize (1 - x[1])^2 + 100 * (x[2] - x[1]^2)^2\nsubject to x[1]^2 + x[2]^2 <= 1.5",
        ),
        ("linear", "var x >= 0\nvar y >= 0\nmaximize 3 * x + 2 * y\nsubject to\n  x + y <= 4\n  x + 3 * y <= 6"),
        ("whole", "var n: int in [0, 9]\nmaximize n\nsubject to 2 * n <= 7"),
        ("cone", "var x[1..2]\nmaximize x[1] + 2 * x[2]\nsubject to hypot(x[1], x[2]) <= 1"),
        ("infeasible", "var x\nminimize abs(x)\nsubject to\n  x >= 3\n  x <= 2"),
        ("unbounded", "var x\nminimize x + max(x, 2 * x)"),
        ("asked for", "var x start 3\nvar y start 1\nminimize (x - 1)^4 + y^2\nsolve with bfgs"),
        ("pipeline", "var x start 3\nvar y start 1\nminimize (x - 1)^4 + y^2\nsolve with lbfgs then interior_point"),
        ("two lines", "var x start 3\nminimize (x - 1)^4\nsolve with gradient_descent(max_iter = 3)\nsolve"),
        ("no answer", "var x\nvar y >= 0\nmaximize x\nsubject to y == (1 - x)^3"),
        ("no value", "var x\nvar y start 0.5\nminimize x - log(x) + y^2\nsubject to y >= -1"),
    ];
    for (name, text) in models {
        let report = by_command_line(text, Setup::default());
        let solution = compiled(text).solve().unwrap_or_else(|errors| panic!("{name}: {errors}"));
        assert_eq!(Some(solution.status()), report.status(), "{name}");
        let kept = report.solves.last().and_then(|solve| solve.kept).expect("a point was kept");
        let (run, objective) = (&report.runs[kept], report.objectives[0].value);
        assert_eq!((solution.method(), solution.iterations()), (run.method.as_str(), run.iterations), "{name}");
        if objective.is_finite() {
            near(solution.objective(), objective, 1e-12, name);
        }
        let x: Vec<f64> = report.variables.iter().flat_map(|v| v.values.clone()).collect();
        assert_eq!(solution.x(), x, "{name}");
    }
    for (text, method) in [(SADDLE, "newton_trust_region"), (FAR, "microlp")] {
        let solution = compiled(text).solve().unwrap();
        assert!(solution.status().is_optimal() && solution.method() == method, "{solution:?} by {}", solution.method());
    }
}

#[test]
fn a_method_that_is_asked_for_answers_as_by_the_command_line() {
    for (text, method) in
        [(ABS, "lbfgs"), (ABS, "nelder_mead"), (SADDLE, "levenberg_marquardt"), (LASSO, "proximal_gradient")]
    {
        let report = by_command_line(text, Setup { method: Some(method.into()), ..Setup::default() });
        let solution = compiled(text).solver().method(method).run().unwrap();
        assert_eq!((Some(solution.status()), solution.method()), (report.status(), method));
        near(solution.objective(), report.objectives[0].value, 1e-12, method);
    }
}

#[test]
fn a_second_method_is_watched_stopped_and_kept_within_the_limits() {
    let problem = compiled(SADDLE);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let watch = |stop_at: Option<usize>| {
        let kept = Arc::clone(&seen);
        kept.lock().unwrap().clear();
        let solve = problem.solver().each_iteration(move |row| {
            let mut kept = kept.lock().unwrap();
            kept.push(row.iteration);
            if Some(kept.len()) == stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        (solve.run().unwrap(), seen.lock().unwrap().clone())
    };
    let (solution, rows) = watch(None);
    assert!(solution.status() == Status::LocalOptimum && solution.method() != "levenberg_marquardt");
    let starts: Vec<usize> = (0..rows.len()).filter(|k| rows[*k] == 0).collect();
    assert_eq!(starts.len(), 2, "{rows:?}");
    // In the first run: nothing follows. In the second: its point is no better, or it is kept; the end is a limit's.
    let (solution, rows) = watch(Some(starts[1] - 1));
    assert_eq!((solution.status(), solution.stop()), (Status::LimitReached, StopReason::Interrupted));
    assert_eq!(rows.len(), starts[1] - 1);
    let (_, rows) = watch(Some(starts[1] + 1));
    assert_eq!(rows.len(), starts[1] + 1);
    // A limit that was asked for is no reason for another method.
    for limited in [problem.solver().max_iterations(2), problem.solver().option("max_iter", 2)] {
        let solution: Solution = limited.run().unwrap();
        assert_eq!((solution.status(), solution.method()), (Status::LimitReached, "levenberg_marquardt"));
    }
}

#[test]
fn a_report_speaks_of_the_numbers_as_they_are() {
    let text = |a: f64| {
        format!(
            "set I = 1..6\nparam a = {a}\nvar c start 1\nvar k start 0.5\n\
             minimize sum(i in I: (c * exp(-k * i) - exp(-a * i) - 0.01 * sin(i))^2)\nsolve with lbfgs"
        )
    };
    let mut problem = compiled(&text(0.5));
    problem.set("a", &[0.9]).unwrap();
    let errors = |report: Report| {
        let fit = report.fit.expect("it is a fit");
        fit.parameters.iter().map(|p| p.standard_error).collect::<Vec<_>>()
    };
    let (found, wanted) = (errors(problem.report().unwrap()), errors(by_command_line(&text(0.9), Setup::default())));
    let before = errors(by_command_line(&text(0.5), Setup::default()));
    found.iter().zip(&wanted).for_each(|(a, b)| near(*a, *b, 1e-9, "standard error"));
    assert!((before[1] - wanted[1]).abs() > 0.05 * wanted[1], "{before:?} {wanted:?}");
}

#[test]
fn options_go_to_those_methods_of_a_pipeline_that_have_them() {
    let problem =
        compiled("var x start 3\nvar y start 1\nminimize (x - 1)^4 + y^2\nsolve with lbfgs then interior_point");
    let few = problem.solver().option("memory", 1).run().unwrap();
    assert!(few.status().is_optimal());
    let error = problem.solver().option("speed", 1).run().unwrap_err().to_string();
    assert!(error.contains("option `speed`") && error.contains("no method"), "{error}");
    let error = problem.solver().option("tol", "small").run().unwrap_err().to_string();
    assert!(error.contains("option `tol`") && error.contains("a number"), "{error}");
    let twice = problem.solver().method("lbfgs").option("tol", 1e-6).option("tol", 1e-7).run().unwrap_err();
    assert!(twice.to_string().contains("twice"), "{twice}");
}

#[test]
fn the_same_form_is_solved_again_and_again_without_compiling() {
    let mut problem = compiled(NESTED);
    let mut last = problem.solve().unwrap();
    let count = || optc::kernel::compilations() + optc::jit::attachments();
    let before = count();
    for k in 0..50 {
        problem.set("w", &[1.0 + 0.01 * f64::from(k), 2.0, 0.5]).unwrap();
        last = problem.solver().warm(&last).judged_quickly().run().unwrap();
        assert!(last.status().is_optimal(), "{last:?}");
    }
    assert_eq!(count(), before);
}
