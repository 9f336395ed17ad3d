//! The logarithm of the gamma function and its derivatives, for positive arguments.
//!
//! Below 10 the argument is raised by recurrence, above it the asymptotic series of Stirling hold
//! (NIST Digital Library of Mathematical Functions, 5.5, 5.11 and 5.15). Leading terms are carried in
//! twice the precision, so that the error is little more than the last rounding.

use super::double::{self, Double};
use super::{log, log1p};

/// From here on eleven terms of the series are exact to the last bit.
const SERIES_FROM: f64 = 10.0;

/// `log(2 pi) / 2`.
const HALF_LOG_TWO_PI: Double = Double { hi: 0.918_938_533_204_672_8, lo: -3.878_294_158_067_241_4e-17 };

/// `B_2k / (2k (2k - 1))` for k = 1, 2, …
const STIRLING: [f64; 11] = [
    0.083_333_333_333_333_33,
    -0.002_777_777_777_777_778,
    0.000_793_650_793_650_793_7,
    -0.000_595_238_095_238_095_3,
    0.000_841_750_841_750_841_7,
    -0.001_917_526_917_526_917_6,
    0.006_410_256_410_256_41,
    -0.029_550_653_594_771_242,
    0.179_644_372_368_830_57,
    -1.392_432_216_905_901_1,
    13.402_864_044_168_393,
];

/// `B_2k` for k = 1, 2, …
const BERNOULLI: [f64; 11] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174_611.0 / 330.0,
    854_513.0 / 138.0,
];

/// `c_n` for odd n in `lgamma(x + 1/2) - lgamma(x) ~ log(x) / 2 + sum c_n / x^n`.
const HALF_STEP: [f64; 10] = [
    -0.125,
    0.005_208_333_333_333_333,
    -0.001_562_5,
    0.001_185_825_892_857_143,
    -0.001_681_857_638_888_889,
    0.003_834_117_542_613_636_5,
    -0.012_819_730_318_509_616,
    0.059_100_405_375_162_764,
    -0.359_287_374_159_869,
    2.784_861_777_958_117,
];

/// `c[0] + c[1] z + c[2] z^2 + …`.
fn horner(c: &[f64], z: f64) -> f64 {
    c.iter().rev().fold(0.0, |sum, &c| sum * z + c)
}

/// What Stirling's formula leaves: `lgamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2)`.
fn stirling_rest(x: f64) -> f64 {
    if x < SERIES_FROM {
        return lgamma(x) - ((x - 0.5) * log(x) - x + HALF_LOG_TWO_PI.hi);
    }
    let r = 1.0 / x;
    r * horner(&STIRLING, r * r)
}

/// `log |gamma(x)|` for `x > 0`; NaN for others.
///
/// 2 ulp, and absolute 4e-16 near the zeros 1 and 2.
pub fn lgamma(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return if x == 0.0 { f64::INFINITY } else { f64::NAN };
    }
    if x < SERIES_FROM {
        return libm::lgamma(x);
    }
    if x > 1e305 {
        return x * (log(x) - 1.0);
    }
    // (x - 1/2) (log x - 1) + (log(2 pi) - 1) / 2 + rest
    let sum = Double::sum(x, -0.5) * (double::log(x) + -1.0) + (HALF_LOG_TWO_PI + -0.5);
    (sum + stirling_rest(x)).round()
}

/// `lgamma(x + 1/2) - lgamma(x)` for `x > 0`.
pub fn lgamma_half_step(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return if x == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    }
    // The step at x is that at x + n over the product of (x + k + 1/2) / (x + k), k < n.
    let mut product = 1.0;
    let mut t = x;
    while t < SERIES_FROM {
        product *= t / (t + 0.5);
        t += 1.0;
    }
    let r = 1.0 / t;
    0.5 * log(t * product * product) + r * horner(&HALF_STEP, r * r)
}

/// The logarithm of the beta function, for positive `a` and `b`.
pub fn lbeta(a: f64, b: f64) -> f64 {
    let (small, large) = if a <= b { (a, b) } else { (b, a) };
    let sum = small + large;
    if large < SERIES_FROM || small.is_nan() || small <= 0.0 || sum.is_infinite() {
        return lgamma(small) + lgamma(large) - lgamma(sum);
    }
    let ratio = small / sum;
    if small < SERIES_FROM {
        let rest = stirling_rest(large) - stirling_rest(sum);
        // lgamma(large) - lgamma(sum), by Stirling's formula for both.
        return lgamma(small) + rest + small - small * log(sum) + (large - 0.5) * log1p(-ratio);
    }
    let rest = stirling_rest(small) + (stirling_rest(large) - stirling_rest(sum));
    HALF_LOG_TWO_PI.hi - 0.5 * log(large) + rest + (small - 0.5) * log(ratio) + large * log1p(-ratio)
}

