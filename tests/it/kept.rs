//! What one function of a point has computed the others do not compute again.

use crate::support::bits::{apart, evaluations};
use crate::support::drawn::Made;
use crate::support::models::draw;
use optc::data::MemoryLoader;
use optc::driver::{Session, Setup};
use optc::jit::{Jit, Level, Pool, share};
use optc::kernel::kept::MOST;
use optc::kernel::{CompiledOracle, Mode, compile};
use optc::num::vmath::{cos, exp};
use optc::problem::{EvalError, Oracle, Workspace};
use std::sync::Arc;

/// How an oracle is run.
#[derive(Clone, Copy, PartialEq, Debug)]
enum By {
    Portable,
    Native,
    Threads,
}

const ALL: [By; 3] = [By::Portable, By::Native, By::Threads];

fn run_by(mut oracle: CompiledOracle, by: By) -> CompiledOracle {
    if by != By::Portable {
        let jit = Jit::new(Level::Machine).expect("this machine has a generator").with_budget(1 << 19);
        jit.attach(&mut oracle).expect("it compiles");
    }
    if by == By::Threads {
        share(&mut oracle, &Arc::new(Pool::always(2)));
    }
    oracle
}

fn oracle(text: &str, by: By) -> CompiledOracle {
    let mut session = Session::new(Arc::new(MemoryLoader::new()), Setup::default());
    let checked = session.check_text("model.opt", text);
    assert!(!checked.reports.has_errors(), "{:?}", checked.reports.messages());
    let bound = session.bind(checked).unwrap_or_else(|reports| panic!("{:?}", reports.messages()));
    let prepared = &bound.prepared;
    let program = Arc::new(compile(&prepared.model, &prepared.plan, &prepared.derivs));
    run_by(CompiledOracle::new(program, bound.instance.clone(), Mode::Auto).expect("it fits"), by)
}

fn objective(oracle: &CompiledOracle, ws: &mut Workspace) -> Result<Vec<f64>, EvalError> {
    let mut f = [0.0];
    oracle.objectives(ws, &mut f).map(|()| f.to_vec())
}

fn gradient(oracle: &CompiledOracle, ws: &mut Workspace) -> Result<Vec<f64>, EvalError> {
    let mut g = vec![0.0; oracle.shape().n_vars];
    oracle.gradient(ws, &[1.0], &mut g).map(|()| g)
}

fn constraints(oracle: &CompiledOracle, ws: &mut Workspace) -> Result<Vec<f64>, EvalError> {
    let mut c = vec![0.0; oracle.shape().n_cons];
    oracle.constraints(ws, &mut c).map(|()| c)
}

fn jacobian(oracle: &CompiledOracle, ws: &mut Workspace) -> Result<Vec<f64>, EvalError> {
    let mut values = vec![0.0; oracle.jacobian_pattern().nnz()];
    oracle.jacobian(ws, &mut values).map(|()| values)
}

fn hessian(oracle: &CompiledOracle, ws: &mut Workspace) -> Result<Vec<f64>, EvalError> {
    let mut values = vec![0.0; oracle.hessian_pattern().nnz()];
    let y = vec![1.0; oracle.shape().n_cons];
    oracle.hessian(ws, &[1.0], &y, &mut values).map(|()| values)
}

fn product(oracle: &CompiledOracle, ws: &mut Workspace) -> Result<Vec<f64>, EvalError> {
    let n = oracle.shape().n_vars;
    let (mut out, y) = (vec![0.0; n], vec![1.0; oracle.shape().n_cons]);
    oracle.hvp(ws, &[1.0], &y, &vec![1.0; n], &mut out).map(|()| out)
}

type Function = fn(&CompiledOracle, &mut Workspace) -> Result<Vec<f64>, EvalError>;

/// How many results `of` keeps anew, each of them overwritten by 0.25.
fn kept_by(oracle: &CompiledOracle, ws: &mut Workspace, of: Function) -> usize {
    const NOBODY: f64 = -77.0;
    let before = oracle.kept_mut(ws).to_vec();
    oracle.kept_mut(ws).fill(NOBODY);
    // Values may be missing here, which is not asked for.
    let _ = of(oracle, ws);
    let mut anew = 0;
    for (number, before) in oracle.kept_mut(ws).iter_mut().zip(before) {
        let is_new = *number != NOBODY;
        anew += usize::from(is_new);
        *number = if is_new { 0.25 } else { before };
    }
    anew
}

