//! Small problems with published answers; every method of the registry runs on every case of a class it accepts.

#![allow(clippy::too_many_lines, reason = "tables of cases")]

use super::jet::{Jet, Problem, no_rows};
use optc::problem::{Degree, LeastSquares, Oracle, ProblemFacts};
use std::sync::Arc;

const INF: f64 = f64::INFINITY;
const FREE: (f64, f64) = (-INF, INF);
const POSITIVE: (f64, f64) = (0.0, INF);
const ZERO: (f64, f64) = (0.0, 0.0);

/// What the judge must say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// A local optimum with one of the known objectives.
    Optimum,
    /// Feasible with a known objective; no multipliers exist or curvature does not decide.
    Feasible,
    /// No feasible point, at least near the start: methods that get further may find a known objective.
    Infeasible,
    /// The objective has no lower bound.
    Unbounded,
    /// The functions have no value at the start or near it.
    Undefined,
}

/// A problem with its answers.
pub struct Case {
    pub name: &'static str,
    pub problem: Problem,
    pub objectives: &'static [f64],
    pub expected: Expected,
    /// What is proved of the class; an oracle of closures cannot tell.
    pub class: Class,
    /// Weights of the absolute values of the variables, added to the objective; empty without them.
    pub l1: &'static [f64],
    /// Variables that must be whole.
    pub integer: &'static [usize],
    /// The residuals, where the objective is a sum of their losses.
    pub residuals: Option<fn() -> LeastSquares>,
}

/// The class of a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Nothing is known.
    General,
    /// Objective and rows are linear.
    Linear,
    /// Rows are linear, the objective is convex and quadratic.
    ConvexQuadratic,
}

impl Case {
    /// The problem behind an oracle.
    pub fn oracle(&self) -> Arc<dyn Oracle> {
        Arc::new(self.problem.closures().with_shape(|shape| {
            shape.l1 = self.l1.to_vec();
            for &j in self.integer {
                shape.integer[j] = true;
            }
        }))
    }

    fn linear(self) -> Self {
        Self { class: Class::Linear, ..self }
    }

    fn whole(self, integer: &'static [usize]) -> Self {
        Self { integer, ..self }
    }

    fn convex_quadratic(self) -> Self {
        Self { class: Class::ConvexQuadratic, ..self }
    }

    /// What methods and judge are told about the problem.
    pub fn facts(&self, oracle: &dyn Oracle) -> ProblemFacts {
        let n_residuals = self.residuals.map_or(0, |fit| fit().n_residuals());
        let of = ProblemFacts { n_residuals, ..ProblemFacts::of(oracle) };
        match self.class {
            Class::General => of,
            Class::Linear => {
                ProblemFacts { objective: Degree::Linear, rows: Degree::Linear, convex_objective: true, ..of }
            }
            Class::ConvexQuadratic => {
                ProblemFacts { objective: Degree::Quadratic, rows: Degree::Linear, convex_objective: true, ..of }
            }
        }
    }
}

pub fn case(name: &'static str, problem: Problem, objectives: &'static [f64]) -> Case {
    special(name, problem, objectives, Expected::Optimum)
}

fn special(name: &'static str, problem: Problem, objectives: &'static [f64], expected: Expected) -> Case {
    Case { name, problem, objectives, expected, class: Class::General, l1: &[], integer: &[], residuals: None }
}

fn sum(terms: impl IntoIterator<Item = Jet>) -> Jet {
    terms.into_iter().reduce(|a, b| a + b).expect("sums of test problems have terms")
}

fn rosenbrock(x: &[Jet]) -> Jet {
    100.0 * (&x[1] - x[0].sq()).sq() + (1.0 - &x[0]).sq()
}

