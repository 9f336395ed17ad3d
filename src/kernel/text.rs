//! Programs as text: `optc emit --stage kernel`.
//!
//! One op per line, `r3 = r1 * r2`; loads and stores name what they read and give. The text depends
//! on the templates alone and is the same for every size of the data.

use super::program::{ArrayOp, Kernel, KernelId, Op, Out, Part, Port, Program, Reg, Step, What};
use crate::func;
use crate::ir::plan::{FamilyId, Plan, Target};
use crate::ir::pretty::{array_name, con_name, expr, over, reduce_name};
use crate::ir::{Model, NodeId};
use std::fmt::Write;

/// The whole program.
pub fn program(model: &Model, plan: &Plan, program: &Program) -> String {
    let mut printer = Printer { model, plan, program, out: String::new() };
    for part in Part::ALL {
        let steps = program.part(part);
        if steps.is_empty() {
            continue;
        }
        printer.line(0, part.name());
        for step in steps {
            printer.step(part, *step);
        }
    }
    printer.out
}

struct Printer<'a> {
    model: &'a Model,
    plan: &'a Plan,
    program: &'a Program,
    out: String,
}

impl Printer<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "  ".repeat(indent));
    }

    fn step(&mut self, part: Part, step: Step) {
        match step {
            Step::Loop(kernel) => self.kernel(part, kernel),
            Step::Begin(def) => {
                let name = array_name(self.model, self.program.defs[def as usize].array);
                self.line(1, &format!("array {name}"));
            }
            Step::Array(def) => {
                let def = &self.program.defs[def as usize];
                let name = |array| array_name(self.model, array);
                let how = match def.op {
                    ArrayOp::Sum => "sum".to_owned(),
                    ArrayOp::Group { op, items } => format!("{} of {}", reduce_name(op), name(items)),
                    ArrayOp::MatMul { left, right } => format!("{} * {}", name(left), name(right)),
                    ArrayOp::LogDet { of } => format!("logdet({})", name(of)),
                };
                let text = format!("array {}: {how}", name(def.array));
                self.line(1, &text);
            }
        }
    }

    fn kernel(&mut self, part: Part, id: KernelId) {
        let kernel = &self.program.kernels[id];
        let domain = over(self.model, self.plan, kernel.domain);
        let place = if domain.is_empty() { " once".to_owned() } else { domain };
        let head = format!("kernel {}{place}: {} registers", id.0 + 1, kernel.n_regs);
        self.line(1, &head);
        if !kernel.once.is_empty() {
            self.line(2, "before the loop");
            self.ops(part, kernel, &kernel.once, 3);
            self.line(2, "every instance");
        }
        let indent = if kernel.once.is_empty() { 2 } else { 3 };
        self.ops(part, kernel, &kernel.body, indent);
    }

    fn ops(&mut self, part: Part, kernel: &Kernel, ops: &[Op], indent: usize) {
        for op in ops {
            let text = self.op(part, kernel, op);
            self.line(indent, &text);
        }
    }

    fn op(&self, part: Part, kernel: &Kernel, op: &Op) -> String {
        let r = |reg: Reg| format!("r{}", reg.0);
        let number = |value: f64| format!("{value}");
        match *op {
            Op::Load { dst, port } => format!("{} = load {}", r(dst), self.port(kernel.ports[port as usize])),
            Op::Const { dst, value } => format!("{} = {}", r(dst), number(value)),
            Op::Neg { dst, a } => format!("{} = -{}", r(dst), r(a)),
            Op::Add { dst, a, b } => format!("{} = {} + {}", r(dst), r(a), r(b)),
            Op::Sub { dst, a, b } => format!("{} = {} - {}", r(dst), r(a), r(b)),
            Op::Mul { dst, a, b } => format!("{} = {} * {}", r(dst), r(a), r(b)),
            Op::Div { dst, a, b } => format!("{} = {} / {}", r(dst), r(a), r(b)),
            Op::Offset { dst, a, by } => format!("{} = {} + {}", r(dst), r(a), number(by)),
            Op::Scale { dst, a, by } => format!("{} = {} * {}", r(dst), r(a), number(by)),
            Op::Call { dst, func, first, len, .. } => {
                let args = &kernel.args[first as usize..(first + len) as usize];
                let args: Vec<String> = args.iter().map(|a| r(*a)).collect();
                format!("{} = {}({})", r(dst), func::row(func).name, args.join(", "))
            }
            Op::Select { dst, cond, then, otherwise } => {
                format!("{} = select({}, {}, {})", r(dst), r(cond), r(then), r(otherwise))
            }
            Op::Store { src, out } => format!("{} += {}", self.out(part, &kernel.outs[out as usize]), r(src)),
        }
    }

    fn port(&self, port: Port) -> String {
        match port {
            Port::Leaf { node, .. } => self.leaf(node),
            Port::Weight(family) => format!("weight of {}", self.target(family)),
            Port::Seed { node, .. } => format!("direction at {}", self.leaf(node)),
        }
    }

    fn out(&self, part: Part, out: &Out) -> String {
        let target = self.target(out.family);
        match (out.what, part) {
            (What::Value, Part::TangentRows | Part::TangentArrays) => format!("{target} along the direction"),
            (What::Value, _) => target,
            (
                What::Slope { input },
                Part::PullObjectives | Part::PullRows | Part::PullArrays | Part::HessianProduct | Part::CurveArrays,
            ) => {
                format!("adjoint of {}", self.leaf(input))
            }
            (What::Slope { input }, _) => format!("jacobian[{target}, {}]", self.leaf(input)),
            (What::Curve { row, col }, _) => format!("hessian[{}, {}]", self.leaf(row), self.leaf(col)),
        }
    }

    fn leaf(&self, node: NodeId) -> String {
        expr(self.model, node)
    }

    fn target(&self, family: FamilyId) -> String {
        match self.program.targets[family] {
            Target::Objective(k) => {
                self.model.objectives[k].name.as_deref().map_or_else(|| "objective".to_owned(), str::to_owned)
            }
            Target::Row(con) => con_name(self.model, con),
            Target::Array(array) => array_name(self.model, array),
        }
    }
}