#[test]
fn each_call_is_made_once_at_a_point() {
    // In the rows an exponential and a sine, slopes and curvatures want the cosine as well.
    let rows = "set I = 1..700\nvar x[I] start 0.3\nvar y[I] start 0.2\nminimize f: sum(i in I: x[i]^2 + y[i])\n\
        subject to\n  c[i in I]: exp(x[i]) + y[i] * sin(x[i] + y[i]) <= 9\n";
    // In the objective an exponential and a logarithm; slopes and curvatures want the exponential alone.
    let sum = "set I = 1..700\nvar x[I] start 0.3\nminimize f: sum(i in I: exp(2 * x[i]) + log(1 + x[i]^2))\n";
    // A defined array, wanted by all that goes through it.
    let array = "set I = 1..100\nset J = 1..3\nvar x[I] start 0.3\nlet s[j in J] = sum(i in I: exp(x[i] / j))\n\
        minimize f: sum(j in J: s[j]^2)\n";
    let [c, j, h, v]: [Function; 4] = [constraints, jacobian, hessian, product];
    let [f, g]: [Function; 2] = [objective, gradient];
    for by in ALL {
        for (text, steps) in [
            (rows, vec![(c, 1_400), (c, 0), (j, 700), (j, 0), (h, 0)]),
            (rows, vec![(j, 2_100), (c, 0), (h, 0)]),
            (rows, vec![(h, 2_100), (v, 0), (v, 0), (j, 0)]),
            (rows, vec![(v, 2_100), (v, 0)]),
            (sum, vec![(f, 700), (g, 0), (h, 0)]),
            (sum, vec![(g, 700), (h, 0), (f, 0)]),
            (array, vec![(f, 300), (g, 0), (h, 0)]),
            // Who asks once needs nothing to be kept: the cosine, here.
            (rows, vec![(c, 1_400), (j, 0)]),
            (rows, vec![(c, 0)]),
            (sum, vec![(h, 0)]),
        ] {
            let oracle = oracle(text, by);
            let mut ws = oracle.workspace();
            for point in 0..4 {
                ws.set_point(&oracle.shape().start);
                for (at, (of, wanted)) in steps.iter().enumerate() {
                    let kept = kept_by(&oracle, &mut ws, *of);
                    // At the first point nobody knows yet who asks for what.
                    assert!(point == 0 || kept == *wanted, "{by:?}, step {at}: {kept} and not {wanted} of {text}");
                }
            }
        }
    }
}

/// A method that does not ask for slopes any more stops paying for them.
#[test]
fn what_nobody_asks_for_again_is_kept_no_more() {
    let text = "set I = 1..700\nvar x[I] start 0.3\nminimize f: sum(i in I: x[i])\n\
        subject to\n  c[i in I]: exp(x[i]) <= 9\n";
    for by in ALL {
        let oracle = oracle(text, by);
        let mut ws = oracle.workspace();
        let mut at = |slopes: bool| {
            ws.set_point(&oracle.shape().start);
            let kept = kept_by(&oracle, &mut ws, constraints);
            if slopes {
                jacobian(&oracle, &mut ws).expect("slopes");
            }
            kept
        };
        assert_eq!([at(false), at(false), at(true), at(true)], [0, 0, 0, 700], "{by:?}");
        let in_vain = (0..100).take_while(|_| at(false) == 700).count();
        assert!((4..30).contains(&in_vain), "{by:?}: {in_vain} times");
        assert_eq!([at(true), at(true)], [0, 700], "{by:?}");
    }
}

