//! The three rules for the length of a proximal gradient step.

use super::super::ground::{Ground, Step, Steps, length};
use crate::num::dense::{dot, norm_inf};
use crate::problem::snapshot::SnapshotReader;
use crate::problem::{Snapshot, SnapshotError, StopReason};

/// Range of step lengths (Birgin, Martínez and Raydan).
const SHORTEST: f64 = 1e-30;
const LONGEST: f64 = 1e30;
/// Sufficient decrease.
const DECREASE: f64 = 1e-4;
/// Differences of values below this part of their size are rounding.
const ROUNDING: f64 = 1e-13;
/// Below this quotient of both Barzilai-Borwein lengths the shorter one is taken.
const SHORT_BELOW: f64 = 0.5;

/// How the length of a step is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Barzilai and Borwein, with a nonmonotone search along the step.
    Spectral,
    /// Halved until the value falls enough.
    Backtracking,
    /// Momentum, with a length that a quadratic bound allows.
    Nesterov,
}

/// What a trial point would change.
#[derive(Clone, Copy)]
struct Change {
    /// The smooth part there.
    f: f64,
    /// By how much it is higher.
    smooth: f64,
    /// By how much the objective is higher.
    total: f64,
    /// Whether the gradient there is at hand.
    has_gradient: bool,
}

/// What the method remembers.
pub struct Gradient {
    rule: Rule,
    max_trials: u32,
    /// Length of the next step; 0 before the first.
    t: f64,
    /// Last values of `F`, a ring.
    window: Vec<f64>,
    /// Values put into the ring so far.
    seen: u64,
    momentum: f64,
    /// The step, then the change of the gradient; for Nesterov the last point of the sequence without momentum.
    step: Vec<f64>,
    last: Vec<f64>,
}

impl Gradient {
    pub fn new(n: usize, rule: Rule, window: usize, max_trials: u32) -> Self {
        Self {
            rule,
            max_trials,
            t: 0.0,
            window: vec![f64::NEG_INFINITY; window],
            seen: 0,
            momentum: 1.0,
            step: vec![0.0; n],
            last: vec![0.0; n],
        }
    }

    /// The first length: a step no longer than the point itself.
    fn first_length(ground: &Ground) -> f64 {
        let size = norm_inf(&ground.x).max(1.0);
        (0.1 * size / norm_inf(&ground.g).max(f64::MIN_POSITIVE)).clamp(SHORTEST, 1.0)
    }

    /// `trial_x = P(x - t g, t)`; leaves the step there. Gives its squared length.
    fn try_length(&mut self, ground: &mut Ground, t: f64) -> f64 {
        for i in 0..ground.n() {
            ground.trial_x[i] = ground.prox(i, ground.x[i] - t * ground.g[i], t);
            self.step[i] = ground.trial_x[i] - ground.x[i];
        }
        dot(&self.step, &self.step)
    }

    /// Spectral projected gradient: `d = P(x - t g, t) - x`, then `x + alpha d` with a value below the largest of the window.
    fn spectral(&mut self, ground: &mut Ground) -> Result<Step, StopReason> {
        let here = ground.objective();
        let slots = self.window.len();
        self.window[self.seen as usize % slots] = here;
        self.seen += 1;
        let ceiling = self.window.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        self.try_length(ground, self.t);
        // g'd + sum(w |x + d|) - sum(w |x|), at most -|d|²/t.
        let fall = dot(&ground.g, &self.step) + ground.l1_term(&ground.trial_x) - ground.l1_term(&ground.x);
        if !(fall < 0.0) {
            return Err(StopReason::Stalled);
        }
        let mut alpha = 1.0;
        for trials in 1..=self.max_trials {
            ground.meter.check_inside()?;
            if trials > 1 {
                for i in 0..ground.n() {
                    ground.trial_x[i] = ground.bounds.clamp(i, ground.x[i] + alpha * self.step[i]);
                }
            }
            let change = self.change(ground);
            let total = here + change.map_or(f64::INFINITY, |change| change.total);
            let enough = total <= ceiling + DECREASE * alpha * fall;
            if let Some(change) = change.filter(|_| enough).filter(|change| self.has_gradient(ground, change)) {
                self.next_spectral_length(ground);
                ground.accept(change.f);
                return Ok(Step { length: length(&self.step), alpha, trials, mark: ' ' });
            }
            // The minimiser of the parabola through value and slope, within a tenth and a half.
            let by_parabola = -0.5 * alpha * alpha * fall / (total - here - alpha * fall);
            alpha = if by_parabola >= 0.1 * alpha && by_parabola <= 0.5 * alpha { by_parabola } else { 0.5 * alpha };
        }
        Err(ground.nothing_found())
    }

    /// `s's / s'y` or `s'y / y'y`, from the step to the trial point.
    fn next_spectral_length(&mut self, ground: &Ground) {
        let (mut ss, mut sy, mut yy) = (0.0, 0.0, 0.0);
        for i in 0..ground.n() {
            let s = ground.trial_x[i] - ground.x[i];
            let y = ground.trial_g[i] - ground.g[i];
            ss += s * s;
            sy += s * y;
            yy += y * y;
        }
        let next = if sy > 0.0 {
            let (long, short) = (ss / sy, sy / yy);
            if short < SHORT_BELOW * long { short } else { long }
        } else {
            // No curvature along the step: go further.
            10.0 * self.t
        };
        self.t = if next.is_finite() { next.clamp(SHORTEST, LONGEST) } else { self.t };
    }

