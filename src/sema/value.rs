//! What an expression is worth while the model is read: a number, a condition, an element, an array.
//!
//! Arrays are kept as small trees ([`Arr`]) that give their entries at any subscripts, so that an
//! expression over whole arrays becomes one template without renaming indices.

use crate::base::Span;
use crate::func::FuncId;
use crate::ir::model::ElemType;
use crate::ir::{ArrayId, ConId, NodeId, ParamId, ReduceOp, SetId, VarId};

crate::id_types! {
    /// An array expression of the arena of [`Sema`](super::Sema).
    ArrId,
}

/// The value of an expression.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Had an error that was reported; everything made of it is silent.
    Error,
    /// A number.
    Num(NodeId),
    /// 0 or 1 that means no or yes.
    Bool(NodeId),
    /// A label or a row (integers are numbers).
    Elem(Elem),
    /// An element of a set of tuples.
    Tuple(Vec<Elem>),
    /// One number or condition per element of its axes.
    Array(ArrId),
    /// A set.
    Set(SetId),
}

/// One component of an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elem {
    /// Its value.
    pub node: NodeId,
    /// Its type.
    pub ty: ElemType,
    /// The set it is known to come from.
    pub set: Option<SetId>,
    /// For rows: `node` is the value of the table's key and not the row itself.
    pub by_key: bool,
}

impl Elem {
    /// A component known by its set.
    pub fn new(node: NodeId, ty: ElemType, set: Option<SetId>) -> Self {
        Self { node, ty, set, by_key: false }
    }

    /// As a value: integers are numbers.
    pub fn value(self) -> Value {
        if self.ty == ElemType::Int { Value::Num(self.node) } else { Value::Elem(self) }
    }
}

/// One value or a tuple.
pub(super) fn value_of(parts: &[Elem]) -> Value {
    match parts {
        [one] => one.value(),
        _ => Value::Tuple(parts.to_vec()),
    }
}

/// An operand of an elementwise operation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    /// The same for every element.
    Scalar(NodeId),
    /// One per element.
    Array(ArrId),
}

/// An array expression.
#[derive(Clone, Debug)]
pub(super) struct Arr {
    /// Its axes.
    pub axes: Vec<SetId>,
    /// Where it is written.
    pub at: Span,
    /// Conditions and not numbers.
    pub is_bool: bool,
    /// A vector that was transposed.
    pub is_row: bool,
    /// How its entries are made.
    pub kind: ArrKind,
    /// What its entries depend on.
    pub facts: Facts,
}

/// What something depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Facts {
    /// A variable.
    pub var: bool,
    /// An index of an enclosing head.
    pub index: bool,
    /// A multiplier or slack.
    pub result: bool,
}

impl Facts {
    /// What two things together depend on.
    pub fn or(self, other: Self) -> Self {
        Self { var: self.var || other.var, index: self.index || other.index, result: self.result || other.result }
    }
}

/// How the entries of an array are made.
#[derive(Clone, Debug)]
pub(super) enum ArrKind {
    /// Entries of something declared, the first subscripts given.
    Leaf(Leaf, Vec<NodeId>),
    /// A builtin per element.
    Map(FuncId, Vec<Operand>),
    /// A sum per element; `true`: subtracted.
    Sum(Vec<(bool, Operand)>),
    /// A product per element.
    Product(Vec<Operand>),
    /// A choice per element.
    If(Operand, Operand, Operand),
    /// Axes in reverse order (two of them).
    Transpose(ArrId),
    /// A matrix product written out: its operands depend on an index, or are data.
    Contract(ArrId, ArrId),
    /// A reduction over the last axis.
    LastAxis(ReduceOp, ArrId),
    /// A written list with these lengths: numbers row by row, not all of them data.
    List(Vec<usize>, Vec<NodeId>),
    /// The same value along an added last axis.
    Repeat(ArrId),
}

/// Something declared that has entries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Leaf {
    Var(VarId),
    Param(ParamId),
    Array(ArrayId),
    Dual(ConId),
    Slack(ConId),
}
