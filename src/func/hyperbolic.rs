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
        block: Some(|level, args, out| vmath::block::sinh(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("cosh")]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Concave, Curvature::Convex),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::sinh, x[0], Interval::ALL, Interval::ALL),
        nl: &[40],
        reference: &[
            (&[0.0], 0.0),
            (&[1e-09], 1e-09),
            (&[0.3], 0.3045202934471426),
            (&[-0.5], -0.5210953054937474),
            (&[1.0], 1.1752011936438014),
            (&[-3.7], -20.21129041679853),
            (&[22.5], 2955261031.5116453),
            (&[710.0], 1.1169973830808555e308),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "cosh",
        doc: "hyperbolic cosine",
        value: Value::One(vmath::cosh),
        block: Some(|level, args, out| vmath::block::cosh(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("sinh")]),
        curvature: |_| Curvature::Convex,
        monotone: |x| vec![Trend::of_slope(x[0])],
        enclose: |x| range::increasing(vmath::cosh, range::abs(x[0]), Interval::ALL, FROM_1),
        nl: &[45],
        reference: &[
            (&[0.0], 1.0),
            (&[1e-09], 1.0),
            (&[0.3], 1.0453385141288605),
            (&[-0.5], 1.1276259652063807),
            (&[1.0], 1.5430806348152437),
            (&[-3.7], 20.23601394326887),
            (&[22.5], 2955261031.5116453),
            (&[710.0], 1.1169973830808555e308),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "tanh",
        doc: "hyperbolic tangent",
        value: Value::One(vmath::tanh),
        block: Some(|level, args, out| vmath::block::tanh(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |_, y| vec![1.0 - y.square()]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Convex, Curvature::Concave),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::tanh, x[0], Interval::ALL, UNIT),
        nl: &[37],
        reference: &[
            (&[0.0], 0.0),
            (&[1e-09], 1e-09),
            (&[0.2], 0.197375320224904),
            (&[-0.25], -0.24491866240370913),
            (&[0.5], 0.46211715726000974),
            (&[-1.0], -0.7615941559557649),
            (&[3.7], 0.9987782412811312),
            (&[19.0], 0.9999999999999999),
            (&[25.0], 1.0),
        ],
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
        reference: &[
            (&[0.0], 0.0),
            (&[1e-09], 1e-09),
            (&[0.125], 0.12467674692144275),
            (&[-0.3], -0.29567304756342244),
            (&[1.0], 0.881373587019543),
            (&[-3.7], -2.0192606561549606),
            (&[10000000000.0], 23.7189981105004),
            (&[1.7e308], 710.4199840737882),
        ],
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
        reference: &[
            (&[1.0], 0.0),
            (&[1.0000000000000002], 2.1073424255447014e-08),
            (&[1.001], 0.04471763360830685),
            (&[1.1], 0.4435682543851154),
            (&[1.5], 0.9624236501192069),
            (&[2.0], 1.3169578969248168),
            (&[30.0], 4.0940666686320855),
            (&[10000000000.0], 23.7189981105004),
            (&[1.7e308], 710.4199840737882),
        ],
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
        reference: &[
            (&[0.0], 0.0),
            (&[1e-09], 1e-09),
            (&[0.2], 0.2027325540540822),
            (&[-0.3], -0.3095196042031117),
            (&[0.5], 0.5493061443340549),
            (&[-0.7], -0.8673005276940531),
            (&[0.99], 2.6466524123622457),
            (&[0.9999999999999999], 18.714973875118524),
        ],
        ..Builtin::BASE
    },
];
