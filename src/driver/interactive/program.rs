//! The statements entered so far, and what depends on what.
//!
//! Dependence is by words: a statement depends on the statements that declare a name it mentions. That is at most
//! too careful (an index may be called like a param), never too careless.

use crate::base::Name;
use crate::diag::Sources;
use crate::sema;
use crate::syntax::ast::{ParamSource, Stmt, StmtKind};
use crate::syntax::entry::{WordKind, words};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// A statement with what is known of it by its words.
#[derive(Debug)]
pub struct Statement {
    /// It, parsed.
    pub stmt: Stmt,
    /// Its text as entered.
    pub text: Name,
    /// What it declares.
    pub names: Vec<Name>,
    /// The names it mentions.
    pub mentions: BTreeSet<Name>,
    /// The names it mentions outside of the value of a param.
    shape_mentions: BTreeSet<Name>,
    /// Its words.
    key: u64,
    /// Its words without the value of a param.
    shape_key: u64,
    /// Whether it is a param whose value stands in it.
    pub is_value: bool,
}

impl Statement {
    /// The statement `stmt`, whose text is among `sources`.
    pub fn new(stmt: Stmt, sources: &Sources) -> Self {
        let text: Name = sources.snippet(stmt.span(stmt.at)).into();
        let names = sema::declares(&stmt);
        let is_value = matches!(&stmt.kind, StmtKind::Param { source: ParamSource::Value(_), .. });
        let parts = Parts::of(&text, is_value);
        Self {
            stmt,
            names,
            mentions: parts.all.0,
            shape_mentions: parts.shape.0,
            key: parts.all.1,
            shape_key: parts.shape.1,
            is_value,
            text,
        }
    }
}

/// Names and hash of the words of a text: of all, and of those before the value of a param.
struct Parts {
    all: (BTreeSet<Name>, u64),
    shape: (BTreeSet<Name>, u64),
}

impl Parts {
    fn of(text: &str, is_value: bool) -> Self {
        let (mut names, mut hash) = (BTreeSet::new(), DefaultHasher::new());
        let mut shape = None;
        let mut depth = 0_usize;
        let mut after_dot = false;
        for word in words(text).into_iter().filter(|w| w.kind != WordKind::Comment) {
            match word.kind {
                WordKind::Opener => depth += 1,
                WordKind::Closer => depth = depth.saturating_sub(1),
                WordKind::Equals if is_value && depth == 0 && shape.is_none() => {
                    shape = Some((names.clone(), hash.finish()))
                }
                WordKind::Name if !after_dot => {
                    names.insert(Name::from(&text[word.at.clone()]));
                }
                _ => {}
            }
            after_dot = word.kind == WordKind::Dot;
            text[word.at].hash(&mut hash);
        }
        let all = (names, hash.finish());
        Self { shape: shape.unwrap_or_else(|| all.clone()), all }
    }
}

/// The names that a text mentions.
pub fn mentioned(text: &str) -> BTreeSet<Name> {
    Parts::of(text, false).all.0
}

/// Statements in the order they were entered.
#[derive(Clone, Debug, Default)]
pub struct Program {
    statements: Vec<Arc<Statement>>,
}

impl Program {
    /// The statements.
    pub fn statements(&self) -> &[Arc<Statement>] {
        &self.statements
    }

    /// The statement that declares a name.
    pub fn owner(&self, name: &str) -> Option<&Arc<Statement>> {
        self.statements.iter().find(|s| s.names.iter().any(|n| &**n == name))
    }

    /// The program with further statements; one that declares a name takes the place of the one that did, an objective
    /// that of one without a name. Gives the names that are declared anew.
    pub fn with(&self, new: Vec<Statement>) -> (Self, Vec<Name>) {
        let clashes = |old: &Statement| {
            new.iter().any(|new| {
                old.names.iter().any(|n| new.names.contains(n))
                    || is_unnamed_objective(&old.stmt) && matches!(new.stmt.kind, StmtKind::Objective { .. })
                    || old.names.is_empty() && old.key == new.key && old.text == new.text
            })
        };
        let at = self.statements.iter().position(|old| clashes(old)).unwrap_or(self.statements.len());
        let gone = self.statements.iter().filter(|old| clashes(old)).flat_map(|old| old.names.iter());
        let replaced = gone.filter(|n| new.iter().any(|new| new.names.contains(n))).cloned().collect();
        let mut statements: Vec<_> = self.statements.iter().filter(|old| !clashes(old)).cloned().collect();
        statements.splice(at..at, new.into_iter().map(Arc::new));
        (Self { statements }, replaced)
    }

    /// The program without the statement that declares `name`.
    pub fn without(&self, name: &str) -> Self {
        let kept = self.statements.iter().filter(|s| !s.names.iter().any(|n| &**n == name));
        Self { statements: kept.cloned().collect() }
    }

    /// Positions of the statements that `names` need, however indirectly, in order. With `values`, those too that the
    /// values of params need.
    pub fn closure(&self, names: &BTreeSet<Name>, values: bool) -> Vec<usize> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&Name> = names.iter().collect();
        let mut seen: BTreeSet<&Name> = BTreeSet::new();
        while let Some(name) = open.pop() {
            if !seen.insert(name) {
                continue;
            }
            for (at, statement) in self.statements.iter().enumerate() {
                if statement.names.contains(name) && found.insert(at) {
                    open.extend(if values { &statement.mentions } else { &statement.shape_mentions });
                }
            }
        }
        found.into_iter().collect()
    }

    /// Positions of the statements that declare one of `names` or depend on one that does.
    pub fn dependents(&self, names: &BTreeSet<Name>) -> Vec<usize> {
        let mut all = names.clone();
        loop {
            let before = all.len();
            for statement in &self.statements {
                if statement.mentions.iter().any(|n| all.contains(n)) {
                    all.extend(statement.names.iter().cloned());
                }
            }
            if all.len() == before {
                break;
            }
        }
        let depends = |s: &Arc<Statement>| s.mentions.iter().chain(&s.names).any(|n| all.contains(n));
        (0..self.statements.len()).filter(|at| depends(&self.statements[*at])).collect()
    }

    /// What the statements at these positions say, as a number: values of params left out unless `values`.
    pub fn key(&self, closure: &[usize], values: bool) -> u64 {
        let mut hash = DefaultHasher::new();
        for at in closure {
            let statement = &self.statements[*at];
            (if values { statement.key } else { statement.shape_key }).hash(&mut hash);
        }
        hash.finish()
    }
}

fn is_unnamed_objective(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Objective { name: None, .. })
}
