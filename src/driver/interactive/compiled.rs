//! Expressions that were differentiated and compiled, and what becomes of them when a param changes.
//!
//! A compiled expression has no values of params in it: they are read from the model of their own and patched in when
//! data are bound. Other values bind the same templates again, and machine code goes with them.

use super::asked::{Asked, Axis, as_let};
use super::bench::Bench;
use crate::base::{Id, Interval, Name};
use crate::bind::Instance;
use crate::diag::codes::limit::LimitError;
use crate::diag::codes::shape::ShapeError;
use crate::diag::{Error, Reports};
use crate::driver::listing;
use crate::driver::ranges::Hulls;
use crate::driver::session::Prepared;
use crate::driver::survey::{Ranges, Survey, survey};
use crate::func;
use crate::ir::model::{ParamSource as Source, Role};
use crate::ir::{Model, Node, NodeId, ObjId, pretty};
use crate::jit::{self, Jit};
use crate::kernel::program::Program as Kernels;
use crate::kernel::{self, CompiledOracle, Mode};
use crate::pass::traits::{Traits, traits};
use crate::problem::{Oracle, Workspace};
use crate::syntax::ast::{Expr, ExprKind, ParamSource, Sense, Stmt, StmtKind};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Params with more entries keep their values in the model that is compiled.
pub(super) const MOST_PATCHED: usize = 10_000;

/// Values of params by name.
pub(super) type Values = BTreeMap<Name, Vec<f64>>;

/// An expression as an objective: templates, derivatives, kernels, machine code.
pub struct Compiled {
    /// Model, families, derivatives.
    pub prepared: Prepared,
    /// The data it is bound to.
    pub instance: Arc<Instance>,
    program: Arc<Kernels>,
    oracle: CompiledOracle,
    native: bool,
    values: Values,
}

/// A compiled expression at a point, as a function of some slots.
pub struct Function<'a> {
    oracle: &'a CompiledOracle,
    ws: Workspace,
    x: Vec<f64>,
    slots: Vec<usize>,
}

impl Function<'_> {
    /// The value where the slots hold these numbers; not a number where there is none.
    pub fn at(&mut self, values: &[f64]) -> f64 {
        for (slot, value) in self.slots.iter().zip(values) {
            self.x[*slot] = *value;
        }
        self.ws.set_point(&self.x);
        self.oracle.objective(&mut self.ws, 0).unwrap_or(f64::NAN)
    }
}

/// What is proved of an expression.
pub struct Proof {
    /// What is proved of the whole.
    pub traits: Traits,
    /// The part where nothing more is known, as text, when the curvature is not known.
    pub breaks_at: Option<String>,
}

/// First or second derivatives as text, and their values.
pub struct Derivatives {
    /// Templates, one line each.
    pub lines: Vec<String>,
    /// What is differentiated by, with the value at the point; nothing where there is none.
    pub values: Vec<(String, f64)>,
}

impl Bench {
    /// The values of the params among some statements, by a model of data alone.
    pub(super) fn param_values(&mut self, closure: &[usize]) -> Result<Values, Reports> {
        let is_value = |at: &&usize| self.program.statements()[**at].is_value;
        let roots: BTreeSet<Name> = closure
            .iter()
            .filter(is_value)
            .flat_map(|at| self.program.statements()[*at].names.iter().cloned())
            .collect();
        if roots.is_empty() {
            return Ok(Values::new());
        }
        let all = self.program.closure(&roots, true);
        let stmts: Vec<Stmt> = all.iter().map(|at| self.program.statements()[*at].stmt.clone()).collect();
        let light = self.bound(&stmts)?;
        let world = &light.instance.world;
        let value = |(id, param): (crate::ir::ParamId, &crate::ir::model::Param)| {
            let block = world.params[id];
            (param.name.clone(), (0..block.len).map(|k| world.entry(id, k)).collect())
        };
        let wanted = light.model.params.enumerate().filter(|(_, p)| roots.contains(&p.name));
        Ok(wanted.map(value).collect())
    }

