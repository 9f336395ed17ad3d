//! The form of each address of a loop: what native code depends on.

use crate::bind::Address;
use crate::kernel::exec::{BoundLoop, BoundPort};
use crate::kernel::program::BLOCK;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How a port is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PortForm {
    /// One number for all instances.
    Uniform,
    /// Consecutive numbers: `delta` places after those of port `of`, which may be itself.
    Unit {
        /// The port whose address is used.
        of: u32,
        /// Distance in numbers.
        delta: i16,
    },
    /// Numbers at equal distances.
    Strided,
    /// Numbers at the places listed for port `of`, which may be itself, shifted by as much as their base.
    Gather {
        /// The port whose list is used.
        of: u32,
    },
}

/// How an out is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OutForm {
    /// To consecutive places.
    Unit {
        /// Added to what is there.
        add: bool,
    },
    /// To places at equal distances.
    Strided {
        /// Added to what is there.
        add: bool,
    },
    /// To listed places.
    Gather {
        /// Added to what is there.
        add: bool,
    },
    /// Into eight sums per block.
    Reduce,
    /// Into the scratch, to be written when the block is done.
    Staged,
}

/// The forms of all addresses of a loop.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Forms {
    /// Instances per turn of the loop: 2, or 1 where there is one instance.
    pub lanes: u8,
    /// Numbers from one slot of the scratch to the next: as many as a block has instances.
    pub stride: u16,
    /// By port.
    pub ports: Vec<PortForm>,
    /// By out.
    pub outs: Vec<OutForm>,
}

/// Neighbouring numbers this close share an address.
pub const NEAR: i64 = 32;

impl Forms {
    /// The forms of a loop.
    pub fn of(bound: &BoundLoop) -> Self {
        let ports = port_forms(&bound.ports, bound.count);
        let outs = bound.outs.iter().map(|out| {
            if out.shared || !out.twice.is_empty() {
                return OutForm::Staged;
            }
            if out.reduces() {
                return OutForm::Reduce;
            }
            match out.at {
                Address::Affine { stride: 1, .. } => OutForm::Unit { add: out.add },
                Address::Affine { .. } => OutForm::Strided { add: out.add },
                Address::Gather(_) => OutForm::Gather { add: out.add },
            }
        });
        let stride = match bound.count {
            1 => 1,
            // A little more than a block, so that slots do not collide in a cache.
            n => n.next_multiple_of(8).min(BLOCK + 8) as u16,
        };
        Self { lanes: if bound.count == 1 { 1 } else { 2 }, stride, outs: outs.collect(), ports }
    }
}

fn port_forms(ports: &[BoundPort], count: usize) -> Vec<PortForm> {
    // Ports that others are read by: those of consecutive numbers by place, those of lists by a sample.
    let mut units: BTreeMap<(usize, i64), usize> = BTreeMap::new();
    // Looked up by key only.
    let mut lists: HashMap<[u32; SAMPLES], Vec<usize>> = HashMap::new();
    let form = |(p, port): (usize, &BoundPort)| match &port.at {
        Address::Affine { stride: 0, .. } => PortForm::Uniform,
        Address::Affine { .. } if count == 1 => PortForm::Uniform,
        Address::Affine { base, stride: 1 } => {
            let (source, base) = (port.source as usize, i64::from(*base));
            let near = units.range((source, base - NEAR)..=(source, base + NEAR)).map(|((_, from), q)| (*q, *from));
            // The earliest: there are at most two, since none is near another.
            let (of, from) = near.min().unwrap_or((p, base));
            if of == p {
                units.insert((source, base), p);
            }
            // Between -NEAR and NEAR.
            PortForm::Unit { of: of as u32, delta: (base - from) as i16 }
        }
        Address::Affine { .. } => PortForm::Strided,
        Address::Gather(slots) => {
            let alike = lists.entry(sample(slots, count)).or_default();
            let same = alike.iter().rev().take(MOST_ALIKE).copied().find(|q| match &ports[*q].at {
                Address::Gather(list) => shifted(list, slots, count),
                Address::Affine { .. } => false,
            });
            if same.is_none() {
                alike.push(p);
            }
            PortForm::Gather { of: same.unwrap_or(p) as u32 }
        }
    };
    ports.iter().enumerate().map(form).collect()
}

/// Entries of a list that are looked at before all of it is.
const SAMPLES: usize = 8;
/// Lists with the same sample that are compared in full.
const MOST_ALIKE: usize = 4;

/// Some entries of a list, less its first one: the same for lists that are shifts of each other.
fn sample(slots: &[u32], count: usize) -> [u32; SAMPLES] {
    std::array::from_fn(|k| slots[(count - 1) * (k + 1) / SAMPLES].wrapping_sub(slots[0]))
}

/// Whether `b` is `a` with one number added everywhere.
fn shifted(a: &Arc<[u32]>, b: &Arc<[u32]>, count: usize) -> bool {
    if Arc::ptr_eq(a, b) {
        return true;
    }
    let by = b[0].wrapping_sub(a[0]);
    a[..count].iter().zip(&b[..count]).all(|(a, b)| b.wrapping_sub(*a) == by)
}
