//! The form in which a model is solved, beside the model as it is written.
//!
//! Takes a bound model; gives the form that its method wants: without kinks, or with absolute values of variables as weights
//! beside a smooth objective. [`Forms`] keeps both in step when numbers change.
//! Deliberately absent: how a model is rewritten (`pass::epigraph`, `pass::absolute`), and the runs.

use super::judge::Judge;
use super::ranges::Hulls;
use super::route::route;
use super::session::Session;
use super::solve::Bound;
use super::survey::range_of_data;
use crate::base::Name;
use crate::diag::Reports;
use crate::ir::NodeId;
use crate::ir::model::Model;
use crate::pass::absolute::{self, Apart};
use crate::pass::epigraph;
use crate::problem::{Oracle, ProblemFacts, Smoothness};
use std::sync::{Arc, Mutex, PoisonError};

/// A form that a method wants of a model, not bound yet.
enum Wanted {
    /// Rows in place of so many kinks.
    WithoutKinks(Box<Model>, usize),
    /// Absolute values apart.
    Apart(Box<Apart>),
}

/// What tells one form of a model from another: how many kinks rows stand for, and what is left of the lines.
#[derive(Clone, PartialEq, Eq)]
struct Mark(usize, Vec<NodeId>);

impl Wanted {
    fn mark(&self) -> Mark {
        match self {
            Self::WithoutKinks(model, n_kinks) => {
                let objectives = model.objectives.iter().map(|o| o.body);
                Mark(*n_kinks, objectives.chain(model.constraints.iter().map(|c| c.body)).collect())
            }
            // Which values stand apart does not depend on numbers.
            Self::Apart(_) => Mark(0, Vec::new()),
        }
    }
}

impl Session {
    /// The same problem in the form its method wants: without kinks, or with absolute values apart.
    pub fn restated(&mut self, bound: &Bound) -> Option<Bound> {
        let wanted = self.wanted(bound)?;
        self.bind_wanted(bound, wanted).filter(|other| other.stands_for(bound))
    }

    /// The same problem without kinks, when there are some, the user leaves the choice of the method open, and rows can
    /// stand for all of them.
    pub fn without_kinks(&mut self, bound: &Bound) -> Option<Bound> {
        let wanted = self.wanted(bound).filter(|wanted| matches!(wanted, Wanted::WithoutKinks(..)))?;
        self.bind_wanted(bound, wanted).filter(|other| other.stands_for(bound))
    }

    /// Kinks go when the choice of the method is open; absolute values stand apart when a method is asked for that takes them
    /// so.
    fn wanted(&self, bound: &Bound) -> Option<Wanted> {
        if bound.facts.smoothness != Smoothness::Continuous {
            return None;
        }
        let stages = bound.checked.solves.iter().flat_map(|s| &s.stages).map(|stage| &*stage.method);
        let asked: Vec<&str> = self.setup.method.as_deref().map_or_else(|| stages.collect(), |name| vec![name]);
        if asked.is_empty() {
            let hulls = Hulls::new(&bound.prepared, &bound.instance);
            let range = |model: &Model, node| range_of_data(model, node, &hulls);
            let (model, n_kinks) = epigraph::without_kinks(&bound.checked, &range)?;
            return Some(Wanted::WithoutKinks(Box::new(model), n_kinks));
        }
        let apart = asked.into_iter().any(takes_absolute_values);
        if apart { absolute::apart(&bound.checked).map(|apart| Wanted::Apart(Box::new(apart))) } else { None }
    }

    fn bind_wanted(&mut self, written: &Bound, wanted: Wanted) -> Option<Bound> {
        let (model, n_kinks) = match wanted {
            Wanted::WithoutKinks(model, n_kinks) => (*model, n_kinks),
            Wanted::Apart(apart) => (apart.smooth, 0),
        };
        let (model, docs) = ((Arc::new(model), n_kinks), written.docs.clone());
        let mut other = self.bind_model(Arc::clone(&written.written), model, docs, Reports::new()).ok()?;
        if n_kinks == 0 {
            (other.residuals, other.facts.n_residuals) = (None, 0);
            other.weigh();
        }
        Some(other)
    }
}

impl Bound {
    /// Whether it is in another form than it was written.
    pub fn is_restated(&self) -> bool {
        self.n_kinks > 0 || !self.l1.is_empty()
    }

    /// Whether it may be solved in place of the model as it was written, with the numbers that both have now.
    fn stands_for(&self, written: &Self) -> bool {
        if self.n_kinks > 0 {
            return self.facts.smoothness < written.facts.smoothness || self.facts.n_cones > 0;
        }
        self.l1.iter().all(|w| *w >= 0.0) && self.facts.smoothness < Smoothness::Continuous
    }

