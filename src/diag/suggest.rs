//! "Did you mean": the nearest of the names that would have worked.

/// The candidate nearest to `wrong`, when it is near enough to be what was meant.
///
/// Near enough is a third of the letters wrong (one letter for short names); letters that changed
/// places count once, and case counts nothing. The first of equally near candidates wins.
pub fn closest<'c>(wrong: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wrong: Vec<char> = wrong.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let allowed = (wrong.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let other: Vec<char> = candidate.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
        if other.is_empty() || wrong.len().abs_diff(other.len()) > allowed {
            continue;
        }
        let distance = distance(&wrong, &other);
        if distance <= allowed && distance < wrong.len() && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Names are compared by their first letters only: a name of a megabyte must not cost its square.
const LONGEST: usize = 64;

/// Edits between two words: insert, delete, replace, swap neighbours (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            row[j + 1] = cost;
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

/// `-1.234,5` with a point in place of its decimal comma, if it is a number then.
pub fn decimal_comma(found: &str) -> Option<String> {
    let (whole, part) = found.trim().split_once(',')?;
    let number = format!("{}.{part}", whole.replace('.', ""));
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | ',' | 'e' | 'E');
    (found.trim().chars().all(digits) && number.parse::<f64>().is_ok()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn swapped_letters_and_wrong_case_are_near() {
        assert_eq!(closest("captial", ["capital", "labour"]), Some("capital"));
        assert_eq!(closest("Demand", ["supply", "demand"]), Some("demand"));
    }

    #[test]
    fn a_different_word_is_not_suggested() {
        assert_eq!(closest("x", ["y"]), None);
        assert_eq!(closest("cost", ["supply", "demand"]), None);
    }
}
