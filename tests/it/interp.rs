//! The interpreter gives the meaning of expressions: values, derivatives, enclosures, blame.

use optc::base::{FileId, Id, Interval, Name, Span};
use optc::interp::{self, Deps, Env, Interp, Item, Mode, Plain, Scaled, Tape, Val};
use optc::ir::model::{Binder, Domain, ElemType, Over, Param, ParamSource, Role, Set, SetKind, Start, Var, VarType};
use optc::ir::{BinderId, DomainId, Model, NodeId, ParamId, ReduceOp, SetId, TableId, VarId};
use optc::num::random::Stream;

/// One set `I = 1..n`, `var x[I]`, `param c[I]`, everything by hand.
struct World {
    model: Model,
    n: usize,
    c: Vec<f64>,
    set: SetId,
    x: VarId,
    param: ParamId,
}

const AT: Span = Span::new(FileId(0), 0, 0);

fn name(text: &str) -> Name {
    text.into()
}

impl World {
    fn new(n: usize, c: &[f64]) -> Self {
        let mut model = Model::default();
        let (lo, hi) = (model.graph.number(1.0), model.graph.number(n as f64));
        let kind = SetKind::Range { lo, hi };
        let set = model.sets.push(Set { name: None, at: AT, elem: vec![ElemType::Int], parent: None, kind });
        let domain = empty(&mut model);
        let x = model.vars.push(Var {
            name: name("x"),
            at: AT,
            axes: vec![set],
            domain,
            ty: VarType::Real,
            lower: None,
            upper: None,
            start: Start::Default,
        });
        let param = model.params.push(Param {
            name: name("c"),
            at: AT,
            axes: vec![set],
            labels: false,
            role: Role::Numeric,
            source: ParamSource::Missing,
        });
        Self { model, n, c: c.to_vec(), set, x, param }
    }

    fn over(&mut self, names: &[&str]) -> (DomainId, Vec<BinderId>) {
        let make = |n: &&str| Binder { names: vec![name(n)], at: AT, over: Over::Set(self.set) };
        let list: Vec<Binder> = names.iter().map(make).collect();
        let binders: Vec<BinderId> = list.into_iter().map(|b| self.model.binders.push(b)).collect();
        let domain = Domain { binders: binders.clone(), filter: None, at: AT };
        (self.model.domains.push(domain), binders)
    }

    fn x_at(&mut self, sub: NodeId) -> NodeId {
        self.model.graph.var(self.x, &[sub])
    }

    fn x_num(&mut self, at: usize) -> NodeId {
        let sub = self.model.graph.number(at as f64);
        self.x_at(sub)
    }

    fn value(&self, root: NodeId, x: &[f64]) -> f64 {
        let deps = Deps::new(&self.model);
        Interp::new(&self.model, self, &deps, Plain { x }).number(root).expect("it has a value")
    }

    /// Gradient and lower triangle of the Hessian, dense, from the tape.
    fn derivatives(&self, root: NodeId, x: &[f64], mode: Mode) -> (Vec<f64>, Vec<Vec<f64>>) {
        let deps = Deps::new(&self.model);
        let mut walk = Interp::new(&self.model, self, &deps, Tape::new(mode, x));
        let out = walk.number(root).expect("it has a value");
        walk.algebra.seed(out, 1.0);
        let mut hessian = vec![vec![0.0; x.len()]; x.len()];
        walk.algebra.sweep_second(0, &mut |i, j, v| hessian[i as usize][j as usize] += v);
        let mut gradient = vec![0.0; x.len()];
        walk.algebra.take_gradient(|i, v| gradient[i as usize] = v);
        (gradient, hessian)
    }
}

fn empty(model: &mut Model) -> DomainId {
    model.domains.push(Domain { binders: Vec::new(), filter: None, at: AT })
}

