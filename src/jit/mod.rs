//! Kernel programs as machine code.
//!
//! Takes a [`CompiledOracle`](crate::kernel::CompiledOracle); gives its loops native code, made by Cranelift from
//! the same ops that the portable executor runs, with the same results to the last bit. What is compiled depends on
//! the ops and on the *form* of each address (consecutive, strided, gathered, one for all), never on how long a set
//! is: the bytes for a thousand instances are those for a million.
//!
//! Functions that are more than a few instructions are not called from the code: the loop is cut into stages, and
//! between two of them a block routine of [`num::vmath`](crate::num::vmath) maps the arguments of 256 instances
//! (`schedule`). Code is thus without calls and without relocations, and one read-only mapping (`memory`) holds all
//! of it.
//!
//! A part that takes long enough is cut into chunks, which the threads of a [`pool`] run at the same time (`team`),
//! with the bits that one thread gives.
//!
//! Deliberately absent: what numbers mean, where slots come from.

pub(crate) mod clif;
pub mod compile;
#[doc(hidden)]
pub mod fault;
pub(crate) mod forms;
pub(crate) mod memory;
pub mod pool;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod team;

pub use compile::{Jit, JitError, Level, Summary, Text, attachments};
pub use pool::Pool;
pub use schedule::MAX_ITEMS;
pub use team::share;
