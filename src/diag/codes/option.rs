//! Errors of methods and options (E07xx).

use crate::base::{Name, Span};
use crate::diag::Message;

crate::error_codes! {
    /// Errors of methods and options (E07xx).
    pub enum OptionError {
        /// `solve with lbgfs`: no such method.
        UnknownMethod "E0701" { at: Span, name: Name, suggestion: Option<String> } =>
            Message::error(format!("there is no method `{name}`"))
                .label(*at, "not a method")
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{s}`?"))),
    }
}
