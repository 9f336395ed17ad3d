//! Elementary and special functions, the same bits on every machine.
//!
//! Takes and gives `f64`. Accuracy: 2 units in the last place in the common range; near the zeros of
//! `lgamma` and `digamma` an absolute 4e-16.
//! Deliberately absent: names of builtins (those are rows of `func`), the platform's own libm.

pub use libm::{exp, expm1, log, log1p};
