//! Text becomes statements: what the language accepts, and how.

use optc::base::{FileId, Id};
use optc::diag::{Sources, render::render};
use optc::syntax::ast::StmtKind;
use optc::syntax::{Parsed, dump, parse, parse_expr};

fn file() -> FileId {
    FileId::new(0)
}

/// Parses a text that has nothing wrong in it.
fn accepted(text: &str) -> Parsed {
    let parsed = parse(file(), text);
    let mut sources = Sources::new();
    sources.add("model.opt", text);
    let said: String = parsed.reports.messages().iter().map(|m| render(m, &sources, false)).collect();
    assert!(parsed.reports.is_empty(), "{said}");
    assert!(parsed.lost.is_empty(), "lost without a report: {:?}", parsed.lost);
    parsed
}

const DECLARATIONS: &str = r#"
include "common.opt"

set   plants  = {seattle, san_diego}         # labels
set   hours   = 1..24                        # integers, inclusive
set   near    = {i in plants, j in markets if dist[i, j] < 3}     # tuples, filtered
set   cities  = distinct(roads.from)         # from a column

param lambda = 0.1                           # a default
param supply[plants] = {seattle: 350, san_diego: 600}
param c[i in plants, j in markets] = 90 * dist[i, j] / 1000
param demand[markets] from "demand.csv"      # key columns then value; long or wide
table iris from "iris.csv"                   # rows are records
table branch from "branch.csv" key (id)
split iris into train 0.8, test 0.2 seed 7

var x                                        # a free real
var ship[i in plants, j in markets] >= 0
var x[i in 1..4] in [1, 5] start x0[i]       # bounds and initial value in one place
var n: int in 0..10
var open[plants]: bool
var W[features, hidden] start xavier         # also: he, normal(0, 0.1), uniform(-1, 1); seeded

let r[d in obs] = d.y - b1 * (1 - exp(-b2 * d.x))      # defined expression, any shape
fn  huber(r, k = 1) = if abs(r) <= k then r^2 / 2 else k * (abs(r) - k / 2)
extern fn lift(alpha, chord) = "./simulate --alpha {alpha} --chord {chord}"

check sum(i in plants: supply[i]) >= sum(j in markets: demand[j]) : "supply is short"
expect cost ~= 153.675 tol 1e-6
"#;

const SOLVING: &str = r#"
minimize cost: sum(i in plants, j in markets: c[i, j] * ship[i, j])

subject to
  capacity[i in plants]: sum(j in markets: ship[i, j]) <= supply[i]
  0.5 <= x + y <= 2                          # a range; a name is optional but recommended
  gap: a >= 0 complements b >= 0

solve                                        # the router chooses, and says why
solve with interior_point(tol = 1e-9, max_iter = 500)
solve with adam(rate = cosine(1e-2, warmup = 100), batch = 32, epochs = 20) then lbfgs   # a pipeline
show x, cost, r                              # what to print; default: variables and objectives
show dual(capacity), slack(capacity)
expect dual(capacity[seattle]) ~= 0.2
minimize weight: 7.8 * w * h
maximize stiffness: w * h^3 / 12
solve with nsga2(population = 200, generations = 300)
hyper lambda in [1e-6, 1e2] log
hyper width: int in 4..64
tune minimize valid_loss with bohb(trials = 81, eta = 3, fidelity = epochs)
"#;

#[test]
fn everything_the_design_shows_parses() {
    assert_eq!(accepted(DECLARATIONS).stmts.len(), 23);
    assert_eq!(accepted(SOLVING).stmts.len(), 17);
}

#[test]
fn every_model_of_the_project_parses() {
    let mut count = 0;
    for folder in ["examples", "suites/hs", "tests/solve"] {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "opt")) {
            let text = std::fs::read_to_string(&path).expect("models are UTF-8");
            println!("{}", path.display());
            accepted(&text);
            count += 1;
        }
    }
    assert!(count >= 12, "only {count} models found");
}

/// Statements of a text as text, one line each, without their parts.
fn shape(text: &str) -> Vec<String> {
    let dump = dump::meaning(&accepted(text).stmts);
    dump.lines().filter(|l| !l.starts_with(' ')).map(str::to_owned).collect()
}

