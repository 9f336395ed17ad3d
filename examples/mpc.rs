//! Model-predictive control: one compiled problem, solved a thousand times with another state each time, warm.
//!
//! A cart of two states is driven to rest over a horizon; the force is bounded. `cargo run --release --example mpc`

use optc::embed::{Problem, Solution, Source};
use std::error::Error;
use std::time::Instant;

const HORIZON: usize = 50;
const STEP: f64 = 0.1;

fn main() -> Result<(), Box<dyn Error>> {
    let mut controller = compile()?;
    let mut state = [2.0, 0.0];
    let mut last: Option<Solution> = None;
    let (mut seconds, mut slowest) = (0.0, 0.0f64);
    let solves = 1000;
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
        let took = begin.elapsed().as_secs_f64();
        seconds += took;
        slowest = slowest.max(took);
        assert!(solution.status().is_optimal(), "{solution:?}");
        let force = solution.values("force").expect("it is a variable")[0];
        state = [state[0] + STEP * state[1], state[1] + STEP * force];
        last = Some(solution);
    }
    let variables = controller.shape().n_vars;
    println!("{solves} solves of {variables} variables and {} rows", controller.shape().n_cons);
    println!("mean {:.3} ms, slowest {:.3} ms; compiled once", 1e3 * seconds / f64::from(solves), 1e3 * slowest);
    println!("the cart is at {:.4} with speed {:.4}", state[0], state[1]);
    Ok(())
}

fn compile() -> Result<Problem, optc::embed::Errors> {
    Source::new(format!(
        "set T = 0..{HORIZON}
         set U = 0..{HORIZON}-1
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
           jerks[u in 1..{HORIZON}-1]: jerk[u] == force[u] - force[u-1]"
    ))
    .array("now", &[2], &[2.0, 0.0])
    .compile()
}
