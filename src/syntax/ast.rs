//! What the parser gives: one [`Stmt`] per statement, each with its own arena.
//!
//! Spans inside a statement are relative to its first byte ([`Rel`]), so that a statement that only
//! moved keeps its tree; [`Stmt::span`] makes them absolute. Trees live in an arena of `u32` ids,
//! children before parents, so that passes are loops and dropping is flat.
//! Deliberately absent: names resolved, types, values of sets.

use crate::base::{FileId, IdVec, Name, Span};

crate::id_types! {
    /// An expression of one statement.
    ExprId,
}

/// Bytes relative to the first byte of the statement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Rel {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A name with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ident {
    /// The name as written.
    pub name: Name,
    /// Where.
    pub at: Rel,
}

/// A string literal with its place (quotes included in the span, not in the text).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// The text between the quotes.
    pub text: Name,
    /// Where.
    pub at: Rel,
}

/// One statement, parsed alone.
#[derive(Clone, PartialEq, Debug)]
pub struct Stmt {
    /// The file it stands in.
    pub file: FileId,
    /// Offset of its first byte; every [`Rel`] counts from here.
    pub base: u32,
    /// Extent of the whole statement.
    pub at: Rel,
    /// The comment block directly above, without `#`, if it is a declaration.
    pub doc: Option<Name>,
    /// What it says.
    pub kind: StmtKind,
    /// The expressions of this statement.
    pub exprs: IdVec<ExprId, Expr>,
}

impl Stmt {
    /// An absolute span.
    pub fn span(&self, rel: Rel) -> Span {
        Span::new(self.file, self.base + rel.start, self.base + rel.end)
    }

    /// The absolute span of an expression.
    pub fn expr_span(&self, id: ExprId) -> Span {
        self.span(self.exprs[id].at)
    }
}

/// An expression: what and where.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    /// What.
    pub kind: ExprKind,
    /// Where; includes surrounding parentheses only for [`ExprKind::Paren`].
    pub at: Rel,
}

/// Operators between two operands, in the order of the table in `docs/language.md`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    ElemMul,
    ElemDiv,
    ElemPow,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    /// `~=`, in `expect`.
    Near,
    And,
    Or,
    /// Membership `a in S`.
    In,
}

/// Operators on one operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum UnOp {
    Neg,
    Plus,
    Not,
    /// The postfix `'`.
    Transpose,
}

/// Heads that bind indices: `sum(i in I: body)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum HeadOp {
    Sum,
    Prod,
    Min,
    Max,
    Mean,
    All,
    Any,
    Count,
    Norm2,
}

/// An expression. Chains of `+`, `*` … are left-deep: walk the left spine with a loop.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum ExprKind {
    Number(f64),
    Text(Name),
    Name(Name),
    Paren(ExprId),
    Unary {
        op: UnOp,
        of: ExprId,
    },
    Binary {
        op: BinOp,
        op_at: Rel,
        left: ExprId,
        right: ExprId,
    },
    /// `lo <= body <= hi` or `lo < …`: comparisons chained; `ops.len() + 1 == parts.len() >= 3`.
    Compare {
        parts: Vec<ExprId>,
        ops: Vec<(BinOp, Rel)>,
    },
    /// `lo .. hi`.
    Range {
        lo: ExprId,
        hi: ExprId,
    },
    /// `a complements b`.
    Complements {
        left: ExprId,
        right: ExprId,
    },
    If {
        cond: ExprId,
        then: ExprId,
        otherwise: ExprId,
    },
    /// `f(a, b, k = 1)`.
    Call {
        name: Ident,
        args: Vec<Arg>,
    },
    /// `x[i, j+1]`; `of` is a name or another expression.
    Index {
        of: ExprId,
        subs: Vec<ExprId>,
    },
    /// `r.bus`.
    Field {
        of: ExprId,
        field: Ident,
    },
    /// `(i, j)`.
    Tuple(Vec<ExprId>),
    /// `[a, b, c]`: bounds, or a vector literal.
    List(Vec<ExprId>),
    /// `{a, b}`: labels, integers or tuples.
    Braces(Vec<ExprId>),
    /// `{seattle: 350, ("a", 2): 1}`: keys and values.
    Map(Vec<(ExprId, ExprId)>),
    /// `{i in I, j in J if cond}`.
    Comprehension {
        head: Head,
    },
    /// `sum(head: body)`; `name_at` is the place of the head's name.
    Reduce {
        op: HeadOp,
        name_at: Rel,
        head: Head,
        body: ExprId,
    },
}

