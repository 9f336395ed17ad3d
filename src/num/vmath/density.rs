//! Logarithms of probability densities and masses.
//!
//! Each is NaN for parameters that are not allowed and `-inf` or NaN outside the support. Where great terms
//! cancel (large shapes, counts, degrees of freedom) they do so on paper first.

use super::error::HALF_LOG_TWO_PI;
use super::gamma::{binomial_kernel, gamma_kernel, lbeta, lgamma, lgamma_half_step};
use super::{exp, log, log1p, pow, xlog1py, xlogy};

/// `log(pi)`.
const LOG_PI: f64 = 1.144_729_885_849_400_2;
/// `log(2)`.
const LOG_2: f64 = std::f64::consts::LN_2;

/// `-inf` outside the support.
fn supported(inside: bool, value: f64) -> f64 {
    if inside { value } else { f64::NEG_INFINITY }
}

/// NaN for parameters that are not allowed.
fn allowed(parameters: bool, value: f64) -> f64 {
    if parameters { value } else { f64::NAN }
}

/// Normal with mean `mu` and standard deviation `sigma > 0`.
pub fn normal_lpdf(x: f64, mu: f64, sigma: f64) -> f64 {
    let z = (x - mu) / sigma;
    -0.5 * z * z - (log(sigma) + HALF_LOG_TWO_PI)
}

/// The exponential of a normal variable.
pub fn lognormal_lpdf(x: f64, mu: f64, sigma: f64) -> f64 {
    let log_x = log(x);
    let z = (log_x - mu) / sigma;
    -0.5 * z * z - (log_x + log(sigma) + HALF_LOG_TWO_PI)
}

/// Student's t with `nu` degrees of freedom, centre `mu`, scale `sigma`: `x, nu, mu, sigma`.
pub fn student_t_lpdf(x: f64, nu: f64, mu: f64, sigma: f64) -> f64 {
    let z = (x - mu) / sigma;
    let shape = lgamma_half_step(0.5 * nu) - 0.5 * (log(nu) + LOG_PI);
    // (nu + 1) / 2 log(1 + z^2 / nu), for z^2 too large for a double by its logarithm.
    let tail = if z.abs() < 1e100 { log1p(z * z / nu) } else { 2.0 * log(z.abs()) - log(nu) };
    shape - log(sigma) - 0.5 * (nu + 1.0) * tail
}

/// Cauchy with centre `mu` and scale `sigma`.
pub fn cauchy_lpdf(x: f64, mu: f64, sigma: f64) -> f64 {
    let z = (x - mu) / sigma;
    let tail = if z.abs() < 1e100 { log1p(z * z) } else { 2.0 * log(z.abs()) };
    -LOG_PI - log(sigma) - tail
}

/// Two exponentials back to back, with centre `mu` and scale `b`.
pub fn laplace_lpdf(x: f64, mu: f64, b: f64) -> f64 {
    -(LOG_2 + log(b)) - (x - mu).abs() / b
}

/// Logistic with centre `mu` and scale `s`.
pub fn logistic_lpdf(x: f64, mu: f64, s: f64) -> f64 {
    let z = ((x - mu) / s).abs();
    -(z + log(s)) - 2.0 * log1p(exp(-z))
}

/// Exponential with this rate, for `x >= 0`.
pub fn exponential_lpdf(x: f64, rate: f64) -> f64 {
    supported(x >= 0.0, log(rate) - rate * x)
}

/// Gamma with shape `a` and rate `b`, for `x > 0`.
pub fn gamma_lpdf(x: f64, a: f64, b: f64) -> f64 {
    if a < 1.0 {
        // The same sum in an order that keeps small x.
        return allowed(x > 0.0, a * log(b) - lgamma(a) + (a - 1.0) * log(x) - b * x);
    }
    allowed(x > 0.0 && b > 0.0, gamma_kernel(a, b * x) - log(x))
}

/// The reciprocal of a gamma variable, with shape `a` and scale `b`, for `x > 0`.
pub fn inv_gamma_lpdf(x: f64, a: f64, b: f64) -> f64 {
    allowed(x > 0.0 && b > 0.0, gamma_kernel(a, b / x) - log(x))
}

/// Beta with shapes `a` and `b`, for `0 < x < 1`.
pub fn beta_lpdf(x: f64, a: f64, b: f64) -> f64 {
    if !(0.0 < x && x < 1.0) {
        return f64::NAN;
    }
    if a >= 2.0 && b >= 2.0 {
        return binomial_kernel(a - 1.0, b - 1.0, x) + log(a + b - 1.0);
    }
    (a - 1.0) * log(x) + (b - 1.0) * log1p(-x) - lbeta(a, b)
}

/// Weibull with this shape and scale, for `x > 0`.
pub fn weibull_lpdf(x: f64, shape: f64, scale: f64) -> f64 {
    let r = x / scale;
    allowed(x > 0.0 && scale > 0.0, log(shape) - log(scale) + (shape - 1.0) * log(r) - pow(r, shape))
}

/// Uniform from `lo` to `hi`.
pub fn uniform_lpdf(x: f64, lo: f64, hi: f64) -> f64 {
    allowed(lo < hi, supported(lo <= x && x <= hi, -log(hi - lo)))
}

/// Poisson counts with this rate.
pub fn poisson_lpmf(k: f64, rate: f64) -> f64 {
    if k >= 9.0 && rate > 0.5 * k {
        return gamma_kernel(k + 1.0, rate) - log(rate);
    }
    supported(k >= 0.0, k * log(rate) - rate - lgamma(k + 1.0))
}

/// Poisson counts with rate `exp(eta)`.
pub fn poisson_log_lpmf(k: f64, eta: f64) -> f64 {
    let rate = exp(eta);
    if k >= 9.0 && rate > 0.5 * k {
        return gamma_kernel(k + 1.0, rate) - eta;
    }
    supported(k >= 0.0, k * eta - rate - lgamma(k + 1.0))
}

/// 1 with probability `p`, else 0; between them the straight line.
pub fn bernoulli_lpmf(k: f64, p: f64) -> f64 {
    allowed((0.0..=1.0).contains(&k), xlogy(k, p) + xlog1py(1.0 - k, -p))
}

/// 1 with probability `sigmoid(z)`, else 0.
pub fn bernoulli_logit_lpmf(k: f64, z: f64) -> f64 {
    if z > 0.0 { -((1.0 - k) * z + log1p(exp(-z))) } else { k * z - log1p(exp(z)) }
}

/// `k` successes in `n` trials of probability `p`.
pub fn binomial_lpmf(k: f64, n: f64, p: f64) -> f64 {
    let m = n - k;
    if !(0.0 < p && p < 1.0) {
        f64::NAN
    } else if k > 0.0 && m > 0.0 {
        binomial_kernel(k, m, p)
    } else {
        supported(k >= 0.0 && m >= 0.0, k * log(p) + m * log1p(-p))
    }
}

/// Counts with mean `mu` and variance `mu + mu^2 / phi`.
pub fn neg_binomial_2_lpmf(k: f64, mu: f64, phi: f64) -> f64 {
    let choices = -log(k + phi) - lbeta(phi, k + 1.0);
    allowed(k >= 0.0 && mu > 0.0 && phi > 0.0, choices - phi * log1p(mu / phi) - k * log1p(phi / mu))
}
