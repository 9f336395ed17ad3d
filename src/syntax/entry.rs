//! Lines that are typed one by one: where an entry ends, and what its words are.
//!
//! Takes lines; gives [`Entry`], which knows by the rule of the language whether a line goes on, and
//! [`words`], the tokens of a text for whoever colours, completes or splits it.
//! Deliberately absent: what the entry says (`parse`).

use super::cut;
use super::explain;
use super::lex;
use super::token::{Class, Kind, Token};
use crate::base::FileId;
use std::ops::Range;

/// What a word of a text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WordKind {
    /// A name.
    Name,
    /// A number.
    Number,
    /// A string.
    Text,
    /// A word of the language.
    Keyword,
    /// `( [ {`.
    Opener,
    /// `) ] }`.
    Closer,
    /// `=`.
    Equals,
    /// `,`.
    Comma,
    /// `:`.
    Colon,
    /// `in`.
    In,
    /// `.` before a field.
    Dot,
    /// `;`.
    Semicolon,
    /// Any other sign.
    Sign,
    /// A comment.
    Comment,
}

/// A word of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// What it is.
    pub kind: WordKind,
    /// Where.
    pub at: Range<usize>,
}

/// The words of a text in order, comments too.
pub fn words(text: &str) -> Vec<Word> {
    let lexed = lex::lex(FileId(0), text);
    let word = |t: &Token| Word { kind: kind_of(t.kind()), at: t.start() as usize..t.end() as usize };
    let mut words: Vec<Word> = lexed.tokens.iter().map(word).collect();
    let comment = |c: &lex::Comment| Word { kind: WordKind::Comment, at: c.start as usize..c.end as usize };
    words.extend(lexed.comments.iter().map(comment));
    words.sort_by_key(|w| w.at.start);
    words
}

fn kind_of(kind: Kind) -> WordKind {
    match kind {
        Kind::Name => WordKind::Name,
        Kind::Number => WordKind::Number,
        Kind::Text => WordKind::Text,
        Kind::Equals => WordKind::Equals,
        Kind::Comma => WordKind::Comma,
        Kind::Colon => WordKind::Colon,
        Kind::In => WordKind::In,
        Kind::Dot => WordKind::Dot,
        Kind::Semicolon => WordKind::Semicolon,
        other => match other.class() {
            Class::Opener => WordKind::Opener,
            Class::Closer => WordKind::Closer,
            Class::Statement | Class::Word | Class::Clause => WordKind::Keyword,
            _ => WordKind::Sign,
        },
    }
}

/// The words of the language that can be typed.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    let typed = |kind: &&Kind| matches!(kind.class(), Class::Statement | Class::Word) && **kind != Kind::Reserved;
    Kind::ALL.iter().filter(typed).map(|kind| kind.spelling())
}

/// Cuts a text of several statements; gives the bytes of each, without the `;` between them.
///
/// What no word can be made of belongs to the statement it stands in, so that it is reported there; alone it is a piece.
pub fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut lexed = lex::lex(FileId(0), text);
    let items = cut::cut(text, &mut lexed.tokens);
    let inside = |at: usize| items.iter().any(|item| item.tokens.contains(&at));
    let signs = lexed.tokens.iter().enumerate().filter(|(at, t)| t.kind() == Kind::Semicolon && !inside(*at));
    let mut cuts: Vec<Range<usize>> = signs.map(|(_, t)| t.start() as usize..t.end() as usize).collect();
    for pair in items.windows(2) {
        let (end, next) = (pair[0].tokens.end, pair[1].tokens.start);
        if end == next {
            let (end, next) = (lexed.tokens[end - 1].end() as usize, lexed.tokens[next].start() as usize);
            let at = text[end..next].rfind('\n').map_or(next, |line| end + line);
            cuts.push(at..at);
        }
    }
    cuts.sort_by_key(|cut| cut.start);
    let starts = std::iter::once(0).chain(cuts.iter().map(|cut| cut.end));
    let ends = cuts.iter().map(|cut| cut.start).chain([text.len()]);
    let comments = own_comments(text, &lexed.comments);
    let parts = starts.zip(ends).map(|(start, end)| bare(text, &comments, start..end));
    parts.filter(|part| !part.is_empty()).collect()
}

/// A part of a text without the blanks and comments at its ends.
pub fn trimmed(text: &str, part: Range<usize>) -> Range<usize> {
    let lexed = lex::lex(FileId(0), text);
    bare(text, &own_comments(text, &lexed.comments), part)
}

/// The comments of the language; those of others are faults, and stay.
fn own_comments(text: &str, comments: &[lex::Comment]) -> Vec<Range<usize>> {
    let bytes = comments.iter().map(|c| c.start as usize..c.end as usize);
    bytes.filter(|at| text[at.clone()].starts_with('#')).collect()
}

