//! Data files as columns.
//!
//! Takes names of files and a [`Loader`], the only way to them. Gives [`Table`]s (named columns, every
//! cell with its line and column in the file) and [`Values`] for indexed params, from CSV, JSON and
//! npy; [`Store`] reads each file once a session. Everything wrong with a file is a report in the
//! file, together with the line of the model that needs it.
//! Deliberately absent: models, sets and elements (`bind` matches keys with elements).

mod csv;
mod json;
pub mod loader;
mod npy;
mod number;
mod provenance;
mod store;
mod table;
mod tensor;
mod values;

pub use loader::{FolderLoader, LoadError, Loader, MemoryLoader};
pub use store::Store;
pub use table::{Column, ColumnKind, ColumnSchema, Table, is_integer};
pub use tensor::Tensor;
pub use values::{Entry, Key, Layout, Values};
