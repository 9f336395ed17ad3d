//! Which outs of a loop come to slots of each other.
//!
//! Where no slot is visited twice, the order in which a block is written does not matter, and native code may write
//! while it computes.

use super::exec::BoundOut;
use crate::bind::Address;
use std::ops::Range;

/// Marks the outs of a loop of `count` instances that share slots.
pub fn mark(outs: &mut [BoundOut], count: usize) {
    let spread: Vec<usize> = (0..outs.len()).filter(|k| !outs[*k].reduces()).collect();
    if count == 0 || spread.is_empty() {
        return;
    }
    let affine = spread.iter().all(|k| matches!(outs[*k].at, Address::Affine { .. }));
    if affine && spread.len() <= FEW {
        mark_affine(outs, &spread, count);
    } else {
        mark_all(outs, &spread, count);
    }
}

/// Most outs that are compared in pairs.
const FEW: usize = 64;

fn mark_affine(outs: &mut [BoundOut], spread: &[usize], count: usize) {
    for (nth, &a) in spread.iter().enumerate() {
        for &b in &spread[..nth] {
            if meet(&outs[a].at, &outs[b].at, count) {
                outs[a].shared = true;
                outs[b].shared = true;
            }
        }
    }
}

/// Whether two affine addresses have a slot in common; may say so when they have none.
fn meet(a: &Address, b: &Address, count: usize) -> bool {
    let (Address::Affine { base: p, stride: s }, Address::Affine { base: q, stride: t }) = (a, b) else { return true };
    let (first_a, last_a) = ends(a, count);
    let (first_b, last_b) = ends(b, count);
    let apart = last_a < first_b || last_b < first_a;
    let between = s == t && *s != 0 && (i64::from(*p) - i64::from(*q)) % i64::from(*s) != 0;
    !(apart || between)
}

fn ends(at: &Address, count: usize) -> (usize, usize) {
    let (first, last) = (at.at(0), at.at(count - 1));
    (first.min(last), first.max(last))
}

/// Notes who was at each slot.
fn mark_all(outs: &mut [BoundOut], spread: &[usize], count: usize) {
    let range = |at: &Address| match at {
        Address::Affine { .. } => ends(at, count),
        Address::Gather(slots) => {
            let least = slots[..count].iter().min().copied().unwrap_or(0);
            let most = slots[..count].iter().max().copied().unwrap_or(0);
            (least as usize, most as usize)
        }
    };
    let ranges = spread.iter().map(|k| range(&outs[*k].at));
    let Some((least, most)) = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else { return };
    // What stays in a cache is looked up fast: there are mostly few outs.
    if spread.len() < usize::from(u8::MAX) {
        note_visitors::<u8>(outs, spread, count, least..most + 1);
    } else {
        note_visitors::<u32>(outs, spread, count, least..most + 1);
    }
}

/// Who was at a slot last: 0 for nobody, else the position in the list of outs, from 1.
trait Visitor: Copy + Default + PartialEq {
    fn from_position(position: usize) -> Self;
    fn position(self) -> usize;
}

impl Visitor for u8 {
    fn from_position(position: usize) -> Self {
        position as Self
    }

    fn position(self) -> usize {
        usize::from(self)
    }
}

impl Visitor for u32 {
    fn from_position(position: usize) -> Self {
        position as Self
    }

    fn position(self) -> usize {
        self as usize
    }
}

fn note_visitors<V: Visitor>(outs: &mut [BoundOut], spread: &[usize], count: usize, slots: Range<usize>) {
    let mut visitor = vec![V::default(); slots.len()];
    let mut met: Vec<V> = Vec::new();
    for (nth, &k) in spread.iter().enumerate() {
        let me = V::from_position(nth + 1);
        met.clear();
        outs[k].at.each(count, |_, slot| {
            let seen = &mut visitor[slot as usize - slots.start];
            if *seen != V::default() && *seen != me && met.last() != Some(seen) {
                met.push(*seen);
            }
            *seen = me;
        });
        for other in met.iter().map(|v| spread[v.position() - 1]) {
            outs[k].shared = true;
            outs[other].shared = true;
        }
    }
}
