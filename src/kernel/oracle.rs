//! The compiled problem as an oracle.
//!
//! Defined arrays are either *condensed*, functions of the variables like any other, or *lifted*:
//! variables of their own with an equation each (see [`bridge::lift`](crate::bridge::lift)), which
//! keeps second derivatives sparse when a slot depends on many variables.
//!
//! Maximised objectives are negated here, in the sign of their weights.

mod answers;
mod touched;

use super::arrays::Scratch;
use super::assemble::{Matrices, Matrix, Mode};
use super::chain::{HessianChain, JacobianChain};
use super::exec::{BoundLoop, Buffers, Registers, product};
use super::kept::{self, Kept};
use super::link::{BoundStep, Layout, Linked, Linker, link};
use super::matrix::Plan;
use super::program::{Part, Program};
use super::region::{Call, Candidate, Ran, Region, Regions, Reset, Team, Watch};
use crate::bind::Instance;
use crate::bridge::lift::Lift;
use crate::ir::plan::Target;
use crate::num::sparse::PatternError;
use crate::problem::oracle::check_finite;
use crate::problem::{Bounds, Degree, EvalError, Place, Sense, Shape, Workspace};
use std::ops::Range;
use std::sync::Arc;
use touched::Touched;

/// A program on an instance.
#[derive(Clone)]
pub struct CompiledOracle {
    program: Arc<Program>,
    instance: Arc<Instance>,
    pub(super) linked: Linked,
    shape: Shape,
    /// Whether defined arrays are variables.
    lifted: bool,
    pub(super) jacobian: Matrix<JacobianChain>,
    pub(super) hessian: Matrix<HessianChain>,
    /// Slots of the entries -1 of the lifted Jacobian.
    minus_one: Vec<u32>,
    /// Whether second derivatives fit.
    second_order: bool,
    /// Values of slots that do not depend on variables; 0 elsewhere.
    z0: Vec<f64>,
    /// 1 or -1 per objective.
    signs: Vec<f64>,
    /// Parts that several threads can run.
    regions: Regions,
    /// Where the gradient of the objectives is not 0, without defined arrays.
    gradient: Touched,
    /// Calls that several parts make.
    kept: kept::Sizes,
}

/// Memory of one thread.
struct Memory {
    registers: Registers,
    team: Team,
    kept: Kept,
    scratch: Scratch,
    z: Vec<f64>,
    /// Adjoints by slot of z; values of arrays on their way to z.
    adjoint: Vec<f64>,
    /// Weights by slot of z.
    slot: Vec<f64>,
    sigma: Vec<f64>,
    row: Vec<f64>,
    /// A direction by slot of z.
    seed: Vec<f64>,
    /// How weights change along it, by slot of z.
    change: Vec<f64>,
    /// Values of all objectives.
    values: Vec<f64>,
    jacobian: Vec<f64>,
    hessian: Vec<f64>,
    /// Stamps of the point that `z`, `values` and `jacobian` belong to.
    z_at: u64,
    values_at: u64,
    jacobian_at: u64,
    /// Whether `jacobian` was made with care.
    jacobian_careful: bool,
}

impl CompiledOracle {
    /// The oracle of `program` on `instance`.
    ///
    /// # Errors
    /// [`PatternError::TooLarge`] when a matrix has more nonzeros than can be counted or
    /// [`MAX_NONZEROS`](crate::base::limits::MAX_NONZEROS) allows.
    pub fn new(program: Arc<Program>, instance: Arc<Instance>, mode: Mode) -> Result<Self, PatternError> {
        let linked = link(&program, &instance);
        let layout = &linked.layout;
        let linker = Linker { program: &program, instance: &instance, layout };
        let mode = if layout.n_active() == 0 { Mode::Condensed } else { mode };
        let built = Matrices::build(&linker, mode)?;
        let signs = instance.shape.senses.iter().map(|s| if *s == Sense::Maximize { -1.0 } else { 1.0 }).collect();
        let mut oracle = Self {
            shape: instance.shape.clone(),
            lifted: built.lifted,
            jacobian: built.jacobian,
            hessian: built.hessian,
            minus_one: built.minus_one,
            second_order: built.second_order,
            z0: vec![0.0; linked.layout.n_z],
            gradient: Touched::by(&linked.parts[Part::PullObjectives as usize], linked.layout.n_x),
            linked,
            program,
            instance,
            signs,
            regions: Regions::default(),
            kept: kept::Sizes::default(),
        };
        oracle.constants();
        oracle.mark_kept();
        oracle.mark_linear();
        if oracle.lifted {
            oracle.lift_shape();
        }
        Ok(oracle)
    }

