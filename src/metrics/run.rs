//! The record of one run.

use super::{Cost, Journey, Latencies, OutageEntry, Quantiles, RequestPhases, Series};
use crate::chance::Seed;
use crate::units::{SimSpan, SimTime};
use std::collections::BTreeMap;

/// Everything that one simulated or measured run says.
///
/// Rates and latencies are taken after the warm-up, counts over the whole run. `None` means that
/// the engine does not know the number, never zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Scenario name.
    pub scenario: String,
    /// Hash of the scenario's effective values.
    pub scenario_hash: String,
    /// Cards in use, each with the hash of its text.
    pub cards: BTreeMap<String, String>,
    /// Wall clock at t = 0, ISO 8601 without a zone.
    pub start: String,
    /// Seed.
    pub seed: Seed,
    /// Replication number, from 0.
    pub replication: u32,
    /// Which maker.
    pub engine: EngineKind,
    /// Length.
    pub duration: SimSpan,
    /// Warm-up that was cut.
    pub warm_up: SimSpan,
    /// Whether the run can be used at all.
    pub valid: bool,
    /// Laws that did not hold; a run with one is a defect of kafsim.
    pub violations: Vec<String>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// Quantities that left the range in which the cards were calibrated.
    pub outside_calibration: Vec<String>,
    /// By producer name.
    pub producers: BTreeMap<String, ProducerOutcome>,
    /// By topic name.
    pub topics: BTreeMap<String, TopicOutcome>,
    /// By group name.
    pub groups: BTreeMap<String, GroupOutcome>,
    /// By `node.id`; also brokers that came or went during the run.
    pub brokers: BTreeMap<u32, BrokerOutcome>,
    /// Where publish time goes: (part, ms near the median, ms near the 99th percentile).
    pub path: Vec<(&'static str, f64, f64)>,
    /// Events that the engine took to make the run.
    pub simulated_events: Option<u64>,
    /// What limits.
    pub bottleneck: Bottleneck,
    /// Objectives, in the scenario's order.
    pub slo: Vec<ObjectiveOutcome>,
    /// Autoscaling decisions that were actions, in time order.
    pub decisions: Vec<DecisionEntry>,
    /// Alerts that fired, in time order.
    pub alerts: Vec<AlertEntry>,
    /// Operations, in order of their start.
    pub operations: Vec<OperationEntry>,
    /// Partitions that were unavailable or under-replicated, the worst first.
    pub outages: Vec<OutageEntry>,
    /// Acknowledged records that no log holds any more after changes of leaders.
    pub lost_records: Option<u64>,
    /// Where autoscaling policies act.
    pub thresholds: Vec<ThresholdLine>,
    /// Everything that left a mark, in time order.
    pub events: Vec<Event>,
    /// Cost, when cards know prices.
    pub cost: Option<Cost>,
    /// Sentences that a study adds, e.g. what a simpler method would have claimed.
    pub remarks: Vec<String>,
    /// Latencies over time, of the producers and groups that objectives ask for.
    pub latencies: Vec<Latencies>,
    /// Values over time.
    pub series: Vec<Series>,
    /// Further replications of the same scenario, without their series and events: intervals are
    /// taken over this run and them.
    pub others: Vec<Run>,
}

/// Which maker made a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Flow level.
    Fluid,
    /// Request level.
    Des,
    /// Measured.
    Live,
}

/// A value over time: mean, 99th percentile, largest, last.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spread {
    /// Time-weighted mean.
    pub mean: f64,
    /// 99th percentile over time.
    pub p99: f64,
    /// Largest.
    pub max: f64,
    /// At the end.
    pub end: f64,
}

/// Utilisation of a resource, 0–1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Utilisation {
    /// Time-weighted mean.
    pub mean: f64,
    /// 99th percentile over time.
    pub p99: f64,
}

