//! Size costs time in proportion and depth costs no stack: reading, checking, printing, formatting, dropping.

use optc::base::limits::MAX_NESTING;
use optc::base::{FileId, Id};
use optc::data::MemoryLoader;
use optc::diag::render::render;
use optc::driver::emit::STAGES;
use optc::driver::{Session, Setup};
use optc::syntax::{Parsed, dump, format, parse};
use std::sync::Arc;
use std::time::Instant;

fn codes(parsed: &Parsed) -> Vec<&'static str> {
    parsed.reports.messages().iter().map(|m| m.code).collect()
}

/// Reads a text without mistakes through every stage of the floor.
fn through_everything(name: &str, text: &str) {
    let began = Instant::now();
    let parsed = parse(FileId::new(0), text);
    let parsing = began.elapsed();
    assert!(parsed.reports.is_empty(), "{name}: {:?}", codes(&parsed));
    assert!(dump::ast(&parsed.stmts, text).len() > text.len() / 8);
    assert!(!dump::tokens(text).is_empty());
    drop(parsed);
    let Ok(formatted) = format(text) else { panic!("{name} does not format") };
    assert!(!formatted.is_empty());
    println!("{name}: {} bytes, parsed in {parsing:.2?}, all stages in {:.2?}", text.len(), began.elapsed());
}

/// Runs on a thread with a small stack, so that recursion over the input cannot hide.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(work).expect("a thread starts");
    if let Err(fault) = thread.join() {
        std::panic::resume_unwind(fault);
    }
}

fn nested(open: &str, inner: &str, close: &str, levels: usize) -> String {
    format!("minimize {}{inner}{}\n", open.repeat(levels), close.repeat(levels))
}

#[test]
fn a_million_terms_and_a_hundred_thousand_statements_are_ordinary() {
    on_a_small_stack(|| {
        let terms: String = (1..1_000_000).map(|i| format!(" + x{}", i % 97)).collect();
        through_everything("1e6 terms", &format!("minimize x{terms}\n"));
        let products: String = (1..1_000_000).map(|_| " * x").collect();
        through_everything("1e6 factors", &format!("minimize x{products}\n"));
        let statements: String = (0..100_000).map(|i| format!("var x{i} in [0, {i}] start 1\n")).collect();
        through_everything("1e5 statements", &statements);
        let one_line: String = (0..100_000).map(|i| format!("var x{i}; ")).collect();
        through_everything("1e5 statements on one line", &one_line);
        let map: String = (0..200_000).map(|i| format!("{i}: {i},\n")).collect();
        through_everything("a map of 2e5 lines", &format!("param p[I] = {{\n{map}}}\n"));
        let comments = "# a remark\n".repeat(200_000);
        through_everything("2e5 lines of comment", &format!("{comments}var x\n"));
        let conditions: String = (0..200_000).map(|i| format!(" and x > {i}")).collect();
        through_everything("2e5 conditions", &format!("check x > 0{conditions}\n"));
        let chain: String = (0..200_000).map(|_| " <= x").collect();
        through_everything("2e5 comparisons", &format!("check x{chain}\n"));
    });
}

#[test]
fn fifty_megabytes_are_read_in_proportion() {
    let line = "  limit_of_this[i in plants, j in markets]: sum(k in 1..24: c[i, j, k] * ship[i, j, k]) <= 3.5e2\n";
    let time = |bytes: usize| {
        let text = format!("subject to\n{}", line.repeat(bytes / line.len()));
        let began = Instant::now();
        let parsed = parse(FileId::new(0), &text);
        assert!(parsed.reports.is_empty());
        drop(parsed);
        (began.elapsed(), text.len())
    };
    let (small, _) = time(5_000_000);
    let (large, bytes) = time(50_000_000);
    println!("{bytes} bytes in {large:.2?}, a tenth of it in {small:.2?}");
    assert!(large.as_secs_f64() < 40.0 * small.as_secs_f64() + 2.0, "{large:?} against {small:?}");
}

