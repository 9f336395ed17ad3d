//! Every method keeps the contract on every case of a class it accepts.

use std::sync::Arc;

use optc::bridge::{self, Back};
use optc::problem::{
    Budget, Candidate, Claim, Control, Form, MethodRow, Nlp, OptionKind, OptionSet, OptionValue, Oracle, Program,
    Progress, Request, SetupError, Solver, Status, StopReason, TraceRow, TraceSink, Verdict, verify,
};
use optc::solve::{methods, registry};

use super::cases::{Case, Expected, all};

fn request(row: &MethodRow, case: &Case, oracle: &Arc<dyn Oracle>) -> Request {
    fitted(row, case, oracle).0
}

/// The problem in the method's form, and the way back.
fn fitted(row: &MethodRow, case: &Case, oracle: &Arc<dyn Oracle>) -> (Request, Back) {
    if row.form == Form::LeastSquares {
        let fit = case.residuals.expect("its facts say that there are residuals")();
        return (Request::new(row, Program::LeastSquares(fit)), Back::none(Arc::clone(oracle)));
    }
    let nlp = Nlp { oracle: Arc::clone(oracle), facts: case.facts(&**oracle) };
    let (program, back) = bridge::fit(row.form, nlp).unwrap_or_else(|error| panic!("{}: {error}", row.name));
    (Request::new(row, program), back)
}

fn make(row: &MethodRow, case: &Case, oracle: &Arc<dyn Oracle>) -> Box<dyn Solver> {
    (row.make)(request(row, case, oracle)).unwrap_or_else(|error| panic!("{}: {error}", row.name))
}

/// Runs `check` on every pair of method and case that belong together.
fn for_each_pair(check: impl Fn(&MethodRow, &Case, &Arc<dyn Oracle>)) {
    for case in all() {
        let oracle = case.oracle();
        let facts = case.facts(&*oracle);
        for row in methods().iter().filter(|row| registry::accepts(row, &facts).is_ok()) {
            check(row, &case, &oracle);
        }
    }
}

/// As [`for_each_pair`], once with the defaults and once with every other word of every option that is a choice.
fn for_each_variant(check: impl Fn(&MethodRow, &OptionSet, &Case, &Arc<dyn Oracle>)) {
    for_each_pair(|row, case, oracle| {
        let defaults = OptionSet::defaults(row);
        check(row, &defaults, case, oracle);
        for option in row.options {
            let OptionKind::Choice(words) = option.kind else { continue };
            for word in words.iter().filter(|word| OptionValue::Choice(word) != option.default) {
                let mut options = defaults.clone();
                options.set(option.name, OptionValue::Choice(word));
                check(row, &options, case, oracle);
            }
        }
    });
}

fn matches(case: &Case, candidate: &Candidate, verdict: &Verdict) -> bool {
    let known = |f: f64| case.objectives.iter().any(|&best| (f - best).abs() <= 1e-6 * best.abs().max(1.0));
    // A search by values alone proves nothing, and says so.
    let certified = match candidate.claim {
        Claim::Kkt => verdict.status.is_optimal(),
        Claim::Best => verdict.status == Status::BestFound,
    };
    match case.expected {
        Expected::Optimum => certified && known(candidate.objective),
        Expected::Feasible => {
            matches!(verdict.status, Status::FeasibleNotCertified | Status::Stationary | Status::LocalOptimum)
                && (candidate.objective - case.objectives[0]).abs() <= 1e-2
        }
        // Where the rows can be satisfied after all, a method may find that too.
        Expected::Infeasible => {
            matches!(verdict.status, Status::Infeasible | Status::LocallyInfeasible | Status::ClaimedInfeasible)
                || (certified && known(candidate.objective))
        }
        Expected::Unbounded => verdict.status == Status::Unbounded,
        Expected::Undefined => candidate.stop == StopReason::NotANumber && verdict.status == Status::NumericalFailure,
    }
}

