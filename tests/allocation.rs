//! Once a method has begun, its loop takes no memory of ours.
//!
//! A binary of its own: the allocator that counts is the whole process's. The oracle takes none either. The sparse
//! factorisation is a library's and takes memory: where it is used, the stack says whose each allocation is. Methods that only
//! call libraries are left out.

#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::sync::{Arc, Mutex};

use optc::embed::{Evaluator, Source};
use optc::problem::{
    Budget, ClosureOracle, LeastSquares, Nlp, OptionValue, Pattern, ProblemFacts, Program, Progress, Request, Solver,
    TraceRow, TraceSink,
};
use optc::solve::find;

struct Counting;

thread_local! {
    /// Of this thread: the test's harness has one of its own.
    static COUNT: Cell<u64> = const { Cell::new(0) };
    /// Whether only what is asked for outside the library of the factorisation counts.
    static OURS_ONLY: Cell<bool> = const { Cell::new(false) };
    /// Whether a stack is being read, which takes memory itself.
    static READING: Cell<bool> = const { Cell::new(false) };
}

fn count() {
    if READING.get() {
        return;
    }
    if OURS_ONLY.get() {
        READING.set(true);
        let ours = is_ours(&Backtrace::force_capture().to_string());
        READING.set(false);
        if !ours {
            return;
        }
    }
    COUNT.set(COUNT.get() + 1);
}

/// Whether the innermost frame of a stack that is neither the standard library's nor this file's is optc's.
fn is_ours(stack: &str) -> bool {
    let function = |line: &str| line.split_once(": ").map(|(_, name)| name.trim_start_matches('<').to_owned());
    let mut names = stack.lines().filter_map(function);
    names.find_map(|name| {
        let of = |owner: &str| name.starts_with(owner);
        if of("feral") { Some(false) } else { of("optc").then_some(true) }
    }) == Some(true)
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

/// The chain as residuals.
fn residuals(n: usize, bounded: bool) -> LeastSquares {
    let (lower, upper) = if bounded { (-1.5, 0.9) } else { (f64::NEG_INFINITY, f64::INFINITY) };
    let entries = (0..n - 1).flat_map(|i| [(i, i), (i, i + 1), (n - 1 + i, i)]);
    let (pattern, slots) = Pattern::from_entries(2 * (n - 1), n, entries).unwrap();
    let free = vec![f64::INFINITY; 2 * (n - 1)];
    let oracle = ClosureOracle::new(n, |_| 0.0)
        .start(&vec![-1.2; n])
        .bounds(&vec![lower; n], &vec![upper; n])
        .constraints(&vec![f64::NEG_INFINITY; 2 * (n - 1)], &free, move |x, r| {
            for i in 0..n - 1 {
                r[i] = 10.0 * (x[i + 1] - x[i] * x[i]);
                r[n - 1 + i] = 1.0 - x[i];
            }
        })
        .jacobian(pattern, move |x, vals| {
            for i in 0..n - 1 {
                let at = |k: usize| slots[3 * i + k] as usize;
                vals[at(0)] = -20.0 * x[i];
                vals[at(1)] = 10.0;
                vals[at(2)] = -1.0;
            }
        });
    LeastSquares::squares(Arc::new(oracle))
}

/// The example of Wächter and Biegler, Math. Program. 88 (2000), where steps that keep the bounds cannot get to feasible points:
/// the interior point must restore.
fn restored(bounded: bool) -> ClosureOracle {
    let (lower, upper) = if bounded { (-4.0, 4.0) } else { (f64::NEG_INFINITY, f64::INFINITY) };
    let (rows, _) = Pattern::from_entries(2, 3, [(0, 0), (1, 0), (0, 1), (1, 2)]).unwrap();
    let (corner, _) = Pattern::from_entries(3, 3, [(0, 0)]).unwrap();
    ClosureOracle::new(3, |x| x[0])
        .start(&[-2.0, 3.0, 1.0])
        .bounds(&[lower, 0.0, 0.0], &[upper, f64::INFINITY, f64::INFINITY])
        .gradient(|_, g| g.copy_from_slice(&[1.0, 0.0, 0.0]))
        .constraints(&[1.0, 0.5], &[1.0, 0.5], |x, c| {
            c[0] = x[0] * x[0] - x[1];
            c[1] = x[0] - x[2];
        })
        .jacobian(rows, |x, vals| vals.copy_from_slice(&[2.0 * x[0], 1.0, -1.0, -1.0]))
        .hessian(corner, |_, _, y, vals| vals[0] = 2.0 * y[0])
}

fn program(method: &str, variant: &str, bounded: bool) -> Program {
    let oracle = match (method, variant) {
        ("levenberg_marquardt" | "dogleg" | "gauss_newton", _) => return Program::LeastSquares(residuals(24, bounded)),
        ("interior_point", "restoration") => restored(bounded),
        ("augmented_lagrangian" | "sqp" | "interior_point", _) => with_rows(24, bounded),
        _ => oracle(24, bounded),
    };
    let oracle = Arc::new(oracle);
    Program::Nlp(Nlp { facts: ProblemFacts::of(&*oracle), oracle })
}

/// Iterations that come before the count.
const FIRST: u64 = 3;

/// Allocations of `steps` iterations after the first ones, and the marks of the iterations.
fn allocations(method: &str, options: &[(&'static str, &'static str)], bounded: bool, steps: u64) -> (u64, String) {
    let row = find(method).unwrap();
    let variant = if let [("variant", word)] = options { *word } else { "" };
    let marks = Marks::default();
    let mut request = Request::new(row, program(method, variant, bounded));
    for (name, word) in options.iter().filter(|(name, _)| *name != "variant") {
        request.options.set(name, OptionValue::Choice(word));
    }
    request.control.trace = Box::new(marks.clone());
    let mut solver: Box<dyn Solver> = (row.make)(request).unwrap();
    assert_eq!(solver.step(Budget::Iterations(FIRST)), Progress::Paused, "{method}");
    // The first restoration takes memory for itself and all that follow.
    while variant == "restoration" && !marks.0.lock().unwrap().contains('r') {
        assert_eq!(solver.step(Budget::Iterations(1)), Progress::Paused, "{method}");
    }
    // The library of the factorisation is only called by these.
    let calls = matches!(method, "interior_point" | "newton_trust_region");
    let mut count = 0;
    for _ in 0..steps {
        let before = COUNT.get();
        OURS_ONLY.set(calls);
        let progress = solver.step(Budget::Iterations(1));
        OURS_ONLY.set(false);
        if progress != Progress::Paused {
            // What the end of a run takes for its answer is not the loop's.
            break;
        }
        count += COUNT.get() - before;
    }
    let seen = marks.0.lock().unwrap().clone();
    (count, seen)
}

/// Keeps the marks of iterations, in memory that is taken before.
#[derive(Clone)]
struct Marks(Arc<Mutex<String>>);

impl Default for Marks {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(String::with_capacity(4096))))
    }
}

