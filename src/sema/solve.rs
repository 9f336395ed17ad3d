//! `solve` and `tune`: methods and options by name, checked against the rows of the methods.

use super::Sema;
use super::names::DeclKind;
use crate::base::{Name, Span};
use crate::diag::closest;
use crate::diag::codes::class::ClassError;
use crate::diag::codes::option::OptionError;
use crate::ir::model::{OptionValue, Solve, Stage, Tune};
use crate::problem::{MethodRow, OptionKind, OptionRow, ProblemFacts, Refusal};
use crate::syntax::ast::{Arg, ExprId, ExprKind, Ident, MethodCall, Sense, UnOp};

/// Methods the language names that are still to come: their calls are checked by name only.
struct Planned {
    name: &'static str,
    /// Whether it takes several objectives.
    many: bool,
    options: &'static [&'static str],
}

const PLANNED: &[Planned] = &[
    Planned { name: "adam", many: false, options: &["rate", "batch", "epochs", "beta1", "beta2", "epsilon", "seed"] },
    Planned { name: "sgd", many: false, options: &["rate", "batch", "epochs", "momentum", "seed"] },
    Planned { name: "nsga2", many: true, options: &["population", "generations", "seed"] },
    Planned { name: "weighted_sum", many: true, options: &["points"] },
    Planned { name: "epsilon_constraint", many: true, options: &["points"] },
];

/// Methods that tune from outside.
const TUNERS: &[Planned] = &[
    Planned { name: "grid", many: false, options: &["points"] },
    Planned { name: "random", many: false, options: &["trials", "seed"] },
    Planned { name: "bayes", many: false, options: &["trials", "seed"] },
    Planned { name: "hyperband", many: false, options: &["trials", "eta", "fidelity", "seed"] },
    Planned { name: "bohb", many: false, options: &["trials", "eta", "fidelity", "seed"] },
];

/// Shapes of a schedule, as they are called.
const SCHEDULES: &[&str] = &["constant", "cosine", "linear", "exponential"];

/// Solvers known elsewhere, and the method here that does their work.
const OTHER_SOLVERS: &[(&str, &str)] = &[
    ("ipopt", "interior_point"),
    ("knitro", "interior_point"),
    ("loqo", "interior_point"),
    ("simplex", "interior_point"),
    ("barrier", "interior_point"),
    ("ipm", "interior_point"),
    ("bfgs", "lbfgs"),
    ("l_bfgs", "lbfgs"),
    ("lbfgsb", "lbfgs"),
    ("l_bfgs_b", "lbfgs"),
];

