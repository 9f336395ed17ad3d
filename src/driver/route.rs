//! Which method solves a problem, and why: a table from the deciding fact to the method.
//!
//! Takes the facts of the class, gives a row of the registry and the fact that chose it. Rules are asked in order; the first
//! that applies and whose method takes the problem wins. To add a rule: a row of [`RULES`] and its flip in
//! `tests/it/route.rs`.

use crate::problem::{Degree, MethodRow, ProblemFacts, Refusal, Smoothness};
use crate::solve::registry;

/// Above this many Hessian nonzeros a problem without rows goes to a first-order method: factoring a
/// denser matrix costs more than the steps it saves.
const MANY_NONZEROS: usize = 2_000_000;

/// A method and the reason for it.
#[derive(Clone)]
pub struct Choice {
    /// Its row.
    pub row: &'static MethodRow,
    /// The deciding fact, in words.
    pub reason: String,
    /// The line of the table, unless the method was asked for.
    pub rule: Option<&'static Rule>,
}

/// One line of the table: a method, and when it is the one to take.
pub struct Rule {
    /// The method's name.
    pub method: &'static str,
    /// The fact that decides, in general.
    pub when: &'static str,
    /// The fact as it is here, when it holds.
    pub reason: fn(&ProblemFacts) -> Option<String>,
}

/// The table, in the order in which the rules are asked.
pub static RULES: &[Rule] = &[
    #[cfg(feature = "highs")]
    Rule { method: "highs", when: "every function is linear, some variables are integer", reason: integer_linear },
    Rule { method: "microlp", when: "every function is linear, some variables are integer", reason: integer_linear },
    Rule {
        method: "clarabel",
        when: "every function is linear",
        reason: |facts| {
            (facts.objective.max(facts.rows) <= Degree::Linear)
                .then(|| format!("every function is linear, {}", rows(facts)))
        },
    },
    Rule {
        method: "clarabel",
        when: "a convex quadratic objective, linear rows, inequalities among them",
        reason: |facts| {
            let inequalities = facts.n_cons > facts.n_equalities || facts.n_bounded > facts.n_fixed;
            let quadratic = facts.objective == Degree::Quadratic && facts.rows <= Degree::Linear;
            (quadratic && facts.convex_objective && inequalities)
                .then(|| format!("a convex quadratic objective, {}, all linear", rows(facts)))
        },
    },
    Rule {
        method: "clarabel",
        when: "norms that are second-order cones, everything else linear or a convex quadratic objective",
        reason: |facts| {
            (facts.n_cones > 0).then(|| {
                let cones = match facts.n_cones {
                    1 => "a norm as a second-order cone".into(),
                    n => format!("{n} norms as second-order cones"),
                };
                format!("{cones}, everything else linear or convex quadratic")
            })
        },
    },
    Rule {
        method: "sqp",
        when: "rows to satisfy, no Hessian",
        reason: |facts| (facts.n_cons > 0 && !facts.offers.hessian).then(|| format!("{}, and no Hessian", rows(facts))),
    },
    Rule {
        method: "nelder_mead",
        when: "no rows, no gradient",
        reason: |facts| {
            (facts.n_cons == 0 && !facts.offers.gradient).then(|| "no constraints but bounds, and no gradient".into())
        },
    },
    Rule {
        method: "lbfgs",
        when: "no rows, no Hessian",
        reason: |facts| {
            let plain = facts.n_cons == 0 && !facts.offers.hessian && squares(facts).is_none();
            plain.then(|| "no constraints but bounds, and no Hessian".into())
        },
    },
    Rule {
        method: "interior_point",
        when: "rows to satisfy",
        reason: |facts| (facts.n_cons > 0 || facts.objective <= Degree::Linear).then(|| rows(facts)),
    },
    Rule {
        method: "levenberg_marquardt",
        when: "no rows, a sum of squares of at least as many residuals as variables",
        reason: squares,
    },
    Rule {
        method: "lbfgs",
        when: "no rows, functions with kinks",
        reason: |facts| {
            (facts.smoothness >= Smoothness::Continuous)
                .then(|| "no constraints but bounds, and functions with kinks".into())
        },
    },
    Rule {
        method: "lbfgs",
        when: "no rows, a Hessian too large to factor",
        reason: |facts| {
            (facts.nnz_hessian > MANY_NONZEROS)
                .then(|| format!("no constraints but bounds, and a Hessian of {} nonzeros", facts.nnz_hessian))
        },
    },
    Rule {
        method: "interior_point",
        when: "no rows, a Hessian for Newton steps",
        reason: |facts| {
            let nonzeros = count(facts.nnz_hessian, "nonzero");
            Some(format!("no constraints but bounds, and a Hessian of only {nonzeros} for Newton steps"))
        },
    },
];

