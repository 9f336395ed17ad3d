//! Compiled problems against closed forms; what a program may depend on; condensed and lifted arrays.

use optc::data::MemoryLoader;
use optc::driver::{Prepared, Session, Setup};
use optc::kernel::exec::{TreeSum, lane_sum};
use optc::kernel::{CompiledOracle, Mode, Program, compile, text};
use optc::problem::{EvalError, Oracle, Place};
use std::sync::Arc;

fn prepared(text: &str) -> Prepared {
    let mut session = Session::new(Arc::new(MemoryLoader::new()), Setup::default());
    let checked = session.check_text("model.opt", text);
    assert!(!checked.reports.has_errors(), "{:#?}", checked.reports);
    session.prepare(checked.model)
}

fn program(text: &str) -> Program {
    let prepared = prepared(text);
    compile(&prepared.model, &prepared.plan, &prepared.derivs)
}

fn oracle(text: &str, mode: Mode) -> CompiledOracle {
    let mut session = Session::new(Arc::new(MemoryLoader::new()), Setup::default());
    let checked = session.check_text("model.opt", text);
    assert!(!checked.reports.has_errors(), "{:#?}", checked.reports);
    let bound = session.bind(checked).expect("the model has all its data");
    let prepared = &bound.prepared;
    let program = Arc::new(compile(&prepared.model, &prepared.plan, &prepared.derivs));
    CompiledOracle::new(program, bound.instance.clone(), mode).expect("the matrices are small")
}

/// Luksan and Vlcek's chained Rosenbrock problem 5.1.
fn chain(n: usize) -> String {
    let end = n - 2;
    format!(
        "var x[1..{n}]\n\
         minimize sum(i in 1..{n} if i < {n}: 100 * (x[i]^2 - x[i + 1])^2 + (x[i] - 1)^2)\n\
         subject to\n  chain[i in 1..{end}]: 3 * x[i + 1]^3 + 2 * x[i + 2] - 5 + sin(x[i + 1] - x[i + 2]) * sin(x[i + 1] + x[i + 2]) \
         + 4 * x[i + 1] - x[i] * exp(x[i] - x[i + 1]) - 3 == 0\n"
    )
}

fn wave(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i * 37 % 101) as f64 / 101.0 - 0.3).collect()
}

/// The slopes of row `i` in `x[i], x[i + 1], x[i + 2]`, by hand.
fn chain_slopes(a: f64, b: f64, c: f64) -> [f64; 3] {
    use optc::num::vmath::{cos, exp, sin};
    let (e, s, d) = (exp(a - b), b + c, b - c);
    [
        -(1.0 + a) * e,
        9.0 * b * b + cos(d) * sin(s) + sin(d) * cos(s) + 4.0 + a * e,
        2.0 - cos(d) * sin(s) + sin(d) * cos(s),
    ]
}

#[test]
fn the_jacobian_of_a_chain_is_its_closed_form_in_every_block() {
    let n = 600;
    let oracle = oracle(&chain(n), Mode::Auto);
    let x = wave(n);
    let mut ws = oracle.workspace();
    ws.set_point(&x);
    let pattern = oracle.jacobian_pattern().clone();
    assert_eq!(pattern.nnz(), 3 * (n - 2));
    let mut values = vec![0.0; pattern.nnz()];
    oracle.jacobian(&mut ws, &mut values).expect("the chain is smooth");
    for (slot, row, col) in pattern.entries() {
        let wanted = chain_slopes(x[row], x[row + 1], x[row + 2])[col - row];
        assert!((values[slot] - wanted).abs() <= 1e-13 * (1.0 + wanted.abs()), "{row} {col}");
    }
}

#[test]
fn the_objective_of_a_chain_is_its_closed_form() {
    for n in [3, 255, 256, 257, 258, 512, 513, 514, 1000] {
        let oracle = oracle(&chain(n), Mode::Auto);
        let x = wave(n);
        let mut ws = oracle.workspace();
        ws.set_point(&x);
        let term = |i: usize| 100.0 * (x[i] * x[i] - x[i + 1]) * (x[i] * x[i] - x[i + 1]) + (x[i] - 1.0) * (x[i] - 1.0);
        let wanted: f64 = (0..n - 1).map(term).sum();
        let f = oracle.objective(&mut ws, 0).expect("a polynomial");
        assert!((f - wanted).abs() <= 1e-13 * wanted, "{n}: {f} {wanted}");
    }
}

