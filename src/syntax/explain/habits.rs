//! Habits of other languages, and of the mathematics on paper, that are no mistakes there.

use super::words::type_for;
use super::{Explained, Fix, Scene};
use crate::diag::codes::syntax::SyntaxError;
use crate::syntax::build::head_op;
use crate::syntax::token::{Class, Kind, Token};

/// Functions of one number that are often written without their parentheses.
pub const FUNCTIONS: &[&str] =
    &["exp", "log", "sqrt", "abs", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "log10", "erf"];

/// `integer var x`: the type before `var`.
pub(super) fn type_before_var(scene: &Scene<'_>) -> Option<Explained> {
    if scene.at != 1 || scene.first() != Kind::Name || scene.found() != Some(Kind::Var) {
        return None;
    }
    let ty = type_for(scene.word(0)).filter(|_| scene.kind(2) == Some(Kind::Name))?;
    let at = scene.span(0);
    let offer = format!("var {}: {ty}", scene.word(2));
    Some(Explained::new(at, SyntaxError::TypeFirst { at, offer }).mend(0..1, Vec::new(), false))
}

/// `a if c else b`.
pub(super) fn choice(scene: &Scene<'_>) -> Option<Explained> {
    if scene.found() != Some(Kind::If) || !scene.before().is_some_and(Kind::ends_operand) {
        return None;
    }
    let end = scene.opener.map_or(scene.tokens.len(), |o| scene.closer_of(o));
    let otherwise = scene.find(scene.at, end, Kind::Else)?;
    if scene.find(scene.at, otherwise, Kind::Then).is_some() {
        return None;
    }
    let at = scene.span(scene.at);
    let begin = value_start(scene);
    let last = scene.find(otherwise, end, Kind::Comma).unwrap_or(end);
    let parts = (scene.quote(begin, scene.at), scene.quote(scene.at + 1, otherwise), scene.quote(otherwise + 1, last));
    let offer = match parts {
        (Some(value), Some(cond), Some(other)) => Some(format!("if {cond} then {value} else {other}")),
        _ => None,
    };
    let plus = vec![scene.insert(Kind::Plus, scene.at)];
    Some(Explained::new(at, SyntaxError::Choice { at, offer }).mend(scene.at..otherwise + 1, plus, false))
}

/// Where the expression before the place of failure begins.
fn value_start(scene: &Scene<'_>) -> usize {
    let from = scene.opener.map_or(0, |o| o + 1);
    let begins = |kind: Kind| {
        matches!(kind, Kind::Colon | Kind::Comma | Kind::Equals) || matches!(kind.class(), Class::Statement)
    };
    let before = scene.flat(from, scene.at).filter(|&i| begins(scene.tokens[i].kind())).last();
    before.map_or(from, |i| i + 1)
}

/// `set I = 1:3`, `var x[1:3]`, `sum(i in 1:3: x[i])`.
pub(super) fn colon_range(scene: &Scene<'_>) -> Option<Explained> {
    if scene.found() != Some(Kind::Colon) {
        return None;
    }
    let colon = match scene.bracket() {
        None if scene.first() == Kind::Set => scene.at,
        Some(Kind::LBracket) => scene.at,
        Some(Kind::LParen) => {
            let opener = scene.opener?;
            let owner = opener.checked_sub(1).filter(|&o| scene.kind(o) == Some(Kind::Name))?;
            let earlier = scene.find(opener + 1, scene.at, Kind::Colon)?;
            let low =
                scene.kind(earlier - 1) == Some(Kind::Number) && scene.kind(earlier.checked_sub(2)?) == Some(Kind::In);
            head_op(scene.word(owner)).filter(|_| low)?;
            earlier
        }
        _ => return None,
    };
    let simple = |k: Option<Kind>| matches!(k, Some(Kind::Number | Kind::Name));
    if !simple(scene.kind(colon.checked_sub(1)?)) || !simple(scene.kind(colon + 1)) {
        return None;
    }
    let at = scene.span(colon);
    let stepped = scene.kind(colon + 2) == Some(Kind::Colon) && scene.bracket() != Some(Kind::LParen);
    let offer = (!stepped).then(|| format!("{}..{}", scene.word(colon - 1), scene.word(colon + 1)));
    let with = scene.reread(colon, Kind::DotDot);
    let explained = Explained::new(at, SyntaxError::ColonRange { at, offer });
    Some(if stepped { explained } else { explained.mend(colon..colon + 1, with, false) })
}

