//! The filter of Fletcher and Leyffer: pairs of violation and objective that no later point may both exceed.
//!
//! Source: Fletcher and Leyffer, Math. Program. 91 (2002); margins as in Wächter and Biegler (2006), (18) and (22).

/// Pairs `(theta, phi)`; a point is acceptable when it is better than every pair in one of the two.
#[derive(Clone, PartialEq, Debug)]
pub struct Filter {
    entries: Vec<(f64, f64)>,
}

/// Pairs there is room for at once: a filter is forgotten at every new barrier parameter, and hardly ever has so many.
const ROOM: usize = 256;

impl Default for Filter {
    /// A filter that refuses nothing.
    fn default() -> Self {
        Self { entries: Vec::with_capacity(ROOM) }
    }
}

impl Filter {
    /// Whether the point is better than every pair in violation or in objective, up to rounding of `phi`.
    pub fn accepts(&self, theta: f64, phi: f64) -> bool {
        self.entries.iter().all(|&(t, p)| at_most(theta, t, t) || at_most(phi, p, p))
    }

    /// Adds a pair and drops the pairs it makes superfluous.
    pub fn add(&mut self, theta: f64, phi: f64) {
        self.entries.retain(|&(t, p)| !(t >= theta && p >= phi));
        self.entries.push((theta, phi));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// The pairs, in the order they were added.
    pub fn entries(&self) -> &[(f64, f64)] {
        &self.entries
    }
}

/// `a <= b` up to ten units of rounding at the size of `base` (Ipopt's comparison).
pub fn at_most(a: f64, b: f64, base: f64) -> bool {
    a - b <= 10.0 * f64::EPSILON * base.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_must_beat_every_pair_in_one_measure() {
        let mut filter = Filter::default();
        filter.add(1.0, 5.0);
        filter.add(0.5, 7.0);
        assert!(filter.accepts(0.4, 100.0));
        assert!(filter.accepts(10.0, 4.0));
        assert!(!filter.accepts(0.7, 7.5));
        filter.add(0.5, 5.0);
        assert_eq!(filter.entries(), &[(0.5, 5.0)]);
    }
}
