//! Defined arrays eliminated: derivatives with respect to the variables alone.
//!
//! With `d` the slots of defined arrays and `D` their total derivatives by the variables,
//!
//! ```text
//! D[a] = ∂a/∂x + Σ_b ∂a/∂b D[b]                 (b before a)
//! J    = ∂c/∂x + Σ_a ∂c/∂a D[a]
//! H    = [I Dᵀ] H_z [I; D]
//! ```
//!
//! where `H_z` is the Hessian in variables and slots, all curvature of the definitions included.
//! Patterns are known beforehand, so each product has its place; rows of `D` with equal patterns share
//! their lists of places. Everything is numbers and positions: nothing here knows a model.

use crate::num::sparse::{Pattern, PatternError};
use indexmap::IndexSet;
use std::collections::HashMap;

/// Why defined arrays were not eliminated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChainError {
    /// More products or nonzeros than allowed.
    TooDense,
    /// The pattern cannot be counted.
    Pattern(PatternError),
}

impl ChainError {
    /// The same for a caller to whom too dense is too large.
    pub fn pattern(self) -> PatternError {
        match self {
            Self::TooDense => PatternError::TooLarge,
            Self::Pattern(error) => error,
        }
    }
}

impl From<PatternError> for ChainError {
    fn from(error: PatternError) -> Self {
        Self::Pattern(error)
    }
}

/// Slots of a pattern in z with their places in a buffer.
type Places = Vec<(u32, u32)>;

/// What elimination may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// Most nonzeros of a result.
    pub nonzeros: usize,
    /// Most products per evaluation.
    pub products: usize,
}

/// `values[base + slots[k]] += values[source] * values[from + k]` for `k` below `len`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Line {
    source: u32,
    from: u32,
    len: u32,
    slots: u32,
    base: u32,
}

/// The Jacobian of the rows from slopes in z.
#[derive(Clone, Debug, Default)]
pub struct JacobianChain {
    /// Pattern of the Jacobian; its values come first in the buffer.
    pub pattern: Pattern,
    /// Length of the buffer: the Jacobian, then `D`, then slopes with respect to slots.
    pub n_values: usize,
    /// Place in the buffer of each slot of the pattern in z.
    pub place: Vec<u32>,
    lines: Vec<Line>,
    slots: Vec<u32>,
    /// Where each row of `D` begins in the buffer.
    starts: Vec<u32>,
    /// The pattern of each row of `D`.
    kinds: Vec<u32>,
    patterns: IndexSet<Box<[u32]>>,
}

impl JacobianChain {
    /// From the pattern in z: `n_rows` rows of constraints, then one row per slot; `n_x` columns of
    /// variables, then one column per slot. A slot's row has only columns of earlier slots.
    ///
    /// # Errors
    /// [`ChainError::TooDense`] beyond the allowance.
    pub fn new(z: &Pattern, n_rows: usize, n_x: usize, allow: Allowance) -> Result<Self, ChainError> {
        let by_row = ByRow::new(z);
        let mut chain = Self { place: vec![0; z.nnz()], ..Self::default() };
        let mut union = Union::new(n_x);
        let mut budget = Budget::new(allow);
        // Places in D and among slopes by slots, counted from the beginning of each.
        let (mut n_d, mut n_e) = (0usize, 0usize);
        let (mut in_d, mut in_e) = (Places::new(), Places::new());
        // Looked up by key only.
        let mut shared: HashMap<(u32, u32), u32> = HashMap::new();
        for a in 0..z.n_rows() - n_rows {
            let row = by_row.row(n_rows + a);
            let kind = chain.union_of(row, n_x, &mut union, true);
            budget.nonzeros(union.cols.len())?;
            for &(col, slot) in row {
                if (col as usize) < n_x {
                    in_d.push((slot, n_d as u32 + union.position[col as usize]));
                    continue;
                }
                let b = col as usize - n_x;
                let len = chain.pattern_of(b).len();
                budget.products(len)?;
                let slots = *shared.entry((chain.kinds[b], kind)).or_insert_with(|| {
                    let from = chain.slots.len() as u32;
                    let cols = &chain.patterns[chain.kinds[b] as usize];
                    chain.slots.extend(cols.iter().map(|c| union.position[*c as usize]));
                    from
                });
                in_e.push((slot, n_e as u32));
                let (source, from, base) = (n_e as u32, chain.starts[b], n_d as u32);
                chain.lines.push(Line { source, from, len: len as u32, slots, base });
                n_e += 1;
            }
            chain.starts.push(n_d as u32);
            chain.kinds.push(kind);
            n_d += union.cols.len();
        }
        let d_lines = chain.lines.len();
        chain.rows(&by_row, n_rows, n_x, &mut union, &mut budget, &mut in_e, &mut n_e)?;
        chain.settle(d_lines, n_d, n_e, &in_d, &in_e);
        Ok(chain)
    }

