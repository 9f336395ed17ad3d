//! What is proved about every line: degree, curvature, smoothness, and the class of the whole.
//!
//! Takes a plan and the ranges that binding found; gives [`Survey`], which the router, `inspect` and the
//! judge's claim of global optimality read.

use crate::base::{IdVec, Interval};
use crate::func::{self, Curvature};
use crate::ir::plan::{DefKind, FamilyId, PlanDomainId, Target};
use crate::ir::{ArrayId, BinderId, ConId, Model, Node, NodeId, ObjId, ParamId, Plan, ReduceOp, VarId};
use crate::pass::traits::{Degree, Smooth, Traits, traits};
use crate::problem;
use crate::syntax::ast::Sense;
use std::collections::BTreeMap;

/// Ranges of data and variables, known once the model is bound.
pub trait Ranges {
    /// Hull of the bounds of all entries of a variable.
    fn var(&self, var: VarId) -> Interval;
    /// Hull of all values of a param; everything for labels.
    fn param(&self, param: ParamId) -> Interval;
    /// Hull of the values of a part of an index.
    fn index(&self, binder: BinderId, part: u16) -> Interval;
    /// Number of instances of a domain.
    fn count(&self, domain: PlanDomainId) -> usize;
    /// Whether the rows of a constraint have finite lower and finite upper ends.
    fn ends(&self, con: ConId) -> (bool, bool);
}

/// What is proved about the lines of a model.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// By objective, as written (not negated for `maximize`).
    pub objectives: IdVec<ObjId, Option<Traits>>,
    /// By constraint; nothing for one without rows.
    pub constraints: IdVec<ConId, Option<Traits>>,
    /// Convexity of the whole problem: objective, rows, all proved by the composition rules.
    pub curvature: problem::Curvature,
    /// The first line that is not proved to keep the problem convex.
    pub breaks: Option<Line>,
}

/// A line of a model that takes part in the class of the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// An objective.
    Objective(ObjId),
    /// A constraint.
    Constraint(ConId),
}

impl Survey {
    /// The hardest degree among the objectives.
    pub fn objective_degree(&self) -> problem::Degree {
        hardest(self.objectives.iter())
    }

    /// The hardest degree among the rows.
    pub fn row_degree(&self) -> problem::Degree {
        hardest(self.constraints.iter())
    }

    /// The least smoothness of all lines, and the node where it is lost.
    pub fn smoothness(&self) -> (problem::Smoothness, Option<NodeId>) {
        let all = self.objectives.iter().chain(self.constraints.iter()).flatten();
        let worst = all.max_by_key(|t| t.smooth);
        let smoothness = match worst.map_or(Smooth::Twice, |t| t.smooth) {
            Smooth::Twice => problem::Smoothness::Twice,
            Smooth::Once => problem::Smoothness::Once,
            Smooth::Kinks => problem::Smoothness::Continuous,
            Smooth::Jumps => problem::Smoothness::Discontinuous,
        };
        (smoothness, worst.and_then(|t| t.rough))
    }
}

/// Surveys a plan.
pub fn survey(model: &Model, plan: &Plan, ranges: &dyn Ranges) -> Survey {
    let mut families: BTreeMap<Target, Vec<FamilyId>> = BTreeMap::new();
    for (id, family) in plan.families.enumerate() {
        families.entry(family.target).or_default().push(id);
    }
    let mut surveyor = Surveyor { model, plan, ranges, families, arrays: BTreeMap::new() };
    for def in &plan.defs {
        let traits = surveyor.of_def(def.array, &def.kind);
        surveyor.arrays.insert(def.array, traits);
    }
    let objectives: IdVec<ObjId, _> =
        model.objectives.ids().map(|o| surveyor.of_target(Target::Objective(o))).collect();
    let constraints: IdVec<ConId, _> = model.constraints.ids().map(|c| surveyor.of_target(Target::Row(c))).collect();
    let breaks = breaks(model, &objectives, &constraints, ranges);
    let curvature = if breaks.is_none() { problem::Curvature::Convex } else { problem::Curvature::Unknown };
    Survey { objectives, constraints, curvature, breaks }
}

/// Range of a node that depends on data alone.
pub fn range_of_data(model: &Model, node: NodeId, ranges: &dyn Ranges) -> Interval {
    let mut leaf = |leaf: NodeId| match model.graph.node(leaf) {
        Node::Param { param, .. } => Traits::data(ranges.param(*param)),
        Node::Index { binder, part } => Traits::data(ranges.index(*binder, *part)),
        Node::Member { .. } | Node::SameElem { .. } => Traits::data(Interval::new(0.0, 1.0)),
        Node::Reduce { op: ReduceOp::Sum, body, .. } if range_of_data(model, *body, ranges).lo >= 0.0 => {
            Traits::data(Interval::new(0.0, f64::INFINITY))
        }
        _ => Traits::data(Interval::ALL),
    };
    traits(&model.graph, node, &mut leaf).range
}

struct Surveyor<'a> {
    model: &'a Model,
    plan: &'a Plan,
    ranges: &'a dyn Ranges,
    families: BTreeMap<Target, Vec<FamilyId>>,
    arrays: BTreeMap<ArrayId, Traits>,
}

