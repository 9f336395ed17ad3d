//! The residuals of a bound model whose objective is a sum of squares or losses.
//!
//! Takes a model and what binding needs, gives the compiled residual rows with what each counts: the program of the
//! methods for sums of squares, in the variables of the model itself. Answers are judged on the model as it was written.
//! Deliberately absent: recognition (`pass::squares`), methods, statistics.

use super::session::Session;
use crate::base::{Id, Name};
use crate::bind::Instance;
use crate::diag::Reports;
use crate::interp::{Deps, Env, Fault, FaultKind, Interp, Plain};
use crate::ir::model::Model;
use crate::ir::{NodeId, Plan};
use crate::kernel::{CompiledOracle, Mode};
use crate::pass::squares::{self, Squares, Term};
use crate::problem::{LeastSquares, Oracle, PerRow, ProblemFacts, Program, ResidualTerm};
use std::sync::Arc;

/// Residuals, compiled.
#[derive(Clone)]
pub struct Residuals {
    /// Their model: the variables, and a row per residual.
    pub model: Model,
    /// Its data.
    pub instance: Arc<Instance>,
    /// How the rows of each constraint count, as templates.
    pub terms: Vec<Term>,
    /// The program, its facts those of the model.
    pub fit: LeastSquares,
    plan: Plan,
    constant: NodeId,
    compiled: Arc<CompiledOracle>,
}

impl Residuals {
    /// The program with another oracle of the same rows in front.
    pub fn program(&self, oracle: Arc<dyn Oracle>, facts: &ProblemFacts) -> Program {
        Program::LeastSquares(LeastSquares { oracle, facts: facts.clone(), ..self.fit.clone() })
    }

    /// The same with other values of numeric params; nothing when a weight becomes negative. Nothing is compiled.
    pub fn with_values(self, values: &[(Name, Vec<f64>)]) -> Option<Self> {
        let Self { model, instance, terms, fit, plan, constant, mut compiled } = self;
        // The oracle alone holds the data now, so that nothing is copied.
        drop((instance, fit));
        let oracle = Arc::make_mut(&mut compiled);
        // What is wrong with the values was said of the model itself.
        let done = oracle.change_numbers(|data| data.set_values(&model, &plan, values, &mut Reports::new()));
        let instance = Arc::clone(oracle.instance());
        let fit = done.then(|| fitted(&model, &instance, &terms, constant, compiled.clone()))??;
        Some(Self { model, instance, terms, fit, plan, constant, compiled })
    }
}

impl Session {
    /// The residual form of a model of class `facts`; nothing when it has none, or a weight is negative.
    pub(super) fn residuals(&mut self, model: &Model, facts: &ProblemFacts) -> Option<Residuals> {
        let plain = facts.n_cons == 0 && facts.n_objectives == 1 && facts.n_integer == 0 && facts.n_vars > 0;
        if !plain || facts.n_complementarity > 0 {
            return None;
        }
        let Squares { model, terms, constant } = squares::squares(model).ok()?;
        let prepared = self.prepare(model.clone());
        // What is to be said about the data was said when the model itself was bound.
        let (instance, oracle) = self.compile(&model, &prepared, Mode::Condensed, &mut Reports::new()).ok()?;
        // As prepared: `let`s are written out in its templates.
        let model = prepared.model;
        let compiled: Arc<CompiledOracle> = Arc::new(oracle);
        let fit = fitted(&model, &instance, &terms, constant, compiled.clone())?;
        Some(Residuals { model, instance, terms, fit, plan: prepared.plan, constant, compiled })
    }
}

/// The program, when its numbers are sound.
fn fitted(
    model: &Model,
    instance: &Instance,
    terms: &[Term],
    constant: NodeId,
    oracle: Arc<CompiledOracle>,
) -> Option<LeastSquares> {
    let (terms_of_rows, constant) = numbers(model, instance, terms, constant)?;
    let fit = LeastSquares { constant, ..LeastSquares::new(oracle, terms_of_rows) };
    let sound = fit.is_sound() && fit.n_residuals() > 0 && constant.is_finite();
    sound.then_some(fit)
}

/// Weights, scales and the constant as numbers.
fn numbers(model: &Model, instance: &Instance, terms: &[Term], constant: NodeId) -> Option<(Vec<ResidualTerm>, f64)> {
    let deps = Deps::new(model);
    let env: &dyn Env = instance.world.as_ref();
    let start = &instance.shape.start;
    let mut walk = Interp::new(model, env, &deps, Plain { x: start });
    let mut found = Vec::with_capacity(terms.len());
    for term in terms {
        let first = instance.rows[term.rows.index()];
        let rows = first..instance.rows[term.rows.index() + 1];
        let domain = model.constraints[term.rows].domain;
        let mut per_row = |node: NodeId| -> Option<PerRow> {
            // Factors that are the same for all rows may be long sums: they are computed once.
            let factors = model.graph.as_product(node).map_or_else(|| vec![node], <[NodeId]>::to_vec);
            let (each, same): (Vec<NodeId>, Vec<NodeId>) = factors.into_iter().partition(|f| !deps.of(*f).is_empty());
            let mut common = 1.0;
            for factor in same {
                common *= walk.data(factor).ok()?;
            }
            if each.is_empty() {
                return Some(PerRow::Same(common));
            }
            let mut values = Vec::with_capacity(rows.len());
            walk.for_each(domain, &mut |walk| {
                let mut value = common;
                for factor in &each {
                    value *= walk.data(*factor)?;
                }
                if value.is_nan() {
                    return Err(walk.fault(node, FaultKind::NotANumber));
                }
                values.push(value);
                Ok::<(), Fault>(())
            })
            .ok()?;
            Some(PerRow::Each(values))
        };
        let (weight, scale) = (per_row(term.weight)?, per_row(term.scale)?);
        found.push(ResidualTerm { rows, loss: term.loss, weight, scale });
    }
    let constant = walk.data(constant).ok()?;
    Some((found, constant))
}
