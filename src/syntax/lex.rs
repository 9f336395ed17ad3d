//! Text to tokens.
//!
//! Takes the text of a file; gives [`Lexed`]: tokens without trivia, comments beside them, and the
//! faults found on the way. A spelling of another language is read as ours (`**` as `^`) and
//! reported, so that the rest of its statement is still checked.
//! Deliberately absent: which words are keywords of a clause (`cut`), how statements look (`parse`).

use super::habit;
use super::token::{Kind, Token};
use crate::base::{FileId, Span};
use crate::diag::Error;
use crate::diag::codes::syntax::SyntaxError;
use logos::{Lexer, Logos};

/// A comment, `#` included, without the end of its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comment {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Nothing but space stands before it on its line.
    pub own_line: bool,
}

/// A fault of one place; the statement around it goes on.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Where.
    pub at: Span,
    /// What.
    pub error: Error,
    /// Whether the tokens still say what the writer meant, so that later stages may read them.
    pub sound: bool,
}

/// The tokens of a file.
#[derive(Debug, Default)]
pub struct Lexed {
    /// Everything the parser reads, `;` included, in order.
    pub tokens: Vec<Token>,
    /// Comments in order.
    pub comments: Vec<Comment>,
    /// Faults in order.
    pub faults: Vec<Fault>,
}

/// Reads a whole text; its length must be below `limits::MAX_SOURCE_BYTES`.
pub fn lex(file: FileId, text: &str) -> Lexed {
    let mut reader = Reader { file, text, out: Lexed::default(), first: true, closing_bar: None, choice: None };
    let mut lexer = Kind::lexer(text);
    while let Some(result) = lexer.next() {
        reader.read(result.unwrap_or(Kind::Stray), &mut lexer);
    }
    reader.settle_number(text.len(), text.len(), None);
    reader.out
}

pub(super) struct Reader<'t> {
    file: FileId,
    pub(super) text: &'t str,
    pub(super) out: Lexed,
    /// Whether the next token is the first on its line.
    first: bool,
    /// Where the second of two bars stands, once the first is reported.
    pub(super) closing_bar: Option<usize>,
    /// Where the `:` of `c ? a : b` stands, once the `?` is reported.
    pub(super) choice: Option<usize>,
}

