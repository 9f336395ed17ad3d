//! Expressions that are asked about, and their values by the interpreter.

use super::bench::{Bench, Light};
use super::program::mentioned;
use super::value::{Evaluated, Shape};
use crate::base::{FileId, IdVec, Name, Span};
use crate::diag::Reports;
use crate::diag::codes::domain::DomainError;
use crate::diag::codes::limit::LimitError;
use crate::driver::results::{Answer, Results};
use crate::interp::{self, Culprit, Interp, Plain, Wrong};
use crate::ir::graph::Depends;
use crate::ir::model::{ArrayKind, VarType};
use crate::ir::{Model, Node, NodeId, pretty};
use crate::syntax;
use crate::syntax::ast::{Binder, Expr, ExprId, ExprKind, Head, Ident, ParamSource, Rel, Stmt, StmtKind};
use std::collections::BTreeSet;
use std::ops::Range;

/// An expression in its own text.
#[derive(Clone, Debug)]
pub struct Asked {
    /// A `show` with the expression as its one item, or an unnamed `let` over indices.
    pub(super) stmt: Stmt,
    /// Its text.
    pub text: Name,
    /// The names it mentions.
    pub mentions: BTreeSet<Name>,
}

/// A variable, or one entry of one, that moves in a plot or an enclosure.
#[derive(Clone, Debug)]
pub struct Axis {
    /// As written.
    pub text: Name,
    /// The variable or param.
    pub name: Name,
    /// The expression, where it is an entry of an array.
    pub entry: Option<Asked>,
}

pub(super) const HERE: Rel = Rel { start: 0, end: 0 };

impl Asked {
    /// The expression in a part of a text: `body`, or `i in I: body`.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn new(file: FileId, text: &str, at: Range<usize>) -> Result<Self, Reports> {
        let own = &text[at.clone()];
        let alone = alone(text, at);
        let indexed = super::bench::Enter::of(own) == super::bench::Enter::Indexed;
        let stmt = if indexed { syntax::parse_indexed(file, &alone)? } else { syntax::parse_expr(file, &alone)? };
        Ok(Self { stmt, text: own.trim().into(), mentions: mentioned(own) })
    }

    /// The items of a `show` that was entered.
    pub fn items(stmt: &Stmt, snippet: impl Fn(Span) -> String) -> Vec<Self> {
        let StmtKind::Show { items } = &stmt.kind else { return Vec::new() };
        let one = |item: &ExprId| {
            let text = snippet(stmt.expr_span(*item));
            let stmt = Stmt { kind: StmtKind::Show { items: vec![*item] }, ..stmt.clone() };
            Self { stmt, mentions: mentioned(&text), text: text.into() }
        };
        items.iter().map(one).collect()
    }

    /// The expression, if it is not indexed.
    pub(super) fn item(&self) -> Option<ExprId> {
        match &self.stmt.kind {
            StmtKind::Show { items } => items.first().copied(),
            _ => None,
        }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.item().map_or_else(|| self.stmt.span(self.stmt.at), |item| self.stmt.expr_span(item))
    }

    /// The name that is the whole expression, if it is one.
    pub fn as_name(&self) -> Option<&Name> {
        match &self.stmt.exprs[self.item()?].kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The function applied to names, in place of the function alone.
    #[must_use]
    pub fn called_with(&self, names: &[Name]) -> Self {
        let mut asked = self.clone();
        let (Some(item), Some(function)) = (self.item(), self.as_name().cloned()) else { return asked };
        let at = asked.stmt.exprs[item].at;
        let args = names.iter().map(|name| {
            let value = asked.stmt.exprs.push(Expr { kind: ExprKind::Name(name.clone()), at });
            syntax::ast::Arg { name: None, value }
        });
        let args = args.collect();
        let kind = ExprKind::Call { name: Ident { name: function, at }, args };
        let call = asked.stmt.exprs.push(Expr { kind, at });
        asked.stmt.kind = StmtKind::Show { items: vec![call] };
        asked.mentions.extend(names.iter().cloned());
        asked
    }

    /// The statements that give it as the last `show` of a model.
    pub(super) fn shows(&self, is_set: bool) -> Vec<Stmt> {
        let nameless = || Ident { name: "".into(), at: HERE };
        let mut stmt = self.stmt.clone();
        match (&self.stmt.kind, is_set, self.item()) {
            (StmtKind::Show { .. }, true, Some(item)) => {
                let one = stmt.exprs.push(Expr { kind: ExprKind::Number(1.0), at: self.stmt.exprs[item].at });
                let axes = Head { binders: vec![Binder { names: Vec::new(), set: item }], filter: None };
                stmt.kind = StmtKind::Let { name: nameless(), axes, value: one };
            }
            (StmtKind::Show { .. }, ..) => return vec![stmt],
            _ => {}
        }
        let mut exprs = IdVec::new();
        let all = exprs.push(Expr { kind: ExprKind::Name("".into()), at: self.stmt.at });
        let show = Stmt { kind: StmtKind::Show { items: vec![all] }, exprs, ..self.stmt.clone() };
        vec![stmt, show]
    }
}

