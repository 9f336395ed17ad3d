//! The simplex method of Nelder and Mead, with bounds and restarts.
//!
//! Sources: Nelder and Mead, Computer J. 7 (1965), in the form of Lagarias, Reeds, Wright and Wright, SIAM J. Optim. 9 (1998);
//! parameters that adapt to the dimension: Gao and Han, Comput. Optim. Appl. 51 (2012); bounds by projection and restarts of
//! a collapsed simplex: Luersen and Le Riche, Comput. Struct. 82 (2004).
//!
//! | here        | papers     | meaning                                    | shape           |
//! |-------------|------------|--------------------------------------------|-----------------|
//! | `vertices`  | x_i        | corners of the simplex, by rows            | `k + 1` by `n`  |
//! | `values`    | f(x_i)     | infinite where the function has no value   | `k + 1`         |
//! | `order`     |            | corners from the lowest value up           | `k + 1`         |
//! | `free`      |            | variables that are not fixed, `k` of them  | `k`             |
//!
//! Marks in the trace: `r` reflection, `e` expansion, `c` contraction, `s` shrinkage, `n` a new simplex.
//! It proves nothing: its answer is the best point found.

use super::ground::{Ground, Run, Step, Steps, max_iter};
use super::registry::any_in_a_box;
use crate::problem::snapshot::SnapshotReader;
use crate::problem::{
    Capabilities, Form, MethodRow, OptionKind, OptionRow, OptionValue, Request, SetupError, Snapshot, SnapshotError,
    Solver, StopReason,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "nelder_mead",
    doc: "Simplex search by values alone, for functions of few variables without derivatives, with bounds.",
    source: "Gao and Han, Comput. Optim. Appl. 51 (2012)",
    accepts: any_in_a_box,
    needs: Capabilities::VALUES,
    form: Form::Nlp,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 5] = [
    OptionRow {
        name: "tol",
        doc: "A simplex of at most this size has collapsed; the search ends when a new one finds nothing better.",
        kind: OptionKind::Real { lo: 0.0, hi: 1.0 },
        default: OptionValue::Real(1e-8),
        unit: "relative to the point, at least absolute",
    },
    max_iter(200_000),
    OptionRow {
        name: "size",
        doc: "Length of the edges of the first simplex.",
        kind: OptionKind::Real { lo: 1e-12, hi: 1e12 },
        default: OptionValue::Real(0.1),
        unit: "relative to the point, at least absolute",
    },
    OptionRow {
        name: "restarts",
        doc: "Most new simplices after the first.",
        kind: OptionKind::Int { lo: 0, hi: 1000 },
        default: OptionValue::Int(20),
        unit: "",
    },
    OptionRow {
        name: "adaptive",
        doc: "Whether expansion, contraction and shrinkage depend on the number of variables.",
        kind: OptionKind::Bool,
        default: OptionValue::Bool(true),
        unit: "",
    },
];

/// A restart that lowers the value by less than this part of its size has found nothing.
const NOTHING: f64 = 1e-11;

/// How far the four moves go.
#[derive(Clone, Copy)]
struct Moves {
    expand: f64,
    contract: f64,
    shrink: f64,
}

impl Moves {
    fn new(k: usize, adaptive: bool) -> Self {
        if adaptive && k >= 2 {
            let k = k as f64;
            Self { expand: 1.0 + 2.0 / k, contract: 0.75 - 0.5 / k, shrink: 1.0 - 1.0 / k }
        } else {
            Self { expand: 2.0, contract: 0.5, shrink: 0.5 }
        }
    }
}

