//! What the methods for sums of losses share: the point, the model there, steps within bounds, and the state of a run.
//!
//! Bounds are treated by an active set: variables at a bound that the gradient pushes against are held; the damped model
//! is minimised over the others; those that would leave the box are put on their bounds and held too, and the rest is
//! solved anew. Where that loses too much of the model's decrease, the projected steepest descent takes its place, so that
//! every step has a fixed part of the decrease along the projected gradient (Conn, Gould and Toint 1988, (2.10)).

use super::functions::Functions;
use super::quadratic::Quadratic;
use crate::num::dense::{clamp, dot, norm_inf, norm2};
use crate::problem::{
    Bounds, Candidate, Counts, LeastSquares, Request, SetupError, Snapshot, SnapshotError, SnapshotReader, StopReason,
    TraceRow,
};
use crate::solve::limits::Meter;

/// A step within bounds must lower the model by this part of what the projected steepest descent does.
const CAUCHY_PART: f64 = 0.1;
/// Scales follow columns that grow at once, and those that shrink at this rate: Moré's (1978) never shrink, which stalls
/// far starts where columns begin huge; Marquardt's follow at once, which loses parameters to plateaus.
const FORGET: f64 = 0.5;
/// Steps that lower the sum by less than this part of what the model promised leave the scales as they are: where columns shrink
/// and the model is poor, shorter scales would let steps grow and make it poorer still.
const GOOD: f64 = 0.9;
/// Decrease that values of the sum cannot show: this part of the sum.
pub const ROUNDING: f64 = 1e-15;

/// The point, the model there, and the memory of trials.
pub struct Core {
    pub functions: Functions,
    model: Quadratic,
    pub bounds: Bounds,
    pub x: Vec<f64>,
    /// The sum at `x`.
    pub f: f64,
    r: Vec<f64>,
    /// Gradient of the sum.
    pub g: Vec<f64>,
    norms: Vec<f64>,
    /// Lengths of the columns of the model, those of earlier points fading (after Moré 1978, section 6), and scales of the variables made of them.
    longest: Vec<f64>,
    /// What is left of an earlier length after a step.
    keep: f64,
    d: Vec<f64>,
    /// Variables that are not held at a bound, and those that a step did not put on one either.
    pub free: Vec<bool>,
    moving: Vec<bool>,
    /// The step.
    pub p: Vec<f64>,
    other: Vec<f64>,
    trial_x: Vec<f64>,
    /// A point to go back to, and whether there was a move since.
    anchor: Vec<f64>,
    moved: bool,
    trial_r: Vec<f64>,
    rows: Vec<f64>,
    pub meter: Meter,
    pub tol: f64,
}

impl Core {
    /// Takes all memory; evaluates nothing.
    pub fn new(fit: LeastSquares, request: Request) -> Result<Self, SetupError> {
        let shape = fit.oracle.shape();
        let (n, m) = (shape.n_vars, shape.n_cons);
        let bounds = request.bounds.as_deref().unwrap_or(&shape.vars).clone();
        if let Some(index) = bounds.first_empty() {
            return Err(SetupError::EmptyBounds { what: "variable", index });
        }
        let meter = Meter::start(request.control, request.options.count("max_iter"));
        let pattern = fit.oracle.jacobian_pattern();
        let own = (pattern.nnz().saturating_add(5 * m + 12 * n)).saturating_mul(8);
        meter.check_memory(own.saturating_add(Quadratic::bytes(pattern)))?;
        let start = request.warm.filter(|warm| warm.x.len() == n).map_or_else(|| shape.start.clone(), |warm| warm.x);
        let x: Vec<f64> = start.iter().enumerate().map(|(i, &v)| bounds.clamp(i, v)).collect();
        Ok(Self {
            model: Quadratic::new(pattern)?,
            bounds,
            x,
            f: f64::NAN,
            r: vec![0.0; m],
            g: vec![0.0; n],
            norms: vec![0.0; n],
            longest: vec![0.0; n],
            keep: FORGET,
            d: vec![1.0; n],
            free: vec![true; n],
            moving: vec![true; n],
            p: vec![0.0; n],
            other: vec![0.0; n],
            trial_x: vec![0.0; n],
            anchor: vec![0.0; n],
            moved: false,
            trial_r: vec![0.0; m],
            rows: vec![0.0; m],
            meter,
            tol: request.options.real("tol"),
            functions: Functions::new(fit),
        })
    }

