//! What is blamed: the cell, the definition, the empty set, the part of a long line; and what is
//! refused before it takes its time.

use optc::data::MemoryLoader;
use optc::diag::{Message, render::render};
use optc::driver::{Session, Setup};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The messages about a model with its files when it is checked and, if nothing is wrong, solved.
fn reported(text: &str, files: &[(&str, &str)]) -> Vec<(Message, String)> {
    let loader = files.iter().fold(MemoryLoader::new(), |l, (name, text)| l.with(*name, *text));
    let mut session = Session::new(Arc::new(loader), Setup::default());
    let checked = session.check_text("m.opt", text);
    let mut reports = checked.reports.clone();
    if !reports.has_errors() {
        reports = match session.solve_checked("m.opt", checked, None) {
            Ok(solved) => solved.remarks,
            Err(found) => found,
        };
    }
    reports.messages().into_iter().map(|m| (m.clone(), render(&m, &session.sources, false))).collect()
}

/// The only message, drawn, and its code.
fn only(text: &str, files: &[(&str, &str)]) -> (&'static str, String) {
    let mut found = reported(text, files);
    let all: Vec<&str> = found.iter().map(|(_, drawn)| drawn.as_str()).collect();
    assert_eq!(found.len(), 1, "{}", all.concat());
    let (message, drawn) = found.remove(0);
    (message.code, drawn)
}

fn assert_says(drawn: &str, parts: &[&str]) {
    for part in parts {
        assert!(drawn.contains(part), "`{part}` is missing in\n{drawn}");
    }
}

#[test]
fn a_word_among_the_values_of_a_param_is_blamed_and_not_the_numbers_above_it() {
    let model = "set I = 1..3\nparam c[I] from \"c.csv\"\nvar x[I] >= 0\nminimize sum(i in I: c[i] * x[i])\n";
    let (code, drawn) = only(model, &[("c.csv", "i,c\n1,2\n2,3\n3,x\n")]);
    assert_eq!(code, "E0501");
    assert_says(&drawn, &["`x` in column `c`", "c.csv:4:3", "m.opt:2:17", "needed by this line"]);
    let wide = "set I = 1..2\nset J = 1..2\nparam c[I, J] from \"c.csv\"\nvar x[I] >= 0\n\
                minimize sum(i in I, j in J: c[i, j] * x[i])\n";
    let (code, drawn) = only(wide, &[("c.csv", "i,1,2\n1,5,6\n2,7,oops\n")]);
    assert_eq!(code, "E0501");
    assert_says(&drawn, &["`oops` in column `2`", "c.csv:3:5", "m.opt:3:20"]);
}

#[test]
fn a_word_in_a_numeric_column_of_a_table_is_blamed_at_its_cell() {
    let model = "table t from \"t.csv\"\nvar x >= 1\nminimize x * sum(r in t: r.b * 2)\n";
    let (code, drawn) = only(model, &[("t.csv", "a,b\n1,2\n2,3\n3,x\n")]);
    assert_eq!(code, "E0501");
    assert_says(&drawn, &["`x` in column `b`", "t.csv:4:3", "m.opt:3:26"]);
    // A column of words alone is one of labels, and the mistake is in the model.
    let (code, _) = only(model, &[("t.csv", "a,b\n1,u\n2,v\n")]);
    assert_eq!(code, "E0401");
}

#[test]
fn a_division_by_a_param_that_is_0_speaks_of_the_param() {
    let (code, drawn) = only("param z = 0\nvar x >= 1\nminimize f: x / z\n", &[]);
    assert_eq!(code, "E0601");
    assert_says(&drawn, &["m.opt:3:13", "z = 0", "no variable is part of it: change `z`"]);
    assert!(!drawn.contains("start") && !drawn.contains("bounds"), "{drawn}");
}

#[test]
fn a_param_without_a_finite_value_is_blamed_where_it_is_defined() {
    let (code, drawn) = only("param z = 0\nparam w = 1 / z\nvar x >= 1\nminimize f: x * w\n", &[]);
    assert_eq!(code, "E0601");
    assert_says(&drawn, &["m.opt:2:11", "1 / z: z = 0", "change `z`"]);
    let rows = "set I = 1..3\nparam z[i in I] = i - 2\nparam w[i in I] = 1 / z[i]\nvar x[I] >= 1\n\
                minimize f: sum(i in I: x[i] * w[i])\n";
    let (_, drawn) = only(rows, &[]);
    assert_says(&drawn, &["m.opt:3:19", "z[2] = 0"]);
}

