//! Tuning a policy's own numbers to a scenario's objectives.
//!
//! # Method
//! A design is a vector of the numbers that the file has or could have. It is simulated on the same
//! days as every other one (common random numbers), and designs are ordered: more days that meet
//! all objectives, then nearer to meeting them, then cheaper: fewer member-hours, a rebalance
//! counting as a member-minute, or less cost when the policy scales brokers too. Coordinate descent
//! from the file as it is goes through all values that are worth trying, one number at a time, and
//! then takes single steps until none helps; where that finds nothing that holds, it begins again
//! at the largest sizes. Changes without effect are taken back.
//!
//! The chance constraint is proven on other days than those of the search: the design has to hold
//! on all of [`DAYS`], which shows with 95 % confidence that it holds on at least 90 % of days (0.9
//! to the power of 29 is below 0.05). The next cheapest is tried when it does not, the dearest of
//! the search in the end.
//! # Assumes
//! What differs between days is what the scenario draws: start-up times, noise of the load. Costs
//! of the cards and the load's shape are the scenario's.
//! # Breaks
//! Coordinate descent finds a design that no single change makes better, not the best of all.
//! # Source
//! Law, *Simulation Modeling and Analysis*, section 11.2 (common random numbers); Wilks 1941 for
//! the number of days.

mod knobs;
mod tally;

pub use knobs::Knob;
pub use tally::Tally;

use self::knobs::knobs;
use self::tally::{Day, day};
use super::simulate::judged;
use crate::chance::Seed;
use crate::error::{Error, Result};
use crate::form::Check;
use crate::model::policies::Policy;
use crate::scenario::splice::{NewValue, splice};
use crate::scenario::{Scenario, manifests, read};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Days on which a design has to hold.
pub const DAYS: u32 = 29;
/// Days of the search for each design.
const SEARCH_DAYS: u32 = 1;
/// Days on which the effect of a single change is shown.
const EFFECT_DAYS: u32 = 2;
/// Days that are simulated before the next look at whether a design still holds.
const LOOK: u32 = 4;
/// The first replication of the search: no day is both searched and proven on.
const SEARCH_FROM: u32 = 1_000;
/// Rounds through all numbers at most, from each start.
const ROUNDS: usize = 2;
/// Designs that are proven at most.
const PROOFS: usize = 6;
/// What a change has to save to be worth it, as a part of the price.
const WORTH: f64 = 0.02;

/// A number that changed, and what happens without the change.
#[derive(Debug, Clone)]
pub struct Change {
    /// The number.
    pub knob: Knob,
    /// Its new value.
    pub to: u64,
    /// All other changes, with this number as it was.
    pub without: Tally,
}

/// What tuning found.
#[derive(Debug, Clone)]
pub struct Recommendation {
    /// The policy as it is, on all days or those up to the first look at which it does not hold.
    pub before: Tally,
    /// The best design, whether it holds or not.
    pub after: Tally,
    /// The best design on the days on which single changes are taken back.
    pub with_all: Tally,
    /// What changed; nothing when the file is the best already.
    pub changes: Vec<Change>,
    /// The file with the changes; only worth writing when `after` holds.
    pub manifest: String,
    /// Designs that were simulated.
    pub tried: usize,
    /// What limits the best design, when it does not hold.
    pub bottleneck: String,
}

/// A policy's file, and the scenario that it is tuned to.
#[derive(Debug, Clone, Copy)]
pub struct Tuning<'a> {
    /// The file's name, for problems.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The scenario, whose policy `scaler` came from the file.
    pub scenario: &'a Scenario,
    /// Which of its policies.
    pub scaler: usize,
    /// The seed of all days.
    pub seed: Seed,
}

/// Values of the numbers, in their order.
type Design = Vec<u64>;

struct Search<'a> {
    tuning: Tuning<'a>,
    group: usize,
    document: usize,
    knobs: Vec<Knob>,
    known: BTreeMap<Design, Tally>,
}

