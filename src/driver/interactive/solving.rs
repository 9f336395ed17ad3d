//! Solving the whole model from where the point stands.
//!
//! What was bound and compiled serves again while the statements are the same and only numbers of params differ.

use super::bench::Bench;
use super::compiled::{MOST_PATCHED, Values};
use super::program::Statement;
use crate::base::Name;
use crate::diag::Reports;
use crate::driver::Session;
use crate::driver::session::Checked;
use crate::driver::solve::{Bound, Live, Solved};
use crate::pass::squares;
use crate::problem::{Form, WarmStart};
use crate::syntax::ast::{Stmt, StmtKind};
use crate::syntax::entry;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// The whole model, bound.
pub(super) struct Whole {
    /// What its statements say, values of params left out.
    key: u64,
    values: Values,
    bound: Bound,
}

impl Whole {
    /// The same with other values; nothing when it must be bound anew for them.
    fn with(self, values: Values, session: &Session) -> Option<Self> {
        if self.values == values {
            return Some(self);
        }
        let changed: Vec<(Name, Vec<f64>)> = values
            .iter()
            .filter(|(name, value)| self.values.get(*name) != Some(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let facts = self.bound.facts.clone();
        let model = Arc::clone(&self.bound.checked);
        let bound = self.bound.with_values(&changed).ok()?;
        // A sum of squares that had none of its own residuals, because of a weight below 0, may have them now.
        let may_be_squares = bound.residuals.is_none() && session.may_run(&model, Form::LeastSquares);
        let may_be_squares = may_be_squares && squares::squares(&model).is_ok();
        // Another class may want another method, and other matrices.
        (bound.facts == facts && !may_be_squares).then_some(Self { key: self.key, values, bound })
    }
}

impl Bench {
    /// Solves the whole model; `asked` stands for the model's own `solve` lines. The point moves to the answer.
    ///
    /// # Errors
    /// As [`Session::solve_bound`].
    pub fn solve(&mut self, asked: Option<Stmt>, live: Live) -> Result<Solved, Reports> {
        let begun = self.session.timings.len();
        let whole = self.bind_whole(asked)?;
        let solved = self.solve_bound(&whole.bound, live);
        self.whole = Some(whole);
        let mut solved = solved?;
        solved.report.timings = self.session.timings[begun..].to_vec();
        let mut point = self.point.clone();
        for variable in &solved.report.variables {
            if !variable.values.iter().any(|v| v.is_nan()) {
                point.insert(Name::from(variable.name.as_str()), variable.values.clone());
            }
        }
        self.past.push((self.program.clone(), std::mem::replace(&mut self.point, point)));
        self.result = Some(solved.report.clone());
        Ok(solved)
    }

    fn solve_bound(&mut self, bound: &Bound, live: Live) -> Result<Solved, Reports> {
        // What is to be said about model and data was said of the model as it is written.
        let restated = self.session.restated(bound).map(|smooth| Bound { reports: bound.reports.clone(), ..smooth });
        if restated.is_some() {
            self.count_whole();
        }
        let bound = restated.as_ref().unwrap_or(bound);
        let moved = !self.point.is_empty();
        let start = moved.then(|| {
            let mut x = self.x_of(&bound.written, &bound.instance);
            x.truncate(bound.written_sizes().0);
            for (x, start) in x.iter_mut().zip(&bound.instance.shape.start) {
                *x = if x.is_finite() { *x } else { *start };
            }
            bound.begin_at(WarmStart { x, ..WarmStart::default() })
        });
        self.session.solve_from("the model", bound, (start, None), live)
    }

    /// The whole model, bound: as it was, with other numbers, or anew.
    fn bind_whole(&mut self, asked: Option<Stmt>) -> Result<Whole, Reports> {
        let own = |s: &Statement| asked.is_none() || !matches!(s.stmt.kind, StmtKind::Solve { .. });
        let statements = self.program.statements();
        let used: Vec<usize> = (0..statements.len()).filter(|at| own(&statements[*at])).collect();
        let mut values = self.param_values(&used)?;
        let patched = values.values().all(|v| v.len() <= MOST_PATCHED);
        if !patched {
            values.clear();
        }
        let mut hash = DefaultHasher::new();
        self.program.key(&used, !patched).hash(&mut hash);
        if let Some(stmt) = &asked {
            let text = self.session.sources.snippet(stmt.span(stmt.at));
            entry::words(text).into_iter().for_each(|w| text[w.at].hash(&mut hash));
        }
        let key = hash.finish();
        let known = self.whole.take().filter(|whole| whole.key == key);
        if let Some(whole) = known.and_then(|whole| whole.with(values.clone(), &self.session)) {
            return Ok(whole);
        }
        let statements = self.program.statements();
        let mut stmts: Vec<Stmt> = used.iter().map(|at| statements[*at].stmt.clone()).collect();
        stmts.extend(asked);
        let (model, reports) = self.analyse(&stmts);
        if reports.has_errors() {
            return Err(reports);
        }
        self.count_whole();
        let bound = self.session.bind(Checked { stmts, model, reports })?;
        Ok(Whole { key, values, bound })
    }

    fn count_whole(&mut self) {
        self.counts.bound += 1;
        self.counts.differentiated += 1;
        self.counts.compiled += 1;
    }
}
