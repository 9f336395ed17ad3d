//! Size costs time in proportion and depth costs no stack: reading, checking, printing, formatting, dropping.

use optc::base::limits::MAX_NESTING;
use optc::base::{FileId, Id};
use optc::syntax::{Parsed, dump, format, parse};
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
