//! Time per iteration of L-BFGS and nonlinear conjugate gradients: optc, and argmin on the same Rust functions.
//!
//! Both get the same value and gradient, memory 10, no test of convergence before 100 iterations, from the same start. Printed:
//! method, solver, function, n, iterations, evaluations, microseconds of processor time per iteration (the least of 5 runs), and the part of them
//! that the function itself takes. `model` rows solve the same function written in `.opt`.

use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin::solver::conjugategradient::NonlinearConjugateGradient;
use argmin::solver::conjugategradient::beta::PolakRibierePlus;
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use cpu_time::ProcessTime;
use optc::data::FolderLoader;
use optc::driver::{Session, Setup};
use optc::problem::{ClosureOracle, Nlp, OptionValue, Oracle, ProblemFacts, Program, Request};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const ITERATIONS: u64 = 100;
const ROUNDS: usize = 5;

/// `sum(100 (x[i+1] - x[i]²)² + (1 - x[i])²)`.
fn chain(x: &[f64]) -> f64 {
    x.windows(2).map(|w| 100.0 * (w[1] - w[0] * w[0]) * (w[1] - w[0] * w[0]) + (1.0 - w[0]) * (1.0 - w[0])).sum()
}

fn chain_gradient(x: &[f64], g: &mut [f64]) {
    g.fill(0.0);
    for i in 0..x.len() - 1 {
        let r = x[i + 1] - x[i] * x[i];
        g[i] += -400.0 * x[i] * r - 2.0 * (1.0 - x[i]);
        g[i + 1] += 200.0 * r;
    }
}

/// `sum((1 + 1e5 i / n) x[i]² / 2) + sum((x[i+1] - x[i])^4 / 4)`, with `i` from 0.
fn scales(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let own: f64 = x.iter().enumerate().map(|(i, v)| 0.5 * (1.0 + 1e5 * i as f64 / n) * v * v).sum();
    own + x.windows(2).map(|w| (w[1] - w[0]) * (w[1] - w[0])).map(|q| 0.25 * q * q).sum::<f64>()
}

fn scales_gradient(x: &[f64], g: &mut [f64]) {
    let n = x.len() as f64;
    for i in 0..x.len() {
        g[i] = (1.0 + 1e5 * i as f64 / n) * x[i];
    }
    for i in 0..x.len() - 1 {
        let r = x[i + 1] - x[i];
        g[i] -= r * r * r;
        g[i + 1] += r * r * r;
    }
}

#[derive(Clone, Copy)]
struct Function {
    name: &'static str,
    value: fn(&[f64]) -> f64,
    gradient: fn(&[f64], &mut [f64]),
    model: &'static str,
    /// Bounds of every variable; argmin has none, and its rows are left out where there are some.
    bounds: Option<(f64, f64)>,
}

/// The chain within bounds.
const fn chain_in(name: &'static str, bounds: Option<(f64, f64)>) -> Function {
    Function {
        name,
        value: chain,
        gradient: chain_gradient,
        model: "minimize sum(i in 1..n - 1: 100 * (x[i + 1] - x[i]^2)^2 + (1 - x[i])^2)",
        bounds,
    }
}

/// In the wide box no bound is ever met; in the narrow one many are, some for good.
const FUNCTIONS: [Function; 4] = [
    chain_in("chain", None),
    chain_in("chain in a wide box", Some((-10.0, 10.0))),
    chain_in("chain in a narrow box", Some((-1.5, 0.5))),
    Function {
        name: "scales",
        value: scales,
        gradient: scales_gradient,
        model: "minimize sum(i in 1..n: (1 + 1e5 * (i - 1) / n) * x[i]^2) / 2 + sum(i in 1..n - 1: (x[i + 1] - x[i])^4) / 4",
        bounds: None,
    },
];

fn start(i: usize) -> f64 {
    if i % 2 == 0 { -1.2 } else { 1.0 }
}

struct Shared {
    f: Function,
    gradients: Arc<AtomicU64>,
}

impl CostFunction for Shared {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok((self.f.value)(x))
    }
}

impl Gradient for Shared {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let mut g = vec![0.0; x.len()];
        (self.f.gradient)(x, &mut g);
        self.gradients.fetch_add(1, Ordering::Relaxed);
        Ok(g)
    }
}

/// Seconds, iterations, evaluations of the gradient.
type Ran = (f64, u64, u64);

