//! An objective that is a sum of squares, or of other losses, as rows of residuals.
//!
//! Takes a checked model, gives another model of the same variables whose constraints, free at both ends, are the
//! residuals, one template for each template of terms, with the loss, the weight and the scale of each. Nothing is
//! expanded: `sum(d in obs: w[d] * (d.y - f(d.x))^2)` becomes one indexed row. Recognised are squares and even powers, also
//! as products, under sums, `mean`, factors and divisors of data, `let`s, `norm2(...)^2` and `mse`; and the rows of
//! `func` that are losses, such as `huber(r, k)`, with scales of data.
//! A model that has constraints has no such form. That weights are not negative is for the data to say, later.
//! Deliberately absent: completing squares; what is not written as a square is not one.

use super::instantiate::{at_subs, instantiate};
use crate::func::{self, Residual};
use crate::ir::model::{ArrayKind, Constraint, Domain};
use crate::ir::{ConId, DomainId, Model, Node, NodeId, ReduceOp};
use crate::num::loss::Loss;
use crate::syntax::ast::Sense;

/// The residual form of a model.
#[derive(Clone, Debug)]
pub struct Squares {
    /// The variables of the model, and residuals for constraints; no objective.
    pub model: Model,
    /// How the rows of each constraint count, in order.
    pub terms: Vec<Term>,
    /// What the objective adds to the sum: data alone.
    pub constant: NodeId,
}

/// How the rows of one constraint count.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// The residuals.
    pub rows: ConId,
    /// The loss.
    pub loss: Loss,
    /// Factor of the loss, in the domain of the constraint: data alone.
    pub weight: NodeId,
    /// Scale of the loss, likewise; 1 for squares.
    pub scale: NodeId,
}

/// The residual form of a model; the first node that is no square where there is none, nothing when there is not
/// one objective without constraints.
///
/// # Errors
/// As above.
pub fn squares(model: &Model) -> Result<Squares, Option<NodeId>> {
    let mut objectives = model.objectives.iter();
    let (Some(objective), None, true) = (objectives.next(), objectives.next(), model.constraints.is_empty()) else {
        return Err(None);
    };
    let (body, sense, at) = (objective.body, objective.sense, objective.at);
    let mut bare = model.clone();
    bare.objectives = crate::base::IdVec::new();
    (bare.checks, bare.expects, bare.shows) = (Vec::new(), Vec::new(), Vec::new());
    let mut pass = Pass { terms: Vec::new(), constants: Some(Vec::new()), scopes: Vec::new(), model: bare, at };
    let sign = pass.model.graph.number(if sense == Sense::Minimize { 1.0 } else { -1.0 });
    pass.sum(Part { node: body, factors: vec![sign], scope: Vec::new() }).map_err(Some)?;
    let Pass { mut model, terms, constants, .. } = pass;
    let constant = model.graph.add(&constants.unwrap_or_default());
    if terms.is_empty() { Err(Some(body)) } else { Ok(Squares { model, terms, constant }) }
}

/// A term, and the domains of the sums it stands under, the outermost first.
pub(super) type Under = (Term, Vec<DomainId>);

/// The squares that `node` is a sum of, for every instance of `domain`: constraints free at both ends are added to the
/// model, what is added without variables among them. Each comes with the domains of the sums it stands under.
///
/// # Errors
/// The first node that is no square.
pub(super) fn squares_of(model: Model, node: NodeId, domain: DomainId) -> Result<(Model, Vec<Under>), NodeId> {
    let at = model.graph.origin(node).span();
    let mut pass = Pass { terms: Vec::new(), constants: None, scopes: Vec::new(), model, at };
    pass.sum(Part { node, factors: Vec::new(), scope: vec![domain] })?;
    if let Some(term) = pass.terms.iter().find(|term| term.loss != Loss::Square) {
        return Err(pass.model.constraints[term.rows].body);
    }
    let Pass { model, terms, scopes, .. } = pass;
    let inner = scopes.into_iter().map(|scope| scope[1..].to_vec());
    Ok((model, terms.into_iter().zip(inner).collect()))
}

/// A part of the objective: `node` times factors of data, under sums.
struct Part {
    node: NodeId,
    factors: Vec<NodeId>,
    scope: Vec<DomainId>,
}

struct Pass {
    model: Model,
    terms: Vec<Term>,
    /// What is added without variables; nothing where that is to be squares too.
    constants: Option<Vec<NodeId>>,
    /// The domains that each term stands in.
    scopes: Vec<Vec<DomainId>>,
    at: crate::base::Span,
}

