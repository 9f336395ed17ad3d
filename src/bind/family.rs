//! Addresses: where each instance of a family finds its leaves and puts its value.

use super::address::{Address, Form, Pos};
use super::domain::BoundDomain;
use super::instance::{Buffer, Leaf};
use super::lanes::{Lanes, direct, places_at};
use super::params::Binding;
use super::sets::Elems;
use super::world::{LaneFault, Stop, is_row};
use crate::base::Span;
use crate::func;
use crate::interp::{Interp, Plain};
use crate::ir::model::{ElemType, Over};
use crate::ir::plan::FamilyId;
use crate::ir::{ArrayId, BinderId, Node, NodeId, SetId};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Where defined arrays stand in z.
#[derive(Clone, Debug, Default)]
pub struct Defs {
    /// First slot and domain, by array.
    pub at: BTreeMap<ArrayId, (usize, Arc<BoundDomain>)>,
}

/// Columns of element values made so far, by set and component, or by binder of a dependent range.
#[derive(Clone, Debug, Default)]
pub struct Elements {
    sets: BTreeMap<(SetId, u16), usize>,
    ranges: BTreeMap<BinderId, usize>,
}

/// A column of data made for a family: one number per instance, or one for all.
#[derive(Clone, Copy, Debug)]
pub struct ComputedColumn {
    /// What it holds.
    pub node: NodeId,
    /// The family.
    pub family: FamilyId,
    /// Where it begins.
    pub offset: usize,
}

/// One family on its way.
pub struct FamilyBinder<'b, 'a> {
    /// Everything bound so far.
    pub binding: &'b mut Binding<'a>,
    /// Where defined arrays stand.
    pub defs: &'b Defs,
    /// Columns of elements.
    pub elements: &'b mut Elements,
    /// Columns of other data.
    pub columns: &'b mut Vec<ComputedColumn>,
    /// The family.
    pub id: FamilyId,
    /// The family's instances.
    pub domain: Arc<BoundDomain>,
    /// Its template.
    pub body: NodeId,
    /// Where it is written.
    pub at: Span,
}

/// `constant + sum(scale * place of binder)`.
struct Linear {
    constant: f64,
    terms: Vec<(f64, BinderId)>,
}

impl FamilyBinder<'_, '_> {
    /// The address of a leaf. Nothing when it was reported.
    pub fn leaf(&mut self, node: NodeId) -> Option<Leaf> {
        let model = self.binding.model;
        match model.graph.node(node) {
            Node::Var { var, subs } => {
                let base = self.binding.world.vars[*var].offset;
                let at = self.entry(node, base, &model.vars[*var].axes, subs)?;
                Some(Leaf { buffer: Buffer::Z, at })
            }
            Node::Array { array, subs } => {
                let (base, _) = self.defs.at.get(array)?;
                let at = self.entry(node, *base, &model.arrays[*array].axes, subs)?;
                Some(Leaf { buffer: Buffer::Z, at })
            }
            Node::Slot(array) => {
                let (base, domain) = self.defs.at.get(array)?;
                let mut form = Form::constant(*base);
                form.add(1, self.domain.instance_of(domain)?);
                Some(Leaf { buffer: Buffer::Z, at: self.address(&form) })
            }
            Node::Param { param, subs } if !model.params[*param].labels => {
                let base = self.binding.world.params[*param].offset;
                let at = self.entry(node, base, &model.params[*param].axes, subs)?;
                Some(Leaf { buffer: Buffer::Data, at })
            }
            Node::Index { binder, part } => self.index(*binder, *part),
            _ => self.computed(node),
        }
    }

    /// A form as an address.
    pub fn address(&self, form: &Form) -> Address {
        form.address(self.domain.count, &self.domain.digits)
    }

    /// The values of an index, stored once per set.
    fn index(&mut self, binder: BinderId, part: u16) -> Option<Leaf> {
        let place = self.domain.place(binder)?;
        let world = &mut self.binding.world;
        let (base, shift) = match self.binding.model.binders[binder].over {
            Over::Set(set) => {
                let known = self.elements.sets.get(&(set, part)).copied();
                let base = known.unwrap_or_else(|| {
                    let bound = &world.sets[set];
                    let column: Vec<f64> = (0..bound.len).map(|k| bound.code(k, part as usize)).collect();
                    let base = world.store(column);
                    self.elements.sets.insert((set, part), base);
                    base
                });
                (base, 0)
            }
            Over::Range { .. } => {
                let known = self.elements.ranges.get(&binder).copied();
                let base = known.unwrap_or_else(|| {
                    let last = (0..self.domain.count).map(|k| place.pos.at(k)).max().unwrap_or(0);
                    let base = world.store((0..=i64::from(last)).map(|k| (place.offset + k) as f64));
                    self.elements.ranges.insert(binder, base);
                    base
                });
                (base, 0)
            }
        };
        let mut form = Form::constant(base + shift);
        form.add(1, place.pos);
        Some(Leaf { buffer: Buffer::Data, at: self.address(&form) })
    }