/// Hock and Schittkowski (1981) by number, unless the name says otherwise.
pub fn all() -> Vec<Case> {
    let mut cases = bound_cases();
    cases.extend(equality_cases());
    cases.extend(inequality_cases());
    cases.extend(hard_cases());
    cases.extend(integer_cases());
    cases.extend(absolute_value_cases());
    cases.extend(super::squares::contract_cases());
    cases
}

fn bound_cases() -> Vec<Case> {
    vec![
        case(
            "hs1",
            Problem {
                objective: rosenbrock,
                rows: no_rows,
                row_bounds: &[],
                bounds: &[FREE, (-1.5, INF)],
                start: &[-2.0, 1.0],
            },
            &[0.0],
        ),
        case(
            "hs2",
            Problem {
                objective: rosenbrock,
                rows: no_rows,
                row_bounds: &[],
                bounds: &[FREE, (1.5, INF)],
                start: &[-2.0, 1.0],
            },
            &[0.050_426_187_9, 4.941_229_318],
        ),
        case(
            "hs3",
            Problem {
                objective: |x| &x[1] + 1e-5 * (&x[1] - &x[0]).sq(),
                rows: no_rows,
                row_bounds: &[],
                bounds: &[FREE, POSITIVE],
                start: &[10.0, 1.0],
            },
            &[0.0],
        )
        .convex_quadratic(),
        case(
            "hs4",
            Problem {
                objective: |x| (&x[0] + 1.0).powi(3) * (1.0 / 3.0) + &x[1],
                rows: no_rows,
                row_bounds: &[],
                bounds: &[(1.0, INF), POSITIVE],
                start: &[1.125, 0.125],
            },
            &[8.0 / 3.0],
        ),
        case(
            "hs38",
            Problem {
                objective: |x| {
                    100.0 * (&x[1] - x[0].sq()).sq()
                        + (1.0 - &x[0]).sq()
                        + 90.0 * (&x[3] - x[2].sq()).sq()
                        + (1.0 - &x[2]).sq()
                        + 10.1 * ((&x[1] - 1.0).sq() + (&x[3] - 1.0).sq())
                        + 19.8 * (&x[1] - 1.0) * (&x[3] - 1.0)
                },
                rows: no_rows,
                row_bounds: &[],
                bounds: &[(-10.0, 10.0); 4],
                start: &[-3.0, -1.0, -3.0, -1.0],
            },
            &[0.0],
        ),
        case(
            "hs45",
            Problem {
                objective: |x| 2.0 - &x[0] * &x[1] * &x[2] * &x[3] * &x[4] * (1.0 / 120.0),
                rows: no_rows,
                row_bounds: &[],
                bounds: &[(0.0, 1.0), (0.0, 2.0), (0.0, 3.0), (0.0, 4.0), (0.0, 5.0)],
                start: &[2.0; 5],
            },
            // The second is the stationary face where some variables are 0.
            &[1.0],
        ),
        case(
            "log barrier: values only inside the bounds",
            Problem {
                objective: |x| &x[0] - x[0].ln() + (&x[1] * -1.0 + 2.0).ln() * -1.0 + x[1].sq(),
                rows: no_rows,
                row_bounds: &[],
                bounds: &[POSITIVE, (-INF, 2.0)],
                start: &[0.0, 1.9],
            },
            // At x = 1 and y = 1 - sqrt(6)/2.
            &[0.250_868_012_7],
        ),
        case(
            "a fixed variable",
            Problem {
                objective: |x| (&x[0] - 3.0).sq() + (&x[0] - &x[1]).sq(),
                rows: no_rows,
                row_bounds: &[],
                bounds: &[FREE, (1.0, 1.0)],
                start: &[0.0, 0.0],
            },
            &[2.0],
        )
        .convex_quadratic(),
        case(
            "every variable is fixed",
            Problem {
                objective: |x| (&x[0] - 3.0).sq() + &x[1],
                rows: no_rows,
                row_bounds: &[],
                bounds: &[(2.0, 2.0), (1.0, 1.0)],
                start: &[0.0, 0.0],
            },
            &[2.0],
        )
        .convex_quadratic(),
    ]
}

