//! How functions of whole arrays are made, one row each: `dot(a, b)`, `sum(v)`, `logdet(A)`.
//!
//! [`func::arrays`] says what they are; a row here says how the result is made of reductions, builtins
//! and array nodes.

use super::Sema;
use super::value::{Arr, ArrId, ArrKind, Operand, Value};
use crate::base::Span;
use crate::diag::codes::kind::KindError;
use crate::diag::codes::shape::ShapeError;
use crate::func;
use crate::ir::model::{Array, ArrayKind};
use crate::ir::{NodeId, ReduceOp};

/// How a function of whole arrays is made.
pub(super) struct ArrayFn {
    /// Its name: a row of [`func::arrays`], or the word of a head without its head.
    pub name: &'static str,
    /// Whether it takes conditions and not numbers.
    conditions: bool,
    make: fn(&mut Sema<'_>, &[ArrId], Span) -> Option<Value>,
}

impl ArrayFn {
    /// The names of its arguments.
    pub fn params(&self) -> &'static [&'static str] {
        func::arrays::lookup(self.name).map_or(&["x"], |row| row.params)
    }

    /// How it is called.
    fn signature(&self) -> String {
        format!("{}({})", self.name, self.params().join(", "))
    }
}

/// A row of numbers.
macro_rules! of_numbers {
    ($name:literal, $make:expr) => {
        ArrayFn { name: $name, conditions: false, make: $make }
    };
}

/// A row of conditions.
macro_rules! of_conditions {
    ($name:literal, $make:expr) => {
        ArrayFn { name: $name, conditions: true, make: $make }
    };
}

/// All of them: first the words of heads, then the rows of [`func::arrays`].
pub(super) const ROWS: &[ArrayFn] = &[
    of_numbers!("sum", |s, v, at| s.reduce_all(ReduceOp::Sum, v[0], at)),
    of_numbers!("prod", |s, v, at| s.reduce_all(ReduceOp::Prod, v[0], at)),
    of_numbers!("min", |s, v, at| s.reduce_all(ReduceOp::Min, v[0], at)),
    of_numbers!("max", |s, v, at| s.reduce_all(ReduceOp::Max, v[0], at)),
    of_numbers!("mean", |s, v, at| s.mean_all(v[0], at)),
    of_conditions!("all", |s, v, at| s.reduce_all(ReduceOp::All, v[0], at)),
    of_conditions!("any", |s, v, at| s.reduce_all(ReduceOp::Any, v[0], at)),
    of_conditions!("count", |s, v, at| s.reduce_all(ReduceOp::Sum, v[0], at)),
    of_numbers!("dot", |s, v, at| {
        s.common_shape(&[Operand::Array(v[0]), Operand::Array(v[1])], at)?;
        s.contract_all(v[0], v[1], at).map(Value::Num)
    }),
    of_numbers!("norm1", |s, v, at| {
        s.norm(ReduceOp::Sum, v[0], at, |s, x| s.model.graph.call("abs", &[x])).map(Value::Num)
    }),
    of_numbers!("norm2", |s, v, at| {
        let sum = s.norm(ReduceOp::Sum, v[0], at, |s, x| s.model.graph.mul(&[x, x]))?;
        Some(Value::Num(s.model.graph.call("sqrt", &[sum])))
    }),
    of_numbers!("norminf", |s, v, at| {
        s.norm(ReduceOp::Max, v[0], at, |s, x| s.model.graph.call("abs", &[x])).map(Value::Num)
    }),
    of_numbers!("trace", |s, v, at| s.trace(v[0], at)),
    of_numbers!("transpose", |s, v, at| Some(s.transposed(v[0], at))),
    of_numbers!("logdet", |s, v, at| s.logdet(v[0], at)),
    of_numbers!("logsumexp", |s, v, at| s.log_sum_exp(v[0], at)),
    of_numbers!("softmax", |s, v, at| s.softmax(v[0], at)),
];

/// The row with this name.
pub(super) fn find(name: &str) -> Option<&'static ArrayFn> {
    ROWS.iter().find(|row| row.name == name)
}

