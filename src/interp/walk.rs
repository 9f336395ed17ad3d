//! The walk: the value of a node at an instance.
//!
//! An explicit stack visits children before parents, one branch of an `if` only, and stops an `and` or
//! `or` where it is decided. A value is remembered until a binder it depends on moves.

use super::algebra::{Algebra, Neumaier, known, log_sum_exp};
use super::deps::Deps;
use super::env::{Env, Joined, Val};
use super::line::Line;
use crate::base::{Id, IdVec};
use crate::func::{self, FuncId};
use crate::ir::model::{ArrayKind, Over};
use crate::ir::{ArrayId, BinderId, ConId, DomainId, Model, Node, NodeId, ReduceOp, SetId};
use std::collections::HashMap;
use std::rc::Rc;

/// A value: of data alone, exact; or of variables.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Item<N> {
    /// An element, or a number that no variable touches.
    Data(Val),
    /// Depends on variables.
    Expr(N),
}

/// Why a walk has no value.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// The node that asked.
    pub node: NodeId,
    /// What is wrong.
    pub kind: FaultKind,
    /// The binders the node depends on with the elements they stood at.
    pub at: Vec<(BinderId, Vec<Val>)>,
}

/// What is wrong.
#[derive(Clone, PartialEq, Debug)]
pub enum FaultKind {
    /// A subscript asks for an element that its axis does not have.
    OutOfSet {
        /// The axis.
        set: SetId,
        /// What was asked for.
        asked: Vec<Val>,
    },
    /// A multiplier or slack where there is no result, or no such row.
    NoRow(ConId),
    /// A label or a row where a number is needed. (`sema` refuses such models.)
    NotANumber,
    /// An array that only a plan can compute.
    NoArray(ArrayId),
}

#[derive(Clone, Copy)]
struct Memo<N> {
    stamp: u64,
    item: Item<N>,
}

/// The walker of one thread.
pub struct Interp<'a, A: Algebra> {
    model: &'a Model,
    env: &'a dyn Env,
    deps: &'a Deps,
    /// Where values are computed.
    pub algebra: A,
    places: Vec<i64>,
    moved: Vec<u64>,
    clock: u64,
    floor: u64,
    memo: Vec<Memo<A::N>>,
    arrays: IdVec<ArrayId, Vec<Memo<A::N>>>,
    and: FuncId,
    or: FuncId,
    add: FuncId,
    mul: FuncId,
    // Looked up by key only; order never leaks.
    lines: HashMap<NodeId, Option<Rc<Line>>>,
    pub(super) line_values: Vec<Item<A::N>>,
    pub(super) line_data: Vec<f64>,
    pub(super) line_numbers: Vec<A::N>,
}

const NEVER: u64 = 0;
/// Above this many arguments a sum is compensated.
const LONG_SUM: usize = 8;

impl<'a, A: Algebra> Interp<'a, A> {
    /// A walker over `model` in `env`; `deps` are the model's.
    pub fn new(model: &'a Model, env: &'a dyn Env, deps: &'a Deps, algebra: A) -> Self {
        let void = Memo { stamp: NEVER, item: Item::Data(Val::Num(0.0)) };
        Self {
            model,
            env,
            deps,
            algebra,
            places: vec![0; model.binders.len()],
            moved: vec![NEVER; model.binders.len()],
            clock: 1,
            floor: 1,
            memo: vec![void; model.graph.len()],
            arrays: model.arrays.iter().map(|_| Vec::new()).collect(),
            and: known("and"),
            or: known("or"),
            add: known("add"),
            mul: known("mul"),
            lines: HashMap::new(),
            line_values: Vec::new(),
            line_data: Vec::new(),
            line_numbers: Vec::new(),
        }
    }