#[test]
fn a_reduction_over_an_empty_set_says_that_the_set_is_empty() {
    let head = "set I = 1..3\nset E = {i in I if i > 5}\nvar x[I] >= 1\n";
    for (body, what) in
        [("max(i in E: x[i])", "max(i: x[…])"), ("min(i in E: x[i])", "min(i: x[…])"), ("mean(i in E: x[i])", "a mean")]
    {
        let (code, drawn) = only(&format!("{head}minimize f: {body}\n"), &[]);
        assert_eq!(code, "E0604", "{drawn}");
        assert_says(&drawn, &[what, "goes over an empty set", "m.opt:4:13"]);
    }
    let data = "set I = {}\nparam d[I] = 1\nparam m = mean(i in I: d[i])\nvar x >= 1\nminimize f: x * m\n";
    let (code, drawn) = only(data, &[]);
    assert_eq!(code, "E0612");
    assert_says(&drawn, &["empty set", "m.opt:3:"]);
}

#[test]
fn a_file_without_a_problem_is_not_solved() {
    for text in ["", "# nothing\n", "solve\n", "param a = 1\nsolve\n"] {
        assert_eq!(only(text, &[]).0, "E0803", "{text:?}");
    }
    // A file may only look at its data, or only ask for a feasible point.
    assert!(reported("param a = 1\nexpect a == 1\n", &[]).is_empty());
    assert!(reported("var x >= 1\nsolve\n", &[]).is_empty());
}

#[test]
fn work_on_data_is_bounded_before_it_begins() {
    let begin = Instant::now();
    let rest = "var x\nminimize x^2\n";
    for (line, count) in [
        ("check sum(i in 1..100000, j in 1..100000: i * j) > 0\n", "10000000000 combinations"),
        ("param a = sum(i in 1..100000: sum(j in 1..100000: i * j))\n", "10000000000 combinations"),
        ("set S = {i in 1..100000, j in 1..100000 if i * j < 7}\nvar y[S]\n", "10000000000 combinations"),
        ("param a = sum(i in 1..100000: sum(j in 1..i: i * j))\n", "5000050000 elements"),
        ("set I = 1..1e30\nvar y[I]\n", "more elements than can be counted"),
        ("set I = 1..1e12\nvar y[I]\n", "1000000000000 elements"),
    ] {
        let (code, drawn) = only(&format!("{line}{rest}"), &[]);
        assert!(matches!(code, "E0914" | "E0916"), "{drawn}");
        assert_says(&drawn, &[count]);
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "took {:?}", begin.elapsed());
}

#[test]
fn a_long_line_is_shown_around_its_marks() {
    let terms = ["x"; 2_000].join(" + ");
    let (_, drawn) = only(&format!("var x\nminimize f: x + yy * {terms}\n"), &[]);
    assert_says(&drawn, &["m.opt:2:17", "minimize f: x + yy * x", "…"]);
    assert!(drawn.lines().all(|l| l.chars().count() <= 170), "{drawn}");
    let (_, drawn) = only(&format!("var x\nminimize f: {terms} + yy\n"), &[]);
    assert_says(&drawn, &["m.opt:2:8013", "x + yy"]);
    assert!(drawn.lines().all(|l| l.chars().count() <= 170), "{drawn}");
    // The mark stands below what it marks.
    let column = |text: &str, c: char| text.chars().position(|d| d == c);
    let lines: Vec<&str> = drawn.lines().collect();
    let text = lines.iter().position(|l| l.contains("minimize") || l.contains("+ yy")).expect("the line");
    assert_eq!(column(lines[text + 1], '┬').map(|c| c - 1), column(lines[text], 'y'), "{drawn}");
    // Two marks far apart are both kept.
    let (_, drawn) = only(&format!("var x\nminimize f: sum(x + {terms}\n"), &[]);
    assert!(drawn.lines().all(|l| l.chars().count() <= 250), "{drawn}");
}

#[test]
fn a_tower_of_functions_is_refused() {
    let tower = |levels: usize| format!("var x\nminimize {}x{}\n", "sin(".repeat(levels), ")".repeat(levels));
    let horner = format!("var x\nminimize {}x{}\n", "x * (1 + ".repeat(4_000), ")".repeat(4_000));
    let begin = Instant::now();
    for text in [tower(5_000), horner] {
        assert_eq!(only(&text, &[]).0, "E0920");
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "took {:?}", begin.elapsed());
    assert!(reported(&tower(50), &[]).is_empty());
}