    /// Data of any other form: a column of its own.
    fn computed(&mut self, node: NodeId) -> Option<Leaf> {
        let (model, domain) = (self.binding.model, self.domain.clone());
        let mut values = Vec::with_capacity(domain.count);
        let mut bad: Vec<(usize, LaneFault)> = Vec::new();
        let result = self.binding.world.take(domain.count, 8, self.at).and_then(|()| {
            let mut lanes = Lanes::new(model, &self.binding.world, &domain, &[node], self.at)?;
            lanes.for_range(0, domain.count, &mut |_, block, faults| {
                values.extend_from_slice(block[0]);
                bad.extend(faults.iter().cloned());
                Ok(())
            })
        });
        if let Err(stop) = result {
            self.binding.report(stop, self.at);
            return None;
        }
        if !self.only_dead(node, bad) {
            return None;
        }
        let world = &mut self.binding.world;
        let stride = i32::from(!world.deps.of(node).is_empty());
        let base = world.store(if stride == 0 { values.into_iter().take(1).collect() } else { values });
        self.columns.push(ComputedColumn { node, family: self.id, offset: base });
        Some(Leaf { buffer: Buffer::Data, at: Address::Affine { base: u32::try_from(base).ok()?, stride } })
    }

    /// The address of an entry of something indexed.
    fn entry(&mut self, node: NodeId, base: usize, axes: &[SetId], subs: &[NodeId]) -> Option<Address> {
        if let Some(form) = self.symbolic(base, axes, subs) {
            return Some(self.address(&form));
        }
        match self.lookup(base, axes, subs) {
            Ok((slots, missing)) => self.without_dead(node, slots, &missing),
            Err(stop) => {
                self.binding.report(stop, self.at);
                None
            }
        }
    }

    /// A sum of places, when every subscript is affine in the binders and stays in its axis.
    fn symbolic(&self, base: usize, axes: &[SetId], subs: &[NodeId]) -> Option<Form> {
        let (model, world) = (self.binding.model, &self.binding.world);
        let mut form = Form::constant(base);
        let mut scale: usize = axes.iter().map(|a| world.sets[*a].len).product();
        let mut next = 0;
        for &axis in axes {
            let len = world.sets[axis].len;
            scale /= len.max(1);
            let arity = model.sets[axis].arity();
            let mine = &subs[next..next + arity];
            next += arity;
            if let Some(binder) = direct(model, world, axis, mine) {
                form.add(scale, self.domain.place(binder)?.pos);
                continue;
            }
            let Elems::Range { lo } = world.sets[axis].elems else {
                self.constant_element(axis, mine).map(|p| form.base += (scale * p) as i64)?;
                continue;
            };
            self.add_linear(&mut form, scale, (lo, len), mine[0])?;
        }
        Some(form)
    }

    /// The position of an element without indices: `x[seattle]`, `x[3]`.
    fn constant_element(&self, axis: SetId, subs: &[NodeId]) -> Option<usize> {
        let graph = &self.binding.model.graph;
        let code = |n: &NodeId| match graph.node(*n) {
            Node::Num(bits) => Some(f64::from_bits(bits.0)),
            Node::Label(label) => Some(f64::from(label.0)),
            _ => None,
        };
        let key: Vec<f64> = subs.iter().map(code).collect::<Option<_>>()?;
        self.binding.world.find(axis, &key, &vec![false; key.len()])
    }

