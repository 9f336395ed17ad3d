//! Mistakes in signs: `=` for `==`, a missing `:`, `,` or operator, an operator without operand.

use super::words::type_for;
use super::{Explained, Scene};
use crate::base::Name;
use crate::diag::codes::class::ClassError;
use crate::diag::codes::syntax::{Side, SyntaxError};
use crate::syntax::build::head_op;
use crate::syntax::token::{Class, Kind, Token};

/// `2x`: a number that touches a name.
pub(super) fn number_then_name(scene: &Scene<'_>) -> Option<Explained> {
    let before = scene.at.checked_sub(1)?;
    let touches = scene.tokens[before].end() == scene.tokens.get(scene.at)?.start();
    if !touches || scene.kind(before) != Some(Kind::Number) || scene.found() != Some(Kind::Name) {
        return None;
    }
    Some(product(scene, before, true))
}

fn product(scene: &Scene<'_>, before: usize, sound: bool) -> Explained {
    let at = scene.span_to(before, scene.at);
    let offer = Some(format!("{}*{}", scene.word(before), scene.word(scene.at)));
    let star = scene.insert(Kind::Star, scene.at);
    Explained::new(at, SyntaxError::NoJuxtaposition { at, offer }).mend(scene.at..scene.at, vec![star], sound)
}

/// `{'a', 'b'}`: `'` where a string was meant.
pub(super) fn single_quotes(scene: &Scene<'_>) -> Option<Explained> {
    if scene.found() != Some(Kind::Prime) || !scene.wants_operand() {
        return None;
    }
    let end = (scene.at + 1..scene.tokens.len()).find(|&i| scene.kind(i) == Some(Kind::Prime))?;
    let (open, close) = (scene.tokens[scene.at], scene.tokens[end]);
    let inner = scene.text.get(open.end() as usize..close.start() as usize)?;
    if inner.contains('\n') {
        return None;
    }
    let at = scene.span_to(scene.at, end);
    let string = Token::new(Kind::Text, open.start() as usize, close.end() as usize, open.first());
    let error = SyntaxError::WrongQuotes { at, offer: format!("\"{inner}\"") };
    Some(Explained::new(at, error).mend(scene.at..end + 1, vec![string], false))
}

/// `from t.csv`: a file without quotes.
pub(super) fn file_without_quotes(scene: &Scene<'_>) -> Option<Explained> {
    let only_text = scene.expects(Kind::Text) && !scene.expects(Kind::Name);
    if !only_text || scene.found() != Some(Kind::Name) {
        return None;
    }
    let mut end = scene.at + 1;
    while scene.tokens.get(end).is_some_and(|t| t.start() == scene.tokens[end - 1].end()) {
        end += 1;
    }
    let at = scene.span_to(scene.at, end - 1);
    let token = Token::new(Kind::Text, at.start as usize, at.end as usize, false);
    let error = SyntaxError::WrongQuotes { at, offer: format!("\"{}\"", scene.quote(scene.at, end)?) };
    Some(Explained::new(at, error).mend(scene.at..end, vec![token], false))
}

/// `x = 3` as a constraint, `var x = 3`.
pub(super) fn assignment(scene: &Scene<'_>) -> Option<Explained> {
    if scene.found() != Some(Kind::Equals) || !scene.before().is_some_and(Kind::ends_operand) {
        return None;
    }
    let at = scene.span(scene.at);
    let here = scene.at..scene.at + 1;
    if scene.first() == Kind::Var && scene.opener.is_none() {
        let error = SyntaxError::FixedVar { at, name: scene.word(1).into() };
        return Some(Explained::new(at, error).mend(here, scene.reread(scene.at, Kind::EqEq), false));
    }
    let (kind, offer) = match scene.first() {
        Kind::Expect if scene.opener.is_none() => (Kind::Near, "~="),
        _ => (Kind::EqEq, "=="),
    };
    let define = (!scene.section && scene.first() == Kind::Name).then(|| defined_name(scene)).flatten();
    let sound = define.is_none();
    let error = SyntaxError::AssignForCompare { at, offer, define };
    Some(Explained::new(at, error).mend(here, scene.reread(scene.at, kind), sound))
}

