//! Planted faults: what a broken compiler would do, as edits of the program and its places.
//!
//! The property tests show that each is noticed. Everything that decides a result is data (ops, places,
//! counts, identities), so no fault needs a hook in the code that runs.

use super::arrays::ArrayStep;
use super::assemble::Mode;
use super::exec::{BoundLoop, BoundOut, Source};
use super::link::BoundStep;
use super::matrix::Plan;
use super::oracle::CompiledOracle;
use super::program::{BLOCK, KernelId, Op, Part, Program, Step, What};
use crate::bind::{Address, Instance};
use crate::ir::ReduceOp;
use crate::num::sparse::{Pattern, PatternError};
use std::sync::Arc;

/// A way to be wrong.
pub struct Fault {
    /// What is wrong.
    pub name: &'static str,
    plant: Plant,
}

/// Where a fault is planted; each gives whether there was a place for it. The number picks the place.
enum Plant {
    Program(fn(&mut Program, usize) -> bool),
    Instance(fn(&mut Instance, usize) -> bool),
    Oracle(fn(&mut CompiledOracle, usize) -> bool),
}

/// All faults.
pub const FAULTS: &[Fault] = &[
    Fault { name: "two partial derivatives are swapped", plant: Plant::Program(swap_partials) },
    Fault { name: "a sign is wrong", plant: Plant::Program(wrong_sign) },
    Fault { name: "a factor is lost", plant: Plant::Program(lost_factor) },
    Fault { name: "the branches of an `if` are swapped", plant: Plant::Program(swap_branches) },
    Fault { name: "a cross term of the Hessian is dropped", plant: Plant::Program(drop_cross_term) },
    Fault { name: "a term of a value is dropped", plant: Plant::Program(drop_value) },
    Fault { name: "a row of a join is lost", plant: Plant::Instance(lose_join_row) },
    Fault { name: "a gathered subscript is off by one", plant: Plant::Oracle(wrong_gather) },
    Fault { name: "an affine subscript is off by one", plant: Plant::Oracle(wrong_affine) },
    Fault { name: "a weight belongs to another row", plant: Plant::Oracle(wrong_weight) },
    Fault { name: "an addition to a slot overwrites it", plant: Plant::Oracle(drop_slot_add) },
    Fault { name: "the last instance is missed", plant: Plant::Oracle(short_tail) },
    Fault { name: "the last block is skipped", plant: Plant::Oracle(skip_last_block) },
    Fault { name: "coinciding slots are not doubled", plant: Plant::Oracle(forget_doubling) },
    Fault { name: "upper and lower triangle are swapped", plant: Plant::Oracle(transpose_hessian) },
    Fault { name: "values of the last evaluation are left", plant: Plant::Oracle(stale_values) },
    Fault { name: "two calls keep their results in one place", plant: Plant::Oracle(share_kept) },
    Fault { name: "a reduction begins with a wrong identity", plant: Plant::Oracle(wrong_identity) },
    Fault { name: "the slope of a maximum goes to the minimum", plant: Plant::Oracle(wrong_argmax) },
    Fault { name: "the adjoint of a product uses the wrong operand", plant: Plant::Oracle(swap_operands) },
    Fault { name: "an item belongs to the next group", plant: Plant::Oracle(shift_groups) },
    Fault { name: "a product of the chain rule is dropped", plant: Plant::Oracle(drop_chain) },
    Fault { name: "an entry of the pattern is missing", plant: Plant::Oracle(lose_pattern_entry) },
];

impl Fault {
    /// A faulty oracle; nothing when this instance has no place for the fault.
    ///
    /// # Errors
    /// As [`CompiledOracle::new`].
    pub fn oracle(
        &self,
        program: &Arc<Program>,
        instance: &Arc<Instance>,
        mode: Mode,
        pick: usize,
    ) -> Result<Option<CompiledOracle>, PatternError> {
        let (mut program, mut instance) = (program.clone(), instance.clone());
        let planted = match self.plant {
            Plant::Program(plant) => plant(Arc::make_mut(&mut program), pick),
            Plant::Instance(plant) => {
                let mut faulty = (*instance).clone();
                let planted = plant(&mut faulty, pick);
                instance = Arc::new(faulty);
                planted
            }
            Plant::Oracle(_) => true,
        };
        if !planted {
            return Ok(None);
        }
        let mut oracle = CompiledOracle::new(program, instance, mode)?;
        let planted = match self.plant {
            Plant::Oracle(plant) => plant(&mut oracle, pick),
            _ => true,
        };
        Ok(planted.then_some(oracle))
    }
}

