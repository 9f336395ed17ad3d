//! Several threads give what one gives, to the last bit.

use crate::support::bits::same;
use crate::support::drawn::Made;
use crate::support::models::draw;
use optc::data::MemoryLoader;
use optc::driver::solve::Bound;
use optc::driver::{Session, Setup};
use optc::jit::fault::MISCUTS;
use optc::jit::{Jit, Level, Pool, share};
use optc::kernel::link::BoundStep;
use optc::kernel::program::{BLOCK, Op};
use optc::kernel::split::{Act, Before, Pair, Split};
use optc::kernel::{CompiledOracle, Mode, compile};
use optc::problem::Oracle;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

fn bind(text: &str, table: &str) -> Bound {
    let loader = MemoryLoader::new().with("t.csv", table);
    let mut session = Session::new(Arc::new(loader), Setup::default());
    let checked = session.check_text("model.opt", text);
    assert!(!checked.reports.has_errors(), "{:?}", checked.reports.messages());
    session.bind(checked).unwrap_or_else(|reports| panic!("{:?}", reports.messages()))
}

fn oracle(bound: &Bound, mode: Mode) -> CompiledOracle {
    let prepared = &bound.prepared;
    let program = Arc::new(compile(&prepared.model, &prepared.plan, &prepared.derivs));
    CompiledOracle::new(program, bound.instance.clone(), mode).expect("it fits")
}

fn jit() -> Jit {
    Jit::new(Level::Machine).expect("this machine has a generator").with_budget(1 << 19)
}

fn pools() -> Vec<Arc<Pool>> {
    [1, 2, 3, 7].map(|n| Arc::new(Pool::always(n))).into()
}

/// Numbers from 1 to `n`, the same ones each time.
fn dice(mut state: u64) -> impl FnMut(u64) -> u64 {
    move |n| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) % n + 1
    }
}

/// Models with everything that a cut must keep: neighbours across it, sums over instances, dense columns, values that
/// count twice, gathered slots in any order, several loops on the same slots.
fn models() -> Vec<(&'static str, Bound)> {
    let chain = "param n = 5000\nvar x[i in 1..n] start if i / 2 == floor(i / 2) then 1 else -1.2\nvar t start 0.3\n\
        minimize f: sum(i in 2..n: 100 * (x[i-1]^2 - x[i])^2 + (x[i-1] - 1)^2)\nsubject to\n\
        \x20 c[i in 2..n-1]: 3 * x[i]^3 + 2 * x[i+1] - 5 + sin(x[i] - x[i+1]) * sin(x[i] + x[i+1])\n\
        \x20   + 4 * x[i] - x[i-1] * exp(x[i-1] - x[i]) - 3 == 0\n\
        \x20 d[i in 1..n-6]: x[i] * x[i+6] * t >= -9\n";
    let mut graph = String::from("a,b,w\n");
    let mut next = dice(12345);
    for k in 0..3001 {
        let near = k * 900 / 3001;
        let (a, b) = if k % 3 == 0 { (next(900), next(900)) } else { (near % 900 + 1, (near + 7) % 900 + 1) };
        let _ = writeln!(graph, "{a},{b},0.{}", next(999));
    }
    let grid = "set B = 1..900\ntable e from \"t.csv\"\nvar u[B] start 0.1\nvar v[B] start 1\nvar p[e]\n\
        minimize f: sum(r in e: (p[r] - r.w)^2 + exp(u[r.a] * u[r.b])) + sum(i in B: v[i]^4)\nsubject to\n\
        \x20 flow[r in e]: p[r] - r.w * v[r.a] * v[r.b] * sin(u[r.a] - u[r.b]) == 0\n\
        \x20 tops[r in e]: v[r.a]^2 * u[r.b] + v[r.b]^2 <= 7\n\
        \x20 node[i in B]: sum(r in e if r.a == i: p[r]) - sum(r in e if r.b == i: p[r]) + v[i]^2 == 0\n";
    let arm = "param n = 1500\nset T = 0..n\nset J = 1..n\nvar r[T] in [0, 5] start 4.5\nvar s[T] start 0.7\nvar h start 1\n\
        var g start 2\nminimize time: h + sum(j in J: exp(h * r[j]) * g)\nsubject to\n\
        \x20 a[j in J]: r[j] - r[j-1] - h * (s[j] + s[j-1]) / g == 0\n\
        \x20 b[j in J]: s[j] - s[j-1] - h^2 * (sin(r[j]) + sin(r[j-1])) * g == 0\n";
    vec![("chain", bind(chain, "")), ("grid", bind(grid, &graph)), ("arm", bind(arm, ""))]
}

