//! The tool as its users meet it: exit codes, files, pipes, signals.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn optc() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_optc"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    optc().args(args).output().expect("optc starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// A folder with files that is removed at the end.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            std::fs::write(folder.path(name), text).expect("a file");
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file")
    }
}

const ROSENBROCK: &str = "var x start -1.2\nvar y start 1\nminimize (1 - x)^2 + 100 * (y - x^2)^2\n";

#[test]
fn each_end_has_its_exit_code() {
    let folder = Folder::new(&[
        ("solved.opt", ROSENBROCK),
        ("wrong.opt", "var x\nminimize x^2 + z\n"),
        ("expect.opt", "var x\nminimize c: (x - 1)^2\nexpect x ~= 2\n"),
        ("infeasible.opt", "var x in [0, 1]\nminimize x\nsubject to\n  far: x >= 3\n"),
        ("unbounded.opt", "var x\nvar y >= 0\nminimize x + y\n"),
        ("undefined.opt", "var x start -1\nminimize log(x)\n"),
        ("large.opt", "var x[1..1000000000000]\nminimize sum(i in 1..3: x[i])\n"),
        ("data.opt", "set s = {a}\nparam p[s] from \"absent.csv\"\nvar x\nminimize (x - p[a])^2\n"),
    ]);
    let cases = [
        ("solved.opt", &[][..], 0),
        ("wrong.opt", &[], 1),
        ("expect.opt", &[], 1),
        ("absent.opt", &[], 2),
        ("data.opt", &[], 2),
        ("solved.opt", &["--method", "no_such"], 2),
        ("solved.opt", &["--time-limit", "-1"], 2),
        ("solved.opt", &["--set", "x"], 2),
        ("solved.opt", &["--out", "x.txt"], 2),
        ("solved.opt", &["--start-from", "absent.json"], 2),
        ("solved.opt", &["--start-from", "Cargo.toml"], 2),
        ("solved.opt", &["--start-from", "."], 2),
        ("infeasible.opt", &[], 3),
        ("unbounded.opt", &[], 4),
        ("solved.opt", &["--max-iter", "2"], 5),
        ("undefined.opt", &[], 6),
        ("large.opt", &[], 7),
    ];
    let mut faults = Vec::new();
    for (model, options, expected) in cases {
        let output = optc().arg("solve").arg(folder.path(model)).args(options).output().expect("optc starts");
        if code(&output) != expected {
            let words = format!("{}{}", stdout(&output), stderr(&output));
            faults.push(format!("{model} {options:?}: {} and not {expected}\n{words}", code(&output)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn results_go_to_stdout_and_all_else_to_stderr() {
    let folder = Folder::new(&[("m.opt", ROSENBROCK), ("wrong.opt", "var x\nminimize x^2 + z\n")]);
    let output = run(&["solve", &folder.text("m.opt")]);
    assert!(stdout(&output).contains("local optimum") && stderr(&output).is_empty(), "{}", stderr(&output));
    let output = run(&["solve", &folder.text("wrong.opt")]);
    assert!(stdout(&output).is_empty(), "{}", stdout(&output));
    assert!(stderr(&output).contains("E0201") && stderr(&output).contains("1 error"), "{}", stderr(&output));
    assert!(!stderr(&output).contains('\x1b'), "no colour when not on a terminal");
    let output = run(&["solve", "--color", "always", &folder.text("wrong.opt")]);
    assert!(stderr(&output).contains('\x1b'));
    let output = run(&["solve", "--verbose", &folder.text("m.opt")]);
    assert!(stderr(&output).contains("objective") && stderr(&output).lines().count() > 5, "{}", stderr(&output));
}

#[test]
fn quiet_says_less_and_never_nothing() {
    let folder = Folder::new(&[("m.opt", ROSENBROCK)]);
    let text = stdout(&run(&["solve", "--quiet", &folder.text("m.opt")]));
    assert!(text.starts_with("status") && text.contains("variable") && !text.contains("method"), "{text}");
}

#[test]
fn what_is_written_can_be_read_back() {
    let folder = Folder::new(&[(
        "m.opt",
        "var x[i in 1..3, j in 1..2] start i + j\nminimize sum(i in 1..3, j in 1..2: (x[i, j] - 10 * i - j)^2)\n",
    )]);
    let names = ["x.csv", "x.json", "x.npy", "t.csv", "p.svg"].map(|n| folder.text(n));
    let [csv, json, npy, trace, plot] = &names;
    let output = run(&[
        "solve",
        &folder.text("m.opt"),
        "--out",
        csv,
        "--out",
        json,
        "--out",
        npy,
        "--trace",
        trace,
        "--plot",
        plot,
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut rows = csv::Reader::from_path(csv).expect("a CSV file");
    let values: Vec<f64> = rows.records().map(|r| r.expect("a row")[3].parse().expect("a number")).collect();
    let array: ndarray::ArrayD<f64> = ndarray_npy::read_npy(npy).expect("an array");
    assert_eq!(array.shape(), [3, 2]);
    assert_eq!(array.iter().copied().collect::<Vec<_>>(), values);
    assert!((array[[2, 1]] - 32.0).abs() < 1e-6);
    let report: serde_json::Value = serde_json::from_str(&folder.read("x.json")).expect("JSON");
    assert_eq!(report["variables"][0]["values"][5].as_f64(), Some(values[5]), "every digit is kept");
    let iterations = report["runs"][0]["iterations"].as_u64().expect("a count");
    assert_eq!(folder.read("t.csv").lines().count() as u64, iterations + 2, "a header, the start, each iteration");
    assert!(folder.read("p.svg").starts_with("<svg"));
    let left: Vec<String> = std::fs::read_dir(folder.0.path())
        .expect("a folder")
        .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(left.len(), 6, "no temporary files stay: {left:?}");
}

#[test]
fn json_on_stdout_is_the_report_and_follows_the_schema() {
    let folder =
        Folder::new(&[("m.opt", "var x in [1, 5]\nvar k >= 0\nminimize x + k\nsubject to\n  c: x * k >= 1\n")]);
    let output = run(&["solve", "--json", &folder.text("m.opt")]);
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON and nothing else");
    assert_eq!(report["optc_report"], 1);
    assert!(report["variables"][1]["upper"][0].is_null(), "no bound is null");
    crate::report::assert_follows_schema(&report);
    let output = run(&["check", "--json", &folder.text("m.opt")]);
    let check: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON and nothing else");
    assert_eq!((code(&output), &check["derivatives"]["agree"]), (0, &serde_json::Value::Bool(true)));
    let output = run(&["inspect", "--json", &folder.text("m.opt")]);
    let inspect: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON and nothing else");
    assert_eq!(inspect["constraints"][0]["name"], "c");
    let output = run(&["methods", "--json"]);
    let methods: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON and nothing else");
    assert!(methods.as_array().is_some_and(|rows| rows.iter().any(|r| r["name"] == "lbfgs")));
}

#[test]
fn set_and_data_replace_what_the_model_says() {
    let folder = Folder::new(&[
        (
            "m.opt",
            "set s = {a, b}\nparam lambda = 1\nparam p[s] from \"p.csv\"\nvar x[s]\nminimize sum(i in s: (x[i] - lambda * p[i])^2)\nshow x\n",
        ),
        ("p.csv", "s,p\na,1\nb,2\n"),
        ("q.csv", "s,p\na,3\nb,4\n"),
    ]);
    let values = |args: &[&str]| {
        let output = optc().args(["solve", "--json", &folder.text("m.opt")]).args(args).output().expect("optc starts");
        let report: serde_json::Value =
            serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        [0, 1].map(|k| (report["variables"][0]["values"][k].as_f64().expect("a number") * 1e6).round() / 1e6)
    };
    assert_eq!(values(&[]), [1.0, 2.0]);
    assert_eq!(values(&["--set", "lambda=2.5"]), [2.5, 5.0]);
    assert_eq!(values(&["--data", &format!("p={}", folder.text("q.csv"))]), [3.0, 4.0]);
    // The file is relative to where the user is, not to the model.
    let elsewhere = Folder::new(&[("here.csv", "s,p\na,5\nb,6\n")]);
    let output = optc()
        .args(["solve", "--json", &folder.text("m.opt"), "--data", "p=here.csv"])
        .current_dir(elsewhere.0.path())
        .output();
    let output = output.expect("optc starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn a_model_reads_below_its_folder_only() {
    let folder = Folder::new(&[("p.csv", "s,p\na,1\n")]);
    std::fs::create_dir(folder.path("inner")).expect("a folder");
    let model = "set s = {a}\nparam p[s] from \"../p.csv\"\nvar x\nminimize (x - p[a])^2\n";
    std::fs::write(folder.path("inner/m.opt"), model).expect("a file");
    let output = run(&["solve", &folder.text("inner/m.opt")]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("outside the model's folder"), "{}", stderr(&output));
    let output = run(&["solve", &folder.text("inner/m.opt"), "--allow-read", &folder.text("p.csv")]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

/// A problem that takes L-BFGS many thousands of iterations.
const LONG: &str = "var x[1..20000] start -1.2\nminimize sum(i in 1..19999: 100 * (x[i+1] - x[i]^2)^2 + (1 - x[i])^2)\nsolve with lbfgs(max_iter = 1000000)\n";

#[test]
fn a_limit_ends_the_run_with_its_best_point() {
    let folder = Folder::new(&[("m.opt", LONG)]);
    let out = folder.text("x.npy");
    let begin = Instant::now();
    let output = run(&["solve", "--json", "--time-limit", "0.5", "--out", &out, &folder.text("m.opt")]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    assert!(begin.elapsed() < Duration::from_secs(60));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(
        (&report["runs"][0]["status"], &report["runs"][0]["stop"]),
        (&"limit_reached".into(), &"time_limit".into())
    );
    let point: ndarray::Array1<f64> = ndarray_npy::read_npy(&out).expect("the best point");
    assert_eq!(point.len(), 20_000);
}

#[cfg(unix)]
#[test]
fn signals_end_the_run_with_its_best_point() {
    for signal in ["INT", "TERM"] {
        let folder = Folder::new(&[("m.opt", LONG)]);
        let (out, all) = (folder.text("x.npy"), folder.text("x.json"));
        let mut child = optc()
            .args(["solve", "--json", "--verbose", "--out", &out, "--out", &all, &folder.text("m.opt")])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("optc starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        for _ in 0..4 {
            lines.next().expect("the iterations are shown").expect("text");
        }
        let rest = std::thread::spawn(move || lines.count());
        let sent = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status();
        assert!(sent.is_ok_and(|s| s.success()), "kill -{signal}");
        let output = child.wait_with_output().expect("optc ends");
        rest.join().expect("stderr was read");
        assert_eq!(code(&output), 5, "SIG{signal}");
        let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
        assert_eq!(report["runs"][0]["stop"], "interrupted");
        let point: ndarray::Array1<f64> = ndarray_npy::read_npy(&out).expect("the best point");
        assert_eq!(point.len(), 20_000);
        // What was written is where the next run goes on.
        let on = run(&[
            "solve",
            "--json",
            "--method",
            "lbfgs",
            "--max-iter",
            "0",
            "--start-from",
            &all,
            &folder.text("m.opt"),
        ]);
        let next: serde_json::Value = serde_json::from_str(&stdout(&on)).expect("JSON");
        assert_eq!(next["runs"][0]["notes"][0], format!("start from `{all}`: all values and multipliers"));
        let (a, b) = (report["objectives"][0]["value"].as_f64(), next["objectives"][0]["value"].as_f64());
        assert!(a.zip(b).is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * a.abs()), "{a:?} {b:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_before_the_first_point_ends_the_process_at_once() {
    use std::os::unix::process::ExitStatusExt;
    let many = "set s = 1..1000000\nvar x[s] >= 0 start 0.5\nminimize sum(i in s: (x[i] - 1)^4)\n\
                subject to sum(i in s: x[i]) <= 100\n";
    let folder = Folder::new(&[("m.opt", many)]);
    let child = optc().args(["solve", &folder.text("m.opt")]).stdout(Stdio::piped()).spawn().expect("optc starts");
    std::thread::sleep(std::time::Duration::from_millis(100));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|s| s.success()), "kill -INT");
    let output = child.wait_with_output().expect("optc ends");
    // By its own handler, or by the system's when the signal came before the handler was there.
    assert!(code(&output) == 130 || output.status.signal() == Some(2), "{:?}", output.status);
    assert_eq!(stdout(&output), "");
}

#[test]
fn a_closed_pipe_is_quiet() {
    for args in [&["explain"][..], &["solve", "--json", "examples/hs071.opt"], &["completions", "bash"]] {
        let mut child = optc().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("optc starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("optc ends");
        assert_eq!((code(&output), stderr(&output)), (0, String::new()), "{args:?}");
    }
}

#[test]
fn fmt_changes_files_and_check_only_names_them() {
    let folder =
        Folder::new(&[("a.opt", "var   x\nminimize x^2\n"), ("b.opt", "var x\nminimize x^2\n"), ("c.opt", "var (\n")]);
    let [a, b, c] = ["a.opt", "b.opt", "c.opt"].map(|n| folder.text(n));
    let output = run(&["fmt", "--check", &a, &b]);
    assert_eq!((code(&output), stdout(&output)), (1, format!("{a}\n")));
    assert_eq!(folder.read("a.opt"), "var   x\nminimize x^2\n", "--check changes nothing");
    assert_eq!(code(&run(&["fmt", &a, &b])), 0);
    assert_eq!(folder.read("a.opt"), folder.read("b.opt"));
    let output = run(&["fmt", "--check", &a, &b]);
    assert_eq!((code(&output), stdout(&output)), (0, String::new()));
    let output = run(&["fmt", &c]);
    assert_eq!((code(&output), folder.read("c.opt")), (1, "var (\n".to_string()));
    assert_eq!(code(&run(&["fmt", &folder.text("absent.opt")])), 2);
    let mut child =
        optc().args(["fmt", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("optc starts");
    child.stdin.take().expect("stdin is piped").write_all(b"var   x\nminimize x^2").expect("written");
    assert_eq!(stdout(&child.wait_with_output().expect("optc ends")), "var x\nminimize x^2\n");
}

#[test]
fn every_stage_can_be_shown_and_is_the_same_twice() {
    for stage in ["tokens", "ast", "ir", "families", "gradient", "jacobian", "hessian", "kernel"] {
        let output = run(&["emit", "examples/transport.opt", "--stage", stage]);
        assert_eq!(code(&output), 0, "{stage}: {}", stderr(&output));
        assert_eq!(stdout(&output), stdout(&run(&["emit", "examples/transport.opt", "--stage", stage])), "{stage}");
    }
    let output = run(&["emit", "examples/transport.opt", "--stage", "hesian"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean `hessian`?"), "{}", stderr(&output));
}

/// Machine code has its text forms where there is any, and says so in words where there is none.
#[test]
fn kernels_can_be_shown_as_code() {
    for (stage, words) in [("clif", "fmul"), ("asm", "ret")] {
        let output = run(&["emit", "examples/hs071.opt", "--stage", stage]);
        if cfg!(not(target_arch = "x86_64")) {
            assert_eq!(code(&output), 7, "{}", stderr(&output));
            continue;
        }
        assert_eq!(code(&output), 0, "{stage}: {}", stderr(&output));
        let text = stdout(&output);
        assert!(text.starts_with("; kernel ") && text.contains(words), "{stage}: {text}");
        assert_eq!(text, stdout(&run(&["emit", "examples/hs071.opt", "--stage", stage])), "{stage}");
    }
    let folder = Folder::new(&[("wrong.opt", "var x\nminimize x^2 + z\n")]);
    for stage in ["clif", "asm"] {
        let output = run(&["emit", &folder.text("wrong.opt"), "--stage", stage]);
        assert_eq!((code(&output), stdout(&output).len()), (1, 0), "{stage}");
        assert!(stderr(&output).contains("E0201"), "{}", stderr(&output));
    }
}

/// Machine code and the executor give the same bits; the portable level another path to the same answer.
#[test]
fn every_executor_solves() {
    let folder = Folder::new(&[]);
    let solve = |options: &[&str], name: &str| {
        let trace = folder.text(name);
        let output = optc().args(["solve", "examples/hs071.opt", "--trace", &trace]).args(options).output();
        let output = output.expect("optc starts");
        assert_eq!(code(&output), 0, "{options:?}: {}", stderr(&output));
        assert!(stdout(&output).contains("17.01402"), "{}", stdout(&output));
        // Iterations with all digits, without the seconds.
        let rows = folder.read(name);
        rows.lines().map(|row| row.rsplit_once(',').map_or(row, |(row, _)| row).to_owned()).collect::<Vec<_>>()
    };
    let native = solve(&[], "native.csv");
    assert!(native.len() > 5, "{native:?}");
    assert_eq!(native, solve(&["--no-jit"], "none.csv"));
    assert_eq!(solve(&["--portable"], "portable.csv"), solve(&["--portable", "--no-jit"], "both.csv"));
    let output = run(&["solve", "examples/hs071.opt", "--no-jitt"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--no-jit"), "{}", stderr(&output));
}

#[test]
fn wrong_usage_is_helped() {
    for (args, words) in [
        (&["sovle", "m.opt"][..], "solve"),
        (&["examples/hs071.opt"], "optc solve examples/hs071.opt"),
        (&["explain", "E0503x"], "did you mean `E0503`?"),
        (&["methods", "lbgfs"], "did you mean `lbfgs`?"),
        (&["solve", "examples/hs071.otp"], "cannot read `examples/hs071.otp`"),
        (&["solve", "examples/hs071.opt", "--set", "q=two"], "is not a number"),
    ] {
        let output = run(args);
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(stderr(&output).contains(words), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn documents_are_made_from_the_rows() {
    assert!(stdout(&run(&["explain", "e501"])).starts_with("E0501: "));
    assert!(stdout(&run(&["man"])).contains(".TH optc"));
    assert!(stdout(&run(&["man", "solve"])).contains("time\\-limit"));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(stdout(&run(&["completions", shell])).contains("optc"), "{shell}");
    }
    let version = run(&["--version"]);
    assert_eq!((code(&version), stdout(&version)), (0, format!("optc {}\n", env!("CARGO_PKG_VERSION"))));
    for command in ["solve", "check", "inspect", "methods", "emit", "fmt", "explain", "completions", "man"] {
        assert_eq!(code(&run(&[command, "--help"])), 0, "{command}");
    }
}

#[test]
fn the_version_is_told_at_once() {
    let fastest = (0..5)
        .map(|_| {
            let begin = Instant::now();
            run(&["--version"]);
            begin.elapsed()
        })
        .min();
    assert!(fastest < Some(Duration::from_millis(100)), "{fastest:?}");
}

#[test]
fn the_files_of_the_tool_are_where_the_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["LICENSE-MIT", "LICENSE-APACHE", "CONTRIBUTING.md", "CHANGELOG.md", ".ci/run", "justfile", "deny.toml"]
    {
        assert!(root.join(name).is_file(), "{name}");
    }
}

/// Blocks of a page of the documentation with these words after the fence.
fn blocks(page: &str, words: &str) -> Vec<String> {
    let text = std::fs::read_to_string(page).expect("a page");
    let (mut found, mut lines) = (Vec::new(), text.lines());
    while let Some(line) = lines.next() {
        let Some(after) = line.strip_prefix("```") else { continue };
        let block: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        found.extend((after == words).then_some(block));
    }
    found
}

/// A text without the times that a run took.
fn timeless(text: &str) -> String {
    let line = |line: &str| match line.split_once("time  ") {
        Some(_) => "time".to_string(),
        None if line.starts_with("work ") => line.rsplit_once(',').map_or("", |(counts, _)| counts).to_string(),
        None => line.trim_end().to_string(),
    };
    text.trim().lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_readme_shows_what_the_tool_does() {
    let model = std::fs::read_to_string("examples/transport.opt").expect("the first example");
    let shown = blocks("README.md", "");
    assert!(shown.contains(&model), "the README shows another examples/transport.opt");
    let shown = blocks("README.md", "text");
    let output = run(&["solve", "examples/transport.opt"]);
    assert_eq!(timeless(&shown[0]), timeless(&stdout(&output)), "the README shows another answer");
    let folder = Folder::new(&[("broken.opt", README_BROKEN), ("blame.opt", README_BLAME)]);
    for (at, name) in [(1, "broken.opt"), (2, "blame.opt")] {
        let output = optc().args(["solve", name]).current_dir(folder.path("")).output().expect("optc starts");
        assert_eq!(shown[at].trim(), stderr(&output).trim(), "the README shows another message");
    }
}

/// The programs behind the messages of the README.
const README_BROKEN: &str = "set plants = {seattle, san_diego}

param supply[plants] = {seattle: 350, san_diego: 600}
var ship[i in plants] >= 0
minimize cost: sum(i in plants: 2 * ship[i, 2]
subject to
  capacity[i in plants]: ship[i] <= suply[i]
  logs: log(ship[seattle]) = 1
";
const README_BLAME: &str = "param first[1..8] = [1, 2, 3, 4, 5, 6, -0.5, 8]
var x[t in 1..8] start first[t]
minimize sum(t in 1..8: x[t])
subject to
  balance[t in 1..8]: log(x[t]) + x[t] <= 12
";