/// What a producer achieved.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProducerOutcome {
    /// Offered, records/s.
    pub offered_records_s: f64,
    /// Acknowledged, records/s.
    pub records_s: f64,
    /// Acknowledged, MiB/s.
    pub mib_s: f64,
    /// Produce requests/s.
    pub requests_s: Option<f64>,
    /// Mean batch bytes over `batch.size`, 0–1.
    pub batch_fill: Option<f64>,
    /// Share of the time blocked on `buffer.memory`, 0–1.
    pub blocked_share: Option<f64>,
    /// Records offered over the whole run.
    pub offered_records: f64,
    /// Records appended over the whole run.
    pub appended_records: f64,
    /// Records given up (`delivery.timeout.ms`, `max.block.ms`) over the whole run.
    pub failed_records: f64,
    /// Records still in the client at the end.
    pub in_flight_records: f64,
    /// Publish latency.
    pub latency_ms: Option<Quantiles>,
}

/// What happened to a topic.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicOutcome {
    /// Appended, records/s.
    pub records_s: f64,
    /// Appended, MiB/s.
    pub mib_s: f64,
    /// Records appended over the whole run.
    pub appended_records: f64,
    /// Partitions at the end.
    pub partitions: u32,
    /// Bytes stored at the end, all replicas.
    pub stored_bytes_end: f64,
    /// Integral of under-replicated partitions over time.
    pub under_replicated_partition_seconds: f64,
    /// Integral of offline partitions over time.
    pub offline_partition_seconds: f64,
}

/// What a group achieved.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupOutcome {
    /// Processed, records/s.
    pub records_s: f64,
    /// Records processed over the whole run.
    pub processed_records: f64,
    /// Records that retention deleted before the group read them.
    pub lost_records: f64,
    /// Behind at t = 0.
    pub initial_lag_records: f64,
    /// Committed lag: what autoscalers and exporters see.
    pub lag_records: Spread,
    /// Log end minus processed.
    pub processing_lag_records: Spread,
    /// Age of the oldest unprocessed record.
    pub lag_seconds: Spread,
    /// From the send call to the application.
    pub e2e_latency_ms: Option<Quantiles>,
    /// Members (ready): smallest, mean, largest, last.
    pub members: Population,
    /// Members that own a partition.
    pub owning: Population,
    /// Rebalances.
    pub rebalances: u32,
    /// Integral of partitions that nobody consumed during rebalances.
    pub paused_partition_seconds: f64,
}

/// A count over time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Population {
    /// Smallest.
    pub min: f64,
    /// Time-weighted mean.
    pub mean: f64,
    /// Largest.
    pub max: f64,
    /// At the end.
    pub end: f64,
}

/// What a broker bore.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BrokerOutcome {
    /// CPU of its host.
    pub cpu: Utilisation,
    /// NIC in.
    pub nic_in: Utilisation,
    /// NIC out.
    pub nic_out: Utilisation,
    /// The busiest log dir's disk.
    pub disk: Utilisation,
    /// Busy request handlers over `num.io.threads`.
    pub request_handlers: Option<Utilisation>,
    /// Busy network threads.
    pub network_threads: Option<Utilisation>,
    /// Replicas at the end.
    pub replicas: u32,
    /// Leaders at the end.
    pub leaders: u32,
    /// Bytes stored at the end.
    pub stored_bytes_end: f64,
    /// ISR shrinks.
    pub isr_shrinks: Option<u32>,
    /// Share of read bytes served from the page cache, 0–1.
    pub page_cache_hit: Option<f64>,
    /// Phases of requests by kind: `produce`, `fetch_consumer`, `fetch_follower`; empty when the
    /// engine knows no requests.
    pub requests: BTreeMap<String, RequestPhases>,
}

/// What limits the run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bottleneck {
    /// The resource with the smallest load factor at saturation, in words: `broker 2 CPU`,
    /// `group billing, member service`.
    pub resource: String,
    /// Its largest utilisation in the busiest minute, 0–1.
    pub utilisation: f64,
    /// All producers scaled by this factor together saturate it; `None` if no load reaches it.
    pub saturates_at_load_factor: Option<f64>,
    /// All resources, the tightest first.
    pub by_resource: Vec<ResourceUse>,
}

