//! `explain`, `completions` and `man`: documents made from the rows.

use super::args::Cli;
use super::exit::{Exit, TABLE};
use super::output::{Style, note, print};
use crate::diag::closest;
use clap::CommandFactory;

mod generated {
    include!(concat!(env!("OUT_DIR"), "/pages.rs"));
}

/// The page of a code.
pub fn page(code: &str) -> Option<&'static str> {
    generated::PAGES.iter().find(|(name, _)| *name == code).map(|(_, text)| *text)
}

/// Codes that have a page, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    generated::PAGES.iter().map(|(code, _)| *code)
}

/// `optc explain [CODE]`.
pub fn explain(code: Option<&str>, style: Style) -> Exit {
    let Some(code) = code else {
        let list = generated::PAGES.iter().map(|(_, text)| format!("{}\n", title(text)));
        print(&list.collect::<String>());
        return Exit::Solved;
    };
    let wanted = normal(code);
    if let Some(text) = page(&wanted) {
        print(&highlight(text, style));
        return Exit::Solved;
    }
    note(&format!("optc: there is no error code `{code}`\n"));
    match closest(&wanted, codes()) {
        Some(near) => note(&format!("did you mean `{near}`? `optc explain` lists all codes\n")),
        None => note("`optc explain` lists all codes\n"),
    }
    Exit::Usage
}

/// `e302`, `302` and `E0302` are one code.
fn normal(code: &str) -> String {
    let digits = code.trim().trim_start_matches(['e', 'E', '[']).trim_end_matches(']');
    format!("E{digits:0>4}")
}

fn title(text: &str) -> &str {
    text.lines().next().unwrap_or("").trim_start_matches("# ")
}

/// Markdown as plain text: programs indented, each under the name of its file.
fn highlight(text: &str, style: Style) -> String {
    let mut in_program = false;
    let mut out = String::with_capacity(text.len());
    for raw in text.lines() {
        if let Some(info) = raw.strip_prefix("```") {
            in_program = !in_program;
            match info.split_once(' ') {
                Some(("opt", "fails")) => out.push_str(&format!("{}\n", style.dim("Fails:"))),
                Some((_, file)) => out.push_str(&format!("{}\n", style.dim(&format!("{file}:")))),
                None => {}
            }
            continue;
        }
        match raw.strip_prefix("# ") {
            _ if in_program => out.push_str(&format!("    {raw}")),
            Some(title) => out.push_str(&style.bold(title)),
            None => out.push_str(raw),
        }
        out.push('\n');
    }
    out
}

/// `optc completions SHELL`.
pub fn completions(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "optc", &mut script);
    print(&String::from_utf8_lossy(&script));
    Exit::Solved
}

/// `optc man [COMMAND]`.
pub fn man(command: Option<&str>) -> Exit {
    let mut root = Cli::command();
    root.build();
    let page = match command {
        None => root,
        Some(name) => match root.find_subcommand(name) {
            Some(found) => found.clone(),
            None => {
                let known: Vec<String> = root.get_subcommands().map(|c| c.get_name().to_string()).collect();
                note(&format!("optc: there is no command `{name}`; commands are {}\n", known.join(", ")));
                return Exit::Usage;
            }
        },
    };
    let mut roff = Vec::new();
    if let Err(fault) = clap_mangen::Man::new(page.after_help(TABLE)).render(&mut roff) {
        note(&format!("optc: cannot write the manual page: {fault}\n"));
        return Exit::Usage;
    }
    print(&String::from_utf8_lossy(&roff));
    Exit::Solved
}
