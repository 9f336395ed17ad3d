//! Ranges of data and variables in a bound model, for the survey.

use super::session::Prepared;
use super::survey::Ranges;
use crate::base::{Id, IdVec, Interval};
use crate::bind::Instance;
use crate::interp::{Env, Val};
use crate::ir::model::Over;
use crate::ir::plan::PlanDomainId;
use crate::ir::{BinderId, ConId, ParamId, VarId};

/// Hulls, computed once per param and variable.
pub struct Hulls<'a> {
    prepared: &'a Prepared,
    instance: &'a Instance,
    params: IdVec<ParamId, Interval>,
    vars: IdVec<VarId, Interval>,
}

impl<'a> Hulls<'a> {
    /// The hulls of an instance of a prepared model.
    pub fn new(prepared: &'a Prepared, instance: &'a Instance) -> Self {
        let world = &instance.world;
        let params = prepared.model.params.ids().map(|p| {
            let block = world.params[p];
            if world.is_label[p] { Interval::ALL } else { hull(&instance.data[block.offset..block.offset + block.len]) }
        });
        let bounds = &instance.shape.vars;
        let vars = prepared.model.vars.ids().map(|v| {
            let block = world.vars[v];
            let slots = block.offset..block.offset + block.len;
            let lower = hull(&bounds.lower[slots.clone()]);
            let upper = hull(&bounds.upper[slots]);
            if lower.is_empty() { Interval::ALL } else { Interval::new(lower.lo, upper.hi) }
        });
        Self { params: params.collect(), vars: vars.collect(), prepared, instance }
    }
}

/// The smallest interval with all values; everything when one of them is not a number.
fn hull(values: &[f64]) -> Interval {
    if values.iter().any(|v| v.is_nan()) {
        return Interval::ALL;
    }
    values.iter().fold(Interval::EMPTY, |all, v| all.hull(Interval::point(*v)))
}

impl Ranges for Hulls<'_> {
    fn var(&self, var: VarId) -> Interval {
        self.vars[var]
    }

    fn param(&self, param: ParamId) -> Interval {
        let hull = self.params[param];
        if hull.is_empty() { Interval::ALL } else { hull }
    }

    fn index(&self, binder: BinderId, part: u16) -> Interval {
        let Over::Set(set) = self.prepared.model.binders[binder].over else { return Interval::ALL };
        let world = &self.instance.world;
        let len = world.set_len(set);
        let value = |k: usize| match world.element(set, k, part as usize) {
            Val::Num(v) => Interval::point(v),
            Val::Label(_) | Val::Row(..) => Interval::ALL,
        };
        // Ranges are monotone: their ends are enough.
        let is_range = matches!(self.prepared.model.sets[set].kind, crate::ir::model::SetKind::Range { .. });
        let all = if is_range && len > 0 {
            value(0).hull(value(len - 1))
        } else {
            (0..len).map(value).fold(Interval::EMPTY, Interval::hull)
        };
        if all.is_empty() { Interval::ALL } else { all }
    }

    fn count(&self, domain: PlanDomainId) -> usize {
        self.instance.domains[domain].count
    }

    fn ends(&self, con: ConId) -> (bool, bool) {
        let rows = self.instance.rows[con.index()]..self.instance.rows[con.index() + 1];
        let bounds = &self.instance.shape.rows;
        let any = |of: &[f64]| of[rows.clone()].iter().any(|v| v.is_finite());
        (any(&bounds.lower), any(&bounds.upper))
    }
}
