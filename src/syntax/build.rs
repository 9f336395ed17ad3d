//! What the grammar's actions do: grow the arena, and tell apart what the grammar does not.
//!
//! Takes places and parts from the generated parser; gives nodes of [`ast`](super::ast). What parses
//! but is not of the language (a label that is no name, a chain that turns round) is a fault here.
//! Deliberately absent: statements that do not parse (`explain`), names and types (`sema`).

use super::ast::*;
use super::explain::FUNCTIONS;
use super::lex::Fault;
use crate::base::{FileId, IdVec, Name, Span};
use crate::diag::Error;
use crate::diag::codes::class::ClassError;
use crate::diag::codes::syntax::SyntaxError;
use std::collections::HashSet;

/// Bytes `0 .. 1` of a statement, from its first byte.
#[derive(Clone, Copy, Debug)]
pub struct Place(pub u32, pub u32);

impl Place {
    /// As a relative span.
    pub fn rel(self) -> Rel {
        Rel { start: self.0, end: self.1 }
    }
}

/// `key = value`, `key: value`, or `key` alone.
#[derive(Debug)]
pub struct Pair {
    /// What stands before the sign.
    pub key: ExprId,
    /// What stands after it.
    pub value: Option<ExprId>,
}

/// The inside of subscripts, calls and heads: items and a filter.
#[derive(Debug)]
pub struct Group {
    /// Items in order.
    pub items: Vec<Pair>,
    /// What follows `if` after the last item.
    pub filter: Option<ExprId>,
}

/// `label: body` or `body`.
#[derive(Debug)]
pub struct Labelled {
    /// What stands before the colon.
    pub label: Option<ExprId>,
    /// The rest.
    pub body: ExprId,
}

/// One clause of `var`.
#[derive(Debug)]
pub enum Axis {
    /// `>= lo`, `<= hi`, `== value`, `in [lo, hi]`.
    Bound(Bound, Rel),
    /// `start value`.
    Start(Start),
    /// Reported already.
    Bad,
}

/// Names of a file, each kept once.
#[derive(Debug, Default)]
pub struct Names {
    // Only tested for membership.
    seen: HashSet<Name>,
}

impl Names {
    /// The name with this spelling.
    pub fn get(&mut self, word: &str) -> Name {
        match self.seen.get(word) {
            Some(name) => name.clone(),
            None => {
                let name: Name = word.into();
                self.seen.insert(name.clone());
                name
            }
        }
    }
}

/// Builds one statement.
#[derive(Debug)]
pub struct Builder<'t> {
    text: &'t str,
    file: FileId,
    base: u32,
    names: &'t mut Names,
    /// The arena; children come before parents.
    pub exprs: IdVec<ExprId, Expr>,
    /// Faults of meaning; errors as they are, for the statement parsed.
    pub faults: Vec<Fault>,
    /// Subscripts that carry a filter, until a label claims them.
    filtered: Vec<(ExprId, ExprId)>,
}

impl<'t> Builder<'t> {
    /// A builder for the statement whose first byte is at `base` of `text`.
    pub fn new(text: &'t str, file: FileId, base: u32, names: &'t mut Names) -> Self {
        let (exprs, faults, filtered) = (IdVec::new(), Vec::new(), Vec::new());
        Self { text, file, base, names, exprs, faults, filtered }
    }

    /// The absolute span of a relative one.
    pub fn span(&self, at: Rel) -> Span {
        Span::new(self.file, self.base + at.start, self.base + at.end)
    }

