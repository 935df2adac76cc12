//! What do more partitions give? The exercise's partition-scaling test, without a cluster.

use super::designs::{Design, Outcome, evaluate};
use crate::chance::Seed;
use crate::cluster::{
    Cluster, Partition, PartitionId, Slot, Topic, TopicId, place_striped, spread_log_dirs,
};
use crate::model::client::Acks;
use crate::scenario::{Arrivals, EngineChoice, Initial, Scenario};
use crate::units::{Bytes, SimSpan};
use std::collections::BTreeMap;

/// The partition counts of the exercise.
pub const DEFAULT_COUNTS: [u32; 6] = [3, 6, 12, 18, 24, 36];

/// The exercise's settings.
const REPLICAS: u32 = 3;
const MIN_INSYNC: u32 = 2;
const BATCH: Bytes = Bytes::new(131_072);
const LINGER: SimSpan = SimSpan::from_millis(10);
const FETCH_MIN: Bytes = Bytes::new(1_048_576);
const POLL_RECORDS: u32 = 5_000;
/// The script writes for a minute.
const SCRIPT_WRITES: SimSpan = SimSpan::from_secs(60);
/// Length of a simulated run and the part cut from it; long enough for stationary rates.
const DURATION: SimSpan = SimSpan::from_secs(6);
const WARM_UP: SimSpan = SimSpan::from_secs(2);

/// The answer.
#[derive(Debug, Clone)]
pub struct PartitionStudy {
    /// Partition counts, ascending.
    pub counts: Vec<u32>,
    /// Writing as fast as possible, nobody reads: by count.
    pub writing: Vec<Outcome>,
    /// As many members as partitions read what is written: by count.
    pub reading: Vec<Outcome>,
    /// Mean bytes of a partition after the script's minute: by count.
    pub partition_bytes: Vec<f64>,
    /// Index of the count from which more partitions give nothing.
    pub knee: usize,
    /// What to do, and why.
    pub reason: String,
}

/// Simulates the exercise's test on the cluster of a scenario: its brokers, network, costs, record
/// size and client version; topic and client settings are those of the script.
///
/// Writing and reading are one run each: the script writes first and reads afterwards, and the
/// members read a backlog as fast as they can.
pub fn partitions(
    scenario: &Scenario,
    counts: &[u32],
    seed: Seed,
    replications: u32,
) -> PartitionStudy {
    let mut counts = counts.to_vec();
    counts.sort_unstable();
    counts.dedup();
    let design = |count: u32, reads: bool| Design {
        name: format!("{count} partitions"),
        scenario: test_of(scenario, count, reads),
    };
    let writing: Vec<Design> = counts.iter().map(|count| design(*count, false)).collect();
    let reading: Vec<Design> = counts.iter().map(|count| design(*count, true)).collect();
    let writing = evaluate(&writing, seed, replications);
    let reading = evaluate(&reading, seed, replications);
    let rates: Vec<f64> = writing.iter().map(|one| mean(one, 1)).collect();
    let partition_bytes = rates.iter().zip(&counts).map(|(mib_s, count)| {
        mib_s * 1_048_576.0 * SCRIPT_WRITES.as_secs_f64() / f64::from(*count)
    });
    let partition_bytes = partition_bytes.collect();
    let knee = knee(&writing);
    let reason = reason(&counts, &writing, &reading, knee);
    PartitionStudy { counts, writing, reading, partition_bytes, knee, reason }
}

fn mean(outcome: &Outcome, quantity: usize) -> f64 {
    outcome.values[quantity].map_or(0.0, |interval| interval.mean)
}

/// The smallest count that no larger one beats by more than 3 % beyond both intervals.
fn knee(writing: &[Outcome]) -> usize {
    const WORTH: f64 = 1.03;
    let value = |index: usize| writing[index].values[0];
    (0..writing.len())
        .find(|index| {
            let Some(own) = value(*index) else { return false };
            (index + 1..writing.len()).all(|other| {
                value(other)
                    .is_none_or(|other| other.mean < own.mean * WORTH || other.low() <= own.high())
            })
        })
        .unwrap_or(0)
}

