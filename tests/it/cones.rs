//! Norms as second-order cones: answers that are known, at the tips of norms too; refutations; and wrong shapes of problems,
//! which go elsewhere.

use crate::engines::{solve_with, solved_by};
use optc::driver::report::Report;
use optc::problem::Status;

fn solved(text: &str) -> Report {
    let report = solved_by("clarabel", text, Status::GlobalOptimum);
    assert_eq!(report.problem.class, "SOCP", "{text}");
    report
}

#[test]
fn a_linear_objective_over_a_ball_ends_where_its_gradient_points() {
    // min c'x over |x - a| <= r is c'a - r |c|, with multiplier |c|.
    solved(
        "set I = 1..3\nparam c[I] = {1: 2, 2: -3, 3: 6}\nparam a[I] = {1: 1, 2: 1, 3: -1}\nvar x[i in I]\n\
         minimize f: sum(i in I: c[i] * x[i])\nsubject to\n  ball: norm2(i in I: x[i] - a[i]) <= 4\n\
         expect f ~= -35\nexpect x[3] ~= -4.428571428571 tol 1e-6\nexpect dual(ball) ~= -7 tol 1e-6\n",
    );
}

#[test]
fn a_point_at_the_tip_of_a_norm_is_certified() {
    // Where an angle of the triangle is 120 degrees or more, its corner has the least sum of distances (Torricelli).
    solved(
        "set P = 1..3\nparam px[P] = {1: 0, 2: 4, 3: -4}\nparam py[P] = {1: 0, 2: 1, 3: 1}\nvar x\nvar y\n\
         minimize f: sum(p in P: sqrt((x - px[p])^2 + (y - py[p])^2))\n\
         expect x ~= 0 tol 1e-6\nexpect y ~= 0 tol 1e-6\nexpect f ~= 8.246211251235 tol 1e-6\n",
    );
    // A distance on its own: 0, where no slope is.
    solved("set I = 1..4\nvar x[i in I]\nminimize f: norm2(i in I: x[i] - i)\nexpect f ~= 0 tol 1e-6\n");
    solved(
        "var x\nvar y\nminimize f: hypot(x - 1, 2 * y) + 0.5 * x\nexpect f ~= 0.5 tol 1e-6\nexpect y ~= 0 tol 1e-6\n",
    );
}

#[test]
fn groups_that_a_group_lasso_drops_are_zero() {
    // With an orthonormal design each group is its data, shrunk: max(0, 1 - w / |z|) z (Yuan and Lin 2006, equation 2.4).
    solved(
        "set G = 1..3\nset J = 1..2\nparam z[G, J] = [[3, 4], [0.3, -0.4], [0, 2]]\nparam w = 1\nvar x[g in G, j in J]\n\
         minimize f: 0.5 * sum(g in G, j in J: (x[g, j] - z[g, j])^2) + w * sum(g in G: norm2(j in J: x[g, j]))\n\
         expect x[1, 1] ~= 2.4 tol 1e-5\nexpect x[1, 2] ~= 3.2 tol 1e-5\nexpect x[2, 1] ~= 0 tol 1e-5\n\
         expect x[2, 2] ~= 0 tol 1e-5\nexpect x[3, 2] ~= 1 tol 1e-5\nexpect f ~= 6.125 tol 1e-6\n",
    );
}

#[test]
fn every_instance_of_an_indexed_norm_has_its_own_cone() {
    // The smallest ball around the corners of a 3-4-5 triangle has its hypotenuse for a diameter; weights and filters of
    // different lengths per instance.
    solved(
        "set P = 1..3\nparam px[P] = {1: 0, 2: 4, 3: 0}\nparam py[P] = {1: 0, 2: 0, 3: 3}\nvar c[1..2]\nvar r\n\
         minimize r\nsubject to\n  reach[p in P]: hypot(c[1] - px[p], c[2] - py[p]) <= r\n\
         expect r ~= 2.5 tol 1e-6\nexpect c[1] ~= 2 tol 1e-5\nexpect c[2] ~= 1.5 tol 1e-5\n",
    );
    solved(
        "set I = 1..4\nvar x[i in I]\nmaximize f: sum(i in I: x[i])\nsubject to\n  \
         head[k in 2..4]: norm2(i in I if i < k: sqrt(i) * x[i]) <= k\n  last: x[4] <= 0\n\
         expect f ~= 5.108664062 tol 1e-6\n",
    );
}

