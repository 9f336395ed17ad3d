//! The bound model.

use super::address::{Address, Form};
use super::domain::BoundDomain;
use super::enumerate::enumerate;
use super::family::{ComputedColumn, Defs, Elements, FamilyBinder};
use super::params::{Binding, params_in_bounds};
use super::world::World;
use crate::base::{Id, IdVec, Name, limits};
use crate::data::Store;
use crate::diag::codes::data::DataError;
use crate::diag::codes::limit::LimitError;
use crate::diag::{Reports, Sources};
use crate::func::{self, Surface};
use crate::interp::{self, Env, Fault, FaultKind, Interp, Plain, Val, Writer};
use crate::ir::plan::{Def, DefKind, FamilyId, PlanDomainId, Target};
use crate::ir::{ArrayId, ConId, Model, Node, NodeId, Plan, ReduceOp, SetId, VarId, pretty};
use crate::problem::{Bounds, Sense, Shape};
use crate::syntax::ast;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What binding needs beside the model.
pub struct Inputs<'a> {
    /// The data files.
    pub store: &'a mut Store,
    /// Texts of the session: data files become part of it.
    pub sources: &'a mut Sources,
    /// `--set NAME=VALUE`.
    pub set: &'a [(Name, f64)],
    /// Where random numbers come from.
    pub seed: u64,
    /// Most bytes that may be taken; [`limits::MAX_BIND_BYTES`] unless the session says otherwise.
    pub max_bytes: usize,
}

/// Where a leaf's values are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Buffer {
    /// Variables, then slots of defined arrays.
    Z,
    /// Numbers of the instance.
    Data,
}

/// A leaf of a family.
#[derive(Clone, PartialEq, Debug)]
pub struct Leaf {
    /// Which buffer.
    pub buffer: Buffer,
    /// Where in it, per instance.
    pub at: Address,
}

/// A bound family.
#[derive(Clone, Debug)]
pub struct FamilyInstance {
    /// Number of instances.
    pub count: usize,
    /// Where each leaf is found.
    pub leaves: BTreeMap<NodeId, Leaf>,
    /// Where the value goes: the row, the slot of z, or the number of the objective.
    pub target: Address,
}

/// A bound defined array.
#[derive(Clone, Debug)]
pub struct DefInstance {
    /// First slot of z.
    pub z: usize,
    /// Number of slots.
    pub len: usize,
    /// Lengths of the axes; empty for one slot per instance.
    pub dims: Vec<usize>,
    /// For the items of a group: the slot of the group (from 0) each item belongs to.
    pub parents: Option<Address>,
}

/// A model with its data. Rows are in the order of the constraints and of the instances of each.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Number of variables.
    pub n_x: usize,
    /// Number of variables and slots of defined arrays.
    pub n_z: usize,
    /// Numbers: entries of params row-major, columns made for families.
    pub data: Arc<Vec<f64>>,
    /// By family of the plan.
    pub families: IdVec<FamilyId, FamilyInstance>,
    /// By definition of the plan.
    pub defs: Vec<DefInstance>,
    /// Sizes, bounds, start. Whether rows and objectives are linear is for `pass::classify` to say.
    pub shape: Shape,
    /// By domain of the plan.
    pub domains: IdVec<PlanDomainId, Arc<BoundDomain>>,
    /// First row of each constraint; one more entry than there are constraints.
    pub rows: Vec<usize>,
    /// Domains of the rows, by constraint.
    pub row_domains: IdVec<ConId, Arc<BoundDomain>>,
    /// Columns of data made for families, for binding a number anew.
    pub(super) columns: Vec<ComputedColumn>,
    pub(super) overrides: Vec<(Name, f64)>,
    pub(super) arrays: super::rebind::Arrays,
    pub(super) seed: u64,
    /// Sets, params, labels: the environment of the interpreter.
    pub world: Arc<World>,
}