/// Finds the numbers at which the policy meets the scenario's objectives at the least cost.
///
/// # Errors
/// A scenario without objectives, a policy that scales no group, and a file whose numbers are not
/// known.
pub fn recommend(tuning: Tuning<'_>) -> Result<Recommendation> {
    let mut search = Search::new(tuning)?;
    let start: Design = search.knobs.iter().map(|knob| knob.value).collect();
    let mut best = search.descend(start.clone());
    if !search.holds(&best) {
        let other = search.descend(search.largest());
        best = if search.compare(&other, &best).is_lt() { other } else { best };
    }
    let best = search.simplified(best);
    let (best, after) = search.proven(&best);
    let before = if best == start { after.clone() } else { search.proof(&start) };
    // What the days of the search saved may be nothing over all days: then the file stays.
    let worth = !before.holds() || after.price() * (1.0 + WORTH) < before.price();
    let (best, after) = if worth { (best, after) } else { (start, before.clone()) };
    let mut changes = Vec::new();
    for (index, knob) in search.knobs.iter().enumerate().filter(|(n, knob)| best[*n] != knob.value)
    {
        let mut without = best.clone();
        without[index] = knob.value;
        let without = search.days(&without, 0, EFFECT_DAYS);
        changes.push(Change { knob: knob.clone(), to: best[index], without });
    }
    let bottleneck = if after.holds() {
        String::new()
    } else {
        let scenario = search.scenario(&best).unwrap_or_else(|| tuning.scenario.clone());
        judged(&scenario, tuning.seed, 0).bottleneck.resource
    };
    Ok(Recommendation {
        before,
        after,
        with_all: search.days(&best, 0, EFFECT_DAYS),
        changes,
        manifest: search.manifest(&best)?,
        tried: search.known.len(),
        bottleneck,
    })
}

impl<'a> Search<'a> {
    fn new(tuning: Tuning<'a>) -> Result<Self> {
        let scenario = tuning.scenario;
        let scaler = scenario.autoscaling.get(tuning.scaler);
        let Some(group) = scaler.and_then(|scaler| scaler.group) else {
            return Err(Error::usage("found a policy that scales no group; there is no tuning"));
        };
        if scenario.slo.is_empty() {
            let allowed =
                "at least one, e.g. slo: [\"lag_seconds(GROUP) < 1 min in 99 % of time\"]";
            return Err(Error::usage(format!(
                "found no objective in the scenario {}; allowed is {allowed}",
                scenario.name
            )));
        }
        let spec = &scenario.groups[group.index()];
        let topics = spec.reads.iter().map(|topic| &scenario.cluster.topics[topic.index()]);
        let partitions = topics.map(|topic| topic.partitions).sum();
        let trees = read::read_documents(tuning.file, tuning.text)?;
        let (document, knobs) = knobs(tuning.file, &trees, partitions)?;
        Ok(Self { tuning, group: group.index(), document, knobs, known: BTreeMap::new() })
    }

    /// The largest sizes that are tried, everything else as it is.
    fn largest(&self) -> Design {
        let largest = |knob: &Knob| {
            let size = knob.key().starts_with("max") || knob.key().starts_with("min");
            if size { knob.steps.last().copied().unwrap_or(knob.value) } else { knob.value }
        };
        self.knobs.iter().map(largest).collect()
    }

    /// The file with a design's numbers.
    fn manifest(&self, design: &Design) -> Result<String> {
        let changed = self.knobs.iter().zip(design).filter(|(knob, value)| knob.value != **value);
        let values: Vec<NewValue> = changed
            .map(|(knob, value)| NewValue { path: knob.path.clone(), text: knob.text(*value) })
            .collect();
        splice(self.tuning.file, self.tuning.text, self.document, &values)
    }

    /// The scenario with a design's policy; `None` when the policy's own rules forbid it.
    fn scenario(&self, design: &Design) -> Option<Scenario> {
        let text = self.manifest(design).ok()?;
        let trees = read::read_documents(self.tuning.file, &text).ok()?;
        let mut check = Check::default();
        let policy = manifests::policies(&trees, &mut check)?.into_iter().next()?;
        let mut scenario = self.tuning.scenario.clone();
        scenario.autoscaling[self.tuning.scaler].policy = match policy {
            Policy::Keda(keda) => Policy::from(keda.on_a_cluster()),
            other => other,
        };
        Some(scenario)
    }

    /// Designs on the same days, from a first replication on; results do not depend on threads.
    fn tallies(&self, designs: &[Design], from: u32, count: u32) -> Vec<Option<Tally>> {
        let scenarios: Vec<Option<Scenario>> =
            designs.par_iter().map(|design| self.scenario(design)).collect();
        let work: Vec<(usize, u32)> = (0..designs.len())
            .filter(|design| scenarios[*design].is_some())
            .flat_map(|design| (from..from + count).map(move |one| (design, one)))
            .collect();
        let days: Vec<Option<Day>> = work
            .par_iter()
            .map(|(design, replication)| {
                let scenario = scenarios[*design].as_ref()?;
                let run = judged(scenario, self.tuning.seed, *replication);
                Some(day(scenario, &run, self.tuning.scaler, self.group))
            })
            .collect();
        let mut days = days.into_iter().flatten();
        let tally = |scenario: &Option<Scenario>| {
            scenario.as_ref()?;
            let own: Vec<Day> = days.by_ref().take(count as usize).collect();
            Some(Tally::of(&own))
        };
        scenarios.iter().map(tally).collect()
    }