impl TraceSink for Marks {
    fn row(&mut self, row: &TraceRow) {
        self.0.lock().unwrap().push(row.mark);
    }
}

#[test]
fn no_loop_of_ours_takes_memory() {
    let methods: [(&str, &[(&'static str, &'static str)]); 24] = [
        ("lbfgs", &[]),
        ("bfgs", &[]),
        ("conjugate_gradient", &[]),
        ("conjugate_gradient", &[("beta", "polak_ribiere")]),
        ("gradient_descent", &[]),
        ("gradient_descent", &[("rule", "backtracking")]),
        ("gradient_descent", &[("rule", "nesterov")]),
        ("proximal_gradient", &[]),
        ("proximal_gradient", &[("rule", "nesterov")]),
        ("newton_trust_region", &[("linear_solver", "dense")]),
        ("newton_trust_region", &[("linear_solver", "sparse")]),
        ("newton_trust_region", &[("linear_solver", "cg")]),
        ("augmented_lagrangian", &[("inner", "newton")]),
        ("augmented_lagrangian", &[("inner", "lbfgs")]),
        ("nelder_mead", &[]),
        ("pattern_search", &[]),
        ("levenberg_marquardt", &[]),
        ("dogleg", &[]),
        ("gauss_newton", &[]),
        ("sqp", &[]),
        ("sqp", &[("hessian", "exact")]),
        ("sqp", &[("hessian", "bfgs")]),
        ("interior_point", &[]),
        ("interior_point", &[("variant", "restoration")]),
    ];
    for (method, options) in methods {
        for bounded in [false, true] {
            let (count, _) = allocations(method, options, bounded, 200);
            assert_eq!(count, 0, "{method} {options:?}, bounded: {bounded}");
        }
    }
}

#[test]
fn the_problem_for_restorations_goes_on_from_one() {
    let (_, marks) = allocations("interior_point", &[("variant", "restoration")], false, 200);
    assert!(marks.contains('r') && marks.contains('R'), "{marks}");
}

#[test]
fn memory_is_told_apart_by_the_innermost_frame_that_is_not_of_the_standard_library() {
    let stack = "   3: alloc::vec::Vec<T,A>::push\n   4: optc::solve::sqp::Sqp::iterate\n   5: feral::factor\n";
    assert!(is_ours(stack));
    let stack =
        "   3: alloc::vec::from_elem\n   4: <feral::Supernode as X>::new\n   5: optc::num::kkt::feral::factor\n";
    assert!(!is_ours(stack));
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
    let kinks = "set I = 1..40
        var x[I] start 0.5
        minimize sum(i in I: abs(x[i] - i / 10)) + max(i in I: x[i]^2)
        subject to each[i in 1..39]: max(x[i], 2 * x[i+1]) <= 9";
    let lasso = "set I = 1..40
        var x[I] start 0.5
        minimize sum(i in I: (x[i] - i / 10)^2) + 0.5 * sum(i in I: abs(x[i]))
        solve with proximal_gradient";
    let (a, v): (Vec<f64>, Vec<f64>) = (0..90).map(|k| (f64::from(k % 37 + 1), 0.1 * f64::from(k))).unzip();
    vec![
        ("plain", Source::new(plain)),
        ("joins", Source::new(joined).table("t.csv", &[("a", &a), ("v", &v)])),
        ("defined arrays", Source::new(arrays).array("w", &[7], &[1.0, 0.5, 2.0, 0.1, 0.3, 0.2, 1.5])),
        ("many arguments", Source::new(twelve)),
        ("kinks", Source::new(kinks)),
        ("a lasso", Source::new(lasso)),
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