    pub(super) fn deps(&self) -> &'a Deps {
        self.deps
    }

    pub(super) fn is_logic(&self, func: FuncId) -> bool {
        func == self.and || func == self.or
    }

    pub(super) fn add_id(&self) -> FuncId {
        self.add
    }

    /// The model.
    pub fn model(&self) -> &'a Model {
        self.model
    }

    /// The environment.
    pub fn env(&self) -> &'a dyn Env {
        self.env
    }

    /// Puts a binder at a position of its set; at an integer, for a range that depends on others.
    pub fn place(&mut self, binder: BinderId, at: i64) {
        if self.places[binder.index()] != at || self.moved[binder.index()] == NEVER {
            self.clock += 1;
            self.places[binder.index()] = at;
            self.moved[binder.index()] = self.clock;
        }
    }

    /// Where a binder stands.
    pub fn place_of(&self, binder: BinderId) -> i64 {
        self.places[binder.index()]
    }

    /// The element a binder stands at.
    pub fn element_of(&self, binder: BinderId) -> Vec<Val> {
        let at = self.places[binder.index()];
        match self.model.binders[binder].over {
            Over::Range { .. } => vec![Val::Num(at as f64)],
            Over::Set(set) => {
                (0..self.model.sets[set].arity()).map(|part| self.env.element(set, at as usize, part)).collect()
            }
        }
    }

    /// Forgets all values that depend on variables: after the point moved, or the tape was cut.
    pub fn forget(&mut self) {
        self.clock += 1;
        self.floor = self.clock;
    }

    /// The value of a node where the binders stand.
    ///
    /// # Errors
    /// The first fault on the way.
    pub fn eval(&mut self, root: NodeId) -> Result<Item<A::N>, Fault> {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.run(root))
    }

    /// The value of a node as a number of the algebra.
    ///
    /// # Errors
    /// As [`eval`](Self::eval).
    pub fn number(&mut self, root: NodeId) -> Result<A::N, Fault> {
        let item = self.eval(root)?;
        self.lift(item, root)
    }

    /// A number that no variable touches, such as a bound or a filter.
    ///
    /// # Errors
    /// As [`eval`](Self::eval).
    pub fn data(&mut self, root: NodeId) -> Result<f64, Fault> {
        match self.eval(root)? {
            Item::Data(Val::Num(v)) => Ok(v),
            _ => Err(self.fault(root, FaultKind::NotANumber)),
        }
    }

    /// Calls `each` at every instance of a domain inside the places where outer binders stand.
    ///
    /// # Errors
    /// The first of `each`, or of the filter.
    pub fn for_each(
        &mut self,
        domain: DomainId,
        each: &mut dyn FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if let Some(joined) = self.env.joined(domain) {
            return self.for_each_joined(domain, joined, each);
        }
        let model = self.model;
        let binders = &model.domains[domain].binders;
        let filter = model.domains[domain].filter;
        // Odometer: (next place, last place) of each binder.
        let mut open: Vec<(i64, i64)> = Vec::with_capacity(binders.len());
        if binders.is_empty() {
            return if self.passes(filter)? { each(self) } else { Ok(()) };
        }
        open.push(self.span_of(binders[0])?);
        while let Some(level) = open.len().checked_sub(1) {
            let (next, last) = open[level];
            if next > last {
                open.pop();
                continue;
            }
            open[level].0 += 1;
            self.place(binders[level], next);
            if level + 1 < binders.len() {
                let span = self.span_of(binders[level + 1])?;
                open.push(span);
            } else if self.passes(filter)? {
                each(self)?;
            }
        }
        Ok(())
    }

    /// Calls `each` with the terms of a sum and their weights: through sums, sums over indices and
    /// factors of data. Terms without variables are left out.
    ///
    /// # Errors
    /// The first of `each`, or of a factor.
    pub fn for_each_term(
        &mut self,
        root: NodeId,
        weight: f64,
        each: &mut dyn FnMut(&mut Self, NodeId, f64) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let graph = &self.model.graph;
        if !graph.has_var(root) {
            return Ok(());
        }
        stacker::maybe_grow(128 << 10, 2 << 20, || match graph.node(root) {
            Node::Call { func, args } if *func == self.add => {
                args.iter().try_for_each(|arg| self.for_each_term(*arg, weight, each))
            }
            Node::Call { func, args }
                if *func == self.mul && args.iter().filter(|a| graph.has_var(**a)).count() == 1 =>
            {
                let (mut weight, mut rest) = (weight, root);
                for &arg in args {
                    if graph.has_var(arg) {
                        rest = arg;
                    } else {
                        weight *= self.data(arg)?;
                    }
                }
                self.for_each_term(rest, weight, each)
            }
            Node::Reduce { op: ReduceOp::Sum, domain, body } => {
                self.for_each(*domain, &mut |this| this.for_each_term(*body, weight, each))
            }
            _ => each(self, root, weight),
        })
    }

    fn for_each_joined(
        &mut self,
        domain: DomainId,
        joined: &Joined,
        each: &mut dyn FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let outer = joined.outer.iter().fold(0, |at, (b, len)| at * len + self.places[b.index()] as usize);
        let model = self.model;
        for k in joined.start[outer] as usize..joined.start[outer + 1] as usize {
            for (binder, places) in model.domains[domain].binders.iter().zip(&joined.places) {
                self.place(*binder, places[k]);
            }
            each(self)?;
        }
        Ok(())
    }

    fn passes(&mut self, filter: Option<NodeId>) -> Result<bool, Fault> {
        filter.map_or(Ok(true), |f| self.data(f).map(|v| v != 0.0))
    }

    fn span_of(&mut self, binder: BinderId) -> Result<(i64, i64), Fault> {
        match self.model.binders[binder].over {
            Over::Set(set) => Ok((0, self.env.set_len(set) as i64 - 1)),
            Over::Range { lo, hi } => Ok((self.data(lo)?.ceil() as i64, self.data(hi)?.floor() as i64)),
        }
    }

    /// The fault of a node here.
    pub fn fault(&self, node: NodeId, kind: FaultKind) -> Fault {
        let at = self.deps.of(node).iter().map(|b| (*b, self.element_of(*b))).collect();
        Fault { node, kind, at }
    }

    fn lift(&mut self, item: Item<A::N>, node: NodeId) -> Result<A::N, Fault> {
        match item {
            Item::Expr(n) => Ok(n),
            Item::Data(Val::Num(v)) => Ok(self.algebra.num(v)),
            Item::Data(_) => Err(self.fault(node, FaultKind::NotANumber)),
        }
    }

    fn valid(&self, memo: &Memo<A::N>) -> bool {
        memo.stamp != NEVER && (matches!(memo.item, Item::Data(_)) || memo.stamp >= self.floor)
    }

    fn known(&self, node: NodeId) -> Option<Item<A::N>> {
        let memo = &self.memo[node.index()];
        let fresh = |b: &BinderId| self.moved[b.index()] <= memo.stamp;
        (self.valid(memo) && self.deps.of(node).iter().all(fresh)).then_some(memo.item)
    }

    fn store(&mut self, node: NodeId, item: Item<A::N>) {
        self.memo[node.index()] = Memo { stamp: self.clock, item };
    }

    /// The value of a body: by its list of steps when it has no branches.
    fn run(&mut self, root: NodeId) -> Result<Item<A::N>, Fault> {
        let line = match self.lines.get(&root) {
            Some(line) => line.clone(),
            None => {
                let line = Line::new(self, root).map(Rc::new);
                self.lines.insert(root, line.clone());
                line
            }
        };
        match line {
            Some(line) => self.run_line(&line),
            None => self.careful(root),
        }
    }

    /// The value of a node by the walk that remembers.
    pub(super) fn careful(&mut self, root: NodeId) -> Result<Item<A::N>, Fault> {
        if let Some(item) = self.known(root) {
            return Ok(item);
        }
        let mut stack = vec![root];
        while let Some(&node) = stack.last() {
            if self.known(node).is_some() {
                stack.pop();
                continue;
            }
            if let Some(item) = self.visit(node, &mut stack)? {
                self.store(node, item);
                stack.pop();
            }
        }
        self.known(root).ok_or_else(|| crate::bug!("a value was computed and is not there"))
    }

    /// The value of a node if what it needs is known; else pushes what it needs.
    fn visit(&mut self, node: NodeId, stack: &mut Vec<NodeId>) -> Result<Option<Item<A::N>>, Fault> {
        let model = self.model;
        Ok(Some(match model.graph.node(node) {
            Node::Num(bits) => Item::Data(Val::Num(f64::from_bits(bits.0))),
            Node::Label(label) => Item::Data(Val::Label(label.0)),
            Node::Index { binder, part } => Item::Data(self.index(*binder, *part as usize)),
            Node::Call { func, args } if *func == self.and || *func == self.or => {
                return self.visit_logic(node, *func == self.and, args, stack);
            }
            Node::If { cond, then, otherwise } => {
                return self.visit_if(node, *cond, *then, *otherwise, stack);
            }
            Node::Reduce { op, domain, body } => self.reduce(node, *op, *domain, *body)?,
            Node::Slot(array) => return Err(self.fault(node, FaultKind::NoArray(*array))),
            other => {
                let depth = stack.len();
                other.for_each_child(|c| {
                    if self.known(c).is_none() {
                        stack.push(c);
                    }
                });
                if stack.len() > depth {
                    stack[depth..].reverse();
                    return Ok(None);
                }
                self.apply(node, other)?
            }
        }))
    }

    fn index(&self, binder: BinderId, part: usize) -> Val {
        let at = self.places[binder.index()];
        match self.model.binders[binder].over {
            Over::Set(set) => self.env.element(set, at as usize, part),
            Over::Range { .. } => Val::Num(at as f64),
        }
    }

    fn visit_logic(
        &mut self,
        node: NodeId,
        is_and: bool,
        args: &[NodeId],
        stack: &mut Vec<NodeId>,
    ) -> Result<Option<Item<A::N>>, Fault> {
        let mut open = Vec::new();
        let mut moves = false;
        for &arg in args {
            let Some(item) = self.known(arg) else {
                stack.push(arg);
                return Ok(None);
            };
            moves |= matches!(item, Item::Expr(_));
            match self.truth(item, arg)? {
                Some(holds) if holds != is_and => return Ok(Some(self.decided(holds, moves))),
                Some(_) => {}
                None => open.push(item),
            }
        }
        if open.is_empty() {
            return Ok(Some(self.decided(is_and, moves)));
        }
        let open: Result<Vec<A::N>, Fault> = open.into_iter().map(|i| self.lift(i, node)).collect();
        let func = if is_and { self.and } else { self.or };
        Ok(Some(Item::Expr(self.algebra.call(func, &open?))))
    }

    /// A truth value; one that was decided by variables is no datum.
    fn decided(&mut self, holds: bool, moves: bool) -> Item<A::N> {
        let value = f64::from(u8::from(holds));
        if moves { Item::Expr(self.algebra.num(value)) } else { Item::Data(Val::Num(value)) }
    }

    fn truth(&mut self, item: Item<A::N>, node: NodeId) -> Result<Option<bool>, Fault> {
        match item {
            Item::Data(Val::Num(v)) => Ok(Some(v != 0.0)),
            Item::Data(_) => Err(self.fault(node, FaultKind::NotANumber)),
            Item::Expr(n) => Ok(self.algebra.truth(n)),
        }
    }

    fn visit_if(
        &mut self,
        node: NodeId,
        cond: NodeId,
        then: NodeId,
        otherwise: NodeId,
        stack: &mut Vec<NodeId>,
    ) -> Result<Option<Item<A::N>>, Fault> {
        let Some(c) = self.known(cond) else {
            stack.push(cond);
            return Ok(None);
        };
        let decided = self.truth(c, cond)?;
        let mut need = |this: &Self, child| {
            let known = this.known(child);
            if known.is_none() {
                stack.push(child);
            }
            known
        };
        match decided {
            Some(holds) => match need(self, if holds { then } else { otherwise }) {
                Some(item @ Item::Data(Val::Num(_))) if matches!(c, Item::Expr(_)) => {
                    Ok(Some(Item::Expr(self.lift(item, node)?)))
                }
                item => Ok(item),
            },
            None => {
                let (Some(a), Some(b)) = (need(self, then), need(self, otherwise)) else { return Ok(None) };
                let (c, a, b) = (self.lift(c, node)?, self.lift(a, node)?, self.lift(b, node)?);
                Ok(Some(Item::Expr(self.algebra.either(c, a, b))))
            }
        }
    }

    /// The value of a node whose children are known.
    fn apply(&mut self, node: NodeId, what: &Node) -> Result<Item<A::N>, Fault> {
        let model = self.model;
        Ok(match what {
            Node::Call { func, args } => self.call(node, *func, args)?,
            Node::Param { param, subs } => {
                let entry = self.entry(node, &model.params[*param].axes, subs)?;
                Item::Data(self.env.param(*param, entry))
            }
            Node::Var { var, subs } => {
                let entry = self.entry(node, &model.vars[*var].axes, subs)?;
                Item::Expr(self.algebra.var(self.env.slot(*var, entry)))
            }
            Node::Array { array, subs } => {
                let entry = self.entry(node, &model.arrays[*array].axes, subs)?;
                self.array_entry(node, *array, entry)?
            }
            Node::Member { set, subs } => {
                let element = self.elements(subs);
                Item::Data(Val::Num(f64::from(u8::from(self.env.position(*set, &element).is_some()))))
            }
            Node::SameElem { left, right } => {
                let same = self.elements(&[*left]) == self.elements(&[*right]);
                Item::Data(Val::Num(f64::from(u8::from(same))))
            }
            Node::Dual { con, subs } | Node::Slack { con, subs } => {
                let element = self.elements(subs);
                let row = self.env.row(*con, &element);
                let is_dual = matches!(what, Node::Dual { .. });
                let value = row.and_then(|r| if is_dual { self.env.dual(r) } else { self.env.slack(r) });
                match value {
                    Some(value) => Item::Data(Val::Num(value)),
                    None => return Err(self.fault(node, FaultKind::NoRow(*con))),
                }
            }
            _ => crate::bug!("a leaf or a branch has no arguments to apply"),
        })
    }

    fn call(&mut self, node: NodeId, func: FuncId, args: &[NodeId]) -> Result<Item<A::N>, Fault> {
        let item = |this: &Self, arg: &NodeId| this.known(*arg).unwrap_or(Item::Data(Val::Num(f64::NAN)));
        if args.iter().all(|a| matches!(item(self, a), Item::Data(_))) {
            let mut values = Vec::with_capacity(args.len());
            for arg in args {
                match item(self, arg) {
                    Item::Data(Val::Num(v)) => values.push(v),
                    _ => return Err(self.fault(node, FaultKind::NotANumber)),
                }
            }
            if func == self.add && values.len() > LONG_SUM {
                let mut sum = Neumaier::default();
                values.into_iter().for_each(|v| sum.add(v));
                return Ok(Item::Data(Val::Num(sum.total())));
            }
            return Ok(Item::Data(Val::Num(func::row(func).eval(&values))));
        }
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            let item = item(self, arg);
            values.push(self.lift(item, node)?);
        }
        if func == self.add && values.len() > LONG_SUM {
            let mut sum = self.algebra.sum();
            values.into_iter().for_each(|v| self.algebra.add(&mut sum, v));
            return Ok(Item::Expr(self.algebra.total(sum)));
        }
        Ok(Item::Expr(self.algebra.call(func, &values)))
    }

    fn elements(&self, subs: &[NodeId]) -> Vec<Val> {
        let value = |s: &NodeId| match self.known(*s) {
            Some(Item::Data(v)) => v,
            _ => Val::Num(f64::NAN),
        };
        subs.iter().map(value).collect()
    }

    /// The row-major entry that subscripts name.
    fn entry(&self, node: NodeId, axes: &[SetId], subs: &[NodeId]) -> Result<usize, Fault> {
        let mut entry = 0;
        let mut next = 0;
        for &axis in axes {
            let arity = self.model.sets[axis].arity();
            let mine = &subs[next.min(subs.len())..(next + arity).min(subs.len())];
            next += arity;
            let position = match self.direct(axis, mine) {
                Some(position) => position,
                None => {
                    let asked = self.elements(mine);
                    match self.env.position(axis, &asked) {
                        Some(position) => position,
                        None => return Err(self.fault(node, FaultKind::OutOfSet { set: axis, asked })),
                    }
                }
            };
            entry = entry * self.env.set_len(axis) + position;
        }
        Ok(entry)
    }

    /// The position of `x[i]` where `i` runs over the very axis.
    fn direct(&self, axis: SetId, subs: &[NodeId]) -> Option<usize> {
        self.runs_over(axis, subs).map(|binder| self.places[binder.index()] as usize)
    }

    /// The binder that runs over the very axis that the subscripts name.
    pub(super) fn runs_over(&self, axis: SetId, subs: &[NodeId]) -> Option<BinderId> {
        let Node::Index { binder, part: 0 } = *self.model.graph.node(*subs.first()?) else { return None };
        let whole = subs.iter().enumerate().all(|(part, sub)| {
            matches!(*self.model.graph.node(*sub), Node::Index { binder: b, part: p } if b == binder && p as usize == part)
        });
        match self.model.binders[binder].over {
            Over::Set(set) if set == axis && whole => Some(binder),
            _ => None,
        }
    }

    /// An entry of a defined array.
    ///
    /// # Errors
    /// The first fault of its template.
    pub fn array_entry(&mut self, node: NodeId, array: ArrayId, entry: usize) -> Result<Item<A::N>, Fault> {
        if let Some(memo) = self.arrays[array].get(entry)
            && self.valid(memo)
        {
            return Ok(memo.item);
        }
        let item = match self.env.array(array, entry) {
            Some(value) => Item::Expr(self.algebra.num(value)),
            None => stacker::maybe_grow(128 << 10, 2 << 20, || self.make_entry(node, array, entry))?,
        };
        if self.arrays[array].is_empty() {
            let len: usize = self.model.arrays[array].axes.iter().map(|a| self.env.set_len(*a)).product();
            self.arrays[array] = vec![Memo { stamp: NEVER, item: Item::Data(Val::Num(0.0)) }; len.max(1)];
        }
        self.clock += 1;
        self.arrays[array][entry] = Memo { stamp: self.clock, item };
        Ok(item)
    }

    fn make_entry(&mut self, node: NodeId, array: ArrayId, entry: usize) -> Result<Item<A::N>, Fault> {
        let model = self.model;
        match &model.arrays[array].kind {
            ArrayKind::Template { domain, body } => {
                let binders = &model.domains[*domain].binders;
                if binders.len() != model.arrays[array].axes.len() {
                    return Err(self.fault(node, FaultKind::NoArray(array)));
                }
                let before: Vec<i64> = binders.iter().map(|b| self.places[b.index()]).collect();
                let mut rest = entry;
                for (binder, axis) in binders.iter().zip(&model.arrays[array].axes).rev() {
                    let len = self.env.set_len(*axis).max(1);
                    self.place(*binder, (rest % len) as i64);
                    rest /= len;
                }
                let item = self.run(*body);
                for (binder, place) in binders.iter().zip(before) {
                    self.place(*binder, place);
                }
                item
            }
            ArrayKind::MatMul { left, right } => self.product_entry(node, array, (*left, *right), entry),
            ArrayKind::LogDet { of } => {
                let n = self.env.set_len(model.arrays[*of].axes[0]);
                let mut items = Vec::with_capacity(n.saturating_mul(n).min(1 << 20));
                for k in 0..n * n {
                    let item = self.array_entry(node, *of, k)?;
                    items.push(self.lift(item, node)?);
                }
                Ok(Item::Expr(self.algebra.log_det(&items, n)))
            }
        }
    }

    /// `sum_k left[i, k] right[k, j]`.
    fn product_entry(
        &mut self,
        node: NodeId,
        array: ArrayId,
        (left, right): (ArrayId, ArrayId),
        entry: usize,
    ) -> Result<Item<A::N>, Fault> {
        let model = self.model;
        let inner = self.env.set_len(*model.arrays[left].axes.last().unwrap_or(&SetId(0)));
        let columns =
            if model.arrays[right].axes.len() == 2 { self.env.set_len(model.arrays[right].axes[1]) } else { 1 };
        debug_assert!(!model.arrays[array].axes.is_empty());
        let (row, column) = (entry / columns.max(1), entry % columns.max(1));
        let mul = known("mul");
        let mut sum = self.algebra.sum();
        for k in 0..inner {
            let a = self.array_entry(node, left, row * inner + k)?;
            let b = self.array_entry(node, right, k * columns + column)?;
            let (a, b) = (self.lift(a, node)?, self.lift(b, node)?);
            let term = self.algebra.call(mul, &[a, b]);
            self.algebra.add(&mut sum, term);
        }
        Ok(Item::Expr(self.algebra.total(sum)))
    }

    fn reduce(&mut self, node: NodeId, op: ReduceOp, domain: DomainId, body: NodeId) -> Result<Item<A::N>, Fault> {
        stacker::maybe_grow(128 << 10, 2 << 20, || match op {
            ReduceOp::Sum => self.reduce_sum(domain, body),
            ReduceOp::LogSumExp => self.reduce_log_sum_exp(node, domain, body),
            ReduceOp::Prod => self.reduce_fold(node, domain, body, known("mul"), 1.0),
            ReduceOp::Min => self.reduce_fold(node, domain, body, known("min"), f64::INFINITY),
            ReduceOp::Max => self.reduce_fold(node, domain, body, known("max"), f64::NEG_INFINITY),
            ReduceOp::All => self.reduce_fold(node, domain, body, self.and, 1.0),
            ReduceOp::Any => self.reduce_fold(node, domain, body, self.or, 0.0),
        })
    }

    fn reduce_sum(&mut self, domain: DomainId, body: NodeId) -> Result<Item<A::N>, Fault> {
        let mut data = Neumaier::default();
        let mut sum = None;
        self.for_each(domain, &mut |this| {
            match this.run(body)? {
                Item::Data(Val::Num(v)) => data.add(v),
                Item::Data(_) => return Err(this.fault(body, FaultKind::NotANumber)),
                Item::Expr(n) => {
                    let mut open = sum.take().unwrap_or_else(|| this.algebra.sum());
                    this.algebra.add(&mut open, n);
                    sum = Some(open);
                }
            }
            Ok(())
        })?;
        let data = data.total();
        Ok(match sum {
            None => Item::Data(Val::Num(data)),
            Some(mut sum) => {
                if data != 0.0 {
                    let data = self.algebra.num(data);
                    self.algebra.add(&mut sum, data);
                }
                Item::Expr(self.algebra.total(sum))
            }
        })
    }

    fn reduce_fold(
        &mut self,
        node: NodeId,
        domain: DomainId,
        body: NodeId,
        func: FuncId,
        empty: f64,
    ) -> Result<Item<A::N>, Fault> {
        let mut data = empty;
        let mut acc: Option<A::N> = None;
        self.for_each(domain, &mut |this| {
            match this.run(body)? {
                Item::Data(Val::Num(v)) => data = func::row(func).eval(&[data, v]),
                Item::Data(_) => return Err(this.fault(node, FaultKind::NotANumber)),
                Item::Expr(n) => {
                    acc = Some(match acc {
                        None => n,
                        Some(acc) => this.algebra.call(func, &[acc, n]),
                    });
                }
            }
            Ok(())
        })?;
        Ok(match acc {
            None => Item::Data(Val::Num(data)),
            Some(acc) if data == empty => Item::Expr(acc),
            Some(acc) => {
                let data = self.algebra.num(data);
                Item::Expr(self.algebra.call(func, &[acc, data]))
            }
        })
    }

    fn reduce_log_sum_exp(&mut self, node: NodeId, domain: DomainId, body: NodeId) -> Result<Item<A::N>, Fault> {
        let mut items = Vec::new();
        self.for_each(domain, &mut |this| {
            items.push(this.run(body)?);
            Ok(())
        })?;
        if items.iter().all(|i| matches!(i, Item::Data(_))) {
            let values = items.iter().filter_map(|i| if let Item::Data(v) = i { v.num() } else { None });
            return Ok(Item::Data(Val::Num(log_sum_exp(&values.collect::<Vec<f64>>()))));
        }
        let lifted: Result<Vec<A::N>, Fault> = items.into_iter().map(|i| self.lift(i, node)).collect();
        Ok(Item::Expr(self.algebra.log_sum_exp(&lifted?)))
    }
}