    /// The data it stands on.
    pub fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// Changes numbers of the data by `change`, which says whether it did; addresses, patterns and code stay, and what
    /// is the same at every point is computed again. Memory taken from
    /// [`Oracle::workspace`](crate::problem::Oracle::workspace) before does not fit it any more.
    pub fn change_numbers(&mut self, change: impl FnOnce(&mut Instance) -> bool) -> bool {
        if !change(Arc::make_mut(&mut self.instance)) {
            return false;
        }
        self.shape = self.instance.shape.clone();
        self.constants();
        self.mark_linear();
        if self.lifted {
            self.lift_shape();
        }
        true
    }

    /// Whether defined arrays are variables of this oracle.
    pub fn is_lifted(&self) -> bool {
        self.lifted
    }

    /// The way back to the problem's own variables, when arrays are lifted.
    pub fn recover(&self) -> Option<Lift> {
        self.lifted.then_some(Lift { n_vars: self.linked.layout.n_x, n_rows: self.linked.layout.n_rows })
    }

    /// The point of this oracle that stands for `x`, the problem's own variables: lifted slots at
    /// their values, 0 where those are not finite.
    pub fn lift_point(&self, x: &[f64]) -> Vec<f64> {
        let mut point = x.to_vec();
        if self.lifted {
            let mut memory = self.memory();
            memory.z[..x.len()].copy_from_slice(x);
            self.arrays(&mut memory, |def| self.program.defs[def].active);
            for place in self.linked.layout.defs.iter().filter(|place| place.col.is_some()) {
                let values = memory.z[place.z..place.z + place.len].iter();
                point.extend(values.map(|v| if v.is_finite() { *v } else { 0.0 }));
            }
        }
        point
    }

    /// Places of everything.
    pub fn layout(&self) -> &Layout {
        &self.linked.layout
    }

    /// Computes what does not depend on variables, once: slots of arrays, entries of both matrices.
    fn constants(&mut self) {
        let varying = |plan: &Plan| plan.n_constant == 0;
        let all_varying = varying(&self.jacobian.plan) && varying(&self.hessian.plan);
        if all_varying && self.program.defs.iter().all(|d| d.active) {
            return;
        }
        let mut memory = self.memory();
        self.arrays(&mut memory, |def| !self.program.defs[def].active);
        let [jacobian, hessian] = [&self.jacobian.plan, &self.hessian.plan].map(|plan| {
            let mut constants = vec![0.0; if varying(plan) { 0 } else { plan.n_values }];
            memory.sigma.fill(0.0);
            if let Some(k) = plan.scale {
                memory.sigma[k as usize] = 1.0;
            }
            for step in &plan.steps[..plan.n_constant] {
                self.run_step(&mut memory, step, None, &mut constants);
            }
            constants
        });
        self.jacobian.plan.constants = jacobian;
        self.hessian.plan.constants = hessian;
        memory.z.pop();
        self.z0 = memory.z;
    }

    /// Says which calls may be kept for others: those that several parts make at a point.
    fn mark_kept(&mut self) {
        let (jacobian, hessian) = (&mut self.jacobian.plan, &mut self.hessian.plan);
        let mut steps: Vec<&mut [BoundStep]> = self.linked.parts.iter_mut().map(|steps| &mut steps[..]).collect();
        steps[Part::JacobianRows as usize] = &mut jacobian.steps[jacobian.n_constant..];
        steps[Part::HessianTop as usize] = &mut hessian.steps[hessian.n_constant..];
        use Part::{CurveArrays, HessianProduct, PullArrays, PullRows, TangentArrays, TangentRows};
        // Products with one direction come after another.
        let products = [PullRows, PullArrays, HessianProduct, CurveArrays, TangentRows, TangentArrays];
        let part = |(part, steps)| kept::Steps { steps, repeats: products.contains(&part) };
        let mut parts: Vec<kept::Steps<'_>> = Part::ALL.into_iter().zip(steps).map(part).collect();
        self.kept = kept::mark(&self.program, &mut parts);
    }

