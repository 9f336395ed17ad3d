//! Reductions of data, and arrays of data, as columns.

use super::address::{Form, Pos};
use super::domain::BoundDomain;
use super::enumerate::{conjuncts, enumerate};
use super::keys::KeyIndex;
use super::lanes::Lanes;
use super::world::{LaneFault, Stop, World};
use crate::base::{Span, limits};
use crate::diag::codes::limit::LimitError;
use crate::func;
use crate::interp::log_sum_exp;
use crate::ir::model::{ArrayKind, Over};
use crate::ir::{ArrayId, BinderId, Model, Node, NodeId, ReduceOp, SetId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A reduction's values over a smaller domain, and where each instance finds its own.
#[derive(Clone, Debug)]
pub struct Column {
    /// Values over the smaller domain.
    pub values: Arc<[f64]>,
    /// The entry of each instance.
    pub pos: Pos,
    /// Entries whose value needed something that is not there.
    pub bad: BTreeMap<u32, LaneFault>,
}

/// Candidates enumerated at a time where a filter makes lists.
const CHUNK: usize = 1 << 22;

/// The values of a reduction at all instances of `domain`.
///
/// # Errors
/// Limits, and faults in filters.
pub fn reduce_column(
    model: &Model,
    world: &World,
    domain: &BoundDomain,
    node: NodeId,
    at: Span,
) -> Result<Column, Stop> {
    stacker::maybe_grow(128 << 10, 2 << 20, || {
        let (base, pos) = base_of(model, world, domain, node, at)?;
        world.take(base.count, 8, at)?;
        let mut out = Column { values: Arc::from([]), pos, bad: BTreeMap::new() };
        let mut values = vec![0.0; base.count];
        reduce_over(model, world, &Arc::new(base), node, at, &mut values, &mut out.bad)?;
        out.values = values.into();
        Ok(out)
    })
}

/// The smallest domain over which a reduction is to be evaluated: the distinct places of the outer
/// binders it depends on. With the entry of each instance of `domain`.
fn base_of(
    model: &Model,
    world: &World,
    domain: &BoundDomain,
    node: NodeId,
    at: Span,
) -> Result<(BoundDomain, Pos), Stop> {
    let outer = world.deps.of(node);
    let whole = Pos::Digit { div: 1, len: domain.count.max(1) };
    if outer.is_empty() {
        return Ok((BoundDomain::below(&BoundDomain::root()), Pos::ZERO));
    }
    let in_scope = domain.binders();
    if in_scope.iter().all(|b| outer.contains(b)) {
        return Ok((alias(domain), whole));
    }
    let places: Vec<_> = outer.iter().filter_map(|b| domain.place(*b)).collect();
    let lens: Vec<Option<usize>> = outer
        .iter()
        .map(|b| match model.binders[*b].over {
            Over::Set(set) => Some(world.sets[set].len),
            Over::Range { .. } => None,
        })
        .collect();
    let dense = places.iter().all(|p| matches!(p.pos, Pos::Digit { .. }));
    let product = lens.iter().try_fold(1usize, |n, len| n.checked_mul((*len)?)).filter(|n| *n <= 1 << 52);
    let Some(product) = product else { return Ok((alias(domain), whole)) };
    let mut key = Form::constant(0);
    let mut scale = product;
    for (place, len) in places.iter().zip(&lens) {
        scale /= len.unwrap_or(1).max(1);
        key.add(scale, place.pos.clone());
    }
    if dense && product <= domain.count && product <= u32::MAX as usize {
        let mut base = BoundDomain::below(&BoundDomain::root());
        for (binder, len) in outer.iter().zip(&lens) {
            let _ = base.push_dense(*binder, len.unwrap_or(1));
        }
        let pos = match key.terms.as_slice() {
            [] => Pos::ZERO,
            [(1, pos)] => pos.clone(),
            _ => Pos::List { list: key.slots(domain.count).into(), div: 1 },
        };
        return Ok((base, pos));
    }
    world.take(domain.count, 24, at)?;
    let mut codes = vec![0.0; domain.count];
    let mut scale = product;
    for (place, len) in places.iter().zip(&lens) {
        scale /= len.unwrap_or(1).max(1);
        for (k, code) in codes.iter_mut().enumerate() {
            *code += (scale * place.pos.at(k) as usize) as f64;
        }
    }
    let (index, _) = KeyIndex::build(&[&codes], codes.len());
    let mut heads: Vec<u32> = Vec::new();
    let mut group = vec![0u32; domain.count];
    for k in 0..domain.count {
        let head = index.find(&[&codes], &codes[k..=k]).unwrap_or(k);
        group[k] = if head == k {
            heads.push(k as u32);
            heads.len() as u32 - 1
        } else {
            group[head]
        };
    }
    let mut base = alias(domain);
    base.select(heads, None);
    Ok((base, Pos::List { list: group.into(), div: 1 }))
}

/// The same instances as a level below `domain`, so that it can be narrowed.
fn alias(domain: &BoundDomain) -> BoundDomain {
    BoundDomain::below(&Arc::new(domain.clone()))
}

fn reduce_over(
    model: &Model,
    world: &World,
    base: &Arc<BoundDomain>,
    node: NodeId,
    at: Span,
    values: &mut [f64],
    bad: &mut BTreeMap<u32, LaneFault>,
) -> Result<(), Stop> {
    let Node::Reduce { op, domain, body } = *model.graph.node(node) else { crate::bug!("not a reduction") };
    let head = &model.domains[domain];
    let filters = conjuncts(model, head.filter);
    let sizes = head.binders.iter().map(|b| match model.binders[*b].over {
        Over::Set(set) => world.sets[set].len,
        Over::Range { .. } => 1,
    });
    let per_instance = sizes.fold(1usize, usize::saturating_mul).max(1);
    let ranges = head.binders.iter().any(|b| matches!(model.binders[*b].over, Over::Range { .. }));
    let lists = !filters.is_empty() || ranges;
    if !lists && base.count.saturating_mul(per_instance) > limits::MAX_TRIES {
        let count = base.count.checked_mul(per_instance);
        return Err(Stop::Limit(LimitError::TooManyTries { at: head.at, count, most: limits::MAX_TRIES }));
    }
    // Joins do not look at the product; a chunk of the base bounds what other filters make.
    let joins = filters.iter().any(|f| match model.graph.node(*f) {
        Node::Call { func, .. } => Some(*func) == func::lookup("eq"),
        other => matches!(other, Node::SameElem { .. } | Node::Member { .. }),
    });
    let whole = base.count.max(1);
    let chunk = if lists && !joins { (CHUNK / per_instance).clamp(1024, CHUNK).min(whole) } else { whole };
    let mut from = 0;
    while from < base.count {
        let to = (from + chunk).min(base.count);
        let part = if from == 0 && to == base.count {
            base.clone()
        } else {
            let mut part = BoundDomain::below(base);
            part.select((from as u32..to as u32).collect(), None);
            Arc::new(part)
        };
        let inner = if lists {
            enumerate(model, world, &part, &head.binders, &filters, at)?
        } else {
            unfiltered(model, world, &part, &head.binders)
        };
        accumulate(
            model,
            world,
            &inner,
            (op, body),
            at,
            &mut |k, total| values[from + k] = total,
            part.count,
            &mut |k, f| {
                bad.entry((from + k) as u32).or_insert(f);
            },
        )?;
        world.give(inner.count * usize::from(lists), 4 * (inner.own.len() + 2));
        from = to;
    }
    Ok(())
}

/// The dense product, which may have more instances than may be stored.
fn unfiltered(model: &Model, world: &World, part: &Arc<BoundDomain>, binders: &[BinderId]) -> BoundDomain {
    let mut inner = BoundDomain::below(part);
    for &binder in binders {
        if let Over::Set(set) = model.binders[binder].over {
            let _ = inner.push_dense(binder, world.sets[set].len);
        }
    }
    inner
}

/// One group of a reduction in the making.
struct Group {
    op: ReduceOp,
    sum: crate::interp::Neumaier,
    value: f64,
    items: Vec<f64>,
}

impl Group {
    fn new(op: ReduceOp) -> Self {
        let value = match op {
            ReduceOp::Prod | ReduceOp::All => 1.0,
            ReduceOp::Min => f64::INFINITY,
            ReduceOp::Max => f64::NEG_INFINITY,
            ReduceOp::Sum | ReduceOp::Any | ReduceOp::LogSumExp => 0.0,
        };
        Self { op, sum: crate::interp::Neumaier::default(), value, items: Vec::new() }
    }

    fn add(&mut self, v: f64, row: Option<&func::Builtin>) {
        match self.op {
            ReduceOp::Sum => self.sum.add(v),
            ReduceOp::LogSumExp => self.items.push(v),
            ReduceOp::All => self.value = f64::from(u8::from(self.value != 0.0 && v != 0.0)),
            ReduceOp::Any => self.value = f64::from(u8::from(self.value != 0.0 || v != 0.0)),
            ReduceOp::Prod | ReduceOp::Min | ReduceOp::Max => {
                self.value = row.map_or(f64::NAN, |r| r.eval(&[self.value, v]));
            }
        }
    }

    fn total(&mut self) -> f64 {
        match self.op {
            ReduceOp::Sum => self.sum.total(),
            ReduceOp::LogSumExp => log_sum_exp(&self.items),
            _ => self.value,
        }
    }
}

#[allow(clippy::too_many_arguments)] // one loop with its two outlets
fn accumulate(
    model: &Model,
    world: &World,
    inner: &BoundDomain,
    (op, body): (ReduceOp, NodeId),
    at: Span,
    done: &mut dyn FnMut(usize, f64),
    n_groups: usize,
    fault: &mut dyn FnMut(usize, LaneFault),
) -> Result<(), Stop> {
    let name = match op {
        ReduceOp::Prod => Some("mul"),
        ReduceOp::Min => Some("min"),
        ReduceOp::Max => Some("max"),
        _ => None,
    };
    let row = name.and_then(func::lookup).map(func::row);
    let mut lanes = Lanes::new(model, world, inner, &[body], at)?;
    let mut group = Group::new(op);
    let mut current = 0;
    let mut owners = vec![0u32; 1024];
    lanes.for_range(0, inner.count, &mut |start, values, faults| {
        let n = values[0].len();
        owners.resize(n.max(owners.len()), 0);
        inner.outer.fill(start, &mut owners[..n]);
        for (v, owner) in values[0].iter().zip(&owners) {
            // Owners come in order: nested loops, the enclosing instance outermost.
            while current < *owner as usize {
                done(current, group.total());
                group = Group::new(op);
                current += 1;
            }
            group.add(*v, row);
        }
        for (k, f) in faults {
            fault(inner.outer.at(*k) as usize, f.clone());
        }
        Ok(())
    })?;
    while current < n_groups {
        done(current, group.total());
        group = Group::new(op);
        current += 1;
    }
    Ok(())
}

/// The values of an array that no variable touches, row-major; remembered.
///
/// # Errors
/// Faults in its template; limits.
pub fn array_values(model: &Model, world: &World, array: ArrayId, at: Span) -> Result<Arc<[f64]>, Stop> {
    let known = |w: &World| w.arrays.lock().ok().and_then(|a| a.get(&array).cloned());
    if let Some(known) = known(world) {
        return Ok(known);
    }
    let values: Arc<[f64]> = stacker::maybe_grow(128 << 10, 2 << 20, || make_array(model, world, array, at))?.into();
    if let Ok(mut arrays) = world.arrays.lock() {
        arrays.insert(array, values.clone());
    }
    Ok(values)
}

fn make_array(model: &Model, world: &World, array: ArrayId, at: Span) -> Result<Vec<f64>, Stop> {
    let len = |set: &SetId| world.sets[*set].len;
    match &model.arrays[array].kind {
        ArrayKind::Template { domain, body } => {
            let head = &model.domains[*domain];
            let filters = conjuncts(model, head.filter);
            let domain = enumerate(model, world, &BoundDomain::root(), &head.binders, &filters, at)?;
            world.take(domain.count, 8, at)?;
            Lanes::new(model, world, &domain, &[*body], model.arrays[array].at)?.column()
        }
        ArrayKind::MatMul { left, right } => {
            let (a, b) = (array_values(model, world, *left, at)?, array_values(model, world, *right, at)?);
            let inner = model.arrays[*left].axes.last().map_or(1, len);
            let columns = if model.arrays[*right].axes.len() == 2 { len(&model.arrays[*right].axes[1]) } else { 1 };
            let rows = if model.arrays[*left].axes.len() == 2 { len(&model.arrays[*left].axes[0]) } else { 1 };
            world.take(rows.saturating_mul(columns), 8, at)?;
            let mut out = vec![0.0; rows * columns];
            for i in 0..rows {
                for k in 0..inner {
                    for j in 0..columns {
                        out[i * columns + j] += a[i * inner + k] * b[k * columns + j];
                    }
                }
            }
            Ok(out)
        }
        ArrayKind::LogDet { of } => {
            let values = array_values(model, world, *of, at)?;
            let n = model.arrays[*of].axes.first().map_or(0, len);
            let mut plain = crate::interp::Plain { x: &[] };
            Ok(vec![crate::interp::Algebra::log_det(&mut plain, &values, n)])
        }
    }
}
