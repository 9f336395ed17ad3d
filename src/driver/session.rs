//! One session: a model's files, what the user asked for, and the stages up to the plan.
//!
//! Takes a [`Loader`] and a [`Setup`]; gives a checked [`Model`] and a [`Prepared`] plan with
//! derivatives. Binding and solving stand in [`super::solve`].

use super::load::{self, Loaded};
use super::method_option::MethodOption;
use super::report::Timing;
use crate::base::{Name, Span};
use crate::data::{ColumnKind, Loader, Store};
use crate::diag::codes::name::NameError;
use crate::diag::{Error, Reports, Sources};
use crate::diff::{self, Derivs};
use crate::ir::{Model, Plan};
use crate::jit::{Level, Pool};
use crate::pass;
use crate::problem::{Limits, StopFlag};
use crate::sema::{self, ColumnInfo};
use crate::solve::{Given, registry};
use crate::syntax::Lost;
use crate::syntax::ast::{ParamSource, Stmt, StmtKind, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What the user asks for beside the model.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// `--set NAME=VALUE`: values of scalar params.
    pub set: Vec<(Name, f64)>,
    /// `--set METHOD.OPTION=VALUE`: in place of what the model's `solve` says of the option; a later entry in place of an earlier.
    pub options: Vec<MethodOption>,
    /// Options of whatever method runs, by name; beside others in a pipeline, a method without such an option goes without.
    pub any_options: Vec<(String, Given)>,
    /// `--data NAME=FILE`: files of tables and params, in place of those the model names.
    pub data: Vec<(Name, String)>,
    /// `--method`: in place of what the model's `solve` names.
    pub method: Option<String>,
    /// `--tol`: the `tol` option of the method.
    pub tol: Option<f64>,
    /// `--start-from`: the report of an earlier run, by the name the loader knows it by.
    pub start_from: Option<String>,
    /// Bounds of all runs together.
    pub limits: Limits,
    /// Where random numbers come from.
    pub seed: u64,
    /// Raised to end a run early.
    pub stop: StopFlag,
    /// Lowered when the first run has its first point: until then there is none that an interruption could lose.
    pub idle: Arc<AtomicBool>,
    /// What runs the kernels; results do not depend on it.
    pub executor: Executor,
    /// Most threads of an evaluation; all processors if not said. Results do not depend on it.
    pub threads: Option<usize>,
}

/// What runs the kernels of a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Executor {
    /// Machine code for this machine; where there is none, the portable executor.
    #[default]
    Native,
    /// Machine code of instructions that every machine of this kind has.
    Baseline,
    /// The portable executor.
    Portable,
}

impl Executor {
    /// The level of machine code.
    pub fn level(self) -> Option<Level> {
        match self {
            Self::Native => Some(Level::Machine),
            Self::Baseline => Some(Level::Portable),
            Self::Portable => None,
        }
    }
}

/// A session.
pub struct Session {
    /// All texts, for messages.
    pub sources: Sources,
    /// What the user asked for.
    pub setup: Setup,
    pub(super) store: Store,
    pub(super) timings: Vec<Timing>,
    /// Threads that all oracles share; there are none before the first evaluation that is long enough.
    pub(super) pool: Arc<Pool>,
    pub(super) loader: Arc<dyn Loader>,
}

/// A model with its plan and derivatives: everything that does not depend on data.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The model.
    pub model: Model,
    /// Its families.
    pub plan: Plan,
    /// Their derivatives.
    pub derivs: Derivs,
}

/// A model as far as it could be understood, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Checked {
    /// The statements of all files.
    pub stmts: Vec<Stmt>,
    /// The model; complete when the reports hold no error.
    pub model: Model,
    /// Errors and warnings.
    pub reports: Reports,
}

impl Session {
    /// A session that reads through `loader`.
    pub fn new(loader: Arc<dyn Loader>, setup: Setup) -> Self {
        let store = Store::new(Arc::clone(&loader));
        let pool = Arc::new(Pool::new(setup.threads));
        Self { sources: Sources::new(), setup, store, timings: Vec::new(), pool, loader }
    }

    /// Reads and checks the model in file `path`.
    pub fn check(&mut self, path: &str) -> Checked {
        let loader = Arc::clone(&self.loader);
        let loaded = self.timed("parse", |s| load::load(path, loader.as_ref(), &mut s.sources));
        self.check_loaded(loaded)
    }

