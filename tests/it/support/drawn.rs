//! A drawn model up to the point where oracles are made, and all three judges on it.

use super::agreement::{Reference, check_lifted};
use super::bits;
use super::models::Drawn;
use optc::data::MemoryLoader;
use optc::diag::Reports;
use optc::diag::render::render;
use optc::driver::judge::Judge;
use optc::driver::solve::Bound;
use optc::driver::{Session, Setup};
use optc::jit::{Jit, Pool, share};
use optc::kernel::{CompiledOracle, Mode, Program, compile};
use std::sync::{Arc, OnceLock};

/// Threads for every fourth model.
static POOL: OnceLock<Arc<Pool>> = OnceLock::new();

/// A drawn model, bound.
pub struct Made {
    pub bound: Bound,
    pub program: Arc<Program>,
    pub judge: Judge,
}

/// What was compared without a difference.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    /// Numbers whose bits native code and the portable executor share.
    pub bits: usize,
    /// Points at which native code and the portable executor said what the interpreter says; others have no value.
    pub points: usize,
}

impl Made {
    pub fn new(drawn: &Drawn) -> Result<Self, String> {
        let loader = MemoryLoader::new().with("t.csv", drawn.table.as_str());
        let mut session = Session::new(Arc::new(loader), Setup::default());
        let words = |reports: &Reports, session: &Session| -> String {
            reports.messages().iter().map(|m| render(m, &session.sources, false)).collect()
        };
        let checked = session.check_text("drawn.opt", &drawn.text);
        if checked.reports.has_errors() {
            return Err(words(&checked.reports, &session));
        }
        let bound = session.bind(checked).map_err(|reports| words(&reports, &session))?;
        let prepared = &bound.prepared;
        let program = Arc::new(compile(&prepared.model, &prepared.plan, &prepared.derivs));
        let judge = Judge::new(bound.checked.clone(), bound.instance.world.clone(), bound.instance.shape.clone());
        Ok(Self { bound, program, judge })
    }

    /// An oracle without machine code.
    pub fn oracle(&self, mode: Mode) -> Result<CompiledOracle, String> {
        CompiledOracle::new(self.program.clone(), self.bound.instance.clone(), mode).map_err(|error| error.to_string())
    }

    /// What the interpreter says at two points; nothing where it has no value.
    pub fn reference(&self, seed: u64) -> Option<Reference> {
        Reference::new(&self.bound.checked, self.bound.instance.world.as_ref(), &self.judge, seed, 2).ok()
    }

    /// The first thing the oracle says otherwise.
    pub fn check(&self, reference: &Reference, oracle: &CompiledOracle) -> Result<(), String> {
        reference.check(oracle, &self.bound.checked, self.bound.instance.world.as_ref(), &self.judge)
    }

    /// The first thing the lifted oracle says otherwise at the first point; as [`Reference::check`].
    pub fn check_lifted(&self, reference: &Reference, lifted: &CompiledOracle) -> Result<(), String> {
        let n_defs = self.bound.prepared.plan.defs.len();
        let point = &reference.points[0];
        check_lifted(lifted, point, n_defs).or_else(|why| {
            let env = self.bound.instance.world.as_ref();
            let blurred = point.blurred(&self.bound.checked, env, &self.judge);
            check_lifted(lifted, &blurred, n_defs).map_err(|_| why)
        })
    }

    /// Native code, portable executor and interpreter; `points` is how many points bits are compared at.
    pub fn three_judges(&self, jit: &Jit, seed: u64, points: u64) -> Result<Tally, String> {
        let mut tally = Tally::default();
        let reference = self.reference(seed);
        for mode in [Mode::Auto, Mode::Lifted] {
            let (portable, mut native) = (self.oracle(mode)?, self.oracle(mode)?);
            let summary = jit.attach(&mut native).map_err(|error| error.to_string())?;
            if summary.portable > 0 {
                return Err(format!("{} loops have no code", summary.portable));
            }
            if seed.is_multiple_of(4) {
                share(&mut native, POOL.get_or_init(|| Arc::new(Pool::always(3))));
            }
            tally.bits += bits::same(&portable, &native, seed, points)?;
            let Some(reference) = &reference else { continue };
            if native.is_lifted() {
                let check = |oracle| self.check_lifted(reference, oracle);
                match check(&native) {
                    Ok(()) => tally.points += 1,
                    // A slot that is always 0 may stand under a root: as a variable it has no slope there.
                    Err(why) if why.starts_with("lifted: ") && check(&portable).as_ref() == Err(&why) => {}
                    Err(why) => return Err(why),
                }
            } else {
                self.check(reference, &portable).map_err(|why| format!("portable: {why}"))?;
                self.check(reference, &native).map_err(|why| format!("native: {why}"))?;
                reference.points[0].check_differences(&native, seed)?;
                tally.points += reference.points.len();
            }
        }
        Ok(tally)
    }
}
