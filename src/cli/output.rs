//! Where words go: results to stdout, notes to stderr, files in one piece.
//!
//! A closed pipe ends the process quietly; a file appears complete or not at all.

use super::args::When;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Colours, when they are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to use them.
    pub colour: bool,
}

impl Style {
    /// For stdout.
    pub fn stdout(when: When) -> Self {
        Self { colour: Self::wanted(when, io::stdout().is_terminal()) }
    }

    /// For stderr.
    pub fn stderr(when: When) -> Self {
        Self { colour: Self::wanted(when, io::stderr().is_terminal()) }
    }

    fn wanted(when: When, terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        match when {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !dumb && !set("NO_COLOR"),
        }
    }

    /// For headings.
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// For what is good.
    pub fn green(self, text: &str) -> String {
        self.wrap("1;32", text)
    }

    /// For what needs a look.
    pub fn yellow(self, text: &str) -> String {
        self.wrap("1;33", text)
    }

    /// For what is wrong.
    pub fn red(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    /// For what may be skipped.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into() }
    }
}

/// Writes a result to stdout. Ends the process quietly when nobody reads it any more.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(fault) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        let code = if fault.kind() == io::ErrorKind::BrokenPipe { 0 } else { 2 };
        if code != 0 {
            note(&format!("optc: cannot write to stdout: {fault}\n"));
        }
        std::process::exit(code);
    }
}

/// Writes a note to stderr; it may get lost.
pub fn note(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes a file in one piece: a temporary file in the same folder, then a rename.
///
/// A link is followed. What is not a regular file (`/dev/stdout`, a pipe) is written to directly.
///
/// # Errors
/// What the operating system says.
pub fn write_file(path: &Path, contents: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if std::fs::metadata(&real).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        let mut out = io::BufWriter::new(std::fs::OpenOptions::new().write(true).open(&real)?);
        contents(&mut out)?;
        return out.flush();
    }
    let folder = match real.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".optc-");
    // As if created by `open`: readable as the umask allows, not for the owner alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // What the system says of the temporary file is said of the folder: its name means nothing to anybody.
    let made = builder.tempfile_in(folder).map_err(|fault| match fault.kind() {
        io::ErrorKind::NotFound => io::Error::new(fault.kind(), format!("there is no folder `{}`", folder.display())),
        io::ErrorKind::PermissionDenied => {
            io::Error::new(fault.kind(), format!("no permission to write in `{}`", folder.display()))
        }
        kind => io::Error::from(kind),
    });
    let mut out = io::BufWriter::new(made?);
    contents(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.persist(&real).map_err(|fault| fault.error)?;
    Ok(())
}