    /// The constraint rows: their pattern, and the products into it.
    #[allow(clippy::too_many_arguments)] // the running state of `new`
    fn rows(
        &mut self,
        by_row: &ByRow,
        n_rows: usize,
        n_x: usize,
        union: &mut Union,
        budget: &mut Budget,
        in_e: &mut Places,
        n_e: &mut usize,
    ) -> Result<(), ChainError> {
        let mut entries: Vec<(usize, usize)> = Vec::new();
        let mut ends = Vec::with_capacity(n_rows);
        for r in 0..n_rows {
            self.union_of(by_row.row(r), n_x, union, false);
            budget.nonzeros(union.cols.len())?;
            entries.extend(union.cols.iter().map(|c| (r, *c as usize)));
            ends.push(entries.len());
        }
        let (pattern, slots) = Pattern::from_entries(n_rows, n_x, entries.iter().copied())?;
        self.pattern = pattern;
        let mut start = 0;
        for (r, end) in ends.into_iter().enumerate() {
            for (at, (_, col)) in (start..end).zip(&entries[start..end]) {
                union.position[*col] = slots[at];
            }
            start = end;
            for &(col, slot) in by_row.row(r) {
                if (col as usize) < n_x {
                    self.place[slot as usize] = union.position[col as usize];
                    continue;
                }
                let b = col as usize - n_x;
                let cols = &self.patterns[self.kinds[b] as usize];
                budget.products(cols.len())?;
                let line = Line {
                    source: *n_e as u32,
                    from: self.starts[b],
                    len: cols.len() as u32,
                    slots: self.slots.len() as u32,
                    base: 0,
                };
                self.slots.extend(cols.iter().map(|c| union.position[*c as usize]));
                self.lines.push(line);
                in_e.push((slot, *n_e as u32));
                *n_e += 1;
            }
        }
        Ok(())
    }

    /// Turns positions counted from each part into positions in the whole buffer.
    fn settle(&mut self, d_lines: usize, n_d: usize, n_e: usize, in_d: &[(u32, u32)], in_e: &[(u32, u32)]) {
        let d = self.pattern.nnz() as u32;
        let e = d + n_d as u32;
        self.n_values = e as usize + n_e;
        in_d.iter().for_each(|&(slot, at)| self.place[slot as usize] = d + at);
        in_e.iter().for_each(|&(slot, at)| self.place[slot as usize] = e + at);
        self.starts.iter_mut().for_each(|s| *s += d);
        for (at, line) in self.lines.iter_mut().enumerate() {
            line.source += e;
            line.from += d;
            line.base += if at < d_lines { d } else { 0 };
        }
    }

    /// Columns of a row with its slots replaced by what they depend on.
    fn union_of(&mut self, row: &[(u32, u32)], n_x: usize, union: &mut Union, keep: bool) -> u32 {
        union.begin();
        for &(col, _) in row {
            if (col as usize) < n_x {
                union.add(col);
            } else {
                let kind = self.kinds[col as usize - n_x];
                self.patterns[kind as usize].iter().for_each(|c| union.add(*c));
            }
        }
        union.finish();
        if keep { self.patterns.insert_full(union.cols.as_slice().into()).0 as u32 } else { 0 }
    }

