//! Where each instance finds its value: affine in the counter, or gathered through a column.

use std::sync::Arc;

/// Element `k` of a family stands at slot `base + stride * k`, or at `slots[k]`.
#[derive(Clone, PartialEq, Debug)]
pub enum Address {
    /// `base + stride * k`; a stride of 0 is one slot for all.
    Affine {
        /// Of the first instance.
        base: u32,
        /// From one instance to the next.
        stride: i32,
    },
    /// One slot per instance.
    Gather(Arc<[u32]>),
}

impl Address {
    /// The slot of instance `k`.
    pub fn at(&self, k: usize) -> usize {
        match self {
            Self::Affine { base, stride } => (i64::from(*base) + i64::from(*stride) * k as i64) as usize,
            Self::Gather(slots) => slots[k] as usize,
        }
    }

    /// Gives the slots of instances `0..count` to `with`, in order.
    pub fn each(&self, count: usize, mut with: impl FnMut(usize, u32)) {
        match self {
            Self::Affine { base, stride } => {
                let mut slot = *base;
                for k in 0..count {
                    with(k, slot);
                    slot = slot.wrapping_add_signed(*stride);
                }
            }
            Self::Gather(slots) => slots[..count].iter().enumerate().for_each(|(k, slot)| with(k, *slot)),
        }
    }

    /// Slots as they are, or the affine form they have.
    pub fn compress(slots: Vec<u32>) -> Self {
        affine(&slots).unwrap_or_else(|| Self::Gather(slots.into()))
    }

    /// The same of slots that stay where they are.
    pub fn of_slots(slots: &[u32]) -> Self {
        affine(slots).unwrap_or_else(|| Self::Gather(slots.into()))
    }
}

/// The affine form of slots that have one.
fn affine(slots: &[u32]) -> Option<Address> {
    let Some(&base) = slots.first() else { return Some(Address::Affine { base: 0, stride: 0 }) };
    let stride = slots.get(1).map_or(0, |second| i64::from(*second) - i64::from(base));
    let stride = i32::try_from(stride).ok()?;
    // Differences may wrap only where slots would be negative: the ends are compared exactly.
    let last = i64::from(base) + i64::from(stride) * (slots.len() as i64 - 1);
    if i64::from(slots[slots.len() - 1]) != last {
        return None;
    }
    const BLOCK: usize = 256;
    let from = |first: u32, k: u32| first.wrapping_add((stride as u32).wrapping_mul(k));
    let even = |(slots, block): (&[u32], u32)| {
        let first = from(base, block * BLOCK as u32);
        slots.iter().zip(0..).fold(true, |all, (slot, k)| all & (*slot == from(first, k)))
    };
    slots.chunks(BLOCK).zip(0..).all(even).then_some(Address::Affine { base, stride })
}

/// A small number for each instance `k` of a domain: the position of a binder, the instance of an
/// enclosing domain.
#[derive(Clone, PartialEq, Debug)]
pub enum Pos {
    /// `(k / div) % len`: a digit of a dense domain.
    Digit {
        /// Instances per step.
        div: usize,
        /// Steps before it starts again.
        len: usize,
    },
    /// `list[k / div]`.
    List {
        /// The numbers.
        list: Arc<[u32]>,
        /// Instances per entry.
        div: usize,
    },
    /// `inner` at `via[k / div]`.
    Via {
        /// Instances of the enclosing domain.
        via: Arc<[u32]>,
        /// Instances per entry.
        div: usize,
        /// By those.
        inner: Arc<Pos>,
    },
}

impl Pos {
    /// The same for all instances.
    pub const ZERO: Self = Self::Digit { div: 1, len: 1 };

    /// At instance `k`.
    pub fn at(&self, k: usize) -> u32 {
        match self {
            Self::Digit { div, len } => ((k / div) % len) as u32,
            Self::List { list, div } => list[k / div],
            Self::Via { via, div, inner } => inner.at(via[k / div] as usize),
        }
    }

    /// At instances `start..`, one per entry of `out`.
    pub fn fill(&self, start: usize, out: &mut [u32]) {
        match self {
            Self::Digit { len: 1, .. } => out.fill(0),
            Self::Digit { div, len } => {
                let (mut digit, mut left) = ((start / div) % len, div - start % div);
                for slot in out {
                    *slot = digit as u32;
                    left -= 1;
                    if left == 0 {
                        left = *div;
                        digit += 1;
                        if digit == *len {
                            digit = 0;
                        }
                    }
                }
            }
            Self::List { list, div: 1 } => out.copy_from_slice(&list[start..start + out.len()]),
            Self::List { .. } | Self::Via { .. } => {
                for (k, slot) in out.iter_mut().enumerate() {
                    *slot = self.at(start + k);
                }
            }
        }
    }

    /// As seen from a dense domain inside: each instance is repeated `times`.
    pub fn repeat(&self, times: usize) -> Self {
        match self {
            Self::Digit { div, len } => Self::Digit { div: div * times, len: *len },
            Self::List { list, div } => Self::List { list: list.clone(), div: div * times },
            Self::Via { via, div, inner } => Self::Via { via: via.clone(), div: div * times, inner: inner.clone() },
        }
    }

    /// As seen from a domain whose instance `k` belongs to instance `via[k]` of this one.
    pub fn through(&self, via: &Arc<[u32]>) -> Self {
        match self {
            Self::Digit { len: 1, .. } => Self::ZERO,
            Self::Digit { .. } => Self::Via { via: via.clone(), div: 1, inner: Arc::new(self.clone()) },
            _ => Self::List { list: via.iter().map(|k| self.at(*k as usize)).collect(), div: 1 },
        }
    }

