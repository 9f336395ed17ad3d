//! The way back from a reformulated problem to the one the user wrote.
//!
//! Every reformulation pushes a [`Recover`]; answers travel down the stack in reverse order.

use super::candidate::{Candidate, StopReason};
use super::method::WarmStart;

/// An answer in one problem's variables and rows. Empty vectors mean "unknown". Signs: see [`super`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Point {
    /// Variables.
    pub x: Vec<f64>,
    /// Row multipliers.
    pub y: Vec<f64>,
    /// Multipliers of lower bounds.
    pub z_lower: Vec<f64>,
    /// Multipliers of upper bounds.
    pub z_upper: Vec<f64>,
    /// A direction of unboundedness, in variables.
    pub primal_ray: Option<Vec<f64>>,
    /// Row weights that prove infeasibility.
    pub dual_ray: Option<Vec<f64>>,
}

/// Maps answers of a reformulated problem back to the problem it was made from.
pub trait Recover: Send + Sync {
    /// The point of the original problem, multipliers and rays included where they exist.
    fn recover(&self, point: Point) -> Point;

    /// Where a run of the reformulated problem begins that should begin at `start` of the original one; vectors that are
    /// empty stay so. `None` when there is no such place.
    fn forward(&self, start: &WarmStart) -> Option<WarmStart>;
}

/// Reformulations in the order they were applied.
#[derive(Default)]
pub struct Stack {
    steps: Vec<Box<dyn Recover>>,
}

impl Stack {
    /// Adds the way back of the newest reformulation.
    pub fn push(&mut self, step: Box<dyn Recover>) {
        self.steps.push(step);
    }
}

impl Recover for Stack {
    fn recover(&self, point: Point) -> Point {
        self.steps.iter().rev().fold(point, |point, step| step.recover(point))
    }

    fn forward(&self, start: &WarmStart) -> Option<WarmStart> {
        self.steps.iter().try_fold(start.clone(), |start, step| step.forward(&start))
    }
}

/// A method's whole answer in the variables and rows of the problem before `step`.
pub fn candidate(step: &dyn Recover, mut candidate: Candidate) -> Candidate {
    let unbounded = candidate.stop == StopReason::Unbounded;
    let ray = candidate.ray.take();
    let (primal_ray, dual_ray) = if unbounded { (ray, None) } else { (None, ray) };
    let point = step.recover(Point {
        x: std::mem::take(&mut candidate.x),
        y: std::mem::take(&mut candidate.y),
        z_lower: std::mem::take(&mut candidate.z_lower),
        z_upper: std::mem::take(&mut candidate.z_upper),
        primal_ray,
        dual_ray,
    });
    Candidate {
        x: point.x,
        y: point.y,
        z_lower: point.z_lower,
        z_upper: point.z_upper,
        ray: if unbounded { point.primal_ray } else { point.dual_ray },
        ..candidate
    }
}
