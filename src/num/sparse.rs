//! Sparse matrices: one pattern type in compressed columns, and the products solvers need.
//!
//! Takes patterns and slices of values in pattern order, gives vectors.
//! Deliberately absent: factorisations (`num::kkt`), matrices that own their values.

use serde::{Deserialize, Serialize};

/// Where a sparse matrix may be nonzero: compressed sparse columns, rows ascending within a column.
///
/// A slice of values that goes with it has length [`Pattern::nnz`] and the order of `row_idx`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Pattern {
    n_rows: usize,
    n_cols: usize,
    col_ptr: Vec<u32>,
    row_idx: Vec<u32>,
}

/// What is wrong with the arrays given to [`Pattern::new`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PatternError {
    /// `col_ptr` must have one more entry than there are columns, start at 0 and never decrease.
    #[error("column pointers of a sparse matrix are malformed at column {0}")]
    ColumnPointers(usize),
    /// Rows must ascend strictly within each column and be in range.
    #[error("rows of a sparse matrix are not ascending and in range in column {0}")]
    Rows(usize),
    /// More than `u32::MAX` nonzeros, rows or columns.
    #[error("a sparse matrix is too large")]
    TooLarge,
}

impl Pattern {
    /// Checked construction from compressed columns.
    ///
    /// # Errors
    /// [`PatternError`] names the first column that is malformed.
    pub fn new(n_rows: usize, n_cols: usize, col_ptr: Vec<u32>, row_idx: Vec<u32>) -> Result<Self, PatternError> {
        if col_ptr.len() != n_cols + 1 || col_ptr[0] != 0 {
            return Err(PatternError::ColumnPointers(0));
        }
        if col_ptr[n_cols] as usize != row_idx.len() {
            return Err(PatternError::ColumnPointers(n_cols));
        }
        for j in 0..n_cols {
            let (from, to) = (col_ptr[j] as usize, col_ptr[j + 1] as usize);
            if from > to || to > row_idx.len() {
                return Err(PatternError::ColumnPointers(j));
            }
            let rows = &row_idx[from..to];
            let ascending = rows.windows(2).all(|pair| pair[0] < pair[1]);
            if !ascending || rows.last().is_some_and(|&last| last as usize >= n_rows) {
                return Err(PatternError::Rows(j));
            }
        }
        Ok(Self { n_rows, n_cols, col_ptr, row_idx })
    }

    /// A matrix without nonzeros.
    pub fn empty(n_rows: usize, n_cols: usize) -> Self {
        Self { n_rows, n_cols, col_ptr: vec![0; n_cols + 1], row_idx: Vec::new() }
    }

    /// Every entry of the matrix.
    ///
    /// # Errors
    /// [`PatternError::TooLarge`] above `u32::MAX` entries.
    pub fn full(n_rows: usize, n_cols: usize) -> Result<Self, PatternError> {
        let entries = (0..n_cols).flat_map(|j| (0..n_rows).map(move |i| (i, j)));
        Self::from_entries(n_rows, n_cols, entries).map(|(pattern, _)| pattern)
    }

