//! Nonlinear conjugate gradients on the face of the box where the point is.
//!
//! Sources: Hager and Zhang, SIAM J. Optim. 16 (2005), for `beta` (1.3) to (1.6); Hager and Zhang, SIAM J. Optim. 17 (2006),
//! for bounds: conjugate gradients run on the free variables until a line search ends at a bound, then projected gradient
//! steps run until the set of held variables settles. Line search of Moré and Thuente (1994).
//!
//! | here     | paper   | meaning                                             | shape |
//! |----------|---------|-----------------------------------------------------|-------|
//! | `step`   | α d     | last step, which stands for the last direction too  | `n`   |
//! | `change` | y       | change of the gradient along it                     | `n`   |
//! | `held`   | 𝒜(x)    | variables at a bound that the gradient pushes on    | `n`   |
//!
//! `beta d` does not depend on the length of `d`, so the step itself takes its place in all formulas.
//! Marks in the trace: `s` along the gradient, `p` a projected gradient step, blank otherwise.

use super::ground::{Ground, Run, Step, Steps, TOL, length, line_search, longest_inside, max_iter};
use super::line_search::Wolfe;
use super::registry::smooth_in_a_box;
use crate::num::dense::{dot, norm_inf};
use crate::problem::snapshot::SnapshotReader;
use crate::problem::{
    Capabilities, Form, MethodRow, OptionKind, OptionRow, OptionValue, Request, SetupError, Snapshot, SnapshotError,
    Solver, StopReason,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "conjugate_gradient",
    doc: "Nonlinear conjugate gradients for smooth functions of very many variables, with bounds.",
    source: "Hager and Zhang, SIAM J. Optim. 16 (2005) and 17 (2006)",
    accepts: smooth_in_a_box,
    needs: Capabilities { gradient: true, ..Capabilities::VALUES },
    form: Form::Nlp,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 4] = [
    TOL,
    max_iter(50_000),
    OptionRow {
        name: "beta",
        doc: "How much of the last direction is kept.",
        kind: OptionKind::Choice(&["hager_zhang", "polak_ribiere", "dai_yuan"]),
        default: OptionValue::Choice("hager_zhang"),
        unit: "",
    },
    OptionRow {
        name: "max_trials",
        doc: "Most trial points of one line search.",
        kind: OptionKind::Int { lo: 1, hi: 1000 },
        default: OptionValue::Int(40),
        unit: "",
    },
];

/// The longest step where no bound ends it.
const FAR: f64 = 1e20;
/// Hager and Zhang's `η`, a lower bound of `beta`.
const ETA: f64 = 0.01;
/// A direction must fall at least by this part of the squared gradient (their theorem 1.1 gives 7/8 for exact arithmetic).
const DESCENT: f64 = 1e-4;
/// Sufficient decrease along the projected path.
const DECREASE: f64 = 1e-4;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Beta {
    HagerZhang,
    PolakRibiere,
    DaiYuan,
}

struct ConjugateGradient {
    beta: Beta,
    wolfe: Wolfe,
    step: Vec<f64>,
    change: Vec<f64>,
    held: Vec<bool>,
    /// `step' g` at its beginning; 0 when the next direction is the gradient.
    fall: f64,
    /// Largest entry of the gradient before the step.
    g_before: f64,
    /// `s's / s'y` of the last step, the length of the next gradient step; 0 before the first.
    t: f64,
    /// Whether projected gradient steps are to be taken.
    project: bool,
}

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    let (ground, options, resume) = Ground::new(request, smooth_in_a_box, 3, 0)?;
    let n = ground.n();
    let steps = ConjugateGradient {
        beta: match options.choice("beta") {
            "polak_ribiere" => Beta::PolakRibiere,
            "dai_yuan" => Beta::DaiYuan,
            _ => Beta::HagerZhang,
        },
        wolfe: Wolfe { decrease: 1e-4, curvature: 0.4, max_trials: options.count("max_trials") as u32 },
        step: vec![0.0; n],
        change: vec![0.0; n],
        held: vec![false; if ground.bounded { n } else { 0 }],
        fall: 0.0,
        g_before: 0.0,
        t: 0.0,
        project: false,
    };
    Ok(Box::new(Run::new(&ROW, ground, steps, resume.as_ref())?))
}

