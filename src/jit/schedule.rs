//! A kernel cut into functions.
//!
//! An op belongs to a stage: one more than the stages of calls it depends on. Between two stages the calls are made
//! for all instances of a block. A stage of more than [`MAX_OPS`] ops, stores counted half, is cut further, since the
//! time of register allocation grows faster than the length of a function. What one function computes and another needs
//! crosses in the scratch; loads and numbers are cheap enough to repeat.
//!
//! Invariant: the work is proportional to the length of the kernel.

use super::forms::{Forms, OutForm};
use crate::func::{self, FuncId, Lower};
use crate::kernel::program::{Kernel, Op, Reg};
use std::collections::HashMap;
use std::ops::Range;

/// Most ops of one function.
pub const MAX_OPS: usize = 400;
/// Most items of one function: an op that computes may bring a slot with it, and a store counts half.
pub const MAX_ITEMS: usize = 2 * MAX_OPS;
/// Stores that stand beside the op whose value they give away; more are cut like ops.
const NEAR_STORES: usize = 16;

/// A value: position in [`Schedule::values`].
pub type Val = u32;

/// How a value comes about.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    /// Computed once per call, the nth of [`Schedule::once`].
    Once(u32),
    /// An op of the body; its operands are in [`Schedule::operands`].
    Op(Op),
}

/// What a function does, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item {
    /// Computes a value.
    Compute(Val),
    /// Keeps a value in a slot of the scratch.
    Spill(Val, u32),
    /// Gives a value to an out.
    Store(Val, u32),
}

/// A call for all instances of a block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The function.
    pub func: FuncId,
    /// Which call of the kernel's body it is.
    pub nth: u32,
    /// Slots of the arguments.
    pub args: Vec<u32>,
    /// Slot of the result.
    pub to: u32,
    /// Slot of the cosine, when the call is for sine and cosine of one argument, and which call of the body that was.
    pub cosine: Option<(u32, u32)>,
}

/// Functions, then calls.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stage {
    /// Functions, each a list of items.
    pub parts: Vec<Vec<Item>>,
    /// The calls that follow.
    pub calls: Vec<Call>,
    /// Whether the functions do nothing but compute arguments of these calls.
    pub serves_calls: bool,
}

/// A kernel, cut.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// All values of the body.
    pub values: Vec<Value>,
    /// Their operands; empty for loads, numbers and once-values.
    pub operands: Vec<Vec<Val>>,
    /// Slot of each value that crosses from one function to another.
    pub slot: Vec<Option<u32>>,
    /// The registers of once-values.
    pub once: Vec<Reg>,
    /// The stages.
    pub stages: Vec<Stage>,
    /// Slots in use.
    pub n_slots: u32,
    /// Outs that wait in a slot until the block is done, in the order of their ops.
    pub staged: Vec<(u32, u32)>,
}

impl Schedule {
    /// Cuts a kernel for addresses of the given forms.
    pub fn new(kernel: &Kernel, forms: &Forms) -> Self {
        let mut cutter = Cutter::read(kernel);
        cutter.levels();
        cutter.place();
        cutter.finish(forms)
    }

    /// Whether a value is repeated rather than kept.
    pub fn is_free(&self, value: Val) -> bool {
        is_free(&self.values[value as usize])
    }
}

fn is_free(value: &Value) -> bool {
    matches!(value, Value::Once(_) | Value::Op(Op::Load { .. } | Op::Const { .. }))
}

/// The function of a call that is left to a block routine.
fn called(value: &Value) -> Option<FuncId> {
    match value {
        Value::Op(Op::Call { func, .. }) => match func::row(*func).lower {
            Lower::Native(_) => None,
            Lower::Call => Some(*func),
        },
        _ => None,
    }
}

/// By stage, how many functions are full, and what is in the next one.
struct Parts(Vec<(u32, usize)>);

