//! Errors of index counts, sets, axes and shapes (E03xx).

use crate::base::{Name, Span};
use crate::diag::Message;

crate::error_codes! {
    /// Errors of index counts, sets, axes and shapes (E03xx).
    pub enum ShapeError {
        /// `sum(i in I: x[i, 2])` where `x` has one index.
        WrongIndexCount "E0302" { at: Span, name: Name, declared_at: Option<Span>, expected: usize, found: usize } =>
            Message::error(format!("`{name}` has {}, but {} given", indices(*expected), are(*found)))
                .label(*at, indices(*found))
                .label_opt(*declared_at, format!("declared here with {}", indices(*expected))),
    }
}

fn indices(count: usize) -> String {
    if count == 1 { "1 index".into() } else { format!("{count} indices") }
}

fn are(count: usize) -> String {
    if count == 1 { "1 is".into() } else { format!("{count} are") }
}