/// `var x(3)`, `param c(I, J) = 1`, `let f(x) = x^2`.
pub(super) fn axes_form(scene: &Scene<'_>) -> Option<Explained> {
    let word = scene.first();
    if scene.at != 2 || scene.found() != Some(Kind::LParen) || scene.kind(1) != Some(Kind::Name) {
        return None;
    }
    if !matches!(word, Kind::Var | Kind::Param | Kind::Let) {
        return None;
    }
    let close = scene.closer_of(scene.at);
    let at = scene.span(scene.at);
    let sets = scene.quote(scene.at + 1, close);
    let alone = close == scene.at + 2 && scene.kind(close - 1) == Some(Kind::Number);
    let offer = sets.map(|sets| {
        if word == Kind::Let && !alone {
            return format!("fn {}({sets}) = …", scene.word(1));
        }
        let range = if alone { "1.." } else { "" };
        format!("{} {}[{range}{sets}]", word.spelling(), scene.word(1))
    });
    let explained = Explained::new(at, SyntaxError::AxesForm { at, offer });
    if close >= scene.tokens.len() {
        return Some(explained);
    }
    let mut with: Vec<Token> = scene.tokens[scene.at..=close].to_vec();
    let last = with.len() - 1;
    with[0] = with[0].read_as(Kind::LBracket);
    with[last] = with[last].read_as(Kind::RBracket);
    Some(explained.mend(scene.at..close + 1, with, false))
}

/// `minimize f = x^2`.
pub(super) fn objective_equals(scene: &Scene<'_>) -> Option<Explained> {
    let sense = matches!(scene.first(), Kind::Minimize | Kind::Maximize);
    if !sense || scene.at != 2 || scene.found() != Some(Kind::Equals) || scene.kind(1) != Some(Kind::Name) {
        return None;
    }
    let at = scene.span(scene.at);
    let body = scene.quote(scene.at + 1, scene.tokens.len());
    let offer = body.map(|body| format!("{} {}: {body}", scene.first().spelling(), scene.word(1)));
    let with = scene.reread(scene.at, Kind::Colon);
    Some(Explained::new(at, SyntaxError::ObjectiveEquals { at, offer }).mend(scene.at..scene.at + 1, with, true))
}

/// `x >= 1,` at the end of a line.
pub(super) fn comma_at_end(scene: &Scene<'_>) -> Option<Explained> {
    let states = matches!(scene.first(), Kind::Minimize | Kind::Maximize) || scene.first().class() != Class::Statement;
    if scene.found() != Some(Kind::Comma) || scene.opener.is_some() || !states || scene.at == 0 {
        return None;
    }
    let next = scene.tokens.get(scene.at + 1);
    if next.is_some_and(|t| !t.first()) {
        return None;
    }
    let at = scene.span(scene.at);
    let mut explained = Explained::new(at, SyntaxError::CommaAtEnd { at });
    let tokens = scene.at..scene.tokens.len();
    explained.fix = Some(Fix { tokens, with: Vec::new(), sound: true, splits: true });
    Some(explained)
}

/// `exp x`.
pub(super) fn call_form(scene: &Scene<'_>) -> Option<Explained> {
    let before = scene.at.checked_sub(1).filter(|_| scene.side_by_side())?;
    let name = scene.word(before);
    if scene.kind(before) != Some(Kind::Name) || !FUNCTIONS.contains(&name) || !scene.expects(Kind::Star) {
        return None;
    }
    let subscripted = matches!(scene.kind(scene.at + 1), Some(Kind::LBracket | Kind::LParen));
    let end = if subscripted { scene.closer_of(scene.at + 1) + 1 } else { scene.at + 1 };
    let at = scene.span(before);
    let offer = scene.quote(scene.at, end).map(|argument| format!("{name}({argument})"));
    let error = SyntaxError::CallForm { at, name: name.into(), offer };
    Some(Explained::new(at, error).mend(before..scene.at, Vec::new(), false))
}
