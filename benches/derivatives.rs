//! Times of f, gradient, c, Jacobian, Hessian and products with it of the reference models, with the columns of the
//! peers: `cargo bench --bench derivatives -- lv10000 robot1000`. A grid case needs the folder that `benches/peers.py`
//! writes: `just bench derivatives` does both and puts hand-written C beside it in the same run.

#![allow(unsafe_code)]

mod models;

use optc::data::FolderLoader;
use optc::driver::solve::Bound;
use optc::driver::{Executor, Session, Setup};
use optc::jit::{Pool, share};
use optc::kernel::CompiledOracle;
use optc::num::random::Stream;
use optc::problem::{Oracle, Workspace};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

fn load(name: &str, executor: Executor, threads: Option<usize>) -> (Bound, Vec<(String, f64)>) {
    let (text, folder) = models::named(name);
    let setup = Setup { executor, threads, ..Setup::default() };
    let mut session = Session::new(Arc::new(FolderLoader::new(&folder)), setup);
    let checked = session.check_text("model.opt", &text);
    let bound = session.bind(checked).unwrap_or_else(|reports| {
        let said: String =
            reports.messages().iter().map(|m| optc::diag::render::render(m, &session.sources, false)).collect();
        panic!("{name}: {said}")
    });
    let timings = session.timings().iter().map(|t| (t.stage.clone(), t.seconds)).collect();
    (bound, timings)
}

/// Seconds of one call: the least of the samples, each of as many calls as take two milliseconds.
fn least(mut call: impl FnMut()) -> f64 {
    call();
    let begin = Instant::now();
    call();
    let once = begin.elapsed().as_secs_f64().max(1e-9);
    let calls = ((2e-3 / once) as usize).clamp(1, 10_000);
    let mut best = f64::INFINITY;
    for _ in 0..15 {
        let begin = Instant::now();
        (0..calls).for_each(|_| call());
        best = best.min(begin.elapsed().as_secs_f64() / calls as f64);
    }
    best
}

/// Seconds of the fastest single call in a second: what there is to gain where others want the processors too.
fn fastest(mut call: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut best = f64::INFINITY;
    while begin.elapsed().as_secs_f64() < 1.0 {
        let before = Instant::now();
        call();
        best = best.min(before.elapsed().as_secs_f64());
    }
    best
}

/// Hand-written C: one gcc loop per template, made by `benches/peers.py`.
struct Peer {
    library: libloading::Library,
    arrays: Vec<Vec<f64>>,
    sizes: Vec<usize>,
}

type Eval = unsafe extern "C" fn(*const *const f64, *const f64, *const f64, f64, *mut f64) -> f64;
type Compress = unsafe extern "C" fn(i64, *const f64, *const f64, *mut f64, i64);

impl Peer {
    fn open(name: &str, which: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers").join(name);
        let sizes = std::fs::read_to_string(folder.join("sizes.csv")).ok()?;
        let sizes = sizes.lines().nth(1)?.split(',').map(|n| n.trim().parse().unwrap_or(0)).collect();
        let bytes = std::fs::read(folder.join("arrays")).ok()?;
        let (mut arrays, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let len = u64::from_le_bytes(bytes[at..at + 8].try_into().ok()?) as usize;
            let words = bytes[at + 8..at + 8 + len].chunks(8).map(|chunk| {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                f64::from_bits(u64::from_le_bytes(word))
            });
            arrays.push(words.collect());
            at += 8 + len;
        }
        // SAFETY: the library is C made for this bench; loading it runs no code of its own.
        let library = unsafe { libloading::Library::new(folder.join(format!("{which}.so"))) }.ok()?;
        Some(Self { library, arrays, sizes })
    }

