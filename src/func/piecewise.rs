//! Functions made of pieces: sizes, signs, extremes, rounding.

use super::range;
use super::row::{
    Arity, Builder, Builtin, Curvature, Domain, Ex, Instruction, Lower, Param, Residual, Smoothness, Trend, Value,
    block_fold, block_one,
};
use super::term::rule;
use crate::base::Interval;
use crate::num::vmath;

const X_Y: &[Param] = &[Param::new("x"), Param::new("y")];

/// A row that rounds: constant between its jumps.
macro_rules! rounding {
    ($name:literal, $doc:literal, $round:path, $lower:expr, $nl:expr, reference: $reference:expr) => {
        Builtin {
            name: $name,
            doc: $doc,
            value: Value::One($round),
            block: Some(|_, args, out| block_one($round, args[0], out)),
            partials: |b, _, _| vec![b.num(0.0)],
            smoothness: |x| if $round(x[0].lo) == $round(x[0].hi) { Smoothness::Smooth } else { Smoothness::Jump },
            curvature: |x| if $round(x[0].lo) == $round(x[0].hi) { Curvature::Constant } else { Curvature::Unknown },
            monotone: |x| vec![if $round(x[0].lo) == $round(x[0].hi) { Trend::Constant } else { Trend::Increasing }],
            enclose: |x| {
                if x[0].is_empty() { x[0] } else { Interval::new($round(x[0].lo), $round(x[0].hi)) }
            },
            lower: $lower,
            nl: $nl,
            reference: $reference,
            ..Builtin::BASE
        }
    };
}

