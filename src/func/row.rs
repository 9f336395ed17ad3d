//! What a row of the table says about a builtin.
//!
//! Takes nothing; gives the types of a row and what can be asked of one.
//! Deliberately absent: the rows themselves.

use crate::base::Interval;
use crate::num::loss::Loss;
use crate::num::vmath::Level;

/// Handle of an expression in whatever a [`Builder`] builds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ex(pub u32);

/// Makes expressions: a graph of symbols, a tape of numbers, a test.
pub trait Builder {
    /// A number.
    fn num(&mut self, value: f64) -> Ex;
    /// A builtin, by the name of its row, applied to as many arguments as the row takes.
    fn call(&mut self, name: &'static str, args: &[Ex]) -> Ex;
    /// `then` where `c` is not 0, else `otherwise`; the branch that is not taken is not evaluated.
    fn cond(&mut self, c: Ex, then: Ex, otherwise: Ex) -> Ex;
}

/// How many arguments a builtin takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arity {
    /// This many, defaults included.
    Exactly(usize),
    /// This many or more.
    AtLeast(usize),
}

impl Arity {
    /// Whether `n` arguments are right.
    pub fn accepts(self, n: usize) -> bool {
        match self {
            Self::Exactly(k) => n == k,
            Self::AtLeast(k) => n >= k,
        }
    }
}

/// An argument: its name and what it is when it is left out.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Param {
    /// The name, for `huber(r, k = 2)` and for messages.
    pub name: &'static str,
    /// Its value when it is left out.
    pub default: Option<f64>,
}

impl Param {
    /// An argument that must be given.
    pub const fn new(name: &'static str) -> Self {
        Self { name, default: None }
    }

    /// An argument that may be left out.
    pub const fn with_default(name: &'static str, default: f64) -> Self {
        Self { name, default: Some(default) }
    }
}

/// How a builtin is written in a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Surface {
    /// `name(x, y)`.
    Function,
    /// With a sign between (or before) its operands: `+`, `<=`, `not`.
    Operator(&'static str),
    /// Not written at all: derivatives of other rows use it.
    Internal,
}

/// What a builtin does when arguments are arrays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OverArrays {
    /// One value per element.
    Map,
    /// The mean over all elements.
    MeanOfMap,
    /// The sum over the last axis, then the mean over the others.
    MeanOfRowSums,
}

/// The scalar function.
#[derive(Clone, Copy)]
pub enum Value {
    /// Of one number.
    One(fn(f64) -> f64),
    /// Of two numbers.
    Two(fn(f64, f64) -> f64),
    /// Of three numbers.
    Three(fn(f64, f64, f64) -> f64),
    /// Of any number of numbers, combined two at a time from the left.
    Fold(fn(f64, f64) -> f64),
    /// Of any number of numbers.
    Many(fn(&[f64]) -> f64),
}

/// Where a builtin has a finite value.
#[derive(Clone, Copy)]
pub struct Domain {
    /// One interval per argument; the last one holds for all further arguments.
    ///
    /// An open end is the neighbouring double: `x > 0` begins at the smallest positive number.
    pub ranges: &'static [Interval],
    /// What must hold for the arguments together.
    pub joint: Option<fn(&[f64]) -> bool>,
    /// Points of the domain where some partial derivative is infinite or does not exist.
    pub steep: Option<fn(&[f64]) -> bool>,
    /// The condition for messages: `log needs x > 0`. Empty when all numbers are allowed.
    pub text: &'static str,
}

impl Domain {
    /// All numbers.
    pub const ALL: Self = Self { ranges: &[Interval::ALL], joint: None, steep: None, text: "" };

    /// A box.
    pub const fn ranges(ranges: &'static [Interval], text: &'static str) -> Self {
        Self { ranges, joint: None, steep: None, text }
    }

    /// What is allowed for argument `k` when nothing is known of the others.
    pub fn range(&self, k: usize) -> Interval {
        self.ranges.get(k).or(self.ranges.last()).copied().unwrap_or(Interval::ALL)
    }