    fn pattern_of(&self, slot: usize) -> &[u32] {
        &self.patterns[self.kinds[slot] as usize]
    }

    /// Forgets a line: see [`fault`](super::fault).
    pub(super) fn lose_line(&mut self, pick: usize) -> bool {
        let n = self.lines.len();
        n > 0 && self.lines.remove(pick % n).len > 0
    }

    /// Adds all products, each by `times`. The slopes stand at their places; the rest of the buffer is cleared.
    pub fn apply(&self, values: &mut [f64], times: impl Fn(f64, f64) -> f64) {
        for line in &self.lines {
            let scale = values[line.source as usize];
            let slots = &self.slots[line.slots as usize..][..line.len as usize];
            for (k, slot) in slots.iter().enumerate() {
                values[(line.base + slot) as usize] += times(scale, values[line.from as usize + k]);
            }
        }
    }
}

/// `result[slots[k]] += values[source] * d[from + k]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Product {
    /// A slot with a variable.
    Line { source: u32, from: u32, len: u32, slots: u32 },
    /// Two slots: all pairs.
    Outer { source: u32, left: (u32, u32), right: (u32, u32), slots: u32, common: (u32, u32) },
    /// A slot with itself: the lower triangle.
    Square { source: u32, from: u32, len: u32, slots: u32 },
}

/// The Hessian by variables from the Hessian by variables and slots.
#[derive(Clone, Debug, Default)]
pub struct HessianChain {
    /// Pattern of the result, lower triangle; its values come first in the buffer.
    pub pattern: Pattern,
    /// Length of the buffer.
    pub n_values: usize,
    /// Place in the buffer of each slot of the pattern in z.
    pub place: Vec<u32>,
    products: Vec<Product>,
    slots: Vec<u32>,
    common: Vec<(u32, u32)>,
}

/// Lists of places by what they depend on: patterns of `D`, and a variable for lines.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Line(u32, u32),
    Outer(u32, u32),
    Square(u32),
}

impl HessianChain {
    /// From the lower triangle in z.
    ///
    /// # Errors
    /// [`ChainError::TooDense`] beyond the allowance.
    pub fn new(z: &Pattern, n_x: usize, d: &JacobianChain, allow: Allowance) -> Result<Self, ChainError> {
        let mut chain = Self { place: vec![0; z.nnz()], ..Self::default() };
        let mut budget = Budget::new(allow);
        let mut entries: Vec<(usize, usize)> = Vec::new();
        let mut direct: Vec<usize> = Vec::new();
        // Looked up by key only.
        let mut shapes: HashMap<Shape, (u32, (u32, u32))> = HashMap::new();
        let mut n_e = 0u32;
        for (slot, row, col) in z.entries() {
            if row < n_x {
                direct.push(slot);
                continue;
            }
            let source = n_e;
            n_e += 1;
            chain.place[slot] = source;
            chain.products_of(source, row - n_x, col, n_x, d, &mut shapes, &mut entries, &mut budget)?;
        }
        let first_direct = entries.len();
        let at =
            |slot: &usize| (z.row_idx()[*slot] as usize, z.col_ptr().partition_point(|s| *s as usize <= *slot) - 1);
        entries.extend(direct.iter().map(at));
        budget.nonzeros(direct.len())?;
        let (pattern, slots) = Pattern::from_entries(n_x, n_x, entries)?;
        let nnz = pattern.nnz() as u32;
        chain.pattern = pattern;
        chain.n_values = (nnz + n_e) as usize;
        chain.place.iter_mut().for_each(|p| *p += nnz);
        for (k, slot) in direct.into_iter().enumerate() {
            chain.place[slot] = slots[first_direct + k];
        }
        chain.slots = slots;
        chain.slots.truncate(first_direct);
        for product in &mut chain.products {
            let (Product::Line { source, .. } | Product::Outer { source, .. } | Product::Square { source, .. }) =
                product;
            *source += nnz;
        }
        Ok(chain)
    }

