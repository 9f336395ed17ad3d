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
    }
}
