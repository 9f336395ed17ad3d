//! Results of calls that several parts want at one point: memoised, by the node of the template and the instance.
//!
//! `f` and its gradient, `c` with `J`, `J` with `H` call the same functions of the same arguments: the templates of
//! derivatives hold the nodes of the values. Who makes such a call first at a point keeps what came out; whoever wants
//! it at the same point copies it, which takes a part of the time of the call. Bits do not depend on who was first.
//!
//! Keeping takes time too, so that only those results are kept that were asked for again at earlier points: a method
//! that never asks for second derivatives pays nothing for them.
//!
//! Takes the loops of all parts; says which calls may be kept and where. Deliberately absent: what all instances have in
//! common, which costs one call, and calls that are made once at a point.

use super::exec::BoundLoop;
use super::link::BoundStep;
use super::program::{Op, Program};
use crate::ir::NodeId;
use crate::ir::plan::PlanDomainId;
use indexmap::IndexMap;
use std::collections::HashMap;

/// Numbers that are kept at most. Where there are more they do not stay in the cache of a processor until they are
/// wanted again, and to keep and fetch them takes as long as to compute them.
pub const MOST: usize = 1 << 16;

/// Where the results of a call of a loop are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keep {
    /// Which call, of all that are kept.
    pub key: u32,
    /// Place of the first instance; the others follow.
    pub first: u32,
    /// Whether this loop is the first of its part that makes the call: of several that run at once one keeps results.
    pub leads: bool,
}

/// How much is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sizes {
    /// Calls.
    pub keys: usize,
    /// Numbers.
    pub numbers: usize,
}

/// A call of the instances of a domain. That says all: a leaf is one place for all families of a domain, and weights and
/// directions are multiplied with the values of nodes, never their arguments.
type Call = (PlanDomainId, NodeId);

/// The steps of a part.
pub struct Steps<'a> {
    /// The steps.
    pub steps: &'a mut [BoundStep],
    /// Whether they are run several times at one point: products with a direction after another.
    pub repeats: bool,
}

/// Marks the calls of all loops that may be made again at a point: by another one of `parts`, or by the same.
pub fn mark(program: &Program, parts: &mut [Steps<'_>]) -> Sizes {
    let mut calls: IndexMap<Call, Wanted> = IndexMap::new();
    for (part, Steps { steps, repeats }) in parts.iter().enumerate() {
        for bound in steps.iter().filter_map(BoundStep::as_loop).filter(|bound| bound.count > 0) {
            for call in named_calls(program, bound).flatten() {
                let fresh = Wanted { first: part, again: false, count: bound.count };
                let wanted = calls.entry(call).or_insert(fresh);
                wanted.again |= *repeats || wanted.first != part;
            }
        }
    }
    calls.retain(|_, wanted| wanted.again);
    // The shortest first: one long set does not cost the others their place.
    calls.sort_by(|_, a, _, b| a.count.cmp(&b.count));
    let mut numbers = 0;
    calls.retain(|_, wanted| {
        numbers += wanted.count;
        numbers <= MOST
    });
    let mut places = Places::default();
    for (part, Steps { steps, .. }) in parts.iter_mut().enumerate() {
        for step in steps.iter_mut() {
            let BoundStep::Loop(bound) = step else { continue };
            let kept = named_calls(program, bound).map(|call| {
                let call = call?;
                Some(places.keep(call, calls.get(&call)?.count, part))
            });
            let kept: Vec<Option<Keep>> = kept.collect();
            bound.kept = if kept.iter().any(Option::is_some) { kept } else { Vec::new() };
        }
    }
    places.sizes
}

/// Who makes a call.
struct Wanted {
    /// The first part.
    first: usize,
    /// Whether it may be made again at the same point.
    again: bool,
    /// Number of instances.
    count: usize,
}

/// Places given so far.
#[derive(Default)]
struct Places {
    /// The place, and the last part with a loop that leads. Looked up by key only.
    of: HashMap<Call, (Keep, Option<usize>)>,
    sizes: Sizes,
}

impl Places {
    /// Where a call of `count` instances is kept, for a loop of a part.
    fn keep(&mut self, call: Call, count: usize, part: usize) -> Keep {
        let Sizes { keys, numbers } = &mut self.sizes;
        let (keep, led) = self.of.entry(call).or_insert_with(|| {
            let keep = Keep { key: *keys as u32, first: *numbers as u32, leads: false };
            (*keys, *numbers) = (*keys + 1, *numbers + count);
            (keep, None)
        });
        let leads = led.replace(part) != Some(part);
        Keep { leads, ..*keep }
    }
}

/// The calls of the body of a loop, in order; those that are not worth keeping have no name.
fn named_calls<'a>(program: &'a Program, bound: &BoundLoop) -> impl Iterator<Item = Option<Call>> + use<'a> {
    let kernel = &program.kernels[bound.kernel];
    kernel.body.iter().filter_map(move |op| match op {
        Op::Call { node, .. } => Some(node.map(|node| (kernel.domain, node))),
        _ => None,
    })
}

