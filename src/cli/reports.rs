//! Errors and warnings on stderr.

use super::number::count;
use super::output::{Style, note};
use crate::base::limits::MAX_REPORTS;
use crate::diag::render::render_all;
use crate::diag::{Message, Reports, Severity, Sources};

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
