//! MPS files as CSV tables for the models of `suites/linear`.
//!
//! Takes the text of a file (free or fixed columns; `RANGES`, `BOUNDS`, `QUADOBJ`, integer markers), gives the tables `row`,
//! `col`, `a` and `q`. Sources: Murtagh, Advanced Linear Programming (1981), chapter 9; Maros and Meszaros (1999) for
//! `QUADOBJ`. Deliberately absent: what the models here do not need (semicontinuous variables, special ordered sets).

use std::collections::HashMap;
use std::fmt::Write as _;

const INF: f64 = f64::INFINITY;

/// A row or column.
#[derive(Clone, Debug)]
struct Line {
    kind: char,
    lower: f64,
    upper: f64,
    cost: f64,
    integer: bool,
    /// Whether a bound was given.
    bounded: bool,
}

impl Line {
    fn new(kind: char) -> Self {
        Self { kind, lower: 0.0, upper: INF, cost: 0.0, integer: false, bounded: false }
    }
}

/// A problem of linear rows with a linear or quadratic objective.
#[derive(Clone, Debug, Default)]
pub struct Mps {
    rows: Vec<Line>,
    cols: Vec<Line>,
    /// Row, column, coefficient.
    entries: Vec<(usize, usize, f64)>,
    /// Entries of the Hessian, one triangle.
    quadratic: Vec<(usize, usize, f64)>,
    constant: f64,
    maximize: bool,
}

/// The tables of a problem.
pub struct Tables {
    pub row: String,
    pub col: String,
    pub a: String,
    pub q: String,
    pub constant: f64,
    pub n_integer: usize,
    pub is_quadratic: bool,
}

impl Mps {
    /// Reads a file; words are told apart by blanks, or by columns where names contain blanks.
    ///
    /// # Errors
    /// The first line that makes no sense, by number.
    pub fn read(text: &str) -> Result<Self, String> {
        Reader::default().read(text, words).or_else(|_| Reader::default().read(text, fields))
    }

    /// As CSV.
    pub fn tables(&self) -> Tables {
        let sign = if self.maximize { -1.0 } else { 1.0 };
        let mut row = String::from("id,lower,upper\n");
        for (i, line) in self.rows.iter().enumerate() {
            writeln!(row, "{i},{},{}", number(line.lower), number(line.upper)).expect("a string takes any text");
        }
        let mut col = String::from("id,cost,lower,upper,whole\n");
        for (j, line) in self.cols.iter().enumerate() {
            let (lower, upper) = (number(line.lower), number(line.upper));
            writeln!(col, "{j},{},{lower},{upper},{}", sign * line.cost, u8::from(line.integer))
                .expect("a string takes any text");
        }
        let triples = |list: &[(usize, usize, f64)]| {
            let mut text = String::from("row,col,whole,value\n");
            for (i, j, value) in list {
                let whole = u8::from(self.cols[*j].integer);
                writeln!(text, "{i},{j},{whole},{value}").expect("a string takes any text");
            }
            text
        };
        Tables {
            row,
            col,
            a: triples(&self.entries),
            q: triples(&self.quadratic),
            constant: sign * self.constant,
            n_integer: self.cols.iter().filter(|c| c.integer).count(),
            is_quadratic: !self.quadratic.is_empty(),
        }
    }
}

fn number(value: f64) -> String {
    match value {
        INF => "inf".into(),
        v if v == -INF => "-inf".into(),
        v => format!("{v}"),
    }
}

/// The words of a data line.
fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_string).collect()
}

/// The fields of a data line in fixed columns, without the first one when it is blank.
fn fields(line: &str) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    let ends = [(1, 3), (4, 12), (14, 22), (24, 36), (39, 47), (49, 61)];
    let part = |(from, to): (usize, usize)| -> String {
        let to = to.min(chars.len());
        chars.get(from.min(to)..to).unwrap_or(&[]).iter().collect::<String>().trim().to_string()
    };
    let mut all: Vec<String> = ends.into_iter().map(part).collect();
    while all.last().is_some_and(String::is_empty) {
        all.pop();
    }
    if all.first().is_some_and(String::is_empty) {
        all.remove(0);
    }
    all
}

#[derive(Default)]
struct Reader {
    mps: Mps,
    /// Numbers of rows; the objective and what follows it have none.
    row_at: HashMap<String, Option<usize>>,
    col_at: HashMap<String, usize>,
    objective: Option<String>,
    integer: bool,
}

impl Reader {
    fn read(mut self, text: &str, split: fn(&str) -> Vec<String>) -> Result<Mps, String> {
        let mut section = String::new();
        for (at, line) in text.lines().enumerate() {
            if line.starts_with('*') || line.trim().is_empty() {
                continue;
            }
            let wrong = || format!("line {}: {line}", at + 1);
            if !line.starts_with([' ', '\t']) {
                let mut heading = line.split_whitespace();
                section = heading.next().unwrap_or_default().to_string();
                if section == "ENDATA" {
                    break;
                }
                continue;
            }
            self.line(&section, &split(line)).ok_or_else(wrong)?;
        }
        self.finish();
        Ok(self.mps)
    }

