//! Another value for a number: everything computed from it is computed again, nothing moves.
//!
//! Only params of role numeric may change: they size no set, choose no entry and shape no kernel, so
//! counts, addresses and compiled code stay as they are. Re-solves, tuning and `--set` after binding
//! use this.

use super::instance::Instance;
use super::lanes::Lanes;
use super::order::{self, Item};
use super::params::{Binding, params_in_bounds};
use super::world::{Stop, World};
use crate::base::{Id, Name};
use crate::diag::Reports;
use crate::diag::codes::data::DataError;
use crate::ir::model::Role;
use crate::ir::{Model, ParamId, Plan};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Values of arrays that were given after binding.
pub(super) type Arrays = BTreeMap<ParamId, Arc<[f64]>>;

impl Instance {
    /// Gives scalar numeric params other values; as [`Instance::set_values`].
    pub fn set_numbers(&mut self, model: &Model, plan: &Plan, values: &[(Name, f64)], reports: &mut Reports) -> bool {
        let values: Vec<(Name, Vec<f64>)> = values.iter().map(|(name, value)| (name.clone(), vec![*value])).collect();
        self.set_values(model, plan, &values, reports)
    }

    /// Everything that was given in place of what the model and its files say of numeric params, so that another instance of
    /// its data can be given the same.
    pub fn given(&self, model: &Model) -> Vec<(Name, Vec<f64>)> {
        let numbers = self.overrides.iter().map(|(name, value)| (name.clone(), vec![*value]));
        let arrays = self.arrays.iter().map(|(param, values)| (model.params[*param].name.clone(), values.to_vec()));
        numbers.chain(arrays).collect()
    }

    /// Gives numeric params other values, those of arrays by position, the last index running fastest. `model` and `plan`
    /// are those that were bound. When something is reported nothing has changed.
    pub fn set_values(
        &mut self,
        model: &Model,
        plan: &Plan,
        values: &[(Name, Vec<f64>)],
        reports: &mut Reports,
    ) -> bool {
        let before = reports.len();
        let mut given: Vec<(Name, f64)> = self.overrides.clone();
        let mut arrays = self.arrays.clone();
        for (name, value) in values {
            let array =
                model.params.ids().find(|p| model.params[*p].name == *name && !model.params[*p].axes.is_empty());
            match (array, &value[..]) {
                (Some(param), value) => {
                    let (declared, len) = (&model.params[param], self.world.params[param].len);
                    if value.len() != len {
                        let (name, at) = (declared.name.clone(), declared.at);
                        reports.push(DataError::WrongLength { at, name, expected: len, found: value.len() });
                    } else if let Some(k) = value.iter().position(|v| v.is_nan()) {
                        let reason = format!("value {} of {len} is not a number", k + 1);
                        let (name, at) = (name.to_string(), Some(declared.at));
                        reports.push(DataError::CannotSet { name, at, reason, suggestion: None });
                    }
                    arrays.insert(param, value.to_vec().into());
                }
                (None, [value]) => {
                    if value.is_nan() {
                        let (name, reason) = (name.to_string(), "the value is not a number".into());
                        reports.push(DataError::CannotSet { name, at: None, reason, suggestion: None });
                    }
                    given.retain(|(earlier, _)| earlier != name);
                    given.push((name.clone(), *value));
                }
                (None, _) => {
                    let reason = format!("it is one number, not {}", value.len());
                    reports.push(DataError::CannotSet { name: name.to_string(), at: None, reason, suggestion: None });
                }
            }
        }
        if reports.len() > before {
            return false;
        }
        let mut binding = Binding {
            model,
            world: self.world.fork(),
            overrides: given.clone(),
            seed: self.seed,
            ends: params_in_bounds(model),
            reports,
        };
        binding.check_overrides();
        let changed = binding.changed(values, &arrays);
        binding.compute_again(&changed, &arrays);
        if binding.failed(before) {
            return false;
        }
        binding.checks();
        let variables = binding.variables(self.n_x);
        let mut rows = crate::problem::Bounds::default();
        for con in model.constraints.ids() {
            if let Some((lower, upper)) = binding.row_bounds(con, &self.row_domains[con]) {
                rows.lower.extend(lower);
                rows.upper.extend(upper);
            }
        }
        for column in &self.columns {
            let domain = &self.domains[plan.families[column.family].domain];
            if let Err(stop) = refill(model, &mut binding.world, domain, *column) {
                binding.report(stop, plan.families[column.family].origin.span());
            }
        }
        if binding.failed(before) {
            return false;
        }
        let Binding { world, .. } = binding;
        self.shape.vars = variables.bounds;
        self.shape.start = variables.start;
        self.shape.rows = rows;
        self.data = world.data.clone();
        self.world = Arc::new(world);
        self.overrides = given;
        self.arrays = arrays;
        debug_assert_eq!(self.shape.rows.len(), self.rows[model.constraints.next_id().index()]);
        true
    }
}

fn refill(
    model: &Model,
    world: &mut World,
    domain: &super::domain::BoundDomain,
    column: super::family::ComputedColumn,
) -> Result<(), Stop> {
    let at = model.graph.origin(column.node).span();
    let mut values = Vec::with_capacity(domain.count);
    let n = if world.deps.of(column.node).is_empty() { domain.count.min(1) } else { domain.count };
    // Instances that do not need the value were looked at when the model was bound.
    Lanes::new(model, world, domain, &[column.node], at)?.for_range(0, n, &mut |_, block, _| {
        values.extend_from_slice(block[0]);
        Ok(())
    })?;
    Arc::make_mut(&mut world.data)[column.offset..column.offset + values.len()].copy_from_slice(&values);
    Ok(())
}

impl Binding<'_> {
    /// The params that are given, or depend on one that is; reports those that may not change.
    fn changed(&mut self, values: &[(Name, Vec<f64>)], arrays: &Arrays) -> Vec<ParamId> {
        let mut changed: BTreeSet<ParamId> = BTreeSet::new();
        let fixed: BTreeSet<ParamId> = self.overridden().chain(arrays.keys().copied()).collect();
        let mut in_order = Vec::new();
        for item in order::order(self.model) {
            let Item::Param(param) = item else { continue };
            let declared = &self.model.params[param];
            let is_given = values.iter().any(|(name, _)| *name == declared.name);
            let follows =
                || order::needs(self.model, item).iter().any(|n| matches!(n, Item::Param(p) if changed.contains(p)));
            if is_given && declared.role == Role::Structural {
                let reason = "it decides sizes or subscripts: the model must be bound anew".into();
                let (name, at) = (declared.name.to_string(), Some(declared.at));
                self.reports.push(DataError::CannotSet { name, at, reason, suggestion: None });
            } else if is_given || (!fixed.contains(&param) && follows()) {
                changed.insert(param);
                in_order.push(param);
            }
        }
        in_order
    }

    fn overridden(&self) -> impl Iterator<Item = ParamId> + '_ {
        let name = |p: &ParamId| &self.model.params[*p].name;
        self.model.params.ids().filter(move |p| self.overrides.iter().any(|(n, _)| n == name(p)))
    }

    fn compute_again(&mut self, changed: &[ParamId], arrays: &Arrays) {
        for &param in changed {
            let block = self.world.params[param];
            let given = arrays.get(&param).cloned();
            if let Some(values) = given {
                Arc::make_mut(&mut self.world.data)[block.offset..block.offset + block.len].copy_from_slice(&values);
            } else if let Some(values) = self.values_of_model(param, block.len) {
                Arc::make_mut(&mut self.world.data)[block.offset..block.offset + block.len].copy_from_slice(&values);
            }
        }
    }
}