impl Parts {
    /// A function of a stage that has room: its place.
    fn take(&mut self, stage: u32, room: usize) -> (u32, u32) {
        let (full, taken) = &mut self.0[stage as usize];
        if *taken > 0 && *taken + room > MAX_ITEMS {
            *full += 1;
            *taken = 0;
        }
        *taken += room;
        (stage, *full)
    }
}

struct Cutter {
    values: Vec<Value>,
    operands: Vec<Vec<Val>>,
    once: Vec<Reg>,
    /// `(value, out)` of the stores, in order.
    stores: Vec<(Val, u32)>,
    /// Earliest stage of each value; of a call, the stage that may use it.
    level: Vec<u32>,
    /// The stage each value is computed in; of a call, the stage that it ends.
    stage: Vec<u32>,
    /// Of a call: which of the body it is.
    nth: Vec<u32>,
}

impl Cutter {
    fn read(kernel: &Kernel) -> Self {
        let mut cutter = Self {
            values: Vec::new(),
            operands: Vec::new(),
            once: Vec::new(),
            stores: Vec::new(),
            level: Vec::new(),
            stage: Vec::new(),
            nth: Vec::new(),
        };
        let mut n_calls = 0;
        let mut holds: Vec<Option<Val>> = vec![None; kernel.n_regs as usize];
        for op in &kernel.body {
            let (dst, regs) = parts(op, &kernel.args);
            let operands: Vec<Val> = regs.iter().map(|reg| cutter.held(&mut holds, *reg)).collect();
            if let Op::Store { out, .. } = op {
                cutter.stores.push((operands[0], *out));
                continue;
            }
            let value = cutter.push(Value::Op(*op), operands);
            if let Op::Call { .. } = op {
                cutter.nth[value as usize] = n_calls;
                n_calls += 1;
            }
            if let Some(dst) = dst {
                holds[dst.0 as usize] = Some(value);
            }
        }
        cutter
    }

    /// The value of a register; one that the body never wrote comes from before the loop.
    fn held(&mut self, holds: &mut [Option<Val>], reg: Reg) -> Val {
        if let Some(value) = holds[reg.0 as usize] {
            return value;
        }
        self.once.push(reg);
        let value = self.push(Value::Once(self.once.len() as u32 - 1), Vec::new());
        holds[reg.0 as usize] = Some(value);
        value
    }

    fn push(&mut self, value: Value, operands: Vec<Val>) -> Val {
        self.values.push(value);
        self.operands.push(operands);
        self.nth.push(0);
        self.values.len() as Val - 1
    }

    fn levels(&mut self) {
        for (value, operands) in self.values.iter().zip(&self.operands) {
            let most = operands.iter().map(|o| self.level[*o as usize]).max().unwrap_or(0);
            self.level.push(most + u32::from(called(value).is_some()));
        }
    }

    /// As late as its first use allows: less has to cross.
    fn place(&mut self) {
        let mut stage = vec![u32::MAX; self.values.len()];
        for (value, _) in &self.stores {
            let at = &mut stage[*value as usize];
            *at = (*at).min(self.level[*value as usize]);
        }
        for v in (0..self.values.len()).rev() {
            if called(&self.values[v]).is_some() {
                stage[v] = self.level[v] - 1;
            } else if stage[v] == u32::MAX {
                stage[v] = self.level[v];
            }
            let mine = stage[v];
            for o in &self.operands[v] {
                let at = &mut stage[*o as usize];
                *at = (*at).min(mine);
            }
        }
        self.stage = stage;
    }

