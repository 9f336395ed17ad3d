//! Functions whose arguments have axes.
//!
//! Takes nothing; gives rows with a name, a sentence, and the rule of their shapes. What they do is
//! in the compiler's array nodes.
//! Deliberately absent: scalar functions, which map over arrays by [`OverArrays`](super::OverArrays).

/// How an array function treats the axes of its arguments.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ArrayRule {
    /// All elements of one array to one number.
    ReduceAll,
    /// Each row along the last axis to one number; a vector to a number.
    ReduceLast,
    /// Each row along the last axis to a row over the same axis.
    MapLast,
    /// Two vectors over one axis to a number.
    PairToNumber,
    /// A square matrix to a number.
    SquareToNumber,
    /// A matrix with its axes exchanged.
    Transpose,
}

/// A function of arrays.
#[derive(Clone, Copy, Debug)]
pub struct ArrayFunction {
    /// Its name; unique here and in the table of scalar functions.
    pub name: &'static str,
    /// One sentence for readers, without full stop.
    pub doc: &'static str,
    /// The names of its arguments.
    pub params: &'static [&'static str],
    /// What it does to axes.
    pub rule: ArrayRule,
    /// The rule in words, for messages: `needs two vectors over the same set`.
    pub shape: &'static str,
}

impl ArrayFunction {
    /// How many arguments it takes.
    pub fn arity(&self) -> usize {
        self.params.len()
    }

    /// How it is called, for messages and documentation.
    pub fn signature(&self) -> String {
        format!("{}({})", self.name, self.params.join(", "))
    }
}

/// All array functions, sorted by name.
static ROWS: &[ArrayFunction] = &[
    ArrayFunction {
        name: "dot",
        doc: "the sum of the products of matching elements",
        params: &["u", "v"],
        rule: ArrayRule::PairToNumber,
        shape: "needs two vectors over the same set and gives a number",
    },
    ArrayFunction {
        name: "logdet",
        doc: "the logarithm of the determinant of a symmetric positive definite matrix",
        params: &["A"],
        rule: ArrayRule::SquareToNumber,
        shape: "needs a matrix whose axes are the same set and gives a number",
    },
    ArrayFunction {
        name: "logsumexp",
        doc: "`log(sum(exp(x)))` along the last axis, without overflow",
        params: &["x"],
        rule: ArrayRule::ReduceLast,
        shape: "needs an array and gives one number per row of its last axis; a number for a vector",
    },
    ArrayFunction {
        name: "norm1",
        doc: "the sum of the sizes of all elements",
        params: &["x"],
        rule: ArrayRule::ReduceAll,
        shape: "needs an array and gives a number",
    },
    ArrayFunction {
        name: "norm2",
        doc: "the square root of the sum of the squares of all elements",
        params: &["x"],
        rule: ArrayRule::ReduceAll,
        shape: "needs an array and gives a number",
    },
    ArrayFunction {
        name: "norminf",
        doc: "the greatest size of an element",
        params: &["x"],
        rule: ArrayRule::ReduceAll,
        shape: "needs an array and gives a number",
    },
    ArrayFunction {
        name: "softmax",
        doc: "`exp(x) / sum(exp(x))` along the last axis, without overflow",
        params: &["x"],
        rule: ArrayRule::MapLast,
        shape: "needs an array and gives one of the same shape; its rows along the last axis add up to 1",
    },
    ArrayFunction {
        name: "trace",
        doc: "the sum of the diagonal",
        params: &["A"],
        rule: ArrayRule::SquareToNumber,
        shape: "needs a matrix whose axes are the same set and gives a number",
    },
    ArrayFunction {
        name: "transpose",
        doc: "the matrix with its axes exchanged; written `A'`",
        params: &["A"],
        rule: ArrayRule::Transpose,
        shape: "needs a matrix; a vector stays as it is",
    },
];

/// All array functions, sorted by name.
pub fn all() -> &'static [ArrayFunction] {
    ROWS
}

/// The array function with this name.
pub fn lookup(name: &str) -> Option<&'static ArrayFunction> {
    let at = ROWS.binary_search_by_key(&name, |row| row.name).ok()?;
    Some(&ROWS[at])
}
