//! A scenario after all checks: plain data that an engine can run without asking again.

use super::group::Group;
use super::objective::Objective;
use crate::chance::Distribution;
use crate::cluster::{BrokerId, Cluster, GroupId, Host, HostId, PartitionId, TopicId};
use crate::model::client::ProducerSettings;
use crate::model::codec::{Codec, Recoding};
use crate::model::cost::Costs;
use crate::model::curve::Curve;
use crate::model::failover::Failover;
use crate::model::fault::Fault;
use crate::model::link::Links;
use crate::model::policy::Policy;
use crate::model::quota::Quota;
use crate::model::replica_selector::preferred_read_replica;
use crate::units::{ByteRate, Bytes, Records, SimSpan, SimTime};
use std::collections::BTreeMap;

/// A checked scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name; names the output folder.
    pub name: String,
    /// 16 hexadecimal digits over the effective values; equal for files that mean the same.
    pub hash: String,
    /// Cards in use, each with the hash of its text.
    pub cards: BTreeMap<String, String>,
    /// Wall clock at t = 0, without a zone.
    pub start: jiff::civil::DateTime,
    /// Length of the run.
    pub duration: SimSpan,
    /// Cut from rates and latencies at the beginning.
    pub warm_up: Option<SimSpan>,
    /// The engine asked for.
    pub engine: EngineChoice,
    /// The cluster at t = 0, replicas placed.
    pub cluster: Cluster,
    /// Round trip between two hosts of one zone, and of two zones.
    pub links: Links,
    /// What a new broker is made of.
    pub pool: BrokerPool,
    /// CPU and time costs.
    pub costs: Costs,
    /// Broker settings that the engines know.
    pub brokers: BrokerSettings,
    /// All machines of the scenario: first those of brokers, under the same ids as in `cluster`,
    /// then those of clients.
    pub machines: Vec<Host>,
    /// Kafka version, e.g. `4.1`.
    pub version: String,
    /// What exists before t = 0.
    pub initial: Initial,
    /// Who writes.
    pub producers: Vec<Producer>,
    /// Who reads, indexed by [`GroupId`].
    pub groups: Vec<Group>,
    /// Autoscalers.
    pub autoscaling: Vec<Scaler>,
    /// What happens when, in time order.
    pub timeline: Vec<TimelineEntry>,
    /// Objectives.
    pub slo: Vec<Objective>,
    /// What the reader should know although it is allowed.
    pub warnings: Vec<String>,
}

/// Broker properties under their Kafka names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerSettings {
    /// `num.replica.fetchers`: threads per source broker.
    pub replica_fetchers: u32,
    /// `num.network.threads` of a listener.
    pub network_threads: u32,
    /// `num.io.threads`.
    pub io_threads: u32,
    /// `replica.fetch.max.bytes` per partition.
    pub replica_fetch_max: Bytes,
    /// `replica.fetch.response.max.bytes`.
    pub replica_response_max: Bytes,
    /// `replica.fetch.wait.max.ms`.
    pub replica_wait_max: SimSpan,
    /// `replica.lag.time.max.ms`.
    pub replica_lag_max: SimSpan,
    /// `socket.send.buffer.bytes`.
    pub send_buffer: Bytes,
    /// `socket.receive.buffer.bytes`.
    pub receive_buffer: Bytes,
    /// `replica.socket.receive.buffer.bytes`.
    pub replica_receive_buffer: Bytes,
    /// `queued.max.requests`.
    pub queued_max: u32,
    /// Which connections are encrypted.
    pub tls: Tls,
    /// `replica.selector.class`: whether consumers may fetch from a follower in their rack.
    pub rack_aware_reads: bool,
    /// Whether the high watermark stands still below `min.insync.replicas` (since Kafka 4.0).
    pub waits_for_min_insync: bool,
    /// How failures of brokers are noticed and mended.
    pub failover: Failover,
}

/// Which connections are encrypted; those cannot be sent from the page cache without copying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// None.
    None,
    /// Between clients and brokers.
    Clients,
    /// Those, and between brokers.
    All,
}

/// Where client processes run.
#[derive(Debug, Clone, PartialEq)]
pub enum Seats {
    /// Each on a machine or container of its own, equal to this one.
    Own(Box<Host>),
    /// In turn on these of [`Scenario::machines`], which others may use as well.
    On(Vec<HostId>),
}

/// How records arrive at a producer's `send`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// Evenly spaced.
    Paced,
    /// Independently of each other.
    Poisson,
    /// As fast as the producer takes them; the load curve is not used.
    Closed,
    /// Evenly spaced, but after a stall at most one second's worth is made up for: the token
    /// limiter of the OpenMessaging Benchmark.
    Tokens,
    /// In bursts after sleeps of at least 2 ms, and everything is made up for after a stall: the
    /// throttle of kafka-producer-perf-test.
    Bursts,
}

/// How a load tool keeps to its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pacing {
    /// Least sleep of a thread that is ahead of the load; zero when it need not sleep.
    pub sleep: SimSpan,
    /// Longest stall that is made up for; `None` for any.
    pub makes_up_for: Option<SimSpan>,
}

/// Which engine runs a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineChoice {
    /// The program chooses.
    Auto,
    /// Flows between events.
    Fluid,
    /// Requests.
    Des,
}

/// Where brokers that are added come from.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerPool {
    /// A host to copy for each new broker; its zone is chosen so that zones stay even.
    pub host: Host,
    /// Zones in the order of the scenario.
    pub zones: Vec<String>,
    /// Log dirs of each new broker.
    pub log_dirs: u32,
    /// Time from the decision until the broker is unfenced.
    pub start_up: Distribution<SimSpan>,
}

