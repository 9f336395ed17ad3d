//! `--start-from result.json`: what of an earlier report is used, what is said about the rest, what is refused.

use optc::cli::json;
use optc::data::{LoadError, Loader};
use optc::driver::report::Report;
use optc::driver::{Session, Setup};
use optc::problem::{Limits, Status};
use serde_json::{Value, json};
use std::sync::Arc;

/// One file.
struct One(String);

impl Loader for One {
    fn read(&self, _path: &str) -> Result<Vec<u8>, LoadError> {
        Ok(self.0.clone().into_bytes())
    }

    fn siblings(&self, _path: &str) -> Vec<String> {
        Vec::new()
    }
}

fn with(setup: Setup, file: &str, text: &str) -> Result<Report, Vec<(String, String)>> {
    let mut session = Session::new(Arc::new(One(file.to_string())), setup);
    let checked = session.check_text("model.opt", text);
    let told = |r: optc::diag::Reports| r.messages().iter().map(|m| (m.code.to_string(), m.title.clone())).collect();
    session.solve_checked("model.opt", checked, None).map(|solved| solved.report).map_err(told)
}

fn cold(text: &str) -> Report {
    with(Setup::default(), "", text).unwrap_or_else(|codes| panic!("{text}\n{codes:?}"))
}

fn try_from_file(file: &str, text: &str) -> Result<Report, Vec<(String, String)>> {
    with(Setup { start_from: Some("old.json".into()), ..Setup::default() }, file, text)
}

fn from(file: &str, text: &str) -> Report {
    try_from_file(file, text).unwrap_or_else(|codes| panic!("{text}\n{codes:?}"))
}

const CATENARY: &str = "param n = 20\nvar x[0..n] start 1\nvar y[0..n] in [-9, 9]\nminimize f: sum(i in 0..n: y[i] * (1 + 0.1 * y[i]))\n\
    subject to\n  link[i in 1..n]: (x[i] - x[i-1])^2 + (y[i] - y[i-1])^2 <= 0.09\n  left: x[0] == 0\n  right: x[n] == 4\n  a: y[0] == 0\n  b: y[n] == 0\n";

#[test]
fn an_answer_is_recognised_as_one() {
    let first = cold(CATENARY);
    assert!(first.status().is_some_and(Status::is_optimal));
    let again = from(&json::render(&first), CATENARY);
    assert_eq!(again.status(), first.status());
    let (before, after) = (first.runs[0].iterations, again.runs[0].iterations);
    assert!(after <= 3 && after < before / 3, "{after} iterations after {before}");
    assert_eq!(again.runs[0].notes[0], "start from `old.json`: all values and multipliers");
}

#[test]
fn a_problem_that_has_changed_a_little_takes_fewer_iterations() {
    let first = cold(CATENARY);
    for (old, new) in [("0.09", "0.095"), ("== 4", "== 4.1"), ("1 + 0.1", "1 + 0.2")] {
        let changed = CATENARY.replace(old, new);
        let (alone, warm) = (cold(&changed), from(&json::render(&first), &changed));
        assert!(warm.status().is_some_and(Status::is_optimal), "{new}");
        let (a, b) = (alone.objectives[0].value, warm.objectives[0].value);
        assert!((a - b).abs() <= 1e-6 * a.abs(), "{new}: {a} {b}");
        assert!(warm.runs[0].iterations < alone.runs[0].iterations, "{new}: {}", warm.runs[0].iterations);
    }
}

#[test]
fn an_engine_goes_on_from_the_active_rows_or_says_that_it_did_not() {
    let quadratic =
        "var x in [0, 4]\nvar y\nparam a = 1\nminimize f: (x - 3)^2 + (y - x)^2\nsubject to\n  cap: x + y <= a\n";
    let file = json::render(&cold(quadratic));
    let again = from(&file, &quadratic.replace("a = 1", "a = 2"));
    assert_eq!((again.runs[0].method.as_str(), again.runs[0].iterations), ("clarabel", 0));
    assert_eq!((again.status(), again.runs[0].notes.len()), (Some(Status::GlobalOptimum), 1));
    assert!((again.objectives[0].value - 3.2).abs() < 1e-9, "{}", again.objectives[0].value);
    // No point satisfies the rows any more, and whole numbers are searched for from nothing.
    let none = quadratic.replace("  cap", "  low: y >= 9\n  cap");
    let whole = quadratic
        .replace("x in", "x: int in")
        .replace("f: (x - 3)^2 + (y - x)^2", "f: y - x")
        .replace("var y", "var y >= 0");
    for (changed, infeasible) in [(none, true), (whole, false)] {
        let report = from(&file, &changed);
        let notes = &report.runs[0].notes;
        assert_eq!(report.status() == Some(Status::Infeasible), infeasible, "{changed}");
        assert!(infeasible || report.status().is_some_and(Status::is_optimal), "{changed}");
        assert!(notes[1].ends_with("made its own start: the one given led nowhere"), "{notes:?}");
    }
}

