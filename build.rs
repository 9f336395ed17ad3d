//! Generates the parser for one statement from `grammar/opt.lalrpop`.

fn main() {
    println!("cargo:rerun-if-changed=grammar/opt.lalrpop");
    lalrpop::Configuration::new()
        .set_in_dir("grammar")
        .set_out_dir(std::env::var("OUT_DIR").expect("cargo sets OUT_DIR"))
        .emit_rerun_directives(true)
        .process()
        .expect("the grammar has no conflicts; lalrpop has printed the reason above");
}
