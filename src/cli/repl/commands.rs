//! The commands: one row each. Help, completion and did-you-mean come from the rows.

use super::arguments::{Pair, ends, split};
use super::engine::{Line, Part, Repl, Reply, Stop};
use super::hints::{self, suggest};
use super::{contour, curve, files, words};
use crate::base::Interval;
use crate::cli::number::{brief, seconds};
use crate::diag::closest;
use crate::driver::interactive::{Asked, Axis, Statement};
use crate::func::Curvature;
use crate::jit;
use crate::pass::traits::{Degree, Smooth};
use crate::syntax::ast::{Stmt, StmtKind};
use std::ops::Range;
use std::time::{Duration, Instant};

/// A command.
pub struct Row {
    /// Its word behind the `:`.
    pub name: &'static str,
    /// What stands behind it.
    pub args: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// Entries that can be tried; the last one is a line of this command.
    pub example: &'static str,
    /// Carries it out.
    pub run: fn(&mut Repl, &Line<'_>) -> Result<String, Stop>,
}

impl Row {
    /// The command with its arguments.
    pub fn usage(&self) -> String {
        format!(":{} {}", self.name, self.args).trim_end().to_owned()
    }
}

macro_rules! rows {
    ($( $name:literal $args:literal $doc:literal $example:literal $run:expr; )*) => {
        &[$( Row { name: $name, args: $args, doc: $doc, example: $example, run: $run } ),*]
    };
}

/// All commands.
pub const ROWS: &[Row] = rows! {
    "at" "[NAME=VALUE …]" "shows the current point, or moves variables of it" "var x\n:at x = 1" at;
    "type" "EXPR" "what an expression is, and which variables it depends on" "var x\n:type sin(x)/x > 0" kind;
    "simplify" "EXPR" "the normal form that is differentiated" "var x\n:simplify x*x + 2*x^2" simplify;
    "grad" "EXPR" "first derivatives, and their values at the current point" "var x start 1\n:grad sin(x)/x" grad;
    "hess" "EXPR" "second derivatives, and their values at the current point" "var x start 1\n:hess sin(x)/x" hess;
    "range" "[EXPR] NAME in [LO, HI] …" "an interval that holds all values" ":range x^2 - x, x in [0, 1]" range;
    "convex" "[EXPR]" "what is proved of an expression, or of the whole model" "var x\n:convex exp(x) + x^2" convex;
    "plot" "[EXPR, …] NAME=LO..HI [--svg FILE]" "draws a curve, or several" ":plot sin(x)/x x=-10..10" curve::plot;
    "contour" "[EXPR] NAME=LO..HI NAME=LO..HI [--svg FILE]" "draws level lines over two variables" ":contour x^2 + y^2 x=-1..1 y=-1..1" contour::contour;
    "time" "EXPR" "how long compiled code takes for one value" "var x start 1\n:time sin(x)/x" time;
    "clif" "EXPR" "its kernels as Cranelift's IR" "var x\n:clif x^2" clif;
    "asm" "EXPR" "its kernels as instructions of this machine" "var x\n:asm x^2" asm;
    "solve" "[METHOD(OPTIONS)]" "solves the model and moves the point to the answer" "var x\nminimize f: (x - 1)^2\n:solve" solve;
    "list" "" "the statements entered so far" "var x in [0, 1]\n:list" list;
    "drop" "NAME" "takes the statement that declares a name away" "var x\n:drop x" drop_name;
    "clear" "" "forgets all statements" "var x\n:clear" clear;
    "undo" "" "undoes the last change of statements or point" "var x\n:undo" undo;
    "load" "FILE" "enters all statements of a model" ":load hs071.opt" files::load;
    "save" "FILE" "writes the statements as a model" "var x\n:save mine.opt" files::save;
    "stats" "" "how much was checked, bound, differentiated and compiled so far" ":stats" stats;
    "help" "[COMMAND]" "lists the commands, or shows one with an example" ":help plot" help;
    "quit" "" "ends the session, as Ctrl-D does" ":quit" |_, _| Ok(String::new());
};

/// The command of that word, or the only one that begins so.
pub fn find(word: &str) -> Option<&'static Row> {
    let exact = ROWS.iter().find(|row| row.name == word);
    let mut begun = ROWS.iter().filter(|row| !word.is_empty() && row.name.starts_with(word));
    exact.or_else(|| begun.next().filter(|_| begun.next().is_none()))
}

