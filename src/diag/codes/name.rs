//! Errors of names (E02xx).

use crate::base::{Name, Span};
use crate::diag::Message;

crate::error_codes! {
    /// Errors of names (E02xx).
    pub enum NameError {
        /// `minimize y` where nothing is called `y`.
        UnknownName "E0201" { at: Span, name: Name, suggestion: Option<Name>, declared_at: Option<Span> } =>
            Message::error(format!("nothing is called `{name}`"))
                .label(*at, "not declared")
                .label_opt(*declared_at, "a similar name is declared here")
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{s}`?"))),
    }
}
