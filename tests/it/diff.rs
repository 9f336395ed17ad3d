//! Derivative templates against differences, on random scalar templates made from the table of builtins.

use optc::diff::{FamilyDerivs, derive_closed, derive_compressed, derive_one};
use optc::func::{self, Surface};
use optc::ir::{Graph, Node, NodeId, VarId};
use std::collections::BTreeMap;

const N_VARS: usize = 3;

/// A small generator of numbers: xorshift64* (Vigna 2016), enough for drawing expressions.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The value of a template by its definition: rows evaluated one by one, `if` lazily.
fn value(graph: &Graph, root: NodeId, x: &[f64]) -> f64 {
    fn go(graph: &Graph, id: NodeId, x: &[f64], known: &mut BTreeMap<NodeId, f64>) -> f64 {
        if let Some(v) = known.get(&id) {
            return *v;
        }
        let v = match graph.node(id) {
            Node::Num(bits) => f64::from_bits(bits.0),
            Node::Var { var, .. } => x[var.0 as usize],
            Node::Call { func, args } => {
                let args: Vec<f64> = args.iter().map(|a| go(graph, *a, x, known)).collect();
                func::row(*func).eval(&args)
            }
            Node::If { cond, then, otherwise } => {
                let branch = if go(graph, *cond, x, known) != 0.0 { *then } else { *otherwise };
                go(graph, branch, x, known)
            }
            other => panic!("not a scalar template: {other:?}"),
        };
        known.insert(id, v);
        v
    }
    go(graph, root, x, &mut BTreeMap::new())
}

/// Whether some call stands where its row says that a partial is infinite: `cbrt(x - x)`.
fn steep(graph: &Graph, root: NodeId, x: &[f64]) -> bool {
    graph.reachable(&[root]).into_iter().any(|id| match graph.node(id) {
        Node::Call { func, args } => {
            let args: Vec<f64> = args.iter().map(|a| value(graph, *a, x)).collect();
            func::row(*func).domain.is_steep(&args)
        }
        _ => false,
    })
}

/// Whether some call stands outside its domain.
fn outside(graph: &Graph, root: NodeId, x: &[f64]) -> bool {
    graph.reachable(&[root]).into_iter().any(|id| match graph.node(id) {
        Node::Call { func, args } => {
            let args: Vec<f64> = args.iter().map(|a| value(graph, *a, x)).collect();
            !func::row(*func).domain.contains(&args)
        }
        _ => false,
    })
}

/// The template as text, for the message of a failure.
fn text(graph: &Graph, root: NodeId) -> String {
    use optc::base::{FileId, Span};
    use optc::ir::model::{Domain, Model, Start, Var, VarType};
    let at = Span::new(FileId(0), 0, 0);
    let mut model = Model { graph: graph.clone(), ..Model::default() };
    let domain = model.domains.push(Domain { binders: Vec::new(), filter: None, at });
    for k in 0..N_VARS {
        let name = format!("x{k}").into();
        let (ty, start) = (VarType::Real, Start::Default);
        model.vars.push(Var { name, at, axes: Vec::new(), domain, ty, lower: None, upper: None, start });
    }
    optc::ir::pretty::expr(&model, root)
}

/// A random template; every function of the table whose arguments are all needed may occur.
fn draw_body(graph: &mut Graph, draw: &mut Draw) -> NodeId {
    let mut pool: Vec<NodeId> = (0..N_VARS).map(|k| graph.var(VarId(k as u32), &[])).collect();
    let rows: Vec<&'static func::Builtin> =
        func::all().iter().copied().filter(|r| r.surface != Surface::Internal).collect();
    for _ in 0..6 + draw.below(8) {
        let pick = |draw: &mut Draw, pool: &[NodeId]| pool[draw.below(pool.len())];
        let new = match draw.below(10) {
            0 => graph.number((draw.unit() * 4.0 - 2.0 * 1.0).round() + 0.5),
            1 => {
                let (a, b, c) = (pick(draw, &pool), pick(draw, &pool), pick(draw, &pool));
                let zero = graph.number(0.1);
                let cond = graph.call("lt", &[a, zero]);
                graph.select(cond, b, c)
            }
            2 => {
                let power = graph.number([2.0, 3.0, -1.0, 0.5, 1.5, 7.0][draw.below(6)]);
                let base = pick(draw, &pool);
                graph.pow(base, power)
            }
            _ => {
                let row = rows[draw.below(rows.len())];
                let n = match row.arity {
                    func::Arity::Exactly(n) => n,
                    func::Arity::AtLeast(n) => n.max(2) + draw.below(2),
                };
                let args: Vec<NodeId> = (0..n).map(|_| pick(draw, &pool)).collect();
                graph.call(row.name, &args)
            }
        };
        pool.push(new);
    }
    let last: Vec<NodeId> = pool.iter().rev().take(3).copied().collect();
    graph.add(&last)
}

