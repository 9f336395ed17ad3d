//! A report as text for people.

use super::grid::{Align, Grid};
use super::number::{align, brief, count, seconds, show};
use super::output::Style;
use crate::driver::report::{
    ConstraintReport, Domain, EvidenceLine, Expectation, Index, Label, ObjectiveReport, ProofReport, Report, Run,
    Shown, SolveReport, Timing, VariableReport,
};
use crate::problem::{ProblemFacts, Sense, Status, StopReason};

/// Rows of a table shown before it is cut, and how many are left when it is.
const MOST_ROWS: usize = 24;
const CUT_ROWS: usize = 10;
/// Columns and characters of a matrix shown as such.
const MOST_COLUMNS: usize = 12;
const WIDEST: usize = 100;
/// A value this near to its bound, relative to its size, is said to be at it.
const AT_BOUND: f64 = 1e-6;
/// Stages that took a smaller share of the time are not named.
const SHORTEST_SHARE: f64 = 0.03;
/// Width of the headings on the left.
pub const LEFT: usize = 12;

/// How much to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Status, objective, variables.
    Quiet,
    /// Also the class, the reasons, constraints and timings.
    Normal,
}

/// The whole report.
pub fn render(report: &Report, detail: Detail, style: Style) -> String {
    let page = Page { style };
    let mut out = String::new();
    if detail == Detail::Normal {
        out += &page.line("problem", &problem(report));
    }
    out += &page.runs(report, detail);
    out += &page.expectations(&report.expectations, detail);
    if let Some(proof) = report.proof.as_ref().filter(|_| detail == Detail::Normal) {
        out += &page.proof(proof);
    }
    if let Some(fit) = report.fit.as_ref().filter(|fit| detail == Detail::Normal && !fit.is_worth_a_table()) {
        out += &super::fit::why_not(fit, style);
    }
    let fit = report.fit.as_ref().filter(|fit| detail == Detail::Normal && fit.is_worth_a_table());
    if let Some(fit) = fit {
        out += &super::fit::render(fit, style);
    }
    if report.shown.is_empty() {
        // The table of the fit says the same of each.
        if fit.is_none_or(|fit| fit.parameters.len() > super::fit::MOST_ROWS) {
            out += &page.variables(&report.variables);
        }
        if detail == Detail::Normal {
            out += &page.constraints(&report.constraints);
        }
    } else {
        out += &page.shown(&report.shown);
    }
    if detail == Detail::Normal && !report.timings.is_empty() {
        out.push('\n');
        out += &page.line("time", &times(&report.timings));
    }
    out
}

fn problem(report: &Report) -> String {
    let summary = &report.problem;
    let words = if summary.words.is_empty() { sizes(&summary.facts) } else { summary.words.clone() };
    format!("{}: {} ({words})", report.model, summary.class)
}

fn sizes(facts: &ProblemFacts) -> String {
    let rows = if facts.n_cons == 0 { "no constraints".into() } else { count(facts.n_cons, "constraint") };
    format!("{}, {rows}", count(facts.n_vars, "variable"))
}

/// The whole time, and the stages that took the most of it.
fn times(timings: &[Timing]) -> String {
    let total: f64 = timings.iter().map(|t| t.seconds).sum();
    let mut stages: Vec<(&str, f64)> = Vec::new();
    for timing in timings {
        match stages.iter_mut().find(|(stage, _)| *stage == timing.stage) {
            Some((_, sum)) => *sum += timing.seconds,
            None => stages.push((&timing.stage, timing.seconds)),
        }
    }
    let large = stages.iter().filter(|(_, s)| *s >= SHORTEST_SHARE * total);
    let parts: Vec<String> = large.map(|(stage, s)| format!("{stage} {}", seconds(*s))).collect();
    format!("{}: {}", seconds(total), parts.join(", "))
}

struct Page {
    style: Style,
}

impl Page {
    fn line(&self, heading: &str, text: &str) -> String {
        let pad = " ".repeat(LEFT.saturating_sub(heading.len()));
        format!("{}{pad}{text}\n", self.style.dim(heading))
    }