/// What is kept in a workspace.
#[derive(Default)]
pub struct Kept {
    numbers: Vec<f64>,
    calls: Vec<History>,
    /// The stamp of the point at which loops run; 0 while nothing is to be kept.
    now: u64,
}

/// What became of a call so far.
#[derive(Clone, Copy, Default)]
struct History {
    /// The stamp of the point at which it was made last.
    made: u64,
    /// The stamp of the point that the numbers belong to which are kept.
    kept: u64,
    /// At how many points its results are to be kept, should nobody ask for them.
    credit: u32,
}

/// At so many points results are kept in vain before they are kept no more.
const PATIENCE: u32 = 16;

impl Kept {
    /// Room for so much, and nothing in it.
    pub fn new(sizes: Sizes) -> Self {
        Self { numbers: vec![0.0; sizes.numbers], calls: vec![History::default(); sizes.keys], now: 0 }
    }

    /// Loops run at the point of this stamp from here on; 0 for a point that has none.
    pub fn move_to(&mut self, stamp: u64) {
        self.now = stamp;
    }

    /// Behaves as if nothing had been evaluated at the point.
    pub fn forget(&mut self) {
        self.calls.iter_mut().for_each(|call| (call.made, call.kept) = (0, 0));
    }

    /// What is known while loops run, and the numbers.
    pub fn split(&mut self) -> (Known<'_>, &mut [f64]) {
        (Known { calls: &self.calls, now: self.now }, &mut self.numbers)
    }

    /// A loop is about to run: what it finds was kept for it.
    pub fn begin(&mut self, bound: &BoundLoop) {
        for keep in bound.kept.iter().flatten().filter(|_| self.now != 0) {
            let call = &mut self.calls[keep.key as usize];
            if call.kept == self.now {
                call.credit = PATIENCE;
            }
        }
    }

    /// A loop has run, with what was known when it began.
    pub fn ran(&mut self, bound: &BoundLoop) {
        for keep in bound.kept.iter().flatten().filter(|_| self.now != 0) {
            let call = &mut self.calls[keep.key as usize];
            if call.kept != self.now {
                if keep.leads && call.credit > 0 {
                    (call.kept, call.credit) = (self.now, call.credit - 1);
                } else if call.made == self.now {
                    // Made twice: from the next point on once.
                    call.credit = PATIENCE;
                }
            }
            call.made = self.now;
        }
    }
}

/// Which calls have been made at the point, and which are worth keeping.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    calls: &'a [History],
    now: u64,
}

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallMode {
    /// It is made.
    Call,
    /// It is made, and its results are kept from this place on.
    Keep(usize),
    /// Its results are there.
    Copy(usize),
}

impl Known<'_> {
    /// Nothing is known, and nothing is kept.
    pub const NOTHING: Self = Self { calls: &[], now: 0 };

    /// What becomes of the nth call of a loop, for instances from `first` on.
    pub fn mode(self, bound: &BoundLoop, nth: usize, first: usize) -> CallMode {
        let Some(Some(keep)) = bound.kept.get(nth).filter(|_| self.now != 0) else { return CallMode::Call };
        let (place, call) = (keep.first as usize + first, self.calls[keep.key as usize]);
        if call.kept == self.now {
            CallMode::Copy(place)
        } else if keep.leads && call.credit > 0 {
            CallMode::Keep(place)
        } else {
            CallMode::Call
        }
    }
}