impl Bench {
    /// The statements behind an expression, objectives as defined expressions, and `ans`.
    pub(super) fn needs(&self, mentions: &BTreeSet<Name>) -> Vec<Stmt> {
        let closure = self.program.closure(mentions, true);
        let stmts = closure.iter().map(|at| as_let(self.program.statements()[*at].stmt.clone()));
        stmts.chain(self.ans_for(mentions)).collect()
    }

    /// `ans` as a param, when it is asked for and nothing else is called so.
    pub(super) fn ans_for(&self, mentions: &BTreeSet<Name>) -> Option<Stmt> {
        let value = self.ans.filter(|_| mentions.contains("ans") && self.program.owner("ans").is_none())?;
        let mut exprs = IdVec::new();
        let number = exprs.push(Expr { kind: ExprKind::Number(value), at: HERE });
        let kind = StmtKind::Param {
            name: Ident { name: "ans".into(), at: HERE },
            axes: Head::default(),
            source: ParamSource::Value(number),
        };
        Some(Stmt { file: FileId(0), base: 0, at: HERE, doc: None, kind, exprs })
    }

    /// Whether an expression is a set.
    fn is_set(&self, asked: &Asked) -> bool {
        let Some(item) = asked.item() else { return false };
        match &asked.stmt.exprs[item].kind {
            ExprKind::Name(name) => self.program.owner(name).is_some_and(|s| {
                matches!(s.stmt.kind, StmtKind::Set { .. } | StmtKind::Table { .. } | StmtKind::Split { .. })
            }),
            ExprKind::Braces(_) | ExprKind::Comprehension { .. } | ExprKind::Range { .. } => true,
            ExprKind::Call { name, .. } => &*name.name == "distinct",
            _ => false,
        }
    }