fn help(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let word = line.text[line.rest.clone()].trim().trim_start_matches(':');
    if word.is_empty() {
        let width = ROWS.iter().map(|r| r.usage().chars().count()).max().unwrap_or(0).min(44);
        let mut out = String::from(
            "Statements are those of a model file (`var x`, `let f = x^2`, `minimize f: …`); constraints have a name:\n\
             `c: x + y <= 1`. Anything else is an expression, evaluated at the current point. `ans` is the last number.\n\n",
        );
        for row in ROWS {
            out += &format!("{:<width$}  {}\n", row.usage(), row.doc);
        }
        return Ok(out + "\n`:help COMMAND` shows an example. The language: docs/language.md; this: docs/repl.md.\n");
    }
    let Some(row) = find(word) else {
        let near = suggest(word).map_or_else(String::new, |near| format!("; did you mean `:{near}`?"));
        return Err(line.wrong(line.rest.clone(), format!("there is no command `:{word}`{near}")));
    };
    let example: String = row.example.lines().map(|l| format!("  {l}\n")).collect();
    Ok(format!("{}\n  {}\n\n{}\n{example}", repl.style.bold(&row.usage()), row.doc, repl.style.dim("for example")))
}

fn nothing_more(line: &Line<'_>) -> Result<(), Stop> {
    let rest = trimmed(line);
    if rest.is_empty() { Ok(()) } else { Err(line.wrong(rest, format!("`:{}` takes nothing", line.row.name))) }
}

/// What stands behind the command, without space around it.
pub(super) fn trimmed(line: &Line<'_>) -> Range<usize> {
    let rest = &line.text[line.rest.clone()];
    let start = line.rest.start + rest.len() - rest.trim_start().len();
    start..(start + rest.trim().len())
}

/// The expression behind a command that takes nothing else.
fn only(repl: &mut Repl, line: &Line<'_>) -> Result<Asked, Stop> {
    repl.asked(line, trimmed(line))
}

fn at(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let found = split(line.text, line.rest.clone());
    if !line.text[found.head.clone()].trim().is_empty() {
        let own = &line.text[found.head.clone()];
        let (name, value) = own.split_once(char::is_whitespace).unwrap_or((own, ""));
        let name = Some(name).filter(|n| n.starts_with(char::is_alphabetic)).unwrap_or("x");
        let value = Some(value.trim()).filter(|v| !v.is_empty() && !v.contains('=')).unwrap_or("1");
        let instead = format!(":at {name} = {value}");
        return Err(line.instead(found.head, "only `NAME = VALUE` can stand here", instead));
    }
    let mut moves = Vec::new();
    for pair in &found.pairs {
        let name = &line.text[pair.name.clone()];
        let asked = Asked::new(line.file, line.text, pair.name.clone())?;
        let Some(places) = repl.bench.places(&asked)? else {
            return Err(
                line.wrong(pair.name.clone(), format!("`{name}` is not a variable: only variables have a place"))
            );
        };
        if line.text[pair.value.clone()].trim().is_empty() {
            return Err(line.wrong(pair.name.clone(), format!("the value of `{name}` is missing")));
        }
        let value = Asked::new(line.file, line.text, pair.value.clone())?;
        let value = repl.bench.evaluate(&value)?;
        if let Some(fault) = value.fault {
            return Err(fault.into());
        }
        let n = places.len();
        let values = match value.values[..] {
            [one] => vec![one; n],
            ref many if many.len() == n => many.to_vec(),
            ref many => {
                let has = if n == 1 { "is one number".to_owned() } else { format!("has {n} entries") };
                let reason = format!("`{name}` {has}, and {} values are given", many.len());
                return Err(line.wrong(pair.value.clone(), reason));
            }
        };
        moves.extend(places.into_iter().zip(values).map(|((name, entry), value)| (name, entry, value)));
    }
    if !moves.is_empty() {
        repl.bench.move_to(moves)?;
        return Ok(String::new());
    }
    point(repl)
}

/// The variables with their values.
fn point(repl: &mut Repl) -> Result<String, Stop> {
    let is_var = |s: &&std::sync::Arc<Statement>| matches!(s.stmt.kind, StmtKind::Var { .. });
    let names: Vec<_> =
        repl.bench.program().statements().iter().filter(is_var).flat_map(|s| s.names.iter().cloned()).collect();
    let mut out = String::new();
    for name in &names {
        let values = repl.bench.values_of(name)?;
        let shown: Vec<String> = values.iter().take(8).map(|v| words::exact(*v)).collect();
        let more = if values.len() > 8 { format!(", … {} more", values.len() - 8) } else { String::new() };
        let is_list = values.len() != 1;
        let text = if is_list { format!("[{}{more}]", shown.join(", ")) } else { shown.concat() };
        out += &format!("{name} = {text}\n");
    }
    Ok(if out.is_empty() { "there are no variables: `var x` declares one\n".into() } else { out })
}

