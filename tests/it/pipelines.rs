//! `solve with A then B` and several `solve` lines: what each begins from, what limits mean, what is kept.

use optc::cli::exit::Exit;
use optc::cli::output::Style;
use optc::cli::text::{Detail, render};
use optc::data::FolderLoader;
use optc::driver::report::Report;
use optc::driver::{Session, Setup};
use optc::problem::{Limits, Status, StopReason};
use std::sync::Arc;

const VALLEY: &str = "var x start -1.2\nvar y start 1\nminimize f: (1 - x)^2 + 100 * (y - x^2)^2\n";

fn try_with(setup: Setup, text: &str) -> Result<Report, Vec<(String, String)>> {
    let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), setup);
    let checked = session.check_text("model.opt", text);
    session.solve_checked("model.opt", checked, None).map(|solved| solved.report).map_err(|reports| {
        let place =
            |m: &optc::diag::Message| m.labels.first().map_or("", |l| session.sources.snippet(l.span)).to_string();
        reports.messages().iter().map(|m| (m.code.to_string(), place(m))).collect()
    })
}

fn with(setup: Setup, text: &str) -> Report {
    try_with(setup, text).unwrap_or_else(|codes| panic!("{text}\n{codes:?}"))
}

fn solve(text: &str) -> Report {
    with(Setup::default(), text)
}

fn limited(limits: Limits, text: &str) -> Report {
    with(Setup { limits, ..Setup::default() }, text)
}

fn methods(report: &Report) -> Vec<&str> {
    report.runs.iter().map(|run| run.method.as_str()).collect()
}

#[test]
fn each_stage_begins_where_the_one_before_ended() {
    let report = solve(&format!("{VALLEY}solve with nelder_mead(max_iter = 30) then lbfgs(max_iter = 5) then bfgs\n"));
    assert_eq!(methods(&report), ["nelder_mead", "lbfgs", "bfgs"]);
    for pair in report.runs.windows(2) {
        assert_eq!(pair[0].objective.to_bits(), pair[1].trace[0].objective.to_bits(), "{}", pair[1].method);
    }
    assert_eq!((report.solves.len(), report.status()), (1, Some(Status::LocalOptimum)));
    assert_eq!((&report.solves[0].runs[..], report.solves[0].kept), (&[0, 1, 2][..], Some(2)));
}

#[test]
fn a_later_stage_is_given_the_multipliers() {
    let text = "var x in [0, 4] start 3\nvar y in [0, 4] start 1\nminimize f: exp(x) + (y - 1)^4\nsubject to\n  c: x * (1 + y) >= 2\n";
    let cold = solve(&format!("{text}solve with interior_point\n"));
    let twice = solve(&format!("{text}solve with interior_point then interior_point\n"));
    assert!(twice.runs[1].iterations < cold.runs[0].iterations / 2, "{:?}", twice.runs[1].iterations);
    assert_eq!(twice.status(), Some(Status::LocalOptimum));
}

#[test]
fn a_stage_that_ends_worse_leaves_the_better_point() {
    // Without multipliers, and without an iteration, the interior point has only moved the start away from the bound.
    let text = "var x >= 1 start 4\nminimize f: x^2\nsolve with nelder_mead then interior_point(max_iter = 0)\n";
    let report = solve(text);
    assert_eq!(report.runs[1].status, Status::LimitReached);
    assert_eq!((report.solves[0].kept, report.status()), (Some(0), Some(Status::BestFound)));
    assert_eq!(report.variables[0].values, [1.0]);
    assert!(
        report.runs[1].notes.iter().any(|n| n.contains("`nelder_mead` before it is better")),
        "{:?}",
        report.runs[1].notes
    );
    let shown = render(&report, Detail::Normal, Style { colour: false });
    assert!(shown.contains("result      best found, the point of `nelder_mead`\nobjective   f = 1\n"), "{shown}");
    assert_eq!(Exit::of_report(&report), Exit::Solved);
}

#[test]
fn limits_hold_for_all_stages_together() {
    let text = format!("{VALLEY}solve with lbfgs then bfgs then newton_trust_region\nsolve\n");
    let report = limited(Limits { iterations: Some(7), ..Limits::default() }, &text);
    assert_eq!((methods(&report), report.runs[0].iterations), (vec!["lbfgs"], 7));
    let notes = report.runs[0].notes.join("; ");
    assert!(notes.contains("`bfgs`, `newton_trust_region` were not run because of the iteration limit"), "{notes}");
    assert!(notes.contains("`solve` was not run because of the iteration limit"), "{notes}");
    let statuses: Vec<Status> = report.solves.iter().map(|solve| solve.status).collect();
    assert_eq!(statuses, [Status::LimitReached; 2]);
    assert_eq!(Exit::of_report(&report), Exit::Limit);

    let report = limited(Limits { evaluations: Some(20), ..Limits::default() }, &text);
    assert_eq!((report.runs.len(), report.runs[0].stop), (1, StopReason::EvaluationLimit));
}