/// The `pick`-th of the places, counted around.
fn choose<T>(places: Vec<T>, pick: usize) -> Option<T> {
    let len = places.len();
    places.into_iter().nth(if len == 0 { 0 } else { pick % len })
}

/// Kernels of the given parts.
fn kernels(program: &Program, parts: &[Part]) -> Vec<KernelId> {
    let steps = parts.iter().flat_map(|part| program.part(*part));
    steps.filter_map(|step| if let Step::Loop(kernel) = step { Some(*kernel) } else { None }).collect()
}

/// Ops of the given parts that `wanted` accepts, changed by `change`.
fn change_op(program: &mut Program, parts: &[Part], pick: usize, change: impl Fn(&mut Op) -> bool) -> bool {
    let mut places = Vec::new();
    for kernel in kernels(program, parts) {
        let body = &program.kernels[kernel].body;
        places.extend((0..body.len()).filter(|at| change(&mut body[*at].clone())).map(|at| (kernel, at)));
    }
    choose(places, pick).is_some_and(|(kernel, at)| change(&mut program.kernels[kernel].body[at]))
}

fn swap_partials(program: &mut Program, pick: usize) -> bool {
    let parts = [Part::PullObjectives, Part::PullRows, Part::JacobianRows];
    let places = kernels(program, &parts).into_iter().filter(|k| {
        let outs = &program.kernels[*k].outs;
        outs.len() > 1 && outs[0].family == outs[1].family
    });
    let Some(kernel) = choose(places.collect(), pick) else { return false };
    let outs = &mut program.kernels[kernel].outs;
    let what = outs[0].what;
    outs[0].what = outs[1].what;
    outs[1].what = what;
    true
}

fn wrong_sign(program: &mut Program, pick: usize) -> bool {
    change_op(program, &Part::ALL, pick, |op| match *op {
        Op::Sub { dst, a, b } => {
            *op = Op::Add { dst, a, b };
            true
        }
        _ => false,
    })
}

fn lost_factor(program: &mut Program, pick: usize) -> bool {
    change_op(program, &Part::ALL, pick, |op| match *op {
        Op::Scale { dst, a, .. } => {
            *op = Op::Scale { dst, a, by: 1.0 };
            true
        }
        _ => false,
    })
}

fn swap_branches(program: &mut Program, pick: usize) -> bool {
    change_op(program, &Part::ALL, pick, |op| match op {
        Op::Select { then, otherwise, .. } => {
            std::mem::swap(then, otherwise);
            true
        }
        _ => false,
    })
}

/// Removes the store of an out that `wanted` accepts.
fn drop_store(program: &mut Program, parts: &[Part], pick: usize, wanted: impl Fn(What) -> bool) -> bool {
    let mut places = Vec::new();
    for kernel in kernels(program, parts) {
        for (at, op) in program.kernels[kernel].body.iter().enumerate() {
            if let Op::Store { out, .. } = op
                && wanted(program.kernels[kernel].outs[*out as usize].what)
            {
                places.push((kernel, at));
            }
        }
    }
    let Some((kernel, at)) = choose(places, pick) else { return false };
    program.kernels[kernel].body.remove(at);
    true
}

fn drop_cross_term(program: &mut Program, pick: usize) -> bool {
    let parts = [Part::HessianTop, Part::HessianArrays];
    drop_store(program, &parts, pick, |what| matches!(what, What::Curve { row, col } if row != col))
}

fn drop_value(program: &mut Program, pick: usize) -> bool {
    drop_store(program, &[Part::Objectives, Part::Rows, Part::Forward], pick, |what| what == What::Value)
}

