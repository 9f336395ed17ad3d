//! From template nodes to the straight-line code of one kernel.
//!
//! Nodes are visited children first from each wanted output, so that a result is stored as soon as
//! it is known and its registers are free again. N-ary sums and products become chains from the
//! left, as their rows define; `a + (-1) * b` becomes a difference, products and sums with a number
//! carry the number in the op. What is the same for all instances moves in front of the loop.
//! Every pass is a loop over a list; nothing recurses.

use super::program::{Kernel, Op, Out, Port, Reg, What};
use crate::base::Id;
use crate::func::{self, FuncId, Instruction, Lower};
use crate::ir::graph::Depends;
use crate::ir::plan::{FamilyId, Plan, PlanDomainId};
use crate::ir::{Graph, Node, NodeId};
use std::collections::{BTreeSet, HashMap};

/// An output that a kernel is wanted for.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    /// The family.
    pub family: FamilyId,
    /// What of it.
    pub what: What,
    /// The template.
    pub node: NodeId,
    /// What it is multiplied by.
    pub weight: Weight,
    /// The leaf at whose place the direction is multiplied with it too.
    pub seed: Option<NodeId>,
}

/// The weight of a family's target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// None.
    One,
    /// One for all instances: of an objective.
    Shared,
    /// One per instance: of rows, of slots.
    Own,
}

/// The kernel over `domain` that computes all of `wants` with shared subexpressions.
///
/// With `merged`, what several families want for the same place (the derivative with respect to the same leaves) is
/// added up before it is given; and so are the parts of one value.
pub fn lower(graph: &Graph, domain: PlanDomainId, wants: &[Want], merged: bool) -> Kernel {
    let mut lowering = Lowering::new(graph, domain == Plan::ROOT);
    let mut items: Vec<(usize, u32, u32)> = Vec::new();
    let mut outs: Vec<Out> = Vec::new();
    // Looked up by key only.
    let mut places: HashMap<(What, Option<FamilyId>), usize> = HashMap::new();
    for want in wants {
        lowering.family = want.family;
        let mut value = lowering.value_of(want.node);
        if want.weight != Weight::One {
            let weight = lowering.port(Port::Weight(want.family), want.weight == Weight::Shared);
            value = lowering.product(weight, value);
        }
        if let Some(node) = want.seed {
            let seed = lowering.seed(want.family, node);
            value = lowering.product(seed, value);
        }
        let of = (want.what == What::Value).then_some(want.family);
        let at = *places.entry((want.what, of)).or_insert(outs.len());
        if merged && at < outs.len() {
            let sum = lowering.sum(items[at].1, value);
            items[at] = (lowering.values.len(), sum, at as u32);
        } else {
            items.push((lowering.values.len(), value, outs.len() as u32));
            outs.push(Out { family: want.family, what: want.what });
        }
    }
    // Stores stand where their values are known, and outs are in the order of their stores.
    items.sort_by_key(|item| item.0);
    let outs = items.iter().map(|item| outs[item.2 as usize]).collect();
    items.iter_mut().zip(0..).for_each(|(item, at)| item.2 = at);
    let families: BTreeSet<FamilyId> = wants.iter().map(|w| w.family).collect();
    let mut kernel = Kernel {
        domain,
        families: families.into_iter().collect(),
        ports: std::mem::take(&mut lowering.ports),
        outs,
        args: Vec::new(),
        once: Vec::new(),
        body: Vec::new(),
        n_regs: 0,
    };
    Allocation::new(&lowering, &items).emit(&mut kernel);
    kernel
}

/// A value in single assignment form; operands are positions of earlier values.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Value {
    Load(u32),
    Const(u64),
    Neg(u32),
    Add(u32, u32),
    Sub(u32, u32),
    Mul(u32, u32),
    Div(u32, u32),
    Offset(u32, u64),
    Scale(u32, u64),
    Call(FuncId, Box<[u32]>),
    Select(u32, u32, u32),
}

