//! The place of a failure, and questions rules ask about it.

use crate::base::{FileId, Span};
use crate::syntax::grammar::Stop;
use crate::syntax::token::{Class, Kind, Token};

/// The place where a statement stopped to make sense.
pub struct Scene<'s> {
    pub(super) file: FileId,
    pub(super) text: &'s str,
    pub(super) tokens: &'s [Token],
    /// Index of the token that does not fit; the number of tokens at the end.
    pub(super) at: usize,
    pub(super) expected: &'s [Kind],
    /// Whether constraints may stand here.
    pub(super) section: bool,
    /// Index of the innermost bracket open at `at`.
    pub(super) opener: Option<usize>,
}

/// Longest text quoted in an offer, in bytes.
const LONGEST_OFFER: usize = 72;

impl<'s> Scene<'s> {
    /// The scene of one stop.
    pub fn new(file: FileId, text: &'s str, tokens: &'s [Token], stop: &'s Stop, section: bool) -> Self {
        let mut scene = Self { file, text, tokens, at: stop.at, expected: &stop.expected, section, opener: None };
        scene.opener = scene.opener_of(stop.at);
        scene
    }

    /// From the end of the token before to the end of the token that does not fit.
    pub fn gap(&self) -> Span {
        let start = self.at.checked_sub(1).map_or(0, |i| self.tokens[i].end());
        let end = self.tokens.get(self.at).map_or(start, |t| t.end());
        Span::new(self.file, start, end)
    }

    /// Kind of the token at an index, if there is one.
    pub(super) fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|t| t.kind())
    }

    /// Kind of the token that does not fit.
    pub(super) fn found(&self) -> Option<Kind> {
        self.kind(self.at)
    }

    /// Kind of the token before it.
    pub(super) fn before(&self) -> Option<Kind> {
        self.at.checked_sub(1).and_then(|i| self.kind(i))
    }

    /// Kind of the first token.
    pub(super) fn first(&self) -> Kind {
        self.tokens[0].kind()
    }

    /// Text of the token at an index; empty beyond the end.
    pub(super) fn word(&self, at: usize) -> &'s str {
        self.tokens.get(at).map_or("", |t| t.text(self.text))
    }

    /// Span of the token at an index; of the last one beyond the end.
    pub(super) fn span(&self, at: usize) -> Span {
        let token = self.tokens.get(at).or(self.tokens.last()).expect("a statement has a token");
        Span::new(self.file, token.start(), token.end())
    }

    /// Span of the tokens `from..=to`.
    pub(super) fn span_to(&self, from: usize, to: usize) -> Span {
        self.span(from).to(self.span(to))
    }

    /// Text of the tokens `from..to` on one line, if short enough to quote.
    pub(super) fn quote(&self, from: usize, to: usize) -> Option<String> {
        if from >= to || to > self.tokens.len() {
            return None;
        }
        let (start, end) = (self.tokens[from].start() as usize, self.tokens[to - 1].end() as usize);
        let said = self.text.get(start..end)?;
        (said.len() <= LONGEST_OFFER).then(|| said.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Whether a token of this kind would fit.
    pub(super) fn expects(&self, kind: Kind) -> bool {
        self.expected.contains(&kind)
    }

    /// Whether an operand would fit.
    pub(super) fn wants_operand(&self) -> bool {
        self.expects(Kind::Number) && self.expects(Kind::LParen)
    }

    /// Whether the token before ends an operand and another operand follows it.
    pub(super) fn side_by_side(&self) -> bool {
        self.before().is_some_and(Kind::ends_operand)
            && self.found().is_some_and(|k| matches!(k.class(), Class::Operand | Class::Opener) || k == Kind::If)
    }

    /// Whether the declared name, or its axes, ends just before.
    pub(super) fn at_name_end(&self) -> bool {
        self.at == 2 || self.kind(2) == Some(Kind::LBracket) && self.closer_of(2) + 1 == self.at
    }

    /// Kind of the innermost open bracket.
    pub(super) fn bracket(&self) -> Option<Kind> {
        self.opener.and_then(|i| self.kind(i))
    }

    /// Index of the innermost bracket open before an index.
    pub(super) fn opener_of(&self, at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for i in (0..at.min(self.tokens.len())).rev() {
            match self.tokens[i].kind().class() {
                Class::Closer => depth += 1,
                Class::Opener if depth == 0 => return Some(i),
                Class::Opener => depth -= 1,
                _ => {}
            }
        }
        None
    }

    /// Index of the closer of the opener at an index; the number of tokens if there is none.
    pub(super) fn closer_of(&self, opener: usize) -> usize {
        let mut depth = 0_usize;
        for (i, token) in self.tokens.iter().enumerate().skip(opener) {
            match token.kind().class() {
                Class::Opener => depth += 1,
                Class::Closer if depth <= 1 => return i,
                Class::Closer => depth -= 1,
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// Indices in `from..to` of tokens that stand in no further bracket.
    pub(super) fn flat(&self, from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
        let mut depth = 0_usize;
        (from..to.min(self.tokens.len())).filter(move |&i| match self.tokens[i].kind().class() {
            Class::Opener => {
                depth += 1;
                depth == 1
            }
            Class::Closer => {
                depth = depth.saturating_sub(1);
                depth == 0
            }
            _ => depth == 0,
        })
    }

    /// First index in `from..to`, in no further bracket, of a token of this kind.
    pub(super) fn find(&self, from: usize, to: usize, kind: Kind) -> Option<usize> {
        self.flat(from, to).find(|&i| self.tokens[i].kind() == kind)
    }

    /// A token of this kind that stands nowhere, before the one at an index.
    pub(super) fn insert(&self, kind: Kind, at: usize) -> Token {
        let place = self.tokens.get(at).map_or_else(|| self.span(at).end, |t| t.start()) as usize;
        Token::new(kind, place, place, false)
    }

    /// The token at an index read as another kind.
    pub(super) fn reread(&self, at: usize, kind: Kind) -> Vec<Token> {
        vec![self.tokens[at].read_as(kind)]
    }
}