/// How one resource was used.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResourceUse {
    /// In words.
    pub resource: String,
    /// The group of resources it belongs to: `cpu`, `nic_in`, `nic_out`, `disk`, `consumers`,
    /// `request_handlers`, `network_threads`, `application_thread`, `connection`, `in_flight`,
    /// `memory`.
    pub kind: &'static str,
    /// Mean utilisation, 0–1.
    pub mean: f64,
    /// Utilisation in the busiest minute, 0–1 (demand over capacity, capped at 1).
    pub peak: f64,
    /// 1 − peak.
    pub headroom: f64,
    /// Load factor at which the busiest minute would saturate it.
    pub saturates_at_load_factor: Option<f64>,
}

/// Whether an objective was met.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveOutcome {
    /// As written.
    pub expression: String,
    /// Whether it was met; `None` when this engine cannot know.
    pub met: Option<bool>,
    /// The value over the run, or the worst window.
    pub value: Option<f64>,
    /// The limit.
    pub limit: f64,
    /// Unit of value and limit.
    pub unit: &'static str,
    /// Share of time or windows in which it held, 0–1.
    pub share: Option<f64>,
}

/// One autoscaling action.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionEntry {
    /// When it was decided.
    pub at: SimTime,
    /// The policy's name for the loop.
    pub policy: String,
    /// `brokers`, or the group's name.
    pub target: String,
    /// Size before.
    pub from: u32,
    /// Size wanted.
    pub to: u32,
    /// The reason word.
    pub reason: String,
    /// The reason in words with the measured numbers.
    pub words: String,
    /// Whether it failed: decided, and nothing changed.
    pub failed: bool,
    /// From the decision until the capacity was there; `None` if it never was.
    pub effective_after: Option<SimSpan>,
    /// Sustainable load of the target (records/s at the current mix) just before it took effect.
    pub capacity_before: Option<f64>,
    /// The same just after.
    pub capacity_after: Option<f64>,
}

/// Where a policy acts on a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdLine {
    /// `brokers`, or the group's name.
    pub target: String,
    /// The metric under the policy's name; the series of that name and this target holds what the
    /// policy saw.
    pub metric: String,
    /// Up is called for above this, in the metric's unit.
    pub up: f64,
    /// Down is called for below this.
    pub down: f64,
    /// The aim, when the policy's file names one.
    pub aim: Option<f64>,
}

/// An alert that fired.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertEntry {
    /// Its name.
    pub name: String,
    /// When it began to fire.
    pub fired_at: SimTime,
    /// For how long.
    pub lasted: SimSpan,
    /// What its file wants done.
    pub action: String,
}

/// An operation with its cost.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationEntry {
    /// `add_broker`, `remove_broker`, `reassign`.
    pub kind: String,
    /// What exactly, in words.
    pub words: String,
    /// When it began.
    pub start: SimTime,
    /// When it was done; `None` if the run ended first.
    pub end: Option<SimTime>,
    /// Bytes moved.
    pub moved_bytes: f64,
}

/// A mark on the time line.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: SimTime,
    /// Kind in snake_case: `rebalance`, `broker_started`, `retention_loss`, `backlog_empty` …
    pub kind: &'static str,
    /// Whose: a group, a broker, a topic.
    pub entity: String,
    /// In words.
    pub words: String,
}

impl EngineKind {
    /// The word in outputs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fluid => "fluid",
            Self::Des => "des",
            Self::Live => "live",
        }
    }
}

impl Run {
    /// The series with this name of this entity.
    pub fn series(&self, name: &str, entity: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.name == name && series.entity == entity)
    }
    /// The latencies of a producer or group over time.
    pub fn latencies(&self, journey: Journey, entity: &str) -> Option<&Latencies> {
        self.latencies.iter().find(|one| one.journey == journey && one.entity == entity)
    }
    /// All series with this name, in the order they were recorded.
    pub fn series_named<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r Series> {
        self.series.iter().filter(move |series| series.name == name)
    }
}
