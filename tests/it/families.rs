//! Families and derivative templates of whole models, from text.

use optc::data::MemoryLoader;
use optc::driver::{Prepared, Session, Setup, listing};
use std::sync::Arc;

fn prepare(text: &str) -> Prepared {
    let mut session = Session::new(Arc::new(MemoryLoader::new()), Setup::default());
    let checked = session.check_text("model.opt", text);
    let messages: Vec<String> =
        checked.reports.messages().iter().map(|m| optc::diag::render::render(m, &session.sources, false)).collect();
    assert!(!checked.reports.has_errors(), "{}", messages.join("\n"));
    session.prepare(checked.model)
}

fn families(text: &str) -> String {
    let prepared = prepare(text);
    listing::families(&prepared.model, &prepared.plan)
}

#[test]
fn a_sum_in_a_constraint_becomes_a_family_of_its_own() {
    let text = "
set plants = {a, b}
set markets = 1..3
param supply[plants] = {a: 4, b: 5}
var ship[plants, markets] >= 0
minimize cost: sum(i in plants, j in markets: 2 * ship[i, j])
subject to
  capacity[i in plants]: sum(j in markets: ship[i, j]) + ship[i, 1]^2 <= supply[i]
";
    print!("{}", families(text));
}
