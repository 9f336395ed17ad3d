//! Native code gives what the portable executor gives, to the last bit.

use crate::support::models::draw;
use optc::data::{FolderLoader, MemoryLoader};
use optc::driver::solve::Bound;
use optc::driver::{Session, Setup};
use optc::jit::{Jit, Level};
use optc::kernel::{CompiledOracle, Mode, Program, compile};
use optc::num::random::Stream;
use optc::problem::{EvalError, Oracle};
use std::path::Path;
use std::sync::Arc;

/// Everything an oracle gives at a point, as bits; all NaNs are one.
fn evaluations(oracle: &CompiledOracle, seed: u64, scale: f64) -> Vec<(&'static str, Vec<u64>)> {
    let shape = oracle.shape();
    let mut stream = Stream::new(seed, 11);
    let mut draw = |n: usize| -> Vec<f64> { (0..n).map(|_| (2.0 * stream.unit() - 1.0) * scale).collect() };
    let x: Vec<f64> = shape.start.iter().zip(draw(shape.n_vars)).map(|(s, d)| s + d).collect();
    let (sigma, y) = (draw(shape.n_objectives), draw(shape.n_cons));
    let mut ws = oracle.workspace();
    ws.set_point(&x);
    let mut all = Vec::new();
    let mut give = |what, n: usize, eval: &mut dyn FnMut(&mut [f64]) -> Result<(), EvalError>| {
        let mut out = vec![f64::MIN; n];
        // What is not finite is an error, but stands in the output all the same.
        let _ = eval(&mut out);
        all.push((what, out.iter().map(|v| if v.is_nan() { f64::NAN.to_bits() } else { v.to_bits() }).collect()));
    };
    give("objectives", shape.n_objectives, &mut |out| oracle.objectives(&mut ws, out));
    give("constraints", shape.n_cons, &mut |out| oracle.constraints(&mut ws, out));
    give("gradient", shape.n_vars, &mut |out| oracle.gradient(&mut ws, &sigma, out));
    give("jtv", shape.n_vars, &mut |out| oracle.jtv(&mut ws, &y, out));
    give("jacobian", oracle.jacobian_pattern().nnz(), &mut |out| oracle.jacobian(&mut ws, out));
    give("hessian", oracle.hessian_pattern().nnz(), &mut |out| oracle.hessian(&mut ws, &sigma, &y, out));
    all
}

fn same(portable: &CompiledOracle, native: &CompiledOracle, seed: u64, about: &str) {
    for (seed, scale) in [(seed, 0.1), (seed + 1, 2.0)] {
        let pairs = evaluations(portable, seed, scale).into_iter().zip(evaluations(native, seed, scale));
        for ((what, a), (_, b)) in pairs {
            if let Some(k) = (0..a.len()).find(|k| a[*k] != b[*k]) {
                let (a, b) = (f64::from_bits(a[k]), f64::from_bits(b[k]));
                panic!("{about}: entry {k} of {what}: portable {a:e}, native {b:e}");
            }
        }
    }
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
        same(&portable, &native, seed, about);
    }
    functions
}

fn bind(session: &mut Session, name: &str, text: &str) -> Bound {
    let checked = session.check_text(name, text);
    assert!(!checked.reports.has_errors(), "{name}: {:?}", checked.reports.messages());
    session.bind(checked).unwrap_or_else(|reports| panic!("{name}: {:?}", reports.messages()))
}

#[test]
fn random_models_give_the_same_bits_on_every_level() {
    let draws = std::env::var("OPTC_DRAWS").ok().and_then(|n| n.parse().ok()).unwrap_or(120);
    let levels = [Level::Machine, Level::Portable].map(|level| Jit::new(level).expect("this machine has a generator"));
    for seed in 0..draws {
        let drawn = draw(seed);
        let loader = MemoryLoader::new().with("t.csv", drawn.table.as_str());
        let mut session = Session::new(Arc::new(loader), Setup::default());
        let bound = bind(&mut session, "drawn.opt", &drawn.text);
        let jit = &levels[(seed % 2) as usize];
        compare(&bound, jit, seed, &format!("draw {seed}\n{}\n{}", drawn.text, drawn.table));
    }
}

#[test]
fn every_example_gives_the_same_bits() {
    let jit = Jit::new(Level::Machine).expect("this machine has a generator");
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
    let jit = Jit::new(Level::Machine).expect("this machine has a generator");
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
