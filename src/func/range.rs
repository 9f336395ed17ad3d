//! Interval arithmetic for the enclosures and curvature claims of rows.
//!
//! Takes and gives [`Interval`]s; every operation encloses the exact range and is exact where the
//! endpoints are (so that whole numbers stay whole).
//! Deliberately absent: the enclosures of functions; those are in their rows.

use super::row::Curvature;
use crate::base::Interval;

/// Below this size a product loses bits of its own rounding error.
const SAFE_PRODUCT: f64 = 1e-290;

/// Moves a rounded lower end down, when its exact value is below.
fn down(rounded: f64, error: f64) -> f64 {
    if error < 0.0 || error.is_nan() { rounded.next_down() } else { rounded }
}

/// Moves a rounded upper end up, when its exact value is above.
fn up(rounded: f64, error: f64) -> f64 {
    if error > 0.0 || error.is_nan() { rounded.next_up() } else { rounded }
}

/// The rounding error of `a + b` (Knuth's two-sum); 0 when the sum is infinite.
fn sum_error(a: f64, b: f64) -> f64 {
    let s = a + b;
    if s.is_infinite() && (a.is_infinite() || b.is_infinite()) {
        return 0.0;
    }
    let t = s - a;
    (a - (s - t)) + (b - t)
}

/// The rounding error of `a * b`; NaN when it is not known.
fn product_error(a: f64, b: f64) -> f64 {
    let p = a * b;
    if p == 0.0 && (a == 0.0 || b == 0.0) || a.is_infinite() || b.is_infinite() {
        0.0
    } else if p.abs() < SAFE_PRODUCT {
        f64::NAN
    } else {
        a.mul_add(b, -p)
    }
}

/// `a * b` with `0 * inf = 0`: the right rule for ends of ranges.
fn product(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

/// `x + y`.
pub fn add(x: Interval, y: Interval) -> Interval {
    if x.is_empty() || y.is_empty() {
        return Interval::EMPTY;
    }
    let (lo, hi) = (x.lo + y.lo, x.hi + y.hi);
    Interval {
        lo: if lo.is_nan() { f64::NEG_INFINITY } else { down(lo, sum_error(x.lo, y.lo)) },
        hi: if hi.is_nan() { f64::INFINITY } else { up(hi, sum_error(x.hi, y.hi)) },
    }
}

/// `-x`.
pub fn neg(x: Interval) -> Interval {
    if x.is_empty() { x } else { Interval::new(-x.hi, -x.lo) }
}

/// `x - y`.
pub fn sub(x: Interval, y: Interval) -> Interval {
    add(x, neg(y))
}

/// `x * y`.
pub fn mul(x: Interval, y: Interval) -> Interval {
    if x.is_empty() || y.is_empty() {
        return Interval::EMPTY;
    }
    let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
    for a in [x.lo, x.hi] {
        for b in [y.lo, y.hi] {
            let (p, error) = (product(a, b), product_error(a, b));
            lo = lo.min(down(p, error));
            hi = hi.max(up(p, error));
        }
    }
    Interval { lo, hi }
}

/// `1 / x`, for an `x` that may reach up to 0 from one side; all numbers when 0 is inside.
fn recip(x: Interval) -> Interval {
    if x.is_empty() || (x.lo == 0.0 && x.hi == 0.0) {
        return Interval::EMPTY;
    }
    let one = |v: f64| {
        let r = 1.0 / v;
        let error = -r.mul_add(v, -1.0) * v;
        let known = v.is_infinite() || (SAFE_PRODUCT < v.abs() && v.abs() < 1.0 / SAFE_PRODUCT);
        (
            r,
            if v.is_infinite() {
                0.0
            } else if known {
                error
            } else {
                f64::NAN
            },
        )
    };
    if x.lo < 0.0 && x.hi > 0.0 {
        return Interval::ALL;
    }
    let (lo, lo_error) = one(x.hi);
    let (hi, hi_error) = one(x.lo);
    Interval {
        lo: if x.hi == 0.0 { f64::NEG_INFINITY } else { down(lo, lo_error) },
        hi: if x.lo == 0.0 { f64::INFINITY } else { up(hi, hi_error) },
    }
}

/// `x / y` on the `y` that are not 0; empty when there is none.
pub fn div(x: Interval, y: Interval) -> Interval {
    if x.is_empty() || y.is_empty() {
        return Interval::EMPTY;
    }
    if y.lo == y.hi && y.lo != 0.0 && y.lo.is_finite() {
        let (low, high) = if y.lo > 0.0 { (x.lo, x.hi) } else { (x.hi, x.lo) };
        let (lo, hi) = (low / y.lo, high / y.lo);
        return Interval {
            lo: if is_exact_quotient(lo, low, y.lo) { lo } else { lo.next_down() },
            hi: if is_exact_quotient(hi, high, y.lo) { hi } else { hi.next_up() },
        };
    }
    mul(x, recip(y))
}

/// Whether `q = x / y` needed no rounding.
fn is_exact_quotient(q: f64, x: f64, y: f64) -> bool {
    x.is_infinite() || x == 0.0 || (q.is_finite() && q.abs() > SAFE_PRODUCT && q.mul_add(y, -x) == 0.0)
}

/// `x * x`.
pub fn square(x: Interval) -> Interval {
    let a = abs(x);
    mul(a, a)
}

/// `|x|`.
pub fn abs(x: Interval) -> Interval {
    if x.is_empty() || x.lo >= 0.0 {
        x
    } else if x.hi <= 0.0 {
        neg(x)
    } else {
        Interval::new(0.0, x.hi.max(-x.lo))
    }
}

/// The range of an increasing `f`, accurate to 2 ulp and with values in `image`, on the part of `x`
/// inside `domain`; `f` gives its limits at the ends of `domain`.
pub fn increasing(f: fn(f64) -> f64, x: Interval, domain: Interval, image: Interval) -> Interval {
    let x = x.meet(domain);
    if x.is_empty() { x } else { x.increasing(f).meet(image) }
}

/// The range of a decreasing `f`; see [`increasing`].
pub fn decreasing(f: fn(f64) -> f64, x: Interval, domain: Interval, image: Interval) -> Interval {
    let x = x.meet(domain);
    if x.is_empty() { x } else { x.decreasing(f).meet(image) }
}

/// Whether the interval is one number.
pub fn is_point(x: Interval) -> bool {
    x.lo == x.hi
}

/// The one number of an interval, if it is one.
pub fn point(x: Interval) -> Option<f64> {
    is_point(x).then_some(x.lo)
}

/// `left` for ranges below 0, `right` for ranges above 0.
pub fn curvature_by_sign(x: Interval, left: Curvature, right: Curvature) -> Curvature {
    if x.lo >= 0.0 {
        right
    } else if x.hi <= 0.0 {
        left
    } else {
        Curvature::Unknown
    }
}

/// The range of an `f` that turns once, at `turn.0` with the value `turn.1`, and is monotone on both sides.
pub fn with_turn(f: fn(f64) -> f64, x: Interval, turn: (f64, f64)) -> Interval {
    if x.is_empty() {
        return x;
    }
    let ends = Interval::point(f(x.lo)).hull(Interval::point(f(x.hi)));
    // The turn is known to half a unit; beside it the value differs by less than its own rounding.
    let turns = x.lo <= turn.0.next_up() && x.hi >= turn.0.next_down();
    (if turns { ends.hull(Interval::point(turn.1).widen(1)) } else { ends }).widen(3)
}
