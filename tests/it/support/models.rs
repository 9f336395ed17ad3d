//! Random models as text, with everything a template can hold: affine, constant, reversed and gathered
//! subscripts, joins, filters, ranges that depend on outer indices, reductions inside nonlinear functions,
//! `if` with branches that have no value outside, integer and real powers, shared `let`s, matrix products
//! and determinants.
//!
//! Every model has a value everywhere: functions with a domain get arguments inside it.

use optc::num::random::Stream;
use std::fmt::Write;

/// A model and its data file.
pub struct Drawn {
    /// The text.
    pub text: String,
    /// `t.csv`.
    pub table: String,
}

/// What a binder ranges over.
#[derive(Clone, Copy, PartialEq)]
enum Over {
    /// Integers `lo..hi` inside `1..n`.
    Int { lo: usize, hi: usize },
    /// The labels `J`.
    Label,
    /// Rows of `t`.
    Row,
}

#[derive(Clone)]
struct Binder {
    name: String,
    over: Over,
}

/// Where choices come from: bytes while there are any, then a stream.
struct Choices<'b> {
    bytes: std::slice::Iter<'b, u8>,
    stream: Stream,
}

impl Choices<'_> {
    /// One of `0..n`.
    fn below(&mut self, n: u64) -> u64 {
        match self.bytes.next() {
            // A long range takes two bytes.
            Some(byte) if n > 256 => {
                let low = self.bytes.next().copied().unwrap_or(0);
                (u64::from(*byte) << 8 | u64::from(low)) % n
            }
            Some(byte) => u64::from(*byte) % n,
            None => self.stream.below(n),
        }
    }

    fn uniform(&mut self, lo: f64, hi: f64) -> f64 {
        self.stream.uniform(lo, hi)
    }
}

struct Generator<'b> {
    rng: Choices<'b>,
    n: usize,
    labels: usize,
    rows: usize,
    fresh: usize,
    /// `let`s by name and what they are indexed by: `I`, `J`, nothing.
    lets: Vec<(String, char)>,
    /// Nodes left to spend: keeps models small.
    budget: i32,
}

const LABELS: [&str; 4] = ["north", "east", "south", "west"];

/// Model number `seed`.
pub fn draw(seed: u64) -> Drawn {
    draw_from(&[], seed)
}

/// The model that `bytes` choose, and `seed` when they are used up.
pub fn draw_from(bytes: &[u8], seed: u64) -> Drawn {
    let mut rng = Choices { bytes: bytes.iter(), stream: Stream::new(seed, 0x4D4F_4445) };
    let long = rng.below(40) == 0;
    let n = if long { 257 + rng.below(100) as usize } else { 2 + rng.below(5) as usize };
    let labels = 2 + rng.below(3) as usize;
    let rows = 1 + rng.below(if long { 400 } else { 7 }) as usize;
    let mut generator = Generator { rng, n, labels, rows, fresh: 0, lets: Vec::new(), budget: 60 };
    let table = generator.table();
    let text = generator.model();
    Drawn { text, table }
}

