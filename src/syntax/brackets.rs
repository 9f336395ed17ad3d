//! Whether the brackets of a statement close each other.
//!
//! Takes the tokens of one statement; gives faults that point at the bracket to blame: the opening
//! one when a closer is missing.
//! Deliberately absent: any other structure.

use super::token::{Class, Kind, Token};
use crate::base::limits::MAX_NESTING;
use crate::base::{FileId, Span};
use crate::diag::Error;
use crate::diag::codes::limit::LimitError;
use crate::diag::codes::syntax::SyntaxError;

/// What is wrong with the brackets of a statement, in the order of the text.
pub fn check(file: FileId, tokens: &[Token]) -> Vec<(Span, Error)> {
    let mut checker = Checker { file, open: Vec::new(), counts: [0; 3], missing: [0; 3], errors: Vec::new() };
    for token in tokens {
        match token.kind().class() {
            Class::Opener => checker.missing[shape(token.kind())] += 1,
            Class::Closer => checker.missing[shape(token.kind())] -= 1,
            _ => {}
        }
    }
    for token in tokens {
        match token.kind().class() {
            Class::Opener => checker.open(*token),
            Class::Closer => checker.close(*token),
            _ => {}
        }
        if checker.open.len() > MAX_NESTING {
            let at = checker.span(*token);
            return vec![(at, LimitError::TooDeep { at, most: MAX_NESTING }.into())];
        }
    }
    checker.finish(tokens)
}

struct Checker {
    file: FileId,
    open: Vec<Token>,
    /// Open brackets of each kind.
    counts: [usize; 3],
    /// How many closers of each kind the whole statement lacks.
    missing: [isize; 3],
    errors: Vec<(Span, Error)>,
}

impl Checker {
    fn span(&self, token: Token) -> Span {
        Span::new(self.file, token.start(), token.end())
    }

    fn open(&mut self, token: Token) {
        self.counts[shape(token.kind())] += 1;
        self.open.push(token);
    }

    fn close(&mut self, token: Token) {
        let wanted = shape(token.kind());
        if self.counts[wanted] == 0 {
            self.stray_closer(token);
            return;
        }
        while let Some(top) = self.open.pop() {
            let kind = shape(top.kind());
            self.counts[kind] -= 1;
            if kind == wanted {
                return;
            }
            self.unclosed(top, Some(token));
        }
    }

    /// A closer whose kind is not open: a slip for the innermost bracket's own closer, if that is missing
    /// in the statement, or one too many.
    fn stray_closer(&mut self, token: Token) {
        let (at, found) = (self.span(token), letter(token.kind()));
        let lacks = |top: &Token| self.missing[shape(top.kind())] > 0;
        let error = match self.open.last().copied().filter(lacks) {
            Some(top) => {
                self.open.pop();
                self.counts[shape(top.kind())] -= 1;
                self.missing[shape(top.kind())] -= 1;
                SyntaxError::WrongCloser { at, found, opened: self.span(top), open: letter(top.kind()) }
            }
            None => SyntaxError::ExtraCloser { at, found },
        };
        self.errors.push((at, error.into()));
    }

    fn unclosed(&mut self, opener: Token, stop: Option<Token>) {
        let at = self.span(opener);
        let stops = stop.map(|t| self.span(t));
        let error = SyntaxError::UnclosedBracket { at, found: letter(opener.kind()), stops };
        self.errors.push((at, error.into()));
    }

    fn finish(mut self, tokens: &[Token]) -> Vec<(Span, Error)> {
        let last = tokens.last().copied();
        while let Some(top) = self.open.pop() {
            self.unclosed(top, last.filter(|l| l.start() != top.start()));
        }
        self.errors.sort_by_key(|e| e.0);
        self.errors
    }
}

fn shape(kind: Kind) -> usize {
    match kind {
        Kind::LParen | Kind::RParen => 0,
        Kind::LBracket | Kind::RBracket => 1,
        _ => 2,
    }
}

fn letter(kind: Kind) -> char {
    kind.spelling().chars().next().unwrap_or('(')
}
