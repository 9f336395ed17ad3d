//! Domains are enumerated by joins; what they hold, and in which order, is what nested loops give.

use optc::base::{Id, limits};
use optc::bind::{Inputs, Instance, bind};
use optc::data::{MemoryLoader, Store};
use optc::diag::{Reports, Sources, render};
use optc::driver::session::{Session, Setup};
use optc::interp::{Deps, Interp, Plain, Val};
use optc::ir::{ConId, Model};
use optc::num::random::Stream;
use std::fmt::Write;
use std::sync::Arc;

/// Heads with every kind of filter: equalities of numbers, labels and rows, several at once, membership,
/// inequalities, ranges that depend on other indices, and all of them mixed.
const HEADS: &[&str] = &[
    "i in I, j in I if i == j",
    "i in I, j in I if i == j + 1",
    "i in I, r in t if r.a == i",
    "i in I, r in t if i == r.a",
    "i in I, r in t if r.a == i and r.v > 0.3",
    "i in I, r in t if r.v > 0.3 and r.a == i and r.b != i",
    "i in I, r in t, s in t if r.a == i and s.b == r.b",
    "r in t, s in t if s.a == r.b and s.b == r.a",
    "r in t, s in t if r.k == s.k",
    "k in K, r in t if r.k == k",
    "k in K, i in I, r in t if r.k == k and r.a == i",
    "(p, q) in pairs, r in t if r.a == p and r.b == q",
    "i in I, j in I if (i, j) in pairs",
    "i in I, j in I if (j, i) in pairs",
    "i in I, j in I if (i, j) in pairs and i < j",
    "i in I, j in I, k in I if (i, j) in pairs and (j, k) in pairs",
    "i in I, j in i..6 if d[i] < d[j]",
    "i in I, j in i + 1..6, r in t if r.a == j",
    "i in I, j in I if d[i] < d[j] and i != j",
    "i in I, j in I if i == 2 * j - 1",
    "n in near, r in t if r.a == n",
    "b in bus, r in t if r.a == b.id",
    "r in t, b in bus if b.id == r.a and b.load > 0.5",
    "i in I if d[i] > 2",
];

fn text(seed: u64) -> (String, MemoryLoader) {
    let mut stream = Stream::new(seed, 3);
    let mut csv = String::from("a,b,k,v\n");
    for _ in 0..stream.below(14) + 1 {
        let (a, b, k) = (stream.below(6) + 1, stream.below(6) + 1, ["x", "y", "z"][stream.below(3) as usize]);
        let _ = writeln!(csv, "{a},{b},{k},{:.2}", stream.unit());
    }
    let mut bus = String::from("id,load\n");
    for id in [4, 2, 6, 1] {
        let _ = writeln!(bus, "{id},{:.2}", stream.unit());
    }
    let mut pairs: Vec<(u64, u64)> = (0..8).map(|_| (stream.below(6) + 1, stream.below(6) + 1)).collect();
    let mut seen = std::collections::BTreeSet::new();
    pairs.retain(|p| seen.insert(*p));
    let pairs: Vec<String> = pairs.iter().map(|(i, j)| format!("({i}, {j})")).collect();
    let d: Vec<String> = (0..6).map(|_| stream.below(5).to_string()).collect();
    let mut model = format!(
        "table t from \"t.csv\"\ntable bus from \"bus.csv\" key (id)\nset I = 1..6\nset K = {{x, y, z}}\n\
         set pairs = {{{}}}\nparam d[I] = [{}]\nset near = {{i in I if d[i] > 1}}\nvar u\nminimize u^2\nsubject to\n",
        pairs.join(", "),
        d.join(", ")
    );
    for (k, head) in HEADS.iter().enumerate() {
        let _ = writeln!(model, "  c{k}[{head}]: u >= -1");
    }
    (model, MemoryLoader::new().with("t.csv", csv).with("bus.csv", bus))
}

fn bound(text: &str, loader: MemoryLoader) -> (Model, Instance) {
    let loader = Arc::new(loader);
    let mut session = Session::new(loader.clone(), Setup::default());
    let checked = session.check_text("joins.opt", text);
    let said = |reports: &Reports, sources: &Sources| -> String {
        reports.messages().iter().map(|m| render::render(m, sources, false)).collect()
    };
    assert!(!checked.reports.has_errors(), "{}", said(&checked.reports, &session.sources));
    let written = checked.model.clone();
    let prepared = session.prepare(checked.model);
    let leaves = prepared.derivs.leaves(&prepared.model.graph, &prepared.plan);
    let (mut store, mut sources, mut reports) = (Store::new(loader), session.sources.clone(), Reports::new());
    let inputs =
        Inputs { store: &mut store, sources: &mut sources, set: &[], seed: 0, max_bytes: limits::MAX_BIND_BYTES };
    match bind(&prepared.model, &prepared.plan, &leaves, inputs, &mut reports) {
        Some(instance) => (written, instance),
        None => panic!("{}", said(&reports, &sources)),
    }
}

/// Elements of all instances of a constraint, as the interpreter walks them.
fn walked(model: &Model, instance: &Instance, con: ConId) -> Vec<Vec<Val>> {
    let deps = Deps::new(model);
    let mut walk = Interp::new(model, instance.world.as_ref(), &deps, Plain { x: &[0.0] });
    let domain = model.constraints[con].domain;
    let mut found = Vec::new();
    walk.for_each(domain, &mut |walk| {
        found.push(model.domains[domain].binders.iter().flat_map(|b| walk.element_of(*b)).collect());
        Ok(())
    })
    .expect("filters have values");
    found
}

#[test]
fn every_kind_of_filter_gives_the_instances_of_nested_loops_in_their_order() {
    let mut n = 0;
    for seed in 0..40 {
        let (text, loader) = text(seed);
        let (model, instance) = bound(&text, loader);
        let loops: Vec<Vec<Vec<Val>>> = model.constraints.ids().map(|con| walked(&model, &instance, con)).collect();
        for (con, expected) in model.constraints.ids().zip(&loops) {
            let count = instance.row_domains[con].count;
            let rows: Vec<Vec<Val>> = (0..count).map(|k| instance.row_element(&model, con, k)).collect();
            assert_eq!(&rows, expected, "seed {seed}: {}", HEADS[con.index()]);
            n += count;
        }
        // The interpreter's own lists of joins hold the same.
        instance.world.list_joins(&model);
        for (con, expected) in model.constraints.ids().zip(&loops) {
            assert_eq!(&walked(&model, &instance, con), expected, "seed {seed}, listed: {}", HEADS[con.index()]);
        }
    }
    assert!(n > 5000, "only {n} instances were compared");
}
