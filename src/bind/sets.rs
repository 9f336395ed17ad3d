//! Bound sets: ordered elements and where each stands.

use super::keys::KeyIndex;
use crate::ir::TableId;
use std::sync::Arc;

/// A bound set. Components of elements are codes: integers as they are, labels and rows by number.
#[derive(Clone, Debug)]
pub struct BoundSet {
    /// Number of elements.
    pub len: usize,
    /// What the elements are.
    pub elems: Elems,
}

/// The elements.
#[derive(Clone, Debug)]
pub enum Elems {
    /// Integers from `lo`; nothing is stored.
    Range {
        /// The first.
        lo: i64,
    },
    /// All rows of a table, from 0; nothing is stored.
    Rows(TableId),
    /// A column of codes per component.
    List(Arc<Listed>),
}

/// Stored elements.
#[derive(Clone, Debug)]
pub struct Listed {
    /// A column per component.
    pub parts: Vec<Vec<f64>>,
    index: KeyIndex,
}

impl BoundSet {
    /// No elements.
    pub fn empty(arity: usize) -> Self {
        Self::list(vec![Vec::new(); arity], 0).0
    }

    /// Integers `lo..=hi`.
    pub fn range(lo: i64, len: usize) -> Self {
        Self { len, elems: Elems::Range { lo } }
    }

    /// From columns; elements that stand twice come back as two positions.
    pub fn list(parts: Vec<Vec<f64>>, len: usize) -> (Self, Option<(usize, usize)>) {
        let columns: Vec<&[f64]> = parts.iter().map(Vec::as_slice).collect();
        let (index, twice) = KeyIndex::build(&columns, len);
        (Self { len, elems: Elems::List(Arc::new(Listed { parts, index })) }, twice)
    }

    /// The code of component `part` of the element at `position`.
    pub fn code(&self, position: usize, part: usize) -> f64 {
        match &self.elems {
            Elems::Range { lo } => (lo + position as i64) as f64,
            Elems::Rows(_) => position as f64,
            Elems::List(list) => list.parts[part][position],
        }
    }

    /// Where an element stands.
    pub fn find(&self, key: &[f64]) -> Option<usize> {
        match &self.elems {
            Elems::Range { lo } => whole(key.first()? - *lo as f64, self.len),
            Elems::Rows(_) => whole(*key.first()?, self.len),
            Elems::List(list) => match list.parts.as_slice() {
                [one] => list.index.find_one(one, *key.first()?),
                [one, two] => list.index.find(&[one, two], key),
                more => list.index.find(&more.iter().map(Vec::as_slice).collect::<Vec<_>>(), key),
            },
        }
    }
}

/// A double that is an integer in `0..len`.
pub fn whole(value: f64, len: usize) -> Option<usize> {
    (value >= 0.0 && value < len as f64 && value.fract() == 0.0).then_some(value as usize)
}