/// An expression with all its parentheses.
fn grouped(text: &str) -> String {
    let stmts = accepted(&format!("show {text}\n")).stmts;
    dump::meaning(&stmts).lines().filter_map(|l| l.strip_prefix("  item ").map(str::to_owned)).collect()
}

fn codes(text: &str) -> Vec<&'static str> {
    parse(file(), text).reports.messages().iter().map(|m| m.code).collect()
}

#[test]
fn operators_group_as_the_reference_says() {
    let cases = [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "(a - b - c)"),
        ("a / b * c", "(a / b * c)"),
        ("-x^2", "(-(x^2))"),
        ("2^3^2", "(2^(3^2))"),
        ("2^-x", "(2^(-x))"),
        ("a^b'", "(a^b')"),
        ("-a * b", "((-a) * b)"),
        ("a * -b", "(a * (-b))"),
        ("a .* b ./ c .^ 2", "(a .* b ./ (c .^ 2))"),
        ("1..n - 1", "(1 .. (n - 1))"),
        ("1..3 == s", "((1 .. 3) == s)"),
        ("not a == b and c or d", "(((not (a == b)) and c) or d)"),
        ("a <= b <= c", "(a <= b <= c)"),
        ("if a then b else c + 1", "(if a then b else (c + 1))"),
        ("2 * if a then b else c * d", "(2 * (if a then b else (c * d)))"),
        ("if a then b else if c then d else e", "(if a then b else (if c then d else e))"),
        ("if a then b else c <= 3", "((if a then b else c) <= 3)"),
        ("x'[i].f(1)", ""),
        (
            "sum(i in I, (j, k) in J if i != j: x[i, j] + 1) * 2",
            "(sum(i in I, (j, k) in J if (i != j): (x[i, j] + 1)) * 2)",
        ),
        ("f(a, k = 1)", "f(a, k = 1)"),
        ("(i, j) in arcs", "((i, j,) in arcs)"),
        ("{i in I, j in J if i < j}", "{i in I, j in J if (i < j)}"),
        ("{a: 1, (b, c): 2,}", "{a: 1, (b, c,): 2}"),
        ("[1, 2, 3,]", "[1, 2, 3]"),
        ("x[t - 1, \"New York\"]", "x[(t - 1), \"New York\"]"),
        ("r.from.set", "r.from.set"),
        ("x ≤ π and y ∈ S", "((x <= pi) and (y in S))"),
        ("−x · θ₁", "((-x) * θ₁)"),
    ];
    for (text, wanted) in cases.into_iter().filter(|c| !c.1.is_empty()) {
        assert_eq!(grouped(text), wanted, "{text}");
    }
}

#[test]
fn lines_go_on_as_the_reference_says() {
    let one = [
        "minimize x\n  + y",
        "minimize x +\ny",
        "minimize (x\n+ y)",
        "minimize f(x,\ny)",
        "minimize x\n* y",
        "minimize cost:\nx",
        "minimize x # a remark\n  # another\n  + y",
        "minimize if x > 0\nthen x\nelse y",
        "param p = {\na: 1,\nb: 2\n}",
        "var x\n  in [0, 1]\n  start 0.5",
        "\tminimize x\n\t\t+ y",
        "minimize x\r\n  + y\r\n",
    ];
    for text in one {
        assert_eq!(accepted(text).stmts.len(), 1, "{text}");
    }
    let two = ["var x\nvar y", "var x; var y", "var x;;var y;", "minimize f(x)\n  show y", "var show\nvar split"];
    for text in two {
        assert_eq!(accepted(text).stmts.len(), 2, "{text}");
    }
    assert_eq!(shape("subject to\nx <= 1\n(x) <= 2\nc: -x <= 2 + y\n").len(), 4);
    assert_eq!(shape("subject to c: x <= 1\n           d: x <= 2\n").len(), 3);
    assert_eq!(
        shape("minimize x\nsubject to\n  c[i in I]:\n    x[i]\n      <= 1\n  d: x[1]\n    <= 2\nsolve\n").len(),
        5
    );
}

