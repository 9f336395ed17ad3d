//! A model that grows line by line: what `optc repl` stands on, without a terminal and without words.
//!
//! Takes statements and expressions as text; keeps the [`Program`] they make, the current [`Point`] and what was
//! compiled of it. Gives values, derivatives and compiled functions as data, errors as in files.
//! A statement is known by the hash of its words and of the statements it depends on, values of params left out:
//! what was differentiated and compiled for an expression serves until a statement it depends on changes
//! ([`Counts`] tells), and another value of a param changes numbers in memory only.
//! Deliberately absent: printing, commands, plots, line editing.

mod asked;
mod bench;
mod compiled;
mod enclosing;
mod program;
mod solving;
mod suggesting;
mod value;

pub use asked::{Asked, Axis};
pub use bench::{Bench, Counts, Enter, Entered, Point};
pub use compiled::{Compiled, Derivatives, Function, Proof};
pub use enclosing::{Enclosure, Unbounded};
pub use program::{Program, Statement};
pub use value::{Evaluated, Shape};
