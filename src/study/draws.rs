//! The same scenario with values of its cards drawn from their uncertainty.

use crate::analysis::DEVIATE_80;
use crate::chance::{Chance, Seed};
use crate::error::Result;
use crate::scenario::cards::Cards;
use crate::scenario::{LoadOptions, Scenario};
use std::collections::BTreeMap;

/// Reads a scenario `count` times, each with its own factors on the uncertain values of the cards
/// in use: log-normal, 80 % of cases within what the card says. A draw that is no scenario any more
/// (a value beyond what is allowed) is left out.
///
/// # Errors
/// Never from a draw; the first reading has succeeded already.
pub fn card_draws(
    scenario: &Scenario,
    options: &LoadOptions,
    count: u32,
    seed: Seed,
    again: impl Fn(&LoadOptions) -> Result<Scenario>,
) -> Result<Vec<Scenario>> {
    let cards = Cards::new(options.cards.clone(), BTreeMap::new());
    let mut drawn = Vec::new();
    for draw in 0..count {
        let chance = Chance::new(seed, draw);
        let mut factors = options.factors.clone();
        for title in scenario.cards.keys() {
            for (key, spread) in cards.uncertain(title) {
                let name = format!("{title}/{key}");
                let deviate = chance.stream("card", &name).normal();
                factors.entry(name).or_insert(libm::exp(deviate * spread / DEVIATE_80));
            }
        }
        drawn.extend(again(&LoadOptions { factors, ..options.clone() }).ok());
    }
    Ok(drawn)
}