fn integer_linear(facts: &ProblemFacts) -> Option<String> {
    (facts.objective.max(facts.rows) <= Degree::Linear && facts.n_integer > 0).then(|| {
        let integers = count(facts.n_integer, "integer variable");
        format!("every function is linear, {integers}, {}", rows(facts))
    })
}

fn rows(facts: &ProblemFacts) -> String {
    count(facts.n_cons, "constraint row")
}

/// Sums of squares, unless there are kinks or the Jacobian is too large to be factored again and again.
fn squares(facts: &ProblemFacts) -> Option<String> {
    let smooth = facts.smoothness < Smoothness::Continuous;
    let fits = facts.n_residuals >= facts.n_vars && facts.nnz_hessian <= MANY_NONZEROS;
    let residuals = count(facts.n_residuals, "residual");
    (smooth && fits && facts.n_residuals > 0)
        .then(|| format!("no constraints but bounds, and a sum of squares or losses of {residuals}"))
}

/// Methods that are tried after the router's own choice `first` came to no certified answer, one after the other.
pub fn after(facts: &ProblemFacts, first: &str) -> Vec<&'static str> {
    /// A simplex with dense bases, and a dense quasi-Newton matrix: for problems of moderate size.
    const MODERATE: usize = 20_000;
    const DENSE: usize = 1000;
    let linear_rows = facts.rows <= Degree::Linear && facts.n_integer == 0;
    let small = facts.n_vars.saturating_add(facts.n_cons);
    let mut methods = Vec::new();
    if linear_rows && facts.objective <= Degree::Linear {
        methods.push("interior_point");
        methods.extend((small <= MODERATE).then_some("microlp"));
    } else if linear_rows && facts.objective == Degree::Quadratic && facts.convex_objective {
        // Where there is no minimum, an engine finds the ray.
        methods.extend(["clarabel", "interior_point"]);
    } else if matches!(first, "nelder_mead" | "lbfgs" | "sqp") {
        // Chosen because there are no second derivatives, or too many of them.
    } else if facts.n_cons == 0 && first != "clarabel" {
        methods.extend(["newton_trust_region", "interior_point"]);
        methods.extend((small <= DENSE).then_some("bfgs"));
    } else {
        methods.push("interior_point");
    }
    methods.retain(|name| *name != first);
    methods
}

/// `1 row`, `2 rows`.
fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The method for a problem with these facts, or the one `asked` for (a name of the registry).
///
/// # Errors
/// The method that was to be used and the fact it refuses the problem for.
pub fn route(facts: &ProblemFacts, asked: Option<&str>) -> Result<Choice, (&'static MethodRow, Refusal)> {
    if let Some(name) = asked {
        return accepted(known(name), facts).map(|row| Choice { row, reason: "asked for".into(), rule: None });
    }
    let mut refused = None;
    for rule in RULES {
        let Some(reason) = (rule.reason)(facts) else { continue };
        match accepted(known(rule.method), facts) {
            Ok(row) => return Ok(Choice { row, reason, rule: Some(rule) }),
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    Err(refused.unwrap_or_else(|| crate::bug!("the last rule always applies")))
}

fn known(name: &str) -> &'static MethodRow {
    registry::find(name).unwrap_or_else(|| crate::bug!("`{name}` was checked against the registry"))
}

fn accepted(
    row: &'static MethodRow,
    facts: &ProblemFacts,
) -> Result<&'static MethodRow, (&'static MethodRow, Refusal)> {
    registry::accepts(row, facts).map_err(|refusal| (row, refusal))?;
    Ok(row)
}