    fn days(&self, design: &Design, from: u32, count: u32) -> Tally {
        let mut found = self.tallies(std::slice::from_ref(design), from, count);
        found.pop().flatten().unwrap_or_else(|| Tally::of(&[]))
    }

    /// Simulates what is not known yet.
    fn learn(&mut self, designs: Vec<Design>) {
        let new: Vec<Design> =
            designs.into_iter().filter(|design| !self.known.contains_key(design)).collect();
        let tallies = self.tallies(&new, SEARCH_FROM, SEARCH_DAYS);
        let known = new.into_iter().zip(tallies);
        self.known.extend(known.filter_map(|(design, tally)| Some((design, tally?))));
    }

    /// The better one first; of equal ones that with fewer changes.
    fn compare(&self, a: &Design, b: &Design) -> Ordering {
        let changes = |design: &Design| {
            self.knobs.iter().zip(design).filter(|(knob, value)| knob.value != **value).count()
        };
        match (self.known.get(a), self.known.get(b)) {
            (Some(one), Some(other)) => one.compare(other).then(changes(a).cmp(&changes(b))),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }

    fn holds(&self, design: &Design) -> bool {
        self.known.get(design).is_some_and(Tally::holds)
    }

    /// All values of one number after the other, then single steps until none helps.
    fn descend(&mut self, start: Design) -> Design {
        let mut best = start;
        self.learn(vec![best.clone()]);
        for round in 0..ROUNDS {
            let before = best.clone();
            for index in 0..self.knobs.len() {
                let steps = &self.knobs[index].steps;
                let here = steps.iter().position(|step| *step == best[index]).unwrap_or(0);
                let near = here.saturating_sub(1)..=(here + 1).min(steps.len() - 1);
                let range = if round == 0 { 0..=steps.len() - 1 } else { near };
                let with = |value: &u64| {
                    let mut design = best.clone();
                    design[index] = *value;
                    design
                };
                let designs: Vec<Design> = steps[range].iter().map(with).collect();
                self.learn(designs.clone());
                let better = designs.into_iter().min_by(|a, b| self.compare(a, b));
                best = better.filter(|one| self.compare(one, &best).is_lt()).unwrap_or(best);
            }
            if round > 0 && best == before {
                break;
            }
        }
        best
    }

    /// Takes changes back that neither an objective nor the price asks for.
    fn simplified(&mut self, best: Design) -> Design {
        let mut best = best;
        for index in 0..self.knobs.len() {
            let mut without = best.clone();
            without[index] = self.knobs[index].value;
            self.learn(vec![without.clone()]);
            let (Some(with), Some(other)) = (self.known.get(&best), self.known.get(&without))
            else {
                continue;
            };
            if other.holds() == with.holds()
                && other.met >= with.met
                && other.price() <= with.price() * (1.0 + WORTH)
            {
                best = without;
            }
        }
        best
    }

    /// The first design that holds on all other days: the best, then the next ones by price, then
    /// the dearest. When none does, the one that came nearest.
    fn proven(&self, best: &Design) -> (Design, Tally) {
        let mut next: Vec<&Design> =
            self.known.keys().filter(|one| *one != best && self.holds(one)).collect();
        next.sort_by(|a, b| self.compare(a, b));
        let dearest = next.get(PROOFS..).and_then(<[_]>::last).copied();
        let mut most: Option<(Design, Tally)> = None;
        let all = std::iter::once(best).chain(next.iter().copied().take(PROOFS)).chain(dearest);
        for design in all {
            let tally = self.proof(design);
            let holds = tally.holds();
            if holds || most.as_ref().is_none_or(|(_, other)| tally.violation_is_below(other)) {
                most = Some((design.clone(), tally));
            }
            if holds {
                break;
            }
        }
        let (design, tally) = most.unwrap_or_else(|| (best.clone(), self.days(best, 0, DAYS)));
        // What does not hold was given up early; what is told of it is told of all days.
        if tally.days < DAYS {
            let tally = self.days(&design, 0, DAYS);
            return (design, tally);
        }
        (design, tally)
    }

    /// All days of a design, or those up to the first look at which one does not hold.
    fn proof(&self, design: &Design) -> Tally {
        let Some(scenario) = self.scenario(design) else { return Tally::of(&[]) };
        let mut days: Vec<Day> = Vec::new();
        while (days.len() as u32) < DAYS && days.iter().all(Day::holds) {
            let from = days.len() as u32;
            let more: Vec<Day> = (from..DAYS.min(from + LOOK))
                .into_par_iter()
                .map(|one| {
                    let run = judged(&scenario, self.tuning.seed, one);
                    day(&scenario, &run, self.tuning.scaler, self.group)
                })
                .collect();
            days.extend(more);
        }
        Tally::of(&days)
    }
}
