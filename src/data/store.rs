//! The data files of a session, each read once.

use super::csv::{Input, read_csv};
use super::json;
use super::loader::{LoadError, Loader, decode};
use super::npy::read_npy;
use super::table::{ColumnSchema, Table};
use super::tensor::Tensor;
use super::values::Values;
use crate::base::{FileId, Name, Span};
use crate::diag::codes::data::DataError;
use crate::diag::{Reports, Sources, closest};
use indexmap::IndexMap;
use std::sync::Arc;

/// Rows read to know the kinds of the columns.
const SCHEMA_ROWS: usize = 256;

/// Files by the name the model uses. A file that cannot be read is reported at its first use only.
pub struct Store {
    loader: Arc<dyn Loader>,
    files: IndexMap<Name, Option<Stored>>,
    tables: IndexMap<Name, Option<Arc<Table>>>,
    schemas: IndexMap<Name, Option<Arc<Table>>>,
    values: IndexMap<(Name, usize), Option<Values>>,
}

#[derive(Clone)]
enum Stored {
    Csv { file: FileId, text: Arc<str> },
    Json { file: FileId, text: Arc<str> },
    Npy(Arc<Tensor>),
}

impl Store {
    /// No files yet.
    pub fn new(loader: Arc<dyn Loader>) -> Self {
        Self {
            loader,
            files: IndexMap::new(),
            tables: IndexMap::new(),
            schemas: IndexMap::new(),
            values: IndexMap::new(),
        }
    }

    /// How files are read.
    pub fn loader(&self) -> &Arc<dyn Loader> {
        &self.loader
    }

    /// A table with all its rows. Nothing when it was reported.
    pub fn table(
        &mut self,
        path: &str,
        needed_at: Option<Span>,
        sources: &mut Sources,
        reports: &mut Reports,
    ) -> Option<Arc<Table>> {
        if let Some(known) = self.tables.get(path) {
            return known.clone();
        }
        if let Some(None) = self.schemas.get(path) {
            return None;
        }
        let table = self.read_table(path, None, needed_at, sources, reports).map(Arc::new);
        self.tables.insert(path.into(), table.clone());
        table
    }

    /// Names and kinds of the columns, by the first rows of the file unless all were read.
    pub fn schema(
        &mut self,
        path: &str,
        needed_at: Option<Span>,
        sources: &mut Sources,
        reports: &mut Reports,
    ) -> Option<Vec<ColumnSchema>> {
        let known = self.tables.get(path).or_else(|| self.schemas.get(path));
        if let Some(known) = known {
            return known.as_ref().map(|t| t.schema().to_vec());
        }
        let table = self.read_table(path, Some(SCHEMA_ROWS), needed_at, sources, reports).map(Arc::new);
        let schema = table.as_ref().map(|t| t.schema().to_vec());
        self.schemas.insert(path.into(), table);
        schema
    }

    /// Values for a param with `n_keys` indices. Nothing when it was reported.
    pub fn values(
        &mut self,
        path: &str,
        n_keys: usize,
        needed_at: Option<Span>,
        sources: &mut Sources,
        reports: &mut Reports,
    ) -> Option<Values> {
        let key = (Name::from(path), n_keys);
        if let Some(known) = self.values.get(&key) {
            return known.clone();
        }
        let values = match self.file(path, needed_at, sources, reports) {
            None => None,
            Some(Stored::Npy(tensor)) => Some(Values::Tensor(tensor)),
            Some(Stored::Csv { .. }) => self.table(path, needed_at, sources, reports).map(Values::table),
            Some(Stored::Json { file, text }) => {
                json::read_json_values(&Input { path: path.into(), file, text, needed_at }, n_keys, reports)
            }
        };
        self.values.insert(key, values.clone());
        values
    }

    fn read_table(
        &mut self,
        path: &str,
        most_rows: Option<usize>,
        needed_at: Option<Span>,
        sources: &mut Sources,
        reports: &mut Reports,
    ) -> Option<Table> {
        match self.file(path, needed_at, sources, reports)? {
            Stored::Csv { file, text } => {
                read_csv(&Input { path: path.into(), file, text, needed_at }, most_rows, reports)
            }
            Stored::Json { file, text } => {
                json::read_json_table(&Input { path: path.into(), file, text, needed_at }, reports)
            }
            Stored::Npy(tensor) => {
                let found = format!("an array of {} numbers", tensor.values().len());
                reports.push(DataError::NotATable { path: path.into(), found, needed_at });
                None
            }
        }
    }

    /// The file, read and cached; texts become sources of the session, so that messages can point at cells.
    fn file(
        &mut self,
        path: &str,
        needed_at: Option<Span>,
        sources: &mut Sources,
        reports: &mut Reports,
    ) -> Option<Stored> {
        if let Some(known) = self.files.get(path) {
            return known.clone();
        }
        let stored = match self.read_file(path, needed_at, sources) {
            Ok(stored) => Some(stored),
            Err(error) => {
                reports.push(error);
                None
            }
        };
        self.files.insert(path.into(), stored.clone());
        stored
    }

    fn read_file(&self, path: &str, needed_at: Option<Span>, sources: &mut Sources) -> Result<Stored, DataError> {
        let format = ending(path);
        if !READ.contains(&&*format) {
            return Err(DataError::UnknownFormat { path: path.into(), needed_at });
        }
        let bytes = self.loader.read(path).map_err(|fault| self.fault(path, fault, needed_at))?;
        if format == "npy" {
            return read_npy(&path.into(), &bytes, needed_at).map(|tensor| Stored::Npy(Arc::new(tensor)));
        }
        let text: Arc<str> = decode(bytes).map_err(|fault| self.fault(path, fault, needed_at))?.into();
        let file = sources.add(path, text.clone());
        Ok(if format == "json" { Stored::Json { file, text } } else { Stored::Csv { file, text } })
    }

    fn fault(&self, path: &str, fault: LoadError, needed_at: Option<Span>) -> DataError {
        match fault {
            LoadError::NotUtf8 { line } => DataError::NotUtf8 { path: path.into(), line, needed_at },
            LoadError::TooLarge { bytes, limit } => DataError::TooLarge { path: path.into(), bytes, limit, needed_at },
            LoadError::NotFound => {
                let mut known = self.loader.siblings(path);
                known.retain(|name| READ.contains(&&*ending(name)));
                let suggestion = closest(path, known.iter().map(String::as_str)).map(str::to_string);
                DataError::Unreadable { path: path.into(), reason: fault.to_string(), needed_at, suggestion }
            }
            other => {
                DataError::Unreadable { path: path.into(), reason: other.to_string(), needed_at, suggestion: None }
            }
        }
    }
}

/// Endings of the files that hold data.
const READ: [&str; 5] = ["csv", "tsv", "txt", "json", "npy"];

/// What follows the last dot of a name, in small letters.
fn ending(path: &str) -> String {
    path.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_ascii_lowercase())
}
