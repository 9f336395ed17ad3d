//! Binding gives elements, values and addresses: against values by hand and nested loops.

use optc::base::{FileId, IdVec, Name, Span, limits};
use optc::bind::{Address, Buffer, Inputs, Instance, bind};
use optc::data::{MemoryLoader, Store};
use optc::diag::{Reports, Sources};
use optc::diff;
use optc::ir::model::{
    Binder, Check, Column, Constraint, Domain, ElemType, Objective, Over, Param, ParamSource, Role, Set, SetKind,
    Split, Start, Table, Var, VarType,
};
use optc::ir::plan::FamilyId;
use optc::ir::{BinderId, DomainId, Model, Node, NodeId, ParamId, ReduceOp, SetId, TableId, VarId};
use optc::pass;
use optc::syntax::ast::Sense;
use std::sync::Arc;

const AT: Span = Span::new(FileId(0), 0, 0);

/// A model made by hand, with its data files.
#[derive(Default)]
struct Build {
    model: Model,
    files: Vec<(String, String)>,
    set: Vec<(Name, f64)>,
}

impl Build {
    fn num(&mut self, value: f64) -> NodeId {
        self.model.graph.number(value)
    }

    fn set(&mut self, name: &str, elem: Vec<ElemType>, kind: SetKind) -> SetId {
        self.model.sets.push(Set { name: Some(name.into()), at: AT, elem, parent: None, kind })
    }

    fn range(&mut self, name: &str, lo: i64, hi: i64) -> SetId {
        let (lo, hi) = (self.num(lo as f64), self.num(hi as f64));
        self.set(name, vec![ElemType::Int], SetKind::Range { lo, hi })
    }

    fn labels(&mut self, name: &str, labels: &[&str]) -> SetId {
        let list = labels.iter().map(|l| self.model.graph.label(&Name::from(*l))).collect();
        self.set(name, vec![ElemType::Label], SetKind::Labels(list))
    }

    fn binder(&mut self, name: &str, set: SetId) -> BinderId {
        self.model.binders.push(Binder { names: vec![name.into()], at: AT, over: Over::Set(set) })
    }

    fn over(&mut self, binders: &[BinderId], filter: Option<NodeId>) -> DomainId {
        self.model.domains.push(Domain { binders: binders.to_vec(), filter, at: AT })
    }

    fn at(&mut self, binder: BinderId) -> NodeId {
        self.model.graph.index(binder, 0)
    }

    fn domain_of(&mut self, axes: &[SetId]) -> (DomainId, Vec<BinderId>) {
        let binders: Vec<BinderId> = axes.iter().enumerate().map(|(k, a)| self.binder(&format!("a{k}"), *a)).collect();
        (self.over(&binders, None), binders)
    }

    fn var(&mut self, name: &str, axes: &[SetId]) -> VarId {
        let (domain, _) = self.domain_of(axes);
        self.model.vars.push(Var {
            name: name.into(),
            at: AT,
            axes: axes.to_vec(),
            domain,
            ty: VarType::Real,
            lower: None,
            upper: None,
            start: Start::Default,
        })
    }

    fn param(&mut self, name: &str, axes: &[SetId], source: ParamSource) -> ParamId {
        self.model.params.push(Param {
            name: name.into(),
            at: AT,
            axes: axes.to_vec(),
            labels: false,
            role: Role::Numeric,
            source,
        })
    }

    fn list(&mut self, name: &str, axes: &[SetId], values: &[f64]) -> ParamId {
        let nodes = values.iter().map(|v| self.num(*v)).collect();
        self.param(name, axes, ParamSource::List(nodes))
    }

