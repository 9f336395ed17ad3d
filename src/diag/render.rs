//! Messages as text: the only place that knows ariadne.

use super::excerpt::{clip, shorten};
use super::window::Windows;
use super::{Message, Severity, Source, Sources};
use crate::base::{FileId, Span};
use ariadne::{Cache, CharSet, Config, IndexType, Label as Mark, Report, ReportKind, Source as Page};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Draws one message. `colour` adds terminal colours.
pub fn render(message: &Message, sources: &Sources, colour: bool) -> String {
    draw(message, &mut Pages::new(sources), colour)
}

/// Draws messages one below the other. The lines of each text are counted once, so that a hundred messages about a
/// file of a gigabyte take little longer than one.
pub fn render_all(messages: &[Message], sources: &Sources, colour: bool) -> String {
    let mut pages = Pages::new(sources);
    let drawn: Vec<String> = messages.iter().map(|message| draw(message, &mut pages, colour)).collect();
    drawn.join("\n")
}

fn draw(message: &Message, pages: &mut Pages<'_>, colour: bool) -> String {
    let Some(primary) = message.labels.first() else { return render_plain(message) };
    let mut labels: Vec<_> = message.labels.iter().enumerate().collect();
    labels.sort_by_key(|(_, l)| l.span);
    let kind = match message.severity {
        Severity::Error => ReportKind::Error,
        Severity::Warning => ReportKind::Warning,
    };
    pages.windows = Windows::of(message, pages.sources);
    pages.cut.clear();
    let place = |span: Span| (span.file, pages.windows.carry(span));
    let config = Config::default().with_color(colour).with_index_type(IndexType::Byte).with_char_set(CharSet::Unicode);
    let mut report = Report::build(kind, place(primary.span))
        .with_config(config)
        .with_code(message.code)
        .with_message(clip(&message.title));
    for (at, label) in labels {
        let colour = if at == 0 { ariadne::Color::Red } else { ariadne::Color::Blue };
        report = report.with_label(Mark::new(place(label.span)).with_message(&label.text).with_color(colour));
    }
    for note in &message.notes {
        report = report.with_note(clip(note));
    }
    if let Some(help) = &message.help {
        report = report.with_help(clip(help));
    }
    let (report, mut out) = (report.finish(), Vec::new());
    if report.write(&mut *pages, &mut out).is_err() {
        return render_plain(message);
    }
    let drawn = shorten(&trim_line_ends(&String::from_utf8_lossy(&out)));
    pages.windows.correct(drawn, pages.sources)
}

/// The texts of a session with their lines counted, each at its first use.
struct Pages<'s> {
    sources: &'s Sources,
    counted: BTreeMap<FileId, Page<Arc<str>>>,
    /// Stand-ins for texts with very long lines, made for the message that is drawn.
    windows: Windows,
    /// The stand-ins with their lines counted.
    cut: BTreeMap<FileId, Page<Arc<str>>>,
}

impl<'s> Pages<'s> {
    fn new(sources: &'s Sources) -> Self {
        Self { sources, counted: BTreeMap::new(), windows: Windows::default(), cut: BTreeMap::new() }
    }
}

impl Cache<FileId> for &mut Pages<'_> {
    type Storage = Arc<str>;

    fn fetch(&mut self, id: &FileId) -> Result<&Page<Arc<str>>, impl fmt::Debug> {
        let Some(source) = self.sources.get(*id) else { return Err("a message names a text of another session") };
        if let Some(text) = self.windows.text(*id) {
            return Ok(self.cut.entry(*id).or_insert_with(|| Page::from(Arc::from(text))));
        }
        Ok(self.counted.entry(*id).or_insert_with(|| Page::from(Arc::clone(&source.text))))
    }

    fn display<'a>(&self, id: &'a FileId) -> Option<impl fmt::Display + 'a> {
        self.sources.get(*id).map(|source: &Source| source.name.clone())
    }
}

/// One message without a drawing, for reports that have no place in a text.
fn render_plain(message: &Message) -> String {
    let kind = match message.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
    };
    let mut out = format!("[{}] {kind}: {}\n", message.code, message.title);
    for note in &message.notes {
        out.push_str(&format!("  Note: {note}\n"));
    }
    if let Some(help) = &message.help {
        out.push_str(&format!("  Help: {help}\n"));
    }
    out
}

fn trim_line_ends(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