    /// Forgets what was computed at the point but the slots of defined arrays: results of calls, values of objectives, a
    /// chained Jacobian. For measurements.
    pub fn forget_calls(&self, ws: &mut Workspace) {
        let memory = ws.parts::<Memory>().1;
        memory.kept.forget();
        (memory.values_at, memory.jacobian_at) = (0, 0);
    }

    /// The results of calls that are kept in a workspace: for tests.
    #[doc(hidden)]
    pub fn kept_mut<'w>(&self, ws: &'w mut Workspace) -> &'w mut [f64] {
        ws.parts::<Memory>().1.kept.split().1
    }

    fn mark_linear(&mut self) {
        let degrees = if self.lifted { &self.program.lifted_degrees } else { &self.program.degrees };
        let linker = Linker { program: &self.program, instance: &self.instance, layout: &self.linked.layout };
        self.shape.linear_objectives.fill(true);
        self.shape.linear_rows.fill(true);
        for ((family, degree), target) in degrees.enumerate().zip(self.program.targets.iter()) {
            if *degree <= Degree::Linear {
                continue;
            }
            match target {
                Target::Objective(k) => self.shape.linear_objectives[k.0 as usize] = false,
                Target::Row(_) => {
                    let (rows, _) = linker.row(family);
                    let count = self.instance.families[family].count;
                    (0..count).for_each(|k| self.shape.linear_rows[rows.at(k)] = false);
                }
                Target::Array(_) => {}
            }
        }
    }

    /// Appends variables and equations of lifted slots.
    fn lift_shape(&mut self) {
        let n = self.linked.layout.n_active();
        let start = self.lift_point(&self.shape.start);
        let shape = &mut self.shape;
        let extend = |bounds: &mut Bounds, value: [f64; 2]| {
            bounds.lower.extend(std::iter::repeat_n(value[0], n));
            bounds.upper.extend(std::iter::repeat_n(value[1], n));
        };
        extend(&mut shape.vars, [f64::NEG_INFINITY, f64::INFINITY]);
        extend(&mut shape.rows, [0.0, 0.0]);
        shape.integer.extend(std::iter::repeat_n(false, n));
        shape.start = start;
        shape.n_vars += n;
        shape.n_cons += n;
        for (info, place) in self.program.defs.iter().zip(&self.linked.layout.defs) {
            if place.col.is_some() {
                let linear = super::link::is_linear_def(&self.program, info);
                shape.linear_rows.extend(std::iter::repeat_n(linear, place.len));
            }
        }
    }

    /// All steps of all parts.
    fn steps(&self) -> impl Iterator<Item = &BoundStep> {
        let matrices = self.jacobian.plan.steps.iter().chain(&self.hessian.plan.steps);
        self.linked.parts.iter().flatten().chain(matrices)
    }

    /// All loops with room for native code, and what they are loops of.
    ///
    /// Memory taken from [`Oracle::workspace`](crate::problem::Oracle::workspace) before code was given does not fit
    /// it.
    pub(crate) fn loops_mut(&mut self) -> (&Program, Vec<&mut BoundLoop>) {
        // What is constant has been computed already.
        let (jacobian, hessian) = (&mut self.jacobian.plan, &mut self.hessian.plan);
        let matrices = jacobian.steps.iter_mut().skip(jacobian.n_constant);
        let matrices = matrices.chain(hessian.steps.iter_mut().skip(hessian.n_constant));
        let steps = self.linked.parts.iter_mut().flatten().chain(matrices);
        let loops = steps.filter_map(|step| match step {
            BoundStep::Loop(bound) => Some(bound),
            _ => None,
        });
        (&self.program, loops.collect())
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Parts that several threads could run.
    pub fn candidates(&self) -> Vec<Candidate<'_>> {
        let layout = &self.linked.layout;
        let part = |part: Part, len: usize| Candidate {
            part,
            steps: &self.linked.parts[part as usize],
            fixed: &[],
            clear: &self.linked.clear[part as usize],
            len,
        };
        let mut found = vec![
            part(Part::Objectives, layout.n_objectives),
            part(Part::Rows, layout.n_rows),
            part(Part::HessianProduct, layout.n_z),
            part(Part::TangentRows, layout.n_rows),
        ];
        if layout.defs.is_empty() {
            found.extend([part(Part::PullObjectives, layout.n_x), part(Part::PullRows, layout.n_x)]);
        }
        let plans = [(Part::JacobianRows, &self.jacobian.plan), (Part::HessianTop, &self.hessian.plan)];
        found.extend(plans.map(|(part, plan)| Candidate {
            part,
            steps: &plan.steps[plan.n_constant..],
            fixed: &plan.steps[..plan.n_constant],
            clear: &plan.clear,
            len: plan.n_values,
        }));
        found
    }

    /// Has parts run as regions from here on; workspaces taken before do not fit any more.
    pub fn set_regions(&mut self, regions: impl IntoIterator<Item = (Part, Arc<dyn Region>)>) {
        self.regions = Regions::default();
        for (part, region) in regions {
            self.regions.0[part as usize] = Some(region);
        }
    }

    /// Lengths of the buffers that loops read, by [`Source`](super::exec::Source). Each has one number more, which has
    /// no meaning.
    pub fn buffer_lens(&self) -> [usize; 6] {
        let layout = &self.linked.layout;
        let slot = if layout.defs.is_empty() { 0 } else { layout.n_z };
        [layout.n_z, self.instance.data.len().saturating_sub(1), layout.n_objectives, layout.n_rows, slot, layout.n_z]
    }

    fn memory(&self) -> Memory {
        let layout = &self.linked.layout;
        let loops = || {
            self.steps().filter_map(|step| match step {
                BoundStep::Loop(bound) => Some((&self.program.kernels[bound.kernel], bound)),
                _ => None,
            })
        };
        let steps = self.linked.parts.iter().flatten().filter_map(|step| match step {
            BoundStep::Array { array, .. } => Some(array),
            _ => None,
        });
        let chained = self.jacobian.chain.is_some();
        Memory {
            registers: Registers::new(loops()),
            team: Team::new(self.regions.room(), || Registers::new(loops())),
            kept: Kept::new(self.kept),
            scratch: Scratch::new(steps),
            z: [&self.z0[..], &[0.0]].concat(),
            adjoint: vec![0.0; layout.n_z],
            slot: vec![0.0; if layout.defs.is_empty() { 1 } else { layout.n_z + 1 }],
            sigma: vec![0.0; layout.n_objectives + 1],
            row: vec![0.0; layout.n_rows + 1],
            seed: vec![0.0; layout.n_z + 1],
            change: vec![0.0; if layout.defs.is_empty() { 1 } else { layout.n_z + 1 }],
            values: vec![0.0; layout.n_objectives],
            jacobian: vec![0.0; if chained { self.jacobian.plan.n_values } else { 0 }],
            hessian: vec![0.0; if chained { self.hessian.plan.n_values } else { 0 }],
            z_at: 0,
            values_at: 0,
            jacobian_at: 0,
            jacobian_careful: false,
        }
    }

    /// Evaluates the defined arrays chosen by `which` into `memory.z`.
    fn arrays(&self, memory: &mut Memory, which: impl Fn(usize) -> bool) {
        self.sweep(memory, Part::Forward, which, |range, memory| {
            memory.z[range.clone()].copy_from_slice(&memory.adjoint[range]);
        });
    }

    /// Values (`Part::Forward`) or tangents (`Part::TangentArrays`) of defined arrays into `memory.adjoint`, each then
    /// `done` with its slots.
    fn sweep(
        &self,
        memory: &mut Memory,
        part: Part,
        which: impl Fn(usize) -> bool,
        mut done: impl FnMut(Range<usize>, &mut Memory),
    ) {
        for steps in by_array(&self.linked.parts[part as usize]) {
            let def = array_of(&steps[0]);
            if !which(def) {
                continue;
            }
            let range = self.slots(def);
            memory.adjoint[range.clone()].fill(0.0);
            for step in steps {
                match step {
                    BoundStep::Array { array, .. } if part == Part::TangentArrays => {
                        array.tangent(&memory.z, &memory.seed, &mut memory.adjoint, &mut memory.scratch);
                    }
                    BoundStep::Array { array, .. } => {
                        array.forward(&memory.z, &mut memory.adjoint, &mut memory.scratch);
                    }
                    _ => {
                        let mut adjoint = std::mem::take(&mut memory.adjoint);
                        self.run_step(memory, step, None, &mut adjoint);
                        memory.adjoint = adjoint;
                    }
                }
            }
            done(range, memory);
        }
    }

    /// The slots of a defined array in z.
    fn slots(&self, def: usize) -> Range<usize> {
        let place = &self.linked.layout.defs[def];
        place.z..place.z + place.len
    }

    /// Brings `memory.seed` to the direction `v`: slots of defined arrays move along.
    fn direct(&self, memory: &mut Memory, v: &[f64]) {
        let layout = &self.linked.layout;
        memory.seed[..layout.n_x].copy_from_slice(&v[..layout.n_x]);
        if self.lifted {
            for place in &layout.defs {
                if let Some(col) = place.col {
                    memory.seed[place.z..place.z + place.len].copy_from_slice(&v[col..col + place.len]);
                }
            }
        } else if layout.n_active() > 0 {
            self.sweep(
                memory,
                Part::TangentArrays,
                |_| true,
                |range, memory| {
                    memory.seed[range.clone()].copy_from_slice(&memory.adjoint[range]);
                },
            );
        }
    }

    /// What the curvature of defined arrays adds to the change of the adjoints along the direction, last array first:
    /// their weights times their second derivatives, and the change of the weights times their slopes.
    fn curve_arrays(&self, memory: &mut Memory, adjoint: &mut [f64]) {
        let of = |part: Part| by_array(&self.linked.parts[part as usize]);
        for (pull, curve) in of(Part::PullArrays).zip(of(Part::CurveArrays)) {
            if !self.lifted {
                let range = self.slots(array_of(&pull[0]));
                memory.change[range.clone()].copy_from_slice(&adjoint[range]);
                // The pull reads its weights from the same place.
                std::mem::swap(&mut memory.slot, &mut memory.change);
                pull.iter().for_each(|step| self.pull_step(memory, step, adjoint));
                std::mem::swap(&mut memory.slot, &mut memory.change);
            }
            for step in curve {
                match step {
                    BoundStep::Array { array, .. } => {
                        array.curve_products(&memory.z, &memory.slot, &memory.seed, adjoint, &mut memory.scratch);
                    }
                    _ => self.run_step(memory, step, None, adjoint),
                }
            }
        }
    }

    /// A derivative at the point; should it not be a number, once more by the rule of [`product`]. Elsewhere that rule
    /// changes nothing, so that only such points pay for it.
    fn derivative(
        &self,
        ws: &mut Workspace,
        mut of: impl FnMut(&mut Memory) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        let memory = self.at(ws);
        of(memory).or_else(|_| {
            memory.registers.careful = true;
            let done = of(memory);
            memory.registers.careful = false;
            done
        })
    }

    /// Brings `memory.z` to the point.
    fn at<'w>(&self, ws: &'w mut Workspace) -> &'w mut Memory {
        let stamp = ws.stamp();
        let (x, memory) = ws.parts::<Memory>();
        if memory.z_at != stamp || stamp == 0 {
            memory.z_at = stamp;
            memory.kept.move_to(stamp);
            let layout = &self.linked.layout;
            memory.z[..layout.n_x].copy_from_slice(&x[..layout.n_x]);
            if self.lifted {
                for place in &layout.defs {
                    if let Some(col) = place.col {
                        memory.z[place.z..place.z + place.len].copy_from_slice(&x[col..col + place.len]);
                    }
                }
            } else if layout.n_active() > 0 {
                self.arrays(memory, |def| self.program.defs[def].active);
            }
        }
        memory
    }

    /// Runs the loops of a part that has no arrays into `out`, which is as long as the part writes.
    ///
    /// `row` holds the weights of the rows if they are not in memory.
    fn run(&self, memory: &mut Memory, part: Part, row: Option<&[f64]>, out: &mut [f64]) -> Looked {
        let reset = Reset { ranges: &self.linked.clear[part as usize], ..Reset::default() };
        let watch = match self.run_region(memory, part, row, reset, out) {
            Ok(looked) => return looked,
            Err(watch) => watch,
        };
        reset.apply(out, |a, b| a * b);
        self.add(memory, part, row, out);
        watch.stop();
        Looked::No
    }

    /// Adds what the loops of a part give.
    fn add(&self, memory: &mut Memory, part: Part, row: Option<&[f64]>, out: &mut [f64]) {
        for step in &self.linked.parts[part as usize] {
            self.run_step(memory, step, row, out);
        }
    }

    /// Runs a part by several threads, where that is possible and worth it.
    fn run_region(
        &self,
        memory: &mut Memory,
        part: Part,
        rows: Option<&[f64]>,
        reset: Reset<'_>,
        out: &mut [f64],
    ) -> Result<Looked, Watch<'_>> {
        let Some(region) = self.regions.0[part as usize].as_deref() else { return Err(Watch::OFF) };
        if memory.registers.careful {
            return Err(Watch::OFF);
        }
        let Memory { z, sigma, row, slot, seed, team, kept, .. } = memory;
        let buffers = buffers(z, &self.instance.data, sigma, rows.unwrap_or(row), slot, seed);
        match region.run(Call { program: &self.program, buffers, reset, out, kept, team }) {
            Ran::Shared { finite } => Ok(if finite { Looked::Finite } else { Looked::No }),
            Ran::Alone { timed } => Err(Watch::of(region, timed)),
        }
    }

    fn run_step(&self, memory: &mut Memory, step: &BoundStep, row: Option<&[f64]>, out: &mut [f64]) {
        if let BoundStep::Loop(bound) = step {
            let Memory { registers, z, sigma, row: copied, slot, seed, kept, .. } = memory;
            let buffers = buffers(z, &self.instance.data, sigma, row.unwrap_or(copied), slot, seed);
            registers.run(&self.program.kernels[bound.kernel], bound, &buffers, kept, out);
        }
    }

    fn objective_values(&self, memory: &mut Memory, f: &mut [f64]) -> Result<(), EvalError> {
        self.run(memory, Part::Objectives, None, f);
        f.iter_mut().zip(&self.signs).for_each(|(f, sign)| *f *= sign);
        check_finite(f, |k| Place::Objective(k as u32))
    }

    fn weigh_objectives(&self, memory: &mut Memory, sigma: &[f64]) {
        for ((to, s), sign) in memory.sigma.iter_mut().zip(sigma).zip(&self.signs) {
            *to = s * sign;
        }
    }

    fn weigh(&self, memory: &mut Memory, sigma: Option<&[f64]>, y: Option<&[f64]>) {
        match sigma {
            None => memory.sigma.fill(0.0),
            Some(sigma) => self.weigh_objectives(memory, sigma),
        }
        let n_rows = self.linked.layout.n_rows;
        match y {
            None => memory.row.fill(0.0),
            Some(y) => memory.row[..n_rows].copy_from_slice(&y[..n_rows]),
        }
        if let (true, Some(y)) = (self.lifted, y) {
            let layout = &self.linked.layout;
            for place in &layout.defs {
                if let Some(col) = place.col {
                    let from = n_rows + col - layout.n_x;
                    memory.slot[place.z..place.z + place.len].copy_from_slice(&y[from..from + place.len]);
                }
            }
        }
    }

    /// As [`Self::weigh`]; gives the weights of the rows back where loops can read them as they are.
    fn weigh_in_place<'y>(&self, memory: &mut Memory, sigma: Option<&[f64]>, y: &'y [f64]) -> Option<&'y [f64]> {
        let layout = &self.linked.layout;
        if layout.n_z > layout.n_x {
            self.weigh(memory, sigma, Some(y));
            return None;
        }
        match sigma {
            None => memory.sigma.fill(0.0),
            Some(sigma) => self.weigh_objectives(memory, sigma),
        }
        Some(&y[..layout.n_rows])
    }

    /// Adjoints of `sigma' f + y' c` by slot of z, in `memory.adjoint`; in condensed mode weights of the
    /// slots are found on the way.
    fn pull(&self, memory: &mut Memory, objectives: bool, rows: bool) {
        let mut adjoint = std::mem::take(&mut memory.adjoint);
        adjoint.fill(0.0);
        if objectives && memory.sigma.iter().any(|s| *s != 0.0) {
            self.add(memory, Part::PullObjectives, None, &mut adjoint);
        }
        if rows && memory.row.iter().any(|y| *y != 0.0) {
            self.add(memory, Part::PullRows, None, &mut adjoint);
        }
        if !self.lifted || rows {
            self.pull_arrays(memory, &mut adjoint);
        }
        memory.adjoint = adjoint;
    }

    fn pull_arrays(&self, memory: &mut Memory, adjoint: &mut [f64]) {
        for steps in by_array(&self.linked.parts[Part::PullArrays as usize]) {
            if !self.lifted {
                let range = self.slots(array_of(&steps[0]));
                memory.slot[range.clone()].copy_from_slice(&adjoint[range]);
            }
            steps.iter().for_each(|step| self.pull_step(memory, step, adjoint));
        }
    }

    fn pull_step(&self, memory: &mut Memory, step: &BoundStep, adjoint: &mut [f64]) {
        match step {
            BoundStep::Array { array, .. } => {
                let careful = memory.registers.careful;
                array.pull(&memory.z, &memory.slot, adjoint, &mut memory.scratch, careful);
            }
            _ => self.run_step(memory, step, None, adjoint),
        }
    }

    /// Adjoints by column.
    fn by_column(&self, memory: &Memory, out: &mut [f64]) {
        let layout = &self.linked.layout;
        out[..layout.n_x].copy_from_slice(&memory.adjoint[..layout.n_x]);
        if self.lifted {
            for place in &layout.defs {
                if let Some(col) = place.col {
                    out[col..col + place.len].copy_from_slice(&memory.adjoint[place.z..place.z + place.len]);
                }
            }
        }
    }

    /// Writes the values of a matrix: kernels and array steps, `slopes` or second derivatives.
    fn fill(&self, memory: &mut Memory, plan: &Plan, slopes: bool, row: Option<&[f64]>, values: &mut [f64]) -> Looked {
        let part = if slopes { Part::JacobianRows } else { Part::HessianTop };
        let scale = plan.scale.map(|k| memory.sigma[k as usize]);
        let reset = Reset { ranges: &plan.clear, constants: &plan.constants, scale };
        let watch = match self.run_region(memory, part, row, reset, values) {
            Ok(looked) => return looked,
            Err(watch) => watch,
        };
        // Two calls, so that the plain product is compiled into its loop.
        if memory.registers.careful {
            reset.apply(values, product);
        } else {
            reset.apply(values, |a, b| a * b);
        }
        for (step, slots) in plan.steps.iter().zip(&plan.array_slots).skip(plan.n_constant) {
            match step {
                BoundStep::Begin(_) => {}
                BoundStep::Loop(_) => self.run_step(memory, step, row, values),
                BoundStep::Array { array, .. } => {
                    let mut slots = slots.iter();
                    let add = |value: f64| {
                        if let Some(slot) = slots.next() {
                            values[*slot as usize] += value;
                        }
                    };
                    if slopes {
                        array.slopes(&memory.z, &mut memory.scratch, add);
                    } else {
                        array.curves(&memory.z, &memory.slot, &mut memory.scratch, add);
                    }
                }
            }
        }
        watch.stop();
        Looked::No
    }

    /// Brings the chained Jacobian in `memory.jacobian` to the point.
    fn chained(&self, memory: &mut Memory, chain: &JacobianChain) {
        let careful = memory.registers.careful;
        if memory.jacobian_at != memory.z_at || memory.z_at == 0 || (careful && !memory.jacobian_careful) {
            let mut values = std::mem::take(&mut memory.jacobian);
            self.fill(memory, &self.jacobian.plan, true, None, &mut values);
            if careful {
                chain.apply(&mut values, product);
            } else {
                chain.apply(&mut values, |a, b| a * b);
            }
            memory.jacobian = values;
            memory.jacobian_at = memory.z_at;
            memory.jacobian_careful = careful;
        }
    }
}

/// The steps of each defined array.
fn by_array(steps: &[BoundStep]) -> impl Iterator<Item = &[BoundStep]> {
    steps.chunk_by(|_, next| matches!(next, BoundStep::Loop(_)))
}

/// The array that a step begins.
fn array_of(first: &BoundStep) -> usize {
    match first {
        BoundStep::Begin(def) | BoundStep::Array { def, .. } => *def as usize,
        BoundStep::Loop(_) => crate::bug!("the steps of an array do not begin with it"),
    }
}

/// Whether numbers were looked at while they were made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    /// All are finite.
    Finite,
    /// Nobody has looked, or not all are finite.
    No,
}

impl Looked {
    /// What `check` finds, unless it is known.
    fn or(self, check: impl FnOnce() -> Result<(), EvalError>) -> Result<(), EvalError> {
        if self == Self::Finite { Ok(()) } else { check() }
    }
}

fn buffers<'a>(
    z: &'a [f64],
    data: &'a [f64],
    sigma: &'a [f64],
    row: &'a [f64],
    slot: &'a [f64],
    seed: &'a [f64],
) -> Buffers<'a> {
    Buffers { z, data, sigma, row, slot, seed }
}
