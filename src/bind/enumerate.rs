//! The instances of a domain, in the order of nested loops.
//!
//! A conjunct `inner == outer`, where `inner` depends on the new binder alone and `outer` on earlier ones,
//! is a join: the elements are put into buckets by `inner` once, and each instance so far takes its
//! bucket. So is a membership test of the new binder. Other conjuncts are tried on each candidate.

use super::domain::BoundDomain;
use super::keys::Buckets;
use super::lanes::Lanes;
use super::world::{Stop, World, is_row};
use crate::base::{Span, limits};
use crate::diag::codes::limit::LimitError;
use crate::func;
use crate::ir::model::{ElemType, Over};
use crate::ir::{BinderId, Model, Node, NodeId, SetId};
use std::sync::Arc;

/// The domain of `binders` and `conjuncts` inside `parent`.
///
/// # Errors
/// Faults in filters and ranges; limits.
pub fn enumerate(
    model: &Model,
    world: &World,
    parent: &Arc<BoundDomain>,
    binders: &[BinderId],
    conjuncts: &[NodeId],
    at: Span,
) -> Result<BoundDomain, Stop> {
    let mut level = Level { model, world, at, partial: BoundDomain::below(parent) };
    let mut pending: Vec<NodeId> = conjuncts.to_vec();
    for k in 0..=binders.len() {
        // Conjuncts that mention none of the binders still to come.
        let later = &binders[k..];
        let (ready, rest): (Vec<NodeId>, Vec<NodeId>) =
            pending.iter().partition(|c| !world.deps.of(**c).iter().any(|b| later.contains(b)));
        if k == 0 {
            level.filter(&ready)?;
        } else {
            level.extend(binders[k - 1], &ready)?;
        }
        pending = rest;
    }
    Ok(level.partial)
}

/// The conjuncts of a filter.
pub fn conjuncts(model: &Model, filter: Option<NodeId>) -> Vec<NodeId> {
    let and = func::lookup("and");
    let mut out = Vec::new();
    let mut stack: Vec<NodeId> = filter.into_iter().collect();
    while let Some(id) = stack.pop() {
        match model.graph.node(id) {
            Node::Call { func, args } if Some(*func) == and => stack.extend(args.iter().rev()),
            _ => out.push(id),
        }
    }
    out
}

/// Candidates by key.
struct Join {
    outer: Vec<NodeId>,
    buckets: Buckets,
    // Positions of the entries of the buckets; the entries themselves when absent.
    positions: Option<Vec<u32>>,
}

struct Level<'a> {
    model: &'a Model,
    world: &'a World,
    at: Span,
    partial: BoundDomain,
}

