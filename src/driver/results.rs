//! The answer in the model's own names: variables, constraints, objectives, `show` and `expect`.
//!
//! Takes a checked model, its environment, a point and multipliers; everything is evaluated by the
//! interpreter on the model as it was written.

use super::report::{
    Axis, ConstraintReport, Domain as Kind, Expectation, Index, Label, Labels, ObjectiveReport, ProofEntry,
    ProofReport, Shown, VariableReport,
};
use crate::base::{Id, Name, Span};
use crate::bind::Instance;
use crate::diag::Sources;
use crate::interp::{Deps, Env, Interp, Joined, Plain, Val};
use crate::ir::model::{Expected, Over, SetKind, VarType};
use crate::ir::{ArrayId, ConId, DomainId, Model, NodeId, ParamId, SetId, TableId, VarId, pretty};
use crate::problem::{Bounds, Proof, Sense, Shape, StopFlag};
use crate::syntax::ast;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `a ~= b` without `tol`.
const DEFAULT_TOLERANCE: f64 = 1e-6;

/// A solved model, ready to be read.
pub struct Results<'a> {
    model: &'a Model,
    env: Solved<'a>,
    deps: Deps,
    x: &'a [f64],
    shape: &'a Shape,
}

/// The point and what belongs to it.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// Length `n_vars`.
    pub x: &'a [f64],
    /// Row multipliers, or empty.
    pub y: &'a [f64],
    /// Multipliers of lower bounds, or empty.
    pub z_lower: &'a [f64],
    /// Multipliers of upper bounds, or empty.
    pub z_upper: &'a [f64],
    /// Values of the rows.
    pub rows: &'a [f64],
}

/// Why a walk was left: nothing is wrong, so nothing is printed.
struct NobodyWaits;

/// Bound data together with the multipliers and slacks of an answer.
struct Solved<'a> {
    model: &'a Model,
    instance: &'a Instance,
    answer: Answer<'a>,
    rows: &'a Bounds,
    sense: Sense,
    /// Raised when nobody waits for the values any more.
    stop: Option<StopFlag>,
    /// Rows of constraints by the element they stand at, listed when first asked for.
    places: RefCell<BTreeMap<ConId, BTreeMap<String, usize>>>,
}

impl Env for Solved<'_> {
    fn set_len(&self, set: SetId) -> usize {
        self.instance.world.set_len(set)
    }
    fn element(&self, set: SetId, position: usize, part: usize) -> Val {
        self.go_on();
        self.instance.world.element(set, position, part)
    }
    fn position(&self, set: SetId, element: &[Val]) -> Option<usize> {
        self.instance.world.position(set, element)
    }
    fn param(&self, param: ParamId, entry: usize) -> Val {
        self.instance.world.param(param, entry)
    }
    fn slot(&self, var: VarId, entry: usize) -> usize {
        self.go_on();
        self.instance.world.slot(var, entry)
    }
    fn label(&self, label: u32) -> String {
        self.instance.world.label(label)
    }
    fn row_name(&self, table: TableId, row: u32) -> String {
        self.instance.world.row_name(table, row)
    }
    fn row(&self, con: ConId, element: &[Val]) -> Option<usize> {
        let mut places = self.places.borrow_mut();
        let rows = places.entry(con).or_insert_with(|| self.list_rows(con));
        rows.get(&format!("{element:?}")).copied()
    }
    fn dual(&self, row: usize) -> Option<f64> {
        self.answer.y.get(row).map(|y| price(self.sense, *y))
    }
    fn slack(&self, row: usize) -> Option<f64> {
        self.answer.rows.get(row).map(|value| slack(self.rows, row, *value))
    }
    fn array(&self, array: ArrayId, entry: usize) -> Option<f64> {
        self.instance.world.array(array, entry)
    }
    fn joined(&self, domain: DomainId) -> Option<&Joined> {
        self.instance.world.joined(domain)
    }
}

impl Solved<'_> {
    /// Leaves the walk, however deep it is, when nobody waits for its values.
    fn go_on(&self) {
        if self.stop.as_ref().is_some_and(StopFlag::is_raised) {
            std::panic::resume_unwind(Box::new(NobodyWaits));
        }
    }

    fn list_rows(&self, con: ConId) -> BTreeMap<String, usize> {
        let first = self.instance.rows[con.index()];
        let count = self.instance.rows[con.index() + 1] - first;
        let key = |k| format!("{:?}", self.instance.row_element(self.model, con, k));
        (0..count).map(|k| (key(k), first + k)).collect()
    }
}

