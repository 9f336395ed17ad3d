//! Loops cut into shares that run at the same time.
//!
//! Takes the loops of a part in order; gives each chunk a range of whole blocks of every loop. Sums must come out as if
//! one thread had run all loops, one after the other, so the order in which a slot is visited is kept: the chunk that
//! comes to a slot first writes there; from the first visit of another chunk on, values for that slot *wait*, each in a
//! cell of its own, and are added when all chunks are done, in the order of the loops, blocks, outs and instances.
//! Reductions over instances wait as sums of blocks. The cut is thus free: bits do not depend on it.
//!
//! Where many lines of the cache would be written by several chunks and go to and fro between processors (false sharing),
//! only the first chunk writes to the slots themselves. The others have private copies ([`Aside`]), which are added when
//! all are done; each slot is still one chunk's, so that this is a sum with -0, which changes nothing.
//!
//! Invariant: no two chunks write to one slot. [`Split::writers`] says so for tests; native code rests on it.
//! Deliberately absent: threads.

use super::exec::{BoundLoop, BoundOut};
use super::program::{BLOCK, Kernel, Op};
use crate::bind::Address;
use std::ops::Range;

/// A loop with its kernel.
pub type Pair<'a> = (&'a Kernel, &'a BoundLoop);

/// Values of one out in one block that wait.
#[derive(Clone, Debug)]
pub struct Late {
    /// Which block of the loop.
    pub block: usize,
    /// Which out.
    pub out: u32,
    /// Their lanes: a range of [`Share::lanes`].
    pub lanes: Range<usize>,
    /// The cell of the first; the others follow.
    pub cell: usize,
}

/// Some blocks of a loop.
#[derive(Clone, Debug)]
pub struct Share {
    /// Which loop.
    pub at: usize,
    /// The instances: whole blocks, but for the end of the loop.
    pub range: Range<usize>,
    /// What waits, by block; within a block in the order in which the kernel stores.
    pub late: Vec<Late>,
    /// Lanes of what waits.
    pub lanes: Vec<u32>,
    /// By out, the slots of the instances of the range where some of them wait: those that wait have in place of their
    /// slot one of the same block that does not. Empty for outs where none waits, or without a list.
    pub lists: Vec<Box<[u32]>>,
    /// Where the sums of the blocks of the whole loop begin, for each out that is summed over instances.
    pub sums: Vec<usize>,
}

/// What happens after all chunks, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Adds a cell to a slot.
    Add {
        /// The slot.
        slot: u32,
        /// The cell.
        cell: u32,
    },
    /// Adds the sum over all blocks to a slot, or stores it.
    Total {
        /// The slot.
        slot: u32,
        /// Entry of [`Split::totals`].
        total: u32,
    },
}

/// A sum over all instances of a loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Total {
    /// Where the sums of the blocks begin.
    pub first: usize,
    /// How many there are.
    pub n_blocks: usize,
    /// Whether the slot holds something already.
    pub add: bool,
}

/// All loops of a part, cut.
#[derive(Clone, Debug, Default)]
pub struct Split {
    /// By chunk, its share of each loop that it has one of.
    pub chunks: Vec<Vec<Share>>,
    /// By section of the slots: what happens there at the end.
    pub acts: Vec<Vec<Act>>,
    /// The sections, each as ranges: together they are all slots. Section `k` has the lines of the cache that chunk `k`
    /// writes to most, so that what a thread has in its cache is reset and looked at by that thread.
    pub sections: Vec<Vec<Range<usize>>>,
    /// Sums over instances.
    pub totals: Vec<Total>,
    /// Number of cells.
    pub n_cells: usize,
    /// Number of sums of blocks.
    pub n_sums: usize,
    /// What chunks write in memory of their own, if they do.
    pub aside: Option<Aside>,
}

/// Which slots chunks but the first write in memory of their own, each as long as the buffer.
#[derive(Clone, Debug, Default)]
pub struct Aside {
    /// By chunk, the ranges that are set to -0 before; none for the first.
    pub fills: Vec<Vec<Range<usize>>>,
    /// By section, the ranges that are set to -0 before, and to which at the end what this chunk wrote there is added.
    pub merges: Vec<Vec<(usize, Range<usize>)>>,
    /// By section, slots that chunks store to aside and that are in a range which is cleared: they are set to -0 again.
    pub bare: Vec<Vec<Range<usize>>>,
}

