//! A checked model as text: `optc emit --stage ir`.
//!
//! Close to the language, but with everything decided: axes, roles, normal forms, bounds. Stable: the
//! same model gives the same text.

use super::graph::Node;
use super::model::{
    Array, ArrayKind, Constraint, Domain, Expected, Initialiser, Key, OptionValue, Over, Param, ParamSource, Role, Set,
    SetKind, Stage, Start, Var, VarType,
};
use super::pretty::{array_name, binder_names, block, con_name, expr, set_name};
use super::{DomainId, Model, NodeId, SetId};
use crate::syntax::ast::Sense;
use std::fmt::Write;

/// Elements and entries beyond these are counted, not listed.
const MOST_LISTED: usize = 12;

/// The whole model.
pub fn model(model: &Model) -> String {
    let mut out = Printer { model, text: String::new() };
    out.sets();
    for param in model.params.iter() {
        out.param(param);
    }
    for var in model.vars.iter() {
        out.var(var);
    }
    for (id, array) in model.arrays.enumerate() {
        out.array(&array_name(model, id), array);
    }
    for objective in model.objectives.iter() {
        let name = objective.name.as_deref().unwrap_or("objective");
        out.body(&format!("{} {name}", sense(objective.sense)), &[(String::new(), objective.body)]);
    }
    for (id, con) in model.constraints.enumerate() {
        out.constraint(&con_name(model, id), con);
    }
    out.rest();
    out.text
}

struct Printer<'m> {
    model: &'m Model,
    text: String,
}

