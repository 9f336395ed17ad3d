//! Powers, and logarithms of twice the precision.
//!
//! `x^y = exp(y log x)` needs `log x` to 2^-67: `log(1 + f) = 2 s (1 + s^2/3 + s^4/5 + s^6 (…))` with the first
//! terms as pairs and a minimax polynomial of degree 7 (error 2^-80) for the rest.

use super::exp::{LN_2_HI, LN_2_LO, beyond_linear, reduce, scale};
use super::lanes::{Lanes, Pair, TO_WHOLE, each, each_two, poly, replace, replace_two};
use super::log::{is_plain, split};

/// `(atanh(s) / s - 1 - s^2 / 3 - s^4 / 5) / s^6` in powers of `s^2`.
const TAIL: [f64; 8] = [
    0.142_857_142_857_142_6,
    0.111_111_111_111_266_1,
    0.090_909_090_871_932_86,
    0.076_923_081_697_055_3,
    0.066_666_303_447_057_91,
    0.058_840_405_585_912_93,
    0.052_162_226_518_359_826,
    0.054_741_443_401_175_41,
];
/// `1 / 3`, and what it lacks.
const THIRD: [f64; 2] = [0.333_333_333_333_333_3, 1.850_371_707_708_594_2e-17];
/// `1 / 5`, and what it lacks.
const FIFTH: [f64; 2] = [0.2, -1.110_223_024_625_156_6e-17];
/// `1 / log 10`, and what it lacks.
const LOG10_E: [f64; 2] = [0.434_294_481_903_251_8, 1.098_319_650_216_765_1e-17];
/// `1 / log 2`, and what it lacks.
const LOG2_E: [f64; 2] = [1.442_695_040_888_963_4, 2.035_527_374_093_103_3e-17];

/// From here on the whole part of `y` may not be seen.
const LARGE: f64 = 2_251_799_813_685_248.0;

/// `log x` for positive, normal and finite `x`; relative error 2^-67.
#[inline(always)]
pub fn log_pair<L: Lanes>(x: L) -> Pair<L> {
    let (k, f) = split(x);
    let zero = L::splat(0.0);
    let s = Pair { hi: f, lo: zero }.over(Pair::quick_sum(L::splat(2.0), f));
    let z = s.times(s);
    let u = Pair::quick_sum(L::splat(FIFTH[0]), z.hi.mul_add(poly(z.hi, &TAIL), L::splat(FIFTH[1])));
    let w = z.times(u);
    let v = Pair::quick_sum(L::splat(THIRD[0]), w.hi);
    let v = Pair { hi: v.hi, lo: v.lo + (w.lo + L::splat(THIRD[1])) };
    let rest = s.times(z.times(v));
    let half = Pair::quick_sum(s.hi, rest.hi);
    let low = half.lo + (s.lo + rest.lo);
    // The product of k with 32 bits is exact.
    let sum = Pair::quick_sum(k * L::splat(LN_2_HI), half.hi + half.hi);
    Pair::quick_sum(sum.hi, k.mul_add(L::splat(LN_2_LO), sum.lo + (low + low)))
}

/// `log x` times a constant.
#[inline(always)]
fn log_times<L: Lanes>(x: L, factor: [f64; 2], slow: fn(f64) -> f64) -> L {
    if !L::FUSED {
        // Without fused products pairs cost more than the plain function.
        return each(x, slow);
    }
    let y = log_pair(x).times(Pair { hi: L::splat(factor[0]), lo: L::splat(factor[1]) }).round();
    replace(!is_plain(x), y, x, slow)
}

/// The logarithm to the base 2.
#[inline(always)]
pub fn log2<L: Lanes>(x: L) -> L {
    log_times(x, LOG2_E, libm::log2)
}

/// The logarithm to the base 10.
#[inline(always)]
pub fn log10<L: Lanes>(x: L) -> L {
    log_times(x, LOG10_E, libm::log10)
}

/// `x^y`, as the C function.
#[inline(always)]
pub fn pow<L: Lanes>(x: L, y: L) -> L {
    if !L::FUSED {
        return each_two([x, y], libm::pow);
    }
    let size = x.abs();
    let log = log_pair(size);
    let hi = y * log.hi;
    let lo = y.mul_add(log.lo, y.product_rest(log.hi, hi));
    // Beyond these ends the result is 0 or infinite whatever `lo` is.
    let (n, r) = reduce(hi.at_least(-800.0).at_most(800.0));
    let r = Pair::quick_sum(r, lo.at_least(-1e-3).at_most(1e-3));
    let power = scale(L::splat(1.0) + (r.hi + (beyond_linear(r.hi) + r.lo)), n);
    let odd_size = !(is_plain(size) & y.abs().lt(L::splat(LARGE)));
    // A negative base: the sign follows the lowest bit of a whole exponent; others have no value.
    let t = y + L::splat(TO_WHOLE);
    let is_whole = (t - L::splat(TO_WHOLE)).eq(y);
    let signed = L::pick(is_whole, power.xor(t.shl::<63>()), L::splat(f64::NAN));
    let power = L::pick(x.sign_set(), signed, power);
    replace_two(odd_size, power, [x, y], libm::pow)
}
