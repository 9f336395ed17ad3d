//! What the checker makes of programs: models that hold together, one report for one cause.

use optc::base::Name;
use optc::data::{ColumnKind, FolderLoader, Store};
use optc::diag::{Reports, Severity, Sources, render::render};
use optc::ir::Model;
use optc::sema::{self, ColumnInfo};
use optc::solve::registry;
use optc::syntax::ast::StmtKind;
use optc::syntax::parse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A checked program: the model, the reports, and the texts to draw them with.
pub struct Checked {
    pub model: Model,
    pub reports: Reports,
    pub sources: Sources,
}

impl Checked {
    /// All reports as text.
    pub fn said(&self) -> String {
        self.reports.messages().iter().map(|m| render(m, &self.sources, false)).collect()
    }
    /// The codes of all reports.
    pub fn codes(&self) -> Vec<&'static str> {
        self.reports.messages().iter().map(|m| m.code).collect()
    }
    /// Whether some report is an error.
    pub fn fails(&self) -> bool {
        self.reports.messages().iter().any(|m| m.severity == Severity::Error)
    }
}

/// Checks a text; tables are read from `folder`.
pub fn check_in(folder: &Path, name: &str, text: &str) -> Checked {
    let mut sources = Sources::new();
    let file = sources.add(name, text);
    let parsed = parse(file, text);
    let mut reports = parsed.reports;
    let mut store = Store::new(Arc::new(FolderLoader::new(folder)));
    let mut schemas: BTreeMap<Name, Vec<ColumnInfo>> = BTreeMap::new();
    for stmt in &parsed.stmts {
        if let StmtKind::Table { name, path, .. } = &stmt.kind {
            let at = Some(stmt.span(path.at));
            if let Some(columns) = store.schema(&path.text, at, &mut sources, &mut reports) {
                let info = |c: optc::data::ColumnSchema| ColumnInfo {
                    numeric: c.kind != ColumnKind::Text,
                    name: c.name,
                    word: c.word,
                };
                schemas.insert(name.name.clone(), columns.into_iter().map(info).collect());
            }
        }
    }
    let (model, found) = sema::analyse(&sema::Inputs {
        stmts: &parsed.stmts,
        sources: &sources,
        schemas: &schemas,
        methods: registry::methods(),
        overrides: &[],
    });
    reports.extend(found);
    Checked { model, reports, sources }
}

/// Checks a text without files.
pub fn check(text: &str) -> Checked {
    check_in(Path::new("."), "model.opt", text)
}

