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

/// Takes `--name VALUE` out of a line: space is left in its place.
pub fn take_option(line: &str, name: &str) -> (String, Option<String>) {
    let Some(at) = line.find(name).filter(|at| line[..*at].ends_with(char::is_whitespace)) else {
        return (line.to_owned(), None);
    };
    let rest = &line[at + name.len()..];
    let space = rest.len() - rest.trim_start().len();
    let value = match rest.trim_start().strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or(""),
        None => rest.split_whitespace().next().unwrap_or(""),
    };
    let quotes = if rest.trim_start().starts_with('"') { 2 } else { 0 };
    let end = (at + name.len() + space + value.len() + quotes).min(line.len());
    let blank = " ".repeat(end - at);
    (format!("{}{blank}{}", &line[..at], &line[end..]), Some(value.to_owned()))
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
        let (line, file) = take_option("f x=1..2 --svg a.svg", "--svg");
        assert_eq!((line.trim_end(), file.as_deref(), line.len()), ("f x=1..2", Some("a.svg"), 20));
        assert_eq!(take_option("f --svg \"a b.svg\" x=1..2", "--svg").1.as_deref(), Some("a b.svg"));
        assert_eq!(take_option("f --svg", "--svg").1.as_deref(), Some(""));
        let at = |text: &str| ends(text, 0..text.len()).map(|(a, b)| (text[a].to_owned(), text[b].to_owned()));
        assert_eq!(at("-2..2*pi"), Some(("-2".into(), "2*pi".into())));
        assert_eq!(at("[f(1, 2), 3]"), Some(("f(1, 2)".into(), "3".into())));
        assert_eq!(at("[|x|, @ 3]"), Some(("|x|".into(), "@ 3".into())));
        assert_eq!((at("3"), at("[1]"), at(".."), at("[]"), at("]")), (None, None, None, None, None));
    }
}