fn lose_join_row(instance: &mut Instance, pick: usize) -> bool {
    let gathered = |at: &Address| matches!(at, Address::Gather(_));
    let places = instance
        .families
        .enumerate()
        .filter(|(_, f)| f.count > 1 && (gathered(&f.target) || f.leaves.values().any(|leaf| gathered(&leaf.at))));
    let Some(family) = choose(places.map(|(id, _)| id).collect(), pick) else { return false };
    // Families over one domain share a kernel and its count.
    let domain_count = instance.families[family].count;
    for family in instance.families.iter_mut().filter(|f| f.count == domain_count) {
        family.count -= 1;
        let skip = |at: &mut Address| match at {
            Address::Affine { base, stride } => *base = base.wrapping_add_signed(*stride),
            Address::Gather(slots) => *slots = slots[1..].into(),
        };
        skip(&mut family.target);
        family.leaves.values_mut().for_each(|leaf| skip(&mut leaf.at));
    }
    true
}

/// All loops of an oracle.
fn loops(oracle: &mut CompiledOracle) -> Vec<&mut BoundLoop> {
    let linked = oracle.linked.parts.iter_mut().flatten();
    let matrices = oracle.jacobian.plan.steps.iter_mut().chain(&mut oracle.hessian.plan.steps);
    linked
        .chain(matrices)
        .filter_map(|step| if let BoundStep::Loop(bound) = step { Some(bound) } else { None })
        .collect()
}

/// All outs of the matrices.
fn matrix_outs(oracle: &mut CompiledOracle) -> Vec<&mut BoundOut> {
    let steps = oracle.jacobian.plan.steps.iter_mut().chain(&mut oracle.hessian.plan.steps);
    let loops = steps.filter_map(|step| if let BoundStep::Loop(bound) = step { Some(bound) } else { None });
    loops.flat_map(|bound| &mut bound.outs).collect()
}

fn share_kept(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let several = |bound: &&mut BoundLoop| bound.kept.iter().flatten().count() > 1;
    let Some(bound) = choose(loops(oracle).into_iter().filter(several).collect(), pick) else { return false };
    let mut keeps = bound.kept.iter_mut().flatten();
    let (Some(one), Some(other)) = (keeps.next(), keeps.next()) else { return false };
    (other.key, other.first) = (one.key, one.first);
    true
}

fn wrong_gather(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let ports = loops(oracle).into_iter().flat_map(|bound| &mut bound.ports);
    let gathers = ports.filter_map(|port| match &mut port.at {
        Address::Gather(slots) if port.source == Source::Z => Some(slots),
        _ => None,
    });
    let Some(slots) = choose(gathers.collect(), pick) else { return false };
    let mut turned = slots.to_vec();
    turned.rotate_left(1);
    *slots = turned.into();
    true
}

fn wrong_affine(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let n_z = oracle.linked.layout.n_z;
    let mut places = Vec::new();
    for bound in loops(oracle) {
        let count = bound.count;
        for port in &mut bound.ports {
            let fits = |stride: i32, base: u32| base as i64 + 1 + i64::from(stride) * count as i64 <= n_z as i64;
            match &mut port.at {
                Address::Affine { base, stride }
                    if port.source == Source::Z && *stride >= 0 && fits(*stride, *base) =>
                {
                    places.push(base);
                }
                _ => {}
            }
        }
    }
    choose(places, pick).map(|base| *base += 1).is_some()
}

fn wrong_weight(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let n_rows = oracle.linked.layout.n_rows;
    let mut places = Vec::new();
    for bound in loops(oracle) {
        let count = bound.count;
        for port in bound.ports.iter_mut().filter(|p| p.source == Source::Row) {
            match &mut port.at {
                Address::Affine { base, stride }
                    if *stride >= 0 && *base as usize + *stride as usize * count < n_rows =>
                {
                    places.push(base);
                }
                _ => {}
            }
        }
    }
    choose(places, pick).map(|base| *base += 1).is_some()
}

fn drop_slot_add(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let outs = matrix_outs(oracle).into_iter().filter(|out| out.add);
    choose(outs.collect(), pick).map(|out| out.add = false).is_some()
}

fn short_tail(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let places = loops(oracle).into_iter().filter(|bound| bound.count > 1);
    choose(places.collect(), pick).map(|bound| bound.count -= 1).is_some()
}

fn skip_last_block(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let places = loops(oracle).into_iter().filter(|bound| bound.count > BLOCK);
    choose(places.collect(), pick).map(|bound| bound.count = (bound.count - 1) / BLOCK * BLOCK).is_some()
}

