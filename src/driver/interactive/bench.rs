//! The bench: statements, point, results, and the way back.

use super::asked::alone;
use super::compiled::Compiled;
use super::program::{Program, Statement};
use super::solving::Whole;
use crate::base::{FileId, Id, Name, limits};
use crate::bind::{self, Instance};
use crate::diag::codes::class::ClassError;
use crate::diag::{Error, Reports, Severity};
use crate::diff::{Derivs, FamilyDerivs};
use crate::driver::report::Report;
use crate::driver::session::Checked;
use crate::driver::{Session, load};
use crate::ir::{Model, Plan};
use crate::pass;
use crate::sema;
use crate::solve::registry;
use crate::syntax;
use crate::syntax::ast::{Stmt, StmtKind};
use crate::syntax::entry::{self, WordKind};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Values of variables that were set or found, row-major over their axes; others stand at their start.
pub type Point = BTreeMap<Name, Vec<f64>>;

/// What was done so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Statements read by `sema`.
    pub checked: usize,
    /// Times that data were bound.
    pub bound: usize,
    /// Expressions brought into families and differentiated.
    pub differentiated: usize,
    /// Expressions compiled to machine code.
    pub compiled: usize,
}

/// What a text is, by its first words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Enter {
    /// No word.
    Nothing,
    /// Statements, or named constraints.
    Statement,
    /// An expression.
    Expression,
    /// `i in I: body`.
    Indexed,
    /// `name = …`, which says nothing.
    Assignment(Name),
}

impl Enter {
    /// What one statement or expression is.
    pub fn of(text: &str) -> Self {
        let words: Vec<_> = entry::words(text).into_iter().filter(|w| w.kind != WordKind::Comment).collect();
        if words.is_empty() {
            return Self::Nothing;
        }
        if entry::begins_statement(text) {
            return Self::Statement;
        }
        let (mut depth, mut has_in) = (0_usize, false);
        for (at, word) in words.iter().enumerate() {
            match word.kind {
                WordKind::Opener => depth += 1,
                WordKind::Closer => depth = depth.saturating_sub(1),
                WordKind::In if depth == 0 => has_in = true,
                WordKind::Equals if depth == 0 && words[0].kind == WordKind::Name && !has_in => {
                    let plain = at == 1 || words[1].kind == WordKind::Opener && words[at - 1].kind == WordKind::Closer;
                    if plain {
                        return Self::Assignment(Name::from(&text[words[0].at.clone()]));
                    }
                }
                WordKind::Colon if depth == 0 => return if has_in { Self::Indexed } else { Self::Statement },
                _ => {}
            }
        }
        if entry::means_statement(text) { Self::Statement } else { Self::Expression }
    }
}

/// What became of statements.
#[derive(Debug, Default)]
pub struct Entered {
    /// Names that stood for something else before.
    pub replaced: Vec<Name>,
    /// Names declared by statements that depend on those.
    pub dependents: Vec<Name>,
    /// What is to be done now and not kept: `solve`, `show`, `expect`.
    pub now: Vec<Stmt>,
    /// How many objectives there are now, when one is new.
    pub n_objectives: usize,
    /// Warnings.
    pub warnings: Reports,
}

/// A model that grows line by line.
pub struct Bench {
    /// Texts, data files, limits.
    pub session: Session,
    pub(super) program: Program,
    pub(super) point: Point,
    /// By what they are made of, the one used last at the end.
    pub(super) compiled: IndexMap<u64, Compiled>,
    pub(super) counts: Counts,
    /// The value of the last expression, if it is a number.
    pub(super) ans: Option<f64>,
    pub(super) past: Vec<(Program, Point)>,
    pub(super) result: Option<Report>,
    /// The whole model as it was bound to be solved last.
    pub(super) whole: Option<Whole>,
    n_entries: usize,
}

/// A model bound without derivatives, ready for the interpreter.
pub(super) struct Light {
    pub model: Model,
    pub instance: Instance,
}

impl Bench {
    /// An empty model.
    pub fn new(session: Session) -> Self {
        Self {
            session,
            program: Program::default(),
            point: Point::default(),
            compiled: IndexMap::new(),
            counts: Counts::default(),
            ans: None,
            past: Vec::new(),
            result: None,
            whole: None,
            n_entries: 0,
        }
    }

