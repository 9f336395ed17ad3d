//! Text becomes statements: what the language accepts, and how.

use optc::base::{FileId, Id};
use optc::diag::{Sources, render::render};
use optc::syntax::{Parsed, parse};

fn file() -> FileId {
    FileId::new(0)
}

/// Parses a text that has nothing wrong in it.
fn accepted(text: &str) -> Parsed {
    let parsed = parse(file(), text);
    let mut sources = Sources::new();
    sources.add("model.opt", text);
    let said: String = parsed.reports.messages().iter().map(|m| render(m, &sources, false)).collect();
    assert!(parsed.reports.is_empty(), "{said}");
    assert!(parsed.lost.is_empty(), "lost without a report: {:?}", parsed.lost);
    parsed
}

const DECLARATIONS: &str = r#"
include "common.opt"

set   plants  = {seattle, san_diego}         # labels
set   hours   = 1..24                        # integers, inclusive
set   near    = {i in plants, j in markets if dist[i, j] < 3}     # tuples, filtered
set   cities  = distinct(roads.from)         # from a column

param lambda = 0.1                           # a default
param supply[plants] = {seattle: 350, san_diego: 600}
param c[i in plants, j in markets] = 90 * dist[i, j] / 1000
param demand[markets] from "demand.csv"      # key columns then value; long or wide
table iris from "iris.csv"                   # rows are records
table branch from "branch.csv" key (id)
split iris into train 0.8, test 0.2 seed 7

var x                                        # a free real
var ship[i in plants, j in markets] >= 0
var x[i in 1..4] in [1, 5] start x0[i]       # bounds and initial value in one place
var n: int in 0..10
var open[plants]: bool
var W[features, hidden] start xavier         # also: he, normal(0, 0.1), uniform(-1, 1); seeded

let r[d in obs] = d.y - b1 * (1 - exp(-b2 * d.x))      # defined expression, any shape
fn  huber(r, k = 1) = if abs(r) <= k then r^2 / 2 else k * (abs(r) - k / 2)
extern fn lift(alpha, chord) = "./simulate --alpha {alpha} --chord {chord}"

check sum(i in plants: supply[i]) >= sum(j in markets: demand[j]) : "supply is short"
expect cost ~= 153.675 tol 1e-6
"#;

const SOLVING: &str = r#"
minimize cost: sum(i in plants, j in markets: c[i, j] * ship[i, j])

subject to
  capacity[i in plants]: sum(j in markets: ship[i, j]) <= supply[i]
  0.5 <= x + y <= 2                          # a range; a name is optional but recommended
  gap: a >= 0 complements b >= 0

solve                                        # the router chooses, and says why
solve with interior_point(tol = 1e-9, max_iter = 500)
solve with adam(rate = cosine(1e-2, warmup = 100), batch = 32, epochs = 20) then lbfgs   # a pipeline
show x, cost, r                              # what to print; default: variables and objectives
show dual(capacity), slack(capacity)
expect dual(capacity[seattle]) ~= 0.2
minimize weight: 7.8 * w * h
maximize stiffness: w * h^3 / 12
solve with nsga2(population = 200, generations = 300)
hyper lambda in [1e-6, 1e2] log
hyper width: int in 4..64
tune minimize valid_loss with bohb(trials = 81, eta = 3, fidelity = epochs)
"#;

#[test]
fn everything_the_design_shows_parses() {
    assert_eq!(accepted(DECLARATIONS).stmts.len(), 23);
    assert_eq!(accepted(SOLVING).stmts.len(), 17);
}

#[test]
fn every_model_of_the_project_parses() {
    let mut count = 0;
    for folder in ["examples", "suites/hs", "tests/solve"] {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "opt")) {
            let text = std::fs::read_to_string(&path).expect("models are UTF-8");
            println!("{}", path.display());
            accepted(&text);
            count += 1;
        }
    }
    assert!(count >= 12, "only {count} models found");
}
