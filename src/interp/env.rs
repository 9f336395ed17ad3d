//! What an expression may ask of the world.

use crate::ir::{ArrayId, BinderId, ConId, DomainId, ParamId, SetId, TableId, VarId};

/// An element, or an entry of a param.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Val {
    /// A number; integers are exact.
    Num(f64),
    /// A label, interned by the environment; the labels of the text come first.
    Label(u32),
    /// A row of a table, from 0.
    Row(TableId, u32),
}

impl Val {
    /// The number, if it is one.
    pub const fn num(self) -> Option<f64> {
        match self {
            Self::Num(v) => Some(v),
            _ => None,
        }
    }
}

/// Bound data: everything but the point.
///
/// Entries of params, variables and arrays are counted row-major over their axes.
pub trait Env {
    /// Number of elements of a set.
    fn set_len(&self, set: SetId) -> usize;
    /// Component `part` of the element at `position`.
    fn element(&self, set: SetId, position: usize, part: usize) -> Val;
    /// Where an element stands; rows of a keyed table are found by their key too.
    fn position(&self, set: SetId, element: &[Val]) -> Option<usize>;
    /// An entry of a param.
    fn param(&self, param: ParamId, entry: usize) -> Val;
    /// The slot of `x` of an entry of a variable.
    fn slot(&self, var: VarId, entry: usize) -> usize;
    /// The text of a label.
    fn label(&self, label: u32) -> String;
    /// What a row of a table is called: its key, or its number from 1.
    fn row_name(&self, table: TableId, row: u32) -> String;

    /// The row of a constraint at an element of its domain.
    fn row(&self, _con: ConId, _element: &[Val]) -> Option<usize> {
        None
    }
    /// The multiplier of a row, after solving.
    fn dual(&self, _row: usize) -> Option<f64> {
        None
    }
    /// The distance of a row to its nearer bound, after solving.
    fn slack(&self, _row: usize) -> Option<f64> {
        None
    }
    /// The value of an array known beforehand.
    fn array(&self, _array: ArrayId, _entry: usize) -> Option<f64> {
        None
    }
    /// The instances of a domain, enumerated beforehand; without them the domain is walked by nested
    /// loops and its filter is tried on each.
    fn joined(&self, _domain: DomainId) -> Option<&Joined> {
        None
    }
}

/// The instances of a domain, listed for each position of the outer binders it depends on.
#[derive(Clone, Debug, Default)]
pub struct Joined {
    /// Outer binders, each over a set, with the number of elements of that set.
    pub outer: Vec<(BinderId, usize)>,
    /// Row-major over the outer positions, one more entry than there are: where instances begin.
    pub start: Vec<u32>,
    /// For each binder of the domain the positions (for ranges: the integers) of all instances.
    pub places: Vec<Vec<i64>>,
}