fn forget_doubling(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let outs = matrix_outs(oracle).into_iter().filter(|out| !out.twice.is_empty());
    choose(outs.collect(), pick).map(|out| out.twice = Arc::new([])).is_some()
}

fn transpose_hessian(oracle: &mut CompiledOracle, _: usize) -> bool {
    let pattern = &oracle.hessian.pattern;
    let flipped = pattern.entries().map(|(_, row, col)| (col, row)).collect::<Vec<_>>();
    let below = flipped.iter().any(|(row, col)| row != col);
    match Pattern::from_entries(pattern.n_rows(), pattern.n_cols(), flipped) {
        Ok((flipped, _)) if below => {
            oracle.hessian.pattern = flipped;
            true
        }
        _ => false,
    }
}

fn stale_values(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let clear = |plan: &mut Plan| {
        let any = !plan.clear.is_empty();
        plan.clear.clear();
        any
    };
    let (first, second) = (&mut oracle.jacobian.plan, &mut oracle.hessian.plan);
    let (first, second) = if pick.is_multiple_of(2) { (first, second) } else { (second, first) };
    clear(first) || clear(second)
}

/// Array steps of the given parts.
fn arrays(oracle: &mut CompiledOracle, part: Part) -> impl Iterator<Item = &mut ArrayStep> {
    oracle.linked.parts[part as usize]
        .iter_mut()
        .filter_map(|step| if let BoundStep::Array { array, .. } = step { Some(array) } else { None })
}

fn wrong_identity(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let groups = arrays(oracle, Part::Forward)
        .filter_map(|array| if let ArrayStep::Group(group) = array { Some(group) } else { None });
    choose(groups.collect(), pick).map(|group| group.identity = 0.0).is_some()
}

fn wrong_argmax(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let groups = arrays(oracle, Part::PullArrays).filter_map(|array| match array {
        ArrayStep::Group(group) if matches!(group.op, ReduceOp::Min | ReduceOp::Max) => Some(group),
        _ => None,
    });
    let flip = |op| if op == ReduceOp::Min { ReduceOp::Max } else { ReduceOp::Min };
    choose(groups.collect(), pick).map(|group| group.op = flip(group.op)).is_some()
}

fn swap_operands(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let products = arrays(oracle, Part::PullArrays).filter_map(|array| match array {
        // Only places are swapped: the sizes must allow it.
        ArrayStep::MatMul(product) if product.left.z != product.right.z && product.right.cols == 1 => Some(product),
        _ => None,
    });
    let Some(product) = choose(products.collect(), pick) else { return false };
    // The vector is read from where the matrix begins.
    product.right.z = product.left.z;
    true
}

fn shift_groups(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let groups = arrays(oracle, Part::Forward).filter_map(|array| match array {
        ArrayStep::Group(group) if group.starts.len() > 2 && group.starts[1] < group.starts[2] => Some(group),
        _ => None,
    });
    let Some(group) = choose(groups.collect(), pick) else { return false };
    let mut starts = group.starts.to_vec();
    starts[1] += 1;
    group.starts = starts.into();
    true
}

fn drop_chain(oracle: &mut CompiledOracle, pick: usize) -> bool {
    if pick.is_multiple_of(2) {
        oracle.jacobian.chain.as_mut().is_some_and(|chain| chain.lose_line(pick))
    } else {
        oracle.hessian.chain.as_mut().is_some_and(|chain| chain.lose_product(pick))
    }
}

fn lose_pattern_entry(oracle: &mut CompiledOracle, pick: usize) -> bool {
    let jacobian = &mut oracle.jacobian.pattern;
    let Some((slot, row, _)) = choose(jacobian.entries().collect(), pick) else { return false };
    // The entry is said to stand in the row before.
    let mut rows = jacobian.row_idx().to_vec();
    let first = jacobian.col_ptr().contains(&(slot as u32));
    if row == 0 || (!first && rows[slot - 1] as usize == row - 1) {
        return false;
    }
    rows[slot] -= 1;
    match Pattern::new(jacobian.n_rows(), jacobian.n_cols(), jacobian.col_ptr().to_vec(), rows) {
        Ok(pattern) => {
            *jacobian = pattern;
            true
        }
        Err(_) => false,
    }
}
