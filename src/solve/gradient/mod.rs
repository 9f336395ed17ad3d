//! Gradient methods: projected onto bounds, and with the proximal map of absolute values.
//!
//! Sources: Bertsekas, IEEE Trans. Autom. Control 21 (1976) for projections with backtracking; Birgin, Martínez and Raydan,
//! SIAM J. Optim. 10 (2000), and Wright, Nowak and Figueiredo, IEEE Trans. Signal Process. 57 (2009), for spectral steps,
//! chosen among both lengths of Barzilai and Borwein as by Zhou, Gao and Dai, Comput. Optim. Appl. 35 (2006); Nesterov (1983)
//! in the form of Beck and Teboulle, SIAM J. Imaging Sci. 2 (2009), restarted as by O'Donoghue and Candès,
//! Found. Comput. Math. 15 (2015).
//!
//! With `F = f + sum(w |x|)` over a box and `P(v, t)` its proximal map ([`Ground::prox`]), all three are steps
//! `x+ = P(x - t g, t)`; they differ in how `t` is found, and in the point they start from.
//!
//! | here      | papers    | meaning                                                  |
//! |-----------|-----------|----------------------------------------------------------|
//! | `t`       | λ, α, 1/L | length of the gradient step                              |
//! | `window`  | M         | values among which the largest may not be exceeded       |
//! | `momentum`| t_k       | of the accelerated method; 1 after a restart             |
//!
//! Marks in the trace: `r` momentum was thrown away, blank otherwise.

mod steps;

use self::steps::{Gradient, Rule};
use super::ground::{Ground, Run, TOL, max_iter};
use super::registry::{any_in_a_box, smooth_in_a_box};
use crate::problem::{
    Capabilities, Form, MethodRow, OptionKind, OptionRow, OptionValue, ProblemFacts, Refusal, Request, SetupError,
    Smoothness, Solver,
};

/// The registry row of the methods for smooth functions.
pub static DESCENT: MethodRow = MethodRow {
    name: "gradient_descent",
    doc: "Gradient steps for smooth functions with bounds: backtracking, Barzilai-Borwein or Nesterov's momentum.",
    source: "Birgin, Martínez and Raydan, SIAM J. Optim. 10 (2000)",
    accepts: smooth_in_a_box,
    needs: Capabilities { gradient: true, ..Capabilities::VALUES },
    form: Form::Nlp,
    options: &OPTIONS,
    make: |request| make(&DESCENT, request, smooth_in_a_box),
};

/// The registry row of the methods for smooth functions with weighted absolute values beside them.
pub static PROXIMAL: MethodRow = MethodRow {
    name: "proximal_gradient",
    doc: "Proximal gradient steps for a smooth function plus weighted absolute values of variables (lasso), with bounds.",
    source: "Wright, Nowak and Figueiredo, IEEE Trans. Signal Process. 57 (2009)",
    accepts: smooth_beside_absolute_values,
    needs: Capabilities { gradient: true, ..Capabilities::VALUES },
    form: Form::Nlp,
    options: &OPTIONS,
    make: |request| make(&PROXIMAL, request, smooth_beside_absolute_values),
};

static OPTIONS: [OptionRow; 5] = [
    TOL,
    max_iter(100_000),
    OptionRow {
        name: "rule",
        doc: "How the length of a step is found.",
        kind: OptionKind::Choice(&["barzilai_borwein", "backtracking", "nesterov"]),
        default: OptionValue::Choice("barzilai_borwein"),
        unit: "",
    },
    OptionRow {
        name: "window",
        doc: "Barzilai-Borwein: a step may not exceed the largest of so many last values.",
        kind: OptionKind::Int { lo: 1, hi: 100 },
        default: OptionValue::Int(10),
        unit: "",
    },
    OptionRow {
        name: "max_trials",
        doc: "Most trial points of one iteration.",
        kind: OptionKind::Int { lo: 1, hi: 1000 },
        default: OptionValue::Int(60),
        unit: "",
    },
];

fn smooth_beside_absolute_values(facts: &ProblemFacts) -> Result<(), Refusal> {
    any_in_a_box(&ProblemFacts { n_l1: 0, ..facts.clone() })?;
    match facts.smoothness {
        Smoothness::Twice | Smoothness::Once => Ok(()),
        Smoothness::Continuous => Err(Refusal::OtherKinks),
        Smoothness::Discontinuous => Err(Refusal::NotSmooth),
    }
}

fn make(
    row: &'static MethodRow,
    request: Request,
    accepts: fn(&ProblemFacts) -> Result<(), Refusal>,
) -> Result<Box<dyn Solver>, SetupError> {
    let (ground, options, resume) = Ground::new(request, accepts, 4, 0)?;
    let rule = match options.choice("rule") {
        "backtracking" => Rule::Backtracking,
        "nesterov" => Rule::Nesterov,
        _ => Rule::Spectral,
    };
    let steps = Gradient::new(ground.n(), rule, options.count("window") as usize, options.count("max_trials") as u32);
    Ok(Box::new(Run::new(row, ground, steps, resume.as_ref())?))
}
