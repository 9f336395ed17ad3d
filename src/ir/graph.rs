//! The arena of nodes: hash-consed, children before parents.
//!
//! Because of that order every pass is a loop over ids, however deep the expression.

use super::{ArrayId, BinderId, ConId, DomainId, LabelId, NodeId, ParamId, SetId, VarId};
use crate::base::{Id, IdVec, Name, Origin, Span};
use crate::func::{self, FuncId};
use indexmap::IndexSet;
use std::collections::HashMap;

/// How a reduction combines its instances.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReduceOp {
    /// Sum; 0 over nothing.
    Sum,
    /// Product; 1 over nothing.
    Prod,
    /// Least; `+inf` over nothing.
    Min,
    /// Greatest; `-inf` over nothing.
    Max,
    /// `log(sum(exp(body)))`, computed without overflow; `-inf` over nothing.
    LogSumExp,
    /// 1 when every body is nonzero, also over nothing.
    All,
    /// 1 when some body is nonzero.
    Any,
}

/// A list of children.
pub type Nodes = Box<[NodeId]>;

/// A number by its bits, so that nodes can be hashed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Bits(pub u64);

/// One node of a template. Subscripts are nodes whose value is an element: an integer, a label or a
/// row; their number is the sum of the arities of the axes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Node {
    /// A number.
    Num(Bits),
    /// A label written in the model: an element, never a number.
    Label(LabelId),
    /// The value of an index: part `part` of the element the binder stands at (0 for sets of simple
    /// elements). A number when that part is an integer, else a label or a row.
    Index { binder: BinderId, part: u16 },
    /// An entry of a param or of a table's column. A number or a label.
    Param { param: ParamId, subs: Nodes },
    /// An entry of a variable.
    Var { var: VarId, subs: Nodes },
    /// An entry of a defined array.
    Array { array: ArrayId, subs: Nodes },
    /// The slot of a defined array at the instance of its domain that encloses this one (made by
    /// `pass`, never by `sema`).
    Slot(ArrayId),
    /// A builtin; its meaning is the row's. Comparisons and `and or not` give 0 or 1.
    Call { func: FuncId, args: Nodes },
    /// `then` where `cond` is nonzero; the other branch is not evaluated.
    If { cond: NodeId, then: NodeId, otherwise: NodeId },
    /// A reduction over the instances of a domain inside the enclosing one.
    Reduce { op: ReduceOp, domain: DomainId, body: NodeId },
    /// 1 when the element (as many subs as the set's arity) is in the set.
    Member { set: SetId, subs: Nodes },
    /// 1 when two elements that are not numbers (labels, rows) are the same.
    SameElem { left: NodeId, right: NodeId },
    /// The shadow price of a constraint's row (`show`, `expect` only): how fast the objective, in the
    /// user's sense, changes when the active bound moves up. In terms of `problem`: `-y` for `minimize`,
    /// `y` for `maximize`.
    Dual { con: ConId, subs: Nodes },
    /// The distance of a row to its nearer bound, negative when violated (`show`, `expect` only).
    Slack { con: ConId, subs: Nodes },
}

impl Node {
    /// Calls `each` on every child inside the node (a reduction's domain is not a child).
    pub fn for_each_child(&self, mut each: impl FnMut(NodeId)) {
        match self {
            Self::Num(_) | Self::Label(_) | Self::Index { .. } | Self::Slot(_) => {}
            Self::Param { subs, .. }
            | Self::Var { subs, .. }
            | Self::Array { subs, .. }
            | Self::Member { subs, .. }
            | Self::Dual { subs, .. }
            | Self::Slack { subs, .. } => subs.iter().copied().for_each(each),
            Self::Call { args, .. } => args.iter().copied().for_each(each),
            Self::If { cond, then, otherwise } => [*cond, *then, *otherwise].into_iter().for_each(each),
            Self::Reduce { body, .. } => each(*body),
            Self::SameElem { left, right } => [*left, *right].into_iter().for_each(each),
        }
    }

