//! Array steps: groups of items, matrix products, determinants.
//!
//! Each knows its values, its slopes with respect to its operands, how it pulls adjoints back, and its
//! second derivatives. Slopes and second derivatives come as lists in a fixed order, so that their
//! places can be looked up once. All positions are slots of z.

use super::exec::product;
use super::link::Layout;
use super::program::{ArrayOp, Program};
use crate::bind::Instance;
use crate::ir::{ArrayId, ReduceOp};
use crate::num::lu;
use crate::num::vmath::{self, exp, log};
use std::sync::Arc;

/// An array step with its places.
#[derive(Clone, PartialEq, Debug)]
pub enum ArrayStep {
    /// Reductions of items.
    Group(Group),
    /// A matrix product.
    MatMul(MatMul),
    /// log |det|.
    LogDet(LogDet),
}

/// Items reduced per slot.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// `Prod`, `Min`, `Max` or `LogSumExp`.
    pub op: ReduceOp,
    /// The value over nothing, where folding begins.
    pub identity: f64,
    /// First slot.
    pub out: usize,
    /// Positions in `order` where the items of each slot begin; one more than there are slots.
    pub starts: Arc<[u32]>,
    /// Slots of the items, by owner.
    pub order: Arc<[u32]>,
}

/// A dense row-major matrix in z.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dense {
    /// First slot.
    pub z: usize,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Whether it depends on variables.
    pub active: bool,
}

/// `out = left * right`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MatMul {
    /// Left operand.
    pub left: Dense,
    /// Right operand.
    pub right: Dense,
    /// First slot of the product.
    pub out: usize,
}

/// `out = log det(of)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogDet {
    /// The matrix, square.
    pub of: Dense,
    /// The slot.
    pub out: usize,
}

/// Memory for array steps, enough for the largest.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    numbers: Vec<f64>,
    pivots: Vec<usize>,
}

impl Scratch {
    /// Enough for all of `steps`.
    pub fn new<'a>(steps: impl Iterator<Item = &'a ArrayStep>) -> Self {
        let need = |step: &ArrayStep| match step {
            ArrayStep::Group(group) => (3 * group.longest(), 0),
            ArrayStep::MatMul(_) => (0, 0),
            ArrayStep::LogDet(det) => (2 * det.of.len(), det.of.rows),
        };
        let (mut numbers, mut pivots) = (0, 0);
        for (a, b) in steps.map(need) {
            numbers = numbers.max(a);
            pivots = pivots.max(b);
        }
        Self { numbers: vec![0.0; numbers], pivots: vec![0; pivots] }
    }
}

impl ArrayStep {
    /// Definition `def` of the program.
    pub fn new(program: &Program, instance: &Instance, layout: &Layout, def: u32) -> Self {
        let at = def as usize;
        let out = layout.defs[at].z;
        let dense = |array: ArrayId| Dense::new(program, layout, array);
        match program.defs[at].op {
            ArrayOp::Group { op, items } => Self::Group(Group::new(layout, instance, op, at, items)),
            ArrayOp::MatMul { left, right } => {
                let (mut left, right) = (dense(left), dense(right));
                // A vector on the left is a row.
                if left.cols != right.rows {
                    std::mem::swap(&mut left.rows, &mut left.cols);
                }
                Self::MatMul(MatMul { left, right, out })
            }
            ArrayOp::LogDet { of } => Self::LogDet(LogDet { of: dense(of), out }),
            ArrayOp::Sum => crate::bug!("sums are made of families"),
        }
    }

    /// Values, at their slots of `to`.
    pub fn forward(&self, z: &[f64], to: &mut [f64], scratch: &mut Scratch) {
        match self {
            Self::Group(group) => group.forward(z, to),
            Self::MatMul(product) => product.forward(z, to),
            Self::LogDet(det) => det.forward(z, to, scratch),
        }
    }