fn by_optc(method: &str, oracle: &Arc<dyn Oracle>) -> Ran {
    let row = optc::solve::find(method).expect("a method of the registry");
    let facts = ProblemFacts::of(&**oracle);
    let mut request = Request::new(row, Program::Nlp(Nlp { oracle: Arc::clone(oracle), facts }));
    request.options.set("tol", OptionValue::Real(0.0));
    request.control.limits.iterations = Some(ITERATIONS);
    let mut solver = (row.make)(request).expect("the method takes the problem");
    let began = ProcessTime::now();
    let answer = solver.run();
    (began.elapsed().as_secs_f64(), answer.iterations, answer.counts.gradient)
}

fn closures(f: Function, n: usize) -> Arc<dyn Oracle> {
    let start: Vec<f64> = (0..n).map(start).collect();
    let (lower, upper) = f.bounds.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let oracle = ClosureOracle::new(n, f.value).start(&start).bounds(&vec![lower; n], &vec![upper; n]);
    Arc::new(oracle.gradient(f.gradient))
}

fn compiled(f: Function, n: usize) -> Arc<dyn Oracle> {
    let bounds = f.bounds.map_or(String::new(), |(lower, upper)| format!(" in [{lower}, {upper}]"));
    let text = format!(
        "param n = {n}\nvar x[i in 1..n]{bounds} start if 2 * floor(i / 2) == i then 1 else -1.2\n{}\n",
        f.model
    );
    let mut session = Session::new(Arc::new(FolderLoader::new(".")), Setup::default());
    let checked = session.check_text("model.opt", &text);
    let Ok(bound) = session.bind(checked) else { panic!("the model is right") };
    bound.oracle
}

/// Without iterations where argmin gives up: its conjugate gradients end at a direction that does not fall.
fn by_argmin(method: &str, f: Function, n: usize) -> Ran {
    let x: Vec<f64> = (0..n).map(start).collect();
    let began = ProcessTime::now();
    let gradients = Arc::new(AtomicU64::new(0));
    let problem = Shared { f, gradients: Arc::clone(&gradients) };
    let search = |c2| MoreThuenteLineSearch::new().with_c(1e-4, c2).expect("constants");
    let ran = if method == "lbfgs" {
        let solver = LBFGS::new(search(0.9), 10).with_tolerance_grad(0.0).and_then(|s| s.with_tolerance_cost(0.0));
        let executor = Executor::new(problem, solver.expect("tolerances"));
        executor.configure(|s| s.param(x).max_iters(ITERATIONS)).run().map(|run| run.state().get_iter())
    } else {
        let solver = NonlinearConjugateGradient::new(search(0.4), PolakRibierePlus::new());
        let executor = Executor::new(problem, solver);
        executor.configure(|s| s.param(x).max_iters(ITERATIONS)).run().map(|run| run.state().get_iter())
    };
    (began.elapsed().as_secs_f64(), ran.unwrap_or(0), gradients.load(Ordering::Relaxed))
}

fn least(run: impl Fn() -> Ran) -> Ran {
    (0..ROUNDS).map(|_| run()).min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are rounds")
}

fn main() {
    println!("method,solver,function,n,iterations,gradients,us_per_iteration,us_of_function");
    for f in FUNCTIONS {
        for n in [1_000, 100_000] {
            let x: Vec<f64> = (0..n).map(start).collect();
            let mut g = vec![0.0; n];
            let began = ProcessTime::now();
            for _ in 0..20 {
                std::hint::black_box((f.value)(std::hint::black_box(&x)));
                (f.gradient)(std::hint::black_box(&x), &mut g);
            }
            let one = began.elapsed().as_secs_f64() / 20.0;
            for method in ["lbfgs", "conjugate_gradient"] {
                let (by_closure, by_model) = (closures(f, n), compiled(f, n));
                let mut runs = vec![
                    ("optc", least(|| by_optc(method, &by_closure))),
                    ("optc, model", least(|| by_optc(method, &by_model))),
                ];
                if f.bounds.is_none() {
                    runs.push(("argmin 0.11", least(|| by_argmin(method, f, n))));
                }
                for (solver, (seconds, iterations, gradients)) in runs {
                    if iterations == 0 {
                        println!("{method},{solver},{},{n},0,0,fails,", f.name);
                        continue;
                    }
                    let per = |s: f64| 1e6 * s / iterations as f64;
                    let function = if solver == "optc, model" {
                        String::new()
                    } else {
                        format!("{:.1}", per(one * gradients as f64))
                    };
                    println!(
                        "{method},{solver},{},{n},{iterations},{gradients},{:.1},{function}",
                        f.name,
                        per(seconds)
                    );
                }
            }
        }
    }
}
