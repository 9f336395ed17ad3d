//! Sessions of `optc repl`: what is typed and what is answered, as transcripts.
//!
//! A transcript is a file of `tests/repl`, or a block `repl` of `docs/repl.md`: lines behind `> ` are typed (behind `… `
//! they go on), the others are the answer. Times are not compared. `OPTC_BLESS=1` writes what is answered now.

use optc::cli::repl::engine::{Part, Repl};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io::Write};

/// What was typed, and the answer that is promised.
struct Turn {
    typed: String,
    promised: String,
}

fn turns(text: &str) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix("> ").or((line == ">").then_some("")) {
            turns.push(Turn { typed: typed.to_owned(), promised: String::new() });
        } else if let (Some(typed), Some(turn)) =
            (line.strip_prefix("… ").or((line == "…").then_some("")), turns.last_mut())
        {
            turn.typed += &format!("\n{typed}");
        } else if let Some(turn) = turns.last_mut() {
            turn.promised += &format!("{line}\n");
        }
    }
    turns
}

fn written(turn: &Turn, answer: &str) -> String {
    let typed: Vec<String> = turn.typed.split('\n').map(|line| format!("… {line}").trim_end().to_owned()).collect();
    format!("> {}\n{answer}", typed.join("\n").trim_start_matches('…').trim_start_matches(' '))
}

/// The words of a text; of the report of a solve, its status, its objective and the tables of variables and constraints:
/// the rest tells how a method got there, and so do multipliers and slacks below a millionth.
fn words_of(text: &str) -> Vec<String> {
    let mut kept = Vec::new();
    let (mut report, mut table) = (false, false);
    for line in text.lines() {
        report |= line.starts_with("problem ");
        table =
            line.starts_with("  variable ") || line.starts_with("  constraint ") || table && !line.trim().is_empty();
        if !report || line.starts_with("status") || line.starts_with("objective") || table {
            let zero = |w: &&str| !(report && table && w.parse::<f64>().is_ok_and(|v| v.abs() < 1e-6));
            kept.extend(line.split_whitespace().filter(zero).map(str::to_owned));
        }
    }
    kept
}

/// Whether two answers say the same: numbers to a millionth, but for durations.
fn same(a: &str, b: &str) -> bool {
    let (a, b) = (words_of(a), words_of(b));
    let near = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-6 * b.abs().max(1.0);
    let number = |w: &str| w.trim_matches([',', ';', '[', ']']).parse::<f64>().ok();
    let is_unit = |w: &str| ["ns", "µs", "ms", "s"].contains(&w.trim_end_matches([',', ';', ':']));
    let pair = |k: usize| match (number(&a[k]), number(&b[k])) {
        (Some(_), Some(_)) if a.get(k + 1).is_some_and(|w| is_unit(w)) => true,
        (Some(x), Some(y)) => near(x, y),
        _ => a[k] == b[k] || is_unit(&a[k]) && is_unit(&b[k]),
    };
    a.len() == b.len() && (0..a.len()).all(pair)
}

/// The folder the sessions of a test run in, with the files they load.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["hs071.opt", "rosenbrock.opt"] {
        fs::copy(Path::new("examples").join(name), folder.path().join(name)).expect("an example");
    }
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    for (name, text) in [
        ("shop.csv", "item,price,Time (s)\napple,2,0.5\npear,3,1.5\n"),
        ("holes.csv", "t,y\n0,1\n1,\n2,4\n"),
        ("words.csv", "t,y\n0,1\n1,n/a\n"),
        ("europe.csv", "t;y\n0;10,2\n1;7,6\n"),
        ("shop.opt", "table shop from \"shop.csv\"\nvar x start 1\nminimize cost: sum(r in shop: (r.price - x)^2)\n"),
    ] {
        fs::write(data.join(name), text).expect("data");
    }
    folder
}

/// A session whose files stand in `folder`: paths of `:load` and `:save` go there.
fn enter(repl: &mut Repl, folder: &Path, typed: &str) -> String {
    let mut typed = typed.to_owned();
    for command in [":load ", ":save ", "--svg ", "--svg="] {
        // What is missing, quoted or has spaces is wrong in its own way.
        for own in ["hs071", "rosenbrock", "mine", "data", "wave", "saddle", "absent", "eq", "hs07", "two"] {
            typed = typed.replace(&format!("{command}{own}"), &format!("{command}{}/{own}", folder.display()));
        }
    }
    repl.enter(&typed).text().replace(&format!("{}/", folder.display()), "")
}

