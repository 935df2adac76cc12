//! The numbered units of a sweep, checked before any work, and the hash that binds their results.
//!
//! Unit = trial × designs + design. A unit's result depends on the plan and its number only.

use super::designs::{Setting, settings};
use super::draws::{Draw, draw, level};
use super::file::{Chance, Sweep};
use crate::chance::Seed;
use crate::error::{Error, Place, Problem, Result};
use crate::form::Check;
use crate::scenario::Checked;
use crate::scenario::cards::hash_of;
use crate::units::SimSpan;
use std::collections::BTreeMap;

/// The version of the model: results of another one are not mixed.
const MODEL: &str = env!("CARGO_PKG_VERSION");
/// Quantiles at which every uncertain value is tried before any work.
const CORNERS: [f64; 3] = [1e-4, 0.5, 1.0 - 1e-4];

/// A sweep with its designs, ready to be run.
#[derive(Debug)]
pub struct Plan {
    /// What the file says.
    pub sweep: Sweep,
    /// Seed of all trials.
    pub seed: Seed,
    /// Designs.
    pub designs: Vec<Setting>,
    /// Objectives, as written.
    pub objectives: Vec<String>,
    /// Times and a series that fans are drawn of: its name, its entity.
    pub fan: Option<(String, String)>,
    /// Length of a run.
    pub duration: SimSpan,
    /// Hash over sweep, scenario, cards, seed and version of the model, 16 hexadecimal digits.
    pub hash: String,
}

/// Plans a sweep: every design is checked at the middle and at both ends of what is uncertain.
///
/// # Errors
/// All problems of the first design that has some.
pub fn plan(sweep: Sweep, seed: Seed) -> Result<Plan> {
    let designs = settings(&sweep)?;
    let mut text = format!("{MODEL}\n{seed}\n{}", sweep.effective);
    let mut first = None;
    for design in &designs {
        for share in CORNERS {
            let draw = level(&sweep, share);
            let checked = check(&sweep, design, &draw)?;
            text.push_str(&checked.scenario.hash);
            text.extend(checked.scenario.cards.iter().map(|(name, hash)| format!("{name}{hash}")));
            first.get_or_insert(checked);
        }
    }
    let Some(Checked { scenario, .. }) = first else {
        return Err(Error::usage("a sweep without designs"));
    };
    if scenario.slo.is_empty() {
        let (place, path) = (Place::whole(&sweep.file), "ask/p_slo".to_owned());
        let found = "a scenario without `slo`".to_owned();
        let allowed = "a scenario that says what must hold".to_owned();
        return Err(Error::input(vec![Problem { place, path, found, allowed, nearest: None }]));
    }
    faults(&sweep, &designs[0], scenario.duration)?;
    factors(&sweep, &scenario.cards)?;
    Ok(Plan {
        objectives: scenario.slo.iter().map(|one| one.text.clone()).collect(),
        fan: fan(&scenario),
        duration: scenario.duration,
        hash: hash_of(text.as_bytes()),
        sweep,
        seed,
        designs,
    })
}

/// A trial in which each fault happens, so that a wrong one is found before any work.
fn faults(sweep: &Sweep, design: &Setting, duration: SimSpan) -> Result<()> {
    let some =
        |sweep: &Sweep| sweep.uncertain.iter().any(|one| matches!(one.kind, Chance::Fault { .. }));
    if !some(sweep) {
        return Ok(());
    }
    let mut certain = sweep.clone();
    for one in &mut certain.uncertain {
        if let Chance::Fault { rate, .. } = &mut one.kind {
            // Twenty events are expected: none happens in one of 500 million plans.
            let often = 20.0 / duration.as_secs_f64().max(1e-9);
            *rate = crate::units::Quantity::from_base(often).unwrap_or(*rate);
        }
    }
    let draw = draw(&certain, Seed::new(0), 0, duration);
    check(&certain, design, &draw).map(|_| ())
}

/// Factors must be on values of cards that the scenario uses: others would change nothing.
fn factors(sweep: &Sweep, used: &BTreeMap<String, String>) -> Result<()> {
    let mut check = Check::default();
    for one in sweep.uncertain.iter().filter(|one| matches!(one.kind, Chance::Factor(_))) {
        let place = one.node.get("factor").unwrap_or(&one.node).place.clone();
        let parts: Vec<&str> = one.name.split('/').collect();
        let [kind, name, key] = parts.as_slice() else {
            let allowed = "KIND/NAME/KEY of a card's value".to_owned();
            check.problem(&place, "uncertain", format!("`{}`", one.name), allowed);
            continue;
        };
        let card = format!("{kind}/{name}");
        if !used.contains_key(&card) {
            check.wrong_word(&place, "uncertain", &card, used.keys().map(String::as_str));
            continue;
        }
        let keys = sweep.template.card_keys(kind, name).unwrap_or_default();
        if !keys.iter().any(|known| known == key) {
            check.wrong_word(&place, "uncertain", key, keys.iter().map(String::as_str));
        }
    }
    if check.problems.is_empty() { Ok(()) } else { Err(Error::input(check.problems)) }
}

/// The value over time whose fan is drawn: what the first objective over time is about, or else the
/// age of the lag of the first group.
fn fan(scenario: &crate::scenario::Scenario) -> Option<(String, String)> {
    use crate::scenario::Metric;
    let group = |index: usize| scenario.groups.get(index).map(|group| group.name.clone());
    let of = |metric: Metric| match metric {
        Metric::Lag(id) => Some(("lag_records".to_owned(), group(id.index())?)),
        Metric::LagSeconds(id) => Some(("lag_seconds".to_owned(), group(id.index())?)),
        Metric::Publish(_) | Metric::EndToEnd(_) | Metric::BrokerCpu => None,
    };
    let first = scenario.slo.iter().find_map(|objective| of(objective.metric));
    first.or_else(|| Some(("lag_seconds".to_owned(), group(0)?)))
}

fn check(sweep: &Sweep, design: &Setting, draw: &Draw) -> Result<Checked> {
    let replacements = [draw.replacements.as_slice(), &design.replacements].concat();
    sweep.template.check(&replacements, &draw.factors, draw.seed)
}

impl Plan {
    /// Number of units.
    pub fn units(&self) -> u64 {
        self.sweep.at_most * self.designs.len() as u64
    }
    /// Trial and design of a unit.
    pub fn place(&self, unit: u64) -> (u64, usize) {
        let designs = self.designs.len() as u64;
        (unit / designs, (unit % designs) as usize)
    }
    /// The draws of a trial.
    pub fn draw(&self, trial: u64) -> Draw {
        draw(&self.sweep, self.seed, trial, self.duration)
    }
    /// The scenario of a unit with its draws.
    ///
    /// # Errors
    /// A draw that no scenario can have, with the trial and the values.
    pub fn scenario(&self, unit: u64) -> Result<(Checked, Draw)> {
        let (trial, design) = self.place(unit);
        let draw = self.draw(trial);
        let checked = check(&self.sweep, &self.designs[design], &draw).map_err(|error| {
            let name = &self.designs[design].name;
            Error::usage(format!("trial {trial} of `{name}` drew an impossible scenario: {error}"))
        })?;
        Ok((checked, draw))
    }
}
