//! Solves a suite of models and writes its table into `docs/results.md`.
//!
//! `cargo run --release --example suite -- hs` (or `just suite hs`) solves the problems of
//! `suites/hs/known.csv`, `mgh` and `cutest` those of their folders; `opf` the power flow model on the MATPOWER cases of the
//! corpora, which stand in
//! `$OPTC_CORPORA` or `../shared/corpora`.
//!
//! `nist` fits the curves of `suites/nist` and compares digits; `mpc` times the warm solves of `examples/mpc.rs`.
//!
//! A row is right when |f - f*| <= tolerance * max(1, |f*|) for the optimum f* or for one of the further
//! local optima that its list names. The exit code is 1 when more rows are wrong than the suite forgives, or, where the suite has a
//! list of what peers solve, when too few of those end at a certified answer as good as the peers' or better.

use optc::data::FolderLoader;
use optc::diag::render::render;
use optc::driver::{Session, Setup};
use optc::problem::Limits;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

mod linear;
#[path = "../examples/matpower.rs"]
#[allow(dead_code)]
mod matpower;
#[path = "../examples/mpc.rs"]
#[allow(dead_code)]
mod mpc;
mod mps;
mod nist;

const RESULTS: &str = "docs/results.md";
const TIME_LIMIT: f64 = 60.0; // seconds

/// What a suite must reach.
enum Bar {
    /// So many rows may be wrong.
    Forgives(usize),
    /// Of the problems that a peer solves, so many in 100 must end at a certified answer that is as low.
    OfPeers(usize),
}

/// A suite: what to solve, and how exact the answers must be.
struct Suite {
    name: &'static str,
    title: &'static str,
    tolerance: f64,
    bar: Bar,
    problems: fn() -> Result<Vec<Problem>, String>,
}

const SUITES: [Suite; 7] = [
    Suite {
        name: "hs",
        title: "Hock-Schittkowski problems, `suites/hs`",
        tolerance: 1e-6,
        bar: Bar::Forgives(3),
        problems: || listed("suites/hs"),
    },
    Suite {
        name: "mgh",
        title: "Moré-Garbow-Hillstrom problems, `suites/mgh`",
        tolerance: 1e-8,
        bar: Bar::Forgives(2),
        problems: || listed("suites/mgh"),
    },
    Suite {
        name: "cutest",
        title: "CUTEst problems without rows, `suites/cutest`",
        tolerance: 1e-6,
        bar: Bar::OfPeers(95),
        problems: || listed("suites/cutest"),
    },
    Suite {
        name: "opf",
        title: "AC optimal power flow, `examples/opf.opt` on PGLib-OPF v23.07",
        tolerance: 5e-5,
        bar: Bar::Forgives(0),
        problems: power_flow,
    },
    Suite {
        name: "netlib",
        title: "Linear problems of netlib, feasible and infeasible",
        tolerance: 1e-6,
        bar: Bar::Forgives(0),
        problems: || linear::problems("netlib-lp", &[]),
    },
    Suite {
        name: "maros",
        title: "Convex quadratic problems of Maros and Meszaros",
        tolerance: 1e-6,
        bar: Bar::Forgives(0),
        // The file does not belong to the published value.
        problems: || linear::problems("maros-meszaros", &["DPKLO1"]),
    },
    Suite {
        name: "mip",
        title: "Small mixed-integer linear problems of MIPLIB",
        tolerance: 1e-6,
        // `sp150x300d` is beyond the default engine in the time given.
        bar: Bar::Forgives(1),
        problems: || linear::problems("mip-small", &[]),
    },
];

/// A model with its data and what is known about it.
struct Problem {
    name: String,
    model: PathBuf,
    /// Values of params, in place of those in the model.
    set: Vec<(String, f64)>,
    /// Files of tables, in place of those that the model names.
    data: Vec<(String, PathBuf)>,
    /// The optimum, then further local optima that count.
    optima: Vec<f64>,
    /// Methods to run beside the one that the router chooses.
    methods: Vec<Option<&'static str>>,
}

