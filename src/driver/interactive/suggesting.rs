//! What was meant by a name that nobody declared.
//!
//! An expression is read with the statements that it mentions, and a misspelt name mentions none: what is near to it is
//! looked for in the whole program.

use super::asked::{HERE, as_let};
use super::bench::Bench;
use crate::base::{FileId, IdVec, Name};
use crate::diag::codes::name::NameError;
use crate::diag::{Error, Reports, closest};
use crate::syntax::ast::{Expr, ExprKind, Stmt, StmtKind};

impl Bench {
    /// The same errors, with a suggestion where there was none for an unknown name.
    pub fn with_suggestions(&mut self, reports: Reports) -> Reports {
        let mut kept = Reports::new();
        for error in reports.iter() {
            kept.push(match error {
                Error::Name(NameError::UnknownName { at, name, suggestion: None, hint: None, .. }) => {
                    let (suggestion, hint, declared_at) = self.meant(name).unwrap_or_default();
                    NameError::UnknownName { at: *at, name: name.clone(), suggestion, declared_at, hint }.into()
                }
                Error::Name(NameError::UnknownFunction { at, name, suggestion: None, begins_objective }) => {
                    let functions = self.program.statements().iter().filter(|s| is_function(&s.stmt));
                    let suggestion =
                        closest(name, functions.flat_map(|s| s.names.iter()).map(|n| &**n)).map(Name::from);
                    let begins_objective = *begins_objective;
                    NameError::UnknownFunction { at: *at, name: name.clone(), suggestion, begins_objective }.into()
                }
                other => other.clone(),
            });
        }
        kept
    }

    /// Whether a function of that name was entered.
    pub fn is_function(&self, name: &str) -> bool {
        self.program.owner(name).is_some_and(|s| is_function(&s.stmt))
    }

    /// What `sema` says of a name that it meets in the whole program: a near name, a hint, where the name is declared.
    fn meant(&mut self, name: &Name) -> Option<(Option<Name>, Option<String>, Option<crate::base::Span>)> {
        let mut exprs = IdVec::new();
        let item = exprs.push(Expr { kind: ExprKind::Name(name.clone()), at: HERE });
        let kind = StmtKind::Show { items: vec![item] };
        let show = Stmt { file: FileId(0), base: 0, at: HERE, doc: None, kind, exprs };
        let all = self.program.statements().iter().map(|s| as_let(s.stmt.clone()));
        let stmts: Vec<Stmt> = all.chain([show]).collect();
        let before = self.counts;
        let (_, reports) = self.analyse(&stmts);
        self.counts = before;
        reports.iter().find_map(|error| match error {
            Error::Name(NameError::UnknownName { name: found, suggestion, hint, declared_at, .. }) if found == name => {
                Some((suggestion.clone(), hint.clone(), *declared_at))
            }
            _ => None,
        })
    }
}

fn is_function(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Fn { .. } | StmtKind::ExternFn { .. })
}
