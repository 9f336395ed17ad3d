//! The error function, the gamma function's logarithm, and their kin.

use super::range;
use super::row::{Arity, Builtin, Curvature, Domain, Param, Surface, Trend, Value};
use super::term::rule;
use crate::base::Interval;
use crate::num::vmath;

const POSITIVE: Interval = Interval::new(f64::from_bits(1), f64::INFINITY);
const NOT_NEGATIVE: Interval = Interval::new(0.0, f64::INFINITY);
const NOT_POSITIVE: Interval = Interval::new(f64::NEG_INFINITY, 0.0);
/// From 0 to 1.
const SHARE: Interval = Interval::new(0.0, 1.0);
/// Where `lgamma` is least, and its value there: NIST Digital Library of Mathematical Functions, 5.4.20.
const LGAMMA_LEAST: (f64, f64) = (1.461_632_144_968_362_2, -0.121_486_290_535_849_6);

pub(super) static ROWS: &[Builtin] = &[
    Builtin {
        name: "erf",
        doc: "error function",
        value: Value::One(vmath::erf),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![vmath::FRAC_2_SQRT_PI * (-x[0].square()).call("exp")]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Convex, Curvature::Concave),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::erf, x[0], Interval::ALL, Interval::new(-1.0, 1.0)),
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "erfc",
        doc: "`1 - erf(x)`, accurate where it is small",
        value: Value::One(vmath::erfc),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![-vmath::FRAC_2_SQRT_PI * (-x[0].square()).call("exp")]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Concave, Curvature::Convex),
        monotone: |_| vec![Trend::Decreasing],
        enclose: |x| range::decreasing(vmath::erfc, x[0], Interval::ALL, Interval::new(0.0, 2.0)),
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "normal_cdf",
        doc: "the share of a standard normal population below `x`",
        value: Value::One(vmath::normal_cdf),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![vmath::FRAC_1_SQRT_TWO_PI * (-0.5 * x[0].square()).call("exp")]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Convex, Curvature::Concave),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::normal_cdf, x[0], Interval::ALL, SHARE),
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "normal_lcdf",
        doc: "`log(normal_cdf(x))` without underflow",
        value: Value::One(vmath::normal_lcdf),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("normal_hazard")]),
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::normal_lcdf, x[0], Interval::ALL, NOT_POSITIVE),
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "normal_hazard",
        doc: "standard normal density over `normal_cdf(x)`: the slope of `normal_lcdf`",
        surface: Surface::Internal,
        value: Value::One(vmath::normal_hazard),
        partials: |b, x, y| rule(b, x, y, |x, y| vec![-y * (x[0] + y)]),
        curvature: |_| Curvature::Convex,
        monotone: |_| vec![Trend::Decreasing],
        enclose: |x| {
            let range = range::decreasing(vmath::normal_hazard, x[0], Interval::ALL, NOT_NEGATIVE);
            range.widen(3).meet(NOT_NEGATIVE)
        },
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "lgamma",
        doc: "logarithm of the gamma function",
        value: Value::One(vmath::lgamma),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("digamma")]),
        domain: Domain::ranges(&[POSITIVE], "lgamma needs x > 0"),
        curvature: |_| Curvature::Convex,
        monotone: |x| {
            vec![if x[0].hi <= LGAMMA_LEAST.0 {
                Trend::Decreasing
            } else if x[0].lo >= LGAMMA_LEAST.0 {
                Trend::Increasing
            } else {
                Trend::Unknown
            }]
        },
        enclose: |x| range::with_turn(vmath::lgamma, positive(x[0]), LGAMMA_LEAST),
        floor: 4e-16,
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "digamma",
        doc: "derivative of `lgamma`",
        value: Value::One(vmath::digamma),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("trigamma")]),
        domain: Domain::ranges(&[POSITIVE], "digamma needs x > 0"),
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::digamma, positive(x[0]), NOT_NEGATIVE, Interval::ALL),
        floor: 4e-16,
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "trigamma",
        doc: "second derivative of `lgamma`",
        value: Value::One(vmath::trigamma),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].num(2.0).call2("polygamma", x[0])]),
        domain: Domain::ranges(&[POSITIVE], "trigamma needs x > 0"),
        curvature: |_| Curvature::Convex,
        monotone: |_| vec![Trend::Decreasing],
        enclose: |x| range::decreasing(vmath::trigamma, positive(x[0]), NOT_NEGATIVE, NOT_NEGATIVE),
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "polygamma",
        doc: "derivative `n + 1` of `lgamma`, for whole `n` up to 30",
        arity: Arity::Exactly(2),
        params: &[Param::new("n"), Param::new("x")],
        surface: Surface::Internal,
        value: Value::Two(vmath::polygamma),
        // The order is a number; the slope in it is never asked for.
        partials: |b, x, y| rule(b, x, y, |x, y| vec![y.num(0.0), (x[0] + 1.0).call2("polygamma", x[1])]),
        domain: Domain {
            joint: Some(|x| x[0] == x[0].floor()),
            ..Domain::ranges(&[Interval::new(0.0, 30.0), POSITIVE], "polygamma needs a whole n from 0 to 30 and x > 0")
        },
        curvature: |x| match range::point(x[0]) {
            Some(n) if n % 2.0 == 1.0 => Curvature::Convex,
            Some(_) => Curvature::Concave,
            None => Curvature::Unknown,
        },
        monotone: |x| match range::point(x[0]) {
            Some(n) if n % 2.0 == 1.0 => vec![Trend::Constant, Trend::Decreasing],
            Some(_) => vec![Trend::Constant, Trend::Increasing],
            None => vec![Trend::Unknown; 2],
        },
        enclose: |x| {
            let (Some(n), x) = (range::point(x[0]), positive(x[1])) else { return Interval::ALL };
            if x.is_empty() {
                return x;
            }
            Interval::point(vmath::polygamma(n, x.lo)).hull(Interval::point(vmath::polygamma(n, x.hi))).widen(3)
        },
        reference: &[],
        ..Builtin::BASE
    },
];

/// The part from 0 up, or nothing when no positive number is in it.
fn positive(x: Interval) -> Interval {
    if x.hi <= 0.0 { Interval::EMPTY } else { x.meet(NOT_NEGATIVE) }
}