    /// A table of the CSV text, all columns in use.
    fn table(&mut self, name: &str, csv: &str, key: &[usize]) -> (TableId, SetId, Vec<ParamId>) {
        let path = format!("{name}.csv");
        self.files.push((path.clone(), csv.to_owned()));
        let id = TableId(self.model.tables.len() as u32);
        let rows = self.set(name, vec![ElemType::Row(id)], SetKind::Rows(id));
        let mut lines = csv.lines();
        let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
        let first: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
        let mut columns = Vec::new();
        let mut params = Vec::new();
        for (k, column) in header.iter().enumerate() {
            let numeric = first.get(k).is_none_or(|v| v.parse::<f64>().is_ok());
            let param = self.model.params.push(Param {
                name: format!("{name}.{column}").into(),
                at: AT,
                axes: vec![rows],
                labels: !numeric,
                role: Role::Numeric,
                source: ParamSource::Column { table: id, column: k },
            });
            columns.push(Column { name: (*column).into(), numeric, word: None, param: Some(param) });
            params.push(param);
        }
        self.model.tables.push(Table {
            name: name.into(),
            at: AT,
            path: path.as_str().into(),
            path_at: AT,
            key: key.to_vec(),
            rows,
            columns,
        });
        (id, rows, params)
    }

    fn minimize(&mut self, body: NodeId) {
        self.model.objectives.push(Objective { name: None, at: AT, sense: Sense::Minimize, body });
    }

    fn constrain(&mut self, name: &str, domain: DomainId, body: NodeId, lower: Option<NodeId>, upper: Option<NodeId>) {
        let name = Some(name.into());
        self.model.constraints.push(Constraint { name, at: AT, domain, body, lower, upper, complements: None });
    }

    fn bind(&mut self) -> Result<Instance, Reports> {
        let plan = pass::normalise(&mut self.model);
        let derivs = diff::derive(&mut self.model.graph, &plan);
        let leaves: IdVec<FamilyId, Vec<NodeId>> = derivs.leaves(&self.model.graph, &plan);
        let mut loader = MemoryLoader::new();
        for (path, text) in &self.files {
            loader = loader.with(path.clone(), text.clone());
        }
        let mut store = Store::new(Arc::new(loader));
        let mut sources = Sources::new();
        sources.add("model.opt", "");
        let mut reports = Reports::new();
        let inputs = Inputs {
            store: &mut store,
            sources: &mut sources,
            set: &self.set,
            seed: 0,
            max_bytes: limits::MAX_BIND_BYTES,
        };
        bind(&self.model, &plan, &leaves, inputs, &mut reports).ok_or(reports)
    }

    fn codes(&mut self) -> Vec<String> {
        match self.bind() {
            Ok(_) => Vec::new(),
            Err(reports) => reports.messages().iter().map(|m| format!("{}: {}", m.code, m.title)).collect(),
        }
    }
}

/// The addresses of the variable leaves of the family.
fn var_leaves<'i>(build: &Build, instance: &'i Instance, family: usize) -> Vec<&'i Address> {
    let family = &instance.families[FamilyId(family as u32)];
    let is_var = |n: &NodeId| matches!(build.model.graph.node(*n), Node::Var { .. });
    family.leaves.iter().filter(|(n, _)| is_var(n)).map(|(_, leaf)| &leaf.at).collect()
}

#[test]
fn dense_subscripts_need_no_index_array() {
    let mut b = Build::default();
    let (i, j) = (b.range("I", 1, 3), b.range("J", 1, 4));
    let x = b.var("x", &[i, j]);
    let (bi, bj) = (b.binder("i", i), b.binder("j", j));
    let (ni, nj) = (b.at(bi), b.at(bj));
    let domain = b.over(&[bi, bj], None);
    let entry = b.model.graph.var(x, &[ni, nj]);
    let body = b.model.graph.call("sin", &[entry]);
    let sum = b.model.graph.reduce(ReduceOp::Sum, domain, body);
    b.minimize(sum);
    let instance = b.bind().expect("it binds");
    assert_eq!(instance.n_x, 12);
    assert_eq!(instance.families[FamilyId(0)].count, 12);
    assert_eq!(var_leaves(&b, &instance, 0), [&Address::Affine { base: 0, stride: 1 }]);
    assert_eq!(instance.var_name(&b.model, 5).as_deref(), Some("x[2, 2]"));
}