fn reason(counts: &[u32], writing: &[Outcome], reading: &[Outcome], knee: usize) -> String {
    let written = mean(&writing[knee], 0);
    let last = counts.len() - 1;
    let gain = mean(&writing[last], 0) / mean(&writing[0], 0).max(1.0) - 1.0;
    let best =
        (0..reading.len()).max_by(|a, b| mean(&reading[*a], 4).total_cmp(&mean(&reading[*b], 4)));
    let best = best.unwrap_or(knee);
    format!(
        "one producer writes {} records/s with {} partitions, and from there on more partitions \
         give nothing for writing, limited by {}; {} partitions against {} change it by {:+.0} %. \
         Reading is fastest with {} partitions, {} records/s.",
        crate::units::count(written),
        counts[knee],
        writing[knee].bottleneck,
        counts[last],
        counts[0],
        gain * 100.0,
        counts[best],
        crate::units::count(mean(&reading[best], 4)),
    )
}

/// The script's test as a scenario on the same cluster.
fn test_of(scenario: &Scenario, count: u32, reads: bool) -> Scenario {
    let mut test = scenario.clone();
    test.name = format!("{}-{count}-partitions", scenario.name);
    test.engine = EngineChoice::Des;
    (test.duration, test.warm_up) = (DURATION, Some(WARM_UP));
    test.autoscaling.clear();
    test.timeline.clear();
    test.slo.clear();
    test.cluster = cluster_of(scenario, count);
    test.initial = Initial { stored: 0.0, lag: BTreeMap::new(), page_cache_warm: true };
    test.producers.truncate(1);
    if let Some(load) = test.producers.first_mut() {
        load.to = vec![(TopicId(0), 1.0)];
        load.clients = 1;
        load.partition_shares = vec![None];
        load.keyed = false;
        load.arrivals = Arrivals::Closed;
        load.settings.acks = Acks::Leader;
        load.settings.batch_size = BATCH;
        load.settings.linger = LINGER;
    }
    test.groups.truncate(usize::from(reads));
    if let Some(group) = test.groups.first_mut() {
        group.reads = vec![TopicId(0)];
        group.members = count;
        group.work.cpu_per_record = SimSpan::ZERO;
        group.work.wait_per_record = SimSpan::ZERO;
        group.settings.fetch_min = FETCH_MIN;
        group.settings.max_poll_records = POLL_RECORDS;
        test.initial.lag.insert(crate::cluster::GroupId(0), BACKLOG);
        // The script reads when nobody writes any more.
        for load in &mut test.producers {
            load.clients = 0;
        }
    }
    test
}

/// Far more than the members read within a run.
const BACKLOG: crate::units::Records = crate::units::Records::new(20_000_000);

/// The brokers of a scenario with one topic of so many partitions.
fn cluster_of(scenario: &Scenario, count: u32) -> Cluster {
    let old = &scenario.cluster;
    let mut cluster =
        Cluster { hosts: old.hosts.clone(), brokers: old.brokers.clone(), ..Cluster::default() };
    let racks = cluster.brokers.clone();
    let slots: Vec<Slot<'_>> = racks
        .iter()
        .enumerate()
        .map(|(index, broker)| Slot {
            broker: crate::cluster::BrokerId::from_index(index),
            rack: &broker.rack,
        })
        .collect();
    let replicas = REPLICAS.min(slots.len() as u32);
    let chance = crate::chance::Chance::new(Seed::new(0), 0);
    let mut stream = chance.stream("topic/scaling-test", "placement");
    let placed = place_striped(&slots, count, replicas, &mut stream).unwrap_or_default();
    let mut held = vec![Vec::new(); cluster.brokers.len()];
    for (number, brokers) in placed.into_iter().enumerate() {
        let replicas = spread_log_dirs(&cluster, &brokers, &mut held);
        cluster.partitions.push(Partition {
            topic: TopicId(0),
            number: number as u32,
            replicas,
            leader: brokers.first().copied(),
            isr: brokers,
        });
    }
    let settings = old.topics.first().map(|topic| topic.settings.clone());
    if let Some(mut settings) = settings {
        settings.min_insync_replicas = MIN_INSYNC.min(replicas);
        cluster.topics.push(Topic {
            name: "scaling-test".to_owned(),
            first: PartitionId(0),
            partitions: count,
            replication_factor: replicas,
            settings,
        });
    }
    cluster
}
