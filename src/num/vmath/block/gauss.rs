//! The error function.
//!
//! Below 1 an odd polynomial; above, `1 - exp(-x^2) q(t)`, `t = (x - 1) / (x + 3)`, with a polynomial for
//! `exp(x^2) erfc(x)` that is minimax for the absolute error of `erfc` (2^-61) up to 6, where `erf` is 1.

use super::exp::exp;
use super::lanes::{Lanes, Pair, SIGN, poly};

/// `2 / sqrt(pi)`.
const SLOPE: f64 = std::f64::consts::FRAC_2_SQRT_PI;
/// `erf(x) / x - SLOPE` in powers of `x^2`, for `|x| <= 1`.
const NEAR: [f64; 13] = [
    1.520_933_322_361_642e-17,
    -0.376_126_389_031_837_5,
    0.112_837_916_709_548_85,
    -0.026_866_170_645_077_87,
    0.005_223_977_624_828_404,
    -0.000_854_832_698_142_410_3,
    0.000_120_553_311_329_105_03,
    -1.492_559_577_128_700_9e-5,
    1.646_100_846_664_728e-6,
    -1.635_039_613_705_027e-7,
    1.466_032_834_852_096e-8,
    -1.137_495_500_409_159_4e-9,
    5.960_685_185_604_181e-11,
];
/// `exp(x^2) erfc(x)` in powers of `t`.
const FAR: [f64; 13] = [
    0.427_583_576_155_807,
    -1.092_848_059_135_593,
    1.377_096_922_814_664_3,
    -1.223_484_107_456_108_7,
    0.723_916_680_093_008_9,
    -0.223_946_803_751_549_68,
    -0.022_371_934_611_566_547,
    0.042_644_928_046_456_906,
    -0.002_202_006_691_998_212_5,
    -0.008_285_738_822_012_36,
    -8.712_909_468_234_829e-5,
    0.002_857_493_024_294_6,
    -0.000_853_656_802_991_904_3,
];

/// `erf(x)`.
#[inline(always)]
pub fn erf<L: Lanes>(x: L) -> L {
    let one = L::splat(1.0);
    let a = x.abs().at_most(6.0);
    let z = a * a;
    let linear = Pair::product(a, L::splat(SLOPE));
    let near = linear.hi + a.mul_add(poly(z, &NEAR), linear.lo);
    let far = (exp(-z) * poly((a - one) / (a + L::splat(3.0)), &FAR)).neg_mul_add(one, one);
    L::pick(a.lt(one), near, far).xor(x.and_bits(SIGN))
}
