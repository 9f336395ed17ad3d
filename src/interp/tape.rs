//! A tape of numbers: what was computed, so that it can be swept backwards.
//!
//! Takes the calls of a walk; gives gradients by a reverse sweep and sparse Hessians by edge pushing
//! (Gower and Mello, Optim. Methods Softw. 27 (2012), algorithm 3.1). A node of the tape is a variable
//! (its slot) or an operation (`n_vars` and its place on the tape), so operands always come first.
//! Deliberately absent: the expression; a tape knows the instances it was given and nothing else.

use super::algebra::{Algebra, known, log_sum_exp};
use super::rule::Rules;
use crate::func::{self, FuncId, Value};
use std::collections::BinaryHeap;

/// A value on the tape.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TapeVal {
    /// The value.
    pub value: f64,
    /// A variable, an operation, or [`TapeVal::CONST`].
    pub node: u32,
}

impl TapeVal {
    /// Does not depend on any variable.
    pub const CONST: u32 = u32::MAX;

    fn is_const(self) -> bool {
        self.node == Self::CONST
    }
}

/// What a tape is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Numbers: derivatives at the point.
    Values,
    /// Where derivatives may be other than 0: every weight is 1, both branches are recorded.
    Pattern,
}

#[derive(Clone, Copy, Debug)]
struct Op {
    rule: u32,
    start: u32,
    len: u32,
    value: f64,
}

/// A sum of all arguments.
const SUM: u32 = u32::MAX;
/// The argument that was chosen is not known: arguments 1 and 2 of (condition, then, otherwise).
const EITHER: u32 = u32::MAX - 1;

/// The tape.
pub struct Tape {
    mode: Mode,
    x: Vec<f64>,
    ops: Vec<Op>,
    args: Vec<TapeVal>,
    rules: Rules,
    adjoint: Vec<f64>,
    edges: Vec<Vec<(u32, f64)>>,
    var_adjoint: Vec<f64>,
    touched: Vec<u32>,
    heap: BinaryHeap<u32>,
    scratch: Vec<f64>,
    slopes: Vec<f64>,
    bends: Vec<(u16, u16, f64)>,
    live: Vec<(u32, f64)>,
}

impl Tape {
    /// An empty tape at a point.
    pub fn new(mode: Mode, x: &[f64]) -> Self {
        Self {
            mode,
            x: x.to_vec(),
            ops: Vec::new(),
            args: Vec::new(),
            rules: Rules::default(),
            adjoint: Vec::new(),
            edges: Vec::new(),
            var_adjoint: vec![0.0; x.len()],
            touched: Vec::new(),
            heap: BinaryHeap::new(),
            scratch: Vec::new(),
            slopes: Vec::new(),
            bends: Vec::new(),
            live: Vec::new(),
        }
    }

    /// Moves to another point; everything recorded is forgotten.
    pub fn set_point(&mut self, x: &[f64]) {
        self.x.copy_from_slice(x);
        self.truncate(0);
    }

    /// Number of operations.
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Forgets all operations from `len` on.
    pub fn truncate(&mut self, len: usize) {
        if let Some(first) = self.ops.get(len) {
            self.args.truncate(first.start as usize);
        }
        self.ops.truncate(len);
        self.adjoint.truncate(len);
        // Emptied lists keep their memory for the next piece.
        for edges in self.edges.iter_mut().skip(len) {
            edges.clear();
        }
    }

    /// Adds `weight` to the adjoint of a value: what the sweeps differentiate.
    pub fn seed(&mut self, out: TapeVal, weight: f64) {
        if !out.is_const() && weight != 0.0 {
            self.grow();
            // What is seeded may stand anywhere: an instance that repeats an earlier one adds no operation.
            self.add_adjoint(out.node, if self.mode == Mode::Pattern { 1.0 } else { weight }, usize::MAX);
        }
    }

    /// Sweeps the operations from the end down to `down_to` back; their adjoints end as 0.
    pub fn sweep(&mut self, down_to: usize) {
        self.heap.clear();
        self.sweep_dense(down_to);
    }

