//! Heads that bind indices: `sum(i in I, (a, b) in arcs if cond: body)`.

use super::Sema;
use super::sets::SetSource;
use super::value::{ArrKind, Elem, Value, value_of};
use crate::base::{Name, Span, limits};
use crate::diag::codes::kind::KindError;
use crate::diag::codes::limit::LimitError;
use crate::diag::codes::name::NameError;
use crate::diag::codes::shape::ShapeError;
use crate::ir::model::{Binder, Domain, Over};
use crate::ir::{BinderId, DomainId, Node, NodeId, ReduceOp, SetId};
use crate::syntax::ast::{self, ExprId, ExprKind, Head, HeadOp, Ident, Rel};

/// A part of the element a binder stands at.
pub(super) type Place = (BinderId, u16);

/// A head that is open: its names are in scope until [`Sema::close_head`].
pub(super) struct OpenHead {
    pub binders: Vec<BinderId>,
    /// Conditions on the instances, all of which must hold.
    pub filters: Vec<NodeId>,
    /// Names of the head with the parts they stand for.
    pub names: Vec<(Name, Span, Vec<Place>)>,
    /// A set or the filter had an error.
    pub broken: bool,
    at: Span,
    mark: usize,
}

impl Sema<'_> {
    /// Binds the names of a head.
    pub(super) fn open_head(&mut self, head: &Head) -> OpenHead {
        super::grow(|| self.open_head_inner(head))
    }

    fn open_head_inner(&mut self, head: &Head) -> OpenHead {
        let mut open = OpenHead {
            binders: Vec::new(),
            filters: Vec::new(),
            names: Vec::new(),
            broken: false,
            at: self.head_span(head),
            mark: self.locals.mark(),
        };
        self.repeated_indices(head);
        if self.too_many_indices(head) {
            open.broken = true;
            for binder in &head.binders {
                self.bind_errors(&binder.names);
            }
            return open;
        }
        for binder in &head.binders {
            self.open_binder(binder, &mut open);
        }
        if let Some(filter) = head.filter {
            match self.data_condition(filter, "a filter") {
                Some(cond) => open.filters.push(cond),
                None => open.broken = true,
            }
        }
        open
    }

    /// Forgets the names of a head; gives its domain.
    pub(super) fn close_head(&mut self, open: OpenHead, at: Span) -> DomainId {
        self.locals.reset(open.mark);
        let filter = match open.filters[..] {
            [] => None,
            [one] => Some(one),
            _ => Some(self.model.graph.call("and", &open.filters)),
        };
        // A filter that always holds filters nothing.
        let filter = filter.filter(|f| self.model.graph.as_num(*f).is_none_or(|v| v == 0.0));
        self.model.domains.push(Domain { binders: open.binders, filter, at })
    }

    /// Reports a head with more indices than any model needs.
    pub(super) fn too_many_indices(&mut self, head: &Head) -> bool {
        let found = head.binders.iter().map(|b| b.names.len().max(1)).sum::<usize>();
        let is_too_long = found > limits::MAX_INDICES;
        if is_too_long {
            let (at, most) = (self.head_span(head), limits::MAX_INDICES);
            self.reports.push(LimitError::TooManyIndices { at, found, most });
        }
        is_too_long
    }

    /// Reports names that a head binds twice.
    pub(super) fn repeated_indices(&mut self, head: &Head) {
        let mut seen: indexmap::IndexMap<&Name, Rel> = indexmap::IndexMap::new();
        for ident in head.binders.iter().flat_map(|b| b.names.iter()) {
            if let Some(first) = seen.insert(&ident.name, ident.at) {
                let (at, first_at) = (self.stmt.span(ident.at), self.stmt.span(first));
                self.reports.push(NameError::DuplicateIndex { at, name: ident.name.clone(), first_at });
            }
        }
    }

    fn open_binder(&mut self, binder: &ast::Binder, open: &mut OpenHead) {
        let parts = match self.set_source(binder.set) {
            SetSource::Error => None,
            SetSource::Set(set) => {
                let arity = self.model.sets[set].arity();
                self.names_fit(&binder.names, arity, set).then(|| self.over_set(set, binder, open))
            }
            SetSource::Range(lo, hi) => {
                let at = self.binder_span(binder);
                let id = self.model.binders.push(Binder {
                    names: binder.names.iter().map(|n| n.name.clone()).collect(),
                    at,
                    over: Over::Range { lo, hi },
                });
                open.binders.push(id);
                (binder.names.len() <= 1 || self.too_many_names(binder)).then(|| with_places(id, self.parts_of(id)))
            }
            SetSource::Comprehension(id) => self.open_inner(id, binder, open),
        };
        let Some(parts) = parts else {
            open.broken = true;
            return self.bind_errors(&binder.names);
        };
        self.bind_parts(&binder.names, &parts, open);
    }

    fn over_set(&mut self, set: SetId, binder: &ast::Binder, open: &mut OpenHead) -> Vec<(Elem, Place)> {
        let at = self.binder_span(binder);
        let (id, parts) = self.fresh_index(set, at);
        self.model.binders[id].names = binder.names.iter().map(|n| n.name.clone()).collect();
        open.binders.push(id);
        with_places(id, parts)
    }

    /// A comprehension in a head: its binders and its filter join those of the head.
    fn open_inner(&mut self, id: ExprId, binder: &ast::Binder, open: &mut OpenHead) -> Option<Vec<(Elem, Place)>> {
        let stmt = self.stmt;
        let ExprKind::Comprehension { head } = &stmt.exprs[id].kind else { return None };
        let inner = self.open_head(head);
        self.locals.reset(inner.mark);
        let mut parts = Vec::new();
        for binder in &inner.binders {
            let elems = self.parts_of(*binder);
            parts.extend(with_places(*binder, elems));
        }
        open.binders.extend(inner.binders);
        open.filters.extend(inner.filters);
        open.broken |= inner.broken;
        if inner.broken {
            return None;
        }
        let (names, arity) = (binder.names.len(), parts.len());
        if names > 1 && names != arity {
            let at = self.names_span(&binder.names);
            let set_at = stmt.expr_span(id);
            let set = format!("`{}`", self.text_at(set_at));
            self.reports.push(ShapeError::TupleSize { at, names, set, set_at, arity });
            return None;
        }
        Some(parts)
    }

    fn bind_parts(&mut self, names: &[Ident], parts: &[(Elem, Place)], open: &mut OpenHead) {
        let groups: Vec<&[(Elem, Place)]> = if names.len() == 1 { vec![parts] } else { parts.chunks(1).collect() };
        for (ident, group) in names.iter().zip(groups) {
            let at = self.stmt.span(ident.at);
            let elems: Vec<Elem> = group.iter().map(|(elem, _)| *elem).collect();
            self.bind_index(&ident.name, value_of(&elems), at, open.at);
            open.names.push((ident.name.clone(), at, group.iter().map(|(_, place)| *place).collect()));
        }
    }

    /// Binds an index; warns when it hides one of an enclosing head.
    pub(super) fn bind_index(&mut self, name: &Name, value: Value, at: Span, head: Span) {
        let is_outside = |span: Span| span.end <= head.start || head.end <= span.start;
        if let Some(outer) = self.locals.get(name)
            && is_outside(outer.at)
        {
            let first_at = outer.at;
            self.reports.push(NameError::HidesIndex { at, name: name.clone(), first_at });
        }
        self.locals.push(name, value, at);
    }

    /// Names whose set had an error are in scope, and silent.
    pub(super) fn bind_errors(&mut self, names: &[Ident]) {
        for ident in names {
            let at = self.stmt.span(ident.at);
            self.locals.push(&ident.name, Value::Error, at);
        }
    }

    /// Whether the names of a binder fit the elements of its set; reported when not.
    pub(super) fn names_fit(&mut self, names: &[Ident], arity: usize, set: SetId) -> bool {
        if names.len() <= 1 || names.len() == arity {
            return true;
        }
        let at = self.names_span(names);
        let (words, set_at) = (self.set_words(set), self.model.sets[set].at);
        self.reports.push(ShapeError::TupleSize { at, names: names.len(), set: words, set_at, arity });
        false
    }

    fn too_many_names(&mut self, binder: &ast::Binder) -> bool {
        let set_at = self.stmt.expr_span(binder.set);
        let set = format!("`{}`", self.text_at(set_at));
        let (at, names) = (self.names_span(&binder.names), binder.names.len());
        self.reports.push(ShapeError::TupleSize { at, names, set, set_at, arity: 1 });
        false
    }

    fn names_span(&self, names: &[Ident]) -> Span {
        let spans = names.iter().map(|n| self.stmt.span(n.at));
        spans.reduce(Span::to).unwrap_or_else(|| self.stmt.span(self.stmt.at))
    }

    fn binder_span(&self, binder: &ast::Binder) -> Span {
        let set = self.stmt.expr_span(binder.set);
        binder.names.first().map_or(set, |first| self.stmt.span(first.at).to(set))
    }

    /// `op(head: body)`.
    pub(super) fn reduce(&mut self, op: HeadOp, name_at: Rel, head: &Head, body: ExprId, at: Span) -> Value {
        let open = self.open_head(head);
        let wants_condition = matches!(op, HeadOp::All | HeadOp::Any | HeadOp::Count);
        let value = self.expr(body);
        let node = if wants_condition { self.condition_of(value, body) } else { self.body_of(value, op, body) };
        let broken = open.broken;
        let head_at = self.head_span(head);
        let domain = self.close_head(open, head_at);
        let Some(node) = node.filter(|_| !broken) else { return Value::Error };
        self.here(self.stmt.span(name_at).to(at));
        self.reduced(op, domain, node, head)
    }

    fn reduced(&mut self, op: HeadOp, domain: DomainId, body: NodeId, head: &Head) -> Value {
        let graph = &mut self.model.graph;
        let node = match op {
            HeadOp::Sum | HeadOp::Count => graph.reduce(ReduceOp::Sum, domain, body),
            HeadOp::Prod => graph.reduce(ReduceOp::Prod, domain, body),
            HeadOp::Min => graph.reduce(ReduceOp::Min, domain, body),
            HeadOp::Max => graph.reduce(ReduceOp::Max, domain, body),
            HeadOp::All => return Value::Bool(graph.reduce(ReduceOp::All, domain, body)),
            HeadOp::Any => return Value::Bool(graph.reduce(ReduceOp::Any, domain, body)),
            HeadOp::Norm2 => {
                let square = graph.mul(&[body, body]);
                let sum = graph.reduce(ReduceOp::Sum, domain, square);
                graph.call("sqrt", &[sum])
            }
            HeadOp::Mean => {
                let sum = graph.reduce(ReduceOp::Sum, domain, body);
                let count = self.count(head);
                self.model.graph.div(sum, count)
            }
        };
        Value::Num(node)
    }

    /// The number of instances of a head, over indices of its own. The head had no error.
    fn count(&mut self, head: &Head) -> NodeId {
        let origin = self.model.graph.origin_now();
        let open = self.open_head(head);
        let at = self.head_span(head);
        let domain = self.close_head(open, at);
        self.model.graph.set_origin(origin);
        let one = self.model.graph.number(1.0);
        self.model.graph.reduce(ReduceOp::Sum, domain, one)
    }

    fn body_of(&mut self, value: Value, op: HeadOp, body: ExprId) -> Option<NodeId> {
        if let Value::Bool(_) = value {
            let at = self.stmt.expr_span(body);
            let text = self.text_at(at);
            let help = match op {
                HeadOp::Sum => format!("to count write `count(...: {text})`"),
                _ => format!("write `if {text} then 1 else 0`"),
            };
            self.reports.push(KindError::NotANumber {
                at,
                found: "a condition".into(),
                declared_at: None,
                help: Some(help),
            });
            return None;
        }
        self.number_of(value, body)
    }

    /// Whether every label `node` may stand for is seen to be outside the set.
    pub(super) fn index_set(&self, node: NodeId) -> Option<SetId> {
        match self.model.graph.node(node) {
            Node::Index { binder, part } => match self.model.binders[*binder].over {
                Over::Set(set) => self.component_set(set, *part as usize),
                Over::Range { .. } => None,
            },
            _ => None,
        }
    }

    /// Whether an array expression is a name with too few subscripts.
    pub(super) fn is_partial(&self, arr: super::value::ArrId) -> bool {
        matches!(&self.arrs[arr].kind, ArrKind::Leaf(_, given) if !given.is_empty())
    }
}

fn with_places(binder: BinderId, parts: Vec<Elem>) -> Vec<(Elem, Place)> {
    parts.into_iter().zip(0u16..).map(|(elem, part)| (elem, (binder, part))).collect()
}
