//! Models made in Rust: sets, data, variables and expressions as values; what comes out is the text of a model.
//!
//! ```
//! use optc::embed::build::{Model, sum};
//!
//! let mut m = Model::new();
//! let things = m.range("things", 1..=3);
//! let value = m.array("value", &[&things], &[4.0, 9.0, 6.0]);
//! let weight = m.array("weight", &[&things], &[1.0, 5.0, 3.0]);
//! let take = m.var("take").over(&[&things]).between(0.0, 1.0).add();
//! m.maximize(sum(&things, |k| value.at(k) * take.at(k)));
//! m.subject_to("room", sum(&things, |k| weight.at(k) * take.at(k)).le(4.0));
//!
//! let solution = m.compile()?.solve()?;
//! assert!((solution.objective() - 10.0).abs() < 1e-6);
//! # Ok::<(), optc::embed::Errors>(())
//! ```
//!
//! [`Model::text`] shows the text, which is checked, differentiated and compiled like any other: one template per line,
//! whatever the length of the sets. Errors speak of places in it.
//! Deliberately absent: what the language does not have; a name that is no name is found when the model is compiled.

use super::errors::Errors;
use super::problem::Problem;
use super::source::Source;
use std::cell::Cell;
use std::fmt::Write as _;
use std::ops::{Add, Div, Mul, Neg, RangeInclusive, Sub};

/// A model in the making.
#[derive(Clone, Default)]
pub struct Model {
    sets: String,
    lines: String,
    rows: String,
    arrays: Vec<(String, Vec<usize>, Vec<f64>)>,
}

/// A set of a model.
#[derive(Clone, Debug)]
pub struct Set {
    name: String,
    len: usize,
}

/// A param or variable with its subscripts.
#[derive(Clone, Debug)]
pub struct Array {
    name: String,
    n_axes: usize,
}

/// How tightly an expression's outermost operator binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Bind {
    Sum,
    Product,
    Unary,
    Power,
    Atom,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    text: String,
    bind: Bind,
}

/// A constraint: two expressions and how they compare.
#[derive(Clone, Debug)]
pub struct Relation(String);

impl Model {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The integers of a range as a set.
    pub fn range(&mut self, name: &str, range: RangeInclusive<i64>) -> Set {
        let len = range.end().checked_sub(*range.start()).and_then(|n| usize::try_from(n + 1).ok()).unwrap_or(0);
        self.set_line(name, &format!("{}..{}", range.start(), range.end()), len)
    }

    /// A set of labels, each a name.
    pub fn labels(&mut self, name: &str, labels: &[&str]) -> Set {
        self.set_line(name, &format!("{{{}}}", labels.join(", ")), labels.len())
    }

    fn set_line(&mut self, name: &str, what: &str, len: usize) -> Set {
        let _ = writeln!(self.sets, "set {name} = {what}");
        Set { name: name.to_owned(), len }
    }

    /// A number that [`Problem::set`] can change.
    pub fn number(&mut self, name: &str, value: f64) -> Expr {
        let _ = writeln!(self.lines, "param {name} = {}", number(value).text);
        Expr { text: name.to_owned(), bind: Bind::Atom }
    }

    /// Numbers over sets, the last index running fastest, that [`Problem::set`] can change.
    pub fn array(&mut self, name: &str, sets: &[&Set], values: &[f64]) -> Array {
        let _ = writeln!(self.lines, "param {name}{}", axes(sets));
        let shape = sets.iter().map(|set| set.len).collect();
        self.arrays.push((name.to_owned(), shape, values.to_vec()));
        Array { name: name.to_owned(), n_axes: sets.len() }
    }

