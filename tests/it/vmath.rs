//! The block routines of `num::vmath` against correctly rounded functions, on every level of this processor:
//! common ranges, random bits, all magnitudes, the ends of ranges, and numbers that are no numbers.
//!
//! `OPTC_POINTS` sets the points per function and kind; `just points` draws 10 million and prints the table.

mod truth;

use optc::num::vmath::{Level, block};

/// A routine, what it is measured against, and how far it may be off.
struct Case {
    name: &'static str,
    run: fn(Level, &[f64], &mut [f64]),
    truth: fn(f64) -> f64,
    /// The common range.
    range: (f64, f64),
    /// An absolute error that is allowed too, within [`NEAR_ZERO`] of 1 and 2: `lgamma` is 0 there, and crosses it.
    floor: f64,
}

/// Beyond this distance from its zeros `lgamma` has its relative error.
const NEAR_ZERO: f64 = 0.25;

const CASES: &[Case] = &[
    Case { name: "exp", run: block::exp, truth: pxfm::f_exp, range: (-20.0, 20.0), floor: 0.0 },
    Case { name: "exp2", run: block::exp2, truth: pxfm::f_exp2, range: (-20.0, 20.0), floor: 0.0 },
    Case { name: "expm1", run: block::expm1, truth: pxfm::f_expm1, range: (-5.0, 5.0), floor: 0.0 },
    Case { name: "log", run: block::log, truth: pxfm::f_log, range: (0.01, 100.0), floor: 0.0 },
    Case { name: "log2", run: block::log2, truth: pxfm::f_log2, range: (0.01, 100.0), floor: 0.0 },
    Case { name: "log10", run: block::log10, truth: pxfm::f_log10, range: (0.01, 100.0), floor: 0.0 },
    Case { name: "log1p", run: block::log1p, truth: pxfm::f_log1p, range: (-0.9, 10.0), floor: 0.0 },
    Case { name: "sin", run: block::sin, truth: pxfm::f_sin, range: (-10.0, 10.0), floor: 0.0 },
    Case { name: "cos", run: block::cos, truth: pxfm::f_cos, range: (-10.0, 10.0), floor: 0.0 },
    Case { name: "tan", run: block::tan, truth: pxfm::f_tan, range: (-10.0, 10.0), floor: 0.0 },
    Case { name: "asin", run: block::asin, truth: pxfm::f_asin, range: (-1.0, 1.0), floor: 0.0 },
    Case { name: "acos", run: block::acos, truth: pxfm::f_acos, range: (-1.0, 1.0), floor: 0.0 },
    Case { name: "atan", run: block::atan, truth: pxfm::f_atan, range: (-5.0, 5.0), floor: 0.0 },
    Case { name: "sinh", run: block::sinh, truth: truth::sinh, range: (-5.0, 5.0), floor: 0.0 },
    Case { name: "cosh", run: block::cosh, truth: pxfm::f_cosh, range: (-5.0, 5.0), floor: 0.0 },
    Case { name: "tanh", run: block::tanh, truth: pxfm::f_tanh, range: (-3.0, 3.0), floor: 0.0 },
    Case { name: "sigmoid", run: block::sigmoid, truth: truth::sigmoid, range: (-10.0, 10.0), floor: 0.0 },
    Case { name: "softplus", run: block::softplus, truth: truth::softplus, range: (-10.0, 10.0), floor: 0.0 },
    Case { name: "erf", run: block::erf, truth: pxfm::f_erf, range: (-3.0, 3.0), floor: 0.0 },
    Case { name: "lgamma", run: block::lgamma, truth: truth::lgamma, range: (0.01, 20.0), floor: 4e-16 },
];

/// The distance in units in the last place that no routine may pass.
const MOST: u64 = 2;

/// Numbers at which something may happen.
const ODD: [f64; 22] = [
    0.0,
    -0.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    1.0,
    -1.0,
    2.0,
    0.5,
    -0.5,
    5e-324,
    -5e-324,
    f64::MIN_POSITIVE,
    -f64::MIN_POSITIVE,
    2.225e-308,
    f64::MAX,
    f64::MIN,
    709.782712893384,
    -745.2,
    1e5,
    -1e5,
    1e22,
];

/// xorshift64* (Vigna 2016).
struct Draw(u64);

