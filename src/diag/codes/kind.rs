//! Errors of types (E04xx).

use crate::base::Span;
use crate::diag::Message;

crate::error_codes! {
    /// Errors of types (E04xx).
    pub enum KindError {
        /// `minimize sum(i in plants: plants)`: a set where a number is needed.
        NotANumber "E0401" { at: Span, found: String } =>
            Message::error(format!("a number is needed here, but this is {found}")).label(*at, "not a number"),
    }
}