#[test]
fn a_program_is_the_same_for_ten_and_a_million_instances() {
    let (small, large) = (program(&chain(10)), program(&chain(1_000_000)));
    assert_eq!(small.n_ops(), large.n_ops());
    assert_eq!(small, large);
}

#[test]
fn a_program_can_be_read() {
    let text_of = |model: &str| {
        let prepared = prepared(model);
        let program = compile(&prepared.model, &prepared.plan, &prepared.derivs);
        text::program(&prepared.model, &prepared.plan, &program)
    };
    let text = text_of("param w = 2\nvar x[1..3]\nminimize sum(i in 1..3: w * (x[i] - i)^2)");
    let wanted = "\
values of objectives
  kernel 1 over i in 1..3: 3 registers
    before the loop
      r0 = load w
    every instance
      r1 = load x[i]
      r2 = load i
      r2 = r1 - r2
      r1 = r0 * r2
      r1 = r1 * r2
      objective += r1
";
    assert!(text.starts_with(wanted), "{text}");
    assert!(text.contains("adjoint of x[i] +="), "{text}");
    assert!(text.contains("hessian[x[i], x[i]] +="), "{text}");
}

#[test]
fn a_long_sum_needs_few_registers() {
    let terms: Vec<String> = (0..20_000).map(|k| format!("sin(x[{}] * {}.5)", k % 7 + 1, k)).collect();
    let program = program(&format!("var x[1..7]\nminimize ({})", terms.join(" + ")));
    let values = &program.kernels.as_slice()[0];
    assert!(values.n_regs < 32, "{} registers", values.n_regs);
}

/// `log(sum of squares)`: its Hessian is dense.
fn dense(n: usize) -> String {
    format!("var x[1..{n}]\nminimize log(1 + sum(i in 1..{n}: x[i]^2)) + sum(i in 1..{n}: x[i]^4)")
}

#[test]
fn small_dense_hessians_are_condensed_and_large_ones_lifted() {
    let small = oracle(&dense(50), Mode::Auto);
    assert!(!small.is_lifted());
    assert_eq!(small.hessian_pattern().nnz(), 50 * 51 / 2);
    let large = oracle(&dense(5_000), Mode::Auto);
    assert!(large.is_lifted());
    assert_eq!(large.shape().n_vars, 5_001);
    assert_eq!(large.shape().n_cons, 1);
    assert!(large.hessian_pattern().nnz() <= 5_001);
    assert_eq!(large.recover().map(|lift| lift.n_vars), Some(5_000));
}

#[test]
fn a_lifted_point_satisfies_its_equations() {
    let oracle = oracle(&dense(40), Mode::Lifted);
    let point = oracle.lift_point(&wave(40));
    let mut ws = oracle.workspace();
    ws.set_point(&point);
    let mut rows = vec![1.0];
    oracle.constraints(&mut ws, &mut rows).expect("squares have a sum");
    assert!(rows[0].abs() < 1e-14, "{}", rows[0]);
}

