//! Bound families mean what was written: every value they give is the interpreter's.
//!
//! The program is bound, its families are evaluated instance by instance through their addresses, and
//! objectives and rows are compared with the interpreter's walk over the model as it was written.

use crate::programs;
use optc::base::{Id, Name, limits};
use optc::bind::{Buffer, Inputs, Instance, bind};
use optc::data::{FolderLoader, Store};
use optc::diag::{Reports, Sources, render};
use optc::driver::session::{Session, Setup};
use optc::func;
use optc::interp::{Deps, Interp, Scaled, Sized};
use optc::ir::plan::{DefKind, FamilyId, Target};
use optc::ir::{Model, Node, NodeId, Plan, ReduceOp};
use optc::num::random::Stream;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A program on its way: the model as written, the plan, and the instance.
struct Bound {
    written: Model,
    model: Model,
    plan: Plan,
    instance: Instance,
}

/// Binds a program of a folder; the codes and texts of the reports when it fails.
fn bound(folder: &Path, name: &str, text: &str) -> Result<Bound, String> {
    bound_with(folder, name, text, &[])
}

/// The same with values for params.
fn bound_with(folder: &Path, name: &str, text: &str, set: &[(Name, f64)]) -> Result<Bound, String> {
    let loader = Arc::new(FolderLoader::new(folder).allow_all());
    let mut session = Session::new(loader.clone(), Setup::default());
    let checked = session.check_text(name, text);
    if checked.reports.has_errors() {
        return Err(said(&checked.reports, &session.sources));
    }
    let written = checked.model.clone();
    let prepared = session.prepare(checked.model);
    let leaves = prepared.derivs.leaves(&prepared.model.graph, &prepared.plan);
    let mut store = Store::new(loader);
    let mut reports = Reports::new();
    let mut sources = session.sources.clone();
    let inputs = Inputs { store: &mut store, sources: &mut sources, set, seed: 1, max_bytes: limits::MAX_BIND_BYTES };
    match bind(&prepared.model, &prepared.plan, &leaves, inputs, &mut reports) {
        Some(instance) => Ok(Bound { written, model: prepared.model, plan: prepared.plan, instance }),
        None => Err(said(&reports, &sources)),
    }
}

fn said(reports: &Reports, sources: &Sources) -> String {
    reports.messages().iter().map(|m| render::render(m, sources, false)).collect()
}

impl Bound {
    /// Values of objectives, rows, and all of z, from the families.
    fn by_families(&self, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut z = x.to_vec();
        z.resize(self.instance.n_z, 0.0);
        for (at, def) in self.plan.defs.iter().enumerate() {
            let bound = &self.instance.defs[at];
            match &def.kind {
                DefKind::Sum => {
                    for (id, family) in self.plan.families.enumerate() {
                        if family.target == Target::Array(def.array) {
                            self.add(id, &mut z.clone(), |slot, v| z[slot] += v);
                        }
                    }
                }
                DefKind::Group { op, items } => {
                    let of = self.plan.defs.iter().position(|d| d.array == *items).expect("items come first");
                    let items = &self.instance.defs[of];
                    let mut groups: Vec<Vec<f64>> = vec![Vec::new(); bound.len];
                    for k in 0..items.len {
                        let group = items.parents.as_ref().map_or(0, |p| p.at(k));
                        groups[group].push(z[items.z + k]);
                    }
                    for (k, list) in groups.iter().enumerate() {
                        z[bound.z + k] = match op {
                            ReduceOp::Prod => list.iter().product(),
                            ReduceOp::Min => list.iter().copied().fold(f64::INFINITY, f64::min),
                            ReduceOp::Max => list.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                            _ => optc::interp::log_sum_exp(list),
                        };
                    }
                }
                DefKind::MatMul { left, right } => {
                    let of =
                        |a| &self.instance.defs[self.plan.defs.iter().position(|d| d.array == a).expect("earlier")];
                    let (l, r) = (of(*left), of(*right));
                    let inner = l.dims[l.dims.len() - 1];
                    let columns = if r.dims.len() == 2 { r.dims[1] } else { 1 };
                    for k in 0..bound.len {
                        let (i, j) = (k / columns, k % columns);
                        z[bound.z + k] =
                            (0..inner).map(|m| z[l.z + i * inner + m] * z[r.z + m * columns + j]).sum::<f64>();
                    }
                }
                DefKind::LogDet { .. } => return (Vec::new(), Vec::new()),
            }
        }
        let mut objectives = vec![0.0; self.model.objectives.len()];
        let mut rows = vec![0.0; self.instance.shape.n_cons];
        for (id, family) in self.plan.families.enumerate() {
            match family.target {
                Target::Objective(_) => self.add(id, &mut z, |k, v| objectives[k] += v),
                Target::Row(_) => self.add(id, &mut z, |k, v| rows[k] += v),
                Target::Array(_) => {}
            }
        }
        (objectives, rows)
    }

