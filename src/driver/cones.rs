//! The second-order cones of a bound model whose norms stand in convex positions.
//!
//! Takes a bound model that is convex, gives its conic form compiled: rows that are linear, and which of them are a cone
//! together. Answers are judged on that form by the interpreter, which needs no slope of a norm at its tip, and their
//! points on the model as it was written.
//! Deliberately absent: recognition (`pass::norms`), matrices (`bridge`), the method.

use super::class;
use super::judge::Judge;
use super::patience::Patience;
use super::ranges::Hulls;
use super::session::Session;
use super::solve::Bound;
use super::survey::{range_of_data, survey};
use crate::base::{Id, Name};
use crate::bind::Instance;
use crate::diag::Reports;
use crate::interp::{Deps, Env, Interp, Plain};
use crate::ir::model::Model;
use crate::ir::{ConId, Plan};
use crate::kernel::{CompiledOracle, Mode};
use crate::num::random::Stream;
use crate::pass::norms::{Norms, Template, norms};
use crate::problem::verify::{confirmed, interrupted, verify};
use crate::problem::{Candidate, Curvature, Degree, Oracle, ProblemFacts, SecondOrder, Shape, Site, Verdict};
use std::ops::Range;
use std::sync::Arc;

/// A conic form, compiled.
#[derive(Clone)]
pub struct Cones {
    /// The variables and rows of the model, then what the cones need.
    pub model: Arc<Model>,
    /// Its data.
    pub instance: Arc<Instance>,
    /// The compiled rows.
    pub oracle: Arc<CompiledOracle>,
    /// Its class.
    pub facts: ProblemFacts,
    /// Which rows are cones.
    pub cones: Vec<SecondOrder>,
    templates: Vec<Template>,
    plan: Arc<Plan>,
}

impl Cones {
    /// The form by interpretation.
    pub fn judge(&self) -> Judge {
        let shape = Shape {
            cones: self.cones.clone(),
            linear_rows: vec![true; self.instance.shape.n_cons],
            ..self.instance.shape.clone()
        };
        let shape = Shape { linear_objectives: self.oracle.shape().linear_objectives.clone(), ..shape };
        Judge::new(Arc::clone(&self.model), self.instance.world.clone(), shape)
    }

    /// What the judge says of an answer in this form, and the answer in the variables and rows of the problem `own`, on
    /// whose functions the point is looked at again.
    pub fn judged(&self, candidate: &Candidate, (own, patience): (&Judge, Patience)) -> (Verdict, Candidate) {
        let judge = self.judge().with(patience);
        let verdict = verify(&judge, &self.facts, candidate);
        let verdict = if judge.gave_up() { interrupted(verdict) } else { verdict };
        let (n, m) = (own.shape().n_vars, own.shape().n_cons);
        let mut shorter = candidate.clone().within(n, m);
        let verdict = confirmed(verdict, own, &shorter.x);
        if let Some(objective) = verdict.evidence.objective {
            shorter.objective = objective;
        }
        (verdict.within(n, m), shorter)
    }

    /// What a row or variable is called; of those that were added, what they are there for. The problem itself has so many
    /// variables and rows.
    pub fn site_name(&self, site: Site, (n_vars, n_cons): (usize, usize)) -> String {
        let name = match site {
            Site::Row(row) if (row as usize) < n_cons => self.instance.row_name(&self.model, row as usize),
            Site::Var(var) if (var as usize) < n_vars => self.instance.var_name(&self.model, var as usize),
            _ => Some("a norm".into()),
        };
        name.unwrap_or_default()
    }

    /// The same with other values of numeric params; nothing when the norms are none of a vector any more. Nothing is
    /// compiled, and the class stays what `bound` says.
    pub fn with_values(self, values: &[(Name, Vec<f64>)]) -> Option<Self> {
        let Self { model, instance, mut oracle, facts, templates, plan, .. } = self;
        drop(instance);
        let compiled = Arc::make_mut(&mut oracle);
        let done = compiled.change_numbers(|data| data.set_values(&model, &plan, values, &mut Reports::new()));
        let instance = Arc::clone(oracle.instance());
        instance.world.list_joins(&model);
        let cones = if done { cones_of(&model, &instance, &templates, oracle.as_ref()) } else { None }?;
        Some(Self { model, instance, oracle, facts, cones, templates, plan })
    }
}