fn equality_cases() -> Vec<Case> {
    vec![
        case(
            "hs6",
            Problem {
                objective: |x| (1.0 - &x[0]).sq(),
                rows: |x| vec![10.0 * (&x[1] - x[0].sq())],
                row_bounds: &[ZERO],
                bounds: &[],
                start: &[-1.2, 1.0],
            },
            &[0.0],
        ),
        case(
            "hs7",
            Problem {
                objective: |x| (x[0].sq() + 1.0).ln() - &x[1],
                rows: |x| vec![(x[0].sq() + 1.0).sq() + x[1].sq()],
                row_bounds: &[(4.0, 4.0)],
                bounds: &[],
                start: &[2.0, 2.0],
            },
            &[-1.732_050_807_568_877],
        ),
        case(
            "hs8, a square system",
            Problem {
                objective: |x| &x[0] * 0.0 - 1.0,
                rows: |x| vec![x[0].sq() + x[1].sq(), &x[0] * &x[1]],
                row_bounds: &[(25.0, 25.0), (9.0, 9.0)],
                bounds: &[],
                start: &[2.0, 1.0],
            },
            &[-1.0],
        ),
        case(
            "hs26",
            Problem {
                objective: |x| (&x[0] - &x[1]).sq() + (&x[1] - &x[2]).powi(4),
                rows: |x| vec![(1.0 + x[1].sq()) * &x[0] + x[2].powi(4)],
                row_bounds: &[(3.0, 3.0)],
                bounds: &[],
                start: &[-2.6, 2.0, 2.0],
            },
            &[0.0],
        ),
        case(
            "hs27",
            Problem {
                objective: |x| 0.01 * (&x[0] - 1.0).sq() + (&x[1] - x[0].sq()).sq(),
                rows: |x| vec![&x[0] + x[2].sq()],
                row_bounds: &[(-1.0, -1.0)],
                bounds: &[],
                start: &[2.0, 2.0, 2.0],
            },
            &[0.04],
        ),
        case(
            "hs28",
            Problem {
                objective: |x| (&x[0] + &x[1]).sq() + (&x[1] + &x[2]).sq(),
                rows: |x| vec![&x[0] + 2.0 * &x[1] + 3.0 * &x[2]],
                row_bounds: &[(1.0, 1.0)],
                bounds: &[],
                start: &[-4.0, 1.0, 1.0],
            },
            &[0.0],
        )
        .convex_quadratic(),
        case(
            "hs39",
            Problem {
                objective: |x| -&x[0],
                rows: |x| vec![&x[1] - x[0].powi(3) - x[2].sq(), x[0].sq() - &x[1] - x[3].sq()],
                row_bounds: &[ZERO, ZERO],
                bounds: &[],
                start: &[2.0; 4],
            },
            &[-1.0],
        ),
        case(
            "hs40",
            Problem {
                objective: |x| -(&x[0] * &x[1] * &x[2] * &x[3]),
                rows: |x| vec![x[0].powi(3) + x[1].sq(), x[0].sq() * &x[3] - &x[2], x[3].sq() - &x[1]],
                row_bounds: &[(1.0, 1.0), ZERO, ZERO],
                bounds: &[],
                start: &[0.8; 4],
            },
            &[-0.25],
        ),
        case(
            "hs63",
            Problem {
                objective: |x| 1000.0 - x[0].sq() - 2.0 * x[1].sq() - x[2].sq() - &x[0] * &x[1] - &x[0] * &x[2],
                rows: |x| vec![8.0 * &x[0] + 14.0 * &x[1] + 7.0 * &x[2], sum(x.iter().map(Jet::sq))],
                row_bounds: &[(56.0, 56.0), (25.0, 25.0)],
                bounds: &[POSITIVE; 3],
                start: &[2.0; 3],
            },
            &[961.715_172_1],
        ),
        case(
            "the same equation twice",
            Problem {
                objective: |x| x[0].sq() + x[1].sq(),
                rows: |x| vec![&x[0] + &x[1], &x[0] + &x[1]],
                row_bounds: &[(2.0, 2.0), (2.0, 2.0)],
                bounds: &[],
                start: &[0.0, 5.0],
            },
            &[2.0],
        )
        .convex_quadratic(),
    ]
}

