//! The names of a model: who declares them, what they became, and what was meant by a wrong one.

use super::value::{Elem, Value};
use super::{Sema, array_fns};
use crate::base::{Id, IdVec, Name, Span, limits};
use crate::diag::closest;
use crate::diag::codes::name::NameError;
use crate::func::{self, Surface};
use crate::ir::model::ElemType;
use crate::ir::{ArrayId, ConId, NodeId, ParamId, SetId, TableId, VarId};
use crate::syntax::ast::{Ident, Stmt, StmtKind};
use indexmap::IndexMap;

crate::id_types! {
    /// A declaration.
    DeclId,
}

/// Names compared with wrong ones in one analysis.
const MOST_SEARCHED: usize = 500_000;

/// Numbers that have a name.
const CONSTANTS: &[(&str, f64)] = &[("inf", f64::INFINITY), ("pi", std::f64::consts::PI)];

/// What functions are called elsewhere, and here.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("ln", "log"),
    ("arcsin", "asin"),
    ("arccos", "acos"),
    ("arctan", "atan"),
    ("arctan2", "atan2"),
    ("fabs", "abs"),
    ("lse", "logsumexp"),
    ("norm", "norm2"),
];

/// The number of that name.
pub(super) fn constant(name: &str) -> Option<f64> {
    CONSTANTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// What a statement declares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DeclKind {
    Set,
    Param,
    Table,
    Part,
    Var,
    Let,
    Fn,
    Extern,
    Objective,
    Constraint,
    Hyper,
}

impl DeclKind {
    /// With its article, for messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::Set => "a set",
            Self::Param => "a param",
            Self::Table => "a table",
            Self::Part => "a part of a split",
            Self::Var => "a variable",
            Self::Let => "a defined expression",
            Self::Fn | Self::Extern => "a function",
            Self::Objective => "an objective",
            Self::Constraint => "a constraint",
            Self::Hyper => "a hyper-parameter",
        }
    }
}

/// A declaration.
#[derive(Clone, Debug)]
pub(super) struct Decl {
    pub name: Name,
    pub at: Span,
    pub kind: DeclKind,
    pub stmt: usize,
    pub entity: Entity,
}

/// What a declaration became.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entity {
    /// It had an error: uses are silent.
    Error,
    Set(SetId),
    Param(ParamId),
    Var(VarId),
    Array(ArrayId),
    /// A `fn`: inlined where it is called.
    Fn,
    Extern,
    Objective(NodeId),
    Con(ConId),
}

/// All declarations, by name and by statement.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub decls: IdVec<DeclId, Decl>,
    by_name: IndexMap<Name, DeclId>,
    // Declarations of a statement are neighbours.
    of_stmt: Vec<(usize, usize)>,
}

impl Names {
    /// The declaration of a name.
    pub fn get(&self, name: &str) -> Option<&Decl> {
        self.by_name.get(name).map(|id| &self.decls[*id])
    }

    /// The declarations of a statement.
    pub fn of_stmt(&self, stmt: usize) -> impl Iterator<Item = DeclId> + use<> {
        let (first, last) = self.of_stmt[stmt];
        (first..last).map(DeclId::new)
    }
}

/// The names a statement declares.
pub(super) fn declared(kind: &StmtKind) -> Vec<(&Ident, DeclKind)> {
    match kind {
        StmtKind::Set { name, .. } => vec![(name, DeclKind::Set)],
        StmtKind::Param { name, .. } => vec![(name, DeclKind::Param)],
        StmtKind::Table { name, .. } => vec![(name, DeclKind::Table)],
        StmtKind::Split { parts, .. } => parts.iter().map(|(name, _)| (name, DeclKind::Part)).collect(),
        StmtKind::Var { name, .. } => vec![(name, DeclKind::Var)],
        StmtKind::Let { name, .. } => vec![(name, DeclKind::Let)],
        StmtKind::Fn { name, .. } => vec![(name, DeclKind::Fn)],
        StmtKind::ExternFn { name, .. } => vec![(name, DeclKind::Extern)],
        StmtKind::Hyper { name, .. } => vec![(name, DeclKind::Hyper)],
        StmtKind::Objective { name, .. } => name.iter().map(|name| (name, DeclKind::Objective)).collect(),
        StmtKind::Constraint { name, .. } => name.iter().map(|name| (name, DeclKind::Constraint)).collect(),
        _ => Vec::new(),
    }
}

/// Functions and constants.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    let functions = func::all().iter().filter(|row| row.surface == Surface::Function).map(|row| row.name);
    functions.chain(array_fns::ROWS.iter().map(|row| row.name)).chain(CONSTANTS.iter().map(|(name, _)| *name))
}

/// Whether calls of this name are a builtin's.
pub(super) fn is_builtin(name: &str) -> bool {
    let in_table = func::lookup(name).is_some_and(|id| func::row(id).surface == Surface::Function);
    in_table || array_fns::find(name).is_some() || constant(name).is_some()
}

