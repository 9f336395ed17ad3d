//! Numerical blame: a failed evaluation replayed in the interpreter and shown under the sub-expression
//! that made it, with the values of its parts.

use super::watch::Failure;
use crate::base::Span;
use crate::diag::codes::domain::DomainError;
use crate::interp::{self, Culprit, Deps, Env, Interp, Plain, Writer, Wrong};
use crate::ir::{Model, NodeId, pretty};
use crate::problem::Place;

/// When the failure happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// At the point where the run begins.
    Start,
    /// At a point that the method tried.
    Trial,
}

/// The report on a failure; nothing when the interpreter finds every value finite at that point.
pub fn blame(model: &Model, env: &dyn Env, failure: &Failure, when: When) -> Option<DomainError> {
    let deps = Deps::new(model);
    let mut walk = Interp::new(model, env, &deps, Plain { x: &failure.x });
    let objectives = || model.objectives.iter().map(|o| (o.body, o.at, o.name.clone()));
    match failure.place {
        Place::Objective(k) => {
            let (body, at, name) = objectives().nth(k as usize)?;
            at_objective(&mut walk, body, at, name.as_deref(), when)
        }
        Place::Constraint(row) | Place::Jacobian { row, .. } => at_row(&mut walk, Some(row as usize), when),
        Place::Gradient(_) | Place::Hessian { .. } => objectives()
            .find_map(|(body, at, name)| at_objective(&mut walk, body, at, name.as_deref(), when))
            .or_else(|| at_row(&mut walk, None, when)),
    }
}

fn at_objective(
    walk: &mut Interp<'_, Plain<'_>>,
    body: NodeId,
    at: Span,
    name: Option<&str>,
    when: When,
) -> Option<DomainError> {
    let culprit = interp::find(walk, body)?;
    let place = name.map_or_else(|| "in the objective".to_string(), |n| format!("in the objective `{n}`"));
    Some(report(walk, &culprit, at, place, when))
}

/// The culprit in one row, or in the first row that has one.
fn at_row(walk: &mut Interp<'_, Plain<'_>>, wanted: Option<usize>, when: When) -> Option<DomainError> {
    let model = walk.model();
    let mut row = 0;
    let mut found = None;
    for (id, constraint) in model.constraints.enumerate() {
        let binders = &model.domains[constraint.domain].binders;
        // A fault of the walk would have been reported at bind time.
        let _ = walk.for_each(constraint.domain, &mut |walk| {
            row += 1;
            if found.is_some() || wanted.is_some_and(|w| w + 1 != row) {
                return Ok(());
            }
            let element: Vec<interp::Val> = binders.iter().flat_map(|b| walk.element_of(*b)).collect();
            if let Some(culprit) = interp::find(walk, constraint.body) {
                let name = Writer::new(model, walk.env()).indexed(&pretty::con_name(model, id), &element);
                found = Some(report(walk, &culprit, constraint.at, format!("in constraint `{name}`"), when));
            }
            Ok(())
        });
    }
    found
}

fn report(walk: &Interp<'_, Plain<'_>>, culprit: &Culprit, within: Span, place: String, when: When) -> DomainError {
    let graph = &walk.model().graph;
    let at = match culprit.defines {
        Some(name) => graph.span_after(culprit.node, name),
        None => graph.span_within(culprit.node, within),
    };
    let fixed = !graph.has_var(culprit.node);
    let what = culprit.words();
    let needs = culprit.needs.to_string();
    let variable = culprit.parts.first().map(|p| p.0.clone());
    match culprit.wrong {
        Wrong::Domain => {
            DomainError::OutsideDomain { at, what, place, needs, variable, fixed, start: when == When::Start }
        }
        Wrong::Derivative => DomainError::NoDerivative { at, what, place, start: when == When::Start },
        Wrong::Empty => DomainError::EmptySet { at, what, place },
        Wrong::Overflow | Wrong::Data | Wrong::Variable => {
            DomainError::Overflow { at, what, place, value: culprit.value, fixed, start: when == When::Start }
        }
    }
}