#[test]
fn shifted_subscripts_are_affine_and_transposed_ones_gathered() {
    let mut b = Build::default();
    let hours = b.range("hours", 1, 5);
    let x = b.var("x", &[hours]);
    let y = b.var("y", &[hours, hours]);
    let t = b.binder("t", hours);
    let s = b.binder("s", hours);
    let (nt, ns, one, minus) = (b.at(t), b.at(s), b.num(1.0), b.num(-1.0));
    let later = b.model.graph.call("gt", &[nt, one]);
    let before = b.model.graph.add(&[nt, minus]);
    let entry = b.model.graph.var(x, &[before]);
    let domain = b.over(&[t], Some(later));
    let body = b.model.graph.call("sin", &[entry]);
    let sum = b.model.graph.reduce(ReduceOp::Sum, domain, body);
    b.minimize(sum);
    let both = b.over(&[t, s], None);
    let swapped = b.model.graph.var(y, &[ns, nt]);
    let body = b.model.graph.call("cos", &[swapped]);
    let sum = b.model.graph.reduce(ReduceOp::Sum, both, body);
    b.minimize(sum);
    let instance = b.bind().expect("it binds");
    // t = 2, 3, 4, 5 read x[1], ..., x[4].
    assert_eq!(instance.families[FamilyId(0)].count, 4);
    assert_eq!(var_leaves(&b, &instance, 0), [&Address::Affine { base: 0, stride: 1 }]);
    let Address::Gather(slots) = var_leaves(&b, &instance, 1)[0] else { panic!("transposed") };
    assert_eq!(&slots[..6], &[5, 10, 15, 20, 25, 6]);
}

#[test]
fn an_element_that_is_not_there_is_named_with_its_index() {
    let mut b = Build::default();
    let hours = b.range("hours", 1, 24);
    let x = b.var("x", &[hours]);
    let t = b.binder("t", hours);
    let (nt, minus) = (b.at(t), b.num(-1.0));
    let before = b.model.graph.add(&[nt, minus]);
    let entry = b.model.graph.var(x, &[before]);
    let domain = b.over(&[t], None);
    let body = b.model.graph.call("sin", &[entry]);
    let sum = b.model.graph.reduce(ReduceOp::Sum, domain, body);
    b.minimize(sum);
    let Err(reports) = b.bind() else { panic!("x[0] is not there") };
    let message = &reports.messages()[0];
    assert_eq!(message.title, "`x[t - 1]` asks for 0, which is not in `hours` (1..24)");
    assert_eq!(message.labels[0].text, "at t = 1");
}

#[test]
fn a_branch_of_data_guards_its_subscripts() {
    let mut b = Build::default();
    let hours = b.range("hours", 1, 4);
    let x = b.var("x", &[hours]);
    let t = b.binder("t", hours);
    let (nt, minus, one, zero) = (b.at(t), b.num(-1.0), b.num(1.0), b.num(0.0));
    let later = b.model.graph.call("gt", &[nt, one]);
    let before = b.model.graph.add(&[nt, minus]);
    let entry = b.model.graph.var(x, &[before]);
    let sin = b.model.graph.call("sin", &[entry]);
    let body = b.model.graph.select(later, sin, zero);
    let domain = b.over(&[t], None);
    let sum = b.model.graph.reduce(ReduceOp::Sum, domain, body);
    b.minimize(sum);
    let instance = b.bind().expect("the first hour does not ask");
    let slots: Vec<usize> = (1..4).map(|k| var_leaves(&b, &instance, 0)[0].at(k)).collect();
    assert_eq!(slots, [0, 1, 2]);
}

/// `sum(b in branch if b.from == i: flow[b])` for each bus: the rows of the family against nested loops.
fn join_model(n_bus: usize, n_branch: usize, seed: u64) -> (Build, Vec<usize>) {
    let mut b = Build::default();
    let mut stream = optc::num::random::Stream::new(seed, 0);
    let from: Vec<usize> = (0..n_branch).map(|_| stream.below(n_bus as u64) as usize + 1).collect();
    let csv: String = std::iter::once("id,from\n".to_owned())
        .chain(from.iter().enumerate().map(|(k, f)| format!("{},{f}\n", k + 1)))
        .collect();
    let (_, branch, columns) = b.table("branch", &csv, &[]);
    let buses = b.range("buses", 1, n_bus as i64);
    let flow = b.var("flow", &[branch]);
    let (i, r) = (b.binder("i", buses), b.binder("r", branch));
    let (ni, nr) = (b.at(i), b.at(r));
    let column = b.model.graph.param(columns[1], &[nr]);
    let same = b.model.graph.call("eq", &[column, ni]);
    let inner = b.over(&[r], Some(same));
    let entry = b.model.graph.var(flow, &[nr]);
    let body = b.model.graph.call("sin", &[entry]);
    let sum = b.model.graph.reduce(ReduceOp::Sum, inner, body);
    let rows = b.over(&[i], None);
    let zero = b.num(0.0);
    b.constrain("balance", rows, sum, Some(zero), Some(zero));
    (b, from)
}

