//! The exponential function and `exp(x) - 1`.
//!
//! `exp(x) = 2^n exp(r)`, `|r| <= log(2) / 2`, with a minimax polynomial for `(exp(r) - 1 - r) / r^2` of
//! degree 10 (error 2^-64) and a reduction in two parts (Cody and Waite 1980).

use super::lanes::{Lanes, Pair, TO_WHOLE, poly};

/// `log 2`, the leading 32 bits: a product with a whole number below 2^20 is exact.
pub const LN_2_HI: f64 = 0.693_147_180_369_123_8;
/// What they lack.
pub const LN_2_LO: f64 = 1.908_214_929_270_587_7e-10;

/// `(exp(r) - 1 - r) / r^2`.
const EXP: [f64; 11] = [
    0.5,
    0.166_666_666_666_666_82,
    0.041_666_666_666_666_095,
    0.008_333_333_333_316_982,
    0.001_388_888_888_911_634_4,
    0.000_198_412_698_965_157_83,
    2.480_158_692_574_985_5e-5,
    2.755_723_472_724_072_3e-6,
    2.755_758_225_724_148_3e-7,
    2.511_208_468_748_63e-8,
    2.082_658_963_085_140_3e-9,
];

/// The whole number nearest to `x / log 2`, and what is left of `x`.
#[inline(always)]
pub fn reduce<L: Lanes>(x: L) -> (L, L) {
    let n = x.mul_add(L::splat(std::f64::consts::LOG2_E), L::splat(TO_WHOLE)) - L::splat(TO_WHOLE);
    let r = n.neg_mul_add(L::splat(LN_2_HI), x);
    (n, n.neg_mul_add(L::splat(LN_2_LO), r))
}

/// [`reduce`] with what the rounding of the rest lost.
#[inline(always)]
fn reduce_pair<L: Lanes>(x: L) -> (L, Pair<L>) {
    let n = x.mul_add(L::splat(std::f64::consts::LOG2_E), L::splat(TO_WHOLE)) - L::splat(TO_WHOLE);
    let wide = n.neg_mul_add(L::splat(LN_2_HI), x);
    let w = n * L::splat(LN_2_LO);
    let r = wide - w;
    (n, Pair { hi: r, lo: (wide - r) - w })
}

/// `exp(r) - 1 - r` for `|r| <= log(2) / 2`.
#[inline(always)]
pub fn beyond_linear<L: Lanes>(r: L) -> L {
    r * r * poly(r, &EXP)
}

/// `y 2^n` for whole `n` from -1076 to 1025, in two steps so that neither power overflows.
#[inline(always)]
pub fn scale<L: Lanes>(y: L, n: L) -> L {
    let (first, second) = powers(n);
    y * first * second
}

/// Two powers of 2 with the product `2^n`.
#[inline(always)]
pub fn powers<L: Lanes>(n: L) -> (L, L) {
    // The biased exponent stands in the low bits of the sum.
    let bias = L::splat(TO_WHOLE + 1023.0);
    let half = n.mul_add(L::splat(0.5), bias);
    let other = n - (half - bias) + bias;
    (half.shl::<52>(), other.shl::<52>())
}

/// `exp(x)` as a pair near 1 and the power of 2 that it is multiplied by.
#[inline(always)]
pub fn parts<L: Lanes>(x: L) -> (Pair<L>, L) {
    let (n, r) = reduce_pair(x);
    let linear = Pair::quick_sum(L::splat(1.0), r.hi);
    let sum = Pair::quick_sum(linear.hi, beyond_linear(r.hi));
    (Pair { hi: sum.hi, lo: sum.lo + (linear.lo + r.lo) }, n)
}

/// `exp(x)`.
#[inline(always)]
pub fn exp<L: Lanes>(x: L) -> L {
    let (n, r) = reduce(x.at_least(-746.0).at_most(710.0));
    scale(L::splat(1.0) + (r + beyond_linear(r)), n)
}

/// `2^x`.
#[inline(always)]
pub fn exp2<L: Lanes>(x: L) -> L {
    let x = x.at_least(-1080.0).at_most(1030.0);
    let n = x + L::splat(TO_WHOLE) - L::splat(TO_WHOLE);
    let r = (x - n) * L::splat(std::f64::consts::LN_2);
    scale(L::splat(1.0) + (r + beyond_linear(r)), n)
}

/// `(exp(x) - 1) / 2` as a pair, for `x` from -40 to 711. Halved, it is finite as long as the sinh is.
#[inline(always)]
pub fn half_expm1<L: Lanes>(x: L) -> Pair<L> {
    let (n, r) = reduce_pair(x);
    let s = (n + L::splat(TO_WHOLE + 1022.0)).shl::<52>();
    let whole = Pair::quick_sum(s - L::splat(0.5), s * r.hi);
    Pair::quick_sum(whole.hi, s.mul_add(beyond_linear(r.hi) + r.lo, whole.lo))
}

/// `exp(x) - 1`, accurate near 0.
#[inline(always)]
pub fn expm1<L: Lanes>(x: L) -> L {
    let y = half_expm1(x.at_least(-40.0).at_most(710.0));
    // Below 2^-54 the result is x, with its sign and its last bit.
    L::pick(x.abs().lt(L::splat(5e-17)), x, y.hi + y.hi)
}
