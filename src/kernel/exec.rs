//! The portable executor of kernels.
//!
//! Registers are blocks of 256 numbers; an op runs over all lanes before the next, so that the cost
//! of dispatch is shared. Loads along consecutive numbers read in place. Results are written to a
//! spare block and swapped in, so an op may overwrite what it reads. Nothing here allocates after
//! [`Registers::new`], but for the first time that a loop with native code is run with [`Registers::careful`].
//!
//! Deliberately absent: what the numbers mean, where slots come from, threads.

use super::kept::{CallMode, Keep, Kept, Known};
use super::program::{BLOCK, Kernel, KernelId, Op, Reg};
use crate::bind::Address;
use crate::func;
use std::any::Any;
use std::sync::Arc;

/// The buffers a kernel may read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// Variables, then slots of defined arrays.
    Z,
    /// Data.
    Data,
    /// Weights of objectives.
    Sigma,
    /// Weights of rows.
    Row,
    /// Weights of slots of defined arrays, by position in z.
    Slot,
    /// A direction, by position in z.
    Seed,
}

/// The contents of the buffers.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // named as in `Source`
pub struct Buffers<'a> {
    pub z: &'a [f64],
    pub data: &'a [f64],
    pub sigma: &'a [f64],
    pub row: &'a [f64],
    pub slot: &'a [f64],
    pub seed: &'a [f64],
}

impl<'a> Buffers<'a> {
    /// The buffer of a source.
    pub fn get(&self, source: Source) -> &'a [f64] {
        match source {
            Source::Z => self.z,
            Source::Data => self.data,
            Source::Sigma => self.sigma,
            Source::Row => self.row,
            Source::Slot => self.slot,
            Source::Seed => self.seed,
        }
    }
}

/// A port with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct BoundPort {
    /// The buffer.
    pub source: Source,
    /// Where in it.
    pub at: Address,
}

/// An out with its place in the buffer the part writes.
#[derive(Clone, PartialEq, Debug)]
pub struct BoundOut {
    /// Where.
    pub at: Address,
    /// Whether values are added to what is there; otherwise they are the first ones.
    pub add: bool,
    /// Instances, ascending, whose value counts twice: the two leaves of a second derivative are the
    /// same slot, off the diagonal of the template and on that of the matrix.
    pub twice: Arc<[u32]>,
    /// Whether another out of the kernel comes to one of its slots: then the order in which values are
    /// added matters, and is that of the ops, block by block.
    pub shared: bool,
}

impl BoundOut {
    /// An out of `count` instances at `at`. A single value is stored as a block of one, not reduced.
    pub fn new(at: Address, count: usize, add: bool, twice: Arc<[u32]>) -> Self {
        let at = match at {
            Address::Affine { base, stride: 0 } if count == 1 => Address::Affine { base, stride: 1 },
            at => at,
        };
        Self { at, add, twice, shared: false }
    }

    /// Whether values are summed over all instances.
    pub fn reduces(&self) -> bool {
        matches!(self.at, Address::Affine { stride: 0, .. })
    }
}

/// Code that does what the portable executor does for one loop, to the last bit.
pub trait Native: Any + Send + Sync {
    /// Numbers it wants in [`Work::scratch`].
    fn scratch(&self) -> usize;
    /// Words it wants in [`Work::table`].
    fn table(&self) -> usize;
    /// Registers whose values, computed once per call, it reads; they come first in the scratch, in this order.
    fn once(&self) -> &[Reg];
    /// Runs all instances of `bound`; outs go into `out`.
    fn run(&self, bound: &BoundLoop, buffers: &Buffers<'_>, work: &mut Work<'_>, out: &mut [f64]);
}

/// Memory of native code; contents do not outlive a call.
pub struct Work<'a> {
    /// Numbers.
    pub scratch: &'a mut [f64],
    /// Addresses.
    pub table: &'a mut [u64],
    /// One per out, all empty.
    pub sums: &'a mut [TreeSum],
    /// What becomes of calls.
    pub known: Known<'a>,
    /// Results of calls that are kept.
    pub kept: &'a mut [f64],
}

/// The native code of a loop, if there is any.
#[derive(Clone, Default)]
pub struct Code(pub Option<Arc<dyn Native>>);

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "native" } else { "portable" })
    }
}

