//! Losses of a prediction and a target: of two numbers, and the mean of these over arrays.

use super::enclosing::enclose_formula;
use super::range;
use super::row::{Arity, Builtin, Curvature, Domain, OverArrays, Param, Residual, Smoothness, Trend, Value};
use super::term::rule;
use crate::base::Interval;
use crate::num::loss::Loss;
use crate::num::vmath;

const NOT_NEGATIVE: Interval = Interval::new(0.0, f64::INFINITY);
const SHARE: Interval = Interval::new(0.0, 1.0);

pub(super) static ROWS: &[Builtin] = &[
    Builtin {
        name: "mse",
        doc: "squared error `(y - t)^2`; over arrays its mean",
        arity: Arity::Exactly(2),
        params: &[Param::new("y"), Param::new("t")],
        over_arrays: OverArrays::MeanOfMap,
        value: Value::Two(|y, t| (y - t) * (y - t)),
        residual: Residual::SquaredDifference,
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let slope = 2.0 * (x[0] - x[1]);
                vec![slope, -slope]
            })
        },
        curvature: |x| constant_or(x, Curvature::Convex),
        monotone: difference_trends,
        enclose: |x| range::square(range::sub(x[0], x[1])).widen(2).meet(NOT_NEGATIVE),
        reference: &[
            (&[1.0, 2.0], 1.0),
            (&[0.5, 0.25], 0.0625),
            (&[-3.0, 3.0], 36.0),
            (&[0.0, 0.0], 0.0),
            (&[1000000000.0, 1.0], 9.99999998e17),
            (&[0.1, 0.2], 0.010000000000000002),
            (&[2.0, 2.0], 0.0),
            (&[1e-09, 0.0], 1e-18),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "mae",
        doc: "absolute error `abs(y - t)`; over arrays its mean",
        arity: Arity::Exactly(2),
        params: &[Param::new("y"), Param::new("t")],
        over_arrays: OverArrays::MeanOfMap,
        value: Value::Two(|y, t| (y - t).abs()),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let slope = (x[0] - x[1]).call("sign");
                vec![slope, -slope]
            })
        },
        smoothness: |x| match Trend::of_slope(range::sub(x[0], x[1])) {
            Trend::Unknown => Smoothness::Kink,
            _ => Smoothness::Smooth,
        },
        curvature: |x| constant_or(x, Curvature::Convex),
        monotone: difference_trends,
        enclose: |x| range::abs(range::sub(x[0], x[1])),
        reference: &[
            (&[1.0, 2.0], 1.0),
            (&[0.5, 0.25], 0.25),
            (&[-3.0, 3.0], 6.0),
            (&[0.0, 0.0], 0.0),
            (&[1000000000.0, 1.0], 999999999.0),
            (&[0.1, 0.2], 0.1),
            (&[2.0, 2.0], 0.0),
            (&[1e-09, 0.0], 1e-09),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "bce",
        doc: "binary cross-entropy `-t log p - (1 - t) log(1 - p)` of a probability; over arrays its mean",
        arity: Arity::Exactly(2),
        params: &[Param::new("p"), Param::new("t")],
        over_arrays: OverArrays::MeanOfMap,
        value: Value::Two(|p, t| -vmath::bernoulli_lpmf(t, p)),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (p, t) = (x[0], x[1]);
                let zero = p.num(0.0);
                let miss = p.eq(1.0).cond(zero, (1.0 - t) / (1.0 - p));
                vec![miss - p.eq(0.0).cond(zero, t / p), (-p).call("log1p") - p.call("log")]
            })
        },
        domain: Domain {
            joint: Some(|x| (x[0] > 0.0 || x[1] == 0.0) && (x[0] < 1.0 || x[1] == 1.0)),
            steep: Some(|x| x[0] == 0.0 || x[0] == 1.0),
            ..Domain::ranges(&[SHARE], "bce needs p and t from 0 to 1, and p = 0 or p = 1 only where t is the same")
        },
        curvature: |x| match (range::point(x[0]), range::point(x[1])) {
            (Some(_), Some(_)) => Curvature::Constant,
            (_, Some(_)) => Curvature::Convex,
            (Some(_), _) => Curvature::Affine,
            _ => Curvature::Unknown,
        },
        monotone: |x| {
            let (p, t) = (x[0].meet(SHARE), x[1].meet(SHARE));
            let of_p = Trend::of_slope(range::sub(p, t));
            let of_t = Trend::of_slope(range::sub(Interval::point(0.5), p));
            vec![of_p, of_t]
        },
        enclose: |x| {
            let x = [x[0].meet(SHARE), x[1].meet(SHARE)];
            enclose_formula(&x, |x| -x[1].call2("xlogy", x[0]) - (1.0 - x[1]).call2("xlogy", 1.0 - x[0]))
                .meet(NOT_NEGATIVE)
        },
        reference: &[
            (&[0.5, 1.0], 0.6931471805599453),
            (&[0.5, 0.0], 0.6931471805599453),
            (&[1.0, 1.0], 0.0),
            (&[0.0, 0.0], 0.0),
            (&[0.25, 0.75], 1.1116412889528633),
            (&[1e-12, 1.0], 27.631021115928547),
            (&[1e-12, 0.0], 1.0000000000005e-12),
            (&[0.9, 0.3], 1.64341771979318),
            (&[0.999, 1.0], 0.0010005003335835344),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "bce_logit",
        doc: "binary cross-entropy of a score: `bce(sigmoid(z), t)` for any `z`; over arrays its mean",
        arity: Arity::Exactly(2),
        params: &[Param::new("z"), Param::new("t")],
        over_arrays: OverArrays::MeanOfMap,
        value: Value::Two(|z, t| -vmath::bernoulli_logit_lpmf(t, z)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("sigmoid") - x[1], -x[0]]),
        curvature: |x| match (range::point(x[0]), range::point(x[1])) {
            (Some(_), Some(_)) => Curvature::Constant,
            (_, Some(_)) => Curvature::Convex,
            (Some(_), _) => Curvature::Affine,
            _ => Curvature::Unknown,
        },
        monotone: |x| {
            let slope = enclose_formula(x, |x| x[0].call("sigmoid") - x[1]);
            vec![Trend::of_slope(slope), Trend::of_slope(range::neg(x[0]))]
        },
        enclose: |x| enclose_formula(x, |x| x[0].call("logistic") - x[1] * x[0]),
        floor: 1e-15,
        reference: &[
            (&[0.0, 1.0], 0.6931471805599453),
            (&[3.0, 1.0], 0.04858735157374206),
            (&[3.0, 0.0], 3.048587351573742),
            (&[-3.0, 1.0], 3.048587351573742),
            (&[-40.0, 0.0], 4.248354255291589e-18),
            (&[40.0, 1.0], 4.248354255291589e-18),
            (&[700.0, 1.0], 0.0),
            (&[1.0, 0.3], 1.0132616875182228),
            (&[-2.0, 0.75], 1.6269280110429725),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "cce",
        doc: "cross-entropy `-t log p` of a class; over arrays summed over the last axis, then the mean",
        arity: Arity::Exactly(2),
        params: &[Param::new("p"), Param::new("t")],
        over_arrays: OverArrays::MeanOfRowSums,
        value: Value::Two(|p, t| if t < 0.0 { f64::NAN } else { -vmath::xlogy(t, p) }),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (p, t) = (x[0], x[1]);
                vec![p.eq(0.0).cond(t.num(0.0), -t / p), -p.call("log")]
            })
        },
        domain: Domain {
            joint: Some(|x| x[0] > 0.0 || x[1] == 0.0),
            steep: Some(|x| x[0] == 0.0),
            ..Domain::ranges(&[NOT_NEGATIVE], "cce needs t >= 0 and p > 0, or p = 0 where t = 0")
        },
        curvature: |x| match (range::point(x[0]), range::point(x[1])) {
            (Some(_), Some(_)) | (_, Some(0.0)) => Curvature::Constant,
            (_, Some(_)) => Curvature::Convex,
            (Some(_), _) => Curvature::Affine,
            _ => Curvature::Unknown,
        },
        monotone: |x| {
            let of_t = if x[0].hi <= 1.0 {
                Trend::Increasing
            } else if x[0].lo >= 1.0 {
                Trend::Decreasing
            } else {
                Trend::Unknown
            };
            vec![Trend::Decreasing, of_t]
        },
        enclose: |x| {
            let x = [x[0].meet(NOT_NEGATIVE), x[1].meet(NOT_NEGATIVE)];
            enclose_formula(&x, |x| -x[1].call2("xlogy", x[0]))
        },
        reference: &[
            (&[0.5, 1.0], 0.6931471805599453),
            (&[0.5, 0.0], 0.0),
            (&[1.0, 1.0], 0.0),
            (&[0.0, 0.0], 0.0),
            (&[0.25, 0.75], 1.0397207708399179),
            (&[1e-12, 1.0], 27.631021115928547),
            (&[1e-300, 0.5], 345.38776394910684),
            (&[0.9, 0.3], 0.03160815469734788),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "hinge",
        doc: "`max(0, 1 - t * s)` of a score `s` and a label `t` of -1 or 1; over arrays its mean",
        arity: Arity::Exactly(2),
        params: &[Param::new("s"), Param::new("t")],
        over_arrays: OverArrays::MeanOfMap,
        value: Value::Two(|s, t| vmath::relu(1.0 - t * s)),
        partials: |b, x, y| {
            rule(b, x, y, |x, y| {
                let inside = y.gt(0.0);
                vec![-inside * x[1], -inside * x[0]]
            })
        },
        smoothness: |x| match margin(x) {
            margin if margin.lo < 0.0 && margin.hi > 0.0 => Smoothness::Kink,
            _ => Smoothness::Smooth,
        },
        curvature: |x| match (range::point(x[0]), range::point(x[1])) {
            _ if margin(x).hi <= 0.0 => Curvature::Constant,
            (Some(_), Some(_)) => Curvature::Constant,
            (None, None) => Curvature::Unknown,
            _ if margin(x).lo >= 0.0 => Curvature::Affine,
            _ => Curvature::Convex,
        },
        monotone: |x| vec![Trend::of_slope(range::neg(x[1])), Trend::of_slope(range::neg(x[0]))],
        enclose: |x| {
            let margin = margin(x);
            if margin.is_empty() { margin } else { Interval::new(margin.lo.max(0.0), margin.hi.max(0.0)) }
        },
        floor: 4e-16,
        reference: &[
            (&[0.0, 1.0], 1.0),
            (&[1.0, 1.0], 0.0),
            (&[0.5, 1.0], 0.5),
            (&[0.5, -1.0], 1.5),
            (&[-2.0, 1.0], 3.0),
            (&[-2.0, -1.0], 0.0),
            (&[3.0, -1.0], 4.0),
            (&[0.9, 1.0], 0.09999999999999998),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "soft_l1",
        doc: "robust loss `k^2 * (sqrt(1 + (r / k)^2) - 1)`: `r^2 / 2` near 0, a straight line far out",
        arity: Arity::Exactly(2),
        params: &[Param::new("r"), Param::with_default("k", 1.0)],
        residual: Residual::Scaled(Loss::SoftL1),
        value: Value::Two(|r, k| robust(Loss::SoftL1, r, k)),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (r, k) = (x[0], x[1]);
                let length = r.num(1.0).call2("hypot", r / k);
                // d/dk = 2 k (s - 1) - (r / k)² k / s, with s - 1 = z² / (s + 1).
                let z = r / k;
                vec![r / length, k * z.square() * (2.0 / (length + 1.0) - 1.0 / length)]
            })
        },
        domain: Domain { text: "soft_l1 needs k > 0", ..SCALED },
        curvature: |x| convex_in_residual(x),
        monotone: |x| vec![Trend::of_slope(x[0]), Trend::Increasing],
        enclose: |x| enclose_robust(Loss::SoftL1, x),
        reference: &[
            (&[0.0, 1.0], 0.0),
            (&[0.5, 1.0], 0.11803398874989485),
            (&[-0.5, 1.0], 0.11803398874989485),
            (&[3.0, 1.0], 2.1622776601683795),
            (&[-10.0, 0.1], 0.9900499987500625),
            (&[0.3, 0.2], 0.032111025509279786),
            (&[1e-9, 2.0], 5e-19),
            (&[100.0, 25.0], 1951.9410160110378),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "cauchy_loss",
        doc: "robust loss `k^2 / 2 * log(1 + (r / k)^2)`: `r^2 / 2` near 0, a logarithm far out",
        arity: Arity::Exactly(2),
        params: &[Param::new("r"), Param::with_default("k", 1.0)],
        residual: Residual::Scaled(Loss::Cauchy),
        value: Value::Two(|r, k| robust(Loss::Cauchy, r, k)),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (r, k) = (x[0], x[1]);
                let q = (r / k).square();
                vec![r / (1.0 + q), k * (q.call("log1p") - q / (1.0 + q))]
            })
        },
        domain: Domain { text: "cauchy_loss needs k > 0", ..SCALED },
        curvature: |x| bends_down(x, 1.0),
        monotone: |x| vec![Trend::of_slope(x[0]), Trend::Increasing],
        enclose: |x| enclose_robust(Loss::Cauchy, x),
        reference: &[
            (&[0.0, 1.0], 0.0),
            (&[0.5, 1.0], 0.11157177565710488),
            (&[-0.5, 1.0], 0.11157177565710488),
            (&[3.0, 1.0], 1.151292546497023),
            (&[-10.0, 0.1], 0.04605220183488259),
            (&[0.3, 0.2], 0.023573099926832923),
            (&[1e-9, 2.0], 5e-19),
            (&[100.0, 25.0], 885.3791700175675),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "arctan_loss",
        doc: "robust loss `k^2 / 2 * atan((r / k)^2)`: `r^2 / 2` near 0, at most `pi * k^2 / 4`",
        arity: Arity::Exactly(2),
        params: &[Param::new("r"), Param::with_default("k", 1.0)],
        residual: Residual::Scaled(Loss::Arctan),
        value: Value::Two(|r, k| robust(Loss::Arctan, r, k)),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (r, k) = (x[0], x[1]);
                let q = (r / k).square();
                let divisor = 1.0 + q.square();
                vec![r / divisor, k * (q.call("atan") - q / divisor)]
            })
        },
        domain: Domain { text: "arctan_loss needs k > 0", ..SCALED },
        // Convex up to q = 1 / sqrt(3).
        curvature: |x| bends_down(x, 0.759_835_685_651_592),
        monotone: |x| vec![Trend::of_slope(x[0]), Trend::Increasing],
        enclose: |x| enclose_robust(Loss::Arctan, x),
        reference: &[
            (&[0.0, 1.0], 0.0),
            (&[0.5, 1.0], 0.12248933156343207),
            (&[-0.5, 1.0], 0.12248933156343207),
            (&[3.0, 1.0], 0.7300695528105005),
            (&[-10.0, 0.1], 0.00785348163397615),
            (&[0.3, 0.2], 0.023051439944313353),
            (&[1e-9, 2.0], 5e-19),
            (&[100.0, 25.0], 471.36797399966855),
        ],
        ..Builtin::BASE
    },
];

