//! The record of a finished run.

use super::world::World;
use crate::cluster::{BrokerId, PartitionId};
use crate::metrics::{
    Bottleneck, BrokerOutcome, Cost, CostItem, EngineKind, GroupOutcome, OutageEntry,
    ProducerOutcome, Run, Series, SeriesIndex, ThresholdLine, TopicOutcome,
};
use crate::model::client::Acks;
use crate::model::policy::{ScalingPolicy, Target};
use crate::units::SimTime;
use std::collections::BTreeMap;

const MIB: f64 = 1_048_576.0;

impl World<'_> {
    /// Turns the final state into the record.
    pub(super) fn into_run(mut self) -> Run {
        let recorder = std::mem::take(&mut self.recorder);
        let (series, events) = recorder.finish(self.end);
        let from = self.scenario.warmed_up();
        let index = SeriesIndex::new(&series, from, self.end);
        let producers = self.producer_outcomes(&index);
        let mut topics = self.topic_outcomes(&index);
        let faults = self.faults.take().map(|faults| faults.control);
        let (mut operations, outages) = faults
            .map(|control| control.finish(self.end, &self.scenario.cluster))
            .unwrap_or_default();
        self.operations.append(&mut operations);
        // What acks=1 loses with a leader is not known here.
        let safe = self.scenario.producers.iter().all(|one| one.settings.acks == Acks::All);
        let lost_records = (safe || outages.is_empty()).then_some(0);
        OutageEntry::add_up(&outages, &mut topics);
        let groups = self.group_outcomes(&index);
        let brokers = self.broker_outcomes(&index);
        let cost = self.cost(&series);
        let thresholds = self.threshold_lines();
        let mut warnings = self.scenario.warnings.clone();
        warnings.append(&mut self.warnings);
        Run {
            scenario: self.scenario.name.clone(),
            scenario_hash: self.scenario.hash.clone(),
            cards: self.scenario.cards.clone(),
            start: self.scenario.start.to_string(),
            seed: self.seed,
            replication: self.replication,
            engine: EngineKind::Fluid,
            duration: self.scenario.duration,
            warm_up: self.scenario.warmed_up().saturating_since(SimTime::ZERO),
            valid: true,
            violations: Vec::new(),
            warnings,
            outside_calibration: Vec::new(),
            producers,
            topics,
            groups,
            brokers,
            path: Vec::new(),
            simulated_events: None,
            bottleneck: Bottleneck::default(),
            slo: Vec::new(),
            decisions: self.decisions,
            alerts: Vec::new(),
            operations: self.operations,
            outages,
            lost_records,
            thresholds,
            events,
            cost,
            remarks: Vec::new(),
            latencies: Vec::new(),
            others: Vec::new(),
            series,
        }
    }

    fn producer_outcomes(&self, index: &SeriesIndex<'_>) -> BTreeMap<String, ProducerOutcome> {
        let seconds = (self.end - SimTime::ZERO).as_secs_f64().max(f64::MIN_POSITIVE);
        let mut outcomes = BTreeMap::new();
        for (producer, spec) in self.scenario.producers.iter().enumerate() {
            let state = &self.producers[producer];
            let records_s = index.mean("acked_records_s", &spec.name);
            let mine = self.feeds.iter().filter(|feed| feed.producer == producer);
            outcomes.insert(
                spec.name.clone(),
                ProducerOutcome {
                    offered_records_s: index.mean("offered_records_s", &spec.name),
                    records_s,
                    mib_s: records_s * spec.record_size.mean() / MIB,
                    requests_s: None,
                    batch_fill: None,
                    blocked_share: Some((state.blocked / seconds).min(1.0)),
                    offered_records: state.total_offered,
                    appended_records: state.total_acked,
                    failed_records: state.total_failed,
                    in_flight_records: mine.map(|feed| feed.queued).sum(),
                    latency_ms: None,
                },
            );
        }
        outcomes
    }

    fn topic_outcomes(&self, index: &SeriesIndex<'_>) -> BTreeMap<String, TopicOutcome> {
        let mut rates = vec![(0.0, 0.0); self.cluster.topics.len()];
        for (producer, spec) in self.scenario.producers.iter().enumerate() {
            let rate = index.mean("acked_records_s", &spec.name);
            for feed in self.feeds.iter().filter(|feed| feed.producer == producer) {
                let topic = self.cluster.partition(feed.partition).topic.index();
                rates[topic].0 += rate * feed.share;
                rates[topic].1 += rate * feed.share * feed.record_bytes / MIB;
            }
        }
        let topics = self.cluster.topics.iter().zip(rates);
        topics
            .map(|(topic, (records_s, mib_s))| {
                let partitions = topic.first.0..topic.first.0 + topic.partitions;
                let appended = partitions.clone().map(|p| self.logs[p as usize].end).sum();
                let stored = partitions.map(|p| {
                    let replicas = self.cluster.partition(PartitionId(p)).replicas.len();
                    self.logs[p as usize].bytes * replicas as f64
                });
                let outcome = TopicOutcome {
                    records_s,
                    mib_s,
                    appended_records: appended,
                    partitions: topic.partitions,
                    stored_bytes_end: stored.sum(),
                    under_replicated_partition_seconds: 0.0,
                    offline_partition_seconds: 0.0,
                };
                (topic.name.clone(), outcome)
            })
            .collect()
    }

    fn group_outcomes(&self, index: &SeriesIndex<'_>) -> BTreeMap<String, GroupOutcome> {
        let mut outcomes = BTreeMap::new();
        for (group, spec) in self.scenario.groups.iter().enumerate() {
            let state = &self.groups[group];
            outcomes.insert(
                spec.name.clone(),
                GroupOutcome {
                    records_s: index.mean("processed_records_s", &spec.name),
                    processed_records: state.slots.iter().map(|slot| slot.processed).sum(),
                    lost_records: state.slots.iter().map(|slot| slot.lost).sum(),
                    initial_lag_records: state.initial_lag,
                    lag_records: index.spread("lag_records", &spec.name),
                    processing_lag_records: index.spread("processing_lag_records", &spec.name),
                    lag_seconds: index.spread("lag_seconds", &spec.name),
                    e2e_latency_ms: None,
                    members: index.population("members_ready", &spec.name),
                    owning: index.population("members_owning", &spec.name),
                    rebalances: state.rebalances,
                    paused_partition_seconds: self.paused[group],
                },
            );
        }
        outcomes
    }

    fn broker_outcomes(&self, index: &SeriesIndex<'_>) -> BTreeMap<u32, BrokerOutcome> {
        let mut outcomes = BTreeMap::new();
        for (number, broker) in self.cluster.brokers.iter().enumerate() {
            let id = BrokerId::from_index(number);
            let entity = broker.node_id.to_string();
            let partitions = &self.cluster.partitions;
            let holds = partitions.iter().filter(|p| p.replicas.iter().any(|r| r.broker == id));
            let leads = partitions.iter().filter(|p| p.leader == Some(id));
            outcomes.insert(
                broker.node_id,
                BrokerOutcome {
                    cpu: index.utilisation("cpu_utilisation", &entity),
                    nic_in: index.utilisation("nic_in_utilisation", &entity),
                    nic_out: index.utilisation("nic_out_utilisation", &entity),
                    disk: index.utilisation("disk_utilisation", &entity),
                    request_handlers: None,
                    network_threads: None,
                    replicas: holds.count() as u32,
                    leaders: leads.count() as u32,
                    stored_bytes_end: self.stored(id),
                    isr_shrinks: None,
                    page_cache_hit: None,
                    requests: BTreeMap::new(),
                },
            );
        }
        outcomes
    }

    fn threshold_lines(&self) -> Vec<ThresholdLine> {
        let mut lines = Vec::new();
        for (policy, spec) in self.policies.iter().zip(&self.scenario.autoscaling) {
            for threshold in policy.thresholds() {
                let target = match (threshold.target, spec.group) {
                    (Target::Brokers, _) => "brokers".to_owned(),
                    (Target::Consumers, Some(group)) => {
                        self.scenario.groups[group.index()].name.clone()
                    }
                    (Target::Consumers, None) => continue,
                };
                lines.push(ThresholdLine {
                    target,
                    metric: threshold.metric,
                    up: threshold.up,
                    down: threshold.down,
                    aim: threshold.aim,
                });
            }
        }
        lines
    }

    /// Broker hosts are paid from the decision that they shall exist until they stop.
    /// Brokers are paid from the decision until they stop, members while somebody wants them.
    fn cost(&self, series: &[Series]) -> Option<Cost> {
        let mut brokers = 0.0;
        let mut paid = std::collections::BTreeSet::new();
        for (broker, state) in self.cluster.brokers.iter().zip(&self.brokers) {
            if !paid.insert(broker.host) {
                continue;
            }
            let rate = self.cluster.host(broker.host).price?;
            let until = state.until.unwrap_or(self.end);
            brokers += (rate * until.saturating_since(state.since)).dollars();
        }
        let mut items = vec![CostItem { name: "broker hosts".to_owned(), total: brokers }];
        let whole = SeriesIndex::new(series, SimTime::ZERO, self.end);
        let duration = self.end - SimTime::ZERO;
        for group in &self.scenario.groups {
            let Some(price) = group.price_of_member() else { continue };
            let members = whole.mean("members_desired", &group.name);
            let total = (price * duration).dollars() * members;
            items.push(CostItem { name: format!("members of {}", group.name), total });
        }
        Some(Cost::of(items, duration.as_secs_f64() / 3_600.0))
    }
}
