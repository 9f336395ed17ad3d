//! Which outs of a loop come to slots of each other.
//!
//! Where no slot is visited twice, the order in which a block is written does not matter, and native code may write
//! while it computes.

use super::exec::BoundOut;
use crate::bind::Address;

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
    let mut visitor = vec![0_u32; most - least + 1];
    for &k in spread {
        let me = k as u32 + 1;
        let mut shared = Vec::new();
        for instance in 0..count {
            let seen = &mut visitor[outs[k].at.at(instance) - least];
            if *seen != 0 && *seen != me && shared.last() != Some(seen) {
                shared.push(*seen);
            }
            *seen = me;
        }
        if !shared.is_empty() {
            outs[k].shared = true;
            shared.iter().for_each(|other| outs[*other as usize - 1].shared = true);
        }
    }
}
