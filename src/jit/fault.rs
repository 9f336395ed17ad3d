//! Planted faults: what a broken code generator would do, as edits of what the code is made from.
//!
//! The bitwise judge must notice each. Everything that decides a result is data (the schedule, the forms of
//! addresses, the loop that the code meets), so no fault needs a hook in the code that runs.
//!
//! Invariant: no fault leads code out of its buffers.

use super::compile::{Draft, Jit, JitError};
use super::forms::{Forms, OutForm, PortForm};
use super::pool::Pool;
use super::schedule::{Call, Item, Schedule, Value};
use super::team::share_edited;
use crate::bind::Address;
use crate::func::{self, FuncId, Instruction, Lower};
use crate::kernel::CompiledOracle;
use crate::kernel::exec::{BoundLoop, BoundPort, Buffers, Code, Native, Source, Work};
use crate::kernel::program::{BLOCK, Op, Reg};
use crate::kernel::split::{Act, Split};
use std::sync::Arc;

/// A way to be wrong.
pub struct Fault {
    /// What is wrong.
    pub name: &'static str,
    plant: Plant,
}

/// Where a fault is planted; each gives whether there was a place for it. The number picks the place.
enum Plant {
    /// In a schedule.
    Schedule(fn(&mut Schedule, usize) -> bool),
    /// In the forms of the addresses of a loop.
    Forms(fn(&mut Forms, &BoundLoop, usize) -> bool),
    /// In the loop that correct code meets.
    Loop(fn(&mut BoundLoop, usize) -> bool),
}

/// A way to cut a part wrongly, in the order of additions or in what is done: no thread comes to the slots of another.
pub struct Miscut {
    /// What is wrong.
    pub name: &'static str,
    plant: fn(&mut Split, usize) -> bool,
}

/// All wrong cuts.
pub const MISCUTS: &[Miscut] = &[
    Miscut { name: "two values for one slot are added in another order", plant: swap_acts },
    Miscut { name: "a value that waited is not added", plant: lose_act },
    Miscut { name: "a sum over instances forgets its last block", plant: short_total },
    Miscut { name: "a chunk leaves out its last block", plant: short_share },
];

impl Miscut {
    /// Gives the parts of an oracle to threads, wrongly; `false` when there is no place for the fault.
    pub fn share(&self, oracle: &mut CompiledOracle, pool: &Arc<Pool>, pick: usize) -> bool {
        let mut planted = false;
        share_edited(oracle, pool, &mut |split| planted = planted || (self.plant)(split, pick));
        planted
    }
}

fn swap_acts(split: &mut Split, pick: usize) -> bool {
    let slot = |act: &Act| match *act {
        Act::Add { slot, .. } | Act::Total { slot, .. } => slot,
    };
    for acts in &mut split.acts {
        let pair = |k: usize| (0..k).find(|j| slot(&acts[*j]) == slot(&acts[k])).map(|j| (j, k));
        if let Some((j, k)) = choose((0..acts.len()).filter_map(pair).collect(), pick) {
            acts.swap(j, k);
            return true;
        }
    }
    false
}

fn lose_act(split: &mut Split, pick: usize) -> bool {
    let acts = split.acts.iter_mut().filter(|acts| !acts.is_empty());
    choose(acts.collect(), pick).map(|acts| acts.remove(pick % acts.len())).is_some()
}

fn short_total(split: &mut Split, pick: usize) -> bool {
    let totals = split.totals.iter_mut().filter(|total| total.n_blocks > 1);
    choose(totals.collect(), pick).map(|total| total.n_blocks -= 1).is_some()
}

fn short_share(split: &mut Split, pick: usize) -> bool {
    // What waits of the block would be read from cells that nobody wrote: that is wrong as well, but not always.
    let shares = split.chunks.iter_mut().flatten().filter(|share| share.range.len() > BLOCK && share.late.is_empty());
    choose(shares.collect(), pick).map(|share| share.range.end = (share.range.end - 1) / BLOCK * BLOCK).is_some()
}

