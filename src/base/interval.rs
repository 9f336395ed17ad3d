//! Closed intervals of the extended reals, rounded outward.
//!
//! The empty interval is `[+inf, -inf]`. Operations enclose the exact range: endpoints computed in
//! double precision are moved outward by a few units in the last place.

use serde::{Deserialize, Serialize};

/// A closed interval `[lo, hi]`; either end may be infinite.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

impl Interval {
    /// All reals.
    pub const ALL: Self = Self { lo: f64::NEG_INFINITY, hi: f64::INFINITY };
    /// No number at all.
    pub const EMPTY: Self = Self { lo: f64::INFINITY, hi: f64::NEG_INFINITY };

    /// `[lo, hi]`, taken as it is.
    pub const fn new(lo: f64, hi: f64) -> Self {
        Self { lo, hi }
    }

    /// The one number `value`.
    pub const fn point(value: f64) -> Self {
        Self { lo: value, hi: value }
    }

    /// Whether it holds no number.
    pub fn is_empty(self) -> bool {
        !(self.lo <= self.hi)
    }

    /// Whether `value` lies in it.
    pub fn contains(self, value: f64) -> bool {
        self.lo <= value && value <= self.hi
    }

    /// Whether every number of `other` lies in it.
    pub fn contains_all(self, other: Self) -> bool {
        other.is_empty() || (self.lo <= other.lo && other.hi <= self.hi)
    }

    /// The smallest interval that holds both.
    pub fn hull(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// The numbers in both.
    pub fn meet(self, other: Self) -> Self {
        let both = Self { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) };
        if both.is_empty() { Self::EMPTY } else { both }
    }

    /// Moves both ends outward by `ulps` units in the last place.
    pub fn widen(self, ulps: u32) -> Self {
        if self.is_empty() {
            return Self::EMPTY;
        }
        let (mut lo, mut hi) = (self.lo, self.hi);
        for _ in 0..ulps {
            lo = lo.next_down();
            hi = hi.next_up();
        }
        Self { lo, hi }
    }

    /// The range of a function that increases on this interval, accurate to 2 ulp.
    pub fn increasing(self, f: fn(f64) -> f64) -> Self {
        if self.is_empty() {
            return Self::EMPTY;
        }
        Self { lo: f(self.lo), hi: f(self.hi) }.widen(3)
    }

    /// The range of a function that decreases on this interval, accurate to 2 ulp.
    pub fn decreasing(self, f: fn(f64) -> f64) -> Self {
        if self.is_empty() {
            return Self::EMPTY;
        }
        Self { lo: f(self.hi), hi: f(self.lo) }.widen(3)
    }
}