struct NelderMead {
    moves: Moves,
    size: f64,
    restarts: u64,
    free: Vec<u32>,
    vertices: Vec<f64>,
    values: Vec<f64>,
    order: Vec<u32>,
    centre: Vec<f64>,
    kept: Vec<f64>,
    /// Simplices begun.
    begun: u64,
    /// The lowest value when the last one began.
    value_before: f64,
}

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    let n = match &request.program {
        crate::problem::Program::Nlp(nlp) => nlp.oracle.shape().n_vars,
        _ => 0,
    };
    let (ground, options, resume) = Ground::new(request, any_in_a_box, 4, n.saturating_mul(n).saturating_mul(8))?;
    let free: Vec<u32> = (0..n as u32).filter(|&i| !ground.bounds.is_fixed(i as usize)).collect();
    let k = free.len();
    let Some(room) = (k + 1).checked_mul(n).filter(|room| *room <= 1 << 28) else {
        let reason = format!("a simplex of {k} variables has {} corners of {n} numbers each", k + 1);
        return Err(SetupError::Size(reason));
    };
    let steps = NelderMead {
        moves: Moves::new(k, options.flag("adaptive")),
        size: options.real("size"),
        restarts: options.count("restarts"),
        free,
        vertices: vec![0.0; room],
        values: vec![f64::INFINITY; k + 1],
        order: (0..=k as u32).collect(),
        centre: vec![0.0; n],
        kept: vec![0.0; n],
        begun: 0,
        value_before: f64::INFINITY,
    };
    Ok(Box::new(Run::new(&ROW, ground, steps, resume.as_ref())?))
}

impl NelderMead {
    fn vertex(&self, v: usize) -> &[f64] {
        let n = self.centre.len();
        &self.vertices[v * n..(v + 1) * n]
    }

    /// A simplex with a right angle at the point; its edges turn to the other side with each restart.
    fn begin(&mut self, ground: &mut Ground) -> Result<(), StopReason> {
        let n = ground.n();
        let side = if self.begun.is_multiple_of(2) { 1.0 } else { -1.0 };
        self.begun += 1;
        self.value_before = ground.f;
        self.vertices[..n].copy_from_slice(&ground.x);
        self.values[0] = ground.f;
        for at in 0..self.free.len() {
            ground.meter.check_inside()?;
            let i = self.free[at] as usize;
            let (lo, hi, x) = (ground.bounds.lower[i], ground.bounds.upper[i], ground.x[i]);
            let edge = (self.size * x.abs().max(1.0)).min(0.5 * (hi - lo));
            let inside = |d: f64| lo <= x + d && x + d <= hi;
            let edge = if inside(side * edge) { side * edge } else { -side * edge };
            ground.trial_x.copy_from_slice(&ground.x);
            ground.trial_x[i] = ground.bounds.clamp(i, x + edge);
            let value = value(ground);
            self.set(at + 1, ground, value);
        }
        self.sort();
        Ok(())
    }

    fn set(&mut self, v: usize, ground: &Ground, value: f64) {
        let n = ground.n();
        self.vertices[v * n..(v + 1) * n].copy_from_slice(&ground.trial_x);
        self.values[v] = value;
    }