#[test]
fn words_are_reserved_only_where_they_speak() {
    accepted(
        "var start start 1\nvar from >= 0\nvar key; var into; var seed; var tol; var log\nvar at; var to; var int; var real",
    );
    accepted("param time = 3\nparam state = 4\nvar control\nvar scenario\nminimize time * state + control + scenario");
    accepted("minimize log(x) + t.in + t.set.if\nshow show\nshow split, time");
    accepted("subject to\n  show: x <= 1\n  split[i in I]: x <= 1\n  time: x >= 0\n  start + seed <= 3");
    accepted("var x: real >= 0 == 3\nhyper log in [1, 2] log\nhyper k: int in 1..3\nexpect tol ~= 1 tol 2");
    for word in ["time t", "state v", "control u", "scenario s"] {
        assert_eq!(codes(word), ["E0810"], "{word}");
    }
}

#[test]
fn numbers_and_names_are_read_whole() {
    assert_eq!(grouped("1_000 + 1e-3 + 2.5E+2 + 1_0.0_1"), "(1000 + 0.001 + 250 + 10.01)");
    assert_eq!(grouped("2.*X"), "(2 .* X)");
    assert_eq!(grouped("Größe + x₁₂ + _y + été"), "(Größe + x₁₂ + _y + été)");
    assert_eq!(codes("minimize .5 + 5. + 1.2.3"), ["E0104"; 3]);
    assert_eq!(codes("minimize x²"), ["E0101"]);
}

#[test]
fn the_comment_block_directly_above_is_the_documentation() {
    let text =
        "# The title.\n\n# Tons sent,\n#  by road.\nvar x  # not this\n# lost\n\nvar y\nvar z # nor this\nvar w\n";
    let docs: Vec<Option<String>> =
        accepted(text).stmts.iter().map(|s| s.doc.as_ref().map(|d| d.to_string())).collect();
    assert_eq!(docs, [Some("Tons sent,\n by road.".to_owned()), None, None, None]);
}

#[test]
fn spans_point_at_the_text() {
    let text = "# é\nvar x in [0, 1]\n\nminimize cost: sum(i in I: c[i] * x)  # end\n";
    let parsed = accepted(text);
    let said = |stmt: usize| {
        let stmt = &parsed.stmts[stmt];
        let span = stmt.span(stmt.at);
        &text[span.start as usize..span.end as usize]
    };
    assert_eq!(said(0), "var x in [0, 1]");
    assert_eq!(said(1), "minimize cost: sum(i in I: c[i] * x)");
    let StmtKind::Objective { name: Some(name), body, .. } = &parsed.stmts[1].kind else { panic!("an objective") };
    let (name, body) = (parsed.stmts[1].span(name.at), parsed.stmts[1].expr_span(*body));
    assert_eq!(&text[name.start as usize..name.end as usize], "cost");
    assert_eq!(&text[body.start as usize..body.end as usize], "sum(i in I: c[i] * x)");
}

#[test]
fn one_expression_is_read_alone() {
    for text in ["1 + 2 * x", "x <= 3", "{a: 1}", "lambda"] {
        let Ok(stmt) = parse_expr(file(), text) else { panic!("{text} is an expression") };
        let StmtKind::Show { items } = &stmt.kind else { panic!("read as an item to show") };
        let span = stmt.expr_span(items[0]);
        assert_eq!(&text[span.start as usize..span.end as usize], text);
    }
    for text in ["", "1 +", "x, y", "2x", "var x", "(1", "a: b"] {
        let Err(reports) = parse_expr(file(), text) else { panic!("{text} is no expression") };
        assert!(reports.has_errors(), "{text}");
    }
}

#[test]
fn a_lost_statement_says_what_it_would_have_declared() {
    let cases: [(&str, &[&str]); 7] = [
        ("var x[i in 1..3 >= 0", &["x"]),
        ("param a b = 3", &["a"]),
        ("var x, y", &["x", "y"]),
        ("var int n", &["n"]),
        ("subject to\n c[i in I: x <= 3", &["c"]),
        ("extern fn f(x = 3) = \"a\"", &["f"]),
        ("set s = {1, 2", &["s"]),
    ];
    for (text, names) in cases {
        let lost = parse(file(), text).lost;
        let found: Vec<&str> = lost.iter().flat_map(|l| &l.names).map(|n| &**n).collect();
        assert!(names.iter().all(|n| found.contains(n)), "{text}: {found:?}");
    }
    assert!(parse(file(), "include common.opt").lost.iter().any(|l| l.include));
}