    /// What computes one thing into a buffer of its own; for the Hessian, triplets and their compression.
    fn call(&self, what: char) -> impl FnMut() + '_ {
        let [n, m, jac, triplets, hess, n_arrays, ..] = self.sizes[..] else { panic!("at least six sizes") };
        let mut out = vec![0.0; [n, m, jac, triplets].into_iter().max().unwrap_or(0) + 1];
        let mut merged = vec![0.0; hess];
        let pointers: Vec<*const f64> = self.arrays[..n_arrays].iter().map(|a| a.as_ptr()).collect();
        let (slot, x, lam) = (&self.arrays[n_arrays], &self.arrays[n_arrays + 1], &self.arrays[n_arrays + 2]);
        // SAFETY: these are the names and signatures that `limit_c.py` writes.
        let eval =
            unsafe { self.library.get::<Eval>(format!("eval_{what}").as_bytes()) }.expect("the function is there");
        let compress = unsafe { self.library.get::<Compress>(b"compress") }.expect("the function is there");
        move || {
            // SAFETY: the arrays and sizes are those the code was written for.
            unsafe {
                eval(pointers.as_ptr(), x.as_ptr(), lam.as_ptr(), 1.0, out.as_mut_ptr());
                if what == 'h' {
                    compress(triplets as i64, out.as_ptr(), slot.as_ptr(), merged.as_mut_ptr(), hess as i64);
                }
            }
        }
    }
}

/// Median and quartiles of the ratio of two times, in 21 pairs taken in turn.
fn ratio(mut ours: impl FnMut(), mut theirs: impl FnMut()) -> [f64; 5] {
    let time = |calls: usize, call: &mut dyn FnMut()| {
        let begin = Instant::now();
        (0..calls).for_each(|_| call());
        begin.elapsed().as_secs_f64() / calls as f64
    };
    ours();
    theirs();
    let once = time(3, &mut ours).max(1e-8);
    let calls = ((1e-2 / once) as usize).clamp(1, 20_000);
    let (mut ratios, mut a_least, mut b_least) = (Vec::new(), f64::INFINITY, f64::INFINITY);
    for _ in 0..21 {
        let (a, b) = (time(calls, &mut ours), time(calls, &mut theirs));
        (a_least, b_least) = (a_least.min(a), b_least.min(b));
        ratios.push(a / b);
    }
    ratios.sort_by(f64::total_cmp);
    [ratios[10], ratios[5], ratios[15], a_least, b_least]
}

/// An oracle at a point.
struct Ours {
    oracle: Arc<CompiledOracle>,
    ws: Workspace,
    y: Vec<f64>,
    direction: Vec<f64>,
    out: Vec<f64>,
    jac: Vec<f64>,
    hess: Vec<f64>,
}

impl Ours {
    fn new(bound: Bound) -> Self {
        Self::of(bound.oracle)
    }

    /// Every evaluation is shared by two threads, whether that pays or not.
    fn forced(bound: Bound) -> Self {
        let mut oracle = CompiledOracle::clone(&bound.oracle);
        share(&mut oracle, &Arc::new(Pool::always(2)));
        Self::of(Arc::new(oracle))
    }

    fn of(oracle: Arc<CompiledOracle>) -> Self {
        let shape = oracle.shape();
        let (n, m) = (shape.n_vars, shape.n_cons);
        let mut stream = Stream::new(1, 1);
        let x: Vec<f64> = shape.start.iter().map(|s| s + 0.01 * (2.0 * stream.unit() - 1.0)).collect();
        let y: Vec<f64> = (0..m).map(|_| 2.0 * stream.unit() - 1.0).collect();
        let mut ws = oracle.workspace();
        ws.set_point(&x);
        let (jac, hess) = (vec![0.0; oracle.jacobian_pattern().nnz()], vec![0.0; oracle.hessian_pattern().nnz()]);
        Self { ws, y, direction: vec![1.0; n], out: vec![0.0; n.max(m)], jac, hess, oracle }
    }

    /// A function at the point, as if nothing had been evaluated there.
    fn call(&mut self, what: char) {
        self.oracle.forget_calls(&mut self.ws);
        self.call_after(what);
    }

    /// The same, with the calls that were made at the point before.
    fn call_after(&mut self, what: char) {
        let Self { oracle, ws, y, direction, out, jac, hess } = self;
        let (n, m) = (oracle.shape().n_vars, oracle.shape().n_cons);
        match what {
            'f' => oracle.objectives(ws, &mut out[..1]),
            'g' => oracle.gradient(ws, &[1.0], &mut out[..n]),
            'c' => oracle.constraints(ws, &mut out[..m]),
            'j' => oracle.jacobian(ws, jac),
            'v' => oracle.hvp(ws, &[1.0], y, direction, &mut out[..n]),
            _ => oracle.hessian(ws, &[1.0], y, hess),
        }
        .expect("the point is regular");
    }
}

