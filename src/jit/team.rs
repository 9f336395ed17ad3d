//! Parts run by the threads of a pool.
//!
//! A part is cut once, when threads are given to an oracle ([`Split`]). An evaluation is then one job of three steps,
//! each a list of tasks of which nobody begins one before the last step is done: slots are reset, by section; chunks
//! run their shares of all loops; what waited is added, by section, and every number is looked at.
//!
//! Why no two threads write to one place: a task is done once ([`Tasks::work`]). Sections are disjoint. Chunks write to
//! slots, or to memory of their own, that are theirs by the invariant of [`Split`], which is made here, from loops that are kept here with it and
//! never change; cells and sums of blocks belong to one value each. The memory of a chunk is that of its task.
#![allow(unsafe_code)]

use super::pool::{Go, Pace, Pool, Tasks};
use super::run::{NativeLoop, Shared, Target};
use crate::kernel::CompiledOracle;
use crate::kernel::exec::{BoundLoop, Registers, TreeSum};
use crate::kernel::link::BoundStep;
use crate::kernel::program::{Part, Program};
use crate::kernel::region::{Call, Candidate, Ran, Region, Reset, Room};
use crate::kernel::split::{Act, Before, Split, cost};
use crate::num::vmath::block::all_finite;
use std::any::Any;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Numbers that are reset before there is a job: fewer are not worth a step.
const FEW: usize = 4096;

/// Gives the parts of an oracle to the threads of `pool`, where that is worth it. Native code must be there already;
/// workspaces taken before do not fit any more. Says how many parts.
pub fn share(oracle: &mut CompiledOracle, pool: &Arc<Pool>) -> usize {
    share_edited(oracle, pool, &mut |_| ())
}

/// As [`share`], with a change of the cut on the way.
pub(super) fn share_edited(oracle: &mut CompiledOracle, pool: &Arc<Pool>, edit: &mut dyn FnMut(&mut Split)) -> usize {
    let mut regions: Vec<(Part, Arc<dyn Region>)> = Vec::new();
    for candidate in oracle.candidates() {
        if let Some(mut cut) = Cut::new(oracle.program(), &candidate, pool) {
            edit(&mut cut.split);
            regions.push((candidate.part, Arc::new(cut)));
        }
    }
    let count = regions.len();
    oracle.set_regions(regions);
    count
}

/// A part, cut.
struct Cut {
    pool: Arc<Pool>,
    split: Split,
    loops: Vec<(BoundLoop, Arc<NativeLoop>)>,
    /// What the part takes one thread, roughly.
    seconds: f64,
    pace: Pace,
    /// Length of what it writes.
    len: usize,
    room: Room,
}

impl Cut {
    fn new(program: &Program, candidate: &Candidate<'_>, pool: &Arc<Pool>) -> Option<Self> {
        let mut loops = Vec::new();
        for step in candidate.steps {
            match step {
                BoundStep::Begin(_) => {}
                BoundStep::Array { .. } => return None,
                BoundStep::Loop(bound) if bound.count == 0 => {}
                BoundStep::Loop(bound) => {
                    let code: Arc<dyn Any + Send + Sync> = bound.code.0.clone()?;
                    loops.push((bound.clone(), code.downcast::<NativeLoop>().ok()?));
                }
            }
        }
        let pairs: Vec<_> = loops.iter().map(|(bound, _)| (&program.kernels[bound.kernel], bound)).collect();
        let seconds =
            pairs.iter().map(|(kernel, bound)| cost(kernel, bound) * bound.count).sum::<usize>() as f64 * 1e-11;
        if !pool.is_worth(seconds) {
            return None;
        }
        let fixed: Vec<&BoundLoop> = candidate.fixed.iter().filter_map(BoundStep::as_loop).collect();
        let before = Before { fixed: &fixed, clear: candidate.clear };
        let split = Split::new(&pairs, before, candidate.len, pool.n_threads())?;
        let most = |of: &dyn Fn(&NativeLoop) -> usize| loops.iter().map(|(_, code)| of(code)).max().unwrap_or(0);
        let room = Room {
            chunks: split.chunks.len(),
            cells: split.n_cells,
            sums: split.n_sums,
            scratch: most(&NativeLoop::split_scratch),
            table: most(&NativeLoop::split_table),
            aside: if split.aside.is_some() { (split.chunks.len() - 1) * candidate.len } else { 0 },
        };
        Some(Self { pool: pool.clone(), split, loops, seconds, pace: Pace::default(), len: candidate.len, room })
    }

