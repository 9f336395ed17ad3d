//! The order in which statements can be read: what a line needs comes first, wherever it is written.

use super::Sema;
use super::names::{DeclKind, Names};
use crate::base::{Name, Span};
use crate::diag::codes::name::NameError;
use crate::syntax::ast::{Bound, ExprId, ExprKind, Head, Ident, ParamSource, Stmt, StmtKind};
use indexmap::IndexMap;

/// What to do next on the way through a statement.
enum Task<'a> {
    Expr(ExprId),
    Bind(&'a Ident),
    Unbind(&'a Ident),
}

/// Finds the declarations that one statement uses.
struct Uses<'a, 'n> {
    stmt: &'a Stmt,
    names: &'n Names,
    // Looked up by key only.
    bound: IndexMap<&'a str, usize>,
    tasks: Vec<Task<'a>>,
    found: Vec<usize>,
}

impl<'a> Uses<'a, '_> {
    fn run(mut self) -> Vec<usize> {
        self.start();
        self.tasks.reverse();
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Expr(id) => self.expr(id),
                Task::Bind(ident) => *self.bound.entry(&ident.name).or_insert(0) += 1,
                Task::Unbind(ident) => {
                    if let Some(count) = self.bound.get_mut(&*ident.name) {
                        *count -= 1;
                    }
                }
            }
        }
        self.found.sort_unstable();
        self.found.dedup();
        self.found
    }

    /// The tasks of a statement, in order of the text.
    fn start(&mut self) {
        match &self.stmt.kind {
            StmtKind::Set { value, .. } => self.tasks.push(Task::Expr(*value)),
            StmtKind::Param { axes, source, .. } => {
                self.head(axes);
                if let ParamSource::Value(value) = source {
                    self.tasks.push(Task::Expr(*value));
                }
            }
            StmtKind::Split { table, parts, seed } => {
                self.name(&table.name);
                self.tasks.extend(parts.iter().map(|(_, share)| Task::Expr(*share)));
                self.tasks.extend(seed.iter().map(|s| Task::Expr(*s)));
            }
            StmtKind::Var { axes, bounds, start, .. } => {
                self.head(axes);
                for (bound, _) in bounds {
                    match bound {
                        Bound::AtLeast(e) | Bound::AtMost(e) | Bound::Fixed(e) => self.tasks.push(Task::Expr(*e)),
                        Bound::Within(lo, hi) => self.tasks.extend([Task::Expr(*lo), Task::Expr(*hi)]),
                    }
                }
                self.tasks.extend(start.iter().map(|s| Task::Expr(s.value)));
            }
            StmtKind::Let { axes, value: body, .. } | StmtKind::Constraint { axes, body, .. } => {
                self.head(axes);
                self.tasks.push(Task::Expr(*body));
            }
            StmtKind::Fn { params, body, .. } => {
                self.tasks.extend(params.iter().filter_map(|(_, default)| default.map(Task::Expr)));
                self.tasks.extend(params.iter().map(|(name, _)| Task::Bind(name)));
                self.tasks.push(Task::Expr(*body));
            }
            StmtKind::Objective { body, .. } => self.tasks.push(Task::Expr(*body)),
            StmtKind::Hyper { range: (lo, hi), .. } => self.tasks.extend([Task::Expr(*lo), Task::Expr(*hi)]),
            // Nothing depends on the others: they are read last.
            _ => {}
        }
    }

    fn head(&mut self, head: &'a Head) {
        for binder in &head.binders {
            self.tasks.push(Task::Expr(binder.set));
            self.tasks.extend(binder.names.iter().map(Task::Bind));
        }
        self.tasks.extend(head.filter.iter().map(|f| Task::Expr(*f)));
    }

    /// Pushes tasks so that they are done in the order given.
    fn next(&mut self, tasks: impl DoubleEndedIterator<Item = Task<'a>>) {
        self.tasks.extend(tasks.rev());
    }

    fn scoped(&mut self, head: &'a Head, body: Option<ExprId>) {
        let names = head.binders.iter().flat_map(|b| b.names.iter());
        let opening = head
            .binders
            .iter()
            .flat_map(|b| std::iter::once(Task::Expr(b.set)).chain(b.names.iter().map(Task::Bind)))
            .chain(head.filter.map(Task::Expr))
            .chain(body.map(Task::Expr))
            .chain(names.map(Task::Unbind))
            .collect::<Vec<_>>();
        self.next(opening.into_iter());
    }

    fn name(&mut self, name: &str) {
        if self.bound.get(name).is_none_or(|count| *count == 0)
            && let Some(decl) = self.names.get(name)
        {
            self.found.push(decl.stmt);
        }
    }

    fn expr(&mut self, id: ExprId) {
        match &self.stmt.exprs[id].kind {
            // Elements and keys are labels, never names of something else.
            ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Braces(_) => {}
            ExprKind::Name(name) => self.name(name),
            ExprKind::Paren(of) | ExprKind::Unary { of, .. } | ExprKind::Field { of, .. } => {
                self.tasks.push(Task::Expr(*of));
            }
            ExprKind::Binary { left, right, .. } | ExprKind::Complements { left, right } => {
                self.next([Task::Expr(*left), Task::Expr(*right)].into_iter());
            }
            ExprKind::Range { lo, hi } => self.next([Task::Expr(*lo), Task::Expr(*hi)].into_iter()),
            ExprKind::If { cond, then, otherwise } => {
                self.next([*cond, *then, *otherwise].into_iter().map(Task::Expr));
            }
            ExprKind::Compare { parts: list, .. } | ExprKind::Tuple(list) | ExprKind::List(list) => {
                self.next(list.iter().map(|e| Task::Expr(*e)));
            }
            ExprKind::Call { name, args } => {
                self.name(&name.name);
                self.next(args.iter().map(|a| Task::Expr(a.value)));
            }
            ExprKind::Index { of, subs } => {
                self.next(
                    std::iter::once(*of).chain(subs.iter().copied()).map(Task::Expr).collect::<Vec<_>>().into_iter(),
                );
            }
            ExprKind::Map(entries) => self.next(entries.iter().map(|(_, value)| Task::Expr(*value))),
            ExprKind::Comprehension { head } => self.scoped(head, None),
            ExprKind::Reduce { head, body, .. } => self.scoped(head, Some(*body)),
        }
    }
}