    /// The value of an expression at the current point.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn evaluate(&mut self, asked: &Asked) -> Result<Evaluated, Reports> {
        let is_set = self.is_set(asked);
        let mut stmts = self.needs(&asked.mentions);
        stmts.extend(asked.shows(is_set));
        let light = self.bound(&stmts)?;
        let x = self.x_of(&light.model, &light.instance);
        let y = self.multipliers(&light.model, &light.instance);
        let mut rows = vec![f64::NAN; light.instance.shape.n_cons];
        self.row_values(&light, &x, &mut rows);
        let answer = Answer { x: &x, y: &y, z_lower: &[], z_upper: &[], rows: &rows };
        let stop = self.session.setup.stop.clone();
        let shown = Results::new(&light.model, &light.instance, answer).shown_until(&stop);
        let Some(shown) = shown else { return Err(LimitError::Interrupted {}.into()) };
        let Some(shown) = shown.into_iter().next_back() else {
            crate::bug!("an expression was shown and is not there")
        };
        let of_result = last_body(&light.model).is_some_and(|b| light.model.graph.depends(b).on(Depends::RESULT));
        let finite = shown.values.iter().all(|v| v.is_finite()) || of_result;
        let fault = if finite { None } else { self.blame(&light, &x, asked) };
        let shape = match is_set {
            true => Shape::Set,
            false if self.is_condition(asked) => Shape::Conditions,
            false => Shape::Numbers,
        };
        let body = last_body(&light.model).filter(|_| !is_set);
        let variables = body.map_or_else(Vec::new, |body| variables_in(&light.model, body));
        let whole = match body.map(|body| light.model.graph.node(body)) {
            Some(Node::Var { var, .. }) => light.model.vars[*var].ty,
            _ => VarType::Real,
        };
        let values = if is_set { Vec::new() } else { shown.values };
        Ok(Evaluated { shape, ty: whole, index: shown.index, values, variables, fault, of_result })
    }

    /// Whether an expression, known to be without errors, is a condition.
    fn is_condition(&mut self, asked: &Asked) -> bool {
        let Some(cond) = asked.item() else { return false };
        let mut stmts = self.needs(&asked.mentions);
        stmts.push(Stmt { kind: StmtKind::Expect { cond, tol: None }, ..asked.stmt.clone() });
        let before = self.counts;
        let (_, reports) = self.analyse(&stmts);
        self.counts = before;
        !reports.has_errors()
    }

    /// Whether a condition that `expect` or `check` states holds now.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn holds(&mut self, stmt: &Stmt) -> Result<(bool, String), Reports> {
        let text = self.session.sources.snippet(stmt.span(stmt.at)).to_owned();
        let mut stmts = self.needs(&mentioned(&text));
        stmts.push(stmt.clone());
        let light = self.bound(&stmts)?;
        let x = self.x_of(&light.model, &light.instance);
        let y = self.multipliers(&light.model, &light.instance);
        let mut rows = vec![f64::NAN; light.instance.shape.n_cons];
        self.row_values(&light, &x, &mut rows);
        let answer = Answer { x: &x, y: &y, z_lower: &[], z_upper: &[], rows: &rows };
        let found = Results::new(&light.model, &light.instance, answer).expectations(&self.session.sources);
        Ok(found.into_iter().next_back().map_or((true, String::new()), |e| (e.holds, e.found)))
    }

    fn row_values(&self, light: &Light, x: &[f64], rows: &mut [f64]) {
        let world = &light.instance.world;
        let mut walk = Interp::new(&light.model, world.as_ref(), &world.deps, Plain { x });
        let mut row = 0;
        for constraint in light.model.constraints.iter() {
            // A row without a value stays "not a number".
            let _ = walk.for_each(constraint.domain, &mut |walk| {
                if let (Some(slot), Ok(value)) = (rows.get_mut(row), walk.number(constraint.body)) {
                    *slot = value;
                }
                row += 1;
                Ok(())
            });
        }
    }

    /// Why the first value that is not finite is none.
    fn blame(&self, light: &Light, x: &[f64], asked: &Asked) -> Option<DomainError> {
        let show = light.model.shows.last()?;
        let world = &light.instance.world;
        let mut walk = Interp::new(&light.model, world.as_ref(), &world.deps, Plain { x });
        let mut found = None;
        let _ = walk.for_each(show.domain, &mut |walk| {
            if found.is_none() && walk.number(show.body).is_ok_and(|v| !v.is_finite()) {
                found = interp::find(walk, show.body);
            }
            Ok(())
        });
        let culprit = found?;
        let graph = &light.model.graph;
        let at = match culprit.defines {
            Some(name) => graph.span_after(culprit.node, name),
            None => graph.span_within(culprit.node, asked.span()),
        };
        Some(self.no_value(light, x, at, (asked, &culprit)))
    }

    fn no_value(&self, light: &Light, x: &[f64], at: Span, (asked, culprit): (&Asked, &Culprit)) -> DomainError {
        let scalars: Vec<(Name, usize)> = scalars_of(&light.model, light);
        let point: Vec<String> =
            scalars.iter().take(4).map(|(name, slot)| format!("{name} = {}", interp::number(x[*slot]))).collect();
        let tends_to = match (culprit.wrong, &scalars[..]) {
            (Wrong::Domain | Wrong::Overflow, [(_, slot)]) => tends_to(light, x, *slot),
            _ => None,
        };
        DomainError::NoValueHere {
            at,
            // A number that was computed while the text was read, such as `1/0`.
            what: match light.model.graph.node(culprit.node) {
                Node::Num(_) => format!("{} is {}", asked.text, culprit.value),
                _ => culprit.words(),
            },
            value: culprit.value,
            needs: culprit.needs.to_string(),
            point: point.join(", "),
            moves: scalars.first().map(|(name, _)| name.clone()),
            tends_to: tends_to.map(interp::number),
        }
    }

    /// Makes variables of what an axis names: of a param, or of nothing declared.
    pub(super) fn free<'a>(&self, stmts: &mut Vec<Stmt>, axes: impl Iterator<Item = &'a Axis>) {
        for axis in axes.filter(|a| a.entry.is_none()) {
            let name = Ident { name: axis.name.clone(), at: HERE };
            let kind = StmtKind::Var { name, axes: Head::default(), ty: None, bounds: Vec::new(), start: None };
            let is_it = |s: &Stmt| matches!(&s.kind, StmtKind::Param { name, .. } if name.name == axis.name);
            match stmts.iter_mut().find(|s| is_it(s)) {
                Some(param) => param.kind = kind,
                None if self.program.owner(&axis.name).is_none() => {
                    let missing = Stmt { file: FileId(0), base: 0, at: HERE, doc: None, kind, exprs: IdVec::new() };
                    stmts.push(missing);
                }
                None => {}
            }
        }
    }

    /// The slots of an axis in a bound model.
    pub(super) fn slots(
        &mut self,
        axis: &Axis,
        model: &Model,
        instance: &crate::bind::Instance,
    ) -> Result<Vec<usize>, Reports> {
        let Some((id, _)) = model.vars.enumerate().find(|(_, v)| v.name == axis.name) else { return Ok(Vec::new()) };
        let block = instance.world.vars[id];
        match &axis.entry {
            None => Ok((block.offset..block.offset + block.len).collect()),
            Some(entry) => {
                let places = self.places(entry)?.unwrap_or_default();
                Ok(places.into_iter().map(|(_, k)| block.offset + k).collect())
            }
        }
    }

    /// The entries of variables that an expression names, such as `x`, `x[2]`; nothing when it is something else.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn places(&mut self, asked: &Asked) -> Result<Option<Vec<(Name, usize)>>, Reports> {
        let mut stmts = self.needs(&asked.mentions);
        stmts.extend(asked.shows(false));
        let light = self.bound(&stmts)?;
        let is_entry = |node: NodeId| matches!(light.model.graph.node(node), Node::Var { .. });
        if !last_body(&light.model).is_some_and(is_entry) {
            return Ok(None);
        }
        // Where every slot holds its own number, the value of an entry is its slot.
        let x: Vec<f64> = (0..light.instance.shape.n_vars).map(|k| k as f64).collect();
        let answer = Answer { x: &x, y: &[], z_lower: &[], z_upper: &[], rows: &[] };
        let shown = Results::new(&light.model, &light.instance, answer).shown();
        let slots = shown.last().map_or(&[][..], |s| &s.values).iter().map(|v| *v as usize);
        let place = |slot| light.instance.var_at(slot).map(|(var, k)| (light.model.vars[var].name.clone(), k));
        Ok(Some(slots.filter_map(place).collect()))
    }

    /// An expression in its normal form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn simplified(&mut self, asked: &Asked) -> Result<Vec<String>, Reports> {
        let mut stmts = self.needs(&asked.mentions);
        stmts.extend(asked.shows(false));
        let (model, reports) = self.analyse(&stmts);
        if reports.has_errors() {
            return Err(reports);
        }
        let body = last_body(&model);
        Ok(body.map_or_else(Vec::new, |b| pretty::block(&model, &[(String::new(), b)])))
    }
}

