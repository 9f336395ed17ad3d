//! "Did you mean": the known word closest to a misspelt one.

/// Longest word compared, in characters; nobody misspells a longer one by one letter.
const LONGEST: usize = 64;

/// The candidate closest to `word`, if it is close enough to be what was meant.
///
/// Distance counts inserted, dropped, replaced and swapped letters (optimal string alignment); a third
/// of the word may differ, case counts nothing. The first of equals wins, so candidates in a fixed
/// order give one answer. A single letter is like nothing.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = letters(word).filter(|w| w.len() > 1)?;
    let allowed = (wanted.len().max(2) / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate == word {
            continue;
        }
        let Some(found) = letters(candidate) else { continue };
        if found.len().abs_diff(wanted.len()) > allowed {
            continue;
        }
        let far = distance(&wanted, &found);
        if far <= allowed.min(found.len().saturating_sub(1)) && best.is_none_or(|b| far < b.0) {
            best = Some((far, candidate));
        }
    }
    best.map(|b| b.1)
}

fn letters(word: &str) -> Option<Vec<char>> {
    let letters: Vec<char> = word.chars().flat_map(char::to_lowercase).take(LONGEST + 1).collect();
    (letters.len() <= LONGEST).then_some(letters)
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &cb) in b.iter().enumerate() {
            let mut far = (above[j + 1] + 1).min(row[j] + 1).min(above[j] + usize::from(ca != cb));
            if i > 0 && j > 0 && ca == b[j - 1] && cb == a[i - 1] {
                far = far.min(before[j - 1] + 1);
            }
            row.push(far);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn swaps_and_case_are_one_step_or_none() {
        let words = ["minimize", "maximize", "supply", "demand"];
        assert_eq!(closest("mimimize", words), Some("minimize"));
        assert_eq!(closest("spuply", words), Some("supply"));
        assert_eq!(closest("Demand", words), Some("demand"));
        assert_eq!(closest("cost", words), None);
        assert_eq!(closest("x", ["y"]), None);
        assert_eq!(closest("x1", ["x2"]), Some("x2"));
    }
}
