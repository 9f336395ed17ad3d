//! A report as JSON for machines: `docs/json.md` documents it, `docs/report.schema.json` describes it.

use crate::driver::report::{Report, VERSION};
use serde::Serialize;

/// The document: the report below its version.
#[derive(Serialize)]
struct Document<'r> {
    optc_report: u32,
    optc_version: &'static str,
    #[serde(flatten)]
    report: &'r Report,
}

/// The report as one JSON object, with a newline at the end.
pub fn render(report: &Report) -> String {
    let document = Document { optc_report: VERSION, optc_version: env!("CARGO_PKG_VERSION"), report };
    let text = serde_json::to_string_pretty(&document).expect("every field has a JSON form, and keys are strings");
    text + "\n"
}