    /// An expression compiled, with variables made of what `axes` name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(&mut self, asked: &Asked, axes: &[Axis]) -> Result<&mut Compiled, Reports> {
        let mut mentions = asked.mentions.clone();
        mentions.extend(axes.iter().flat_map(|a| a.entry.iter().flat_map(|e| e.mentions.iter().cloned())));
        mentions.extend(axes.iter().map(|a| a.name.clone()));
        let mut closure = self.program.closure(&mentions, false);
        let mut values = self.param_values(&closure)?;
        let patched = values.values().all(|v| v.len() <= MOST_PATCHED);
        if !patched {
            closure = self.program.closure(&mentions, true);
            values.clear();
        }
        let key = self.key(asked, axes, &closure, patched);
        if let Some(ans) = self.ans.filter(|_| mentions.contains("ans") && self.program.owner("ans").is_none()) {
            values.insert("ans".into(), vec![ans]);
        }
        for axis in axes {
            values.remove(&axis.name);
        }
        match self.compiled.shift_remove(&key) {
            Some(known) if known.values == values => {
                self.compiled.insert(key, known);
            }
            Some(mut known) => {
                self.refresh(&mut known, values)?;
                self.compiled.insert(key, known);
            }
            None => {
                let made = self.make(asked, axes, &mentions, &closure, values)?;
                self.compiled.insert(key, made);
                self.trim();
            }
        }
        self.compiled.get_mut(&key).ok_or_else(|| crate::bug!("what was compiled is not there"))
    }

    fn key(&self, asked: &Asked, axes: &[Axis], closure: &[usize], patched: bool) -> u64 {
        let mut hash = DefaultHasher::new();
        self.program.key(closure, !patched).hash(&mut hash);
        let words = crate::syntax::entry::words(&asked.text);
        words.iter().for_each(|w| asked.text[w.at.clone()].hash(&mut hash));
        asked.mentions.iter().for_each(|m| m.hash(&mut hash));
        axes.iter().for_each(|a| (&a.text, a.entry.is_some()).hash(&mut hash));
        hash.finish()
    }

    fn make(
        &mut self,
        asked: &Asked,
        axes: &[Axis],
        mentions: &BTreeSet<Name>,
        closure: &[usize],
        values: Values,
    ) -> Result<Compiled, Reports> {
        let mut stmts: Vec<Stmt> = Vec::new();
        for at in closure {
            let mut stmt = as_let(self.program.statements()[*at].stmt.clone());
            match &mut stmt.kind {
                StmtKind::Param { name, source, .. } if values.contains_key(&name.name) => {
                    let zero = stmt.exprs.push(Expr { kind: ExprKind::Number(0.0), at: name.at });
                    *source = ParamSource::Value(zero);
                }
                StmtKind::Check { .. } | StmtKind::Constraint { .. } | StmtKind::Objective { .. } => continue,
                _ => {}
            }
            stmts.push(stmt);
        }
        stmts.extend(self.ans_for(mentions));
        self.free(&mut stmts, axes.iter());
        if let Some(body) = asked.item() {
            let kind = StmtKind::Objective { sense: Sense::Minimize, name: None, body };
            stmts.push(Stmt { kind, ..asked.stmt.clone() });
        }
        let (mut model, mut reports) = self.analyse(&stmts);
        if reports.has_errors() {
            return Err(as_expression(reports));
        }
        patch(&mut model, &values);
        self.counts.differentiated += 1;
        let prepared = self.session.prepare(model);
        let instance = self.bind(&prepared.model, &prepared.plan, &prepared.derivs, &mut reports).ok_or(reports)?;
        let program = Arc::new(kernel::compile(&prepared.model, &prepared.plan, &prepared.derivs));
        let instance = Arc::new(instance);
        let oracle = oracle(&program, &instance)?;
        Ok(Compiled { prepared, instance, program, oracle, native: false, values })
    }

    /// Binds the same templates to other values of params; machine code stays where no address can have moved.
    fn refresh(&mut self, known: &mut Compiled, values: Values) -> Result<(), Reports> {
        let prepared = &mut known.prepared;
        let moved = |role: Role| role == Role::Structural;
        let changed = values.iter().filter(|(name, v)| known.values.get(*name) != Some(v));
        let names: BTreeSet<&Name> = changed.map(|(name, _)| name).collect();
        let structural = prepared.model.params.iter().any(|p| names.contains(&p.name) && moved(p.role));
        patch(&mut prepared.model, &values);
        let mut reports = Reports::new();
        let instance = self.bind(&prepared.model, &prepared.plan, &prepared.derivs, &mut reports).ok_or(reports)?;
        known.instance = Arc::new(instance);
        let mut old = std::mem::replace(&mut known.oracle, oracle(&known.program, &known.instance)?);
        known.values = values;
        known.native &= !structural && hand_over(&mut old, &mut known.oracle);
        Ok(())
    }

    /// The compiled expression as a function of `axes`, in machine code where there is some.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn function(&mut self, asked: &Asked, axes: &[Axis]) -> Result<Function<'_>, Reports> {
        let slots = self.slots_of(asked, axes)?;
        let level = self.session.setup.executor.level();
        let x = {
            self.compile(asked, axes)?;
            let Some((_, unit)) = self.compiled.last() else { crate::bug!("what was compiled is not there") };
            self.x_of(&unit.prepared.model, &unit.instance)
        };
        let mut made = 0;
        let unit = self.compile(asked, axes)?;
        if let Some(level) = level.filter(|_| !unit.native) {
            // The portable executor gives the same bits, only later.
            match Jit::new(level).and_then(|jit| jit.attach(&mut unit.oracle)) {
                Ok(_) => (unit.native, made) = (true, 1),
                Err(error) => tracing::warn!(%error, "no machine code"),
            }
        }
        self.counts.compiled += made;
        let Some((_, unit)) = self.compiled.last() else { crate::bug!("what was compiled is not there") };
        Ok(Function { oracle: &unit.oracle, ws: unit.oracle.workspace(), x, slots })
    }

    fn slots_of(&mut self, asked: &Asked, axes: &[Axis]) -> Result<Vec<usize>, Reports> {
        let unit = self.compile(asked, axes)?;
        let (model, instance) = (unit.prepared.model.clone(), Arc::clone(&unit.instance));
        let mut slots = Vec::new();
        for axis in axes {
            slots.extend(self.slots(axis, &model, &instance)?.first());
        }
        Ok(slots)
    }

    /// The kernels of an expression as Cranelift's IR or as instructions.
    ///
    /// # Errors
    /// What is wrong with it, or why there is no code.
    pub fn code(&mut self, asked: &Asked, form: jit::Text) -> Result<String, Reports> {
        let level = self.session.setup.executor.level().unwrap_or_default();
        let unit = self.compile(asked, &[])?;
        let failed = |reason: String| Reports::from(LimitError::NoMachineCode { reason });
        let mut fresh = oracle(&unit.program, &unit.instance)?;
        Jit::new(level).and_then(|jit| jit.text(&mut fresh, form)).map_err(|error| failed(error.to_string()))
    }

    /// The gradient of an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn gradient(&mut self, asked: &Asked) -> Result<Derivatives, Reports> {
        self.derivatives(asked, false)
    }

    /// The second derivatives of an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn hessian(&mut self, asked: &Asked) -> Result<Derivatives, Reports> {
        self.derivatives(asked, true)
    }

    fn derivatives(&mut self, asked: &Asked, second: bool) -> Result<Derivatives, Reports> {
        self.compile(asked, &[])?;
        let Some((_, unit)) = self.compiled.last() else { crate::bug!("what was compiled is not there") };
        let x = self.x_of(&unit.prepared.model, &unit.instance);
        let mut ws = unit.oracle.workspace();
        let full = unit.oracle.lift_point(&x);
        ws.set_point(&full);
        let n = unit.instance.shape.n_vars;
        let name = |slot: usize| unit.instance.var_name(&unit.prepared.model, slot).unwrap_or_default();
        let mut values = Vec::new();
        if second {
            let pattern = unit.oracle.hessian_pattern();
            let mut entries = vec![f64::NAN; pattern.nnz()];
            let y = vec![0.0; unit.oracle.shape().n_cons];
            if unit.oracle.hessian(&mut ws, &[1.0], &y, &mut entries).is_err() {
                entries.fill(f64::NAN);
            }
            for (at, row, col) in pattern.entries() {
                if row < n && col < n {
                    values.push((format!("{}, {}", name(row), name(col)), entries[at]));
                }
            }
        } else {
            let mut g = vec![f64::NAN; unit.oracle.shape().n_vars];
            if unit.oracle.gradient(&mut ws, &[1.0], &mut g).is_err() {
                g.fill(f64::NAN);
            }
            values.extend((0..n).map(|slot| (name(slot), g[slot])));
        }
        Ok(Derivatives { lines: templates(&unit.prepared, second), values })
    }

    /// What is proved of an expression over the bounds of its variables.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn proof(&mut self, asked: &Asked) -> Result<Proof, Reports> {
        let unit = self.compile(asked, &[])?;
        let Prepared { model, plan, .. } = &unit.prepared;
        let hulls = Hulls::new(&unit.prepared, &unit.instance);
        let Survey { objectives, .. } = survey(model, plan, &hulls);
        let zero = Traits::data(Interval::point(0.0));
        let traits = objectives.get(ObjId::new(0)).copied().flatten().unwrap_or(zero);
        let unknown = traits.curvature == func::Curvature::Unknown;
        let breaks_at = plan.families.iter().filter(|_| unknown).find_map(|f| breaking(model, &hulls, f.body));
        Ok(Proof { traits, breaks_at })
    }
}

