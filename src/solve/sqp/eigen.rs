//! Small symmetric matrices made positive definite by their eigenvalues.
//!
//! Source: cyclic Jacobi rotations, Golub and Van Loan, Matrix Computations (2013), section 8.5.
//! Deliberately absent: large matrices; a sweep costs `O(n³)`, and there are about eight.

use crate::num::vmath::hypot;

/// Sweeps at most; each squares the size of what is off the diagonal in the end.
const SWEEPS: usize = 30;

/// Replaces `a = V diag(λ) Vᵀ`, both triangles, `n` square, by `V diag(max(|λ|, least)) Vᵀ`: steps then go down along
/// directions of negative curvature as far as along those of positive one. `v` and `work` have the length of `a`.
pub fn make_definite(a: &mut [f64], v: &mut [f64], work: &mut [f64], n: usize, least: f64) {
    v.fill(0.0);
    (0..n).for_each(|i| v[i * n + i] = 1.0);
    for _ in 0..SWEEPS {
        let (mut off, mut all) = (0.0, 0.0);
        for i in 0..n {
            for j in 0..n {
                let square = a[i * n + j] * a[i * n + j];
                all += square;
                off += if i == j { 0.0 } else { square };
            }
        }
        if off <= 1e-28 * all {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(a, v, n, p, q);
            }
        }
    }
    work[..n].iter_mut().enumerate().for_each(|(k, value)| *value = a[k * n + k].abs().max(least));
    let values = &work[..n];
    for i in 0..n {
        for j in 0..=i {
            let entry = (0..n).map(|k| v[k * n + i] * values[k] * v[k * n + j]).sum();
            a[i * n + j] = entry;
            a[j * n + i] = entry;
        }
    }
}

/// Makes entry `(p, q)` 0; eigenvectors are the rows of `v`.
fn rotate(a: &mut [f64], v: &mut [f64], n: usize, p: usize, q: usize) {
    let apq = a[p * n + q];
    if apq == 0.0 {
        return;
    }
    let tau = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
    let t = tau.signum() / (tau.abs() + hypot(tau, 1.0));
    let c = 1.0 / hypot(t, 1.0);
    let s = t * c;
    for k in 0..n {
        let (x, y) = (a[k * n + p], a[k * n + q]);
        (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
    }
    for k in 0..n {
        let (x, y) = (a[p * n + k], a[q * n + k]);
        (a[p * n + k], a[q * n + k]) = (c * x - s * y, s * x + c * y);
        let (x, y) = (v[p * n + k], v[q * n + k]);
        (v[p * n + k], v[q * n + k]) = (c * x - s * y, s * x + c * y);
    }
    a[p * n + q] = 0.0;
    a[q * n + p] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::random::Stream;

    #[test]
    fn eigenvalues_keep_their_size_and_vectors_and_lose_their_sign() {
        // A = Q diag(λ) Q with the reflection Q = I - 2 u u' / u'u.
        let mut rng = Stream::new(8, 5);
        for n in 1..12 {
            let u: Vec<f64> = (0..n).map(|_| rng.uniform(-1.0, 1.0) + 0.1).collect();
            let size: f64 = u.iter().map(|u| u * u).sum();
            let q = |i: usize, j: usize| f64::from(u8::from(i == j)) - 2.0 * u[i] * u[j] / size;
            let lambda: Vec<f64> = (0..n).map(|k| [-3.0, 0.5, 0.0, 7.0, -1e-9][k % 5] * (1.0 + k as f64)).collect();
            let of = |f: &dyn Fn(f64) -> f64| -> Vec<f64> {
                let entry = |at: usize| (0..n).map(|k| q(at / n, k) * f(lambda[k]) * q(k, at % n)).sum();
                (0..n * n).map(entry).collect()
            };
            let (mut a, wanted) = (of(&|l| l), of(&|l| l.abs().max(1e-3)));
            let (mut v, mut work) = (vec![0.0; n * n], vec![0.0; n * n]);
            make_definite(&mut a, &mut v, &mut work, n, 1e-3);
            assert!(a.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-10), "order {n}: {a:?} {wanted:?}");
        }
    }
}
