//! Errors of problem class against method, and what is reserved (E08xx).

use crate::base::{Name, Span};
use crate::diag::Message;

crate::error_codes! {
    /// Errors of problem class against method, and what is reserved (E08xx).
    pub enum ClassError {
        /// `var n: int in 0..3`, `minimize n^2` and a `solve`: only linear problems with integer variables are solved.
        IntegerNotYet "E0801" { at: Span, name: Name } =>
            Message::error("integer variables can be solved in linear problems only")
                .label(*at, format!("`{name}` is an integer"))
                .help("make every line linear in the variables, or remove `int` to solve the continuous relaxation"),

        /// `state v`: a word kept for what comes next, where it would stand.
        NotYet "E0810" { at: Span, word: Name } =>
            Message::error(format!("`{word}` is reserved for a part of the language that is still to come"))
                .label(*at, "not yet: see docs/language.md#reserved"),

        /// `gap: a >= 0 complements b >= 0` and a `solve`.
        ComplementarityNotYet "E0821" { at: Span, name: Name } =>
            Message::error("complementarity conditions cannot be solved yet")
                .label(*at, format!("`{name}` is one"))
                .help(format!("solve a relaxation: `a >= 0`, `b >= 0` and `{name}: a * b <= 1e-8`")),

        /// `solve with lbfgs` on a model with constraints.
        MethodRefuses "E0822" { at: Option<Span>, method: Name, reason: String, instead: Option<Name> } =>
            Message::error(format!("`{method}` cannot solve this problem: {reason}"))
                .label_opt(*at, "asked for here")
                .help_opt(instead.as_ref().map(|name| format!("`solve with {name}` can; a plain `solve` chooses by itself"))),

        /// `tune minimize loss` or a call of an `extern fn`: checked, but the part that runs it is still missing.
        NotYetSolved "E0823" { at: Span, what: String, help: String } =>
            Message::error(format!("{what} is checked, but cannot be solved yet"))
                .label(*at, "the part of optc that runs this is still missing")
                .help(help.clone()),

        /// An empty file, or one of data alone, and a `solve`.
        NothingToSolve "E0803" { at: Option<Span> } =>
            Message::error("there is nothing to solve: no variable, no objective and no constraint")
                .label_opt(*at, "asked for here")
                .help("declare a variable with `var x`, and say what is wanted: `minimize f: (x - 1)^2`"),

        /// Two `minimize` lines and a plain `solve`, or a method for one objective.
        SeveralObjectives "E0802" {
            at: Span, method: Option<Name>, count: usize, first_at: Span, second_at: Option<Span>,
        } =>
            Message::error(match method {
                Some(method) => format!("`{method}` takes one objective, and there are {count}"),
                None => format!("there are {count} objectives, and no method for several is chosen"),
            })
                .label(*at, match (method, second_at) {
                    (Some(_), _) => "a method for one objective",
                    (None, Some(_)) => "takes one objective",
                    (None, None) => "the second objective",
                })
                .label(*first_at, "the first objective")
                .label_opt(*second_at, "the second objective")
                .help("keep one objective, or write `solve with nsga2(population = 200, generations = 300)`, `weighted_sum(points = 40)` or `epsilon_constraint(points = 40)`"),
    }
}
