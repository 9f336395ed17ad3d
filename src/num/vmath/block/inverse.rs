//! Inverse trigonometric functions.
//!
//! `atan` by one quotient that moves the argument below `tan(pi/8)`, `asin` and `acos` by
//! `asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2))` above 1/2; minimax polynomials in the square of what is left
//! (errors 2^-64 and 2^-60). Quotient and root are followed beyond their rounding.

use super::lanes::{Lanes, Pair, SIGN, poly};

/// `(atan(t) - t) / t^3` in powers of `t^2`.
const ATAN: [f64; 12] = [
    -0.333_333_333_333_333_26,
    0.199_999_999_999_976_47,
    -0.142_857_142_853_851_73,
    0.111_111_110_879_998_06,
    -0.090_909_081_380_619_5,
    0.076_922_826_115_835_91,
    -0.066_662_245_741_575_9,
    0.058_770_003_164_856_95,
    -0.052_182_654_747_243_49,
    0.045_029_820_552_919_83,
    -0.033_461_189_873_089_31,
    0.015_181_620_187_238_466,
];
/// `(asin(s) - s) / s^3` in powers of `s^2`.
const ASIN: [f64; 13] = [
    0.166_666_666_666_667_63,
    0.074_999_999_999_700_96,
    0.044_642_857_175_287_8,
    0.030_381_942_675_221_377,
    0.022_372_215_906_910_89,
    0.017_351_595_492_697_564,
    0.013_981_018_505_155_993,
    0.011_397_294_179_561_167,
    0.010_789_310_439_749_547,
    0.003_672_239_939_784_081_6,
    0.021_790_483_293_073_135,
    -0.021_116_450_131_219_77,
    0.032_701_973_431_374_87,
];
/// `pi`, and what it lacks; its halves are exact.
const PI: [f64; 2] = [std::f64::consts::PI, 1.224_646_799_147_353_2e-16];
/// `tan(pi/8)` and `tan(3 pi/8)`, about.
const ENDS: [f64; 2] = [0.4142, 2.4142];

/// `atan(x)`.
#[inline(always)]
pub fn atan<L: Lanes>(x: L) -> L {
    let (zero, one) = (L::splat(0.0), L::splat(1.0));
    // An infinite argument is as good as a great one.
    let a = x.abs().at_most(1e200);
    let (near, far) = (a.lt(L::splat(ENDS[0])), L::splat(ENDS[1]).lt(a));
    let three = |n: L, m: L, f: L| L::pick(near, n, L::pick(far, f, m));
    // a, (a - 1) / (a + 1) or -1 / a
    let (less, more) = (Pair::sum(a, -one), Pair::sum(a, one));
    let above = Pair { hi: three(a, less.hi, -one), lo: three(zero, less.lo, zero) };
    let below = Pair { hi: three(one, more.hi, a), lo: three(zero, more.lo, zero) };
    let t = above.over(below);
    let z = t.hi * t.hi;
    let share = three(zero, L::splat(0.25), L::splat(0.5));
    let sum = Pair::quick_sum(L::splat(PI[0]) * share, t.hi);
    let low = L::splat(PI[1]).mul_add(share, t.lo) + sum.lo;
    let y = sum.hi + (t.hi * z).mul_add(poly(z, &ATAN), low);
    // The least numbers are their own values: products of theirs lose bits.
    L::pick(a.lt(L::splat(1e-100)), x, y.xor(x.and_bits(SIGN)))
}

/// For `|x| <= 1/2` `x`, else `2 sqrt((1 - |x|) / 2)` as a pair, and what the arcsine of `x`, or twice that of
/// the root, adds.
#[inline(always)]
fn arc<L: Lanes>(x: L) -> (L::Mask, Pair<L>) {
    let a = x.abs();
    let half = L::splat(0.5);
    let wide = half.lt(a);
    let z = L::pick(wide, half.neg_mul_add(a, half), a * a);
    let root = z.sqrt();
    let product = root * root;
    let rest = (z - product) - root.product_rest(root, product);
    // Twice the root and its error rest / (2 root).
    let s = L::pick(wide, root + root, x);
    let lost = L::pick(wide, rest / root.at_least(1e-300), L::splat(0.0));
    (wide, Pair { hi: s, lo: (s * z).mul_add(poly(z, &ASIN), lost) })
}

/// `asin(x)`; NaN outside [-1, 1].
#[inline(always)]
pub fn asin<L: Lanes>(x: L) -> L {
    let (wide, s) = arc(x);
    let turned = Pair::quick_sum(L::splat(0.5 * PI[0]), -s.hi);
    let y = turned.hi + (turned.lo + (L::splat(0.5 * PI[1]) - s.lo));
    let y = L::pick(wide, y.xor(x.and_bits(SIGN)), s.round());
    // Below 2^-27 the result is x, with its sign.
    L::pick(x.abs().lt(L::splat(7e-9)), x, y)
}

/// `acos(x)`; NaN outside [-1, 1].
#[inline(always)]
pub fn acos<L: Lanes>(x: L) -> L {
    let (wide, s) = arc(x);
    let left = x.sign_set();
    // pi/2 - asin(x), 2 asin(root) or pi - 2 asin(root)
    let share = L::pick(wide, L::pick(left, L::splat(1.0), L::splat(0.0)), L::splat(0.5));
    let plus = wide & !left;
    let s = Pair { hi: L::pick(plus, s.hi, -s.hi), lo: L::pick(plus, s.lo, -s.lo) };
    let sum = Pair::quick_sum(L::splat(PI[0]) * share, s.hi);
    sum.hi + (sum.lo + L::splat(PI[1]).mul_add(share, s.lo))
}