impl Session {
    /// The conic form of a bound model; nothing when it has none.
    pub(super) fn cones(&mut self, bound: &Bound) -> Option<Cones> {
        let facts = &bound.facts;
        let hard = facts.objective.max(facts.rows) == Degree::Nonlinear;
        let plain = facts.n_objectives <= 1 && facts.n_integer == 0 && facts.n_complementarity == 0;
        if !hard || !plain || facts.curvature != Curvature::Convex {
            return None;
        }
        let hulls = Hulls::new(&bound.prepared, &bound.instance);
        let range = |model: &Model, node| range_of_data(model, node, &hulls);
        let Norms { model, cones: templates } = norms(&bound.checked, &range)?;
        let prepared = self.prepare(model.clone());
        // What is to be said about the data was said when the model itself was bound.
        let (instance, oracle) = self.compile(&model, &prepared, Mode::Condensed, &mut Reports::new()).ok()?;
        // As prepared: `let`s are written out in its templates.
        let survey = survey(&prepared.model, &prepared.plan, &Hulls::new(&prepared, &instance));
        let facts = class::facts(&survey, &oracle, &instance.shape);
        let fits = facts.rows <= Degree::Linear && facts.objective <= Degree::Quadratic && facts.convex_objective;
        if !fits {
            return None;
        }
        let model = Arc::new(model);
        let cones = cones_of(&model, &instance, &templates, &oracle)?;
        let facts = ProblemFacts { n_cones: cones.len(), ..facts };
        let (oracle, plan) = (Arc::new(oracle), Arc::new(prepared.plan));
        Some(Cones { model, instance, oracle, facts, cones, templates, plan })
    }
}

/// Which rows are cones; nothing where a norm is not that of its rows.
fn cones_of(
    model: &Model,
    instance: &Instance,
    templates: &[Template],
    oracle: &dyn Oracle,
) -> Option<Vec<SecondOrder>> {
    let deps = Deps::new(model);
    let env: &dyn Env = instance.world.as_ref();
    let mut stream = Stream::new(1, 1);
    let x: Vec<f64> = (0..instance.shape.n_vars).map(|_| 2.0 * stream.unit() - 1.0).collect();
    let mut walk = Interp::new(model, env, &deps, Plain { x: &x });
    let rows_of = |con: ConId| instance.rows[con.index()]..instance.rows[con.index() + 1];
    let mut c = vec![0.0; instance.shape.n_cons];
    let mut ws = oracle.workspace();
    ws.set_point(&x);
    oracle.constraints(&mut ws, &mut c).ok()?;
    let mut cones = Vec::new();
    for template in templates {
        let mut heads = rows_of(template.head);
        let mut tails: Vec<Range<usize>> = template.tails.iter().map(|tail| rows_of(tail.rows)).collect();
        let mut sound = true;
        let domain = model.constraints[template.head].domain;
        walk.for_each(domain, &mut |walk| {
            let mut tail = Vec::new();
            for (rows, template) in tails.iter_mut().zip(&template.tails) {
                let count = walk.data(template.count)? as usize;
                tail.extend(rows.by_ref().take(count).map(|row| row as u32));
            }
            let head = heads.next().map_or(0, |row| row as u32);
            let cone = SecondOrder { head, tail };
            let (norm, length) = (walk.number(template.norm)?, cone.length(&c));
            sound &= (norm - length).abs() <= SAME * norm.abs().max(1.0);
            cones.push(cone);
            Ok(())
        })
        .ok()?;
        if !sound || !heads.is_empty() || tails.iter().any(|rows| !rows.is_empty()) {
            return None;
        }
    }
    Some(cones)
}

/// How far a norm may be from the length of its rows, relative: they are the same numbers in another order.
const SAME: f64 = 1e-9;
