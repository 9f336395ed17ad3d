//! The only way to a file: a [`Loader`].
//!
//! A model is untrusted text. [`FolderLoader`] reads below the model's folder alone, unless its user
//! allows more; [`MemoryLoader`] serves tests, the REPL and embedders. Sizes are checked before
//! reading.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::RwLock;

/// Largest file a loader returns, in bytes: positions in it are `u32`.
pub const MAX_FILE_BYTES: u64 = u32::MAX as u64;

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// There is no such file.
    #[error("there is no such file")]
    NotFound,
    /// The file is outside the folder that may be read.
    #[error("it is outside the model's folder; allow it with `--allow-read {0}`")]
    Outside(String),
    /// It is a folder, a pipe or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// It is larger than allowed.
    #[error("it has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size of the file in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The text is not UTF-8.
    #[error("line {line} is not UTF-8 text")]
    NotUtf8 {
        /// Line of the first wrong byte, from 1.
        line: usize,
    },
    /// The operating system refused.
    #[error("{0}")]
    Io(String),
}

/// Reads files by the names that models use; `/` separates folders.
pub trait Loader: Send + Sync {
    /// The bytes of a file, at most [`MAX_FILE_BYTES`].
    ///
    /// # Errors
    /// [`LoadError`] says why not.
    fn read(&self, path: &str) -> Result<Vec<u8>, LoadError>;

    /// Names of files in the same folder, for "did you mean"; empty when unknown.
    fn siblings(&self, path: &str) -> Vec<String>;

    /// The text of a file, without a byte order mark.
    ///
    /// # Errors
    /// [`LoadError::NotUtf8`] for other bytes, else as [`Loader::read`].
    fn read_text(&self, path: &str) -> Result<String, LoadError> {
        decode(self.read(path)?)
    }
}

/// Bytes as UTF-8 text, without a byte order mark.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<String, LoadError> {
    let mut text = String::from_utf8(bytes).map_err(|fault| {
        let good = &fault.as_bytes()[..fault.utf8_error().valid_up_to()];
        LoadError::NotUtf8 { line: good.iter().filter(|b| **b == b'\n').count() + 1 }
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// Reads below one folder, and below others that were allowed by name.
#[derive(Debug, Clone)]
pub struct FolderLoader {
    base: PathBuf,
    allowed: Vec<PathBuf>,
    anywhere: bool,
    limit: u64,
}

impl FolderLoader {
    /// Reads files in `folder` and its subfolders.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let base: PathBuf = folder.into();
        let base = if base.as_os_str().is_empty() { PathBuf::from(".") } else { base };
        Self { base, allowed: Vec::new(), anywhere: false, limit: MAX_FILE_BYTES }
    }

    /// Also reads `path`: a file, or a folder with its subfolders.
    #[must_use]
    pub fn allow(mut self, path: impl Into<PathBuf>) -> Self {
        self.allowed.push(path.into());
        self
    }

    /// Reads any file that the user of the process may read.
    #[must_use]
    pub fn allow_all(mut self) -> Self {
        self.anywhere = true;
        self
    }

    /// Reads files up to `bytes` only.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes.min(MAX_FILE_BYTES);
        self
    }

    /// The real path (symbolic links followed) if it may be read.
    ///
    /// # Errors
    /// When there is no such file, or it is outside of what may be read.
    pub fn resolve(&self, path: &str) -> Result<PathBuf, LoadError> {
        let outside = || LoadError::Outside(path.to_string());
        let wanted = self.base.join(path);
        if !self.anywhere && !self.may_read_lexically(&wanted) {
            // A path that leaves the folder is refused before asking whether it exists.
            return Err(outside());
        }
        let real = fs::canonicalize(&wanted).map_err(|e| io_error(&e))?;
        let below = |folder: &Path| fs::canonicalize(folder).is_ok_and(|root| real.starts_with(root));
        if self.anywhere || below(&self.base) || self.allowed.iter().any(|p| below(p)) {
            return Ok(real);
        }
        Err(outside())
    }

    fn may_read_lexically(&self, wanted: &Path) -> bool {
        let wanted = normal(wanted);
        std::iter::once(&self.base).chain(&self.allowed).any(|root| wanted.starts_with(normal(root)))
    }
}

/// The path, absolute, with `.` and `..` removed without asking the file system.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn io_error(error: &std::io::Error) -> LoadError {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => LoadError::NotFound,
        std::io::ErrorKind::PermissionDenied => LoadError::Io("permission denied".into()),
        _ => LoadError::Io(error.to_string()),
    }
}

impl Loader for FolderLoader {
    fn read(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        let real = self.resolve(path)?;
        // The kind is asked before opening: opening a pipe would wait for its writer.
        let found = fs::metadata(&real).map_err(|e| io_error(&e))?;
        if !found.is_file() {
            return Err(LoadError::NotAFile);
        }
        let size = found.len();
        if size > self.limit {
            return Err(LoadError::TooLarge { bytes: size, limit: self.limit });
        }
        let file = fs::File::open(&real).map_err(|e| io_error(&e))?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
        // One byte more than the limit tells a file that grew from one that fits.
        file.take(self.limit + 1).read_to_end(&mut bytes).map_err(|e| io_error(&e))?;
        if bytes.len() as u64 > self.limit {
            return Err(LoadError::TooLarge { bytes: bytes.len() as u64, limit: self.limit });
        }
        Ok(bytes)
    }

    fn siblings(&self, path: &str) -> Vec<String> {
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        if !self.anywhere && !self.may_read_lexically(&self.base.join(folder)) {
            return Vec::new();
        }
        let Ok(entries) = fs::read_dir(self.base.join(folder)) else { return Vec::new() };
        const MOST: usize = 10_000;
        let mut names: Vec<String> = entries
            .take(MOST)
            .filter_map(|entry| folder.join(entry.ok()?.file_name()).to_str().map(|name| name.replace('\\', "/")))
            .collect();
        names.sort();
        names
    }
}

/// Files that live in memory.
#[derive(Debug, Default)]
pub struct MemoryLoader {
    files: RwLock<BTreeMap<String, Vec<u8>>>,
}

impl MemoryLoader {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file.
    #[must_use]
    pub fn with(self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.insert(path, bytes);
        self
    }

    /// Adds or replaces a file.
    pub fn insert(&self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let mut files = self.files.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        files.insert(path.into(), bytes.into());
    }
}

impl Loader for MemoryLoader {
    fn read(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        let files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        files.get(path).cloned().ok_or(LoadError::NotFound)
    }

    fn siblings(&self, _path: &str) -> Vec<String> {
        let files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        files.keys().cloned().collect()
    }
}
