//! The iterations while they happen: a table on stderr, and below it a line that keeps moving.

use super::grid::Align;
use super::number::{brief, fixed, seconds};
use super::output::note;
use crate::problem::{TraceRow, TraceSink};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Rows shown at once at the start of a run; afterwards at most one in [`PACE`].
const FIRST_ROWS: u64 = 25;
const PACE: Duration = Duration::from_millis(100);
/// Lines between two headers.
const HEADER_EVERY: u64 = 25;

/// Where the table goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Nowhere.
    Off,
    /// Lines on stderr.
    Plain,
    /// Lines on a terminal, with a moving line below them.
    Live,
}

impl Mode {
    /// Live on a terminal; elsewhere only when asked for.
    pub fn choose(quiet: bool, verbose: bool) -> Self {
        match (quiet, std::io::stderr().is_terminal(), verbose) {
            (true, ..) => Self::Off,
            (_, true, _) => Self::Live,
            (_, false, true) => Self::Plain,
            (_, false, false) => Self::Off,
        }
    }
}

/// Shows the iterations of a run. Clones show the same table.
#[derive(Clone)]
pub struct Progress {
    state: Arc<Mutex<State>>,
}

struct State {
    mode: Mode,
    bar: Option<ProgressBar>,
    shown: u64,
    last: Option<TraceRow>,
    last_shown: Option<u64>,
    next_at: Instant,
}

impl Progress {
    /// A table that appears with its first row.
    pub fn new(mode: Mode) -> Self {
        let state = State { mode, bar: None, shown: 0, last: None, last_shown: None, next_at: Instant::now() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Ends the table: shows the last row if it was passed over, and takes the moving line away.
    pub fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = state.last.take()
            && state.last_shown != Some(row.iteration)
        {
            state.show(&row);
        }
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
        state.shown = 0;
    }
}

impl TraceSink for Progress {
    fn row(&mut self, row: &TraceRow) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.mode != Mode::Off {
            state.row(row);
        }
    }
}

impl State {
    fn row(&mut self, row: &TraceRow) {
        if row.iteration == 0 {
            (self.shown, self.last_shown) = (0, None);
        }
        self.last = Some(*row);
        let now = Instant::now();
        if self.mode == Mode::Plain || self.shown < FIRST_ROWS || now >= self.next_at {
            self.next_at = now + PACE;
            self.show(row);
        }
        if self.mode == Mode::Live {
            let bar = self.bar.get_or_insert_with(live_line);
            bar.set_message(format!(
                "iteration {}, objective {}, {}",
                row.iteration,
                brief(row.objective),
                seconds(row.seconds)
            ));
        }
    }

    fn show(&mut self, row: &TraceRow) {
        let mut text = String::new();
        if self.shown.is_multiple_of(HEADER_EVERY) {
            text = header();
        }
        text += &line(row);
        self.shown += 1;
        self.last_shown = Some(row.iteration);
        match &self.bar {
            Some(bar) => bar.println(text.trim_end_matches('\n')),
            None => note(&text),
        }
    }
}

fn live_line() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar
}

const COLUMNS: [(&str, usize, Align); 7] = [
    ("iter", 6, Align::Right),
    ("objective", 15, Align::Right),
    ("violation", 9, Align::Right),
    ("optimality", 10, Align::Right),
    ("barrier", 8, Align::Right),
    ("step", 8, Align::Right),
    ("", 1, Align::Left),
];

fn header() -> String {
    columns(COLUMNS.map(|(name, ..)| name.to_string()))
}

/// One iteration.
fn line(row: &TraceRow) -> String {
    let or_blank = |value: Option<f64>| value.map_or_else(String::new, brief);
    columns([
        row.iteration.to_string(),
        fixed(row.objective),
        brief(row.primal_infeasibility),
        brief(row.dual_infeasibility),
        or_blank(row.mu),
        or_blank(row.alpha_primal),
        if row.mark == '\0' { String::new() } else { row.mark.to_string() },
    ])
}

fn columns(cells: [String; 7]) -> String {
    let padded = cells.iter().zip(COLUMNS).map(|(cell, (_, width, align))| match align {
        Align::Left => format!("{cell:<width$}"),
        Align::Right => format!("{cell:>width$}"),
    });
    format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
}