    /// The same node with children replaced.
    #[must_use]
    pub fn map_children(&self, mut with: impl FnMut(NodeId) -> NodeId) -> Self {
        let mut list = |nodes: &Nodes| -> Nodes { nodes.iter().map(|n| with(*n)).collect() };
        match self {
            Self::Num(_) | Self::Label(_) | Self::Index { .. } | Self::Slot(_) => self.clone(),
            Self::Param { param, subs } => Self::Param { param: *param, subs: list(subs) },
            Self::Var { var, subs } => Self::Var { var: *var, subs: list(subs) },
            Self::Array { array, subs } => Self::Array { array: *array, subs: list(subs) },
            Self::Member { set, subs } => Self::Member { set: *set, subs: list(subs) },
            Self::Dual { con, subs } => Self::Dual { con: *con, subs: list(subs) },
            Self::Slack { con, subs } => Self::Slack { con: *con, subs: list(subs) },
            Self::Call { func, args } => Self::Call { func: *func, args: list(args) },
            Self::If { cond, then, otherwise } => {
                Self::If { cond: with(*cond), then: with(*then), otherwise: with(*otherwise) }
            }
            Self::Reduce { op, domain, body } => Self::Reduce { op: *op, domain: *domain, body: with(*body) },
            Self::SameElem { left, right } => Self::SameElem { left: with(*left), right: with(*right) },
        }
    }
}

/// What a node depends on, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Depends(u8);

impl Depends {
    /// A variable, or a defined array (whose dependence the graph does not look into).
    pub const VAR: Self = Self(1);
    /// An index.
    pub const INDEX: Self = Self(2);
    /// A param.
    pub const PARAM: Self = Self(4);
    /// Contains a reduction.
    pub const REDUCE: Self = Self(8);
    /// A multiplier or slack: known only after solving.
    pub const RESULT: Self = Self(16);

    /// Whether any of the bits of `other` are set.
    pub const fn on(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The arena.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: IdVec<NodeId, Node>,
    origins: Vec<Origin>,
    depends: Vec<Depends>,
    // Looked up by key only; order never leaks.
    ids: HashMap<Node, NodeId>,
    // Further places of a shared node, at most one per line of text, for blame.
    elsewhere: Vec<(NodeId, Span)>,
    labels: IndexSet<Name>,
    here: Option<Origin>,
}

impl Graph {
    /// Sets the origin of nodes made from here on.
    pub fn set_origin(&mut self, origin: Origin) {
        self.here = Some(origin);
    }

    /// The current origin.
    pub fn origin_now(&self) -> Origin {
        self.here.unwrap_or(Origin::Source(Span::new(crate::base::FileId(0), 0, 0)))
    }

    /// The node, made if it is new. Prefer the smart constructors of [`build`](super::build).
    pub fn intern(&mut self, node: Node) -> NodeId {
        if let Some(&id) = self.ids.get(&node) {
            let here = self.origin_now();
            if let (Origin::Source(new), Origin::Source(old)) = (here, self.origins[id.index()])
                && new != old
                && !matches!(node, Node::Num(_) | Node::Label(_))
                && self.elsewhere.last() != Some(&(id, new))
            {
                self.elsewhere.push((id, new));
            }
            return id;
        }
        let depends = self.depends_of(&node);
        let id = self.nodes.push(node.clone());
        self.origins.push(self.origin_now());
        self.depends.push(depends);
        self.ids.insert(node, id);
        id
    }

    /// The node behind an id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Where a node was first made.
    pub fn origin(&self, id: NodeId) -> Origin {
        self.origins[id.index()]
    }

    /// Where a node stands inside `within` (a statement), as well as is known.
    pub fn span_within(&self, id: NodeId, within: Span) -> Span {
        let inside = |s: Span| s.file == within.file && within.start <= s.start && s.end <= within.end;
        let first = self.origins[id.index()].span();
        if inside(first) {
            return first;
        }
        self.elsewhere.iter().find(|(n, s)| *n == id && inside(*s)).map_or(within, |(_, s)| *s)
    }

    /// Where a node stands in the text after `mark`: its nearest place there, else `mark`.
    pub fn span_after(&self, id: NodeId, mark: Span) -> Span {
        let first = self.origins[id.index()].span();
        let others = self.elsewhere.iter().filter(|(n, _)| *n == id).map(|(_, s)| *s);
        let after = others.chain([first]).filter(|s| s.file == mark.file && s.start >= mark.end);
        after.min_by_key(|s| s.start).unwrap_or(mark)
    }

