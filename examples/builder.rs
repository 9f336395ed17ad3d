//! A model made in Rust, without text: shipping goods at least cost, with shadow prices.
//!
//! `cargo run --release --example builder`

use optc::embed::build::{Model, sum};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut m = Model::new();
    let plants = m.labels("plants", &["seattle", "san_diego"]);
    let markets = m.labels("markets", &["new_york", "chicago", "topeka"]);
    let supply = m.array("supply", &[&plants], &[350.0, 600.0]);
    let demand = m.array("demand", &[&markets], &[325.0, 300.0, 275.0]);
    // Thousands of miles, plant by plant.
    let miles = m.array("miles", &[&plants, &markets], &[2.5, 1.7, 1.8, 2.5, 1.8, 1.4]);
    let freight = m.number("freight", 90.0);
    let ship = m.var("ship").over(&[&plants, &markets]).at_least(0.0).add();
    m.minimize(sum(&plants, |p| sum(&markets, |q| freight.clone() / 1000.0 * miles.at((p, q)) * ship.at((p, q)))));
    m.subject_to_each("capacity", &plants, |p| sum(&markets, |q| ship.at((p, q))).le(supply.at(p)));
    m.subject_to_each("needs", &markets, |q| sum(&plants, |p| ship.at((p, q))).ge(demand.at(q)));
    println!("{}", m.text());

    let mut problem = m.compile()?;
    let solution = problem.solve()?;
    println!("{:?}: cost {:.3}, by {}", solution.status(), solution.objective(), solution.method());
    println!("shadow prices of the markets: {:.3?}", solution.duals("needs").unwrap_or_default());

    problem.set("freight", &[180.0])?;
    println!("at twice the freight: {:.3}", problem.solver().warm(&solution).run()?.objective());
    Ok(())
}
