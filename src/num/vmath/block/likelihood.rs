//! What likelihoods are made of, with the formulas of the functions of one number.
//!
//! Deliberately absent: densities whose value needs more than exponentials and logarithms.

use super::hyper::softplus_of_minus_size;
use super::lanes::{Lanes, Pair, replace};
use super::log::{log, log_of_pair};
use crate::num::vmath;

/// `x log y`, and 0 where `x = 0` and `y >= 0`.
#[inline(always)]
pub fn xlogy<L: Lanes>(x: L, y: L) -> L {
    let zero = L::splat(0.0);
    L::pick(x.eq(zero) & zero.le(y), zero, x * log(y))
}

/// `-x log x`, and 0 at 0.
#[inline(always)]
pub fn entropy<L: Lanes>(x: L) -> L {
    -xlogy(x, x)
}

/// `log(x / (1 - x))`.
#[inline(always)]
pub fn logit<L: Lanes>(x: L) -> L {
    let one = L::splat(1.0);
    let odds = Pair { hi: x, lo: L::splat(0.0) }.over(Pair::quick_sum(one, -x));
    let inside = L::splat(1e-290).lt(x) & x.lt(one);
    replace(!inside, log_of_pair(odds), x, vmath::logit)
}

/// The logarithm of the normal density with mean `mu` and standard deviation `sigma`.
#[inline(always)]
pub fn normal_lpdf<L: Lanes>(x: L, mu: L, sigma: L) -> L {
    let z = (x - mu) / sigma;
    L::splat(-0.5) * z * z - (log(sigma) + L::splat(vmath::HALF_LOG_TWO_PI))
}

/// The logarithm of the probability of `k`, 0 or 1, when that of 1 is `sigmoid(z)`.
#[inline(always)]
pub fn bernoulli_logit_lpmf<L: Lanes>(k: L, z: L) -> L {
    let rest = softplus_of_minus_size(z);
    let right = -((L::splat(1.0) - k) * z + rest);
    L::pick(L::splat(0.0).lt(z), right, k * z - rest)
}