    /// The products of the entry of slot `a` with column `col` of z.
    #[allow(clippy::too_many_arguments)] // the running state of `new`
    fn products_of(
        &mut self,
        source: u32,
        a: usize,
        col: usize,
        n_x: usize,
        d: &JacobianChain,
        // Looked up by key only.
        shapes: &mut HashMap<Shape, (u32, (u32, u32))>,
        entries: &mut Vec<(usize, usize)>,
        budget: &mut Budget,
    ) -> Result<(), ChainError> {
        let (left, kind, from) = (d.pattern_of(a), d.kinds[a], d.starts[a]);
        let len = left.len() as u32;
        let lower = |i: u32, j: u32| (i.max(j) as usize, i.min(j) as usize);
        if col < n_x {
            let x = col as u32;
            budget.products(left.len())?;
            let (slots, _) = *shapes.entry(Shape::Line(kind, x)).or_insert_with(|| {
                let at = entries.len() as u32;
                entries.extend(left.iter().map(|k| lower(*k, x)));
                (at, (0, 0))
            });
            budget.entries(entries.len())?;
            self.products.push(Product::Line { source, from, len, slots });
            // The entry stands for both triangles: on the diagonal it counts twice.
            if let Ok(k) = left.binary_search(&x) {
                let k = k as u32;
                self.products.push(Product::Line { source, from: from + k, len: 1, slots: slots + k });
            }
            return Ok(());
        }
        let b = col - n_x;
        if a == b {
            let n = left.len();
            budget.products(n * (n + 1) / 2)?;
            if !shapes.contains_key(&Shape::Square(kind)) {
                budget.entries(entries.len() + n * (n + 1) / 2)?;
            }
            let (slots, _) = *shapes.entry(Shape::Square(kind)).or_insert_with(|| {
                let at = entries.len() as u32;
                for i in 0..n {
                    entries.extend(left[..=i].iter().map(|j| lower(left[i], *j)));
                }
                (at, (0, 0))
            });
            self.products.push(Product::Square { source, from, len, slots });
            return Ok(());
        }
        let right = d.pattern_of(b);
        let n = left.len() * right.len();
        budget.products(n)?;
        let shape = Shape::Outer(kind, d.kinds[b]);
        if !shapes.contains_key(&shape) {
            budget.entries(entries.len() + n)?;
        }
        let common = &mut self.common;
        let (slots, common) = *shapes.entry(shape).or_insert_with(|| {
            let at = entries.len() as u32;
            left.iter().for_each(|i| entries.extend(right.iter().map(|j| lower(*i, *j))));
            let from = common.len() as u32;
            common.extend((0u32..).zip(left).filter_map(|(i, k)| Some((i, right.binary_search(k).ok()? as u32))));
            (at, (from, common.len() as u32))
        });
        let (left, right) = ((from, len), (d.starts[b], right.len() as u32));
        self.products.push(Product::Outer { source, left, right, slots, common });
        Ok(())
    }

    /// Forgets a product: see [`fault`](super::fault).
    pub(super) fn lose_product(&mut self, pick: usize) -> bool {
        let n = self.products.len();
        n > 0 && {
            self.products.remove(pick % n);
            true
        }
    }

