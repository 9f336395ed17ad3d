//! Once a method has begun, its loop takes no memory of ours.
//!
//! A binary of its own: the allocator that counts is the whole process's. The oracle takes none either; the sparse
//! factorisation of `newton_trust_region` is a library's and does, so it is left out, as are methods that only call libraries.

#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use optc::embed::{Evaluator, Source};
use optc::problem::{
    Budget, ClosureOracle, Nlp, OptionValue, Pattern, ProblemFacts, Program, Progress, Request, Solver,
};
use optc::solve::find;

struct Counting;

thread_local! {
    /// Of this thread: the test's harness has one of its own.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    COUNT.with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A chain of banana valleys, with bounds when asked for; many iterations for every method.
fn oracle(n: usize, bounded: bool) -> ClosureOracle {
    let (lower, upper) = if bounded { (-1.5, 0.9) } else { (f64::NEG_INFINITY, f64::INFINITY) };
    let entries = (0..n).map(|j| (j, j)).chain((1..n).map(|i| (i, i - 1)));
    let (pattern, slots) = Pattern::from_entries(n, n, entries).unwrap();
    ClosureOracle::new(n, |x| x.windows(2).map(|w| 100.0 * (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2)).sum())
        .start(&vec![-1.2; n])
        .bounds(&vec![lower; n], &vec![upper; n])
        .gradient(|x, g| {
            g.fill(0.0);
            for i in 0..x.len() - 1 {
                let r = x[i + 1] - x[i] * x[i];
                g[i] += -400.0 * x[i] * r - 2.0 * (1.0 - x[i]);
                g[i + 1] += 200.0 * r;
            }
        })
        .hessian(pattern, move |x, sigma, _, vals| {
            vals.fill(0.0);
            for i in 0..n - 1 {
                vals[slots[i] as usize] += sigma * (1200.0 * x[i] * x[i] - 400.0 * x[i + 1] + 2.0);
                vals[slots[i + 1] as usize] += sigma * 200.0;
                vals[slots[n + i] as usize] += sigma * -400.0 * x[i];
            }
        })
}

/// The chain with rows: sums of neighbours, some of them given.
fn with_rows(n: usize, bounded: bool) -> ClosureOracle {
    let entries = (0..n - 1).flat_map(|i| [(i, i), (i, i + 1)]);
    let (pattern, slots) = Pattern::from_entries(n - 1, n, entries).unwrap();
    let rows = |x: &[f64], c: &mut [f64]| {
        for i in 0..c.len() {
            c[i] = x[i] + x[i + 1];
        }
    };
    let (lower, upper): (Vec<f64>, Vec<f64>) =
        (0..n - 1).map(|i| if i % 3 == 0 { (0.1, 0.1) } else { (f64::NEG_INFINITY, 1.1) }).unzip();
    oracle(n, bounded).constraints(&lower, &upper, rows).jacobian(pattern, move |_, vals| {
        for &slot in &slots {
            vals[slot as usize] = 1.0;
        }
    })
}

/// Allocations of `steps` iterations after the first three.
fn allocations(method: &str, options: &[(&'static str, &'static str)], bounded: bool, steps: u64) -> (u64, Progress) {
    let row = find(method).unwrap();
    let rows = method == "augmented_lagrangian";
    let oracle = Arc::new(if rows { with_rows(24, bounded) } else { oracle(24, bounded) });
    let facts = ProblemFacts::of(&*oracle);
    let mut request = Request::new(row, Program::Nlp(Nlp { oracle, facts }));
    for (name, word) in options {
        request.options.set(name, OptionValue::Choice(word));
    }
    let mut solver: Box<dyn Solver> = (row.make)(request).unwrap();
    assert_eq!(solver.step(Budget::Iterations(3)), Progress::Paused, "{method}");
    let before = COUNT.get();
    let progress = solver.step(Budget::Iterations(steps));
    (COUNT.get() - before, progress)
}

#[test]
fn no_loop_of_ours_takes_memory() {
    let methods: [(&str, &[(&'static str, &'static str)]); 13] = [
        ("lbfgs", &[]),
        ("bfgs", &[]),
        ("conjugate_gradient", &[]),
        ("conjugate_gradient", &[("beta", "polak_ribiere")]),
        ("gradient_descent", &[]),
        ("gradient_descent", &[("rule", "backtracking")]),
        ("gradient_descent", &[("rule", "nesterov")]),
        ("newton_trust_region", &[("linear_solver", "dense")]),
        ("newton_trust_region", &[("linear_solver", "cg")]),
        ("augmented_lagrangian", &[("inner", "newton")]),
        ("augmented_lagrangian", &[("inner", "lbfgs")]),
        ("nelder_mead", &[]),
        ("pattern_search", &[]),
    ];
    for (method, options) in methods {
        for bounded in [false, true] {
            let (count, _) = allocations(method, options, bounded, 200);
            assert_eq!(count, 0, "{method} {options:?}, bounded: {bounded}");
        }
    }
}

/// Models of every kind of evaluation, with their data.
fn models() -> Vec<(&'static str, Source)> {
    let plain = "set I = 1..300
        var x[I] start 0.5
        minimize sum(i in I: exp(x[i]) * sin(x[i]))
        subject to near[i in 1..299]: x[i] * x[i+1] <= 2";
    let joined = "table t from \"t.csv\"
        set I = 1..40
        var x[I] start 0.5
        minimize sum(i in I, r in t if r.a == i: r.v * x[i]^2)
        subject to each[i in I]: sum(r in t if r.a == i: r.v * exp(x[i])) <= 9";
    let arrays = "set I = 1..40
        set J = 1..7
        param w[J]
        var x[I] start 0.5
        let e[j in J] = sum(i in I: w[j] * x[i]^2)
        minimize log(sum(i in I: exp(x[i]))) + sum(j in J: sqrt(1 + e[j]))
        subject to each[j in J]: log(1 + e[j]) * x[j] <= 9";
    let twelve = "set I = 1..12
        var x[I] start 0.5
        let most = max(x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11], x[12])
        minimize most^2 + sum(i in I: x[i]^2)
        subject to low: min(x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11], x[12])^3 >= 0
        solve with nelder_mead";
    let (a, v): (Vec<f64>, Vec<f64>) = (0..90).map(|k| (f64::from(k % 37 + 1), 0.1 * f64::from(k))).unzip();
    vec![
        ("plain", Source::new(plain)),
        ("joins", Source::new(joined).table("t.csv", &[("a", &a), ("v", &v)])),
        ("defined arrays", Source::new(arrays).array("w", &[7], &[1.0, 0.5, 2.0, 0.1, 0.3, 0.2, 1.5])),
        ("many arguments", Source::new(twelve)),
    ]
}

