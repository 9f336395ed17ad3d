//! All methods, one row each. To add a method: its file and a line here.

use crate::problem::{MethodRow, ProblemFacts, Refusal};

static METHODS: &[&MethodRow] = &[
    &super::lbfgs::ROW,
    &super::interior_point::ROW,
    &super::clarabel::ROW,
    &super::microlp::ROW,
    #[cfg(feature = "highs")]
    &super::highs::ROW,
    &super::sqp::ROW,
    &super::newton::ROW,
    &super::bfgs::ROW,
    &super::conjugate_gradient::ROW,
    &super::gradient::DESCENT,
    &super::gradient::PROXIMAL,
    &super::lagrange::ROW,
    &super::nelder_mead::ROW,
    &super::pattern_search::ROW,
    &super::least_squares::LEVENBERG_MARQUARDT,
    &super::least_squares::DOGLEG,
    &super::least_squares::GAUSS_NEWTON,
];

/// Every method, in the order the router prefers them.
pub fn methods() -> &'static [&'static MethodRow] {
    METHODS
}

/// The method with this name.
pub fn find(name: &str) -> Option<&'static MethodRow> {
    methods().iter().copied().find(|row| row.name == name)
}

/// Whether `row` can take a problem with these facts: its class and what its oracle offers.
///
/// # Errors
/// The deciding fact.
pub fn accepts(row: &MethodRow, facts: &ProblemFacts) -> Result<(), Refusal> {
    (row.accepts)(facts)?;
    match facts.offers.missing(&row.needs) {
        Some(what) => Err(Refusal::Missing(what)),
        None => Ok(()),
    }
}

/// What every smooth method for one objective asks.
///
/// # Errors
/// The deciding fact.
pub fn one_smooth_objective(facts: &ProblemFacts) -> Result<(), Refusal> {
    use crate::problem::Smoothness;
    if facts.n_complementarity > 0 {
        return Err(Refusal::Complementarity(facts.n_complementarity));
    }
    if facts.n_integer > 0 {
        return Err(Refusal::Integers(facts.n_integer));
    }
    if facts.n_objectives > 1 {
        return Err(Refusal::ManyObjectives(facts.n_objectives));
    }
    if facts.smoothness == Smoothness::Discontinuous {
        return Err(Refusal::NotSmooth);
    }
    if facts.n_l1 > 0 {
        return Err(Refusal::AbsoluteValues(facts.n_l1));
    }
    Ok(())
}

/// What methods for linear problems ask; variables may be integer.
///
/// # Errors
/// The deciding fact.
pub fn one_linear(facts: &ProblemFacts) -> Result<(), Refusal> {
    use crate::problem::Degree;
    one_smooth_objective(&ProblemFacts { n_integer: 0, ..facts.clone() })?;
    if facts.objective.max(facts.rows) > Degree::Linear {
        return Err(Refusal::WrongForm("linear"));
    }
    Ok(())
}

/// What methods for convex quadratic problems ask: linear rows, and an objective proved convex.
///
/// # Errors
/// The deciding fact.
pub fn one_convex_quadratic(facts: &ProblemFacts) -> Result<(), Refusal> {
    use crate::problem::Degree;
    if facts.n_cones > 0 {
        // What that says of everything else is what is asked below.
        return Ok(());
    }
    one_smooth_objective(facts)?;
    if facts.objective > Degree::Quadratic || facts.rows > Degree::Linear {
        return Err(Refusal::WrongForm("linear and quadratic"));
    }
    if facts.objective == Degree::Quadratic && !facts.convex_objective {
        return Err(Refusal::WrongForm("convex"));
    }
    Ok(())
}

/// What smooth methods ask that handle no constraints but bounds.
///
/// # Errors
/// The deciding fact.
pub fn smooth_in_a_box(facts: &ProblemFacts) -> Result<(), Refusal> {
    one_smooth_objective(facts)?;
    match facts.n_cons {
        0 => Ok(()),
        n_cons => Err(Refusal::Constraints(n_cons)),
    }
}

/// What methods ask that compare values only: jumps do not matter to them.
///
/// # Errors
/// The deciding fact.
pub fn any_in_a_box(facts: &ProblemFacts) -> Result<(), Refusal> {
    smooth_in_a_box(&ProblemFacts { smoothness: crate::problem::Smoothness::Twice, ..facts.clone() })
}
