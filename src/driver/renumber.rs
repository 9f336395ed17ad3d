//! Other numbers for a bound model: what depends on them is computed again, nothing is compiled.

use super::class::facts;
use super::judge::Judge;
use super::ranges::Hulls;
use super::solve::Bound;
use super::survey::{range_of_data, survey};
use crate::base::Name;
use crate::diag::Reports;
use crate::diag::codes::limit::LimitError;
use crate::ir::Model;
use crate::pass::absolute::{Apart, apart};
use crate::pass::epigraph::without_kinks;
use crate::problem::Oracle;
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
        let bound = Self { instance, oracle, prepared, survey, facts, residuals, cones, ..self };
        bound.restated_as_before()
    }

    /// Whether it is in another form than it was written.
    pub fn is_restated(&self) -> bool {
        self.n_kinks > 0 || !self.l1.is_empty()
    }

    /// What stands for kinks rests on the signs of factors, and weights of absolute values are numbers of their own: both
    /// are looked at again.
    fn restated_as_before(mut self) -> Result<Self, Box<(Self, Reports)>> {
        let holds =
            if self.n_kinks > 0 { self.has_the_same_kinks() } else { self.l1.is_empty() || self.weighs_again() };
        if holds {
            return Ok(self);
        }
        let error = LimitError::BadArgument {
            argument: "a param's value".into(),
            reason: "a factor of `abs`, `max` or `min` has another sign now, so that the model takes another form"
                .into(),
            help: Some("compile the model again with the new value".into()),
        };
        Err(Box::new((self, error.into())))
    }

    /// Whether the model without kinks is the one that was compiled.
    fn has_the_same_kinks(&self) -> bool {
        let hulls = Hulls::new(&self.prepared, &self.instance);
        let range = |model: &Model, node| range_of_data(model, node, &hulls);
        let Some((model, n_kinks)) = without_kinks(&self.written, &range) else { return false };
        let bodies = |model: &Model| {
            let objectives = model.objectives.iter().map(|o| o.body);
            objectives.chain(model.constraints.iter().map(|c| c.body)).collect::<Vec<_>>()
        };
        n_kinks == self.n_kinks && bodies(&model) == bodies(&self.checked)
    }

    /// Computes the weights of absolute values; whether there are any of the right sign.
    fn weighs_again(&mut self) -> bool {
        let Some(Apart { weights, .. }) = apart(&self.written) else { return false };
        let weights = Arc::new(weights);
        self.instance.world.list_joins(&weights);
        let linear = Judge::new(weights, self.instance.world.clone(), self.instance.shape.clone());
        let mut ws = linear.workspace();
        let mut l1 = vec![0.0; self.instance.shape.n_vars];
        let done = linear.gradient(&mut ws, &[1.0], &mut l1).is_ok() && l1.iter().all(|w| *w >= 0.0);
        if done {
            self.facts.n_l1 = l1.iter().filter(|w| **w > 0.0).count();
            self.l1 = l1;
        }
        done
    }
}
