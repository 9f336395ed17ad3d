//! Files with results: variables as CSV, JSON or npy; iterations as CSV.

use super::json;
use super::output::write_file;
use crate::driver::report::{Index, Report, VariableReport};
use crate::problem::TraceRow;
use ndarray_npy::WriteNpyExt;
use std::io::{self, Write};
use std::path::Path;

/// What a file holds, by the end of its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// One line per value.
    Csv,
    /// The whole report.
    Json,
    /// The values alone.
    Npy,
}

impl Format {
    /// The format of a file.
    ///
    /// # Errors
    /// The endings that would be understood.
    pub fn of(path: &Path) -> Result<Self, String> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        match &*ending {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            "npy" => Ok(Self::Npy),
            _ => Err(format!("`{}` should end in .csv, .json or .npy", path.display())),
        }
    }
}

/// Writes the variables of a report.
///
/// # Errors
/// What the operating system says, or that the ending is not known.
pub fn variables(path: &Path, report: &Report) -> io::Result<()> {
    let format = Format::of(path).map_err(io::Error::other)?;
    write_file(path, |out| match format {
        Format::Csv => csv(&report.variables, out),
        Format::Json => out.write_all(json::render(report).as_bytes()),
        Format::Npy => npy(&report.variables, out),
    })
}

/// `variable,key1,key2,value,lower,upper,dual`: as many key columns as the longest subscript.
fn csv(variables: &[VariableReport], out: &mut dyn Write) -> io::Result<()> {
    let n_keys = variables.iter().map(|v| v.index.n_parts()).max().unwrap_or(0);
    let mut writer = csv::Writer::from_writer(out);
    writer.write_field("variable")?;
    for key in 1..=n_keys {
        writer.write_field(format!("key{key}"))?;
    }
    writer.write_record(["value", "lower", "upper", "dual"])?;
    for variable in variables {
        for at in 0..variable.values.len() {
            writer.write_field(&variable.name)?;
            for part in 0..n_keys {
                let has_part = part < variable.index.n_parts();
                writer.write_field(if has_part {
                    variable.index.label(at, part).to_string()
                } else {
                    String::new()
                })?;
            }
            let columns = [&variable.values, &variable.lower, &variable.upper, &variable.duals];
            writer.write_record(columns.map(|c| c.get(at).map_or_else(String::new, f64::to_string)))?;
        }
    }
    writer.flush()
}

/// One variable in its shape; several as one vector, in the order of the report.
fn npy(variables: &[VariableReport], out: &mut dyn Write) -> io::Result<()> {
    let (shape, values) = match variables {
        [VariableReport { index: Index::Product(axes), values, .. }] => {
            (axes.iter().map(|axis| axis.labels.len()).collect::<Vec<_>>(), values.clone())
        }
        _ => {
            let values: Vec<f64> = variables.iter().flat_map(|v| v.values.iter().copied()).collect();
            (vec![values.len()], values)
        }
    };
    let array = ndarray::ArrayD::from_shape_vec(shape, values).map_err(io::Error::other)?;
    array.write_npy(out).map_err(io::Error::other)
}

/// Writes the iterations of all runs.
///
/// # Errors
/// What the operating system says.
pub fn trace(path: &Path, report: &Report) -> io::Result<()> {
    const COLUMNS: [&str; 13] = [
        "run",
        "iteration",
        "objective",
        "primal_infeasibility",
        "dual_infeasibility",
        "mu",
        "step",
        "alpha_primal",
        "alpha_dual",
        "regularization",
        "trials",
        "mark",
        "seconds",
    ];
    write_file(path, |out| {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(COLUMNS)?;
        for (run, rows) in report.runs.iter().enumerate() {
            for row in &rows.trace {
                writer.write_record(trace_cells(run + 1, row))?;
            }
        }
        writer.flush()
    })
}

fn trace_cells(run: usize, row: &TraceRow) -> [String; 13] {
    let or_blank = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
    [
        run.to_string(),
        row.iteration.to_string(),
        row.objective.to_string(),
        row.primal_infeasibility.to_string(),
        row.dual_infeasibility.to_string(),
        or_blank(row.mu),
        or_blank(row.step),
        or_blank(row.alpha_primal),
        or_blank(row.alpha_dual),
        or_blank(row.regularization),
        row.trials.to_string(),
        if row.mark == '\0' { String::new() } else { row.mark.to_string() },
        row.seconds.to_string(),
    ]
}
