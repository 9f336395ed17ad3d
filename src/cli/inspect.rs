//! `optc inspect`: class, sizes, families, sparsity, and what is proved of each line.

use super::args;
use super::exit::Exit;
use super::grid::{Align, Grid};
use super::number::{brief, count, group};
use super::open::{Opened, open};
use super::output::{Style, print};
use super::reports::{show_error, show_reports};
use crate::base::Span;
use crate::diag::Sources;
use crate::driver::ranges::Hulls;
use crate::driver::route::route;
use crate::driver::solve::Bound;
use crate::driver::survey::Ranges;
use crate::driver::{Session, Setup};
use crate::func::Curvature;
use crate::ir::plan::Target;
use crate::pass::traits::{Degree, Smooth, Traits};
use serde_json::{Value, json};

/// Shows what is known of a model before solving.
pub fn run(args: &args::Inspect, out: Style, err: Style) -> Exit {
    let Opened { mut session, path } = match open(&args.input, Setup::default()) {
        Ok(opened) => opened,
        Err(error) => return show_error(error, err),
    };
    let checked = session.check(&path);
    let bound = if checked.reports.has_errors() { Err(checked.reports) } else { session.bind(checked) };
    let bound = match bound {
        Ok(bound) => bound,
        Err(reports) => {
            show_reports(&reports, &session.sources, err);
            return Exit::of_errors(&reports);
        }
    };
    show_reports(&bound.reports, &session.sources, err);
    let smooth = session.without_kinks(&bound);
    let view = View::new(&session, &bound, smooth.as_ref());
    print(&if args.json { view.json(&path) } else { view.text(&path, out) });
    Exit::Solved
}

/// A line of the model with what is proved of it.
struct Line {
    name: String,
    place: String,
    count: usize,
    traits: Option<Traits>,
}

/// What is shown, gathered.
struct View<'a> {
    bound: &'a Bound,
    variables: Vec<(String, usize)>,
    objectives: Vec<Line>,
    constraints: Vec<Line>,
    /// Where the values of a family go, its line, its number of instances.
    families: Vec<(&'static str, String, usize)>,
    convexity: String,
    method: String,
}

impl<'a> View<'a> {
    fn new(session: &Session, bound: &'a Bound, smooth: Option<&Bound>) -> Self {
        let (model, plan, instance) = (&bound.checked, &bound.prepared.plan, &bound.instance);
        let place = |at: Span| session.sources.place(at);
        let name_or_line = |name: Option<&str>, at: Span, sources: &Sources| {
            name.map_or_else(|| format!("line {}", sources.line(at)), str::to_string)
        };
        let variables =
            model.vars.enumerate().map(|(id, v)| (v.name.to_string(), instance.world.vars[id].len)).collect();
        let objectives = model.objectives.enumerate().map(|(id, o)| Line {
            name: name_or_line(o.name.as_deref(), o.at, &session.sources),
            place: place(o.at),
            count: 1,
            traits: bound.survey.objectives[id],
        });
        let constraints = model.constraints.enumerate().map(|(id, c)| Line {
            name: name_or_line(c.name.as_deref(), c.at, &session.sources),
            place: place(c.at),
            count: instance.rows[id.0 as usize + 1] - instance.rows[id.0 as usize],
            traits: bound.survey.constraints[id],
        });
        let hulls = Hulls::new(&bound.prepared, instance);
        let families = plan.families.iter().map(|family| {
            let target = match family.target {
                Target::Objective(_) => "objective",
                Target::Row(_) => "constraint",
                Target::Array(_) => "array",
            };
            (target, place(family.origin.span()), hulls.count(family.domain))
        });
        let solved = smooth.unwrap_or(bound);
        let how = if smooth.is_some() { ", in place of kinks too" } else { "" };
        let method = match route(&solved.facts, None) {
            Ok(choice) => format!("{}: {}{how}", choice.row.name, choice.reason),
            Err((row, refusal)) => format!("none ({} refuses: {refusal})", row.name),
        };
        Self {
            bound,
            variables,
            objectives: objectives.collect(),
            constraints: constraints.collect(),
            families: families.collect(),
            convexity: bound.convexity(&session.sources),
            method,
        }
    }

    fn text(&self, path: &str, style: Style) -> String {
        let facts = &self.bound.facts;
        let line = |heading: &str, text: String| format!("{}{text}\n", style.dim(&format!("{heading:<12}")));
        let mut text = line("problem", format!("{path}: {}", style.bold(facts.class_name())));
        text += &line("variables", format!("{}{}", group(facts.n_vars), self.variable_words()));
        text += &line("constraints", self.constraint_words());
        text += &line("convexity", self.convexity.clone());
        text += &line("method", self.method.clone());
        text += &line("jacobian", self.density(facts.nnz_jacobian, facts.n_cons * facts.n_vars, "nonzero"));
        let triangle = facts.n_vars * (facts.n_vars + 1) / 2;
        text += &line("hessian", self.density(facts.nnz_hessian, triangle, "nonzero") + " in the lower triangle");
        text += &format!("\n{}", self.lines());
        text += &format!("\n{}", self.family_table());
        text
    }