    /// As [`sweep`](Self::sweep) over the whole tape, visiting below `dense_from` only what is needed.
    pub fn sweep_sparse(&mut self, dense_from: usize) {
        self.sweep_dense(dense_from);
        while let Some(k) = self.heap.pop() {
            self.step_back(k as usize, dense_from);
        }
    }

    fn sweep_dense(&mut self, down_to: usize) {
        self.grow();
        for k in (down_to..self.ops.len()).rev() {
            self.step_back(k, down_to);
        }
    }

    /// Sweeps back with second derivatives: `hessian(i, j, value)` with `j <= i` is called for each
    /// contribution to an entry of the Hessian of what was seeded. Operations below `down_to` keep
    /// their adjoints and edges for a later sweep.
    pub fn sweep_second(&mut self, down_to: usize, hessian: &mut dyn FnMut(u32, u32, f64)) {
        self.heap.clear();
        self.grow();
        for k in (down_to..self.ops.len()).rev() {
            self.push_edges(k, hessian);
        }
    }

    /// Takes the gradient found since the last call: every variable with an adjoint, once.
    pub fn take_gradient(&mut self, mut each: impl FnMut(u32, f64)) {
        for var in self.touched.drain(..) {
            let value = std::mem::take(&mut self.var_adjoint[var as usize]);
            each(var, value);
        }
    }

    fn n_vars(&self) -> u32 {
        self.x.len() as u32
    }

    fn grow(&mut self) {
        self.adjoint.resize(self.ops.len(), 0.0);
        if self.edges.len() < self.ops.len() {
            self.edges.resize_with(self.ops.len(), Vec::new);
        }
    }

    fn add_adjoint(&mut self, node: u32, weight: f64, dense_from: usize) {
        let pattern = self.mode == Mode::Pattern;
        let n_vars = self.n_vars();
        let slot = if node < n_vars {
            let slot = &mut self.var_adjoint[node as usize];
            if *slot == 0.0 {
                self.touched.push(node);
            }
            slot
        } else {
            let slot = &mut self.adjoint[(node - n_vars) as usize];
            if *slot == 0.0 && ((node - n_vars) as usize) < dense_from {
                self.heap.push(node - n_vars);
            }
            slot
        };
        if pattern {
            *slot = 1.0;
        } else {
            // A cancelled entry stays on its list: the smallest number marks it.
            let sum = *slot + weight;
            *slot = if sum == 0.0 { f64::MIN_POSITIVE } else { sum };
        }
    }

    fn step_back(&mut self, k: usize, dense_from: usize) {
        let adjoint = std::mem::take(&mut self.adjoint[k]);
        if adjoint == 0.0 {
            return;
        }
        let mut slopes = std::mem::take(&mut self.slopes);
        self.slopes_into(k, &mut slopes);
        for (a, &slope) in slopes.iter().enumerate() {
            let arg = self.args[self.ops[k].start as usize + a];
            if !arg.is_const() && slope != 0.0 {
                self.add_adjoint(arg.node, adjoint * slope, dense_from);
            }
        }
        self.slopes = slopes;
    }

    /// First partials of an operation.
    fn slopes_into(&mut self, k: usize, out: &mut Vec<f64>) {
        let op = self.ops[k];
        let args = &self.args[op.start as usize..(op.start + op.len) as usize];
        out.clear();
        match op.rule {
            SUM => out.resize(args.len(), 1.0),
            EITHER => out.extend([0.0, 1.0, 1.0]),
            rule if self.mode == Mode::Pattern => {
                out.extend(self.rules.get(rule).slopes.iter().map(|s| f64::from(u8::from(*s))));
            }
            rule => {
                self.scratch.clear();
                self.scratch.extend(args.iter().map(|a| a.value));
                out.extend_from_slice(self.rules.first(rule, &self.scratch, op.value));
            }
        }
    }

