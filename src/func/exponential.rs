//! Exponentials and logarithms.

use super::range;
use super::row::{Builtin, Curvature, Domain, Trend, Value};
use super::term::rule;
use crate::base::Interval;
use crate::num::vmath;
use std::f64::consts::{LN_2, LOG2_E, LOG10_E};

/// The numbers greater than 0.
const POSITIVE: Interval = Interval::new(f64::from_bits(1), f64::INFINITY);
/// The same with its open end.
const NOT_NEGATIVE: Interval = Interval::new(0.0, f64::INFINITY);

pub(super) static ROWS: &[Builtin] = &[
    Builtin {
        name: "exp",
        doc: "`e` to the power `x`",
        value: Value::One(vmath::exp),
        partials: |_, _, y| vec![y],
        curvature: |_| Curvature::Convex,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::exp, x[0], Interval::ALL, NOT_NEGATIVE),
        nl: &[44],
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "exp2",
        doc: "2 to the power `x`",
        value: Value::One(vmath::exp2),
        partials: |b, x, y| rule(b, x, y, |_, y| vec![LN_2 * y]),
        curvature: |_| Curvature::Convex,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::exp2, x[0], Interval::ALL, NOT_NEGATIVE),
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "expm1",
        doc: "`exp(x) - 1`, accurate near 0",
        value: Value::One(vmath::expm1),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("exp")]),
        curvature: |_| Curvature::Convex,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::expm1, x[0], Interval::ALL, Interval::new(-1.0, f64::INFINITY)),
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "log",
        doc: "natural logarithm",
        value: Value::One(vmath::log),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![1.0 / x[0]]),
        domain: Domain::ranges(&[POSITIVE], "log needs x > 0"),
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| enclose_log(vmath::log, x[0]),
        nl: &[43],
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "log10",
        doc: "logarithm to the base 10",
        value: Value::One(vmath::log10),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![LOG10_E / x[0]]),
        domain: Domain::ranges(&[POSITIVE], "log10 needs x > 0"),
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| enclose_log(vmath::log10, x[0]),
        nl: &[42],
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "log1p",
        doc: "`log(1 + x)`, accurate near 0",
        value: Value::One(vmath::log1p),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![1.0 / (1.0 + x[0])]),
        domain: Domain::ranges(&[Interval::new(-1.0 + f64::EPSILON / 2.0, f64::INFINITY)], "log1p needs x > -1"),
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| {
            if x[0].hi <= -1.0 {
                return Interval::EMPTY;
            }
            range::increasing(vmath::log1p, x[0], Interval::new(-1.0, f64::INFINITY), Interval::ALL)
        },
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "log2",
        doc: "logarithm to the base 2",
        value: Value::One(vmath::log2),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![LOG2_E / x[0]]),
        domain: Domain::ranges(&[POSITIVE], "log2 needs x > 0"),
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| enclose_log(vmath::log2, x[0]),
        reference: &[],
        ..Builtin::BASE
    },
];

/// The range of a logarithm.
fn enclose_log(log: fn(f64) -> f64, x: Interval) -> Interval {
    if x.hi <= 0.0 { Interval::EMPTY } else { range::increasing(log, x, NOT_NEGATIVE, Interval::ALL) }
}
