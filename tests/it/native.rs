//! Native code gives what the portable executor gives, to the last bit.

use crate::support::bits::{evaluations, same};
use crate::support::drawn::{Made, Tally};
use crate::support::models::{draw, draw_from};
use optc::data::{FolderLoader, MemoryLoader};
use optc::driver::solve::Bound;
use optc::driver::{Session, Setup};
use optc::jit::fault::FAULTS;
use optc::jit::{Jit, Level, Text};
use optc::kernel::{CompiledOracle, Mode, Program, compile};
use optc::num::random::Stream;
use optc::problem::Oracle;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// A compiler that leaves no loop to the portable executor.
fn everything(level: Level) -> Jit {
    Jit::new(level).expect("this machine has a generator").with_budget(1 << 19)
}

fn compare(bound: &Bound, jit: &Jit, seed: u64, about: &str) -> usize {
    let prepared = &bound.prepared;
    let program: Arc<Program> = Arc::new(compile(&prepared.model, &prepared.plan, &prepared.derivs));
    let mut functions = 0;
    for mode in [Mode::Auto, Mode::Lifted] {
        let oracle = || CompiledOracle::new(program.clone(), bound.instance.clone(), mode).expect("it fits");
        let (portable, mut native) = (oracle(), oracle());
        let summary = jit.attach(&mut native).unwrap_or_else(|error| panic!("{about}: {error}"));
        assert_eq!(summary.portable, 0, "{about}: every loop has code");
        functions += summary.functions;
        same(&portable, &native, seed, 2).unwrap_or_else(|why| panic!("{about}: {why}"));
    }
    functions
}

fn bind(session: &mut Session, name: &str, text: &str) -> Bound {
    let checked = session.check_text(name, text);
    assert!(!checked.reports.has_errors(), "{name}: {:?}", checked.reports.messages());
    session.bind(checked).unwrap_or_else(|reports| panic!("{name}: {:?}", reports.messages()))
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// The portable executor to the last bit, the interpreter up to rounding, and differences. `just fuzz` draws more.
#[test]
fn random_models_satisfy_three_judges_on_every_level() {
    let (first, n, points) = (number("OPTC_FIRST", 0), number("OPTC_DRAWS", 120), number("OPTC_POINTS", 2));
    let levels = [Level::Machine, Level::Portable].map(everything);
    let mut all = Tally::default();
    for seed in first..first + n {
        let drawn = draw(seed);
        let fail = |why: String| -> ! { panic!("draw {seed}: {why}\n{}\n{}", drawn.text, drawn.table) };
        let made = Made::new(&drawn).unwrap_or_else(|why| fail(why));
        let tally = made.three_judges(&levels[(seed % 2) as usize], seed, points).unwrap_or_else(|why| fail(why));
        all.bits += tally.bits;
        all.points += tally.points;
    }
    eprintln!("{n} models: {} numbers equal to the last bit, {} points as the interpreter says", all.bits, all.points);
}

/// Each fault is seen by the bits alone; with nothing planted there is nothing to see.
#[test]
fn faults_planted_in_the_lowering_are_found() {
    let jit = everything(Level::Machine);
    let limit = 2_000;
    let mut found: Vec<Option<(u64, String)>> = FAULTS.iter().map(|_| None).collect();
    let mut planted = vec![0; FAULTS.len()];
    let mut seed = 0;
    while seed < limit && found.iter().any(Option::is_none) {
        let made = Made::new(&draw(seed)).expect("another test reports what cannot be made");
        let oracle = || made.oracle(Mode::Condensed).expect("it fits");
        let portable = oracle();
        for (at, fault) in FAULTS.iter().enumerate() {
            if found[at].is_some() {
                continue;
            }
            let mut native = oracle();
            if fault.attach(&jit, &mut native, seed as usize).expect("faulty code is code") {
                planted[at] += 1;
                found[at] = same(&portable, &native, seed, 2).err().map(|why| (seed, why));
            }
        }
        let mut native = oracle();
        jit.attach(&mut native).expect("right code is code");
        same(&portable, &native, seed, 2).expect("nothing is planted");
        seed += 1;
    }
    for ((fault, found), planted) in FAULTS.iter().zip(&found).zip(&planted) {
        match found {
            Some((seed, why)) => eprintln!("{:>60}: draw {seed}, {planted} planted: {why}", fault.name),
            None => eprintln!("{:>60}: not found, {planted} planted", fault.name),
        }
    }
    assert!(found.iter().all(Option::is_some), "some planted fault was not found within {seed} draws");
}

#[test]
fn every_example_gives_the_same_bits() {
    let jit = everything(Level::Machine);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("there are examples").flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|e| e != "opt") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("examples are text");
        let mut session = Session::new(Arc::new(FolderLoader::new(&folder)), Setup::default());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bound = bind(&mut session, &name, &text);
        assert!(compare(&bound, &jit, 5, &name) > 0, "{name} has code");
        count += 1;
    }
    assert!(count >= 12, "only {count} examples");
}