    /// Evaluates the start; where it has no value, points pushed into the box are tried.
    pub fn begin(&mut self) -> Result<(), StopReason> {
        for push in [0.0, 1e-2, 1e-1] {
            for i in 0..self.x.len() {
                let (lo, hi) = (self.bounds.lower[i], self.bounds.upper[i]);
                let room = push * (hi - lo).min(1.0);
                self.trial_x[i] = clamp(self.x[i], lo + room, hi - room);
            }
            if let Some(f) = self.try_here()
                && self.move_to_trial(f)
            {
                self.trace(0, 0.0, None, ' ');
                return Ok(());
            }
        }
        Err(StopReason::NotANumber)
    }

    /// The sum at the projection of `x + t p`; `None` where it is not a number.
    pub fn try_step(&mut self, t: f64) -> Option<f64> {
        for i in 0..self.x.len() {
            self.trial_x[i] = self.bounds.clamp(i, self.x[i] + t * self.p[i]);
        }
        self.try_here()
    }

    fn try_here(&mut self) -> Option<f64> {
        self.functions.evaluate(&self.trial_x, &mut self.trial_r, &mut self.meter.counts)
    }

    /// As [`Core::move_to_trial`] after a step that lowered the sum by the part `ratio` of what the model promised: the
    /// scales forget only where the model is good.
    pub fn move_after(&mut self, f: f64, ratio: f64) -> bool {
        self.keep = if ratio >= GOOD { FORGET } else { 1.0 };
        let moved = self.move_to_trial(f);
        self.keep = FORGET;
        moved
    }

    /// Moves to the last trial point, where the sum is `f`. Stays when a derivative there is not a number.
    pub fn move_to_trial(&mut self, f: f64) -> bool {
        let Self { functions, trial_x, trial_r, meter, .. } = self;
        if functions.linearise(trial_x, trial_r, &mut meter.counts).is_none() {
            return false;
        }
        std::mem::swap(&mut self.x, &mut self.trial_x);
        std::mem::swap(&mut self.r, &mut self.trial_r);
        self.f = f;
        self.moved = true;
        self.load();
        true
    }

    /// Remembers the point.
    pub fn drop_anchor(&mut self) {
        self.anchor.copy_from_slice(&self.x);
        self.moved = false;
    }

    /// Moves back to the point of [`Core::drop_anchor`].
    pub fn back_to_anchor(&mut self) {
        if !self.moved {
            return;
        }
        self.trial_x.copy_from_slice(&self.anchor);
        // It was evaluated here before.
        if let Some(f) = self.try_here() {
            self.move_to_trial(f);
        }
    }

    fn load(&mut self) {
        let Functions { fit, jacobian, b, .. } = &self.functions;
        self.model.load(fit.oracle.jacobian_pattern(), jacobian, b, &mut self.g, &mut self.norms);
        for j in 0..self.x.len() {
            self.longest[j] = self.norms[j].max(self.keep * self.longest[j]);
            let (lo, hi, x) = (self.bounds.lower[j], self.bounds.upper[j], self.x[j]);
            self.free[j] = lo < hi && !(x <= lo && self.g[j] > 0.0) && !(x >= hi && self.g[j] < 0.0);
        }
        self.scale();
    }

    /// Scales of the variables; one that no residual has depended on so far may have any.
    fn scale(&mut self) {
        for (d, longest) in self.d.iter_mut().zip(&self.longest) {
            *d = if *longest > 0.0 { *longest } else { 1.0 };
        }
    }

    /// `|D v|` over all variables.
    pub fn scaled_norm(&self, v: &[f64]) -> f64 {
        v.iter().zip(&self.d).map(|(v, d)| (d * v) * (d * v)).sum::<f64>().sqrt()
    }

    /// Puts the minimiser of the model with damping `lambda` within the bounds into `p`, and gives the decrease of the
    /// model, not positive when there is none. `None` when the linear system cannot be solved.
    pub fn damped_step(&mut self, lambda: f64) -> Option<f64> {
        self.p.fill(0.0);
        self.moving.copy_from_slice(&self.free);
        let mut cut = false;
        for _ in 0..=self.x.len() {
            self.model.minimise(lambda, &self.d, &self.moving, &mut self.p)?;
            if !self.put_on_bounds() {
                break;
            }
            cut = true;
        }
        let decrease = self.decrease();
        if cut { Some(self.at_least_cauchy(lambda, decrease)) } else { Some(decrease) }
    }

    /// Cuts the moves that leave the box and holds their variables; says whether there were any.
    fn put_on_bounds(&mut self) -> bool {
        let mut any = false;
        for j in 0..self.x.len() {
            if !self.moving[j] {
                continue;
            }
            let (down, up) = (self.bounds.lower[j] - self.x[j], self.bounds.upper[j] - self.x[j]);
            if self.p[j] < down || self.p[j] > up {
                self.p[j] = clamp(self.p[j], down, up);
                self.moving[j] = false;
                any = true;
            }
        }
        any && self.moving.iter().any(|m| *m)
    }