    /// Each run below its `solve`, and what a `solve` came to when that is not what its last run came to.
    fn runs(&self, report: &Report, detail: Detail) -> String {
        let mut out = String::new();
        let several = report.solves.len() > 1;
        let plain = SolveReport {
            place: None,
            runs: (0..report.runs.len()).collect(),
            kept: report.runs.len().checked_sub(1),
            status: report.status().unwrap_or(Status::BestFound),
            objective: f64::NAN,
        };
        let solves = if report.solves.is_empty() { std::slice::from_ref(&plain) } else { &report.solves };
        for (number, solve) in solves.iter().enumerate() {
            if several {
                let place = solve.place.as_deref().unwrap_or(&report.model);
                out += &self.line("solve", &format!("{} of {} ({place})", number + 1, solves.len()));
            }
            let is_last = number + 1 == solves.len();
            for &at in &solve.runs {
                let run = &report.runs[at];
                if detail == Detail::Normal || report.runs.len() > 1 {
                    out += &self.line("method", &format!("{}: {}", self.style.bold(&run.method), run.reason));
                }
                let is_answer = is_last && solve.kept == Some(at) && solve.runs.last() == Some(&at);
                let objectives = match is_answer {
                    true => self.objectives(&report.objectives),
                    false => self.objective_of(report, run.objective),
                };
                out += &self.run(run, detail, &objectives);
            }
            out += &self.outcome(report, solve, is_last);
        }
        out
    }

    /// The result of a `solve` that is not the answer of its last run.
    fn outcome(&self, report: &Report, solve: &SolveReport, is_last: bool) -> String {
        let Some(kept) = solve.kept.and_then(|at| report.runs.get(at)) else { return String::new() };
        if solve.kept == solve.runs.last().copied() && solve.status == kept.status {
            return String::new();
        }
        let is_own = solve.kept.is_some_and(|at| solve.runs.contains(&at));
        let status =
            if is_own || solve.runs.is_empty() { format!("{}, ", solve.status.phrase()) } else { String::new() };
        let mut out = self.line("result", &format!("{status}the point of `{}`", kept.method));
        out += &if is_last { self.objectives(&report.objectives) } else { self.objective_of(report, solve.objective) };
        out
    }

    /// The first objective at a point on the way.
    fn objective_of(&self, report: &Report, value: f64) -> String {
        match report.objectives.first() {
            Some(first) if value.is_finite() => {
                self.objectives(&[ObjectiveReport { value, name: first.name.clone(), sense: first.sense }])
            }
            _ => String::new(),
        }
    }

    fn objectives(&self, objectives: &[ObjectiveReport]) -> String {
        let mut out = String::new();
        for objective in objectives {
            let name = objective.name.as_ref().map_or_else(String::new, |name| format!("{name} = "));
            let sense = if objective.sense == Sense::Maximize { " (maximized)" } else { "" };
            out += &self.line("objective", &format!("{name}{}{sense}", self.style.bold(&show(objective.value))));
        }
        out
    }

    /// Status with evidence, objectives, work.
    fn run(&self, run: &Run, detail: Detail, objectives: &str) -> String {
        let phrase = run.status.phrase();
        let coloured = match run.status {
            Status::GlobalOptimum | Status::LocalOptimum | Status::ClaimedOptimum | Status::BestFound => {
                self.style.green(phrase)
            }
            Status::Stationary | Status::FeasibleNotCertified | Status::LimitReached => self.style.yellow(phrase),
            _ => self.style.red(phrase),
        };
        let why = stop_words(run).map_or_else(String::new, |words| format!(" ({words})"));
        let mut out = self.line("status", &format!("{coloured}{why}"));
        if detail == Detail::Normal && !run.evidence.is_empty() {
            out += &self.line("", &run.evidence.iter().map(evidence).collect::<Vec<_>>().join(", "));
        }
        for note in &run.notes {
            out += &self.line("", note);
        }
        out += objectives;
        if detail == Detail::Normal {
            let work = format!(
                "{}, {} of functions and derivatives, {}",
                count(run.iterations as usize, "iteration"),
                count(run.counts.total() as usize, "evaluation"),
                seconds(run.seconds)
            );
            out += &self.line("work", &work);
        }
        out
    }

