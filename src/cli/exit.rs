//! Exit codes, in one place.

use crate::diag::{Error, Reports, Severity};
use crate::driver::report::Report;
use crate::problem::Status;
use std::process::ExitCode;

/// How the process ends. The number is the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Solved and verified; or the best point of a method that promises no more; or nothing to solve.
    Solved = 0,
    /// The model or its data is wrong, a `check` or an `expect` does not hold, or a file is not formatted.
    ModelError = 1,
    /// Wrong usage, or a file that cannot be read or written.
    Usage = 2,
    /// No point satisfies the constraints.
    Infeasible = 3,
    /// The objective has no finite optimum.
    Unbounded = 4,
    /// A limit or a signal ended the run; the best point was written.
    Limit = 5,
    /// A numerical failure, or an answer that could not be certified.
    Numerical = 6,
    /// Memory or another resource was refused.
    Resources = 7,
}

/// For help, man page and documentation.
pub const TABLE: &str = "\
Exit codes:
  0  solved (verified, or the best point of a method that promises no more)
  1  error in the model or its data, a check or expect that fails, a file not formatted
  2  wrong usage, or a file that cannot be read or written
  3  infeasible
  4  unbounded
  5  limit reached or interrupted; the best point is written
  6  numerical failure, or not certified
  7  a resource limit, such as memory";

impl Exit {
    /// The code that tells a script what the judge says.
    pub const fn of(status: Status) -> Self {
        match status {
            Status::GlobalOptimum | Status::LocalOptimum | Status::ClaimedOptimum | Status::BestFound => Self::Solved,
            Status::Infeasible | Status::LocallyInfeasible | Status::ClaimedInfeasible => Self::Infeasible,
            Status::Unbounded => Self::Unbounded,
            Status::LimitReached => Self::Limit,
            Status::Stationary | Status::FeasibleNotCertified | Status::NumericalFailure => Self::Numerical,
        }
    }

    /// The code of a model that could not be solved because of these errors: the gravest cause.
    pub fn of_errors(reports: &Reports) -> Self {
        let code = |e: &Error| match e.code() {
            _ if e.message().severity == Severity::Warning => Self::Solved,
            "E0933" => Self::Limit,
            "E0903" | "E0914" | "E0915" | "E0916" => Self::Resources,
            "E0901" | "E0902" | "E0904" | "E0905" | "E0906" | "E0912" | "E0502" | "E0519" | "E0523" | "E0524" => {
                Self::Usage
            }
            _ => Self::ModelError,
        };
        let codes: Vec<Self> = reports.iter().map(code).collect();
        let gravest = [Self::Resources, Self::ModelError, Self::Usage, Self::Limit];
        gravest.into_iter().find(|exit| codes.contains(exit)).unwrap_or(Self::Solved)
    }

    /// The code of a whole report: of several `solve` lines the largest counts; a failed `expect` of a solved model is an error
    /// of the model.
    pub fn of_report(report: &Report) -> Self {
        let each = report.solves.iter().map(|solve| solve.status).chain(report.status());
        let solved = each.map(Self::of).max_by_key(|exit| *exit as u8).unwrap_or(Self::Solved);
        let expected = report.expectations.iter().all(|e| e.holds);
        if solved == Self::Solved && !expected { Self::ModelError } else { solved }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
