//! Random models, compiled, say what the interpreter says; planted faults are noticed.
//!
//! `OPTC_DRAWS=20000 cargo test --release --test it random_models -- --nocapture` prints what was drawn.

use crate::support::agreement::has_slopes;
use crate::support::drawn::Made;
use crate::support::models::draw;
use optc::bind::Address;
use optc::ir::Node;
use optc::ir::plan::DefKind;
use optc::kernel::Mode;
use optc::kernel::fault::FAULTS;
use std::collections::BTreeMap;

fn draws(default: u64) -> u64 {
    std::env::var("OPTC_DRAWS").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Counts by name.
#[derive(Default)]
struct Histogram(BTreeMap<&'static str, BTreeMap<String, usize>>);

impl Histogram {
    fn count(&mut self, what: &'static str, name: impl Into<String>) {
        *self.0.entry(what).or_default().entry(name.into()).or_default() += 1;
    }

    fn model(&mut self, made: &Made) {
        let graph = &made.bound.prepared.model.graph;
        for family in made.bound.prepared.plan.families.iter() {
            let nodes = graph.reachable(&[family.body]);
            for id in &nodes {
                match graph.node(*id) {
                    Node::Call { func, .. } => self.count("nodes", optc::func::row(*func).name),
                    Node::If { .. } => self.count("nodes", "if"),
                    Node::Num(_) => self.count("nodes", "number"),
                    Node::Var { .. } => self.count("nodes", "variable"),
                    Node::Array { .. } => self.count("nodes", "defined array"),
                    Node::Slot(_) => self.count("nodes", "slot"),
                    Node::Param { .. } => self.count("nodes", "param"),
                    Node::Index { .. } => self.count("nodes", "index"),
                    _ => self.count("nodes", "other"),
                }
            }
            self.count("nodes per family", bucket(nodes.len()));
        }
        for def in &made.bound.prepared.plan.defs {
            self.count(
                "defined arrays",
                match def.kind {
                    DefKind::Sum => "sum".to_owned(),
                    DefKind::Group { op, .. } => format!("{op:?}").to_lowercase(),
                    DefKind::MatMul { .. } => "product".to_owned(),
                    DefKind::LogDet { .. } => "logdet".to_owned(),
                },
            );
        }
        for family in made.bound.instance.families.iter() {
            self.count("instances per family", bucket(family.count));
            let addresses = family.leaves.values().map(|leaf| &leaf.at).chain([&family.target]);
            for at in addresses {
                self.count(
                    "index forms",
                    match at {
                        Address::Affine { stride: 0, .. } => "one place",
                        Address::Affine { stride: 1, .. } => "next to each other",
                        Address::Affine { .. } => "evenly spaced",
                        Address::Gather(_) => "gathered",
                    },
                );
            }
        }
    }

    fn print(&self) {
        for (what, counts) in &self.0 {
            eprintln!("{what}");
            let most = counts.values().max().copied().unwrap_or(1);
            for (name, count) in counts {
                eprintln!("  {name:>20} {count:>9} {}", "#".repeat(1 + 40 * count / most));
            }
        }
    }
}

fn bucket(n: usize) -> String {
    let from = if n == 0 { 0 } else { 1usize << n.ilog2() };
    format!("{from:>6} and more")
}

/// What a model came to.
enum Outcome {
    /// It has no value at the points drawn.
    Undefined,
    /// Everything agrees; lifted, its slots may have no slopes.
    Agrees { slopes: bool },
}

fn compare(seed: u64, made: &Made, histogram: &mut Histogram) -> Result<Outcome, String> {
    let Some(reference) = made.reference(seed) else { return Ok(Outcome::Undefined) };
    let condensed = made.oracle(Mode::Auto)?;
    if condensed.is_lifted() {
        histogram.count("defined arrays", "too dense to condense");
    } else {
        made.check(&reference, &condensed)?;
        reference.points[0].check_differences(&condensed, seed)?;
    }
    let lifted = made.oracle(Mode::Lifted)?;
    if !lifted.is_lifted() {
        return Ok(Outcome::Agrees { slopes: true });
    }
    histogram.count("defined arrays", "models with any");
    made.check_lifted(&reference, &lifted)?;
    Ok(Outcome::Agrees { slopes: has_slopes(&lifted, &reference.points[0]) })
}

#[test]
fn compiled_models_agree_with_the_interpreter() {
    let mut histogram = Histogram::default();
    let (mut undefined, mut without_slope, n) = (0, 0, draws(600));
    let mut faults: Vec<String> = Vec::new();
    for seed in 0..n {
        let drawn = draw(seed);
        let outcome = Made::new(&drawn).and_then(|made| {
            histogram.model(&made);
            compare(seed, &made, &mut histogram)
        });
        match outcome {
            Ok(Outcome::Undefined) => undefined += 1,
            Ok(Outcome::Agrees { slopes }) => without_slope += u64::from(!slopes),
            Err(why) => faults.push(format!("draw {seed}: {why}\n{}\n{}", drawn.text, drawn.table)),
        }
    }
    histogram.print();
    eprintln!(
        "{n} draws, {undefined} without a value at the points drawn, {without_slope} without a slope when lifted, {} wrong",
        faults.len()
    );
    assert!(faults.is_empty(), "{} of {n}\n{}", faults.len(), faults.join("\n"));
    assert!(without_slope * 50 <= n, "too many lifted models have no slope: {without_slope} of {n}");
    assert!(undefined * 20 <= n, "too many models have no value: {undefined} of {n}");
}

/// Models at whose points the slope of a root of 0, or of a norm of zeros, meets a weight of 0 on its way through defined
/// arrays: the product counts nothing.
const STEEP: [u64; 6] = [2686, 3241, 9153, 12512, 16799, 18081];

/// A model with the sine of 8 million.
const ILL_CONDITIONED: u64 = 8352;

#[test]
fn models_that_are_steep_or_ill_conditioned_agree() {
    for seed in STEEP.into_iter().chain([ILL_CONDITIONED]) {
        let drawn = draw(seed);
        let outcome = Made::new(&drawn).and_then(|made| compare(seed, &made, &mut Histogram::default()));
        match outcome {
            Ok(Outcome::Agrees { .. }) => {}
            Ok(Outcome::Undefined) => panic!("draw {seed} has no value at the points drawn"),
            Err(why) => panic!("draw {seed}: {why}\n{}", drawn.text),
        }
    }
}

#[test]
fn planted_faults_are_found() {
    let limit = 2_000;
    let mut found: Vec<Option<(u64, String)>> = FAULTS.iter().map(|_| None).collect();
    let mut planted = vec![0; FAULTS.len()];
    for seed in 0..limit {
        if found.iter().all(Option::is_some) {
            break;
        }
        let drawn = draw(seed);
        let made = Made::new(&drawn).expect("the other test reports what cannot be made");
        let Some(reference) = made.reference(seed) else { continue };
        for (at, fault) in FAULTS.iter().enumerate().filter(|(at, _)| found[*at].is_none()).collect::<Vec<_>>() {
            let faulty = fault.oracle(&made.program, &made.bound.instance, Mode::Condensed, seed as usize);
            let Ok(Some(oracle)) = faulty else { continue };
            planted[at] += 1;
            if let Err(why) = made.check(&reference, &oracle) {
                found[at] = Some((seed, why));
            }
        }
    }
    for ((fault, found), planted) in FAULTS.iter().zip(&found).zip(&planted) {
        match found {
            Some((seed, why)) => eprintln!("{:>50}: draw {seed}, {planted} planted: {why}", fault.name),
            None => eprintln!("{:>50}: not found, {planted} planted", fault.name),
        }
    }
    assert!(found.iter().all(Option::is_some), "some planted fault was not found");
}