    /// The statements.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The variables that do not stand at their start.
    pub fn point(&self) -> &Point {
        &self.point
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The report of the last solve, until a statement changes.
    pub fn result(&self) -> Option<&Report> {
        self.result.as_ref()
    }

    /// The value that `ans` stands for from now on.
    pub fn remember(&mut self, value: f64) {
        self.ans = Some(value);
    }

    /// A text to which messages can point.
    pub fn add_source(&mut self, text: &str) -> FileId {
        self.n_entries += 1;
        self.session.sources.add(format!("input {}", self.n_entries), text)
    }

    /// Enters the statements in a part of a text; nothing changes when one of them, or one that depends on them, is
    /// wrong.
    ///
    /// # Errors
    /// What is wrong.
    pub fn enter(&mut self, file: FileId, text: &str, at: Range<usize>) -> Result<Entered, Reports> {
        let parsed = syntax::parse_entry(file, &alone(text, at));
        if parsed.reports.has_errors() {
            return Err(parsed.reports);
        }
        let (mut keep, mut now) = (Vec::new(), Vec::new());
        for stmt in parsed.stmts {
            match &stmt.kind {
                StmtKind::SubjectTo => {}
                StmtKind::Solve { .. } | StmtKind::Show { .. } | StmtKind::Expect { .. } => now.push(stmt),
                StmtKind::Include { path } => {
                    let path = path.text.to_string();
                    keep.extend(self.read(&path)?);
                }
                _ => keep.push(stmt),
            }
        }
        let mut entered = self.commit(keep)?;
        entered.now = now;
        let mut warnings = parsed.reports;
        warnings.extend(entered.warnings);
        entered.warnings = warnings;
        Ok(entered)
    }

    /// Enters all statements of a file and of those it includes.
    ///
    /// # Errors
    /// What is wrong.
    pub fn load(&mut self, path: &str) -> Result<Entered, Reports> {
        let stmts = self.read(path)?;
        self.commit(stmts)
    }

    fn read(&mut self, path: &str) -> Result<Vec<Stmt>, Reports> {
        let loader = self.session.store.loader().clone();
        let loaded = load::load(path, loader.as_ref(), &mut self.session.sources);
        if loaded.reports.has_errors() {
            return Err(loaded.reports);
        }
        Ok(loaded.stmts.into_iter().filter(|s| s.kind != StmtKind::SubjectTo).collect())
    }

    fn commit(&mut self, stmts: Vec<Stmt>) -> Result<Entered, Reports> {
        if stmts.is_empty() {
            return Ok(Entered::default());
        }
        let new: Vec<Statement> = stmts.into_iter().map(|s| Statement::new(s, &self.session.sources)).collect();
        let adds = new.iter().any(|s| matches!(s.stmt.kind, StmtKind::Objective { .. }));
        let files: BTreeSet<FileId> = new.iter().map(|s| s.stmt.file).collect();
        let names: BTreeSet<Name> = new.iter().flat_map(|s| s.names.iter().cloned()).collect();
        let (program, replaced) = self.program.with(new);
        let affected: BTreeSet<usize> = program
            .dependents(&names)
            .into_iter()
            .chain(
                program.statements().iter().enumerate().filter(|(_, s)| files.contains(&s.stmt.file)).map(|(at, _)| at),
            )
            .collect();
        let mut warnings = self.examine(&program, &affected)?;
        warnings = in_files(&warnings, &files);
        let declared = affected.iter().flat_map(|at| program.statements()[*at].names.iter().cloned());
        let dependents = declared.filter(|n| !names.contains(n)).collect();
        self.past.push((std::mem::replace(&mut self.program, program), self.point.clone()));
        self.point.retain(|name, _| !names.contains(name));
        self.result = None;
        let dependents = if replaced.is_empty() { Vec::new() } else { dependents };
        let n_objectives = if adds { self.n_objectives() } else { 0 };
        Ok(Entered { replaced, dependents, now: Vec::new(), n_objectives, warnings })
    }

    fn n_objectives(&self) -> usize {
        self.program.statements().iter().filter(|s| matches!(s.stmt.kind, StmtKind::Objective { .. })).count()
    }

    /// Checks statements together with what they need, and binds their data.
    fn examine(&mut self, program: &Program, affected: &BTreeSet<usize>) -> Result<Reports, Reports> {
        let statements = program.statements();
        let wanted = affected.iter().flat_map(|at| statements[*at].mentions.iter().chain(&statements[*at].names));
        let closure = program.closure(&wanted.cloned().collect(), true);
        let all: BTreeSet<usize> = closure.into_iter().chain(affected.iter().copied()).collect();
        let stmts: Vec<Stmt> = all.iter().map(|at| statements[*at].stmt.clone()).collect();
        let (model, reports) = self.analyse(&stmts);
        let mut reports = without_several(reports);
        if reports.has_errors() || self.light(model, &mut reports).is_none() {
            return Err(reports);
        }
        Ok(reports)
    }

    /// Takes the statement that declares `name` away.
    ///
    /// # Errors
    /// When others depend on it.
    pub fn drop_name(&mut self, name: &str) -> Result<bool, Reports> {
        let Some(gone) = self.program.owner(name).cloned() else { return Ok(false) };
        let program = self.program.without(name);
        let names = gone.names.iter().cloned().collect();
        let affected: BTreeSet<usize> = program.dependents(&names).into_iter().collect();
        if !affected.is_empty() {
            self.examine(&program, &affected)?;
        }
        self.past.push((std::mem::replace(&mut self.program, program), self.point.clone()));
        self.point.retain(|n, _| !gone.names.contains(n));
        self.result = None;
        Ok(true)
    }

    /// Forgets all statements.
    pub fn clear(&mut self) {
        let before = (std::mem::take(&mut self.program), std::mem::take(&mut self.point));
        self.past.push(before);
        self.result = None;
    }

    /// Undoes the last change of statements or point; `false` when there was none.
    pub fn undo(&mut self) -> bool {
        let Some((program, point)) = self.past.pop() else { return false };
        (self.program, self.point) = (program, point);
        self.result = None;
        true
    }

    /// How many changes can be undone.
    pub fn changes(&self) -> usize {
        self.past.len()
    }

    /// Moves entries of variables.
    ///
    /// # Errors
    /// What is wrong with the statements behind the variables.
    pub fn move_to(&mut self, moves: Vec<(Name, usize, f64)>) -> Result<(), Reports> {
        let mut point = self.point.clone();
        for (name, entry, value) in moves {
            if !point.contains_key(&name) {
                let now = self.values_of(&name)?;
                point.insert(name.clone(), now);
            }
            if let Some(slot) = point.get_mut(&name).and_then(|values| values.get_mut(entry)) {
                *slot = value;
            }
        }
        self.past.push((self.program.clone(), std::mem::replace(&mut self.point, point)));
        self.result = None;
        Ok(())
    }

    /// The values of a variable at the current point.
    ///
    /// # Errors
    /// What is wrong with the statements behind it.
    pub fn values_of(&mut self, name: &Name) -> Result<Vec<f64>, Reports> {
        let closure = self.program.closure(&BTreeSet::from([name.clone()]), true);
        let stmts: Vec<Stmt> = closure.iter().map(|at| self.program.statements()[*at].stmt.clone()).collect();
        let light = self.bound(&stmts)?;
        let x = self.x_of(&light.model, &light.instance);
        let block = light.model.vars.enumerate().find(|(_, v)| v.name == *name);
        let block = block.map(|(id, _)| light.instance.world.vars[id]).unwrap_or_default();
        Ok(x[block.offset..block.offset + block.len].to_vec())
    }

    /// The whole model, bound and surveyed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn whole(&mut self) -> Result<crate::driver::solve::Bound, Reports> {
        let stmts: Vec<Stmt> = self.program.statements().iter().map(|s| s.stmt.clone()).collect();
        let (model, reports) = self.analyse(&stmts);
        if reports.has_errors() {
            return Err(reports);
        }
        self.session.bind(Checked { stmts, model, reports })
    }

