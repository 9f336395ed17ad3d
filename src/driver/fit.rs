//! What a fit says: parameters with standard errors and intervals, and the curve with its band.
//!
//! Takes the residuals of a bound model and a point; gives a [`FitReport`]. Statistics are those of
//! [`problem::statistics`](mod@crate::problem::statistics); the curve is read off the template of a residual `y - f(x)` and
//! evaluated by the interpreter between the points that were measured.
//! Deliberately absent: drawing, and any claim about a point that is no solution.

use super::report::{CurveReport, FitReport, ParameterReport};
use super::residuals::Residuals;
use super::solve::Bound;
use crate::base::Id;
use crate::interp::{Deps, Env, Interp, Joined, Mode, Plain, Tape, Val};
use crate::ir::{ArrayId, ConId, DomainId, Model, Node, NodeId, ParamId, SetId, TableId, VarId, pretty};
use crate::problem::statistics::COVERAGE;
use crate::problem::{Held, LeastSquares, Statistics, statistics};
use std::cell::Cell;
use std::collections::BTreeSet;

/// Two parameters whose correlation is at least this are spoken of.
const STRONG: f64 = 0.99;
/// A parameter whose error is so many times its value, 1e6 percent, is spoken of.
const HOPELESS: f64 = 1e4;
/// Matrices of at most so many parameters are part of the report.
const MOST_IN_MATRIX: usize = 100;
/// Points of the curve, and most measured points that a picture shows.
const CURVE_POINTS: usize = 120;
const MOST_POINTS: usize = 20_000;

/// What is known about the parameters at `x`; nothing when the residuals or their derivatives have no value there.
pub fn report(bound: &Bound, residuals: &Residuals, x: &[f64]) -> Option<FitReport> {
    let found = statistics(&residuals.fit, &bound.instance.shape.vars, x).ok()?;
    let name = |j: usize| bound.instance.var_name(&bound.checked, j).unwrap_or_default();
    let n = x.len();
    let vague: BTreeSet<usize> = found.undetermined.iter().flatten().copied().collect();
    let parameter = |j: usize| {
        let half = found.half_width(j);
        ParameterReport {
            name: name(j),
            estimate: x[j],
            standard_error: found.standard_errors[j],
            lower: x[j] - half,
            upper: x[j] + half,
            held: match found.held[j] {
                Held::Fixed => Some("fixed"),
                Held::Lower => Some("lower bound"),
                Held::Upper => Some("upper bound"),
                Held::Free if vague.contains(&j) => Some("undetermined"),
                Held::Free => None,
            },
        }
    };
    let few = n <= MOST_IN_MATRIX;
    Some(FitReport {
        residuals: found.n_residuals,
        free: found.n_free,
        degrees_of_freedom: found.freedom,
        residual_deviation: found.variance.sqrt(),
        coverage: COVERAGE,
        quantile: found.quantile,
        parameters: (0..n).map(parameter).collect(),
        covariance: if few { found.covariance.clone() } else { Vec::new() },
        correlation: if few { (0..n * n).map(|k| found.correlation(k / n, k % n)).collect() } else { Vec::new() },
        notes: notes(&found, &residuals.fit, x, &name),
        curve: curve(residuals, &found, x),
        residual_values: residual_values(&residuals.fit, x),
    })
}

/// What the reader should know before believing the numbers.
fn notes(found: &Statistics, fit: &LeastSquares, x: &[f64], name: &dyn Fn(usize) -> String) -> Vec<String> {
    let mut notes = Vec::new();
    let list = |js: &[usize]| {
        let names: Vec<String> = js.iter().take(6).map(|j| format!("`{}`", name(*j))).collect();
        match &names[..] {
            [all @ .., last] if !all.is_empty() && js.len() <= 6 => format!("{} and {last}", all.join(", ")),
            _ if js.len() > 6 => format!("{} and {} more", names.join(", "), js.len() - 6),
            _ => names.join(", "),
        }
    };
    for part in &found.undetermined {
        notes.push(match &part[..] {
            [one] => format!("no residual depends on `{}`: the data say nothing about it", name(*one)),
            _ => {
                format!("{} cannot be told apart: the residuals do not change along one direction of them", list(part))
            }
        });
    }
    if found.freedom <= 0 {
        let n = found.n_free;
        notes.push(format!(
            "no standard errors: {} residuals for {n} free parameters leave no degrees of freedom",
            found.n_residuals
        ));
    }
    let wide: Vec<usize> =
        (0..x.len()).filter(|&j| found.standard_errors[j] > HOPELESS * x[j].abs() && x[j] != 0.0).collect();
    if !wide.is_empty() {
        let (verb, whose) = if wide.len() == 1 { ("is", "its") } else { ("are", "their") };
        notes.push(format!("{} {verb} as good as unknown: the error is far larger than {whose} value", list(&wide)));
    }
    let held =
        |wanted: fn(Held) -> bool| -> Vec<usize> { (0..found.held.len()).filter(|j| wanted(found.held[*j])).collect() };
    let on_bound = held(|h| matches!(h, Held::Lower | Held::Upper));
    if !on_bound.is_empty() {
        let verb = if on_bound.len() == 1 { "is at its bound and has" } else { "are at their bounds and have" };
        notes
            .push(format!("{} {verb} no standard error; those of the others take the bound as known", list(&on_bound)));
    }
    if !fit.is_quadratic() {
        notes.push("standard errors of a robust fit are asymptotic (Huber 1981)".into());
    }
    let n = found.held.len();
    if n <= MOST_IN_MATRIX {
        for (i, j) in (0..n).flat_map(|i| (0..i).map(move |j| (j, i))) {
            let r = found.correlation(i, j);
            if r.abs() >= STRONG && notes.len() < 8 {
                notes.push(format!("`{}` and `{}` are strongly correlated ({r:.4})", name(i), name(j)));
            }
        }
    }
    notes
}

