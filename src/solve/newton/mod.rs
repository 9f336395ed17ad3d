//! Newton's method in a trust region, with bounds.
//!
//! Source: Lin and Moré, SIAM J. Optim. 9 (1999) (TRON): a Cauchy step along the projected gradient path, then steps in the
//! subspace of the variables that are free there, each projected onto the box. The steps in the subspace are exact
//! (Moré and Sorensen, SIAM J. Sci. Stat. Comput. 4 (1983), with a dense or a sparse factorisation) or by conjugate gradients
//! (Steihaug, SIAM J. Numer. Anal. 20 (1983); Toint 1981).
//!
//! | here      | paper | meaning                                    | shape  |
//! |-----------|-------|--------------------------------------------|--------|
//! | `s`       | s     | step, `x + s` in the box                   | `n`    |
//! | `hs`      | B s   | Hessian times step                         | `n`    |
//! | `radius`  | Δ     | length of the longest step                 | scalar |
//! | `cauchy`  | α_k   | where the last Cauchy point was            | scalar |
//!
//! Marks in the trace: `x` the step was rejected, `b` it ended at the rim of the region, blank otherwise.

mod model;
mod region;

use self::model::{Hessian, Kind};
use self::region::Region;
use super::ground::{Ground, Run, Step, Steps, TOL, length, max_iter};
use super::registry::smooth_in_a_box;
use crate::num::dense::{dot, norm2};
use crate::problem::snapshot::SnapshotReader;
use crate::problem::{
    Capabilities, Form, MethodRow, OptionKind, OptionRow, OptionValue, Oracle, ProblemFacts, Refusal, Request,
    SetupError, Snapshot, SnapshotError, Solver, StopReason,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "newton_trust_region",
    doc: "Newton's method in a trust region for smooth functions with second derivatives, with bounds.",
    source: "Lin and Moré, SIAM J. Optim. 9 (1999)",
    accepts,
    needs: Capabilities { gradient: true, ..Capabilities::VALUES },
    form: Form::Nlp,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 4] = [
    TOL,
    max_iter(3000),
    OptionRow {
        name: "linear_solver",
        doc: "How steps are found: dense or sparse factorisation, or conjugate gradients on products with the Hessian.",
        kind: OptionKind::Choice(&["auto", "dense", "sparse", "cg"]),
        default: OptionValue::Choice("auto"),
        unit: "",
    },
    OptionRow {
        name: "radius",
        doc: "First radius of the trust region; 0 lets the gradient decide.",
        kind: OptionKind::Real { lo: 0.0, hi: 1e20 },
        default: OptionValue::Real(0.0),
        unit: "absolute",
    },
];

/// A step is taken when the function falls by this part of what the model says (TRON's η₀).
const ACCEPT: f64 = 1e-4;
/// The region shrinks below this part and grows above the other (η₁, η₂).
const POOR: f64 = 0.25;
const GOOD: f64 = 0.75;
/// Sufficient decrease of the model (μ₀).
const DECREASE: f64 = 1e-2;
/// The largest radius.
const FAR: f64 = 1e20;
/// Differences of values below this part of their size are rounding (Conn, Gould and Toint 2000, section 17.4.2).
const ROUNDING: f64 = 1e-14;

fn accepts(facts: &ProblemFacts) -> Result<(), Refusal> {
    smooth_in_a_box(facts)?;
    if facts.offers.hessian || facts.offers.hvp { Ok(()) } else { Err(Refusal::Missing("a Hessian")) }
}

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    let crate::problem::Program::Nlp(nlp) = &request.program else {
        return Err(Refusal::WrongForm("nonlinear").into());
    };
    accepts(&nlp.facts)?;
    let kind = Kind::choose(request.options.choice("linear_solver"), &*nlp.oracle)?;
    let bytes = kind.bytes(&*nlp.oracle);
    let (ground, options, resume) = Ground::new(request, accepts, 12, bytes)?;
    let steps = Newton::new(&ground, kind, options.real("radius"), false)?;
    Ok(Box::new(Run::new(&ROW, ground, steps, resume.as_ref())?))
}

/// The steps alone, for a method that changes the function as it goes; `linear_solver` is `auto`. Their region has the scales of the
/// Hessian's diagonal: penalties make valleys across which variables of different size move by very different lengths.
///
/// # Errors
/// When the linear algebra cannot be prepared.
pub(super) fn steps(ground: &Ground) -> Result<impl Steps + use<>, SetupError> {
    Newton::new(ground, Kind::choose("auto", &*ground.functions.oracle)?, 0.0, true)
}

/// Bytes that [`steps`] take beside twelve vectors.
///
/// # Errors
/// As [`steps`].
pub(super) fn bytes(oracle: &dyn Oracle) -> Result<usize, SetupError> {
    Ok(Kind::choose("auto", oracle)?.bytes(oracle))
}