    fn add(&self, id: FamilyId, z: &mut [f64], mut each: impl FnMut(usize, f64)) {
        let family = &self.instance.families[id];
        let body = self.plan.families[id].body;
        let order = self.model.graph.reachable(&[body]);
        let mut values: BTreeMap<NodeId, f64> = BTreeMap::new();
        for k in 0..family.count {
            for node in &order {
                let value = match (family.leaves.get(node), self.model.graph.node(*node)) {
                    (Some(leaf), _) if leaf.buffer == Buffer::Z => z[leaf.at.at(k)],
                    (Some(leaf), _) => self.instance.data[leaf.at.at(k)],
                    (None, Node::Num(bits)) => f64::from_bits(bits.0),
                    (None, Node::Call { func, args }) => {
                        let args: Vec<f64> = args.iter().map(|a| values[a]).collect();
                        func::row(*func).eval(&args)
                    }
                    (None, Node::If { cond, then, otherwise }) => {
                        values[if values[cond] != 0.0 { then } else { otherwise }]
                    }
                    // A subscript of a leaf.
                    _ => f64::NAN,
                };
                values.insert(*node, value);
            }
            each(family.target.at(k), values[&body]);
        }
    }

    /// The same by the interpreter, with sizes.
    fn by_interpreter(&self, x: &[f64]) -> (Vec<Sized>, Vec<Sized>) {
        let deps = Deps::new(&self.written);
        let world = self.instance.world.as_ref();
        let mut walk = Interp::new(&self.written, world, &deps, Scaled::new(x));
        let objectives: Vec<Sized> =
            self.written.objectives.iter().map(|o| walk.number(o.body).expect("it has a value")).collect();
        let mut rows = Vec::new();
        for constraint in self.written.constraints.iter() {
            walk.for_each(constraint.domain, &mut |walk| {
                rows.push(walk.number(constraint.body)?);
                Ok(())
            })
            .expect("rows have values");
        }
        (objectives, rows)
    }

    fn compare(&self, place: &str) {
        let shape = &self.instance.shape;
        for seed in 0..3 {
            let mut stream = Stream::new(seed, 9);
            let x: Vec<f64> = (0..shape.n_vars)
                .map(|k| {
                    let (lo, hi) = (shape.vars.lower[k].max(-1.0), shape.vars.upper[k].min(3.0));
                    if lo < hi { stream.uniform(lo, hi) } else { shape.start[k] }
                })
                .collect();
            let (objectives, rows) = self.by_families(&x);
            if objectives.is_empty() && rows.is_empty() {
                return;
            }
            let (f, c) = self.by_interpreter(&x);
            let pairs = objectives.iter().zip(&f).chain(rows.iter().zip(&c));
            assert_eq!((objectives.len(), rows.len()), (f.len(), c.len()), "{place}");
            for (got, judge) in pairs {
                let close = (got - judge.value).abs() <= 1e-12 * judge.size.max(1e-300);
                let both_undefined = !got.is_finite() && !judge.value.is_finite();
                assert!(close || both_undefined, "{place}: families {got}, interpreter {judge:?}");
            }
        }
    }
}

#[test]
fn the_families_of_every_example_have_the_values_of_the_interpreter() {
    let mut n = 0;
    let mut wrong = String::new();
    for entry in std::fs::read_dir("examples").expect("the examples are there") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|e| e != "opt") {
            continue;
        }
        n += 1;
        let text = std::fs::read_to_string(&path).expect("an example");
        let name = path.display().to_string();
        match bound(Path::new("examples"), &name, &text) {
            Ok(bound) => bound.compare(&name),
            Err(said) => wrong += &format!("{name}:\n{said}\n"),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(n >= 10, "only {n} examples");
}