/// The derivative of [`lgamma`] for `x > 0`; NaN for others.
///
/// 2 ulp, and absolute 4e-16 near the zero 1.4616….
pub fn digamma(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return if x == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    }
    if x < 1e-300 {
        return -1.0 / x;
    }
    if x > 1e17 {
        return log(x);
    }
    // psi(x) = psi(x + n) - sum_{k < n} 1 / (x + k)
    let mut sum = Double::new(0.0);
    let mut t = Double::new(x);
    while t.hi < SERIES_FROM {
        sum = sum - t.recip();
        t = t + 1.0;
    }
    let r = t.recip();
    // log(hi + lo) = log(hi) + lo / hi, and psi(t) = log t - 1/(2t) - sum B_2k / (2k t^2k)
    let z = r.hi * r.hi;
    let mut series = 0.0;
    for (k, b) in BERNOULLI.iter().enumerate().rev() {
        series = z * (series + b / (2 * k + 2) as f64);
    }
    let log_t = double::log(t.hi) + t.lo * r.hi;
    (log_t - r * 0.5 + sum - Double::new(series)).round()
}

/// The second derivative of [`lgamma`] for `x > 0`; NaN for others. 2 ulp.
pub fn trigamma(x: f64) -> f64 {
    polygamma(1.0, x)
}

/// Derivative `n + 1` of [`lgamma`] for `x > 0` and whole `n` from 0 to 30; NaN for others. 2 ulp.
///
/// `(-1)^(n+1) n! sum_k 1 / (x + k)^(n+1)`, with the end of the sum by its asymptotic series.
pub fn polygamma(n: f64, x: f64) -> f64 {
    if !(0.0..=30.0).contains(&n) || n != n.floor() || x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if n == 0.0 {
        return digamma(x);
    }
    let sign = if n % 2.0 == 1.0 { 1.0 } else { -1.0 };
    let n = n as i32;
    if x == 0.0 {
        return sign * f64::INFINITY;
    }
    if x.is_infinite() {
        return sign * 0.0;
    }
    let factorial: f64 = (2..=n).map(f64::from).product();
    let mut t = Double::new(x);
    let mut sum = Double::new(0.0);
    while t.hi < SERIES_FROM + f64::from(n) {
        sum = sum + power(t.recip(), n + 1);
        if !sum.hi.is_finite() {
            return sign * f64::INFINITY;
        }
        t = t + 1.0;
    }
    // sum_{k >= 0} 1/(t+k)^(n+1) ~ 1/(n t^n) + 1/(2 t^(n+1)) + sum B_2k (n+1)…(n+2k-1) / ((2k)! t^(n+2k))
    let r = t.recip();
    let z = r.hi * r.hi;
    let mut coefficient = f64::from(n + 1) / 2.0;
    let mut place = z;
    let mut series = 0.0;
    for (k, b) in (1i32..).zip(BERNOULLI) {
        series += coefficient * b * place;
        coefficient *= f64::from(n + 2 * k) * f64::from(n + 2 * k + 1) / f64::from((2 * k + 1) * (2 * k + 2));
        place *= z;
    }
    let rn = power(r, n);
    let n_recip = Double::new(f64::from(n)).recip();
    let rest = rn * (n_recip + r * 0.5 + series);
    sign * ((sum + rest) * factorial).round()
}

/// `base^n` for `n >= 1`.
fn power(base: Double, n: i32) -> Double {
    (1..n).fold(base, |p, _| p * base)
}

/// `log(1 + u) - u` without cancellation near 0.
pub fn log1p_less(u: f64) -> f64 {
    if !(-0.6..=1.5).contains(&u) {
        return log1p(u) - u;
    }
    // log(1 + u) = 2 atanh(s), s = u / (2 + u), and u - 2 s = s u.
    let s = u / (2.0 + u);
    let z = s * s;
    let mut series = 0.0;
    for odd in (3..=41).rev().step_by(2) {
        series = series * z + 1.0 / f64::from(odd);
    }
    // log(1 + u) - u = 2 s^3 (1/3 + z/5 + …) - s u
    s * (2.0 * z * series - u)
}

/// `k log(mean / k) + k - mean`, the better part of a log density: small where the mean is near.
fn deviance(k: f64, mean: f64) -> f64 {
    let u = (mean - k) / k;
    if (-0.5..1.0).contains(&u) { k * log1p_less(u) } else { k * log(mean / k) + (k - mean) }
}

/// The gamma density's logarithm at `t` for unit rate and shape `a`, without `log t`: `a log t - t - lgamma(a)`.
///
/// For large `a` the great terms cancel on paper first (Loader 2000, "Fast and accurate computation of
/// binomial probabilities").
pub fn gamma_kernel(a: f64, t: f64) -> f64 {
    if t.is_infinite() {
        return f64::NEG_INFINITY;
    }
    if a < SERIES_FROM {
        return a * log(t) - t - lgamma(a);
    }
    deviance(a, t) + 0.5 * log(a) - HALF_LOG_TWO_PI.hi - stirling_rest(a)
}

/// `log(C(k + m, k) p^k (1 - p)^m)`, for positive `k` and `m`: see [`gamma_kernel`].
pub fn binomial_kernel(k: f64, m: f64, p: f64) -> f64 {
    let n = k + m;
    let rest = stirling_rest(n) - stirling_rest(k) - stirling_rest(m);
    rest + deviance(k, n * p) + deviance(m, n * (1.0 - p)) + 0.5 * (log(n / k) - log(m)) - HALF_LOG_TWO_PI.hi
}
