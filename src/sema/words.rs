//! Things of the model in words, for messages.

use super::Sema;
use super::value::{Arr, ArrKind, Leaf, Value};
use crate::base::{Name, Span};
use crate::ir::model::{ElemType, SetKind};
use crate::ir::{Node, NodeId, SetId, pretty};
use crate::syntax::ast::ExprId;

/// Longer pieces of the text are cut in messages.
const LONGEST: usize = 40;

impl Sema<'_> {
    /// A value with its article.
    pub(super) fn describe(&self, value: &Value) -> String {
        match value {
            Value::Error => "an error".into(),
            Value::Num(_) => "a number".into(),
            Value::Bool(_) => "a condition".into(),
            Value::Elem(elem) => self.describe_type(elem.ty),
            Value::Tuple(parts) => format!("a tuple of {}", parts.len()),
            Value::Array(arr) => self.describe_array(&self.arrs[*arr]),
            Value::Set(set) => format!("the set {}", self.set_words(*set)),
        }
    }

    fn describe_array(&self, arr: &Arr) -> String {
        let what = match arr.axes.len() {
            1 => "a vector",
            2 => "a matrix",
            _ => "an array",
        };
        format!("{what} over {}", self.axes_words(&arr.axes))
    }

    /// A type with its article.
    pub(super) fn describe_type(&self, ty: ElemType) -> String {
        match ty {
            ElemType::Int => "an integer".into(),
            ElemType::Label => "a label".into(),
            ElemType::Row(table) => format!("a row of `{}`", self.model.tables[table].name),
        }
    }

    /// A set by its name or as it is written.
    pub(super) fn set_words(&self, set: SetId) -> String {
        let this = &self.model.sets[set];
        match (&this.name, &this.kind) {
            (Some(name), _) => format!("`{name}`"),
            (None, SetKind::Range { .. }) => format!("`{}`", pretty::set_name(&self.model, set)),
            (None, _) => format!("`{}`", self.text_at(this.at)),
        }
    }

    /// Axes in order.
    pub(super) fn axes_words(&self, axes: &[SetId]) -> String {
        let words: Vec<String> = axes.iter().map(|a| self.set_words(*a)).collect();
        words.join(", ")
    }

    /// The text under a span, cut when it is long, on one line.
    pub(super) fn text_at(&self, span: Span) -> String {
        let text = self.inputs.sources.snippet(span);
        let text = &text[..text.floor_char_boundary(LONGEST * 8)];
        let line: Vec<&str> = text.split_whitespace().collect();
        let line = line.join(" ");
        if line.chars().count() <= LONGEST {
            return line;
        }
        let head: String = line.chars().take(LONGEST - 2).collect();
        format!("{head} …")
    }

    /// The text of an expression of the current statement.
    pub(super) fn text_of(&self, id: ExprId) -> String {
        self.text_at(self.stmt.expr_span(id))
    }

    /// What declared a leaf: its name, its place and how many indices it has.
    pub(super) fn leaf_facts(&self, leaf: Leaf) -> (Option<Name>, Span, usize) {
        let (name, at, axes) = match leaf {
            Leaf::Var(var) => {
                let var = &self.model.vars[var];
                (Some(var.name.clone()), var.at, &var.axes)
            }
            Leaf::Param(param) => {
                let param = &self.model.params[param];
                (Some(param.name.clone()), param.at, &param.axes)
            }
            Leaf::Array(array) => {
                let array = &self.model.arrays[array];
                (array.name.clone(), array.at, &array.axes)
            }
            Leaf::Dual(con) | Leaf::Slack(con) => {
                let axes = self.con_axes.get(&con).map_or(0, |axes| self.arity_of(axes));
                let con = &self.model.constraints[con];
                return (con.name.clone(), con.at, axes);
            }
        };
        (name, at, self.arity_of(axes))
    }

    /// The whole name of a leaf that was given too few subscripts, with the count given.
    pub(super) fn partial(&self, arr: &Arr) -> Option<(Leaf, usize)> {
        match &arr.kind {
            ArrKind::Leaf(leaf, given) if !given.is_empty() => Some((*leaf, given.len())),
            _ => None,
        }
    }

    /// The first variable in a node, for messages about data that are none.
    pub(super) fn variable_in(&self, node: NodeId) -> Option<(Name, Span)> {
        let mut seen = indexmap::IndexSet::new();
        let mut stack = vec![node];
        while let Some(id) = stack.pop() {
            if !self.model.graph.has_var(id) || !seen.insert(id) {
                continue;
            }
            match self.model.graph.node(id) {
                Node::Var { var, .. } => {
                    let var = &self.model.vars[*var];
                    return Some((var.name.clone(), var.at));
                }
                Node::Array { array, .. } if self.array_has_var[array.0 as usize] => {
                    let array = &self.model.arrays[*array];
                    let name = array.name.clone().unwrap_or_else(|| self.text_at(array.at).into());
                    return Some((name, array.at));
                }
                other => other.for_each_child(|child| stack.push(child)),
            }
        }
        None
    }
}
