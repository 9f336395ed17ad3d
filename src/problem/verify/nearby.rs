//! Points beside a point with kinks.
//!
//! Derivatives at a kink are those of one of its sides: that they vanish says nothing of the others. Steps along the
//! axes and in random directions are taken before a point is called a local optimum, or a least violation. They can
//! refute that, and prove nothing.

use super::point::At;
use crate::num::random::Stream;

/// Axes and random directions that are tried, each way.
const MOST_AXES: usize = 64;
const RANDOM: usize = 64;
/// Lengths of the steps, times what is larger, 1 or a coordinate.
const LENGTHS: [f64; 2] = [1e-3, 1e-5];
/// A better point counts where the slope to it is at least this part of the steepest one seen: less is what tolerances of
/// rows and rounding can do.
const PART: f64 = 1e-2;
/// And where it is better by more than this part of the value, or of 1.
const LEAST: f64 = 1e-9;

/// How much better the objective is at a point nearby that satisfies everything, where one was found.
pub fn better(at: &At<'_>, objective: f64) -> Option<f64> {
    steepest(at, objective, |beside| {
        let holds = beside.worst_violation().is_none_or(|worst| worst.holds());
        let value = beside.objective().ok().flatten()?;
        Some((value, holds))
    })
}

/// How much less violated the rows are at a point nearby, all violations added up, where one was found.
pub fn less_violated(at: &At<'_>) -> Option<f64> {
    let total = |at: &At<'_>| at.violations().map(|worst| worst.value).sum::<f64>();
    steepest(at, total(at), |beside| Some((total(beside), true)))
}

/// The greatest fall below `value` among points nearby, if it is steep; `look` gives their values, and whether they count.
fn steepest(at: &At<'_>, value: f64, mut look: impl FnMut(&mut At<'_>) -> Option<(f64, bool)>) -> Option<f64> {
    let (shape, n) = (at.shape(), at.x.len());
    let mut stream = Stream::new(1, 17);
    let (mut slope, mut fall, mut gain) = (0.0_f64, 0.0_f64, 0.0_f64);
    let mut beside = vec![0.0; n];
    for length in LENGTHS {
        for nth in 0..n.min(MOST_AXES) + RANDOM {
            let random: Vec<f64> =
                if nth < n.min(MOST_AXES) { Vec::new() } else { (0..n).map(|_| stream.uniform(-1.0, 1.0)).collect() };
            for sign in [1.0, -1.0] {
                for (j, to) in beside.iter_mut().enumerate() {
                    let along = random.get(j).copied().unwrap_or(if j == nth { 1.0 } else { 0.0 });
                    let step = sign * along * length * at.x[j].abs().max(1.0);
                    *to = (at.x[j] + step).max(shape.vars.lower[j]).min(shape.vars.upper[j]);
                }
                let Ok(mut beside) = At::new(at.oracle, &beside) else { continue };
                let Some((there, counts)) = look(&mut beside) else { continue };
                slope = slope.max((there - value).abs() / length);
                if counts && (value - there) / length > fall {
                    (fall, gain) = ((value - there) / length, value - there);
                }
            }
        }
    }
    (fall > PART * slope && gain > LEAST * value.abs().max(1.0)).then_some(gain)
}
