//! Compositions that a model would overflow or cancel in if it wrote them out.

use super::{exp, log, log1p};

/// `log(1 + exp(z))`.
pub fn logistic(z: f64) -> f64 {
    if z > 0.0 { z + log1p(exp(-z)) } else { log1p(exp(z)) }
}

/// `1 / (1 + exp(-z))`.
pub fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + exp(-z))
    } else {
        let e = exp(z);
        e / (1.0 + e)
    }
}

/// `x log y`, and 0 where `x = 0` and `y >= 0`.
pub fn xlogy(x: f64, y: f64) -> f64 {
    if x == 0.0 && y >= 0.0 { 0.0 } else { x * log(y) }
}

/// `x log(1 + y)`, and 0 where `x = 0` and `y >= -1`.
pub fn xlog1py(x: f64, y: f64) -> f64 {
    if x == 0.0 && y >= -1.0 { 0.0 } else { x * log1p(y) }
}

/// `-x log x`, and 0 at 0.
pub fn entropy(x: f64) -> f64 {
    -xlogy(x, x)
}

/// `r^2 / 2` for `|r| <= k`, else `k (|r| - k / 2)`; NaN for negative `k`.
pub fn huber(r: f64, k: f64) -> f64 {
    let size = r.abs();
    if k < 0.0 {
        f64::NAN
    } else if size <= k {
        0.5 * r * r
    } else {
        k * (size - 0.5 * k)
    }
}

/// `max(x, 0)`.
pub fn relu(x: f64) -> f64 {
    super::max(x, 0.0)
}

/// `log(x / (1 - x))`.
pub fn logit(x: f64) -> f64 {
    // From 0, so that the zero at 1/2 is not negative.
    if x < 0.25 { log(x / (1.0 - x)) } else { 0.0 - log1p((1.0 - 2.0 * x) / x) }
}
