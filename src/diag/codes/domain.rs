//! Errors of function domains and numerical blame (E06xx).

use crate::base::Span;
use crate::diag::Message;

crate::error_codes! {
    /// Errors of function domains and numerical blame (E06xx).
    pub enum DomainError {
        /// `minimize log(x)` with `var x start -1`: a value that is not a number.
        NotFinite "E0601" { at: Span, title: String, parts: String } =>
            Message::error(title.clone()).label(*at, parts.clone()),
    }
}