/// The part of a text, with space in place of what stands before it: places stay what they are.
pub(super) fn alone(text: &str, at: Range<usize>) -> String {
    let blank = |b: u8| if b == b'\n' { '\n' } else { ' ' };
    let mut out: String = text.as_bytes()[..at.start].iter().map(|b| blank(*b)).collect();
    out.push_str(&text[at]);
    out
}

/// An objective as the expression that it is.
pub(super) fn as_let(mut stmt: Stmt) -> Stmt {
    if let StmtKind::Objective { name: Some(name), body, .. } = &stmt.kind {
        stmt.kind = StmtKind::Let { name: name.clone(), axes: Head::default(), value: *body };
    }
    stmt
}

/// The names of the variables that a value depends on, in the order they are declared.
fn variables_in(model: &Model, body: NodeId) -> Vec<String> {
    let (mut open, mut seen, mut found) = (vec![body], BTreeSet::new(), BTreeSet::new());
    while let Some(node) = open.pop() {
        if !seen.insert(node) {
            continue;
        }
        let node = model.graph.node(node);
        let mut arrays = Vec::new();
        match node {
            Node::Var { var, .. } => drop(found.insert(*var)),
            Node::Array { array, .. } => arrays.push(*array),
            _ => {}
        }
        while let Some(array) = arrays.pop() {
            match model.arrays[array].kind {
                ArrayKind::Template { body, .. } => open.push(body),
                ArrayKind::MatMul { left, right } => arrays.extend([left, right]),
                ArrayKind::LogDet { of } => arrays.push(of),
            }
        }
        node.for_each_child(|child| open.push(child));
    }
    found.into_iter().map(|var| model.vars[var].name.to_string()).collect()
}

