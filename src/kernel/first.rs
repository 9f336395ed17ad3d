//! Outs that come to their slots before all others: they store, and what they cover is not cleared.
//!
//! Takes the loops of a part that writes a vector; marks outs and gives the ranges that are left to clear. The work is
//! proportional to the number of outs, whatever the number of instances: an affine out is known by its ends, and an out
//! with a list may come anywhere.
//!
//! Deliberately absent: matrices, whose slots are looked at one by one ([`matrix`](super::matrix)).

use super::exec::BoundLoop;
use super::link::BoundStep;
use super::program::BLOCK;
use crate::bind::Address;
use std::collections::BTreeMap;
use std::ops::Range;

/// Most outs of one loop with slots near each other that are compared in pairs.
const FEW: usize = 64;
/// Stores come later: clearing so many slots too many costs less than another range.
const NEAR: usize = 16;

/// Has outs store where they are the first to come; gives the rest of a vector of `len` numbers, ascending.
pub fn first_writers(steps: &mut [BoundStep], len: usize) -> Vec<Range<u32>> {
    let mut seen = Ranges::default();
    let mut covered: Vec<Range<usize>> = Vec::new();
    if steps.iter().all(|step| matches!(step, BoundStep::Loop(_))) {
        for step in steps {
            if let BoundStep::Loop(bound) = step {
                visit(bound, len, &mut seen, &mut covered);
            }
        }
    }
    covered.sort_unstable_by_key(|range| range.start);
    let (mut rest, mut from): (Vec<Range<u32>>, usize) = (Vec::new(), 0);
    for range in covered.iter().chain([&(len..len)]) {
        if from < range.start {
            match rest.last_mut() {
                Some(last) if from - (last.end as usize) < NEAR => last.end = range.start as u32,
                _ => rest.push(from as u32..range.start as u32),
            }
        }
        from = from.max(range.end);
    }
    rest
}

fn visit(bound: &mut BoundLoop, len: usize, seen: &mut Ranges, covered: &mut Vec<Range<usize>>) {
    if bound.count == 0 {
        return;
    }
    let hulls: Vec<Range<usize>> = bound.outs.iter().map(|out| hull(&out.at, bound.count, len)).collect();
    let mut order: Vec<usize> = (0..hulls.len()).collect();
    order.sort_by_key(|o| hulls[*o].start);
    let mut rest = &order[..];
    while let Some(&first) = rest.first() {
        let mut end = hulls[first].end;
        let n = rest.iter().take_while(|o| {
            let near = hulls[**o].start < end;
            end = if near { end.max(hulls[**o].end) } else { end };
            near
        });
        // A hull is never empty, so that the first is near itself.
        let (group, later) = rest.split_at(n.count().max(1));
        rest = later;
        for &o in group {
            let leads = group.len() <= FEW && group.iter().all(|other| *other == o || leads(bound, o, *other));
            let listed = matches!(bound.outs[o].at, Address::Gather(_));
            if !leads || listed || seen.meet(&hulls[o]) {
                continue;
            }
            bound.outs[o].add = false;
            let dense = matches!(bound.outs[o].at, Address::Affine { stride: -1..=1, .. });
            if dense || bound.count == 1 {
                covered.push(hulls[o].clone());
            }
        }
    }
    hulls.into_iter().for_each(|hull| seen.insert(hull));
}

/// The slots between the first and the last.
fn hull(at: &Address, count: usize, len: usize) -> Range<usize> {
    match at {
        Address::Gather(_) => 0..len.max(1),
        Address::Affine { .. } => {
            let (a, b) = (at.at(0), at.at(count - 1));
            a.min(b)..a.max(b) + 1
        }
    }
}

/// Whether out `a` of a loop comes before out `b` to all slots that they have in common.
///
/// Blocks come one after the other, within a block outs in their order, sums over instances at the end.
fn leads(bound: &BoundLoop, a: usize, b: usize) -> bool {
    let (first, second) = (&bound.outs[a], &bound.outs[b]);
    match (first.reduces(), second.reduces()) {
        (false, true) => return true,
        (true, false) => return false,
        (true, true) => return a < b || first.at.at(0) != second.at.at(0),
        (false, false) => {}
    }
    let (Address::Affine { base: p, stride: s }, Address::Affine { base: q, stride: t }) = (&first.at, &second.at)
    else {
        return false;
    };
    if s != t {
        return false;
    }
    let (by, stride) = (i64::from(*p) - i64::from(*q), i64::from(*s));
    // They meet where the instance of `b` is so many after that of `a`.
    let after = by / stride;
    by % stride != 0 || after >= BLOCK as i64 || (after >= 0 && a < b)
}

/// Disjoint ranges: where each begins and ends.
#[derive(Default)]
struct Ranges(BTreeMap<usize, usize>);

impl Ranges {
    fn meet(&self, range: &Range<usize>) -> bool {
        self.0.range(..range.end).next_back().is_some_and(|(_, end)| *end > range.start)
    }

    fn insert(&mut self, range: Range<usize>) {
        let (mut start, mut end) = (range.start, range.end);
        while let Some((&from, &to)) = self.0.range(..=end).next_back() {
            if to < start {
                break;
            }
            (start, end) = (start.min(from), end.max(to));
            self.0.remove(&from);
        }
        self.0.insert(start, end);
    }
}