/// A kernel over all instances of its domain.
///
/// Native code was made for the places it reads and writes: nobody outside of this crate changes them.
#[derive(Clone, Debug)]
pub struct BoundLoop {
    /// Which kernel of the program.
    pub(crate) kernel: KernelId,
    /// Number of instances.
    pub(crate) count: usize,
    /// One per port of the kernel.
    pub(crate) ports: Vec<BoundPort>,
    /// One per out of the kernel.
    pub(crate) outs: Vec<BoundOut>,
    /// By call of the kernel's body, where its results are kept; empty where none is.
    pub(crate) kept: Vec<Option<Keep>>,
    /// What runs it instead of the portable executor.
    pub(crate) code: Code,
}

impl BoundLoop {
    /// A loop for the portable executor.
    pub fn new(kernel: KernelId, count: usize, ports: Vec<BoundPort>, mut outs: Vec<BoundOut>) -> Self {
        super::share::mark(&mut outs, count);
        Self { kernel, count, ports, outs, kept: Vec::new(), code: Code::default() }
    }

    /// Which kernel of the program.
    pub fn kernel(&self) -> KernelId {
        self.kernel
    }

    /// Number of instances.
    pub fn count(&self) -> usize {
        self.count
    }

    /// One per out of the kernel.
    pub fn outs(&self) -> &[BoundOut] {
        &self.outs
    }

    /// Whether it reads and writes the same places by the same kernel.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.kernel, self.count) == (other.kernel, other.count) && self.ports == other.ports && self.outs == other.outs
    }
}

/// Sums of blocks, added in the order of a fixed binary tree over the blocks.
///
/// Within a block lane `i` goes to accumulator `i mod 8` in order, and those are added as a tree
/// `((0+4)+(2+6))+((1+5)+(3+7))`.
#[derive(Clone, Debug)]
pub struct TreeSum {
    levels: [f64; 48],
    count: u64,
}

impl TreeSum {
    /// Nothing yet.
    pub const EMPTY: Self = Self { levels: [0.0; 48], count: 0 };

    /// Adds the sum of the next block.
    pub fn push(&mut self, mut value: f64) {
        let merged = self.count.trailing_ones() as usize;
        for level in &self.levels[..merged] {
            value += level;
        }
        self.levels[merged] = value;
        self.count += 1;
    }

    /// The sum of all blocks.
    pub fn total(&self) -> f64 {
        let set = (0..48).filter(|l| self.count >> l & 1 == 1);
        set.map(|l| self.levels[l]).reduce(|all, level| level + all).unwrap_or(0.0)
    }
}

/// The sum of the lanes of one block.
pub fn lane_sum(lanes: &[f64]) -> f64 {
    let mut acc = [0.0; 8];
    let chunks = lanes.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (a, v) in acc.iter_mut().zip(chunk) {
            *a += v;
        }
    }
    for (a, v) in acc.iter_mut().zip(rest) {
        *a += v;
    }
    ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))
}

/// Where the content of a register is.
#[derive(Clone, Copy, Debug)]
enum View {
    Own,
    In(Source, usize),
}

/// `a * b`, where a product of 0 and of no number counts nothing: what has no weight does not matter, and what does not
/// depend on a variable has no part in its derivative, however steep it is.
pub fn product(a: f64, b: f64) -> f64 {
    let product = a * b;
    if product.is_nan() && (a == 0.0 || b == 0.0) { 0.0 } else { product }
}

/// `a / b` by the rule of [`product`].
fn quotient(a: f64, b: f64) -> f64 {
    let quotient = a / b;
    if quotient.is_nan() && a == 0.0 { 0.0 } else { quotient }
}

/// Registers of one thread.
pub struct Registers {
    /// Whether products follow [`product`]. Slower, and by the portable executor alone: for points where a derivative
    /// would not be a number otherwise.
    pub careful: bool,
    wide: Vec<Box<[f64]>>,
    narrow: Vec<Box<[f64]>>,
    views: Vec<View>,
    sums: Vec<TreeSum>,
    scratch: Vec<f64>,
    table: Vec<u64>,
    gather: Gather,
}

/// Room for the lanes of a call with many arguments; empty between calls.
type Gather = Vec<&'static [f64]>;

/// Kernels with at most this many instances use narrow registers: many of them fit in a cache.
const NARROW: usize = 16;

