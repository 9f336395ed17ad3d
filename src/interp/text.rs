//! Expressions as text at an instance: indices replaced by the elements they stand at.
//!
//! For messages only: cut where it would be long, exact where it matters.

use super::algebra::{Algebra, Plain};
use super::env::{Env, Val};
use super::walk::{Interp, Item};
use crate::func::{self, FuncId, Surface};
use crate::ir::{Model, Node, NodeId, ReduceOp};

/// Longest text of one expression, in characters.
const LONGEST: usize = 72;
/// Deepest nesting that is written out.
const DEEPEST: usize = 12;

/// A walker where the expression is written at an instance; nothing where indices keep their names.
type At<'w, 'a, A> = Option<&'w mut Interp<'a, A>>;

/// Writes expressions.
pub struct Writer<'a> {
    model: &'a Model,
    env: &'a dyn Env,
}

/// How tightly an operator binds.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Bind {
    Loose,
    Compare,
    Sum,
    Product,
    Power,
    Atom,
}

impl<'a> Writer<'a> {
    /// For the nodes of a model.
    pub fn new(model: &'a Model, env: &'a dyn Env) -> Self {
        Self { model, env }
    }

    /// An element of one axis as a reader would write it.
    pub fn val(&self, value: Val) -> String {
        match value {
            Val::Num(v) => number(v),
            Val::Label(label) => self.env.label(label),
            Val::Row(table, row) => self.env.row_name(table, row),
        }
    }

    /// `name[a, b]`, or `name` alone.
    pub fn indexed(&self, name: &str, element: &[Val]) -> String {
        if element.is_empty() {
            return name.to_owned();
        }
        let parts: Vec<String> = element.iter().map(|v| self.val(*v)).collect();
        format!("{name}[{}]", parts.join(", "))
    }

    /// The expression where the binders of `at` stand, cut to one line.
    pub fn node<A: Algebra>(&self, at: &mut Interp<'_, A>, node: NodeId) -> String {
        cut(self.write(&mut Some(at), node, 0).0)
    }

