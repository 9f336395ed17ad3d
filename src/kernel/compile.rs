//! From families and their derivatives to a program.
//!
//! Families over one domain with the same kind of target share a kernel per derivative, so that what
//! they have in common is computed once. The work is proportional to the templates.

use super::lower::{Want, Weight, lower};
use super::program::{ArrayOp, DefInfo, Kernel, Part, Program, Step, What};
use crate::diff::{Derivs, FamilyDerivs};
use crate::func::{self, Instruction, Lower};
use crate::ir::plan::{DefKind, FamilyId, Plan, PlanDomainId, Target};
use crate::ir::{ArrayId, Graph, Model, Node, NodeId};
use crate::problem::Degree;
use indexmap::IndexMap;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

thread_local! {
    static COMPILED: Cell<u64> = const { Cell::new(0) };
}

/// How many programs this thread has compiled so far: what changes numbers only must leave it as it is.
pub fn compilations() -> u64 {
    COMPILED.get()
}

/// The program of a plan. Nothing in it depends on data.
pub fn compile(model: &Model, plan: &Plan, derivs: &Derivs) -> Program {
    COMPILED.set(COMPILED.get() + 1);
    let families = families_by_array(plan);
    let defs = classify_defs(&model.graph, plan, &families);
    let active = defs.iter().filter(|d| d.active).map(|d| (d.array, d.degree)).collect();
    let mut compiler =
        Compiler { graph: &model.graph, plan, derivs, active, program: Program { defs, ..Program::default() } };
    compiler.program.targets = plan.families.iter().map(|f| f.target).collect();
    compiler.program.degrees = plan.families.iter().map(|f| degree(&model.graph, &compiler.active, f.body)).collect();
    let lifted = compiler.active.keys().map(|array| (*array, Degree::Linear)).collect();
    compiler.program.lifted_degrees = plan.families.iter().map(|f| degree(&model.graph, &lifted, f.body)).collect();
    compiler.program.array_of = array_leaves(&model.graph, derivs);
    compiler.tops();
    compiler.arrays(&families);
    compiler.program
}

fn array_leaves(graph: &Graph, derivs: &Derivs) -> BTreeMap<NodeId, ArrayId> {
    let inputs = derivs.families.iter().flat_map(|f| &f.inputs);
    inputs
        .filter_map(|node| match graph.node(*node) {
            Node::Array { array, .. } | Node::Slot(array) => Some((*node, *array)),
            _ => None,
        })
        .collect()
}

fn families_by_array(plan: &Plan) -> BTreeMap<ArrayId, Vec<FamilyId>> {
    let mut families: BTreeMap<ArrayId, Vec<FamilyId>> = BTreeMap::new();
    for (id, family) in plan.families.enumerate() {
        if let Target::Array(array) = family.target {
            families.entry(array).or_default().push(id);
        }
    }
    families
}

/// Whether each defined array depends on variables, and how.
fn classify_defs(graph: &Graph, plan: &Plan, families: &BTreeMap<ArrayId, Vec<FamilyId>>) -> Vec<DefInfo> {
    let mut active: BTreeMap<ArrayId, Degree> = BTreeMap::new();
    let mut out = Vec::with_capacity(plan.defs.len());
    for def in &plan.defs {
        let of = |array: &ArrayId, active: &BTreeMap<_, _>| active.get(array).copied().unwrap_or(Degree::Constant);
        let (op, degree) = match &def.kind {
            DefKind::Sum => {
                let own = families.get(&def.array).map_or(&[][..], |f| f);
                let degrees = own.iter().map(|f| degree(graph, &active, plan.families[*f].body));
                (ArrayOp::Sum, degrees.max().unwrap_or(Degree::Constant))
            }
            DefKind::Group { op, items } => {
                let inner = of(items, &active);
                (ArrayOp::Group { op: *op, items: *items }, inner.max(beyond(inner)))
            }
            DefKind::MatMul { left, right } => {
                let degree = times(of(left, &active), of(right, &active));
                (ArrayOp::MatMul { left: *left, right: *right }, degree)
            }
            DefKind::LogDet { of: matrix } => (ArrayOp::LogDet { of: *matrix }, beyond(of(matrix, &active))),
        };
        if degree != Degree::Constant {
            active.insert(def.array, degree);
        }
        out.push(DefInfo { array: def.array, op, active: degree != Degree::Constant, degree });
    }
    out
}

/// The degree of a nonlinear function of something.
fn beyond(inner: Degree) -> Degree {
    if inner == Degree::Constant { Degree::Constant } else { Degree::Nonlinear }
}

