//! Linear and quadratic problems through matrices, presolve, cones and back: the same answers as without.

use optc::data::FolderLoader;
use optc::driver::report::{Index, ProofEntry, Report};
use optc::driver::{Session, Setup};
use optc::problem::{Oracle, Status};
use std::sync::Arc;

/// The report of a model solved by the method that is asked for, or by the router's choice.
pub fn solve_with(text: &str, method: Option<&str>) -> Report {
    let setup = Setup { method: method.map(String::from), ..Setup::default() };
    let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), setup);
    let checked = session.check_text("model.opt", text);
    match session.solve_checked("model.opt", checked, None) {
        Ok(solved) => solved.report,
        Err(reports) => panic!("{text}\n{:?}", reports.messages()),
    }
}

/// The report of a run whose first method was `method`, with all expectations kept.
pub fn solved_by(method: &str, text: &str, status: Status) -> Report {
    let report = solve_with(text, None);
    assert_eq!(report.runs[0].method, method, "{text}\n{:?}", report.runs[0]);
    assert_eq!(report.status(), Some(status), "{text}\n{:?}", report.runs);
    assert!(report.expectations.iter().all(|e| e.holds), "{text}\n{:?}", report.expectations);
    report
}

#[test]
fn every_kind_of_row_and_bound_comes_back_with_its_multiplier() {
    // Rows with one variable become bounds and give their multipliers back; a fixed variable is taken out; a range stands beside them.
    let text = "var x >= 0\nvar y in [0, 4]\nvar z\nvar fixed == 2\n\
                maximize gain: 3 * x + 2 * y - z + fixed + 7\nsubject to\n  \
                cap: x + y + 0 * z <= 5\n  range: 1 <= x - y <= 3\n  single: 2 * x <= 7\n  low: -3 * z <= 6\n  \
                both: fixed + z + x >= -100\n\
                expect x ~= 3.5\nexpect y ~= 1.5\nexpect z ~= -2\nexpect gain ~= 24.5\n\
                expect dual(cap) ~= 2\nexpect dual(single) ~= 0.5\nexpect dual(low) ~= 0.3333333333 tol 1e-9\n";
    solved_by("clarabel", text, Status::GlobalOptimum);
}

#[test]
fn chains_of_rows_with_one_variable_unravel_in_their_order() {
    // a is fixed by its row, which leaves one variable in the next row, and so on.
    let text = "var a\nvar b\nvar c\nvar d in [0, 10]\nminimize f: a + 2 * b + 3 * c + d\nsubject to\n  \
                first: 2 * a == 4\n  second: a + b == 5\n  third: b - c <= 1\n  fourth: c + d >= 1\n\
                expect a ~= 2\nexpect b ~= 3\nexpect c ~= 2\nexpect d ~= 0\nexpect f ~= 14\n\
                expect dual(third) ~= -3\nexpect dual(second) ~= 5\nexpect dual(first) ~= -2\n";
    solved_by("clarabel", text, Status::GlobalOptimum);
}

#[test]
fn problems_with_parts_missing_are_problems() {
    for text in [
        // No objective; no rows; no rows and a constant objective; everything fixed.
        "var x in [0, 1]\nvar y\nsubject to x + y == 3\n",
        "var x in [1, 3]\nvar y in [-1, 1]\nminimize f: x - y\nexpect f ~= 0\n",
        "var x in [1, 3]\nminimize f: 5\nexpect f ~= 5\n",
        "var x == 2\nvar y == 3\nminimize f: x * 2 + y\nsubject to c: x + y <= 5\nexpect f ~= 7\n",
        "var x\nminimize f: x\nsubject to c: x == 2\nexpect f ~= 2\nexpect dual(c) ~= 1\n",
    ] {
        solved_by("clarabel", text, Status::GlobalOptimum);
    }
    let quadratic = "var x in [1, 3]\nminimize f: 4 + (x - 2)^2\nexpect f ~= 4\n";
    solved_by("clarabel", quadratic, Status::GlobalOptimum);
}

#[test]
fn contradictions_and_falls_are_proved_in_the_rows_as_written() {
    for text in [
        // By rows that presolve would turn into bounds, alone and together.
        "var x\nminimize x\nsubject to\n  2 * x >= 7\n  3 * x <= 9\n",
        "var x in [0, 1]\nminimize x\nsubject to 4 * x == 6\n",
        "var a\nvar b in [0, 1]\nminimize a\nsubject to\n  2 * a == 6\n  a + b == 1\n",
        "var x == 1\nvar y == 1\nminimize x\nsubject to x + y >= 3\n",
        "var x >= 0\nvar y >= 0\nminimize x^2 + y^2\nsubject to\n  x + y <= 1\n  x - y >= 2\n",
        // Both without a point and with a falling direction.
        "var x >= 0\nvar y >= 0\nmaximize x\nsubject to\n  y >= 2\n  y <= 1\n",
    ] {
        solved_by("clarabel", text, Status::Infeasible);
    }
    for text in [
        "var x\nminimize x\n",
        "var x >= 0\nvar y >= 0\nmaximize x + 2 * y\nsubject to x - y <= 3\n",
        "var x\nvar y\nvar z == 3\nminimize x - y\nsubject to\n  3 * x + 7 * y >= 1\n  x + 2 * y <= 10 + z\n  y <= 5\n  x <= 4\n  x + y >= -1e6 * z\n  y >= -5\n  x >= -4\n",
        "var x\nvar y >= 0\nminimize (x - 1)^2 - 3 * y\nsubject to x + 0.1 * y >= 1\n",
    ] {
        let wanted = if text.contains("x >= -4") { Status::GlobalOptimum } else { Status::Unbounded };
        solved_by("clarabel", text, wanted);
    }
}

