//! The quick walk: a body without branches as a list of steps.
//!
//! Bodies of sums and constraints are walked at every instance; most have no branch. Their steps are
//! listed once and then run through, without asking what is known. Parts that no index touches are
//! still remembered, and bodies with branches are left to the careful walk.

use super::algebra::{Algebra, Neumaier};
use super::env::Val;
use super::walk::{Fault, FaultKind, Interp, Item};
use crate::func::{self, Builtin, FuncId};
use crate::ir::Node;
use crate::ir::model::Over;
use crate::ir::{ArrayId, BinderId, NodeId, ParamId, SetId, VarId};
use std::collections::HashMap;
use std::rc::Rc;

/// How a subscript finds its position.
struct Axis {
    set: SetId,
    // The binder that runs over this very set, else the slots of the components.
    direct: Option<BinderId>,
    subs: (u32, u32),
}

enum Step {
    Data(Val),
    Index {
        binder: BinderId,
        of: Option<(SetId, usize)>,
    },
    Param {
        param: ParamId,
        axes: Box<[Axis]>,
    },
    Var {
        var: VarId,
        axes: Box<[Axis]>,
    },
    Array {
        array: ArrayId,
        axes: Box<[Axis]>,
    },
    Call {
        func: FuncId,
        row: &'static Builtin,
        args: (u32, u32),
    },
    Member {
        set: SetId,
        subs: (u32, u32),
    },
    Same {
        left: u32,
        right: u32,
    },
    /// By the careful walk, remembered.
    Known,
}

/// The steps of a body; the last one gives its value.
pub struct Line {
    steps: Vec<(NodeId, Step)>,
    operands: Vec<u32>,
}

/// Above this many arguments a sum is compensated.
const LONG_SUM: usize = 8;

impl Line {
    /// The steps of `root`, or nothing when it has branches or depends on no index.
    pub fn new<A: Algebra>(walk: &Interp<'_, A>, root: NodeId) -> Option<Self> {
        if walk.deps().of(root).is_empty() {
            return None;
        }
        let nodes = steps_of(walk, root)?;
        // Looked up by key only; order never leaks.
        let at: HashMap<NodeId, u32> = nodes.iter().zip(0..).map(|(n, k)| (*n, k)).collect();
        let mut line = Self { steps: Vec::with_capacity(nodes.len()), operands: Vec::new() };
        for node in nodes {
            let step = line.step(walk, node, &at);
            line.steps.push((node, step));
        }
        Some(line)
    }

    fn step<A: Algebra>(&mut self, walk: &Interp<'_, A>, node: NodeId, at: &HashMap<NodeId, u32>) -> Step {
        let model = walk.model();
        let mut list = |nodes: &[NodeId]| {
            let start = self.operands.len() as u32;
            self.operands.extend(nodes.iter().map(|n| at[n]));
            (start, self.operands.len() as u32)
        };
        match model.graph.node(node) {
            Node::Num(bits) => Step::Data(Val::Num(f64::from_bits(bits.0))),
            Node::Label(label) => Step::Data(Val::Label(label.0)),
            Node::Index { binder, part } => {
                let of = match model.binders[*binder].over {
                    Over::Set(set) => Some((set, *part as usize)),
                    Over::Range { .. } => None,
                };
                Step::Index { binder: *binder, of }
            }
            _ if is_closed(walk, node) => Step::Known,
            Node::Param { param, subs } => {
                Step::Param { param: *param, axes: self.axes(walk, &model.params[*param].axes, subs, at) }
            }
            Node::Var { var, subs } => Step::Var { var: *var, axes: self.axes(walk, &model.vars[*var].axes, subs, at) },
            Node::Array { array, subs } => {
                Step::Array { array: *array, axes: self.axes(walk, &model.arrays[*array].axes, subs, at) }
            }
            Node::Call { func, args } => Step::Call { func: *func, row: func::row(*func), args: list(args) },
            Node::Member { set, subs } => Step::Member { set: *set, subs: list(subs) },
            Node::SameElem { left, right } => Step::Same { left: at[left], right: at[right] },
            _ => Step::Known,
        }
    }

    fn axes<A: Algebra>(
        &mut self,
        walk: &Interp<'_, A>,
        axes: &[SetId],
        subs: &[NodeId],
        at: &HashMap<NodeId, u32>, // looked up by key only; order never leaks
    ) -> Box<[Axis]> {
        let mut next = 0;
        let mut out = Vec::with_capacity(axes.len());
        for &set in axes {
            let arity = walk.model().sets[set].arity();
            let mine = &subs[next..next + arity];
            next += arity;
            let start = self.operands.len() as u32;
            self.operands.extend(mine.iter().map(|n| at[n]));
            out.push(Axis { set, direct: walk.runs_over(set, mine), subs: (start, self.operands.len() as u32) });
        }
        out.into()
    }
}

/// Whether a node is to be remembered: no index touches it, and it is more than a leaf.
fn is_closed<A: Algebra>(walk: &Interp<'_, A>, node: NodeId) -> bool {
    walk.deps().of(node).is_empty() && matches!(walk.model().graph.node(node), Node::Call { .. } | Node::Array { .. })
}

