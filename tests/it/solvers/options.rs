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

#[test]
fn the_page_of_methods_has_the_options_of_the_rows() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/methods.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- options -->\n").expect("the page has a place for the table");
    let (written, after) = rest.split_once("<!-- end options -->\n").expect("the table has an end");
    let table = optc::cli::methods::markdown();
    if std::env::var_os("OPTC_BLESS").is_some() {
        let page = format!("{before}<!-- options -->\n{table}<!-- end options -->\n{after}");
        std::fs::write(path, page).expect("docs can be written");
        return;
    }
    assert_eq!(written, table, "docs/methods.md is old: run with OPTC_BLESS=1 and read the difference");
}