impl Pass {
    /// Splits the additive top; fails at the first node that is no square.
    fn sum(&mut self, whole: Part) -> Result<(), NodeId> {
        let mut stack = vec![whole];
        while let Some(Part { node, mut factors, mut scope }) = stack.pop() {
            let graph = &self.model.graph;
            if !graph.has_var(node) {
                self.constant(node, &factors, &scope);
                continue;
            }
            if let Some(terms) = graph.as_sum(node) {
                let part = |t: &NodeId| Part { node: *t, factors: factors.clone(), scope: scope.clone() };
                stack.extend(terms.iter().rev().map(part));
                continue;
            }
            if let Some(parts) = graph.as_product(node).map(<[NodeId]>::to_vec) {
                let (vars, data): (Vec<NodeId>, Vec<NodeId>) = parts.into_iter().partition(|p| graph.has_var(*p));
                factors.extend(data);
                if let [one] = vars[..] {
                    stack.push(Part { node: one, factors, scope });
                } else {
                    let root = self.root_of_product(node, &vars)?;
                    match self.under_root(root) {
                        Some(square) => stack.push(Part { node: square, factors, scope }),
                        None => self.residual(root, Loss::Square, None, factors, &scope),
                    }
                }
                continue;
            }
            match graph.node(node).clone() {
                Node::Reduce { op: ReduceOp::Sum, domain, body } => {
                    scope.push(domain);
                    stack.push(Part { node: body, factors, scope });
                }
                Node::Array { array, subs } => {
                    let ArrayKind::Template { domain, body } = self.model.arrays[array].kind else { return Err(node) };
                    let binders = self.model.domains[domain].binders.clone();
                    let with = at_subs(&self.model, &binders, &subs);
                    let node = instantiate(&mut self.model, body, &with);
                    stack.push(Part { node, factors, scope });
                }
                Node::Call { func, args } => match func::row(func).residual {
                    Residual::Quotient if !graph.has_var(args[1]) => {
                        let one = self.model.graph.number(1.0);
                        factors.push(self.model.graph.div(one, args[1]));
                        stack.push(Part { node: args[0], factors, scope });
                    }
                    Residual::SquaredDifference => {
                        let difference = self.model.graph.sub(args[0], args[1]);
                        self.residual(difference, Loss::Square, None, factors, &scope);
                    }
                    Residual::Scaled(loss) if !graph.has_var(args[1]) => {
                        self.residual(args[0], loss, Some(args[1]), factors, &scope);
                    }
                    _ => return Err(node),
                },
                _ => return Err(node),
            }
        }
        Ok(())
    }

    /// Data that the objective adds.
    fn constant(&mut self, node: NodeId, factors: &[NodeId], scope: &[DomainId]) {
        let graph = &mut self.model.graph;
        let Some(constants) = &mut self.constants else {
            let one = graph.number(1.0);
            return self.residual(one, Loss::Square, None, [factors, &[node]].concat(), scope);
        };
        let mut value = graph.mul(&[factors, &[node]].concat());
        for domain in scope.iter().rev() {
            value = graph.reduce(ReduceOp::Sum, *domain, value);
        }
        constants.push(value);
    }

    /// `r` where the product of `vars` is `r²`.
    fn root_of_product(&mut self, node: NodeId, vars: &[NodeId]) -> Result<NodeId, NodeId> {
        let mut sorted = vars.to_vec();
        sorted.sort_unstable();
        if sorted.len() % 2 == 1 || sorted.chunks_exact(2).any(|pair| pair[0] != pair[1]) {
            return Err(node);
        }
        let half: Vec<NodeId> = sorted.iter().copied().step_by(2).collect();
        Ok(self.model.graph.mul(&half))
    }

    /// `u` where `root` is `sqrt(u)`.
    fn under_root(&self, root: NodeId) -> Option<NodeId> {
        match self.model.graph.node(root) {
            Node::Call { func, args } if func::row(*func).residual == Residual::Root => Some(args[0]),
            _ => None,
        }
    }

    /// A template of residuals. Factors of data move from a squared residual into its weight, so that residuals come out
    /// in the units of what was measured.
    fn residual(
        &mut self,
        node: NodeId,
        loss: Loss,
        scale: Option<NodeId>,
        mut factors: Vec<NodeId>,
        scope: &[DomainId],
    ) {
        let body = if loss == Loss::Square { self.without_factors(node, &mut factors) } else { node };
        let (model, at) = (&mut self.model, self.at);
        let weight = model.graph.mul(&factors);
        let scale = scale.unwrap_or_else(|| model.graph.number(1.0));
        let domain = domain_of(model, scope, at);
        let rows = model.constraints.push(Constraint {
            name: None,
            at: model.graph.span_within(body, at),
            domain,
            body,
            lower: None,
            upper: None,
            complements: None,
        });
        self.terms.push(Term { rows, loss, weight, scale });
        self.scopes.push(scope.to_vec());
    }

    /// What is left of a squared residual when its factors of data, squared, have moved to `factors`; absolute values are
    /// dropped.
    fn without_factors(&mut self, mut node: NodeId, factors: &mut Vec<NodeId>) -> NodeId {
        loop {
            let graph = &self.model.graph;
            if let Some(parts) = graph.as_product(node).map(<[NodeId]>::to_vec) {
                let (vars, data): (Vec<NodeId>, Vec<NodeId>) = parts.into_iter().partition(|p| graph.has_var(*p));
                if data.is_empty() {
                    return node;
                }
                factors.extend(data.iter().chain(&data));
                node = self.model.graph.mul(&vars);
                continue;
            }
            let Node::Call { func, args } = graph.node(node).clone() else { return node };
            match func::row(func).residual {
                Residual::Quotient if !graph.has_var(args[1]) => {
                    let one = self.model.graph.number(1.0);
                    let inverse = self.model.graph.div(one, args[1]);
                    factors.extend([inverse, inverse]);
                    node = args[0];
                }
                Residual::Size => node = args[0],
                _ => return node,
            }
        }
    }
}

/// All domains of the scope in one.
fn domain_of(model: &mut Model, scope: &[DomainId], at: crate::base::Span) -> DomainId {
    if let [one] = scope {
        return *one;
    }
    let binders = scope.iter().flat_map(|d| model.domains[*d].binders.clone()).collect();
    let filters: Vec<NodeId> = scope.iter().filter_map(|d| model.domains[*d].filter).collect();
    let filter = match filters[..] {
        [] => None,
        [one] => Some(one),
        _ => Some(model.graph.call("and", &filters)),
    };
    model.domains.push(Domain { binders, filter, at })
}
