//! Text to statements: tokens, statement cutter, grammar, arena, formatter.
//!
//! Takes a [`Source`](crate::diag::Source); gives [`ast::Stmt`]s and reports. Every statement is
//! parsed alone, so an error in one costs nothing in the others.
//! Deliberately absent: names, types, sets.

mod align;
pub mod ast;
mod brackets;
mod build;
mod cut;
pub mod dump;
pub mod entry;
mod explain;
mod format;
mod grammar;
mod habit;
mod lex;
mod nesting;
mod parse;
mod token;

pub use format::format;
pub use lex::is_name;
pub use parse::{Lost, Parsed, parse, parse_entry, parse_expr, parse_indexed};
