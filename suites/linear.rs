//! Linear and quadratic problems in MPS files, solved as models over tables.

use super::mps::Mps;
use super::{Problem, corpora, number, rows};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The problems of a folder of the corpora, those that are `left_out` by name excepted.
pub fn problems(folder: &str, left_out: &[&str]) -> Result<Vec<Problem>, String> {
    let folder = corpora().join(folder);
    let known = rows(&folder.join("known.csv").display().to_string())?;
    let only = std::env::var("OPTC_ONLY").ok();
    let mut problems = Vec::new();
    for row in known {
        let name = row[0].trim_end_matches(".gz").trim_end_matches(".mps").to_string();
        if left_out.contains(&name.as_str()) || only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        // The best known value, or that of the run of another solver; neither for problems without a feasible point.
        let value = [&row[1], &row[5]].into_iter().find(|text| !text.is_empty());
        let optima = value.map(|text| number(text)).transpose()?.into_iter().collect();
        problems.push(problem(&folder.join(&row[0]), name, optima)?);
    }
    Ok(problems)
}

fn problem(file: &Path, name: String, optima: Vec<f64>) -> Result<Problem, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let bytes = std::fs::read(file).map_err(|e| wrong(&e))?;
    let mut text = String::new();
    if file.extension().is_some_and(|e| e == "gz") {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).map_err(|e| wrong(&e))?;
    } else {
        text = String::from_utf8(bytes).map_err(|e| wrong(&e))?;
    }
    let tables = Mps::read(&text).map_err(|e| wrong(&e))?.tables();
    let model = match (tables.n_integer > 0, tables.is_quadratic) {
        (true, _) => "suites/linear/mip.opt",
        (false, true) => "suites/linear/qp.opt",
        (false, false) => "suites/linear/lp.opt",
    };
    let out = Path::new("target/linear").join(&name);
    std::fs::create_dir_all(&out).map_err(|e| wrong(&e))?;
    let mut data = Vec::new();
    for (table, content) in [("row", &tables.row), ("col", &tables.col), ("a", &tables.a), ("q", &tables.q)] {
        if table == "q" && !tables.is_quadratic {
            continue;
        }
        let path = out.join(format!("{table}.csv"));
        std::fs::write(&path, content).map_err(|e| wrong(&e))?;
        data.push((table.to_string(), path.canonicalize().map_err(|e| wrong(&e))?));
    }
    let set = vec![("constant".to_string(), tables.constant)];
    Ok(Problem { name, model: PathBuf::from(model), set, data, optima, methods: methods(tables.n_integer > 0) })
}

/// The router's choice in the default build, and HiGHS beside it where it is built in.
fn methods(integer: bool) -> Vec<Option<&'static str>> {
    let highs = optc::solve::find("highs").map(|row| row.name);
    match highs {
        None => vec![None],
        Some(_) if integer => vec![Some("microlp"), highs],
        Some(_) => vec![None, highs],
    }
}
