//! Tokens and trees as text, for `optc emit --stage tokens|ast`.
//!
//! Takes a text or its statements; gives lines that are stable and read aloud. Expressions are written
//! as in the language, with parentheses around every operation, so that grouping shows.
//! Deliberately absent: spans inside statements, so that a tree that only moved prints the same.

use super::ast::*;
use super::build::head_name;
use super::token::{Class, Kind};
use super::{cut, lex};
use crate::base::{FileId, Id};
use std::fmt::Write;

/// One line a token: place, kind, text.
pub fn tokens(text: &str) -> String {
    let mut lexed = lex::lex(FileId::new(0), text);
    let items = cut::cut(text, &mut lexed.tokens);
    let mut lines = Lines::new(text);
    let mut out = String::new();
    for item in &items {
        for token in &lexed.tokens[item.tokens.clone()] {
            let (line, column) = lines.place(token.start());
            let kind = match token.kind() {
                Kind::Name => "name",
                Kind::Number => "number",
                Kind::Text => "string",
                kind if matches!(kind.class(), Class::Statement | Class::Word | Class::Clause) => "word",
                _ => "sign",
            };
            let _ = writeln!(out, "{:<9}{kind:<8}{}", format!("{line}:{column}"), token.text(text));
        }
        out.push('\n');
    }
    out
}

/// Statements with their parts, one part a line.
pub fn ast(stmts: &[Stmt], text: &str) -> String {
    let mut lines = Lines::new(text);
    let mut out = String::new();
    for stmt in stmts {
        let (line, _) = lines.place(stmt.base);
        let _ = write!(out, "{line}: ");
        Dump { stmt, out: &mut out }.statement();
    }
    out
}

/// Statements without their places, to compare what two texts mean.
pub fn meaning(stmts: &[Stmt]) -> String {
    let mut out = String::new();
    for stmt in stmts {
        Dump { stmt, out: &mut out }.statement();
    }
    out
}

/// Lines and columns of places that only grow.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    begin: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1, begin: 0 }
    }

    fn place(&mut self, at: u32) -> (usize, usize) {
        let at = at as usize;
        for (i, byte) in self.text.as_bytes()[self.at..at].iter().enumerate() {
            if *byte == b'\n' {
                self.line += 1;
                self.begin = self.at + i + 1;
            }
        }
        self.at = at;
        (self.line, at - self.begin + 1)
    }
}

struct Dump<'d> {
    stmt: &'d Stmt,
    out: &'d mut String,
}

/// What is still to be written, the next on top.
enum Todo {
    Expr(ExprId),
    /// An operand to the left of an operator of this level: no parentheses if it groups anyway.
    Left(ExprId, u8),
    Said(&'static str),
    Word(crate::base::Name),
}

impl Dump<'_> {
    fn line(&mut self, what: &str) {
        self.out.push_str(what);
        self.out.push('\n');
    }

    fn part(&mut self, name: &str, value: ExprId) {
        let _ = write!(self.out, "  {name} ");
        self.expr(value);
        self.out.push('\n');
    }

    fn axes(&mut self, head: &Head) {
        for binder in &head.binders {
            self.out.push_str("  over ");
            self.names(&binder.names);
            self.expr(binder.set);
            self.out.push('\n');
        }
        if let Some(filter) = head.filter {
            self.part("if", filter);
        }
    }

    fn names(&mut self, names: &[Ident]) {
        match names {
            [] => {}
            [one] => {
                let _ = write!(self.out, "{} in ", one.name);
            }
            all => {
                let all: Vec<&str> = all.iter().map(|n| &*n.name).collect();
                let _ = write!(self.out, "({}) in ", all.join(", "));
            }
        }
    }