/// What is wrong with an expression that was read as an objective, which nobody wrote.
fn as_expression(reports: Reports) -> Reports {
    let mut kept = Reports::new();
    for error in reports.iter() {
        kept.push(match error {
            Error::Shape(ShapeError::ArrayObjective { at, axes, text }) => {
                ShapeError::ArrayForNumber { at: *at, axes: axes.clone(), text: text.clone() }.into()
            }
            other => other.clone(),
        });
    }
    kept
}

/// The smallest part of unknown curvature.
fn breaking(model: &Model, hulls: &Hulls<'_>, body: NodeId) -> Option<String> {
    let mut leaf = |node: NodeId| match model.graph.node(node) {
        Node::Var { var, .. } => Traits::variable(hulls.var(*var)),
        Node::Param { param, .. } => Traits::data(hulls.param(*param)),
        Node::Index { binder, part } => Traits::data(hulls.index(*binder, *part)),
        _ => Traits::data(Interval::ALL),
    };
    let mut is_unknown = |node| traits(&model.graph, node, &mut leaf).curvature == func::Curvature::Unknown;
    if !is_unknown(body) {
        return None;
    }
    let mut node = body;
    loop {
        let mut next = None;
        model.graph.node(node).for_each_child(|child| {
            if next.is_none() && is_unknown(child) {
                next = Some(child);
            }
        });
        match next {
            Some(child) => node = child,
            None => return Some(pretty::expr(model, node)),
        }
    }
}

