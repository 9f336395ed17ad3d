//! The pattern search of Hooke and Jeeves, with bounds.
//!
//! Sources: Hooke and Jeeves, J. ACM 8 (1961); Torczon, SIAM J. Optim. 7 (1997), who proves that the meshes it visits make it
//! converge; Lewis and Torczon, SIAM J. Optim. 9 (1999), for bounds. A trial beyond a bound is put on the bound.
//!
//! | here     | papers | meaning                                             | shape  |
//! |----------|--------|-----------------------------------------------------|--------|
//! | `mesh`   | Δ      | length of a coordinate step, in units of `scale`    | scalar |
//! | `last`   | x_k-1  | the base point before this one                      | `n`    |
//! | `ahead`  |        | whether to explore around `x + (x - last)` first    |        |
//!
//! Marks in the trace: `e` exploration around the point, `p` around the point ahead, `h` neither lowered the value and the
//! mesh was halved. It proves nothing: its answer is the best point found.

use super::ground::{Ground, Run, Step, Steps, max_iter};
use super::registry::any_in_a_box;
use crate::problem::snapshot::SnapshotReader;
use crate::problem::{
    Capabilities, Form, MethodRow, OptionKind, OptionRow, OptionValue, Request, SetupError, Snapshot, SnapshotError,
    Solver, StopReason,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "pattern_search",
    doc: "Coordinate steps on ever finer meshes by values alone, for functions without derivatives, with bounds.",
    source: "Torczon, SIAM J. Optim. 7 (1997)",
    accepts: any_in_a_box,
    needs: Capabilities::VALUES,
    form: Form::Nlp,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 3] = [
    OptionRow {
        name: "tol",
        doc: "Stop when the mesh is finer.",
        kind: OptionKind::Real { lo: 0.0, hi: 1.0 },
        default: OptionValue::Real(1e-9),
        unit: "relative to the start, at least absolute",
    },
    max_iter(200_000),
    OptionRow {
        name: "size",
        doc: "Length of the first steps.",
        kind: OptionKind::Real { lo: 1e-12, hi: 1e12 },
        default: OptionValue::Real(0.25),
        unit: "relative to the start, at least absolute",
    },
];

/// Successes in a row after which the mesh is doubled.
const STREAK: u64 = 2;
/// No mesh is finer: differences between points would be rounding.
const FINEST: f64 = 1e-15;

struct Pattern {
    mesh: f64,
    ahead: bool,
    streak: u64,
    /// Length of one coordinate step on a mesh of 1; 0 for a fixed variable.
    scale: Vec<f64>,
    last: Vec<f64>,
    /// Whether a step down was the last that helped: it is tried first.
    down: Vec<bool>,
}

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    let (ground, options, resume) = Ground::new(request, any_in_a_box, 3, 0)?;
    let n = ground.n();
    let scale = |i: usize| {
        let width = ground.bounds.upper[i] - ground.bounds.lower[i];
        ground.x[i].abs().max(1.0).min(width)
    };
    let steps = Pattern {
        mesh: options.real("size"),
        ahead: false,
        streak: 0,
        scale: (0..n).map(scale).collect(),
        last: ground.x.clone(),
        down: vec![false; n],
    };
    Ok(Box::new(Run::new(&ROW, ground, steps, resume.as_ref())?))
}

impl Pattern {
    /// Coordinate steps from `trial_x`, keeping each that lowers `value`, which is that there.
    fn explore(&mut self, ground: &mut Ground, mut value: f64, trials: &mut u32) -> Result<f64, StopReason> {
        for i in 0..ground.n() {
            if self.scale[i] == 0.0 {
                continue;
            }
            if let Err(reason) = ground.meter.check_inside() {
                // A limit in the middle must not lose what was found until then.
                if value < ground.f {
                    self.take(ground, value);
                }
                return Err(reason);
            }
            let centre = ground.trial_x[i];
            let step = self.mesh * self.scale[i];
            for down in [self.down[i], !self.down[i]] {
                let at = ground.bounds.clamp(i, if down { centre - step } else { centre + step });
                if at == centre {
                    continue;
                }
                ground.trial_x[i] = at;
                *trials += 1;
                let there = ground.functions.value(&ground.trial_x, &mut ground.meter.counts);
                if let Some(f) = there.filter(|f| *f < value) {
                    value = f;
                    self.down[i] = down;
                    break;
                }
                ground.trial_x[i] = centre;
            }
        }
        Ok(value)
    }

    /// Moves to `trial_x`, whose value is lower; gives the length of the move.
    fn take(&mut self, ground: &mut Ground, value: f64) -> f64 {
        self.last.copy_from_slice(&ground.x);
        ground.x.copy_from_slice(&ground.trial_x);
        ground.f = value;
        self.ahead = true;
        (0..ground.n()).fold(0.0, |m: f64, i| m.max((ground.x[i] - self.last[i]).abs()))
    }
}

impl Steps for Pattern {
    const VERSION: u32 = 1;
    const DERIVATIVES: bool = false;

    fn advance(&mut self, ground: &mut Ground) -> Result<Step, StopReason> {
        if self.mesh <= ground.tol.max(FINEST) || self.scale.iter().all(|s| *s == 0.0) {
            return Err(StopReason::Converged);
        }
        let mut trials = 0;
        if self.ahead {
            for i in 0..ground.n() {
                ground.trial_x[i] = ground.bounds.clamp(i, ground.x[i] + (ground.x[i] - self.last[i]));
            }
            trials += 1;
            let there = ground.functions.value(&ground.trial_x, &mut ground.meter.counts);
            let value = self.explore(ground, there.unwrap_or(f64::INFINITY), &mut trials)?;
            if value < ground.f {
                self.streak += 1;
                if self.streak > STREAK {
                    self.mesh *= 2.0;
                    self.streak = 0;
                }
                return Ok(Step { length: self.take(ground, value), alpha: self.mesh, trials, mark: 'p' });
            }
        }
        self.ahead = false;
        self.streak = 0;
        ground.trial_x.copy_from_slice(&ground.x);
        let value = self.explore(ground, ground.f, &mut trials)?;
        if value < ground.f {
            return Ok(Step { length: self.take(ground, value), alpha: self.mesh, trials, mark: 'e' });
        }
        self.mesh *= 0.5;
        Ok(Step { length: 0.0, alpha: self.mesh, trials, mark: 'h' })
    }

    fn put(&self, to: &mut Snapshot) {
        to.put_real(self.mesh);
        to.put(u64::from(self.ahead));
        to.put(self.streak);
        to.put_reals(&self.scale);
        to.put_reals(&self.last);
        self.down.iter().for_each(|down| to.put(u64::from(*down)));
    }

    fn take(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        self.mesh = from.take_real()?;
        self.ahead = from.take()? != 0;
        self.streak = from.take()?;
        from.take_reals(&mut self.scale)?;
        from.take_reals(&mut self.last)?;
        for down in &mut self.down {
            *down = from.take()? != 0;
        }
        Ok(())
    }
}
