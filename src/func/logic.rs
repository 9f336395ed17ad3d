//! Comparisons and `and or not`: 1 where they hold, else 0.

use super::row::{Arity, Builtin, Curvature, Instruction, Lower, Param, Smoothness, Surface, Trend, Value};
use super::row::{block_one, block_two};
use crate::base::Interval;

const X_Y: &[Param] = &[Param::new("x"), Param::new("y")];

/// A row of this file: two arguments, no slope, jumps where its value does.
macro_rules! comparison {
    ($name:literal, $sign:literal, $doc:literal, $holds:expr, $truth:expr, $trends:expr, $instruction:ident, $nl:expr,
     reference: $reference:expr) => {
        Builtin {
            name: $name,
            doc: $doc,
            arity: Arity::Exactly(2),
            params: X_Y,
            surface: Surface::Operator($sign),
            value: Value::Two(|x, y| number($holds(x, y))),
            block: Some(|_, args, out| block_two(|x, y| number($holds(x, y)), args[0], args[1], out)),
            partials: |b, x, _| vec![b.num(0.0); x.len()],
            smoothness: |x| smoothness($truth(x[0], x[1])),
            curvature: |x| curvature($truth(x[0], x[1])),
            monotone: |x| trends($truth(x[0], x[1]), &$trends),
            enclose: |x| $truth(x[0], x[1]),
            lower: Lower::Native(Instruction::$instruction),
            nl: $nl,
            reference: $reference,
            ..Builtin::BASE
        }
    };
}

