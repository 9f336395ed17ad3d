//! Literal elements: labels, integers and tuples as they stand in `{...}` and in maps.

use super::Sema;
use crate::base::{Name, Span};
use crate::diag::codes::kind::KindError;
use crate::diag::codes::shape::ShapeError;
use crate::ir::LabelId;
use crate::ir::model::{ElemType, Key};
use crate::syntax::ast::{ExprId, ExprKind, UnOp};

/// Integers that a double holds exactly.
const LARGEST_INTEGER: f64 = 9_007_199_254_740_992.0;

/// The integer a number is.
pub(super) fn integer(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() <= LARGEST_INTEGER).then_some(value as i64)
}

impl Sema<'_> {
    /// The components of a literal element; reported and nothing when it is none.
    pub(super) fn literal_element(&mut self, id: ExprId) -> Option<Vec<Key>> {
        match &self.stmt.exprs[id].kind {
            ExprKind::Tuple(parts) => parts.iter().map(|part| self.literal_key(*part)).collect(),
            _ => Some(vec![self.literal_key(id)?]),
        }
    }

    fn literal_key(&mut self, id: ExprId) -> Option<Key> {
        let stmt = self.stmt;
        let id = self.unparen(id);
        match &stmt.exprs[id].kind {
            ExprKind::Name(name) | ExprKind::Text(name) => Some(Key::Label(self.model.graph.label(name))),
            ExprKind::Number(value) => self.integer_key(*value, id),
            ExprKind::Unary { op: UnOp::Neg, of } => match stmt.exprs[*of].kind {
                ExprKind::Number(value) => self.integer_key(-value, id),
                _ => self.no_element(id),
            },
            _ => self.no_element(id),
        }
    }

    fn integer_key(&mut self, value: f64, id: ExprId) -> Option<Key> {
        let key = integer(value).map(Key::Int);
        if key.is_none() {
            let at = self.stmt.expr_span(id);
            self.reports.push(KindError::NotAnInteger { at, what: "an element of a set".into() });
        }
        key
    }

    fn no_element(&mut self, id: ExprId) -> Option<Key> {
        let at = self.stmt.expr_span(id);
        self.reports.push(KindError::Misplaced {
            at,
            what: "an expression where an element is written out".into(),
            help: Some("elements are labels, integers, or tuples of them".into()),
        });
        None
    }

    /// A literal element as it is written.
    pub(super) fn key_words(&self, key: &[Key]) -> String {
        let words: Vec<String> = key
            .iter()
            .map(|part| match part {
                Key::Int(value) => value.to_string(),
                Key::Label(label) => self.label_text(*label).to_string(),
            })
            .collect();
        if let [one] = &words[..] { one.clone() } else { format!("({})", words.join(", ")) }
    }

    /// The text of a label.
    pub(super) fn label_text(&self, label: LabelId) -> &Name {
        self.model.graph.label_name(label)
    }

    /// The elements of `{...}`, all of one kind; errors are reported and left out.
    pub(super) fn literal_elements(&mut self, items: &[ExprId]) -> (Vec<ElemType>, Vec<Vec<Key>>) {
        let mut elem: Option<(Vec<ElemType>, Span)> = None;
        let mut seen: indexmap::IndexMap<Vec<Key>, Span> = indexmap::IndexMap::with_capacity(items.len());
        for &item in items {
            let at = self.stmt.expr_span(item);
            let Some(key) = self.literal_element(item) else { continue };
            let ty: Vec<ElemType> = key.iter().map(key_type).collect();
            let (first, first_at) = elem.get_or_insert_with(|| (ty.clone(), at));
            if *first != ty {
                let (first_at, first) = (*first_at, shape_words(first));
                self.reports.push(ShapeError::MixedElements { at, found: shape_words(&ty), first, first_at });
                continue;
            }
            if let Some(&first_at) = seen.get(&key) {
                let text = self.key_words(&key);
                self.reports.push(ShapeError::RepeatedElement { at, text, first_at });
                continue;
            }
            seen.insert(key, at);
        }
        (elem.map_or_else(|| vec![ElemType::Label], |(ty, _)| ty), seen.into_keys().collect())
    }
}

/// The type of a literal component.
pub(super) fn key_type(key: &Key) -> ElemType {
    match key {
        Key::Int(_) => ElemType::Int,
        Key::Label(_) => ElemType::Label,
    }
}

fn shape_words(ty: &[ElemType]) -> String {
    match ty {
        [ElemType::Int] => "an integer".into(),
        [_] => "a label".into(),
        _ => format!("a tuple of {}", ty.len()),
    }
}
