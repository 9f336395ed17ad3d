//! Mistakes in words: misspelt, of another case, reserved, or of another language.

use super::{Explained, Fix, Scene};
use crate::diag::closest;
use crate::diag::codes::class::ClassError;
use crate::diag::codes::syntax::SyntaxError;
use crate::syntax::token::{Class, Kind};

/// Words that begin loops elsewhere.
const LOOPS: [&str; 6] = ["for", "forall", "foreach", "for_each", "each", "while"];

/// What other languages call our statements.
const STATEMENTS: &[(&str, Kind)] = &[
    ("minimise", Kind::Minimize),
    ("minimum", Kind::Minimize),
    ("min", Kind::Minimize),
    ("maximise", Kind::Maximize),
    ("maximum", Kind::Maximize),
    ("max", Kind::Maximize),
    ("objective", Kind::Minimize),
    ("variable", Kind::Var),
    ("variables", Kind::Var),
    ("parameter", Kind::Param),
    ("parameters", Kind::Param),
    ("const", Kind::Param),
    ("constant", Kind::Param),
    ("data", Kind::Param),
    ("def", Kind::Fn),
    ("func", Kind::Fn),
    ("function", Kind::Fn),
    ("define", Kind::Let),
    ("expression", Kind::Let),
    ("print", Kind::Show),
    ("display", Kind::Show),
    ("import", Kind::Include),
    ("use", Kind::Include),
    ("optimize", Kind::Solve),
    ("assert", Kind::Check),
    ("require", Kind::Check),
    ("hyperparameter", Kind::Hyper),
];

/// What other languages call the words inside statements.
const INNER: &[(&str, Kind)] = &[
    ("where", Kind::If),
    ("when", Kind::If),
    ("suchthat", Kind::If),
    ("st", Kind::If),
    ("otherwise", Kind::Else),
    ("init", Kind::Start),
    ("initial", Kind::Start),
    ("initially", Kind::Start),
    ("guess", Kind::Start),
    ("default", Kind::Start),
    ("using", Kind::With),
    ("by", Kind::With),
    ("via", Kind::With),
    ("perp", Kind::Complements),
    ("complement", Kind::Complements),
    ("tolerance", Kind::Tol),
    ("within", Kind::In),
    ("to", Kind::DotDot),
];

/// The statement a word was meant to begin.
pub fn statement_for(word: &str) -> Option<Kind> {
    let lower = word.to_lowercase();
    if let Some((_, kind)) = STATEMENTS.iter().find(|s| s.0 == lower) {
        return Some(*kind);
    }
    let words = Kind::ALL.iter().filter(|k| k.class() == Class::Statement && **k != Kind::Reserved);
    let spelling = closest(word, words.map(|k| k.spelling()))?;
    Kind::ALL.iter().copied().find(|k| k.spelling() == spelling)
}

/// `var set`: a reserved word where a name is declared or used.
pub(super) fn reserved_as_name(scene: &Scene<'_>) -> Option<Explained> {
    let kind = scene.found().filter(|k| matches!(k.class(), Class::Statement | Class::Word))?;
    if !scene.expects(Kind::Name) || matches!(kind, Kind::If | Kind::Not) {
        return None;
    }
    let declared = scene.at == 1 && scene.first().class() == Class::Statement && !scene.expects(Kind::Number);
    let used = kind.class() == Class::Statement && scene.before().is_some_and(|k| k.class() == Class::Sign);
    if !declared && !used {
        return None;
    }
    let at = scene.span(scene.at);
    let error = SyntaxError::ReservedName { at, word: scene.word(scene.at).into() };
    Some(Explained::new(at, error).mend(scene.at..scene.at + 1, scene.reread(scene.at, Kind::Name), false))
}

/// `var x minimize x`: a second statement on the line.
pub(super) fn new_statement(scene: &Scene<'_>) -> Option<Explained> {
    scene.found().filter(|k| k.class() == Class::Statement)?;
    if scene.at == 0 || !scene.before().is_some_and(Kind::ends_operand) {
        return None;
    }
    let at = scene.span(scene.at);
    let word = if scene.found() == Some(Kind::Subject) { "subject to" } else { scene.word(scene.at) }.to_owned();
    let mut explained = Explained::new(at, SyntaxError::NewStatement { at, word });
    if scene.opener.is_none() {
        let tokens = scene.at..scene.tokens.len();
        explained.fix = Some(Fix { tokens, with: Vec::new(), sound: true, splits: true });
    }
    Some(explained)
}

