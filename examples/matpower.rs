//! From a MATPOWER case (`.m`) to the three tables that `examples/opf.opt` reads.
//!
//! `cargo run --example matpower -- case14.m outdir` writes `bus.csv`, `branch.csv` and `gen.csv`.
//!
//! What is changed on the way, after the MATPOWER manual (appendix B, "Data File Format") and PowerModels:
//! - powers are divided by `baseMVA`, angles turned from degrees into radians;
//! - branches and generators out of service and isolated buses (type 4) are left out;
//! - `ref` is 1 for the reference bus (type 3), 0 for the others; buses keep their numbers;
//! - a tap ratio of 0 means 1; a rating of 0 means none and becomes `inf`;
//! - limits of the angle difference outside (-90, 90) degrees, or both 0, become 60 degrees either way;
//! - cost coefficients are those of `c2 * pg^2 + c1 * pg + c0` with `pg` in per unit.
//!
//! Deliberately absent: costs in pieces, direct-current lines, and costs of reactive power; they are refused.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// The three tables, as the text of CSV files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tables {
    /// `id,ref,pd,qd,gs,bs,vmin,vmax`: a row for each bus.
    pub bus: String,
    /// `id,from,to,r,x,charging,rate,tap,shift,angmin,angmax`: a row for each branch in service.
    pub branch: String,
    /// `id,bus,pmin,pmax,qmin,qmax,c2,c1,c0`: a row for each generator in service.
    pub gen_: String,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [case, out] = args.as_slice() else {
        eprintln!("usage: matpower CASE.m OUTDIR");
        return ExitCode::from(2);
    };
    match run(Path::new(case), Path::new(out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("matpower: {message}");
            ExitCode::from(1)
        }
    }
}

