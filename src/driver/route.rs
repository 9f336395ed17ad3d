//! Which method solves a problem, and why: one line that names the deciding fact.

use crate::problem::{Degree, MethodRow, ProblemFacts, Refusal, Smoothness};
use crate::solve::registry;

/// Above this many Hessian nonzeros a problem without rows goes to a first-order method: factoring a
/// denser matrix costs more than the steps it saves.
const MANY_NONZEROS: usize = 2_000_000;

/// A method and the reason for it.
#[derive(Clone, Copy)]
pub struct Choice {
    /// Its row.
    pub row: &'static MethodRow,
    /// Made by [`route`] from the facts.
    pub reason: Reason,
}

/// The deciding fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The model or the command line names it.
    Asked,
    /// Rows to satisfy.
    Rows(usize),
    /// No rows, and second derivatives are cheap.
    Newton(usize),
    /// No rows, and the Hessian is large.
    LargeHessian(usize),
    /// No rows, and the functions have kinks.
    Kinks,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Asked => write!(f, "asked for"),
            Self::Rows(1) => write!(f, "1 constraint row"),
            Self::Rows(n) => write!(f, "{n} constraint rows"),
            Self::Newton(nnz) => {
                write!(f, "no constraints but bounds, and a Hessian of only {nnz} {} for Newton steps", nonzeros(*nnz))
            }
            Self::LargeHessian(nnz) => write!(f, "no constraints but bounds, and a Hessian of {nnz} nonzeros"),
            Self::Kinks => write!(f, "no constraints but bounds, and functions with kinks"),
        }
    }
}

fn nonzeros(count: usize) -> &'static str {
    if count == 1 { "nonzero" } else { "nonzeros" }
}

/// The method for a problem with these facts, or the one `asked` for (a name of the registry).
///
/// # Errors
/// The method that was to be used and the fact it refuses the problem for.
pub fn route(facts: &ProblemFacts, asked: Option<&str>) -> Result<Choice, (&'static MethodRow, Refusal)> {
    let (name, reason) = match asked {
        Some(name) => (name, Reason::Asked),
        None => by_class(facts),
    };
    let Some(row) = registry::find(name) else { crate::bug!("`{name}` was checked against the registry") };
    registry::accepts(row, facts).map_err(|refusal| (row, refusal))?;
    Ok(Choice { row, reason })
}

fn by_class(facts: &ProblemFacts) -> (&'static str, Reason) {
    if facts.n_cons > 0 || facts.objective == Degree::Linear {
        return ("interior_point", Reason::Rows(facts.n_cons));
    }
    if facts.smoothness >= Smoothness::Continuous {
        return ("lbfgs", Reason::Kinks);
    }
    if facts.nnz_hessian > MANY_NONZEROS {
        return ("lbfgs", Reason::LargeHessian(facts.nnz_hessian));
    }
    ("interior_point", Reason::Newton(facts.nnz_hessian))
}