    /// Adds the adjoints of the operands; `weights` holds those of the result, by slot of z. Products follow
    /// [`product`]; those of matrices only where it is `careful`.
    pub fn pull(&self, z: &[f64], weights: &[f64], adjoints: &mut [f64], scratch: &mut Scratch, careful: bool) {
        match self {
            Self::MatMul(factors) if careful => factors.pull_one_by_one(z, weights, adjoints),
            Self::MatMul(factors) => factors.pull(z, weights, adjoints),
            Self::Group(group) => group.pull(z, weights, adjoints, scratch),
            Self::LogDet(det) => {
                for (to, slope) in adjoints[det.of.z..].iter_mut().zip(det.slopes(z, scratch)) {
                    *to += product(weights[det.out], *slope);
                }
            }
        }
    }

    /// Derivatives of the values along a direction, at their slots of `to`; `along` holds it, by slot of z.
    pub fn tangent(&self, z: &[f64], along: &[f64], to: &mut [f64], scratch: &mut Scratch) {
        match self {
            Self::Group(group) => {
                for slot in 0..group.n_slots() {
                    let slopes = group.slopes(slot, z, scratch).iter();
                    let items = group.items(slot).iter();
                    to[group.out + slot] = slopes.zip(items).map(|(s, item)| product(*s, along[*item as usize])).sum();
                }
            }
            Self::MatMul(factors) => factors.tangent(z, along, to),
            Self::LogDet(det) => {
                let slopes = det.slopes(z, scratch).iter();
                to[det.out] = slopes.zip(&along[det.of.z..]).map(|(s, v)| product(*s, *v)).sum();
            }
        }
    }

    /// Adds second derivatives times the weights of the result times a direction, at the slots of the operands.
    pub fn curve_products(
        &self,
        z: &[f64],
        weights: &[f64],
        along: &[f64],
        adjoints: &mut [f64],
        scratch: &mut Scratch,
    ) {
        match self {
            Self::Group(group) => group.curve_products(z, weights, along, adjoints, scratch),
            Self::MatMul(factors) => factors.curve_products(weights, along, adjoints),
            Self::LogDet(det) => {
                let (mut p, mut q) = (0, 0);
                det.curves(z, weights, scratch, |value| {
                    add_both(det.of.z + p, det.of.z + q, value, along, adjoints);
                    (p, q) = if q < p { (p, q + 1) } else { (p + 1, 0) };
                });
            }
        }
    }

    /// `(slot of the result, slot of the operand)` of each slope.
    pub fn slope_places(&self, mut each: impl FnMut(usize, usize)) {
        match self {
            Self::Group(group) => {
                for slot in 0..group.n_slots() {
                    group.items(slot).iter().for_each(|item| each(group.out + slot, *item as usize));
                }
            }
            Self::MatMul(product) => product.slope_places(each),
            Self::LogDet(det) => (0..det.of.len()).for_each(|k| each(det.out, det.of.z + k)),
        }
    }

    /// Values of the slopes, in the order of [`ArrayStep::slope_places`].
    pub fn slopes(&self, z: &[f64], scratch: &mut Scratch, mut each: impl FnMut(f64)) {
        match self {
            Self::Group(group) => {
                for slot in 0..group.n_slots() {
                    let slopes = group.slopes(slot, z, scratch);
                    slopes.iter().for_each(|s| each(*s));
                }
            }
            Self::MatMul(product) => product.slopes(z, each),
            Self::LogDet(det) => det.slopes(z, scratch).iter().for_each(|s| each(*s)),
        }
    }

    /// Number of slopes.
    pub fn n_slopes(&self) -> usize {
        match self {
            Self::Group(group) => group.order.len(),
            Self::MatMul(product) => {
                let operands = usize::from(product.left.active) + usize::from(product.right.active);
                product.n_factors().saturating_mul(operands)
            }
            Self::LogDet(det) => det.of.len(),
        }
    }

    /// Number of second derivatives; with [`ArrayStep::n_slopes`] what the lists would take.
    pub fn n_curves(&self) -> usize {
        let pairs = |n: usize| n.saturating_mul(n + 1) / 2;
        match self {
            Self::Group(group) => {
                let of = |n: usize| match group.op {
                    ReduceOp::Prod => pairs(n.saturating_sub(1)),
                    ReduceOp::LogSumExp => pairs(n),
                    _ => 0,
                };
                (0..group.n_slots()).map(|s| of(group.items(s).len())).fold(0, usize::saturating_add)
            }
            Self::MatMul(product) if product.left.active && product.right.active => product.n_factors(),
            Self::MatMul(_) => 0,
            Self::LogDet(det) => pairs(det.of.len()),
        }
    }