    /// How many hold, and each that does not.
    fn expectations(&self, all: &[Expectation], detail: Detail) -> String {
        let holding = all.iter().filter(|e| e.holds).count();
        let mut out = String::new();
        if holding > 0 && detail == Detail::Normal {
            let verb = if holding == 1 { "holds" } else { "hold" };
            out += &self.line("expect", &format!("{} {verb}", self.style.green(&holding.to_string())));
        }
        for failing in all.iter().filter(|e| !e.holds) {
            let word = self.style.red("fails");
            out += &self.line("expect", &format!("{word}: {} ({}; {})", failing.text, failing.found, failing.place));
        }
        out
    }

    fn variables(&self, variables: &[VariableReport]) -> String {
        let (scalars, arrays): (Vec<_>, Vec<_>) = variables.iter().partition(|v| v.index.is_scalar());
        let mut out = String::new();
        if !scalars.is_empty() {
            let rows =
                Rows::scalars("variable", scalars.iter().map(|v| v.name.clone()).collect(), "--out x.csv writes all");
            let column = |pick: fn(&VariableReport) -> Option<f64>| -> Vec<f64> {
                scalars.iter().map(|v| pick(v).unwrap_or(0.0)).collect()
            };
            let values = column(|v| v.values.first().copied());
            let marks = scalars.iter().map(|v| at_bound(v, 0)).collect();
            let duals = column(|v| v.duals.first().copied());
            out += &self.table(&rows, vec![numbers("value", &values), words("at", marks), multipliers(&duals)]);
        }
        for array in arrays {
            out += &self.title(&array.name, array.doc.as_deref());
            out += &self.array(array);
        }
        out
    }

    fn array(&self, array: &VariableReport) -> String {
        if let Some(matrix) = self.matrix(&array.index, &array.values) {
            return matrix;
        }
        let rows = Rows::of(&array.index, "--out x.csv writes all");
        let shown = rows.shown();
        let marks = (0..shown).map(|at| at_bound(array, at)).collect();
        let duals = array.duals.get(..shown).unwrap_or(&[]);
        self.table(&rows, vec![numbers("value", &array.values[..shown]), words("at", marks), multipliers(duals)])
    }

    fn constraints(&self, constraints: &[ConstraintReport]) -> String {
        let (scalars, families): (Vec<_>, Vec<_>) = constraints.iter().partition(|c| c.index.is_scalar());
        let mut out = String::new();
        if !scalars.is_empty() {
            let rows =
                Rows::scalars("constraint", scalars.iter().map(|c| c.name.clone()).collect(), "--json prints all");
            let column = |pick: fn(&ConstraintReport) -> &Vec<f64>| -> Vec<f64> {
                scalars.iter().map(|c| pick(c).first().copied().unwrap_or(0.0)).collect()
            };
            let columns = vec![
                bounds("lower", &column(|c| &c.lower)),
                numbers("activity", &column(|c| &c.activity)),
                bounds("upper", &column(|c| &c.upper)),
                numbers("slack", &column(|c| &c.slack)),
                multipliers(&column(|c| &c.duals)),
            ];
            out += &self.table(&rows, columns);
        }
        for family in families {
            out += &self.title(&family.name, family.doc.as_deref());
            let rows = Rows::of(&family.index, "--json prints all");
            let shown = rows.shown();
            let columns = vec![
                bounds("lower", &family.lower[..shown]),
                numbers("activity", &family.activity[..shown]),
                bounds("upper", &family.upper[..shown]),
                numbers("slack", &family.slack[..shown]),
                multipliers(family.duals.get(..shown).unwrap_or(&[])),
            ];
            out += &self.table(&rows, columns);
        }
        out
    }

    fn shown(&self, shown: &[Shown]) -> String {
        let (scalars, arrays): (Vec<_>, Vec<_>) = shown.iter().partition(|s| s.index.is_scalar());
        let mut out = String::new();
        if !scalars.is_empty() {
            let rows = Rows::scalars("show", scalars.iter().map(|s| s.text.clone()).collect(), "--json prints all");
            let values: Vec<f64> = scalars.iter().map(|s| s.values.first().copied().unwrap_or(f64::NAN)).collect();
            out += &self.table(&rows, vec![numbers("value", &values)]);
        }
        for array in arrays {
            out += &self.title(&array.text, None);
            let rows = Rows::of(&array.index, "--json prints all");
            out += &self
                .matrix(&array.index, &array.values)
                .unwrap_or_else(|| self.table(&rows, vec![numbers("value", &array.values[..rows.shown()])]));
        }
        out
    }

