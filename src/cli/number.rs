//! Numbers as people like to read them.

/// Smaller shares of the largest number in a column are shown briefly.
const TINY: f64 = 1e-5;
/// Significant digits shown.
const DIGITS: usize = 7;

/// Up to 7 significant digits: `17.01402`, `350`, `1.5e-9`. Integers below 1e15 are shown whole.
pub fn show(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return if value.is_nan() { "nan".into() } else { value.to_string() };
    }
    if value.trunc() == value && size < 1e15 {
        return format!("{}", if value == 0.0 { 0.0 } else { value });
    }
    if !(1e-4..1e7).contains(&size) {
        return scientific(value, DIGITS - 1);
    }
    let whole = format!("{}", size.trunc());
    let before = if size < 1.0 { leading_zeros(size) } else { whole.len() };
    let decimals = if size < 1.0 { DIGITS + before } else { DIGITS - before.min(DIGITS) };
    let text = trim(&format!("{value:.decimals$}"));
    if text == "-0" { "0".into() } else { text }
}

/// Zeros after the point before the first digit of a number below 1.
fn leading_zeros(size: f64) -> usize {
    let mut zeros = 0;
    let mut bound = 0.1;
    while size < bound {
        zeros += 1;
        bound /= 10.0;
    }
    zeros
}

/// `1.234568e7`, without idle zeros.
fn scientific(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$e}");
    let (mantissa, exponent) = text.split_once('e').expect("the e format writes an e");
    format!("{}e{exponent}", trim(mantissa))
}

fn trim(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text.into() }
}

/// Three significant digits, for residuals: `3.1e-9`, `0.25`, `0`.
pub fn brief(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return show(value);
    }
    if (1e-2..1e4).contains(&value.abs()) { trim(&format!("{value:.3}")) } else { scientific(value, 1) }
}

/// Fixed width, for tables of iterations: `1.234567e-3`.
pub fn fixed(value: f64) -> String {
    if !value.is_finite() {
        return show(value);
    }
    format!("{value:.6e}")
}

/// Seconds with a fitting unit: `1.2 ms`, `3.4 s`.
pub fn seconds(value: f64) -> String {
    match value {
        v if v < 1e-3 => format!("{:.0} µs", v * 1e6),
        v if v < 1.0 => format!("{} ms", three(v * 1e3)),
        v if v < 120.0 => format!("{} s", three(v)),
        v => format!("{:.0} min {:.0} s", (v / 60.0).floor(), v % 60.0),
    }
}

fn three(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 100.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

/// A count with its noun: `1 variable`, `2 variables`, `12 345 rows`.
pub fn count(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", group(n), if n == 1 { "" } else { "s" })
}

/// Digits in groups of three from five digits on.
pub fn group(n: usize) -> String {
    let digits = n.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A column of numbers with their points below each other, all of one width.
///
/// What is tiny beside the largest number of the column is shown with two digits.
pub fn align(values: &[f64]) -> Vec<String> {
    let largest = values.iter().filter(|v| v.is_finite()).fold(0.0_f64, |max, v| max.max(v.abs()));
    aligned(values, |v| if v.abs() < TINY * largest { brief(v) } else { show(v) })
}

/// As [`align`], with all digits of tiny numbers too: for columns whose numbers have units of their own.
pub fn align_all(values: &[f64]) -> Vec<String> {
    aligned(values, show)
}

fn aligned(values: &[f64], text: impl Fn(f64) -> String) -> Vec<String> {
    let texts: Vec<String> = values.iter().map(|v| text(*v)).collect();
    let split = |text: &str| text.find(['.', 'e']).unwrap_or(text.len());
    let left = texts.iter().map(|t| split(t)).max().unwrap_or(0);
    let right = texts.iter().map(|t| t.len() - split(t)).max().unwrap_or(0);
    let pad = |text: &String| {
        let at = split(text);
        format!("{}{text}{}", " ".repeat(left - at), " ".repeat(right - (text.len() - at)))
    };
    texts.iter().map(pad).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_seven_digits_at_most_and_no_idle_zeros() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (350.0, "350"),
            (17.014_017_289, "17.01402"),
            (-0.1, "-0.1"),
            (0.000_123_456_789, "0.0001234568"),
            (1.5e-9, "1.5e-9"),
            (12_345_678.9, "1.234568e7"),
            (1_234_567.8, "1234568"),
            (9_999_999.96, "10000000"),
            (0.999_999_99, "1"),
            (1e15, "1e15"),
            (123_456_789_012.0, "123456789012"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "nan"),
        ];
        for (value, text) in cases {
            assert_eq!(show(value), text, "{value:?}");
        }
        assert_eq!((brief(3.14e-9), brief(0.25), brief(-12.3456)), ("3.1e-9".into(), "0.25".into(), "-12.346".into()));
        assert_eq!((seconds(0.001_234), seconds(12.3)), ("1.23 ms".into(), "12.3 s".into()));
        assert_eq!((group(1234), group(1_234_567)), ("1234".into(), "1 234 567".into()));
    }

    #[test]
    fn points_of_a_column_stand_below_each_other() {
        assert_eq!(align(&[350.0, 2.5, -0.125]), ["350    ", "  2.5  ", " -0.125"]);
        assert_eq!(align(&[300.0, 5.969_187e-8]), ["300   ", "  6e-8"]);
    }
}