/// Residuals times the roots of their weights.
fn residual_values(fit: &LeastSquares, x: &[f64]) -> Vec<f64> {
    let mut workspace = fit.oracle.workspace();
    workspace.set_point(x);
    let mut r = vec![0.0; fit.n_residuals()];
    if fit.oracle.constraints(&mut workspace, &mut r).is_err() {
        return Vec::new();
    }
    for (i, r_i) in r.iter_mut().enumerate() {
        *r_i *= fit.row(i).1.sqrt();
    }
    r
}

/// A template `± (y - f(covariate))`, taken apart.
struct Shape {
    /// The rows.
    rows: ConId,
    /// Data alone, times 1 or -1.
    response: NodeId,
    sign: f64,
    /// Those with variables; their sum is `-sign f`.
    curve: Vec<NodeId>,
    /// The one leaf of data that `f` reads and that changes from row to row.
    covariate: NodeId,
}

/// The residuals as a curve over one covariate, if they are that.
fn shape(residuals: &Residuals) -> Option<Shape> {
    let model = &residuals.model;
    let rows = residuals.terms.iter().map(|t| t.rows).max_by_key(|c| residuals.fit.terms[c.index()].rows.len())?;
    let count = |c: ConId| residuals.fit.terms[c.index()].rows.len();
    if count(rows) < 2 || residuals.terms.iter().any(|t| t.rows != rows && count(t.rows) > count(rows) / 2) {
        return None;
    }
    let graph = &model.graph;
    let parts = graph.as_sum(model.constraints[rows].body)?;
    let (curve, data): (Vec<NodeId>, Vec<NodeId>) = parts.iter().partition(|p| graph.has_var(**p));
    let [response] = data[..] else { return None };
    let (response, sign) = match graph.as_product(response) {
        Some([number, rest]) if graph.as_num(*number) == Some(-1.0) => (*rest, -1.0),
        _ => (response, 1.0),
    };
    let deps = Deps::new(model);
    let changing =
        |id: &NodeId| matches!(graph.node(*id), Node::Param { .. } | Node::Index { .. }) && !deps.of(*id).is_empty();
    // The subscripts of a column change with it: only leaves that are read as numbers count.
    let mut subscripts = BTreeSet::new();
    let reachable = graph.reachable(&curve);
    for id in &reachable {
        if let Node::Param { subs, .. } | Node::Var { subs, .. } = graph.node(*id) {
            subscripts.extend(subs.iter().copied());
        }
    }
    let leaves: Vec<NodeId> = reachable.into_iter().filter(|id| changing(id) && !subscripts.contains(id)).collect();
    let [covariate] = leaves[..] else { return None };
    // A variable of its own for every row is no curve.
    let own =
        |id: &NodeId| matches!(graph.node(*id), Node::Var { .. } | Node::Reduce { .. }) && !deps.of(*id).is_empty();
    let plain = !graph.reachable(&curve).iter().any(own);
    (plain && !deps.of(response).is_empty()).then_some(Shape { rows, response, sign, curve, covariate })
}

/// Data with one param replaced by a number of choice.
struct Replaced<'a> {
    inner: &'a dyn Env,
    param: ParamId,
    value: Cell<Option<f64>>,
}

impl Env for Replaced<'_> {
    fn set_len(&self, set: SetId) -> usize {
        self.inner.set_len(set)
    }
    fn element(&self, set: SetId, position: usize, part: usize) -> Val {
        self.inner.element(set, position, part)
    }
    fn position(&self, set: SetId, element: &[Val]) -> Option<usize> {
        self.inner.position(set, element)
    }
    fn param(&self, param: ParamId, entry: usize) -> Val {
        match self.value.get() {
            Some(value) if param == self.param => Val::Num(value),
            _ => self.inner.param(param, entry),
        }
    }
    fn slot(&self, var: VarId, entry: usize) -> usize {
        self.inner.slot(var, entry)
    }
    fn label(&self, label: u32) -> String {
        self.inner.label(label)
    }
    fn row_name(&self, table: TableId, row: u32) -> String {
        self.inner.row_name(table, row)
    }
    fn array(&self, array: ArrayId, entry: usize) -> Option<f64> {
        self.inner.array(array, entry)
    }
    fn joined(&self, domain: DomainId) -> Option<&Joined> {
        self.inner.joined(domain)
    }
}

