//! What each stage makes of a model: snapshots of the stages, and work that does not grow with data.

use optc::data::MemoryLoader;
use optc::driver::emit::STAGES;
use optc::driver::{Prepared, Session, Setup};
use std::path::Path;
use std::sync::Arc;

fn session(files: &[(&str, &str)]) -> Session {
    let loader = MemoryLoader::new();
    for (name, text) in files {
        loader.insert(*name, *text);
    }
    Session::new(Arc::new(loader), Setup::default())
}

fn prepare(text: &str) -> Prepared {
    let mut session = session(&[]);
    let checked = session.check_text("model.opt", text);
    let messages: Vec<String> =
        checked.reports.messages().iter().map(|m| optc::diag::render::render(m, &session.sources, false)).collect();
    assert!(!checked.reports.has_errors(), "{}", messages.join("\n"));
    session.prepare(checked.model)
}

/// Every stage of every model in `tests/emit` equals its snapshot; `OPTC_BLESS=1` rewrites them.
#[test]
fn stages_read_as_before() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emit");
    let bless = std::env::var_os("OPTC_BLESS").is_some();
    let mut seen = 0;
    for model in ["hs071", "chain", "defined", "layers"] {
        let text = std::fs::read_to_string(folder.join(format!("{model}.opt"))).expect("the model is there");
        for stage in STAGES {
            let mut session = session(&[("model.opt", &text)]);
            let shown = match (stage.show)(&mut session, "model.opt") {
                Ok(shown) => shown,
                Err(reports) => panic!("{model} {}: {:?}", stage.name, reports.messages()),
            };
            let path = folder.join(format!("{model}.{}", stage.name));
            if bless {
                std::fs::write(&path, &shown).expect("the folder can be written");
            }
            let want = std::fs::read_to_string(&path).expect("OPTC_BLESS=1 makes it");
            assert!(shown == want, "{model}: stage {} changed:\n{shown}", stage.name);
            seen += 1;
        }
    }
    assert_eq!(seen, 4 * STAGES.len());
}

/// A model with every construct that a pass might be tempted to expand.
fn model_of(n: usize) -> String {
    format!(
        "
param n = {n}
set pairs = {{i in 1..n, j in 1..3 if j <= 2}}
param a[i in 1..n] = 1 / i
var x[1..n] start 0.5
var u[pairs] >= 0
let s[j in 1..3] = sum(i in 1..n: a[i] * x[i] * j)
minimize f: sum(i in 2..n: (x[i] - x[i-1]^2)^2) + sum(j in 1..3: log(1 + s[j]^2)) + mean(i in 1..n: exp(x[i]))
subject to
  row[i in 1..n]: sum(j in 1..3 if (i, j) in pairs: u[i, j]) + x[i] <= 2
  top: max(i in 1..n: x[i]) <= 3
"
    )
}

#[test]
fn no_pass_before_binding_grows_with_the_data() {
    let sizes = |n: usize| {
        let prepared = prepare(&model_of(n));
        let program = optc::kernel::compile(&prepared.model, &prepared.plan, &prepared.derivs);
        let plan = &prepared.plan;
        [prepared.model.graph.len(), plan.families.len(), plan.domains.len(), plan.defs.len(), program.n_ops()]
    };
    assert_eq!(sizes(10), sizes(1_000_000));
}
