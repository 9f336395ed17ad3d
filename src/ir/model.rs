//! A checked model: declarations as templates.
//!
//! Everything indexed is a [`Domain`] of binders and a body in the graph. Conventions:
//! - a constraint is `lower <= body <= upper` with bounds free of variables; `a <= b` with variables on
//!   both sides is `a - b <= 0`;
//! - the number of subscripts of a param, variable or array is the sum of the arities of its axes;
//! - a `let` is an [`Array`] of kind [`ArrayKind::Template`]; `pass` decides whether it is inlined;
//! - `mean` is a sum divided by a count, `norm2` the root of a sum of squares, `count` a sum of ones.

use super::{ArrayId, BinderId, DomainId, Graph, LabelId, NodeId, ParamId, SetId, TableId, VarId};
use crate::base::{IdVec, Name, Span};

/// A whole model.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Model {
    pub graph: Graph,
    pub binders: IdVec<BinderId, Binder>,
    pub domains: IdVec<DomainId, Domain>,
    pub sets: IdVec<SetId, Set>,
    pub tables: IdVec<TableId, Table>,
    pub params: IdVec<ParamId, Param>,
    pub vars: IdVec<VarId, Var>,
    pub arrays: IdVec<ArrayId, Array>,
    pub constraints: IdVec<super::ConId, Constraint>,
    pub objectives: IdVec<super::ObjId, Objective>,
    pub checks: Vec<Check>,
    pub expects: Vec<Expect>,
    pub shows: Vec<Show>,
    pub solves: Vec<Solve>,
    pub tunes: Vec<Tune>,
    pub hypers: Vec<Hyper>,
    pub externs: Vec<Extern>,
    /// Splits of tables: parsed and checked, not solved yet.
    pub splits: Vec<Split>,
}

/// The type of one component of an element.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ElemType {
    /// An integer.
    Int,
    /// A label.
    Label,
    /// A row of a table.
    Row(TableId),
}

/// An index bound by a domain.
#[derive(Clone, Debug)]
pub struct Binder {
    /// Names as written, one or one per part; empty for a bare set.
    pub names: Vec<Name>,
    /// Where it is bound.
    pub at: Span,
    /// What it ranges over.
    pub over: Over,
}

/// What a binder ranges over.
#[derive(Clone, Debug)]
pub enum Over {
    /// A set of the model.
    Set(SetId),
    /// Integers from `lo` to `hi` inclusive, which may depend on earlier binders of the same or an
    /// enclosing domain. Ranges free of binders are anonymous sets instead.
    Range {
        /// First integer.
        lo: NodeId,
        /// Last integer.
        hi: NodeId,
    },
}

/// Binders in order with a filter.
#[derive(Clone, Debug)]
pub struct Domain {
    /// In order of nesting, the first outermost.
    pub binders: Vec<BinderId>,
    /// Instances where this is zero are left out. Free of variables.
    pub filter: Option<NodeId>,
    /// Where the head is written.
    pub at: Span,
}

/// A set: an ordered list of distinct elements, known at bind time.
#[derive(Clone, Debug)]
pub struct Set {
    /// Its name; anonymous sets (literal ranges, filtered axes) have none.
    pub name: Option<Name>,
    /// Where it is declared or first written.
    pub at: Span,
    /// Types of the components; more than one for a set of tuples.
    pub elem: Vec<ElemType>,
    /// The declared set it is a part of (a split of a table, a filtered set of one binder): its
    /// elements may index whatever the parent's may.
    pub parent: Option<SetId>,
    /// What its elements are.
    pub kind: SetKind,
}

impl Set {
    /// Number of subscripts one element takes.
    pub fn arity(&self) -> usize {
        self.elem.len()
    }
}

/// What the elements of a set are.
#[derive(Clone, Debug)]
pub enum SetKind {
    /// Labels in order.
    Labels(Vec<LabelId>),
    /// Integers in order.
    Ints(Vec<i64>),
    /// `lo..hi`, both inclusive, free of binders and variables.
    Range {
        /// First integer.
        lo: NodeId,
        /// Last integer.
        hi: NodeId,
    },
    /// Literal tuples, each of the set's arity.
    Tuples(Vec<Vec<Key>>),
    /// The instances of a domain: values of all parts of its binders.
    Where(DomainId),
    /// The rows of a table.
    Rows(TableId),
    /// Distinct values of a column, in order of first appearance.
    Distinct(ParamId),
    /// A part of a split of a table's rows.
    SplitPart {
        /// Index into [`Model::splits`].
        split: usize,
        /// Which part.
        part: usize,
    },
    /// Set from `--data` or a file is not in the language yet; an empty set stands for one that had
    /// an error.
    Empty,
}

