//! What can still be said of a statement as a whole: what it would declare, what it was meant to be.

use super::words::{statement_for, type_for};
use crate::base::{FileId, Span};
use crate::diag::Error;
use crate::diag::codes::syntax::SyntaxError;
use crate::syntax::lex::Fault;
use crate::syntax::token::{Class, Kind, Token};

/// A misspelt statement word at the start of what parsed as a constraint but compares nothing.
pub fn misspelt_start(file: FileId, text: &str, tokens: &[Token], labelled: bool) -> Option<Fault> {
    let first = tokens[0];
    if first.kind() != Kind::Name {
        return None;
    }
    let word = first.text(text);
    let at = Span::new(file, first.start(), first.end());
    let fault = |error: Error| Some(Fault { at, error, sound: false });
    let sense = match word.to_lowercase().as_str() {
        "obj" | "goal" | "cost" | "loss" => Some(Kind::Minimize),
        _ => statement_for(word).filter(|k| matches!(k, Kind::Minimize | Kind::Maximize)),
    };
    if labelled {
        let offer = sense?.spelling();
        return fault(SyntaxError::SenseAsLabel { at, found: word.into(), offer }.into());
    }
    if tokens.len() == 1 && matches!(word, "show" | "split") {
        let (statement, expected) = (format!("this `{word}`"), vec![format!("what to {word}")]);
        return fault(SyntaxError::Unfinished { at, statement, expected }.into());
    }
    let calls = tokens.get(1).is_some_and(|t| t.kind() == Kind::LParen) && sense.is_some();
    let alone = tokens.len() == 1;
    let offer = statement_for(word).filter(|_| calls || alone)?.spelling();
    fault(SyntaxError::Misspelt { at, found: word.into(), offer }.into())
}

/// The names that a statement would have declared.
pub fn declared<'t>(text: &'t str, tokens: &[Token]) -> Vec<&'t str> {
    let name = |at: usize| tokens.get(at).filter(|t| t.kind() == Kind::Name).map(|t| t.text(text));
    let first = tokens[0].kind();
    let word = tokens[0].text(text);
    let kind = if first == Kind::Name { statement_for(word).unwrap_or(Kind::Name) } else { first };
    match kind {
        Kind::Solve | Kind::Include | Kind::Check | Kind::Expect | Kind::Show | Kind::Tune => Vec::new(),
        Kind::Split => tokens.iter().filter(|t| t.kind() == Kind::Name).map(|t| t.text(text)).collect(),
        Kind::Extern => name(2).into_iter().collect(),
        Kind::Name => {
            if tokens.get(1).is_some_and(|t| t.kind() == Kind::Var) {
                // `integer var x`.
                return name(2).into_iter().collect();
            }
            let second = name(1).filter(|_| type_for(word).is_some() || tokens.get(2).is_some());
            [Some(word), second].into_iter().flatten().collect()
        }
        Kind::Var | Kind::Param | Kind::Let | Kind::Set => {
            // `var 0 <= x`: the name comes late.
            let first = name(1).or_else(|| tokens.iter().find(|t| t.kind() == Kind::Name).map(|t| t.text(text)));
            let mut names: Vec<&str> = first.into_iter().collect();
            names.extend(name(1).filter(|n| type_for(n).is_some()).and_then(|_| name(2)));
            names.extend(after_commas(text, tokens));
            names.extend(name(1).filter(|_| lacks_opener(tokens)).into_iter().flat_map(prefixes));
            names
        }
        kind if kind.class() == Class::Statement => name(1).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether a `]` closes nothing, so that the `[` before it may have been left out.
fn lacks_opener(tokens: &[Token]) -> bool {
    let count = |kind: Kind| tokens.iter().filter(|t| t.kind() == kind).count();
    count(Kind::RBracket) > count(Kind::LBracket)
}

/// `var xI] >= 0` was to declare `x`: any beginning of the word may be the name.
fn prefixes(word: &str) -> impl Iterator<Item = &str> {
    word.char_indices().skip(1).take(LONGEST_PREFIX).map(|(at, _)| &word[..at])
}

/// Names are rarely longer, in letters.
const LONGEST_PREFIX: usize = 40;

/// Names that stand after a comma outside brackets.
fn after_commas<'t>(text: &'t str, tokens: &[Token]) -> Vec<&'t str> {
    let mut depth = 0_usize;
    let mut names = Vec::new();
    for pair in tokens.windows(2) {
        match pair[0].kind().class() {
            Class::Opener => depth += 1,
            Class::Closer => depth = depth.saturating_sub(1),
            _ if depth == 0 && pair[0].kind() == Kind::Comma && pair[1].kind() == Kind::Name => {
                names.push(pair[1].text(text));
            }
            _ => {}
        }
    }
    names
}