impl Registers {
    /// Enough for the given loops.
    pub fn new<'k>(loops: impl Iterator<Item = (&'k Kernel, &'k BoundLoop)>) -> Self {
        let (mut wide, mut narrow, mut views, mut sums, mut scratch, mut table) = (0, 0, 0, 0, 0, 0);
        for (kernel, bound) in loops {
            let regs = kernel.n_regs as usize + 1;
            let is_narrow = bound.count <= NARROW || bound.code.0.is_some();
            let pool = if is_narrow { &mut narrow } else { &mut wide };
            *pool = (*pool).max(regs);
            views = views.max(regs);
            sums = sums.max(if bound.count == 1 { 0 } else { kernel.outs.len() });
            if let Some(code) = &bound.code.0 {
                scratch = scratch.max(code.scratch());
                table = table.max(code.table());
                sums = sums.max(kernel.outs.len());
            }
        }
        let pool = |n: usize, len: usize| (0..n).map(|_| vec![0.0; len].into_boxed_slice()).collect();
        Self {
            careful: false,
            wide: pool(wide, BLOCK),
            narrow: pool(narrow, NARROW),
            views: vec![View::Own; views],
            sums: vec![TreeSum::EMPTY; sums],
            scratch: vec![0.0; scratch],
            table: vec![0; table],
            gather: Gather::new(),
        }
    }

    /// Runs a kernel over all its instances; outs go into `out`.
    pub fn run(&mut self, kernel: &Kernel, bound: &BoundLoop, buffers: &Buffers<'_>, kept: &mut Kept, out: &mut [f64]) {
        if bound.count == 0 {
            return;
        }
        match &bound.code.0 {
            Some(code) if !self.careful => return self.run_native(&**code, kernel, bound, buffers, kept, out),
            Some(_) => self.make_room(kernel, bound),
            None => {}
        }
        let pool = if bound.count <= NARROW { &mut self.narrow } else { &mut self.wide };
        let (spare, regs) = pool.split_last_mut().expect("pools hold the spare block of every kernel");
        self.sums.iter_mut().take(kernel.outs.len()).for_each(|sum| sum.count = 0);
        if !self.careful {
            kept.begin(bound);
        }
        let (known, numbers) = kept.split();
        let mut frame = Frame {
            known: Known::NOTHING,
            kept: numbers,
            nth: 0,
            careful: self.careful,
            kernel,
            bound,
            buffers: *buffers,
            regs,
            spare,
            views: &mut self.views,
            sums: &mut self.sums,
            gather: &mut self.gather,
            first: 0,
            n: bound.count.min(BLOCK),
        };
        frame.ops(&kernel.once, out);
        if !self.careful {
            // With care arguments may differ.
            frame.known = known;
        }
        while frame.first < bound.count {
            frame.n = (bound.count - frame.first).min(BLOCK);
            frame.ops(&kernel.body, out);
            frame.first += BLOCK;
        }
        add_totals(bound, &self.sums, out);
        if !self.careful {
            kept.ran(bound);
        }
    }

    /// Registers for a loop that native code runs otherwise.
    fn make_room(&mut self, kernel: &Kernel, bound: &BoundLoop) {
        let (pool, len) = if bound.count <= NARROW { (&mut self.narrow, NARROW) } else { (&mut self.wide, BLOCK) };
        let wanted = kernel.n_regs as usize + 1;
        pool.extend((pool.len()..wanted).map(|_| vec![0.0; len].into_boxed_slice()));
    }

    /// At least so much memory for native code.
    pub fn reserve(&mut self, scratch: usize, table: usize) {
        self.scratch.resize(self.scratch.len().max(scratch), 0.0);
        self.table.resize(self.table.len().max(table), 0);
    }

    fn run_native(
        &mut self,
        code: &dyn Native,
        kernel: &Kernel,
        bound: &BoundLoop,
        buffers: &Buffers<'_>,
        kept: &mut Kept,
        out: &mut [f64],
    ) {
        kept.begin(bound);
        let (known, numbers) = kept.split();
        let mut work = Work { known, kept: numbers, ..self.prepare(code, kernel, bound, buffers) };
        code.run(bound, buffers, &mut work, out);
        kept.ran(bound);
        add_totals(bound, &self.sums, out);
    }

    /// Memory for native code, with what is computed once per call.
    pub fn prepare(
        &mut self,
        code: &dyn Native,
        kernel: &Kernel,
        bound: &BoundLoop,
        buffers: &Buffers<'_>,
    ) -> Work<'_> {
        if !kernel.once.is_empty() {
            let (spare, regs) = self.narrow.split_last_mut().expect("pools hold the spare block of every kernel");
            let views = &mut self.views;
            let mut frame = Frame {
                known: Known::NOTHING,
                kept: &mut [],
                nth: 0,
                careful: false,
                kernel,
                bound,
                buffers: *buffers,
                regs,
                spare,
                views,
                sums: &mut [],
                gather: &mut self.gather,
                first: 0,
                n: 1,
            };
            frame.ops(&kernel.once, &mut []);
            for (to, reg) in self.scratch.iter_mut().zip(code.once()) {
                *to = frame.lanes(reg.0)[0];
            }
        }
        self.sums.iter_mut().take(kernel.outs.len()).for_each(|sum| sum.count = 0);
        let Self { scratch, table, sums, .. } = self;
        Work { scratch, table, sums, known: Known::NOTHING, kept: &mut [] }
    }
}