    /// `sema` on some statements.
    pub(super) fn analyse(&mut self, stmts: &[Stmt]) -> (Model, Reports) {
        let mut reports = Reports::new();
        let schemas = self.session.schemas(stmts, &mut reports);
        self.counts.checked += stmts.len();
        let (model, found) = sema::analyse(&sema::Inputs {
            stmts,
            sources: &self.session.sources,
            schemas: &schemas,
            methods: registry::methods(),
            overrides: &[],
        });
        reports.extend(found);
        (model, reports)
    }

    /// Checks and binds some statements for the interpreter.
    pub(super) fn bound(&mut self, stmts: &[Stmt]) -> Result<Light, Reports> {
        let (model, mut reports) = self.analyse(stmts);
        if reports.has_errors() {
            return Err(reports);
        }
        self.light(model, &mut reports).ok_or(reports)
    }

    /// Binds a checked model without derivatives.
    pub(super) fn light(&mut self, model: Model, reports: &mut Reports) -> Option<Light> {
        let mut planned = model.clone();
        let mut plan = pass::normalise(&mut planned);
        pass::unify(&mut planned, &mut plan);
        let derivs = Derivs { families: plan.families.iter().map(|_| FamilyDerivs::default()).collect() };
        let instance = self.bind(&planned, &plan, &derivs, reports)?;
        instance.world.list_joins(&model);
        Some(Light { model, instance })
    }

