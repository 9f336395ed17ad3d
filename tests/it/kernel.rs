//! Kernels: the compiled oracle against closed forms.
use optc::bind::{Address, Buffer, FamilyInstance, Instance, Leaf};
use optc::base::{FileId, Span};
use optc::ir::model::{Binder, Constraint, Domain, ElemType, Objective, Over, Set, SetKind, Start, Var, VarType};
use optc::ir::plan::Target;
use optc::ir::{Model, Node, NodeId, ReduceOp};
use optc::kernel::{CompiledOracle, Mode, compile};
use optc::problem::{Bounds, Oracle, Shape};
use std::sync::Arc;

fn at() -> Span { Span::new(FileId(0), 0, 0) }

fn lv(n: usize) -> (Model, optc::ir::Plan) {
    let mut m = Model::default();
    let one = m.graph.number(1.0);
    let hi = m.graph.number(n as f64);
    let set = |m: &mut Model, lo, hi| m.sets.push(Set { name: None, at: at(), elem: vec![ElemType::Int], parent: None, kind: SetKind::Range { lo, hi } });
    let all = set(&mut m, one, hi);
    let two = m.graph.number((n - 2) as f64);
    let short = set(&mut m, one, two);
    let binder = |m: &mut Model, s, name: &str| m.binders.push(Binder { names: vec![name.into()], at: at(), over: Over::Set(s) });
    let bv = binder(&mut m, all, "v");
    let dv = m.domains.push(Domain { binders: vec![bv], filter: None, at: at() });
    let x = m.vars.push(Var { name: "x".into(), at: at(), axes: vec![all], domain: dv, ty: VarType::Real, lower: None, upper: None, start: Start::Default });
    let bi = binder(&mut m, short, "i");
    let di = m.domains.push(Domain { binders: vec![bi], filter: None, at: at() });
    let bj = binder(&mut m, short, "j");
    let dj = m.domains.push(Domain { binders: vec![bj], filter: None, at: at() });
    let g = &mut m.graph;
    let i = g.index(bi, 0);
    let (k1, k2, k3, k5) = (g.number(1.0), g.number(2.0), g.number(3.0), g.number(-5.0));
    let i1 = g.add(&[i, k1]);
    let i2 = g.add(&[i, k2]);
    let (a, b, c) = (g.var(x, &[i]), g.var(x, &[i1]), g.var(x, &[i2]));
    let cube = g.pow(b, k3);
    let t1 = g.mul(&[k3, cube]);
    let t2 = g.mul(&[k2, c]);
    let d = g.sub(b, c);
    let s = g.add(&[b, c]);
    let (sd, ss) = (g.call("sin", &[d]), g.call("sin", &[s]));
    let t3 = g.mul(&[sd, ss]);
    let dd = g.sub(a, b);
    let e = g.call("exp", &[dd]);
    let t5 = g.mul(&[a, e]);
    let m1 = g.neg(t5);
    let t4 = g.mul(&[b, k2, k2]);
    let body = g.add(&[t1, t2, k5, t3, t4, m1]);
    let zero = g.number(0.0);
    m.constraints.push(Constraint { name: Some("chain".into()), at: at(), domain: di, body, lower: Some(zero), upper: Some(zero), complements: None });
    let g = &mut m.graph;
    let j = g.index(bj, 0);
    let j1 = g.add(&[j, k1]);
    let (p, q) = (g.var(x, &[j]), g.var(x, &[j1]));
    let hundred = g.number(100.0);
    let p2 = g.mul(&[p, p]);
    let r = g.sub(p2, q);
    let r2 = g.mul(&[hundred, r, r]);
    let u = g.sub(p, k1);
    let u2 = g.mul(&[u, u]);
    let body = g.add(&[r2, u2]);
    let sum = g.reduce(ReduceOp::Sum, dj, body);
    m.objectives.push(Objective { name: None, at: at(), sense: optc::syntax::ast::Sense::Minimize, body: sum });
    let plan = optc::pass::normalise(&mut m);
    (m, plan)
}

fn offset(m: &Model, sub: NodeId) -> u32 {
    match m.graph.node(sub) {
        Node::Index { .. } => 0,
        Node::Call { args, .. } => args.iter().filter_map(|a| m.graph.as_num(*a)).sum::<f64>() as u32,
        _ => panic!(),
    }
}

