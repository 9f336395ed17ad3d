//! A part run by several threads at once.
//!
//! The oracle knows what is to be computed and where; whoever implements [`Region`] knows how to do it with more than
//! one thread, with the bits that one would give.

use super::exec::{Buffers, Registers};
use super::kept::Kept;
use super::link::BoundStep;
use super::program::{Part, Program};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A part that several threads can run at once.
pub trait Region: Send + Sync {
    /// What it needs in a [`Team`].
    fn room(&self) -> Room;

    /// Runs all loops of the part, unless one thread is as good.
    fn run(&self, call: Call<'_>) -> Ran;

    /// Hears how long one thread took where it had asked for that.
    fn took_alone(&self, time: Duration);
}

/// What became of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ran {
    /// Done, and whether all numbers of the output are finite.
    Shared {
        /// They are.
        finite: bool,
    },
    /// Nothing was done: one thread is to do it.
    Alone {
        /// And to say how long it took.
        timed: bool,
    },
}

/// Times what one thread does in place of a region, where the region asked for it.
pub struct Watch<'a>(Option<(&'a dyn Region, Instant)>);

impl<'a> Watch<'a> {
    /// Nobody asked.
    pub const OFF: Self = Self(None);

    /// Begins now.
    pub fn of(region: &'a dyn Region, timed: bool) -> Self {
        Self(timed.then(|| (region, Instant::now())))
    }

    /// The work is done.
    pub fn stop(self) {
        if let Some((region, begin)) = self.0 {
            region.took_alone(begin.elapsed());
        }
    }
}

/// One evaluation of a part.
pub struct Call<'a> {
    /// The program.
    pub program: &'a Program,
    /// What loops read.
    pub buffers: Buffers<'a>,
    /// What is done before.
    pub reset: Reset<'a>,
    /// What loops write.
    pub out: &'a mut [f64],
    /// Results of calls.
    pub kept: &'a mut Kept,
    /// Memory.
    pub team: &'a mut Team,
}

/// Slots that are set before loops run.
#[derive(Clone, Copy, Default)]
pub struct Reset<'a> {
    /// Which: ranges, ascending.
    pub ranges: &'a [Range<u32>],
    /// What they are set to, by slot; empty for zero.
    pub constants: &'a [f64],
    /// What that is multiplied by.
    pub scale: Option<f64>,
}

impl Reset<'_> {
    /// Sets all slots of `out`.
    pub fn apply(self, out: &mut [f64], times: impl Fn(f64, f64) -> f64) {
        for range in self.ranges {
            let range = range.start as usize..range.end as usize;
            self.set(range.clone(), &mut out[range], &times);
        }
    }

    /// Sets the slots of a range.
    pub fn set(self, range: Range<usize>, slots: &mut [f64], times: impl Fn(f64, f64) -> f64) {
        match (self.constants.get(range), self.scale) {
            (None, _) => slots.fill(0.0),
            (Some(constants), None) => slots.copy_from_slice(constants),
            (Some(constants), Some(by)) => {
                slots.iter_mut().zip(constants).for_each(|(to, constant)| *to = times(by, *constant));
            }
        }
    }
}

/// Sizes of the memory of a team.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Room {
    /// Chunks.
    pub chunks: usize,
    /// Values that wait.
    pub cells: usize,
    /// Sums of blocks.
    pub sums: usize,
    /// Scratch of native code, per chunk.
    pub scratch: usize,
    /// Table of native code, per chunk.
    pub table: usize,
    /// Numbers that chunks write aside.
    pub aside: usize,
}

impl Room {
    /// Enough for both.
    pub fn max(self, other: Self) -> Self {
        Self {
            chunks: self.chunks.max(other.chunks),
            cells: self.cells.max(other.cells),
            sums: self.sums.max(other.sums),
            scratch: self.scratch.max(other.scratch),
            table: self.table.max(other.table),
            aside: self.aside.max(other.aside),
        }
    }
}

/// Memory for the regions of an oracle.
#[derive(Default)]
pub struct Team {
    /// By chunk.
    pub registers: Vec<Registers>,
    /// Values that wait.
    pub cells: Vec<f64>,
    /// Sums of blocks.
    pub sums: Vec<f64>,
    /// What chunks write aside.
    pub aside: Vec<f64>,
}

impl Team {
    /// So much, with `registers` for each chunk.
    pub fn new(room: Room, registers: impl Fn() -> Registers) -> Self {
        let one = |_| {
            let mut registers = registers();
            registers.reserve(room.scratch, room.table);
            registers
        };
        Self {
            registers: (0..room.chunks).map(one).collect(),
            cells: vec![0.0; room.cells],
            sums: vec![0.0; room.sums],
            aside: vec![0.0; room.aside],
        }
    }
}

/// The regions of an oracle, by part; those of matrices are under [`Part::JacobianRows`] and [`Part::HessianTop`].
#[derive(Clone, Default)]
pub struct Regions(pub [Option<Arc<dyn Region>>; Part::ALL.len()]);

impl Regions {
    /// What all of them need.
    pub fn room(&self) -> Room {
        self.0.iter().flatten().map(|region| region.room()).fold(Room::default(), Room::max)
    }
}

/// A part that could be run by several threads, should all of its steps be loops.
pub struct Candidate<'a> {
    /// Which part.
    pub part: Part,
    /// Its steps.
    pub steps: &'a [BoundStep],
    /// Steps whose values are in the output before, the same at every point.
    pub fixed: &'a [BoundStep],
    /// What is cleared, or set to those values.
    pub clear: &'a [Range<u32>],
    /// Length of what it writes.
    pub len: usize,
}
