//! Errors of problem class against method, and what is reserved (E08xx).

use crate::base::{Name, Span};
use crate::diag::Message;

crate::error_codes! {
    /// Errors of problem class against method, and what is reserved (E08xx).
    pub enum ClassError {
        /// `var n: int in 0..3` and a `solve`: integer variables are checked but not solved.
        IntegerNotYet "E0801" { at: Span, name: Name } =>
            Message::error("integer variables cannot be solved yet")
                .label(*at, format!("`{name}` is an integer"))
                .help("remove `int` to solve the continuous relaxation"),

        /// `state v`: a word kept for what comes next, where it would stand.
        NotYet "E0810" { at: Span, word: Name } =>
            Message::error(format!("`{word}` is reserved for a part of the language that is still to come"))
                .label(*at, "not yet: see docs/language.md#reserved"),
    }
}