impl Draw {
    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// How points are drawn.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Evenly over the common range.
    Range,
    /// All numbers, by their bits.
    Bits,
    /// Down from the ends of the range by up to 60 powers of 2.
    Magnitudes,
    /// The neighbours of the ends of the range, and the odd ones.
    Ends,
    /// Angles of many turns, from 10 to 1e5 and below 0, where whole turns are taken off in a few products.
    Angles,
}

/// log2 of 1e4.
const LOG2_1E4: f64 = 13.287_712_379_549_449;

const KINDS: [Kind; 5] = [Kind::Range, Kind::Bits, Kind::Magnitudes, Kind::Ends, Kind::Angles];

fn points(kind: Kind, count: usize, (lo, hi): (f64, f64), draw: &mut Draw) -> Vec<f64> {
    let one = |draw: &mut Draw| {
        let end = if draw.bits() >> 63 == 1 { lo } else { hi };
        match kind {
            Kind::Range => lo + (hi - lo) * draw.unit(),
            Kind::Bits => f64::from_bits(draw.bits()),
            Kind::Magnitudes => end * optc::num::vmath::exp2(-60.0 * draw.unit()),
            Kind::Ends => f64::from_bits((end.to_bits() + (draw.bits() >> 44)).wrapping_sub(1 << 19)),
            Kind::Angles => 10f64.copysign(end - 0.5 * (lo + hi)) * optc::num::vmath::exp2(LOG2_1E4 * draw.unit()),
        }
    };
    (0..count).map(|_| one(draw)).chain(ODD).collect()
}

fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| level.is_here())
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// How many numbers lie between two; the zeros are one apart.
fn distance(a: f64, b: f64) -> u64 {
    let place = |x: f64| {
        let bits = x.to_bits() as i64;
        if bits < 0 { !(bits & i64::MAX) } else { bits }
    };
    if a.is_nan() && b.is_nan() {
        0
    } else if a.is_nan() || b.is_nan() || (a.is_sign_negative() != b.is_sign_negative()) {
        u64::MAX
    } else {
        place(a).abs_diff(place(b))
    }
}

/// The greatest distance of a case on points of one kind, and where; `Err` when it is too great.
fn worst(case: &Case, level: Level, kind: Kind, count: usize) -> Result<u64, String> {
    let mut draw = Draw(0x9E37_79B9_7F4A_7C15 ^ kind as u64);
    let mut greatest = (0, 0.0, 0.0, 0.0);
    let mut left = count;
    while left > 0 {
        let n = left.min(1 << 16);
        left -= n;
        let x = points(kind, n, case.range, &mut draw);
        let mut y = vec![0.0; x.len()];
        (case.run)(level, &x, &mut y);
        for (&x, &y) in x.iter().zip(&y) {
            let expected = (case.truth)(x);
            let near = (x - 1.0).abs().min((x - 2.0).abs()) <= NEAR_ZERO && (y - expected).abs() <= case.floor;
            let off = if near { 0 } else { distance(y, expected) };
            if off > greatest.0 {
                greatest = (off, x, y, expected);
            }
        }
    }
    let (off, x, y, expected) = greatest;
    if off > MOST {
        return Err(format!(
            "{} of {level:?}, {kind:?}: {off} ulp at {x:e}: {y:e} in place of {expected:e}",
            case.name
        ));
    }
    Ok(off)
}

