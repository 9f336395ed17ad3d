//! The symmetric indefinite solver counts signs as dense eigenvalues do and solves to machine precision.

use faer::{Mat, Side};
use optc::num::kkt::{Inertia, KktError, default_solver};
use optc::num::random::Stream;
use optc::num::sparse::Pattern;

/// `[H + D, A'; A, -C]` as lower triangle: H sparse indefinite, D and C diagonal.
struct Saddle {
    n: usize,
    entries: Vec<(usize, usize)>,
    vals: Vec<f64>,
}

impl Saddle {
    fn random(stream: &mut Stream, n: usize, m: usize, spread: f64) -> Self {
        let mut saddle = Self { n: n + m, entries: Vec::new(), vals: Vec::new() };
        let scale = |stream: &mut Stream| optc::num::vmath::exp(stream.uniform(-spread, spread));
        for j in 0..n {
            let size = scale(stream);
            saddle.push(j, j, size * stream.normal());
            for _ in 0..2 {
                let i = stream.below(n as u64) as usize;
                if i != j {
                    saddle.push(i.max(j), i.min(j), stream.normal());
                }
            }
        }
        for i in 0..m {
            for _ in 0..3 {
                saddle.push(n + i, stream.below(n as u64) as usize, stream.normal());
            }
            saddle.push(n + i, n + i, 0.0);
        }
        saddle
    }

    fn push(&mut self, i: usize, j: usize, value: f64) {
        self.entries.push((i, j));
        self.vals.push(value);
    }

    fn compressed(&self) -> (Pattern, Vec<f64>) {
        let (pattern, slots) = Pattern::from_entries(self.n, self.n, self.entries.iter().copied()).unwrap();
        let mut vals = vec![0.0; pattern.nnz()];
        for (&slot, &value) in slots.iter().zip(&self.vals) {
            vals[slot as usize] += value;
        }
        (pattern, vals)
    }
}

/// Signs of the eigenvalues by a dense method; `None` when one is too small to have a sign.
fn dense_inertia(pattern: &Pattern, vals: &[f64]) -> Option<Inertia> {
    let n = pattern.n_cols();
    let mut dense = Mat::<f64>::zeros(n, n);
    for (k, i, j) in pattern.entries() {
        dense[(i, j)] = vals[k];
        dense[(j, i)] = vals[k];
    }
    let eigenvalues = dense.self_adjoint_eigenvalues(Side::Lower).unwrap();
    let largest = eigenvalues.iter().fold(0.0f64, |a, e| a.max(e.abs()));
    if eigenvalues.iter().any(|e| e.abs() < 1e-11 * largest) {
        return None;
    }
    let positive = eigenvalues.iter().filter(|e| **e > 0.0).count();
    Some(Inertia { positive, negative: n - positive, zero: 0 })
}

#[test]
fn inertia_is_that_of_dense_eigenvalues_and_solutions_are_exact_to_rounding() {
    let mut stream = Stream::new(11, 0);
    let mut judged = 0;
    for case in 0..200 {
        let n = 2 + stream.below(40) as usize;
        let m = stream.below(n as u64 / 2 + 1) as usize;
        let (pattern, vals) = Saddle::random(&mut stream, n, m, f64::from(case % 5)).compressed();
        let Some(expected) = dense_inertia(&pattern, &vals) else { continue };
        judged += 1;
        let mut solver = default_solver();
        solver.analyse(&pattern).unwrap();
        assert_eq!(solver.factor(&vals).unwrap(), expected, "case {case}, n = {n}, m = {m}");

        let solution: Vec<f64> = (0..n + m).map(|_| stream.normal()).collect();
        let mut rhs = vec![0.0; n + m];
        pattern.mul_symmetric_add(&vals, 1.0, &solution, &mut rhs);
        let mut x = vec![0.0; n + m];
        solver.solve(&rhs, &mut x).unwrap();
        let backward = solver.refine(&rhs, &mut x, 3).unwrap();
        assert!(backward <= 1e-14, "case {case}: backward error {backward:e}");
    }
    assert!(judged > 150, "only {judged} of 200 matrices had a definite inertia");
}

#[test]
fn a_row_of_zeros_is_never_taken_for_a_regular_system() {
    // [1 0 1; 0 1 0; 1 0 0] bordered by a zero row: rank 3 of 4.
    let entries = [(0, 0), (1, 1), (2, 0), (2, 2), (3, 3)];
    let (pattern, _) = Pattern::from_entries(4, 4, entries).unwrap();
    let vals = [1.0, 1.0, 1.0, 0.0, 0.0];
    let vals: Vec<f64> =
        pattern.entries().map(|(_, i, j)| vals[entries.iter().position(|&e| e == (i, j)).unwrap()]).collect();
    let mut solver = default_solver();
    solver.analyse(&pattern).unwrap();
    match solver.factor(&vals) {
        Err(KktError::Singular) => {}
        Ok(inertia) => {
            assert_ne!(inertia, Inertia { positive: 2, negative: 2, zero: 0 }, "a zero eigenvalue was signed")
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn repeated_constraint_rows_are_singular_or_solved_consistently() {
    // The same constraint twice: the KKT matrix is exactly singular. The library may sign the zero eigenvalue;
    // the regularised matrix must then have the inertia of a proper saddle point.
    let mut stream = Stream::new(5, 0);
    for _ in 0..20 {
        let mut saddle = Saddle { n: 6, entries: Vec::new(), vals: Vec::new() };
        for j in 0..4 {
            saddle.push(j, j, 1.0 + stream.unit());
        }
        for j in 0..4 {
            let value = stream.normal();
            saddle.push(4, j, value);
            saddle.push(5, j, value);
        }
        saddle.push(4, 4, -1e-8);
        saddle.push(5, 5, -1e-8);
        let (pattern, vals) = saddle.compressed();
        let mut solver = default_solver();
        solver.analyse(&pattern).unwrap();
        assert_eq!(solver.factor(&vals).unwrap(), Inertia { positive: 4, negative: 2, zero: 0 });
    }
}

#[test]
fn entries_that_are_not_numbers_are_refused() {
    let mut solver = default_solver();
    solver.analyse(&Pattern::full(1, 1).unwrap()).unwrap();
    assert_eq!(solver.factor(&[f64::NAN]), Err(KktError::NonFinite));
    assert_eq!(solver.factor(&[f64::INFINITY]), Err(KktError::NonFinite));
}

#[test]
fn two_runs_give_the_same_bits() {
    let mut stream = Stream::new(3, 0);
    let (pattern, vals) = Saddle::random(&mut stream, 60, 20, 2.0).compressed();
    let rhs: Vec<f64> = (0..80).map(|_| stream.normal()).collect();
    let run = || {
        let mut solver = default_solver();
        solver.analyse(&pattern).unwrap();
        solver.factor(&vals).unwrap();
        let mut x = vec![0.0; 80];
        solver.solve(&rhs, &mut x).unwrap();
        solver.refine(&rhs, &mut x, 3).unwrap();
        x.iter().map(|v| v.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}