/// What one run came to.
struct Outcome {
    n_vars: usize,
    n_cons: usize,
    objective: f64,
    status: String,
    /// Whether the status is that of an optimum.
    solved: bool,
    method: String,
    iterations: u64,
    /// From the text to the judged answer.
    milliseconds: f64,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args == ["nist"] {
        return ended("nist", run_nist());
    }
    if args == ["mpc"] {
        return ended("mpc", run_mpc());
    }
    let suite = match args.as_slice() {
        [name] => SUITES.iter().find(|suite| suite.name == *name),
        _ => None,
    };
    let Some(suite) = suite else {
        eprintln!("usage: suite {}", SUITES.map(|suite| suite.name).join("|") + "|nist|mpc");
        return ExitCode::from(2);
    };
    ended(suite.name, run(suite))
}

fn ended(name: &str, result: Result<bool, String>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("suite {name}: {message}");
            ExitCode::from(2)
        }
    }
}

/// Regression has a table of its own: parameters and standard errors beside certified ones.
fn run_nist() -> Result<bool, String> {
    let (table, verdict, met) = nist::run(&rows("suites/nist/known.csv")?)?;
    println!("{table}\n{verdict}");
    write_section("nist", "Nonlinear regression, NIST StRD, `suites/nist`", &format!("{verdict}\n\n{table}"))?;
    Ok(met)
}