fn inequality_cases() -> Vec<Case> {
    vec![
        case(
            "hs10",
            Problem {
                objective: |x| &x[0] - &x[1],
                rows: |x| vec![-3.0 * x[0].sq() + 2.0 * &x[0] * &x[1] - x[1].sq()],
                row_bounds: &[(-1.0, INF)],
                bounds: &[],
                start: &[-10.0, 10.0],
            },
            &[-1.0],
        ),
        case(
            "hs12",
            Problem {
                objective: |x| 0.5 * x[0].sq() + x[1].sq() - &x[0] * &x[1] - 7.0 * &x[0] - 7.0 * &x[1],
                rows: |x| vec![4.0 * x[0].sq() + x[1].sq()],
                row_bounds: &[(-INF, 25.0)],
                bounds: &[],
                start: &[0.0, 0.0],
            },
            &[-30.0],
        ),
        case(
            "hs15",
            Problem {
                objective: rosenbrock,
                rows: |x| vec![&x[0] * &x[1], &x[0] + x[1].sq()],
                row_bounds: &[(1.0, INF), POSITIVE],
                bounds: &[(-INF, 0.5), FREE],
                start: &[-2.0, 1.0],
            },
            &[306.5, 360.379_767],
        ),
        case(
            "hs24",
            Problem {
                objective: |x| ((&x[0] - 3.0).sq() - 9.0) * x[1].powi(3) * (1.0 / (27.0 * 3f64.sqrt())),
                rows: |x| {
                    let s = 3f64.sqrt();
                    vec![&x[0] * (1.0 / s) - &x[1], &x[0] + s * &x[1], 6.0 - &x[0] - s * &x[1]]
                },
                row_bounds: &[POSITIVE, POSITIVE, POSITIVE],
                bounds: &[POSITIVE, POSITIVE],
                start: &[1.0, 0.5],
            },
            &[-1.0],
        ),
        case(
            "hs35",
            Problem {
                objective: |x| {
                    9.0 - 8.0 * &x[0] - 6.0 * &x[1] - 4.0 * &x[2]
                        + 2.0 * x[0].sq()
                        + 2.0 * x[1].sq()
                        + x[2].sq()
                        + 2.0 * &x[0] * &x[1]
                        + 2.0 * &x[0] * &x[2]
                },
                rows: |x| vec![&x[0] + &x[1] + 2.0 * &x[2]],
                row_bounds: &[(-INF, 3.0)],
                bounds: &[POSITIVE; 3],
                start: &[0.5; 3],
            },
            &[1.0 / 9.0],
        )
        .convex_quadratic(),
        case(
            "hs71",
            Problem {
                objective: |x| &x[0] * &x[3] * (&x[0] + &x[1] + &x[2]) + &x[2],
                rows: |x| vec![&x[0] * &x[1] * &x[2] * &x[3], sum(x.iter().map(Jet::sq))],
                row_bounds: &[(25.0, INF), (40.0, 40.0)],
                bounds: &[(1.0, 5.0); 4],
                start: &[1.0, 5.0, 5.0, 1.0],
            },
            &[17.014_017_3],
        ),
        case(
            "hs43, a range and a free row beside it",
            Problem {
                objective: |x| {
                    x[0].sq() + x[1].sq() + 2.0 * x[2].sq() + x[3].sq() - 5.0 * &x[0] - 5.0 * &x[1] - 21.0 * &x[2]
                        + 7.0 * &x[3]
                },
                rows: |x| {
                    let squares = sum(x.iter().map(Jet::sq));
                    vec![
                        &squares + &x[0] - &x[1] + &x[2] - &x[3],
                        &squares + x[1].sq() + x[3].sq() - &x[0] - &x[3],
                        2.0 * x[0].sq() + x[1].sq() + x[2].sq() + 2.0 * &x[0] - &x[1] - &x[3],
                        &x[0] * &x[1],
                    ]
                },
                row_bounds: &[(-100.0, 8.0), (-INF, 10.0), (-INF, 5.0), FREE],
                bounds: &[],
                start: &[0.0; 4],
            },
            &[-44.0],
        ),
        case(
            "hs100",
            Problem {
                objective: |x| {
                    (&x[0] - 10.0).sq()
                        + 5.0 * (&x[1] - 12.0).sq()
                        + x[2].powi(4)
                        + 3.0 * (&x[3] - 11.0).sq()
                        + 10.0 * x[4].powi(6)
                        + 7.0 * x[5].sq()
                        + x[6].powi(4)
                        - 4.0 * &x[5] * &x[6]
                        - 10.0 * &x[5]
                        - 8.0 * &x[6]
                },
                rows: |x| {
                    vec![
                        2.0 * x[0].sq() + 3.0 * x[1].powi(4) + &x[2] + 4.0 * x[3].sq() + 5.0 * &x[4],
                        7.0 * &x[0] + 3.0 * &x[1] + 10.0 * x[2].sq() + &x[3] - &x[4],
                        23.0 * &x[0] + x[1].sq() + 6.0 * x[5].sq() - 8.0 * &x[6],
                        4.0 * x[0].sq() + x[1].sq() - 3.0 * &x[0] * &x[1] + 2.0 * x[2].sq() + 5.0 * &x[5]
                            - 11.0 * &x[6],
                    ]
                },
                row_bounds: &[(-INF, 127.0), (-INF, 282.0), (-INF, 196.0), (-INF, 0.0)],
                bounds: &[],
                start: &[1.0, 2.0, 0.0, 4.0, 0.0, 1.0, 1.0],
            },
            &[680.630_057_3],
        ),
        case(
            "a linear program with a degenerate vertex",
            Problem {
                objective: |x| -&x[0] - &x[1],
                rows: |x| vec![&x[0] + &x[1], &x[0] + 2.0 * &x[1], 2.0 * &x[0] + &x[1]],
                row_bounds: &[(-INF, 2.0), (-INF, 3.0), (-INF, 3.0)],
                bounds: &[POSITIVE; 2],
                start: &[0.0, 0.0],
            },
            &[-2.0],
        )
        .linear(),
    ]
}

