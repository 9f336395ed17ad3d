//! `optc check`: everything wrong with a model, and whether its compiled derivatives are right.

use super::args;
use super::exit::Exit;
use super::number::{count, group};
use super::open::{Opened, open};
use super::output::{Style, print};
use super::reports::{messages_json, show_error, show_reports};
use crate::diag::Reports;
use crate::driver::derivative_check::{DerivativeCheck, compare};
use crate::driver::judge::Judge;
use crate::driver::solve::Bound;
use crate::driver::{Session, Setup};
use crate::problem::Place;
use serde_json::json;
use std::sync::Arc;

/// Points around the start at which derivatives are compared.
const POINTS: usize = 3;
/// Most disagreements shown.
const SHOWN: usize = 10;

/// Checks a model.
pub fn run(args: &args::Check, out: Style, err: Style) -> Exit {
    let Opened { mut session, path } = match open(&args.input, Setup::default()) {
        Ok(opened) => opened,
        Err(error) => return show_error(error, err),
    };
    let (reports, bound) = examine(&mut session, &path);
    let derivatives = bound.as_ref().map(|bound| (compare_derivatives(bound), bound));
    if args.json {
        print(&as_json(&session, &reports, derivatives.as_ref()));
    } else {
        show_reports(&reports, &session.sources, err);
        if let Some((check, bound)) = &derivatives {
            print(&describe(&path, check, bound, out));
        }
    }
    match &derivatives {
        None => Exit::of_errors(&reports),
        Some((check, _)) if check.holds() => Exit::Solved,
        Some(_) => Exit::Numerical,
    }
}

fn examine(session: &mut Session, path: &str) -> (Reports, Option<Bound>) {
    let checked = session.check(path);
    if checked.reports.has_errors() {
        return (checked.reports, None);
    }
    match session.bind(checked) {
        Ok(bound) => (bound.reports.clone(), Some(bound)),
        Err(reports) => (reports, None),
    }
}

fn compare_derivatives(bound: &Bound) -> DerivativeCheck {
    let judge = Judge::new(Arc::clone(&bound.checked), bound.instance.world.clone(), bound.instance.shape.clone());
    compare(bound.oracle.as_ref(), &judge, POINTS, 0)
}

fn describe(path: &str, check: &DerivativeCheck, bound: &Bound, style: Style) -> String {
    let facts = &bound.facts;
    let sizes = format!("{}, {}", count(facts.n_vars, "variable"), count(facts.n_cons, "constraint"));
    let mut text = format!("{path}: {} ({}, {sizes})\n", style.green("no errors"), facts.class_name());
    if check.n_points == 0 {
        text += "derivatives: not compared, because some function has no value near the start\n";
        return text;
    }
    let work = format!(
        "at {}: {} entries against the interpreter, {} directions against differences",
        count(check.n_points, "point"),
        group(check.n_entries),
        group(check.n_differences)
    );
    if check.holds() {
        return text + &format!("derivatives: {} {work}\n", style.green("agree"));
    }
    text += &format!("derivatives: {} {work}\n", style.red("disagree"));
    for mismatch in check.mismatches.iter().take(SHOWN) {
        let place = place_name(bound, mismatch.place);
        let (compiled, other) = (mismatch.compiled, mismatch.other);
        text += &format!("  {place}: compiled {compiled:e}, {} {other:e}\n", mismatch.against);
    }
    text + "this is a bug in optc; please report it with the model\n"
}

fn place_name(bound: &Bound, place: Place) -> String {
    let var = |j: u32| bound.instance.var_name(&bound.checked, j as usize).unwrap_or_else(|| format!("variable {j}"));
    let row = |i: u32| bound.instance.row_name(&bound.checked, i as usize).unwrap_or_else(|| format!("row {i}"));
    match place {
        Place::Objective(k) => format!("objective {}", k + 1),
        Place::Constraint(i) => row(i),
        Place::Gradient(j) => format!("d objective / d {}", var(j)),
        Place::Jacobian { row: i, var: j } => format!("d {} / d {}", row(i), var(j)),
        Place::Hessian { row: i, col: j } => format!("d2 Lagrangian / d {} d {}", var(i), var(j)),
    }
}

fn as_json(session: &Session, reports: &Reports, derivatives: Option<&(DerivativeCheck, &Bound)>) -> String {
    let derivatives = derivatives.map(|(check, bound)| {
        let mismatch = |m: &crate::driver::derivative_check::Mismatch| {
            json!({"place": place_name(bound, m.place), "compiled": m.compiled, "other": m.other, "against": m.against})
        };
        json!({
            "points": check.n_points,
            "entries": check.n_entries,
            "differences": check.n_differences,
            "agree": check.holds(),
            "mismatches": check.mismatches.iter().map(mismatch).collect::<Vec<_>>(),
        })
    });
    let document = json!({
        "optc_check": 1,
        "messages": messages_json(reports, &session.sources),
        "derivatives": derivatives,
    });
    format!("{document:#}\n")
}
