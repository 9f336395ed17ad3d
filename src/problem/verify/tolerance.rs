//! The constants of the judge. No option of any method changes them.

/// Violation of a row or bound, relative to `max(1, |bound|)`.
pub const VIOLATION: f64 = 1e-6;
/// Distance of an integer variable from an integer, absolute.
pub const INTEGRALITY: f64 = 1e-6;
/// Distance of the objective from the bound that a search claims, relative to `max(1, |objective|)`.
pub const GAP: f64 = 1e-6;
/// Entry of the gradient of the Lagrangian, relative to `max(1, mean |multiplier|)` and to the largest of its terms.
pub const STATIONARITY: f64 = 1e-6;
/// Units of rounding of a point. No point is known better than to half a unit, so the gradient of the Lagrangian is not
/// either: what it changes by when every variable moves by so many units is added to what stationarity allows, when a step
/// of Newton's method shows that nothing but such rounding is left.
pub const RESOLUTION: f64 = 4.0 * f64::EPSILON;
/// Product of a multiplier and the distance to its bound, absolute; also the size of a multiplier of wrong sign.
pub const COMPLEMENTARITY: f64 = 1e-6;
/// Sum of violations, each times its multiplier, relative to `max(1, |objective|)`.
pub const PRICE: f64 = 1e-6;
/// Reduced curvature may be as low as minus this, absolute.
pub const CURVATURE: f64 = 1e-6;
/// Part of the size of the Hessian that eigenvalues owe to rounding; added to [`CURVATURE`].
pub const CURVATURE_ROUNDING: f64 = 1e-14;
/// A constant Hessian counts as convex when it is positive definite with its diagonal larger by this part.
pub const CONVEXITY_ROUNDING: f64 = 1e-12;
/// A weighted sum of slopes counts as 0 when it is this part of the sum of their sizes.
pub const FLAT: f64 = 1e-12;
/// An objective below this makes methods believe that a problem is unbounded; the judge wants a ray.
pub const UNBOUNDED: f64 = -1e20;
/// What the objective could still gain by a step of Newton's method, relative to `max(1, |objective|)`.
pub const GAIN: f64 = 1e-6;
/// Hessians of more nonzeros are not factored for that.
pub const FACTORED_UP_TO: usize = 1_000_000;
/// Multiplier fits and curvature of up to so many free variables use dense matrices.
pub const DENSE_UP_TO: usize = 250;

/// What a violation of a bound of this size may be, absolute.
pub fn violation_at(bound: f64) -> f64 {
    VIOLATION * bound.abs().max(1.0)
}
