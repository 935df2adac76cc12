//! Several designs of one question, each simulated several times with the same chance.
//!
//! Replication k of every design draws from the same named streams, so a difference between two
//! designs is taken replication by replication: what is common to both cancels.

use super::settle::settled;
use super::simulate::judged;
use crate::analysis::{CONFIDENCE, Interval, replications};
use crate::chance::Seed;
use crate::metrics::Run;
use crate::scenario::Scenario;
use rayon::prelude::*;

/// A design: a scenario under a name.
#[derive(Debug, Clone)]
pub struct Design {
    /// Its name.
    pub name: String,
    /// What is simulated.
    pub scenario: Scenario,
}

/// A quantity that designs are compared by.
#[derive(Debug, Clone, Copy)]
pub struct Quantity {
    /// Its key in outputs, unit last.
    pub key: &'static str,
    /// Its words in tables.
    pub words: &'static str,
    pub(super) value: fn(&Run) -> Option<f64>,
}

/// What is compared, in the order of tables.
pub const QUANTITIES: [Quantity; 9] = [
    Quantity { key: "records_s", words: "written, records/s", value: |run| Some(written(run)) },
    Quantity {
        key: "mib_s",
        words: "written, MiB/s",
        value: |run| Some(sum(run, |one| one.mib_s)),
    },
    Quantity { key: "publish_ms_p50", words: "publish p50, ms", value: |run| publish(run, false) },
    Quantity { key: "publish_ms_p99", words: "publish p99, ms", value: |run| publish(run, true) },
    Quantity { key: "consumed_records_s", words: "read, records/s", value: consumed },
    Quantity { key: "e2e_ms_p50", words: "end to end p50, ms", value: end_to_end },
    Quantity { key: "lag_records", words: "lag at the end, records", value: lag },
    Quantity { key: "broker_cpu", words: "broker CPU, busiest", value: |run| broker(run, true) },
    Quantity { key: "disk", words: "disk, busiest", value: |run| broker(run, false) },
];

/// One design with its results.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The design's name.
    pub design: String,
    /// All replications.
    pub runs: Vec<Run>,
    /// By quantity, in the order of [`QUANTITIES`]: the mean with its 95 % interval over
    /// replications.
    pub values: Vec<Option<Interval>>,
    /// The resource that most replications name as the tightest.
    pub bottleneck: String,
}

/// A difference to the first design.
#[derive(Debug, Clone, Copy)]
pub struct Difference {
    /// Index of the quantity.
    pub quantity: usize,
    /// Index of the design.
    pub design: usize,
    /// Value minus the first design's, with its 95 % interval.
    pub by: Interval,
    /// The same relative to the first design.
    pub relative: f64,
    /// Whether zero lies outside the interval.
    pub real: bool,
}

/// Simulates every design `count` times; results do not depend on the number of threads.
pub fn evaluate(designs: &[Design], seed: Seed, count: u32) -> Vec<Outcome> {
    let scenarios: Vec<_> =
        designs.par_iter().map(|design| settled(&design.scenario, seed).0).collect();
    let work: Vec<(usize, u32)> = (0..designs.len())
        .flat_map(|design| (0..count).map(move |replication| (design, replication)))
        .collect();
    let runs: Vec<Run> = work
        .par_iter()
        .map(|(design, replication)| judged(&scenarios[*design], seed, *replication))
        .collect();
    let mut runs = runs.into_iter();
    designs
        .iter()
        .map(|design| outcome(&design.name, runs.by_ref().take(count as usize).collect()))
        .collect()
}

fn outcome(design: &str, runs: Vec<Run>) -> Outcome {
    let values = QUANTITIES.iter().map(|quantity| {
        let values: Option<Vec<f64>> = runs.iter().map(quantity.value).collect();
        values.filter(|values| !values.is_empty()).map(|values| replications(&values, CONFIDENCE))
    });
    let mut names: Vec<&str> = runs.iter().map(|run| run.bottleneck.resource.as_str()).collect();
    names.sort_unstable();
    let count = |name: &&&str| names.iter().filter(|other| other == name).count();
    let bottleneck =
        names.iter().max_by_key(count).map_or(String::new(), |name| (*name).to_owned());
    Outcome { design: design.to_owned(), values: values.collect(), bottleneck, runs }
}

/// Differences of all designs to the first, paired by replication.
pub fn differences(outcomes: &[Outcome]) -> Vec<Difference> {
    let Some((first, others)) = outcomes.split_first() else { return Vec::new() };
    let mut found = Vec::new();
    for (index, other) in others.iter().enumerate() {
        for (quantity, one) in QUANTITIES.iter().enumerate() {
            let pairs = other.runs.iter().zip(&first.runs);
            let by: Option<Vec<f64>> =
                pairs.map(|(a, b)| Some((one.value)(a)? - (one.value)(b)?)).collect();
            let (Some(by), Some(base)) = (by, first.values[quantity]) else { continue };
            if by.is_empty() {
                continue;
            }
            let by = replications(&by, CONFIDENCE);
            let relative = if base.mean == 0.0 { 0.0 } else { by.mean / base.mean };
            let real = by.half_width.is_finite() && !by.contains(0.0);
            found.push(Difference { quantity, design: index + 1, by, relative, real });
        }
    }
    found
}

fn sum(run: &Run, pick: fn(&crate::metrics::ProducerOutcome) -> f64) -> f64 {
    run.producers.values().map(pick).sum()
}

fn written(run: &Run) -> f64 {
    sum(run, |one| one.records_s)
}

/// The slowest producer's quantile.
fn publish(run: &Run, tail: bool) -> Option<f64> {
    let latencies = run.producers.values().filter_map(|one| one.latency_ms);
    latencies.map(|one| if tail { one.p99 } else { one.p50 }).reduce(f64::max)
}

fn consumed(run: &Run) -> Option<f64> {
    (!run.groups.is_empty()).then(|| run.groups.values().map(|one| one.records_s).sum())
}

fn end_to_end(run: &Run) -> Option<f64> {
    let latencies = run.groups.values().filter_map(|one| one.e2e_latency_ms);
    latencies.map(|one| one.p50).reduce(f64::max)
}

fn lag(run: &Run) -> Option<f64> {
    run.groups.values().map(|one| one.processing_lag_records.end).reduce(f64::max)
}

fn broker(run: &Run, cpu: bool) -> Option<f64> {
    let uses = run.brokers.values().map(|one| if cpu { one.cpu.mean } else { one.disk.mean });
    uses.reduce(f64::max)
}
