//! The kinds of values an expression can be walked in.

use super::rule::Rules;
use crate::base::Interval;
use crate::func::{self, FuncId};
use crate::num::vmath;

/// A kind of value.
pub trait Algebra {
    /// One value.
    type N: Copy;
    /// A sum in the making.
    type Sum;

    /// A number of the model or of its data.
    fn num(&mut self, value: f64) -> Self::N;
    /// The variable at a slot of `x`.
    fn var(&mut self, slot: usize) -> Self::N;
    /// A builtin applied to values.
    fn call(&mut self, func: FuncId, args: &[Self::N]) -> Self::N;
    /// Whether a condition holds; nothing when it may or may not.
    fn truth(&mut self, cond: Self::N) -> Option<bool>;
    /// The value when it is not known which branch is taken.
    fn either(&mut self, cond: Self::N, then: Self::N, otherwise: Self::N) -> Self::N;
    /// An empty sum.
    fn sum(&mut self) -> Self::Sum;
    /// Adds a term.
    fn add(&mut self, sum: &mut Self::Sum, term: Self::N);
    /// The finished sum.
    fn total(&mut self, sum: Self::Sum) -> Self::N;
    /// `log(sum(exp(items)))` of at least one item.
    fn log_sum_exp(&mut self, items: &[Self::N]) -> Self::N;
    /// log |det| of an `n` by `n` matrix, row-major.
    fn log_det(&mut self, items: &[Self::N], n: usize) -> Self::N;
}

pub(super) fn known(name: &'static str) -> FuncId {
    func::lookup(name).unwrap_or_else(|| crate::bug!("no builtin `{name}`"))
}

/// A compensated sum (Neumaier, ZAMM 54 (1974)): exact to a unit in the last place of the sum of
/// absolute terms, whatever their number.
#[derive(Clone, Copy, Default, Debug)]
pub struct Neumaier {
    sum: f64,
    lost: f64,
}

impl Neumaier {
    /// Adds a term.
    pub fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        if sum.is_finite() {
            self.lost += if self.sum.abs() >= term.abs() { (self.sum - sum) + term } else { (term - sum) + self.sum };
        }
        self.sum = sum;
    }

    /// The sum.
    pub fn total(self) -> f64 {
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

/// `log(sum(exp(items)))` without overflow; `-inf` over nothing.
pub fn log_sum_exp(items: &[f64]) -> f64 {
    let greatest = items.iter().copied().fold(f64::NEG_INFINITY, |a, b| if b.is_nan() || b > a { b } else { a });
    if !greatest.is_finite() {
        return greatest;
    }
    let mut sum = Neumaier::default();
    items.iter().for_each(|&x| sum.add(vmath::exp(x - greatest)));
    greatest + vmath::log(sum.total())
}

/// log |det| by Gaussian elimination with row pivoting; `-inf` for a singular matrix.
fn log_det(mut a: Vec<f64>, n: usize) -> f64 {
    let mut out = 0.0;
    for k in 0..n {
        let size = |i: usize, a: &[f64]| a[i * n + k].abs();
        let pivot = (k..n).max_by(|&i, &j| size(i, &a).total_cmp(&size(j, &a))).unwrap_or(k);
        for j in 0..n {
            a.swap(k * n + j, pivot * n + j);
        }
        let head = a[k * n + k];
        out += vmath::log(head.abs());
        if head == 0.0 {
            return f64::NEG_INFINITY;
        }
        for i in k + 1..n {
            let factor = a[i * n + k] / head;
            for j in k + 1..n {
                a[i * n + j] -= factor * a[k * n + j];
            }
        }
    }
    out
}

/// Numbers at a point.
#[derive(Clone, Debug)]
pub struct Plain<'x> {
    /// The point.
    pub x: &'x [f64],
}

impl Algebra for Plain<'_> {
    type N = f64;
    type Sum = Neumaier;

    fn num(&mut self, value: f64) -> f64 {
        value
    }
    fn var(&mut self, slot: usize) -> f64 {
        self.x[slot]
    }
    fn call(&mut self, func: FuncId, args: &[f64]) -> f64 {
        func::row(func).eval(args)
    }
    fn truth(&mut self, cond: f64) -> Option<bool> {
        Some(cond != 0.0)
    }
    fn either(&mut self, cond: f64, then: f64, otherwise: f64) -> f64 {
        if cond != 0.0 { then } else { otherwise }
    }
    fn sum(&mut self) -> Neumaier {
        Neumaier::default()
    }
    fn add(&mut self, sum: &mut Neumaier, term: f64) {
        sum.add(term);
    }
    fn total(&mut self, sum: Neumaier) -> f64 {
        sum.total()
    }
    fn log_sum_exp(&mut self, items: &[f64]) -> f64 {
        log_sum_exp(items)
    }
    fn log_det(&mut self, items: &[f64], n: usize) -> f64 {
        log_det(items.to_vec(), n)
    }
}

