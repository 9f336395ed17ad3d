//! A quadratic problem with bounds as one over cones, where every end of a row or variable is a row of its own.
//!
//! Takes a [`Qp`], gives a [`Conic`] and the way back.

use crate::num::sparse::Pattern;
use crate::problem::{Cone, Conic, Point, Qp, Recover, WarmStart};

/// Which end a row of the conic problem stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// Both ends of a row.
    Equation(u32),
    RowUpper(u32),
    RowLower(u32),
    VarUpper(u32),
    VarLower(u32),
}

/// The way back from a conic problem.
pub struct Ends {
    n_vars: usize,
    n_rows: usize,
    ends: Vec<End>,
}

/// `qp` over cones: equations first, then inequalities, rows before bounds, then the second-order cones of its rows.
pub fn cones(qp: &Qp) -> (Conic, Ends) {
    let (n, m) = (qp.shape.n_vars, qp.shape.n_cons);
    let (rows, vars) = (&qp.shape.rows, &qp.shape.vars);
    let inside = qp.shape.rows_of_cones();
    let single = |i: &usize| !inside[*i];
    let equations = (0..m).filter(single).filter(|&i| rows.is_fixed(i));
    let mut ends: Vec<End> = equations.map(|i| End::Equation(i as u32)).collect();
    let n_equations = ends.len();
    for i in (0..m).filter(single).filter(|&i| !rows.is_fixed(i)) {
        if rows.upper[i].is_finite() {
            ends.push(End::RowUpper(i as u32));
        }
        if rows.lower[i].is_finite() {
            ends.push(End::RowLower(i as u32));
        }
    }
    for j in 0..n {
        if vars.upper[j].is_finite() {
            ends.push(End::VarUpper(j as u32));
        }
        if vars.lower[j].is_finite() {
            ends.push(End::VarLower(j as u32));
        }
    }
    let mut cones = vec![Cone::Zero(n_equations), Cone::Nonnegative(ends.len() - n_equations)];
    for cone in &qp.shape.cones {
        ends.push(End::RowUpper(cone.head));
        ends.extend(cone.tail.iter().map(|&i| End::Equation(i)));
        cones.push(Cone::SecondOrder(1 + cone.tail.len()));
    }
    // Of each row of the problem, the conic rows that stand for it and their signs.
    let mut of_row: Vec<[Option<(u32, f64)>; 2]> = vec![[None; 2]; m];
    let mut of_var: Vec<[Option<(u32, f64)>; 2]> = vec![[None; 2]; n];
    let mut rhs = Vec::with_capacity(ends.len());
    for (at, end) in ends.iter().enumerate() {
        let (slot, sign, value) = match *end {
            End::Equation(i) | End::RowUpper(i) => (&mut of_row[i as usize][0], 1.0, rows.upper[i as usize]),
            End::RowLower(i) => (&mut of_row[i as usize][1], -1.0, rows.lower[i as usize]),
            End::VarUpper(j) => (&mut of_var[j as usize][0], 1.0, vars.upper[j as usize]),
            End::VarLower(j) => (&mut of_var[j as usize][1], -1.0, vars.lower[j as usize]),
        };
        *slot = Some((at as u32, sign));
        rhs.push(sign * value);
    }
    let mut col_ptr = vec![0u32];
    let (mut row_idx, mut vals) = (Vec::new(), Vec::new());
    let mut column: Vec<(u32, f64)> = Vec::new();
    for j in 0..n {
        column.clear();
        for k in qp.rows.col(j) {
            let a = qp.rows_vals[k];
            let parts = of_row[qp.rows.row_idx()[k] as usize];
            column.extend(parts.into_iter().flatten().map(|(row, sign)| (row, sign * a)));
        }
        column.extend(of_var[j].into_iter().flatten());
        column.sort_unstable_by_key(|(row, _)| *row);
        row_idx.extend(column.iter().map(|(row, _)| *row));
        vals.extend(column.iter().map(|(_, value)| *value));
        col_ptr.push(row_idx.len() as u32);
    }
    let pattern = Pattern::new(ends.len(), n, col_ptr, row_idx);
    let conic = Conic {
        quadratic: qp.quadratic.clone(),
        quadratic_vals: qp.quadratic_vals.clone(),
        linear: qp.linear.clone(),
        constant: qp.constant,
        rows: pattern.unwrap_or_else(|_| crate::bug!("each end is one row")),
        rows_vals: vals,
        rhs,
        cones,
    };
    (conic, Ends { n_vars: n, n_rows: m, ends })
}

impl Recover for Ends {
    fn recover(&self, point: Point) -> Point {
        let mut before = Point { x: point.x, primal_ray: point.primal_ray, ..Point::default() };
        if point.y.len() == self.ends.len() {
            let mut y = vec![0.0; self.n_rows];
            let (mut z_lower, mut z_upper) = (vec![0.0; self.n_vars], vec![0.0; self.n_vars]);
            for (end, z) in self.ends.iter().zip(&point.y) {
                match *end {
                    End::Equation(i) | End::RowUpper(i) => y[i as usize] += z,
                    End::RowLower(i) => y[i as usize] -= z,
                    End::VarUpper(j) => z_upper[j as usize] = *z,
                    End::VarLower(j) => z_lower[j as usize] = *z,
                }
            }
            (before.y, before.z_lower, before.z_upper) = (y, z_lower, z_upper);
        }
        // The bounds' part of a proof of infeasibility follows from the rows' part.
        before.dual_ray = point.dual_ray.filter(|ray| ray.len() == self.ends.len()).map(|ray| {
            let mut weights = vec![0.0; self.n_rows];
            for (end, w) in self.ends.iter().zip(&ray) {
                match *end {
                    End::Equation(i) | End::RowUpper(i) => weights[i as usize] += w,
                    End::RowLower(i) => weights[i as usize] -= w,
                    End::VarUpper(_) | End::VarLower(_) => {}
                }
            }
            weights
        });
        before
    }

    /// A row with a multiplier for each end; bounds have none of their own here.
    fn forward(&self, start: &WarmStart) -> Option<WarmStart> {
        let (n, m) = (self.n_vars, self.n_rows);
        if start.x.len() != n {
            return None;
        }
        let mut now = WarmStart { x: start.x.clone(), ..WarmStart::default() };
        if start.y.len() == m && start.z_lower.len() == n && start.z_upper.len() == n {
            let multiplier = |end: &End| match *end {
                End::Equation(i) => start.y[i as usize],
                End::RowUpper(i) => start.y[i as usize].max(0.0),
                End::RowLower(i) => (-start.y[i as usize]).max(0.0),
                End::VarUpper(j) => start.z_upper[j as usize],
                End::VarLower(j) => start.z_lower[j as usize],
            };
            now.y = self.ends.iter().map(multiplier).collect();
        }
        Some(now)
    }
}