fn run(case: &Path, out: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(case).map_err(|e| format!("{}: {e}", case.display()))?;
    let tables = convert(&text)?;
    std::fs::create_dir_all(out).map_err(|e| format!("{}: {e}", out.display()))?;
    for (name, content) in [("bus.csv", &tables.bus), ("branch.csv", &tables.branch), ("gen.csv", &tables.gen_)] {
        let path = out.join(name);
        std::fs::write(&path, content).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// The tables of a case.
///
/// # Errors
/// A sentence that names the matrix, and the row where there is one, that is missing or not understood.
pub fn convert(text: &str) -> Result<Tables, String> {
    let text: String = text.lines().map(|line| line.split('%').next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    let base = base_mva(&text)?;
    if matrix(&text, "dcline")?.is_some_and(|rows| !rows.is_empty()) {
        return Err("mpc.dcline: direct-current lines are not converted".into());
    }
    Ok(Tables {
        bus: buses(&needed(&text, "bus", 13)?, base),
        branch: branches(&needed(&text, "branch", 13)?, base),
        gen_: generators(&needed(&text, "gen", 10)?, &needed(&text, "gencost", 5)?, base)?,
    })
}

fn buses(rows: &[Vec<f64>], base: f64) -> String {
    let mut out = String::from("id,ref,pd,qd,gs,bs,vmin,vmax\n");
    for row in rows.iter().filter(|row| row[1] != 4.0) {
        let reference = u8::from(row[1] == 3.0);
        let [pd, qd, gs, bs] = [row[2], row[3], row[4], row[5]].map(|power| power / base);
        line(&mut out, format_args!("{},{reference},{pd},{qd},{gs},{bs},{},{}", row[0], row[12], row[11]));
    }
    out
}

fn branches(rows: &[Vec<f64>], base: f64) -> String {
    let mut out = String::from("id,from,to,r,x,charging,rate,tap,shift,angmin,angmax\n");
    for (k, row) in rows.iter().enumerate().filter(|(_, row)| row[10] > 0.0) {
        let [from, to, r, x, charging] = [row[0], row[1], row[2], row[3], row[4]];
        let rate = if row[5] == 0.0 { f64::INFINITY } else { row[5] / base };
        let tap = if row[8] == 0.0 { 1.0 } else { row[8] };
        let shift = row[9].to_radians();
        let (low, high) = angle_limits(row[11], row[12]);
        let id = k + 1;
        line(&mut out, format_args!("{id},{from},{to},{r},{x},{charging},{rate},{tap},{shift},{low},{high}"));
    }
    out
}

/// The limits in radians: what stands in the file when it limits anything, else 60 degrees either way.
fn angle_limits(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = if low == 0.0 && high == 0.0 { (-60.0, 60.0) } else { (low, high) };
    let low = if low <= -90.0 { -60.0 } else { low };
    let high = if high >= 90.0 { 60.0 } else { high };
    (low.to_radians(), high.to_radians())
}

fn generators(rows: &[Vec<f64>], costs: &[Vec<f64>], base: f64) -> Result<String, String> {
    if costs.len() != rows.len() {
        return Err(format!("mpc.gencost: {} rows for {} generators", costs.len(), rows.len()));
    }
    let mut out = String::from("id,bus,pmin,pmax,qmin,qmax,c2,c1,c0\n");
    for (k, (row, cost)) in rows.iter().zip(costs).enumerate().filter(|(_, (row, _))| row[7] > 0.0) {
        let [pmin, pmax, qmin, qmax] = [row[9], row[8], row[4], row[3]].map(|power| power / base);
        let [c2, c1, c0] = quadratic(cost).map_err(|why| format!("mpc.gencost, row {}: {why}", k + 1))?;
        let (c2, c1) = (c2 * base * base, c1 * base);
        let id = k + 1;
        line(&mut out, format_args!("{id},{},{pmin},{pmax},{qmin},{qmax},{c2},{c1},{c0}", row[0]));
    }
    Ok(out)
}

/// The coefficients of a polynomial cost of degree two at most, highest first.
fn quadratic(row: &[f64]) -> Result<[f64; 3], &'static str> {
    if row[0] != 2.0 {
        return Err("only polynomial costs (model 2) are converted");
    }
    let coefficients = row.get(4..4 + row[3] as usize).ok_or("fewer coefficients than announced")?;
    match *coefficients {
        [] => Ok([0.0, 0.0, 0.0]),
        [c0] => Ok([0.0, 0.0, c0]),
        [c1, c0] => Ok([0.0, c1, c0]),
        [c2, c1, c0] => Ok([c2, c1, c0]),
        _ => Err("the cost has a degree above two"),
    }
}

fn line(out: &mut String, row: std::fmt::Arguments) {
    writeln!(out, "{row}").expect("a string takes any text");
}

fn base_mva(text: &str) -> Result<f64, String> {
    let (_, rest) = text.split_once("mpc.baseMVA").ok_or("mpc.baseMVA is missing")?;
    let value = rest.trim_start().strip_prefix('=').and_then(|rest| rest.split(';').next()).unwrap_or("").trim();
    match value.parse::<f64>() {
        Ok(base) if base > 0.0 => Ok(base),
        _ => Err(format!("mpc.baseMVA: `{value}` is not a positive number")),
    }
}

/// The matrix `mpc.name`, each row with at least `columns` numbers.
fn needed(text: &str, name: &str, columns: usize) -> Result<Vec<Vec<f64>>, String> {
    let rows = matrix(text, name)?.ok_or_else(|| format!("mpc.{name} is missing"))?;
    match rows.iter().position(|row| row.len() < columns) {
        Some(k) => Err(format!("mpc.{name}, row {}: {} numbers where {columns} are needed", k + 1, rows[k].len())),
        None => Ok(rows),
    }
}

/// The rows of `mpc.name = [ ... ];`, ended by `;` or by the line; `None` when there is no such matrix.
fn matrix(text: &str, name: &str) -> Result<Option<Vec<Vec<f64>>>, String> {
    let head = format!("mpc.{name}");
    let Some(body) = text.match_indices(&head).find_map(|(at, _)| {
        let rest = text[at + head.len()..].trim_start().strip_prefix('=')?.trim_start().strip_prefix('[')?;
        rest.split_once(']').map(|(body, _)| body)
    }) else {
        return Ok(None);
    };
    let mut rows = Vec::new();
    for row in body.split([';', '\n']) {
        let numbers: Result<Vec<f64>, String> = row
            .split([' ', '\t', ',', '\r'])
            .filter(|word| !word.is_empty())
            .map(|word| word.parse().map_err(|_| format!("mpc.{name}: `{word}` is not a number")))
            .collect();
        let numbers = numbers?;
        if !numbers.is_empty() {
            rows.push(numbers);
        }
    }
    Ok(Some(rows))
}
