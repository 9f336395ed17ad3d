//! Axes of declarations, and the domains that run over them.

use super::Sema;
use super::sets::SetSource;
use super::value::{Elem, value_of};
use crate::base::{Id, Name, Span};
use crate::ir::model::{Binder, Domain, ElemType, Over, Set, SetKind};
use crate::ir::{BinderId, DomainId, Node, NodeId, SetId};
use crate::syntax::ast::{ExprKind, Head};
use indexmap::IndexSet;

/// The axes of a declaration and the names it gives to their parts.
#[derive(Clone, Debug)]
pub(super) struct Axes {
    pub sets: Vec<SetId>,
    pub names: Vec<AxisName>,
    pub at: Span,
}

/// A name for some parts of an axis.
#[derive(Clone, Debug)]
pub(super) struct AxisName {
    pub name: Name,
    pub at: Span,
    axis: usize,
    first: usize,
    count: usize,
}

impl Sema<'_> {
    /// The extent of a head in the text.
    pub(super) fn head_span(&self, head: &Head) -> Span {
        let names = head.binders.iter().flat_map(|b| b.names.iter().map(|n| self.stmt.span(n.at)));
        let sets = head.binders.iter().map(|b| self.stmt.expr_span(b.set));
        let filter = head.filter.map(|f| self.stmt.expr_span(f));
        names.chain(sets).chain(filter).reduce(Span::to).unwrap_or_else(|| self.stmt.span(self.stmt.at))
    }

    /// The axes a declaration's head names. A filter or a range that depends on an index makes one axis
    /// of tuples. Nothing when a set had an error.
    pub(super) fn axes(&mut self, head: &Head) -> Option<Axes> {
        let at = self.head_span(head);
        if self.too_many_indices(head) {
            return None;
        }
        if head.filter.is_some() || head.binders.iter().any(|b| self.is_comprehension(b.set)) {
            return self.tuple_axis(head, at);
        }
        self.repeated_indices(head);
        let mut axes = Axes { sets: Vec::new(), names: Vec::new(), at };
        let mark = self.locals.mark();
        let mut is_complete = true;
        for binder in &head.binders {
            match self.set_source(binder.set) {
                SetSource::Set(set) => is_complete &= self.name_axis(&mut axes, set, &binder.names),
                SetSource::Error => {
                    self.bind_errors(&binder.names);
                    is_complete = false;
                }
                // Depends on an earlier index: begin again, as one axis of tuples.
                SetSource::Range(..) | SetSource::Comprehension(_) => {
                    self.locals.reset(mark);
                    return self.tuple_axis(head, at);
                }
            }
        }
        self.locals.reset(mark);
        is_complete.then_some(axes)
    }

    fn is_comprehension(&self, set: crate::syntax::ast::ExprId) -> bool {
        matches!(self.stmt.exprs[set].kind, ExprKind::Comprehension { .. })
    }

    /// Adds an axis; its names are bound to a stand-in so that a later range may be seen to depend on them.
    fn name_axis(&mut self, axes: &mut Axes, set: SetId, names: &[crate::syntax::ast::Ident]) -> bool {
        let axis = axes.sets.len();
        axes.sets.push(set);
        let arity = self.model.sets[set].arity();
        if !self.names_fit(names, arity, set) {
            self.bind_errors(names);
            return false;
        }
        if names.is_empty() {
            return true;
        }
        let (_, parts) = self.fresh_index(set, self.model.sets[set].at);
        let spans = if names.len() == 1 { vec![(0, arity)] } else { (0..arity).map(|k| (k, 1)).collect() };
        for (ident, (first, count)) in names.iter().zip(spans) {
            let at = self.stmt.span(ident.at);
            self.bind_index(&ident.name, value_of(&parts[first..first + count]), at, axes.at);
            axes.names.push(AxisName { name: ident.name.clone(), at, axis, first, count });
        }
        true
    }

    /// One axis whose elements are the instances of a head.
    fn tuple_axis(&mut self, head: &Head, at: Span) -> Option<Axes> {
        let open = self.open_head(head);
        let (binders, names, broken) = (open.binders.clone(), open.names.clone(), open.broken);
        let domain = self.close_head(open, at);
        if broken {
            return None;
        }
        let set = self.where_set(domain, at);
        let offset = |binder: BinderId| {
            let before = binders.iter().take_while(|b| **b != binder);
            before.map(|b| self.binder_elem(*b).len()).sum::<usize>()
        };
        let mut axis_names = Vec::new();
        for (name, at, parts) in names {
            let Some((binder, part)) = parts.first() else { continue };
            let first = offset(*binder) + *part as usize;
            axis_names.push(AxisName { name, at, axis: 0, first, count: parts.len() });
        }
        Some(Axes { sets: vec![set], names: axis_names, at })
    }

    /// The set of the instances of a head.
    pub(super) fn set_where(&mut self, head: &Head, at: Span) -> SetId {
        let open = self.open_head(head);
        let broken = open.broken;
        let domain = self.close_head(open, at);
        if broken {
            let kind = SetKind::Empty;
            return self.model.sets.push(Set { name: None, at, elem: vec![ElemType::Label], parent: None, kind });
        }
        self.where_set(domain, at)
    }

    /// The set of the instances of a domain; with one binder it is a part of that binder's set.
    pub(super) fn where_set(&mut self, domain: DomainId, at: Span) -> SetId {
        let binders = self.model.domains[domain].binders.clone();
        let elem: Vec<ElemType> = binders.iter().flat_map(|b| self.binder_elem(*b)).collect();
        let parent = match binders[..] {
            [one] => match self.model.binders[one].over {
                Over::Set(set) => Some(set),
                Over::Range { .. } => None,
            },
            _ => None,
        };
        self.model.sets.push(Set { name: None, at, elem, parent, kind: SetKind::Where(domain) })
    }

    /// A domain over axes with the names of a declaration in scope, and its subscripts.
    pub(super) fn open_axes(&mut self, axes: &Axes) -> (DomainId, Vec<NodeId>) {
        let mut binders = Vec::with_capacity(axes.sets.len());
        let mut parts: Vec<Vec<Elem>> = Vec::with_capacity(axes.sets.len());
        // Names stand in the order of their axes.
        let mut names = axes.names.iter().peekable();
        for (at, set) in axes.sets.iter().enumerate() {
            let (binder, elems) = self.fresh_index(*set, axes.at);
            let own: Vec<&AxisName> = std::iter::from_fn(|| names.next_if(|n| n.axis == at)).collect();
            // One name for the whole element or one for each part; other mixtures stay without names.
            if own.len() <= 1 || own.len() == elems.len() {
                self.model.binders[binder].names = own.iter().map(|n| n.name.clone()).collect();
            }
            for name in own {
                let value = value_of(&elems[name.first..name.first + name.count]);
                self.bind_index(&name.name, value, name.at, axes.at);
            }
            binders.push(binder);
            parts.push(elems);
        }
        let subs = parts.iter().flatten().map(|p| p.node).collect();
        (self.model.domains.push(Domain { binders, filter: None, at: axes.at }), subs)
    }

    /// A domain over axes, nothing named, and its subscripts.
    pub(super) fn domain_over(&mut self, axes: &[SetId], at: Span) -> (DomainId, Vec<NodeId>) {
        self.open_axes(&Axes { sets: axes.to_vec(), names: Vec::new(), at })
    }

    /// Fresh indices over axes, one each, and their parts as subscripts.
    pub(super) fn fresh_axes(&mut self, axes: &[SetId], at: Span) -> (Vec<BinderId>, Vec<NodeId>) {
        let fresh: Vec<(BinderId, Vec<Elem>)> = axes.iter().map(|set| self.fresh_index(*set, at)).collect();
        let subs = fresh.iter().flat_map(|(_, parts)| parts.iter().map(|p| p.node)).collect();
        (fresh.into_iter().map(|(binder, _)| binder).collect(), subs)
    }

    /// A fresh index over a set, with its parts.
    pub(super) fn fresh_index(&mut self, set: SetId, at: Span) -> (BinderId, Vec<Elem>) {
        let binder = self.model.binders.push(Binder { names: Vec::new(), at, over: Over::Set(set) });
        (binder, self.parts_of(binder))
    }

    /// The parts of the element a binder stands at.
    pub(super) fn parts_of(&mut self, binder: BinderId) -> Vec<Elem> {
        let elem = self.binder_elem(binder);
        let over = match self.model.binders[binder].over {
            Over::Set(set) => Some(set),
            Over::Range { .. } => None,
        };
        let mut parts = Vec::with_capacity(elem.len());
        for (part, ty) in elem.into_iter().enumerate() {
            let node = self.model.graph.index(binder, part as u16);
            let set = over.and_then(|set| self.component_set(set, part));
            parts.push(Elem::new(node, ty, set));
        }
        parts
    }

    /// Whether a node depends on an index that is not bound inside it.
    pub(super) fn has_free_index(&self, node: NodeId) -> bool {
        if !self.model.graph.depends(node).on(crate::ir::graph::Depends::INDEX) {
            return false;
        }
        let (mut used, mut bound) = (IndexSet::new(), IndexSet::new());
        let mut seen = IndexSet::new();
        let mut stack = vec![node];
        while let Some(id) = stack.pop() {
            if !seen.insert(id) || !self.model.graph.depends(id).on(crate::ir::graph::Depends::INDEX) {
                continue;
            }
            match self.model.graph.node(id) {
                Node::Index { binder, .. } => {
                    used.insert(*binder);
                }
                Node::Reduce { domain, body, .. } => {
                    let domain = &self.model.domains[*domain];
                    for binder in &domain.binders {
                        bound.insert(*binder);
                        if let Over::Range { lo, hi } = self.model.binders[*binder].over {
                            stack.extend([lo, hi]);
                        }
                    }
                    stack.extend(domain.filter);
                    stack.push(*body);
                }
                other => other.for_each_child(|child| stack.push(child)),
            }
        }
        // Every binder is bound once only, so what is bound somewhere inside is not free.
        !used.is_subset(&bound)
    }

    /// The id the next array gets, and whether it will involve a variable, kept beside it.
    pub(super) fn push_array(&mut self, array: crate::ir::model::Array, has_var: bool) -> crate::ir::ArrayId {
        let id = self.model.arrays.push(array);
        debug_assert_eq!(id.index(), self.array_has_var.len());
        self.array_has_var.push(has_var);
        id
    }
}