fn bare(text: &str, comments: &[Range<usize>], part: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = part;
    let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    loop {
        start = end - text[start..end].trim_start_matches(blank).len();
        end = start + text[start..end].trim_end_matches(blank).len();
        let first = comments.binary_search_by_key(&start, |c| c.start).ok().map(|k| &comments[k]);
        let last = comments.binary_search_by_key(&end, |c| c.end).ok().map(|k| &comments[k]);
        match (first.filter(|c| c.end <= end), last.filter(|c| c.start >= start)) {
            _ if start == end => return start..end,
            (Some(first), _) => start = first.end,
            (_, Some(last)) => end = last.start,
            (None, None) => return start..end,
        }
    }
}

/// Whether the text begins with a word that begins a statement.
pub fn begins_statement(text: &str) -> bool {
    let lexed = lex::lex(FileId(0), text);
    !lexed.tokens.is_empty() && cut::is_statement_start(text, &lexed.tokens, 0)
}

/// Whether the text begins with a misspelt word that would begin a statement, as `minimise x^2` does.
pub fn means_statement(text: &str) -> bool {
    let lexed = lex::lex(FileId(0), text);
    let [first, second, ..] = lexed.tokens[..] else { return false };
    let side_by_side = first.kind() == Kind::Name && second.kind().class() == Class::Operand;
    side_by_side && explain::statement_for(first.text(text)).is_some()
}

/// An entry in the making: lines are added while they go on.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    text: String,
    /// Brackets that are open.
    depth: usize,
    /// Whether the last word wants another behind it.
    open: bool,
    /// Columns before the first word; nothing until there is one.
    indent: Option<usize>,
}

impl Entry {
    /// The entry whose lines are those of `text`.
    pub fn of(text: &str) -> Self {
        let mut entry = Self::default();
        text.split('\n').for_each(|line| entry.push(line));
        entry
    }

    /// What was added.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether no word was added.
    pub fn is_empty(&self) -> bool {
        self.indent.is_none()
    }

    /// Whether it cannot end here: a bracket is open, or its last word wants another.
    pub fn wants_more(&self) -> bool {
        self.depth > 0 || self.open
    }

    /// Whether `line` belongs to it, by the rule of the language.
    pub fn goes_on_with(&self, line: &str) -> bool {
        let Some(indent) = self.indent else { return true };
        let lexed = lex::lex(FileId(0), line);
        let Some(first) = lexed.tokens.first() else {
            return self.wants_more() || lexed.faults.first().is_some_and(|f| f.at.start as usize > indent);
        };
        if first.kind().class() == Class::Statement {
            return false;
        }
        self.wants_more() || first.kind().goes_on() || first.start() as usize > indent
    }

    /// Adds a line.
    pub fn push(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
        let lexed = lex::lex(FileId(0), line);
        for token in &lexed.tokens {
            match token.kind().class() {
                Class::Opener => self.depth += 1,
                Class::Closer => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        // What no word can be made of is no empty line.
        let signs = lexed.faults.iter().map(|fault| fault.at.start as usize);
        if let Some(first) = lexed.tokens.first().map(|t| t.start() as usize).into_iter().chain(signs).min() {
            self.indent.get_or_insert(first);
        }
        if let Some(last) = lexed.tokens.last() {
            self.open = last.kind().leaves_open();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_goes_on_by_the_rule_of_the_language() {
        for (text, more) in [
            ("sum(i in I:", true),
            ("let f =", true),
            ("x +", true),
            ("x + 1", false),
            ("param a[I] = {p: 1,", true),
            ("X'", false),
            ("", false),
            ("# only words", false),
        ] {
            assert_eq!(Entry::of(text).wants_more(), more, "{text}");
        }
        let entry = Entry::of("minimize f: x^2");
        for (line, goes_on) in [
            ("  + y^2", true),
            ("?", false),
            ("  ?", true),
            ("+ y^2", false),
            ("* 2", true),
            ("var y", false),
            ("  var y", false),
            ("", false),
        ] {
            assert_eq!(entry.goes_on_with(line), goes_on, "{line}");
        }
    }

    #[test]
    fn a_line_without_words_is_an_entry_of_its_own() {
        let entry = Entry::of("?");
        assert!(!entry.is_empty() && !entry.goes_on_with("x") && Entry::of(" # words").is_empty());
    }

    #[test]
    fn a_line_of_several_statements_is_cut() {
        let text = "var x; var y start 2; x + y";
        let parts: Vec<&str> = pieces(text).into_iter().map(|at| &text[at]).collect();
        assert_eq!(parts, ["var x", "var y start 2", "x + y"]);
    }

    #[test]
    fn what_is_no_word_belongs_to_the_piece_it_stands_in() {
        for (text, wanted) in [
            ("|x|", &["|x|"][..]),
            ("?", &["?"]),
            (" @ ; ~", &["@", "~"]),
            ("$x; x @; |y|", &["$x", "x @", "|y|"]),
            ("let g = |x|\nx ?", &["let g = |x|", "x ?"]),
            ("x ?\n? y", &["x ?", "? y"]),
            ("# words\nx # more\n# and more", &["x"]),
            ("x // no comment of ours", &["x // no comment of ours"]),
            ("# only words", &[]),
            (";;", &[]),
            ("\u{feff}", &[]),
        ] {
            let parts: Vec<&str> = pieces(text).into_iter().map(|at| &text[at]).collect();
            assert_eq!(parts, wanted, "{text}");
        }
    }
}
