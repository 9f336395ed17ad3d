//! Powers, and logarithms of twice the precision.
//!
//! `x^y = exp(y log x)` needs `log x` to 2^-67: `log(1 + f) = 2 s (1 + s^2/3 + s^4/5 + s^6 (…))` with the first
//! terms as pairs and a minimax polynomial of degree 6 (error 2^-73) for the rest.

use super::exp::{LN_2_HI, LN_2_LO, beyond_linear, reduce, scale};
use super::lanes::{Lanes, Pair, TO_WHOLE, each_two, poly, replace_two};
use super::log::{is_plain, split};

/// `(atanh(s) / s - 1 - s^2 / 3) / s^4` in powers of `s^2`.
const TAIL: [f64; 8] = [
    0.2,
    0.142_857_142_857_165_86,
    0.111_111_111_100_039_53,
    0.090_909_093_030_809_66,
    0.076_922_864_205_087_55,
    0.066_678_828_083_150_93,
    0.058_424_932_676_709_264,
    0.059_557_329_027_013_45,
];
/// `1 / 3`, and what it lacks.
const THIRD: [f64; 2] = [0.333_333_333_333_333_3, 1.850_371_707_708_594e-17];
/// From here on the whole part of `y` may not be seen.
const LARGE: f64 = 2_251_799_813_685_248.0;

/// `log x` for positive, normal and finite `x`; relative error 2^-67.
#[inline(always)]
pub fn log_pair<L: Lanes>(x: L) -> Pair<L> {
    let (k, f) = split(x);
    let below = Pair::quick_sum(L::splat(2.0), f);
    let hi = f / below.hi;
    let product = hi * below.hi;
    let rest = hi.neg_mul_add(below.lo, (f - product) - hi.product_rest(below.hi, product));
    // 1 / (2 + f) = (1 - s) / 2
    let s = Pair { hi, lo: rest * hi.neg_mul_add(L::splat(0.5), L::splat(0.5)) };
    let z = s.times(s);
    let w = z.hi * poly(z.hi, &TAIL);
    let v = Pair::quick_sum(L::splat(THIRD[0]), w);
    let rest = s.times(z.times(Pair { hi: v.hi, lo: v.lo + L::splat(THIRD[1]) }));
    let half = Pair::quick_sum(s.hi, rest.hi);
    let low = half.lo + (s.lo + rest.lo);
    // The product of k with 32 bits is exact.
    let sum = Pair::quick_sum(k * L::splat(LN_2_HI), half.hi + half.hi);
    Pair::quick_sum(sum.hi, k.mul_add(L::splat(LN_2_LO), sum.lo + (low + low)))
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
