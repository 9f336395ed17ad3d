//! Compile an objective and minimise it with a loop of your own: machine code for value and gradient, nothing else.
//!
//! `cargo run --release --example own_loop`

use optc::embed::{Errors, Source};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let n = 1000;
    let (f, iterations) = descend(n)?;
    println!("objective {f:.6e} after {iterations} iterations of {n} variables");
    Ok(())
}

/// The least value of a chain of `n` variables, and the iterations it took.
pub fn descend(n: usize) -> Result<(f64, usize), Box<dyn Error>> {
    let problem = chain(n)?;
    let mut at = problem.evaluator()?;
    let mut x = problem.shape().start.clone();
    let (mut g, mut next, mut g_next) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    let mut f = at.at(&x).value()?;
    at.gradient(&mut g)?;
    // Steps of Barzilai and Borwein, kept from climbing far.
    let mut step = 1e-3;
    let mut iterations = 0;
    while g.iter().any(|g| g.abs() > 1e-6) && iterations < 20_000 {
        for i in 0..n {
            next[i] = x[i] - step * g[i];
        }
        let f_next = at.at(&next).value()?;
        if f_next > f + 10.0 {
            step *= 0.1;
            continue;
        }
        at.gradient(&mut g_next)?;
        let (mut ss, mut sy) = (0.0, 0.0);
        for i in 0..n {
            let s = next[i] - x[i];
            ss += s * s;
            sy += s * (g_next[i] - g[i]);
        }
        step = if sy > 0.0 { ss / sy } else { 1e-3 };
        f = f_next;
        std::mem::swap(&mut x, &mut next);
        std::mem::swap(&mut g, &mut g_next);
        iterations += 1;
    }
    Ok((f, iterations))
}

/// A chain of Rosenbrock valleys.
fn chain(n: usize) -> Result<optc::embed::Problem, Errors> {
    Source::new(format!(
        "set I = 1..{n}
         var x[I] start 0.5
         minimize sum(i in 1..{n}-1: 10 * (x[i+1] - x[i]^2)^2 + (1 - x[i])^2)"
    ))
    .compile()
}
