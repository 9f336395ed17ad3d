//! One checker per claim of a row. Each takes a row, in the table or not, and says what is wrong with it.

use super::draw::{Draw, SPECIAL, arities};
use super::tape::Applied;
use optc::base::Interval;
use optc::func::{Builtin, Curvature, Lower, Smoothness, Trend};
use optc::num::vmath::Level;

/// What a checker found: the fault in words.
pub type Verdict = Result<(), String>;

/// The distance of neighbouring doubles at `x`.
fn ulp(x: f64) -> f64 {
    let x = x.abs().max(f64::MIN_POSITIVE);
    x.next_up() - x
}

/// The error that is allowed to a value.
fn value_error(row: &Builtin, value: f64) -> f64 {
    (4.0 * ulp(value)).max(row.floor)
}

/// Values against the multi-precision references: 4 ulp, or the floor the row states.
pub fn values(row: &Builtin) -> Verdict {
    if row.reference.len() < 8 {
        let given = row.reference.len();
        return Err(format!("{given} reference values of 8: tests/reference/functions.py writes them"));
    }
    for &(x, expected) in row.reference {
        let value = row.eval(x);
        if !((value - expected).abs() <= value_error(row, expected) || value == expected) {
            let ulps = (value - expected).abs() / ulp(expected);
            return Err(format!("at {x:?}: {value:e}, but {expected:e} is right ({ulps:.1} ulp)"));
        }
    }
    Ok(())
}

/// Finite inside the domain, NaN or infinite outside.
pub fn domain(row: &Builtin) -> Verdict {
    let mut draw = Draw::new(row);
    let (mut inside, mut outside) = (0, 0);
    for n in arities(row) {
        for turn in 0..4000 {
            let x: Vec<f64> = if turn % 2 == 0 { draw.point(row, n) } else { (0..n).map(|_| draw.any()).collect() };
            let value = row.eval(&x);
            let claimed = row.domain.contains(&x);
            if claimed != value.is_finite() {
                let place = if claimed { "inside" } else { "outside" };
                return Err(format!("at {x:?}, {place} the domain: {value}"));
            }
            if claimed {
                inside += 1;
            } else {
                outside += 1;
            }
        }
    }
    let restricted = !row.domain.text.is_empty();
    if inside < 1000 || restricted != (outside > 0) {
        return Err(format!("{inside} points inside and {outside} outside, and its text is `{}`", row.domain.text));
    }
    Ok(())
}

/// Whether a claimed derivative in argument `k` agrees with differences of order 6 for some step, of several;
/// nothing when no step is good enough, else the value that differences give.
///
/// The distance from order 4 estimates the error of a step. A step is left out when it leaves the domain, or
/// the part where the row is smooth, or when its error is large.
fn agrees(row: &Builtin, f: &dyn Fn(&[f64]) -> f64, x: &[f64], k: usize, claimed: f64) -> Result<bool, f64> {
    let mut found = None;
    for step in [1e-2, 3e-3, 1e-3, 3e-2, 3e-4, 0.1, 1e-4, 0.3] {
        for h in [step, step * x[k].abs()] {
            let mut ranges: Vec<Interval> = x.iter().map(|&x| Interval::point(x)).collect();
            ranges[k] = Interval::new(x[k] - 3.0 * h, x[k] + 3.0 * h);
            if h == 0.0 || (row.smoothness)(&ranges) != Smoothness::Smooth {
                continue;
            }
            let at = |j: f64| {
                let mut x = x.to_vec();
                x[k] += j * h;
                if row.domain.contains(&x) { f(&x) } else { f64::NAN }
            };
            let odd = [1.0, 2.0, 3.0].map(|j| (at(j) - at(-j)) / (2.0 * j * h));
            let fourth = (4.0 * odd[0] - odd[1]) / 3.0;
            let sixth = (15.0 * odd[0] - 6.0 * odd[1] + odd[2]) / 10.0;
            let error = (fourth - sixth).abs() + 4.0 * f64::EPSILON * (at(0.0).abs() + row.floor) / h;
            let scale = 1.0 + sixth.abs();
            if error < 1e-6 * scale {
                if (claimed - sixth).abs() <= 1e-7 * scale + 10.0 * error {
                    return Ok(true);
                }
                found = Some(sixth);
            }
        }
    }
    found.map_or(Ok(false), Err)
}

/// What a checker of slopes counts per argument.
#[derive(Default, Clone, Copy)]
struct Tally {
    checked: usize,
    movable: usize,
}