/// Central difference with Richardson extrapolation, and whether two step sizes agree: kinks, poles
/// and the noise of huge values have no derivative to compare with.
fn slope(f: impl Fn(f64) -> f64) -> Option<f64> {
    let central = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    let (coarse, fine, finest) = (central(1e-3), central(5e-4), central(2.5e-4));
    let (first, second) = ((4.0 * fine - coarse) / 3.0, (4.0 * finest - fine) / 3.0);
    let close = (first - second).abs() <= 1e-6 * (1.0 + second.abs());
    (second.is_finite() && close && f(0.0).abs() < 1e4).then_some(second)
}

#[test]
fn gradients_and_hessians_equal_differences() {
    let mut draw = Draw(0x1234_5678_9ABC_DEF1);
    let (mut compared, mut second) = (0, 0);
    for _ in 0..1500 {
        let mut graph = Graph::default();
        let body = draw_body(&mut graph, &mut draw);
        let derivs = derive_one(&mut graph, body);
        let x: Vec<f64> = (0..N_VARS).map(|_| draw.unit() * 2.0 - 0.7).collect();
        if steep(&graph, body, &x) || outside(&graph, body, &x) {
            continue;
        }
        let var_of = |node: NodeId| match graph.node(node) {
            Node::Var { var, .. } => var.0 as usize,
            other => panic!("an input is a variable here: {other:?}"),
        };
        let mut gradient = [None; N_VARS];
        for (k, node) in &derivs.grad {
            gradient[var_of(derivs.inputs[*k as usize])] = Some(*node);
        }
        for j in 0..N_VARS {
            let moved = |h: f64, k: usize| {
                let mut at = x.clone();
                at[k] += h;
                at
            };
            let Some(want) = slope(|h| value(&graph, body, &moved(h, j))) else { continue };
            let got = gradient[j].map_or(0.0, |g| value(&graph, g, &x));
            assert!(
                (got - want).abs() <= 1e-5 * (1.0 + want.abs()),
                "d/dx{j} is {got}, differences say {want} at {x:?}: {}",
                text(&graph, body)
            );
            compared += 1;
            for i in 0..N_VARS {
                let Some(g) = gradient[j].filter(|g| !steep(&graph, *g, &x)) else { continue };
                let Some(want) = slope(|h| value(&graph, g, &moved(h, i))) else { continue };
                let entry = derivs.hess.iter().find(|(a, b, _)| {
                    let (a, b) = (var_of(derivs.inputs[*a as usize]), var_of(derivs.inputs[*b as usize]));
                    (a, b) == (i, j) || (a, b) == (j, i)
                });
                let got = entry.map_or(0.0, |e| value(&graph, e.2, &x));
                assert!(
                    (got - want).abs() <= 1e-4 * (1.0 + want.abs()),
                    "d2/dx{i}dx{j} is {got}, differences say {want} at {x:?}: {}",
                    text(&graph, body)
                );
                second += 1;
            }
        }
    }
    assert!(compared > 1000 && second > 2000, "only {compared} first and {second} second derivatives compared");
}

#[test]
fn a_branch_not_taken_never_spoils_a_derivative() {
    // if x > 0 then sqrt(x) else 2 * x, at 0 and below: the square root's slope is infinite or not a number there.
    let mut graph = Graph::default();
    let x = graph.var(VarId(0), &[]);
    let (zero, two) = (graph.number(0.0), graph.number(2.0));
    let cond = graph.call("gt", &[x, zero]);
    let (root, line) = (graph.call("sqrt", &[x]), graph.mul(&[two, x]));
    let body = graph.select(cond, root, line);
    let square = graph.mul(&[body, body]);
    let derivs = derive_one(&mut graph, square);
    for at in [0.0, -1.5] {
        assert_eq!(value(&graph, derivs.grad[0].1, &[at]), 8.0 * at);
        assert_eq!(value(&graph, derivs.hess[0].2, &[at]), 8.0);
    }
}

