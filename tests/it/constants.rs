//! What is the same at every point is computed once; what comes to a slot first stores there.

use optc::base::Id;
use optc::bind::Address;
use optc::data::MemoryLoader;
use optc::driver::solve::Bound;
use optc::driver::{Session, Setup};
use optc::jit::{Jit, Level, Pool, share};
use optc::kernel::exec::{BoundLoop, BoundOut};
use optc::kernel::first::first_writers;
use optc::kernel::link::BoundStep;
use optc::kernel::program::{BLOCK, KernelId, Op, Part};
use optc::kernel::region::{Call, Ran, Region, Room};
use optc::kernel::{CompiledOracle, Mode, compile};
use optc::num::random::Stream;
use optc::problem::Oracle;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn bind(text: &str) -> Bound {
    let mut session = Session::new(Arc::new(MemoryLoader::new()), Setup::default());
    let checked = session.check_text("model.opt", text);
    assert!(!checked.reports.has_errors(), "{:?}", checked.reports.messages());
    session.bind(checked).unwrap_or_else(|reports| panic!("{:?}", reports.messages()))
}

fn oracle(bound: &Bound) -> CompiledOracle {
    let prepared = &bound.prepared;
    let program = Arc::new(compile(&prepared.model, &prepared.plan, &prepared.derivs));
    CompiledOracle::new(program, bound.instance.clone(), Mode::Auto).expect("it fits")
}

/// Loops that an evaluation of a part runs, with at least one instance.
fn n_loops(oracle: &CompiledOracle, part: Part) -> usize {
    let candidates = oracle.candidates();
    let steps = candidates.iter().find(|c| c.part == part).map_or(&[][..], |c| c.steps);
    steps.iter().filter(|step| matches!(step, BoundStep::Loop(bound) if bound.count() > 0)).count()
}

/// The Hessian as entries `(row, column) -> value`, at a point that does not matter, over numbers that do not.
fn hessian(oracle: &CompiledOracle, sigma: f64) -> BTreeMap<(usize, usize), f64> {
    let mut ws = oracle.workspace();
    ws.set_point(&vec![0.25; oracle.shape().n_vars]);
    let mut values = vec![f64::MIN; oracle.hessian_pattern().nnz()];
    let y = vec![0.0; oracle.shape().n_cons];
    oracle.hessian(&mut ws, &[sigma], &y, &mut values).expect("a quadratic");
    oracle.hessian_pattern().entries().map(|(at, row, col)| ((row, col), values[at])).collect()
}

const QUADRATIC: &str = "set I = 1..600\nparam k = 3\nvar x[I] start 0.3\n\
    minimize f: sum(i in I: k * i * x[i]^2) + sum(i in I if i < 600: x[i] * x[i + 1])\n\
    subject to\n  a[i in I]: k * x[i] + i * x[1] <= 5\n";

#[test]
fn the_matrices_of_a_quadratic_program_run_no_loop() {
    for (text, sign) in [(QUADRATIC.to_owned(), 1.0), (QUADRATIC.replace("minimize", "maximize"), -1.0)] {
        let mut plain = oracle(&bind(&text));
        assert_eq!(n_loops(&plain, Part::HessianTop), 0);
        assert_eq!(n_loops(&plain, Part::JacobianRows), 0);
        assert!(n_loops(&plain, Part::PullObjectives) > 0, "the gradient is of the point");
        let check = |oracle: &CompiledOracle| {
            for sigma in [1.0, -0.7, 0.0, 1e3] {
                let entries = hessian(oracle, sigma);
                assert_eq!(entries.len(), 600 + 599);
                for ((row, col), value) in entries {
                    // Of 3 i x_i^2, and of x_i x_{i + 1}.
                    let wanted = sign * sigma * if row == col { 6.0 * (row + 1) as f64 } else { 1.0 };
                    assert!((value - wanted).abs() <= 1e-12 * wanted.abs(), "{row}, {col}: {value} and not {wanted}");
                }
            }
        };
        check(&plain);
        Jit::new(Level::Machine).and_then(|jit| jit.attach(&mut plain)).expect("this machine has a generator");
        share(&mut plain, &Arc::new(Pool::always(3)));
        check(&plain);
    }
}

