//! The arguments of a command: `f x=-2..2 y in [0, 1] --svg FILE`.
//!
//! Takes a line and the part of it behind the command; gives where the expression stands, and each `name = value` or
//! `name in range`. Nothing is copied: what is wrong later is shown under the line as it was typed.

use crate::syntax::entry::{Word, WordKind, trimmed, words};
use std::ops::Range;

/// `name = value`, `name in range`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pair {
    /// The name, with its subscripts.
    pub name: Range<usize>,
    /// What is behind the sign.
    pub value: Range<usize>,
}

/// What stands behind a command.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Arguments {
    /// What stands before the first pair; empty when nothing does.
    pub head: Range<usize>,
    /// The pairs in order.
    pub pairs: Vec<Pair>,
}

/// A line without an option.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// The line, with space in place of the option.
    pub text: String,
    /// Where the option's value stands, without quotes; nothing without the option.
    pub value: Option<Range<usize>>,
}

/// Takes `--name VALUE`, or `--name=VALUE`, out of a line.
pub fn take_option(line: &str, name: &str) -> Taken {
    let is_option = |at: usize| {
        let after = line[at + name.len()..].chars().next();
        line[..at].ends_with(char::is_whitespace) && after.is_none_or(|c| c.is_whitespace() || c == '=')
    };
    let Some(at) = line.match_indices(name).map(|(at, _)| at).find(|at| is_option(*at)) else {
        return Taken { text: line.to_owned(), value: None };
    };
    let rest = &line[at + name.len()..];
    let value = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '=');
    let start = line.len() - value.len();
    let (value, end) = match value.strip_prefix('"') {
        Some(quoted) => {
            let len = quoted.find('"').unwrap_or(quoted.len());
            (start + 1..start + 1 + len, (start + 2 + len).min(line.len()))
        }
        None => {
            let len = value.find(char::is_whitespace).unwrap_or(value.len());
            (start..start + len, start + len)
        }
    };
    let text = format!("{}{}{}", &line[..at], " ".repeat(end - at), &line[end..]);
    Taken { text, value: Some(value) }
}

/// The items of a list in a part of a line: what stands between its commas, without those in brackets.
pub fn items(line: &str, part: Range<usize>) -> Vec<Range<usize>> {
    let mut depth = 0_usize;
    let mut starts = vec![part.start];
    let mut ends = Vec::new();
    for word in words(&line[part.clone()]) {
        match word.kind {
            WordKind::Opener => depth += 1,
            WordKind::Closer => depth = depth.saturating_sub(1),
            WordKind::Comma if depth == 0 => {
                ends.push(part.start + word.at.start);
                starts.push(part.start + word.at.end);
            }
            _ => {}
        }
    }
    ends.push(part.end);
    starts.into_iter().zip(ends).map(|(start, end)| trimmed(line, start..end)).collect()
}

/// Splits what stands in a part of a line. What no word can be made of stays where it stands, to be reported there.
pub fn split(line: &str, part: Range<usize>) -> Arguments {
    let shift = |w: Word| Word { at: w.at.start + part.start..w.at.end + part.start, ..w };
    let words: Vec<Word> =
        words(&line[part.clone()]).into_iter().filter(|w| w.kind != WordKind::Comment).map(shift).collect();
    let mut signs: Vec<(usize, usize)> = Vec::new();
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate() {
        match word.kind {
            WordKind::Opener => depth += 1,
            WordKind::Closer => depth = depth.saturating_sub(1),
            WordKind::Equals | WordKind::In if depth == 0 => {
                if let Some(begin) = name_before(&words, at) {
                    signs.push((begin, at));
                }
            }
            _ => {}
        }
    }
    // What stands before the pair `k`, from `start` on; a comma between them is left out.
    let before = |start: usize, k: usize| {
        let end = signs.get(k).map_or(part.end, |(begin, _)| words[*begin].at.start);
        let own = trimmed(line, start..end.max(start));
        let comma = words.iter().any(|w| w.kind == WordKind::Comma && w.at.end == own.end && own.contains(&w.at.start));
        if comma { trimmed(line, own.start..own.end - 1) } else { own }
    };
    let pair = |(k, (begin, sign)): (usize, &(usize, usize))| Pair {
        name: trimmed(line, words[*begin].at.start..words[*sign].at.start),
        value: before(words[*sign].at.end, k + 1),
    };
    let pairs = signs.iter().enumerate().map(pair).collect();
    Arguments { head: before(part.start, 0), pairs }
}