/// The number of the row or variable of an entry, in the order of the report.
fn place<'r>(of: impl Iterator<Item = (&'r str, &'r Index)>, entry: &ProofEntry) -> usize {
    let mut first = 0;
    for (name, index) in of {
        let is_it =
            |at: &usize| (0..index.n_parts()).map(|part| index.label(*at, part)).eq(entry.index.iter().cloned());
        if name == entry.name {
            return first + (0..index.len()).find(is_it).expect("its subscripts are in the report");
        }
        first += index.len();
    }
    panic!("{} is not in the report", entry.name)
}

/// The matrix of the rows of a linear model, dense, from the interpreter.
fn matrix(text: &str) -> Vec<Vec<f64>> {
    let mut session = Session::new(Arc::new(FolderLoader::new(".").allow_all()), Setup::default());
    let checked = session.check_text("model.opt", text);
    let judge = session.bind(checked).unwrap_or_else(|reports| panic!("{:?}", reports.messages())).judge();
    let (n, m) = (judge.shape().n_vars, judge.shape().n_cons);
    let mut workspace = judge.workspace();
    workspace.set_point(&vec![0.0; n]);
    let mut values = vec![0.0; judge.jacobian_pattern().nnz()];
    judge.jacobian(&mut workspace, &mut values).expect("linear rows have slopes");
    let mut rows = vec![vec![0.0; n]; m];
    judge.jacobian_pattern().entries().for_each(|(k, i, j)| rows[i][j] = values[k]);
    rows
}

#[test]
fn proofs_in_the_report_can_be_recomputed_by_name() {
    let infeasible = [
        "set I = 1..3\nvar x[I] in [0, 1]\nminimize f: sum(i in I: x[i])\nsubject to\n  \
         need: sum(i in I: x[i]) >= 5\n  pair[i in 1..2]: x[i] + x[i + 1] <= 1.5\n",
        "set C = {north, south}\nvar x[C] >= 0\nvar y\nminimize y\nsubject to\n  \
         each[c in C]: x[c] - y <= 2\n  3 * y <= 1\n  all: sum(c in C: x[c]) - y == 6\n",
    ];
    for text in infeasible {
        for method in [None, Some("interior_point")] {
            let report = solve_with(text, method);
            let proof = report.proof.as_ref().expect("a proof");
            assert_eq!((report.status(), proof.kind), (Some(Status::Infeasible), "infeasible"));
            let (a, rows) = (matrix(text), &report.constraints);
            let ends: Vec<(f64, f64)> =
                rows.iter().flat_map(|c| c.lower.iter().copied().zip(c.upper.iter().copied())).collect();
            let bounds: Vec<(f64, f64)> =
                report.variables.iter().flat_map(|v| v.lower.iter().copied().zip(v.upper.iter().copied())).collect();
            let (mut slopes, mut most) = (vec![0.0; bounds.len()], 0.0);
            for entry in &proof.entries {
                let row = place(rows.iter().map(|c| (c.name.as_str(), &c.index)), entry);
                slopes.iter_mut().zip(&a[row]).for_each(|(s, a)| *s += entry.value * a);
                most += entry.value * if entry.value > 0.0 { ends[row].1 } else { ends[row].0 };
            }
            // The least that the weighted rows come to in the box; rounding has no room to count.
            let fall = |(s, (lo, hi)): (&f64, &(f64, f64))| match *s {
                s if s.abs() <= 1e-12 => 0.0,
                s => s * if s > 0.0 { *lo } else { *hi },
            };
            let least: f64 = slopes.iter().zip(&bounds).map(fall).sum();
            assert!(least > most + 1e-3, "{text} by {method:?}: {least} is not above {most}");
        }
    }
    let text = "set I = 1..2\nvar x[I] >= 0\nvar y\nmaximize f: x[1] + 2 * x[2]\nsubject to c: x[1] - x[2] + y <= 3\n";
    let report = solve_with(text, None);
    let proof = report.proof.as_ref().expect("a proof");
    assert_eq!((report.status(), proof.kind), (Some(Status::Unbounded), "unbounded"));
    let mut ray = [0.0; 3];
    for entry in &proof.entries {
        ray[place(report.variables.iter().map(|v| (v.name.as_str(), &v.index)), entry)] = entry.value;
    }
    let along: f64 = matrix(text)[0].iter().zip(&ray).map(|(a, d)| a * d).sum();
    assert!(along <= 1e-12 && ray[0] >= 0.0 && ray[1] >= 0.0 && ray[0] + 2.0 * ray[1] > 0.1, "{ray:?}");
    // Only what is proved has a proof.
    assert!(solve_with("var x in [0, 1]\nminimize x\n", None).proof.is_none());
}