/// Every number of instances around the sizes of a pair and a block, with every form of address.
#[test]
fn tails_of_every_length_give_the_same_bits() {
    let jit = everything(Level::Machine);
    let mut sizes: Vec<usize> = (3..20).collect();
    sizes.extend([255, 256, 257, 258, 511, 512, 513, 777]);
    for n in sizes {
        let text = format!(
            "set I = 1..{n}\nset J = 1..3\nset P = {{i in I, j in J if mod(i + j, 2) == 0}}\nvar x[I] start 0.5\n\
             var y[J] start 0.2\nvar z[I, J] start 0.3\nvar t\nlet s[i in I] = sum(j in J: z[i, j] * y[j]) + exp(x[i])\n\
             minimize cost: sum(i in I: (x[i] - 1)^2 * exp(t) + sin(x[i] * y[1])) + log(1 + sum(i in I: x[i]^2))\n\
             \x20 + sum((i, j) in P: z[i, j]^2 * x[i] + cos(z[i, j])) + sum(i in I: s[i]^2)\n\
             subject to\n  a[i in 2..{n}]: x[i]^2 * x[i - 1] + exp(x[i] * t) >= -5\n\
             \x20 b[i in I]: sum(j in J: z[i, j] * x[i]) <= 7\n\
             \x20 c[j in J]: sum(i in I: z[i, j]^2) + y[j]^3 <= 9\n\
             \x20 d[(i, j) in P]: z[i, j] * y[j] + sqrt(1 + x[i]^2) >= -3\n"
        );
        let mut session = Session::new(Arc::new(MemoryLoader::new()), Setup::default());
        let bound = bind(&mut session, "tails.opt", &text);
        compare(&bound, &jit, n as u64, &format!("n = {n}"));
    }
}

/// The chained Rosenbrock function with neighbouring constraints (Lukšan and Vlček 1999, problem 5.1).
fn chained(n: usize) -> Bound {
    let text = format!(
        "param n = {n}\nvar x[i in 1..n] start if i / 2 == floor(i / 2) then 1 else -1.2\n\
         minimize f: sum(i in 2..n: 100 * (x[i-1]^2 - x[i])^2 + (x[i-1] - 1)^2)\nsubject to\n\
         \x20 c[i in 2..n-1]: 3 * x[i]^3 + 2 * x[i+1] - 5 + sin(x[i] - x[i+1]) * sin(x[i] + x[i+1])\n\
         \x20   + 4 * x[i] - x[i-1] * exp(x[i-1] - x[i]) - 3 == 0\n"
    );
    bind(&mut Session::new(Arc::new(MemoryLoader::new()), Setup::default()), "chained.opt", &text)
}

fn oracle(bound: &Bound) -> CompiledOracle {
    let prepared = &bound.prepared;
    let program = Arc::new(compile(&prepared.model, &prepared.plan, &prepared.derivs));
    CompiledOracle::new(program, bound.instance.clone(), Mode::Auto).expect("it fits")
}

#[test]
fn code_does_not_depend_on_how_long_a_set_is() {
    let jit = everything(Level::Machine);
    let bytes = |n| jit.bytes(&mut oracle(&chained(n))).expect("it compiles");
    let short = bytes(1_000);
    assert!(short.len() > 1_000);
    assert_eq!(short, bytes(1_000_000));
}

