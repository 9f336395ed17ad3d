//! A program meets an instance: every port and every out gets its place.

use super::arrays::ArrayStep;
use super::exec::{BoundLoop, BoundOut, BoundPort, Source};
use super::first::first_writers;
use super::program::{Kernel, KernelId, Out, Part, Port, Program, Step, What};
use crate::bind::{Address, Buffer, Instance, Leaf};
use crate::ir::plan::Target;
use crate::ir::{ArrayId, NodeId};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Where a defined array stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DefPlace {
    /// First slot in z.
    pub z: usize,
    /// Number of slots.
    pub len: usize,
    /// Lengths of its axes; empty for one slot per instance.
    pub dims: Vec<usize>,
    /// First column in the matrices of the lifted problem, when it depends on variables.
    pub col: Option<usize>,
}

/// Sizes and places of everything that has numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Variables.
    pub n_x: usize,
    /// Variables and slots of defined arrays.
    pub n_z: usize,
    /// Variables and slots that depend on them.
    pub n_cols: usize,
    /// Objectives.
    pub n_objectives: usize,
    /// Rows.
    pub n_rows: usize,
    /// Defined arrays, in the order of the program.
    pub defs: Vec<DefPlace>,
    /// First slots and entries of `defs`, ascending.
    pub by_slot: Vec<(usize, usize)>,
    /// Entries of `defs` by array.
    pub by_array: BTreeMap<ArrayId, usize>,
}

impl Layout {
    /// Slots that depend on variables.
    pub fn n_active(&self) -> usize {
        self.n_cols - self.n_x
    }

    fn new(program: &Program, instance: &Instance) -> Self {
        let mut n_cols = instance.n_x;
        let place = |(info, def): (&super::program::DefInfo, &crate::bind::DefInstance)| {
            let col = info.active.then_some(n_cols);
            n_cols += if info.active { def.len } else { 0 };
            DefPlace { z: def.z, len: def.len, dims: def.dims.clone(), col }
        };
        let defs: Vec<DefPlace> = program.defs.iter().zip(&instance.defs).map(place).collect();
        let mut by_slot: Vec<(usize, usize)> = defs.iter().enumerate().map(|(at, d)| (d.z, at)).collect();
        by_slot.sort_unstable();
        Self {
            n_x: instance.n_x,
            n_z: instance.n_z,
            n_cols,
            n_objectives: instance.shape.n_objectives,
            n_rows: instance.shape.n_cons,
            defs,
            by_slot,
            by_array: program.defs.iter().enumerate().map(|(at, d)| (d.array, at)).collect(),
        }
    }
}

/// One step with its places.
#[derive(Clone, Debug)]
pub enum BoundStep {
    /// A kernel.
    Loop(BoundLoop),
    /// A group, a product, a determinant.
    Array {
        /// Which definition.
        def: u32,
        /// What it is.
        array: ArrayStep,
    },
    /// Work for this defined array begins.
    Begin(u32),
}

impl BoundStep {
    /// The loop, if it is one.
    pub fn as_loop(&self) -> Option<&BoundLoop> {
        match self {
            Self::Loop(bound) => Some(bound),
            _ => None,
        }
    }
}

/// A program with the places of its values and first derivatives. Matrices are in
/// [`matrix`](super::matrix).
#[derive(Clone, Debug)]
pub struct Linked {
    /// Places.
    pub layout: Layout,
    /// Steps of the parts that do not write matrices, by [`Part`]; empty for the others.
    pub parts: [Vec<BoundStep>; 14],
    /// What is cleared before the steps of a part that writes a vector of its own.
    pub clear: [Vec<Range<u32>>; 14],
}

/// Links all parts of a program but the matrices.
pub fn link(program: &Program, instance: &Instance) -> Linked {
    let layout = Layout::new(program, instance);
    let linker = Linker { program, instance, layout: &layout };
    let mut parts: [Vec<BoundStep>; 14] = Default::default();
    let in_matrices = [Part::JacobianRows, Part::JacobianArrays, Part::HessianTop, Part::HessianArrays];
    for part in Part::ALL.into_iter().filter(|part| !in_matrices.contains(part)) {
        parts[part as usize] = program.part(part).iter().map(|step| linker.step(*step)).collect();
    }
    let clear = clear(&mut parts, &layout);
    Linked { parts, clear, layout }
}

/// Has outs store where they are the first to come; what the others need cleared.
fn clear(parts: &mut [Vec<BoundStep>; 14], layout: &Layout) -> [Vec<Range<u32>>; 14] {
    let mut clear: [Vec<Range<u32>>; 14] = Default::default();
    let (n_x, n_rows) = (layout.n_x, layout.n_rows);
    let mut alone = vec![
        (Part::Objectives, layout.n_objectives),
        (Part::Rows, n_rows),
        (Part::HessianProduct, layout.n_z),
        (Part::TangentRows, n_rows),
    ];
    if layout.n_z == n_x {
        // With arrays both add to the same adjoints.
        alone.extend([(Part::PullObjectives, n_x), (Part::PullRows, n_x)]);
    }
    for (part, len) in alone {
        clear[part as usize] = first_writers(&mut parts[part as usize], len);
    }
    clear
}

/// Looks places up.
pub struct Linker<'a> {
    /// The program.
    pub program: &'a Program,
    /// The instance.
    pub instance: &'a Instance,
    /// Places.
    pub layout: &'a Layout,
}