    /// Computes the weights of absolute values that stand apart; not numbers where they have no value.
    pub(super) fn weigh(&mut self) {
        let n = self.instance.shape.n_vars;
        self.l1 = self.weights().unwrap_or_else(|| vec![f64::NAN; n]);
        self.facts.n_l1 = self.l1.iter().filter(|w| **w > 0.0).count();
    }

    fn weights(&self) -> Option<Vec<f64>> {
        let Apart { weights, .. } = absolute::apart(&self.written)?;
        let weights = Arc::new(weights);
        self.instance.world.list_joins(&weights);
        let linear = Judge::new(weights, self.instance.world.clone(), self.instance.shape.clone());
        let mut ws = linear.workspace();
        let mut l1 = vec![0.0; self.instance.shape.n_vars];
        linear.gradient(&mut ws, &[1.0], &mut l1).ok()?;
        Some(l1)
    }
}

/// Whether the method takes absolute values as weights beside a smooth objective.
fn takes_absolute_values(method: &str) -> bool {
    let lasso = ProblemFacts { n_vars: 1, n_objectives: 1, n_l1: 1, ..ProblemFacts::default() };
    crate::solve::find(method).is_some_and(|row| (row.accepts)(&lasso).is_ok())
}

/// A model as it is written and the form in which it is solved, which is the same one where no method wants another.
#[derive(Clone)]
pub struct Forms {
    written: Arc<Bound>,
    /// What makes other forms; nothing where no numbers could ever ask for one.
    other: Option<Other>,
}

/// The other form, and what compiles it when other numbers ask for another one. Clones share the session.
#[derive(Clone)]
struct Other {
    session: Arc<Mutex<Session>>,
    /// Of the form that was compiled last, or tried.
    mark: Option<Mark>,
    bound: Option<Arc<Bound>>,
    /// Whether it may be solved with the numbers as they are.
    stands: bool,
}

impl Forms {
    /// A model that `session` has bound, and the form its method wants.
    pub fn new(session: Session, bound: Bound) -> Self {
        let written = Arc::new(bound);
        if !epigraph::has_kinks(&written.checked) {
            return Self { written, other: None };
        }
        let session = Arc::new(Mutex::new(session));
        let mut other = Other { session, mark: None, bound: None, stands: false };
        other.look(&written);
        Self { written, other: Some(other) }
    }

    /// The model as it is written.
    pub fn written(&self) -> &Arc<Bound> {
        &self.written
    }

    /// What is solved: by the model's own `solve` lines, or by the method `asked` for. One that takes the model as it is written
    /// gets it so.
    pub fn solved(&self, asked: Option<&str>) -> &Arc<Bound> {
        let takes_written = |method| route(&self.written.facts, Some(method)).is_ok();
        match &self.other {
            Some(Other { bound: Some(bound), stands: true, .. }) if !asked.is_some_and(takes_written) => bound,
            _ => &self.written,
        }
    }

    /// The same with other values of numeric params. Nothing is compiled unless they ask for another form than the one that
    /// was compiled last; whatever was reported, nothing has changed then.
    pub fn with_values(self, values: &[(Name, Vec<f64>)]) -> (Self, Result<(), Reports>) {
        let Self { written, other } = self;
        let (written, result) = changed(written, values);
        let written = Arc::new(written);
        if result.is_err() {
            return (Self { written, other }, result);
        }
        let other = other.map(|mut other| {
            other.bound = other.bound.take().and_then(|bound| match changed(bound, values) {
                (bound, Ok(())) => Some(Arc::new(bound)),
                (_, Err(_)) => None,
            });
            other.look(&written);
            other
        });
        (Self { written, other }, result)
    }
}

impl Other {
    /// Looks which form the numbers of `written` ask for, and makes it unless it is there.
    fn look(&mut self, written: &Bound) {
        self.stands = false;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(wanted) = session.wanted(written) else { return };
        let mark = Some(wanted.mark());
        if mark != self.mark {
            self.mark = mark;
            let bound = session.bind_wanted(written, wanted);
            // The session binds the numbers that the model came with.
            let given = written.instance.given(&written.checked);
            let bound =
                bound.and_then(|bound| if given.is_empty() { Some(bound) } else { bound.with_values(&given).ok() });
            self.bound = bound.map(Arc::new);
        }
        self.stands = self.bound.as_ref().is_some_and(|bound| bound.stands_for(written));
    }
}

/// Other numbers for a bound model; as it was where something is reported.
fn changed(bound: Arc<Bound>, values: &[(Name, Vec<f64>)]) -> (Bound, Result<(), Reports>) {
    let bound = Arc::try_unwrap(bound).unwrap_or_else(|shared| Bound::clone(&shared));
    match bound.with_values(values) {
        Ok(bound) => (bound, Ok(())),
        Err(failed) => (failed.0, Err(failed.1)),
    }
}