    fn add_linear(&self, form: &mut Form, scale: usize, (lo, len): (i64, usize), sub: NodeId) -> Option<()> {
        let linear = self.linear(sub)?;
        let (mut least, mut most) = (linear.constant - lo as f64, linear.constant - lo as f64);
        let mut base = linear.constant - lo as f64;
        for (factor, binder) in &linear.terms {
            let place = self.domain.place(*binder)?;
            let (from, to) = self.ends(&place.pos);
            let shift = self.origin(*binder)? + place.offset as f64;
            base += factor * shift;
            let (a, b) = (factor * (shift + from), factor * (shift + to));
            least += a.min(b);
            most += a.max(b);
        }
        // One binder may stand in several terms only after folding, so the ends are exact.
        if self.domain.count > 0 && (least < 0.0 || most >= len as f64) {
            return None;
        }
        if base.fract() != 0.0 || linear.terms.iter().any(|t| t.0.fract() != 0.0) {
            return None;
        }
        form.base += scale as i64 * base as i64;
        for (factor, binder) in linear.terms {
            form.add_signed(scale as i64 * factor as i64, self.domain.place(binder)?.pos);
        }
        Some(())
    }

    /// Least and greatest place.
    fn ends(&self, pos: &Pos) -> (f64, f64) {
        match pos {
            Pos::Digit { len, .. } => (0.0, len.saturating_sub(1) as f64),
            _ => {
                let all = (0..self.domain.count).map(|k| pos.at(k));
                let (least, most) = all.fold((u32::MAX, 0), |(a, b), p| (a.min(p), b.max(p)));
                (f64::from(least.min(most)), f64::from(most))
            }
        }
    }

    /// What a binder's element is at place 0, for integers.
    fn origin(&self, binder: BinderId) -> Option<f64> {
        match self.binding.model.binders[binder].over {
            Over::Range { .. } => Some(0.0),
            Over::Set(set) => match self.binding.world.sets[set].elems {
                Elems::Range { lo } => Some(lo as f64),
                _ => None,
            },
        }
    }