/// First and second partial derivatives against differences, at random and special points.
pub fn partials(row: &Builtin) -> Verdict {
    let mut draw = Draw::new(row);
    for n in arities(row) {
        let applied = Applied::new(row, n);
        let mut tally = vec![Tally::default(); n];
        for _ in 0..if n > 2 { 60 } else { 200 } {
            let x = draw.point(row, n);
            let gradient = applied.gradient(&x);
            let hessian = applied.hessian(&x);
            for k in 0..n {
                tally[k].movable += usize::from(is_movable(row, &x, k));
                let agree = |what: &str, claimed: f64, f: &dyn Fn(&[f64]) -> f64| {
                    let fault = |found| format!("{what} at {x:?}: {claimed}, but differences give {found}");
                    agrees(row, f, &x, k, claimed).map_err(fault)
                };
                let name = row.param_name(k);
                let mut sure = agree(&format!("slope in `{name}`"), gradient[k], &|x| row.eval(x))?;
                for (j, seconds) in hessian.iter().enumerate() {
                    let what = format!("second derivative in `{}` and `{name}`", row.param_name(j));
                    sure &= agree(&what, seconds[k], &|x| applied.gradient(x)[j])?;
                }
                tally[k].checked += usize::from(sure);
            }
        }
        for (k, tally) in tally.iter().enumerate() {
            if tally.checked < tally.movable / 4 {
                let name = row.param_name(k);
                return Err(format!("only {} of {} slopes in `{name}` could be checked", tally.checked, tally.movable));
            }
        }
    }
    Ok(())
}

/// Whether argument `k` can move a little both ways and stay in the domain.
fn is_movable(row: &Builtin, x: &[f64], k: usize) -> bool {
    [-1e-2, -1e-3, 1e-3, 1e-2].iter().all(|step| {
        let mut x = x.to_vec();
        x[k] += step * x[k].abs().max(0.1);
        row.domain.contains(&x)
    })
}

/// Slopes are finite everywhere in the domain except where the row says that they are not.
pub fn steepness(row: &Builtin) -> Verdict {
    let mut draw = Draw::new(row);
    for n in arities(row) {
        let applied = Applied::new(row, n);
        for turn in 0..2000 {
            let x: Vec<f64> = if turn % 2 == 0 {
                draw.point(row, n)
            } else {
                (0..n).map(|_| SPECIAL[(draw.unit() * 4.0) as usize]).collect()
            };
            if !row.domain.contains(&x) {
                continue;
            }
            let gradient = applied.gradient(&x);
            if gradient.iter().all(|p| p.is_finite()) == row.domain.is_steep(&x) {
                return Err(format!("slopes {gradient:?} at {x:?}, steep: {}", row.domain.is_steep(&x)));
            }
        }
    }
    Ok(())
}

/// Values lie in the enclosure of any box around their point; boxes outside the domain have none.
pub fn enclosure(row: &Builtin) -> Verdict {
    let mut draw = Draw::new(row);
    for n in arities(row) {
        for _ in 0..1500 {
            let ranges = draw.ranges(row, n);
            let range = (row.enclose)(&ranges);
            for _ in 0..6 {
                let Some(x) = draw.point_in(row, &ranges) else { continue };
                let value = row.eval(&x);
                let room = if row.floor > 0.0 { value_error(row, value) } else { 0.0 };
                if !(range.lo - room <= value && value <= range.hi + room) {
                    return Err(format!("{value:e} at {x:?} is not in {range:?}, the enclosure of {ranges:?}"));
                }
            }
        }
        tightness(row, n, &mut draw)?;
        for k in 0..n {
            let mut ranges = draw.ranges(row, n);
            let allowed = row.domain.range(k);
            if allowed.lo > -1e300 {
                ranges[k] = Interval::new(allowed.lo - 2.0, allowed.lo - 1.0);
                if !(row.enclose)(&ranges).is_empty() {
                    return Err(format!("the enclosure of {ranges:?}, outside the domain, is not empty"));
                }
            }
            ranges[k] = Interval::EMPTY;
            if !(row.enclose)(&ranges).is_empty() {
                return Err("the enclosure of an empty range is not empty".to_owned());
            }
        }
    }
    Ok(())
}

/// A very small box has a small enclosure.
fn tightness(row: &Builtin, n: usize, draw: &mut Draw) -> Verdict {
    let applied = Applied::new(row, n);
    for _ in 0..300 {
        let x = draw.point(row, n);
        let mut ranges: Vec<Interval> = x.iter().map(|&x| Interval::new(x, x)).collect();
        for (k, range) in ranges.iter_mut().enumerate() {
            let delta = 1e-7 * x[k].abs();
            if is_movable(row, &x, k) {
                *range = Interval::new(x[k] - delta, x[k] + delta);
            }
        }
        let gradient = applied.gradient(&x);
        if (row.smoothness)(&ranges) != Smoothness::Smooth || gradient.iter().any(|p| !p.is_finite()) {
            continue;
        }
        let range = (row.enclose)(&ranges);
        let slopes: f64 = gradient.iter().zip(&x).map(|(p, x)| (p * x).abs()).sum();
        let bends: f64 = applied.hessian(&x).iter().flatten().map(|p| p.abs()).sum();
        let narrow = range.hi - range.lo <= 1e-4 * (1.0 + row.eval(&x).abs() + slopes + bends);
        if !narrow {
            return Err(format!("{range:?} is a loose enclosure of {ranges:?}"));
        }
    }
    Ok(())
}

