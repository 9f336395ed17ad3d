//! Sparse derivative matrices whose values kernels write in place.
//!
//! [`Stencil`] lists every entry that some out or array step produces, in execution order; a pattern of
//! the entries gives each its slot. Where an out is the first to touch all of its slots and touches
//! each once, it stores; later outs add. Slots that only see additions are cleared first.

use super::arrays::ArrayStep;
use super::exec::{BoundLoop, BoundOut, Source};
use super::link::{BoundStep, Linker};
use super::program::{BLOCK, KernelId, Part, Step, What};
use crate::base::limits;
use crate::bind::Address;
use crate::num::sparse::{Pattern, PatternError};
use std::ops::Range;
use std::sync::Arc;

/// Most entries of a matrix before those at one place are merged: the lists take 8 bytes each.
pub const MAX_ENTRIES: usize = limits::MAX_NONZEROS / 4;

/// The values of a matrix and how they are computed.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Length of the value buffer; the matrix itself comes first in it.
    pub n_values: usize,
    /// What is reset before the steps: cleared, or taken from `constants`.
    pub clear: Vec<Range<u32>>,
    /// The first so many steps give the same values at every point.
    pub n_constant: usize,
    /// What they give, by slot; empty without them.
    pub constants: Vec<f64>,
    /// The objective whose weight, 1 in the constants, they are multiplied by.
    pub scale: Option<u32>,
    /// Kernels and array steps.
    pub steps: Vec<BoundStep>,
    /// Slots of the values of each array step, in order; empty for loops.
    pub array_slots: Vec<Arc<[u32]>>,
}

/// The entries of a matrix in z, in execution order.
pub struct Stencil {
    steps: Vec<Pending>,
    n_constant: usize,
    scale: Option<u32>,
    /// `(row, column)` of each entry.
    entries: Vec<(u32, u32)>,
}

/// A step whose slots are not known yet; ranges are positions in the list of entries.
enum Pending {
    Begin(u32),
    Array(u32, ArrayStep, Range<usize>),
    Loop(KernelId, usize, Vec<PendingOut>),
}

impl Pending {
    fn n_entries(&self) -> usize {
        match self {
            Self::Begin(_) => 0,
            Self::Array(_, _, entries) => entries.len(),
            Self::Loop(_, _, outs) => outs.iter().map(|out| out.entries.len()).sum(),
        }
    }
}

/// Slots that may be copied for each constant.
const MOST_COPIED: usize = 4;

struct PendingOut {
    entries: Range<usize>,
    twice: Arc<[u32]>,
}

impl Stencil {
    /// Slopes of rows, then of defined arrays, by row of the lifted problem and column.
    ///
    /// # Errors
    /// [`PatternError::TooLarge`] beyond [`MAX_ENTRIES`], before the memory is taken.
    pub fn jacobian(linker: &Linker<'_>) -> Result<Self, PatternError> {
        let mut stencil = Self { steps: Vec::new(), n_constant: 0, scale: None, entries: Vec::new() };
        let rows = linker.program.part(Part::JacobianRows).iter().copied();
        let (constant, varying): (Vec<Step>, Vec<Step>) = rows.partition(|step| is_constant(linker, *step));
        stencil.n_constant = constant.len();
        for part in [constant, varying, linker.program.part(Part::JacobianArrays).to_vec()] {
            for step in part {
                stencil.add(linker, step, ArrayStep::n_slopes, |stencil, array, def| {
                    let layout = linker.layout;
                    let row_shift = linker.col_shift(def) + layout.n_rows as isize - layout.n_x as isize;
                    array.slope_places(|out, operand| {
                        let col = operand.wrapping_add_signed(linker.col_shift_of(operand));
                        stencil.entries.push((out.wrapping_add_signed(row_shift) as u32, col as u32));
                    });
                })?;
            }
        }
        Ok(stencil)
    }

    /// Second derivatives of everything, lower triangle.
    ///
    /// # Errors
    /// As [`Stencil::jacobian`].
    pub fn hessian(linker: &Linker<'_>) -> Result<Self, PatternError> {
        let top = linker.program.part(Part::HessianTop);
        let scale = top.iter().find_map(|step| weighted_constant(linker, *step));
        let is_constant = |step: &Step| scale.is_some() && weighted_constant(linker, *step) == scale;
        let (constant, varying): (Vec<Step>, Vec<Step>) = top.iter().copied().partition(is_constant);
        let mut stencil = Self { steps: Vec::new(), n_constant: constant.len(), scale, entries: Vec::new() };
        for part in [constant, varying, linker.program.part(Part::HessianArrays).to_vec()] {
            for step in part {
                stencil.add(linker, step, ArrayStep::n_curves, |stencil, array, _| {
                    array.curve_places(|a, b| {
                        let col = |z: usize| z.wrapping_add_signed(linker.col_shift_of(z)) as u32;
                        let (a, b) = (col(a), col(b));
                        stencil.entries.push((a.max(b), a.min(b)));
                    });
                })?;
            }
        }
        Ok(stencil)
    }

