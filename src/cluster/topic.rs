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
    /// `compression.type` and its level; `None` keeps what producers send.
    pub compression: Option<Compression>,
}

/// A kind of compression, as `compression.type` names it, and the card of its level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compression {
    /// `none`, `gzip`, `snappy`, `lz4` or `zstd`.
    pub kind: String,
    /// A card of `models/codecs`: `gzip`, `gzip-9`.
    pub card: String,
}

impl Compression {
    /// The topic's properties that ask for it.
    pub fn properties(&self) -> Vec<(String, String)> {
        let kind = if self.kind == "none" { "uncompressed" } else { &self.kind };
        let mut all = vec![("compression.type".to_owned(), kind.to_owned())];
        let level = self.card.strip_prefix(&self.kind).and_then(|rest| rest.strip_prefix('-'));
        all.extend(level.map(|one| (format!("compression.{kind}.level"), one.to_owned())));
        all
    }
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
