//! Every claim of every row of the table of builtins, tested from the table alone: no function is named
//! here except to plant a fault in a copy of its row.

mod claims;
mod draw;
mod tape;

use claims::Verdict;
use optc::func::{self, Arity, Builtin, Surface, arrays};
use std::collections::BTreeSet;

/// Runs a checker over the table and reports all faults at once.
fn every_row(check: fn(&Builtin) -> Verdict) {
    let faults: Vec<String> =
        func::all().iter().filter_map(|row| check(row).err().map(|fault| format!("`{}`: {fault}", row.name))).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn values_agree_with_multi_precision() {
    every_row(claims::values);
}

#[test]
fn values_are_finite_inside_the_domain_only() {
    every_row(claims::domain);
}

#[test]
fn first_and_second_partials_agree_with_differences() {
    every_row(claims::partials);
}

#[test]
fn slopes_are_finite_except_where_the_row_says() {
    every_row(claims::steepness);
}

#[test]
fn enclosures_hold_and_are_not_loose() {
    every_row(claims::enclosure);
}

#[test]
fn curvature_is_as_claimed() {
    every_row(claims::curvature);
}

#[test]
fn trends_are_as_claimed() {
    every_row(claims::trends);
}

#[test]
fn blocks_are_the_function_however_they_are_cut() {
    every_row(claims::blocks);
}

#[test]
fn every_row_is_found_by_its_name_and_its_name_alone() {
    let mut names = BTreeSet::new();
    for (at, row) in func::all().iter().enumerate() {
        assert!(names.insert(row.name), "`{}` twice", row.name);
        let id = func::lookup(row.name).expect("listed rows are found");
        assert_eq!(usize::from(id.0), at);
        assert_eq!(func::row(id).name, row.name);
    }
    for row in arrays::all() {
        assert!(names.insert(row.name), "`{}` twice", row.name);
        assert_eq!(arrays::lookup(row.name).expect("listed rows are found").name, row.name);
    }
    assert!(func::lookup("no such function").is_none() && func::lookup("").is_none());
    let mut opcodes = BTreeSet::new();
    for opcode in func::all().iter().flat_map(|row| row.nl) {
        assert!(opcodes.insert(opcode), "operator {opcode} of .nl twice");
        assert!(func::by_nl(*opcode).is_some());
    }
}

#[test]
fn every_row_speaks_to_its_reader() {
    for row in func::all() {
        let name = row.name;
        assert!(!row.doc.is_empty() && !row.doc.ends_with('.'), "`{name}`: {}", row.doc);
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "`{name}`");
        if let Arity::Exactly(n) = row.arity {
            assert_eq!(row.params.len(), n, "`{name}` names its arguments");
        }
        let given = row.params.iter().take_while(|p| p.default.is_none()).count();
        assert!(row.params[given..].iter().all(|p| p.default.is_some()), "`{name}`: defaults come last");
        let speaks = row.domain.text.starts_with(name) || row.surface != Surface::Function;
        assert!(row.domain.text.is_empty() || (speaks && row.domain.text.contains("needs")), "`{name}`");
        for (x, _) in row.reference {
            assert!(row.arity.accepts(x.len()) && row.domain.contains(x), "`{name}`: reference at {x:?}");
        }
    }
    for row in arrays::all() {
        assert!(!row.doc.is_empty() && !row.doc.ends_with('.') && row.shape.starts_with("needs"), "`{}`", row.name);
    }
}

#[test]
fn the_page_of_functions_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/functions.md");
    let page = func::page();
    if std::env::var_os("OPTC_BLESS").is_some() {
        std::fs::write(path, &page).expect("docs can be written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, page, "docs/functions.md is old: run with OPTC_BLESS=1 and read the difference");
}

/// A row with one claim replaced.
fn broken(name: &str, change: fn(&mut Builtin)) -> Builtin {
    let mut row = *func::row(func::lookup(name).expect("a row of the table"));
    change(&mut row);
    row
}

#[test]
fn planted_faults_are_found() {
    let swapped = broken("div", |row| {
        row.partials = |b, x, y| {
            let right = (func::row(func::lookup("div").expect("a row")).partials)(b, x, y);
            vec![right[1], right[0]]
        };
    });
    let sign = broken("cos", |row| row.partials = |b, x, _| vec![b.call("sin", x)]);
    let kinkless = broken("relu", |row| row.smoothness = |_| func::Smoothness::Smooth);
    let inexact = broken("expm1", |row| row.value = func::Value::One(|x| optc::num::vmath::exp(x) - 1.0));
    let convex = broken("log", |row| row.curvature = |_| func::Curvature::Convex);
    let mute = broken("exp", |row| row.curvature = |_| func::Curvature::Unknown);
    let falling = broken("sqrt", |row| row.monotone = |_| vec![func::Trend::Decreasing]);
    let narrow = broken("sin", |row| row.enclose = |x| x[0].increasing(optc::num::vmath::sin));
    let loose = broken("sqrt", |row| {
        row.enclose = |x| if x[0].hi < 0.0 { optc::base::Interval::EMPTY } else { optc::base::Interval::ALL }
    });
    let unbounded = broken("asin", |row| row.domain = func::Domain::ALL);
    let gentle = broken("sqrt", |row| row.domain.steep = None);
    let rounding = broken("mul", |row| {
        row.block = Some(|_, args, out| {
            for (i, out) in out.iter_mut().enumerate() {
                *out = args.iter().rev().map(|x| x[i]).product();
            }
        })
    });

    assert!(claims::partials(&swapped).is_err());
    assert!(claims::partials(&sign).is_err());
    assert!(claims::partials(&kinkless).is_err());
    assert!(claims::values(&inexact).is_err());
    assert!(claims::curvature(&convex).is_err());
    assert!(claims::curvature(&mute).is_err());
    assert!(claims::trends(&falling).is_err());
    assert!(claims::enclosure(&narrow).is_err());
    assert!(claims::enclosure(&loose).is_err());
    assert!(claims::domain(&unbounded).is_err());
    assert!(claims::steepness(&gentle).is_err());
    assert!(claims::blocks(&rounding).is_err());
}
