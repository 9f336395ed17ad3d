//! Elementary and special functions, the same bits on every machine.
//!
//! Takes and gives `f64`; the routines of [`block`] take whole slices, at the speed of the processor's vectors.
//! Accuracy: 2 units in the last place in the common range; near the zeros of `lgamma` and `digamma` an
//! absolute 4e-16.
//! Deliberately absent: names of builtins (those are rows of `func`), the platform's own libm.

pub mod block;
mod density;
mod double;
mod error;
mod gamma;
mod stable;

pub use block::Level;
pub use density::{
    bernoulli_logit_lpmf, bernoulli_lpmf, beta_lpdf, binomial_lpmf, cauchy_lpdf, exponential_lpdf, gamma_lpdf,
    inv_gamma_lpdf, laplace_lpdf, logistic_lpdf, lognormal_lpdf, neg_binomial_2_lpmf, normal_lpdf, poisson_log_lpmf,
    poisson_lpmf, student_t_lpdf, uniform_lpdf, weibull_lpdf,
};
pub use error::{
    FRAC_1_SQRT_TWO_PI, FRAC_2_SQRT_PI, HALF_LOG_TWO_PI, erfc, exp_minus_half_square, exp_minus_square, gelu,
    normal_cdf, normal_density, normal_hazard, normal_lcdf,
};
pub use gamma::{digamma, gamma_kernel, lbeta, lgamma, lgamma_half_step, log1p_less, polygamma, trigamma};
pub use libm::{
    acos, acosh, asin, asinh, atan, atanh, cbrt, cos, cosh, erf, exp, exp2, expm1, hypot, log, log1p, log2, log10, pow,
    sin, sinh, sqrt, tan,
};
pub use stable::{entropy, huber, logistic, logit, relu, sigmoid, xlog1py, xlogy};

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

/// Hyperbolic tangent.
pub fn tanh(x: f64) -> f64 {
    let size = x.abs();
    if !(1e-8..0.55).contains(&size) {
        return libm::tanh(x);
    }
    // t / (t + 2): with a positive argument the error of expm1 shrinks, and those of sum and quotient are
    // followed to first order.
    let t = expm1(2.0 * size);
    let below = double::Double::sum(t, 2.0);
    let q = t / below.hi;
    let rest = (-q).mul_add(below.hi, t) - q * below.lo;
    (q + rest / below.hi).copysign(x)
}

/// The angle of the point `(x, y)`, from -pi (not reached) to pi; 0 at the origin. The sign of a zero is ignored.
pub fn atan2(y: f64, x: f64) -> f64 {
    libm::atan2(y + 0.0, x + 0.0)
}
