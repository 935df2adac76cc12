//! The record of a measured run.

use super::cluster::{Layout, Replicas};
use super::host::Used;
use super::tally::{Latencies, Parts, Received, Sent, Tally, lock};
use super::verdict::{overload, remarks, warnings};
use crate::chance::Seed;
use crate::metrics::{
    Bottleneck, BrokerOutcome, EngineKind, Event, GroupOutcome, Histogram, ProducerOutcome,
    Quantiles, Run, Series, SeriesIndex, TopicOutcome, Utilisation,
};
use crate::scenario::{Producer, Scenario};
use crate::units::{SimSpan, SimTime};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

const MIB: f64 = 1_048_576.0;
const UNKNOWN: Utilisation = Utilisation { mean: f64::NAN, p99: f64::NAN };

/// What a run was, beside what its threads counted.
pub(super) struct Facts {
    pub mock: bool,
    pub layout: Layout,
    pub series: Vec<Series>,
    pub events: Vec<Event>,
    /// At t = 0, at the end of the warm-up, at the end.
    pub used: [Used; 3],
    /// ns since t = 0.
    pub end: u64,
}

/// The run, and publish latencies from the actual send.
pub(super) fn outcome(
    scenario: &Scenario,
    seed: Seed,
    tally: &Tally,
    facts: Facts,
) -> (Run, BTreeMap<String, Quantiles>) {
    let (from, end) = (SimTime::from_nanos(tally.from), SimTime::from_nanos(facts.end));
    let seconds = end.saturating_since(from).as_secs_f64();
    let mut producers = BTreeMap::new();
    let mut from_send = BTreeMap::new();
    let mut faults = overload(scenario, tally, &facts);
    if seconds <= 0.0 {
        faults.push("the run ended before its warm-up did".to_owned());
    }
    for (spec, sent) in scenario.producers.iter().zip(&tally.producers) {
        let latencies = lock(&sent.latencies).clone();
        producers.insert(spec.name.clone(), producer(spec, sent, &latencies, seconds));
        from_send.extend(quantiles(&latencies.actual).map(|found| (spec.name.clone(), found)));
    }
    let index = SeriesIndex::new(&facts.series, from, end);
    let groups: BTreeMap<String, GroupOutcome> = scenario
        .groups
        .iter()
        .zip(&tally.groups)
        .map(|(spec, received)| (spec.name.clone(), group(&spec.name, received, &index, seconds)))
        .collect();
    let brokers = brokers(&facts, &index);
    drop(index);
    let run = Run {
        scenario: scenario.name.clone(),
        scenario_hash: scenario.hash.clone(),
        cards: scenario.cards.clone(),
        start: scenario.start.to_string(),
        seed,
        replication: 0,
        engine: EngineKind::Live,
        duration: SimSpan::from_nanos(facts.end.max(1)),
        warm_up: scenario.warmed_up().saturating_since(SimTime::ZERO),
        valid: faults.is_empty(),
        violations: Vec::new(),
        warnings: warnings(scenario, tally, &facts, faults),
        outside_calibration: Vec::new(),
        topics: topics(scenario, tally, seconds),
        producers,
        groups,
        brokers,
        path: path(tally),
        simulated_events: None,
        bottleneck: Bottleneck::default(),
        slo: Vec::new(),
        decisions: Vec::new(),
        alerts: Vec::new(),
        operations: Vec::new(),
        outages: Vec::new(),
        lost_records: None,
        thresholds: Vec::new(),
        events: facts.events.clone(),
        cost: None,
        remarks: remarks(scenario, tally, &facts, &from_send),
        latencies: Vec::new(),
        others: Vec::new(),
        series: facts.series,
    };
    (run, from_send)
}

/// Share of this machine's cores that this process and brokers on it took after the warm-up. Other
/// processes are left out: they are no part of the scenario.
pub(super) fn share_of_cores(tally: &Tally, facts: &Facts) -> Option<f64> {
    let seconds = facts.end.saturating_sub(tally.from) as f64 / 1e9;
    let [_, warm, last] = &facts.used;
    let brokers = |used: &Used| used.brokers.values().sum::<f64>();
    let used = last.own - warm.own + brokers(last) - brokers(warm);
    let known = seconds > 0.0 && !last.brokers.is_empty();
    known.then(|| (used / seconds / super::host::cores()).clamp(0.0, 1.0))
}

fn rate(counted: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { counted as f64 / seconds } else { 0.0 }
}

fn producer(spec: &Producer, sent: &Sent, latencies: &Latencies, seconds: f64) -> ProducerOutcome {
    let of = |counter: &std::sync::atomic::AtomicU64| counter.load(Relaxed);
    let [offered, acked, failed] = [&sent.offered, &sent.acked, &sent.failed].map(of);
    let requests: u64 = lock(&sent.requests).values().map(|(first, last)| last - first).sum();
    let (batches, bytes) = *lock(&sent.batch_bytes);
    let clients = f64::from(spec.clients.max(1));
    let blocked = of(&sent.blocked) as f64 / 1e9 / clients;
    ProducerOutcome {
        offered_records_s: rate(of(&sent.offered_measured), seconds),
        records_s: rate(of(&sent.acked_measured), seconds),
        mib_s: rate(of(&sent.bytes_measured), seconds) / MIB,
        requests_s: (requests > 0).then(|| rate(requests, seconds)),
        batch_fill: (batches > 0.0)
            .then(|| (bytes / batches / spec.settings.batch_size.as_f64()).min(1.0)),
        blocked_share: (seconds > 0.0).then(|| (blocked / seconds).min(1.0)),
        offered_records: offered as f64,
        appended_records: acked as f64,
        failed_records: failed as f64,
        in_flight_records: offered.saturating_sub(acked + failed) as f64,
        latency_ms: quantiles(&latencies.intended),
    }
}