impl Env for World {
    fn set_len(&self, _: SetId) -> usize {
        self.n
    }
    fn element(&self, _: SetId, position: usize, _: usize) -> Val {
        Val::Num(position as f64 + 1.0)
    }
    fn position(&self, _: SetId, element: &[Val]) -> Option<usize> {
        let v = element[0].num()?;
        (v >= 1.0 && v <= self.n as f64 && v.fract() == 0.0).then(|| v as usize - 1)
    }
    fn param(&self, _: ParamId, entry: usize) -> Val {
        Val::Num(self.c[entry])
    }
    fn slot(&self, _: VarId, entry: usize) -> usize {
        entry
    }
    fn label(&self, label: u32) -> String {
        format!("label{label}")
    }
    fn row_name(&self, _: TableId, row: u32) -> String {
        format!("row{row}")
    }
}

/// `sum(i: c[i] log(x[i])) + (sum(i: x[i]))^2 / x[1] + exp(x[1] x[2]) + max(i: x[i])`
fn sample(w: &mut World) -> NodeId {
    let (domain, b) = w.over(&["i"]);
    let i = w.model.graph.index(b[0], 0);
    let x = w.x_at(i);
    let c = w.model.graph.param(w.param, &[i]);
    let log = w.model.graph.call("log", &[x]);
    let body = w.model.graph.mul(&[c, log]);
    let first = w.model.graph.reduce(ReduceOp::Sum, domain, body);
    let total = w.model.graph.reduce(ReduceOp::Sum, domain, x);
    let square = w.model.graph.mul(&[total, total]);
    let (x1, x2) = (w.x_num(1), w.x_num(2));
    let quotient = w.model.graph.div(square, x1);
    let product = w.model.graph.mul(&[x1, x2]);
    let exp = w.model.graph.call("exp", &[product]);
    let max = w.model.graph.reduce(ReduceOp::Max, domain, x);
    w.model.graph.add(&[first, quotient, exp, max])
}

#[test]
fn values_are_those_computed_by_hand() {
    let mut w = World::new(3, &[1.0, 2.0, 3.0]);
    let root = sample(&mut w);
    let x = [0.5, 0.25, 2.0];
    // log(0.5) + 2 log(0.25) + 3 log(2) = -5 log 2 + 3 log 2 = -2 log 2; (2.75)^2 / 0.5 = 15.125.
    let expected = -2.0 * std::f64::consts::LN_2 + 15.125 + 1.133_148_453_066_826_3 + 2.0;
    assert!((w.value(root, &x) - expected).abs() < 1e-14);
}

#[test]
fn derivatives_by_the_tape_are_those_of_differences() {
    let mut w = World::new(4, &[1.0, 2.0, -3.0, 0.5]);
    let root = sample(&mut w);
    check_derivatives(&w, root, &[0.5, 0.25, 2.0, 0.75]);
}

fn check_derivatives(w: &World, root: NodeId, x: &[f64]) {
    let (gradient, hessian) = w.derivatives(root, x, Mode::Values);
    let (_, pattern) = w.derivatives(root, x, Mode::Pattern);
    let h = 1e-6;
    let moved = |j: usize, by: f64| {
        let mut y = x.to_vec();
        y[j] += by;
        y
    };
    for j in 0..x.len() {
        let slope = (w.value(root, &moved(j, h)) - w.value(root, &moved(j, -h))) / (2.0 * h);
        assert!((gradient[j] - slope).abs() <= 1e-6 * slope.abs().max(1.0), "gradient {j}: {} {slope}", gradient[j]);
        let (up, _) = w.derivatives(root, &moved(j, h), Mode::Values);
        let (down, _) = w.derivatives(root, &moved(j, -h), Mode::Values);
        for i in j..x.len() {
            let bend = (up[i] - down[i]) / (2.0 * h);
            let got = hessian[i][j];
            assert!((got - bend).abs() <= 1e-5 * bend.abs().max(1.0), "hessian {i} {j}: {got} {bend}");
            assert!(got == 0.0 || pattern[i][j] != 0.0, "the pattern misses {i} {j}");
        }
    }
}

