//! Mistakes in the form of a whole: heads, `if`, braces, declarations, unfinished statements.

use super::words::type_for;
use super::{Explained, Scene};
use crate::diag::codes::class::ClassError;
use crate::diag::codes::syntax::SyntaxError;
use crate::syntax::build::head_op;
use crate::syntax::token::{Class, Kind, Token};

/// `f(a; b)`.
pub(super) fn semicolon_inside(scene: &Scene<'_>) -> Option<Explained> {
    if scene.found() != Some(Kind::Semicolon) {
        return None;
    }
    let at = scene.span(scene.at);
    let with = scene.reread(scene.at, Kind::Comma);
    Some(Explained::new(at, SyntaxError::SemicolonInside { at }).mend(scene.at..scene.at + 1, with, false))
}

/// `var int n`, `param int n = 3`.
pub(super) fn type_first(scene: &Scene<'_>) -> Option<Explained> {
    if scene.at != 2 || scene.found() != Some(Kind::Name) {
        return None;
    }
    let ty = type_for(scene.word(1))?;
    let at = scene.span(1);
    match scene.first() {
        Kind::Var | Kind::Hyper => {
            let offer = format!("{} {}: {ty}", scene.first().spelling(), scene.word(2));
            Some(Explained::new(at, SyntaxError::TypeFirst { at, offer }).mend(1..2, Vec::new(), false))
        }
        word @ (Kind::Param | Kind::Let | Kind::Set) => {
            let error = SyntaxError::TypeOnValue { at, word: word.spelling() };
            Some(Explained::new(at, error).mend(1..2, Vec::new(), true))
        }
        _ => None,
    }
}

/// `var 0 <= x <= 1`.
pub(super) fn name_first(scene: &Scene<'_>) -> Option<Explained> {
    let word = scene.first();
    let declares =
        matches!(word, Kind::Var | Kind::Param | Kind::Let | Kind::Set | Kind::Hyper | Kind::Table | Kind::Fn);
    if scene.at != 1 || !declares || scene.found().is_none() {
        return None;
    }
    let at = scene.span(1);
    let bounded = |lo: Kind, hi: Kind| {
        let ends = scene.kind(2) == Some(lo) && scene.kind(3) == Some(Kind::Name) && scene.kind(4) == Some(hi);
        (ends && scene.tokens.len() == 6)
            .then(|| format!("var {} in [{}, {}]", scene.word(3), scene.word(1), scene.word(5)))
    };
    let one_end = || {
        let turned = match scene.kind(2)? {
            Kind::LessEq => ">=",
            Kind::GreaterEq => "<=",
            Kind::EqEq => "==",
            _ => return None,
        };
        let ends = scene.kind(3) == Some(Kind::Name) && scene.tokens.len() == 4;
        ends.then(|| format!("var {} {turned} {}", scene.word(3), scene.word(1)))
    };
    let offer = (word == Kind::Var).then(|| bounded(Kind::LessEq, Kind::LessEq).or_else(one_end)).flatten();
    Some(Explained::new(at, SyntaxError::NameFirst { at, word: word.spelling(), offer }))
}

/// `var v "km/h"`: units are to come.
pub(super) fn unit(scene: &Scene<'_>) -> Option<Explained> {
    let named = matches!(scene.before(), Some(Kind::Name | Kind::RBracket));
    let declares = matches!(scene.first(), Kind::Var | Kind::Param | Kind::Let | Kind::Hyper);
    if scene.found() != Some(Kind::Text) || !named || !declares || scene.opener.is_some() || !scene.at_name_end() {
        return None;
    }
    let at = scene.span(scene.at);
    let error = ClassError::NotYet { at, word: scene.word(scene.at).into() };
    Some(Explained::new(at, error).mend(scene.at..scene.at + 1, Vec::new(), false))
}

/// `sum x[i]`, `sum{i in I} x[i]`, `sum(i in I) x[i]`, `sum i in I: x[i]`.
pub(super) fn head_form(scene: &Scene<'_>) -> Option<Explained> {
    if !scene.side_by_side() {
        return None;
    }
    let before = scene.at - 1;
    let is_head =
        |at: usize| scene.kind(at) == Some(Kind::Name) && head_op(scene.word(at).trim_end_matches('_')).is_some();
    if is_head(before) {
        return Some(bare_head(scene, before));
    }
    let closes = scene.tokens[before].kind().class() == Class::Closer;
    let opener = scene.opener_of(before).filter(|_| closes)?;
    let owner = opener.checked_sub(1).filter(|&o| is_head(o))?;
    let head = scene.quote(opener + 1, before).filter(|_| scene.find(opener + 1, before, Kind::In).is_some())?;
    Some(head_before_body(scene, owner, &head, scene.at))
}