impl Sema<'_> {
    /// Reads the names of all statements; reports those declared twice.
    pub(super) fn collect_names(&mut self, stmts: &[Stmt]) {
        for (index, stmt) in stmts.iter().enumerate() {
            let first = self.names.decls.len();
            for (ident, kind) in declared(&stmt.kind) {
                self.declare(ident, kind, index, stmt);
            }
            self.names.of_stmt.push((first, self.names.decls.len()));
        }
    }

    fn declare(&mut self, ident: &Ident, kind: DeclKind, index: usize, stmt: &Stmt) {
        let at = stmt.span(ident.at);
        let name = ident.name.clone();
        let decl = Decl { name: name.clone(), at, kind, stmt: index, entity: Entity::Error };
        let id = self.names.decls.push(decl);
        if let Some(first) = self.names.by_name.get(&name) {
            let first_at = self.names.decls[*first].at;
            self.reports.push(NameError::Duplicate { at, name, first_at });
            return;
        }
        if is_builtin(&name) {
            self.reports.push(NameError::HidesBuiltin { at, name: name.clone() });
        }
        self.names.by_name.insert(name, id);
    }

    /// What the only declaration of the current statement became.
    pub(super) fn becomes(&mut self, entity: Entity) {
        if let Some(id) = self.names.of_stmt(self.stmt_index).next() {
            self.names.decls[id].entity = entity;
        }
    }

    /// Reports a name that nothing in sight has.
    pub(super) fn unknown_name(&mut self, name: &Name, at: Span, hint: Option<String>) {
        let hint = hint.or_else(|| self.column_hint(name)).or_else(|| {
            Some(match &**name {
                "e" => "the number e is `exp(1)`, and e to the power of x is `exp(x)`".to_owned(),
                "true" | "True" => "a comparison is true or false, as `x > 0` is; as a number write 1".to_owned(),
                "false" | "False" => "a comparison is true or false, as `x > 0` is; as a number write 0".to_owned(),
                _ => return self.applied_hint(name),
            })
        });
        let suggestion = if hint.is_some() { None } else { self.suggest(name) };
        let declared_at = suggestion.as_ref().and_then(|s| self.names.get(s)).map(|d| d.at);
        self.reports.push(NameError::UnknownName { at, name: name.clone(), suggestion, declared_at, hint });
    }

    /// `y` where a row `d` is at hand whose table has such a column; or a table alone that has it.
    fn column_hint(&self, name: &Name) -> Option<String> {
        let column = |table: TableId| {
            let columns = &self.model.tables[table].columns;
            columns.iter().map(|c| &c.name).find(|column| column.eq_ignore_ascii_case(name))
        };
        let mut rows = self.locals.all().filter_map(|(local, value)| match value {
            Value::Elem(Elem { ty: ElemType::Row(table), .. }) => Some((local, *table, column(*table)?)),
            _ => None,
        });
        if let Some((row, table, column)) = rows.next() {
            let table = &self.model.tables[table].name;
            return Some(format!("the column of the table `{table}` is written `{row}.{column}`"));
        }
        let mut tables = self.model.tables.ids().filter_map(|table| Some((table, column(table)?)));
        let (Some((table, column)), None) = (tables.next(), tables.next()) else { return None };
        let table = &self.model.tables[table].name;
        Some(format!("`{column}` is a column of the table `{table}`: `sum(d in {table}: d.{column})`"))
    }

    /// `sinx` where there is a function `sin` and something called `x`.
    fn applied_hint(&self, name: &str) -> Option<String> {
        let is_known = |rest: &str| self.locals.get(rest).is_some() || self.names.get(rest).is_some();
        let mut cuts = name.char_indices().skip(2).map(|(at, _)| name.split_at(at));
        let (function, rest) = cuts.find(|(function, rest)| is_builtin(function) && is_known(rest))?;
        constant(function).is_none().then(|| format!("did you mean `{function}({rest})`?"))
    }

    /// Whether one more search through all names is worth its time: beyond the last report that is shown
    /// it is not, and in a model of very many names a few must do.
    fn may_search(&self) -> bool {
        let searched = self.searched.get() + self.names.decls.len();
        self.searched.set(searched);
        self.reports.len() <= limits::MAX_REPORTS && searched <= MOST_SEARCHED.max(self.names.decls.len())
    }

    /// The declared name, index or constant nearest to a wrong one.
    pub(super) fn suggest(&self, wrong: &str) -> Option<Name> {
        if !self.may_search() {
            return None;
        }
        let locals = self.locals.names();
        let declared = self.names.by_name.keys().map(|k| &**k);
        let constants = CONSTANTS.iter().map(|(name, _)| *name);
        closest(wrong, locals.chain(declared).chain(constants)).map(Name::from)
    }

    /// The function nearest to a wrong name.
    pub(super) fn suggest_function(&self, wrong: &str) -> Option<Name> {
        if !self.may_search() {
            return None;
        }
        let declared = self.names.decls.iter().filter(|d| matches!(d.kind, DeclKind::Fn | DeclKind::Extern));
        let rows = func::all().iter().filter(|row| row.surface == Surface::Function).map(|row| row.name);
        let arrays = array_fns::ROWS.iter().map(|row| row.name);
        let other = OTHER_NAMES.iter().find(|(name, _)| *name == wrong).map(|(_, ours)| Name::from(*ours));
        if other.is_some() {
            return other;
        }
        closest(wrong, declared.map(|d| &*d.name).chain(rows).chain(arrays)).map(Name::from)
    }
}
