//! Errors of types (E04xx).

use crate::base::{Name, Span};
use crate::diag::Message;

crate::error_codes! {
    /// Errors of types (E04xx).
    pub enum KindError {
        /// `minimize plants`: a set where a number is needed.
        NotANumber "E0401" { at: Span, found: String, declared_at: Option<Span>, help: Option<String> } =>
            Message::error(format!("a number is needed here, but this is {found}"))
                .label(*at, "not a number")
                .label_opt(*declared_at, "declared here")
                .help_opt(help.clone()),

        /// `if x then 1 else 2` where `x` is a number.
        NotACondition "E0402" { at: Span, found: String, help: Option<String> } =>
            Message::error(format!("a condition is needed here, but this is {found}"))
                .label(*at, "not a condition")
                .help_opt(help.clone()),

        /// `c: x < 1`.
        StrictConstraint "E0403" { at: Span, op: &'static str, offer: &'static str } =>
            Message::error(format!("a constraint cannot be `{op}`"))
                .label(*at, if *op == "!=" {
                    "no solver can keep numbers apart".to_owned()
                } else {
                    format!("no solver can tell `{op}` from `{offer}`")
                })
                .help(if *op == "!=" {
                    "choose a side, such as `x >= 1 + 1e-6` for `x != 1`; to make both sides equal write `==`".to_owned()
                } else {
                    format!("write `{offer}`")
                }),

        /// `c: x + y` without a comparison.
        NotAConstraint "E0404" { at: Span, help: Option<String> } =>
            Message::error("a constraint is a comparison")
                .label(*at, "not one comparison")
                .help_opt(help.clone()),

        /// `c: a <= 3` where `a` is a param.
        ConstantConstraint "E0405" { at: Span, text: String } =>
            Message::error("there is no variable in this constraint")
                .label(*at, "holds or fails whatever the solver does")
                .help(format!("to test the data before solving write `check {text}`")),

        /// `sum(i in I if x[i] > 0: 1)` where `x` is a variable.
        VariableInData "E0406" { at: Span, place: &'static str, name: Name, declared_at: Span } =>
            Message::error(format!("{place} cannot depend on a variable"))
                .label(*at, "known only after solving")
                .label(*declared_at, format!("`{name}` is declared here"))
                .help(match *place {
                    "a param" => "use `let` for an expression of variables",
                    "a filter" => "a condition on variables is `if cond then a else b` in the body",
                    "a bound" => "write it as a constraint",
                    "a check" => "to test the result write `expect`",
                    _ => "use data here: numbers, params, indices",
                }),

        /// `c: x <= y <= 3` where `x` is a variable.
        VariableEnds "E0407" { at: Span, text: String } =>
            Message::error("the ends of a range are free of variables")
                .label(*at, "has a variable")
                .help(format!("write two constraints, one of them for `{text}`")),

        /// `if i == 3` where `i` is a label.
        CannotCompare "E0409" { op: &'static str, left: String, left_at: Span, right: String, right_at: Span } =>
            Message::error(format!("`{op}` cannot compare {left} with {right}"))
                .label(*left_at, left.clone())
                .label(*right_at, right.clone())
                .help_opt((left == right).then(|| "only numbers have an order: these can be `==` or `!=`".to_owned())),

        /// `huber()`: too few or too many arguments.
        ArgumentCount "E0410" { at: Span, signature: String, found: usize, declared_at: Option<Span> } =>
            Message::error(format!("`{signature}` cannot be called with {}", arguments(*found)))
                .label(*at, arguments(*found))
                .label_opt(*declared_at, "declared here")
                .help(format!("it is called as `{signature}`")),

        /// `huber(r, delta = 1)`.
        UnknownArgument "E0411" { at: Span, name: Name, signature: String, suggestion: Option<Name> } =>
            Message::error(format!("there is no argument `{name}`"))
                .label(*at, "not an argument")
                .help(match suggestion {
                    Some(s) => format!("did you mean `{s}`?"),
                    None => format!("it is called as `{signature}`"),
                }),

        /// `huber(r, r = 1)`.
        RepeatedArgument "E0412" { at: Span, name: Name } =>
            Message::error(format!("the argument `{name}` is given twice"))
                .label(*at, "given again")
                .help("remove one of them"),

        /// `huber(r = 1, 2)`.
        PositionalAfterNamed "E0413" { at: Span, first_at: Span } =>
            Message::error("after an argument with a name every argument has one")
                .label(*at, "has no name")
                .label(*first_at, "the first with a name")
                .help("put it before the named ones, or write `name = value`"),

        /// `x(1)` where `x` is a variable.
        NotAFunction "E0414" { at: Span, name: Name, found: String, declared_at: Span, help: Option<String> } =>
            Message::error(format!("`{name}` is called like a function, but it is {found}"))
                .label(*at, "not a function")
                .label(*declared_at, "declared here")
                .help_opt(help.clone()),

        /// `x.price` where `x` is a number.
        NotARecord "E0415" { at: Span, field: Name, found: String } =>
            Message::error(format!("only a row of a table has a column `{field}`"))
                .label(*at, format!("this is {found}"))
                .help(format!("rows come from a table: `sum(r in table: r.{field})`")),

        /// `minimize dual(c)`.
        ResultTooEarly "E0416" { at: Span, place: &'static str } =>
            Message::error(format!("multipliers and slacks are not known in {place}"))
                .label(*at, "known only after solving")
                .help("they belong in `show` and `expect`"),

        /// `var x in [5, 1]`.
        EmptyBounds "E0417" { at: Span, lo: f64, hi: f64 } =>
            Message::error(format!("no number is at least {lo} and at most {hi}"))
                .label(*at, "the lower bound is above the upper")
                .help(format!("write the ends the other way round: from {hi} to {lo}")),

        /// `var x >= 0 >= 1`.
        RepeatedBound "E0418" { at: Span, first_at: Span, which: &'static str } =>
            Message::error(format!("there are two {which} bounds"))
                .label(*at, "the second")
                .label(*first_at, "the first")
                .help("keep the tighter one"),

        /// `minimize 1..3`: something without a value where one is needed.
        Misplaced "E0419" { at: Span, what: String, help: Option<String> } =>
            Message::error(format!("{what} cannot stand here"))
                .label(*at, "a value is needed")
                .help_opt(help.clone()),

        /// `x[1.5]`, `set s = {0.5}`.
        NotAnInteger "E0420" { at: Span, what: String } =>
            Message::error(format!("{what} is an integer"))
                .label(*at, "not an integer"),

        /// `split t into a 0.8, b 0.4`.
        SplitShares "E0421" { at: Span, total: f64 } =>
            Message::error("the shares of a split lie between 0 and 1 and add up to at most 1")
                .label(*at, format!("add up to {}", rounded(*total))),

        /// `minimize cost + 1` where `cost` is an objective.
        GoalAsValue "E0422" { at: Span, name: Name, what: &'static str, declared_at: Span, is_objective: bool } =>
            Message::error(format!("`{name}` is {what} and has no value here"))
                .label(*at, "not a value")
                .label(*declared_at, "declared here")
                .help(if *is_objective {
                    format!("name the expression with `let {name}_value = ...` and use that; `show` and `expect` may use objectives")
                } else {
                    format!("in `show` and `expect` write `dual({name})` or `slack({name})`")
                }),

        /// `split t into a n` where `n` is a param.
        NotLiteral "E0423" { at: Span, what: &'static str } =>
            Message::error(format!("{what} is written out in the model"))
                .label(*at, "depends on data")
                .help("write a number"),

        /// `hyper lambda in [0, 1] log`.
        HyperRange "E0424" { at: Span, log: bool } =>
            Message::error(if *log {
                "a range on a logarithmic scale begins above 0"
            } else {
                "this range is empty"
            })
                .label(*at, "from this range a value is chosen"),

        /// `x[plants]`, where one element is needed.
        NotAnElement "E0425" { at: Span, found: String } =>
            Message::error(format!("one element is needed here, but this is {found}"))
                .label(*at, "not an element")
                .help("use an index that ranges over it: `i in ...`"),
    }
}

fn arguments(count: usize) -> String {
    match count {
        0 => "no argument".into(),
        1 => "1 argument".into(),
        _ => format!("{count} arguments"),
    }
}

/// Without the noise of the last digits.
fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}