#[test]
fn a_long_sum_is_differentiated_in_linear_time() {
    // Each term has variables of its own: the Hessian has two entries a term, however long the sum.
    let mut graph = Graph::default();
    let terms: Vec<NodeId> = (0..20_000)
        .map(|k| {
            let (a, b) = (graph.var(VarId(2 * k), &[]), graph.var(VarId(2 * k + 1), &[]));
            let product = graph.mul(&[a, b, b]);
            graph.call("exp", &[product])
        })
        .collect();
    let body = graph.add(&terms);
    let before = graph.len();
    let derivs = derive_one(&mut graph, body);
    assert_eq!(derivs.inputs.len(), 40_000);
    assert_eq!(derivs.hess.len(), 3 * 20_000);
    assert!(graph.len() - before < 60 * 20_000, "{} nodes for 20 000 terms", graph.len() - before);
}

/// Entries of the Hessian by input.
fn hessian(graph: &Graph, derivs: &FamilyDerivs, x: &[f64]) -> BTreeMap<(u32, u32), f64> {
    derivs.hess.iter().map(|(i, j, node)| ((*i, *j), value(graph, *node, x))).collect()
}

#[test]
fn hessians_by_colours_are_those_by_rows() {
    let mut draw = Draw(0x0C01_0052);
    let mut entries = 0;
    for _ in 0..1500 {
        let mut graph = Graph::default();
        let body = draw_body(&mut graph, &mut draw);
        let (closed, compressed) = (derive_closed(&mut graph, body), derive_compressed(&mut graph, body));
        let x: Vec<f64> = (0..N_VARS).map(|_| draw.unit() * 2.0 - 0.7).collect();
        // Outside its domain a function's partials need not be those of anything: their order matters.
        if outside(&graph, body, &x) {
            continue;
        }
        let (by_rows, by_colours) = (hessian(&graph, &closed, &x), hessian(&graph, &compressed, &x));
        for at in by_rows.keys().chain(by_colours.keys()) {
            let [a, b] = [&by_rows, &by_colours].map(|h| h.get(at).copied().unwrap_or(0.0));
            // A column of another row of the same colour may be infinite only where this one is.
            let same = (a - b).abs() <= 1e-9 * (1.0 + a.abs()) || !a.is_finite();
            assert!(same, "{at:?}: {a} by rows, {b} by colours at {x:?}: {}", text(&graph, body));
            entries += 1;
        }
    }
    assert!(entries > 2_000, "only {entries} entries compared");
}

/// `hub(z) * sum of sin(c_j x_j)` with a hub of `depth` functions one in the other: an arrow.
fn arrow(graph: &mut Graph, n: usize, depth: usize) -> NodeId {
    let z = graph.var(VarId(0), &[]);
    let mut hub = z;
    for _ in 0..depth {
        let sine = graph.call("sin", &[hub]);
        hub = graph.add(&[sine, z]);
    }
    let terms: Vec<NodeId> = (1..=n)
        .map(|j| {
            let (x, c) = (graph.var(VarId(j as u32), &[]), graph.number(1.0 + j as f64 / 64.0));
            let inner = graph.mul(&[c, x]);
            graph.call("sin", &[inner])
        })
        .collect();
    let sum = graph.add(&terms);
    graph.mul(&[hub, sum])
}

#[test]
fn a_long_part_that_many_rows_share_is_differentiated_once_per_colour() {
    let (n, depth) = (60, 100);
    let mut graph = Graph::default();
    let body = arrow(&mut graph, n, depth);
    let operations = |graph: &Graph, derivs: &FamilyDerivs| {
        let roots: Vec<NodeId> = derivs.hess.iter().map(|h| h.2).collect();
        graph.reachable(&roots).len()
    };
    let chosen = derive_one(&mut graph, body);
    let closed = derive_closed(&mut graph, body);
    assert_eq!(chosen.hess.len(), 2 * n + 1);
    let (few, many) = (operations(&graph, &chosen), operations(&graph, &closed));
    assert!(4 * few < many, "{few} operations by colours, {many} by rows");
    let x: Vec<f64> = (0..=n).map(|j| optc::num::vmath::sin(j as f64)).collect();
    let (by_colours, by_rows) = (hessian(&graph, &chosen, &x), hessian(&graph, &closed, &x));
    assert_eq!(by_colours.len(), by_rows.len());
    for (at, a) in &by_rows {
        assert!((a - by_colours[at]).abs() <= 1e-11 * (1.0 + a.abs()), "{at:?}: {a}, {}", by_colours[at]);
    }
}