impl Generator<'_> {
    fn pick(&mut self, n: usize) -> usize {
        self.rng.below(n as u64) as usize
    }

    fn number(&mut self) -> String {
        let value = self.rng.uniform(-2.0, 2.0);
        if self.pick(3) == 0 { format!("{}", 1 + self.pick(3)) } else { format!("{value:.3}") }
    }

    fn table(&mut self) -> String {
        let mut csv = "from,to,w\n".to_owned();
        for _ in 0..self.rows {
            let (from, to) = (1 + self.pick(self.n), 1 + self.pick(self.n));
            let w = self.rng.uniform(0.2, 1.5);
            let _ = writeln!(csv, "{from},{to},{w:.4}");
        }
        csv
    }

    fn model(&mut self) -> String {
        let mut out = String::new();
        let n = self.n;
        let labels = &LABELS[..self.labels];
        let _ = writeln!(out, "set I = 1..{n}\nset J = {{{}}}", labels.join(", "));
        let _ = writeln!(out, "param s = 0.7\nparam p[i in I] = 0.3 + 0.7 * i / {n}");
        let values: Vec<String> =
            (0..self.labels).map(|j| format!("{}: {}", LABELS[j], 0.4 * j as f64 - 0.5)).collect();
        let _ = writeln!(out, "param q[J] = {{{}}}", values.join(", "));
        let places: Vec<String> = (0..n).map(|_| (1 + self.pick(n)).to_string()).collect();
        let _ = writeln!(out, "param g[I] = [{}]", places.join(", "));
        let _ = writeln!(out, "table t from \"t.csv\"\nvar x[I]\nvar y[J]\nvar z\nvar W[I, J]");
        for _ in 0..self.pick(3) {
            self.define(&mut out);
        }
        self.objectives(&mut out);
        let count = self.pick(4);
        if count > 0 {
            out.push_str("subject to\n");
        }
        for row in 0..count {
            let (head, scope) = self.rows_head();
            self.budget = 40;
            // A constraint without variables is an error.
            let mut variable = self.variable(&scope);
            while variable.starts_with('d') {
                // A `let` may turn out to be data.
                variable = self.variable(&scope);
            }
            let body = format!("0.317 * {variable} + {}", self.top(&scope));
            let bound = ["<= 1", ">= -2", "== 0.5"][self.pick(3)];
            let _ = writeln!(out, "  c{row}{head}: {body} {bound}");
        }
        out
    }

    fn objectives(&mut self, out: &mut String) {
        let two = self.pick(8) == 0;
        if two {
            out.push_str("solve with weighted_sum(points = 4)\n");
        }
        for k in 0..1 + usize::from(two) {
            let sense = if self.pick(4) == 0 { "maximize" } else { "minimize" };
            self.budget = 60;
            let body = self.top(&[]);
            let _ = writeln!(out, "{sense} f{k}: 0.3 * z + {body}");
        }
    }

    fn define(&mut self, out: &mut String) {
        let name = format!("d{}", self.lets.len());
        self.budget = 25;
        match self.pick(5) {
            0 => {
                let index = self.binder(Over::Int { lo: 1, hi: self.n });
                let body = self.expr(std::slice::from_ref(&index));
                let _ = writeln!(out, "let {name}[{} in I] = {body}", index.name);
                self.lets.push((name, 'I'));
            }
            1 => {
                let index = self.binder(Over::Label);
                let body = self.expr(std::slice::from_ref(&index));
                let _ = writeln!(out, "let {name}[{} in J] = {body}", index.name);
                self.lets.push((name, 'J'));
            }
            2 => {
                let _ = writeln!(out, "let {name} = W * y");
                self.lets.push((name, 'I'));
            }
            3 => {
                let _ = writeln!(out, "let {name} = W' * x");
                self.lets.push((name, 'J'));
            }
            _ => {
                let (first, second) = (self.expr(&[]), self.expr(&[]));
                let _ = writeln!(
                    out,
                    "let {name}m[k in 1..2, l in 1..2] = if k == l then 2 + ({first})^2 else 0.4 * sin({second})"
                );
                let _ = writeln!(out, "let {name} = logdet({name}m)");
                self.lets.push((name, '0'));
            }
        }
    }

    fn binder(&mut self, over: Over) -> Binder {
        self.fresh += 1;
        let letter = match over {
            Over::Int { .. } => 'i',
            Over::Label => 'j',
            Over::Row => 'r',
        };
        Binder { name: format!("{letter}{}", self.fresh), over }
    }

    /// Head and scope of a constraint.
    fn rows_head(&mut self) -> (String, Vec<Binder>) {
        if self.pick(5) == 0 {
            return (String::new(), Vec::new());
        }
        let (heads, filter, scope) = self.heads(&[]);
        (format!("[{heads}{filter}]"), scope)
    }

    /// `i in I, j in J`, a filter with ` if`, and the binders.
    fn heads(&mut self, outer: &[Binder]) -> (String, String, Vec<Binder>) {
        let mut heads = Vec::new();
        let mut scope: Vec<Binder> = Vec::new();
        // Long sets are met once, short ones not too often: products of many are too many for a test.
        let crowded = if self.n > 20 { outer.iter().any(|b| b.over != Over::Label) } else { outer.len() > 2 };
        let mut kinds = vec![self.pick(6)];
        if self.pick(4) == 0 && self.n < 20 && outer.is_empty() {
            kinds.push(self.pick(3));
        }
        for kind in kinds {
            let (binder, set) = match if crowded { 5 } else { kind } {
                0 | 1 => (self.binder(Over::Int { lo: 1, hi: self.n }), "I".to_owned()),
                2 => {
                    let hi = self.n - 1;
                    (self.binder(Over::Int { lo: 1, hi }), format!("1..{hi}"))
                }
                3 => (self.binder(Over::Row), "t".to_owned()),
                4 => match outer.iter().find(|b| matches!(b.over, Over::Int { .. })) {
                    // A range that ends where the outer index stands.
                    Some(end) => {
                        let (hi, name) = (self.n, end.name.clone());
                        (self.binder(Over::Int { lo: 1, hi }), format!("1..{name}"))
                    }
                    None => (self.binder(Over::Int { lo: 2, hi: self.n }), format!("2..{}", self.n)),
                },
                _ => (self.binder(Over::Label), "J".to_owned()),
            };
            heads.push(format!("{} in {set}", binder.name));
            scope.push(binder);
        }
        let filter = self.filter(outer, &scope);
        (heads.join(", "), filter, scope)
    }

    /// A join when a row meets an outer index, else now and then a plain filter.
    fn filter(&mut self, outer: &[Binder], scope: &[Binder]) -> String {
        let index = outer.iter().chain(scope).find(|b| matches!(b.over, Over::Int { .. }));
        let row = scope.iter().find(|b| b.over == Over::Row);
        if let (Some(row), Some(index)) = (row, index)
            && self.pick(4) > 0
        {
            let column = ["from", "to"][self.pick(2)];
            return format!(" if {}.{column} == {}", row.name, index.name);
        }
        let own = scope.iter().find(|b| matches!(b.over, Over::Int { .. }));
        match own {
            Some(own) if self.pick(4) == 0 => match outer.iter().find(|b| matches!(b.over, Over::Int { .. })) {
                Some(other) => format!(" if {} != {}", own.name, other.name),
                None => format!(" if p[{}] < 0.8", own.name),
            },
            _ => String::new(),
        }
    }

    /// A sum of terms, some of them reductions.
    fn top(&mut self, scope: &[Binder]) -> String {
        let terms: Vec<String> = (0..1 + self.pick(3))
            .map(|_| match self.pick(3) {
                0 => self.expr(scope),
                _ => {
                    let factor = if self.pick(3) == 0 { format!("{} * ", self.leaf(scope)) } else { String::new() };
                    format!("{factor}{}", self.reduction("sum", scope))
                }
            })
            .collect();
        terms.join([" + ", " - "][self.pick(2)])
    }

    fn reduction(&mut self, op: &str, outer: &[Binder]) -> String {
        self.budget -= 4;
        let (mut heads, mut filter, mut inner) = self.heads(outer);
        if matches!(op, "min" | "max" | "mean" | "norm2") {
            // These want something to reduce.
            let binder = self.binder(Over::Label);
            heads = format!("{} in J", binder.name);
            filter = String::new();
            inner = vec![binder];
        }
        let scope: Vec<Binder> = outer.iter().cloned().chain(inner).collect();
        let body = self.expr(&scope);
        // Factors near 1 keep long products in range.
        let body = if op == "prod" { format!("1 + 0.02 * sin({body})") } else { body };
        format!("{op}({heads}{filter}: {body})")
    }

    fn expr(&mut self, scope: &[Binder]) -> String {
        self.budget -= 1;
        if self.budget <= 0 || self.pick(6) == 0 {
            return self.leaf(scope);
        }
        let u = |g: &mut Self| g.expr(scope);
        match self.pick(26) {
            0..=2 => format!("({} + {})", u(self), u(self)),
            3 | 4 => format!("({} - {})", u(self), u(self)),
            5..=8 => format!("({} * {})", u(self), u(self)),
            9 => format!("({} / (2 + ({})^2))", u(self), u(self)),
            10 => format!("sin({})^{}", u(self), 2 + self.pick(3)),
            11 => format!("(1 + sin({})^2)^{:.2}", u(self), self.rng.uniform(-1.5, 2.5)),
            12 => format!("sin({})", u(self)),
            13 => format!("cos({})", u(self)),
            14 => format!("exp(sin({}))", u(self)),
            15 => format!("log(1.5 + ({})^2)", u(self)),
            16 => format!("sqrt(0.5 + ({})^2)", u(self)),
            17 => format!("tanh({})", u(self)),
            18 => format!("abs({})", u(self)),
            19 => format!("{}({}, {})", ["min", "max"][self.pick(2)], u(self), u(self)),
            20 => format!("(if {} < {} then {} else {})", u(self), u(self), u(self), u(self)),
            21 => {
                // The branch that is not taken has no value.
                let leaf = self.variable(scope);
                format!("(if {leaf} > 0.1 then {}({leaf}) else {})", ["log", "sqrt"][self.pick(2)], u(self))
            }
            _ if self.pick(2) == 0 => self.nested(scope),
            _ => self.leaf(scope),
        }
    }

    /// A reduction inside a nonlinear function.
    fn nested(&mut self, scope: &[Binder]) -> String {
        match self.pick(7) {
            0 => format!("log(1 + ({})^2)", self.reduction("sum", scope)),
            1 => format!("sin({})", self.reduction("sum", scope)),
            2 => format!("({})^2", self.reduction("mean", scope)),
            3 => self.reduction("prod", scope),
            4 => self.reduction("max", scope),
            5 => self.reduction("min", scope),
            _ => format!("(1 + {})^0.5", self.reduction("norm2", scope)),
        }
    }

    fn leaf(&mut self, scope: &[Binder]) -> String {
        match self.pick(5) {
            0 => self.number(),
            1 => self.datum(scope),
            _ => self.variable(scope),
        }
    }

    fn datum(&mut self, scope: &[Binder]) -> String {
        let Some(binder) = self.any(scope) else { return "s".to_owned() };
        match binder.over {
            Over::Int { .. } if self.pick(3) == 0 => binder.name,
            Over::Int { .. } => format!("p[{}]", binder.name),
            Over::Label => format!("q[{}]", binder.name),
            Over::Row => format!("{}.w", binder.name),
        }
    }

    fn any(&mut self, scope: &[Binder]) -> Option<Binder> {
        if scope.is_empty() {
            return None;
        }
        let at = self.pick(scope.len());
        Some(scope[at].clone())
    }

    fn variable(&mut self, scope: &[Binder]) -> String {
        let (n, labels) = (self.n, self.labels);
        let Some(binder) = self.any(scope) else {
            let place = 1 + self.pick(n);
            let label = LABELS[self.pick(labels)];
            return match self.pick(5) {
                0 | 1 => "z".to_owned(),
                2 => format!("x[{place}]"),
                3 => format!("y[{label}]"),
                _ => self.defined(None).unwrap_or_else(|| format!("W[{place}, {label}]")),
            };
        };
        match binder.over {
            Over::Int { lo, hi } => self.by_index(&binder.name, lo, hi, scope),
            Over::Label => match self.pick(5) {
                0 => self.defined(Some((&binder.name, 'J'))).unwrap_or_else(|| format!("y[{}]", binder.name)),
                1 => format!("W[{}, {}]", 1 + self.pick(n), binder.name),
                _ => format!("y[{}]", binder.name),
            },
            Over::Row => format!("x[{}.{}]", binder.name, ["from", "to"][self.pick(2)]),
        }
    }

    fn by_index(&mut self, i: &str, lo: usize, hi: usize, scope: &[Binder]) -> String {
        let n = self.n;
        let label = scope.iter().find(|b| b.over == Over::Label);
        match self.pick(9) {
            0 => format!("x[g[{i}]]"),
            1 => format!("x[{} - {i}]", n + 1),
            2 if hi < n => format!("x[{i} + 1]"),
            3 if lo > 1 => format!("x[{i} - 1]"),
            4 => match label {
                Some(j) => format!("W[{i}, {}]", j.name),
                None => format!("W[{i}, {}]", LABELS[self.pick(self.labels)]),
            },
            5 => self.defined(Some((i, 'I'))).unwrap_or_else(|| format!("x[{i}]")),
            6 => "z".to_owned(),
            _ => format!("x[{i}]"),
        }
    }

    /// A `let` that fits the index.
    fn defined(&mut self, index: Option<(&str, char)>) -> Option<String> {
        let kind = index.map_or('0', |(_, kind)| kind);
        let fitting: Vec<String> = self.lets.iter().filter(|(_, k)| *k == kind).map(|(name, _)| name.clone()).collect();
        if fitting.is_empty() {
            return None;
        }
        let at = self.pick(fitting.len());
        let name = fitting[at].clone();
        Some(index.map_or(name.clone(), |(i, _)| format!("{name}[{i}]")))
    }
}