fn last_body(model: &Model) -> Option<NodeId> {
    model.shows.last().map(|s| s.body)
}

/// Variables that are one number, with their slots.
pub(super) fn scalars_of(model: &Model, light: &Light) -> Vec<(Name, usize)> {
    let scalars = model.vars.enumerate().filter(|(_, v)| v.axes.is_empty());
    scalars.map(|(id, v)| (v.name.clone(), light.instance.world.vars[id].offset)).collect()
}

/// What a scalar tends to from both sides of a point where it has no value, to about six digits; nothing when the two
/// sides do not agree.
fn tends_to(light: &Light, x: &[f64], slot: usize) -> Option<f64> {
    let show = light.model.shows.last().filter(|s| light.model.domains[s.domain].binders.is_empty())?;
    let world = &light.instance.world;
    let at = |step: f64| {
        let mut x = x.to_vec();
        x[slot] += step;
        let value = Interp::new(&light.model, world.as_ref(), &world.deps, Plain { x: &x }).number(show.body).ok()?;
        value.is_finite().then_some(value)
    };
    let size = x[slot].abs().max(1.0);
    // The mean of both sides has even powers of the step only; one step of Richardson removes the first.
    let mean = |h: f64| Some((at(h)? + at(-h)?) / 2.0);
    let (wide, narrow) = (mean(2e-3 * size)?, mean(1e-3 * size)?);
    let scale = narrow.abs().max(1.0);
    let apart = (at(1e-3 * size)? - at(-1e-3 * size)?).abs();
    let limit = (4.0 * narrow - wide) / 3.0;
    let settles = (wide - narrow).abs() < 1e-4 * scale && apart < 1e-1 * scale;
    // Digits beyond what such steps can give are dropped.
    settles.then(|| (limit * 1e6).round() / 1e6)
}