#[test]
fn the_augmented_lagrangian_takes_point_and_multipliers_as_well() {
    let text = format!("{CATENARY}solve with augmented_lagrangian\n");
    let first = cold(&text);
    assert!(first.status().is_some_and(Status::is_optimal), "{:?}", first.runs[0].evidence);
    let again = from(&json::render(&first), &text);
    assert!(again.status().is_some_and(Status::is_optimal));
    assert!(again.runs[0].iterations <= 5, "{} after {}", again.runs[0].iterations, first.runs[0].iterations);
}

#[test]
fn what_matches_is_kept_and_the_rest_is_told() {
    let old = cold(
        "set towns = {ulm, bonn, kiel}\nvar load[towns] start 5\nvar gone\nvar slot[1..3]\n\
         minimize sum(t in towns: (load[t] - 3)^2) + gone^2 + sum(i in 1..3: (slot[i] - i)^2)\n",
    );
    let new = "set towns = {kiel, jena, ulm}\nvar load[towns] start 1\nvar fresh start 7\nvar slot[2..5]\n\
         minimize f: sum(t in towns: (load[t] - 3)^4) + (fresh - 7)^4 + sum(i in 2..5: (slot[i] - i)^4)\nsolve with lbfgs(max_iter = 0)\n";
    let report = from(&json::render(&old), new);
    let values = |name: &str| &report.variables.iter().find(|v| v.name == name).expect("it is there").values;
    let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(near(values("load"), &[3.0, 1.0, 3.0]), "{:?}", values("load"));
    assert!(near(values("slot"), &[2.0, 3.0, 0.0, 0.0]), "{:?}", values("slot"));
    assert_eq!(values("fresh"), &[7.0]);
    let note = &report.runs[0].notes[0];
    let told = "start from `old.json`: 4 of 8 values and multipliers; `load`, `slot` only in part; `fresh` not in the file; `gone` not in the model";
    assert_eq!(note, told);
}

#[test]
fn a_run_that_a_limit_cut_off_goes_on_where_it_was() {
    let text = "var x start -1.2\nvar y start 1\nminimize f: (1 - x)^2 + 100 * (y - x^2)^2\nsolve with lbfgs\n";
    let limits = Limits { iterations: Some(5), ..Limits::default() };
    let cut = with(Setup { limits, ..Setup::default() }, "", text).expect("it runs");
    assert_eq!(cut.status(), Some(Status::LimitReached));
    let on = from(&json::render(&cut), text);
    assert_eq!(on.runs[0].trace[0].objective.to_bits(), cut.objectives[0].value.to_bits());
    assert_eq!(on.status(), Some(Status::LocalOptimum));
}

#[test]
fn a_maximised_model_keeps_the_signs_of_its_multipliers() {
    let text = "var x >= 0 start 0.1\nvar y >= 0 start 0.1\nmaximize f: log(1 + x) + 2 * log(1 + y)\nsubject to\n  c: x + y <= 3\n  d: x <= 2\n";
    let first = cold(text);
    let again = from(&json::render(&first), text);
    assert!(again.runs[0].iterations <= 3, "{}", again.runs[0].iterations);
    assert!((again.constraints[0].duals[0] - first.constraints[0].duals[0]).abs() < 1e-6);
}

