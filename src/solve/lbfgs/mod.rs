//! Limited-memory BFGS with bounds.
//!
//! Source: Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16 (1995); line search of Moré and Thuente (1994);
//! two-loop recursion of Nocedal (1980) when no variable is bounded.
//!
//! | here     | paper | meaning                                     | shape          |
//! |----------|-------|---------------------------------------------|----------------|
//! | `x`, `g` | x, g  | point in the box and gradient there         | `n`            |
//! | `memory` | B     | `theta I - W M Wᵀ`                          | `n` square     |
//! | `target` | x̄     | minimiser of the model on the identified face | `n`          |
//!
//! Marks in the trace: `s` first step along the gradient, `r` memory was cleared, blank otherwise.

mod face;
mod memory;
mod subproblem;

use self::memory::Memory;
use self::subproblem::Subproblem;
use super::ground::{self, Ground, Run, Step, Steps, TOL, length, longest_inside, max_iter};
use super::line_search::Wolfe;
use super::registry::smooth_in_a_box;
use crate::num::dense::norm_inf;
use crate::problem::snapshot::SnapshotReader;
use crate::problem::{
    Capabilities, Form, MethodRow, OptionKind, OptionRow, OptionValue, Request, SetupError, Snapshot, SnapshotError,
    Solver, StopReason,
};

/// The registry row.
pub static ROW: MethodRow = MethodRow {
    name: "lbfgs",
    doc: "Limited-memory quasi-Newton method for smooth functions of many variables, with bounds.",
    source: "Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16 (1995)",
    accepts: smooth_in_a_box,
    needs: Capabilities { gradient: true, ..Capabilities::VALUES },
    form: Form::Nlp,
    options: &OPTIONS,
    make,
};

static OPTIONS: [OptionRow; 4] = [
    TOL,
    max_iter(15_000),
    OptionRow {
        name: "memory",
        doc: "Pairs of steps and gradient changes that are remembered.",
        kind: OptionKind::Int { lo: 1, hi: 100 },
        default: OptionValue::Int(MEMORY as i64),
        unit: "",
    },
    OptionRow {
        name: "max_trials",
        doc: "Most trial points of one line search.",
        kind: OptionKind::Int { lo: 1, hi: 1000 },
        default: OptionValue::Int(MAX_TRIALS as i64),
        unit: "",
    },
];

/// Pairs that are remembered, and trial points of one line search, unless options say otherwise.
pub(super) const MEMORY: usize = 10;
const MAX_TRIALS: u32 = 40;

fn make(request: Request) -> Result<Box<dyn Solver>, SetupError> {
    let capacity = request.options.count("memory") as usize;
    let (ground, options, resume) = Ground::new(request, smooth_in_a_box, 2 * capacity + 6, 0)?;
    let steps = Lbfgs::new(&ground, capacity, options.count("max_trials") as u32);
    Ok(Box::new(Run::new(&ROW, ground, steps, resume.as_ref())?))
}

/// The steps alone, for a method that changes the function as it goes.
pub(super) fn steps(ground: &Ground) -> impl Steps + use<> {
    Lbfgs::new(ground, MEMORY, MAX_TRIALS)
}

/// What the method remembers.
struct Lbfgs {
    wolfe: Wolfe,
    memory: Memory,
    subproblem: Subproblem,
    step: Vec<f64>,
    change: Vec<f64>,
}

impl Lbfgs {
    fn new(ground: &Ground, capacity: usize, max_trials: u32) -> Self {
        let n = ground.n();
        Self {
            wolfe: Wolfe { max_trials, ..Wolfe::default() },
            memory: Memory::new(n, capacity, ground.bounded),
            subproblem: Subproblem::new(if ground.bounded { n } else { 0 }, capacity),
            step: vec![0.0; n],
            change: vec![0.0; n],
        }
    }

    /// Searches along the model's direction and moves there; fills `step` and `change`.
    fn search(&mut self, ground: &mut Ground, trials: &mut u32) -> Option<f64> {
        let longest = self.choose_direction(ground);
        let first = if self.memory.len() == 0 { 1f64.min(1.0 / norm_inf(&self.step)) } else { 1.0 };
        ground::line_search(ground, &mut self.step, &mut self.change, (first, longest), &self.wolfe, trials)
    }

    /// Leaves a direction in `step`; gives the longest step along it inside the box.
    fn choose_direction(&mut self, ground: &Ground) -> f64 {
        const FAR: f64 = 1e20;
        if !ground.bounded {
            self.memory.descend(&ground.g, &mut self.step);
            return FAR;
        }
        self.subproblem.solve(&self.memory, &ground.bounds, &ground.x, &ground.g);
        for i in 0..self.step.len() {
            self.step[i] = self.subproblem.target[i] - ground.x[i];
        }
        longest_inside(&ground.bounds, &ground.x, &self.step, FAR).max(1.0)
    }
}

impl Steps for Lbfgs {
    const VERSION: u32 = 3;

    fn advance(&mut self, ground: &mut Ground) -> Result<Step, StopReason> {
        let mut mark = if self.memory.len() == 0 { 's' } else { ' ' };
        let mut trials = 0;
        let mut found = self.search(ground, &mut trials);
        if found.is_none() && self.memory.len() > 0 {
            mark = 'r';
            trials = 0;
            self.memory.clear();
            found = self.search(ground, &mut trials);
        }
        let alpha = found.ok_or_else(|| ground.nothing_found())?;
        self.memory.push(&self.step, &self.change);
        Ok(Step { length: length(&self.step), alpha, trials, mark })
    }

    fn forget(&mut self, _ground: &Ground, gently: bool) {
        if !gently {
            self.memory.clear();
        }
    }

    fn put(&self, to: &mut Snapshot) {
        to.put(self.memory.len() as u64);
        for (s, y) in self.memory.pairs() {
            to.put_reals(s);
            to.put_reals(y);
        }
    }

    fn take(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        self.memory.clear();
        for _ in 0..from.take()? {
            from.take_reals(&mut self.step)?;
            from.take_reals(&mut self.change)?;
            self.memory.push(&self.step, &self.change);
        }
        Ok(())
    }
}
