//! Native code meets the buffers of a call.
//!
//! Blocks of 256 instances go through all stages, one after the other; loops without calls, sums and staged outs run
//! in one go. Code works on pairs of instances. When their number is odd the last one runs alone, paired with itself:
//! its outs go to cells of the scratch, from which the first lane is taken.
#![allow(unsafe_code)]

use super::clif::Places;
use super::forms::{Forms, OutForm, PortForm};
use super::memory::{Args, Pages};
use super::schedule::{Call, Schedule};
use crate::bind::Address;
use crate::func;
use crate::kernel::exec::{BoundLoop, BoundPort, Buffers, Native, Work, lane_sum, scatter};
use crate::kernel::program::{BLOCK, Reg};
use crate::num::vmath;
use std::sync::Arc;

/// Where a function begins, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry(pub usize);

/// The code of one kernel for one form of addresses.
#[derive(Debug)]
pub struct StageCode {
    stages: Vec<(Vec<Entry>, Vec<Call>)>,
    forms: Forms,
    once: Vec<Reg>,
    staged: Vec<(u32, u32)>,
    /// Outs that are summed over all instances.
    reduces: Vec<u32>,
    places: Places,
    n_slots: usize,
    /// Whether all instances can go through at once.
    whole: bool,
}

impl StageCode {
    /// Puts functions and their schedule together.
    pub fn new(stages: Vec<(Vec<Entry>, Vec<Call>)>, forms: &Forms, schedule: &Schedule, places: Places) -> Self {
        let reduces: Vec<u32> =
            (0u32..).zip(&forms.outs).filter(|(_, f)| **f == OutForm::Reduce).map(|(k, _)| k).collect();
        let n_parts: usize = stages.iter().map(|(entries, _)| entries.len()).sum();
        let calls = stages.iter().any(|(_, calls)| !calls.is_empty());
        Self {
            whole: n_parts <= 1 && !calls && reduces.is_empty() && schedule.staged.is_empty(),
            stages,
            forms: forms.clone(),
            once: schedule.once.clone(),
            staged: schedule.staged.clone(),
            reduces,
            places,
            n_slots: schedule.n_slots as usize,
        }
    }

    fn n_words(&self) -> usize {
        2 * (self.forms.ports.len() + self.forms.outs.len())
    }

    /// Number of scratch cells in front of those of a lone instance.
    fn cells(&self) -> usize {
        self.places.slots + self.n_slots * self.places.stride
    }
}

/// The native code of one loop.
pub struct NativeLoop {
    code: Arc<StageCode>,
    pages: Arc<Pages>,
    /// Lengths the buffers have at least, not counting the number behind their end.
    lens: [usize; 6],
    out_len: usize,
}

impl NativeLoop {
    /// Code for `bound`; nothing if an address leads outside a buffer of the given lengths.
    pub fn new(code: Arc<StageCode>, pages: Arc<Pages>, bound: &BoundLoop, lens: [usize; 6]) -> Option<Self> {
        let inside = |port: &BoundPort| last_slot(&port.at, bound.count) < lens[port.source as usize];
        let listed = bound.outs.iter().map(|out| &out.at).chain(bound.ports.iter().map(|port| &port.at));
        let long = listed.into_iter().all(|at| match at {
            Address::Gather(list) => list.len() >= bound.count,
            Address::Affine { .. } => true,
        });
        let out_len = bound.outs.iter().map(|out| last_slot(&out.at, bound.count) + 1).max().unwrap_or(0);
        (bound.ports.iter().all(inside) && long).then_some(Self { code, pages, lens, out_len })
    }