pub(super) static ROWS: &[Builtin] = &[
    Builtin {
        name: "abs",
        doc: "the size of `x`, without its sign",
        value: Value::One(f64::abs),
        block: Some(|_, args, out| block_one(f64::abs, args[0], out)),
        residual: Residual::Size,
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("sign")]),
        smoothness: |x| if has_both_signs(x[0]) { Smoothness::Kink } else { Smoothness::Smooth },
        curvature: |x| if has_both_signs(x[0]) { Curvature::Convex } else { Curvature::Affine },
        monotone: |x| vec![Trend::of_slope(x[0])],
        enclose: |x| range::abs(x[0]),
        lower: Lower::Native(Instruction::Abs),
        nl: &[15],
        reference: &[
            (&[0.0], 0.0),
            (&[-0.0], 0.0),
            (&[0.3], 0.3),
            (&[-0.3], 0.3),
            (&[0.5], 0.5),
            (&[-0.5], 0.5),
            (&[1.5], 1.5),
            (&[-2.5], 2.5),
            (&[2.0], 2.0),
            (&[1000000000000000.0], 1000000000000000.0),
            (&[-1e300], 1e300),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "sign",
        doc: "-1, 0 or 1, as `x` is negative, 0 or positive",
        value: Value::One(vmath::sign),
        block: Some(|_, args, out| block_one(vmath::sign, args[0], out)),
        partials: |b, _, _| vec![b.num(0.0)],
        smoothness: |x| {
            if vmath::sign(x[0].lo) == vmath::sign(x[0].hi) { Smoothness::Smooth } else { Smoothness::Jump }
        },
        curvature: |x| {
            if vmath::sign(x[0].lo) == vmath::sign(x[0].hi) { Curvature::Constant } else { Curvature::Unknown }
        },
        monotone: |x| {
            vec![if vmath::sign(x[0].lo) == vmath::sign(x[0].hi) { Trend::Constant } else { Trend::Increasing }]
        },
        enclose: |x| {
            if x[0].is_empty() { x[0] } else { Interval::new(vmath::sign(x[0].lo), vmath::sign(x[0].hi)) }
        },
        reference: &[
            (&[0.0], 0.0),
            (&[-0.0], 0.0),
            (&[0.3], 1.0),
            (&[-0.3], -1.0),
            (&[0.5], 1.0),
            (&[-0.5], -1.0),
            (&[1.5], 1.0),
            (&[-2.5], -1.0),
            (&[2.0], 1.0),
            (&[1000000000000000.0], 1.0),
            (&[-1e300], -1.0),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "max",
        doc: "the greatest of its arguments",
        arity: Arity::AtLeast(1),
        params: X_Y,
        value: Value::Fold(vmath::max),
        block: Some(|_, args, out| block_fold(vmath::max, args[0], &args[1..], out)),
        partials: |b, x, y| first_that_is(b, x, y, "ge"),
        smoothness: |x| if greatest(x).is_some() { Smoothness::Smooth } else { Smoothness::Kink },
        curvature: |x| if greatest(x).is_some() { Curvature::Affine } else { Curvature::Convex },
        monotone: |x| extreme_trends(x.len(), greatest(x)),
        enclose: |x| fold_ends(x, vmath::max),
        nl: &[12],
        reference: &[
            (&[0.1, 0.2], 0.2),
            (&[1.0, 2.0], 2.0),
            (&[-3.5, 3.5], 3.5),
            (&[1e16, 1.0], 1e16),
            (&[0.0, 0.0], 0.0),
            (&[-1e-300, 1e300], 1e300),
            (&[2.5, -0.75], 2.5),
            (&[1.0, 1.0], 1.0),
            (&[1.0, 3.0, 2.0], 3.0),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "min",
        doc: "the least of its arguments",
        arity: Arity::AtLeast(1),
        params: X_Y,
        value: Value::Fold(vmath::min),
        block: Some(|_, args, out| block_fold(vmath::min, args[0], &args[1..], out)),
        partials: |b, x, y| first_that_is(b, x, y, "le"),
        smoothness: |x| if least(x).is_some() { Smoothness::Smooth } else { Smoothness::Kink },
        curvature: |x| if least(x).is_some() { Curvature::Affine } else { Curvature::Concave },
        monotone: |x| extreme_trends(x.len(), least(x)),
        enclose: |x| fold_ends(x, vmath::min),
        nl: &[11],
        reference: &[
            (&[0.1, 0.2], 0.1),
            (&[1.0, 2.0], 1.0),
            (&[-3.5, 3.5], -3.5),
            (&[1e16, 1.0], 1.0),
            (&[0.0, 0.0], 0.0),
            (&[-1e-300, 1e300], -1e-300),
            (&[2.5, -0.75], -0.75),
            (&[1.0, 1.0], 1.0),
            (&[1.0, 3.0, 2.0], 1.0),
        ],
        ..Builtin::BASE
    },
    rounding!(
        "ceil",
        "the least whole number that is at least `x`",
        f64::ceil,
        Lower::Native(Instruction::Ceil),
        &[14],
        reference: &[(&[0.0], 0.0), (&[-0.0], 0.0), (&[0.3], 1.0), (&[-0.3], 0.0), (&[0.5], 1.0), (&[-0.5], 0.0), (&[1.5], 2.0), (&[-2.5], -2.0), (&[2.0], 2.0), (&[1000000000000000.0], 1000000000000000.0), (&[-1e300], -1e300)]),
    rounding!(
        "floor",
        "the greatest whole number that is at most `x`",
        f64::floor,
        Lower::Native(Instruction::Floor),
        &[13],
        reference: &[(&[0.0], 0.0), (&[-0.0], 0.0), (&[0.3], 0.0), (&[-0.3], -1.0), (&[0.5], 0.0), (&[-0.5], -1.0), (&[1.5], 1.0), (&[-2.5], -3.0), (&[2.0], 2.0), (&[1000000000000000.0], 1000000000000000.0), (&[-1e300], -1e300)]),
    rounding!("round", "the nearest whole number; halves away from 0", f64::round, Lower::Call, &[57], reference: &[(&[0.0], 0.0), (&[-0.0], 0.0), (&[0.3], 0.0), (&[-0.3], 0.0), (&[0.5], 1.0), (&[-0.5], -1.0), (&[1.5], 2.0), (&[-2.5], -3.0), (&[2.0], 2.0), (&[1000000000000000.0], 1000000000000000.0), (&[-1e300], -1e300)]),
    rounding!(
        "trunc",
        "`x` without its fraction: the whole number next to it towards 0",
        f64::trunc,
        Lower::Native(Instruction::Trunc),
        &[58],
        reference: &[(&[0.0], 0.0), (&[-0.0], 0.0), (&[0.3], 0.0), (&[-0.3], 0.0), (&[0.5], 0.0), (&[-0.5], 0.0), (&[1.5], 1.0), (&[-2.5], -2.0), (&[2.0], 2.0), (&[1000000000000000.0], 1000000000000000.0), (&[-1e300], -1e300)]),
    Builtin {
        name: "mod",
        doc: "the remainder `x - y * floor(x / y)`, with the sign of `y`",
        arity: Arity::Exactly(2),
        params: X_Y,
        value: Value::Two(vmath::modulo),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].num(1.0), -(x[0] / x[1]).call("floor")]),
        domain: Domain { joint: Some(|x| x[1] != 0.0), text: "mod needs a divisor other than 0", ..Domain::ALL },
        smoothness: |x| if whole_quotient(x).is_some() { Smoothness::Smooth } else { Smoothness::Jump },
        curvature: |x| if whole_quotient(x).is_some() { Curvature::Affine } else { Curvature::Unknown },
        monotone: |x| match whole_quotient(x) {
            Some(k) => vec![Trend::Increasing, Trend::of_slope(Interval::point(-k))],
            None => vec![Trend::Unknown; 2],
        },
        enclose: |x| {
            let (x, y) = (x[0], x[1]);
            if x.is_empty() || y.is_empty() || y == Interval::point(0.0) {
                return Interval::EMPTY;
            }
            let bound = Interval::new(y.lo.min(0.0), y.hi.max(0.0));
            match whole_quotient(&[x, y]) {
                Some(k) => range::sub(x, range::mul(Interval::point(k), y)).meet(bound),
                None => bound,
            }
        },
        reference: &[
            (&[5.0, 3.0], 2.0),
            (&[-5.0, 3.0], 1.0),
            (&[5.0, -3.0], -1.0),
            (&[-5.0, -3.0], -2.0),
            (&[0.7, 0.1], 0.09999999999999992),
            (&[1e16, 3.0], 1.0),
            (&[-0.25, 1.0], 0.75),
            (&[6.0, 3.0], 0.0),
            (&[0.0, 2.0], 0.0),
        ],
        ..Builtin::BASE
    },
];

