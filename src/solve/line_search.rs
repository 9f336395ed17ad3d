//! A line search for the strong Wolfe conditions that survives points without a value and rounding.
//!
//! Source: Moré and Thuente, ACM Trans. Math. Softw. 20 (1994); the safeguards are those of their `dcsrch`.
//! Where differences of `f` drown in rounding, its values are replaced by the integral of its slopes, which is what
//! the approximate Wolfe conditions of Hager and Zhang, SIAM J. Optim. 16 (2005), amount to.

/// Constants of the search.
#[derive(Clone, Copy, Debug)]
pub struct Wolfe {
    /// Sufficient decrease: `f(a) <= f(0) + decrease a f'(0)`.
    pub decrease: f64,
    /// Curvature: `|f'(a)| <= curvature |f'(0)|`.
    pub curvature: f64,
    /// Most trial points.
    pub max_trials: u32,
}

impl Default for Wolfe {
    /// The constants of L-BFGS-B (Zhu, Byrd, Lu and Nocedal 1997).
    fn default() -> Self {
        Self { decrease: 1e-3, curvature: 0.9, max_trials: 40 }
    }
}

/// Value and slope along the line.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Step length.
    pub step: f64,
    /// Value.
    pub value: f64,
    /// Slope.
    pub slope: f64,
}

/// What a search came to. The last evaluated point is the accepted one.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// Both conditions hold, or the longest allowed step decreases enough.
    Wolfe(Sample),
    /// The value decreased but rounding or the trial limit ended the search.
    Decrease(Sample),
    /// No step with a lower value was found.
    Nothing,
}

/// Values differing by less than this part of `|f|` are rounding.
const ROUNDING: f64 = 1e-13;

/// Searches `step` in `(0, longest]`, first trial `first`.
///
/// `evaluate` gives value and slope at a step, or `None` where the function has no value; it is called last at
/// the returned step. `start` has step 0 and a negative slope.
pub fn search(
    start: Sample,
    first: f64,
    longest: f64,
    wolfe: &Wolfe,
    trials: &mut u32,
    mut evaluate: impl FnMut(f64) -> Option<(f64, f64)>,
) -> Found {
    let mut interval = Interval::new(start, longest);
    let mut step = first.min(longest);
    let mut best: Option<Sample> = None;
    let mut last = 0.0;
    while *trials < wolfe.max_trials {
        *trials += 1;
        last = step;
        let Some(sample) = evaluate(step).and_then(|(value, slope)| settle(start, step, value, slope)) else {
            interval.longest = step;
            step = interval.best.step + 0.25 * (step - interval.best.step);
            if !(step > interval.best.step) {
                break;
            }
            continue;
        };
        let enough = sample.value <= start.value + wolfe.decrease * step * start.slope;
        if enough && sample.slope.abs() <= wolfe.curvature * -start.slope {
            return Found::Wolfe(sample);
        }
        if enough && step >= interval.longest && sample.slope < 0.0 {
            return Found::Wolfe(sample);
        }
        if sample.value < best.map_or(start.value, |b| b.value) {
            best = Some(sample);
        }
        match interval.next(start, sample, wolfe) {
            Some(next) => step = next,
            None => break,
        }
    }
    let Some(best) = best else { return Found::Nothing };
    if last != best.step && evaluate(best.step).is_none() {
        return Found::Nothing;
    }
    Found::Decrease(best)
}

/// The sample with rounding taken out; `None` when it is not a number.
fn settle(start: Sample, step: f64, value: f64, slope: f64) -> Option<Sample> {
    if !value.is_finite() || !slope.is_finite() {
        return None;
    }
    let rounding = (value - start.value).abs() <= ROUNDING * start.value.abs();
    let value = if rounding { start.value + 0.5 * step * (start.slope + slope) } else { value };
    Some(Sample { step, value, slope })
}

/// The interval of uncertainty: `best` has the lowest value so far, `other` is its far end.
struct Interval {
    best: Sample,
    other: Sample,
    bracketed: bool,
    first_stage: bool,
    width: f64,
    width_before: f64,
    longest: f64,
}