impl Sema<'_> {
    /// `solve with a(...) then b(...)`.
    pub(super) fn solve_statement(&mut self, calls: &[MethodCall]) {
        let at = self.stmt.span(self.stmt.at);
        let mut stages = Vec::with_capacity(calls.len());
        for call in calls {
            stages.extend(self.stage(call));
        }
        if stages.len() == calls.len() {
            self.model.solves.push(Solve { at, stages });
        }
    }

    fn stage(&mut self, call: &MethodCall) -> Option<Stage> {
        let name_at = self.stmt.span(call.name.at);
        let name = &call.name.name;
        let row = self.inputs.methods.iter().copied().find(|row| *row.name == **name);
        let options = match (row, PLANNED.iter().find(|p| *p.name == **name)) {
            (Some(row), _) => self.options(call, |sema, ident, value| sema.option_of_row(row, ident, value)),
            (None, Some(planned)) => self.planned_options(call, planned),
            (None, None) => {
                let rows = self.inputs.methods.iter().map(|row| row.name);
                let near = closest(name, rows.chain(PLANNED.iter().map(|p| p.name)));
                let other = OTHER_SOLVERS.iter().find(|(word, _)| *word == name.to_lowercase()).map(|(_, ours)| *ours);
                let suggestion = other.or(near).map(str::to_owned);
                let known = self.inputs.methods.iter().map(|row| row.name).collect();
                self.reports.push(OptionError::UnknownMethod { at: name_at, name: name.clone(), suggestion, known });
                return None;
            }
        };
        Some(Stage { method: name.clone(), at: self.stmt.span(call.at), options: options? })
    }

    fn planned_options(
        &mut self,
        call: &MethodCall,
        planned: &'static Planned,
    ) -> Option<Vec<(Name, Span, OptionValue)>> {
        self.options(call, |sema, ident, value| {
            if !planned.options.contains(&&*ident.name) {
                sema.unknown_option(planned.name, ident, planned.options.iter().copied());
                return None;
            }
            sema.option_value(value)
        })
    }

    /// The options of a call, each once and by name.
    fn options(
        &mut self,
        call: &MethodCall,
        mut check: impl FnMut(&mut Self, &Ident, ExprId) -> Option<OptionValue>,
    ) -> Option<Vec<(Name, Span, OptionValue)>> {
        let mut options: Vec<(Name, Span, OptionValue)> = Vec::with_capacity(call.options.len());
        let mut is_good = true;
        for arg in &call.options {
            let value_at = self.stmt.expr_span(arg.value);
            let Some(ident) = &arg.name else {
                self.reports.push(OptionError::PositionalOption { at: value_at, method: call.name.name.clone() });
                is_good = false;
                continue;
            };
            let at = self.stmt.span(ident.at);
            if let Some((_, first_at, _)) = options.iter().find(|(name, ..)| *name == ident.name) {
                let (name, first_at) = (ident.name.clone(), *first_at);
                self.reports.push(OptionError::RepeatedOption { at, name, first_at });
                is_good = false;
                continue;
            }
            match check(self, ident, arg.value) {
                Some(value) => options.push((ident.name.clone(), at.to(value_at), value)),
                None => is_good = false,
            }
        }
        is_good.then_some(options)
    }

    fn unknown_option(&mut self, method: &str, ident: &Ident, known: impl Iterator<Item = &'static str>) {
        let known: Vec<&'static str> = known.collect();
        let suggestion = closest(&ident.name, known.iter().copied()).map(Name::from);
        let at = self.stmt.span(ident.at);
        let (method, name) = (Name::from(method), ident.name.clone());
        self.reports.push(OptionError::UnknownOption { at, method, name, suggestion, known });
    }

    fn option_of_row(&mut self, row: &MethodRow, ident: &Ident, id: ExprId) -> Option<OptionValue> {
        let Some(option) = row.options.iter().find(|option| *option.name == *ident.name) else {
            self.unknown_option(row.name, ident, row.options.iter().map(|o| o.name));
            return None;
        };
        let value = self.option_value(id)?;
        // A hyper-parameter stands for a number that tuning chooses.
        let is_hyper = matches!(&value, OptionValue::Word(word)
            if self.names.get(word).is_some_and(|d| matches!(d.kind, DeclKind::Hyper | DeclKind::Param)));
        if is_hyper || fits(option, &value) {
            return Some(value);
        }
        let at = self.stmt.expr_span(id);
        let (name, wanted) = (ident.name.clone(), wanted(option));
        self.reports.push(OptionError::BadValue { at, name, wanted, found: self.text_at(at) });
        None
    }

    /// An option's value: a number, a word, or a schedule.
    fn option_value(&mut self, id: ExprId) -> Option<OptionValue> {
        super::grow(|| self.option_value_at(id))
    }

    fn option_value_at(&mut self, id: ExprId) -> Option<OptionValue> {
        let stmt = self.stmt;
        let at = stmt.expr_span(id);
        match &stmt.exprs[id].kind {
            ExprKind::Number(value) => Some(OptionValue::Number(*value)),
            ExprKind::Unary { op: UnOp::Neg, of } => match stmt.exprs[*of].kind {
                ExprKind::Number(value) => Some(OptionValue::Number(-value)),
                _ => self.option_number(id),
            },
            ExprKind::Paren(of) => self.option_value(*of),
            ExprKind::Name(word) | ExprKind::Text(word) => Some(OptionValue::Word(word.clone())),
            ExprKind::Call { name, args } if SCHEDULES.contains(&&*name.name) => self.schedule(name, args),
            ExprKind::Call { name, .. } if super::names::is_builtin(&name.name) => self.option_number(id),
            ExprKind::Call { name, .. } => {
                let suggestion = closest(&name.name, SCHEDULES.iter().copied());
                let wanted = match suggestion {
                    Some(word) => format!("a number or a schedule; did you mean `{word}`?"),
                    None => format!("a number or one of the schedules {}", list(SCHEDULES)),
                };
                let found = self.text_at(at);
                self.reports.push(OptionError::BadValue { at, name: name.name.clone(), wanted, found });
                None
            }
            _ => self.option_number(id),
        }
    }

    /// A number computed from numbers: `2 * 10^3`.
    fn option_number(&mut self, id: ExprId) -> Option<OptionValue> {
        self.literal_number(id, "an option").map(OptionValue::Number)
    }

    fn schedule(&mut self, name: &Ident, args: &[Arg]) -> Option<OptionValue> {
        let values: Vec<Option<(Option<Name>, OptionValue)>> = args
            .iter()
            .map(|arg| Some((arg.name.as_ref().map(|n| n.name.clone()), self.option_value(arg.value)?)))
            .collect();
        let values: Vec<(Option<Name>, OptionValue)> = values.into_iter().collect::<Option<_>>()?;
        Some(OptionValue::Call(name.name.clone(), values))
    }

    /// `tune minimize target with method`.
    pub(super) fn tune_statement(&mut self, sense: Sense, target: ExprId, method: Option<&MethodCall>) {
        let at = self.stmt.span(self.stmt.at);
        let target = self.result_number(target);
        self.after_solve = false;
        let stage = match method {
            Some(call) => match self.tuner(call) {
                Some(stage) => Some(stage),
                None => return,
            },
            None => None,
        };
        if let Some(target) = target {
            self.model.tunes.push(Tune { at, sense, target, method: stage });
        }
    }

    fn tuner(&mut self, call: &MethodCall) -> Option<Stage> {
        let name = &call.name.name;
        let Some(planned) = TUNERS.iter().find(|p| *p.name == **name) else {
            let suggestion = closest(name, TUNERS.iter().map(|p| p.name)).map(str::to_owned);
            let at = self.stmt.span(call.name.at);
            let known = TUNERS.iter().map(|p| p.name).collect();
            self.reports.push(OptionError::UnknownMethod { at, name: name.clone(), suggestion, known });
            return None;
        };
        let options = self.planned_options(call, planned)?;
        Some(Stage { method: name.clone(), at: self.stmt.span(call.at), options })
    }

    /// Several objectives need methods that take several.
    pub(super) fn check_objectives(&mut self) {
        let objectives = &self.model.objectives;
        if objectives.len() < 2 {
            return;
        }
        let ats: Vec<Span> = objectives.iter().map(|o| o.at).take(2).collect();
        let (first_at, second_at) = (ats[0], ats[1]);
        let count = objectives.len();
        if self.model.solves.is_empty() {
            let at = second_at;
            self.reports.push(ClassError::SeveralObjectives { at, method: None, count, first_at, second_at: None });
            return;
        }
        let mut wrong: Vec<(Span, Option<Name>)> = Vec::new();
        for solve in &self.model.solves {
            if solve.stages.is_empty() {
                wrong.push((solve.at, None));
            }
            for stage in &solve.stages {
                if !self.takes_several(&stage.method) {
                    wrong.push((stage.at, Some(stage.method.clone())));
                }
            }
        }
        for (at, method) in wrong {
            let second_at = Some(second_at);
            self.reports.push(ClassError::SeveralObjectives { at, method, count, first_at, second_at });
        }
    }

    fn takes_several(&self, method: &Name) -> bool {
        if let Some(row) = self.inputs.methods.iter().find(|row| *row.name == **method) {
            let facts = ProblemFacts { n_objectives: 2, ..ProblemFacts::default() };
            return !matches!((row.accepts)(&facts), Err(Refusal::ManyObjectives(_)));
        }
        PLANNED.iter().any(|p| p.many && *p.name == **method)
    }
}

