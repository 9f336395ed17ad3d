//! Errors and warnings on stderr.

use super::exit::Exit;
use super::number::count;
use super::output::{Style, note};
use crate::base::limits::MAX_REPORTS;
use crate::diag::render::render_all;
use crate::diag::{Error, Label, Message, Reports, Severity, Sources};
use serde_json::{Value, json};

/// Draws what is wrong, in the order of the text, and counts it.
pub fn show_reports(reports: &Reports, sources: &Sources, style: Style) {
    let messages = reports.messages();
    if messages.is_empty() {
        return;
    }
    note(&draw(&messages, sources, style));
}

/// The drawings of the first messages, and the numbers of all.
pub fn draw(messages: &[Message], sources: &Sources, style: Style) -> String {
    let shown = messages.len().min(MAX_REPORTS);
    let mut text = render_all(&messages[..shown], sources, style.colour);
    if shown < messages.len() {
        text.push_str(&format!("\n… and {} more\n", messages.len() - shown));
    }
    let n_errors = messages.iter().filter(|m| m.severity == Severity::Error).count();
    let n_warnings = messages.len() - n_errors;
    let mut parts = Vec::new();
    if n_errors > 0 {
        parts.push(style.red(&count(n_errors, "error")));
    }
    if n_warnings > 0 {
        parts.push(style.yellow(&count(n_warnings, "warning")));
    }
    text.push_str(&format!("\n{}\n", parts.join(", ")));
    text
}

/// Draws one error that has no place in a text; gives the exit code it leads to.
pub fn show_error(error: impl Into<Error>, style: Style) -> Exit {
    let reports = Reports::from(error);
    show_reports(&reports, &Sources::new(), style);
    Exit::of_errors(&reports)
}

/// The messages for machines: where, what, how to mend it.
pub fn messages_json(reports: &Reports, sources: &Sources) -> Value {
    let label = |label: &Label| {
        json!({
            "place": sources.place(label.span),
            "start": label.span.start,
            "end": label.span.end,
            "text": label.text,
        })
    };
    let message = |message: &Message| {
        json!({
            "code": message.code,
            "severity": if message.severity == Severity::Error { "error" } else { "warning" },
            "title": message.title,
            "labels": message.labels.iter().map(label).collect::<Vec<_>>(),
            "help": message.help,
            "notes": message.notes,
        })
    };
    Value::Array(reports.messages().iter().map(message).collect())
}