impl Interval {
    fn new(start: Sample, longest: f64) -> Self {
        let width = longest;
        Self {
            best: start,
            other: start,
            bracketed: false,
            first_stage: true,
            width,
            width_before: 2.0 * width,
            longest,
        }
    }

    /// Takes a trial in and gives the next step; `None` when rounding leaves none.
    fn next(&mut self, start: Sample, trial: Sample, wolfe: &Wolfe) -> Option<f64> {
        let slope_test = wolfe.decrease * start.slope;
        let line = start.value + trial.step * slope_test;
        if self.first_stage && trial.value <= line && trial.slope >= 0.0 {
            self.first_stage = false;
        }
        // In the first stage work with f(a) - decrease f'(0) a, which has a minimiser with sufficient decrease.
        let tilt =
            if self.first_stage && trial.value <= self.best.value && trial.value > line { slope_test } else { 0.0 };
        let tilted = |s: Sample| Sample { value: s.value - s.step * tilt, slope: s.slope - tilt, ..s };
        let (mut best, mut other) = (tilted(self.best), tilted(self.other));
        let limits = self.trial_limits(trial.step);
        let mut step = refine(&mut best, &mut other, tilted(trial), &mut self.bracketed, limits);
        let untilted = |s: Sample| Sample { value: s.value + s.step * tilt, slope: s.slope + tilt, ..s };
        (self.best, self.other) = (untilted(best), untilted(other));

        if self.bracketed {
            let width = (self.other.step - self.best.step).abs();
            if width >= 0.66 * self.width_before {
                step = self.best.step + 0.5 * (self.other.step - self.best.step);
            }
            self.width_before = self.width;
            self.width = width;
            let (lo, hi) = (self.best.step.min(self.other.step), self.best.step.max(self.other.step));
            // The relative width at which `dcsrch` gives up.
            if hi - lo <= 1e-15 * hi || step <= lo || step >= hi {
                return None;
            }
        }
        step = step.clamp(0.0, self.longest);
        (step > 0.0 && step != trial.step).then_some(step)
    }

    /// Range of the next step: inside the bracket, or an extrapolation by 1.1 to 4.
    fn trial_limits(&self, step: f64) -> (f64, f64) {
        if self.bracketed {
            let (a, b) = (self.best.step, self.other.step);
            (a.min(b), a.max(b))
        } else {
            let ahead = step - self.best.step;
            ((step + 1.1 * ahead).min(self.longest), (step + 4.0 * ahead).min(self.longest))
        }
    }
}