/// Nodes of the body in order of evaluation; nothing when there is a branch.
fn steps_of<A: Algebra>(walk: &Interp<'_, A>, root: NodeId) -> Option<Vec<NodeId>> {
    let graph = &walk.model().graph;
    let mut seen = std::collections::HashSet::new(); // only tested for membership
    let mut stack = vec![root];
    let mut out = Vec::new();
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        out.push(id);
        match graph.node(id) {
            Node::If { .. } | Node::Slot(_) | Node::Dual { .. } | Node::Slack { .. } => return None,
            Node::Call { func, .. } if walk.is_logic(*func) => return None,
            Node::Reduce { .. } => {}
            _ if is_closed(walk, id) => {}
            other => other.for_each_child(|c| stack.push(c)),
        }
    }
    out.sort_unstable();
    Some(out)
}

impl<A: Algebra> Interp<'_, A> {
    /// Runs through the steps of a body where the binders stand.
    pub(super) fn run_line(&mut self, line: &Rc<Line>) -> Result<Item<A::N>, Fault> {
        let base = self.line_values.len();
        let result = self.run_steps(line, base);
        self.line_values.truncate(base);
        result
    }

    fn run_steps(&mut self, line: &Rc<Line>, base: usize) -> Result<Item<A::N>, Fault> {
        let mut last = Item::Data(Val::Num(0.0));
        for (node, step) in &line.steps {
            last = match step {
                Step::Data(value) => Item::Data(*value),
                Step::Index { binder, of } => {
                    let place = self.place_of(*binder);
                    Item::Data(match of {
                        Some((set, part)) => self.env().element(*set, place as usize, *part),
                        None => Val::Num(place as f64),
                    })
                }
                Step::Param { param, axes } => {
                    let entry = self.line_entry(line, base, *node, axes)?;
                    Item::Data(self.env().param(*param, entry))
                }
                Step::Var { var, axes } => {
                    let entry = self.line_entry(line, base, *node, axes)?;
                    let slot = self.env().slot(*var, entry);
                    Item::Expr(self.algebra.var(slot))
                }
                Step::Array { array, axes } => {
                    let entry = self.line_entry(line, base, *node, axes)?;
                    self.array_entry(*node, *array, entry)?
                }
                Step::Call { func, row, args } => {
                    let args = &line.operands[args.0 as usize..args.1 as usize];
                    self.line_call(*node, *func, row, args, base)?
                }
                Step::Member { set, subs } => {
                    let element = self.line_elements(line, base, *subs);
                    Item::Data(Val::Num(f64::from(u8::from(self.env().position(*set, &element).is_some()))))
                }
                Step::Same { left, right } => {
                    let same = self.line_data(base, *left) == self.line_data(base, *right);
                    Item::Data(Val::Num(f64::from(u8::from(same))))
                }
                Step::Known => self.careful(*node)?,
            };
            self.line_values.push(last);
        }
        Ok(last)
    }

    fn line_data(&self, base: usize, slot: u32) -> Val {
        match self.line_values[base + slot as usize] {
            Item::Data(value) => value,
            Item::Expr(_) => Val::Num(f64::NAN),
        }
    }

    fn line_elements(&self, line: &Line, base: usize, subs: (u32, u32)) -> Vec<Val> {
        line.operands[subs.0 as usize..subs.1 as usize].iter().map(|s| self.line_data(base, *s)).collect()
    }

    fn line_entry(&self, line: &Line, base: usize, node: NodeId, axes: &[Axis]) -> Result<usize, Fault> {
        let mut entry = 0;
        for axis in axes {
            let position = match axis.direct {
                Some(binder) => self.place_of(binder) as usize,
                None => {
                    let one;
                    let many;
                    let asked: &[Val] = if axis.subs.1 - axis.subs.0 == 1 {
                        one = [self.line_data(base, line.operands[axis.subs.0 as usize])];
                        &one
                    } else {
                        many = self.line_elements(line, base, axis.subs);
                        &many
                    };
                    match self.env().position(axis.set, asked) {
                        Some(position) => position,
                        None => {
                            let kind = FaultKind::OutOfSet { set: axis.set, asked: asked.to_vec() };
                            return Err(self.fault(node, kind));
                        }
                    }
                }
            };
            entry = if axes.len() == 1 { position } else { entry * self.env().set_len(axis.set) + position };
        }
        Ok(entry)
    }

    fn line_call(
        &mut self,
        node: NodeId,
        func: FuncId,
        row: &'static Builtin,
        args: &[u32],
        base: usize,
    ) -> Result<Item<A::N>, Fault> {
        let mut data = std::mem::take(&mut self.line_data);
        data.clear();
        for arg in args {
            match self.line_values[base + *arg as usize] {
                Item::Data(Val::Num(value)) => data.push(value),
                _ => break,
            }
        }
        if data.len() == args.len() {
            let value = if func == self.add_id() && data.len() > LONG_SUM {
                let mut sum = Neumaier::default();
                data.iter().for_each(|v| sum.add(*v));
                sum.total()
            } else {
                row.eval(&data)
            };
            self.line_data = data;
            return Ok(Item::Data(Val::Num(value)));
        }
        self.line_data = data;
        let mut values = std::mem::take(&mut self.line_numbers);
        values.clear();
        for arg in args {
            let value = match self.line_values[base + *arg as usize] {
                Item::Expr(value) => value,
                Item::Data(Val::Num(value)) => self.algebra.num(value),
                Item::Data(_) => return Err(self.fault(node, FaultKind::NotANumber)),
            };
            values.push(value);
        }
        let out = if func == self.add_id() && values.len() > LONG_SUM {
            let mut sum = self.algebra.sum();
            values.iter().for_each(|v| self.algebra.add(&mut sum, *v));
            self.algebra.total(sum)
        } else {
            self.algebra.call(func, &values)
        };
        self.line_numbers = values;
        Ok(Item::Expr(out))
    }
}
