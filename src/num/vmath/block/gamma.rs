//! The logarithm of the gamma function, for positive arguments.
//!
//! An argument below 4 is raised by the recurrence, `lgamma(x) = lgamma(x + n) - log(x (x + 1) … (x + n - 1))`,
//! and Stirling's formula holds from there on (NIST Digital Library of Mathematical Functions, 5.5.1 and
//! 5.11.1), its rest as a polynomial in `1 / x^2` that is minimax for the absolute error (2^-62). All else are
//! pairs, so that nothing shows of the cancellation near the zeros 1 and 2.

use super::lanes::{Lanes, Pair, each, poly, replace};
use super::pow::log_pair;

/// From here on the formula of Stirling is used.
const FROM: f64 = 4.0;
/// The most steps to get there.
const STEPS: usize = 4;

/// `x (lgamma(x) - (x - 1/2) log x + x - log(2 pi) / 2)` in powers of `1 / x^2`, for `x >= 4`.
const REST: [f64; 10] = [
    0.083_333_333_333_333_31,
    -0.002_777_777_777_757_920_5,
    0.000_793_650_786_477_825,
    -0.000_595_236_899_651_549_5,
    0.000_841_640_089_614_779_5,
    -0.001_911_243_507_075_277_4,
    0.006_179_415_965_982_933,
    -0.023_861_046_088_049_002,
    0.082_362_345_176_175_2,
    -0.161_686_427_577_112_32,
];
/// `log(2 pi) / 2 - 1/2`, and what it lacks.
const CONSTANT: [f64; 2] = [0.418_938_533_204_672_7, 1.672_820_965_058_541_3e-17];

/// `a + b`, for any signs and sizes.
#[inline(always)]
fn plus<L: Lanes>(a: Pair<L>, b: Pair<L>) -> Pair<L> {
    let sum = Pair::sum(a.hi, b.hi);
    Pair::quick_sum(sum.hi, sum.lo + (a.lo + b.lo))
}

/// The logarithm of a pair.
#[inline(always)]
fn log_of<L: Lanes>(x: Pair<L>) -> Pair<L> {
    let y = log_pair(x.hi);
    Pair { hi: y.hi, lo: y.lo + x.lo / x.hi }
}

/// `log gamma(x)` for `x > 0`; outside as the plain function.
#[inline(always)]
pub fn lgamma<L: Lanes>(x: L) -> L {
    if !L::FUSED {
        // Without fused products pairs cost more than the plain function.
        return each(x, crate::num::vmath::lgamma);
    }
    let (zero, one) = (L::splat(0.0), L::splat(1.0));
    // The product of x + k for k < n, and the number n of steps that lead above FROM.
    let mut product = Pair { hi: one, lo: zero };
    let mut steps = zero;
    for k in 0..STEPS {
        let factor = Pair::sum(x, L::splat(k as f64));
        let low = factor.hi.lt(L::splat(FROM));
        let next = product.times(factor);
        product = Pair { hi: L::pick(low, next.hi, product.hi), lo: L::pick(low, next.lo, product.lo) };
        steps = steps + L::pick(low, one, zero);
    }
    let t = Pair::sum(x, steps);
    // (t - 1/2) (log t - 1) + (log(2 pi) - 1) / 2 + rest
    let less = plus(t, Pair { hi: L::splat(-0.5), lo: zero });
    let log = plus(log_of(t), Pair { hi: -one, lo: zero });
    let inverse = one / t.hi;
    let rest = inverse * poly(inverse * inverse, &REST);
    let main = less.times(log);
    let main = plus(main, Pair { hi: L::splat(CONSTANT[0]), lo: rest + L::splat(CONSTANT[1]) });
    let some = L::lanes_of(x.lt(L::splat(FROM))) != 0;
    let y = if some {
        let down = log_of(product);
        plus(main, Pair { hi: -down.hi, lo: -down.lo })
    } else {
        main
    };
    let plain = L::splat(1e-290).lt(x) & x.lt(L::splat(1e290));
    let y = L::pick(x.eq(one) | x.eq(L::splat(2.0)), zero, y.round());
    replace(!plain, y, x, crate::num::vmath::lgamma)
}