    fn source(&self, at: Rel) -> &'t str {
        self.text.get((self.base + at.start) as usize..(self.base + at.end) as usize).unwrap_or("")
    }

    fn at(&self, id: ExprId) -> Rel {
        self.exprs[id].at
    }

    fn fault(&mut self, at: Rel, error: impl Into<Error>, sound: bool) {
        self.faults.push(Fault { at: self.span(at), error: error.into(), sound });
    }

    /// Reports subscripts whose filter belongs to no label.
    pub fn finish(&mut self) {
        for (_, filter) in std::mem::take(&mut self.filtered) {
            self.misplaced_filter(filter);
        }
    }

    fn misplaced_filter(&mut self, filter: ExprId) {
        let at = self.at(filter);
        let span = self.span(at);
        self.fault(at, SyntaxError::MisplacedFilter { at: span }, false);
    }

    // Leaves.

    /// Appends an expression.
    pub fn add(&mut self, at: Place, kind: ExprKind) -> ExprId {
        self.exprs.push(Expr { kind, at: at.rel() })
    }

    /// A number as written; malformed ones were reported by the lexer.
    pub fn number(&mut self, at: Place) -> ExprId {
        let written = self.source(at.rel());
        let value =
            if written.contains('_') { written.replace('_', "").parse() } else { written.parse() }.unwrap_or(0.0_f64);
        if value.is_infinite() {
            let error = SyntaxError::TooLargeNumber { at: self.span(at.rel()) };
            self.fault(at.rel(), error, true);
        }
        self.add(at, ExprKind::Number(value))
    }

    /// A string as an expression.
    pub fn string(&mut self, at: Place) -> ExprId {
        let text = self.text(at).text;
        self.add(at, ExprKind::Text(text))
    }

    /// A string without its quotes.
    pub fn text(&mut self, at: Place) -> Text {
        let written = self.source(at.rel());
        let inner = written.strip_prefix('"').unwrap_or(written);
        let text = self.names.get(inner.strip_suffix('"').unwrap_or(inner));
        Text { text, at: at.rel() }
    }

    /// The name of a column with signs that no name has, as in `d."Time (s)"`.
    pub fn quoted(&mut self, at: Place) -> Ident {
        let Text { text, at } = self.text(at);
        Ident { name: text, at }
    }

    /// A name as an expression; `π` and `∞` are `pi` and `inf`.
    pub fn name(&mut self, at: Place) -> ExprId {
        let name = self.names.get(match self.source(at.rel()) {
            "π" => "pi",
            "∞" => "inf",
            word => word,
        });
        self.add(at, ExprKind::Name(name))
    }

    /// A name that declares or selects something.
    pub fn ident(&mut self, at: Place) -> Ident {
        Ident { name: self.names.get(self.source(at.rel())), at: at.rel() }
    }

    /// The expression as a name, if it is one.
    fn as_ident(&self, id: ExprId) -> Option<Ident> {
        match &self.exprs[id].kind {
            ExprKind::Name(name) => Some(Ident { name: name.clone(), at: self.at(id) }),
            _ => None,
        }
    }

    fn needs_name(&mut self, id: ExprId, what: &'static str) {
        let at = self.at(id);
        let span = self.span(at);
        self.fault(at, SyntaxError::NotAName { at: span, what }, false);
    }

    // Operators.

    /// `left op right`.
    pub fn binary(&mut self, at: Place, left: ExprId, (op, op_at): (BinOp, Rel), right: ExprId) -> ExprId {
        self.add(at, ExprKind::Binary { op, op_at, left, right })
    }

    /// Comparisons in a row, which must all point the same way.
    pub fn chain(&mut self, at: Place, (parts, ops): (Vec<ExprId>, Vec<(BinOp, Rel)>)) -> ExprId {
        if let ([left, right], [op]) = (&parts[..], &ops[..]) {
            return self.binary(at, *left, *op, *right);
        }
        let way = |op: BinOp| match op {
            BinOp::Lt | BinOp::Le => 0,
            BinOp::Gt | BinOp::Ge => 1,
            BinOp::Eq => 2,
            _ => 3,
        };
        let first = ops[0];
        if let Some(odd) = ops.iter().find(|o| way(o.0) != way(first.0) || way(o.0) == 3) {
            let error = SyntaxError::MixedChain {
                at: self.span(odd.1),
                first: self.span(first.1),
                odd: self.source(odd.1).into(),
                leading: self.source(first.1).into(),
            };
            self.fault(odd.1, error, false);
        }
        self.add(at, ExprKind::Compare { parts, ops })
    }

    // Brackets.

    /// `(a)` groups, `(a, b)` and `(a,)` are tuples.
    pub fn paren(&mut self, at: Place, (items, comma): (Vec<ExprId>, bool)) -> ExprId {
        match items[..] {
            [one] if !comma => self.add(at, ExprKind::Paren(one)),
            _ => self.add(at, ExprKind::Tuple(items)),
        }
    }

    /// `{a, b}`, `{a: 1, b: 2}` or `{i in I if c}`.
    pub fn braces(&mut self, at: Place, entries: Vec<Pair>, filter: Option<ExprId>) -> ExprId {
        let binds = entries.iter().any(|e| self.is_membership(e.key));
        if filter.is_some() || binds {
            let head = self.head(Group { items: entries, filter }, "the set");
            return self.add(at, ExprKind::Comprehension { head });
        }
        let Some(with_value) = entries.iter().find(|e| e.value.is_some()).map(|e| e.key) else {
            let items = entries.into_iter().map(|e| e.key).collect();
            return self.add(at, ExprKind::Braces(items));
        };
        if let Some(odd) = entries.iter().find(|e| e.value.is_none()).map(|e| e.key) {
            let (at, pair) = (self.at(odd), self.at(with_value));
            let error = SyntaxError::MixedEntries { at: self.span(at), pair: self.span(pair) };
            self.fault(at, error, false);
        }
        let pairs = entries.into_iter().map(|e| (e.key, e.value.unwrap_or(e.key))).collect();
        self.add(at, ExprKind::Map(pairs))
    }

    /// `of[subs]`; a filter waits for a label to claim it.
    pub fn index(&mut self, at: Place, of: ExprId, group: Group) -> ExprId {
        // A third pair would be the same mistake again.
        if let ExprKind::Index { of: inner, .. } = self.exprs[of].kind
            && !matches!(self.exprs[inner].kind, ExprKind::Index { .. })
        {
            let outer = Rel { start: self.at(of).end - 1, end: at.1 };
            let offer = self.merged_subscripts(of, outer, at);
            let error = SyntaxError::SubscriptTwice { at: self.span(outer), offer };
            self.fault(outer, error, false);
        }
        let subs = group.items.iter().map(|i| self.positional(i)).collect();
        let id = self.add(at, ExprKind::Index { of, subs });
        if let Some(filter) = group.filter {
            self.filtered.push((id, filter));
        }
        id
    }

    /// `x[i][j]` as `x[i, j]`, when short.
    fn merged_subscripts(&self, of: ExprId, outer: Rel, at: Place) -> Option<String> {
        let inner = self.source(self.at(of)).strip_suffix(']')?;
        let second = self.source(Rel { start: outer.start + 1, end: at.1 }).trim_start().strip_prefix('[')?;
        (inner.len() + second.len() < 60).then(|| format!("{inner}, {second}"))
    }

    /// An item that must not have a value.
    fn positional(&mut self, item: &Pair) -> ExprId {
        if let Some(value) = item.value {
            let at = Rel { start: self.at(item.key).end, end: self.at(value).start };
            let sign = self.sign_in(at, "=");
            let error = SyntaxError::EqualsInside { at: self.span(sign) };
            self.fault(sign, error, false);
        }
        item.key
    }

    /// The place of a sign between two operands.
    fn sign_in(&self, gap: Rel, sign: &str) -> Rel {
        let start = gap.start + self.source(gap).find(sign).unwrap_or(0) as u32;
        Rel { start, end: (start + sign.len() as u32).min(gap.end.max(start)) }
    }

    /// `t.field`.
    pub fn field(&mut self, at: Place, of: ExprId, field: Ident) -> ExprId {
        if let ExprKind::Number(_) = self.exprs[of].kind {
            let span = self.span(at.rel());
            let offer = Some(format!("{}.0*{}", self.source(self.at(of)), field.name));
            self.fault(at.rel(), SyntaxError::NoJuxtaposition { at: span, offer }, false);
        }
        self.add(at, ExprKind::Field { of, field })
    }

    /// `f(args)` or `sum(head: body)`.
    pub fn call(&mut self, at: Place, of: ExprId, group: Group, body: Option<ExprId>) -> ExprId {
        let Some(name) = self.as_ident(of) else {
            let inner = Rel { start: self.at(of).end, end: at.1 };
            if self.power_of_function(of, inner) {
                return of;
            }
            let offer = self.product_offer(of, inner);
            let error = SyntaxError::NotCallable { at: self.span(inner), of: self.span(self.at(of)), offer };
            self.fault(inner, error, false);
            return of;
        };
        if matches!(&*name.name, "der" | "chance") {
            let error = ClassError::NotYet { at: self.span(name.at), word: name.name.clone() };
            self.fault(name.at, error, false);
        }
        let op = head_op(&name.name);
        match body {
            Some(body) => self.reduce(at, name, op, group, body),
            None => self.plain_call(at, name, op, group),
        }
    }

    /// `sin^2(x)`; says so and tells whether it is one.
    fn power_of_function(&mut self, of: ExprId, inner: Rel) -> bool {
        let Some(before) = self.text.get(self.base as usize..(self.base + self.at(of).start) as usize) else {
            return false;
        };
        let Some(word) = before.trim_end().strip_suffix('^').map(str::trim_end) else { return false };
        let Some(name) = FUNCTIONS
            .iter()
            .find(|name| word.strip_suffix(**name).is_some_and(|rest| !rest.ends_with(super::lex::is_name_continue)))
        else {
            return false;
        };
        let (power, argument) = (self.source(self.at(of)), self.source(inner).trim_start());
        let offer = (power.len() + argument.len() < 60).then(|| format!("{name}{argument}^{power}"));
        let start = (word.len() - name.len()) as u32;
        let at = Rel { start, end: self.at(of).end };
        let error = SyntaxError::PowerOfFunction { at: self.span(at), name: (*name).into(), offer };
        self.fault(at, error, false);
        true
    }

    fn product_offer(&self, of: ExprId, inner: Rel) -> Option<String> {
        let (left, right) = (self.source(self.at(of)), self.source(inner));
        (left.len() + right.len() < 60).then(|| format!("{left} * {}", right.trim_start()))
    }

    fn reduce(&mut self, at: Place, name: Ident, op: Option<HeadOp>, group: Group, body: ExprId) -> ExprId {
        let head = self.head(group, &name.name.clone());
        if op.is_none() {
            let error = SyntaxError::UnknownHead {
                at: self.span(name.at),
                name: name.name.clone(),
                suggestion: crate::diag::closest(&name.name, HEADS.iter().map(|h| h.0)),
            };
            self.fault(name.at, error, false);
        }
        let op = op.unwrap_or(HeadOp::Sum);
        self.add(at, ExprKind::Reduce { op, name_at: name.at, head, body })
    }

    fn plain_call(&mut self, at: Place, name: Ident, op: Option<HeadOp>, group: Group) -> ExprId {
        if op.is_some() && (group.filter.is_some() || group.items.iter().any(|i| self.is_membership(i.key))) {
            self.head_without_body(at, &name, &group);
        } else if let Some(filter) = group.filter {
            self.misplaced_filter(filter);
        }
        let args = self.named(group.items);
        self.add(at, ExprKind::Call { name, args })
    }

    /// `sum(i in I)`, or `sum(i in I, x[i])` with a comma for the colon.
    fn head_without_body(&mut self, at: Place, name: &Ident, group: &Group) {
        let last = group.items.last().filter(|i| group.filter.is_none() && !self.is_membership(i.key));
        let before = group.items.iter().rev().nth(1).map(|i| self.at(i.key));
        let (at, offer) = match (last, before) {
            (Some(body), Some(head)) => {
                let comma = self.sign_in(Rel { start: head.end, end: self.at(body.key).start }, ",");
                let head = self.source(Rel { start: name.at.end, end: head.end }).trim_start();
                let body = self.source(self.at(body.key));
                let short = head.len() + body.len() < 60;
                (comma, short.then(|| format!("{}{head}: {body})", name.name)))
            }
            _ => (Rel { start: at.1 - 1, end: at.1 }, None),
        };
        let error = SyntaxError::HeadWithoutBody { at: self.span(at), name: name.name.clone(), offer };
        self.fault(at, error, false);
    }

    /// Arguments, positional or by name.
    fn named(&mut self, items: Vec<Pair>) -> Vec<Arg> {
        let mut args = Vec::with_capacity(items.len());
        for item in items {
            let name = item.value.and_then(|_| self.as_ident(item.key));
            if item.value.is_some() && name.is_none() {
                self.needs_name(item.key, "an argument given with `=`");
            }
            args.push(Arg { name, value: item.value.unwrap_or(item.key) });
        }
        args
    }

    // Heads.

    fn is_membership(&self, id: ExprId) -> bool {
        matches!(self.exprs[id].kind, ExprKind::Binary { op: BinOp::In, .. })
    }

    /// Binders that all need an index: `i in I`.
    fn head(&mut self, group: Group, of: &str) -> Head {
        let mut head = Head { binders: Vec::with_capacity(group.items.len()), filter: group.filter };
        for item in group.items {
            let (at, binds) = (self.at(item.key), self.is_membership(item.key));
            let binder = self.binder(item);
            if binder.names.is_empty() && !binds {
                let offer = match &self.exprs[binder.set].kind {
                    ExprKind::Name(set) => Some(format!("{} in {set}", index_for(set))),
                    _ => None,
                };
                let error = SyntaxError::BinderForm { at: self.span(at), of: of.into(), offer };
                self.fault(at, error, false);
            }
            head.binders.push(binder);
        }
        head
    }

    /// The axes of a declaration: binders or bare sets.
    pub fn axes(&mut self, group: Group) -> Head {
        let binders = group.items.into_iter().map(|item| self.binder(item)).collect();
        Head { binders, filter: group.filter }
    }

    fn binder(&mut self, item: Pair) -> Binder {
        if let Some(set) = item.value {
            let gap = Rel { start: self.at(item.key).end, end: self.at(set).start };
            let sign = self.sign_in(gap, "=");
            let error = SyntaxError::EqualsForIn { at: self.span(sign) };
            self.fault(sign, error, true);
            return Binder { names: self.indices(item.key), set };
        }
        match self.exprs[item.key].kind {
            ExprKind::Binary { op: BinOp::In, left, right, .. } => Binder { names: self.indices(left), set: right },
            _ => Binder { names: Vec::new(), set: item.key },
        }
    }

    /// `i` or `(i, j)` as names.
    fn indices(&mut self, id: ExprId) -> Vec<Ident> {
        let parts = match &self.exprs[id].kind {
            ExprKind::Tuple(parts) => parts.clone(),
            ExprKind::Paren(inner) => vec![*inner],
            _ => vec![id],
        };
        let mut names = Vec::with_capacity(parts.len());
        for part in parts {
            match self.as_ident(part) {
                Some(name) => names.push(name),
                None => self.needs_name(part, "an index"),
            }
        }
        names
    }

    // Statements.

    /// `minimize label: body`.
    pub fn objective(&mut self, sense: Sense, said: Labelled) -> StmtKind {
        let name = said.label.and_then(|label| self.as_ident(label));
        if let (Some(label), None) = (said.label, &name) {
            self.bad_label(label, "an objective");
        }
        StmtKind::Objective { sense, name, body: said.body }
    }

    /// `label[head]: body`.
    pub fn constraint(&mut self, said: Labelled) -> StmtKind {
        let (name, axes) = match said.label {
            Some(label) => self.label(label),
            None => (None, Head::default()),
        };
        StmtKind::Constraint { name, axes, body: said.body }
    }

    fn label(&mut self, label: ExprId) -> (Option<Ident>, Head) {
        if let Some(name) = self.as_ident(label) {
            return (Some(name), Head::default());
        }
        if let ExprKind::Index { of, subs } = &self.exprs[label].kind
            && let Some(name) = self.as_ident(*of)
        {
            let items = subs.iter().map(|&key| Pair { key, value: None }).collect();
            let filter = self.filtered.iter().position(|f| f.0 == label).map(|at| self.filtered.remove(at).1);
            let axes = self.axes(Group { items, filter });
            return (Some(name), axes);
        }
        self.bad_label(label, "a constraint");
        (None, Head::default())
    }

    fn bad_label(&mut self, label: ExprId, what: &'static str) {
        let at = self.at(label);
        let error = SyntaxError::BadLabel { at: self.span(at), what };
        self.fault(at, error, false);
    }

    /// `var name[axes]: type clauses`.
    pub fn var(&mut self, name: Ident, axes: Head, ty: Option<(VarType, Rel)>, clauses: Vec<Axis>) -> StmtKind {
        let (mut bounds, mut start) = (Vec::new(), None::<Start>);
        for clause in clauses {
            match (clause, &start) {
                (Axis::Bound(bound, at), _) => bounds.push((bound, at)),
                (Axis::Start(again), Some(first)) => {
                    let error = SyntaxError::GivenTwice { at: self.span(again.at), first: self.span(first.at) };
                    self.fault(again.at, error, false);
                }
                (Axis::Start(value), None) => start = Some(value),
                (Axis::Bad, _) => {}
            }
        }
        self.two_bounds(&bounds);
        StmtKind::Var { name, axes, ty, bounds, start }
    }

    /// `>= lo <= hi`: it looks like a chain that turns round.
    fn two_bounds(&mut self, bounds: &[(Bound, Rel)]) {
        let [(one, first), (other, second)] = bounds else { return };
        let (lo, hi) = match (one, other) {
            (Bound::AtLeast(lo), Bound::AtMost(hi)) | (Bound::AtMost(hi), Bound::AtLeast(lo)) => (*lo, *hi),
            _ => return,
        };
        let as_written = |at: Rel| ["<=", ">=", "≤", "≥"].iter().any(|sign| self.source(at).starts_with(sign));
        if !as_written(*first) || !as_written(*second) {
            // A strict bound was reported already.
            return;
        }
        let (low, high) = (self.source(self.at(lo)), self.source(self.at(hi)));
        let offer = (low.len() + high.len() < 60).then(|| format!("in [{low}, {high}]"));
        let error = SyntaxError::TwoBounds { at: self.span(*second), first: self.span(*first), offer };
        self.fault(*second, error, true);
    }

    /// `in lo..hi` or `in [lo, hi]`.
    pub fn within(&mut self, range: ExprId, at: Rel) -> Axis {
        match self.limits(range) {
            Some((lo, hi)) => Axis::Bound(Bound::Within(lo, hi), at),
            None => Axis::Bad,
        }
    }

    fn limits(&mut self, range: ExprId) -> Option<(ExprId, ExprId)> {
        match &self.exprs[range].kind {
            ExprKind::Range { lo, hi } => return Some((*lo, *hi)),
            ExprKind::List(items) if items.len() == 2 => return Some((items[0], items[1])),
            _ => {}
        }
        let at = self.at(range);
        let error = SyntaxError::RangeForm { at: self.span(at) };
        self.fault(at, error, false);
        None
    }

    /// `hyper name: type in range log`.
    pub fn hyper(&mut self, name: Ident, ty: Option<(VarType, Rel)>, range: ExprId, log: bool) -> StmtKind {
        let range = self.limits(range).unwrap_or((range, range));
        StmtKind::Hyper { name, ty, range, log }
    }

    /// The word after `:` in a declaration.
    pub fn var_type(&mut self, word: Ident) -> Option<(VarType, Rel)> {
        let ty = match &*word.name {
            "real" => VarType::Real,
            "int" => VarType::Int,
            "bool" => VarType::Bool,
            "psd" | "soc" | "cone" | "symmetric" => {
                let error = ClassError::NotYet { at: self.span(word.at), word: word.name.clone() };
                self.fault(word.at, error, false);
                return None;
            }
            found => {
                let suggestion = match found.to_ascii_lowercase().as_str() {
                    "integer" | "integers" | "z" | "i32" | "i64" | "long" => Some("int"),
                    "binary" | "boolean" | "bin" => Some("bool"),
                    "float" | "double" | "number" | "continuous" | "reals" | "f64" => Some("real"),
                    lower => ["int", "bool", "real"].into_iter().find(|t| *t == lower),
                };
                let error = SyntaxError::UnknownType { at: self.span(word.at), found: word.name.clone(), suggestion };
                self.fault(word.at, error, false);
                return None;
            }
        };
        Some((ty, word.at))
    }

    /// `fn name(params) = body`.
    pub fn function(&mut self, name: Ident, params: Vec<Pair>, body: ExprId) -> StmtKind {
        let mut named = Vec::with_capacity(params.len());
        for param in params {
            match self.as_ident(param.key) {
                Some(ident) => named.push((ident, param.value)),
                None => self.needs_name(param.key, "a parameter of a function"),
            }
        }
        StmtKind::Fn { name, params: named, body }
    }

    /// `extern fn name(params) = "command"`.
    pub fn extern_function(&mut self, name: Ident, params: Vec<Pair>, command: Text) -> StmtKind {
        let mut named = Vec::with_capacity(params.len());
        for param in params {
            match self.as_ident(param.key) {
                Some(ident) if param.value.is_none() => named.push(ident),
                _ => self.needs_name(param.value.unwrap_or(param.key), "a parameter of an `extern fn`"),
            }
        }
        StmtKind::ExternFn { name, params: named, command }
    }

    /// `method(options)`.
    pub fn method(&mut self, name: Ident, options: Option<Vec<Pair>>, at: Place) -> MethodCall {
        let options = self.named(options.unwrap_or_default());
        for option in &options {
            if let ExprKind::Binary { op: BinOp::Eq, op_at, left, .. } = self.exprs[option.value].kind
                && option.name.is_none()
                && self.as_ident(left).is_some()
            {
                let (at, found) = (self.span(op_at), "==".to_owned());
                let error = SyntaxError::CompareForAssign { at, word: "an option".into(), found };
                self.fault(op_at, error, false);
            }
        }
        MethodCall { name, options, at: at.rel() }
    }

    /// `key (a, b)`.
    pub fn key(&mut self, key: Option<ExprId>) -> Vec<Ident> {
        key.map_or_else(Vec::new, |key| self.indices(key))
    }
}

const HEADS: [(&str, HeadOp); 9] = [
    ("sum", HeadOp::Sum),
    ("prod", HeadOp::Prod),
    ("min", HeadOp::Min),
    ("max", HeadOp::Max),
    ("mean", HeadOp::Mean),
    ("all", HeadOp::All),
    ("any", HeadOp::Any),
    ("count", HeadOp::Count),
    ("norm2", HeadOp::Norm2),
];

/// The head of this name.
pub fn head_op(name: &str) -> Option<HeadOp> {
    HEADS.iter().find(|h| h.0 == name).map(|h| h.1)
}

/// The name of a head.
pub fn head_name(op: HeadOp) -> &'static str {
    HEADS.iter().find(|h| h.1 == op).map_or("sum", |h| h.0)
}

/// A short index for the members of a set: its first letter, in lower case.
fn index_for(set: &str) -> String {
    let first = set.chars().next().filter(|c| c.is_alphabetic()).unwrap_or('i');
    let index: String = first.to_lowercase().collect();
    if index == set { "i".into() } else { index }
}
