//! Sizes, bounds, start and structure of a problem: everything known before a function is evaluated.

use serde::{Deserialize, Serialize};

/// Whether the user asked for less or for more. Oracles always minimise; this is for reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Sense {
    /// `minimize`.
    #[default]
    Minimize,
    /// `maximize`: the oracle's objective is the negated one.
    Maximize,
}

impl Sense {
    /// The user's value of an objective the oracle gave as `value`, and the reverse.
    pub fn flip(self, value: f64) -> f64 {
        match self {
            Self::Minimize => value,
            Self::Maximize => -value,
        }
    }
}

/// Lower and upper ends, of variables or of rows; `lower[i] <= upper[i]`, infinite where absent.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Bounds {
    /// Lower ends, `-inf` where there is none.
    pub lower: Vec<f64>,
    /// Upper ends, `+inf` where there is none.
    pub upper: Vec<f64>,
}

impl Bounds {
    /// `n` times `(-inf, inf)`.
    pub fn free(n: usize) -> Self {
        Self { lower: vec![f64::NEG_INFINITY; n], upper: vec![f64::INFINITY; n] }
    }

    /// Number of intervals.
    pub fn len(&self) -> usize {
        self.lower.len()
    }

    /// Whether there are no intervals.
    pub fn is_empty(&self) -> bool {
        self.lower.is_empty()
    }

    /// Whether interval `i` is one number.
    pub fn is_fixed(&self, i: usize) -> bool {
        self.lower[i] == self.upper[i]
    }

    /// Whether every interval has two ends, so that nothing can run off.
    pub fn are_closed(&self) -> bool {
        self.lower.iter().chain(&self.upper).all(|end| end.is_finite())
    }

    /// How far `value` is outside interval `i`: positive above, negative below, 0 inside.
    pub fn excess(&self, i: usize, value: f64) -> f64 {
        if value > self.upper[i] {
            value - self.upper[i]
        } else if value < self.lower[i] {
            value - self.lower[i]
        } else {
            0.0
        }
    }

    /// `value` moved to the nearest end when it is outside interval `i`.
    pub fn clamp(&self, i: usize, value: f64) -> f64 {
        crate::num::dense::clamp(value, self.lower[i], self.upper[i])
    }

    /// First interval that is empty or not a number, if any.
    pub fn first_empty(&self) -> Option<usize> {
        (0..self.len()).find(|&i| {
            let (lo, hi) = (self.lower[i], self.upper[i]);
            !(lo <= hi) || lo == f64::INFINITY || hi == f64::NEG_INFINITY
        })
    }
}

/// Rows that hold together: `|c[tail]| <= rows.upper[head] - c[head]`, in place of the bounds that they have each by itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SecondOrder {
    /// The row whose slack is the most that the others may be long together; it has an upper end only.
    pub head: u32,
    /// The entries of the vector; both ends of these rows are 0.
    pub tail: Vec<u32>,
}

impl SecondOrder {
    /// The length of the entries of `rows` that belong to the vector.
    pub fn length(&self, rows: &[f64]) -> f64 {
        let largest = self.tail.iter().fold(0.0f64, |most, &i| most.max(rows[i as usize].abs()));
        if largest == 0.0 || !largest.is_finite() {
            return largest;
        }
        let squares: f64 = self.tail.iter().map(|&i| (rows[i as usize] / largest).powi(2)).sum();
        largest * crate::num::vmath::sqrt(squares)
    }
}

/// Sizes, bounds, start and structure.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Shape {
    /// Number of variables.
    pub n_vars: usize,
    /// Number of constraint rows.
    pub n_cons: usize,
    /// Number of objectives; 0 for a feasibility problem, above 1 for a multi-objective one.
    pub n_objectives: usize,
    /// Bounds of the variables, length `n_vars`.
    pub vars: Bounds,
    /// Bounds of the rows, length `n_cons`.
    pub rows: Bounds,
    /// Where solvers start, length `n_vars`; may be outside the bounds.
    pub start: Vec<f64>,
    /// What the user asked of each objective, length `n_objectives`.
    pub senses: Vec<Sense>,
    /// Whether each variable must be an integer, length `n_vars`.
    pub integer: Vec<bool>,
    /// Whether each row is linear, length `n_cons`.
    pub linear_rows: Vec<bool>,
    /// Whether each objective is linear, length `n_objectives`.
    pub linear_objectives: Vec<bool>,
    /// Pairs `(i, j)` of variables with `x[i] complements x[j]`.
    pub complements: Vec<(u32, u32)>,
    /// Weights `w >= 0` of the term `sum(j: w[j] * |x[j]|)` that stands beside the first objective and that no oracle
    /// evaluates: length `n_vars`, or empty when there is no such term.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub l1: Vec<f64>,
    /// Second-order cones among the rows; no row is in two of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cones: Vec<SecondOrder>,
}

impl Shape {
    /// One minimised objective, free continuous variables, start at 0, no rows.
    pub fn unconstrained(n_vars: usize) -> Self {
        Self {
            n_vars,
            n_objectives: 1,
            vars: Bounds::free(n_vars),
            start: vec![0.0; n_vars],
            senses: vec![Sense::Minimize],
            integer: vec![false; n_vars],
            linear_objectives: vec![false],
            ..Self::default()
        }
    }

    /// The weights that pick the first objective (all zero length for a feasibility problem).
    pub fn first_objective(&self) -> Vec<f64> {
        let mut sigma = vec![0.0; self.n_objectives];
        if let Some(first) = sigma.first_mut() {
            *first = 1.0;
        }
        sigma
    }

    /// The term of absolute values at `x`, 0 without one.
    pub fn l1_term(&self, x: &[f64]) -> f64 {
        self.l1.iter().zip(x).map(|(w, x)| w * x.abs()).sum()
    }

    /// Whether each row belongs to a cone, length `n_cons`.
    pub fn rows_of_cones(&self) -> Vec<bool> {
        let mut inside = vec![false; self.n_cons];
        for cone in &self.cones {
            inside[cone.head as usize] = true;
            cone.tail.iter().for_each(|&i| inside[i as usize] = true);
        }
        inside
    }

    /// Number of integer variables.
    pub fn n_integer(&self) -> usize {
        self.integer.iter().filter(|&&flag| flag).count()
    }

    /// Whether all slices have the lengths the sizes promise.
    pub fn is_consistent(&self) -> bool {
        self.contradiction().is_none()
    }

    /// The first slice that has not the length its size promises, in words.
    pub fn contradiction(&self) -> Option<String> {
        let (n, m, k) = (self.n_vars, self.n_cons, self.n_objectives);
        let l1 = if self.l1.is_empty() { n } else { self.l1.len() };
        let lengths = [
            ("lower bounds of variables", self.vars.lower.len(), n),
            ("upper bounds of variables", self.vars.upper.len(), n),
            ("start", self.start.len(), n),
            ("integer flags", self.integer.len(), n),
            ("weights of absolute values", l1, n),
            ("lower ends of rows", self.rows.lower.len(), m),
            ("upper ends of rows", self.rows.upper.len(), m),
            ("flags of linear rows", self.linear_rows.len(), m),
            ("senses of objectives", self.senses.len(), k),
            ("flags of linear objectives", self.linear_objectives.len(), k),
        ];
        let (what, found, wanted) = lengths.into_iter().find(|(_, found, wanted)| found != wanted)?;
        Some(format!("{what}: {found} numbers are given, and {wanted} are wanted"))
    }
}