    /// The pattern of the given (row, column) entries, duplicates merged, and the slot of each entry.
    ///
    /// The slots have the order of `entries`: value `k` belongs in slot `slots[k]`. See [`Pattern::from_pairs`].
    ///
    /// # Errors
    /// [`PatternError::TooLarge`] above `u32::MAX` entries, [`PatternError::Rows`] for an entry out of range.
    pub fn from_entries(
        n_rows: usize,
        n_cols: usize,
        entries: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<(Self, Vec<u32>), PatternError> {
        let iter = entries.into_iter();
        // Half the memory of pairs of `usize`: at bind time this list is the largest there is.
        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(iter.size_hint().0);
        if n_rows.max(n_cols) >= u32::MAX as usize {
            return Err(PatternError::TooLarge);
        }
        for (i, j) in iter {
            if i >= n_rows || j >= n_cols {
                return Err(PatternError::Rows(j));
            }
            pairs.push((i as u32, j as u32));
        }
        Self::from_pairs(n_rows, n_cols, &pairs)
    }

    /// The same for pairs that exist already. Linear in their number where each column has few or gets them as a few
    /// ascending runs, as derivatives do; at most n log n.
    ///
    /// # Errors
    /// As [`Pattern::from_entries`].
    pub fn from_pairs(n_rows: usize, n_cols: usize, entries: &[(u32, u32)]) -> Result<(Self, Vec<u32>), PatternError> {
        if entries.len().max(n_rows).max(n_cols) >= u32::MAX as usize {
            return Err(PatternError::TooLarge);
        }
        if let Some((_, j)) = entries.iter().find(|(i, j)| *i as usize >= n_rows || *j as usize >= n_cols) {
            return Err(PatternError::Rows(*j as usize));
        }
        let (mut order, ends) = by_column(n_cols, entries);
        let mut slots = vec![0u32; entries.len()];
        let mut row_idx: Vec<u32> = Vec::with_capacity(entries.len());
        let mut col_ptr = vec![0u32; n_cols + 1];
        let mut from = 0;
        for (end, next) in ends.into_iter().zip(&mut col_ptr[1..]) {
            let column = &mut order[from..end as usize];
            sort_column(column);
            let mut last = u32::MAX;
            for entry in column {
                let (row, k) = ((*entry >> 32) as u32, *entry as u32);
                if row != last {
                    row_idx.push(row);
                    last = row;
                }
                slots[k as usize] = row_idx.len() as u32 - 1;
            }
            *next = row_idx.len() as u32;
            from = end as usize;
        }
        row_idx.shrink_to_fit();
        Ok((Self { n_rows, n_cols, col_ptr, row_idx }, slots))
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// Number of stored entries.
    pub fn nnz(&self) -> usize {
        self.row_idx.len()
    }

    /// Start of each column in [`Pattern::row_idx`], and the end of the last; length `n_cols + 1`.
    pub fn col_ptr(&self) -> &[u32] {
        &self.col_ptr
    }

    /// Row of each entry, column by column, ascending within a column; length `nnz`.
    pub fn row_idx(&self) -> &[u32] {
        &self.row_idx
    }

    /// The slots of column `j`.
    pub fn col(&self, j: usize) -> std::ops::Range<usize> {
        self.col_ptr[j] as usize..self.col_ptr[j + 1] as usize
    }

    /// All entries as (slot, row, column), in slot order.
    pub fn entries(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        (0..self.n_cols).flat_map(move |j| self.col(j).map(move |k| (k, self.row_idx[k] as usize, j)))
    }

    /// The slot of entry (`row`, `col`), when it is stored.
    pub fn slot(&self, row: usize, col: usize) -> Option<usize> {
        let range = self.col(col);
        let rows = &self.row_idx[range.clone()];
        rows.binary_search(&u32::try_from(row).ok()?).ok().map(|at| range.start + at)
    }

    /// `out += scale * A v`, with `v` of length `n_cols` and `out` of length `n_rows`.
    pub fn mul_add(&self, vals: &[f64], scale: f64, v: &[f64], out: &mut [f64]) {
        for j in 0..self.n_cols {
            let v_j = scale * v[j];
            if v_j != 0.0 {
                for k in self.col(j) {
                    out[self.row_idx[k] as usize] += vals[k] * v_j;
                }
            }
        }
    }

    /// `out += scale * Aᵀ v`, with `v` of length `n_rows` and `out` of length `n_cols`.
    pub fn mul_transposed_add(&self, vals: &[f64], scale: f64, v: &[f64], out: &mut [f64]) {
        for j in 0..self.n_cols {
            let mut sum = 0.0;
            for k in self.col(j) {
                sum += vals[k] * v[self.row_idx[k] as usize];
            }
            out[j] += scale * sum;
        }
    }

    /// `out += scale * A v` for a symmetric matrix of which the lower triangle is stored.
    pub fn mul_symmetric_add(&self, vals: &[f64], scale: f64, v: &[f64], out: &mut [f64]) {
        for j in 0..self.n_cols {
            for k in self.col(j) {
                let i = self.row_idx[k] as usize;
                out[i] += scale * vals[k] * v[j];
                if i != j {
                    out[j] += scale * vals[k] * v[i];
                }
            }
        }
    }
}

/// Rows and positions of the entries, column by column (the row above the position, in one number), and where each
/// column ends.
fn by_column(n_cols: usize, entries: &[(u32, u32)]) -> (Vec<u64>, Vec<u32>) {
    let mut next = vec![0u32; n_cols + 1];
    for (_, j) in entries {
        next[*j as usize + 1] += 1;
    }
    for j in 0..n_cols {
        next[j + 1] += next[j];
    }
    let mut order = vec![0u64; entries.len()];
    for (k, (i, j)) in (0u64..).zip(entries) {
        let place = &mut next[*j as usize];
        order[*place as usize] = u64::from(*i) << 32 | k;
        *place += 1;
    }
    next.pop();
    (order, next)
}

/// Columns this short are sorted by insertion.
const SHORT: usize = 24;

fn sort_column(column: &mut [u64]) {
    if column.len() > SHORT {
        // Merges runs that are there already.
        column.sort();
        return;
    }
    for at in 1..column.len() {
        let entry = column[at];
        let mut to = at;
        while to > 0 && column[to - 1] > entry {
            column[to] = column[to - 1];
            to -= 1;
        }
        column[to] = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_entries_share_a_slot() {
        let entries = [(2, 1), (0, 0), (2, 1), (1, 1), (2, 0)];
        let (pattern, slots) = Pattern::from_entries(3, 2, entries).expect("entries are in range");
        assert_eq!(pattern.col_ptr(), &[0, 2, 4]);
        assert_eq!(pattern.row_idx(), &[0, 2, 1, 2]);
        assert_eq!(slots, &[3, 0, 3, 2, 1]);
        assert_eq!(pattern.slot(2, 1), Some(3));
        assert_eq!(pattern.slot(0, 1), None);
    }

    #[test]
    fn malformed_columns_are_refused() {
        assert_eq!(Pattern::new(2, 1, vec![0, 2], vec![1, 0]), Err(PatternError::Rows(0)));
        assert_eq!(Pattern::new(2, 1, vec![0, 1], vec![2]), Err(PatternError::Rows(0)));
        assert_eq!(Pattern::new(2, 1, vec![0], vec![]), Err(PatternError::ColumnPointers(0)));
        assert_eq!(Pattern::new(2, 2, vec![0, 3, 2], vec![0, 1]), Err(PatternError::ColumnPointers(0)));
    }
}
