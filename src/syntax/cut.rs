//! Tokens to statements: where one ends and the next begins.
//!
//! Takes the tokens of a file; gives [`Item`]s, each a range of tokens, and reads the words of
//! clauses (`start`, `from`, …) where they stand in their clause.
//! Deliberately absent: whether a statement is well formed (`parse`).

use super::token::{Class, Kind, Token};
use crate::diag::closest;
use std::ops::Range;

/// One statement as a range of tokens, without the `;` that may end it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Its tokens.
    pub tokens: Range<usize>,
    /// Column that lines going on must exceed.
    pub indent: u32,
    /// Whether it is `subject to`, and how that was written.
    pub section: Option<Section>,
}

/// How a section was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    /// `subject to`.
    Written,
    /// `s.t.`, `subject_to:`, `constraints:`, …
    Misspelt,
}

/// Cuts a file into statements. Every token belongs to one item, except `;`.
pub fn cut(text: &str, tokens: &mut [Token]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut at = 0;
    let mut line_indent = 0;
    while at < tokens.len() {
        if tokens[at].kind() == Kind::Semicolon {
            at += 1;
            continue;
        }
        mark_statement_word(text, tokens, at);
        if tokens[at].first() {
            line_indent = indent(text, tokens[at].start());
        }
        if let Some((len, section)) = section_opener(text, &tokens[at..]) {
            items.push(Item { tokens: at..at + len, indent: line_indent, section: Some(section) });
            at += len;
            // An item on the same line stands where it stands: the lines of its siblings align with it.
            if let Some(next) = tokens.get(at).filter(|t| !t.first()) {
                line_indent = column(text, next.start());
            }
            continue;
        }
        let end = item_end(text, tokens, at, line_indent);
        items.push(Item { tokens: at..end, indent: line_indent, section: None });
        mark_clause_words(text, &mut tokens[at..end]);
        at = end;
    }
    items
}