    /// Pairs of operand slots whose second derivative is not structurally zero, each pair once.
    pub fn curve_places(&self, each: impl FnMut(usize, usize)) {
        match self {
            Self::Group(group) => group.curve_places(each),
            Self::MatMul(product) => product.curve_places(each),
            Self::LogDet(det) => det.curve_places(each),
        }
    }

    /// Second derivatives times the weight of the result, in the order of [`ArrayStep::curve_places`].
    /// A pair that is one and the same slot off the diagonal of the formula counts twice.
    pub fn curves(&self, z: &[f64], weights: &[f64], scratch: &mut Scratch, each: impl FnMut(f64)) {
        match self {
            Self::Group(group) => group.curves(z, weights, scratch, each),
            Self::MatMul(product) => product.curves(weights, each),
            Self::LogDet(det) => det.curves(z, weights, scratch, each),
        }
    }
}

impl Group {
    fn new(layout: &Layout, instance: &Instance, op: ReduceOp, def: usize, items: ArrayId) -> Self {
        let items_at = layout.by_array[&items];
        let (items, out) = (&layout.defs[items_at], &layout.defs[def]);
        let owner = instance.defs[items_at].parents.as_ref();
        let owner = |k: usize| owner.map_or(0, |at| at.at(k));
        let mut starts = vec![0u32; out.len + 1];
        for k in 0..items.len {
            starts[owner(k) + 1] += 1;
        }
        for slot in 0..out.len {
            starts[slot + 1] += starts[slot];
        }
        let mut next = starts.clone();
        let mut order = vec![0u32; items.len];
        for k in 0..items.len {
            let at = &mut next[owner(k)];
            order[*at as usize] = (items.z + k) as u32;
            *at += 1;
        }
        let identity = match op {
            ReduceOp::Prod => 1.0,
            ReduceOp::Min => f64::INFINITY,
            ReduceOp::Max | ReduceOp::LogSumExp => f64::NEG_INFINITY,
            _ => 0.0,
        };
        Self { op, identity, out: out.z, starts: starts.into(), order: order.into() }
    }

    fn n_slots(&self) -> usize {
        self.starts.len() - 1
    }

    fn items(&self, slot: usize) -> &[u32] {
        &self.order[self.starts[slot] as usize..self.starts[slot + 1] as usize]
    }

    fn longest(&self) -> usize {
        (0..self.n_slots()).map(|s| self.items(s).len()).max().unwrap_or(0)
    }

    fn forward(&self, z: &[f64], to: &mut [f64]) {
        for slot in 0..self.n_slots() {
            let values = self.items(slot).iter().map(|k| z[*k as usize]);
            to[self.out + slot] = match self.op {
                ReduceOp::Prod => values.fold(self.identity, |all, v| all * v),
                ReduceOp::Min => values.fold(self.identity, |all, v| if v < all || v.is_nan() { v } else { all }),
                ReduceOp::Max => values.fold(self.identity, |all, v| if v > all || v.is_nan() { v } else { all }),
                _ => {
                    let top = values.clone().fold(self.identity, |all, v| if v > all || v.is_nan() { v } else { all });
                    if top.is_finite() { top + log(values.map(|v| exp(v - top)).sum()) } else { top }
                }
            };
        }
    }