fn kind(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let asked = only(repl, line)?;
    let value = repl.bench.evaluate(&asked)?;
    let depends = match value.variables.len() {
        0 => "no variable is part of it".to_owned(),
        _ => format!("depends on {}", value.variables.join(", ")),
    };
    Ok(format!("{}; {depends}\n", words::kind(&value)))
}

fn simplify(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let asked = only(repl, line)?;
    Ok(repl.bench.simplified(&asked)?.iter().map(|l| format!("{l}\n")).collect())
}

fn grad(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let asked = only(repl, line)?;
    let found = repl.bench.gradient(&asked)?;
    Ok(derivatives(&found, "no derivative: no variable is part of it", "d/d"))
}

fn hess(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let asked = only(repl, line)?;
    let found = repl.bench.hessian(&asked)?;
    Ok(derivatives(&found, "all second derivatives are 0", "d2/d"))
}

/// Templates, then values.
fn derivatives(found: &crate::driver::interactive::Derivatives, none: &str, sign: &str) -> String {
    const MOST: usize = 12;
    if found.values.is_empty() || found.lines.is_empty() {
        return format!("{none}\n");
    }
    let mut out: String = found.lines.iter().map(|l| format!("{l}\n")).collect();
    out += "at the current point\n";
    for (name, value) in found.values.iter().take(MOST) {
        let value = if value.is_nan() { "no value".into() } else { words::exact(*value) };
        let label = match name.split_once(", ") {
            Some((a, b)) if a == b => format!("{sign}{a}^2"),
            Some((a, b)) => format!("{sign}{a} d{b}"),
            None => format!("{sign}{name}"),
        };
        out += &format!("  {label} = {value}\n");
    }
    if found.values.len() > MOST {
        out += &format!("  … {} more\n", found.values.len() - MOST);
    }
    out
}

/// The range of a pair, as numbers.
pub(super) fn interval(repl: &mut Repl, line: &Line<'_>, pair: &Pair) -> Result<(f64, f64), Stop> {
    let at = pair.value.clone();
    let Some((lo, hi)) = ends(line.text, at.clone()) else {
        let reason = "a range `LO..HI` or `[LO, HI]` is needed here";
        return Err(match hints::range(&line.text[at.clone()]) {
            Some(range) => {
                let instead = format!("{}{range}{}", &line.text[..at.start], &line.text[at.end..]);
                line.instead(at, reason, instead)
            }
            None => line.wrong(at, reason),
        });
    };
    let (lo, hi) = (repl.number(line, lo)?, repl.number(line, hi)?);
    if lo <= hi { Ok((lo, hi)) } else { Err(line.wrong(at, format!("the range is empty: {lo} is above {hi}"))) }
}

/// The names in a text.
fn words_of(text: &str) -> std::collections::BTreeSet<crate::base::Name> {
    crate::syntax::entry::words(text).into_iter().map(|w| crate::base::Name::from(&text[w.at])).collect()
}

/// The error of a line without a range, with one that has it.
pub(super) fn no_range(repl: &Repl, line: &Line<'_>, reason: &str) -> Stop {
    let inside = line.row.name == "range";
    let own = &line.text[trimmed(line)];
    let known = |name: &str| {
        let is_fixed = |s: &std::sync::Arc<Statement>| !matches!(s.stmt.kind, StmtKind::Var { .. });
        repl.bench.program().owner(name).map_or_else(|| crate::sema::known_names().any(|n| n == name), is_fixed)
    };
    let paired = hints::paired(line.text, line.rest.clone(), inside).or_else(|| {
        let mut names = hints::names(own, known);
        // `f` alone: what it is made of moves.
        let program = repl.bench.program();
        for at in program.closure(&words_of(own), true) {
            let statement = &program.statements()[at];
            if matches!(&statement.stmt.kind, StmtKind::Var { axes, .. } if axes.binders.is_empty()) {
                names.extend(
                    statement.names.iter().map(|n| n.to_string()).filter(|n| !names.contains(n)).collect::<Vec<_>>(),
                );
            }
        }
        let axes = line.row.args.matches("LO..HI").count().max(1);
        let one = |name: &String| if inside { format!(", {name} in [-1, 1]") } else { format!(" {name}=-10..10") };
        let ranges: String = names.get(..axes)?.iter().map(one).collect();
        Some(format!("{}{ranges}", line.text))
    });
    match paired {
        Some(instead) if !own.contains('=') => line.instead(0..0, reason, instead),
        _ => line.wrong(0..0, reason),
    }
}