    /// Backtracking along the projected path: `F(x+) <= F(x) - c/t |x+ - x|²`.
    fn backtracking(&mut self, ground: &mut Ground) -> Result<Step, StopReason> {
        let mut t = (2.0 * self.t).min(LONGEST);
        for trials in 1..=self.max_trials {
            ground.meter.check_inside()?;
            let squared = self.try_length(ground, t);
            let enough = |change: &Change| change.total <= -DECREASE / t * squared;
            if let Some(change) = self.change(ground).filter(enough).filter(|change| self.has_gradient(ground, change))
            {
                self.t = t;
                ground.accept(change.f);
                return Ok(Step { length: length(&self.step), alpha: t, trials, mark: ' ' });
            }
            t *= 0.5;
        }
        Err(ground.nothing_found())
    }

    /// One accelerated step. The run's point is the one with momentum; `last` is the one before it was added.
    fn nesterov(&mut self, ground: &mut Ground) -> Result<Step, StopReason> {
        let here = ground.objective();
        let rounding = ROUNDING * here.abs();
        // Lengths may grow again, slowly (Scheinberg, Goldfarb and Bai, Found. Comput. Math. 14, 2014).
        let mut t = (1.1 * self.t).min(LONGEST);
        let mut trials = 0;
        loop {
            ground.meter.check_inside()?;
            trials += 1;
            let squared = self.try_length(ground, t);
            // f(x+) <= f(x) + g'(x+ - x) + |x+ - x|²/(2 t).
            let bound = dot(&ground.g, &self.step) + squared / (2.0 * t);
            if self.change(ground).is_some_and(|change| change.smooth <= bound) {
                break;
            }
            if trials >= self.max_trials {
                return Err(ground.nothing_found());
            }
            t *= 0.5;
        }
        self.t = t;
        let taken = length(&self.step);
        let before = self.momentum;
        self.momentum = 0.5 * (1.0 + (1.0 + 4.0 * before * before).sqrt());
        let beta = (before - 1.0) / self.momentum;
        // y+ = P(x+ + beta (x+ - x)); `step` keeps x+.
        self.step.copy_from_slice(&ground.trial_x);
        for i in 0..ground.n() {
            let ahead = self.step[i] + beta * (self.step[i] - self.last[i]);
            ground.trial_x[i] = ground.bounds.clamp(i, ahead);
        }
        self.last.copy_from_slice(&self.step);
        if beta > 0.0 {
            let value = ground.functions.value(&ground.trial_x, &mut ground.meter.counts);
            let falls = value.filter(|f| f + ground.l1_term(&ground.trial_x) <= here + rounding);
            if let Some(f) = falls.filter(|_| self.gradient_at_trial(ground)) {
                ground.accept(f);
                return Ok(Step { length: taken, alpha: t, trials, mark: ' ' });
            }
        }
        // The value would rise with momentum, or there is none yet: go on from x+.
        let mark = if beta > 0.0 { 'r' } else { ' ' };
        self.momentum = if beta > 0.0 { 1.0 } else { self.momentum };
        ground.trial_x.copy_from_slice(&self.last);
        let f = ground.functions.value(&ground.trial_x, &mut ground.meter.counts);
        let f = f.filter(|_| self.gradient_at_trial(ground)).ok_or(StopReason::Stalled)?;
        ground.accept(f);
        Ok(Step { length: taken, alpha: t, trials, mark })
    }

    /// The change of value from the point to `trial_x`; `None` where there is none. Where it drowns in rounding it is the
    /// integral of the slopes at both ends (Hager and Zhang 2005).
    fn change(&self, ground: &mut Ground) -> Option<Change> {
        let f = ground.functions.value(&ground.trial_x, &mut ground.meter.counts)?;
        let mut change = Change { f, smooth: f - ground.f, total: 0.0, has_gradient: false };
        if change.smooth.abs() <= ROUNDING * ground.f.abs() {
            change.has_gradient = self.gradient_at_trial(ground);
            if !change.has_gradient {
                return None;
            }
            change.smooth = 0.0;
            for i in 0..ground.n() {
                let s = ground.trial_x[i] - ground.x[i];
                change.smooth += 0.5 * (ground.g[i] + ground.trial_g[i]) * s;
            }
        }
        for (i, w) in ground.l1.iter().enumerate() {
            change.total += w * (ground.trial_x[i].abs() - ground.x[i].abs());
        }
        change.total += change.smooth;
        Some(change)
    }

    fn has_gradient(&self, ground: &mut Ground, change: &Change) -> bool {
        change.has_gradient || self.gradient_at_trial(ground)
    }

    fn gradient_at_trial(&self, ground: &mut Ground) -> bool {
        ground.functions.gradient(&mut ground.trial_g, &mut ground.meter.counts).is_some()
    }
}

impl Steps for Gradient {
    const VERSION: u32 = 2;
    const MAY_RISE: bool = true;
    // Far down a valley a gradient takes thousands of steps to halve, while the value rests in its rounding.
    const MAX_IDLE: u32 = 3000;

    fn advance(&mut self, ground: &mut Ground) -> Result<Step, StopReason> {
        if self.t == 0.0 {
            self.t = Self::first_length(ground);
            self.last.copy_from_slice(&ground.x);
        }
        match self.rule {
            Rule::Spectral => self.spectral(ground),
            Rule::Backtracking => self.backtracking(ground),
            Rule::Nesterov => self.nesterov(ground),
        }
    }

    fn put(&self, to: &mut Snapshot) {
        to.put_real(self.t);
        to.put(self.seen);
        to.put_real(self.momentum);
        to.put_reals(&self.window);
        to.put_reals(&self.last);
    }

    fn take(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        self.t = from.take_real()?;
        self.seen = from.take()?;
        self.momentum = from.take_real()?;
        from.take_reals(&mut self.window)?;
        from.take_reals(&mut self.last)
    }
}