    /// As seen through `by`, which gives the instance of this one's domain.
    pub fn of(&self, by: &Self, parent_count: usize) -> Self {
        match by {
            // The whole of the parent, each instance repeated.
            Self::Digit { div, len } if *len == parent_count => self.repeat(*div),
            Self::Digit { .. } => crate::bug!("an enclosing instance is a whole digit"),
            Self::List { list, div } => self.through(list).repeat(*div),
            Self::Via { via, div, inner } => self.of(inner, parent_count).through(via).repeat(*div),
        }
    }
}

/// `base + sum(scale * pos)`: slots in the making.
#[derive(Clone, Debug)]
pub struct Form {
    /// The constant.
    pub base: i64,
    /// The rest.
    pub terms: Vec<(i64, Pos)>,
}

impl Form {
    /// The same for all.
    pub fn constant(base: usize) -> Self {
        Self { base: base as i64, terms: Vec::new() }
    }

    /// Adds `scale * pos`.
    pub fn add(&mut self, scale: usize, pos: Pos) {
        if pos != Pos::ZERO && scale != 0 {
            self.terms.push((scale as i64, pos));
        }
    }

    /// Adds `scale * pos` where `scale` may be negative.
    pub fn add_signed(&mut self, scale: i64, pos: Pos) {
        if pos != Pos::ZERO && scale != 0 {
            self.terms.push((scale, pos));
        }
    }

    /// As an address over `count` instances of a domain with these digits (innermost first).
    pub fn address(&self, count: usize, digits: &[(usize, usize)]) -> Address {
        if let Some(address) = self.affine(digits) {
            return address;
        }
        if let ([(1, Pos::List { list, div: 1 })], 0) = (self.terms.as_slice(), self.base) {
            return Address::Gather(list.clone());
        }
        Address::compress(self.slots(count))
    }

    /// The slot of every instance.
    pub fn slots(&self, count: usize) -> Vec<u32> {
        const BLOCK: usize = 4096;
        let mut out = vec![0u32; count];
        let mut buffer = vec![0u32; BLOCK.min(count)];
        for (block, slots) in out.chunks_mut(BLOCK).enumerate() {
            slots.fill(self.base as u32);
            for (scale, pos) in &self.terms {
                let buffer = &mut buffer[..slots.len()];
                pos.fill(block * BLOCK, buffer);
                for (slot, p) in slots.iter_mut().zip(buffer) {
                    *slot = (i64::from(*slot) + scale * i64::from(*p)) as u32;
                }
            }
        }
        out
    }

    /// The affine form, when every term is made of digits and they add up to one.
    fn affine(&self, digits: &[(usize, usize)]) -> Option<Address> {
        let mut scales = vec![0i64; digits.len()];
        for (scale, pos) in &self.terms {
            let Pos::Digit { div, len } = *pos else { return None };
            let end = div.checked_mul(len)?;
            let mut covered = div;
            for (at, &(d, n)) in digits.iter().enumerate() {
                if n > 1 && d >= div && d < end {
                    if d != covered {
                        return None;
                    }
                    scales[at] += scale * (d / div) as i64;
                    covered = d * n;
                }
            }
            if len > 1 && covered != end {
                return None;
            }
        }
        let mut stride: Option<i64> = None;
        for (&(div, len), &scale) in digits.iter().zip(&scales) {
            if len > 1 {
                let here = scale / div as i64;
                if scale % div as i64 != 0 || stride.is_some_and(|s| s != here) {
                    return None;
                }
                stride = Some(here);
            }
        }
        let base = u32::try_from(self.base).ok()?;
        Some(Address::Affine { base, stride: i32::try_from(stride.unwrap_or(0)).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digit(div: usize, len: usize) -> Pos {
        Pos::Digit { div, len }
    }

    #[test]
    fn a_dense_product_in_its_own_order_is_affine() {
        let digits = [(1, 4), (4, 3)];
        let mut form = Form::constant(10);
        form.add(4, digit(4, 3));
        form.add(1, digit(1, 4));
        assert_eq!(form.address(12, &digits), Address::Affine { base: 10, stride: 1 });
    }

    #[test]
    fn a_transposed_product_is_gathered() {
        let digits = [(1, 4), (4, 3)];
        let mut form = Form::constant(0);
        form.add(1, digit(4, 3));
        form.add(3, digit(1, 4));
        let Address::Gather(slots) = form.address(12, &digits) else { panic!("not affine") };
        assert_eq!(&slots[..5], &[0, 3, 6, 9, 1]);
    }

    #[test]
    fn an_enclosing_instance_is_a_digit_of_digits() {
        let digits = [(1, 4), (4, 3), (12, 2)];
        let mut form = Form::constant(0);
        form.add(4, digit(4, 6));
        form.add(1, digit(1, 4));
        assert_eq!(form.address(24, &digits), Address::Affine { base: 0, stride: 1 });
    }

    #[test]
    fn filling_is_the_same_as_asking_one_by_one() {
        let lists = [digit(3, 4), Pos::List { list: vec![5, 6, 7, 8].into(), div: 3 }];
        let via = Pos::Via { via: vec![1, 0, 3, 2].into(), div: 3, inner: Arc::new(digit(2, 2)) };
        for pos in lists.into_iter().chain([via]) {
            let mut out = vec![0; 7];
            pos.fill(4, &mut out);
            let expected: Vec<u32> = (4..11).map(|k| pos.at(k)).collect();
            assert_eq!(out, expected);
        }
    }
}