/// Where the Hessian was evaluated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Elsewhere,
    Here,
    /// Here, by a run that was saved: it was counted there.
    HereBefore,
}

struct Newton {
    hessian: Hessian,
    region: Region,
    /// Whether the region follows the scales of the Hessian.
    scaled: bool,
    radius: f64,
    cauchy: f64,
    at: At,
    s: Vec<f64>,
    hs: Vec<f64>,
    trial_s: Vec<f64>,
    trial_hs: Vec<f64>,
    residual: Vec<f64>,
    w: Vec<f64>,
    free: Vec<bool>,
}

impl Newton {
    fn new(ground: &Ground, kind: Kind, radius: f64, scaled: bool) -> Result<Self, SetupError> {
        let n = ground.n();
        let hessian = Hessian::new(kind, &*ground.functions.oracle);
        Ok(Self {
            region: Region::new(n, kind, &hessian)?,
            hessian,
            scaled,
            radius,
            cauchy: 0.0,
            at: At::Elsewhere,
            s: vec![0.0; n],
            hs: vec![0.0; n],
            trial_s: vec![0.0; n],
            trial_hs: vec![0.0; n],
            residual: vec![0.0; n],
            w: vec![0.0; n],
            free: vec![true; n],
        })
    }

    /// `trial_s = P(x + base + t d) - x` and its product with the Hessian; gives the model's value there.
    fn try_step(&mut self, ground: &mut Ground, from_step: bool, t: f64) -> Option<f64> {
        for i in 0..ground.n() {
            let (base, d) =
                if from_step { (self.s[i], self.w[i]) } else { (0.0, -self.region.steepest(i, ground.g[i])) };
            let (lo, hi) = (ground.bounds.lower[i] - ground.x[i], ground.bounds.upper[i] - ground.x[i]);
            self.trial_s[i] = crate::num::dense::clamp(base + t * d, lo, hi);
        }
        self.hessian.mul(ground, &self.trial_s, &mut self.trial_hs)?;
        Some(dot(&ground.g, &self.trial_s) + 0.5 * dot(&self.trial_s, &self.trial_hs))
    }

    fn take_step(&mut self) {
        std::mem::swap(&mut self.s, &mut self.trial_s);
        std::mem::swap(&mut self.hs, &mut self.trial_hs);
    }

    /// The Cauchy step: `q(s) <= μ₀ g's` and `|D s| <= Δ` along `P(x - α D⁻² g) - x` (Lin and Moré, section 3).
    fn cauchy_step(&mut self, ground: &mut Ground) -> Option<()> {
        const FACTOR: f64 = 10.0;
        const MOST: u32 = 60;
        let mut alpha = if self.cauchy > 0.0 { self.cauchy } else { self.radius / self.region.dual_length(&ground.g) };
        let good = |this: &Self, ground: &Ground, q: f64| {
            q <= DECREASE * dot(&ground.g, &this.trial_s) && this.region.length(&this.trial_s) <= this.radius
        };
        let q = self.try_step(ground, false, alpha)?;
        if good(self, ground, q) {
            self.take_step();
            // Further, as long as it is good and still moves.
            for _ in 0..MOST {
                let q = self.try_step(ground, false, FACTOR * alpha)?;
                if !good(self, ground, q) || self.trial_s == self.s {
                    break;
                }
                alpha *= FACTOR;
                self.take_step();
            }
        } else {
            let mut found = false;
            for _ in 0..MOST {
                alpha /= FACTOR;
                let q = self.try_step(ground, false, alpha)?;
                if good(self, ground, q) {
                    found = true;
                    break;
                }
            }
            self.take_step();
            if !found {
                return None;
            }
        }
        self.cauchy = alpha;
        Some(())
    }

