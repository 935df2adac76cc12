//! Latencies of a run by flows, from requests simulated at its operating points.
//!
//! # Equation
//! Moments of the run are chosen that span its loads, a few for each number of brokers in service.
//! Each is simulated by requests as if it lasted. A window of the run is a mixture of the two
//! moments whose loads (records/s offered, all producers) lie around its own, weighted by the
//! distance to them; a group's records wait for its backlog in addition, backlog over rate.
//! # Assumes
//! Load moves slowly against a latency, and producers move together.
//! # Breaks
//! Moves of data, rebalances and scaling are not in the moments. Where more is offered than the
//! cluster takes, latency depends on how long that lasts.
//! # Source
//! Two-moment decomposition is replaced by simulation at the operating point, as in
//! simulation metamodels; linear interpolation between neighbours.

use crate::chance::Seed;
use crate::engine::{des, fluid};
use crate::metrics::{Journey, Latencies, LatencyWindow, Run, Series};
use crate::scenario::Scenario;
use crate::units::{SimSpan, SimTime};
use rayon::prelude::*;

/// Moments for each number of brokers in service.
const MOMENTS: usize = 5;
/// Loads closer than this share of the range are one moment.
const SAME: f64 = 0.02;
/// How long a moment is simulated: the part that is cut, and the rest.
const SPANS: [SimSpan; 2] = [SimSpan::from_secs(2), SimSpan::from_secs(5)];

/// A window of a run: its end, records/s offered during it, brokers in service.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: SimTime,
    load: f64,
    brokers: u32,
}

/// Gives a run by flows the latencies that objectives ask for.
pub(super) fn complete(scenario: &Scenario, seed: Seed, replication: u32, run: &mut Run) {
    let windows = moments(run);
    let chosen = choose(&windows);
    let shown: Vec<Run> = chosen
        .par_iter()
        .map(|moment| {
            let mut still = fluid::standing(scenario, seed, replication, moment.at, SPANS);
            enough_members(&mut still, run, moment.at);
            des::simulate(&still, seed, replication)
        })
        .collect();
    if shown.is_empty() {
        return;
    }
    let producers = scenario.producers.iter().map(|one| (Journey::Publish, &one.name));
    let groups = scenario.groups.iter().map(|one| (Journey::EndToEnd, &one.name));
    let all: Vec<Latencies> = producers
        .chain(groups)
        .map(|(journey, name)| mixed(journey, name, run, &windows, &chosen, &shown))
        .collect();
    let (from, to) = (SimTime::ZERO + run.warm_up, SimTime::ZERO + run.duration);
    for one in &all {
        let quantiles = one.between(from, to).quantiles();
        match one.journey {
            Journey::Publish => {
                if let Some(producer) = run.producers.get_mut(&one.entity) {
                    producer.latency_ms = quantiles;
                }
            }
            Journey::EndToEnd => {
                if let Some(group) = run.groups.get_mut(&one.entity) {
                    group.e2e_latency_ms = quantiles;
                }
            }
        }
    }
    run.latencies = all;
    run.remarks.push(format!(
        "Latencies are mixed from {} moments of the run, simulated by requests for {} each; moves \
         of data and rebalances are not in them.",
        shown.len(),
        SPANS[1].to_prose(),
    ));
}

/// A group that cannot keep up gets members that can: its backlog is what a window adds.
fn enough_members(still: &mut Scenario, run: &Run, at: SimTime) {
    /// What is offered, over what members would be asked for at a comfortable load.
    const ROOM: f64 = 1.25;
    for group in &mut still.groups {
        let resource = format!("group {} members", group.name);
        let demand = run.series("demand", &resource).and_then(|series| series.at(at));
        let demand = demand.unwrap_or(0.0);
        if demand > 1.0 / ROOM {
            group.members = (f64::from(group.members) * demand * ROOM).ceil() as u32;
        }
    }
}

