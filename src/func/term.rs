//! Rules written as on paper: `vec![1.0 / (1.0 + x[0])]`.
//!
//! Takes a [`Builder`], gives [`Term`]s, expressions that arithmetic and builtins apply to.
//! Deliberately absent: simplification; that is the builder's.

use super::row::{Builder, Ex};
use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A builder that may be shared by the terms of one rule.
trait Make {
    fn num(&self, value: f64) -> Ex;
    fn call(&self, name: &'static str, args: &[Ex]) -> Ex;
    fn cond(&self, c: Ex, then: Ex, otherwise: Ex) -> Ex;
}

impl Make for RefCell<&mut dyn Builder> {
    fn num(&self, value: f64) -> Ex {
        self.borrow_mut().num(value)
    }

    fn call(&self, name: &'static str, args: &[Ex]) -> Ex {
        self.borrow_mut().call(name, args)
    }

    fn cond(&self, c: Ex, then: Ex, otherwise: Ex) -> Ex {
        self.borrow_mut().cond(c, then, otherwise)
    }
}

/// An expression and the builder it belongs to.
#[derive(Clone, Copy)]
pub struct Term<'a> {
    make: &'a dyn Make,
    ex: Ex,
}

/// Writes the partial derivatives `f(x, y)` into a builder.
pub fn rule<F>(b: &mut dyn Builder, x: &[Ex], y: Ex, f: F) -> Vec<Ex>
where
    F: for<'a> FnOnce(&[Term<'a>], Term<'a>) -> Vec<Term<'a>>,
{
    let shared = RefCell::new(b);
    let term = |&ex: &Ex| Term { make: &shared, ex };
    let x: Vec<Term<'_>> = x.iter().map(term).collect();
    f(&x, term(&y)).into_iter().map(|t| t.ex).collect()
}

impl Term<'_> {
    /// A number beside this term.
    pub fn num(self, value: f64) -> Self {
        Self { ex: self.make.num(value), ..self }
    }

    /// A builtin of this term.
    pub fn call(self, name: &'static str) -> Self {
        Self { ex: self.make.call(name, &[self.ex]), ..self }
    }

    /// A builtin of this term and another.
    pub fn call2(self, name: &'static str, other: Self) -> Self {
        Self { ex: self.make.call(name, &[self.ex, other.ex]), ..self }
    }

    /// A builtin of this term and two others.
    pub fn call3(self, name: &'static str, second: Self, third: Self) -> Self {
        Self { ex: self.make.call(name, &[self.ex, second.ex, third.ex]), ..self }
    }

    /// `then` where this term is not 0, else `otherwise`.
    pub fn cond(self, then: Self, otherwise: Self) -> Self {
        Self { ex: self.make.cond(self.ex, then.ex, otherwise.ex), ..self }
    }

    /// `self * self`.
    pub fn square(self) -> Self {
        self * self
    }

    /// 1 where this term is greater than `value`, else 0.
    pub fn gt(self, value: f64) -> Self {
        self.call2("gt", self.num(value))
    }

    /// 1 where this term is `value`, else 0.
    pub fn eq(self, value: f64) -> Self {
        self.call2("eq", self.num(value))
    }
}

impl Neg for Term<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        self.call("neg")
    }
}

/// `term ∘ term`, `term ∘ number` and `number ∘ term`.
macro_rules! operator {
    ($trait:ident, $method:ident, $name:literal) => {
        impl $trait for Term<'_> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                self.call2($name, other)
            }
        }

        impl $trait<f64> for Term<'_> {
            type Output = Self;
            fn $method(self, other: f64) -> Self {
                self.call2($name, self.num(other))
            }
        }

        impl<'a> $trait<Term<'a>> for f64 {
            type Output = Term<'a>;
            fn $method(self, other: Term<'a>) -> Term<'a> {
                other.num(self).call2($name, other)
            }
        }
    };
}

operator!(Add, add, "add");
operator!(Sub, sub, "sub");
operator!(Mul, mul, "mul");
operator!(Div, div, "div");