    fn statement(&mut self) {
        if let Some(doc) = &self.stmt.doc {
            let _ = write!(self.out, "{:?} ", &**doc);
        }
        let stmt = self.stmt;
        match &stmt.kind {
            StmtKind::Include { path } => self.line(&format!("include {:?}", path.text)),
            StmtKind::Set { name, value } => {
                self.line(&format!("set {}", name.name));
                self.part("=", *value);
            }
            StmtKind::Param { name, axes, source } => {
                self.line(&format!("param {}", name.name));
                self.axes(axes);
                match source {
                    ParamSource::Value(value) => self.part("=", *value),
                    ParamSource::File(path) => self.line(&format!("  from {:?}", path.text)),
                    ParamSource::Missing => {}
                }
            }
            StmtKind::Table { name, path, key } => {
                let key: String = key.iter().map(|k| format!(" key {}", k.name)).collect();
                self.line(&format!("table {} from {:?}{key}", name.name, path.text));
            }
            StmtKind::Split { table, parts, seed } => {
                self.line(&format!("split {}", table.name));
                parts.iter().for_each(|(name, share)| self.part(&name.name, *share));
                seed.iter().for_each(|s| self.part("seed", *s));
            }
            StmtKind::Var { .. } => self.var(),
            StmtKind::Let { name, axes, value } => {
                self.line(&format!("let {}", name.name));
                self.axes(axes);
                self.part("=", *value);
            }
            StmtKind::Fn { name, params, body } => {
                self.line(&format!("fn {}", name.name));
                for (param, default) in params {
                    match default {
                        Some(value) => self.part(&format!("of {} =", param.name), *value),
                        None => self.line(&format!("  of {}", param.name)),
                    }
                }
                self.part("=", *body);
            }
            StmtKind::ExternFn { name, params, command } => {
                let params: Vec<&str> = params.iter().map(|p| &*p.name).collect();
                self.line(&format!("extern fn {}({}) = {:?}", name.name, params.join(", "), command.text));
            }
            _ => self.action(),
        }
    }

    fn var(&mut self) {
        let StmtKind::Var { name, axes, ty, bounds, start } = &self.stmt.kind else { return };
        let ty = match ty.map(|t| t.0) {
            None => "",
            Some(VarType::Real) => ": real",
            Some(VarType::Int) => ": int",
            Some(VarType::Bool) => ": bool",
        };
        self.line(&format!("var {}{ty}", name.name));
        self.axes(axes);
        for (bound, _) in bounds {
            match bound {
                Bound::AtLeast(value) => self.part(">=", *value),
                Bound::AtMost(value) => self.part("<=", *value),
                Bound::Fixed(value) => self.part("==", *value),
                Bound::Within(lo, hi) => {
                    self.part(">=", *lo);
                    self.part("<=", *hi);
                }
            }
        }
        start.iter().for_each(|s| self.part("start", s.value));
    }

    fn action(&mut self) {
        let stmt = self.stmt;
        match &stmt.kind {
            StmtKind::Objective { sense, name, body } => {
                self.line(&format!("{}{}", sense_word(*sense), named(name)));
                self.part("of", *body);
            }
            StmtKind::SubjectTo => self.line("subject to"),
            StmtKind::Constraint { name, axes, body } => {
                self.line(&format!("constraint{}", named(name)));
                self.axes(axes);
                self.part("of", *body);
            }
            StmtKind::Solve { stages } => {
                self.line("solve");
                stages.iter().for_each(|stage| self.method("with", stage));
            }
            StmtKind::Hyper { name, ty, range, log } => {
                let ty = if ty.is_some_and(|t| t.0 == VarType::Int) { ": int" } else { "" };
                self.line(&format!("hyper {}{ty}{}", name.name, if *log { " log" } else { "" }));
                self.part(">=", range.0);
                self.part("<=", range.1);
            }
            StmtKind::Tune { sense, target, method } => {
                self.line(&format!("tune {}", sense_word(*sense)));
                self.part("of", *target);
                method.iter().for_each(|m| self.method("with", m));
            }
            StmtKind::Check { cond, message } => {
                self.line("check");
                self.part("that", *cond);
                message.iter().for_each(|m| self.line(&format!("  else say {:?}", m.text)));
            }
            StmtKind::Expect { cond, tol } => {
                self.line("expect");
                self.part("that", *cond);
                tol.iter().for_each(|t| self.part("tol", *t));
            }
            StmtKind::Show { items } => {
                self.line("show");
                items.iter().for_each(|i| self.part("item", *i));
            }
            StmtKind::Reserved { word } => self.line(&format!("reserved {}", word.name)),
            _ => {}
        }
    }

