//! Signs of other languages that span several tokens: `|x|` and `c ? a : b`.
//!
//! Takes the lexer's state at such a sign; reports it as one mistake, with what to write.

use super::lex::Reader;
use super::token::{Class, Kind};
use crate::diag::codes::syntax::SyntaxError;

/// Longest text quoted in an offer, in bytes.
const LONGEST_OFFER: usize = 72;
/// How far the other half of a sign is looked for, in bytes.
const LONGEST_SEARCH: usize = 2_000;

/// `|x|`: reported at the first bar, when another one follows on its line.
pub fn bars(reader: &mut Reader<'_>, start: usize) -> bool {
    let Some(rest) = reader.text[start..].strip_prefix('|') else { return false };
    let Some(inside) = line(rest).find('|').filter(|n| !rest[..*n].trim().is_empty()) else { return false };
    let close = start + 1 + inside;
    let inner = rest[..inside].trim();
    let offer = (inner.len() <= LONGEST_OFFER).then(|| format!("abs({inner})"));
    let at = reader.span(start, close + 1);
    reader.closing_bar = Some(close);
    reader.fault(at, SyntaxError::Bars { at, offer }, false);
    true
}

/// `c ? a : b`: reported at the `?`, when a `:` follows on its line. Both are read on as operators.
pub fn question(reader: &mut Reader<'_>, start: usize) -> bool {
    let Some(rest) = reader.text[start..].strip_prefix('?') else { return false };
    let rest = line(rest);
    let Some(colon) = rest.find(':') else { return false };
    let after = &rest[colon + 1..];
    let otherwise = after[..value_end(after)].trim();
    let then = rest[..colon].trim();
    let cond = condition_start(reader).and_then(|from| reader.text.get(from..start)).map_or("", str::trim);
    let short = cond.len() + then.len() + otherwise.len() <= LONGEST_OFFER && !cond.is_empty();
    let offer = short.then(|| format!("if {cond} then {then} else {otherwise}"));
    reader.choice = Some(start + 1 + colon);
    reader.push(Kind::Plus, start, start + 1);
    let at = reader.span(start, start + 1);
    reader.fault(at, SyntaxError::Choice { at, offer }, false);
    true
}

/// The text up to the end of its line or a comment, and not too much of it.
fn line(text: &str) -> &str {
    let end = text.bytes().take(LONGEST_SEARCH).position(|b| matches!(b, b'\n' | b'#' | b';'));
    let end = end.unwrap_or_else(|| text.floor_char_boundary(LONGEST_SEARCH));
    &text[..end]
}

/// Where a value ends: at a comma or a bracket that it did not open.
fn value_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return at,
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// Where the condition before the `?` begins.
fn condition_start(reader: &Reader<'_>) -> Option<usize> {
    let mut depth = 0_usize;
    let mut start = None;
    for token in reader.out.tokens.iter().rev().take(LONGEST_OFFER) {
        match token.kind() {
            kind if kind.class() == Class::Closer => depth += 1,
            kind if kind.class() == Class::Opener && depth == 0 => break,
            kind if kind.class() == Class::Opener => depth -= 1,
            Kind::Colon | Kind::Equals | Kind::Comma if depth == 0 => break,
            kind if kind.class() == Class::Statement => break,
            _ => {}
        }
        start = Some(token.start() as usize);
        if token.first() {
            break;
        }
    }
    start
}