/// A random expression over the first few entries of `x`, finite around `x = 0.5`.
fn random(w: &mut World, stream: &mut Stream, size: usize) -> NodeId {
    let mut pool: Vec<NodeId> = (1..=w.n).map(|k| w.x_num(k)).collect();
    pool.push(w.model.graph.number(1.5));
    for _ in 0..size {
        let pick = |s: &mut Stream, pool: &[NodeId]| pool[s.below(pool.len() as u64) as usize];
        let (a, b) = (pick(stream, &pool), pick(stream, &pool));
        let g = &mut w.model.graph;
        let node = match stream.below(9) {
            0 => g.add(&[a, b]),
            1 | 2 => g.mul(&[a, b]),
            3 => g.sub(a, b),
            4 => g.call("sin", &[a]),
            5 => g.call("tanh", &[a]),
            6 => {
                let square = g.mul(&[b, b]);
                let one = g.number(1.0);
                let below = g.add(&[one, square]);
                g.div(a, below)
            }
            7 => g.call("hypot", &[a, b]),
            _ => {
                let half = g.number(0.25);
                let cond = g.call("gt", &[a, half]);
                let sin = g.call("sin", &[b]);
                g.select(cond, sin, a)
            }
        };
        pool.push(node);
    }
    let last: Vec<NodeId> = pool.iter().rev().take(3).copied().collect();
    w.model.graph.add(&last)
}

#[test]
fn random_expressions_have_the_derivatives_of_differences() {
    for seed in 0..200 {
        let mut stream = Stream::new(seed, 1);
        let mut w = World::new(4, &[0.0; 4]);
        let root = random(&mut w, &mut stream, 14);
        let x: Vec<f64> = (0..4).map(|_| stream.uniform(0.4, 0.6)).collect();
        let value = w.value(root, &x);
        if !value.is_finite() || value.abs() > 1e6 || near_a_kink(&w, root, &x) {
            continue;
        }
        check_derivatives(&w, root, &x);
    }
}

/// Whether a step of the differences would cross a branch.
fn near_a_kink(w: &World, root: NodeId, x: &[f64]) -> bool {
    let jump = |j: usize| {
        let mut y = x.to_vec();
        y[j] += 1e-5;
        let (a, _) = w.derivatives(root, x, Mode::Values);
        let (b, _) = w.derivatives(root, &y, Mode::Values);
        a.iter().zip(&b).any(|(a, b)| (a - b).abs() > 1e-2 * a.abs().max(1.0))
    };
    (0..x.len()).any(jump)
}

#[test]
fn enclosures_hold_every_value_of_the_box() {
    for seed in 0..100 {
        let mut stream = Stream::new(seed, 2);
        let mut w = World::new(3, &[1.0, 2.0, 3.0]);
        let root = random(&mut w, &mut stream, 10);
        let ranges: Vec<Interval> = (0..3)
            .map(|_| {
                let lo = stream.uniform(-1.0, 1.0);
                Interval::new(lo, lo + stream.uniform(0.0, 0.5))
            })
            .collect();
        let deps = Deps::new(&w.model);
        let hull = Interp::new(&w.model, &w, &deps, interp::Boxes { x: &ranges }).number(root).expect("an interval");
        for _ in 0..20 {
            let x: Vec<f64> = ranges.iter().map(|r| stream.uniform(r.lo, r.hi)).collect();
            let value = w.value(root, &x);
            assert!(value.is_nan() || hull.contains(value), "{value} is not in {hull:?}");
        }
    }
}

#[test]
fn the_size_of_a_sum_is_the_sum_of_the_sizes_of_its_terms() {
    let mut w = World::new(3, &[1.0, 2.0, 3.0]);
    let (domain, b) = w.over(&["i"]);
    let i = w.model.graph.index(b[0], 0);
    let x = w.x_at(i);
    let two = w.model.graph.number(2.0);
    let terms = w.model.graph.reduce(ReduceOp::Sum, domain, x);
    let sum = w.model.graph.sub(terms, two);
    let deps = Deps::new(&w.model);
    let x = [4.0, -3.0, 1.0];
    let out = Interp::new(&w.model, &w, &deps, Scaled::new(&x)).number(sum).expect("a value");
    assert_eq!(out.value, 0.0);
    assert_eq!(out.size, 10.0);
}

