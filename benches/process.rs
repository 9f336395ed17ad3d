//! Whole processes and whole bindings against their bars: `cargo bench --bench process -- PART...`, where a part is
//! `programs`, `binding`, `memory`, `reading`; all of them if none is named.
//!
//! Processor time of the program from its start to its end, the least of 50; binding per (table row + nonzero of J and
//! H); memory of a million instances; reading of a file of numbers. The grid is skipped where `benches/peers.py` has
//! not written its tables.

#![allow(unsafe_code)]

mod models;

use optc::data::{FolderLoader, MemoryLoader, Store};
use optc::diag::{Reports, Sources};
use optc::driver::solve::Bound;
use optc::driver::{Session, Setup};
use optc::num::random::Stream;
use optc::problem::Oracle;
use std::fmt::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// `struct rusage` of 64-bit Linux: user time, system time, and what is not used here.
#[repr(C)]
struct Usage {
    times: [[i64; 2]; 2],
    rest: [i64; 14],
}

unsafe extern "C" {
    fn getrusage(who: i32, usage: *mut Usage) -> i32;
}

/// Of this process.
const SELF: i32 = 0;
/// Of all programs that were started here and have ended.
const CHILDREN: i32 = -1;

/// Seconds of processor time.
fn used(who: i32) -> f64 {
    let mut usage = Usage { times: [[0; 2]; 2], rest: [0; 14] };
    // SAFETY: `usage` is as large as the system's structure.
    unsafe { getrusage(who, &raw mut usage) };
    usage.times.iter().map(|[seconds, micros]| *seconds as f64 + *micros as f64 * 1e-6).sum()
}

/// Least processor time of `runs` runs, in milliseconds.
fn least(runs: usize, args: &[&str]) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let before = used(CHILDREN);
        let status = Command::new(env!("CARGO_BIN_EXE_optc")).args(args).stdout(Stdio::null()).status();
        assert!(status.expect("the program starts").success(), "optc {args:?}");
        best = best.min(used(CHILDREN) - before);
    }
    best * 1e3
}

fn row(what: &str, value: f64, bar: &str) {
    println!("{what:<56} {value:>10.2}  {bar}");
}

fn processes() {
    let folder = std::env::temp_dir().join(format!("optc-process-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("there is a folder for a while");
    let chained = folder.join("chained.opt");
    std::fs::write(&chained, models::named("lv20000").0).expect("the model is written");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hs071.opt");
    row("optc --version, ms", least(50, &["--version"]), "at most 5");
    row("optc solve hs071.opt, ms", least(50, &["solve", example]), "at most 10");
    let path = chained.to_str().expect("a plain path");
    row("optc solve, chained problem of 20 000, ms", least(10, &["solve", path]), "at most 600");
    let _ = std::fs::remove_dir_all(&folder);
}

/// A bound model, and the seconds of what grows with its data.
fn bind(name: &str) -> (Bound, f64) {
    let (text, folder) = models::named(name);
    let mut session = Session::new(Arc::new(FolderLoader::new(&folder)), Setup::default());
    let checked = session.check_text("model.opt", &text);
    let Ok(bound) = session.bind(checked) else { panic!("{name} is right") };
    let timings = session.timings().iter();
    (bound, timings.filter(|t| matches!(&*t.stage, "bind" | "link" | "survey")).map(|t| t.seconds).sum())
}

fn binding() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let all = [("lv10000", 30), ("lv1000000", 12), ("robot10000", 20), ("case2869pegase", 40)];
    // Those named behind `binding`, or all.
    let named = all.iter().any(|(name, _)| asked.iter().any(|a| a == name));
    for (name, runs) in all.into_iter().filter(|(name, _)| !named || asked.iter().any(|a| a == name)) {
        let (_, folder) = models::named(name);
        let is_grid = name.starts_with("case");
        if is_grid && !folder.join("bus.csv").exists() {
            println!("{name}: skipped, its tables are not there");
            continue;
        }
        let mut rows = 0;
        if is_grid {
            for table in ["bus.csv", "branch.csv", "gen.csv"] {
                let text = std::fs::read_to_string(folder.join(table)).expect("the tables are there");
                rows += text.lines().count() - 1;
            }
        }
        let (mut best, mut items) = (f64::INFINITY, 0);
        for _ in 0..runs {
            let (bound, seconds) = bind(name);
            items = rows + bound.oracle.jacobian_pattern().nnz() + bound.oracle.hessian_pattern().nnz();
            best = best.min(seconds);
        }
        row(&format!("binding {name}, ns per row and nonzero"), best * 1e9 / items as f64, "at most 60");
    }
}

/// Binds and evaluates everything in a process of its own, which says how much memory it has used at most.
fn memory(name: &str) {
    if std::env::var_os("OPTC_MEMORY").is_none() {
        let exe = std::env::current_exe().expect("a bench is a program");
        let out = Command::new(exe).env("OPTC_MEMORY", name).output().expect("the bench starts again");
        print!("{}", String::from_utf8_lossy(&out.stdout));
        return;
    }
    let (bound, _) = bind(name);
    let oracle = &*bound.oracle;
    let (n, m) = (oracle.shape().n_vars, oracle.shape().n_cons);
    let mut ws = oracle.workspace();
    ws.set_point(&oracle.shape().start);
    let fine = "the start is regular";
    let (mut f, mut g, mut c) = ([0.0], vec![0.0; n], vec![0.0; m]);
    let mut jacobian = vec![0.0; oracle.jacobian_pattern().nnz()];
    let mut hessian = vec![0.0; oracle.hessian_pattern().nnz()];
    oracle.objectives(&mut ws, &mut f).expect(fine);
    oracle.gradient(&mut ws, &[1.0], &mut g).expect(fine);
    oracle.constraints(&mut ws, &mut c).expect(fine);
    oracle.jacobian(&mut ws, &mut jacobian).expect(fine);
    oracle.hessian(&mut ws, &[1.0], &vec![1.0; m], &mut hessian).expect(fine);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    match line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()) {
        Some(kilobytes) => row(&format!("most memory of {name}, MB"), kilobytes * 1.024e-3, "at most 1500"),
        None => println!("most memory of {name}: this system does not say"),
    }
}

fn reading() {
    let mut text = String::from("id,x,y,z,w\n");
    let mut stream = Stream::new(1, 1);
    for id in 0..500_000 {
        let mut unit = || stream.unit();
        let _ = writeln!(text, "{id},{:.6},{},{:.3},{:.4e}", unit() * 100.0, unit(), unit() * 1000.0, unit());
    }
    let megabytes = text.len() as f64 / 1e6;
    let mut best = f64::INFINITY;
    let loader = Arc::new(MemoryLoader::new().with("numbers.csv", text));
    for _ in 0..7 {
        let begin = used(SELF);
        let mut store = Store::new(loader.clone());
        let table = store.table("numbers.csv", None, &mut Sources::new(), &mut Reports::new());
        best = best.min(used(SELF) - begin);
        assert!(table.is_some_and(|table| table.n_columns() == 5));
    }
    row("a table of numbers, MB/s", megabytes / best, "at least 200");
}

fn main() {
    if let Ok(name) = std::env::var("OPTC_MEMORY") {
        return memory(&name);
    }
    // The first session pays for what the process does once.
    drop(Session::new(Arc::new(MemoryLoader::new()), Setup::default()));
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let parts: [(&str, fn()); 4] =
        [("programs", processes), ("binding", binding), ("memory", || memory("lv1000000")), ("reading", reading)];
    for (_, part) in parts.iter().filter(|(name, _)| asked.is_empty() || asked.iter().any(|a| a == name)) {
        part();
    }
}
