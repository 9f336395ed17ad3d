//! A model made in Rust, without text: shipping goods at least cost, with shadow prices.
//!
//! `cargo run --release --example builder`

use optc::embed::build::{Model, sum, sum_of};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let shipped = ship()?;
    println!("{}", shipped.text);
    println!("cost {:.3}; shadow prices of the markets: {:.3?}", shipped.cost, shipped.prices);
    println!("at twice the freight: {:.3}", shipped.cost_at_twice);
    Ok(())
}

/// What came out.
pub struct Shipped {
    /// The model as text.
    pub text: String,
    /// The least cost.
    pub cost: f64,
    /// Shadow prices of the markets.
    pub prices: Vec<f64>,
    /// The least cost at twice the freight.
    pub cost_at_twice: f64,
}

/// Makes the model, solves it, and once more at twice the freight.
pub fn ship() -> Result<Shipped, Box<dyn Error>> {
    let mut m = Model::new();
    let plants = m.labels("plants", &["seattle", "san_diego"]);
    let markets = m.labels("markets", &["new_york", "chicago", "topeka"]);
    let supply = m.array("supply", &[&plants], &[350.0, 600.0]);
    let demand = m.array("demand", &[&markets], &[325.0, 300.0, 275.0]);
    // Thousands of miles, plant by plant.
    let miles = m.array("miles", &[&plants, &markets], &[2.5, 1.7, 1.8, 2.5, 1.8, 1.4]);
    let freight = m.number("freight", 90.0);
    let ship = m.var("ship").over(&[&plants, &markets]).at_least(0.0).add();
    let per_case = &freight / 1000.0;
    m.minimize_named("cost", sum_of([&plants, &markets], |[p, q]| &per_case * miles.at((p, q)) * ship.at((p, q))));
    m.subject_to_each("capacity", &plants, |p| sum(&markets, |q| ship.at((p, q))).le(supply.at(p)));
    m.subject_to_each("needs", &markets, |q| sum(&plants, |p| ship.at((p, q))).ge(demand.at(q)));

    let mut problem = m.compile()?;
    let solution = problem.solve()?;
    let (cost, prices) = (solution.objective(), solution.duals("needs").unwrap_or_default());
    problem.set("freight", &[180.0])?;
    let cost_at_twice = problem.solver().warm(&solution).run()?.objective();
    Ok(Shipped { text: m.text(), cost, prices, cost_at_twice })
}
