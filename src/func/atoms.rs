//! Stable atoms: compositions that would overflow, cancel or divide by 0 if a model wrote them out.

use super::range;
use super::row::{Arity, Builtin, Curvature, Domain, Param, Residual, Smoothness, Trend, Value, block_one};
use super::term::rule;
use crate::base::Interval;
use crate::num::loss::Loss;
use crate::num::vmath;
use std::f64::consts::{E, SQRT_2};

const NOT_NEGATIVE: Interval = Interval::new(0.0, f64::INFINITY);
/// The open interval from 0 to 1, in doubles.
const INSIDE_SHARE: Interval = Interval::new(f64::from_bits(1), 1.0 - f64::EPSILON / 2.0);
const SHARE: Interval = Interval::new(0.0, 1.0);
/// Where `-x log x` is greatest, and its value there: both are `1 / e`.
const ENTROPY_GREATEST: (f64, f64) = (1.0 / E, 1.0 / E);
/// Where `gelu` is least, and its value there: the root of `cdf(x) + x density(x)`.
const GELU_LEAST: (f64, f64) = (-0.751_791_524_693_564_6, -0.169_971_207_479_903_68);

/// `log(1 + exp(z))` under one of its names.
macro_rules! softplus {
    ($name:literal, $doc:literal, reference: $reference:expr) => {
        Builtin {
            name: $name,
            doc: $doc,
            params: &[Param::new("z")],
            value: Value::One(vmath::logistic),
            block: Some(|level, args, out| vmath::block::softplus(level, args[0], out)),
            partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("sigmoid")]),
            curvature: |_| Curvature::Convex,
            monotone: |_| vec![Trend::Increasing],
            enclose: |x| range::increasing(vmath::logistic, x[0], Interval::ALL, NOT_NEGATIVE),
            reference: $reference,
            ..Builtin::BASE
        }
    };
}

