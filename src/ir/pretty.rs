//! Templates as text: infix, with shared and long parts named `t1`, `t2`, ….
//!
//! Stable: the same nodes give the same text. Linear in the number of nodes: no part is printed
//! twice, and a part longer than a line gets a name.

use super::graph::ReduceOp;
use super::model::Over;
use super::{BinderId, DomainId, Model, Node, NodeId};
use crate::func::{self, Surface};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Parts longer than this get a name of their own.
const LONGEST_PART: usize = 110;

/// One expression on one line, for messages and short listings; shared parts are written out unless long.
pub fn expr(model: &Model, node: NodeId) -> String {
    let mut lines = block(model, &[(String::new(), node)]);
    if lines.len() == 1 { lines.remove(0) } else { lines.join("; ") }
}

/// Definitions of shared parts, then one line `label = expression` per output (`expression` alone for
/// an empty label).
pub fn block(model: &Model, outputs: &[(String, NodeId)]) -> Vec<String> {
    let mut printer = Printer { model, uses: BTreeMap::new(), text: BTreeMap::new(), lines: Vec::new(), temps: 0 };
    let roots: Vec<NodeId> = outputs.iter().map(|o| o.1).collect();
    let order = crate::ir::graph::with_domains(model, &roots);
    for &root in &roots {
        *printer.uses.entry(root).or_insert(0) += 1;
    }
    for &id in &order {
        model.graph.node(id).for_each_child(|c| *printer.uses.entry(c).or_insert(0) += 1);
    }
    for id in order {
        printer.print(id, roots.contains(&id));
    }
    for (label, node) in outputs {
        let text = &printer.text[node].0;
        printer.lines.push(if label.is_empty() { text.clone() } else { format!("{label} = {text}") });
    }
    printer.lines
}

/// How tightly a text binds: what may stand beside it without parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Loose,
    Or,
    And,
    Compare,
    Sum,
    Product,
    Unary,
    Power,
    Atom,
}

struct Printer<'m> {
    model: &'m Model,
    uses: BTreeMap<NodeId, usize>,
    text: BTreeMap<NodeId, (String, Level)>,
    lines: Vec<String>,
    temps: usize,
}