    /// Number of entries before duplicates are merged.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The pattern of all entries, with those of `more`, and the slot of each entry.
    ///
    /// # Errors
    /// When there are more entries than a pattern can count.
    pub fn pattern(
        &self,
        n_rows: usize,
        n_cols: usize,
        more: impl Iterator<Item = (usize, usize)>,
    ) -> Result<(Pattern, Vec<u32>), PatternError> {
        let mut more = more.map(|(row, col)| (row as u32, col as u32)).peekable();
        if more.peek().is_none() {
            return Pattern::from_pairs(n_rows, n_cols, &self.entries);
        }
        let all: Vec<(u32, u32)> = self.entries.iter().copied().chain(more).collect();
        Pattern::from_pairs(n_rows, n_cols, &all)
    }

    /// The plan that writes entry `k` to `slots[k]` of a buffer of `n_values`.
    pub fn plan(self, linker: &Linker<'_>, slots: &[u32], n_values: usize) -> Plan {
        let mut touched = Touched::new(n_values);
        let mut plan = Plan { n_values, n_constant: self.n_constant, scale: self.scale, ..Plan::default() };
        let mut constant_ids = 0;
        let n_own: usize = self.steps[..self.n_constant].iter().map(Pending::n_entries).sum();
        for (at, step) in self.steps.into_iter().enumerate() {
            if at == self.n_constant {
                constant_ids = touched.next_id();
            }
            let mut array_slots: Arc<[u32]> = Arc::new([]);
            plan.steps.push(match step {
                Pending::Begin(def) => BoundStep::Begin(def),
                Pending::Array(def, array, entries) => {
                    array_slots = slots[entries].into();
                    touched.adds(&array_slots);
                    BoundStep::Array { def, array }
                }
                Pending::Loop(kernel, count, outs) => {
                    let places: Vec<Address> =
                        outs.iter().map(|o| Address::of_slots(&slots[o.entries.clone()])).collect();
                    let first = touched.next_id();
                    for (out, at) in outs.iter().zip(&places) {
                        touched.visit(&slots[out.entries.clone()], at, first);
                    }
                    let bind = |((out, at), id): ((PendingOut, Address), u32)| {
                        BoundOut::new(at, count, !touched.stores[id as usize], out.twice)
                    };
                    let outs = outs.into_iter().zip(places).zip(first..).map(bind).collect();
                    BoundStep::Loop(BoundLoop::new(kernel, count, linker.ports(kernel), outs))
                }
            });
            plan.array_slots.push(array_slots);
        }
        if plan.steps.len() == self.n_constant {
            constant_ids = touched.next_id();
        }
        plan.clear = touched.unstored(constant_ids);
        let len = |ranges: &[Range<u32>]| ranges.iter().map(|range| range.len()).sum::<usize>();
        let without = touched.unstored(0);
        if n_own == 0 || len(&plan.clear) > len(&without) + MOST_COPIED * n_own {
            // There are none, or they stand so far apart that what lies between would be copied with them.
            (plan.n_constant, plan.scale, plan.clear) = (0, None, without);
        }
        plan
    }

    fn add(
        &mut self,
        linker: &Linker<'_>,
        step: Step,
        array_len: impl Fn(&ArrayStep) -> usize,
        array_entries: impl Fn(&mut Self, &ArrayStep, usize),
    ) -> Result<(), PatternError> {
        match step {
            Step::Begin(def) => self.steps.push(Pending::Begin(def)),
            Step::Array(def) => {
                let array = linker.array(def);
                self.reserve(array_len(&array))?;
                let from = self.entries.len();
                array_entries(self, &array, def as usize);
                self.steps.push(Pending::Array(def, array, from..self.entries.len()));
            }
            Step::Loop(kernel) => {
                let count = linker.count(kernel);
                let outs = &linker.program.kernels[kernel].outs;
                self.reserve(count.saturating_mul(outs.len()))?;
                let outs = outs.iter().map(|out| self.out(linker, out, count)).collect();
                self.steps.push(Pending::Loop(kernel, count, outs));
            }
        }
        Ok(())
    }

    fn reserve(&mut self, more: usize) -> Result<(), PatternError> {
        if self.entries.len().saturating_add(more) > MAX_ENTRIES {
            return Err(PatternError::TooLarge);
        }
        self.entries.reserve(more);
        Ok(())
    }