/// A value with the size of what it was made from: for a sum, the sum of the sizes of its terms; for
/// `f(a, ...)` at least `|f|` and `sum |df/da| size(a)`. Two ways of computing the value in double
/// precision agree to a modest multiple of `size * 2^-53`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sized {
    /// The value.
    pub value: f64,
    /// The size, at least `|value|`.
    pub size: f64,
}

/// Numbers with sizes at a point.
pub struct Scaled<'x> {
    /// The point.
    pub x: &'x [f64],
    rules: Rules,
}

impl<'x> Scaled<'x> {
    /// At a point.
    pub fn new(x: &'x [f64]) -> Self {
        Self { x, rules: Rules::default() }
    }

    fn point(value: f64) -> Sized {
        Sized { value, size: value.abs() }
    }
}

impl Algebra for Scaled<'_> {
    type N = Sized;
    type Sum = (Neumaier, f64);

    fn num(&mut self, value: f64) -> Sized {
        Self::point(value)
    }
    fn var(&mut self, slot: usize) -> Sized {
        Self::point(self.x[slot])
    }
    fn call(&mut self, func: FuncId, args: &[Sized]) -> Sized {
        let values: Vec<f64> = args.iter().map(|a| a.value).collect();
        let value = func::row(func).eval(&values);
        let rule = self.rules.rule(func, args.len());
        let slopes = self.rules.first(rule, &values, value);
        let parts = args.iter().zip(slopes).filter(|(a, slope)| a.size != 0.0 && **slope != 0.0);
        let size: f64 = parts.map(|(a, slope)| slope.abs() * a.size).sum();
        Sized { value, size: size.max(value.abs()) }
    }
    fn truth(&mut self, cond: Sized) -> Option<bool> {
        Some(cond.value != 0.0)
    }
    fn either(&mut self, cond: Sized, then: Sized, otherwise: Sized) -> Sized {
        if cond.value != 0.0 { then } else { otherwise }
    }
    fn sum(&mut self) -> Self::Sum {
        (Neumaier::default(), 0.0)
    }
    fn add(&mut self, sum: &mut Self::Sum, term: Sized) {
        sum.0.add(term.value);
        sum.1 += term.size;
    }
    fn total(&mut self, sum: Self::Sum) -> Sized {
        Sized { value: sum.0.total(), size: sum.1 }
    }
    fn log_sum_exp(&mut self, items: &[Sized]) -> Sized {
        let values: Vec<f64> = items.iter().map(|i| i.value).collect();
        let value = log_sum_exp(&values);
        // The gradient is a softmax: weights that add to 1.
        let size: f64 = items.iter().map(|i| vmath::exp(i.value - value) * i.size).sum();
        Sized { value, size: size.max(value.abs()) }
    }
    fn log_det(&mut self, items: &[Sized], n: usize) -> Sized {
        let value = log_det(items.iter().map(|i| i.value).collect(), n);
        let size = items.iter().map(|i| i.size).sum::<f64>();
        Sized { value, size: size.max(value.abs()) }
    }
}

/// Intervals over a box.
#[derive(Clone, Debug)]
pub struct Boxes<'x> {
    /// The box.
    pub x: &'x [Interval],
}

impl Algebra for Boxes<'_> {
    type N = Interval;
    type Sum = Interval;

    fn num(&mut self, value: f64) -> Interval {
        Interval::point(value)
    }
    fn var(&mut self, slot: usize) -> Interval {
        self.x[slot]
    }
    fn call(&mut self, func: FuncId, args: &[Interval]) -> Interval {
        (func::row(func).enclose)(args)
    }
    fn truth(&mut self, cond: Interval) -> Option<bool> {
        if cond.lo == 0.0 && cond.hi == 0.0 {
            Some(false)
        } else if cond.contains(0.0) || cond.is_empty() {
            None
        } else {
            Some(true)
        }
    }
    fn either(&mut self, _cond: Interval, then: Interval, otherwise: Interval) -> Interval {
        then.hull(otherwise)
    }
    fn sum(&mut self) -> Interval {
        Interval::point(0.0)
    }
    fn add(&mut self, sum: &mut Interval, term: Interval) {
        *sum = self.call(known("add"), &[*sum, term]);
    }
    fn total(&mut self, sum: Interval) -> Interval {
        sum
    }
    fn log_sum_exp(&mut self, items: &[Interval]) -> Interval {
        if items.iter().any(|i| i.is_empty()) {
            return Interval::EMPTY;
        }
        let of = |end: fn(&Interval) -> f64| log_sum_exp(&items.iter().map(end).collect::<Vec<f64>>());
        let (lo, hi) = (of(|i| i.lo), of(|i| i.hi));
        // The compensated sum and two functions of 2 ulp each, absolute near 0.
        let slack = |v: f64| if v.is_finite() { 8.0 * f64::EPSILON * v.abs().max(1.0) } else { 0.0 };
        Interval::new(lo - slack(lo), hi + slack(hi))
    }
    fn log_det(&mut self, _items: &[Interval], _n: usize) -> Interval {
        Interval::ALL
    }
}
