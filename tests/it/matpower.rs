//! The MATPOWER converter gives the tables that stand in `examples/data/opf`, and refuses what it cannot say.

#[path = "../../examples/matpower.rs"]
#[allow(dead_code)]
mod converter;

const CASE: &str = "function mpc = two
mpc.baseMVA = 100.0;
mpc.bus = [ % a comment ] with a bracket
 7 3 50.0 10 0 0 1 1.0 0 230 1 1.1 0.9;
 9 1 0 0 0 19 1 1.0 0 230 1 1.1 0.9
 12 4 0 0 0 0 1 1.0 0 230 1 1.1 0.9;
];
mpc.gen = [ 7 0 0 30 -30 1 100 1 40 0; 9 0 0 1 -1 1 100 0 5 0 ];
mpc.gencost = [ 2 0 0 3 0.01 14 2; 2 0 0 2 14 2 ];
mpc.branch = [
 7 9 0.01 0.1 0.02 250 0 0 0 0 1 -30 30;
 7 9 0.01 0.1 0.02 0 0 0 0.98 -90 1 0 0;
 7 9 0.01 0.1 0.02 0 0 0 0 0 0 -30 30;
];
";

#[test]
fn a_case_becomes_three_tables_in_per_unit_and_radians() {
    let tables = converter::convert(CASE).expect("the case is sound");
    assert_eq!(tables.bus, "id,ref,pd,qd,gs,bs,vmin,vmax\n7,1,0.5,0.1,0,0,0.9,1.1\n9,0,0,0,0,0.19,0.9,1.1\n");
    assert_eq!(tables.gen_, "id,bus,pmin,pmax,qmin,qmax,c2,c1,c0\n1,7,0,0.4,-0.3,0.3,100,1400,2\n");
    let rows: Vec<&str> = tables.branch.lines().collect();
    let thirty = 30f64.to_radians();
    let sixty = 60f64.to_radians();
    let quarter = 90f64.to_radians();
    assert_eq!(rows[1], format!("1,7,9,0.01,0.1,0.02,2.5,1,0,-{thirty},{thirty}"));
    assert_eq!(rows[2], format!("2,7,9,0.01,0.1,0.02,inf,0.98,-{quarter},-{sixty},{sixty}"));
    assert_eq!(rows.len(), 3);
}

#[test]
fn what_cannot_be_converted_is_refused_with_its_place() {
    let pieces = CASE.replace("2 0 0 2 14 2", "1 0 0 2 14 2").replace("1 100 0 5 0 ]", "1 100 1 5 0 ]");
    let dc = format!("{CASE}mpc.dcline = [ 1 2 3 ];\n");
    let cases = [
        (CASE.replace("mpc.baseMVA", "mpc.base"), "mpc.baseMVA is missing"),
        (CASE.replace("mpc.bus =", "mpc.buses ="), "mpc.bus is missing"),
        (CASE.replace("0.98", "O.98"), "mpc.branch: `O.98` is not a number"),
        (CASE.replace(" 0 0 0 0.98 -90 1 0 0;", ";"), "mpc.branch, row 2: 5 numbers where 13 are needed"),
        (CASE.replace("3 0.01 14 2;", "9 0.01 14 2;"), "mpc.gencost, row 1: fewer coefficients than announced"),
        (pieces, "mpc.gencost, row 2: only polynomial costs (model 2) are converted"),
        (dc, "mpc.dcline: direct-current lines are not converted"),
    ];
    for (case, message) in cases {
        assert_eq!(converter::convert(&case).expect_err(message), message);
    }
}
