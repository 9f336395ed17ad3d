//! The reference models of the benches.

use std::path::PathBuf;

/// The chained Rosenbrock function with neighbouring constraints (Lukšan and Vlček 1999, problem 5.1).
fn chained(n: usize) -> String {
    format!(
        "
param n = {n}
var x[i in 1..n] start if i / 2 == floor(i / 2) then 1 else -1.2
minimize f: sum(i in 2..n: 100 * (x[i-1]^2 - x[i])^2 + (x[i-1] - 1)^2)
subject to
  c[i in 2..n-1]: 3 * x[i]^3 + 2 * x[i+1] - 5 + sin(x[i] - x[i+1]) * sin(x[i] + x[i+1])
    + 4 * x[i] - x[i-1] * exp(x[i-1] - x[i]) - 3 == 0
"
    )
}

/// The robot arm of COPS (Dolan, Moré and Munson 2004), trapezoidal rule, `n` intervals.
fn robot(n: usize) -> String {
    format!(
        "
param n = {n}
param L = 5
param h = 0.5 / n
set T = 0..n
set J = 1..n
var rho[T] in [0, L] start 4.5
var the[t in T] in [-pi, pi] start 2 * pi / 3 * (t / n)^2
var phi[T] in [0.01, pi] start pi / 4
var drho[T]
var dthe[t in T] start 4 * pi / 3 * t / n
var dphi[T]
var urho[T] in [-1, 1]
var uthe[T] in [-1, 1]
var uphi[T] in [-1, 1]
var tf >= 0.1 start 1
minimize time: tf
subject to
  a[j in J]: rho[j] - rho[j-1] - h * tf * (drho[j] + drho[j-1]) == 0
  b[j in J]: the[j] - the[j-1] - h * tf * (dthe[j] + dthe[j-1]) == 0
  c[j in J]: phi[j] - phi[j-1] - h * tf * (dphi[j] + dphi[j-1]) == 0
  d[j in J]: drho[j] - drho[j-1] - h * tf * (urho[j] + urho[j-1]) / L == 0
  e[j in J]: dthe[j] - dthe[j-1] - h * tf * (uthe[j] / (((L - rho[j])^3 + rho[j]^3) / 3 * sin(phi[j])^2)
    + uthe[j-1] / (((L - rho[j-1])^3 + rho[j-1]^3) / 3 * sin(phi[j-1])^2)) == 0
  g[j in J]: dphi[j] - dphi[j-1] - h * tf * (uphi[j] / (((L - rho[j])^3 + rho[j]^3) / 3)
    + uphi[j-1] / (((L - rho[j-1])^3 + rho[j-1]^3) / 3)) == 0
"
    )
}

/// The grid as three tables in the folder `target/peers/CASE`, in the form of rosetta-opf.
const GRID: &str = include_str!("../grid.opt");

/// The text of the model that a name means, and the folder of its tables: `lvN`, `robotN`, or a case of a grid.
pub fn named(name: &str) -> (String, PathBuf) {
    let number = |prefix: &str| name.strip_prefix(prefix).and_then(|n| n.parse::<usize>().ok());
    let text = match (number("lv"), number("robot")) {
        (Some(n), _) => chained(n),
        (_, Some(n)) => robot(n),
        _ => GRID.to_owned(),
    };
    (text, PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/peers").join(name))
}
