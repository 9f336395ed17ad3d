//! Data expressions over all instances of a domain at once, a block of instances at a time.
//!
//! Every value is a double: numbers, label numbers, row numbers. A subscript that names nothing gives
//! NaN and a fault; faults count only where the value is needed (not in the branch of an `if` that is
//! not taken).

use super::address::Pos;
use super::domain::BoundDomain;
use super::reduce::{Column, array_values, reduce_column};
use super::world::{LaneFault, Stop, World, is_row};
use crate::base::Span;
use crate::func::{self, FuncId};
use crate::ir::model::Over;
use crate::ir::{BinderId, Model, Node, NodeId, SetId};
use std::collections::HashMap;
use std::sync::Arc;

/// Most instances in a block, and most numbers in all buffers of one evaluation.
const BLOCK: usize = 1024;
const MOST_NUMBERS: usize = 1 << 22;

/// How a subscript finds its position on an axis.
#[derive(Clone, Debug)]
enum AxisAt {
    /// The binder runs over the very axis.
    Direct(Pos),
    /// By value.
    Lookup { set: SetId, subs: Vec<usize>, rows: Vec<bool> },
}

#[derive(Clone, Debug)]
enum Op {
    Const(f64),
    /// A component of a binder's element, or the integer of a range with its offset.
    Index {
        pos: Pos,
        of: Option<(SetId, usize)>,
        offset: i64,
    },
    Param {
        param: crate::ir::ParamId,
        axes: Vec<(AxisAt, usize)>,
    },
    Table {
        values: Arc<[f64]>,
        axes: Vec<(AxisAt, usize)>,
    },
    Call {
        func: FuncId,
        args: Vec<usize>,
    },
    If {
        cond: usize,
        then: usize,
        otherwise: usize,
    },
    Member {
        set: SetId,
        subs: Vec<usize>,
        rows: Vec<bool>,
    },
    Same(usize, usize),
    Column(Column),
}

/// An evaluation of some data expressions over a domain.
pub struct Lanes<'a> {
    world: &'a World,
    domain: &'a BoundDomain,
    nodes: Vec<NodeId>,
    ops: Vec<Op>,
    buffers: Vec<Vec<f64>>,
    roots: Vec<usize>,
    and: Option<FuncId>,
    or: Option<FuncId>,
    block: usize,
    raw: Vec<(usize, usize)>,
    positions: Vec<u32>,
    entries: Vec<usize>,
    faults: Vec<LaneFault>,
}

impl<'a> Lanes<'a> {
    /// Prepares `roots`; reductions inside are evaluated here and now.
    ///
    /// # Errors
    /// A limit; faults are kept until they are known to matter.
    pub fn new(
        model: &'a Model,
        world: &'a World,
        domain: &'a BoundDomain,
        roots: &[NodeId],
        at: Span,
    ) -> Result<Self, Stop> {
        let nodes = outer_nodes(model, roots);
        // Looked up by key only; order never leaks.
        let local: HashMap<NodeId, usize> = nodes.iter().enumerate().map(|(k, n)| (*n, k)).collect();
        let mut make = Make { model, world, domain, local: &local, at };
        let ops: Result<Vec<Op>, Stop> = nodes.iter().map(|n| make.op(*n)).collect();
        let block = (MOST_NUMBERS / nodes.len().max(1)).clamp(1, BLOCK).min(domain.count.max(1));
        Ok(Self {
            world,
            domain,
            buffers: nodes.iter().map(|_| vec![0.0; block]).collect(),
            roots: roots.iter().map(|r| local[r]).collect(),
            nodes,
            ops: ops?,
            and: func::lookup("and"),
            or: func::lookup("or"),
            block,
            raw: Vec::new(),
            positions: vec![0; block],
            entries: vec![0; block],
            faults: Vec::new(),
        })
    }

    /// Calls `each` with the first instance and the values of the roots, block by block.
    ///
    /// # Errors
    /// The faults of needed values, one per node; what `each` stops at.
    pub fn for_blocks(&mut self, mut each: impl FnMut(usize, &[&[f64]]) -> Result<(), Stop>) -> Result<(), Stop> {
        self.for_range(0, self.domain.count, &mut |start, values, _| each(start, values))?;
        if self.faults.is_empty() { Ok(()) } else { Err(Stop::Faults(std::mem::take(&mut self.faults))) }
    }

