//! A quadratic problem without its trivial parts: fixed variables, rows without variables, rows with one.
//!
//! Takes a [`Qp`], gives a smaller one and the way back. A row with one variable becomes a bound of it; the bound's
//! multiplier then is the row's. Source: Andersen and Andersen, Presolving in linear programming, Math. Program. 71 (1995),
//! sections 3 and 4.
//!
//! Deliberately absent: what would change the set of solutions, and proofs of infeasibility (methods find those themselves, in
//! the problem as it is).

use crate::num::sparse::Pattern;
use crate::problem::{Bounds, Point, Qp, Recover, Shape, WarmStart};

/// A contradiction smaller than this, relative, is rounding.
const ROUNDING: f64 = 1e-9;
/// Rounds of looking for more; each is linear in the nonzeros.
const ROUNDS: usize = 20;

/// A row that holds a bound of some variable: its number and coefficient.
type Owner = Option<(u32, f64)>;

/// What is known of the problem while parts of it are taken away.
struct State<'a> {
    qp: &'a Qp,
    /// Entries by rows: `(variable, coefficient)`.
    by_row: Vec<Vec<(u32, f64)>>,
    bounds: Bounds,
    lower_owner: Vec<Owner>,
    upper_owner: Vec<Owner>,
    fixed: Vec<bool>,
    /// Variables in the order in which they were fixed.
    order: Vec<u32>,
    gone: Vec<bool>,
}

/// The smaller problem and the way back; `None` when nothing can be taken away, nothing would be left, or rows contradict
/// each other.
pub fn presolve(qp: &Qp) -> Option<(Qp, Presolved)> {
    let (n, m) = (qp.shape.n_vars, qp.shape.n_cons);
    let mut by_row = vec![Vec::new(); m];
    for (k, i, j) in qp.rows.entries() {
        by_row[i].push((j as u32, qp.rows_vals[k]));
    }
    let mut state = State {
        qp,
        by_row,
        bounds: qp.shape.vars.clone(),
        lower_owner: vec![None; n],
        upper_owner: vec![None; n],
        fixed: vec![false; n],
        order: Vec::new(),
        gone: vec![false; m],
    };
    state.fix()?;
    for _ in 0..ROUNDS {
        if !state.sweep()? {
            break;
        }
    }
    let trivial = !state.gone.contains(&true) && state.order.is_empty();
    let nothing_left = state.order.len() == n;
    (!trivial && !nothing_left).then(|| state.finish())
}

