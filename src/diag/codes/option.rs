//! Errors of methods and options (E07xx).

use crate::base::{Name, Span};
use crate::diag::Message;

crate::error_codes! {
    /// Errors of methods and options (E07xx).
    pub enum OptionError {
        /// `solve with lbgfs`: no such method.
        UnknownMethod "E0701" { at: Span, name: Name, suggestion: Option<String>, known: Vec<&'static str> } =>
            Message::error(format!("there is no method `{name}`"))
                .label(*at, "not a method")
                .note(format!("the methods: {}", known.join(", ")))
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{s}`?"))),

        /// `solve with lbfgs(memroy = 20)`.
        UnknownOption "E0702" {
            at: Span, method: Name, name: Name, suggestion: Option<Name>, known: Vec<&'static str>,
        } =>
            Message::error(format!("`{method}` has no option `{name}`"))
                .label(*at, "not an option")
                .note(if known.is_empty() { "it has no options".to_owned() } else { format!("its options: {}", known.join(", ")) })
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{s}`?"))),

        /// `solve with lbfgs(memory = 0)`.
        BadValue "E0703" { at: Span, name: Name, wanted: String, found: String } =>
            Message::error(format!("`{name}` cannot be `{found}`"))
                .label(*at, format!("needed: {wanted}")),

        /// `solve with lbfgs(20)`.
        PositionalOption "E0704" { at: Span, method: Name } =>
            Message::error("options are given by name")
                .label(*at, "has no name")
                .help(format!("write `{method}(name = value)`; `optc methods {method}` lists the names")),

        /// `solve with lbfgs(memory = 5, memory = 6)`.
        RepeatedOption "E0705" { at: Span, name: Name, first_at: Span } =>
            Message::error(format!("the option `{name}` is given twice"))
                .label(*at, "given again")
                .label(*first_at, "first given here")
                .help("remove one of them"),
    }
}
