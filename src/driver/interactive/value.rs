//! The value of an expression with its type.

use crate::diag::codes::domain::DomainError;
use crate::driver::report::Index;
use crate::ir::model::VarType;

/// What an expression is.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// A number, or one for each element.
    Numbers,
    /// A condition, or one for each element.
    Conditions,
    /// The elements of a set.
    Set,
}

/// A value.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// What it is.
    pub shape: Shape,
    /// Of a variable, what values it takes; of anything else `Real`.
    pub ty: VarType,
    /// Its subscripts; of a set, its elements.
    pub index: Index,
    /// One number per subscript; none for a set.
    pub values: Vec<f64>,
    /// The variables it depends on, however indirectly.
    pub variables: Vec<String>,
    /// Why the first value that is not a finite number is none.
    pub fault: Option<DomainError>,
    /// Whether it asks for multipliers or slacks, which only a solve gives.
    pub of_result: bool,
}