/// Finds the end of the item that begins at `begin`.
fn item_end(text: &str, tokens: &[Token], begin: usize, indent: u32) -> usize {
    let mut depth = 0_usize;
    for at in begin..tokens.len() {
        let token = tokens[at];
        let kind = token.kind();
        if kind == Kind::Semicolon && (depth == 0 || tokens.get(at + 1).is_none_or(|t| t.first())) {
            return at;
        }
        if at > begin && token.first() && begins_item(text, tokens, at, depth, indent) {
            return at;
        }
        match kind.class() {
            Class::Opener => depth += 1,
            Class::Closer => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    tokens.len()
}

/// Whether the line beginning with the token at `at` begins a new item.
fn begins_item(text: &str, tokens: &[Token], at: usize, depth: usize, indent: u32) -> bool {
    let (kind, before) = (tokens[at].kind(), tokens[at - 1].kind());
    if is_statement_start(text, tokens, at) {
        return !matches!(before, Kind::Tune | Kind::Extern);
    }
    if kind.goes_on() {
        return false;
    }
    let outdented = || self::indent(text, tokens[at].start()) <= indent;
    if depth > 0 {
        return kind.class() == Class::Operand && before.ends_operand() && outdented();
    }
    if before.leaves_open() {
        return kind == Kind::Name && outdented() && begins_beyond_doubt(text, tokens, at, indent);
    }
    outdented()
}

/// Whether a line begins an item although the line above wants to go on: `name: …`, two words side by side
/// (a misspelt statement), or less indent than the item has.
fn begins_beyond_doubt(text: &str, tokens: &[Token], at: usize, indent: u32) -> bool {
    let next = tokens.get(at + 1).filter(|t| !t.first());
    let side_by_side = next.is_some_and(|t| t.kind().class() == Class::Operand);
    side_by_side || begins_with_label(tokens, at) || self::indent(text, tokens[at].start()) < indent
}

/// Whether the line reads `name:` or `name[...]:`, up to its end.
fn begins_with_label(tokens: &[Token], at: usize) -> bool {
    if tokens[at].kind() != Kind::Name {
        return false;
    }
    let mut depth = 0_usize;
    for token in tokens[at + 1..].iter().take_while(|t| !t.first()) {
        match token.kind() {
            Kind::LBracket => depth += 1,
            Kind::RBracket => depth = depth.saturating_sub(1),
            Kind::Colon if depth == 0 => return true,
            _ if depth == 0 => return false,
            _ => {}
        }
    }
    false
}

/// Whether a statement word stands here as one: reserved, or `show x`, `split t`, `state v`.
pub(super) fn is_statement_start(text: &str, tokens: &[Token], at: usize) -> bool {
    tokens[at].kind().class() == Class::Statement
        || soft_statement(text, tokens, at).is_some()
        || tokens[at].kind() == Kind::Name && section_opener(text, &tokens[at..]).is_some()
}

/// The statement that a free word begins when a name or expression follows it on its line.
fn soft_statement(text: &str, tokens: &[Token], at: usize) -> Option<Kind> {
    if tokens[at].kind() != Kind::Name {
        return None;
    }
    let kind = match tokens[at].text(text) {
        "show" => Kind::Show,
        "split" => Kind::Split,
        "time" | "state" | "control" | "scenario" => Kind::Reserved,
        _ => return None,
    };
    let next = tokens.get(at + 1).filter(|t| !t.first())?;
    let apart = next.start() > tokens[at].end();
    let follows = match next.kind() {
        Kind::Name => true,
        Kind::Number | Kind::Text | Kind::If | Kind::Not => kind != Kind::Reserved,
        Kind::LParen | Kind::LBrace | Kind::LBracket => kind == Kind::Show && apart,
        // `show -x` shows; `show - x` is a difference.
        Kind::Minus if apart => kind == Kind::Show && tokens.get(at + 2).is_some_and(|t| t.start() == next.end()),
        _ => false,
    };
    follows.then_some(kind)
}

fn mark_statement_word(text: &str, tokens: &mut [Token], at: usize) {
    if let Some(kind) = soft_statement(text, tokens, at) {
        tokens[at] = tokens[at].read_as(kind);
    }
}

/// Recognises `subject to` and its misspellings at the start of an item; gives how many tokens they take.
fn section_opener(text: &str, tokens: &[Token]) -> Option<(usize, Section)> {
    let word = |i: usize| tokens.get(i).filter(|t| i == 0 || !t.first()).map_or("", |t| t.text(text));
    let lower = |i: usize| word(i).to_ascii_lowercase();
    let kind = tokens.first()?.kind();
    if kind != Kind::Subject && kind != Kind::Name {
        return None;
    }
    let (mut len, mut section) = match word(0) {
        "subject" if word(1) == "to" => (2, Section::Written),
        "subject" => (if matches!(word(1), "too" | "ot" | "t") { 2 } else { 1 }, Section::Misspelt),
        w if w.len() > 12 => return None,
        _ => match lower(0).as_str() {
            "s" if word(1) == "." && lower(2) == "t" => (if word(3) == "." { 4 } else { 3 }, Section::Misspelt),
            "subjectto" | "subject_to" | "subjecto" => (1, Section::Misspelt),
            first if misspells_subject_to(first, &lower(1)) => (2, Section::Misspelt),
            "such" if lower(1) == "that" => (2, Section::Misspelt),
            "constraints" | "constraint" | "st" if matches!(word(1), "" | ":") && ends_line(tokens, word(1)) => {
                (1, Section::Misspelt)
            }
            _ => return None,
        },
    };
    if word(len) == ":" {
        (len, section) = (len + 1, Section::Misspelt);
    }
    Some((len, section))
}

/// Whether two words look like `subject to`.
fn misspells_subject_to(first: &str, second: &str) -> bool {
    let to = matches!(second, "to" | "too" | "tto" | "ot" | "t" | "o" | "tp" | "ti");
    to && first.starts_with(['s', 'u']) && (first == "subject" || closest(first, ["subject"]).is_some())
}

/// Whether the line ends after its first word and an optional colon.
fn ends_line(tokens: &[Token], second: &str) -> bool {
    let after = if second == ":" { 2 } else { 1 };
    tokens.get(after).is_none_or(|t| t.first())
}

/// Reads the words of clauses as such: after an operand, outside brackets, such a word can be nothing else.
pub fn mark_clause_words(text: &str, tokens: &mut [Token]) {
    let words: &[(&str, Kind)] = match tokens.first().map(|t| t.kind()) {
        Some(Kind::Var) => &[("start", Kind::Start)],
        Some(Kind::Param) => &[("from", Kind::From)],
        Some(Kind::Table) => &[("from", Kind::From), ("key", Kind::Key)],
        Some(Kind::Split) => &[("into", Kind::Into), ("seed", Kind::Seed)],
        Some(Kind::Hyper) => &[("log", Kind::Log)],
        Some(Kind::Expect) => &[("tol", Kind::Tol)],
        _ => return,
    };
    let mut depth = 0_usize;
    for at in 1..tokens.len() {
        match tokens[at].kind().class() {
            Class::Opener => depth += 1,
            Class::Closer => depth = depth.saturating_sub(1),
            _ if tokens[at].kind() == Kind::Name && depth == 0 && tokens[at - 1].kind().ends_operand() => {
                let word = tokens[at].text(text);
                if let Some((_, kind)) = words.iter().find(|(w, _)| *w == word) {
                    tokens[at] = tokens[at].read_as(*kind);
                }
            }
            _ => {}
        }
    }
}

/// Width of what stands before a byte on its line; a tab reaches to the next multiple of eight.
///
/// Beyond [`WIDEST`] bytes it is not measured, so that many statements on one long line cost no more than their length.
fn column(text: &str, at: u32) -> u32 {
    before(text, at).iter().fold(0, width)
}

/// Width of the space at the beginning of the line of a byte.
fn indent(text: &str, at: u32) -> u32 {
    before(text, at).iter().take_while(|b| b.is_ascii_whitespace()).fold(0, width)
}

/// What stands before a byte on its line.
fn before(text: &str, at: u32) -> &[u8] {
    let mut begin = at as usize;
    let floor = begin.saturating_sub(WIDEST);
    while begin > floor && text.as_bytes()[begin - 1] != b'\n' {
        begin -= 1;
    }
    &text.as_bytes()[begin..at as usize]
}

fn width(sum: u32, byte: &u8) -> u32 {
    match byte {
        b'\t' => sum / 8 * 8 + 8,
        0x80..=0xbf => sum,
        _ => sum + 1,
    }
}

const WIDEST: usize = 1024;