#[test]
fn beyond_its_budget_the_compiler_leaves_loops_to_the_portable_executor() {
    let bound = chained(300);
    let portable = oracle(&bound);
    let mut some = 0;
    for budget in [0, 20, 60, 100, 1_000_000] {
        let jit = Jit::new(Level::Machine).expect("this machine has a generator").with_budget(budget);
        let mut native = oracle(&bound);
        let summary = jit.attach(&mut native).expect("it compiles");
        assert_eq!(summary.functions == 0, budget == 0, "{budget}: {summary:?}");
        assert_eq!(summary.portable == 0, budget == 1_000_000, "{budget}: {summary:?}");
        some += usize::from(summary.functions > 0 && summary.portable > 0);
        same(&portable, &native, 3, 2).unwrap_or_else(|why| panic!("{budget}: {why}"));
    }
    assert!(some >= 2, "a budget may suffice for a part");
}

/// A row of `n` terms in one line, and an objective that is a sum of `n` neighbours, by functions that double.
fn long(n: usize) -> Bound {
    let terms: Vec<String> = (1..=n).map(|k| format!("{} * x[{k}]", k % 7 + 1)).collect();
    let text = format!(
        "var x[1..{n}] start 0.5\nminimize f: sum(i in 1..{n}: (x[i] - 1)^2)\nsubject to\n  c: exp(x[1]) + {} <= 5\n",
        terms.join(" + ")
    );
    bind(&mut Session::new(Arc::new(MemoryLoader::new()), Setup::default()), "long.opt", &text)
}

/// Ports are numbered with more than 16 bits: functions that double read 2^16 + 2^12 neighbours.
#[test]
fn more_than_65536_ports_give_the_same_bits() {
    let mut text = String::from("var x[i in 1..70000] start i / 70000 + 0.1\nfn g0(i) = x[i]\n");
    for k in 0..16 {
        text += &format!("fn g{}(i) = g{k}(i) + g{k}(i + {})\n", k + 1, 1 << k);
    }
    text += "minimize f: sum(i in 1..3: g16(i) + g12(i + 65536))\n";
    let bound = bind(&mut Session::new(Arc::new(MemoryLoader::new()), Setup::default()), "wide.opt", &text);
    let jit = everything(Level::Machine);
    let (portable, mut native) = (oracle(&bound), oracle(&bound));
    let ports = |k: &optc::kernel::program::Kernel| k.ports.len();
    assert!(native.program().kernels.iter().map(ports).max() > Some(1 << 16), "addresses do not fit into 16 bits");
    let summary = jit.attach(&mut native).expect("it compiles");
    assert_eq!(summary.portable, 0, "{summary:?}");
    let value = |oracle: &CompiledOracle| {
        let mut ws = oracle.workspace();
        // Each variable has another value.
        let x: Vec<f64> = (0..70_000).map(|k| 1.0 + f64::from(k % 1013 * (k % 71)) / 7.0).collect();
        ws.set_point(&x);
        let mut gradient = vec![0.0; x.len()];
        oracle.gradient(&mut ws, &[1.5], &mut gradient).expect("it is linear");
        (oracle.objective(&mut ws, 0).expect("it is linear"), gradient)
    };
    let ((f, g), (native_f, native_g)) = (value(&portable), value(&native));
    assert_eq!(f.to_bits(), native_f.to_bits(), "{f} and {native_f}");
    assert!(g.iter().map(|g| g.to_bits()).eq(native_g.iter().map(|g| g.to_bits())), "gradients differ");
}

#[test]
fn functions_are_short_and_the_work_grows_with_the_length_of_a_line() {
    let jit = everything(Level::Machine);
    let of = |n: usize| {
        let bound = long(n);
        let (portable, mut native) = (oracle(&bound), oracle(&bound));
        let summary = jit.attach(&mut native).expect("it compiles");
        assert_eq!(summary.portable, 0, "{summary:?}");
        // A function has few items, however many outs its kernel has.
        assert!(summary.longest <= optc::jit::MAX_ITEMS, "{summary:?}");
        same(&portable, &native, 3, 1).unwrap_or_else(|why| panic!("{n}: {why}"));
        summary
    };
    let (short, long) = (of(1_000), of(4_000));
    let ratio = long.items as f64 / short.items as f64;
    assert!((3.5..4.5).contains(&ratio), "{short:?}, {long:?}");
    assert!(long.functions <= 5 * short.functions, "{short:?}, {long:?}");
    assert!(long.bytes <= 5 * short.bytes, "{short:?}, {long:?}");
}

