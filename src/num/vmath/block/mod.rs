//! Elementary and special functions of whole slices, several numbers to an instruction.
//!
//! Takes slices of one length, overwrites a slice of the same length. Each function is written once over
//! [`lanes`] and compiled for every [`Level`]; the executor and native code call the same routines.
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
mod log;
mod portable;
mod pow;
mod sweep;
mod trig;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use sweep::Level;

/// Routines over slices for functions of one number.
macro_rules! routines {
    ($($(#[$doc:meta])* $name:ident = $at:path;)*) => {$(
        $(#[$doc])*
        pub fn $name(level: Level, x: &[f64], out: &mut [f64]) {
            struct Routine;
            impl sweep::One for Routine {
                #[inline(always)]
                fn at<L: lanes::Lanes>(x: L) -> L {
                    $at(x)
                }
            }
            sweep::one::<Routine>(level, x, out);
        }
    )*};
}

routines! {
    /// `exp(x)`.
    exp = exp::exp;
    /// `exp(x) - 1`.
    expm1 = exp::expm1;
    /// Natural logarithm.
    log = log::log;
    /// `log(1 + x)`.
    log1p = log::log1p;
    /// Sine.
    sin = trig::sin;
    /// Cosine.
    cos = trig::cos;
    /// Tangent.
    tan = trig::tan;
    /// Logarithm to the base 2.
    log2 = log::log2;
    /// Logarithm to the base 10.
    log10 = log::log10;
    /// 2 to the power `x`.
    exp2 = exp::exp2;
    /// Hyperbolic tangent.
    tanh = hyper::tanh;
    /// Hyperbolic sine.
    sinh = hyper::sinh;
    /// Hyperbolic cosine.
    cosh = hyper::cosh;
    /// `1 / (1 + exp(-x))`.
    sigmoid = hyper::sigmoid;
    /// `log(1 + exp(x))`.
    softplus = hyper::softplus;
    /// Inverse of the tangent.
    atan = inverse::atan;
    /// Inverse of the sine.
    asin = inverse::asin;
    /// Inverse of the cosine.
    acos = inverse::acos;
    /// The error function.
    erf = gauss::erf;
    /// `log gamma(x)` for positive `x`.
    lgamma = gamma::lgamma;
}

/// Sine and cosine, the same bits as [`sin`] and [`cos`] for little more than the time of one.
pub fn sin_cos(level: Level, x: &[f64], sin: &mut [f64], cos: &mut [f64]) {
    struct Routine;
    impl sweep::Both for Routine {
        #[inline(always)]
        fn at<L: lanes::Lanes>(x: L) -> (L, L) {
            trig::sin_cos(x)
        }
    }
    sweep::both::<Routine>(level, x, sin, cos);
}

/// `x^y`, as the C function.
pub fn pow(level: Level, x: &[f64], y: &[f64], out: &mut [f64]) {
    struct Routine;
    impl sweep::Two for Routine {
        #[inline(always)]
        fn at<L: lanes::Lanes>(x: L, y: L) -> L {
            pow::pow(x, y)
        }
    }
    sweep::two::<Routine>(level, x, y, out);
}
