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

/// Largest absolute value; 0 for an empty vector, NaN when an entry is NaN.
pub fn norm_inf(v: &[f64]) -> f64 {
    let mut largest = 0.0f64;
    for &x in v {
        if x.is_nan() {
            return f64::NAN;
        }
        largest = largest.max(x.abs());
    }
    largest
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