/// Allocations of one round of all functions at the points of `x`.
fn evaluations(at: &mut Evaluator, x: &[f64], rounds: u64) -> u64 {
    let (n, m) = (at.shape().n_vars, at.shape().n_cons);
    let (n_jacobian, n_hessian) = (at.jacobian_pattern().nnz(), at.hessian_pattern().nnz());
    let (mut of_vars, mut of_rows) = (vec![0.0; n], vec![0.0; m]);
    let (mut jacobian, mut hessian) = (vec![0.0; n_jacobian], vec![0.0; n_hessian]);
    let (v, y, mut x) = (vec![0.5; n], vec![0.25; m], x.to_vec());
    let before = COUNT.get();
    for round in 0..rounds {
        x[0] += 1e-3 * round as f64;
        at.at(&x).value().unwrap();
        at.gradient(&mut of_vars).unwrap();
        at.constraints(&mut of_rows).unwrap();
        at.jacobian(&mut jacobian).unwrap();
        at.hessian(&mut hessian).unwrap();
        at.lagrangian_hessian(0.5, &y, &mut hessian).unwrap();
        at.hessian_times(&v, &mut of_vars).unwrap();
        at.jacobian_times(&v, &mut of_rows).unwrap();
        at.jacobian_transposed_times(&y, &mut of_vars).unwrap();
    }
    COUNT.get() - before
}

#[test]
fn evaluations_on_slices_take_no_memory() {
    for portable in [false, true] {
        for (name, source) in models() {
            let problem = if portable { source.portable() } else { source }.compile().unwrap();
            let mut at = problem.evaluator().unwrap();
            let start = problem.shape().start.clone();
            evaluations(&mut at, &start, 1);
            assert_eq!(evaluations(&mut at, &start, 100), 0, "{name}, portable: {portable}");
        }
    }
}

#[test]
fn evaluations_of_closures_take_no_memory() {
    let mut at = Evaluator::new(Arc::new(oracle(24, true)));
    evaluations(&mut at, &[0.5; 24], 1);
    assert_eq!(evaluations(&mut at, &[0.5; 24], 100), 0);
}