impl Linker<'_> {
    fn step(&self, step: Step) -> BoundStep {
        match step {
            Step::Begin(def) => BoundStep::Begin(def),
            Step::Array(def) => BoundStep::Array { def, array: self.array(def) },
            Step::Loop(kernel) => {
                let (ports, count) = (self.ports(kernel), self.count(kernel));
                let outs = self.program.kernels[kernel].outs.iter();
                let outs = outs.map(|out| BoundOut::new(self.z_place(out), count, true, Arc::new([]))).collect();
                BoundStep::Loop(BoundLoop::new(kernel, count, ports, outs))
            }
        }
    }

    /// Instances of a kernel.
    pub fn count(&self, kernel: KernelId) -> usize {
        self.instance.families[self.program.kernels[kernel].families[0]].count
    }

    /// A group, a product or a determinant with its places.
    pub fn array(&self, def: u32) -> ArrayStep {
        ArrayStep::new(self.program, self.instance, self.layout, def)
    }

    /// Places of the ports of a kernel.
    pub fn ports(&self, kernel: KernelId) -> Vec<BoundPort> {
        let kernel: &Kernel = &self.program.kernels[kernel];
        kernel
            .ports
            .iter()
            .map(|port| match *port {
                Port::Leaf { family, node } => {
                    let Leaf { buffer, at } = &self.instance.families[family].leaves[&node];
                    let source = match buffer {
                        Buffer::Z => Source::Z,
                        Buffer::Data => Source::Data,
                    };
                    BoundPort { source, at: at.clone() }
                }
                Port::Weight(family) => self.weight(family),
                Port::Seed { family, node } => {
                    let Leaf { at, .. } = &self.instance.families[family].leaves[&node];
                    BoundPort { source: Source::Seed, at: at.clone() }
                }
            })
            .collect()
    }

    /// Whether a port reads what does not depend on variables: data, or a defined array of data alone.
    pub fn is_data(&self, port: &BoundPort) -> bool {
        if port.source != Source::Z {
            return port.source == Source::Data;
        }
        let slot = match &port.at {
            Address::Affine { base, .. } => *base as usize,
            Address::Gather(slots) => slots.first().map_or(0, |slot| *slot as usize),
        };
        let after = self.layout.by_slot.partition_point(|(first, _)| *first <= slot);
        after > 0 && self.layout.defs[self.layout.by_slot[after - 1].1].col.is_none()
    }

    fn weight(&self, family: crate::ir::plan::FamilyId) -> BoundPort {
        let target = self.instance.families[family].target.clone();
        match self.program.targets[family] {
            Target::Objective(k) => BoundPort { source: Source::Sigma, at: Address::Affine { base: k.0, stride: 0 } },
            Target::Row(_) => BoundPort { source: Source::Row, at: target },
            Target::Array(_) => BoundPort { source: Source::Slot, at: target },
        }
    }

    /// Where a value goes (objectives, rows or z, by the kind of target), or the slot in z of the
    /// leaf a slope belongs to.
    fn z_place(&self, out: &Out) -> Address {
        match out.what {
            What::Value => self.weight(out.family).at,
            What::Slope { input } | What::Curve { row: input, .. } => self.leaf(out, input),
        }
    }

    /// The slots in z of a leaf, per instance.
    pub fn leaf(&self, out: &Out, node: NodeId) -> Address {
        self.instance.families[out.family].leaves[&node].at.clone()
    }

    /// What turns a slot in z of a leaf into a column.
    pub fn shift(&self, node: NodeId) -> isize {
        self.program.array_of.get(&node).map_or(0, |array| self.col_shift(self.layout.by_array[array]))
    }

    /// What turns a slot in z of a defined array into a column.
    pub fn col_shift(&self, def: usize) -> isize {
        let DefPlace { z, col, .. } = &self.layout.defs[def];
        col.expect("only arrays that depend on variables have columns") as isize - *z as isize
    }

    /// The same of any slot.
    pub fn col_shift_of(&self, z: usize) -> isize {
        match self.layout.by_slot.partition_point(|(first, _)| *first <= z) {
            0 => 0,
            after => self.col_shift(self.layout.by_slot[after - 1].1),
        }
    }

    /// Rows of a family's target in the Jacobian of the lifted problem, per instance: constraint rows,
    /// then one row per active slot of the defined arrays.
    pub fn row(&self, family: crate::ir::plan::FamilyId) -> (Address, isize) {
        let target = self.instance.families[family].target.clone();
        match self.program.targets[family] {
            Target::Array(array) => {
                let shift = self.col_shift(self.layout.by_array[&array]) + self.layout.n_rows as isize
                    - self.layout.n_x as isize;
                (target, shift)
            }
            _ => (target, 0),
        }
    }
}

/// Whether the equation of a lifted slot is linear in variables and slots.
pub fn is_linear_def(program: &Program, info: &super::program::DefInfo) -> bool {
    use super::program::ArrayOp;
    let active = |array: &ArrayId| program.defs.iter().any(|d| d.array == *array && d.active);
    match &info.op {
        ArrayOp::Sum => program
            .targets
            .enumerate()
            .filter(|(_, target)| **target == Target::Array(info.array))
            .all(|(family, _)| program.lifted_degrees[family] <= crate::problem::Degree::Linear),
        ArrayOp::MatMul { left, right } => !(active(left) && active(right)),
        ArrayOp::Group { .. } | ArrayOp::LogDet { .. } => false,
    }
}