/// All faults.
pub const FAULTS: &[Fault] = &[
    Fault { name: "the operands of a difference are swapped", plant: Plant::Schedule(swap_difference) },
    Fault { name: "the operands of a quotient are swapped", plant: Plant::Schedule(swap_quotient) },
    Fault { name: "a comparison looks the other way", plant: Plant::Schedule(wrong_condition) },
    Fault { name: "the arms of a selection are swapped", plant: Plant::Schedule(swap_arms) },
    Fault { name: "a number is off by one unit in the last place", plant: Plant::Schedule(wrong_number) },
    Fault { name: "two values from before the loop are swapped", plant: Plant::Schedule(swap_once) },
    Fault { name: "a slot is used again while its value is needed", plant: Plant::Schedule(reuse_slot) },
    Fault { name: "the results of sine and cosine are swapped", plant: Plant::Schedule(swap_sines) },
    Fault { name: "the arguments of a call are swapped", plant: Plant::Schedule(swap_arguments) },
    Fault { name: "a store is lost", plant: Plant::Schedule(lose_store) },
    Fault { name: "outs that share a place are written in another order", plant: Plant::Schedule(wrong_order) },
    Fault { name: "the list of another port is used", plant: Plant::Forms(wrong_list) },
    Fault { name: "a neighbour is read at the place of its port", plant: Plant::Forms(wrong_neighbour) },
    Fault { name: "an out overwrites where it should add", plant: Plant::Forms(forget_add) },
    Fault { name: "a call takes what another one kept", plant: Plant::Schedule(swap_kept) },
    Fault { name: "what is kept stands one instance too early", plant: Plant::Loop(shift_kept) },
    Fault { name: "a stride is too short", plant: Plant::Loop(wrong_stride) },
    Fault { name: "a lone instance is skipped", plant: Plant::Loop(skip_lone) },
    Fault { name: "the second lane of a lone instance counts", plant: Plant::Loop(count_padding) },
];

impl Fault {
    /// Gives an oracle faulty code; `false` when it has no place for the fault. The number picks the place.
    ///
    /// # Errors
    /// As [`Jit::attach`].
    pub fn attach(&self, jit: &Jit, oracle: &mut CompiledOracle, pick: usize) -> Result<bool, JitError> {
        let mut planted = false;
        let mut edit = |drafts: &mut [Draft], loops: &[&mut BoundLoop]| {
            let n = drafts.len();
            planted = (0..n).any(|k| {
                let draft = &mut drafts[(pick + k) % n];
                match self.plant {
                    Plant::Schedule(plant) => plant(&mut draft.schedule, pick),
                    Plant::Forms(plant) if draft.members.len() == 1 => {
                        plant(&mut draft.forms, loops[draft.members[0]], pick)
                    }
                    _ => false,
                }
            });
        };
        jit.attach_edited(oracle, &mut edit)?;
        if let Plant::Loop(plant) = self.plant {
            let (_, mut loops) = oracle.loops_mut();
            let n = loops.len();
            planted = (0..n).any(|k| {
                let bound = &mut loops[(pick + k) % n];
                let mut given = BoundLoop { code: Code::default(), ..bound.clone() };
                match bound.code.0.take() {
                    Some(code) if plant(&mut given, pick) => {
                        bound.code = Code(Some(Arc::new(Misled { code, given })));
                        true
                    }
                    code => {
                        bound.code = Code(code);
                        false
                    }
                }
            });
        }
        Ok(planted)
    }
}

/// Correct code that meets another loop than it should.
struct Misled {
    code: Arc<dyn Native>,
    given: BoundLoop,
}

impl Native for Misled {
    fn scratch(&self) -> usize {
        self.code.scratch()
    }

    fn table(&self) -> usize {
        self.code.table()
    }

    fn once(&self) -> &[Reg] {
        self.code.once()
    }

    fn run(&self, _: &BoundLoop, buffers: &Buffers<'_>, work: &mut Work<'_>, out: &mut [f64]) {
        self.code.run(&self.given, buffers, work, out);
    }
}

/// The `pick`-th of the places, counted around.
fn choose<T>(places: Vec<T>, pick: usize) -> Option<T> {
    let len = places.len();
    places.into_iter().nth(if len == 0 { 0 } else { pick % len })
}

/// Positions of the values whose op is as wanted.
fn ops(schedule: &Schedule, wanted: impl Fn(&Op) -> bool) -> Vec<usize> {
    let values = schedule.values.iter().enumerate();
    values.filter(|(_, v)| matches!(v, Value::Op(op) if wanted(op))).map(|(at, _)| at).collect()
}

fn swap(schedule: &mut Schedule, pick: usize, a: usize, b: usize, wanted: impl Fn(&Op) -> bool) -> bool {
    let mut places = ops(schedule, wanted);
    places.retain(|at| schedule.operands[*at][a] != schedule.operands[*at][b]);
    choose(places, pick).map(|at| schedule.operands[at].swap(a, b)).is_some()
}

fn swap_difference(schedule: &mut Schedule, pick: usize) -> bool {
    swap(schedule, pick, 0, 1, |op| matches!(op, Op::Sub { .. }))
}

fn swap_quotient(schedule: &mut Schedule, pick: usize) -> bool {
    swap(schedule, pick, 0, 1, |op| matches!(op, Op::Div { .. }))
}