#[test]
fn norms_beside_each_other_and_in_definitions_are_cones() {
    // Heron: from (0, 1) by the line y = 0 to (3, 3), as light is mirrored: 5.
    solved(
        "var x\nlet first = sqrt(x^2 + 1)\nlet legs[k in 1..2] = norm2(j in 1..2: if j == 1 then x - 3 * (k - 1) else 2 * k - 1)\n\
         minimize f: first + legs[2]\nexpect f ~= 5 tol 1e-6\nexpect x ~= 0.75 tol 1e-5\n",
    );
    // One row with two norms and a constant beside them.
    solved(
        "var x\nvar y\nmaximize x + y\nsubject to\n  both: 2 * hypot(x, y) + sqrt(1 + x^2) - 1 <= 3 + 0 * y\n  diagonal: x == y\n\
         expect x ~= 0.93112528 tol 1e-6\n",
    );
}

#[test]
fn kinks_and_norms_go_together() {
    solved(
        "var x\nvar y\nminimize f: hypot(x, y) + abs(x - 1) + max(y, 2 - x)\n\
         expect f ~= 2 tol 1e-6\nexpect y ~= 0 tol 1e-5\n",
    );
}

#[test]
fn a_norm_of_nothing_is_zero() {
    solved(
        "set J = {j in 1..3 if j > 5}\nvar x[1..3] in [-1, 1]\nvar t\nminimize f: t + x[1]\nsubject to\n  \
         a: norm2(j in J: x[j]) <= t\n  b[i in 1..3]: norm2(j in 1..3 if j > i: x[j]) <= 0.5\nexpect f ~= -1 tol 1e-7\n",
    );
}

#[test]
fn what_cannot_be_is_proved_over_cones() {
    let infeasible = "var x[1..2]\nminimize x[1]\nsubject to\n  ball: norm2(x) <= 1\n  far: x[1] + x[2] >= 1.5\n";
    solved_by("clarabel", infeasible, Status::Infeasible);
    let unbounded = "var x[1..2]\nvar t\nmaximize t - x[1]\nsubject to\n  cone: norm2(x) <= t\n";
    solved_by("clarabel", unbounded, Status::Unbounded);
}

#[test]
fn norms_that_are_no_cones_go_to_the_interior_point() {
    for text in [
        // On the wrong side of a row; of a square; beside what is not affine.
        "var x in [0, 2]\nvar y in [0, 2]\nminimize x\nsubject to\n  out: hypot(x + 1, y) >= 2\nexpect x ~= 0 tol 1e-6\n",
        "var x start 1\nvar y start 1\nminimize (x - 3)^2 + y^2\nsubject to\n  c: sqrt(x^4 + y^2) <= 2\n",
        "var x start 1\nvar y start 1\nminimize exp(x) + y\nsubject to\n  c: norm2(i in 1..2: if i == 1 then x else y) <= 2\n",
    ] {
        let report = solve_with(text, None);
        assert_eq!(report.runs[0].method, "interior_point", "{text}");
        assert!(report.status().is_some_and(Status::is_optimal), "{text}\n{:?}", report.runs);
    }
}

#[test]
fn random_cone_problems_have_the_optimum_that_the_interior_point_finds() {
    let mut state = 12345u64;
    let mut next = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / f64::from(1u32 << 30) - 1.0
    };
    for _ in 0..12 {
        let (n, m) = (4, 3);
        let mut text = format!("var x[1..{n}] in [-3, 3] start 0.1\nvar t\nminimize f: t");
        (1..=n).for_each(|j| text += &format!(" + {} * x[{j}]", next()));
        text += "\nsubject to\n";
        for i in 0..m {
            let parts: Vec<String> = (0..3)
                .map(|_| {
                    let row: Vec<String> = (1..=n).map(|j| format!("{} * x[{j}]", next())).collect();
                    format!("({} + {})^2", row.join(" + "), next())
                })
                .collect();
            text += &format!("  c{i}: sqrt({}) <= t + {} * x[{}] + 1\n", parts.join(" + "), next(), i + 1);
        }
        text += "  low: t >= -5\n";
        let (cones, points) = (solve_with(&text, None), solve_with(&text, Some("interior_point")));
        assert_eq!(cones.runs[0].method, "clarabel", "{text}");
        assert_eq!(cones.status(), Some(Status::GlobalOptimum), "{text}\n{:?}", cones.runs);
        let (a, b) = (cones.runs[0].objective, points.runs[0].objective);
        assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{text}\n{a} {b}");
    }
}