/// One safeguarded step of cubic and quadratic interpolation (`dcstep`, cases 1 to 4 of section 4).
fn refine(best: &mut Sample, other: &mut Sample, trial: Sample, bracketed: &mut bool, (lo, hi): (f64, f64)) -> f64 {
    let opposite = trial.slope * best.slope.signum() < 0.0;
    let ahead = trial.step - best.step;
    let secant = trial.step + trial.slope / (trial.slope - best.slope) * -ahead;
    let next;
    if trial.value > best.value {
        // Case 1: a higher value brackets a minimiser.
        let (theta, gamma) = cubic(*best, trial, 0.0);
        let gamma = if trial.step < best.step { -gamma } else { gamma };
        let r = ((gamma - best.slope) + theta) / (((gamma - best.slope) + gamma) + trial.slope);
        let by_cubic = best.step + r * ahead;
        let chord = (best.value - trial.value) / ahead + best.slope;
        let by_quadratic = best.step + best.slope / chord / 2.0 * ahead;
        let cubic_is_near = (by_cubic - best.step).abs() < (by_quadratic - best.step).abs();
        next = if cubic_is_near { by_cubic } else { by_cubic + (by_quadratic - by_cubic) / 2.0 };
        *bracketed = true;
    } else if opposite {
        // Case 2: slopes of opposite sign bracket a minimiser.
        let (theta, gamma) = cubic(*best, trial, 0.0);
        let gamma = if trial.step > best.step { -gamma } else { gamma };
        let r = ((gamma - trial.slope) + theta) / (((gamma - trial.slope) + gamma) + best.slope);
        let by_cubic = trial.step - r * ahead;
        next = if (by_cubic - trial.step).abs() > (secant - trial.step).abs() { by_cubic } else { secant };
        *bracketed = true;
    } else if trial.slope.abs() < best.slope.abs() {
        // Case 3: the slope flattens; the cubic may have no minimiser ahead.
        let (theta, gamma) = cubic(*best, trial, f64::NEG_INFINITY);
        let gamma = if trial.step > best.step { -gamma } else { gamma };
        let r = ((gamma - trial.slope) + theta) / ((gamma + (best.slope - trial.slope)) + gamma);
        let by_cubic = if r < 0.0 && gamma != 0.0 {
            trial.step - r * ahead
        } else if ahead > 0.0 {
            hi
        } else {
            lo
        };
        let cubic_is_near = (by_cubic - trial.step).abs() < (secant - trial.step).abs();
        if *bracketed {
            let step = if cubic_is_near { by_cubic } else { secant };
            let guard = trial.step + 0.66 * (other.step - trial.step);
            next = if ahead > 0.0 { step.min(guard) } else { step.max(guard) };
        } else {
            next = if cubic_is_near { secant } else { by_cubic }.min(hi).max(lo);
        }
    } else if *bracketed {
        // Case 4: the slope steepens inside a bracket.
        let (theta, gamma) = cubic(*other, trial, 0.0);
        let gamma = if trial.step > other.step { -gamma } else { gamma };
        let r = ((gamma - trial.slope) + theta) / (((gamma - trial.slope) + gamma) + other.slope);
        next = trial.step + r * (other.step - trial.step);
    } else {
        next = if ahead > 0.0 { hi } else { lo };
    }
    if trial.value > best.value {
        *other = trial;
    } else {
        if opposite {
            *other = *best;
        }
        *best = trial;
    }
    if next.is_finite() { next } else { 0.5 * (best.step + other.step) }
}

/// `theta` and `gamma >= 0` of the cubic through `from` and `to`; a radicand below `floor` counts as 0.
fn cubic(from: Sample, to: Sample, floor: f64) -> (f64, f64) {
    let theta = 3.0 * (from.value - to.value) / (to.step - from.step) + from.slope + to.slope;
    let scale = theta.abs().max(from.slope.abs()).max(to.slope.abs());
    let radicand = (theta / scale) * (theta / scale) - (from.slope / scale) * (to.slope / scale);
    let radicand = if floor < 0.0 { radicand.max(0.0) } else { radicand };
    (theta, scale * radicand.max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(f: impl Fn(f64) -> Option<(f64, f64)>, first: f64, longest: f64) -> Found {
        let (value, slope) = f(0.0).expect("defined at 0");
        search(Sample { step: 0.0, value, slope }, first, longest, &Wolfe::default(), &mut 0, f)
    }

    #[test]
    fn the_hard_function_of_the_paper_is_solved_from_both_sides() {
        // Function 5.1 of Moré and Thuente: -a / (a^2 + 2), minimiser at sqrt(2).
        let f = |a: f64| Some((-a / (a * a + 2.0), (a * a - 2.0) / ((a * a + 2.0) * (a * a + 2.0))));
        for first in [1e-3, 1e-1, 10.0, 1e3] {
            let Found::Wolfe(s) = run(f, first, 1e10) else { panic!("no step from {first}") };
            assert!(s.slope.abs() <= 0.9 * 0.5, "{s:?}");
        }
    }

    #[test]
    fn a_step_into_a_region_without_values_is_cut() {
        // -log(1 - a) + ... is defined below 1 only.
        let f = |a: f64| (a < 1.0).then(|| (-2.0 * a - (1.0 - a).sqrt(), -2.0 + 0.5 / (1.0 - a).sqrt()));
        let Found::Wolfe(s) = run(f, 64.0, 1e10) else { panic!("no step") };
        assert!(s.step < 1.0);
    }

    #[test]
    fn a_function_that_only_rises_gives_nothing() {
        assert!(matches!(run(|a| Some((a, if a == 0.0 { -1.0 } else { 1.0 })), 1.0, 10.0), Found::Nothing));
    }
}