/// What happens to the buffer before loops run.
#[derive(Clone, Copy, Default)]
pub struct Before<'a> {
    /// Loops whose values are in it already, the same at every point.
    pub fixed: &'a [&'a BoundLoop],
    /// What is cleared or set to such values.
    pub clear: &'a [Range<u32>],
}

/// Chunks write aside when at least one in so many of the lines that are written has several writers.
const MIXED: usize = 10;
/// Numbers in the memory of all chunks together.
const MOST_ASIDE: usize = 1 << 24;

/// Nobody was there.
const NOBODY: u8 = 0;
/// Several chunks were there, or a sum over instances.
const MANY: u8 = u8::MAX;

/// Most chunks.
pub const MAX_CHUNKS: usize = 64;

impl Split {
    /// Cuts `loops`, which write to a buffer of `len` numbers, into `n` chunks; nothing where that cannot be.
    pub fn new(loops: &[Pair<'_>], before: Before<'_>, len: usize, n: usize) -> Option<Self> {
        let n = n.clamp(1, MAX_CHUNKS);
        let ranges = ranges(loops, n);
        let (mut hulls, total) = hulls(loops, &ranges, n)?;
        if total > len || len >= u32::MAX as usize {
            return None;
        }
        let lines = Lines::new(loops, &ranges, len);
        let mut split = Self { chunks: vec![Vec::new(); n], ..Self::default() };
        let owner = lines.owners(n);
        split.sections = sections(&owner, len, n);
        split.acts = vec![Vec::new(); n];
        split.aside = lines.aside(&owner, len, n);
        let fixed = if split.aside.is_some() { before.fixed } else { &[] };
        let mut slots = Vec::new();
        for bound in fixed {
            bound.outs.iter().for_each(|out| out.at.each(bound.count, |_, slot| slots.push(slot)));
        }
        // They are the first chunk's, wherever others come to them.
        hulls.extend(runs(slots).into_iter().flat_map(|run| [run.clone(), run]));
        let total = hulls.iter().map(|hull| hull.end).max().unwrap_or(0);
        if total > len {
            return None;
        }
        let mut state = State { visitor: vec![NOBODY; total], disputed: disputed(hulls), owner };
        for bound in fixed {
            let visitor = &mut state.visitor;
            bound.outs.iter().for_each(|out| out.at.each(bound.count, |_, slot| visitor[slot as usize] = 1));
        }
        let cut = loops.iter().zip(ranges).enumerate().filter(|(_, ((_, bound), _))| bound.count > 0);
        for (at, ((kernel, bound), ranges)) in cut {
            split.add(&mut state, at, kernel, bound, ranges)?;
        }
        split.bare(loops, before.clear, &state);
        Some(split)
    }

    /// Finds slots that chunks store to aside and that are cleared all the same: 0 is not -0.
    fn bare(&mut self, loops: &[Pair<'_>], clear: &[Range<u32>], state: &State) {
        let Some(aside) = &mut self.aside else { return };
        let mut bare = Vec::new();
        for share in self.chunks[1..].iter().flatten() {
            for out in loops[share.at].1.outs.iter().filter(|out| !out.add && !out.reduces()) {
                let stored = share.range.clone().map(|k| out.at.at(k) as u32);
                bare.extend(stored.filter(|slot| {
                    let after = clear.partition_point(|range| range.start <= *slot);
                    after > 0 && clear[after - 1].end > *slot
                }));
            }
        }
        for range in runs(bare) {
            // Neighbours may be in other sections.
            let mut from = range.start;
            while from < range.end {
                let end = range.end.min((from / LINE + 1) * LINE);
                let list = &mut aside.bare[state.section(from)];
                match list.last_mut() {
                    Some(last) if last.end == from => last.end = end,
                    _ => list.push(from..end),
                }
                from = end;
            }
        }
    }

    /// The shares of one loop.
    fn add(
        &mut self,
        state: &mut State,
        at: usize,
        kernel: &Kernel,
        bound: &BoundLoop,
        ranges: Vec<Range<usize>>,
    ) -> Option<()> {
        let order = stores(kernel);
        let n_blocks = bound.count.div_ceil(BLOCK);
        let mut sums = vec![usize::MAX; bound.outs.len()];
        for &o in order.iter().filter(|o| bound.outs[**o as usize].reduces()) {
            sums[o as usize] = self.n_sums;
            self.n_sums += n_blocks;
        }
        for (chunk, range) in ranges.into_iter().enumerate().filter(|(_, range)| !range.is_empty()) {
            let mut share = Share {
                at,
                range,
                late: vec![],
                lanes: vec![],
                lists: vec![Box::default(); order.len()],
                sums: vec![],
            };
            state.visit(chunk, &order, bound, &mut share, self)?;
            share.sums.clone_from(&sums);
            self.chunks[chunk].push(share);
        }
        for (out, first) in bound.outs.iter().zip(&sums).filter(|(_, first)| **first != usize::MAX) {
            let slot = out.at.at(0) as u32;
            state.visitor[slot as usize] = MANY;
            self.totals.push(Total { first: *first, n_blocks, add: out.add });
            let total = self.totals.len() as u32 - 1;
            self.acts[state.section(slot as usize)].push(Act::Total { slot, total });
        }
        Some(())
    }

    /// By slot, the chunk that writes there before the end (0 for none, else one more than its number); a slot that two
    /// chunks write to is the error.
    ///
    /// # Errors
    /// The slot.
    pub fn writers(&self, loops: &[Pair<'_>], len: usize) -> Result<Vec<u8>, usize> {
        let mut writers = vec![0; len];
        for (me, shares) in (1..).zip(&self.chunks) {
            for share in shares {
                for (o, out) in loops[share.at].1.outs.iter().enumerate().filter(|(_, out)| !out.reduces()) {
                    for k in share.range.clone().filter(|k| !share.waits(o as u32, *k)) {
                        let slot = out.at.at(k);
                        if !matches!(writers[slot], w if w == 0 || w == me) {
                            return Err(slot);
                        }
                        writers[slot] = me;
                    }
                }
            }
        }
        Ok(writers)
    }
}

impl Share {
    /// What waits of an out in a block.
    pub fn late_of(&self, block: usize, out: u32) -> Option<&Late> {
        let from = self.late.partition_point(|late| late.block < block);
        self.late[from..].iter().take_while(|late| late.block == block).find(|late| late.out == out)
    }

    /// Whether the value of an out waits at an instance.
    pub fn waits(&self, out: u32, instance: usize) -> bool {
        let lane = (instance % BLOCK) as u32;
        let late = self.late_of(instance / BLOCK, out);
        late.is_some_and(|late| self.lanes[late.lanes.clone()].binary_search(&lane).is_ok())
    }
}

/// Outs in the order in which the kernel stores them.
fn stores(kernel: &Kernel) -> Vec<u32> {
    let out = |op: &Op| match op {
        Op::Store { out, .. } => Some(*out),
        _ => None,
    };
    kernel.body.iter().filter_map(out).collect()
}

/// What an instance costs, roughly, in units of a hundredth of a nanosecond.
pub fn cost(kernel: &Kernel, bound: &BoundLoop) -> usize {
    use crate::func::{Lower, row};
    let op = |op: &Op| match op {
        Op::Call { func, .. } if matches!(row(*func).lower, Lower::Call) => 120,
        Op::Load { .. } => 15,
        Op::Store { out, .. } if bound.outs[*out as usize].shared => 90,
        Op::Store { .. } => 30,
        Op::Div { .. } => 40,
        _ => 12,
    };
    20 + kernel.body.iter().map(op).sum::<usize>()
}

/// Loops of fewer blocks go to one chunk as a whole.
const FEW: usize = 1;

/// By loop and chunk, the instances: chunks have about the same work.
fn ranges(loops: &[Pair<'_>], n: usize) -> Vec<Vec<Range<usize>>> {
    let mut load = vec![0_usize; n];
    let mut ranges = vec![vec![0..0; n]; loops.len()];
    let mut order: Vec<usize> = (0..loops.len()).collect();
    let work = |k: &usize| loops[*k].1.count * cost(loops[*k].0, loops[*k].1);
    // The long ones last: they make even what the others left.
    order.sort_by_key(|k| (loops[*k].1.count.div_ceil(BLOCK) >= FEW * n, work(k)));
    for k in order {
        let (kernel, bound) = loops[k];
        let n_blocks = bound.count.div_ceil(BLOCK);
        if n_blocks < FEW * n {
            // Slots of short loops come last, mostly: the last chunk is the one that knows them.
            let least = (0..n).rev().min_by_key(|t| load[*t]).unwrap_or(0);
            ranges[k][least] = 0..bound.count;
            load[least] += work(&k);
            continue;
        }
        let each = (load.iter().sum::<usize>() + work(&k)) / n;
        let block = BLOCK * cost(kernel, bound);
        let (mut first, mut owed) = (0, 0.0);
        for t in 0..n {
            owed += each.saturating_sub(load[t]) as f64 / block as f64;
            let end = if t + 1 == n { n_blocks } else { (owed.round() as usize).clamp(first, n_blocks) };
            ranges[k][t] = (first * BLOCK).min(bound.count)..(end * BLOCK).min(bound.count);
            load[t] += (end - first) * block;
            first = end;
        }
    }
    ranges
}

/// Slots of a line of the cache, where a buffer begins with one.
const LINE: usize = 8;

/// Slots as ranges, ascending.
fn runs(mut slots: Vec<u32>) -> Vec<Range<usize>> {
    slots.sort_unstable();
    let mut runs: Vec<Range<usize>> = Vec::new();
    for slot in slots.into_iter().map(|slot| slot as usize) {
        match runs.last_mut() {
            Some(last) if last.end >= slot => last.end = slot + 1,
            _ => runs.push(slot..slot + 1),
        }
    }
    runs
}

/// Pieces of a section, about: each takes some time of its own.
const PIECES: usize = 32;

/// Who writes to the lines of the cache.
struct Lines {
    /// The chunk that writes there most, where one does more than all others together, else one of them, and by how
    /// much it leads (Boyer and Moore, MJRTY, 1991).
    votes: Vec<(u8, u32)>,
    /// All chunks that come there, a bit each.
    who: Vec<u64>,
}

impl Lines {
    fn new(loops: &[Pair<'_>], ranges: &[Vec<Range<usize>>], len: usize) -> Self {
        let n_lines = len.div_ceil(LINE).max(1);
        let mut lines = Self { votes: vec![(0, 0); n_lines], who: vec![0; n_lines] };
        for ((_, bound), ranges) in loops.iter().zip(ranges) {
            for out in bound.outs.iter().filter(|out| !out.reduces()) {
                for (chunk, range) in (0..).zip(ranges) {
                    match &out.at {
                        Address::Gather(list) => {
                            list[range.clone()].iter().for_each(|slot| lines.vote(*slot as usize, chunk, 1));
                        }
                        Address::Affine { stride, .. } => {
                            // One of those that fall into a line speaks for all.
                            let step = (LINE / stride.unsigned_abs().max(1) as usize).max(1);
                            let some = range.clone().step_by(step);
                            some.for_each(|k| lines.vote(out.at.at(k), chunk, step as u32));
                            // The last ones may stand in a line of their own.
                            if let Some(last) = range.clone().last() {
                                lines.vote(out.at.at(last), chunk, 1);
                            }
                        }
                    }
                }
            }
        }
        lines
    }

    fn vote(&mut self, slot: usize, chunk: u8, count: u32) {
        let line = slot / LINE;
        self.who[line] |= 1 << chunk;
        let (leader, lead) = &mut self.votes[line];
        if *leader == chunk || *lead == 0 {
            (*leader, *lead) = (chunk, *lead + count);
        } else if *lead >= count {
            *lead -= count;
        } else {
            (*leader, *lead) = (chunk, count - *lead);
        }
    }

    /// By line, whose it is: in groups of neighbours, as small as they can be with few changes from one to the next.
    fn owners(&self, n: usize) -> Vec<u8> {
        let mut group = 1;
        loop {
            let owner = self.owners_by(group, n);
            let changes = owner.windows(2).filter(|pair| pair[0] != pair[1]).count();
            if changes <= PIECES * n || group >= owner.len() {
                return owner;
            }
            group *= 2;
        }
    }

    /// By line, who writes most to its group of neighbours. One where nobody writes goes with the one before it.
    fn owners_by(&self, group: usize, n: usize) -> Vec<u8> {
        let mut owner = Vec::with_capacity(self.votes.len());
        let (mut last, mut weights) = (0, vec![0_u64; n]);
        for votes in self.votes.chunks(group) {
            weights.fill(0);
            votes.iter().for_each(|(leader, lead)| weights[usize::from(*leader)] += u64::from(*lead));
            // Of equals the first.
            let most = (0..n).rev().max_by_key(|chunk| weights[*chunk]).unwrap_or(0);
            last = if weights[most] > 0 { most as u8 } else { last };
            owner.extend(std::iter::repeat_n(last, votes.len()));
        }
        owner
    }

    /// What chunks write aside, where that is worth it.
    fn aside(&self, owner: &[u8], len: usize, n: usize) -> Option<Aside> {
        let mixed = self.who.iter().filter(|who| who.count_ones() > 1).count();
        let written = self.who.iter().filter(|who| **who != 0).count();
        if mixed == 0 || mixed * MIXED < written || (n - 1) * len > MOST_ASIDE {
            return None;
        }
        let mut aside = Aside { fills: vec![Vec::new(); n], merges: vec![Vec::new(); n], bare: vec![Vec::new(); n] };
        for chunk in 1..n {
            let lines = self.who.iter().zip(owner).enumerate();
            for (line, (_, owner)) in lines.filter(|(_, (who, _))| **who >> chunk & 1 == 1) {
                let range = (line * LINE).min(len)..((line + 1) * LINE).min(len);
                match aside.fills[chunk].last_mut() {
                    Some(last) if last.end == range.start => last.end = range.end,
                    _ => aside.fills[chunk].push(range.clone()),
                }
                match aside.merges[usize::from(*owner)].last_mut() {
                    Some((of, last)) if *of == chunk && last.end == range.start => last.end = range.end,
                    _ => aside.merges[usize::from(*owner)].push((chunk, range.clone())),
                }
            }
        }
        Some(aside)
    }
}

/// The ranges of lines of each owner.
fn sections(owner: &[u8], len: usize, n: usize) -> Vec<Vec<Range<usize>>> {
    let mut sections: Vec<Vec<Range<usize>>> = vec![Vec::new(); n];
    for (line, owner) in owner.iter().enumerate() {
        let range = (line * LINE).min(len)..((line + 1) * LINE).min(len);
        match sections[*owner as usize].last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ if range.is_empty() => {}
            _ => sections[*owner as usize].push(range),
        }
    }
    sections
}

/// By chunk, the range of the slots it visits, then twice that of each sum over instances; one more than the greatest
/// slot.
fn hulls(loops: &[Pair<'_>], ranges: &[Vec<Range<usize>>], n: usize) -> Option<(Vec<Range<usize>>, usize)> {
    #[allow(clippy::reversed_empty_ranges, reason = "nothing yet: the first slot makes both ends")]
    let mut hulls = vec![usize::MAX..0; n];
    let mut total = 0;
    for ((_, bound), ranges) in loops.iter().zip(ranges).filter(|((_, bound), _)| bound.count > 0) {
        for out in &bound.outs {
            if out.reduces() {
                // What comes to its slot after it has to wait for it.
                let slot = out.at.at(0);
                hulls.extend([slot..slot + 1, slot..slot + 1]);
                total = total.max(slot + 1);
                continue;
            }
            for (hull, range) in hulls.iter_mut().zip(ranges).filter(|(_, range)| !range.is_empty()) {
                let (least, most) = match &out.at {
                    Address::Affine { .. } => {
                        let (a, b) = (out.at.at(range.start), out.at.at(range.end - 1));
                        (a.min(b), a.max(b))
                    }
                    Address::Gather(list) => {
                        let list = list.get(range.clone())?;
                        list.iter().fold((usize::MAX, 0), |(a, b), s| (a.min(*s as usize), b.max(*s as usize)))
                    }
                };
                *hull = hull.start.min(least)..hull.end.max(most + 1);
                total = total.max(most + 1);
            }
        }
    }
    Some((hulls, total))
}

/// Where two of the ranges overlap; disjoint and ascending.
fn disputed(hulls: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut ends: Vec<(usize, i32)> =
        hulls.into_iter().filter(|h| !h.is_empty()).flat_map(|h| [(h.start, 1), (h.end, -1)]).collect();
    ends.sort_unstable();
    let (mut depth, mut found): (i32, Vec<Range<usize>>) = (0, Vec::new());
    for (at, step) in ends {
        if depth == 1 && step == 1 {
            found.push(at..at);
        } else if depth == 2 && step == -1 {
            found.last_mut().expect("depth 2 follows depth 1").end = at;
        }
        depth += step;
    }
    found.retain(|range| !range.is_empty());
    found
}

struct State {
    /// By slot: nobody, one more than a chunk, or [`MANY`].
    visitor: Vec<u8>,
    /// Slots where more than one chunk may come.
    disputed: Vec<Range<usize>>,
    /// By line, the section.
    owner: Vec<u8>,
}

impl State {
    fn section(&self, slot: usize) -> usize {
        self.owner[slot / LINE] as usize
    }

    /// A chunk comes to the slots of its share.
    fn visit(
        &mut self,
        chunk: usize,
        order: &[u32],
        bound: &BoundLoop,
        share: &mut Share,
        split: &mut Split,
    ) -> Option<()> {
        let me = chunk as u8 + 1;
        let spread: Vec<u32> = order.iter().copied().filter(|o| !bound.outs[*o as usize].reduces()).collect();
        let near: Vec<Vec<Range<usize>>> =
            spread.iter().map(|o| self.near(&bound.outs[*o as usize].at, &share.range)).collect();
        let mut blocks: Vec<usize> =
            near.iter().flatten().flat_map(|r| r.start / BLOCK..r.end.div_ceil(BLOCK)).collect();
        blocks.sort_unstable();
        blocks.dedup();
        for block in blocks {
            let here = (block * BLOCK).max(share.range.start)..((block + 1) * BLOCK).min(share.range.end);
            for (&o, near) in spread.iter().zip(&near) {
                let out = &bound.outs[o as usize];
                let from = share.lanes.len();
                for range in near {
                    for k in range.start.max(here.start)..range.end.min(here.end) {
                        let seen = &mut self.visitor[out.at.at(k)];
                        if *seen == NOBODY || *seen == me {
                            *seen = me;
                            continue;
                        }
                        *seen = MANY;
                        share.lanes.push((k - block * BLOCK) as u32);
                    }
                }
                if share.lanes.len() > from {
                    self.wait(out, o, block, from..share.lanes.len(), share, split)?;
                }
            }
        }
        Some(())
    }

    /// Values of an out in a block get their cells.
    fn wait(
        &self,
        out: &BoundOut,
        o: u32,
        block: usize,
        lanes: Range<usize>,
        share: &mut Share,
        split: &mut Split,
    ) -> Option<()> {
        // Who stores is the first to come.
        if !out.add {
            return None;
        }
        let cell = split.n_cells;
        for (lane, cell) in share.lanes[lanes.clone()].iter().zip(cell..) {
            let slot = out.at.at(block * BLOCK + *lane as usize);
            split.acts[self.section(slot)].push(Act::Add { slot: slot as u32, cell: cell as u32 });
        }
        split.n_cells += lanes.len();
        if split.n_cells >= u32::MAX as usize {
            return None;
        }
        if let Address::Gather(slots) = &out.at {
            let list = &mut share.lists[o as usize];
            if list.is_empty() {
                *list = slots[share.range.clone()].into();
            }
            let first = block * BLOCK - share.range.start;
            let n = BLOCK.min(share.range.end - block * BLOCK);
            let waiting = &share.lanes[lanes.clone()];
            // All lanes wait where there is none that does not; nothing is then read from the list.
            if let Some(own) = (0..n).find(|lane| waiting.binary_search(&(*lane as u32)).is_err()) {
                let own = list[first + own];
                waiting.iter().for_each(|lane| list[first + *lane as usize] = own);
            }
        }
        share.late.push(Late { block, out: o, lanes, cell });
        Some(())
    }

    /// Instances of a range that may come to a disputed slot.
    fn near(&self, at: &Address, range: &Range<usize>) -> Vec<Range<usize>> {
        match at {
            Address::Gather(_) => vec![range.clone()],
            Address::Affine { base, stride } => {
                let (base, stride) = (i64::from(*base), i64::from(*stride));
                let one = |slots: &Range<usize>| {
                    // Instances k with slots.start <= base + stride * k < slots.end.
                    let (low, high) = (slots.start as i64 - base, slots.end as i64 - 1 - base);
                    let (low, high) = if stride > 0 { (low, high) } else { (-high, -low) };
                    let by = stride.abs().max(1);
                    let first = low.div_euclid(by) + i64::from(low.rem_euclid(by) != 0);
                    let end = high.div_euclid(by) + 1;
                    let (first, end) = (first.max(range.start as i64), end.min(range.end as i64));
                    first as usize..end.max(first) as usize
                };
                let mut found: Vec<Range<usize>> =
                    self.disputed.iter().map(one).filter(|range| !range.is_empty()).collect();
                found.sort_unstable_by_key(|range| range.start);
                found
            }
        }
    }
}