/// Where the name before a sign begins: `x`, or `x[1, 2]`.
fn name_before(words: &[Word], sign: usize) -> Option<usize> {
    let last = sign.checked_sub(1)?;
    if words[last].kind == WordKind::Name {
        return Some(last);
    }
    if words[last].kind != WordKind::Closer {
        return None;
    }
    let mut depth = 0_usize;
    for at in (0..=last).rev() {
        match words[at].kind {
            WordKind::Closer => depth += 1,
            WordKind::Opener => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at.checked_sub(1).filter(|name| words[*name].kind == WordKind::Name);
        }
    }
    None
}

/// The two ends of `lo..hi` or `[lo, hi]`.
pub fn ends(line: &str, part: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let part = trimmed(line, part);
    let own = &line[part.clone()];
    let listed = own.len() > 1 && own.starts_with('[') && own.ends_with(']');
    let inner = if listed { part.start + 1..part.end - 1 } else { part };
    let mut depth = 0_usize;
    let cut = words(&line[inner.clone()]).into_iter().find(|w| {
        match w.kind {
            WordKind::Opener => depth += 1,
            WordKind::Closer => depth = depth.saturating_sub(1),
            _ => {}
        }
        let dots = &line[inner.start + w.at.start..inner.start + w.at.end] == "..";
        depth == 0 && if listed { w.kind == WordKind::Comma } else { dots }
    })?;
    let lo = trimmed(line, inner.start..inner.start + cut.at.start);
    let hi = trimmed(line, inner.start + cut.at.end..inner.end);
    (!lo.is_empty() && !hi.is_empty()).then_some((lo, hi))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> (String, Vec<(String, String)>) {
        let found = split(line, 0..line.len());
        let pairs = found.pairs.iter();
        let pairs = pairs.map(|p| (line[p.name.clone()].to_owned(), line[p.value.clone()].trim().to_owned()));
        (line[found.head.clone()].to_owned(), pairs.collect())
    }

    #[test]
    fn an_expression_and_pairs_are_told_apart() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(shown("sin(x)/x x=-2..2"), ("sin(x)/x".into(), vec![pair("x", "-2..2")]));
        assert_eq!(shown("x = 1, y = 2*a"), (String::new(), vec![pair("x", "1"), pair("y", "2*a")]));
        assert_eq!(shown("x=1 y=-x"), (String::new(), vec![pair("x", "1"), pair("y", "-x")]));
        assert_eq!(
            shown("sum(i in I: x[i]) x[1, a] in [0, 1]"),
            ("sum(i in I: x[i])".into(), vec![pair("x[1, a]", "[0, 1]")])
        );
        assert_eq!(shown("f"), ("f".into(), vec![]));
        assert_eq!(shown(""), (String::new(), vec![]));
        assert_eq!(shown("x ="), (String::new(), vec![pair("x", "")]));
        assert_eq!(shown("= 3"), ("= 3".into(), vec![]));
        assert_eq!(shown("|x| x=-1..1"), ("|x|".into(), vec![pair("x", "-1..1")]));
        assert_eq!(shown("x = 1 @, y? = $2 # no more"), (String::new(), vec![pair("x", "1 @"), pair("y?", "$2")]));
    }

    #[test]
    fn options_and_ranges_are_found_where_they_stand() {
        let option = |line: &str| {
            let Taken { text, value } = take_option(line, "--svg");
            assert_eq!(text.len(), line.len());
            (text.trim_end().to_owned(), value.map(|at| line[at].to_owned()))
        };
        let taken = |text: &str, value: &str| (text.to_owned(), Some(value.to_owned()));
        assert_eq!(option("f x=1..2 --svg a.svg"), taken("f x=1..2", "a.svg"));
        assert_eq!(option("f x=1..2 --svg=a.svg"), taken("f x=1..2", "a.svg"));
        assert_eq!(option("f --svg \"a b.svg\" x=1"), taken("f                 x=1", "a b.svg"));
        assert_eq!(option("f --svg \"a b"), taken("f", "a b"));
        assert_eq!(option("f --svg"), taken("f", ""));
        assert_eq!(option("f --svgs a"), ("f --svgs a".to_owned(), None));
        let list =
            |text: &str| items(text, 0..text.len()).into_iter().map(|at| text[at].to_owned()).collect::<Vec<_>>();
        assert_eq!(list("sin(x), max(x, 1),y"), ["sin(x)", "max(x, 1)", "y"]);
        assert_eq!(list("f"), ["f"]);
        let at = |text: &str| ends(text, 0..text.len()).map(|(a, b)| (text[a].to_owned(), text[b].to_owned()));
        assert_eq!(at("-2..2*pi"), Some(("-2".into(), "2*pi".into())));
        assert_eq!(at("[f(1, 2), 3]"), Some(("f(1, 2)".into(), "3".into())));
        assert_eq!(at("[|x|, @ 3]"), Some(("|x|".into(), "@ 3".into())));
        assert_eq!((at("3"), at("[1]"), at(".."), at("[]"), at("]")), (None, None, None, None, None));
    }
}
