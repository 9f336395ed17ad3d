//! Elementary and special functions of whole slices, several numbers to an instruction.
//!
//! Takes slices of one length, overwrites a slice of the same length. Each function is written once over
//! `lanes` and compiled for every [`Level`]; the executor and native code call the same routines.
//!
//! Invariant: an element of the result depends on the level and on the same element of the arguments alone,
//! not on its place nor on its neighbours, so that a block gives the same bits however it is cut.
//! Accuracy: 1 unit in the last place from the correctly rounded value wherever fused products are at hand, 2 at
//! the portable level; infinities, NaN, signed zeros and subnormal numbers as in C. No tables, no branches but
//! one to the long way (`libm`, number by number) for arguments that are out of the common: huge angles,
//! subnormal arguments of logarithms, zeros and infinities of powers.
//! Deliberately absent: functions of no slice, the names of builtins.

mod exp;
mod gamma;
mod gauss;
mod hyper;
mod inverse;
mod lanes;
mod likelihood;
mod log;
mod portable;
mod pow;
mod sweep;
mod trig;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use sweep::{Level, all_finite};

/// A routine over slices for each function over lanes.
macro_rules! routines {
    ($($(#[$doc:meta])* $name:ident($($x:ident),+) = $at:path;)*) => {$(
        $(#[$doc])*
        pub fn $name(level: Level, $($x: &[f64],)+ out: &mut [f64]) {
            struct Routine;
            impl sweep::Sweep<{ [$(stringify!($x)),+].len() }, 1> for Routine {
                #[inline(always)]
                fn at<L: lanes::Lanes>([$($x),+]: [L; { [$(stringify!($x)),+].len() }]) -> [L; 1] {
                    [$at($($x),+)]
                }
            }
            sweep::sweep::<Routine, _, 1>(level, [$($x),+], [out]);
        }
    )*};
}

routines! {
    /// `exp(x)`.
    exp(x) = exp::exp;
    /// `exp(x) - 1`.
    expm1(x) = exp::expm1;
    /// Natural logarithm.
    log(x) = log::log;
    /// `log(1 + x)`.
    log1p(x) = log::log1p;
    /// Sine.
    sin(x) = trig::sin;
    /// Cosine.
    cos(x) = trig::cos;
    /// Tangent.
    tan(x) = trig::tan;
    /// Logarithm to the base 2.
    log2(x) = log::log2;
    /// Logarithm to the base 10.
    log10(x) = log::log10;
    /// 2 to the power `x`.
    exp2(x) = exp::exp2;
    /// Hyperbolic tangent.
    tanh(x) = hyper::tanh;
    /// Hyperbolic sine.
    sinh(x) = hyper::sinh;
    /// Hyperbolic cosine.
    cosh(x) = hyper::cosh;
    /// `1 / (1 + exp(-x))`.
    sigmoid(x) = hyper::sigmoid;
    /// `log(1 + exp(x))`.
    softplus(x) = hyper::softplus;
    /// Inverse of the tangent.
    atan(x) = inverse::atan;
    /// Inverse of the sine.
    asin(x) = inverse::asin;
    /// Inverse of the cosine.
    acos(x) = inverse::acos;
    /// The error function.
    erf(x) = gauss::erf;
    /// `log gamma(x)` for positive `x`.
    lgamma(x) = gamma::lgamma;
    /// `x^y`, as the C function.
    pow(x, y) = pow::pow;
    /// `x log y`, and 0 where `x = 0` and `y >= 0`.
    xlogy(x, y) = likelihood::xlogy;
    /// `-x log x`, and 0 at 0.
    entropy(x) = likelihood::entropy;
    /// `log(x / (1 - x))`.
    logit(x) = likelihood::logit;
    /// The logarithm of the normal density with mean `mu` and standard deviation `sigma`.
    normal_lpdf(x, mu, sigma) = likelihood::normal_lpdf;
    /// The logarithm of the probability of `k`, 0 or 1, when that of 1 is `sigmoid(z)`.
    bernoulli_logit_lpmf(k, z) = likelihood::bernoulli_logit_lpmf;
}

/// Sine and cosine, the same bits as [`sin`] and [`cos`] for little more than the time of one.
pub fn sin_cos(level: Level, x: &[f64], sin: &mut [f64], cos: &mut [f64]) {
    struct Routine;
    impl sweep::Sweep<1, 2> for Routine {
        #[inline(always)]
        fn at<L: lanes::Lanes>([x]: [L; 1]) -> [L; 2] {
            let (sin, cos) = trig::sin_cos(x);
            [sin, cos]
        }
    }
    sweep::sweep::<Routine, 1, 2>(level, [x], [sin, cos]);
}
