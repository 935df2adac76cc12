//! One scenario, one run, with its verdict.

use super::designs::QUANTITIES;
use super::latencies;
use super::script::remark;
use super::settle::settled;
use crate::analysis::{CONFIDENCE, Interval, judge, replications};
use crate::chance::Seed;
use crate::engine::{des, fluid};
use crate::metrics::{EngineKind, Run};
use crate::scenario::{Arrivals, EngineChoice, Scenario};
use crate::units::{SimSpan, count};
use rayon::prelude::*;

/// Longest scenario that `engine: auto` simulates request by request.
const SHORT: SimSpan = SimSpan::from_secs(120);

/// One run by the engine that the scenario asks for. `auto` takes requests for closed loops and
/// for short scenarios in which nobody scales and only brokers fail, flows otherwise.
pub fn make(scenario: &Scenario, seed: Seed, replication: u32) -> Run {
    if by_requests(scenario) {
        des::simulate(scenario, seed, replication)
    } else {
        fluid::simulate(scenario, seed, replication)
    }
}

/// Whether [`make`] takes requests.
pub(super) fn by_requests(scenario: &Scenario) -> bool {
    let closed = scenario.producers.iter().any(|one| one.arrivals == Arrivals::Closed);
    let cold = !scenario.initial.page_cache_warm;
    let faults = !scenario.timeline.is_empty();
    let still = scenario.autoscaling.is_empty()
        && scenario.timeline.iter().all(|entry| entry.action.is_fault())
        && !(faults && scenario.brokers.rack_aware_reads);
    match scenario.engine {
        EngineChoice::Des => true,
        EngineChoice::Fluid => false,
        EngineChoice::Auto => closed || cold || (still && scenario.duration <= SHORT),
    }
}

/// Simulates a scenario and judges the run: bottleneck, objectives, alerts, and what the exercise's
/// script would have claimed where it applies.
///
/// # Example
/// ```
/// use kafsim::chance::Seed;
/// use kafsim::scenario::{LoadOptions, load};
///
/// let file = concat!(env!("CARGO_MANIFEST_DIR"), "/models/scenarios/quickstart.yaml");
/// let options = LoadOptions { sets: vec!["duration=1 h".into()], ..LoadOptions::default() };
/// let checked = load(file, &options)?;
/// let run = kafsim::study::simulate(&checked.scenario, Seed::new(1));
/// assert!(run.groups["billing"].records_s > 9_000.0);
/// # Ok::<(), kafsim::error::Error>(())
/// ```
pub fn simulate(scenario: &Scenario, seed: Seed) -> Run {
    let mut run = judged(scenario, seed, 0);
    run.remarks.extend(remark(scenario, &run));
    run
}

/// How often a scenario is simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Precision {
    /// So many times.
    Replications(u32),
    /// Until the 95 % intervals of throughput and of publish p50 and p99 are this share of their
    /// mean to each side; at least [`FEWEST`] and at most [`MOST`] times. Flows are simulated once:
    /// the engine leaves little to chance.
    HalfWidth(f64),
}

/// Fewest replications that have an interval worth the name.
pub const FEWEST: u32 = 3;
/// Most replications: what is wider then is said to be so.
pub const MOST: u32 = 15;
/// Replications between two looks at the interval: as many on any machine, so that results do not
/// depend on its cores.
const ROUND: u32 = 2;

/// Quantities whose precision is told, and of which the first three stop the replications.
const TOLD: [&str; 4] = ["records_s", "publish_ms_p50", "publish_ms_p99", "e2e_ms_p50"];

/// Simulates a scenario again and again until its main numbers are precise enough. The run is the
/// first replication; the others are kept with it, and a remark tells the precision.
///
/// Source of the stopping rule: Law, *Simulation Modeling and Analysis*, section 9.4.1.
pub fn simulate_precisely(scenario: &Scenario, seed: Seed, precision: Precision) -> Run {
    let (scenario, warm_up) = settled(scenario, seed);
    let scenario = scenario.as_ref();
    let mut run = simulate(scenario, seed);
    run.remarks.extend(warm_up);
    let requests = run.engine == EngineKind::Des;
    let (least, most) = match precision {
        Precision::Replications(count) => (count, count),
        Precision::HalfWidth(_) if requests => (FEWEST, MOST),
        Precision::HalfWidth(_) => (1, 1),
    };
    while run.others.len() as u32 + 1 < most {
        let made = run.others.len() as u32 + 1;
        let upto = if made < least { least } else { most.min(made + ROUND) };
        let more: Vec<Run> = (made..upto)
            .into_par_iter()
            .map(|replication| {
                let mut other = judged(scenario, seed, replication);
                (other.series, other.events) = (Vec::new(), Vec::new());
                other.latencies = Vec::new();
                other
            })
            .collect();
        run.others.extend(more);
        if let Precision::HalfWidth(share) = precision
            && intervals(&run)
                .iter()
                .take(3)
                .flatten()
                .all(|one| one.mean == 0.0 || one.relative_half_width() <= share)
        {
            break;
        }
    }
    run.remarks.extend(told(&run));
    run
}

/// Intervals of what is told, in its order.
fn intervals(run: &Run) -> Vec<Option<Interval>> {
    let of = |key: &&str| {
        let quantity = QUANTITIES.iter().find(|one| one.key == *key)?;
        let all = std::iter::once(run).chain(&run.others);
        let values: Option<Vec<f64>> = all.map(quantity.value).collect();
        values.map(|values| replications(&values, CONFIDENCE))
    };
    TOLD.iter().map(of).collect()
}

/// The precision in words.
fn told(run: &Run) -> Option<String> {
    if run.others.is_empty() {
        return None;
    }
    let words = |(key, interval): (&&str, Option<Interval>)| {
        let quantity = QUANTITIES.iter().find(|one| one.key == *key)?;
        let interval = interval?;
        let mean = interval.mean;
        let mean = if mean >= 1_000.0 { count(mean) } else { format!("{mean:.2}") };
        let width = 100.0 * interval.relative_half_width();
        (interval.mean != 0.0).then(|| format!("{} {mean} ± {width:.1} %", quantity.words))
    };
    let parts: Vec<String> = TOLD.iter().zip(intervals(run)).filter_map(words).collect();
    (!parts.is_empty()).then(|| {
        format!(
            "Over {} replications, with 95 % intervals: {}. Tables and figures show the first.",
            run.others.len() + 1,
            parts.join("; ")
        )
    })
}

/// One replication with its verdict.
pub(super) fn judged(scenario: &Scenario, seed: Seed, replication: u32) -> Run {
    let mut run = make(scenario, seed, replication);
    if run.engine == EngineKind::Fluid && scenario.asks_latencies() {
        latencies::complete(scenario, seed, replication, &mut run);
    }
    judge(scenario, &mut run);
    run
}