/// The degree of a body: sums keep it, products add it, anything else is beyond.
fn degree(graph: &Graph, active: &BTreeMap<ArrayId, Degree>, body: NodeId) -> Degree {
    // Looked up by key only.
    let mut known: HashMap<NodeId, Degree> = HashMap::new();
    for id in graph.reachable(&[body]) {
        let of = |node: &NodeId| known[node];
        let most = |nodes: &[NodeId]| nodes.iter().map(of).max().unwrap_or(Degree::Constant);
        let degree = match graph.node(id) {
            Node::Call { func, args } => match func::row(*func).lower {
                Lower::Native(Instruction::Add | Instruction::Sub | Instruction::Neg) => most(args),
                Lower::Native(Instruction::Mul) => args.iter().map(of).fold(Degree::Constant, times),
                Lower::Native(Instruction::Div) if of(&args[1]) == Degree::Constant => of(&args[0]),
                _ => beyond(most(args)),
            },
            Node::If { cond, then, otherwise } => beyond(most(&[*cond, *then, *otherwise])),
            _ => leaf_degree(graph, active, id),
        };
        known.insert(id, degree);
    }
    known[&body]
}

/// The degree of a product.
fn times(a: Degree, b: Degree) -> Degree {
    match (a, b) {
        (Degree::Constant, other) | (other, Degree::Constant) => other,
        (Degree::Linear, Degree::Linear) => Degree::Quadratic,
        _ => Degree::Nonlinear,
    }
}

fn leaf_degree(graph: &Graph, active: &BTreeMap<ArrayId, Degree>, node: NodeId) -> Degree {
    match graph.node(node) {
        Node::Var { .. } => Degree::Linear,
        Node::Array { array, .. } | Node::Slot(array) => active.get(array).copied().unwrap_or(Degree::Constant),
        _ => Degree::Constant,
    }
}

/// Ops that computing an entry once has to spare each instance: a copy from memory costs a load and a store, and
/// compressed columns have neighbours of the entry between, which are copied with it.
const SPARED: usize = 6;

struct Compiler<'a> {
    graph: &'a Graph,
    plan: &'a Plan,
    derivs: &'a Derivs,
    active: BTreeMap<ArrayId, Degree>,
    program: Program,
}