/// The name in `a = …` or `a[i] = …`, if the statement begins so.
fn defined_name(scene: &Scene<'_>) -> Option<Name> {
    let whole = scene.at == 1 || scene.kind(1) == Some(Kind::LBracket) && scene.closer_of(1) + 1 == scene.at;
    whole.then(|| scene.word(0).into())
}

/// `param a == 3`, `set S: {1, 2}`, `param n: int = 3`.
pub(super) fn definition(scene: &Scene<'_>) -> Option<Explained> {
    if !scene.expects(Kind::Equals) || scene.opener.is_some() {
        return None;
    }
    let word = scene.first();
    if !matches!(word, Kind::Set | Kind::Param | Kind::Let | Kind::Fn | Kind::Extern) {
        return None;
    }
    let at = scene.span(scene.at);
    if scene.found() == Some(Kind::Colon) && scene.kind(scene.at + 1) == Some(Kind::Name) {
        let ty = scene.word(scene.at + 1);
        let named = scene.span(scene.at + 1);
        if type_for(ty).is_some() {
            let error = SyntaxError::TypeOnValue { at: named, word: word.spelling() };
            return Some(Explained::new(named, error).mend(scene.at..scene.at + 2, Vec::new(), true));
        }
        if matches!(ty, "psd" | "soc" | "cone") {
            return Some(Explained::new(named, ClassError::NotYet { at: named, word: ty.into() }));
        }
    }
    if !matches!(scene.found(), Some(Kind::EqEq | Kind::Colon)) {
        return None;
    }
    let found = scene.word(scene.at).to_owned();
    let error = SyntaxError::CompareForAssign { at, word: format!("`{}`", word.spelling()), found };
    Some(Explained::new(at, error).mend(scene.at..scene.at + 1, scene.reread(scene.at, Kind::Equals), true))
}

/// `param a 3`: no `=` between a name and its value.
pub(super) fn missing_equals(scene: &Scene<'_>) -> Option<Explained> {
    let word = scene.first();
    if !scene.expects(Kind::Equals) || scene.opener.is_some() || !scene.side_by_side() {
        return None;
    }
    if !matches!(word, Kind::Set | Kind::Param | Kind::Let | Kind::Fn | Kind::Extern) {
        return None;
    }
    let at = scene.span(scene.at);
    let error = SyntaxError::MissingEquals { at, word: word.spelling() };
    Some(Explained::new(at, error).mend(scene.at..scene.at, vec![scene.insert(Kind::Equals, scene.at)], true))
}

/// `var x > 0`.
pub(super) fn strict_bound(scene: &Scene<'_>) -> Option<Explained> {
    if scene.first() != Kind::Var || scene.opener.is_some() {
        return None;
    }
    let (kind, offer) = match scene.found()? {
        Kind::Greater => (Kind::GreaterEq, ">="),
        Kind::Less => (Kind::LessEq, "<="),
        _ => return None,
    };
    let at = scene.span(scene.at);
    let error = SyntaxError::StrictBound { at, offer };
    Some(Explained::new(at, error).mend(scene.at..scene.at + 1, scene.reread(scene.at, kind), true))
}

/// No `:` after the name of an objective, a label, the indices of a head, a condition or an element.
pub(super) fn missing_colon(scene: &Scene<'_>) -> Option<Explained> {
    if !scene.side_by_side() || !scene.expects(Kind::Colon) {
        return None;
    }
    let after = match scene.bracket() {
        None => missing_label_colon(scene)?,
        Some(Kind::LParen) => missing_head_colon(scene)?,
        Some(Kind::LBrace) => missing_value_colon(scene)?,
        Some(_) => return None,
    };
    let at = scene.span(scene.at);
    let ty = type_for(scene.word(scene.at)).filter(|_| scene.first() == Kind::Var && scene.opener.is_none());
    let offer = ty.and_then(|ty| Some(format!("{}: {ty}", scene.quote(0, scene.at)?)));
    let other_word = ty.is_some_and(|ty| ty != scene.word(scene.at));
    let explained = Explained::new(at, SyntaxError::MissingColon { at, after, offer });
    Some(if other_word {
        // The type is known and said in the offer; its word would be a second mistake.
        explained.mend(scene.at..scene.at + 1, Vec::new(), false)
    } else {
        explained.mend(scene.at..scene.at, vec![scene.insert(Kind::Colon, scene.at)], true)
    })
}

