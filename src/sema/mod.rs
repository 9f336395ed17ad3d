//! From statements to a checked model: names, sets, shapes, types, options.
//!
//! Takes the statements of all files, the columns of the tables and the rows of the methods; gives an
//! [`ir::Model`](crate::ir::Model) and every report it can. What had an error is silent from then on, so
//! that one cause gives one report.
//! Deliberately absent: data (only the headers of tables are known), methods themselves, expansion:
//! a line over a set is one template.

mod array_fns;
mod arrays;
mod calls;
mod chains;
mod compare;
mod constraints;
mod domains;
mod expr;
mod heads;
mod inline;
mod literals;
mod names;
mod order;
mod outcome;
mod params;
mod products;
mod roles;
mod scope;
mod sets;
mod solve;
mod subscripts;
mod tables;
mod value;
mod vars;
mod words;

use crate::base::{IdVec, Name, Origin, Span, limits};
use crate::diag::codes::limit::LimitError;
use crate::diag::{Error, Reports, Sources};
use crate::ir::{ArrayId, LabelId, Model, NodeId, SetId, TableId};
use crate::problem::MethodRow;
use crate::syntax::ast::{Stmt, StmtKind};
use indexmap::{IndexMap, IndexSet};
use names::{Entity, Names};
use scope::Locals;
use std::collections::BTreeMap;
use value::{Arr, ArrId, Leaf, Value};

/// A column of a data file, as its header and cells say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ColumnInfo {
    /// The header.
    pub name: Name,
    /// Numbers, else labels.
    pub numeric: bool,
    /// For labels that stand beside numbers: the first cell that is no number.
    pub word: Option<Span>,
}

/// All that a model is checked against.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The statements of all files in order; includes are resolved.
    pub stmts: &'a [Stmt],
    /// The texts behind the spans.
    pub sources: &'a Sources,
    /// The columns of each table by its name. A table that is missing here had a file that could not be
    /// read; whoever read it has reported that.
    pub schemas: &'a BTreeMap<Name, Vec<ColumnInfo>>,
    /// The methods there are.
    pub methods: &'a [&'a MethodRow],
    /// Names given values from outside (`--set`, `--data`).
    pub overrides: &'a [Name],
}

/// Checks a model.
///
/// The model is complete when the reports hold no error; otherwise it holds what could be understood.
pub fn analyse(inputs: &Inputs<'_>) -> (Model, Reports) {
    let mut sema = Sema::new(inputs);
    sema.run();
    (sema.model, sema.reports)
}

/// The names a statement declares.
pub fn declares(stmt: &Stmt) -> Vec<Name> {
    names::declared(&stmt.kind).into_iter().map(|(ident, _)| ident.name.clone()).collect()
}

/// The names that mean something without being declared: functions and constants.
pub fn known_names() -> impl Iterator<Item = &'static str> {
    names::known()
}

/// The state of one analysis.
struct Sema<'a> {
    inputs: Inputs<'a>,
    model: Model,
    reports: Reports,
    names: Names,
    /// The statement that is read.
    stmt: &'a Stmt,
    stmt_index: usize,
    locals: Locals,
    arrs: IdVec<ArrId, Arr>,
    /// Whether the expression is evaluated after solving: multipliers and objectives have values.
    after_solve: bool,
    /// Expressions written out so far; see [`Sema::spend`].
    work: usize,
    /// Calls of functions around the expression that is read.
    inlining: usize,
    /// Anonymous sets by what they are, so that equal ones are one axis. Looked up by key only.
    ranges: IndexMap<(NodeId, NodeId), SetId>,
    literals: IndexMap<Vec<crate::ir::model::Key>, SetId>,
    /// Labels of literal sets, to look up.
    labels_of: IndexMap<SetId, IndexSet<LabelId>>,
    /// For each set of written tuples, the sets of labels of its parts.
    tuple_parts: IndexMap<SetId, Vec<Option<SetId>>>,
    /// Pairs of literal sets known to have no label in common, or some.
    disjoint: IndexMap<(SetId, SetId), bool>,
    /// Tables whose columns are not known.
    unread_tables: IndexSet<TableId>,
    /// Whole arrays of declared things, made when a matrix product needs them.
    whole: IndexMap<Leaf, ArrayId>,
    /// Whether a defined array involves a variable.
    array_has_var: Vec<bool>,
    /// Axes of constraints whose multipliers were shown as arrays.
    con_axes: IndexMap<crate::ir::ConId, Vec<SetId>>,
    /// Functions with errors in their bodies, by statement: reported there, silent where called.
    broken_fns: IndexSet<usize>,
    n_made: usize,
    /// Names compared with wrong ones so far.
    searched: std::cell::Cell<usize>,
}

impl<'a> Sema<'a> {
    fn new(inputs: &Inputs<'a>) -> Self {
        static NOTHING: std::sync::LazyLock<Stmt> = std::sync::LazyLock::new(|| Stmt {
            file: crate::base::FileId(0),
            base: 0,
            at: crate::syntax::ast::Rel::default(),
            doc: None,
            kind: StmtKind::SubjectTo,
            exprs: IdVec::new(),
        });
        Self {
            inputs: *inputs,
            model: Model::default(),
            reports: Reports::new(),
            names: Names::default(),
            stmt: inputs.stmts.first().unwrap_or_else(|| &NOTHING),
            stmt_index: 0,
            locals: Locals::default(),
            arrs: IdVec::new(),
            after_solve: false,
            work: 0,
            inlining: 0,
            ranges: IndexMap::new(),
            literals: IndexMap::new(),
            labels_of: IndexMap::new(),
            tuple_parts: IndexMap::new(),
            disjoint: IndexMap::new(),
            unread_tables: IndexSet::new(),
            whole: IndexMap::new(),
            array_has_var: Vec::new(),
            con_axes: IndexMap::new(),
            broken_fns: IndexSet::new(),
            n_made: 0,
            searched: std::cell::Cell::new(0),
        }
    }

