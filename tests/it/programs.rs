//! The programs that stand in pages of the documentation.
//!
//! A block ` ```opt ` must run, a block ` ```opt fails E0302 ` must fail with that code. A block ` ```csv NAME ` or
//! ` ```json NAME ` (or `npy`) is a data file for the programs after it, and ` ```opt file NAME ` a model that they may include;
//! a later block of the same name replaces it.

use std::path::Path;

/// A program of a page.
pub struct Program {
    /// Where it stands: `docs/language.md:42`.
    pub place: String,
    /// The text.
    pub text: String,
    /// The code it must fail with; empty for `opt fails` without a code, `None` when it must run.
    pub fails: Option<String>,
    /// The data files it may read, by name.
    pub files: Vec<(String, String)>,
}

/// All programs of a page, in order.
pub fn of_page(path: &Path) -> Vec<Program> {
    let page = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut programs = Vec::new();
    let mut files: Vec<(String, String)> = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((n, line)) = lines.next() {
        let Some(words) = line.strip_prefix("```") else { continue };
        let text: String =
            lines.by_ref().take_while(|(_, line)| *line != "```").map(|(_, line)| format!("{line}\n")).collect();
        let place = format!("{}:{}", path.display(), n + 1);
        let words: Vec<&str> = words.split_whitespace().collect();
        match words.as_slice() {
            ["opt"] => programs.push(Program { place, text, fails: None, files: files.clone() }),
            ["opt", "fails", code @ ..] => {
                programs.push(Program { place, text, fails: Some(code.concat()), files: files.clone() });
            }
            ["csv" | "json" | "npy", name] | ["opt", "file", name] => {
                files.retain(|(known, _)| known != name);
                files.push(((*name).to_string(), text));
            }
            _ => {}
        }
    }
    programs
}