#[test]
fn the_iterations_of_a_stage_are_its_own_beside_those_of_the_session() {
    let text = format!("{VALLEY}solve with lbfgs(max_iter = 3) then bfgs(max_iter = 1000)\n");
    let report = limited(Limits { iterations: Some(10), ..Limits::default() }, &text);
    let done: Vec<u64> = report.runs.iter().map(|run| run.iterations).collect();
    assert_eq!(done, [3, 7]);
    assert_eq!(report.status(), Some(Status::LimitReached));
}

#[test]
fn a_raised_flag_ends_the_pipeline_after_its_first_stage() {
    let setup = Setup::default();
    setup.stop.raise();
    let report = with(setup, &format!("{VALLEY}solve with lbfgs then bfgs\n"));
    assert_eq!((methods(&report), report.status()), (vec!["lbfgs"], Some(Status::LimitReached)));
    assert!(report.runs[0].notes.iter().any(|n| n.contains("`bfgs` was not run because of an interruption")));
}

#[test]
fn several_lines_have_results_in_order_and_the_largest_exit_code() {
    let report = solve(&format!("{VALLEY}solve with lbfgs(max_iter = 2)\nsolve\n"));
    let statuses: Vec<Status> = report.solves.iter().map(|solve| solve.status).collect();
    assert_eq!(statuses, [Status::LimitReached, Status::LocalOptimum]);
    let places: Vec<&str> = report.solves.iter().filter_map(|solve| solve.place.as_deref()).collect();
    assert_eq!(places.iter().map(|p| p.contains("model.opt:")).collect::<Vec<_>>(), [true, true], "{places:?}");
    assert!(report.solves[0].objective > report.solves[1].objective);
    assert_eq!(report.runs[1].trace[0].objective.to_bits(), report.runs[0].objective.to_bits());
    assert_eq!(Exit::of_report(&report), Exit::Limit);
    let shown = render(&report, Detail::Normal, Style { colour: false });
    assert!(shown.contains("solve       1 of 2 (model.opt:4") && shown.contains("solve       2 of 2"), "{shown}");
}

#[test]
fn the_method_of_the_command_line_stands_in_place_of_all_lines() {
    let setup = Setup { method: Some("bfgs".into()), ..Setup::default() };
    let report = with(setup, &format!("{VALLEY}solve with lbfgs then interior_point\nsolve\n"));
    assert_eq!((methods(&report), report.solves.len()), (vec!["bfgs"], 1));
}

#[test]
fn wrong_pipelines_are_refused_before_anything_runs() {
    let rows = "var x >= 0 start 1\nminimize f: (x - 2)^2\nsubject to\n  most: x^2 <= 1\n";
    let several = "var x\nminimize a: x^2\nminimize b: (x - 1)^2\n";
    let cases = [
        (rows, "solve with interior_point then lbfgs", "E0822", "lbfgs"),
        (rows, "solve with lbfgs then interior_point", "E0822", "lbfgs"),
        (rows, "solve with interior_point then nelder_mead(max_iter = 5)", "E0822", "nelder_mead(max_iter = 5)"),
        (VALLEY, "solve with lbfgs then lbfsg", "E0701", "lbfsg"),
        (VALLEY, "solve with lbfgs then bfgs(momentum = 3)", "E0702", "momentum"),
        (VALLEY, "solve with lbfgs then bfgs(tol = 7)", "E0703", "7"),
        (VALLEY, "solve with lbfgs then adam(rate = 0.1)", "E0823", "adam(rate = 0.1)"),
        (several, "solve with lbfgs then bfgs", "E0802", "lbfgs"),
    ];
    let mut faults = Vec::new();
    for (model, line, code, place) in cases {
        let found = try_with(Setup::default(), &format!("{model}{line}\n")).map(|report| report.status());
        let first = found.as_ref().err().and_then(|all| all.first());
        if first.is_none_or(|(c, p)| c != code || p != place) {
            faults.push(format!("{line}: {found:?} and not {code} at `{place}`"));
        }
    }
    for line in ["solve with lbfgs then", "solve with then lbfgs", "solve lbfgs then bfgs", "solve with lbfgs, bfgs"] {
        let found = try_with(Setup::default(), &format!("{VALLEY}{line}\n"));
        if !matches!(&found, Err(all) if all[0].0.starts_with("E01")) {
            faults.push(format!("{line}: {:?} and no error of syntax", found.map(|report| report.status())));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_tolerance_goes_to_the_stages_that_have_one_and_must_suit_one_that_runs_alone() {
    let setup = || Setup { tol: Some(1e-3), ..Setup::default() };
    let report = with(setup(), &format!("{VALLEY}solve with nelder_mead(max_iter = 20) then lbfgs\n"));
    assert_eq!(report.runs.len(), 2);
    let wrong = Setup { tol: Some(5.0), ..Setup::default() };
    let session = try_with(wrong, &format!("{VALLEY}solve with lbfgs then bfgs\n"));
    assert!(session.is_err(), "a tolerance that no stage takes was taken");
}