    /// Whether the value is defined at `x`.
    pub fn contains(&self, x: &[f64]) -> bool {
        x.iter().enumerate().all(|(k, &v)| self.range(k).contains(v)) && self.joint.is_none_or(|holds| holds(x))
    }

    /// Whether the value is defined at `x` but some partial derivative is not finite there.
    pub fn is_steep(&self, x: &[f64]) -> bool {
        self.steep.is_some_and(|steep| steep(x))
    }
}

/// How smooth a builtin is inside its domain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Smoothness {
    /// All derivatives exist.
    Smooth,
    /// The first derivatives are continuous, the second jump.
    Once,
    /// Continuous; a first derivative jumps or is infinite somewhere.
    Kink,
    /// The value itself jumps.
    Jump,
}

/// Curvature on a box, jointly in all arguments.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Curvature {
    /// One value only.
    Constant,
    /// A sum of multiples of the arguments and a number.
    Affine,
    /// Convex.
    Convex,
    /// Concave.
    Concave,
    /// None of these, or not known.
    Unknown,
}

impl Curvature {
    /// The curvature of the negated function.
    pub fn negate(self) -> Self {
        match self {
            Self::Convex => Self::Concave,
            Self::Concave => Self::Convex,
            other => other,
        }
    }
}

/// How the value moves when one argument grows and the others stay.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Trend {
    /// Never down.
    Increasing,
    /// Never up.
    Decreasing,
    /// Not at all.
    Constant,
    /// Up and down, or not known.
    Unknown,
}

impl Trend {
    /// The trend of the negated function.
    pub fn negate(self) -> Self {
        match self {
            Self::Increasing => Self::Decreasing,
            Self::Decreasing => Self::Increasing,
            other => other,
        }
    }

    /// The trend of a function whose derivative has these values.
    pub fn of_slope(slope: Interval) -> Self {
        if slope.lo == 0.0 && slope.hi == 0.0 {
            Self::Constant
        } else if slope.lo >= 0.0 {
            Self::Increasing
        } else if slope.hi <= 0.0 {
            Self::Decreasing
        } else {
            Self::Unknown
        }
    }
}

/// A machine instruction that computes the value of a row to the last bit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Instruction {
    /// `x + y + …`, from the left.
    Add,
    /// `x - y`.
    Sub,
    /// `x * y * …`, from the left.
    Mul,
    /// `x / y`.
    Div,
    /// `-x`.
    Neg,
    /// Clears the sign bit.
    Abs,
    /// Square root.
    Sqrt,
    /// Round down.
    Floor,
    /// Round up.
    Ceil,
    /// Round towards zero.
    Trunc,
    /// `x < y` as 0 or 1.
    Lt,
    /// `x <= y` as 0 or 1.
    Le,
    /// `x > y` as 0 or 1.
    Gt,
    /// `x >= y` as 0 or 1.
    Ge,
    /// `x == y` as 0 or 1.
    Eq,
    /// `x != y` as 0 or 1.
    Ne,
}

/// How native code computes a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lower {
    /// With one instruction of the machine.
    Native(Instruction),
    /// By calling the row's value.
    Call,
}

/// The partial derivatives of `y`, the call itself, with respect to each argument in `x`.
pub type Partials = fn(&mut dyn Builder, x: &[Ex], y: Ex) -> Vec<Ex>;

/// A block routine: `out[i]` from `args[k][i]`, with the instructions of a level.
pub type Block = fn(level: Level, args: &[&[f64]], out: &mut [f64]);

/// What a function is to a sum of squares or losses of residuals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Residual {
    /// Nothing.
    #[default]
    None,
    /// `f(r, k)` is this loss of a residual `r` with scale `k`.
    Scaled(Loss),
    /// `f(y, t)` is `(y - t)²`.
    SquaredDifference,
    /// `f(x, y)` is `x / y`.
    Quotient,
    /// `f(u)²` is `u`.
    Root,
    /// `f(u)²` is `u²`.
    Size,
    /// `f(u, v)²` is `u² + v²`.
    Length,
}