fn group(name: &str, received: &Received, index: &SeriesIndex<'_>, seconds: f64) -> GroupOutcome {
    GroupOutcome {
        records_s: rate(received.processed_measured.load(Relaxed), seconds),
        processed_records: received.processed.load(Relaxed) as f64,
        lost_records: 0.0,
        initial_lag_records: 0.0,
        lag_records: index.spread("lag_records", name),
        processing_lag_records: index.spread("processing_lag_records", name),
        lag_seconds: index.spread("lag_seconds", name),
        e2e_latency_ms: quantiles(&lock(&received.e2e)),
        members: index.population("members_ready", name),
        owning: index.population("members_owning", name),
        rebalances: received.rebalances.load(Relaxed) as u32,
        paused_partition_seconds: f64::NAN,
    }
}

fn topics(scenario: &Scenario, tally: &Tally, seconds: f64) -> BTreeMap<String, TopicOutcome> {
    let shares = |topic: usize| {
        // Acknowledged records by producer and topic are not told apart: a producer's share is
        // what the scenario says.
        let (mut records, mut bytes) = (0.0, 0.0);
        for (spec, sent) in scenario.producers.iter().zip(&tally.producers) {
            let mine = spec.to.iter().filter(|(id, _)| id.index() == topic);
            let share: f64 = mine.map(|(_, share)| *share).sum();
            records += share * rate(sent.acked_measured.load(Relaxed), seconds);
            bytes += share * rate(sent.bytes_measured.load(Relaxed), seconds);
        }
        (records, bytes)
    };
    let of = |(index, topic): (usize, &crate::cluster::Topic)| {
        let (records_s, bytes_s) = shares(index);
        let ends = tally.ends[index].iter().map(|end| end.load(Relaxed));
        let outcome = TopicOutcome {
            records_s,
            mib_s: bytes_s / MIB,
            appended_records: ends.sum::<u64>() as f64,
            partitions: topic.partitions,
            stored_bytes_end: f64::NAN,
            under_replicated_partition_seconds: f64::NAN,
            offline_partition_seconds: f64::NAN,
        };
        (topic.name.clone(), outcome)
    };
    scenario.cluster.topics.iter().enumerate().map(of).collect()
}

fn brokers(facts: &Facts, index: &SeriesIndex<'_>) -> BTreeMap<u32, BrokerOutcome> {
    let own = facts
        .layout
        .partitions
        .iter()
        .filter(|((topic, _), _)| topic.starts_with(super::journal::PREFIX));
    let own: Vec<&Replicas> = own.map(|(_, one)| one).collect();
    let of = |id: &i32| {
        let known = facts.used[2].brokers.contains_key(id);
        let outcome = BrokerOutcome {
            cpu: if known {
                index.utilisation("cpu_utilisation", &id.to_string())
            } else {
                UNKNOWN
            },
            nic_in: UNKNOWN,
            nic_out: UNKNOWN,
            disk: UNKNOWN,
            replicas: own.iter().filter(|one| one.all.contains(id)).count() as u32,
            leaders: own.iter().filter(|one| one.leader == *id).count() as u32,
            stored_bytes_end: f64::NAN,
            ..BrokerOutcome::default()
        };
        ((*id).max(0) as u32, outcome)
    };
    facts.layout.brokers.keys().map(of).collect()
}

/// Where publish time goes, by librdkafka's own windows: a mean of their medians and of their 99th
/// percentiles, weighted by requests.
fn path(tally: &Tally) -> Vec<(&'static str, f64, f64)> {
    let mut all = Parts::default();
    let join = |sum: &mut (f64, f64, f64), one: (f64, f64, f64)| {
        *sum = (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2);
    };
    for sent in &tally.producers {
        let parts = *lock(&sent.parts);
        join(&mut all.queue, parts.queue);
        join(&mut all.outbuf, parts.outbuf);
        join(&mut all.round_trip, parts.round_trip);
    }
    let named = [
        ("in the client's queue", all.queue),
        ("in its send buffer", all.outbuf),
        ("request round trip", all.round_trip),
    ];
    let known = named.iter().filter(|(_, one)| one.0 > 0.0);
    known.map(|(name, one)| (*name, one.1 / one.0 / 1e3, one.2 / one.0 / 1e3)).collect()
}

/// Mean and quantiles of a histogram of nanoseconds, in milliseconds.
pub(super) fn quantiles(histogram: &Histogram) -> Option<Quantiles> {
    let mean = histogram.mean()? / 1e6;
    let at = |q: f64| histogram.quantile(q).map_or(0.0, |nanos| nanos as f64 / 1e6);
    Some(Quantiles {
        mean,
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
        max: histogram.max() as f64 / 1e6,
    })
}
