//! Bound domains: how many instances, and where each binder stands at each.
//!
//! A level without filters over sets is *dense*: its instances are digits and nothing is stored. Any
//! other level is listed: per instance the instance of the enclosing domain and a position per binder.

use super::address::Pos;
use crate::ir::BinderId;
use std::sync::Arc;

/// A bound domain.
#[derive(Clone, Debug)]
pub struct BoundDomain {
    /// Number of instances.
    pub count: usize,
    /// The enclosing domain, none for the root.
    pub parent: Option<Arc<BoundDomain>>,
    /// The instance of the enclosing domain.
    pub outer: Pos,
    /// Binders added at this level.
    pub own: Vec<Place>,
    /// `(div, len)` of the digits of the counter, innermost first; their lengths multiply to `count`.
    pub digits: Vec<(usize, usize)>,
}

/// Where a binder stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// The binder.
    pub binder: BinderId,
    /// Its position in its set; for a dependent range the integer is `offset` more.
    pub pos: Pos,
    /// Added to get the integer of a dependent range; 0 for sets.
    pub offset: i64,
}

impl BoundDomain {
    /// One instance, no binders.
    pub fn root() -> Arc<Self> {
        Arc::new(Self { count: 1, parent: None, outer: Pos::ZERO, own: Vec::new(), digits: vec![(1, 1)] })
    }

    /// A level that adds nothing yet.
    pub fn below(parent: &Arc<Self>) -> Self {
        Self {
            count: parent.count,
            parent: Some(parent.clone()),
            outer: Pos::Digit { div: 1, len: parent.count.max(1) },
            own: Vec::new(),
            digits: parent.digits.clone(),
        }
    }

    /// Adds a binder over all of a set of `len` elements, innermost. `None` when the count overflows.
    pub fn push_dense(&mut self, binder: BinderId, len: usize) -> Option<()> {
        let count = self.count.checked_mul(len)?;
        self.outer = self.outer.repeat(len.max(1));
        for place in &mut self.own {
            place.pos = place.pos.repeat(len.max(1));
        }
        self.own.push(Place { binder, pos: Pos::Digit { div: 1, len: len.max(1) }, offset: 0 });
        for digit in &mut self.digits {
            digit.0 *= len.max(1);
        }
        self.digits.insert(0, (1, len));
        self.count = count;
        Some(())
    }

    /// Keeps instance `via[k]` as instance `k`; `added` says where a new binder stands.
    pub fn select(&mut self, via: Vec<u32>, added: Option<(BinderId, Vec<u32>, i64)>) {
        let count = via.len();
        let via: Arc<[u32]> = via.into();
        self.outer = match &self.outer {
            Pos::Digit { div: 1, len } if *len == self.count.max(1) => Pos::List { list: via.clone(), div: 1 },
            other => other.through(&via),
        };
        for place in &mut self.own {
            place.pos = match &place.pos {
                // Lists stay flat: they become addresses.
                Pos::Digit { len: 1, .. } => Pos::ZERO,
                pos => Pos::List { list: via.iter().map(|k| pos.at(*k as usize)).collect(), div: 1 },
            };
        }
        if let Some((binder, list, offset)) = added {
            self.own.push(Place { binder, pos: Pos::List { list: list.into(), div: 1 }, offset });
        }
        self.count = count;
        self.digits = vec![(1, count)];
        if let Pos::List { list, .. } = &self.outer
            && list.iter().enumerate().all(|(k, v)| k == *v as usize)
            && self.parent.as_ref().is_some_and(|p| p.count == count)
        {
            self.outer = Pos::Digit { div: 1, len: count.max(1) };
        }
    }

    /// Where a binder of this or an enclosing domain stands.
    pub fn place(&self, binder: BinderId) -> Option<Place> {
        if let Some(place) = self.own.iter().find(|p| p.binder == binder) {
            return Some(place.clone());
        }
        let parent = self.parent.as_ref()?;
        let place = parent.place(binder)?;
        Some(Place { pos: place.pos.of(&self.outer, parent.count.max(1)), ..place })
    }

    /// The instance of `ancestor` (itself included) around each instance.
    pub fn instance_of(&self, ancestor: &Arc<Self>) -> Option<Pos> {
        let mut pos = Pos::Digit { div: 1, len: self.count.max(1) };
        if std::ptr::eq(self, Arc::as_ptr(ancestor)) {
            return Some(pos);
        }
        let mut at = self;
        loop {
            pos = at.outer.of(&pos, at.count.max(1));
            let parent = at.parent.as_ref()?;
            if Arc::ptr_eq(parent, ancestor) {
                return Some(pos);
            }
            at = parent;
        }
    }

    /// All binders in scope, outermost first.
    pub fn binders(&self) -> Vec<BinderId> {
        let mut out = self.parent.as_ref().map_or_else(Vec::new, |p| p.binders());
        out.extend(self.own.iter().map(|p| p.binder));
        out
    }
}