#[test]
fn the_families_of_every_program_of_the_reference_have_the_values_of_the_interpreter() {
    let mut wrong = String::new();
    for program in programs::of_page(Path::new("docs/language.md")) {
        let folder = tempfile::tempdir().expect("a folder for the data");
        for (name, text) in &program.files {
            std::fs::write(folder.path().join(name), text).expect("data are written");
        }
        match (bound(folder.path(), &program.place, &program.text), &program.fails) {
            (Ok(bound), None) => bound.compare(&program.place),
            (Err(_), Some(_)) => {}
            (Ok(_), Some(code)) if code.starts_with("E06") || code.starts_with("E08") || code.is_empty() => {}
            (Ok(_), Some(code)) => wrong += &format!("{}: must fail with {code}\n", program.place),
            (Err(said), None) => wrong += &format!("{}:\n{said}\n", program.place),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Codes that binding finds, or that no page can show.
#[test]
fn pages_of_errors_found_by_binding_fail_as_they_say_and_are_mended() {
    let codes = [
        "E0507", "E0508", "E0509", "E0514", "E0515", "E0516", "E0517", "E0520", "E0521", "E0527", "E0528", "E0530",
        "E0531", "E0611", "E0612", "E0613", "E0614", "E0916", "E0914",
    ];
    let mut wrong = String::new();
    for code in codes {
        let page = format!("docs/errors/{code}.md");
        let programs = programs::of_page(Path::new(&page));
        assert!(!programs.is_empty(), "{page}");
        for program in programs {
            let folder = tempfile::tempdir().expect("a folder for the data");
            for (name, text) in &program.files {
                std::fs::write(folder.path().join(name), text).expect("data are written");
            }
            match (bound(folder.path(), &program.place, &program.text), program.fails.is_some()) {
                (Ok(bound), false) => bound.compare(&program.place),
                (Err(said), true) if said.contains(&format!("[{code}]")) => {}
                (Ok(_), true) => wrong += &format!("{}: does not fail\n", program.place),
                (Err(said), fails) => wrong += &format!("{} (fails: {fails}):\n{said}\n", program.place),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(NodeId::new(0).index(), 0);
}

const RIDGE: &str = "
param lambda = 0.1
param n = 3
set I = 1..n
param weight[i in I] = lambda * i + 1
param most = sum(i in I: weight[i])
var x[i in I] >= -weight[i] start lambda * 7
var W[I] start xavier
minimize sum(i in I: (x[i] - 1)^2 + W[i]^2) + lambda * sum(i in I if i > 1: weight[i] * x[i]^2)
subject to
  cap: sum(i in I: x[i]) <= most
  each[i in I]: x[i] * (if weight[i] > 1.25 then 1 else 2) <= lambda + i
solve
";

#[test]
fn another_number_gives_the_instance_that_binding_anew_would_give() {
    let here = Path::new(".");
    let mut first = bound(here, "ridge.opt", RIDGE).expect("it binds");
    let value: (Name, f64) = ("lambda".into(), 0.4);
    let fresh = bound_with(here, "ridge.opt", RIDGE, std::slice::from_ref(&value)).expect("it binds");
    assert_ne!(first.instance.data, fresh.instance.data);
    let mut reports = Reports::new();
    let model = first.model.clone();
    assert!(first.instance.set_numbers(&model, &first.plan, &[value], &mut reports), "{:?}", reports.messages());
    assert_eq!(first.instance.data, fresh.instance.data);
    assert_eq!(first.instance.shape, fresh.instance.shape);
    first.compare("ridge.opt");
}

#[test]
fn a_number_that_decides_sizes_is_not_changed_in_place() {
    let mut first = bound(Path::new("."), "ridge.opt", RIDGE).expect("it binds");
    let model = first.model.clone();
    let mut reports = Reports::new();
    let before = first.instance.data.clone();
    assert!(!first.instance.set_numbers(&model, &first.plan, &[("n".into(), 5.0)], &mut reports));
    assert_eq!(reports.messages()[0].code, "E0532");
    assert_eq!(first.instance.data, before);
}