    /// As [`for_blocks`](Self::for_blocks), but later roots count only where all earlier ones are not
    /// zero: conjuncts of a filter. `each` gets 1 where all hold.
    ///
    /// # Errors
    /// As [`for_blocks`](Self::for_blocks).
    pub fn for_survivors(&mut self, mut each: impl FnMut(usize) -> Result<(), Stop>) -> Result<(), Stop> {
        self.for_range(0, self.domain.count, &mut |start, values, _| {
            let n = values.first().map_or(0, |v| v.len());
            for k in 0..n {
                if values.iter().all(|v| v[k] != 0.0) {
                    each(start + k)?;
                }
            }
            Ok(())
        })?;
        if self.faults.is_empty() { Ok(()) } else { Err(Stop::Faults(std::mem::take(&mut self.faults))) }
    }

    /// All values of the one root.
    ///
    /// # Errors
    /// As [`for_blocks`](Self::for_blocks).
    pub fn column(&mut self) -> Result<Vec<f64>, Stop> {
        let mut out = Vec::with_capacity(self.domain.count);
        self.for_blocks(|_, values| {
            out.extend_from_slice(values[0]);
            Ok(())
        })?;
        Ok(out)
    }

    /// All values of the one root, and the faults by instance: for reductions inside other expressions.
    ///
    /// # Errors
    /// A limit.
    #[allow(clippy::type_complexity)] // a start, the values of the roots, the faults of the block
    pub fn for_range(
        &mut self,
        from: usize,
        to: usize,
        each: &mut dyn FnMut(usize, &[&[f64]], &[(usize, LaneFault)]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let mut start = from;
        while start < to {
            let n = self.block.min(to - start);
            self.raw.clear();
            for at in 0..self.ops.len() {
                self.step(at, start, n);
            }
            let found = if self.raw.is_empty() { Vec::new() } else { self.needed(start, n) };
            for (_, fault) in &found {
                if !self.faults.iter().any(|f| f.node == fault.node) {
                    self.faults.push(fault.clone());
                }
            }
            let values: Vec<&[f64]> = self.roots.iter().map(|r| &self.buffers[*r][..n]).collect();
            each(start, &values, &found)?;
            start += n;
        }
        Ok(())
    }

    fn step(&mut self, at: usize, start: usize, n: usize) {
        let mut out = std::mem::take(&mut self.buffers[at]);
        let values = &mut out[..n];
        match &self.ops[at] {
            Op::Const(v) => values.fill(*v),
            Op::Index { pos, of, offset } => {
                let positions = &mut self.positions[..n];
                pos.fill(start, positions);
                match of {
                    None => {
                        for (v, p) in values.iter_mut().zip(positions) {
                            *v = (offset + i64::from(*p)) as f64;
                        }
                    }
                    Some((set, part)) => {
                        let set = &self.world.sets[*set];
                        for (v, p) in values.iter_mut().zip(positions) {
                            *v = set.code(*p as usize, *part);
                        }
                    }
                }
            }
            Op::Param { param, axes } => {
                let param = *param;
                let axes = axes.clone();
                self.entries(at, &axes, start, n);
                for (v, e) in values.iter_mut().zip(&self.entries) {
                    *v = if *e == usize::MAX { f64::NAN } else { self.world.entry(param, *e) };
                }
            }
            Op::Table { values: table, axes } => {
                let (table, axes) = (table.clone(), axes.clone());
                self.entries(at, &axes, start, n);
                for (v, e) in values.iter_mut().zip(&self.entries) {
                    *v = table.get(*e).copied().unwrap_or(f64::NAN);
                }
            }
            Op::Call { func, args } => {
                let args: Vec<&[f64]> = args.iter().map(|a| &self.buffers[*a][..n]).collect();
                func::row(*func).eval_block(&args, values);
            }
            Op::If { cond, then, otherwise } => {
                let [c, a, b] = [cond, then, otherwise].map(|k| &self.buffers[*k][..n]);
                for (k, v) in values.iter_mut().enumerate() {
                    *v = if c[k] != 0.0 { a[k] } else { b[k] };
                }
            }
            Op::Member { set, subs, rows } => {
                let mut key = vec![0.0; subs.len()];
                for (k, v) in values.iter_mut().enumerate() {
                    for (slot, sub) in key.iter_mut().zip(subs) {
                        *slot = self.buffers[*sub][k];
                    }
                    *v = f64::from(u8::from(self.world.find(*set, &key, rows).is_some()));
                }
            }
            Op::Same(a, b) => {
                let [a, b] = [a, b].map(|k| &self.buffers[*k][..n]);
                for (k, v) in values.iter_mut().enumerate() {
                    *v = f64::from(u8::from(a[k] == b[k]));
                }
            }
            Op::Column(column) => {
                let positions = &mut self.positions[..n];
                column.pos.fill(start, positions);
                for (k, (v, p)) in values.iter_mut().zip(positions).enumerate() {
                    *v = column.values[*p as usize];
                    if !column.bad.is_empty() && column.bad.contains_key(p) {
                        self.raw.push((at, k));
                    }
                }
            }
        }
        self.buffers[at] = out;
    }

    /// Row-major entries into `self.entries`; `usize::MAX` and a fault where there is none.
    fn entries(&mut self, at: usize, axes: &[(AxisAt, usize)], start: usize, n: usize) {
        self.entries.clear();
        self.entries.resize(n, 0);
        for (axis, len) in axes {
            match axis {
                AxisAt::Direct(pos) => {
                    pos.fill(start, &mut self.positions[..n]);
                    for (e, p) in self.entries.iter_mut().zip(&self.positions) {
                        if *e != usize::MAX {
                            *e = *e * len + *p as usize;
                        }
                    }
                }
                AxisAt::Lookup { set, subs, rows } => {
                    let mut key = vec![0.0; subs.len()];
                    for k in 0..n {
                        for (slot, sub) in key.iter_mut().zip(subs) {
                            *slot = self.buffers[*sub][k];
                        }
                        match self.world.find(*set, &key, rows) {
                            Some(position) if self.entries[k] != usize::MAX => {
                                self.entries[k] = self.entries[k] * len + position;
                            }
                            _ => self.entries[k] = usize::MAX,
                        }
                    }
                }
            }
        }
        for (k, e) in self.entries.iter().enumerate() {
            if *e == usize::MAX {
                self.raw.push((at, k));
            }
        }
    }

    /// The raw faults of a block whose value is needed.
    fn needed(&self, start: usize, n: usize) -> Vec<(usize, LaneFault)> {
        let mut live = vec![vec![false; n]; self.ops.len()];
        let mut all = vec![true; n];
        for root in &self.roots {
            for k in 0..n {
                live[*root][k] |= all[k];
                // Later conjuncts are asked only where this one holds; for other uses all are asked.
                all[k] &= self.roots.len() == 1 || self.buffers[*root][k] != 0.0;
            }
        }
        for at in (0..self.ops.len()).rev() {
            let here = std::mem::take(&mut live[at]);
            if here.iter().any(|l| *l) {
                self.spread(at, &here, &mut live);
            }
            live[at] = here;
        }
        let mut found = Vec::new();
        for &(at, k) in &self.raw {
            if !live[at][k] {
                continue;
            }
            let fault = match &self.ops[at] {
                Op::Column(column) => column.bad.get(&column.pos.at(start + k)).cloned(),
                _ => None,
            };
            let places = || places_at(self.domain, start + k);
            let fault = fault.unwrap_or_else(|| LaneFault { node: self.nodes[at], places: places() });
            found.push((start + k, fault));
        }
        found
    }

    fn spread(&self, at: usize, here: &[bool], live: &mut [Vec<bool>]) {
        let mark = |live: &mut [Vec<bool>], child: usize, keep: &dyn Fn(usize) -> bool| {
            for (k, l) in here.iter().enumerate() {
                live[child][k] |= *l && keep(k);
            }
        };
        match &self.ops[at] {
            Op::If { cond, then, otherwise } => {
                let c = &self.buffers[*cond];
                mark(live, *cond, &|_| true);
                mark(live, *then, &|k| c[k] != 0.0);
                mark(live, *otherwise, &|k| c[k] == 0.0);
            }
            Op::Call { func, args } if Some(*func) == self.and || Some(*func) == self.or => {
                let stops_at_zero = Some(*func) == self.and;
                for (a, arg) in args.iter().enumerate() {
                    let before = &args[..a];
                    mark(live, *arg, &|k| before.iter().all(|b| (self.buffers[*b][k] != 0.0) == stops_at_zero));
                }
            }
            Op::Call { args, .. } => args.iter().for_each(|a| mark(live, *a, &|_| true)),
            Op::Same(a, b) => [a, b].into_iter().for_each(|c| mark(live, *c, &|_| true)),
            Op::Member { subs, .. } => subs.iter().for_each(|c| mark(live, *c, &|_| true)),
            Op::Param { axes, .. } | Op::Table { axes, .. } => {
                for (axis, _) in axes {
                    if let AxisAt::Lookup { subs, .. } = axis {
                        subs.iter().for_each(|c| mark(live, *c, &|_| true));
                    }
                }
            }
            Op::Const(_) | Op::Index { .. } | Op::Column(_) => {}
        }
    }
}

/// Where all binders in scope stand at an instance.
pub fn places_at(domain: &BoundDomain, k: usize) -> Vec<(BinderId, i64)> {
    let place = |b: &BinderId| domain.place(*b).map(|p| (*b, p.offset + i64::from(p.pos.at(k))));
    domain.binders().iter().filter_map(place).collect()
}

/// Nodes down to reductions (their bodies are walked over their own domains), children first.
fn outer_nodes(model: &Model, roots: &[NodeId]) -> Vec<NodeId> {
    let mut seen = std::collections::HashSet::new(); // only tested for membership
    let mut stack = roots.to_vec();
    let mut out = Vec::new();
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        out.push(id);
        let node = model.graph.node(id);
        if !matches!(node, Node::Reduce { .. }) {
            node.for_each_child(|c| stack.push(c));
        }
    }
    out.sort_unstable();
    out
}