fn hard_cases() -> Vec<Case> {
    vec![
        special(
            "hs13, where no constraint qualification holds",
            Problem {
                objective: |x| (&x[0] - 2.0).sq() + x[1].sq(),
                rows: |x| vec![(1.0 - &x[0]).powi(3) - &x[1]],
                row_bounds: &[POSITIVE],
                bounds: &[POSITIVE; 2],
                start: &[-2.0, -2.0],
            },
            &[1.0],
            Expected::Feasible,
        ),
        special(
            "a circle and a line that do not meet",
            Problem {
                objective: |x| &x[0] + &x[1],
                rows: |x| vec![x[0].sq() + x[1].sq(), &x[0] + &x[1]],
                row_bounds: &[(-INF, 1.0), (3.0, INF)],
                bounds: &[],
                start: &[0.5, 0.0],
            },
            &[],
            Expected::Infeasible,
        ),
        special(
            "two equations that contradict each other",
            Problem {
                objective: |x| x[0].sq() + x[1].sq(),
                rows: |x| vec![&x[0] + &x[1], &x[0] + &x[1]],
                row_bounds: &[(1.0, 1.0), (3.0, 3.0)],
                bounds: &[],
                start: &[0.0, 0.0],
            },
            &[],
            Expected::Infeasible,
        )
        .convex_quadratic(),
        special(
            "bounds that leave no room for a row",
            Problem {
                objective: |x| &x[0] * &x[1],
                rows: |x| vec![&x[0] + &x[1]],
                row_bounds: &[(3.0, INF)],
                bounds: &[(0.0, 1.0), (0.0, 1.0)],
                start: &[0.5, 0.5],
            },
            &[],
            Expected::Infeasible,
        ),
        special(
            "a half line along which the objective falls",
            Problem {
                objective: |x| &x[1] - &x[0],
                rows: |x| vec![&x[0] - &x[1]],
                row_bounds: &[(-1.0, INF)],
                bounds: &[POSITIVE; 2],
                start: &[1.0, 1.0],
            },
            &[],
            Expected::Unbounded,
        )
        .linear(),
        special(
            "a cubic without a minimum",
            Problem {
                objective: |x| x[0].powi(3) + x[1].sq(),
                rows: no_rows,
                row_bounds: &[],
                bounds: &[],
                start: &[-1.0, 1.0],
            },
            &[],
            Expected::Unbounded,
        ),
        special(
            "a logarithm of a negative number everywhere",
            Problem {
                objective: |x| (x[0].sq() * -1.0 - 1.0).ln(),
                rows: no_rows,
                row_bounds: &[],
                bounds: &[],
                start: &[1.0],
            },
            &[],
            Expected::Undefined,
        ),
        special(
            "Wächter and Biegler's example from the far side, a local minimum of the violation",
            Problem {
                objective: |x| &x[0] * 1.0,
                rows: |x| vec![x[0].sq() - &x[1] - 1.0, &x[0] - &x[2] - 0.5],
                row_bounds: &[ZERO, ZERO],
                bounds: &[FREE, POSITIVE, POSITIVE],
                start: &[-2.0, 3.0, 1.0],
            },
            // The global minimum, on the other side.
            &[1.0],
            Expected::Infeasible,
        ),
        case(
            "a row whose square root has no value outside a disk",
            Problem {
                objective: |x| &x[0] + &x[1],
                rows: |x| vec![(1.0 - x[0].sq() - x[1].sq()).sqrt()],
                row_bounds: &[(0.5, INF)],
                bounds: &[],
                start: &[0.1, 0.9],
            },
            // -sqrt(2) sqrt(3/4).
            &[-1.224_744_871_391_589],
        ),
    ]
}

