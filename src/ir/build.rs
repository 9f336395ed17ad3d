//! Smart constructors: the one normal form of every expression.
//!
//! Sums and products are n-ary and flat, numbers are folded and come first, `a - b` is `a + (-1)*b`,
//! `a / c` with a number `c` is `(1/c)*a`, `-a` is `(-1)*a`, small integer powers are products. Only
//! numbers fold, never params: a param may change without a recompile.

use super::graph::Bits;
use super::{ArrayId, BinderId, DomainId, Graph, LabelId, Node, NodeId, ParamId, ReduceOp, SetId, VarId};
use crate::func::{self, FuncId};
use indexmap::IndexMap;

/// Integer powers up to this become products.
const MAX_UNROLLED_POWER: f64 = 8.0;

fn id_of(name: &str) -> FuncId {
    func::lookup(name).unwrap_or_else(|| crate::bug!("no builtin `{name}`"))
}

/// A product with more factors is one factor of the next: written out, the derivative of a chain of functions would
/// repeat all factors of the links before, and grow with the square of its length.
const MAX_FLAT: usize = 12;

impl Graph {
    /// A number.
    pub fn number(&mut self, value: f64) -> NodeId {
        // One zero: -0.0 and 0.0 are the same constant of a model.
        let value = if value == 0.0 { 0.0 } else { value };
        self.intern(Node::Num(Bits(value.to_bits())))
    }

    /// A label element.
    pub fn label_node(&mut self, label: LabelId) -> NodeId {
        self.intern(Node::Label(label))
    }

    /// The value of (a part of) an index.
    pub fn index(&mut self, binder: BinderId, part: u16) -> NodeId {
        self.intern(Node::Index { binder, part })
    }

    /// An entry of a param.
    pub fn param(&mut self, param: ParamId, subs: &[NodeId]) -> NodeId {
        self.intern(Node::Param { param, subs: subs.into() })
    }

    /// An entry of a variable.
    pub fn var(&mut self, var: VarId, subs: &[NodeId]) -> NodeId {
        self.intern(Node::Var { var, subs: subs.into() })
    }

    /// An entry of a defined array.
    pub fn array(&mut self, array: ArrayId, subs: &[NodeId]) -> NodeId {
        self.intern(Node::Array { array, subs: subs.into() })
    }

    /// A reduction.
    pub fn reduce(&mut self, op: ReduceOp, domain: DomainId, body: NodeId) -> NodeId {
        self.intern(Node::Reduce { op, domain, body })
    }

    /// A membership test.
    pub fn member(&mut self, set: SetId, subs: &[NodeId]) -> NodeId {
        self.intern(Node::Member { set, subs: subs.into() })
    }

    /// Equality of two elements that are not numbers.
    pub fn same_elem(&mut self, left: NodeId, right: NodeId) -> NodeId {
        if left == right {
            return self.number(1.0);
        }
        self.intern(Node::SameElem { left, right })
    }

    /// `if cond then a else b`.
    pub fn select(&mut self, cond: NodeId, then: NodeId, otherwise: NodeId) -> NodeId {
        if then == otherwise {
            return then;
        }
        match self.as_num(cond) {
            Some(c) if c != 0.0 => then,
            Some(_) => otherwise,
            None => self.intern(Node::If { cond, then, otherwise }),
        }
    }

    /// Any builtin by name, in normal form.
    pub fn call(&mut self, name: &str, args: &[NodeId]) -> NodeId {
        match (name, args) {
            ("add", _) => self.add(args),
            ("mul", _) => self.mul(args),
            ("sub", [a, b]) => self.sub(*a, *b),
            ("neg", [a]) => self.neg(*a),
            ("div", [a, b]) => self.div(*a, *b),
            ("pow", [a, b]) => self.pow(*a, *b),
            _ => self.call_id(id_of(name), args),
        }
    }

