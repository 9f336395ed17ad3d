//! What a report looks like: as text, as JSON, as files, as a picture.

use optc::cli::output::Style;
use optc::cli::text::{Detail, render};
use optc::cli::{json, plot, save};
use optc::driver::report::{
    Axis, ConstraintReport, Domain, EvidenceLine, Expectation, Index, Label, Labels, ObjectiveReport, ProblemSummary,
    Report, Run, Shown, Timing, VariableReport,
};
use optc::problem::{Counts, ProblemFacts, Sense, Status, StopReason, TraceRow};

const PLAIN: Style = Style { colour: false };

fn labels(names: &[&str]) -> Labels {
    Labels::List(names.iter().map(|n| Label::Text((*n).into())).collect())
}

fn axis(name: &str, names: &[&str]) -> Axis {
    Axis { name: name.into(), labels: labels(names) }
}

fn scalar(name: &str, value: f64, lower: f64, dual: f64) -> VariableReport {
    VariableReport {
        name: name.into(),
        doc: None,
        domain: Domain::Real,
        index: Index::SCALAR,
        values: vec![value],
        lower: vec![lower],
        upper: vec![f64::INFINITY],
        duals: vec![dual],
    }
}

fn trace(n: u64) -> Vec<TraceRow> {
    let row = |k: u64| {
        let shrink = 0.6_f64.powi(k as i32);
        TraceRow {
            iteration: k,
            objective: 153.675 + 300.0 * shrink,
            primal_infeasibility: if k > 10 { 0.0 } else { 20.0 * shrink * shrink },
            dual_infeasibility: 5.0 * shrink,
            mu: Some(0.1 * shrink),
            seconds: 1e-4 * k as f64,
            mark: ' ',
            ..TraceRow::default()
        }
    };
    (0..n).map(row).collect()
}

fn transport() -> Report {
    let plants = axis("plants", &["seattle", "san_diego"]);
    let markets = axis("markets", &["new_york", "chicago", "topeka"]);
    let facts = ProblemFacts { n_vars: 6, n_cons: 5, n_objectives: 1, ..ProblemFacts::default() };
    let evidence = |what: &str, value| EvidenceLine {
        what: what.into(),
        value,
        allowed: 1e-6,
        holds: value <= 1e-6,
        at: Some("supply[seattle]".into()),
    };
    Report {
        model: "transport.opt".into(),
        problem: ProblemSummary { class: "LP".into(), words: String::new(), facts },
        runs: vec![Run {
            method: "interior_point".into(),
            reason: "every function is linear".into(),
            status: Status::GlobalOptimum,
            stop: StopReason::Converged,
            evidence: vec![evidence("violation", 0.0), evidence("stationarity", 3.14e-11)],
            notes: Vec::new(),
            objective: 153.675,
            iterations: 14,
            counts: Counts { objective: 15, gradient: 15, ..Counts::default() },
            seconds: 0.0014,
            trace: trace(15),
        }],
        solves: Vec::new(),
        objectives: vec![ObjectiveReport { name: Some("cost".into()), sense: Sense::Minimize, value: 153.675 }],
        variables: vec![VariableReport {
            name: "ship".into(),
            doc: Some("thousand cases".into()),
            domain: Domain::Real,
            index: Index::Product(vec![plants.clone(), markets.clone()]),
            values: vec![50.0, 300.0, 0.0, 275.0, 0.0, 275.0],
            lower: vec![0.0; 6],
            upper: vec![f64::INFINITY; 6],
            duals: vec![0.0, 0.0, 0.036, 0.0, 0.009, 0.0],
        }],
        constraints: vec![
            ConstraintReport {
                name: "supply".into(),
                doc: None,
                index: Index::Product(vec![plants]),
                activity: vec![350.0, 550.0],
                lower: vec![f64::NEG_INFINITY; 2],
                upper: vec![350.0, 600.0],
                slack: vec![0.0, 50.0],
                duals: vec![0.0, 0.0],
            },
            ConstraintReport {
                name: "demand".into(),
                doc: None,
                index: Index::Product(vec![markets]),
                activity: vec![325.0, 300.0, 275.0],
                lower: vec![325.0, 300.0, 275.0],
                upper: vec![f64::INFINITY; 3],
                slack: vec![0.0; 3],
                duals: vec![0.225, 0.153, 0.126],
            },
        ],
        fit: None,
        proof: None,
        shown: Vec::new(),
        expectations: Vec::new(),
        timings: vec![
            Timing { stage: "parse".into(), seconds: 0.0002 },
            Timing { stage: "solve".into(), seconds: 0.0014 },
        ],
    }
}