    fn method(&mut self, word: &str, call: &MethodCall) {
        self.line(&format!("  {word} {}", call.name.name));
        for option in &call.options {
            let name = option.name.as_ref().map_or(String::new(), |n| format!("{} =", n.name));
            self.part(&format!("  option {name}"), option.value);
        }
    }

    /// Writes an expression with a stack of its own: depth costs memory, not stack.
    fn expr(&mut self, root: ExprId) {
        let mut todo = vec![Todo::Expr(root)];
        while let Some(next) = todo.pop() {
            match next {
                Todo::Said(text) => self.out.push_str(text),
                Todo::Word(name) => self.out.push_str(&name),
                Todo::Expr(id) => self.node(id, 0, &mut todo),
                Todo::Left(id, level) => self.node(id, level, &mut todo),
            }
        }
    }

    /// Writes the beginning of a node and leaves its parts to do, last part first.
    fn node(&mut self, id: ExprId, level: u8, todo: &mut Vec<Todo>) {
        let stmt = self.stmt;
        match &stmt.exprs[id].kind {
            ExprKind::Number(value) => {
                let _ = write!(self.out, "{value}");
            }
            ExprKind::Text(text) => {
                let _ = write!(self.out, "{text:?}");
            }
            ExprKind::Name(name) => self.out.push_str(name),
            ExprKind::Paren(inner) => self.list(todo, "(", &[*inner], ")"),
            ExprKind::Unary { op: UnOp::Transpose, of } => todo.extend([Todo::Said("'"), Todo::Expr(*of)]),
            ExprKind::Unary { op, of } => {
                self.out.push_str(match op {
                    UnOp::Neg => "(-",
                    UnOp::Plus => "(+",
                    _ => "(not ",
                });
                todo.extend([Todo::Said(")"), Todo::Expr(*of)]);
            }
            ExprKind::Binary { op, left, right, .. } => {
                let own = level_of(*op);
                let bare = own == level && own != POWER;
                if !bare {
                    self.out.push('(');
                    todo.push(Todo::Said(")"));
                }
                todo.extend([Todo::Expr(*right), Todo::Said(sign(*op)), Todo::Left(*left, own)]);
            }
            ExprKind::Compare { parts, ops } => {
                self.out.push('(');
                todo.push(Todo::Said(")"));
                for (part, (op, _)) in parts.iter().skip(1).zip(ops).rev() {
                    todo.extend([Todo::Expr(*part), Todo::Said(sign(*op))]);
                }
                todo.push(Todo::Expr(parts[0]));
            }
            ExprKind::Range { lo, hi } => {
                self.out.push('(');
                todo.extend([Todo::Said(")"), Todo::Expr(*hi), Todo::Said(" .. "), Todo::Expr(*lo)]);
            }
            ExprKind::Complements { left, right } => {
                todo.extend([Todo::Expr(*right), Todo::Said(" complements "), Todo::Expr(*left)]);
            }
            ExprKind::If { cond, then, otherwise } => {
                self.out.push_str("(if ");
                todo.extend([Todo::Said(")"), Todo::Expr(*otherwise), Todo::Said(" else ")]);
                todo.extend([Todo::Expr(*then), Todo::Said(" then "), Todo::Expr(*cond)]);
            }
            _ => self.compound(id, todo),
        }
    }

