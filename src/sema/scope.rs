//! Names bound inside an expression: indices of heads, params of functions.

use super::value::Value;
use crate::base::{Name, Span};
use indexmap::IndexMap;

/// A name in scope.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub value: Value,
    pub at: Span,
}

/// Names in scope; the last binding of a name counts.
#[derive(Debug, Default)]
pub(super) struct Locals {
    by_name: IndexMap<Name, Vec<Local>>,
    order: Vec<Name>,
}

impl Locals {
    /// Binds a name.
    pub fn push(&mut self, name: &Name, value: Value, at: Span) {
        self.by_name.entry(name.clone()).or_default().push(Local { value, at });
        self.order.push(name.clone());
    }

    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<&Local> {
        self.by_name.get(name).and_then(|stack| stack.last())
    }

    /// To come back to with [`Locals::reset`].
    pub fn mark(&self) -> usize {
        self.order.len()
    }

    /// Forgets all that was bound since `mark`.
    pub fn reset(&mut self, mark: usize) {
        for name in self.order.drain(mark..).rev() {
            if let Some(stack) = self.by_name.get_mut(&name) {
                stack.pop();
            }
        }
    }

    /// Names in scope with what they stand for.
    pub fn all(&self) -> impl Iterator<Item = (&Name, &Value)> {
        self.by_name.iter().filter_map(|(name, stack)| Some((name, &stack.last()?.value)))
    }

    /// Names in scope.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.iter().filter(|(_, stack)| !stack.is_empty()).map(|(name, _)| &**name)
    }
}
