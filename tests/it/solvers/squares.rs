//! Methods for sums of squares and other losses on closures: exact answers, bounds, statistics. `contract.rs` has the rest.

use std::sync::Arc;

use super::jet::{Jet, Problem};
use optc::num::vmath;
use optc::problem::{
    Held, LeastSquares, Loss, MethodRow, Oracle, PerRow, Program, Request, ResidualTerm, Solver, Status, statistics,
    verify,
};
use optc::solve::find;

const METHODS: [&str; 3] = ["levenberg_marquardt", "dogleg", "gauss_newton"];
const FREE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

/// A sum of losses of rows, and the same as an objective.
struct Case {
    name: &'static str,
    rows: fn(&[Jet]) -> Vec<Jet>,
    objective: fn(&[Jet]) -> Jet,
    n_rows: usize,
    loss: (Loss, f64),
    bounds: &'static [(f64, f64)],
    start: &'static [f64],
    best: f64,
}

fn squares(rows: Vec<Jet>) -> Jet {
    rows.into_iter().map(|r| r.sq()).reduce(|a, b| a + b).unwrap()
}

fn rosenbrock(x: &[Jet]) -> Vec<Jet> {
    vec![10.0 * (&x[1] - x[0].sq()), 1.0 - &x[0]]
}

/// Powell's singular function: the Jacobian loses rank at the solution.
fn powell(x: &[Jet]) -> Vec<Jet> {
    vec![
        &x[0] + 10.0 * &x[1],
        5f64.sqrt() * (&x[2] - &x[3]),
        (&x[1] - 2.0 * &x[2]).sq(),
        10f64.sqrt() * (&x[0] - &x[3]).sq(),
    ]
}

/// A straight line through five points, one of them far off.
fn line(x: &[Jet]) -> Vec<Jet> {
    let y = [1.0, 3.1, 4.9, 7.2, 30.0];
    (0..5).map(|i| y[i] - (&x[0] + i as f64 * &x[1])).collect()
}

/// Decay to a level, ten points, no noise: a = 2, b = 0.5, c = 1.
fn decay(x: &[Jet]) -> Vec<Jet> {
    let row = |i: usize| {
        let t = i as f64;
        2.0 * vmath::exp(-0.5 * t) + 1.0 - (&x[0] * (-t * &x[1]).exp() + &x[2])
    };
    (0..10).map(row).collect()
}

fn soft(x: &[Jet]) -> Jet {
    line(x).into_iter().map(|r| (1.0 + r.sq()).sqrt() - 1.0).reduce(|a, b| a + b).unwrap()
}

fn cases() -> Vec<Case> {
    const SQUARE: (Loss, f64) = (Loss::Square, 1.0);
    let line_best = {
        // Normal equations: t and y about their means.
        let (t_mean, y) = (2.0, [1.0, 3.1, 4.9, 7.2, 30.0]);
        let y_mean: f64 = y.iter().sum::<f64>() / 5.0;
        let slope: f64 = (0..5).map(|i| (i as f64 - t_mean) * (y[i] - y_mean)).sum::<f64>() / 10.0;
        (0..5).map(|i| y[i] - y_mean - slope * (i as f64 - t_mean)).map(|r| r * r).sum::<f64>()
    };
    vec![
        Case {
            name: "rosenbrock",
            rows: rosenbrock,
            objective: |x| squares(rosenbrock(x)),
            n_rows: 2,
            loss: SQUARE,
            bounds: &[FREE, FREE],
            start: &[-1.2, 1.0],
            best: 0.0,
        },
        Case {
            name: "rosenbrock with its bound active",
            rows: rosenbrock,
            objective: |x| squares(rosenbrock(x)),
            n_rows: 2,
            loss: SQUARE,
            bounds: &[(-2.0, 0.5), FREE],
            start: &[-1.2, 1.0],
            best: 0.25,
        },
        Case {
            name: "powell",
            rows: powell,
            objective: |x| squares(powell(x)),
            n_rows: 4,
            loss: SQUARE,
            bounds: &[FREE; 4],
            start: &[3.0, -1.0, 0.0, 1.0],
            best: 0.0,
        },
        Case {
            name: "line",
            rows: line,
            objective: |x| squares(line(x)),
            n_rows: 5,
            loss: SQUARE,
            bounds: &[FREE, FREE],
            start: &[0.0, 0.0],
            best: line_best,
        },
        Case {
            name: "decay",
            rows: decay,
            objective: |x| squares(decay(x)),
            n_rows: 10,
            loss: SQUARE,
            bounds: &[(0.0, 10.0), (0.0, 10.0), FREE],
            start: &[1.0, 1.0, 0.0],
            best: 0.0,
        },
        Case {
            name: "decay from a corner of the box",
            rows: decay,
            objective: |x| squares(decay(x)),
            n_rows: 10,
            loss: SQUARE,
            bounds: &[(0.0, 10.0), (0.0, 10.0), (0.0, 10.0)],
            start: &[0.0, 0.0, 0.0],
            best: 0.0,
        },
        Case {
            name: "line by soft l1",
            rows: line,
            objective: soft,
            n_rows: 5,
            loss: (Loss::SoftL1, 1.0),
            bounds: &[FREE, FREE],
            start: &[0.0, 0.0],
            // By a simplex search over the two numbers, to all digits.
            best: 18.963_615_523_474_01,
        },
    ]
}