    pub(super) fn bind(
        &mut self,
        model: &Model,
        plan: &Plan,
        derivs: &Derivs,
        reports: &mut Reports,
    ) -> Option<Instance> {
        self.counts.bound += 1;
        let leaves = derivs.leaves(&model.graph, plan);
        let inputs = bind::Inputs {
            store: &mut self.session.store,
            sources: &mut self.session.sources,
            set: &[],
            seed: self.session.setup.seed,
            max_bytes: self.session.setup.limits.bytes.unwrap_or(limits::MAX_BIND_BYTES),
        };
        bind::bind(model, plan, &leaves, inputs, reports)
    }

    /// The current point in the variables of a bound model.
    pub(super) fn x_of(&self, model: &Model, instance: &Instance) -> Vec<f64> {
        let mut x = instance.shape.start.clone();
        for (id, var) in model.vars.enumerate() {
            let block = instance.world.vars[id];
            if let Some(values) = self.point.get(&var.name).filter(|v| v.len() == block.len) {
                x[block.offset..block.offset + block.len].copy_from_slice(values);
            }
        }
        x
    }

    /// Multipliers of the last solve for the rows of a bound model; empty without one.
    pub(super) fn multipliers(&self, model: &Model, instance: &Instance) -> Vec<f64> {
        let Some(report) = &self.result else { return Vec::new() };
        let mut y = vec![f64::NAN; instance.shape.n_cons];
        for (id, constraint) in model.constraints.enumerate() {
            let first = instance.rows[id.index()];
            let known = constraint.name.as_ref().and_then(|n| report.constraints.iter().find(|c| c.name == **n));
            // A price is the negated multiplier of a problem that is minimised, which a model without objective is.
            for (k, price) in known.iter().flat_map(|c| c.duals.iter().enumerate()) {
                if let Some(slot) = y.get_mut(first + k) {
                    *slot = -price;
                }
            }
        }
        y
    }

    /// Forgets what was compiled and not used for long.
    pub(super) fn trim(&mut self) {
        const KEPT: usize = 64;
        while self.compiled.len() > KEPT {
            self.compiled.shift_remove_index(0);
        }
    }
}

/// Reports without the one that a solve would need a method for several objectives: nobody solves yet.
fn without_several(reports: Reports) -> Reports {
    let mut kept = Reports::new();
    let several = |e: &&Error| matches!(e, Error::Class(ClassError::SeveralObjectives { .. }));
    reports.iter().filter(|e| !several(e)).for_each(|e| kept.push(e.clone()));
    kept
}

/// Warnings that speak of these files.
fn in_files(reports: &Reports, files: &BTreeSet<FileId>) -> Reports {
    let mut kept = Reports::new();
    for error in reports.iter() {
        let message = error.message();
        let here = message.primary_span().is_none_or(|span| files.contains(&span.file));
        if here && message.severity == Severity::Warning {
            kept.push(error.clone());
        }
    }
    kept
}
