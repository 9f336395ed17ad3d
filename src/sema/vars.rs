//! Variables: axes, types, bounds, initial values.

use super::Sema;
use super::domains::Axes;
use super::names::Entity;
use super::value::Value;
use crate::base::{Name, Span};
use crate::diag::closest;
use crate::diag::codes::kind::KindError;
use crate::diag::codes::shape::ShapeError;
use crate::ir::model::{Initialiser, Start, Var, VarType};
use crate::ir::{NodeId, SetId};
use crate::syntax::ast::{self, Arg, Bound, ExprId, ExprKind, Head, Ident, Rel};

/// Random initialisers, as they are called.
const INITIALISERS: &[(&str, &str)] =
    &[("xavier", "xavier"), ("he", "he"), ("normal", "normal(mean, deviation)"), ("uniform", "uniform(lo, hi)")];

/// Bounds as they are read, with the place of each.
#[derive(Default)]
struct Bounds {
    lower: Option<(NodeId, Span)>,
    upper: Option<(NodeId, Span)>,
}

impl Sema<'_> {
    /// `var NAME[axes]: type bounds start value`.
    pub(super) fn var_statement(
        &mut self,
        name: &Ident,
        head: &Head,
        ty: Option<(ast::VarType, Rel)>,
        bounds: &[(Bound, Rel)],
        start: Option<&ast::Start>,
    ) {
        let at = self.stmt.span(name.at);
        let Some(axes) = self.axes(head) else {
            return self.with_error_names(head, |sema| {
                let subs: Vec<NodeId> = Vec::new();
                let none = Axes { sets: Vec::new(), names: Vec::new(), at };
                sema.bounds(bounds, &none, &subs);
            });
        };
        let mark = self.locals.mark();
        let (domain, subs) = self.open_axes(&axes);
        let read = self.bounds(bounds, &axes, &subs);
        let start = start.map_or(Some(Start::Default), |start| self.start(start.value, &axes, &subs));
        self.locals.reset(mark);
        let (ty, implied) = match ty.map(|(ty, _)| ty) {
            Some(ast::VarType::Bool) => (VarType::Bool, Some((0.0, 1.0))),
            Some(ast::VarType::Int) => (VarType::Int, None),
            _ => (VarType::Real, None),
        };
        // A wrong bound or start is reported; the variable is there and its uses are checked.
        self.here(at);
        let mut end = |bound: Option<(NodeId, Span)>, implied: Option<f64>| {
            bound.map(|(node, _)| node).or_else(|| implied.map(|value| self.model.graph.number(value)))
        };
        let lower = end(read.lower, implied.map(|(lo, _)| lo));
        let upper = end(read.upper, implied.map(|(_, hi)| hi));
        let (axes, start) = (axes.sets, start.unwrap_or(Start::Default));
        let var = Var { name: name.name.clone(), at, axes, domain, ty, lower, upper, start };
        let id = self.model.vars.push(var);
        self.becomes(Entity::Var(id));
    }

    fn bounds(&mut self, bounds: &[(Bound, Rel)], axes: &Axes, subs: &[NodeId]) -> Bounds {
        let mut read = Bounds::default();
        for (bound, rel) in bounds {
            let at = self.stmt.span(*rel);
            match bound {
                Bound::AtLeast(value) => {
                    let node = self.end(*value, axes, subs);
                    self.lower(&mut read, node, at);
                }
                Bound::AtMost(value) => {
                    let node = self.end(*value, axes, subs);
                    self.upper(&mut read, node, at);
                }
                Bound::Fixed(value) => {
                    let node = self.end(*value, axes, subs);
                    self.lower(&mut read, node, at);
                    self.upper(&mut read, node, at);
                }
                Bound::Within(lo, hi) => {
                    let ends = (self.end(*lo, axes, subs), self.end(*hi, axes, subs));
                    self.lower(&mut read, ends.0, at);
                    self.upper(&mut read, ends.1, at);
                }
            }
        }
        self.check_ends(&read);
        read
    }

    fn check_ends(&mut self, read: &Bounds) {
        let (Some((lo, lo_at)), Some((hi, hi_at))) = (read.lower, read.upper) else { return };
        if let (Some(lo), Some(hi)) = (self.model.graph.as_num(lo), self.model.graph.as_num(hi))
            && lo > hi
        {
            self.reports.push(KindError::EmptyBounds { at: lo_at.to(hi_at), lo, hi });
        }
    }

    /// One end of the bounds: a number per element, free of variables.
    fn end(&mut self, id: ExprId, axes: &Axes, subs: &[NodeId]) -> Option<NodeId> {
        let node = self.per_element(id, axes, subs)?;
        self.is_data(node, id, "a bound").then_some(node)
    }

    /// A number, or the entry of an array over the same axes.
    fn per_element(&mut self, id: ExprId, axes: &Axes, subs: &[NodeId]) -> Option<NodeId> {
        match self.expr(id) {
            Value::Array(arr) if self.fits(&self.arrs[arr].axes.clone(), &axes.sets) => Some(self.entry(arr, subs)),
            Value::Array(arr) if !self.arrs[arr].is_bool && !axes.sets.is_empty() => {
                if !self.report_partial(arr) {
                    let at = self.stmt.expr_span(id);
                    let (left, right) = (self.axes_words(&axes.sets), self.axes_words(&self.arrs[arr].axes));
                    let left_at = axes.at;
                    self.reports.push(ShapeError::AxesDiffer { at, left, left_at, right, is_transposed: false });
                }
                None
            }
            value => self.number_of(value, id),
        }
    }

    fn fits(&self, a: &[SetId], b: &[SetId]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(x, y)| self.same_axis(*x, *y))
    }

    fn lower(&mut self, read: &mut Bounds, node: Option<NodeId>, at: Span) {
        let Some(node) = node else { return };
        if self.model.graph.as_num(node) == Some(f64::NEG_INFINITY) {
            return;
        }
        match read.lower {
            None => read.lower = Some((node, at)),
            Some((_, first_at)) => self.reports.push(KindError::RepeatedBound { at, first_at, which: "lower" }),
        }
    }

    fn upper(&mut self, read: &mut Bounds, node: Option<NodeId>, at: Span) {
        let Some(node) = node else { return };
        if self.model.graph.as_num(node) == Some(f64::INFINITY) {
            return;
        }
        match read.upper {
            None => read.upper = Some((node, at)),
            Some((_, first_at)) => self.reports.push(KindError::RepeatedBound { at, first_at, which: "upper" }),
        }
    }

    /// `start value` or a random initialiser.
    fn start(&mut self, id: ExprId, axes: &Axes, subs: &[NodeId]) -> Option<Start> {
        let stmt = self.stmt;
        let at = stmt.expr_span(id);
        match &stmt.exprs[id].kind {
            ExprKind::Name(name) if self.is_initialiser(name) => match &**name {
                "xavier" => Some(Start::Random(Initialiser::Xavier)),
                "he" => Some(Start::Random(Initialiser::He)),
                _ => self.initialiser_args(name, &[], at),
            },
            ExprKind::Call { name, args } if self.is_initialiser(&name.name) => {
                self.initialiser_args(&name.name, args, at)
            }
            ExprKind::Name(name) if self.is_unknown_word(name) => {
                let near = closest(name, INITIALISERS.iter().map(|(word, _)| *word));
                let hint = near.map(|word| format!("did you mean the initialiser `{word}`?"));
                self.unknown_name(name, at, hint);
                None
            }
            _ => {
                let node = self.per_element(id, axes, subs)?;
                self.is_data(node, id, "an initial value").then_some(Start::Value(node))
            }
        }
    }

    fn is_unknown_word(&self, name: &Name) -> bool {
        self.locals.get(name).is_none() && self.names.get(name).is_none() && super::names::constant(name).is_none()
    }

    fn is_initialiser(&self, name: &Name) -> bool {
        self.is_unknown_word(name) && INITIALISERS.iter().any(|(word, _)| *word == &**name)
    }

    fn initialiser_args(&mut self, name: &Name, args: &[Arg], at: Span) -> Option<Start> {
        let n_wanted = if matches!(&**name, "xavier" | "he") { 0 } else { 2 };
        if args.len() != n_wanted || args.iter().any(|a| a.name.is_some()) {
            let signature = INITIALISERS.iter().find(|(word, _)| *word == &**name).map_or("", |(_, s)| *s);
            let (signature, found) = (signature.to_owned(), args.len());
            self.reports.push(KindError::ArgumentCount { at, signature, found, declared_at: None });
            return None;
        }
        let nodes: Vec<Option<NodeId>> = args.iter().map(|a| self.data(a.value, "an initial value")).collect();
        let nodes: Vec<NodeId> = nodes.into_iter().collect::<Option<_>>()?;
        Some(Start::Random(match (&**name, &nodes[..]) {
            ("normal", [mean, deviation]) => Initialiser::Normal(*mean, *deviation),
            ("uniform", [lo, hi]) => Initialiser::Uniform(*lo, *hi),
            ("he", _) => Initialiser::He,
            _ => Initialiser::Xavier,
        }))
    }
}