/// Claims of curvature hold on chords and for the matrix of second derivatives; plain ones are made.
pub fn curvature(row: &Builtin) -> Verdict {
    let mut draw = Draw::new(row);
    let (mut evident, mut missed) = (0, 0);
    for n in arities(row) {
        let applied = Applied::new(row, n);
        for _ in 0..1000 {
            let ranges = draw.ranges(row, n);
            let claim = (row.curvature)(&ranges);
            if n == 1 && claim == Curvature::Unknown && (row.smoothness)(&ranges) == Smoothness::Smooth {
                evident += 1;
                let bend = |x: &Vec<f64>| applied.hessian(x)[0][0];
                let bends: Vec<f64> = (0..30).filter_map(|_| draw.point_in(row, &ranges).as_ref().map(bend)).collect();
                let size = bends.iter().fold(0.0, |size: f64, b| size.max(b.abs()));
                let one_sided = bends.iter().all(|b| *b > 1e-3 * size) || bends.iter().all(|b| *b < -1e-3 * size);
                missed += usize::from(one_sided && bends.len() == 30);
                continue;
            }
            for _ in 0..4 {
                chord(row, &ranges, claim, &mut draw)?;
            }
            bend(row, &applied, &ranges, claim, &mut draw)?;
        }
    }
    if missed * 10 > evident.max(100) {
        return Err(format!("curvature is evident but not claimed on {missed} of {evident} ranges"));
    }
    Ok(())
}

/// `f` between two points against the chord.
fn chord(row: &Builtin, ranges: &[Interval], claim: Curvature, draw: &mut Draw) -> Verdict {
    let (Some(u), Some(v)) = (draw.point_in(row, ranges), draw.point_in(row, ranges)) else { return Ok(()) };
    let t = draw.unit();
    let inner: Vec<f64> = u.iter().zip(&v).map(|(u, v)| t * u + (1.0 - t) * v).collect();
    if !row.domain.contains(&inner) {
        return Ok(());
    }
    let (at_u, at_v, middle) = (row.eval(&u), row.eval(&v), row.eval(&inner));
    let above = t * at_u + (1.0 - t) * at_v - middle;
    let moved: f64 = u.iter().chain(&v).map(|x| x.abs()).sum();
    let room = 1e-12 * (at_u.abs() + at_v.abs() + middle.abs()) + 4.0 * row.floor + 4e-15 * (1.0 + moved);
    let holds = match claim {
        Curvature::Constant => (at_u - at_v).abs() <= room,
        Curvature::Affine => above.abs() <= room,
        Curvature::Convex => above >= -room,
        Curvature::Concave => above <= room,
        Curvature::Unknown => true,
    };
    if holds { Ok(()) } else { Err(format!("not {claim:?} on {ranges:?}: between {u:?} and {v:?} at {inner:?}")) }
}

/// The second derivative along a random direction of the arguments that vary.
fn bend(row: &Builtin, applied: &Applied, ranges: &[Interval], claim: Curvature, draw: &mut Draw) -> Verdict {
    let Some(x) = draw.point_in(row, ranges) else { return Ok(()) };
    if (row.smoothness)(ranges) != Smoothness::Smooth {
        return Ok(());
    }
    let direction: Vec<f64> = ranges.iter().map(|r| if r.lo == r.hi { 0.0 } else { draw.between(-1.0, 1.0) }).collect();
    let (mut bend, mut size) = (0.0, 0.0);
    for (row, a) in applied.hessian(&x).iter().zip(&direction) {
        for (entry, b) in row.iter().zip(&direction).filter(|(_, b)| **b != 0.0 && *a != 0.0) {
            bend += a * entry * b;
            size += (a * entry * b).abs();
        }
    }
    let room = 1e-10 * size + 1e-12;
    let holds = match claim {
        _ if !size.is_finite() => true,
        Curvature::Constant | Curvature::Affine => bend.abs() <= room,
        Curvature::Convex => bend >= -room,
        Curvature::Concave => bend <= room,
        Curvature::Unknown => true,
    };
    if holds { Ok(()) } else { Err(format!("not {claim:?} on {ranges:?}: it bends by {bend} at {x:?}")) }
}

