//! From arguments to a session: what may be read, and what stands in place of the model's own data.

use super::args::Input;
use crate::base::Name;
use crate::data::{FolderLoader, LoadError, Loader};
use crate::diag::codes::limit::LimitError;
use crate::driver::method_option::MethodOption;
use crate::driver::{Session, Setup};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A session, and the model's name in it.
pub struct Opened {
    /// Reads below the model's folder, and what the command line names.
    pub session: Session,
    /// The model as it was named on the command line.
    pub path: String,
}

/// Opens the session of a model. `setup` holds what the command asks for beside the model's input.
///
/// # Errors
/// An argument that cannot be used.
pub fn open(input: &Input, mut setup: Setup) -> Result<Opened, LimitError> {
    let path = input.file.display().to_string();
    for assignment in &input.set {
        if let Some(option) = MethodOption::read(&assignment.name, &assignment.value) {
            setup.options.push(option?);
            continue;
        }
        let value = assignment.value.parse::<f64>().ok().filter(|v| !v.is_nan());
        let value = value.ok_or_else(|| LimitError::BadArgument {
            argument: format!("--set {}={}", assignment.name, assignment.value),
            reason: format!("`{}` is not a number", assignment.value),
            help: Some(format!("to read values from a file, use `--data {}=FILE`", assignment.name)),
        })?;
        setup.set.push((Name::from(assignment.name.as_str()), value));
    }
    let folder = input.file.parent().unwrap_or(Path::new("")).to_path_buf();
    let mut inner = FolderLoader::new(&folder);
    for allowed in &input.allow_read {
        inner = inner.allow(allowed.clone());
    }
    let mut given = vec![(path.clone(), real(&input.file))];
    for assignment in &input.data {
        let file = PathBuf::from(&assignment.value);
        let shown =
            if file.components().count() > 1 { assignment.value.clone() } else { format!("./{}", assignment.value) };
        inner = inner.allow(real(&file));
        given.push((shown.clone(), real(&file)));
        setup.data.push((Name::from(assignment.name.as_str()), shown));
    }
    if let Some(shown) = &setup.start_from {
        let file = real(Path::new(shown));
        inner = inner.allow(file.clone());
        given.push((shown.clone(), file));
    }
    let loader = CommandLine { inner: inner.allow(real(&input.file)), given, folder };
    Ok(Opened { session: Session::new(Arc::new(loader), setup), path })
}

/// The path from the root: what the command line names is relative to where the user is, not to the model.
fn real(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Files of the model's folder, and those that the command line names.
struct CommandLine {
    inner: FolderLoader,
    /// Names as given, with their places.
    given: Vec<(String, PathBuf)>,
    folder: PathBuf,
}

impl CommandLine {
    fn given(&self, path: &str) -> Option<&Path> {
        self.given.iter().find(|(name, _)| name == path).map(|(_, place)| place.as_path())
    }
}

impl Loader for CommandLine {
    fn read(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        match self.given(path).and_then(Path::to_str) {
            Some(place) => self.inner.read(place),
            None => self.inner.read(path),
        }
    }

    fn siblings(&self, path: &str) -> Vec<String> {
        if self.given(path).is_none() {
            return self.inner.siblings(path);
        }
        // Names beside a file of the command line are shown as the user would type them.
        let folder = Path::new(path).parent().unwrap_or(&self.folder);
        let base = FolderLoader::new(folder);
        base.siblings("x").iter().filter_map(|name| folder.join(name).to_str().map(str::to_string)).collect()
    }
}
