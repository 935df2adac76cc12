//! Experiments: small scenarios that are measured on a cluster, in the order of what they tell.
//!
//! A step is a row of runs that has no measurements yet, so that what is measured and what is
//! predicted are one scenario ([`scenario_of`]). Steps stand in tables under `models/experiments`;
//! they are chosen before anything is measured: `calibrate` is fitted to, `validate` never.

mod machine;
mod merge;
mod pairs;

pub use machine::{Machine, RIG, Scatter};
pub use merge::{MEASURED, merged};
pub use pairs::{Pair, pairs};

use super::validate::{COLUMNS, Row, scenario_of};
use crate::error::{Error, Result};
use crate::scenario::cards::embedded;
use crate::scenario::{Checked, LoadOptions};
use crate::units::SimSpan;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What an experiment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Its rows are fitted to.
    Calibrate,
    /// Its rows are predicted first and never fitted to.
    Validate,
}

impl Purpose {
    /// The name of the table under `models/experiments`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Calibrate => "calibrate",
            Self::Validate => "validate",
        }
    }
    /// The name of the file of its rows, from which their split follows.
    pub fn file(self) -> &'static str {
        match self {
            Self::Calibrate => "runs_fit.csv",
            Self::Validate => "runs_holdout.csv",
        }
    }
}

/// Steps, and how long each is measured and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What for.
    pub purpose: Purpose,
    /// Designs, one row each, in order of what they tell.
    pub steps: Vec<Row>,
    /// Loads that get the brokers' JVMs warm; what they measure is discarded.
    pub warm_ups: Vec<Row>,
    /// Length of each warm-up load.
    pub warming: SimSpan,
    /// Of each step: cut off its beginning, and measured.
    pub settling: SimSpan,
    /// See `settling`.
    pub measured: SimSpan,
    /// How often each step is measured.
    pub repeats: u32,
}

/// Topics, groups and clients of a step come and go within this.
const AROUND: SimSpan = SimSpan::from_secs(2);
/// A group that was empty waits for further members before its first assignment
/// (`group.initial.rebalance.delay.ms`), and its members leave.
const GATHERING: SimSpan = SimSpan::from_secs(5);
/// Ways to spend a budget, the best first: repeats, seconds measured, seconds cut off before.
const WAYS: [(u32, u64, u64); 6] =
    [(3, 12, 3), (2, 12, 3), (2, 8, 2), (1, 10, 2), (1, 6, 1), (1, 3, 1)];
/// This share of a budget goes to warming up.
const WARMING: f64 = 0.1;
/// Bounds of one warm-up load: shorter warms nothing, longer gains nothing.
const LEAST_WARMING: SimSpan = SimSpan::from_secs(3);
const MOST_WARMING: SimSpan = SimSpan::from_secs(30);
/// Most replicas that a step asks for.
const MOST_REPLICAS: u32 = 3;

impl Plan {
    /// The best way to spend `budget` on a cluster of so many brokers. A budget that is too short
    /// for the whole table buys its first steps.
    ///
    /// # Errors
    /// A budget that buys no step.
    pub fn new(purpose: Purpose, brokers: u32, budget: SimSpan) -> Result<Self> {
        let steps = designs(purpose, brokers)?;
        let warm_ups = warm_ups(brokers);
        let share = budget.as_secs_f64() * WARMING / warm_ups.len().max(1) as f64;
        let warming = SimSpan::from_secs(share as u64).clamp(LEAST_WARMING, MOST_WARMING);
        let mut plan = Self {
            purpose,
            steps,
            warm_ups,
            warming,
            settling: SimSpan::ZERO,
            measured: SimSpan::ZERO,
            repeats: 1,
        };
        for (repeats, measured, settling) in WAYS {
            plan.repeats = repeats;
            plan.measured = SimSpan::from_secs(measured);
            plan.settling = SimSpan::from_secs(settling);
            if plan.lasts() <= budget {
                return Ok(plan);
            }
        }
        while plan.lasts() > budget && !plan.steps.is_empty() {
            plan.steps.pop();
        }
        if plan.steps.is_empty() {
            return Err(Error::usage(format!(
                "--budget {}: found a time in which nothing can be measured; allowed is at least \
                 a quarter of a minute",
                budget.to_prose()
            )));
        }
        Ok(plan)
    }

    /// How long one measurement of a step lasts, with what is around it.
    pub fn lasts_once(&self, step: &Row) -> SimSpan {
        let groups = step.number("groups").unwrap_or(0.0) > 0.0;
        let around = if groups { AROUND + GATHERING } else { AROUND };
        self.settling + self.measured + around
    }

    /// How long all of it lasts.
    pub fn lasts(&self) -> SimSpan {
        let warming = (self.warming + AROUND) * self.warm_ups.len() as u64;
        let steps = self.steps.iter().map(|step| self.lasts_once(step));
        let once = steps.fold(SimSpan::ZERO, |sum, one| sum + one);
        warming + once * u64::from(self.repeats)
    }

    /// The scenario of a step, or of a load that warms up.
    ///
    /// # Errors
    /// What the scenario's own checks say.
    pub fn scenario(&self, step: &Row, rigs: Option<&Path>, cards: &[PathBuf]) -> Result<Checked> {
        let warms = self.warm_ups.iter().any(|one| one.id == step.id);
        let (settling, whole) = if warms {
            (SimSpan::ZERO, self.warming)
        } else {
            (self.settling, self.settling + self.measured)
        };
        let seconds = |span: SimSpan| format!("{} s", span.as_secs_f64());
        let sets =
            vec![format!("duration={}", seconds(whole)), format!("warm_up={}", seconds(settling))];
        let options = LoadOptions { sets, cards: cards.to_vec(), ..LoadOptions::default() };
        scenario_of(step, rigs, &options)
    }