/// Meets a model with its data. Nothing when `reports` got an error; notes may be reported beside an
/// instance.
pub fn bind(
    model: &Model,
    plan: &Plan,
    leaves: &IdVec<FamilyId, Vec<NodeId>>,
    mut inputs: Inputs<'_>,
    reports: &mut Reports,
) -> Option<Instance> {
    let before = reports.len();
    let mut binding = Binding {
        model,
        world: World::new(model, inputs.max_bytes),
        overrides: inputs.set.to_vec(),
        seed: inputs.seed,
        ends: params_in_bounds(model),
        reports,
    };
    binding.tables(&mut inputs);
    if binding.failed(before) {
        return None;
    }
    binding.sets_and_params(&mut inputs);
    if binding.failed(before) {
        return None;
    }
    binding.checks();
    let n_x = binding.blocks()?;
    let variables = binding.variables(n_x);
    let (domains, ok) = binding.plan_domains(plan);
    if !ok {
        return None;
    }
    let (rows, row_bounds) = binding.rows(plan, &domains)?;
    let (defs, n_z) = binding.defs(plan, &domains, n_x)?;
    let mut columns = Vec::new();
    let families =
        binding.families(plan, leaves, &Places { domains: &domains, rows: &rows, defs: &defs }, &mut columns);
    if binding.failed(before) {
        return None;
    }
    let Binding { world, .. } = binding;
    let row_domains = plan.rows.iter().map(|d| domains[*d].clone()).collect();
    let n_cons = rows.last().copied().unwrap_or(0);
    let shape = Shape {
        n_vars: n_x,
        n_cons,
        n_objectives: model.objectives.len(),
        vars: variables.bounds,
        rows: row_bounds,
        start: variables.start,
        senses: model.objectives.iter().map(|o| sense(o.sense)).collect(),
        integer: variables.integer,
        linear_rows: vec![false; n_cons],
        linear_objectives: vec![false; model.objectives.len()],
        ..Shape::default()
    };
    let groups: BTreeMap<ArrayId, PlanDomainId> = plan
        .defs
        .iter()
        .filter_map(|g| match g.kind {
            DefKind::Group { items, .. } => Some((items, g.domain)),
            _ => None,
        })
        .collect();
    let def_of = |def: &Def| {
        let owner = groups.get(&def.array).map(|g| &domains[*g]);
        def_instance(model, &world, owner, &defs, def)
    };
    let def_list = plan.defs.iter().map(def_of).collect();
    let mut world = world;
    // A leaf of a family without instances has to point somewhere, and code that reads numbers in pairs reads one more.
    world.store([0.0]);
    Some(Instance {
        n_x,
        n_z,
        data: world.data.clone(),
        families: families?,
        defs: def_list,
        shape,
        domains,
        rows,
        row_domains,
        columns,
        overrides: inputs.set.to_vec(),
        arrays: super::rebind::Arrays::new(),
        seed: inputs.seed,
        world: Arc::new(world),
    })
}

fn sense(sense: ast::Sense) -> Sense {
    match sense {
        ast::Sense::Minimize => Sense::Minimize,
        ast::Sense::Maximize => Sense::Maximize,
    }
}

fn def_instance(model: &Model, world: &World, owner: Option<&Arc<BoundDomain>>, defs: &Defs, def: &Def) -> DefInstance {
    let (z, domain) = &defs.at[&def.array];
    let dims = model.arrays[def.array].axes.iter().map(|a| world.sets[*a].len);
    let parents = owner.and_then(|owner| Some(plus(0, domain.instance_of(owner)?, domain)));
    DefInstance { z: *z, len: domain.count, dims: if def.dense { dims.collect() } else { Vec::new() }, parents }
}

/// Where rows and defined arrays stand.
struct Places<'a> {
    domains: &'a IdVec<PlanDomainId, Arc<BoundDomain>>,
    rows: &'a [usize],
    defs: &'a Defs,
}

