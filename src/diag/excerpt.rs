//! Long lines of a drawn message, cut around what its labels point at.
//!
//! Takes a message as drawn; gives it with every line of a text, and the marks below it, without the
//! columns in which no mark begins or ends. Colours are kept.

use std::collections::BTreeSet;

/// Longest line of a text that is shown whole, in columns.
const LONGEST: usize = 160;
/// Columns kept to the left and right of where a mark begins, ends or turns.
const AROUND: usize = 36;

/// Cuts long lines; short messages are given back as they are.
pub fn shorten(drawn: &str) -> String {
    if drawn.lines().all(|line| line.len() <= LONGEST) {
        return drawn.to_owned();
    }
    let lines: Vec<Line> = drawn.lines().map(Line::read).collect();
    let mut out = String::with_capacity(drawn.len().min(1 << 16));
    let mut at = 0;
    while at < lines.len() {
        let marks = lines[at + 1..].iter().take_while(|l| lines[at].is_text && l.marks()).count();
        let block = &lines[at..=at + marks];
        if lines[at].is_text && lines[at].cells.len() > LONGEST {
            cut(block, &mut out);
        } else {
            block.iter().for_each(|line| line.write(&[], &mut out));
        }
        at += 1 + marks;
    }
    out
}

/// A title, help or note, cut where a name of a thousand letters would fill the screen.
pub fn clip(words: &str) -> String {
    const MOST: usize = 600;
    if words.chars().count() <= MOST {
        return words.to_owned();
    }
    words.chars().take(MOST).chain(['…']).collect()
}

/// A line as its columns; the escape sequences of colours stand with the column they precede.
struct Line {
    /// What stands to the left of the text: line number and bar.
    gutter: String,
    /// The rest.
    cells: Vec<(String, char)>,
    /// What follows the last column.
    tail: String,
    /// Whether it shows a line of a text.
    is_text: bool,
    /// Whether it has the bar of an excerpt.
    has_bar: bool,
}

impl Line {
    fn read(line: &str) -> Self {
        let mut this =
            Self { gutter: String::new(), cells: Vec::new(), tail: String::new(), is_text: false, has_bar: false };
        let mut chars = line.chars();
        let mut escape = String::new();
        let mut in_gutter = true;
        while let Some(c) = chars.next() {
            if c == '\u{1b}' {
                escape.push(c);
                for next in chars.by_ref() {
                    escape.push(next);
                    if next.is_ascii_alphabetic() {
                        break;
                    }
                }
            } else if in_gutter && (c == ' ' || c.is_ascii_digit() || c == '│') {
                this.is_text |= c.is_ascii_digit();
                this.gutter.push_str(&std::mem::take(&mut escape));
                this.gutter.push(c);
                in_gutter = c != '│';
                this.has_bar |= c == '│';
            } else {
                in_gutter = false;
                this.cells.push((std::mem::take(&mut escape), c));
            }
        }
        this.tail = escape;
        this.is_text &= this.has_bar;
        this
    }

    /// Whether it marks the text above it.
    fn marks(&self) -> bool {
        self.has_bar && !self.is_text && self.cells.iter().any(|c| c.1 != ' ')
    }

    /// Appends the line without the columns of `gaps`.
    fn write(&self, gaps: &[(usize, usize)], out: &mut String) {
        out.push_str(&self.gutter);
        let mut gaps = gaps.iter().peekable();
        let mut kept = true;
        for (column, (escape, c)) in self.cells.iter().enumerate() {
            out.push_str(escape);
            if let Some((from, to)) = gaps.peek()
                && *from <= column
            {
                if kept {
                    out.push(if self.is_text { '…' } else { *c });
                }
                kept = false;
                if column + 1 == *to {
                    gaps.next();
                    kept = true;
                }
            } else {
                out.push(*c);
            }
        }
        out.push_str(&self.tail);
        let end = out.trim_end_matches(' ').len();
        out.truncate(end);
        out.push('\n');
    }
}

/// Writes a line of a text and its marks without the columns that say nothing.
fn cut(block: &[Line], out: &mut String) {
    let mut turns = BTreeSet::new();
    for marks in &block[1..] {
        let mut before = ' ';
        for (column, (_, c)) in marks.cells.iter().enumerate() {
            if *c != before {
                turns.insert(column);
            }
            before = *c;
        }
    }
    let width = block[0].cells.len();
    let mut gaps = Vec::new();
    let mut from = 0;
    for turn in turns.into_iter().take_while(|t| *t < width).chain([usize::MAX]) {
        let to = turn.saturating_sub(AROUND).min(width);
        if to > from + 3 {
            gaps.push((from, to));
        }
        from = turn.saturating_add(AROUND).min(width);
    }
    block.iter().for_each(|line| line.write(&gaps, out));
}
