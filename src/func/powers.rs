//! Powers and roots.

use super::range;
use super::row::block_one;
use super::row::{
    Arity, Builtin, Curvature, Domain, Instruction, Lower, Param, Residual, Smoothness, Surface, Trend, Value,
};
use super::term::rule;
use crate::base::Interval;
use crate::num::vmath;

/// The numbers from 0 up.
const NOT_NEGATIVE: Interval = Interval::new(0.0, f64::INFINITY);

pub(super) static ROWS: &[Builtin] = &[
    Builtin {
        name: "pow",
        doc: "`x` to the power `y`; `0 ^ 0` is 1",
        arity: Arity::Exactly(2),
        params: &[Param::new("x"), Param::new("y")],
        surface: Surface::Operator("^"),
        value: Value::Two(vmath::pow),
        block: Some(|level, args, out| vmath::block::pow(level, args[0], args[1], out)),
        // At 0 ^ 0 the slope in x is 0, not 0 * inf; in y there is a slope only for x > 0.
        partials: |b, x, y| {
            rule(b, x, y, |x, y| {
                let (base, exponent) = (x[0], x[1]);
                let slope = exponent * base.call2("pow", exponent - 1.0);
                let at_zero = base.eq(0.0).cond(base.num(0.0), slope);
                vec![exponent.eq(0.0).cond(at_zero, slope), base.gt(0.0).cond(y * base.call("log"), base.num(0.0))]
            })
        },
        domain: Domain {
            joint: Some(|x| x[0] > 0.0 || (x[0] == 0.0 && x[1] >= 0.0) || (x[0] < 0.0 && is_whole(x[1]))),
            steep: Some(|x| x[0] == 0.0 && 0.0 < x[1] && x[1] < 1.0),
            text: "x ^ y needs x > 0, or x = 0 with y >= 0, or a whole number y",
            ..Domain::ALL
        },
        // Negative bases have powers at whole exponents alone: where an exponent may move, those are no inner points of
        // the domain.
        smoothness: |_| Smoothness::Smooth,
        curvature: |x| match (range::point(x[0]), range::point(x[1])) {
            (Some(_), Some(_)) => Curvature::Constant,
            (_, Some(exponent)) => power_curvature(x[0], exponent),
            (Some(1.0), _) => Curvature::Constant,
            (Some(base), _) if base > 0.0 => Curvature::Convex,
            _ => Curvature::Unknown,
        },
        monotone: |x| vec![base_trend(x[0], x[1]), exponent_trend(x[0], x[1])],
        enclose: |x| enclose_power(x[0], x[1]),
        nl: &[5, 75, 76, 77],
        reference: &[
            (&[2.0, 0.5], 1.4142135623730951),
            (&[0.0, 0.0], 1.0),
            (&[0.0, 2.5], 0.0),
            (&[-2.0, 3.0], -8.0),
            (&[-2.0, -2.0], 0.25),
            (&[1.0000000001, 1000000000.0], 1.105170927214347),
            (&[10.0, -300.0], 1e-300),
            (&[0.7, 1.3], 0.6289664092534478),
            (&[1e-05, 60.0], 1.0000000000000048e-300),
            (&[3.0, 1e-17], 1.0),
            (&[-1.5, 101.0], -6.098417663028229e17),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "sqrt",
        doc: "square root",
        value: Value::One(vmath::sqrt),
        block: Some(|_, args, out| block_one(vmath::sqrt, args[0], out)),
        residual: Residual::Root,
        partials: |b, x, y| rule(b, x, y, |_, y| vec![0.5 / y]),
        domain: Domain { steep: Some(|x| x[0] == 0.0), ..Domain::ranges(&[NOT_NEGATIVE], "sqrt needs x >= 0") },
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::sqrt, x[0], NOT_NEGATIVE, NOT_NEGATIVE),
        lower: Lower::Native(Instruction::Sqrt),
        nl: &[39],
        reference: &[
            (&[0.0], 0.0),
            (&[5e-324], 2.2227587494850775e-162),
            (&[1e-300], 1e-150),
            (&[0.5], 0.7071067811865476),
            (&[2.0], 1.4142135623730951),
            (&[3.0], 1.7320508075688772),
            (&[1e16], 100000000.0),
            (&[1.7e308], 1.3038404810405297e154),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "cbrt",
        doc: "cube root, of negative numbers too",
        value: Value::One(vmath::cbrt),
        partials: |b, x, y| rule(b, x, y, |_, y| vec![1.0 / (3.0 * y.square())]),
        domain: Domain { steep: Some(|x| x[0] == 0.0), ..Domain::ALL },
        smoothness: |x| if x[0].contains(0.0) { Smoothness::Kink } else { Smoothness::Smooth },
        curvature: |x| {
            if x[0].lo >= 0.0 {
                Curvature::Concave
            } else if x[0].hi <= 0.0 {
                Curvature::Convex
            } else {
                Curvature::Unknown
            }
        },
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::cbrt, x[0], Interval::ALL, Interval::ALL),
        reference: &[
            (&[0.0], 0.0),
            (&[5e-324], 1.7031839360032603e-108),
            (&[-1e-300], -1e-100),
            (&[0.5], 0.7937005259840998),
            (&[-2.0], -1.2599210498948732),
            (&[3.0], 1.4422495703074083),
            (&[-27.0], -3.0),
            (&[1e16], 215443.46900318837),
            (&[1.7e308], 5.539658256754465e102),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "hypot",
        doc: "`sqrt(x^2 + y^2)` without overflow",
        arity: Arity::Exactly(2),
        params: &[Param::new("x"), Param::new("y")],
        value: Value::Two(vmath::hypot),
        residual: Residual::Length,
        // At the origin, where the slope does not exist, the subgradient 0.
        partials: |b, x, y| {
            rule(b, x, y, |x, y| {
                let zero = y.num(0.0);
                vec![y.gt(0.0).cond(x[0] / y, zero), y.gt(0.0).cond(x[1] / y, zero)]
            })
        },
        smoothness: |x| if x.iter().all(|x| x.contains(0.0)) { Smoothness::Kink } else { Smoothness::Smooth },
        curvature: |_| Curvature::Convex,
        monotone: |x| x.iter().map(|x| Trend::of_slope(*x)).collect(),
        enclose: |x| {
            let (x, y) = (range::abs(x[0]), range::abs(x[1]));
            if x.is_empty() || y.is_empty() {
                return Interval::EMPTY;
            }
            Interval::new(vmath::hypot(x.lo, y.lo), vmath::hypot(x.hi, y.hi)).widen(3).meet(NOT_NEGATIVE)
        },
        reference: &[
            (&[3.0, 4.0], 5.0),
            (&[0.0, 0.0], 0.0),
            (&[1e300, 1e300], 1.4142135623730952e300),
            (&[1e-300, 1e-300], 1.414213562373095e-300),
            (&[-1.0, 1e-09], 1.0),
            (&[0.1, -0.2], 0.223606797749979),
            (&[5.0, 0.0], 5.0),
            (&[1.0, 1.0], 1.4142135623730951),
        ],
        ..Builtin::BASE
    },
];

fn is_whole(x: f64) -> bool {
    x == x.floor()
}

fn is_even(x: f64) -> bool {
    is_whole(x / 2.0)
}

/// The curvature of `x^n` on a range.
fn power_curvature(x: Interval, n: f64) -> Curvature {
    if n == 0.0 {
        return Curvature::Constant;
    }
    if n == 1.0 {
        return Curvature::Affine;
    }
    let right = if 0.0 < n && n < 1.0 { Curvature::Concave } else { Curvature::Convex };
    if !is_whole(n) || x.lo >= 0.0 {
        right
    } else if is_even(n) && (n > 0.0 || x.hi <= 0.0) {
        Curvature::Convex
    } else if !is_even(n) && x.hi <= 0.0 {
        Curvature::Concave
    } else {
        Curvature::Unknown
    }
}

/// The trend of `x^y` in `x`.
fn base_trend(x: Interval, y: Interval) -> Trend {
    match range::point(y) {
        Some(0.0) => return Trend::Constant,
        Some(n) if is_whole(n) && x.lo < 0.0 => {
            return if n > 0.0 && !is_even(n) {
                Trend::Increasing
            } else if x.hi > 0.0 {
                Trend::Unknown
            } else if is_even(n) && n < 0.0 {
                Trend::Increasing
            } else {
                Trend::Decreasing
            };
        }
        _ => {}
    }
    if x.lo < 0.0 && range::point(y).is_none() { Trend::Unknown } else { Trend::of_slope(y) }
}

/// The trend of `x^y` in `y`.
fn exponent_trend(x: Interval, y: Interval) -> Trend {
    if range::is_point(y) || x == Interval::point(1.0) {
        Trend::Constant
    } else if x.lo >= 1.0 {
        Trend::Increasing
    } else if x.lo >= 0.0 && x.hi <= 1.0 {
        Trend::Decreasing
    } else {
        Trend::Unknown
    }
}

/// The range of `x^y`. For `x >= 0` the power is monotone in each argument, so the corners decide.
fn enclose_power(x: Interval, y: Interval) -> Interval {
    if x.is_empty() || y.is_empty() {
        return Interval::EMPTY;
    }
    let mut range = enclose_corners(x.meet(NOT_NEGATIVE), y);
    let left = range::neg(x.meet(Interval::new(f64::NEG_INFINITY, 0.0)));
    if !left.is_empty() && left.hi > 0.0 && y.hi.floor() >= y.lo {
        let whole = Interval::new(y.lo.ceil(), y.hi.floor());
        let size = enclose_corners(left, whole);
        if !range::is_point(whole) || is_even(whole.lo) {
            range = range.hull(size);
        }
        if !range::is_point(whole) || !is_even(whole.lo) {
            range = range.hull(range::neg(size));
        }
    }
    range
}

/// The range of `x^y` for `x >= 0`.
fn enclose_corners(x: Interval, y: Interval) -> Interval {
    // 0 to a negative power is no number.
    if x.is_empty() || (x.hi == 0.0 && y.hi < 0.0) {
        return Interval::EMPTY;
    }
    let mut range = Interval::EMPTY;
    // Adding 0 makes -0 into 0, whose negative powers are positive.
    for base in [x.lo + 0.0, x.hi + 0.0] {
        for exponent in [y.lo, y.hi] {
            range = range.hull(Interval::point(vmath::pow(base, exponent)));
        }
    }
    range.widen(3).meet(NOT_NEGATIVE)
}