    /// Decrease of the model along `p`: `-gᵀp - ½ |A p|²`.
    pub fn decrease(&mut self) -> f64 {
        let image = self.model.image_squared(self.functions.fit.oracle.jacobian_pattern(), &self.p);
        -dot(&self.g, &self.p) - 0.5 * image
    }

    /// Replaces `p`, which lowers the model by `decrease`, by a step along the projected steepest descent (in the scaled
    /// variables) where that lowers it by far more.
    fn at_least_cauchy(&mut self, lambda: f64, decrease: f64) -> f64 {
        std::mem::swap(&mut self.p, &mut self.other);
        let along = self.cauchy_step(lambda);
        if decrease >= CAUCHY_PART * along {
            std::mem::swap(&mut self.p, &mut self.other);
            return decrease;
        }
        along
    }

    /// Puts the minimiser of the damped model along the steepest descent into `p`, cut at the bounds, and gives the
    /// decrease.
    pub fn cauchy_step(&mut self, lambda: f64) -> f64 {
        let mut slope = 0.0;
        for j in 0..self.x.len() {
            self.p[j] = if self.free[j] { -self.g[j] / (self.d[j] * self.d[j]) } else { 0.0 };
            slope += self.g[j] * self.p[j];
        }
        let image = self.model.image_squared(self.functions.fit.oracle.jacobian_pattern(), &self.p);
        // The damping of steepest descent itself: λ |D D⁻² g|² = -λ slope.
        let mut t = -slope / (image - lambda * slope);
        if !(t > 0.0 && t.is_finite()) {
            self.p.fill(0.0);
            return 0.0;
        }
        self.trial_x.copy_from_slice(&self.p);
        for _ in 0..60 {
            for j in 0..self.x.len() {
                let (down, up) = (self.bounds.lower[j] - self.x[j], self.bounds.upper[j] - self.x[j]);
                self.p[j] = clamp(t * self.trial_x[j], down, up);
            }
            let decrease = self.decrease();
            if decrease >= -CAUCHY_PART * dot(&self.g, &self.p) {
                return decrease;
            }
            t *= 0.5;
        }
        self.p.fill(0.0);
        0.0
    }

    /// Puts the dogleg within `radius` (of `|D p|`) and the bounds into `p`, and gives the decrease of the model. `None`
    /// when the linear system cannot be solved.
    pub fn dogleg_step(&mut self, radius: f64) -> Option<f64> {
        let newton = self.damped_step(super::LEAST_DAMPING)?;
        let length = self.scaled_norm(&self.p);
        if newton > 0.0 && length <= radius {
            return Some(newton);
        }
        // `other` holds the Gauss-Newton step, `p` becomes the Cauchy step.
        self.other.copy_from_slice(&self.p);
        let cauchy = self.cauchy_step(0.0);
        let short = self.scaled_norm(&self.p);
        if short >= radius || !(newton > 0.0) || !length.is_finite() {
            let t = if short > radius { radius / short } else { 1.0 };
            self.p.iter_mut().for_each(|p| *p *= t);
            return Some(if t < 1.0 { self.decrease() } else { cauchy });
        }
        // |D (c + t (n - c))| = radius.
        let (mut a, mut b) = (0.0, 0.0);
        for j in 0..self.x.len() {
            let (c, to) = (self.d[j] * self.p[j], self.d[j] * (self.other[j] - self.p[j]));
            a += to * to;
            b += c * to;
        }
        let c = (radius - short) * (radius + short);
        // The positive root without cancellation.
        let root = (b * b + a * c).sqrt();
        let t = if b > 0.0 { c / (b + root) } else { (root - b) / a };
        for j in 0..self.x.len() {
            self.p[j] += t * (self.other[j] - self.p[j]);
        }
        let decrease = self.decrease();
        // Bounds may have cut both ends of the second leg differently.
        Some(if decrease >= CAUCHY_PART * cauchy { decrease } else { self.cauchy_step(0.0) })
    }