/// The windows of a run, by its samples.
fn moments(run: &Run) -> Vec<Moment> {
    let Some(offered) = run.series("offered_records_s", "all") else { return Vec::new() };
    let brokers = run.series("brokers_ready", "cluster");
    // The first point only marks when the series begins.
    let points = offered.points.iter().skip(1);
    let moment = |(at, load): &(SimTime, f64)| Moment {
        at: *at,
        load: *load,
        brokers: brokers.and_then(|series| series.at(*at)).unwrap_or(0.0) as u32,
    };
    points.map(moment).collect()
}

/// Windows that span the loads of each number of brokers, by load; idle ones are not needed.
fn choose(windows: &[Moment]) -> Vec<Moment> {
    let mut counts: Vec<u32> = windows.iter().map(|one| one.brokers).collect();
    counts.sort_unstable();
    counts.dedup();
    let mut chosen = Vec::new();
    for count in counts {
        let mut own: Vec<Moment> =
            windows.iter().filter(|one| one.brokers == count && one.load > 0.0).copied().collect();
        own.sort_by(|a, b| a.load.total_cmp(&b.load).then(a.at.cmp(&b.at)));
        let (Some(first), Some(last)) = (own.first(), own.last()) else { continue };
        let range = last.load - first.load;
        let mut before = f64::NEG_INFINITY;
        for step in 0..MOMENTS {
            let aim = first.load + range * step as f64 / (MOMENTS - 1) as f64;
            let near = own.partition_point(|one| one.load < aim).min(own.len() - 1);
            if own[near].load - before > SAME * range.max(own[near].load) {
                before = own[near].load;
                chosen.push(own[near]);
            }
        }
    }
    chosen
}

/// The two chosen moments around a window, with their weights.
fn around(window: &Moment, chosen: &[Moment]) -> Vec<(usize, f64)> {
    let own = |(index, one): (usize, &Moment)| (one.brokers == window.brokers).then_some(index);
    let own: Vec<usize> = chosen.iter().enumerate().filter_map(own).collect();
    let above = own.iter().copied().find(|index| chosen[*index].load >= window.load);
    let below = own.iter().copied().rfind(|index| chosen[*index].load <= window.load);
    match (below, above) {
        (Some(below), Some(above)) if below != above => {
            let range = chosen[above].load - chosen[below].load;
            let weight = (window.load - chosen[below].load) / range;
            vec![(below, 1.0 - weight), (above, weight)]
        }
        (Some(one), _) | (_, Some(one)) => vec![(one, 1.0)],
        (None, None) => Vec::new(),
    }
}

/// The latencies of a producer or group over the windows of a run.
fn mixed(
    journey: Journey,
    name: &str,
    run: &Run,
    windows: &[Moment],
    chosen: &[Moment],
    shown: &[Run],
) -> Latencies {
    let mut latencies = Latencies::new(journey, name);
    let everything = |one: &Run| {
        let mut all = crate::metrics::Histogram::new();
        let of = one.latencies(journey, name);
        of.iter().flat_map(|of| &of.parts).for_each(|part| all.merge(part));
        all
    };
    latencies.parts = shown.iter().map(everything).collect();
    let rate = match journey {
        Journey::Publish => run.series("acked_records_s", name),
        Journey::EndToEnd => run.series("processed_records_s", name),
    };
    let backlog = match journey {
        Journey::Publish => None,
        Journey::EndToEnd => run.series("processing_lag_records", name),
    };
    let at = |series: Option<&Series>, instant| series.and_then(|one| one.at(instant));
    let mut start = SimTime::ZERO;
    for window in windows {
        let seconds = window.at.saturating_since(start).as_secs_f64();
        let middle = start + window.at.saturating_since(start) / 2;
        start = window.at;
        let rate = at(rate, middle).unwrap_or(0.0);
        let wait = at(backlog, middle).unwrap_or(0.0) / rate.max(f64::MIN_POSITIVE);
        let parts = around(window, chosen).into_iter();
        let mix = parts.map(|(part, weight)| (part, weight * rate * seconds)).collect();
        let later = if rate > 0.0 { SimSpan::from_secs_f64(wait) } else { SimSpan::ZERO };
        latencies.windows.push(LatencyWindow { until: window.at, mix, later });
    }
    latencies
}