pub(super) static ROWS: &[Builtin] = &[
    softplus!("logistic", "`log(1 + exp(z))`, the logistic loss, for any `z`", reference: &[(&[0.0], 0.6931471805599453), (&[1e-09], 0.6931471810599453), (&[1.0], 1.3132616875182228), (&[-1.0], 0.3132616875182228), (&[3.5], 3.5297504182726205), (&[-3.5], 0.029750418272620566), (&[20.0], 20.000000002061153), (&[-20.0], 2.061153620314381e-09), (&[40.0], 40.0), (&[-40.0], 4.248354255291589e-18), (&[-700.0], 9.85967654375977e-305), (&[700.0], 700.0)]),
    softplus!("softplus", "`log(1 + exp(z))`, another name of `logistic`", reference: &[(&[0.0], 0.6931471805599453), (&[1e-09], 0.6931471810599453), (&[1.0], 1.3132616875182228), (&[-1.0], 0.3132616875182228), (&[3.5], 3.5297504182726205), (&[-3.5], 0.029750418272620566), (&[20.0], 20.000000002061153), (&[-20.0], 2.061153620314381e-09), (&[40.0], 40.0), (&[-40.0], 4.248354255291589e-18), (&[-700.0], 9.85967654375977e-305), (&[700.0], 700.0)]),
    Builtin {
        name: "sigmoid",
        doc: "`1 / (1 + exp(-z))`, for any `z`",
        params: &[Param::new("z")],
        value: Value::One(vmath::sigmoid),
        block: Some(|level, args, out| vmath::block::sigmoid(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |_, y| vec![y * (1.0 - y)]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Convex, Curvature::Concave),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::sigmoid, x[0], Interval::ALL, SHARE),
        reference: &[
            (&[0.0], 0.5),
            (&[1e-09], 0.50000000025),
            (&[1.0], 0.7310585786300049),
            (&[-1.0], 0.2689414213699951),
            (&[3.5], 0.9706877692486436),
            (&[-3.5], 0.02931223075135632),
            (&[20.0], 0.9999999979388464),
            (&[-20.0], 2.0611536181902037e-09),
            (&[40.0], 1.0),
            (&[-40.0], 4.248354255291589e-18),
            (&[-700.0], 9.85967654375977e-305),
            (&[700.0], 1.0),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "logit",
        doc: "`log(p / (1 - p))`, the inverse of `sigmoid`",
        params: &[Param::new("p")],
        value: Value::One(vmath::logit),
        block: Some(|level, args, out| vmath::block::logit(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![1.0 / (x[0] * (1.0 - x[0]))]),
        domain: Domain::ranges(&[INSIDE_SHARE], "logit needs p between 0 and 1"),
        curvature: |x| {
            if x[0].hi <= 0.5 {
                Curvature::Concave
            } else if x[0].lo >= 0.5 {
                Curvature::Convex
            } else {
                Curvature::Unknown
            }
        },
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| {
            if x[0].hi <= 0.0 || x[0].lo >= 1.0 {
                return Interval::EMPTY;
            }
            range::increasing(vmath::logit, x[0], SHARE, Interval::ALL)
        },
        reference: &[
            (&[1e-300], -690.7755278982137),
            (&[1e-09], -20.72326583594641),
            (&[0.1], -2.197224577336219),
            (&[0.25], -1.0986122886681098),
            (&[0.4], -0.4054651081081643),
            (&[0.5], 0.0),
            (&[0.5000001], 3.99999999789463e-07),
            (&[0.9], 2.1972245773362196),
            (&[0.9999999999999999], 36.7368005696771),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "xlogy",
        doc: "`x * log(y)`, and 0 where `x` is 0",
        arity: Arity::Exactly(2),
        params: &[Param::new("x"), Param::new("y")],
        value: Value::Two(vmath::xlogy),
        block: Some(|level, args, out| vmath::block::xlogy(level, args[0], args[1], out)),
        // At y = 0, where x is 0 too, the slope in y is taken as 0.
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[1].call("log"), x[1].eq(0.0).cond(x[0].num(0.0), x[0] / x[1])]),
        domain: Domain {
            joint: Some(|x| x[1] > 0.0 || x[0] == 0.0),
            steep: Some(|x| x[1] == 0.0),
            ..Domain::ranges(&[Interval::ALL, NOT_NEGATIVE], "xlogy needs y > 0, or y = 0 with x = 0")
        },
        curvature: |x| match (range::point(x[0]), range::point(x[1])) {
            (Some(_), Some(_)) => Curvature::Constant,
            (_, Some(_)) => Curvature::Affine,
            (Some(0.0), _) => Curvature::Constant,
            (Some(c), _) if c > 0.0 => Curvature::Concave,
            (Some(_), _) => Curvature::Convex,
            _ => Curvature::Unknown,
        },
        monotone: |x| {
            let of_x = if x[1].lo >= 1.0 {
                Trend::Increasing
            } else if x[1].hi <= 1.0 {
                Trend::Decreasing
            } else {
                Trend::Unknown
            };
            vec![of_x, Trend::of_slope(x[0])]
        },
        enclose: |x| {
            let (x, y) = (x[0], x[1].meet(NOT_NEGATIVE));
            if x == Interval::point(0.0) && !y.is_empty() {
                return x;
            }
            if y.hi == 0.0 {
                return if x.contains(0.0) { Interval::point(0.0) } else { Interval::EMPTY };
            }
            range::mul(x, range::increasing(vmath::log, y, NOT_NEGATIVE, Interval::ALL)).widen(1)
        },
        reference: &[
            (&[0.0, 0.0], 0.0),
            (&[0.0, 2.0], 0.0),
            (&[1.0, 1.0], 0.0),
            (&[2.0, 0.5], -1.3862943611198906),
            (&[-3.0, 7.0], -5.8377304471659395),
            (&[1e-300, 1e-300], -6.9077552789821376e-298),
            (&[0.3, 10000000000.0], 6.907755278982137),
            (&[5.0, 0.999], -0.005002501667917672),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "entropy",
        doc: "`-x * log(x)`, and 0 at 0",
        value: Value::One(vmath::entropy),
        block: Some(|level, args, out| vmath::block::entropy(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![-(1.0 + x[0].call("log"))]),
        domain: Domain { steep: Some(|x| x[0] == 0.0), ..Domain::ranges(&[NOT_NEGATIVE], "entropy needs x >= 0") },
        curvature: |_| Curvature::Concave,
        monotone: |x| {
            vec![if x[0].hi <= ENTROPY_GREATEST.0 {
                Trend::Increasing
            } else if x[0].lo >= ENTROPY_GREATEST.0 {
                Trend::Decreasing
            } else {
                Trend::Unknown
            }]
        },
        enclose: |x| range::with_turn(vmath::entropy, x[0].meet(NOT_NEGATIVE), ENTROPY_GREATEST),
        reference: &[
            (&[0.0], 0.0),
            (&[1e-300], 6.9077552789821376e-298),
            (&[1e-09], 2.072326583694641e-08),
            (&[0.1], 0.23025850929940458),
            (&[0.36787944117144233], 0.36787944117144233),
            (&[0.9999], 9.999499983331399e-05),
            (&[1.0], 0.0),
            (&[1.0001], -0.00010000499983333066),
            (&[30.0], -102.03592144986466),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "huber",
        doc: "`r^2 / 2` where `abs(r) <= k`, else `k * (abs(r) - k / 2)`",
        arity: Arity::Exactly(2),
        params: &[Param::new("r"), Param::with_default("k", 1.0)],
        value: Value::Two(vmath::huber),
        residual: Residual::Scaled(Loss::Huber),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (r, k) = (x[0], x[1]);
                let clamped = (-k).call2("max", r.call2("min", k));
                vec![clamped, r.num(0.0).call2("max", r.call("abs") - k)]
            })
        },
        domain: Domain::ranges(&[Interval::ALL, NOT_NEGATIVE], "huber needs k >= 0"),
        smoothness: |x| {
            let size = range::abs(x[0]);
            if size.hi <= x[1].lo || size.lo >= x[1].hi && x[0].lo * x[0].hi > 0.0 {
                Smoothness::Smooth
            } else if x[1].lo > 0.0 {
                Smoothness::Once
            } else {
                Smoothness::Kink
            }
        },
        curvature: |x| match (range::point(x[0]), range::point(x[1])) {
            (Some(_), Some(_)) => Curvature::Constant,
            (_, Some(_)) => Curvature::Convex,
            (Some(_), _) => Curvature::Concave,
            _ => Curvature::Unknown,
        },
        monotone: |x| vec![Trend::of_slope(x[0]), Trend::Increasing],
        enclose: |x| {
            let (size, k) = (range::abs(x[0]), x[1].meet(NOT_NEGATIVE));
            if size.is_empty() || k.is_empty() {
                return Interval::EMPTY;
            }
            Interval::new(vmath::huber(size.lo, k.lo), vmath::huber(size.hi, k.hi)).widen(3).meet(NOT_NEGATIVE)
        },
        reference: &[
            (&[0.0, 1.0], 0.0),
            (&[0.5, 1.0], 0.125),
            (&[-0.5, 1.0], 0.125),
            (&[1.0, 1.0], 0.5),
            (&[-3.0, 1.0], 2.5),
            (&[10.0, 0.1], 0.9950000000000001),
            (&[0.3, 0.2], 0.04),
            (&[1e-09, 2.0], 5e-19),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "relu",
        doc: "`x` where it is positive, else 0",
        value: Value::One(vmath::relu),
        block: Some(|_, args, out| block_one(vmath::relu, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].gt(0.0)]),
        smoothness: |x| {
            if x[0].lo < 0.0 && x[0].hi > 0.0 { Smoothness::Kink } else { Smoothness::Smooth }
        },
        curvature: |x| {
            if x[0].hi <= 0.0 {
                Curvature::Constant
            } else if x[0].lo >= 0.0 {
                Curvature::Affine
            } else {
                Curvature::Convex
            }
        },
        monotone: |x| vec![if x[0].hi <= 0.0 { Trend::Constant } else { Trend::Increasing }],
        enclose: |x| if x[0].is_empty() { x[0] } else { Interval::new(x[0].lo.max(0.0), x[0].hi.max(0.0)) },
        reference: &[
            (&[0.0], 0.0),
            (&[-0.0], 0.0),
            (&[0.3], 0.3),
            (&[-0.3], 0.0),
            (&[0.5], 0.5),
            (&[-0.5], 0.0),
            (&[1.5], 1.5),
            (&[-2.5], 0.0),
            (&[2.0], 2.0),
            (&[1000000000000000.0], 1000000000000000.0),
            (&[-1e300], 0.0),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "gelu",
        doc: "`x * normal_cdf(x)`, a smooth `relu`",
        value: Value::One(vmath::gelu),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let density = vmath::FRAC_1_SQRT_TWO_PI * (-0.5 * x[0].square()).call("exp");
                vec![x[0].call("normal_cdf") + x[0] * density]
            })
        },
        // The second derivative is density(x) (2 - x^2).
        curvature: |x| {
            if range::abs(x[0]).hi <= SQRT_2 {
                Curvature::Convex
            } else if x[0].lo >= SQRT_2 || x[0].hi <= -SQRT_2 {
                Curvature::Concave
            } else {
                Curvature::Unknown
            }
        },
        monotone: |x| {
            vec![if x[0].hi <= GELU_LEAST.0 {
                Trend::Decreasing
            } else if x[0].lo >= GELU_LEAST.0 {
                Trend::Increasing
            } else {
                Trend::Unknown
            }]
        },
        enclose: |x| range::with_turn(vmath::gelu, x[0], GELU_LEAST),
        reference: &[
            (&[0.0], 0.0),
            (&[1e-300], 5e-301),
            (&[1e-09], 5.000000003989423e-10),
            (&[0.3], 0.1853734266566858),
            (&[-0.3], -0.1146265733433142),
            (&[1.0], 0.8413447460685429),
            (&[-1.5], -0.1002108019032871),
            (&[2.7], 2.6906391707317905),
            (&[3.1], 3.097000430039023),
            (&[-5.0], -1.4332578593959695e-06),
            (&[-10.0], -7.619853024160526e-23),
            (&[-20.0], -5.507248237212468e-88),
            (&[-37.0], -2.1184613523340935e-298),
            (&[-0.7517915246935645], -0.16997120747990366),
        ],
        ..Builtin::BASE
    },
];
