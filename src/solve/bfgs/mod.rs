//! BFGS with a dense matrix, with bounds.
//!
//! Source: Nocedal and Wright, Numerical Optimization (2006), chapter 6: (6.17) for the inverse `H` without bounds, (6.19) for
//! `B` with bounds. With bounds a step is the generalized Cauchy point of the model (Conn, Gould and Toint, SIAM J. Numer.
//! Anal. 25 (1988)) followed by the minimiser on the face it identifies, as in L-BFGS-B (Byrd, Lu, Nocedal and Zhu 1995;
//! Morales and Nocedal 2011). Line search of Moré and Thuente (1994).
//!
//! | here     | book    | meaning                                        | shape        |
//! |----------|---------|------------------------------------------------|--------------|
//! | `matrix` | H or B  | approximate inverse Hessian, or Hessian        | `n` square   |
//! | `step`   | s       | direction, then the step taken                 | `n`          |
//! | `change` | y       | change of the gradient                         | `n`          |
//!
//! Marks in the trace: `s` first step along the gradient, `r` the matrix was forgotten, `k` kept without an update, blank
//! otherwise.

mod face;

use self::face::Face;
use super::ground::{Ground, Run, Step, Steps, TOL, length, line_search, longest_inside, max_iter};
use super::line_search::Wolfe;
use super::registry::smooth_in_a_box;
use crate::num::dense::{axpy, dot, norm_inf};
use crate::problem::snapshot::SnapshotReader;
use crate::problem::{
    Capabilities, Form, MethodRow, OptionKind, OptionRow, OptionValue, Request, SetupError, Snapshot, SnapshotError,
    Solver, StopReason,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "bfgs",
    doc: "Quasi-Newton method with a dense matrix for smooth functions of up to some thousand variables, with bounds.",
    source: "Nocedal and Wright, Numerical Optimization (2006), chapter 6",
    accepts: smooth_in_a_box,
    needs: Capabilities { gradient: true, ..Capabilities::VALUES },
    form: Form::Nlp,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 3] = [
    TOL,
    max_iter(15_000),
    OptionRow {
        name: "max_trials",
        doc: "Most trial points of one line search.",
        kind: OptionKind::Int { lo: 1, hi: 1000 },
        default: OptionValue::Int(40),
        unit: "",
    },
];

/// The largest order.
const MOST_VARS: usize = 5_000;
/// The longest step where no bound ends it.
const FAR: f64 = 1e20;

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    let crate::problem::Program::Nlp(nlp) = &request.program else {
        return Err(crate::problem::Refusal::WrongForm("nonlinear").into());
    };
    let n = nlp.oracle.shape().n_vars;
    if n > MOST_VARS {
        let reason =
            format!("`bfgs` keeps a dense matrix for at most {MOST_VARS} variables, and there are {n}: `lbfgs`");
        return Err(SetupError::Size(format!("{reason} keeps a few vectors instead")));
    }
    let matrices = if nlp.facts.n_bounded > 0 || request.bounds.is_some() { 2 } else { 1 };
    let (ground, options, resume) = Ground::new(request, smooth_in_a_box, 12, matrices * n * n * 8)?;
    let steps = Bfgs {
        wolfe: Wolfe { max_trials: options.count("max_trials") as u32, ..Wolfe::default() },
        matrix: vec![0.0; n * n],
        known: false,
        face: ground.bounded.then(|| Face::new(n)),
        step: vec![0.0; n],
        change: vec![0.0; n],
        product: vec![0.0; n],
    };
    Ok(Box::new(Run::new(&ROW, ground, steps, resume.as_ref())?))
}

struct Bfgs {
    wolfe: Wolfe,
    /// By rows: `B` with bounds, its inverse without.
    matrix: Vec<f64>,
    /// Whether the matrix has learnt anything.
    known: bool,
    face: Option<Face>,
    step: Vec<f64>,
    change: Vec<f64>,
    product: Vec<f64>,
}

