//! Sums of squares and losses in models: what is recognised, what is not, and what the report says of a fit.

use optc::cli::output::Style;
use optc::cli::text::{Detail, render};
use optc::data::MemoryLoader;
use optc::driver::report::{FitReport, Report};
use optc::driver::{Session, Setup};
use optc::problem::Status;
use std::sync::Arc;

const DATA: &str = "x,y,s\n0,1.1,0.5\n1,2.9,0.5\n2,5.2,0.25\n3,6.8,0.5\n4,9.1,1\n5,10.9,2\n";

fn solve(text: &str) -> Report {
    let loader = MemoryLoader::new().with("d.csv", DATA);
    let mut session = Session::new(Arc::new(loader), Setup::default());
    let checked = session.check_text("model.opt", text);
    assert!(!checked.reports.has_errors(), "{text}\n{:?}", checked.reports.messages());
    match session.solve_checked("model.opt", checked, None) {
        Ok(solved) => solved.report,
        Err(reports) => panic!("{text}\n{:?}", reports.messages()),
    }
}

fn method(text: &str) -> String {
    solve(text).runs.last().unwrap().method.clone()
}

fn fit(report: &Report) -> &FitReport {
    report.fit.as_ref().expect("a fit")
}

const HEAD: &str = "table obs from \"d.csv\"\nvar a\nvar b\n";

#[test]
fn squares_are_recognised_however_they_are_written() {
    let written = [
        "minimize sum(d in obs: (d.y - a - b * d.x)^2)",
        "minimize 0.5 * sum(d in obs: (d.y - a - b * d.x)^2) + 3",
        "minimize mean(d in obs: (d.y - a - b * d.x)^2)",
        "minimize sum(d in obs: ((d.y - a - b * d.x) / d.s)^2)",
        "minimize sum(d in obs: (d.y - a - b * d.x)^2 / d.s^2)",
        "minimize sum(d in obs: d.s * (d.y - a - b * d.x)^2) / 7",
        "maximize -sum(d in obs: (d.y - a - b * d.x)^2)",
        "let r[d in obs] = d.y - a - b * d.x\nminimize sum(d in obs: r[d] * r[d])",
        "let r[d in obs] = d.y - a - b * d.x\nlet total = sum(d in obs: r[d]^2)\nminimize total",
        "minimize norm2(d in obs: d.y - a - b * d.x)^2",
        "minimize sum(d in obs: mse(d.y, a + b * d.x))",
        "minimize sum(d in obs: huber(d.y - a - b * d.x, 0.3))",
        "minimize sum(d in obs: d.s * soft_l1(d.y - a - b * d.x, d.s))",
        "minimize sum(d in obs: cauchy_loss(d.y - a - b * d.x)) + 1e-3 * (a^2 + b^2)",
        "minimize sum(d in obs if d.x > 0: arctan_loss(d.y - a - b * d.x, 2)) + sum(d in obs if d.x <= 0: (a - d.y)^4)",
    ];
    for text in written {
        assert_eq!(method(&format!("{HEAD}{text}\nsolve")), "levenberg_marquardt", "{text}");
    }
}

#[test]
fn what_is_no_sum_of_squares_goes_elsewhere() {
    let written = [
        "minimize sum(d in obs: (d.y - a - b * d.x)^2) + exp(a)",
        "minimize sum(d in obs: (d.y - a - b * d.x)^3 * (d.y - a) + (a - 1)^4 + (b - 1)^4)",
        "minimize (a - 1)^2 + (b - 2)^2\nsubject to\n a + b >= 4",
        "minimize 2 * (a - 1)^2 - (a - 2)^2 + (b - 2)^2",
        "param w = -1\nminimize w * sum(d in obs: huber(a - d.y, 1)) + (a - 3)^4 + (b - 1)^2",
    ];
    for text in written {
        assert_ne!(method(&format!("{HEAD}{text}\nsolve")), "levenberg_marquardt", "{text}");
    }
}

#[test]
fn the_objective_is_that_of_the_model_with_its_constant_factors_and_sense() {
    let plain = solve(&format!("{HEAD}minimize f: sum(d in obs: (d.y - a - b * d.x)^2)\nsolve"));
    let scaled = solve(&format!("{HEAD}maximize f: 5 - 2 * sum(d in obs: (d.y - a - b * d.x)^2)\nsolve"));
    let (f, g) = (plain.objectives[0].value, scaled.objectives[0].value);
    assert!((g - (5.0 - 2.0 * f)).abs() < 1e-12 * g.abs());
    assert!((scaled.runs[0].objective - g).abs() < 1e-12 * g.abs());
    assert_eq!(scaled.runs[0].status, Status::GlobalOptimum);
    // Weights that are all the same say nothing about parameters.
    for (one, other) in fit(&plain).parameters.iter().zip(&fit(&scaled).parameters) {
        assert!((one.standard_error - other.standard_error).abs() < 1e-12);
    }
}