impl Printer<'_> {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}");
    }

    /// A headline and the lines of its templates below it; one short template stands beside it.
    fn body(&mut self, head: &str, outputs: &[(String, NodeId)]) {
        let lines = block(self.model, outputs);
        match &lines[..] {
            [] => self.line(head),
            [one] => self.line(&format!("{head}: {one}")),
            _ => {
                self.line(&format!("{head}:"));
                for line in lines {
                    self.line(&format!("  {line}"));
                }
            }
        }
    }

    fn sets(&mut self) {
        for table in self.model.tables.iter() {
            let key: Vec<&str> = table.key.iter().map(|k| &*table.columns[*k].name).collect();
            let key = if key.is_empty() { String::new() } else { format!(" key ({})", key.join(", ")) };
            self.line(&format!("table {} from \"{}\"{key}", table.name, table.path));
        }
        for (id, set) in self.model.sets.enumerate() {
            // Ranges without a name are written where they are used.
            let is_plain = set.name.is_none() && matches!(set.kind, SetKind::Range { .. });
            if !is_plain && !matches!(set.kind, SetKind::Rows(_)) {
                let text = self.set(set);
                let part = set.parent.map_or_else(String::new, |p| format!(" part of {}", set_name(self.model, p)));
                self.line(&format!("set {}{part} = {text}", set_name(self.model, id)));
            }
        }
        for split in &self.model.splits {
            let parts: Vec<String> = split.parts.iter().map(|(name, share, _)| format!("{name} {share}")).collect();
            let table = &self.model.tables[split.table].name;
            self.line(&format!("split {table} into {} seed {}", parts.join(", "), split.seed));
        }
    }

    fn set(&self, set: &Set) -> String {
        let list = |items: Vec<String>, total: usize| {
            let more = if total > items.len() { format!(", … {total} in all") } else { String::new() };
            format!("{{{}{more}}}", items.join(", "))
        };
        match &set.kind {
            SetKind::Labels(labels) => {
                let shown = labels.iter().take(MOST_LISTED).map(|l| self.key(&Key::Label(*l)));
                list(shown.collect(), labels.len())
            }
            SetKind::Ints(ints) => list(ints.iter().take(MOST_LISTED).map(i64::to_string).collect(), ints.len()),
            SetKind::Tuples(tuples) => {
                list(tuples.iter().take(MOST_LISTED).map(|t| self.element(t)).collect(), tuples.len())
            }
            SetKind::Range { lo, hi } => format!("{}..{}", expr(self.model, *lo), expr(self.model, *hi)),
            SetKind::Where(domain) => format!("{{{}}}", self.head(&self.model.domains[*domain])),
            SetKind::Rows(table) => format!("rows of {}", self.model.tables[*table].name),
            SetKind::Distinct(param) => format!("distinct({})", self.model.params[*param].name),
            SetKind::SplitPart { split, part } => {
                format!("part {} of the split of {}", part + 1, self.model.tables[self.model.splits[*split].table].name)
            }
            SetKind::Empty => "nothing".into(),
        }
    }

    fn key(&self, key: &Key) -> String {
        match key {
            Key::Int(value) => value.to_string(),
            Key::Label(label) => format!("\"{}\"", self.model.graph.label_name(*label)),
        }
    }

    fn element(&self, key: &[Key]) -> String {
        let parts: Vec<String> = key.iter().map(|k| self.key(k)).collect();
        if let [one] = &parts[..] { one.clone() } else { format!("({})", parts.join(", ")) }
    }

    /// `i in plants, j in 1..i if ...`.
    fn head(&self, domain: &Domain) -> String {
        let binders: Vec<String> = domain
            .binders
            .iter()
            .map(|b| {
                let set = match self.model.binders[*b].over {
                    Over::Set(set) => set_name(self.model, set),
                    Over::Range { lo, hi } => format!("{}..{}", expr(self.model, lo), expr(self.model, hi)),
                };
                format!("{} in {set}", binder_names(self.model, *b))
            })
            .collect();
        let filter = domain.filter.map_or_else(String::new, |f| format!(" if {}", expr(self.model, f)));
        format!("{}{filter}", binders.join(", "))
    }

    /// `[i in plants]`, or nothing for a scalar.
    fn over(&self, domain: DomainId) -> String {
        let domain = &self.model.domains[domain];
        if domain.binders.is_empty() { String::new() } else { format!("[{}]", self.head(domain)) }
    }

    fn axes(&self, axes: &[SetId]) -> String {
        let names: Vec<String> = axes.iter().map(|a| set_name(self.model, *a)).collect();
        if names.is_empty() { String::new() } else { format!("[{}]", names.join(", ")) }
    }

    fn param(&mut self, param: &Param) {
        let word = match (param.labels, param.role) {
            (true, _) => "labels",
            (false, Role::Structural) => "structural param",
            (false, Role::Numeric) => "param",
        };
        let (name, axes) = (&param.name, self.axes(&param.axes));
        match &param.source {
            ParamSource::Computed { domain, body } => {
                let over = self.over(*domain);
                self.body(&format!("{word} {name}{over}"), &[(String::new(), *body)]);
            }
            ParamSource::Map(entries) => {
                let shown: Vec<String> = entries
                    .iter()
                    .take(MOST_LISTED)
                    .map(|(key, value, _)| format!("{}: {}", self.element(key), expr(self.model, *value)))
                    .collect();
                let more =
                    if entries.len() > MOST_LISTED { format!(", … {} in all", entries.len()) } else { String::new() };
                self.line(&format!("{word} {name}{axes}: {{{}{more}}}", shown.join(", ")));
            }
            ParamSource::List(nodes) => {
                let shown: Vec<String> = nodes.iter().take(MOST_LISTED).map(|n| expr(self.model, *n)).collect();
                let more =
                    if nodes.len() > MOST_LISTED { format!(", … {} in all", nodes.len()) } else { String::new() };
                self.line(&format!("{word} {name}{axes}: [{}{more}]", shown.join(", ")));
            }
            ParamSource::File { path, .. } => self.line(&format!("{word} {name}{axes} from \"{path}\"")),
            ParamSource::Column { .. } => self.line(&format!("{word} {name}{axes} from its column")),
            ParamSource::Missing => self.line(&format!("{word} {name}{axes} from outside")),
        }
    }

    fn var(&mut self, var: &Var) {
        let ty = match var.ty {
            VarType::Real => "",
            VarType::Int => ": int",
            VarType::Bool => ": bool",
        };
        let mut parts = Vec::new();
        parts.extend(var.lower.map(|node| ("at least".to_owned(), node)));
        parts.extend(var.upper.map(|node| ("at most".to_owned(), node)));
        let start = match var.start {
            Start::Default => String::new(),
            Start::Value(node) => {
                parts.push(("start".into(), node));
                String::new()
            }
            Start::Random(Initialiser::Xavier) => " start xavier".into(),
            Start::Random(Initialiser::He) => " start he".into(),
            Start::Random(Initialiser::Normal(a, b)) => {
                format!(" start normal({}, {})", expr(self.model, a), expr(self.model, b))
            }
            Start::Random(Initialiser::Uniform(a, b)) => {
                format!(" start uniform({}, {})", expr(self.model, a), expr(self.model, b))
            }
        };
        let over = self.over(var.domain);
        let words: Vec<String> =
            parts.iter().map(|(word, node)| format!(" {word} {}", expr(self.model, *node))).collect();
        self.line(&format!("var {}{over}{ty}{}{start}", var.name, words.concat()));
    }

    fn array(&mut self, name: &str, array: &Array) {
        match &array.kind {
            ArrayKind::Template { domain, body } => {
                let over = self.over(*domain);
                self.body(&format!("define {name}{over}"), &[(String::new(), *body)]);
            }
            ArrayKind::MatMul { left, right } => {
                let (left, right) = (array_name(self.model, *left), array_name(self.model, *right));
                let axes = self.axes(&array.axes);
                self.line(&format!("define {name}{axes}: {left} * {right}"));
            }
            ArrayKind::LogDet { of } => {
                self.line(&format!("define {name}: logdet({})", array_name(self.model, *of)));
            }
        }
    }

    fn constraint(&mut self, name: &str, con: &Constraint) {
        let over = self.over(con.domain);
        let mut outputs = self.row("", con.body, con.lower, con.upper);
        if let Some((body, lower, upper)) = con.complements {
            outputs.extend(self.row("complements ", body, lower, upper));
        }
        self.body(&format!("row {name}{over}"), &outputs);
    }

    fn row(&self, word: &str, body: NodeId, lower: Option<NodeId>, upper: Option<NodeId>) -> Vec<(String, NodeId)> {
        let mut outputs = vec![(format!("{word}body"), body)];
        match (lower, upper) {
            (Some(lo), Some(hi)) if lo == hi => outputs.push(("equal to".into(), lo)),
            _ => {
                outputs.extend(lower.map(|lo| ("at least".to_owned(), lo)));
                outputs.extend(upper.map(|hi| ("at most".to_owned(), hi)));
            }
        }
        outputs
    }

    fn rest(&mut self) {
        for check in &self.model.checks {
            self.body("check", &[(String::new(), check.cond)]);
        }
        for solve in &self.model.solves {
            let stages: Vec<String> = solve.stages.iter().map(stage).collect();
            let with = if stages.is_empty() { String::new() } else { format!(" with {}", stages.join(" then ")) };
            self.line(&format!("solve{with}"));
        }
        for tune in &self.model.tunes {
            let with = tune.method.as_ref().map_or_else(String::new, |m| format!(" with {}", stage(m)));
            self.body(&format!("tune {}{with}", sense(tune.sense)), &[(String::new(), tune.target)]);
        }
        for show in &self.model.shows {
            let over = self.over(show.domain);
            self.body(format!("show {over}").trim_end(), &[(String::new(), show.body)]);
        }
        for expect in &self.model.expects {
            match expect.what {
                Expected::Holds(node) => self.body("expect", &[(String::new(), node)]),
                Expected::Near { left, right, tol } => {
                    let mut outputs = vec![("left".to_owned(), left), ("right".to_owned(), right)];
                    outputs.extend(tol.map(|node| ("tolerance".to_owned(), node)));
                    self.body("expect near", &outputs);
                }
            }
        }
    }
}