fn models_in(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{folder}: {e}"))
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "opt"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_example_and_every_model_of_the_suites_is_accepted_in_silence() {
    let files: Vec<PathBuf> = ["examples", "suites/hs"].iter().flat_map(|f| models_in(f)).collect();
    assert!(files.len() > 70, "only {} models found", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a readable model");
        let folder = file.parent().expect("a file in a folder");
        let checked = check_in(folder, &file.display().to_string(), &text);
        assert!(checked.reports.is_empty(), "{}", checked.said());
    }
}

/// Everything a model may say that is right; each must pass without a word.
const RIGHT: &[(&str, &str)] = &[
    ("order of lines", "minimize (x - b)^2\nvar x <= b\nparam b = 2 * a\nparam a = 3\n"),
    (
        "sets of every kind",
        "set s = {a, b}\nset t = 1..3\nset u = {1, 3, 5}\nset arcs = {(a, b), (b, a)}\nset near = {i in s, k in t if k >= 2}\n\
         set alias = s\nset half = {k in t if k <= 2}\nvar x[s] >= 1\nvar y[arcs] >= 1\nvar z[near] >= 1\nvar w[alias, half] >= 1\n\
         minimize sum(i in s: x[i]) + sum((i, j) in arcs: y[i, j]) + sum(e in arcs: y[e]) + sum((i, k) in near: z[i, k] * x[i])\n  \
         + sum(i in alias, k in half: w[i, k] * x[i]) + sum(i in {a, b}: x[i])\n",
    ),
    (
        "dependent ranges and filters",
        "param n = 4\nvar x[1..n] >= 0\nvar low[i in 1..n, j in 1..i if i != j] >= 0\n\
         minimize sum(i in 1..n, j in i+1..n if mod(i + j, 2) == 0: x[i] * x[j]) + sum(i in 2..n: low[i, i - 1])\n\
         subject to\n  c[i in 1..n, j in 1..i]: x[i] + x[j] >= 1\n",
    ),
    (
        "membership",
        "set s = {a, b, c}\nset arcs = {(a, b), (b, c)}\nvar x[s, s] >= 0\n\
         minimize sum(i in s, j in s if (i, j) in arcs and i in {a, c} and not (j == a): x[i, j])\n",
    ),
    (
        "arrays",
        "set obs = 1..3\nset feat = {f, g}\nparam X[obs, feat] = [[1, 2], [3, 4], [5, 6]]\nparam y[obs] = [1, 2, 3]\n\
         var w[feat]\nvar b\nlet r = X * w + b - y\nlet G = X' * X\n\
         minimize loss: dot(r, r) + w' * G * w + norm2(w) + sum(sin(w) .* w) + max(abs(r)) + logsumexp(r) + sum(softmax(w))\n\
         subject to\n  fit: X * w + b - y <= r + 1\n  cap: -1 <= w <= 1\nsolve\nshow w, r, dual(fit), slack(cap[f]), loss\n\
         expect norm2(w) <= 10\nexpect loss >= 0\n",
    ),
    (
        "lists with variables",
        "var x\nvar y\nlet p = [x, y, x * y]\nminimize norm2(p) + p[2]^2 + sum(i in 1..3: p[i])\n",
    ),
    (
        "functions",
        "fn sq(x) = x^2\nfn loss(r, k = 1) = if abs(r) <= k then sq(r) / 2 else k * (abs(r) - k / 2)\nfn total(S) = sum(i in S: v[i])\n\
         set s = 1..3\nvar v[s]\nminimize loss(v[1]) + loss(v[2], 3) + loss(k = 2, r = v[3]) + total(s)\n",
    ),
    (
        "integers and starts",
        "param x0[1..2] = [1, 2]\nvar n: int in 0..10\nvar open: bool\nvar x[i in 1..2] in [0, 10 * i] start x0[i]\n\
         var w[1..2, 1..3] start xavier\nvar u[1..3] start normal(0, 0.1)\nvar z[1..2] start x0\n\
         minimize n + open + sum(x) + sum(w) + sum(u) + sum(z)\n",
    ),
    (
        "several objectives, tuning",
        "hyper lambda in [1e-6, 1e2] log\nhyper width: int in 4..64\nvar x in [0, 1]\nminimize a: x + lambda\nmaximize b: x^2 + width\n\
         solve with nsga2(population = 20, generations = 3)\ntune minimize a with bohb(trials = 81, eta = 3, fidelity = epochs)\n",
    ),
    (
        "pipelines",
        "var x\nminimize (x - 1)^2\nsolve with adam(rate = cosine(1e-2, warmup = 100), batch = 32, epochs = 20) then lbfgs\n",
    ),
    (
        "complements, ranges, equalities",
        "var a >= 0\nvar b >= 0\nminimize a + b\nsubject to\n  gap: a >= 0 complements b >= 0\n  0.5 <= a + b <= 2\n  2 >= a >= 0\n  a == b\n",
    ),
    ("losses over arrays", "param y = [1, 2]\nvar x[1..2]\nminimize mse(x, y) + mae(x, y)\n"),
    ("a chain of conditions", "param n = 3\ncheck 1 <= n <= 4 and (n > 2 or n == 1)\nvar x\nminimize x^2\n"),
];

#[test]
fn right_programs_pass_without_a_word() {
    for (what, text) in RIGHT {
        let checked = check(text);
        assert!(checked.reports.is_empty(), "{what}:\n{text}\n{}", checked.said());
    }
}

/// Snapshots of checked models: `tests/ir/*.opt` beside `*.ir`.
#[test]
fn checked_models_read_as_their_snapshots() {
    let files = models_in("tests/ir");
    assert!(!files.is_empty(), "no model in tests/ir");
    let mut faults = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a readable model");
        let checked = check_in(Path::new("tests/ir"), &file.display().to_string(), &text);
        assert!(checked.reports.is_empty(), "{}", checked.said());
        let printed = optc::ir::text::model(&checked.model);
        let snapshot = file.with_extension("ir");
        if std::env::var_os("OPTC_BLESS").is_some() {
            std::fs::write(&snapshot, &printed).expect("a writable snapshot");
        } else if std::fs::read_to_string(&snapshot).is_ok_and(|kept| kept == printed) {
            continue;
        } else {
            faults.push_str(&format!("{}:\n{printed}\n", file.display()));
        }
    }
    assert!(faults.is_empty(), "the models changed; OPTC_BLESS=1 keeps this:\n{faults}");
}