    /// Slopes with respect to the items of a slot. The least (greatest) item is the first one.
    fn slopes<'s>(&self, slot: usize, z: &[f64], scratch: &'s mut Scratch) -> &'s [f64] {
        let items = self.items(slot);
        let value = |k: usize| z[items[k] as usize];
        let (out, rest) = scratch.numbers.split_at_mut(items.len());
        match self.op {
            ReduceOp::Prod => {
                let after = &mut rest[..items.len()];
                let mut all = 1.0;
                for k in (0..items.len()).rev() {
                    after[k] = all;
                    all *= value(k);
                }
                let mut before = 1.0;
                for (k, out) in out.iter_mut().enumerate() {
                    *out = before * after[k];
                    before *= value(k);
                }
            }
            ReduceOp::LogSumExp => {
                let total = z[self.out + slot];
                out.iter_mut().enumerate().for_each(|(k, out)| *out = exp(value(k) - total));
            }
            _ => {
                out.fill(0.0);
                let better = |a: f64, b: f64| if self.op == ReduceOp::Min { a < b } else { a > b };
                let best = (0..items.len()).reduce(|best, k| if better(value(k), value(best)) { k } else { best });
                if let Some(best) = best {
                    out[best] = 1.0;
                }
            }
        }
        out
    }

    fn pull(&self, z: &[f64], weights: &[f64], adjoints: &mut [f64], scratch: &mut Scratch) {
        for slot in 0..self.n_slots() {
            let weight = weights[self.out + slot];
            for (slope, item) in self.slopes(slot, z, scratch).iter().zip(self.items(slot)) {
                adjoints[*item as usize] += product(weight, *slope);
            }
        }
    }

    fn curve_places(&self, mut each: impl FnMut(usize, usize)) {
        for slot in 0..self.n_slots() {
            let items = self.items(slot);
            for i in 0..items.len() {
                let end = match self.op {
                    ReduceOp::Prod => i,
                    ReduceOp::LogSumExp => i + 1,
                    _ => 0,
                };
                items[..end].iter().for_each(|j| each(items[i] as usize, *j as usize));
            }
        }
    }

    fn curves(&self, z: &[f64], weights: &[f64], scratch: &mut Scratch, mut each: impl FnMut(f64)) {
        for slot in 0..self.n_slots() {
            let weight = weights[self.out + slot];
            match self.op {
                ReduceOp::Prod => self.products_without_two(slot, z, scratch, |p| each(product(weight, p))),
                ReduceOp::LogSumExp => {
                    // d2 / dv_i dv_j = [i = j] p_i - p_i p_j
                    let p = self.slopes(slot, z, scratch);
                    for i in 0..p.len() {
                        p[..i].iter().for_each(|p_j| each(-product(weight, p[i] * p_j)));
                        each(product(weight, p[i] * (1.0 - p[i])));
                    }
                }
                _ => {}
            }
        }
    }

    fn curve_products(&self, z: &[f64], weights: &[f64], along: &[f64], adjoints: &mut [f64], scratch: &mut Scratch) {
        for slot in 0..self.n_slots() {
            let (weight, items) = (weights[self.out + slot], self.items(slot));
            match self.op {
                ReduceOp::Prod => {
                    let (mut i, mut j) = (1, 0);
                    self.products_without_two(slot, z, scratch, |p| {
                        add_both(items[i] as usize, items[j] as usize, product(weight, p), along, adjoints);
                        (i, j) = if j + 1 < i { (i, j + 1) } else { (i + 1, 0) };
                    });
                }
                ReduceOp::LogSumExp => {
                    // sum_j ([i = j] p_i - p_i p_j) v_j = p_i (v_i - p'v)
                    let p = self.slopes(slot, z, scratch);
                    let mean: f64 = p.iter().zip(items).map(|(p, item)| p * along[*item as usize]).sum();
                    for (p, item) in p.iter().zip(items) {
                        adjoints[*item as usize] += product(weight, p * (along[*item as usize] - mean));
                    }
                }
                _ => {}
            }
        }
    }

    /// Products of all items but two, `j < i`, without dividing.
    fn products_without_two(&self, slot: usize, z: &[f64], scratch: &mut Scratch, mut each: impl FnMut(f64)) {
        let items = self.items(slot);
        let n = items.len();
        let value = |k: usize| z[items[k] as usize];
        let (before, rest) = scratch.numbers.split_at_mut(n);
        let (between, after) = rest.split_at_mut(n);
        let mut all = 1.0;
        for k in 0..n {
            before[k] = all;
            all *= value(k);
        }
        all = 1.0;
        for k in (0..n).rev() {
            after[k] = all;
            all *= value(k);
        }
        for i in 0..n {
            let mut inner = 1.0;
            for j in (0..i).rev() {
                between[j] = inner;
                inner *= value(j);
            }
            (0..i).for_each(|j| each(before[j] * between[j] * after[i]));
        }
    }
}