/// A long line that is evaluated once per call is not compiled, a long line for many instances is.
#[test]
fn code_is_made_where_it_is_likely_to_pay() {
    let jit = Jit::new(Level::Machine).expect("this machine has a generator");
    let bound = long(2_000);
    let (portable, mut native) = (oracle(&bound), oracle(&bound));
    let summary = jit.attach(&mut native).expect("it compiles");
    assert!(summary.portable > 0, "{summary:?}");
    assert!(summary.functions > 0 && summary.items < 200, "the objective has code: {summary:?}");
    same(&portable, &native, 3, 2).unwrap_or_else(|why| panic!("{why}"));
    let text = jit.text(&mut oracle(&bound), Text::Clif).expect("it compiles");
    assert!(text.contains(": left to the portable executor\n") && text.contains("function"), "{}", text.len());
    let terms: Vec<String> = (0..1_500).map(|k| format!("x[i + {k}]")).collect();
    let text = format!("var x[1..2000] start 0.5\nminimize f: sum(i in 1..30: {})\n", terms.join(" + "));
    let mut native =
        oracle(&bind(&mut Session::new(Arc::new(MemoryLoader::new()), Setup::default()), "many.opt", &text));
    let summary = jit.attach(&mut native).expect("it compiles");
    assert!(summary.portable == 0 && summary.items > 1_500, "{summary:?}");
}

/// Runs one test of this file in a process of its own, which `OPTC_ALONE` tells; whether this is that process.
fn alone(test: &str) -> bool {
    alone_with(test, "1")
}

/// The same, with what `OPTC_ALONE` is to say.
fn alone_with(test: &str, say: &str) -> bool {
    if std::env::var_os("OPTC_ALONE").is_some() {
        return true;
    }
    let binary = std::env::current_exe().expect("tests are a program");
    let run = Command::new(binary)
        .args([&format!("native::{test}"), "--exact", "--nocapture", "--test-threads=1"])
        .env("OPTC_ALONE", say)
        .output()
        .expect("the program runs again");
    let said = String::from_utf8_lossy(&run.stderr);
    said.lines().filter(|line| line.contains("mappings") || line.contains("compiles")).for_each(|l| eprintln!("{l}"));
    assert!(run.status.success(), "{}{said}", String::from_utf8_lossy(&run.stdout));
    false
}

/// Code of either level, with the block routines of a level: a process has one.
#[test]
fn executors_agree_with_the_block_routines_of_every_level() {
    use optc::num::vmath::Level as Routines;
    let here: Vec<Routines> = Routines::ALL.into_iter().filter(|level| level.is_here()).collect();
    for (nth, _) in here.iter().enumerate() {
        let say = nth.to_string();
        if !alone_with("executors_agree_with_the_block_routines_of_every_level", &say) {
            continue;
        }
        let wanted = std::env::var("OPTC_ALONE").ok().and_then(|nth| here.get(nth.parse::<usize>().ok()?).copied());
        let wanted = wanted.expect("the parent names a level by its number");
        assert!(wanted.fix() && Routines::current() == wanted, "nothing was computed before");
        let jits = [Level::Machine, Level::Portable].map(everything);
        for seed in 7_000..7_012 {
            let made = Made::new(&draw(seed)).unwrap_or_else(|why| panic!("draw {seed}: {why}"));
            let oracle = || made.oracle(Mode::Condensed).expect("it fits");
            for jit in &jits {
                let mut native = oracle();
                jit.attach(&mut native).expect("it compiles");
                same(&oracle(), &native, seed, 2).unwrap_or_else(|why| panic!("{wanted:?}, draw {seed}: {why}"));
            }
        }
        return;
    }
}

/// The way in of the fuzz target: any bytes choose a model, and the judges find nothing.
#[test]
fn models_chosen_by_random_bytes_satisfy_the_judges() {
    let jit = everything(Level::Machine);
    let mut stream = Stream::new(11, 4);
    for nth in 0..200_u64 {
        let bytes: Vec<u8> = (0..stream.below(80)).map(|_| stream.below(256) as u8).collect();
        let drawn = draw_from(&bytes, nth);
        let fail = |why: String| -> ! { panic!("{bytes:?}, {nth}: {why}\n{}\n{}", drawn.text, drawn.table) };
        let made = Made::new(&drawn).unwrap_or_else(|why| fail(why));
        // All judges take long without optimisation.
        if nth % 10 == 0 {
            made.three_judges(&jit, nth, 1).unwrap_or_else(|why| fail(why));
        } else {
            let portable = made.oracle(Mode::Condensed).unwrap_or_else(|why| fail(why));
            let mut native = made.oracle(Mode::Condensed).unwrap_or_else(|why| fail(why));
            jit.attach(&mut native).unwrap_or_else(|error| fail(error.to_string()));
            same(&portable, &native, nth, 1).unwrap_or_else(|why| fail(why));
        }
    }
}

