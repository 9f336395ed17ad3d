//! Native code meets the buffers of a call.
//!
//! Blocks of 256 instances go through all stages, one after the other; loops without calls, sums and staged outs run
//! in one go. Code works on pairs of instances. When their number is odd the last one runs alone, paired with itself:
//! its outs go to cells of the scratch, from which the first lane is taken.
#![allow(unsafe_code)]

use super::clif::Places;
use super::forms::{Forms, NEAR, OutForm, PortForm};
use super::memory::{Args, Pages};
use super::schedule::{Call, Schedule, Stage};
use crate::bind::Address;
use crate::func;
use crate::kernel::exec::{BoundLoop, BoundPort, Buffers, Native, Work, lane_sum};
use crate::kernel::kept::{CallMode, Known};
use crate::kernel::program::{BLOCK, Reg};
use crate::kernel::split::{Late, Share};
use crate::num::vmath;
use std::sync::Arc;

/// Where a function begins, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry(pub usize);

/// The code of one kernel for one form of addresses.
#[derive(Debug)]
pub struct StageCode {
    stages: Vec<(Vec<Entry>, Stage)>,
    forms: Forms,
    once: Vec<Reg>,
    staged: Vec<(u32, u32)>,
    /// Outs that are summed over all instances.
    reduces: Vec<u32>,
    places: Places,
    n_slots: usize,
    /// By port, which of the windows of a lone instance is around its place, for ports that others are read by.
    windows: Vec<u32>,
    n_windows: usize,
    /// Whether all instances can go through at once.
    whole: bool,
}