    /// Resets the slots of a section.
    ///
    /// # Safety
    /// Nobody else has them.
    unsafe fn reset(reset: Reset<'_>, section: &[Range<usize>], to: Target) {
        for part in section {
            let from = reset.ranges.partition_point(|range| range.end as usize <= part.start);
            for range in reset.ranges[from..].iter().take_while(|range| (range.start as usize) < part.end) {
                let range = part.start.max(range.start as usize)..part.end.min(range.end as usize);
                // SAFETY: a part of the section.
                let slots = unsafe { to.range(range.clone()) };
                reset.set(range, slots, |a, b| a * b);
            }
        }
    }

    /// Where a chunk writes.
    fn target(&self, chunk: usize, places: &Places) -> Target {
        if chunk == 0 { places.to } else { places.aside.part((chunk - 1) * self.len..chunk * self.len) }
    }

    /// Sets to -0 what a chunk writes aside, and the slots of its section to which something is added in the end.
    ///
    /// # Safety
    /// Nobody else has them.
    unsafe fn clear_aside(&self, k: usize, places: &Places) {
        let Some(aside) = &self.split.aside else { return };
        let own = self.target(k, places);
        // SAFETY: the memory of this chunk.
        aside.fills[k].iter().for_each(|range| unsafe { own.range(range.clone()) }.fill(-0.0));
        for (_, range) in &aside.merges[k] {
            // SAFETY: parts of the section.
            unsafe { places.to.range(range.clone()) }.fill(-0.0);
        }
    }

    /// Sets slots of a section to -0 that were cleared in vain.
    ///
    /// # Safety
    /// Nobody else has them.
    unsafe fn bare(&self, k: usize, to: Target) {
        for range in self.split.aside.iter().flat_map(|aside| &aside.bare[k]) {
            // SAFETY: bare slots stand with their section.
            unsafe { to.range(range.clone()) }.fill(-0.0);
        }
    }

    /// Adds what chunks wrote aside to the slots of a section.
    ///
    /// # Safety
    /// Nobody else has them, and chunks are done.
    unsafe fn merge_aside(&self, k: usize, places: &Places) {
        let Some(aside) = &self.split.aside else { return };
        for (chunk, range) in &aside.merges[k] {
            let from = self.target(*chunk, places);
            // SAFETY: parts of the section; what was written aside is only read from here on.
            let (to, from) = unsafe { (places.to.range(range.clone()), from.read(range.clone())) };
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    }

    /// Adds what waited to the slots of a section; whether all its numbers are finite.
    ///
    /// # Safety
    /// Nobody else has them.
    unsafe fn settle(&self, section: usize, to: Target, cells: &[f64], sums: &[f64]) -> bool {
        for act in &self.split.acts[section] {
            match *act {
                Act::Add { slot, cell } => {
                    // SAFETY: acts stand with the section of their slots.
                    *unsafe { to.slot(slot as usize) } += cells[cell as usize];
                }
                Act::Total { slot, total } => {
                    let total = self.split.totals[total as usize];
                    let mut sum = TreeSum::EMPTY;
                    sums[total.first..][..total.n_blocks].iter().for_each(|block| sum.push(*block));
                    // SAFETY: as above.
                    let slot = unsafe { to.slot(slot as usize) };
                    *slot = if total.add { *slot + sum.total() } else { sum.total() };
                }
            }
        }
        // SAFETY: parts of the section.
        self.split.sections[section].iter().all(|part| all_finite(unsafe { to.range(part.clone()) }))
    }
}

/// Addresses that tasks share.
#[derive(Clone, Copy)]
struct Places {
    to: Target,
    registers: *mut Registers,
    cells: *mut f64,
    sums: *mut f64,
    kept: Target,
    aside: Target,
}

// SAFETY: what tasks do with the addresses is said in the head of this file.
unsafe impl Sync for Places {}

impl Region for Cut {
    fn room(&self) -> Room {
        self.room
    }