#[test]
fn other_numbers_are_other_constants() {
    let bound = bind(QUADRATIC);
    let Ok(bound) = bound.with_values(&[("k".into(), vec![5.0])]) else { panic!("a number may change") };
    let oracle = &*bound.oracle;
    assert_eq!(n_loops(oracle, Part::HessianTop), 0);
    assert_eq!(hessian(oracle, 2.0)[&(9, 9)], 2.0 * 2.0 * 5.0 * 10.0);
    let mut ws = oracle.workspace();
    ws.set_point(&[0.0; 600]);
    let mut slopes = vec![f64::MIN; oracle.jacobian_pattern().nnz()];
    oracle.jacobian(&mut ws, &mut slopes).expect("linear rows");
    let at = oracle.jacobian_pattern().entries().find(|(_, row, col)| (*row, *col) == (6, 6)).expect("a slope").0;
    assert_eq!(slopes[at], 5.0);
}

/// Rows share a kernel with what varies; their constant slopes are dear, or a number that a store gives as well.
#[test]
fn constant_slopes_leave_a_kernel_where_that_spares_ops() {
    let calls = |text: &str| {
        let bound = bind(text);
        let oracle = oracle(&bound);
        let candidates = oracle.candidates();
        let jacobian = candidates.iter().find(|c| c.part == Part::JacobianRows).expect("there are rows");
        let bodies = jacobian.steps.iter().filter_map(|step| match step {
            BoundStep::Loop(bound) => Some(&oracle.program().kernels[bound.kernel()].body),
            _ => None,
        });
        let (mut calls, mut stores) = (0, 0);
        for op in bodies.flatten() {
            calls += usize::from(matches!(op, Op::Call { .. }));
            stores += usize::from(matches!(op, Op::Store { .. }));
        }
        (calls, stores, oracle.jacobian_pattern().nnz())
    };
    let head = "set I = 1..500\nparam a[i in I] = i / 100\nvar x[I] start 0.3\nvar y[I] start 0.2\n\
        minimize sum(i in I: x[i])\nsubject to\n";
    // The slope by x is of data alone: an exponential, a root, a logarithm. That by y is a cosine.
    let dear = "c[i in I]: exp(a[i]) * sqrt(1 + a[i]) / log(2 + a[i]^2) * x[i] + sin(y[i]) <= 1\n";
    assert_eq!(calls(&format!("{head}{dear}")), (1, 1, 1_000));
    // The slope by x is 2.
    assert_eq!(calls(&format!("{head}c[i in I]: 2 * x[i] + sin(y[i]) <= 1\n")), (1, 2, 1_000));
}

#[test]
fn values_gradients_and_products_are_stored_where_they_come_first() {
    let text = "set I = 1..700\nset J = 1..300\nvar x[I] start 0.3\nvar y[J] start 0.2\n\
        minimize f: sum(i in I: (x[i] - 1)^4) + sum(j in J: exp(y[j]))\n\
        subject to\n  a[i in I]: x[i]^2 <= 5\n  b[j in J]: exp(y[j]) + x[j] <= 3\n";
    let bound = bind(text);
    let oracle = oracle(&bound);
    for part in [Part::Rows, Part::PullObjectives] {
        let candidates = oracle.candidates();
        let steps = candidates.iter().find(|c| c.part == part).expect("it has no arrays").steps;
        let adds = |step: &BoundStep| matches!(step, BoundStep::Loop(b) if b.outs().iter().any(|out| out.add));
        assert!(!steps.iter().any(adds), "{part:?}: each slot has one writer");
    }
    let mut ws = oracle.workspace();
    ws.set_point(&vec![0.5; 1_000]);
    let mut g = vec![f64::MIN; 1_000];
    oracle.gradient(&mut ws, &[2.0], &mut g).expect("it is smooth");
    assert!(g[..700].iter().all(|g| *g == -1.0));
    let mut c = vec![f64::MIN; 1_000];
    oracle.constraints(&mut ws, &mut c).expect("it is smooth");
    assert!(c[..700].iter().all(|c| *c == 0.25));
}

/// Counts how often a part is run, and leaves it to one thread.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Region for Counter {
    fn room(&self) -> Room {
        Room::default()
    }

    fn run(&self, _: Call<'_>) -> Ran {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ran::Alone { timed: false }
    }

    fn took_alone(&self, _: Duration) {}
}

