//! What the routines are written over: a few numbers side by side, one per lane.
//!
//! Takes and gives lanes. A routine written over [`Lanes`] is compiled once per instruction set; on one
//! set a lane of the result depends on the same lane of the arguments alone.
//! Deliberately absent: functions; loops over slices (those are in [`super::sweep`]).

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// `1.5 * 2^52`: a sum with it is rounded to a whole number, which stands in the low bits of the sum.
pub const TO_WHOLE: f64 = 6_755_399_441_055_744.0;

/// The sign bit.
pub const SIGN: u64 = 1 << 63;

/// Numbers side by side.
pub trait Lanes:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// One truth per lane.
    type Mask: Copy + BitAnd<Output = Self::Mask> + BitOr<Output = Self::Mask> + Not<Output = Self::Mask>;

    /// How many lanes.
    const COUNT: usize;
    /// Whether [`mul_add`](Self::mul_add) rounds once.
    const FUSED: bool;

    /// The same number in every lane.
    fn splat(x: f64) -> Self;
    /// The first `COUNT` numbers of a slice.
    fn load(from: &[f64]) -> Self;
    /// Overwrites the first `COUNT` numbers of a slice.
    fn store(self, to: &mut [f64]);

    /// `self * b + c`.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// `c - self * b`.
    fn neg_mul_add(self, b: Self, c: Self) -> Self;
    /// What rounding took from `product`, the rounded `self * b`.
    fn product_rest(self, b: Self, product: Self) -> Self;
    /// Square root, rounded correctly.
    fn sqrt(self) -> Self;
    /// Without its sign.
    fn abs(self) -> Self;
    /// The greater one of `self` and `floor`; NaN when `self` is.
    fn at_least(self, floor: f64) -> Self;
    /// The smaller one of `self` and `ceiling`; NaN when `self` is.
    fn at_most(self, ceiling: f64) -> Self;

    /// `self < other`; false for NaN.
    fn lt(self, other: Self) -> Self::Mask;
    /// `self <= other`; false for NaN.
    fn le(self, other: Self) -> Self::Mask;
    /// `self == other`; false for NaN.
    fn eq(self, other: Self) -> Self::Mask;
    /// Whether the sign bit is set.
    fn sign_set(self) -> Self::Mask;
    /// `yes` where the mask holds, else `no`.
    fn pick(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Bit `k` tells whether the mask holds in lane `k`.
    fn lanes_of(mask: Self::Mask) -> u32;

    /// The bits moved left, zeros coming in.
    fn shl<const K: i32>(self) -> Self;
    /// The bits moved right, zeros coming in.
    fn shr<const K: i32>(self) -> Self;
    /// The bits plus a whole number, as 64-bit numbers that wrap around.
    fn add_bits(self, whole: u64) -> Self;
    /// The bits that are set in `bits` too.
    fn and_bits(self, bits: u64) -> Self;
    /// The bits and those of `bits`.
    fn or_bits(self, bits: u64) -> Self;
    /// The bits that differ between the two.
    fn xor(self, other: Self) -> Self;
}

/// Where no lane or some lane needs the long way: `slow(x)` replaces the lanes of `fast` for which the mask holds.
#[inline(always)]
pub fn replace<L: Lanes>(mask: L::Mask, fast: L, x: L, slow: fn(f64) -> f64) -> L {
    let lanes = L::lanes_of(mask);
    if lanes == 0 { fast } else { replace_lanes(lanes, fast, [x, x], |x| slow(x[0])) }
}

/// [`replace`] for a function of two numbers.
#[inline(always)]
pub fn replace_two<L: Lanes>(mask: L::Mask, fast: L, x: [L; 2], slow: fn(f64, f64) -> f64) -> L {
    let lanes = L::lanes_of(mask);
    if lanes == 0 { fast } else { replace_lanes(lanes, fast, x, |x| slow(x[0], x[1])) }
}

/// `f` in every lane.
#[inline(always)]
pub fn each<L: Lanes>(x: L, f: fn(f64) -> f64) -> L {
    replace_lanes(u32::MAX, x, [x, x], |x| f(x[0]))
}

/// [`each`] for a function of two numbers.
#[inline(always)]
pub fn each_two<L: Lanes>(x: [L; 2], f: fn(f64, f64) -> f64) -> L {
    replace_lanes(u32::MAX, x[0], x, |x| f(x[0], x[1]))
}

#[inline(always)]
fn replace_lanes<L: Lanes>(lanes: u32, fast: L, x: [L; 2], slow: impl Fn([f64; 2]) -> f64) -> L {
    let (mut first, mut second, mut out) = ([0.0; 8], [0.0; 8], [0.0; 8]);
    x[0].store(&mut first);
    x[1].store(&mut second);
    fast.store(&mut out);
    for k in 0..L::COUNT {
        if lanes >> k & 1 == 1 {
            out[k] = slow([first[k], second[k]]);
        }
    }
    L::load(&out)
}

/// `c[0] + c[1] x + c[2] x^2 + …`, even and odd powers apart so that two chains run side by side.
#[inline(always)]
pub fn poly<L: Lanes, const N: usize>(x: L, c: &[f64; N]) -> L {
    let z = x * x;
    let mut top = L::splat(c[N - 1]);
    let mut below = L::splat(c[N - 2]);
    let mut k = N - 2;
    while k >= 2 {
        top = top.mul_add(z, L::splat(c[k - 1]));
        below = below.mul_add(z, L::splat(c[k - 2]));
        k -= 2;
    }
    if k == 1 {
        // `top` holds the odd powers when N is even; else one more step of the even ones.
        top = top.mul_add(z, L::splat(c[0]));
        return below.mul_add(x, top);
    }
    top.mul_add(x, below)
}

/// `hi + lo`, with `lo` below the last place of `hi`.
#[derive(Clone, Copy)]
pub struct Pair<L> {
    /// The number, rounded.
    pub hi: L,
    /// What rounding lost, itself rounded.
    pub lo: L,
}

impl<L: Lanes> Pair<L> {
    /// `a + b`, exactly.
    #[inline(always)]
    pub fn sum(a: L, b: L) -> Self {
        let hi = a + b;
        let t = hi - a;
        Self { hi, lo: (a - (hi - t)) + (b - t) }
    }

    /// `a + b`, exactly, when `|a| >= |b|` or `a = 0`.
    #[inline(always)]
    pub fn quick_sum(a: L, b: L) -> Self {
        let hi = a + b;
        Self { hi, lo: b - (hi - a) }
    }

    /// `a * b`, exactly.
    #[inline(always)]
    pub fn product(a: L, b: L) -> Self {
        let hi = a * b;
        Self { hi, lo: a.product_rest(b, hi) }
    }

    /// `self * other`, to about 2^-102.
    #[inline(always)]
    pub fn times(self, other: Self) -> Self {
        let hi = self.hi * other.hi;
        let rest = self.hi.product_rest(other.hi, hi);
        Self { hi, lo: self.hi.mul_add(other.lo, self.lo.mul_add(other.hi, rest)) }
    }

    /// `self / other`, to about 2^-100; one division.
    #[inline(always)]
    pub fn over(self, other: Self) -> Self {
        let inverse = L::splat(1.0) / other.hi;
        let hi = self.hi * inverse;
        let product = hi * other.hi;
        let rest = (self.hi - product) - hi.product_rest(other.hi, product);
        Self::quick_sum(hi, (rest + hi.neg_mul_add(other.lo, self.lo)) * inverse)
    }

    /// The nearest number.
    #[inline(always)]
    pub fn round(self) -> L {
        self.hi + self.lo
    }
}