#[test]
fn every_method_finds_the_published_answer() {
    let failures = std::sync::Mutex::new(Vec::new());
    for_each_variant(|row, options, case, oracle| {
        let (mut request, back) = fitted(row, case, oracle);
        request.options = options.clone();
        let mut solver = (row.make)(request).unwrap_or_else(|error| panic!("{}: {error}", row.name));
        let candidate = back.recover(solver.run());
        let verdict = verify(&**oracle, &case.facts(&**oracle), &candidate);
        if !matches(case, &candidate, &verdict) {
            failures.lock().unwrap().push(format!(
                "{} {options:?} on {}: {:?}, stopped {:?} after {} iterations at {:?}, objective {}\n    {:?}",
                row.name,
                case.name,
                verdict.status,
                candidate.stop,
                candidate.iterations,
                candidate.x,
                candidate.objective,
                verdict.evidence
            ));
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// Keeps rows where the test can read them after the run.
#[derive(Clone, Default)]
struct Shared(Arc<std::sync::Mutex<Vec<TraceRow>>>);

impl TraceSink for Shared {
    fn row(&mut self, row: &TraceRow) {
        self.0.lock().unwrap().push(TraceRow { seconds: 0.0, ..*row });
    }
}

fn bits(candidate: &Candidate) -> Vec<u64> {
    let vectors = [&candidate.x, &candidate.y, &candidate.z_lower, &candidate.z_upper];
    vectors.into_iter().flatten().map(|v| v.to_bits()).collect()
}

#[test]
fn two_runs_give_the_same_bits() {
    for_each_pair(|row, case, oracle| {
        let run = || make(row, case, oracle).run();
        assert_eq!(bits(&run()), bits(&run()), "{} on {}", row.name, case.name);
    });
}

#[test]
fn a_run_paused_after_each_iteration_and_resumed_from_its_state_makes_the_same_iterates() {
    for_each_pair(|row, case, oracle| {
        let whole = make(row, case, oracle).run();
        let mut solver = make(row, case, oracle);
        let mut steps = 0;
        while solver.step(Budget::Iterations(1)) == Progress::Paused {
            let saved = serde_json::to_string(&solver.save()).unwrap();
            let mut next = request(row, case, oracle);
            next.resume = Some(serde_json::from_str(&saved).unwrap());
            solver = (row.make)(next).unwrap_or_else(|error| panic!("{} on {}: {error}", row.name, case.name));
            steps += 1;
            assert!(steps < 100_000, "{} on {} does not end", row.name, case.name);
        }
        let parts = solver.best();
        assert_eq!(whole.iterations, parts.iterations, "{} on {}", row.name, case.name);
        assert_eq!(bits(&whole), bits(&parts), "{} on {}", row.name, case.name);
        assert_eq!(whole.counts, parts.counts, "{} on {}", row.name, case.name);
    });
}

#[test]
fn iteration_limits_are_kept_to_the_letter() {
    for_each_pair(|row, case, oracle| {
        let free = make(row, case, oracle).run().iterations;
        for limit in [0, 1, 3] {
            let mut request = request(row, case, oracle);
            request.control.limits.iterations = Some(limit);
            let candidate = (row.make)(request).unwrap().run();
            assert!(candidate.iterations <= limit, "{} on {}", row.name, case.name);
            if limit < free {
                assert_eq!(candidate.stop, StopReason::IterationLimit, "{} on {}", row.name, case.name);
            }
        }
    });
}

#[test]
fn evaluation_limits_are_kept_up_to_one_iteration() {
    // What one iteration and the start may take of a problem of this size.
    const AN_ITERATION: u64 = 250;
    for_each_pair(|row, case, oracle| {
        let free = make(row, case, oracle).run().counts.total();
        let mut request = request(row, case, oracle);
        request.control.limits.evaluations = Some(12);
        let candidate = (row.make)(request).unwrap().run();
        let total = candidate.counts.total();
        assert!(total < 12 + AN_ITERATION, "{} on {}: {total}", row.name, case.name);
        let cut = candidate.stop == StopReason::EvaluationLimit;
        assert!(cut || free < 12 + AN_ITERATION, "{} on {}: {:?}", row.name, case.name, candidate.stop);
    });
}

#[test]
fn no_time_means_no_iteration() {
    for_each_pair(|row, case, oracle| {
        let free = make(row, case, oracle).run().iterations;
        let mut request = request(row, case, oracle);
        request.control.limits.seconds = Some(0.0);
        let candidate = (row.make)(request).unwrap().run();
        assert_eq!(candidate.iterations, 0, "{} on {}", row.name, case.name);
        assert!(free == 0 || candidate.stop == StopReason::TimeLimit, "{} on {}: {candidate:?}", row.name, case.name);
    });
}

#[test]
fn what_does_not_fit_the_memory_is_refused_before_it_is_taken() {
    for_each_pair(|row, case, oracle| {
        let mut request = request(row, case, oracle);
        request.control.limits.bytes = Some(1);
        let refused = (row.make)(request).err();
        let is_memory = matches!(refused, Some(SetupError::Memory { limit: 1, .. }));
        assert!(is_memory, "{} on {}: {refused:?}", row.name, case.name);
    });
}

#[test]
fn a_paused_descent_answers_with_the_lowest_point_it_has_seen() {
    let rose = std::cell::Cell::new(0);
    for_each_variant(|row, options, case, oracle| {
        if !matches!(row.name, "gradient_descent" | "proximal_gradient") || case.expected != Expected::Optimum {
            return;
        }
        let shared = Shared::default();
        let mut request = request(row, case, oracle);
        request.options = options.clone();
        request.control.trace = Box::new(shared.clone());
        let mut solver = (row.make)(request).unwrap();
        for _ in 0..200 {
            let progress = solver.step(Budget::Iterations(1));
            let seen: Vec<f64> = shared.0.lock().unwrap().iter().map(|row| row.objective).collect();
            let lowest = seen.iter().copied().fold(f64::INFINITY, f64::min);
            rose.set(rose.get() + usize::from(seen.last().is_some_and(|last| *last > lowest)));
            let best = solver.best().objective;
            let room = 4.0 * f64::EPSILON * lowest.abs();
            if progress != Progress::Paused {
                break;
            }
            assert!(best <= lowest + room, "{} {options:?} on {}: {best} after {lowest}", row.name, case.name);
        }
    });
    assert!(rose.get() > 100, "values rose at {} iterations only", rose.get());
}

#[test]
fn a_raised_flag_stops_every_method_with_its_best_point() {
    for_each_pair(|row, case, oracle| {
        let request = Request { control: Control::default(), ..request(row, case, oracle) };
        request.control.stop.raise();
        let candidate = (row.make)(request).unwrap().run();
        assert!(candidate.iterations == 0, "{} on {}", row.name, case.name);
        assert_eq!(fitted(row, case, oracle).1.recover(candidate).x.len(), oracle.shape().n_vars);
    });
}

#[test]
fn the_trace_has_a_row_per_iteration_and_one_for_the_start() {
    for_each_pair(|row, case, oracle| {
        if case.expected == Expected::Undefined {
            return;
        }
        let shared = Shared::default();
        let mut request = request(row, case, oracle);
        request.control.trace = Box::new(shared.clone());
        let candidate = (row.make)(request).unwrap().run();
        let rows = shared.0.lock().unwrap();
        let numbers: Vec<u64> = rows.iter().map(|r| r.iteration).collect();
        let expected: Vec<u64> = if rows.is_empty() { Vec::new() } else { (0..=candidate.iterations).collect() };
        assert_eq!(numbers, expected, "{} on {}", row.name, case.name);
    });
}