#[test]
fn weighted_errors_are_those_of_the_weighted_normal_equations() {
    let report = solve(&format!("{HEAD}minimize sum(d in obs: ((d.y - a - b * d.x) / d.s)^2)\nsolve"));
    let rows: Vec<[f64; 3]> = DATA
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<f64> = line.split(',').map(|c| c.parse().unwrap()).collect();
            [cells[0], cells[1], 1.0 / (cells[2] * cells[2])]
        })
        .collect();
    let sum = |f: fn(&[f64; 3]) -> f64| rows.iter().map(f).sum::<f64>();
    let (w, wx, wxx) = (sum(|r| r[2]), sum(|r| r[2] * r[0]), sum(|r| r[2] * r[0] * r[0]));
    let (wy, wxy) = (sum(|r| r[2] * r[1]), sum(|r| r[2] * r[0] * r[1]));
    let det = w * wxx - wx * wx;
    let (a, b) = ((wxx * wy - wx * wxy) / det, (w * wxy - wx * wy) / det);
    let rss: f64 = rows.iter().map(|r| r[2] * (r[1] - a - b * r[0]) * (r[1] - a - b * r[0])).sum();
    let s2 = rss / 4.0;
    let found = fit(&report);
    assert!((found.parameters[0].estimate - a).abs() < 1e-12);
    assert!((found.parameters[1].estimate - b).abs() < 1e-12);
    assert!((found.parameters[0].standard_error - (s2 * wxx / det).sqrt()).abs() < 1e-12);
    assert!((found.parameters[1].standard_error - (s2 * w / det).sqrt()).abs() < 1e-12);
    let curve = found.curve.as_ref().expect("one covariate");
    assert_eq!((curve.covariate.as_str(), curve.response.as_str()), ("x", "y"));
    assert_eq!(curve.points.len(), 6);
    // The surer a measurement, the shorter its bar.
    for (row, deviation) in rows.iter().zip(&curve.deviations) {
        assert!((deviation * deviation - s2 / row[2]).abs() < 1e-9, "{deviation}");
    }
    assert_eq!(curve.deviations.len(), 6);
    assert!(
        (curve.value[0] - a).abs() < 1e-12 && (curve.half_width[0] / found.quantile).powi(2) - s2 * wxx / det < 1e-9
    );
}

#[test]
fn a_robust_fit_is_hardly_moved_by_an_outlier() {
    let outlier = |loss: &str| {
        let data = DATA.replace("5,10.9", "5,100.9");
        let loader = MemoryLoader::new().with("d.csv", data);
        let mut session = Session::new(Arc::new(loader), Setup::default());
        let checked = session.check_text("m.opt", &format!("{HEAD}minimize sum(d in obs: {loss})\nsolve"));
        let Ok(solved) = session.solve_checked("m.opt", checked, None) else { panic!("{loss} is solved") };
        assert!(solved.report.runs[0].status.is_optimal(), "{loss}");
        solved.report.variables[1].values[0]
    };
    assert!(outlier("(d.y - a - b * d.x)^2") > 5.0);
    for loss in ["huber", "soft_l1", "cauchy_loss", "arctan_loss"] {
        let slope = outlier(&format!("{loss}(d.y - a - b * d.x, 0.3)"));
        assert!((slope - 2.0).abs() < 0.2, "{loss}: {slope}");
    }
}

#[test]
fn what_cannot_be_known_is_said_in_words() {
    let both = solve(&format!("{HEAD}var c\nminimize sum(d in obs: (d.y - (a + c) - b * d.x)^2)\nsolve"));
    let notes = fit(&both).notes.join("\n");
    assert!(notes.contains("`a` and `c` cannot be told apart"), "{notes}");
    assert!(fit(&both).parameters[1].standard_error.is_finite(), "`b` is known");
    let bounded = solve(
        "table obs from \"d.csv\"\nvar a >= 3\nvar b\nminimize sum(d in obs: (d.y - a - b * d.x)^2)\nsolve with dogleg",
    );
    assert!(fit(&bounded).notes.join("\n").contains("`a` is at its bound"));
    assert_eq!(fit(&bounded).parameters[0].held, Some("lower bound"));
    let exact = solve("var a\nvar b\nminimize (a - 1)^2 + (b - 2)^2\nsolve");
    assert!(fit(&exact).notes.join("\n").contains("no degrees of freedom"));
}