/// The answers of a session to a transcript; says where they differ.
fn replay(place: &str, text: &str) -> (String, Vec<String>) {
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    let (mut now, mut faults) = (String::new(), Vec::new());
    for turn in turns(text) {
        let answer = enter(&mut repl, folder.path(), &turn.typed);
        if !same(&answer, &turn.promised) {
            faults.push(format!("{place}: > {}\npromised\n{}\nnow\n{answer}", turn.typed, turn.promised));
        }
        now += &written(&turn, &answer);
    }
    (now, faults)
}

fn bless() -> bool {
    std::env::var_os("OPTC_BLESS").is_some()
}

#[test]
fn transcripts_are_answered_as_they_stand() {
    let mut paths: Vec<PathBuf> =
        fs::read_dir("tests/repl").expect("transcripts").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let (mut faults, mut n) = (Vec::new(), 0);
    for path in paths {
        let text = fs::read_to_string(&path).expect("a transcript");
        n += turns(&text).len();
        let (now, found) = replay(&path.display().to_string(), &text);
        if bless() {
            let head: String = text.lines().take_while(|l| l.starts_with('#')).map(|l| format!("{l}\n")).collect();
            fs::write(&path, head + &now).expect("a transcript");
        } else {
            faults.extend(found);
        }
    }
    println!("{n} entries");
    assert!(faults.is_empty(), "{} of {n} answers differ\n{}", faults.len(), faults.join("\n"));
}

/// Whether an answer says that what was typed cannot be done.
fn is_refused(turn: &Turn) -> bool {
    let promised = &turn.promised;
    promised.contains("] Error:") || promised.starts_with("cannot ") || promised.contains("\ncannot ")
}

#[test]
fn at_least_half_of_what_is_typed_is_wrong() {
    let paths = fs::read_dir("tests/repl").expect("transcripts").flatten();
    let texts = paths.map(|entry| fs::read_to_string(entry.path()).expect("a transcript"));
    let turns: Vec<Turn> = texts.flat_map(|text| turns(&text)).collect();
    let wrong = turns.iter().filter(|turn| is_refused(turn)).count();
    println!("{wrong} of {} entries are wrong", turns.len());
    assert!(2 * wrong >= turns.len(), "{wrong} of {}", turns.len());
}

#[test]
fn what_wrong_input_is_told_can_be_typed() {
    // A line that a message offers is carried out, in a session where the names it needs are declared.
    let folder = folder();
    let mut offered = 0;
    let paths = fs::read_dir("tests/repl").expect("transcripts").flatten();
    for text in paths.map(|entry| fs::read_to_string(entry.path()).expect("a transcript")) {
        let mut repl = Repl::plain(folder.path());
        for turn in turns(&text) {
            let answer = enter(&mut repl, folder.path(), &turn.typed);
            let line = answer.split("Help: write `:").nth(1).and_then(|rest| rest.split('`').next());
            let Some(line) = line.filter(|line| !line.starts_with("quit")) else { continue };
            // The picture that it would write is left out.
            let line = format!(":{}", line.split(" --svg").next().unwrap_or(line));
            let (n, last) = (repl.bench.changes(), enter(&mut repl, folder.path(), &line));
            assert!(!last.contains("E0931") && !last.contains("E0930"), "{} -> {line}\n{last}", turn.typed);
            if repl.bench.changes() > n {
                repl.bench.undo();
            }
            offered += 1;
        }
    }
    assert!(offered > 10, "{offered} lines are offered");
}