/// The cases as every method gets them: without Powell's, which takes a steepest descent a million steps, and without the corner
/// that is a stationary point of the objective, if not of its residuals.
pub fn contract_cases() -> Vec<super::cases::Case> {
    const FITS: [(usize, fn() -> LeastSquares); 5] = [
        (0, || cases()[0].fit()),
        (1, || cases()[1].fit()),
        (3, || cases()[3].fit()),
        (4, || cases()[4].fit()),
        (6, || cases()[6].fit()),
    ];
    let cases = cases();
    let whole = |(at, fit): (usize, fn() -> LeastSquares)| {
        let Case { name, objective, bounds, start, best, .. } = cases[at];
        let problem = Problem { objective, rows: super::jet::no_rows, row_bounds: &[], bounds, start };
        super::cases::Case { residuals: Some(fit), ..super::cases::case(name, problem, Box::leak(Box::new([best]))) }
    };
    FITS.into_iter().map(whole).collect()
}

impl Case {
    fn fit(&self) -> LeastSquares {
        static ENDS: [(f64, f64); 10] = [FREE; 10];
        let problem = Problem {
            objective: |x| x[0].clone() * 0.0,
            rows: self.rows,
            row_bounds: &ENDS[..self.n_rows],
            bounds: self.bounds,
            start: self.start,
        };
        let (loss, scale) = self.loss;
        let term = ResidualTerm { rows: 0..self.n_rows, loss, weight: PerRow::Same(1.0), scale: PerRow::Same(scale) };
        LeastSquares::new(problem.oracle(), vec![term])
    }

    /// The same as an objective with second derivatives.
    fn judge(&self) -> Arc<dyn Oracle> {
        let no_rows = super::jet::no_rows;
        let Self { objective, bounds, start, .. } = *self;
        Problem { objective, rows: no_rows, row_bounds: &[], bounds, start }.oracle()
    }
}

fn request(method: &str, case: &Case) -> (&'static MethodRow, Request) {
    let row = find(method).unwrap();
    (row, Request::new(row, Program::LeastSquares(case.fit())))
}

fn make(method: &str, case: &Case) -> Box<dyn Solver> {
    let (row, request) = request(method, case);
    (row.make)(request).unwrap_or_else(|error| panic!("{method} on {}: {error}", case.name))
}

fn for_each_pair(check: impl Fn(&str, &Case)) {
    for case in cases() {
        METHODS.iter().for_each(|method| check(method, &case));
    }
}

#[test]
fn every_method_finds_the_answer() {
    for_each_pair(|method, case| {
        let candidate = make(method, case).run();
        let judge = case.judge();
        let verdict = verify(&*judge, &case.fit().facts, &candidate);
        let right = (candidate.objective - case.best).abs() <= 1e-9 * case.best.abs().max(1.0);
        let good = verdict.status.is_optimal() && right;
        assert!(good, "{method} on {}: {candidate:?}\n{verdict:?}", case.name);
        let mut ws = judge.workspace();
        ws.set_point(&candidate.x);
        let own = judge.objective(&mut ws, 0).unwrap();
        assert!((own - candidate.objective).abs() <= 1e-12 * own.abs().max(1e-3), "{method} on {}", case.name);
    });
}

#[test]
fn standard_errors_of_a_straight_line_are_those_of_the_formulas() {
    let case = cases().into_iter().find(|c| c.name == "line").unwrap();
    let fit = case.fit();
    let x = make("levenberg_marquardt", &case).run().x;
    let bounds = fit.oracle.shape().vars.clone();
    let found = statistics(&fit, &bounds, &x).unwrap();
    // s² = RSS / 3; var(slope) = s² / 10; var(intercept) = s² (1/5 + 4/10).
    let s2 = case.best / 3.0;
    assert!((found.variance - s2).abs() < 1e-12 * s2);
    assert!((found.standard_errors[1] - (s2 / 10.0).sqrt()).abs() < 1e-12 * s2);
    assert!((found.standard_errors[0] - (s2 * 0.6).sqrt()).abs() < 1e-12 * s2);
    // Their correlation: -mean(t) / sqrt(mean(t²)).
    assert!((found.correlation(0, 1) + 2.0 / 6f64.sqrt()).abs() < 1e-12);
    assert_eq!((found.freedom, found.n_free), (3, 2));
    // The curve at t has variance s² (1/5 + (t - 2)² / 10).
    let at_five = found.error_of(&[1.0, 5.0]);
    assert!((at_five - (s2 * 1.1).sqrt()).abs() < 1e-12 * s2);
}

