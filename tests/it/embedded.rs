//! The programs of `examples/` that embed the crate, run with small sizes and held against what they should give.

#![allow(dead_code, reason = "each example has a `main` of its own")]

#[path = "../../examples/builder.rs"]
mod builder;
#[path = "../../examples/closures.rs"]
mod closures;
#[path = "../../examples/fit_covariance.rs"]
mod fit_covariance;
#[path = "../../examples/many_problems.rs"]
mod many_problems;
#[path = "../../examples/mpc.rs"]
mod mpc;
#[path = "../../examples/own_loop.rs"]
mod own_loop;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

fn near(found: f64, wanted: f64, tol: f64) {
    assert!((found - wanted).abs() <= tol * wanted.abs().max(1.0), "{found} is not {wanted}");
}

#[test]
fn a_controller_goes_on_from_its_last_answer_and_compiles_nothing() {
    let run = mpc::control(20, 190).unwrap();
    assert_eq!((run.n_vars, run.n_rows, run.milliseconds.len()), (82, 61, 190));
    assert_eq!(run.n_compiled, 0);
    // All but the first, a few where the force leaves its bounds, and those after a push.
    assert!(run.n_warm >= 180, "{} of 190", run.n_warm);
    assert!(run.state.iter().all(|s| s.abs() < 0.5), "{:?}", run.state);
}

#[test]
fn dantzigs_transport_costs_what_it_did_in_1963() {
    let shipped = builder::ship().unwrap();
    near(shipped.cost, 153.675, 1e-8);
    near(shipped.cost_at_twice, 2.0 * 153.675, 1e-8);
    for (found, wanted) in shipped.prices.iter().zip([0.225, 0.153, 0.126]) {
        near(*found, wanted, 1e-7);
    }
    assert!(shipped.text.contains("minimize cost: sum(i₁ in plants, i₂ in markets:"), "{}", shipped.text);
}

#[test]
fn closures_reach_the_valley_in_the_disk_and_fit_the_decay() {
    let seen = Arc::new(Mutex::new(0));
    let count = Arc::clone(&seen);
    let solution = closures::valley(move |_| {
        *count.lock().unwrap() += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    near(solution.x()[0].powi(2) + solution.x()[1].powi(2), 1.5, 1e-6);
    near(solution.x()[0], 0.907_234, 1e-5);
    assert_eq!(*seen.lock().unwrap(), solution.iterations() + 1);
    // The same data by the compiler.
    let (estimates, errors) = closures::decay().unwrap();
    let fit = fit_covariance::decay().unwrap();
    assert_eq!((fit.residuals, fit.free), (12, 2));
    for (j, parameter) in fit.parameters.iter().enumerate() {
        near(estimates[j], parameter.estimate, 1e-8);
        near(errors[j], parameter.standard_error, 1e-6);
    }
    near(fit.covariance[0].sqrt(), errors[0], 1e-6);
    near(fit.correlation[1], fit.covariance[1] / (errors[0] * errors[1]), 1e-6);
}

#[test]
fn tins_on_all_threads_have_the_best_height() {
    assert!(many_problems::tins(40, 3).unwrap() < 1e-4);
}

#[test]
fn a_loop_of_ones_own_ends_in_the_valley() {
    let (f, iterations) = own_loop::descend(50).unwrap();
    assert!(f < 1e-9 && iterations < 5000, "{f} after {iterations}");
}
