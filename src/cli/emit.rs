//! `optc emit`.

use super::args;
use super::exit::Exit;
use super::open::{Opened, open};
use super::output::{Style, note, print};
use super::reports::{show_error, show_reports};
use crate::diag::closest;
use crate::driver::Setup;
use crate::driver::emit::{NATIVE, STAGES, find};

/// Prints what a stage makes of a model.
pub fn run(args: &args::Emit, err: Style) -> Exit {
    let Some(stage) = find(&args.stage) else {
        let names: Vec<&str> = STAGES.iter().chain(NATIVE).map(|s| s.name).collect();
        let hint = closest(&args.stage, names.iter().copied());
        let hint = hint.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        note(&format!("optc: there is no stage `{}`\n{hint}stages are {}\n", args.stage, names.join(", ")));
        return Exit::Usage;
    };
    let Opened { mut session, path } =
        match open(&args.input, Setup { executor: args.code.executor(), ..Setup::default() }) {
            Ok(opened) => opened,
            Err(error) => return show_error(error, err),
        };
    match (stage.show)(&mut session, &path) {
        Ok(text) => {
            print(&text);
            Exit::Solved
        }
        Err(reports) => {
            show_reports(&reports, &session.sources, err);
            Exit::of_errors(&reports)
        }
    }
}
