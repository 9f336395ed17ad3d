//! Products and norms of dense vectors, summed in a fixed order.
//!
//! Takes slices of equal length, gives scalars or writes into slices.
//! Deliberately absent: matrices (use faer), threads.

/// `aᵀ b`, summed in four interleaved lanes: the same bits on every run.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    let mut lanes = [0.0f64; 4];
    let (a_blocks, b_blocks) = (a.chunks_exact(4), b.chunks_exact(4));
    let tail: f64 = a_blocks.remainder().iter().zip(b_blocks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_blocks.zip(b_blocks) {
        for lane in 0..4 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + tail
}

/// `y += scale * x`.
pub fn axpy(scale: f64, x: &[f64], y: &mut [f64]) {
    for (y_i, x_i) in y.iter_mut().zip(x) {
        *y_i += scale * x_i;
    }
}

/// `y += scale * x`, then `zᵀ y`, in one pass; summed like [`dot`].
pub fn axpy_dot(scale: f64, x: &[f64], y: &mut [f64], z: &[f64]) -> f64 {
    debug_assert!(x.len() == y.len() && z.len() == y.len());
    let mut lanes = [0.0f64; 4];
    let whole = y.len() / 4 * 4;
    let (y_head, y_tail) = y.split_at_mut(whole);
    let (x_head, x_tail) = x.split_at(whole);
    let (z_head, z_tail) = z.split_at(whole);
    for ((y, x), z) in y_head.chunks_exact_mut(4).zip(x_head.chunks_exact(4)).zip(z_head.chunks_exact(4)) {
        for lane in 0..4 {
            y[lane] += scale * x[lane];
            lanes[lane] += y[lane] * z[lane];
        }
    }
    let mut tail = 0.0;
    for ((y, x), z) in y_tail.iter_mut().zip(x_tail).zip(z_tail) {
        *y += scale * x;
        tail += *y * z;
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + tail
}

/// `xᵀ a` and `xᵀ b`, each summed like [`dot`]; long vectors pass through the cache once.
pub fn dot_pair(x: &[f64], a: &[f64], b: &[f64]) -> (f64, f64) {
    /// Three pieces of this length fit the first cache; a multiple of the lanes.
    const PIECE: usize = 1024;
    debug_assert!(a.len() == x.len() && b.len() == x.len());
    let (mut with_a, mut with_b) = ([0.0f64; 4], [0.0f64; 4]);
    let (mut a_tail, mut b_tail) = (0.0, 0.0);
    let piece = |x: &[f64], y: &[f64], lanes: &mut [f64; 4], tail: &mut f64| {
        let (x_blocks, y_blocks) = (x.chunks_exact(4), y.chunks_exact(4));
        *tail = x_blocks.remainder().iter().zip(y_blocks.remainder()).map(|(x, y)| x * y).sum();
        for (x, y) in x_blocks.zip(y_blocks) {
            for lane in 0..4 {
                lanes[lane] += x[lane] * y[lane];
            }
        }
    };
    for ((x, a), b) in x.chunks(PIECE).zip(a.chunks(PIECE)).zip(b.chunks(PIECE)) {
        piece(x, a, &mut with_a, &mut a_tail);
        piece(x, b, &mut with_b, &mut b_tail);
    }
    let sum = |lanes: [f64; 4], tail: f64| (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + tail;
    (sum(with_a, a_tail), sum(with_b, b_tail))
}

/// `y += alpha a + beta b` in one pass.
pub fn axpy_pair((alpha, a): (f64, &[f64]), (beta, b): (f64, &[f64]), y: &mut [f64]) {
    for ((y_i, a_i), b_i) in y.iter_mut().zip(a).zip(b) {
        *y_i += alpha * a_i + beta * b_i;
    }
}

/// Largest absolute value; 0 for an empty vector, NaN when an entry is NaN.
pub fn norm_inf(v: &[f64]) -> f64 {
    // A comparison never takes a NaN, and `0 x` shows that there was one, or an infinity.
    let (mut lanes, mut marks) = ([0.0f64; 4], [0.0f64; 4]);
    let blocks = v.chunks_exact(4);
    let tail = blocks.remainder();
    for block in blocks {
        for lane in 0..4 {
            let size = block[lane].abs();
            lanes[lane] = if size > lanes[lane] { size } else { lanes[lane] };
            marks[lane] += 0.0 * block[lane];
        }
    }
    let mut largest = lanes[0].max(lanes[1]).max(lanes[2].max(lanes[3]));
    let mut mark = marks.iter().sum::<f64>();
    for x in tail {
        largest = largest.max(x.abs());
        mark += 0.0 * x;
    }
    if mark.is_nan() && v.iter().any(|x| x.is_nan()) { f64::NAN } else { largest }
}

/// Sum of absolute values.
pub fn norm1(v: &[f64]) -> f64 {
    v.iter().map(|x| x.abs()).sum()
}

/// Euclidean length, scaled so that it neither overflows nor underflows.
pub fn norm2(v: &[f64]) -> f64 {
    let scale = norm_inf(v);
    if scale == 0.0 || !scale.is_finite() {
        return scale;
    }
    if scale > 1e-140 && scale < 1e140 {
        return dot(v, v).sqrt();
    }
    scale * v.iter().map(|x| (x / scale) * (x / scale)).sum::<f64>().sqrt()
}

/// Whether no entry is NaN or infinite.
pub fn all_finite(v: &[f64]) -> bool {
    v.iter().all(|x| x.is_finite())
}

/// The nearest value of `[lo, hi]`; `lo` when the interval is empty.
pub fn clamp(x: f64, lo: f64, hi: f64) -> f64 {
    x.min(hi).max(lo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_entry_is_found_among_infinities_and_is_nothing_beside_a_nan() {
        for n in 0..12 {
            let mut v: Vec<f64> = (0..n).map(|i| 0.5 - f64::from(i)).collect();
            let expected = v.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            assert_eq!(norm_inf(&v), expected);
            for at in 0..v.len() {
                let kept = v[at];
                v[at] = f64::NEG_INFINITY;
                assert_eq!(norm_inf(&v), f64::INFINITY);
                v[at] = f64::NAN;
                assert!(norm_inf(&v).is_nan());
                v[at] = kept;
            }
        }
    }

    #[test]
    fn one_pass_adds_and_multiplies_like_two() {
        for n in 0..11 {
            let x: Vec<f64> = (0..n).map(|i| 1.0 + f64::from(i)).collect();
            let z: Vec<f64> = (0..n).map(|i| 0.3 - f64::from(i * i)).collect();
            let (mut once, mut twice) = (z.clone(), z.clone());
            let product = axpy_dot(-0.7, &x, &mut once, &z);
            axpy(-0.7, &x, &mut twice);
            assert_eq!(once, twice);
            assert_eq!(product, dot(&twice, &z));
            assert_eq!(dot_pair(&x, &z, &twice), (dot(&x, &z), dot(&x, &twice)));
        }
        for n in [1023, 1024, 1026, 3000] {
            let [x, a, b] = [0.3, 0.7, 1.1].map(|step| (0..n).map(|i| (step * f64::from(i)) % 2.0).collect::<Vec<_>>());
            assert_eq!(dot_pair(&x, &a, &b), (dot(&x, &a), dot(&x, &b)), "{n}");
        }
    }
}