    fn sort(&mut self) {
        let values = &self.values;
        // Of equal values the older corner comes first: the sort must not depend on more than the values and numbers.
        self.order.sort_unstable_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]).then(a.cmp(&b)));
    }

    /// `trial_x = centre + t (centre - worst)` in the box; gives its value.
    fn try_move(&self, ground: &mut Ground, t: f64) -> f64 {
        let worst = self.order[self.free.len()] as usize;
        for i in 0..ground.n() {
            let at = self.centre[i] + t * (self.centre[i] - self.vertex(worst)[i]);
            ground.trial_x[i] = ground.bounds.clamp(i, at);
        }
        value(ground)
    }

    /// Whether no corner is far from the best one, or no value differs.
    fn has_collapsed(&self, tol: f64) -> bool {
        let best = self.vertex(self.order[0] as usize);
        let near = |v: &[f64]| v.iter().zip(best).all(|(a, b)| (a - b).abs() <= tol * b.abs().max(1.0));
        let (low, high) = (self.values[self.order[0] as usize], self.values[self.order[self.free.len()] as usize]);
        high - low <= f64::EPSILON * low.abs() || (0..=self.free.len()).all(|v| near(self.vertex(v)))
    }

    /// One move of the simplex; its mark and the number of trial points.
    fn advance_simplex(&mut self, ground: &mut Ground) -> Result<(char, u32), StopReason> {
        let k = self.free.len();
        let worst = self.order[k] as usize;
        let of = |this: &Self, rank: usize| this.values[this.order[rank] as usize];
        self.centre.fill(0.0);
        for rank in 0..k {
            let v = self.order[rank] as usize;
            for i in 0..ground.n() {
                self.centre[i] += self.vertices[v * ground.n() + i];
            }
        }
        self.centre.iter_mut().for_each(|c| *c /= k as f64);
        let (best, second_worst, last) = (of(self, 0), of(self, k - 1), of(self, k));
        let reflected = self.try_move(ground, 1.0);
        if reflected < best {
            self.kept.copy_from_slice(&ground.trial_x);
            let expanded = self.try_move(ground, self.moves.expand);
            if expanded < reflected {
                self.set(worst, ground, expanded);
                return Ok(('e', 2));
            }
            ground.trial_x.copy_from_slice(&self.kept);
            self.set(worst, ground, reflected);
            return Ok(('r', 2));
        }
        if reflected < second_worst {
            self.set(worst, ground, reflected);
            return Ok(('r', 1));
        }
        let outside = reflected < last;
        let contracted = self.try_move(ground, if outside { self.moves.contract } else { -self.moves.contract });
        if (outside && contracted <= reflected) || (!outside && contracted < last) {
            self.set(worst, ground, contracted);
            return Ok(('c', 2));
        }
        self.shrink(ground)?;
        Ok(('s', 2 + k as u32))
    }

    /// Draws all corners towards the best one.
    fn shrink(&mut self, ground: &mut Ground) -> Result<(), StopReason> {
        let n = ground.n();
        let best = self.order[0] as usize;
        for rank in 1..self.order.len() {
            ground.meter.check_inside()?;
            let v = self.order[rank] as usize;
            for i in 0..n {
                let (b, x) = (self.vertices[best * n + i], self.vertices[v * n + i]);
                ground.trial_x[i] = ground.bounds.clamp(i, b + self.moves.shrink * (x - b));
            }
            let value = value(ground);
            self.set(v, ground, value);
        }
        Ok(())
    }
}

/// The value at `trial_x`, infinite where there is none.
fn value(ground: &mut Ground) -> f64 {
    ground.functions.value(&ground.trial_x, &mut ground.meter.counts).unwrap_or(f64::INFINITY)
}

impl Steps for NelderMead {
    const VERSION: u32 = 1;
    const DERIVATIVES: bool = false;

    fn advance(&mut self, ground: &mut Ground) -> Result<Step, StopReason> {
        if self.free.is_empty() {
            return Err(StopReason::Converged);
        }
        let moved = self.move_simplex(ground);
        // A limit in the middle must not lose what was found until then.
        let length = self.go_to_best(ground);
        moved.map(|(mark, trials)| Step { length, alpha: 1.0, trials, mark })
    }

    fn put(&self, to: &mut Snapshot) {
        to.put(self.begun);
        to.put_real(self.value_before);
        to.put_reals(&self.vertices);
        to.put_reals(&self.values);
    }

    fn take(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        self.begun = from.take()?;
        self.value_before = from.take_real()?;
        from.take_reals(&mut self.vertices)?;
        from.take_reals(&mut self.values)?;
        self.sort();
        Ok(())
    }
}

impl NelderMead {
    /// A first simplex, a new one where the last has collapsed, or one move; its mark and the number of trial points.
    fn move_simplex(&mut self, ground: &mut Ground) -> Result<(char, u32), StopReason> {
        if self.begun == 0 {
            self.begin(ground)?;
            return Ok((' ', 0));
        }
        if self.has_collapsed(ground.tol) {
            let gain = self.value_before - ground.f;
            let nothing = self.begun > 1 && gain <= NOTHING * ground.f.abs().max(NOTHING);
            if nothing || self.begun > self.restarts {
                return Err(StopReason::Converged);
            }
            self.begin(ground)?;
            return Ok(('n', self.free.len() as u32));
        }
        self.advance_simplex(ground)
    }

    /// Moves to the best corner unless none is better; gives the length of the move.
    fn go_to_best(&mut self, ground: &mut Ground) -> f64 {
        self.sort();
        let best = self.order[0] as usize;
        if self.begun == 0 || !(self.values[best] <= ground.f) {
            return 0.0;
        }
        let mut length = 0.0f64;
        for i in 0..ground.n() {
            let x = self.vertex(best)[i];
            length = length.max((x - ground.x[i]).abs());
            ground.x[i] = x;
        }
        ground.f = self.values[best];
        length
    }
}