impl Value {
    fn for_each_operand(&self, mut each: impl FnMut(u32)) {
        match self {
            Self::Load(_) | Self::Const(_) => {}
            Self::Neg(a) | Self::Offset(a, _) | Self::Scale(a, _) => each(*a),
            Self::Add(a, b) | Self::Sub(a, b) | Self::Mul(a, b) | Self::Div(a, b) => {
                each(*a);
                each(*b);
            }
            Self::Call(_, args) => args.iter().for_each(|a| each(*a)),
            Self::Select(c, a, b) => [*c, *a, *b].into_iter().for_each(each),
        }
    }
}

/// A node, or a product without its leading -1.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Task {
    Node(NodeId),
    Unsigned(NodeId),
}

/// How the operands of a node come together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Leaf,
    Sum,
    Product,
    /// Minus the product behind the leading -1.
    Negated,
    /// Two at a time from the left.
    Fold(FuncId),
    Call(FuncId),
    If,
}

/// A node on its way to a value.
struct Frame {
    task: Task,
    node: NodeId,
    shape: Shape,
    next: usize,
    operands: Vec<u32>,
}

struct Lowering<'g> {
    graph: &'g Graph,
    /// The domain has one instance: nothing is gained by hoisting.
    single: bool,
    family: FamilyId,
    values: Vec<Value>,
    uniform: Vec<bool>,
    /// By value, the node of a call that is made by a routine.
    nodes: Vec<Option<NodeId>>,
    // Looked up by key only.
    known: HashMap<Value, u32>,
    done: HashMap<Task, u32>,
    seeds: HashMap<NodeId, u32>,
    ports: Vec<Port>,
}

impl<'g> Lowering<'g> {
    fn new(graph: &'g Graph, single: bool) -> Self {
        Self {
            graph,
            single,
            family: FamilyId(0),
            values: Vec::new(),
            uniform: Vec::new(),
            nodes: Vec::new(),
            known: HashMap::new(),
            done: HashMap::new(),
            seeds: HashMap::new(),
            ports: Vec::new(),
        }
    }

    fn value_of(&mut self, root: NodeId) -> u32 {
        if let Some(&known) = self.done.get(&Task::Node(root)) {
            return known;
        }
        let mut stack = vec![self.frame(Task::Node(root))];
        loop {
            let frame = stack.last_mut().expect("the root's frame ends the loop");
            if let Some(need) = self.need(frame) {
                match self.done.get(&need).copied() {
                    Some(value) => self.take(frame, need, value),
                    None => {
                        let frame = self.frame(need);
                        stack.push(frame);
                    }
                }
                continue;
            }
            let frame = stack.pop().expect("it was just seen");
            let task = frame.task;
            let value = self.finish(frame);
            self.done.insert(task, value);
            if stack.is_empty() {
                return value;
            }
        }
    }

    fn frame(&self, task: Task) -> Frame {
        let (Task::Node(node) | Task::Unsigned(node)) = task;
        let (shape, next) = match (task, self.graph.node(node)) {
            (Task::Unsigned(_), _) => (Shape::Product, 1),
            (_, Node::Call { func, args }) => match native(*func) {
                Some(Instruction::Mul) if self.is_minus_one(args[0]) && args.len() > 1 => (Shape::Negated, 0),
                Some(Instruction::Mul) => (Shape::Product, 0),
                Some(Instruction::Add) => (Shape::Sum, 0),
                _ if matches!(func::row(*func).value, func::Value::Fold(_)) && args.len() > 2 => {
                    (Shape::Fold(*func), 0)
                }
                _ => (Shape::Call(*func), 0),
            },
            (_, Node::If { .. }) => (Shape::If, 0),
            _ => (Shape::Leaf, 0),
        };
        Frame { task, node, shape, next, operands: Vec::new() }
    }

