//! Chains of `* / .* ./`, powers, and the matrix product.

use super::Sema;
use super::chains::scalar;
use super::value::{Arr, ArrId, ArrKind, Leaf, Operand, Value};
use crate::base::Span;
use crate::diag::codes::kind::KindError;
use crate::diag::codes::shape::ShapeError;
use crate::ir::model::{Array, ArrayKind};
use crate::ir::{NodeId, ReduceOp, SetId};
use crate::syntax::ast::{BinOp, ExprId};

/// A product under construction: factors that multiply elementwise.
#[derive(Default)]
struct Product {
    factors: Vec<Operand>,
    /// An array among the factors: the shape of the product.
    shape: Option<ArrId>,
}

impl Product {
    fn push(&mut self, operand: Operand) {
        if let Operand::Array(arr) = operand {
            self.shape.get_or_insert(arr);
        }
        self.factors.push(operand);
    }
}

impl Sema<'_> {
    /// `a * b / c .* d ...`.
    pub(super) fn product_chain(&mut self, id: ExprId) -> Value {
        let at = self.stmt.expr_span(id);
        let is_product = |op| matches!(op, BinOp::Mul | BinOp::Div | BinOp::ElemMul | BinOp::ElemDiv);
        let parts = self.spine(id, is_product);
        let mut product = Some(Product::default());
        for (place, (op, part)) in parts.into_iter().enumerate() {
            let operand = self.operand(part);
            // After an error the rest is only read for more of them.
            product = match (product, operand) {
                (Some(mut product), Some(operand)) if place == 0 => {
                    product.push(operand);
                    Some(product)
                }
                (Some(product), Some(operand)) => {
                    let so_far = self.stmt.expr_span(id);
                    let so_far = Span { end: self.stmt.expr_span(part).end, ..so_far };
                    self.multiply(product, op, operand, part, so_far)
                }
                _ => None,
            };
        }
        match product.and_then(|p| self.close_product(p, at)) {
            Some(Operand::Scalar(node)) => Value::Num(node),
            Some(Operand::Array(arr)) => Value::Array(arr),
            None => Value::Error,
        }
    }

    fn multiply(
        &mut self,
        mut product: Product,
        op: BinOp,
        operand: Operand,
        part: ExprId,
        at: Span,
    ) -> Option<Product> {
        let part_at = self.stmt.expr_span(part);
        match (op, operand) {
            (BinOp::Mul | BinOp::ElemMul, Operand::Scalar(_)) => product.push(operand),
            (BinOp::Mul, Operand::Array(_)) if product.shape.is_none() => product.push(operand),
            (BinOp::Mul, Operand::Array(right)) => {
                let Some(Operand::Array(left)) = self.close_product(product, at) else { return None };
                let result = self.matrix_product(left, right, at)?;
                product = Product::default();
                product.push(result);
            }
            (BinOp::ElemMul, Operand::Array(right)) => {
                if let Some(left) = product.shape {
                    self.common_shape(&[Operand::Array(left), Operand::Array(right)], at)?;
                }
                product.push(operand);
            }
            (_, Operand::Scalar(by)) => {
                if let Some(inverse) = self.exact_inverse(by, part_at) {
                    product.push(Operand::Scalar(inverse));
                    return Some(product);
                }
                return self.divide(product, operand, at);
            }
            (BinOp::ElemDiv, Operand::Array(_)) => return self.divide(product, operand, at),
            (_, Operand::Array(right)) => {
                if self.report_partial(right) {
                    return None;
                }
                let (op, offer) = ("/", "./");
                self.reports.push(ShapeError::ArrayOperator { at: part_at, op, offer });
                return None;
            }
        }
        Some(product)
    }

    /// `1 / c` for a number `c`: one normal form, and chains of divisions stay linear.
    fn exact_inverse(&mut self, by: NodeId, at: Span) -> Option<NodeId> {
        let value = self.model.graph.as_num(by)?;
        let inverse = 1.0 / value;
        (value != 0.0 && inverse.is_finite()).then(|| {
            self.here(at);
            self.model.graph.number(inverse)
        })
    }

    fn divide(&mut self, product: Product, by: Operand, at: Span) -> Option<Product> {
        let over = self.close_product(product, at)?;
        let mut quotient = Product::default();
        if let (Operand::Scalar(a), Operand::Scalar(b)) = (over, by) {
            self.here(at);
            quotient.push(Operand::Scalar(self.model.graph.div(a, b)));
            return Some(quotient);
        }
        let shape = self.common_shape(&[over, by], at)?;
        let kind = ArrKind::Map(self.builtin("div"), vec![over, by]);
        let Value::Array(arr) = self.like(shape, kind, at) else { return None };
        quotient.push(Operand::Array(arr));
        Some(quotient)
    }

    fn close_product(&mut self, product: Product, at: Span) -> Option<Operand> {
        let Some(shape) = product.shape else {
            if let [one] = product.factors[..] {
                return Some(one);
            }
            let nodes: Vec<NodeId> = product.factors.iter().filter_map(|f| scalar(*f)).collect();
            self.here(at);
            return Some(Operand::Scalar(self.model.graph.mul(&nodes)));
        };
        if product.factors.len() == 1 {
            return Some(product.factors[0]);
        }
        match self.like(shape, ArrKind::Product(product.factors), at) {
            Value::Array(arr) => Some(Operand::Array(arr)),
            _ => None,
        }
    }

    /// `a ^ b` of numbers.
    pub(super) fn power(&mut self, base: ExprId, exponent: ExprId, op_at: Span, at: Span) -> Value {
        let operands = (self.operand(base), self.operand(exponent));
        let (Some(a), Some(b)) = operands else { return Value::Error };
        match (a, b) {
            (Operand::Scalar(a), Operand::Scalar(b)) => {
                self.here(at);
                Value::Num(self.model.graph.pow(a, b))
            }
            (Operand::Array(arr), _) | (_, Operand::Array(arr)) => {
                if self.report_partial(arr) {
                    return Value::Error;
                }
                self.error(ShapeError::ArrayOperator { at: op_at, op: "^", offer: ".^" })
            }
        }
    }

    /// `a .^ b`.
    pub(super) fn elementwise_power(&mut self, base: ExprId, exponent: ExprId, at: Span) -> Value {
        let operands = (self.operand(base), self.operand(exponent));
        let (Some(a), Some(b)) = operands else { return Value::Error };
        if let (Operand::Scalar(a), Operand::Scalar(b)) = (a, b) {
            self.here(at);
            return Value::Num(self.model.graph.pow(a, b));
        }
        let Some(shape) = self.common_shape(&[a, b], at) else { return Value::Error };
        let kind = ArrKind::Map(self.builtin("pow"), vec![a, b]);
        self.like(shape, kind, at)
    }

    /// Reports a name with too few subscripts; whether it was one.
    pub(super) fn report_partial(&mut self, arr: ArrId) -> bool {
        let Some((leaf, found)) = self.partial(&self.arrs[arr]) else { return false };
        let at = self.arrs[arr].at;
        let (name, declared_at, expected) = self.leaf_facts(leaf);
        let name = name.unwrap_or_else(|| self.text_at(at).into());
        self.reports.push(ShapeError::WrongIndexCount { at, name, declared_at: Some(declared_at), expected, found });
        true
    }

    /// `left * right`: last axis of the left with first axis of the right.
    fn matrix_product(&mut self, left: ArrId, right: ArrId, at: Span) -> Option<Operand> {
        let (a, b) = (self.arrs[left].clone(), self.arrs[right].clone());
        for side in [&a, &b] {
            if side.axes.len() > 2 {
                let axes = self.axes_words(&side.axes);
                self.reports.push(ShapeError::NotAMatrix { at: side.at, axes });
                return None;
            }
        }
        let both_vectors = a.axes.len() == 1 && b.axes.len() == 1;
        let is_row_by_column = a.is_row && !b.is_row;
        if both_vectors && !is_row_by_column {
            // `X[i] * w` wants `dot`; otherwise a missing index is the likelier slip.
            let is_dot = self.same_axis(a.axes[0], b.axes[0]) && !(self.is_partial(left) && self.is_partial(right));
            if !is_dot && (self.report_partial(left) || self.report_partial(right)) {
                return None;
            }
            let (left, right) = (self.text_at(a.at), self.text_at(b.at));
            self.reports.push(ShapeError::VectorTimesVector { at, left, right });
            return None;
        }
        if (a.axes.len() == 2 && b.is_row) || (a.axes.len() == 1 && !a.is_row && b.axes.len() == 2 && b.is_row) {
            self.reports.push(ShapeError::RowVector { at: b.at });
            return None;
        }
        let (inner, outer) = (*a.axes.last()?, *b.axes.first()?);
        if !self.same_axis(inner, outer) {
            self.inner_axes_differ(&a, &b, at);
            return None;
        }
        if both_vectors {
            return self.contract_all(left, right, at).map(Operand::Scalar);
        }
        let axes = [&a.axes[..a.axes.len() - 1], &b.axes[1..]].concat();
        let is_row = a.axes.len() == 1;
        let kind = match self.materialised_product(left, right, &axes, at) {
            Some(kind) => kind,
            None => ArrKind::Contract(left, right),
        };
        let arr = self.push_arr(axes, at, kind);
        self.arrs[arr].is_row = is_row;
        Some(Operand::Array(arr))
    }

    fn inner_axes_differ(&mut self, a: &Arr, b: &Arr, at: Span) {
        let (Some(&inner), Some(&outer)) = (a.axes.last(), b.axes.first()) else { return };
        let (left, right) = (self.set_words(inner), self.set_words(outer));
        let (left_text, right_text) = (self.axes_words(&a.axes), self.axes_words(&b.axes));
        let flipped = b.axes.len() == 2 && self.same_axis(inner, b.axes[1]);
        let help = flipped.then(|| format!("transpose the right side: `{}'`", self.text_at(b.at)));
        self.reports.push(ShapeError::InnerAxesDiffer {
            at,
            left,
            right,
            left_at: a.at,
            right_at: b.at,
            left_axes: left_text,
            right_axes: right_text,
            help,
        });
    }

    /// A product that is computed once: of data a computed param, else a product node over
    /// materialised operands. Nothing when an operand depends on an index.
    fn materialised_product(&mut self, left: ArrId, right: ArrId, axes: &[SetId], at: Span) -> Option<ArrKind> {
        let facts = self.arrs[left].facts.or(self.arrs[right].facts);
        if facts.index || facts.result {
            return None;
        }
        if !facts.var {
            let product = self.push_arr(axes.to_vec(), at, ArrKind::Contract(left, right));
            let param = self.computed_param(product, at);
            return Some(ArrKind::Leaf(Leaf::Param(param), Vec::new()));
        }
        let (left, right) = (self.materialise(left), self.materialise(right));
        let kind = ArrayKind::MatMul { left, right };
        let array = self.push_array(Array { name: None, at, axes: axes.to_vec(), kind }, true);
        Some(ArrKind::Leaf(Leaf::Array(array), Vec::new()))
    }

    /// The sum of the products of all entries of two arrays with the same axes.
    pub(super) fn contract_all(&mut self, left: ArrId, right: ArrId, at: Span) -> Option<NodeId> {
        let axes = self.arrs[left].axes.clone();
        let (domain, subs) = self.domain_over(&axes, at);
        let (a, b) = (self.entry(left, &subs), self.entry(right, &subs));
        self.here(at);
        let body = self.model.graph.mul(&[a, b]);
        Some(self.model.graph.reduce(ReduceOp::Sum, domain, body))
    }

    /// `a'`: a matrix with its axes in reverse order, or a vector as a row.
    pub(super) fn transpose(&mut self, of: ExprId, at: Span) -> Value {
        match self.expr(of) {
            Value::Array(arr) => self.transposed(arr, at),
            Value::Num(node) => Value::Num(node),
            Value::Error => Value::Error,
            other => {
                let found = self.describe(&other);
                let at = self.stmt.expr_span(of);
                self.error(KindError::NotANumber { at, found, declared_at: None, help: None })
            }
        }
    }

    /// The transpose of an array expression.
    pub(super) fn transposed(&mut self, arr: ArrId, at: Span) -> Value {
        let this = self.arrs[arr].clone();
        match this.axes[..] {
            [_] => Value::Array(self.arrs.push(Arr { is_row: !this.is_row, at, ..this })),
            [a, b] => {
                let kind = ArrKind::Transpose(arr);
                Value::Array(self.arrs.push(Arr { axes: vec![b, a], at, kind, ..this }))
            }
            _ => {
                let axes = self.axes_words(&this.axes);
                self.error(ShapeError::NotAMatrix { at, axes })
            }
        }
    }
}
