//! The models of `examples/` keep their promises, and the numbers they rest on are computed again here.

#[path = "../../examples/matpower.rs"]
#[allow(dead_code)]
mod matpower;

use optc::data::FolderLoader;
use optc::diag::render::render;
use optc::driver::report::Report;
use optc::driver::{Session, Setup};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Solves a model file; panics with the messages when it does not hold together.
fn solve_with(model: &Path, setup: Setup) -> Report {
    let folder = model.parent().expect("a file in a folder");
    let file = model.file_name().and_then(|f| f.to_str()).expect("a file name");
    let mut session = Session::new(Arc::new(FolderLoader::new(folder).allow_all()), setup);
    match session.solve(file, None) {
        Ok(solved) => solved.report,
        Err(reports) => {
            let said: String = reports.messages().iter().map(|m| render(m, &session.sources, false)).collect();
            panic!("{}:\n{said}", model.display())
        }
    }
}

fn solve(model: &Path) -> Report {
    solve_with(model, Setup::default())
}

fn models(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut models: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    models.retain(|path| path.extension().is_some_and(|e| e == "opt"));
    models.sort();
    models
}

fn values<'r>(report: &'r Report, name: &str) -> &'r [f64] {
    let variable = report.variables.iter().find(|v| v.name == name);
    &variable.unwrap_or_else(|| panic!("no variable {name}")).values
}

/// What a report breaks of its promises; nothing when all hold.
fn broken(report: &Report) -> Vec<String> {
    let expectations = report.expectations.iter().filter(|e| !e.holds);
    let mut broken: Vec<String> = expectations.map(|e| format!("{}: {}, found {}", e.place, e.text, e.found)).collect();
    let status = report.status().expect("something was solved");
    if !status.is_optimal() {
        broken.push(format!("{}: {}", report.model, status.phrase()));
    }
    broken
}

#[test]
fn every_example_keeps_its_promises() {
    let models = models("examples");
    assert!(models.len() >= 12, "only {} examples", models.len());
    let mut faults = Vec::new();
    for model in models {
        let report = solve(&model);
        assert!(!report.expectations.is_empty(), "{} expects nothing", model.display());
        faults.extend(broken(&report));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Bounds that the multipliers of HS85, twelve orders of magnitude apart, do not meet are forgiven; values are not.
#[test]
fn every_hock_schittkowski_problem_reaches_its_known_optimum() {
    let models = models("suites/hs");
    assert!(models.len() >= 60, "only {} problems", models.len());
    let mut faults = Vec::new();
    let mut certified = 0;
    for model in &models {
        let report = solve(model);
        certified += usize::from(report.status().is_some_and(optc::problem::Status::is_optimal));
        faults.extend(report.expectations.iter().filter(|e| !e.holds).map(|e| format!("{}: {}", e.place, e.found)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(certified + 1 >= models.len(), "only {certified} certified");
}

/// Primal and dual objective from the table of flowers, with nothing from the model but weights and multipliers.
#[test]
fn the_duality_gap_of_the_support_vector_machine_is_closed() {
    let mut reader = csv::Reader::from_path("examples/data/iris.csv").expect("the data is there");
    let rows: Vec<Vec<f64>> = reader
        .records()
        .map(|row| row.expect("a row").iter().map(|cell| cell.parse().expect("a number")).collect())
        .collect();
    let flowers: Vec<(&[f64], f64)> =
        rows.iter().filter(|row| row[4] >= 1.0).map(|row| (&row[..4], 2.0 * row[4] - 3.0)).collect();
    let report = solve(Path::new("examples/svm.opt"));
    let (w, b) = (values(&report, "w"), values(&report, "b")[0]);
    let margin = report.constraints.iter().find(|c| c.name == "margin").expect("a constraint");
    let alpha = &margin.duals;
    assert_eq!(alpha.len(), flowers.len());
    assert_eq!(margin.index.n_parts(), 1, "{:?}", margin.index);

    let dot = |x: &[f64], w: &[f64]| x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
    let hinge: f64 = flowers.iter().map(|(x, y)| (1.0 - y * (dot(x, w) + b)).max(0.0)).sum();
    let primal = dot(w, w) / 2.0 + hinge;

    // The nearest multipliers that the dual problem admits: 0 <= alpha <= C, and sum(alpha * y) == 0 to rounding.
    assert!(alpha.iter().all(|a| (-1e-6..=1.0 + 1e-6).contains(a)));
    let balance: f64 = alpha.iter().zip(&flowers).map(|(a, (_, y))| a * y).sum();
    assert!(balance.abs() <= 1e-6, "the multipliers do not balance: {balance:e}");
    let side = |f: usize| alpha.iter().zip(&flowers).map(|(a, (x, y))| a * y * x[f]).sum::<f64>();
    let weights: Vec<f64> = (0..4).map(side).collect();
    let dual = alpha.iter().sum::<f64>() - dot(&weights, &weights) / 2.0;
    let gap = primal - dual;
    assert!(gap.abs() <= 1e-6 * primal.max(1.0), "primal {primal}, dual {dual}, gap {gap:e}");
}

#[test]
fn five_power_networks_cost_what_the_library_says() {
    let corpora = std::env::var_os("OPTC_CORPORA").map_or_else(|| PathBuf::from("../shared/corpora"), PathBuf::from);
    let folder = corpora.join("pglib-opf");
    let Ok(mut known) = csv::Reader::from_path(folder.join("known.csv")) else {
        eprintln!("skipped: no {}; set OPTC_CORPORA", folder.display());
        return;
    };
    let mut count = 0;
    for row in known.records().map(|row| row.expect("a row")) {
        let name = row[0].split('.').next().expect("a name").to_string();
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.m"))) else { continue };
        let cost: f64 = row[1].parse().expect("a number");
        let tables = matpower::convert(&text).expect("the case is sound");
        let out = tempfile::tempdir().expect("a folder for the tables");
        let mut setup = Setup { set: vec![("published".into(), cost)], ..Setup::default() };
        for (table, content) in [("bus", &tables.bus), ("branch", &tables.branch), ("gen", &tables.gen_)] {
            let path = out.path().join(format!("{table}.csv"));
            std::fs::write(&path, content).expect("the table is written");
            setup.data.push((table.into(), path.display().to_string()));
        }
        let report = solve_with(Path::new("examples/opf.opt"), setup);
        assert_eq!(broken(&report), Vec::<String>::new(), "{name}");
        let found = report.objectives[0].value;
        let five_digits: f64 = format!("{found:.4e}").parse().expect("a number");
        assert!((five_digits - cost).abs() <= 1e-12 * cost, "{name}: {found} is not {cost} to five digits");
        count += 1;
    }
    assert_eq!(count, 5, "cases with a .m file");
}