/// `for i in I: x[i] <= 1`, `sum(x[i] for i in I)`, `x[i] <= 1 forall i in I`.
pub(super) fn loop_word(scene: &Scene<'_>) -> Option<Explained> {
    let is_loop = |at: usize| scene.kind(at) == Some(Kind::Name) && LOOPS.contains(&scene.word(at));
    if scene.at == 1 && is_loop(0) {
        let at = scene.span(0);
        let offer = scene.find(1, scene.tokens.len(), Kind::Colon).and_then(|colon| {
            let (head, body) = (scene.quote(1, colon)?, scene.quote(colon + 1, scene.tokens.len())?);
            Some(format!("write `name[{head}]: {body}`"))
        });
        let error = SyntaxError::ForLoop { at, word: scene.word(0).into(), offer };
        return Some(Explained::new(at, error));
    }
    if !is_loop(scene.at) || !scene.side_by_side() {
        return None;
    }
    let at = scene.span(scene.at);
    let end = scene.opener.map_or(scene.tokens.len(), |o| scene.closer_of(o));
    let begin = scene.opener.map_or(0, |o| o + 1);
    let offer =
        scene.quote(scene.at + 1, end).zip(scene.quote(begin, scene.at)).and_then(|(head, body)| match scene.opener {
            Some(opener) if opener > 0 => Some(format!("write `{}({head}: {body})`", scene.word(opener - 1))),
            Some(_) => None,
            None => Some(format!("write `name[{head}]: {body}`")),
        });
    let error = SyntaxError::ForLoop { at, word: scene.word(scene.at).into(), offer };
    Some(Explained::new(at, error).mend(scene.at..end, Vec::new(), false))
}

/// `minimise cost: x`: the first word is meant to begin a statement.
pub(super) fn statement_word(scene: &Scene<'_>) -> Option<Explained> {
    if scene.at != 1 || scene.first() != Kind::Name {
        return None;
    }
    let word = scene.word(0);
    let at = scene.span(0);
    if let Some(ty) = type_for(word).filter(|_| scene.found() == Some(Kind::Name)) {
        let offer = format!("var {}: {ty}", scene.word(1));
        return Some(Explained::new(at, SyntaxError::TypeFirst { at, offer }).mend(
            0..1,
            scene.reread(0, Kind::Var),
            false,
        ));
    }
    let kind = statement_for(word)?;
    let error = SyntaxError::Misspelt { at, found: word.into(), offer: kind.spelling() };
    Some(Explained::new(at, error).mend(0..1, scene.reread(0, kind), true))
}

/// The type a word means, in any language.
pub(super) fn type_for(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "int" | "integer" | "integers" => "int",
        "bool" | "binary" | "boolean" => "bool",
        "real" | "float" | "double" | "continuous" => "real",
        _ => return None,
    })
}

/// `x at 0`: words kept for dynamics.
pub(super) fn later_word(scene: &Scene<'_>) -> Option<Explained> {
    if !scene.side_by_side() || scene.word(scene.at) != "at" {
        return None;
    }
    let at = scene.span(scene.at);
    Some(Explained::new(at, ClassError::NotYet { at, word: "at".into() }))
}

/// `var x strat 1`, `if a > 0 THEN a`: a misspelt word after an operand.
pub(super) fn clause_word(scene: &Scene<'_>) -> Option<Explained> {
    if scene.found() != Some(Kind::Name) || !scene.before().is_some_and(|k| k.ends_operand() || k == Kind::Solve) {
        return None;
    }
    let word = scene.word(scene.at);
    // `var n int`: a type without its colon.
    if scene.first() == Kind::Var && scene.at == 2 && type_for(word).is_some() {
        return None;
    }
    let lower = word.to_lowercase();
    let fitting = |k: &Kind| matches!(k.class(), Class::Word | Class::Clause) && scene.expects(*k);
    let other = INNER.iter().find(|w| w.0 == lower && scene.expects(w.1)).map(|w| w.1);
    let kind = other.or_else(|| {
        let known = closest(word, Kind::ALL.iter().filter(|k| fitting(k)).map(|k| k.spelling()))?;
        Kind::ALL.iter().copied().find(|k| k.spelling() == known)
    })?;
    let at = scene.span(scene.at);
    let error = SyntaxError::Misspelt { at, found: word.into(), offer: kind.spelling() };
    Some(Explained::new(at, error).mend(scene.at..scene.at + 1, scene.reread(scene.at, kind), true))
}

/// `NOT a`, `If a > 0 then`: a misspelt word before an operand.
pub(super) fn prefix_word(scene: &Scene<'_>) -> Option<Explained> {
    let before = scene.at.checked_sub(1).filter(|_| scene.side_by_side())?;
    if scene.kind(before) != Some(Kind::Name) {
        return None;
    }
    let kind = match scene.word(before).to_ascii_lowercase().as_str() {
        "if" => Kind::If,
        "not" => Kind::Not,
        _ => return None,
    };
    let at = scene.span(before);
    let error = SyntaxError::Misspelt { at, found: scene.word(before).into(), offer: kind.spelling() };
    Some(Explained::new(at, error).mend(before..scene.at, scene.reread(before, kind), true))
}
