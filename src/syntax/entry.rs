//! Lines that are typed one by one: where an entry ends, and what its words are.
//!
//! Takes lines; gives [`Entry`], which knows by the rule of the language whether a line goes on, and
//! [`words`], the tokens of a text for whoever colours, completes or splits it.
//! Deliberately absent: what the entry says (`parse`).

use super::cut;
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
pub fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut lexed = lex::lex(FileId(0), text);
    let items = cut::cut(text, &mut lexed.tokens);
    let bytes = |item: &cut::Item| {
        let tokens = &lexed.tokens[item.tokens.clone()];
        tokens.first().map_or(0, |t| t.start() as usize)..tokens.last().map_or(0, |t| t.end() as usize)
    };
    items.iter().map(bytes).collect()
}

/// Whether the text begins with a word that begins a statement.
pub fn begins_statement(text: &str) -> bool {
    let lexed = lex::lex(FileId(0), text);
    !lexed.tokens.is_empty() && cut::is_statement_start(text, &lexed.tokens, 0)
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
        let Some(first) = lexed.tokens.first() else { return self.wants_more() };
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
        if let Some(first) = lexed.tokens.first() {
            self.indent.get_or_insert(first.start() as usize);
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
        for (line, goes_on) in
            [("  + y^2", true), ("+ y^2", false), ("* 2", true), ("var y", false), ("  var y", false), ("", false)]
        {
            assert_eq!(entry.goes_on_with(line), goes_on, "{line}");
        }
    }

    #[test]
    fn a_line_of_several_statements_is_cut() {
        let text = "var x; var y start 2; x + y";
        let parts: Vec<&str> = pieces(text).into_iter().map(|at| &text[at]).collect();
        assert_eq!(parts, ["var x", "var y start 2", "x + y"]);
    }
}
