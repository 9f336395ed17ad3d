//! Arrays of numbers by position: npy files and nested JSON arrays.

use crate::base::{FileId, Name, Span};
use crate::data::json;
use crate::data::table::is_integer;
use crate::diag::codes::data::DataError;
use std::sync::Arc;

/// The text an array was read from, and where each value starts in it.
pub(crate) type Place = (FileId, Arc<str>, Vec<u32>);

/// A dense array in row-major order.
#[derive(Clone, Debug)]
pub struct Tensor {
    name: Name,
    shape: Vec<usize>,
    values: Vec<f64>,
    integral: bool,
    place: Option<Place>,
}

impl Tensor {
    /// An array; the product of `shape` is the number of values, and of places when there are some.
    pub(crate) fn new(name: Name, shape: Vec<usize>, values: Vec<f64>, place: Option<Place>) -> Self {
        let integral = values.iter().all(|v| is_integer(*v));
        Self { name, shape, values, integral, place }
    }

    /// The file as the model names it.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Lengths of the axes; empty for one number.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, the last axis running fastest; a missing one is NaN.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Whether all values are integers below 2^53 in size.
    pub const fn integral(&self) -> bool {
        self.integral
    }

    /// Where a value stands, for arrays that come from text.
    pub fn value_span(&self, index: usize) -> Option<Span> {
        let (file, text, starts) = self.place.as_ref()?;
        json::value_span(*file, text, *starts.get(index)?)
    }

    /// The subscripts of a value, from 1, e.g. `[3, 5]`.
    pub fn subscripts(&self, index: usize) -> String {
        let mut rest = index;
        let mut parts: Vec<String> = Vec::with_capacity(self.shape.len());
        for length in self.shape.iter().rev() {
            parts.push((rest % (*length).max(1) + 1).to_string());
            rest /= (*length).max(1);
        }
        parts.reverse();
        format!("[{}]", parts.join(", "))
    }

    /// All values, present and finite unless `infinite` is welcome, of the shape that is needed.
    ///
    /// # Errors
    /// Another shape, or the first value that is missing or infinite.
    pub fn numbers(&self, shape: &[usize], infinite: bool, needed_at: Span) -> Result<&[f64], DataError> {
        if shape != self.shape {
            let file = self.name.to_string();
            return Err(DataError::WrongShape { needed_at, file, expected: sizes(shape), found: sizes(&self.shape) });
        }
        let Some(index) = self.values.iter().position(|v| v.is_nan() || (!infinite && v.is_infinite())) else {
            return Ok(&self.values);
        };
        let (cell, column, needed_at) = (self.value_span(index), self.subscripts(index), Some(needed_at));
        if self.values[index].is_nan() {
            return Err(DataError::MissingValue { cell, column, needed_at });
        }
        Err(DataError::NotFinite { cell, column, found: self.values[index].to_string(), needed_at })
    }
}

/// A shape in words.
fn sizes(shape: &[usize]) -> String {
    match shape {
        [] => "one number".into(),
        [1] => "1 value".into(),
        [n] => format!("{n} values"),
        more => format!("{} values", more.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ")),
    }
}
