//! The order in which sets and params can be bound: each after what it needs.

use crate::base::{Id, IdVec};
use crate::ir::model::{ArrayKind, Over, ParamSource, SetKind};
use crate::ir::{ArrayId, DomainId, Model, Node, NodeId, ParamId, SetId};
use std::collections::HashSet;

/// A set or a param.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item {
    /// A set.
    Set(SetId),
    /// A param.
    Param(ParamId),
}

/// All sets and params, each after those it needs. (`sema` refuses circles.)
pub fn order(model: &Model) -> Vec<Item> {
    let mut sets: IdVec<SetId, u8> = model.sets.iter().map(|_| 0).collect();
    let mut params: IdVec<ParamId, u8> = model.params.iter().map(|_| 0).collect();
    let mut out = Vec::with_capacity(sets.len() + params.len());
    let all = model.sets.ids().map(Item::Set).chain(model.params.ids().map(Item::Param));
    for root in all {
        let mut stack = vec![root];
        while let Some(&item) = stack.last() {
            let state = match item {
                Item::Set(set) => &mut sets[set],
                Item::Param(param) => &mut params[param],
            };
            match *state {
                0 => {
                    *state = 1;
                    let needs = needs(model, item);
                    stack.extend(needs.into_iter().filter(|n| match n {
                        Item::Set(set) => sets[*set] == 0,
                        Item::Param(param) => params[*param] == 0,
                    }));
                }
                1 => {
                    *state = 2;
                    out.push(item);
                    stack.pop();
                }
                _ => {
                    stack.pop();
                }
            }
        }
    }
    out
}

/// Sets and params an item needs directly.
pub fn needs(model: &Model, item: Item) -> Vec<Item> {
    // The sets are only tested for membership.
    let mut walk = Needs { model, out: Vec::new(), domains: HashSet::new(), arrays: HashSet::new(), nodes: Vec::new() };
    match item {
        Item::Set(set) => match &model.sets[set].kind {
            SetKind::Range { lo, hi } => walk.nodes.extend([*lo, *hi]),
            SetKind::Where(domain) => walk.domain(*domain),
            SetKind::Distinct(column) => walk.out.push(Item::Param(*column)),
            _ => {}
        },
        Item::Param(param) => {
            walk.out.extend(model.params[param].axes.iter().map(|a| Item::Set(*a)));
            match &model.params[param].source {
                ParamSource::Computed { domain, body } => {
                    walk.domain(*domain);
                    walk.nodes.push(*body);
                }
                ParamSource::Map(entries) => walk.nodes.extend(entries.iter().map(|e| e.1)),
                ParamSource::List(values) => walk.nodes.extend(values),
                _ => {}
            }
            for hyper in model.hypers.iter().filter(|h| h.param == param) {
                walk.nodes.extend([hyper.lo, hyper.hi]);
            }
        }
    }
    walk.run();
    let mine = |other: &Item| *other != item;
    walk.out.into_iter().filter(mine).collect()
}

struct Needs<'a> {
    model: &'a Model,
    out: Vec<Item>,
    // Only tested for membership.
    domains: HashSet<DomainId>,
    arrays: HashSet<ArrayId>,
    nodes: Vec<NodeId>,
}

impl Needs<'_> {
    fn run(&mut self) {
        let mut seen = HashSet::new(); // only tested for membership
        while let Some(node) = self.nodes.pop() {
            if !seen.insert(node) {
                continue;
            }
            debug_assert!(node.index() < self.model.graph.len());
            let what = self.model.graph.node(node);
            what.for_each_child(|c| self.nodes.push(c));
            match what {
                Node::Param { param, .. } => {
                    self.out.push(Item::Param(*param));
                    self.out.extend(self.model.params[*param].axes.iter().map(|a| Item::Set(*a)));
                }
                Node::Member { set, .. } => self.out.push(Item::Set(*set)),
                Node::Reduce { domain, .. } => self.domain(*domain),
                Node::Array { array, .. } => self.array(*array),
                _ => {}
            }
        }
    }

    fn domain(&mut self, domain: DomainId) {
        if !self.domains.insert(domain) {
            return;
        }
        let domain = &self.model.domains[domain];
        self.nodes.extend(domain.filter);
        for binder in &domain.binders {
            match self.model.binders[*binder].over {
                Over::Set(set) => self.out.push(Item::Set(set)),
                Over::Range { lo, hi } => self.nodes.extend([lo, hi]),
            }
        }
    }

    fn array(&mut self, array: ArrayId) {
        let mut stack = vec![array];
        while let Some(array) = stack.pop() {
            if !self.arrays.insert(array) {
                continue;
            }
            self.out.extend(self.model.arrays[array].axes.iter().map(|a| Item::Set(*a)));
            match self.model.arrays[array].kind {
                ArrayKind::Template { domain, body } => {
                    self.domain(domain);
                    self.nodes.push(body);
                }
                ArrayKind::MatMul { left, right } => stack.extend([left, right]),
                ArrayKind::LogDet { of } => stack.push(of),
            }
        }
    }
}