impl Printer<'_> {
    fn print(&mut self, id: NodeId, root: bool) {
        let (text, level) = self.write(id);
        let shared = self.uses.get(&id).is_some_and(|n| *n > 1) && level < Level::Atom;
        if !root && (shared || text.len() > LONGEST_PART) && !self.is_element(id) {
            self.temps += 1;
            let name = format!("t{}", self.temps);
            self.lines.push(format!("{name} = {text}"));
            self.text.insert(id, (name, Level::Atom));
        } else {
            self.text.insert(id, (text, level));
        }
    }

    /// Subscripts stay where they are: `x[t - 1]` reads better than `x[t1]`.
    fn is_element(&self, id: NodeId) -> bool {
        !self.model.graph.has_var(id) && self.text.get(&id).is_none_or(|t| t.0.len() < 24) && {
            matches!(self.model.graph.node(id), Node::Index { .. } | Node::Num(_) | Node::Label(_))
        }
    }

    fn write(&self, id: NodeId) -> (String, Level) {
        let atom = |text: String| (text, Level::Atom);
        let model = self.model;
        match model.graph.node(id) {
            Node::Num(bits) => number(f64::from_bits(bits.0)),
            Node::Label(label) => atom(format!("\"{}\"", model.graph.label_name(*label))),
            Node::Index { binder, part } => atom(index_name(model, *binder, *part)),
            Node::Param { param, subs } => atom(self.entry(&model.params[*param].name, subs)),
            Node::Var { var, subs } => atom(self.entry(&model.vars[*var].name, subs)),
            Node::Array { array, subs } => atom(self.entry(&array_name(model, *array), subs)),
            Node::Slot(array) => atom(format!("{}[.]", array_name(model, *array))),
            Node::Call { func, args } => self.call(id, func::row(*func), args),
            Node::If { cond, then, otherwise } => {
                let text = format!("if {} then {} else {}", self.of(*cond), self.of(*then), self.of(*otherwise));
                (text, Level::Loose)
            }
            Node::Reduce { op, domain, body } => {
                atom(format!("{}({}: {})", reduce_name(*op), self.head(*domain), self.of(*body)))
            }
            Node::Member { set, subs } => {
                let set = set_name(model, *set);
                (format!("({}) in {set}", self.list(subs)), Level::Compare)
            }
            Node::SameElem { left, right } => (format!("{} == {}", self.of(*left), self.of(*right)), Level::Compare),
            Node::Dual { con, subs } => atom(format!("dual({})", self.entry(&con_name(model, *con), subs))),
            Node::Slack { con, subs } => atom(format!("slack({})", self.entry(&con_name(model, *con), subs))),
        }
    }

    fn call(&self, id: NodeId, row: &func::Builtin, args: &[NodeId]) -> (String, Level) {
        if self.model.graph.as_sum(id).is_some() {
            return (self.sum(args), Level::Sum);
        }
        if self.model.graph.as_product(id).is_some() {
            return (self.product(args), Level::Product);
        }
        match (row.surface, args) {
            (Surface::Operator(sign), [a, b]) => {
                let level = operator_level(sign);
                let right = if level == Level::Power { Level::Power } else { next(level) };
                let left = if level == Level::Power { Level::Atom } else { level };
                (format!("{} {sign} {}", self.within(*a, left), self.within(*b, right)), level)
            }
            (Surface::Operator(sign), [a]) => (format!("{sign} {}", self.within(*a, Level::Unary)), Level::Unary),
            _ => (format!("{}({})", row.name, self.list(args)), Level::Atom),
        }
    }

    fn sum(&self, args: &[NodeId]) -> String {
        let mut out = String::new();
        // The constant comes first in the normal form and last on paper.
        let (numbers, others): (Vec<NodeId>, Vec<NodeId>) =
            args.iter().copied().partition(|a| self.model.graph.as_num(*a).is_some());
        for (k, arg) in others.into_iter().chain(numbers).enumerate() {
            let text = self.within(arg, Level::Product);
            match (k, text.strip_prefix('-')) {
                (0, _) => out.push_str(&text),
                (_, Some(rest)) => {
                    let _ = write!(out, " - {rest}");
                }
                (_, None) => {
                    let _ = write!(out, " + {text}");
                }
            }
        }
        out
    }

    fn product(&self, args: &[NodeId]) -> String {
        let mut out = String::new();
        let mut parts = args;
        if self.model.graph.as_num(args[0]) == Some(-1.0) {
            out.push('-');
            parts = &args[1..];
        }
        let mut k = 0;
        while k < parts.len() {
            let run = parts[k..].iter().take_while(|p| **p == parts[k]).count();
            if k > 0 {
                out.push_str(" * ");
            }
            if run > 1 {
                let _ = write!(out, "{}^{run}", self.within(parts[k], Level::Atom));
            } else {
                out.push_str(&self.within(parts[k], Level::Unary));
            }
            k += run;
        }
        out
    }

    fn of(&self, id: NodeId) -> String {
        // Only domains of reductions may lack a text: their nodes come in `with_domains` order.
        self.text.get(&id).map_or_else(|| String::from("…"), |t| t.0.clone())
    }

    fn within(&self, id: NodeId, least: Level) -> String {
        match self.text.get(&id) {
            Some((text, level)) if *level < least => format!("({text})"),
            Some((text, _)) => text.clone(),
            None => String::from("…"),
        }
    }

    fn list(&self, nodes: &[NodeId]) -> String {
        nodes.iter().map(|n| self.of(*n)).collect::<Vec<_>>().join(", ")
    }

    fn entry(&self, name: &str, subs: &[NodeId]) -> String {
        if subs.is_empty() { name.to_string() } else { format!("{name}[{}]", self.list(subs)) }
    }

    fn head(&self, domain: DomainId) -> String {
        let domain = &self.model.domains[domain];
        let mut out = domain.binders.iter().map(|b| self.binder(*b)).collect::<Vec<_>>().join(", ");
        if let Some(filter) = domain.filter {
            let _ = write!(out, " if {}", self.of(filter));
        }
        out
    }

    fn binder(&self, id: BinderId) -> String {
        let over = match self.model.binders[id].over {
            Over::Set(set) => set_name(self.model, set),
            Over::Range { lo, hi } => format!("{}..{}", self.of(lo), self.of(hi)),
        };
        format!("{} in {over}", binder_names(self.model, id))
    }
}

fn next(level: Level) -> Level {
    match level {
        Level::Loose => Level::Or,
        Level::Or => Level::And,
        Level::And => Level::Compare,
        Level::Compare => Level::Sum,
        Level::Sum => Level::Product,
        Level::Product => Level::Unary,
        Level::Unary => Level::Power,
        Level::Power | Level::Atom => Level::Atom,
    }
}