#[test]
fn a_join_visits_what_nested_loops_would_visit_in_their_order() {
    for seed in 0..20 {
        let (mut b, from) = join_model(17, 40, seed);
        let instance = b.bind().expect("it binds");
        let mut expected = Vec::new();
        for bus in 1..=17 {
            for (branch, f) in from.iter().enumerate() {
                if *f == bus {
                    expected.push((bus - 1, branch));
                }
            }
        }
        let family = &instance.families[FamilyId(0)];
        assert_eq!(family.count, expected.len());
        let slots = var_leaves(&b, &instance, 0)[0].clone();
        let found: Vec<(usize, usize)> = (0..family.count).map(|k| (family.target.at(k), slots.at(k))).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_join_of_a_hundred_thousand_by_a_hundred_thousand_is_quick() {
    let (mut b, from) = join_model(100_000, 100_000, 7);
    let begin = std::time::Instant::now();
    let instance = b.bind().expect("it binds");
    assert_eq!(instance.families[FamilyId(0)].count, from.len());
    // Nested loops would try 1e10 pairs: minutes.
    assert!(begin.elapsed().as_secs_f64() < 5.0, "{:?}", begin.elapsed());
}

#[test]
fn membership_in_a_set_of_tuples_is_a_join_too() {
    let mut b = Build::default();
    let nodes = b.range("nodes", 1, 50_000);
    let key = |i: i64, j: i64| vec![optc::ir::model::Key::Int(i), optc::ir::model::Key::Int(j)];
    let pairs: Vec<(i64, i64)> = (1..50_000).map(|i| (i, 50_000 - i / 2)).chain([(7, 3), (7, 1)]).collect();
    let tuples = pairs.iter().map(|(i, j)| key(*i, *j)).collect();
    let arcs = b.set("arcs", vec![ElemType::Int, ElemType::Int], SetKind::Tuples(tuples));
    let x = b.var("x", &[nodes]);
    let (i, j) = (b.binder("i", nodes), b.binder("j", nodes));
    let (ni, nj) = (b.at(i), b.at(j));
    let inside = b.model.graph.member(arcs, &[ni, nj]);
    let domain = b.over(&[i, j], Some(inside));
    let entry = b.model.graph.var(x, &[nj]);
    let body = b.model.graph.call("sin", &[entry]);
    let sum = b.model.graph.reduce(ReduceOp::Sum, domain, body);
    b.minimize(sum);
    let instance = b.bind().expect("it binds");
    let mut sorted = pairs;
    sorted.sort_unstable();
    let slots = var_leaves(&b, &instance, 0)[0].clone();
    let found: Vec<i64> = (0..instance.families[FamilyId(0)].count).map(|k| slots.at(k) as i64 + 1).collect();
    assert_eq!(found, sorted.iter().map(|p| p.1).collect::<Vec<_>>());
}

#[test]
fn params_are_computed_a_column_at_a_time() {
    let mut b = Build::default();
    let (i, j) = (b.labels("plants", &["seattle", "san_diego"]), b.range("J", 1, 3));
    let d = b.list("d", &[i, j], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    // share[i, j] = d[i, j] / sum(k in J: d[i, k])
    let (bi, bj, bk) = (b.binder("i", i), b.binder("j", j), b.binder("k", j));
    let (ni, nj, nk) = (b.at(bi), b.at(bj), b.at(bk));
    let entry = b.model.graph.param(d, &[ni, nj]);
    let other = b.model.graph.param(d, &[ni, nk]);
    let inner = b.over(&[bk], None);
    let total = b.model.graph.reduce(ReduceOp::Sum, inner, other);
    let body = b.model.graph.div(entry, total);
    let domain = b.over(&[bi, bj], None);
    let share = b.param("share", &[i, j], ParamSource::Computed { domain, body });
    // most = max over the domain, by label
    let label = b.model.graph.label(&"san_diego".into());
    let at_label = b.model.graph.label_node(label);
    let of_label = b.model.graph.param(d, &[at_label, nk]);
    let all = b.over(&[bk], None);
    let body = b.model.graph.reduce(ReduceOp::Max, all, of_label);
    let empty = b.over(&[], None);
    let most = b.param("most", &[], ParamSource::Computed { domain: empty, body });
    let instance = b.bind().expect("it binds");
    let block = instance.world.params[share];
    let values: Vec<f64> = instance.data[block.offset..block.offset + block.len].to_vec();
    let expected = [1.0 / 6.0, 2.0 / 6.0, 3.0 / 6.0, 4.0 / 15.0, 5.0 / 15.0, 6.0 / 15.0];
    for (a, e) in values.iter().zip(expected) {
        assert!((a - e).abs() < 1e-15);
    }
    assert_eq!(instance.data[instance.world.params[most].offset], 6.0);
}

#[test]
fn rows_are_found_by_the_key_of_their_table() {
    let mut b = Build::default();
    let (_, bus, _) = b.table("bus", "id,load\n10,1\n20,2\n30,3\n", &[0]);
    let (_, branch, columns) = b.table("branch", "from,to\n10,30\n20,10\n30,30\n", &[]);
    let va = b.var("va", &[bus]);
    let r = b.binder("b", branch);
    let nr = b.at(r);
    let to = b.model.graph.param(columns[1], &[nr]);
    let entry = b.model.graph.var(va, &[to]);
    let body = b.model.graph.call("sin", &[entry]);
    let domain = b.over(&[r], None);
    let sum = b.model.graph.reduce(ReduceOp::Sum, domain, body);
    b.minimize(sum);
    let instance = b.bind().expect("it binds");
    let slots = var_leaves(&b, &instance, 0)[0].clone();
    assert_eq!((0..3).map(|k| slots.at(k)).collect::<Vec<_>>(), [2, 0, 2]);
    assert_eq!(instance.var_name(&b.model, 2).as_deref(), Some("va[30]"));
}

#[test]
fn labels_and_numbers_of_columns_become_data_of_the_family() {
    let mut b = Build::default();
    let (_, rows, columns) = b.table("iris", "kind,width\nrosa,1.5\nalba,2.5\nrosa,3.5\n", &[]);
    let w = b.var("w", &[]);
    let r = b.binder("r", rows);
    let nr = b.at(r);
    let kind = b.model.graph.param(columns[0], &[nr]);
    let label = b.model.graph.label(&"rosa".into());
    let rosa = b.model.graph.label_node(label);
    let is_rosa = b.model.graph.same_elem(kind, rosa);
    let width = b.model.graph.param(columns[1], &[nr]);
    let entry = b.model.graph.var(w, &[]);
    let square = b.model.graph.mul(&[entry, entry]);
    let body = b.model.graph.mul(&[is_rosa, width, square]);
    let domain = b.over(&[r], None);
    let sum = b.model.graph.reduce(ReduceOp::Sum, domain, body);
    b.minimize(sum);
    let instance = b.bind().expect("it binds");
    let family = &instance.families[FamilyId(0)];
    let column = |node: NodeId| {
        let leaf = &family.leaves[&node];
        assert_eq!(leaf.buffer, Buffer::Data);
        (0..3).map(|k| instance.data[leaf.at.at(k)]).collect::<Vec<f64>>()
    };
    assert_eq!(column(is_rosa), [1.0, 0.0, 1.0]);
    assert_eq!(column(width), [1.5, 2.5, 3.5]);
}

#[test]
fn bounds_may_be_data_and_must_not_cross() {
    let mut b = Build::default();
    let i = b.range("I", 1, 3);
    let lo = b.list("lo", &[i], &[0.0, 5.0, 0.0]);
    let x = b.var("x", &[i]);
    let binder = b.model.domains[b.model.vars[x].domain].binders[0];
    let at = b.at(binder);
    let lower = b.model.graph.param(lo, &[at]);
    let upper = b.num(4.0);
    b.model.vars[x].lower = Some(lower);
    b.model.vars[x].upper = Some(upper);
    assert_eq!(b.codes(), ["E0613: the bounds of `x[2]` leave nothing between them"]);
}

#[test]
fn a_given_start_is_kept_outside_the_bounds_and_the_usual_one_is_moved_to_them() {
    let mut b = Build::default();
    let i = b.range("I", 1, 2);
    let x = b.var("x", &[i]);
    let (lo, hi, start) = (b.num(1.0), b.num(2.0), b.num(7.0));
    b.model.vars[x].lower = Some(lo);
    b.model.vars[x].upper = Some(hi);
    b.model.vars[x].start = Start::Value(start);
    let y = b.var("y", &[]);
    b.model.vars[y].lower = Some(lo);
    let instance = b.bind().expect("it binds");
    assert_eq!(instance.shape.start, [7.0, 7.0, 1.0]);
}

#[test]
fn values_by_key_are_checked_against_the_set() {
    let csv = |rows: &str| format!("plant,value\n{rows}");
    let cases = [
        (csv("seattle,1\nsan_diego,2\n"), vec![]),
        (csv("seattle,1\n"), vec!["E0508: `s.csv` has no value of `supply` for `san_diego`"]),
        (csv("seattle,1\nsan_diego,2\nseattle,3\n"), vec!["E0507: there are two values for `seattle`"]),
        (csv("seatle,1\nsan_diego,2\n"), vec!["E0509: `seatle` is not an element of `plants`"]),
    ];
    for (text, expected) in cases {
        let mut b = Build::default();
        let plants = b.labels("plants", &["seattle", "san_diego"]);
        b.files.push(("s.csv".into(), text));
        b.param("supply", &[plants], ParamSource::File { path: "s.csv".into(), at: AT });
        assert_eq!(b.codes(), expected);
    }
}

#[test]
fn wide_files_give_a_matrix() {
    let mut b = Build::default();
    let (plants, markets) = (b.labels("plants", &["a", "b"]), b.labels("markets", &["x", "y", "z"]));
    b.files.push(("c.csv".into(), "plant,z,x,y\nb,6,4,5\na,3,1,2\n".into()));
    let c = b.param("c", &[plants, markets], ParamSource::File { path: "c.csv".into(), at: AT });
    let instance = b.bind().expect("it binds");
    let block = instance.world.params[c];
    assert_eq!(instance.data[block.offset..block.offset + block.len], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn a_set_of_a_size_nobody_means_is_refused_before_memory_is_taken() {
    let mut b = Build::default();
    b.range("I", 1, 4_000_000_000);
    assert_eq!(b.codes(), ["E0916: this has 4000000000 elements, and at most 268435456 are accepted"]);
    let mut b = Build::default();
    let (i, j) = (b.range("I", 1, 100_000), b.range("J", 1, 100_000));
    b.var("x", &[i, j]);
    assert_eq!(b.codes()[0].split(':').next(), Some("E0916"));
}

#[test]
fn overrides_change_sizes() {
    let mut b = Build::default();
    let three = b.num(3.0);
    let empty = b.over(&[], None);
    let n = b.param("n", &[], ParamSource::Computed { domain: empty, body: three });
    let (lo, hi) = (b.num(1.0), b.model.graph.param(n, &[]));
    let i = b.set("I", vec![ElemType::Int], SetKind::Range { lo, hi });
    b.var("x", &[i]);
    assert_eq!(b.bind().expect("it binds").n_x, 3);
    b.set = vec![("n".into(), 8.0)];
    assert_eq!(b.bind().expect("it binds").n_x, 8);
    b.set = vec![("m".into(), 8.0)];
    assert_eq!(b.codes(), ["E0532: `--set m` cannot be used: the model has no such param"]);
    b.set = vec![("n".into(), 2.5)];
    assert_eq!(b.codes(), ["E0614: the ends of a range must be integers"]);
}

#[test]
fn a_check_that_fails_shows_both_sides() {
    let mut b = Build::default();
    let i = b.range("I", 1, 3);
    let supply = b.list("supply", &[i], &[1.0, 2.0, 3.0]);
    let binder = b.binder("i", i);
    let at = b.at(binder);
    let entry = b.model.graph.param(supply, &[at]);
    let domain = b.over(&[binder], None);
    let sum = b.model.graph.reduce(ReduceOp::Sum, domain, entry);
    let ten = b.num(10.0);
    let cond = b.model.graph.call("ge", &[sum, ten]);
    b.model.checks.push(Check { at: AT, cond, message: Some("supply is short".into()) });
    let Err(reports) = b.bind() else { panic!("6 is less than 10") };
    let message = &reports.messages()[0];
    assert_eq!((message.code, message.title.as_str()), ("E0521", "supply is short"));
    assert_eq!(message.labels[0].text, "6 >= 10 does not hold");
}

#[test]
fn dependent_ranges_run_from_and_to_what_the_outer_index_says() {
    let mut b = Build::default();
    let n = b.range("N", 1, 4);
    let x = b.var("x", &[n]);
    let i = b.binder("i", n);
    let (ni, four, one) = (b.at(i), b.num(4.0), b.num(1.0));
    let next = b.model.graph.add(&[ni, one]);
    let j = b.model.binders.push(Binder { names: vec!["j".into()], at: AT, over: Over::Range { lo: next, hi: four } });
    let nj = b.at(j);
    let (xi, xj) = (b.model.graph.var(x, &[ni]), b.model.graph.var(x, &[nj]));
    let product = b.model.graph.mul(&[nj, xi, xj]);
    let domain = b.over(&[i, j], None);
    let sum = b.model.graph.reduce(ReduceOp::Sum, domain, product);
    b.minimize(sum);
    let instance = b.bind().expect("it binds");
    let family = &instance.families[FamilyId(0)];
    assert_eq!(family.count, 6);
    let at = |node: NodeId| (0..6).map(|k| family.leaves[&node].at.at(k)).collect::<Vec<_>>();
    assert_eq!(at(xi), [0, 0, 0, 1, 1, 2]);
    assert_eq!(at(xj), [1, 2, 3, 2, 3, 3]);
    let j_values: Vec<f64> = at(nj).into_iter().map(|p| instance.data[p]).collect();
    assert_eq!(j_values, [2.0, 3.0, 4.0, 3.0, 4.0, 4.0]);
}

#[test]
fn the_parts_of_a_split_are_a_partition_of_the_rows() {
    let mut b = Build::default();
    let csv: String = std::iter::once("v\n".to_owned()).chain((0..100).map(|k| format!("{k}\n"))).collect();
    let (table, rows, _) = b.table("iris", &csv, &[]);
    let mut part = |k: usize, name: &str| {
        let kind = SetKind::SplitPart { split: 0, part: k };
        let elem = vec![ElemType::Row(table)];
        b.model.sets.push(Set { name: Some(name.into()), at: AT, elem, parent: Some(rows), kind })
    };
    let (train, test) = (part(0, "train"), part(1, "test"));
    let parts = vec![("train".into(), 0.8, train), ("test".into(), 0.2, test)];
    b.model.splits.push(Split { at: AT, table, parts, seed: 7 });
    let instance = b.bind().expect("it binds");
    let rows_of = |set: SetId| {
        let set = &instance.world.sets[set];
        (0..set.len).map(|k| set.code(k, 0)).collect::<Vec<f64>>()
    };
    let (train, test) = (rows_of(train), rows_of(test));
    assert_eq!((train.len(), test.len()), (80, 20));
    let mut all = [train, test].concat();
    all.sort_by(f64::total_cmp);
    assert_eq!(all, (0..100).map(f64::from).collect::<Vec<_>>());
}

#[test]
fn distinct_values_come_in_order_of_first_appearance() {
    let mut b = Build::default();
    let (_, _, columns) = b.table("roads", "from\nulm\nbonn\nulm\nkiel\nbonn\n", &[]);
    let cities = b.set("cities", vec![ElemType::Label], SetKind::Distinct(columns[0]));
    let x = b.var("x", &[cities]);
    let instance = b.bind().expect("it binds");
    let names: Vec<String> = (0..3).filter_map(|k| instance.var_name(&b.model, k)).collect();
    assert_eq!(names, ["x[ulm]", "x[bonn]", "x[kiel]"]);
    assert_eq!(instance.world.vars[x].len, 3);
}