    fn run(&self, call: Call<'_>) -> Ran {
        let Call { program, buffers, reset, out, kept, team } = call;
        let Room { chunks, cells, sums, aside, .. } = self.room;
        let short = team.cells.len() < cells || team.sums.len() < sums || team.aside.len() < aside;
        if team.registers.len() < chunks || short {
            crate::bug!("the memory was taken before there were threads");
        }
        if out.len() != self.len {
            crate::bug!("the output has another length than the part was cut for");
        }
        let turn = match self.pool.turn(&self.pace, self.seconds) {
            Go::Together(turn) => turn,
            Go::Alone { timed } => return Ran::Alone { timed },
        };
        let n_reset: usize = reset.ranges.iter().map(|range| range.len()).sum();
        let in_job = n_reset > FEW || self.split.aside.is_some();
        self.loops.iter().for_each(|(bound, _)| kept.begin(bound));
        let (known, numbers) = kept.split();
        let places = Places {
            to: Target::new(out),
            registers: team.registers.as_mut_ptr(),
            cells: team.cells.as_mut_ptr(),
            sums: team.sums.as_mut_ptr(),
            kept: Target::new(numbers),
            aside: Target::new(&mut team.aside),
        };
        let split = &self.split;
        if !in_job {
            // SAFETY: there is no job yet.
            unsafe { Self::reset(reset, std::slice::from_ref(&(0..self.len)), places.to) };
        }
        let steps = [Tasks::new(if in_job { chunks } else { 0 }), Tasks::new(chunks), Tasks::new(chunks)];
        let finite = AtomicBool::new(true);
        let job = |thread: usize| {
            let places = &places;
            // SAFETY: sections are disjoint, and each is one task; so is the memory of chunks.
            steps[0].work(thread, |k| unsafe {
                self.clear_aside(k, places);
                Self::reset(reset, &split.sections[k], places.to);
                self.bare(k, places.to);
            });
            steps[1].work(thread, |k| {
                // SAFETY: the memory of this chunk.
                let registers = unsafe { &mut *places.registers.add(k) };
                let to = if split.aside.is_some() { self.target(k, places) } else { places.to };
                for share in &split.chunks[k] {
                    let (bound, code) = &self.loops[share.at];
                    let mut work = registers.prepare(&**code, &program.kernels[bound.kernel], bound, &buffers);
                    let shared = Shared { share, cells: places.cells, sums: places.sums, known, kept: places.kept };
                    // SAFETY: the split was made of these loops, and each of its chunks is one task. Of the loops of a
                    // part one leads in each call, and what was known before the job is not written.
                    unsafe { code.run_share(bound, &buffers, &mut work, to, shared) };
                }
            });
            steps[2].work(thread, |k| {
                // SAFETY: sections are disjoint, and chunks are done; cells and sums are only read from here on.
                let all_finite = unsafe {
                    let cells = std::slice::from_raw_parts(places.cells, cells);
                    let sums = std::slice::from_raw_parts(places.sums, sums);
                    self.merge_aside(k, places);
                    self.settle(k, places.to, cells, sums)
                };
                if !all_finite {
                    finite.store(false, Ordering::Relaxed);
                }
            });
        };
        turn.run(&job);
        self.loops.iter().for_each(|(bound, _)| kept.ran(bound));
        Ran::Shared { finite: finite.load(Ordering::Relaxed) }
    }

    fn took_alone(&self, time: Duration) {
        self.pace.took_alone(time);
    }
}
