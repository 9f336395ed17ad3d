//! Results of calls that several parts want at one point.
//!
//! `f` and its gradient, `c` with `J`, `J` with `H` call the same functions of the same arguments: the templates of
//! derivatives hold the nodes of the values. Who makes such a call first at a point keeps what came out; whoever wants
//! it at the same point copies it, which takes a fraction of the time of a call. Bits do not depend on who was first.
//!
//! Takes the loops of all parts; says which calls are kept and where. Deliberately absent: what all instances have in
//! common, which costs one call, and calls that are made once at a point.

use super::exec::BoundLoop;
use super::link::BoundStep;
use super::program::{Op, Program};
use crate::ir::NodeId;
use crate::ir::plan::PlanDomainId;
use std::collections::HashMap;

/// Numbers that are kept at most. Where there are more they do not stay in the cache of a processor until they are
/// wanted again, and to keep and fetch them takes as long as to compute them: nothing is kept then.
pub const MOST: usize = 1 << 16;

/// Where the results of a call of a loop are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keep {
    /// Which call, of all that are kept.
    pub key: u32,
    /// Place of the first instance; the others follow.
    pub first: u32,
    /// Whether this loop is the one of its part that keeps them. Others find them, or make the call themselves.
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

/// A call of the instances of a domain.
type Call = (PlanDomainId, NodeId);

/// Steps that are run one after the other.
pub struct Steps<'a> {
    /// The steps.
    pub steps: &'a mut [BoundStep],
    /// Whether they are run several times at one point: products with a direction after another.
    pub repeats: bool,
}

/// Marks the calls of all loops that are made again at the same point: by a later one of `parts`, which stand in the
/// order in which a solver asks for them, or by the same. Asked for in another order they find what is there, but nobody
/// keeps anything for who should have come before: keeping takes time too.
pub fn mark(program: &Program, parts: &mut [Steps<'_>]) -> Sizes {
    // Looked up by key only, but for the sum over all.
    let mut calls: HashMap<Call, Wanted> = HashMap::new();
    for (part, Steps { steps, repeats }) in parts.iter().enumerate() {
        for bound in steps.iter().filter_map(as_loop).filter(|bound| bound.count > 0) {
            for call in named_calls(program, bound).flatten() {
                let fresh = Wanted { first: part, last: part, repeats: false, count: bound.count };
                let wanted = calls.entry(call).or_insert(fresh);
                wanted.last = part;
                wanted.repeats |= repeats;
            }
        }
    }
    calls.retain(|_, wanted| wanted.repeats || wanted.last > wanted.first);
    if calls.values().map(|wanted| wanted.count).sum::<usize>() > MOST {
        calls.clear();
    }
    let mut places = Places::default();
    for (part, Steps { steps, repeats }) in parts.iter_mut().enumerate() {
        for step in steps.iter_mut() {
            let BoundStep::Loop(bound) = step else { continue };
            let kept = named_calls(program, bound).map(|call| {
                let (call, wanted) = calls.get_key_value(&call?)?;
                Some(places.keep(*call, wanted.count, part, *repeats || wanted.last > part))
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
    /// The last one.
    last: usize,
    /// Whether one of them is run several times.
    repeats: bool,
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
    /// Where a call of `count` instances is kept, for a loop of a part that `keeps` it or only takes it.
    fn keep(&mut self, call: Call, count: usize, part: usize, keeps: bool) -> Keep {
        let Sizes { keys, numbers } = &mut self.sizes;
        let (keep, led) = self.of.entry(call).or_insert_with(|| {
            let keep = Keep { key: *keys as u32, first: *numbers as u32, leads: false };
            (*keys, *numbers) = (*keys + 1, *numbers + count);
            (keep, None)
        });
        let leads = keeps && *led != Some(part);
        if leads {
            *led = Some(part);
        }
        Keep { leads, ..*keep }
    }
}

fn as_loop(step: &BoundStep) -> Option<&BoundLoop> {
    match step {
        BoundStep::Loop(bound) => Some(bound),
        _ => None,
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
    /// By key, the stamp of the point that the numbers belong to.
    at: Vec<u64>,
    /// The stamp of the point at which loops run; 0 while nothing is to be kept.
    now: u64,
}

impl Kept {
    /// Room for so much, and nothing in it.
    pub fn new(sizes: Sizes) -> Self {
        Self { numbers: vec![0.0; sizes.numbers], at: vec![0; sizes.keys], now: 0 }
    }

    /// Loops run at the point of this stamp from here on; 0 for a point that has none.
    pub fn move_to(&mut self, stamp: u64) {
        self.now = stamp;
    }

    /// Forgets all.
    pub fn forget(&mut self) {
        self.at.fill(0);
    }

    /// What is known while loops run, and the numbers.
    pub fn split(&mut self) -> (Known<'_>, &mut [f64]) {
        (Known { at: &self.at, now: self.now }, &mut self.numbers)
    }

    /// A loop has run: what it was to keep is there.
    pub fn ran(&mut self, bound: &BoundLoop) {
        for keep in bound.kept.iter().flatten().filter(|keep| keep.leads) {
            self.at[keep.key as usize] = self.now;
        }
    }
}

/// Which calls have been made at the point.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    at: &'a [u64],
    now: u64,
}

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// It is made.
    Call,
    /// It is made, and its results are kept from this place on.
    Keep(usize),
    /// Its results are there.
    Copy(usize),
}

impl Known<'_> {
    /// Nothing is known, and nothing is kept.
    pub const NOTHING: Self = Self { at: &[], now: 0 };

    /// What becomes of the nth call of a loop, for instances from `first` on.
    pub fn turn(self, bound: &BoundLoop, nth: usize, first: usize) -> Turn {
        let Some(Some(keep)) = bound.kept.get(nth).filter(|_| self.now != 0) else { return Turn::Call };
        let place = keep.first as usize + first;
        if self.at[keep.key as usize] == self.now {
            Turn::Copy(place)
        } else if keep.leads {
            Turn::Keep(place)
        } else {
            Turn::Call
        }
    }
}