/// Bytes of memory in use.
fn resident() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split(' ').nth(1)?.parse::<usize>().ok()? * 4096)
}

#[test]
fn ten_thousand_compiles_leave_no_memory_behind() {
    if resident().is_none() {
        return eprintln!("skipped: this system has no /proc/self/statm");
    }
    if !alone("ten_thousand_compiles_leave_no_memory_behind") {
        return;
    }
    let text = "var x\nminimize f: (x - 1)^2 + exp(x)\n";
    let mut session = Session::new(Arc::new(MemoryLoader::new()), Setup::default());
    let bound = bind(&mut session, "small.opt", text);
    let jit = everything(Level::Machine);
    let mut native = oracle(&bound);
    let mut compiles = |n: usize| {
        for _ in 0..n {
            // The code of the turn before is dropped.
            assert!(jit.attach(&mut native).expect("it compiles").functions > 0);
        }
    };
    compiles(500);
    let before = resident().unwrap_or(0);
    compiles(10_000);
    let grown = resident().unwrap_or(0).saturating_sub(before);
    eprintln!("10000 compiles: {:.2} MB more", grown as f64 / 1e6);
    assert!(grown < 5_000_000, "10000 compiles left {grown} bytes behind");
}

/// Bytes of mappings without a file that may be executed, and of those that may be executed and written.
fn executable() -> Option<(usize, usize)> {
    let text = std::fs::read_to_string("/proc/self/maps").ok()?;
    let (mut bare, mut writable) = (0, 0);
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (from, to) = words.next()?.split_once('-')?;
        let len = usize::from_str_radix(to, 16).ok()? - usize::from_str_radix(from, 16).ok()?;
        let may = words.next()?;
        // After the offset and the device comes the number of the file.
        let file = words.nth(2)?;
        bare += if may.contains('x') && file == "0" && !line.ends_with(']') { len } else { 0 };
        writable += if may.contains('x') && may.contains('w') { len } else { 0 };
    }
    Some((bare, writable))
}

#[test]
fn code_lives_as_long_as_its_last_owner_and_is_never_writable() {
    if !alone("code_lives_as_long_as_its_last_owner_and_is_never_writable") {
        return;
    }
    let mappings = || executable().unwrap_or_default();
    let bound = chained(2_000);
    let without = mappings().0;
    let jit = everything(Level::Machine);
    let portable = oracle(&bound);
    let mut native = oracle(&bound);
    let len = jit.attach(&mut native).expect("it compiles").bytes.next_multiple_of(4096);
    drop(jit);
    let native = Arc::new(native);
    if executable().is_some() {
        assert_eq!(mappings(), (without + len, 0), "the code cannot be written");
    }
    let wanted: Vec<_> = (0..8).map(|seed| evaluations(&portable, &mut portable.workspace(), seed, 0.5)).collect();
    let wanted = Arc::new(wanted);
    let threads: Vec<_> = (0..4_usize)
        .map(|thread| {
            let (native, wanted) = (native.clone(), wanted.clone());
            std::thread::spawn(move || {
                let mut ws = native.workspace();
                // Each ends at another time, and drops what it holds there.
                for turn in 0..8 * (thread + 1) {
                    let seed = (turn + thread) % 8;
                    let found = evaluations(&native, &mut ws, seed as u64, 0.5);
                    assert!(found == wanted[seed], "thread {thread}, turn {turn}");
                }
            })
        })
        .collect();
    // The threads go on without the first owner.
    drop(native);
    threads.into_iter().for_each(|thread| thread.join().expect("a thread ends well"));
    if executable().is_some() {
        assert_eq!(mappings(), (without, 0), "the code is gone with its last owner");
        eprintln!("mappings of code: {len} bytes while it is owned, none after, none of them writable");
    } else {
        eprintln!("mappings of code are not known: this system has no /proc/self/maps");
    }
}
