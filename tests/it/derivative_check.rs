//! The derivative check is content with right derivatives, and names a wrong one.

use optc::driver::derivative_check::compare;
use optc::num::vmath::exp;
use optc::problem::{ClosureOracle, Pattern, Place};

/// `x² y + exp(y)` with the row `x y`; one factor of each derivative can be spoilt.
fn oracle(gradient: f64, jacobian: f64, hessian: f64) -> ClosureOracle {
    let full = Pattern::new(2, 2, vec![0, 2, 3], vec![0, 1, 1]).expect("the entries are in range");
    ClosureOracle::new(2, |x| x[0] * x[0] * x[1] + exp(x[1]))
        .start(&[1.5, -0.5])
        .gradient(move |x, g| {
            g[0] = 2.0 * x[0] * x[1];
            g[1] = gradient * x[0] * x[0] + exp(x[1]);
        })
        .constraints(&[0.0], &[1.0], |x, c| c[0] = x[0] * x[1])
        .jacobian(Pattern::full(1, 2).expect("two entries"), move |x, v| {
            v.copy_from_slice(&[x[1], jacobian * x[0]]);
        })
        .hessian(full, move |x, sigma, y, v| {
            v.copy_from_slice(&[2.0 * sigma * x[1], hessian * (2.0 * sigma * x[0] + y[0]), sigma * exp(x[1])]);
        })
}

#[test]
fn right_derivatives_pass() {
    let check = compare(&oracle(1.0, 1.0, 1.0), &oracle(1.0, 1.0, 1.0), 3, 7);
    assert!(check.holds(), "{:?}", check.mismatches);
    assert_eq!((check.n_points, check.n_undefined), (4, 0));
    assert!(check.n_entries >= 4 * 7 && check.n_differences >= 4);
}

#[test]
fn a_wrong_entry_is_named() {
    let right = oracle(1.0, 1.0, 1.0);
    let places = |check: optc::driver::derivative_check::DerivativeCheck| -> Vec<Place> {
        check.mismatches.iter().map(|m| m.place).collect()
    };
    assert!(places(compare(&oracle(1.01, 1.0, 1.0), &right, 2, 7)).contains(&Place::Gradient(1)));
    assert!(places(compare(&oracle(1.0, 0.99, 1.0), &right, 2, 7)).contains(&Place::Jacobian { row: 0, var: 1 }));
    assert!(places(compare(&oracle(1.0, 1.0, 0.5), &right, 2, 7)).contains(&Place::Hessian { row: 1, col: 0 }));
}

#[test]
fn both_wrong_in_the_same_way_is_seen_by_differences() {
    let check = compare(&oracle(1.2, 1.0, 1.0), &oracle(1.2, 1.0, 1.0), 2, 7);
    assert!(check.mismatches.iter().any(|m| m.against == "differences" && m.place == Place::Objective(0)));
}

/// Rows that are a shared expression and nothing else take their slopes from the rows before them.
#[test]
fn rows_that_only_name_a_shared_expression_have_its_derivatives() {
    let model = "var x in [1, 9] start 2\nvar w in [1, 9] start 3\nlet y = x^2 / (x + w)\nminimize x * w\n\
                 subject to\n  r1: y * x + w >= 1\n  r2: y <= 50\n  r3: 2 * y >= 2\n";
    let path = tempfile::Builder::new().suffix(".opt").tempfile().expect("the folder for temporary files is writable");
    std::fs::write(path.path(), model).expect("the file was just made");
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_optc")).arg("check").arg(path.path()).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(said.contains("derivatives: agree"), "{said}");
}