    /// What a node depends on.
    pub fn depends(&self, id: NodeId) -> Depends {
        self.depends[id.index()]
    }

    /// Whether a node involves a variable, directly or through a defined array.
    pub fn has_var(&self, id: NodeId) -> bool {
        self.depends(id).on(Depends::VAR)
    }

    /// The value of a number node.
    pub fn as_num(&self, id: NodeId) -> Option<f64> {
        match self.nodes[id] {
            Node::Num(bits) => Some(f64::from_bits(bits.0)),
            _ => None,
        }
    }

    /// Interns a label of the text.
    pub fn label(&mut self, name: &Name) -> LabelId {
        LabelId::new(self.labels.insert_full(name.clone()).0)
    }

    /// Number of labels of the text.
    pub fn n_labels(&self) -> usize {
        self.labels.len()
    }

    /// The text of a label.
    pub fn label_name(&self, id: LabelId) -> &Name {
        &self.labels[id.index()]
    }

    /// All nodes reachable from `roots` (children inside the node, bodies of reductions included,
    /// their domains' filters not), ascending: children first.
    pub fn reachable(&self, roots: &[NodeId]) -> Vec<NodeId> {
        let mut seen = std::collections::HashSet::new(); // only tested for membership
        let mut stack: Vec<NodeId> = roots.to_vec();
        let mut out = Vec::new();
        while let Some(id) = stack.pop() {
            if seen.insert(id) {
                out.push(id);
                self.nodes[id].for_each_child(|c| stack.push(c));
            }
        }
        out.sort_unstable();
        out
    }

    fn depends_of(&self, node: &Node) -> Depends {
        let mut depends = match node {
            Node::Var { .. } | Node::Array { .. } | Node::Slot(_) => Depends::VAR,
            Node::Index { .. } => Depends::INDEX,
            Node::Param { .. } => Depends::PARAM,
            Node::Reduce { .. } => Depends::REDUCE,
            Node::Dual { .. } | Node::Slack { .. } => Depends::RESULT,
            _ => Depends::default(),
        };
        node.for_each_child(|child| depends = depends.or(self.depends[child.index()]));
        depends
    }
}

impl func::Builder for Graph {
    fn num(&mut self, value: f64) -> func::Ex {
        func::Ex(self.number(value).0)
    }

    fn call(&mut self, name: &'static str, args: &[func::Ex]) -> func::Ex {
        let args: Vec<NodeId> = args.iter().map(|a| NodeId(a.0)).collect();
        func::Ex(self.call(name, &args).0)
    }

    fn cond(&mut self, c: func::Ex, then: func::Ex, otherwise: func::Ex) -> func::Ex {
        func::Ex(self.select(NodeId(c.0), NodeId(then.0), NodeId(otherwise.0)).0)
    }
}

/// The nodes a domain itself uses: filter and bounds of dependent ranges.
pub fn data_of(model: &super::Model, domain: &super::model::Domain) -> Vec<NodeId> {
    let mut nodes: Vec<NodeId> = domain.filter.into_iter().collect();
    for binder in &domain.binders {
        if let super::model::Over::Range { lo, hi } = model.binders[*binder].over {
            nodes.extend([lo, hi]);
        }
    }
    nodes
}

/// Nodes reachable from `roots` through bodies **and** domains, in an order with dependencies first.
pub fn with_domains(model: &super::Model, roots: &[NodeId]) -> Vec<NodeId> {
    // Filters are made before the reductions that use them, so ascending ids remain an order of
    // evaluation.
    let mut seen: std::collections::BTreeSet<NodeId> = std::collections::BTreeSet::new();
    let mut domains: std::collections::BTreeSet<DomainId> = std::collections::BTreeSet::new();
    let mut stack: Vec<NodeId> = roots.to_vec();
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        debug_assert!(id.index() < model.graph.len());
        let node = model.graph.node(id);
        node.for_each_child(|c| stack.push(c));
        if let Node::Reduce { domain, .. } = node
            && domains.insert(*domain)
        {
            stack.extend(data_of(model, &model.domains[*domain]));
        }
    }
    seen.into_iter().collect()
}