    /// A variable; free and real unless told otherwise, and in the model after [`NewVar::add`].
    pub fn var(&mut self, name: &str) -> NewVar<'_> {
        let (bounds, start, of) = (String::new(), String::new(), "");
        NewVar { model: self, name: name.to_owned(), sets: Vec::new(), bounds, start, of }
    }

    /// The objective, to be small.
    pub fn minimize(&mut self, what: impl Into<Expr>) {
        let _ = writeln!(self.lines, "minimize {}", what.into().text);
    }

    /// The objective, to be large.
    pub fn maximize(&mut self, what: impl Into<Expr>) {
        let _ = writeln!(self.lines, "maximize {}", what.into().text);
    }

    /// The objective, to be small, with a name of its own.
    pub fn minimize_named(&mut self, name: &str, what: impl Into<Expr>) {
        let _ = writeln!(self.lines, "minimize {name}: {}", what.into().text);
    }

    /// The objective, to be large, with a name of its own.
    pub fn maximize_named(&mut self, name: &str, what: impl Into<Expr>) {
        let _ = writeln!(self.lines, "maximize {name}: {}", what.into().text);
    }

    /// One constraint.
    pub fn subject_to(&mut self, name: &str, relation: Relation) {
        let _ = writeln!(self.rows, "  {name}: {}", relation.0);
    }

    /// A constraint for each element of a set.
    pub fn subject_to_each(&mut self, name: &str, set: &Set, relation: impl FnOnce(&Expr) -> Relation) {
        let line = with_index(|k| format!("  {name}[{} in {}]: {}", k.text, set.name, relation(k).0));
        let _ = writeln!(self.rows, "{line}");
    }

    /// A constraint for each tuple of elements of some sets.
    ///
    /// ```
    /// # use optc::embed::build::Model;
    /// # let mut m = Model::new();
    /// # let (i, j) = (m.range("I", 1..=2), m.range("J", 1..=3));
    /// # let flow = m.var("flow").over(&[&i, &j]).at_least(0.0).add();
    /// m.subject_to_each_of("most", [&i, &j], |[p, q]| flow.at((p, q)).le(4));
    /// assert!(m.text().contains("most[i₁ in I, i₂ in J]: flow[i₁, i₂] <= 4"));
    /// ```
    pub fn subject_to_each_of<const N: usize>(
        &mut self,
        name: &str,
        sets: [&Set; N],
        relation: impl FnOnce([&Expr; N]) -> Relation,
    ) {
        let (axes, relation) = with_indices(sets, relation);
        let axes = if N == 0 { axes } else { format!("[{axes}]") };
        let _ = writeln!(self.rows, "  {name}{axes}: {}", relation.0);
    }

    /// A line of the language as it is, such as `expect`, `check`, a table, or a statement that has no method here.
    pub fn line(&mut self, text: &str) {
        let _ = writeln!(self.lines, "{text}");
    }

    /// The text of the model.
    pub fn text(&self) -> String {
        let rows = if self.rows.is_empty() { String::new() } else { format!("subject to\n{}", self.rows) };
        format!("{}{}{rows}", self.sets, self.lines)
    }

    /// Text and data.
    pub fn source(&self) -> Source {
        let with =
            |source: Source, (name, shape, values): &(String, Vec<usize>, Vec<f64>)| source.array(name, shape, values);
        self.arrays.iter().fold(Source::new(self.text()), with)
    }

    /// Checks and compiles.
    ///
    /// # Errors
    /// As [`Source::compile`], at places of [`Model::text`].
    pub fn compile(&self) -> Result<Problem, Errors> {
        self.source().compile()
    }
}

/// A variable in the making.
#[must_use]
pub struct NewVar<'m> {
    model: &'m mut Model,
    name: String,
    sets: Vec<String>,
    bounds: String,
    start: String,
    of: &'static str,
}

impl NewVar<'_> {
    /// One for each element of these sets.
    pub fn over(mut self, sets: &[&Set]) -> Self {
        self.sets = sets.iter().map(|set| set.name.clone()).collect();
        self
    }

    /// Both bounds. [`Array::each`] gives each entry its own.
    pub fn between(mut self, lower: impl Into<Expr>, upper: impl Into<Expr>) -> Self {
        self.bounds = format!(" in [{}, {}]", lower.into().text, upper.into().text);
        self
    }

    /// A lower bound.
    pub fn at_least(mut self, lower: impl Into<Expr>) -> Self {
        self.bounds = format!(" >= {}", lower.into().text);
        self
    }

    /// An upper bound.
    pub fn at_most(mut self, upper: impl Into<Expr>) -> Self {
        self.bounds = format!(" <= {}", upper.into().text);
        self
    }

    /// Where methods start.
    pub fn start(mut self, value: impl Into<Expr>) -> Self {
        self.start = format!(" start {}", value.into().text);
        self
    }

    /// Whole numbers only.
    pub fn integer(mut self) -> Self {
        self.of = ": int";
        self
    }

    /// 0 or 1.
    pub fn binary(mut self) -> Self {
        self.of = ": bool";
        self
    }

    /// Puts it into the model.
    pub fn add(self) -> Array {
        let Self { model, name, sets, bounds, start, of } = self;
        let axes = sets
            .iter()
            .enumerate()
            .map(|(k, set)| format!("{} in {set}", index('k', k + 1)))
            .collect::<Vec<_>>()
            .join(", ");
        let axes = if axes.is_empty() { axes } else { format!("[{axes}]") };
        let _ = writeln!(model.lines, "var {name}{axes}{of}{bounds}{start}");
        Array { name, n_axes: sets.len() }
    }
}

fn axes(sets: &[&Set]) -> String {
    let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
    if names.is_empty() { String::new() } else { format!("[{}]", names.join(", ")) }
}

/// What stands between brackets: one subscript, or a tuple of some.
pub trait Subscripts {
    /// As text.
    fn text(self) -> String;
}