/// Branches in any order between nodes, so that both halves of them write to all lines of the cache; in the matrix of
/// second derivatives stand constants, some of them in slots to which branches add.
fn scattered() -> Bound {
    let mut graph = String::from("a,b,w\n");
    let mut next = dice(99);
    for _ in 0..4000 {
        let _ = writeln!(graph, "{},{},0.{}", next(2500), next(2500), next(999));
    }
    let grid = "set B = 1..2500\ntable e from \"t.csv\"\nvar u[B] start 0.1\nvar v[B] start 1\nvar p[e]\n\
        minimize f: sum(r in e: (p[r] - r.w)^2) + sum(i in B: 3 * u[i]^2 + i * v[i]^2)\nsubject to\n\
        \x20 flow[r in e]: p[r] - r.w * v[r.a] * v[r.b] * sin(u[r.a] - u[r.b]) == 0\n\
        \x20 node[i in B]: sum(r in e if r.a == i: p[r]) - sum(r in e if r.b == i: p[r]) + v[i]^2 == 0\n";
    bind(grid, &graph)
}

/// Where a value comes from: loop, block, place in the kernel, instance.
type Source = (usize, usize, usize, usize);

/// The values of each slot, in the order in which one thread adds them; sums over instances come after the loop.
fn in_order(loops: &[Pair<'_>]) -> BTreeMap<usize, Vec<Source>> {
    let mut slots: BTreeMap<usize, Vec<Source>> = BTreeMap::new();
    for (at, (kernel, bound)) in loops.iter().enumerate() {
        let stores = |op: &Op| if let Op::Store { out, .. } = op { Some(*out as usize) } else { None };
        let order: Vec<usize> = kernel.body.iter().filter_map(stores).collect();
        for block in 0..bound.count().div_ceil(BLOCK) {
            for (place, o) in order.iter().enumerate().filter(|(_, o)| !bound.outs()[**o].reduces()) {
                for k in block * BLOCK..bound.count().min((block + 1) * BLOCK) {
                    slots.entry(bound.outs()[*o].at.at(k)).or_default().push((at, block, place, k));
                }
            }
        }
        for (o, out) in bound.outs().iter().enumerate().filter(|(_, out)| bound.count() > 0 && out.reduces()) {
            slots.entry(out.at.at(0)).or_default().push((at, usize::MAX, o, 0));
        }
    }
    slots
}

/// The same by a split: what its chunks write at once, then its acts. Panics where two chunks write to one slot.
fn by_split(loops: &[Pair<'_>], split: &Split) -> BTreeMap<usize, Vec<Source>> {
    let mut slots: BTreeMap<usize, Vec<Source>> = BTreeMap::new();
    let mut writer: BTreeMap<usize, usize> = BTreeMap::new();
    let mut cells: BTreeMap<usize, (usize, Source)> = BTreeMap::new();
    for (chunk, shares) in split.chunks.iter().enumerate() {
        for share in shares {
            let (kernel, bound) = loops[share.at];
            assert!(
                share.range.start % BLOCK == 0 && (share.range.end % BLOCK == 0 || share.range.end == bound.count())
            );
            let stores = |op: &Op| if let Op::Store { out, .. } = op { Some(*out as usize) } else { None };
            let order: Vec<usize> = kernel.body.iter().filter_map(stores).collect();
            let mut late = share.late.iter();
            for block in share.range.start / BLOCK..share.range.end.div_ceil(BLOCK) {
                for (place, o) in order.iter().enumerate().filter(|(_, o)| !bound.outs()[**o].reduces()) {
                    let waits = |k: usize| share.waits(*o as u32, k);
                    let here = block * BLOCK..share.range.end.min((block + 1) * BLOCK);
                    if here.clone().any(waits) {
                        let late = late.next().expect("what waits is listed in order");
                        assert_eq!((late.block, late.out), (block, *o as u32));
                        let lanes = share.lanes[late.lanes.clone()].iter();
                        for (lane, cell) in lanes.zip(late.cell..) {
                            let k = block * BLOCK + *lane as usize;
                            let taken = cells.insert(cell, (bound.outs()[*o].at.at(k), (at(share), block, place, k)));
                            assert!(taken.is_none(), "a cell belongs to one value");
                        }
                    }
                    for k in here.filter(|k| !waits(*k)) {
                        let slot = bound.outs()[*o].at.at(k);
                        assert_eq!(*writer.entry(slot).or_insert(chunk), chunk, "two chunks write to slot {slot}");
                        slots.entry(slot).or_default().push((at(share), block, place, k));
                        // In the list of a block that waits in part, the slot is its own or another of this chunk.
                        if let Some(list) = share.lists.get(*o).filter(|list| !list.is_empty()) {
                            assert_eq!(list[k - share.range.start] as usize, slot);
                        }
                    }
                }
            }
        }
    }
    for shares in &split.chunks {
        for share in shares {
            for (o, list) in share.lists.iter().enumerate().filter(|(_, list)| !list.is_empty()) {
                for k in share.range.clone().filter(|k| share.waits(o as u32, *k)) {
                    let block = k / BLOCK * BLOCK..share.range.end.min((k / BLOCK + 1) * BLOCK);
                    let own = list[k - share.range.start] as usize;
                    let mut others = block.filter(|k| !share.waits(o as u32, *k));
                    let all_wait = others.clone().next().is_none();
                    assert!(all_wait || others.any(|k| loops[share.at].1.outs()[o].at.at(k) == own));
                }
            }
        }
    }
    for (acts, section) in split.acts.iter().zip(&split.sections) {
        for act in acts {
            let (slot, source) = match *act {
                Act::Add { slot, cell } => {
                    let (to, source) = cells.remove(&(cell as usize)).expect("a cell is added once");
                    assert_eq!(to, slot as usize);
                    (to, source)
                }
                Act::Total { slot, total } => {
                    let total = split.totals[total as usize];
                    let is_it = |(at, shares): (usize, &Pair<'_>)| {
                        let share = split.chunks.iter().flatten().find(|share| share.at == at)?;
                        let o = share.sums.iter().position(|first| *first == total.first)?;
                        assert_eq!(total.n_blocks, shares.1.count().div_ceil(BLOCK));
                        Some((at, usize::MAX, o, 0))
                    };
                    (slot as usize, loops.iter().enumerate().find_map(is_it).expect("a total is of an out"))
                }
            };
            assert!(section.iter().any(|part| part.contains(&slot)), "an act stands in the section of its slot");
            slots.entry(slot).or_default().push(source);
        }
    }
    assert!(cells.is_empty(), "every value that waits is added");
    let mut parts: Vec<_> = split.sections.iter().flatten().collect();
    parts.sort_unstable_by_key(|part| part.start);
    let end = parts.iter().fold(0, |end, part| if part.start == end { part.end } else { usize::MAX });
    assert!(end >= slots.keys().last().map_or(0, |slot| slot + 1) && end < usize::MAX, "sections are all slots, once");
    slots
}

fn at(share: &optc::kernel::split::Share) -> usize {
    share.at
}

/// Holds every cut of every part against the order of one thread; how many values wait.
fn check_cuts(oracle: &CompiledOracle, about: &str) -> usize {
    let mut waiting = 0;
    for candidate in oracle.candidates() {
        let pairs: Option<Vec<Pair<'_>>> = candidate
            .steps
            .iter()
            .filter(|step| !matches!(step, BoundStep::Begin(_)))
            .map(|step| match step {
                BoundStep::Loop(bound) => Some((&oracle.program().kernels[bound.kernel()], bound)),
                _ => None,
            })
            .collect();
        let Some(loops) = pairs else { continue };
        let fixed: Vec<_> = candidate.fixed.iter().filter_map(BoundStep::as_loop).collect();
        let before = Before { fixed: &fixed, clear: candidate.clear };
        let order = in_order(&loops);
        for n in [1, 2, 3, 7] {
            let split = Split::new(&loops, before, candidate.len, n).unwrap_or_else(|| panic!("{about}: no cut"));
            let found = by_split(&loops, &split);
            let wrong = order.iter().find(|(slot, values)| found.get(slot) != Some(values));
            if let Some((slot, values)) = wrong {
                panic!("{about}: {:?} in {n}: slot {slot}: {values:?}, not {:?}", candidate.part, found.get(slot));
            }
            assert_eq!(order.len(), found.len(), "{about}");
            split.writers(&loops, candidate.len).expect("the brute force says so too");
            waiting += split.n_cells;
        }
    }
    waiting
}

fn compare(bound: &Bound, jit: &Jit, pools: &[Arc<Pool>], seed: u64, about: &str) -> (usize, usize) {
    let (mut regions, mut waiting) = (0, 0);
    for mode in [Mode::Auto, Mode::Lifted] {
        let portable = oracle(bound, mode);
        waiting += check_cuts(&portable, about);
        let mut shared = oracle(bound, mode);
        jit.attach(&mut shared).expect("it compiles");
        for pool in pools {
            regions += share(&mut shared, pool);
            let n = pool.n_threads();
            same(&portable, &shared, seed, 4).unwrap_or_else(|why| panic!("{about}, {n} threads: {why}"));
        }
    }
    (regions, waiting)
}

/// Where lines of the cache would go to and fro, chunks write aside; zeros keep their signs, constants their place.
#[test]
fn what_is_written_aside_gives_the_same_bits() {
    let (jit, bound) = (jit(), scattered());
    let portable = oracle(&bound, Mode::Auto);
    let (mut aside, mut fixed) = (0, 0);
    for candidate in portable.candidates() {
        let own = candidate.steps.iter().filter_map(BoundStep::as_loop);
        let pairs: Vec<Pair<'_>> = own.map(|b| (&portable.program().kernels[b.kernel()], b)).collect();
        let before: Vec<_> = candidate.fixed.iter().filter_map(BoundStep::as_loop).collect();
        let fixed_before = Before { fixed: &before, clear: candidate.clear };
        let split = Split::new(&pairs, fixed_before, candidate.len, 2).expect("it can be cut");
        aside += usize::from(split.aside.is_some());
        fixed += usize::from(split.aside.is_some() && !before.is_empty());
    }
    assert!(aside >= 3 && fixed >= 1, "{aside} parts aside, {fixed} of them with constants");
    compare(&bound, &jit, &pools(), 7, "scattered");
    // At zero all that is added is a zero, of either sign.
    let (mut shared, n) = (oracle(&bound, Mode::Auto), bound.oracle.shape().n_vars);
    jit.attach(&mut shared).expect("it compiles");
    share(&mut shared, &Arc::new(Pool::always(3)));
    for zero in [0.0, -0.0] {
        for (sigma, y) in [(1.0, 0.0), (-1.0, -0.0), (-0.0, 1.0), (0.0, -1.0)] {
            let bits = |oracle: &CompiledOracle| -> Vec<u64> {
                let mut ws = oracle.workspace();
                ws.set_point(&vec![zero; n]);
                let y = vec![y; oracle.shape().n_cons];
                let (mut h, mut g) = (vec![7.0; oracle.hessian_pattern().nnz()], vec![7.0; n]);
                oracle.hessian(&mut ws, &[sigma], &y, &mut h).expect("numbers");
                oracle.jtv(&mut ws, &y, &mut g).expect("numbers");
                h.iter().chain(&g).map(|v| v.to_bits()).collect()
            };
            assert!(bits(&portable) == bits(&shared), "at {zero}, weights {sigma} and {y}");
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (jit, pools) = (jit(), pools());
    for (name, bound) in models() {
        let (regions, waiting) = compare(&bound, &jit, &pools, 3, name);
        eprintln!("{name}: {regions} regions, {waiting} values wait");
        assert!(regions > 10 && waiting > 0, "{name}: {regions} regions, {waiting} values wait");
    }
}

#[test]
fn random_models_are_cut_without_a_slot_of_two_chunks() {
    let jit = jit();
    let pools = [2, 3].map(|n| Arc::new(Pool::always(n)));
    let (mut regions, mut waiting, mut long) = (0, 0, 0);
    for seed in 0..500 {
        let drawn = draw(seed);
        let is_long = drawn.text.contains("set I = 1..2") && !drawn.text.contains("set I = 1..2\n")
            || drawn.text.contains("set I = 1..3") && !drawn.text.contains("set I = 1..3\n");
        if !is_long && seed % 100 != 0 {
            continue;
        }
        let made = Made::new(&drawn).unwrap_or_else(|why| panic!("draw {seed}: {why}"));
        let (r, w) = compare(&made.bound, &jit, &pools, seed, &format!("draw {seed}\n{}", drawn.text));
        (regions, waiting, long) = (regions + r, waiting + w, long + usize::from(is_long));
    }
    eprintln!("{long} long models: {regions} regions, {waiting} values wait");
    assert!(long > 5 && waiting > 1_000);
}

/// A part has at most 64 chunks, and the pool counts who is inside with 16 bits.
#[test]
fn no_pool_has_more_threads_than_a_part_has_chunks() {
    for (asked, wanted) in [(0, 1), (1, 1), (64, 64), (65, 64), (70_000, 64), (usize::MAX, 64)] {
        assert_eq!(Pool::new(Some(asked)).n_threads(), wanted);
        assert_eq!(Pool::always(asked).n_threads(), wanted);
    }
    assert!((1..=64).contains(&Pool::new(None).n_threads()));
}

/// Each wrong cut is seen by the bits alone.
#[test]
fn faults_planted_in_the_cut_are_found() {
    let (jit, pool) = (jit(), Arc::new(Pool::always(3)));
    for fault in MISCUTS {
        let mut found = None;
        'search: for (name, bound) in models() {
            for pick in 0..20 {
                let portable = oracle(&bound, Mode::Auto);
                let mut shared = oracle(&bound, Mode::Auto);
                jit.attach(&mut shared).expect("it compiles");
                if fault.share(&mut shared, &pool, pick) {
                    found = same(&portable, &shared, 5, 4).err().map(|why| (name, why));
                }
                if found.is_some() {
                    break 'search;
                }
            }
        }
        let (name, why) = found.unwrap_or_else(|| panic!("{}: not found", fault.name));
        eprintln!("{:>55}: {name}: {why}", fault.name);
    }
}

/// Oracles that share a pool, evaluated at the same time, with workspaces of their own.
#[test]
fn evaluations_at_the_same_time_do_not_disturb_each_other() {
    let (jit, pool) = (jit(), Arc::new(Pool::always(3)));
    let (_, bound) = models().swap_remove(1);
    let portable = Arc::new(oracle(&bound, Mode::Auto));
    let mut shared = oracle(&bound, Mode::Auto);
    jit.attach(&mut shared).expect("it compiles");
    assert!(share(&mut shared, &pool) > 0);
    drop(pool);
    let shared = Arc::new(shared);
    let threads: Vec<_> = (0..4_u64)
        .map(|seed| {
            let (portable, shared) = (portable.clone(), shared.clone());
            std::thread::spawn(move || same(&portable, &shared, seed, 6))
        })
        .collect();
    drop(shared);
    for thread in threads {
        thread.join().expect("a thread ends well").unwrap_or_else(|why| panic!("{why}"));
    }
}
