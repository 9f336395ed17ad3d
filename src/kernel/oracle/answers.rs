//! What a solver asks of a compiled problem, and which parts answer it.

use super::{CompiledOracle, Looked};
use crate::kernel::exec::product;
use crate::kernel::program::Part;
use crate::num::sparse::Pattern;
use crate::problem::oracle::{check_finite, check_finite_entries};
use crate::problem::{Capabilities, EvalError, Oracle, Place, Shape, Workspace};

impl Oracle for CompiledOracle {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { hvp: true, hessian: self.second_order, ..Capabilities::FIRST_ORDER }
    }

    fn workspace(&self) -> Workspace {
        Workspace::new(self.shape.n_vars, self.memory())
    }

    fn objective(&self, ws: &mut Workspace, k: usize) -> Result<f64, EvalError> {
        let memory = self.at(ws);
        if memory.values_at == memory.z_at && memory.z_at != 0 {
            // Whoever asks for one objective mostly asks for the others next.
            let values = &memory.values;
            return check_finite(values, |k| Place::Objective(k as u32)).map(|()| values[k]);
        }
        let mut values = std::mem::take(&mut memory.values);
        let done = self.objective_values(memory, &mut values);
        let value = values[k];
        memory.values = values;
        memory.values_at = memory.z_at;
        done.map(|()| value)
    }

    fn objectives(&self, ws: &mut Workspace, f: &mut [f64]) -> Result<(), EvalError> {
        let memory = self.at(ws);
        self.objective_values(memory, f)
    }

    fn gradient(&self, ws: &mut Workspace, sigma: &[f64], g: &mut [f64]) -> Result<(), EvalError> {
        self.derivative(ws, |memory| {
            if self.linked.layout.n_z == self.linked.layout.n_x {
                // Without arrays adjoints are the gradient, and nobody reads the weights of rows.
                self.weigh_objectives(memory, sigma);
                let looked = self.run(memory, Part::PullObjectives, None, g);
                return looked.or(|| self.gradient.check(g, |j| Place::Gradient(j as u32)));
            }
            self.weigh(memory, Some(sigma), None);
            self.pull(memory, true, false);
            self.by_column(memory, g);
            check_finite(g, |j| Place::Gradient(j as u32))
        })
    }

    fn constraints(&self, ws: &mut Workspace, c: &mut [f64]) -> Result<(), EvalError> {
        let memory = self.at(ws);
        let layout = &self.linked.layout;
        let (rows, equations) = c.split_at_mut(layout.n_rows);
        let looked = self.run(memory, Part::Rows, None, rows);
        if self.lifted {
            let mut at = 0;
            let active = |def: usize| self.program.defs[def].active;
            self.sweep(memory, Part::Forward, active, |range, memory| {
                let values = memory.adjoint[range.clone()].iter().zip(&memory.z[range.clone()]);
                equations[at..].iter_mut().zip(values).for_each(|(to, (value, d))| *to = value - d);
                at += range.len();
            });
            return check_finite(c, |i| Place::Constraint(i as u32));
        }
        looked.or(|| check_finite(c, |i| Place::Constraint(i as u32)))
    }

    fn jacobian_pattern(&self) -> &Pattern {
        &self.jacobian.pattern
    }

    fn jacobian(&self, ws: &mut Workspace, vals: &mut [f64]) -> Result<(), EvalError> {
        self.derivative(ws, |memory| {
            let looked = match &self.jacobian.chain {
                None => self.fill(memory, &self.jacobian.plan, true, None, vals),
                Some(chain) => {
                    self.chained(memory, chain);
                    let nnz = vals.len();
                    vals.copy_from_slice(&memory.jacobian[..nnz]);
                    Looked::No
                }
            };
            for slot in &self.minus_one {
                vals[*slot as usize] = -1.0;
            }
            let place = |row, var| Place::Jacobian { row, var };
            looked.or(|| check_finite_entries(&self.jacobian.pattern, vals, place))
        })
    }

    fn hessian_pattern(&self) -> &Pattern {
        &self.hessian.pattern
    }

    fn hessian(&self, ws: &mut Workspace, sigma: &[f64], y: &[f64], vals: &mut [f64]) -> Result<(), EvalError> {
        if !self.second_order {
            return Err(EvalError::Unsupported("a Hessian"));
        }
        self.derivative(ws, |memory| {
            let row = self.weigh_in_place(memory, Some(sigma), y);
            let looked = match (&self.jacobian.chain, &self.hessian.chain) {
                (Some(jacobian), Some(chain)) => {
                    self.pull(memory, true, true);
                    self.chained(memory, jacobian);
                    let mut values = std::mem::take(&mut memory.hessian);
                    self.fill(memory, &self.hessian.plan, false, None, &mut values);
                    if memory.registers.careful {
                        chain.apply(&memory.jacobian, &mut values, product);
                    } else {
                        chain.apply(&memory.jacobian, &mut values, |a, b| a * b);
                    }
                    vals.copy_from_slice(&values[..vals.len()]);
                    memory.hessian = values;
                    Looked::No
                }
                _ => self.fill(memory, &self.hessian.plan, false, row, vals),
            };
            let place = |row, col| Place::Hessian { row, col };
            looked.or(|| check_finite_entries(&self.hessian.pattern, vals, place))
        })
    }

    fn hvp(&self, ws: &mut Workspace, sigma: &[f64], y: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        self.derivative(ws, |memory| {
            let row = self.weigh_in_place(memory, Some(sigma), y);
            self.direct(memory, v);
            let arrays = self.linked.layout.n_active() > 0;
            if arrays && !self.lifted {
                // For the weights of the slots.
                self.pull(memory, true, true);
            }
            let mut adjoint = std::mem::take(&mut memory.adjoint);
            self.run(memory, Part::HessianProduct, row, &mut adjoint);
            if arrays {
                self.curve_arrays(memory, &mut adjoint);
            }
            memory.adjoint = adjoint;
            self.by_column(memory, out);
            check_finite(out, |j| Place::Gradient(j as u32))
        })
    }

    fn jv(&self, ws: &mut Workspace, v: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        if self.linked.layout.n_active() == 0 {
            return self.jv_by_matrix(ws, v, out);
        }
        self.derivative(ws, |memory| {
            self.direct(memory, v);
            let (rows, equations) = out.split_at_mut(self.linked.layout.n_rows);
            self.run(memory, Part::TangentRows, None, rows);
            if self.lifted {
                let mut at = 0;
                self.sweep(
                    memory,
                    Part::TangentArrays,
                    |_| true,
                    |range, memory| {
                        let tangents = memory.adjoint[range.clone()].iter().zip(&memory.seed[range.clone()]);
                        equations[at..].iter_mut().zip(tangents).for_each(|(to, (tangent, v))| *to = tangent - v);
                        at += range.len();
                    },
                );
            }
            check_finite(out, |i| Place::Constraint(i as u32))
        })
    }

    fn jtv(&self, ws: &mut Workspace, y: &[f64], out: &mut [f64]) -> Result<(), EvalError> {
        self.derivative(ws, |memory| {
            let row = self.weigh_in_place(memory, None, y);
            if self.linked.layout.n_z == self.linked.layout.n_x {
                self.run(memory, Part::PullRows, row, out);
            } else {
                self.pull(memory, false, true);
                self.by_column(memory, out);
            }
            if self.lifted {
                let (n_x, n_rows) = (self.linked.layout.n_x, self.linked.layout.n_rows);
                out[n_x..].iter_mut().zip(&y[n_rows..]).for_each(|(out, y)| *out -= y);
            }
            check_finite(out, |j| Place::Gradient(j as u32))
        })
    }
}