    fn finish(self, forms: &Forms) -> Schedule {
        let n_stages = self.level.iter().max().map_or(1, |m| m + 1) as usize;
        let (by_value, order) = self.stores_by_value();
        let mut parts = Parts(vec![(0, 0); n_stages]);
        let mut part_of = vec![(0_u32, 0_u32); self.values.len()];
        for (v, value) in self.values.iter().enumerate() {
            if !is_free(value) && called(value).is_none() {
                let near = by_value[v].len().min(NEAR_STORES);
                part_of[v] = parts.take(self.stage[v], self.operands[v].len().max(2) + near);
            }
        }
        let keep = self.crossing(&part_of, &by_value);
        let mut slots = 0..;
        let slot: Vec<Option<u32>> = keep.iter().map(|k| k.then(|| slots.next().unwrap_or_default())).collect();
        for (v, value) in self.values.iter().enumerate() {
            if is_free(value) && keep[v] {
                part_of[v] = parts.take(self.stage[v], 2);
            }
        }
        let mut n_slots = slot.iter().flatten().count() as u32;
        let n_crossing = n_slots as usize;
        let mut staged = Vec::new();
        let items: Vec<Item> = (self.stores.iter())
            .map(|&(value, out)| {
                if forms.outs[out as usize] != OutForm::Staged {
                    return Item::Store(value, out);
                }
                n_slots += 1;
                staged.push((n_slots - 1, out));
                Item::Spill(value, n_slots - 1)
            })
            .collect();
        let mut stages = vec![Stage::default(); n_stages];
        let apart = self.apart(&by_value, &mut parts);
        for (stage, (n_parts, _)) in stages.iter_mut().zip(&parts.0) {
            stage.parts = vec![Vec::new(); *n_parts as usize + 1];
        }
        let near = |v: usize| by_value[v].clone().take(NEAR_STORES).map(|k| items[order[k]]);
        self.fill(&mut stages, &part_of, &slot, near);
        for (k, (stage, part)) in apart {
            stages[stage as usize].parts[part as usize].push(items[order[k]]);
        }
        let serve = self.serving();
        for (at, stage) in stages.iter_mut().enumerate() {
            stage.serves_calls = stage.parts.iter().flatten().all(|item| match item {
                Item::Compute(_) => true,
                Item::Spill(value, slot) => (*slot as usize) < n_crossing && serve[*value as usize] == Some(at as u32),
                Item::Store(..) => false,
            });
            pair_sines(&mut stage.calls);
        }
        Schedule { values: self.values, operands: self.operands, slot, once: self.once, stages, n_slots, staged }
    }

    /// By value, the stage whose calls are all that ask for it, if there is one.
    fn serving(&self) -> Vec<Option<u32>> {
        let (mut stage, mut others) = (vec![None; self.values.len()], vec![false; self.values.len()]);
        for (v, operands) in self.operands.iter().enumerate() {
            let by = called(&self.values[v]).map(|_| self.stage[v]);
            // What is free other ops repeat for themselves.
            let asked = operands.iter().map(|o| *o as usize).filter(|o| by.is_some() || !is_free(&self.values[*o]));
            for o in asked {
                others[o] |= by.is_none() || stage[o].is_some_and(|at| Some(at) != by);
                stage[o] = stage[o].or(by);
            }
        }
        for (value, _) in &self.stores {
            others[*value as usize] = true;
        }
        stage.into_iter().zip(others).map(|(stage, others)| stage.filter(|_| !others)).collect()
    }

