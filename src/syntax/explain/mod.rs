//! Why a statement does not parse, in the user's words.
//!
//! Takes the [`Scene`] of one failure; gives an error and, where the mistake has an obvious mending,
//! the tokens that mend it. Rules are tried in order; the first that recognises the mistake wins.
//! **To explain another mistake: one function in the file of its kind and one line in [`RULES`].**
//! Deliberately absent: what parses but means nothing (`build`, `sema`).

mod declared;
mod forms;
mod habits;
mod scene;
mod signs;
mod words;

pub use declared::{declared, misspelt_start};
pub use habits::FUNCTIONS;
pub use scene::Scene;
pub use words::statement_for;

use super::token::Token;
use crate::base::Span;
use crate::diag::Error;
use std::ops::Range;

/// An error and its mending.
pub struct Explained {
    /// The primary place.
    pub at: Span,
    /// What to say.
    pub error: Error,
    /// How to read on.
    pub fix: Option<Fix>,
}

/// Replaces some tokens so that the statement can be read on.
pub struct Fix {
    /// Which.
    pub tokens: Range<usize>,
    /// By what.
    pub with: Vec<Token>,
    /// Whether the result is surely what was meant, so that later stages may read it.
    pub sound: bool,
    /// Whether the tokens taken out are a statement of their own.
    pub splits: bool,
}

type Rule = fn(&Scene<'_>) -> Option<Explained>;

/// The mistakes known, the more telling first.
const RULES: &[Rule] = &[
    forms::semicolon_inside,
    habits::type_before_var,
    words::reserved_as_name,
    words::new_statement,
    words::loop_word,
    words::statement_word,
    forms::type_first,
    forms::name_first,
    forms::unit,
    words::later_word,
    habits::choice,
    habits::colon_range,
    habits::axes_form,
    habits::objective_equals,
    habits::comma_at_end,
    habits::call_form,
    signs::number_then_name,
    signs::single_quotes,
    signs::file_without_quotes,
    words::clause_word,
    words::prefix_word,
    forms::head_form,
    forms::half_if,
    signs::assignment,
    signs::definition,
    signs::missing_equals,
    signs::strict_bound,
    forms::one_name,
    signs::missing_colon,
    forms::braces,
    signs::missing_comma,
    signs::missing_operand,
    signs::missing_operator,
    forms::unfinished,
];

/// Explains a failure.
pub fn explain(scene: &Scene<'_>) -> Explained {
    RULES.iter().find_map(|rule| rule(scene)).unwrap_or_else(|| forms::anything_else(scene))
}

impl Explained {
    /// An explanation without a mending.
    fn new(at: Span, error: impl Into<Error>) -> Self {
        Self { at, error: error.into(), fix: None }
    }

    /// With the tokens of `range` replaced; `sound` if that is surely what was meant.
    fn mend(mut self, range: Range<usize>, with: Vec<Token>, sound: bool) -> Self {
        self.fix = Some(Fix { tokens: range, with, sound, splits: false });
        self
    }
}
