//! Other numbers for a bound model: what depends on them is computed again, nothing is compiled.
//! Deliberately absent: whether a form other than the written one still fits the numbers ([`super::forms`]).

use super::class::facts;
use super::ranges::Hulls;
use super::solve::Bound;
use super::survey::survey;
use crate::base::Name;
use crate::diag::Reports;
use std::sync::Arc;

impl Bound {
    /// The same model with other values of numeric params, see [`Instance::set_values`](crate::bind::Instance::set_values).
    ///
    /// # Errors
    /// What cannot be changed, with the model as it was.
    pub fn with_values(self, values: &[(Name, Vec<f64>)]) -> Result<Self, Box<(Self, Reports)>> {
        let Self { instance, mut oracle, prepared, .. } = self;
        // The oracle alone holds the data now, so that nothing is copied.
        drop(instance);
        let mut reports = Reports::new();
        let compiled = Arc::make_mut(&mut oracle);
        let done = compiled
            .change_numbers(|instance| instance.set_values(&prepared.model, &prepared.plan, values, &mut reports));
        let instance = Arc::clone(compiled.instance());
        if !done {
            return Err(Box::new((Self { instance, oracle, prepared, ..self }, reports)));
        }
        instance.world.list_joins(&self.checked);
        // What was proved of the old numbers need not hold of the new ones.
        let survey = survey(&prepared.model, &prepared.plan, &Hulls::new(&prepared, &instance));
        let facts = facts(&survey, oracle.as_ref(), &instance.shape);
        let residuals = self.residuals.and_then(|residuals| residuals.with_values(values));
        let n_residuals = residuals.as_ref().map_or(0, |r| r.fit.n_residuals());
        let convex = facts.curvature == crate::problem::Curvature::Convex;
        let cones = self.cones.filter(|_| convex).and_then(|cones| cones.with_values(values));
        let n_cones = cones.as_ref().map_or(0, |c| c.cones.len());
        let facts = crate::problem::ProblemFacts { n_l1: self.facts.n_l1, n_residuals, n_cones, ..facts };
        let mut bound = Self { instance, oracle, prepared, survey, facts, residuals, cones, ..self };
        if !bound.l1.is_empty() {
            bound.weigh();
        }
        Ok(bound)
    }
}