    /// By value, a range of the list of its stores.
    fn stores_by_value(&self) -> (Vec<Range<usize>>, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.stores.len()).collect();
        order.sort_by_key(|k| self.stores[*k].0);
        let mut ranges = vec![0..0; self.values.len()];
        let mut first = 0;
        for same in order.chunk_by(|a, b| self.stores[*a].0 == self.stores[*b].0) {
            ranges[self.stores[same[0]].0 as usize] = first..first + same.len();
            first += same.len();
        }
        (ranges, order)
    }

    /// Stores that do not stand beside an op, and where they do: those of values that are repeated in the first stage,
    /// those of calls in the first that may use the result.
    fn apart(&self, by_value: &[Range<usize>], parts: &mut Parts) -> Vec<(usize, (u32, u32))> {
        let mut apart = Vec::new();
        for (v, value) in self.values.iter().enumerate() {
            let (stage, near) = if called(value).is_some() {
                (self.level[v], 0)
            } else if is_free(value) {
                (0, 0)
            } else {
                (self.stage[v], NEAR_STORES)
            };
            apart.extend(by_value[v].clone().skip(near).map(|k| (k, parts.take(stage, 2))));
        }
        apart
    }

    /// Values that more than their own function needs.
    fn crossing(&self, part_of: &[(u32, u32)], stores: &[Range<usize>]) -> Vec<bool> {
        let mut keep = vec![false; self.values.len()];
        for (v, value) in self.values.iter().enumerate() {
            let is_call = called(value).is_some();
            keep[v] |= is_call || (!is_free(value) && stores[v].len() > NEAR_STORES);
            for &o in &self.operands[v] {
                let operand = &self.values[o as usize];
                if is_call || (!is_free(operand) && part_of[o as usize] != part_of[v]) {
                    keep[o as usize] = true;
                }
            }
        }
        keep
    }

    /// Puts stores right behind the computation of their value, so that registers are free early.
    fn fill<I: Iterator<Item = Item>>(
        &self,
        stages: &mut [Stage],
        part_of: &[(u32, u32)],
        slot: &[Option<u32>],
        near: impl Fn(usize) -> I,
    ) {
        for (v, value) in self.values.iter().enumerate() {
            let val = v as Val;
            if let Some(func) = called(value) {
                let args = self.operands[v].iter().map(|o| slot[*o as usize].unwrap_or_default()).collect();
                let to = slot[v].unwrap_or_default();
                stages[self.stage[v] as usize].calls.push(Call { func, nth: self.nth[v], args, to, cosine: None });
                continue;
            }
            let (stage, part) = part_of[v];
            let items = &mut stages[stage as usize].parts[part as usize];
            if !is_free(value) {
                items.push(Item::Compute(val));
                items.extend(near(v));
            }
            if let Some(slot) = slot[v] {
                items.push(Item::Spill(val, slot));
            }
        }
    }
}

/// Sine and cosine of one argument become one call.
fn pair_sines(calls: &mut Vec<Call>) {
    let (Some(sin), Some(cos)) = (func::lookup("sin"), func::lookup("cos")) else { return };
    let mut taken = vec![false; calls.len()];
    // By argument, looked up by key only: a function of one argument is called once.
    let cosines: HashMap<u32, usize> =
        calls.iter().enumerate().filter(|(_, call)| call.func == cos).map(|(j, call)| (call.args[0], j)).collect();
    for call in calls.iter_mut().filter(|call| call.func == sin) {
        let Some(&other) = cosines.get(&call.args[0]) else { continue };
        if !std::mem::replace(&mut taken[other], true) {
            call.cosine = Some((other as u32, 0));
        }
    }
    for k in 0..calls.len() {
        calls[k].cosine = calls[k].cosine.map(|(other, _)| (calls[other as usize].to, calls[other as usize].nth));
    }
    let mut taken = taken.into_iter();
    calls.retain(|_| !taken.next().unwrap_or(false));
}

/// The register an op writes and those it reads.
fn parts(op: &Op, args: &[Reg]) -> (Option<Reg>, Vec<Reg>) {
    match *op {
        Op::Load { dst, .. } | Op::Const { dst, .. } => (Some(dst), vec![]),
        Op::Neg { dst, a } | Op::Offset { dst, a, .. } | Op::Scale { dst, a, .. } => (Some(dst), vec![a]),
        Op::Add { dst, a, b } | Op::Sub { dst, a, b } | Op::Mul { dst, a, b } | Op::Div { dst, a, b } => {
            (Some(dst), vec![a, b])
        }
        Op::Call { dst, first, len, .. } => (Some(dst), args[first as usize..(first + len) as usize].to_vec()),
        Op::Select { dst, cond, then, otherwise } => (Some(dst), vec![cond, then, otherwise]),
        Op::Store { src, .. } => (None, vec![src]),
    }
}