#[test]
fn what_cannot_be_told_apart_and_what_is_held_is_said() {
    // y = (a + b) t + c with c at its bound.
    let rows: fn(&[Jet]) -> Vec<Jet> =
        |x| (0..6).map(|i| (1.0 + 2.0 * i as f64) - (i as f64 * (&x[0] + &x[1]) + &x[2])).collect();
    static ENDS: [(f64, f64); 6] = [FREE; 6];
    let bounds: &'static [(f64, f64)] = &[FREE, FREE, (f64::NEG_INFINITY, 0.5), FREE];
    let problem =
        Problem { objective: |x| x[0].clone() * 0.0, rows, row_bounds: &ENDS, bounds, start: &[0.3, 0.1, 0.0, 7.0] };
    let fit = LeastSquares::squares(problem.oracle());
    for method in METHODS {
        let row = find(method).unwrap();
        let candidate = (row.make)(Request::new(row, Program::LeastSquares(fit.clone()))).unwrap().run();
        assert_eq!(candidate.x[2], 0.5, "{method}");
        assert_eq!(candidate.x[3], 7.0, "{method}: nothing depends on it");
        let found = statistics(&fit, &fit.oracle.shape().vars, &candidate.x).unwrap();
        assert_eq!(found.held, [Held::Free, Held::Free, Held::Upper, Held::Free]);
        let mut groups = found.undetermined.clone();
        groups.sort();
        assert_eq!(groups, [vec![0, 1], vec![3]], "{method}");
        assert!(found.standard_errors.iter().all(|e| e.is_nan()));
    }
}

#[test]
fn weights_are_not_negative_and_other_programs_are_refused() {
    let case = &cases()[0];
    let row = find("levenberg_marquardt").unwrap();
    let mut fit = case.fit();
    fit.terms[0].weight = PerRow::Each(vec![1.0, -1.0]);
    assert!((row.make)(Request::new(row, Program::LeastSquares(fit))).is_err());
    let oracle = case.judge();
    let facts = optc::problem::ProblemFacts::of(&*oracle);
    let nlp = optc::problem::Nlp { oracle, facts };
    assert!((row.make)(Request::new(row, Program::Nlp(nlp))).is_err());
}

#[test]
fn many_variables_take_sparse_steps() {
    // 2 (x[i+1] - x[i]²) and x[i] - 1: the extended Rosenbrock chain of 1000 variables.
    let n: usize = 1000;
    let pairs: Vec<(usize, usize)> = (0..n - 1).flat_map(|i| [(i, i), (i, i + 1), (n - 1 + i, i)]).collect();
    let (pattern, slots) = optc::problem::Pattern::from_entries(2 * (n - 1), n, pairs).unwrap();
    let free = vec![f64::INFINITY; 2 * (n - 1)];
    let oracle = optc::problem::ClosureOracle::new(n, |_| 0.0)
        .start(&vec![-1.0; n])
        .constraints(&vec![f64::NEG_INFINITY; 2 * (n - 1)], &free, move |x, r| {
            for i in 0..n - 1 {
                r[i] = 2.0 * (x[i + 1] - x[i] * x[i]);
                r[n - 1 + i] = x[i] - 1.0;
            }
        })
        .jacobian(pattern, move |x, vals| {
            for i in 0..n - 1 {
                let at = |k: usize| slots[3 * i + k] as usize;
                vals[at(0)] = -4.0 * x[i];
                vals[at(1)] = 2.0;
                vals[at(2)] = 1.0;
            }
        });
    let fit = LeastSquares::squares(Arc::new(oracle));
    for method in METHODS {
        let row = find(method).unwrap();
        let candidate = (row.make)(Request::new(row, Program::LeastSquares(fit.clone()))).unwrap().run();
        assert!(candidate.objective < 1e-16, "{method}: {} after {}", candidate.objective, candidate.iterations);
        let judge = optc::problem::SumOracle::new(fit.clone());
        assert_eq!(verify(&judge, &fit.facts, &candidate).status, Status::Stationary, "{method}");
    }
}

#[test]
fn columns_that_shrink_on_the_way_do_not_stall_the_damped_method() {
    // Penalty I of Moré, Garbow and Hillstrom (1981), problem 23, with its optimum for n = 10.
    static ENDS: [(f64, f64); 11] = [FREE; 11];
    let problem = Problem {
        objective: |x| x[0].clone() * 0.0,
        rows: |x| {
            let pull = x.iter().map(|x| 1e-5f64.sqrt() * (x - 1.0));
            let ball = x.iter().map(Jet::sq).reduce(|a, b| a + b).unwrap() - 0.25;
            pull.chain([ball]).collect()
        },
        row_bounds: &ENDS,
        bounds: &[FREE; 10],
        start: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0],
    };
    for method in METHODS {
        let row = find(method).unwrap();
        let fit = LeastSquares::squares(problem.oracle());
        let candidate = (row.make)(Request::new(row, Program::LeastSquares(fit))).unwrap().run();
        assert!((candidate.objective - 7.087_651_467e-5).abs() < 1e-13, "{method}: {}", candidate.objective);
        assert!(candidate.iterations < 200, "{method}: {} iterations", candidate.iterations);
    }
}