/// `f + sum(w |x|)`, with answers from the conditions of optimality by hand.
fn absolute_value_cases() -> Vec<Case> {
    let with = |l1, case| Case { l1, ..case };
    vec![
        with(
            &[1.0, 1.0, 1.0],
            case(
                "soft thresholds: one variable above, one below, one within",
                Problem {
                    objective: |x| 0.5 * ((&x[0] - 3.0).sq() + (&x[1] + 2.0).sq() + (&x[2] - 0.5).sq()),
                    rows: no_rows,
                    row_bounds: &[],
                    bounds: &[],
                    start: &[0.3, 5.0, -7.0],
                },
                // At (2, -1, 0): 0.5 (1 + 1 + 0.25) + 3.
                &[4.125],
            ),
        ),
        with(
            &[0.5, 2.0],
            case(
                "absolute values in a box that keeps one variable from 0",
                Problem {
                    objective: |x| (&x[0] + &x[1] - 1.0).sq() + 0.5 * (&x[0] - &x[1]).sq(),
                    rows: no_rows,
                    row_bounds: &[],
                    bounds: &[(-1.0, 5.0), (0.25, 1.0)],
                    start: &[4.0, 0.9],
                },
                // At x1 = 1/4 the rest is 3 x0 - 7/4 + 1/2 = 0, hence x0 = 5/12.
                &[1.0 / 9.0 + 1.0 / 72.0 + 5.0 / 24.0 + 0.5],
            ),
        ),
        with(
            &[0.1, 0.0],
            case(
                "the banana valley with a weight on one variable only",
                Problem { objective: rosenbrock, rows: no_rows, row_bounds: &[], bounds: &[], start: &[-1.2, 1.0] },
                // On x1 = x0² it is (1 - x0)² + 0.1 x0, least at x0 = 0.95.
                &[0.0975],
            ),
        ),
    ]
}

