//! Array expressions: their shapes, their entries, and when they become arrays of the model.

use super::Sema;
use super::value::{Arr, ArrId, ArrKind, Facts, Leaf, Operand, Value};
use crate::base::Span;
use crate::diag::codes::shape::ShapeError;
use crate::func::{self, FuncId};
use crate::ir::graph::Depends;
use crate::ir::model::{Array, ArrayKind, Param, ParamSource, Role};
use crate::ir::{ArrayId, NodeId, ParamId, ReduceOp, SetId};
use crate::syntax::ast::{ExprId, ExprKind};

impl Sema<'_> {
    /// The builtin of that name.
    pub(super) fn builtin(&self, name: &str) -> FuncId {
        func::lookup(name).unwrap_or_else(|| crate::bug!("no builtin `{name}`"))
    }

    /// A declared thing by its bare name: a number, or a whole array.
    pub(super) fn leaf(&mut self, leaf: Leaf, at: Span) -> Value {
        self.leaf_at(leaf, Vec::new(), at)
    }

    /// A declared thing with its first subscripts given.
    pub(super) fn leaf_at(&mut self, leaf: Leaf, subs: Vec<NodeId>, at: Span) -> Value {
        let axes = self.axes_after(leaf, subs.len());
        if axes.is_empty() {
            self.here(at);
            let node = self.leaf_entry(leaf, &subs);
            return self.leaf_value(leaf, node);
        }
        Value::Array(self.push_arr(axes, at, ArrKind::Leaf(leaf, subs)))
    }

    /// An entry as a value: columns of labels hold labels, all others numbers.
    pub(super) fn leaf_value(&self, leaf: Leaf, node: NodeId) -> Value {
        match leaf {
            Leaf::Param(param) if self.model.params[param].labels => {
                Value::Elem(super::value::Elem::new(node, crate::ir::model::ElemType::Label, None))
            }
            _ => Value::Num(node),
        }
    }

    /// The axes of a declared thing.
    pub(super) fn axes_of(&self, leaf: Leaf) -> Vec<SetId> {
        match leaf {
            Leaf::Var(var) => self.model.vars[var].axes.clone(),
            Leaf::Param(param) => self.model.params[param].axes.clone(),
            Leaf::Array(array) => self.model.arrays[array].axes.clone(),
            Leaf::Dual(con) | Leaf::Slack(con) => self.con_axes.get(&con).cloned().unwrap_or_default(),
        }
    }

    /// The axes left when the first `given` subscripts, which end with an axis, are given.
    fn axes_after(&self, leaf: Leaf, given: usize) -> Vec<SetId> {
        let axes = self.axes_of(leaf);
        let mut before = 0;
        let first = axes.iter().position(|axis| {
            let is_left = before >= given;
            before += self.model.sets[*axis].arity();
            is_left
        });
        first.map_or_else(Vec::new, |first| axes[first..].to_vec())
    }

    fn leaf_entry(&mut self, leaf: Leaf, subs: &[NodeId]) -> NodeId {
        use crate::ir::Node;
        let graph = &mut self.model.graph;
        match leaf {
            Leaf::Var(var) => graph.var(var, subs),
            Leaf::Param(param) => graph.param(param, subs),
            Leaf::Array(array) => graph.array(array, subs),
            Leaf::Dual(con) => graph.intern(Node::Dual { con, subs: subs.into() }),
            Leaf::Slack(con) => graph.intern(Node::Slack { con, subs: subs.into() }),
        }
    }

    /// An array expression of numbers.
    pub(super) fn push_arr(&mut self, axes: Vec<SetId>, at: Span, kind: ArrKind) -> ArrId {
        let facts = self.facts_of_kind(&kind);
        self.arrs.push(Arr { axes, at, is_bool: false, is_row: false, kind, facts })
    }

    /// An array expression of numbers with the shape of another.
    pub(super) fn like(&mut self, shape: ArrId, kind: ArrKind, at: Span) -> Value {
        let (axes, is_row) = (self.arrs[shape].axes.clone(), self.arrs[shape].is_row);
        let arr = self.push_arr(axes, at, kind);
        self.arrs[arr].is_row = is_row;
        Value::Array(arr)
    }

    /// An array expression of conditions with the shape of another.
    pub(super) fn like_condition(&mut self, shape: ArrId, kind: ArrKind, at: Span) -> Value {
        let axes = self.arrs[shape].axes.clone();
        let arr = self.push_arr(axes, at, kind);
        self.arrs[arr].is_bool = true;
        Value::Array(arr)
    }

    fn facts_of_kind(&self, kind: &ArrKind) -> Facts {
        let all = |operands: &mut dyn Iterator<Item = Operand>| {
            operands.fold(Facts::default(), |facts, operand| facts.or(self.facts_of(operand)))
        };
        match kind {
            ArrKind::Leaf(leaf, subs) => {
                let own = Facts {
                    var: match leaf {
                        Leaf::Var(_) => true,
                        Leaf::Array(array) => self.array_has_var[array.0 as usize],
                        _ => false,
                    },
                    index: false,
                    result: matches!(leaf, Leaf::Dual(_) | Leaf::Slack(_)),
                };
                own.or(all(&mut subs.iter().map(|s| Operand::Scalar(*s))))
            }
            ArrKind::Map(_, operands) | ArrKind::Product(operands) => all(&mut operands.iter().copied()),
            ArrKind::Sum(terms) => all(&mut terms.iter().map(|(_, operand)| *operand)),
            ArrKind::If(cond, then, otherwise) => all(&mut [*cond, *then, *otherwise].into_iter()),
            ArrKind::List(_, nodes) => all(&mut nodes.iter().map(|n| Operand::Scalar(*n))),
            ArrKind::Contract(a, b) => self.arrs[*a].facts.or(self.arrs[*b].facts),
            ArrKind::Transpose(of) | ArrKind::LastAxis(_, of) | ArrKind::Repeat(of) => self.arrs[*of].facts,
        }
    }

    /// What an operand depends on.
    pub(super) fn facts_of(&self, operand: Operand) -> Facts {
        match operand {
            Operand::Array(arr) => self.arrs[arr].facts,
            Operand::Scalar(node) => Facts {
                var: !self.is_free_of_variables(node),
                index: self.has_free_index(node),
                result: self.model.graph.depends(node).on(Depends::RESULT),
            },
        }
    }

    /// The array among the operands whose shape is the shape of all; numbers fit every shape.
    /// Reported and nothing when shapes differ.
    pub(super) fn common_shape(&mut self, operands: &[Operand], at: Span) -> Option<ArrId> {
        let arrays: Vec<ArrId> = operands
            .iter()
            .filter_map(|o| match o {
                Operand::Array(arr) => Some(*arr),
                Operand::Scalar(_) => None,
            })
            .collect();
        let first = *arrays.first()?;
        let mut best = first;
        for &other in &arrays[1..] {
            if !self.same_shape(first, other) {
                // A name with too few subscripts is the likelier slip.
                let named = [first, other].into_iter().find(|a| self.is_partial(*a));
                match named.filter(|_| self.arrs[first].axes.len() != self.arrs[other].axes.len()) {
                    Some(partial) => {
                        self.report_partial(partial);
                    }
                    None => self.axes_differ(first, other, at),
                }
                return None;
            }
            if self.named_axes(other) > self.named_axes(best) {
                best = other;
            }
        }
        Some(best)
    }

    fn named_axes(&self, arr: ArrId) -> usize {
        self.arrs[arr].axes.iter().filter(|a| self.model.sets[**a].name.is_some()).count()
    }

    fn same_shape(&self, a: ArrId, b: ArrId) -> bool {
        let (a, b) = (&self.arrs[a], &self.arrs[b]);
        a.axes.len() == b.axes.len()
            && (a.axes.len() != 1 || a.is_row == b.is_row)
            && a.axes.iter().zip(&b.axes).all(|(x, y)| self.same_axis(*x, *y))
    }

    fn axes_differ(&mut self, a: ArrId, b: ArrId, at: Span) {
        let (a, b) = (self.arrs[a].clone(), self.arrs[b].clone());
        let (left, right) = (self.axes_words(&a.axes), self.axes_words(&b.axes));
        let _ = at;
        let is_transposed = a.axes.len() == 1 && a.is_row != b.is_row;
        self.reports.push(ShapeError::AxesDiffer { at: b.at, left, left_at: a.at, right, is_transposed });
    }

    /// The entry of an array expression at subscripts.
    pub(super) fn entry(&mut self, arr: ArrId, subs: &[NodeId]) -> NodeId {
        super::grow(|| self.entry_at(arr, subs))
    }

    fn entry_at(&mut self, arr: ArrId, subs: &[NodeId]) -> NodeId {
        let this = self.arrs[arr].clone();
        if !self.spend(this.at) {
            return self.model.graph.number(0.0);
        }
        match this.kind {
            ArrKind::Leaf(leaf, mut given) => {
                given.extend_from_slice(subs);
                self.here(this.at);
                self.leaf_entry(leaf, &given)
            }
            ArrKind::Map(func, operands) => {
                let args = self.entries(&operands, subs);
                self.here(this.at);
                self.model.graph.call_id(func, &args)
            }
            ArrKind::Sum(terms) => {
                let signed: Vec<(bool, NodeId)> =
                    terms.iter().map(|(minus, operand)| (*minus, self.operand_entry(*operand, subs))).collect();
                self.here(this.at);
                self.signed_sum(&signed)
            }
            ArrKind::Product(factors) => {
                let factors = self.entries(&factors, subs);
                self.here(this.at);
                self.model.graph.mul(&factors)
            }
            ArrKind::If(cond, then, otherwise) => {
                let parts = self.entries(&[cond, then, otherwise], subs);
                self.here(this.at);
                self.model.graph.select(parts[0], parts[1], parts[2])
            }
            ArrKind::Transpose(of) => {
                let first = self.model.sets[this.axes[0]].arity();
                let turned = [&subs[first..], &subs[..first]].concat();
                self.entry(of, &turned)
            }
            ArrKind::Contract(a, b) => self.contracted_entry(a, b, subs, this.at),
            ArrKind::LastAxis(op, of) => {
                let last = self.arrs[of].axes.last().copied().into_iter().collect::<Vec<_>>();
                let (domain, inner) = self.domain_over(&last, this.at);
                let body = self.entry(of, &[subs, &inner].concat());
                self.here(this.at);
                self.model.graph.reduce(op, domain, body)
            }
            ArrKind::List(counts, nodes) => self.list_entry(&counts, &nodes, subs, this.at),
            ArrKind::Repeat(of) => {
                let n = self.arity_of(&self.arrs[of].axes);
                self.entry(of, &subs[..n])
            }
        }
    }

    fn contracted_entry(&mut self, a: ArrId, b: ArrId, subs: &[NodeId], at: Span) -> NodeId {
        let axes = self.arrs[a].axes.clone();
        let (kept, inner) = axes.split_at(axes.len() - 1);
        let n_kept = self.arity_of(kept);
        let (domain, over) = self.domain_over(inner, at);
        let left = self.entry(a, &[&subs[..n_kept], &over].concat());
        let right = self.entry(b, &[&over, &subs[n_kept..]].concat());
        self.here(at);
        let body = self.model.graph.mul(&[left, right]);
        self.model.graph.reduce(ReduceOp::Sum, domain, body)
    }

    /// The entry of an operand: a number is the same everywhere.
    pub(super) fn operand_entry(&mut self, operand: Operand, subs: &[NodeId]) -> NodeId {
        match operand {
            Operand::Scalar(node) => node,
            Operand::Array(arr) => self.entry(arr, subs),
        }
    }

    fn entries(&mut self, operands: &[Operand], subs: &[NodeId]) -> Vec<NodeId> {
        operands.iter().map(|operand| self.operand_entry(*operand, subs)).collect()
    }

    /// An array of the model with the values of an expression that depends on no index.
    pub(super) fn materialise(&mut self, arr: ArrId) -> ArrayId {
        let this = self.arrs[arr].clone();
        let whole = match &this.kind {
            ArrKind::Leaf(leaf, given) if given.is_empty() && this.axes == self.axes_of(*leaf) => Some(*leaf),
            _ => None,
        };
        if let Some(Leaf::Array(array)) = whole {
            return array;
        }
        if let Some(&known) = whole.and_then(|leaf| self.whole.get(&leaf)) {
            return known;
        }
        let (domain, subs) = self.domain_over(&this.axes, this.at);
        let body = self.entry(arr, &subs);
        let kind = ArrayKind::Template { domain, body };
        let array = self.push_array(Array { name: None, at: this.at, axes: this.axes, kind }, this.facts.var);
        if let Some(leaf) = whole {
            self.whole.insert(leaf, array);
        }
        array
    }

    /// A param computed from an array expression of data.
    pub(super) fn computed_param(&mut self, arr: ArrId, at: Span) -> ParamId {
        let axes = self.arrs[arr].axes.clone();
        let (domain, subs) = self.domain_over(&axes, at);
        let body = self.entry(arr, &subs);
        self.made_param(axes, at, ParamSource::Computed { domain, body })
    }

    /// A param that the text does not name.
    pub(super) fn made_param(&mut self, axes: Vec<SetId>, at: Span, source: ParamSource) -> ParamId {
        self.n_made += 1;
        let name = format!("%{}", self.n_made).into();
        self.model.params.push(Param { name, at, axes, labels: false, role: Role::Numeric, source })
    }

    /// `[a, b, c]`, or `[[a, b], [c, d]]`: a vector or matrix over `1..n`.
    pub(super) fn list(&mut self, items: &[ExprId], at: Span) -> Value {
        let Some((counts, nodes)) = self.list_entries(items, at) else { return Value::Error };
        let axes: Vec<SetId> = counts.iter().map(|n| self.counting_set(*n, at)).collect();
        let all = |facts: Facts, node: &NodeId| facts.or(self.facts_of(Operand::Scalar(*node)));
        let is_data = nodes.iter().fold(Facts::default(), all) == Facts::default();
        if is_data {
            let param = self.made_param(axes, at, ParamSource::List(nodes));
            return self.leaf(Leaf::Param(param), at);
        }
        Value::Array(self.push_arr(axes, at, ArrKind::List(counts, nodes)))
    }

    /// Lengths of the axes and the numbers of a list, row by row.
    pub(super) fn list_entries(&mut self, items: &[ExprId], at: Span) -> Option<(Vec<usize>, Vec<NodeId>)> {
        let stmt = self.stmt;
        let is_list = |id: &ExprId| matches!(stmt.exprs[*id].kind, ExprKind::List(_));
        if items.is_empty() {
            self.misplaced(at, "an empty list", None);
            return None;
        }
        if !items.iter().any(is_list) {
            let nodes: Vec<Option<NodeId>> = items.iter().map(|item| self.number(*item)).collect();
            return Some((vec![items.len()], nodes.into_iter().collect::<Option<_>>()?));
        }
        let mut nodes = Vec::new();
        let mut shape: Option<(Vec<usize>, Span)> = None;
        let mut is_complete = true;
        for &item in items {
            let item_at = stmt.expr_span(item);
            let row = match &stmt.exprs[item].kind {
                ExprKind::List(inner) => super::grow(|| self.list_entries(inner, item_at)),
                _ => self.number(item).map(|node| (Vec::new(), vec![node])),
            };
            let Some((counts, entries)) = row else {
                is_complete = false;
                continue;
            };
            let (first, first_at) = shape.get_or_insert_with(|| (counts.clone(), item_at));
            if *first != counts {
                let (expected, first_at) = (first.first().copied(), *first_at);
                let found = counts.first().copied();
                self.reports.push(ShapeError::RaggedList { at: item_at, found, expected, first_at });
                is_complete = false;
            }
            nodes.extend(entries);
        }
        let (mut counts, _) = shape?;
        counts.insert(0, items.len());
        is_complete.then_some((counts, nodes))
    }

    /// An entry of a list whose entries are no data: found by halving its place.
    fn list_entry(&mut self, counts: &[usize], nodes: &[NodeId], subs: &[NodeId], at: Span) -> NodeId {
        self.here(at);
        // place = ((i1 - 1) * n2 + (i2 - 1)) * ... , from 0
        let mut place = self.model.graph.number(0.0);
        for (sub, count) in subs.iter().zip(counts) {
            let graph = &mut self.model.graph;
            let (n, one) = (graph.number(*count as f64), graph.number(1.0));
            let before = graph.mul(&[place, n]);
            let step = graph.sub(*sub, one);
            place = graph.add(&[before, step]);
        }
        self.halve(place, nodes, 0)
    }

    fn halve(&mut self, place: NodeId, nodes: &[NodeId], first: usize) -> NodeId {
        if let [one] = nodes {
            return *one;
        }
        let middle = nodes.len() / 2;
        let (low, high) =
            (self.halve(place, &nodes[..middle], first), self.halve(place, &nodes[middle..], first + middle));
        let graph = &mut self.model.graph;
        let bound = graph.number((first + middle) as f64);
        let is_low = graph.call("lt", &[place, bound]);
        graph.select(is_low, low, high)
    }
}