    /// Improves the step in the subspaces of free variables (Lin and Moré, section 4); says whether it met the rim.
    fn subspace_steps(&mut self, ground: &mut Ground) -> Option<bool> {
        let n = ground.n();
        let mut first_size = None;
        for _ in 0..=n {
            for i in 0..n {
                let at = ground.x[i] + self.s[i];
                self.free[i] = ground.bounds.lower[i] < at && at < ground.bounds.upper[i];
                self.residual[i] = if self.free[i] { ground.g[i] + self.hs[i] } else { 0.0 };
            }
            let size = norm2(&self.residual);
            // Superlinear: the part of the gradient that is left shrinks with the gradient.
            let target = match first_size {
                None => {
                    first_size = Some(norm2(&ground.g));
                    1e-14 * norm2(&ground.g)
                }
                Some(first) => first * (0.1f64).min(first.sqrt()) * 0.1,
            };
            if size <= target {
                return Some(false);
            }
            ground.meter.check_inside().ok()?;
            let rim = {
                let Self { region, hessian, residual, free, w, radius, .. } = self;
                region.solve(ground, hessian, residual, free, *radius, w)?
            };
            // Projected search: q falls along the projected path.
            let q0 = dot(&ground.g, &self.s) + 0.5 * dot(&self.s, &self.hs);
            let mut beta = 1.0;
            let mut moved = false;
            for _ in 0..30 {
                let q = self.try_step(ground, true, beta)?;
                let mut slope = 0.0;
                for i in 0..n {
                    slope += self.residual[i] * (self.trial_s[i] - self.s[i]);
                }
                if q - q0 <= DECREASE * slope.min(0.0) && q <= q0 {
                    moved = self.trial_s != self.s;
                    break;
                }
                beta *= 0.5;
            }
            if !moved {
                return Some(rim);
            }
            self.take_step();
            let blocked = (0..n).any(|i| {
                let at = ground.x[i] + self.s[i];
                self.free[i] && !(ground.bounds.lower[i] < at && at < ground.bounds.upper[i])
            });
            if rim || !blocked && beta == 1.0 && self.region.is_exact() {
                return Some(rim);
            }
        }
        Some(false)
    }

    /// The next radius (TRON's rules).
    fn update_radius(&mut self, ratio: f64, step: f64, rim: bool) {
        if !(ratio > POOR) {
            self.radius = if ratio > ACCEPT { 0.5 } else { 0.25 } * step.min(self.radius);
        } else if ratio > GOOD && (rim || step > 0.5 * self.radius) {
            self.radius = (2.5 * self.radius).min(FAR);
        }
    }
}

impl Steps for Newton {
    const VERSION: u32 = 2;
    // Rejected steps make no progress.
    const MAX_IDLE: u32 = 60;

    fn advance(&mut self, ground: &mut Ground) -> Result<Step, StopReason> {
        if self.at != At::Here {
            let counts = u64::from(self.at == At::Elsewhere);
            self.hessian.update(ground, counts).ok_or(StopReason::NotANumber)?;
            self.at = At::Here;
            if self.scaled {
                self.region.rescale(&self.hessian);
            }
        }
        if self.radius == 0.0 {
            let size = self.region.length(&ground.x).max(1.0);
            self.radius = self.region.dual_length(&ground.g).min(100.0 * size);
        }
        if ground.bounded {
            self.cauchy_step(ground).ok_or_else(|| ground.nothing_found())?;
        } else {
            self.s.fill(0.0);
            self.hs.fill(0.0);
        }
        let rim = self.subspace_steps(ground).ok_or_else(|| ground.nothing_found())?;
        let predicted = -(dot(&ground.g, &self.s) + 0.5 * dot(&self.s, &self.hs));
        let size = self.region.length(&self.s);
        for i in 0..ground.n() {
            ground.trial_x[i] = ground.bounds.clamp(i, ground.x[i] + self.s[i]);
        }
        let value = ground.evaluate_trial();
        let rounding = ROUNDING * ground.f.abs();
        let ratio = value.map_or(f64::NEG_INFINITY, |f| (ground.f - f + rounding) / (predicted + rounding));
        self.update_radius(ratio, size, rim);
        let taken = value.filter(|_| ratio > ACCEPT && predicted > 0.0);
        let mark = match (taken, rim) {
            (None, _) => 'x',
            (_, true) => 'b',
            _ => ' ',
        };
        if let Some(f) = taken {
            ground.accept(f);
            self.at = At::Elsewhere;
        } else if self.radius <= 1e-15 * self.region.length(&ground.x).max(1e-300) {
            return Err(StopReason::Stalled);
        }
        Ok(Step { length: length(&self.s), alpha: if taken.is_some() { 1.0 } else { 0.0 }, trials: 1, mark })
    }

    fn forget(&mut self, ground: &Ground, _gently: bool) {
        self.at = At::Elsewhere;
        // What the last steps of the function before say of the radius does not hold of this one.
        self.radius = self.radius.max(self.region.length(&ground.x).max(1.0));
    }

    fn put(&self, to: &mut Snapshot) {
        to.put_real(self.radius);
        to.put_real(self.cauchy);
        to.put(u64::from(self.at != At::Elsewhere));
        if self.scaled {
            to.put_reals(&self.region.inverse);
        }
    }

    fn take(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        self.radius = from.take_real()?;
        self.cauchy = from.take_real()?;
        self.at = if from.take()? == 0 { At::Elsewhere } else { At::HereBefore };
        if self.scaled { from.take_reals(&mut self.region.inverse) } else { Ok(()) }
    }
}