impl<'t> Reader<'t> {
    fn read(&mut self, kind: Kind, lexer: &mut Lexer<'t, Kind>) {
        let span = lexer.span();
        let (start, end) = (span.start, span.end);
        match kind {
            Kind::Newline => self.first = true,
            Kind::Comment => self.comment(start, end),
            Kind::Name => {
                extend_name(lexer);
                let kind = self.word(lexer.slice(), start);
                self.push(kind, start, lexer.span().end);
            }
            Kind::Foreign => self.foreign(start, end),
            Kind::ForeignComment => {
                let found = self.text[start..start + 2].to_owned();
                self.comment(start, end);
                let at = self.span(start, start + 2);
                self.fault(at, SyntaxError::ForeignComment { at, found }, true);
            }
            Kind::OpenText => {
                self.push(Kind::Text, start, end);
                let at = self.span(start, start + 1);
                let inner = &self.text[start + 1..end];
                let text = inner.split(" #").next().unwrap_or(inner).trim_end();
                let help = (!text.is_empty() && text.len() < 60).then(|| format!("\"{text}\""));
                self.fault(at, SyntaxError::OpenText { at, help }, false);
            }
            Kind::Wide => self.wide(start, lexer),
            Kind::Stray => self.stray(start, end),
            Kind::Colon if self.choice == Some(start) => self.push(Kind::Plus, start, end),
            kind => self.push(kind, start, end),
        }
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start as u32, end as u32)
    }

    pub(super) fn fault(&mut self, at: Span, error: SyntaxError, sound: bool) {
        self.out.faults.push(Fault { at, error: error.into(), sound });
    }

    fn comment(&mut self, start: usize, end: usize) {
        let end = start + self.text[start..end].trim_end().len();
        self.out.comments.push(Comment { start: start as u32, end: end as u32, own_line: self.first });
    }

    /// Directly after a `.` any word is a field; elsewhere reserved words are reserved.
    fn word(&self, word: &str, start: usize) -> Kind {
        let field = |t: &Token| t.kind() == Kind::Dot && t.end() as usize == start;
        match Kind::reserved(word) {
            Some(kind) if !self.out.tokens.last().is_some_and(field) => kind,
            _ => Kind::Name,
        }
    }

    pub(super) fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let number = self.settle_number(start, end, Some(kind));
        if matches!(kind, Kind::Plus | Kind::Minus) {
            self.doubled_sign(kind, start, end);
        }
        if !number {
            self.out.tokens.push(Token::new(kind, start, end, self.first));
        }
        self.first = false;
    }

    /// `a ++ b`, `a -- b`: two signs that touch, between operands. Apart, the second belongs to its operand.
    fn doubled_sign(&mut self, kind: Kind, start: usize, end: usize) {
        let [.., operand, sign] = self.out.tokens[..] else { return };
        if sign.kind() == kind && sign.end() as usize == start && operand.kind().ends_operand() && !self.first {
            let at = self.span(sign.start() as usize, end);
            let (found, offer) = if kind == Kind::Plus { ("++", "+") } else { ("--", "-") };
            self.fault(at, SyntaxError::ForeignSign { at, found: found.into(), offer }, true);
        }
    }

    /// Mends numbers without a digit on one side of their point, once the token after the point is known.
    /// Returns whether that token became part of the number.
    fn settle_number(&mut self, start: usize, end: usize, next: Option<Kind>) -> bool {
        let n = self.out.tokens.len();
        let Some(&dot) = self.out.tokens.last().filter(|t| t.kind() == Kind::Dot) else { return false };
        let before = n.checked_sub(2).map(|i| self.out.tokens[i]).filter(|t| t.end() == dot.start());
        let touches = dot.end() as usize == start;
        let exponent = touches && next == Some(Kind::Name) && is_exponent(&self.text[start..end]);
        let (first, keep) = match before {
            Some(t) if t.kind() == Kind::Number => {
                if touches && next == Some(Kind::Name) && !exponent {
                    return false;
                }
                (t, n - 2)
            }
            Some(t) if t.kind().ends_operand() => return false,
            _ if touches && next == Some(Kind::Number) => (dot, n - 1),
            _ => return false,
        };
        let joins = touches && (exponent || next == Some(Kind::Number));
        let last = if joins { end } else { dot.end() as usize };
        let at = self.span(first.start() as usize, last);
        self.out.tokens.truncate(keep);
        self.out.tokens.push(Token::new(Kind::Number, first.start() as usize, last, first.first()));
        // A number that goes on after its second point stays one mistake.
        let offer = match self.out.faults.last() {
            Some(known) if known.at.start == at.start => {
                self.out.faults.pop();
                None
            }
            _ => mend_number(&self.text[at.start as usize..last]),
        };
        self.fault(at, SyntaxError::NumberPoint { at, offer }, true);
        joins
    }

    fn foreign(&mut self, start: usize, end: usize) {
        let found = &self.text[start..end];
        let at = self.span(start, end);
        let Some((kind, offer)) = foreign_sign(found) else { return self.stray(start, end) };
        // `n!`: the sign is left out, so that what stands around it is still read.
        let operand = self.out.tokens.last().filter(|t| t.end() as usize == start && t.kind().ends_operand());
        if let (Some(operand), "!") = (operand, found) {
            let named = matches!(operand.kind(), Kind::Name | Kind::Number);
            let offer = named.then(|| format!("exp(lgamma({} + 1))", operand.text(self.text)));
            return self.fault(at, SyntaxError::Factorial { at, offer }, true);
        }
        self.push(kind, start, end);
        self.fault(at, SyntaxError::ForeignSign { at, found: found.to_owned(), offer }, true);
    }

    fn stray(&mut self, start: usize, end: usize) {
        if self.closing_bar == Some(start) || habit::bars(self, start) || habit::question(self, start) {
            return;
        }
        let at = self.span(start, end);
        let found = self.text[start..end].chars().next().unwrap_or(' ');
        // What follows is still the first on its line, so that one stray character spoils one statement.
        self.fault(at, SyntaxError::UnknownCharacter { at, found }, false);
    }

    fn wide(&mut self, start: usize, lexer: &mut Lexer<'t, Kind>) {
        let end = lexer.span().end;
        let found = self.text[start..end].chars().next().unwrap_or(' ');
        let kind = match found {
            '≤' => Kind::LessEq,
            '≥' => Kind::GreaterEq,
            '≠' => Kind::NotEq,
            '∈' => Kind::In,
            '·' => Kind::Star,
            '−' => Kind::Minus,
            '∞' => Kind::Name,
            '“' | '”' | '„' => return self.curly_text(start, lexer),
            c if c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{2060}') => return,
            c if is_name_start(c) => {
                extend_name(lexer);
                Kind::Name
            }
            _ if foreign_sign(lexer.slice()).is_some() => return self.foreign(start, end),
            _ => return self.stray(start, end),
        };
        self.push(kind, start, lexer.span().end);
    }

    /// A string in typographic quotes, read up to the closing one on the line.
    fn curly_text(&mut self, start: usize, lexer: &mut Lexer<'t, Kind>) {
        let rest = lexer.remainder();
        let line = rest.split('\n').next().unwrap_or("");
        let close = line.find(['”', '“', '"']);
        let inner = &line[..close.unwrap_or(0)];
        let quote = line[inner.len()..].chars().next().map_or(0, char::len_utf8);
        let offer = format!("\"{inner}\"");
        lexer.bump(close.map_or(0, |c| c + quote));
        let end = lexer.span().end;
        self.push(Kind::Text, start, end);
        let at = self.span(start, end);
        self.fault(at, SyntaxError::WrongQuotes { at, offer }, false);
    }
}