/// Linear problems with whole variables.
fn integer_cases() -> Vec<Case> {
    vec![
        case(
            "a knapsack",
            Problem {
                objective: |x| -(10.0 * &x[0] + 13.0 * &x[1] + 7.0 * &x[2] + 8.0 * &x[3] + 2.0 * &x[4] + 9.0 * &x[5]),
                rows: |x| vec![5.0 * &x[0] + 7.0 * &x[1] + 4.0 * &x[2] + 3.0 * &x[3] + &x[4] + 6.0 * &x[5]],
                row_bounds: &[(-INF, 14.0)],
                bounds: &[(0.0, 1.0); 6],
                start: &[0.0; 6],
            },
            &[-28.0],
        )
        .linear()
        .whole(&[0, 1, 2, 3, 4, 5]),
        case(
            "a fixed charge beside a flow, with a constant, a range and a free row",
            Problem {
                // Either of two sources, each with a charge for being open; 3 + min of (5 + 2*8, 9 + 1*8, mixtures).
                objective: |x| 3.0 + 2.0 * &x[0] + &x[1] + 5.0 * &x[2] + 9.0 * &x[3],
                rows: |x| vec![&x[0] + &x[1], &x[0] - 10.0 * &x[2], &x[1] - 10.0 * &x[3], &x[0] - &x[1]],
                row_bounds: &[(8.0, 9.0), (-INF, 0.0), (-INF, 0.0), FREE],
                bounds: &[POSITIVE, POSITIVE, (0.0, 1.0), (0.0, 1.0)],
                start: &[0.0; 4],
            },
            &[20.0],
        )
        .linear()
        .whole(&[2, 3]),
        special(
            "an even number that is odd",
            Problem {
                objective: |x| &x[0] + &x[1],
                rows: |x| vec![2.0 * &x[0] - 2.0 * &x[1]],
                row_bounds: &[(1.0, 1.0)],
                bounds: &[(0.0, 10.0), (0.0, 10.0)],
                start: &[0.0; 2],
            },
            &[],
            Expected::Infeasible,
        )
        .linear()
        .whole(&[0, 1]),
        special(
            "whole variables whose rows contradict each other",
            Problem {
                objective: |x| &x[0] + &x[1],
                rows: |x| vec![&x[0] + &x[1]],
                row_bounds: &[(21.0, INF)],
                bounds: &[(0.0, 10.0), (0.0, 10.0)],
                start: &[0.0; 2],
            },
            &[],
            Expected::Infeasible,
        )
        .linear()
        .whole(&[0, 1]),
        special(
            "a whole variable that is fixed between whole numbers",
            Problem {
                objective: |x| &x[0] + &x[1],
                rows: |x| vec![2.0 * &x[0], &x[0] + &x[1]],
                row_bounds: &[(3.0, 3.0), (1.0, INF)],
                bounds: &[(0.0, 10.0), (0.0, 10.0)],
                start: &[0.0; 2],
            },
            &[],
            Expected::Infeasible,
        )
        .linear()
        .whole(&[0, 1]),
        special(
            "a whole variable that falls without end",
            Problem {
                objective: |x| -&x[0] - &x[1],
                rows: |x| vec![&x[0] - &x[1]],
                row_bounds: &[(-INF, 2.5)],
                bounds: &[POSITIVE, POSITIVE],
                start: &[0.0; 2],
            },
            &[],
            Expected::Unbounded,
        )
        .linear()
        .whole(&[0]),
    ]
}
