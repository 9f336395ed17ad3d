//! Elementary and special functions, the same bits on every machine.
//!
//! Takes and gives `f64`. Accuracy: 2 units in the last place in the common range; near the zeros of
//! `lgamma` and `digamma` an absolute 4e-16.
//! Deliberately absent: names of builtins (those are rows of `func`), the platform's own libm.

pub use libm::{
    acos, acosh, asin, asinh, atan, atan2, atanh, cbrt, cos, cosh, erf, erfc, exp, exp2, expm1, hypot, log, log1p,
    log2, log10, pow, sin, sinh, sqrt, tan, tanh,
};

/// -1, 0 or 1; NaN for NaN.
pub fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else if x == 0.0 {
        0.0
    } else {
        f64::NAN
    }
}

/// The greater number; NaN when one is not a number.
pub fn max(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x >= y {
        x
    } else {
        y
    }
}

/// The smaller number; NaN when one is not a number.
pub fn min(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x <= y {
        x
    } else {
        y
    }
}

/// `x - y * floor(x / y)`, exact: the remainder with the sign of `y`. NaN for `y = 0`.
pub fn modulo(x: f64, y: f64) -> f64 {
    // The remainder of fmod has the sign of x and is exact.
    let rest = x % y;
    if rest != 0.0 && (rest < 0.0) != (y < 0.0) { rest + y } else { rest }
}
