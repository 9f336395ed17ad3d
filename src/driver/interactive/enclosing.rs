//! Enclosures of expressions, and the part that has no bound when the whole has none.

use super::asked::{Asked, Axis, scalars_of};
use super::bench::Bench;
use crate::base::{Interval, Name};
use crate::diag::Reports;
use crate::interp::{self, Boxes, Interp};
use crate::ir::{Model, NodeId, pretty};

/// Where the point is, and how far.
pub struct Enclosure {
    /// Encloses the values.
    pub range: Interval,
    /// The variables that stay at a value, with it.
    pub fixed: Vec<(Name, f64)>,
    /// The smallest part that has no bound although what stands in it has, when the whole has none.
    pub unbounded: Option<Unbounded>,
}

/// A part of an expression without a bound.
pub struct Unbounded {
    /// It.
    pub part: String,
    /// What stands in it, with the values that it takes.
    pub inside: Vec<(String, Interval)>,
}

impl Unbounded {
    /// In words: `` `1 / x`, where `x` is in [-1, 1], 0 among them ``.
    pub fn words(&self) -> String {
        // The divisor, or the only argument, stands last.
        let last = self.inside.last().map(|(text, _)| text.clone());
        let one = |(text, range): &(String, Interval)| {
            let zero = if range.contains(0.0) && last.as_ref() == Some(text) { ", 0 among them" } else { "" };
            format!("`{text}` takes values in [{}, {}]{zero}", interp::number(range.lo), interp::number(range.hi))
        };
        let inside: Vec<String> = self.inside.iter().map(one).collect();
        if inside.is_empty() { format!("`{}`", self.part) } else { format!("`{}`: {}", self.part, inside.join("; ")) }
    }
}

/// Whether values have no bound on one side.
fn is_open(range: Interval) -> bool {
    !range.is_empty() && (range.lo.is_infinite() || range.hi.is_infinite())
}

/// The smallest part of a scalar without a bound.
fn unbounded(walk: &mut Interp<'_, Boxes<'_>>, model: &Model, body: NodeId) -> Option<Unbounded> {
    let mut range = |node| walk.number(node).ok();
    let mut node = body;
    loop {
        let mut inside: Vec<(NodeId, Interval)> = Vec::new();
        model.graph.node(node).for_each_child(|child| inside.extend(range(child).map(|r| (child, r))));
        match inside.iter().find(|(_, r)| is_open(*r)) {
            Some((next, _)) => node = *next,
            None => {
                let moves = inside.into_iter().filter(|(_, r)| r.lo < r.hi);
                let inside = moves.map(|(child, r)| (pretty::expr(model, child), r)).collect();
                return Some(Unbounded { part: pretty::expr(model, node), inside });
            }
        }
    }
}

impl Bench {
    /// An enclosure of an expression while some variables range over intervals; the others stay where they are.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn enclose(&mut self, asked: &Asked, boxes: &[(Axis, Interval)]) -> Result<Enclosure, Reports> {
        let mut mentions = asked.mentions.clone();
        mentions.extend(boxes.iter().map(|(axis, _)| axis.name.clone()));
        let mut stmts = self.needs(&mentions);
        self.free(&mut stmts, boxes.iter().map(|(axis, _)| axis));
        stmts.extend(asked.shows(false));
        let light = self.bound(&stmts)?;
        let x = self.x_of(&light.model, &light.instance);
        let mut ranges: Vec<Interval> = x.iter().map(|v| Interval::point(*v)).collect();
        let mut moved = vec![false; x.len()];
        for (axis, range) in boxes {
            for slot in self.slots(axis, &light.model, &light.instance)? {
                (ranges[slot], moved[slot]) = (*range, true);
            }
        }
        let world = &light.instance.world;
        let mut walk = Interp::new(&light.model, world.as_ref(), &world.deps, Boxes { x: &ranges });
        let mut range = Interval::EMPTY;
        let mut open = None;
        if let Some(show) = light.model.shows.last() {
            let _ = walk.for_each(show.domain, &mut |walk| {
                range = range.hull(walk.number(show.body)?);
                if open.is_none() && is_open(range) {
                    open = unbounded(walk, &light.model, show.body);
                }
                Ok(())
            });
        }
        let scalars = scalars_of(&light.model, &light).into_iter();
        let fixed = scalars.filter(|(_, slot)| !moved[*slot]).map(|(name, slot)| (name, x[slot])).collect();
        Ok(Enclosure { range, fixed, unbounded: open })
    }
}