/// The head's name is followed by something other than `(`.
fn bare_head(scene: &Scene<'_>, owner: usize) -> Explained {
    if scene.found() == Some(Kind::LBrace) {
        let close = scene.closer_of(scene.at);
        if let Some(head) = scene.quote(scene.at + 1, close) {
            return head_before_body(scene, owner, &head, close + 1);
        }
    }
    let end = body_end(scene, scene.at);
    if let Some(colon) = scene.find(scene.at, end, Kind::Colon)
        && let Some(head) = scene.quote(scene.at, colon)
    {
        return head_before_body(scene, owner, &head, colon + 1);
    }
    head_before_body(scene, owner, "i in I", scene.at)
}

/// Offers `sum(head: body)`, the body being what begins at `body`.
fn head_before_body(scene: &Scene<'_>, owner: usize, head: &str, body: usize) -> Explained {
    let name = scene.word(owner).trim_end_matches('_');
    let at = scene.span(owner);
    let offer = scene.quote(body, body_end(scene, body)).map(|said| format!("{name}({head}: {said})"));
    let error = SyntaxError::HeadForm { at, name: name.into(), offer };
    Explained::new(at, error).mend(owner..body.min(scene.tokens.len()), Vec::new(), false)
}

/// Where the body of a head without parentheses ends: at a sum, a comparison or the end of the bracket.
fn body_end(scene: &Scene<'_>, from: usize) -> usize {
    let ends = |k: Kind| {
        matches!(
            k,
            Kind::LessEq | Kind::Less | Kind::GreaterEq | Kind::Greater | Kind::EqEq | Kind::Equals | Kind::Comma
        ) || matches!(k, Kind::Plus | Kind::Minus | Kind::RParen | Kind::RBracket | Kind::RBrace)
    };
    let mut depth = 0_usize;
    for (i, token) in scene.tokens.iter().enumerate().skip(from) {
        match token.kind().class() {
            Class::Opener => depth += 1,
            Class::Closer if depth > 0 => depth -= 1,
            _ if depth == 0 && ends(token.kind()) => return i,
            _ => {}
        }
    }
    scene.tokens.len()
}

/// An `if` without `then` or `else`.
pub(super) fn half_if(scene: &Scene<'_>) -> Option<Explained> {
    let (kind, lacks) = if scene.expects(Kind::Then) {
        (Kind::Then, "then")
    } else if scene.expects(Kind::Else) {
        (Kind::Else, "else")
    } else {
        return None;
    };
    let begins = open_if(scene)?;
    let at = scene.span(begins);
    let stops = scene.tokens.get(scene.at).map(|_| scene.span(scene.at));
    let explained = Explained::new(at, SyntaxError::HalfIf { at, lacks, stops });
    let missing = scene.insert(kind, scene.at);
    Some(match scene.found() {
        Some(Kind::Colon | Kind::Comma) if scene.bracket() != Some(Kind::LParen) || kind == Kind::Then => {
            explained.mend(scene.at..scene.at + 1, scene.reread(scene.at, kind), false)
        }
        Some(k) if k.begins_operand() => explained.mend(scene.at..scene.at, vec![missing], true),
        _ if kind == Kind::Else => {
            explained.mend(scene.at..scene.at, vec![missing, scene.insert(Kind::Number, scene.at)], false)
        }
        _ => explained,
    })
}

