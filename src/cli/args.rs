//! The command line as data; help, man page and completions come from it.

use super::exit;
use crate::driver::Executor;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A compiler for declarative optimization: models in, verified answers out.
#[derive(Debug, Parser)]
#[command(name = "optc", version, about, after_help = exit::TABLE)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = false)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours; `auto` means on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub color: When,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Solve a model and report the verified answer
    Solve(Solve),
    /// Report everything wrong with a model, and compare its derivatives with differences
    Check(Check),
    /// Show class, sizes, families, sparsity and curvature of a model
    Inspect(Inspect),
    /// List the methods, or describe one
    Methods {
        /// A method, such as `interior_point`
        name: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print what a stage of the compiler makes of a model
    Emit(Emit),
    /// Try things: declare, evaluate, differentiate, plot and solve, line by line
    Repl(Repl),
    /// Rewrite models in the standard layout
    Fmt(Fmt),
    /// Explain an error code, such as E0302
    Explain {
        /// The code; without it, all codes with their titles
        code: Option<String>,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// Of this command; without it, of `optc` itself
        command: Option<String>,
    },
}

/// Where a model and its data come from.
#[derive(Clone, Debug, Args)]
pub struct Input {
    /// The model, a `.opt` file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Set a param to a number, or an option of a method: `lbfgs.memory=20`; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<Assignment>,
    /// Read a param or table from another file; may be repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = assignment)]
    pub data: Vec<Assignment>,
    /// Let the model read this file or folder too; may be repeated
    #[arg(long, value_name = "PATH")]
    pub allow_read: Vec<PathBuf>,
    /// Let `extern fn` start programs
    #[arg(long)]
    pub allow_run: bool,
}

/// What runs the kernels.
#[derive(Clone, Copy, Debug, Args)]
pub struct Code {
    /// Run kernels without machine code; results are the same, to the last bit
    #[arg(long)]
    pub no_jit: bool,
    /// Use only instructions that every machine of this kind has
    #[arg(long)]
    pub portable: bool,
}

impl Code {
    /// The executor asked for; block routines follow it.
    pub fn executor(self) -> Executor {
        if self.portable {
            crate::num::vmath::Level::Portable.fix();
        }
        match self {
            Self { no_jit: true, .. } => Executor::Portable,
            Self { portable: true, .. } => Executor::Baseline,
            _ => Executor::Native,
        }
    }
}

/// `optc solve`.
#[derive(Clone, Debug, Args)]
#[command(after_help = exit::TABLE)]
pub struct Solve {
    /// The model and its data.
    #[command(flatten)]
    pub input: Input,
    /// Solve once with this method, in place of what the model's `solve` lines name
    #[arg(long, value_name = "METHOD")]
    pub method: Option<String>,
    /// Begin at the answer in this `.json` file, which an earlier `--out` or `--json` wrote
    #[arg(long, value_name = "FILE")]
    pub start_from: Option<PathBuf>,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    pub time_limit: Option<f64>,
    /// Stop after so many iterations
    #[arg(long, value_name = "N")]
    pub max_iter: Option<u64>,
    /// The tolerance the method aims at; what counts as solved stays the same
    #[arg(long, value_name = "X", value_parser = positive)]
    pub tol: Option<f64>,
    /// Where random numbers begin
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Most threads of an evaluation, all processors if not said; results do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,
    /// What runs the kernels.
    #[command(flatten)]
    pub code: Code,
    /// Print the report as JSON (docs/json.md)
    #[arg(long)]
    pub json: bool,
    /// Write all variables to a `.csv`, `.json` or `.npy` file; may be repeated
    #[arg(long, value_name = "FILE")]
    pub out: Vec<PathBuf>,
    /// Write the iterations to a `.csv` file
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Draw the convergence to a `.svg` file
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Print the result only: no progress, no tables of constraints, no timings
    #[arg(long, short, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print the iterations to stderr even when it is not a terminal, and all notes
    #[arg(long, short)]
    pub verbose: bool,
}

/// `optc check`.
#[derive(Clone, Debug, Args)]
pub struct Check {
    /// The model and its data.
    #[command(flatten)]
    pub input: Input,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `optc inspect`.
#[derive(Clone, Debug, Args)]
pub struct Inspect {
    /// The model and its data.
    #[command(flatten)]
    pub input: Input,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `optc emit`.
#[derive(Clone, Debug, Args)]
pub struct Emit {
    /// The model and its data.
    #[command(flatten)]
    pub input: Input,
    /// The stage: tokens, ast, ir, families, gradient, jacobian, hessian, kernel, clif or asm
    #[arg(long, value_name = "STAGE")]
    pub stage: String,
    /// What runs the kernels.
    #[command(flatten)]
    pub code: Code,
}

/// `optc repl`.
#[derive(Clone, Debug, Args)]
pub struct Repl {
    /// A model to begin with
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Let models read this file or folder too; may be repeated
    #[arg(long, value_name = "PATH")]
    pub allow_read: Vec<PathBuf>,
    /// Where random numbers begin
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// What runs the kernels.
    #[command(flatten)]
    pub code: Code,
}

/// `optc fmt`.
#[derive(Clone, Debug, Args)]
pub struct Fmt {
    /// Models; `-` reads stdin and writes stdout
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Change nothing; name the files that are not in the standard layout and exit with 1
    #[arg(long)]
    pub check: bool,
}

/// `NAME=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Before the first `=`.
    pub name: String,
    /// After it.
    pub value: String,
}

fn assignment(text: &str) -> Result<Assignment, String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok(Assignment { name: name.trim().into(), value: value.trim().into() })
        }
        _ => Err("write it as NAME=VALUE, without spaces or in quotes".into()),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 => Ok(value),
        _ => Err("a number above 0 is needed".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn assignments_split_at_the_first_sign() {
        let a = assignment("path=a=b.csv").expect("an assignment");
        assert_eq!((&*a.name, &*a.value), ("path", "a=b.csv"));
        assert!(assignment("lambda").is_err());
        assert!(assignment("=3").is_err());
    }
}
