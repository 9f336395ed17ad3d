//! Variables: blocks of slots, bounds, start; rows of constraints with their bounds.

use super::domain::BoundDomain;
use super::params::Binding;
use super::world::Block;
use crate::base::{Id, Span, limits};
use crate::diag::codes::domain::DomainError;
use crate::diag::codes::limit::LimitError;
use crate::interp::{self, Writer};
use crate::ir::model::{Initialiser, Start, VarType};
use crate::ir::{NodeId, VarId};
use crate::num::random::Stream;
use crate::problem::Bounds;

/// Variables as solvers see them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variables {
    /// Lower and upper ends.
    pub bounds: Bounds,
    /// Start, inside the bounds.
    pub start: Vec<f64>,
    /// Whether each is an integer.
    pub integer: Vec<bool>,
}

impl Binding<'_> {
    /// Gives every variable its slots.
    pub fn blocks(&mut self) -> Option<usize> {
        let mut offset = 0usize;
        for var in self.model.vars.ids() {
            let declared = &self.model.vars[var];
            let len = declared.axes.iter().try_fold(1usize, |n, a| n.checked_mul(self.world.sets[*a].len));
            match len.and_then(|len| offset.checked_add(len)).filter(|n| *n <= limits::MAX_ELEMENTS) {
                Some(end) => {
                    self.world.vars[var] = Block { offset, len: end - offset };
                    offset = end;
                }
                None => {
                    let at = declared.at;
                    self.reports.push(LimitError::TooManyElements { at, count: len, most: limits::MAX_ELEMENTS });
                    return None;
                }
            }
        }
        match self.world.take(offset, 32, Span::new(crate::base::FileId(0), 0, 0)) {
            Ok(()) => Some(offset),
            Err(stop) => {
                let at = self.model.vars.iter().last().map_or(Span::new(crate::base::FileId(0), 0, 0), |v| v.at);
                self.report(stop, at);
                None
            }
        }
    }

    /// Bounds, start and types of all variables.
    pub fn variables(&mut self, n_vars: usize) -> Variables {
        let mut out =
            Variables { bounds: Bounds::free(n_vars), start: vec![0.0; n_vars], integer: vec![false; n_vars] };
        for var in self.model.vars.ids() {
            self.variable(var, &mut out);
        }
        out
    }

    fn variable(&mut self, var: VarId, out: &mut Variables) {
        let declared = &self.model.vars[var];
        let Block { offset, len } = self.world.vars[var];
        let slots = offset..offset + len;
        out.integer[slots.clone()].fill(declared.ty != VarType::Real);
        let bool_ends = (declared.ty == VarType::Bool).then_some((0.0, 1.0));
        let needs_domain =
            declared.lower.is_some() || declared.upper.is_some() || !matches!(declared.start, Start::Default);
        let domain = if needs_domain { self.domain(declared.domain, declared.at) } else { None };
        if let Some(domain) = &domain
            && domain.count != len
        {
            crate::bug!("`{}` has {len} entries and {} instances", declared.name, domain.count);
        }
        let bound = |this: &mut Self, node: Option<NodeId>, none: f64| -> Option<Vec<f64>> {
            match (node, &domain) {
                (Some(node), Some(domain)) => this.numbers(&declared.name, domain, node, declared.at),
                _ => Some(vec![none; len]),
            }
        };
        let lower = bound(self, declared.lower, bool_ends.map_or(f64::NEG_INFINITY, |b| b.0));
        let upper = bound(self, declared.upper, bool_ends.map_or(f64::INFINITY, |b| b.1));
        let (Some(lower), Some(upper)) = (lower, upper) else { return };
        if let Some(k) = (0..len).find(|k| lower[*k] > upper[*k]) {
            let name = self.entry_name(&declared.name, &declared.axes, k);
            self.crossed(name, (lower[k], upper[k]), (declared.lower, declared.upper), declared.at);
            return;
        }
        let start = match (&declared.start, &domain) {
            (Start::Value(node), Some(domain)) => self.numbers(&declared.name, domain, *node, declared.at),
            (Start::Random(how), _) => self.random(var, *how, len),
            _ => Some(vec![0.0; len]),
        };
        let Some(start) = start else { return };
        let given = matches!(declared.start, Start::Value(_));
        for (k, slot) in slots.clone().enumerate() {
            // A start that the model gives is kept even outside the bounds: each method moves it inside in its own way.
            out.start[slot] = if given { start[k] } else { start[k].max(lower[k]).min(upper[k]) };
        }
        out.bounds.lower[slots.clone()].copy_from_slice(&lower);
        out.bounds.upper[slots].copy_from_slice(&upper);
    }

    /// A column that must be numbers (infinite ones are welcome).
    fn numbers(&mut self, name: &str, domain: &BoundDomain, node: NodeId, at: Span) -> Option<Vec<f64>> {
        let values = self.column(domain, node, at)?;
        if let Some(k) = values.iter().position(|v| v.is_nan()) {
            self.not_a_number(name, domain, k, node, at);
            return None;
        }
        Some(values)
    }

    /// Lower and upper ends of the rows of a constraint.
    pub fn row_bounds(&mut self, con: crate::ir::ConId, domain: &BoundDomain) -> Option<(Vec<f64>, Vec<f64>)> {
        let declared = &self.model.constraints[con];
        let name = declared.name.clone().unwrap_or_else(|| "constraint".into());
        let end = |this: &mut Self, node: Option<NodeId>, none: f64| match node {
            Some(node) => this.numbers(&name, domain, node, declared.at),
            None => Some(vec![none; domain.count]),
        };
        let lower = end(self, declared.lower, f64::NEG_INFINITY)?;
        let upper =
            if declared.upper == declared.lower { lower.clone() } else { end(self, declared.upper, f64::INFINITY)? };
        if let Some(k) = (0..domain.count).find(|k| lower[*k] > upper[*k]) {
            let name = self.row_text(&name, domain, k);
            self.crossed(name, (lower[k], upper[k]), (declared.lower, declared.upper), declared.at);
            return None;
        }
        Some((lower, upper))
    }

    fn crossed(&mut self, name: String, ends: (f64, f64), nodes: (Option<NodeId>, Option<NodeId>), at: Span) {
        let inside = |node: Option<NodeId>| node.map(|n| self.model.graph.span_within(n, at)).filter(|s| *s != at);
        let at = match (inside(nodes.0), inside(nodes.1)) {
            (Some(a), Some(b)) => a.to(b),
            (one, other) => one.or(other).unwrap_or(at),
        };
        let (lower, upper) = (interp::number(ends.0), interp::number(ends.1));
        self.reports.push(DomainError::CrossedBounds { at, name, lower, upper });
    }

    fn row_text(&self, name: &str, domain: &BoundDomain, k: usize) -> String {
        let mut walk = interp::Interp::new(self.model, &self.world, &self.world.deps, interp::Plain { x: &[] });
        let places = super::lanes::places_at(domain, k);
        for (binder, place) in &places {
            walk.place(*binder, *place);
        }
        let element: Vec<interp::Val> = places.iter().flat_map(|(b, _)| walk.element_of(*b)).collect();
        Writer::new(self.model, &self.world).indexed(name, &element)
    }

    fn entry_name(&self, name: &str, axes: &[crate::ir::SetId], entry: usize) -> String {
        Writer::new(self.model, &self.world)
            .indexed(name, &super::instance::element_of(self.model, &self.world, axes, entry))
    }

    /// Random initial values: a stream of its own for every variable.
    fn random(&mut self, var: VarId, how: Initialiser, len: usize) -> Option<Vec<f64>> {
        let declared = &self.model.vars[var];
        let size = |axis: Option<&crate::ir::SetId>| axis.map_or(1.0, |a| self.world.sets[*a].len.max(1) as f64);
        let (fan_in, fan_out) = (size(declared.axes.first()), size(declared.axes.last()));
        let mut stream = Stream::new(self.seed, var.index() as u64);
        let mut fill = |mut draw: Box<dyn FnMut(&mut Stream) -> f64>| (0..len).map(|_| draw(&mut stream)).collect();
        Some(match how {
            Initialiser::Xavier => {
                let limit = (6.0 / (fan_in + fan_out)).sqrt();
                fill(Box::new(move |s| s.uniform(-limit, limit)))
            }
            Initialiser::He => {
                let deviation = (2.0 / fan_in).sqrt();
                fill(Box::new(move |s| deviation * s.normal()))
            }
            Initialiser::Normal(mean, deviation) => {
                let (mean, deviation) = (self.scalar(mean, declared.at)?, self.scalar(deviation, declared.at)?);
                fill(Box::new(move |s| mean + deviation * s.normal()))
            }
            Initialiser::Uniform(lo, hi) => {
                let (lo, hi) = (self.scalar(lo, declared.at)?, self.scalar(hi, declared.at)?);
                fill(Box::new(move |s| s.uniform(lo, hi)))
            }
        })
    }
}
