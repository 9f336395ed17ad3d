//! What can be proved about a template: range, curvature, degree, smoothness.
//!
//! Curvature follows the composition rules of disciplined convex programming (Grant, Boyd, Ye 2006)
//! with the rows' curvature and trends on the ranges of their arguments. The answer is never wrong,
//! but often "unknown".

use crate::base::Interval;
use crate::func::{self, Curvature, Trend};
use crate::ir::{Graph, Node, NodeId};
use std::collections::BTreeMap;

/// How an expression depends on the variables.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Degree {
    /// Not at all.
    Constant,
    /// Affinely.
    Linear,
    /// By a polynomial of degree two.
    Quadratic,
    /// In any other way.
    Nonlinear,
}

impl Degree {
    fn times(self, other: Self) -> Self {
        match (self, other) {
            (Self::Constant, d) | (d, Self::Constant) => d,
            (Self::Linear, Self::Linear) => Self::Quadratic,
            _ => Self::Nonlinear,
        }
    }
}

/// Smoothness, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Smooth {
    /// Twice continuously differentiable.
    Twice,
    /// Once.
    Once,
    /// Continuous with kinks.
    Kinks,
    /// With jumps.
    Jumps,
}

/// What is proved about an expression.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Traits {
    /// Encloses its values.
    pub range: Interval,
    /// Its curvature in the variables.
    pub curvature: Curvature,
    /// Its degree in the variables.
    pub degree: Degree,
    /// Its smoothness in the variables.
    pub smooth: Smooth,
    /// The node where smoothness was lost, for messages.
    pub rough: Option<NodeId>,
    /// Whether it is a sum of squares of affine terms, with factors that are not negative: its root is a norm, hence convex.
    pub squares: bool,
}

impl Traits {
    /// Data with values in `range`.
    pub const fn data(range: Interval) -> Self {
        Self {
            range,
            curvature: Curvature::Constant,
            degree: Degree::Constant,
            smooth: Smooth::Twice,
            rough: None,
            squares: false,
        }
    }

    /// A variable with values in `range`.
    pub const fn variable(range: Interval) -> Self {
        Self {
            range,
            curvature: Curvature::Affine,
            degree: Degree::Linear,
            smooth: Smooth::Twice,
            rough: None,
            squares: false,
        }
    }

    /// The sum of two.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let square = |t: &Self| t.squares || (t.degree == Degree::Constant && t.range.lo >= 0.0);
        Self {
            range: func::range::add(self.range, other.range),
            squares: square(&self) && square(&other),
            ..self.join(other, add_curvature(self.curvature, other.curvature))
        }
    }

    /// Degree and smoothness of both, with a curvature.
    fn join(self, other: Self, curvature: Curvature) -> Self {
        let (smooth, rough) =
            if other.smooth > self.smooth { (other.smooth, other.rough) } else { (self.smooth, self.rough) };
        Self { range: self.range, curvature, degree: self.degree.max(other.degree), smooth, rough, squares: false }
    }
}

/// Curvature of a sum.
pub fn add_curvature(a: Curvature, b: Curvature) -> Curvature {
    use Curvature::{Affine, Concave, Constant, Convex, Unknown};
    match (a, b) {
        (Constant, c) | (c, Constant) => c,
        (Affine, c) | (c, Affine) => c,
        (Convex, Convex) => Convex,
        (Concave, Concave) => Concave,
        (Unknown, _) | (_, Unknown) | (Convex, Concave) | (Concave, Convex) => Unknown,
    }
}

/// Traits of `body` with what is known of its leaves.
pub fn traits(graph: &Graph, body: NodeId, leaf: &mut dyn FnMut(NodeId) -> Traits) -> Traits {
    let mut known: BTreeMap<NodeId, Traits> = BTreeMap::new();
    for id in inner_nodes(graph, body) {
        let here = match graph.node(id) {
            Node::Num(bits) => Traits::data(Interval::point(f64::from_bits(bits.0))),
            Node::Call { .. } if graph.as_sum(id).is_some() => of_sum(graph, id, &known),
            Node::Call { .. } if graph.as_product(id).is_some() => of_product(graph, id, &known),
            Node::Call { func, args } => of_call(*func, id, args, &known),
            Node::If { cond, then, otherwise } => of_if(graph, id, [*cond, *then, *otherwise], &known),
            _ => leaf(id),
        };
        known.insert(id, here);
    }
    known[&body]
}

