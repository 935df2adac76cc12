//! The record of a finished run.

use super::accounts::Accounts;
use super::world::World;
use crate::metrics::{
    Bottleneck, BrokerOutcome, Cost, CostItem, EngineKind, GroupOutcome, Histogram, OutageEntry,
    ProducerOutcome, Quantiles, RequestPhases, Run, SeriesIndex, Spread, TopicOutcome,
};
use crate::units::SimTime;
use std::collections::BTreeMap;

const MIB: f64 = 1_048_576.0;
const NANOS_PER_MS: f64 = 1e6;

impl World<'_> {
    /// Turns the final state into the record.
    pub(super) fn into_run(mut self) -> Run {
        self.measures.last_sample = self.accounts();
        let faults = self.faults.as_ref().map(|faults| faults.control.clone());
        let (operations, outages) = faults
            .map(|control| control.finish(self.end, &self.scenario.cluster))
            .unwrap_or_default();
        let recorder = std::mem::take(&mut self.recorder);
        let (series, events) = recorder.finish(self.end);
        let now = self.measures.last_sample.clone();
        let before = std::mem::take(&mut self.measures.at_warm_up);
        let seconds = self.end.saturating_since(self.from).as_secs_f64().max(f64::MIN_POSITIVE);
        let index = SeriesIndex::new(&series, self.from, self.end);
        let report = Report { index, now, before, seconds };
        let producers = self.producer_outcomes(&report);
        let mut topics = self.topic_outcomes(&report);
        OutageEntry::add_up(&outages, &mut topics);
        let groups = self.group_outcomes(&report);
        let brokers = self.broker_outcomes(&report);
        let path = self.publish_path();
        let violations = self.violations();
        let lost_records = Some(self.faults.as_ref().map_or(0, |faults| faults.lost));
        Run {
            scenario: self.scenario.name.clone(),
            scenario_hash: self.scenario.hash.clone(),
            cards: self.scenario.cards.clone(),
            start: self.scenario.start.to_string(),
            seed: self.seed,
            replication: self.replication,
            engine: EngineKind::Des,
            duration: self.scenario.duration,
            warm_up: self.scenario.warmed_up().saturating_since(SimTime::ZERO),
            valid: violations.is_empty(),
            violations,
            warnings: self.warnings(),
            outside_calibration: Vec::new(),
            producers,
            topics,
            groups,
            brokers,
            path,
            simulated_events: Some(self.events),
            bottleneck: Bottleneck::default(),
            slo: Vec::new(),
            decisions: Vec::new(),
            alerts: Vec::new(),
            operations,
            outages,
            lost_records,
            thresholds: Vec::new(),
            events,
            cost: self.cost(),
            remarks: Vec::new(),
            latencies: std::mem::take(&mut self.measures.latencies),
            others: Vec::new(),
            series,
        }
    }

    /// The scenario's warnings, and what happened that nobody wants.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.scenario.warnings.clone();
        if self.measures.timed_out > 0 {
            warnings.push(format!(
                "{} produce requests waited for followers until request.timeout.ms",
                self.measures.timed_out
            ));
        }
        if self.measures.throttled > 0 {
            warnings.push(format!(
                "{} responses were followed by muting for a client quota",
                self.measures.throttled
            ));
        }
        if self.measures.refused > 0 {
            warnings.push(format!(
                "{} produce requests were refused for fewer in-sync replicas than \
                 min.insync.replicas; {} batches were sent again",
                self.measures.refused, self.measures.retries
            ));
        }
        warnings
    }

    fn producer_outcomes(&self, report: &Report<'_>) -> BTreeMap<String, ProducerOutcome> {
        let mut outcomes = BTreeMap::new();
        for (index, spec) in self.scenario.producers.iter().enumerate() {
            let rate = |part: usize| report.producer(index, part);
            let clients = self.clients.iter().filter(|one| one.producer as usize == index);
            let mut totals = [0_u64; 3];
            let mut waiting = 0.0;
            for client in clients {
                let counts = client.counts;
                for (total, count) in
                    totals.iter_mut().zip([counts.offered, counts.acknowledged, counts.failed])
                {
                    *total += count;
                }
                waiting += client.backlog();
            }
            let [offered, acknowledged, failed] = totals;
            let batch = spec.settings.batch_size.as_f64();
            let batches = rate(3);
            let blocked = report.now.blocked[index]
                - report.before.blocked.get(index).copied().unwrap_or(0.0);
            let offered_s = match spec.arrivals {
                crate::scenario::Arrivals::Closed => rate(0),
                _ => {
                    rate(0).max(self.producers[index].rate.min(rate(0) + waiting / report.seconds))
                }
            };
            outcomes.insert(
                spec.name.clone(),
                ProducerOutcome {
                    offered_records_s: offered_s,
                    records_s: rate(1),
                    mib_s: rate(1) * spec.record_size.mean() / MIB,
                    requests_s: Some(rate(2)),
                    batch_fill: (batches > 0.0).then(|| (rate(4) / batches / batch).min(1.0)),
                    blocked_share: Some(
                        (blocked / report.seconds / f64::from(spec.clients.max(1))).clamp(0.0, 1.0),
                    ),
                    offered_records: offered as f64,
                    appended_records: acknowledged as f64,
                    failed_records: failed as f64,
                    in_flight_records: (offered - acknowledged - failed) as f64,
                    latency_ms: quantiles(&self.measures.publish[index]),
                },
            );
        }
        outcomes
    }

    fn topic_outcomes(&self, report: &Report<'_>) -> BTreeMap<String, TopicOutcome> {
        let cluster = &self.scenario.cluster;
        let mut outcomes = BTreeMap::new();
        for (index, topic) in cluster.topics.iter().enumerate() {
            let old = report.before.topics.get(index).copied().unwrap_or_default();
            let [records, bytes] = report.now.topics[index];
            let logs = topic.first.index()..topic.first.index() + topic.partitions as usize;
            let stored = logs.map(|log| {
                let log = &self.logs[log];
                log.bytes as f64 * log.disks.len() as f64
            });
            outcomes.insert(
                topic.name.clone(),
                TopicOutcome {
                    records_s: (records - old[0]) / report.seconds,
                    mib_s: (bytes - old[1]) / report.seconds / MIB,
                    appended_records: records,
                    partitions: topic.partitions,
                    stored_bytes_end: stored.sum(),
                    under_replicated_partition_seconds: 0.0,
                    offline_partition_seconds: 0.0,
                },
            );
        }
        outcomes
    }

    fn group_outcomes(&self, report: &Report<'_>) -> BTreeMap<String, GroupOutcome> {
        let mut outcomes = BTreeMap::new();
        for (index, spec) in self.scenario.groups.iter().enumerate() {
            let state = &self.groups[index];
            let old = report.before.groups.get(index).copied().unwrap_or(0.0);
            let rate = (report.now.groups[index] - old) / report.seconds;
            let lag = report.index.spread("processing_lag_records", &spec.name);
            let in_seconds = |records: f64| if rate > 0.0 { records / rate } else { 0.0 };
            outcomes.insert(
                spec.name.clone(),
                GroupOutcome {
                    records_s: rate,
                    processed_records: state.processed as f64,
                    lost_records: 0.0,
                    initial_lag_records: state.initial_lag as f64,
                    lag_records: report.index.spread("lag_records", &spec.name),
                    processing_lag_records: lag,
                    lag_seconds: Spread {
                        mean: in_seconds(lag.mean),
                        p99: in_seconds(lag.p99),
                        max: in_seconds(lag.max),
                        end: in_seconds(lag.end),
                    },
                    e2e_latency_ms: quantiles(&self.measures.delivery[index]),
                    members: report.index.population("members_ready", &spec.name),
                    owning: report.index.population("members_owning", &spec.name),
                    rebalances: 0,
                    paused_partition_seconds: 0.0,
                },
            );
        }
        outcomes
    }

    fn broker_outcomes(&self, report: &Report<'_>) -> BTreeMap<u32, BrokerOutcome> {
        let mut outcomes = BTreeMap::new();
        for (index, broker) in self.scenario.cluster.brokers.iter().enumerate() {
            let one = &self.brokers[index];
            let entity = broker.node_id.to_string();
            let of = |name: &str| report.index.utilisation(name, &entity);
            let number = index as u32;
            let partitions = self.scenario.cluster.partitions.len();
            let logs = &self.logs[..partitions];
            let holds = |log: &&super::log::Log| log.disks.iter().any(|(b, _)| *b == number);
            let stored = logs.iter().filter(holds).map(|log| log.bytes as f64).sum();
            outcomes.insert(
                broker.node_id,
                BrokerOutcome {
                    cpu: of("cpu_utilisation"),
                    nic_in: of("nic_in_utilisation"),
                    nic_out: of("nic_out_utilisation"),
                    disk: of("disk_utilisation"),
                    request_handlers: Some(of("request_handler_utilisation")),
                    network_threads: Some(of("network_thread_utilisation")),
                    replicas: logs.iter().filter(holds).count() as u32,
                    leaders: logs.iter().filter(|log| log.leader == number).count() as u32,
                    stored_bytes_end: stored,
                    isr_shrinks: Some(one.isr_shrinks),
                    page_cache_hit: (one.sent > 0)
                        .then(|| 1.0 - one.sent_cold as f64 / one.sent as f64),
                    requests: self.request_phases(index),
                },
            );
        }
        outcomes
    }

    fn request_phases(&self, broker: usize) -> BTreeMap<String, RequestPhases> {
        let kinds = ["produce", "fetch_consumer", "fetch_follower"];
        let mine = &self.measures.phases[broker];
        let phases = kinds.iter().zip(mine).filter(|(_, one)| one.count > 0);
        phases
            .map(|(kind, one)| {
                let mean = |part: usize| one.sums[part] as f64 / one.count as f64 / NANOS_PER_MS;
                let seconds = self.end.saturating_since(self.from).as_secs_f64();
                let phases = RequestPhases {
                    requests_s: one.count as f64 / seconds,
                    request_queue_ms: mean(0),
                    local_ms: mean(1),
                    remote_ms: mean(2),
                    response_ms: mean(3),
                    total_ms: quantiles(&one.total),
                };
                ((*kind).to_owned(), phases)
            })
            .collect()
    }

    /// The mean way of batches near the median and near the 99th percentile.
    fn publish_path(&self) -> Vec<(&'static str, f64, f64)> {
        let mut paths = self.measures.paths.kept.clone();
        paths.sort_by_key(|path| path.iter().sum::<u64>());
        let near = |quantile: f64| {
            let count = paths.len() as f64;
            let (low, high) = (quantile - 0.005, quantile + 0.005);
            let from = (count * low) as usize;
            let to = ((count * high).ceil() as usize).clamp(from + 1, paths.len());
            &paths[from..to]
        };
        if paths.len() < 100 {
            return Vec::new();
        }
        let mean = |part: usize, paths: &[[u64; 6]]| {
            let sum: u64 = paths.iter().map(|path| path[part]).sum();
            sum as f64 / paths.len() as f64 / NANOS_PER_MS
        };
        let parts = PATH.iter().enumerate();
        parts.map(|(part, name)| (*name, mean(part, near(0.5)), mean(part, near(0.99)))).collect()
    }

    fn cost(&self) -> Option<Cost> {
        let duration = self.scenario.duration;
        let mut brokers = 0.0;
        for host in &self.scenario.cluster.hosts {
            brokers += (host.price? * duration).dollars();
        }
        let mut items = vec![CostItem { name: "broker hosts".to_owned(), total: brokers }];
        for group in &self.scenario.groups {
            let Some(price) = group.price_of_member() else { continue };
            let total = (price * duration).dollars() * f64::from(group.members);
            items.push(CostItem { name: format!("members of {}", group.name), total });
        }
        Some(Cost::of(items, duration.as_secs_f64() / 3_600.0))
    }
}

/// The way of a batch from its first record to its acknowledgement.
const PATH: [&str; 6] = [
    "in the accumulator",
    "to the broker",
    "request queue",
    "local",
    "remote (replication)",
    "response and callback",
];

/// Differences between the end of the warm-up and the end.
struct Report<'r> {
    index: SeriesIndex<'r>,
    now: Accounts,
    before: Accounts,
    seconds: f64,
}

impl Report<'_> {
    fn producer(&self, index: usize, part: usize) -> f64 {
        let before = self.before.producers.get(index).copied().unwrap_or_default();
        (self.now.producers[index][part] - before[part]) / self.seconds
    }
}

/// Mean and quantiles of a histogram of nanoseconds, in milliseconds.
fn quantiles(histogram: &Histogram) -> Option<Quantiles> {
    let mean = histogram.mean()? / NANOS_PER_MS;
    let at = |q: f64| histogram.quantile(q).map_or(0.0, |nanos| nanos as f64 / NANOS_PER_MS);
    Some(Quantiles {
        mean,
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
        max: histogram.max() as f64 / NANOS_PER_MS,
    })
}
