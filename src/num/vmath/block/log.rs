//! Logarithms.
//!
//! `x = 2^k (1 + f)` with `1 + f` from `sqrt(1/2)` to `sqrt(2)`, and
//! `log(1 + f) = 2 atanh(s)`, `s = f / (2 + f)`, arranged as in FreeBSD's `e_log.c` so that the rounding of
//! `s` does not matter; the polynomial is a minimax one of degree 7 in `s^2` (error 2^-65).

use super::exp::{LN_2_HI, LN_2_LO};
use super::lanes::{Lanes, Pair, TO_WHOLE, poly, replace};
use std::f64::consts::{LOG2_E, LOG10_E};

/// `(2 atanh(s) - 2 s) / s^3` in powers of `s^2`.
const LOG: [f64; 8] = [
    0.666_666_666_666_666_6,
    0.400_000_000_000_062_64,
    0.285_714_285_690_801_43,
    0.222_222_226_476_630_92,
    0.181_817_755_960_151_73,
    0.153_870_938_049_950_42,
    0.132_500_491_926_821_95,
    0.132_519_582_314_101_21,
];

/// The bits of `sqrt(1/2)`.
const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
const ONE: u64 = 0x3ff0_0000_0000_0000;
/// The bits of `2^52`: a whole number below it, put into the low bits, is added.
const TWO_52: u64 = 0x4330_0000_0000_0000;

/// `k` and `f` with `x = 2^k (1 + f)`, for positive, normal and finite `x`.
#[inline(always)]
pub fn split<L: Lanes>(x: L) -> (L, L) {
    let t = x.add_bits(ONE - SQRT_HALF);
    let k = t.shr::<52>().or_bits(TWO_52) - L::splat(4_503_599_627_370_496.0 + 1023.0);
    let m = t.and_bits(0x000f_ffff_ffff_ffff).add_bits(SQRT_HALF);
    (k, m - L::splat(1.0))
}

/// `k log(2) + log(1 + f + rest)`, with `rest` below the last place of `f`.
#[inline(always)]
fn join<L: Lanes>(k: L, f: L, rest: L) -> L {
    let s = f / (L::splat(2.0) + f);
    let z = s * s;
    let half = L::splat(0.5) * f * f;
    let low = s.mul_add(z.mul_add(poly(z, &LOG), half), k.mul_add(L::splat(LN_2_LO), rest));
    k.mul_add(L::splat(LN_2_HI), f - (half - low))
}

/// `k units + log(x) / log(base)` for `x = 2^k (1 + f)`; `inverse` is `1 / log(base)`, `units` the logarithm of
/// 2, each with what it lacks.
#[inline(always)]
fn log_to_base<L: Lanes>(x: L, inverse: [f64; 2], units: [f64; 2], slow: fn(f64) -> f64) -> L {
    let (k, f) = split(x);
    let s = f / (L::splat(2.0) + f);
    let z = s * s;
    let half = L::splat(0.5) * f * f;
    let near = Pair::quick_sum(f, -half);
    let lo = s.mul_add(z.mul_add(poly(z, &LOG), half), near.lo);
    let y = Pair::product(near.hi, L::splat(inverse[0]));
    let lo = lo.mul_add(L::splat(inverse[0]), near.hi.mul_add(L::splat(inverse[1]), y.lo));
    let sum = Pair::quick_sum(k * L::splat(units[0]), y.hi);
    let y = sum.hi + (sum.lo + k.mul_add(L::splat(units[1]), lo));
    replace(!is_plain(x), y, x, slow)
}

/// The logarithm to the base 2.
#[inline(always)]
pub fn log2<L: Lanes>(x: L) -> L {
    log_to_base(x, [LOG2_E, 2.035_527_374_093_103_3e-17], [1.0, 0.0], libm::log2)
}

/// The logarithm to the base 10.
#[inline(always)]
pub fn log10<L: Lanes>(x: L) -> L {
    // The first part of log10(2) has 32 bits: its product with k is exact.
    let two = [0.3010299955494702, 1.1451100898021838e-10];
    log_to_base(x, [LOG10_E, 1.098_319_650_216_765e-17], two, libm::log10)
}

/// Whether `x` is positive, normal and finite.
#[inline(always)]
pub fn is_plain<L: Lanes>(x: L) -> L::Mask {
    L::splat(f64::MIN_POSITIVE).le(x) & x.lt(L::splat(f64::INFINITY))
}

/// `log(x)`.
#[inline(always)]
pub fn log<L: Lanes>(x: L) -> L {
    let (k, f) = split(x);
    replace(!is_plain(x), join(k, f, L::splat(0.0)), x, libm::log)
}

/// `log(1 + x)`, accurate near 0.
#[inline(always)]
pub fn log1p<L: Lanes>(x: L) -> L {
    // Near the greatest number 2^-k would be subnormal.
    let odd = !(L::splat(-1.0).lt(x) & x.lt(L::splat(1e300)));
    let y = log_of_pair(Pair::sum(L::splat(1.0), x));
    // Below 2^-54 the result is x, with its sign and its last bit.
    let y = L::pick(x.abs().lt(L::splat(5e-17)), x, y);
    replace(odd, y, x, libm::log1p)
}

/// `log(u.hi + u.lo)`, where `u.hi` is positive, normal and finite; accurate near 1 when `u` is a sum with 1.
#[inline(always)]
pub fn log_of_pair<L: Lanes>(u: Pair<L>) -> L {
    let (k, f) = split(u.hi);
    // 2^-k, for k below 1023.
    let down = (L::splat(TO_WHOLE + 1023.0) - k).shl::<52>();
    let f = Pair::quick_sum(f, u.lo * down);
    // log(1 + hi + lo) = log(1 + hi) + lo / (1 + hi), and 1 / (1 + hi) is nearly (1 - s)^2.
    let c = L::splat(1.0) - f.hi / (L::splat(2.0) + f.hi);
    join(k, f.hi, f.lo * c * c)
}