/// A builtin: everything the rest of the compiler may know of it.
#[derive(Clone, Copy)]
pub struct Builtin {
    /// Its name; unique in the table.
    pub name: &'static str,
    /// One sentence for readers, without full stop.
    pub doc: &'static str,
    /// How many arguments.
    pub arity: Arity,
    /// Its arguments; the last one is repeated when the arity is open.
    pub params: &'static [Param],
    /// How it is written.
    pub surface: Surface,
    /// What it does to arrays.
    pub over_arrays: OverArrays,
    /// The scalar function.
    pub value: Value,
    /// A block routine, where one is faster than a loop of calls.
    ///
    /// Element `i` depends on the arguments at `i` alone. It has the bits of `value` when the row is one
    /// instruction, else it may differ from it by 4 ulp (or by `floor`).
    pub block: Option<Block>,
    /// Partial derivatives as expressions, one per argument.
    pub partials: Partials,
    /// Where the value is defined.
    pub domain: Domain,
    /// Smoothness when the arguments stay in these ranges, inside the domain.
    pub smoothness: fn(&[Interval]) -> Smoothness,
    /// Joint curvature on these ranges, inside the domain.
    pub curvature: fn(&[Interval]) -> Curvature,
    /// Trend in each argument on these ranges, inside the domain.
    pub monotone: fn(&[Interval]) -> Vec<Trend>,
    /// Encloses the values on these ranges, rounded outward; empty when they miss the domain.
    pub enclose: fn(&[Interval]) -> Interval,
    /// What it is to a sum of squares or losses.
    pub residual: Residual,
    /// Absolute error allowed where the value is near 0 by cancellation; 0: none but 4 ulp.
    pub floor: f64,
    /// How native code computes it.
    pub lower: Lower,
    /// Its operators in an AMPL `.nl` file; the first is the one to write.
    pub nl: &'static [u16],
    /// Arguments and values from a multi-precision computation.
    pub reference: &'static [(&'static [f64], f64)],
}

impl Builtin {
    /// The row that others are made from: a smooth function of one number about which nothing is claimed.
    pub(super) const BASE: Self = Self {
        name: "",
        doc: "",
        arity: Arity::Exactly(1),
        params: &[Param::new("x")],
        surface: Surface::Function,
        over_arrays: OverArrays::Map,
        value: Value::One(|x| x),
        block: None,
        partials: |_, _, _| Vec::new(),
        domain: Domain::ALL,
        smoothness: |_| Smoothness::Smooth,
        curvature: |_| Curvature::Unknown,
        monotone: |x| vec![Trend::Unknown; x.len()],
        enclose: |_| Interval::ALL,
        residual: Residual::None,
        floor: 0.0,
        lower: Lower::Call,
        nl: &[],
        reference: &[],
    };

    /// The value at `args`. NaN or infinite outside the domain.
    ///
    /// # Panics
    /// When the number of arguments is not the row's.
    pub fn eval(&self, args: &[f64]) -> f64 {
        match (self.value, args) {
            (Value::One(f), &[x]) => f(x),
            (Value::Two(f), &[x, y]) => f(x, y),
            (Value::Three(f), &[x, y, z]) => f(x, y, z),
            (Value::Fold(f), &[first, ref rest @ ..]) => rest.iter().fold(first, |sum, &x| f(sum, x)),
            (Value::Many(f), _) => f(args),
            _ => crate::bug!("`{}` was given {} arguments", self.name, args.len()),
        }
    }

    /// [`eval_block_at`](Self::eval_block_at) the level of this process.
    ///
    /// # Panics
    /// When the number of arguments is not the row's, or a slice is too short.
    pub fn eval_block(&self, args: &[&[f64]], out: &mut [f64]) {
        self.eval_block_at(Level::current(), args, out);
    }

