//! `optc solve`.

use super::args;
use super::exit::Exit;
use super::open::{Opened, open};
use super::output::{Style, note, print};
use super::progress::{Mode, Progress};
use super::reports::{show_error, show_reports};
use super::text::{Detail, render};
use super::{json, plot, save, signal};
use crate::driver::Setup;
use crate::driver::report::Report;
use crate::problem::{Limits, TraceSink};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Solves a model, writes what was asked for, prints the report.
pub fn run(args: &args::Solve, out: Style, err: Style) -> Exit {
    if let Some(exit) = check_names(args) {
        return exit;
    }
    let (stop, idle) = signal::stop_on_signals();
    let setup = Setup {
        method: args.method.clone(),
        tol: args.tol,
        start_from: args.start_from.as_ref().map(|file| file.display().to_string()),
        limits: Limits { seconds: args.time_limit, iterations: args.max_iter, ..Limits::default() },
        seed: args.seed,
        stop,
        idle,
        executor: args.code.executor(),
        threads: args.threads.map(|n| n as usize),
        ..Setup::default()
    };
    let Opened { mut session, path } = match open(&args.input, setup) {
        Ok(opened) => opened,
        Err(error) => return show_error(error, err),
    };
    let progress = Progress::new(Mode::choose(args.quiet, args.verbose));
    let live: Arc<Mutex<dyn TraceSink>> = Arc::new(Mutex::new(progress.clone()));
    let solved = session.solve(&path, Some(live));
    progress.finish();
    let solved = match solved {
        Ok(solved) => solved,
        Err(reports) => {
            show_reports(&reports, &session.sources, err);
            return Exit::of_errors(&reports);
        }
    };
    show_reports(&solved.remarks, &session.sources, err);
    let written = write(args, &solved.report);
    let text = if args.json {
        json::render(&solved.report)
    } else {
        render(&solved.report, if args.quiet { Detail::Quiet } else { Detail::Normal }, out)
    };
    print(&text);
    if written { Exit::of_report(&solved.report) } else { Exit::Usage }
}

/// Endings of output files are looked at before the work begins.
fn check_names(args: &args::Solve) -> Option<Exit> {
    let mut faults: Vec<String> = args.out.iter().filter_map(|path| save::Format::of(path).err()).collect();
    let ends = |path: &Option<std::path::PathBuf>, ending: &str| {
        path.as_ref().filter(|p| p.extension().is_none_or(|e| !e.eq_ignore_ascii_case(ending))).cloned()
    };
    faults.extend(ends(&args.trace, "csv").map(|p| format!("`{}` should end in .csv", p.display())));
    faults.extend(ends(&args.plot, "svg").map(|p| format!("`{}` should end in .svg", p.display())));
    for fault in &faults {
        note(&format!("optc: {fault}\n"));
    }
    (!faults.is_empty()).then_some(Exit::Usage)
}

/// Writes the files; says which could not be written. All are tried.
fn write(args: &args::Solve, report: &Report) -> bool {
    let mut well = true;
    let mut note_fault = |path: &Path, result: std::io::Result<()>| {
        if let Err(fault) = result {
            note(&format!("optc: cannot write `{}`: {fault}\n", path.display()));
            well = false;
        }
    };
    for path in &args.out {
        note_fault(path, save::variables(path, report));
    }
    if let Some(path) = &args.trace {
        note_fault(path, save::trace(path, report));
    }
    if let Some(path) = &args.plot {
        note_fault(path, plot::convergence(path, report));
    }
    well
}
