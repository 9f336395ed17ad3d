//! What compiler and solvers agree on: the problem as an oracle, methods and options as rows, answers, and the judge.
//!
//! Takes nothing but numbers; a compiled model, a `.nl` file or a Rust user's closures give an [`Oracle`].
//! Gives the types both sides speak, and `verify`, which alone says what an answer is.
//! Deliberately absent: names, models, spans, the methods themselves.
//!
//! # Signs
//!
//! Every problem is kept as `min f(x)` subject to `row_lower <= c(x) <= row_upper` and
//! `lower <= x <= upper`; a maximised objective is stored negated and [`Sense`] remembers it for reports.
//! The Lagrangian is
//!
//! ```text
//! L(x, y, zl, zu) = sigma' f(x) + y' c(x) - zl' (x - lower) - zu' (upper - x)
//! ```
//!
//! so that at a solution `sigma' ∇f + J' y - zl + zu = 0`, where
//!
//! - `zl >= 0` and `zu >= 0`, positive only on active bounds;
//! - `y[i] >= 0` when only the upper bound of row `i` is active, `y[i] <= 0` when only its lower bound is,
//!   any sign for an equality, and 0 when neither is active;
//! - raising `row_upper[i]` by `t` changes the optimal value of the minimised objective by `-y[i] t` to first order,
//!   raising `lower[j]` changes it by `zl[j] t`, raising `upper[j]` by `-zu[j] t`.
//!
//! A second-order cone ([`SecondOrder`]) has multipliers with `|y[tail]| <= y[head]` and
//! `y[head] (row_upper[head] - c[head]) = y[tail]' c[tail]`.
//!
//! Infinite bounds are `±f64::INFINITY`. Equalities have equal bounds. Hessians are lower triangles.

pub mod candidate;
pub mod closure;
pub mod control;
pub mod facts;
pub mod method;
pub mod oracle;
pub mod program;
pub mod recover;
pub mod residuals;
pub mod shape;
pub mod snapshot;
pub mod statistics;
pub mod verdict;
pub mod verify;

pub use crate::num::loss::Loss;
pub use crate::num::sparse::{Pattern, PatternError};
pub use candidate::{Candidate, Claim, Counts, StopReason};
pub use closure::ClosureOracle;
pub use control::{Budget, Control, Limits, Progress, StopFlag, TraceRow, TraceSink};
pub use facts::{Curvature, Degree, ProblemFacts, Smoothness};
pub use method::{
    MethodRow, OptionKind, OptionRow, OptionSet, OptionValue, Refusal, Request, Schedule, ScheduleShape, SetupError,
    Solver, WarmStart,
};
pub use oracle::{Capabilities, EvalError, Oracle, Place, Rows, Workspace};
pub use program::{Cone, Conic, Form, Mip, Nlp, Program, Qp};
pub use recover::{Point, Recover, Stack};
pub use residuals::{LeastSquares, PerRow, ResidualTerm, SumOracle};
pub use shape::{Bounds, SecondOrder, Sense, Shape};
pub use snapshot::{Snapshot, SnapshotError, SnapshotReader};
pub use statistics::{Held, Statistics, statistics};
pub use verdict::{CurvatureEvidence, Evidence, Fall, MultiplierSource, Proof, Site, Status, Verdict, Worst};
pub use verify::verify;