    /// What is measured, as text: two plans with the same text measure the same.
    pub fn text(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(Row::csv).collect();
        format!(
            "{}: {} × ({} after {}); {}",
            self.purpose.name(),
            self.repeats,
            self.measured.to_prose(),
            self.settling.to_prose(),
            steps.join("; ")
        )
    }
}

/// The designs of a table for so many brokers; those that an earlier one equals are left out.
fn designs(purpose: Purpose, brokers: u32) -> Result<Vec<Row>> {
    let path = format!("experiments/{}.csv", purpose.name());
    let text = embedded(&path).unwrap_or_default();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let broken = |error: csv::Error| Error::runtime(format!("models/{path}: {error}"));
    let header = reader.headers().map_err(broken)?.clone();
    let (mut steps, mut seen) = (Vec::new(), BTreeSet::new());
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let fields = header.iter().zip(&record);
        let mut columns: BTreeMap<String, String> =
            fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        fill(&mut columns, brokers);
        let design: Vec<String> = DESIGN.map(|name| columns[name].clone()).to_vec();
        if seen.insert(design) {
            steps.push(Row::designed(columns, purpose.file()));
        }
    }
    Ok(steps)
}

/// Columns that make two steps the same or not.
pub const DESIGN: [&str; 12] = [
    "partitions",
    "replication_factor",
    "min_insync",
    "acks",
    "record_bytes",
    "batch_size",
    "linger_ms",
    "compression",
    "producers",
    "groups",
    "members_per_group",
    "target_records_s",
];

/// What depends on the cluster, and what is the same in all steps.
fn fill(columns: &mut BTreeMap<String, String>, brokers: u32) {
    for name in COLUMNS.iter().chain(&DESIGN) {
        columns.entry((*name).to_owned()).or_default();
    }
    let mut set = |name: &str, value: String| columns.insert(name.to_owned(), value);
    let _old = [
        set("rig", RIG.to_owned()),
        set("brokers", brokers.to_string()),
        set("buffer_memory", BUFFER.to_string()),
    ];
    let most = brokers.min(MOST_REPLICAS);
    if columns["replication_factor"] == "most" {
        columns.insert("replication_factor".into(), most.to_string());
    }
    let replicas: u32 = columns["replication_factor"].parse().unwrap_or(1);
    let least: u32 = columns["min_insync"].parse().unwrap_or(1);
    columns.insert("min_insync".into(), least.min(replicas).to_string());
}

/// `buffer.memory` of all steps, Kafka's default.
const BUFFER: u64 = 33_554_432;

/// A load as fast as it can and one of small requests, both replicated and read.
fn warm_ups(brokers: u32) -> Vec<Row> {
    let loads = [("warm-full", "131072", ""), ("warm-small", "16384", "1500")];
    let row = |(id, batch, target): (&str, &str, &str)| {
        let columns = [
            ("id", id),
            ("case", "warm-up, discarded"),
            ("partitions", "12"),
            ("replication_factor", "most"),
            ("min_insync", "1"),
            ("acks", "all"),
            ("record_bytes", "1024"),
            ("batch_size", batch),
            ("linger_ms", "1"),
            ("compression", "none"),
            ("producers", "2"),
            ("groups", "1"),
            ("members_per_group", "1"),
            ("target_records_s", target),
        ];
        let columns = columns.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut columns = BTreeMap::from(columns);
        fill(&mut columns, brokers);
        Row::designed(columns, "runs_warm-up.csv")
    };
    loads.map(row).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_kept_and_a_short_one_buys_the_first_steps() {
        for minutes in [1, 3, 5, 10, 15] {
            let budget = SimSpan::from_secs(60 * minutes);
            for purpose in [Purpose::Calibrate, Purpose::Validate] {
                let plan = Plan::new(purpose, 3, budget).unwrap();
                assert!(plan.lasts() <= budget, "{minutes} min: {}", plan.lasts().to_prose());
                assert!(plan.lasts() * 2 >= budget, "{minutes} min: {}", plan.lasts().to_prose());
            }
        }
        let whole = Plan::new(Purpose::Calibrate, 3, SimSpan::from_secs(900)).unwrap();
        assert!(whole.repeats >= 2 && whole.steps.len() == 20, "{whole:?}");
        let short = Plan::new(Purpose::Calibrate, 3, SimSpan::from_secs(60)).unwrap();
        assert_eq!(short.steps[..], whole.steps[..short.steps.len()]);
        assert!(Plan::new(Purpose::Calibrate, 3, SimSpan::from_secs(5)).is_err());
    }

    #[test]
    fn one_broker_has_no_second_replica_and_no_step_twice() {
        let one = designs(Purpose::Calibrate, 1).unwrap();
        let three = designs(Purpose::Calibrate, 3).unwrap();
        assert!(one.iter().all(|step| step.number("replication_factor") == Some(1.0)));
        assert!(one.len() < three.len());
        assert!(three.iter().any(|step| step.number("replication_factor") == Some(3.0)));
    }

    #[test]
    fn no_step_of_validation_is_one_of_calibration() {
        let of = |purpose| -> BTreeSet<Vec<String>> {
            let steps = designs(purpose, 3).unwrap();
            steps
                .iter()
                .map(|step| DESIGN.map(|name| step.text(name).to_owned()).to_vec())
                .collect()
        };
        let (fit, judged) = (of(Purpose::Calibrate), of(Purpose::Validate));
        assert!(fit.is_disjoint(&judged));
    }
}
