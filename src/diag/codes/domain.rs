//! Errors of function domains and numerical blame (E06xx).

use crate::base::{Name, Span};
use crate::diag::Message;

crate::error_codes! {
    /// Errors of function domains and numerical blame (E06xx).
    pub enum DomainError {
        /// `minimize log(x)` with `var x start -1`: an argument outside a function's domain.
        OutsideDomain "E0601" {
            at: Span, what: String, place: String, needs: String, variable: Option<String>, fixed: bool, start: bool
        } =>
            Message::error(format!("{what}, {place}"))
                .label(*at, if needs.is_empty() { "has no value here".to_string() } else { needs.clone() })
                .note_opt((!*fixed).then(|| moment(*start)))
                .help(match variable {
                    Some(part) if *fixed => format!("no variable is part of it: change `{part}`"),
                    None if *fixed => "no variable is part of it: change the data".to_string(),
                    Some(part) if *start => format!("give a `start`, or bounds, that keep `{part}` inside"),
                    Some(part) => format!("add bounds or a constraint that keep `{part}` inside"),
                    None => "add bounds that keep its arguments inside".to_string(),
                }),

        /// `minimize exp(x)` with `var x start 1000`: a value too large for a double.
        Overflow "E0602" { at: Span, what: String, place: String, value: f64, fixed: bool, start: bool } =>
            Message::error(format!("{what}, {place}"))
                .label(*at, format!("this is {value}"))
                .note_opt((!*fixed).then(|| moment(*start)))
                .help(if *fixed {
                    "no variable is part of it: change the data"
                } else {
                    "add bounds or a `start` where it stays moderate, or scale the variables"
                }),

        /// `minimize max(i in E: x[i])` where `E` has no element.
        EmptySet "E0604" { at: Span, what: String, place: String } =>
            Message::error(format!("{what}, {place}"))
                .label(*at, "no element to take")
                .help("give the set an element, or leave the term out while it has none"),

        /// `minimize sqrt(x)` with `var x >= 0`: a slope that is infinite at the point.
        NoDerivative "E0603" { at: Span, what: String, place: String, start: bool } =>
            Message::error(format!("{what}, {place}"))
                .label(*at, "no finite slope here")
                .note(moment(*start))
                .help("keep its argument away from this point by a small bound, such as `>= 1e-8`"),

        /// `sin(x) / x` in `optc repl` while `x` is 0: no value at the current point.
        NoValueHere "E0605" {
            at: Span, what: String, value: f64, needs: String, point: String, moves: Option<Name>, tends_to: Option<String>
        } =>
            Message::error(format!("{what}{}", if point.is_empty() { String::new() } else { format!(", at {point}") }))
                .label(*at, match needs.is_empty() {
                    true if value.is_nan() => "has no value here".to_string(),
                    true => format!("this is {value}"),
                    false => needs.clone(),
                })
                .note_opt(tends_to.as_ref().map(|v| format!("from both sides the expression tends to {v}")).as_deref())
                .help(match moves {
                    Some(name) => format!("`:at {name} = …` moves the point"),
                    None => "no variable is part of it: change its numbers".to_string(),
                }),

        /// `x[t - 1]` for `t in hours` at the first hour.
        OutOfSet "E0611" { at: Span, text: String, asked: String, indices: String, set: String, declared_at: Option<Span>, help: Option<String> } =>
            Message::error(format!("`{text}` asks for {asked}, which is not in {set}"))
                .label(*at, if indices.is_empty() { "no such element".to_string() } else { format!("at {indices}") })
                .label_opt(*declared_at, "the elements are given here")
                .help_opt(help.clone()),

        /// `param r[i in I] = log(d[i])` where some `d` is negative.
        DataNotFinite "E0612" { at: Span, name: String, words: String, declared_at: Option<Span> } =>
            Message::error(format!("`{name}` is not a number"))
                .label(*at, words.clone())
                .label_opt(*declared_at, "declared here"),

        /// `var x in [3, 1]`, or a constraint `2 <= x <= 1`.
        CrossedBounds "E0613" { at: Span, name: String, lower: String, upper: String } =>
            Message::error(format!("the bounds of `{name}` leave nothing between them"))
                .label(*at, format!("at least {lower} and at most {upper}"))
                .help("exchange the bounds, or correct the data they come from"),

        /// `set I = 1..n` where `n` is 2.5.
        NotARange "E0614" { at: Span, lo: String, hi: String } =>
            Message::error("the ends of a range must be integers")
                .label(*at, format!("this is {lo}..{hi}"))
                .help("round the end, for example `1..floor(n)`"),
    }
}

fn moment(start: bool) -> &'static str {
    if start { "at the point where the run begins" } else { "at a point that the method tried" }
}
