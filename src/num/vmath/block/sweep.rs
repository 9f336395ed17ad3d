//! Runs a routine over slices, with the widest lanes that a level has.
//!
//! Takes slices, overwrites slices. A tail shorter than the lanes is padded with its last number and run by
//! the same code, so that a block gives the same bits however it is cut.
//! Deliberately absent: the routines.
#![allow(unsafe_code)]

use super::lanes::Lanes;
use std::sync::OnceLock;

/// The instructions that the routines may use.
///
/// [`Avx2`](Self::Avx2) and [`Avx512`](Self::Avx512) give the same bits; [`Portable`](Self::Portable) may differ in
/// the last place, since it has no fused product.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// What every processor has.
    Portable,
    /// Four lanes, AVX2 and FMA of x86-64.
    Avx2,
    /// Eight lanes, AVX-512 F and DQ of x86-64.
    Avx512,
}

/// The level that [`Level::current`] gives.
static CURRENT: OnceLock<Level> = OnceLock::new();

impl Level {
    /// All levels, the plainest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// Whether this processor has the instructions.
    pub fn is_here(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_here() && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// The highest level of this processor.
    pub fn best() -> Self {
        *Self::ALL.iter().rev().find(|level| level.is_here()).expect("the portable level is everywhere")
    }

    /// The level of this process: [`best`](Self::best), unless [`fix`](Self::fix) came first.
    pub fn current() -> Self {
        *CURRENT.get_or_init(Self::best)
    }

    /// Makes this the level of the process. False, without effect, when another is already in use.
    pub fn fix(self) -> bool {
        self.is_here() && *CURRENT.get_or_init(|| self) == self
    }
}

/// The most lanes.
const WIDEST: usize = 8;

/// `OUT` functions of `IN` numbers, written once for all lanes.
pub trait Sweep<const IN: usize, const OUT: usize> {
    /// Their values in every lane.
    fn at<L: Lanes>(x: [L; IN]) -> [L; OUT];
}

#[inline(always)]
fn run<L: Lanes, F: Sweep<IN, OUT>, const IN: usize, const OUT: usize>(x: [&[f64]; IN], out: [&mut [f64]; OUT]) {
    let n = out[0].len();
    let mut first = 0;
    while first + L::COUNT <= n {
        let y = F::at(std::array::from_fn(|k| L::load(&x[k][first..first + L::COUNT])));
        for k in 0..OUT {
            y[k].store(&mut out[k][first..first + L::COUNT]);
        }
        first += L::COUNT;
    }
    if first < n {
        let padded = |x: &[f64]| {
            let mut few = [x[n - 1]; WIDEST];
            few[..n - first].copy_from_slice(&x[first..n]);
            L::load(&few)
        };
        let y = F::at(x.map(padded));
        for k in 0..OUT {
            let mut few = [0.0; WIDEST];
            y[k].store(&mut few);
            out[k][first..].copy_from_slice(&few[..n - first]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod sets {
    use super::super::x86::{Eight, Four};
    use super::{Sweep, finite, run};

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn avx2<F: Sweep<IN, OUT>, const IN: usize, const OUT: usize>(x: [&[f64]; IN], out: [&mut [f64]; OUT]) {
        run::<Four, F, IN, OUT>(x, out);
    }

    #[target_feature(enable = "avx2,fma,avx512f,avx512dq")]
    pub(super) fn avx512<F: Sweep<IN, OUT>, const IN: usize, const OUT: usize>(
        x: [&[f64]; IN],
        out: [&mut [f64]; OUT],
    ) {
        run::<Eight, F, IN, OUT>(x, out);
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn finite_avx2(values: &[f64]) -> bool {
        finite(values, |sum, v| v.mul_add(0.0, sum))
    }

    #[target_feature(enable = "avx2,fma,avx512f,avx512dq")]
    pub(super) fn finite_avx512(values: &[f64]) -> bool {
        finite(values, |sum, v| v.mul_add(0.0, sum))
    }
}

/// Zero times anything that is not finite is not zero: many sums at a time, without a branch.
#[inline(always)]
fn finite(values: &[f64], add: impl Fn(f64, f64) -> f64) -> bool {
    let mut sums = [0.0; 64];
    let chunks = values.chunks_exact(64);
    let rest = chunks.remainder().iter().all(|v| v.is_finite());
    for chunk in chunks {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *sum = add(*sum, *v);
        }
    }
    rest && sums.iter().all(|sum| *sum == 0.0)
}

/// Whether all numbers are finite.
pub fn all_finite(values: &[f64]) -> bool {
    if values.len() < 64 {
        return values.iter().all(|v| v.is_finite());
    }
    match Level::current() {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 if Level::Avx512.is_here() => {
            // SAFETY: the processor was asked.
            unsafe { sets::finite_avx512(values) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 if Level::Avx2.is_here() => {
            // SAFETY: the processor was asked.
            unsafe { sets::finite_avx2(values) }
        }
        _ => finite(values, |sum, v| sum + v * 0.0),
    }
}

/// `out[k][i]` from `x[0][i]`, `x[1][i]`, …, with the instructions of `level` if they are here.
///
/// # Panics
/// When a slice is shorter than `out[0]`.
pub fn sweep<F: Sweep<IN, OUT>, const IN: usize, const OUT: usize>(
    level: Level,
    x: [&[f64]; IN],
    out: [&mut [f64]; OUT],
) {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 if Level::Avx512.is_here() => {
            // SAFETY: the processor was asked (the answer is cached by the standard library).
            unsafe { sets::avx512::<F, IN, OUT>(x, out) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 if Level::Avx2.is_here() => {
            // SAFETY: the processor was asked.
            unsafe { sets::avx2::<F, IN, OUT>(x, out) }
        }
        _ => run::<f64, F, IN, OUT>(x, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_that_is_not_finite_is_seen_wherever_it_stands() {
        for n in [0, 1, 63, 64, 65, 200] {
            let mut values = vec![-1e300; n];
            assert!(all_finite(&values));
            for (k, wrong) in (0..n).zip([f64::INFINITY, f64::NEG_INFINITY, f64::NAN].into_iter().cycle()) {
                let before = std::mem::replace(&mut values[k], wrong);
                assert!(!all_finite(&values) && !finite(&values, |sum, v| sum + v * 0.0));
                values[k] = before;
            }
        }
    }
}