/// Not only are no results kept again: those that are kept are used.
#[test]
fn results_that_are_kept_are_what_the_others_read() {
    let text = "set I = 1..700\nvar x[I] start 0.3\nminimize f: sum(i in I: x[i])\n\
        subject to\n  c[i in I]: exp(x[i]) <= 9\n";
    // All 700 numbers are the same one.
    let one = |values: Result<Vec<f64>, EvalError>| {
        let values = values.expect("numbers");
        assert!(values.iter().all(|v| *v == values[0]));
        values[0]
    };
    for by in ALL {
        let oracle = oracle(text, by);
        let mut ws = oracle.workspace();
        for point in 0..2 {
            ws.set_point(&[0.3; 700]);
            let both = [constraints, jacobian].map(|of: Function| one(of(&oracle, &mut ws)));
            assert_eq!(both, [exp(0.3); 2], "{by:?}, point {point}");
        }
        oracle.kept_mut(&mut ws).fill(42.0);
        let both = [constraints, jacobian].map(|of: Function| one(of(&oracle, &mut ws)));
        assert_eq!(both, [42.0; 2], "{by:?}");
        ws.set_point(&[0.5; 700]);
        let both = [constraints, jacobian].map(|of: Function| one(of(&oracle, &mut ws)));
        assert_eq!(both, [exp(0.5); 2], "{by:?}, another point");
    }
}

/// Where there is no derivative it is computed once more with care, from arguments that are others: 0 times what is no
/// number is 0 then, and no number in a value.
#[test]
fn with_care_nothing_is_kept_or_found() {
    let text = "set I = 1..300\nparam p[i in I] = 0\nvar x[I] start 0.5\nvar w start 0\n\
        minimize f: sum(i in I: x[i])\nsubject to\n  c[i in I]: exp(p[i] * log(w) + x[i]) <= 5\n";
    for by in ALL {
        let oracle = oracle(text, by);
        let mut ws = oracle.workspace();
        for order in ["cjhc", "jcjh", "hjc", "cj", "jc"] {
            ws.set_point(&oracle.shape().start);
            for letter in order.chars() {
                if letter == 'c' {
                    assert!(constraints(&oracle, &mut ws).is_err(), "{by:?}, {order}: a value where there is none");
                    continue;
                }
                let of: Function = if letter == 'j' { jacobian } else { hessian };
                let values = of(&oracle, &mut ws).unwrap_or_else(|e| panic!("{by:?}, {letter} in {order}: {e}"));
                assert!(values.contains(&exp(0.5)), "{by:?}, {letter} in {order}");
            }
        }
    }
}

/// Beyond what a cache holds fetching a result takes as long as the call.
#[test]
fn what_does_not_fit_is_computed_again() {
    let text = |n: usize| {
        format!(
            "set I = 1..{n}\nvar x[I] start 0.3\nminimize f: sum(i in I: exp(x[i]) + sin(x[i]) + log(1 + x[i]^2))\n"
        )
    };
    // The exponential and the sine are wanted again, the cosine and the logarithm are not.
    for (n, kept) in [(MOST / 2, MOST / 2 * 2), (MOST / 2 + 1, MOST / 2 + 1), (MOST + 1, 0)] {
        let oracle = oracle(&text(n), By::Native);
        let mut ws = oracle.workspace();
        ws.set_point(&oracle.shape().start);
        assert_eq!(oracle.kept_mut(&mut ws).len(), kept);
        let g = gradient(&oracle, &mut ws).expect("slopes");
        let wanted = exp(0.3) + cos(0.3) + 0.6 / (1.0 + 0.3 * 0.3);
        assert!(g.iter().all(|g| (g - wanted).abs() < 1e-14), "{} and not {wanted}", g[0]);
    }
}

/// In whichever order: the bits are those of functions that share nothing.
#[test]
fn random_models_give_the_same_bits_whoever_was_first() {
    let (mut numbers, mut shared) = (0, 0);
    for seed in 0..150 {
        let made = Made::new(&draw(seed)).expect("another test reports what cannot be made");
        for mode in [Mode::Condensed, Mode::Lifted] {
            let oracle = run_by(made.oracle(mode).expect("it fits"), ALL[seed as usize % 3]);
            let (mut one, mut other) = (oracle.workspace(), oracle.workspace());
            shared += oracle.kept_mut(&mut one).len();
            for scale in [0.1, 2.0, 0.1] {
                let (alone, together) =
                    (apart(&oracle, &mut one, seed, scale), evaluations(&oracle, &mut other, seed, scale));
                assert_eq!(alone, together, "draw {seed}, {mode:?}");
                numbers += alone.iter().map(|(_, bits)| bits.len()).sum::<usize>();
            }
        }
    }
    assert!(shared > 500, "{shared} results are kept for others");
    assert!(numbers > 10_000, "{numbers} numbers compared");
}