struct Make<'a, 'm> {
    model: &'a Model,
    world: &'a World,
    domain: &'a BoundDomain,
    // Looked up by key only; order never leaks.
    local: &'m HashMap<NodeId, usize>,
    at: Span,
}

impl Make<'_, '_> {
    fn op(&mut self, node: NodeId) -> Result<Op, Stop> {
        let model = self.model;
        let local = |list: &[NodeId]| list.iter().map(|n| self.local[n]).collect::<Vec<usize>>();
        Ok(match model.graph.node(node) {
            Node::Num(bits) => Op::Const(f64::from_bits(bits.0)),
            Node::Label(label) => Op::Const(f64::from(label.0)),
            Node::Index { binder, part } => {
                let place = self.place(*binder);
                let of = match model.binders[*binder].over {
                    Over::Set(set) => Some((set, *part as usize)),
                    Over::Range { .. } => None,
                };
                Op::Index { pos: place.0, of, offset: place.1 }
            }
            Node::Param { param, subs } => {
                Op::Param { param: *param, axes: self.axes(&model.params[*param].axes, subs) }
            }
            Node::Array { array, subs } => {
                let values = array_values(model, self.world, *array, self.at)?;
                Op::Table { values, axes: self.axes(&model.arrays[*array].axes, subs) }
            }
            Node::Call { func, args } => Op::Call { func: *func, args: local(args) },
            Node::If { cond, then, otherwise } => {
                let list = local(&[*cond, *then, *otherwise]);
                Op::If { cond: list[0], then: list[1], otherwise: list[2] }
            }
            Node::Member { set, subs } => {
                let rows = subs.iter().map(|s| is_row(model, *s)).collect();
                Op::Member { set: *set, subs: local(subs), rows }
            }
            Node::SameElem { left, right } => Op::Same(self.local[left], self.local[right]),
            Node::Reduce { .. } => Op::Column(reduce_column(model, self.world, self.domain, node, self.at)?),
            Node::Var { .. } | Node::Slot(_) | Node::Dual { .. } | Node::Slack { .. } => Op::Const(f64::NAN),
        })
    }