#[test]
fn ten_thousand_levels_are_read_and_one_more_is_refused() {
    on_a_small_stack(|| {
        let deep = [
            ("(", "x", ")"),
            ("[", "x", "]"),
            ("{", "x", "}"),
            ("f(", "x", ")"),
            ("x[", "1", "]"),
            ("sum(i in I: ", "x", ")"),
            ("{i in ", "I", "}"),
            ("- ", "x", ""),
            ("not ", "x", ""),
            ("x^", "x", ""),
            ("if x then x else ", "x", ""),
            ("if x then ", "x", " else x"),
            ("if ", "x", " then x else x"),
            ("", "x", "'"),
            ("", "x", "[1]"),
            ("", "x", ".y"),
            ("x - (", "x", ")"),
        ];
        for (open, inner, close) in deep {
            // The innermost call, subscript or comprehension is a level of its own; chains to the right count edges.
            let parsed = parse(FileId::new(0), &nested(open, inner, close, MAX_NESTING));
            let said = codes(&parsed);
            assert!(said.iter().all(|c| *c == "E0122"), "{open}…{close}: {said:?}");
            if said.is_empty() {
                through_everything(&format!("{open}…{close}"), &nested(open, inner, close, MAX_NESTING - 1));
            }
            for levels in [MAX_NESTING + 1, 100 * MAX_NESTING] {
                let parsed = parse(FileId::new(0), &nested(open, inner, close, levels));
                assert!(codes(&parsed).contains(&"E0910"), "{open}…{close} {levels} times: {:?}", codes(&parsed));
            }
        }
    });
}

#[test]
fn wrong_texts_cost_no_more_than_their_size() {
    on_a_small_stack(|| {
        let long = 100_000;
        let wrong = [
            "(".repeat(long),
            ")".repeat(long),
            "([{".repeat(long),
            "(]".repeat(long),
            "x ".repeat(long),
            "+ ".repeat(long),
            "x + ".repeat(long),
            "x ** ".repeat(long),
            "2x + ".repeat(long),
            ".5 ".repeat(long),
            "1.2.3".repeat(long),
            "@".repeat(long),
            "'a' ".repeat(long),
            "var ".repeat(long),
            "var x ".repeat(long / 10),
            "if ".repeat(long),
            "if x then ".repeat(long),
            "x = ".repeat(long),
            "x[i][j]".repeat(long / 10),
            "\"".repeat(long),
            "subject to ".repeat(long),
            "s.t. x ".repeat(long / 10),
            "x\n".repeat(long),
            "(x\n".repeat(long),
            "show\n".repeat(long),
            "minimise x\n".repeat(long / 10),
            "sum(i in I x[i]) + ".repeat(long / 10),
            "{a 1, ".repeat(long / 100),
            "é".repeat(long),
            "\u{0}".repeat(long),
            "-".repeat(long),
            "x--".repeat(long),
            "'".repeat(long),
            "x'".repeat(long),
            "a:".repeat(long),
            ";".repeat(long),
            "f(x; ".repeat(long / 100),
        ];
        for text in wrong {
            let began = Instant::now();
            let parsed = parse(FileId::new(0), &text);
            let count = parsed.reports.len();
            drop(parsed);
            let took = began.elapsed();
            println!("{:?}…: {count} reports in {took:.2?}", &text.chars().take(12).collect::<String>());
            assert!(took.as_secs() < 20, "{:?} took {took:?}", &text[..12]);
        }
    });
}

/// The objective of a model, after every pass: reading, checking, lowering, differentiating, binding, compiling, solving
/// and judging; then the model is shown as these stages see it, and all is dropped.
fn through_every_pass(name: &str, text: &str, stages: &[&str]) -> f64 {
    let began = Instant::now();
    let session = || Session::new(Arc::new(MemoryLoader::new().with("m.opt", text)), Setup::default());
    let mut first = session();
    let solved = first.solve("m.opt", None).unwrap_or_else(|found| {
        let said: String = found.messages().iter().map(|m| render(m, &first.sources, false)).collect();
        panic!("{name}: {said}")
    });
    let value = solved.report.objectives.first().map_or(f64::NAN, |objective| objective.value);
    drop((solved, first));
    let solving = began.elapsed();
    for stage in STAGES.iter().filter(|stage| stages.contains(&stage.name)) {
        assert!((stage.show)(&mut session(), "m.opt").is_ok(), "{name}: {}", stage.name);
    }
    println!("{name}: {} bytes, solved in {solving:.2?}, shown in {:.2?}", text.len(), began.elapsed() - solving);
    value
}

