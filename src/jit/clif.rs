//! One function of a schedule as Cranelift IR.
//!
//! `fn(table, scratch, instance, lane, count)`: a loop over instances, two at a time in the lanes of a vector. The
//! table holds two words per port and out: an address, and a stride in bytes or the address of a list of `u32`.
//! Every op is the IEEE operation that the portable executor does, in the same order.

use super::forms::{Forms, OutForm, PortForm};
use super::schedule::{Item, Schedule, Val, Value as Node};
use crate::func::{self, Instruction, Lower};
use crate::kernel::program::Op;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::Ieee64;
use cranelift_codegen::ir::types::{F64, F64X2, I64, I64X2};
use cranelift_codegen::ir::{
    AbiParam, BlockArg, ConstantData, Function, InstBuilder, MemFlagsData, Signature, Type, Value,
};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use std::collections::HashMap;

/// Addresses that stay in registers; with more, each is loaded where it is used.
const MAX_POINTERS: usize = 9;

/// Where things stand in the scratch, in numbers: once-values first, then the sums of reductions, then slots.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// First of the slots.
    pub slots: usize,
    /// From one slot to the next.
    pub stride: usize,
}

/// The signature of all functions.
pub fn signature(convention: CallConv) -> Signature {
    let mut signature = Signature::new(convention);
    signature.params = vec![AbiParam::new(I64); 5];
    signature
}

/// Writes the function that does `items` into `function`.
pub fn write(
    function: &mut Function,
    memory: &mut FunctionBuilderContext,
    schedule: &Schedule,
    forms: &Forms,
    items: &[Item],
    places: Places,
    isa: &dyn TargetIsa,
) {
    let mut builder = FunctionBuilder::new(function, memory);
    let entry = builder.create_block();
    let (head, exit) = (builder.create_block(), builder.create_block());
    builder.append_block_params_for_function_params(entry);
    let params: Vec<Value> = builder.block_params(entry).to_vec();
    builder.switch_to_block(entry);
    let at = builder.ins().ishl_imm_u(params[2], 3);
    let lane = builder.ins().ishl_imm_u(params[3], 3);
    let len = builder.ins().ishl_imm_u(params[4], 3);
    let end = builder.ins().iadd(at, len);
    let by = builder.ins().isub(lane, at);
    let scratch = builder.ins().iadd(params[1], by);
    let mut writer = Writer {
        builder,
        schedule,
        forms,
        places,
        wide: if forms.lanes == 1 { F64 } else { F64X2 },
        table: params[0],
        fixed: params[1],
        scratch,
        at,
        known: HashMap::new(),
        masks: HashMap::new(),
        pointers: HashMap::new(),
        ones: None,
        index: None,
        element: None,
        eighth: None,
        lane: by,
        has_avx: isa.isa_flags().iter().any(|flag| flag.name == "has_avx" && flag.as_bool() == Some(true)),
    };
    writer.hoist(items);
    let looping = writer.builder.append_block_param(head, I64);
    let start = writer.at;
    writer.builder.ins().jump(head, &[BlockArg::from(start)]);
    writer.builder.switch_to_block(head);
    writer.at = looping;
    for item in items {
        writer.item(*item);
    }
    let mut builder = writer.builder;
    let next = builder.ins().iadd_imm_s(looping, 8 * i64::from(forms.lanes));
    let more = builder.ins().icmp(IntCC::UnsignedLessThan, next, end);
    builder.ins().brif(more, head, &[BlockArg::from(next)], exit, &[]);
    builder.switch_to_block(exit);
    builder.ins().return_(&[]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
}

fn plain() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

struct Writer<'a> {
    builder: FunctionBuilder<'a>,
    schedule: &'a Schedule,
    forms: &'a Forms,
    places: Places,
    /// The type of a value: one number per lane.
    wide: Type,
    table: Value,
    /// The scratch.
    fixed: Value,
    /// The scratch, so that adding `at` gives the lane.
    scratch: Value,
    /// Eight times the instance.
    at: Value,
    // Both are looked up by key only.
    known: HashMap<Val, Value>,
    /// Comparisons as masks.
    masks: HashMap<Val, Value>,
    /// Words of the table that stay in registers.
    pointers: HashMap<u32, Value>,
    ones: Option<Value>,
    /// Four times the instance.
    index: Option<Value>,
    /// The instance.
    element: Option<Value>,
    /// Where this lane's sums begin.
    eighth: Option<Value>,
    /// Eight times the distance from instance to lane.
    lane: Value,
    has_avx: bool,
}