    /// Writes the addresses of all ports and outs.
    fn fill_table(&self, bound: &BoundLoop, buffers: &Buffers<'_>, work: &mut Work<'_>, out: &mut [f64]) {
        let code = &*self.code;
        for (p, (port, form)) in bound.ports.iter().zip(&code.forms.ports).enumerate() {
            let from = buffers.get(port.source).as_ptr();
            let (first, second) = match (form, &port.at) {
                (PortForm::Gather { of }, Address::Gather(slots)) => {
                    let Address::Gather(list) = &bound.ports[*of as usize].at else {
                        crate::bug!("a list is borrowed from a port that has one")
                    };
                    let by = slots[0] as isize - list[0] as isize;
                    (from.wrapping_offset(by) as u64, list.as_ptr() as u64)
                }
                (_, Address::Affine { base, stride }) => {
                    (from.wrapping_add(*base as usize) as u64, (i64::from(*stride) * 8) as u64)
                }
                (_, Address::Gather(slots)) => (from.wrapping_add(slots[0] as usize) as u64, 0),
            };
            work.table[2 * p] = first;
            work.table[2 * p + 1] = second;
        }
        let n_ports = bound.ports.len();
        let mut nth = 0;
        let to = out.as_mut_ptr();
        for (o, (place, form)) in bound.outs.iter().zip(&code.forms.outs).enumerate() {
            let words = &mut work.table[2 * (n_ports + o)..][..2];
            match (&place.at, form) {
                (_, OutForm::Reduce) => {
                    words[0] = work.scratch[code.once.len() + 8 * nth..].as_mut_ptr() as u64;
                    nth += 1;
                }
                (Address::Affine { base, stride }, _) => {
                    words[0] = to.wrapping_add(*base as usize) as u64;
                    words[1] = (i64::from(*stride) * 8) as u64;
                }
                (Address::Gather(list), _) => {
                    words[0] = to as u64;
                    words[1] = list.as_ptr() as u64;
                }
            }
        }
    }

    /// The table of the last instance alone, behind the other: its second lane repeats the first.
    fn fill_lone(&self, bound: &BoundLoop, work: &mut Work<'_>) {
        let code = &*self.code;
        let (n_words, last) = (code.n_words(), bound.count - 1);
        let cells = code.cells();
        let (table, lone) = work.table.split_at_mut(n_words);
        let (lone, pairs) = lone.split_at_mut(n_words);
        lone.copy_from_slice(table);
        for (p, port) in bound.ports.iter().enumerate() {
            match (code.forms.ports[p], &port.at) {
                (PortForm::Strided, Address::Affine { .. }) => {
                    lone[2 * p] = table[2 * p].wrapping_add(table[2 * p + 1].wrapping_mul(last as u64));
                    lone[2 * p + 1] = 0;
                }
                (PortForm::Gather { of }, Address::Gather(list)) if of as usize == p => {
                    pairs[p] = u64::from(list[last]) << 32 | u64::from(list[last]);
                    lone[2 * p + 1] = (&raw const pairs[p] as u64).wrapping_sub(4 * last as u64);
                }
                _ => {}
            }
        }
        let n_ports = bound.ports.len();
        for o in 0..bound.outs.len() {
            let cell = cells + 2 * o;
            let words = &mut lone[2 * (n_ports + o)..][..2];
            // Adding to -0 changes nothing, not even the sign of a zero.
            work.scratch[cell..cell + 2].fill(-0.0);
            let at = &raw mut work.scratch[cell] as u64;
            match code.forms.outs[o] {
                OutForm::Staged => continue,
                OutForm::Reduce => {
                    // The lane decides which of the eight sums.
                    words[0] = at.wrapping_sub(8 * ((last % BLOCK) & 7) as u64);
                }
                OutForm::Unit { .. } => words[0] = at.wrapping_sub(8 * last as u64),
                OutForm::Strided { .. } => {
                    words[0] = at.wrapping_sub(8 * last as u64);
                    words[1] = 8;
                }
                OutForm::Gather { .. } => {
                    pairs[n_ports + o] = 1 << 32;
                    words[0] = at;
                    words[1] = (&raw const pairs[n_ports + o] as u64).wrapping_sub(4 * last as u64);
                }
            }
        }
    }

    /// Takes the outs of the last instance from their cells.
    fn take_lone(&self, bound: &BoundLoop, work: &mut Work<'_>, out: &mut [f64]) {
        let (code, last) = (&*self.code, bound.count - 1);
        let mut nth = 0;
        for (o, place) in bound.outs.iter().enumerate() {
            let value = work.scratch[code.cells() + 2 * o];
            match code.forms.outs[o] {
                OutForm::Staged => {}
                OutForm::Reduce => {
                    work.scratch[code.once.len() + 8 * nth + ((last % BLOCK) & 7)] += value;
                    nth += 1;
                }
                _ if place.add => out[place.at.at(last)] += value,
                _ => out[place.at.at(last)] = value,
            }
        }
    }