    /// The next thing a frame has to know.
    fn need(&self, frame: &Frame) -> Option<Task> {
        match (frame.shape, self.graph.node(frame.node)) {
            (Shape::Negated, _) => (frame.next == 0).then_some(Task::Unsigned(frame.node)),
            (Shape::Sum, Node::Call { args, .. }) => args.get(frame.next).map(|a| self.signed(*a)),
            (_, Node::Call { args, .. }) => args.get(frame.next).map(|a| Task::Node(*a)),
            (_, Node::If { cond, then, otherwise }) => {
                [*cond, *then, *otherwise].get(frame.next).map(|n| Task::Node(*n))
            }
            _ => None,
        }
    }

    /// Sums, products and folds take one operand at a time: long ones need few registers.
    fn take(&mut self, frame: &mut Frame, need: Task, value: u32) {
        frame.next += 1;
        let negative = matches!(need, Task::Unsigned(_)) && frame.shape == Shape::Sum;
        match (frame.shape, frame.operands.pop()) {
            (Shape::Sum, None) if negative => frame.operands.push(self.push(Value::Neg(value))),
            (Shape::Sum, Some(all)) => {
                let all = if negative { self.push(Value::Sub(all, value)) } else { self.sum(all, value) };
                frame.operands.push(all);
            }
            (Shape::Product, Some(all)) => frame.operands.push(self.product(all, value)),
            (Shape::Fold(func), Some(all)) => {
                frame.operands.push(self.push(Value::Call(func, [all, value].into())));
            }
            (_, earlier) => {
                frame.operands.extend(earlier);
                frame.operands.push(value);
            }
        }
    }

    fn finish(&mut self, frame: Frame) -> u32 {
        let o = &frame.operands[..];
        match (frame.shape, self.graph.node(frame.node)) {
            (Shape::Sum | Shape::Product | Shape::Fold(_), _) => o[0],
            (Shape::Negated, _) => self.push(Value::Neg(o[0])),
            (Shape::If, _) => self.push(Value::Select(o[0], o[1], o[2])),
            (Shape::Call(func), _) => match native(func) {
                Some(Instruction::Sub) => self.push(Value::Sub(o[0], o[1])),
                Some(Instruction::Div) => self.push(Value::Div(o[0], o[1])),
                Some(Instruction::Neg) => self.push(Value::Neg(o[0])),
                by => {
                    let value = self.push(Value::Call(func, o.into()));
                    if by.is_none() {
                        self.nodes[value as usize].get_or_insert(frame.node);
                    }
                    value
                }
            },
            (Shape::Leaf, Node::Num(bits)) => self.push(Value::Const(bits.0)),
            (Shape::Leaf, leaf) => {
                debug_assert!(!matches!(leaf, Node::Call { .. }));
                self.port(Port::Leaf { family: self.family, node: frame.node }, !self.varies(frame.node))
            }
        }
    }

    /// The direction at the place of a leaf.
    fn seed(&mut self, family: FamilyId, node: NodeId) -> u32 {
        if let Some(seed) = self.seeds.get(&node) {
            return *seed;
        }
        let seed = self.port(Port::Seed { family, node }, !self.varies(node));
        self.seeds.insert(node, seed);
        seed
    }

    /// Whether a leaf differs from one instance to another.
    fn varies(&self, leaf: NodeId) -> bool {
        self.graph.depends(leaf).on(Depends::INDEX) || matches!(self.graph.node(leaf), Node::Slot(_))
    }

    fn is_minus_one(&self, node: NodeId) -> bool {
        self.graph.as_num(node) == Some(-1.0)
    }

    /// A summand, without its sign when that is -1.
    fn signed(&self, term: NodeId) -> Task {
        match self.graph.node(term) {
            Node::Call { func, args }
                if native(*func) == Some(Instruction::Mul) && args.len() > 1 && self.is_minus_one(args[0]) =>
            {
                Task::Unsigned(term)
            }
            _ => Task::Node(term),
        }
    }

    fn sum(&mut self, a: u32, b: u32) -> u32 {
        match (self.number(a), self.number(b)) {
            (_, Some(c)) => self.push(Value::Offset(a, c.to_bits())),
            (Some(c), None) => self.push(Value::Offset(b, c.to_bits())),
            (None, None) => self.push(Value::Add(a, b)),
        }
    }