/// Statements in an order in which each needs only earlier ones, and those that are part of a cycle.
pub(super) struct Order {
    pub stmts: Vec<usize>,
    pub in_cycle: Vec<bool>,
}

/// How early a statement is read when nothing needs it: declarations, then goals, then the rest.
fn rank(kind: &StmtKind) -> u8 {
    match kind {
        StmtKind::Objective { .. } | StmtKind::Constraint { .. } => 1,
        StmtKind::Set { .. }
        | StmtKind::Param { .. }
        | StmtKind::Table { .. }
        | StmtKind::Split { .. }
        | StmtKind::Var { .. }
        | StmtKind::Let { .. }
        | StmtKind::Fn { .. }
        | StmtKind::ExternFn { .. }
        | StmtKind::Hyper { .. } => 0,
        _ => 2,
    }
}

impl Sema<'_> {
    /// Orders the statements; reports cycles, each once.
    pub(super) fn order(&mut self, stmts: &[Stmt]) -> Order {
        let uses: Vec<Vec<usize>> = stmts
            .iter()
            .map(|stmt| {
                Uses { stmt, names: &self.names, bound: IndexMap::new(), tasks: Vec::new(), found: Vec::new() }.run()
            })
            .collect();
        let mut roots: Vec<usize> = (0..stmts.len()).collect();
        roots.sort_by_key(|s| rank(&stmts[*s].kind));
        let mut order = Order { stmts: Vec::with_capacity(stmts.len()), in_cycle: vec![false; stmts.len()] };
        // 0: not seen, otherwise its place on the path + 1, `usize::MAX`: done.
        let mut state = vec![0usize; stmts.len()];
        let mut path: Vec<(usize, usize)> = Vec::new();
        for root in roots {
            if state[root] != 0 {
                continue;
            }
            path.push((root, 0));
            state[root] = 1;
            while let Some((stmt, next)) = path.last_mut() {
                let stmt = *stmt;
                let Some(&needed) = uses[stmt].get(*next) else {
                    state[stmt] = usize::MAX;
                    order.stmts.push(stmt);
                    path.pop();
                    continue;
                };
                *next += 1;
                match state[needed] {
                    0 => {
                        path.push((needed, 0));
                        state[needed] = path.len();
                    }
                    usize::MAX => {}
                    place => self.cycle(&path[place - 1..], &mut order.in_cycle),
                }
            }
        }
        order
    }

    fn cycle(&mut self, path: &[(usize, usize)], in_cycle: &mut [bool]) {
        let known = path.iter().any(|(stmt, _)| in_cycle[*stmt]);
        let mut chain: Vec<(Name, Span)> = Vec::new();
        let mut only_functions = true;
        for (stmt, _) in path {
            in_cycle[*stmt] = true;
            if let Some(id) = self.names.of_stmt(*stmt).next() {
                let decl = &self.names.decls[id];
                only_functions &= decl.kind == DeclKind::Fn;
                chain.push((decl.name.clone(), decl.at));
            }
        }
        // Of several cycles through one name the first is enough.
        if known {
            return;
        }
        if only_functions {
            self.reports.push(NameError::RecursiveFunction { chain });
        } else {
            self.reports.push(NameError::Cycle { chain });
        }
    }
}
