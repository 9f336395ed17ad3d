//! Random points, boxes and numbers of arguments for any row, from its domain alone.

use optc::base::Interval;
use optc::func::{Arity, Builtin};

/// xorshift64* (Vigna 2016).
pub struct Draw(u64);

/// Numbers at which something may happen: ends, signs, whole numbers, ties.
pub const SPECIAL: [f64; 10] = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, 1.5, 10.0];

impl Draw {
    /// A stream of its own for each row.
    pub fn new(row: &Builtin) -> Self {
        let seed =
            row.name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// From 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From `lo` to `hi`.
    pub fn between(&mut self, lo: f64, hi: f64) -> f64 {
        (lo + (hi - lo) * self.unit()).clamp(lo, hi)
    }

    /// True once in `n`.
    pub fn once_in(&mut self, n: u64) -> bool {
        (self.next() >> 33).is_multiple_of(n)
    }

    /// A number of moderate size, of any sign.
    pub fn any(&mut self) -> f64 {
        if self.once_in(4) {
            return SPECIAL[(self.next() >> 33) as usize % SPECIAL.len()];
        }
        let power = self.between(-8.0, 2.0).round() as i32;
        let size = self.between(0.0, 4.0) * if self.once_in(2) { 2f64.powi(power) } else { 1.0 };
        if self.once_in(2) { -size } else { size }
    }

    /// A number of moderate size inside a range.
    pub fn inside(&mut self, range: Interval) -> f64 {
        for _ in 0..8 {
            let x = self.any();
            let x = if range.lo >= 0.0 { x.abs() } else { x };
            if range.contains(x) {
                return x;
            }
        }
        self.between(range.lo.max(-5.0), range.hi.min(5.0))
    }

    /// A point of the row's domain.
    pub fn point(&mut self, row: &Builtin, n: usize) -> Vec<f64> {
        for _ in 0..10_000 {
            let x: Vec<f64> = (0..n).map(|k| self.inside(row.domain.range(k))).collect();
            if row.domain.contains(&x) {
                return x;
            }
        }
        panic!("no point of the domain of `{}` was found", row.name);
    }

    /// A box: some arguments single numbers, the others ranges of any width.
    pub fn ranges(&mut self, row: &Builtin, n: usize) -> Vec<Interval> {
        let x = self.point(row, n);
        let y = self.point(row, n);
        let narrow = self.once_in(2);
        let mut range = |(&x, &y): (&f64, &f64)| {
            if self.once_in(4) {
                return Interval::point(x);
            }
            let y = if narrow { x + 0.1 * (y - x) } else { y };
            Interval::new(x.min(y), x.max(y))
        };
        x.iter().zip(&y).map(&mut range).collect()
    }

    /// A point of a box and of the row's domain, if one is found.
    pub fn point_in(&mut self, row: &Builtin, ranges: &[Interval]) -> Option<Vec<f64>> {
        (0..20).find_map(|_| {
            let x: Vec<f64> = ranges
                .iter()
                .map(|range| match (self.next() >> 33) % 8 {
                    0 => range.lo,
                    1 => range.hi,
                    2 => self.between(range.lo, range.hi).round().clamp(range.lo, range.hi),
                    _ => self.between(range.lo, range.hi),
                })
                .collect();
            row.domain.contains(&x).then_some(x)
        })
    }
}

/// The numbers of arguments a row is tried with.
pub fn arities(row: &Builtin) -> Vec<usize> {
    match row.arity {
        Arity::Exactly(n) => vec![n],
        Arity::AtLeast(n) => vec![n, 2, 3, 5],
    }
}