impl Dense {
    fn new(program: &Program, layout: &Layout, array: ArrayId) -> Self {
        let at = layout.by_array[&array];
        let place = &layout.defs[at];
        let (rows, cols) = match place.dims[..] {
            [rows, cols] => (rows, cols),
            _ => (place.len, 1),
        };
        Self { z: place.z, rows, cols, active: program.defs[at].active }
    }

    fn len(&self) -> usize {
        self.rows * self.cols
    }

    fn at(&self, i: usize, j: usize) -> usize {
        self.z + i * self.cols + j
    }

    fn of<'z>(&self, z: &'z [f64]) -> faer::MatRef<'z, f64> {
        faer::MatRef::from_row_major_slice(&z[self.z..self.z + self.len()], self.rows, self.cols)
    }
}

/// Adds an entry of a symmetric matrix times a direction; on the diagonal once.
fn add_both(row: usize, col: usize, value: f64, along: &[f64], adjoints: &mut [f64]) {
    adjoints[row] += product(value, along[col]);
    if row != col {
        adjoints[col] += product(value, along[row]);
    }
}

/// `to += a * b`, or `to = a * b`.
fn multiply(mut to: faer::MatMut<'_, f64>, how: faer::Accum, a: faer::MatRef<'_, f64>, b: faer::MatRef<'_, f64>) {
    if vmath::Level::current() > vmath::Level::Portable {
        return faer::linalg::matmul::matmul(to, how, a, b, 1.0, faer::Par::Seq);
    }
    // The library uses all that the machine has; the portable level gives the same bits everywhere.
    if matches!(how, faer::Accum::Replace) {
        to.fill(0.0);
    }
    for i in 0..a.nrows() {
        for k in 0..a.ncols() {
            let factor = a[(i, k)];
            (0..b.ncols()).for_each(|j| to[(i, j)] += factor * b[(k, j)]);
        }
    }
}

fn matrix_mut(z: &mut [f64], rows: usize, cols: usize) -> faer::MatMut<'_, f64> {
    faer::MatMut::from_row_major_slice_mut(z, rows, cols)
}

impl MatMul {
    fn n_factors(&self) -> usize {
        let (rows, inner, cols) = self.sizes();
        rows.saturating_mul(inner).saturating_mul(cols)
    }

    fn sizes(&self) -> (usize, usize, usize) {
        (self.left.rows, self.left.cols, self.right.cols)
    }

    fn forward(&self, z: &[f64], to: &mut [f64]) {
        let (rows, _, cols) = self.sizes();
        let out = matrix_mut(&mut to[self.out..self.out + rows * cols], rows, cols);
        multiply(out, faer::Accum::Replace, self.left.of(z), self.right.of(z));
    }

    /// With C = A B: A += C' B^T, B += A^T C'.
    fn pull(&self, z: &[f64], weights: &[f64], adjoints: &mut [f64]) {
        let (rows, inner, cols) = self.sizes();
        let out = faer::MatRef::from_row_major_slice(&weights[self.out..self.out + rows * cols], rows, cols);
        if self.left.active {
            let to = matrix_mut(&mut adjoints[self.left.z..self.left.z + rows * inner], rows, inner);
            multiply(to, faer::Accum::Add, out, self.right.of(z).transpose());
        }
        if self.right.active {
            let to = matrix_mut(&mut adjoints[self.right.z..self.right.z + inner * cols], inner, cols);
            multiply(to, faer::Accum::Add, self.left.of(z).transpose(), out);
        }
    }

    /// dC = dA B + A dB.
    fn tangent(&self, z: &[f64], along: &[f64], to: &mut [f64]) {
        let (rows, _, cols) = self.sizes();
        let mut out = matrix_mut(&mut to[self.out..self.out + rows * cols], rows, cols);
        out.fill(0.0);
        if self.left.active {
            multiply(out.as_mut(), faer::Accum::Add, self.left.of(along), self.right.of(z));
        }
        if self.right.active {
            multiply(out, faer::Accum::Add, self.left.of(z), self.right.of(along));
        }
    }

