//! Ranges of formulas: a builder whose expressions are intervals.
//!
//! Takes a formula or the partial derivatives of a row, and ranges of the arguments; gives ranges.
//! Deliberately absent: tightening where an argument occurs twice.

use super::row::{Builder, Ex, Trend};
use super::term::{Term, rule};
use super::{lookup, row};
use crate::base::Interval;

/// Expressions as ranges.
#[derive(Default)]
struct Ranges {
    of: Vec<Interval>,
}

impl Ranges {
    fn push(&mut self, range: Interval) -> Ex {
        self.of.push(range);
        Ex(u32::try_from(self.of.len() - 1).expect("a rule has few nodes"))
    }

    fn at(&self, ex: Ex) -> Interval {
        self.of[ex.0 as usize]
    }
}

impl Builder for Ranges {
    fn num(&mut self, value: f64) -> Ex {
        self.push(Interval::point(value))
    }

    fn call(&mut self, name: &'static str, args: &[Ex]) -> Ex {
        let id = lookup(name).expect("rules name rows only; every rule is run in tests");
        let args: Vec<Interval> = args.iter().map(|&ex| self.at(ex)).collect();
        self.push((row(id).enclose)(&args))
    }

    fn cond(&mut self, c: Ex, then: Ex, otherwise: Ex) -> Ex {
        let c = self.at(c);
        let (then, otherwise) = (self.at(then), self.at(otherwise));
        self.push(if !c.contains(0.0) {
            then
        } else if c == Interval::point(0.0) {
            otherwise
        } else {
            then.hull(otherwise)
        })
    }
}

/// The range of a formula, when each argument is in its range; empty when one is.
pub fn enclose_formula<F>(x: &[Interval], formula: F) -> Interval
where
    F: for<'a> FnOnce(&[Term<'a>]) -> Term<'a>,
{
    if x.iter().any(|x| x.is_empty()) {
        return Interval::EMPTY;
    }
    let mut ranges = Ranges::default();
    let x: Vec<Ex> = x.iter().map(|&x| ranges.push(x)).collect();
    let Some(&first) = x.first() else { return Interval::ALL };
    let value = rule(&mut ranges, &x, first, |x, _| vec![formula(x)]);
    ranges.at(value[0])
}

/// The trend of a row in each argument, from the ranges of its partial derivatives.
pub fn trends(name: &'static str, x: &[Interval]) -> Vec<Trend> {
    let builtin = row(lookup(name).expect("a row asks for its own trends"));
    let mut ranges = Ranges::default();
    let inside = x.iter().enumerate().map(|(k, x)| x.meet(builtin.domain.range(k)));
    let args: Vec<Ex> = inside.map(|x| ranges.push(x)).collect();
    let value = (builtin.enclose)(x);
    let y = ranges.push(value);
    if ranges.of.iter().any(|range| range.is_empty()) {
        return vec![Trend::Unknown; x.len()];
    }
    let partials = (builtin.partials)(&mut ranges, &args, y);
    let of = |(&slope, x): (&Ex, &Interval)| {
        if x.lo == x.hi || ranges.at(slope).is_empty() { Trend::Unknown } else { Trend::of_slope(ranges.at(slope)) }
    };
    partials.iter().zip(x).map(of).collect()
}
