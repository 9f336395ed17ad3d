//! From source to solution: routing, oracles, verification, numerical blame.
//!
//! Takes a model's text, a [`crate::data::Loader`] and what the session allows. Gives a
//! [`report::Report`], or the errors.
//! Deliberately absent: printing, terminals, the command line.

pub mod begin;
pub mod blame;
pub mod class;
pub mod cones;
pub mod derivative_check;
pub mod emit;
pub mod fit;
pub mod forms;
pub mod interactive;
pub mod judge;
pub mod listing;
pub mod load;
pub mod method_option;
mod others;
pub mod patience;
pub mod pipeline;
pub mod ranges;
pub mod renumber;
pub mod report;
pub mod residuals;
pub mod restart;
pub mod results;
pub mod route;
pub mod run;
pub mod runs;
pub mod session;
pub mod solve;
pub mod survey;
pub mod watch;

pub use session::{Checked, Executor, Prepared, Session, Setup};
