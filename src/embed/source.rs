//! A model's text and its data, in memory.

use super::errors::Errors;
use super::problem::Problem;
use crate::base::Name;
use crate::data::{FolderLoader, LoadError, Loader, MemoryLoader};
use crate::diag::Sources;
use crate::driver::{Executor, Session, Setup};
use ndarray::{ArrayD, ArrayView, Dimension, IxDyn};
use ndarray_npy::WriteNpyExt;
use std::sync::Arc;

/// A model's text with the data it is to be compiled with.
///
/// ```
/// use optc::embed::Source;
///
/// // A fit: the table comes from slices, the weights from a closure.
/// let hours = [1.0, 2.0, 3.0, 4.0];
/// let grams = [2.1, 3.9, 6.2, 7.8];
/// let problem = Source::new(
///     "table t from \"t.csv\"
///      param w[r in t] = 1
///      var slope start 1
///      minimize sum(r in t: w[r] * (r.grams - slope * r.hours)^2)",
/// )
/// .table("t.csv", &[("hours", &hours), ("grams", &grams)])
/// .array_from("w", &[4], |at| 1.0 / (1.0 + at[0] as f64))
/// .compile()?;
/// let solution = problem.solve()?;
/// assert!((solution.value("slope").unwrap() - 2.0).abs() < 0.1);
/// # Ok::<(), optc::embed::Errors>(())
/// ```
#[must_use]
pub struct Source {
    name: String,
    text: String,
    memory: MemoryLoader,
    folder: Option<FolderLoader>,
    setup: Setup,
}

/// Files given in memory, then those of a folder when one is allowed.
struct Layered {
    memory: MemoryLoader,
    folder: Option<FolderLoader>,
}

impl Loader for Layered {
    fn read(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        match (self.memory.read(path), &self.folder) {
            (Err(LoadError::NotFound), Some(folder)) => folder.read(path),
            (result, _) => result,
        }
    }

    fn siblings(&self, path: &str) -> Vec<String> {
        self.folder.as_ref().map_or_else(Vec::new, |folder| folder.siblings(path))
    }
}

impl Source {
    /// A model's text.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            name: "model".into(),
            text: text.into(),
            memory: MemoryLoader::new(),
            folder: None,
            setup: Setup::default(),
        }
    }

    /// What messages call the text.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// A file that the model may name: CSV, JSON, npy, or a text that it includes.
    pub fn file(self, path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.memory.insert(path, content);
        self
    }

    /// Files below `folder` may be read too.
    pub fn folder(mut self, folder: impl Into<std::path::PathBuf>) -> Self {
        self.folder = Some(FolderLoader::new(folder));
        self
    }

    /// A table of numbers as the file `path`: columns with their names, all of one length.
    pub fn table(self, path: impl Into<String>, columns: &[(&str, &[f64])]) -> Self {
        let names: Vec<String> = columns.iter().map(|(name, _)| cell(name)).collect();
        let mut text = names.join(",") + "\n";
        let n_rows = columns.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
        for row in 0..n_rows {
            let cells: Vec<String> =
                columns.iter().map(|(_, v)| v.get(row).map_or(String::new(), |v| format!("{v:?}"))).collect();
            text.push_str(&cells.join(","));
            text.push('\n');
        }
        self.file(path, text)
    }

    /// Values of the param `name`, the last index running fastest, in place of what the model says; `shape` has the length
    /// of each axis. The product of `shape` must be the number of values.
    pub fn array(self, name: &str, shape: &[usize], values: &[f64]) -> Self {
        match ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()) {
            Ok(array) => self.ndarray(name, array.view()),
            // Binding says what is wrong, as it would of a file.
            Err(_) => self.ndarray(name, ArrayView::from(values)),
        }
    }

    /// The same from a view of an `ndarray`, of any layout in memory.
    pub fn ndarray<D: Dimension>(mut self, name: &str, values: ArrayView<'_, f64, D>) -> Self {
        let mut bytes = Vec::new();
        let written = values.as_standard_layout().write_npy(&mut bytes);
        debug_assert!(written.is_ok(), "writing to memory does not fail");
        let path = format!("memory/{name}.npy");
        self.memory.insert(path.clone(), bytes);
        self.setup.data.push((Name::from(name), path));
        self
    }

    /// The same from a closure, called with the position (from 0) of each entry.
    pub fn array_from(self, name: &str, shape: &[usize], value: impl Fn(&[usize]) -> f64) -> Self {
        let array = ArrayD::from_shape_fn(IxDyn(shape), |at| value(at.slice()));
        self.ndarray(name, array.view())
    }

    /// The value of the scalar param `name`, in place of what the model says.
    pub fn set(mut self, name: &str, value: f64) -> Self {
        self.setup.set.push((Name::from(name), value));
        self
    }

    /// Without machine code: the portable executor, whose results are the same.
    pub fn portable(mut self) -> Self {
        self.setup.executor = Executor::Portable;
        self
    }

    /// Where random numbers of data and methods come from; 0 unless given.
    pub fn seed(mut self, seed: u64) -> Self {
        self.setup.seed = seed;
        self
    }

    /// Checks, differentiates, binds and compiles.
    ///
    /// # Errors
    /// Everything that is wrong with text and data.
    pub fn compile(self) -> Result<Problem, Errors> {
        let Self { name, text, memory, folder, setup } = self;
        let mut session = Session::new(Arc::new(Layered { memory, folder }), setup);
        let checked = session.check_text(&name, &text);
        if checked.reports.has_errors() {
            return Err(said(&checked.reports, &session.sources));
        }
        let bound = session.bind(checked).map_err(|reports| said(&reports, &session.sources))?;
        Ok(Problem::new(session, bound))
    }
}

pub(super) fn said(reports: &crate::diag::Reports, sources: &Sources) -> Errors {
    Errors::new(reports, Arc::new(sources.clone()))
}

/// A name as a cell of a CSV file.
fn cell(name: &str) -> String {
    if name.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.to_string() }
}
