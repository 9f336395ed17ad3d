//! Hash indexes over columns of element codes: where an element stands, which rows share a key.
//!
//! Codes are doubles: integers, label numbers, row numbers. NaN is equal to nothing.

/// Mixes the codes of a key (Wang Yi's multiply and fold).
fn hash(key: impl Iterator<Item = f64>) -> u64 {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for code in key {
        let bits = if code == 0.0 { 0 } else { code.to_bits() };
        let wide = u128::from(state ^ bits).wrapping_mul(0xd6e8_feb8_6659_fd93_a076_1d64_78bd_642f);
        state = (wide >> 64) as u64 ^ wide as u64;
    }
    state ^ (state >> 32)
}

const FREE: u32 = u32::MAX;

fn table(n: usize) -> (Vec<u32>, usize) {
    let size = (n.max(1) * 2).next_power_of_two();
    (vec![FREE; size], size - 1)
}

/// Finds the position of an element among distinct ones.
#[derive(Clone, Debug, Default)]
pub struct KeyIndex {
    slots: Vec<u32>,
    mask: usize,
}

impl KeyIndex {
    /// Over columns of one length; a position whose key is already there comes back with the earlier one.
    pub fn build(columns: &[&[f64]], n: usize) -> (Self, Option<(usize, usize)>) {
        let (slots, mask) = table(n);
        let mut index = Self { slots, mask };
        let mut twice = None;
        for at in 0..n {
            let mut slot = hash(columns.iter().map(|c| c[at])) as usize & mask;
            loop {
                let known = index.slots[slot];
                if known == FREE {
                    index.slots[slot] = at as u32;
                    break;
                }
                if columns.iter().all(|c| c[known as usize] == c[at]) {
                    twice = twice.or(Some((known as usize, at)));
                    break;
                }
                slot = (slot + 1) & mask;
            }
        }
        (index, twice)
    }

    /// The position of a key of one code among the same column: most lookups are these.
    pub fn find_one(&self, column: &[f64], code: f64) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut slot = hash(std::iter::once(code)) as usize & self.mask;
        loop {
            let known = self.slots[slot];
            if known == FREE {
                return None;
            }
            if column[known as usize] == code {
                return Some(known as usize);
            }
            slot = (slot + 1) & self.mask;
        }
    }

    /// The position of `key` among the same columns.
    pub fn find(&self, columns: &[&[f64]], key: &[f64]) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut slot = hash(key.iter().copied()) as usize & self.mask;
        loop {
            let known = self.slots[slot];
            if known == FREE {
                return None;
            }
            if columns.iter().zip(key).all(|(c, k)| c[known as usize] == *k) {
                return Some(known as usize);
            }
            slot = (slot + 1) & self.mask;
        }
    }
}

/// Positions by key, ascending within a key.
#[derive(Clone, Debug, Default)]
pub struct Buckets {
    slots: Vec<u32>,
    mask: usize,
    // By group: its first member in `columns`, where its members begin in `members`.
    heads: Vec<u32>,
    start: Vec<u32>,
    members: Vec<u32>,
    columns: Vec<Vec<f64>>,
}

impl Buckets {
    /// Over key columns of one length.
    pub fn build(columns: Vec<Vec<f64>>, n: usize) -> Self {
        let (mut slots, mask) = table(n);
        let mut heads: Vec<u32> = Vec::new();
        let mut counts: Vec<u32> = Vec::new();
        let mut group_of = vec![FREE; n];
        for at in 0..n {
            if columns.iter().any(|c| c[at].is_nan()) {
                continue;
            }
            let mut slot = hash(columns.iter().map(|c| c[at])) as usize & mask;
            let group = loop {
                let known = slots[slot];
                if known == FREE {
                    slots[slot] = heads.len() as u32;
                    heads.push(at as u32);
                    counts.push(0);
                    break heads.len() - 1;
                }
                let head = heads[known as usize] as usize;
                if columns.iter().all(|c| c[head] == c[at]) {
                    break known as usize;
                }
                slot = (slot + 1) & mask;
            };
            counts[group] += 1;
            group_of[at] = group as u32;
        }
        let mut start = vec![0u32; heads.len() + 1];
        for (g, count) in counts.iter().enumerate() {
            start[g + 1] = start[g] + count;
        }
        let mut next = start.clone();
        let mut members = vec![0u32; start[heads.len()] as usize];
        for (at, group) in group_of.iter().enumerate().filter(|(_, g)| **g != FREE) {
            members[next[*group as usize] as usize] = at as u32;
            next[*group as usize] += 1;
        }
        Self { slots, mask, heads, start, members, columns }
    }

    /// The positions with this key.
    pub fn get(&self, key: &[f64]) -> &[u32] {
        let mut slot = hash(key.iter().copied()) as usize & self.mask;
        loop {
            let known = self.slots[slot];
            if known == FREE {
                return &[];
            }
            let head = self.heads[known as usize] as usize;
            if self.columns.iter().zip(key).all(|(c, k)| c[head] == *k) {
                let (from, to) = (self.start[known as usize], self.start[known as usize + 1]);
                return &self.members[from as usize..to as usize];
            }
            slot = (slot + 1) & self.mask;
        }
    }
}
