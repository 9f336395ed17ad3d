//! Functions that the correctly rounded crate lacks, or has wrong at some odd number, by numbers of twice the
//! precision.

/// `hi + lo`.
type Pair = (f64, f64);

fn sum(a: f64, b: f64) -> Pair {
    let hi = a + b;
    let t = hi - a;
    (hi, (a - (hi - t)) + (b - t))
}

fn add(a: Pair, b: Pair) -> Pair {
    let (hi, lo) = sum(a.0, b.0);
    sum(hi, lo + (a.1 + b.1))
}

fn mul(a: Pair, b: Pair) -> Pair {
    let hi = a.0 * b.0;
    sum(hi, a.0.mul_add(b.0, -hi) + (a.0 * b.1 + a.1 * b.0))
}

fn div(a: Pair, b: Pair) -> Pair {
    let q = a.0 / b.0;
    let rest = add(a, mul((-q, 0.0), b));
    sum(q, rest.0 / b.0)
}

/// `exp(x)` for `|x| <= 700`, to about 2^-95: a series for `x 2^-k / log 2` steps, doubled nine times.
fn exp(x: Pair) -> Pair {
    const LN_2: [f64; 3] = [std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17, 5.707_708_438_416_212e-34];
    let n = (x.0 / LN_2[0]).round();
    let mut r = x;
    for part in LN_2 {
        r = add(r, mul((-n, 0.0), (part, 0.0)));
    }
    let r = (r.0 / 512.0, r.1 / 512.0);
    let mut series = (0.0, 0.0);
    for k in (1..=9).rev() {
        series = div(mul(r, add((1.0, 0.0), series)), (f64::from(k), 0.0));
    }
    // exp(2 r) - 1 from exp(r) - 1
    for _ in 0..9 {
        series = add(add(series, series), mul(series, series));
    }
    let y = add((1.0, 0.0), series);
    let half = 2f64.powi((n / 2.0) as i32);
    let other = 2f64.powi(n as i32 - (n / 2.0) as i32);
    (y.0 * half * other, y.1 * half * other)
}

/// `1 / (1 + exp(-x))`.
pub fn sigmoid(x: f64) -> f64 {
    if x.is_nan() || x < -700.0 {
        // The quotient is exp(x) to the last bit.
        return pxfm::f_exp(x);
    }
    if x > 40.0 {
        return 1.0;
    }
    div((1.0, 0.0), add((1.0, 0.0), exp((-x, 0.0)))).0
}

/// `log(1 + exp(x))`.
pub fn softplus(x: f64) -> f64 {
    if x.is_nan() || x < -700.0 {
        return pxfm::f_exp(x);
    }
    if x > 40.0 {
        return x;
    }
    let e = exp((-x.abs(), 0.0));
    let log = if e.0 < 1e-6 {
        // e - e^2 / 2 + e^3 / 3
        let square = mul(e, e);
        add(add(e, (-0.5 * square.0, -0.5 * square.1)), (square.0 * e.0 / 3.0, 0.0))
    } else {
        // One step of Newton: l + (u exp(-l) - 1).
        let u = add((1.0, 0.0), e);
        let l = pxfm::f_log1p(e.0);
        add((l, 0.0), add(mul(u, exp((-l, 0.0))), (-1.0, 0.0)))
    };
    add((x.max(0.0), 0.0), log).0
}

/// `sinh`, with the sign of zero.
pub fn sinh(x: f64) -> f64 {
    if x == 0.0 { x } else { pxfm::f_sinh(x) }
}

/// `log gamma(x)` for positive `x`, NaN for others.
pub fn lgamma(x: f64) -> f64 {
    if x < 0.0 {
        f64::NAN
    } else if x > 1e290 {
        large_lgamma(x)
    } else {
        pxfm::f_lgamma(x.abs())
    }
}

/// Stirling's formula, `x (log x - 1)`: what else there is has no part in the digits of such a number.
fn large_lgamma(x: f64) -> f64 {
    if x == f64::INFINITY {
        return x;
    }
    // log(m) by a step of Newton, l + (m exp(-l) - 1), and 1000 log 2 in three parts; m = x 2^-1000.
    const LN_2: [f64; 3] = [std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17, 5.707_708_438_416_212e-34];
    let m = x * 2f64.powi(-1000);
    let l = pxfm::f_log(m);
    let mut log = add((l, 0.0), add(mul((m, 0.0), exp((-l, 0.0))), (-1.0, 0.0)));
    for part in LN_2 {
        log = add(log, mul((1000.0, 0.0), (part, 0.0)));
    }
    // 2^20 below, so that nothing overflows before the end.
    mul((x * 2f64.powi(-20), 0.0), add(log, (-1.0, 0.0))).0 * 2f64.powi(20)
}