fn operator_level(sign: &str) -> Level {
    match sign {
        "^" => Level::Power,
        "*" | "/" => Level::Product,
        "+" | "-" => Level::Sum,
        "and" => Level::And,
        "or" => Level::Or,
        _ => Level::Compare,
    }
}

fn number(value: f64) -> (String, Level) {
    let size = value.abs();
    let text = if size != 0.0 && !(1e-4..1e15).contains(&size) { format!("{value:e}") } else { format!("{value}") };
    (text, if value < 0.0 { Level::Unary } else { Level::Atom })
}

/// The word of a reduction.
pub fn reduce_name(op: ReduceOp) -> &'static str {
    match op {
        ReduceOp::Sum => "sum",
        ReduceOp::Prod => "prod",
        ReduceOp::Min => "min",
        ReduceOp::Max => "max",
        ReduceOp::LogSumExp => "logsumexp",
        ReduceOp::All => "all",
        ReduceOp::Any => "any",
    }
}

/// A defined array's name; made ones are `d0`, `d1`, … by id.
pub fn array_name(model: &Model, array: super::ArrayId) -> String {
    model.arrays[array].name.as_ref().map_or_else(|| format!("d{}", array.0), ToString::to_string)
}

/// A constraint's name, or `row1`, `row2`, … in order of the text.
pub fn con_name(model: &Model, con: super::ConId) -> String {
    model.constraints[con].name.as_ref().map_or_else(|| format!("row{}", con.0 + 1), ToString::to_string)
}

/// A set as written: its name, or its range where it has plain numbers, or `set3`.
pub fn set_name(model: &Model, set: super::SetId) -> String {
    let declared = &model.sets[set];
    if let Some(name) = &declared.name {
        return name.to_string();
    }
    match declared.kind {
        super::model::SetKind::Range { lo, hi } => {
            format!("{}..{}", short(model, lo), short(model, hi))
        }
        _ => format!("set{}", set.0),
    }
}

/// A bound of a range: numbers, params and simple sums of them.
fn short(model: &Model, node: NodeId) -> String {
    if matches!(model.graph.node(node), Node::Num(_) | Node::Param { .. }) || model.graph.reachable(&[node]).len() < 12
    {
        return expr(model, node);
    }
    "…".into()
}

/// The names of a binder: `i`, `(i, j)`, or `k7` by id when it has none.
pub fn binder_names(model: &Model, binder: BinderId) -> String {
    match &model.binders[binder].names[..] {
        [] => format!("k{}", binder.0),
        [one] => one.to_string(),
        many => format!("({})", many.join(", ")),
    }
}

fn index_name(model: &Model, binder: BinderId, part: u16) -> String {
    match &model.binders[binder].names[..] {
        [] if part == 0 => format!("k{}", binder.0),
        [] => format!("k{}.{}", binder.0, part + 1),
        [one] if part == 0 => one.to_string(),
        [one] => format!("{one}.{}", part + 1),
        many => many.get(part as usize).map_or_else(|| format!("k{}", binder.0), ToString::to_string),
    }
}

/// ` over i in plants, j in markets if …`, outermost first; nothing for the root.
pub fn over(model: &Model, plan: &super::Plan, domain: super::plan::PlanDomainId) -> String {
    let mut chain = vec![domain];
    while let Some(parent) = plan.domains[chain[chain.len() - 1]].parent {
        chain.push(parent);
    }
    let mut heads = Vec::new();
    for id in chain.into_iter().rev() {
        let domain = &plan.domains[id];
        let mut head = domain
            .binders
            .iter()
            .map(|b| {
                let set = match model.binders[*b].over {
                    Over::Set(set) => set_name(model, set),
                    Over::Range { lo, hi } => format!("{}..{}", expr(model, lo), expr(model, hi)),
                };
                format!("{} in {set}", binder_names(model, *b))
            })
            .collect::<Vec<_>>()
            .join(", ");
        let filters: Vec<String> = domain.filters.iter().map(|f| expr(model, *f)).collect();
        if !filters.is_empty() {
            head = format!("{head} if {}", filters.join(" and "));
        }
        if !head.is_empty() {
            heads.push(head);
        }
    }
    if heads.is_empty() { String::new() } else { format!(" over {}", heads.join("; ")) }
}