#[test]
fn the_row_without_a_value_is_named() {
    let oracle = oracle("var x[1..9]\nminimize x[1]\nsubject to\n  c[i in 1..9]: log(x[i]) <= 1", Mode::Auto);
    let mut ws = oracle.workspace();
    let mut x = vec![1.0; 9];
    x[6] = -1.0;
    ws.set_point(&x);
    let mut c = vec![0.0; 9];
    match oracle.constraints(&mut ws, &mut c) {
        Err(EvalError::NonFinite { place: Place::Constraint(6), .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_branch_without_a_value_does_no_harm() {
    let oracle = oracle("var x[1..2]\nminimize sum(i in 1..2: if x[i] > 0 then sqrt(x[i]) else x[i]^2)", Mode::Auto);
    let mut ws = oracle.workspace();
    ws.set_point(&[4.0, -3.0]);
    assert_eq!(oracle.objective(&mut ws, 0), Ok(11.0));
    let mut g = [0.0; 2];
    oracle.gradient(&mut ws, &[1.0], &mut g).expect("both branches have slopes where they are taken");
    assert_eq!(g, [0.25, -6.0]);
}

#[test]
fn equal_subscripts_count_twice_on_the_diagonal() {
    // x[i] * x[j] over all pairs is the square of the sum: every second derivative is 2.
    let oracle = oracle("var x[1..4]\nminimize sum(i in 1..4, j in 1..4: x[i] * x[j])", Mode::Auto);
    let mut ws = oracle.workspace();
    ws.set_point(&[0.1, 0.2, 0.3, 0.4]);
    let mut values = vec![0.0; oracle.hessian_pattern().nnz()];
    oracle.hessian(&mut ws, &[1.0], &[], &mut values).expect("a quadratic");
    assert_eq!(values, [2.0; 10]);
}

#[test]
fn maximised_objectives_are_negated() {
    let oracle = oracle("var x\nmaximize 3 * x", Mode::Auto);
    let mut ws = oracle.workspace();
    ws.set_point(&[2.0]);
    assert_eq!(oracle.objective(&mut ws, 0), Ok(-6.0));
    assert!(oracle.shape().linear_objectives[0]);
}

#[test]
fn blocks_are_added_in_one_tree_whatever_their_number() {
    for n in 0..70u32 {
        let mut sum = TreeSum::EMPTY;
        (0..n).for_each(|k| sum.push(f64::from(k)));
        assert_eq!(sum.total(), f64::from(n * n.saturating_sub(1) / 2));
    }
    // Two halves of a tree, added apart, give the bits of the whole: threads may share the work.
    let values: Vec<f64> = (0..64).map(|k| 1.0 / f64::from(3 * k + 1)).collect();
    let total = |part: &[f64]| {
        let mut sum = TreeSum::EMPTY;
        part.iter().for_each(|v| sum.push(*v));
        sum.total()
    };
    assert_eq!(total(&values).to_bits(), (total(&values[..32]) + total(&values[32..])).to_bits());
    assert_eq!(lane_sum(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]), 45.0);
}

#[test]
fn a_large_chain_is_evaluated_in_little_memory() {
    let n = 200_000;
    let oracle = oracle(&chain(n), Mode::Auto);
    let mut ws = oracle.workspace();
    ws.set_point(&wave(n));
    let y = vec![0.1; n - 2];
    let mut hessian = vec![0.0; oracle.hessian_pattern().nnz()];
    oracle.hessian(&mut ws, &[1.0], &y, &mut hessian).expect("the chain is smooth");
    // A band of width three: diagonal, next, next but one.
    assert!(hessian.len() <= 3 * n);
}

/// Families over one set share a kernel for each derivative; other sets and other filters keep theirs.
#[test]
fn families_over_one_set_share_kernels() {
    use optc::kernel::program::{Part, What};
    let text = "set I = 1..5\nset J = 1..5\nparam p[i in I] = i\nvar x[I]\nvar y[J]\n\
        minimize sum(i in I: x[i]^2 * sin(x[i]))\nsubject to\n\
        a[i in I]: sin(x[i]) * x[i] <= 1\nb[k in I]: cos(x[k]) + sin(x[k]) >= -2\n\
        c[i in I if p[i] > 2]: x[i]^3 <= 9\nd[k in I if p[k] > 2]: x[k]^3 + sin(x[k]) <= 9\n\
        e[i in I if p[i] > 3]: x[i]^2 <= 9\nf[j in J]: y[j]^2 <= 4\n";
    let program = program(text);
    // Over I; over I with each of two filters; over J, which is another range with the same ends.
    assert_eq!(program.part(Part::Rows).len(), 3, "J is the range that I is");
    assert_eq!(program.part(Part::HessianTop).len(), 3);
    // What several families want for one place is added up before it is stored.
    for step in program.part(Part::HessianTop) {
        let optc::kernel::program::Step::Loop(kernel) = step else { panic!("a loop") };
        let whats: Vec<What> = program.kernels[*kernel].outs.iter().map(|o| o.what).collect();
        assert!(whats.iter().enumerate().all(|(k, what)| !whats[..k].contains(what)), "{whats:?}");
    }
}
