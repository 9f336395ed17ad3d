//! Hyperbolic functions and their inverses.

use super::range;
use super::row::{Builtin, Curvature, Domain, Trend, Value};
use super::term::rule;
use crate::base::Interval;
use crate::num::vmath;

const UNIT: Interval = Interval::new(-1.0, 1.0);
/// The open interval from -1 to 1, in doubles.
const INSIDE_UNIT: Interval = Interval::new(-1.0 + f64::EPSILON / 2.0, 1.0 - f64::EPSILON / 2.0);
const FROM_1: Interval = Interval::new(1.0, f64::INFINITY);

pub(super) static ROWS: &[Builtin] = &[
    Builtin {
        name: "sinh",
        doc: "hyperbolic sine",
        value: Value::One(vmath::sinh),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("cosh")]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Concave, Curvature::Convex),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::sinh, x[0], Interval::ALL, Interval::ALL),
        nl: &[40],
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "cosh",
        doc: "hyperbolic cosine",
        value: Value::One(vmath::cosh),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("sinh")]),
        curvature: |_| Curvature::Convex,
        monotone: |x| vec![Trend::of_slope(x[0])],
        enclose: |x| range::increasing(vmath::cosh, range::abs(x[0]), Interval::ALL, FROM_1),
        nl: &[45],
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "tanh",
        doc: "hyperbolic tangent",
        value: Value::One(vmath::tanh),
        partials: |b, x, y| rule(b, x, y, |_, y| vec![1.0 - y.square()]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Convex, Curvature::Concave),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::tanh, x[0], Interval::ALL, UNIT),
        nl: &[37],
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "asinh",
        doc: "inverse of the hyperbolic sine",
        value: Value::One(vmath::asinh),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![1.0 / (1.0 + x[0].square()).call("sqrt")]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Convex, Curvature::Concave),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::asinh, x[0], Interval::ALL, Interval::ALL),
        nl: &[50],
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "acosh",
        doc: "inverse of the hyperbolic cosine, not negative",
        value: Value::One(vmath::acosh),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![1.0 / ((x[0] - 1.0) * (x[0] + 1.0)).call("sqrt")]),
        domain: Domain { steep: Some(|x| x[0] == 1.0), ..Domain::ranges(&[FROM_1], "acosh needs x >= 1") },
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::acosh, x[0], FROM_1, Interval::new(0.0, f64::INFINITY)),
        nl: &[52],
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "atanh",
        doc: "inverse of the hyperbolic tangent",
        value: Value::One(vmath::atanh),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![1.0 / ((1.0 - x[0]) * (1.0 + x[0]))]),
        domain: Domain::ranges(&[INSIDE_UNIT], "atanh needs x between -1 and 1"),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Concave, Curvature::Convex),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| {
            if x[0].hi <= -1.0 || x[0].lo >= 1.0 {
                return Interval::EMPTY;
            }
            range::increasing(vmath::atanh, x[0], UNIT, Interval::ALL)
        },
        nl: &[47],
        reference: &[],
        ..Builtin::BASE
    },
];
