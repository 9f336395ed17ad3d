//! The places of a long vector that the loops of a part write, when they are few.
//!
//! The gradient of a cost of few variables among many is 0 elsewhere: looking through all of it for infinities would
//! take longer than computing it.

use crate::kernel::link::BoundStep;
use crate::problem::oracle::check_finite;
use crate::problem::{EvalError, Place};
use std::ops::Range;

/// Ranges of places, ascending and apart, outside of which everything is 0.
#[derive(Clone, Debug)]
pub struct Touched(Vec<Range<u32>>);

/// More ranges than one in so many numbers are not worth it.
const SPARSE: usize = 16;

impl Touched {
    /// What loops among `steps` write into a vector of length `len`; all of it unless they write in few ranges.
    pub fn by(steps: &[BoundStep], len: usize) -> Self {
        let all = || Self(std::iter::once(0..len as u32).collect());
        let mut places = Vec::new();
        for step in steps {
            let BoundStep::Loop(bound) = step else { return all() };
            for out in &bound.outs {
                let count = if out.reduces() { bound.count.min(1) } else { bound.count };
                if places.len() + count > len {
                    return all();
                }
                places.extend((0..count).map(|k| out.at.at(k) as u32));
            }
        }
        places.sort_unstable();
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for place in places {
            match ranges.last_mut() {
                Some(last) if place <= last.end => last.end = last.end.max(place + 1),
                _ => ranges.push(place..place + 1),
            }
        }
        if ranges.len() > len / SPARSE { all() } else { Self(ranges) }
    }

    /// As [`check_finite`] on a vector that is 0 outside of the places.
    ///
    /// # Errors
    /// [`EvalError::NonFinite`] at the first number that is not finite.
    pub fn check(&self, values: &[f64], place: impl Fn(usize) -> Place) -> Result<(), EvalError> {
        self.0.iter().try_for_each(|range| {
            let first = range.start as usize;
            check_finite(&values[first..range.end as usize], |at| place(first + at))
        })
    }
}