impl Binding<'_> {
    /// Whether an error was reported since there were `before` reports.
    pub fn failed(&self, before: usize) -> bool {
        self.reports.iter().skip(before).any(|e| e.message().severity == crate::diag::Severity::Error)
    }

    fn plan_domains(&mut self, plan: &Plan) -> (IdVec<PlanDomainId, Arc<BoundDomain>>, bool) {
        let mut out: IdVec<PlanDomainId, Arc<BoundDomain>> = IdVec::new();
        let mut ok = true;
        let needed = needed(plan);
        for (id, domain) in plan.domains.enumerate() {
            let Some(parent) = domain.parent.filter(|_| needed[id]) else {
                out.push(BoundDomain::root());
                continue;
            };
            let at = domain.origin.span();
            let parent = out[parent].clone();
            match enumerate(self.model, &self.world, &parent, &domain.binders, &domain.filters, at) {
                Ok(bound) if bound.count <= limits::MAX_ELEMENTS => {
                    out.push(Arc::new(bound));
                }
                Ok(bound) => {
                    let count = Some(bound.count);
                    self.reports.push(LimitError::TooManyElements { at, count, most: limits::MAX_ELEMENTS });
                    ok = false;
                    out.push(Arc::new(BoundDomain::below(&parent)));
                }
                Err(stop) => {
                    self.report(stop, at);
                    ok = false;
                    out.push(Arc::new(BoundDomain::below(&parent)));
                }
            }
        }
        (out, ok)
    }

    fn rows(&mut self, plan: &Plan, domains: &IdVec<PlanDomainId, Arc<BoundDomain>>) -> Option<(Vec<usize>, Bounds)> {
        let mut first = vec![0usize];
        let mut bounds = Bounds::default();
        let mut ok = true;
        for (con, domain) in plan.rows.enumerate() {
            let domain = domains[*domain].clone();
            let at = self.model.constraints[con].at;
            let end = first[first.len() - 1] + domain.count;
            if end > limits::MAX_ELEMENTS {
                self.reports.push(LimitError::TooManyElements { at, count: Some(end), most: limits::MAX_ELEMENTS });
                return None;
            }
            first.push(end);
            if let Err(stop) = self.world.take(domain.count, 16, at) {
                self.report(stop, at);
                return None;
            }
            match self.row_bounds(con, &domain) {
                Some((lower, upper)) => {
                    bounds.lower.extend(lower);
                    bounds.upper.extend(upper);
                }
                None => ok = false,
            }
        }
        ok.then_some((first, bounds))
    }

    fn defs(
        &mut self,
        plan: &Plan,
        domains: &IdVec<PlanDomainId, Arc<BoundDomain>>,
        n_x: usize,
    ) -> Option<(Defs, usize)> {
        let mut defs = Defs::default();
        let mut n_z = n_x;
        for def in &plan.defs {
            let domain = domains[def.domain].clone();
            let end = n_z + domain.count;
            if end > limits::MAX_ELEMENTS {
                let at = def.origin.span();
                self.reports.push(LimitError::TooManyElements { at, count: Some(end), most: limits::MAX_ELEMENTS });
                return None;
            }
            defs.at.insert(def.array, (n_z, domain));
            n_z = end;
        }
        Some((defs, n_z))
    }

    fn families(
        &mut self,
        plan: &Plan,
        leaves: &IdVec<FamilyId, Vec<NodeId>>,
        places: &Places<'_>,
        columns: &mut Vec<ComputedColumn>,
    ) -> Option<IdVec<FamilyId, FamilyInstance>> {
        let Places { domains, rows, defs } = *places;
        let mut elements = Elements::default();
        let mut out = IdVec::new();
        let mut ok = true;
        for (id, family) in plan.families.enumerate() {
            let domain = domains[family.domain].clone();
            let target = match family.target {
                Target::Objective(objective) => Some(Address::Affine { base: objective.0, stride: 0 }),
                Target::Row(con) => {
                    let outer = domain.instance_of(&domains[plan.homes[con]]);
                    outer.map(|pos| plus(rows[con.index()], pos, &domain))
                }
                Target::Array(array) => {
                    let (z, of) = &defs.at[&array];
                    domain.instance_of(of).map(|pos| plus(*z, pos, &domain))
                }
            };
            let Some(target) = target else { crate::bug!("a family outside the domain of its target") };
            let at = family.origin.span();
            let (elements, body) = (&mut elements, family.body);
            let mut binder = FamilyBinder { binding: self, defs, elements, columns, id, domain, body, at };
            let mut found = BTreeMap::new();
            for &leaf in &leaves[id] {
                match binder.leaf(leaf) {
                    Some(address) => {
                        found.insert(leaf, address);
                    }
                    None => ok = false,
                }
            }
            let count = binder.domain.count;
            out.push(FamilyInstance { count, leaves: found, target });
        }
        ok.then_some(out)
    }

    /// Tests every `check` of the model.
    pub fn checks(&mut self) {
        for check in &self.model.checks {
            let Some(value) = self.scalar(check.cond, check.at) else { continue };
            if value != 0.0 && !value.is_nan() {
                continue;
            }
            let at = self.model.graph.span_within(check.cond, check.at);
            let message = match &check.message {
                Some(text) => text.to_string(),
                None => "a check does not hold".to_owned(),
            };
            let values = self.sides(check.cond);
            self.reports.push(DataError::CheckFailed { at, message, values });
        }
    }

    /// Why a condition does not hold: both sides of a comparison, the first instance of an `all`.
    fn sides(&mut self, cond: NodeId) -> String {
        let model = self.model;
        let mut walk = Interp::new(model, &self.world, &self.world.deps, Plain { x: &[] });
        let mut cond = cond;
        let mut indices = Vec::new();
        // The error leaves the loop with the indices at the first instance that fails.
        while let Node::Reduce { op: ReduceOp::All, domain, body } = *model.graph.node(cond) {
            let stopped = walk.for_each(domain, &mut |walk| match walk.data(body) {
                Ok(value) if value != 0.0 => Ok(()),
                _ => Err(walk.fault(body, FaultKind::NotANumber)),
            });
            let Err(fault) = stopped else { break };
            indices = fault.at;
            cond = body;
        }
        let at = Fault { node: cond, kind: FaultKind::NotANumber, at: indices }.indices(&walk);
        let at = if at.is_empty() { at } else { format!("at {at}: ") };
        if let Node::Call { func, args } = model.graph.node(cond)
            && let Surface::Operator(sign) = func::row(*func).surface
            && let [a, b] = args[..]
            && let (Ok(a), Ok(b)) = (walk.data(a), walk.data(b))
        {
            return format!("{at}{} {sign} {} does not hold", interp::number(a), interp::number(b));
        }
        format!("{at}this does not hold")
    }
}