/// Adds the sums over all instances to their slots.
fn add_totals(bound: &BoundLoop, sums: &[TreeSum], out: &mut [f64]) {
    for (place, sum) in bound.outs.iter().zip(sums) {
        if let Address::Affine { base, stride: 0 } = place.at {
            let total = sum.total();
            let to = &mut out[base as usize];
            *to = if place.add { *to + total } else { total };
        }
    }
}

struct Frame<'a> {
    known: Known<'a>,
    kept: &'a mut [f64],
    /// Calls of the block so far.
    nth: usize,
    careful: bool,
    kernel: &'a Kernel,
    bound: &'a BoundLoop,
    buffers: Buffers<'a>,
    regs: &'a mut [Box<[f64]>],
    spare: &'a mut Box<[f64]>,
    views: &'a mut [View],
    sums: &'a mut [TreeSum],
    gather: &'a mut Gather,
    /// First instance of the block.
    first: usize,
    /// Lanes in use.
    n: usize,
}

/// Most arguments of a call that are gathered on the stack.
const FEW: usize = 8;

impl Frame<'_> {
    fn ops(&mut self, ops: &[Op], out: &mut [f64]) {
        self.nth = 0;
        for op in ops {
            match *op {
                Op::Load { dst, port } => self.load(dst.0, port),
                Op::Const { dst, value } => self.write(dst.0, |_, to| to.fill(value)),
                Op::Neg { dst, a } => self.map(dst.0, a.0, |a| -a),
                Op::Offset { dst, a, by } => self.map(dst.0, a.0, |a| a + by),
                Op::Scale { dst, a, by } => self.map(dst.0, a.0, |a| a * by),
                Op::Add { dst, a, b } => self.zip(dst.0, a.0, b.0, |a, b| a + b),
                Op::Sub { dst, a, b } => self.zip(dst.0, a.0, b.0, |a, b| a - b),
                Op::Mul { dst, a, b } if self.careful => self.zip(dst.0, a.0, b.0, product),
                Op::Div { dst, a, b } if self.careful => self.zip(dst.0, a.0, b.0, quotient),
                Op::Mul { dst, a, b } => self.zip(dst.0, a.0, b.0, |a, b| a * b),
                Op::Div { dst, a, b } => self.zip(dst.0, a.0, b.0, |a, b| a / b),
                Op::Call { dst, func, first, len, .. } => self.call_or_copy(dst.0, func, first as usize, len as usize),
                Op::Select { dst, cond, then, otherwise } => self.write(dst.0, |frame, to| {
                    let (c, a, b) = (frame.lanes(cond.0), frame.lanes(then.0), frame.lanes(otherwise.0));
                    for (((to, c), a), b) in to.iter_mut().zip(c).zip(a).zip(b) {
                        *to = if *c != 0.0 { *a } else { *b };
                    }
                }),
                Op::Store { src, out: at } => self.store(src.0, at as usize, out),
            }
        }
    }

    /// The lanes of a register.
    fn lanes(&self, reg: u32) -> &[f64] {
        match self.views[reg as usize] {
            View::Own => &self.regs[reg as usize][..self.n],
            View::In(source, at) => &self.buffers.get(source)[at..at + self.n],
        }
    }

    #[inline]
    fn write(&mut self, dst: u32, fill: impl FnOnce(&Self, &mut [f64])) {
        let mut to = std::mem::take(self.spare);
        fill(self, &mut to[..self.n]);
        *self.spare = std::mem::replace(&mut self.regs[dst as usize], to);
        self.views[dst as usize] = View::Own;
    }

    #[inline]
    fn map(&mut self, dst: u32, a: u32, with: impl Fn(f64) -> f64) {
        self.write(dst, |frame, to| {
            for (to, a) in to.iter_mut().zip(frame.lanes(a)) {
                *to = with(*a);
            }
        });
    }

    #[inline]
    fn zip(&mut self, dst: u32, a: u32, b: u32, with: impl Fn(f64, f64) -> f64) {
        self.write(dst, |frame, to| {
            for ((to, a), b) in to.iter_mut().zip(frame.lanes(a)).zip(frame.lanes(b)) {
                *to = with(*a, *b);
            }
        });
    }

    /// A call, or what is known of it.
    fn call_or_copy(&mut self, dst: u32, func: func::FuncId, first: usize, len: usize) {
        let mode = self.known.mode(self.bound, self.nth, self.first);
        self.nth += 1;
        if let CallMode::Copy(place) = mode {
            return self.write(dst, |frame, to| to.copy_from_slice(&frame.kept[place..place + to.len()]));
        }
        self.call(dst, func, first, len);
        if let CallMode::Keep(place) = mode {
            self.kept[place..place + self.n].copy_from_slice(&self.regs[dst as usize][..self.n]);
        }
    }

    fn call(&mut self, dst: u32, func: func::FuncId, first: usize, len: usize) {
        let args = &self.kernel.args[first..first + len];
        let mut gather = std::mem::take(self.gather);
        self.write(dst, |frame, to| {
            let row = func::row(func);
            let mut few: [&[f64]; FEW] = [&[]; FEW];
            if len <= FEW {
                for (slot, arg) in few.iter_mut().zip(args) {
                    *slot = frame.lanes(arg.0);
                }
                row.eval_block(&few[..len], to);
            } else {
                let mut many: Vec<&[f64]> = std::mem::take(&mut gather);
                many.extend(args.iter().map(|a| frame.lanes(a.0)));
                row.eval_block(&many, to);
                many.clear();
                // Collecting nothing in place keeps the memory and lets go of the lifetime.
                gather = many.into_iter().map(|_| -> &'static [f64] { &[] }).collect();
            }
        });
        *self.gather = gather;
    }

    fn load(&mut self, dst: u32, port: u32) {
        let bound = self.bound;
        let BoundPort { source, at } = &bound.ports[port as usize];
        let from = self.buffers.get(*source);
        match at {
            Address::Affine { base, stride: 1 } => {
                self.views[dst as usize] = View::In(*source, *base as usize + self.first)
            }
            Address::Affine { base, stride: 0 } => self.write(dst, |_, to| to.fill(from[*base as usize])),
            Address::Affine { stride, .. } => {
                let (start, stride) = (at.at(self.first), *stride as isize);
                self.write(dst, |_, to| {
                    for (to, k) in to.iter_mut().zip(0isize..) {
                        *to = from[start.wrapping_add_signed(k * stride)];
                    }
                });
            }
            Address::Gather(slots) => self.write(dst, |frame, to| {
                for (to, slot) in to.iter_mut().zip(&slots[frame.first..]) {
                    *to = from[*slot as usize];
                }
            }),
        }
    }

    fn store(&mut self, src: u32, at: usize, out: &mut [f64]) {
        let bound = self.bound;
        let place = &bound.outs[at];
        let twice = &place.twice;
        let mut src = src;
        let here = twice.partition_point(|i| (*i as usize) < self.first)
            ..twice.partition_point(|i| (*i as usize) < self.first + self.n);
        if !here.is_empty() {
            // The doubled copy lives in the spare block until it is stored.
            src = self.doubled(src, &twice[here]);
        }
        let lanes = if src == SPARE { &self.spare[..self.n] } else { self.lanes(src) };
        if matches!(place.at, Address::Affine { stride: 0, .. }) {
            let sum = lane_sum(lanes);
            self.sums[at].push(sum);
        } else {
            scatter(lanes, &place.at, place.add, self.first, out);
        }
    }

    fn doubled(&mut self, src: u32, instances: &[u32]) -> u32 {
        let mut to = std::mem::take(self.spare);
        to[..self.n].copy_from_slice(self.lanes(src));
        for instance in instances {
            to[*instance as usize - self.first] *= 2.0;
        }
        *self.spare = to;
        SPARE
    }
}

/// Stands for the spare block where a register is asked for.
const SPARE: u32 = u32::MAX;

/// Writes lanes to their places, in order of the instances.
pub fn scatter(lanes: &[f64], at: &Address, add: bool, first: usize, out: &mut [f64]) {
    match (at, add) {
        (Address::Affine { base, stride: 1 }, false) => {
            out[*base as usize + first..][..lanes.len()].copy_from_slice(lanes);
        }
        (Address::Affine { base, stride: 1 }, true) => {
            for (to, v) in out[*base as usize + first..].iter_mut().zip(lanes) {
                *to += v;
            }
        }
        (Address::Affine { stride, .. }, _) => {
            let mut slot = at.at(first);
            for v in lanes {
                out[slot] = if add { out[slot] + v } else { *v };
                slot = slot.wrapping_add_signed(*stride as isize);
            }
        }
        (Address::Gather(slots), false) => {
            for (v, slot) in lanes.iter().zip(&slots[first..]) {
                out[*slot as usize] = *v;
            }
        }
        (Address::Gather(slots), true) => {
            for (v, slot) in lanes.iter().zip(&slots[first..]) {
                out[*slot as usize] += v;
            }
        }
    }
}
