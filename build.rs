//! Generates the parser for one statement from `grammar/opt.lalrpop`, and the list of the pages of `docs/errors`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=grammar/opt.lalrpop");
    println!("cargo:rerun-if-changed=docs/errors");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    lalrpop::Configuration::new()
        .set_in_dir("grammar")
        .set_out_dir(&out)
        .emit_rerun_directives(true)
        .process()
        .expect("the grammar has no conflicts; lalrpop has printed the reason above");
    std::fs::write(out.join("pages.rs"), pages(Path::new("docs/errors"))).expect("OUT_DIR can be written to");
}

/// A table of code and text of each page, in order of code.
fn pages(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).expect("docs/errors is part of the sources");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "md") && path.file_stem().is_some_and(|s| s != "README"));
    paths.sort();
    let mut table = String::from("pub static PAGES: &[(&str, &str)] = &[\n");
    for path in paths {
        let code = path.file_stem().and_then(|s| s.to_str()).expect("pages are named by code");
        // By the folder of the crate when it is compiled: a checkout that moves keeps its build folder.
        let page = format!("/{}/{code}.md", folder.display());
        writeln!(table, "    ({code:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {page:?}))),")
            .expect("a string grows");
    }
    table.push_str("];\n");
    table
}