    fn compound(&mut self, id: ExprId, todo: &mut Vec<Todo>) {
        let stmt = self.stmt;
        match &stmt.exprs[id].kind {
            ExprKind::Call { name, args } => {
                let _ = write!(self.out, "{}(", name.name);
                todo.push(Todo::Said(")"));
                for (nth, arg) in args.iter().enumerate().rev() {
                    todo.push(Todo::Expr(arg.value));
                    if let Some(name) = &arg.name {
                        todo.extend([Todo::Said(" = "), Todo::Word(name.name.clone())]);
                    }
                    todo.push(Todo::Said(if nth > 0 { ", " } else { "" }));
                }
            }
            ExprKind::Index { of, subs } => {
                todo.push(Todo::Said("]"));
                commas(todo, subs);
                todo.extend([Todo::Said("["), Todo::Expr(*of)]);
            }
            ExprKind::Field { of, field } => {
                let plain = super::lex::is_name(&field.name);
                let name = if plain { field.name.clone() } else { format!("\"{}\"", field.name).into() };
                todo.extend([Todo::Word(name), Todo::Said("."), Todo::Expr(*of)]);
            }
            ExprKind::Tuple(parts) => self.list(todo, "(", parts, ",)"),
            ExprKind::List(parts) => self.list(todo, "[", parts, "]"),
            ExprKind::Braces(parts) => self.list(todo, "{", parts, "}"),
            ExprKind::Map(pairs) => {
                self.out.push('{');
                todo.push(Todo::Said("}"));
                for (nth, (key, value)) in pairs.iter().enumerate().rev() {
                    todo.extend([Todo::Expr(*value), Todo::Said(": "), Todo::Expr(*key)]);
                    todo.push(Todo::Said(if nth > 0 { ", " } else { "" }));
                }
            }
            ExprKind::Comprehension { head } => {
                self.out.push('{');
                todo.push(Todo::Said("}"));
                push_head(todo, head);
            }
            ExprKind::Reduce { op, head, body, .. } => {
                let _ = write!(self.out, "{}(", head_name(*op));
                todo.extend([Todo::Said(")"), Todo::Expr(*body), Todo::Said(": ")]);
                push_head(todo, head);
            }
            _ => {}
        }
    }

    fn list(&mut self, todo: &mut Vec<Todo>, open: &str, parts: &[ExprId], close: &'static str) {
        self.out.push_str(open);
        todo.push(Todo::Said(close));
        commas(todo, parts);
    }
}

fn commas(todo: &mut Vec<Todo>, parts: &[ExprId]) {
    for (nth, part) in parts.iter().enumerate().rev() {
        todo.extend([Todo::Expr(*part), Todo::Said(if nth > 0 { ", " } else { "" })]);
    }
}

fn push_head(todo: &mut Vec<Todo>, head: &Head) {
    if let Some(filter) = head.filter {
        todo.extend([Todo::Expr(filter), Todo::Said(" if ")]);
    }
    for (nth, binder) in head.binders.iter().enumerate().rev() {
        todo.push(Todo::Expr(binder.set));
        match &binder.names[..] {
            [] => {}
            [one] => todo.extend([Todo::Said(" in "), Todo::Word(one.name.clone())]),
            all => {
                todo.push(Todo::Said(") in "));
                for (nth, name) in all.iter().enumerate().rev() {
                    todo.extend([Todo::Word(name.name.clone()), Todo::Said(if nth > 0 { ", " } else { "" })]);
                }
                todo.push(Todo::Said("("));
            }
        }
        todo.push(Todo::Said(if nth > 0 { ", " } else { "" }));
    }
}

fn named(name: &Option<Ident>) -> String {
    name.as_ref().map_or(String::new(), |n| format!(" {}", n.name))
}

fn sense_word(sense: Sense) -> &'static str {
    match sense {
        Sense::Minimize => "minimize",
        Sense::Maximize => "maximize",
    }
}

const POWER: u8 = 9;

/// Operators of one level group to the left among themselves, except powers.
fn level_of(op: BinOp) -> u8 {
    match op {
        BinOp::Or => 1,
        BinOp::And => 2,
        BinOp::Add | BinOp::Sub => 4,
        BinOp::Mul | BinOp::Div | BinOp::ElemMul | BinOp::ElemDiv => 5,
        BinOp::Pow | BinOp::ElemPow => POWER,
        _ => 3,
    }
}

fn sign(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => " + ",
        BinOp::Sub => " - ",
        BinOp::Mul => " * ",
        BinOp::Div => " / ",
        BinOp::Pow => "^",
        BinOp::ElemMul => " .* ",
        BinOp::ElemDiv => " ./ ",
        BinOp::ElemPow => " .^ ",
        BinOp::Lt => " < ",
        BinOp::Le => " <= ",
        BinOp::Gt => " > ",
        BinOp::Ge => " >= ",
        BinOp::Eq => " == ",
        BinOp::Ne => " != ",
        BinOp::Near => " ~= ",
        BinOp::And => " and ",
        BinOp::Or => " or ",
        BinOp::In => " in ",
    }
}