#[test]
fn a_proof_with_cones_names_the_rows_of_the_model() {
    let text = "set I = 1..2\nvar x[I]\nminimize f: x[1]\nsubject to\n  ball: norm2(i in I: x[i]) <= 1\n  far: x[1] + x[2] >= 3\n";
    let report = solve_with(text, None);
    assert_eq!(report.status(), Some(Status::Infeasible));
    let names: Vec<&str> = report.proof.as_ref().expect("a proof").entries.iter().map(|e| e.name.as_str()).collect();
    assert!(names.contains(&"far") && names.iter().all(|name| ["ball", "far"].contains(name)), "{names:?}");
}

/// A random linear or convex quadratic problem with a feasible point, bounds of all kinds, equations and ranges.
fn random_problem(seed: u64, quadratic: bool) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % 1000) as f64 / 500.0 - 1.0
    };
    let (n, m) = (6, 5);
    let x0: Vec<f64> = (0..n).map(|_| next()).collect();
    let mut text = String::new();
    for (j, x) in x0.iter().enumerate() {
        text += &match (next() * 2.0) as i32 {
            0 => format!("var x{j} in [{}, {}]\n", x - 0.5, x + 0.7),
            1 => format!("var x{j} >= {}\n", x - 0.25),
            _ => format!("var x{j} in [{}, {}]\n", x - 2.0, x + 3.0),
        };
    }
    let cost: Vec<String> = (0..n).map(|j| format!("{} * x{j}", next())).collect();
    text += &format!("minimize f: {}", cost.join(" + "));
    if quadratic {
        for _ in 0..4 {
            let row: Vec<String> = (0..n).map(|j| format!("{} * x{j}", next())).collect();
            text += &format!(" + ({})^2", row.join(" + "));
        }
    } else {
        text += " + 0.5 * x0 + 2 * (x1 + x2 + x3 + x4 + x5)";
    }
    text += "\nsubject to\n";
    for i in 0..m {
        let row: Vec<f64> = (0..n).map(|j| if j == i || next() > 0.0 { next() } else { 0.0 }).collect();
        let value: f64 = row.iter().zip(&x0).map(|(a, x)| a * x).sum();
        let sum: Vec<String> = row.iter().enumerate().map(|(j, a)| format!("{a} * x{j}")).collect();
        let sum = sum.join(" + ");
        text += &match i {
            0 => format!("  c{i}: {sum} == {value}\n"),
            1 => format!("  c{i}: {} <= {sum} <= {}\n", value - 0.1, value + 0.3),
            2 => format!("  c{i}: {sum} >= {}\n", value - 0.2),
            _ => format!("  c{i}: {sum} <= {}\n", value + 0.2),
        };
    }
    text
}

#[test]
fn random_problems_have_the_optimum_and_the_multipliers_that_the_interior_point_finds() {
    for seed in 1..=40 {
        for quadratic in [false, true] {
            let text = random_problem(seed, quadratic);
            let engine = solved_by("clarabel", &text, Status::GlobalOptimum);
            let other = solve_with(&text, Some("interior_point"));
            assert_eq!(other.status(), Some(Status::GlobalOptimum), "{text}");
            let close = |a: f64, b: f64, tol: f64| (a - b).abs() <= tol * b.abs().max(1.0);
            assert!(close(engine.objectives[0].value, other.objectives[0].value, 1e-6), "{text}");
            for (one, two) in engine.constraints.iter().zip(&other.constraints) {
                let mut pairs = one.duals.iter().zip(&two.duals);
                assert!(pairs.all(|(a, b)| close(*a, *b, 1e-4)), "{text}\n{:?}\n{:?}", one.duals, two.duals);
            }
        }
    }
}

#[test]
fn norms_of_affine_terms_are_convex() {
    let ball = "set I = 1..3\nvar x[I]\nminimize cost: sum(i in I: i * x[i])\nsubject to\n  \
                ball: norm2(i in I: x[i] - 1) <= 2\nexpect cost ~= -1.4833147735 tol 1e-6\n";
    let sum = "set I = 1..5\nparam p[I] = [1, 2, 3, 4, 10]\nparam q[I] = [1, 5, 2, 4, 3]\nvar x\nvar y\n\
               minimize far: sum(i in I: norm2([x - p[i], y - q[i]]))\n";
    for text in [ball, sum] {
        assert_eq!(solve_with(text, None).status(), Some(Status::GlobalOptimum), "{text}");
    }
    // Less than a norm is not convex.
    let outside = "var x\nvar y\nminimize x + y^2\nsubject to\n  sqrt(x^2 + y^2) >= 1\n  x >= -2\n";
    assert_ne!(solve_with(outside, None).status(), Some(Status::GlobalOptimum));
}
