//! Model-predictive control: one compiled problem, solved a thousand times with another state each time, warm.
//!
//! A cart of two states is driven to rest over a horizon; the force is bounded. `cargo run --release --example mpc`

use optc::embed::{Problem, Solution, Source};
use std::error::Error;
use std::time::Instant;

/// Seconds between two states.
const STEP: f64 = 0.1;

fn main() -> Result<(), Box<dyn Error>> {
    let run = control(50, 1000)?;
    println!("{} solves of {} variables and {} rows", run.milliseconds.len(), run.n_vars, run.n_rows);
    let slowest = run.milliseconds.last().copied().unwrap_or(f64::NAN);
    println!("median {:.3} ms, 99th percentile {:.3} ms, slowest {slowest:.3} ms", run.share(0.5), run.share(0.99));
    println!("{} went on from the answer before; compiled {} times", run.n_warm, run.n_compiled);
    println!("the cart is at {:.4} with speed {:.4}", run.state[0], run.state[1]);
    Ok(())
}

/// What a run of the controller was like.
pub struct Run {
    /// Variables of a solve.
    pub n_vars: usize,
    /// Its rows.
    pub n_rows: usize,
    /// Of each solve with its change of numbers, sorted.
    pub milliseconds: Vec<f64>,
    /// Solves that the answer before led to at once.
    pub n_warm: usize,
    /// Compilations after the first.
    pub n_compiled: u64,
    /// The last state.
    pub state: [f64; 2],
}

impl Run {
    /// The time that this share of the solves did not exceed.
    pub fn share(&self, share: f64) -> f64 {
        let last = self.milliseconds.len().saturating_sub(1);
        self.milliseconds.get((share * last as f64) as usize).copied().unwrap_or(f64::NAN)
    }
}

/// So many solves, each for the state that the one before led to.
pub fn control(horizon: usize, solves: usize) -> Result<Run, Box<dyn Error>> {
    let mut controller = compile(horizon)?;
    let compiled = optc::kernel::compilations() + optc::jit::attachments();
    let mut state = [2.0, 0.0];
    let mut last: Option<Solution> = None;
    let (mut milliseconds, mut n_warm) = (Vec::with_capacity(solves), 0);
    for k in 0..solves {
        // A push from outside every hundred steps.
        if k % 100 == 99 {
            state[1] -= 1.0;
        }
        let begin = Instant::now();
        controller.set("now", &state)?;
        let solve = controller.solver().judged_quickly();
        let solve = match &last {
            Some(solution) => solve.warm(solution),
            None => solve,
        };
        let solution = solve.run()?;
        milliseconds.push(1e3 * begin.elapsed().as_secs_f64());
        if !solution.status().is_optimal() {
            return Err(format!("solve {k}: {solution:?}").into());
        }
        n_warm += usize::from(solution.used_start() && solution.iterations() == 0);
        let force = solution.values("force").and_then(|force| force.first()).copied().ok_or("no force")?;
        state = [state[0] + STEP * state[1], state[1] + STEP * force];
        last = Some(solution);
    }
    milliseconds.sort_by(f64::total_cmp);
    let shape = controller.shape();
    let n_compiled = optc::kernel::compilations() + optc::jit::attachments() - compiled;
    Ok(Run { n_vars: shape.n_vars, n_rows: shape.n_cons, milliseconds, n_warm, n_compiled, state })
}

fn compile(horizon: usize) -> Result<Problem, optc::embed::Errors> {
    Source::new(format!(
        "set T = 0..{horizon}
         set U = 0..{horizon}-1
         set S = 1..2
         param h = {STEP}
         param now[S]
         var place[T]
         var speed[T] in [-3, 3]
         var force[U] in [-2, 2]
         var jerk[U]
         minimize sum(t in T: place[t]^2 + 0.1 * speed[t]^2) + sum(u in U: 0.01 * force[u]^2 + 0.01 * jerk[u]^2)
         subject to
           at_place: place[0] == now[1]
           at_speed: speed[0] == now[2]
           moves[u in U]: place[u+1] == place[u] + h * speed[u]
           turns[u in U]: speed[u+1] == speed[u] + h * force[u]
           jerks[u in 1..{horizon}-1]: jerk[u] == force[u] - force[u-1]"
    ))
    .array("now", &[2], &[2.0, 0.0])
    .compile()
}
