//! Topics, partitions and replicas.

use super::{BrokerId, PartitionId, TopicId};
use crate::units::{Bytes, SimSpan};

/// A topic with equal settings for all its partitions.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// Name.
    pub name: String,
    /// The first of its partitions, which are adjacent.
    pub first: PartitionId,
    /// Number of partitions.
    pub partitions: u32,
    /// Replicas of each partition.
    pub replication_factor: u32,
    /// The properties that the engines know.
    pub settings: TopicSettings,
}

/// The topic properties that the engines know, under their Kafka names.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicSettings {
    /// `min.insync.replicas`.
    pub min_insync_replicas: u32,
    /// `retention.ms`; `None` keeps for ever (−1).
    pub retention: Option<SimSpan>,
    /// `retention.bytes` of each partition; `None` is unlimited (−1).
    pub retention_bytes: Option<Bytes>,
    /// `segment.bytes`.
    pub segment_bytes: Bytes,
    /// `segment.ms`.
    pub segment_span: SimSpan,
    /// `flush.messages`: records after which an append is forced to the disk; `None` leaves it to
    /// the operating system.
    pub flush_messages: Option<u64>,
}

/// A partition: an ordered log with replicas.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    /// Its topic.
    pub topic: TopicId,
    /// Its number within the topic, from 0.
    pub number: u32,
    /// Replicas in preference order; the first is the preferred leader.
    pub replicas: Vec<Replica>,
    /// The leader, one of the replicas; `None` while offline.
    pub leader: Option<BrokerId>,
    /// In-sync replicas, a subset of the replicas.
    pub isr: Vec<BrokerId>,
}

/// A copy of a partition in one log dir of one broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replica {
    /// The broker that holds it.
    pub broker: BrokerId,
    /// Index of the broker's log dir.
    pub log_dir: u32,
}