fn main() {
    let names: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let names = if names.is_empty() { vec!["lv10000".into(), "robot1000".into()] } else { names };
    let executor = if std::env::var_os("OPTC_NO_JIT").is_some() { Executor::Portable } else { Executor::Native };
    println!("peer,model,n,m,what,value,unit");
    for name in &names {
        let (bound, timings) = load(name, executor, Some(1));
        let (n, m) = (bound.oracle.shape().n_vars, bound.oracle.shape().n_cons);
        let print = |what: &str, value: f64, unit: &str| println!("optc,{name},{n},{m},{what},{value:.6e},{unit}");
        for (stage, seconds) in timings {
            print(&format!("stage {stage}"), seconds, "s");
        }
        let mut forced = Ours::forced(load(name, executor, Some(1)).0);
        let (mut one, mut all) = (Ours::new(bound), Ours::new(load(name, executor, None).0));
        let peers = ["limit", "fast"].map(|which| (which, Peer::open(name, which)));
        for peer in peers.iter().filter_map(|(_, peer)| peer.as_ref()) {
            // The same matrices, but that in the grids optc keeps entries whose data happen to be 0, which C leaves out.
            assert!(one.hess.len() >= peer.sizes[4], "{name}: nonzeros of the Hessian");
            assert!(peer.sizes.get(6).is_none_or(|jac| one.jac.len() >= *jac), "{name}: nonzeros of the Jacobian");
        }
        for (what, letter) in [("f", 'f'), ("grad", 'g'), ("c", 'c'), ("jac", 'j'), ("hess", 'h'), ("hvp", 'v')] {
            print(what, least(|| one.call(letter)), "s");
            let [median, low, high, threads, _] = ratio(|| all.call(letter), || one.call(letter));
            println!("threads,{name},{n},{m},{what},{threads:.6e},s");
            println!("threads/one,{name},{n},{m},{what},{median:.3} [{low:.3} {high:.3}],ratio");
            let [median, low, high, ..] = ratio(|| forced.call(letter), || one.call(letter));
            println!("always two threads/one,{name},{n},{m},{what},{median:.3} [{low:.3} {high:.3}],ratio");
            let (alone, shared) = (fastest(|| one.call(letter)), fastest(|| all.call(letter)));
            println!("fastest one/threads,{name},{n},{m},{what},{:.3} of {alone:.3e} s,ratio", alone / shared);
            for (which, peer) in &peers {
                let Some(peer) = peer.as_ref().filter(|_| letter != 'v') else { continue };
                let [median, low, high, _, theirs] = ratio(|| one.call(letter), peer.call(letter));
                println!("c_{which},{name},{n},{m},{what},{theirs:.6e},s");
                println!("optc/c_{which},{name},{n},{m},{what},{median:.3} [{low:.3} {high:.3}],ratio");
            }
        }
        // Functions of one point, of which each takes from those before what they have computed, over the same alone.
        let mut apart = Ours::new(load(name, executor, Some(1)).0);
        for (what, letters) in
            [("f+grad", "fg"), ("c+jac", "cj"), ("jac+hess", "jh"), ("hvp+hvp", "vv"), ("all", "fgcjh")]
        {
            let together = || {
                one.oracle.forget_calls(&mut one.ws);
                letters.chars().for_each(|letter| one.call_after(letter));
            };
            let [median, low, high, least, _] = ratio(together, || letters.chars().for_each(|l| apart.call(l)));
            print(what, least, "s");
            println!("together/apart,{name},{n},{m},{what},{median:.3} [{low:.3} {high:.3}],ratio");
        }
        let (jac, hess) = (&one.jac, &one.hess);
        print("nnz_jac", jac.len() as f64, "count");
        print("nnz_hess", hess.len() as f64, "count");
    }
}