#[test]
fn what_is_said_twice_takes_no_degree_of_freedom_and_changes_no_band() {
    let one = solve(&format!("{HEAD}minimize sum(d in obs: (d.y - a - b * d.x)^2)\nsolve"));
    let two = solve(&format!("{HEAD}var c start 1\nminimize sum(d in obs: (d.y - (a + c) - b * d.x)^2)\nsolve"));
    let (one, two) = (fit(&one), fit(&two));
    assert_eq!((one.degrees_of_freedom, two.degrees_of_freedom), (4, 4));
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
    assert!(close(one.residual_deviation, two.residual_deviation));
    assert!(close(one.parameters[1].standard_error, two.parameters[1].standard_error), "`b` is known as well");
    let band = |fit: &FitReport| fit.curve.as_ref().expect("a curve").half_width.clone();
    let (narrow, wide) = (band(one), band(two));
    assert!(narrow.len() > 2 && narrow.iter().zip(&wide).all(|(a, b)| close(*a, *b)), "{narrow:?}\n{wide:?}");
}

#[test]
fn a_fit_is_a_fit_whatever_method_found_it() {
    let by = |method: &str| solve(&format!("{HEAD}minimize sum(d in obs: (d.y - a - b * d.x)^2)\nsolve with {method}"));
    let errors = |report: &Report| -> Vec<f64> { fit(report).parameters.iter().map(|p| p.standard_error).collect() };
    let squares = errors(&by("levenberg_marquardt"));
    for method in ["lbfgs", "interior_point", "newton_trust_region", "sqp"] {
        let found = by(method);
        assert_eq!(found.status(), Some(Status::GlobalOptimum), "{method}");
        let same = errors(&found).iter().zip(&squares).all(|(a, b)| (a - b).abs() <= 1e-6 * b);
        assert!(same, "{method}");
    }
    // No error bars for what is no optimum, and none for what is no sum of squares.
    let text = format!("{HEAD}minimize sum(d in obs: (d.y - a - b * d.x)^2)\nsolve with lbfgs(max_iter = 1)");
    assert!(solve(&text).fit.is_none());
    assert!(solve(&format!("{HEAD}minimize a^2 + exp(b) - b\nsolve with lbfgs")).fit.is_none());
}

#[test]
fn why_there_are_no_errors_is_said_and_what_is_as_good_as_unknown_too() {
    let loader = MemoryLoader::new().with("d.csv", "x,y\n0,1\n1,3\n");
    let mut session = Session::new(Arc::new(loader), Setup::default());
    let checked = session.check_text("m.opt", &format!("{HEAD}minimize sum(d in obs: (d.y - a - b * d.x)^2)\nsolve"));
    let solved = session.solve_checked("m.opt", checked, None).unwrap_or_else(|r| panic!("{:?}", r.messages()));
    let text = render(&solved.report, Detail::Normal, Style { colour: false });
    assert!(text.contains("fit         no standard errors: 2 residuals for 2 free parameters"), "{text}");
    // A mean of 1e-6 of numbers of size 1: its error is half a million times its value.
    let text = |last: &str| {
        format!("param y[1..4] = [1, -1, 1, {last}]\nvar a start 1\nminimize sum(i in 1..4: (y[i] - a)^2)\nsolve")
    };
    let says = |report: &Report| fit(report).notes.iter().any(|note| note.starts_with("`a` is as good as unknown"));
    assert!(says(&solve(&text("-0.999996"))));
    assert!(!says(&solve(&text("-0.9"))));
}

#[test]
fn methods_for_squares_are_refused_for_other_objectives() {
    let loader = MemoryLoader::new();
    let mut session = Session::new(Arc::new(loader), Setup::default());
    let checked = session.check_text("m.opt", "var x\nminimize exp(x) - x\nsolve with gauss_newton");
    let Err(reports) = session.solve_checked("m.opt", checked, None) else { panic!("it is no sum of squares") };
    let messages = reports.messages();
    assert_eq!(messages[0].code, "E0822");
    assert!(messages[0].title.contains("not a sum of squares"), "{}", messages[0].title);
}

#[test]
fn templates_do_not_grow_with_the_data() {
    use optc::pass::squares::squares;
    let nodes = |n: usize| {
        let text = format!("param n = {n}\nvar a\nvar b\nminimize sum(i in 1..n: (sin(i) - a * exp(-b * i))^2)\nsolve");
        let mut session = Session::new(Arc::new(MemoryLoader::new()), Setup::default());
        let model = session.check_text("m.opt", &text).model;
        let found = squares(&model).expect("squares");
        (found.model.graph.len(), found.terms.len())
    };
    assert_eq!(nodes(10), nodes(1_000_000));
}
