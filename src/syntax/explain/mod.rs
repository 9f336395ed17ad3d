//! Why a statement does not parse, in the user's words.
//!
//! Takes the [`Scene`] of one failure; gives an error and, where the mistake has an obvious mending,
//! the tokens that mend it. Rules are tried in order; the first that recognises the mistake wins.

use super::grammar::Stop;
use super::lex::Fault;
use super::token::{Class, Kind, Token};
use crate::base::{FileId, Span};
use crate::diag::Error;
use crate::diag::codes::syntax::SyntaxError;
use std::ops::Range;

/// The place where a statement stopped to make sense.
pub struct Scene<'s> {
    file: FileId,
    text: &'s str,
    tokens: &'s [Token],
    /// Index of the token that does not fit.
    at: usize,
    expected: &'s [Kind],
    /// Whether constraints may stand here.
    section: bool,
}

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
}

impl<'s> Scene<'s> {
    /// The scene of one stop.
    pub fn new(file: FileId, text: &'s str, tokens: &'s [Token], stop: &'s Stop, section: bool) -> Self {
        Self { file, text, tokens, at: stop.at, expected: &stop.expected, section }
    }

    /// From the end of the token before to the end of the token that does not fit.
    pub fn gap(&self) -> Span {
        let start = self.at.checked_sub(1).map_or(0, |i| self.tokens[i].end());
        let end = self.tokens.get(self.at).map_or(start, |t| t.end());
        Span::new(self.file, start, end)
    }

    fn span(&self, token: Token) -> Span {
        Span::new(self.file, token.start(), token.end())
    }
}

/// Explains a failure.
pub fn explain(scene: &Scene<'_>) -> Explained {
    let token = scene.tokens.get(scene.at).or(scene.tokens.last()).copied();
    let at = token.map_or(scene.gap(), |t| scene.span(t));
    let found = token.map_or(String::new(), |t| format!("`{}`", t.text(scene.text)));
    let expected = scene.expected.iter().take(3).map(|k| format!("`{}`", k.spelling())).collect();
    Explained { at, error: SyntaxError::Expected { at, found, expected }.into(), fix: None }
}

/// A misspelt statement word at the start of what parsed as a constraint.
pub fn misspelt_start(_file: FileId, _text: &str, _tokens: &[Token], _labelled: bool) -> Option<Fault> {
    None
}

/// The names that a statement would have declared.
pub fn declared<'t>(text: &'t str, tokens: &[Token]) -> Vec<&'t str> {
    let from = tokens.iter().position(|t| t.kind().class() != Class::Statement).unwrap_or(0);
    let declares =
        !matches!(tokens[0].kind(), Kind::Solve | Kind::Include | Kind::Check | Kind::Expect | Kind::Show | Kind::Tune);
    tokens[from..]
        .iter()
        .find(|t| t.kind() == Kind::Name)
        .filter(|_| declares)
        .map(|t| t.text(text))
        .into_iter()
        .collect()
}