fn missing_label_colon(scene: &Scene<'_>) -> Option<&'static str> {
    match scene.first() {
        Kind::Minimize | Kind::Maximize if scene.at == 2 && scene.before() == Some(Kind::Name) => {
            Some("the name of the objective")
        }
        Kind::Check if scene.found() == Some(Kind::Text) => Some("the condition"),
        Kind::Var if scene.found() == Some(Kind::Name) && type_for(scene.word(scene.at)).is_some() => Some("the name"),
        Kind::Name if scene.at == 1 && scene.section => Some("the name of the constraint"),
        Kind::Name if scene.kind(1) == Some(Kind::LBracket) && scene.closer_of(1) + 1 == scene.at => {
            let binds = scene.find(2, scene.at - 1, Kind::In).is_some();
            (binds || scene.section).then_some("the name of the constraint")
        }
        _ => None,
    }
}

fn missing_head_colon(scene: &Scene<'_>) -> Option<&'static str> {
    let opener = scene.opener?;
    let owner = opener.checked_sub(1).filter(|&o| scene.kind(o) == Some(Kind::Name))?;
    let binds = scene.find(opener + 1, scene.at, Kind::In).is_some();
    let has_colon = scene.find(opener + 1, scene.closer_of(opener), Kind::Colon).is_some();
    let next_binds = scene.kind(scene.at + 1) == Some(Kind::In);
    (binds && !has_colon && !next_binds && head_op(scene.word(owner)).is_some()).then_some("the indices")
}

fn missing_value_colon(scene: &Scene<'_>) -> Option<&'static str> {
    let opener = scene.opener?;
    let comma = scene.flat(opener + 1, scene.at).filter(|&i| scene.kind(i) == Some(Kind::Comma)).last();
    let entry = comma.unwrap_or(opener) + 1;
    let has_colon = scene.find(entry, scene.at, Kind::Colon).is_some();
    let is_map = scene.find(opener + 1, scene.closer_of(opener), Kind::Colon).is_some();
    let number = scene.found() == Some(Kind::Number) && scene.before() != Some(Kind::Number);
    (!has_colon && (is_map || number)).then_some("the element")
}

/// No `,` between subscripts, arguments, elements, parts.
pub(super) fn missing_comma(scene: &Scene<'_>) -> Option<Explained> {
    if !scene.side_by_side() || !scene.expects(Kind::Comma) {
        return None;
    }
    let between = match scene.bracket() {
        Some(Kind::LBracket) => {
            let owned = scene.opener.and_then(|o| o.checked_sub(1)).and_then(|o| scene.kind(o));
            if owned.is_some_and(Kind::ends_operand) { "subscripts" } else { "elements" }
        }
        Some(Kind::LBrace) => "elements",
        Some(_) => missing_argument_comma(scene)?,
        None => match scene.first() {
            Kind::Split => "parts",
            // An expression that was typed alone is read as the item of a `show` that nobody wrote.
            Kind::Show if scene.tokens[0].end() > scene.tokens[0].start() => "items",
            _ => return None,
        },
    };
    let at = scene.span(scene.at);
    let error = SyntaxError::MissingComma { at, between };
    Some(Explained::new(at, error).mend(scene.at..scene.at, vec![scene.insert(Kind::Comma, scene.at)], true))
}

fn missing_argument_comma(scene: &Scene<'_>) -> Option<&'static str> {
    let opener = scene.opener?;
    if scene.find(opener + 1, scene.at, Kind::Colon).is_some() {
        return None;
    }
    if scene.kind(scene.at + 1) == Some(Kind::In) {
        return Some("indices");
    }
    let alone = |k: Option<Kind>| matches!(k, Some(Kind::Comma | Kind::LParen | Kind::RParen));
    let named = scene.kind(scene.at + 1) == Some(Kind::Equals);
    let simple = alone(scene.kind(scene.at.checked_sub(2)?)) && alone(scene.kind(scene.at + 1));
    let call = opener.checked_sub(1).and_then(|o| scene.kind(o)) == Some(Kind::Name);
    let tuple = scene.kind(scene.closer_of(opener) + 1) == Some(Kind::In);
    ((call && (named || simple)) || tuple).then_some(if call { "arguments" } else { "indices" })
}

/// `a + * b`, `a +`, `f(, b)`: an operator or sign without what it needs.
pub(super) fn missing_operand(scene: &Scene<'_>) -> Option<Explained> {
    if !scene.wants_operand() || scene.found().is_some_and(|k| k.class() == Class::Statement) {
        return None;
    }
    let before = scene.at.checked_sub(1);
    let sign = |at: usize| scene.word(at).to_owned();
    let leads = before.filter(|&b| needs_operand(scene.tokens[b].kind()));
    let (at, error) = match (leads, scene.found()) {
        (Some(b), found) if found.is_none_or(|k| !is_operator(k)) && scene.kind(b)?.class() != Class::Opener => {
            let at = scene.span(b);
            (at, SyntaxError::MissingOperand { at, sign: sign(b), side: Side::After })
        }
        (Some(b), Some(k)) if is_operator(scene.kind(b)?) || k.class() == Class::Closer => {
            let at = scene.span(scene.at);
            (at, SyntaxError::NothingBetween { at, left: sign(b), right: sign(scene.at) })
        }
        (_, Some(_)) => {
            let at = scene.span(scene.at);
            (at, SyntaxError::MissingOperand { at, sign: sign(scene.at), side: Side::Before })
        }
        (_, None) => return None,
    };
    let doubled = scene.found().is_some_and(is_operator) && leads.is_some_and(|b| is_operator(scene.tokens[b].kind()));
    let explained = Explained::new(at, error);
    Some(if doubled {
        explained.mend(scene.at..scene.at + 1, Vec::new(), false)
    } else {
        explained.mend(scene.at..scene.at, vec![scene.insert(Kind::Number, scene.at)], false)
    })
}

fn is_operator(kind: Kind) -> bool {
    kind.class() == Class::Sign && !matches!(kind, Kind::Comma | Kind::Colon | Kind::Prime | Kind::Equals | Kind::Dot)
        || matches!(kind, Kind::And | Kind::Or | Kind::In | Kind::Complements)
}

fn needs_operand(kind: Kind) -> bool {
    matches!(kind.class(), Class::Sign | Class::Word | Class::Opener | Class::Clause) && kind != Kind::Prime
}

/// `a b`: two operands side by side.
pub(super) fn missing_operator(scene: &Scene<'_>) -> Option<Explained> {
    if !scene.side_by_side() || !(scene.expects(Kind::Plus) || scene.expects(Kind::GreaterEq)) {
        return None;
    }
    let before = scene.at - 1;
    if scene.kind(before) == Some(Kind::Number) && scene.found() == Some(Kind::Name) && scene.expects(Kind::Star) {
        return Some(product(scene, before, false));
    }
    let (at, left) = (scene.span(scene.at), scene.span(before));
    let simple = |i: usize| matches!(scene.kind(i), Some(Kind::Name | Kind::Number));
    let offer = (simple(before) && simple(scene.at) && scene.expects(Kind::Star))
        .then(|| format!("{} * {}", scene.word(before), scene.word(scene.at)));
    let error = SyntaxError::MissingOperator { at, left, offer };
    let kind = if scene.expects(Kind::Star) { Kind::Star } else { Kind::GreaterEq };
    Some(Explained::new(at, error).mend(scene.at..scene.at, vec![scene.insert(kind, scene.at)], false))
}