/// Whether a value is one the option takes.
fn fits(option: &OptionRow, value: &OptionValue) -> bool {
    match (option.kind, value) {
        (OptionKind::Real { lo, hi }, OptionValue::Number(v)) => lo <= *v && *v <= hi,
        (OptionKind::Int { lo, hi }, OptionValue::Number(v)) => v.fract() == 0.0 && lo as f64 <= *v && *v <= hi as f64,
        (OptionKind::Bool, OptionValue::Word(word)) => matches!(&**word, "true" | "false"),
        (OptionKind::Choice(words), OptionValue::Word(word)) => words.contains(&&**word),
        (OptionKind::Schedule, OptionValue::Number(v)) => *v > 0.0,
        (OptionKind::Schedule, OptionValue::Call(..)) => true,
        _ => false,
    }
}

/// What an option takes, in words.
fn wanted(option: &OptionRow) -> String {
    match option.kind {
        OptionKind::Real { lo, hi } => range_words("a number", lo, hi),
        OptionKind::Int { lo, hi } => {
            let end = |v: i64, none: i64, side: f64| if v == none { side } else { v as f64 };
            range_words("an integer", end(lo, i64::MIN, f64::NEG_INFINITY), end(hi, i64::MAX, f64::INFINITY))
        }
        OptionKind::Bool => "`true` or `false`".into(),
        OptionKind::Choice(words) => format!("one of {}", list(words)),
        OptionKind::Schedule => format!("a positive number or one of the schedules {}", list(SCHEDULES)),
    }
}

fn range_words(what: &str, lo: f64, hi: f64) -> String {
    // The largest double and the smallest positive one stand for no end and for 0.
    let (has_lo, has_hi) = (lo.is_finite() && lo > f64::MIN, hi.is_finite() && hi < f64::MAX);
    let (low, high) = (number_words(lo), number_words(hi));
    match (has_lo, has_hi) {
        (true, _) if lo > 0.0 && lo < 1e-300 => {
            if has_hi {
                format!("{what} above 0, at most {high}")
            } else {
                format!("{what} above 0")
            }
        }
        (true, true) => format!("{what} from {low} to {high}"),
        (true, false) => format!("{what} from {low} up"),
        (false, true) => format!("{what} up to {high}"),
        (false, false) => what.to_owned(),
    }
}

/// A number as one would write it: tiny and huge ones with an exponent.
fn number_words(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e9).contains(&value.abs()) { format!("{value:e}") } else { value.to_string() }
}

fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    quoted.join(", ")
}
