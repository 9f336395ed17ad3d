//! The state of a paused run.

use super::super::ground::Steps;
use super::augmented::Terms;
use super::{Lagrangian, Outer};
use crate::problem::{Counts, Snapshot, SnapshotError};

const VERSION: u32 = 1;

impl<S: Steps> Lagrangian<S> {
    /// Everything the next iterations depend on.
    pub(super) fn snapshot(&self) -> Snapshot {
        let (ground, outer) = (&self.ground, &self.outer);
        let mut to = Snapshot::new(self.name, 10 * VERSION + S::VERSION);
        to.put_real(ground.meter.seconds());
        to.put(ground.meter.iterations);
        let Counts { objective, gradient, constraints, jacobian, hessian, hvp, failures } = ground.meter.counts;
        for count in [objective, gradient, constraints, jacobian, hessian, hvp, failures] {
            to.put(count);
        }
        to.put(u64::from(self.started));
        for word in [outer.rounds, outer.stuck, outer.stalls, outer.blowups, outer.repairs, outer.inner, outer.idle] {
            to.put(word);
        }
        for word in [u64::from(outer.repairing), u64::from(outer.exhausted), u64::from(outer.mark)] {
            to.put(word);
        }
        for number in [outer.eps, outer.change, outer.violation, outer.rho, outer.lowest, outer.flattest, outer.first] {
            to.put_real(number);
        }
        for number in [self.weight, self.f, ground.f, self.best.score, self.best.objective] {
            to.put_real(number);
        }
        let terms = ground.functions.workspace.scratch::<Terms>();
        to.put_real(terms.weight);
        to.put_real(terms.rho);
        let best = &self.best;
        for vector in [&terms.scale, &terms.lambda, &ground.x, &ground.g, &self.c, &self.anchor] {
            to.put_reals(vector);
        }
        for vector in [&best.x, &best.y, &best.z_lower, &best.z_upper] {
            to.put_reals(vector);
        }
        self.steps.put(&mut to);
        to
    }

    /// Reads what [`Lagrangian::snapshot`] wrote.
    pub(super) fn restore(&mut self, state: &Snapshot) -> Result<(), SnapshotError> {
        let mut from = state.read(self.name, 10 * VERSION + S::VERSION)?;
        let (seconds, iterations) = (from.take_real()?, from.take()?);
        let counts = Counts {
            objective: from.take()?,
            gradient: from.take()?,
            constraints: from.take()?,
            jacobian: from.take()?,
            hessian: from.take()?,
            hvp: from.take()?,
            failures: from.take()?,
        };
        self.ground.meter.resume(seconds, iterations, counts);
        self.started = from.take()? != 0;
        let [rounds, stuck, stalls, blowups, repairs, inner, idle] = words(|| from.take())?;
        let [repairing, exhausted, mark] = words(|| from.take())?;
        let [eps, change, violation, rho, lowest, flattest, first] = words(|| from.take_real())?;
        let mark = u32::try_from(mark).ok().and_then(char::from_u32).ok_or(SnapshotError::Malformed)?;
        self.outer = Outer {
            rounds,
            eps,
            change,
            violation,
            stuck,
            stalls,
            blowups,
            repairs,
            repairing: repairing != 0,
            rho,
            exhausted: exhausted != 0,
            inner,
            idle,
            lowest,
            flattest,
            first,
            mark,
        };
        let [weight, f, value, score, objective] = words(|| from.take_real())?;
        (self.weight, self.f, self.ground.f) = (weight, f, value);
        (self.best.score, self.best.objective) = (score, objective);
        let [of_objective, rho] = words(|| from.take_real())?;
        let Self { ground, best, .. } = self;
        let terms = ground.functions.workspace.parts::<Terms>().1;
        (terms.weight, terms.rho) = (of_objective, rho);
        for vector in [
            &mut terms.scale,
            &mut terms.lambda,
            &mut ground.x,
            &mut ground.g,
            &mut self.c,
            &mut self.anchor,
            &mut best.x,
            &mut best.y,
            &mut best.z_lower,
            &mut best.z_upper,
        ] {
            from.take_reals(vector)?;
        }
        self.steps.take(&mut from)
    }
}

/// So many of what `take` gives.
fn words<T: Copy + Default, const N: usize>(
    mut take: impl FnMut() -> Result<T, SnapshotError>,
) -> Result<[T; N], SnapshotError> {
    let mut out = [T::default(); N];
    for slot in &mut out {
        *slot = take()?;
    }
    Ok(out)
}
