//! Client settings that shape requests: batching at the producer, fetching at the consumer.
//!
//! # Rule
//! Defaults are those of a client profile (Java client by version, librdkafka); the scenario's
//! `config` overrides them under Kafka's own names.
//! # Assumes
//! All client processes of one producer or group share their settings.
//! # Breaks
//! Settings without influence on flow (retries of a healthy cluster, security) are not here.
//! # Source
//! Apache Kafka `ProducerConfig`, `ConsumerConfig`; librdkafka `CONFIGURATION.md`; values on the
//! cards in `models/clients/`.

use super::codec::Codec;
use super::partitioner::Partitioner;
use crate::units::{Bytes, SimSpan};

/// `acks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// Not waited for.
    None,
    /// The leader has appended.
    Leader,
    /// All in-sync replicas have appended.
    All,
}

/// A producer's effective settings.
#[derive(Debug, Clone, PartialEq)]
pub struct ProducerSettings {
    /// `acks`.
    pub acks: Acks,
    /// `batch.size`.
    pub batch_size: Bytes,
    /// `linger.ms`.
    pub linger: SimSpan,
    /// `buffer.memory`.
    pub buffer_memory: Bytes,
    /// `max.request.size`.
    pub max_request_size: Bytes,
    /// `max.in.flight.requests.per.connection`.
    pub max_in_flight: u32,
    /// `max.block.ms`.
    pub max_block: SimSpan,
    /// `delivery.timeout.ms`.
    pub delivery_timeout: SimSpan,
    /// `request.timeout.ms`.
    pub request_timeout: SimSpan,
    /// `retry.backoff.ms`.
    pub retry_backoff: SimSpan,
    /// `retry.backoff.max.ms`.
    pub retry_backoff_max: SimSpan,
    /// `send.buffer.bytes`.
    pub send_buffer: Bytes,
    /// What its sockets hold of responses.
    pub receive_buffer: Bytes,
    /// How records without a key find their partition.
    pub partitioner: Partitioner,
    /// Whether the client is a Java process, which pauses to collect garbage.
    pub on_jvm: bool,
    /// `compression.type` and its level, for the kind of data of its records.
    pub codec: Codec,
}

/// A consumer's effective settings.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerSettings {
    /// `max.poll.records`.
    pub max_poll_records: u32,
    /// `fetch.min.bytes`.
    pub fetch_min: Bytes,
    /// `fetch.max.wait.ms`.
    pub fetch_max_wait: SimSpan,
    /// `max.partition.fetch.bytes`.
    pub max_partition_fetch: Bytes,
    /// `fetch.max.bytes`.
    pub fetch_max: Bytes,
    /// `auto.commit.interval.ms`.
    pub auto_commit_interval: SimSpan,
    /// `session.timeout.ms` (classic) or the broker's consumer session timeout.
    pub session_timeout: SimSpan,
    /// `heartbeat.interval.ms`, or the broker's consumer heartbeat interval.
    pub heartbeat_interval: SimSpan,
    /// `max.poll.interval.ms`.
    pub max_poll_interval: SimSpan,
    /// `receive.buffer.bytes`.
    pub receive_buffer: Bytes,
    /// `request.timeout.ms`.
    pub request_timeout: SimSpan,
    /// `retry.backoff.ms`.
    pub retry_backoff: SimSpan,
    /// `retry.backoff.max.ms`.
    pub retry_backoff_max: SimSpan,
    /// CPU per assigned partition and `poll` call.
    pub poll_partition: SimSpan,
    /// Whether the client is a Java process, which pauses to collect garbage.
    pub on_jvm: bool,
    /// When offsets are committed.
    pub commits: Commits,
}

/// When a consumer commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commits {
    /// Every `auto.commit.interval.ms`, inside `poll`.
    Interval,
    /// After every `poll` that returned records, without waiting for the answer.
    EachPoll,
}
