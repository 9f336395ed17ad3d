//! The state of a paused solver as plain words: exact, small, the same on every machine.

use serde::{Deserialize, Serialize};

/// A solver's state. Numbers are kept by their bits, so a resumed run makes the very same iterates.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// The method that wrote it.
    pub method: String,
    /// The layout; a method refuses layouts it does not know.
    pub version: u32,
    words: Vec<u64>,
}

/// Why a snapshot cannot be resumed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It was written by another method or layout.
    #[error("the saved state is of {found}, not of {wanted}")]
    OtherMethod {
        /// Name and layout found.
        found: String,
        /// Name and layout wanted.
        wanted: String,
    },
    /// It ends early or a length in it is not the problem's.
    #[error("the saved state does not fit this problem")]
    Malformed,
}

impl Snapshot {
    /// An empty state of `method`.
    pub fn new(method: &str, version: u32) -> Self {
        Self { method: method.to_owned(), version, words: Vec::new() }
    }

    /// Appends a whole number.
    pub fn put(&mut self, word: u64) {
        self.words.push(word);
    }

    /// Appends a number.
    pub fn put_real(&mut self, value: f64) {
        self.words.push(value.to_bits());
    }

    /// Appends a vector with its length.
    pub fn put_reals(&mut self, values: &[f64]) {
        self.words.push(values.len() as u64);
        self.words.extend(values.iter().map(|v| v.to_bits()));
    }

    /// Reads from the beginning.
    ///
    /// # Errors
    /// [`SnapshotError::OtherMethod`] unless method and layout are the given ones.
    pub fn read(&self, method: &str, version: u32) -> Result<SnapshotReader<'_>, SnapshotError> {
        if self.method != method || self.version != version {
            return Err(SnapshotError::OtherMethod {
                found: format!("{} layout {}", self.method, self.version),
                wanted: format!("{method} layout {version}"),
            });
        }
        Ok(SnapshotReader { words: &self.words })
    }
}

/// Reads a [`Snapshot`] in the order it was written.
pub struct SnapshotReader<'a> {
    words: &'a [u64],
}

impl SnapshotReader<'_> {
    /// The next whole number.
    ///
    /// # Errors
    /// [`SnapshotError::Malformed`] at the end.
    pub fn take(&mut self) -> Result<u64, SnapshotError> {
        let (&word, rest) = self.words.split_first().ok_or(SnapshotError::Malformed)?;
        self.words = rest;
        Ok(word)
    }

    /// The next number.
    ///
    /// # Errors
    /// [`SnapshotError::Malformed`] at the end.
    pub fn take_real(&mut self) -> Result<f64, SnapshotError> {
        self.take().map(f64::from_bits)
    }

    /// The next vector, into `values`, whose length it must have.
    ///
    /// # Errors
    /// [`SnapshotError::Malformed`] for another length.
    pub fn take_reals(&mut self, values: &mut [f64]) -> Result<(), SnapshotError> {
        if self.take()? != values.len() as u64 || self.words.len() < values.len() {
            return Err(SnapshotError::Malformed);
        }
        let (head, rest) = self.words.split_at(values.len());
        for (value, &word) in values.iter_mut().zip(head) {
            *value = f64::from_bits(word);
        }
        self.words = rest;
        Ok(())
    }

    /// The next vector, of any length up to `max_len`.
    ///
    /// # Errors
    /// [`SnapshotError::Malformed`] when it is longer.
    pub fn take_vec(&mut self, max_len: usize) -> Result<Vec<f64>, SnapshotError> {
        let len = self.words.first().map_or(0, |&len| len as usize);
        if len > max_len {
            return Err(SnapshotError::Malformed);
        }
        let mut values = vec![0.0; len];
        self.take_reals(&mut values)?;
        Ok(values)
    }
}
