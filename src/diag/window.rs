//! Texts with lines of megabytes, cut down to what a message points at, before anything is drawn.
//!
//! Takes a message and the texts; gives, for each text in which a label stands on a very long line, a
//! stand-in: the same number of lines, of which only those with a label have words, and of a long one
//! only the surroundings of where labels begin and end. Positions are carried over both ways.
//! Deliberately absent: cutting lines that fit into memory but not on a screen (`excerpt`).

use super::{Message, Sources};
use crate::base::{FileId, Span};
use std::collections::BTreeMap;

/// Lines up to this many bytes are given whole.
const LONG: usize = 4_000;
/// Bytes kept on either side of where a label begins or ends, more than `excerpt` shows.
const AROUND: usize = 400;

/// Stand-ins for the texts of one message.
#[derive(Default)]
pub struct Windows {
    files: BTreeMap<FileId, Window>,
}

/// The stand-in for one text.
struct Window {
    text: String,
    /// Pieces of the original that were kept: where it began, where it begins now, its length.
    pieces: Vec<(usize, usize, usize)>,
    /// `line:column` of each label, as it is in the stand-in and as it is in truth.
    places: Vec<(String, String)>,
}

impl Windows {
    /// The stand-ins that this message needs; mostly none.
    pub fn of(message: &Message, sources: &Sources) -> Self {
        let mut spans: BTreeMap<FileId, Vec<Span>> = BTreeMap::new();
        for label in &message.labels {
            spans.entry(label.span.file).or_default().push(label.span);
        }
        let mut files = BTreeMap::new();
        for (file, spans) in spans {
            let window = sources.get(file).and_then(|source| Window::of(&source.text, &spans));
            files.extend(window.map(|window| (file, window)));
        }
        Self { files }
    }

    /// The text that stands for a file.
    pub fn text(&self, file: FileId) -> Option<&str> {
        self.files.get(&file).map(|window| window.text.as_str())
    }

    /// A span as bytes of the stand-in, or as it is when the file has none.
    pub fn carry(&self, span: Span) -> std::ops::Range<usize> {
        let whole = span.start as usize..(span.end as usize).max(span.start as usize);
        match self.files.get(&span.file) {
            Some(window) => window.carry(whole.start)..window.carry(whole.end),
            None => whole,
        }
    }

    /// Puts the true places into a drawing made of the stand-ins.
    pub fn correct(&self, drawn: String, sources: &Sources) -> String {
        let mut drawn = drawn;
        for (file, window) in &self.files {
            let Some(source) = sources.get(*file) else { continue };
            for (shown, truth) in &window.places {
                drawn = drawn.replace(&format!(" {}:{shown} ", source.name), &format!(" {}:{truth} ", source.name));
            }
        }
        drawn
    }
}

impl Window {
    fn of(text: &str, spans: &[Span]) -> Option<Self> {
        let ends = |span: &Span| [span.start as usize, (span.end as usize).max(span.start as usize)];
        let mut points: Vec<usize> = spans.iter().flat_map(ends).map(|at| at.min(text.len())).collect();
        points.sort_unstable();
        points.dedup();
        let lines: Vec<(usize, usize)> = points.iter().map(|at| line_around(text, *at)).collect();
        if lines.iter().all(|(from, to)| to - from <= LONG) {
            return None;
        }
        let mut this = Self { text: String::new(), pieces: Vec::new(), places: Vec::new() };
        let mut done = 0;
        for (point, line) in points.iter().zip(&lines) {
            let around = if line.1 - line.0 > LONG { AROUND } else { LONG };
            let from = boundary(text, point.saturating_sub(around).max(line.0)).max(done);
            let to = boundary(text, (point + around).min(line.1)).max(from);
            let breaks = text.as_bytes()[done..from].iter().filter(|b| **b == b'\n').count();
            this.text.extend(std::iter::repeat_n('\n', breaks));
            this.pieces.push((from, this.text.len(), to - from));
            this.text.push_str(&text[from..to]);
            done = to;
        }
        for span in spans {
            let at = (span.start as usize).min(text.len());
            let (line, column) = place(text, at);
            let (_, shown) = place(&this.text, this.carry(at));
            this.places.push((format!("{line}:{shown}"), format!("{line}:{column}")));
        }
        Some(this)
    }

    /// Where a byte of the original that lies at the edge of a label is now.
    fn carry(&self, at: usize) -> usize {
        let piece = self.pieces.iter().find(|(from, _, length)| (*from..=from + length).contains(&at));
        piece.map_or(self.text.len(), |(from, now, _)| now + (at - from))
    }
}

/// Begin and end of the line in which a byte stands.
fn line_around(text: &str, at: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let from = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
    let to = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |p| at + p);
    (from, to)
}

/// The nearest beginning of a character at or before a byte.
fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Line and column, both from 1, the column in characters.
fn place(text: &str, at: usize) -> (usize, usize) {
    let (from, _) = line_around(text, at);
    let line = text.as_bytes()[..from].iter().filter(|b| **b == b'\n').count() + 1;
    let column = text.get(from..at).map_or(0, |before| before.chars().count()) + 1;
    (line, column)
}