    fn line(&mut self, section: &str, words: &[String]) -> Option<()> {
        match section {
            "OBJSENSE" => self.mps.maximize = words.first()?.starts_with("MAX"),
            "ROWS" => {
                let [kind, name] = words else { return None };
                self.row(kind.chars().next()?, name);
            }
            "COLUMNS" if words.get(1).is_some_and(|w| w.trim_matches('\'') == "MARKER") => {
                self.integer = words.last()?.contains("INTORG");
            }
            "COLUMNS" => {
                let col = self.col(words.first()?);
                self.pairs(&words[1..], &mut |reader, row, value| match row {
                    Some(row) => reader.mps.entries.push((row, col, value)),
                    None => reader.mps.cols[col].cost += value,
                })?;
            }
            "RHS" | "RANGES" => {
                // The name of the vector may be missing.
                let from = words.len() % 2;
                let ranges = section == "RANGES";
                self.pairs(&words[from..], &mut |reader, row, value| match row {
                    Some(row) if ranges => range(&mut reader.mps.rows[row], value),
                    Some(row) => {
                        (reader.mps.rows[row].lower, reader.mps.rows[row].upper) = (value, value);
                    }
                    None => reader.mps.constant = -value,
                })?;
            }
            "BOUNDS" => self.bound(words)?,
            "QUADOBJ" => {
                let [first, second, value] = words else { return None };
                let (i, j) = (*self.col_at.get(first)?, *self.col_at.get(second)?);
                self.mps.quadratic.push((i, j, value.parse().ok()?));
            }
            _ => {}
        }
        Some(())
    }

    fn row(&mut self, kind: char, name: &str) {
        let number = (kind != 'N').then(|| {
            let mut line = Line::new(kind);
            line.upper = 0.0;
            self.mps.rows.push(line);
            self.mps.rows.len() - 1
        });
        if kind == 'N' && self.objective.is_none() {
            self.objective = Some(name.to_string());
        }
        self.row_at.insert(name.to_string(), number);
    }

    fn col(&mut self, name: &str) -> usize {
        if let Some(&at) = self.col_at.get(name) {
            return at;
        }
        let mut line = Line::new('C');
        line.integer = self.integer;
        self.mps.cols.push(line);
        self.col_at.insert(name.to_string(), self.mps.cols.len() - 1);
        self.mps.cols.len() - 1
    }

    /// Name and value, name and value; rows without a number are the objective or nothing.
    fn pairs(&mut self, words: &[String], each: &mut dyn FnMut(&mut Self, Option<usize>, f64)) -> Option<()> {
        if words.is_empty() || words.len() % 2 == 1 {
            return None;
        }
        for pair in words.chunks(2) {
            let row = *self.row_at.get(&pair[0])?;
            let value: f64 = pair[1].parse().ok()?;
            if row.is_some() || self.objective.as_deref() == Some(pair[0].as_str()) {
                each(self, row, value);
            }
        }
        Some(())
    }

    fn bound(&mut self, words: &[String]) -> Option<()> {
        let kind = words.first()?.as_str();
        let without_value = matches!(kind, "FR" | "MI" | "PL" | "BV");
        let place = |at: usize| words.get(at).and_then(|name| self.col_at.get(name.as_str())).copied();
        let (col, value) = match words.len() {
            2 if without_value => (place(1)?, 0.0),
            3 if without_value => (place(2)?, 0.0),
            3 => (place(1)?, words[2].parse().ok()?),
            4 => (place(2)?, if without_value { 0.0 } else { words[3].parse().ok()? }),
            _ => return None,
        };
        let line = &mut self.mps.cols[col];
        line.bounded = true;
        match kind {
            "LO" => line.lower = value,
            "UP" => {
                line.upper = value;
                // Without a lower bound, a negative upper one means that there is none.
                if value < 0.0 && line.lower == 0.0 {
                    line.lower = -INF;
                }
            }
            "FX" => (line.lower, line.upper) = (value, value),
            "FR" => (line.lower, line.upper) = (-INF, INF),
            "MI" => line.lower = -INF,
            "PL" => line.upper = INF,
            "BV" => (line.lower, line.upper, line.integer) = (0.0, 1.0, true),
            _ => return None,
        }
        Some(())
    }

    /// Rows got equal ends at first; their kind opens one.
    fn finish(&mut self) {
        for row in &mut self.mps.rows {
            match row.kind {
                'L' if !row.bounded => row.lower = -INF,
                'G' if !row.bounded => row.upper = INF,
                _ => {}
            }
        }
    }
}

/// The ends of a row with a range.
fn range(row: &mut Line, value: f64) {
    row.bounded = true;
    match row.kind {
        'G' => row.upper = row.lower + value.abs(),
        'L' => row.lower = row.upper - value.abs(),
        _ if value < 0.0 => row.lower = row.upper + value,
        _ => row.upper = row.lower + value,
    }
}