impl StageCode {
    /// Puts functions and their schedule together.
    pub fn new(stages: Vec<(Vec<Entry>, Stage)>, forms: &Forms, schedule: &Schedule, places: Places) -> Self {
        let reduces: Vec<u32> =
            (0u32..).zip(&forms.outs).filter(|(_, f)| **f == OutForm::Reduce).map(|(k, _)| k).collect();
        let n_parts: usize = stages.iter().map(|(entries, _)| entries.len()).sum();
        let calls = stages.iter().any(|(_, stage)| !stage.calls.is_empty());
        // Code for one instance at a time has no lone one.
        let leads = |(p, form): (u32, &PortForm)| match form {
            PortForm::Unit { of, .. } => forms.lanes > 1 && *of == p,
            _ => false,
        };
        let mut n_windows = 0;
        let windows = (0..).zip(&forms.ports).map(|port| {
            n_windows += u32::from(leads(port));
            n_windows.saturating_sub(1)
        });
        let windows: Vec<u32> = windows.collect();
        Self {
            windows,
            n_windows: n_windows as usize,
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

    /// Where the numbers that a lone instance reads from rows of consecutive ones begin in the scratch.
    fn windows(&self) -> usize {
        self.cells() + 2 * self.forms.outs.len()
    }

    /// Where in the scratch the number of a lone instance stands for a port that others are read by.
    fn window(&self, port: u32) -> usize {
        self.windows() + self.windows[port as usize] as usize * WINDOW + NEAR as usize
    }
}

/// Numbers around the place of a port that others are read by, with one for the second lane.
const WINDOW: usize = 2 * NEAR as usize + 2;

/// The native code of one loop.
pub struct NativeLoop {
    code: Arc<StageCode>,
    pages: Arc<Pages>,
    /// Lengths the buffers have at least.
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
        if !bound.ports.iter().all(inside) || !long {
            return None;
        }
        let mut reads = [0; 6];
        for port in &bound.ports {
            let most = &mut reads[port.source as usize];
            *most = (*most).max(last_slot(&port.at, bound.count) + 1);
        }
        Some(Self { code, pages, lens: reads, out_len })
    }

    /// Writes the addresses of all ports and outs.
    fn fill_table(&self, bound: &BoundLoop, buffers: &Buffers<'_>, work: &mut Work<'_>, out: Target) {
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
        let to = out.at;
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
    fn fill_lone(&self, bound: &BoundLoop, buffers: &Buffers<'_>, work: &mut Work<'_>) {
        let code = &*self.code;
        let (n_words, last) = (code.n_words(), bound.count - 1);
        let cells = code.cells();
        let (table, lone) = work.table.split_at_mut(n_words);
        let (lone, pairs) = lone.split_at_mut(n_words);
        lone.copy_from_slice(table);
        for (p, port) in bound.ports.iter().enumerate() {
            if let PortForm::Unit { of, delta } = code.forms.ports[p] {
                // Neighbours share a window around the place of the port they go by.
                let window = code.window(of).wrapping_add_signed(isize::from(delta));
                work.scratch[window] = buffers.get(port.source)[port.at.at(last)];
            }
            match (code.forms.ports[p], &port.at) {
                (PortForm::Strided, Address::Affine { .. }) => {
                    lone[2 * p] = table[2 * p].wrapping_add(table[2 * p + 1].wrapping_mul(last as u64));
                    lone[2 * p + 1] = 0;
                }
                (PortForm::Unit { of, .. }, _) if of as usize == p => {
                    let at = &raw mut work.scratch[code.window(of)] as u64;
                    lone[2 * p] = at.wrapping_sub(8 * last as u64);
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

    /// Takes the outs of the last instance from their cells, to the lanes where the block is split.
    ///
    /// # Safety
    /// As [`NativeLoop::blocks`].
    unsafe fn take_lone(&self, at: Block<'_>, work: &mut Work<'_>, split: bool) {
        let (code, last) = (&*self.code, at.bound.count - 1);
        let mut nth = 0;
        for (o, place) in at.bound.outs.iter().enumerate() {
            let value = work.scratch[code.cells() + 2 * o];
            match code.forms.outs[o] {
                OutForm::Staged => {}
                OutForm::Reduce => {
                    work.scratch[code.once.len() + 8 * nth + ((last % BLOCK) & 7)] += value;
                    nth += 1;
                }
                _ if split && at.waits(o as u32) => work.scratch[self.lanes(o) + last % BLOCK] = value,
                _ => {
                    // SAFETY: nothing of this out waits in this block, so the slot is this thread's.
                    let to = unsafe { at.to.slot(place.at.at(last)) };
                    *to = if place.add { *to + value } else { value };
                }
            }
        }
    }

    /// The table of a block of which some values wait: their outs go to lanes of their own.
    fn fill_split(&self, first: usize, late: &[Late], work: &mut Work<'_>) {
        let code = &*self.code;
        let n_words = code.n_words();
        let (table, rest) = work.table.split_at_mut(n_words);
        let (split, identity) = rest[n_words + n_words / 2..].split_at_mut(n_words);
        split.copy_from_slice(table);
        for (k, pair) in (0..BLOCK as u64 / 2).zip(identity.iter_mut()) {
            *pair = (2 * k + 1) << 32 | (2 * k);
        }
        let list = (identity.as_ptr() as u64).wrapping_sub(4 * first as u64);
        let n_ports = code.forms.ports.len();
        for o in late.iter().map(|late| late.out as usize) {
            let words = &mut split[2 * (n_ports + o)..][..2];
            let lanes = &mut work.scratch[self.lanes(o)..][..BLOCK];
            let at = lanes.as_mut_ptr() as u64;
            match code.forms.outs[o] {
                OutForm::Staged | OutForm::Reduce => continue,
                OutForm::Unit { .. } => words[0] = at.wrapping_sub(8 * first as u64),
                OutForm::Strided { .. } => {
                    words[0] = at.wrapping_sub(8 * first as u64);
                    words[1] = 8;
                }
                OutForm::Gather { .. } => {
                    words[0] = at;
                    words[1] = list;
                }
            }
            // Adding to -0 changes nothing, not even the sign of a zero.
            lanes.fill(-0.0);
        }
    }

    /// Where the lanes of an out begin in the scratch while a block is split.
    fn lanes(&self, out: usize) -> usize {
        self.scratch() + out * BLOCK
    }

    /// Numbers in the scratch when blocks may be split.
    pub fn split_scratch(&self) -> usize {
        self.lanes(self.code.forms.outs.len())
    }

    /// Words in the table when blocks may be split.
    pub fn split_table(&self) -> usize {
        self.table() + self.code.n_words() + BLOCK / 2
    }

    /// Makes the calls of a stage for `n` instances from `first` on, or copies what is known of them.
    ///
    /// # Safety
    /// As [`NativeLoop::blocks`].
    unsafe fn calls(&self, of: Block<'_>, calls: &[Call], first: usize, n: usize, scratch: &mut [f64]) {
        let Places { slots, stride } = self.code.places;
        let at = |slot: u32| slots + slot as usize * stride;
        for call in calls {
            if of.is_known(call, first) {
                // SAFETY: what is known is only read.
                unsafe { of.each_result(call, first, |slot, mode| of.recall(mode, &mut scratch[at(slot)..][..n])) };
                continue;
            }
            self.make(call, n, scratch);
            // SAFETY: this loop keeps the results, and the block is this thread's.
            unsafe { of.each_result(call, first, |slot, mode| of.keep(mode, &scratch[at(slot)..][..n])) };
        }
    }

    fn make(&self, call: &Call, n: usize, scratch: &mut [f64]) {
        let Places { slots, stride } = self.code.places;
        let at = |slot: u32| slots + slot as usize * stride;
        // Arguments are older than results, and slots are in order of age.
        if let Some((cosine, _)) = call.cosine {
            let (first, second) = (call.to.min(cosine), call.to.max(cosine));
            let (left, right) = scratch.split_at_mut(at(first));
            let (one, two) = right.split_at_mut(at(second) - at(first));
            let (sin, cos) = if call.to < cosine { (one, two) } else { (two, one) };
            let x = &left[at(call.args[0])..][..n];
            vmath::block::sin_cos(vmath::Level::current(), x, &mut sin[..n], &mut cos[..n]);
            return;
        }
        let row = func::row(call.func);
        let (left, right) = scratch.split_at_mut(at(call.to));
        let of = |slot: &u32| &left[at(*slot)..][..n];
        let to = &mut right[..n];
        match &call.args[..] {
            [a] => row.eval_block(&[of(a)], to),
            [a, b] => row.eval_block(&[of(a), of(b)], to),
            args => row.eval_block(&args.iter().map(of).collect::<Vec<_>>(), to),
        }
    }

    /// Writes what waited in slots, and the sums of the block.
    ///
    /// # Safety
    /// As [`NativeLoop::blocks`].
    unsafe fn end_block(&self, at: Block<'_>, first: usize, n: usize, work: &mut Work<'_>, split: bool) {
        let (code, bound) = (&*self.code, at.bound);
        let sum = |work: &mut Work<'_>, o: u32, sum: f64| match at.shared {
            None => work.sums[o as usize].push(sum),
            // SAFETY: the sums of this loop begin there, one for each block, and this block is this thread's.
            Some(shared) => unsafe { *shared.sums.add(shared.share.sums[o as usize] + first / BLOCK) = sum },
        };
        for &(slot, o) in &code.staged {
            let place = &bound.outs[o as usize];
            let lanes = &mut work.scratch[code.places.slots + slot as usize * code.places.stride..][..n];
            let twice = &place.twice;
            let from = twice.partition_point(|i| (*i as usize) < first);
            for instance in twice[from..].iter().take_while(|i| (**i as usize) < first + n) {
                lanes[*instance as usize - first] *= 2.0;
            }
            if place.reduces() {
                let total = lane_sum(lanes);
                sum(work, o, total);
            } else {
                // SAFETY: as promised to this function.
                unsafe { at.write(o, lanes, first) };
            }
        }
        for (nth, &o) in code.reduces.iter().enumerate() {
            let total = lane_sum(&work.scratch[code.once.len() + 8 * nth..][..8]);
            sum(work, o, total);
        }
        if split {
            for o in at.late.iter().map(|late| late.out as usize) {
                if code.forms.outs[o] != OutForm::Staged {
                    let lanes = &mut work.scratch[self.lanes(o)..][..n];
                    // SAFETY: as promised to this function.
                    unsafe { at.write(o as u32, lanes, first) };
                }
            }
        }
    }
}

/// Memory that several threads write to, at different places.
#[derive(Clone, Copy)]
pub struct Target {
    at: *mut f64,
    len: usize,
}

impl Target {
    /// All of `out`.
    pub fn new(out: &mut [f64]) -> Self {
        Self { at: out.as_mut_ptr(), len: out.len() }
    }

    /// A part of it.
    pub fn part(self, range: std::ops::Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len, "a part is inside");
        // SAFETY: inside.
        Self { at: unsafe { self.at.add(range.start) }, len: range.len() }
    }

    /// The numbers of a range.
    ///
    /// # Safety
    /// Nobody else has the numbers of this range while they are borrowed.
    pub unsafe fn range<'a>(self, range: std::ops::Range<usize>) -> &'a mut [f64] {
        assert!(range.start <= range.end && range.end <= self.len, "slots are inside the output");
        // SAFETY: inside; nobody else has them.
        unsafe { std::slice::from_raw_parts_mut(self.at.add(range.start), range.len()) }
    }

    /// The numbers of a range, to be read.
    ///
    /// # Safety
    /// Nobody writes them while they are borrowed.
    pub(super) unsafe fn read<'a>(self, range: std::ops::Range<usize>) -> &'a [f64] {
        assert!(range.start <= range.end && range.end <= self.len, "slots are inside the output");
        // SAFETY: inside; nobody writes.
        unsafe { std::slice::from_raw_parts(self.at.add(range.start), range.len()) }
    }

    /// One number.
    ///
    /// # Safety
    /// As [`Target::range`].
    pub(super) unsafe fn slot<'a>(self, slot: usize) -> &'a mut f64 {
        assert!(slot < self.len, "slots are inside the output");
        // SAFETY: inside; nobody else has it.
        unsafe { &mut *self.at.add(slot) }
    }

    /// As [`scatter`](crate::kernel::exec::scatter).
    ///
    /// # Safety
    /// As [`Target::range`], of all slots.
    unsafe fn scatter(self, lanes: &[f64], at: &Address, add: bool, first: usize) {
        match at {
            Address::Affine { base, stride: 1 } => {
                let from = *base as usize + first;
                // SAFETY: as promised to this function.
                let to = unsafe { self.range(from..from + lanes.len()) };
                if add {
                    to.iter_mut().zip(lanes).for_each(|(to, v)| *to += v);
                } else {
                    to.copy_from_slice(lanes);
                }
            }
            Address::Affine { stride, .. } => {
                let mut slot = at.at(first);
                for v in lanes {
                    // SAFETY: as promised to this function.
                    let to = unsafe { self.slot(slot) };
                    *to = if add { *to + v } else { *v };
                    slot = slot.wrapping_add_signed(*stride as isize);
                }
            }
            // SAFETY: as promised to this function.
            Address::Gather(slots) => unsafe { self.listed(lanes, &slots[first..], add) },
        }
    }

    /// # Safety
    /// As [`Target::range`], of all slots.
    unsafe fn listed(self, lanes: &[f64], slots: &[u32], add: bool) {
        for (v, slot) in lanes.iter().zip(slots) {
            // SAFETY: as promised to this function.
            let to = unsafe { self.slot(*slot as usize) };
            *to = if add { *to + v } else { *v };
        }
    }
}

/// What a chunk does of a loop, and where what waits goes.
#[derive(Clone, Copy)]
pub struct Shared<'a> {
    /// What it does.
    pub share: &'a Share,
    /// Cells of what waits.
    pub cells: *mut f64,
    /// Sums of blocks.
    pub sums: *mut f64,
    /// Which calls had been made when the chunks began.
    pub known: Known<'a>,
    /// Their results.
    pub kept: Target,
}

/// A loop on its way through the blocks.
#[derive(Clone, Copy)]
struct Block<'a> {
    bound: &'a BoundLoop,
    to: Target,
    shared: Option<Shared<'a>>,
    /// What waits of the block.
    late: &'a [Late],
    known: Known<'a>,
    kept: Target,
}

impl Block<'_> {
    /// Whether there is nothing to compute for a call.
    fn is_known(self, call: &Call, first: usize) -> bool {
        let copies = |nth: u32| matches!(self.known.mode(self.bound, nth as usize, first), CallMode::Copy(_));
        copies(call.nth) && call.cosine.is_none_or(|(_, nth)| copies(nth))
    }

    /// The slots of the results of a call, each with what becomes of it.
    fn each_result(self, call: &Call, first: usize, mut each: impl FnMut(u32, CallMode)) {
        for (slot, nth) in [(call.to, call.nth)].into_iter().chain(call.cosine) {
            each(slot, self.known.mode(self.bound, nth as usize, first));
        }
    }

    /// # Safety
    /// Nobody keeps results of this call while they are copied.
    unsafe fn recall(self, mode: CallMode, to: &mut [f64]) {
        if let CallMode::Copy(place) = mode {
            // SAFETY: as promised to this function.
            to.copy_from_slice(unsafe { self.kept.read(place..place + to.len()) });
        }
    }

    /// # Safety
    /// The block is this thread's.
    unsafe fn keep(self, mode: CallMode, results: &[f64]) {
        if let CallMode::Keep(place) = mode {
            // SAFETY: one loop keeps results of the call, and each instance is in one block.
            unsafe { self.kept.range(place..place + results.len()) }.copy_from_slice(results);
        }
    }

    /// Whether values of an out wait in the block.
    fn waits(self, o: u32) -> bool {
        self.late.iter().any(|late| late.out == o)
    }

    /// Gives the values of an out in a block to their slots, those that wait to their cells.
    ///
    /// # Safety
    /// As [`NativeLoop::blocks`].
    unsafe fn write(self, o: u32, lanes: &mut [f64], first: usize) {
        let place = &self.bound.outs[o as usize];
        let late = self.late.iter().find(|late| late.out == o);
        let late = self.shared.and_then(|shared| Some((shared, late?)));
        let Some((Shared { share, cells, .. }, late)) = late else {
            // SAFETY: the slots are this thread's.
            return unsafe { self.to.scatter(lanes, &place.at, place.add, first) };
        };
        let waiting = &share.lanes[late.lanes.clone()];
        for (lane, cell) in waiting.iter().zip(late.cell..) {
            // SAFETY: the cell is that of this value.
            unsafe { *cells.add(cell) = lanes[*lane as usize] };
        }
        if waiting.len() == lanes.len() {
            return;
        }
        let list = &share.lists[o as usize];
        if list.is_empty() && waiting.len() * 16 > lanes.len() {
            let mut next = waiting.iter().peekable();
            for (lane, v) in lanes.iter().enumerate() {
                if next.next_if(|waits| **waits as usize == lane).is_none() {
                    // SAFETY: the slot is this thread's.
                    let to = unsafe { self.to.slot(place.at.at(first + lane)) };
                    *to = if place.add { *to + v } else { *v };
                }
            }
        } else if list.is_empty() {
            let mut from = 0;
            for end in waiting.iter().map(|lane| *lane as usize).chain([lanes.len()]) {
                // SAFETY: the slots are this thread's.
                unsafe { self.to.scatter(&lanes[from..end], &place.at, place.add, first + from) };
                from = end + 1;
            }
        } else {
            // In the list they have a slot of this thread, which adding -0 does not change.
            waiting.iter().for_each(|lane| lanes[*lane as usize] = -0.0);
            // SAFETY: the slots are this thread's.
            unsafe { self.to.listed(lanes, &list[first - share.range.start..], place.add) };
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
        self.code.windows() + self.code.n_windows * WINDOW
    }

    fn table(&self) -> usize {
        2 * self.code.n_words() + self.code.n_words() / 2
    }

    fn once(&self) -> &[Reg] {
        &self.code.once
    }

    fn run(&self, bound: &BoundLoop, buffers: &Buffers<'_>, work: &mut Work<'_>, out: &mut [f64]) {
        let (known, kept) = (work.known, Target::new(work.kept));
        let at = Block { bound, to: Target::new(out), shared: None, late: &[], known, kept };
        // SAFETY: `out` is borrowed by this thread alone.
        unsafe { self.blocks(at, 0..bound.count, buffers, work) };
    }
}

impl NativeLoop {
    /// Runs a share of the instances of `bound`.
    ///
    /// # Safety
    /// `share` is of a [`Split`](crate::kernel::split::Split) of a list of loops with `bound` in it, whose outs have
    /// stayed as they are, for buffers as long as `to`; no other thread runs the same share, and all others that have
    /// `to` at the same time run shares of that split. `shared` has the cells and sums that the split asks for.
    pub unsafe fn run_share(
        &self,
        bound: &BoundLoop,
        buffers: &Buffers<'_>,
        work: &mut Work<'_>,
        to: Target,
        shared: Shared<'_>,
    ) {
        if work.scratch.len() < self.split_scratch() || work.table.len() < self.split_table() {
            crate::bug!("the memory was taken before there were threads");
        }
        let Shared { known, kept, .. } = shared;
        let at = Block { bound, to, shared: Some(shared), late: &[], known, kept };
        // SAFETY: what does not wait are slots that no other chunk of the split writes to.
        unsafe { self.blocks(at, shared.share.range.clone(), buffers, work) };
    }

    /// Runs a range of instances that begins with a block.
    ///
    /// # Safety
    /// No other thread has the slots of those values of the range that do not wait.
    unsafe fn blocks(&self, at: Block<'_>, range: std::ops::Range<usize>, buffers: &Buffers<'_>, work: &mut Work<'_>) {
        let (code, bound) = (&*self.code, at.bound);
        let given = [buffers.z, buffers.data, buffers.sigma, buffers.row, buffers.slot, buffers.seed];
        if given.iter().zip(&self.lens).any(|(buffer, len)| buffer.len() < *len) || at.to.len < self.out_len {
            crate::bug!("a buffer is shorter than the code was bound to");
        }
        if work.scratch.len() < self.scratch() || work.table.len() < self.table() {
            crate::bug!("the memory was taken before there was code");
        }
        self.fill_table(bound, buffers, work, at.to);
        let mut waiting = at.shared.map_or(&[][..], |shared| &shared.share.late);
        let mut first = range.start;
        while first < range.end {
            let here = waiting.iter().take_while(|late| late.block == first / BLOCK).count();
            let late;
            (late, waiting) = waiting.split_at(here);
            let next = waiting.first().map_or(range.end, |late| late.block * BLOCK);
            let most = if code.whole && late.is_empty() { next } else { first + BLOCK };
            let n = range.end.min(most) - first;
            let split = late.iter().any(|late| code.forms.outs[late.out as usize] != OutForm::Staged);
            // SAFETY: as promised to this function.
            unsafe { self.block(Block { late, ..at }, first, n, buffers, work, split) };
            first += n;
        }
    }

    /// Runs the instances of one block, or all of several where code is one function.
    ///
    /// # Safety
    /// As [`NativeLoop::blocks`].
    unsafe fn block(
        &self,
        at: Block<'_>,
        first: usize,
        n: usize,
        buffers: &Buffers<'_>,
        work: &mut Work<'_>,
        split: bool,
    ) {
        let code = &*self.code;
        let n_words = code.n_words();
        let lanes = usize::from(code.forms.lanes);
        let lone = n % lanes;
        work.scratch[code.once.len()..][..8 * code.reduces.len()].fill(0.0);
        if lone > 0 {
            self.fill_lone(at.bound, buffers, work);
        }
        if split {
            self.fill_split(first, at.late, work);
        }
        let (lone_table, split_table) = (n_words, 2 * n_words + n_words / 2);
        let scratch = work.scratch.as_mut_ptr();
        for (entries, stage) in &code.stages {
            // Arguments are not needed where all results are known.
            let skips = stage.serves_calls && stage.calls.iter().all(|call| at.is_known(call, first));
            for entry in entries.iter().filter(|_| !skips) {
                let table = work.table.as_ptr();
                // SAFETY: the table of a split block lies behind the others.
                let own = if split { unsafe { table.add(split_table) } } else { table };
                let args = Args { table: own, scratch, instance: first, lane: 0, count: n - lone };
                // SAFETY: `entry` is a function of these pages. Buffers are as long as what ports read, and a lone
                // instance reads from windows of the scratch; outs are slots of `out` that are this thread's, or
                // lanes and cells of the scratch; scratch and table have the lengths asked for.
                unsafe {
                    if args.count > 0 {
                        self.pages.call(entry.0, args);
                    }
                    if lone > 0 {
                        let (instance, lane) = (first + n - 1, n - 1);
                        let table = table.add(lone_table);
                        self.pages.call(entry.0, Args { table, instance, lane, count: lanes, ..args });
                    }
                }
            }
            // SAFETY: as promised to this function.
            unsafe { self.calls(at, &stage.calls, first, n, work.scratch) };
        }
        // SAFETY: as promised to this function.
        unsafe {
            if lone > 0 {
                self.take_lone(at, work, split);
            }
            self.end_block(at, first, n, work, split);
        }
    }
}