    /// Any builtin by id, numbers folded, otherwise as it stands (arithmetic: use [`Graph::call`]).
    pub fn call_id(&mut self, func: FuncId, args: &[NodeId]) -> NodeId {
        let row = func::row(func);
        match row.name {
            "add" | "mul" | "sub" | "neg" | "div" | "pow" if !self.all_numbers(args) => {
                return match row.name {
                    "add" => self.add(args),
                    "mul" => self.mul(args),
                    "sub" => self.sub(args[0], args[1]),
                    "neg" => self.neg(args[0]),
                    "div" => self.div(args[0], args[1]),
                    _ => self.pow(args[0], args[1]),
                };
            }
            _ => {}
        }
        self.raw_call(func, args)
    }

    /// A sum. Linear in the number of arguments: collect the terms first, then call once.
    pub fn add(&mut self, args: &[NodeId]) -> NodeId {
        let add = id_of("add");
        let mut constant = 0.0;
        let mut terms: IndexMap<NodeId, f64> = IndexMap::with_capacity(args.len());
        for &arg in args {
            let flat: Vec<NodeId> = match self.node(arg) {
                Node::Call { func, args } if *func == add => args.to_vec(),
                _ => vec![arg],
            };
            for term in flat {
                match self.as_num(term) {
                    Some(c) => constant += c,
                    None => {
                        let (coef, rest) = self.split_coefficient(term);
                        *terms.entry(rest).or_insert(0.0) += coef;
                    }
                }
            }
        }
        let mut parts = Vec::with_capacity(terms.len() + 1);
        if constant != 0.0 || constant.is_nan() {
            parts.push(self.number(constant));
        }
        for (term, coef) in terms {
            if coef != 0.0 {
                let scaled = self.scale(coef, term);
                parts.push(scaled);
            }
        }
        match parts[..] {
            [] => self.number(0.0),
            [one] => one,
            _ => self.raw_call(add, &parts),
        }
    }

    /// A product. Linear in the number of arguments.
    pub fn mul(&mut self, args: &[NodeId]) -> NodeId {
        let mul = id_of("mul");
        let mut constant = 1.0;
        let mut parts = Vec::with_capacity(args.len());
        for &arg in args {
            let flat: Vec<NodeId> = match self.node(arg) {
                Node::Call { func, args: inner } if *func == mul => {
                    if args.len() > 1 && inner.len() > MAX_FLAT {
                        let (coef, rest) = self.split_coefficient(arg);
                        constant *= coef;
                        vec![rest]
                    } else {
                        inner.to_vec()
                    }
                }
                _ => vec![arg],
            };
            for factor in flat {
                match self.as_num(factor) {
                    Some(c) => constant *= c,
                    None => parts.push(factor),
                }
            }
        }
        // Zero times anything is zero: structural zeros must vanish (a NaN times 0 is blamed where
        // it arises, by the interpreter).
        if constant == 0.0 || parts.is_empty() {
            return self.number(constant);
        }
        parts.sort_unstable();
        if constant != 1.0 {
            let number = self.number(constant);
            parts.insert(0, number);
        }
        match parts[..] {
            [one] => one,
            _ => self.raw_call(mul, &parts),
        }
    }

    /// `a - b`.
    pub fn sub(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let minus = self.neg(b);
        self.add(&[a, minus])
    }

    /// `-a`; distributes over a sum, so that sums stay flat.
    pub fn neg(&mut self, a: NodeId) -> NodeId {
        if let Some(v) = self.as_num(a) {
            return self.number(-v);
        }
        let add = id_of("add");
        if let Node::Call { func, args } = self.node(a)
            && *func == add
        {
            let args = args.clone();
            let parts: Vec<NodeId> = args.iter().map(|t| self.neg_term(*t)).collect();
            return self.add(&parts);
        }
        self.neg_term(a)
    }

