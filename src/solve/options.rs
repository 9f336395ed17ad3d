//! Options as a user gives them, checked against a method's rows.

use crate::problem::{MethodRow, OptionKind, OptionRow, OptionSet, OptionValue, Schedule, ScheduleShape};

/// A value as given, before anybody knows what the option wants.
#[derive(Clone, PartialEq, Debug)]
pub enum Given {
    /// A number; `integer` when it was written without a point and fits.
    Number {
        /// Its value.
        value: f64,
        /// Whether it is a whole number.
        integer: bool,
    },
    /// `true` or `false`.
    Bool(bool),
    /// A word.
    Word(String),
    /// A schedule.
    Schedule(Schedule),
}

impl Given {
    /// A number; whole ones below 2^53 count as integers.
    pub fn number(value: f64) -> Self {
        Self::Number { value, integer: value.fract() == 0.0 && value.abs() < 9e15 }
    }

    /// From the text of a command line: `1e-9`, `true`, `monotone`.
    pub fn from_text(text: &str) -> Self {
        match (text, text.parse::<f64>()) {
            ("true", _) => Self::Bool(true),
            ("false", _) => Self::Bool(false),
            (_, Ok(value)) => Self::number(value),
            _ => Self::Word(text.to_owned()),
        }
    }
}

/// What is wrong with one given option.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum OptionProblem {
    /// The method has no such option.
    #[error("there is no such option")]
    Unknown,
    /// It was given before.
    #[error("it is given twice")]
    Repeated,
    /// It wants another kind of value.
    #[error("it wants {}", wants(.0))]
    WrongKind(&'static OptionRow),
    /// The number is outside its range.
    #[error("{value} is outside; it wants {}", wants(.row))]
    OutOfRange {
        /// The option.
        row: &'static OptionRow,
        /// The number given.
        value: f64,
    },
}

/// What values an option takes, in words: `a number from 0 to 1`.
pub fn wants(row: &OptionRow) -> String {
    match row.kind {
        OptionKind::Real { lo, hi } if hi == f64::INFINITY => format!("a number from {lo:e}"),
        OptionKind::Real { lo, hi } => format!("a number from {lo:e} to {hi:e}"),
        OptionKind::Int { lo, hi: i64::MAX } => format!("an integer from {lo}"),
        OptionKind::Int { lo, hi } => format!("an integer from {lo} to {hi}"),
        OptionKind::Bool => "`true` or `false`".to_owned(),
        OptionKind::Choice(words) => {
            format!("one of {}", words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", "))
        }
        OptionKind::Schedule => "a positive number or a schedule such as `cosine(1e-2)`".to_owned(),
    }
}

/// Defaults of `row` overridden by `given`, in order.
///
/// # Errors
/// Every problem with its position in `given`.
pub fn parse_options<'a>(
    row: &'static MethodRow,
    given: impl IntoIterator<Item = (&'a str, Given)>,
) -> Result<OptionSet, Vec<(usize, OptionProblem)>> {
    let mut set = OptionSet::defaults(row);
    let mut problems = Vec::new();
    let mut seen: Vec<&'static str> = Vec::new();
    for (at, (name, value)) in given.into_iter().enumerate() {
        let Some(option) = row.options.iter().find(|option| option.name == name) else {
            problems.push((at, OptionProblem::Unknown));
            continue;
        };
        if seen.contains(&option.name) {
            problems.push((at, OptionProblem::Repeated));
            continue;
        }
        seen.push(option.name);
        match check(option, value) {
            Ok(value) => set.set(option.name, value),
            Err(problem) => problems.push((at, problem)),
        }
    }
    if problems.is_empty() { Ok(set) } else { Err(problems) }
}

/// One value against its row.
///
/// # Errors
/// Wrong kind or out of range.
pub fn check(row: &'static OptionRow, given: Given) -> Result<OptionValue, OptionProblem> {
    match (row.kind, given) {
        (OptionKind::Real { lo, hi }, Given::Number { value, .. }) => {
            in_range(row, value, lo <= value && value <= hi).map(OptionValue::Real)
        }
        (OptionKind::Int { lo, hi }, Given::Number { value, integer: true }) => {
            in_range(row, value, lo as f64 <= value && value <= hi as f64).map(|value| OptionValue::Int(value as i64))
        }
        (OptionKind::Bool, Given::Bool(value)) => Ok(OptionValue::Bool(value)),
        (OptionKind::Choice(words), Given::Word(word)) => match words.iter().find(|known| **known == word) {
            Some(known) => Ok(OptionValue::Choice(known)),
            None => Err(OptionProblem::WrongKind(row)),
        },
        (OptionKind::Schedule, Given::Number { value, .. }) => {
            let schedule = Schedule { shape: ScheduleShape::Constant, peak: value, warmup: 0 };
            in_range(row, value, value > 0.0 && value.is_finite()).map(|_| OptionValue::Schedule(schedule))
        }
        (OptionKind::Schedule, Given::Schedule(schedule)) => {
            let good = schedule.peak > 0.0 && schedule.peak.is_finite();
            in_range(row, schedule.peak, good).map(|_| OptionValue::Schedule(schedule))
        }
        _ => Err(OptionProblem::WrongKind(row)),
    }
}

fn in_range(row: &'static OptionRow, value: f64, holds: bool) -> Result<f64, OptionProblem> {
    if holds { Ok(value) } else { Err(OptionProblem::OutOfRange { row, value }) }
}
