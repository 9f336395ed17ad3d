//! Errors of data files and cells (E05xx).

use crate::base::Span;
use crate::diag::Message;

crate::error_codes! {
    /// Errors of data files and cells (E05xx).
    pub enum DataError {
        /// `param d[I] from "d.csv"` where a cell is not a number.
        BadCell "E0501" { cell: Span, needed_at: Option<Span>, column: String, found: String } =>
            Message::error(format!("`{found}` in column `{column}` is not a number"))
                .label(*cell, "this cell")
                .label_opt(*needed_at, "needed by this line of the model"),
    }
}
