//! Errors of lexing and parsing (E01xx).

use crate::base::Span;
use crate::diag::Message;

crate::error_codes! {
    /// Errors of lexing and parsing (E01xx).
    pub enum SyntaxError {
        /// `var x @ 3`: a character that no token begins with.
        UnknownCharacter "E0101" { at: Span, found: char } =>
            Message::error(format!("`{found}` means nothing here")).label(*at, "not part of any word, number or operator"),
    }
}
