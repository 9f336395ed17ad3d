//! The files of a session: beside where the user is, and beside the models that were loaded.

use crate::data::{FolderLoader, LoadError, Loader};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Reads from the current folder and from the folders of loaded models, the last one first.
pub struct Shelf {
    allowed: Vec<PathBuf>,
    folders: Mutex<Vec<FolderLoader>>,
}

impl Shelf {
    /// Reads below the current folder, and what is `allowed`.
    pub fn new(allowed: &[PathBuf]) -> Self {
        let shelf = Self { allowed: allowed.to_vec(), folders: Mutex::new(Vec::new()) };
        shelf.open(Path::new(""));
        shelf
    }

    /// Reads below a folder too, from now on before others.
    pub fn open(&self, folder: &Path) {
        let loader = self.allowed.iter().fold(FolderLoader::new(folder), |l, path| l.allow(path.clone()));
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).push(loader);
    }

    /// Where a file really is.
    pub fn place(&self, path: &str) -> Option<PathBuf> {
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.iter().rev().find_map(|folder| folder.resolve(path).ok())
    }

    /// Reads from the folder that was opened last no more.
    pub fn close(&self) {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).pop();
    }
}

impl Loader for Shelf {
    fn read(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = None;
        for folder in folders.iter().rev() {
            match folder.read(path) {
                Ok(bytes) => return Ok(bytes),
                // What is wrong with a file says more than that there is none elsewhere.
                Err(LoadError::NotFound) if last.is_some() => {}
                Err(error) => last = Some(error),
            }
        }
        Err(last.expect("the current folder is always open"))
    }

    fn siblings(&self, path: &str) -> Vec<String> {
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.iter().flat_map(|f| f.siblings(path)).collect()
    }
}
