//! Errors of files, usage and limits (E09xx).

use crate::base::Span;
use crate::diag::Message;

crate::error_codes! {
    /// Errors of files, usage and limits (E09xx).
    pub enum LimitError {
        /// `optc solve missing.opt`.
        CannotRead "E0901" { path: String, reason: String, needed_at: Option<Span> } =>
            Message::error(format!("cannot read `{path}`: {reason}")).label_opt(*needed_at, "needed here"),
    }
}