#[test]
fn a_mended_statement_is_kept_for_what_comes_after() {
    for text in
        ["vra x >= 0", "minimise x", "param a == 3", "minimize 2x ** 2", "minimize cost x", "minimize sum(i in I x[i])"]
    {
        let parsed = parse(file(), text);
        assert_eq!((parsed.stmts.len(), parsed.lost.len()), (1, 0), "{text}");
        assert!(parsed.reports.has_errors(), "{text}");
    }
}

#[test]
fn all_mistakes_of_all_statements_are_found_in_one_run() {
    let text =
        "var x >\nvra y ** 2\nminimize 2x + .5 * sum(i in I x[i j]) AND 3\nsubject to\n  a: x = 3 + * y\n  b: (x\n";
    let found = codes(text);
    for code in ["E0119", "E0105", "E0104", "E0113", "E0114", "E0111", "E0147", "E0108"] {
        assert!(found.contains(&code), "{code} is missing in {found:?}");
    }
}

/// A reproducible stream of small numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// Reads a text of any kind: nothing panics, places are inside the text and between characters, no report is silent.
fn survives(text: &str) {
    let parsed = parse(file(), text);
    let mut sources = Sources::new();
    sources.add("model.opt", text);
    for message in parsed.reports.messages() {
        for label in &message.labels {
            let said = text.get(label.span.start as usize..label.span.end as usize);
            assert!(said.is_some(), "{text:?}: {} at {:?}", message.title, label.span);
        }
        assert!(!message.labels.is_empty() && !message.title.ends_with('.'), "{}", message.title);
        assert!(!render(&message, &sources, false).is_empty());
    }
    if parsed.reports.is_empty() {
        assert!(parsed.lost.is_empty(), "{text:?} is lost without a report");
    }
    let _ = dump::ast(&parsed.stmts, text);
    let _ = optc::syntax::format(text);
    let _ = parse_expr(file(), text);
}

/// Words, signs and mistakes that texts are thrown together from, parted by `¦`.
const PIECES: &str = concat!(
    "x¦y¦2¦.5¦5.¦1e9¦\"s\"¦\"s¦set¦param¦table¦var¦let¦fn¦minimize¦maximize¦subject to¦solve¦",
    "include¦hyper¦tune¦check¦expect¦extern¦show¦split¦in¦if¦then¦else¦and¦or¦not¦complements¦",
    "with¦start¦from¦key¦into¦seed¦tol¦log¦+¦-¦*¦/¦^¦'¦.*¦./¦.^¦==¦!=¦<=¦<¦>=¦>¦~=¦=¦:¦,¦.¦..¦(¦",
    ")¦[¦]¦{¦}¦;¦\n¦\n  ¦\t¦# c\n¦**¦&&¦!¦:=¦//¦@¦é¦≤¦²¦“¦”¦sum¦for¦sum(i in I:¦x[i¦int¦\r\n¦",
    "\u{0}¦\u{feff}¦minimise¦s.t.¦st¦max:¦time¦at¦π¦∞¦|¦%",
);

#[test]
fn any_text_is_read_without_panic_and_reported_inside_it() {
    let pieces: Vec<&str> = PIECES.split('¦').collect();
    let mut dice = Dice(77);
    for _ in 0..6000 {
        let count = 1 + dice.below(14);
        let mut text = String::new();
        for _ in 0..count {
            text.push_str(pieces[dice.below(pieces.len())]);
            if dice.below(3) > 0 {
                text.push(' ');
            }
        }
        survives(&text);
    }
    let model = [DECLARATIONS, SOLVING].concat();
    let chars: Vec<char> = model.chars().collect();
    for _ in 0..600 {
        let mut wrong = chars.clone();
        for _ in 0..1 + dice.below(4) {
            let at = dice.below(wrong.len());
            match dice.below(3) {
                0 => drop(wrong.remove(at)),
                1 => wrong.insert(at, chars[dice.below(chars.len())]),
                _ => {
                    let next = (at + 1) % wrong.len();
                    wrong.swap(at, next);
                }
            }
        }
        survives(&wrong.into_iter().collect::<String>());
    }
}
