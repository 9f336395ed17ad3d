//! `optc emit --stage`: what each stage of the compiler makes of a model, one row a stage.

use super::listing;
use super::session::Session;
use crate::diag::Reports;
use crate::diag::codes::limit::LimitError;
use crate::jit::{self, Jit};
use crate::kernel::{self, CompiledOracle, Mode};
use crate::syntax;
use std::sync::Arc;

/// A stage that can be shown.
pub struct Stage {
    /// Its name after `--stage`.
    pub name: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// Its text for the model in a file. The same model gives the same text, whatever its data.
    pub show: fn(&mut Session, &str) -> Result<String, Reports>,
}

/// All stages, first to last.
pub const STAGES: &[Stage] = &[
    Stage { name: "tokens", doc: "words, numbers and signs with their places", show: tokens },
    Stage { name: "ast", doc: "statements as trees", show: ast },
    Stage { name: "ir", doc: "the checked model: sets, params, variables, templates", show: ir },
    Stage { name: "families", doc: "templates over their domains, and defined arrays", show: families },
    Stage { name: "gradient", doc: "first derivatives of objective and array families", show: gradient },
    Stage { name: "jacobian", doc: "first derivatives of constraint families", show: jacobian },
    Stage { name: "hessian", doc: "second derivatives of all families", show: hessian },
    Stage { name: "kernel", doc: "the kernel program", show: kernel_text },
];

/// Stages behind them whose text depends on the machine, and on the form of the data, not on its size.
pub const NATIVE: &[Stage] = &[
    Stage { name: "clif", doc: "the kernels as Cranelift IR", show: clif },
    Stage { name: "asm", doc: "the kernels as instructions of this machine", show: asm },
];

/// The stage of that name.
pub fn find(name: &str) -> Option<&'static Stage> {
    STAGES.iter().chain(NATIVE).find(|s| s.name == name)
}

fn clif(session: &mut Session, path: &str) -> Result<String, Reports> {
    native(session, path, jit::Text::Clif)
}

fn asm(session: &mut Session, path: &str) -> Result<String, Reports> {
    native(session, path, jit::Text::Asm)
}

fn native(session: &mut Session, path: &str, form: jit::Text) -> Result<String, Reports> {
    let level = session.setup.executor.level().unwrap_or_default();
    let checked = checked(session, path)?;
    session.setup.executor = super::Executor::Portable;
    let bound = session.bind(checked)?;
    let prepared = &bound.prepared;
    let program = kernel::compile(&prepared.model, &prepared.plan, &prepared.derivs);
    let failed = |reason: String| Reports::from(LimitError::NoMachineCode { reason });
    let mut oracle = CompiledOracle::new(Arc::new(program), bound.instance.clone(), Mode::Auto)
        .map_err(|error| failed(error.to_string()))?;
    Jit::new(level).and_then(|jit| jit.text(&mut oracle, form)).map_err(|error| failed(error.to_string()))
}

fn tokens(session: &mut Session, path: &str) -> Result<String, Reports> {
    session.text(path).map(|text| syntax::dump::tokens(&text))
}

fn ast(session: &mut Session, path: &str) -> Result<String, Reports> {
    let text = session.text(path)?;
    let parsed = syntax::parse(crate::base::FileId(0), &text);
    Ok(syntax::dump::ast(&parsed.stmts, &text))
}

fn ir(session: &mut Session, path: &str) -> Result<String, Reports> {
    let checked = checked(session, path)?;
    Ok(crate::ir::text::model(&checked.model))
}

fn families(session: &mut Session, path: &str) -> Result<String, Reports> {
    let prepared = prepared(session, path)?;
    Ok(listing::families(&prepared.model, &prepared.plan))
}

fn gradient(session: &mut Session, path: &str) -> Result<String, Reports> {
    let prepared = prepared(session, path)?;
    Ok(listing::gradient(&prepared.model, &prepared.plan, &prepared.derivs))
}

fn jacobian(session: &mut Session, path: &str) -> Result<String, Reports> {
    let prepared = prepared(session, path)?;
    Ok(listing::jacobian(&prepared.model, &prepared.plan, &prepared.derivs))
}

fn hessian(session: &mut Session, path: &str) -> Result<String, Reports> {
    let prepared = prepared(session, path)?;
    Ok(listing::hessian(&prepared.model, &prepared.plan, &prepared.derivs))
}

fn kernel_text(session: &mut Session, path: &str) -> Result<String, Reports> {
    let prepared = prepared(session, path)?;
    let program = kernel::compile(&prepared.model, &prepared.plan, &prepared.derivs);
    Ok(kernel::text::program(&prepared.model, &prepared.plan, &program))
}

fn checked(session: &mut Session, path: &str) -> Result<super::session::Checked, Reports> {
    let checked = session.check(path);
    if checked.reports.has_errors() { Err(checked.reports) } else { Ok(checked) }
}

fn prepared(session: &mut Session, path: &str) -> Result<super::session::Prepared, Reports> {
    let checked = checked(session, path)?;
    Ok(session.prepare(checked.model))
}