    /// Checks a model that is in memory; `name` is what messages call it.
    pub fn check_text(&mut self, name: &str, text: &str) -> Checked {
        let loader = Arc::clone(&self.loader);
        let loaded = self.timed("parse", |s| load::load_text(name, text, loader.as_ref(), &mut s.sources));
        self.check_loaded(loaded)
    }

    /// The text of the file `path`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text(&mut self, path: &str) -> Result<Arc<str>, Reports> {
        match self.loader.read_text(path) {
            Ok(text) => {
                let text: Arc<str> = text.into();
                self.sources.add(path, text.clone());
                Ok(text)
            }
            Err(error) => Err(load::unreadable(path, &error, None).into()),
        }
    }

    /// Seconds of the stages so far, in order.
    pub fn timings(&self) -> &[Timing] {
        &self.timings
    }

    /// Families and derivatives of a checked model.
    pub fn prepare(&mut self, mut model: Model) -> Prepared {
        self.timed("differentiate", |_| {
            let mut plan = pass::normalise(&mut model);
            pass::unify(&mut model, &mut plan);
            let derivs = diff::derive(&mut model.graph, &plan);
            Prepared { model, plan, derivs }
        })
    }

    fn check_loaded(&mut self, loaded: Loaded) -> Checked {
        let Loaded { mut stmts, lost, mut reports } = loaded;
        self.redirect(&mut stmts);
        let schemas = self.timed("read headers", |s| s.schemas(&stmts, &mut reports));
        let names: Vec<Name> =
            self.setup.set.iter().map(|s| s.0.clone()).chain(self.setup.data.iter().map(|d| d.0.clone())).collect();
        let (model, found) = self.timed("check", |s| {
            sema::analyse(&sema::Inputs {
                stmts: &stmts,
                sources: &s.sources,
                schemas: &schemas,
                methods: registry::methods(),
                overrides: &names,
            })
        });
        reports.extend(without_echoes(found, &lost));
        Checked { stmts, model, reports }
    }

    /// `--data`: other files for tables and params.
    fn redirect(&self, stmts: &mut [Stmt]) {
        for stmt in stmts {
            let at = stmt.at;
            match &mut stmt.kind {
                StmtKind::Table { name, path, .. } => {
                    if let Some(file) = self.file_for(&name.name) {
                        path.text = file;
                    }
                }
                StmtKind::Param { name, source, .. } => {
                    if let Some(file) = self.file_for(&name.name) {
                        *source = ParamSource::File(Text { text: file, at });
                    }
                }
                _ => {}
            }
        }
    }

    fn file_for(&self, name: &Name) -> Option<Name> {
        self.setup.data.iter().rev().find(|(n, _)| n == name).map(|(_, file)| Name::from(file.as_str()))
    }

    /// The columns of every table; a file that cannot be read is reported and left out.
    pub(super) fn schemas(&mut self, stmts: &[Stmt], reports: &mut Reports) -> BTreeMap<Name, Vec<ColumnInfo>> {
        let mut schemas = BTreeMap::new();
        for stmt in stmts {
            let StmtKind::Table { name, path, .. } = &stmt.kind else { continue };
            let at: Span = stmt.span(path.at);
            let Some(columns) = self.store.schema(&path.text, Some(at), &mut self.sources, reports) else { continue };
            let info = |c: crate::data::ColumnSchema| ColumnInfo {
                name: c.name,
                numeric: c.kind != ColumnKind::Text,
                word: c.word,
            };
            schemas.insert(name.name.clone(), columns.into_iter().map(info).collect());
        }
        schemas
    }

    pub(super) fn timed<T>(&mut self, stage: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let begin = Instant::now();
        let result = work(self);
        self.timings.push(Timing { stage: stage.into(), seconds: begin.elapsed().as_secs_f64() });
        result
    }
}

/// Reports without those whose only cause is a statement that could not be read.
fn without_echoes(reports: Reports, lost: &[Lost]) -> Reports {
    let any = lost.iter().any(|l| l.include);
    let mut lost: BTreeSet<&Name> = lost.iter().flat_map(|l| &l.names).collect();
    // `minimize f (x - 1)^2`: the objective was to be called `f`.
    let renamed = |error| match error {
        &Error::Name(NameError::UnknownFunction { ref name, begins_objective: true, .. }) => Some(name),
        _ => None,
    };
    lost.extend(reports.iter().filter_map(renamed));
    let mut kept = Reports::new();
    for error in reports.iter() {
        let missing = error.missing_name().filter(|_| renamed(error).is_none());
        if missing.is_none_or(|name| !any && !lost.contains(name)) {
            kept.push(error.clone());
        }
    }
    kept
}