/// The shadow price behind a multiplier of `problem`: how fast the objective, in the user's sense, changes
/// when the active bound of the row moves up.
pub fn price(sense: Sense, y: f64) -> f64 {
    // No minus zeros in reports.
    -sense.flip(y) + 0.0
}

/// Distance of a row's value to its nearer bound; negative when it is violated.
pub fn slack(rows: &Bounds, row: usize, value: f64) -> f64 {
    (value - rows.lower[row]).min(rows.upper[row] - value)
}

impl<'a> Results<'a> {
    /// Reads `answer` of a bound model.
    pub fn new(model: &'a Model, instance: &'a Instance, answer: Answer<'a>) -> Self {
        let shape = &instance.shape;
        let sense = shape.senses.first().copied().unwrap_or_default();
        let env = Solved { model, instance, answer, rows: &shape.rows, sense, stop: None, places: RefCell::default() };
        Self { model, env, deps: Deps::new(model), x: answer.x, shape }
    }

    /// What `show` asks for, unless `stop` is raised before it is known.
    pub fn shown_until(mut self, stop: &StopFlag) -> Option<Vec<Shown>> {
        self.env.stop = Some(stop.clone());
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.shown())) {
            Ok(shown) => Some(shown),
            Err(cause) if cause.is::<NobodyWaits>() => None,
            Err(cause) => std::panic::resume_unwind(cause),
        }
    }

    fn walk(&self) -> Interp<'_, Plain<'_>> {
        Interp::new(self.model, &self.env, &self.deps, Plain { x: self.x })
    }

    /// The value of a scalar expression; not a number where it has none.
    fn value(&self, node: NodeId) -> f64 {
        self.walk().number(node).unwrap_or(f64::NAN)
    }

    /// Objectives in the user's sense.
    pub fn objectives(&self) -> Vec<ObjectiveReport> {
        let report = |o: &crate::ir::model::Objective| ObjectiveReport {
            name: o.name.as_ref().map(ToString::to_string),
            sense: match o.sense {
                ast::Sense::Minimize => Sense::Minimize,
                ast::Sense::Maximize => Sense::Maximize,
            },
            value: self.value(o.body),
        };
        self.model.objectives.iter().map(report).collect()
    }

    /// Variables by name, with what they are indexed by and the slots of their values.
    pub fn slots(&self) -> Vec<(String, Index, Vec<usize>)> {
        let slots = |(id, var): (VarId, &crate::ir::model::Var)| {
            let index = self.index_of_axes(&var.axes);
            let slots = (0..index.len()).map(|entry| self.env.slot(id, entry)).collect();
            (var.name.to_string(), index, slots)
        };
        self.model.vars.enumerate().map(slots).collect()
    }

    /// Constraints by name, with what they are indexed by and their first row.
    pub fn row_blocks(&self, sources: &Sources) -> Vec<(String, Index, usize)> {
        let mut first = 0;
        let mut out = Vec::new();
        for constraint in self.model.constraints.iter() {
            let index = self.index_of_domain(constraint.domain);
            let len = index.len();
            out.push((constraint_name(constraint, sources), index, first));
            first += len;
        }
        out
    }

    /// Variables with their bounds and what their bounds cost.
    pub fn variables(&self, docs: &BTreeMap<Name, Name>) -> Vec<VariableReport> {
        self.model
            .vars
            .enumerate()
            .map(|(id, var)| {
                let index = self.index_of_axes(&var.axes);
                let slots: Vec<usize> = (0..index.len()).map(|entry| self.env.slot(id, entry)).collect();
                let pick = |from: &[f64]| slots.iter().map(|s| from[*s]).collect::<Vec<f64>>();
                let answer = &self.env.answer;
                let duals = if answer.z_lower.is_empty() {
                    Vec::new()
                } else {
                    slots.iter().map(|s| price(self.env.sense, answer.z_upper[*s] - answer.z_lower[*s])).collect()
                };
                VariableReport {
                    name: var.name.to_string(),
                    doc: docs.get(&var.name).map(ToString::to_string),
                    domain: match var.ty {
                        VarType::Real => Kind::Real,
                        VarType::Int => Kind::Integer,
                        VarType::Bool => Kind::Boolean,
                    },
                    values: pick(self.x),
                    lower: pick(&self.shape.vars.lower),
                    upper: pick(&self.shape.vars.upper),
                    duals,
                    index,
                }
            })
            .collect()
    }

    /// Constraints with activity, slack and multipliers.
    pub fn constraints(&self, sources: &Sources, docs: &BTreeMap<Name, Name>) -> Vec<ConstraintReport> {
        let mut first = 0;
        let mut out = Vec::new();
        for constraint in self.model.constraints.iter() {
            let index = self.index_of_domain(constraint.domain);
            let rows = first..first + index.len();
            first = rows.end;
            let name = constraint_name(constraint, sources);
            let answer = &self.env.answer;
            let bounds = &self.shape.rows;
            let duals = if answer.y.is_empty() {
                Vec::new()
            } else {
                rows.clone().map(|r| price(self.env.sense, answer.y[r])).collect()
            };
            out.push(ConstraintReport {
                doc: constraint.name.as_ref().and_then(|n| docs.get(n)).map(ToString::to_string),
                name,
                activity: answer.rows[rows.clone()].to_vec(),
                lower: bounds.lower[rows.clone()].to_vec(),
                upper: bounds.upper[rows.clone()].to_vec(),
                slack: rows.clone().map(|r| slack(bounds, r, answer.rows[r])).collect(),
                duals,
                index,
            });
        }
        out
    }

    /// What the judge has verified, by name.
    pub fn proof(&self, sources: &Sources, proof: &Proof) -> ProofReport {
        let entry = |name: &str, index: &Index, at: usize, value: f64| ProofEntry {
            name: name.to_string(),
            index: (0..index.n_parts()).map(|part| index.label(at, part)).collect(),
            value,
        };
        let mut entries = Vec::new();
        let kind = match proof {
            Proof::Infeasible(weights) => {
                for (name, index, first) in self.row_blocks(sources) {
                    let own = weights.iter().skip(first).take(index.len()).enumerate();
                    entries.extend(own.filter(|(_, w)| **w != 0.0).map(|(at, w)| entry(&name, &index, at, *w)));
                }
                "infeasible"
            }
            Proof::Unbounded(ray) => {
                for (name, index, slots) in self.slots() {
                    let own = slots.iter().map(|slot| ray.get(*slot).copied().unwrap_or(0.0)).enumerate();
                    entries.extend(own.filter(|(_, d)| *d != 0.0).map(|(at, d)| entry(&name, &index, at, d)));
                }
                "unbounded"
            }
        };
        ProofReport { kind, entries }
    }

    /// What `show` asks for.
    pub fn shown(&self) -> Vec<Shown> {
        let shown = |show: &crate::ir::model::Show| {
            let index = self.index_of_domain(show.domain);
            let mut values = Vec::with_capacity(index.len());
            // What cannot be evaluated (a multiplier of a method that has none) is shown as missing.
            let _ = self.walk().for_each(show.domain, &mut |walk| {
                values.push(walk.number(show.body).unwrap_or(f64::NAN));
                Ok(())
            });
            Shown { text: show.text.to_string(), index, values }
        };
        self.model.shows.iter().map(shown).collect()
    }

    /// What `expect` demands, and whether it holds.
    pub fn expectations(&self, sources: &Sources) -> Vec<Expectation> {
        let judge = |expect: &crate::ir::model::Expect| {
            let text = sources.snippet(expect.at).split_whitespace().collect::<Vec<_>>().join(" ");
            let text = text.strip_prefix("expect ").unwrap_or(&text).to_string();
            let (holds, found) = match expect.what {
                Expected::Holds(node) => self.holds(node),
                Expected::Near { left, right, tol } => self.near(left, right, tol),
            };
            Expectation { text, place: place(sources, expect.at), holds, found }
        };
        self.model.expects.iter().map(judge).collect()
    }

    fn near(&self, left: NodeId, right: NodeId, tol: Option<NodeId>) -> (bool, String) {
        let (a, b) = (self.value(left), self.value(right));
        let tol = tol.map_or(DEFAULT_TOLERANCE, |t| self.value(t));
        let distance = (a - b).abs();
        let found = format!("{} = {a}, {distance:.1e} from {b}", pretty::expr(self.model, left));
        (distance <= tol * b.abs().max(1.0), found)
    }

    fn holds(&self, node: NodeId) -> (bool, String) {
        let value = self.value(node);
        let sides = match self.model.graph.node(node) {
            crate::ir::Node::Call { args, .. } if args.len() == 2 => args
                .iter()
                .filter(|a| self.model.graph.as_num(**a).is_none())
                .map(|a| format!("{} = {}", pretty::expr(self.model, *a), self.value(*a)))
                .collect::<Vec<_>>()
                .join(", "),
            _ => String::new(),
        };
        let found = if sides.is_empty() { if value != 0.0 { "true" } else { "false" }.to_string() } else { sides };
        (value != 0.0 && !value.is_nan(), found)
    }

    fn index_of_axes(&self, axes: &[SetId]) -> Index {
        if axes.iter().all(|s| self.model.sets[*s].arity() == 1) {
            return Index::Product(axes.iter().map(|s| self.axis(*s)).collect());
        }
        let mut names = Vec::new();
        let mut columns: Vec<Vec<Label>> = Vec::new();
        let total: usize = axes.iter().map(|s| self.env.set_len(*s)).product();
        let mut inner = total;
        for &set in axes {
            let len = self.env.set_len(set);
            inner = inner.checked_div(len).unwrap_or(0);
            for part in 0..self.model.sets[set].arity() {
                names.push(pretty::set_name(self.model, set));
                let at = |k: usize| self.label(self.env.element(set, k / inner % len, part));
                columns.push((0..total).map(at).collect());
            }
        }
        Index::Tuples { names, columns }
    }

    fn axis(&self, set: SetId) -> Axis {
        let len = self.env.set_len(set);
        let labels = match (&self.model.sets[set].kind, len) {
            (SetKind::Range { .. }, 1..) => match self.env.element(set, 0, 0) {
                Val::Num(first) => Labels::Range { first: first as i64, last: first as i64 + len as i64 - 1 },
                other => Labels::List(Arc::from([self.label(other)])),
            },
            _ => Labels::List((0..len).map(|k| self.label(self.env.element(set, k, 0))).collect()),
        };
        Axis { name: pretty::set_name(self.model, set), labels }
    }

    fn label(&self, value: Val) -> Label {
        match value {
            Val::Num(v) if v.fract() == 0.0 && v.abs() < 9e15 => Label::Int(v as i64),
            Val::Num(v) => Label::Text(v.to_string().into()),
            Val::Label(label) => Label::Text(self.env.label(label).into()),
            Val::Row(table, row) => {
                let name = self.env.row_name(table, row);
                name.parse().map_or_else(|_| Label::Text(name.into()), Label::Int)
            }
        }
    }

    /// The instances of a domain; a product of sets where nothing is filtered or dependent.
    fn index_of_domain(&self, domain: DomainId) -> Index {
        let head = &self.model.domains[domain];
        let sets: Option<Vec<SetId>> = head
            .binders
            .iter()
            .map(|b| match self.model.binders[*b].over {
                Over::Set(set) => Some(set),
                Over::Range { .. } => None,
            })
            .collect();
        if let (Some(sets), None) = (&sets, head.filter) {
            return self.index_of_axes(sets);
        }
        let binders = head.binders.clone();
        let names: Vec<String> = binders.iter().flat_map(|b| self.part_names(*b)).collect();
        let mut columns: Vec<Vec<Label>> = vec![Vec::new(); names.len()];
        let _ = self.walk().for_each(domain, &mut |walk| {
            let parts = binders.iter().flat_map(|b| walk.element_of(*b));
            for (column, part) in columns.iter_mut().zip(parts) {
                column.push(self.label(part));
            }
            Ok(())
        });
        Index::Tuples { names, columns }
    }

    fn part_names(&self, binder: crate::ir::BinderId) -> Vec<String> {
        let declared = &self.model.binders[binder];
        let arity = match declared.over {
            Over::Set(set) => self.model.sets[set].arity(),
            Over::Range { .. } => 1,
        };
        match declared.names.len() {
            n if n == arity => declared.names.iter().map(ToString::to_string).collect(),
            _ => (0..arity).map(|_| pretty::binder_names(self.model, binder)).collect(),
        }
    }
}

/// The name, or the line of a constraint without one.
fn constraint_name(constraint: &crate::ir::model::Constraint, sources: &Sources) -> String {
    constraint.name.as_ref().map_or_else(|| format!("line {}", sources.line(constraint.at)), ToString::to_string)
}

fn place(sources: &Sources, at: Span) -> String {
    let name = sources.get(at.file).map_or("", |s| s.name.as_str());
    format!("{name}:{}", sources.line(at))
}