/// The error of an axis that is no part of what is asked: it would move nothing.
pub(super) fn all_move(repl: &Repl, line: &Line<'_>, asked: &[&Asked], moved: (&[Axis], &[Pair])) -> Result<(), Stop> {
    for (axis, pair) in moved.0.iter().zip(moved.1) {
        let is_part = |asked: &&Asked| {
            asked.mentions.contains(&axis.name)
                || asked.as_name().is_some_and(|f| crate::func::lookup(f).is_some() || repl.bench.is_function(f))
        };
        if repl.bench.program().owner(&axis.name).is_none() && !asked.iter().any(is_part) {
            let mentions = asked.iter().flat_map(|a| a.mentions.iter().map(|n| &**n));
            let reason = format!("`{}` is no variable, and no part of the expression", axis.text);
            return Err(match closest(&axis.name, mentions) {
                Some(near) => {
                    let (before, behind) = (&line.text[..pair.name.start], &line.text[pair.name.end..]);
                    line.instead(pair.name.clone(), reason, format!("{before}{near}{behind}"))
                }
                None => line.wrong(pair.name.clone(), reason),
            });
        }
    }
    Ok(())
}

/// An expression for a curve or a surface: a function without arguments is one of what moves.
pub(super) fn applied(repl: &Repl, asked: Asked, axes: &[Axis]) -> Asked {
    let Some(name) = asked.as_name() else { return asked };
    let owner = repl.bench.program().owner(name);
    let is_fn = match owner {
        Some(statement) => matches!(statement.stmt.kind, StmtKind::Fn { .. }),
        None => crate::func::lookup(name).is_some(),
    };
    let names: Vec<_> = axes.iter().map(|a| a.name.clone()).collect();
    if is_fn && axes.iter().all(|a| a.entry.is_none()) { asked.called_with(&names) } else { asked }
}

fn range(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let found = split(line.text, line.rest.clone());
    if found.pairs.is_empty() {
        return Err(no_range(repl, line, "it is not said what ranges over what"));
    }
    let mut boxes = Vec::new();
    for pair in &found.pairs {
        let (lo, hi) = interval(repl, line, pair)?;
        boxes.push((repl.axis(line, pair.name.clone())?, Interval::new(lo, hi)));
    }
    let asked = repl.asked(line, found.head)?;
    let axes: Vec<Axis> = boxes.iter().map(|(axis, _)| axis.clone()).collect();
    all_move(repl, line, &[&asked], (&axes, &found.pairs))?;
    let asked = applied(repl, asked, &axes);
    let enclosure = repl.bench.enclose(&asked, &boxes)?;
    let fixed: Vec<String> = enclosure.fixed.iter().map(|(n, v)| format!("{n} = {}", words::exact(*v))).collect();
    let with = if fixed.is_empty() { String::new() } else { format!(", with {}", fixed.join(", ")) };
    if enclosure.range.is_empty() {
        return Ok(format!("no value anywhere in there{with}\n"));
    }
    let (lo, hi) = (words::exact(enclosure.range.lo), words::exact(enclosure.range.hi));
    let why = enclosure.unbounded.map_or_else(String::new, |why| format!("no bound is known of {}\n", why.words()));
    Ok(format!("all values lie in [{lo}, {hi}]{with}\n{why}"))
}

fn convex(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    if trimmed(line).is_empty() {
        let bound = repl.bench.whole()?;
        let words = bound.convexity(&repl.bench.session.sources);
        return Ok(format!("the model: convexity is {words}\n"));
    }
    let asked = only(repl, line)?;
    let proof = repl.bench.proof(&asked)?;
    let traits = proof.traits;
    let shape = match traits.curvature {
        Curvature::Constant => "constant",
        Curvature::Affine => "affine: convex and concave",
        Curvature::Convex => "convex",
        Curvature::Concave => "concave",
        Curvature::Unknown => "neither proved convex nor concave",
    };
    let degree = match traits.degree {
        Degree::Constant => "constant",
        Degree::Linear => "linear",
        Degree::Quadratic => "quadratic",
        Degree::Nonlinear => "nonlinear",
    };
    let smooth = match traits.smooth {
        Smooth::Twice => "smooth",
        Smooth::Once => "once differentiable",
        Smooth::Kinks => "with kinks",
        Smooth::Jumps => "with jumps",
    };
    let breaks = proof.breaks_at.map_or_else(String::new, |part| format!("; nothing is known of `{part}`"));
    let range = format!("[{}, {}]", brief(traits.range.lo), brief(traits.range.hi));
    Ok(format!("{shape}{breaks}\n{degree}, {smooth}, values in {range} over the bounds of the variables\n"))
}