impl Surveyor<'_> {
    /// All families that add into a target, together; `None` when there are none with instances.
    fn of_target(&self, target: Target) -> Option<Traits> {
        let mut sum: Option<Traits> = None;
        for id in self.families.get(&target).map_or(&[][..], Vec::as_slice) {
            let family = &self.plan.families[*id];
            let count = self.ranges.count(family.domain);
            if count == 0 {
                continue;
            }
            let one = traits(&self.model.graph, family.body, &mut |leaf| self.leaf(leaf));
            // Many terms may add up in one row: a sum of `count` values of the range.
            let many = Traits { range: many(one.range, count), ..one };
            sum = Some(sum.map_or(many, |s| s.plus(many)));
        }
        sum
    }

    fn leaf(&self, leaf: NodeId) -> Traits {
        match self.model.graph.node(leaf) {
            Node::Var { var, .. } => Traits::variable(self.ranges.var(*var)),
            Node::Array { array, .. } | Node::Slot(array) => self.arrays.get(array).copied().unwrap_or(unknown()),
            Node::Param { param, .. } => Traits::data(self.ranges.param(*param)),
            Node::Index { binder, part } => Traits::data(self.ranges.index(*binder, *part)),
            Node::Member { .. } | Node::SameElem { .. } => Traits::data(Interval::new(0.0, 1.0)),
            _ => Traits::data(Interval::ALL),
        }
    }

    fn of_def(&self, array: ArrayId, kind: &DefKind) -> Traits {
        let zero = Traits::data(Interval::point(0.0));
        match kind {
            DefKind::Sum => self.of_target(Target::Array(array)).unwrap_or(zero),
            DefKind::Group { op, items } => {
                let items = self.arrays.get(items).copied().unwrap_or(unknown());
                of_group(*op, items)
            }
            DefKind::MatMul { left, right } => {
                let side = |a: &ArrayId| self.arrays.get(a).copied().unwrap_or(unknown());
                let (left, right) = (side(left), side(right));
                if left.degree == Degree::Constant || right.degree == Degree::Constant {
                    let degree = left.degree.max(right.degree);
                    let linear = degree <= Degree::Linear;
                    let curvature = if linear { Curvature::Affine } else { Curvature::Unknown };
                    Traits {
                        range: Interval::ALL,
                        curvature,
                        degree,
                        squares: false,
                        ..if left.smooth > right.smooth { left } else { right }
                    }
                } else {
                    unknown()
                }
            }
            DefKind::LogDet { .. } => unknown(),
        }
    }
}

fn of_group(op: ReduceOp, items: Traits) -> Traits {
    if items.degree == Degree::Constant {
        return Traits::data(Interval::ALL);
    }
    let convex = matches!(items.curvature, Curvature::Constant | Curvature::Affine | Curvature::Convex);
    let concave = matches!(items.curvature, Curvature::Constant | Curvature::Affine | Curvature::Concave);
    let curvature = match op {
        ReduceOp::Max | ReduceOp::LogSumExp if convex => Curvature::Convex,
        ReduceOp::Min if concave => Curvature::Concave,
        _ => Curvature::Unknown,
    };
    let kinks = matches!(op, ReduceOp::Max | ReduceOp::Min);
    let smooth = if kinks { items.smooth.max(Smooth::Kinks) } else { items.smooth };
    let range = if kinks { items.range } else { Interval::ALL };
    Traits { range, curvature, degree: Degree::Nonlinear, smooth, rough: items.rough, squares: false }
}

/// Nothing is known.
fn unknown() -> Traits {
    Traits {
        range: Interval::ALL,
        curvature: Curvature::Unknown,
        degree: Degree::Nonlinear,
        smooth: Smooth::Twice,
        rough: None,
        squares: false,
    }
}

fn many(range: Interval, count: usize) -> Interval {
    if count == 1 {
        return range;
    }
    // At least one and at most `count` instances add into one row.
    func::range::mul(range, Interval::new(0.0, count as f64)).hull(range)
}

fn hardest<'t>(all: impl Iterator<Item = &'t Option<Traits>>) -> problem::Degree {
    match all.flatten().map(|t| t.degree).max().unwrap_or(Degree::Constant) {
        Degree::Constant => problem::Degree::Constant,
        Degree::Linear => problem::Degree::Linear,
        Degree::Quadratic => problem::Degree::Quadratic,
        Degree::Nonlinear => problem::Degree::Nonlinear,
    }
}

/// The first line that spoils a convex problem: an objective that bends the wrong way, a row that does towards one of its ends.
fn breaks(
    model: &Model,
    objectives: &IdVec<ObjId, Option<Traits>>,
    constraints: &IdVec<ConId, Option<Traits>>,
    ranges: &dyn Ranges,
) -> Option<Line> {
    let fits = |t: &Traits, convex: bool| match t.curvature {
        Curvature::Constant | Curvature::Affine => true,
        Curvature::Convex => convex,
        Curvature::Concave => !convex,
        Curvature::Unknown => false,
    };
    let objective = objectives
        .enumerate()
        .find(|(id, t)| t.as_ref().is_some_and(|t| !fits(t, model.objectives[*id].sense == Sense::Minimize)));
    if let Some((id, _)) = objective {
        return Some(Line::Objective(id));
    }
    let row = constraints.enumerate().find(|(id, t)| {
        let (lower, upper) = ranges.ends(*id);
        t.as_ref().is_some_and(|t| (upper && !fits(t, true)) || (lower && !fits(t, false)))
    });
    row.map(|(id, _)| Line::Constraint(id))
}
