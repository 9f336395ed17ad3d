//! Functions of the model: inlined where they are called.

use super::Sema;
use super::names::Entity;
use super::value::Value;
use crate::base::{Name, Span};
use crate::diag::codes::name::NameError;
use crate::ir::model::Extern;
use crate::syntax::ast::{Arg, ExprId, Ident, StmtKind, Text};

impl Sema<'_> {
    /// `fn f(a, b = 1) = body`: read once with params that fit everywhere, for the errors of its body.
    pub(super) fn fn_statement(&mut self, params: &[(Ident, Option<ExprId>)], body: ExprId) {
        let before = self.reports.len();
        self.repeated_params(params.iter().map(|(ident, _)| ident));
        let mark = self.locals.mark();
        for (_, default) in params {
            if let Some(default) = default {
                self.expr(*default);
            }
        }
        for (ident, _) in params {
            let at = self.stmt.span(ident.at);
            self.locals.push(&ident.name, Value::Error, at);
        }
        self.expr(body);
        self.locals.reset(mark);
        let is_error = |report: &crate::diag::Error| report.message().severity == crate::diag::Severity::Error;
        if self.reports.iter().skip(before).any(is_error) {
            self.broken_fns.insert(self.stmt_index);
        }
        self.becomes(Entity::Fn);
    }

    /// `extern fn f(a) = "command"`.
    pub(super) fn extern_statement(&mut self, name: &Ident, params: &[Ident], command: &Text) {
        self.repeated_params(params.iter());
        self.model.externs.push(Extern {
            at: self.stmt.span(self.stmt.at),
            name: name.name.clone(),
            params: params.iter().map(|p| p.name.clone()).collect(),
            command: command.text.clone(),
        });
        self.becomes(Entity::Extern);
    }

    fn repeated_params<'i>(&mut self, params: impl Iterator<Item = &'i Ident>) {
        let mut seen: indexmap::IndexMap<&Name, Span> = indexmap::IndexMap::new();
        for ident in params {
            let at = self.stmt.span(ident.at);
            if let Some(first_at) = seen.insert(&ident.name, at) {
                self.reports.push(NameError::DuplicateIndex { at, name: ident.name.clone(), first_at });
            }
        }
    }

    /// A call of a function of the model: its body with the arguments in place of its params.
    pub(super) fn call_fn(&mut self, stmt: usize, name: &Ident, args: &[Arg]) -> Value {
        let callee = &self.inputs.stmts[stmt];
        let StmtKind::Fn { params, body, name: declared } = &callee.kind else { return Value::Error };
        let declared_at = callee.span(declared.at);
        let signature = || {
            let words: Vec<String> = params.iter().map(|(ident, _)| ident.name.to_string()).collect();
            format!("{}({})", declared.name, words.join(", "))
        };
        let wanted: Vec<(Name, bool)> = params.iter().map(|(i, default)| (i.name.clone(), default.is_some())).collect();
        let Some(placed) = self.place_args(&wanted, args, &signature, name, Some(declared_at)) else {
            return Value::Error;
        };
        // Arguments are read in the scope of the caller; an array that is used often is computed once.
        let mut values: Vec<Option<Value>> = Vec::with_capacity(params.len());
        for arg in &placed.values {
            values.push(arg.map(|id| match self.expr(id) {
                Value::Array(arr) => {
                    let facts = self.arrs[arr].facts;
                    Value::Array(if facts.index || facts.result { arr } else { self.kept(arr) })
                }
                value => value,
            }));
        }
        if self.broken_fns.contains(&stmt) || values.iter().flatten().any(|v| matches!(v, Value::Error)) {
            return Value::Error;
        }
        let caller = (self.stmt, self.stmt_index);
        let outer = std::mem::take(&mut self.locals);
        (self.stmt, self.stmt_index) = (callee, stmt);
        self.inlining += 1;
        for ((ident, default), value) in params.iter().zip(values) {
            let value = match (value, default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.expr(*default),
                (None, None) => Value::Error,
            };
            let ident_at = callee.span(ident.at);
            self.locals.push(&ident.name, value, ident_at);
        }
        let value = self.expr(*body);
        self.inlining -= 1;
        self.locals = outer;
        (self.stmt, self.stmt_index) = caller;
        value
    }
}
