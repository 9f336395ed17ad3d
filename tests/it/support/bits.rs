//! Do two oracles give the same bits?

use optc::kernel::CompiledOracle;
use optc::num::random::Stream;
use optc::problem::{EvalError, Oracle, Workspace};

/// What an oracle gives, with the bits of each number; all NaNs are one.
pub type Given = Vec<(&'static str, Vec<u64>)>;

/// A function of an oracle at a point.
type Eval<'a> = dyn FnMut(&mut Workspace, &mut [f64]) -> Result<(), EvalError> + 'a;

/// Everything an oracle gives at a random point around its start.
pub fn evaluations(oracle: &CompiledOracle, ws: &mut Workspace, seed: u64, scale: f64) -> Given {
    given(oracle, ws, seed, scale, false)
}

/// The same, each as if nothing had been evaluated at the point before.
pub fn apart(oracle: &CompiledOracle, ws: &mut Workspace, seed: u64, scale: f64) -> Given {
    given(oracle, ws, seed, scale, true)
}

fn given(oracle: &CompiledOracle, ws: &mut Workspace, seed: u64, scale: f64, apart: bool) -> Given {
    let shape = oracle.shape();
    let mut stream = Stream::new(seed, 11);
    let mut draw = |n: usize| -> Vec<f64> { (0..n).map(|_| (2.0 * stream.unit() - 1.0) * scale).collect() };
    let x: Vec<f64> = shape.start.iter().zip(draw(shape.n_vars)).map(|(s, d)| s + d).collect();
    let (sigma, y) = (draw(shape.n_objectives), draw(shape.n_cons));
    ws.set_point(&x);
    let mut all = Vec::new();
    let mut give = |what, n: usize, eval: &mut Eval<'_>| {
        let mut out = vec![f64::MIN; n];
        if apart {
            oracle.forget_calls(ws);
        }
        // What is not finite is an error, but stands in the output all the same.
        let _ = eval(ws, &mut out);
        all.push((what, out.iter().map(|v| if v.is_nan() { f64::NAN.to_bits() } else { v.to_bits() }).collect()));
    };
    give("objectives", shape.n_objectives, &mut |ws, out| oracle.objectives(ws, out));
    give("constraints", shape.n_cons, &mut |ws, out| oracle.constraints(ws, out));
    give("gradient", shape.n_vars, &mut |ws, out| oracle.gradient(ws, &sigma, out));
    give("jtv", shape.n_vars, &mut |ws, out| oracle.jtv(ws, &y, out));
    give("jacobian", oracle.jacobian_pattern().nnz(), &mut |ws, out| oracle.jacobian(ws, out));
    give("hessian", oracle.hessian_pattern().nnz(), &mut |ws, out| oracle.hessian(ws, &sigma, &y, out));
    give("hvp", shape.n_vars, &mut |ws, out| oracle.hvp(ws, &sigma, &y, &x, out));
    give("jv", shape.n_cons, &mut |ws, out| oracle.jv(ws, &x, out));
    all
}

/// How many numbers were compared at `points` points, or the first that differs. The first oracle makes all calls for
/// each of them, the second one takes from the others what they have computed already.
pub fn same(a: &CompiledOracle, b: &CompiledOracle, seed: u64, points: u64) -> Result<usize, String> {
    let (mut ws_a, mut ws_b) = (a.workspace(), b.workspace());
    let mut count = 0;
    for k in 0..points {
        let scale = if k % 2 == 0 { 0.1 } else { 2.0 };
        let at = seed.wrapping_add(k << 32);
        let pairs = apart(a, &mut ws_a, at, scale).into_iter().zip(evaluations(b, &mut ws_b, at, scale));
        for ((what, a), (_, b)) in pairs {
            if let Some(k) = (0..a.len()).find(|k| a[*k] != b[*k]) {
                let (a, b) = (f64::from_bits(a[k]), f64::from_bits(b[k]));
                return Err(format!("entry {k} of {what}: portable {a:e}, native {b:e}"));
            }
            count += a.len();
        }
    }
    Ok(count)
}