    fn calls(&self, calls: &[Call], n: usize, scratch: &mut [f64]) {
        let Places { slots, stride } = self.code.places;
        for call in calls {
            let row = func::row(call.func);
            let at = |slot: u32| slots + slot as usize * stride;
            // Arguments are older than results, and slots are in order of age.
            if let Some(cosine) = call.cosine {
                let (first, second) = (call.to.min(cosine), call.to.max(cosine));
                let (left, right) = scratch.split_at_mut(at(first));
                let (one, two) = right.split_at_mut(at(second) - at(first));
                let (sin, cos) = if call.to < cosine { (one, two) } else { (two, one) };
                let x = &left[at(call.args[0])..][..n];
                vmath::block::sin_cos(vmath::Level::current(), x, &mut sin[..n], &mut cos[..n]);
                continue;
            }
            let (left, right) = scratch.split_at_mut(at(call.to));
            let of = |slot: &u32| &left[at(*slot)..][..n];
            let to = &mut right[..n];
            match &call.args[..] {
                [a] => row.eval_block(&[of(a)], to),
                [a, b] => row.eval_block(&[of(a), of(b)], to),
                args => row.eval_block(&args.iter().map(of).collect::<Vec<_>>(), to),
            }
        }
    }

    /// Writes what waited in slots, and the sums of the block.
    fn end_block(&self, bound: &BoundLoop, first: usize, n: usize, work: &mut Work<'_>, out: &mut [f64]) {
        let code = &*self.code;
        for &(slot, o) in &code.staged {
            let place = &bound.outs[o as usize];
            let lanes = &mut work.scratch[code.places.slots + slot as usize * code.places.stride..][..n];
            let twice = &place.twice;
            let from = twice.partition_point(|i| (*i as usize) < first);
            for instance in twice[from..].iter().take_while(|i| (**i as usize) < first + n) {
                lanes[*instance as usize - first] *= 2.0;
            }
            if place.reduces() {
                work.sums[o as usize].push(lane_sum(lanes));
            } else {
                scatter(lanes, &place.at, place.add, first, out);
            }
        }
        for (nth, &o) in code.reduces.iter().enumerate() {
            work.sums[o as usize].push(lane_sum(&work.scratch[code.once.len() + 8 * nth..][..8]));
        }
    }
}

/// The greatest slot of `count` instances.
fn last_slot(at: &Address, count: usize) -> usize {
    match at {
        Address::Affine { .. } => at.at(0).max(at.at(count - 1)),
        Address::Gather(list) => list[..count.min(list.len())].iter().max().map_or(0, |s| *s as usize),
    }
}

impl Native for NativeLoop {
    fn scratch(&self) -> usize {
        self.code.cells() + 2 * self.code.forms.outs.len()
    }

    fn table(&self) -> usize {
        2 * self.code.n_words() + self.code.n_words() / 2
    }

    fn once(&self) -> &[Reg] {
        &self.code.once
    }

    fn run(&self, bound: &BoundLoop, buffers: &Buffers<'_>, work: &mut Work<'_>, out: &mut [f64]) {
        let code = &*self.code;
        let lanes = usize::from(code.forms.lanes);
        let n_words = code.n_words();
        let given = [buffers.z, buffers.data, buffers.sigma, buffers.row, buffers.slot, buffers.seed];
        if given.iter().zip(&self.lens).any(|(buffer, len)| buffer.len() <= *len) || out.len() < self.out_len {
            crate::bug!("a buffer is shorter than the code was bound to");
        }
        if work.scratch.len() < self.scratch() || work.table.len() < self.table() {
            crate::bug!("the memory was taken before there was code");
        }
        self.fill_table(bound, buffers, work, out);
        let step = if code.whole { bound.count } else { BLOCK };
        let mut first = 0;
        while first < bound.count {
            let n = (bound.count - first).min(step);
            let lone = n % lanes;
            work.scratch[code.once.len()..][..8 * code.reduces.len()].fill(0.0);
            if lone > 0 {
                self.fill_lone(bound, work);
            }
            let scratch = work.scratch.as_mut_ptr();
            for (entries, calls) in &code.stages {
                for entry in entries {
                    let table = work.table.as_ptr();
                    let args = Args { table, scratch, instance: first, lane: 0, count: n - lone };
                    // SAFETY: `entry` is a function of these pages. Ports were checked against the lengths of their
                    // buffers, which have one number more for the second lane of the last pair, and outs are slots
                    // of `out`; scratch and table have the lengths asked for above.
                    unsafe {
                        if args.count > 0 {
                            self.pages.call(entry.0, args);
                        }
                        if lone > 0 {
                            let (instance, lane) = (first + n - 1, n - 1);
                            let table = table.add(n_words);
                            self.pages.call(entry.0, Args { table, instance, lane, count: lanes, ..args });
                        }
                    }
                }
                self.calls(calls, n, work.scratch);
            }
            if lone > 0 {
                self.take_lone(bound, work, out);
            }
            self.end_block(bound, first, n, work, out);
            first += n;
        }
    }
}