impl Sema<'_> {
    /// A function of whole arrays, the values of its arguments known.
    pub(super) fn call_array_fn(&mut self, row: &ArrayFn, args: &[(Value, Span)], at: Span) -> Value {
        if args.len() != row.params().len() {
            let (signature, found) = (row.signature(), args.len());
            return self.error(KindError::ArgumentCount { at, signature, found, declared_at: None });
        }
        let mut arrays = Vec::with_capacity(args.len());
        for (value, value_at) in args {
            match value {
                Value::Error => return Value::Error,
                Value::Array(arr) if self.arrs[*arr].is_bool == row.conditions => arrays.push(*arr),
                Value::Set(set) if row.name == "count" => return self.count_elements(*set, at),
                other => {
                    let found = self.describe(other);
                    let wanted = if row.conditions { "an array of conditions" } else { "an array" };
                    let name = row.name;
                    return self.error(ShapeError::NotAnArray { at: *value_at, function: name.into(), wanted, found });
                }
            }
        }
        match (row.make)(self, &arrays, at) {
            Some(value) => value,
            None => Value::Error,
        }
    }

    fn count_elements(&mut self, set: crate::ir::SetId, at: Span) -> Value {
        let (domain, _) = self.domain_over(&[set], at);
        self.here(at);
        let one = self.model.graph.number(1.0);
        Value::Num(self.model.graph.reduce(ReduceOp::Sum, domain, one))
    }

    fn reduce_all(&mut self, op: ReduceOp, arr: ArrId, at: Span) -> Option<Value> {
        let is_condition = matches!(op, ReduceOp::All | ReduceOp::Any);
        let node = self.norm(op, arr, at, |_, x| x)?;
        Some(if is_condition { Value::Bool(node) } else { Value::Num(node) })
    }

    /// A reduction over all entries, each passed through `each`.
    fn norm(&mut self, op: ReduceOp, arr: ArrId, at: Span, each: fn(&mut Self, NodeId) -> NodeId) -> Option<NodeId> {
        let axes = self.arrs[arr].axes.clone();
        let (domain, subs) = self.domain_over(&axes, at);
        let entry = self.entry(arr, &subs);
        self.here(at);
        let body = each(self, entry);
        Some(self.model.graph.reduce(op, domain, body))
    }

    /// The mean of all entries of an array.
    pub(super) fn mean_all(&mut self, arr: ArrId, at: Span) -> Option<Value> {
        let sum = self.norm(ReduceOp::Sum, arr, at, |_, x| x)?;
        let axes = self.arrs[arr].axes.clone();
        let count = self.count_over(&axes, at);
        Some(Value::Num(self.model.graph.div(sum, count)))
    }

    /// The number of entries over axes.
    pub(super) fn count_over(&mut self, axes: &[crate::ir::SetId], at: Span) -> NodeId {
        let (domain, _) = self.domain_over(axes, at);
        self.here(at);
        let one = self.model.graph.number(1.0);
        self.model.graph.reduce(ReduceOp::Sum, domain, one)
    }

    fn square(&mut self, arr: ArrId, name: &'static str) -> Option<Arr> {
        let this = self.arrs[arr].clone();
        match this.axes[..] {
            [a, b] if self.same_axis(a, b) => Some(this),
            _ => {
                let axes = self.axes_words(&this.axes);
                self.reports.push(ShapeError::NotSquare { at: this.at, function: name, axes });
                None
            }
        }
    }

    fn trace(&mut self, arr: ArrId, at: Span) -> Option<Value> {
        let this = self.square(arr, "trace")?;
        let (domain, subs) = self.domain_over(&this.axes[..1], at);
        let body = self.entry(arr, &[&subs[..], &subs].concat());
        self.here(at);
        Some(Value::Num(self.model.graph.reduce(ReduceOp::Sum, domain, body)))
    }

    fn logdet(&mut self, arr: ArrId, at: Span) -> Option<Value> {
        let this = self.square(arr, "logdet")?;
        if this.facts.index || this.facts.result {
            self.reports.push(ShapeError::DependsOnIndex { at, function: "logdet" });
            return None;
        }
        let of = self.materialise(arr);
        let kind = ArrayKind::LogDet { of };
        let array = self.push_array(Array { name: None, at, axes: Vec::new(), kind }, this.facts.var);
        self.here(at);
        Some(Value::Num(self.model.graph.array(array, &[])))
    }

    /// The logarithm of the sum of exponentials along the last axis.
    fn log_sum_exp(&mut self, arr: ArrId, at: Span) -> Option<Value> {
        let axes = self.arrs[arr].axes.clone();
        if axes.len() == 1 {
            return self.norm(ReduceOp::LogSumExp, arr, at, |_, x| x).map(Value::Num);
        }
        let kind = ArrKind::LastAxis(ReduceOp::LogSumExp, arr);
        Some(Value::Array(self.push_arr(axes[..axes.len() - 1].to_vec(), at, kind)))
    }

    /// `exp(v - logsumexp(v))` along the last axis.
    fn softmax(&mut self, arr: ArrId, at: Span) -> Option<Value> {
        let axes = self.arrs[arr].axes.clone();
        let rest = match self.log_sum_exp(arr, at)? {
            Value::Num(node) => Operand::Scalar(node),
            Value::Array(lse) => {
                // Computed once for all entries of the last axis.
                let facts = self.arrs[lse].facts;
                let lse = if facts.index || facts.result { lse } else { self.kept(lse) };
                Operand::Array(self.push_arr(axes.clone(), at, ArrKind::Repeat(lse)))
            }
            _ => return None,
        };
        let shifted = self.push_arr(axes, at, ArrKind::Sum(vec![(false, Operand::Array(arr)), (true, rest)]));
        let kind = ArrKind::Map(self.builtin("exp"), vec![Operand::Array(shifted)]);
        Some(self.like(arr, kind, at))
    }

    /// An expression as an array of the model, to be used more than once.
    pub(super) fn kept(&mut self, arr: ArrId) -> ArrId {
        let this = self.arrs[arr].clone();
        if matches!(this.kind, ArrKind::Leaf(..)) {
            return arr;
        }
        let leaf = if this.facts.var {
            super::value::Leaf::Array(self.materialise(arr))
        } else {
            super::value::Leaf::Param(self.computed_param(arr, this.at))
        };
        let kept = self.push_arr(this.axes, this.at, ArrKind::Leaf(leaf, Vec::new()));
        (self.arrs[kept].is_bool, self.arrs[kept].is_row) = (this.is_bool, this.is_row);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::{ROWS, find};
    use crate::func;

    #[test]
    fn every_array_function_of_the_table_is_made_here() {
        for row in func::arrays::all() {
            assert!(find(row.name).is_some(), "`{}` is not made", row.name);
        }
        assert_eq!(ROWS.len(), func::arrays::all().len() + 8, "a row that is neither in the table nor a head's word");
    }
}