pub(super) static ROWS: &[Builtin] = &[
    comparison!(
        "lt",
        "<",
        "1 where `x` is less than `y`, else 0",
        |x: f64, y: f64| x < y,
        |x: Interval, y: Interval| truth(x, y, x.hi < y.lo, x.lo >= y.hi),
        [Trend::Decreasing, Trend::Increasing],
        Lt,
        &[22],
        reference: &[(&[0.0, 0.0], 0.0), (&[0.0, -0.0], 0.0), (&[1.0, 2.0], 1.0), (&[2.0, 1.0], 0.0), (&[-1.0, 1.0], 1.0), (&[1.0, 1.0000000000000002], 1.0), (&[1e300, -1e300], 0.0), (&[5e-324, 0.0], 0.0)]
    ),
    comparison!(
        "le",
        "<=",
        "1 where `x` is at most `y`, else 0",
        |x: f64, y: f64| x <= y,
        |x: Interval, y: Interval| truth(x, y, x.hi <= y.lo, x.lo > y.hi),
        [Trend::Decreasing, Trend::Increasing],
        Le,
        &[23],
        reference: &[(&[0.0, 0.0], 1.0), (&[0.0, -0.0], 1.0), (&[1.0, 2.0], 1.0), (&[2.0, 1.0], 0.0), (&[-1.0, 1.0], 1.0), (&[1.0, 1.0000000000000002], 1.0), (&[1e300, -1e300], 0.0), (&[5e-324, 0.0], 0.0)]
    ),
    comparison!(
        "gt",
        ">",
        "1 where `x` is greater than `y`, else 0",
        |x: f64, y: f64| x > y,
        |x: Interval, y: Interval| truth(x, y, x.lo > y.hi, x.hi <= y.lo),
        [Trend::Increasing, Trend::Decreasing],
        Gt,
        &[29],
        reference: &[(&[0.0, 0.0], 0.0), (&[0.0, -0.0], 0.0), (&[1.0, 2.0], 0.0), (&[2.0, 1.0], 1.0), (&[-1.0, 1.0], 0.0), (&[1.0, 1.0000000000000002], 0.0), (&[1e300, -1e300], 1.0), (&[5e-324, 0.0], 1.0)]
    ),
    comparison!(
        "ge",
        ">=",
        "1 where `x` is at least `y`, else 0",
        |x: f64, y: f64| x >= y,
        |x: Interval, y: Interval| truth(x, y, x.lo >= y.hi, x.hi < y.lo),
        [Trend::Increasing, Trend::Decreasing],
        Ge,
        &[28],
        reference: &[(&[0.0, 0.0], 1.0), (&[0.0, -0.0], 1.0), (&[1.0, 2.0], 0.0), (&[2.0, 1.0], 1.0), (&[-1.0, 1.0], 0.0), (&[1.0, 1.0000000000000002], 0.0), (&[1e300, -1e300], 1.0), (&[5e-324, 0.0], 1.0)]
    ),
    comparison!(
        "eq",
        "==",
        "1 where `x` and `y` are the same number, else 0",
        |x: f64, y: f64| x == y,
        |x: Interval, y: Interval| truth(x, y, same(x, y), x.meet(y).is_empty()),
        [Trend::Unknown, Trend::Unknown],
        Eq,
        &[24],
        reference: &[(&[0.0, 0.0], 1.0), (&[0.0, -0.0], 1.0), (&[1.0, 2.0], 0.0), (&[2.0, 1.0], 0.0), (&[-1.0, 1.0], 0.0), (&[1.0, 1.0000000000000002], 0.0), (&[1e300, -1e300], 0.0), (&[5e-324, 0.0], 0.0)]
    ),
    comparison!(
        "ne",
        "!=",
        "1 where `x` and `y` are different numbers, else 0",
        |x: f64, y: f64| x != y,
        |x: Interval, y: Interval| truth(x, y, x.meet(y).is_empty(), same(x, y)),
        [Trend::Unknown, Trend::Unknown],
        Ne,
        &[30],
        reference: &[(&[0.0, 0.0], 0.0), (&[0.0, -0.0], 0.0), (&[1.0, 2.0], 1.0), (&[2.0, 1.0], 1.0), (&[-1.0, 1.0], 1.0), (&[1.0, 1.0000000000000002], 1.0), (&[1e300, -1e300], 1.0), (&[5e-324, 0.0], 1.0)]
    ),
    Builtin {
        name: "and",
        doc: "1 where all arguments hold (are not 0), else 0",
        arity: Arity::AtLeast(1),
        params: X_Y,
        surface: Surface::Operator("and"),
        value: Value::Many(|x| number(x.iter().all(|&x| x != 0.0))),
        block: Some(|_, args, out| {
            block_one(|x| number(x != 0.0), args[0], out);
            for x in &args[1..] {
                out.iter_mut().zip(*x).for_each(|(out, &x)| *out = number(*out != 0.0 && x != 0.0));
            }
        }),
        partials: |b, x, _| vec![b.num(0.0); x.len()],
        smoothness: |x| smoothness(all_hold(x)),
        curvature: |x| curvature(all_hold(x)),
        monotone: |x| trends(all_hold(x), &vec![Trend::Unknown; x.len()]),
        enclose: all_hold,
        nl: &[21, 70],
        reference: &[
            (&[0.0, 0.0], 0.0),
            (&[0.0, 1.0], 0.0),
            (&[1.0, 0.0], 0.0),
            (&[1.0, 1.0], 1.0),
            (&[-2.0, 0.5], 1.0),
            (&[5e-324, 1.0], 1.0),
            (&[0.0, -3.0], 0.0),
            (&[-0.0, 0.0], 0.0),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "or",
        doc: "1 where some argument holds (is not 0), else 0",
        arity: Arity::AtLeast(1),
        params: X_Y,
        surface: Surface::Operator("or"),
        value: Value::Many(|x| number(x.iter().any(|&x| x != 0.0))),
        block: Some(|_, args, out| {
            block_one(|x| number(x != 0.0), args[0], out);
            for x in &args[1..] {
                out.iter_mut().zip(*x).for_each(|(out, &x)| *out = number(*out != 0.0 || x != 0.0));
            }
        }),
        partials: |b, x, _| vec![b.num(0.0); x.len()],
        smoothness: |x| smoothness(some_holds(x)),
        curvature: |x| curvature(some_holds(x)),
        monotone: |x| trends(some_holds(x), &vec![Trend::Unknown; x.len()]),
        enclose: some_holds,
        nl: &[20, 71],
        reference: &[
            (&[0.0, 0.0], 0.0),
            (&[0.0, 1.0], 1.0),
            (&[1.0, 0.0], 1.0),
            (&[1.0, 1.0], 1.0),
            (&[-2.0, 0.5], 1.0),
            (&[5e-324, 1.0], 1.0),
            (&[0.0, -3.0], 1.0),
            (&[-0.0, 0.0], 0.0),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "not",
        doc: "1 where `x` is 0, else 0",
        surface: Surface::Operator("not"),
        value: Value::One(|x| number(x == 0.0)),
        block: Some(|_, args, out| block_one(|x| number(x == 0.0), args[0], out)),
        partials: |b, _, _| vec![b.num(0.0)],
        smoothness: |x| smoothness(fails(x[0])),
        curvature: |x| curvature(fails(x[0])),
        monotone: |x| trends(fails(x[0]), &[Trend::Unknown]),
        enclose: |x| fails(x[0]),
        nl: &[34],
        reference: &[
            (&[0.0], 1.0),
            (&[-0.0], 1.0),
            (&[0.3], 0.0),
            (&[-0.3], 0.0),
            (&[0.5], 0.0),
            (&[-0.5], 0.0),
            (&[1.5], 0.0),
            (&[-2.5], 0.0),
            (&[2.0], 0.0),
            (&[1000000000000000.0], 0.0),
            (&[-1e300], 0.0),
        ],
        ..Builtin::BASE
    },
];

const TRUE: Interval = Interval::point(1.0);
const FALSE: Interval = Interval::point(0.0);
const EITHER: Interval = Interval::new(0.0, 1.0);

fn number(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// The range of a comparison that always holds, never holds, or neither.
fn truth(x: Interval, y: Interval, always: bool, never: bool) -> Interval {
    if x.is_empty() || y.is_empty() {
        Interval::EMPTY
    } else if always {
        TRUE
    } else if never {
        FALSE
    } else {
        EITHER
    }
}

/// Whether both are the same single number.
fn same(x: Interval, y: Interval) -> bool {
    x.lo == x.hi && x == y
}

/// The range of `x != 0`.
fn holds(x: Interval) -> Interval {
    truth(x, x, !x.contains(0.0), same(x, FALSE))
}

/// The range of `x == 0`.
fn fails(x: Interval) -> Interval {
    truth(x, x, same(x, FALSE), !x.contains(0.0))
}

fn all_hold(x: &[Interval]) -> Interval {
    x.iter().map(|x| holds(*x)).fold(TRUE, |all, one| {
        if all.is_empty() || one.is_empty() { Interval::EMPTY } else { Interval::new(all.lo * one.lo, all.hi * one.hi) }
    })
}

fn some_holds(x: &[Interval]) -> Interval {
    x.iter().map(|x| holds(*x)).fold(FALSE, |some, one| {
        if some.is_empty() || one.is_empty() {
            Interval::EMPTY
        } else {
            Interval::new(some.lo.max(one.lo), some.hi.max(one.hi))
        }
    })
}

fn smoothness(truth: Interval) -> Smoothness {
    if truth == EITHER { Smoothness::Jump } else { Smoothness::Smooth }
}

fn curvature(truth: Interval) -> Curvature {
    if truth == EITHER { Curvature::Unknown } else { Curvature::Constant }
}

fn trends(truth: Interval, undecided: &[Trend]) -> Vec<Trend> {
    if truth == EITHER { undecided.to_vec() } else { vec![Trend::Constant; undecided.len()] }
}
