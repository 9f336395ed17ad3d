//! The stages of the compiler as text: `optc emit --stage families|gradient|jacobian|hessian`.
//!
//! Takes a model with its plan and derivatives; gives lines that are the same for the same model,
//! whatever its data.

use crate::diff::{Derivs, FamilyDerivs};
use crate::ir::plan::{DefKind, Family, FamilyId, Target};
use crate::ir::pretty::{self, array_name, con_name, over};
use crate::ir::{Model, NodeId, Plan};

/// Domains, defined arrays and families.
pub fn families(model: &Model, plan: &Plan) -> String {
    let mut out = String::new();
    for def in &plan.defs {
        let name = array_name(model, def.array);
        let how = match &def.kind {
            DefKind::Sum => "sum of its families".to_string(),
            DefKind::Group { op, items } => format!("{} of {}", pretty::reduce_name(*op), array_name(model, *items)),
            DefKind::MatMul { left, right } => format!("{} * {}", array_name(model, *left), array_name(model, *right)),
            DefKind::LogDet { of } => format!("logdet({})", array_name(model, *of)),
        };
        let access = if def.dense { "by subscript" } else { "by instance" };
        line(&mut out, 0, &format!("define {name}{}: {how}, {access}", over(model, plan, def.domain)));
    }
    for (id, family) in plan.families.enumerate() {
        line(&mut out, 0, &header(model, plan, id, family));
        for text in pretty::block(model, &[(String::new(), family.body)]) {
            line(&mut out, 1, &text);
        }
    }
    out
}

/// Gradient templates of the families that add into objectives and defined arrays.
pub fn gradient(model: &Model, plan: &Plan, derivs: &Derivs) -> String {
    first_order(model, plan, derivs, |target| !matches!(target, Target::Row(_)))
}

/// Jacobian templates: gradients of the families that add into constraint rows.
pub fn jacobian(model: &Model, plan: &Plan, derivs: &Derivs) -> String {
    first_order(model, plan, derivs, |target| matches!(target, Target::Row(_)))
}

/// Hessian templates of all families, lower triangle.
pub fn hessian(model: &Model, plan: &Plan, derivs: &Derivs) -> String {
    let mut out = String::new();
    for (id, family) in plan.families.enumerate() {
        let derivs = &derivs.families[id];
        let outputs: Vec<(String, NodeId)> = derivs
            .hess
            .iter()
            .map(|(i, j, node)| {
                let (a, b) = (input(model, derivs, *i), input(model, derivs, *j));
                (if i == j { format!("d2/d{a}^2") } else { format!("d2/d{a} d{b}") }, *node)
            })
            .collect();
        entries(model, plan, id, family, &outputs, &mut out);
    }
    out
}

fn first_order(model: &Model, plan: &Plan, derivs: &Derivs, wanted: impl Fn(Target) -> bool) -> String {
    let mut out = String::new();
    for (id, family) in plan.families.enumerate().filter(|(_, f)| wanted(f.target)) {
        let derivs = &derivs.families[id];
        let outputs: Vec<(String, NodeId)> =
            derivs.grad.iter().map(|(k, node)| (format!("d/d{}", input(model, derivs, *k)), *node)).collect();
        entries(model, plan, id, family, &outputs, &mut out);
    }
    out
}

fn entries(model: &Model, plan: &Plan, id: FamilyId, family: &Family, outputs: &[(String, NodeId)], out: &mut String) {
    line(out, 0, &header(model, plan, id, family));
    if outputs.is_empty() {
        line(out, 1, "none");
    }
    for text in pretty::block(model, outputs) {
        line(out, 1, &text);
    }
}

fn input(model: &Model, derivs: &FamilyDerivs, at: u32) -> String {
    pretty::expr(model, derivs.inputs[at as usize])
}

fn header(model: &Model, plan: &Plan, id: FamilyId, family: &Family) -> String {
    let target = match family.target {
        Target::Objective(obj) => {
            let name = model.objectives[obj].name.as_deref().unwrap_or("objective");
            format!("objective {name}")
        }
        Target::Row(con) => format!("row {}", con_name(model, con)),
        Target::Array(array) => format!("array {}", array_name(model, array)),
    };
    format!("family {}: {target} +={}", id.0 + 1, over(model, plan, family.domain))
}

fn line(out: &mut String, indent: usize, text: &str) {
    out.push_str(&"  ".repeat(indent));
    out.push_str(text);
    out.push('\n');
}