    /// What proves that there is no answer, the largest parts in the order of the model.
    fn proof(&self, proof: &ProofReport) -> String {
        /// Below this part of the largest a number is rounding.
        const SMALL: f64 = 1e-9;
        let entries: Vec<_> = proof.entries.iter().filter(|entry| entry.value.abs() > SMALL).collect();
        if entries.is_empty() {
            return String::new();
        }
        let (words, what, number) = match proof.kind {
            "infeasible" => {
                ("no point satisfies these rows together, taken with these weights", "constraint", "weight")
            }
            _ => ("the objective improves for ever along this direction", "variable", "moves by"),
        };
        let name = |name: &str, index: &[Label]| {
            let parts: Vec<String> = index.iter().map(ToString::to_string).collect();
            if parts.is_empty() { name.to_string() } else { format!("{name}[{}]", parts.join(", ")) }
        };
        let names = entries.iter().map(|entry| name(&entry.name, &entry.index)).collect();
        let values: Vec<f64> = entries.iter().map(|entry| entry.value).collect();
        let rows = Rows::scalars(what, names, "--json prints all");
        self.line("proof", words) + &self.table(&rows, vec![numbers(number, &values)])
    }

    fn title(&self, name: &str, doc: Option<&str>) -> String {
        let doc = doc.and_then(|d| d.lines().next()).map_or_else(String::new, |d| format!("  {}", self.style.dim(d)));
        format!("\n{}{doc}\n", self.style.bold(name))
    }

    /// A product of two sets as a matrix, if it is narrow enough.
    fn matrix(&self, index: &Index, values: &[f64]) -> Option<String> {
        let Index::Product(axes) = index else { return None };
        let [rows, columns] = axes.as_slice() else { return None };
        let (n_rows, n_columns) = (rows.labels.len(), columns.labels.len());
        if n_columns == 0 || n_columns > MOST_COLUMNS || n_rows == 0 {
            return None;
        }
        let shown = if n_rows > MOST_ROWS { CUT_ROWS } else { n_rows };
        let cells: Vec<Vec<String>> =
            (0..n_columns).map(|c| align(&(0..shown).map(|r| values[r * n_columns + c]).collect::<Vec<_>>())).collect();
        let headers: Vec<String> = (0..n_columns).map(|c| columns.labels.get(c).to_string()).collect();
        let width = |c: usize| cells[c].iter().map(String::len).max().unwrap_or(0).max(headers[c].chars().count());
        if (0..n_columns).map(|c| width(c) + 2).sum::<usize>() > WIDEST {
            return None;
        }
        let left = std::iter::once((rows.name.clone(), Align::Left));
        let mut grid = Grid::new(left.chain(headers.into_iter().map(|h| (h, Align::Right))));
        for r in 0..shown {
            let label = rows.labels.get(r).to_string();
            grid.row(std::iter::once(label).chain(cells.iter().map(|c| c[r].clone())).collect());
        }
        Some(grid.render() + &self.cut(n_rows, shown, "--out x.csv writes all"))
    }

    fn table(&self, rows: &Rows, columns: Vec<Column>) -> String {
        let left = rows.labels.iter().map(|(name, _)| (name.clone(), Align::Left));
        let right = columns.iter().map(|c| (if c.is_idle() { "" } else { c.name }.to_string(), c.align));
        let mut grid = Grid::new(left.chain(right));
        let shown = rows.shown();
        for at in 0..shown {
            let labels = rows.labels.iter().map(|(_, labels)| labels[at].clone());
            grid.row(labels.chain(columns.iter().map(|c| c.cells.get(at).cloned().unwrap_or_default())).collect());
        }
        let space = if rows.titled { "" } else { "\n" };
        format!("{space}{}{}", grid.render(), self.cut(rows.total, shown, rows.advice))
    }