impl State<'_> {
    /// Fixes variables whose bounds have met; `None` when a whole one would be fixed between whole numbers.
    fn fix(&mut self) -> Option<()> {
        for j in 0..self.fixed.len() {
            if !self.fixed[j] && self.bounds.is_fixed(j) {
                let value = self.bounds.lower[j];
                if self.qp.shape.integer[j] && (value - value.round()).abs() > ROUNDING {
                    return None;
                }
                self.fixed[j] = true;
                self.order.push(j as u32);
            }
        }
        Some(())
    }

    /// Looks at each row once; `None` for a contradiction, else whether anything was taken away.
    fn sweep(&mut self) -> Option<bool> {
        let mut changed = false;
        for i in 0..self.gone.len() {
            if self.gone[i] {
                continue;
            }
            let (lower, upper) = (self.qp.shape.rows.lower[i], self.qp.shape.rows.upper[i]);
            let mut free = None;
            let mut n_free = 0;
            let (mut shift, mut size) = (0.0, 0.0f64);
            for &(j, a) in &self.by_row[i] {
                if self.fixed[j as usize] {
                    let term = a * self.bounds.lower[j as usize];
                    shift += term;
                    size = size.max(term.abs());
                } else {
                    n_free += 1;
                    free = Some((j as usize, a));
                }
            }
            let unbounded = lower == f64::NEG_INFINITY && upper == f64::INFINITY;
            if unbounded {
                self.gone[i] = true;
                changed = true;
                continue;
            }
            let allowed = |end: f64| ROUNDING * if end.is_finite() { end.abs().max(size).max(1.0) } else { 1.0 };
            match (n_free, free) {
                (0, _) => {
                    if shift < lower - allowed(lower) || shift > upper + allowed(upper) {
                        return None;
                    }
                }
                (1, Some((j, a))) => self.tighten(i, j, a, (lower - shift) / a, (upper - shift) / a)?,
                _ => continue,
            }
            self.gone[i] = true;
            changed = true;
        }
        self.fix()?;
        Some(changed)
    }

    /// Row `i` says `a x[j]` lies between its ends; `first` and `second` are those ends divided by `a`.
    fn tighten(&mut self, i: usize, j: usize, a: f64, first: f64, second: f64) -> Option<()> {
        let (lower, upper) = if a > 0.0 { (first, second) } else { (second, first) };
        let owner = Some((i as u32, a));
        if lower > self.bounds.lower[j] {
            self.bounds.lower[j] = lower;
            self.lower_owner[j] = owner;
        }
        if upper < self.bounds.upper[j] {
            self.bounds.upper[j] = upper;
            self.upper_owner[j] = owner;
        }
        let (lower, upper) = (self.bounds.lower[j], self.bounds.upper[j]);
        if lower > upper {
            if lower - upper > ROUNDING * lower.abs().max(1.0) {
                return None;
            }
            // Met, but for rounding.
            self.bounds.lower[j] = upper;
        }
        Some(())
    }

    fn finish(self) -> (Qp, Presolved) {
        let qp = self.qp;
        let (n, m) = (qp.shape.n_vars, qp.shape.n_cons);
        let vars: Vec<u32> = (0..n as u32).filter(|&j| !self.fixed[j as usize]).collect();
        let rows: Vec<u32> = (0..m as u32).filter(|&i| !self.gone[i as usize]).collect();
        let var_at = places(&vars, n);
        let row_at = places(&rows, m);
        let value = |j: usize| self.bounds.lower[j];
        let mut shift = vec![0.0; m];
        for j in (0..n).filter(|&j| self.fixed[j]) {
            for k in qp.rows.col(j) {
                shift[qp.rows.row_idx()[k] as usize] += qp.rows_vals[k] * value(j);
            }
        }
        let mut constant = qp.constant;
        let mut linear: Vec<f64> = vars.iter().map(|&j| qp.linear[j as usize]).collect();
        for j in (0..n).filter(|&j| self.fixed[j]) {
            constant += qp.linear[j] * value(j);
        }
        for (k, i, j) in qp.quadratic.entries() {
            let p = qp.quadratic_vals[k];
            match (var_at[i], var_at[j]) {
                (Some(_), Some(_)) => {}
                (Some(i), None) => linear[i] += p * value(j),
                (None, Some(j)) => linear[j] += p * value(i),
                (None, None) => constant += p * value(i) * value(j) * if i == j { 0.5 } else { 1.0 },
            }
        }
        let (quadratic, quadratic_vals) = part(&qp.quadratic, &qp.quadratic_vals, &var_at, &vars, vars.len());
        let (pattern, rows_vals) = part(&qp.rows, &qp.rows_vals, &row_at, &vars, rows.len());
        let pick = |of: &[f64], at: &[u32]| at.iter().map(|&k| of[k as usize]).collect::<Vec<f64>>();
        let less = |of: &[f64]| rows.iter().map(|&i| of[i as usize] - shift[i as usize]).collect();
        let shape = Shape {
            n_vars: vars.len(),
            n_cons: rows.len(),
            vars: Bounds { lower: pick(&self.bounds.lower, &vars), upper: pick(&self.bounds.upper, &vars) },
            rows: Bounds { lower: less(&qp.shape.rows.lower), upper: less(&qp.shape.rows.upper) },
            start: pick(&qp.shape.start, &vars),
            integer: vars.iter().map(|&j| qp.shape.integer[j as usize]).collect(),
            linear_rows: vec![true; rows.len()],
            complements: Vec::new(),
            ..qp.shape.clone()
        };
        let smaller = Qp { shape, quadratic, quadratic_vals, linear, constant, rows: pattern, rows_vals };
        let back = Presolved {
            qp: qp.clone(),
            vars,
            rows,
            order: self.order,
            values: self.bounds.lower,
            lower_owner: self.lower_owner,
            upper_owner: self.upper_owner,
        };
        (smaller, back)
    }
}

/// Where each of `n` stands among the `kept`.
fn places(kept: &[u32], n: usize) -> Vec<Option<usize>> {
    let mut at = vec![None; n];
    for (place, &k) in kept.iter().enumerate() {
        at[k as usize] = Some(place);
    }
    at
}

/// The columns `cols` of a matrix, of their rows those that have a place.
fn part(pattern: &Pattern, vals: &[f64], row_at: &[Option<usize>], cols: &[u32], n_rows: usize) -> (Pattern, Vec<f64>) {
    let mut col_ptr = vec![0u32];
    let (mut row_idx, mut kept) = (Vec::new(), Vec::new());
    for &j in cols {
        for k in pattern.col(j as usize) {
            if let Some(row) = row_at[pattern.row_idx()[k] as usize] {
                row_idx.push(row as u32);
                kept.push(vals[k]);
            }
        }
        col_ptr.push(row_idx.len() as u32);
    }
    let made = Pattern::new(n_rows, cols.len(), col_ptr, row_idx);
    (made.unwrap_or_else(|_| crate::bug!("a part of a pattern is a pattern")), kept)
}

/// The way back from a presolved problem.
pub struct Presolved {
    /// The problem before.
    qp: Qp,
    /// Variables and rows that are left, by their numbers before.
    vars: Vec<u32>,
    rows: Vec<u32>,
    /// Variables that were fixed, in that order, and the values of all of them.
    order: Vec<u32>,
    values: Vec<f64>,
    lower_owner: Vec<Owner>,
    upper_owner: Vec<Owner>,
}

