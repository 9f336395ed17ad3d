//! Options are checked against their rows; every problem is reported with its place.

use optc::problem::OptionValue;
use optc::solve::{Given, OptionProblem, find, parse_options};

#[test]
fn every_wrong_option_is_reported_at_its_place() {
    let row = find("lbfgs").unwrap();
    let given = [
        ("tol", Given::number(1e-9)),
        ("tolerance", Given::number(1e-9)),
        ("memory", Given::number(2.5)),
        ("max_iter", Given::number(-1.0)),
        ("tol", Given::number(1e-9)),
        ("max_trials", Given::Word("many".to_owned())),
    ];
    let problems = parse_options(row, given).unwrap_err();
    let places: Vec<usize> = problems.iter().map(|(at, _)| *at).collect();
    assert_eq!(places, [1, 2, 3, 4, 5]);
    assert_eq!(problems[0].1, OptionProblem::Unknown);
    assert!(matches!(problems[1].1, OptionProblem::WrongKind(option) if option.name == "memory"));
    assert!(matches!(problems[2].1, OptionProblem::OutOfRange { value: -1.0, .. }));
    assert_eq!(problems[3].1, OptionProblem::Repeated);
}

#[test]
fn what_is_not_given_keeps_its_default() {
    let set = parse_options(find("lbfgs").unwrap(), [("tol", Given::from_text("1e-4"))]).unwrap();
    assert_eq!(set.get("tol"), Some(OptionValue::Real(1e-4)));
    assert_eq!(set.get("memory"), Some(OptionValue::Int(10)));
}
