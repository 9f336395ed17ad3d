//! Numbers of twice the precision, as unevaluated sums of two doubles.
//!
//! Source: Dekker, Numer. Math. 18 (1971); the division and the logarithm are accurate to about 2^-95
//! and 2^-75, which is what the special functions need before their last rounding.

use std::ops::{Add, Mul, Neg, Sub};

/// `hi + lo` with `|lo| <= ulp(hi) / 2`.
#[derive(Clone, Copy, Debug)]
pub struct Double {
    /// The number, rounded.
    pub hi: f64,
    /// What rounding lost.
    pub lo: f64,
}

impl Double {
    /// A double as it is.
    pub const fn new(hi: f64) -> Self {
        Self { hi, lo: 0.0 }
    }

    /// `a + b`, exactly.
    pub fn sum(a: f64, b: f64) -> Self {
        let hi = a + b;
        let t = hi - a;
        Self { hi, lo: (a - (hi - t)) + (b - t) }
    }

    /// `a + b`, exactly, when `|a| >= |b|`.
    fn quick_sum(a: f64, b: f64) -> Self {
        let hi = a + b;
        Self { hi, lo: b - (hi - a) }
    }

    /// `a * b`, exactly.
    pub fn product(a: f64, b: f64) -> Self {
        let hi = a * b;
        Self { hi, lo: a.mul_add(b, -hi) }
    }

    /// `1 / self`.
    pub fn recip(self) -> Self {
        let hi = 1.0 / self.hi;
        // 1 - hi * self, exactly enough.
        let rest = (-hi).mul_add(self.hi, 1.0) - hi * self.lo;
        Self::quick_sum(hi, hi * rest)
    }

    /// The nearest double.
    pub fn round(self) -> f64 {
        self.hi + self.lo
    }
}

impl Add for Double {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let sum = Self::sum(self.hi, other.hi);
        Self::quick_sum(sum.hi, sum.lo + (self.lo + other.lo))
    }
}

impl Add<f64> for Double {
    type Output = Self;
    fn add(self, other: f64) -> Self {
        let sum = Self::sum(self.hi, other);
        Self::quick_sum(sum.hi, sum.lo + self.lo)
    }
}

impl Neg for Double {
    type Output = Self;
    fn neg(self) -> Self {
        Self { hi: -self.hi, lo: -self.lo }
    }
}

impl Sub for Double {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Double {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let product = Self::product(self.hi, other.hi);
        Self::quick_sum(product.hi, product.lo + (self.hi * other.lo + self.lo * other.hi))
    }
}

impl Mul<f64> for Double {
    type Output = Self;
    fn mul(self, other: f64) -> Self {
        let product = Self::product(self.hi, other);
        Self::quick_sum(product.hi, product.lo + self.lo * other)
    }
}

/// log 2.
const LN_2: Double = Double { hi: std::f64::consts::LN_2, lo: 2.319_046_813_846_299_6e-17 };
/// 1 / 3, for the series.
const THIRD: Double = Double { hi: 1.0 / 3.0, lo: 1.850_371_707_708_594e-17 };
/// 1 / 5, for the series.
const FIFTH: Double = Double { hi: 0.2, lo: -1.110_223_024_625_156_5e-17 };

/// The natural logarithm of a positive, finite, normal number.
///
/// `x = 2^k m` with `m` near 1, and `log m = 2 atanh(s) = 2 s (1 + s^2/3 + s^4/5 + …)`, `s = (m-1)/(m+1)`.
pub fn log(x: f64) -> Double {
    let (k, m) = split(x);
    let s = Double::new(m - 1.0) * Double::sum(m, 1.0).recip();
    let q = s * s;
    // From the seventh power on, plain doubles are enough: |q| <= 0.0295.
    let z = q.hi;
    let mut tail = 0.0;
    for odd in (7..=35).rev().step_by(2) {
        tail = tail * z + 1.0 / f64::from(odd);
    }
    let series = (q * (q * (FIFTH + tail * z) + THIRD)) * s + s;
    LN_2 * k + series * 2.0
}

/// `x = 2^k m` with `m` from `sqrt(1/2)` to `sqrt(2)`.
fn split(x: f64) -> (f64, f64) {
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023;
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    if m > std::f64::consts::SQRT_2 { (f64::from(exponent + 1), m / 2.0) } else { (f64::from(exponent), m) }
}