    fn run(&mut self) {
        let stmts = self.inputs.stmts;
        self.collect_names(stmts);
        let order = self.order(stmts);
        for &index in &order.stmts {
            if !order.in_cycle[index] {
                self.stmt = &stmts[index];
                self.stmt_index = index;
                self.after_solve = false;
                self.statement();
            }
        }
        self.check_objectives();
        self.check_overrides();
        self.set_roles();
        self.check_towers();
        #[cfg(debug_assertions)]
        if !self.reports.has_errors() && self.tables_were_read() {
            self.hold_together();
        }
    }

    /// Reports the first place where too many functions of variables stand inside one another.
    fn check_towers(&mut self) {
        let graph = &self.model.graph;
        let sum = crate::func::lookup("add");
        let mut heights: Vec<u32> = Vec::with_capacity(graph.len());
        for id in (0..graph.len() as u32).map(NodeId) {
            let mut height = 0;
            if graph.has_var(id) {
                // Children come first, so their heights are known.
                graph.node(id).for_each_child(|child| height = height.max(heights[child.0 as usize]));
                height += u32::from(matches!(graph.node(id), crate::ir::Node::Call { func, .. } if Some(*func) != sum));
            }
            heights.push(height);
            if height as usize > limits::MAX_TOWER {
                let at = graph.origin(id).span();
                self.reports.push(LimitError::TooTall { at, most: limits::MAX_TOWER });
                return;
            }
        }
    }

    /// Whether every table has columns: whoever read them has reported those that have none.
    #[cfg(debug_assertions)]
    fn tables_were_read(&self) -> bool {
        let read = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Table { name, .. } => self.inputs.schemas.contains_key(&name.name),
            _ => true,
        };
        self.inputs.stmts.iter().all(read)
    }

    /// A model without errors is whole; anything else is a bug here.
    #[cfg(debug_assertions)]
    fn hold_together(&self) {
        if let Err(fault) = crate::ir::verify::verify(&self.model) {
            crate::bug!("the checked model does not hold together: {fault}");
        }
        if let Some(lost) = self.names.decls.iter().find(|decl| decl.entity == Entity::Error) {
            crate::bug!("`{}` was lost without a report", lost.name);
        }
    }

    fn statement(&mut self) {
        match &self.stmt.kind {
            // Resolved by the driver.
            StmtKind::Include { .. } | StmtKind::SubjectTo => {}
            StmtKind::Set { name, value } => self.set_statement(name, *value),
            StmtKind::Param { name, axes, source } => self.param_statement(name, axes, source),
            StmtKind::Table { name, path, key } => self.table_statement(name, path, key),
            StmtKind::Split { table, parts, seed } => self.split_statement(table, parts, *seed),
            StmtKind::Var { name, axes, ty, bounds, start } => {
                self.var_statement(name, axes, *ty, bounds, start.as_ref());
            }
            StmtKind::Let { name, axes, value } => self.let_statement(name, axes, *value),
            StmtKind::Fn { params, body, .. } => self.fn_statement(params, *body),
            StmtKind::ExternFn { name, params, command } => self.extern_statement(name, params, command),
            StmtKind::Objective { sense, name, body } => self.objective_statement(*sense, name.as_ref(), *body),
            StmtKind::Constraint { name, axes, body } => self.constraint_statement(name.as_ref(), axes, *body),
            StmtKind::Solve { stages } => self.solve_statement(stages),
            StmtKind::Hyper { name, ty, range, log } => self.hyper_statement(name, *ty, *range, *log),
            StmtKind::Tune { sense, target, method } => self.tune_statement(*sense, *target, method.as_ref()),
            StmtKind::Check { cond, message } => self.check_statement(*cond, message.as_ref()),
            StmtKind::Expect { cond, tol } => self.expect_statement(*cond, *tol),
            StmtKind::Show { items } => self.show_statement(items),
            StmtKind::Reserved { word } => self.reserved_statement(word),
        }
    }

    /// Adds a report; the value of what it is about is an error.
    fn error(&mut self, error: impl Into<Error>) -> Value {
        self.reports.push(error);
        Value::Error
    }

    /// Nodes made from here on come from `span`.
    fn here(&mut self, span: Span) {
        self.model.graph.set_origin(Origin::Source(span));
    }

    /// Counts one expression of a function that is written out, or one entry of an array expression;
    /// `false` when there are more than the limit.
    fn spend(&mut self, at: Span) -> bool {
        self.work += 1;
        if self.work == limits::MAX_INLINED {
            self.reports.push(LimitError::TooMuchInlining { at, limit: limits::MAX_INLINED });
        }
        self.work < limits::MAX_INLINED
    }

    /// The declared thing behind the current statement's name.
    fn entity(&self, name: &str) -> Option<Entity> {
        self.names.get(name).map(|decl| decl.entity)
    }
}

/// Runs on a larger stack when little is left. Nesting is bounded by the parser, and chains of operators
/// are walked in loops, so what is taken is bounded too.
fn grow<R>(run: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(128 * 1024, 4 * 1024 * 1024, run)
}