    /// Adds the geodesic acceleration to `p`, the minimiser of the model with damping `lambda`, when it is small beside it
    /// (Transtrum and Sethna 2012, (8)-(9) and (15)); says whether it did. Costs one evaluation of the residuals.
    pub fn accelerate(&mut self) -> bool {
        /// Part of `p` that a difference for the second derivative goes ahead; theirs.
        const AHEAD: f64 = 0.1;
        /// Largest `2 |D a| / |D p|`.
        const MOST: f64 = 0.75;
        if self.moving.iter().any(|m| !m) || self.try_step(AHEAD).is_none() {
            return false;
        }
        self.functions.second_along(&self.r, &self.trial_r, AHEAD, &self.p, &mut self.rows);
        let Self { functions, rows, trial_x, model, moving, other, .. } = self;
        trial_x.fill(0.0);
        functions.fit.oracle.jacobian_pattern().mul_transposed_add(&functions.jacobian, 1.0, rows, trial_x);
        if model.correct(trial_x, moving, other).is_none() {
            return false;
        }
        let small = 2.0 * self.scaled_norm(&self.other) <= MOST * self.scaled_norm(&self.p);
        if small {
            for (p, a) in self.p.iter_mut().zip(&self.other) {
                *p += 0.5 * a;
            }
        }
        small
    }

    /// Largest cosine between the residuals and a column of the Jacobian that may still move: 0 at a stationary point.
    pub fn angle(&self) -> f64 {
        let length = norm2(&self.functions.b);
        let of = |j: usize| if self.g[j] == 0.0 { 0.0 } else { self.g[j].abs() / (self.norms[j] * length) };
        (0..self.x.len()).filter(|j| self.free[*j]).fold(0.0, |most: f64, j| most.max(of(j)))
    }

    /// Largest entry of `x - P(x - g)`.
    pub fn projected_gradient(&self) -> f64 {
        let moved = |i: usize| {
            let (down, up) = (self.x[i] - self.bounds.lower[i], self.x[i] - self.bounds.upper[i]);
            clamp(self.g[i], up, down).abs()
        };
        (0..self.x.len()).fold(0.0, |largest: f64, i| largest.max(moved(i)))
    }

    /// Length of `p` beside `x`, in the scaled variables.
    pub fn relative_step(&self) -> f64 {
        let (step, size) = (self.scaled_norm(&self.p), self.scaled_norm(&self.x));
        if step == 0.0 { 0.0 } else { step / size.max(f64::MIN_POSITIVE) }
    }

    pub fn trace(&mut self, trials: u32, alpha: f64, damping: Option<f64>, mark: char) {
        let row = TraceRow {
            objective: self.f,
            dual_infeasibility: self.projected_gradient(),
            step: (trials > 0).then(|| norm_inf(&self.p)),
            alpha_primal: (alpha > 0.0).then_some(alpha),
            regularization: damping,
            trials,
            mark,
            ..TraceRow::default()
        };
        self.meter.trace(row);
    }

    pub fn candidate(&self, method: &str, stop: StopReason) -> Candidate {
        let n = self.x.len();
        let at_lower = |i: usize| self.g[i] > 0.0 && self.x[i] - self.bounds.lower[i] < self.g[i];
        let at_upper = |i: usize| self.g[i] < 0.0 && self.bounds.upper[i] - self.x[i] < -self.g[i];
        Candidate {
            z_lower: (0..n).map(|i| if at_lower(i) { self.g[i] } else { 0.0 }).collect(),
            z_upper: (0..n).map(|i| if at_upper(i) { -self.g[i] } else { 0.0 }).collect(),
            objective: self.f,
            iterations: self.meter.iterations,
            counts: self.meter.counts,
            seconds: self.meter.seconds(),
            ..Candidate::at(method, self.x.clone(), stop)
        }
    }

    pub fn save(&self, to: &mut Snapshot) {
        let Counts { constraints, jacobian, failures, .. } = self.meter.counts;
        to.put_real(self.meter.seconds());
        [self.meter.iterations, constraints, jacobian, failures].into_iter().for_each(|word| to.put(word));
        to.put_reals(&self.x);
        to.put_reals(&self.longest);
    }

    /// What [`Core::save`] wrote; `started` says that the point was evaluated before.
    pub fn restore(&mut self, from: &mut SnapshotReader<'_>, started: bool) -> Result<(), SnapshotError> {
        let seconds = from.take_real()?;
        let iterations = from.take()?;
        let (constraints, jacobian, failures) = (from.take()?, from.take()?, from.take()?);
        from.take_reals(&mut self.x)?;
        from.take_reals(&mut self.other)?;
        let counts = Counts { constraints, jacobian, failures, ..Counts::default() };
        if started {
            let Self { functions, x, r, meter, .. } = self;
            let f = functions.evaluate(x, r, &mut meter.counts).ok_or(SnapshotError::Malformed)?;
            functions.linearise(x, r, &mut meter.counts).ok_or(SnapshotError::Malformed)?;
            self.f = f;
            self.load();
            // The scales remember earlier points.
            self.longest.copy_from_slice(&self.other);
            self.scale();
        }
        self.meter.resume(seconds, iterations, counts);
        Ok(())
    }
}
