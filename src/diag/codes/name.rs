//! Errors of names (E02xx).

use crate::base::{Name, Span};
use crate::diag::Message;

/// At most this many names are listed.
const MOST_LISTED: usize = 12;

crate::error_codes! {
    /// Errors of names (E02xx).
    pub enum NameError {
        /// `minimize y` where nothing is called `y`.
        UnknownName "E0201" {
            at: Span, name: Name, suggestion: Option<Name>, declared_at: Option<Span>, hint: Option<String>,
        } =>
            Message::error(format!("nothing is called `{name}`"))
                .label(*at, "not declared")
                .label_opt(*declared_at, "a similar name is declared here")
                .help_opt(hint.clone())
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{s}`?"))),

        /// `var x` and later `param x = 1`.
        Duplicate "E0202" { at: Span, name: Name, first_at: Span } =>
            Message::error(format!("`{name}` is declared twice"))
                .label(*at, "declared again")
                .label(*first_at, "first declared here")
                .help("give one of them another name"),

        /// `param a = b` and `param b = a`.
        Cycle "E0203" { chain: Vec<(Name, Span)> } =>
            chained(Message::error(format!("{} depends on itself", first(chain))), chain, "needs")
                .help("give one of them a value of its own"),

        /// `fn f(x) = f(x - 1)`.
        RecursiveFunction "E0204" { chain: Vec<(Name, Span)> } =>
            chained(Message::error(format!("the function {} calls itself", first(chain))), chain, "calls")
                .help("functions are written out where they are called and cannot repeat; a repetition over a set is `sum(...)` or `prod(...)`"),

        /// `param exp = 2`: a warning.
        HidesBuiltin "E0205" { at: Span, name: Name } =>
            Message::warning(format!("`{name}` hides a builtin of that name"))
                .label(*at, "from here on the name means this")
                .help("give it another name"),

        /// `r.pirce` where the table has a column `price`.
        UnknownColumn "E0206" {
            at: Span, name: Name, table: Name, table_at: Span, columns: Vec<Name>, suggestion: Option<Name>,
        } =>
            Message::error(format!("the table `{table}` has no column `{name}`"))
                .label(*at, "no such column")
                .label(*table_at, "the table")
                .note(columns_note(columns))
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{}`?", field(s))))
                .help_opt(columns.iter().find(|c| suggestion.is_none() && field(c) != ***c).map(|c| {
                    format!("a column whose name is no word of the language stands in quotes: `d.{}`", field(c))
                })),

        /// `minimize sine(x)`.
        UnknownFunction "E0207" { at: Span, name: Name, suggestion: Option<Name>, begins_objective: bool } =>
            Message::error(format!("there is no function `{name}`"))
                .label(*at, "not a function")
                .help(match suggestion {
                    Some(s) => format!("did you mean `{s}`?"),
                    None if *begins_objective => format!("if `{name}` is the name of the objective, write `{name}:`"),
                    None => format!("declare it: `fn {name}(...) = ...`"),
                }),

        /// `x[a]` where `a` is a param and a label of the set too.
        LabelClash "E0208" { at: Span, name: Name, declared_at: Span, set: String } =>
            Message::error(format!("`{name}` can mean two things here"))
                .label(*at, format!("the name declared elsewhere, or the label of {set}"))
                .label(*declared_at, "declared here")
                .help(format!("for the label write it in quotes: `\"{name}\"`")),

        /// `x[seatle]` where the set has a label `seattle`.
        UnknownLabel "E0209" {
            at: Span, label: Name, set: String, set_at: Span, suggestion: Option<Name>, known: Vec<Name>, more: usize,
        } =>
            Message::error(format!("{set} has no element `{label}`"))
                .label(*at, "not in the set")
                .label(*set_at, "the set")
                .note(format!("its elements: {}", listed(known, *more)))
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{s}`?"))),

        /// `sum(i in I, i in J: x[i])`.
        DuplicateIndex "E0210" { at: Span, name: Name, first_at: Span } =>
            Message::error(format!("`{name}` is bound twice"))
                .label(*at, "bound again")
                .label(*first_at, "first bound here")
                .help("give one of them another name"),

        /// `sum(i in I: sum(i in I: x[i]))`: a warning.
        HidesIndex "E0211" { at: Span, name: Name, first_at: Span } =>
            Message::warning(format!("this `{name}` hides the one outside"))
                .label(*at, "from here on the name means this")
                .label(*first_at, "hidden inside")
                .help("give one of them another name"),

        /// `x[boston]` where the labels come from data.
        UnquotedLabel "E0212" { at: Span, name: Name, set: String, set_at: Span } =>
            Message::error(format!("`{name}` is no index, no param and no label written in the model"))
                .label(*at, "not declared")
                .label(*set_at, format!("the elements of {set} come from data"))
                .help(format!("a label from data stands in quotes: `\"{name}\"`")),

        /// `--set lamda=1` where the model has a param `lambda`.
        UnknownOverride "E0213" { name: Name, found: Option<(&'static str, Span)>, suggestion: Option<Name> } =>
            Message::error(match found {
                Some((what, _)) => format!("`{name}` is {what} and cannot be given a value from outside"),
                None => format!("a value is given for `{name}`, but the model has no such param or table"),
            })
                .label_opt(found.map(|(_, at)| at), "declared here")
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{s}`?"))),

        /// `show dual(x)` where `x` is a variable.
        NotAConstraint "E0214" {
            at: Span,
            function: Name,
            name: Option<Name>,
            found: Option<&'static str>,
            suggestion: Option<Name>,
        } =>
            Message::error(format!("`{function}` is for constraints"))
                .label(*at, match found {
                    Some(what) => format!("this is {what}"),
                    None => match name {
                        Some(name) => format!("no constraint is called `{name}`"),
                        None => "not the name of a constraint".to_owned(),
                    },
                })
                .help(match suggestion {
                    Some(s) => format!("did you mean `{s}`?"),
                    None => format!("name the constraint, as in `limit: x <= 1`, and write `{function}(limit)`"),
                }),
    }
}

/// A column as it is written behind a `.`.
fn field(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || c == '_';
    let is_name = name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_name { name.to_owned() } else { format!("\"{name}\"") }
}

fn first(chain: &[(Name, Span)]) -> String {
    chain.first().map_or_else(String::new, |(name, _)| format!("`{name}`"))
}

/// A label at each of the first names of a cycle, and the whole way round when it has more than one.
fn chained(message: Message, chain: &[(Name, Span)], verb: &str) -> Message {
    let mut message = message;
    for (at, (_, span)) in chain.iter().take(MOST_LISTED).enumerate() {
        let next = chain.get(at + 1).or(chain.first()).map_or("", |(name, _)| name);
        let next = if chain.len() == 1 { "itself".to_owned() } else { format!("`{next}`") };
        message = message.label(*span, format!("{verb} {next}"));
    }
    if chain.len() < 2 {
        return message;
    }
    let shown: Vec<&str> = chain.iter().take(MOST_LISTED).map(|(name, _)| &**name).collect();
    let rest = if chain.len() > MOST_LISTED { " -> …" } else { "" };
    let again = chain.first().map_or("", |(name, _)| name);
    message.note(format!("the way round: {}{rest} -> {again}", shown.join(" -> ")))
}

fn listed(names: &[Name], more: usize) -> String {
    let shown: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

fn columns_note(columns: &[Name]) -> String {
    let shown = &columns[..columns.len().min(MOST_LISTED)];
    format!("its columns: {}", listed(shown, columns.len() - shown.len()))
}
