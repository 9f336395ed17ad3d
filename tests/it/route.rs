//! The router's table: for each row, one fact is flipped and the choice changes.

use optc::driver::route::{RULES, route};
use optc::problem::{Capabilities, Degree, ProblemFacts, Smoothness};

/// A smooth problem with two rows.
fn rows() -> ProblemFacts {
    ProblemFacts {
        n_vars: 10,
        n_cons: 2,
        n_objectives: 1,
        objective: Degree::Nonlinear,
        rows: Degree::Nonlinear,
        smoothness: Smoothness::Twice,
        nnz_jacobian: 20,
        nnz_hessian: 10,
        offers: Capabilities::SECOND_ORDER,
        ..ProblemFacts::default()
    }
}

fn smooth() -> ProblemFacts {
    ProblemFacts { n_cons: 0, rows: Degree::Constant, nnz_jacobian: 0, ..rows() }
}

/// A quadratic program.
fn quadratic() -> ProblemFacts {
    ProblemFacts { objective: Degree::Quadratic, rows: Degree::Linear, convex_objective: true, ..rows() }
}

/// Who takes integers: HiGHS, where it is built in, stands before microlp.
const MIP: &str = if cfg!(feature = "highs") { "highs" } else { "microlp" };
const MIP_BESIDE: &str = if cfg!(feature = "highs") { "microlp" } else { "" };

struct Flip {
    /// Where the fact holds: the rule that must fire.
    rule: (&'static str, &'static str),
    facts: ProblemFacts,
    /// The same with one fact changed, and the rule that fires then.
    other: (&'static str, &'static str),
    changed: ProblemFacts,
}

fn flips() -> Vec<Flip> {
    let newton = ("interior_point", "no rows, a Hessian for Newton steps");
    let constrained = ("interior_point", "rows to satisfy");
    let engine = ("clarabel", "a convex quadratic objective, linear rows, inequalities among them");
    vec![
        Flip {
            rule: (MIP, "every function is linear, some variables are integer"),
            facts: ProblemFacts { objective: Degree::Linear, n_integer: 1, ..quadratic() },
            other: ("clarabel", "every function is linear"),
            changed: ProblemFacts { objective: Degree::Linear, ..quadratic() },
        },
        Flip {
            rule: ("clarabel", "every function is linear"),
            facts: ProblemFacts { objective: Degree::Linear, ..quadratic() },
            other: engine,
            changed: quadratic(),
        },
        Flip {
            rule: engine,
            facts: quadratic(),
            other: constrained,
            changed: ProblemFacts { convex_objective: false, ..quadratic() },
        },
        Flip {
            rule: engine,
            facts: quadratic(),
            other: constrained,
            changed: ProblemFacts { rows: Degree::Quadratic, ..quadratic() },
        },
        Flip {
            rule: engine,
            facts: quadratic(),
            other: constrained,
            changed: ProblemFacts { n_equalities: 2, ..quadratic() },
        },
        Flip {
            rule: (
                "clarabel",
                "norms that are second-order cones, everything else linear or a convex quadratic objective",
            ),
            facts: ProblemFacts { n_cones: 1, ..rows() },
            other: constrained,
            changed: rows(),
        },
        Flip {
            rule: ("levenberg_marquardt", "no rows, a sum of squares of at least as many residuals as variables"),
            facts: ProblemFacts { n_residuals: 10, ..smooth() },
            other: newton,
            changed: ProblemFacts { n_residuals: 9, ..smooth() },
        },
        Flip {
            rule: ("sqp", "rows to satisfy, no Hessian"),
            facts: ProblemFacts { offers: Capabilities::FIRST_ORDER, ..rows() },
            other: constrained,
            changed: rows(),
        },
    ]
}

/// Where there is nothing to satisfy but bounds.
fn flips_without_rows() -> Vec<Flip> {
    let newton = ("interior_point", "no rows, a Hessian for Newton steps");
    vec![
        Flip {
            rule: ("nelder_mead", "no rows, no gradient"),
            facts: ProblemFacts { offers: Capabilities::VALUES, ..smooth() },
            other: ("lbfgs", "no rows, no Hessian"),
            changed: ProblemFacts { offers: Capabilities::FIRST_ORDER, ..smooth() },
        },
        Flip {
            rule: ("lbfgs", "no rows, no Hessian"),
            facts: ProblemFacts { offers: Capabilities::FIRST_ORDER, ..smooth() },
            other: newton,
            changed: smooth(),
        },
        Flip { rule: ("interior_point", "rows to satisfy"), facts: rows(), other: newton, changed: smooth() },
        Flip {
            rule: ("lbfgs", "no rows, functions with kinks"),
            facts: ProblemFacts { smoothness: Smoothness::Continuous, ..smooth() },
            other: newton,
            changed: smooth(),
        },
        Flip {
            rule: ("lbfgs", "no rows, a Hessian too large to factor"),
            facts: ProblemFacts { nnz_hessian: 3_000_000, ..smooth() },
            other: newton,
            changed: smooth(),
        },
        Flip {
            rule: newton,
            facts: smooth(),
            other: ("interior_point", "rows to satisfy"),
            changed: ProblemFacts { n_cons: 1, rows: Degree::Nonlinear, ..smooth() },
        },
    ]
}

#[test]
fn each_rule_is_decided_by_one_fact() {
    let flips: Vec<Flip> = flips().into_iter().chain(flips_without_rows()).collect();
    for flip in &flips {
        for (wanted, facts) in [(flip.rule, &flip.facts), (flip.other, &flip.changed)] {
            let choice = route(facts, None).unwrap_or_else(|(row, refusal)| panic!("{}: {refusal}", row.name));
            let rule = choice.rule.expect("nothing was asked for");
            assert_eq!((choice.row.name, rule.when), wanted, "{facts:?}");
            assert!(!choice.reason.is_empty());
        }
    }
    for rule in RULES.iter().filter(|rule| rule.method != MIP_BESIDE) {
        assert!(
            flips.iter().any(|flip| flip.rule == (rule.method, rule.when)),
            "no flip shows the rule `{}`: {}",
            rule.method,
            rule.when
        );
    }
}

#[test]
fn what_is_asked_for_is_taken_or_refused_with_the_fact() {
    assert_eq!(route(&smooth(), Some("lbfgs")).map(|c| c.reason).ok().as_deref(), Some("asked for"));
    let (row, refusal) = route(&rows(), Some("lbfgs")).err().expect("lbfgs takes no rows");
    assert_eq!(row.name, "lbfgs");
    assert!(refusal.to_string().contains("2 constraints"), "{refusal}");
}