impl Bfgs {
    /// A search along the model's direction; fills `step` and `change`.
    fn search(&mut self, ground: &mut Ground, trials: &mut u32) -> Option<f64> {
        let longest = self.choose_direction(ground);
        let first = if self.known { 1.0 } else { 1f64.min(1.0 / norm_inf(&self.step)) };
        line_search(ground, &mut self.step, &mut self.change, (first, longest), &self.wolfe, trials)
    }

    /// Leaves a direction in `step`; gives the longest step along it inside the box.
    fn choose_direction(&mut self, ground: &Ground) -> f64 {
        let n = ground.n();
        match &mut self.face {
            Some(face) => {
                face.solve(self.known.then_some(&self.matrix), &ground.bounds, &ground.x, &ground.g);
                for i in 0..n {
                    self.step[i] = face.target[i] - ground.x[i];
                }
                longest_inside(&ground.bounds, &ground.x, &self.step, FAR).max(1.0)
            }
            None if self.known => {
                for i in 0..n {
                    self.step[i] = -dot(&self.matrix[i * n..(i + 1) * n], &ground.g);
                }
                FAR
            }
            None => {
                for i in 0..n {
                    self.step[i] = -ground.g[i];
                }
                FAR
            }
        }
    }

    /// Takes the last step in; says whether its curvature allowed it.
    fn update(&mut self) -> bool {
        let n = self.step.len();
        let (sy, yy, ss) =
            (dot(&self.step, &self.change), dot(&self.change, &self.change), dot(&self.step, &self.step));
        // The test of L-BFGS-B: sᵀy > eps |y|².
        if !(sy > f64::EPSILON * yy) || !(yy / sy).is_finite() || !(ss / sy).is_finite() {
            return false;
        }
        let direct = self.face.is_some();
        if !self.known {
            // (6.20): the size of the Hessian along the step.
            self.matrix.fill(0.0);
            let scale = if direct { yy / sy } else { sy / yy };
            (0..n).for_each(|i| self.matrix[i * n + i] = scale);
            self.known = true;
        }
        let (from, to) = if direct { (&self.step, &self.change) } else { (&self.change, &self.step) };
        for i in 0..n {
            self.product[i] = dot(&self.matrix[i * n..(i + 1) * n], from);
        }
        let quadratic = dot(from, &self.product);
        if direct {
            // (6.19): B - B s s'B / s'Bs + y y'/ s'y.
            for i in 0..n {
                let row = &mut self.matrix[i * n..(i + 1) * n];
                axpy(-self.product[i] / quadratic, &self.product, row);
                axpy(to[i] / sy, to, row);
            }
        } else {
            // (6.17), multiplied out: H + (1 + y'Hy / s'y) s s' / s'y - (H y s' + s y'H) / s'y.
            let along = (1.0 + quadratic / sy) / sy;
            for i in 0..n {
                let row = &mut self.matrix[i * n..(i + 1) * n];
                axpy(along * to[i] - self.product[i] / sy, to, row);
                axpy(-to[i] / sy, &self.product, row);
            }
        }
        true
    }
}

impl Steps for Bfgs {
    const VERSION: u32 = 1;

    fn advance(&mut self, ground: &mut Ground) -> Result<Step, StopReason> {
        let mut mark = if self.known { ' ' } else { 's' };
        let mut trials = 0;
        let mut found = self.search(ground, &mut trials);
        if found.is_none() && self.known {
            mark = 'r';
            trials = 0;
            self.known = false;
            found = self.search(ground, &mut trials);
        }
        let alpha = found.ok_or_else(|| ground.nothing_found())?;
        if !self.update() && mark == ' ' {
            mark = 'k';
        }
        Ok(Step { length: length(&self.step), alpha, trials, mark })
    }

    fn put(&self, to: &mut Snapshot) {
        to.put(u64::from(self.known));
        to.put_reals(if self.known { &self.matrix } else { &[] });
    }

    fn take(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        self.known = from.take()? != 0;
        if self.known { from.take_reals(&mut self.matrix) } else { from.take_reals(&mut []) }
    }
}