fn time(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    const LEAST: Duration = Duration::from_millis(100);
    let asked = only(repl, line)?;
    let begin = Instant::now();
    let before = repl.bench.counts();
    drop(repl.bench.function(&asked, &[])?);
    let compiled = begin.elapsed();
    let again = repl.bench.counts() != before;
    let stop = repl.bench.session.setup.stop.clone();
    let mut function = repl.bench.function(&asked, &[])?;
    let (begin, mut n) = (Instant::now(), 0_u64);
    let mut value = f64::NAN;
    while begin.elapsed() < LEAST && !stop.is_raised() {
        for _ in 0..16 {
            value = function.at(&[]);
        }
        n += 16;
    }
    if n == 0 {
        return Err(Stop::Interrupted);
    }
    let one = begin.elapsed().as_secs_f64() / n as f64;
    let one = if one < 1e-6 { format!("{:.0} ns", one * 1e9) } else { seconds(one) };
    let first = if again { format!("; made in {}", seconds(compiled.as_secs_f64())) } else { String::new() };
    Ok(format!("{one} for one value, {}{first}\n", words::exact(value)))
}

fn clif(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let asked = only(repl, line)?;
    Ok(repl.bench.code(&asked, jit::Text::Clif)?)
}

fn asm(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let asked = only(repl, line)?;
    Ok(repl.bench.code(&asked, jit::Text::Asm)?)
}

fn solve(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let at = trimmed(line);
    let asked: Option<Stmt> = match line.text[at.clone()].trim_start_matches("with").trim() {
        "" => None,
        _ => {
            let with = if line.text[at.clone()].starts_with("with ") { "" } else { "with " };
            let text = format!("solve {with}{}", &line.text[at]);
            let file = repl.bench.add_source(&text);
            let parsed = crate::syntax::parse_entry(file, &text);
            if parsed.reports.has_errors() {
                return Err(Stop::Wrong(parsed.reports));
            }
            parsed.stmts.into_iter().next()
        }
    };
    let mut reply = Reply::default();
    let text = repl.solve(asked, &mut reply)?;
    let said = reply.parts.into_iter().map(|part| match part {
        Part::Out(text) | Part::Err(text) => text,
    });
    Ok(said.chain([text]).collect())
}

fn list(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    nothing_more(line)?;
    let text = model(repl, &|_| None);
    Ok(if text.is_empty() { "nothing was entered yet\n".into() } else { text })
}

/// The statements as the text of a model, some of them with another text.
pub(super) fn model(repl: &Repl, other: &dyn Fn(&Statement) -> Option<String>) -> String {
    let mut out = String::new();
    let mut constraints = String::new();
    for statement in repl.bench.program().statements() {
        let doc = statement.stmt.doc.as_deref().unwrap_or("");
        let own = other(statement).unwrap_or_else(|| statement.text.to_string());
        let text: String = doc.lines().map(|l| format!("# {l}\n")).collect::<String>() + &own + "\n";
        if matches!(statement.stmt.kind, StmtKind::Constraint { .. }) {
            constraints += &text.lines().map(|l| format!("  {l}\n")).collect::<String>();
        } else {
            out += &text;
        }
    }
    if constraints.is_empty() { out } else { format!("{out}subject to\n{constraints}") }
}

fn drop_name(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    let at = trimmed(line);
    let name = line.text[at.clone()].to_owned();
    if name.is_empty() {
        return Err(line.wrong(at, "the name is missing"));
    }
    if repl.bench.drop_name(&name)? {
        return Ok(String::new());
    }
    let names = repl.bench.program().statements().iter().flat_map(|s| s.names.iter());
    let near = closest(&name, names.map(|n| &**n)).map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
    Err(line.wrong(at, format!("no statement declares `{name}`{near}")))
}

fn clear(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    nothing_more(line)?;
    repl.bench.clear();
    Ok(String::new())
}

fn undo(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    nothing_more(line)?;
    if repl.bench.undo() { Ok(String::new()) } else { Err(line.wrong(0..0, "there is nothing to undo")) }
}

fn stats(repl: &mut Repl, line: &Line<'_>) -> Result<String, Stop> {
    nothing_more(line)?;
    let counts = repl.bench.counts();
    Ok(format!(
        "statements checked {}, data bound {}, expressions differentiated {}, compiled to machine code {}\n",
        counts.checked, counts.bound, counts.differentiated, counts.compiled
    ))
}