    /// Adds all products, each by `times`; `d` is the buffer of the Jacobian at the same point.
    pub fn apply(&self, d: &[f64], values: &mut [f64], times: impl Fn(f64, f64) -> f64 + Copy) {
        for product in &self.products {
            match *product {
                Product::Line { source, from, len, slots } => {
                    let scale = values[source as usize];
                    self.line(slots, scale, &d[from as usize..(from + len) as usize], values, times);
                }
                Product::Square { source, from, len, slots } => {
                    let scale = values[source as usize];
                    let row = &d[from as usize..(from + len) as usize];
                    let mut at = slots;
                    for i in 0..len as usize {
                        self.line(at, times(scale, row[i]), &row[..=i], values, times);
                        at += i as u32 + 1;
                    }
                }
                Product::Outer { source, left, right, slots, common } => {
                    let scale = values[source as usize];
                    let (left, right_len) = (&d[left.0 as usize..(left.0 + left.1) as usize], right.1);
                    let right = &d[right.0 as usize..(right.0 + right.1) as usize];
                    for (l, at) in left.iter().zip((0u32..).map(|i| slots + i * right_len)) {
                        self.line(at, times(scale, *l), right, values, times);
                    }
                    for &(i, j) in &self.common[common.0 as usize..common.1 as usize] {
                        let slot = self.slots[(slots + i * right_len + j) as usize];
                        values[slot as usize] += times(times(scale, left[i as usize]), right[j as usize]);
                    }
                }
            }
        }
    }

    fn line(&self, slots: u32, scale: f64, row: &[f64], values: &mut [f64], times: impl Fn(f64, f64) -> f64) {
        for (slot, v) in self.slots[slots as usize..].iter().zip(row) {
            values[*slot as usize] += times(scale, *v);
        }
    }
}

/// What is left of an allowance.
struct Budget {
    left: Allowance,
    nonzeros: usize,
}

impl Budget {
    fn new(allow: Allowance) -> Self {
        Self { left: allow, nonzeros: allow.nonzeros }
    }

    fn nonzeros(&mut self, n: usize) -> Result<(), ChainError> {
        self.left.nonzeros = self.left.nonzeros.checked_sub(n).ok_or(ChainError::TooDense)?;
        Ok(())
    }

    fn products(&mut self, n: usize) -> Result<(), ChainError> {
        self.left.products = self.left.products.checked_sub(n).ok_or(ChainError::TooDense)?;
        Ok(())
    }

    /// Bounds the list of all entries so far: duplicates count, because the list takes memory.
    fn entries(&self, n: usize) -> Result<(), ChainError> {
        if n <= self.nonzeros { Ok(()) } else { Err(ChainError::TooDense) }
    }
}

/// The entries of a pattern by row: `(column, slot)`, ascending by column.
struct ByRow {
    starts: Vec<usize>,
    entries: Vec<(u32, u32)>,
}

impl ByRow {
    fn new(pattern: &Pattern) -> Self {
        let mut starts = vec![0usize; pattern.n_rows() + 1];
        pattern.row_idx().iter().for_each(|r| starts[*r as usize + 1] += 1);
        for r in 0..pattern.n_rows() {
            starts[r + 1] += starts[r];
        }
        let mut next = starts.clone();
        let mut entries = vec![(0, 0); pattern.nnz()];
        for (slot, row, col) in pattern.entries() {
            entries[next[row]] = (col as u32, slot as u32);
            next[row] += 1;
        }
        Self { starts, entries }
    }

    fn row(&self, row: usize) -> &[(u32, u32)] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }
}

/// Collects distinct columns.
struct Union {
    cols: Vec<u32>,
    /// Position in `cols` of each column in it.
    position: Vec<u32>,
    stamp: Vec<u32>,
    now: u32,
}

impl Union {
    fn new(n: usize) -> Self {
        Self { cols: Vec::new(), position: vec![0; n], stamp: vec![0; n], now: 0 }
    }

    fn begin(&mut self) {
        self.cols.clear();
        self.now += 1;
    }

    fn add(&mut self, col: u32) {
        let stamp = &mut self.stamp[col as usize];
        if *stamp != self.now {
            *stamp = self.now;
            self.cols.push(col);
        }
    }

    fn finish(&mut self) {
        self.cols.sort_unstable();
        for (position, col) in (0u32..).zip(&self.cols) {
            self.position[*col as usize] = position;
        }
    }
}
