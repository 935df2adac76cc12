//! Publish latencies in a stretch of a run, by requests.

use super::window::Window;
use crate::chance::Seed;
use crate::engine::{des, fluid};
use crate::metrics::Run;
use crate::scenario::Scenario;
use crate::units::{SimSpan, SimTime};
use rayon::prelude::*;

/// The part that is cut, and the rest.
const SPANS: [SimSpan; 2] = [SimSpan::from_secs(2), SimSpan::from_secs(5)];
/// Most records of one replication: what is above takes minutes and is left out.
const MOST_RECORDS: f64 = 2e6;

/// Publish latency of a producer in milliseconds: smallest and largest over replications.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublishLatency {
    /// Median.
    pub p50: [f64; 2],
    /// 99th percentile.
    pub p99: [f64; 2],
}

/// By producer, at the busiest instant of a stretch, so many times; `None` where it was too much to
/// simulate, or nothing was sent.
pub(super) fn at(
    scenario: &Scenario,
    run: &Run,
    window: &Window,
    seed: Seed,
    times: u32,
) -> Vec<Option<PublishLatency>> {
    let nothing = vec![None; scenario.producers.len()];
    let seconds = (SPANS[0] + SPANS[1]).as_secs_f64();
    if window.load[1] * seconds > MOST_RECORDS {
        return nothing;
    }
    let moment = busiest(run, window);
    let runs: Vec<Run> = (0..times)
        .into_par_iter()
        .map(|replication| {
            let still = fluid::standing(scenario, seed, replication, moment, SPANS);
            des::simulate(&still, seed, replication)
        })
        .collect();
    let of = |name: &String| {
        let all = runs.iter().filter_map(|run| run.producers.get(name)?.latency_ms);
        all.map(|one| PublishLatency { p50: [one.p50; 2], p99: [one.p99; 2] }).reduce(|a, b| {
            let both = |a: [f64; 2], b: [f64; 2]| [a[0].min(b[0]), a[1].max(b[1])];
            PublishLatency { p50: both(a.p50, b.p50), p99: both(a.p99, b.p99) }
        })
    };
    scenario.producers.iter().map(|one| of(&one.name)).collect()
}

fn busiest(run: &Run, window: &Window) -> SimTime {
    let offered = run.series("offered_records_s", "all");
    let inside = offered.into_iter().flat_map(|series| &series.points);
    let inside = inside.filter(|(at, _)| *at > window.from && *at <= window.to);
    inside.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(window.from, |(at, _)| *at)
}
