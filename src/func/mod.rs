//! The table of builtins: one row says everything that is known of a function.
//!
//! Takes values from [`num::vmath`](crate::num::vmath); gives rows with value, partial derivatives,
//! domain, smoothness, curvature, trend and enclosure. Whoever needs to know something of a function asks its row.
//! Deliberately absent: knowledge of any other file about a function. Array functions are rows of [`arrays`],
//! because their arguments have axes.

// Reference values are written out even where they are known constants.
#![allow(clippy::approx_constant)]

mod arithmetic;
pub mod arrays;
mod atoms;
mod counts;
mod distributions;
mod enclosing;
mod exponential;
mod hyperbolic;
mod logic;
mod losses;
mod page;
mod piecewise;
mod powers;
pub mod range;
mod row;
mod special;
mod term;
mod trigonometric;

pub use page::page;
pub use row::{
    Arity, Block, Builder, Builtin, Curvature, Domain, Ex, Instruction, Lower, OverArrays, Param, Partials, Residual,
    Smoothness, Surface, Trend, Value,
};
use std::sync::LazyLock;

/// Where a builtin stands in the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FuncId(pub u16);

/// The rows of each file, in the order of the documentation.
static FILES: &[&[Builtin]] = &[
    arithmetic::ROWS,
    logic::ROWS,
    powers::ROWS,
    exponential::ROWS,
    trigonometric::ROWS,
    hyperbolic::ROWS,
    piecewise::ROWS,
    special::ROWS,
    atoms::ROWS,
    losses::ROWS,
    distributions::ROWS,
    counts::ROWS,
];

static TABLE: LazyLock<Vec<&'static Builtin>> = LazyLock::new(|| FILES.iter().copied().flatten().collect());

/// Names and places, sorted by name.
static NAMES: LazyLock<Vec<(&'static str, FuncId)>> = LazyLock::new(|| {
    let ids = (0u16..).map(FuncId);
    let mut names: Vec<_> = TABLE.iter().map(|row| row.name).zip(ids).collect();
    names.sort_unstable();
    names
});

/// All rows, in a stable order: [`FuncId`] is the index.
pub fn all() -> &'static [&'static Builtin] {
    &TABLE
}

/// The row with this name.
pub fn lookup(name: &str) -> Option<FuncId> {
    let at = NAMES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    Some(NAMES[at].1)
}

/// The row of an id.
///
/// # Panics
/// When the id was not given by this table.
pub fn row(id: FuncId) -> &'static Builtin {
    TABLE[usize::from(id.0)]
}

/// The row with this operator in an AMPL `.nl` file.
pub fn by_nl(opcode: u16) -> Option<FuncId> {
    let at = TABLE.iter().position(|row| row.nl.contains(&opcode))?;
    u16::try_from(at).ok().map(FuncId)
}