    /// A subscript as a linear function of places.
    fn linear(&self, node: NodeId) -> Option<Linear> {
        const MOST: usize = 64;
        let model = self.binding.model;
        let graph = &model.graph;
        let mut out = Linear { constant: 0.0, terms: Vec::new() };
        let mut stack = vec![(1.0, node)];
        let mut steps = 0;
        while let Some((factor, node)) = stack.pop() {
            steps += 1;
            if steps > MOST {
                return None;
            }
            match graph.node(node) {
                Node::Num(bits) => out.constant += factor * f64::from_bits(bits.0),
                Node::Param { param, subs } if subs.is_empty() && !model.params[*param].labels => {
                    out.constant += factor * self.binding.world.entry(*param, 0);
                }
                Node::Index { binder, part: 0 } => {
                    self.origin(*binder)?;
                    match out.terms.iter_mut().find(|t| t.1 == *binder) {
                        Some(term) => term.0 += factor,
                        None => out.terms.push((factor, *binder)),
                    }
                }
                Node::Call { func, args } => match (func::row(*func).name, &args[..]) {
                    ("add", args) => stack.extend(args.iter().map(|a| (factor, *a))),
                    ("mul", [a, b]) => {
                        let (value, other) = match (self.number(*a), self.number(*b)) {
                            (Some(v), _) => (v, *b),
                            (_, Some(v)) => (v, *a),
                            _ => return None,
                        };
                        stack.push((factor * value, other));
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
        out.terms.retain(|t| t.0 != 0.0);
        Some(out)
    }

    fn number(&self, node: NodeId) -> Option<f64> {
        match self.binding.model.graph.node(node) {
            Node::Num(bits) => Some(f64::from_bits(bits.0)),
            Node::Param { param, subs } if subs.is_empty() && !self.binding.model.params[*param].labels => {
                Some(self.binding.world.entry(*param, 0))
            }
            _ => None,
        }
    }

    /// Slots by evaluating the subscripts, with the instances that ask for what is not there.
    fn lookup(&self, base: usize, axes: &[SetId], subs: &[NodeId]) -> Result<(Vec<u32>, Vec<usize>), Stop> {
        let (model, world) = (self.binding.model, &self.binding.world);
        let count = self.domain.count;
        world.take(count, 8, self.at)?;
        let mut slots = vec![base as u64; count];
        // Sorted before it is used, so the order of hashing never shows.
        let mut missing: HashSet<usize> = HashSet::new();
        let mut scale: usize = axes.iter().map(|a| world.sets[*a].len).product();
        let mut next = 0;
        for &axis in axes {
            scale /= world.sets[axis].len.max(1);
            let arity = model.sets[axis].arity();
            let mine = &subs[next..next + arity];
            next += arity;
            if let Some(binder) = direct(model, world, axis, mine) {
                if let Some(place) = self.domain.place(binder) {
                    for (k, slot) in slots.iter_mut().enumerate() {
                        *slot += scale as u64 * u64::from(place.pos.at(k));
                    }
                }
                continue;
            }
            let rows: Vec<bool> = mine.iter().map(|s| is_row(model, *s)).collect();
            let fits = mine.iter().zip(&model.sets[axis].elem).all(|(s, ty)| self.fits(*s, *ty));
            let mut key = vec![0.0; arity];
            let mut lanes = Lanes::new(model, world, &self.domain, mine, self.at)?;
            lanes.for_range(0, count, &mut |start, values, _| {
                for k in 0..values[0].len() {
                    key.iter_mut().zip(values).for_each(|(slot, v)| *slot = v[k]);
                    match world.find(axis, &key, &rows).filter(|_| fits) {
                        Some(position) => slots[start + k] += (scale * position) as u64,
                        None => {
                            missing.insert(start + k);
                        }
                    }
                }
                Ok(())
            })?;
        }
        let mut missing: Vec<usize> = missing.into_iter().collect();
        missing.sort_unstable();
        for &k in &missing {
            slots[k] = u64::from(u32::MAX);
        }
        Ok((slots.into_iter().map(|s| s as u32).collect(), missing))
    }

    /// Whether a subscript's kind of value can be an element of this type.
    fn fits(&self, sub: NodeId, ty: ElemType) -> bool {
        let model = self.binding.model;
        let is_label = match model.graph.node(sub) {
            Node::Label(_) => true,
            Node::Param { param, .. } => model.params[*param].labels,
            Node::Index { binder, part } => match model.binders[*binder].over {
                Over::Set(set) => model.sets[set].elem[*part as usize] == ElemType::Label,
                Over::Range { .. } => false,
            },
            _ => return true,
        };
        match ty {
            ElemType::Int => !is_label && !is_row(model, sub),
            ElemType::Label => is_label,
            ElemType::Row(_) => true,
        }
    }

    /// Gives instances that never need the leaf a neighbour's slot; reports those that need it.
    fn without_dead(&mut self, node: NodeId, mut slots: Vec<u32>, missing: &[usize]) -> Option<Address> {
        let faults = |k: &usize| (*k, LaneFault { node, places: places_at(&self.domain, *k) });
        if !self.only_dead(node, missing.iter().map(faults).collect()) {
            return None;
        }
        if !missing.is_empty() {
            let mut last = slots.iter().copied().find(|s| *s != u32::MAX).unwrap_or(0);
            for slot in &mut slots {
                if *slot == u32::MAX {
                    *slot = last;
                }
                last = *slot;
            }
        }
        Some(Address::compress(slots))
    }

    /// Whether none of the instances with faults needs the leaf; reports the first that does.
    fn only_dead(&mut self, leaf: NodeId, faults: Vec<(usize, LaneFault)>) -> bool {
        if faults.is_empty() {
            return true;
        }
        let (model, world) = (self.binding.model, &self.binding.world);
        let mut walk = Interp::new(model, world, &world.deps, Plain { x: &[] });
        let mut live = None;
        for (k, fault) in faults {
            for (binder, place) in places_at(&self.domain, k) {
                walk.place(binder, place);
            }
            if reaches(&mut walk, self.body, leaf) {
                live = Some(fault);
                break;
            }
        }
        match live {
            None => true,
            Some(fault) => {
                self.binding.report(Stop::Faults(vec![fault]), self.at);
                false
            }
        }
    }
}

/// Whether the value of `body` needs `leaf` where the binders stand: conditions on data are decided.
fn reaches(walk: &mut Interp<'_, Plain<'_>>, body: NodeId, leaf: NodeId) -> bool {
    let model = walk.model();
    let mut seen = HashSet::new(); // only tested for membership
    let mut stack = vec![body];
    while let Some(node) = stack.pop() {
        if node == leaf {
            return true;
        }
        if !seen.insert(node) {
            continue;
        }
        match model.graph.node(node) {
            Node::If { cond, then, otherwise } if !model.graph.has_var(*cond) => match walk.data(*cond) {
                Ok(value) => stack.push(if value != 0.0 { *then } else { *otherwise }),
                Err(_) => stack.extend([cond, then, otherwise]),
            },
            other => other.for_each_child(|c| stack.push(c)),
        }
    }
    false
}
