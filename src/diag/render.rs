//! Messages as text: the only place that knows ariadne.

use super::{Message, Severity, Sources};
use crate::base::FileId;
use ariadne::{CharSet, Config, IndexType, Label as Mark, Report, ReportKind, Source as Page};
use std::collections::BTreeMap;

/// Draws one message. `colour` adds terminal colours.
pub fn render(message: &Message, sources: &Sources, colour: bool) -> String {
    let Some(primary) = message.labels.first() else { return render_plain(message) };
    let mut labels: Vec<_> = message.labels.iter().enumerate().collect();
    labels.sort_by_key(|(_, l)| l.span);
    let kind = match message.severity {
        Severity::Error => ReportKind::Error,
        Severity::Warning => ReportKind::Warning,
    };
    let name = |file: FileId| sources.get(file).map_or_else(String::new, |s| s.name.clone());
    let range = |span: crate::base::Span| span.start as usize..(span.end as usize).max(span.start as usize);
    let config = Config::default().with_color(colour).with_index_type(IndexType::Byte).with_char_set(CharSet::Unicode);
    let mut report = Report::build(kind, (name(primary.span.file), range(primary.span)))
        .with_config(config)
        .with_code(message.code)
        .with_message(&message.title);
    for (at, label) in labels {
        let colour = if at == 0 { ariadne::Color::Red } else { ariadne::Color::Blue };
        report = report.with_label(
            Mark::new((name(label.span.file), range(label.span))).with_message(&label.text).with_color(colour),
        );
    }
    for note in &message.notes {
        report = report.with_note(note);
    }
    if let Some(help) = &message.help {
        report = report.with_help(help);
    }
    let mut pages: BTreeMap<String, Page<String>> = BTreeMap::new();
    for label in &message.labels {
        if let Some(source) = sources.get(label.span.file) {
            pages.entry(source.name.clone()).or_insert_with(|| Page::from(source.text.to_string()));
        }
    }
    let cache = ariadne::FnCache::new(move |id: &String| {
        pages.get(id).map(|p| p.text().to_string()).ok_or_else(|| format!("no source `{id}`"))
    });
    let mut out = Vec::new();
    if report.finish().write(cache, &mut out).is_err() {
        return render_plain(message);
    }
    trim_line_ends(&String::from_utf8_lossy(&out))
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
