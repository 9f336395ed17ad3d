//! Calls: builtins (over numbers or elementwise over arrays), functions of arrays, multipliers.

use super::Sema;
use super::array_fns;
use super::names::{DeclKind, Entity};
use super::value::{ArrKind, Leaf, Operand, Value};
use crate::base::{Name, Span};
use crate::diag::closest;
use crate::diag::codes::class::ClassError;
use crate::diag::codes::kind::KindError;
use crate::diag::codes::name::NameError;
use crate::func::{self, Arity, Builtin, FuncId, OverArrays, Surface};
use crate::ir::{ConId, NodeId};
use crate::syntax::ast::{Arg, ExprId, ExprKind, Ident, StmtKind};
use indexmap::IndexMap;

/// The place of each argument: by position first, then by name.
pub(super) struct Placed {
    /// One per param; nothing where it was left out.
    pub values: Vec<Option<ExprId>>,
}

impl Sema<'_> {
    /// `name(args)`.
    pub(super) fn call(&mut self, name: &Ident, args: &[Arg], at: Span) -> Value {
        let name_at = self.stmt.span(name.at);
        if let Some(local) = self.locals.get(&name.name) {
            let (value, declared_at) = (local.value.clone(), local.at);
            return self.not_a_function(name, &value, declared_at, args, name_at);
        }
        if let Some(decl) = self.names.get(&name.name) {
            match decl.kind {
                DeclKind::Fn if decl.entity == Entity::Error => {
                    // It calls itself: reported at its declaration.
                    self.read_args(args);
                    return Value::Error;
                }
                DeclKind::Fn => return self.call_fn(decl.stmt, name, args),
                DeclKind::Extern => {
                    self.read_args(args);
                    return self.extern_call(name, at);
                }
                _ => {}
            }
        }
        match &*name.name {
            "dual" | "slack" => return self.result_of(name, args, at),
            "distinct" => {
                let help = Some("it makes a set: `set cities = distinct(roads.from)`".into());
                return self.misplaced(at, "`distinct`", help);
            }
            _ => {}
        }
        let row = func::lookup(&name.name).filter(|id| func::row(*id).surface == Surface::Function);
        let array_row = array_fns::find(&name.name);
        match (row, array_row) {
            (Some(id), None) => self.call_builtin(id, args, name, at),
            (id, Some(row)) => self.call_either(id, row, args, name, at),
            (None, None) => self.unknown_function(name, args, name_at),
        }
    }

    fn extern_call(&mut self, name: &Ident, at: Span) -> Value {
        self.error(ClassError::NotYetSolved {
            at,
            what: format!("the extern function `{}`", name.name),
            help: "write the function as an expression with `fn`".into(),
        })
    }

    fn unknown_function(&mut self, name: &Ident, args: &[Arg], name_at: Span) -> Value {
        if let Some(decl) = self.names.get(&name.name) {
            let declared_at = decl.at;
            let value = self.name_value(&name.name, name_at);
            return self.not_a_function(name, &value, declared_at, args, name_at);
        }
        self.read_args(args);
        let suggestion = self.suggest_function(&name.name);
        let begins_objective = match &self.stmt.kind {
            StmtKind::Objective { name: None, body, .. } => self.stmt.expr_span(*body).start == name_at.start,
            _ => false,
        };
        self.error(NameError::UnknownFunction { at: name_at, name: name.name.clone(), suggestion, begins_objective })
    }

    fn not_a_function(&mut self, name: &Ident, value: &Value, declared_at: Span, args: &[Arg], at: Span) -> Value {
        // What was meant as a subscript may be a label, which is no value.
        if !matches!(value, Value::Array(_)) {
            self.read_args(args);
        }
        if matches!(value, Value::Error) {
            return Value::Error;
        }
        let texts: Vec<String> = args.iter().map(|a| self.text_of(a.value)).collect();
        let is_array = matches!(value, Value::Array(_));
        let help =
            is_array.then(|| format!("subscripts stand in square brackets: `{}[{}]`", name.name, texts.join(", ")));
        let is_let = self.names.get(&name.name).is_some_and(|d| d.kind == DeclKind::Let);
        let help = help.or_else(|| {
            is_let.then(|| format!("`fn {0}(x) = ...` declares a function; `let` names one expression", name.name))
        });
        let found = self.describe(value);
        self.error(KindError::NotAFunction { at, name: name.name.clone(), found, declared_at, help })
    }

    /// Reads arguments whose meaning is lost, for the errors inside them.
    fn read_args(&mut self, args: &[Arg]) {
        for arg in args {
            self.expr(arg.value);
        }
    }

    /// A name that is a function of arrays and perhaps a builtin too: `max(v)`, `max(a, b)`.
    fn call_either(
        &mut self,
        id: Option<FuncId>,
        row: &array_fns::ArrayFn,
        args: &[Arg],
        name: &Ident,
        at: Span,
    ) -> Value {
        let is_array_call = args.len() == row.params().len() && args.iter().all(|a| a.name.is_none());
        if let Some(id) = id
            && !is_array_call
        {
            return self.call_builtin(id, args, name, at);
        }
        let values: Vec<(Value, Span)> =
            args.iter().map(|a| (self.expr(a.value), self.stmt.expr_span(a.value))).collect();
        if let (Some(id), [(Value::Num(node), _)]) = (id, &values[..]) {
            self.here(at);
            return Value::Num(self.model.graph.call_id(id, &[*node]));
        }
        self.call_array_fn(row, &values, at)
    }

    fn call_builtin(&mut self, id: FuncId, args: &[Arg], name: &Ident, at: Span) -> Value {
        let row = func::row(id);
        let Some(operands) = self.builtin_args(row, args, name, at) else { return Value::Error };
        self.apply(id, operands, at)
    }

    /// The arguments of a builtin in order, defaults included.
    fn builtin_args(&mut self, row: &'static Builtin, args: &[Arg], name: &Ident, at: Span) -> Option<Vec<Operand>> {
        if matches!(row.arity, Arity::AtLeast(_)) {
            return self.open_args(row, args, at);
        }
        let params: Vec<(Name, bool)> = row.params.iter().map(|p| (Name::from(p.name), p.default.is_some())).collect();
        let placed = self.place_args(&params, args, &|| row.signature(), name, None)?;
        let mut operands = Vec::with_capacity(params.len());
        let mut is_complete = true;
        for (value, param) in placed.values.iter().zip(row.params) {
            let operand = match (value, param.default) {
                (Some(id), _) => self.operand(*id),
                (None, Some(default)) => {
                    self.here(at);
                    Some(Operand::Scalar(self.model.graph.number(default)))
                }
                (None, None) => None,
            };
            is_complete &= operand.is_some();
            operands.extend(operand);
        }
        is_complete.then_some(operands)
    }

    fn open_args(&mut self, row: &'static Builtin, args: &[Arg], at: Span) -> Option<Vec<Operand>> {
        let named = args.iter().find_map(|a| a.name.clone());
        let operands: Vec<Option<Operand>> = args.iter().map(|a| self.operand(a.value)).collect();
        if let Some(named) = named {
            let named_at = self.stmt.span(named.at);
            let (signature, name) = (row.signature(), named.name);
            self.reports.push(KindError::UnknownArgument { at: named_at, name, signature, suggestion: None });
            return None;
        }
        if !row.arity.accepts(args.len()) {
            let (signature, found) = (row.signature(), args.len());
            self.reports.push(KindError::ArgumentCount { at, signature, found, declared_at: None });
            return None;
        }
        operands.into_iter().collect()
    }

    /// Puts arguments at the places of params; reported and nothing when they do not fit.
    pub(super) fn place_args(
        &mut self,
        params: &[(Name, bool)],
        args: &[Arg],
        signature: &dyn Fn() -> String,
        name: &Ident,
        declared_at: Option<Span>,
    ) -> Option<Placed> {
        let places: IndexMap<&Name, usize> = params.iter().map(|(name, _)| name).zip(0..).collect();
        let mut values: Vec<Option<ExprId>> = vec![None; params.len()];
        let mut is_good = true;
        let mut seen_name: Option<Span> = None;
        let n_positional = args.iter().filter(|a| a.name.is_none()).count();
        for (place, arg) in args.iter().enumerate() {
            let at = self.stmt.expr_span(arg.value);
            let Some(ident) = &arg.name else {
                if let Some(first_at) = seen_name {
                    self.reports.push(KindError::PositionalAfterNamed { at, first_at });
                    is_good = false;
                } else if let Some(slot) = values.get_mut(place) {
                    *slot = Some(arg.value);
                }
                continue;
            };
            let ident_at = self.stmt.span(ident.at);
            seen_name.get_or_insert(ident_at);
            match places.get(&ident.name).copied() {
                Some(param) if values[param].is_some() => {
                    let name = ident.name.clone();
                    self.reports.push(KindError::RepeatedArgument { at: ident_at, name });
                    is_good = false;
                }
                Some(param) => values[param] = Some(arg.value),
                None => {
                    let suggestion = closest(&ident.name, params.iter().map(|(n, _)| &**n)).map(Name::from);
                    let (name, signature) = (ident.name.clone(), signature());
                    self.reports.push(KindError::UnknownArgument { at: ident_at, name, signature, suggestion });
                    is_good = false;
                }
            }
        }
        let missing = values.iter().zip(params).any(|(value, (_, optional))| value.is_none() && !optional);
        if is_good && (missing || n_positional > params.len()) {
            let at = self.stmt.span(name.at);
            let error = KindError::ArgumentCount { at, signature: signature(), found: args.len(), declared_at };
            self.reports.push(error);
            is_good = false;
        }
        if !is_good {
            self.read_args(args);
        }
        is_good.then_some(Placed { values })
    }

    /// A builtin of numbers, or of arrays as its row says.
    fn apply(&mut self, id: FuncId, operands: Vec<Operand>, at: Span) -> Value {
        let row = func::row(id);
        let arrays = operands.iter().filter(|o| matches!(o, Operand::Array(_))).count();
        if arrays == 0 {
            let nodes: Vec<NodeId> = operands.iter().filter_map(|o| super::chains::scalar(*o)).collect();
            self.here(at);
            return Value::Num(self.model.graph.call_id(id, &nodes));
        }
        let Some(shape) = self.common_shape(&operands, at) else { return Value::Error };
        let mapped = self.like(shape, ArrKind::Map(id, operands), at);
        let Value::Array(arr) = mapped else { return mapped };
        let reduced = match row.over_arrays {
            OverArrays::Map => return mapped,
            OverArrays::MeanOfMap => self.mean_all(arr, at),
            OverArrays::MeanOfRowSums => self.mean_of_row_sums(arr, at),
        };
        reduced.unwrap_or(Value::Error)
    }

    /// The sum over the last axis, then the mean over the others.
    fn mean_of_row_sums(&mut self, arr: super::value::ArrId, at: Span) -> Option<Value> {
        let axes = self.arrs[arr].axes.clone();
        let (domain, subs) = self.domain_over(&axes, at);
        let body = self.entry(arr, &subs);
        self.here(at);
        let sum = self.model.graph.reduce(crate::ir::ReduceOp::Sum, domain, body);
        if axes.len() == 1 {
            return Some(Value::Num(sum));
        }
        let count = self.count_over(&axes[..axes.len() - 1], at);
        Some(Value::Num(self.model.graph.div(sum, count)))
    }

    /// `dual(c)`, `dual(c[i])`, `slack(...)`.
    fn result_of(&mut self, name: &Ident, args: &[Arg], at: Span) -> Value {
        let stmt = self.stmt;
        let [Arg { name: None, value }] = args else {
            let (signature, found) = (format!("{}(constraint)", name.name), args.len());
            return self.error(KindError::ArgumentCount { at, signature, found, declared_at: None });
        };
        let (of, subs) = match &stmt.exprs[*value].kind {
            ExprKind::Index { of, subs } => (*of, &subs[..]),
            _ => (*value, &[][..]),
        };
        let of_at = stmt.expr_span(of);
        let ExprKind::Name(con_name) = &stmt.exprs[of].kind else {
            return self.error(NameError::NotAConstraint {
                at: of_at,
                function: name.name.clone(),
                name: None,
                found: None,
                suggestion: None,
            });
        };
        let con = match self.names.get(con_name).map(|decl| (decl.entity, decl.kind)) {
            Some((Entity::Con(con), _)) => con,
            Some((Entity::Error, DeclKind::Constraint)) => return Value::Error,
            other => {
                let found = other.map(|(_, kind)| kind.words());
                let names = self.names.decls.iter().filter(|d| d.kind == DeclKind::Constraint).map(|d| &*d.name);
                let suggestion = closest(con_name, names).map(Name::from);
                let function = name.name.clone();
                return self.error(NameError::NotAConstraint {
                    at: of_at,
                    function,
                    name: Some(con_name.clone()),
                    found,
                    suggestion,
                });
            }
        };
        if !self.after_solve {
            return self.error(KindError::ResultTooEarly { at, place: "the model itself" });
        }
        self.axes_of_constraint(con);
        let leaf = if &*name.name == "dual" { Leaf::Dual(con) } else { Leaf::Slack(con) };
        if subs.is_empty() {
            return self.leaf(leaf, at);
        }
        let axes = self.axes_of(leaf);
        let declared_at = self.model.constraints[con].at;
        match self.subscripts(&axes, subs, con_name, declared_at) {
            Some(nodes) => self.leaf_at(leaf, nodes, at),
            None => Value::Error,
        }
    }

    /// The axes of a constraint's rows: those of its head, or one of tuples when it has a filter.
    fn axes_of_constraint(&mut self, con: ConId) {
        use crate::ir::model::Over;
        if self.con_axes.contains_key(&con) {
            return;
        }
        let domain = self.model.domains[self.model.constraints[con].domain].clone();
        let sets: Option<Vec<_>> = domain
            .binders
            .iter()
            .map(|b| match self.model.binders[*b].over {
                Over::Set(set) => Some(set),
                Over::Range { .. } => None,
            })
            .collect();
        let axes = match sets {
            Some(sets) if domain.filter.is_none() => sets,
            _ => vec![self.where_set(self.model.constraints[con].domain, domain.at)],
        };
        self.con_axes.insert(con, axes);
    }
}
