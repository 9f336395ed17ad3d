//! `+ - * /` and the sign.

use super::range;
use super::row::{
    Arity, Builder, Builtin, Curvature, Domain, Ex, Instruction, Lower, Param, Residual, Surface, Trend, Value,
};
use super::row::{block_fold, block_one, block_two};
use super::term::rule;
use crate::base::Interval;

pub(super) static ROWS: &[Builtin] = &[
    Builtin {
        name: "add",
        doc: "the sum of its arguments",
        arity: Arity::AtLeast(1),
        params: &[Param::new("x"), Param::new("y")],
        surface: Surface::Operator("+"),
        value: Value::Fold(|x, y| x + y),
        block: Some(|_, args, out| block_fold(|x, y| x + y, args[0], &args[1..], out)),
        partials: |b, x, _| vec![b.num(1.0); x.len()],
        curvature: affine,
        monotone: |x| vec![Trend::Increasing; x.len()],
        enclose: |x| x.iter().copied().reduce(range::add).unwrap_or(Interval::point(0.0)),
        lower: Lower::Native(Instruction::Add),
        nl: &[0, 54],
        reference: &[
            (&[0.1, 0.2], 0.30000000000000004),
            (&[1.0, 2.0], 3.0),
            (&[-3.5, 3.5], 0.0),
            (&[1e16, 1.0], 1e16),
            (&[0.0, 0.0], 0.0),
            (&[-1e-300, 1e300], 1e300),
            (&[2.5, -0.75], 1.75),
            (&[1.0, 1.0], 2.0),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "mul",
        doc: "the product of its arguments",
        arity: Arity::AtLeast(1),
        params: &[Param::new("x"), Param::new("y")],
        surface: Surface::Operator("*"),
        value: Value::Fold(|x, y| x * y),
        block: Some(|_, args, out| block_fold(|x, y| x * y, args[0], &args[1..], out)),
        partials: products_of_others,
        curvature: |x| match x.iter().filter(|x| !range::is_point(**x)).count() {
            0 => Curvature::Constant,
            _ if x.contains(&Interval::point(0.0)) => Curvature::Constant,
            1 => Curvature::Affine,
            _ => Curvature::Unknown,
        },
        monotone: |x| enclosed_products_of_others(x).into_iter().map(Trend::of_slope).collect(),
        enclose: |x| x.iter().copied().reduce(range::mul).unwrap_or(Interval::point(1.0)),
        lower: Lower::Native(Instruction::Mul),
        nl: &[2],
        reference: &[
            (&[0.1, 0.2], 0.020000000000000004),
            (&[1.0, 2.0], 2.0),
            (&[-3.5, 3.5], -12.25),
            (&[1e16, 1.0], 1e16),
            (&[0.0, 0.0], 0.0),
            (&[-1e-300, 1e300], -1.0),
            (&[2.5, -0.75], -1.875),
            (&[1.0, 1.0], 1.0),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "neg",
        doc: "`x` with the other sign",
        surface: Surface::Operator("-"),
        value: Value::One(|x| -x),
        block: Some(|_, args, out| block_one(|x| -x, args[0], out)),
        partials: |b, _, _| vec![b.num(-1.0)],
        curvature: affine,
        monotone: |_| vec![Trend::Decreasing],
        enclose: |x| range::neg(x[0]),
        lower: Lower::Native(Instruction::Neg),
        nl: &[16],
        reference: &[
            (&[0.0], 0.0),
            (&[-0.0], 0.0),
            (&[0.3], -0.3),
            (&[-0.3], 0.3),
            (&[0.5], -0.5),
            (&[-0.5], 0.5),
            (&[1.5], -1.5),
            (&[-2.5], 2.5),
            (&[2.0], -2.0),
            (&[1000000000000000.0], -1000000000000000.0),
            (&[-1e300], 1e300),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "sub",
        doc: "`x` less `y`",
        arity: Arity::Exactly(2),
        params: &[Param::new("x"), Param::new("y")],
        surface: Surface::Operator("-"),
        value: Value::Two(|x, y| x - y),
        block: Some(|_, args, out| block_two(|x, y| x - y, args[0], args[1], out)),
        partials: |b, _, _| vec![b.num(1.0), b.num(-1.0)],
        curvature: affine,
        monotone: |_| vec![Trend::Increasing, Trend::Decreasing],
        enclose: |x| range::sub(x[0], x[1]),
        lower: Lower::Native(Instruction::Sub),
        nl: &[1],
        reference: &[
            (&[0.1, 0.2], -0.1),
            (&[1.0, 2.0], -1.0),
            (&[-3.5, 3.5], -7.0),
            (&[1e16, 1.0], 1e16),
            (&[0.0, 0.0], 0.0),
            (&[-1e-300, 1e300], -1e300),
            (&[2.5, -0.75], 3.25),
            (&[1.0, 1.0], 0.0),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "div",
        doc: "`x` divided by `y`",
        arity: Arity::Exactly(2),
        params: &[Param::new("x"), Param::new("y")],
        surface: Surface::Operator("/"),
        value: Value::Two(|x, y| x / y),
        block: Some(|_, args, out| block_two(|x, y| x / y, args[0], args[1], out)),
        residual: Residual::Quotient,
        partials: |b, x, y| rule(b, x, y, |x, y| vec![1.0 / x[1], -y / x[1]]),
        domain: Domain { joint: Some(|x| x[1] != 0.0), text: "a quotient needs a divisor other than 0", ..Domain::ALL },
        curvature: |x| match (range::point(x[0]), range::point(x[1])) {
            (Some(_), Some(_)) => Curvature::Constant,
            (_, Some(_)) => Curvature::Affine,
            (Some(c), None) => reciprocal_curvature(c, x[1]),
            _ => Curvature::Unknown,
        },
        monotone: |x| vec![Trend::of_slope(x[1]), divisor_trend(x[0], x[1])],
        enclose: |x| range::div(x[0], x[1]),
        lower: Lower::Native(Instruction::Div),
        nl: &[3],
        reference: &[
            (&[1.0, 3.0], 0.3333333333333333),
            (&[-1.0, 3.0], -0.3333333333333333),
            (&[2.0, 0.1], 20.0),
            (&[1e300, 1e-05], 1e305),
            (&[1e-300, 100000.0], 1e-305),
            (&[0.0, 5.0], 0.0),
            (&[7.0, -7.0], -1.0),
            (&[1.0, 49.0], 0.02040816326530612),
        ],
        ..Builtin::BASE
    },
];

fn affine(x: &[Interval]) -> Curvature {
    if x.iter().all(|x| range::is_point(*x)) { Curvature::Constant } else { Curvature::Affine }
}

/// The curvature of `c / y`.
fn reciprocal_curvature(c: f64, y: Interval) -> Curvature {
    if c == 0.0 {
        Curvature::Constant
    } else if y.lo >= 0.0 {
        if c > 0.0 { Curvature::Convex } else { Curvature::Concave }
    } else if y.hi <= 0.0 {
        if c > 0.0 { Curvature::Concave } else { Curvature::Convex }
    } else {
        Curvature::Unknown
    }
}

/// The trend of `x / y` in `y`, from its slope `-x / y^2`.
fn divisor_trend(x: Interval, y: Interval) -> Trend {
    if y.lo < 0.0 && y.hi > 0.0 && x != Interval::point(0.0) { Trend::Unknown } else { Trend::of_slope(range::neg(x)) }
}

/// The partials of a product, as products before and after each factor: `3 n` nodes, not `n^2`.
fn products_of_others(b: &mut dyn Builder, x: &[Ex], _y: Ex) -> Vec<Ex> {
    let Some(last) = x.len().checked_sub(1) else { return Vec::new() };
    let mut after: Vec<Option<Ex>> = vec![None; x.len()];
    for k in (0..last).rev() {
        after[k] = Some(after[k + 1].map_or(x[k + 1], |rest| b.call("mul", &[x[k + 1], rest])));
    }
    let mut before: Option<Ex> = None;
    let mut partials = Vec::with_capacity(x.len());
    for (&factor, &rest) in x.iter().zip(&after) {
        partials.push(match (before, rest) {
            (None, None) => b.num(1.0),
            (Some(one), None) | (None, Some(one)) => one,
            (Some(left), Some(right)) => b.call("mul", &[left, right]),
        });
        if partials.len() <= last {
            before = Some(before.map_or(factor, |left| b.call("mul", &[left, factor])));
        }
    }
    partials
}

/// The ranges of the same products.
fn enclosed_products_of_others(x: &[Interval]) -> Vec<Interval> {
    let one = Interval::point(1.0);
    let mut after = vec![one; x.len()];
    for k in (1..x.len()).rev() {
        after[k - 1] = range::mul(after[k], x[k]);
    }
    let mut before = one;
    let mut products = Vec::with_capacity(x.len());
    for (&factor, &rest) in x.iter().zip(&after) {
        products.push(range::mul(before, rest));
        before = range::mul(before, factor);
    }
    products
}