    fn out(&mut self, linker: &Linker<'_>, out: &super::program::Out, count: usize) -> PendingOut {
        let from = self.entries.len();
        self.entries.resize(from + count, (0, 0));
        let entries = &mut self.entries[from..];
        let shifted = |slot: u32, by: isize| (slot as usize).wrapping_add_signed(by) as u32;
        let mut twice = Vec::new();
        match out.what {
            What::Value => crate::bug!("values have no place in a matrix"),
            What::Slope { input } => {
                let (row, row_shift) = linker.row(out.family);
                let (col, col_shift) = (linker.leaf(out, input), linker.shift(input));
                row.each(count, |k, slot| entries[k].0 = shifted(slot, row_shift));
                col.each(count, |k, slot| entries[k].1 = shifted(slot, col_shift));
            }
            What::Curve { row, col } => {
                let (a_shift, b_shift) = (linker.shift(row), linker.shift(col));
                linker.leaf(out, row).each(count, |k, slot| entries[k].0 = shifted(slot, a_shift));
                linker.leaf(out, col).each(count, |k, slot| entries[k].1 = shifted(slot, b_shift));
                if row != col {
                    let same = (0u32..).zip(&*entries).filter(|(_, (a, b))| a == b);
                    twice.extend(same.map(|(k, _)| k));
                }
                for entry in entries {
                    *entry = (entry.0.max(entry.1), entry.0.min(entry.1));
                }
            }
        }
        PendingOut { entries: from..self.entries.len(), twice: twice.into() }
    }
}

/// Whether a step gives the same at every point: it reads data alone.
fn is_constant(linker: &Linker<'_>, step: Step) -> bool {
    match step {
        Step::Loop(kernel) => linker.ports(kernel).iter().all(|port| linker.is_data(port)),
        _ => false,
    }
}

/// The objective, where a step gives the same at every point but for the weight of that one.
fn weighted_constant(linker: &Linker<'_>, step: Step) -> Option<u32> {
    let Step::Loop(kernel) = step else { return None };
    let mut objective = None;
    for port in linker.ports(kernel) {
        match (port.source, objective) {
            (Source::Sigma, None) => objective = Some(port.at.at(0) as u32),
            (Source::Sigma, Some(k)) if port.at.at(0) as u32 == k => {}
            _ if linker.is_data(&port) => {}
            _ => return None,
        }
    }
    objective
}

/// Which out was the first to touch each slot.
struct Touched {
    /// By slot, index in `stores` of the first visitor (0: nobody), and the block in which it came ([`AT_END`] for
    /// reductions).
    first: Vec<(u32, u32)>,
    /// Whether each visitor may store.
    stores: Vec<bool>,
}

/// Reductions over instances write when all blocks are done.
const AT_END: u32 = u32::MAX;

impl Touched {
    fn new(n_values: usize) -> Self {
        Self { first: vec![(0, 0); n_values], stores: vec![false] }
    }

    fn next_id(&self) -> u32 {
        self.stores.len() as u32
    }

    /// An out comes to its slots. It may store if nobody was there before and it comes to each slot
    /// once. Outs of one kernel, numbered from `first`, take turns block by block: whoever would store
    /// after another has added must add as well.
    fn visit(&mut self, slots: &[u32], at: &Address, first: u32) {
        let id = self.next_id();
        self.stores.push(true);
        let reduces = matches!(at, Address::Affine { stride: 0, .. }) && slots.len() > 1;
        let slots = if reduces { &slots[..1] } else { slots };
        for (slots, block) in slots.chunks(BLOCK).zip(0..) {
            let now = if reduces { AT_END } else { block };
            for &slot in slots {
                let (by, when) = &mut self.first[slot as usize];
                if *by == 0 {
                    (*by, *when) = (id, now);
                    continue;
                }
                self.stores[id as usize] = false;
                if *by >= first && *when > now {
                    self.stores[*by as usize] = false;
                }
            }
        }
    }

    fn adds(&mut self, slots: &[u32]) {
        let id = self.stores.len() as u32;
        self.stores.push(false);
        for &slot in slots {
            let by = &mut self.first[slot as usize].0;
            *by = if *by == 0 { id } else { *by };
        }
    }

    /// Ranges of slots that no out stores to, but those with ids below `constant`, which do not run again.
    fn unstored(&self, constant: u32) -> Vec<Range<u32>> {
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for (slot, (by, _)) in (0u32..).zip(&self.first) {
            if self.stores[*by as usize] && *by >= constant {
                continue;
            }
            match ranges.last_mut() {
                // Stores come later: clearing a few slots too many costs less than another range.
                Some(last) if slot - last.end < 16 => last.end = slot + 1,
                _ => ranges.push(slot..slot + 1),
            }
        }
        ranges
    }
}