/// One component of a literal element.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Key {
    /// An integer.
    Int(i64),
    /// A label.
    Label(LabelId),
}

/// A table: rows of a data file.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: Name,
    /// Where it is declared.
    pub at: Span,
    /// The file as written; `--data NAME=FILE` replaces it.
    pub path: Name,
    /// Where the path is written.
    pub path_at: Span,
    /// Key columns (indices into `columns`); empty: rows are numbered from 1.
    pub key: Vec<usize>,
    /// The set of its rows ([`SetKind::Rows`], one component [`ElemType::Row`]).
    pub rows: SetId,
    /// Columns of the file's schema, in file order.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// The header.
    pub name: Name,
    /// Numbers (integral or not) or labels.
    pub numeric: bool,
    /// For labels that stand beside numbers: the first cell that is no number.
    pub word: Option<Span>,
    /// The param that reads it, made when the column is first used.
    pub param: Option<ParamId>,
}

/// Whether a param may shape the compiled model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Used in the size of a set, a filter, a subscript or an exponent: changing it binds anew.
    Structural,
    /// Only ever a number in memory: changing it recompiles nothing.
    Numeric,
}

/// A param: data by name.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name; computed intermediates made by passes have names beginning with `%`.
    pub name: Name,
    /// Where it is declared.
    pub at: Span,
    /// Its axes.
    pub axes: Vec<SetId>,
    /// Label-valued (columns only), else numbers.
    pub labels: bool,
    /// Structural or numeric.
    pub role: Role,
    /// Where its values come from.
    pub source: ParamSource,
}

/// Where the values of a param come from.
#[derive(Clone, Debug)]
pub enum ParamSource {
    /// A template over the axes: a number, or an expression of other data. The domain has one binder
    /// per axis; a scalar has the empty domain.
    Computed {
        /// Binders over the axes.
        domain: DomainId,
        /// The value.
        body: NodeId,
    },
    /// `{seattle: 350, ...}`: elements and data expressions, with the span of each entry.
    Map(Vec<(Vec<Key>, NodeId, Span)>),
    /// `[1, 2, 3]` or nested lists flattened row by row: values in order of the axes.
    List(Vec<NodeId>),
    /// A file, long or wide.
    File {
        /// The path as written.
        path: Name,
        /// Where.
        at: Span,
    },
    /// A column of a table; the one axis is the set of its rows.
    Column {
        /// The table.
        table: TableId,
        /// Index into its columns.
        column: usize,
    },
    /// Only `--set` or `--data` gives it.
    Missing,
}

/// The values a variable may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum VarType {
    Real,
    Int,
    Bool,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Var {
    /// Its name.
    pub name: Name,
    /// Where it is declared.
    pub at: Span,
    /// Its axes; a filtered head makes one axis of tuples.
    pub axes: Vec<SetId>,
    /// Binders over the axes, in scope in bounds and start.
    pub domain: DomainId,
    /// Real, integer or 0/1.
    pub ty: VarType,
    /// Lower bound, if any.
    pub lower: Option<NodeId>,
    /// Upper bound, if any.
    pub upper: Option<NodeId>,
    /// Initial values.
    pub start: Start,
}

/// Initial values of a variable.
#[derive(Clone, Debug)]
pub enum Start {
    /// 0 projected onto the bounds.
    Default,
    /// A value per element.
    Value(NodeId),
    /// A seeded random initialiser.
    Random(Initialiser),
}

/// Seeded random initialisers; fan-in and fan-out are the lengths of the first and last axis.
#[derive(Clone, Copy, Debug)]
pub enum Initialiser {
    /// Uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010).
    Xavier,
    /// Normal with variance 2 / fan_in (He et al. 2015).
    He,
    /// Normal; mean and standard deviation as data expressions.
    Normal(NodeId, NodeId),
    /// Uniform between two data expressions.
    Uniform(NodeId, NodeId),
}

