//! Numbers in text, read fast and rounded correctly.

/// What a cell holds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell {
    /// A number, perhaps infinite.
    Number(f64),
    /// Nothing: an empty cell, `NA`, `NaN`, `null`.
    Missing,
    /// Anything else.
    Word,
}

/// Reads a cell; spaces around it count nothing.
///
/// `1`, `-2.5`, `.5`, `1e3`, `+4`, `inf`, `-Infinity` are numbers; hexadecimal and digit groups are words.
pub fn read_cell(bytes: &[u8]) -> Cell {
    if let Some(value) = simple(bytes) {
        return Cell::Number(value);
    }
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return Cell::Missing;
    }
    if let Some(value) = simple(bytes) {
        return Cell::Number(value);
    }
    let first = bytes[0];
    if !first.is_ascii_digit() && !matches!(first, b'+' | b'-' | b'.') {
        return word(bytes);
    }
    match std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<f64>().ok()) {
        Some(value) if value.is_nan() => Cell::Missing,
        Some(value) => Cell::Number(value),
        None => Cell::Word,
    }
}

fn word(bytes: &[u8]) -> Cell {
    let is = |names: &[&str]| names.iter().any(|n| bytes.eq_ignore_ascii_case(n.as_bytes()));
    if is(&["na", "nan", "n/a", "null"]) {
        Cell::Missing
    } else if is(&["inf", "infinity"]) {
        Cell::Number(f64::INFINITY)
    } else {
        Cell::Word
    }
}

/// `[-]digits[.digits][e[+-]digits]` with at most 19 digits, when the result is certain to be rounded
/// correctly: the digits below 2^53 and the power of ten at most 22, so that both are exact and one
/// operation rounds once (Clinger, PLDI 1990, section 4).
fn simple(bytes: &[u8]) -> Option<f64> {
    const LARGEST_EXACT: u64 = 1 << 53;
    let (negative, bytes) = match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, bytes),
    };
    let mut digits = 0_u64;
    let mut at = 0;
    while let Some(digit) = digit_at(bytes, at) {
        digits = digits.wrapping_mul(10).wrapping_add(digit);
        at += 1;
    }
    let mut n_digits = at;
    let mut power = 0_i32;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let start = at;
        while let Some(digit) = digit_at(bytes, at) {
            digits = digits.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        n_digits += at - start;
        power = -i32::try_from(at - start).ok()?;
    }
    if n_digits == 0 || n_digits > 19 {
        return None;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let (exponent, end) = exponent(bytes, at + 1)?;
        power += exponent;
        at = end;
    }
    if at != bytes.len() || digits > LARGEST_EXACT {
        return None;
    }
    let size = digits as f64;
    let scale = POWERS.get(power.unsigned_abs() as usize)?;
    let value = if power < 0 { size / scale } else { size * scale };
    Some(if negative { -value } else { value })
}

fn digit_at(bytes: &[u8], at: usize) -> Option<u64> {
    let digit = bytes.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

/// The exponent that starts at `at` and where it ends; nothing when it has no digit or more than 4.
fn exponent(bytes: &[u8], at: usize) -> Option<(i32, usize)> {
    let (negative, start) = match bytes.get(at) {
        Some(b'-') => (true, at + 1),
        Some(b'+') => (false, at + 1),
        _ => (false, at),
    };
    let mut value = 0_i32;
    let mut end = start;
    while let Some(digit) = digit_at(bytes, end) {
        if end - start == 4 {
            return None;
        }
        value = value * 10 + digit as i32;
        end += 1;
    }
    (end > start).then_some((if negative { -value } else { value }, end))
}

/// Powers of ten that doubles hold exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_path_never_differs_from_the_standard_library() {
        let texts = ["0", "-0", "1", "3.25", "-0.1", "1e22", "1e-22", "9007199254740993", "0.30000000000000004"];
        let more = ["123456789012345678", "1.7976931348623157e308", "5e-324", "1e400", "7.", ".5", "-.5e-3", "1E+5"];
        for text in texts.iter().chain(&more) {
            let Cell::Number(value) = read_cell(text.as_bytes()) else { panic!("{text} is a number") };
            let std: f64 = text.parse().expect("the standard library reads it");
            assert_eq!(value.to_bits(), std.to_bits(), "{text}");
        }
    }

    #[test]
    fn random_numbers_are_read_to_the_last_bit() {
        let mut state = 88_172_645_463_325_252_u64;
        for _ in 0..200_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let value = f64::from_bits(state);
            let small = (state >> 40) as f64 / 1000.0;
            for text in [format!("{value}"), format!("{value:e}"), format!("{small}"), format!("{value:.3e}")] {
                let std: f64 = text.parse().expect("formatted by the standard library");
                match read_cell(text.as_bytes()) {
                    Cell::Number(read) => assert_eq!(read.to_bits(), std.to_bits(), "{text}"),
                    Cell::Missing => assert!(std.is_nan(), "{text}"),
                    Cell::Word => panic!("{text} is a number"),
                }
            }
        }
    }

    #[test]
    fn what_is_not_a_number_is_a_word() {
        for text in ["-", "+", ".", "e5", "1e", "1e+", "--1", "0x10", "1_000", "1,5", "12abc", "1 2", "1.2.3"] {
            assert_eq!(read_cell(text.as_bytes()), Cell::Word, "{text}");
        }
        for text in ["", "  ", "NA", "nan", "null"] {
            assert_eq!(read_cell(text.as_bytes()), Cell::Missing, "{text}");
        }
        assert_eq!(read_cell(b" 3 "), Cell::Number(3.0));
        assert_eq!(read_cell(b"-inf"), Cell::Number(f64::NEG_INFINITY));
    }
}