fn count() -> usize {
    std::env::var("OPTC_POINTS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000)
}

#[test]
fn block_routines_are_within_two_units_of_the_last_place() {
    let mut faults = Vec::new();
    for case in CASES {
        for level in levels() {
            let found = KINDS.map(|kind| worst(case, level, kind, count()));
            let row: Vec<String> = found.iter().map(|off| off.as_ref().map_or("-".into(), u64::to_string)).collect();
            println!("| {} | {level:?} | {} |", case.name, row.join(" | "));
            faults.extend(found.into_iter().filter_map(Result::err));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn powers_are_within_two_units_of_the_last_place() {
    let mut draw = Draw(991);
    let pairs: Vec<(f64, f64)> = (0..4 * count())
        .map(|k| {
            let (a, b) = (draw.unit(), draw.unit());
            match k % 4 {
                0 => (10.0 * a, 10.0 * b - 5.0),
                1 => (f64::from_bits(draw.bits()), f64::from_bits(draw.bits())),
                // Powers of all sizes, down to the smallest numbers.
                2 => {
                    let x = f64::from_bits(draw.bits() >> 1);
                    (x, (1460.0 * b - 750.0) / optc::num::vmath::log(x))
                }
                _ => (10.0 * a - 5.0, (20.0 * b).floor() - 10.0),
            }
        })
        .filter(|(x, y)| !x.is_nan() && !y.is_nan())
        .collect();
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    for level in levels() {
        let mut out = vec![0.0; x.len()];
        block::pow(level, &x, &y, &mut out);
        let offs = (0..x.len()).map(|i| (distance(out[i], pxfm::f_pow(x[i], y[i])), i));
        let (off, i) = offs.max().expect("there are points");
        println!("| pow | {level:?} | {off} |");
        assert!(off <= MOST, "{level:?}: {off} ulp at {:e}^{:e}: {:e}", x[i], y[i], out[i]);
    }
}

#[test]
fn powers_of_odd_numbers_are_those_of_the_c_function() {
    let some = [3.0, -3.0, 7.0, -8.0, 1023.0, -1074.0, 1e16, -1e16, 9007199254740991.0, 1e300, -1e300];
    let numbers: Vec<f64> = ODD.into_iter().chain(some).collect();
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for &a in &numbers {
        x.extend(numbers.iter().map(|_| a));
        y.extend(&numbers);
    }
    for level in levels() {
        let mut out = vec![0.0; x.len()];
        block::pow(level, &x, &y, &mut out);
        for i in 0..x.len() {
            let expected = optc::num::vmath::pow(x[i], y[i]);
            assert!(distance(out[i], expected) <= 1, "{level:?}: {}^{}: {} or {expected}", x[i], y[i], out[i]);
        }
    }
}

#[test]
fn a_lane_knows_nothing_of_its_neighbours() {
    let mut draw = Draw(77);
    for case in CASES {
        let x: Vec<f64> = KINDS.iter().flat_map(|&kind| points(kind, 300, case.range, &mut draw)).collect();
        for level in levels() {
            let mut whole = vec![0.0; x.len()];
            (case.run)(level, &x, &mut whole);
            // Pieces of 1 to 19 numbers, so that every number stands in every lane and in every tail.
            for size in 1..20 {
                let mut pieces = vec![0.0; x.len()];
                for (x, y) in x.chunks(size).zip(pieces.chunks_mut(size)) {
                    (case.run)(level, x, y);
                }
                for i in 0..x.len() {
                    assert!(same(whole[i], pieces[i]), "{} of {level:?} in pieces of {size} at {:e}", case.name, x[i]);
                }
            }
        }
    }
}

#[test]
fn wide_vectors_give_the_bits_of_narrow_ones() {
    if !Level::Avx512.is_here() {
        return println!("this processor has one width");
    }
    let mut draw = Draw(5);
    for case in CASES {
        for kind in KINDS {
            let x = points(kind, 5_000, case.range, &mut draw);
            let (mut four, mut eight) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            (case.run)(Level::Avx2, &x, &mut four);
            (case.run)(Level::Avx512, &x, &mut eight);
            for i in 0..x.len() {
                assert!(same(four[i], eight[i]), "{} at {:e}: {:e} and {:e}", case.name, x[i], four[i], eight[i]);
            }
        }
    }
}

#[test]
fn sine_and_cosine_together_are_each_alone() {
    let mut draw = Draw(6);
    for kind in KINDS {
        let mut left = count();
        while left > 0 {
            let n = left.min(1 << 16);
            left -= n;
            let x = points(kind, n, (-10.0, 10.0), &mut draw);
            let mut found = [(); 4].map(|()| vec![0.0; x.len()]);
            let [sin, cos, sin_alone, cos_alone] = &mut found;
            for level in levels() {
                block::sin_cos(level, &x, sin, cos);
                block::sin(level, &x, sin_alone);
                block::cos(level, &x, cos_alone);
                for i in 0..x.len() {
                    assert!(same(sin[i], sin_alone[i]) && same(cos[i], cos_alone[i]), "{level:?} at {:e}", x[i]);
                }
            }
        }
    }
}

#[test]
fn near_multiples_of_a_quarter_turn_no_digit_is_lost() {
    let x: Vec<f64> = (1..60_000).map(|k| f64::from(k) * std::f64::consts::FRAC_PI_2).collect();
    for level in levels() {
        let (mut sin, mut cos) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        block::sin_cos(level, &x, &mut sin, &mut cos);
        for i in 0..x.len() {
            let off = distance(sin[i], pxfm::f_sin(x[i])).max(distance(cos[i], pxfm::f_cos(x[i])));
            assert!(off <= 1, "{level:?}: {off} ulp at {:e}", x[i]);
        }
    }
}