impl Level<'_> {
    fn extend(&mut self, binder: BinderId, ready: &[NodeId]) -> Result<(), Stop> {
        match self.model.binders[binder].over {
            Over::Set(set) => {
                let (join, rest) = self.join(binder, set, ready)?;
                if let Some(join) = join {
                    self.extend_join(binder, &join)?;
                    return self.filter(&rest);
                }
                self.extend_product(binder, self.world.sets[set].len, ready)
            }
            Over::Range { lo, hi } => {
                self.extend_range(binder, lo, hi)?;
                self.filter(ready)
            }
        }
    }

    /// Keeps the instances where all conjuncts hold.
    fn filter(&mut self, conjuncts: &[NodeId]) -> Result<(), Stop> {
        if conjuncts.is_empty() || self.partial.count == 0 {
            return Ok(());
        }
        let mut kept: Vec<u32> = Vec::new();
        let mut lanes = Lanes::new(self.model, self.world, &self.partial, conjuncts, self.at)?;
        lanes.for_survivors(|k| {
            kept.push(k as u32);
            Ok(())
        })?;
        if kept.len() < self.partial.count {
            self.keep(kept, None)?;
        }
        Ok(())
    }

    fn keep(&mut self, via: Vec<u32>, added: Option<(BinderId, Vec<u32>, i64)>) -> Result<(), Stop> {
        self.world.take(via.len(), 4 * (self.partial.own.len() + 2), self.at)?;
        self.partial.select(via, added);
        Ok(())
    }

    fn too_many(&self, count: Option<usize>) -> Stop {
        Stop::Limit(LimitError::TooManyElements { at: self.at, count, most: limits::MAX_ELEMENTS })
    }

    /// All elements of a set per instance; tried one by one when there are conjuncts.
    fn extend_product(&mut self, binder: BinderId, len: usize, ready: &[NodeId]) -> Result<(), Stop> {
        let mut all = self.partial.clone();
        let count = all.push_dense(binder, len).map(|()| all.count);
        if ready.is_empty() {
            if count.is_none_or(|c| c > limits::MAX_ELEMENTS) {
                return Err(self.too_many(count));
            }
            self.partial = all;
            return Ok(());
        }
        if count.is_none_or(|c| c > limits::MAX_TRIES) {
            return Err(Stop::Limit(LimitError::TooManyTries { at: self.at, count, most: limits::MAX_TRIES }));
        }
        if all.count == 0 {
            self.partial = all;
            return Ok(());
        }
        let (mut via, mut list) = (Vec::new(), Vec::new());
        let mut lanes = Lanes::new(self.model, self.world, &all, ready, self.at)?;
        lanes.for_survivors(|k| {
            if via.len() >= limits::MAX_ELEMENTS {
                return Err(self.too_many(Some(via.len() + 1)));
            }
            via.push((k / len) as u32);
            list.push((k % len) as u32);
            Ok(())
        })?;
        if via.len() == all.count {
            self.partial = all;
            return Ok(());
        }
        self.keep(via, Some((binder, list, 0)))
    }

    /// A range whose ends depend on the instance.
    fn extend_range(&mut self, binder: BinderId, lo: NodeId, hi: NodeId) -> Result<(), Stop> {
        let ends = |node| Lanes::new(self.model, self.world, &self.partial, &[node], self.at)?.column();
        let (lo, hi) = (ends(lo)?, ends(hi)?);
        let size = |a: f64, b: f64| (b.floor() - a.ceil() + 1.0).max(0.0);
        let total: f64 = lo.iter().zip(&hi).map(|(a, b)| size(*a, *b)).sum();
        if !(total <= limits::MAX_ELEMENTS as f64) {
            return Err(self.too_many((total < usize::MAX as f64).then_some(total as usize)));
        }
        let first = lo.iter().zip(&hi).filter(|(a, b)| size(**a, **b) > 0.0).map(|(a, _)| a.ceil());
        let offset = first.fold(f64::INFINITY, f64::min);
        let offset = if offset.is_finite() { offset as i64 } else { 0 };
        let last = lo.iter().zip(&hi).filter(|(a, b)| size(**a, **b) > 0.0).map(|(_, b)| b.floor());
        let width = last.fold(f64::NEG_INFINITY, f64::max) - offset as f64;
        if width >= f64::from(u32::MAX) {
            return Err(self.too_many((width < usize::MAX as f64).then_some(width as usize)));
        }
        self.world.take(total as usize, 8, self.at)?;
        let (mut via, mut list) = (Vec::with_capacity(total as usize), Vec::with_capacity(total as usize));
        for (k, (a, b)) in lo.iter().zip(&hi).enumerate() {
            if size(*a, *b) == 0.0 {
                continue;
            }
            for value in a.ceil() as i64..=b.floor() as i64 {
                via.push(k as u32);
                list.push((value - offset) as u32);
            }
        }
        self.keep(via, Some((binder, list, offset)))
    }

    fn extend_join(&mut self, binder: BinderId, join: &Join) -> Result<(), Stop> {
        let mut keys: Vec<Vec<f64>> = Vec::with_capacity(join.outer.len());
        for outer in &join.outer {
            self.world.take(self.partial.count, 8, self.at)?;
            keys.push(Lanes::new(self.model, self.world, &self.partial, &[*outer], self.at)?.column()?);
        }
        let mut key = vec![0.0; keys.len()];
        let bucket = |k: usize, key: &mut Vec<f64>| {
            key.iter_mut().zip(&keys).for_each(|(slot, column)| *slot = column[k]);
            join.buckets.get(key)
        };
        let total: usize = (0..self.partial.count).map(|k| bucket(k, &mut key).len()).sum();
        if total > limits::MAX_ELEMENTS {
            return Err(self.too_many(Some(total)));
        }
        self.world.take(total, 8, self.at)?;
        let (mut via, mut list) = (Vec::with_capacity(total), Vec::with_capacity(total));
        for k in 0..self.partial.count {
            for &entry in bucket(k, &mut key) {
                via.push(k as u32);
                list.push(join.positions.as_ref().map_or(entry, |p| p[entry as usize]));
            }
        }
        self.world.give(self.partial.count * keys.len(), 8);
        self.keep(via, Some((binder, list, 0)))
    }

    /// The join among the conjuncts that a new binder makes ready, and the other conjuncts.
    fn join(&self, binder: BinderId, set: SetId, ready: &[NodeId]) -> Result<(Option<Join>, Vec<NodeId>), Stop> {
        let mut pairs = Vec::new();
        let mut rest = Vec::new();
        for &conjunct in ready {
            match self.sides(binder, conjunct) {
                Some(pair) => pairs.push(pair),
                None => rest.push(conjunct),
            }
        }
        if pairs.is_empty() {
            let member = rest.iter().position(|c| self.is_member_of(binder, *c));
            return Ok(match member {
                Some(at) => {
                    let conjunct = rest.remove(at);
                    (self.member_join(binder, set, conjunct), rest)
                }
                None => (None, rest),
            });
        }
        let mut alone = BoundDomain::below(&BoundDomain::root());
        let len = self.world.sets[set].len;
        alone.push_dense(binder, len).ok_or_else(|| self.too_many(None))?;
        let mut columns = Vec::with_capacity(pairs.len());
        for (inner, _) in &pairs {
            self.world.take(len, 16, self.at)?;
            columns.push(Lanes::new(self.model, self.world, &alone, &[*inner], self.at)?.column()?);
        }
        let outer = pairs.into_iter().map(|p| p.1).collect();
        Ok((Some(Join { outer, buckets: Buckets::build(columns, len), positions: None }), rest))
    }

    /// `(inner, outer)` of an equality that ties a binder to earlier ones.
    fn sides(&self, binder: BinderId, conjunct: NodeId) -> Option<(NodeId, NodeId)> {
        let (a, b) = match self.model.graph.node(conjunct) {
            Node::Call { func, args } if Some(*func) == func::lookup("eq") => (args[0], args[1]),
            Node::SameElem { left, right } => (*left, *right),
            _ => return None,
        };
        let is_inner = |n: NodeId| self.world.deps.of(n) == [binder];
        let is_outer = |n: NodeId| !self.world.deps.of(n).contains(&binder);
        if is_inner(a) && is_outer(b) {
            Some((a, b))
        } else if is_inner(b) && is_outer(a) {
            Some((b, a))
        } else {
            None
        }
    }

    fn is_member_of(&self, binder: BinderId, conjunct: NodeId) -> bool {
        self.member_part(binder, conjunct).is_some()
    }

    /// For `(i, j) in arcs` where `j` is the new binder: which part it is.
    fn member_part(&self, binder: BinderId, conjunct: NodeId) -> Option<usize> {
        let Node::Member { set, subs } = self.model.graph.node(conjunct) else { return None };
        let is_new =
            |s: &NodeId| matches!(*self.model.graph.node(*s), Node::Index { binder: b, part: 0 } if b == binder);
        let elem = &self.model.sets[*set].elem;
        let Over::Set(over) = self.model.binders[binder].over else { return None };
        let part = subs.iter().position(is_new)?;
        let others_known = subs.iter().enumerate().all(|(k, s)| {
            let same_kind = is_row(self.model, *s) == matches!(elem[k], ElemType::Row(_));
            same_kind && (k == part || !self.world.deps.of(*s).contains(&binder))
        });
        (others_known && self.model.sets[over].arity() == 1).then_some(part)
    }

    fn member_join(&self, binder: BinderId, over: SetId, conjunct: NodeId) -> Option<Join> {
        let part = self.member_part(binder, conjunct)?;
        let Node::Member { set, subs } = self.model.graph.node(conjunct) else { return None };
        let bound = &self.world.sets[*set];
        let is_row = [matches!(self.model.sets[*set].elem[part], ElemType::Row(_))];
        let mut entries: Vec<(u32, usize)> = (0..bound.len)
            .filter_map(|e| Some((self.world.find(over, &[bound.code(e, part)], &is_row)? as u32, e)))
            .collect();
        entries.sort_unstable();
        let others: Vec<usize> = (0..subs.len()).filter(|k| *k != part).collect();
        let columns = others.iter().map(|k| entries.iter().map(|(_, e)| bound.code(*e, *k)).collect()).collect();
        Some(Join {
            outer: others.iter().map(|k| subs[*k]).collect(),
            buckets: Buckets::build(columns, entries.len()),
            positions: Some(entries.into_iter().map(|e| e.0).collect()),
        })
    }
}