/// Nodes down to the leaves, children first.
fn inner_nodes(graph: &Graph, body: NodeId) -> Vec<NodeId> {
    let mut seen = std::collections::BTreeSet::new();
    let mut stack = vec![body];
    while let Some(id) = stack.pop() {
        if seen.insert(id) {
            match graph.node(id) {
                Node::Call { args, .. } => stack.extend(args.iter()),
                Node::If { cond, then, otherwise } => stack.extend([cond, then, otherwise]),
                _ => {}
            }
        }
    }
    seen.into_iter().collect()
}

fn of_sum(graph: &Graph, id: NodeId, known: &BTreeMap<NodeId, Traits>) -> Traits {
    let terms = graph.as_sum(id).unwrap_or(&[]);
    terms.iter().map(|t| known[t]).reduce(Traits::plus).unwrap_or(Traits::data(Interval::point(0.0)))
}

fn of_product(graph: &Graph, id: NodeId, known: &BTreeMap<NodeId, Traits>) -> Traits {
    let factors = graph.as_product(id).unwrap_or(&[]);
    let mut scale = Interval::point(1.0);
    let mut powers: BTreeMap<NodeId, u32> = BTreeMap::new();
    for &factor in factors {
        if graph.has_var(factor) {
            *powers.entry(factor).or_insert(0) += 1;
        } else {
            scale = func::range::mul(scale, known[&factor].range);
        }
    }
    let mut product = Traits::data(Interval::point(1.0));
    let mut squares = powers.len() == 1 && scale.lo >= 0.0;
    for (k, (factor, power)) in powers.iter().enumerate() {
        let one = of_power(known[factor], *power);
        squares = squares && one.squares;
        let curvature = if k == 0 { one.curvature } else { Curvature::Unknown };
        let degree = product.degree.times(one.degree);
        product = Traits { range: func::range::mul(product.range, one.range), degree, ..product.join(one, curvature) };
    }
    let curvature = match (scale.lo >= 0.0, scale.hi <= 0.0) {
        (true, _) => product.curvature,
        (_, true) => product.curvature.negate(),
        _ if matches!(product.curvature, Curvature::Affine | Curvature::Constant) => product.curvature,
        _ => Curvature::Unknown,
    };
    Traits { range: func::range::mul(scale, product.range), curvature, squares, ..product }
}

/// `u^power` for a positive integer power.
fn of_power(u: Traits, power: u32) -> Traits {
    if power == 1 {
        return u;
    }
    let mut range = if power.is_multiple_of(2) { func::range::square(u.range) } else { u.range };
    let (rounds, base) =
        if power.is_multiple_of(2) { (power / 2 - 1, range) } else { (power / 2, func::range::square(u.range)) };
    for _ in 0..rounds {
        range = func::range::mul(range, base);
    }
    let even = power.is_multiple_of(2);
    use Curvature::{Affine, Concave, Convex, Unknown};
    let curvature = match u.curvature {
        Affine if even || u.range.lo >= 0.0 => Convex,
        Affine if u.range.hi <= 0.0 => Concave,
        Convex if u.range.lo >= 0.0 => Convex,
        Concave if u.range.hi <= 0.0 && even => Convex,
        Concave if u.range.hi <= 0.0 => Concave,
        Curvature::Constant => Curvature::Constant,
        _ => Unknown,
    };
    let degree = (1..power).fold(u.degree, |d, _| d.times(u.degree));
    Traits { range, curvature, degree, squares: power == 2 && u.curvature == Affine, ..u }
}