impl ConjugateGradient {
    /// Finds the held variables anew; says whether they are others than before.
    fn update_held(&mut self, ground: &Ground) -> bool {
        let mut changed = false;
        for i in 0..self.held.len() {
            let held = ground.is_held(i);
            changed |= held != self.held[i];
            self.held[i] = held;
        }
        changed
    }

    /// The gradient of a free variable, 0 of a held one.
    fn free(&self, ground: &Ground, i: usize) -> f64 {
        if ground.bounded && self.held[i] { 0.0 } else { ground.g[i] }
    }

    /// `-g` on the free variables.
    fn along_gradient(&mut self, ground: &Ground) {
        for i in 0..self.step.len() {
            self.step[i] = -self.free(ground, i);
        }
    }

    /// `-g + beta d`; says whether it falls well enough.
    fn conjugate(&mut self, ground: &Ground) -> bool {
        if ground.bounded {
            // Held variables take no part: their steps are 0, and so are their changes from here on.
            for i in 0..self.held.len() {
                if self.held[i] {
                    self.change[i] = 0.0;
                }
            }
        }
        let Products { sy, yy, yg, sg, gg, ss } = Products::of(&self.step, &self.change, |i| self.free(ground, i));
        if !(sy > 0.0) {
            return false;
        }
        let beta = match self.beta {
            Beta::HagerZhang => {
                // (1.3) and (1.5).
                let lowest = -1.0 / (ss.sqrt() * self.g_before.min(ETA));
                ((yg - 2.0 * yy * sg / sy) / sy).max(lowest)
            }
            // d'y stands for |g|² of the last point, which it is for exact searches (Hestenes and Stiefel).
            Beta::PolakRibiere => (yg / sy).max(0.0),
            Beta::DaiYuan => gg / sy,
        };
        for i in 0..self.step.len() {
            self.step[i] = beta * self.step[i] - self.free(ground, i);
        }
        let slope = beta * sg - gg;
        slope <= -DESCENT * gg && slope.is_finite()
    }

    /// One step along the projected path `P(x - t g)`: `f(x+) <= f(x) - c/t |x+ - x|²`.
    fn projected_step(&mut self, ground: &mut Ground) -> Result<Step, StopReason> {
        let mut t = self.gradient_length(ground);
        for trials in 1..=self.wolfe.max_trials {
            ground.meter.check_inside()?;
            for i in 0..ground.n() {
                ground.trial_x[i] = ground.bounds.clamp(i, ground.x[i] - t * ground.g[i]);
                self.step[i] = ground.trial_x[i] - ground.x[i];
            }
            let enough = ground.f + 1e-13 * ground.f.abs() - DECREASE / t * dot(&self.step, &self.step);
            let value = ground.functions.value(&ground.trial_x, &mut ground.meter.counts);
            if let Some(f) = value.filter(|f| *f <= enough)
                && ground.functions.gradient(&mut ground.trial_g, &mut ground.meter.counts).is_some()
            {
                for i in 0..ground.n() {
                    self.change[i] = ground.trial_g[i] - ground.g[i];
                }
                self.remember_length();
                ground.accept(f);
                return Ok(Step { length: length(&self.step), alpha: t, trials, mark: 'p' });
            }
            t *= 0.5;
        }
        Err(ground.nothing_found())
    }

    fn gradient_length(&self, ground: &Ground) -> f64 {
        if self.t > 0.0 { self.t } else { 1f64.min(1.0 / norm_inf(&ground.g)) }
    }

    fn remember_length(&mut self) {
        let (ss, sy) = (dot(&self.step, &self.step), dot(&self.step, &self.change));
        let t = ss / sy;
        self.t = if sy > 0.0 && t.is_finite() { t } else { 10.0 * self.t };
    }