    /// `a / b`.
    pub fn div(&mut self, a: NodeId, b: NodeId) -> NodeId {
        match (self.as_num(a), self.as_num(b)) {
            (Some(x), Some(y)) => self.number(x / y),
            (Some(0.0), None) => self.number(0.0),
            (_, Some(y)) if y != 0.0 && (1.0 / y).is_finite() => {
                // Exact for powers of two; otherwise half an ulp, and one form for diff and kernels.
                let inverse = self.number(1.0 / y);
                self.mul(&[inverse, a])
            }
            // Data in the denominator is a factor: products show signs and move into sums.
            (None, None) if !self.has_var(b) && self.has_var(a) => {
                let one = self.number(1.0);
                let inverse = self.raw_call(id_of("div"), &[one, b]);
                self.mul(&[inverse, a])
            }
            _ => {
                // (c * u) / b = c * (u / b), so that equal quotients are shared.
                let (coef, rest) = self.split_coefficient(a);
                if coef != 1.0 && self.as_num(rest).is_none() {
                    let quotient = self.raw_call(id_of("div"), &[rest, b]);
                    return self.scale(coef, quotient);
                }
                self.raw_call(id_of("div"), &[a, b])
            }
        }
    }

    /// `a ^ b`: products for small integer exponents, `sqrt` for one half.
    pub fn pow(&mut self, a: NodeId, b: NodeId) -> NodeId {
        if let (Some(x), Some(y)) = (self.as_num(a), self.as_num(b)) {
            let value = func::row(id_of("pow")).eval(&[x, y]);
            return self.number(value);
        }
        let Some(p) = self.as_num(b) else { return self.raw_call(id_of("pow"), &[a, b]) };
        if p == 0.0 {
            return self.number(1.0);
        }
        if p == 0.5 {
            return self.raw_call(id_of("sqrt"), &[a]);
        }
        if p.fract() == 0.0 && p.abs() <= MAX_UNROLLED_POWER {
            let factors = vec![a; p.abs() as usize];
            let product = self.mul(&factors);
            if p > 0.0 {
                return product;
            }
            let one = self.number(1.0);
            return self.div(one, product);
        }
        self.raw_call(id_of("pow"), &[a, b])
    }

    /// The terms of a sum.
    pub fn as_sum(&self, node: NodeId) -> Option<&[NodeId]> {
        self.args_of("add", node)
    }

    /// The factors of a product.
    pub fn as_product(&self, node: NodeId) -> Option<&[NodeId]> {
        self.args_of("mul", node)
    }

    fn args_of(&self, name: &str, node: NodeId) -> Option<&[NodeId]> {
        match self.node(node) {
            Node::Call { func, args } if *func == id_of(name) => Some(args),
            _ => None,
        }
    }

    /// `(c, u)` with `node = c * u`.
    pub fn split_coefficient(&mut self, node: NodeId) -> (f64, NodeId) {
        let mul = id_of("mul");
        let Node::Call { func, args } = self.node(node) else { return (1.0, node) };
        if *func != mul {
            return (1.0, node);
        }
        let Some(c) = self.as_num(args[0]) else { return (1.0, node) };
        let rest: Vec<NodeId> = args[1..].to_vec();
        let rest = match rest[..] {
            [one] => one,
            _ => self.raw_call(mul, &rest),
        };
        (c, rest)
    }

    fn scale(&mut self, coef: f64, term: NodeId) -> NodeId {
        if coef == 1.0 {
            return term;
        }
        let number = self.number(coef);
        self.mul(&[number, term])
    }

    fn neg_term(&mut self, term: NodeId) -> NodeId {
        let minus = self.number(-1.0);
        self.mul(&[minus, term])
    }

    fn all_numbers(&self, args: &[NodeId]) -> bool {
        args.iter().all(|a| self.as_num(*a).is_some())
    }

    fn raw_call(&mut self, func: FuncId, args: &[NodeId]) -> NodeId {
        if self.all_numbers(args) && !args.is_empty() {
            let values: Vec<f64> = args.iter().filter_map(|a| self.as_num(*a)).collect();
            let value = func::row(func).eval(&values);
            // A constant that is not a number stays an expression, so that blame finds its place.
            if value.is_finite() {
                return self.number(value);
            }
        }
        self.intern(Node::Call { func, args: args.into() })
    }
}