/// Whether 0 is inside and not just an end.
fn has_both_signs(x: Interval) -> bool {
    x.lo < 0.0 && x.hi > 0.0
}

/// The argument that is at least as great as all others on the whole box.
fn greatest(x: &[Interval]) -> Option<usize> {
    let best = (0..x.len()).reduce(|a, b| if x[b].lo > x[a].lo { b } else { a })?;
    (0..x.len()).all(|k| k == best || x[k].hi <= x[best].lo).then_some(best)
}

/// The argument that is at most as great as all others on the whole box.
fn least(x: &[Interval]) -> Option<usize> {
    let best = (0..x.len()).reduce(|a, b| if x[b].hi < x[a].hi { b } else { a })?;
    (0..x.len()).all(|k| k == best || x[k].lo >= x[best].hi).then_some(best)
}

fn extreme_trends(n: usize, only: Option<usize>) -> Vec<Trend> {
    let of = |k| if only.is_none_or(|only| only == k) { Trend::Increasing } else { Trend::Constant };
    (0..n).map(of).collect()
}

fn fold_ends(x: &[Interval], f: fn(f64, f64) -> f64) -> Interval {
    if x.iter().any(|x| x.is_empty()) {
        return Interval::EMPTY;
    }
    x.iter().copied().reduce(|a, b| Interval::new(f(a.lo, b.lo), f(a.hi, b.hi))).unwrap_or(Interval::EMPTY)
}

/// Partials of an extreme: 1 for the first argument that attains it, 0 for the others, so that they add
/// up to 1 at ties too. `wins` compares an argument with its rival.
fn first_that_is(b: &mut dyn Builder, x: &[Ex], y: Ex, wins: &'static str) -> Vec<Ex> {
    match *x {
        [_] => vec![b.num(1.0)],
        [first, second] => {
            let won = b.call(wins, &[first, second]);
            let lost = b.call("not", &[won]);
            vec![won, lost]
        }
        _ => {
            let mut partials = Vec::with_capacity(x.len());
            let mut taken: Option<Ex> = None;
            for &x in x {
                let attains = b.call("eq", &[x, y]);
                partials.push(match taken {
                    None => attains,
                    Some(taken) => b.call("gt", &[attains, taken]),
                });
                taken = Some(taken.map_or(attains, |taken| b.call("or", &[taken, attains])));
            }
            partials
        }
    }
}

/// The whole number `floor(x / y)`, when it is the same on the whole box.
fn whole_quotient(x: &[Interval]) -> Option<f64> {
    if x[1].contains(0.0) {
        return None;
    }
    let quotient = range::div(x[0], x[1]);
    (quotient.lo.floor() == quotient.hi.floor()).then_some(quotient.lo.floor())
}
