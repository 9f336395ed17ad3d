//! Sine, cosine and tangent.
//!
//! `x = n pi/2 + r`, `|r| <= pi/4`, `r` as a pair, for `|x| <= 1e5`; beyond, lane by lane with the exact
//! reduction of `libm`. Kernels as in FreeBSD's `k_sin.c` and `k_cos.c`, with minimax polynomials of degree 5
//! in `r^2` (errors 2^-58 and 2^-64).

use super::lanes::{Lanes, Pair, SIGN, TO_WHOLE, poly, replace};

/// `|x|` up to which the reduction here is exact enough.
const FAST_UP_TO: f64 = 1e5;

/// `pi / 2` in parts of 53 bits, for fused products.
const HALF_PI: [f64; 3] = [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];
/// `pi / 2` in parts of 33 bits, whose products with whole numbers below 2^20 are exact, and a last one of 53.
const HALF_PI_SHORT: [f64; 4] =
    [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_711_166_5e-21, 8.478_427_660_368_9e-32];

/// `(sin(r) - r) / r^3` in powers of `r^2`.
const SIN: [f64; 6] = [
    -0.166_666_666_666_666_32,
    0.008_333_333_333_322_37,
    -0.000_198_412_698_297_708,
    2.755_731_367_855_101e-6,
    -2.505_075_594_527_226_7e-8,
    1.589_666_566_177_823e-10,
];
/// `(cos(r) - 1 + r^2 / 2) / r^4` in powers of `r^2`.
const COS: [f64; 6] = [
    0.041_666_666_666_666_6,
    -0.001_388_888_888_887_406_4,
    2.480_158_728_944_354_3e-5,
    -2.755_731_434_067_708e-7,
    2.087_572_162_614_184e-9,
    -1.135_955_945_625_708e-11,
];

/// `r` with `x = n pi/2 + r`, and a number whose lowest bits are those of `n`.
#[inline(always)]
fn reduce<L: Lanes>(x: L) -> (L, Pair<L>) {
    let t = x.mul_add(L::splat(std::f64::consts::FRAC_2_PI), L::splat(TO_WHOLE));
    let n = t - L::splat(TO_WHOLE);
    let r = if L::FUSED {
        // The first difference is exact: it is a multiple of the last place of pi/2 and below 1.
        let wide = n.neg_mul_add(L::splat(HALF_PI[0]), x);
        let w = Pair::product(n, L::splat(HALF_PI[1]));
        // A multiple of 2^-53, or all of x when n is 0: no bit of the short sum is lost.
        let r = Pair::quick_sum(wide, -w.hi);
        Pair { hi: r.hi, lo: n.neg_mul_add(L::splat(HALF_PI[2]), r.lo - w.lo) }
    } else {
        let wide = x - n * L::splat(HALF_PI_SHORT[0]);
        let first = Pair::sum(wide, -(n * L::splat(HALF_PI_SHORT[1])));
        let second = Pair::sum(first.hi, -(n * L::splat(HALF_PI_SHORT[2])));
        Pair { hi: second.hi, lo: (first.lo + second.lo) - n * L::splat(HALF_PI_SHORT[3]) }
    };
    (t, r)
}

/// `sin(r)` for `|r| <= pi/4`, as a sum that is still to be rounded.
#[inline(always)]
fn near_sin<L: Lanes>(r: Pair<L>) -> Pair<L> {
    let z = r.hi * r.hi;
    // sin(hi + lo) is nearly sin(hi) + lo: lo is below the last place.
    Pair { hi: r.hi, lo: (r.hi * z).mul_add(poly(z, &SIN), r.lo) }
}

/// `cos(r)` for `|r| <= pi/4`, as a sum that is still to be rounded.
#[inline(always)]
fn near_cos<L: Lanes>(r: Pair<L>) -> Pair<L> {
    let z = r.hi * r.hi;
    let half = L::splat(0.5) * z;
    let w = Pair::quick_sum(L::splat(1.0), -half);
    // cos(hi + lo) = cos(hi) - hi lo
    Pair { hi: w.hi, lo: (z * z).mul_add(poly(z, &COS), r.hi.neg_mul_add(r.lo, w.lo)) }
}

/// `-y` where bit 1 of `t` is set.
#[inline(always)]
fn turn<L: Lanes>(y: L, t: L) -> L {
    y.xor(t.shl::<62>().and_bits(SIGN))
}

/// Whether bit 0 of `t` is set: sine and cosine change places.
#[inline(always)]
fn is_odd<L: Lanes>(t: L) -> L::Mask {
    t.shl::<63>().sign_set()
}

#[inline(always)]
fn is_far<L: Lanes>(x: L) -> L::Mask {
    !x.abs().le(L::splat(FAST_UP_TO))
}

/// `sin(x)`, when `x = n pi/2 + r`, `t` tells `n`, and `s` and `c` are the sine and cosine of `r`.
#[inline(always)]
fn sin_of<L: Lanes>(x: L, t: L, s: L, c: L) -> L {
    let y = turn(L::pick(is_odd(t), c, s), t);
    // Below 2^-27 the sine is x, with its sign and its last bit.
    let y = L::pick(x.abs().lt(L::splat(7e-9)), x, y);
    replace(is_far(x), y, x, libm::sin)
}

/// `cos(x)`, likewise.
#[inline(always)]
fn cos_of<L: Lanes>(x: L, t: L, s: L, c: L) -> L {
    // A quarter turn ahead of the sine.
    let y = turn(L::pick(is_odd(t), s, c), t.add_bits(1));
    replace(is_far(x), y, x, libm::cos)
}

/// `sin(x)`.
#[inline(always)]
pub fn sin<L: Lanes>(x: L) -> L {
    let (t, r) = reduce(x);
    sin_of(x, t, near_sin(r).round(), near_cos(r).round())
}

/// `cos(x)`.
#[inline(always)]
pub fn cos<L: Lanes>(x: L) -> L {
    let (t, r) = reduce(x);
    cos_of(x, t, near_sin(r).round(), near_cos(r).round())
}

/// `sin(x)` and `cos(x)`, the same bits as [`sin`] and [`cos`].
#[inline(always)]
pub fn sin_cos<L: Lanes>(x: L) -> (L, L) {
    let (t, r) = reduce(x);
    let (s, c) = (near_sin(r).round(), near_cos(r).round());
    (sin_of(x, t, s, c), cos_of(x, t, s, c))
}

/// `tan(x)`.
#[inline(always)]
pub fn tan<L: Lanes>(x: L) -> L {
    let (t, r) = reduce(x);
    let (s, c) = (near_sin(r), near_cos(r));
    let (s, c) = (Pair::quick_sum(s.hi, s.lo), Pair::quick_sum(c.hi, c.lo));
    let odd = is_odd(t);
    let above = Pair { hi: L::pick(odd, c.hi, s.hi), lo: L::pick(odd, c.lo, s.lo) };
    let below = Pair { hi: L::pick(odd, s.hi, c.hi), lo: L::pick(odd, s.lo, c.lo) };
    let y = above.over(below).hi.xor(t.shl::<63>());
    let y = L::pick(x.abs().lt(L::splat(7e-9)), x, y);
    replace(is_far(x), y, x, libm::tan)
}