fn constant_or(x: &[Interval], other: Curvature) -> Curvature {
    if x.iter().all(|x| range::is_point(*x)) { Curvature::Constant } else { other }
}

/// The trends of an even, convex function of `x[0] - x[1]`.
fn difference_trends(x: &[Interval]) -> Vec<Trend> {
    let trend = Trend::of_slope(range::sub(x[0], x[1]));
    vec![trend, trend.negate()]
}

/// The range of `1 - t s`, with room for the two roundings of the value.
fn margin(x: &[Interval]) -> Interval {
    range::sub(Interval::point(1.0), range::mul(x[0], x[1]))
}

const SCALED: Domain = Domain { joint: Some(|x| x[1] > 0.0), ..Domain::ranges(&[Interval::ALL, NOT_NEGATIVE], "") };

fn robust(loss: Loss, r: f64, k: f64) -> f64 {
    if k > 0.0 { loss.value(r, k) } else { f64::NAN }
}

/// Even in `r`, increasing in `|r|` and in `k`.
fn enclose_robust(loss: Loss, x: &[Interval]) -> Interval {
    let (size, k) = (range::abs(x[0]), x[1].meet(NOT_NEGATIVE));
    if size.is_empty() || k.is_empty() {
        return Interval::EMPTY;
    }
    let at = |r: f64, k: f64| if k > 0.0 && r.is_finite() { loss.value(r, k) } else { f64::NAN };
    let (lo, hi) = (at(size.lo, k.lo), at(size.hi, k.hi));
    let hi = if hi.is_finite() { hi } else { f64::INFINITY };
    Interval::new(if lo.is_finite() { lo } else { 0.0 }, hi).widen(8).meet(NOT_NEGATIVE)
}

/// The curvature of a loss that is convex in `r` for every scale.
fn convex_in_residual(x: &[Interval]) -> Curvature {
    match (range::point(x[0]), range::point(x[1])) {
        (Some(_), Some(_)) => Curvature::Constant,
        (_, Some(_)) => Curvature::Convex,
        _ => Curvature::Unknown,
    }
}

/// The curvature of a loss that is convex for `|r| <= part * k` alone.
fn bends_down(x: &[Interval], part: f64) -> Curvature {
    match convex_in_residual(x) {
        Curvature::Convex if range::abs(x[0]).hi > part * x[1].lo => Curvature::Unknown,
        other => other,
    }
}