    fn place(&self, binder: BinderId) -> (Pos, i64) {
        let Some(place) = self.domain.place(binder) else {
            crate::bug!("an index of another domain in `{:?}`", self.model.binders[binder].names)
        };
        (place.pos, place.offset)
    }

    fn axes(&self, axes: &[SetId], subs: &[NodeId]) -> Vec<(AxisAt, usize)> {
        let mut next = 0;
        let mut out = Vec::with_capacity(axes.len());
        for &axis in axes {
            let arity = self.model.sets[axis].arity();
            let mine = &subs[next..next + arity];
            next += arity;
            let at = match direct(self.model, self.world, axis, mine) {
                Some(binder) => AxisAt::Direct(self.place(binder).0),
                None => AxisAt::Lookup {
                    set: axis,
                    subs: mine.iter().map(|s| self.local[s]).collect(),
                    rows: mine.iter().map(|s| is_row(self.model, *s)).collect(),
                },
            };
            out.push((at, self.world.sets[axis].len));
        }
        out
    }
}

/// The binder whose position is the position on the axis: it runs over the very set, or over an equal
/// range.
pub fn direct(model: &Model, world: &World, axis: SetId, subs: &[NodeId]) -> Option<BinderId> {
    use super::sets::Elems;
    let Node::Index { binder, part: 0 } = *model.graph.node(*subs.first()?) else { return None };
    let Over::Set(set) = model.binders[binder].over else { return None };
    let whole = subs.len() == model.sets[set].arity()
        && subs.iter().enumerate().all(|(k, sub)| {
            matches!(*model.graph.node(*sub), Node::Index { binder: b, part } if b == binder && part as usize == k)
        });
    let same = || match (&world.sets[set].elems, &world.sets[axis].elems) {
        (Elems::Range { lo }, Elems::Range { lo: from }) => lo == from && world.sets[set].len <= world.sets[axis].len,
        (Elems::Rows(a), Elems::Rows(b)) => a == b,
        _ => false,
    };
    (whole && (set == axis || same())).then_some(binder)
}