fn sense(sense: Sense) -> &'static str {
    match sense {
        Sense::Minimize => "minimize",
        Sense::Maximize => "maximize",
    }
}

fn stage(stage: &Stage) -> String {
    let options: Vec<String> =
        stage.options.iter().map(|(name, _, value)| format!("{name} = {}", option(value))).collect();
    if options.is_empty() { stage.method.to_string() } else { format!("{}({})", stage.method, options.join(", ")) }
}

fn option(value: &OptionValue) -> String {
    match value {
        OptionValue::Number(value) => value.to_string(),
        OptionValue::Word(word) => word.to_string(),
        OptionValue::Call(name, args) => {
            let args: Vec<String> = args
                .iter()
                .map(|(name, value)| {
                    let name = name.as_ref().map_or_else(String::new, |n| format!("{n} = "));
                    format!("{name}{}", option(value))
                })
                .collect();
            format!("{name}({})", args.join(", "))
        }
    }
}

/// How many nodes of each kind a model has, in a fixed order: for tests that nothing is expanded.
pub fn census(model: &Model) -> Vec<(&'static str, usize)> {
    let mut counts = vec![("numbers", 0), ("leaves", 0), ("calls", 0), ("reductions", 0), ("others", 0)];
    for id in (0..model.graph.len()).map(<NodeId as crate::base::Id>::new) {
        let place = match model.graph.node(id) {
            Node::Num(_) => 0,
            Node::Label(_) | Node::Index { .. } | Node::Param { .. } | Node::Var { .. } | Node::Array { .. } => 1,
            Node::Call { .. } | Node::If { .. } => 2,
            Node::Reduce { .. } => 3,
            _ => 4,
        };
        counts[place].1 += 1;
    }
    counts
}
