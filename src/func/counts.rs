//! Logarithms of probability masses: counts and choices.
//!
//! Names, arguments and their order are those of Stan's functions reference. A count may be any number in its
//! range, so that data need not be marked whole.

use super::enclosing::{enclose_formula, trends};
use super::range;
use super::row::{Arity, Builtin, Curvature, Domain, Param, Value};
use super::term::rule;
use crate::base::Interval;
use crate::num::vmath;

const NOT_NEGATIVE: Interval = Interval::new(0.0, f64::INFINITY);
const POSITIVE: Interval = Interval::new(f64::from_bits(1), f64::INFINITY);
/// The open interval from 0 to 1, in doubles.
const INSIDE_SHARE: Interval = Interval::new(f64::from_bits(1), 1.0 - f64::EPSILON / 2.0);
const SHARE: Interval = Interval::new(0.0, 1.0);
/// Absolute error where terms of size 1 to 10 cancel.
const FLOOR: f64 = 1e-14;

pub(super) static ROWS: &[Builtin] = &[
    Builtin {
        name: "poisson_lpmf",
        doc: "log probability of the count `k` when `rate` are expected",
        arity: Arity::Exactly(2),
        params: &[Param::new("k"), Param::new("rate")],
        value: Value::Two(vmath::poisson_lpmf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| vec![x[1].call("log") - (x[0] + 1.0).call("digamma"), x[0] / x[1] - 1.0])
        },
        domain: Domain::ranges(&[NOT_NEGATIVE, POSITIVE], "poisson_lpmf needs k >= 0 and rate > 0"),
        curvature: concave_in_each,
        monotone: |x| trends("poisson_lpmf", x),
        enclose: |x| {
            enclose_formula(&[x[0].meet(NOT_NEGATIVE), positive(x[1])], |x| {
                x[0].call2("xlogy", x[1]) - x[1] - (x[0] + 1.0).call("lgamma")
            })
        },
        floor: FLOOR,
        reference: &[
            (&[0.0, 1.0], -1.0),
            (&[1.0, 0.3], -1.503972804325936),
            (&[3.0, 2.5], -1.5428872736055899),
            (&[8.0, 20.0], -6.638744714313322),
            (&[20.0, 20.0], -2.4209709896736653),
            (&[1000.0, 990.0], -4.423235359527738),
            (&[1000000.0, 1000000.0], -7.826693895520143),
            (&[50.0, 3.0], -96.54715251836755),
            (&[2.5, 1.0], -2.2009736023470743),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "poisson_log_lpmf",
        doc: "log probability of the count `k` when `exp(eta)` are expected",
        arity: Arity::Exactly(2),
        params: &[Param::new("k"), Param::new("eta")],
        value: Value::Two(vmath::poisson_log_lpmf),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[1] - (x[0] + 1.0).call("digamma"), x[0] - x[1].call("exp")]),
        domain: Domain::ranges(&[NOT_NEGATIVE, Interval::ALL], "poisson_log_lpmf needs k >= 0"),
        curvature: concave_in_each,
        monotone: |x| trends("poisson_log_lpmf", x),
        enclose: |x| {
            enclose_formula(&[x[0].meet(NOT_NEGATIVE), x[1]], |x| {
                x[0] * x[1] - x[1].call("exp") - (x[0] + 1.0).call("lgamma")
            })
        },
        floor: FLOOR,
        reference: &[
            (&[0.0, 0.0], -1.0),
            (&[1.0, -1.0], -1.3678794411714423),
            (&[3.0, 1.0], -1.5100412976871003),
            (&[8.0, 3.0], -6.690139825932918),
            (&[20.0, 3.0], -2.421153383941153),
            (&[1000.0, 6.9], -4.402894093189223),
            (&[1.0, -100.0], -100.0),
            (&[50.0, 1.0], -101.19604878023208),
            (&[2.5, 0.0], -2.2009736023470743),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "bernoulli_lpmf",
        doc: "log probability of `k`, which is 1 with probability `p` and else 0",
        arity: Arity::Exactly(2),
        params: &[Param::new("k"), Param::new("p")],
        value: Value::Two(vmath::bernoulli_lpmf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (k, p) = (x[0], x[1]);
                let zero = p.num(0.0);
                let miss = p.eq(1.0).cond(zero, (1.0 - k) / (1.0 - p));
                vec![p.call("log") - (-p).call("log1p"), p.eq(0.0).cond(zero, k / p) - miss]
            })
        },
        domain: Domain {
            joint: Some(|x| (x[1] > 0.0 || x[0] == 0.0) && (x[1] < 1.0 || x[0] == 1.0)),
            steep: Some(|x| x[1] == 0.0 || x[1] == 1.0),
            ..Domain::ranges(
                &[SHARE],
                "bernoulli_lpmf needs k and p from 0 to 1, and p = 0 or p = 1 only where k is the same",
            )
        },
        curvature: |x| match (range::point(x[0]), range::point(x[1])) {
            (Some(_), Some(_)) => Curvature::Constant,
            (_, Some(_)) => Curvature::Affine,
            (Some(_), _) => Curvature::Concave,
            _ => Curvature::Unknown,
        },
        monotone: |x| trends("bernoulli_lpmf", x),
        enclose: |x| {
            enclose_formula(&[x[0].meet(SHARE), x[1].meet(SHARE)], |x| {
                x[0].call2("xlogy", x[1]) + (1.0 - x[0]).call2("xlogy", 1.0 - x[1])
            })
            .meet(Interval::new(f64::NEG_INFINITY, 0.0))
        },
        reference: &[
            (&[1.0, 0.5], -0.6931471805599453),
            (&[0.0, 0.5], -0.6931471805599453),
            (&[1.0, 1.0], 0.0),
            (&[0.0, 0.0], 0.0),
            (&[0.75, 0.25], -1.1116412889528633),
            (&[1.0, 1e-12], -27.631021115928547),
            (&[0.0, 1e-12], -1.0000000000005e-12),
            (&[0.3, 0.9], -1.64341771979318),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "bernoulli_logit_lpmf",
        doc: "log probability of `k`, which is 1 with probability `sigmoid(z)` and else 0",
        arity: Arity::Exactly(2),
        params: &[Param::new("k"), Param::new("z")],
        value: Value::Two(vmath::bernoulli_logit_lpmf),
        block: Some(|level, args, out| vmath::block::bernoulli_logit_lpmf(level, args[0], args[1], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[1], x[0] - x[1].call("sigmoid")]),
        curvature: |x| match (range::point(x[0]), range::point(x[1])) {
            (Some(_), Some(_)) => Curvature::Constant,
            (_, Some(_)) => Curvature::Affine,
            (Some(_), _) => Curvature::Concave,
            _ => Curvature::Unknown,
        },
        monotone: |x| trends("bernoulli_logit_lpmf", x),
        enclose: |x| enclose_formula(x, |x| x[0] * x[1] - x[1].call("logistic")),
        floor: 1e-15,
        reference: &[
            (&[1.0, 0.0], -0.6931471805599453),
            (&[1.0, 3.0], -0.04858735157374206),
            (&[0.0, 3.0], -3.048587351573742),
            (&[1.0, -3.0], -3.048587351573742),
            (&[0.0, -40.0], -4.248354255291589e-18),
            (&[1.0, 40.0], -4.248354255291589e-18),
            (&[1.0, 700.0], 0.0),
            (&[0.3, 1.0], -1.0132616875182228),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "binomial_lpmf",
        doc: "log probability of `k` successes in `n` trials of probability `p`",
        arity: Arity::Exactly(3),
        params: &[Param::new("k"), Param::new("n"), Param::new("p")],
        value: Value::Three(vmath::binomial_lpmf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (k, n, p) = (x[0], x[1], x[2]);
                let miss = (-p).call("log1p");
                let missed = (n - k + 1.0).call("digamma");
                vec![
                    missed - (k + 1.0).call("digamma") + p.call("log") - miss,
                    (n + 1.0).call("digamma") - missed + miss,
                    k / p - (n - k) / (1.0 - p),
                ]
            })
        },
        domain: Domain {
            joint: Some(|x| x[0] <= x[1]),
            ..Domain::ranges(
                &[NOT_NEGATIVE, NOT_NEGATIVE, INSIDE_SHARE],
                "binomial_lpmf needs k from 0 to n and p between 0 and 1",
            )
        },
        curvature: |x| match (range::is_point(x[0]), range::is_point(x[1]), range::is_point(x[2])) {
            (true, true, _) | (false, true, true) => Curvature::Concave,
            _ => Curvature::Unknown,
        },
        monotone: |x| trends("binomial_lpmf", x),
        enclose: |x| {
            let n = x[1].meet(NOT_NEGATIVE);
            let k = x[0].meet(Interval::new(0.0, n.hi));
            enclose_formula(&[k, n, positive(x[2])], |x| {
                let (k, n, p) = (x[0], x[1], x[2]);
                let rest = n.num(0.0).call2("max", n - k);
                let choices = (n + 1.0).call("lgamma") - (k + 1.0).call("lgamma") - (rest + 1.0).call("lgamma");
                choices + k.call2("xlogy", p) + rest * (-p).call("log1p")
            })
        },
        floor: FLOOR,
        reference: &[
            (&[0.0, 1.0, 0.5], -0.6931471805599453),
            (&[1.0, 1.0, 0.3], -1.2039728043259361),
            (&[3.0, 10.0, 0.25], -1.3851658477400923),
            (&[10.0, 10.0, 0.9], -1.0536051565782627),
            (&[5.0, 20.0, 0.5], -4.214090277068359),
            (&[50.0, 100.0, 0.5], -2.530876403977105),
            (&[0.0, 0.0, 0.5], 0.0),
            (&[2.0, 30.0, 0.01], -3.416403744785539),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "neg_binomial_2_lpmf",
        doc: "log probability of the count `k` with mean `mu` and variance `mu + mu^2 / phi`",
        arity: Arity::Exactly(3),
        params: &[Param::new("k"), Param::new("mu"), Param::new("phi")],
        value: Value::Three(vmath::neg_binomial_2_lpmf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (k, mu, phi) = (x[0], x[1], x[2]);
                let both = (k + phi).call("digamma");
                let ratio = (k + phi) / (mu + phi);
                vec![
                    both - (k + 1.0).call("digamma") - (phi / mu).call("log1p"),
                    k / mu - ratio,
                    both - phi.call("digamma") - (mu / phi).call("log1p") + 1.0 - ratio,
                ]
            })
        },
        domain: Domain::ranges(
            &[NOT_NEGATIVE, POSITIVE, POSITIVE],
            "neg_binomial_2_lpmf needs k >= 0, mu > 0 and phi > 0",
        ),
        monotone: |x| trends("neg_binomial_2_lpmf", x),
        enclose: |x| {
            enclose_formula(&[x[0].meet(NOT_NEGATIVE), positive(x[1]), positive(x[2])], |x| {
                let (k, mu, phi) = (x[0], x[1], x[2]);
                let choices = (k + phi).call("lgamma") - phi.call("lgamma") - (k + 1.0).call("lgamma");
                choices - phi * (mu / phi).call("log1p") - k * (phi / mu).call("log1p")
            })
        },
        floor: FLOOR,
        reference: &[
            (&[0.0, 1.0, 1.0], -0.6931471805599453),
            (&[1.0, 0.3, 2.0], -1.6232586314514121),
            (&[3.0, 2.5, 0.5], -2.605995214801572),
            (&[8.0, 20.0, 3.0], -3.42207883101407),
            (&[20.0, 20.0, 10.0], -2.9758300225113303),
            (&[50.0, 30.0, 100.0], -7.15578165244146),
            (&[5.0, 3.0, 0.1], -4.217788060604496),
            (&[2.0, 1.0, 50.0], -1.7030811726651107),
        ],
        ..Builtin::BASE
    },
];

/// Concave in each of two arguments while the other is a number.
fn concave_in_each(x: &[Interval]) -> Curvature {
    if x.iter().any(|x| range::is_point(*x)) { Curvature::Concave } else { Curvature::Unknown }
}

/// The part from 0 up, or nothing when no positive number is in it.
fn positive(x: Interval) -> Interval {
    if x.hi <= 0.0 { Interval::EMPTY } else { x.meet(NOT_NEGATIVE) }
}