/// A defined array: one value per element of its axes.
#[derive(Clone, Debug)]
pub struct Array {
    /// The name of a `let`; made ones have none.
    pub name: Option<Name>,
    /// Where it is written.
    pub at: Span,
    /// Its axes.
    pub axes: Vec<SetId>,
    /// How it is computed.
    pub kind: ArrayKind,
}

/// How a defined array is computed.
#[derive(Clone, Debug)]
pub enum ArrayKind {
    /// A value per instance of `domain`, whose binders range over the axes.
    Template {
        /// Binders over the axes.
        domain: DomainId,
        /// The value.
        body: NodeId,
    },
    /// The matrix product of two arrays: last axis of `left` with first axis of `right`. One or two
    /// axes each, not both one.
    MatMul {
        /// Left operand.
        left: ArrayId,
        /// Right operand.
        right: ArrayId,
    },
    /// log |det| of a square array: a scalar. Negative or zero determinant is outside the domain.
    LogDet {
        /// The matrix.
        of: ArrayId,
    },
}

/// A constraint as written.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// The whole item.
    pub at: Span,
    /// One row per instance.
    pub domain: DomainId,
    /// The side with variables.
    pub body: NodeId,
    /// Free of variables; absent: no lower bound.
    pub lower: Option<NodeId>,
    /// Free of variables; absent: no upper bound. The same node as `lower` for an equality.
    pub upper: Option<NodeId>,
    /// The other side of `complements`, checked and not solved yet: its `lower <= body <= upper`.
    pub complements: Option<(NodeId, Option<NodeId>, Option<NodeId>)>,
}

/// An objective as written.
#[derive(Clone, Debug)]
pub struct Objective {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// The whole statement.
    pub at: Span,
    /// Minimise or maximise.
    pub sense: crate::syntax::ast::Sense,
    /// The value.
    pub body: NodeId,
}

/// `check`: tested on the data before solving.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Check {
    pub at: Span,
    pub cond: NodeId,
    pub message: Option<Name>,
}

/// `expect`: tested on the result.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Expect {
    pub at: Span,
    pub what: Expected,
}

/// What is expected.
#[derive(Clone, Debug)]
pub enum Expected {
    /// Nonzero.
    Holds(NodeId),
    /// `left ~= right tol t`: `|left - right| <= t * max(1, |right|)`; `t` is 1e-6 when not given.
    Near {
        /// One side.
        left: NodeId,
        /// The other.
        right: NodeId,
        /// Tolerance, relative above 1 and absolute below.
        tol: Option<NodeId>,
    },
}

/// `show`: an expression with the text it was written as.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Show {
    pub at: Span,
    pub text: Name,
    /// Instances: empty domain for a scalar; binders over the axes for an array.
    pub domain: DomainId,
    pub body: NodeId,
}

/// One `solve` statement: stages in order.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Solve {
    pub at: Span,
    /// Empty: the router chooses.
    pub stages: Vec<Stage>,
}

/// A method with its options, checked against the method's row.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Stage {
    pub method: Name,
    pub at: Span,
    pub options: Vec<(Name, Span, OptionValue)>,
}

/// The value of an option as written.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum OptionValue {
    Number(f64),
    Word(Name),
    /// A schedule such as `cosine(1e-2, warmup = 100)`.
    Call(Name, Vec<(Option<Name>, OptionValue)>),
}

/// `tune`: checked, not solved yet.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Tune {
    pub at: Span,
    pub sense: crate::syntax::ast::Sense,
    pub target: NodeId,
    pub method: Option<Stage>,
}

/// `hyper`: a param that tuning will choose; until then it stands at the middle of its range.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Hyper {
    pub at: Span,
    pub param: ParamId,
    pub ty: VarType,
    pub lo: NodeId,
    pub hi: NodeId,
    pub log: bool,
}

/// `extern fn`: checked, not run yet.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Extern {
    pub at: Span,
    pub name: Name,
    pub params: Vec<Name>,
    pub command: Name,
}

/// `split`: parts of a table's rows, by fractions and a seed.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Split {
    pub at: Span,
    pub table: TableId,
    pub parts: Vec<(Name, f64, SetId)>,
    pub seed: u64,
}
