//! Sine, cosine, tangent and their inverses, in radians.

use super::range;
use super::row::{Arity, Builtin, Curvature, Domain, Param, Smoothness, Trend, Value};
use super::term::rule;
use crate::base::Interval;
use crate::num::vmath;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

const UNIT: Interval = Interval::new(-1.0, 1.0);
/// Beyond this the quarter of a turn an end lies in is not worth finding: all values are possible.
const MANY_TURNS: f64 = 1e9;
/// The double above pi / 2, and the double above pi.
const UP_FRAC_PI_2: f64 = FRAC_PI_2.next_up();
const UP_PI: f64 = PI.next_up();

pub(super) static ROWS: &[Builtin] = &[
    Builtin {
        name: "sin",
        doc: "sine of an angle in radians",
        value: Value::One(vmath::sin),
        block: Some(|level, args, out| vmath::block::sin(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("cos")]),
        curvature: |x| hump_curvature(x[0], 0.0),
        monotone: |x| vec![hump_trend(x[0], -FRAC_PI_2)],
        enclose: |x| enclose_wave(vmath::sin, x[0], FRAC_PI_2),
        nl: &[41],
        reference: &[
            (&[0.0], 0.0),
            (&[1e-09], 1e-09),
            (&[0.5], 0.479425538604203),
            (&[1.0], 0.8414709848078965),
            (&[-2.0], -0.9092974268256817),
            (&[3.141592653589793], 1.2246467991473532e-16),
            (&[1.5707963267948966], 1.0),
            (&[100.0], -0.5063656411097588),
            (&[100000.0], 0.03574879797201651),
            (&[-1e22], 0.8522008497671888),
            (&[5.319372648326541e255], 1.0),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "cos",
        doc: "cosine of an angle in radians",
        value: Value::One(vmath::cos),
        block: Some(|level, args, out| vmath::block::cos(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![-x[0].call("sin")]),
        curvature: |x| hump_curvature(x[0], -FRAC_PI_2),
        monotone: |x| vec![hump_trend(x[0], -PI)],
        enclose: |x| enclose_wave(vmath::cos, x[0], 0.0),
        nl: &[46],
        reference: &[
            (&[0.0], 1.0),
            (&[1e-09], 1.0),
            (&[0.5], 0.8775825618903728),
            (&[1.0], 0.5403023058681398),
            (&[-2.0], -0.4161468365471424),
            (&[3.141592653589793], -1.0),
            (&[1.5707963267948966], 6.123233995736766e-17),
            (&[100.0], 0.8623188722876839),
            (&[100000.0], -0.9993608074382124),
            (&[-1e22], 0.523214785395139),
            (&[5.319372648326541e255], -4.687165924254628e-19),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "tan",
        doc: "tangent of an angle in radians",
        value: Value::One(vmath::tan),
        block: Some(|level, args, out| vmath::block::tan(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |_, y| vec![1.0 + y.square()]),
        // At a pole there is no value, as with `1 / x`: the tangent is smooth where it is defined.
        smoothness: |_| Smoothness::Smooth,
        curvature: |x| match (half_turn(x[0], -FRAC_PI_2), quarter_turn(x[0])) {
            (Some(_), Some(quarter)) if quarter.rem_euclid(2) == 0 => Curvature::Convex,
            (Some(_), Some(_)) => Curvature::Concave,
            _ => Curvature::Unknown,
        },
        monotone: |x| vec![half_turn(x[0], -FRAC_PI_2).map_or(Trend::Unknown, |_| Trend::Increasing)],
        enclose: |x| match half_turn(x[0], -FRAC_PI_2) {
            Some(_) => {
                let range = x[0].increasing(vmath::tan);
                if range.is_empty() { Interval::ALL } else { range }
            }
            None if x[0].is_empty() => Interval::EMPTY,
            None => Interval::ALL,
        },
        nl: &[38],
        reference: &[
            (&[0.0], 0.0),
            (&[1e-09], 1e-09),
            (&[0.5], 0.5463024898437905),
            (&[1.0], 1.5574077246549023),
            (&[-2.0], 2.185039863261519),
            (&[3.141592653589793], -1.2246467991473532e-16),
            (&[1.5707963267948966], 1.633123935319537e16),
            (&[100.0], -0.5872139151569291),
            (&[100000.0], -0.035771662952898776),
            (&[-1e22], 1.6287782256068988),
            (&[5.319372648326541e255], -2.133485385753704e18),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "asin",
        doc: "the angle from -pi/2 to pi/2 whose sine is `x`",
        value: Value::One(vmath::asin),
        block: Some(|level, args, out| vmath::block::asin(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![1.0 / ((1.0 - x[0]) * (1.0 + x[0])).call("sqrt")]),
        domain: Domain { steep: Some(|x| x[0].abs() == 1.0), ..Domain::ranges(&[UNIT], "asin needs x from -1 to 1") },
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Concave, Curvature::Convex),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::asin, x[0], UNIT, Interval::new(-UP_FRAC_PI_2, UP_FRAC_PI_2)),
        nl: &[51],
        reference: &[
            (&[0.0], 0.0),
            (&[1e-09], 1e-09),
            (&[0.3], 0.3046926540153975),
            (&[-0.5], -0.5235987755982989),
            (&[0.5000001], 0.5235988910683566),
            (&[0.9999999999999999], 1.5707963118937354),
            (&[1.0], 1.5707963267948966),
            (&[-1.0], -1.5707963267948966),
            (&[-0.99], -1.4292568534704693),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "acos",
        doc: "the angle from 0 to pi whose cosine is `x`",
        value: Value::One(vmath::acos),
        block: Some(|level, args, out| vmath::block::acos(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![-1.0 / ((1.0 - x[0]) * (1.0 + x[0])).call("sqrt")]),
        domain: Domain { steep: Some(|x| x[0].abs() == 1.0), ..Domain::ranges(&[UNIT], "acos needs x from -1 to 1") },
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Convex, Curvature::Concave),
        monotone: |_| vec![Trend::Decreasing],
        enclose: |x| range::decreasing(vmath::acos, x[0], UNIT, Interval::new(0.0, UP_PI)),
        nl: &[53],
        reference: &[
            (&[0.0], 1.5707963267948966),
            (&[1e-09], 1.5707963257948967),
            (&[0.3], 1.2661036727794992),
            (&[-0.5], 2.0943951023931957),
            (&[0.5000001], 1.0471974357265401),
            (&[0.9999999999999999], 1.4901161193847656e-08),
            (&[1.0], 0.0),
            (&[-1.0], 3.141592653589793),
            (&[-0.99], 3.000053180265366),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "atan",
        doc: "the angle from -pi/2 to pi/2 whose tangent is `x`",
        value: Value::One(vmath::atan),
        block: Some(|level, args, out| vmath::block::atan(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![1.0 / (1.0 + x[0].square())]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Convex, Curvature::Concave),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::atan, x[0], Interval::ALL, Interval::new(-UP_FRAC_PI_2, UP_FRAC_PI_2)),
        nl: &[49],
        reference: &[
            (&[0.0], 0.0),
            (&[1e-09], 1e-09),
            (&[0.3], 0.2914567944778671),
            (&[-0.5], -0.4636476090008061),
            (&[0.7], 0.6107259643892086),
            (&[1.0], 0.7853981633974483),
            (&[-1.7], -1.039072259536091),
            (&[30.0], 1.5374753309166493),
            (&[1e16], 1.5707963267948966),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "atan2",
        doc: "the angle from -pi to pi of the point `(x, y)`, the ordinate first",
        arity: Arity::Exactly(2),
        params: &[Param::new("y"), Param::new("x")],
        value: Value::Two(vmath::atan2),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let square = x[1].square() + x[0].square();
                vec![x[1] / square, -x[0] / square]
            })
        },
        domain: Domain { steep: Some(|x| x[0] == 0.0 && x[1] == 0.0), ..Domain::ALL },
        smoothness: |x| if crosses_cut(x[0], x[1]) { Smoothness::Jump } else { Smoothness::Smooth },
        monotone: |x| {
            if crosses_cut(x[0], x[1]) {
                return vec![Trend::Unknown; 2];
            }
            vec![Trend::of_slope(x[1]), Trend::of_slope(range::neg(x[0]))]
        },
        enclose: |x| enclose_angle(x[0], x[1]),
        nl: &[48],
        reference: &[
            (&[0.0, 1.0], 0.0),
            (&[1.0, 0.0], 1.5707963267948966),
            (&[1.0, 1.0], 0.7853981633974483),
            (&[-1.0, -1.0], -2.356194490192345),
            (&[0.0, -1.0], 3.141592653589793),
            (&[1e-09, -1.0], 3.141592652589793),
            (&[-3.0, 0.5], -1.4056476493802699),
            (&[1e-300, 1e300], 0.0),
            (&[2.0, -7.0], 2.8632929945846817),
        ],
        ..Builtin::BASE
    },
];

/// The `k` for which `x` lies in `[k, k + 1] * width + start`, if there is one.
///
/// Ends that are the doubles nearest to a multiple of `width` count as that multiple.
fn cell(x: Interval, start: f64, width: f64) -> Option<i64> {
    if x.is_empty() || x.lo.abs() > MANY_TURNS || x.hi.abs() > MANY_TURNS {
        return None;
    }
    let place = |v: f64| {
        let at = (v - start) / width;
        let near = at.round();
        // Four rounding errors: two in the multiple, one in the difference, one in the quotient.
        if (at - near).abs() <= 4.0 * f64::EPSILON * at.abs().max(1.0) { near } else { at }
    };
    let (lo, hi) = (place(x.lo).floor(), place(x.hi).ceil());
    (hi - lo <= 1.0).then_some(lo as i64)
}

/// The half turn after `start` that holds `x`.
fn half_turn(x: Interval, start: f64) -> Option<i64> {
    cell(x, start, PI)
}

/// The quarter turn that holds `x`.
fn quarter_turn(x: Interval) -> Option<i64> {
    cell(x, 0.0, FRAC_PI_2)
}

/// The curvature of a wave that is positive in the half turn after `start`: there it is concave.
fn hump_curvature(x: Interval, start: f64) -> Curvature {
    match half_turn(x, start) {
        Some(k) if k.rem_euclid(2) == 0 => Curvature::Concave,
        Some(_) => Curvature::Convex,
        None => Curvature::Unknown,
    }
}

/// The trend of a wave that rises in the half turn after `start`.
fn hump_trend(x: Interval, start: f64) -> Trend {
    match half_turn(x, start) {
        Some(k) if k.rem_euclid(2) == 0 => Trend::Increasing,
        Some(_) => Trend::Decreasing,
        None => Trend::Unknown,
    }
}

/// The range of a wave with a top at `top + k * 2 pi`.
fn enclose_wave(f: fn(f64) -> f64, x: Interval, top: f64) -> Interval {
    if x.is_empty() {
        return x;
    }
    if !range::is_point(x) && (x.hi - x.lo >= TAU || x.lo.abs() > MANY_TURNS || x.hi.abs() > MANY_TURNS) {
        return UNIT;
    }
    if x.lo.is_infinite() {
        return UNIT;
    }
    let ends = Interval::point(f(x.lo)).hull(Interval::point(f(x.hi))).widen(3);
    let holds = |at: f64| {
        // A turn is lost rather than a top: the slack covers the rounding of the multiples.
        let slack = 8.0 * f64::EPSILON;
        let (lo, hi) = ((x.lo - at) / TAU, (x.hi - at) / TAU);
        (hi + slack * (1.0 + hi.abs())).floor() >= (lo - slack * (1.0 + lo.abs())).ceil()
    };
    let hull = |range: Interval, found: bool, value: f64| {
        if found { range.hull(Interval::point(value)) } else { range }
    };
    if range::is_point(x) {
        return ends.meet(UNIT);
    }
    hull(hull(ends, holds(top), 1.0), holds(top - PI), -1.0).meet(UNIT)
}

/// Whether a box of `(y, x)` meets the cut of `atan2`, the negative half of the x axis, or its end.
fn crosses_cut(y: Interval, x: Interval) -> bool {
    y.contains(0.0) && x.lo <= 0.0
}

/// The range of `atan2(y, x)`: away from the cut the angle is extreme at corners of the box.
fn enclose_angle(y: Interval, x: Interval) -> Interval {
    let all = Interval::new(-UP_PI, UP_PI);
    if x.is_empty() || y.is_empty() {
        return Interval::EMPTY;
    }
    if crosses_cut(y, x) {
        return if y.lo >= 0.0 { Interval::new(0.0, UP_PI) } else { all };
    }
    let mut range = Interval::EMPTY;
    for y in [y.lo, y.hi] {
        for x in [x.lo, x.hi] {
            range = range.hull(Interval::point(vmath::atan2(y, x)));
        }
    }
    range.widen(3).meet(all)
}
