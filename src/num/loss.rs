//! Losses of a residual `r` with a scale `k`: what a fit adds up.
//!
//! Takes numbers, gives values and the first two derivatives in `r`. All but the square are `r² / 2` near 0, grow more
//! slowly from about `|r| = k` on, and need `k > 0` (Barron 2019 compares them; `soft_l1`, `cauchy_loss` and
//! `arctan_loss` are those of Triggs et al. 2000 and of scipy, up to the factor that makes them `r² / 2`).
//! Deliberately absent: sums over data and weights.

use serde::{Deserialize, Serialize};

use super::vmath;

/// How much a residual counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// `r²` (no half, no scale).
    #[default]
    Square,
    /// `r² / 2` up to `k`, then a straight line.
    Huber,
    /// `k² (sqrt(1 + (r/k)²) - 1)`: Huber's loss without its corner in the slope.
    SoftL1,
    /// `k²/2 log(1 + (r/k)²)`.
    Cauchy,
    /// `k²/2 atan((r/k)²)`: outliers cost at most `π k² / 4`.
    Arctan,
}

impl Loss {
    /// The loss of `r`.
    pub fn value(self, r: f64, k: f64) -> f64 {
        let z = r / k;
        match self {
            Self::Square => r * r,
            Self::Huber => vmath::huber(r, k),
            // k² (sqrt(1 + z²) - 1) = r² / (sqrt(1 + z²) + 1), without cancellation and overflow.
            Self::SoftL1 => r * (r / (vmath::hypot(1.0, z) + 1.0)),
            Self::Cauchy if z.abs() < 1e150 => 0.5 * k * k * vmath::log1p(z * z),
            Self::Cauchy => k * k * vmath::log(z.abs()),
            Self::Arctan => 0.5 * k * k * vmath::atan(z * z),
        }
    }

    /// Its derivative in `r`.
    pub fn slope(self, r: f64, k: f64) -> f64 {
        let z = r / k;
        match self {
            Self::Square => 2.0 * r,
            Self::Huber => r.min(k).max(-k),
            Self::SoftL1 => r / vmath::hypot(1.0, z),
            Self::Cauchy => r / (1.0 + z * z),
            Self::Arctan => r / (1.0 + (z * z) * (z * z)),
        }
    }

    /// Its second derivative in `r`; negative where the loss bends down.
    pub fn bend(self, r: f64, k: f64) -> f64 {
        let z = r / k;
        let q = z * z;
        match self {
            Self::Square => 2.0,
            Self::Huber => f64::from(u8::from(r.abs() <= k)),
            Self::SoftL1 => {
                let s = vmath::hypot(1.0, z);
                1.0 / (s * s * s)
            }
            Self::Cauchy => (1.0 - q) / ((1.0 + q) * (1.0 + q)),
            Self::Arctan => (1.0 - 3.0 * q * q) / ((1.0 + q * q) * (1.0 + q * q)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_and_bends_are_the_differences_of_values_and_slopes() {
        for loss in [Loss::Square, Loss::Huber, Loss::SoftL1, Loss::Cauchy, Loss::Arctan] {
            for k in [0.3, 1.0, 20.0] {
                for r in [-50.0, -1.1, -0.2, 0.0, 1e-3, 0.7, 4.0] {
                    let h = 1e-5 * f64::max(1.0, f64::abs(r));
                    let slope = (loss.value(r + h, k) - loss.value(r - h, k)) / (2.0 * h);
                    let bend = (loss.slope(r + h, k) - loss.slope(r - h, k)) / (2.0 * h);
                    assert!((slope - loss.slope(r, k)).abs() < 1e-6 * slope.abs().max(1.0), "{loss:?} {r} {k}");
                    assert!((bend - loss.bend(r, k)).abs() < 1e-5, "{loss:?} {r} {k}");
                }
            }
        }
    }

    #[test]
    fn far_outliers_have_finite_losses_where_the_loss_is_bounded_by_a_line() {
        for loss in [Loss::Huber, Loss::SoftL1, Loss::Cauchy, Loss::Arctan] {
            assert!(loss.value(1e200, 1.0).is_finite(), "{loss:?}");
            assert!(loss.slope(1e200, 1.0).is_finite(), "{loss:?}");
        }
    }
}
