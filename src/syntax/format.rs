//! `optc fmt`: one look for every model.
//!
//! Takes a text without mistakes; gives the same tokens and comments with normal spaces, indents and
//! blank lines. Line breaks stay where the writer put them: a model is laid out by its meaning.
//! Deliberately absent: breaking or joining lines, columns (`align`).

use super::align::align;
use super::cut::{Item, cut};
use super::lex::{Comment, lex};
use super::parse::parse;
use super::token::{Class, Kind, Token};
use crate::base::{FileId, Id};
use crate::diag::Reports;

/// Spaces a level of indent has.
const STEP: usize = 2;

/// The text in its normal form: same tokens, same comments, at most one blank line in a row.
///
/// Formatting twice changes nothing.
///
/// # Errors
/// What is wrong with the text, which is then left alone.
pub fn format(text: &str) -> Result<String, Reports> {
    let file = FileId::new(0);
    let parsed = parse(file, text);
    if parsed.reports.has_errors() {
        return Err(parsed.reports);
    }
    let mut lexed = lex(file, text);
    let items = cut(text, &mut lexed.tokens);
    let indents = indents(&lexed.tokens, &items);
    let mut printer = Printer::new(text, &lexed.comments);
    let mut after = 0;
    for (item, indent) in items.iter().zip(indents) {
        printer.separators(&lexed.tokens[after..item.tokens.start]);
        printer.item(item, &lexed.tokens[item.tokens.clone()], indent);
        after = item.tokens.end;
    }
    printer.separators(&lexed.tokens[after..]);
    printer.comments_before(u32::MAX, 0);
    Ok(align(&printer.finish()))
}

/// The indent of each item: constraints stand below `subject to`, and so does what stands between them.
fn indents(tokens: &[Token], items: &[Item]) -> Vec<usize> {
    let mut indents = vec![0; items.len()];
    let first = items.iter().position(|i| i.section.is_some()).unwrap_or(items.len());
    let mut below = false;
    for (at, item) in items.iter().enumerate().skip(first).rev() {
        below = match item.section {
            Some(_) => false,
            None => below || tokens[item.tokens.start].kind().class() != Class::Statement,
        };
        indents[at] = if below { STEP } else { 0 };
    }
    indents
}

struct Printer<'t> {
    text: &'t str,
    comments: std::iter::Peekable<std::slice::Iter<'t, Comment>>,
    out: String,
    /// End of what was written last, in the text.
    end: u32,
    /// Indent of the line being written.
    line: usize,
    /// Indents of the lines that opened the brackets now open.
    open: Vec<usize>,
    /// The token written last on this line.
    last: Option<Last>,
    /// Whether the item before was `subject to`, which ends its line.
    broke: bool,
}

/// What the spaces after a token depend on.
#[derive(Clone, Copy)]
struct Last {
    kind: Kind,
    /// A sign with one operand, such as `-` in `-x`.
    unary: bool,
}

impl<'t> Printer<'t> {
    fn new(text: &'t str, comments: &'t [Comment]) -> Self {
        let out = String::with_capacity(text.len());
        Self {
            text,
            comments: comments.iter().peekable(),
            out,
            end: 0,
            line: 0,
            open: Vec::new(),
            last: None,
            broke: false,
        }
    }

    fn item(&mut self, item: &Item, tokens: &[Token], indent: usize) {
        let statement = tokens[0].kind();
        let begins = tokens[0].first() || self.broke || self.out.is_empty();
        let base = if begins { indent } else { self.line };
        self.broke = item.section.is_some();
        for (nth, token) in tokens.iter().enumerate() {
            let starts_line = if nth == 0 { begins } else { token.first() };
            if starts_line {
                let indent = self.indent(token.kind(), nth == 0, base);
                self.comments_before(token.start(), indent);
                self.new_line(token.start(), indent);
            } else {
                self.comments_before(token.start(), base + STEP);
                if self.last.is_none_or(|last| self.spaced(last, *token, statement)) && !self.at_line_start() {
                    self.out.push(' ');
                }
            }
            self.token(*token);
        }
        self.open.clear();
    }

    /// The indent of a line that begins with a token of this kind.
    fn indent(&self, kind: Kind, begins_item: bool, base: usize) -> usize {
        match self.open.last() {
            _ if begins_item => base,
            None => base + STEP,
            Some(line) if kind.class() == Class::Closer => *line,
            Some(line) => line + STEP,
        }
    }

    fn token(&mut self, token: Token) {
        let kind = token.kind();
        match kind.class() {
            Class::Opener => self.open.push(self.line),
            Class::Closer => {
                self.open.pop();
            }
            _ => {}
        }
        let unary = matches!(kind, Kind::Plus | Kind::Minus) && !self.last.is_some_and(|l| l.kind.ends_operand());
        self.out.push_str(token.text(self.text));
        self.last = Some(Last { kind, unary });
        self.end = token.end();
    }

    /// `;` between items.
    fn separators(&mut self, tokens: &[Token]) {
        for token in tokens {
            self.comments_before(token.start(), self.line);
            if self.broke || self.at_line_start() {
                self.new_line(token.start(), self.line);
            }
            self.out.push(';');
            self.last = Some(Last { kind: Kind::Semicolon, unary: false });
            self.end = token.end();
        }
    }

    fn at_line_start(&self) -> bool {
        self.out.is_empty() || self.out.ends_with('\n')
    }

    /// Ends the line, keeps one blank line if there were any, and begins a line.
    fn new_line(&mut self, at: u32, indent: usize) {
        if !self.at_line_start() {
            self.out.push('\n');
        }
        if !self.out.is_empty() && self.blank_before(at) {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.line = indent;
    }

    /// Whether a blank line stood between what was written last and a place.
    fn blank_before(&self, at: u32) -> bool {
        let gap = &self.text[self.end as usize..at as usize];
        gap.bytes().filter(|b| *b == b'\n').count() > 1
    }

    /// Writes the comments before a place; those on lines of their own get the indent.
    fn comments_before(&mut self, at: u32, indent: usize) {
        while let Some(comment) = self.comments.next_if(|c| c.start < at) {
            if comment.own_line {
                self.new_line(comment.start, indent);
            } else if !self.at_line_start() {
                self.out.push_str("  ");
            }
            self.out.push_str(&self.text[comment.start as usize..comment.end as usize]);
            self.out.push('\n');
            self.end = comment.end;
        }
    }

    /// Whether a space stands between two tokens on one line.
    fn spaced(&self, last: Last, token: Token, statement: Kind) -> bool {
        let kind = token.kind();
        let apart = self.end < token.start();
        if matches!(last.kind, Kind::Dot | Kind::DotDot | Kind::Caret | Kind::DotCaret) || last.unary {
            return false;
        }
        if last.kind.class() == Class::Opener || kind.class() == Class::Closer {
            return false;
        }
        match kind {
            Kind::Comma | Kind::Semicolon | Kind::Prime | Kind::Dot | Kind::DotDot | Kind::Caret | Kind::DotCaret => {
                false
            }
            Kind::Colon => statement == Kind::Check && self.open.is_empty(),
            Kind::LParen if statement == Kind::Split => apart,
            Kind::LParen | Kind::LBracket => !last.kind.ends_operand(),
            _ => true,
        }
    }

    fn finish(mut self) -> String {
        if !self.at_line_start() {
            self.out.push('\n');
        }
        self.out
    }
}