#[test]
fn a_transport_plan_reads_as_a_matrix_with_its_constraints() {
    let text = render(&transport(), Detail::Normal, PLAIN);
    let expected = "\
problem     transport.opt: LP (6 variables, 5 constraints)
method      interior_point: every function is linear
status      global optimum
            violation 0 ≤ 1e-6, stationarity 3.1e-11 ≤ 1e-6
objective   cost = 153.675
work        14 iterations, 30 evaluations of functions and derivatives, 1.40 ms

ship  thousand cases
  plants      new_york   chicago   topeka
 ─────────────────────────────────────────
  seattle           50       300        0
  san_diego        275         0      275

supply
  plants      activity   upper   slack
 ──────────────────────────────────────
  seattle          350     350       0
  san_diego        550     600      50

demand
  markets    lower   activity   slack    dual
 ─────────────────────────────────────────────
  new_york     325        325       0   0.225
  chicago      300        300       0   0.153
  topeka       275        275       0   0.126

time        1.60 ms: parse 200 µs, solve 1.40 ms
";
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn long_arrays_are_cut_and_say_where_the_rest_is() {
    let mut report = transport();
    report.constraints.clear();
    report.variables = vec![VariableReport {
        index: Index::Product(vec![Axis { name: "hours".into(), labels: Labels::Range { first: 1, last: 1000 } }]),
        values: (1..=1000).map(|h| 1.0 / f64::from(h)).collect(),
        lower: vec![0.0; 1000],
        upper: vec![1.0; 1000],
        duals: Vec::new(),
        ..report.variables[0].clone()
    }];
    let text = render(&report, Detail::Quiet, PLAIN);
    assert!(text.contains("… 990 more; --out x.csv writes all"), "{text}");
    assert!(text.lines().count() < 20, "{text}");
    assert!(text.contains("1       1           upper bound"), "{text}");
}

#[test]
fn scalars_stand_in_one_table_with_their_bounds_named() {
    let mut report = transport();
    report.variables = vec![scalar("x", 1.0, 1.0, 1.087_871_2), scalar("y", 4.742_999_6, 1.0, 0.0)];
    report.constraints.clear();
    let text = render(&report, Detail::Quiet, PLAIN);
    let expected = "
  variable   value   at                dual
 ───────────────────────────────────────────
  x          1       lower bound   1.087871
  y          4.743                 0
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn what_show_asks_for_replaces_the_tables() {
    let mut report = transport();
    report.shown = vec![Shown { text: "cost / 2".into(), index: Index::SCALAR, values: vec![76.8375] }];
    report.expectations = vec![Expectation {
        text: "cost ~= 150".into(),
        place: "m.opt:9".into(),
        holds: false,
        found: "cost = 153.675".into(),
    }];
    let text = render(&report, Detail::Quiet, PLAIN);
    assert!(text.contains("76.8375") && !text.contains("ship"), "{text}");
    assert!(text.contains("fails: cost ~= 150 (cost = 153.675; m.opt:9)"), "{text}");
}

#[test]
fn json_has_a_version_and_no_number_that_json_lacks() {
    let text = json::render(&transport());
    let value: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
    assert_eq!(value["optc_report"], 1);
    assert_eq!(value["runs"][0]["status"], "global_optimum");
    assert_eq!(value["variables"][0]["values"][1], 300.0);
    assert!(value["variables"][0]["upper"][0].is_null(), "an infinite bound is null");
    assert_eq!(value["variables"][0]["index"]["product"][0]["labels"]["list"][1], "san_diego");
}

#[test]
fn every_field_of_the_json_report_is_in_the_schema_and_the_reverse() {
    let mut report = transport();
    report.shown = vec![Shown { text: "x".into(), index: Index::SCALAR, values: vec![f64::NAN] }];
    report.expectations = vec![Expectation { text: "a".into(), place: "b".into(), holds: true, found: "c".into() }];
    report.variables.push(VariableReport {
        index: Index::Tuples { names: vec!["i".into()], columns: vec![vec![Label::Int(3)]] },
        values: vec![1.0],
        ..scalar("z", 0.0, 0.0, 0.0)
    });
    report.variables[0].index =
        Index::Product(vec![Axis { name: "t".into(), labels: Labels::Range { first: 1, last: 6 } }]);
    let value: serde_json::Value = serde_json::from_str(&json::render(&report)).expect("valid JSON");
    assert_follows_schema(&value);
}

/// Every field of a JSON report is in the schema, and the reverse.
pub fn assert_follows_schema(report: &serde_json::Value) {
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json"));
    let schema = schema.expect("the schema is part of the docs");
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    let mut faults = Vec::new();
    check(report, &schema, &schema, "report", &mut faults);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The part of JSON Schema that the schema uses.
fn check(
    value: &serde_json::Value,
    schema: &serde_json::Value,
    root: &serde_json::Value,
    at: &str,
    faults: &mut Vec<String>,
) {
    if let Some(path) = schema["$ref"].as_str() {
        let target = root.pointer(path.trim_start_matches('#')).unwrap_or_else(|| panic!("{path} is defined"));
        return check(value, target, root, at, faults);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = |choice: &serde_json::Value| {
            let mut inner = Vec::new();
            check(value, choice, root, at, &mut inner);
            inner.is_empty()
        };
        if !choices.iter().any(fits) {
            faults.push(format!("{at}: {value} fits no choice"));
        }
        return;
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        faults.push(format!("{at}: {value} is not one of {words:?}"));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        serde_json::Value::String(kind) => vec![kind],
        serde_json::Value::Array(kinds) => kinds.iter().filter_map(|k| k.as_str()).collect(),
        _ => panic!("{at}: the schema names no type: {schema}"),
    };
    let fits = kinds.iter().any(|kind| match *kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    });
    if !fits {
        return faults.push(format!("{at}: {value} is not {kinds:?}"));
    }
    if let Some(object) = value.as_object() {
        let properties = schema["properties"].as_object().unwrap_or_else(|| panic!("{at} has properties"));
        for (name, member) in object {
            match properties.get(name) {
                Some(inner) => check(member, inner, root, &format!("{at}.{name}"), faults),
                None => faults.push(format!("{at}.{name} is not in the schema")),
            }
        }
        for name in properties.keys().filter(|name| !object.contains_key(*name)) {
            faults.push(format!("{at}.{name} is in the schema only"));
        }
    }
    if let Some(items) = value.as_array() {
        for (k, item) in items.iter().enumerate() {
            check(item, &schema["items"], root, &format!("{at}[{k}]"), faults);
        }
    }
}

#[test]
fn files_hold_every_value_and_appear_complete() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let report = transport();
    for name in ["x.csv", "x.json", "x.npy"] {
        save::variables(&path(name), &report).expect("written");
    }
    let csv = std::fs::read_to_string(path("x.csv")).expect("a file");
    assert!(csv.starts_with("variable,key1,key2,value,lower,upper,dual\nship,seattle,new_york,50,0,inf,0\n"), "{csv}");
    assert_eq!(csv.lines().count(), 7);
    let npy: ndarray::ArrayD<f64> = ndarray_npy::read_npy(path("x.npy")).expect("an array");
    assert_eq!((npy.shape(), npy[[1, 2]]), (&[2, 3][..], 275.0));
    save::trace(&path("t.csv"), &report).expect("written");
    let lines: Vec<String> = std::fs::read_to_string(path("t.csv")).expect("a file").lines().map(Into::into).collect();
    assert_eq!(lines.len(), 16);
    assert!(save::variables(&path("x.txt"), &report).is_err());
    assert!(save::variables(&path("no/x.csv"), &report).is_err());
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(names.len(), 4, "no temporary files stay behind: {names:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path("x.csv")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o600, 0o600);
        std::os::unix::fs::symlink(path("x.csv"), path("link.csv")).expect("a link");
        save::variables(&path("link.csv"), &report).expect("written through the link");
        assert!(std::fs::symlink_metadata(path("link.csv")).expect("a link").file_type().is_symlink());
    }
}

#[test]
fn the_picture_shows_objective_and_residuals() {
    let svg = plot::render(&transport()).expect("a picture");
    for word in ["objective", "residual (log scale)", "iteration", "violation", "optimality", "barrier parameter"] {
        assert!(svg.contains(word), "{word} is missing");
    }
    assert!(svg.contains("transport.opt · interior_point · global optimum"));
    if let Some(path) = std::env::var_os("OPTC_SAVE_PLOT") {
        std::fs::write(path, &svg).expect("written");
    }
    let mut empty = transport();
    empty.runs.clear();
    assert!(plot::render(&empty).is_err());
    let mut flat = transport();
    flat.runs[0].trace = vec![TraceRow { objective: f64::NAN, ..TraceRow::default() }];
    assert!(plot::render(&flat).expect("a picture").contains("objective"));
}
