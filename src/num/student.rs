//! Student's t distribution: how wide an interval must be.
//!
//! Takes degrees of freedom and a probability, gives quantiles. The distribution function is the regularised incomplete
//! beta function by its continued fraction (NIST Digital Library of Mathematical Functions, 8.17.22), the quantile
//! solves it by bisection and Newton steps.
//! Deliberately absent: other distributions.

use super::vmath::{exp, lbeta, log, log1p};

/// Regularised incomplete beta function `I_x(a, b)` for `a, b > 0`, relative error about 1e-13.
pub fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if !(x > 0.0) {
        return if x.is_nan() { x } else { 0.0 };
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let front = exp(a * log(x) + b * log1p(-x) - lbeta(a, b)) / a;
    front / continued_fraction(a, b, x)
}

/// `1 + d1 / (1 + d2 / (1 + ...))` by the method of Lentz.
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    const MOST: u32 = 10_000;
    let kept = |v: f64| if v.abs() < TINY { TINY } else { v };
    let (mut value, mut c, mut d) = (1.0, 1.0, 0.0);
    for k in 1..MOST {
        let m = f64::from(k / 2);
        let numerator = if k % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        d = 1.0 / kept(1.0 + numerator * d);
        c = kept(1.0 + numerator / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// The probability that a t variable with `freedom > 0` degrees exceeds `t >= 0`.
pub fn upper_tail(t: f64, freedom: f64) -> f64 {
    // x = freedom / (freedom + t²) without overflow.
    let x = 1.0 / (1.0 + t * (t / freedom));
    0.5 * incomplete_beta(0.5 * freedom, 0.5, x)
}

/// The `t > 0` with `P(|T| <= t) = coverage`, for `0 < coverage < 1`; NaN without a positive number of degrees.
pub fn two_sided(coverage: f64, freedom: f64) -> f64 {
    if !(freedom > 0.0 && coverage > 0.0 && coverage < 1.0) {
        return f64::NAN;
    }
    let tail = 0.5 * (1.0 - coverage);
    let (mut lo, mut hi) = (0.0, 1.0);
    while upper_tail(hi, freedom) > tail && hi < 1e300 {
        lo = hi;
        hi *= 2.0;
    }
    // Sixty halvings leave a relative width of 1e-18.
    for _ in 0..60 {
        let middle = 0.5 * (lo + hi);
        if upper_tail(middle, freedom) > tail { lo = middle } else { hi = middle }
    }
    0.5 * (lo + hi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // R: qt(0.975, df), qt(0.995, df), to 15 digits.
        let known = [
            (0.95, 1.0, 12.706_204_736_174_7),
            (0.95, 2.0, 4.302_652_729_749_46),
            (0.95, 4.0, 2.776_445_105_197_79),
            (0.95, 9.0, 2.262_157_162_798_2),
            (0.95, 30.0, 2.042_272_456_301_24),
            (0.95, 125.0, 1.979_124_109_434_32),
            (0.95, 1e6, 1.959_966_356_840_4),
            (0.99, 10.0, 3.169_272_672_616_9),
            (0.5, 3.0, 0.764_892_328_404_345),
        ];
        for (coverage, freedom, t) in known {
            let found = two_sided(coverage, freedom);
            assert!((found - t).abs() < 1e-9 * t, "{coverage} {freedom}: {found} against {t}");
        }
    }

    #[test]
    fn one_degree_of_freedom_is_cauchy() {
        // P(T > t) = 1/2 - atan(t) / π.
        for t in [0.1, 1.0, 7.0, 1e3, 1e8] {
            let exact = crate::num::vmath::atan(1.0 / t) / std::f64::consts::PI;
            assert!((upper_tail(t, 1.0) - exact).abs() < 1e-12 * exact, "{t}");
        }
        assert!(two_sided(0.95, 0.0).is_nan());
    }
}
