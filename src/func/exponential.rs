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
        block: Some(|level, args, out| vmath::block::exp(level, args[0], out)),
        partials: |_, _, y| vec![y],
        curvature: |_| Curvature::Convex,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::exp, x[0], Interval::ALL, NOT_NEGATIVE),
        nl: &[44],
        reference: &[
            (&[0.0], 1.0),
            (&[1e-17], 1.0),
            (&[1.0], 2.718281828459045),
            (&[-1.0], 0.36787944117144233),
            (&[0.34657359027997264], 1.414213562373095),
            (&[10.0], 22026.465794806718),
            (&[-50.0], 1.9287498479639178e-22),
            (&[709.5], 1.3549863193146328e308),
            (&[-708.0], 3.307553003638408e-308),
            (&[100.3], 3.628578599676532e43),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "exp2",
        doc: "2 to the power `x`",
        value: Value::One(vmath::exp2),
        block: Some(|level, args, out| vmath::block::exp2(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |_, y| vec![LN_2 * y]),
        curvature: |_| Curvature::Convex,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::exp2, x[0], Interval::ALL, NOT_NEGATIVE),
        reference: &[
            (&[0.0], 1.0),
            (&[1e-17], 1.0),
            (&[1.0], 2.0),
            (&[-1.5], 0.3535533905932738),
            (&[0.5], 1.4142135623730951),
            (&[10.3], 1260.691879265195),
            (&[-50.7], 5.467379497336617e-16),
            (&[1023.9], 1.6773070034857416e308),
            (&[-1021.5], 3.1467296279827175e-308),
            (&[0.3], 1.2311444133449163),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "expm1",
        doc: "`exp(x) - 1`, accurate near 0",
        value: Value::One(vmath::expm1),
        block: Some(|level, args, out| vmath::block::expm1(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("exp")]),
        curvature: |_| Curvature::Convex,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::expm1, x[0], Interval::ALL, Interval::new(-1.0, f64::INFINITY)),
        reference: &[
            (&[0.0], 0.0),
            (&[1e-17], 1e-17),
            (&[-1e-17], -1e-17),
            (&[1e-05], 1.0000050000166668e-05),
            (&[-0.3], -0.2591817793182821),
            (&[0.3], 0.3498588075760031),
            (&[1.0], 1.7182818284590453),
            (&[-40.0], -1.0),
            (&[50.0], 5.184705528587072e21),
            (&[709.5], 1.3549863193146328e308),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "log",
        doc: "natural logarithm",
        value: Value::One(vmath::log),
        block: Some(|level, args, out| vmath::block::log(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![1.0 / x[0]]),
        domain: Domain::ranges(&[POSITIVE], "log needs x > 0"),
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| enclose_log(vmath::log, x[0]),
        nl: &[43],
        reference: &[
            (&[5e-324], -744.4400719213812),
            (&[1e-300], -690.7755278982137),
            (&[1e-08], -18.420680743952367),
            (&[0.5], -0.6931471805599453),
            (&[0.9999999999999999], -1.1102230246251565e-16),
            (&[1.0000000000000002], 2.2204460492503128e-16),
            (&[2.718281828459045], 1.0),
            (&[10.0], 2.302585092994046),
            (&[1e16], 36.841361487904734),
            (&[1.7e308], 709.7268368932282),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "log10",
        doc: "logarithm to the base 10",
        value: Value::One(vmath::log10),
        block: Some(|level, args, out| vmath::block::log10(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![LOG10_E / x[0]]),
        domain: Domain::ranges(&[POSITIVE], "log10 needs x > 0"),
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| enclose_log(vmath::log10, x[0]),
        nl: &[42],
        reference: &[
            (&[5e-324], -323.3062153431158),
            (&[1e-300], -300.0),
            (&[1e-08], -8.0),
            (&[0.5], -0.3010299956639812),
            (&[0.9999999999999999], -4.821637332766436e-17),
            (&[1.0000000000000002], 9.64327466553287e-17),
            (&[2.718281828459045], 0.4342944819032518),
            (&[10.0], 1.0),
            (&[1e16], 16.0),
            (&[1.7e308], 308.2304489213783),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "log1p",
        doc: "`log(1 + x)`, accurate near 0",
        value: Value::One(vmath::log1p),
        block: Some(|level, args, out| vmath::block::log1p(level, args[0], out)),
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
        reference: &[
            (&[0.0], 0.0),
            (&[1e-17], 1e-17),
            (&[-1e-17], -1e-17),
            (&[1e-05], 9.999950000333332e-06),
            (&[-0.3], -0.35667494393873234),
            (&[0.5], 0.4054651081081644),
            (&[1.0], 0.6931471805599453),
            (&[-0.9999999999999999], -36.7368005696771),
            (&[50.0], 3.9318256327243257),
            (&[1.7e308], 709.7268368932282),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "log2",
        doc: "logarithm to the base 2",
        value: Value::One(vmath::log2),
        block: Some(|level, args, out| vmath::block::log2(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![LOG2_E / x[0]]),
        domain: Domain::ranges(&[POSITIVE], "log2 needs x > 0"),
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| enclose_log(vmath::log2, x[0]),
        reference: &[
            (&[5e-324], -1074.0),
            (&[1e-300], -996.5784284662087),
            (&[1e-08], -26.575424759098897),
            (&[0.5], -1.0),
            (&[0.9999999999999999], -1.6017132519074588e-16),
            (&[1.0000000000000002], 3.203426503814917e-16),
            (&[2.718281828459045], 1.4426950408889634),
            (&[10.0], 3.321928094887362),
            (&[1e16], 53.150849518197795),
            (&[1.7e308], 1023.9193879716706),
        ],
        ..Builtin::BASE
    },
];

/// The range of a logarithm.
fn enclose_log(log: fn(f64) -> f64, x: Interval) -> Interval {
    if x.hi <= 0.0 { Interval::EMPTY } else { range::increasing(log, x, NOT_NEGATIVE, Interval::ALL) }
}