    fn product(&mut self, a: u32, b: u32) -> u32 {
        match (self.number(a), self.number(b)) {
            (_, Some(c)) => self.scaled(a, c),
            (Some(c), None) => self.scaled(b, c),
            (None, None) => self.push(Value::Mul(a, b)),
        }
    }

    fn scaled(&mut self, a: u32, by: f64) -> u32 {
        if by == 1.0 {
            a
        } else if by == -1.0 {
            self.push(Value::Neg(a))
        } else {
            self.push(Value::Scale(a, by.to_bits()))
        }
    }

    fn number(&self, value: u32) -> Option<f64> {
        match self.values[value as usize] {
            Value::Const(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn port(&mut self, port: Port, uniform: bool) -> u32 {
        let same = |p: &Port| match (*p, port) {
            // A leaf means the same to all families of a domain.
            (Port::Leaf { node: a, .. }, Port::Leaf { node: b, .. }) => a == b,
            (a, b) => a == b,
        };
        // Leaves are met once per node, weights once per family: `done` and this search stay short.
        let at = match port {
            Port::Weight(_) => self.ports.iter().rposition(same),
            Port::Leaf { .. } | Port::Seed { .. } => None,
        };
        let at = at.unwrap_or_else(|| {
            self.ports.push(port);
            self.ports.len() - 1
        });
        let value = self.push(Value::Load(at as u32));
        self.uniform[value as usize] = uniform && !self.single;
        value
    }

    fn push(&mut self, value: Value) -> u32 {
        if let Some(&known) = self.known.get(&value) {
            return known;
        }
        let mut uniform = !self.single && !matches!(value, Value::Load(_));
        value.for_each_operand(|o| uniform &= self.uniform[o as usize]);
        let at = self.values.len() as u32;
        self.values.push(value.clone());
        self.uniform.push(uniform);
        self.nodes.push(None);
        self.known.insert(value, at);
        at
    }
}

fn native(func: FuncId) -> Option<Instruction> {
    match func::row(func).lower {
        Lower::Native(instruction) => Some(instruction),
        Lower::Call => None,
    }
}

/// Registers for the values that are used, freed after their last use.
struct Allocation<'a> {
    values: &'a [Value],
    uniform: &'a [bool],
    nodes: &'a [Option<NodeId>],
    /// `(values known so far, value, out)`, in order.
    stores: &'a [(usize, u32, u32)],
    used: Vec<bool>,
    reg: Vec<Reg>,
    free: Vec<Reg>,
    n_regs: u32,
}

/// Never freed: used by every block.
const PINNED: usize = usize::MAX;

impl<'a> Allocation<'a> {
    fn new(lowering: &'a Lowering<'_>, stores: &'a [(usize, u32, u32)]) -> Self {
        let values = &lowering.values[..];
        let mut used = vec![false; values.len()];
        for &(_, value, _) in stores {
            used[value as usize] = true;
        }
        for at in (0..values.len()).rev() {
            if used[at] {
                values[at].for_each_operand(|o| used[o as usize] = true);
            }
        }
        Self {
            values,
            uniform: &lowering.uniform,
            nodes: &lowering.nodes,
            stores,
            used,
            reg: vec![Reg(0); values.len()],
            free: Vec::new(),
            n_regs: 0,
        }
    }

    fn emit(mut self, kernel: &mut Kernel) {
        let (last, last_stores) = (self.last_uses(), self.last_stores());
        for at in 0..self.values.len() {
            if self.used[at] && self.uniform[at] {
                let op = self.assign(at, &last, kernel);
                kernel.once.push(op);
            }
        }
        let mut next = 0;
        for &(known, value, out) in self.stores {
            for at in next..known {
                if self.used[at] && !self.uniform[at] {
                    let op = self.assign(at, &last, kernel);
                    kernel.body.push(op);
                }
            }
            next = known;
            kernel.body.push(Op::Store { src: self.reg[value as usize], out });
            let v = value as usize;
            if last[v] == 2 * known - 1 && last_stores[v] == out {
                self.free.push(self.reg[v]);
            }
        }
        kernel.n_regs = self.n_regs;
    }

    /// Position in time after which each value is not needed: value `v` is made at `2 v`, stores of
    /// `known` values happen at `2 known - 1`.
    fn last_uses(&self) -> Vec<usize> {
        let mut last = vec![0; self.values.len()];
        for at in 0..self.values.len() {
            if self.used[at] {
                self.values[at].for_each_operand(|o| {
                    let o = o as usize;
                    let hoisted = self.uniform[o] && !self.uniform[at];
                    last[o] = if hoisted { PINNED } else { last[o].max(2 * at) };
                });
            }
        }
        for &(known, value, _) in self.stores {
            let value = value as usize;
            let time = if self.uniform[value] { PINNED } else { 2 * known - 1 };
            last[value] = last[value].max(time);
        }
        last
    }

    /// The last store of each value.
    fn last_stores(&self) -> Vec<u32> {
        let mut last = vec![0; self.values.len()];
        for &(_, value, out) in self.stores {
            last[value as usize] = out;
        }
        last
    }

    fn assign(&mut self, at: usize, last: &[usize], kernel: &mut Kernel) -> Op {
        let op = self.op_of(at, kernel);
        // Sources may be overwritten by the result: executors write aside first.
        let mut dead = BTreeSet::new();
        self.values[at].for_each_operand(|o| {
            if last[o as usize] == 2 * at {
                dead.insert(o);
            }
        });
        for o in dead {
            self.free.push(self.reg[o as usize]);
        }
        let dst = self.free.pop().unwrap_or_else(|| {
            self.n_regs += 1;
            Reg::new(self.n_regs as usize - 1)
        });
        self.reg[at] = dst;
        with_dst(op, dst)
    }

    fn op_of(&self, at: usize, kernel: &mut Kernel) -> Op {
        let (dst, r) = (Reg(0), |v: u32| self.reg[v as usize]);
        match &self.values[at] {
            Value::Load(port) => Op::Load { dst, port: *port },
            Value::Const(bits) => Op::Const { dst, value: f64::from_bits(*bits) },
            Value::Neg(a) => Op::Neg { dst, a: r(*a) },
            Value::Add(a, b) => Op::Add { dst, a: r(*a), b: r(*b) },
            Value::Sub(a, b) => Op::Sub { dst, a: r(*a), b: r(*b) },
            Value::Mul(a, b) => Op::Mul { dst, a: r(*a), b: r(*b) },
            Value::Div(a, b) => Op::Div { dst, a: r(*a), b: r(*b) },
            Value::Offset(a, by) => Op::Offset { dst, a: r(*a), by: f64::from_bits(*by) },
            Value::Scale(a, by) => Op::Scale { dst, a: r(*a), by: f64::from_bits(*by) },
            Value::Call(func, args) => {
                let first = kernel.args.len() as u32;
                kernel.args.extend(args.iter().map(|a| r(*a)));
                Op::Call { dst, func: *func, first, len: args.len() as u32, node: self.nodes[at] }
            }
            Value::Select(c, a, b) => Op::Select { dst, cond: r(*c), then: r(*a), otherwise: r(*b) },
        }
    }
}

fn with_dst(op: Op, to: Reg) -> Op {
    let mut op = op;
    match &mut op {
        Op::Load { dst, .. }
        | Op::Const { dst, .. }
        | Op::Neg { dst, .. }
        | Op::Add { dst, .. }
        | Op::Sub { dst, .. }
        | Op::Mul { dst, .. }
        | Op::Div { dst, .. }
        | Op::Offset { dst, .. }
        | Op::Scale { dst, .. }
        | Op::Call { dst, .. }
        | Op::Select { dst, .. } => *dst = to,
        Op::Store { .. } => {}
    }
    op
}