    /// First and second partials of an operation.
    fn bends_into(&mut self, k: usize, slopes: &mut Vec<f64>, bends: &mut Vec<(u16, u16, f64)>) {
        let op = self.ops[k];
        bends.clear();
        match op.rule {
            SUM | EITHER => self.slopes_into(k, slopes),
            rule if self.mode == Mode::Pattern => {
                bends.extend(self.rules.get(rule).bends.iter().map(|(i, j)| (*i, *j, 1.0)));
                self.slopes_into(k, slopes);
            }
            rule => {
                let args = &self.args[op.start as usize..(op.start + op.len) as usize];
                self.scratch.clear();
                self.scratch.extend(args.iter().map(|a| a.value));
                let (first, second) = self.rules.second(rule, &self.scratch, op.value);
                slopes.clear();
                slopes.extend_from_slice(first);
                bends.extend_from_slice(second);
            }
        }
    }

    fn push_edges(&mut self, k: usize, hessian: &mut dyn FnMut(u32, u32, f64)) {
        let adjoint = std::mem::take(&mut self.adjoint[k]);
        let mut edges = std::mem::take(&mut self.edges[k]);
        if adjoint == 0.0 && edges.is_empty() {
            return;
        }
        merge(&mut edges, self.mode);
        let (mut slopes, mut bends) = (std::mem::take(&mut self.slopes), std::mem::take(&mut self.bends));
        self.bends_into(k, &mut slopes, &mut bends);
        let start = self.ops[k].start as usize;
        let here = self.n_vars() + k as u32;
        let mut live = std::mem::take(&mut self.live);
        live.clear();
        for (a, &slope) in slopes.iter().enumerate() {
            let arg = self.args[start + a];
            if !arg.is_const() && slope != 0.0 {
                live.push((arg.node, slope));
            }
        }
        for &(other, weight) in &edges {
            if other == here {
                for (i, &(a, p)) in live.iter().enumerate() {
                    for &(b, q) in &live[..i] {
                        self.add_edge(a, b, if a == b { 2.0 } else { 1.0 } * p * q * weight, hessian);
                    }
                    self.add_edge(a, a, p * p * weight, hessian);
                }
            } else {
                for &(a, p) in &live {
                    self.add_edge(a, other, if a == other { 2.0 } else { 1.0 } * p * weight, hessian);
                }
            }
        }
        if adjoint != 0.0 {
            for &(i, j, bend) in &bends {
                let (a, b) = (self.args[start + i as usize], self.args[start + j as usize]);
                if !a.is_const() && !b.is_const() && bend != 0.0 {
                    let twice = if i != j && a.node == b.node { 2.0 } else { 1.0 };
                    self.add_edge(a.node, b.node, twice * adjoint * bend, hessian);
                }
            }
            for &(a, p) in &live {
                self.add_adjoint(a, adjoint * p, 0);
            }
        }
        edges.clear();
        self.edges[k] = edges;
        (self.slopes, self.bends, self.live) = (slopes, bends, live);
    }

    fn add_edge(&mut self, a: u32, b: u32, weight: f64, hessian: &mut dyn FnMut(u32, u32, f64)) {
        let (high, low) = (a.max(b), a.min(b));
        let n_vars = self.n_vars();
        if high < n_vars {
            hessian(high, low, weight);
        } else {
            self.edges[(high - n_vars) as usize].push((low, weight));
        }
    }

    fn push_op(&mut self, rule: u32, args: &[TapeVal], value: f64) -> TapeVal {
        let start = self.args.len() as u32;
        self.args.extend_from_slice(args);
        self.ops.push(Op { rule, start, len: args.len() as u32, value });
        TapeVal { value, node: self.n_vars() + self.ops.len() as u32 - 1 }
    }
}

/// One edge per neighbour.
fn merge(edges: &mut Vec<(u32, f64)>, mode: Mode) {
    edges.sort_unstable_by_key(|e| e.0);
    edges.dedup_by(|b, a| {
        let same = a.0 == b.0;
        if same && mode == Mode::Values {
            a.1 += b.1;
        }
        same
    });
}