/// What exists before t = 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Initial {
    /// Share of what retention keeps at mean load that is stored at t = 0 (1 = `full`).
    pub stored: f64,
    /// Records each group is behind at t = 0, over all its partitions; absent = at the tail.
    pub lag: BTreeMap<GroupId, Records>,
    /// Whether the page cache holds the tail.
    pub page_cache_warm: bool,
}

/// A producer: one or several client processes with one load.
#[derive(Debug, Clone)]
pub struct Producer {
    /// Name.
    pub name: String,
    /// Share of the records per topic; shares sum to 1.
    pub to: Vec<(TopicId, f64)>,
    /// Client processes.
    pub clients: u32,
    /// Size of a record's value, key and headers.
    pub record_size: Distribution<Bytes>,
    /// Share of the records per partition of a topic, `None` when keys are absent or uniform.
    /// Indexed like [`Producer::to`]; each inner vector sums to 1.
    pub partition_shares: Vec<Option<Vec<f64>>>,
    /// Whether records have keys (batches then fill per partition, not one after another).
    pub keyed: bool,
    /// Offered load.
    pub load: Curve,
    /// How it arrives.
    pub arrivals: Arrivals,
    /// How a load tool paces.
    pub pacing: Pacing,
    /// Where the clients run.
    pub seats: Seats,
    /// Client settings.
    pub settings: ProducerSettings,
    /// Quota of its client id on each broker.
    pub quota: Quota,
    /// The codec in the log of each topic, indexed like [`Producer::to`].
    pub stored: Vec<Codec>,
}

impl Scenario {
    /// Whether an objective asks for latencies over time.
    pub fn asks_latencies(&self) -> bool {
        self.slo.iter().any(|one| one.metric.is_latency())
    }
    /// When the statistics begin.
    pub fn warmed_up(&self) -> SimTime {
        SimTime::ZERO.saturating_add(self.warm_up.unwrap_or(SimSpan::ZERO))
    }

    /// The broker from which a member of a group fetches a partition of a cluster, as it is at the
    /// moment; `None` without a leader.
    pub fn reads_from(
        &self,
        cluster: &Cluster,
        group: usize,
        member: u32,
        partition: PartitionId,
    ) -> Option<BrokerId> {
        let partition = cluster.partition(partition);
        let leader = partition.leader?;
        if !self.brokers.rack_aware_reads {
            return Some(leader);
        }
        let Some(rack) = self.groups[group].rack_of(member, &self.machines) else {
            return Some(leader);
        };
        let in_rack = |broker: BrokerId| cluster.broker(broker).rack == rack;
        Some(preferred_read_replica(leader, &partition.isr, in_rack))
    }

    /// CPU of encryption per byte at each end, in nanoseconds: towards clients, between brokers.
    pub fn tls_ns_per_byte(&self) -> [f64; 2] {
        let cost = self.costs.tls_ns_per_byte;
        match self.brokers.tls {
            Tls::None => [0.0, 0.0],
            Tls::Clients => [cost, 0.0],
            Tls::All => [cost, cost],
        }
    }
}

impl Producer {
    /// Mean bytes of a record in the batches that are sent: compressed.
    pub fn sent_record_bytes(&self) -> f64 {
        (self.record_size.mean() * self.settings.codec.ratio).max(1.0)
    }

    /// Mean bytes of a record in the log of a topic, which is an index of [`Producer::to`].
    pub fn stored_record_bytes(&self, topic: usize) -> f64 {
        self.sent_record_bytes() * self.recoding(topic).size
    }

    /// What leaders of a topic, which is an index of [`Producer::to`], make of its batches.
    pub fn recoding(&self, topic: usize) -> Recoding {
        self.settings.codec.recode(&self.stored[topic])
    }
}

/// A policy bound to what it scales.
#[derive(Debug, Clone)]
pub struct Scaler {
    /// The policy.
    pub policy: Policy,
    /// The file it came from, as written.
    pub file: String,
    /// Whether its broker part acts.
    pub brokers: bool,
    /// The group that its consumer part scales.
    pub group: Option<GroupId>,
    /// What follows when brokers come or go.
    pub rebalancing: Rebalancing,
}

/// Whether and how partitions move after brokers were added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rebalancing {
    /// Nobody moves partitions: a new broker stays empty.
    None,
    /// The fewest replicas move that make the brokers even, under a throttle per broker.
    Minimal {
        /// Replication throttle of each broker; `None` = unthrottled.
        throttle: Option<ByteRate>,
    },
}

/// Something that happens at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineEntry {
    /// When.
    pub at: SimTime,
    /// What.
    pub action: TimelineAction,
}

/// What the timeline can do.
#[derive(Debug, Clone, PartialEq)]
pub enum TimelineAction {
    /// Start new brokers from the pool.
    AddBrokers {
        /// How many.
        count: u32,
    },
    /// Move replicas.
    Reassign {
        /// How.
        rebalancing: Rebalancing,
    },
    /// Set the number of members of a group.
    ScaleGroup {
        /// Which group.
        group: GroupId,
        /// How many members.
        members: u32,
    },
    /// Members die without leaving: the oldest that own partitions first.
    KillMembers {
        /// Which group.
        group: GroupId,
        /// How many members.
        count: u32,
        /// When their processes poll again, counted from their death; `None` = never.
        lasts: Option<SimSpan>,
    },
    /// Start further members.
    AddMembers {
        /// Which group.
        group: GroupId,
        /// How many members.
        count: u32,
    },
    /// Stop members, which leave the group properly.
    RemoveMembers {
        /// Which group.
        group: GroupId,
        /// How many members.
        count: u32,
    },
    /// Brokers fail, stop or start.
    Fault(Fault),
}

impl TimelineAction {
    /// Whether it is a fault of brokers.
    pub const fn is_fault(&self) -> bool {
        matches!(self, Self::Fault(_))
    }
}
