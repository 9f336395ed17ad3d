//! The kernel program: what is computed, in which order, without a word about how long a set is.
//!
//! A program is a list of kernels and, for each thing a solver may ask, the steps that compute it.
//! A kernel is straight-line code run for every instance of one domain, 256 instances at a time; its
//! ports say what it reads, its outs what it gives. Rounding is part of the program: every [`Op`]
//! rounds once (a fused product would be an op of its own), sums run in the order written, and
//! reductions over instances follow [`exec::TreeSum`](super::exec::TreeSum). Whoever runs a
//! program, portable or native, gives the same bits.

use crate::base::IdVec;
use crate::func::FuncId;
use crate::ir::plan::{FamilyId, PlanDomainId, Target};
use crate::ir::{ArrayId, NodeId, ReduceOp};
use crate::problem::Degree;
use std::collections::BTreeMap;

crate::id_types! {
    /// A kernel of a program.
    KernelId,
    /// A register: one number per instance of a block.
    Reg,
}

/// Instances per block. Blocks are counted from the first instance of a domain.
pub const BLOCK: usize = 256;

/// One operation on all lanes of a block.
#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Op {
    /// `dst = port`.
    Load { dst: Reg, port: u32 },
    /// `dst = value`.
    Const { dst: Reg, value: f64 },
    /// `dst = -a`.
    Neg { dst: Reg, a: Reg },
    /// `dst = a + b`.
    Add { dst: Reg, a: Reg, b: Reg },
    /// `dst = a - b`.
    Sub { dst: Reg, a: Reg, b: Reg },
    /// `dst = a * b`.
    Mul { dst: Reg, a: Reg, b: Reg },
    /// `dst = a / b`.
    Div { dst: Reg, a: Reg, b: Reg },
    /// `dst = a + by`.
    Offset { dst: Reg, a: Reg, by: f64 },
    /// `dst = a * by`.
    Scale { dst: Reg, a: Reg, by: f64 },
    /// `dst = func(args)`, arguments in [`Kernel::args`]. With the node that it is the value of, where other kernels may
    /// make the same call and it is not done by an instruction.
    Call { dst: Reg, func: FuncId, first: u32, len: u32, node: Option<NodeId> },
    /// `dst = then` in lanes where `cond` is nonzero, else `otherwise`. Both are computed.
    Select { dst: Reg, cond: Reg, then: Reg, otherwise: Reg },
    /// Gives `src` to an out.
    Store { src: Reg, out: u32 },
}

/// What a kernel reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Port {
    /// A leaf of the family's templates: an entry of a variable, an array, a param, an index.
    Leaf {
        /// Any family of the kernel that has the leaf.
        family: FamilyId,
        /// The leaf.
        node: NodeId,
    },
    /// The weight of the family's target: of the objective, of the row, of the slot.
    Weight(FamilyId),
    /// The entry of the direction, in a product of the Hessian with one, at the place of a leaf.
    Seed {
        /// Any family of the kernel that has the leaf.
        family: FamilyId,
        /// The leaf.
        node: NodeId,
    },
}

/// What a kernel gives, one number per instance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum What {
    /// The family's value, for its target.
    Value,
    /// The derivative with respect to a leaf.
    Slope {
        /// The leaf.
        input: NodeId,
    },
    /// The second derivative with respect to two leaves, times the weight of the target.
    Curve {
        /// One leaf.
        row: NodeId,
        /// The other.
        col: NodeId,
    },
}

/// One out of a kernel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Out {
    /// Of which family.
    pub family: FamilyId,
    /// What.
    pub what: What,
}

/// Straight-line code for every instance of a domain.
#[derive(Clone, PartialEq, Debug)]
pub struct Kernel {
    /// The instances.
    pub domain: PlanDomainId,
    /// Families it serves, in order.
    pub families: Vec<FamilyId>,
    /// What it reads.
    pub ports: Vec<Port>,
    /// What it gives.
    pub outs: Vec<Out>,
    /// Arguments of calls.
    pub args: Vec<Reg>,
    /// Run once per call: what is the same for all instances.
    pub once: Vec<Op>,
    /// Run once per block.
    pub body: Vec<Op>,
    /// Registers in use.
    pub n_regs: u32,
}