fn of_call(func: func::FuncId, id: NodeId, args: &[NodeId], known: &BTreeMap<NodeId, Traits>) -> Traits {
    let row = func::row(func);
    let ranges: Vec<Interval> = args.iter().map(|a| known[a].range).collect();
    let range = (row.enclose)(&ranges);
    let range = if range.is_empty() { Interval::ALL } else { range };
    if args.iter().all(|a| known[a].degree == Degree::Constant) {
        return Traits::data(range);
    }
    let inside: Vec<Interval> = ranges.iter().enumerate().map(|(k, r)| r.meet(row.domain.range(k))).collect();
    let joint = (row.curvature)(&inside);
    let trends = (row.monotone)(&inside);
    let curvature =
        args.iter().zip(&trends).fold(joint, |so_far, (arg, trend)| compose(so_far, known[arg].curvature, *trend));
    let norm = row.name == "sqrt" && known[&args[0]].squares;
    let curvature = if norm { Curvature::Convex } else { curvature };
    let linear = matches!(curvature, Curvature::Affine | Curvature::Constant) && matches!(joint, Curvature::Affine);
    let mut result = Traits {
        range,
        curvature,
        degree: Degree::Nonlinear,
        smooth: smooth_of((row.smoothness)(&inside)),
        rough: None,
        squares: false,
    };
    if result.smooth > Smooth::Twice {
        result.rough = Some(id);
    }
    for arg in args {
        result = Traits { range, ..result.join(known[arg], curvature) };
    }
    if linear {
        result.degree = args.iter().map(|a| known[a].degree).max().unwrap_or(Degree::Constant);
    }
    result
}

/// One step of the composition rule: the outer curvature survives an argument that is affine, or
/// that bends the same way through its trend.
fn compose(outer: Curvature, arg: Curvature, trend: Trend) -> Curvature {
    use Curvature::{Affine, Concave, Constant, Convex, Unknown};
    match arg {
        Constant | Affine => outer,
        _ if trend == Trend::Constant => outer,
        Convex | Concave => {
            let bent = match trend {
                Trend::Increasing => arg,
                Trend::Decreasing => arg.negate(),
                Trend::Constant | Trend::Unknown => Unknown,
            };
            match (outer, bent) {
                (Affine | Convex, Convex) => Convex,
                (Affine | Concave, Concave) => Concave,
                _ => Unknown,
            }
        }
        Unknown => Unknown,
    }
}

fn of_if(graph: &Graph, id: NodeId, parts: [NodeId; 3], known: &BTreeMap<NodeId, Traits>) -> Traits {
    let [cond, then, otherwise] = parts.map(|p| known[&p]);
    let range = then.range.hull(otherwise.range);
    let both = if then.curvature == otherwise.curvature { then.curvature } else { Curvature::Unknown };
    let squares = then.squares && otherwise.squares;
    let mut result = Traits { range, squares, ..then.join(otherwise, both) };
    if graph.has_var(parts[0]) {
        result = Traits { curvature: Curvature::Unknown, degree: Degree::Nonlinear, squares: false, ..result };
        if result.smooth < Smooth::Kinks {
            result = Traits { smooth: Smooth::Kinks, rough: Some(id), ..result };
        }
    } else if !matches!(both, Curvature::Unknown) || cond.degree == Degree::Constant {
        // The condition is data: each instance takes one branch.
        result.curvature = match (then.curvature, otherwise.curvature) {
            (Curvature::Constant, c) | (c, Curvature::Constant) => c,
            (Curvature::Affine, c) | (c, Curvature::Affine) => c,
            (a, b) if a == b => a,
            _ => Curvature::Unknown,
        };
    }
    result
}

fn smooth_of(row: func::Smoothness) -> Smooth {
    match row {
        func::Smoothness::Smooth => Smooth::Twice,
        func::Smoothness::Once => Smooth::Once,
        func::Smoothness::Kink => Smooth::Kinks,
        func::Smoothness::Jump => Smooth::Jumps,
    }
}