/// The fitted curve with its band, when there is one covariate.
fn curve(residuals: &Residuals, found: &Statistics, x: &[f64]) -> Option<CurveReport> {
    let shape = shape(residuals)?;
    let model = &residuals.model;
    if residuals.fit.terms[shape.rows.index()].rows.len() > MOST_POINTS {
        return None;
    }
    let param = match model.graph.node(shape.covariate) {
        Node::Param { param, .. } => Some(*param),
        _ => None,
    };
    let inner: &dyn Env = residuals.instance.world.as_ref();
    // No param has this number: nothing is replaced.
    let none = ParamId::new(model.params.len());
    let env = Replaced { inner, param: param.unwrap_or(none), value: Cell::new(None) };
    let points = measured(model, &env, &shape, x)?;
    let (lo, hi) = points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), p| (lo.min(p.0), hi.max(p.0)));
    if !(lo < hi) {
        return None;
    }
    let at: Vec<f64> = if param.is_some() {
        (0..=CURVE_POINTS).map(|k| lo + (hi - lo) * k as f64 / CURVE_POINTS as f64).collect()
    } else {
        let mut at: Vec<f64> = points.iter().map(|p| p.0).collect();
        at.sort_unstable_by(f64::total_cmp);
        at.dedup();
        at
    };
    let (values, errors) = along(model, &env, &shape, param.is_some(), &at, found, x)?;
    Some(CurveReport {
        covariate: label(model, shape.covariate),
        response: label(model, shape.response),
        x: at,
        value: values,
        half_width: errors.into_iter().map(|e| found.quantile * e).collect(),
        points,
    })
}

/// `d.x` as `x`.
fn label(model: &Model, node: NodeId) -> String {
    let text = pretty::expr(model, node);
    match model.graph.node(node) {
        Node::Param { param, .. } => {
            let name = model.params[*param].name.to_string();
            // What a column is called may have points in it.
            name.split_once('.').map_or(name.clone(), |(_, column)| column.trim_matches('"').to_string())
        }
        _ => text,
    }
}

/// Covariate and response of every row.
fn measured(model: &Model, env: &dyn Env, shape: &Shape, x: &[f64]) -> Option<Vec<(f64, f64)>> {
    let deps = Deps::new(model);
    let mut walk = Interp::new(model, env, &deps, Plain { x });
    let mut points = Vec::new();
    let each = &mut |walk: &mut Interp<'_, Plain<'_>>| {
        points.push((walk.data(shape.covariate)?, walk.data(shape.response)?));
        Ok(())
    };
    walk.for_each(model.constraints[shape.rows].domain, each).ok()?;
    Some(points)
}

/// The curve and its standard errors at these covariates.
fn along(
    model: &Model,
    env: &Replaced<'_>,
    shape: &Shape,
    replace: bool,
    at: &[f64],
    found: &Statistics,
    x: &[f64],
) -> Option<(Vec<f64>, Vec<f64>)> {
    let deps = Deps::new(model);
    let domain = model.constraints[shape.rows].domain;
    let (mut values, mut errors) = (vec![f64::NAN; at.len()], vec![f64::NAN; at.len()]);
    let mut plain = Interp::new(model, env, &deps, Plain { x });
    let mut gradient = vec![0.0; x.len()];
    let mut tape = Interp::new(model, env, &deps, Tape::new(Mode::Values, x));
    let mut done = false;
    plain
        .for_each(domain, &mut |walk| {
            // With a covariate that can be replaced, one row stands for all.
            if replace && std::mem::replace(&mut done, true) {
                return Ok(());
            }
            let here = walk.data(shape.covariate)?;
            for (k, t) in at.iter().enumerate().filter(|(_, t)| replace || **t == here) {
                if replace {
                    env.value.set(Some(*t));
                    walk.forget();
                }
                let mut sum = 0.0;
                for part in &shape.curve {
                    sum += walk.number(*part)?;
                }
                values[k] = -shape.sign * sum;
            }
            env.value.set(None);
            walk.forget();
            Ok(())
        })
        .ok()?;
    done = false;
    tape.for_each(domain, &mut |walk| {
        if replace && std::mem::replace(&mut done, true) {
            return Ok(());
        }
        let here = walk.data(shape.covariate)?;
        for (k, t) in at.iter().enumerate().filter(|(_, t)| replace || **t == here) {
            if replace {
                env.value.set(Some(*t));
                walk.forget();
            }
            gradient.fill(0.0);
            for part in &shape.curve {
                let out = walk.number(*part)?;
                walk.algebra.seed(out, 1.0);
            }
            walk.algebra.sweep(0);
            walk.algebra.take_gradient(|var, value| gradient[var as usize] += value);
            walk.algebra.truncate(0);
            walk.forget();
            errors[k] = found.error_of(&gradient);
        }
        env.value.set(None);
        walk.forget();
        Ok(())
    })
    .ok()?;
    Some((values, errors))
}