fn swap_arms(schedule: &mut Schedule, pick: usize) -> bool {
    swap(schedule, pick, 1, 2, |op| matches!(op, Op::Select { .. }))
}

fn wrong_condition(schedule: &mut Schedule, pick: usize) -> bool {
    use Instruction as I;
    let other = |func: FuncId| {
        let Lower::Native(instruction) = func::row(func).lower else { return None };
        let wrong = match instruction {
            I::Lt => I::Gt,
            I::Le => I::Ge,
            I::Gt => I::Lt,
            I::Ge => I::Le,
            I::Eq => I::Ne,
            I::Ne => I::Eq,
            _ => return None,
        };
        let rows = func::all().iter();
        rows.filter(|row| matches!(row.lower, Lower::Native(i) if i == wrong)).find_map(|row| func::lookup(row.name))
    };
    let places = ops(schedule, |op| matches!(op, Op::Call { func, .. } if other(*func).is_some()));
    let Some(at) = choose(places, pick) else { return false };
    match &mut schedule.values[at] {
        Value::Op(Op::Call { func, .. }) => other(*func).map(|wrong| *func = wrong).is_some(),
        _ => false,
    }
}

fn wrong_number(schedule: &mut Schedule, pick: usize) -> bool {
    let numbers = schedule.values.iter_mut().filter_map(|value| match value {
        Value::Op(Op::Const { value: number, .. } | Op::Offset { by: number, .. } | Op::Scale { by: number, .. }) => {
            Some(number)
        }
        _ => None,
    });
    choose(numbers.collect(), pick).map(|number| *number = number.next_up()).is_some()
}

fn swap_once(schedule: &mut Schedule, pick: usize) -> bool {
    let n = schedule.once.len();
    if n > 1 {
        schedule.once.swap(pick % n, (pick + 1) % n);
    }
    n > 1
}

fn items(schedule: &mut Schedule) -> impl Iterator<Item = &mut Vec<Item>> {
    schedule.stages.iter_mut().flat_map(|stage| &mut stage.parts)
}

fn calls(schedule: &mut Schedule) -> impl Iterator<Item = &mut Call> {
    schedule.stages.iter_mut().flat_map(|stage| &mut stage.calls)
}

fn reuse_slot(schedule: &mut Schedule, pick: usize) -> bool {
    // Results of calls keep their slots: those of a call are ordered.
    let results: Vec<u32> =
        calls(schedule).flat_map(|call| [Some(call.to), call.cosine.map(|(slot, _)| slot)]).flatten().collect();
    let kept: Vec<u32> = schedule.slot.iter().flatten().copied().filter(|slot| !results.contains(slot)).collect();
    let pairs = kept.windows(2).map(|pair| (pair[0], pair[1]));
    let Some((old, new)) = choose(pairs.collect(), pick) else { return false };
    let rename = |slot: &mut u32| *slot = if *slot == new { old } else { *slot };
    schedule.slot.iter_mut().flatten().for_each(rename);
    calls(schedule).flat_map(|call| &mut call.args).for_each(rename);
    for item in items(schedule).flatten() {
        if let Item::Spill(_, slot) = item {
            rename(slot);
        }
    }
    true
}

fn swap_sines(schedule: &mut Schedule, pick: usize) -> bool {
    let pairs = calls(schedule).filter_map(|call| call.cosine.as_mut().map(|(cosine, _)| (&mut call.to, cosine)));
    choose(pairs.collect(), pick).map(|(sin, cos)| std::mem::swap(sin, cos)).is_some()
}

fn swap_arguments(schedule: &mut Schedule, pick: usize) -> bool {
    let places = calls(schedule).filter(|call| call.args.len() > 1 && call.args[0] != call.args[1]);
    choose(places.collect(), pick).map(|call| call.args.swap(0, 1)).is_some()
}

fn swap_kept(schedule: &mut Schedule, pick: usize) -> bool {
    let numbers: Vec<&mut u32> = calls(schedule).map(|call| &mut call.nth).collect();
    let n = numbers.len();
    let mut pair = numbers.into_iter().skip(if n > 1 { pick % (n - 1) } else { 0 });
    let (Some(one), Some(other)) = (pair.next(), pair.next()) else { return false };
    std::mem::swap(one, other);
    true
}

fn shift_kept(bound: &mut BoundLoop, pick: usize) -> bool {
    let places = bound.kept.iter_mut().flatten().filter(|keep| keep.first > 0);
    choose(places.collect(), pick).map(|keep| keep.first -= 1).is_some()
}