#[test]
fn every_session_of_the_manual_is_true() {
    let path = "docs/repl.md";
    let text = fs::read_to_string(path).expect("the manual");
    let (mut out, mut faults) = (String::new(), Vec::new());
    for (k, part) in text.split("```repl\n").enumerate() {
        let Some((session, rest)) = part.split_once("```\n").filter(|_| k > 0) else {
            out += part;
            continue;
        };
        let (now, found) = replay(&format!("{path}, session {k}"), session);
        faults.extend(found);
        out += &format!("```repl\n{now}```\n{rest}");
    }
    if bless() {
        return fs::write(path, out).expect("the manual");
    }
    assert!(faults.is_empty(), "{} answers differ\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_pipe_gives_the_same_answers_as_a_session_and_the_code_of_the_last_error() {
    let typed = "var x start 2\nlet f = x^2 +\n  1\nf\n\nminimize g:\n  f\nlog(-x)\nsubject to\n  x >= 1\n  c: x <= 5\n:solve\nf * 2; x\n:quit\nnever\n";
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    let (mut out, mut err) = (String::new(), String::new());
    let entries = [
        "var x start 2",
        "let f = x^2 +\n  1",
        "f",
        "minimize g:\n  f",
        "log(-x)",
        "subject to\n  x >= 1\n  c: x <= 5",
    ];
    for entry in entries.into_iter().chain([":solve", "f * 2; x", ":quit"]) {
        for part in repl.enter(entry).parts {
            match part {
                Part::Out(text) => out += &text,
                Part::Err(text) => err += &text,
            }
        }
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_optc"))
        .arg("repl")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .current_dir(folder.path())
        .spawn()
        .expect("optc starts");
    child.stdin.take().expect("a pipe").write_all(typed.as_bytes()).expect("it reads");
    let done = child.wait_with_output().expect("it ends");
    let piped = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(same(&piped, &out), "{piped}\n{out}");
    assert_eq!(String::from_utf8_lossy(&done.stderr), err);
    assert!(err.contains("E0605") && out.contains("g = 2"), "{out}{err}");
    assert_eq!(done.status.code(), Some(1));
}

#[test]
fn a_changed_line_recompiles_only_what_depends_on_it() {
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    let mut compiled = |entries: &[&str]| {
        let before = repl.bench.counts();
        for entry in entries {
            let reply = repl.enter(entry);
            assert!(reply.parts.iter().all(|p| matches!(p, Part::Out(_))), "{entry}: {}", reply.text());
        }
        let after = repl.bench.counts();
        (after.differentiated - before.differentiated, after.compiled - before.compiled)
    };
    let begin = [
        "param a = 2",
        "set I = 1..3",
        "param w[I] = [1, 2, 3]",
        "var x",
        "var y[I]",
        "let f = a * x^2",
        "let g = sum(i in I: w[i] * (x - y[i])^2)",
        "let h = sin(f)",
    ];
    assert_eq!(compiled(&begin), (0, 0));
    let draw = [":plot f x=-1..1", ":plot g x=-1..1", ":plot h x=-1..1"];
    assert_eq!(compiled(&draw), (3, 3));
    assert_eq!(compiled(&draw), (0, 0), "nothing changed");
    assert_eq!(compiled(&[":at x = 2", draw[0], draw[1], draw[2]]), (0, 0), "the point moved");
    assert_eq!(compiled(&["param a = 3", draw[0], draw[1], draw[2]]), (0, 0), "a number changed");
    assert_eq!(compiled(&["param w[I] = [3, 2, 1]", draw[0], draw[1], draw[2]]), (0, 0), "numbers changed");
    assert_eq!(compiled(&["param a = 1 + 1", draw[0], draw[2]]), (0, 0), "a number is computed in another way");
    assert_eq!(compiled(&["let f = a * x^3", draw[0], draw[1], draw[2]]), (2, 2), "f and what depends on it");
    assert_eq!(compiled(&[":undo", draw[0], draw[1], draw[2]]), (0, 0), "what was there before is still known");
    assert_eq!(compiled(&["let unrelated = x + 1", draw[0], draw[1], draw[2]]), (0, 0), "nothing depends on it");
    assert_eq!(compiled(&["let  f = a *x^2 # the same", draw[0]]), (0, 0), "the same words");
    assert_eq!(compiled(&["f", "h", "g"]), (0, 0), "values need no derivatives");
    assert_eq!(compiled(&[":grad f"]), (1, 0), "derivatives need no machine code; the axis is no part of it");
    assert_eq!(compiled(&["minimize m: f + g", ":solve lbfgs"]), (1, 1), "the whole model, once");
    assert_eq!(compiled(&[":solve lbfgs", ":at x = 2", ":solve lbfgs"]), (0, 0), "nothing changed but the point");
    assert_eq!(compiled(&["param a = 5", ":solve lbfgs", "param w[I] = [1, 1, 2]", ":solve lbfgs"]), (0, 0), "numbers");
    assert_eq!(compiled(&[":solve interior_point"]), (1, 1), "another method may want another form");
    assert_eq!(compiled(&["let f = a * x^2 + x", ":solve interior_point"]), (1, 1), "a statement changed");
}

#[test]
fn a_solve_begins_at_the_point_and_follows_the_params() {
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    let mut answer = |entries: &[&str]| {
        entries
            .iter()
            .map(|entry| repl.enter(entry).text())
            .last()
            .unwrap_or_default()
            .lines()
            .next()
            .map(str::to_owned)
    };
    // Two valleys, at -1 and 1: the start decides. Three steps show that it is where the array was put.
    let model = ["set I = 1..2", "param a = 1", "var z[I] start 0.9", "minimize f: sum(i in I: (z[i]^2 - a)^2)"];
    assert_eq!(answer(&model).as_deref(), None);
    assert_eq!(
        answer(&[":at z = [-3, -3]", ":solve lbfgs", "z[1] < -0.99 and z[2] < -0.99"]).as_deref(),
        Some("true : condition")
    );
    assert_eq!(
        answer(&[":at z[2] = 3", ":solve lbfgs", "z[1] < -0.99 and z[2] > 0.99"]).as_deref(),
        Some("true : condition")
    );
    // Other numbers in the model that is kept give what a session gives that begins with them.
    assert_eq!(
        answer(&["param a = 4", ":solve lbfgs", "abs(z[1] + 2) + abs(z[2] - 2) < 1e-5"]).as_deref(),
        Some("true : condition")
    );
    // A weight that is negative for a while, and a size, are bound anew.
    let others = ["param a = 2", ":clear", "param w = -1", "var x in [-1, 1] start 0.2", "minimize w * (x - 3)^2 + 1"];
    assert_eq!(answer(&others).as_deref(), None);
    assert_eq!(answer(&[":solve", "abs(x + 1) < 1e-6"]).as_deref(), Some("true : condition"));
    assert_eq!(answer(&["param w = 1", ":solve", "abs(x - 1) < 1e-6"]).as_deref(), Some("true : condition"));
    let sizes = [":clear", "param n = 2", "var y[1..n] start 1", "minimize g: sum(i in 1..n: (y[i] - i)^2)", ":solve"];
    assert!(answer(&sizes).is_some());
    assert_eq!(answer(&["param n = 3", ":solve", "abs(y[3] - 3) < 1e-6"]).as_deref(), Some("true : condition"));
}

#[test]
fn a_session_with_data_elsewhere_is_saved_as_a_model_that_solves() {
    let folder = folder();
    let home = folder.path().display();
    let mut repl = Repl::plain(folder.path());
    let text = repl.enter(&format!(":load {home}/data/shop.opt")).text();
    assert!(text.contains("3 statements"), "{text}");
    let solves = |file: &str| {
        let done = Command::new(env!("CARGO_BIN_EXE_optc")).args(["solve", file]).current_dir(folder.path()).output();
        let done = done.expect("optc starts");
        assert!(done.status.success(), "{file}: {}", String::from_utf8_lossy(&done.stderr));
        assert!(String::from_utf8_lossy(&done.stdout).contains("cost = 0.5"), "{file}");
    };
    // Above the data, beside them, and where they would not be found.
    for file in ["above.opt", "data/beside.opt"] {
        let text = repl.enter(&format!(":save {home}/{file}")).text();
        assert!(text.contains("3 statements"), "{text}");
        solves(file);
    }
    let saved = fs::read_to_string(folder.path().join("above.opt")).expect("a model");
    assert!(saved.contains("table shop from \"data/shop.csv\""), "{saved}");
    fs::create_dir(folder.path().join("other")).expect("a folder");
    let text = repl.enter(&format!(":save {home}/other/far.opt")).text();
    assert!(
        text.contains("`shop` reads `shop.csv`, which is not below the folder") && text.contains("data/far.opt"),
        "{text}"
    );
    assert!(!folder.path().join("other/far.opt").exists());
}

#[test]
fn a_typed_line_that_begins_with_a_sign_goes_on_with_the_one_before() {
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    let mut said = |text: &str| repl.typed(text).text();
    assert_eq!(said("var x start 2; let f = x"), "");
    assert_eq!(said("minimize g: f"), "");
    assert_eq!(said("  + x^2"), "goes on: minimize g: f + x^2\n");
    assert_eq!(said("  * 10"), "goes on: minimize g: f + x^2 * 10\n");
    assert_eq!(said("g"), "42 : number\n");
    assert_eq!(said(" + 1"), "goes on: g + 1\n43 : number\n");
    // What does not fit leaves what was there; what begins otherwise stands alone.
    assert_eq!(said("minimize h: x"), "there are 2 objectives now: `:drop NAME` takes one away\n");
    assert!(said("  + nothing").contains("E0201"));
    assert_eq!(said("h"), "2 : number\n");
    assert_eq!(said(" x"), "2 : number\n");
    assert_eq!(said(":at x = 3"), "");
    assert_eq!(said("  -x"), "-3 : number\n", "a command does not go on");
    assert_eq!(said("1"), "1 : number\n");
    assert_eq!(said("+ 1"), "1 : number\n", "no indent");
}

#[test]
fn commands_stand_beside_statements_on_a_line() {
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    assert_eq!(
        repl.enter("var x start 3; let f = x^2; :grad f; :at x = 1; f").text(),
        "d/dx = 2 * x\nat the current point\n  d/dx = 6\n1 : number\n"
    );
    let text = repl.enter(":at x = 2; :nothing; :at x = 5").text();
    assert!(text.contains("E0930"), "{text}");
    assert_eq!(repl.enter("x; :quit; x").text(), "2 : number\n");
}

#[test]
fn a_command_that_failed_is_not_what_is_meant_by_the_next() {
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    repl.enter("var x start 3");
    assert_eq!(repl.enter("x^2").text(), "9 : number\n");
    for wrong in [":plot sinc(x) x=-10..10", ":plot log(x) x=-2..-1", ":contour x*nothing x=0..1 y=0..1"] {
        assert!(repl.enter(wrong).text().contains("Error"), "{wrong}");
        assert!(repl.enter(":grad").text().ends_with("d/dx = 6\n"), "{wrong}");
    }
    assert!(repl.enter(":plot x^3 x=0..1").text().contains('┤'));
    assert!(repl.enter(":grad").text().ends_with("d/dx = 27\n"));
}

#[test]
fn a_model_that_was_meant_is_offered() {
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    for (wrong, right) in [("hs07", "hs071.opt"), ("rosenbrok.opt", "rosenbrock.opt"), ("hs071", "hs071.opt")] {
        let text = repl.enter(&format!(":load {}/{wrong}", folder.path().display())).text();
        assert!(text.contains("there is no file") && text.contains(&format!("/{right}`")), "{text}");
    }
    assert!(repl.enter(&format!(":load {}/data", folder.path().display())).text().contains("it is not a regular file"));
}

#[test]
fn code_is_shown_with_what_it_is_for() {
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    repl.enter("var x start 1");
    let clif = repl.enter(":clif x^2").text();
    let heads: Vec<&str> =
        clif.lines().filter(|l| l.starts_with("; kernel")).filter_map(|l| l.split_once(": ")).map(|h| h.1).collect();
    // The Hessian is a number that was computed once.
    assert_eq!(heads, ["value of the objective", "gradient", "Hessian times a direction"]);
    // x x, w (2 x), and d (2 w) with the weight.
    assert_eq!(clif.matches("fmul").count(), 5, "{clif}");
    let asm = repl.enter(":asm x^2").text();
    assert!(asm.contains("; kernel 0: value of the objective") && asm.lines().count() > 20, "{asm}");
    repl.enter(":clear; var x start 1; x");
    let before = repl.bench.counts();
    assert_eq!(
        repl.enter(":stats").text(),
        format!(
            "statements checked {}, data bound {}, expressions differentiated {}, compiled to machine code {}\n",
            before.checked, before.bound, before.differentiated, before.compiled
        )
    );
    let time = repl.enter(":time x^2").text();
    assert!(time.contains("for one value, 1"), "{time}");
    assert_eq!(repl.bench.counts().compiled, before.compiled + 1);
    assert!(repl.enter(":time x^2").text().ends_with("for one value, 1\n"), "it is not made again");
}

#[test]
fn compiled_values_follow_the_params() {
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    for entry in [
        "param a = 2",
        "set I = 1..3",
        "param w[I] = [1, 2, 3]",
        "var x start 2",
        "let g = a * sum(i in I: w[i] * x^2)",
    ] {
        assert_eq!(repl.enter(entry).text(), "");
    }
    let mut gradient = |entry: &str| {
        repl.enter(entry);
        let text = repl.enter(":grad g").text();
        text.lines().last().and_then(|l| l.split(" = ").nth(1)).map(str::to_owned)
    };
    assert_eq!(gradient("a").as_deref(), Some("48"));
    assert_eq!(gradient("param a = 3").as_deref(), Some("72"));
    assert_eq!(gradient("param w[I] = [1, 1, 1]").as_deref(), Some("36"));
    assert_eq!(gradient("set I = 1..2; param w[I] = [5, 5]").as_deref(), Some("120"));
    assert_eq!(gradient(":undo").as_deref(), Some("36"));
}

#[test]
fn an_evaluation_that_is_interrupted_leaves_the_session_as_it_was() {
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    repl.enter("var x start 1");
    repl.enter("7 * 6");
    let stop = repl.bench.session.setup.stop.clone();
    let begin = std::time::Instant::now();
    let presser = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(600));
        stop.handle().store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let text = repl.enter("sum(i in 1..20000, j in 1..10000: sin(i * j * x))").text();
    presser.join().expect("it ends");
    assert!(text.contains("E0933"), "{text}");
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
    assert_eq!(repl.enter("ans; x").text(), "42 : number\n1 : number\n");
}

#[test]
#[allow(clippy::too_many_lines)] // a list
fn hostile_lines_are_answered() {
    let folder = folder();
    let mut repl = Repl::plain(folder.path());
    let long = "(".repeat(20_000);
    let deep = format!("{}x{}", "sin(".repeat(9_000), ")".repeat(9_000));
    let lines = [
        ":",
        ": ",
        ":\u{0}",
        "::",
        ":help help",
        ":help nothing",
        ":plot",
        ":plot x",
        ":plot x=",
        ":plot x=1..",
        ":plot =1..2",
        ":plot x x=1..1",
        ":plot x x=2..1",
        ":plot x x=0..inf",
        ":plot x x=nan..1",
        ":plot 1/0 x=0..1",
        ":plot x x=0..1 y=0..1",
        ":plot x x=0..1 --svg",
        ":plot x x=0..1 --svg a.png",
        ":contour x y=0..1",
        ":contour 1 x=0..1 y=0..1",
        ":contour x x=0..1 x=0..1",
        ":at",
        ":at x",
        ":at 1=2",
        ":at sin=1",
        ":at x=y",
        ":at x=1 x=2",
        ":range",
        ":range x",
        ":range x in",
        ":range x in [1]",
        ":range x in [2, 1]",
        ":range log(x) x in [-2, -1]",
        ":range x x in [-inf, inf]",
        ":load",
        ":load absent.opt",
        ":load /",
        ":save",
        ":save /no/such/folder/x.opt",
        ":drop",
        ":drop x",
        ":undo",
        ":undo",
        ":solve",
        ":solve nothing",
        ":solve lbfgs(",
        ":solve )",
        ":grad",
        ":grad 1",
        ":grad [1,2]",
        ":hess \"a\"",
        ":simplify",
        ":type {}",
        ":convex",
        ":convex {1,2}",
        ":clif 1",
        ":asm x",
        ":time",
        ":stats x",
        ":quit now",
        "x",
        "=",
        "= 3",
        "x =",
        "x[1] = 2",
        "i in",
        "i in 1..3",
        "i in 1..3:",
        "i in 1..3: j",
        "(",
        ")",
        "\"",
        "#",
        ";",
        ";;",
        "\u{feff}",
        "𝛼",
        "1 2",
        "1..3",
        "{1, 2}",
        "{i in 1..3 if i > 1}",
        "ans",
        "dual(c)",
        "show",
        "show 1, 2",
        "solve",
        "expect 1 == 2",
        "check 1 == 2",
        "include \"absent.opt\"",
        "var x; var x",
        "var x = 3",
        "let x = x",
        "set I = 1..1000000000000",
        "fn f(x) = f(x)",
        "extern fn lift(a) = \"./run {a}\"",
        "tune minimize f",
        "time t in 0..1",
        "subject to",
        "  1 <= 2",
        "param p",
        "p",
        &long,
        &deep,
        "sum(i in 1..10000: i)",
        "1e308 * 10",
        "-1e308 * 10",
        "0/0",
        "2^1024",
        "[1, 2, 3]",
        "true",
        "not 1 > 2",
        "inf",
        "-inf",
    ];
    for line in lines {
        let text = repl.enter(line).text();
        assert!(!text.contains("bug"), "{line}: {text}");
    }
    assert_eq!(repl.enter("1 + 1; 1 / 3").text(), "2 : number\n0.3333333333333333 : number\n");
}