/// Times of a controller: one table, and 1 ms as the bar for the median.
fn run_mpc() -> Result<bool, String> {
    let run = mpc::control(50, 1000).map_err(|error| error.to_string())?;
    let slowest = run.milliseconds.last().copied().unwrap_or(f64::NAN);
    let (median, most) = (run.share(0.5), run.share(0.99));
    let mut table = String::from("| variables | rows | solves | at once from the answer before | compilations | ");
    table.push_str("median, ms | 99th percentile, ms | slowest, ms |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    let (n, m, solves) = (run.n_vars, run.n_rows, run.milliseconds.len());
    let (warm, compiled) = (run.n_warm, run.n_compiled);
    let row = format!("| {n} | {m} | {solves} | {warm} | {compiled} | {median:.3} | {most:.3} | {slowest:.3} |");
    writeln!(table, "{row}").expect("a string takes any text");
    let what =
        "Each solve gets another state, goes on from the answer before, and is judged; its time holds all of that.";
    let verdict = format!("{what} Wanted: a median of at most 1 ms. Made by `just suite mpc`.");
    println!("{table}\n{verdict}");
    write_section("mpc", "Model-predictive control, `examples/mpc.rs`", &format!("{verdict}\n\n{table}"))?;
    Ok(median <= 1.0 && compiled == 0)
}

fn run(suite: &Suite) -> Result<bool, String> {
    let problems = (suite.problems)()?;
    let mut table = String::from("| problem | n | m | f | f* | error | status | method | iterations | ms |\n");
    table.push_str("|---|--:|--:|--:|--:|--:|---|---|--:|--:|\n");
    let mut right = 0;
    let mut certified = BTreeSet::new();
    let mut reached = BTreeSet::new();
    let runs = problems.iter().flat_map(|problem| problem.methods.iter().map(move |method| (problem, *method)));
    // Of the default's runs, and of those of methods beside it: right and all.
    let (mut count, mut beside) = (0, (0, 0));
    for (problem, method) in runs {
        let is_beside = method == Some("highs");
        let (row, holds) = match solve(problem, method) {
            Ok(outcome) => {
                if is_reached(problem, outcome.objective, suite.tolerance) {
                    reached.insert(problem.name.clone());
                    if outcome.solved {
                        certified.insert(problem.name.clone());
                    }
                }
                report(problem, &outcome, suite.tolerance)
            }
            Err(why) => (format!("| {} | | | | | | **{why}** | | | |", problem.name), false),
        };
        if is_beside {
            beside = (beside.0 + usize::from(holds), beside.1 + 1);
        } else {
            (right, count) = (right + usize::from(holds), count + 1);
        }
        println!("{}{row}", if holds { "    " } else { "BAD " });
        writeln!(table, "{row}").expect("a string takes any text");
    }
    let others = match beside {
        (_, 0) => String::new(),
        (right, all) => format!("; beside it, built with `--features highs`, {right} of {all}"),
    };
    let verdict = format!(
        "{right} of {count} right{others}: |f - f\\*| <= {:e} max(1, |f\\*|). Made by `just suite {}`.",
        suite.tolerance, suite.name
    );
    let peers = solved_by_peers(suite.name)?;
    let by_value = peers.intersection(&reached).count();
    let proved = peers.intersection(&certified).count();
    let verdict = verdict + &beside_peers(suite.name, peers.len(), by_value, proved);
    println!("{verdict}");
    write_section(suite.name, suite.title, &format!("{verdict}\n\n{table}"))?;
    Ok(match suite.bar {
        Bar::Forgives(wrong) => count - right <= wrong,
        Bar::OfPeers(percent) => 100 * proved >= percent * peers.len(),
    })
}

/// Whether a value is that of a known optimum, or lower: the rule for peers, of whose points only the values are known.
fn is_reached(problem: &Problem, objective: f64, tolerance: f64) -> bool {
    problem.optima.iter().any(|known| objective - known <= tolerance * known.abs().max(1.0) && known.is_finite())
}

/// The problems that some peer solves, where the suite has a list of peers.
fn solved_by_peers(suite: &str) -> Result<BTreeSet<String>, String> {
    let path = format!("suites/{suite}/peers.csv");
    if !Path::new(&path).exists() {
        return Ok(BTreeSet::new());
    }
    let by_peers = |row: Vec<String>| (row.last().map(String::as_str) == Some("yes")).then(|| row[0].clone());
    Ok(rows(&path)?.into_iter().filter_map(by_peers).collect())
}

/// How many of these end as low, and how many with a certificate.
fn beside_peers(suite: &str, all: usize, by_value: usize, proved: usize) -> String {
    if all == 0 {
        return String::new();
    }
    format!(
        " Of the {all} that a peer solves (`suites/{suite}/peers.csv`), {by_value} end at such a value or a lower one, which is \
         the rule for the peers, and {proved} of these with a certificate."
    )
}

/// The table's row, and whether the answer is right.
fn report(problem: &Problem, outcome: &Outcome, tolerance: f64) -> (String, bool) {
    let error_to = |known: f64| (outcome.objective - known).abs() / known.abs().max(1.0);
    let nearest = problem.optima.iter().copied().min_by(|a, b| error_to(*a).total_cmp(&error_to(*b)));
    let known = nearest.unwrap_or(f64::NAN);
    let error = error_to(known);
    // A problem without an optimum is one without a feasible point.
    let infeasible = problem.optima.is_empty();
    let holds = if infeasible { outcome.status == "infeasible" } else { error <= tolerance && outcome.solved };
    let (known, error) =
        if infeasible { ("infeasible".into(), String::new()) } else { (known.to_string(), format!("{error:.1e}")) };
    let mark = if holds { "" } else { "**" };
    let row = format!(
        "| {} | {} | {} | {:.10} | {known} | {mark}{error}{mark} | {} | {} | {} | {:.0} |",
        problem.name,
        outcome.n_vars,
        outcome.n_cons,
        outcome.objective,
        outcome.status,
        outcome.method,
        outcome.iterations,
        outcome.milliseconds
    );
    (row, holds)
}

/// Solves one problem; errors come as their first line.
fn solve(problem: &Problem, method: Option<&str>) -> Result<Outcome, String> {
    let began = Instant::now();
    let (folder, file) = (problem.model.parent(), problem.model.file_name());
    let (Some(folder), Some(file)) = (folder, file.and_then(|f| f.to_str())) else { return Err("no such file".into()) };
    let setup = Setup {
        set: problem.set.iter().map(|(name, value)| (name.as_str().into(), *value)).collect(),
        data: problem.data.iter().map(|(name, path)| (name.as_str().into(), path.display().to_string())).collect(),
        method: method.map(String::from),
        limits: Limits { seconds: Some(TIME_LIMIT), ..Limits::default() },
        ..Setup::default()
    };
    let mut session = Session::new(Arc::new(FolderLoader::new(folder).allow_all()), setup);
    let solved = session.solve(file, None).map_err(|reports| {
        let text: String = reports.messages().iter().map(|m| render(m, &session.sources, false)).collect();
        text.lines().next().unwrap_or("an error without words").to_string()
    })?;
    let report = solved.report;
    let last = report.runs.last().ok_or("nothing was solved")?;
    Ok(Outcome {
        n_vars: report.problem.facts.n_vars,
        n_cons: report.problem.facts.n_cons,
        objective: report.objectives.first().map_or(0.0, |objective| objective.value),
        status: last.status.phrase().into(),
        solved: last.status.is_optimal(),
        method: last.method.clone(),
        iterations: last.iterations,
        milliseconds: began.elapsed().as_secs_f64() * 1e3,
    })
}

/// The models of a folder whose `known.csv` names them with their optima.
fn listed(folder: &str) -> Result<Vec<Problem>, String> {
    let list = rows(&format!("{folder}/known.csv"))?;
    list.iter()
        .map(|row| {
            let name = row[0].clone();
            let mut optima = vec![number(&row[3])?];
            for also in row[4].split_whitespace() {
                optima.push(number(also)?);
            }
            let model = Path::new(folder).join(format!("{name}.opt"));
            Ok(Problem { name, model, set: Vec::new(), data: Vec::new(), optima, methods: vec![None] })
        })
        .collect()
}

/// Cases with a `.m` file, as tables in the build folder.
fn power_flow() -> Result<Vec<Problem>, String> {
    let folder = corpora().join("pglib-opf");
    let known = rows(&folder.join("known.csv").display().to_string())?;
    let mut problems = Vec::new();
    for row in known {
        let name = row[0].split('.').next().unwrap_or_default().to_string();
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.m"))) else { continue };
        let tables = matpower::convert(&text).map_err(|e| format!("{name}: {e}"))?;
        let out = Path::new("target/opf").join(&name);
        std::fs::create_dir_all(&out).map_err(|e| e.to_string())?;
        let published = number(&row[1])?;
        let mut data = Vec::new();
        for (table, content) in [("bus", &tables.bus), ("branch", &tables.branch), ("gen", &tables.gen_)] {
            let path = out.join(format!("{table}.csv"));
            std::fs::write(&path, content).map_err(|e| e.to_string())?;
            let path = path.canonicalize().map_err(|e| e.to_string())?;
            data.push((table.to_string(), path));
        }
        let model = PathBuf::from("examples/opf.opt");
        let set = vec![("published".to_string(), published)];
        problems.push(Problem { name, model, set, data, optima: vec![published], methods: vec![None] });
    }
    Ok(problems)
}

fn corpora() -> PathBuf {
    std::env::var_os("OPTC_CORPORA").map_or_else(|| PathBuf::from("../shared/corpora"), PathBuf::from)
}

/// The rows of a CSV file below its header.
fn rows(path: &str) -> Result<Vec<Vec<String>>, String> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| format!("{path}: {e}"))?;
    let rows: Result<Vec<_>, _> =
        reader.records().map(|row| row.map(|r| r.iter().map(String::from).collect())).collect();
    rows.map_err(|e| format!("{path}: {e}"))
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

/// Replaces the suite's section of the results, or adds it at the end.
fn write_section(name: &str, title: &str, body: &str) -> Result<(), String> {
    let old = std::fs::read_to_string(RESULTS).unwrap_or_else(|_| "# Results\n".into());
    let (begin, end) = (format!("<!-- suite {name} -->\n"), format!("<!-- end {name} -->\n"));
    let section = format!("{begin}## {title}\n\n{body}{end}");
    let new = match (old.find(&begin), old.find(&end)) {
        (Some(from), Some(to)) => format!("{}{section}{}", &old[..from], &old[to + end.len()..]),
        _ => format!("{}\n\n{section}", old.trim_end()),
    };
    std::fs::write(RESULTS, new).map_err(|e| format!("{RESULTS}: {e}"))
}
