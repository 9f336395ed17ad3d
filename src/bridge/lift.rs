//! Defined arrays as variables of their own, and the way back.
//!
//! The lifted problem has the variables first, then one variable `d` per slot of a defined array; the
//! rows first, then one row `def(x, d) - d = 0` per slot. A point of it restricted to the first
//! variables and rows is a point of the problem; multipliers need no change, because the added rows
//! only carry derivatives from `d` to `x`.

use crate::problem::{Point, Recover, WarmStart};

/// Drops what lifting added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lift {
    /// Variables of the problem itself.
    pub n_vars: usize,
    /// Rows of the problem itself.
    pub n_rows: usize,
}

impl Recover for Lift {
    fn recover(&self, mut point: Point) -> Point {
        for vars in [&mut point.x, &mut point.z_lower, &mut point.z_upper] {
            vars.truncate(self.n_vars);
        }
        point.y.truncate(self.n_rows);
        if let Some(ray) = &mut point.primal_ray {
            ray.truncate(self.n_vars);
        }
        // Weights of the added rows are part of a proof of infeasibility; without them it proves
        // nothing about nonlinear definitions, and the judge makes its own.
        if let Some(ray) = &mut point.dual_ray {
            ray.truncate(self.n_rows);
        }
        point
    }

    /// The values of the added variables are for who can evaluate the arrays to say.
    fn forward(&self, _: &WarmStart) -> Option<WarmStart> {
        None
    }
}
