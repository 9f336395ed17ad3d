//! Params, hyper-parameters and `let`.

use super::Sema;
use super::domains::Axes;
use super::names::Entity;
use super::value::{ArrId, Value};
use crate::base::{Name, Span};
use crate::diag::closest;
use crate::diag::codes::kind::KindError;
use crate::diag::codes::name::NameError;
use crate::diag::codes::shape::ShapeError;
use crate::ir::graph::Depends;
use crate::ir::model::{Array, ArrayKind, ElemType, Hyper, Key, Param, ParamSource, Role, VarType};
use crate::ir::{DomainId, NodeId, SetId};
use crate::syntax::ast::{self, ExprId, ExprKind, Head, Ident, Rel};
use indexmap::IndexMap;

impl Sema<'_> {
    /// `param NAME[axes] = ...`.
    pub(super) fn param_statement(&mut self, name: &Ident, head: &Head, source: &ast::ParamSource) {
        let Some(axes) = self.axes(head) else {
            self.read_broken(head, source);
            return;
        };
        let (made, sets) = match source {
            ast::ParamSource::Missing => (Some(ParamSource::Missing), axes.sets.clone()),
            ast::ParamSource::File(path) => {
                let at = self.stmt.span(path.at);
                (Some(ParamSource::File { path: path.text.clone(), at }), axes.sets.clone())
            }
            ast::ParamSource::Value(value) => self.param_value(name, &axes, *value),
        };
        let Some(made) = made else { return };
        let at = self.stmt.span(name.at);
        let param = Param { name: name.name.clone(), at, axes: sets, labels: false, role: Role::Numeric, source: made };
        let id = self.model.params.push(param);
        self.becomes(Entity::Param(id));
    }

    /// Reads what remains of a declaration whose head had an error.
    fn read_broken(&mut self, head: &Head, source: &ast::ParamSource) {
        if let ast::ParamSource::Value(value) = source
            && !matches!(self.stmt.exprs[*value].kind, ExprKind::Map(_))
        {
            self.with_error_names(head, |sema| {
                sema.expr(*value);
            });
        }
    }

    /// Runs with the names of a head that had an error in scope, all silent.
    pub(super) fn with_error_names(&mut self, head: &Head, run: impl FnOnce(&mut Self)) {
        let mark = self.locals.mark();
        for binder in &head.binders {
            self.bind_errors(&binder.names);
        }
        run(self);
        self.locals.reset(mark);
    }

    /// The source and the axes of a param with a value.
    fn param_value(&mut self, name: &Ident, axes: &Axes, value: ExprId) -> (Option<ParamSource>, Vec<SetId>) {
        let stmt = self.stmt;
        let at = stmt.expr_span(value);
        match &stmt.exprs[value].kind {
            ExprKind::Map(entries) => {
                if axes.sets.is_empty() {
                    let name = name.name.clone();
                    self.reports.push(ShapeError::MapWithoutAxes { at, name });
                    return (None, Vec::new());
                }
                (self.map(entries, &axes.sets), axes.sets.clone())
            }
            ExprKind::List(items) if !axes.sets.is_empty() => {
                (self.list_of_values(items, &axes.sets, at), axes.sets.clone())
            }
            _ => self.computed(axes, value),
        }
    }

    fn computed(&mut self, axes: &Axes, value: ExprId) -> (Option<ParamSource>, Vec<SetId>) {
        let Some((domain, body, sets)) = self.template(axes, value) else { return (None, Vec::new()) };
        if !self.is_data(body, value, "a param") {
            return (None, Vec::new());
        }
        (Some(ParamSource::Computed { domain, body }), sets)
    }

    /// A value per element of the axes: a number, an array over all of them, or, in addition to the
    /// axes, an array per element.
    pub(super) fn template(&mut self, axes: &Axes, value: ExprId) -> Option<(DomainId, NodeId, Vec<SetId>)> {
        let mark = self.locals.mark();
        let (domain, subs) = self.open_axes(axes);
        let result = self.expr(value);
        self.locals.reset(mark);
        match result {
            Value::Array(arr) if !self.arrs[arr].is_bool => {
                let inner = self.arrs[arr].axes.clone();
                // `param c[I] = a .* b`: the axes are said twice.
                let is_whole = axes.names.is_empty() && inner.len() == axes.sets.len();
                if is_whole && inner.iter().zip(&axes.sets).all(|(x, y)| self.same_axis(*x, *y)) {
                    let body = self.entry(arr, &subs);
                    return Some((domain, body, axes.sets.clone()));
                }
                self.array_per_element(axes, domain, arr, value)
            }
            value_of => {
                let body = self.number_of(value_of, value)?;
                Some((domain, body, axes.sets.clone()))
            }
        }
    }

    fn array_per_element(
        &mut self,
        axes: &Axes,
        domain: DomainId,
        arr: ArrId,
        value: ExprId,
    ) -> Option<(DomainId, NodeId, Vec<SetId>)> {
        if self.is_partial(arr) && !axes.sets.is_empty() && axes.names.is_empty() {
            self.report_partial(arr);
            return None;
        }
        if !axes.sets.is_empty() && axes.names.is_empty() {
            let at = self.stmt.expr_span(value);
            let (left, right) = (self.axes_words(&axes.sets), self.axes_words(&self.arrs[arr].axes));
            self.reports.push(ShapeError::AxesDiffer { at, left, left_at: axes.at, right, is_transposed: false });
            return None;
        }
        let inner = self.arrs[arr].axes.clone();
        let (added, subs) = self.fresh_axes(&inner, self.arrs[arr].at);
        let body = self.entry(arr, &subs);
        self.model.domains[domain].binders.extend(added);
        Some((domain, body, [&axes.sets[..], &inner].concat()))
    }

    /// `{seattle: 350, ...}`.
    fn map(&mut self, entries: &[(ExprId, ExprId)], axes: &[SetId]) -> Option<ParamSource> {
        let elem: Vec<ElemType> = axes.iter().flat_map(|a| self.model.sets[*a].elem.clone()).collect();
        let mut made = Vec::with_capacity(entries.len());
        let mut seen: IndexMap<Vec<Key>, Span> = IndexMap::with_capacity(entries.len());
        let mut is_complete = true;
        for &(key, value) in entries {
            let key_at = self.stmt.expr_span(key);
            let node = self.data(value, "a param");
            let Some(parts) = self.literal_element(key).filter(|parts| self.key_fits(parts, axes, &elem, key_at))
            else {
                is_complete = false;
                continue;
            };
            if let Some(&first_at) = seen.get(&parts) {
                let text = self.key_words(&parts);
                self.reports.push(ShapeError::RepeatedElement { at: key_at, text, first_at });
                is_complete = false;
                continue;
            }
            seen.insert(parts.clone(), key_at);
            match node {
                Some(node) => made.push((parts, node, key_at.to(self.stmt.expr_span(value)))),
                None => is_complete = false,
            }
        }
        is_complete.then_some(ParamSource::Map(made))
    }

    /// Whether a key is an element of the axes as far as the text tells; reported when not.
    fn key_fits(&mut self, key: &[Key], axes: &[SetId], elem: &[ElemType], at: Span) -> bool {
        if key.len() != elem.len() {
            let (found, expected) = (key.len(), elem.len());
            self.reports.push(ShapeError::KeySize { at, found, expected, axes: self.axes_words(axes) });
            return false;
        }
        let mut place = 0;
        for &axis in axes {
            let arity = self.model.sets[axis].arity();
            for part in 0..arity {
                if !self.key_part_fits(key[place + part], axis, part, at) {
                    return false;
                }
            }
            place += arity;
        }
        true
    }

    fn key_part_fits(&mut self, key: Key, axis: SetId, part: usize, at: Span) -> bool {
        let (wanted, set) = (self.model.sets[axis].elem[part], self.component_set(axis, part));
        let expected = super::subscripts::Expected { axis, ty: wanted, set };
        let node = match key {
            Key::Int(value) => self.model.graph.number(value as f64),
            Key::Label(label) => self.model.graph.label_node(label),
        };
        let elem = super::value::Elem::new(node, super::literals::key_type(&key), None);
        self.fit(elem, expected, at, true).is_some()
    }

    /// `[1, 2, 3]` over declared axes.
    fn list_of_values(&mut self, items: &[ExprId], axes: &[SetId], at: Span) -> Option<ParamSource> {
        let (counts, nodes) = self.list_entries(items, at)?;
        for (node, place) in nodes.iter().zip(0..) {
            let item = items[(place * items.len()) / nodes.len()];
            if !self.is_data(*node, item, "a param") {
                return None;
            }
        }
        let lengths: Option<Vec<usize>> = axes.iter().map(|a| self.literal_len(*a)).collect();
        if let Some(lengths) = lengths {
            let total: usize = lengths.iter().product();
            let is_flat = counts.len() == 1 && nodes.len() == total;
            if !is_flat && counts != lengths {
                let (found, expected) = (lengths_words(&counts), lengths_words(&lengths));
                let (axes_words, set_at) = (self.axes_words(axes), self.model.sets[axes[0]].at);
                self.reports.push(ShapeError::ListLength { at, found, expected, axes: axes_words, set_at });
                return None;
            }
        } else if counts.len() > 1 && counts.len() != axes.len() {
            let (found, expected) = (format!("{} levels", counts.len()), format!("{}", axes.len()));
            let (axes_words, set_at) = (self.axes_words(axes), self.model.sets[axes[0]].at);
            self.reports.push(ShapeError::ListLength { at, found, expected, axes: axes_words, set_at });
            return None;
        }
        Some(ParamSource::List(nodes))
    }

    /// `let NAME[axes] = ...`: a defined array, or a computed param when it is free of variables.
    pub(super) fn let_statement(&mut self, name: &Ident, head: &Head, value: ExprId) {
        let at = self.stmt.span(name.at);
        let Some(axes) = self.axes(head) else {
            return self.with_error_names(head, |sema| {
                sema.expr(value);
            });
        };
        let made_before = self.model.arrays.next_id();
        let Some((domain, body, sets)) = self.template(&axes, value) else { return };
        if self.model.graph.depends(body).on(Depends::RESULT) {
            let at = self.stmt.expr_span(value);
            self.reports.push(KindError::ResultTooEarly { at, place: "the model itself" });
            return;
        }
        if self.is_free_of_variables(body) {
            let source = ParamSource::Computed { domain, body };
            let param = Param { name: name.name.clone(), at, axes: sets, labels: false, role: Role::Numeric, source };
            let id = self.model.params.push(param);
            return self.becomes(Entity::Param(id));
        }
        // `let y = X * w` names the product itself.
        if let Some(array) = self.whole_array(domain, body)
            && array >= made_before
        {
            let made = &mut self.model.arrays[array];
            (made.name, made.at) = (Some(name.name.clone()), at);
            return self.becomes(Entity::Array(array));
        }
        let kind = ArrayKind::Template { domain, body };
        let array = self.push_array(Array { name: Some(name.name.clone()), at, axes: sets, kind }, true);
        self.becomes(Entity::Array(array));
    }

    /// The array whose entries, in order, are the instances of a template.
    fn whole_array(&self, domain: DomainId, body: NodeId) -> Option<crate::ir::ArrayId> {
        use crate::ir::Node;
        let Node::Array { array, subs } = self.model.graph.node(body) else { return None };
        let mut wanted = Vec::new();
        for binder in &self.model.domains[domain].binders {
            for part in 0..self.binder_elem(*binder).len() {
                wanted.push((*binder, part as u16));
            }
        }
        let is_whole = subs.len() == wanted.len()
            && subs
                .iter()
                .zip(wanted)
                .all(|(sub, (binder, part))| *self.model.graph.node(*sub) == Node::Index { binder, part });
        (is_whole && self.model.arrays[*array].name.is_none()).then_some(*array)
    }

    /// `hyper NAME in [lo, hi] log`: a param at the middle of its range until tuning chooses.
    pub(super) fn hyper_statement(
        &mut self,
        name: &Ident,
        ty: Option<(ast::VarType, Rel)>,
        range: (ExprId, ExprId),
        log: bool,
    ) {
        let at = self.stmt.span(name.at);
        let ends = (
            self.data(range.0, "the range of a hyper-parameter"),
            self.data(range.1, "the range of a hyper-parameter"),
        );
        let (Some(lo), Some(hi)) = ends else { return };
        let range_at = self.stmt.expr_span(range.0).to(self.stmt.expr_span(range.1));
        if let (Some(from), Some(to)) = (self.model.graph.as_num(lo), self.model.graph.as_num(hi))
            && (from > to || (log && from <= 0.0))
        {
            self.reports.push(KindError::HyperRange { at: range_at, log });
            return;
        }
        let ty = match ty.map(|(ty, _)| ty) {
            Some(ast::VarType::Int) => VarType::Int,
            Some(ast::VarType::Bool) => VarType::Bool,
            _ => VarType::Real,
        };
        self.here(at);
        let graph = &mut self.model.graph;
        let middle = if log {
            let product = graph.mul(&[lo, hi]);
            graph.call("sqrt", &[product])
        } else {
            let (sum, half) = (graph.add(&[lo, hi]), graph.number(0.5));
            graph.mul(&[half, sum])
        };
        let body = if ty == VarType::Real { middle } else { graph.call("floor", &[middle]) };
        let (domain, _) = self.domain_over(&[], at);
        let source = ParamSource::Computed { domain, body };
        let param = Param { name: name.name.clone(), at, axes: Vec::new(), labels: false, role: Role::Numeric, source };
        let id = self.model.params.push(param);
        self.model.hypers.push(Hyper { at, param: id, ty, lo, hi, log });
        self.becomes(Entity::Param(id));
    }

    /// Names given values from outside must be params or tables.
    pub(super) fn check_overrides(&mut self) {
        let inputs = self.inputs;
        for name in inputs.overrides {
            let decl = self.names.get(name).map(|decl| (decl.kind, decl.at));
            use super::names::DeclKind;
            if matches!(decl, Some((DeclKind::Param | DeclKind::Table | DeclKind::Hyper, _))) {
                continue;
            }
            let can = |kind| matches!(kind, DeclKind::Param | DeclKind::Table | DeclKind::Hyper);
            let names = self.names.decls.iter().filter(|d| can(d.kind)).map(|d| &*d.name);
            let suggestion = closest(name, names).map(Name::from);
            let found = decl.map(|(kind, at)| (kind.words(), at));
            self.reports.push(NameError::UnknownOverride { name: name.clone(), found, suggestion });
        }
    }
}

fn lengths_words(lengths: &[usize]) -> String {
    let words: Vec<String> = lengths.iter().map(usize::to_string).collect();
    words.join(" x ")
}