    /// The expression with indices by name, cut to one line.
    pub fn template(&self, node: NodeId) -> String {
        cut(self.write::<Plain<'_>>(&mut None, node, 0).0)
    }

    fn write<A: Algebra>(&self, at: &mut At<'_, '_, A>, node: NodeId, depth: usize) -> (String, Bind) {
        if depth > DEEPEST {
            return ("…".into(), Bind::Atom);
        }
        match self.model.graph.node(node).clone() {
            Node::Num(bits) => {
                let value = f64::from_bits(bits.0);
                (number(value), if value < 0.0 { Bind::Sum } else { Bind::Atom })
            }
            Node::Label(label) => (self.model.graph.label_name(label).to_string(), Bind::Atom),
            Node::Index { .. } => (self.value(at, node), Bind::Atom),
            Node::Param { param, subs } => (self.entry(at, &self.model.params[param].name, &subs), Bind::Atom),
            Node::Var { var, subs } => (self.entry(at, &self.model.vars[var].name, &subs), Bind::Atom),
            Node::Array { array, subs } => {
                let name = self.model.arrays[array].name.as_deref().unwrap_or("…");
                (self.entry(at, name, &subs), Bind::Atom)
            }
            Node::Slot(_) => ("…".into(), Bind::Atom),
            Node::Call { func, args } => self.call(at, func, &args, depth),
            Node::If { cond, then, otherwise } => {
                let [c, a, b] = [cond, then, otherwise].map(|n| self.write(at, n, depth + 1).0);
                (format!("if {c} then {a} else {b}"), Bind::Loose)
            }
            Node::Reduce { op, domain, body } => {
                let head = self.head(domain);
                let body = self.outline(body);
                (format!("{}({head}: {body})", reduce_name(op)), Bind::Atom)
            }
            Node::Member { set, subs } => {
                let name = self.model.sets[set].name.as_deref().unwrap_or("…").to_owned();
                let element: Vec<String> = subs.iter().map(|s| self.write(at, *s, depth + 1).0).collect();
                (format!("({}) in {name}", element.join(", ")), Bind::Compare)
            }
            Node::SameElem { left, right } => {
                let [a, b] = [left, right].map(|n| self.write(at, n, depth + 1).0);
                (format!("{a} == {b}"), Bind::Compare)
            }
            Node::Dual { con, subs } => (self.of_row(at, "dual", con, &subs), Bind::Atom),
            Node::Slack { con, subs } => (self.of_row(at, "slack", con, &subs), Bind::Atom),
        }
    }

    fn of_row<A: Algebra>(&self, at: &mut At<'_, '_, A>, what: &str, con: crate::ir::ConId, subs: &[NodeId]) -> String {
        let name = self.model.constraints[con].name.as_deref().unwrap_or("…").to_owned();
        format!("{what}({})", self.entry(at, &name, subs))
    }

    fn entry<A: Algebra>(&self, at: &mut At<'_, '_, A>, name: &str, subs: &[NodeId]) -> String {
        if subs.is_empty() {
            return name.to_owned();
        }
        let parts: Vec<String> = subs.iter().map(|s| self.value(at, *s)).collect();
        format!("{name}[{}]", parts.join(", "))
    }

    fn value<A: Algebra>(&self, at: &mut At<'_, '_, A>, node: NodeId) -> String {
        match at.as_mut().map(|at| at.eval(node)) {
            Some(Ok(Item::Data(value))) => self.val(value),
            Some(_) => "?".into(),
            None => match self.model.graph.node(node) {
                Node::Index { binder, part } => {
                    let names = &self.model.binders[*binder].names;
                    names.get(*part as usize).or(names.first()).map_or_else(|| "…".into(), ToString::to_string)
                }
                Node::Label(label) => self.model.graph.label_name(*label).to_string(),
                _ => self.write(at, node, 1).0,
            },
        }
    }

    fn call<A: Algebra>(&self, at: &mut At<'_, '_, A>, func: FuncId, args: &[NodeId], depth: usize) -> (String, Bind) {
        let row = func::row(func);
        let mut texts = Vec::with_capacity(args.len().min(LONGEST));
        // More than these would be cut anyway.
        for arg in args.iter().take(LONGEST / 2) {
            texts.push(self.write(at, *arg, depth + 1));
        }
        let guard = |(text, bind): &(String, Bind), least: Bind| {
            if *bind < least { format!("({text})") } else { text.clone() }
        };
        let Surface::Operator(sign) = row.surface else {
            let list: Vec<String> = texts.into_iter().map(|t| t.0).collect();
            return (format!("{}({})", row.name, list.join(", ")), Bind::Atom);
        };
        match (sign, texts.as_slice()) {
            ("+", [number, rest @ ..]) if self.model.graph.as_num(args[0]).is_some() => {
                // The normal form has the number first; a reader writes it last.
                let list = rest.iter().chain([number]).map(|t| guard(t, Bind::Sum));
                (join_sum(list), Bind::Sum)
            }
            ("+", terms) => (join_sum(terms.iter().map(|t| guard(t, Bind::Sum))), Bind::Sum),
            ("*", [first, rest @ ..]) if first.0 == "-1" && !rest.is_empty() => {
                let list: Vec<String> = rest.iter().map(|t| guard(t, Bind::Product)).collect();
                (format!("-{}", list.join(" * ")), Bind::Sum)
            }
            ("*", factors) => {
                let negative = factors.first().is_some_and(|f| f.0.starts_with('-'));
                let list: Vec<String> = factors
                    .iter()
                    .enumerate()
                    .map(
                        |(k, t)| {
                            if k == 0 && t.1 >= Bind::Sum && negative { t.0.clone() } else { guard(t, Bind::Product) }
                        },
                    )
                    .collect();
                (list.join(" * "), if negative { Bind::Sum } else { Bind::Product })
            }
            ("/", [a, b]) => (format!("{} / {}", guard(a, Bind::Product), guard(b, Bind::Power)), Bind::Product),
            ("^", [a, b]) => (format!("{}^{}", guard(a, Bind::Atom), guard(b, Bind::Power)), Bind::Power),
            (sign, [a]) => {
                (format!("{sign}{}{}", if sign.len() > 1 { " " } else { "" }, guard(a, Bind::Power)), Bind::Sum)
            }
            (sign, list) => {
                let bind = if sign.chars().all(char::is_alphabetic) { Bind::Loose } else { Bind::Compare };
                let list: Vec<String> = list.iter().map(|t| guard(t, Bind::Sum)).collect();
                (list.join(&format!(" {sign} ")), bind)
            }
        }
    }

    /// `i in plants, j in markets` as written.
    fn head(&self, domain: crate::ir::DomainId) -> String {
        let binders = self.model.domains[domain].binders.iter();
        binders
            .flat_map(|b| self.model.binders[*b].names.iter().map(ToString::to_string))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// A body under its own head: the indices keep their names, so only the outline is given.
    fn outline(&self, body: NodeId) -> String {
        match self.model.graph.node(body) {
            Node::Var { var, .. } => format!("{}[…]", self.model.vars[*var].name),
            Node::Param { param, .. } => format!("{}[…]", self.model.params[*param].name),
            _ => "…".into(),
        }
    }
}

fn cut(text: String) -> String {
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain("…".chars()).collect()
}

fn join_sum(terms: impl Iterator<Item = String>) -> String {
    let mut out = String::new();
    for term in terms {
        match term.strip_prefix('-') {
            Some(rest) if !out.is_empty() => out.push_str(&format!(" - {rest}")),
            _ if out.is_empty() => out.push_str(&term),
            _ => out.push_str(&format!(" + {term}")),
        }
    }
    out
}

/// The word that begins a reduction.
pub(super) fn reduce_name(op: ReduceOp) -> &'static str {
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

/// A number as short as can be read back; few digits for messages.
pub fn number(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    let short = format!("{value}");
    if short.len() <= 12 {
        return short;
    }
    let exact = format!("{value:.6e}");
    let Some((digits, exponent)) = exact.split_once('e') else { return exact };
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    match exponent.parse::<i32>() {
        Ok(e) if (-4..6).contains(&e) => {
            let text = format!("{value:.*}", usize::try_from(6 - e).unwrap_or(0));
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{digits}e{exponent}"),
    }
}