impl Compiler<'_> {
    /// Objectives and rows.
    fn tops(&mut self) {
        let all: Vec<FamilyId> = self.plan.families.ids().collect();
        let target = |f: &FamilyId| self.plan.families[*f].target;
        let objectives: Vec<FamilyId> =
            all.iter().copied().filter(|f| matches!(target(f), Target::Objective(_))).collect();
        let rows: Vec<FamilyId> = all.iter().copied().filter(|f| matches!(target(f), Target::Row(_))).collect();
        self.loops(Part::Objectives, &objectives, Self::values);
        self.loops(Part::Rows, &rows, Self::values);
        self.loops(Part::PullObjectives, &objectives, |c, f| c.slopes(f, c.weight(f)));
        self.loops(Part::PullRows, &rows, |c, f| c.slopes(f, c.weight(f)));
        self.loops(Part::JacobianRows, &rows, |c, f| c.slopes(f, Weight::One));
        let both = [&objectives[..], &rows].concat();
        self.loops(Part::HessianTop, &both, Self::curves);
        self.loops(Part::HessianProduct, &both, Self::products);
        if !self.active.is_empty() {
            // Without arrays the sparse Jacobian does this better.
            self.loops(Part::TangentRows, &rows, Self::tangents);
        }
    }

    /// Defined arrays, in order of evaluation, and backwards for the pull.
    fn arrays(&mut self, families: &BTreeMap<ArrayId, Vec<FamilyId>>) {
        let defs = self.program.defs.clone();
        let (mut pulls, mut curves): (Vec<Vec<Step>>, Vec<Vec<Step>>) = Default::default();
        for (at, def) in (0u32..).zip(&defs) {
            let own = families.get(&def.array).map_or(&[][..], |f| f);
            let step = if def.op == ArrayOp::Sum { Step::Begin(at) } else { Step::Array(at) };
            self.step(Part::Forward, step);
            self.loops(Part::Forward, own, Self::values);
            if !def.active {
                continue;
            }
            use Part::{CurveArrays, HessianArrays, JacobianArrays, PullArrays, TangentArrays};
            for part in [JacobianArrays, HessianArrays, TangentArrays, PullArrays, CurveArrays] {
                self.step(part, step);
            }
            self.loops(Part::JacobianArrays, own, |c, f| c.slopes(f, Weight::One));
            self.loops(Part::HessianArrays, own, Self::curves);
            self.loops(TangentArrays, own, Self::tangents);
            self.loops(PullArrays, own, |c, f| c.slopes(f, c.weight(f)));
            self.loops(CurveArrays, own, Self::products);
            pulls.push(std::mem::take(&mut self.program.parts[PullArrays as usize]));
            curves.push(std::mem::take(&mut self.program.parts[CurveArrays as usize]));
        }
        for (part, lists) in [(Part::PullArrays, pulls), (Part::CurveArrays, curves)] {
            self.program.parts[part as usize] = lists.into_iter().rev().flatten().collect();
        }
    }

    fn step(&mut self, part: Part, step: Step) {
        self.program.parts[part as usize].push(step);
    }

    /// One kernel per domain, in order of first appearance.
    fn loops(&mut self, part: Part, families: &[FamilyId], wants: impl Fn(&Self, FamilyId) -> Vec<Want>) {
        let mut domains: IndexMap<PlanDomainId, Vec<Want>> = IndexMap::new();
        for &family in families {
            let wanted = wants(self, family);
            domains.entry(self.plan.families[family].domain).or_default().extend(wanted);
        }
        for (domain, wants) in domains {
            if !wants.is_empty() {
                for kernel in self.kernels(part, domain, &wants) {
                    let kernel = self.program.kernels.push(kernel);
                    self.step(part, Step::Loop(kernel));
                }
            }
        }
    }

    /// One kernel for all that is wanted over a domain; in matrices two, where it spares enough to compute once what is
    /// the same at every point.
    fn kernels(&self, part: Part, domain: PlanDomainId, wants: &[Want]) -> Vec<Kernel> {
        let merged = matches!(
            part,
            Part::PullObjectives
                | Part::PullRows
                | Part::PullArrays
                | Part::HessianTop
                | Part::HessianArrays
                | Part::HessianProduct
                | Part::CurveArrays
                | Part::TangentRows
                | Part::TangentArrays
        );
        let all = lower(self.graph, domain, wants, merged);
        if !matches!(part, Part::JacobianRows | Part::HessianTop) {
            return vec![all];
        }
        let varies = self.varies(wants);
        // Weights of rows differ from call to call, that of an objective can be multiplied afterwards.
        let (fixed, rest): (Vec<Want>, Vec<Want>) =
            wants.iter().partition(|want| !varies.contains(&want.node) && want.weight != Weight::Own);
        if fixed.is_empty() || rest.is_empty() {
            return vec![all];
        }
        let rest = lower(self.graph, domain, &rest, merged);
        if all.body.len() < rest.body.len() + SPARED * fixed.len() {
            return vec![all];
        }
        vec![lower(self.graph, domain, &fixed, merged), rest]
    }

    /// Which nodes of some templates depend on variables.
    fn varies(&self, wants: &[Want]) -> BTreeSet<NodeId> {
        let roots: Vec<NodeId> = wants.iter().map(|want| want.node).collect();
        let mut varies = BTreeSet::new();
        for id in self.graph.reachable(&roots) {
            let mut any = self.is_active(id);
            self.graph.node(id).for_each_child(|child| any |= varies.contains(&child));
            if any {
                varies.insert(id);
            }
        }
        varies
    }

    fn values(&self, family: FamilyId) -> Vec<Want> {
        vec![Want { family, what: What::Value, node: self.plan.families[family].body, weight: Weight::One, seed: None }]
    }

    fn weight(&self, family: FamilyId) -> Weight {
        match self.plan.families[family].target {
            Target::Objective(_) => Weight::Shared,
            _ => Weight::Own,
        }
    }

    fn slopes(&self, family: FamilyId, weight: Weight) -> Vec<Want> {
        let FamilyDerivs { inputs, grad, .. } = &self.derivs.families[family];
        grad.iter()
            .map(|&(input, node)| (inputs[input as usize], node))
            .filter(|&(input, _)| self.is_active(input))
            .map(|(input, node)| Want { family, what: What::Slope { input }, node, weight, seed: None })
            .collect()
    }

    fn curves(&self, family: FamilyId) -> Vec<Want> {
        let FamilyDerivs { inputs, hess, .. } = &self.derivs.families[family];
        hess.iter()
            .map(|&(row, col, node)| (inputs[row as usize], inputs[col as usize], node))
            .filter(|&(row, col, _)| self.is_active(row) && self.is_active(col))
            .map(|(row, col, node)| Want {
                family,
                what: What::Curve { row, col },
                node,
                weight: self.weight(family),
                seed: None,
            })
            .collect()
    }

    /// Each second derivative times the direction: for its row, and for its column where that is another.
    fn products(&self, family: FamilyId) -> Vec<Want> {
        let mut wants = Vec::new();
        for Want { what, node, weight, .. } in self.curves(family) {
            let What::Curve { row, col } = what else { continue };
            wants.push(Want { family, what: What::Slope { input: row }, node, weight, seed: Some(col) });
            if row != col {
                wants.push(Want { family, what: What::Slope { input: col }, node, weight, seed: Some(row) });
            }
        }
        wants
    }

    /// The derivative of the value along the direction.
    fn tangents(&self, family: FamilyId) -> Vec<Want> {
        let along = |want| match want {
            Want { what: What::Slope { input }, .. } => Want { what: What::Value, seed: Some(input), ..want },
            _ => want,
        };
        self.slopes(family, Weight::One).into_iter().map(along).collect()
    }

    fn is_active(&self, leaf: NodeId) -> bool {
        leaf_degree(self.graph, &self.active, leaf) != Degree::Constant
    }
}