/// An argument, positional or by name.
#[derive(Clone, PartialEq, Debug)]
pub struct Arg {
    /// The name in `k = 1`.
    pub name: Option<Ident>,
    /// The value.
    pub value: ExprId,
}

/// Binders and their filter: `i in I, (a, b) in arcs if cond`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Head {
    /// In order; a later set may depend on an earlier index.
    pub binders: Vec<Binder>,
    /// The condition after the last binder.
    pub filter: Option<ExprId>,
}

/// `i in I`, `(i, j) in arcs`, or a bare set in a declaration such as `supply[plants]` (no names).
#[derive(Clone, PartialEq, Debug)]
pub struct Binder {
    /// Names bound: none for a bare set, one, or several for a tuple.
    pub names: Vec<Ident>,
    /// The set expression: a name, a range, braces or a call such as `distinct(t.c)`.
    pub set: ExprId,
}

/// The type word after `:` in `var n: int`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum VarType {
    Real,
    Int,
    Bool,
}

/// Bounds of a variable as written.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Bound {
    AtLeast(ExprId),
    AtMost(ExprId),
    Fixed(ExprId),
    /// `in [lo, hi]` or `in lo..hi`.
    Within(ExprId, ExprId),
}

/// `start 3`, `start x0[i]`, `start xavier`, `start normal(0, 0.1)`: told apart by sema.
#[derive(Clone, PartialEq, Debug)]
pub struct Start {
    /// The value or the initialiser.
    pub value: ExprId,
    /// Where the word `start` stands.
    pub at: Rel,
}

/// What a statement says.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum StmtKind {
    Include {
        path: Text,
    },
    Set {
        name: Ident,
        value: ExprId,
    },
    Param {
        name: Ident,
        axes: Head,
        source: ParamSource,
    },
    Table {
        name: Ident,
        path: Text,
        key: Vec<Ident>,
    },
    Split {
        table: Ident,
        parts: Vec<(Ident, ExprId)>,
        seed: Option<ExprId>,
    },
    Var {
        name: Ident,
        axes: Head,
        ty: Option<(VarType, Rel)>,
        bounds: Vec<(Bound, Rel)>,
        start: Option<Start>,
    },
    Let {
        name: Ident,
        axes: Head,
        value: ExprId,
    },
    Fn {
        name: Ident,
        params: Vec<(Ident, Option<ExprId>)>,
        body: ExprId,
    },
    ExternFn {
        name: Ident,
        params: Vec<Ident>,
        command: Text,
    },
    Objective {
        sense: Sense,
        name: Option<Ident>,
        body: ExprId,
    },
    /// `subject to`: the items that follow are constraints.
    SubjectTo,
    /// `name[head]: body`; the body is a comparison, a range, a `complements`, or (wrongly) anything.
    Constraint {
        name: Option<Ident>,
        axes: Head,
        body: ExprId,
    },
    Solve {
        stages: Vec<MethodCall>,
    },
    Hyper {
        name: Ident,
        ty: Option<(VarType, Rel)>,
        range: (ExprId, ExprId),
        log: bool,
    },
    Tune {
        sense: Sense,
        target: ExprId,
        method: Option<MethodCall>,
    },
    /// `check cond : "message"`; the condition may be quantified by `all`.
    Check {
        cond: ExprId,
        message: Option<Text>,
    },
    /// `expect cond` with `~=` and `tol`.
    Expect {
        cond: ExprId,
        tol: Option<ExprId>,
    },
    Show {
        items: Vec<ExprId>,
    },
    /// A word reserved for what comes next (`time`, `scenario`, …), recognised and refused with E08xx.
    Reserved {
        word: Ident,
    },
}

/// Minimise or maximise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Sense {
    Minimize,
    Maximize,
}

/// Where the values of a param come from.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum ParamSource {
    /// `= expr`: a number, a map, a list, or a computed value.
    Value(ExprId),
    /// `from "file.csv"`.
    File(Text),
    /// Neither: must come with `--set` or `--data`.
    Missing,
}

/// `lbfgs(memory = 20)`: a method with its options.
#[derive(Clone, PartialEq, Debug)]
pub struct MethodCall {
    /// The method.
    pub name: Ident,
    /// Options by name; a positional argument is an error that sema reports.
    pub options: Vec<Arg>,
    /// The whole call.
    pub at: Rel,
}