impl Algebra for Tape {
    type N = TapeVal;
    type Sum = Vec<TapeVal>;

    fn num(&mut self, value: f64) -> TapeVal {
        TapeVal { value, node: TapeVal::CONST }
    }
    fn var(&mut self, slot: usize) -> TapeVal {
        TapeVal { value: self.x[slot], node: slot as u32 }
    }
    fn call(&mut self, func: FuncId, args: &[TapeVal]) -> TapeVal {
        let row = func::row(func);
        if matches!(row.value, Value::Fold(_)) && args.len() > 2 {
            let first = args[0];
            return args[1..].iter().fold(first, |acc, arg| self.call(func, &[acc, *arg]));
        }
        self.scratch.clear();
        self.scratch.extend(args.iter().map(|a| a.value));
        let value = row.eval(&self.scratch);
        if args.iter().all(|a| a.is_const()) {
            return self.num(value);
        }
        let rule = self.rules.rule(func, args.len());
        self.push_op(rule, args, value)
    }
    fn truth(&mut self, cond: TapeVal) -> Option<bool> {
        (self.mode == Mode::Values || cond.is_const()).then_some(cond.value != 0.0)
    }
    fn either(&mut self, cond: TapeVal, then: TapeVal, otherwise: TapeVal) -> TapeVal {
        let value = if cond.value != 0.0 { then.value } else { otherwise.value };
        self.push_op(EITHER, &[cond, then, otherwise], value)
    }
    fn sum(&mut self) -> Vec<TapeVal> {
        Vec::new()
    }
    fn add(&mut self, sum: &mut Vec<TapeVal>, term: TapeVal) {
        sum.push(term);
    }
    fn total(&mut self, sum: Vec<TapeVal>) -> TapeVal {
        let mut value = super::algebra::Neumaier::default();
        sum.iter().for_each(|t| value.add(t.value));
        let value = value.total();
        let live: Vec<TapeVal> = sum.into_iter().filter(|t| !t.is_const()).collect();
        if live.is_empty() { self.num(value) } else { self.push_op(SUM, &live, value) }
    }
    fn log_sum_exp(&mut self, items: &[TapeVal]) -> TapeVal {
        // With the greatest item as a plain number, value and derivatives are those of the function.
        let values: Vec<f64> = items.iter().map(|i| i.value).collect();
        let value = log_sum_exp(&values);
        let shift = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shift = if shift.is_finite() { self.num(shift) } else { self.num(0.0) };
        let mut sum = Vec::with_capacity(items.len());
        for item in items {
            let small = self.call(known("sub"), &[*item, shift]);
            sum.push(self.call(known("exp"), &[small]));
        }
        let sum = self.total(sum);
        let log = self.call(known("log"), &[sum]);
        let out = self.call(known("add"), &[log, shift]);
        TapeVal { value, ..out }
    }
    fn log_det(&mut self, items: &[TapeVal], n: usize) -> TapeVal {
        // Gaussian elimination on the tape; the order of pivots is a choice, not a function of x.
        let mut a = items.to_vec();
        let mut terms = Vec::with_capacity(n);
        for k in 0..n {
            let pivot = (k..n).max_by(|&i, &j| a[i * n + k].value.abs().total_cmp(&a[j * n + k].value.abs()));
            let pivot = pivot.unwrap_or(k);
            for j in 0..n {
                a.swap(k * n + j, pivot * n + j);
            }
            let head = a[k * n + k];
            let size = self.call(known("abs"), &[head]);
            terms.push(self.call(known("log"), &[size]));
            for i in k + 1..n {
                let factor = self.call(known("div"), &[a[i * n + k], head]);
                for j in k + 1..n {
                    let part = self.call(known("mul"), &[factor, a[k * n + j]]);
                    a[i * n + j] = self.call(known("sub"), &[a[i * n + j], part]);
                }
            }
        }
        self.total(terms)
    }
}