/// Extends a name over characters outside ASCII that follow it, and what follows those.
fn extend_name(lexer: &mut Lexer<'_, Kind>) {
    let rest = lexer.remainder();
    let ascii_only = lexer.slice().is_ascii();
    if ascii_only && rest.as_bytes().first().is_none_or(u8::is_ascii) {
        return;
    }
    let more: usize = rest.chars().take_while(|c| is_name_continue(*c)).map(char::len_utf8).sum();
    lexer.bump(more);
}

fn is_superscript(c: char) -> bool {
    matches!(c, '²' | '³' | '¹' | '¼'..='¾' | '\u{2070}'..='\u{207f}')
}

/// Whether a text reads as a name.
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_continue)
}

/// Whether a name can begin with it.
pub fn is_name_start(c: char) -> bool {
    (c.is_alphabetic() || c == '_') && !is_superscript(c)
}

/// Whether a name can go on with it: letters, digits, `_`, subscript digits, combining accents.
pub fn is_name_continue(c: char) -> bool {
    (c.is_alphanumeric() || c == '_' || matches!(c, '\u{300}'..='\u{36f}' | '₀'..='₉')) && !is_superscript(c)
}

fn is_exponent(word: &str) -> bool {
    word.strip_prefix(['e', 'E']).is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
}

/// What a spelling of another language means here: the token it is read as, and what to write.
fn foreign_sign(found: &str) -> Option<(Kind, &'static str)> {
    Some(match found {
        "**" | "↑" => (Kind::Caret, "^"),
        "&&" | "∧" => (Kind::And, "and"),
        "||" | "∨" => (Kind::Or, "or"),
        "!" | "¬" => (Kind::Not, "not"),
        ":=" | "←" => (Kind::Equals, "="),
        "<>" | "!==" | "≢" => (Kind::NotEq, "!="),
        "=<" | "⩽" | "≦" => (Kind::LessEq, "<="),
        "=>" | "⩾" | "≧" => (Kind::GreaterEq, ">="),
        "===" | "≡" => (Kind::EqEq, "=="),
        "=~" | "≈" => (Kind::Near, "~="),
        "..." | "…" => (Kind::DotDot, ".."),
        "×" | "⋅" | "∙" | "•" | "∗" => (Kind::Star, "*"),
        "÷" | "∕" => (Kind::Slash, "/"),
        "–" | "—" => (Kind::Minus, "-"),
        "′" | "’" => (Kind::Prime, "'"),
        _ => return None,
    })
}

/// A number with a digit on both sides of its point, if that is all it lacks.
fn mend_number(written: &str) -> Option<String> {
    if written.matches('.').count() != 1 {
        return None;
    }
    let (whole, rest) = written.split_once('.')?;
    let whole = if whole.is_empty() { "0" } else { whole };
    let zero = if rest.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
    Some(format!("{whole}.{zero}{rest}"))
}
