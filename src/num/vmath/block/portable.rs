//! One lane, with what every processor has: no fused product, since that would be a call.
//!
//! Deliberately absent: anything that differs between processors.

use super::lanes::{Lanes, SIGN};

/// `2^27 + 1`: splits a number into two of 26 bits (Dekker, Numer. Math. 18, 1971).
const SPLIT: f64 = 134_217_729.0;

/// The upper 26 bits of a number, and the rest.
#[inline(always)]
fn halves(x: f64) -> (f64, f64) {
    let t = SPLIT * x;
    let upper = t - (t - x);
    (upper, x - upper)
}

impl Lanes for f64 {
    type Mask = bool;
    const COUNT: usize = 1;
    const FUSED: bool = false;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn load(from: &[f64]) -> Self {
        from[0]
    }
    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        to[0] = self;
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        self * b + c
    }
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        c - self * b
    }
    #[inline(always)]
    fn product_rest(self, b: Self, product: Self) -> Self {
        let ((a1, a2), (b1, b2)) = (halves(self), halves(b));
        ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f64::abs(self)
    }
    #[inline(always)]
    fn at_least(self, floor: f64) -> Self {
        if floor > self { floor } else { self }
    }
    #[inline(always)]
    fn at_most(self, ceiling: f64) -> Self {
        if ceiling < self { ceiling } else { self }
    }
    #[inline(always)]
    fn lt(self, other: Self) -> bool {
        self < other
    }
    #[inline(always)]
    fn le(self, other: Self) -> bool {
        self <= other
    }
    #[inline(always)]
    fn eq(self, other: Self) -> bool {
        self == other
    }
    #[inline(always)]
    fn sign_set(self) -> bool {
        self.to_bits() & SIGN != 0
    }
    #[inline(always)]
    fn pick(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }
    #[inline(always)]
    fn lanes_of(mask: bool) -> u32 {
        u32::from(mask)
    }
    #[inline(always)]
    fn shl<const K: i32>(self) -> Self {
        f64::from_bits(self.to_bits() << K)
    }
    #[inline(always)]
    fn shr<const K: i32>(self) -> Self {
        f64::from_bits(self.to_bits() >> K)
    }
    #[inline(always)]
    fn add_bits(self, whole: u64) -> Self {
        f64::from_bits(self.to_bits().wrapping_add(whole))
    }
    #[inline(always)]
    fn and_bits(self, bits: u64) -> Self {
        f64::from_bits(self.to_bits() & bits)
    }
    #[inline(always)]
    fn or_bits(self, bits: u64) -> Self {
        f64::from_bits(self.to_bits() | bits)
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        f64::from_bits(self.to_bits() ^ other.to_bits())
    }
}