#[test]
fn a_branch_that_is_not_taken_is_not_evaluated() {
    let mut w = World::new(3, &[1.0, 2.0, 3.0]);
    let (domain, b) = w.over(&["t"]);
    let t = w.model.graph.index(b[0], 0);
    let one = w.model.graph.number(1.0);
    let later = w.model.graph.call("gt", &[t, one]);
    let before = w.model.graph.sub(t, one);
    let x_before = w.x_at(before);
    let zero = w.model.graph.number(0.0);
    let body = w.model.graph.select(later, x_before, zero);
    let sum = w.model.graph.reduce(ReduceOp::Sum, domain, body);
    assert_eq!(w.value(sum, &[1.0, 2.0, 4.0]), 3.0);
    // The same without the guard asks for x[0].
    let bare = w.model.graph.reduce(ReduceOp::Sum, domain, x_before);
    let deps = Deps::new(&w.model);
    let mut walk = Interp::new(&w.model, &w, &deps, Plain { x: &[1.0, 2.0, 4.0] });
    let fault = walk.number(bare).expect_err("x[0] is not there");
    assert_eq!(fault.kind, interp::FaultKind::OutOfSet { set: w.set, asked: vec![Val::Num(0.0)] });
    assert_eq!(fault.indices(&walk), "t = 1");
}

#[test]
fn blame_names_the_deepest_part_at_its_instance() {
    let mut w = World::new(8, &[1.0; 8]);
    let root = sample(&mut w);
    let mut x = [1.0; 8];
    x[6] = -3.1e-9;
    let deps = Deps::new(&w.model);
    let mut walk = Interp::new(&w.model, &w, &deps, Plain { x: &x });
    let culprit = interp::find(&mut walk, root).expect("a culprit");
    assert_eq!(culprit.words(), "log(x[7]): x[7] = -3.1e-9");
    assert_eq!(culprit.wrong, interp::Wrong::Domain);
}

#[test]
fn blame_finds_a_derivative_that_is_not_finite() {
    let mut w = World::new(2, &[1.0; 2]);
    let (a, b) = (w.x_num(1), w.x_num(2));
    let root = w.model.graph.call("sqrt", &[a]);
    let root = w.model.graph.add(&[root, b]);
    let deps = Deps::new(&w.model);
    let mut walk = Interp::new(&w.model, &w, &deps, Plain { x: &[0.0, 1.0] });
    let culprit = interp::find(&mut walk, root).expect("a culprit");
    assert_eq!(culprit.words(), "the derivative of sqrt(x[1]) is not finite: x[1] = 0");
}

#[test]
fn a_million_terms_and_deep_nesting_are_ordinary() {
    let mut w = World::new(2, &[1.0; 2]);
    let x = w.x_num(1);
    let mut deep = x;
    for _ in 0..200_000 {
        deep = w.model.graph.call("sin", &[deep]);
    }
    let terms: Vec<NodeId> = (0..200_000)
        .map(|k| {
            let c = w.model.graph.number(f64::from(k) + 0.5);
            let shifted = w.model.graph.add(&[x, c]);
            w.model.graph.call("cos", &[shifted])
        })
        .collect();
    let wide = w.model.graph.add(&terms);
    let root = w.model.graph.add(&[deep, wide]);
    assert!(w.value(root, &[0.3, 0.0]).is_finite());
    let (gradient, _) = w.derivatives(root, &[0.3, 0.0], Mode::Values);
    assert!(gradient[0].is_finite());
}

#[test]
fn values_follow_the_point_through_conditions() {
    let mut w = World::new(2, &[1.0; 2]);
    let x = w.x_num(1);
    let zero = w.model.graph.number(0.0);
    let cond = w.model.graph.call("gt", &[x, zero]);
    let (one, two) = (w.model.graph.number(1.0), w.model.graph.number(2.0));
    let root = w.model.graph.select(cond, one, two);
    let deps = Deps::new(&w.model);
    let mut walk = Interp::new(&w.model, &w, &deps, Tape::new(Mode::Values, &[1.0, 0.0]));
    let Ok(Item::Expr(first)) = walk.eval(root) else { panic!("a condition on variables is no datum") };
    assert_eq!(first.value, 1.0);
    walk.algebra.set_point(&[-1.0, 0.0]);
    walk.forget();
    assert_eq!(walk.number(root).expect("a value").value, 2.0);
    assert_eq!(w.set.index(), 0);
}
