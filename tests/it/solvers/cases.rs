//! The cases every method is run on.