impl<T: Into<Expr>> Subscripts for T {
    fn text(self) -> String {
        self.into().text
    }
}

impl<A: Into<Expr>, B: Into<Expr>> Subscripts for (A, B) {
    fn text(self) -> String {
        format!("{}, {}", self.0.into().text, self.1.into().text)
    }
}

impl<A: Into<Expr>, B: Into<Expr>, C: Into<Expr>> Subscripts for (A, B, C) {
    fn text(self) -> String {
        format!("{}, {}, {}", self.0.into().text, self.1.into().text, self.2.into().text)
    }
}

impl Array {
    /// One entry: `x.at(k)`, `x.at(k - 1)`, `x.at((k, "seattle"))`.
    pub fn at(&self, subscripts: impl Subscripts) -> Expr {
        Expr { text: format!("{}[{}]", self.name, subscripts.text()), bind: Bind::Atom }
    }

    /// The whole of it, or its only entry.
    pub fn all(&self) -> Expr {
        Expr { text: self.name.clone(), bind: Bind::Atom }
    }

    /// Each entry its own, in bounds and starts of a variable over the same sets.
    pub fn each(&self) -> Expr {
        let indices: Vec<String> = (1..=self.n_axes).map(|k| index('k', k)).collect();
        Expr { text: format!("{}[{}]", self.name, indices.join(", ")), bind: Bind::Atom }
    }
}

impl From<&Array> for Expr {
    fn from(array: &Array) -> Self {
        array.all()
    }
}

thread_local! {
    /// How many indices stand around what is being written.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// A name for an index: with a subscript, so that it hides no name that anybody would give to data or variables.
fn index(letter: char, number: usize) -> String {
    let digits = number.to_string();
    let below = digits.bytes().filter_map(|digit| char::from_u32('₀' as u32 + u32::from(digit - b'0')));
    std::iter::once(letter).chain(below).collect()
}

/// Calls `body` with an index that no expression around it uses.
fn with_index<T>(body: impl FnOnce(&Expr) -> T) -> T {
    let depth = DEPTH.get() + 1;
    DEPTH.set(depth);
    let result = body(&Expr { text: index('i', depth), bind: Bind::Atom });
    DEPTH.set(depth - 1);
    result
}

/// Calls `body` with an index for each set; gives `i₁ in I, i₂ in J` and what it gave.
fn with_indices<const N: usize, T>(sets: [&Set; N], body: impl FnOnce([&Expr; N]) -> T) -> (String, T) {
    let depth = DEPTH.get();
    DEPTH.set(depth + N);
    let indices: [Expr; N] = std::array::from_fn(|k| Expr { text: index('i', depth + k + 1), bind: Bind::Atom });
    let result = body(indices.each_ref());
    DEPTH.set(depth);
    let axes: Vec<String> = indices.iter().zip(sets).map(|(i, set)| format!("{} in {}", i.text, set.name)).collect();
    (axes.join(", "), result)
}

fn head(name: &str, set: &Set, body: impl FnOnce(&Expr) -> Expr) -> Expr {
    let text = with_index(|k| format!("{name}({} in {}: {})", k.text, set.name, body(k).text));
    Expr { text, bind: Bind::Atom }
}

/// The sum over a set.
pub fn sum(set: &Set, body: impl FnOnce(&Expr) -> Expr) -> Expr {
    head("sum", set, body)
}

/// The sum over the tuples of some sets: `sum_of([&i, &j], |[p, q]| c.at((p, q)) * x.at((p, q)))`.
pub fn sum_of<const N: usize>(sets: [&Set; N], body: impl FnOnce([&Expr; N]) -> Expr) -> Expr {
    let (axes, body) = with_indices(sets, body);
    Expr { text: format!("sum({axes}: {})", body.text), bind: Bind::Atom }
}

/// The product over a set.
pub fn prod(set: &Set, body: impl FnOnce(&Expr) -> Expr) -> Expr {
    head("prod", set, body)
}

/// The greatest over a set.
pub fn max(set: &Set, body: impl FnOnce(&Expr) -> Expr) -> Expr {
    head("max", set, body)
}

/// The least over a set.
pub fn min(set: &Set, body: impl FnOnce(&Expr) -> Expr) -> Expr {
    head("min", set, body)
}

/// The Euclidean length over a set.
pub fn norm2(set: &Set, body: impl FnOnce(&Expr) -> Expr) -> Expr {
    head("norm2", set, body)
}

/// A function of the language: `call("exp", &[x])`.
pub fn call(name: &str, args: &[Expr]) -> Expr {
    let args: Vec<&str> = args.iter().map(|a| a.text.as_str()).collect();
    Expr { text: format!("{name}({})", args.join(", ")), bind: Bind::Atom }
}

fn number(value: f64) -> Expr {
    // `{:?}` reads back as the very same number.
    let bind = if value.is_sign_negative() { Bind::Unary } else { Bind::Atom };
    let text = if value == f64::INFINITY {
        "inf".into()
    } else if value == f64::NEG_INFINITY {
        "-inf".into()
    } else {
        format!("{value:?}")
    };
    Expr { text, bind }
}

impl Expr {
    /// In parentheses unless it binds at least as tightly as `least`.
    fn within(self, least: Bind) -> String {
        if self.bind >= least { self.text } else { format!("({})", self.text) }
    }

    fn joined(self, least: Bind, sign: &str, right: Self, right_least: Bind, bind: Bind) -> Self {
        let mut text = self.within(least);
        text.push_str(sign);
        text.push_str(&right.within(right_least));
        Self { text, bind }
    }

    /// To a power.
    #[must_use]
    pub fn pow(self, power: impl Into<Self>) -> Self {
        self.joined(Bind::Atom, "^", power.into(), Bind::Atom, Bind::Power)
    }

    /// At most.
    pub fn le(self, right: impl Into<Self>) -> Relation {
        Relation(format!("{} <= {}", self.text, right.into().text))
    }

    /// At least.
    pub fn ge(self, right: impl Into<Self>) -> Relation {
        Relation(format!("{} >= {}", self.text, right.into().text))
    }

    /// Equal.
    pub fn eq(self, right: impl Into<Self>) -> Relation {
        Relation(format!("{} == {}", self.text, right.into().text))
    }

    /// At least `lower` and at most `upper`: one row with two ends.
    pub fn between(self, lower: impl Into<Self>, upper: impl Into<Self>) -> Relation {
        Relation(format!("{} <= {} <= {}", lower.into().text, self.text, upper.into().text))
    }
}

macro_rules! functions {
    ($($name:ident: $doc:literal),* $(,)?) => {
        impl Expr {
            $(
                #[doc = $doc]
                #[must_use]
                pub fn $name(self) -> Self {
                    call(stringify!($name), &[self])
                }
            )*
        }
    };
}

functions! {
    exp: "Exponential.", log: "Natural logarithm.", sqrt: "Square root.", abs: "Absolute value.",
    sin: "Sine.", cos: "Cosine.", tan: "Tangent.", tanh: "Hyperbolic tangent.", sigmoid: "`1 / (1 + exp(-x))`.",
}

impl From<f64> for Expr {
    fn from(value: f64) -> Self {
        number(value)
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Expr {
            fn from(value: $number) -> Self {
                let text = value.to_string();
                let bind = if text.starts_with('-') { Bind::Unary } else { Bind::Atom };
                Self { text, bind }
            }
        }
    )*};
}

