//! Stable atoms: compositions that would overflow, cancel or divide by 0 if a model wrote them out.

use super::range;
use super::row::{Arity, Builtin, Curvature, Domain, Param, Smoothness, Trend, Value, block_one};
use super::term::rule;
use crate::base::Interval;
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
    ($name:literal, $doc:literal, $reference:expr) => {
        Builtin {
            name: $name,
            doc: $doc,
            params: &[Param::new("z")],
            value: Value::One(vmath::logistic),
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
    softplus!("logistic", "`log(1 + exp(z))`, the logistic loss, for any `z`", &[]),
    softplus!("softplus", "`log(1 + exp(z))`, another name of `logistic`", &[]),
    Builtin {
        name: "sigmoid",
        doc: "`1 / (1 + exp(-z))`, for any `z`",
        params: &[Param::new("z")],
        value: Value::One(vmath::sigmoid),
        partials: |b, x, y| rule(b, x, y, |_, y| vec![y * (1.0 - y)]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Convex, Curvature::Concave),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::sigmoid, x[0], Interval::ALL, SHARE),
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "logit",
        doc: "`log(p / (1 - p))`, the inverse of `sigmoid`",
        params: &[Param::new("p")],
        value: Value::One(vmath::logit),
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
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "xlogy",
        doc: "`x * log(y)`, and 0 where `x` is 0",
        arity: Arity::Exactly(2),
        params: &[Param::new("x"), Param::new("y")],
        value: Value::Two(vmath::xlogy),
        // Where x = 0 there is no slope in y, even at y = 0.
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[1].call("log"), x[0].eq(0.0).cond(x[0].num(0.0), x[0] / x[1])]),
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
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "entropy",
        doc: "`-x * log(x)`, and 0 at 0",
        value: Value::One(vmath::entropy),
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
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "huber",
        doc: "`r^2 / 2` where `abs(r) <= k`, else `k * (abs(r) - k / 2)`",
        arity: Arity::Exactly(2),
        params: &[Param::new("r"), Param::with_default("k", 1.0)],
        value: Value::Two(vmath::huber),
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
        reference: &[],
        ..Builtin::BASE
    },
    Builtin {
        name: "relu",
        doc: "`x` where it is positive, else 0",
        value: Value::One(vmath::relu),
        block: Some(|args, out| block_one(vmath::relu, args[0], out)),
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
        reference: &[],
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
        reference: &[],
        ..Builtin::BASE
    },
];