    fn cut(&self, total: usize, shown: usize, advice: &str) -> String {
        if shown == total {
            return String::new();
        }
        format!("  {}\n", self.style.dim(&format!("… {} more; {advice}", super::number::group(total - shown))))
    }
}

/// The labels on the left of a table.
struct Rows {
    labels: Vec<(String, Vec<String>)>,
    total: usize,
    /// Whether a title stands above the table.
    titled: bool,
    advice: &'static str,
}

impl Rows {
    /// Scalars below each other.
    fn scalars(what: &str, names: Vec<String>, advice: &'static str) -> Self {
        Self { total: names.len(), labels: vec![(what.into(), names)], titled: false, advice }
    }

    /// The subscripts of an array, cut when there are many.
    fn of(index: &Index, advice: &'static str) -> Self {
        let total = index.len();
        let shown = if total > MOST_ROWS { CUT_ROWS } else { total };
        let names = index.part_names();
        let column = |part: usize| (0..shown).map(|at| index.label(at, part).to_string()).collect();
        let labels = names.iter().enumerate().map(|(part, name)| ((*name).to_string(), column(part))).collect();
        Self { labels, total, titled: true, advice }
    }

    fn shown(&self) -> usize {
        if self.total > MOST_ROWS { CUT_ROWS } else { self.total }
    }
}

/// One column of a table.
struct Column {
    name: &'static str,
    align: Align,
    cells: Vec<String>,
}

impl Column {
    fn is_idle(&self) -> bool {
        self.cells.iter().all(String::is_empty)
    }
}

fn numbers(name: &'static str, values: &[f64]) -> Column {
    Column { name, align: Align::Right, cells: align(values) }
}

/// Bounds; infinite ones are blank.
fn bounds(name: &'static str, values: &[f64]) -> Column {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let mut texts = align(&finite).into_iter();
    let cell = |v: &f64| if v.is_finite() { texts.next().unwrap_or_default() } else { String::new() };
    Column { name, align: Align::Right, cells: values.iter().map(cell).collect() }
}

/// Multipliers; a column without any is left out.
fn multipliers(values: &[f64]) -> Column {
    let idle = values.iter().all(|v| v.abs() < 1e-12 || v.is_nan());
    Column { name: "dual", align: Align::Right, cells: if idle { Vec::new() } else { align(values) } }
}

fn words(name: &'static str, cells: Vec<String>) -> Column {
    Column { name, align: Align::Left, cells }
}

/// `lower`, `upper` or `fixed` for a value at its bound.
fn at_bound(variable: &VariableReport, at: usize) -> String {
    let (Some(value), Some(lo), Some(hi)) = (variable.values.get(at), variable.lower.get(at), variable.upper.get(at))
    else {
        return String::new();
    };
    let near = |bound: &f64| bound.is_finite() && (value - bound).abs() <= AT_BOUND * bound.abs().max(1.0);
    match (near(lo), near(hi)) {
        _ if variable.domain == Domain::Boolean => "",
        (true, true) => "fixed",
        (true, false) => "lower bound",
        (false, true) => "upper bound",
        (false, false) => "",
    }
    .into()
}

fn evidence(line: &EvidenceLine) -> String {
    let place = line.at.as_ref().filter(|_| !line.holds).map_or_else(String::new, |at| format!(" at {at}"));
    let compare = match (line.is_at_least(), line.holds) {
        (false, true) => "≤",
        (false, false) => ">",
        (true, true) => "≥",
        (true, false) => "<",
    };
    format!("{} {} {compare} {}{place}", line.what, brief(line.value), brief(line.allowed))
}

/// Why the run ended, when the status does not say it.
fn stop_words(run: &Run) -> Option<&'static str> {
    Some(match run.stop {
        StopReason::TimeLimit => "time limit",
        StopReason::IterationLimit => "iteration limit",
        StopReason::EvaluationLimit => "evaluation limit",
        StopReason::MemoryLimit => "memory limit",
        StopReason::Interrupted => "interrupted; this is the best point so far",
        StopReason::Stalled if !run.status.is_optimal() => "no further progress",
        StopReason::NotANumber => "a function has no value there",
        StopReason::LinearAlgebra => "the linear system could not be solved",
        _ => return None,
    })
}
