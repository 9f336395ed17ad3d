//! The command line tool: arguments, progress, tables, plots, files, exit codes.
//!
//! Takes arguments and the reports of [`crate::driver`]; gives text on stdout, notes on stderr, files, and
//! an exit code. Results go to stdout, all else to stderr; nothing is printed anywhere else in optc.
//! Deliberately absent: decisions about models, problems and methods.

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod args;
pub mod check;
pub mod emit;
pub mod exit;
mod fit;
mod fit_plot;
pub mod fmt;
pub mod grid;
pub mod inspect;
pub mod json;
pub mod methods;
pub mod number;
pub mod open;
pub mod output;
pub mod pages;
pub mod plot;
pub mod progress;
pub mod repl;
pub mod reports;
pub mod save;
pub mod signal;
pub mod solve;
pub mod text;

use args::{Cli, Command};
use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use exit::Exit;
use output::{Style, note, print};

/// Runs the tool on the arguments of the process.
pub fn run() -> std::process::ExitCode {
    match Cli::try_parse() {
        Ok(cli) => dispatch(cli).into(),
        Err(fault) => refuse(&fault).into(),
    }
}

fn dispatch(cli: Cli) -> Exit {
    let (out, err) = (Style::stdout(cli.color), Style::stderr(cli.color));
    match cli.command {
        Command::Solve(args) => solve::run(&args, out, err),
        Command::Check(args) => check::run(&args, out, err),
        Command::Inspect(args) => inspect::run(&args, out, err),
        Command::Methods { name, json } => methods::run(name.as_deref(), json, out),
        Command::Emit(args) => emit::run(&args, err),
        Command::Repl(args) => repl::run(&args, out, err),
        Command::Fmt(args) => fmt::run(&args, err),
        Command::Explain { code } => pages::explain(code.as_deref(), out),
        Command::Completions { shell } => pages::completions(shell),
        Command::Man { command } => pages::man(command.as_deref()),
    }
}

/// Help and version are results; anything else is wrong usage.
fn refuse(fault: &clap::Error) -> Exit {
    if let ErrorKind::DisplayHelp | ErrorKind::DisplayVersion = fault.kind() {
        print(&fault.render().to_string());
        return Exit::Solved;
    }
    note(&fault.render().to_string());
    if fault.kind() == ErrorKind::InvalidSubcommand
        && let Some(ContextValue::String(word)) = fault.get(ContextKind::InvalidSubcommand)
        && word.contains(['.', '/'])
    {
        note(&format!("\nto solve a model: optc solve {word}\n"));
    }
    Exit::Usage
}