/// What a solver may ask for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Part {
    /// Slots of defined arrays, in order.
    Forward,
    /// Values of the objectives.
    Objectives,
    /// Values of the rows.
    Rows,
    /// Slopes of the objectives times their weights, into the adjoints of their inputs.
    PullObjectives,
    /// The same of the rows.
    PullRows,
    /// The same of the defined arrays, last first.
    PullArrays,
    /// Slopes of the rows.
    JacobianRows,
    /// Slopes of the defined arrays.
    JacobianArrays,
    /// Weighted second derivatives of objectives and rows.
    HessianTop,
    /// Weighted second derivatives of the defined arrays.
    HessianArrays,
    /// Weighted second derivatives of objectives and rows times a direction, into the places of their inputs.
    HessianProduct,
    /// The same of the defined arrays, last first.
    CurveArrays,
    /// Slopes of the rows times a direction, in models with arrays.
    TangentRows,
    /// The same of the defined arrays, in order.
    TangentArrays,
}

impl Part {
    /// All parts, in the order of the text form.
    pub const ALL: [Self; 14] = [
        Self::Forward,
        Self::Objectives,
        Self::Rows,
        Self::PullObjectives,
        Self::PullRows,
        Self::PullArrays,
        Self::JacobianRows,
        Self::JacobianArrays,
        Self::HessianTop,
        Self::HessianArrays,
        Self::HessianProduct,
        Self::CurveArrays,
        Self::TangentRows,
        Self::TangentArrays,
    ];

    /// Its name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward arrays",
            Self::Objectives => "values of objectives",
            Self::Rows => "values of rows",
            Self::PullObjectives => "pull back objectives",
            Self::PullRows => "pull back rows",
            Self::PullArrays => "pull back arrays",
            Self::JacobianRows => "jacobian of rows",
            Self::JacobianArrays => "jacobian of arrays",
            Self::HessianTop => "hessian of objectives and rows",
            Self::HessianArrays => "hessian of arrays",
            Self::HessianProduct => "hessian times a direction",
            Self::CurveArrays => "hessian of arrays times a direction",
            Self::TangentRows => "rows along a direction",
            Self::TangentArrays => "arrays along a direction",
        }
    }
}

/// One step of a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A kernel over all instances of its domain.
    Loop(KernelId),
    /// A group, a matrix product or a determinant: entry of [`Program::defs`].
    Array(u32),
    /// Begins the work for one defined array made of families: entry of [`Program::defs`].
    Begin(u32),
}

/// How a defined array is computed; see [`DefKind`](crate::ir::plan::DefKind).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArrayOp {
    /// Families add into it.
    Sum,
    /// A reduction of the items that belong to each slot.
    Group {
        /// `Prod`, `Min`, `Max` or `LogSumExp`.
        op: ReduceOp,
        /// The items.
        items: ArrayId,
    },
    /// The product of two matrices.
    MatMul {
        /// Left operand.
        left: ArrayId,
        /// Right operand.
        right: ArrayId,
    },
    /// log |det|.
    LogDet {
        /// The matrix.
        of: ArrayId,
    },
}

/// A defined array of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DefInfo {
    /// The array.
    pub array: ArrayId,
    /// How it is computed.
    pub op: ArrayOp,
    /// Whether it depends on variables at all. If not, it is computed once.
    pub active: bool,
    /// How it depends on the variables.
    pub degree: Degree,
}

/// A whole program.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Program {
    /// The kernels.
    pub kernels: IdVec<KernelId, Kernel>,
    /// Steps of each part, in the order of [`Part::ALL`].
    pub parts: [Vec<Step>; 14],
    /// Defined arrays in order of evaluation.
    pub defs: Vec<DefInfo>,
    /// Where each family's values go.
    pub targets: IdVec<FamilyId, Target>,
    /// How each family depends on the variables, defined arrays looked through.
    pub degrees: IdVec<FamilyId, Degree>,
    /// The same when slots of defined arrays count as variables.
    pub lifted_degrees: IdVec<FamilyId, Degree>,
    /// The array of each leaf that is an entry of one.
    pub array_of: BTreeMap<NodeId, ArrayId>,
}

impl Program {
    /// The steps of a part.
    pub fn part(&self, part: Part) -> &[Step] {
        &self.parts[part as usize]
    }

    /// Number of operations of all kernels: what compiling costs, whatever the data.
    pub fn n_ops(&self) -> usize {
        self.kernels.iter().map(|k| k.once.len() + k.body.len()).sum()
    }
}
