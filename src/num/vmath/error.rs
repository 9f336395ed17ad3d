//! The error functions, the normal distribution function and what is made of it.
//!
//! `erf`, and `erfc` up to 1.25, are those of `libm`; beyond, `erfc` uses the rational functions of FreeBSD's
//! `s_erf.c` with one exponential in place of two, which keeps the error below 2 ulp.
//!
//! The coefficients [`MIDDLE`] and [`TAIL`] come with this notice: Copyright (C) 1993 by Sun Microsystems, Inc.
//! All rights reserved. Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy,
//! modify, and distribute this software is freely granted, provided that this notice is preserved.

use super::double::Double;
use super::{exp, log, log1p};
use std::f64::consts::FRAC_1_SQRT_2;

/// What `FRAC_1_SQRT_2` lacks.
const FRAC_1_SQRT_2_LOW: f64 = -4.833_646_656_726_457e-17;
/// `2 / sqrt(pi)`.
pub const FRAC_2_SQRT_PI: f64 = std::f64::consts::FRAC_2_SQRT_PI;
/// `1 / sqrt(2 pi)`.
pub const FRAC_1_SQRT_TWO_PI: f64 = 0.398_942_280_401_432_7;
/// `log(2 pi) / 2`.
pub const HALF_LOG_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// `log(x erfc(x)) + x^2 + 0.5625` as a quotient of polynomials in `1 / x^2`, for `x` from 1.25 to 1 / 0.35.
const MIDDLE: ([f64; 8], [f64; 9]) = (
    [
        -0.009_864_944_034_847_148,
        -0.693_858_572_707_181_8,
        -10.558_626_225_323_291,
        -62.375_332_450_326_006,
        -162.396_669_462_573_47,
        -184.605_092_906_711_04,
        -81.287_435_506_306_6,
        -9.814_329_344_169_145,
    ],
    [
        1.0,
        19.651_271_667_439_257,
        137.657_754_143_519_04,
        434.565_877_475_229_23,
        645.387_271_733_267_9,
        429.008_140_027_567_83,
        108.635_005_541_779_44,
        6.570_249_770_319_282,
        -0.060_424_415_214_858_1,
    ],
);
/// The same from there on.
const TAIL: ([f64; 7], [f64; 8]) = (
    [
        -0.009_864_942_924_700_1,
        -0.799_283_237_680_523,
        -17.757_954_917_754_752,
        -160.636_384_855_821_92,
        -637.566_443_368_389_6,
        -1_025.095_131_611_077_2,
        -483.519_191_608_651_4,
    ],
    [
        1.0,
        30.338_060_743_482_46,
        325.792_512_996_573_9,
        1_536.729_586_084_437,
        3_199.858_219_508_595_5,
        2_553.050_406_433_164_4,
        474.528_541_206_955_37,
        -22.440_952_446_585_82,
    ],
);

/// `c[0] + c[1] z + c[2] z^2 + …`.
fn horner(c: &[f64], z: f64) -> f64 {
    c.iter().rev().fold(0.0, |sum, &c| sum * z + c)
}

/// `erfc(hi + lo)` for `hi >= 1.25`.
fn erfc_tail(x: Double) -> f64 {
    let s = 1.0 / (x.hi * x.hi);
    let rational = if x.hi < 1.0 / 0.35 {
        horner(&MIDDLE.0, s) / horner(&MIDDLE.1, s)
    } else {
        horner(&TAIL.0, s) / horner(&TAIL.1, s)
    };
    // exp(-x^2 - 0.5625 + rational) / x: one rounding of exp, one of the last sum, all else followed to first order.
    let exponent = Double::sum(-0.5625, rational) - x * x;
    let y = exp(exponent.hi);
    let q = y / x.hi;
    if q == 0.0 {
        return 0.0;
    }
    let rest = (-q).mul_add(x.hi, y) / x.hi;
    q + (q * (exponent.lo - x.lo / x.hi) + rest)
}

/// `1 - erf(x)` without cancellation.
pub fn erfc(x: f64) -> f64 {
    if (1.25..30.0).contains(&x) { erfc_tail(Double::new(x)) } else { libm::erfc(x) }
}

/// `x * x` rounded, and what rounding lost.
fn square(x: f64) -> (f64, f64) {
    let s = x * x;
    (s, x.mul_add(x, -s))
}

/// `exp(-x^2 / 2)`, 2 ulp: the rounding of the square does not grow in the tail.
pub fn exp_minus_half_square(x: f64) -> f64 {
    let (s, lost) = square(x);
    let y = exp(-0.5 * s);
    if y == 0.0 || !lost.is_finite() { y } else { y - y * (0.5 * lost) }
}

/// `exp(-x^2)`, 2 ulp.
pub fn exp_minus_square(x: f64) -> f64 {
    let (s, lost) = square(x);
    let y = exp(-s);
    if y == 0.0 || !lost.is_finite() { y } else { y - y * lost }
}

/// The standard normal density.
pub fn normal_density(x: f64) -> f64 {
    FRAC_1_SQRT_TWO_PI * exp_minus_half_square(x)
}

/// The standard normal distribution function `erfc(-x / sqrt 2) / 2`.
pub fn normal_cdf(x: f64) -> f64 {
    let t = -x * FRAC_1_SQRT_2;
    // erfc'(t) = -2 / sqrt(pi) exp(-t^2) makes the rounding of t matter in the tail.
    let lost = (-x).mul_add(FRAC_1_SQRT_2, -t) - x * FRAC_1_SQRT_2_LOW;
    if (1.25..30.0).contains(&t) {
        0.5 * erfc_tail(Double { hi: t, lo: lost })
    } else if t.abs() < 1.25 {
        0.5 * (erfc(t) - FRAC_2_SQRT_PI * exp(-t * t) * lost)
    } else {
        0.5 * erfc(t)
    }
}

/// The logarithm of [`normal_cdf`], without underflow.
pub fn normal_lcdf(x: f64) -> f64 {
    if x > 0.0 {
        return log1p(-normal_cdf(-x));
    }
    if x > -10.0 {
        return log(normal_cdf(x));
    }
    -0.5 * x * x - HALF_LOG_TWO_PI + log(mills(-x))
}

/// `density / distribution` of the standard normal: the slope of [`normal_lcdf`].
pub fn normal_hazard(x: f64) -> f64 {
    if x > -10.0 { normal_density(x) / normal_cdf(x) } else { 1.0 / mills(-x) }
}

/// Mills' ratio `(1 - cdf(x)) / density(x)` for `x >= 10`, by its continued fraction.
fn mills(x: f64) -> f64 {
    if x.is_infinite() {
        return 0.0;
    }
    let fraction = (1..=30).rev().fold(x, |tail, k| x + f64::from(k) / tail);
    1.0 / fraction
}

/// `x` times [`normal_cdf`].
pub fn gelu(x: f64) -> f64 {
    // At -inf the distribution function wins.
    if x == f64::NEG_INFINITY { -0.0 } else { x * normal_cdf(x) }
}