/// Domains that some row, family or defined array lies in: others stand for them.
fn needed(plan: &Plan) -> IdVec<PlanDomainId, bool> {
    let mut needed: IdVec<PlanDomainId, bool> = plan.domains.iter().map(|_| false).collect();
    let families = plan.families.iter().map(|f| f.domain);
    let used =
        plan.rows.iter().chain(plan.homes.iter()).copied().chain(families).chain(plan.defs.iter().map(|d| d.domain));
    for mut id in used.collect::<Vec<_>>() {
        while !needed[id] {
            needed[id] = true;
            let Some(parent) = plan.domains[id].parent else { break };
            id = parent;
        }
    }
    needed
}

fn plus(base: usize, pos: super::address::Pos, domain: &BoundDomain) -> Address {
    let mut form = Form::constant(base);
    form.add(1, pos);
    form.address(domain.count, &domain.digits)
}

/// The element at a row-major entry of some axes.
pub fn element_of(model: &Model, world: &World, axes: &[SetId], entry: usize) -> Vec<Val> {
    let mut rest = entry;
    let mut parts = Vec::new();
    for &axis in axes.iter().rev() {
        let len = world.sets[axis].len.max(1);
        for part in (0..model.sets[axis].arity()).rev() {
            parts.push(world.element(axis, rest % len, part));
        }
        rest /= len;
    }
    parts.reverse();
    parts
}

