//! Columns of a laid-out text: comments at line ends below each other, and rows of numbers as a matrix.
//!
//! Takes a text with normal spaces; gives the same tokens and comments with more spaces between them. What
//! stands in columns depends on the text alone, not on how it was spaced before.
//! Deliberately absent: which spaces are normal, and where lines break (`format`).

use super::lex::lex;
use super::token::{Kind, Token};
use crate::base::{FileId, Id};
use std::ops::Range;

/// Comments stay where they are when a column would make a line longer than this.
const WIDEST: usize = 120;

/// Spaces to insert before a byte of the text.
type Pads = Vec<(usize, usize)>;

/// Puts into columns what reads better in columns.
pub fn align(text: &str) -> String {
    let numbers = insert(text, matrices(text));
    let comments = comments(&numbers);
    insert(&numbers, comments)
}

fn insert(text: &str, pads: Pads) -> String {
    let mut out = String::with_capacity(text.len() + pads.iter().map(|p| p.1).sum::<usize>());
    let mut from = 0;
    for (at, spaces) in pads {
        out.push_str(&text[from..at]);
        out.extend(std::iter::repeat_n(' ', spaces));
        from = at;
    }
    out.push_str(&text[from..]);
    out
}

/// The bytes of each line, without its end.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let range = start..start + line.trim_end_matches('\n').len();
            start += line.len();
            range
        })
        .collect()
}

/// Calls `each` with every longest run of neighbours that are all something.
fn runs<T>(items: &[Option<T>], mut each: impl FnMut(&[Option<T>])) {
    items.chunk_by(|a, b| a.is_some() && b.is_some()).filter(|run| run.len() > 1).for_each(&mut each);
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// Comments behind code on neighbouring lines begin in one column.
fn comments(text: &str) -> Pads {
    let lexed = lex(FileId::new(0), text);
    let mut ends = lexed.comments.iter().filter(|c| !c.own_line).peekable();
    let behind: Vec<Option<(Range<usize>, usize)>> = lines(text)
        .into_iter()
        .map(|line| ends.next_if(|c| (c.start as usize) < line.end).map(|c| (line, c.start as usize)))
        .collect();
    let mut pads = Pads::new();
    runs(&behind, |run| {
        let code = |line: &Range<usize>, at: usize| width(&text[line.start..at]);
        let column = run.iter().flatten().map(|(line, at)| code(line, *at)).max().unwrap_or(0);
        let fits = |(line, at): &(Range<usize>, usize)| column + width(&text[*at..line.end]) <= WIDEST;
        if run.iter().flatten().all(fits) {
            pads.extend(run.iter().flatten().map(|(line, at)| (*at, column - code(line, *at))));
        }
    });
    pads
}

/// Neighbouring lines `[1, -2.5, 3],` with equally many numbers are the rows of a matrix.
fn matrices(text: &str) -> Pads {
    let lexed = lex(FileId::new(0), text);
    let mut tokens = &lexed.tokens[..];
    let rows: Vec<Option<Vec<Range<usize>>>> = lines(text)
        .into_iter()
        .map(|line| {
            let (here, rest) = tokens.split_at(tokens.partition_point(|t| (t.start() as usize) < line.end));
            tokens = rest;
            cells(here)
        })
        .collect();
    let mut pads = Pads::new();
    for run in rows.chunk_by(|a, b| matches!((a, b), (Some(a), Some(b)) if a.len() == b.len())) {
        let columns = run[0].as_ref().map_or(0, Vec::len);
        let widest: Vec<usize> =
            (0..columns).map(|k| run.iter().flatten().map(|row| row[k].len()).max().unwrap_or(0)).collect();
        for row in run.iter().flatten() {
            pads.extend(row.iter().zip(&widest).map(|(cell, width)| (cell.start, width - cell.len())));
        }
    }
    pads
}

/// The numbers of a line that is nothing but a list of two numbers or more.
fn cells(tokens: &[Token]) -> Option<Vec<Range<usize>>> {
    let (open, mut rest) = tokens.split_first()?;
    if open.kind() != Kind::LBracket {
        return None;
    }
    let mut cells = Vec::new();
    loop {
        let sign = rest.first().filter(|t| t.kind() == Kind::Minus);
        let number = rest.get(usize::from(sign.is_some())).filter(|t| t.kind() == Kind::Number)?;
        cells.push(sign.unwrap_or(number).start() as usize..number.end() as usize);
        rest = &rest[1 + usize::from(sign.is_some())..];
        let (next, behind) = rest.split_first()?;
        rest = behind;
        match next.kind() {
            Kind::Comma => {}
            Kind::RBracket => break,
            _ => return None,
        }
    }
    let closes = |t: &Token| matches!(t.kind(), Kind::Comma | Kind::RBracket);
    (cells.len() > 1 && rest.iter().all(closes)).then_some(cells)
}