    /// A search along the conjugate direction, or along the gradient when there is none.
    fn search(&mut self, ground: &mut Ground, restart: bool, trials: &mut u32) -> Option<(f64, char)> {
        let last_fall = self.fall;
        let conjugate = !restart && last_fall < 0.0 && self.conjugate(ground);
        if !conjugate {
            self.along_gradient(ground);
        }
        let mut longest = if ground.bounded { longest_inside(&ground.bounds, &ground.x, &self.step, FAR) } else { FAR };
        let mut mark = if conjugate { ' ' } else { 's' };
        if longest == 0.0 {
            // The direction leaves the box at once; along the gradient it cannot.
            self.along_gradient(ground);
            mark = 's';
            longest = longest_inside(&ground.bounds, &ground.x, &self.step, FAR);
        }
        let slope = dot(&self.step, &ground.g);
        // Conjugate steps fall by about as much as the last one (Nocedal and Wright, section 3.5).
        let first = if mark == ' ' { last_fall / slope } else { self.gradient_length(ground) };
        let first = if first.is_finite() && first > 0.0 { first } else { 1.0 };
        let g_before = norm_inf(&ground.g);
        let Self { step, change, wolfe, .. } = self;
        let alpha = line_search(ground, step, change, (first, longest), wolfe, trials)?;
        self.fall = alpha * slope;
        self.g_before = g_before;
        self.remember_length();
        self.project = alpha >= longest * (1.0 - 1e-12);
        Some((alpha, mark))
    }
}

/// All products that `beta` and the slope need, in one pass.
struct Products {
    sy: f64,
    yy: f64,
    yg: f64,
    sg: f64,
    gg: f64,
    ss: f64,
}

impl Products {
    fn of(s: &[f64], y: &[f64], g: impl Fn(usize) -> f64) -> Self {
        let mut sums = [[0.0f64; 6]; 2];
        for i in 0..s.len() {
            let (s, y, g) = (s[i], y[i], g(i));
            // Two sums in turn, so that one addition need not wait for the last.
            let sum = &mut sums[i % 2];
            sum[0] += s * y;
            sum[1] += y * y;
            sum[2] += y * g;
            sum[3] += s * g;
            sum[4] += g * g;
            sum[5] += s * s;
        }
        let [sy, yy, yg, sg, gg, ss] = std::array::from_fn(|k| sums[0][k] + sums[1][k]);
        Self { sy, yy, yg, sg, gg, ss }
    }
}

impl Steps for ConjugateGradient {
    const VERSION: u32 = 1;

    fn advance(&mut self, ground: &mut Ground) -> Result<Step, StopReason> {
        let changed = self.update_held(ground);
        if self.project {
            let step = self.projected_step(ground)?;
            self.fall = 0.0;
            self.project = (0..self.held.len()).any(|i| self.held[i] != ground.is_held(i));
            return Ok(step);
        }
        let mut trials = 0;
        let mut found = self.search(ground, changed, &mut trials);
        if found.is_none() && self.fall < 0.0 {
            trials = 0;
            found = self.search(ground, true, &mut trials);
        }
        let (alpha, mark) = found.ok_or_else(|| ground.nothing_found())?;
        Ok(Step { length: length(&self.step), alpha, trials, mark })
    }

    fn put(&self, to: &mut Snapshot) {
        [self.fall, self.g_before, self.t].into_iter().for_each(|value| to.put_real(value));
        to.put(u64::from(self.project));
        to.put(self.held.len() as u64);
        self.held.iter().for_each(|held| to.put(u64::from(*held)));
        to.put_reals(&self.step);
        to.put_reals(&self.change);
    }

    fn take(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        for value in [&mut self.fall, &mut self.g_before, &mut self.t] {
            *value = from.take_real()?;
        }
        self.project = from.take()? != 0;
        if from.take()? != self.held.len() as u64 {
            return Err(SnapshotError::Malformed);
        }
        for held in &mut self.held {
            *held = from.take()? != 0;
        }
        from.take_reals(&mut self.step)?;
        from.take_reals(&mut self.change)
    }
}