impl Instance {
    /// `ship[seattle, new_york]`, or nothing for a slot that is no variable.
    pub fn var_name(&self, model: &Model, slot: usize) -> Option<String> {
        let (var, entry) = self.var_at(slot)?;
        let element = element_of(model, &self.world, &model.vars[var].axes, entry);
        Some(Writer::new(model, self.world.as_ref()).indexed(&model.vars[var].name, &element))
    }

    /// The variable and entry of a slot of x.
    pub fn var_at(&self, slot: usize) -> Option<(VarId, usize)> {
        let at = self.world.vars.as_slice().partition_point(|b| b.offset <= slot);
        // Variables without entries share their offset with the next.
        let var = (0..at).rev().map(VarId::new).find(|v| self.world.vars[*v].len > 0)?;
        let block = self.world.vars[var];
        (slot < block.offset + block.len).then(|| (var, slot - block.offset))
    }

    /// The constraint and instance of a row.
    pub fn row_at(&self, row: usize) -> Option<(ConId, usize)> {
        let after = self.rows.partition_point(|first| *first <= row);
        let con = after.checked_sub(1).filter(|c| c + 1 < self.rows.len())?;
        Some((ConId::new(con), row - self.rows[con]))
    }

    /// `balance[7]`; unnamed constraints are called by their number.
    pub fn row_name(&self, model: &Model, row: usize) -> Option<String> {
        let (con, k) = self.row_at(row)?;
        let element = self.row_element(model, con, k);
        Some(Writer::new(model, self.world.as_ref()).indexed(&pretty::con_name(model, con), &element))
    }

    /// The element a row stands at.
    pub fn row_element(&self, model: &Model, con: ConId, k: usize) -> Vec<Val> {
        element_at(model, &self.world, &self.row_domains[con], k)
    }

    /// The name of a slot of a defined array.
    pub fn def_name(&self, model: &Model, array: ArrayId, entry: usize) -> String {
        let element = element_of(model, &self.world, &model.arrays[array].axes, entry);
        Writer::new(model, self.world.as_ref()).indexed(&pretty::array_name(model, array), &element)
    }

    /// The row of a constraint at an element of its domain.
    pub fn row_of(&self, model: &Model, con: ConId, element: &[Val]) -> Option<usize> {
        let domain = &self.row_domains[con];
        (0..domain.count)
            .find(|k| element_at(model, &self.world, domain, *k) == element)
            .map(|k| self.rows[con.index()] + k)
    }

    /// Labels of the elements of an axis, for reports.
    pub fn axis_labels(&self, model: &Model, set: SetId) -> Vec<String> {
        let writer = Writer::new(model, self.world.as_ref());
        let arity = model.sets[set].arity();
        let element = |k: usize| {
            let parts: Vec<String> = (0..arity).map(|part| writer.val(self.world.element(set, k, part))).collect();
            parts.join(", ")
        };
        (0..self.world.sets[set].len).map(element).collect()
    }
}

/// The element the binders of a domain stand at.
fn element_at(model: &Model, world: &World, domain: &BoundDomain, k: usize) -> Vec<Val> {
    use crate::ir::model::Over;
    let mut out = Vec::new();
    for (binder, place) in super::lanes::places_at(domain, k) {
        match model.binders[binder].over {
            Over::Range { .. } => out.push(Val::Num(place as f64)),
            Over::Set(set) => {
                out.extend((0..model.sets[set].arity()).map(|p| world.element(set, place as usize, p)));
            }
        }
    }
    out
}