impl Presolved {
    /// Multipliers of rows with one variable, from what pulls at the bounds they stand for.
    ///
    /// `pull(j)` is `(zl, zu)` of a variable that is left; of a fixed one they follow from `slope`, the gradient of the
    /// objective, and the rows. Latest first: a row with one free variable may have had fixed ones.
    fn spread(&self, y: &mut [f64], slope: &[f64], pull: &dyn Fn(usize, f64) -> (f64, f64)) -> (Vec<f64>, Vec<f64>) {
        let n = self.qp.shape.n_vars;
        let (mut z_lower, mut z_upper) = (vec![0.0; n], vec![0.0; n]);
        let mut assign = |j: usize, (zl, zu): (f64, f64), y: &mut [f64]| {
            match self.lower_owner[j] {
                Some((row, a)) => y[row as usize] -= zl / a,
                None => z_lower[j] = zl,
            }
            match self.upper_owner[j] {
                Some((row, a)) => y[row as usize] += zu / a,
                None => z_upper[j] = zu,
            }
        };
        let rows = &self.qp.rows;
        let gradient = |j: usize, y: &[f64]| {
            slope[j] + rows.col(j).map(|k| self.qp.rows_vals[k] * y[rows.row_idx()[k] as usize]).sum::<f64>()
        };
        for (place, &j) in self.vars.iter().enumerate() {
            let r = gradient(j as usize, y);
            assign(j as usize, pull(place, r), y);
        }
        for &j in self.order.iter().rev() {
            let r = gradient(j as usize, y);
            assign(j as usize, (r.max(0.0), (-r).max(0.0)), y);
        }
        (z_lower, z_upper)
    }

    fn rows_before(&self, y: &[f64]) -> Vec<f64> {
        let mut before = vec![0.0; self.qp.shape.n_cons];
        for (&row, &y) in self.rows.iter().zip(y) {
            before[row as usize] = y;
        }
        before
    }
}

impl Recover for Presolved {
    fn recover(&self, point: Point) -> Point {
        let n = self.qp.shape.n_vars;
        let mut x = self.values.clone();
        for (&j, &value) in self.vars.iter().zip(&point.x) {
            x[j as usize] = value;
        }
        let mut before = Point { x, ..Point::default() };
        let (n_left, m_left) = (self.vars.len(), self.rows.len());
        if point.y.len() == m_left && point.z_lower.len() == n_left && point.z_upper.len() == n_left {
            let mut slope = self.qp.linear.clone();
            self.qp.quadratic.mul_symmetric_add(&self.qp.quadratic_vals, 1.0, &before.x, &mut slope);
            let mut y = self.rows_before(&point.y);
            let pull = |place: usize, _: f64| (point.z_lower[place], point.z_upper[place]);
            (before.z_lower, before.z_upper) = self.spread(&mut y, &slope, &pull);
            before.y = y;
        }
        before.primal_ray = point.primal_ray.filter(|ray| ray.len() == n_left).map(|ray| {
            let mut whole = vec![0.0; n];
            for (&j, &d) in self.vars.iter().zip(&ray) {
                whole[j as usize] = d;
            }
            whole
        });
        before.dual_ray = point.dual_ray.filter(|ray| ray.len() == m_left).map(|ray| {
            let mut weights = self.rows_before(&ray);
            let _ = self.spread(&mut weights, &vec![0.0; n], &|_, r| (r.max(0.0), (-r).max(0.0)));
            weights
        });
        before
    }

    /// What is left of the point; a bound that stands for a row has its multiplier.
    fn forward(&self, start: &WarmStart) -> Option<WarmStart> {
        let (n, m) = (self.qp.shape.n_vars, self.qp.shape.n_cons);
        if start.x.len() != n {
            return None;
        }
        let pick = |of: &[f64], at: &[u32]| at.iter().map(|&k| of[k as usize]).collect::<Vec<f64>>();
        let mut now = WarmStart { x: pick(&start.x, &self.vars), ..WarmStart::default() };
        if start.y.len() == m && start.z_lower.len() == n && start.z_upper.len() == n {
            let pull = |owner: Owner, sign: f64, own: f64| match owner {
                Some((row, a)) => (sign * a * start.y[row as usize]).max(0.0),
                None => own,
            };
            let each = |owners: &[Owner], sign: f64, own: &[f64]| -> Vec<f64> {
                self.vars.iter().map(|&j| pull(owners[j as usize], sign, own[j as usize])).collect()
            };
            now.z_lower = each(&self.lower_owner, -1.0, &start.z_lower);
            now.z_upper = each(&self.upper_owner, 1.0, &start.z_upper);
            now.y = pick(&start.y, &self.rows);
        }
        Some(now)
    }
}