impl Writer<'_> {
    /// Loads the addresses in front of the loop if they are few.
    fn hoist(&mut self, items: &[Item]) {
        let mut words: Vec<u32> = Vec::new();
        let mut note = |word: u32| {
            if !words.contains(&word) && words.len() <= MAX_POINTERS {
                words.push(word);
            }
        };
        let n_ports = self.forms.ports.len() as u32;
        let mut visit = |val: Val| {
            if let Node::Op(Op::Load { port, .. }) = self.schedule.values[val as usize] {
                match self.forms.ports[port as usize] {
                    PortForm::Uniform => note(2 * port),
                    PortForm::Unit { of, .. } => note(2 * of),
                    PortForm::Strided => [2 * port, 2 * port + 1].into_iter().for_each(&mut note),
                    PortForm::Gather { of } => [2 * port, 2 * of + 1].into_iter().for_each(&mut note),
                }
            }
        };
        for item in items {
            match *item {
                Item::Compute(val) => self.schedule.operands[val as usize].iter().for_each(|o| visit(*o)),
                Item::Spill(val, _) | Item::Store(val, _) => visit(val),
            }
        }
        for item in items {
            if let Item::Store(_, out) = *item {
                let word = 2 * (n_ports + out);
                match self.forms.outs[out as usize] {
                    OutForm::Unit { .. } | OutForm::Reduce => note(word),
                    OutForm::Strided { .. } | OutForm::Gather { .. } => {
                        [word, word + 1].into_iter().for_each(&mut note);
                    }
                    OutForm::Staged => {}
                }
            }
        }
        if words.len() > MAX_POINTERS {
            return;
        }
        for word in words {
            let pointer = self.word(word);
            self.pointers.insert(word, pointer);
        }
    }

    /// A word of the table.
    fn word(&mut self, word: u32) -> Value {
        match self.pointers.get(&word) {
            Some(pointer) => *pointer,
            None => self.builder.ins().load(I64, plain(), self.table, 8 * word as i32),
        }
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Compute(val) => {
                let value = self.compute(val);
                self.known.insert(val, value);
            }
            Item::Spill(val, slot) => {
                let value = self.value(val);
                let offset = self.slot_offset(slot);
                let to = self.builder.ins().iadd(self.scratch, self.at);
                self.builder.ins().store(plain(), value, to, offset);
            }
            Item::Store(val, out) => {
                let value = self.value(val);
                self.store(value, out);
            }
        }
    }

    fn slot_offset(&self, slot: u32) -> i32 {
        (8 * (self.places.slots + slot as usize * self.places.stride)) as i32
    }

    /// A value of this function, a cheap one repeated, or one that another function has kept.
    fn value(&mut self, val: Val) -> Value {
        if let Some(value) = self.known.get(&val) {
            return *value;
        }
        let value = if self.schedule.is_free(val) {
            self.compute(val)
        } else {
            let slot = self.schedule.slot[val as usize].expect("what crosses has a slot");
            let offset = self.slot_offset(slot);
            let from = self.builder.ins().iadd(self.scratch, self.at);
            self.builder.ins().load(self.wide, plain(), from, offset)
        };
        self.known.insert(val, value);
        value
    }

    fn constant(&mut self, number: f64) -> Value {
        if self.wide == F64 {
            return self.builder.ins().f64const(Ieee64::with_bits(number.to_bits()));
        }
        let mut bytes = number.to_bits().to_le_bytes().to_vec();
        bytes.extend_from_within(..);
        let pool = self.builder.func.dfg.constants.insert(ConstantData::from(bytes));
        self.builder.ins().vconst(F64X2, pool)
    }

    fn splat(&mut self, number: Value) -> Value {
        if self.wide == F64 { number } else { self.builder.ins().splat(F64X2, number) }
    }

    fn pair(&mut self, first: Value, second: impl FnOnce(&mut Self) -> Value) -> Value {
        if self.wide == F64 {
            return first;
        }
        let both = self.builder.ins().scalar_to_vector(F64X2, first);
        let second = second(self);
        self.builder.ins().insertlane(both, second, 1)
    }

    fn compute(&mut self, val: Val) -> Value {
        let op = match self.schedule.values[val as usize] {
            Node::Once(k) => {
                let number = self.builder.ins().load(F64, plain(), self.fixed, 8 * k as i32);
                return self.splat(number);
            }
            Node::Op(op) => op,
        };
        let operands: Vec<Val> = self.schedule.operands[val as usize].clone();
        if let Op::Select { .. } = op {
            return self.select(operands[0], operands[1], operands[2]);
        }
        let args: Vec<Value> = operands.iter().map(|o| self.value(*o)).collect();
        match op {
            Op::Load { port, .. } => self.load(port),
            Op::Const { value, .. } => self.constant(value),
            Op::Neg { .. } => self.builder.ins().fneg(args[0]),
            Op::Add { .. } => self.builder.ins().fadd(args[0], args[1]),
            Op::Sub { .. } => self.builder.ins().fsub(args[0], args[1]),
            Op::Mul { .. } => self.builder.ins().fmul(args[0], args[1]),
            Op::Div { .. } => self.builder.ins().fdiv(args[0], args[1]),
            Op::Offset { by, .. } => {
                let by = self.constant(by);
                self.builder.ins().fadd(args[0], by)
            }
            Op::Scale { by, .. } => {
                let by = self.constant(by);
                self.builder.ins().fmul(args[0], by)
            }
            Op::Call { func, .. } => match func::row(func).lower {
                Lower::Native(instruction) => self.instruction(instruction, &args, val),
                Lower::Call => crate::bug!("calls stand between stages"),
            },
            Op::Select { .. } | Op::Store { .. } => crate::bug!("met before"),
        }
    }

    fn instruction(&mut self, instruction: Instruction, args: &[Value], val: Val) -> Value {
        use Instruction as I;
        let folded = |w: &mut Self, with: fn(&mut Self, Value, Value) -> Value| {
            let rest = args[1..].iter();
            rest.fold(args[0], |all, next| with(w, all, *next))
        };
        match instruction {
            I::Add => folded(self, |w, a, b| w.builder.ins().fadd(a, b)),
            I::Mul => folded(self, |w, a, b| w.builder.ins().fmul(a, b)),
            I::Sub => self.builder.ins().fsub(args[0], args[1]),
            I::Div => self.builder.ins().fdiv(args[0], args[1]),
            I::Neg => self.builder.ins().fneg(args[0]),
            I::Abs => self.builder.ins().fabs(args[0]),
            I::Sqrt => self.builder.ins().sqrt(args[0]),
            I::Floor => self.builder.ins().floor(args[0]),
            I::Ceil => self.builder.ins().ceil(args[0]),
            I::Trunc => self.builder.ins().trunc(args[0]),
            I::Lt => self.compare(FloatCC::LessThan, args, val),
            I::Le => self.compare(FloatCC::LessThanOrEqual, args, val),
            I::Gt => self.compare(FloatCC::GreaterThan, args, val),
            I::Ge => self.compare(FloatCC::GreaterThanOrEqual, args, val),
            I::Eq => self.compare(FloatCC::Equal, args, val),
            I::Ne => self.compare(FloatCC::NotEqual, args, val),
        }
    }

    /// 1 where the comparison holds, else 0.
    fn compare(&mut self, condition: FloatCC, args: &[Value], val: Val) -> Value {
        let (a, b) = (self.in_register(args[0]), self.in_register(args[1]));
        let mask = self.builder.ins().fcmp(condition, a, b);
        self.masks.insert(val, mask);
        let one = match self.ones {
            Some(one) => one,
            None => self.constant(1.0),
        };
        self.ones = Some(one);
        if self.wide == F64 {
            let zero = self.constant(0.0);
            return self.builder.ins().select(mask, one, zero);
        }
        let bits = self.builder.ins().bitcast(I64X2, MemFlagsData::new(), one);
        let kept = self.builder.ins().band(mask, bits);
        self.builder.ins().bitcast(F64X2, MemFlagsData::new(), kept)
    }

    /// Keeps Cranelift 0.135 from merging an unaligned load into a comparison: before AVX that traps.
    fn in_register(&mut self, value: Value) -> Value {
        if self.wide == F64 || self.has_avx {
            return value;
        }
        let bits = self.builder.ins().bitcast(I64X2, MemFlagsData::new(), value);
        self.builder.ins().bitcast(F64X2, MemFlagsData::new(), bits)
    }

    fn select(&mut self, cond: Val, then: Val, otherwise: Val) -> Value {
        let number = self.value(cond);
        let (then, otherwise) = (self.value(then), self.value(otherwise));
        let mask = match self.masks.get(&cond) {
            Some(mask) => *mask,
            None => {
                let (number, zero) = (self.in_register(number), self.constant(0.0));
                self.builder.ins().fcmp(FloatCC::NotEqual, number, zero)
            }
        };
        if self.wide == F64 {
            return self.builder.ins().select(mask, then, otherwise);
        }
        let mask = self.builder.ins().bitcast(F64X2, MemFlagsData::new(), mask);
        self.builder.ins().bitselect(mask, then, otherwise)
    }

    fn load(&mut self, port: u32) -> Value {
        match self.forms.ports[port as usize] {
            PortForm::Uniform => {
                let from = self.word(2 * port);
                let number = self.builder.ins().load(F64, plain(), from, 0);
                self.splat(number)
            }
            PortForm::Unit { of, delta } => {
                let from = self.word(2 * of);
                let from = self.builder.ins().iadd(from, self.at);
                self.builder.ins().load(self.wide, plain(), from, 8 * i32::from(delta))
            }
            PortForm::Strided => {
                let (from, stride) = self.strided(2 * port);
                let first = self.builder.ins().load(F64, plain(), from, 0);
                self.pair(first, |w| {
                    let from = w.builder.ins().iadd(from, stride);
                    w.builder.ins().load(F64, plain(), from, 0)
                })
            }
            PortForm::Gather { of } => {
                let (base, list) = (self.word(2 * port), self.word(2 * of + 1));
                let first = self.listed(base, list, 0);
                let first = self.builder.ins().load(F64, plain(), first, 0);
                self.pair(first, |w| {
                    let from = w.listed(base, list, 4);
                    w.builder.ins().load(F64, plain(), from, 0)
                })
            }
        }
    }

    /// The address of this instance, and the stride.
    fn strided(&mut self, word: u32) -> (Value, Value) {
        let (base, stride) = (self.word(word), self.word(word + 1));
        let element = match self.element {
            Some(element) => element,
            None => self.builder.ins().ushr_imm_u(self.at, 3),
        };
        self.element = Some(element);
        let distance = self.builder.ins().imul(element, stride);
        (self.builder.ins().iadd(base, distance), stride)
    }

    /// The address that the list gives for this instance, or for the next one when `offset` is 4.
    fn listed(&mut self, base: Value, list: Value, offset: i32) -> Value {
        let index = match self.index {
            Some(index) => index,
            None => self.builder.ins().ushr_imm_u(self.at, 1),
        };
        self.index = Some(index);
        let entry = self.builder.ins().iadd(list, index);
        let place = self.builder.ins().uload32(plain(), entry, offset);
        let distance = self.builder.ins().ishl_imm_u(place, 3);
        self.builder.ins().iadd(base, distance)
    }

    fn store(&mut self, value: Value, out: u32) {
        let word = 2 * (self.forms.ports.len() as u32 + out);
        match self.forms.outs[out as usize] {
            OutForm::Unit { add } => {
                let base = self.word(word);
                let to = self.builder.ins().iadd(base, self.at);
                self.put(value, to, add, self.wide);
            }
            OutForm::Strided { add } => {
                let (to, stride) = self.strided(word);
                self.each_lane(value, add, |w, lane| if lane == 0 { to } else { w.builder.ins().iadd(to, stride) });
            }
            OutForm::Gather { add } => {
                let (base, list) = (self.word(word), self.word(word + 1));
                self.each_lane(value, add, |w, lane| w.listed(base, list, 4 * i32::from(lane)));
            }
            OutForm::Reduce => {
                let base = self.word(word);
                let offset = match self.eighth {
                    Some(offset) => offset,
                    None => {
                        let lane = self.builder.ins().iadd(self.at, self.lane);
                        self.builder.ins().band_imm_u(lane, 56)
                    }
                };
                self.eighth = Some(offset);
                let to = self.builder.ins().iadd(base, offset);
                self.put(value, to, true, self.wide);
            }
            OutForm::Staged => crate::bug!("staged outs are kept in slots"),
        }
    }

    fn put(&mut self, value: Value, to: Value, add: bool, of: Type) {
        let value = if add {
            let before = self.builder.ins().load(of, plain(), to, 0);
            self.builder.ins().fadd(before, value)
        } else {
            value
        };
        self.builder.ins().store(plain(), value, to, 0);
    }

    /// Lane by lane: both may come to the same place.
    fn each_lane(&mut self, value: Value, add: bool, mut place: impl FnMut(&mut Self, u8) -> Value) {
        for lane in 0..self.forms.lanes {
            let to = place(self, lane);
            let number = if self.wide == F64 { value } else { self.builder.ins().extractlane(value, lane) };
            self.put(number, to, add, F64);
        }
    }
}