/// Claims of monotonicity hold between points; plain ones are made.
pub fn trends(row: &Builtin) -> Verdict {
    let mut draw = Draw::new(row);
    let (mut evident, mut missed) = (0, 0);
    for n in arities(row) {
        let applied = Applied::new(row, n);
        for _ in 0..1500 {
            let ranges = draw.ranges(row, n);
            let trends = (row.monotone)(&ranges);
            if trends.len() != n {
                return Err(format!("{} trends for {n} arguments", trends.len()));
            }
            for (k, trend) in trends.into_iter().enumerate() {
                let name = row.param_name(k);
                for _ in 0..4 {
                    if !moves(row, &ranges, k, trend, &mut draw) {
                        return Err(format!("not {trend:?} in `{name}` on {ranges:?}"));
                    }
                }
                // A pole inside, from one infinity to the other, is the end of a trend.
                let (range, given) = ((row.enclose)(&ranges), ranges[k]);
                let has_pole = range == Interval::ALL && given.lo.is_finite() && given.hi.is_finite();
                let varies = given.lo < given.hi && !has_pole && (row.smoothness)(&ranges) == Smoothness::Smooth;
                if n == 1 && varies && trend == Trend::Unknown {
                    evident += 1;
                    let slope = |x: &Vec<f64>| applied.gradient(x)[0];
                    let slopes: Vec<f64> =
                        (0..30).filter_map(|_| draw.point_in(row, &ranges).as_ref().map(slope)).collect();
                    let size = slopes.iter().fold(0.0, |size: f64, b| size.max(b.abs()));
                    let one_sided = slopes.iter().all(|b| *b > 1e-3 * size) || slopes.iter().all(|b| *b < -1e-3 * size);
                    missed += usize::from(one_sided && slopes.len() == 30);
                }
            }
        }
    }
    if missed * 10 > evident.max(100) {
        return Err(format!("a trend is evident but not claimed on {missed} of {evident} ranges"));
    }
    Ok(())
}

/// Whether the value moves as claimed when argument `k` grows.
fn moves(row: &Builtin, ranges: &[Interval], k: usize, trend: Trend, draw: &mut Draw) -> bool {
    let Some(mut low) = draw.point_in(row, ranges) else { return true };
    let mut high = low.clone();
    let other = draw.between(ranges[k].lo, ranges[k].hi);
    (low[k], high[k]) = (low[k].min(other), low[k].max(other));
    if !row.domain.contains(&low) || !row.domain.contains(&high) {
        return true;
    }
    let (low, high) = (row.eval(&low), row.eval(&high));
    let room = 4.0 * (ulp(low) + ulp(high)) + 2.0 * row.floor;
    match trend {
        Trend::Increasing => high >= low - room,
        Trend::Decreasing => high <= low + room,
        Trend::Constant => (high - low).abs() <= room,
        Trend::Unknown => true,
    }
}

/// The block routine gives the scalar function, on every level and however the block is cut.
pub fn blocks(row: &Builtin) -> Verdict {
    let mut draw = Draw::new(row);
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, 1e308];
    for n in arities(row) {
        for length in [0, 1, 7, 257] {
            let args: Vec<Vec<f64>> = (0..n)
                .map(|_| {
                    let value = |draw: &mut Draw| {
                        if draw.once_in(8) { odd[(draw.unit() * odd.len() as f64) as usize] } else { draw.any() }
                    };
                    (0..length).map(|_| value(&mut draw)).collect()
                })
                .collect();
            for level in Level::ALL.into_iter().filter(|level| level.is_here()) {
                block_is_value(row, level, &args, length)?;
            }
        }
    }
    Ok(())
}

/// Whether a block agrees with calls, and its parts with the whole.
fn block_is_value(row: &Builtin, level: Level, args: &[Vec<f64>], length: usize) -> Verdict {
    let part = |from: usize, to: usize| {
        let slices: Vec<&[f64]> = args.iter().map(|arg| &arg[from..to]).collect();
        let mut out = vec![0.0; to - from];
        row.eval_block_at(level, &slices, &mut out);
        out
    };
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    let whole = part(0, length);
    for (i, &found) in whole.iter().enumerate() {
        let x: Vec<f64> = args.iter().map(|arg| arg[i]).collect();
        let expected = row.eval(&x);
        let room = if row.lower == Lower::Call { 4.0 * ulp(expected) + row.floor } else { 0.0 };
        let near = (found - expected).abs() <= room && found.is_sign_negative() == expected.is_sign_negative();
        if !same(found, expected) && !near {
            return Err(format!("a block of {level:?} gives {found:e} at {x:?}, a call {expected:e}"));
        }
    }
    let cut = length / 3;
    let parts = [part(0, cut), part(cut, length)].concat();
    match (0..length).find(|&i| !same(whole[i], parts[i])) {
        Some(i) => Err(format!("{level:?}: cut at {cut}, element {i} is {:e} in place of {:e}", parts[i], whole[i])),
        None => Ok(()),
    }
}
