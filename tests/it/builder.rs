//! Models made in Rust are the same as texts.

use optc::embed::Source;
use optc::embed::build::{Model, call, max, norm2, sum, sum_of};
use std::sync::Arc;

#[test]
fn a_model_made_in_rust_is_the_same_as_its_text() {
    let mut m = Model::new();
    let i = m.range("I", 1..=4);
    let j = m.labels("J", &["a", "b"]);
    let c = m.array("c", &[&i, &j], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    let top = m.array("top", &[&i], &[1.0, 2.0, 3.0, 4.0]);
    let k = m.number("k", -2.5);
    let x = m.var("x").over(&[&i]).between(-1.0, top.each()).start(0.5).add();
    let y = m.var("y").at_least(-3.0).add();
    m.minimize(
        sum(&i, |p| sum(&j, |q| c.at((p, q)) * (x.at(p) - 0.25).pow(2.0))) - k * y.all() / 2.0
            + norm2(&i, |p| x.at(p)).exp()
            + call("max", &[y.all(), max(&i, |p| -x.at(p))]),
    );
    m.subject_to("cap", sum(&i, |p| x.at(p)).le(1.5));
    m.subject_to_each("low", &i, |p| (x.at(p) + y.all() * -1.0).ge(-2.0));
    let text = "set I = 1..4
set J = {a, b}
param c[I, J] = [[1, 2], [3, 4], [5, 6], [7, 8]]
param top[I] = [1, 2, 3, 4]
param k = -2.5
var x[i in I] in [-1, top[i]] start 0.5
var y >= -3
minimize sum(p in I: sum(q in J: c[p, q] * (x[p] - 0.25)^2)) - k * y / 2 + exp(norm2(p in I: x[p])) + max(y, max(p in I: -x[p]))
subject to
  cap: sum(p in I: x[p]) <= 1.5
  low[p in I]: x[p] + y * -1 >= -2";
    let (made, written) = (m.compile().unwrap(), Source::new(text).compile().unwrap());
    assert_eq!(made.facts(), written.facts());
    assert_eq!(made.shape(), written.shape());
    let (mut a, mut b) = (made.evaluator().unwrap(), written.evaluator().unwrap());
    let n = a.shape().n_vars;
    let point: Vec<f64> = (0..n).map(|k| 0.1 * k as f64 - 0.2).collect();
    assert_eq!(a.at(&point).value().unwrap().to_bits(), b.at(&point).value().unwrap().to_bits());
    let (mut g, mut h) = (vec![0.0; n], vec![0.0; n]);
    a.gradient(&mut g).unwrap();
    b.gradient(&mut h).unwrap();
    assert_eq!(g, h);
}

#[test]
fn a_long_sum_is_made_in_linear_time() {
    let mut m = Model::new();
    let x = m.var("x").start(1.0).add();
    let mut all = x.all();
    for k in 0..100_000 {
        all = all + f64::from(k) * x.all();
    }
    m.minimize(all.pow(2.0));
    assert!(m.text().len() < 3_000_000);
    assert!(m.compile().is_ok());
}

#[test]
fn names_that_are_none_are_found_when_the_model_is_compiled() {
    let mut m = Model::new();
    let x = m.var("two words").add();
    m.minimize(x.all().pow(2.0));
    let errors = m.compile().err().expect("a name has no space");
    assert!(errors.iter().any(|e| e.place.is_some_and(|p| p.1 == 1)), "{errors}");
}

/// The model of a text as the compiler sees it.
fn ir(text: &str) -> String {
    let loader = Arc::new(optc::data::MemoryLoader::new());
    let checked = optc::driver::Session::new(loader, optc::driver::Setup::default()).check_text("model", text);
    assert!(!checked.reports.has_errors(), "{text}");
    optc::ir::text::model(&checked.model)
}

#[test]
fn models_made_in_rust_are_the_same_to_the_compiler_as_texts() {
    let mut flow = Model::new();
    let (i, j) = (flow.labels("I", &["a", "b"]), flow.range("J", 1..=3));
    let cost = flow.array("cost", &[&i, &j], &[1.0; 6]);
    let x = flow.var("x").over(&[&i, &j]).at_least(0.0).add();
    flow.minimize_named("total", sum_of([&i, &j], |[p, q]| cost.at((p, q)) * x.at((p, q))));
    flow.subject_to_each_of("most", [&i, &j], |[p, q]| x.at((p, q)).le(4i64));
    flow.subject_to_each("all", &j, |q| sum(&i, |p| x.at((p, q))).between(1, 2usize));
    let flow_text = "set I = {a, b}\nset J = 1..3\nparam cost[I, J]\nvar x[k₁ in I, k₂ in J] >= 0
minimize total: sum(i₁ in I, i₂ in J: cost[i₁, i₂] * x[i₁, i₂])
subject to
  most[i₁ in I, i₂ in J]: x[i₁, i₂] <= 4
  all[i₁ in J]: 1 <= sum(i₂ in I: x[i₂, i₁]) <= 2";

    let mut banana = Model::new();
    let n = banana.range("I", 1..=10);
    let inner = banana.range("K", 1..=9);
    let z = banana.var("z").over(&[&n]).start(0.5).add();
    banana.minimize(sum(&inner, |k| 100 * (z.at(k + 1) - z.at(k).pow(2)).pow(2) + (1 - z.at(k)).pow(2)));
    let banana_text = "set I = 1..10\nset K = 1..9\nvar z[k₁ in I] start 0.5
minimize sum(i₁ in K: 100 * (z[i₁ + 1] - z[i₁]^2)^2 + (1 - z[i₁])^2)";

    let mut whole = Model::new();
    let things = whole.range("T", 1..=5);
    let (value, room) = (whole.array("value", &[&things], &[1.0; 5]), whole.number("room", 7.0));
    let (take, more) =
        (whole.var("take").over(&[&things]).binary().add(), whole.var("more").integer().between(0, 3).add());
    whole.maximize_named("worth", sum(&things, |k| value.at(k) * take.at(k)) - 0.5 * &more.all());
    whole.subject_to("fits", sum(&things, |k| take.at(k)).le(&room + more.all()));
    let whole_text = "set T = 1..5\nparam value[T]\nparam room = 7.0\nvar take[k₁ in T]: bool\nvar more: int in [0, 3]
maximize worth: sum(i₁ in T: value[i₁] * take[i₁]) - 0.5 * more
subject to fits: sum(i₁ in T: take[i₁]) <= room + more";

    let mut tangled = Model::new();
    let k = tangled.range("K", 1..=4);
    let u = tangled.var("u").over(&[&k]).between(-2, 2).add();
    let t = tangled.var("t").add();
    let t = &t.all();
    tangled.minimize(
        -t * 2 + 3 / (1.0 + t.clone().pow(2)) - (2.0 - t) + norm2(&k, |p| u.at(p) - t) + call("exp", &[-t.clone()]),
    );
    tangled.subject_to("top", max(&k, |p| u.at(p).abs()).le(1.5));
    tangled.subject_to("tie", (u.at(1) * t).eq(0.25));
    let tangled_text = "set K = 1..4\nvar u[k₁ in K] in [-2, 2]\nvar t
minimize -t * 2 + 3 / (1 + t^2) - (2 - t) + norm2(i₁ in K: u[i₁] - t) + exp(-t)
subject to
  top: max(i₁ in K: abs(u[i₁])) <= 1.5
  tie: u[1] * t == 0.25";
    for (made, text) in [(flow, flow_text), (banana, banana_text), (whole, whole_text), (tangled, tangled_text)] {
        assert_eq!(ir(&made.text()), ir(text), "{}", made.text());
    }
}

#[test]
fn a_param_named_as_an_index_might_be_is_not_hidden() {
    let mut model = Model::new();
    let things = model.range("things", 1..=3);
    let i1 = model.number("i1", 5.0);
    let k1 = model.number("k1", 7.0);
    let x = model.var("x").over(&[&things]).between(0.0, &k1).add();
    model.maximize(sum(&things, |k| &i1 * x.at(k)));
    let solution = model.compile().unwrap().solve().unwrap();
    assert!((solution.objective() - 3.0 * 5.0 * 7.0).abs() < 1e-6, "{}", solution.objective());
}