#[test]
fn all_objectives_of_a_point_are_evaluated_once() {
    let text = "var x[1..3] start 0.5\nminimize a: x[1]^2 + x[2]\nmaximize b: sum(i in 1..3: exp(x[i]))\n\
        minimize c: log(x[3])\nsolve with weighted_sum(points = 4)\n";
    let mut oracle = oracle(&bind(text));
    let counter = Arc::new(Counter::default());
    let region: Arc<dyn Region> = counter.clone();
    oracle.set_regions([(Part::Objectives, region)]);
    let mut ws = oracle.workspace();
    for (turn, third) in [(1, 1.0), (2, 2.0), (3, -1.0), (4, 1.0)] {
        ws.set_point(&[2.0, 1.0, third]);
        let found: Vec<_> = (0..6).map(|k| oracle.objective(&mut ws, k % 3)).collect();
        assert_eq!(counter.0.load(Ordering::Relaxed), turn, "one evaluation per point");
        if third < 0.0 {
            // A logarithm without a value is an error each time.
            assert!(found.iter().all(Result::is_err), "{found:?}");
            continue;
        }
        assert_eq!(found[..3], found[3..]);
        assert_eq!(found[0], Ok(5.0));
        let e = std::f64::consts::E;
        let wanted = -(e * e + e + if third == 1.0 { e } else { e * e });
        assert!(matches!(found[1], Ok(b) if (b - wanted).abs() < 1e-14 * wanted.abs()), "{found:?}");
    }
    // The same point again may come with other memory: nothing is remembered across workspaces.
    let mut other = oracle.workspace();
    other.set_point(&[3.0, 1.0, 1.0]);
    assert_eq!(oracle.objective(&mut other, 0), Ok(10.0));
}

/// Who comes to each slot, in the order of one thread: `(loop, block or the end, out)`.
fn visits(loops: &[BoundStep], len: usize) -> Vec<Vec<(usize, usize)>> {
    let mut visits = vec![Vec::new(); len];
    for (at, step) in loops.iter().enumerate() {
        let BoundStep::Loop(bound) = step else { continue };
        for first in (0..bound.count()).step_by(BLOCK) {
            for (o, out) in bound.outs().iter().enumerate().filter(|(_, out)| !out.reduces()) {
                for k in first..bound.count().min(first + BLOCK) {
                    visits[out.at.at(k)].push((at, o));
                }
            }
        }
        for (o, out) in bound.outs().iter().enumerate().filter(|(_, out)| bound.count() > 0 && out.reduces()) {
            visits[out.at.at(0)].push((at, o));
        }
    }
    visits
}

#[test]
fn only_the_first_stores_and_every_other_slot_is_cleared() {
    const LEN: usize = 2_000;
    let (mut stored, mut spared) = (0, 0);
    for seed in 0..400 {
        let mut stream = Stream::new(seed, 3);
        let mut below = |n: usize| stream.below(n as u64) as usize;
        let mut loops = Vec::new();
        for _ in 0..1 + below(3) {
            let count = [0, 1, 2, 60, 300, 600][below(6)];
            let outs = (0..1 + below(4)).map(|_| {
                let room = LEN - 2 * count - 1;
                let at = match below(7) {
                    0 => Address::Gather((0..count).map(|_| below(LEN) as u32).collect()),
                    1 => Address::Affine { base: below(LEN) as u32, stride: 0 },
                    2 => Address::Affine { base: below(room) as u32, stride: 2 },
                    3 => Address::Affine { base: (below(room) + count) as u32, stride: -1 },
                    4 => Address::Affine { base: below(3) as u32 * 300, stride: 1 },
                    _ => Address::Affine { base: below(8) as u32, stride: 1 },
                };
                BoundOut::new(at, count, true, Arc::new([]))
            });
            let outs = outs.collect();
            loops.push(BoundStep::Loop(BoundLoop::new(KernelId::new(0), count, Vec::new(), outs)));
        }
        let clear: Vec<Range<u32>> = first_writers(&mut loops, LEN);
        assert!(clear.windows(2).all(|pair| pair[0].end < pair[1].start), "{clear:?}");
        spared += LEN - clear.iter().map(|range| range.len()).sum::<usize>();
        let mut cleared = vec![false; LEN];
        clear.iter().for_each(|range| cleared[range.start as usize..range.end as usize].fill(true));
        let adds = |(at, o): (usize, usize)| match &loops[at] {
            BoundStep::Loop(bound) => bound.outs()[o].add,
            _ => true,
        };
        for (slot, visits) in visits(&loops, LEN).iter().enumerate() {
            let late = visits.iter().skip(1).find(|visit| !adds(**visit));
            assert!(late.is_none(), "model {seed}: {late:?} stores in slot {slot} after {:?}", visits[0]);
            let stores = visits.first().is_some_and(|visit| !adds(*visit));
            assert!(stores || cleared[slot], "model {seed}: nobody clears slot {slot}");
            stored += usize::from(stores);
        }
    }
    assert!(stored > 30_000 && spared > 30_000, "{stored} slots stored to, {spared} not cleared");
}