#[test]
fn the_size_of_a_model_is_that_of_its_text_whatever_the_size_of_its_sets() {
    let model = |n: usize| {
        format!(
            "param n = {n}\nvar x[1..{n}] >= 0\nparam A[i in 1..{n}, j in 1..{n}] = i / (i + j)\nlet r = A * x - 1\n\
             minimize sum(r .^ 2) + sum(i in 2..n: x[i] * x[i - 1])\nsubject to\n  c[i in 1..n]: sum(j in 1..i: x[j]) <= i\n"
        )
    };
    let (small, large) = (check(&model(10)), check(&model(1_000_000)));
    assert!(small.reports.is_empty() && large.reports.is_empty(), "{}", small.said());
    let sizes = |c: &Checked| (c.model.graph.len(), c.model.domains.len(), c.model.sets.len(), c.model.binders.len());
    assert_eq!(sizes(&small), sizes(&large));
}

#[test]
fn params_that_shape_the_model_are_structural_and_the_others_are_not() {
    let text = "param n = m + 1\nparam m = 2\nparam p = 2\nparam c = 5\nparam lim[1..n] = [1, 2, 3]\nparam pick = 2\nparam cut = 1\n\
        var x[1..n] >= 0\nminimize c * sum(i in 1..n if lim[i] > cut: x[i]^p) + x[pick]\n";
    let checked = check(text);
    assert!(!checked.fails(), "{}", checked.said());
    let structural: Vec<&str> =
        checked.model.params.iter().filter(|p| p.role == optc::ir::model::Role::Structural).map(|p| &*p.name).collect();
    for name in ["n", "m", "p", "lim", "pick", "cut"] {
        assert!(structural.contains(&name), "{name} is not in {structural:?}");
    }
    assert!(!structural.contains(&"c"));
}

#[test]
fn long_and_deep_models_take_time_in_proportion() {
    let terms: Vec<String> = (0..1_000_000).map(|k| format!("{}*x[{}]", k % 7 + 1, k % 1000 + 1)).collect();
    let checked = check(&format!("var x[1..1000] >= 0\nminimize {}\n", terms.join(" + ")));
    assert!(checked.reports.is_empty(), "{}", checked.said());
    for link in ["(1 + ", "sin("] {
        let deep = format!("var x >= 0\nminimize {}x{}\n", link.repeat(3_000), ")".repeat(3_000));
        let checked = check(&deep);
        assert!(checked.reports.is_empty(), "{}", checked.said());
    }
    let lines: String = (0..100_000).rev().map(|k| format!("let v{} = v{k} + x\n", k + 1)).collect();
    let chain = format!("var x >= 0\nminimize v100000\n{lines}let v0 = x\n");
    let checked = check(&chain);
    assert!(checked.reports.is_empty(), "{}", checked.said());
}

#[test]
fn names_from_outside_are_params_or_tables() {
    let text = "param lambda = 1\nvar x\nminimize (x - lambda)^2\n";
    let mut sources = Sources::new();
    let file = sources.add("model.opt", text);
    let parsed = parse(file, text);
    let names = [Name::from("lamda"), Name::from("lambda"), Name::from("x")];
    let (_, reports) = sema::analyse(&sema::Inputs {
        stmts: &parsed.stmts,
        sources: &sources,
        schemas: &BTreeMap::new(),
        methods: registry::methods(),
        overrides: &names,
    });
    let said: String = reports.messages().iter().map(|m| render(m, &sources, false)).collect();
    assert_eq!(reports.len(), 2, "{said}");
    assert!(said.contains("did you mean `lambda`") && said.contains("`x` is a variable"), "{said}");
}