#[test]
fn files_of_another_kind_are_refused_with_their_reason() {
    let model = "var x\nvar y[1..3]\nminimize (x - 1)^2 + sum(i in 1..3: y[i]^2)\n";
    let good: Value = serde_json::from_str(&json::render(&cold(model))).expect("JSON");
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        value.to_string()
    };
    let text = good.to_string();
    let cases: Vec<(&str, String, &str, &str)> = vec![
        ("nothing", String::new(), "E0904", "it is not JSON"),
        ("CSV", "variable,value\nx,1\n".into(), "E0904", "it is not JSON"),
        ("cut off", text[..text.len() / 2].into(), "E0904", "it is not JSON"),
        ("NaN", text.replacen("\"values\":[", "\"values\":[NaN,", 1), "E0904", "it is not JSON"),
        ("too large a number", text.replacen("\"values\":[", "\"values\":[1e999,", 1), "E0904", "it is not JSON"),
        ("very deep", "[".repeat(1_000_000), "E0904", "is not a report"),
        ("a list", "[1, 2, 3]".into(), "E0904", "is not a report"),
        ("another object", "{\"x\": 1}".into(), "E0904", "missing field"),
        ("another version", changed(&|v| v["optc_report"] = json!(99)), "E0904", "version 99"),
        ("a negative version", changed(&|v| v["optc_report"] = json!(-1)), "E0904", "is not a report"),
        ("no variables", changed(&|v| v["variables"] = json!(null)), "E0904", "is not a report"),
        ("words for numbers", changed(&|v| v["variables"][0]["values"] = json!(["1"])), "E0904", "is not a report"),
        ("null", changed(&|v| v["variables"][1]["values"][1] = json!(null)), "E0905", "value 2 of 3 is not a number"),
        ("too few", changed(&|v| v["variables"][1]["values"] = json!([1.0])), "E0905", "1 values, and its index has 3"),
        ("multipliers", changed(&|v| v["variables"][1]["duals"] = json!([0.0, 0.0])), "E0905", "2 multipliers"),
        ("twice", changed(&|v| v["variables"][1]["name"] = json!("x")), "E0905", "there twice"),
        (
            "an endless range",
            changed(&|v| {
                v["variables"][1]["index"]["product"][0]["labels"] =
                    json!({"range": {"first": i64::MIN, "last": i64::MAX}});
            }),
            "E0905",
            "index is broken",
        ),
        (
            "endless products",
            changed(&|v| {
                let axis = json!({"name": "I", "labels": {"range": {"first": 1, "last": 1_i64 << 40}}});
                v["variables"][1]["index"] = json!({"product": [axis, axis, axis]});
            }),
            "E0905",
            "index is broken",
        ),
        (
            "ragged tuples",
            changed(&|v| v["variables"][1]["index"] = json!({"tuples": {"names": ["a"], "columns": [[1, 2, 3], [1]]}})),
            "E0905",
            "index is broken",
        ),
        (
            "another model",
            changed(&|v| {
                v["variables"][0]["name"] = json!("z");
                v["variables"][1]["name"] = json!("w");
            }),
            "E0906",
            "no value for any variable",
        ),
    ];
    let mut faults = Vec::new();
    for (what, file, code, words) in cases {
        match try_from_file(&file, model) {
            Err(told) if told[0].0 == code && told[0].1.contains(words) => {}
            other => faults.push(format!("{what}: {:?}", other.map(|r| r.status()))),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn values_outside_the_bounds_and_wild_multipliers_do_no_harm() {
    let model = "var x in [0, 4]\nvar y in [0, 4]\nminimize f: exp(x) + (y - 1)^2\nsubject to\n  c: x * (1 + y) >= 2\n";
    let good = cold(model);
    let mut value: Value = serde_json::from_str(&json::render(&good)).expect("JSON");
    value["variables"][0]["values"] = json!([-1e300]);
    value["variables"][1]["duals"] = json!([1e300]);
    value["constraints"][0]["duals"] = json!([-1e200]);
    for line in ["solve", "solve with augmented_lagrangian", "solve with augmented_lagrangian(inner = lbfgs)"] {
        let report = from(&value.to_string(), &format!("{model}{line}\n"));
        assert!(report.status().is_some_and(Status::is_optimal), "{line}: {:?}", report.runs[0].stop);
        assert!((report.objectives[0].value - good.objectives[0].value).abs() < 1e-5, "{line}");
    }
}