    /// `out[i]` is the value at `args[0][i], args[1][i], …`, by the block routine if there is one.
    ///
    /// All slices have the length of `out`. However a slice is cut into blocks, the bits are the same.
    ///
    /// # Panics
    /// When the number of arguments is not the row's, or a slice is too short.
    pub fn eval_block_at(&self, level: Level, args: &[&[f64]], out: &mut [f64]) {
        if let Some(block) = self.block {
            return block(level, args, out);
        }
        match (self.value, args) {
            (Value::One(f), &[x]) => block_one(f, x, out),
            (Value::Two(f), &[x, y]) => block_two(f, x, y, out),
            (Value::Three(f), &[x, y, z]) => {
                for (((out, &x), &y), &z) in out.iter_mut().zip(x).zip(y).zip(z) {
                    *out = f(x, y, z);
                }
            }
            (Value::Fold(f), &[first, ref rest @ ..]) => block_fold(f, first, rest, out),
            (Value::Many(f), _) => {
                let mut point = vec![0.0; args.len()];
                for (i, out) in out.iter_mut().enumerate() {
                    for (slot, arg) in point.iter_mut().zip(args) {
                        *slot = arg[i];
                    }
                    *out = f(&point);
                }
            }
            _ => crate::bug!("`{}` was given {} arguments", self.name, args.len()),
        }
    }

    /// The name of argument `k`.
    pub fn param_name(&self, k: usize) -> &'static str {
        self.params.get(k).or(self.params.last()).map_or("x", |p| p.name)
    }

    /// The fewest arguments a model must write.
    pub fn required(&self) -> usize {
        match self.arity {
            Arity::Exactly(_) => self.params.iter().filter(|p| p.default.is_none()).count(),
            Arity::AtLeast(n) => n,
        }
    }

    /// How it is called, for messages and documentation: `huber(r, k = 1)`, `x + y`.
    pub fn signature(&self) -> String {
        let names: Vec<String> = self
            .params
            .iter()
            .map(|p| p.default.map_or_else(|| p.name.to_owned(), |value| format!("{} = {value}", p.name)))
            .collect();
        match self.surface {
            Surface::Operator(sign) => match names.as_slice() {
                [x] if sign.chars().all(char::is_alphabetic) => format!("{sign} {x}"),
                [x] => format!("{sign}{x}"),
                _ => names.join(&format!(" {sign} ")),
            },
            Surface::Function | Surface::Internal => {
                let open = if matches!(self.arity, Arity::AtLeast(_)) { ", …" } else { "" };
                format!("{}({}{open})", self.name, names.join(", "))
            }
        }
    }
}

/// A loop whose body is inlined when `f` is known.
#[inline(always)]
pub(super) fn block_one(f: impl Fn(f64) -> f64, x: &[f64], out: &mut [f64]) {
    let x = &x[..out.len()];
    for (out, &x) in out.iter_mut().zip(x) {
        *out = f(x);
    }
}

/// See [`block_one`].
#[inline(always)]
pub(super) fn block_two(f: impl Fn(f64, f64) -> f64, x: &[f64], y: &[f64], out: &mut [f64]) {
    let (x, y) = (&x[..out.len()], &y[..out.len()]);
    for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
        *out = f(x, y);
    }
}

/// See [`block_one`]; combines from the left.
#[inline(always)]
pub(super) fn block_fold(f: impl Fn(f64, f64) -> f64, first: &[f64], rest: &[&[f64]], out: &mut [f64]) {
    let Some((second, rest)) = rest.split_first() else {
        return out.copy_from_slice(&first[..out.len()]);
    };
    block_two(&f, first, second, out);
    for x in rest {
        let x = &x[..out.len()];
        for (out, &x) in out.iter_mut().zip(x) {
            *out = f(*out, x);
        }
    }
}