whole_numbers!(i32, i64, usize);

impl From<&Expr> for Expr {
    fn from(expr: &Expr) -> Self {
        expr.clone()
    }
}

/// A label.
impl From<&str> for Expr {
    fn from(label: &str) -> Self {
        Self { text: label.to_owned(), bind: Bind::Atom }
    }
}

/// A number on the left of an operator.
macro_rules! left {
    ($operator:ident $method:ident: $($number:ty),*) => {$(
        impl $operator<Expr> for $number {
            type Output = Expr;
            fn $method(self, right: Expr) -> Expr {
                Expr::from(self).$method(right)
            }
        }
        impl $operator<&Expr> for $number {
            type Output = Expr;
            fn $method(self, right: &Expr) -> Expr {
                Expr::from(self).$method(right)
            }
        }
    )*};
}

macro_rules! operators {
    ($($operator:ident $method:ident: $sign:literal, $least:ident, $right:ident, $bind:ident);* $(;)?) => {$(
        impl<R: Into<Expr>> $operator<R> for Expr {
            type Output = Expr;
            fn $method(self, right: R) -> Expr {
                self.joined(Bind::$least, $sign, right.into(), Bind::$right, Bind::$bind)
            }
        }
        impl<R: Into<Expr>> $operator<R> for &Expr {
            type Output = Expr;
            fn $method(self, right: R) -> Expr {
                self.clone().$method(right)
            }
        }
        left! { $operator $method: f64, i32 }
    )*};
}

operators! {
    Add add: " + ", Sum, Product, Sum;
    Sub sub: " - ", Sum, Product, Sum;
    Mul mul: " * ", Product, Power, Product;
    Div div: " / ", Product, Power, Product;
}

impl Neg for &Expr {
    type Output = Expr;
    fn neg(self) -> Expr {
        -self.clone()
    }
}

impl Neg for Expr {
    type Output = Self;
    fn neg(self) -> Self {
        Self { text: format!("-{}", self.within(Bind::Power)), bind: Bind::Unary }
    }
}
