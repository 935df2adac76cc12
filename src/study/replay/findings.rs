//! What stands out in a replay: outages without a fallback, and sizes that swing.
//!
//! An outage is a stretch of polls in which no trigger of a `ScaledObject` answers itself. It ends
//! with the first poll that is answered. A fallback that is configured need not come into force in
//! it: see `model::policies::keda` for what KEDA counts.
//!
//! Swings are those of `analysis::swings`, over the sizes that one loop wanted. Demand is the rate
//! at which the logs grow over the last five minutes, where the history has their ends, or its
//! column `input_rate`; without either nobody knows whether demand was steady.

use super::history::History;
use super::readings::Readings;
use crate::analysis::{Swings, swings};
use crate::error::Result;
use crate::model::policies::{Fallback, KedaPolicy};
use std::collections::BTreeMap;

/// The window of a rate of arrivals, in seconds.
const WINDOW: f64 = 300.0;

/// Something to tell about a replay.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplayFinding {
    /// No trigger answered for some time.
    Outage(Outage),
    /// Sizes went away and came back.
    Swings(ReplaySwings),
}

/// A stretch of polls without any answer; times are on the history's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// The object's name.
    pub policy: String,
    /// First poll without an answer, in seconds.
    pub from_s: f64,
    /// Last one, in seconds.
    pub to_s: f64,
    /// How many polls.
    pub polls: u32,
    /// Polls at which KEDA had no scaler left to ask.
    pub unasked: u32,
    /// The most failures in a row that KEDA counted.
    pub counted: u64,
    /// The fallback of the manifest.
    pub fallback: Option<Fallback>,
    /// When the fallback came into force, in seconds; `None` when it never did.
    pub in_force_s: Option<f64>,
}

/// Swings of one loop.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplaySwings {
    /// The loop's name.
    pub policy: String,
    /// The swings, with their period in steps.
    pub swings: Swings,
    /// Their median period in seconds.
    pub period_s: f64,
    /// Whether the history tells demand, so that it is known to have been steady.
    pub steady: bool,
}

/// Collects outages while a history is replayed.
#[derive(Debug, Default)]
pub(super) struct Outages {
    found: Vec<Outage>,
    open: bool,
    stand_ins: u64,
}

impl Outages {
    /// Looks at an object after an instant; `poll` says whether it polled, and whether there was a
    /// scaler to ask.
    pub(super) fn look(&mut self, t_s: f64, poll: Option<bool>, name: &str, keda: &KedaPolicy) {
        let Some(health) = keda.health() else { return };
        if let Some(asked) = poll {
            let silent = health.answered == 0;
            if silent && !self.open {
                self.found.push(Outage {
                    policy: name.to_owned(),
                    from_s: t_s,
                    to_s: t_s,
                    polls: 0,
                    unasked: 0,
                    counted: 0,
                    fallback: keda.spec().fallback,
                    in_force_s: None,
                });
            }
            self.open = silent;
            if let (true, Some(last)) = (silent, self.found.last_mut()) {
                last.to_s = t_s;
                last.polls += 1;
                last.unasked += u32::from(!asked);
            }
        }
        if let (true, Some(last)) = (self.open, self.found.last_mut()) {
            last.counted = last.counted.max(health.counted);
            if health.stand_ins > self.stand_ins {
                last.in_force_s.get_or_insert(t_s);
            }
        }
        self.stand_ins = health.stand_ins;
    }

    pub(super) fn finish(self) -> impl Iterator<Item = ReplayFinding> {
        self.found.into_iter().map(ReplayFinding::Outage)
    }
}

/// Sizes that loops wanted, with the demand of the moment.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    loops: BTreeMap<String, [Vec<f64>; 2]>,
}

impl Sizes {
    /// A loop wanted a size at a moment of some demand, in records/s; any constant when unknown.
    pub(super) fn push(&mut self, policy: &str, demand: f64, desired: u32) {
        let [demands, sizes] = self.loops.entry(policy.to_owned()).or_default();
        demands.push(demand);
        sizes.push(f64::from(desired));
    }

    /// The swings of each loop whose steps are `step_s` seconds long.
    pub(super) fn finish(self, step_s: f64, steady: bool) -> impl Iterator<Item = ReplayFinding> {
        self.loops.into_iter().filter_map(move |(policy, [demands, sizes])| {
            let swings = swings(&demands, &sizes)?;
            let period_s = swings.period * step_s;
            Some(ReplayFinding::Swings(ReplaySwings { policy, swings, period_s, steady }))
        })
    }
}

/// Records/s that arrive at each row; `None` when the history does not tell.
pub(super) fn arrivals(history: &History, readings: &[Readings]) -> Result<Option<Vec<f64>>> {
    if let Some(column) = history.find("input_rate") {
        let rates = history.numbers(column)?;
        return Ok(Some(filled(&rates)));
    }
    let ends: Vec<&Readings> = readings.iter().filter(|one| one.ends(0).is_some()).collect();
    if ends.is_empty() {
        return Ok(None);
    }
    let end = |row: usize| ends.iter().map(|one| one.ends(row)).sum::<Option<f64>>();
    let mut first = 0;
    let rates = (0..history.len()).map(|row| {
        while first < row && history.t_s(first + 1) <= history.t_s(row) - WINDOW {
            first += 1;
        }
        let span = history.t_s(row) - history.t_s(first);
        let grown = end(row)? - end(first)?;
        (span > 0.0).then(|| (grown / span).max(0.0))
    });
    Ok(Some(filled(&rates.collect::<Vec<Option<f64>>>())))
}

/// Unknown values become the one before, or the first that is known.
fn filled(values: &[Option<f64>]) -> Vec<f64> {
    let mut last = values.iter().flatten().next().copied().unwrap_or(0.0);
    let fill = |value: &Option<f64>| {
        last = value.unwrap_or(last);
        last
    };
    values.iter().map(fill).collect()
}
