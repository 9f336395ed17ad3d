//! Hyperbolic functions, the logistic function and its integral.
//!
//! Made from `exp` and `exp(x) - 1` as pairs, so that their rounding and that of the quotient hardly show.

use super::exp::{half_expm1, parts, powers};
use super::lanes::{Lanes, Pair, SIGN, TO_WHOLE, replace};
use super::log::log_of_pair;

/// `y` with the sign of `x`; `x` itself where it is so small that the function is the identity.
#[inline(always)]
fn with_sign<L: Lanes>(y: L, x: L) -> L {
    L::pick(x.abs().lt(L::splat(5e-9)), x, y.xor(x.and_bits(SIGN)))
}

/// `tanh(x) = h / (h + 1)`, `h = (exp(2 |x|) - 1) / 2`.
#[inline(always)]
pub fn tanh<L: Lanes>(x: L) -> L {
    let a = x.abs().at_most(22.0);
    let h = half_expm1(a + a);
    let below = Pair::sum(h.hi, L::splat(1.0));
    with_sign(h.over(Pair { hi: below.hi, lo: below.lo + h.lo }).hi, x)
}

/// `sinh(x) = h + h / (2 h + 1)`, `h = (exp(|x|) - 1) / 2`.
#[inline(always)]
pub fn sinh<L: Lanes>(x: L) -> L {
    let h = half_expm1(x.abs().at_most(711.0));
    let half = L::splat(0.5);
    let below = Pair::sum(h.hi, half);
    let q = h.over(Pair { hi: below.hi, lo: below.lo + h.lo });
    let sum = Pair::quick_sum(h.hi, half * q.hi);
    let y = sum.hi + (sum.lo + half.mul_add(q.lo, h.lo));
    replace(!x.abs().le(L::splat(690.0)), with_sign(y, x), x, libm::sinh)
}

/// `cosh(x) = exp(|x|) / 2 + 1 / (2 exp(|x|))`.
#[inline(always)]
pub fn cosh<L: Lanes>(x: L) -> L {
    let (e, n) = parts(x.abs().at_most(711.0));
    let bias = L::splat(TO_WHOLE + 1022.0);
    let up = (bias + n).shl::<52>();
    let down = (bias - n.at_most(1000.0)).shl::<52>();
    let inverse = Pair { hi: L::splat(1.0), lo: L::splat(0.0) }.over(e);
    let sum = Pair::quick_sum(e.hi * up, inverse.hi * down);
    let y = sum.hi + (sum.lo + e.lo.mul_add(up, inverse.lo * down));
    replace(!x.abs().le(L::splat(710.0)), y, x, libm::cosh)
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
pub fn sigmoid<L: Lanes>(x: L) -> L {
    let (one, zero) = (L::splat(1.0), L::splat(0.0));
    let (e, n) = parts((-x.abs()).at_least(-746.0));
    let (p, q) = powers(n);
    let below = Pair::quick_sum(one, e.hi * p * q);
    let below = Pair { hi: below.hi, lo: below.lo + e.lo * p * q };
    // exp(-|x|) / (1 + exp(-|x|)) on the left, scaled last so that nothing is lost below the normal numbers.
    let left = x.lt(zero);
    let above = Pair { hi: L::pick(left, e.hi, one), lo: L::pick(left, e.lo, zero) };
    above.over(below).hi * L::pick(left, p, one) * L::pick(left, q, one)
}

/// `log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))`.
#[inline(always)]
pub fn softplus<L: Lanes>(x: L) -> L {
    x.at_least(0.0) + softplus_of_minus_size(x)
}

/// `log(1 + exp(-|x|))`.
#[inline(always)]
pub fn softplus_of_minus_size<L: Lanes>(x: L) -> L {
    let (e, n) = parts((-x.abs()).at_least(-746.0));
    let (p, q) = powers(n);
    let u = Pair::quick_sum(L::splat(1.0), e.hi * p * q);
    log_of_pair(Pair { hi: u.hi, lo: u.lo + e.lo * p * q })
}