fn oracle(program: &Arc<Kernels>, instance: &Arc<Instance>) -> Result<CompiledOracle, Reports> {
    CompiledOracle::new(Arc::clone(program), Arc::clone(instance), Mode::Condensed)
        .map_err(|e| LimitError::TooLarge { what: "a matrix of derivatives".into(), reason: e.to_string() }.into())
}

/// Gives values to params that stand in the model without any.
fn patch(model: &mut Model, values: &Values) {
    for id in model.params.ids().collect::<Vec<_>>() {
        let Some(values) = values.get(&model.params[id].name) else { continue };
        if matches!(model.params[id].source, Source::File { .. } | Source::Column { .. }) {
            continue;
        }
        let nodes: Vec<NodeId> = values.iter().map(|v| model.graph.number(*v)).collect();
        let scalar = model.params[id].axes.is_empty();
        let domain = match &model.params[id].source {
            Source::Computed { domain, .. } if scalar => Some(*domain),
            _ => None,
        };
        model.params[id].source = match (domain, nodes.first()) {
            (Some(domain), Some(body)) => Source::Computed { domain, body: *body },
            _ => Source::List(nodes),
        };
    }
}

/// Gives the machine code of `old` to the loops of `new`, if they are the same loops.
fn hand_over(old: &mut CompiledOracle, new: &mut CompiledOracle) -> bool {
    if old.buffer_lens() != new.buffer_lens() {
        return false;
    }
    let ((_, mut from), (_, mut to)) = (old.loops_mut(), new.loops_mut());
    // Code has the forms of addresses in it, and reads as far as the loop it was made for.
    let same = from.len() == to.len() && from.iter().zip(&to).all(|(a, b)| a.is_like(b));
    if same {
        for (from, to) in from.iter_mut().zip(&mut to) {
            to.code = std::mem::take(&mut from.code);
        }
    }
    same
}

/// Derivative templates of the families of a prepared expression.
fn templates(prepared: &Prepared, second: bool) -> Vec<String> {
    let Prepared { model, plan, derivs } = prepared;
    if plan.families.len() != 1 || !plan.defs.is_empty() {
        let text = if second { listing::hessian(model, plan, derivs) } else { listing::gradient(model, plan, derivs) };
        return text.lines().map(str::to_owned).collect();
    }
    let Some((id, family)) = plan.families.enumerate().next() else { return Vec::new() };
    let derivs = &derivs.families[id];
    let input = |k: u32| pretty::expr(model, derivs.inputs[k as usize]);
    let outputs: Vec<(String, NodeId)> = if second {
        let label = |i: u32, j: u32| {
            if i == j { format!("d2/d{}^2", input(i)) } else { format!("d2/d{} d{}", input(i), input(j)) }
        };
        derivs.hess.iter().map(|(i, j, node)| (label(*i, *j), *node)).collect()
    } else {
        derivs.grad.iter().map(|(k, node)| (format!("d/d{}", input(*k)), *node)).collect()
    };
    let over = pretty::over(model, plan, family.domain);
    let mut lines = pretty::block(model, &outputs);
    if !over.is_empty() {
        lines.insert(0, format!("terms{over}:"));
    }
    lines
}