#[test]
fn functions_written_out_without_end_are_refused() {
    let mut text = String::from("fn f0(x) = x + 1\n");
    for k in 1..60 {
        text.push_str(&format!("fn f{k}(x) = f{}(f{}(x))\n", k - 1, k - 1));
    }
    text.push_str("var x\nminimize f59(x)^2\n");
    assert_eq!(check(&text).codes(), ["E0913"]);
}

#[test]
fn a_head_of_many_thousand_indices_is_refused_at_once() {
    let head: Vec<String> = (0..100_000).map(|k| format!("i{k} in 1..2")).collect();
    let text = format!("var x[1..2] >= 1\nminimize sum({}: x[i0])\n", head.join(", "));
    assert_eq!(check(&text).codes(), ["E0919"]);
    let text = format!("var x[{}] >= 1\nminimize 1\n", head.join(", "));
    assert_eq!(check(&text).codes(), ["E0919"]);
}

#[test]
fn wrong_models_cost_no_more_than_their_size() {
    let n = 50_000;
    let unknown: String = (0..n).map(|k| format!("let v{k} = w{k} + 1\n")).collect();
    let twice: String = (0..n).map(|k| format!("var x{}\n", k / 2)).collect();
    let cycle: String = (0..n).map(|k| format!("param p{k} = p{} + 1\n", (k + 1) % n)).collect();
    let keys: Vec<String> = (0..n).map(|k| format!("k{}: 1", k / 2)).collect();
    let args: Vec<String> = (0..n).map(|k| format!("a{k} = 1")).collect();
    let options: Vec<String> = (0..n).map(|k| format!("memory{k} = 1")).collect();
    let texts = [
        unknown,
        twice,
        cycle,
        format!("param p[1..2] = {{{}}}\n", keys.join(", ")),
        format!("fn f(x) = x\nvar x\nminimize f({})\n", args.join(", ")),
        format!("var x\nminimize x^2\nsolve with lbfgs({})\n", options.join(", ")),
        format!("var x\nminimize {}x{}\n", "{i in ".repeat(2_000), "}".repeat(2_000)),
        format!("var x\nminimize {}1{}\n", "[".repeat(5_000), "]".repeat(5_000)),
        format!("set s = {}{{a}}{}\n", "(".repeat(5_000), ")".repeat(5_000)),
        format!("var x\nminimize x\nsolve with lbfgs(tol = {}1{})\n", "cosine(".repeat(4_000), ")".repeat(4_000)),
    ];
    for text in texts {
        let began = std::time::Instant::now();
        let checked = check(&text);
        let took = began.elapsed();
        println!("{:?}…: {} reports in {took:.2?}", text.chars().take(24).collect::<String>(), checked.reports.len());
        assert!(checked.fails() || text.starts_with("set"), "{:?}", &text[..24]);
        assert!(took.as_secs() < 60, "{:?} took {took:?}", &text[..24]);
    }
}

/// What arrays, records, sets and functions mean, by numbers worked out by hand: `tests/meaning`.
#[test]
fn programs_mean_what_they_say() {
    let files = models_in("tests/meaning");
    assert!(files.len() >= 6);
    for file in files {
        let name = file.file_name().and_then(|f| f.to_str()).expect("a file name");
        let loader = Arc::new(FolderLoader::new("tests/meaning"));
        let mut session = optc::driver::Session::new(loader, optc::driver::Setup::default());
        let report = match session.solve(name, None) {
            Ok(solved) => solved.report,
            Err(reports) => {
                let said: String = reports.messages().iter().map(|m| render(m, &session.sources, false)).collect();
                panic!("{name}:\n{said}")
            }
        };
        assert!(!report.expectations.is_empty());
        for expected in report.expectations {
            assert!(expected.holds, "{}: {}, found {}", expected.place, expected.text, expected.found);
        }
    }
}