    fn variable_words(&self) -> String {
        let facts = &self.bound.facts;
        let parts = [
            (facts.n_bounded, "with bounds"),
            (facts.n_fixed, "fixed"),
            (facts.n_integer, "integer"),
            (facts.n_binary, "binary"),
        ];
        let words: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", group(*n))).collect();
        let blocks: Vec<String> = self
            .variables
            .iter()
            .take(12)
            .map(|(name, n)| if *n == 1 { name.clone() } else { format!("{name} ({})", group(*n)) })
            .collect();
        let more = if self.variables.len() > 12 { ", …" } else { "" };
        let detail = if words.is_empty() { String::new() } else { format!("; {}", words.join(", ")) };
        format!(": {}{more}{detail}", blocks.join(", "))
    }

    fn constraint_words(&self) -> String {
        let facts = &self.bound.facts;
        let equalities = facts.n_equalities;
        format!(
            "{}: {} equations, {} inequalities",
            group(facts.n_cons),
            group(equalities),
            group(facts.n_cons - equalities)
        )
    }

    fn density(&self, nonzeros: usize, entries: usize, noun: &str) -> String {
        if entries == 0 {
            return "empty".into();
        }
        let share = 100.0 * nonzeros as f64 / entries as f64;
        format!("{} of {} ({} %)", count(nonzeros, noun), group(entries), brief(share))
    }

    /// Objectives and constraints with what is proved of them.
    fn lines(&self) -> String {
        let left = ["line", "place"].map(|n| (n.to_string(), Align::Left));
        let middle = std::iter::once(("rows".to_string(), Align::Right));
        let right = ["degree", "curvature", "smoothness"].map(|n| (n.to_string(), Align::Left));
        let mut grid = Grid::new(left.into_iter().chain(middle).chain(right));
        for (line, is_row) in
            self.objectives.iter().map(|l| (l, false)).chain(self.constraints.iter().map(|l| (l, true)))
        {
            let rows = if is_row { group(line.count) } else { "objective".into() };
            let proved =
                line.traits.map_or(["none", "", ""], |t| [degree(t.degree), curvature(t.curvature), smooth(t.smooth)]);
            let [degree, curvature, smooth] = proved.map(str::to_string);
            grid.row(vec![line.name.clone(), line.place.clone(), rows, degree, curvature, smooth]);
        }
        grid.render()
    }

    fn family_table(&self) -> String {
        let columns =
            [("family", Align::Left), ("adds to", Align::Left), ("place", Align::Left), ("instances", Align::Right)];
        let mut grid = Grid::new(columns.map(|(name, align)| (name.to_string(), align)));
        for (at, (target, place, instances)) in self.families.iter().enumerate() {
            grid.row(vec![(at + 1).to_string(), (*target).into(), place.clone(), group(*instances)]);
        }
        grid.render()
    }

    fn json(&self, path: &str) -> String {
        let line = |line: &Line| {
            json!({
                "name": line.name,
                "place": line.place,
                "rows": line.count,
                "degree": line.traits.map(|t| degree(t.degree)),
                "curvature": line.traits.map(|t| curvature(t.curvature)),
                "smoothness": line.traits.map(|t| smooth(t.smooth)),
            })
        };
        let variable = |(name, n): &(String, usize)| json!({"name": name, "count": n});
        let family =
            |(target, place, n): &(&str, String, usize)| json!({"adds_to": target, "place": place, "instances": n});
        let list = |values: Vec<Value>| Value::Array(values);
        let document = json!({
            "optc_inspect": 1,
            "model": path,
            "class": self.bound.facts.class_name(),
            "facts": self.bound.facts,
            "convexity": self.convexity,
            "method": self.method,
            "variables": list(self.variables.iter().map(variable).collect()),
            "objectives": list(self.objectives.iter().map(line).collect()),
            "constraints": list(self.constraints.iter().map(line).collect()),
            "families": list(self.families.iter().map(family).collect()),
        });
        format!("{document:#}\n")
    }
}

const fn degree(degree: Degree) -> &'static str {
    match degree {
        Degree::Constant => "constant",
        Degree::Linear => "linear",
        Degree::Quadratic => "quadratic",
        Degree::Nonlinear => "nonlinear",
    }
}

const fn curvature(curvature: Curvature) -> &'static str {
    match curvature {
        Curvature::Constant => "constant",
        Curvature::Affine => "affine",
        Curvature::Convex => "convex",
        Curvature::Concave => "concave",
        Curvature::Unknown => "unknown",
    }
}

const fn smooth(smooth: Smooth) -> &'static str {
    match smooth {
        Smooth::Twice => "smooth",
        Smooth::Once => "once differentiable",
        Smooth::Kinks => "with kinks",
        Smooth::Jumps => "with jumps",
    }
}