    /// With weights W of C = A B: A += W dB^T, B += dA^T W.
    fn curve_products(&self, weights: &[f64], along: &[f64], adjoints: &mut [f64]) {
        if self.left.active && self.right.active {
            self.pull(along, weights, adjoints);
        }
    }

    /// [`MatMul::pull`] by the rule of [`product`].
    fn pull_one_by_one(&self, z: &[f64], weights: &[f64], adjoints: &mut [f64]) {
        self.for_each_factor(|out, left, right| {
            if self.left.active {
                adjoints[left] += product(weights[out], z[right]);
            }
            if self.right.active {
                adjoints[right] += product(weights[out], z[left]);
            }
        });
    }

    /// For every entry of the product the operands it meets, left ones first.
    fn for_each_factor(&self, mut each: impl FnMut(usize, usize, usize)) {
        let (rows, inner, cols) = self.sizes();
        for i in 0..rows {
            for j in 0..cols {
                let out = self.out + i * cols + j;
                (0..inner).for_each(|k| each(out, self.left.at(i, k), self.right.at(k, j)));
            }
        }
    }

    fn slope_places(&self, mut each: impl FnMut(usize, usize)) {
        self.for_each_factor(|out, left, right| {
            if self.left.active {
                each(out, left);
            }
            if self.right.active {
                each(out, right);
            }
        });
    }

    fn slopes(&self, z: &[f64], mut each: impl FnMut(f64)) {
        self.for_each_factor(|_, left, right| {
            if self.left.active {
                each(z[right]);
            }
            if self.right.active {
                each(z[left]);
            }
        });
    }

    fn curve_places(&self, mut each: impl FnMut(usize, usize)) {
        if self.left.active && self.right.active {
            self.for_each_factor(|_, left, right| each(left, right));
        }
    }

    fn curves(&self, weights: &[f64], mut each: impl FnMut(f64)) {
        if self.left.active && self.right.active {
            self.for_each_factor(|out, left, right| {
                each(if left == right { 2.0 * weights[out] } else { weights[out] });
            });
        }
    }
}

impl LogDet {
    fn forward(&self, z: &[f64], to: &mut [f64], scratch: &mut Scratch) {
        let n = self.of.rows;
        let a = &mut scratch.numbers[..n * n];
        a.copy_from_slice(&z[self.of.z..self.of.z + n * n]);
        let sign = lu::factor(a, n, &mut scratch.pivots[..n]);
        let sum = (0..n).map(|i| log(a[i * n + i].abs())).sum();
        // A determinant that is not positive is outside the domain.
        to[self.out] = if sign > 0.0 { sum } else { f64::NAN };
    }

    /// The transposed inverse, row-major.
    fn slopes<'s>(&self, z: &[f64], scratch: &'s mut Scratch) -> &'s [f64] {
        let n = self.of.rows;
        let (a, rest) = scratch.numbers.split_at_mut(n * n);
        let inverse = &mut rest[..n * n];
        a.copy_from_slice(&z[self.of.z..self.of.z + n * n]);
        lu::factor(a, n, &mut scratch.pivots[..n]);
        // Row j of the transposed inverse is column j of the inverse.
        for j in 0..n {
            let column = &mut inverse[j * n..(j + 1) * n];
            column.fill(0.0);
            column[j] = 1.0;
            lu::solve(a, n, &scratch.pivots[..n], column);
        }
        // `inverse[j]` now holds A^-1 e_j: transposed it is (A^-T) by rows.
        inverse
    }

    fn curve_places(&self, mut each: impl FnMut(usize, usize)) {
        for p in 0..self.of.len() {
            (0..=p).for_each(|q| each(self.of.z + p, self.of.z + q));
        }
    }

    /// d2 / dA_ij dA_kl = - (A^-1)_jk (A^-1)_li.
    fn curves(&self, z: &[f64], weights: &[f64], scratch: &mut Scratch, mut each: impl FnMut(f64)) {
        let (n, weight) = (self.of.rows, weights[self.out]);
        let columns = self.slopes(z, scratch);
        let inverse = |i: usize, j: usize| columns[j * n + i];
        for p in 0..n * n {
            for q in 0..=p {
                each(-product(weight, inverse(p % n, q / n) * inverse(q % n, p / n)));
            }
        }
    }
}