fn lose_store(schedule: &mut Schedule, pick: usize) -> bool {
    let places: Vec<(usize, usize)> = items(schedule)
        .enumerate()
        .flat_map(|(part, items)| items.iter().enumerate().map(move |(at, item)| (part, at, *item)).collect::<Vec<_>>())
        .filter(|(_, _, item)| matches!(item, Item::Store(..)))
        .map(|(part, at, _)| (part, at))
        .collect();
    let Some((part, at)) = choose(places, pick) else { return false };
    items(schedule).nth(part).map(|items| items.remove(at)).is_some()
}

fn wrong_order(schedule: &mut Schedule, pick: usize) -> bool {
    let n = schedule.staged.len();
    if n > 1 {
        schedule.staged.rotate_left(1 + pick % (n - 1));
    }
    n > 1
}

fn wrong_list(forms: &mut Forms, bound: &BoundLoop, pick: usize) -> bool {
    let list = |p: usize| match &bound.ports[p].at {
        Address::Gather(slots) if slots.len() >= bound.count => Some(&slots[..bound.count]),
        _ => None,
    };
    // What port `p` would read through the list of `q`, shifted to begin where its own begins, stays where it reads.
    let fits = |p: usize, q: usize| {
        let (Some(own), Some(other)) = (list(p), list(q)) else { return false };
        let most = i64::from(own.iter().max().copied().unwrap_or(0));
        let by = i64::from(own[0]) - i64::from(other[0]);
        own != other && other.iter().all(|slot| (0..=most).contains(&(i64::from(*slot) + by)))
    };
    let owner = |p: usize| matches!(forms.ports[p], PortForm::Gather { of } if of as usize == p);
    let n = bound.ports.len();
    let pairs = (0..n).flat_map(|p| (0..n).map(move |q| (p, q))).filter(|(p, q)| {
        // A port that lends its list goes on lending it.
        let lends = (0..n).any(|r| r != *p && forms.ports[r] == PortForm::Gather { of: *p as u32 });
        p != q && !lends && matches!(forms.ports[*p], PortForm::Gather { .. }) && owner(*q) && fits(*p, *q)
    });
    let Some((p, q)) = choose(pairs.collect(), pick) else { return false };
    forms.ports[p] = PortForm::Gather { of: q as u32 };
    true
}

fn wrong_neighbour(forms: &mut Forms, _: &BoundLoop, pick: usize) -> bool {
    let deltas = forms.ports.iter_mut().filter_map(|form| match form {
        PortForm::Unit { delta, .. } if *delta != 0 => Some(delta),
        _ => None,
    });
    choose(deltas.collect(), pick).map(|delta| *delta = 0).is_some()
}

fn forget_add(forms: &mut Forms, _: &BoundLoop, pick: usize) -> bool {
    let adds = forms.outs.iter_mut().filter_map(|form| match form {
        OutForm::Unit { add } | OutForm::Strided { add } | OutForm::Gather { add } if *add => Some(add),
        _ => None,
    });
    choose(adds.collect(), pick).map(|add| *add = false).is_some()
}

fn wrong_stride(bound: &mut BoundLoop, pick: usize) -> bool {
    if bound.count < 2 {
        return false;
    }
    let strides = bound.ports.iter_mut().filter_map(|port| match &mut port.at {
        Address::Affine { stride, .. } if !matches!(stride, 0 | 1) => Some(stride),
        _ => None,
    });
    choose(strides.collect(), pick).map(|stride| *stride -= stride.signum()).is_some()
}

fn skip_lone(bound: &mut BoundLoop, _: usize) -> bool {
    let planted = bound.count > 1 && !bound.count.is_multiple_of(2);
    bound.count -= usize::from(planted);
    planted
}

fn count_padding(bound: &mut BoundLoop, _: usize) -> bool {
    let padded = |at: &Address| matches!(at, Address::Gather(_) | Address::Affine { stride: 0, .. });
    // Only where the last place can be repeated: behind a row of places there may be nothing.
    if bound.count < 2 || bound.count.is_multiple_of(2) || !bound.outs.iter().all(|out| padded(&out.at)) {
        return false;
    }
    // Weights of rows are read from where the caller has them.
    let longer = |port: &BoundPort| port.source != Source::Row && matches!(port.at, Address::Affine { stride: 1, .. });
    if !bound.ports.iter().all(|port| padded(&port.at) || longer(port)) {
        return false;
    }
    let repeat = |at: &mut Address| {
        if let Address::Gather(slots) = at {
            *slots = slots[..bound.count].iter().chain([&slots[bound.count - 1]]).copied().collect();
        }
    };
    bound.ports.iter_mut().for_each(|port| repeat(&mut port.at));
    bound.outs.iter_mut().for_each(|out| repeat(&mut out.at));
    // What is kept has no room for one more.
    bound.kept.clear();
    bound.count += 1;
    true
}