/// Every stage has the size of the statement in it, or is as short as the rest.
const ALL: &[&str] = &["tokens", "ast", "ir", "families", "gradient", "jacobian", "hessian", "kernel"];
/// The last stage passes through all before it.
const SOME: &[&str] = &["ast", "kernel"];

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found} and not {expected}");
}

#[test]
fn a_million_terms_pass_through_every_pass() {
    on_a_small_stack(|| {
        let terms: String = (1..1_000_000).map(|i| format!(" + x[{}]", i % 97 + 1)).collect();
        let text = format!("var x[1..97] in [-1, 1]\nminimize x[1]{terms}\n");
        assert_near(through_every_pass("1e6 terms", &text, SOME), -1e6);
        let text =
            format!("var x in [1, 2]\nminimize (x - 1)^2\nsubject to\n  c: x^2{} >= 0\n", " + x".repeat(999_999));
        assert_near(through_every_pass("1e6 terms in a row", &text, ALL), 0.0);
    });
}

#[test]
fn ten_thousand_parentheses_pass_through_every_pass() {
    on_a_small_stack(|| {
        let model = |open: &str, close: &str, levels: usize| {
            format!("var x in [1, 2]\nminimize {}x{}\n", open.repeat(levels), close.repeat(levels))
        };
        assert_near(through_every_pass("1e4 parentheses", &model("(", ")", MAX_NESTING - 1), ALL), 1.0);
        assert_near(through_every_pass("1e4 sums in parentheses", &model("(x + ", ")", MAX_NESTING - 1), ALL), 1e4);
    });
}

#[test]
fn a_hundred_thousand_statements_pass_through_every_pass() {
    on_a_small_stack(|| {
        let lets: String = (1..100_000).map(|i| format!("let a{i} = a{} + 1\n", i - 1)).collect();
        let text = format!("var y in [1, 2]\nlet a0 = y\n{lets}minimize a99999\n");
        assert_near(through_every_pass("1e5 definitions, each of the one before", &text, ALL), 1e5);
        let vars: String = (0..100_000).map(|i| format!("var x{i} in [{i}, {}] start {i}\n", i + 1)).collect();
        let text = format!("{vars}minimize x0 + (x99999 - 99999)^2\n");
        assert_near(through_every_pass("1e5 variables", &text, SOME), 0.0);
    });
}

#[test]
fn fifty_megabytes_pass_through_every_pass() {
    on_a_small_stack(|| {
        let values: String =
            (0..1_000_000).map(|i| format!("{}.5,  # a remark on value {i:>20}\n", i % 1000)).collect();
        let text = format!(
            "set I = 1..1000000\nparam p[I] = [\n{values}]\nvar x in [1, 2]\nminimize x * mean(i in I: p[i])\n"
        );
        assert!(text.len() > 45_000_000, "{}", text.len());
        assert_near(through_every_pass("50 MB of data", &text, SOME), 500.0);
    });
}

#[test]
fn a_line_of_megabytes_is_reported_as_quickly_as_it_is_read() {
    let text = format!("var x\nminimize {}yy + {}x\n", "x + ".repeat(2_000_000), "x + ".repeat(2_000_000));
    let mut session = Session::new(Arc::new(MemoryLoader::new().with("m.opt", text.as_str())), Setup::default());
    let began = Instant::now();
    let reports = session.check("m.opt").reports;
    let read = began.elapsed();
    let messages = reports.messages();
    assert_eq!(messages.len(), 1);
    let began = Instant::now();
    let drawn = render(&messages[0], &session.sources, false);
    assert!(began.elapsed() < read, "drawn in {:?}, read in {read:?}", began.elapsed());
    assert!(drawn.contains("m.opt:2:8000010") && drawn.contains("…") && drawn.contains("x + yy + x"), "{drawn}");
    assert!(drawn.lines().all(|line| line.chars().count() < 200), "{drawn}");
}