fn oracle(n: usize) -> (CompiledOracle, String) {
    let (mut m, plan) = lv(n);
    let derivs = optc::diff::derive(&mut m.graph, &plan);
    let program = compile(&m, &plan, &derivs);
    let text = optc::kernel::text::kernel(&m, &plan, &program);
    let leaves = derivs.leaves(&m.graph, &plan);
    let families = plan.families.enumerate().map(|(id, f)| {
        let leaves = leaves[id].iter().map(|l| {
            let Node::Var { subs, .. } = m.graph.node(*l) else { panic!() };
            (*l, Leaf { buffer: Buffer::Z, at: Address::Affine { base: offset(&m, subs[0]), stride: 1 } })
        }).collect();
        let target = match f.target { Target::Objective(_) => Address::Affine { base: 0, stride: 0 }, _ => Address::Affine { base: 0, stride: 1 } };
        FamilyInstance { count: n - 2, leaves, target }
    }).collect();
    let shape = Shape { n_cons: n - 2, rows: Bounds { lower: vec![0.0; n - 2], upper: vec![0.0; n - 2] }, linear_rows: vec![false; n - 2], ..Shape::unconstrained(n) };
    let instance = Instance { n_x: n, n_z: n, data: vec![], families, defs: vec![], shape };
    (CompiledOracle::new(Arc::new(program), Arc::new(instance), Mode::Auto).unwrap(), text)
}

#[test]
fn chain_derivatives_match_differences() {
    let n = 600;
    let (o, text) = oracle(n);
    eprintln!("{text}");
    let x: Vec<f64> = (0..n).map(|i| ((i * 37 % 101) as f64) / 101.0 - 0.3).collect();
    let mut ws = o.workspace();
    let m = n - 2;
    let y: Vec<f64> = (0..m).map(|i| ((i * 17 % 29) as f64) / 29.0 - 0.5).collect();
    let lag = |ws: &mut optc::problem::Workspace, x: &[f64]| {
        ws.set_point(x);
        let mut g = vec![0.0; n]; let mut h = vec![0.0; n];
        o.gradient(ws, &[1.3], &mut g).unwrap();
        o.jtv(ws, &y, &mut h).unwrap();
        g.iter().zip(&h).map(|(a, b)| a + b).collect::<Vec<_>>()
    };
    ws.set_point(&x);
    let mut f = [0.0];
    o.objectives(&mut ws, &mut f).unwrap();
    let direct: f64 = (0..m).map(|i| 100.0 * (x[i] * x[i] - x[i + 1]).powi(2) + (x[i] - 1.0).powi(2)).sum();
    assert!((f[0] - direct).abs() < 1e-9 * direct, "{} {}", f[0], direct);
    let mut c = vec![0.0; m];
    o.constraints(&mut ws, &mut c).unwrap();
    let mut jac = vec![0.0; o.jacobian_pattern().nnz()];
    o.jacobian(&mut ws, &mut jac).unwrap();
    let mut h = vec![0.0; o.hessian_pattern().nnz()];
    o.hessian(&mut ws, &[1.3], &y, &mut h).unwrap();
    let base = lag(&mut ws, &x);
    for j in [0, 1, 2, 255, 256, 257, 511, 512, 513, n - 2, n - 1] {
        let step = 1e-6;
        let mut xp = x.clone(); xp[j] += step;
        let mut xm = x.clone(); xm[j] -= step;
        let (gp, gm) = (lag(&mut ws, &xp), lag(&mut ws, &xm));
        for i in 0..n {
            let d = (gp[i] - gm[i]) / (2.0 * step);
            let v = o.hessian_pattern().slot(i.max(j), i.min(j)).map_or(0.0, |s| h[s]);
            assert!((d - v).abs() < 1e-4 * (1.0 + d.abs()), "H {i} {j}: {d} {v}");
        }
        ws.set_point(&xp);
        let mut cp = c.clone();
        o.constraints(&mut ws, &mut cp).unwrap();
        ws.set_point(&xm);
        let mut cm = c.clone();
        o.constraints(&mut ws, &mut cm).unwrap();
        for i in 0..m {
            let d = (cp[i] - cm[i]) / (2.0 * step);
            let v = o.jacobian_pattern().slot(i, j).map_or(0.0, |s| jac[s]);
            assert!((d - v).abs() < 1e-5 * (1.0 + d.abs()), "J {i} {j}: {d} {v}");
        }
    }
    assert!(base.iter().all(|v| v.is_finite()));
}

#[test]
fn speed() {
    let n = 1_000_000;
    let t = std::time::Instant::now();
    let (o, _) = oracle(n);
    eprintln!("build {:?}", t.elapsed());
    let mut ws = o.workspace();
    let x = vec![0.3; n];
    let y = vec![0.1; n - 2];
    ws.set_point(&x);
    let mut c = vec![0.0; n - 2];
    let mut g = vec![0.0; n];
    let mut jac = vec![0.0; o.jacobian_pattern().nnz()];
    let mut h = vec![0.0; o.hessian_pattern().nnz()];
    for _ in 0..3 {
        let t = std::time::Instant::now(); o.constraints(&mut ws, &mut c).unwrap(); let a = t.elapsed();
        let t = std::time::Instant::now(); o.gradient(&mut ws, &[1.0], &mut g).unwrap(); let b = t.elapsed();
        let t = std::time::Instant::now(); o.jacobian(&mut ws, &mut jac).unwrap(); let cc = t.elapsed();
        let t = std::time::Instant::now(); o.hessian(&mut ws, &[1.0], &y, &mut h).unwrap(); let d = t.elapsed();
        eprintln!("c {a:?} g {b:?} J {cc:?} H {d:?}");
    }
}