/// The innermost `if` still without its `else`, in the same brackets.
fn open_if(scene: &Scene<'_>) -> Option<usize> {
    let begin = scene.opener.map_or(0, |o| o + 1);
    let mut open = Vec::new();
    for i in scene.flat(begin, scene.at) {
        match scene.tokens[i].kind() {
            Kind::If => open.push(i),
            Kind::Else => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

/// `var x, y`, `set S = 1, 2, 3`.
pub(super) fn one_name(scene: &Scene<'_>) -> Option<Explained> {
    let word = scene.first();
    if scene.found() != Some(Kind::Comma) || scene.opener.is_some() || scene.at < 2 {
        return None;
    }
    if !matches!(word, Kind::Var | Kind::Param | Kind::Let | Kind::Set | Kind::Hyper | Kind::Table) {
        return None;
    }
    let (at, rest) = (scene.span(scene.at), scene.at..scene.tokens.len());
    let value = scene.find(0, scene.at, Kind::Equals).filter(|_| scene.kind(scene.at + 2) != Some(Kind::Equals));
    if let Some(equals) = value.filter(|_| matches!(word, Kind::Set | Kind::Param | Kind::Let)) {
        let (open, close) = if word == Kind::Set { ('{', '}') } else { ('[', ']') };
        let offer = scene.quote(equals + 1, scene.tokens.len()).map(|said| format!("{open}{said}{close}"));
        return Some(Explained::new(at, SyntaxError::OpenList { at, open, offer }).mend(rest, Vec::new(), false));
    }
    // `var x >= 0, <= 1`: bounds, as other languages list them.
    let clause = matches!(scene.kind(scene.at + 1), Some(Kind::LessEq | Kind::GreaterEq | Kind::In))
        || scene.quote(scene.at + 1, scene.at + 2).is_some_and(|word| word == "start");
    let both = |a: &str, b: String| if clause { format!("{a} {b}") } else { format!("{a}; {} {b}", word.spelling()) };
    let offer = scene.quote(0, scene.at).zip(scene.quote(scene.at + 1, scene.tokens.len())).map(|(a, b)| both(&a, b));
    Some(Explained::new(at, SyntaxError::OneName { at, word: word.spelling(), offer, clause }).mend(
        rest,
        Vec::new(),
        false,
    ))
}

/// `x{i}`: braces as subscripts.
pub(super) fn braces(scene: &Scene<'_>) -> Option<Explained> {
    if scene.found() != Some(Kind::LBrace) || !scene.before().is_some_and(Kind::ends_operand) {
        return None;
    }
    let close = scene.closer_of(scene.at);
    let at = scene.span(scene.at);
    let named = scene.before() == Some(Kind::Name);
    let offer =
        scene.quote(scene.at + 1, close).filter(|_| named).map(|i| format!("{}[{i}]", scene.word(scene.at - 1)));
    let error = SyntaxError::Braces { at, offer };
    let explained = Explained::new(at, error);
    if close >= scene.tokens.len() {
        return Some(explained);
    }
    let mut with: Vec<Token> = scene.tokens[scene.at..=close].to_vec();
    with[0] = with[0].read_as(Kind::LBracket);
    let last = with.len() - 1;
    with[last] = with[last].read_as(Kind::RBracket);
    Some(explained.mend(scene.at..close + 1, with, named))
}

/// The text ends too early.
pub(super) fn unfinished(scene: &Scene<'_>) -> Option<Explained> {
    if scene.found().is_some() {
        return None;
    }
    let at = scene.span(scene.at);
    let statement = match scene.first().class() {
        Class::Statement => format!("this `{}`", scene.first().spelling()),
        _ => "this".into(),
    };
    Some(Explained::new(at, SyntaxError::Unfinished { at, statement, expected: fitting(scene) }))
}

/// What no rule recognises.
pub(super) fn anything_else(scene: &Scene<'_>) -> Explained {
    let at = scene.span(scene.at);
    let found = match scene.found() {
        Some(Kind::Text) => "this string".to_owned(),
        _ => format!("`{}`", scene.word(scene.at)),
    };
    Explained::new(at, SyntaxError::Expected { at, found, expected: fitting(scene) })
}

/// What would fit, in the user's words, at most three.
fn fitting(scene: &Scene<'_>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut offer = |kind: Kind| {
        if scene.expects(kind) {
            words.push(format!("`{}`", kind.spelling()));
        }
    };
    if let Some(closer) = scene.bracket().and_then(Kind::closer) {
        offer(closer);
        offer(Kind::Comma);
    }
    [Kind::Equals, Kind::Colon].into_iter().for_each(&mut offer);
    Kind::ALL.iter().filter(|k| k.class() == Class::Clause).copied().for_each(&mut offer);
    [Kind::Into, Kind::With, Kind::Then, Kind::Else, Kind::Fn].into_iter().for_each(&mut offer);
    if scene.wants_operand() {
        words.push("a value".into());
    } else if scene.expects(Kind::Plus) {
        words.push("an operator".into());
    } else if scene.expects(Kind::Name) {
        words.push("a name".into());
    } else if scene.expects(Kind::Text) {
        words.push("a string in `\"`".into());
    }
    words.dedup();
    words.truncate(3);
    words
}
