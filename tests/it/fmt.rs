//! `optc fmt` changes the look of a model and nothing else.

use optc::base::{FileId, Id};
use optc::syntax::{dump, format, parse};
use std::path::PathBuf;

/// Every model of the project.
fn models() -> Vec<(PathBuf, String)> {
    let mut models = Vec::new();
    for folder in ["examples", "suites/hs", "tests/solve"] {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "opt")) {
            let text = std::fs::read_to_string(&path).expect("models are UTF-8");
            models.push((path, text));
        }
    }
    models.sort();
    assert!(models.len() >= 12, "only {} models found", models.len());
    models
}

fn words(text: &str) -> Vec<String> {
    dump::tokens(text).lines().map(|line| line.get(9..).unwrap_or("").to_owned()).collect()
}

fn meaning(text: &str) -> String {
    dump::meaning(&parse(FileId::new(0), text).stmts)
}

fn comments(text: &str) -> Vec<&str> {
    text.lines().filter_map(|l| l.find('#').map(|at| l[at..].trim_end())).collect()
}

/// Formats, and checks that nothing but the look changed.
fn formatted(text: &str, name: &str) -> String {
    let Ok(once) = format(text) else { panic!("{name} does not parse") };
    assert_eq!(words(text), words(&once), "{name}: tokens changed\n{once}");
    assert_eq!(meaning(text), meaning(&once), "{name}: meaning changed\n{once}");
    assert_eq!(comments(text), comments(&once), "{name}: comments changed");
    assert!(!once.contains("\n\n\n"), "{name}: two blank lines in a row");
    assert!(once.lines().all(|l| l.trim_end() == l), "{name}: a line ends in space");
    let Ok(twice) = format(&once) else { panic!("{name}: the formatted text does not parse\n{once}") };
    assert_eq!(once, twice, "{name}: formatting twice changes it again");
    once
}

#[test]
fn models_keep_tokens_meaning_and_comments_and_settle_at_once() {
    for (path, text) in models() {
        formatted(&text, &path.display().to_string());
    }
}

/// A model with its spaces and line ends shuffled where the language allows any.
fn shuffled(text: &str, seed: &mut u64) -> String {
    let mut next = |n: u64| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) % n
    };
    let mut out = String::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let code = line.split('#').next().unwrap_or("");
        out.push_str(&line[..indent]);
        let quoted = code.contains('"');
        for (at, c) in line.char_indices().skip(indent) {
            out.push(c);
            let between = at + 1 < code.len() && !quoted && matches!(c, ',' | '(' | '[' | '{' | '+' | '*');
            let pair = code.get(at + 1..at + 2).is_some_and(|n| matches!(n, "*" | "=" | "+"));
            if between && !pair {
                match next(6) {
                    0 => out.push_str("   "),
                    1 => out.push('\t'),
                    2 => out.push_str(&format!("\n{}        ", &line[..indent])),
                    _ => {}
                }
            }
        }
        out.push('\n');
        if next(4) == 0 {
            out.push_str("\n\n\n");
        }
    }
    out
}

#[test]
fn shuffled_spaces_and_line_ends_change_no_meaning() {
    let mut seed = 20_250_301;
    for (path, text) in models() {
        for _ in 0..4 {
            let mixed = shuffled(&text, &mut seed);
            assert_eq!(meaning(&text).is_empty(), meaning(&mixed).is_empty());
            formatted(&mixed, &format!("{} shuffled\n{mixed}", path.display()));
        }
    }
}

#[test]
fn the_normal_form_is_this() {
    let text = "\n\n# Boxes.\nset  I={1,2 , 3}   # three\nparam d [ I ]={1:5,\n2 : 6 ,\n      3:7\n}\n\n\nvar x[i in I]>=0 start   - 1;var y\n\
                minimize cost :sum( i in I:d[i]*x[ i ] ^ 2 )+\n- y\nsubject to lim[i in I]:x[i]<=d[i]+1 ..2\n \
                # the last\n total: sum(i in I if i!=2 :x[i]) \n    - (y-1)'==3\ncheck  d[1]>0:\"positive\"\nsolve with lbfgs ( memory=5 )then adam\n\
                show (x[1]+y),dual( total )\n# end";
    let wanted = "# Boxes.\nset I = {1, 2, 3}  # three\nparam d[I] = {1: 5,\n  2: 6,\n  3: 7\n}\n\nvar x[i in I] >= 0 start -1; var y\n\
                  minimize cost: sum(i in I: d[i] * x[i]^2) +\n  -y\nsubject to\n  lim[i in I]: x[i] <= d[i] + 1..2\n  \
                  # the last\n  total: sum(i in I if i != 2: x[i])\n    - (y - 1)' == 3\ncheck d[1] > 0 : \"positive\"\nsolve with lbfgs(memory = 5) then adam\n\
                  show (x[1] + y), dual(total)\n# end\n";
    assert_eq!(formatted(text, "the example"), wanted);
}

#[test]
fn fields_in_quotes_stay_as_they_are() {
    let text = "table d from \"d.csv\"\nminimize sum(r in d:r . \"Time (s)\"*r.y-r.\"a\")\n";
    let wanted = "table d from \"d.csv\"\nminimize sum(r in d: r.\"Time (s)\" * r.y - r.\"a\")\n";
    assert_eq!(formatted(text, "fields"), wanted);
    // What reads as a name means the same without its quotes.
    assert_eq!(meaning("show r.\"a\""), meaning("show r.a"));
    assert_ne!(meaning("show r.\"a b\""), meaning("show r.a"));
}

#[test]
fn a_text_with_mistakes_is_left_alone() {
    assert!(format("var x\nminimize 2x\n").is_err());
}

#[test]
fn comments_on_neighbouring_lines_and_rows_of_numbers_stand_in_columns() {
    let text = "\
var x   # one
var long_name >= 0 # two

var y # alone
param q[1..2, 1..3] = [
  [1, -2.5, 30],
  [-10,2,   3]]
param θθ = 1     # greek letters are as wide as others
param ab = 2  # like these
";
    let wanted = "\
var x               # one
var long_name >= 0  # two

var y  # alone
param q[1..2, 1..3] = [
  [  1, -2.5, 30],
  [-10,    2,  3]]
param θθ = 1  # greek letters are as wide as others
param ab = 2  # like these
";
    assert_eq!(formatted(text, "columns"), wanted);
}

#[test]
fn comments_that_would_make_a_line_too_long_stay_near_their_code() {
    let comment = "c".repeat(80);
    let text = format!("var x  # {comment}\nvar {} >= 0  # short\n", "y".repeat(60));
    assert_eq!(formatted(&text, "long comments"), text);
}

#[test]
fn the_models_of_the_project_have_their_normal_form() {
    for (path, text) in models() {
        if path.starts_with("tests") {
            continue;
        }
        assert!(format(&text).is_ok_and(|formatted| formatted == text), "run: optc fmt {}", path.display());
    }
}
